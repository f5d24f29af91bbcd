"""Pieces of time between two saved states: the steps of a tile, what its lanes see in each, and which earlier steps each is like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from amelo.twin.lesion import biofilm
from amelo.twin.lesion.steps import segment_steps, sequences
from amelo.twin.lesion.tiles import Baths
from amelo.twin.schedule import Schedule, unrolled

if TYPE_CHECKING:
    from amelo.twin.lesion.solve import Settings

__all__ = ["Piece", "cold_rows", "grouped", "like_rows", "onward_of", "pieces", "repeated_rows", "repeats"]

MOST = 2_000  # rows
LOOKED = 64  # segments of a schedule by which members are grouped


@dataclass(frozen=True)
class Piece:
    """Steps (S, lanes) with what the outer face sees, run ``cycles`` times from cycle ``first`` of sequence ``sequence``, which has ``count``.

    elapsed (S,) is what of the segment lies before a step, in lengths of that step; onward (S,) as of :func:`onward_of`; rows (P, S, 5) where a step of cycle r keeps its
    solution (``r % P``), where the like step before it has, and the one before that, and those two of the step before it, -1 for nowhere; kept,
    how many rows the sequence has.
    """

    steps: np.ndarray
    which: np.ndarray
    films: np.ndarray
    inhibitors: np.ndarray
    activities: np.ndarray
    elapsed: np.ndarray
    onward: np.ndarray
    rows: np.ndarray
    kept: int
    sequence: int
    count: int
    first: int
    cycles: int


def pieces(
    schedules: list[Schedule], baths: Baths, settings: Settings, whole: float | None = None, start: int = 0
) -> Iterator[Piece]:
    """Cut the schedules of a tile, which have the same structure, into pieces between two saved states.

    Arguments: schedules; baths; settings; whole [s], of what these schedules are a part (None: it is all); start, sequences before them.
    """
    lanes = [sequences(s) for s in schedules]
    whole = whole or sum(q.count * sum(s.duration for s in q.segments) for q in lanes[0])
    for number, same in enumerate(zip(*lanes, strict=True), start):
        columns, seen = [], []
        for segments in zip(*(q.segments for q in same), strict=True):
            lengths = np.array([s.duration for s in segments])
            longest = lengths.max()
            grid = biofilm.grid_for(baths.model, settings.grid, max(s.exposure.sugar for s in segments))
            share = segment_steps(longest, grid) / longest
            outside = [np.array([baths.rows[baths.key(s.exposure)] for s in segments])]
            outside += [np.array([getattr(s.exposure, name) for s in segments]) for name in ("film", "inhibitor", "activity")]
            before = (np.cumsum(share) - share) / share
            before[0] = 0.0
            columns.append(
                (share[:, None] * lengths, *(np.broadcast_to(a, (len(share), len(a))) for a in outside), before, onward_of(before))
            )
            seen.append(b"".join(a.tobytes() for a in outside))
        arrays = [np.ascontiguousarray(np.concatenate(parts)) for parts in zip(*columns, strict=True)]
        count, length = same[0].count, arrays[0][:, 0].sum()
        wanted = max(1, round(settings.saves * count * length / whole))
        if count > 1:
            rows = repeated_rows(len(arrays[0])) if settings.warm else cold_rows(len(arrays[0]))
            edges = np.unique(np.linspace(0, count, min(wanted, count) + 1).round().astype(int))
            for first, last in pairwise(edges):
                yield Piece(*arrays, rows, rows.max() + 1, number, count, int(first), int(last - first))
        else:
            rows = like_rows(seen, [c[0] for c in columns]) if settings.warm else cold_rows(len(arrays[0]))
            parts = (
                settings.grid.parts
            )  # states are saved where the undivided grid has an edge, so that finer runs save the same times
            times = np.cumsum(arrays[0][:, 0])[parts - 1 :: parts]
            cuts = np.searchsorted(times, np.linspace(0, length, wanted + 1)[1:-1])
            edges = np.unique([0, *(cuts + 1), len(times)]) * parts
            for first, last in pairwise(edges):
                yield Piece(*(a[first:last] for a in arrays), rows[:, first:last], rows.max() + 1, number, 1, 0, 1)


def onward_of(elapsed: np.ndarray) -> np.ndarray:
    """Return how far each step of a segment is foretold to go on from the one before, in parts of what that one went (S,).

    What follows an edge goes on with the logarithm of the time since.  The first step of a segment knows nothing, and the second only what
    the edge has done.

    Arguments: elapsed (S,) what of the segment lies before a step, in lengths of that step.
    """
    onward = np.zeros(len(elapsed))
    advance = np.log1p(1.0 / elapsed[1:])
    onward[2:] = np.minimum(advance[1:] / advance[:-1], 1.0)
    return onward


def grouped(schedules: list[Schedule], lanes: int, longest: float) -> np.ndarray:
    """Return the members (M,) in the order in which they share tiles, so that segments of a tile last about as long.

    A tile takes as many steps in a segment as its longest member needs. Members are halved where their durations differ most, and the
    halves again, until a tile holds them.

    Arguments: schedules (one a member); lanes (of a tile); longest (step [s], in which durations are counted).
    """
    own: dict[int, list[float]] = {}
    for s in schedules:
        if id(s) not in own:
            own[id(s)] = [segment.duration / longest for segment in islice(unrolled(s), LOOKED)]
    lengths = np.array([own[id(s)] for s in schedules])

    def halved(members: np.ndarray) -> list[np.ndarray]:
        if len(members) <= lanes or len(own) == 1:
            return [members]
        spread = np.ptp(lengths[members], axis=0)
        members = members[np.argsort(lengths[members, np.argmax(spread)], kind="stable")]
        tiles = -(-len(members) // lanes)
        cut = (tiles + 1) // 2 * lanes  # only the last tile may have lanes to spare
        return [*halved(members[:cut]), *halved(members[cut:])]

    return np.concatenate(halved(np.arange(len(schedules))))


def repeated_rows(steps: int) -> np.ndarray:
    """Return the rows of the steps of a cycle, (3, S, 5): like a step is the same step of the cycles before."""
    k = np.arange(steps)
    rows = np.empty((3, steps, 5), np.int64)
    for cycle in range(3):
        own, one, two = (((cycle - back) % 3) * steps + k for back in range(3))
        rows[cycle] = np.stack([own, one, two, np.r_[-1, one[:-1]], np.r_[-1, two[:-1]]], axis=1)
    return rows


def like_rows(seen: list[bytes], steps: list[np.ndarray]) -> np.ndarray:
    """Return the rows of the steps of segments that follow each other once, (1, S, 5).

    Like a segment is the last one that saw the same outside, after one that saw the same as the segment before. When it lasted as long,
    its steps are like those of this one; else its first step is, and the others have nothing to say about times that differ.

    Arguments: seen (what tells the outside of a segment from others), steps (S, lanes) of each segment.
    """
    contexts = list(zip([b"", *seen[:-1]], seen, strict=True))
    longest: dict[tuple, int] = {}
    for context, mine in zip(contexts, steps, strict=True):
        longest[context] = max(len(mine), longest.get(context, 0))
    often = {context for context, times in Counter(contexts).items() if times > 1}
    if 2 * sum(longest[context] for context in often) > MOST:
        return cold_rows(sum(map(len, steps)))
    start, free = {}, 0
    for context in sorted(often):
        start[context], free = free, free + 2 * longest[context]
    last: dict[tuple, tuple[int, np.ndarray]] = {}  # turn and steps of the last segment of a context
    found = []
    for context, mine in zip(contexts, steps, strict=True):
        rows = cold_rows(len(mine))[0]
        if context in often:
            turn, before = last.get(context, (1, mine[:0]))
            k = np.arange(len(mine))
            rows[:, 0] = start[context] + (1 - turn) * longest[context] + k
            same = len(before) == len(mine) and np.allclose(before, mine, rtol=1e-6, atol=0.0)
            alike = len(mine) if same else min(1, len(before))
            rows[:alike, 1] = start[context] + turn * longest[context] + k[:alike]
            rows[1:alike, 3] = rows[: max(alike - 1, 0), 1]
            last[context] = (1 - turn, mine)
        found.append(rows)
    return np.concatenate(found)[None]


def cold_rows(steps: int) -> np.ndarray:
    """Return that nothing is kept, (1, S, 5)."""
    return np.full((1, steps, 5), -1)


def repeats(schedules: list[Schedule], sequence: int) -> bool:
    """Tell whether a sequence is run often enough to start from the cycles before."""
    return sequences(schedules[0])[sequence].count > 2
