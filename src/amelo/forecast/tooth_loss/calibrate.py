"""Fit what stands between a score and a probability, on scores of teeth that their trees had not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.scores.calibration import natural_spline
from amelo.forecast.tooth_loss.survival import EARLIEST, Survival

__all__ = ["fit_survival"]

AT = (0.02, 0.25, 0.5, 0.75, 0.98)  # quantiles of the times of loss where the spline has its knots
LANDMARKS, FORWARD = (0.5, 1.0, 2.0), 2.0  # years: what is known until then, and how far it is followed
PARTS = 20  # of the mouths, for the error of their variance


def fit_survival(score: np.ndarray, time: np.ndarray, event: np.ndarray, mouth: np.ndarray) -> dict[str, Any]:
    """Fit the hazard of a score by maximum likelihood, its covariance with mouths as units, and the variance between mouths.

    Arguments: score, time [y], event (bool), mouth (index), each per tooth.
    Returns: the plain values that :meth:`Survival.load` reads.
    """
    from scipy.optimize import minimize

    centre = float(score.mean())
    log_time = np.log(np.maximum(time, EARLIEST))
    knots = np.quantile(log_time[event], AT)
    eta = score - centre
    value, slope = _design(log_time, eta, knots)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        log_hazard, rise = np.minimum(value @ beta, 20.0), slope @ beta
        hazard, safe = np.exp(log_hazard), np.maximum(rise, 1e-6)
        total = np.sum(hazard) - np.sum((log_hazard + np.log(safe))[event])
        gradient = value.T @ hazard - value[event].sum(0) - ((rise > 1e-6)[event] / safe[event]) @ slope[event]
        return total / len(time), gradient / len(time)

    start = np.zeros(value.shape[1])
    start[:2], start[len(knots)] = (-3.0, 0.8), 0.6
    beta = minimize(loss, start, jac=True, method="BFGS", options={"maxiter": 2000, "gtol": 1e-8}).x
    root = np.linalg.cholesky(_covariance(beta, value, slope, event, mouth))
    model = {"knots": _plain(knots), "coefficients": _plain(beta), "root": [_plain(row) for row in root], "centre": centre}
    survival = Survival(knots, beta, root, centre, 1.0, 0.0)
    variance, error = _variance(survival, score, time, event, mouth)
    return model | {"variance": variance, "variance_error": error}


def _design(log_time: np.ndarray, eta: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of log H and of its slope in log time."""
    one, none, h = np.ones_like(log_time), np.zeros_like(log_time), 1e-5
    spline = natural_spline(log_time, knots)
    rise = (natural_spline(log_time + h, knots) - natural_spline(log_time - h, knots)) / (2 * h)
    value = np.column_stack([one, spline, eta, eta * log_time, eta**2])
    return value, np.column_stack([none, rise, none, eta, none])


def _covariance(beta, value, slope, event, mouth) -> np.ndarray:
    """Return the sandwich covariance with mouths as independent units."""
    hazard, rise = np.exp(np.minimum(value @ beta, 20.0)), np.maximum(slope @ beta, 1e-6)
    each = value * (hazard - event)[:, None] - slope * (event / rise)[:, None]
    bread = value.T @ (value * hazard[:, None]) + slope.T @ (slope * (event / rise**2)[:, None])
    by_mouth = np.zeros((mouth.max() + 1, value.shape[1]))
    np.add.at(by_mouth, mouth, each)
    inverse = np.linalg.inv(bread)
    covariance = inverse @ (by_mouth.T @ by_mouth) @ inverse
    return covariance + 1e-12 * np.trace(covariance) * np.eye(len(beta))


def _variance(survival: Survival, score: np.ndarray, time: np.ndarray, event: np.ndarray, mouth: np.ndarray) -> tuple[float, float]:
    """Return the variance θ of the lasting sturdiness of mouths and its standard error.

    Assumptions: fitted to what comes after landmarks given what a mouth lost before them, because teeth that are taken out on one day
    stand together in the data without saying anything of the years to come.  Error by leaving out a twentieth of the mouths at a time.
    """
    from scipy.optimize import minimize_scalar

    population = survival.hazard_at(score, time)
    parts = [
        (s, survival.hazard_at(score, np.minimum(time, s)), survival.hazard_at(score, np.minimum(time, s + FORWARD)))
        for s in LANDMARKS
    ]

    def losses(log_variance: float) -> np.ndarray:
        """Return minus the log-likelihood of each mouth's later years."""
        v, out = np.exp(log_variance), np.zeros(mouth.max() + 1)
        for landmark, before, until in parts:
            seen = event & (time > landmark) & (time <= landmark + FORWARD)
            early, ahead = survival.given(before, v), survival.given(until, v) - survival.given(before, v)
            lost = np.bincount(mouth, event & (time <= landmark))[mouth]
            shape, rate = 1 / v + lost, 1 / v + np.bincount(mouth, early)[mouth]
            each = shape * np.log1p(ahead / rate) - np.where(seen, np.log(shape / (rate + ahead)) + v * population, 0.0)
            out += np.bincount(mouth, np.where(time > landmark, each, 0.0), len(out))
        return out

    def best(keep: np.ndarray) -> float:
        return minimize_scalar(lambda x: losses(x)[keep].sum(), bounds=(-6.0, 2.5), method="bounded", options={"xatol": 1e-3}).x

    group = np.random.default_rng(0).permutation(mouth.max() + 1) % PARTS
    without = np.exp([best(group != k) for k in range(PARTS)])
    error = np.sqrt((PARTS - 1) / PARTS * np.sum((without - without.mean()) ** 2))
    return float(f"{np.exp(best(group >= 0)):.4g}"), float(f"{error:.4g}")


def _plain(values: np.ndarray) -> list[float]:
    return [float(f"{v:.9g}") for v in values]
