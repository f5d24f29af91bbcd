"""Racing designs on common random numbers: few scenarios for many, more for those that hold out, and neighbours of the best.

What is chosen here is never certified here: the best of many is better on the scenarios that chose it than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from amelo.plan.design import Design, Situation, enumerated, neighbours
from amelo.plan.goals import HARMS, Limits
from amelo.plan.rollout import Rollouts

__all__ = ["FIRST", "Entry", "Race", "corners", "starters"]

FIRST, MORE = 48, 96  # scenarios that a design is first tried on, and that it gets when it holds out
KEPT = 0.25  # of designs, after the first round
PENALTY = 3.0  # of worth per chance of harm beyond its limit
SEEN, UNSEEN = 1.0, 20.0  # a harm is thought of as one in twenty before anything was seen, so that one early mishap kills no design
LEADERS, FINALISTS, GROUP = 5, 24, 16


@dataclass(eq=False)
class Entry:
    """A design in the race: worth (n,) of the scenarios seen so far, in their order, and how often each harm was done."""

    design: Design
    worth: np.ndarray = field(default_factory=lambda: np.zeros(0))
    harms: np.ndarray = field(default_factory=lambda: np.zeros(len(HARMS)))
    refused: str = ""

    @property
    def count(self) -> int:
        """Scenarios seen."""
        return len(self.worth)

    def score(self, limits: np.ndarray) -> float:
        """Return mean worth, less what chances of harm beyond their limits cost; minus infinity for what cannot be done."""
        if self.refused or not self.count:
            return -np.inf
        chance = (self.harms + SEEN) / (self.count + UNSEEN)
        return float(self.worth.mean() - PENALTY * np.maximum(chance - limits, 0.0).sum())


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

    @property
    def _largest(self) -> np.ndarray:
        return np.array([self.limits.largest.get(name, 1.0) for name in HARMS])

    def ranked(self) -> list[Entry]:
        """Return what was tried and can be done, the best first; of equal ones the plainer."""
        done = [e for e in self.entries.values() if not e.refused and e.count]
        return sorted(done, key=lambda e: (-e.score(self._largest), _plainness(e.design)))

    def try_out(self, designs: Iterable[Design], count: int) -> None:
        """Run designs on the first scenarios, up to a count of them, those that have not seen so many yet."""
        waiting = [self.entries.get(d) or Entry(d) for d in dict.fromkeys(designs)]
        count = min(count, self.members)
        for start in range(0, count, FIRST):
            end = min(start + FIRST, count)
            due = [e for e in waiting if not e.refused and e.count <= start]
            for k in range(0, len(due), GROUP):
                if not self.keep_going():
                    return
                group = due[k : k + GROUP]
                self.entries |= {e.design: e for e in group}
                for entry, got in zip(group, self.rollouts.run([e.design for e in group], start, end), strict=True):
                    if got.refused:
                        entry.refused = got.refused
                        continue
                    entry.worth = np.concatenate([entry.worth, got.values.total])
                    entry.harms = entry.harms + got.harms.sum(axis=1)

    def run(self, budget: int) -> list[Entry]:
        """Race until so many rollouts are spent or there is no more time, and return the ranking.

        Arguments: budget, of rollouts.
        """
        begun = self.rollouts.count
        spent = lambda: self.rollouts.count - begun  # noqa: E731
        field_ = corners(self.situation, self.seed)
        first = field_[: max(1, int(0.35 * budget / FIRST))]
        self.try_out(first, FIRST)
        leaders = self.ranked()[: max(2, int(KEPT * len(first)))]
        self.try_out([e.design for e in leaders], FIRST + MORE)
        while spent() < budget and self.keep_going():
            before = len(self.entries)
            near = [d for e in self.ranked()[:LEADERS] for d in neighbours(e.design, self.situation) if d not in self.entries]
            room = max(0, (budget - spent()) // FIRST)
            self.try_out(near[:room], FIRST)
            self.try_out([e.design for e in self.ranked()[:FINALISTS]], min(self.members, 4 * FIRST))
            if len(self.entries) == before:
                break
        top = [e.design for e in self.ranked()[:8]]
        self.try_out(top, self.members)
        return self.ranked()


def _plainness(design: Design) -> tuple[int, str]:
    return len(design.text().splitlines()), design.text()


def corners(on: Situation, seed: int) -> list[Design]:
    """Return all designs of an arm in an order in which every skeleton comes early, each with its doses shuffled.

    Arguments: on (with the one arm); seed.
    """
    rng = np.random.default_rng([seed, 7])
    by_skeleton: dict[tuple[str, ...], list[Design]] = {}
    for design in enumerated(on):
        by_skeleton.setdefault(design.skeleton, []).append(design)
    for same in by_skeleton.values():
        rng.shuffle(same)
    order = list(by_skeleton.values())
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
