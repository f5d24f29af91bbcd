"""The pulp after deep excavation: the anchors it is fixed by, and what may never happen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starts import plain

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.years import project, success_after
from amelo.years.pulp import chance_lost, pulp_hazard

HARD = load_set("years").value("after.residual")


@pytest.mark.parametrize(
    ("years", "what", "success"),
    [
        (5.0, {"residual": HARD}, 0.668),
        (5.0, {"exposed": True, "cap": "calcium hydroxide"}, 0.09),
        (3.0, {"exposed": True, "cap": "calcium silicate"}, 0.87),
        (5.0, {"cap": "pulpotomy", "diagnosis": "irreversible pulpitis"}, 0.78),
    ],
)
def test_the_anchors_are_met(years, what, success):
    assert success_after(years, **what) == pytest.approx(success, abs=5e-4)


def test_a_pulp_that_nobody_came_near_has_its_background_only():
    assert pulp_hazard(10.0) == 0.0
    assert success_after(10.0) == pytest.approx(np.exp(-0.04)) and success_after(10.0, restored=False) == pytest.approx(
        np.exp(-0.005)
    )


left = st.floats(0.0, 4e-3)
parts = st.floats(0.0, 1.0)


@given(left, left, parts, parts, st.booleans(), st.floats(0.0, 20.0))
def test_more_residual_dentine_never_raises_the_risk(one, two, carious, damage, pain, years):
    thin, thick = sorted((one, two))
    risks = pulp_hazard(years, residual=np.array([thin, thick]), carious_left=carious, damage=damage, pain=pain)
    assert risks[1] <= risks[0]


@given(left, parts, parts, st.floats(0.0, 20.0))
def test_damage_pain_and_time_never_lower_it(residual, one, two, years):
    low, high = sorted((one, two))
    assert (np.diff(pulp_hazard(years, residual=residual, damage=np.array([low, high]))) >= 0.0).all()
    assert pulp_hazard(years, residual=residual, pain=True) >= pulp_hazard(years, residual=residual)
    assert pulp_hazard(years + 1.0, residual=residual) >= pulp_hazard(years, residual=residual)


def test_a_projection_has_the_same_pulps():
    """Without other losses, success_after is what a projection says."""
    start = plain(
        8, residual=np.linspace(0.0, 2e-3, 8), loss_rate=0.0, bond=1e3, leak=0.0, strength=1.5, load_exponent=60.0, pain=True
    )
    projected = project(start, 5.0, spread=False).incidence("pulp lost")[-1]
    assert projected == pytest.approx(1.0 - success_after(5.0, residual=start.residual, pain=True), abs=2e-3)


def test_members_that_are_exposed_and_not_stand_side_by_side():
    exposed = np.array([0.0, 1.0, 0.0])
    risk = pulp_hazard(5.0, exposed=exposed, cap="calcium hydroxide", residual=np.array([HARD, 0.0, np.inf]))
    assert risk[1] > risk[0] > risk[2] == 0.0


@pytest.mark.parametrize(
    ("diagnosis", "cap", "chance"),
    [("normal", "", 0.0), ("reversible pulpitis", "", 0.0), ("necrosis", "", 1.0), ("irreversible pulpitis", "pulpotomy", 0.0)],
)
def test_what_is_lost_when_treatment_ends(diagnosis, cap, chance):
    assert chance_lost(diagnosis, cap) == chance


def test_a_diagnosis_is_only_as_right_as_it_is():
    assert chance_lost("irreversible pulpitis") == pytest.approx(35 / 51, abs=1e-5)
    start = plain(4, diagnosis="irreversible pulpitis", collapsed=0.5)
    assert project(start, 1.0).incidence("pulp lost")[0] == pytest.approx(1 - 0.5 * 16 / 51, abs=1e-5)


def test_what_cannot_be_is_refused():
    for wrong in ({"residual": -1e-4}, {"carious_left": 1.5}, {"damage": -1.0}, {"residual": float("nan")}):
        with pytest.raises(ParameterError, match="below 0"):
            pulp_hazard(1.0, **wrong)
    with pytest.raises(ParameterError, match="does not cap"):
        pulp_hazard(1.0, exposed=True)
    with pytest.raises(ParameterError, match="did you mean 'necrosis'"):
        chance_lost("necrosys")
