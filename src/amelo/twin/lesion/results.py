"""The outcomes of a run by name as functions that can be differentiated: their value at the end, and its slope by what the run holds.

Outcomes are read from profiles: thresholds are places inside a cell, on a curve through the averages (``amelo.twin.crossing``), and as
smooth as that curve.  Their slopes come from differences of the reading alone, of fourth order and to both sides, which costs no run.
Where the two sides differ the outcome has a corner there (a lesion that begins, a layer that is about to count, a body that lies in
another cell the next moment), and has no derivative: not-a-number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amelo.errors import CommandError, nearest
from amelo.twin.lesion.seeds import Slopes
from amelo.twin.measures import MEASURES, measure_run
from amelo.twin.run import Run

__all__ = ["outcome", "outcome_slopes"]

READ = ("Ca", "P", "F")  # components that outcomes read
APART = 1e-5  # between two points, of what is of the order of one
SIDE = {0: -25 / 12, 1: 4.0, 2: -3.0, 3: 4 / 3, 4: -1 / 4}  # a derivative of fourth order to one side
SMOOTH = 1e-5  # relative difference of both sides beyond which there is a corner
FIELDS = ("mineral", "sound", "ph", "totals", "inflow", "collagen")


def outcome(name: str) -> Callable[[Run], tuple[np.ndarray, Slopes]]:
    """Return the function of a run that gives an outcome of each member at its end (M,), in its unit, and its slopes.

    Raises: CommandError for an unknown name.
    """
    if name not in MEASURES:
        raise CommandError(f"'{name}' is not an outcome", fix=nearest(name, MEASURES, limit=30))
    return lambda run: (measure_run(run)[name][:, -1], outcome_slopes(run, name))


def outcome_slopes(run: Run, name: str) -> Slopes:
    """Return the derivatives of an outcome at the end of a run by the fields of the run that it reads.

    Returns: field: array of its shape; not-a-number where the outcome has a corner, zero where a member has no such outcome.
    """
    kept = sorted({0, max(len(run.time) - 2, 0), len(run.time) - 1})
    found = {field: np.zeros(getattr(run, field).shape) for field in FIELDS} | {"time": np.zeros(run.mineral.shape[:2])}
    for m in range(len(run.mineral)):
        small = _excerpt(run, m, kept)
        for field, slope in _member(small, name).items():
            if field == "mineral":
                for t, at in enumerate(kept):
                    found[field][m, at] = slope[0, t]
            elif field == "time":
                found[field][m, kept] = slope
            elif field == "sound":
                found[field][m] = slope[0]
            elif field in ("totals", "inflow"):
                for c, component in enumerate(small.components):
                    found[field][m, kept, run.components.index(component)] = slope[0, :, c]
            else:
                found[field][m, kept] = slope[0]
    return {field: slope for field, slope in found.items() if np.any(slope)}


def _excerpt(run: Run, m: int, kept: list[int]) -> Run:
    """Return what outcomes read of one member: minerals as one phase, few times, three components."""
    components = tuple(c for c in READ if c in run.components)
    rows = [run.components.index(c) for c in components]
    return replace(
        run,
        time=run.time[kept],
        components=components,
        mineral=run.mineral[m : m + 1, kept].sum(axis=2, keepdims=True),
        sound=run.sound[m : m + 1].sum(axis=1, keepdims=True),
        ph=run.ph[m : m + 1, kept],
        totals=run.totals[m : m + 1, kept][:, :, rows],
        inflow=run.inflow[m : m + 1, kept][:, :, rows],
        collagen=run.collagen[m : m + 1, kept],
    )


def _member(run: Run, name: str) -> dict[str, np.ndarray]:
    """Return the slopes of an outcome of a single member by the fields that it reads."""

    def read(changed: dict[str, np.ndarray]) -> np.ndarray:
        count = max(len(a) for a in changed.values())
        arrays = {f: np.broadcast_to(changed.get(f, getattr(run, f)), (count, *getattr(run, f).shape[1:])) for f in FIELDS}
        return measure_run(replace(run, **arrays))[name][:, -1]

    value = read({"ph": run.ph})[0]
    found = {}
    if not np.isfinite(value):
        return found
    rng = np.random.default_rng(0)
    for field in FIELDS:
        array = getattr(run, field)
        unit = np.maximum(np.abs(array), 1e-9) if field in ("totals", "inflow") else np.ones(array.shape)
        if not array.size or read({field: array + 1e-3 * APART * unit * rng.uniform(0.5, 1.0, array.shape)})[0] == value:
            continue

        def moved(by: np.ndarray, field: str = field, array: np.ndarray = array) -> np.ndarray:
            rows = np.repeat(array.reshape(1, -1), array.size, axis=0)
            np.fill_diagonal(rows, np.diagonal(rows) + by)
            return read({field: rows.reshape(array.size, *array.shape[1:])})

        found[field] = _slope(moved, value, APART * unit.ravel()).reshape(array.shape)

    def later(by: np.ndarray) -> np.ndarray:
        times = run.time + np.diag(by)
        return np.array([measure_run(replace(run, time=row))[name][0, -1] for row in times])

    step = np.full(len(run.time), APART * max(run.time[-1], 1.0))
    if len(run.time) > 1 and (later(1e-3 * step) != value).any():
        found["time"] = _slope(later, value, step)
    return found


def _slope(read: Callable[[np.ndarray], np.ndarray], value: float, step: np.ndarray) -> np.ndarray:
    """Return the derivatives (K,) of a number by K numbers, not-a-number at a corner.

    Arguments: read (each moved by its own (K,): the number (K,)); value of the number; step (K,).
    """
    sides = []
    for sign in (1.0, -1.0):
        total = SIDE[0] * value + sum(SIDE[n] * read(sign * n * step) for n in (1, 2, 3, 4))
        sides.append(sign * total / step)
    gap, largest = np.abs(sides[0] - sides[1]), np.maximum(np.abs(sides[0]), np.abs(sides[1]))
    floor = 1e-10 * np.abs(value) / step  # what rounding of the value comes to, and more
    slope = np.where(gap <= SMOOTH * largest + floor, 0.5 * (sides[0] + sides[1]), np.nan)
    return np.where(largest <= floor * 1e-3, 0.0, slope)
