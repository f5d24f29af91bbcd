"""Sampling a posterior through a polynomial: exact where exactness is known, and rates are recovered from people who were seen at visits only."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.stages.chain import frailty_nodes
from amelo.forecast.stages.designs import watch
from amelo.forecast.stages.posterior import Problem, fit_surrogate, mode, resample, sample_posterior

WEIGHTS = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5]])


def linear() -> Problem:
    return Problem(
        3,
        lambda z, xp=np: z,
        lambda x: WEIGHTS @ x,
        np.array([0.7, -0.3]),
        np.array([0.2, 0.3]),
    )


def exact(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    scaled = WEIGHTS / problem.errors[:, None]
    covariance = np.linalg.inv(scaled.T @ scaled + np.eye(3))
    return covariance @ scaled.T @ (problem.published / problem.errors), covariance


def test_the_mode_and_axes_of_a_gaussian_are_exact():
    problem = linear()
    centre, axes = mode(problem)
    mean, covariance = exact(problem)
    assert centre == pytest.approx(mean, abs=1e-4)
    assert axes @ axes.T == pytest.approx(covariance, abs=1e-4)
    assert problem.log_posterior(centre) > problem.log_posterior(centre + 0.1)


def test_a_polynomial_of_second_degree_is_learned_exactly():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4)) * [1, 10, 0.1, 5] + [0, 3, 1, -2]
    y = np.stack([x[:, 0] * x[:, 1] + 2, x[:, 2] ** 2 - x[:, 3]], axis=1)
    surrogate = fit_surrogate(x, y)
    fresh = rng.normal(size=(50, 4)) * [1, 10, 0.1, 5] + [0, 3, 1, -2]
    assert surrogate(fresh)[:, 0] == pytest.approx(fresh[:, 0] * fresh[:, 1] + 2, abs=2e-3)
    assert surrogate(fresh)[:, 1] == pytest.approx(fresh[:, 2] ** 2 - fresh[:, 3], abs=2e-3)


def test_resampling_follows_the_weights():
    rng = np.random.default_rng(1)
    log = np.log(np.repeat([1.0, 3.0], 500))
    rows, effective = resample(log, 4000, rng)
    assert (rows >= 500).mean() == pytest.approx(0.75, abs=0.01)
    assert effective == pytest.approx(1 / (500 * (1 / 2000) ** 2 + 500 * (3 / 2000) ** 2))
    assert resample(np.zeros(10), 10, rng)[1] == pytest.approx(10.0)


def test_draws_of_a_gaussian_have_its_mean_and_spread(monkeypatch):
    monkeypatch.setattr("amelo.forecast.stages.posterior.TEACHINGS", 1)
    problem = linear()
    found, health = sample_posterior(problem, runs=60, checks=600, kept=600, warmup=200, draws=600, chains=2, seed=3)
    mean, covariance = exact(problem)
    assert found.shape == (600, 3)
    assert found.mean(axis=0) == pytest.approx(mean, abs=0.08)
    assert np.cov(found.T) == pytest.approx(covariance, abs=0.12)
    assert health["largest_r_hat"] < 1.02 and health["divergences"] == 0
    assert health["polynomial_error_in_sd"] < 0.01 and health["effective_after_weights"] > 590
    again, _ = sample_posterior(problem, runs=60, checks=600, kept=600, warmup=200, draws=600, chains=2, seed=3)
    assert np.array_equal(found, again)


def test_rates_are_recovered_from_people_who_were_seen_at_visits_only():
    """Three rates of mouths with a frailty of variance 1, seen every year and a half; a count of events per year known to be at risk would be wrong."""
    rng = np.random.default_rng(11)
    truth = np.array([0.1, 0.35, 0.5])
    people, surfaces = 12_000, 6
    z = rng.gamma(1.0, 1.0, people)
    rates = np.array([*truth, 1e-9, 1e-9, 1e-9, 1e-9])
    times = 10.0 + np.cumsum(rng.exponential(1.0, (people, surfaces, 7)) / (z[:, None, None] * rates), axis=2)
    visits = [11.0, 12.5, 14.0, 15.5, 17.0]
    asked = [((0,), 1), ((1,), 2), ((2,), 3)]
    seen = [(times <= age).sum(axis=2) for age in visits]
    figures, errors = [], []
    for entry, beyond in asked:
        events = years = 0.0
        at_risk = np.zeros(seen[0].shape, dtype=bool)
        done = at_risk.copy()
        for begin, end, now, then in zip(visits[:-1], visits[1:], seen[:-1], seen[1:], strict=True):
            at_risk = (at_risk | np.isin(now, entry)) & ~done
            happened = at_risk & (then >= beyond)
            events, years, done = (
                events + happened.sum(),
                years + (end - begin) * (at_risk.sum() - happened.sum() / 2),
                done | happened,
            )
        figures.append(np.log(events / years))
        errors.append(2.0 / np.sqrt(events))  # people share their frailty, so that events count for less
    frailty, weights = frailty_nodes(1.0)

    def told(x: np.ndarray) -> np.ndarray:
        full = np.array([*np.exp(x), 1e-9, 1e-9, 1e-9, 1e-9])
        rows = watch(
            lambda ages: np.broadcast_to(np.minimum(frailty[:, None] * full, 4.0), (len(ages), len(frailty), 7)),
            weights,
            10.0,
            visits,
            asked,
        )
        return np.log([sum(w.events for w in row) / sum(w.years for w in row) for row in rows])

    problem = Problem(3, lambda z, xp=np: np.log(0.3) + 1.5 * z, told, np.array(figures), np.array(errors))
    centre, _ = mode(problem)
    found = np.exp(problem.physical(centre))
    assert found == pytest.approx(truth, rel=0.08)
    naive = np.exp(figures)
    assert naive[0] < 0.9 * truth[0]  # the frail have fallen ill before anyone looked
    assert naive[2] > 1.1 * truth[2]  # and it is they who have lesions to follow
