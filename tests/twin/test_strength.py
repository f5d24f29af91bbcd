"""Strength: the fold beside its closed form, fatigue beside steps, cracks beside their integral, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin import structure
from amelo.twin.precision import jax64

POINTS = {
    (0.2, 0.02, 4.0): (0.8, 0.95136569),
    (0.2, 0.02, 2.0): (0.66666667, 1.21716124),
    (0.1, 0.02, 6.0): (0.85714286, 0.81039833),
}


@pytest.mark.parametrize("numbers", POINTS)
def test_the_fold_is_that_of_the_closed_form(numbers):
    edge = structure.strength_fold(*numbers)
    assert (edge.strength, edge.load) == pytest.approx(POINTS[numbers], abs=1e-6)
    repair, wear, exponent = numbers
    slope = jax64().grad(structure.strength_rate)(edge.strength, repair, wear, edge.load, exponent)
    assert abs(float(slope)) < 1e-5
    assert structure.strength_rate(edge.strength, repair, wear, edge.load, exponent) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("exponent", "strength"), [(2, 0.6667), (4, 0.8), (7.7, 0.8851), (14.2, 0.9342), (24.1, 0.9602)])
def test_teeth_tip_early(exponent, strength):
    assert structure.strength_fold(0.2, 0.02, exponent).strength == pytest.approx(strength, abs=5e-5)


@given(st.floats(1e-3, 1.0), st.floats(1e-3, 1.0), st.floats(1.0, 30.0), st.floats(0.3, 1.0), st.floats(0.05, 1.5))
def test_the_eigenvalue_is_the_derivative(repair, wear, exponent, strength, load):
    slope = float(jax64().grad(structure.strength_rate)(strength, repair, wear, load, exponent))
    assert structure.eigenvalue(strength, repair, wear, load, exponent) == pytest.approx(slope, rel=1e-9, abs=1e-12)


@given(st.floats(1e-3, 1.0), st.floats(1e-3, 1.0), st.floats(1.0, 30.0), st.floats(0.05, 0.999))
def test_below_the_fold_there_are_two_equilibria_of_which_one_holds(repair, wear, exponent, share):
    edge = structure.strength_fold(repair, wear, exponent)
    load = share * edge.load
    upper, lower = structure.resting_strength(repair, wear, load, exponent)
    assert lower < edge.strength < upper <= 1.0
    for strength in (upper, lower):
        terms = repair * (1.0 - strength), wear * (load / strength) ** exponent
        assert terms[0] == pytest.approx(terms[1], rel=1e-5, abs=1e-12 * repair)
    assert (
        structure.eigenvalue(upper, repair, wear, load, exponent) < 0.0 < structure.eigenvalue(lower, repair, wear, load, exponent)
    )
    assert structure.resting_strength(repair, wear, 1.001 * edge.load, exponent) is None


def test_an_ordinary_tooth_has_no_fold():
    repair = load_set("structure").value("repair")
    assert structure.strength_fold(repair, 0.02, 7.7) is None
    assert structure.resting_strength(repair, 0.02, 0.5, 7.7) is None
    assert structure.resting_strength(0.2, 0.02, 0.0, 4.0) == (1.0, 0.0)
    for p in load_set("structure-hypothetical"):
        assert p.grade == "assumption" and "fiction" in p.note


def test_fatigue_in_closed_form_is_that_of_steps():
    time = np.linspace(0.0, 200.0, 2001)
    path = structure.follow_strength(time, np.full(2000, 0.5), repair=0.0, wear=0.02, exponent=4.0)
    life = float(structure.fatigue_life(1.0, 0.02, 0.5, 4.0))
    assert life == pytest.approx((1.0 - 0.5**5) / (5 * 0.02 * 0.5**4))
    assert path.broken[0] == pytest.approx(life, abs=0.11)
    exact = structure.strength_after(time, 1.0, 0.02, 0.5, 4.0)
    well = time < life - 1.0
    np.testing.assert_allclose(path.strength[well, 0], exact[well], rtol=1e-6)
    assert exact[-1] == 0.0 == path.strength[-1, 0]


def test_overload_breaks_at_once_and_no_load_never():
    assert structure.fatigue_life(0.5, 0.02, 0.6, 7.7) == 0.0
    assert structure.fatigue_life(0.5, 0.02, 0.0, 7.7) == np.inf
    assert structure.strength_after(1e9, 0.5, 0.02, 0.0, 7.7) == 0.5
    path = structure.follow_strength([0.0, 1.0], [[0.4, 0.9]], repair=0.0, wear=0.02, exponent=7.7, strength=0.8)
    assert np.isnan(path.broken[0]) and path.broken[1] == 0.0


@given(st.floats(0.3, 1.0), st.floats(0.05, 0.25), st.floats(1.0, 20.0), st.floats(0.01, 0.9))
def test_what_is_left_of_a_life_is_what_was_less_what_passed(strength, load, exponent, share):
    life = float(structure.fatigue_life(strength, 0.01, load, exponent))
    then = float(structure.strength_after(share * life, strength, 0.01, load, exponent))
    assert float(structure.fatigue_life(then, 0.01, load, exponent)) == pytest.approx((1.0 - share) * life, rel=1e-4)


def test_a_mending_tooth_holds_below_its_fold_and_breaks_above():
    repair, wear, exponent = 0.2, 0.02, 4.0
    edge = structure.strength_fold(repair, wear, exponent)
    time = np.arange(0.0, 400.0, 0.5)
    load = np.outer(np.ones(len(time) - 1), [0.8, 0.95]) * edge.load
    path = structure.follow_strength(time, load, repair=repair, wear=wear, exponent=exponent, overload=False)
    assert np.isnan(path.broken).all()
    assert path.strength[-1, 0] == pytest.approx(structure.resting_strength(repair, wear, 0.8 * edge.load, exponent)[0], rel=1e-6)
    over = structure.follow_strength(time, load / 0.95 * 1.01, repair=repair, wear=wear, exponent=exponent, overload=False)
    assert np.isnan(over.broken[0]) and over.broken[1] > 0.0
    assert (over.strength[-1] > 0.0).tolist() == [True, False]


def test_overload_comes_before_a_fold_at_a_load_above_its_strength():
    edge = structure.strength_fold(0.2, 0.02, 4.0)
    assert edge.load > edge.strength  # so that a real tooth never gets there
    time = np.arange(0.0, 400.0, 0.5)
    path = structure.follow_strength(time, np.full(len(time) - 1, 0.95 * edge.load), repair=0.2, wear=0.02, exponent=4.0)
    assert 0.0 < path.broken[0] < 100.0


def test_noise_spreads_as_that_of_a_linear_equation():
    time = np.arange(0.0, 100.0, 0.25)
    path = structure.follow_strength(
        time, np.zeros(len(time) - 1), repair=0.2, wear=0.02, exponent=4.0, strength=np.full(4000, 0.9), noise=0.005, seed=3
    )
    last = path.strength[-1]
    inside = last[last < 1.0]
    assert 1.0 - inside.mean() == pytest.approx(0.005 / np.sqrt(0.4) * np.sqrt(2.0 / np.pi), rel=0.15)  # half a Gaussian below 1
    again = structure.follow_strength(time, np.zeros(len(time) - 1), repair=0.2, wear=0.02, exponent=4.0, strength=np.full(4000, 0.9), noise=0.005, seed=3)  # fmt: skip
    np.testing.assert_array_equal(again.strength, path.strength)


def test_cycles_of_a_crack_are_the_integral_of_its_law():
    value = load_set("structure").value
    m, c = value("fatigue.enamel.exponent"), value("fatigue.enamel.coefficient") * 1e-3

    def slowness(length: float) -> float:
        return 1.0 / (c * (1.12 * 30.0 * np.sqrt(np.pi * length)) ** m)

    assert structure.crack_cycles(1e-5, 1e-4, 30e6) == pytest.approx(
        quad(slowness, 1e-5, 1e-4, epsrel=1e-10, limit=200)[0], rel=1e-7
    )
    ratio = structure.crack_cycles(1e-5, 1e-4, 30e6) / structure.crack_cycles(1e-5, 1e-4, 60e6)
    assert ratio == pytest.approx(2.0**m)


def test_static_factors():
    assert (structure.stiffness("sound"), structure.stiffness("occlusal"), structure.stiffness("mod")) == (1.0, 0.80, 0.37)
    assert structure.fracture_load("sound") == 804.0
    assert structure.fracture_load("inlay_5mm_ceramic") < structure.fracture_load("inlay_3mm_ceramic")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: structure.stiffness("oclusal"), "did you mean 'occlusal'"),
        (lambda: structure.fracture_load("inlay_5mm_ceramc"), "did you mean 'inlay_5mm_ceramic'"),
        (lambda: structure.strength_fold(-0.1, 0.02, 4.0), "repair"),
        (lambda: structure.strength_fold(0.1, 0.0, 4.0), "wear"),
        (lambda: structure.resting_strength(0.1, 0.02, np.nan, 4.0), "load"),
        (lambda: structure.fatigue_life(0.0, 0.02, 0.5, 4.0), "above 0"),
        (lambda: structure.strength_after(-1.0, 1.0, 0.02, 0.5, 4.0), "time"),
        (lambda: structure.crack_cycles(1e-4, 1e-5, 1e6), "grows"),
        (lambda: structure.follow_strength([0.0], [], repair=0.0, wear=0.1, exponent=4.0), "times rise"),
        (lambda: structure.follow_strength([0.0, 1.0], [0.1], repair=0.0, wear=0.1, exponent=4.0, strength=1.5), "at most 1"),
        (lambda: structure.follow_strength([0.0, 90.0], [0.1], repair=0.1, wear=0.1, exponent=4.0), "too long"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
