"""A run that remembers its way, so that it can be walked back.

Of every step the solution is kept, and what it needs of the state at its start; a way that does not fit into ``MEMORY`` is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

from amelo.errors import SolveError
from amelo.records.fluid import Fluid
from amelo.twin.column import Column
from amelo.twin.lesion import biofilm
from amelo.twin.lesion.adjoint import adjoint_layout, adjoint_module, kept_state
from amelo.twin.lesion.cell import SIZE
from amelo.twin.lesion.failures import Failure
from amelo.twin.lesion.kernel import Layout, layout_of
from amelo.twin.lesion.march import HISTORY
from amelo.twin.lesion.pieces import Piece, pieces
from amelo.twin.lesion.reading import Track, read
from amelo.twin.lesion.solve import Settings, cell_model
from amelo.twin.lesion.steps import sequences
from amelo.twin.lesion.tiles import Baths, Tile, fill
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule, refuse_changes, unrolled

__all__ = ["MEMORY", "Block", "Tape", "Way", "surroundings", "taped"]

MEMORY = 4e9  # bytes of states that a way may keep
PIECE = 32_000_000  # bytes of a piece of them
SPARE = 16  # entries of a tape for steps that are cut; a tape that is too short is made longer


@dataclass(frozen=True, eq=False)
class Block:
    """A piece as it was run once.

    Fields: piece; offset (number of its first step in its sequence); saved (number of the state saved at its end, or -1); before (state
    at its start); tape (entries, state) of states; free and fluxes (entries, solution); taken and shares (entries,).
    """

    piece: Piece
    offset: int
    saved: int
    before: np.ndarray
    tape: np.ndarray
    free: np.ndarray
    fluxes: np.ndarray
    taken: np.ndarray
    shares: np.ndarray


class _Rows:
    """Rows of numbers, cut from a few large pieces of memory, which the system hands out in large pages."""

    def __init__(self, width: int) -> None:
        self.piece, self.used = np.empty((0, width)), 0

    def first(self, count: int) -> np.ndarray:
        """Return the next rows, not yet taken."""
        if self.used + count > len(self.piece):
            width = self.piece.shape[1]
            self.piece, self.used = np.empty((max(count, PIECE // (8 * width)), width)), 0
        return self.piece[self.used : self.used + count]

    def keep(self, count: int) -> None:
        """Take the first of them."""
        self.used += count


@dataclass
class Way:
    """The track of a tile, its schedules (one a lane) and its blocks in order."""

    track: Track
    schedules: list[Schedule]
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Tape:
    """A solved run and the way to it; the column as it was given, and with its biofilm as cells."""

    run: Run
    given: Column
    column: Column
    settings: Settings
    layout: Layout
    baths: Baths
    pore: dict[str, float]
    inner: dict[str, float] | None
    ways: list[Way]


def taped(
    column: Column, schedule: Schedule | list[Schedule], diffusivity: dict[str, float], settings: Settings, memory: float = MEMORY
) -> Tape:
    """Solve a column under a schedule and keep the way.

    Arguments: column, schedule, diffusivity and settings as of :func:`amelo.twin.lesion.solve.solve`; memory [bytes] for states.
    Assumptions: every cycle is run, also where settings would leap over it.
    """
    schedules = schedule if isinstance(schedule, list) else [schedule] * column.members
    refuse_changes(schedules, "derivatives")
    distinct = list({id(s): s for s in schedules}.values())
    given, column = column, biofilm.with_biofilm(column)
    model = cell_model(column, tuple(part for s in distinct for part in s), diffusivity)
    layout = adjoint_layout(layout_of(model, settings.lanes if column.members > 1 else 1))
    baths = Baths(model, [s.exposure for one in distinct for s in unrolled(one)], column.table)
    pore, inner = baths.fields(column.fluid), baths.fields(column.inner) if isinstance(column.inner, Fluid) else None
    counts, ways = np.zeros(3, np.int64), []
    starts = range(0, column.members, layout.lanes)
    for first in starts:
        lanes = np.minimum(np.arange(first, first + layout.lanes), column.members - 1)
        tile = fill(layout, column, lanes, pore, inner, baths)
        ways.append(_walk(tile, [schedules[m] for m in lanes], baths, settings, counts, memory / len(starts)))
    run = read(column, layout, [way.track for way in ways], counts)
    return Tape(run, given, column, settings, layout, baths, pore, inner, ways)


def _walk(tile: Tile, schedules: list[Schedule], baths: Baths, settings: Settings, counts: np.ndarray, room: float) -> Way:
    """Run a tile with at most ``room`` bytes of states."""
    layout, module = tile.layout, adjoint_module(tile.layout)
    ledger = np.zeros((3, SIZE + len(layout.model.system.families), layout.lanes))
    table = baths.table(layout)
    eaten = np.zeros(layout.lanes)
    whole, none = np.ones(layout.lanes, int), [None] * layout.lanes
    way = Way(Track(tile, [0.0], [tile.values()], *([part.copy()] for part in ledger), [eaten.copy()], whole, none), schedules)
    track, owner, time = way.track, -1, 0.0
    widths = (tile.cells * len(kept_state(layout)), tile.cells * SIZE, (tile.cells + 1) * SIZE)
    rows = [_Rows(width * layout.lanes) for width in widths]
    history, known = np.empty((0, 0, 0), HISTORY), np.zeros(0, bool)
    for piece, offset in _placed(schedules, baths, settings):
        if piece.sequence != owner:
            history, known = np.empty((piece.kept, tile.cells, SIZE * layout.lanes), HISTORY), np.zeros(piece.kept, bool)
            owner = piece.sequence
        for cycle in range(piece.first, piece.first + piece.cycles):
            last = cycle == piece.first + piece.cycles - 1
            block = _once(
                module,
                tile,
                piece,
                table,
                (piece.rows[cycle % len(piece.rows)], history, known),
                (*ledger, eaten),
                settings,
                counts,
                rows,
                room,
                offset,
                len(track.times) if last else -1,
            )
            if isinstance(block, int):
                track.failures[:] = [Failure(time, float(piece.steps[block].max()), 0, "the first cell", None)] * layout.lanes
                return way
            room -= block.tape.nbytes + block.free.nbytes + block.fluxes.nbytes
            way.blocks.append(block)
            time += float(piece.steps[:, 0].sum())
        track.times.append(time)
        track.states.append(tile.values())
        track.eaten.append(eaten.copy())
        track.valid += 1
        for kept, part in zip((track.inflows, track.inners, track.grosses), ledger, strict=True):
            kept.append(part.copy())
    return way


def _placed(schedules: list[Schedule], baths: Baths, settings: Settings) -> Iterator[tuple[Piece, int]]:
    """Yield each piece with the number of its first step in its sequence."""
    owner, offset = -1, 0
    for piece in pieces(schedules, baths, settings):
        offset = 0 if piece.sequence != owner else offset
        owner = piece.sequence
        yield piece, offset
        offset += len(piece.steps) if sequences(schedules[0])[owner].count == 1 else 0


def surroundings(tile: Tile, piece: Piece, table: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return steps and what they see outside, as the compiled loops take them."""
    return piece.steps, piece.which, table, piece.films / tile.water, piece.inhibitors, piece.activities


