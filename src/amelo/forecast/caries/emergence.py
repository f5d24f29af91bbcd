"""When first permanent molars emerge: normal in age, known to an interval for every tooth."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import Cohort

__all__ = ["emergence_mean", "emergence_nodes", "emergence_now", "fit_emergence", "sample_emergence"]

NODES = 4  # of Gauss-Legendre quadrature over an interval of about a year
LATEST = 2.7  # years after the first examination by which a molar not yet through is through: five standard deviations
EARLIEST = 5.0  # years; the study takes no emergence before it, so an interval from there is open downwards


def emergence_mean(girl: np.ndarray, upper: np.ndarray, model: dict[str, Any]) -> np.ndarray:
    """Return the mean age at emergence [y]; the mean child where the sex is unknown."""
    girl = np.where(np.isnan(girl), 0.5, girl)
    return model["mean"] + model["girl"] * girl + model["upper"] * np.asarray(upper)


def _nodes(low: np.ndarray, high: np.ndarray, mean: np.ndarray, sd: float) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(NODES)
    at = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * x
    weight = w * np.exp(-0.5 * ((at - mean[:, None]) / sd) ** 2) + 1e-12  # the floor keeps intervals far from the mean usable
    return at, weight / weight.sum(1, keepdims=True)


def emergence_nodes(cohort: Cohort, model: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return ages and weights (teeth × nodes) over the interval in which each molar was seen to emerge."""
    mean = emergence_mean(cohort.inputs["girl"], cohort.inputs["upper"], model)
    return _nodes(cohort.e_lo, cohort.e_hi, mean, model["sd"])


def emergence_now(cohort: Cohort, model: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return ages and weights over what the first examination tells: emerged in an interval before it, or still to come."""
    mean = emergence_mean(cohort.inputs["girl"], cohort.inputs["upper"], model)
    there = cohort.inputs["erupted_base"] == 1
    low = np.where(there, cohort.e_lo, cohort.age_base)
    high = np.where(there, cohort.e_hi, cohort.age_base + LATEST)
    return _nodes(low, high, mean, model["sd"])


def fit_emergence(cohort: Cohort) -> dict[str, float]:
    """Return the most probable mean, differences of girls and upper molars, and standard deviation, all in years."""
    from scipy.optimize import minimize
    from scipy.special import ndtr

    girl, upper = np.nan_to_num(cohort.inputs["girl"], nan=0.5), cohort.inputs["upper"]
    low = np.where(cohort.e_lo > EARLIEST, cohort.e_lo, -np.inf)

    def loss(p: np.ndarray) -> float:
        mean, sd = p[0] + p[1] * girl + p[2] * upper, np.exp(p[3])
        return -np.log(np.maximum(ndtr((cohort.e_hi - mean) / sd) - ndtr((low - mean) / sd), 1e-12)).mean()

    found = minimize(loss, [6.5, 0.0, 0.0, -0.5], method="L-BFGS-B")
    return {"mean": float(found.x[0]), "girl": float(found.x[1]), "upper": float(found.x[2]), "sd": float(np.exp(found.x[3]))}


def sample_emergence(rng: np.random.Generator, mean: np.ndarray, sd: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return ages at emergence drawn within (low, high] by rejection on a fine grid, one per element of ``mean``."""
    grid = np.linspace(0, 1, 101)[1:] - 0.005
    at = low[..., None] + (high - low)[..., None] * grid
    weight = np.exp(-0.5 * ((at - mean[..., None]) / sd) ** 2) + 1e-12
    cumulative = weight.cumsum(-1)
    pick = (cumulative < rng.random(mean.shape)[..., None] * cumulative[..., -1:]).sum(-1)
    return np.take_along_axis(at, np.minimum(pick, len(grid) - 1)[..., None], -1)[..., 0]
