"""Bounds and distances that the models share: what they are by hand, and that their shares hold."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.bounds import GROUPS, LEVELS, RISKIEST, bound, missed, read_at
from amelo.forecast.distance import FEW, RIDGE, distance, typical, unlike

GRID = np.linspace(0.05, 4.0, 80)


def curves(rates):
    return -np.expm1(-np.outer(rates, GRID))


def test_the_last_group_is_the_riskiest_part():
    assert pytest.approx(RISKIEST) == GROUPS[-1] - GROUPS[-2]
    assert list(GROUPS) == sorted(GROUPS)
    assert all(0 < level < 0.5 for level in LEVELS)


def test_one_risk_for_all_or_one_for_each():
    risk = curves([0.05, 0.5])
    assert np.array_equal(bound(risk, GRID, 0.1), bound(risk, GRID, np.array([0.1, 0.1])))
    each = bound(risk, GRID, np.array([0.01, 0.3]))
    assert each[0] == pytest.approx(-np.log(0.99) / 0.05, abs=0.05)
    assert each[1] == pytest.approx(-np.log(0.7) / 0.5, abs=0.05)


def test_missed_is_the_share_before_the_bound_when_all_are_seen():
    time = np.array([0.5, 1.0, 2.0, 3.0])
    assert missed(np.full(4, 1.5), time, np.ones(4, bool)) == 0.5
    assert missed(np.array([0.4, 0.9, 2.5, 3.5]), time, np.ones(4, bool)) == 0.5
    assert missed(np.full(4, 1.5), time, np.ones(4, bool), np.array([3.0, 1, 0, 0])) == 1.0
    assert missed(np.full(4, 0.1), time, np.ones(4, bool)) == 0.0


@pytest.mark.parametrize("level", LEVELS)
def test_the_risk_is_read_where_the_share_is_met(level):
    rng = np.random.default_rng(3)
    rates = rng.uniform(0.05, 0.6, 8000)
    time, ends = rng.exponential(1 / (1.5 * rates)), rng.uniform(0.5, 5, 8000)  # half as risky again as the curves say
    risk, seen, event = curves(rates), np.minimum(time, ends), time <= ends
    at = read_at(risk, GRID, level, lambda bounds: missed(bounds, seen, event))
    inside = bound(risk, GRID, at) < GRID[-1]
    assert (time < bound(risk, GRID, at))[inside].mean() == pytest.approx(level, abs=0.012)
    assert at < 0.9 * level  # read lower than the curves would have it


def test_nothing_is_promised_when_every_bound_misses():
    at = read_at(curves([0.3, 0.3]), GRID, 0.1, lambda bounds: 1.0)
    assert at < 1e-8
    assert bound(curves([0.3]), GRID, at)[0] == GRID[0]


def test_distance_by_hand():
    assert distance(np.zeros((0, 0)), np.zeros(0)) == 0.0
    assert distance(np.eye(1), np.array([2.0])) == pytest.approx(4 / (1 + RIDGE) / (1 + FEW))
    together = np.array([[1.0, 0.9], [0.9, 1.0]])
    agree, differ = (distance(together, np.array([1.5, s])) for s in (1.5, -1.5))
    assert differ > 5 * agree  # each value is usual, but not beside the other


def test_only_what_is_beyond_the_last_quantile_is_unlike():
    usual = typical(np.linspace(0, 1, 10_001))
    assert usual == [0.5, 0.95, 0.99, 0.999]
    assert unlike(0.999, usual) == ""
    assert "less usual than in 999 of 1000" in unlike(1.0, usual)


def test_of_the_cohort_itself_one_in_a_thousand_is_unlike():
    rng = np.random.default_rng(0)
    covariance = 0.5 * np.eye(6) + 0.5
    people = rng.multivariate_normal(np.zeros(6), covariance, 4000)
    usual = typical(np.array([distance(covariance, p) for p in people[:2000]]))
    share = np.mean([bool(unlike(distance(covariance, p), usual)) for p in people[2000:]])
    assert share < 0.005
    assert unlike(distance(covariance, np.array([3.0, -3, 3, -3, 3, -3])), usual)
