"""Concordance: whether the tooth that was lost first had been ranked higher.

Every function takes weights, so that a bootstrap over patients is one call with counts and no copy of the data. A pair counts when it is
known which came first: when the first was lost by a time at which the second was still there. With intervals that is the end of the one
and the beginning of the other.
"""

from __future__ import annotations

import numba
import numpy as np

from amelo.forecast.scores.censoring import Censoring

__all__ = ["harrell_c", "harrell_c_intervals", "uno_c", "within_mouth_c"]


def harrell_c(time: np.ndarray, event: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return Harrell's C: the share of comparable pairs that are ranked as they fell; a tie of risks counts half.

    Arguments: time [y], event (bool), risk (higher is sooner), weight of each tooth [1]; each of shape teeth.
    Assumptions: of two teeth with the same time, one lost and one censored, the lost one is taken to be first.
    Source: harrell1982.
    """
    weight = np.ones(len(time)) if weight is None else weight
    event = event.astype(bool)
    return float(_pairs(_still_there(time, event), time, event, _ranks(risk), weight, weight * event))


def harrell_c_intervals(low: np.ndarray, high: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return Harrell's C over the pairs whose order the intervals tell.

    Arguments: low, high (lost in (low, high] years, high NaN where it was not), risk (higher is sooner), weight of each tooth [1].
    Assumptions: pairs with intervals that overlap are left out; how many those are depends on how often people came, so that values of
    cohorts with other visits cannot be set side by side.
    Source: harrell1982.
    """
    weight = np.ones(len(low)) if weight is None else weight
    event = ~np.isnan(high)
    return float(_pairs(low, np.where(event, high, low), event, _ranks(risk), weight, weight * event))


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
    of_event = np.where(seen, weight / censoring.before(time) ** 2, 0.0)
    return float(_pairs(_before(time), time, seen, _ranks(risk), weight, of_event))


def within_mouth_c(
    time: np.ndarray, event: np.ndarray, risk: np.ndarray, mouth: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """Return Harrell's C over pairs of teeth of one mouth.

    Arguments: as :func:`harrell_c`; mouth (patient of each tooth).
    """
    weight = np.ones(len(time)) if weight is None else weight
    order = np.argsort(mouth, kind="stable")
    time, event = time[order], event.astype(bool)[order]
    return float(_pairs_within(_still_there(time, event), time, event, risk[order], mouth[order], weight[order]))


def _before(time: np.ndarray) -> np.ndarray:
    return np.nextafter(time, -np.inf)


def _still_there(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Return the last time [y] at which each tooth is known to be there: the lost one just before, the censored one at its last."""
    return np.where(event, _before(time), time)


def _ranks(risk: np.ndarray) -> np.ndarray:
    return np.unique(risk, return_inverse=True)[1].astype(np.int64) + 1


@numba.njit(cache=True)
def _pairs(there, time, event, rank, weight, of_event):  # pragma: no cover
    """Walk from the latest loss to the earliest; a Fenwick tree over ranks holds the weight of what was there then."""
    n, top = len(time), rank.max()
    tree, total, agree, pairs = np.zeros(top + 1), 0.0, 0.0, 0.0
    order, latest, k = np.argsort(-time), np.argsort(-there), 0
    for a in order:
        if not event[a]:
            continue
        while k < n and there[latest[k]] >= time[a]:
            b, k = latest[k], k + 1
            total += weight[b]
            at = rank[b]
            while at <= top:
                tree[at] += weight[b]
                at += at & -at
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
    return agree / pairs if pairs > 0 else np.nan


@numba.njit(cache=True)
def _pairs_within(there, time, event, risk, mouth, weight):  # pragma: no cover
    agree, pairs, start, n = 0.0, 0.0, 0, len(time)
    while start < n:
        stop = start
        while stop < n and mouth[stop] == mouth[start]:
            stop += 1
        for i in range(start, stop):
            if not event[i]:
                continue
            for j in range(start, stop):
                if there[j] >= time[i]:
                    pairs += weight[i]
                    agree += weight[i] * (1.0 if risk[j] < risk[i] else 0.5 if risk[j] == risk[i] else 0.0)
        start = stop
    return agree / pairs if pairs > 0 else np.nan
