"""Getting at a tooth: a dam that keeps the mouth out, and taking off what covers it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, refuse
from amelo.twin.tooth.state import WholeTooth

__all__ = ["STEEL", "Isolate", "TakeOff"]

STEEL = "stainless steel"  # of crowns for which nothing is cut


@dataclass(frozen=True)
class Isolate(Act):
    """Keep saliva off the tooth, until the visit ends."""

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth under a dam."""
        return replace(tooth, isolated=True)


@dataclass(frozen=True)
class TakeOff(Act):
    """Take away what covers the tooth."""

    consent = "operative"

    @property
    def label(self) -> str:
        """What it is called."""
        return "take off the restoration"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where nothing covers the tooth."""
        super().check(tooth)
        if tooth.restored is None:
            refuse(self, "nothing covers the tooth", fix="leave it out")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with its floor bare again; what was cut for a piece stays lost."""
        one, piece = np.ones(tooth.members), tooth.restored
        cut = piece.surfaces if piece.kind in ("onlay", "crown") and piece.material != STEEL else frozenset()
        return replace(
            tooth, gone=tooth.gone | cut, restored=None, lined="", access=one, leak=one, bond=0.0 * one, prepared=frozenset()
        )
