"""How well parameters explain measured points: residuals, their derivative, and the log density of parameters and noise.

Noise is independent and normal from point to point; its standard deviation is stated, point by point, or estimated with a prior of its
own.  Coordinates of a density: the p steps of the parameters (see ``amelo.inference.priors``) and, where the noise is estimated, the
logarithm of its standard deviation [vol%].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amelo.inference.priors import Priors
from amelo.params import load_set
from amelo.twin.ensemble import TAIL

__all__ = ["Model", "Posterior", "jacobian"]

Model = Callable[[np.ndarray], np.ndarray]
ONE_SIDED = 1e-4  # the same of a difference to one side
STEP = 2e-3  # of a finite difference, in prior standard deviations; the solver repeats itself to about 1e-9


def jacobian(model: Model, priors: Priors, x: np.ndarray, *, central: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions (C, D) and their derivatives (C, D, p) at steps x (C, p), all in one ensemble.

    Arguments: model; priors; x; central (differences of second order, at 2 p + 1 members per point, or of first order at p + 1).
    An exact adjoint of the model would replace this function and nothing else.
    """
    x = np.atleast_2d(x)
    points, p = x.shape
    step = STEP if central else ONE_SIDED
    shifts = step * np.eye(p)
    offsets = np.concatenate([np.zeros((1, p)), -shifts, *([shifts] if central else [])])
    found = model(priors.values((x[:, None] + offsets).reshape(-1, p))).reshape(points, len(offsets), -1)
    ahead, behind = found[:, p + 1 :] if central else found[:, :1], found[:, 1 : p + 1]
    return found[:, 0], np.moveaxis((ahead - behind) / (step * (2.0 if central else 1.0)), 1, 2)


@dataclass(frozen=True, eq=False)
class Posterior:
    """A model beside measurements.

    Fields: model (values (M, p) to mineral (M, D) [vol%]); priors; measured (D,) [vol%]; sd (D,) [vol%], or None where it is estimated.
    """

    model: Model
    priors: Priors
    measured: np.ndarray
    sd: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of coordinates: parameters, and the noise where it is estimated."""
        return len(self.priors) + (self.sd is None)

    def spread(self, noise: np.ndarray | float) -> np.ndarray:
        """Return the standard deviation of every point (…, D), or (…, 1), for log noise (…)."""
        return self.sd if self.sd is not None else np.exp(np.asarray(noise))[..., None]

    @cached_property
    def noise_prior(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of the noise [vol%]."""
        from scipy.special import ndtri

        known = load_set("microradiography")["noise"]
        return float(np.log(known.value)), float(np.log(known.high / known.low) / (2.0 * ndtri(1.0 - TAIL)))

    def log_likelihood(self, predicted: np.ndarray, noise: np.ndarray | float) -> np.ndarray:
        """Return the log likelihood (…) of predictions (…, D), -inf where there is no prediction."""
        spread = self.spread(noise)
        terms = -0.5 * ((predicted - self.measured) / spread) ** 2 - np.log(spread)
        return np.where(np.isfinite(predicted).all(axis=-1), np.where(np.isfinite(terms), terms, -np.inf).sum(axis=-1), -np.inf)

    def log_prior(self, theta: np.ndarray) -> np.ndarray:
        """Return the log density (…) of coordinates (…, size) before the measurement."""
        p = len(self.priors)
        density = self.priors.log_density(theta[..., :p])
        if self.sd is None:
            middle, width = self.noise_prior
            density = density - 0.5 * ((theta[..., p] - middle) / width) ** 2
        return density

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        """Return the log density (M,) of coordinates (M, size), up to a constant; what is impossible is not solved."""
        p = len(self.priors)
        prior = self.log_prior(theta)
        out = np.full(len(theta), -np.inf)
        possible = np.flatnonzero(np.isfinite(prior))
        if len(possible):
            predicted = self.model(self.priors.values(theta[possible, :p]))
            noise = theta[possible, p] if self.sd is None else 0.0
            out[possible] = prior[possible] + self.log_likelihood(predicted, noise)
        return out

    def best_noise(self, predicted: np.ndarray) -> float:
        """Return the most probable log noise for predictions (D,)."""
        from scipy.optimize import minimize_scalar

        squares, count = float(((predicted - self.measured) ** 2).sum()), len(self.measured)
        middle, width = self.noise_prior

        def cost(noise: float) -> float:
            return 0.5 * squares * np.exp(-2.0 * noise) + count * noise + 0.5 * ((noise - middle) / width) ** 2

        return float(minimize_scalar(cost, bounds=(np.log(1e-3), np.log(100.0)), method="bounded", options={"xatol": 1e-8}).x)
