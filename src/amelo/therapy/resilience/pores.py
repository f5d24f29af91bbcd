"""What is run into the pores of a lesion: resin that closes them, silver that kills and closes, a peptide that mineral grows on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amelo.therapy.contract import Act, fading, must_be_there, refuse
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Infiltrate", "Peptide", "SilverDiamineFluoride"]

SOUND = 0.98  # mineral over sound enamel from which there are no pores to fill
USUAL_SILVER = 0.38


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
        reach = c["resin.depth"] * (1.0 if "opened" in tooth.prepared else c["resin.unopened"])
        above = np.cumsum(tooth.thickness, axis=1) - tooth.thickness
        share = np.clip((reach[:, None] - above) / np.maximum(tooth.thickness, 1e-12), 0.0, 1.0)  # of the cell that resin reaches
        share[:, first:] = 0.0
        porous = np.clip((1.0 - tooth.total) / (1.0 - SOUND), 0.0, 1.0)  # sound enamel takes none up
        dry = 1.0 if tooth.isolated else c["bond.wet"][:, None]
        protein = c["enamel.residual_protein"][:, None] * (1.0 - tooth.organic)
        open_ = np.minimum(1.0 / np.maximum(protein, 1.0), 1.0)  # protein stands in the way
        fresh = c["resin.filled"][:, None] * share * porous * dry * open_
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
        filled = np.maximum(tooth.filled, dose * c["silver.filled"][:, None] * reach * np.clip(1.0 - tooth.total, 0.0, 1.0))
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
        """Return the tooth with the effect of the peptide's trials noted, for the years."""
        return replace(tooth, effects=tooth.effects | {"peptide_arrest"})
