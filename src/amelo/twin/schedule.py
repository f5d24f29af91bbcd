"""What the outer face of a tooth sees, and for how long: the form in which the solver wants a protocol.

A schedule is a nesting of :class:`Segment` and :class:`Repeat`.  It knows nothing of words: ``amelo.protocol`` reads and prints
those.  Every edge of a segment is an edge of a time step, so that no dose can be stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amelo.errors import SolveError
from amelo.records.fluid import Fluid
from amelo.twin.change import Change

__all__ = ["Exposure", "Repeat", "Schedule", "Segment", "changes_of", "duration", "refuse_changes", "schedule_text", "stretches", "unrolled"]  # fmt: skip


@dataclass(frozen=True)
class Exposure:
    """The surroundings of the outer face during a segment.

    Fields: fluid (bath, slurry or saliva); film (thickness of the unstirred layer [m], 0 for a well stirred bath); sugar (hexose
    in that fluid [mol/m3], eaten by a biofilm when the column has one); activity (share of the biofilm's metabolism at work, 0-1);
    inhibitor (surface share covered by adsorbed inhibitors, 0-1).
    """

    fluid: Fluid
    film: float = 0.0
    sugar: float = 0.0
    activity: float = 1.0
    inhibitor: float = 0.0


@dataclass(frozen=True)
class Segment:
    """One stretch of constant surroundings: duration [s], exposure, and the words it came from."""

    duration: float
    exposure: Exposure
    label: str = ""


@dataclass(frozen=True)
class Repeat:
    """Parts that follow each other ``count`` times; what repeats exactly is solved faster than what does not."""

    count: int
    parts: tuple[Segment | Repeat, ...]


Schedule = tuple[Segment | Repeat | Change, ...]  # changes stand between parts, never inside a repeat


def unrolled(schedule: Schedule) -> Iterator[Segment]:
    """Yield every segment in the order in which it happens."""
    for part in schedule:
        if isinstance(part, Segment):
            yield part
        elif isinstance(part, Repeat):
            for _ in range(part.count):
                yield from unrolled(part.parts)


def duration(schedule: Schedule) -> float:
    """Return the length of a schedule [s]."""
    timed = [p for p in schedule if isinstance(p, Segment | Repeat)]
    return sum(p.duration if isinstance(p, Segment) else p.count * duration(p.parts) for p in timed)


def changes_of(schedule: Schedule) -> tuple[Change, ...]:
    """Return what is done to the tooth between segments, in order."""
    return tuple(part for part in schedule if not isinstance(part, Segment | Repeat))


def refuse_changes(schedules: list[Schedule], what: str) -> None:
    """Refuse schedules in which something is done to the tooth between segments.

    Arguments: schedules; what cannot do it.
    Raises: SolveError naming the first such step.
    """
    for change in (change for schedule in schedules for change in changes_of(schedule)):
        raise SolveError(f"{what} cannot follow '{change.label}'", why="it changes the tooth between two steps in time")


def stretches(schedules: list[Schedule]) -> Iterator[tuple[list[Schedule], list[Change | None]]]:
    """Yield the parts of schedules of equal structure up to each change, with the changes at their end (None at the very end)."""
    places = [k for k, part in enumerate(schedules[0]) if not isinstance(part, Segment | Repeat)]
    start = 0
    for place in [*places, len(schedules[0])]:
        yield [s[start:place] for s in schedules], [s[place] if place < len(s) else None for s in schedules]
        start = place + 1


def schedule_text(schedule: Schedule, indent: str = "") -> str:
    """Return a schedule in words for the provenance of a run: every segment with its length and its fluid, as JSON that repeats it."""
    lines = []
    for part in schedule:
        if isinstance(part, Repeat):
            lines += [f"{indent}repeat {part.count} times:", schedule_text(part.parts, f"{indent}    ")]
            continue
        if not isinstance(part, Segment):
            lines.append(f"{indent}{part.label}")
            continue
        seen = part.exposure
        others = [
            f"{name} {value:.17g}"
            for name, value in (("film", seen.film), ("sugar", seen.sugar), ("inhibitor", seen.inhibitor))
            if value
        ]
        others += [f"activity {seen.activity:.17g}"] if seen.activity != 1.0 else []
        words = ", ".join([*others, seen.fluid.model_dump_json(exclude_none=True)])
        lines.append(f"{indent}{part.duration:.17g} s" + (f" ({part.label})" if part.label else "") + f": {words}")
    return "\n".join(lines)
