"""The common benchmark: carriers that climb the gradient of a field on a grid and deposit what they hold, by particles and by densities.

A step is x += χ ∇M(cell) dt + sqrt(2 D dt) ξ between reflecting walls, then q = k dt M P is taken from the payload P of the carrier and
from the field M of the cell that it is in.  The same task has been run by other programs (``bench/swarm.py``), so that speed and answer can
be compared.  The twin carries the densities of carriers and of payload; both laws are the same in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from amelo.errors import ParameterError
from amelo.therapy.nano import kicks

__all__ = ["CommonTask", "Deposited", "by_densities", "by_particles"]

SORT = 25  # steps between two sortings


@dataclass(frozen=True)
class CommonTask:
    """What the benchmark asks for, in cells and steps.

    Fields: count of carriers; cells along an axis; steps; step; diffusivity, climb (χ) and rate (k) in these units; middle and width
    of the bell that the field is at the start.
    Raises: ParameterError for a task that particles or densities cannot be carried through.
    """

    count: int = 100_000
    cells: int = 100
    steps: int = 100
    step: float = 1.0
    diffusivity: float = 0.05
    climb: float = 0.5
    rate: float = 1e-3
    middle: float = 30.0
    width: float = 20.0

    def __post_init__(self) -> None:
        if min(self.count, self.cells, self.steps) < 1 or self.cells > 1000 or self.count > 10**8:
            raise ParameterError("a task has at least one carrier, cell and step", why="and at most 1e8 carriers and 1000 cells")
        kick, climbed = sqrt(2.0 * self.diffusivity * self.step), self.climb * self.step
        if not 0.0 < kick <= 0.4 or abs(climbed) > 2.0:
            why = f"a mean kick is {kick:.3g} of a cell, allowed above 0 and up to 0.4; a climb {climbed:.3g}, allowed up to 2"
            raise ParameterError(f"a step of {self.step:g} is not stable", why=why, fix="say a shorter step")
        if not 0.0 <= self.rate * self.step <= 0.1:
            raise ParameterError(f"a rate of {self.rate:g} is out of range", why="a step takes 0 to 0.1 of the payload")

    def field(self, kind: type = float) -> np.ndarray:
        """Return the field (Z, Y, X) at the start, in numbers of a kind."""
        z = np.arange(self.cells) + 0.5
        bell = np.exp(-(((z - self.middle) / self.width) ** 2)).astype(kind)
        return np.ascontiguousarray(np.broadcast_to(bell[:, None, None], (self.cells,) * 3))


@dataclass(frozen=True, eq=False)
class Deposited:
    """What came of the task: share of the payload that was deposited; mean z; error, by how much payload and field differ from what they
    were, relative; places (P, 3) and payload (P,) by identity (None from densities); field (Z, Y, X) at the end."""

    share: float
    mean_z: float
    error: float
    field: np.ndarray
    places: np.ndarray | None = None
    payload: np.ndarray | None = None


def by_particles(task: CommonTask | None = None, key: int = 0) -> Deposited:
    """Carry the task through with particles.

    Arguments: task (None: the published one); key.
    """
    from amelo.therapy.nano import common_walk as compiled

    task = task or CommonTask()
    identity = np.arange(task.count, dtype=np.uint64)
    starts = kicks.step_words(key, 0, 3, kicks.EVENTS)
    x, y, z = (kicks.open_unit(kicks.word_of(identity, w)) for w in starts)
    z = (identity + z) / task.count  # one in every slice as thick as that, so that chance does not tilt the start
    x, y, z = ((axis * task.cells).astype(np.float32) for axis in (x, y, z))
    payload = np.ones(task.count)
    cell = np.zeros(task.count, np.int32)
    field = task.field(np.float32).ravel()
    before = float(field.sum(dtype=float))
    words = kicks.step_words(key, 0, task.steps)
    sizes, hop = (task.cells,) * 3, sqrt(2.0 * task.diffusivity * task.step)
    for s in range(task.steps):
        if s % SORT == 0:
            index = compiled.order(y, z, task.cells, task.cells**2)
            x, y, z, payload, identity = x[index], y[index], z[index], payload[index], identity[index]
            base = identity * kicks.ODD
        climbed, taken = 0.5 * task.climb * task.step, task.rate * task.step
        compiled.walk_step(x, y, z, cell, base, field, sizes, climbed, hop, words[s])
        compiled.book(field, payload, cell, taken)
    back = np.empty(task.count, np.int64)
    back[identity] = np.arange(task.count)
    gave = float(task.count - payload.sum())
    return Deposited(
        gave / task.count,
        float(z.mean(dtype=float)),
        abs(gave - (before - float(field.sum(dtype=float)))) / task.count,
        field.reshape((task.cells,) * 3),
        np.column_stack((x, y, z))[back],
        payload[back],
    )


def by_densities(task: CommonTask | None = None, *, whole: bool = True) -> Deposited:
    """Carry the task through with densities, the mean of all that particles may do.

    Arguments: task (None: the published one); whole (whether every cell is computed; else one line of them stands for all, because
    nothing varies across).
    Assumptions: fluxes after Scharfetter and Gummel; explicit in time, with the step of the particles.
    """
    from amelo.therapy.nano import common_walk as compiled

    task = task or CommonTask()
    field = task.field() if whole else np.ascontiguousarray(task.field()[:, :1, :1])
    lines = task.cells**3 / field.size
    before = float(field.sum())
    n = np.full_like(field, task.count / task.cells**3)
    w, new_n, new_w = n.copy(), np.empty_like(n), np.empty_like(n)
    for _ in range(task.steps):
        compiled.fields_step(n, w, field, new_n, new_w, task.diffusivity * task.step, task.climb * task.step, task.rate * task.step)
        n, w, new_n, new_w = new_n, new_w, n, w
    gave = task.count - lines * float(w.sum())
    mean = float((n.sum((1, 2)) * (np.arange(task.cells) + 0.5)).sum() / n.sum())
    error = abs(gave - lines * (before - float(field.sum()))) / task.count
    return Deposited(gave / task.count, mean, error, np.array(np.broadcast_to(field, (task.cells,) * 3)))
