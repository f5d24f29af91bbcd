"""Exponential, logarithm and power as plain arithmetic, which a compiler can work out for many members side by side.

What the mathematical library of a system gives is called one number after the other.  Here bits of a number are its exponent, and a series
does the rest; nothing branches, so that every lane of a loop takes the same way and none can feel the others.
"""

from __future__ import annotations

from pathlib import Path

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["bits", "fexp", "flog", "power", "prelude", "real"]

HEAD = """from __future__ import annotations

import ast
import inspect
import struct
from math import sqrt

import numpy as np
from llvmlite import binding, ir
from numba import njit, types, uint64
from numba.extending import intrinsic

"""


def prelude(what: str) -> str:
    """Return the beginning of a module of compiled code that is written as text: what it is, what it imports, and the functions below
    and those of ``straight``."""
    files = (Path(__file__), Path(__file__).parent / "straight.py")
    functions = "".join(file.read_text("utf-8").split("# --- functions ---\n")[1] for file in files)
    return f'"""{what}"""\n\n{HEAD}{functions}'


# --- functions ---


@intrinsic
def bits(context, x):
    """Read a float as an integer."""

    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def real(context, i):
    """Read an integer as a float."""

    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@njit(inline="always", error_model="numpy")
def fexp(x):  # pragma: no cover
    """e**x to 4e-16 for -700 < x < 700, where it stays beyond; what is no number stays none."""
    x = -700.0 if x < -700.0 else x
    x = 700.0 if x > 700.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    whole = shifted - 6755399441055744.0
    r = (x - whole * 0.6931471803691238) - whole * 1.9082149292705877e-10
    q = r * r  # in pairs, so that the processor need not wait for one term after the other
    z = q * q
    low = (1.0 + r) + q * (0.5 + r * 0.16666666666666666)
    middle = (4.1666666666666664e-02 + r * 8.333333333333333e-03) + q * (1.3888888888888889e-03 + r * 1.984126984126984e-04)
    high = (2.48015873015873e-05 + r * 2.7557319223985893e-06) + q * (2.755731922398589e-07 + r * 2.505210838544172e-08)
    p = low + z * (middle + z * (high + z * 2.08767569878681e-09))
    return real(bits(p) + (bits(shifted) << 52)) + (x - x)


@njit(inline="always", error_model="numpy")
def flog(x):  # pragma: no cover
    """Natural logarithm to 3e-16 for normal positive x; what is no number stays none."""
    i = bits(x) - 0x3FE6A09E667F3BCD
    k = real((i >> 52) + 0x4338000000000000) - 6755399441055744.0
    m = real(bits(x) - ((i >> 52) << 52))
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    q = s * s
    z = q * q
    low = (1.0 / 3.0 + s * (1.0 / 5.0)) + q * (1.0 / 7.0 + s * (1.0 / 9.0))
    high = (1.0 / 11.0 + s * (1.0 / 13.0)) + q * (1.0 / 15.0 + s * (1.0 / 17.0))
    p = low + z * (high + z * (1.0 / 19.0 + s * (1.0 / 21.0)))
    return k * 0.6931471803691238 + (2.0 * f + (2.0 * f * s * p + k * 1.9082149292705877e-10)) + (x - x)


@njit(inline="always", error_model="numpy")
def power(x, by):  # pragma: no cover
    """x**by for x of at least 0 and by above 0, to 1e-15 where by times the logarithm is a few; 0 below 1e-300."""
    safe = 1e-300 if x < 1e-300 else x
    return fexp(by * flog(safe)) if x >= 1e-300 else 0.0 * x
