"""Racing designs on common random numbers: few scenarios for many, more for those that hold out, and what a surrogate expects to be good next.

All arms race together, a group of each in turn with the same effort, and what one finds the others try as far as their grammar allows.
What is chosen here is never certified here: the best of many is better on the scenarios that chose it than it is.
"""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from amelo.plan.design import ARMS, Design, Situation, enumerated, neighbours
from amelo.plan.goals import HARMS, Limits
from amelo.plan.polish import STEP, variants
from amelo.plan.rollout import Rollouts
from amelo.plan.surrogate import Surrogate, codes_of

__all__ = ["FIRST", "Entry", "Race", "corners", "race_together", "ranking", "starters"]

FIRST = 48  # scenarios that a design is first tried on; it sees twice, four, eight times as many, and then all, when it holds out
PENALTY = 3.0  # of worth per chance of harm beyond its limit
WORST = 0.3  # penalty beyond which it does not matter how much more it is
SEEN, UNSEEN = 1.0, 20.0  # a harm is thought of as one in twenty before anything was seen, so that one early mishap kills no design
GROUP = 16  # designs that are lived through at once
AT_ONCE = 1536  # rollouts between two looks at the clock
OPENING = 16  # designs of each arm that are tried before a surrogate is asked
SCREENING = 0.55  # of the effort, for designs that were not tried yet
POLISHING = 0.1  # of the effort, for what lies between values; the rest is for those that hold out
LOOKED_AT = 384  # designs whose spread is asked for
CURIOUS = 1.0  # standard deviations by which a design is given the benefit of the doubt
POLISHED = 2  # designs of each arm that are polished
EXCHANGED = 4  # places in a group for neighbours of the best, of whatever arm
ROOM = 0.6  # of a limit, below which a chance can be certified with the scenarios that there are
CLEARLY = 3.0  # standard errors of a paired difference, by which a design falls behind for good
FLOOR = 1e-3  # of worth, below which no standard deviation of a difference is believed


@dataclass(eq=False)
class Entry:
    """A design in the race: worth (n,) of the scenarios seen so far, in their order; harms (H,), how often each was done, and early (H,), how often among
    the first ``FIRST``.
    """

    design: Design
    worth: np.ndarray = field(default_factory=lambda: np.zeros(0))
    harms: np.ndarray = field(default_factory=lambda: np.zeros(len(HARMS)))
    early: np.ndarray = field(default_factory=lambda: np.zeros(len(HARMS)))
    refused: str = ""

    @property
    def count(self) -> int:
        """Scenarios seen."""
        return len(self.worth)

    def penalty(self, limits: np.ndarray) -> float:
        """Return what chances of harm beyond their limits cost."""
        return _penalty(self.harms, self.count, limits)

    def score(self, limits: np.ndarray) -> float:
        """Return mean worth, less what chances of harm beyond their limits cost; minus infinity for what cannot be done."""
        if self.refused or not self.count:
            return -np.inf
        return float(self.worth.mean()) - self.penalty(limits)


def ranking(entries: Iterable[Entry], limits: np.ndarray) -> list[Entry]:
    """Return entries that can be done, of one arm or several, the best first; of equal ones the plainer.

    Arguments: entries, on the same scenarios; limits (H,).
    Assumptions: a design that saw few scenarios is judged by how much better it did in them than those that saw most, because some scenarios are
    kinder than others, and by a standard error less, because of many some are lucky.
    """
    done = [e for e in entries if not e.refused and e.count]
    if not done:
        return []
    most = max(e.count for e in done)
    veterans = sorted((e for e in done if e.count == most), key=lambda e: -e.score(limits))[:3]
    usual = np.mean([e.worth for e in veterans], axis=0)
    spread = _spread([e for e in done if e.count >= FIRST], usual)

    def level(e: Entry) -> float:
        lucky = spread * (e.count**-0.5 - most**-0.5)
        return float(e.worth.mean() - usual[: e.count].mean() + usual.mean()) - lucky - e.penalty(limits)

    return sorted(done, key=lambda e: (-round(level(e), 12), _plainness(e.design)))


def _penalty(harms: np.ndarray, count: int, limits: np.ndarray) -> float:
    chance = (harms + SEEN) / (count + UNSEEN)
    return float(PENALTY * np.maximum(chance - limits, 0.0).sum())


