"""A normal approximation of a posterior at its mode, checked: draws are weighed by the true density, and the weights are judged.

The check is Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao, Gabry 2024): the shape k of the largest weights says
whether averages over the draws can be trusted.  Draws come from a Student t distribution, whose tails are heavier than a normal's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amelo.inference.mode import Mode
from amelo.inference.posterior import Posterior

__all__ = ["FAIR", "Weighed", "laplace", "pareto_smoothed"]

FREEDOM = 7.0  # degrees of freedom of the proposal
FAIR = 0.7  # shape k from which the weights cannot be trusted
BATCH = 256  # members solved between two reports of progress
FEWEST = 10.0  # effective draws per hundred below which the approximation is called poor


@dataclass(frozen=True, eq=False)
class Weighed:
    """Draws (S, size) of the coordinates with equal weight, and what the weights they were chosen by were like.

    Fields: draws; shape (k of the largest weights); effective (number of independent draws that they are worth); proposed; good;
    sentence.
    """

    draws: np.ndarray
    shape: float
    effective: float
    proposed: int
    good: bool
    sentence: str


def laplace(
    posterior: Posterior, mode: Mode, *, samples: int, seed: int = 0, on_progress: Callable[[float, str], None] | None = None
) -> Weighed:
    """Return draws of a posterior, chosen from a normal approximation by their true weight.

    Arguments: posterior; mode; samples (proposed, and returned); seed; on_progress (fraction, message).
    Returns: the draws; where the check fails they are those of the approximation itself, and the sentence says so.
    """
    from scipy.stats import multivariate_t

    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    middle = np.append(mode.x, mode.noise)[: posterior.size]
    covariance = np.linalg.inv(mode.curvature(posterior))
    proposal = multivariate_t(middle, 0.5 * (covariance + covariance.T), df=FREEDOM)
    proposed = np.atleast_2d(proposal.rvs(samples, random_state=rng)).reshape(samples, posterior.size)
    density = np.empty(samples)
    for first in range(0, samples, BATCH):
        if on_progress:
            on_progress(first / samples, "weighing draws")
        part = slice(first, first + BATCH)
        density[part] = posterior.log_density(proposed[part])
    smoothed, shape = pareto_smoothed(density - proposal.logpdf(proposed))
    weights = np.exp(smoothed - smoothed.max())
    weights /= weights.sum()
    effective = float(1.0 / (weights**2).sum())
    good = bool(shape <= FAIR and effective >= FEWEST * samples / 100.0)
    words = f"{samples} draws are worth {effective:.0f} independent ones, Pareto k {shape:.2f}"
    if good:
        chosen = proposed[rng.choice(samples, samples, p=weights)]
        return Weighed(
            chosen, shape, effective, samples, True, f"the normal approximation, weighed by the true density, holds: {words}"
        )
    possible = proposed[np.isfinite(density)]
    why = f"k is above {FAIR}" if shape > FAIR else "few of its draws are probable"
    sentence = f"the normal approximation does not describe the posterior ({words}; {why}): take its intervals as rough, or use --method nuts"
    chosen = possible[rng.choice(len(possible), samples)] if len(possible) else np.tile(middle, (samples, 1))
    return Weighed(chosen, shape, effective, samples, False, sentence)


def pareto_smoothed(log_weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return log weights (S,) with their largest replaced by quantiles of a fitted Pareto distribution, and its shape k.

    Assumptions: the tail is the largest fifth, or 3 sqrt(S) where that is less; k is drawn towards 0.5 as by ten more draws.
    """
    count = len(log_weights)
    weights = np.array(log_weights, dtype=float)
    weights[~np.isfinite(weights)] = -np.inf
    tail = int(min(0.2 * count, 3.0 * np.sqrt(count)))
    if tail < 5 or not np.isfinite(weights).any():
        return weights, float("inf")
    weights -= weights.max()
    order = np.argsort(weights)
    cut = weights[order[-tail - 1]]
    if not np.isfinite(cut):  # fewer possible draws than the tail is long
        return weights, float("inf")
    excess = np.exp(weights[order[-tail:]]) - np.exp(cut)
    if excess.max() <= 1e-12 * np.exp(cut):  # equal weights
        return weights, float("-inf")
    shape, scale = _generalised_pareto(np.maximum(excess, 1e-300))
    quantiles = (np.arange(tail) + 0.5) / tail
    stretched = -scale * np.log1p(-quantiles) if abs(shape) < 1e-8 else scale * np.expm1(-shape * np.log1p(-quantiles)) / shape
    weights[order[-tail:]] = np.minimum(np.log(np.exp(cut) + stretched), 0.0)
    return weights, shape


def _generalised_pareto(excess: np.ndarray) -> tuple[float, float]:
    """Return shape and scale of sorted values above a threshold, by the estimator of Zhang and Stephens (2009)."""
    count = len(excess)
    grid = 30 + int(np.sqrt(count))
    candidates = 1.0 / excess[-1] + (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (
        3.0 * excess[int(count / 4 + 0.5) - 1]
    )
    shapes = np.log1p(-candidates[:, None] * excess).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        profile = count * (np.log(-candidates / shapes) - shapes - 1.0)
    weights = np.array([1.0 / np.exp(np.clip(profile - p, -700, 700)).sum() for p in profile])
    theta = float((candidates * weights).sum() / weights.sum())
    shape = float(np.log1p(-theta * excess).mean())
    scale = -shape / theta
    return (count * shape + 5.0) / (count + 10.0), scale
