"""Means and ratios of a survey with strata, clusters and weights, with intervals by Taylor linearisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import FormatError

__all__ = ["Design", "Estimate", "survey_ratio"]


@dataclass(frozen=True)
class Design:
    """One row per person: stratum, primary sampling unit within it, weight."""

    stratum: np.ndarray
    unit: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Estimate:
    """A ratio, its standard error, its 95 % interval, the degrees of freedom behind it and the number of people in the domain."""

    value: float
    error: float
    low: float
    high: float
    freedom: int
    people: int


def survey_ratio(design: Design, above: np.ndarray, below: np.ndarray | None = None, domain: np.ndarray | None = None) -> Estimate:
    """Return the weighted ratio of two totals, or a mean, in a part of the population.

    Arguments: design; above (people, such as teeth that are filled); below (people, such as teeth looked at; default 1 for a mean);
    domain (people, whether each is in the part asked
    for; those outside still count as members of their cluster, as they must).
    Returns: Estimate; the interval uses Student's t with as many degrees of freedom as there are units less strata.
    Raises: FormatError when nobody is in the domain or a stratum has one unit only.
    Notes: variance of Σ w·(above - R·below) / Σ w·below between units within strata, with replacement, as the survey's own guide
    has it.
    """
    inside = np.ones(len(design.weight), dtype=bool) if domain is None else np.asarray(domain, dtype=bool)
    above = np.asarray(above, dtype=float)
    below = np.ones_like(above) if below is None else np.asarray(below, dtype=float)
    weight = np.where(inside, design.weight, 0.0)
    total = float(np.sum(weight * below))
    if not total > 0.0:
        raise FormatError("nobody is in the part of the survey that was asked for", fix="widen it")
    ratio = float(np.sum(weight * above)) / total
    score = weight * (above - ratio * below) / total
    variance, freedom = 0.0, 0
    for stratum in np.unique(design.stratum):
        rows = design.stratum == stratum
        units = np.unique(design.unit[rows])
        if len(units) < 2:
            raise FormatError(
                f"stratum {stratum:g} has one sampling unit only",
                why="its variance cannot be told",
                fix="merge it with a neighbour",
            )
        sums = np.array([score[rows & (design.unit == unit)].sum() for unit in units])
        variance += len(units) / (len(units) - 1) * float(np.sum((sums - sums.mean()) ** 2))
        freedom += len(units) - 1
    from scipy.stats import t

    error = float(np.sqrt(variance))
    reach = float(t.ppf(0.975, freedom)) * error
    return Estimate(ratio, error, ratio - reach, ratio + reach, freedom, int(inside.sum()))
