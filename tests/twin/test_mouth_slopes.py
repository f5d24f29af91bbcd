"""What a mouth makes of a little more or less, beside differences of whole courses on the same moments."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin import mouth_balance
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.column import Biofilm
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.baths import bath_values
from amelo.twin.lesion.kernel import layout_of
from amelo.twin.lesion.neutral import neutral_bars
from amelo.twin.lesion.solve import cell_model
from amelo.twin.mouth import Mouthful, divided, mouth_course, segments_of
from amelo.twin.mouth_balance import NAMES
from amelo.twin.mouth_slopes import Walk
from amelo.twin.saliva import ph_of, saliva_profile
from amelo.twin.schedule import Exposure, Segment

SALIVA = saliva_profile()
MINUTE, HOUR, ML = 60.0, 3600.0, 1e-6
STEPS = (
    Mouthful("meal", 15 * MINUTE, sugar=250.0),
    Mouthful("rest", 10 * MINUTE),
    Mouthful("brush", 2 * MINUTE, fluoride=76.0, volume=1.1 * ML),
    Mouthful("rest", 20 * MINUTE),
    Mouthful("drink", 20 * MINUTE, sugar=300.0, ph=3.4, fluoride=0.02, volume=180 * ML),
    Mouthful("rinse", 30.0, fluoride=12.0, volume=10 * ML),
    Mouthful("varnish", HOUR, fluoride=1190.0, volume=0.3 * ML),
    Mouthful("sleep", 2 * HOUR),
)
NUMBERS = [(i, f) for i, step in enumerate(STEPS) for f in ("duration", "sugar", "fluoride", "volume", "ph") if getattr(step, f)]
WAYS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


@pytest.fixture(scope="module")
def exact():
    """Make integrators so exact that differences of courses show derivatives."""
    kept = dict(mouth_balance.PRECISION)
    mouth_balance.PRECISION.update(rtol=1e-12, atol=1e-15)
    yield
    mouth_balance.PRECISION.update(kept)


@pytest.fixture(scope="module")
def division(exact):
    return divided(mouth_course(STEPS, SALIVA), STEPS)


@pytest.fixture(scope="module")
def found(division):
    return Walk(SALIVA, scales()).take(STEPS, moves(), division)


def scales():
    return np.array([1.0 if f == "ph" else getattr(STEPS[i], f) for i, f in NUMBERS])


def moves(steps=slice(None)):
    moved = [{} for _ in STEPS]
    for k, (i, f) in enumerate(NUMBERS):
        moved[i][f] = np.eye(len(NUMBERS))[k]
    return moved[steps]


def seen(steps, division):
    """What segments are made of, from a course on given moments."""
    segments = segments_of(mouth_course(steps, SALIVA, division=division), steps, division)
    totals = np.array([[s.exposure.fluid.totals_mmol_per_kgw.get(n, 0.0) for n in NAMES] for s in segments])
    others = {name: np.array([getattr(s.exposure, name) for s in segments]) for name in ("sugar", "film", "activity")}
    return others | {"totals": totals, "duration": np.array([s.duration for s in segments])}


@pytest.mark.parametrize("k", range(len(NUMBERS)), ids=[f"{STEPS[i].kind}-{f}" for i, f in NUMBERS])
def test_segments_move_as_differences_say(found, division, k):
    i, field = NUMBERS[k]
    step = 1e-3 * scales()[k]
    points = {}
    for n in WAYS:
        steps = list(STEPS)
        steps[i] = replace(steps[i], **{field: getattr(steps[i], field) + n * step})
        points[n] = seen(steps, division)
    for part in fields(found):
        expected = sum(w * points[n][part.name] for n, w in WAYS.items()) / step
        ours = getattr(found, part.name)[..., k]
        noise = 2e-10 * np.abs(points[1][part.name]).max() / step  # what the integrator leaves
        off = np.abs(ours - expected) > 1e-6 * np.abs(ours).max() + noise
        # the film has a greatest velocity and secretion a greatest flow: a moment at such a corner has no difference
        assert off.mean() <= (0.1 if part.name == "film" else 0.0), (
            part.name,
            np.abs(ours - expected).max(),
            np.abs(ours).max(),
            noise,
        )
    assert np.abs(found.totals[..., k]).max() > 0 or field == "sugar"


def test_what_happens_later_moves_nothing_before(found, division):
    first = [
        next(s for s, cut in enumerate(division.cuts) if cut[0] >= sum(map(len, division.shares[:i]))) for i in range(len(STEPS))
    ]
    for k, (i, field) in enumerate(NUMBERS):
        assert not found.totals[: first[i], :, k].any() and not found.sugar[: first[i], k].any()
        total = found.duration[:, k].sum()
        assert total == pytest.approx(1.0 if field == "duration" else 0.0, abs=1e-12)


def test_a_walk_goes_on_where_it_ended_and_rest_forgets(found, division):
    count = sum(map(len, division.shares[:4]))
    cuts = [cut for cut in division.cuts if cut[1] < count]
    halves = (
        replace(division, shares=division.shares[:4], cuts=tuple(cuts)),
        replace(division, shares=division.shares[4:], cuts=tuple((a - count, b - count) for a, b in division.cuts[len(cuts) :])),
    )
    walk = Walk(SALIVA, scales())
    parts = [walk.take(STEPS[s], moves(s), half) for s, half in zip((slice(4), slice(4, None)), halves, strict=True)]
    for part in fields(found):
        both, whole = np.concatenate([getattr(p, part.name) for p in parts]), getattr(found, part.name)
        assert both == pytest.approx(whole, rel=1e-7, abs=1e-9 * np.abs(whole).max())
    walk.rest()
    again = walk.take(STEPS[:4], moves(slice(4)), halves[0])
    assert again.totals == pytest.approx(parts[0].totals, rel=1e-12) and walk.slopes.any()


def test_steps_of_another_length_have_the_same_segments(division):
    steps = [replace(STEPS[0], duration=20 * MINUTE, sugar=500.0), *STEPS[1:]]
    course = mouth_course(steps, SALIVA, division=division)
    segments = segments_of(course, steps, division)
    assert len(segments) == len(division.cuts) != len(segments_of(course, steps))
    assert sum(s.duration for s in segments) == pytest.approx(sum(s.duration for s in steps))
    free = segments_of(mouth_course(steps, SALIVA), steps)
    dose = [sum(s.duration * s.exposure.sugar for s in found) for found in (segments, free)]
    assert dose[0] == pytest.approx(dose[1], rel=1e-3)
    own = segments_of(mouth_course(STEPS, SALIVA), STEPS)
    again = segments_of(mouth_course(STEPS, SALIVA, division=division), STEPS, division)
    assert [s.duration for s in again] == pytest.approx([s.duration for s in own], rel=1e-12)


def test_slow_saliva_and_a_meal_that_is_not_sweet(exact):
    dry = replace(SALIVA, flow_rest=0.2 * SALIVA.flow_rest, flow_stimulated=0.3 * SALIVA.flow_stimulated)
    steps = (Mouthful("meal", 10 * MINUTE, sugar=0.0), Mouthful("rest", HOUR))
    division = divided(mouth_course(steps, dry), steps)
    ours = Walk(dry, np.array([1.0])).take(steps, [{"sugar": np.ones(1)}, {}], division)
    one, two = (
        segments_of(mouth_course((replace(steps[0], sugar=x), steps[1]), dry, division=division), steps, division)
        for x in (0.0, 1e-3)
    )
    expected = [(b.exposure.sugar - a.exposure.sugar) / 1e-3 for a, b in zip(one, two, strict=True)]
    assert ours.sugar[:, 0] == pytest.approx(expected, rel=1e-4, abs=1e-6) and max(expected) > 0.1


def test_ghost_cells_follow_totals_whose_ph_is_neutral():
    layout, ones = plaque_layout(), None
    totals = [mean.exposure.fluid for mean in segments_of(mouth_course(STEPS, SALIVA), STEPS)][::7]
    random = np.random.default_rng(3)
    fields_ = [name for name in layout.bath if name.startswith(("c", "total"))]
    values = bath_values(layout.model, totals)
    bars = np.zeros((len(totals), len(layout.bath)))
    for name in fields_:  # of the size of one over what is there, so that no field drowns another
        weight = random.uniform(0.5, 1.0, len(totals))
        ones = np.array([v.get(name, 0.0) for v in values])
        bars[:, layout.bath.index(name)] = np.where(ones > 1e-9, weight / np.where(ones > 0, ones, 1.0), 0.0)
    found = neutral_bars(layout, totals, bars, NAMES)
    rows = np.array([[f.totals_mmol_per_kgw.get(n, 0.0) for n in NAMES] for f in totals])

    def result(rows):
        ph = ph_of(rows)
        fluids = [
            Fluid(case="x", pH=float(p), totals_mmol_per_kgw={n: float(x) for n, x in zip(NAMES, row, strict=True) if x > 0},
                  charge_balanced_by="Cl")
            for p, row in zip(ph, rows, strict=True)
        ]  # fmt: skip
        return sum(bars[:, layout.bath.index(n)] * np.array([v[n] for v in bath_values(layout.model, fluids)]) for n in fields_)

    for name in ("Ca", "P", "F", "Na", "Cl", "K", "C(4)"):
        j = NAMES.index(name)
        step = 2e-3 * rows[:, j]
        moved = np.eye(len(NAMES))[j] * step[:, None]
        expected = sum(w * result(rows + n * moved) for n, w in WAYS.items()) / step
        size = np.abs(expected) + 0.01 / rows[:, j]
        assert (np.abs(found[:, j] - expected) / size).max() < 2e-5, name  # pH itself is found to 1e-10
        assert np.abs(found[:, j]).max() > 0
    assert load_set("mouth").value("intake.salt") > 0 and reaction_table(37.0).names == NAMES


def plaque_layout():
    from amelo.records.specimen import parse_specimen
    from amelo.twin.build import column_of
    from amelo.twin.lesion.biofilm import typical, with_biofilm

    base = {"name": "x", "tissue": "human enamel", "thickness": "60 um", "grid": {"cells": 10, "first_cell": "1 um"}}
    made = column_of(parse_specimen(base, where="x.toml"))
    fluid = segments_of(mouth_course(STEPS[:2], SALIVA), STEPS[:2])[0].exposure.fluid
    own = {name: np.array([value]) for name, value in typical().items()}
    column = with_biofilm(replace(made, parameters=made.parameters | own, biofilm=Biofilm(1.5e-4, 6, fluid)))
    return layout_of(cell_model(column, (Segment(1.0, Exposure(fluid)),), diffusivities(37.0)), 1)
