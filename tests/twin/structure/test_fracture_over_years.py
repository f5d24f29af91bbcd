"""Fracture over years: a clock that only runs forward, Miner's sum, the weak break first, and the one constant that was calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm, norm

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin import structure
from amelo.twin.structure import Laws, Loads

VALUE = load_set("structure").value
SPREAD = np.hypot(8.7 * 0.31, 7.7 * 0.3)
strengths, years = st.floats(0.2, 1.0), st.floats(0.01, 60.0)


def test_life_of_sound_teeth_is_the_constant():
    assert structure.life(1.0) == pytest.approx(np.exp(VALUE("fracture_over_years.margin") * SPREAD))
    assert structure.life(0.5) == pytest.approx(structure.life(1.0) * 0.5**8.7)
    assert structure.life(0.0) == 0.0


def test_lives_follow_the_closed_form_of_fatigue():
    """At loads well below strength, lives of two strengths stand as in the equation of wear."""
    exact = structure.fatigue_life(np.array([1.0, 0.7]), 1e-9, 0.2, 7.7)
    assert structure.life(0.7) / structure.life(1.0) == pytest.approx(exact[1] / exact[0], rel=1e-4)


def test_risk_is_that_of_lognormal_lives():
    law = lognorm(s=SPREAD, scale=float(structure.life(0.5)))
    used = structure.used_by(np.array([5.0, 10.0]), 0.5)
    expected = (law.cdf(10.0) - law.cdf(5.0)) / law.sf(5.0)
    assert structure.fracture_risk(used[0], used[1]) == pytest.approx(expected, rel=1e-9)
    assert structure.annual_risk(0.5) == pytest.approx(law.cdf(1.0), rel=1e-9)


@settings(deadline=None)
@given(strengths, years, years, years)
def test_the_chance_to_stay_whole_multiplies_over_years(strength, before, one, two):
    start = structure.used_by(before, strength)
    middle = start + structure.used_by(one, strength)
    end = middle + structure.used_by(two, strength)
    whole = (1.0 - structure.fracture_risk(start, middle)) * (1.0 - structure.fracture_risk(middle, end))
    assert whole == pytest.approx(1.0 - structure.fracture_risk(start, end), rel=1e-9)


@settings(deadline=None)
@given(strengths, strengths, years, years)
def test_weaker_breaks_sooner(one, two, before, time):
    weak, strong = sorted((one, two))
    start = structure.used_by(before, 1.0)
    risks = [float(structure.fracture_risk(start, start + structure.used_by(time, s))) for s in (weak, strong)]
    assert 0.0 <= risks[1] <= risks[0] <= 1.0


def test_those_that_are_left_break_more_seldom():
    marks = structure.used_by(np.arange(0.0, 21.0), 0.35)
    yearly = structure.fracture_risk(marks[:-1], marks[1:])
    assert (np.diff(yearly) < 0.0).all()
    assert yearly[0] > 3.0 * yearly[10]


def test_an_ordinary_tooth_has_no_fold():
    """Risk rises without a jump as strength falls: no strength is a tipping point."""
    strength = np.linspace(0.2, 1.0, 2001)
    risk = structure.annual_risk(strength)
    assert (np.diff(risk) < 0.0).all()
    assert np.abs(np.diff(norm.ppf(risk))).max() < 0.02
    assert structure.strength_fold(load_set("structure").value("repair"), 0.02, 7.7) is None


def test_no_years_and_no_strength():
    assert structure.used_by(0.0, 0.0) == 0.0
    assert structure.annual_risk(0.0) == 1.0
    assert structure.fracture_risk(0.3, 0.3) == 0.0
    assert structure.fracture_risk(0.0, 0.0) == 0.0
    assert structure.fracture_risk(np.inf, np.inf) == 1.0


def test_parafunction_and_force_wear_faster():
    usual, grinding = Loads.ordinary(), Loads.ordinary(parafunction=np.array([False, True]))
    used = structure.used_by(1.0, 0.5, grinding)
    assert used[0] == pytest.approx(float(structure.used_by(1.0, 0.5, usual))) and used[1] > used[0]
    fields = {name: getattr(usual, name) for name in usual.__dataclass_fields__}
    twice = Loads(**{name: 2.0 * v if "force" in name else v for name, v in fields.items()})
    assert structure.used_by(1.0, 0.5, twice) == pytest.approx(2.0**7.7 * structure.used_by(1.0, 0.5, usual))
    often = Loads(**{name: 3.0 * v if name in ("chewing", "hard") else v for name, v in fields.items()})
    assert structure.life(1.0, often) == pytest.approx(structure.life(1.0) / 3.0)


def test_damage_of_strokes_is_their_moment():
    loads = Loads(1.0, 100.0, 0.3, 0.0, 1.0, 0.0, 1.0)
    rng = np.random.Generator(np.random.Philox(key=8))
    drawn = 100.0 * np.exp(0.3 * rng.standard_normal(400_000))
    assert loads.damage(3.0, 100.0) == pytest.approx(((drawn / 100.0) ** 3.0).mean(), rel=0.02)


def test_spread_of_lives_is_that_of_teeth_and_people():
    """Lives of teeth drawn one by one, each with its strength and its bite, break as the closed form has it."""
    rng = np.random.Generator(np.random.Philox(key=9))
    own = 0.4 * np.exp(0.31 * rng.standard_normal(200_000))
    bite = np.exp(0.3 * rng.standard_normal(200_000))
    lives = structure.life(own) / bite**7.7
    for time in (1.0, 10.0):
        assert (lives < time).mean() == pytest.approx(float(structure.fracture_risk(0.0, structure.used_by(time, 0.4))), rel=0.05)


def test_overload_is_a_press():
    force = VALUE("fracture.sound")
    assert structure.overload_risk(1.0, force) == pytest.approx(0.5)
    assert structure.overload_risk(0.5, 0.5 * force) == pytest.approx(0.5)
    assert structure.overload_risk(1.0, 300.0) < 1e-3 < structure.overload_risk(0.37, 200.0)
    assert structure.overload_risk([0.0, 0.0], [10.0, 0.0]).tolist() == [1.0, 0.0]


def test_members_have_their_own_constants():
    laws = Laws.named(fracture_over_years__margin=np.array([3.0, 4.0]))
    risk = structure.annual_risk(0.4, laws=laws)
    assert risk.shape == (2,) and risk[0] > risk[1]
    drawn = structure.annual_risk(0.4, 0.01, laws=Laws.drawn(300, seed=1))
    assert drawn.shape == (300,) and np.isfinite(drawn).all() and drawn.std() > 0.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: structure.life(-0.1), "strength is below 0"),
        (lambda: structure.life(np.nan), "strength is below 0"),
        (lambda: structure.used_by(-1.0, 0.5), "years"),
        (lambda: structure.fracture_risk(0.5, 0.4), "fall"),
        (lambda: structure.fracture_risk(np.nan, 0.4), "below 0, or fall"),
        (lambda: structure.overload_risk(0.5, -1.0), "force"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
