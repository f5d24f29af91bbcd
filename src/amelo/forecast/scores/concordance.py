"""Concordance: whether the tooth that was lost first had been ranked higher.

Every function takes weights, so that a bootstrap over patients is one call with counts and no copy of the data.
"""

from __future__ import annotations

import numba
import numpy as np

from amelo.forecast.scores.censoring import Censoring

__all__ = ["harrell_c", "uno_c", "within_mouth_c"]


def harrell_c(time: np.ndarray, event: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return Harrell's C: the share of comparable pairs that are ranked as they fell; a tie of risks counts half.

    Arguments: time [y], event (bool), risk (higher is sooner), weight of each tooth [1]; each of shape teeth.
    Assumptions: of two teeth with the same time, one lost and one censored, the lost one is taken to be first.
    Source: harrell1982.
    """
    weight = np.ones(len(time)) if weight is None else weight
    return float(_pairs(time, event.astype(bool), _ranks(risk), weight, weight * event, True))


def uno_c(
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    censoring: Censoring,
    until: float = 5.0,
    weight: np.ndarray | None = None,
) -> float:
    """Return Uno's C up to a time: as Harrell's, with every pair weighted by how likely it was to be seen.

    Arguments: as :func:`harrell_c`; censoring (fitted on the training patients), until [y].
    Source: uno2011.
    """
    weight = np.ones(len(time)) if weight is None else weight
    seen = event.astype(bool) & (time < until)
    return float(_pairs(time, seen, _ranks(risk), weight, np.where(seen, weight / censoring.before(time) ** 2, 0.0), False))


def within_mouth_c(
    time: np.ndarray, event: np.ndarray, risk: np.ndarray, mouth: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """Return Harrell's C over pairs of teeth of one mouth.

    Arguments: as :func:`harrell_c`; mouth (patient of each tooth).
    """
    weight = np.ones(len(time)) if weight is None else weight
    order = np.argsort(mouth, kind="stable")
    return float(_pairs_within(time[order], event.astype(bool)[order], risk[order], mouth[order], weight[order]))


def _ranks(risk: np.ndarray) -> np.ndarray:
    return np.unique(risk, return_inverse=True)[1].astype(np.int64) + 1


@numba.njit(cache=True)
def _pairs(time, event, rank, weight, of_event, censored_later):  # pragma: no cover
    """Walk from the latest time to the earliest; a Fenwick tree over ranks holds the weight of what is later."""
    n, top = len(time), rank.max()
    tree, total, agree, pairs = np.zeros(top + 1), 0.0, 0.0, 0.0
    order = np.argsort(-time)
    i = 0
    while i < n:
        j = i
        while j < n and time[order[j]] == time[order[i]]:
            j += 1
        for turn in range(3):
            for a in order[i:j]:
                first = censored_later and not event[a]
                if (turn == 0 and first) or (turn == 2 and not first):
                    total += weight[a]
                    at = rank[a]
                    while at <= top:
                        tree[at] += weight[a]
                        at += at & -at
                elif turn == 1 and event[a]:
                    below, upto, at = 0.0, 0.0, rank[a] - 1
                    while at > 0:
                        below += tree[at]
                        at -= at & -at
                    at = rank[a]
                    while at > 0:
                        upto += tree[at]
                        at -= at & -at
                    agree += of_event[a] * 0.5 * (below + upto)
                    pairs += of_event[a] * total
        i = j
    return agree / pairs if pairs > 0 else np.nan


@numba.njit(cache=True)
def _pairs_within(time, event, risk, mouth, weight):  # pragma: no cover
    agree, pairs, start, n = 0.0, 0.0, 0, len(time)
    while start < n:
        stop = start
        while stop < n and mouth[stop] == mouth[start]:
            stop += 1
        for i in range(start, stop):
            if not event[i]:
                continue
            for j in range(start, stop):
                if time[j] > time[i] or (time[j] == time[i] and not event[j]):
                    pairs += weight[i]
                    agree += weight[i] * (1.0 if risk[j] < risk[i] else 0.5 if risk[j] == risk[i] else 0.0)
        start = stop
    return agree / pairs if pairs > 0 else np.nan
