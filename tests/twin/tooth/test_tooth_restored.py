"""Restorations that a tooth comes with: their floor, their width, what they leave over the pulp, and what follows from that."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from bare_tooth import case_of

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.case import Case
from amelo.records.check import build
from amelo.twin.tooth import whole_tooth
from amelo.twin.tooth.build import POINTS
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.restored import NEAREST
from amelo.twin.tooth.strength import strength_of

MM = 1e-3
POINT = 0.5 * 4e-3 / (15 * POINTS)  # m, to which a floor lies in the cells of a coarse tooth


def case_with(restoration: dict, *findings: dict, tooth: str = "36", **more: object) -> Case:
    """Return a healthy mouth with one restoration and findings on one tooth."""
    plain = json.loads(case_of("felix-healthy").to_json())
    plain["teeth"][tooth] = {"status": "present", "findings": list(findings), "restorations": [restoration], **more}
    return build(Case, plain, "case")


def filling(**changes: object) -> dict:
    return {"surfaces": ["O"], "kind": "filling", "material": "composite", "condition": "intact"} | changes


def built(restoration: dict, *findings: dict, surface: str = "O", members: int = 12, **more: object):
    return whole_tooth(case_with(restoration, *findings, **more), 36, surface, members=members, seed=4)


@pytest.mark.parametrize(
    ("kind", "depth"),
    [
        ("filling", 0.8),
        ("filling", 2.5),
        ("filling", 3.4),
        *((k, 2.5) for k in ("inlay", "onlay", "crown", "veneer", "temporary", "unknown")),
    ],
)
def test_a_recorded_depth_is_the_floor_of_every_member(kind, depth):
    tooth, assumed = built(filling(kind=kind, depth=depth))
    assert tooth.floor == pytest.approx(depth * MM, abs=POINT if depth > 2.0 else 3.0 * POINT)  # cells of enamel are longer
    assert (tooth.residual >= NEAREST - POINT).all() and (lesion_depth(tooth) == 0.0).all() and (tooth.bacteria == 0.0).all()
    assert any(f"{depth:g} mm deep, as recorded" in sentence for sentence in assumed)
    width = tooth.opening / tooth.constants["crown.width"]
    p = load_set("tooth")["restoration.width"]
    assert width[0] == pytest.approx(p.value) and ((width >= p.low - 1e-9) & (width <= p.high + 1e-9)).all()


def test_a_floor_that_nobody_measured_lies_in_dentine_and_differs_between_members():
    tooth, assumed = built(filling(), members=200)
    beyond = tooth.floor - tooth.edges[:, tooth.constants.dentine_from]
    p = load_set("tooth")["restoration.into_dentine"]
    assert beyond[0] == pytest.approx(p.value * MM, abs=POINT) and (beyond > 0.0).all() and beyond.std() > 0.1 * MM
    assert p.low * MM - POINT <= beyond.min() and beyond.max() <= p.high * MM + POINT
    assert any("because nobody measured it" in sentence for sentence in assumed)


@pytest.mark.parametrize("kind", ["sealant", "infiltration", "onlay", "crown", "veneer"])
def test_what_lies_on_a_tooth_has_no_cavity_of_its_own(kind):
    tooth = built(filling(kind=kind)).tooth
    assert (tooth.floor == 0.0).all() and (tooth.opening == 0.0).all() and tooth.restored.kind == kind


@pytest.mark.parametrize("kind", ["sealant", "infiltration"])
def test_a_depth_of_what_has_no_cavity_is_refused(kind):
    with pytest.raises(RecordError, match=rf"{kind} has no cavity, yet a depth of 2 mm; .*'filling'") as caught:
        case_with(filling(kind=kind, depth=2))
    assert "restorations[0].depth" in str(caught.value)
    case_with(filling(kind=kind, depth=0))  # which says the same


@pytest.mark.parametrize("depth", [-0.1, 9, "deep"])
def test_a_depth_that_no_tooth_has_is_refused(depth):
    with pytest.raises(RecordError, match="depth"):
        case_with(filling(depth=depth))


def test_a_lost_filling_leaves_its_cavity_open():
    tooth = built(filling(depth=2.5, condition="lost")).tooth
    assert (
        tooth.restored is None
        and tooth.floor == pytest.approx(2.5 * MM, abs=POINT)
        and (tooth.access == 1.0).all()
        and tooth.hollow
    )
    covered = built(filling(depth=2.5)).tooth
    assert (covered.access < 0.1).all() and (strength_of(tooth)[0] < strength_of(covered)[0]).all()


def test_of_two_on_a_surface_the_one_that_is_there_counts():
    plain = json.loads(case_with(filling(depth=1.2, condition="lost")).to_json())
    plain["teeth"]["36"]["restorations"].append(filling(depth=2.6))
    tooth = whole_tooth(build(Case, plain, "case"), 36, "O", members=3).tooth
    assert tooth.floor == pytest.approx(2.6 * MM, abs=POINT) and tooth.restored is not None


def test_a_depth_holds_for_the_surfaces_it_was_written_for_alone():
    both = filling(surfaces=["O", "D"], depth=2.2)
    assert built(both, surface="D").tooth.floor == pytest.approx(2.2 * MM, abs=POINT)
    assert (built(both, surface="M").tooth.floor == 0.0).all()


def test_a_deeper_filling_leaves_less_dentine_and_a_weaker_tooth_and_never_reaches_the_pulp():
    teeth = [built(filling(surfaces=["M", "O", "D"], condition="marginal gap", depth=d)).tooth for d in (1.0, 2.0, 3.0, 4.0, 8.0)]
    for shallow, deep in pairwise(teeth):
        assert (deep.residual <= shallow.residual + 1e-9).all()
        assert (strength_of(deep)[0] <= strength_of(shallow)[0] + 1e-9).all()
    assert (teeth[0].residual > teeth[-1].residual).all() and (strength_of(teeth[0])[0] > strength_of(teeth[2])[0]).all()
    assert teeth[-1].residual == pytest.approx(NEAREST, abs=3 * POINT) and not teeth[-1].exposed.any()


def test_recorded_depth_and_recorded_dentine_give_the_whole_axis():
    tooth = built(filling(depth=2.5), residual_dentine=1.4).tooth
    assert tooth.floor == pytest.approx(2.5 * MM, abs=POINT) and tooth.residual[0] == pytest.approx(1.4 * MM, abs=POINT)
    assert tooth.edges[0, -1] == pytest.approx(3.9 * MM)


@pytest.mark.parametrize("depth", [None, 2.4])
def test_caries_lies_under_the_floor_of_a_filling(depth):
    caries = {"surface": "O", "icdas": 5, "radiograph": "D3", "activity": "active"}
    entry = filling(condition="secondary caries") | ({} if depth is None else {"depth": depth})
    tooth, bare = built(entry, caries).tooth, built(filling(surfaces=["D"]), caries).tooth
    assert (lesion_depth(tooth) > 0.0).all() and (tooth.floor >= bare.floor - 1e-9).all()
    front = [t.edges[:, 1:][np.arange(12), (t.total < 0.95).cumsum(axis=1).argmax(axis=1)] for t in (tooth, bare)]
    assert front[0] == pytest.approx(front[1], abs=0.35 * MM)  # one coarse cell
    assert (tooth.bacteria * tooth.left).sum() <= (bare.bacteria * bare.left).sum()


def test_caries_of_enamel_is_beside_a_filling_and_not_under_it():
    caries = {"surface": "O", "icdas": 2, "radiograph": "E1", "activity": "active"}
    tooth, assumed = built(filling(condition="secondary caries"), caries)
    assert (tooth.floor == 0.0).all() and tooth.restored is not None
    assert any("lies beside the filling" in sentence for sentence in assumed)
    tooth, assumed = built(filling(condition="secondary caries", depth=2.5), caries)
    assert tooth.floor == pytest.approx(2.5 * MM, abs=POINT) and (lesion_depth(tooth) == 0.0).all()
    assert any("no caries under its floor" in sentence for sentence in assumed)


def test_the_width_goes_with_the_size_of_the_crown():
    case = case_with(filling(surfaces=["O"], depth=1.5), tooth="35")
    small, large = whole_tooth(case, 35, "O").tooth, built(filling(depth=1.5), members=1).tooth
    assert small.opening[0] == pytest.approx(load_set("tooth").value("crown.premolar") * large.opening[0])
