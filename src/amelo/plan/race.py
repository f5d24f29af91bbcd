"""Racing designs on common random numbers: few scenarios for many, more for those that hold out.

What is chosen here is never certified here: the best of many is better on the scenarios that chose it than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from amelo.plan.design import Design, Situation
from amelo.plan.goals import HARMS, Limits
from amelo.plan.rollout import Rollouts

__all__ = ["FIRST", "FLOOR", "GROUP", "PENALTY", "Entry", "Race", "blocks_of", "penalty_of", "ranking", "spread_of"]

FIRST = 48  # scenarios that a design is first tried on; it sees twice, four, eight times as many, and then all, when it holds out
PENALTY = 3.0  # of worth per chance of harm beyond its limit
SEEN, UNSEEN = 1.0, 20.0  # a harm is thought of as one in twenty before anything was seen, so that one early mishap kills no design
GROUP = 16  # designs that are lived through at once
AT_ONCE = 1536  # rollouts between two looks at the clock
ROOM = 0.6  # of a limit, below which a chance can be certified with the scenarios that there are
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
        return penalty_of(self.harms, self.count, limits)

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
    spread = spread_of([e for e in done if e.count >= FIRST], usual)

    def level(e: Entry) -> float:
        lucky = spread * (e.count**-0.5 - most**-0.5)
        return float(e.worth.mean() - usual[: e.count].mean() + usual.mean()) - lucky - e.penalty(limits)

    return sorted(done, key=lambda e: (-round(level(e), 12), _plainness(e.design)))


def penalty_of(harms: np.ndarray, count: int, limits: np.ndarray) -> float:
    """Return what chances of harm beyond their limits cost, of worth.

    Arguments: harms (H,), how often each was done in so many scenarios; count; limits (H,).
    """
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
        for start, end in blocks_of(count):
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


def blocks_of(count: int) -> list[tuple[int, int]]:
    """Return where blocks of scenarios begin and end, up to a count: each doubles what was seen, so that all designs share them."""
    edges = [0]
    while edges[-1] < count:
        edges.append(min(max(FIRST, 2 * edges[-1]), count))
    return list(pairwise(edges))


def spread_of(entries: Sequence[Entry], usual: np.ndarray) -> float:
    """Return the usual standard deviation of a difference to the best."""
    return float(np.median([max((e.worth - usual[: e.count]).std(), FLOOR) for e in entries])) if entries else FLOOR


def _plainness(design: Design) -> tuple[int, str]:
    text = design.text()
    return text.count("\n"), text
