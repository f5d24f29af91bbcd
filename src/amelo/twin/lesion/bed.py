"""Room for what docks on a bare surface: cells outside the tissue, water that follows the bath until something lies in it."""

from __future__ import annotations

from typing import Any

from amelo.twin.column import Column, widened
from amelo.twin.diffusivity import one_diffusivity

__all__ = ["STIRRED", "fill", "with_bed"]

STIRRED = 1e4  # times diffusion in water: what water without anything docked in it lets through, so that it is no film


def with_bed(column: Column) -> Column:
    """Return a column whose first cells are its bed, at negative depth; the column itself when it has none, or a biofilm to dock on."""
    if column.bed is None or column.biofilm is not None:
        return column
    return widened(column, column.bed.cells, column.bed.thickness)


def fill(tile: Any, column: Column) -> None:
    """Fill the cells of the bed, in a tile whose every cell has been filled as tissue: no apatite grows there.

    Arguments: tile; column (with its bed).
    """
    cells = slice(0, column.bed.cells)
    tile.fields("porosity_exponent")[cells] = 1.0
    tile.fields("diffusivity_scale")[cells] = STIRRED * (
        one_diffusivity(column.temperature) if column.diffusion == "single" else 1.0
    )
    for k, phase in enumerate(column.phases):
        for law in ("growth_rate", "dissolution_rate"):
            tile.fields(f"{law}.{k}")[cells] *= 1.0 if phase.alone else 0.0
    if tile.layout.model.collagen:  # what docks, or seals, is no matrix
        tile.fields("collagen_decay_rate")[cells] = 0.0
    tile.fields("sound_apatite")[cells] = tile.fields("sound0")[cells]
