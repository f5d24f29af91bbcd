"""Which tooth to plan for when none is named: the one that the forecast worries about most, of those with a lesion."""

from __future__ import annotations

from dataclasses import dataclass

from amelo.errors import RecordError
from amelo.records.case import Case
from amelo.records.tooth import Tooth
from amelo.twin.tooth.build import ABSENT

__all__ = ["Choice", "plannable", "tooth_to_plan"]

DRAWS = 100  # of the forecast; its order of teeth is what counts


@dataclass(frozen=True)
class Choice:
    """A tooth (FDI number), the highest chance that anything happens to it by then, and the horizon [y]; why, in a sentence."""

    tooth: int
    risk: float
    years: float
    why: str


def plannable(case: Case) -> list[int]:
    """Return the teeth of a case that are there and have a lesion on the crown, in the order of the chart."""
    return [int(number) for number, record in case.teeth.items() if _has_lesion(record)]


def _has_lesion(record: Tooth) -> bool:
    """Return whether the twin of a whole tooth can look at a tooth: its deepest lesion is on the crown."""
    return record.worst is not None and record.worst.site == "crown" and record.status not in ABSENT


def tooth_to_plan(case: Case, *, seed: int = 0) -> Choice:
    """Return the tooth to plan for.

    Arguments: case; seed of the forecast.
    Raises: RecordError when no tooth has a lesion.
    Assumptions: teeth of which the forecast is silent come after the others, in the order of the chart.
    """
    candidates = plannable(case)
    if not candidates:
        charted = "no tooth is charted" if not case.teeth else "no tooth that is there has a lesion on its crown"
        roots = any(record.worst is not None for record in case.teeth.values())
        why = "lesions of roots are not planned for" if roots else "there is nothing to plan for"
        raise RecordError(charted, why=why, fix="record the lesion in the case, or name a tooth")
    from amelo.forecast.run import forecast

    found = forecast(case, draws=DRAWS, seed=seed)
    worries = [tooth for tooth in found.worries(len(case.teeth)) if tooth in candidates]
    tooth = (worries or candidates)[0]
    risks = found.of(tooth=tooth)
    if not worries:
        return Choice(tooth, float("nan"), found.horizons[-1], f"tooth {tooth}: the first with a lesion; the forecast is silent")
    top = risks[0]
    what = f"{top.event}{': ' if top.stage else ''}{top.stage}"
    why = f"tooth {tooth}: of those with a lesion the one the forecast worries about most ({what}, {top.risk[-1]:.0%} by {found.horizons[-1]:g} years)"
    return Choice(tooth, top.risk[-1], found.horizons[-1], why)
