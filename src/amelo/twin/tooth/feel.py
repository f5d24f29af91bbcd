"""What a tooth feels like under an instrument: hardness by depth, and how deep a hand cuts that asks for a word."""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.twin.structure import Mechanics, mechanics, thresholds
from amelo.twin.tooth.state import WholeTooth

__all__ = ["depth_of", "felt", "lesion_depth"]

MOST = 0.97  # of the hardness of sound dentine, that any hand is content with
CARIOUS = 0.95  # mineral over sound dentine below which dentine counts as carious


def felt(tooth: WholeTooth) -> Mechanics:
    """Return hardness, stiffness and strength of every cell of a tooth."""
    dentine = np.zeros(tooth.cells, bool)
    dentine[tooth.constants.dentine_from :] = True
    protein = np.where(
        dentine, 1.0, tooth.constants["enamel.residual_protein"][:, None]
    )  # what came with it stays when it is taken out
    return mechanics(
        tooth.total,
        dentine,
        protein=protein,
        collagen=np.where(dentine, tooth.organic, 1.0),
        intrafibrillar=np.where(dentine, tooth.inner, 1.0),
        extrafibrillar=tooth.mineral,
    )


def depth_of(tooth: WholeTooth, criterion: str, hand: np.ndarray | float = 0.0) -> np.ndarray:
    """Return how deep (M,) [m] below the outer surface the first dentine lies that a hand calls by a word; the floor where it does at once.

    Arguments: tooth; criterion (a word of ``structure.FIRMNESS``); hand (M,), how much more this hand asks for, in standard deviations.
    Assumptions: a hand compares with the dentine at the pulp, which in some teeth is soft by nature; hardness changes in straight lines between
    the middles of cells; enamel over carious dentine is opened whatever its
    hardness.
    """
    first = tooth.constants.dentine_from
    hardness = felt(tooth).knoop[:, first:]
    own = np.minimum(hardness[:, -1] / _sound_hardness(), 1.0)
    asked = np.minimum(np.broadcast_to(thresholds(hand=hand)[criterion], (tooth.members,)), MOST * _sound_hardness())
    needed = (own * asked)[:, None]
    thickness = tooth.thickness[:, first:]
    edges = tooth.edges[:, first:]
    bottom = edges[:, 1:]
    middle = bottom - 0.5 * thickness
    passes = (hardness >= needed) & (thickness > 0.0)
    found = passes.any(axis=1)
    at = np.argmax(passes, axis=1)
    rows = np.arange(tooth.members)
    start = np.argmax(thickness > 0.0, axis=1)
    before = np.maximum(at - 1, start)
    low, high = hardness[rows, before], hardness[rows, at]
    share = np.where(high > low, np.clip((needed[:, 0] - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0), 1.0)
    crossing = middle[rows, before] + share * (middle[rows, at] - middle[rows, before])
    top = np.maximum(tooth.floor, edges[:, 0])
    depth = np.where(at <= start, top, crossing)
    depth = np.where(found, depth, edges[:, -1])  # nothing is so hard: through to the pulp
    none = lesion_depth(tooth) <= 0.0
    return np.where(none, tooth.floor, np.maximum(depth, tooth.floor))


def lesion_depth(tooth: WholeTooth) -> np.ndarray:
    """Return how thick the carious dentine is under the floor or under the enamel (M,) [m]."""
    first = tooth.constants.dentine_from
    healthy = tooth.constants["dentine.sound_mineral"][:, None]
    sick = tooth.total[:, first:] < CARIOUS * np.minimum(healthy, 1.0)
    return (sick * tooth.thickness[:, first:]).sum(axis=1)


@cache
def _sound_hardness() -> float:
    """Return the hardness of sound dentine."""
    return float(mechanics(np.ones((1, 1)), True).knoop[0, 0])
