"""What a protocol can be turned by: durations, pH, concentrations, fluoride, sugar, films; each a number of one step of the text.

In the mouth a number is turned as a person would: a day keeps its 24 hours, so that what lasts longer in it shortens the next rest or sleep; a
meal at another hour is one before which there is more rest, and after which there is less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from amelo.params import load_set
from amelo.protocol.day import day_of
from amelo.protocol.mouthfuls import amounts, closing_rest
from amelo.protocol.record import Protocol
from amelo.protocol.steps import DAY, Bath, Day, DayOfCase, MouthStep, Repeat, Rest, Sleep, Slurry, length
from amelo.protocol.text import line
from amelo.records.case import Case

__all__ = ["KINDS", "Knob", "Move", "knobs_of", "mouth_moves", "turned"]

Path = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """A field of a step: words, unit shown, SI per unit shown, and whether it is a logarithm already."""

    words: str
    unit: str
    scale: float
    logarithmic: bool = False


KINDS = {
    "duration": Kind("duration", "h", 3600.0),
    "ph": Kind("pH", "pH", 1.0, logarithmic=True),
    "contents": Kind("", "mM", 1.0),
    "film": Kind("unstirred film", "µm", 1e-6),
    "fluoride": Kind("fluoride of the paste", "ppm F", 1e-6),
    "ratio": Kind("dilution of the paste", "parts", 1.0),
    "inhibitor": Kind("inhibitor coverage", "1", 1.0),
    "sugar": Kind("sugar", "%", 0.01),
}
MOUTH_KINDS = {
    "duration": Kind("duration", "min", 60.0),
    "sugar": Kind("sugar", "%", 0.01),
    "fluoride": Kind("fluoride", "ppm F", 1e-6),
    "ph": Kind("pH", "pH", 1.0, logarithmic=True),
    "volume": Kind("volume", "mL", 1e-6),
    "mass": Kind("mass", "g", 1e-3),
    "idle": Kind("duration", "h", 3600.0),
    "hour": Kind("hour", "h", 3600.0),
}
IDLE = (Rest, Sleep)


@dataclass(frozen=True)
class Move:
    """How much of one number of one step a knob moves: path of the step, field, share."""

    path: Path
    field: str
    share: float = 1.0


@dataclass(frozen=True)
class Knob:
    """One number of one step: path of the step, field, place in its contents, value in SI; name for people; in the mouth moves (what it turns)
    and room (how far it can be turned either way before some rest is half as long).
    """

    path: Path
    field: str
    index: int
    value: float
    name: str
    moves: tuple[Move, ...] = ()
    room: float = inf

    @property
    def kind(self) -> Kind:
        """What sort of number it is."""
        return (MOUTH_KINDS if self.moves else KINDS)[self.field]

    @property
    def shown(self) -> float:
        """The value in the unit for people."""
        return self.value / self.kind.scale


def knobs_of(protocol: Protocol, case: Case | None = None) -> list[Knob]:
    """Return every number above zero of the steps of a protocol, in the order of its text.

    Arguments: protocol; case (for the steps of its day; without one a day of case has none).
    """
    found = []
    for path, block in _blocks(protocol.steps, (), case):
        for i, step in enumerate(block.steps):
            here = (*path, i)
            if isinstance(step, Bath | Slurry):
                found += _laboratory(here, step)
            elif isinstance(step, MouthStep) and not isinstance(step, DayOfCase):
                found += _mouth(here, block, i)
    return sorted(found, key=lambda knob: knob.path)


def turned(protocol: Protocol, knob: Knob, value: float, case: Case | None = None) -> Protocol:
    """Return the protocol with one number changed to a value in SI; a day of case that it is part of becomes a written day.

    Raises: pydantic's ValidationError or RecordError when a step cannot have it.
    """
    steps = protocol.steps
    for move in knob.moves:
        steps = _moved(steps, move.path, move, value - knob.value, case)
    if not knob.moves:
        steps = _replaced(steps, knob.path, knob, value)
    return Protocol(steps=steps)


def mouth_moves(protocol: Protocol, knob: Knob, case: Case | None = None) -> tuple[Move, ...]:
    """Return all that a number moves in the mouth, as fields of mouthfuls: what it turns, and the rest that closes a day which leaves some of its hours."""
    places = {(*path, i): step for path, block in _blocks(protocol.steps, (), case) for i, step in enumerate(block.steps)}
    moves = []
    for move in knob.moves:
        field, per = amounts(places[move.path])[move.field]
        moves.append(Move(move.path, field, move.share * per))
    for path, block in _blocks(protocol.steps, (), case):
        if block.left:
            longer = sum(
                _times(block.steps, m.path[len(path) :]) * m.share
                for m in knob.moves
                if m.path[: len(path)] == path and m.field == "duration"
            )
            moves += [Move((*path, len(block.steps)), "duration", -longer)] if longer else []
    return tuple(moves)


@dataclass(frozen=True)
class _Block:
    """The steps of a block, the step that holds them (None: the protocol), and whether it is, or is part of, a day of which nothing is left."""

    steps: tuple[Any, ...]
    step: Any
    full: bool

    @property
    def of_case(self) -> bool:
        """Whether it is a day of a case."""
        return isinstance(self.step, DayOfCase)

    @property
    def left(self) -> float:
        """What the steps of a day leave of it [s], for which there is a rest at its end; 0 elsewhere."""
        return DAY - sum(map(length, self.steps)) if closing_rest(self.step) else 0.0


def _blocks(
    steps: tuple[Any, ...], path: Path, case: Case | None, step: Any = None, full: bool = False
) -> Iterator[tuple[Path, _Block]]:
    """Yield every block of a protocol with its path, days of a case as the days that they are."""
    full = full or isinstance(step, DayOfCase) or (isinstance(step, Day) and not closing_rest(step))
    yield path, _Block(steps, step, full)
    for i, inner in enumerate(steps):
        if isinstance(inner, Repeat | Day):
            yield from _blocks(inner.steps, (*path, i), case, inner, full)
        elif isinstance(inner, DayOfCase) and case is not None:
            yield from _blocks(day_of(case).steps, (*path, i), case, inner, full)


def _laboratory(path: Path, step: Any) -> Iterator[Knob]:
    """Yield the numbers of a laboratory step."""
    what = f"step {_number(path)} ({line(step).split()[0]})"
    for field, kind in KINDS.items():
        if field == "contents":
            for i, c in enumerate(step.contents):
                if c.amount > 0:
                    yield Knob(path, field, i, c.amount, f"{what} {c.substance}")
        elif getattr(step, field, None):
            yield Knob(path, field, 0, float(getattr(step, field)), f"{what} {kind.words}")


def _mouth(path: Path, block: _Block, i: int) -> Iterator[Knob]:
    """Yield the numbers of a mouth step of a block, the usual amount where the text gives none."""
    step, start = block.steps[i], sum(map(length, block.steps[:i]))
    what = f"{'day of case, ' * block.of_case}{step.kind}"
    what += f" at {int(start // 3600):02d}:{int(start % 3600 // 60):02d}" * isinstance(block.step, Day | DayOfCase)
    for field, kind in MOUTH_KINDS.items():
        moves: tuple[Move, ...] = (Move(path, "duration" if field == "idle" else field),)
        value = getattr(step, moves[0].field, None)
        if field in ("volume", "mass") and value == 0.0:
            value = _usual(step)
        elif field in ("duration", "idle"):
            other = _idle_after(block.steps, i) if block.full else None
            if (field == "idle") != isinstance(step, IDLE) or (block.full and other is None):
                continue
            if field == "idle" and block.full and _later((*path[:-1], i + 1), block, i + 1):
                continue  # the hour of what follows is the same
            moves += (Move((*path[:-1], other), "duration", -1.0),) if other is not None else ()
        elif field == "hour":
            moves = _later(path, block, i)
            value = start if moves else None
        if value:
            rests = [block.steps[m.path[-1]].duration for m in moves if m.path != path]
            room = 0.5 * min([*rests, *([block.left] if block.left else [])], default=inf)
            yield Knob(path, field, 0, float(value), f"step {_number(path)} ({what}) {kind.words}", moves, room)


def _later(path: Path, block: _Block, i: int) -> tuple[Move, ...]:
    """Return what makes a step begin later and leaves all others where they are: more rest before, less after, which a day may add itself."""
    if not 0 < i < len(block.steps) or isinstance(block.steps[i], IDLE) or not isinstance(block.steps[i - 1], IDLE):
        return ()
    before = Move((*path[:-1], i - 1), "duration")
    if i + 1 < len(block.steps) and isinstance(block.steps[i + 1], IDLE):
        return before, Move((*path[:-1], i + 1), "duration", -1.0)
    return (before,) if i + 1 == len(block.steps) and block.left else ()


def _idle_after(steps: tuple[Any, ...], i: int) -> int | None:
    """Return the place of the next rest or sleep of a day, beginning again with its first."""
    order = [*range(i + 1, len(steps)), *range(i)]
    return next((k for k in order if isinstance(steps[k], IDLE)), None)


def _usual(step: Any) -> float:
    """Return the usual volume [m3] or mass [kg] of what is taken."""
    name = {"brush": "paste"}.get(step.kind, step.kind)
    field = "mass" if hasattr(step, "mass") else "volume"
    return load_set("mouth").value(f"intake.{name}") * 1e-6 / amounts(step)[field][1]


def _times(steps: tuple[Any, ...], path: Path) -> int:
    """Return how often the step at a path happens in one pass of a block."""
    first, *rest = path
    step = steps[first]
    if not rest:
        return 1
    return (step.count if isinstance(step, Repeat) else 0) * _times(step.steps, tuple(rest))


def _number(path: Path) -> str:
    return ".".join(str(i + 1) for i in path)


def _moved(steps: tuple[Any, ...], path: Path, move: Move, by: float, case: Case | None) -> tuple[Any, ...]:
    first, *rest = path
    step = steps[first]
    if rest and isinstance(step, DayOfCase):
        step = Day(steps=day_of(case).steps)
    if rest:
        inner = _moved(step.steps, tuple(rest), move, by, case)
        changed = step.model_copy(update={"steps": inner})
    else:
        numbers = {name: getattr(step, name) for name in type(step).model_fields}
        now = numbers[move.field] or (_usual(step) if move.field in ("volume", "mass") else 0.0)
        changed = type(step)(**numbers | {move.field: now + move.share * by})
    return (*steps[:first], changed, *steps[first + 1 :])


def _replaced(steps: tuple[Any, ...], path: Path, knob: Knob, value: float) -> tuple[Any, ...]:
    first, *rest = path
    step = steps[first]
    if rest:
        changed = step.model_copy(update={"steps": _replaced(step.steps, tuple(rest), knob, value)})
    elif knob.field == "contents":
        parts = list(step.contents)
        parts[knob.index] = parts[knob.index].model_copy(update={"amount": value})
        changed = type(step)(**{name: getattr(step, name) for name in type(step).model_fields} | {"contents": tuple(parts)})
    else:
        changed = type(step)(**{name: getattr(step, name) for name in type(step).model_fields} | {knob.field: value})
    return (*steps[:first], changed, *steps[first + 1 :])
