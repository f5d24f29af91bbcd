"""A made-up tooth for tests of the race: worth is a sum over choices and pairs of them, and luck that all designs share, in microseconds."""

from __future__ import annotations

import zlib

import numpy as np

from amelo.plan.design import CHOICES, Design, Situation
from amelo.plan.goals import HARMS
from amelo.plan.rollout import Outcome
from amelo.plan.worth import Values

OPEN = Situation(carious=True, open_floor=True, enamel_lesion=True, restored=False, vital=True)


class Landscape:
    """Stands for rollouts: run, count and what they cost; worth of a design is known exactly."""

    def __init__(self, seed: int = 0, noise: float = 0.03, pairs: float = 0.03, harmful: tuple[str, object] | None = None) -> None:
        rng = np.random.default_rng(seed)
        self.noise, self.harmful, self.count, self.asked = noise, harmful, 0, []
        self.main = {
            name: dict(zip(values, 0.1 * rng.standard_normal(len(values)), strict=True)) for name, values in CHOICES.items()
        }
        names = list(CHOICES)
        self.both = {}
        for a in range(len(names)):
            for b in range(a):
                for u in CHOICES[names[a]]:
                    for v in CHOICES[names[b]]:
                        self.both[names[a], u, names[b], v] = pairs * rng.standard_normal()
        self.names = names
        self.luck = 0.2 * np.random.default_rng(seed + 1).standard_normal(4096)

    def truth(self, design: Design) -> float:
        """Return the worth of a design without luck."""
        values = [getattr(design, n) for n in self.names]
        total = 0.5 + sum(self.main[n][v] for n, v in zip(self.names, values, strict=True))
        for a in range(len(values)):
            for b in range(a):
                total += self.both[self.names[a], values[a], self.names[b], values[b]]
        return total

    def run(self, designs, first: int, last: int) -> list[Outcome]:
        """Return what designs do to members first..last."""
        found = []
        for d in designs:
            self.asked.append((d, first, last))
            own = np.random.default_rng([zlib.crc32(d.text().encode()), first])
            worth = self.truth(d) + self.luck[first:last] + self.noise * own.standard_normal(last - first)
            harms = np.zeros((len(HARMS), last - first), bool)
            if self.harmful and getattr(d, self.harmful[0]) == self.harmful[1]:
                harms[0] = np.random.default_rng([7, first]).random(last - first) < 0.3
            found.append(Outcome(Values(np.zeros((0, last - first)), worth), harms, None))
        self.count += len(designs) * (last - first)
        return found
