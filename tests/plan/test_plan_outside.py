"""Patients outside what the twin was calibrated in are flagged by a plain measure, and their certificates must hold in scenarios drawn wider."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amelo.params import load_set
from amelo.plan.certify import Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.outside import ANSWERS, TOUCHED, Outside, both, outside_of, sound_below, widened
from amelo.plan.plan import plan
from amelo.plan.rollout import Rollouts
from amelo.records.case import Case, load_case
from amelo.twin.tooth.build import whole_tooth
from amelo.twin.tooth.twin import TIERS, ToothTwin
from made_plans import OPERATIVE, make_small


@pytest.fixture(scope="module")
def kira(root):
    return load_case(root / "cases" / "kira.json")


def changed(case: Case, **parts) -> Case:
    """Return a case with other parts, read as a file would be."""
    data = json.loads(case.to_json())
    for name, value in parts.items():
        if isinstance(value, dict) and isinstance(data.get(name), dict):
            data[name].update(value)
        else:
            data[name] = value
    return Case.model_validate(data)


def deep(case: Case, **record) -> Case:
    """Return the case with tooth 36 recorded otherwise; a finding's fields under ``finding``."""
    data = json.loads(case.to_json())
    data["teeth"]["36"]["findings"][0].update(record.pop("finding", {}))
    data["teeth"]["36"].update(record)
    return Case.model_validate(data)


def inputs(case: Case, tooth: int = 36) -> dict[str, Outside]:
    return {o.input: o for o in outside_of(ToothTwin.of(case, tooth))}


def test_the_founding_case_lies_inside_and_an_hour_of_sipping_does_not(root):
    assert inputs(load_case(root / "cases" / "kira.json")) == {}
    assert inputs(load_case(root / "cases" / "jonas-approximal.json"), 15) == {}
    (sipped,) = inputs(load_case(root / "cases" / "greta-dry-mouth.json"), 33).values()
    assert (sipped.input, sipped.value, sipped.high) == ("the longest meal [min]", 60.0, 45.0)


@pytest.mark.parametrize(("band", "is_out"), [("8-9", True), ("12-12", False), ("25-29", False), ("80-80", False), ("90-95", True)])
def test_ages_outside_the_range_of_the_set_are_flagged(kira, band, is_out):
    found = inputs(changed(kira, age_band=band))
    assert ("age" in found) is is_out
    if is_out:
        known, o = load_set("calibrated")["age"], found["age"]
        assert (o.low, o.high) == (known.low, known.high) and o.distance > 0.0 and "lies outside the 12 to 80" in o.told


def test_an_unknown_age_is_drawn_and_lies_inside(kira):
    assert "age" not in inputs(changed(kira, age_band="unknown"))


@pytest.mark.parametrize(("residual", "is_out"), [(0.05, True), (0.3, False), (0.9, False), (4.2, False), (5.5, True)])
def test_residual_dentine_that_no_image_tells_or_no_tooth_has_is_flagged(kira, residual, is_out):
    record = {"residual_dentine": residual, "finding": {"lesion_depth": "unknown"}}
    assert ("residual dentine" in inputs(deep(kira, **record))) is is_out


def test_a_lesion_deeper_than_the_thickest_crown_is_flagged(kira):
    sets = load_set("tooth")
    most = sets["enamel.occlusal"].high + sets["dentine.occlusal"].high
    assert "depth of the lesion" in inputs(deep(kira, finding={"lesion_depth": most + 100}))
    assert "depth of the lesion" not in inputs(deep(kira, finding={"lesion_depth": most - 100}))


def test_a_mouth_beyond_those_that_were_run_is_flagged_with_its_range(kira):
    found = inputs(changed(kira, saliva={"phosphate": 30.0}))
    (o,) = found.values()
    assert o.part == "activity of the mouth" and o.value == 30.0 and o.high == 8.4
    assert o.distance == pytest.approx((30.0 - 8.4) / (8.4 - 2.5))
    sipping = [{"at": f"{h:02d}:00", "what": "sugared drink", "duration": 45, "sugar": 12} for h in range(7, 23)]
    assert any("meals" in name for name in inputs(changed(kira, diet={"meals": sipping})))


