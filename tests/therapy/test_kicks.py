"""Kicks: their law, and that they are a function of key, step and identity alone."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.therapy.nano import kicks

MANY = np.arange(1_000_000, dtype=np.uint64)


def words(key=3, step=0):
    return kicks.word_of(MANY, kicks.step_words(key, step, 1)[0])


def test_the_finaliser_is_that_of_splitmix64():
    """The published first outputs of SplitMix64 started at 1234567: the state grows by the golden ratio, the output is mixed."""
    state = (1234567 + kicks.GOLDEN * np.arange(1, 4, dtype=object)) % 2**64
    found = kicks.mix(state.astype(np.uint64))
    assert found.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [kicks._mixed(int(s)) for s in state] == found.tolist()


def test_a_kick_has_mean_0_variance_1_and_the_moments_its_law_says():
    x = kicks.kick(words())
    error = 1.0 / np.sqrt(len(x))
    assert abs(x.mean()) < 4.0 * error
    assert x.var() == pytest.approx(1.0, abs=4.0 * np.sqrt(1.6) * error)
    assert (x**3).mean() == pytest.approx(0.0, abs=4.0 * np.sqrt(11.0) * error)
    assert (x**4).mean() == pytest.approx(2.6, abs=0.03)
    assert np.abs(x).max() <= 3.0


def test_the_variance_is_exact_over_all_values_of_a_uniform_part():
    part = np.arange(2**21, dtype=np.uint64)
    zero = np.zeros_like(part)
    x, y, z = kicks.kicks_of_axes(part | (zero << kicks.S21))
    assert x.mean() == pytest.approx(0.0, abs=1e-12)
    assert x.var() == pytest.approx(1.0, rel=1e-12)
    assert np.unique(y).size == np.unique(z).size == 1
    # a sum of three independent parts has three times the variance of one
    assert 3.0 * (part.astype(float) * kicks.SUM_SCALE).var() == pytest.approx(1.0, rel=1e-12)


def test_axes_steps_and_neighbours_are_independent():
    axes = kicks.kicks_of_axes(words())
    others = [kicks.kick(words(step=1)), np.roll(kicks.kick(words()), 1), kicks.kick(words(key=4))]
    first = kicks.kick(words())
    limit = 4.5 / np.sqrt(len(first))
    for other in others:
        assert abs(np.corrcoef(first, other)[0, 1]) < limit
    assert np.abs(np.corrcoef(axes) - np.eye(3)).max() < limit


def test_a_step_does_not_know_where_counting_began():
    straight = kicks.step_words(9, 0, 100)
    assert (kicks.step_words(9, 40, 60) == straight[40:]).all()
    assert len(set(straight.tolist()) | set(kicks.step_words(9, 0, 100, kicks.EVENTS).tolist())) == 200


def test_unit_numbers_never_reach_0_or_1():
    ends = np.array([0, 2**64 - 1], dtype=np.uint64)
    assert 0.0 < kicks.open_unit(ends)[0] < kicks.open_unit(ends)[1] < 1.0
    assert kicks.open_unit(words()).mean() == pytest.approx(0.5, abs=2e-3)


def test_the_first_future_has_the_key_of_the_run_and_all_others_their_own():
    keys = [kicks.fork_key(7, i) for i in range(1000)]
    assert keys[0] == 7
    assert len(set(keys)) == 1000
    assert all(0 <= key < 2**64 for key in keys)
