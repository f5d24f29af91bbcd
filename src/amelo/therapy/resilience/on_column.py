"""Resin and silver in the pores of the ion-resolved column, by the constants of the whole tooth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from amelo.therapy.on_column import AREA, PROTEIN, Bench, ColumnStep, depth_in, surface_of, total_of
from amelo.therapy.resilience.pores import USUAL_SILVER, porous, resin_in, silver_in
from amelo.twin.change import Standing

__all__ = ["InfiltrateColumn", "SilverColumn", "opened"]

Values = Mapping[str, np.ndarray]
Found = tuple[Standing, dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class InfiltrateColumn(ColumnStep):
    """Let resin run into the pores of a lesion in enamel and set it there.

    Assumptions: mineral between filled pores is protected in the share in which they are filled, for good; what protein is more than
    sound enamel has, and what fills pores already, stands in the way.
    """

    material: str = "resin"
    USES: ClassVar[tuple[str, ...]] = ("resin.depth", "resin.filled", "resin.unopened", "bond.wet")
    BOOKS: ClassVar[tuple[str, ...]] = ("infiltrate: pores of the lesion [vol%·µm]", "infiltrate: resin in them [vol%·µm]")
    ONLY: ClassVar[str] = "enamel"

    def after(self, bench: Bench) -> Bench:
        """Return the bench of a surface that has to be etched again."""
        return replace(bench, etched=False)

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column with resin in its pores."""
        thickness, _ = surface_of(before)
        total = total_of(before)
        protein = before.organic / np.maximum(values[PROTEIN], 1e-9)[:, None]
        share = resin_in(values, total, thickness, protein, opened=opened(total, thickness), dry=self.bench.dry)
        after, resin = _filled(before, share)
        lesion = (before.porosity * porous(total) * thickness).sum(axis=1)
        return after, dict(zip(self.BOOKS, (AREA * lesion, AREA * resin), strict=True))


@dataclass(frozen=True, eq=False)
class SilverColumn(ColumnStep):
    """Wet a lesion with silver diamine fluoride.

    Fields: strength, by mass.
    Assumptions: silver and its salts fill pores as on the whole tooth and protect the mineral between them in that share; that lesions of
    patients are arrested, and bacteria killed, has no place in a column; its fluoride is left out, because nobody measured how much stays.
    """

    strength: float = USUAL_SILVER
    USES: ClassVar[tuple[str, ...]] = ("silver.depth", "silver.filled")
    BOOKS: ClassVar[tuple[str, ...]] = ("silver diamine fluoride: silver in pores [vol%·µm]",)

    @property
    def nothing(self) -> bool:
        """Whether no silver comes."""
        return self.duration == 0.0 or self.strength == 0.0

    def done(self, before: Standing, values: Values) -> Found:
        """Return the column with silver in its pores."""
        thickness, _ = surface_of(before)
        share = silver_in(values, self.strength, total_of(before), depth_in(thickness, values["silver.depth"]))
        after, silver = _filled(before, share)
        return after, {self.BOOKS[0]: AREA * silver}


def opened(total: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Return how far the surface layer is gone (M,), 0 to 1: by its porosity over that of the lesion's body.

    Arguments: total (M, N), mineral over sound; thickness (M, N) of tissue that is left.
    Assumptions: the body is the cell with least mineral, the surface layer the one with most above it.
    """
    there = thickness > 0.0
    share = np.where(there, total, np.inf)
    body = share.min(axis=1)
    above = np.arange(total.shape[1]) <= share.argmin(axis=1)[:, None]
    layer = np.where(there & above, total, -np.inf).max(axis=1)
    lost = 1.0 - body
    return np.where(lost > 0.0, np.clip((1.0 - layer) / np.where(lost > 0.0, lost, 1.0), 0.0, 1.0), 0.0)


def _filled(before: Standing, share: np.ndarray) -> Found:
    """Return a column with a share of its pores filled (M, N) by what neither dissolves nor lets ions pass, and its volume (M,) [m].

    Assumptions: water always keeps the pores that no mineral can fill, so that the equations have a place.
    """
    thickness, _ = surface_of(before)
    floor = before.parameters["porosity_floor"][:, None]
    taken = np.minimum(share * before.porosity, np.maximum(before.porosity - floor, 0.0)) * (thickness > 0.0)
    shielded = np.maximum(before.kept, share * np.clip(total_of(before), 0.0, 1.0))
    organic = before.organic + taken / np.maximum(before.collagen, 1e-6)
    after = replace(before, organic=organic, kept=np.where((thickness > 0.0) & (share > 0.0), shielded, before.kept))
    return after, (taken * thickness).sum(axis=1)
