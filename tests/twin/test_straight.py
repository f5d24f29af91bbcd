"""Straight-line text as LLVM gets it, beside the same text run by Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from amelo.twin.lanes import fexp, flog, power
from amelo.twin.straight import straight

EVERYTHING = """
v0 = w[b + l + uint64(0)]
v1 = w[b + l + uint64(LANES)]
v2 = v0 * v1
v3 = -v2 + 0.25
v4 = v2 / 3.0 - v3
v5 = sqrt(v2)
v6 = fexp(v3)
v7 = flog(v5)
v8 = v6 if v3 > v7 else 0.0
v9 = -v5 if v3 <= 0.5 else v4 * v4
v10 = 1.0 if v8 == 0.0 else -2.0
v11 = 3.0 if v9 >= 1.0 else v9
v12 = v4 if v0 < v1 else v10
v13 = v12 if v0 != v1 else np.nan
w[b + l + uint64(2 * LANES)] = v8 - v9
w[b + l + uint64(3 * LANES)] = v10
w[b + l + uint64(4 * LANES)] = v11 * 0.5 * v13 / v5
"""


def ready(text: str, lanes: int, **options):
    """Return a function (w, first, last) of a text of five numbers a cell."""
    for number in (5, 4, 3, 2):
        text = text.replace(f"{number} * LANES", str(number * lanes))
    run = straight("text", text.replace("LANES", str(lanes)), stride=5 * lanes, lanes=lanes, called=(fexp, flog), **options)

    @njit
    def call(w, first, last):
        run(w, first, last)

    return call


@pytest.mark.parametrize("lanes", [1, 16])
def test_every_operation_is_that_of_python(lanes):
    rng = np.random.default_rng(4)
    cells = 40
    w = rng.uniform(0.1, 2.0, (cells, 5, lanes))
    w[:, 1] = np.where(rng.random((cells, lanes)) < 0.2, w[:, 0], w[:, 1])  # some are equal
    expected = w.copy()
    scope = {"LANES": 1, "uint64": int, "sqrt": math.sqrt, "fexp": math.exp, "flog": math.log, "np": np, "b": 0, "l": 0}
    for cell in range(1, cells - 1):
        for lane in range(lanes):
            own = list(expected[cell, :, lane])
            exec(EVERYTHING, scope | {"w": own})
            expected[cell, :, lane] = own
    ready(EVERYTHING, lanes, inwards=True)(w.reshape(-1), 1, cells - 2)
    np.testing.assert_allclose(w, expected, rtol=1e-13, atol=1e-14)
    assert np.isnan(expected[1:-1, 4]).any() and not np.isnan(expected[1:-1, 4]).all()


@pytest.mark.parametrize("inwards", [True, False])
def test_a_cell_sees_what_its_neighbour_has_become(inwards):
    sign, number = ("-", 5) if inwards else ("+", 5)
    text = f"v0 = w[b + l {sign} uint64({number} * LANES)]\nv1 = w[b + l + uint64(0)]\nw[b + l + uint64(0)] = v0 + v1"
    w = np.zeros((6, 5, 4))
    w[:, 0] = np.arange(1.0, 5.0)
    ready(text, 4, inwards=inwards)(w.reshape(-1), 1, 4)
    summed = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1.0])
    np.testing.assert_array_equal(w[:, 0], np.outer(summed if inwards else summed[::-1], np.arange(1.0, 5.0)))


def test_no_cell_is_touched_where_there_is_none():
    w = np.ones(25)
    call = ready("w[b + l + uint64(0)] = 7.0", 1, inwards=True)
    call(w, 3, 2)
    assert (w == 1.0).all()
    call(w, 3, 3)
    assert w[15] == 7.0 and w.sum() == 31.0


def test_a_text_may_be_run_twice_in_one_function_and_beside_others_of_its_name():
    one, two = (straight("same", f"w[b + l] = w[b + l] + {by}", stride=1, lanes=1, inwards=True) for by in (1.0, 10.0))

    @njit
    def first(w):
        one(w, 0, 0)
        one(w, 2, 2)

    @njit
    def second(w):
        first(w)
        two(w, 1, 2)

    w = np.zeros(3)
    second(w)
    assert w.tolist() == [1.0, 10.0, 11.0]
    first(w)
    assert w.tolist() == [2.0, 10.0, 12.0]


def test_functions_of_functions_are_written_into_the_text():
    root = straight("root", "w[b + l] = power(w[b + l], 0.5)", stride=1, lanes=1, inwards=True, called=(fexp, flog, power))

    @njit
    def each(w):
        root(w, 0, w.shape[0] - 1)

    w = np.array([0.0, 1.0, 2.0, 81.0])
    each(w)
    np.testing.assert_allclose(w, [0.0, 1.0, math.sqrt(2.0), 9.0], rtol=1e-14)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("if w[b]:\n    v0 = 1.0", "no line of straight text"),
        ("v0 = sinh(1.0)", "no straight-line arithmetic"),
        ("v0 = 2.0 ** 3.0", "no straight-line arithmetic"),
        ("v0 = 2.0 * 3", "not of one type"),
        ("v0 = w[b * 2]", "is no place"),
        ("v0 = v1 + 1.0", "v1 is not set"),
    ],
)
def test_what_is_no_straight_text_is_refused(line, what):
    with pytest.raises((ValueError, NumbaError), match=what):
        ready(line, 1, inwards=True)(np.zeros(10), 0, 0)
