"""How long lesions stay in enamel, as a study of teenagers would tell it: from completed times alone, and with censoring in the
likelihood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from amelo.forecast.stages.chain import STAGES
from amelo.forecast.stages.designs import later, occupied_at

__all__ = ["confined_to_enamel"]

BEGAN, FIRST, LAST = 10.5, 14, 18  # ages: surfaces at risk, first and last film; four years of follow-up, films every year
E1, BORDER = STAGES.index("E1"), STAGES.index("border")


def confined_to_enamel(rates: Callable[[Any], Any], weights: np.ndarray) -> tuple[float, float]:
    """Return the mean time [year] that lesions stay in enamel, naively and with censoring.

    The naive mean takes the lesions whose beginning and end were both seen, from the first film that shows them to the first that
    shows them in dentine. The other is the exponential
    likelihood of every new lesion: it began somewhere between two films (doubly censored entry), ended between two or not before
    the last.

    Arguments: rates (of ages, ages × nodes × 7), weights (nodes).
    """
    enamel = np.zeros(len(STAGES))
    enamel[E1:BORDER] = 1.0
    unseen = occupied_at(rates, BEGAN, FIRST, nodes=len(weights))
    unseen = unseen * np.r_[1.0, np.zeros(len(STAGES) - 1)]  # new lesions only: sound at the first film
    complete: list[tuple[float, float]] = []  # weight, years
    open_ended: list[tuple[float, float]] = []
    followed: dict[int, np.ndarray] = {}
    for age in range(FIRST, LAST):
        for begun, stages in list(followed.items()):
            moved = later(stages, rates, age, age + 1)
            out = float(weights @ moved[:, BORDER:].sum(axis=1))
            complete.append((out, age + 1 - begun))
            followed[begun] = moved * enamel
        unseen = later(unseen, rates, age, age + 1)
        followed[age + 1] = unseen * enamel
        unseen = unseen * np.r_[1.0, np.zeros(len(STAGES) - 1)]
    for begun, stages in followed.items():
        open_ended.append((float(weights @ stages.sum(axis=1)), LAST - begun))
    naive = sum(w * t for w, t in complete) / sum(w for w, _ in complete)
    return naive, 1.0 / _rate(complete, open_ended)


def _rate(complete: list[tuple[float, float]], open_ended: list[tuple[float, float]]) -> float:
    """Return the maximum-likelihood rate [1/year] when films are a year apart.

    A lesion first seen on one film began at an even chance anywhere in the year before; that it was seen at all, and what was seen
    after, both carry that unknown part
    of a year, and it cancels: it left between the films k - 1 and k years later, or not before the last.
    """
    grid = np.exp(np.linspace(np.log(1e-3), np.log(3.0), 4000))
    log = sum(weight * np.log(np.exp(-grid * (years - 1)) - np.exp(-grid * years)) for weight, years in complete)
    log = log - grid * sum(weight * years for weight, years in open_ended)
    return float(grid[np.argmax(log)])
