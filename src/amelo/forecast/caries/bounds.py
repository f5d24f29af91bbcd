"""Lower bounds on when caries begins: until when a share of molars like this one stays sound, with a coverage that holds by group of risk.

Examinations are a year apart, so nobody knows on which day a molar became carious, and whether a bound between two examinations was missed.
Three datings are kept apart. ``likely``: where in its interval the molar's own risk curve puts caries, or evenly over it, whichever is earlier;
bounds are set by it, and it is the coverage that they state. Only the shape within a year is taken from the model, and where it is in doubt the
bound is earlier. ``earliest``: just after the last sound examination, so that no coverage can be lower; bounds set by it would be 0 wherever
the risk of the first year is beyond the level, which in the riskiest fifth is most molars. ``latest``: at the examination that found it, so
that no coverage can be higher; bounds set by it would be missed up to four times as often as they say.

Molars of one child decide together. What is set on n children holds for another one on average when the share missed among them stays below
level·(n + 1)/n − 1/n: children are counted, and not their molars [angelopoulos2024, dunn2023].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.bounds import GROUPS, LEVELS, RISKIEST, bound, read_at

__all__ = ["DATINGS", "GRID", "LATEST", "Coverage", "Missed", "Seen", "curves_of", "fit_bounds", "lower_bounds", "outlasts"]

LATEST = 4.0  # years; no bound says more, since most children were followed for little longer
GRID = np.linspace(0.04, LATEST, 100)  # years at which a bound can stand: two weeks apart
SCORED = int(np.argmin(np.abs(GRID - 2.0)))  # groups are of the risk within two years
DATINGS = ("likely", "earliest", "latest")
PIECES = 12  # of the chance within an interval, each at its own time
SOON = 1e-6  # years; an examination on the day of the first one
BEYOND = np.arange(4.5, 20.1, 0.5)  # years; an interval may end after the last bound


@dataclass(frozen=True)
class Seen:
    """What was seen of some molars after they were forecast.

    Arguments: risk (molars × GRID, as it was forecast), low, high [y] (caries within (low, high], high NaN where it was not seen), child
    (index), pieces (molars × PIECES [y], when caries is likely to have begun, NaN where it was not seen).
    """

    risk: np.ndarray
    low: np.ndarray
    high: np.ndarray
    child: np.ndarray
    pieces: np.ndarray

    @classmethod
    def of(cls, risk: np.ndarray, low: np.ndarray, high: np.ndarray, child: np.ndarray) -> Seen:
        """Date caries within its interval."""
        parts = (np.arange(PIECES) + 0.5) / PIECES
        pieces = low[:, None] + (high - low)[:, None] * parts
        times = np.concatenate([[0.0], GRID, BEYOND])
        total = -np.log1p(-np.minimum(risk, 1 - 1e-12))
        slope = (total[:, -1] - total[:, SCORED]) / (LATEST - GRID[SCORED])
        for k in np.flatnonzero(~np.isnan(high)):
            curve = -np.expm1(-np.concatenate([[0.0], total[k], total[k, -1] + slope[k] * (BEYOND - LATEST)]))
            start, end = np.interp([low[k], high[k]], times, curve)
            if end > start:
                inside = (times > low[k]) & (times < high[k])
                at, of = np.concatenate([[low[k]], times[inside], [high[k]]]), np.concatenate([[start], curve[inside], [end]])
                pieces[k] = np.minimum(pieces[k], np.interp(start + parts * (end - start), of, at))
        return cls(risk, low, high, child, pieces)

    def take(self, rows: np.ndarray) -> Seen:
        """Return some of the molars."""
        return Seen(self.risk[rows], self.low[rows], self.high[rows], self.child[rows], self.pieces[rows])

    @property
    def score(self) -> np.ndarray:
        """The risk within two years, by which molars are grouped."""
        return self.risk[:, SCORED]


class Missed:
    """The share of molars that became carious before their bound, by Kaplan-Meier on time relative to the bound, under any weights.

    Arguments: bounds [y], seen (the same molars), dating (of :data:`DATINGS`).
    """

    def __init__(self, bounds: np.ndarray, seen: Seen, dating: str = DATINGS[0]) -> None:
        carious = np.flatnonzero(~np.isnan(seen.high))
        rest = np.flatnonzero(np.isnan(seen.high))
        at = {"likely": seen.pieces, "earliest": seen.low[:, None], "latest": seen.high[:, None]}[dating][carious].T
        rows = np.concatenate([np.tile(carious, len(at)), rest])
        share = np.concatenate([np.full(at.size, 1 / len(at)), np.ones(len(rest))])
        event = np.arange(len(rows)) < at.size
        relative = np.maximum(np.concatenate([at.ravel(), seen.low[rest]]), SOON) / bounds[rows]
        early = np.flatnonzero(relative < 1)
        order = early[np.lexsort((~event[early], relative[early]))]  # caries at a time comes before the end of follow-up
        self.count, self.rows, self.share, self.event = len(bounds), rows[order], share[order], event[order]

    def __call__(self, weight: np.ndarray | None = None) -> float:
        """Return the share under weights of the molars, 1 each when left out."""
        weight = np.ones(self.count) if weight is None else weight
        part = weight[self.rows] * self.share
        at_risk = weight.sum() - np.cumsum(part) + part
        left = 1 - np.where(self.event, part, 0.0) / np.where(at_risk > 0, at_risk, 1.0)
        return float(1 - np.prod(np.clip(left, 0, 1)))


def curves_of(forecaster: Any) -> np.ndarray:
    """Return the risk of each molar of a cohort by every time of :data:`GRID` after the first examination (molars × times).

    Arguments: forecaster (whose ``risk`` takes years and returns one number per molar).
    """
    return np.stack([forecaster.risk(float(years)) for years in GRID], axis=1)


def fit_bounds(seen: Seen) -> dict[str, Any]:
    """Return the risk at which a lower bound is read, by group of risk, so that its coverage holds in each.

    Arguments: seen (molars forecast by models that had not seen the child).
    Returns: ``edges`` of the groups (risk within two years), ``levels``, ``risk`` (groups × levels), ``latest`` [y].
    Assumptions: children to come are like those here (exchangeable); when they stay away from examinations does not depend on their teeth.
    """
    edges = np.quantile(seen.score, GROUPS[1:-1])
    group = np.searchsorted(edges, seen.score, "right")
    table = []
    for g in range(len(edges) + 1):
        of = seen.take(group == g)
        children = max(len(np.unique(of.child)), 1)
        asked = [max((level * (children + 1) - 1) / children, 0.0) for level in LEVELS]
        table.append([read_at(of.risk, GRID, level, lambda bounds, of=of: Missed(bounds, of)()) for level in asked])
    return {"edges": [float(f"{e:.6g}") for e in edges], "levels": list(LEVELS), "risk": table, "latest": LATEST}


def lower_bounds(part: dict[str, Any], risk: np.ndarray, level: float) -> np.ndarray:
    """Return the time [y] that a share ``1 − level`` of molars like each outlast; the latest stands for "four years or more".

    Arguments: part (as :func:`fit_bounds` returns it), risk (molars × GRID), level (one of those of the part).
    """
    group = np.searchsorted(np.array(part["edges"]), risk[:, SCORED], "right")
    return bound(risk, GRID, np.array(part["risk"])[group, part["levels"].index(level)])


def outlasts(part: dict[str, Any], risk: np.ndarray, latest: float) -> tuple[tuple[float, float], ...]:
    """Return coverage and bound [y] of one molar for every level, the widest coverage last.

    Arguments: part, risk (by :data:`GRID`), latest [y] (how far the model reaches for this child; no bound says more).
    """
    if latest < GRID[0]:
        return ()
    levels = sorted(part["levels"], reverse=True)
    return tuple((1 - level, float(min(lower_bounds(part, risk[None], level)[0], latest))) for level in levels)


class Coverage:
    """How many molars outlast their bounds, in all and in the riskiest twentieth, under any weights of their children.

    Arguments: bounds (level: [y], per molar), seen (the same molars).
    """

    def __init__(self, bounds: dict[float, np.ndarray], seen: Seen) -> None:
        self.child, self.parts = seen.child, {}
        everyone, top = np.ones(len(seen.low), bool), seen.score >= np.quantile(seen.score, 1 - RISKIEST)
        for level, at in bounds.items():
            name = f"coverage_{100 * (1 - level):.0f}"
            asked = [("", everyone, "likely"), ("_bounded", at < LATEST, "likely"), ("_riskiest", top, "likely")]
            asked += [("_at_least", everyone, "earliest"), ("_at_most", everyone, "latest")]
            asked += [("_riskiest_at_least", top, "earliest"), ("_riskiest_at_most", top, "latest")]
            for suffix, of, dating in asked:
                self.parts[name + suffix] = (np.flatnonzero(of), Missed(at[of], seen.take(of), dating))

    @classmethod
    def of(cls, part: dict[str, Any], seen: Seen) -> Coverage:
        """Look at molars with the bounds of a model."""
        return cls({level: lower_bounds(part, seen.risk, level) for level in part["levels"]}, seen)

    @classmethod
    def across(cls, seen: Seen, *, seed: int = 0) -> Coverage:
        """Look at each half of the children with bounds that were set on the other half."""
        half = (np.random.default_rng(seed).permutation(int(seen.child.max()) + 1) % 2)[seen.child]
        found = {level: np.full(len(half), np.nan) for level in LEVELS}
        for k in (0, 1):
            part = fit_bounds(seen.take(half != k))
            for level in LEVELS:
                found[level][half == k] = lower_bounds(part, seen.risk[half == k], level)
        return cls(found, seen)

    def figures(self, weight: np.ndarray | None = None) -> dict[str, float]:
        """Return every share that outlasts its bound.

        Arguments: weight (children, 1 each when left out).
        """
        of = np.ones(len(self.child)) if weight is None else weight[self.child]
        return {name: 1 - missed(of[rows]) for name, (rows, missed) in self.parts.items()}
