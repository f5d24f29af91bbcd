"""A schedule whose saved states include given times: the same surroundings for as long, cut where something was measured."""

from __future__ import annotations

from collections.abc import Sequence

from amelo.twin.schedule import Repeat, Schedule, Segment, duration

__all__ = ["cut_at"]

SAME = 1e-9  # relative to the length of a schedule, within which two times are one


def cut_at(schedule: Schedule, times: Sequence[float]) -> Schedule:
    """Return a schedule that a solver saves at the end of, and at every time given.

    Arguments: schedule; times [s] above 0 and up to its duration.
    Assumptions: the solver saves the state at the end of every repeat of segments, so that a stretch which ends at a measured time is
    written as two equal halves repeated.
    """
    near = SAME * max(duration(schedule), 1.0)
    return _cut(schedule, 0.0, sorted(times), near)


def _cut(parts: Schedule, start: float, times: Sequence[float], near: float) -> Schedule:
    out: list[Segment | Repeat] = []
    for part in parts:
        length = duration((part,))
        inside = [t for t in times if start + near < t <= start + length + near]
        if not inside:
            out.append(part)
        elif isinstance(part, Segment):
            out += _pieces(part, start, inside, near)
        else:
            out += _cycles(part, start, inside, near)
        start += length
    return tuple(out)


def _pieces(segment: Segment, start: float, times: Sequence[float], near: float) -> list[Segment | Repeat]:
    """Cut a segment at times inside it or at its end."""
    end, out = start + segment.duration, []
    for time in times:
        stop = end if abs(time - end) <= near else time
        if stop - start <= near:
            continue
        out.append(Repeat(2, (Segment(0.5 * (stop - start), segment.exposure, segment.label),)))
        start = stop
    if end - start > near:
        out.append(Segment(end - start, segment.exposure, segment.label))
    return out


def _cycles(repeat: Repeat, start: float, times: Sequence[float], near: float) -> list[Segment | Repeat]:
    """Write out the cycles in which something was measured, and leave the others repeats."""
    length, out, waiting = duration(repeat.parts), [], 0
    marked = {min(max(int((t - start - near) // length), 0), repeat.count - 1) for t in times}

    def flush() -> None:
        nonlocal waiting
        if waiting:
            out.extend(repeat.parts if waiting == 1 else (Repeat(waiting, repeat.parts),))
            waiting = 0

    for cycle in range(repeat.count):
        if cycle in marked:
            flush()
            out.extend(_cut(repeat.parts, start + cycle * length, times, near))
        else:
            waiting += 1
    flush()
    return out
