"""What is run into the pores of a lesion: resin that closes them, silver that kills and closes, a peptide that mineral grows on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, fading, must_be_there, refuse
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.state import WholeTooth

__all__ = ["SOUND", "Infiltrate", "Peptide", "SilverDiamineFluoride", "porous", "resin_in", "silver_in"]

SOUND = 0.98  # mineral over sound enamel from which there are no pores to fill
USUAL_SILVER = 0.38


def porous(total: np.ndarray) -> np.ndarray:
    """Return whether there are pores to fill, 0 to 1, from mineral over sound enamel: sound enamel has none."""
    return np.clip((1.0 - total) / (1.0 - SOUND), 0.0, 1.0)


def resin_in(
    constants: Mapping[str, np.ndarray],
    total: np.ndarray,
    thickness: np.ndarray,
    protein: np.ndarray,
    *,
    opened: np.ndarray | float,
    dry: bool,
) -> np.ndarray:
    """Return the share of pores of enamel that resin fills (M, N).

    Arguments: constants (of the set ``steps`` in SI); total (M, N), mineral over sound; thickness of the enamel that is left (M, N) [m];
    protein (M, N), over that of sound enamel; opened, 0 to 1, how far the surface layer is gone; dry, whether saliva was kept off.
    """
    closed = constants["resin.unopened"]
    reach = constants["resin.depth"] * (opened + (1.0 - opened) * closed)
    above = np.cumsum(thickness, axis=1) - thickness
    share = np.clip((reach[:, None] - above) / np.maximum(thickness, 1e-12), 0.0, 1.0)  # of the cell that resin reaches
    wet = 1.0 if dry else constants["bond.wet"][:, None]
    open_ = np.minimum(1.0 / np.maximum(protein, 1.0), 1.0)  # protein stands in the way
    return constants["resin.filled"][:, None] * share * porous(total) * wet * open_


def silver_in(constants: Mapping[str, np.ndarray], strength: float, total: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return the share of pores that silver and its salts fill (M, N).

    Arguments: constants (of the set ``steps`` in SI); strength, by mass; total (M, N), mineral over sound; reach (M, N), 1 at the floor.
    """
    return strength / USUAL_SILVER * constants["silver.filled"][:, None] * reach * np.clip(1.0 - total, 0.0, 1.0)


def _bare(act: Act, tooth: WholeTooth) -> None:
    """Refuse an act where something covers the lesion."""
    must_be_there(act, tooth)
    if tooth.restored is not None:
        refuse(act, f"a {tooth.restored.kind} covers the lesion", fix="take off the restoration first")


@dataclass(frozen=True)
class Infiltrate(Act):
    """Let resin run into the pores of an enamel lesion and set it there.

    Assumptions: it fills a share of the pores as deep as it runs, less deep where the surface was not opened with hydrochloric acid; what
    it fills neither dissolves nor lets ions pass, so that no effect of trials is counted on top.
    """

    material: str = "resin"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"infiltrate {self.material}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the lesion, enamel is lost, or there is no lesion in enamel."""
        _bare(self, tooth)
        if tooth.open_floor.all():
            refuse(self, "the enamel over the lesion is lost", fix="excavate and fill, or seal it")
        enamel = slice(0, tooth.constants.dentine_from)
        if not (tooth.total[:, enamel] < SOUND).any():
            refuse(self, "there is no lesion in the enamel", fix="name the surface with the lesion")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with resin in its pores."""
        c, first = tooth.constants, tooth.constants.dentine_from
        protein = c["enamel.residual_protein"][:, None] * (1.0 - tooth.organic)
        opened = 1.0 if "opened" in tooth.prepared else 0.0
        fresh = resin_in(c, tooth.total, tooth.thickness, protein, opened=opened, dry=tooth.isolated)
        fresh[:, first:] = 0.0
        return replace(tooth, filled=np.maximum(tooth.filled, fresh), prepared=frozenset())


@dataclass(frozen=True)
class SilverDiamineFluoride(Act):
    """Wet a lesion with silver diamine fluoride, which stains it black.

    Assumptions: what it kills and fills is said by doses and depths of the set ``steps``; that it arrests a lesion, so that the mouth takes
    nothing from it any more, was not measured inside lesions: it happens as often as in trials, in proportion to strength, and for good.
    """

    strength: float = USUAL_SILVER

    @property
    def label(self) -> str:
        """What it is called."""
        return "silver diamine fluoride"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the lesion, or there is none."""
        _bare(self, tooth)
        if not ((lesion_depth(tooth) > 0.0) | (tooth.total[:, 0] < SOUND)).any():
            refuse(self, "there is no lesion on this surface", fix="name the surface with the lesion")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with silver in it."""
        c, dose = tooth.constants, self.strength / USUAL_SILVER
        reach = fading(tooth, c["silver.depth"])
        filled = np.maximum(tooth.filled, silver_in(c, self.strength, tooth.total, reach))
        killer = tooth.antimicrobial + dose * c["silver.kill"][:, None] * reach
        stops = c.draws.uniform("silver") < np.minimum(dose, 1.0) * c["silver.arrest"]
        books = {**tooth.books, "arrested": np.maximum(tooth.books.get("arrested", 0.0), stops)}
        return replace(tooth, filled=filled, antimicrobial=killer, books=books, habits={**tooth.habits, "stained": 1.0})


@dataclass(frozen=True)
class Peptide(Act):
    """Wet a lesion with a peptide that mineral grows on.

    Assumptions: what it does inside a lesion was not measured, so that it acts by the effect of its trials alone, shrunk for their bias.
    """

    peptide: str = "P11-4"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"peptide {self.peptide}"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the lesion, or there is none in enamel."""
        _bare(self, tooth)
        enamel = slice(0, tooth.constants.dentine_from)
        if tooth.open_floor.all() or not (tooth.total[:, enamel] < SOUND).any():
            refuse(self, "it was tried on lesions in enamel, and there is none here", fix="name the surface with the lesion")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth with the effect of the peptide's trials on lesions that get worse noted, for the years."""
        return replace(tooth, effects=tooth.effects | {"peptide_icdas"})
