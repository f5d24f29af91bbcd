"""Exact bounds on a chance of harm from counts among untouched scenarios, with every look at them paid for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from amelo.errors import ParameterError

__all__ = ["Looks", "lower_bound", "most_violations", "upper_bound"]


def upper_bound(violations: int | np.ndarray, count: int | np.ndarray, error: float) -> np.ndarray:
    """Return the upper Clopper-Pearson bound of a chance: it lies above with a probability of at most ``error``.

    Arguments: violations among count scenarios, numbers or arrays; error, one-sided.
    """
    from scipy.special import betaincinv

    k, n = np.asarray(violations, float), np.asarray(count, float)
    _counts(k, n, error)
    return np.where(k >= n, 1.0, betaincinv(np.where(k < n, k + 1.0, 1.0), np.maximum(n - k, 1e-300), 1.0 - error))


def lower_bound(violations: int | np.ndarray, count: int | np.ndarray, error: float) -> np.ndarray:
    """Return the lower Clopper-Pearson bound of a chance; arguments as for ``upper_bound``."""
    from scipy.special import betaincinv

    k, n = np.asarray(violations, float), np.asarray(count, float)
    _counts(k, n, error)
    return np.where(k <= 0.0, 0.0, betaincinv(np.maximum(k, 1e-300), n - k + 1.0, error))


def _counts(k: np.ndarray, n: np.ndarray, error: float) -> None:
    if not ((k >= 0.0) & (k <= n) & (n > 0.0)).all():
        raise ParameterError(
            "violations are below 0, or more than scenarios", why="a count lies between 0 and the number looked at"
        )
    if not 0.0 < error < 1.0:
        raise ParameterError(f"an error of {error:g} is out of range", why="it lies between 0 and 1")


@cache
def most_violations(count: int, limit: float, error: float) -> int:
    """Return the most violations among so many scenarios that certify a chance at or below a limit, -1 where none does.

    Arguments: count; limit; error, one-sided.
    """
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        if float(upper_bound(middle, count, error)) <= limit:
            low = middle
        else:
            high = middle
    return low


@dataclass(frozen=True)
class Looks:
    """Looks at untouched scenarios that are planned beforehand: sizes (scenarios after each), candidates, classes of harm, error of all together.

    What is certified holds for every candidate, class and look at once with the confidence that was asked for: the error is shared out
    evenly (Bonferroni), over candidates and looks; a plan must pass in every class, so that no class takes from another: the chance to pass wrongly
    is that of the class that is violated.
    """

    sizes: tuple[int, ...]
    candidates: int
    error: float

    @property
    def each(self) -> float:
        """Error of one look at one candidate."""
        return self.error / (len(self.sizes) * self.candidates)

    def verdict(self, violations: int, count: int, limit: float) -> bool | None:
        """Return True for certified, False for beyond the limit, None for not known yet."""
        if float(upper_bound(violations, count, self.each)) <= limit:
            return True
        return False if float(lower_bound(violations, count, self.each)) > limit else None
