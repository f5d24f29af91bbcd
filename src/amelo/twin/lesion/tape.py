"""A run that remembers its way, so that it can be walked back: from adjoints of saved minerals to adjoints of all that went in.

The state at the start of every step is kept as long as it fits into ``MEMORY``; of sequences beyond that only the state at their
start is kept, and they are run once more on the way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from amelo.errors import SolveError
from amelo.records.fluid import Fluid
from amelo.twin.column import Column
from amelo.twin.lesion.adjoint import BAR, adjoint_layout, adjoint_module
from amelo.twin.lesion.cell import SIZE
from amelo.twin.lesion.kernel import Layout, layout_of
from amelo.twin.lesion.solve import (
    Settings,
    _Baths,
    _fill,
    _Piece,
    _pieces,
    _read,
    _repeats,
    _Tile,
    _Track,
    cell_model,
)
from amelo.twin.lesion.steps import segment_steps, sequences
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule, unrolled

__all__ = ["MEMORY", "Pulled", "Tape", "taped"]

MEMORY = 5e8  # bytes of states kept per run
SPARE = 16  # entries of a tape for steps that are cut; a tape that is too short is made longer


@dataclass
class _Block:
    """One sequence of steps as it was run: its piece, cycle and first step, the state before and after, and its tape when it was kept."""

    piece: _Piece
    cycle: int
    before: np.ndarray
    after: np.ndarray
    tape: np.ndarray | None
    taken: np.ndarray
    shares: np.ndarray
    offset: int  # of its first step in its sequence
    saved: int  # number of the state saved at its end, or -1


@dataclass
class _Way:
    """The track of a tile, its schedules (one a lane) and its blocks in order."""

    track: _Track
    schedules: list[Schedule]
    blocks: list[_Block] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Pulled:
    """Adjoints of what goes into a run.

    Fields: cells (name of a field: (M, N)) of the initial state and of the parameters of every cell, in the kernel's units
    [mol/L, m, s]; segments (length, film, inhibitor: each (id of segment: (M,))); baths (M, rows, fields of a bath), inner (name of a
    field: (M,)) of the fluid behind the inner face.
    """

    cells: dict[str, np.ndarray]
    lengths: dict[int, np.ndarray]
    films: dict[int, np.ndarray]
    inhibitors: dict[int, np.ndarray]
    baths: np.ndarray
    inner: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Tape:
    """A solved run and the way to it."""

    run: Run
    column: Column
    settings: Settings
    layout: Layout
    baths: _Baths
    pore: dict[str, float]
    ways: list[_Way]

    def pull(self, mineral: np.ndarray) -> Pulled:
        """Return the adjoints of everything that went into the run.

        Arguments: mineral (M, T, P, N), the derivative of a result of each member with respect to the mineral of ``run``.
        """
        kept = [np.flatnonzero(np.r_[True, np.diff(way.track.tile.members) > 0]) for way in self.ways]
        found = [self._pull(way, lanes, mineral) for way, lanes in zip(self.ways, kept, strict=True)]

        def joined(which: str) -> dict:
            parts = [getattr(one, which) for one in found]
            keys = dict.fromkeys(key for part in parts for key in part)
            return {key: np.concatenate([_or_zero(part, key) for part in parts]) for key in keys}

        def _or_zero(part: dict, key: object) -> np.ndarray:
            return part.get(key, np.zeros_like(next(iter(part.values()))))

        return Pulled(
            *(joined(name) for name in ("cells", "lengths", "films", "inhibitors")),
            np.concatenate([one.baths for one in found]),
            joined("inner"),
        )

    def _pull(self, way: _Way, lanes: np.ndarray, mineral: np.ndarray) -> Pulled:
        tile, layout, module = way.track.tile, self.layout, adjoint_module(self.layout)
        count = layout.stride // 2
        tile.view[:, count:] = 0.0
        table = self.baths.table(layout)
        bath_bar = np.zeros((len(table), len(layout.bath), layout.lanes))
        lengths: dict[int, np.ndarray] = {}
        films: dict[int, np.ndarray] = {}
        inhibitors: dict[int, np.ndarray] = {}
        volumes = [tile.fields(f"molar_volume.{k}")[0] for k in range(len(self.column.phases))]
        if way.track.failed:
            tile.view[1:-2, count:] = np.nan

        def seed(t: int) -> None:
            for k, volume in enumerate(volumes):
                tile.fields(f"{BAR}mineral{k}")[:] += mineral[tile.members, t, k].T * volume

        for block in reversed(way.blocks):
            if block.saved >= 0:
                seed(block.saved)
            piece, tape = block.piece, block.tape
            if tape is None:
                tape, block.taken, block.shares = self._again(tile, block, table)
            bars = [np.zeros_like(piece.steps) for _ in range(3)]
            module.drive_back(
                tile.array, tile.cells, piece.steps, piece.which, table, piece.films, piece.inhibitors,
                tape, block.taken, block.shares, block.after, *bars, bath_bar,
            )  # fmt: skip
            _share_out(way, block, self.settings, bars, (lengths, films, inhibitors))
        seed(0)
        cells = {name: tile.fields(BAR + name)[:, lanes].T.copy() for name in list(layout.fields)[:count]}
        ghost = tile.view[tile.cells + 1, count:]
        inner = {name: ghost[layout.fields[name], lanes].copy() for name in layout.bath}
        per_segment = ({key: bar[lanes] for key, bar in part.items()} for part in (lengths, films, inhibitors))
        return Pulled(cells, *per_segment, bath_bar[:, :, lanes].transpose(2, 0, 1), inner)

    def _again(self, tile: _Tile, block: _Block, table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Run a block once more for its tape."""
        module = adjoint_module(self.layout)
        module.restore_state(tile.array, tile.cells, block.before)
        balances = np.zeros((3, SIZE + len(self.layout.model.system.families), self.layout.lanes))
        found = _one_way(
            module, tile, block.piece, table, np.empty((2, 0, 0, 0)), 0, balances, self.settings, np.zeros(3, np.int64)
        )
        if found[0] < 0:
            raise SolveError("a part of the run that was solved before was not solved again", fix="give the tape more memory")
        return found[1:]


