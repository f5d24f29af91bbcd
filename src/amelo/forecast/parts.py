"""The logarithm of a rate as a sum of named parts, one value per draw, and what follows exactly from that: drivers and missing
shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from amelo.forecast.outlook import Driver, Missing

__all__ = ["Part", "drivers_of", "missing_of"]

FAINT = 1e-9  # a driver of less is left out
LEAST = 0.005  # a missing input that explains less is left out


@dataclass(frozen=True)
class Part:
    """One part of the log hazard: name, words, value for people, effect (draws, against the average tooth), unknown (what to find
    out, "" when known)."""

    name: str
    words: str
    value: str
    effect: np.ndarray
    unknown: str = ""


def drivers_of(parts: Iterable[Part]) -> tuple[Driver, ...]:
    """Return the mean effect of each part, the largest first; they add up to the mean difference of the log hazard."""
    found = [Driver(p.name, p.words, p.value, float(np.mean(p.effect))) for p in parts]
    return tuple(sorted((d for d in found if abs(d.effect) > FAINT), key=lambda d: -abs(d.effect)))


def missing_of(parts: Iterable[Part], total: np.ndarray) -> tuple[Missing, ...]:
    """Return the share of the variance of the log hazard that each unknown part carries, the largest first.

    Arguments: parts; total (draws, the log hazard with everything that varies between draws).
    Notes: the share is the covariance of the part with the total, over the variance of the total, so that all parts together carry
    all of it.
    """
    spread = float(np.var(total))
    if spread <= 0.0:
        return ()
    found = []
    for part in parts:
        if part.unknown:
            share = float(np.mean((part.effect - part.effect.mean()) * (total - total.mean()))) / spread
            if share > LEAST:
                found.append(Missing(part.name, part.unknown, min(share, 1.0)))
    return tuple(sorted(found, key=lambda m: -m.share))
