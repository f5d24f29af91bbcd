"""From a start to a projection: the chances of every member, carried through the years."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from amelo.errors import ParameterError
from amelo.years.hazards import Hazards, hazards_of
from amelo.years.projection import Projection, Worth
from amelo.years.start import Start
from amelo.years.states import EVENTS, STATES, Weights

__all__ = ["STEP", "project", "propagate"]

STEP = 0.25  # years
BLOCK = 512  # members that one thread takes at a time


def propagate(hazards: Hazards, years: float, step: float = STEP, threads: int = 1) -> tuple[np.ndarray, ...]:
    """Return times (T,) [year], chances of states (M, T, 8), expected counts of events (M, T, 12) and the chance of none (M, T).

    Arguments: hazards; years; step [year]; threads.
    Raises: ParameterError for years that are no whole number of steps.
    """
    from concurrent.futures import ThreadPoolExecutor

    from amelo.years.kernel import loop  # compiled: worth its start only here

    steps = round(years / step)
    if not (0.0 < step <= 0.5 and steps >= 1 and abs(steps * step - years) < 1e-9 and years <= 60.0):
        raise ParameterError(
            f"{years:g} years in steps of {step:g}", why="up to 60 years, a whole number of steps of half a year or less"
        )
    march, count = loop().march, len(hazards.state)
    occupied, happened = np.empty((count, steps + 1, len(STATES))), np.empty((count, steps + 1, len(EVENTS)))
    untouched = np.empty((count, steps + 1))

    def block(first: int) -> None:
        rows = slice(first, first + BLOCK)
        part = hazards.part(rows)
        march(steps, step, *(getattr(part, f.name) for f in fields(part)), occupied[rows], happened[rows], untouched[rows])

    firsts = range(0, count, BLOCK)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(block, firsts))
    else:
        for first in firsts:
            block(first)
    return np.arange(steps + 1) * step, occupied, happened, untouched


def project(
    start: Start,
    years: float = 10.0,
    *,
    seed: int = 0,
    weights: Weights | None = None,
    discount: float = 0.0,
    spread: bool = True,
    step: float = STEP,
    threads: int = 1,
) -> Projection:
    """Return what becomes of a tooth within some years of its treatment.

    Arguments: start; years; seed of draws from posteriors and of frailties, the same for arms that are to be compared; weights of states
    (default: the declared ones); discount of later quality and cost [1/year]; spread, whether each member draws its own
    constants from their ranges; step [year]; threads.
    Raises: ParameterError for what cannot be.
    Assumptions: given a member's hazards its events compete independently; see ``docs/years.md`` for what is assumed of each.
    """
    if not 0.0 <= discount <= 0.2:
        raise ParameterError(f"a discount of {discount:g} a year", why="it lies between 0 and 0.2")
    hazards = hazards_of(start, seed, spread=spread)
    times, occupied, happened, untouched = propagate(hazards, years, step, threads)
    worth = Worth(weights or Weights.default(), discount)
    return Projection(times, occupied, happened, untouched, hazards, worth, seed)
