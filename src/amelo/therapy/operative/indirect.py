"""Pieces made outside the mouth: inlays, onlays and crowns, with what is cut for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, Price, refuse
from amelo.therapy.operative.access import STEEL
from amelo.therapy.operative.constants import value
from amelo.therapy.operative.cover import covered, must_be_excavated
from amelo.therapy.operative.heat import warmed
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Crown", "Inlay", "Onlay"]


@dataclass(frozen=True)
class _Indirect(Act):
    """What all pieces made outside the mouth share."""

    material: str = "ceramic"
    consent = "operative"

    @property
    def kind(self) -> str:
        """What the record calls it."""
        return type(self).__name__.lower()

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.kind} of {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something is there that must come off first, or open caries."""
        super().check(tooth)
        if tooth.restored is not None and (self.kind == "inlay" or tooth.restored.kind in ("inlay", "onlay", "crown")):
            refuse(self, f"a {tooth.restored.kind} is there", fix="take off the restoration first")
        if self.kind == "inlay" and not tooth.hollow:
            refuse(self, "there is no cavity", fix="excavate first")
        if self.material != STEEL:  # which is set over caries on purpose
            must_be_excavated(self, tooth)

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with the piece cemented, its pulp having met the preparation."""
        c = tooth.constants
        prepared = self._prepared(tooth)
        pulp, books = warmed(prepared, flux=c["preparation.flux"], exchange=0.5 * value("water.exchange"), fluid=value("water.temperature"),
                             duration=min(self.duration, value("preparation.time")), residual=prepared.residual)  # fmt: skip
        after = replace(prepared, pulp=pulp, books=books)
        after = covered(after, self.kind, self.material, self._surfaces(tooth))
        leak = np.minimum(c["leak.indirect"], 1.0) * (c["liner.seals"] if tooth.lined else 1.0)
        return replace(after, bond=c["bond.cemented"], leak=leak, access=leak)

    def _surfaces(self, tooth: WholeTooth) -> frozenset[str]:
        return tooth.gone

    def _prepared(self, tooth: WholeTooth) -> WholeTooth:
        return tooth

    def account(self, tooth: WholeTooth) -> Price:
        """Return its price."""
        return Price(self.duration, self._taken(), self.consent)

    def _taken(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Inlay(_Indirect):
    """Set a piece into a cavity, between the cusps."""


@dataclass(frozen=True)
class Onlay(_Indirect):
    """Set a piece over cusps, which are cut down for it."""

    def _prepared(self, tooth: WholeTooth) -> WholeTooth:
        return _reduced(tooth, tooth.constants["preparation.onlay"], 0.5)

    def _surfaces(self, tooth: WholeTooth) -> frozenset[str]:
        return tooth.gone | {tooth.constants.owner.surface}

    def _taken(self) -> float:
        return value("preparation.onlay")


@dataclass(frozen=True)
class Crown(_Indirect):
    """Cover the whole tooth above the gum; enamel all round is cut away for it, except under one of steel."""

    def _prepared(self, tooth: WholeTooth) -> WholeTooth:
        return tooth if self.material == STEEL else _reduced(tooth, tooth.constants["preparation.crown"], 2.0)

    def _surfaces(self, tooth: WholeTooth) -> frozenset[str]:
        from amelo.records.teeth import surfaces

        return frozenset(surfaces(tooth.constants.owner.tooth))

    def _taken(self) -> float:
        return 0.0 if self.material == STEEL else value("preparation.crown")


def _reduced(tooth: WholeTooth, depth: np.ndarray, faces: float) -> WholeTooth:
    """Return a tooth cut for a piece, with the tissue that goes: a depth (M,) [m] over so many times the area of the crown from above.

    Assumptions: what is cut lies away from the lesion; it does not change the column under it.
    """
    area = 0.25 * np.pi * tooth.constants["crown.width"] ** 2
    return replace(tooth, books=tooth.booked(tissue_removed=faces * area * depth))
