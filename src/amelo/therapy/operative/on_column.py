"""Acids, hypochlorite, a hand instrument and a seal on the ion-resolved column, by the constants of the whole tooth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from amelo.therapy.on_column import AREA, Bench, ColumnStep, depth_in, surface_of, total_of, without
from amelo.therapy.operative.cover import leaking
from amelo.therapy.operative.surface import USUAL_STRENGTH, etched_depth, protein_left
from amelo.therapy.resilience.pores import SOUND
from amelo.twin.change import Standing
from amelo.twin.structure import mechanics
from amelo.twin.tooth.feel import hard_from, needed_of

__all__ = ["DeproteiniseColumn", "EtchColumn", "ExcavateColumn", "SealColumn"]

Values = Mapping[str, np.ndarray]
Found = tuple[Standing, dict[str, np.ndarray]]
FILLED = 0.9  # share of a seal's room that its solid takes; what ions pass is said by the leak alone


@dataclass(frozen=True, eq=False)
class EtchColumn(ColumnStep):
    """Put an acid on the surface and rinse it off.

    Fields: acid; strength, by mass.
    Assumptions: of enamel all of the outer micrometres goes, of dentine the mineral that can dissolve, and its collagen stands bare.
    """

    acid: str = "phosphoric acid"
    strength: float = USUAL_STRENGTH
    USES: ClassVar[tuple[str, ...]] = ("etch.",)
    BOOKS: ClassVar[tuple[str, ...]] = ("etch: etched [vol%·µm]", "etch: depth [µm]")

    @property
    def nothing(self) -> bool:
        """Whether no mineral goes: no time, or an acid that takes the smear layer alone."""
        return self.duration == 0.0 or self.strength == 0.0 or self.acid == "polyacrylic acid"

    def after(self, bench: Bench) -> Bench:
        """Return the bench of a surface that resin holds on."""
        return bench if self.nothing else replace(bench, etched=True)

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column without what the acid took."""
        depth = etched_depth(values, self.acid, self.strength, self.duration)
        if not self.bench.dentine:
            after, lost = without(before, depth)
        else:
            after, lost = _bared(before, depth)
        return after, dict(zip(self.BOOKS, (AREA * lost, 1e6 * depth), strict=True))


def _bared(before: Standing, depth: np.ndarray) -> Found:
    """Return dentine that lost its mineral to a depth (M,) [m], but for what never dissolves, and that mineral (M,) [m]."""
    thickness, _ = surface_of(before)
    above = np.cumsum(thickness, axis=1) - thickness
    share = np.clip((depth[:, None] - above) / np.maximum(thickness, 1e-12), 0.0, 1.0)[:, None] * (thickness > 0.0)[:, None]
    loose = np.maximum(before.mineral - before.kept[:, None] * before.sound, 0.0)
    taken = share * loose
    return replace(before, mineral=before.mineral - taken), (taken.sum(axis=1) * thickness).sum(axis=1)


