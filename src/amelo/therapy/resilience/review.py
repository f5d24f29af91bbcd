"""Looking at a tooth again: nothing is done to it, and everything is learnt."""

from __future__ import annotations

from dataclasses import dataclass

from amelo.therapy.contract import Act
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Review"]


@dataclass(frozen=True)
class Review(Act):
    """Examine the tooth: pulp test, image, hardness of the surface."""

    def apply(self, tooth: WholeTooth) -> WholeTooth:
        """Return the very same tooth."""
        return tooth
