"""Where mineral may grow in one cell: the room that each kind has, and the walls that dissolution laid bare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amelo.twin.lesion import matrix

if TYPE_CHECKING:
    from amelo.twin.lesion.cell import CellModel, Load, Number

__all__ = ["BEND", "FELT", "TINY", "foreseen", "rooms", "walls"]

TINY = 1e-12
BEND = 0.04  # how far before 0 the pores foreseen for the middle of a step begin to bend away from it
CLOSING = (
    0.02  # of the pores of sound tissue: where less was opened, walls fall with the gap itself and no longer with a power of it
)
FELT = 1e-9  # mol/L of tissue: a room below this is none that Newton's method has to know of


def rooms(model: CellModel, load: Load, porosity: Number, moles: list[Number], math: Any) -> tuple[Number, Number, Number]:
    """Return the volume that may be filled by a phase that is no apatite, that by an apatite, and the pores of sound tissue.

    Arguments: model; load; porosity; moles (of every phase, as it stands); math.
    Assumptions: apatite grows to what sound tissue holds, everything else to the floor; phases that grow share what there is.  Where
    resin or silver stands in pores, mineral may take what they left down to the floor.
    """
    sound = 1.0 - load("organic") - sum(load(f"own{k}") * load(f"molar_volume.{k}") for k in range(len(moles)))
    floor = load("porosity_floor")
    sound = math.where(sound > floor, sound, floor)
    free, opened = porosity - floor, porosity - sound
    if model.collagen:
        barren = matrix.barren(load, sound)
        free, opened = free - barren, opened - barren
    free, opened = (math.where(part > 0.0, part, 0.0) * (1.0 / model.growing) for part in (free, opened))
    return free, opened, sound


def foreseen(opened: Number, sound: Number, load: Load, math: Any) -> Number:
    """Return the gap that dissolution opened over the pores of sound tissue, half a step on as the last step went, smooth and above 0.

    Arguments: opened (pores beyond those of sound tissue); sound (those); load; math.
    """
    inverse = 1.0 / sound
    share = opened * inverse
    later = share + (0.5 * (1.0 + BEND) ** 0.5) * load("step") * load("opening") * inverse
    return (later + math.sqrt(later * later + BEND * share * share + TINY)) * (1.0 / (1.0 + (1.0 + BEND) ** 0.5))


def walls(gap: Number, exponent: float, math: Any) -> Number:
    """Return the walls of a gap, gap**exponent, with a finite slope where there is none."""
    bend = exponent - 1.0
    return gap * math.exp_any(bend * math.log(gap + CLOSING)) if bend else gap
