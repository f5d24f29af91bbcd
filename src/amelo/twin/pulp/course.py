"""What happens to pulps over hours and weeks: an ensemble through segments of constant influx, heat, cutting, carriers and care.

Hours and mmHg are inside; durations, rates and pressures here are in SI.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from amelo.errors import ParameterError, SolveError
from amelo.params import load_set
from amelo.twin.pulp.constants import Pulps
from amelo.twin.pulp.equations import FORCES, STATES, perfusion, pressure
from amelo.twin.pulp.kernel import WIDTH, kernel
from amelo.twin.pulp.pacing import LANES, pacer

__all__ = ["HOUR", "MMHG", "STEP", "Course", "Segment", "carried", "follow", "forces_of", "steps_of"]

HOUR, MMHG = 3600.0, 133.322387415
STEP = 450.0  # s: a threshold of heat within 0.1 %, more than 40,000 fortnights a second of one core


@dataclass(frozen=True, eq=False)
class Segment:
    """A span in which nothing outside the pulp changes.

    Fields, each a number or one per pulp: duration [s], a number; influx [unit/s] of bacteria and their products; warming [K] over body
    temperature; cutting [unit/s] damage by the knife; carriers, their local load [unit]; soothing, by how much the source of what calms
    is multiplied; liner, how much of a liner or dressing is laid at the start [unit], which then fades.
    """

    duration: float
    influx: float | np.ndarray = 0.0
    warming: float | np.ndarray = 0.0
    cutting: float | np.ndarray = 0.0
    carriers: float | np.ndarray = 0.0
    soothing: float | np.ndarray = 1.0
    liner: float | np.ndarray = 0.0


@dataclass(frozen=True, eq=False)
class Course:
    """How M pulps fared over S segments.

    Fields: pulps; time (S + 1,) [s], ends of segments; state (S + 1, 5, M) in the order of ``STATES``; worst (M,), the most damage at the
    end of any step, between them as well where pulps choose their steps; collapse (M,) [s], when damage first passed the mark of collapse, NaN for
    never; most (M,), the most inflammation at the start and the ends of segments.
    """

    pulps: Pulps
    time: np.ndarray
    state: np.ndarray
    worst: np.ndarray
    collapse: np.ndarray
    most: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Return one state (S + 1, M) by name."""
        if name not in STATES:
            raise ParameterError(f"'{name}' is not a state of a pulp", fix="use one of " + ", ".join(STATES))
        return self.state[:, STATES.index(name)]

    @property
    def lost(self) -> np.ndarray:
        """Tell which pulps (M,) end beyond the mark of collapse."""
        return self["damage"][-1] > load_set("pulp").value("damage.collapse")

    @property
    def pressure(self) -> np.ndarray:
        """Pressure of the tissue (S + 1, M) [Pa]."""
        return pressure(self["inflammation"], self.pulps.values) * MMHG

    @property
    def perfusion(self) -> np.ndarray:
        """Share of full perfusion (S + 1, M)."""
        return perfusion(self["inflammation"], self.pulps.values)


def follow(
    pulps: Pulps,
    segments: Sequence[Segment],
    *,
    start: np.ndarray | None = None,
    step: float = STEP,
    tolerance: float | None = None,
    threads: int = 1,
) -> Course:
    """Return how pulps fare.

    Arguments: pulps; segments, one after the other; start (5, M), None for healthy ones at rest; step [s], the longest of even ones; tolerance,
    the error that is let pass in one step as a share of each state, instead of even steps; threads.
    Returns: Course.
    Raises: ParameterError for segments or a start that cannot be; SolveError when a state is not finite, because steps were too long.
    Assumptions: fourth order in the step, which divides each segment evenly; 7.5 minutes put thresholds of heat within 0.1 %, a quarter of an hour within
    0.4 %.
    """
    lengths, steps = steps_of(segments, step)
    if tolerance is not None and not 0.0 < tolerance < 1.0:
        raise ParameterError(f"a tolerance of {tolerance:g} is out of range", why="it is a share, above 0 and below 1")
    force, liner = forces_of(segments, pulps.count)
    given = steps if tolerance is None else tolerance
    return carried(pulps, lengths, force, liner, pulps.rest() if start is None else start, given, threads=threads)


