"""From a score to the hazard of losing a tooth over time, shared by the teeth of one mouth.

    log H(t | η) = s(log t) + (a + b·log t)·η + c·η²,    s a natural cubic spline

H is what a population shows.  Mouths differ in more than their scores say: each has a lasting sturdiness z, gamma with mean 1 and variance
θ, and given z the hazard is z·(exp(θH) − 1)/θ, which averages over mouths to H again.  What already happened in a mouth moves its z
[clayton1978].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Survival"]

MOST = 5.0  # of log H, where nothing survives: keeps the exponential finite
EARLIEST = 1 / 365.25  # years; the hazard below a day is a straight line to zero


@dataclass(frozen=True)
class Survival:
    """The hazard of a score over time.

    Arguments: knots of log time [log y], coefficients (intercept, spline, then η, η·log t, η²), root (lower triangular root of their
    covariance), centre (score of η = 0), variance (θ of the mouths) and its standard error.
    """

    knots: np.ndarray
    coefficients: np.ndarray
    root: np.ndarray
    centre: float
    variance: float
    variance_error: float

    @classmethod
    def load(cls, model: dict[str, Any]) -> Survival:
        """Read it from a model file."""
        part = model["survival"]
        arrays = {name: np.array(part[name], float) for name in ("knots", "coefficients", "root")}
        return cls(**arrays, **{name: float(part[name]) for name in ("centre", "variance", "variance_error")})

    def hazard(self, score: np.ndarray, times: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
        """Return the cumulative hazard of teeth in the population, of shape teeth × times.

        Arguments: score of each tooth; times [y]; coefficients (others than the fitted ones, for draws).
        """
        coefficients = self.coefficients if coefficients is None else coefficients
        log_time = np.log(np.maximum(times, EARLIEST))
        out = self._law(coefficients, log_time, self.bounded(score)[:, None])
        return np.maximum.accumulate(out, axis=1) * np.minimum(times / EARLIEST, 1.0)

    def hazard_at(self, score: np.ndarray, time: np.ndarray) -> np.ndarray:
        """Return the cumulative hazard of each tooth at its own time [y]."""
        log_time = np.log(np.maximum(time, EARLIEST))
        return self._law(self.coefficients, log_time, self.bounded(score)) * np.minimum(time / EARLIEST, 1.0)

    def _law(self, coefficients: np.ndarray, log_time: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Return H of the formula above, for shapes of log time and η that go together."""
        bend = len(self.knots)
        a, b, c = coefficients[bend:]
        baseline = coefficients[0] + self.spline(log_time) @ coefficients[1:bend]
        return np.exp(np.minimum(baseline + (a + b * log_time) * eta + c * eta**2, MOST))

    def bounded(self, score: np.ndarray) -> np.ndarray:
        """Return η, held where the hazard stops rising with the score at any time up to five years."""
        bend = len(self.knots)
        a, b, c = self.coefficients[bend:]
        slopes = [a + b * np.log(t) for t in (0.25, 5.0)]
        eta = score - self.centre
        if c < 0:
            return np.minimum(eta, min(slopes) / (-2 * c))
        return np.maximum(eta, max(-slope / (2 * c) for slope in slopes)) if c > 0 else eta

    def spline(self, log_time: np.ndarray) -> np.ndarray:
        """Return the basis of the spline, of shape times × (knots − 1)."""
        from amelo.forecast.scores.calibration import natural_spline

        return natural_spline(log_time, self.knots)

    def given(self, hazard: np.ndarray, variance: float) -> np.ndarray:
        """Return the cumulative hazard of a tooth in a mouth of average sturdiness (z = 1)."""
        return np.expm1(variance * hazard) / variance if variance > 1e-9 else hazard

    def variances(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Return draws of the variance between mouths."""
        if self.variance_error <= 0:
            return np.full(draws, self.variance)
        shape = (self.variance / self.variance_error) ** 2
        return rng.gamma(shape, self.variance / shape, draws)

    def sturdiness(self, rng: np.random.Generator, variance: float, lost: float = 0.0, expected: float = 0.0) -> np.ndarray:
        """Return draws of z of one mouth, after ``lost`` teeth where ``expected`` (sum of hazards given z = 1) were to be lost."""
        variance = np.maximum(variance, 1e-4)
        return rng.gamma(1 / variance + lost) / (1 / variance + expected)
