"""The most probable parameters: nonlinear least squares from several starts, with every derivative from one ensemble run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amelo.errors import SolveError
from amelo.inference.posterior import Posterior, jacobian

__all__ = ["Mode", "find_mode", "follow"]

SCANNED = 31  # points of the prior that are tried before the best are followed
SPREAD = 2.0  # prior standard deviations within which they lie
FOLLOWED = 2  # starts beside the central one
ROUNDS = 12  # of parameters and noise in turn
SAME = 0.5  # posterior standard deviations within which two ends are one


@dataclass(frozen=True, eq=False)
class Mode:
    """The most probable parameters.

    Fields: x (p,) steps; noise (log of the standard deviation, 0 where it is stated); predicted (D,) [vol%]; slope (D, p) of the
    predictions by the steps; cost (half of squared residuals and scores); ends (sentence on where the starts led); evaluations.
    """

    x: np.ndarray
    noise: float
    predicted: np.ndarray
    slope: np.ndarray
    cost: float
    ends: str
    evaluations: int

    def curvature(self, posterior: Posterior) -> np.ndarray:
        """Return the information (size, size) on the coordinates: Fisher information of the points, plus that of the priors.

        Assumptions: of the two pieces of a prior the wider one, so that the normal distribution covers both.
        """
        p = len(self.x)
        whole = np.zeros((posterior.size, posterior.size))
        slopes = np.minimum(posterior.priors.slopes(np.full(p, -1.0)), posterior.priors.slopes(np.full(p, 1.0)))
        whole[:p, :p] = self.fisher(posterior) + np.diag(slopes**2)
        if posterior.sd is None:
            squares = ((self.predicted - posterior.measured) ** 2).sum() * np.exp(-2.0 * self.noise)
            whole[p, p] = 2.0 * squares + 1.0 / posterior.noise_prior[1] ** 2
        return whole

    def fisher(self, posterior: Posterior) -> np.ndarray:
        """Return what the points say of the steps (p, p), without the priors."""
        scaled = self.slope / np.broadcast_to(posterior.spread(self.noise), self.predicted.shape)[:, None]
        return scaled.T @ scaled


def find_mode(posterior: Posterior, *, seed: int = 0, on_progress: Callable[[float, str], None] | None = None) -> Mode:
    """Return the most probable parameters and noise.

    Arguments: posterior; seed of the starts; on_progress (fraction, message).
    Raises: SolveError when no start has an answer.
    Assumptions: the mode is that of the density over scores, in which every prior is a standard normal.
    """
    from scipy.stats import qmc

    told = on_progress or (lambda fraction, message: None)
    priors = posterior.priors
    low, high = priors.bounds
    told(0.0, "trying starts")
    cube = qmc.LatinHypercube(len(priors), rng=np.random.default_rng(seed)).random(SCANNED)
    starts = np.clip(priors.from_scores(SPREAD * (2.0 * cube - 1.0)), low, high)
    starts = np.concatenate([np.clip(np.zeros((1, len(priors))), low, high), starts])
    noise = posterior.noise_prior[0]
    predicted = posterior.model(priors.values(starts))
    density = posterior.log_likelihood(predicted, np.log(10.0)) - 0.5 * (priors.scores(starts) ** 2).sum(axis=1)
    if not np.isfinite(density).any():
        raise SolveError(
            "no run of the specimen within the ranges of its parameters has an answer", fix="try it with 'amelo simulate'"
        )
    order = [0, *(int(i) for i in np.argsort(-density) if i != 0)] if np.isfinite(density[0]) else np.argsort(-density)
    modes = []
    for i, start in enumerate(starts[list(order[: FOLLOWED + 1])]):
        told((i + 1) / (FOLLOWED + 3), f"fitting from start {i + 1} of {FOLLOWED + 1}")
        modes.append(follow(posterior, start, noise))
    totals = [_total(posterior, mode) for mode in modes]
    best = modes[int(np.argmin(totals))]
    p = len(priors)
    information = best.curvature(posterior)[:p, :p]
    apart = [float(np.sqrt((m.x - best.x) @ information @ (m.x - best.x))) > SAME for m in modes]
    away = [m for m, t, other in zip(modes, totals, apart, strict=True) if other and t < min(totals) + 3.0]
    ends = f"{len(modes)} starts, chosen from {len(starts)}, led to one place"
    if away:
        ends = f"{len(away)} of {len(modes)} starts ended elsewhere with nearly the same fit: the data allow more than one answer"
    elif any(apart):
        ends = f"of {len(modes)} starts, chosen from {len(starts)}, the best fit was kept; others ended in worse ones"
    return Mode(best.x, best.noise, best.predicted, best.slope, best.cost, ends, sum(m.evaluations for m in modes))


def _total(posterior: Posterior, mode: Mode) -> float:
    count = len(posterior.measured)
    return mode.cost + (count * mode.noise if posterior.sd is None else 0.0)


def follow(posterior: Posterior, start: np.ndarray, noise: float) -> Mode:
    """Follow one start to its end, parameters and noise in turn."""
    x, evaluations, mode = start, 0, None
    for _ in range(ROUNDS if posterior.sd is None else 1):
        mode = _least_squares(posterior, x, noise)
        x, evaluations = mode.x, evaluations + mode.evaluations
        if posterior.sd is None:
            before, noise = noise, posterior.best_noise(mode.predicted)
            if abs(noise - before) < 0.01:
                break
    return Mode(x, noise if posterior.sd is None else 0.0, mode.predicted, mode.slope, mode.cost, "", evaluations)


def _least_squares(posterior: Posterior, start: np.ndarray, noise: float) -> Mode:
    from scipy.optimize import least_squares

    priors = posterior.priors
    low, high = priors.bounds
    seen: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def at(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if x.tobytes() not in seen:
            predicted, slope = jacobian(posterior.model, priors, x)
            seen[x.tobytes()] = predicted[0], slope[0]
        return seen[x.tobytes()]

    def residuals(x: np.ndarray) -> np.ndarray:
        return np.concatenate([(at(x)[0] - posterior.measured) / posterior.spread(noise), priors.scores(x)])

    def slopes(x: np.ndarray) -> np.ndarray:
        spread = np.broadcast_to(posterior.spread(noise), posterior.measured.shape)
        return np.concatenate([at(x)[1] / spread[:, None], np.diag(priors.slopes(x))])

    inside = np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    found = least_squares(residuals, inside, slopes, bounds=(low, high), x_scale=1.0, xtol=1e-6, ftol=1e-8, gtol=1e-8, max_nfev=60)
    predicted, slope = at(found.x)
    return Mode(found.x, noise, predicted, slope, float(found.cost), "", found.nfev)
