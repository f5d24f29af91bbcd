"""What a result makes of everything that went into a run, as linear functions of other columns and schedules: the chain rule for any knob.

A specimen's parameter or a number of a protocol moves many fields of the kernel at once.  Lay out the column, or write the schedule, for a
few values of it; differences of these linear functions are then the derivative, without another run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.column import Column
from amelo.twin.lesion.inputs import filled
from amelo.twin.lesion.knobs import written
from amelo.twin.lesion.pull import KINDS, Pulled
from amelo.twin.lesion.seeds import Seeds
from amelo.twin.lesion.tape import Tape
from amelo.twin.lesion.tiles import Baths
from amelo.twin.schedule import Schedule

__all__ = ["Chain"]


@dataclass(frozen=True, eq=False)
class Chain:
    """Adjoints of one run of one member: its tape, the schedule with every written segment an object of its own, what was pulled and seeded."""

    tape: Tape
    schedule: Schedule
    pulled: Pulled
    seeds: Seeds

    def __post_init__(self) -> None:
        """Raise ParameterError for a run of several members."""
        if self.tape.column.members != 1:
            raise ParameterError(
                f"the run has {self.tape.column.members} members", why="a chain has one end", fix="give a column of one"
            )

    def of_column(self, column: Column) -> np.ndarray:
        """Return the linear function at K columns (K,), the members of a column like the one that was solved."""
        laid, tissue = filled(self.tape, column), slice(self.tape.column.mineral.shape[2] - column.mineral.shape[2], None)
        found = sum((laid[name] * bar[0]).sum(axis=1) for name, bar in self.pulled.cells.items())
        for name, bar in self.seeds.parameters.items():
            found = found + bar[0] * column.parameters[name]
        found = found + (self.seeds.sound[0, :, tissue] * column.sound).sum(axis=(1, 2))
        return found + (self.seeds.organic[0, tissue] * column.organic).sum(axis=1)

    def of_segments(self) -> list[dict[str, np.ndarray]]:
        """Return what the result makes of each written segment: adjoints of its duration, film, inhibitor and activity, and (fields,) of its bath."""
        width = len(self.tape.layout.bath)
        return [
            {kind: self.pulled.segments.get((kind, id(mine)), np.zeros((1, width) if kind == "bath" else 1))[0] for kind in KINDS}
            for mine in written(self.schedule)
        ]

    def of_schedule(self, schedule: Schedule) -> float:
        """Return the linear function at a schedule of the same structure as the one that was solved."""
        own, other = list(written(self.schedule)), list(written(schedule))
        if len(own) != len(other):
            raise ParameterError(f"the schedule has {len(other)} segments, not {len(own)}", fix="turn a number that adds none")
        layout = self.tape.layout
        baths = Baths(layout.model, [s.exposure for s in other], self.tape.column.table)
        table, total = baths.table(layout), 0.0
        for mine, segment in zip(own, other, strict=True):
            seen = segment.exposure
            numbers = (segment.duration, seen.film, seen.inhibitor, seen.activity, table[baths.rows[baths.key(seen)]])
            for kind, number in zip(KINDS, numbers, strict=True):
                bar = self.pulled.segments.get((kind, id(mine)))
                if bar is not None:
                    total += float(np.sum(bar[0] * number))
        return total
