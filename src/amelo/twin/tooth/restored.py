"""What restores a tooth when the patient comes: how deep its floor lies, how wide it is, what passes its margin and how well it holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from amelo.records.base import UNKNOWN
from amelo.records.tooth import Finding, Restoration
from amelo.records.tooth import Tooth as Record
from amelo.twin.tooth.state import Restored

__all__ = ["NEAREST", "Covered", "cavity_under", "covered_by", "recorded_floor"]

MARGINS = {"worn": "worn", "marginal gap": "gap", "secondary caries": "broken", "fractured": "broken"}  # of the set, by condition
IN_A_CAVITY = ("filling", "inlay", "temporary")  # what fills a cavity; others are told to have one only by their depth
NEAREST = 0.05e-3  # m from a floor or a front to the pulp of a tooth whose pulp is alive
UNDER = 0.5  # of the way from the junction to a lesion's front, that a floor nobody measured reaches at most


class Covered(NamedTuple):
    """What covers a surface (None where nothing does), the share of the mouth that passes its margin, and how well it is bonded (M,) each."""

    restored: Restored | None
    leak: np.ndarray
    bond: np.ndarray


def covered_by(letter: str, record: Record, values: dict[str, np.ndarray], assumed: list[str]) -> Covered:
    """Return what covers a surface when the patient comes.

    Arguments: letter of the surface; record of the tooth; values, constants by name (M,); assumed, sentences, added to.
    Assumptions: how well it is bonded is what its margin does not let pass.
    """
    entry = _on(letter, record)
    one = np.ones(len(values["margin.intact"]))
    if entry is None or entry.condition == "lost":
        return Covered(None, one, 0.0 * one)
    leak = values[f"margin.{MARGINS.get(entry.condition, 'intact')}"]
    assumed.append(
        f"the {entry.kind} on surface {letter} lets {100 * leak[0]:g} % of the mouth pass its margin, because its condition is {entry.condition}"
    )
    return Covered(Restored(entry.kind, entry.material, frozenset(entry.surfaces), 0.0), leak, 1.0 - leak)


def recorded_floor(letter: str, record: Record) -> float:
    """Return how deep a recorded restoration of a surface reaches [m] below the outer surface of the crown, 0 where nobody says."""
    entry = _on(letter, record)
    return 0.0 if entry is None or entry.depth == UNKNOWN else 1e-3 * entry.depth


def cavity_under(
    letter: str,
    record: Record,
    finding: Finding | None,
    front: np.ndarray,
    thickness: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    assumed: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Return depth and width (M,) [m] of the cavity that a restoration fills, or that was left when it was lost; 0 where there is none.

    Arguments: letter of the surface; record; finding that the tooth is looked at for; front of its lesion (M,) [m]; thickness of enamel and
    dentine (M,) [m]; values, constants by name; assumed, sentences, added to.
    Assumptions: a recorded depth holds for every surface that the restoration covers; where nobody measured it, the floor of what is set into
    a cavity lies some way into dentine, and over a recorded lesion not beyond half of what the lesion took; what covers a tooth (onlay, crown,
    veneer, sealant) has no cavity unless its depth was recorded; the cavity is as wide as those whose stiffness was measured.
    """
    entry, none = _on(letter, record), np.zeros(len(front))
    if entry is None or (entry.depth == UNKNOWN and entry.kind not in IN_A_CAVITY):
        return none, none
    enamel, carious = thickness["enamel"], finding is not None and finding.is_carious
    lies = "lay" if entry.condition == "lost" else "lies"
    if entry.depth != UNKNOWN:
        depth = np.full(len(front), 1e-3 * entry.depth)
        assumed.append(f"the floor of the {entry.kind} on surface {letter} {lies} {entry.depth:g} mm deep, as recorded")
        if carious and (front <= depth).any():
            assumed.append(f"where the lesion goes no deeper than the {entry.kind}, it is beside it: no caries under its floor")
    else:
        depth = enamel + values["restoration.into_dentine"]
        if carious:
            depth = np.where(front > enamel, np.minimum(depth, enamel + UNDER * (front - enamel)), 0.0)
        assumed.append(
            f"the floor of the {entry.kind} on surface {letter} {lies} {1e3 * depth[0]:.2g} mm deep, because nobody measured it"
            if depth[0] > 0.0
            else f"the lesion on surface {letter} lies beside the {entry.kind}, because it has not reached dentine"
        )
    depth = np.clip(depth, 0.0, enamel + thickness["dentine"] - NEAREST)
    return depth, np.where(depth > 0.0, values["restoration.width"] * values["crown.width"], 0.0)


def _on(letter: str, record: Record) -> Restoration | None:
    """Return the restoration of a surface, one that is there before one that was lost."""
    own = [entry for entry in record.restorations if letter in entry.surfaces]
    return next((entry for entry in own if entry.condition != "lost"), own[0] if own else None)
