"""The particle tier: weighted carriers in a passage, moved step by step by drift and random kicks.

The depth of a carrier goes by an explicit step of the equation whose density is that of the density tier,

    dz = (u + dD/dz + D d ln A/dz) dt + sqrt(2 D) dW

with drift u, diffusivity D and reach A of :func:`amelo.nano.flow`, tabulated at even depths and interpolated.  Ends and plugs throw back;
an open end takes away what crosses it, and stands ``OVERSHOOT`` kicks nearer than it is, because carriers are looked at only once a
step.  A carrier sticks when the hazard that it has met has used up its patience, which is drawn once, of an exponential law: no random
number is needed per step, and the law is exact for any hazard along the way.

Every carrier is moved on its own, in blocks that stay in the processor's nearest memory for many steps; nothing depends on the order
of carriers or on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np

from amelo.therapy.nano import kicks
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import Flow, Passage, flow

__all__ = [
    "MODES",
    "Particles",
    "Tables",
    "advance",
    "draw_patience",
    "drift_of_walk",
    "evenly",
    "release",
    "tables_of",
    "threads_set",
]

MODES = ("free", "stuck", "plugged", "left", "pulp")
FREE, STUCK, PLUGGED, LEFT, PULP = range(5)
POINTS = 4096  # of a table
ALONE = 4_000_000  # steps of carriers, some 30 ms
OVERSHOOT = 0.5644  # mean overshoot of a walk of kicks of this law over a level, in kicks (0.5826 for Gaussian ones)


@dataclass
class Particles:
    """Carriers of one passage, a structure of arrays (P,) in any order.

    Fields: identity (unsigned, never changes); depth [m]; payload (share of a full one that is aboard); patience (hazard that is still
    to be met before the next event); weight (carriers that one stands for); mode (index of ``MODES``); draws (patiences drawn so far);
    shelf (where the tables of its size begin).
    """

    identity: np.ndarray
    depth: np.ndarray
    payload: np.ndarray
    patience: np.ndarray
    weight: np.ndarray
    mode: np.ndarray
    draws: np.ndarray
    shelf: np.ndarray

    def __len__(self) -> int:
        return len(self.identity)

    def taken(self, index: np.ndarray) -> Particles:
        """Return the carriers of an index, in its order."""
        return Particles(*(getattr(self, field.name)[index] for field in fields(self)))

    def copy(self) -> Particles:
        """Return the same carriers in arrays of their own."""
        return Particles(*(getattr(self, field.name).copy() for field in fields(self)))

    def by_identity(self) -> Particles:
        """Return the carriers in the order of their identities."""
        return self.taken(np.argsort(self.identity))


@dataclass(frozen=True, eq=False)
class Tables:
    """What moves carriers in one step, at POINTS + 1 even depths, one shelf after the other.

    Fields: push [m] (drift of the mean); kick [m] (of unit kicks); hazard (of sticking); spacing [m]; length [m]; open_mouth and open_far
    (whether that end takes away).
    """

    push: np.ndarray
    kick: np.ndarray
    hazard: np.ndarray
    spacing: float
    length: float
    open_mouth: bool
    open_far: bool

    @property
    def points(self) -> int:
        """Steps between the depths of one shelf."""
        return round(self.length / self.spacing)

    @property
    def sticky(self) -> bool:
        """Whether anything sticks."""
        return bool(self.hazard.any())


def evenly(passage: Passage, points: int = POINTS) -> Passage:
    """Return a passage cut into even cells, with the widths and flows of another one between its edges."""
    edges = np.linspace(passage.edges[0], passage.edges[-1], points + 1)

    def at(values: Any) -> Any:
        values = np.asarray(values, float)
        return float(values) if values.ndim == 0 else np.interp(edges, passage.edges, values)

    width = at(passage.width) if passage.tube else np.full(points + 1, np.inf)
    outflow = at(passage.outflow)
    if passage.tube:  # the same fluid passes everywhere
        through = at(np.asarray(passage.outflow) * passage.area(passage.width))
        outflow = through / passage.area(width)
    return replace(passage, edges=edges, width=width, outflow=outflow, concentration_gradient=at(passage.concentration_gradient))


def drift_of_walk(motion: Flow, spacing: float) -> np.ndarray:
    """Return the drift [m/s] of a walk whose density is that of the flow: its drift, and what comes with narrowing and with drag.

    Arguments: motion at even depths; spacing [m].
    """
    spread = motion.diffusivity
    narrowing = np.gradient(np.log(np.maximum(motion.reach, np.finfo(float).tiny)), spacing)
    return motion.drift + np.gradient(spread, spacing) + spread * narrowing


def tables_of(
    passage: Passage,
    carrier: Carrier,
    field: Field,
    step: float,
    *,
    open_mouth: bool = False,
    ph: float | np.ndarray = 7.0,
    diameters: tuple[float, ...] | None = None,
    points: int = POINTS,
) -> Tables:
    """Return the tables of a step.

    Arguments: passage; carrier; field; step [s]; open_mouth (whether carriers that come to the mouth are gone); ph of the fluid, one
    number or one for each cell (N,); diameters [m], one shelf each (None: that of the carrier); points.
    """
    even = evenly(passage, points)
    spacing = float(even.edges[1] - even.edges[0])
    middle = 0.5 * (passage.edges[:-1] + passage.edges[1:])
    acid = ph if np.ndim(ph) == 0 else np.interp(even.edges, middle, ph)
    push, kick, hazard = [], [], []
    for diameter in diameters or (carrier.diameter,):
        motion = flow(even, carrier.changed(diameter=diameter), field)
        ones = np.ones(points + 1)
        push.append(drift_of_walk(motion, spacing) * ones * step)
        kick.append(np.sqrt(2.0 * motion.diffusivity * ones * step))
        wall = 4.0 / even.width if passage.tube else np.zeros(points + 1)  # perimeter over area
        hazard.append(carrier.sticking(0.0, acid, tubule=True) * wall * step)
    joined = (np.concatenate(list_) for list_ in (push, kick, hazard))
    return Tables(*joined, spacing, float(even.edges[-1]), open_mouth, passage.far == "pulp")


def release(count: int, key: int, *, weight: float = 1.0, between: tuple[float, float] = (0.0, 0.0), first: int = 0) -> Particles:
    """Return full, free carriers, spread evenly over depths.

    Arguments: count; key; weight (carriers that one stands for); between, depths [m]; first identity.
    """
    identity = np.arange(first, first + count, dtype=np.uint64)
    places = kicks.open_unit(kicks.word_of(identity, kicks.step_words(key, 0, 1, kicks.EVENTS + 1)[0]))
    depth = between[0] + (between[1] - between[0]) * places
    whole = np.ones(count)
    found = Particles(
        identity,
        depth,
        whole,
        np.zeros(count),
        whole * weight,
        np.zeros(count, np.int8),
        np.zeros(count, np.int32),
        np.zeros(count, np.int32),
    )
    draw_patience(found, np.arange(count), key)
    return found


def draw_patience(particles: Particles, index: np.ndarray, key: int) -> None:
    """Give carriers of an index a new patience, exponential with mean 1, in place."""
    if not len(index):
        return
    number = particles.draws[index]
    words = kicks.step_words(key, 0, int(number.max()) + 1, kicks.EVENTS)[number]
    particles.patience[index] = -np.log(kicks.open_unit(kicks.word_of(particles.identity[index], words)))
    particles.draws[index] += 1


def advance(
    particles: Particles,
    tables: Tables,
    words: np.ndarray,
    *,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    count: int | None = None,
) -> None:
    """Move carriers by as many steps as there are words, in place, and say in their modes what became of them.

    Arguments: particles; tables; words (S,) of the steps; low and high (P,) [m], the walls that throw each back (None: the ends);
    count (only the first so many; None: all).
    """
    count = len(particles) if count is None else count
    if not count or not len(words):
        return
    low = np.zeros(count) if low is None else low
    high = np.full(count, tables.length) if high is None else high
    out_low, out_high = -np.inf, np.inf
    if tables.open_mouth:
        low, out_low = np.where(low <= 0.0, -np.inf, low), OVERSHOOT * float(tables.kick[0])
    if tables.open_far:
        high = np.where(high >= tables.length, np.inf, high)
        out_high = tables.length - OVERSHOOT * float(tables.kick[-1])
    mobile = (particles.mode[:count] == FREE).astype(float)
    was = mobile.copy()
    depth, patience = particles.depth[:count], particles.patience[:count]
    shelf = particles.shelf[:count].astype(np.int32)
    walk = _kernel(tables.sticky)
    with _threads_for(count * len(words)):
        walk(
            depth,
            patience,
            mobile,
            particles.identity[:count],
            shelf,
            tables.push,
            tables.kick,
            tables.hazard,
            1.0 / tables.spacing,
            tables.points - 1,
            low,
            high,
            out_low,
            out_high,
            words,
        )
    stopped = (was > 0.0) & (mobile == 0.0)
    if stopped.any():
        mode = particles.mode[:count]
        mode[stopped & (patience <= 0.0)] = STUCK
        left, gone = stopped & (depth < out_low), stopped & (depth > out_high)
        mode[left], mode[gone] = LEFT, PULP
        depth[left], depth[gone] = 0.0, tables.length


@cache
def _kernel(sticky: bool) -> Callable[..., None]:
    """Return the compiled walk, with or without walls that carriers stick to."""
    from amelo.therapy.nano import walk

    return walk.sticky_walk if sticky else walk.free_walk


@contextmanager
def _threads_for(work: int) -> Iterator[None]:
    """Use one thread for so little work (carriers times steps) that waking others takes longer."""
    import numba

    threads = numba.get_num_threads()
    if work < ALONE:
        numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)


def threads_set(threads: int | None) -> int:
    """Set the threads that carriers are moved on, and return how many there are (None: leave as it is)."""
    import numba

    if threads is not None:
        numba.set_num_threads(max(1, min(threads, numba.config.NUMBA_NUM_THREADS)))
    return int(numba.get_num_threads())
