"""Rollouts: many designs lived through by the same members, what they share done once, and time passed for all of them together."""

from __future__ import annotations

import time as clock_time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from amelo.errors import AmeloError
from amelo.plan.design import Design
from amelo.plan.goals import Goals
from amelo.plan.worth import Lived, Values, harms_of, values_of
from amelo.protocol.operations import Operation, operations
from amelo.protocol.record import Protocol
from amelo.protocol.years import projected
from amelo.twin.tooth.many import wait_many
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import ToothTwin
from amelo.twin.tooth.waiting import Clock

__all__ = ["Outcome", "Rollouts", "operations_of"]

WAITING = Design()


@cache
def _operation(line: str) -> Operation:
    return replace(operations(Protocol.parse(line))[0], place="")  # a line that stands for itself has none


@cache
def _whole(text: str) -> tuple[Operation, ...]:
    return tuple(operations(Protocol.parse(text)))


def operations_of(text: str) -> list[Operation]:
    """Return the operations of a protocol, each line read once; one with blocks or comments is read as a whole.

    Assumptions: steps with carriers that follow each other directly are one visit in a protocol that is read as a whole, as ``simulate`` has it.
    """
    lines = text.splitlines()
    if any(not line.strip() or line[:1].isspace() or line.rstrip().endswith(":") or "#" in line for line in lines):
        return list(_whole(text))
    return [_operation(line) for line in lines]


OF_LATE = 2000  # rollouts that a pace is of


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a design does to some members: values; harms (H, M); lived; refused, why it cannot be done, empty when it was."""

    values: Values | None
    harms: np.ndarray | None
    lived: Lived | None
    refused: str = ""


@dataclass(eq=False)
class Rollouts:
    """Runs designs on members of one tooth.

    Fields: twin; tooth, all members; clock; goals; years; seed; threads; count (rollouts so far); pace (what one took of late [s], 0 before any).
    What was run is not kept, but for waiting.
    """

    twin: ToothTwin
    tooth: WholeTooth
    clock: Clock
    goals: Goals
    years: float = 10.0
    seed: int = 0
    threads: int = 1
    count: int = 0
    pace: float = 0.0
    _took: float = 0.0
    _done: float = 0.0
    _waited: dict[tuple[int, int], tuple[WholeTooth, Lived]] = field(default_factory=dict)

    def run(self, designs: Sequence[Design | str], first: int, last: int) -> list[Outcome]:
        """Return what designs, or the texts of protocols, do to members first..last; the same members for all."""
        before, waited = self.waiting(first, last)
        began = clock_time.perf_counter()
        rows = [operations_of(d.text() if isinstance(d, Design) else d) for d in designs]
        ends = self._lived(before, rows)
        found = []
        for row, end in zip(rows, ends, strict=True):
            if isinstance(end, str):
                found.append(Outcome(None, None, None, end))
                continue
            try:
                lived = self._priced(row, end, first)
            except AmeloError as error:  # what the years cannot follow is no plan, and stops no other
                found.append(Outcome(None, None, None, str(error)))
                continue
            found.append(Outcome(values_of(before, lived, self.goals), harms_of(lived, waited), lived))
        done = len(designs) * (last - first)
        self.count += done
        self._tell_pace(clock_time.perf_counter() - began, done)
        return found

    def _tell_pace(self, took: float, done: int) -> None:
        """Keep in mind how long rollouts take: over the last few thousand, because a small group takes longer for each."""
        self._took, self._done = self._took + took, self._done + done
        self.pace = self._took / max(self._done, 1)
        if self._done > OF_LATE:
            self._took, self._done = 0.5 * self._took, 0.5 * self._done

    def waiting(self, first: int, last: int) -> tuple[WholeTooth, Lived]:
        """Return members as they come, and as they are when nothing is done."""
        known = self._waited.get((first, last))
        if known is None:
            before = self.tooth.take(np.arange(first, last))
            row = operations_of(WAITING.text())
            known = self._waited[first, last] = (before, self._priced(row, self._lived(before, [row])[0], first))
        return known

    def waiting_worth(self, count: int) -> np.ndarray:
        """Return what waiting is worth (n,) to the first members."""
        before, waited = self.waiting(0, count)
        return values_of(before, waited, self.goals).total

    def _priced(self, row: Sequence[Operation], tooth: WholeTooth, first: int) -> Lived:
        cost = sum(op.price for op in row)
        visits = sum(1 for k, op in enumerate(row) if op.at_chair and (k == 0 or not row[k - 1].at_chair))
        years = projected(self.twin, tooth, years=self.years, seed=self.seed + first)
        return Lived(tooth, years, cost, sum(op.chair_time for op in row), visits)

    def _lived(self, before: WholeTooth, rows: Sequence[Sequence[Operation]]) -> list[WholeTooth | str]:
        """Return the tooth after each row of operations, or why it was refused; rows that begin alike are one until they part."""
        nodes: dict[tuple[int, ...], WholeTooth | str] = {(): before}
        paths = [tuple(id(op) for op in row) for row in rows]
        known: Mapping[int, Operation] = {id(op): op for row in rows for op in row}
        for level in range(max((len(path) for path in paths), default=0)):
            due: dict[float, list[tuple[int, ...]]] = {}
            for path in dict.fromkeys(p[: level + 1] for p in paths if len(p) > level):
                above = nodes[path[:-1]]
                if isinstance(above, str):
                    nodes[path] = above
                    continue
                op = known[path[-1]]
                try:
                    nodes[path] = op.begin(above)
                except AmeloError as error:
                    nodes[path] = str(error)
                    continue
                due.setdefault(op.duration, []).append(path)
            for duration, these in due.items():
                nodes.update(zip(these, self._waits([nodes[p] for p in these], duration), strict=True))
        return [nodes[path] for path in paths]

    def _waits(self, teeth: Sequence[WholeTooth], duration: float) -> list[WholeTooth | str]:
        """Return teeth after a while, or why one cannot be followed: it is no plan then, and stops no other."""
        try:
            return list(wait_many(teeth, duration, self.clock, threads=self.threads))
        except AmeloError as error:
            return [str(error)] if len(teeth) == 1 else [self._waits([tooth], duration)[0] for tooth in teeth]
