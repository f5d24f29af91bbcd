"""A made-up tooth for tests of the race: worth is a sum over choices and pairs of them, and luck that all designs share, in microseconds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from amelo.plan.design import CHOICES, Design, Situation
from amelo.plan.goals import HARMS
from amelo.plan.rollout import Outcome
from amelo.plan.worth import Values

OPEN = Situation(carious=True, open_floor=True, enamel_lesion=True, restored=False, vital=True)
NUMBER = {name: {value: k for k, value in enumerate(values)} for name, values in CHOICES.items()}


class Landscape:
    """Stands for rollouts: run, count and what they cost; worth of a design is known exactly."""

    def __init__(self, seed: int = 0, noise: float = 0.03, pairs: float = 0.03, harmful: tuple[str, object] | None = None) -> None:
        rng = np.random.default_rng(seed)
        self.noise, self.harmful, self.count = noise, harmful, 0
        sizes = [len(values) for values in CHOICES.values()]
        self.main = [0.1 * rng.standard_normal(size) for size in sizes]
        self.both = {
            (a, b): pairs * rng.standard_normal((sizes[a], sizes[b])) for a in range(len(sizes)) for b in range(a)
        }  # of every two values of two choices
        self.luck = 0.2 * np.random.default_rng(seed + 1).standard_normal(4096)

    def truths(self, designs: Sequence[Design]) -> np.ndarray:
        """Return the worth of designs without luck."""
        at = np.array([[_number(name, getattr(d, name)) for d in designs] for name in CHOICES])
        total = 0.5 + sum(row[at[k]] for k, row in enumerate(self.main))
        return total + sum(table[at[a], at[b]] for (a, b), table in self.both.items())

    def truth(self, design: Design) -> float:
        """Return the worth of one design without luck."""
        return float(self.truths([design])[0])

    def run(self, designs: Sequence[Design], first: int, last: int) -> list[Outcome]:
        """Return what designs do to members first..last."""
        found = []
        for d, truth in zip(designs, self.truths(designs) if designs else (), strict=True):
            own = np.random.default_rng([zlib.crc32(d.text().encode()), first])
            worth = truth + self.luck[first:last] + self.noise * own.standard_normal(last - first)
            harms = np.zeros((len(HARMS), last - first), bool)
            if self.harmful and getattr(d, self.harmful[0]) == self.harmful[1]:
                harms[0] = np.random.default_rng([7, first]).random(last - first) < 0.3
            found.append(Outcome(Values(np.zeros((0, last - first)), worth), harms, None))
        self.count += len(designs) * (last - first)
        return found


def _number(name: str, value: object) -> int:
    """Return the number of a value of a choice, of the nearest where polish made it."""
    if value in NUMBER[name]:
        return NUMBER[name][value]
    if isinstance(value, float):
        return int(np.argmin([abs(v - value) for v in CHOICES[name]]))
    apart = [np.inf if v is None or v.carrier != value.carrier else abs(np.log(v.density / value.density)) for v in CHOICES[name]]
    return int(np.argmin(apart))
