"""What the best design of a patient is: all of them lived through, by successive elimination, on scenarios that no search uses.

All designs see the same first scenarios.  One is dropped only when its paired difference to the leader is surely (``MARGIN`` standard errors) no more
than ``ALIKE`` of the range, when a chance of harm is beyond its limit for certain, or when more than ``MOST`` others are better so far; then the
scenarios are doubled, until those that are left have seen ``LAST``.  The leader is the third best of those that are believed to keep every limit, so that one that does not after all misleads
nobody; at the end it is asked whether every leader was worth no more than the best feasible design, and a reference is ``sound`` when so.
The tier is the one that the search uses for worth, ``reduced``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from amelo.plan.bounds import lower_bound, upper_bound
from amelo.plan.design import Design, Situation, enumerated
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.race import Entry
from amelo.plan.rollout import Outcome, Rollouts
from amelo.plan.worth import Values
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["BLOCKS", "Judged", "Reference", "Remembered", "eliminated", "fingerprint", "rollouts_of", "sorted_designs"]

LAST = 2048
BLOCKS = (0, 32, 64, 128, 256, 512, 1024, LAST)  # scenarios after each round; the chances of the years are drawn block by block
MARGIN = 3.0  # standard errors of a paired difference
FLOOR = 0.002  # of worth, below which no standard deviation of a difference is believed
MOST = {32: 250, 64: 125, 128: 64, 256: 32, 512: 16, 1024: 12}  # designs that may go on after so many scenarios, the best of them
ALIKE = 1e-3  # of the range of worth: a design that is surely no better than that over the leader is not followed further
CERTAIN, BELIEVED = 1e-6, 0.2  # errors of saying that a chance is beyond its limit, and of believing that it is within
GROUP = 160  # designs that are lived through together
APART = 7_000_001  # from the seed of the search to that of the reference


def sorted_designs(on: Situation) -> list[Design]:
    """Return the designs of a situation sorted by their text, so that what begins alike stands together."""
    return sorted(enumerated(on), key=lambda d: d.text())


def rollouts_of(patient, *, members: int, seed: int, tier: str = "reduced", threads: int = 1, years: float = 10.0) -> Rollouts:
    """Return the rollouts of a patient of the bench, or of anything with case, tooth, surface and goals."""
    twin = ToothTwin.of(patient.case, patient.tooth, patient.surface)
    built = twin.whole(members=members, seed=seed, tier=tier)
    return Rollouts(twin, built.tooth, TIERS[tier][1], Goals.preset(patient.goals), years, seed, threads)


def fingerprint(rollouts: Rollouts, designs: Sequence[Design]) -> str:
    """Return a name of what the code makes of a patient now: the same as long as results are, however they are computed."""
    some = [designs[int(k)] for k in np.linspace(0, len(designs) - 1, 5)]
    worth = np.concatenate([_worth(got, 24) for got in rollouts.run(some, 0, 24)])
    text = "\n".join(d.text() for d in designs) + " ".join(f"{v:.5f}" for v in worth)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _worth(got: Outcome, count: int) -> np.ndarray:
    return np.full(count, -np.inf) if got.refused or got.values is None else got.values.total


class Remembered(Rollouts):
    """Rollouts that remember what they were asked: whoever asks again pays in ``count``, and only what is new in time (``fresh``)."""

    def __init__(self, *given) -> None:
        """Begin with nothing."""
        super().__init__(*given)
        self.known: dict[tuple[int, int], dict[Design, Outcome]] = {}
        self.fresh = 0

    @classmethod
    def of(cls, other: Rollouts) -> Remembered:
        """Return rollouts of the same tooth that remember."""
        return cls(other.twin, other.tooth, other.clock, other.goals, other.years, other.seed, other.threads)

    def run(self, designs: Sequence[Design], first: int, last: int) -> list[Outcome]:
        """Return what designs do to members first..last, from memory where it is known."""
        known = self.known.setdefault((first, last), {})
        asked = self.count + len(designs) * (last - first)
        new = sorted({d for d in designs if d not in known}, key=lambda d: d.text())
        for k in range(0, len(new), GROUP):
            group = new[k : k + GROUP]
            known |= {d: _light(got) for d, got in zip(group, super().run(group, first, last), strict=True)}
        self.fresh += len(new) * (last - first)
        self.count = asked
        return [known[d] for d in designs]

    def save(self, path: Path, designs: Sequence[Design]) -> None:
        """Keep what is known of some designs in a file."""
        place = {d: k for k, d in enumerate(designs)}
        held = {}
        for (first, last), known in self.known.items():
            these = [d for d in known if d in place and not known[d].refused]
            if these:
                name = f"{first}_{last}"
                held[f"{name}_index"] = np.array([place[d] for d in these])
                held[f"{name}_worth"] = np.array([known[d].values.total for d in these])
                held[f"{name}_harms"] = np.array([known[d].harms for d in these])
        _written(path, held)

    def load(self, path: Path, designs: Sequence[Design]) -> None:
        """Take in what a file holds, if there is one."""
        if not path.exists():
            return
        with np.load(path) as held:
            for key in held.files:
                if not key.endswith("_index"):
                    continue
                first, last = (int(v) for v in key.split("_")[:2])
                worth, harms = held[f"{first}_{last}_worth"], held[f"{first}_{last}_harms"]
                known = self.known.setdefault((first, last), {})
                known |= {
                    designs[i]: Outcome(Values(np.zeros((0, 0)), w), h, None)
                    for i, w, h in zip(held[key], worth, harms, strict=True)
                }


def _light(got: Outcome) -> Outcome:
    if got.refused or got.values is None:
        return got
    return Outcome(Values(np.zeros((0, 0)), got.values.total), got.harms, None)


def _written(path: Path, held: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **held)
    part.replace(path)  # a run that is stopped leaves the old file or the new one


@dataclass(eq=False)
class Reference:
    """What became of all designs: count (D,) of scenarios seen, worth (D,) their mean, harms (D, H) how often each was done; rounds, how many were
    left after each; sound, whether nobody was misled; rollouts; seconds of processor time.
    """

    designs: list[Design]
    limits: np.ndarray
    count: np.ndarray
    worth: np.ndarray
    harms: np.ndarray
    rounds: list[int] = field(default_factory=list)
    sound: bool = True
    rollouts: int = 0
    seconds: float = 0.0

    @property
    def feasible(self) -> np.ndarray:
        """Which designs (D,) saw all scenarios and keep every limit."""
        whole = self.count == self.count.max()
        return whole & (self.harms <= self.limits * np.maximum(self.count, 1)[:, None]).all(axis=1)

    def best(self, most: np.ndarray | None = None) -> int:
        """Return the place of the best feasible design, of equal ones the plainest.

        Arguments: most (H,), harms that may be counted, where fewer than the limit are asked for, such as what can be certified.
        """
        ok = self.feasible if most is None else self.feasible & (self.harms <= most).all(axis=1)
        top = self.worth[ok].max()
        same = np.flatnonzero(ok & (self.worth >= top - 1e-9))
        return int(min(same, key=lambda k: (len(self.designs[k].text().splitlines()), self.designs[k].text())))

    @property
    def range(self) -> float:
        """The worth of the best design less that of the worst, feasible or not."""
        seen = self.worth[np.isfinite(self.worth)]
        return float(seen.max() - seen.min())

    def save(self, path: Path) -> None:
        """Write it to a file."""
        held = {"count": self.count, "worth": self.worth, "harms": self.harms, "rounds": np.array(self.rounds)}
        _written(path, {**held, "cost": np.array([self.rollouts, self.seconds, self.sound])})

    @classmethod
    def load(cls, path: Path, designs: list[Design], limits: np.ndarray) -> Reference:
        """Read it from a file."""
        with np.load(path) as held:
            cost = held["cost"]
            told = (held["rounds"].tolist(), bool(cost[2]), int(cost[0]), float(cost[1]))
            return cls(designs, limits, held["count"], held["worth"], held["harms"], *told)


def eliminated(
    rollouts: Rollouts, designs: Sequence[Design], limits: Limits, blocks: Sequence[int] = BLOCKS, margin: float = MARGIN
) -> Reference:
    """Return the reference of a patient.

    Arguments: rollouts on scenarios of their own; designs, all of them; limits; blocks of scenarios; margin, infinite for brute force.
    """
    begun, before = time.process_time(), rollouts.count
    designs, largest = list(designs), limits.array
    alive = np.ones(len(designs), bool)
    seen = [np.zeros(0) for _ in designs]
    harms = np.zeros((len(designs), len(HARMS)))
    rounds, leaders = [], []
    for first, last in pairwise(blocks):
        due = np.flatnonzero(alive)
        for k in range(0, len(due), GROUP):
            group = due[k : k + GROUP]
            for i, got in zip(group, rollouts.run([designs[i] for i in group], first, last), strict=True):
                if got.refused or got.values is None or got.harms is None:
                    alive[i] = False
                    continue
                seen[i] = np.concatenate([seen[i], got.values.total])
                harms[i] += got.harms.sum(axis=1)
        if np.isfinite(margin):
            leader = _leader(seen, harms, np.flatnonzero(alive), last, largest)
            leaders.append((leader, last))
            alive &= _kept(designs, seen, harms, alive, seen[leader], largest, margin)
            _cut(designs, seen, harms, alive, last, largest)
        rounds.append(int(alive.sum()))
    count = np.array([len(w) for w in seen])
    worth = np.array([w.mean() if len(w) else -np.inf for w in seen])
    found = Reference(designs, largest, count, worth, harms, rounds, True, rollouts.count - before, time.process_time() - begun)
    best = seen[found.best()]
    found.sound = all(bool(seen[k][:n].mean() <= best[:n].mean() + 1e-9) for k, n in leaders)
    return found


def _leader(seen, harms, live: np.ndarray, n: int, largest: np.ndarray) -> int:
    """Return the place of the third best design of those that are believed to keep every limit, of the last of them where there are fewer."""
    within = (upper_bound(harms[live], np.full((len(live), len(largest)), n), BELIEVED) <= largest).all(axis=1)
    among = live[within] if within.any() else live[harms[live].sum(axis=1) == harms[live].sum(axis=1).min()]
    order = among[np.argsort([-seen[i].mean() for i in among], kind="stable")]
    return int(order[min(2, len(order) - 1)])


def _kept(designs, seen, harms, alive, leader: np.ndarray, largest: np.ndarray, margin: float) -> np.ndarray:
    """Return which designs (D,) may still be the best; waiting always stays."""
    found = np.zeros(len(designs), bool)
    live, n = np.flatnonzero(alive), len(leader)
    means = np.array([s.mean() for s in seen if len(s)])
    alike = ALIKE * float(means.max() - means.min())
    over = (lower_bound(harms[live], np.full((len(live), len(largest)), n), CERTAIN) > largest).any(axis=1)
    for i, beyond in zip(live, over, strict=True):
        apart = seen[i] - leader
        near = apart.mean() >= 0.0 or apart.mean() + margin * max(apart.std(ddof=1), FLOOR) / np.sqrt(n) >= alike
        found[i] = designs[i] == Design() or (near and not beyond)
    return found


def _cut(designs, seen, harms, alive: np.ndarray, n: int, largest: np.ndarray) -> None:
    """Drop all but the best, by the score of the race, where there are too many after so many scenarios; waiting always stays."""
    live = np.flatnonzero(alive)
    order = sorted(live, key=lambda i: -Entry(designs[i], seen[i], harms[i]).score(largest))
    for i in order[MOST.get(n, len(order)) :]:
        alive[i] = designs[i] == Design()


class Judged:
    """Says of any design how it does on the scenarios of the reference, with a memory of its own for what was dropped on the way."""

    def __init__(self, reference: Reference, rollouts: Remembered) -> None:
        self.reference, self.rollouts = reference, rollouts
        self.place = {d: k for k, d in enumerate(reference.designs)}

    def of(self, design: Design) -> tuple[float, np.ndarray]:
        """Return mean worth, and chances (H,) of harm, over all scenarios of the reference."""
        k, last = self.place.get(design), int(self.reference.count.max())
        if k is not None and self.reference.count[k] == last:
            return float(self.reference.worth[k]), self.reference.harms[k] / last
        got = self._lived(design)
        if any(g.refused for g in got):
            return -np.inf, np.ones(len(HARMS))
        return float(np.concatenate([g.values.total for g in got]).mean()), np.sum(
            [g.harms.sum(axis=1) for g in got], axis=0
        ) / last

    def error(self, design: Design) -> float:
        """Return the standard error of what a design is worth less than the best of the reference, over the range."""
        best = self.reference.designs[self.reference.best()]
        one, other = (np.concatenate([g.values.total for g in self._lived(d)]) for d in (design, best))
        return float((one - other).std() / np.sqrt(len(one))) / self.reference.range

    def _lived(self, design: Design) -> list[Outcome]:
        last = int(self.reference.count.max())
        blocks = [b for b in BLOCKS if b <= last]
        return [self.rollouts.run([design], a, b)[0] for a, b in pairwise(blocks)]

    def first_feasible(self, ranked: Sequence[Design]) -> tuple[Design, float]:
        """Return the first of some designs that keeps every limit, with its worth; waiting when none does."""
        for design in [*ranked, Design()]:
            worth, chance = self.of(design)
            if (chance <= self.reference.limits).all():
                return design, worth
        return Design(), self.of(Design())[0]

    def regret(self, worth: float) -> float:
        """Return the regret of a plan of some worth, over the range of worth of all designs."""
        return (float(self.reference.worth[self.reference.best()]) - worth) / self.reference.range