@dataclass(frozen=True, eq=False)
class DeproteiniseColumn(ColumnStep):
    """Put sodium hypochlorite on the surface: protein of enamel goes, and of dentine the collagen that no mineral covers.

    Fields: strength, by mass.
    Assumptions: collagen goes as fast as the protein of enamel; it is bare in proportion to the mineral that is missing.
    """

    strength: float = 0.05
    USES: ClassVar[tuple[str, ...]] = ("bleach.protein", "bleach.reach")
    BOOKS: ClassVar[tuple[str, ...]] = ("deproteinise: protein taken [vol%·µm]",)

    @property
    def nothing(self) -> bool:
        """Whether no protein goes."""
        return self.duration == 0.0 or self.strength == 0.0

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column with less protein."""
        thickness, _ = surface_of(before)
        left = protein_left(values, self.strength, self.duration, depth_in(thickness, values["bleach.reach"]))
        bare = np.clip(1.0 - total_of(before), 0.0, 1.0) if self.bench.dentine else 1.0
        organic = np.where(thickness > 0.0, before.organic * (1.0 - bare * (1.0 - left)), before.organic)
        taken = ((before.organic - organic) * before.collagen * thickness).sum(axis=1)
        return replace(before, organic=organic), {self.BOOKS[0]: AREA * taken}


@dataclass(frozen=True, eq=False)
class ExcavateColumn(ColumnStep):
    """Take away dentine that is softer than asked.

    Fields: criterion, a word of ``structure.FIRMNESS``.
    Assumptions: the hand, and how far it slips, are those of the whole tooth; nothing is said of heat or a pulp.
    """

    criterion: str = "firm"
    USES: ClassVar[tuple[str, ...]] = ("cut.precision", "cut.roughness")
    BOOKS: ClassVar[tuple[str, ...]] = ("excavate: tissue removed [µm]", "excavate: mineral removed [vol%·µm]")
    ONLY: ClassVar[str] = "dentine"
    consent: ClassVar[str] = "operative"

    def after(self, bench: Bench) -> Bench:
        """Return the bench of a cavity whose floor was cut."""
        return replace(bench, etched=False, cavity=True, occasion=bench.occasion + 1)

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column with its soft dentine gone."""
        thickness, _ = surface_of(before)
        first = before.outside
        hardness = mechanics(total_of(before)[:, first:], True, collagen=np.clip(before.collagen[:, first:], 0.0, 1.0)).knoop
        bottom = np.broadcast_to(before.edges[first + 1 :], hardness.shape)
        members, draws, occasion = before.members, self.bench.draws, self.bench.occasion
        hand = draws.normal("hand.hardness")[members]
        floor = before.edges[-1] - thickness.sum(axis=1)
        wanted = hard_from(hardness, bottom, thickness[:, first:], needed_of(hardness, self.criterion, hand), floor)
        slip = values["cut.precision"] * draws.normal("hand.depth", occasion)[members]
        slip = slip + values["cut.roughness"] * np.abs(draws.normal("hand.roughness", occasion)[members])
        depth = np.where(wanted > floor, np.maximum(wanted + slip - floor, 0.0), 0.0)
        after, lost = without(before, depth)
        removed = thickness.sum(axis=1) - surface_of(after)[0].sum(axis=1)
        return after, dict(zip(self.BOOKS, (1e6 * removed, AREA * lost), strict=True))


@dataclass(frozen=True, eq=False)
class SealColumn(ColumnStep):
    """Seal the surface, as a sealant or, in a cavity, as a filling.

    Fields: material.
    Assumptions: its solid fills the room outside the tissue; ions that pass it resist so that of what would cross the lesion the leak is left:
    the seal resists as the lesion that it lies on times (1/leak - 1), from the surface to where the tissue is sound, and at least as deep
    as ``seal.reference``.
    """

    material: str = "resin"
    USES: ClassVar[tuple[str, ...]] = ("leak.", "seal.")
    BOOKS: ClassVar[tuple[str, ...]] = ("seal: share of the bath that passes [%]",)
    COVERS: ClassVar[bool] = True

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column under its seal."""
        bench = self.bench
        kind = "filling" if bench.cavity else "sealant"
        leak = np.broadcast_to(leaking(values, kind, self.material, dry=bench.dry, etched=bench.etched), (len(before.members),))
        thickness, outside = surface_of(before)
        exponent = np.broadcast_to(before.parameters["porosity_exponent"][:, None], thickness.shape).copy()
        exponent[:, : before.outside] = 1.0  # as the room has it
        reference = _resistance(before, thickness, exponent, values["seal.reference"])
        resists = reference * (1.0 / np.maximum(leak, 1e-6) - 1.0)
        open_ = outside > 0.0
        room = np.where(open_, before.porosity, 0.0)
        organic = before.organic + FILLED * room / np.maximum(before.collagen, 1e-6)
        pores = np.where(open_, (1.0 - FILLED) * before.porosity, 1.0) ** exponent
        depth = outside.sum(axis=1)
        ease = (depth / np.maximum(resists, 1e-300))[:, None] / pores
        after = replace(before, organic=organic, ease=np.where(open_, np.minimum(ease, before.ease), before.ease))
        return after, {self.BOOKS[0]: 100.0 * leak}


def _resistance(before: Standing, thickness: np.ndarray, exponent: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return how the lesion resists ions (M,) [m of water], from the surface to its deepest cell that is not sound, or to a least depth."""
    total = total_of(before)
    above = np.cumsum(thickness, axis=1) - thickness
    sick = (thickness > 0.0) & (total < SOUND)
    deepest = np.where(sick, above + thickness, 0.0).max(axis=1)
    reach = np.maximum(deepest, least)
    counted = np.clip(reach[:, None] - above, 0.0, thickness)
    return (counted / (before.ease * np.maximum(before.porosity, 1e-6) ** exponent)).sum(axis=1)
