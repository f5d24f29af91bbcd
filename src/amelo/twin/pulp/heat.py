"""Heat at the pulp: how much a pulp bears, of which two bodies of evidence contradict each other, and pulses as segments.

Monkeys lost 15, 60 and 100 % of pulps after 5.5, 11.1 and 16.6 K; human teeth bore 8.9 to 14.7 K.  Both stay: belief is a mixture.
"""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError, SolveError
from amelo.params import load_set
from amelo.twin.pulp.constants import Pulps
from amelo.twin.pulp.course import HOUR, Segment
from amelo.twin.pulp.thresholds import heat_threshold

__all__ = ["damage_dose", "heated", "share_lost", "tolerances", "with_tolerance"]


def tolerances(count: int, seed: int, *, monkey: float | None = None) -> np.ndarray:
    """Return the warmings of an hour (count,) [K] that pulps drawn from the mixture just bear.

    Arguments: count; seed; monkey, the weight of the monkeys, None for that of the set ``pulp``; 0 and 1 are the two worlds apart.
    Raises: ParameterError for a weight outside 0 to 1.
    Assumptions: normal between pulps in the world of the monkeys, never below 0.1 K; one least value in that of human teeth.
    """
    value = load_set("pulp").value
    weight = value("heat.monkey_weight") if monkey is None else monkey
    if not 0.0 <= weight <= 1.0:
        raise ParameterError(f"a weight of {weight:g} is not between 0 and 1")
    rng = np.random.Generator(np.random.Philox(key=seed))
    normal, coin = rng.standard_normal(count), rng.random(count)
    bears = np.maximum(value("heat.threshold_mean") + value("heat.threshold_sd") * normal, 0.1)
    return np.where(coin < weight, bears, value("heat.tolerant_threshold"))


def with_tolerance(pulps: Pulps, tolerance: np.ndarray) -> Pulps:
    """Return pulps whose gain of heat is such that each just bears a warming of an hour (M,) [K].

    Raises: ParameterError for a tolerance that is not above 0; SolveError when a pulp bears any pulse.
    """
    bears = np.asarray(tolerance, float)
    if not (np.isfinite(bears) & (bears > 0.0)).all():
        raise ParameterError("a tolerance of heat is not above 0")
    least = heat_threshold(pulps)
    if not np.isfinite(least).all():
        raise SolveError(
            f"{int((~np.isfinite(least)).sum())} pulps bear every pulse of heat", fix="leave them out: no gain makes them fall"
        )
    return pulps.changed({"heat.gain": least / bears})


def share_lost(tolerance: np.ndarray, warming: float | np.ndarray) -> np.ndarray:
    """Return the share of pulps that a warming of an hour [K], one or more, is too much for."""
    return (np.asarray(tolerance)[:, None] < np.atleast_1d(warming)).mean(0)


def heated(time: np.ndarray, warming: np.ndarray) -> list[Segment]:
    """Return segments from a record of the temperature at the pulp.

    Arguments: time (T,) [s], rising; warming (T,) or (T, M) [K] over body temperature at these.
    Returns: T - 1 segments, each with the mean of its ends, so that the dose of a line between them is exact.
    Raises: ParameterError for times that do not rise or do not belong to the warmings.
    """
    clock, over = np.asarray(time, float), np.asarray(warming, float)
    if clock.ndim != 1 or len(clock) < 2 or over.shape[:1] != clock.shape or not (np.diff(clock) > 0.0).all():
        raise ParameterError("a record of warming has two or more rising times, and one warming for each")
    return [Segment(b - a, warming=0.5 * (x + y)) for a, b, x, y in zip(clock[:-1], clock[1:], over[:-1], over[1:], strict=True)]


def damage_dose(pulps: Pulps, time: np.ndarray, warming: np.ndarray) -> np.ndarray:
    """Return the damage (M,) [unit] that a record of warming, as for ``heated``, does to pulps: compare this, not peaks of temperature.

    Assumptions: linear in warming and time, as fitted to pulses of about an hour; clinical pulses last seconds to minutes.
    """
    return sum(
        (pulps["heat.gain"] * np.maximum(s.warming, 0.0) * s.duration / HOUR for s in heated(time, warming)), np.zeros(pulps.count)
    )
