"""Events of our own making with predictions that are right by construction, seen at visits about a year apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

__all__ = ["Teeth", "teeth", "visited"]


@dataclass(frozen=True)
class Teeth:
    """Time of the event [y] of each tooth and its true survival as a function of time; low and high as visits leave them; mouth."""

    time: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mouth: np.ndarray
    level: np.ndarray
    shape: str

    def risk(self, years: float, *, slope: float = 1.0, factor: float = 1.0) -> np.ndarray:
        """Return the true risk by a time, or one spread by a slope and raised by a factor on the scale of the cumulative hazard."""
        hazard = -np.log(self.survival(years))
        middle = np.exp(np.log(hazard).mean())
        return -np.expm1(-factor * middle * (hazard / middle) ** slope)

    def survival(self, years: float) -> np.ndarray:
        if self.shape == "log-normal":
            return 1 - ndtr((np.log(years) - 2.2 + 0.8 * self.level) / 1.1)
        if self.shape == "frail":  # a normal frailty of the mouth with spread 1, integrated
            nodes, weights = np.polynomial.hermite_e.hermegauss(30)
            rate = np.exp(self.level[:, None] + nodes)
            return np.exp(-0.02 * years**1.4 * rate) @ weights / weights.sum()
        return np.exp(-0.03 * years**1.4 * np.exp(self.level))


def teeth(count: int, seed: int, shape: str = "weibull", *, lost: float = 0.3, missed: float = 0.1) -> Teeth:
    """Return teeth, four a mouth.

    Arguments: shape ("weibull": proportional hazards; "log-normal": not; "frail": with a frailty that teeth of a mouth share), lost (share
    of mouths that stop coming), missed (share of visits at which a tooth was not seen).
    """
    rng = np.random.default_rng(seed)
    mouth = np.arange(count) // 4
    level = (rng.normal(size=count) + rng.normal(size=mouth[-1] + 1)[mouth]) / np.sqrt(2)
    if shape == "log-normal":
        time = np.exp(2.2 - 0.8 * level + 1.1 * rng.normal(size=count))
    elif shape == "frail":
        rate = 0.02 * np.exp(level + rng.normal(size=mouth[-1] + 1)[mouth])
        time = (rng.exponential(size=count) / rate) ** (1 / 1.4)
    else:
        time = (rng.exponential(size=count) / (0.03 * np.exp(level))) ** (1 / 1.4)
    return Teeth(time, *visited(time, mouth, rng, lost, missed), mouth, level, shape)


def visited(time, mouth, rng, lost: float, missed: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the last visit before each event and the first one after it, 0 and NaN where there is none."""
    visits = np.cumsum(rng.uniform(0.75, 1.05, (mouth[-1] + 1, 5)), 1)[mouth]
    last = np.where(rng.random(mouth[-1] + 1) < lost, rng.integers(1, 5, mouth[-1] + 1), 5)[mouth]
    there = (np.arange(5) < last[:, None]) & (rng.random(visits.shape) > missed)
    before, after = there & (visits < time[:, None]), there & (visits >= time[:, None])
    low = np.where(before, visits, 0.0).max(1)
    high = np.where(after, visits, np.inf).min(1)
    return low, np.where(np.isfinite(high), high, np.nan)
