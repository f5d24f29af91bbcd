"""What is put on a floor for seconds: acids that open it, hypochlorite that takes protein and kills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, fading, refuse
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Deproteinise", "Etch", "etched_depth", "protein_left"]

USUAL_STRENGTH, USUAL_TIME = 0.37, 15.0  # of phosphoric acid, for which the depth holds
OPENING_STRENGTH, OPENING_TIME = 0.15, 120.0  # of hydrochloric acid, for which its factor holds
USUAL_BLEACH = 0.05
Values = Mapping[str, np.ndarray]


def etched_depth(constants: Values, acid: str, strength: float, duration: float) -> np.ndarray:
    """Return how deep an acid takes enamel away (M,) [m].

    Arguments: constants (of the set ``steps`` in SI); acid; strength, by mass; duration [s].
    Assumptions: it goes with strength, and with time as fresh acid does; polyacrylic acid takes the smear layer alone.
    """
    if acid == "polyacrylic acid":
        return 0.0 * constants["etch.depth"]
    depth, usual, time = constants["etch.depth"], USUAL_STRENGTH, USUAL_TIME
    if acid == "hydrochloric acid":
        depth, usual, time = depth * constants["etch.hydrochloric"], OPENING_STRENGTH, OPENING_TIME
    return depth * strength / usual * (duration / time) ** constants["etch.slowing"]


def protein_left(constants: Values, strength: float, duration: float, reach: np.ndarray) -> np.ndarray:
    """Return the share of protein that sodium hypochlorite leaves (M, N).

    Arguments: constants (as above); strength, by mass; duration [s]; reach (M, N), what of it comes to a place, 1 at the floor.
    """
    return np.exp(-strength / USUAL_BLEACH * duration * reach / constants["bleach.protein"][:, None])


@dataclass(frozen=True)
class Etch(Act):
    """Put an acid on the floor and rinse it off.

    Fields: acid; strength, by mass.
    Assumptions: the smear layer goes at once; what it takes of the outermost cell leaves with the rinse.
    """

    acid: str = "phosphoric acid"
    strength: float = USUAL_STRENGTH

    @property
    def label(self) -> str:
        """What it is called."""
        return f"etch with {self.acid}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the floor."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} covers the floor", fix="take off the restoration first")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with an opened surface."""
        c = tooth.constants
        if self.acid == "polyacrylic acid":  # takes the smear and leaves the tissue
            return replace(tooth, smear=np.zeros(tooth.members))
        left, gone = _dissolved(tooth, etched_depth(c, self.acid, self.strength, self.duration))
        opened = tooth.prepared | {"etched"} | ({"opened"} if self.acid == "hydrochloric acid" else set())
        books = tooth.booked(ledger_etched=gone)
        return replace(tooth, left=left, smear=np.zeros(tooth.members), prepared=frozenset(opened), books=books)


def _dissolved(tooth: WholeTooth, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is left of cells (M, N) when a depth (M,) [m] is dissolved, and the mineral that went (M,) [mol/m2]."""
    above = np.cumsum(tooth.thickness, axis=1) - tooth.thickness
    taken = np.clip(depth[:, None] - above, 0.0, tooth.thickness)
    return np.maximum(tooth.left - taken / tooth.widths, 0.0), (tooth.solid * taken).sum(axis=1)


@dataclass(frozen=True)
class Deproteinise(Act):
    """Put sodium hypochlorite on the floor: protein goes, and bacteria at the floor die.

    Fields: strength, by mass.
    """

    strength: float = USUAL_BLEACH

    @property
    def label(self) -> str:
        """What it is called."""
        return "deproteinise"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the floor."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} covers the floor", fix="take off the restoration first")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with less protein and fewer bacteria at its floor; in enamel ``organic`` is the protein that was taken, over all."""
        c = tooth.constants
        dose = self.strength / USUAL_BLEACH * self.duration
        reach = fading(tooth, c["bleach.reach"])
        organic = tooth.organic.copy()
        enamel = slice(0, c.dentine_from)
        organic[:, enamel] = 1.0 - (1.0 - organic[:, enamel]) * protein_left(c, self.strength, self.duration, reach[:, enamel])
        killed = c["bleach.kill"][:, None] * dose / 60.0 * fading(tooth, c["bleach.depth"])
        return replace(
            tooth, organic=organic, bacteria=tooth.bacteria * np.exp(-killed), prepared=tooth.prepared | {"deproteinised"}
        )
