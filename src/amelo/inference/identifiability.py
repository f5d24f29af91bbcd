"""Which parameters, and which combinations of them, the measured points determine; in numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from amelo.inference.priors import Priors

__all__ = ["Direction", "Ridge", "directions", "ridges", "widths"]

RIDGE = 0.85  # correlation from which two parameters are said to trade off
UNKNOWN = 0.8  # posterior over prior width from which the data are said to be silent
SAME_TERM = 0.05  # coefficient below which a parameter is left out of a combination
ADVICE = "a profile at another time, points nearer to the surface, or an independent measurement of one of them tells them apart"


@dataclass(frozen=True)
class Direction:
    """An eigenvector of the Fisher information: eigenvalue (1 where data say as much as a prior of unit width) and share by parameter."""

    information: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Ridge:
    """Two parameters that trade off: names, correlation, the combination that is known, and a sentence."""

    names: tuple[str, str]
    correlation: float
    combination: str
    sentence: str


def directions(fisher: np.ndarray) -> tuple[Direction, ...]:
    """Return the eigenvectors of the Fisher information (p, p) on the steps, the best known first."""
    values, vectors = np.linalg.eigh(fisher)
    return tuple(Direction(float(max(values[i], 0.0)), tuple(float(v) for v in vectors[:, i])) for i in np.argsort(-values))


def widths(draws: np.ndarray) -> np.ndarray:
    """Return 5-95 % width of draws (S, p) of the steps, relative to that of the priors, about 2 × 1.645 steps."""
    from scipy.special import ndtri

    low, high = np.percentile(draws, (5.0, 95.0), axis=0)
    return (high - low) / (2.0 * ndtri(0.95))


def ridges(priors: Priors, covariance: np.ndarray) -> tuple[Ridge, ...]:
    """Return the pairs of parameters that trade off, the closest first.

    Arguments: priors; covariance (p, p) of the steps after the measurement.
    """
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    pairs = [(i, j) for i, j in combinations(range(len(priors)), 2) if abs(correlation[i, j]) > RIDGE]
    return tuple(
        _ridge(priors, covariance, i, j, float(correlation[i, j])) for i, j in sorted(pairs, key=lambda p: -abs(correlation[p]))
    )


def _ridge(priors: Priors, covariance: np.ndarray, i: int, j: int, correlation: float) -> Ridge:
    part = covariance[np.ix_((i, j), (i, j))]
    values, vectors = np.linalg.eigh(part)
    known = vectors[:, 0] / priors.scale[[i, j]]  # the direction that is known best, per unit of value or of its log10
    error = float(np.sqrt(max(values[0], 0.0)) / np.abs(known).max())
    known = known / known[np.argmax(np.abs(known))]
    words = _combination([priors.names[i], priors.names[j]], priors.logarithmic[[i, j]], known)
    names = (priors.names[i], priors.names[j])
    pores = {"porosity", "pore_diffusivity", "diffusivity_scale", "free_diffusivity", "porosity_exponent"}
    special = ""
    if "dissolution_rate" in names and pores & set(names):
        special = ", the known ridge of rate and pores: how much is lost fixes one combination, the shape of the profile the other"
    sentence = (
        f"{names[0]} and {names[1]} trade off (correlation {correlation:+.2f}{special}): {words} is known to ±{1.645 * error:.2g}, "
        f"each alone is not; {ADVICE}"
    )
    return Ridge(names, correlation, words, sentence)


def _combination(names: Sequence[str], logarithmic: Sequence[bool], factors: Sequence[float]) -> str:
    terms = [(f, f"log10({n})" if log else n) for n, log, f in zip(names, logarithmic, factors, strict=True) if abs(f) > SAME_TERM]
    terms.sort(key=lambda term: -abs(term[0]))
    text = "".join(f" {'+' if f > 0 else '−'} {'' if abs(abs(f) - 1) < 0.005 else f'{abs(f):.2g}·'}{word}" for f, word in terms)
    return text.removeprefix(" + ").strip()
