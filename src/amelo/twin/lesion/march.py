"""One tile from the start of its schedules to their end: the compiled loop from one saved state to the next, and leaps over cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from amelo.twin.change import Change
from amelo.twin.column import Column
from amelo.twin.lesion.cell import SIZE
from amelo.twin.lesion.changes import accounts_of, altered
from amelo.twin.lesion.failures import NOTE, failure_of
from amelo.twin.lesion.jumps import SETTLING, Books, Leaps
from amelo.twin.lesion.kernel import compiled
from amelo.twin.lesion.pieces import Piece, pieces
from amelo.twin.lesion.reading import Track
from amelo.twin.lesion.tiles import Baths, Tile
from amelo.twin.schedule import Schedule, stretches, unrolled

if TYPE_CHECKING:
    from amelo.twin.lesion.solve import Settings

__all__ = ["HISTORY", "march"]

HISTORY = np.float32  # of what is remembered of steps before: a first guess is a guess


def march(
    tile: Tile,
    column: Column,
    schedules: list[Schedule],
    baths: Baths,
    settings: Settings,
    counts: np.ndarray,
    told: Callable[[float, Track], None] | None,
) -> Track:
    """Take a tile through its schedules.

    Arguments: tile (filled); column (of all members); schedules (one a lane, of the same structure, changes between their parts); baths; settings; counts (steps, iterations, rejections and
    cycles skipped; added to); told (called with the fraction done and the track).
    Returns: what the tile went through.
    """
    way = _March(tile, column, baths, settings, counts, accounts_of(schedules[0]))
    whole = sum(s.duration for s in unrolled(schedules[0]))
    start, alive = 0, True
    for parts, changes in stretches(schedules):
        for piece in pieces(parts, baths, settings, whole, start) if alive else ():
            way.enter(piece)
            alive = bool(way.cross(piece) if way.leaps else way.run(piece, piece.cycles))
            if not alive:
                break
            start = piece.sequence + 1
            way.save()
            if told:
                told(way.times[0] / whole, way.track)
        if alive and changes[0] is not None:
            way.change(changes)
    way.leave()
    return way.track


class _March:
    """The state of a march: a tile, its books, and what is remembered of steps before."""

    def __init__(
        self, tile: Tile, column: Column, baths: Baths, settings: Settings, counts: np.ndarray, accounts: list[str]
    ) -> None:
        layout = tile.layout
        self.tile, self.column, self.settings, self.counts = tile, column, settings, counts
        self.module, self.table = compiled(layout), baths.table(layout)
        self.books = Books.opened(SIZE + len(layout.model.system.families), layout.lanes)
        self.backup = np.empty(tile.cells * layout.state * layout.lanes)
        self.limits = np.array([settings.iterations, settings.tolerance**2, settings.cuts, settings.near_tolerance**2], float)
        self.notes = np.zeros((layout.lanes, NOTE + len(layout.model.phases)))
        self.stands = np.arange(layout.lanes)  # the lane whose schedule a lane follows, which is another one's after it failed
        self.owner, self.ran, self.times = -1, 0, np.zeros(layout.lanes)
        self.leaps: Leaps | None = None
        parts = ([part] for part in self.books.copies())
        self.accounts = {name: np.zeros(layout.lanes) for name in accounts}
        self.track = Track(
            tile, [0.0], [tile.values()], *parts, np.ones(layout.lanes, int), [None] * layout.lanes, accounts=[self.accounts]
        )

    def enter(self, piece: Piece) -> None:
        """Forget what was remembered of another sequence."""
        if piece.sequence == self.owner:
            return
        self.leave()
        layout = self.tile.layout
        self.history = np.empty((piece.kept, self.tile.cells, SIZE * layout.lanes), HISTORY)
        self.known = np.zeros(piece.kept, bool)
        self.owner, self.ran = piece.sequence, 0
        repeats = self.settings.jump > 0.0 and piece.count > 2
        self.leaps = Leaps(self.tile, self.books, self.settings.jump, piece.count, self.track.states[0]) if repeats else None

    def change(self, changes: list[Change]) -> None:
        """Do to each lane what the schedule that it follows says, and book what came and went with it."""
        self.leave()
        self.owner = -1
        self.accounts = altered(
            self.tile, self.column, self.books, [changes[lane] for lane in self.stands], self.times, self.accounts
        )

    def leave(self) -> None:
        """Note what the leaps of a sequence were wrong by."""
        if self.settings.jump > 0.0:
            before = 0.0 if self.track.leapt is None else self.track.leapt
            self.track.leapt = before + (self.leaps.error if self.leaps else np.zeros(self.tile.layout.lanes))
            self.leaps = None

    def run(self, piece: Piece, cycles: int) -> int:
        """Run so many cycles of a piece; return how many lanes are left."""
        tile = self.tile
        steps, which, films, inhibitors, activities = (
            np.ascontiguousarray(a[:, self.stands])
            for a in (piece.steps, piece.which, piece.films / tile.water, piece.inhibitors, piece.activities)
        )
        left = self.module.drive(
            tile.array, tile.cells, steps, which, self.table, films, inhibitors, activities, piece.elapsed, piece.onward, piece.rows,
            self.history, self.known, self.ran, cycles, *self.books.all, self.backup, self.limits, self.counts, self.notes,
        )  # fmt: skip
        self.ran += cycles
        for lane in np.flatnonzero(self.notes[:, 0]):
            if self.track.failures[lane] is None:
                self.track.failures[lane] = failure_of(self.notes[lane], self.times[lane], piece.steps[:, self.stands[lane]])
            self.stands[lane] = self.stands[max(int(self.notes[lane, 0]) - 1, 0)]
        self.times += cycles * piece.steps.sum(axis=0)
        return left

    def cross(self, piece: Piece) -> int:
        """Get to the end of a piece, of whose cycles at least the last is run; return how many lanes are left."""
        leaps, cycle, end = self.leaps, piece.first, piece.first + piece.cycles
        length = piece.steps.sum(axis=0)
        while cycle < end:
            kept = self.tile.array.copy(), self.books.copies(), self.notes.copy(), self.stands.copy(), self.times.copy()
            far = leaps.leap(end - cycle - 1 - SETTLING)
            self.times += far * length
            left = self.run(piece, SETTLING) if far and SETTLING else 1
            before = leaps.seen()
            left = left and self.run(piece, 1)
            failed = (self.notes[:, 0] != kept[2][:, 0]).any()
            ran = cycle + far + (SETTLING if far else 0)
            if far and (failed or not leaps.learn(ran, before, far)):
                self.back(*kept)
                leaps.shorten()
                leaps.skipped -= far
                continue
            if not far and failed:
                leaps.forget()
            elif not far:
                leaps.learn(cycle, before)
            if not left:
                return 0
            self.counts[3] += far
            cycle = ran + 1
        return left

    def back(
        self, array: np.ndarray, books: tuple[np.ndarray, ...], notes: np.ndarray, stands: np.ndarray, times: np.ndarray
    ) -> None:
        """Take a leap and the cycle after it back."""
        self.tile.array[:] = array
        self.books.put(books)
        new = (self.notes[:, 0] != notes[:, 0]).nonzero()[0]
        for lane in new:
            self.track.failures[lane] = None
        self.notes[:], self.stands[:], self.times[:] = notes, stands, times

    def save(self) -> None:
        """Keep the state."""
        track = self.track
        track.valid += self.notes[:, 0] == 0.0
        track.times.append(float(self.times[0]))
        track.states.append(self.tile.values())
        track.accounts.append(self.accounts)
        for kept, part in zip((track.inflows, track.inners, track.grosses, track.eaten), self.books.copies(), strict=True):
            kept.append(part)
