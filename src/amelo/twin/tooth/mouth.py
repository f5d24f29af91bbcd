"""What the mouth of a patient takes from bare tissue of a tooth, and how habits change it; learned from the ion-resolved twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.twin.tooth.draws import Draws

if TYPE_CHECKING:
    from amelo.twin.activity import Activity

__all__ = ["MouthOfTooth", "mouth_of"]

PPM = 1e6


@dataclass(frozen=True)
class MouthOfTooth:
    """The mouth around a surface: case; plaque (whether it stays there); assumed (sentences)."""

    case: Case
    plaque: bool
    assumed: tuple[str, ...] = ()

    def rates(self, habits: Mapping[str, float], draws: Draws) -> dict[str, np.ndarray]:
        """Return the mineral that the mouth takes from bare enamel and dentine (M,) [m/s].

        Arguments: habits, what differs from the case (``brushing`` times a day, ``fluoride`` of its paste by mass, ``snacks`` a day at most);
        draws.
        """
        changed = (
            habits.get("brushing"),
            None if "fluoride" not in habits else PPM * habits["fluoride"],
            None if "snacks" not in habits else round(habits["snacks"]),
        )
        chance = draws.uniform("mouth")
        return {tissue: _activity(_This(self.case), tissue, self.plaque, *changed).at(chance) for tissue in ("enamel", "dentine")}


class _This:
    """A case as the key of a memory: it equals itself alone, and lives as long as it is remembered."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def __eq__(self, other: object) -> bool:
        """Return whether it is the very same case."""
        return isinstance(other, _This) and self.case is other.case

    def __hash__(self) -> int:
        """Return the same for the same case."""
        return id(self.case)


@lru_cache(maxsize=128)
def _activity(
    this: _This, tissue: str, plaque: bool, brushing: float | None, fluoride: float | None, snacks: int | None
) -> Activity:
    """Return the activity of a mouth; remembered, because every treatment of a tooth asks for the same few."""
    from amelo.twin.activity import activity_of

    return activity_of(
        this.case, tissue=tissue, plaque=plaque, brushing_per_day=brushing, toothpaste_fluoride=fluoride, snacks=snacks
    )


def mouth_of(case: Case, tooth: int, surface: str | None) -> MouthOfTooth:
    """Return the mouth around a surface of a tooth, with or without plaque on it."""
    record = case.tooth(tooth)
    finding = record.worst if surface is None else next((f for f in record.findings if f.surface == surface), None)
    seen = finding.activity if finding is not None else UNKNOWN
    if seen == "inactive":
        return MouthOfTooth(case, False, ("no thick plaque on it, because its lesion is inactive",))
    if seen == "active":
        return MouthOfTooth(case, True, ("plaque on it, because its lesion is active",))
    if finding is not None and finding.is_carious:
        return MouthOfTooth(case, True, ("plaque on it, because it has a lesion and nobody said that it is inactive",))
    return MouthOfTooth(case, False, ("no thick plaque on it, because no lesion was seen",))
