"""How good a forecast of caries onset is, with intervals by resampling children.

Scored are molars that were sound at the first examination and seen again (``followed``). Whether one is carious N years later is known
when it was seen carious by then, or sound then or later, within GRACE years, since examinations are about a year apart; the others are
undetermined and left out of the AUC, and their share is told. Expected over observed leaves out none: each tooth is expected to decay
with its risk up to N years or to its last examination, whichever is earlier; an interval that straddles N years counts by the part of it
that lies before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from amelo.forecast.caries.cohort import Cohort

__all__ = ["GRACE", "HORIZONS", "Forecasts", "Scorer", "compare", "intervals"]

HORIZONS = (2, 3, 4)  # years after the first examination
GRACE = 0.25  # years by which an examination may come early or late


@dataclass(frozen=True)
class Forecasts:
    """What a model says per followed tooth: log probability of the observed interval, the risk at each horizon, and that up to the horizon or to
    its last examination."""

    log_likelihood: np.ndarray
    risk: dict[int, np.ndarray]
    expected: dict[int, np.ndarray]

    def take(self, rows: np.ndarray) -> Forecasts:
        """Return those of some teeth."""
        part = lambda values: {n: v[rows] for n, v in values.items()}  # noqa: E731
        return Forecasts(self.log_likelihood[rows], part(self.risk), part(self.expected))


def _auc(score: np.ndarray, case: np.ndarray, weight: np.ndarray) -> float:
    """Return the weighted probability that a case scores above another, ties counted half."""
    _, place = np.unique(score, return_inverse=True)
    cases = np.bincount(place, weight * case)
    others = np.bincount(place, weight * ~case)
    below = others.cumsum() - others / 2
    total = cases.sum() * others.sum()
    return float((cases * below).sum() / total) if total else np.nan


class Scorer:
    """The figures of forecasts for one cohort, under any weights of its children."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort = cohort.take(cohort.followed)
        self.low, self.high = cohort.lo - cohort.age_base, cohort.hi - cohort.age_base
        self.case = {n: self.high <= n + GRACE for n in HORIZONS}
        self.known = {n: self.case[n] | (self.low >= n - GRACE) for n in HORIZONS}
        self.first, self.second, self.ordered = self._pairs()
        self.observed = {n: _observed(self.low, self.high, n) for n in HORIZONS}

    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs of teeth of one mouth, the first carious before the second could be; ordered: the second later, too."""
        child, seen = self.cohort.child, ~np.isnan(self.high)
        first, second, both = [], [], []
        for shift in (1, 2, 3, -1, -2, -3):
            i = np.arange(max(0, -shift), len(child) - max(0, shift))
            i = i[child[i] == child[i + shift]]
            i = i[seen[i] & ((self.high[i] <= self.low[i + shift]) | ~seen[i + shift])]
            first, second, both = [*first, i], [*second, i + shift], [*both, self.high[i] <= self.low[i + shift]]
        return np.concatenate(first), np.concatenate(second), np.concatenate(both)

    def figures(self, forecasts: Forecasts, weight: np.ndarray | None = None) -> dict[str, float]:
        """Return every figure.

        Arguments: forecasts (of the followed teeth, in the order of the cohort), weight (children, 1 each when left out).
        """
        child = self.cohort.child
        w = np.ones(len(child)) if weight is None else weight[child]
        found = {"log_likelihood": float(np.average(forecasts.log_likelihood, weights=w))}
        for n in HORIZONS:
            known = self.known[n]
            found[f"auc_{n}y"] = _auc(forecasts.risk[n][known], self.case[n][known], w[known])
        score, pair = forecasts.risk[HORIZONS[-1]], w[self.first]
        right = (score[self.first] > score[self.second]) + 0.5 * (score[self.first] == score[self.second])
        never = np.isnan(self.high[self.second])
        found["within_mouth_c"] = _mean(right[never], pair[never])
        found["within_mouth_c_ordered"] = _mean(right[self.ordered], pair[self.ordered])
        for n in HORIZONS:
            observed = float((self.observed[n] * w).sum())
            found[f"expected_observed_{n}y"] = float((forecasts.expected[n] * w).sum()) / observed if observed else np.nan
        known = self.known[4]
        found["expected_observed_4y_known"] = _mean(forecasts.risk[4][known], w[known]) / _mean(self.case[4][known], w[known])
        return found

    def undetermined(self) -> dict[str, float]:
        """Return the share of followed teeth whose state at each horizon is not known."""
        return {f"undetermined_{n}y": float(1 - self.known[n].mean()) for n in HORIZONS}


def _observed(low: np.ndarray, high: np.ndarray, years: float) -> np.ndarray:
    part = (years - low) / np.maximum(high - low, 1e-9)
    return np.where(np.isnan(high), 0.0, np.clip(part, 0, 1))


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    total = weight.sum()
    return float((values * weight).sum() / total) if total else np.nan


def _resamples(children: int, replicates: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(replicates):
        yield np.bincount(rng.integers(0, children, children), minlength=children).astype(float)


def intervals(
    children: int, figures: Callable[[np.ndarray | None], dict[str, float]], *, replicates: int, seed: int
) -> dict[str, dict[str, float]]:
    """Return ``{figure: {value, low, high}}``, the 95 % interval by resampling children.

    Arguments: children (their number), figures (a function of the weights of the children, None for all alike), replicates, seed.
    """
    value = figures(None)
    drawn = [figures(weight) for weight in _resamples(children, replicates, seed)]
    found = {}
    for name in value:
        low, high = np.nanquantile([d[name] for d in drawn], [0.025, 0.975]) if drawn else (np.nan, np.nan)
        found[name] = {"value": value[name], "low": float(low), "high": float(high)}
    return found


def compare(scorer: Scorer, ours: Forecasts, theirs: Forecasts, *, replicates: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the differences ours minus theirs, with intervals over the same resamples of children."""

    def difference(weight: np.ndarray | None) -> dict[str, float]:
        a, b = scorer.figures(ours, weight), scorer.figures(theirs, weight)
        return {name: a[name] - b[name] for name in a}

    return intervals(int(scorer.cohort.child.max()) + 1, difference, replicates=replicates, seed=seed)
