"""The way back: from adjoints of the saved minerals of a run to adjoints of everything that went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.twin.lesion.adjoint import BAR, adjoint_module
from amelo.twin.lesion.steps import segment_steps, sequences
from amelo.twin.lesion.tape import Block, Tape, Way

__all__ = ["KINDS", "Pulled", "pull"]

KINDS = ("duration", "film", "inhibitor")  # what each segment has of its own


@dataclass(frozen=True, eq=False)
class Pulled:
    """Adjoints of what goes into a run.

    Fields: cells (name of a field: (M, N)) of the initial state and of the parameters of every cell, in the kernel's units
    [mol/L, m, s]; segments ((kind, id of segment): (M,)); baths (M, rows, fields of a bath).
    """

    cells: dict[str, np.ndarray]
    segments: dict[tuple[str, int], np.ndarray]
    baths: np.ndarray


def pull(tape: Tape, mineral: np.ndarray) -> Pulled:
    """Return the adjoints of everything that went into a run.

    Arguments: tape; mineral (M, T, P, N), the derivative of a result of each member with respect to the mineral of the run.
    """
    found = [_back(tape, way, mineral) for way in tape.ways]
    cells = {name: np.concatenate([one.cells[name] for one in found]) for name in found[0].cells}
    segments: dict[tuple[str, int], np.ndarray] = {}
    first = 0
    for one in found:  # a segment may be seen by members of several tiles
        count = len(one.baths)
        for key, bar in one.segments.items():
            segments.setdefault(key, np.zeros(tape.column.members))[first : first + count] = bar
        first += count
    return Pulled(cells, segments, np.concatenate([one.baths for one in found]))


def _back(tape: Tape, way: Way, mineral: np.ndarray) -> Pulled:
    tile, layout, module = way.track.tile, tape.layout, adjoint_module(tape.layout)
    lanes = np.flatnonzero(np.r_[True, np.diff(tile.members) > 0])
    names = [name.removeprefix(BAR) for name in layout.fields if name.startswith(BAR)]
    tile.view[:, layout.fields[BAR + names[0]] :] = 0.0
    table = tape.baths.table(layout)
    baths = np.zeros((len(table), len(layout.bath), layout.lanes))
    steps: dict[tuple[int, int], tuple[Block, list[np.ndarray]]] = {}
    volumes = [tile.fields(f"molar_volume.{k}")[0] for k in range(len(tape.column.phases))]
    scratch = np.empty((0, 0))

    def seed(t: int) -> None:
        for k, volume in enumerate(volumes):
            tile.fields(f"{BAR}mineral{k}")[:] += mineral[tile.members, t, k].T * volume

    for block in reversed(way.blocks):
        if block.saved >= 0:
            seed(block.saved)
        piece = block.piece
        outside = (piece.steps, piece.which, table, piece.films, piece.inhibitors)
        states = block.tape
        if states is None:
            if scratch.shape[0] < len(block.taken):
                scratch = np.empty((len(block.taken), len(block.before)))
            states = scratch
            module.restore_state(tile.array, tile.cells, block.before)
            module.replay(tile.array, tile.cells, *outside, states, block.free, block.taken, block.shares)
        _, bars = steps.setdefault((piece.sequence, block.offset), (block, [np.zeros_like(piece.steps) for _ in KINDS]))
        module.drive_back(tile.array, tile.cells, *outside, states, block.free, block.taken, block.shares, *bars, baths)
    seed(0)
    failed = np.nan if way.track.failed else 0.0
    cells = {name: tile.fields(BAR + name)[:, lanes].T + failed for name in names}
    segments = {key: bar[lanes] + failed for key, bar in _shared_out(tape, way, steps).items()}
    return Pulled(cells, segments, baths[:, :, lanes].transpose(2, 0, 1) + failed)


def _shared_out(
    tape: Tape, way: Way, steps: dict[tuple[int, int], tuple[Block, list[np.ndarray]]]
) -> dict[tuple[str, int], np.ndarray]:
    """Return the adjoints of segments from those of their steps; a step is a fixed share of the length of its segment."""
    found: dict[tuple[str, int], np.ndarray] = {}
    lanes = [sequences(s) for s in way.schedules]
    for (number, offset), (block, bars) in steps.items():
        segments = list(zip(*(one[number].segments for one in lanes), strict=True))
        counts = [len(segment_steps(max(s.duration for s in same), tape.settings.grid)) for same in segments]
        owners = np.repeat(np.arange(len(counts)), counts)[offset : offset + len(block.piece.steps)]
        for i in np.unique(owners):
            mine, same = owners == i, segments[i]
            share = block.piece.steps[mine] / np.array([s.duration for s in same])
            parts = [(share * bars[0][mine]).sum(axis=0), bars[1][mine].sum(axis=0), bars[2][mine].sum(axis=0)]
            for kind, part in zip(KINDS, parts, strict=True):
                for lane, segment in enumerate(same):
                    found.setdefault((kind, id(segment)), np.zeros(len(same)))[lane] += part[lane]
    return found