@dataclass(eq=False)
class Race:
    """A race of the designs of one arm.

    Fields: rollouts; situation; limits; seed; members, scenarios for exploring, never for certifying; keep_going (asked before each group).
    """

    rollouts: Rollouts
    situation: Situation
    limits: Limits
    seed: int
    members: int
    keep_going: Callable[[], bool] = lambda: True
    entries: dict[Design, Entry] = field(default_factory=dict)
    spent: int = 0

    def ranked(self) -> list[Entry]:
        """Return what was tried and can be done, the best first; see :func:`ranking`."""
        return ranking(self.entries.values(), self.limits.array)

    def finalists(self, count: int) -> list[Design]:
        """Return the designs to be certified: the best, and the best of those that stay so far below every limit that this can be proven."""
        found = [*self.ranked()[:count], *ranking(self.entries.values(), ROOM * self.limits.array)[:1]]
        return list(dict.fromkeys(e.design for e in found))

    def try_out(self, designs: Iterable[Design], count: int) -> None:
        """Run designs on the first scenarios, up to a count of them, those that have not seen so many yet."""
        waiting = [self.entries.get(d) or Entry(d) for d in dict.fromkeys(designs)]
        count = min(count, self.members)
        for start, end in _blocks(count):
            due = [e for e in waiting if not e.refused and e.count <= start]
            size = max(1, min(GROUP, AT_ONCE // (end - start)))
            for k in range(0, len(due), size):
                if not self.keep_going():
                    return
                group = due[k : k + size]
                self.entries |= {e.design: e for e in group}
                self.spent += len(group) * (end - start)
                for entry, got in zip(group, self.rollouts.run([e.design for e in group], start, end), strict=True):
                    if got.refused:
                        entry.refused = got.refused
                        continue
                    entry.worth = np.concatenate([entry.worth, got.values.total])
                    entry.harms = entry.harms + got.harms.sum(axis=1)
                    if start == 0:
                        entry.early = entry.harms

    def run(self, budget: int) -> list[Entry]:
        """Race alone until so many rollouts are spent or there is no more time, and return the ranking.

        Arguments: budget, of rollouts.
        """
        race_together({"": self}, budget)
        return self.ranked()


def _blocks(count: int) -> list[tuple[int, int]]:
    """Return where blocks of scenarios begin and end, up to a count: each doubles what was seen, so that all designs share them."""
    edges = [0]
    while edges[-1] < count:
        edges.append(min(max(FIRST, 2 * edges[-1]), count))
    return list(pairwise(edges))


def _spread(entries: Sequence[Entry], usual: np.ndarray) -> float:
    """Return the usual standard deviation of a difference to the best."""
    return float(np.median([max((e.worth - usual[: e.count]).std(), FLOOR) for e in entries])) if entries else FLOOR


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
                    penalty = min(_penalty(e.early, FIRST, limits), WORST)
                    seen.append((float(e.worth[:FIRST].mean()) - penalty, penalty))
        if len(designs) > 2:
            self.surrogate.fit(designs, np.array(seen))

    def _next(self, race: Race, size: int) -> list[Design]:
        """Return designs of an arm to try next: neighbours of the best of all arms, and what the surrogate expects most of, doubt included."""
        codes, untried = self.surrogate.codes, np.flatnonzero(self._untried(race))
        if not len(self.surrogate.places):
            return [codes.designs[k] for k in untried[:size]]
        expected = self.surrogate.foretell(untried)[:, 0]
        near = np.flatnonzero(np.isin(untried, self._near(race)))
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


def _plainness(design: Design) -> tuple[int, str]:
    text = design.text()
    return text.count("\n"), text


def corners(on: Situation, seed: int) -> list[Design]:
    """Return all designs of an arm in an order in which every skeleton comes early, each with its doses shuffled.

    Arguments: on (with the one arm); seed.
    """
    rng = np.random.default_rng([seed, 7])
    by_skeleton: dict[tuple[str, ...], list[Design]] = {}
    for design in enumerated(on):
        by_skeleton.setdefault(design.skeleton, []).append(design)
    order = [[same[k] for k in rng.permutation(len(same))] for same in by_skeleton.values()]
    rng.shuffle(order)
    order.sort(key=lambda same: len(same[0].skeleton))  # plain ones first
    found = []
    for turn in range(max((len(same) for same in order), default=0)):
        found += [same[turn] for same in order if turn < len(same)]
    return found


def starters(on: Situation) -> list[Design]:
    """Return what a clinician would think of first, so that there is an answer within a moment.

    Arguments: on, with the arms that are asked for.
    """
    from amelo.plan.design import NANO

    carious = [
        Design(excavate=criterion, leave=leave, line=line, cover=cover)
        for criterion, leave, line, cover in (
            ("firm", 1.0, "calcium silicate", "composite"),
            ("leathery", 1.0, "calcium silicate", "glass ionomer"),
            ("firm", 0.0, "", "composite"),
            ("hard", 0.5, "calcium silicate", "composite"),
            ("firm", 1.0, "calcium silicate", "glass ionomer"),
        )
    ]
    carious += [Design(excavate="firm", cover="composite", pulp=pulp) for pulp in ("pulpotomy", "root treatment")]
    surfaces = [Design(surface=s) for s in ("infiltrate", "seal resin", "seal ionomer", "silver", "varnish", "peptide")]
    nano = [Design(first=n) for n in NANO if n is not None]
    both = [
        Design(excavate="firm", leave=1.0, within=n, line="calcium silicate", cover="glass ionomer") for n in NANO if n is not None
    ]
    both += [Design(first=n, surface="seal ionomer", gap=4.0) for n in NANO if n is not None]
    habits = [Design(habits=True)]
    found = [Design(), *habits, *carious, *surfaces, *nano, *both]
    return [d for d in found if d.arm in on.arms and not d.refused(on)]
