"""What is done for the pulp: liners, caps, taking its inflamed part away, or all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from amelo.therapy.contract import Act, Price, fading, refuse
from amelo.twin.pulp.dentine import cutting
from amelo.twin.pulp.equations import STATES
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Cap", "Line", "Pulpotomy", "RootTreatment"]

DOSES = {
    "calcium silicate": "liner.calcium_silicate",
    "calcium hydroxide": "liner.calcium_hydroxide",
    "glass ionomer": "liner.glass_ionomer",
    "resin-modified glass ionomer": "liner.glass_ionomer",
    "anti-inflammatory dressing": "liner.anti_inflammatory",
}
KILLS = ("calcium silicate", "calcium hydroxide")


def lined(tooth: WholeTooth, material: str) -> WholeTooth:
    """Return a tooth with a liner on its floor: it calms the pulp, kills at the floor, and covers what is bare.

    Assumptions: a bare pulp under a silicate or hydroxide of calcium counts as capped, and keeps a share of the injury of its exposure.
    """
    c, pulp = tooth.constants, tooth.pulp.copy()
    pulp[STATES.index("liner")] += c[DOSES[material]]
    killer = tooth.antimicrobial
    if material in KILLS:
        killer = killer + c["liner.kill"][:, None] * fading(tooth, c["liner.depth"])
        stays = c[f"cap.{material.replace(' ', '_')}"]
        fresh = (tooth.exposed > 0.0) & (tooth.books.get("capped", np.zeros(tooth.members)) <= 0.0)
        injury = float(cutting(0.0, 1.0))
        damage = pulp[STATES.index("damage")]
        pulp[STATES.index("damage")] = np.where(fresh, np.maximum(damage - (1.0 - stays) * injury, 0.0), damage)
        books = {**tooth.books, "capped": np.maximum(tooth.books.get("capped", 0.0), tooth.exposed)}
    else:
        books = dict(tooth.books)
    return replace(tooth, pulp=pulp, antimicrobial=killer, lined=material, books=books)


@dataclass(frozen=True)
class Line(Act):
    """Line the floor of a cavity."""

    material: str = "calcium silicate"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"line with {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the floor, there is no cavity, or no pulp."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} is there already", fix="line the floor before it is covered")
        if not tooth.hollow:
            refuse(self, "there is no cavity to line", fix="excavate first")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with a lined floor."""
        return lined(tooth, self.material)


@dataclass(frozen=True)
class Cap(Act):
    """Cover an exposed pulp; where none is exposed the material lies on the floor, and nothing is calmed or killed."""

    material: str = "calcium silicate"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"cap with {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where the floor is covered or there is no pulp."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} is there already", fix="cap before it is covered")
        if tooth.rooted:
            refuse(self, "there is no pulp any more", fix="leave it out")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with bare pulps capped."""
        after = lined(tooth, self.material)
        mine = tooth.exposed > 0.0
        return replace(
            after,
            pulp=np.where(mine, after.pulp, tooth.pulp),
            antimicrobial=np.where(mine[:, None], after.antimicrobial, tooth.antimicrobial),
            lined=self.material,
        )


@dataclass(frozen=True)
class Pulpotomy(Act):
    """Take away the inflamed part of the pulp, or all of it in the crown, and cover the rest.

    Assumptions: in some teeth all that is ill lies within what is taken, and what is left is healthy; in the others nothing changes.  How
    often is what published success of pulpotomies says, so that this success is an input.
    """

    extent: Literal["partial", "full"] = "full"
    material: str = "calcium silicate"
    consent = "operative"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.extent} pulpotomy"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where the floor is covered or there is no pulp."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} is there", fix="take off the restoration first")
        if tooth.rooted:
            refuse(self, "there is no pulp any more", fix="leave it out")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with what is left of its pulp covered."""
        c = tooth.constants
        reached = c.draws.uniform("pulpotomy") < c[f"pulpotomy.reached.{self.extent}"]
        pulp = np.where(reached, c.pulps.rest(), tooth.pulp)
        books = {**tooth.books, "capped": np.ones(tooth.members), "pulpotomy": np.ones(tooth.members)}
        after = replace(tooth, pulp=pulp, exposed=np.ones(tooth.members), books=books)
        return lined(after, self.material)

    def account(self, tooth: WholeTooth) -> Price:
        """Return its price."""
        return Price(self.duration, 0.0, self.consent)


@dataclass(frozen=True)
class RootTreatment(Act):
    """Take the pulp out of crown and roots, and fill the canals."""

    consent = "operative"

    @property
    def label(self) -> str:
        """What it is called."""
        return "root canal treatment"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where canals are filled already, or a filling is in the way."""
        super().check(tooth)
        if tooth.rooted:
            refuse(self, "its canals are filled already", fix="leave it out")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth without a pulp."""
        none = np.zeros(tooth.members)
        return replace(tooth, rooted=True, pulp=0.0 * tooth.pulp, exposed=none, carriers=none)