def carried(
    pulps: Pulps,
    lengths: np.ndarray,
    force: np.ndarray,
    liner: np.ndarray,
    start: np.ndarray,
    how: np.ndarray | float,
    *,
    every: bool = True,
    threads: int = 1,
) -> Course:
    """Return how pulps fare, from arrays: what ``follow`` does behind its checks.

    Arguments: pulps; lengths (S,) [h]; force (S, F, M) per hour and liner (S, M) as ``forces_of`` has them; start (5, M); how, numbers of even
    steps (S,), or the tolerance of steps that each pulp chooses; every, whether to keep the ends of all segments or of the last alone; threads.
    Raises: ParameterError for a start that cannot be; SolveError when a state is not finite.
    """
    count = pulps.count
    first = np.asarray(start, float)
    if first.shape != (len(STATES), count) or not (np.isfinite(first).all() and (first >= 0.0).all()):
        raise ParameterError(
            f"the start is not ({len(STATES)}, {count}) finite states of at least 0", why="one row a state, one column a pulp"
        )
    even = isinstance(how, np.ndarray)
    width, march = (WIDTH, kernel().march) if even else (LANES, pacer().march)
    blocks = -(-count // width)
    spare = blocks * width - count

    def blocked(array: np.ndarray) -> np.ndarray:
        """Return (..., M) as (blocks, ..., width), the last member repeated in what is left over."""
        whole = np.concatenate([array, np.repeat(array[..., -1:], spare, axis=-1)], axis=-1) if spare else array
        return np.ascontiguousarray(np.moveaxis(whole.reshape(*array.shape[:-1], blocks, width), -2, 0))

    frames = np.empty((blocks, len(lengths) + 1 if every else 2, len(STATES), width))
    frames[:, 0] = blocked(first)
    worst, moment = frames[:, 0, STATES.index("damage")].copy(), np.full((blocks, width), -1.0)
    most = frames[:, 0, STATES.index("inflammation")].copy()
    mark = np.full((blocks, width), load_set("pulp").value("damage.collapse"))
    moment[worst > mark] = 0.0
    given = (blocked(pulps.values), blocked(force), blocked(liner), lengths, how, mark, frames, worst, moment, most)
    tiles = np.linspace(0, blocks, max(1, min(threads, blocks)) + 1).astype(int)
    if len(tiles) == 2:
        march(0, blocks, *given)
    else:
        with ThreadPoolExecutor(len(tiles) - 1) as pool:
            for done in [pool.submit(march, int(a), int(b), *given) for a, b in pairwise(tiles)]:
                done.result()

    def joined(array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array, 0, -2).reshape(*array.shape[1:-1], blocks * width)[..., :count]

    state = joined(frames)
    if not np.isfinite(state).all():
        bad = int(np.flatnonzero(~np.isfinite(state).all((0, 1)))[0])
        longest = HOUR * float((lengths / how).max()) if even else 0.0
        why = f"steps of {longest:g} s are too long for its constants" if even else "no step is short enough for its constants"
        raise SolveError(f"pulp {bad} has no finite state", why=why, fix="shorten step" if even else "look at its constants")
    when = joined(moment)
    time = np.concatenate([[0.0], np.cumsum(lengths)]) * HOUR
    time = time if every else time[[0, -1]]
    return Course(pulps, time, state, joined(worst), np.where(when < 0.0, np.nan, when * HOUR), joined(most))


def steps_of(segments: Sequence[Segment], step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return lengths [h] of segments and in how many steps each is gone.

    Raises: ParameterError when there are none, or a duration or the step is not above 0.
    """
    if not segments:
        raise ParameterError("no segments are given", fix="give one or more, each with a duration")
    if not (np.isfinite(step) and step > 0.0):
        raise ParameterError(f"a step of {step:g} s cannot be gone", fix="give one above 0")
    for number, segment in enumerate(segments, 1):
        if not (np.isfinite(segment.duration) and segment.duration > 0.0):
            raise ParameterError(f"segment {number} lasts {segment.duration:g} s", fix="give a duration above 0")
    durations = np.array([segment.duration for segment in segments], float)
    return durations / HOUR, np.array([max(1, ceil(d / step - 1e-9)) for d in durations])


def forces_of(segments: Sequence[Segment], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what acts (S, F, M), in the order of ``FORCES`` and per hour, and the liners that are laid (S, M).

    Raises: ParameterError for a force that is not finite, below 0 (warming may be), or that belongs to another number of pulps.
    """
    per_hour = {"influx": HOUR, "cutting": HOUR}
    found = np.empty((len(segments), len(FORCES) + 1, count))
    for number, segment in enumerate(segments):
        for place, name in enumerate((*FORCES, "liner")):
            value = np.asarray(getattr(segment, name), float)
            if value.shape not in ((), (1,), (count,)):
                raise ParameterError(f"{name} of segment {number + 1} has the shape {value.shape}", why=f"there are {count} pulps")
            if not np.isfinite(value).all() or (name != "warming" and (value < 0.0).any()):
                raise ParameterError(f"{name} of segment {number + 1} is below 0 or not finite")
            found[number, place] = value * per_hour.get(name, 1.0)
    return found[:, :-1], found[:, -1]
