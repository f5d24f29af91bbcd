"""Derivatives of an outcome with respect to parameters of a specimen and numbers of a protocol, all from one run and its way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from amelo.errors import AmeloError
from amelo.inference.knobs import Move, knobs_of, mouth_moves
from amelo.protocol.compile import Mouths
from amelo.protocol.record import Protocol
from amelo.records.case import Case
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import catalogue
from amelo.twin.build import column_of
from amelo.twin.lesion.chain import Chain
from amelo.twin.lesion.gradient import TIGHT, objective_of, reverse
from amelo.twin.lesion.inputs import APART, STENCILS, sugar_slope
from amelo.twin.lesion.knobs import written
from amelo.twin.lesion.pull import KINDS
from amelo.twin.lesion.steps import Grid
from amelo.twin.run import RunStatus
from amelo.twin.schedule import Schedule

__all__ = ["Knobbed", "Slopes", "by_mouth", "by_parameters", "by_protocol", "mouth_numbers", "slopes"]


@dataclass(frozen=True)
class Knobbed:
    """A number of a protocol: value, distance between two points, and what schedule another value gives (None: none).

    In the mouth also moves (the numbers of mouthfuls that it moves, per SI unit) and scale (SI units per unit of the value).
    """

    name: str
    value: float
    step: float
    schedule: Callable[[float], Schedule | None] | None
    moves: tuple[Move, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True)
class Slopes:
    """An outcome, its derivatives by name, and the Newton iterations and steps of the one run."""

    value: float
    by_name: dict[str, float]
    counts: dict[str, int]


def slopes(
    specimen: Specimen,
    schedule: Schedule,
    parameters: Mapping[str, float],
    knobs: Sequence[Knobbed],
    *,
    of: str,
    grid: Grid,
    mouths: Mouths | None = None,
) -> Slopes:
    """Return an outcome at the end of a schedule with its derivatives, exact for the steps in time that are taken.

    Arguments: specimen; schedule; parameters (name: distance between two points, in its own unit); knobs; of (name of the outcome); grid;
    mouths (what happened in the mouth, for knobs that have moves).
    Raises: SolveError for a way that does not fit into memory.
    Assumptions: what a parameter does to the column, and a number of the laboratory to the schedule, is differentiated by differences of fourth
    order, which cost no run; what a number does in the mouth by the tangent equations of the mouth.
    """
    from amelo.twin.diffusivity import diffusivities

    column = column_of(specimen, values={name: p.value for name, p in catalogue(specimen).items()})
    back = reverse(column, schedule, diffusivities(specimen.celsius), settings=replace(TIGHT, grid=grid, saves=0))
    value, slope = objective_of(of)(back.run)
    if back.run.status[0] != RunStatus.OK or not np.isfinite(value[0]):
        return Slopes(float("nan"), {}, back.run.counts)
    chain = back.chain(slope)
    found = by_parameters(chain, specimen, parameters) | by_protocol(chain, [knob for knob in knobs if not knob.moves])
    eaten = [knob for knob in knobs if knob.moves]
    if eaten and mouths:
        found |= by_mouth(chain, schedule, mouths, eaten)
    return Slopes(float(value[0]), found, back.run.counts)


def by_parameters(chain: Chain, specimen: Specimen, steps: Mapping[str, float]) -> dict[str, float]:
    """Return the derivatives by parameters of a specimen; steps (name: distance between two points)."""
    known, stencil = catalogue(specimen), STENCILS[0]
    count = len(stencil)
    values = {name: np.full(count * len(steps), p.value) for name, p in known.items()}
    for i, (name, step) in enumerate(steps.items()):
        values[name][i * count : (i + 1) * count] += step * np.array(list(stencil))
    if not steps:
        return {}
    at = chain.of_column(column_of(specimen, members=count * len(steps), values=values)).reshape(len(steps), count)
    return {name: float(row @ np.array(list(stencil.values()))) / step for (name, step), row in zip(steps.items(), at, strict=True)}


def by_protocol(chain: Chain, knobs: Sequence[Knobbed]) -> dict[str, float]:
    """Return the derivatives by numbers of a protocol, not-a-number for one that cannot be turned by a little."""
    found = {}
    for knob in knobs:
        found[knob.name] = float("nan")
        for stencil in STENCILS:
            try:
                schedules = [knob.schedule(knob.value + n * knob.step) for n in stencil]
                if all(s is not None for s in schedules):
                    at = np.array([chain.of_schedule(s) for s in schedules])
                    found[knob.name] = float(at @ np.array(list(stencil.values()))) / knob.step
                    break
            except (AmeloError, ValueError):  # out of its range, or a bath whose charge cannot be closed: to the other side
                continue
    return found


def mouth_numbers(protocol: Protocol, case: Case | None = None) -> list[Knobbed]:
    """Return the numbers of what is done in a mouth under a protocol, for :func:`by_mouth`."""
    found = []
    for knob in knobs_of(protocol, case):
        if knob.moves:
            step = APART * (1.0 if knob.kind.logarithmic else min(knob.value, knob.room)) / knob.kind.scale
            found.append(Knobbed(knob.name, knob.shown, step, None, mouth_moves(protocol, knob, case), knob.kind.scale))
    return found


def by_mouth(chain: Chain, schedule: Schedule, mouths: Mouths, knobs: Sequence[Knobbed]) -> dict[str, float]:
    """Return the derivatives by numbers of what is done in a mouth, all from one more course of it.

    Arguments: chain; schedule and mouths (of one protocol, and the schedule that was solved); knobs (with moves).
    Assumptions: passes of a repeat that were worked out stay as many, and the one that repeats stands for all that follow it.
    """
    from amelo.twin.lesion.neutral import neutral_bars
    from amelo.twin.mouth_balance import NAMES
    from amelo.twin.mouth_slopes import Walk

    at = {id(segment): i for i, segment in enumerate(written(schedule))}
    own = [segment for stretch in mouths.stretches for segment in stretch.segments]
    every = chain.of_segments()
    bars = {kind: np.array([every[at[id(segment)]][kind] for segment in own]) for kind in KINDS}
    layout = chain.tape.layout
    by_totals = neutral_bars(layout, [s.exposure.fluid for s in own], bars["bath"], NAMES, chain.tape.column.table)
    sugar = sugar_slope(layout)
    by_sugar = np.zeros(len(own)) if sugar is None else bars["bath"] @ sugar
    scale = np.array([knob.step * knob.scale for knob in knobs]) / APART
    moved: dict[tuple, dict[str, np.ndarray]] = {}
    for k, knob in enumerate(knobs):
        for move in knob.moves:
            moved.setdefault(move.path, {}).setdefault(move.field, np.zeros(len(knobs)))[k] += move.share
    walk, found, first = Walk(mouths.saliva, scale), np.zeros(len(knobs)), 0
    for stretch in mouths.stretches:
        if stretch.rested:
            walk.rest()
        slopes = walk.take(stretch.taken, [moved.get(path, {}) for path in stretch.paths], stretch.division)
        here = slice(first, first + len(stretch.segments))
        first = here.stop
        found += bars["duration"][here] @ slopes.duration + bars["film"][here] @ slopes.film + by_sugar[here] @ slopes.sugar
        found += bars["activity"][here] @ slopes.activity + np.einsum("sj,sjk", by_totals[here], slopes.totals)
    return {knob.name: float(slope * knob.scale) for knob, slope in zip(knobs, found, strict=True)}
