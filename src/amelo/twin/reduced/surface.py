"""How a surface of compositions is read between its nodes: straight along the path, across it, and from one mixture to the next."""

from __future__ import annotations

import numpy as np

from amelo.twin.reduced.across import Grid
from amelo.twin.reduced.paths import ACROSS, NODES

__all__ = ["read_surface"]


def read_surface(
    tables: np.ndarray, grid: Grid, v: np.ndarray, released: np.ndarray, row: np.ndarray, part: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what surfaces say at places v and of released fluoride [mol/L · D], between the rows ``row`` and ``row`` + 1 (all of one shape).

    Arguments: tables (rows, NODES, nodes of fluoride, len(ACROSS)); grid; v [nodes]; released; row; part of the way to the next row.
    """
    ends = grid.released
    k = np.clip(np.searchsorted(ends, released, side="right") - 1, 0, grid.count - 2)
    x = np.clip((released - ends[k]) / (ends[k + 1] - ends[k]), 0.0, 1.0)
    i = np.clip(v, 0, NODES - 2).astype(int)
    level = 0.0
    for mixture, share in ((row, 1.0 - part), (row + 1, part)):
        for node, weight in ((i, i + 1.0 - v), (i + 1, v - i)):
            one, two = tables[mixture, node, k], tables[mixture, node, k + 1]
            level = level + (share * weight)[..., None] * (one + x[..., None] * (two - one))
    return {name: level[..., c] for c, name in enumerate(ACROSS)}
