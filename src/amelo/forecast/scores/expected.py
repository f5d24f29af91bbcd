"""Scores of a forecast from what is expected of each tooth, where an interval leaves open what happened.

Each score is the mean of the ordinary one over what may have happened, with the probabilities of :mod:`.intervals`. Those are 0 or 1 for
most teeth; where all are, each score is the ordinary one. Two teeth are taken as independent given what is known of each, which is why
ranking inside a mouth is left to pairs whose order was seen.
"""

from __future__ import annotations

import numpy as np

from amelo.forecast.scores.calibration import benefit_of
from amelo.forecast.scores.intervals import Judge

__all__ = ["expected_auc", "expected_brier", "expected_c", "expected_net_benefit"]


def expected_brier(status: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the Brier score.

    Arguments: status (probability that the event came by the horizon), risk (predicted), weight of each tooth [1].
    Source: tsouprou2015.
    """
    return float(np.average(status * (1 - risk) ** 2 + (1 - status) * risk**2, weights=weight))


def expected_auc(status: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the chance that a tooth with the event by the horizon was ranked above one without; a tie counts half.

    Arguments: as :func:`expected_brier`.
    """
    weight = np.ones(len(risk)) if weight is None else weight
    return _ranked(risk, weight, status[:, None], (1 - status)[:, None])


def expected_c(judge: Judge, risk: np.ndarray, times: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the chance that of two teeth the one whose event came first, and by the last of ``times``, was ranked higher.

    It is what Uno's C is of: a property of teeth and forecast, not of how long and how often people came.

    Arguments: judge (of the ranking, its horizon the last time), risk (higher is sooner), times (rising [y]; two events between the same
    two times count as a tie), weight of each tooth [1].
    Source: uno2011, yang2026.
    """
    weight = np.ones(len(risk)) if weight is None else weight
    until = np.column_stack([np.zeros(len(risk)), *(judge.status(t) for t in times)])
    here = np.diff(until, axis=1)
    return _ranked(risk, weight, here, 1 - until[:, 1:] + 0.5 * here)


def expected_net_benefit(
    status: np.ndarray, risk: np.ndarray, thresholds: np.ndarray, weight: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the net benefit of acting on the model and on every tooth, as of :func:`.calibration.net_benefit`.

    Arguments: as :func:`expected_brier`; thresholds of risk [1].
    Source: vickers2008.
    """
    weight = np.ones(len(risk)) if weight is None else weight
    weight = weight / weight.sum()
    order = np.argsort(-risk)
    acted = np.searchsorted(-risk[order], -thresholds, "right")  # teeth at the threshold or above
    upto = lambda values: np.concatenate(([0.0], np.cumsum(values[order])))[acted]  # noqa: E731
    return benefit_of(upto(weight * status), upto(weight), float(weight @ status), thresholds)


def _ranked(risk: np.ndarray, weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of ordered pairs of different teeth in which the first has the higher risk.

    Arguments: first, second (teeth × times: chance to be the first of a pair at a time, and to be its second).
    """
    _, rank = np.unique(risk, return_inverse=True)
    of = lambda chance: np.stack([np.bincount(rank, weight * c) for c in chance.T])  # noqa: E731
    cases, others = of(first), of(second)
    below = others.cumsum(1) - others / 2
    self_pairs = float(np.sum(weight**2 * (first * second).sum(1)))  # a tooth is no pair with itself, nor with its repetitions
    total = float(np.sum(cases.sum(1) * others.sum(1))) - self_pairs
    return (float(np.sum(cases * below)) - 0.5 * self_pairs) / total if total > 0 else float("nan")
