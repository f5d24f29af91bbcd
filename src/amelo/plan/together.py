"""All arms race together: a group of each in turn with the same effort, and what one finds the others try as far as their grammar allows.

A surrogate says what to try next of what was not tried yet; those that hold out are polished between their values, and see more scenarios.
"""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from amelo.plan.design import ARMS, Design, neighbours
from amelo.plan.polish import STEP, variants
from amelo.plan.race import FIRST, FLOOR, GROUP, Entry, Race, penalty_of
from amelo.plan.starters import corners
from amelo.plan.surrogate import Surrogate, codes_of

__all__ = ["race_together"]

WORST = 0.3  # penalty beyond which it does not matter how much more it is
OPENING = 16  # designs of each arm that are tried before a surrogate is asked
SCREENING = 0.55  # of the effort, for designs that were not tried yet
POLISHING = 0.1  # of the effort, for what lies between values; the rest is for those that hold out
FORETOLD, LOOKED_AT = (
    8192,
    384,
)  # designs, drawn by chance where there are more, that are foretold each time; the first of them, whose spread is asked for
CURIOUS = 1.0  # standard deviations by which a design is given the benefit of the doubt
POLISHED = 2  # designs of each arm that are polished
EXCHANGED = 4  # places in a group for neighbours of the best, of whatever arm
CLEARLY = 3.0  # standard errors of a paired difference, by which a design falls behind for good


def race_together(
    races: Mapping[str, Race],
    budget: int,
    *,
    seconds: Callable[[], float] | None = None,
    on_round: Callable[[], None] = lambda: None,
) -> None:
    """Race several arms in turn until so many rollouts are spent, or there is no more time.

    Arguments: races, by arm, on the same rollouts; budget of all together; seconds, that are left (None: as many as the budget takes); on_round.
    Assumptions: every arm gets as many rollouts as any other, until it has nothing more to try; what it leaves goes to the others in equal parts.
    """
    field_ = _Field(dict(races), budget, seconds)
    if not field_.races:
        return
    field_.open()
    while (left := field_.left()) >= FIRST:
        before = field_.spent
        field_.screen(SCREENING * left, on_round)
        field_.polish(POLISHING * left)
        field_.finish(on_round)
        if field_.spent == before:
            return


