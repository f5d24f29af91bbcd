"""What covers a floor: fillings and sealants, how they hold, and how much of the mouth passes their margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, refuse
from amelo.therapy.operative.constants import value
from amelo.therapy.operative.heat import warmed
from amelo.twin.pulp.dentine import odontoblast_loss
from amelo.twin.pulp.equations import STATES
from amelo.twin.tooth.state import Restored, WholeTooth

__all__ = ["RESINS", "Fill", "Seal", "covered", "cured", "hold", "leaking", "must_be_excavated"]

RESINS = ("composite", "compomer", "resin", "ceramic", "zirconia")  # held by what etching opened
CURED = ("composite", "compomer", "resin", "resin-modified glass ionomer")
IONOMERS = ("glass ionomer", "resin-modified glass ionomer")


def hold(tooth: WholeTooth, material: str) -> np.ndarray:
    """Return how well a material holds on a floor (M,), 0 to 1.

    Assumptions: resin holds on dry tissue that was etched, and less where mineral is missing or protein fills enamel; glass ionomer holds anywhere,
    amalgam nowhere.
    """
    c = tooth.constants
    if material == "amalgam":
        return np.zeros(tooth.members)
    if material in IONOMERS:
        return c["bond.glass_ionomer"]
    rows, first = np.arange(tooth.members), np.minimum((tooth.left <= 0.0).sum(axis=1), tooth.cells - 1)
    mineral = np.clip(tooth.total[rows, first], 0.0, 1.0)
    bond = c["bond.etched"] if "etched" in tooth.prepared else c["bond.unetched"]
    bond = bond * (c["bond.soft"] + (1.0 - c["bond.soft"]) * mineral)
    protein = c["enamel.residual_protein"] * (1.0 - tooth.organic[:, 0])
    bond = bond * np.where((protein > PROTEIN) & ~tooth.open_floor, c["bond.protein"], 1.0)
    return bond if tooth.isolated else bond * c["bond.wet"]


PROTEIN = 1.5  # times the protein of sound enamel, from which bonds suffer


def leaking(
    constants: Mapping[str, np.ndarray], kind: str, material: str, *, dry: bool, etched: bool, temporary: bool = False
) -> np.ndarray:
    """Return the share of the mouth that passes the margin of a cover (M,), without a liner below.

    Arguments: constants (of the set ``steps``); kind ("filling", "sealant" and others); material; dry and etched, what it was laid on;
    temporary.
    """
    name = "temporary" if temporary else {"sealant": "sealant", "filling": "composite"}.get(kind, "indirect")
    if kind == "filling" and not temporary:
        name = "glass_ionomer" if material in IONOMERS else ("amalgam" if material == "amalgam" else "composite")
    leak = constants[f"leak.{name}"]
    if material in RESINS:
        leak = leak * (1.0 if dry else constants["leak.wet"]) * (1.0 if etched else constants["leak.unetched"])
    return np.minimum(leak, 1.0)


def margin(tooth: WholeTooth, kind: str, material: str, *, temporary: bool = False) -> np.ndarray:
    """Return the share of the mouth that passes a margin (M,)."""
    c, etched = tooth.constants, "etched" in tooth.prepared
    leak = leaking(c, kind, material, dry=tooth.isolated, etched=etched, temporary=temporary)
    return leak * c["liner.seals"] if tooth.lined else leak


def covered(tooth: WholeTooth, kind: str, material: str, surfaces: frozenset[str], *, temporary: bool = False) -> WholeTooth:
    """Return a tooth whose floor is covered: what holds, what leaks, and what the mouth still reaches."""
    leak = margin(tooth, kind, material, temporary=temporary)
    restored = Restored(kind, material, surfaces, tooth.time, temporary)
    return replace(tooth, restored=restored, bond=hold(tooth, material), leak=leak, access=leak, prepared=frozenset())


def cured(tooth: WholeTooth, material: str) -> WholeTooth:
    """Return a tooth after light and unset resin, as the pulp meets them; the same for materials that set by themselves.

    Assumptions: a liner keeps resin off, not heat.
    """
    if material not in CURED or tooth.rooted:
        return tooth
    c = tooth.constants
    duration, flux = value("cure.time"), c["cure.irradiance"]
    pulp, books = warmed(tooth, flux=flux, duration=duration, residual=tooth.residual)
    if not tooth.lined and material != "resin-modified glass ionomer":
        pulp = pulp.copy()
        touched = np.where(tooth.open_floor, odontoblast_loss(tooth.residual), 0.0)
        pulp[STATES.index("damage")] += c["resin.irritation"] * touched
    return replace(tooth, pulp=pulp, books=books)


def must_be_excavated(act: Act, tooth: WholeTooth) -> None:
    """Refuse an act on a bare cavity from which nobody took the infected dentine."""
    excavated = any(step.startswith("excavate") for step in tooth.done)
    if tooth.restored is None and not excavated and (tooth.bacteria * tooth.left > 0.0).any():
        refuse(act, "the cavity is full of carious dentine", fix="excavate before it, or seal over it on purpose")


@dataclass(frozen=True)
class Fill(Act):
    """Fill a cavity, for good or for a while."""

    material: str = "composite"
    temporary: bool = False
    consent = "operative"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"fill {'temporarily ' if self.temporary else ''}with {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where there is no cavity, what covers it is still there, or caries was not taken out of an open one."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} is there", fix="take off the restoration first")
        if not tooth.hollow:
            refuse(self, "there is no cavity", fix="excavate first, or seal the surface")
        must_be_excavated(self, tooth)

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with its filling."""
        return cured(covered(tooth, "filling", self.material, tooth.gone, temporary=self.temporary), self.material)


@dataclass(frozen=True)
class Seal(Act):
    """Seal a surface, or what was left under it, without a cavity of its own."""

    material: str = "glass ionomer"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"seal with {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the surface."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} is there", fix="take off the restoration first")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth under its seal: a sealant on a closed surface, a filling in a cavity."""
        own = tooth.constants.owner.surface
        kind, surfaces = ("filling", tooth.gone) if own in tooth.gone else ("sealant", frozenset({own}))
        return cured(covered(tooth, kind, self.material, surfaces), self.material)
