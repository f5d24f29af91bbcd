"""What studies report: against closed forms, and against simulated people who are looked at on visits."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.stages.chain import STAGES, frailty_nodes
from amelo.forecast.stages.designs import event_free, later, occupied_at, progressed, watch

RATES = np.array([0.15, 0.5, 0.3, 0.4, 0.2, 0.2, 0.2])
NEVER = 1e-12
VISITS = [11.0, 12.0, 13.0, 14.5, 16.0]


def constant(rates: np.ndarray, frailty: np.ndarray):
    return lambda ages: np.broadcast_to(frailty[:, None] * rates, (len(ages), len(frailty), 7))


def one(rates: np.ndarray = RATES):
    return constant(rates, np.ones(1)), np.ones(1)


def simulate(people: int, frailty_variance: float, surfaces: int, rng: np.random.Generator):
    """Return the times at which each surface enters stage 1, 2, … (people × surfaces × 7), from age 10 on."""
    z = rng.gamma(1 / frailty_variance, frailty_variance, people)
    return 10.0 + np.cumsum(rng.exponential(1.0, (people, surfaces, 7)) / (z[:, None, None] * RATES), axis=2)


def stage_at(times: np.ndarray, age: float) -> np.ndarray:
    return (times <= age).sum(axis=2)


def test_one_rate_and_yearly_visits_have_a_closed_form():
    rates, weights = one(np.array([0.2, *[NEVER] * 6]))
    ((first, second),) = watch(rates, weights, 11.0, [11.0, 12.0, 13.0], [((0,), 1)])
    p = 1 - np.exp(-0.2)
    assert first.events == pytest.approx(p, rel=1e-9)
    assert first.years == pytest.approx(1 - p / 2, rel=1e-9)
    assert second.events == pytest.approx((1 - p) * p, rel=1e-9)
    # the middle of a year is nearly where an exponential falls: the rate comes out to 1/12 of its square
    assert first.events / first.years == pytest.approx(0.2, rel=0.2**2 / 6)


def test_people_of_unequal_frailty_thin_out_as_the_gamma_says():
    frailty, weights = frailty_nodes(1.0)
    rates = constant(np.array([0.2, *[NEVER] * 6]), frailty)
    times, free = event_free(rates, weights, 11.0, np.arange(11.0, 20.0), entry=(0,), beyond=1)
    assert free == pytest.approx(1 / (1 + 0.2 * times), abs=3e-3)


@pytest.mark.parametrize(("entry", "beyond"), [((0,), 2), ((2,), 4), ((3,), 4), ((0, 1, 2, 3), 4)])
def test_rates_are_those_of_simulated_people_who_enter_at_visits(entry, beyond):
    rng = np.random.default_rng(7)
    times = simulate(30000, 1.0, 6, rng)
    seen = [stage_at(times, age) for age in VISITS]
    events, years = 0, 0.0
    at_risk = np.zeros(seen[0].shape, dtype=bool)
    done = at_risk.copy()
    for begin, end, now, then in zip(VISITS[:-1], VISITS[1:], seen[:-1], seen[1:], strict=True):
        at_risk = (at_risk | np.isin(now, entry)) & ~done
        happened = at_risk & (then >= beyond)
        events += happened.sum()
        years += (end - begin) * (at_risk.sum() - 0.5 * happened.sum())
        done |= happened
    frailty, weights = frailty_nodes(1.0)
    (found,) = watch(constant(RATES, frailty), weights, 10.0, VISITS, [(entry, beyond)])
    model = sum(w.events for w in found) / sum(w.years for w in found)
    assert model == pytest.approx(events / years, rel=0.03)
    assert sum(w.events for w in found) == pytest.approx(events / times[..., 0].size, rel=0.04)


def test_lesions_in_the_chart_belong_to_people_who_are_not_average():
    rng = np.random.default_rng(8)
    times = simulate(40000, 1.0, 6, rng)
    now, then = stage_at(times, 14.0), stage_at(times, 17.0)
    frailty, weights = frailty_nodes(1.0)
    rates = constant(RATES, frailty)
    before = occupied_at(rates, 10.0, 14.0, nodes=len(frailty))
    mix = np.eye(len(STAGES))[2]
    found = progressed(rates, weights, before, age=14.0, years=3.0, mix=mix, beyond=[4] * 8)
    assert found == pytest.approx((then[now == 2] >= 4).mean(), abs=0.01)
    average = progressed(*one(), occupied_at(one()[0], 10.0, 14.0), age=14.0, years=3.0, mix=mix, beyond=[4] * 8)
    assert found > average + 0.03


def test_several_questions_at_once_are_as_one_by_one():
    frailty, weights = frailty_nodes(0.7)
    rates = constant(RATES, frailty)
    asked = [((0,), 2), ((2,), 4)]
    both = watch(rates, weights, 10.0, VISITS, asked)
    for question, rows in zip(asked, both, strict=True):
        (alone,) = watch(rates, weights, 10.0, VISITS, [question])
        assert [float(w.events) for w in rows] == pytest.approx([float(w.events) for w in alone])
        assert [float(w.years) for w in rows] == pytest.approx([float(w.years) for w in alone])


def test_no_probability_is_lost_on_the_way():
    frailty, _weights = frailty_nodes(0.7)
    occupied = occupied_at(constant(RATES, frailty), 10.0, 33.3, nodes=len(frailty))
    assert occupied.sum(axis=1) == pytest.approx(np.ones(len(frailty)), abs=1e-10)
    assert later(occupied, constant(RATES, frailty), 33.3, 33.3) is occupied


def test_jax_tells_the_same_as_numpy():
    import jax
    import jax.numpy as jnp

    frailty, weights = frailty_nodes(0.7)
    (plain,) = watch(constant(RATES, frailty), weights, 10.0, VISITS, [((0,), 2)])
    with jax.enable_x64(True):
        rates = lambda ages: jnp.broadcast_to(jnp.asarray(frailty[:, None] * RATES), (len(ages), len(frailty), 7))  # noqa: E731
        (other,) = watch(rates, jnp.asarray(weights), 10.0, VISITS, [((0,), 2)], jnp)
        assert [float(w.events) for w in other] == pytest.approx([float(w.events) for w in plain], rel=1e-9)
