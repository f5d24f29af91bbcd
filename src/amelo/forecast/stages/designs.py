"""What a study that looks at visits would report if the stages went by given rates: interval censoring and entry at visits
included.

A study sees a surface only at its visits. A surface is at risk from the first visit that finds it in the stages asked for, and an
event is
counted at the first visit that finds it beyond them; where it was between visits nobody knows, so that its time is counted to their
middle.
Since surfaces of one mouth share a frailty, those who enter late, or already with a lesion, are not average: the nodes carry that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from amelo.forecast.stages.chain import STAGES, advance

__all__ = ["Watched", "event_free", "later", "occupied_at", "progressed", "watch"]

Rates = Callable[[Any], Any]  # ages (n) [year] -> rates (n × nodes × 7)


@dataclass(frozen=True)
class Watched:
    """What was counted between two visits: ages of both [year], events and years at risk per surface that started."""

    begin: float
    end: float
    events: Any
    years: Any


def _pieces(visits: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middle and length [year] of pieces of up to a year, and whether a visit ends each."""
    middles, lengths, ends = [], [], []
    for begin, end in itertools.pairwise(visits):
        count = max(1, int(np.ceil(end - begin - 1e-9)))
        edges = np.linspace(begin, end, count + 1)
        middles += list((edges[:-1] + edges[1:]) / 2)
        lengths += list(np.diff(edges))
        ends += [0.0] * (count - 1) + [1.0]
    return np.array(middles), np.array(lengths), np.array(ends)


def _sweep(step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, along: tuple[Any, ...], xp: ModuleType) -> tuple[Any, Any]:
    """Run a step over the first axis of ``along``: a loop with numpy, a scan with jax."""
    if xp is not np:
        import jax

        return jax.lax.scan(step, carry, along)
    told = []
    for i in range(len(along[0])):
        carry, row = step(carry, tuple(a[i] for a in along))
        told.append(row)
    return carry, tuple(np.array(column) for column in zip(*told, strict=True)) if told and told[0] is not None else None


def later(occupied: Any, rates: Rates, begin: float, end: float, xp: ModuleType = np) -> Any:
    """Return the occupation of the stages (… × nodes × 8) at the end of a span of ages [year].

    Arguments: occupied (at its beginning), rates (of ages), begin, end, xp.
    """
    if end <= begin:
        return occupied
    middles, lengths, _ = _pieces([begin, end])

    def step(carry: Any, piece: Any) -> tuple[Any, None]:
        along, years = piece
        return advance(carry, along, years, xp), None

    return _sweep(step, occupied, (rates(middles), xp.asarray(lengths)), xp)[0]


def occupied_at(rates: Rates, begin: float, end: float, *, start: int = 0, nodes: int = 1, xp: ModuleType = np) -> Any:
    """Return the occupation of the stages (nodes × 8) at an age of surfaces that were all in one stage at another.

    Arguments: rates (of ages), begin and end [year], start (stage), nodes (how many frailties), xp.
    """
    return later(xp.asarray(np.tile(np.eye(len(STAGES))[start], (nodes, 1))), rates, begin, end, xp)


def _mask(stages: Sequence[int]) -> np.ndarray:
    return np.isin(np.arange(len(STAGES)), stages).astype(float)


