"""Cumulative incidences against closed forms, against chance itself, and what must hold whatever the hazards are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from amelo.forecast.competing import cumulative_incidence, join
from amelo.forecast.outlook import Change, Driver, Missing, Outlook

TIMES = np.arange(61) / 12
rates = st.floats(0.0, 5.0)
steps = arrays(float, (3, 20), elements=st.floats(0.0, 2.0))


def rising(increments: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(increments), 1)), np.cumsum(increments, axis=1)], axis=1)


@given(rates, rates)
def test_constant_hazards_have_a_closed_form(a, b):
    found = cumulative_incidence(a * TIMES[None], b * TIMES[None])[0]
    exact = a / (a + b) * -np.expm1(-(a + b) * TIMES) if a + b > 0 else np.zeros_like(TIMES)
    np.testing.assert_allclose(found, exact, atol=1e-14)


def test_weibull_hazards_agree_with_quadrature():
    """Hazards of different shapes, whose ratio changes all the time; the error is of second order in the step."""
    from scipy.integrate import quad

    one, two = (lambda t: 0.2 * t**1.5), (lambda t: 0.1 * t**0.8)
    exact = quad(lambda t: 0.3 * t**0.5 * np.exp(-one(t) - two(t)), 0, 5)[0]
    errors = []
    for count in (61, 121):
        times = np.linspace(0, 5, count)
        errors.append(abs(cumulative_incidence(one(times)[None], two(times)[None])[0, -1] - exact))
    assert errors[0] < 1e-4 and errors[1] < errors[0] / 2


@given(steps, steps)
def test_what_happens_and_what_does_not_are_all(a, b):
    """Either one event comes first, or the other, or neither: the three chances add up to one at every time."""
    one, two = rising(a), rising(b)
    first, second = cumulative_incidence(one, two), cumulative_incidence(two, one)
    np.testing.assert_allclose(first + second + np.exp(-one - two), 1.0, atol=1e-12)
    assert (np.diff(first, axis=1) >= 0).all() and (first >= 0).all()
    assert (first <= -np.expm1(-one) + 1e-12).all()  # never more than without competition


def test_alone_it_is_one_less_the_survival():
    hazard = rising(np.full((2, 30), 0.07))
    np.testing.assert_allclose(cumulative_incidence(hazard, 0 * hazard), -np.expm1(-hazard), atol=1e-14)


def test_hazards_without_events_divide_nothing_by_nothing():
    still = np.zeros((2, 5))
    assert (cumulative_incidence(still, still) == 0).all()


def test_chance_itself_agrees():
    """Two exponential clocks, a million times: which rings first, and when."""
    rng = np.random.default_rng(3)
    n, a, b = 1_000_000, 0.12, 0.31
    one, two = rng.exponential(1 / a, n), rng.exponential(1 / b, n)
    for horizon in (1.0, 2.0, 5.0):
        share = np.mean((one < two) & (one <= horizon))
        exact = np.interp(horizon, TIMES, cumulative_incidence(a * TIMES[None], b * TIMES[None])[0])
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / n)


def outlook(event, rate, tooth=36, draws=50, spread=0.0, **parts):
    level = np.exp(spread * np.random.default_rng(1).standard_normal(draws))
    return Outlook(event, tooth, "h" * 64, hazard=rate * level[:, None] * TIMES, **parts)


def test_the_loss_of_a_tooth_competes_on_this_tooth_only():
    losses = [outlook("tooth loss", 0.5)]
    risks = join([*losses, outlook("caries onset", 0.2), outlook("caries onset", 0.2, tooth=46)], TIMES, [5.0])
    loss, here, there = risks
    assert loss.risk[0] == pytest.approx(1 - np.exp(-2.5)) and loss.against == ""
    assert here.risk[0] == pytest.approx(0.2 / 0.7 * (1 - np.exp(-3.5))) and here.against == "tooth loss"
    assert there.risk[0] == pytest.approx(1 - np.exp(-1.0)) and there.against == ""


@settings(deadline=None)
@given(st.floats(0.01, 1.0), st.floats(0.05, 1.5))
def test_the_interval_holds_the_level_of_the_draws(rate, spread):
    (risk,) = join([outlook("progression", rate, spread=spread, draws=400)], TIMES, [1.0, 2.0, 5.0], level=0.8)
    ends = -np.expm1(-rate * 5 * np.exp(spread * np.random.default_rng(1).standard_normal(400)))
    inside = np.mean((ends >= risk.low[-1] - 1e-9) & (ends <= risk.high[-1] + 1e-9))
    assert inside == pytest.approx(0.8, abs=0.005)  # of 400 draws, whose quantiles lie between two
    assert all(low <= high for low, high in zip(risk.low, risk.high, strict=True)) and risk.risk == tuple(sorted(risk.risk))
    assert len(risk.curve) == 3 and all(len(line) == len(TIMES) and line[0] == 0 for line in risk.curve)


def test_what_would_be_done_gives_the_risk_afterwards_the_best_first():
    changes = (Change("a little", np.log(0.9), "Graf1999", "B"), Change("much", np.log(0.1), "Kaplan1958", "A"))
    drivers, missing = (Driver("x", "x", "1", 0.4),), (Missing("y", "y", 0.5),)
    made = outlook("progression", 0.3, changes=changes, drivers=drivers, missing=missing)
    _, risk = join([outlook("tooth loss", 0.1), made], TIMES, [2.0, 5.0])
    assert [change.words for change in risk.changes] == ["much", "a little"]
    assert risk.changes[0].risk[-1] == pytest.approx(0.03 / 0.13 * (1 - np.exp(-0.13 * 5)))
    assert (risk.drivers, risk.missing) == (drivers, missing)


def test_what_abstains_stays_without_numbers():
    (risk,) = join([Outlook("tooth loss", 18, "h", abstained="not in the data", missing=(Missing("y", "y", 0.5),))], TIMES, [1.0])
    assert risk.abstained == "not in the data" and risk.risk == risk.curve == () and risk.missing


def test_losses_with_other_numbers_of_draws_are_repeated():
    risks = join([outlook("tooth loss", 0.1, draws=20), outlook("caries onset", 0.2, draws=50)], TIMES, [5.0])
    assert risks[1].risk[0] == pytest.approx(0.2 / 0.3 * (1 - np.exp(-1.5)))


@pytest.mark.parametrize("spread", [4.0, 8.0])
def test_the_interval_holds_the_mean_that_a_long_tail_carries_away(spread):
    made = outlook("progression", 1e-7, spread=spread, draws=200)
    (risk,) = join([made], TIMES, [1.0, 2.0, 5.0])
    ends = -np.expm1(-made.hazard[:, -1])
    assert ends.mean() > np.quantile(ends, 0.95)  # or there would be nothing to hold
    assert all(low <= mean <= high for low, mean, high in zip(risk.low, risk.risk, risk.high, strict=True))
    mean, low, high = np.array(risk.curve)
    assert (low <= mean).all() and (mean <= high).all()
