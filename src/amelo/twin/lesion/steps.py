"""Steps in time: every edge of a protocol is an edge of a step, short ones follow each edge, and cycles stay cycles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amelo.twin.schedule import Schedule, Segment

__all__ = ["Grid", "Sequence", "segment_steps", "sequences"]


@dataclass(frozen=True)
class Grid:
    """How a segment is cut: first step [s], growth from step to step, longest step [s], and into how many parts each is halved.

    A segment of months may have longer steps than ``longest``: up to the share ``even`` of its duration.
    """

    first: float = 5.0
    growth: float = 2.0
    longest: float = 3600.0
    parts: int = 1
    even: float = 0.02

    def wide(self) -> Grid:
        """Return the grid whose steps are about twice as long, each in place of two."""
        return replace(self, first=2.0 * self.first, growth=self.growth**2, longest=2.0 * self.longest)


def segment_steps(duration: float, grid: Grid) -> np.ndarray:
    """Return the lengths of the steps of a segment [s], growing from its start; they add up to its duration."""
    lengths = []
    size, total = grid.first, 0.0
    longest = max(grid.longest, grid.even * duration)
    while total < duration * (1.0 - 1e-12):
        lengths.append(size)
        total += size
        size = min(size * grid.growth, longest)
    steps = np.array(lengths, float)
    steps *= duration / steps.sum()
    return np.repeat(steps / grid.parts, grid.parts)


@dataclass(frozen=True)
class Sequence:
    """Segments that follow each other ``count`` times: per segment its steps."""

    count: int
    segments: tuple[Segment, ...]


def sequences(schedule: Schedule) -> list[Sequence]:
    """Flatten a schedule into sequences: the innermost repeats stay cycles, everything around them is written out."""
    found: list[Sequence] = []
    loose: list[Segment] = []

    def flush() -> None:
        if loose:
            found.append(Sequence(1, tuple(loose)))
            loose.clear()

    def visit(parts: Schedule) -> None:
        for part in parts:
            if isinstance(part, Segment):
                loose.append(part)
            elif all(isinstance(p, Segment) for p in part.parts) and part.count > 1:
                flush()
                found.append(Sequence(part.count, tuple(part.parts)))  # type: ignore[arg-type]
            else:
                for _ in range(part.count):
                    visit(part.parts)

    visit(schedule)
    flush()
    return found