def test_a_day_of_usual_parts_may_lie_outside_in_its_sum(kira):
    """Every part lies in its range and the sum over the day does not: eight meals of pure sugar for three quarters of an hour each."""
    feast = [{"at": f"{7 + 2 * k:02d}:00", "what": "sweet", "duration": 45, "sugar": 100, "pH": 2.4} for k in range(8)]
    case = changed(kira, diet={"meals": feast}, saliva={"unstimulated_flow": 0.06, "stimulated_flow": 0.25})
    found = list(inputs(case).values())
    assert (
        len(found) == 1
        and found[0].input.startswith("day of the mouth")
        and found[0].distance > load_set("calibrated").value("day.beyond")
    )


def test_genes_outside_the_panel_and_primary_teeth_are_flagged_without_a_number(kira, root):
    variant = {"gene": "TTN", "zygosity": "heterozygous", "significance": "pathogenic"}
    found = inputs(changed(kira, genotype={"tested": True, "variants": [variant]}))
    assert found["gene TTN"].distance is None and "not in the panel" in found["gene TTN"].told
    milk = inputs(load_case(root / "cases" / "mila-hypomineralisation.json"), 55)
    assert "fractures are not counted" in milk["kind of tooth"].told


def test_members_keep_their_place_and_lie_farther_from_the_middle(kira):
    tooth = whole_tooth(kira, 36, members=400, seed=4).tooth
    wide = widened(tooth)
    by = load_set("calibrated").value("wider")
    for name in ("cut.roughness", "bacteria.starving", "collagen.decay_rate"):
        if name in wide.constants.values and np.ptp(tooth.constants[name]) > 0.0:
            plain, other = np.log(tooth.constants[name]), np.log(wide.constants[name])
            assert other - other[0] == pytest.approx(by * (plain - plain[0]))
    plain, other = (t.constants.pulps["inflammation.by_damage"] for t in (tooth, wide))
    assert np.log(other / other[0]) == pytest.approx(by * np.log(plain / plain[0])) and other[0] == plain[0]
    assert np.corrcoef(tooth.residual, wide.residual)[0, 1] > 0.95
    assert wide.residual.std() > 1.5 * tooth.residual.std() and (wide.widths > 0.0).all()
    assert np.array_equal(wide.constants.reacts, tooth.constants.reacts) and np.array_equal(wide.mineral, tooth.mineral)
    assert wide.constants.draws is tooth.constants.draws


def test_what_does_not_rest_on_the_input_stays_as_it_is(kira):
    tooth = whole_tooth(kira, 36, members=100, seed=4).tooth

    def moved(*parts: str) -> set[str]:
        wide = widened(tooth, parts)
        found = {n for n, v in wide.constants.values.items() if not np.array_equal(v, tooth.constants[n])}
        found |= {f"pulps: {k}" for k in ANSWERS if not np.array_equal(wide.constants.pulps[k], tooth.constants.pulps[k])}
        return found | ({"residual"} if not np.array_equal(wide.widths, tooth.widths) else set())

    mouth, pulp, place, tissue = (moved(part) for part in ("activity of the mouth", "pulp", "geometry", "tissue"))
    assert "bond.etched" not in mouth and "residual" not in mouth and {"bacteria.starving", "pulps: bacteria.growth"} <= mouth
    assert {"pulps: heat.gain", "pulps: inflammation.by_damage"} <= pulp and "residual" not in pulp
    assert "residual" in place and not any(n.startswith(("pulps", "leak")) for n in place) and "bond.etched" in tissue
    assert moved("activity of the mouth", "geometry") == mouth | place
    assert moved() == moved("pulp and years") > mouth | pulp | place | tissue


def test_every_part_that_is_named_is_one_that_can_be_outside(kira, root):
    names = {p.name for n in ("tooth", "steps") for p in load_set(n)} | {f"pulps: {k}" for k in ANSWERS} | {"residual"}
    for part, beginnings in TOUCHED.items():
        assert all(any(n.startswith(b) for n in names) for b in beginnings), part


