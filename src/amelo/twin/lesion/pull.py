"""The way back: from adjoints of the saved states of a run to adjoints of everything that went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.twin.lesion import biofilm
from amelo.twin.lesion.adjoint import BAR, adjoint_module
from amelo.twin.lesion.seeds import LOG, Seeds
from amelo.twin.lesion.steps import segment_steps, sequences
from amelo.twin.lesion.tape import Block, Tape, Way, surroundings

__all__ = ["KINDS", "Pulled", "pull"]

KINDS = ("duration", "film", "inhibitor", "activity", "bath")  # what each segment has of its own


@dataclass(frozen=True, eq=False)
class Pulled:
    """Adjoints of what goes into a run.

    Fields: cells (name of a field: (M, N)) of the initial state and of the parameters of every cell, in the kernel's units
    [mol/L, m, s]; segments ((kind, id of segment): (M,), of the kind "bath" (M, fields of a bath)).
    """

    cells: dict[str, np.ndarray]
    segments: dict[tuple[str, int], np.ndarray]


class _Bars:
    """Adjoints of the steps of one piece, whose cycles add to them: step, film, inhibitor and activity (S, lanes), bath (segments, fields, lanes)."""

    def __init__(self, tape: Tape, way: Way, block: Block) -> None:
        self.segments = list(zip(*(sequences(s)[block.piece.sequence].segments for s in way.schedules), strict=True))
        model, grid = tape.layout.model, tape.settings.grid
        grids = [biofilm.grid_for(model, grid, max(s.exposure.sugar for s in same)) for same in self.segments]
        counts = [len(segment_steps(max(s.duration for s in same), g)) for same, g in zip(self.segments, grids, strict=True)]
        self.owners = np.repeat(np.arange(len(counts)), counts)[block.offset : block.offset + len(block.piece.steps)]
        self.steps, self.water = block.piece.steps, way.track.tile.water
        self.of_steps = [np.zeros_like(self.steps) for _ in KINDS[:-1]]
        self.baths = np.zeros((len(counts), len(tape.layout.bath), tape.layout.lanes))

    def share_out(self, found: dict[tuple[str, int], np.ndarray]) -> None:
        """Add to the adjoints of segments: a step is a fixed share of the length of its segment."""
        for i in np.unique(self.owners):
            mine, same = self.owners == i, self.segments[i]
            share = self.steps[mine] / np.array([s.duration for s in same])
            length, film, inhibitor, activity = (bar[mine] for bar in self.of_steps)
            whole = ((share * length).sum(axis=0), film.sum(axis=0) / self.water, inhibitor.sum(axis=0), activity.sum(axis=0))
            parts = [*whole, self.baths[i].T]
            for kind, part in zip(KINDS, parts, strict=True):
                for lane, segment in enumerate(same):
                    found.setdefault((kind, id(segment)), np.zeros_like(part))[lane] += part[lane]


def pull(tape: Tape, seeds: Seeds) -> Pulled:
    """Return the adjoints of everything that went into a run.

    Arguments: tape; seeds (what a result of each member makes of the saved states).
    """
    found = [_back(tape, way, seeds) for way in tape.ways]
    cells = {name: np.concatenate([one.cells[name] for one in found]) for name in found[0].cells}
    segments: dict[tuple[str, int], np.ndarray] = {}
    first = 0
    for one in found:  # a segment may be seen by members of several tiles
        count = len(one.cells["step"])
        for key, bar in one.segments.items():
            segments.setdefault(key, np.zeros((tape.column.members, *bar.shape[1:])))[first : first + count] = bar
        first += count
    return Pulled(cells, segments)


def _back(tape: Tape, way: Way, seeds: Seeds) -> Pulled:
    tile, layout, module = way.track.tile, tape.layout, adjoint_module(tape.layout)
    lanes = np.flatnonzero(np.r_[True, np.diff(tile.members) > 0])
    names = [name.removeprefix(BAR) for name in layout.fields if name.startswith(BAR)]
    tile.view[:, layout.fields[BAR + names[0]] :] = 0.0
    table = tape.baths.table(layout)
    entered, later = np.zeros((seeds.inflow.shape[2], layout.lanes)), np.zeros(layout.lanes)
    pieces: dict[tuple[int, int], _Bars] = {}

    felt = {name: bar.any(axis=(0, 2)) for name, bar in seeds.states.items()}  # at which saved moments there is anything to add

    def seed(t: int) -> None:
        for name, bar in seeds.states.items():
            if not felt[name][t]:
                continue
            field, of_log = name.removeprefix(LOG), bar[tile.members, t].T
            tile.fields(BAR + field)[:] += of_log / way.track.states[t][field] if name.startswith(LOG) else of_log
        entered[:] += seeds.inflow[tile.members, t].T
        later[:] += seeds.time[tile.members, t]

    for block in reversed(way.blocks):
        if block.saved >= 0:
            seed(block.saved)
        key = (block.piece.sequence, block.offset)
        if key not in pieces:
            pieces[key] = _Bars(tape, way, block)
        bars = pieces[key]
        if later.any():  # a longer step makes every saved moment after it later
            np.add.at(bars.of_steps[0], block.taken, block.shares[:, None] * later)
        module.drive_back(
            tile.array, tile.cells, *surroundings(tile, block.piece, table), block.piece.onward, block.tape, block.free, block.fluxes, block.taken, block.shares,
            bars.owners, *bars.of_steps, bars.baths, entered,
        )  # fmt: skip
    seed(0)
    failed = np.nan if any(way.track.failures) else 0.0
    segments: dict[tuple[str, int], np.ndarray] = {}
    for bars in pieces.values():
        bars.share_out(segments)
    cells = {name: tile.fields(BAR + name)[:, lanes].T + failed for name in names}
    return Pulled(cells, {key: bar[lanes] + failed for key, bar in segments.items()})
