"""Lower bounds on the time of loss: until when a share of teeth like this one is kept, with a coverage that holds by group of risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.scores.censoring import survival_curve
from amelo.forecast.tooth_loss.survival import Survival

__all__ = ["LATEST", "bound", "fit_bounds", "lower_bounds", "missed"]

GROUPS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)  # groups of score; the last is the riskiest twentieth
LEVELS = (0.05, 0.10)
LATEST = 5.0  # years; no bound says more
GRID = np.linspace(0.02, LATEST, 250)  # years at which a bound can stand: a week apart


def fit_bounds(score: np.ndarray, time: np.ndarray, event: np.ndarray, survival: Survival) -> dict[str, Any]:
    """Return the risk at which a lower bound on the time of loss is read, by group of score, so that its coverage holds in each group.

    Arguments: score, time [y], event (bool) of teeth that the trees had not seen; survival.
    Returns: ``edges`` of the groups (scores), ``levels``, ``risk`` (groups × levels).
    Assumptions: mouths to come are like those here (exchangeable); groups by score, because one risk for all covers the riskiest less
    [candes2023].
    """
    edges = np.quantile(score, GROUPS[1:-1])
    group = np.searchsorted(edges, score, "right")
    risk = -np.expm1(-survival.hazard(score, GRID))
    table = [
        [_read_at(risk[group == g], GRID, time[group == g], event[group == g], level) for level in LEVELS]
        for g in range(len(edges) + 1)
    ]
    return {"edges": _plain(edges), "levels": list(LEVELS), "risk": table}


def _read_at(risk: np.ndarray, grid: np.ndarray, time: np.ndarray, event: np.ndarray, level: float) -> float:
    """Return the risk q such that the share lost before the time of risk q is ``level``, by bisection."""
    low, high = 0.0, min(6 * level, 0.999)
    for _ in range(30):
        q = 0.5 * (low + high)
        if missed(bound(risk, grid, q), time, event) > level:
            high = q
        else:
            low = q
    return float(f"{low:.5g}")


def bound(risk: np.ndarray, grid: np.ndarray, at: float | np.ndarray) -> np.ndarray:
    """Return the time [y] at which each risk curve reaches ``at``, the last of the grid where it does not."""
    reached = (risk < np.broadcast_to(np.asarray(at), (len(risk),))[:, None]).sum(1)
    return grid[np.minimum(reached, len(grid) - 1)]


def missed(bounds: np.ndarray, time: np.ndarray, event: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the share lost before its bound, by Kaplan-Meier on time relative to the bound."""
    times, alive = survival_curve(time / bounds, event, weight)
    index = np.searchsorted(times, 1.0, "left")
    return float(1 - alive[index - 1]) if index else 0.0


def lower_bounds(model: dict[str, Any], score: np.ndarray, level: float) -> np.ndarray:
    """Return the time [y] that a share ``1 − level`` of teeth like this one outlast; the latest stands for "five years or more".

    Arguments: model, score of each tooth, level (one of those of the model).
    """
    part, survival = model["bounds"], Survival.load(model)
    group = np.searchsorted(np.array(part["edges"]), score, "right")
    at = np.array(part["risk"])[group, part["levels"].index(level)]
    return bound(-np.expm1(-survival.hazard(score, GRID)), GRID, at)


def _plain(values: np.ndarray) -> list[float]:
    return [float(f"{v:.9g}") for v in values]
