"""The likelihood: caries and emergence both known to intervals, late entry, and a frailty that the molars of one child share.

A molar that emerged at age e meets the hazard exp(x·beta + sigma·z) h(age - e), h constant between knots, z standard normal per child.
With emergence in an interval and caries in (lo, hi] its contribution given z is the mean over emergence of S(lo) - S(hi); children enter
free of caries at the first examination, so that the contribution of a child is

    log ∫ φ(z) Π_j P_j(z) dz  -  log ∫ φ(z) Π_j B_j(z) dz,      B_j the probability to be sound at the first examination,

over its molars at risk then. The same text runs on numpy and on jax (``xp``).

Molars of one mouth are often found carious at one visit, more often than a frailty that lasts would have it. So what their past says of
the future is kept apart: the frailty ahead correlates with the one behind by √share (:func:`ahead`), and ``share`` is fitted forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import Cohort
from amelo.forecast.caries.emergence import emergence_nodes, emergence_now

__all__ = [
    "FRAILTY",
    "KNOTS",
    "LOG_RATE",
    "TINY",
    "Exposures",
    "ahead",
    "child_log_likelihood",
    "exposure",
    "exposures",
    "frailty_nodes",
    "pack",
    "survival_parts",
    "tooth_parts",
]

KNOTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)  # years since emergence; the last hazard goes on
SLOTS = 4  # first molars of a child
LOG_RATE = (-30.0, 6.0)  # beyond these the survival is 1 or 0 to the last digit
TINY = 1e-300
FRAILTY = np.linspace(
    -4.4, 4.4, 23
)  # nodes of the frailty for forecasts; equal steps of 0.4 integrate normals down to a spread of 0.3 exactly


def frailty_nodes(count: int = 15) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss-Hermite quadrature for the standard normal frailty of a child."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def ahead(share: float) -> np.ndarray:
    """Return the probability of the nodes of the frailty ahead given that behind (FRAILTY × FRAILTY)."""
    weight = np.exp(-0.5 * (FRAILTY - np.sqrt(share) * FRAILTY[:, None]) ** 2 / (1 - share))
    return weight / weight.sum(1, keepdims=True)


def exposure(duration: np.ndarray) -> np.ndarray:
    """Return the years that a duration since emergence spends between the knots, on a new last axis."""
    edges = np.append(KNOTS, np.inf)
    return np.clip(duration[..., None] - edges[:-1], 0, np.diff(edges))


@dataclass(frozen=True)
class Exposures:
    """Years spent between the knots up to each limit: arrays teeth × emergence nodes × pieces; weight teeth × emergence nodes.

    ``event`` is 1 where caries was seen (an upper limit is there), 0 where right-censored.
    """

    weight: np.ndarray
    to_lo: np.ndarray
    to_hi: np.ndarray
    to_base: np.ndarray
    event: np.ndarray


def exposures(cohort: Cohort, emergence: dict[str, Any], *, known_now: bool) -> Exposures:
    """Return the exposures of a cohort.

    Arguments: emergence (its model); known_now (only what is known at the first examination of when the molar emerged: for scoring
    a forecast; otherwise the whole observed interval: for training).
    """
    nodes = emergence_now if known_now else emergence_nodes
    at, weight = nodes(cohort, emergence)
    since = lambda age: exposure(np.maximum(age[:, None] - at, 0))  # noqa: E731
    lo = np.where(np.isnan(cohort.lo), 0, cohort.lo)
    hi = np.where(np.isnan(cohort.hi), 0, cohort.hi)
    return Exposures(weight, since(lo), since(hi), since(cohort.age_base), (~np.isnan(cohort.hi)).astype(float))


def survival_parts(xp: Any, eta: Any, hazard: Any, sigma: Any, years: Any, nodes: Any) -> Any:
    """Return the survival, … × emergence nodes × frailty nodes.

    Arguments: eta (… log hazard of the covariates), hazard (pieces), sigma, years (… × emergence nodes × pieces), nodes (frailty).
    """
    rate = xp.exp(xp.clip(eta[..., None] + sigma * nodes, *LOG_RATE))
    return xp.exp(-(years @ hazard)[..., None] * rate[..., None, :])


def tooth_parts(xp: Any, eta: Any, hazard: Any, sigma: Any, seen: Any, nodes: Any) -> tuple[Any, Any]:
    """Return per tooth and frailty node the probability of what was seen, and that of being sound at the first examination."""
    survive = lambda years: survival_parts(xp, eta, hazard, sigma, years, nodes)  # noqa: E731
    weight = seen.weight[..., None]
    event = seen.event[..., None, None]
    observed = (weight * (survive(seen.to_lo) - event * survive(seen.to_hi))).sum(-2)
    return xp.maximum(observed, TINY), xp.maximum((weight * survive(seen.to_base)).sum(-2), TINY)


def child_log_likelihood(xp: Any, observed: Any, sound: Any, use: Any, weights: Any) -> Any:
    """Return the log likelihood of each child.

    Arguments: observed, sound (children × slots × frailty nodes, of :func:`tooth_parts`), use (children × slots, 1 for molars at risk),
    weights (frailty nodes).
    """
    parts = lambda p: (xp.log(p) * use[..., None]).sum(-2) + xp.log(weights)  # noqa: E731
    return _log_sum(xp, parts(observed)) - _log_sum(xp, parts(sound))


def _log_sum(xp: Any, terms: Any) -> Any:
    top = terms.max(-1)
    return top + xp.log(xp.exp(terms - top[..., None]).sum(-1))


def pack(cohort: Cohort, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """Return values per tooth as children × slots × …, missing molars filled."""
    first = np.searchsorted(cohort.child, cohort.child)
    slot = np.arange(len(cohort)) - first
    packed = np.full((cohort.child.max() + 1, SLOTS, *values.shape[1:]), fill)
    packed[cohort.child, slot] = values
    return packed
