"""Histories: one life of each member, drawn with common random numbers.

Each kind of event of each member has its own row of thresholds, drawn from the seed alone: the n-th event of a kind comes when the hazard of
that kind, added up along the way, passes the n-th threshold.  What an arm does to one hazard moves that event and what follows from it, and
no other chance: differences between arms are differences of treatment.  Written apart from the compiled propagation, so that each tests the
other; within a small step hazards are taken as even.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from amelo.forecast.stages.chain import FASTEST, MOVES, STAGES, age_share
from amelo.years.hazards import DECADE, Hazards, hazards_of
from amelo.years.start import Start
from amelo.years.states import EVENTS, STATES, event

__all__ = ["KINDS", "Histories", "sample"]

KINDS = ("caries", "other", "fracture", "pulp", "loss", "implant")  # then two for each surface, progression and filling
EPISODES = 24  # thresholds of a kind: more than a member lives to see
PULP = len(STAGES) - 1
(UNRESTORED, FILLED, REFILLED, CROWNED, ROOTED, ROOT_CROWNED, GAP, IMPLANT) = range(len(STATES))


@dataclass(frozen=True, eq=False)
class Histories:
    """One life of each of M members.

    Fields: times (T,) [year]; state (T, M), codes of ``STATES``; count (T, M, 12), events so far; log, of each event its member, time
    [year] and name, in order.
    """

    times: np.ndarray
    state: np.ndarray
    count: np.ndarray
    log: tuple[tuple[int, float, str], ...]

    def of(self, member: int) -> list[tuple[float, str]]:
        """Return the events of a member, in order."""
        return [(time, name) for who, time, name in self.log if who == member]


class _Walk:
    """Members on their way: where they are, since when, and how much hazard of each kind has passed."""

    def __init__(self, h: Hazards, seed: int) -> None:
        count, surfaces = h.stage.shape
        kinds = len(KINDS) + 2 * surfaces
        rng = [np.random.default_rng([seed, 23, k]) for k in range(kinds)]  # a stream of its own for each kind
        self.h = h
        self.threshold = np.cumsum(np.stack([r.standard_exponential((EPISODES, count)) for r in rng]), axis=1)
        self.choice = np.stack([np.random.default_rng([seed, 29, k]).random((EPISODES, count)) for k in range(6)])
        self.passed, self.met = np.zeros((kinds, count)), np.zeros((kinds, count), np.int64)
        self.state, self.stage = h.state.copy(), h.stage.copy()
        self.original, self.since = h.state < GAP, np.zeros(count)
        self.pending, self.made = np.ones(count, bool), np.zeros((6, count), np.int64)
        self.count, self.log = np.zeros((count, len(EVENTS)), np.int64), []

    def picks(self, which: int, member: int, part: float) -> bool:
        """Return a choice of a member by its own uniform numbers: 0 crown, 1 root treatment, 2 crown on it, 3 implant, 4 broken for good, 5
        filled too late."""
        told = self.choice[which, self.made[which, member] % EPISODES, member] < part
        self.made[which, member] += 1
        return bool(told)

    def passing(self, who: np.ndarray, begin: np.ndarray, end: float) -> np.ndarray:
        """Return the hazard of each kind (kinds, members) that passes between two times."""
        h, state = self.h, self.state[who]
        original, span = self.original[who], end - begin
        vital, rooted = state <= CROWNED, (state == ROOTED) | (state == ROOT_CROWNED)
        restored = (state > UNRESTORED) & (state < GAP)
        row = np.select(
            [state == FILLED, state == REFILLED, state == CROWNED, state == ROOTED, state == ROOT_CROWNED], [0, 2, 3, 4, 5], 0
        )
        age = np.where(original, h.now_age[who], -self.since[who])
        level = np.where(original[:, None], h.now[who], h.later[who, row]) * restored[:, None]
        grown = ((age + end) / DECADE) ** h.shape[who] - ((age + begin) / DECADE) ** h.shape[who]
        found = np.zeros((len(self.passed), len(who)))
        found[:3] = level.T * grown
        found[2] += h.steady[who, 2] * span * (state == UNRESTORED)
        deep = h.deep[who] * (end ** h.deep_shape[who] - begin ** h.deep_shape[who])
        found[3] = vital * (deep + np.where(state == UNRESTORED, h.steady[who, 0], h.steady[who, 1]) * span)
        root_age = np.where(h.state[who] >= ROOTED, h.root_age[who], -self.since[who])
        root = np.where(original, h.root_now[who, 0], h.root[who, (state == ROOT_CROWNED).astype(int)])
        aged = ((root_age + end) / DECADE) ** h.root_shape[who] - ((root_age + begin) / DECADE) ** h.root_shape[who]
        found[4] = np.where(rooted, root * aged, vital * h.steady[who, 3] * span)
        found[5] = (state == IMPLANT) * h.steady[who, 4] * span
        growing = self.pending[who] & (state < GAP)
        share = age_share(h.age[who] + 0.5 * (begin + end)) - age_share(h.age[who])
        for k in range(h.stage.shape[1]):
            stage, speed = self.stage[who, k], h.activity[who, k]
            move = np.minimum(stage, MOVES - 1)
            rate = np.exp(h.log_rate[who, k, move] + h.fading[who, k, move] * share) * speed
            found[len(KINDS) + 2 * k] = growing * (stage < PULP) * np.minimum(rate, FASTEST) * span
            open_now = growing & (stage >= h.policy[6]) & (stage < PULP)
            found[len(KINDS) + 2 * k + 1] = open_now * h.policy[5] * np.minimum(speed, 1.0) * span
        return found

    def note(self, member: int, time: float, name: str) -> None:
        self.count[member, event(name)] += 1
        self.log.append((member, time, name))

    def put(self, member: int, time: float, state: int) -> None:
        """Begin a new row for a member; a treated root keeps its clock, and that of what stands on it."""
        if self.state[member] not in (ROOTED, ROOT_CROWNED):
            self.since[member] = time
        elif self.original[member]:
            self.since[member] = 0.0
        self.state[member], self.original[member] = state, False
        if state in (CROWNED, ROOTED, ROOT_CROWNED):
            self.pending[member] = False

    def lose(self, member: int, time: float) -> None:
        self.note(member, time, "tooth lost")
        implant = self.picks(3, member, self.h.policy[3])
        if implant:
            self.note(member, time, "implant placed")
        self.put(member, time, IMPLANT if implant else GAP)

    def end_pulp(self, member: int, time: float) -> None:
        self.note(member, time, "pulp lost")
        if not self.picks(1, member, self.h.policy[1]):
            self.lose(member, time)
            return
        self.note(member, time, "root treatment")
        crowned = self.state[member] == CROWNED
        crown = self.picks(2, member, self.h.policy[2])
        self.note(member, time, "filling placed" if crowned or not crown else "crown placed")
        self.put(member, time, ROOT_CROWNED if crowned or crown else ROOTED)

    def happen(self, member: int, time: float, kind: int) -> None:
        """Let the event of a kind happen to a member."""
        state = self.state[member]
        if kind >= len(KINDS):
            self.lesion(member, time, *divmod(kind - len(KINDS), 2))
        elif KINDS[kind] == "pulp":
            self.end_pulp(member, time)
        elif KINDS[kind] == "loss":
            broken = self.h.root_now[member, 1] if self.original[member] else self.h.policy[7]
            if state > CROWNED and self.picks(4, member, broken):
                self.note(member, time, "fracture")
            self.lose(member, time)
        elif KINDS[kind] == "implant":
            self.note(member, time, "implant lost")
            self.put(member, time, GAP)
        elif KINDS[kind] == "fracture":
            self.note(member, time, "fracture")
            if state <= CROWNED and self.picks(4, member, self.h.policy[4]):
                self.lose(member, time)
            else:
                self.note(member, time, "crown placed")
                self.put(member, time, CROWNED if state <= CROWNED else ROOT_CROWNED)
        else:
            self.note(member, time, "secondary caries" if KINDS[kind] == "caries" else "other failure")
            crown = state > REFILLED or (state == REFILLED and self.picks(0, member, self.h.policy[0]))
            self.note(member, time, "crown placed" if crown else "filling placed")
            self.put(member, time, (CROWNED if state <= CROWNED else ROOT_CROWNED) if crown else REFILLED)

    def lesion(self, member: int, time: float, surface: int, filling: int) -> None:
        state = self.state[member]
        if not filling:
            self.stage[member, surface] += 1
            if self.stage[member, surface] < PULP:
                return
            self.note(member, time, "lesion reached the pulp")
            if state <= CROWNED:
                self.end_pulp(member, time)
                return
        else:
            self.note(member, time, "lesion filled")
            late = self.stage[member, surface] == PULP - 1 and state <= CROWNED
            if late and self.picks(5, member, self.h.policy[8]):
                self.end_pulp(member, time)
                return
        self.pending[member] = False  # whoever opens one surface sees to the others
        self.note(member, time, "filling placed")
        self.put(member, time, FILLED if state == UNRESTORED else REFILLED if state <= REFILLED else state)


def sample(start: Start, years: float = 10.0, *, seed: int = 0, spread: bool = True, step: float = 1.0 / 12.0) -> Histories:
    """Return one history of each member.

    Arguments: start; years; seed, of draws and of chance, the same for arms that are to be compared; spread, as for ``project``; step [year].
    """
    h = hazards_of(start, seed, spread=spread)
    walk, steps = _Walk(h, seed), max(1, round(years / step))
    times, everyone = np.linspace(0.0, years, steps + 1), np.arange(start.members)
    for member in everyone[(np.random.default_rng([seed, 31]).random(start.members) < h.collapsed) & (h.state <= CROWNED)]:
        walk.end_pulp(int(member), 0.0)
    states, counts = [walk.state.copy()], [walk.count.copy()]
    for first, last in pairwise(times):
        who, begin = everyone, np.full(start.members, first)
        while len(who):
            hazard = walk.passing(who, begin, last)
            left = np.take_along_axis(walk.threshold, walk.met[:, None, :], axis=1)[:, 0, who] - walk.passed[:, who]
            share = np.where(hazard > 0.0, left / np.where(hazard > 0.0, hazard, 1.0), np.inf)
            kind, least = share.argmin(axis=0), share.min(axis=0)
            walk.passed[:, who] += hazard * np.minimum(least, 1.0)
            met = least < 1.0
            now = begin[met] + least[met] * (last - begin[met])
            for member, time, which in zip(who[met], now, kind[met], strict=True):
                walk.met[which, member] += 1
                walk.passed[which, member] = max(
                    walk.passed[which, member], walk.threshold[which, walk.met[which, member] - 1, member]
                )
                walk.happen(int(member), float(time), int(which))
            who, begin = who[met], now
        states.append(walk.state.copy())
        counts.append(walk.count.copy())
    return Histories(times, np.stack(states), np.stack(counts), tuple(sorted(walk.log, key=lambda item: (item[0], item[1]))))
