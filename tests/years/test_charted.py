"""Starts from charts: what the chart says, what the history says, and what cannot be projected."""

from __future__ import annotations

import numpy as np
import pytest
from starts import CASES, case

import amelo
from amelo.errors import ParameterError
from amelo.forecast.artefact import find_model
from amelo.forecast.stages.setting import patient_of
from amelo.years import project, start_of


@pytest.fixture(scope="module")
def kira():
    return amelo.load_case(CASES / "kira.json")


def test_a_lesion_stands_where_the_chart_has_it(kira):
    start = start_of(kira, 37, 300)
    stages = {s.letter: s.codes(300) for s in start.surfaces}
    assert set(stages) == set("MODBL") and (stages["M"] == 2).all() and not stages["O"].any()
    assert np.median(start.surfaces["MODBL".index("M")].activity) > 1.0  # charted as active
    healthy = start_of(case(37), 37, 300)
    assert start.material == "" and np.median(start.caries_frailty) > 1.5 * np.median(healthy.caries_frailty)
    assert np.array_equal(start.caries_frailty, np.exp(patient_of(kira, find_model("progression"), 300, 0).log_frailty))


def test_a_projection_of_a_chart_agrees_with_the_forecast_on_progression(kira):
    """The same natural history twice: E2 on the mesial of 37 comes to D1 as often as the forecast says."""
    from amelo.forecast.stages.outlooks import outlooks
    from amelo.years import Policy

    (told,) = [o for o in outlooks(kira, np.array([0.0, 5.0]), draws=4000, model=find_model("progression")) if o.tooth == 37 and o.stage == "E2 to D1" and o.surface == "M"]  # fmt: skip
    expected = float(-np.expm1(-told.hazard[:, -1]).mean())
    start = start_of(kira, 37, 4000, policy=Policy(filled_from="border", wait=0.01))
    alone = start_of(
        kira,
        37,
        4000,
        policy=Policy(filled_from="border", wait=0.01),
        surfaces=tuple(s for s in start.surfaces if s.letter == "M"),
        loss_rate=0.0,
    )
    ours = project(alone, 5.0, spread=False).incidence("lesion filled")[-1].mean()
    assert ours == pytest.approx(expected, rel=0.15) and expected > 0.05


def test_what_the_twin_says_of_activity_replaces_the_chart(kira):
    start = start_of(kira, 37, 50, activity={"M": np.linspace(0.0, 2.0, 50)})
    assert np.array_equal(start.surfaces["MODBL".index("M")].activity, np.linspace(0.0, 2.0, 50))
    with pytest.raises(ParameterError, match="no surface 'I'"):
        start_of(kira, 37, 50, activity={"I": 1.0})


def test_a_sealant_slows_and_is_no_restoration(kira):
    sealed = start_of(kira, 46, 200)
    bare = case(46, findings=[{"surface": "O", "icdas": 2, "radiograph": "none", "activity": "inactive"}])
    assert sealed.material == ""
    speeds = [np.median(next(s for s in start_of(c, 46, 200).surfaces if s.letter == "O").activity) for c in (kira, bare)]
    assert speeds[0] == pytest.approx(0.12 * speeds[1], rel=0.2)


def test_a_restoration_takes_its_surfaces_its_age_and_its_faults():
    filling = {"surfaces": ["O", "D"], "kind": "filling", "material": "amalgam", "age": 9.0}
    intact, gap, worn, old = (
        start_of(case(16, restorations=[filling | more]), 16, 400)
        for more in ({"condition": "intact"}, {"condition": "marginal gap"}, {"condition": "worn"}, {"age": "unknown"})
    )
    assert (
        intact.material == "amalgam"
        and intact.covers == 2
        and (intact.restoration_age == 9.0).all()
        and (intact.strength == 0.8).all()
    )
    assert {s.letter for s in intact.surfaces} == set("MBP")
    hazard = [project(s, 1.0, spread=False).hazards.now.sum(axis=1).mean() for s in (intact, gap, worn)]
    assert hazard[1] == pytest.approx(2.0 * hazard[0], rel=0.1) and hazard[2] == pytest.approx(1.3 * hazard[0], rel=0.1)
    assert np.ptp(old.restoration_age) > 5.0
    crown = start_of(
        case(
            16, restorations=[{"surfaces": ["O", "D", "M", "B", "P"], "kind": "crown", "material": "zirconia"}], root_treated=True
        ),
        16,
        9,
    )
    assert crown.material == "crown_zirconia" and crown.surfaces == () and crown.root_treated.all()


def test_changes_make_an_arm(kira):
    waiting = start_of(kira, 37, 500)
    treated = start_of(kira, 37, 500, effects=("infiltration_permanent",))
    gain = project(treated).against(project(waiting))
    assert gain["lesion filled"].high <= 0.0 and gain["no operation"].mean > 0.0


@pytest.mark.parametrize(
    ("fdi", "tooth", "words"),
    [
        (16, {"status": "missing", "missing_cause": "caries", "other_surfaces": "unknown"}, "tooth 16 is missing"),
        (16, {"restorations": [{"surfaces": ["O"], "kind": "filling", "condition": "fractured"}]}, "it has failed already"),
        (16, {"restorations": [{"surfaces": ["O"], "kind": "crown", "material": "stainless steel"}]}, "nothing is known"),
    ],
)
def test_what_cannot_be_projected_is_refused(fdi, tooth, words):
    with pytest.raises(ParameterError, match=words):
        start_of(case(fdi, **tooth), fdi, 10)


def test_mouths_that_the_rates_do_not_speak_of_need_the_twin():
    dry = amelo.load_case(CASES / "greta-dry-mouth.json")
    fdi = next(
        int(key)
        for key, tooth in dry.teeth.items()
        if tooth.status == "present"
        and not any(r.condition in ("fractured", "lost", "secondary caries") for r in tooth.restorations)
    )
    with pytest.raises(ParameterError, match="give the activities of its surfaces"):
        start_of(dry, fdi, 10)


def test_an_unknown_tooth_has_no_surfaces_that_nobody_vouched_for():
    assert start_of(case(16, other_surfaces="unknown"), 16, 10).surfaces == ()


def test_a_diagnosis_that_says_irreversible_costs_the_pulps_that_it_is_right_about():
    start = start_of(case(16, pulp_diagnosis="symptomatic irreversible pulpitis"), 16, 10)
    assert start.diagnosis == "irreversible pulpitis"
    assert project(start, 1.0).incidence("pulp lost")[0] == pytest.approx(35 / 51, abs=1e-5)
