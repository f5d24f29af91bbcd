"""Draw an ensemble of plausible parameters from their ranges, the same for the same seed.

A value is the median and low and high are the 5th and 95th percentile of a normal distribution in two pieces, one below and one above
the value, in the logarithm where the range spans a factor of three or more and is positive.  It is cut off at low and high, so that
nothing outside a published range is ever computed.  Every parameter has a stream of its own: adding one leaves the others as they
were, and the first members of a large ensemble are those of a small one.  Member 0 has the values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np

from amelo.params import Parameter

__all__ = ["draw", "quantile"]

TAIL = 0.05  # part of the distribution beyond low, and beyond high
WIDE = 3.0  # high over low from which a range is one of factors


def draw(parameters: Mapping[str, Parameter], members: int, seed: int) -> dict[str, np.ndarray]:
    """Return (members,) values of every parameter, in its own unit.

    Arguments: parameters by name; members; seed.
    Assumptions: parameters are independent; correlations come with calibration.
    """
    drawn = {}
    for name, parameter in parameters.items():
        stream = np.random.default_rng(np.random.SeedSequence([seed, crc32(name.encode())]))
        chances = np.concatenate([[0.5], stream.uniform(TAIL, 1.0 - TAIL, members - 1)])
        drawn[name] = quantile(parameter, chances)
    return drawn


def quantile(parameter: Parameter, chances: np.ndarray) -> np.ndarray:
    """Return the values below which a parameter lies with the given chances.

    Arguments: parameter; chances, from 0.05 (its low) over 0.5 (its value) to 0.95 (its high).
    """
    low, value, high = parameter.low, parameter.value, parameter.high
    chances = np.asarray(chances, dtype=float)
    if low == high:
        return np.full(chances.shape, value)
    from scipy.special import ndtri

    steps = ndtri(chances) / ndtri(1.0 - TAIL)  # -1 at low, 0 at the value, 1 at high
    if low > 0 and high / low >= WIDE:
        return value * np.where(steps < 0, (low / value) ** -steps, (high / value) ** steps)
    return value + np.where(steps < 0, value - low, high - value) * steps
