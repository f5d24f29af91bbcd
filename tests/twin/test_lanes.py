"""Exponential, logarithm and power as arithmetic, beside those of the mathematical library."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from amelo.twin.lanes import fexp, flog, power


@njit
def each(what, x, y):
    found = np.empty_like(x)
    for k in range(len(x)):
        found[k] = fexp(x[k]) if what == 0 else flog(x[k]) if what == 1 else power(x[k], y[k])
    return found


def test_exponential_and_logarithm_are_those_of_the_library():
    x = np.concatenate([np.linspace(-700.0, 700.0, 20001), np.linspace(-1e-3, 1e-3, 201)])
    np.testing.assert_allclose(each(0, x, x), np.exp(x), rtol=5e-16)
    y = np.concatenate([np.geomspace(1e-300, 1e300, 20001), 1.0 + np.linspace(-0.3, 0.45, 2001)])
    np.testing.assert_allclose(each(1, y, y), np.log(y), rtol=5e-16, atol=1e-18)


def test_powers_are_those_of_the_library():
    rng = np.random.default_rng(1)
    x, by = 10.0 ** rng.uniform(-12.0, 2.0, 20000), rng.uniform(0.1, 4.0, 20000)
    np.testing.assert_allclose(each(2, x, by), x**by, rtol=3e-14)
    near = rng.uniform(0.005, 1.0, 20000)
    np.testing.assert_allclose(each(2, near, np.full(20000, 2.0 / 3.0)), near ** (2.0 / 3.0), rtol=2e-15)


@pytest.mark.parametrize("by", [0.5, 2.0 / 3.0, 3.0])
def test_nothing_to_any_power_is_nothing(by):
    assert each(2, np.array([0.0, 1e-310]), np.full(2, by)).tolist() == [0.0, 0.0]
    assert each(2, np.ones(1), np.full(1, by))[0] == 1.0


def test_what_is_no_number_stays_none_and_ends_are_held():
    nan = np.array([np.nan])
    assert np.isnan(each(0, nan, nan)[0]) and np.isnan(each(1, nan, nan)[0])
    far = each(0, np.array([-1e4, 1e4]), nan.repeat(2))
    np.testing.assert_allclose(far, np.exp([-700.0, 700.0]), rtol=1e-15)