def watch(
    rates: Rates,
    weights: Any,
    start_age: float,
    visits: Sequence[float],
    asked: Sequence[tuple[Sequence[int], int]],
    xp: ModuleType = np,
) -> list[list[Watched]]:
    """Return events and years at risk between visits, averaged over the frailties, for each question asked of the same surfaces.

    Arguments: rates (of ages), weights (nodes), start_age (all surfaces sound), visits (ages), asked (pairs: the stages in which a
    surface comes under risk when
    a visit finds it there, and the first stage in which a visit counts as an event).
    """
    entered = xp.asarray(np.array([_mask(entry) for entry, _ in asked])[:, None, :])
    late = xp.asarray(np.array([_mask(range(beyond, len(STAGES))) for _, beyond in asked])[:, None, :])
    population = occupied_at(rates, start_age, visits[0], nodes=len(weights), xp=xp)
    middles, lengths, ends = _pieces(visits)

    def step(carry: Any, piece: Any) -> tuple[Any, Any]:
        both, at_risk = carry
        along, years, is_visit = piece
        both = advance(both, along, years, xp)
        followed, unseen = both[0], both[1]
        events = xp.sum(followed * late, axis=-1) * is_visit
        row = (events @ weights, (at_risk - 0.5 * events) @ weights)
        joined = followed * (1.0 - late * is_visit) + unseen * entered * is_visit
        unseen = unseen * (1.0 - entered * is_visit)
        at_risk = xp.sum(joined, axis=-1) * is_visit + at_risk * (1.0 - is_visit)
        return (xp.stack([joined, unseen]), at_risk), row

    start = xp.stack([population * entered, population * (1.0 - entered)])
    along = (rates(middles), xp.asarray(lengths), xp.asarray(ends))
    _, (events, at_risk) = _sweep(step, (start, xp.sum(start[0], axis=-1)), along, xp)
    gaps = list(zip(visits[:-1], visits[1:], np.flatnonzero(ends), strict=True))
    return [[Watched(begin, end, events[i, q], (end - begin) * at_risk[i, q]) for begin, end, i in gaps] for q in range(len(asked))]


def event_free(
    rates: Rates,
    weights: Any,
    start_age: float,
    visits: Sequence[float],
    *,
    entry: Sequence[int],
    beyond: int,
    longest: float = 12.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Kaplan-Meier curve such a study would draw: years since entry, and the part without an event.

    Arguments: as in :func:`watch`; longest (years since entry up to which it is drawn).
    Notes: each surface is dated from the visit at which it entered and has its event at the visit that saw it, as in the studies.
    """
    entered, late = _mask(entry), _mask(range(beyond, len(STAGES)))
    unseen = occupied_at(rates, start_age, visits[0], nodes=len(weights))
    risk: dict[float, float] = {}
    events: dict[float, float] = {}
    for i in range(len(visits) - 1):
        followed, unseen = unseen * entered, unseen * (1.0 - entered)
        for begin, end in zip(visits[i:-1], visits[i + 1 :], strict=True):
            since = round(end - visits[i], 6)
            at_risk = float(np.sum(weights * followed.sum(axis=-1)))
            followed = later(followed, rates, begin, end, np)
            event = float(np.sum(weights * (followed * late).sum(axis=-1)))
            risk[since], events[since] = risk.get(since, 0.0) + at_risk, events.get(since, 0.0) + event
            followed = followed * (1.0 - late)
        unseen = later(unseen, rates, visits[i], visits[i + 1], np)
    times = np.array(sorted(t for t in risk if t <= longest))
    return np.r_[0.0, times], np.r_[1.0, np.cumprod([1.0 - events[t] / risk[t] for t in times])]


def progressed(
    rates: Rates,
    weights: Any,
    occupied: Any,
    *,
    age: float,
    years: float,
    mix: Sequence[float],
    beyond: Sequence[int],
    xp: ModuleType = np,
) -> Any:
    """Return the part of charted lesions that are found beyond a stage at a visit some years later.

    Arguments: rates, weights; occupied (nodes × 8, stages of all surfaces at the first visit: who has such a lesion is not
    average); age [year]; years between the
    visits; mix (8, the lesions by stage); beyond (8, per stage of entry the first stage that counts as an event).
    """
    stages = [stage for stage, share in enumerate(mix) if share]
    start = xp.stack([xp.asarray(np.tile(np.eye(len(STAGES))[stage], (len(weights), 1))) for stage in stages])
    moved = later(start, rates, age, age + years, xp)
    total = 0.0
    for i, stage in enumerate(stages):
        selected = weights * occupied[:, stage]
        total = total + mix[stage] * xp.sum(selected * xp.sum(moved[i, :, beyond[stage] :], axis=-1)) / xp.sum(selected)
    return total
