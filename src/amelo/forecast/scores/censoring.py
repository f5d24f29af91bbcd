"""How likely a tooth was still under observation: what scores divide by, so that the censored count for nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Censoring", "survival_curve"]

LEAST = 1e-3  # a share seen that is smaller would give one tooth the weight of a thousand


def survival_curve(time: np.ndarray, event: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return times [y] and the Kaplan-Meier survival just after each.

    Arguments: time [y], event (bool), weight of each tooth [1].
    Source: kaplan1958.
    """
    weight = np.ones(len(time)) if weight is None else weight
    times, index = np.unique(time, return_inverse=True)
    ended = np.bincount(index, weight * event, len(times))
    at_risk = np.bincount(index, weight, len(times))[::-1].cumsum()[::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.where(at_risk > 0, 1 - ended / at_risk, 1.0)
    return times, np.cumprod(steps)


@dataclass(frozen=True)
class Censoring:
    """The share still under observation: times [y] and the share just after each."""

    times: np.ndarray
    share: np.ndarray

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray) -> Censoring:
        """Estimate from times and events, by Kaplan-Meier with the censored as events; losses at a time come before the censored."""
        later = np.where(event.astype(bool), time, np.nextafter(time, np.inf))  # a loss leaves the risk set first
        return cls(*survival_curve(later, ~event.astype(bool)))

    def before(self, time: np.ndarray | float) -> np.ndarray:
        """Return the share under observation just before ``time`` [y]."""
        return self._at(time, "left")

    def after(self, time: np.ndarray | float) -> np.ndarray:
        """Return the share under observation just after ``time`` [y]."""
        return self._at(np.nextafter(time, np.inf), "right")

    def _at(self, time: np.ndarray | float, side: str) -> np.ndarray:
        index = np.searchsorted(self.times, time, side)
        return np.maximum(np.concatenate(([1.0], self.share))[index], LEAST)
