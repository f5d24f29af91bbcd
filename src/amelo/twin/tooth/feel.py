"""What a tooth feels like under an instrument: hardness by depth, and how deep a hand cuts that asks for a word."""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.twin.structure import Mechanics, mechanics, thresholds
from amelo.twin.tooth.state import WholeTooth

__all__ = ["CARIOUS", "depth_of", "felt", "hard_from", "lesion_depth", "needed_of", "own_dentine"]

MOST = 0.97  # of the hardness of sound dentine, that any hand is content with
MOST_WITHIN = 1.5  # mineral inside fibrils over that of sound dentine, beyond which laws of strength say nothing
CARIOUS = 0.95  # mineral over that of the tooth's own sound dentine below which dentine counts as carious


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
        # in a few cells of a hundred thousand time lays more inside fibrils than fits: what is beyond does not count, and stops no plan
        intrafibrillar=np.where(dentine, np.minimum(tooth.inner, MOST_WITHIN), 1.0),
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
    bottom = tooth.edges[:, first + 1 :]
    top = np.maximum(tooth.floor, tooth.edges[:, first])
    depth = hard_from(hardness, bottom, tooth.thickness[:, first:], needed_of(hardness, criterion, hand), top)
    none = lesion_depth(tooth) <= 0.0
    return np.where(none, tooth.floor, np.maximum(depth, tooth.floor))


def needed_of(hardness: np.ndarray, criterion: str, hand: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the Knoop hardness that a hand asks for by a word (M,).

    Arguments: hardness of dentine (M, N), the innermost last; criterion (a word of ``structure.FIRMNESS``); hand as in ``depth_of``.
    """
    own = np.minimum(hardness[:, -1] / _sound_hardness(), 1.0)
    return own * np.minimum(np.broadcast_to(thresholds(hand=hand)[criterion], own.shape), MOST * _sound_hardness())


def hard_from(hardness: np.ndarray, bottom: np.ndarray, thickness: np.ndarray, needed: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Return how deep (M,) [m] the first cell lies that is as hard as needed, the bottom of the last where none is.

    Arguments: hardness (M, N); bottom (M, N) and thickness that is left (M, N) of cells [m]; needed (M,); floor (M,) [m], where tissue begins.
    """
    middle = bottom - 0.5 * thickness
    passes = (hardness >= needed[:, None]) & (thickness > 0.0)
    at = np.argmax(passes, axis=1)
    rows = np.arange(len(needed))
    start = np.argmax(thickness > 0.0, axis=1)
    before = np.maximum(at - 1, start)
    low, high = hardness[rows, before], hardness[rows, at]
    share = np.where(high > low, np.clip((needed - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0), 1.0)
    crossing = middle[rows, before] + share * (middle[rows, at] - middle[rows, before])
    depth = np.where(at <= start, floor, crossing)
    return np.where(passes.any(axis=1), depth, bottom[:, -1])  # nothing is so hard: through to the pulp


def lesion_depth(tooth: WholeTooth) -> np.ndarray:
    """Return how thick the carious dentine is under the floor or under the enamel (M,) [m]."""
    first = tooth.constants.dentine_from
    sick = tooth.total[:, first:] < CARIOUS * own_dentine(tooth)[:, None]
    return (sick * tooth.thickness[:, first:]).sum(axis=1)


def own_dentine(tooth: WholeTooth) -> np.ndarray:
    """Return the mineral (M,) of dentine that no caries has reached, over that of usual dentine: less where genes leave fibrils empty."""
    c = tooth.constants
    within = np.minimum(c["dentine.intrafibrillar_mineral"], 1.0)
    return (1.0 - c["intrafibrillar.share"]) * np.minimum(c["dentine.between"], 1.0) + c["intrafibrillar.share"] * within


@cache
def _sound_hardness() -> float:
    """Return the hardness of sound dentine."""
    return float(mechanics(np.ones((1, 1)), True).knoop[0, 0])
