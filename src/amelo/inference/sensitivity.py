"""The verb ``sensitivity``: what an outcome depends on, parameters of the specimen and numbers of the protocol alike.

Every derivative comes from one run and its way back.  What a number can do is then solved at both ends of its range, all in one ensemble,
or read off the derivative.  Where a run cannot be walked back derivatives are differences of two members that are solved side by side on
the same steps in time, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from amelo.errors import AmeloError, CommandError, SolveError, nearest
from amelo.inference.knobs import Knob, Move, knobs_of, mouth_moves, turned
from amelo.inference.model import LANES, solve_members
from amelo.inference.slopes import Knobbed, Slopes, slopes
from amelo.protocol.compile import Mouths, mouths_of
from amelo.protocol.record import Protocol
from amelo.records.case import Case
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import catalogue, unused
from amelo.twin.lesion.solve import Settings
from amelo.twin.measures import MEASURES, Measure, measure_run
from amelo.twin.run import Run, RunStatus
from amelo.twin.schedule import Schedule, Segment, refuse_changes

__all__ = ["ENDS", "PARTS", "Row", "Sensitivity", "sensitivity"]

SMALL = 1e-3  # relative step of a derivative; of a pH or pK, in its own unit
REACH = 0.10  # by which a number of the protocol is turned either way
PH_REACH = 0.2  # and a pH; about what a laboratory sets it to, and a little more
PARTS = ("all", "parameters", "protocol")
ENDS = ("solved", "gradient")


@dataclass(frozen=True)
class Row:
    """One number and what it does: value in ``unit``; derivative of the outcome by it; elasticity (per cent of the outcome per per cent of
    the number, nan for a pH or pK); low and high, ends of its range; outcome at both; foretold (its change from end to end by the
    derivative alone: straight, over a range of more than a factor of 2 with the power that the elasticity is).
    """

    name: str
    kind: str
    unit: str
    value: float
    derivative: float
    elasticity: float
    low: float
    high: float
    at_low: float
    at_high: float
    foretold: float

    @property
    def effect(self) -> float:
        """Change of the outcome from one end of the range to the other."""
        return self.at_high - self.at_low

    @property
    def size(self) -> float:
        """By how much the number moves the outcome at all, 0 where that is not known."""
        ends = [v for v in (self.at_low, self.at_high) if np.isfinite(v)]
        return max(ends) - min(ends) if len(ends) > 1 else 0.0

    @property
    def span(self) -> str:
        """The range in words."""
        unit = "" if self.unit in ("1", "pH") else f" {self.unit}"
        return f"{self.low:.3g} to {self.high:.3g}{unit}"


@dataclass(frozen=True)
class Sensitivity:
    """What an outcome depends on.

    Fields: measure (the outcome and its unit); value; rows (the strongest first); error (of the outcome in time, in its unit); notes;
    specimen and protocol in words; derivatives (how they were found, in words); members solved; wall_time [s].
    """

    measure: Measure
    value: float
    rows: tuple[Row, ...]
    error: float
    notes: tuple[str, ...]
    specimen: str
    protocol: str
    derivatives: str
    members: int
    wall_time: float

    def __repr__(self) -> str:
        """Return the outcome and its strongest causes."""
        lines = [f"{self.measure.label} {self.value:{self.measure.form}} {self.measure.unit}"]
        lines += [f"  {r.name} {r.span}: {r.at_low:.4g} to {r.at_high:.4g}" for r in self.rows[:5]]
        return "\n".join(lines)


def sensitivity(
    specimen: Specimen,
    protocol: Protocol | str,
    *,
    of: str = "integrated_mineral_loss",
    parts: str = "all",
    ends: str = "solved",
    case: Case | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Sensitivity:
    """Return what moves an outcome at the end of a protocol, the strongest first.

    Arguments: specimen; protocol (or its text); of (name of the outcome); parts ("all", "parameters" or "protocol"); ends of ranges
    ("solved", or by the "gradient" alone, which needs no other run); case (whose mouth it is); on_progress (fraction, message).
    Raises: CommandError for an unknown outcome; SolveError when the run has no answer or the outcome does not exist in it.
    Assumptions: one number at a time; ends are low and high of a parameter, ±10 % of a number of the protocol and ±0.2 of a pH. By the
    gradient an outcome goes along a straight line, over a range of more than a factor of 2 with the power that the elasticity is.
    """
    if of not in MEASURES:
        raise CommandError(f"'{of}' is not an outcome", fix=nearest(of, MEASURES, limit=30))
    if parts not in PARTS:
        raise CommandError(f"'{parts}' is not a part", fix=nearest(parts, PARTS))
    if ends not in ENDS:
        raise CommandError(f"ends cannot be '{ends}'", fix=nearest(ends, ENDS))
    started = time.perf_counter()
    told = on_progress or (lambda fraction, message: None)
    protocol = Protocol.parse(protocol) if isinstance(protocol, str) else protocol
    base, mouths = mouths_of(protocol, case)
    refuse_changes([base], "sensitivities")
    numbers = _parameters(specimen) if parts != "protocol" else []
    told(0.0, "turning what can be turned")
    knobs, notes = _usable(protocol, base, mouths, case, ends) if parts != "parameters" else ([], [])
    plan = [*numbers, *knobs]
    if not plan:
        raise CommandError("there is nothing to turn", why="; ".join(notes) or "no parameter of the specimen has a range")
    told(0.0, "loading the equations")
    settings = Settings(saves=0)
    finer = replace(settings, grid=replace(settings.grid, parts=2))
    coarse = float(_read(solve_members(specimen, base, {}, settings), of)[0])
    told(0.1, "walking back")
    exact, words = _by_adjoint(specimen, base, mouths, numbers, knobs, of, finer)
    if exact is None and ends == "gradient":
        raise CommandError("ends cannot be read off a gradient", why=words, fix="leave ends at 'solved'")
    if ends == "gradient":
        middle, members = exact.value, 2
        _check(middle, of, specimen)
        rows = [_row(item, exact.by_name[item.name], middle, *_ends(item, exact.by_name[item.name], middle)) for item in plan]
    else:
        each = (2, 3) if exact else (0, 1, 2, 3)
        values = _members(specimen, plan, base, each)
        outcome = _outcomes(specimen, *values, finer, of, lambda f: told(0.2 + 0.8 * f, "solving the ends of every range"))
        middle, members = float(outcome[0]), len(outcome) + 2
        _check(middle, of, specimen)
        rows = []
        for item, found in zip(plan, outcome[2:].reshape(len(plan), len(each)), strict=True):
            below, above, _, _ = item.points
            slope = exact.by_name[item.name] if exact else float(found[1] - found[0]) / (above - below)
            rows.append(_row(item, slope, middle, float(found[-2]), float(found[-1])))
    lost = [row.name for row in rows if not np.isfinite([row.at_low, row.at_high]).all()]
    steep = [row.name for row in rows if not np.isfinite(row.derivative)]
    if steep:
        notes.append(
            f"the outcome has no derivative by {', '.join(steep[:5])}{' and others' * (len(steep) > 5)}: there is a corner here"
        )
    if lost:
        notes.append(f"part of the runs of {', '.join(lost[:5])}{' and others' * (len(lost) > 5)} have no answer")
    rows.sort(key=lambda row: -row.size)
    told(1.0, "done")
    return Sensitivity(
        measure=MEASURES[of],
        value=middle,
        rows=tuple(rows),
        error=float(abs(middle - coarse)),
        notes=tuple(notes),
        specimen=specimen.name,
        protocol=str(protocol),
        derivatives=words,
        members=members,
        wall_time=time.perf_counter() - started,
    )


@dataclass(frozen=True)
class _Turn:
    """One number to turn: its points, low side and high side of the derivative, low and high end, all in the unit for people."""

    name: str
    kind: str
    unit: str
    value: float
    points: tuple[float, float, float, float]
    logarithmic: bool
    schedules: tuple[Schedule | None, ...] = ()
    turn: Callable[[float], Schedule | None] | None = None
    moves: tuple[Move, ...] = ()
    scale: float = 1.0

    @property
    def step(self) -> float:
        """Distance between two points of a derivative, in the unit for people."""
        return self.points[1] - self.value

    def schedule(self, k: int) -> Schedule | None:
        """Return the schedule at one of the points."""
        found = self.schedules[k] if self.schedules else None
        return found or self.turn(self.points[k])


def _by_adjoint(
    specimen: Specimen,
    base: Schedule,
    mouths: Mouths,
    numbers: Sequence[_Turn],
    knobs: Sequence[_Turn],
    of: str,
    settings: Settings,
) -> tuple[Slopes | None, str]:
    """Return the derivatives by one run and its way back, or None, and which it was in words."""
    steps = {item.name: item.step for item in numbers}
    turns = [Knobbed(item.name, item.value, item.step, item.turn, item.moves, item.scale) for item in knobs]
    try:
        return slopes(
            specimen, base, steps, turns, of=of, grid=settings.grid, mouths=mouths
        ), "the adjoint of one run, exact for its steps in time"
    except SolveError as error:
        return None, f"differences of two runs each, because {error.what}"


def _check(middle: float, of: str, specimen: Specimen) -> None:
    if not np.isfinite(middle):
        raise SolveError(f"the run has no {MEASURES[of].label}", where=specimen.name, fix="see 'amelo simulate'")


def _ends(item: _Turn, slope: float, middle: float) -> tuple[float, float]:
    """Return the outcome at both ends of a range as the derivative alone foretells it."""
    low, high = item.points[2:]
    if item.logarithmic or min(low, item.value, middle) <= 0.0 or high < 2.0 * low:
        return middle + slope * (low - item.value), middle + slope * (high - item.value)
    power = slope * item.value / middle
    return middle * (low / item.value) ** power, middle * (high / item.value) ** power


def _parameters(specimen: Specimen) -> list[_Turn]:
    turns = []
    hidden = unused(specimen)
    names = [name for name, p in catalogue(specimen).items() if p.low < p.high and name not in hidden]
    for name in names:
        p = catalogue(specimen)[name]
        logarithmic = name.startswith("pk.") or name.endswith("_ph")
        step = SMALL if logarithmic else SMALL * (abs(p.value) or p.high - p.low)
        turns.append(_Turn(name, "parameter", p.unit, p.value, (p.value - step, p.value + step, p.low, p.high), logarithmic))
    return turns


def _usable(protocol: Protocol, base: Schedule, mouths: Mouths, case: Case | None, ends: str) -> tuple[list[_Turn], list[str]]:
    """Return the knobs whose every turn gives a schedule of the same structure, and sentences on the others.

    What is done in a mouth is cut into segments as it is at the middle; it is worked out at the ends of a range only where they are solved.
    """
    turns, refused = [], []
    like = mouths if mouths.stretches else None
    for knob in knobs_of(protocol, case):
        kind, eaten = knob.kind, bool(knob.moves)
        step = SMALL * (1.0 if kind.logarithmic else min(knob.value, knob.room))
        reach = PH_REACH if kind.logarithmic else min(REACH * knob.value, knob.room)
        points = (knob.value - step, knob.value + step, knob.value - reach, knob.value + reach)

        def turn(shown: float, knob: Knob = knob) -> Schedule | None:
            found = turned(protocol, knob, shown * knob.kind.scale, case).schedule(case, like)
            return found if _structure(found) == _structure(base) else None

        try:
            changed = [turned(protocol, knob, _within(knob, value), case) for value in points]
            wanted = (2, 3) if eaten and ends == "solved" else () if eaten else range(4)
            schedules = tuple(one.schedule(case, like) if k in wanted else None for k, one in enumerate(changed))
        except (AmeloError, ValueError):  # a step out of its range, or a bath whose charge cannot be closed
            refused.append(knob.name)
            continue
        if any(s is not None and _structure(s) != _structure(base) for s in schedules):
            refused.append(knob.name)
            continue
        shown = tuple(value / kind.scale for value in points)
        moves = mouth_moves(protocol, knob, case)
        turns.append(
            _Turn(knob.name, "protocol", kind.unit, knob.shown, shown, kind.logarithmic, schedules, turn, moves, kind.scale)
        )
    notes = [f"{len(refused)} numbers of the protocol cannot be turned: {', '.join(refused[:4])}"] if refused else []
    if not turns and not refused:
        notes.append("the protocol has no number to turn")
    return turns, notes


def _within(knob: Knob, value: float) -> float:
    return min(value, 1.0) if knob.field == "inhibitor" else value


def _structure(schedule: Schedule) -> tuple:
    return tuple("segment" if isinstance(part, Segment) else (part.count, _structure(part.parts)) for part in schedule)


def _members(
    specimen: Specimen, plan: Sequence[_Turn], base: Schedule, each: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], list[Schedule]]:
    """Return values and schedules of all members: the middle twice, then some points of every number, pairs side by side in one tile."""
    count = 2 + len(each) * len(plan)
    known = catalogue(specimen)
    values = {item.name: np.full(count, known[item.name].value) for item in plan if item.kind == "parameter"}
    schedules = [base] * count
    for i, item in enumerate(plan):
        here = slice(2 + len(each) * i, 2 + len(each) * (i + 1))
        if item.kind == "parameter":
            values[item.name][here] = [item.points[k] for k in each]
        else:
            schedules[here] = [item.schedule(k) for k in each]
    return values, schedules


def _outcomes(
    specimen: Specimen,
    values: dict[str, np.ndarray],
    schedules: list[Schedule],
    settings: Settings,
    of: str,
    told: Callable[[float], None],
) -> np.ndarray:
    """Return the outcome (M,) at the end, tile by tile so that a bar can move; nan for a member without an answer."""
    out = np.empty(len(schedules))
    for first in range(0, len(schedules), LANES):
        part = slice(first, min(first + LANES, len(schedules)))
        size = part.stop - part.start
        run = solve_members(specimen, schedules[part], {n: v[part] for n, v in values.items()}, settings)
        out[part] = _read(run, of)[:size]
        told(part.stop / len(schedules))
    return out


def _read(run: Run, of: str) -> np.ndarray:
    return np.where(run.status == RunStatus.OK, measure_run(run)[of][:, -1], np.nan)


def _row(item: _Turn, slope: float, middle: float, at_low: float, at_high: float) -> Row:
    _, _, low, high = item.points
    ends = _ends(item, slope, middle)
    elastic = float("nan") if item.logarithmic or middle == 0.0 else slope * item.value / middle
    return Row(item.name, item.kind, item.unit, item.value, slope, elastic, low, high, at_low, at_high, ends[1] - ends[0])