def _share_out(way: _Way, block: _Block, settings: Settings, bars: list[np.ndarray], totals: tuple[dict, ...]) -> None:
    """Add the adjoints of steps to those of their segments; a step is a fixed share of its segment."""
    owners = _owners(way.schedules, block.piece.sequence, settings)
    lanes = [sequences(s)[block.piece.sequence].segments for s in way.schedules]
    rows = owners[block.offset : block.offset + len(block.piece.steps)]
    for i in np.unique(rows):
        segments = [segments[i] for segments in lanes]
        mine = rows == i
        share = block.piece.steps[mine] / np.array([s.duration for s in segments])
        parts = [(share * bars[0][mine]).sum(axis=0), bars[1][mine].sum(axis=0), bars[2][mine].sum(axis=0)]
        for total, part in zip(totals, parts, strict=True):
            for lane, segment in enumerate(segments):
                total.setdefault(id(segment), np.zeros(len(segments)))[lane] += part[lane]


def _owners(schedules: list[Schedule], number: int, settings: Settings) -> np.ndarray:
    """Return for each step of a sequence the number of its segment."""
    segments = [sequences(s)[number].segments for s in schedules]
    counts = [len(segment_steps(max(s.duration for s in same), settings.grid)) for same in zip(*segments, strict=True)]
    return np.repeat(np.arange(len(counts)), counts)


