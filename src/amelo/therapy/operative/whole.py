"""What is done to a tooth as a whole: join it to its neighbours, take it out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from amelo.therapy.contract import Act, refuse
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Extract", "Splint"]


@dataclass(frozen=True)
class Splint(Act):
    """Join the tooth to its neighbours."""

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it for a tooth that does not move, or where nobody looked."""
        super().check(tooth)
        mobility = tooth.constants.owner.facts.get("mobility", 0)
        if mobility == "unknown" or not mobility:
            why = "nobody says whether the tooth is mobile" if mobility == "unknown" else "the tooth is not mobile"
            refuse(self, why, fix="record mobility 1 to 3 in the case, or leave it out")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth held by its neighbours."""
        return replace(tooth, habits={**tooth.habits, "splinted": 1.0})


@dataclass(frozen=True)
class Extract(Act):
    """Take the tooth out."""

    consent = "operative"

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the gap."""
        return replace(tooth, present=False)