def _once(
    module: ModuleType,
    tile: Tile,
    piece: Piece,
    table: np.ndarray,
    remembered: tuple[np.ndarray, np.ndarray, np.ndarray],
    ledger: tuple[np.ndarray, ...],
    settings: Settings,
    counts: np.ndarray,
    rows: list[_Rows],
    room: float,
    offset: int,
    saved: int,
) -> Block | int:
    """Run a piece once and return what to remember of it, or the number of the step that failed."""
    lanes = tile.layout.lanes
    size = tile.cells * tile.layout.state * lanes
    limits = np.array([settings.iterations, settings.tolerance**2, settings.cuts, settings.near_tolerance**2], float)
    before, ledger_before, spare = np.empty(size), [part.copy() for part in ledger], SPARE
    module.keep_state(tile.array, tile.cells, before)
    while True:
        length = len(piece.steps) + spare
        kept = 8.0 * length * sum(part.piece.shape[1] for part in rows)
        if kept > room:
            raise SolveError(
                f"the way of this run needs more memory than is left of it ({1e-9 * kept:.2g} GB for one piece)",
                fix="give more by memory=, or take fewer members, cells or days",
            )
        tape, free, fluxes = (part.first(length) for part in rows)
        taken, shares = np.empty(length, np.int64), np.empty(length)
        made = module.drive_taped(
            tile.array, tile.cells, *surroundings(tile, piece, table), piece.elapsed, piece.onward, *remembered,
            *ledger, tape, free, fluxes, taken, shares, limits, counts,
        )  # fmt: skip
        if made < 0:
            return -1 - made
        if made > 0:
            for part in rows:
                part.keep(made)
            parts = (free[:made], fluxes[:made], taken[:made], shares[:made])
            return Block(piece, offset, saved, before, tape[:made], *parts)
        spare *= 8
        for part, start in zip(ledger, ledger_before, strict=True):
            part[:] = start
        module.restore_state(tile.array, tile.cells, before)