def test_shares_stay_shares_and_nothing_turns_negative(kira):
    tooth = widened(whole_tooth(kira, 36, members=400, seed=5).tooth)
    for name in ("tooth", "steps"):
        for p in load_set(name):
            if p.name in tooth.constants.values:
                value = tooth.constants[p.name]
                assert np.isfinite(value).all() and (p.low < 0.0 or (value >= 0.0).all()), p.name
                if p.unit == "1" and p.low >= 0.0 and p.high <= 1.0:
                    assert (value <= 1.0).all(), p.name
    assert np.isfinite(tooth.constants.pulps.values).all() and (tooth.constants.pulps.values >= 0.0).all()


def test_the_last_cell_always_counts_as_sound_and_what_is_gone_never_does(kira):
    tooth = whole_tooth(kira, 36, members=16, seed=1).tooth
    sound = sound_below(tooth)
    assert sound[:, -1].all() and not sound[:, : tooth.constants.dentine_from].any()
    assert not (sound[:, :-1] & (tooth.left[:, :-1] <= 0.0)).any()


def test_harm_is_no_rarer_where_everything_is_drawn_wider(kira):
    twin = ToothTwin.of(kira, 36)
    tooth = twin.whole(members=600, seed=6).tooth
    shares = []
    for teeth in (tooth, widened(tooth)):
        run = Rollouts(twin, teeth, TIERS["reduced"][1], Goals.preset("balanced"), 10.0, 6).run([OPERATIVE], 0, 600)[0]
        assert np.isfinite(run.values.total).all()
        shares.append(run.harms.any(axis=0).mean())
    assert shares[1] > shares[0] > 0.0


def made(verdict, upper, refused=""):
    return Certificate(Design(), np.ones(8), np.ones((1, 8)), np.zeros(len(HARMS)), np.full(len(HARMS), upper), verdict, refused)


@pytest.mark.parametrize(
    ("plain", "wider", "verdict"),
    [(True, True, True), (True, None, None), (None, True, None), (True, False, False), (False, True, False), (None, None, None)],
)
def test_a_certificate_must_hold_in_both(plain, wider, verdict):
    found = both(made(plain, 0.02), made(wider, 0.04))
    assert found.verdict is verdict and (found.upper == 0.04).all()
    assert both(made(plain, 0.05), made(wider, 0.04)).upper.max() == 0.05


def test_what_cannot_be_done_in_one_of_them_is_no_plan():
    found = both(made(True, 0.01), made(None, 1.0, "the pulp is reached"))
    assert found.verdict is None and found.refused == "the pulp is reached"


def test_a_plan_for_such_a_patient_says_so_and_is_certified_in_both(kira, monkeypatch):
    make_small(monkeypatch)
    from amelo.plan import search

    asked = []
    true = search.both
    monkeypatch.setattr(search, "both", lambda a, b: (asked.append((a, b)), true(a, b))[1])
    old = changed(kira, age_band="92-94")
    found = plan(old, 36, arms=("wait", "operative"), rollouts=300)
    data = found.to_dict()
    assert data["out_of_distribution"] is True and data["outside"][0]["input"] == "age" and data["outside"][0]["distance"] > 0.0
    assert any("outside what was calibrated: age 93" in said for said in found.unknown)
    assert asked and all(a.design == b.design for a, b in asked)
    mine = next((a, b) for a, b in asked if a.design == found.chosen.design or found.chosen.arm == "wait")
    if found.chosen.arm != "wait":
        assert (found.chosen.certificate.upper >= np.maximum(mine[0].upper, 0.0)).all()
    assert json.dumps(data["outside"])


def test_a_plan_for_others_is_not_drawn_wider(kira, monkeypatch):
    make_small(monkeypatch)
    from amelo.plan import plan as verb

    monkeypatch.setattr(verb, "widened", lambda tooth, parts: pytest.fail("nothing is outside"))
    found = plan(kira, 36, arms=("wait", "operative"), rollouts=200, limits=Limits())
    assert found.outside == () and found.to_dict()["out_of_distribution"] is False
