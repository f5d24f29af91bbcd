"""Lower bounds on the time to an event: where a risk curve is read so that a stated share of teeth outlasts it, in each group of risk.

A bound is *missed* when the event came before it. The share missed is counted on teeth that the model had not seen, and the risk at which the
curves are read is set so that the share is as stated, group by group [candes2023].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from amelo.forecast.scores.censoring import survival_curve

__all__ = ["GROUPS", "LEVELS", "RISKIEST", "bound", "missed", "read_at"]

GROUPS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)  # groups of score; the last is the riskiest twentieth
RISKIEST = 0.05
LEVELS = (0.05, 0.10)  # share of teeth that a bound may miss
HALVINGS = 30
MOST = 0.999  # no curve is read above it


def bound(risk: np.ndarray, grid: np.ndarray, at: float | np.ndarray) -> np.ndarray:
    """Return the time [y] at which each risk curve reaches ``at``, the last of the grid where it does not.

    Arguments: risk (teeth × times), grid (times [y]), at (one risk, or one per tooth).
    """
    reached = (risk < np.broadcast_to(np.asarray(at), (len(risk),))[:, None]).sum(1)
    return grid[np.minimum(reached, len(grid) - 1)]


def missed(bounds: np.ndarray, time: np.ndarray, event: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the share lost before its bound, by Kaplan-Meier on time relative to the bound."""
    times, alive = survival_curve(time / bounds, event, weight)
    index = np.searchsorted(times, 1.0, "left")
    return float(1 - alive[index - 1]) if index else 0.0


def read_at(risk: np.ndarray, grid: np.ndarray, level: float, share: Callable[[np.ndarray], float]) -> float:
    """Return the risk q such that the share that misses the time of risk q is ``level``, by bisection.

    Arguments: risk (teeth × times), grid (times [y]), level, share (of teeth that miss given bounds).
    """
    low, high = 0.0, min(6 * level, MOST)
    for _ in range(HALVINGS):
        q = 0.5 * (low + high)
        if share(bound(risk, grid, q)) > level:
            high = q
        else:
            low = q
    return float(f"{low:.5g}")
