"""The chain of stages that a surface goes through, its transition probabilities, and the frailty of patients as nodes.

Stages follow one another and none is left backwards. ``xp`` is the array module: numpy when forecasting, jax.numpy when fitting, so
that both use the same equations.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["FASTEST", "MOVES", "STAGES", "advance", "age_share", "frailty_nodes", "generator", "transition"]

STAGES = ("sound", "E1", "E2", "border", "D1", "D2", "D3", "pulp")
MOVES = len(STAGES) - 1
YOUNG, GROWN = 13.5, 23.5  # years: the middles of the ages that were compared, 12-15 and 20-27
FASTEST = 4.0  # per year: no stage is passed in less than three months on average, whoever the patient is
SHORT = 0.5  # years: step of the series, in which no rate times step is above 2
HALVINGS = 5
TERMS = (
    11  # of the series within a step: exact to 5e-4 with several stages at the fastest rate, to 1e-9 with rates up to one a year
)
NODES = 20
SPAN = (1e-6, 20.0)  # frailties: a variance of 2.5 has a weight of 0.4 % below; points a factor of 2.4 apart are exact to 1e-3


def age_share(age: Any, xp: ModuleType = np) -> Any:
    """Return how far an age is on the way from adolescence (0) to young adulthood (1), by which log rates change."""
    return xp.clip((xp.asarray(age) - YOUNG) / (GROWN - YOUNG), 0.0, 1.0)


def _moves() -> np.ndarray:
    parts = np.zeros((MOVES, len(STAGES), len(STAGES)))
    for k in range(MOVES):
        parts[k, k, k], parts[k, k, k + 1] = -1.0, 1.0
    return parts


_PARTS = _moves()
_FLOW = _PARTS.sum(axis=0)  # what leaves a stage arrives in the next


def generator(rates: Any, xp: ModuleType = np) -> Any:
    """Return the matrix of rates, from stage (row) to stage (column).

    Arguments: rates (… × 7) of leaving each stage for the next [1/year].
    """
    return xp.tensordot(rates, xp.asarray(_PARTS), axes=1)


def transition(rates: Any, years: Any, xp: ModuleType = np) -> Any:
    """Return the probabilities of being in each stage (column) some years after each stage (row): exp(Q·t).

    Arguments: rates (… × 7) [1/year], years (number or array that broadcasts with …).
    Notes: Taylor series of a fraction of the step, squared; rows sum to one to round-off.
    """
    years = xp.asarray(years)
    step = generator(rates, xp) * (years[..., None, None] / 2**HALVINGS)
    unit = xp.eye(len(STAGES))
    found = unit
    for k in range(TERMS, 0, -1):
        found = unit + step @ found / k
    for _ in range(HALVINGS):
        found = found @ found
    return found


def advance(occupied: Any, rates: Any, years: float, xp: ModuleType = np) -> Any:
    """Return the occupation of the stages some time later, by the series of exp(Q·t) on the vector in short steps.

    Arguments: occupied (… × 8), rates (… × 7, none above ``FASTEST``) [1/year], years (a number, up to one), xp.
    """
    pieces = math.ceil(years / SHORT - 1e-9) if isinstance(years, int | float) else round(1 / SHORT)
    step = years / pieces
    leaving = xp.concatenate([rates, xp.zeros_like(rates[..., :1])], axis=-1)
    for _ in range(pieces):
        term = found = occupied
        for k in range(1, TERMS + 1):
            term = (leaving * term * (step / k)) @ _FLOW
            found = found + term
        occupied = found
    return occupied


def frailty_nodes(variance: Any, xp: ModuleType = np) -> tuple[np.ndarray, Any]:
    """Return frailties and their weights: a gamma distribution of mean 1 on a fixed grid, even in the logarithm.

    Arguments: variance [1].
    Returns: frailties (20), weights (20, adding up to 1); differentiable in the variance.
    """
    log = np.linspace(math.log(SPAN[0]), math.log(SPAN[1]), NODES)
    nodes = np.exp(log)
    shape = 1.0 / variance
    density = shape * (log - nodes)  # log of z^shape · exp(-shape z), for weights over log z
    density = xp.exp(density - xp.max(density))
    return nodes, density / xp.sum(density)
