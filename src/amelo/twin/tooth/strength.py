"""Strength of a whole tooth as it stands: its cavity, what restores it, what its tissue has become."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from amelo.twin import structure
from amelo.twin.tooth.constants import Constants
from amelo.twin.tooth.feel import felt
from amelo.twin.tooth.state import WholeTooth

__all__ = ["cavity_of", "restoration_of", "strength_of"]

APPROXIMAL = frozenset("MD")
CUSPS = frozenset("BLFP")
LEAST = 0.02  # of the strength of usual tissue, that any tissue has
CUSPAL = 0.55  # distance of cusps over the width of a molar crown, about
DIRECT = {"amalgam": "amalgam", "glass ionomer": "glass_ionomer", "resin-modified glass ionomer": "glass_ionomer"}


def cavity_of(gone: frozenset[str]) -> str:
    """Return the word for a cavity of which these surfaces are gone, of ``structure.CAVITIES``."""
    if not gone:
        return "none"
    if "O" in gone and gone & CUSPS:
        return "cusp_lost"
    sides = len(gone & APPROXIMAL)
    return "mod" if sides == 2 else ("two_surface" if sides == 1 and len(gone) > 1 else "occlusal")


def restoration_of(tooth: WholeTooth) -> str:
    """Return the word for what restores a tooth, of ``structure.RESTORATIONS``; a sealant restores nothing."""
    if tooth.restored is None or tooth.restored.kind in ("sealant", "infiltration"):
        return "none"
    if tooth.restored.kind in ("inlay", "onlay", "crown"):
        return tooth.restored.kind
    return DIRECT.get(tooth.restored.material, "composite")


@lru_cache(maxsize=4)
def strength_of(tooth: WholeTooth) -> tuple[np.ndarray, np.ndarray]:
    """Return the strength over that of a sound tooth, and the factor of mismatch in it (M,) each.

    Assumptions: the lesion's column stands for the share of the crown that the lesion is wide; tissue that was formed weak is so all over the
    crown, enamel and dentine side by side as the axis has them; in enamel that was infiltrated resin bears what mineral does not, by the share
    of pores that it fills.
    """
    constants = tooth.constants
    found = felt(tooth)
    dentine = np.zeros(tooth.cells, bool)
    dentine[constants.dentine_from :] = True
    edges, there = tooth.edges, tooth.left > 0.0
    wrong = structure.mismatch(found, edges, dentine, present=there)
    factor = structure.mismatch_factor(wrong)
    formed = _formed(constants)
    cell = np.maximum(found.strength, tooth.filled) / np.where(dentine, formed[1][:, None], formed[0][:, None])
    tissue = structure.tissue_factor(np.minimum(cell, 1.0), edges, there)  # what the lesion took of what was formed
    width = tooth.opening / (CUSPAL * constants["crown.width"])
    share = np.clip((np.maximum(tooth.opening, 1e-4) / constants["crown.width"]) ** 2, 0.0, 1.0)
    whole = structure.tooth_strength(
        cavity_of(tooth.gone),
        restoration_of(tooth),
        tooth.bond,
        width=width,
        depth=tooth.floor,
        root_treated=tooth.rooted,
        tissue=tissue,
        mismatch=np.minimum(factor, 1.0),
        lesion=share,
    )
    enamel = tooth.widths[:, : constants.dentine_from].sum(axis=1)
    part = enamel / tooth.widths.sum(axis=1)
    born = (part * formed[0] + (1.0 - part) * formed[1]) / constants["dentine.mismatch"] ** 0.5
    return whole * born, factor


@lru_cache(maxsize=16)
def _formed(c: Constants) -> tuple[np.ndarray, np.ndarray]:
    """Return the strength of enamel and of dentine as they were formed (M,), over that of usual ones."""
    one = np.ones(c.members)
    within = np.minimum(c["dentine.intrafibrillar_mineral"], 1.0)
    enamel = structure.mechanics(
        np.minimum(c["enamel.sound_mineral"], 1.1)[:, None], False, protein=c["enamel.residual_protein"][:, None]
    ).strength[:, 0]
    dentine = structure.mechanics(
        ((1.0 - c["intrafibrillar.share"]) * c["dentine.between"] + c["intrafibrillar.share"] * within)[:, None],
        True,
        intrafibrillar=within[:, None],
        extrafibrillar=c["dentine.between"][:, None],
    ).strength[:, 0]
    return np.maximum(np.minimum(enamel, one), LEAST), np.maximum(np.minimum(dentine, one), LEAST)