@dataclass(eq=False)
class _Field:
    """Races side by side: races by arm; budget; seconds that are left; begun; then what they share: surrogate, the best of all arms, and the step of polish."""

    races: dict[str, Race]
    budget: int
    seconds: Callable[[], float] | None
    begun: float = field(default_factory=clock_time.perf_counter)
    surrogate: Surrogate | None = None
    best: list[Design] = field(default_factory=list)
    step: float = STEP

    def __post_init__(self) -> None:
        """Number the designs."""
        self.before = self._count()
        some = next(iter(self.races.values()), None)
        if some is not None:
            self.surrogate = Surrogate(codes_of(replace(some.situation, arms=ARMS)))

    def _count(self) -> int:
        return sum(r.spent for r in self.races.values())

    @property
    def spent(self) -> int:
        """Rollouts since the start."""
        return self._count() - self.before

    def left(self) -> float:
        """Return how many rollouts may still be spent: those of the budget, or as many as the time allows at the pace so far."""
        most = float(self.budget - self.spent)
        if self.seconds is None:
            return most
        took = max(clock_time.perf_counter() - self.begun, 1e-3)
        return min(most, max(self.spent, GROUP * FIRST) / took * self.seconds())

    def open(self) -> None:
        """Try designs of every kind in each arm."""
        for race in self.races.values():
            new = [d for d in corners(race.situation, race.seed) if d not in race.entries]
            count = max(1, min(OPENING, int(0.2 * self.left() / (FIRST * len(self.races)))))
            race.try_out(new[:count], FIRST)

    def screen(self, effort: float, on_round: Callable[[], None]) -> None:
        """Try what was not tried yet, a group of each arm in turn."""
        end = self.spent + effort
        while (room := end - self.spent) >= FIRST and self.left() >= FIRST:
            open_ = [r for r in self.races.values() if r.keep_going() and self._untried(r).any()]
            if not open_:
                return
            self._learn()
            self.best = [e.design for r in self.races.values() for e in r.ranked()[:3]]
            for race in open_:
                size = min(GROUP, int(room / FIRST / len(open_)) or 1)
                race.try_out(self._next(race, size), FIRST)
            on_round()

    def _untried(self, race: Race) -> np.ndarray:
        codes = self.surrogate.codes
        found = np.isin(codes.arms, [ARMS.index(a) for a in race.situation.arms])
        found[[codes.place[d] for d in race.entries if d in codes.place]] = False
        return found

    def _learn(self) -> None:
        codes, designs, seen = self.surrogate.codes, [], []
        for race in self.races.values():
            limits = race.limits.array
            for e in race.entries.values():
                if e.design in codes.place and e.count >= FIRST:
                    designs.append(e.design)
                    penalty = min(penalty_of(e.early, FIRST, limits), WORST)
                    seen.append((float(e.worth[:FIRST].mean()) - penalty, penalty))
        if len(designs) > 2:
            self.surrogate.fit(designs, np.array(seen))

    def _next(self, race: Race, size: int) -> list[Design]:
        """Return designs of an arm to try next: neighbours of the best of all arms, and what the surrogate expects most of, doubt included."""
        codes, untried = self.surrogate.codes, np.flatnonzero(self._untried(race))
        if not len(self.surrogate.places):
            return [codes.designs[k] for k in untried[:size]]
        beside = np.intersect1d(self._near(race), untried)
        if len(untried) > FORETOLD:  # others come next time
            drawn = np.random.default_rng([race.seed, race.spent]).choice(untried, FORETOLD, replace=False)
            untried = np.union1d(drawn, beside)
        expected = self.surrogate.foretell(untried)[:, 0]
        near = np.flatnonzero(np.isin(untried, beside))
        near = near[np.argsort(-expected[near], kind="stable")][: min(EXCHANGED, size // 2)]
        top = np.argsort(-expected, kind="stable")[:LOOKED_AT]
        hoped = expected[top] + CURIOUS * self.surrogate.spread(untried[top])
        order = [*near, *top[np.argsort(-hoped, kind="stable")]]
        return [codes.designs[untried[k]] for k in list(dict.fromkeys(order))[:size]]

    def _near(self, race: Race) -> list[int]:
        """Return the places of designs of an arm that differ in one choice from the best of any arm."""
        codes, arm = self.surrogate.codes, race.situation.arms[0]
        found = [d for one in self.best for d in neighbours(one, race.situation, arm)]
        return [codes.place[d] for d in dict.fromkeys(found) if d in codes.place]

    def polish(self, effort: float) -> None:
        """Try what lies between the values of choices around the best of each arm, with finer steps each time."""
        each = int(effort / FIRST / len(self.races))
        for race in self.races.values():
            new = [v for e in race.ranked()[:POLISHED] for v in variants(e.design, race.situation, self.step)]
            race.try_out([v for v in dict.fromkeys(new) if v not in race.entries][:each], FIRST)
        self.step /= 2.0

    def _due(self, race: Race, size: int) -> list[Design]:
        """Return the designs of an arm that hold out and saw half as many scenarios, the best first."""
        known = [e for e in race.ranked() if e.count >= min(size // 2, race.members)]
        return [e.design for e in _hold_out(known, race.limits.array) if e.count < min(size, race.members)]

    def finish(self, on_round: Callable[[], None]) -> None:
        """Give those that hold out more scenarios, stage by stage, all arms at each."""
        stages = []
        members = max(r.members for r in self.races.values())
        size = 2 * FIRST
        while size < members:
            stages.append(size)
            size *= 2
        stages.append(members)
        for k, size in enumerate(stages):
            more = size - size // 2
            if self.left() < more:
                return
            due = sorted(((self._due(r, size), r) for r in self.races.values()), key=lambda pair: len(pair[0]))
            stage = self.left() / (
                len(stages) - k
            )  # what all may spend at this stage; what an arm cannot use the others get in equal parts
            for turn, (some, race) in enumerate(due):
                room = int(stage / (len(due) - turn) / more) or int(self.left() >= more)
                race.try_out(some[:room], size)
                stage -= min(room, len(some)) * more
            on_round()


def _hold_out(ranked: list[Entry], limits: np.ndarray) -> list[Entry]:
    """Return those of a ranking that have not fallen clearly behind the first of it."""
    if not ranked:
        return []
    first, found = ranked[0], []
    for e in ranked:
        n = min(e.count, first.count)
        apart = first.worth[:n] - e.worth[:n]
        behind = float(apart.mean()) + e.penalty(limits) - first.penalty(limits)
        if behind <= CLEARLY * max(float(apart.std()), FLOOR) / np.sqrt(n):
            found.append(e)
    return found
