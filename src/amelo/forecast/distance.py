"""How unlike the people of a cohort somebody is: a distance of what is known, and the sentence that is said when it is too far.

What is known stands on a normal scale with its covariance in the cohort; the distance is the squared Mahalanobis distance per value. Rules
on age, saliva or genes catch what a cohort never recorded, the distance catches what it recorded and never saw together.
"""

from __future__ import annotations

import numpy as np

__all__ = ["TYPICAL", "distance", "typical", "unlike"]

RIDGE = 0.2  # of a variance of about one
FEW = 5.0  # values added to the count, so that one odd value alone decides nothing
TYPICAL = (0.5, 0.95, 0.99, 0.999)  # quantiles of the cohort that a model keeps; beyond the last it is silent


def distance(covariance: np.ndarray, residual: np.ndarray) -> float:
    """Return the squared Mahalanobis distance per value; a ridge keeps what follows almost exactly from the rest from deciding it.

    Arguments: covariance (values × values) and residual (values less their mean) of what is known, on the normal scale.
    """
    if not len(residual):
        return 0.0
    solved = np.linalg.solve(covariance + RIDGE * np.eye(len(residual)), residual)
    return float(residual @ solved) / (len(residual) + FEW)


def typical(distances: np.ndarray) -> list[float]:
    """Return the quantiles :data:`TYPICAL` of the distances in a cohort, as JSON values."""
    return [float(f"{v:.5g}") for v in np.quantile(distances, TYPICAL)]


def unlike(found: float, usual: np.ndarray | list[float]) -> str:
    """Return why nothing is said of somebody that far from the cohort, "" when it is not too far.

    Arguments: found (a distance), usual (as :func:`typical` returns it).
    """
    if found <= usual[-1]:
        return ""
    return "what is recorded of this mouth is less usual than in 999 of 1000 mouths of the cohort"
