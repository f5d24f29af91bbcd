"""Lower bounds on the time of loss: until when a share of teeth like this one is kept, with a coverage that holds by group of risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.bounds import GROUPS, LEVELS, bound, missed, read_at
from amelo.forecast.tooth_loss.survival import Survival

__all__ = ["LATEST", "fit_bounds", "lower_bounds"]

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

    def read(g: int, level: float) -> float:
        of = group == g
        return read_at(risk[of], GRID, level, lambda bounds: missed(bounds, time[of], event[of]))

    table = [[read(g, level) for level in LEVELS] for g in range(len(edges) + 1)]
    return {"edges": _plain(edges), "levels": list(LEVELS), "risk": table}


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
