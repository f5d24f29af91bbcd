"""The chain of stages: against the matrix exponential and closed forms, and it keeps its probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from amelo.forecast.stages.chain import FASTEST, MOVES, STAGES, advance, age_share, frailty_nodes, generator, transition

RATES = st.lists(st.floats(1e-4, FASTEST), min_size=MOVES, max_size=MOVES).map(np.array)


def test_a_stage_is_left_for_the_next_only():
    matrix = generator(np.arange(1.0, 8.0))
    assert np.array_equal(np.diag(matrix), [-1, -2, -3, -4, -5, -6, -7, 0])
    assert np.array_equal(np.diag(matrix, 1), np.arange(1.0, 8.0))
    assert np.count_nonzero(matrix) == 14
    assert np.abs(matrix.sum(axis=1)).max() == 0


@settings(max_examples=40, deadline=None)
@given(RATES, st.floats(0.01, 1.0))
def test_both_ways_agree_with_the_matrix_exponential(rates, years):
    exact = expm(generator(rates) * years)
    assert np.abs(transition(rates, years) - exact).max() < 1e-9
    for stage in range(len(STAGES)):
        assert np.abs(advance(np.eye(len(STAGES))[stage], rates, years) - exact[stage]).max() < 5e-4


@settings(max_examples=40, deadline=None)
@given(RATES.map(lambda r: r / 4), st.floats(0.01, 1.0))
def test_the_series_is_exact_at_rates_as_they_are(rates, years):
    start = np.eye(len(STAGES))[0]
    assert np.abs(advance(start, rates, years) - expm(generator(rates) * years)[0]).max() < 1e-9


@settings(max_examples=30, deadline=None)
@given(RATES)
def test_probability_is_kept_and_never_negative(rates):
    occupied = np.eye(len(STAGES))[0]
    for _ in range(20):
        occupied = advance(occupied, rates, 1.0)
        assert abs(occupied.sum() - 1.0) < 1e-12
    assert occupied.min() > -1e-6
    assert np.abs(transition(rates, 3.0).sum(axis=-1) - 1.0).max() < 1e-10


def test_two_equal_and_two_different_rates_have_their_closed_forms():
    rates = np.array([0.3, 0.3, 1e-12, 0, 0, 0, 0])
    t = 2.0
    found = transition(rates, t)[0]
    assert found[0] == pytest.approx(np.exp(-0.6), rel=1e-10)
    assert found[1] == pytest.approx(0.6 * np.exp(-0.6), rel=1e-10)  # gamma
    rates[1] = 0.1
    assert transition(rates, t)[0][1] == pytest.approx(0.3 / (0.1 - 0.3) * (np.exp(-0.6) - np.exp(-0.2)), rel=1e-10)


def test_many_at_once_are_as_one_by_one():
    rng = np.random.default_rng(1)
    rates = rng.uniform(0.01, 1, (5, 3, MOVES))
    many = transition(rates, np.arange(1.0, 6.0)[:, None])
    assert np.abs(many[2, 1] - transition(rates[2, 1], 3.0)).max() < 1e-13


@pytest.mark.parametrize("variance", [0.3, 0.5, 1.0, 2.0])
def test_frailties_have_the_laplace_transform_of_a_gamma(variance):
    nodes, weights = frailty_nodes(variance)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    for hazard in (0.0, 0.1, 0.5, 2.0):
        exact = (1 + variance * hazard) ** (-1 / variance)
        assert np.sum(weights * np.exp(-hazard * nodes)) == pytest.approx(exact, abs=6e-3)


def test_age_moves_rates_between_the_two_ages_that_were_compared():
    assert np.array_equal(age_share(np.array([6.0, 13.5, 18.5, 23.5, 70.0])), [0, 0, 0.5, 1, 1])
