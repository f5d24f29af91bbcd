"""What a study that looks at visits would report if the stages went by given rates: interval censoring and entry at visits included.

A study sees a surface only at its visits. A surface is at risk from the first visit that finds it in the stages asked for, and an event is
counted at the first visit that finds it beyond them; where it was between visits nobody knows, so that its time is counted to their middle.
Since surfaces of one mouth share a frailty, those who enter late, or already with a lesion, are not average: the nodes carry that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from amelo.forecast.stages.chain import STAGES, transition

__all__ = ["Watched", "event_free", "occupied_at", "progressed", "watch"]

Rates = Callable[[float], Any]  # age [year] -> rates (nodes × 7)
PAST = 3.0  # years: longest step, with the rates of its middle, before anyone looks


@dataclass(frozen=True)
class Watched:
    """What was counted between two visits: ages of both [year], events and years at risk per surface that started."""

    begin: float
    end: float
    events: Any
    years: Any


def _grid(begin: float, end: float, longest: float = 1.0) -> list[tuple[float, float]]:
    pieces = max(1, round((end - begin) / longest + 0.499))
    edges = np.linspace(begin, end, pieces + 1)
    return list(zip(edges[:-1], edges[1:], strict=True))


def occupied_at(rates: Rates, begin: float, end: float, *, start: int = 0, nodes: int = 1, xp: ModuleType = np) -> Any:
    """Return the occupation of the stages (nodes × 8) at an age of surfaces that were all in one stage at another.

    Arguments: rates (of an age), begin and end [year], start (stage), nodes (how many frailties), xp.
    """
    occupied = xp.asarray(np.tile(np.eye(len(STAGES))[start], (nodes, 1)))
    for step in _steps(rates, _grid(begin, end, PAST), xp):
        occupied = _move(occupied, step, xp)
    return occupied


def _steps(rates: Rates, pieces: Sequence[tuple[float, float]], xp: ModuleType) -> Any:
    """Return the transition probabilities of each piece (pieces × nodes × 8 × 8), all computed at once."""
    along = xp.stack([rates((a + b) / 2) for a, b in pieces])
    return transition(along, np.array([b - a for a, b in pieces])[:, None], xp)


def _move(occupied: Any, probabilities: Any, xp: ModuleType) -> Any:
    return xp.einsum("...i,...ij->...j", occupied, probabilities)


def _mask(stages: Sequence[int]) -> np.ndarray:
    return np.isin(np.arange(len(STAGES)), stages).astype(float)


def watch(
    rates: Rates, weights: Any, start_age: float, visits: Sequence[float], *, entry: Sequence[int], beyond: int, xp: ModuleType = np
) -> list[Watched]:
    """Return events and years at risk between visits, averaged over the frailties.

    Arguments: rates (age to nodes × 7), weights (nodes), start_age (all surfaces sound), visits (ages), entry (stages in which a surface comes under risk when a
    visit finds it there), beyond (an event is a visit that finds it in this stage or a later one).
    """
    entered, late = _mask(entry), _mask(range(beyond, len(STAGES)))
    population = occupied_at(rates, start_age, visits[0], nodes=len(weights), xp=xp)
    followed = population * entered
    unseen = population * (1.0 - entered)
    found = []
    pieces = [_grid(begin, end) for begin, end in zip(visits[:-1], visits[1:], strict=True)]
    steps = iter(_steps(rates, [piece for between in pieces for piece in between], xp))
    for begin, end, between in zip(visits[:-1], visits[1:], pieces, strict=True):
        at_risk = xp.sum(followed, axis=-1)
        for _ in between:
            probabilities = next(steps)
            followed, unseen = _move(followed, probabilities, xp), _move(unseen, probabilities, xp)
        events = xp.sum(followed * late, axis=-1)
        years = (end - begin) * (at_risk - 0.5 * events)
        found.append(Watched(begin, end, xp.sum(weights * events), xp.sum(weights * years)))
        followed = followed * (1.0 - late) + unseen * entered
        unseen = unseen * (1.0 - entered)
    return found


def event_free(
    rates: Rates, weights: Any, start_age: float, visits: Sequence[float], *, entry: Sequence[int], beyond: int, longest: float = 12.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Kaplan-Meier curve such a study would draw: years since entry, and the part without an event.

    Arguments: as in :func:`watch`; longest (years since entry up to which it is drawn).
    Notes: each surface is dated from the visit at which it entered and has its event at the visit that saw it, as in the studies.
    """
    entered, late = _mask(entry), _mask(range(beyond, len(STAGES)))
    moves = [_between(rates, a, b) for a, b in zip(visits[:-1], visits[1:], strict=True)]
    unseen = occupied_at(rates, start_age, visits[0], nodes=len(weights))
    risk: dict[float, float] = {}
    events: dict[float, float] = {}
    for i in range(len(visits) - 1):
        followed, unseen = unseen * entered, unseen * (1.0 - entered)
        for j in range(i, len(visits) - 1):
            since = round(visits[j + 1] - visits[i], 6)
            at_risk = float(np.sum(weights * followed.sum(axis=-1)))
            followed = _move(followed, moves[j], np)
            event = float(np.sum(weights * (followed * late).sum(axis=-1)))
            risk[since], events[since] = risk.get(since, 0.0) + at_risk, events.get(since, 0.0) + event
            followed = followed * (1.0 - late)
        unseen = _move(unseen, moves[i], np)
    times = np.array(sorted(t for t in risk if t <= longest))
    return np.r_[0.0, times], np.r_[1.0, np.cumprod([1.0 - events[t] / risk[t] for t in times])]


def _between(rates: Rates, begin: float, end: float) -> np.ndarray:
    return _joined(_steps(rates, _grid(begin, end), np))


def _joined(steps: Any) -> Any:
    found = steps[0]
    for step in steps[1:]:
        found = found @ step
    return found


def progressed(
    rates: Rates, weights: Any, occupied: Any, *, age: float, years: float, mix: Sequence[float], beyond: Sequence[int], xp: ModuleType = np
) -> Any:
    """Return the part of charted lesions that are found beyond a stage at a visit some years later.

    Arguments: rates, weights; occupied (nodes × 8, stages of all surfaces at the first visit: who has such a lesion is not average); age [year]; years between the
    visits; mix (8, the lesions by stage); beyond (8, per stage of entry the first stage that counts as an event).
    """
    probabilities = _joined(_steps(rates, _grid(age, age + years), xp))
    total = 0.0
    for stage, share in enumerate(mix):
        if share:
            selected = weights * occupied[:, stage]
            later = xp.sum(probabilities[:, stage, beyond[stage] :], axis=-1)
            total = total + share * xp.sum(selected * later) / xp.sum(selected)
    return total