def _one_way(
    module: object,
    tile: _Tile,
    piece: _Piece,
    table: np.ndarray,
    history: np.ndarray,
    cycle: int,
    ledger: np.ndarray,
    settings: Settings,
    counts: np.ndarray,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Run a piece once and return the entries made (or what failed), the tape, and the steps and shares of its entries."""
    size = tile.cells * tile.layout.state * tile.layout.lanes
    limits = np.array([settings.iterations, settings.tolerance**2, settings.cuts, settings.near_tolerance**2], float)
    before, ledgers, spare = np.empty(size), ledger.copy(), SPARE
    module.keep_state(tile.array, tile.cells, before)
    while True:
        length = len(piece.steps) + spare
        tape, taken, shares = np.empty((length, size)), np.empty(length, np.int64), np.empty(length)
        made = module.drive_taped(
            tile.array, tile.cells, piece.steps, piece.which, table, piece.films, piece.inhibitors, history, cycle,
            *ledger, tape, taken, shares, limits, counts,
        )  # fmt: skip
        if made:
            return made, tape[:made], taken[:made], shares[:made]
        spare *= 8
        ledger[:] = ledgers
        module.restore_state(tile.array, tile.cells, before)


def _cycles(schedules: list[Schedule], baths: _Baths, settings: Settings) -> Iterator[tuple[_Piece, int]]:
    """Yield each piece with the number of its first step in its sequence."""
    owner, offset = -1, 0
    for piece in _pieces(schedules, baths, settings):
        offset = 0 if piece.sequence != owner else offset
        owner = piece.sequence
        yield piece, offset
        offset += len(piece.steps) if sequences(schedules[0])[owner].count == 1 else 0


def _walk(tile: _Tile, schedules: list[Schedule], baths: _Baths, settings: Settings, counts: np.ndarray, room: float) -> _Way:
    """Run a tile with a tape of at most ``room`` bytes."""
    layout, module = tile.layout, adjoint_module(tile.layout)
    ledger = np.zeros((3, SIZE + len(layout.model.system.families), layout.lanes))
    table = baths.table(layout)
    track = _Track(tile, [0.0], [tile.values()], *([part.copy()] for part in ledger))
    way = _Way(track, schedules)
    history, owner, time = np.empty((2, 0, 0, 0)), -1, 0.0
    size = tile.cells * layout.state * layout.lanes
    for piece, offset in _cycles(schedules, baths, settings):
        if piece.sequence != owner:
            cells = tile.cells if settings.warm and _repeats(schedules, piece.sequence) else 0
            history = np.empty((2, len(piece.steps) if cells else 0, cells, SIZE * layout.lanes if cells else 0))
            owner = piece.sequence
        for cycle in range(piece.first, piece.first + piece.cycles):
            before, after = np.empty(size), np.empty(size)
            module.keep_state(tile.array, tile.cells, before)
            made, tape, taken, shares = _one_way(module, tile, piece, table, history, cycle, ledger, settings, counts)
            if made < 0:
                failed = -1 - made
                track.failed = f"after {time:.0f} s, step {failed} of {piece.steps[failed].max():.3g} s"
                return way
            module.keep_state(tile.array, tile.cells, after)
            room -= tape.base.nbytes
            last = cycle == piece.first + piece.cycles - 1
            saved = len(track.times) if last else -1
            way.blocks.append(_Block(piece, cycle, before, after, tape if room > 0 else None, taken, shares, offset, saved))
            time += float(piece.steps[:, 0].sum())
        track.times.append(time)
        track.states.append(tile.values())
        for kept, part in zip((track.inflows, track.inners, track.grosses), ledger, strict=True):
            kept.append(part.copy())
    return way


def taped(
    column: Column, schedule: Schedule | list[Schedule], diffusivity: dict[str, float], settings: Settings, memory: float = MEMORY
) -> Tape:
    """Solve a column under a schedule and keep the way.

    Arguments: column, schedule, diffusivity and settings as of :func:`amelo.twin.lesion.solve.solve`; memory [bytes] for states.
    """
    schedules = schedule if isinstance(schedule, list) else [schedule] * column.members
    distinct = list({id(s): s for s in schedules}.values())
    model = cell_model(column, tuple(part for s in distinct for part in s), diffusivity)
    layout = adjoint_layout(layout_of(model, settings.lanes if column.members > 1 else 1))
    baths = _Baths(model, [s.exposure.fluid for one in distinct for s in unrolled(one)])
    pore, inner = baths.fields(column.fluid), baths.fields(column.inner) if isinstance(column.inner, Fluid) else None
    counts, ways = np.zeros(3, np.int64), []
    starts = range(0, column.members, layout.lanes)
    for first in starts:
        lanes = np.minimum(np.arange(first, first + layout.lanes), column.members - 1)
        tile = _fill(layout, column, lanes, pore, inner)
        ways.append(_walk(tile, [schedules[m] for m in lanes], baths, settings, counts, memory / len(starts)))
    run = _read(column, layout, [way.track for way in ways], counts)
    return Tape(run, column, settings, layout, baths, pore, ways)
