"""The twin of a whole tooth of a patient: what is known of it, ready to become an ensemble."""

from __future__ import annotations

from dataclasses import dataclass

from amelo.records.case import Case
from amelo.records.teeth import tooth as fdi_of
from amelo.records.teeth import tooth_name
from amelo.twin.tooth.build import COARSE_CELLS, FINE_CELLS, Built, whole_tooth
from amelo.twin.tooth.mouth import mouth_of
from amelo.twin.tooth.waiting import COARSE, FINE, Clock

__all__ = ["TIERS", "ToothTwin"]

TIERS: dict[str, tuple[tuple[int, int], Clock]] = {"reduced": (COARSE_CELLS, COARSE), "full": (FINE_CELLS, FINE)}


@dataclass(frozen=True)
class ToothTwin:
    """A tooth of a case, under its deepest lesion or that of a surface.

    Fields: case; tooth (FDI number); surface (its letter, None for the one with the deepest lesion).
    """

    case: Case
    tooth: int
    surface: str | None = None

    @classmethod
    def of(cls, case: Case, tooth: int | str, surface: str | None = None) -> ToothTwin:
        """Return the twin of a tooth; whether it is there is asked when it is built."""
        return cls(case, fdi_of(tooth), surface)

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{tooth_name(self.tooth)} {self.tooth} of {self.case.pseudonym}"

    def whole(self, *, members: int = 1, seed: int = 0, tier: str = "reduced") -> Built:
        """Return the ensemble, and what had to be assumed in sentences; member 0 is the likeliest tooth.

        Arguments: members; seed; tier, ``reduced`` (coarse cells and steps, for search) or ``full``: the same equations.
        Raises: RecordError for a tooth that is not there.
        """
        mouth = mouth_of(self.case, self.tooth, self.surface)
        built = whole_tooth(
            self.case, self.tooth, self.surface, members=members, seed=seed, cells=TIERS[tier][0], mouth=mouth.rates
        )
        return Built(built.tooth, [*built.assumed, *mouth.assumed])
