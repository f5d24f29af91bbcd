"""Mouth steps as the mouthfuls that ``amelo.twin.mouth`` reckons with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.protocol.day import day_of
from amelo.protocol.steps import DAY, Day, DayOfCase, MouthStep, Repeat, Rest, length
from amelo.protocol.text import line
from amelo.records.case import Case
from amelo.units import molar_mass

if TYPE_CHECKING:
    from amelo.twin.mouth import Mouthful

__all__ = ["all_mouth", "amounts", "any_mouth", "closing_rest", "expanded", "mouthfuls"]


def all_mouth(step: Any) -> bool:
    """Return whether a step, with all it holds, happens in the mouth."""
    return all(map(all_mouth, step.steps)) if isinstance(step, Repeat | Day) else isinstance(step, MouthStep)


def any_mouth(step: Any) -> bool:
    """Return whether any part of a step happens in the mouth."""
    return any(map(any_mouth, step.steps)) or closing_rest(step) if isinstance(step, Repeat | Day) else isinstance(step, MouthStep)


def expanded(step: Any, case: Case | None, place: str) -> tuple[Any, ...]:
    """Return what a day holds: the steps of a case's day, or those of a written day with rest for what they leave of it.

    Raises: RecordError for a day of case without a case, or a laboratory day that is not full.
    """
    if isinstance(step, DayOfCase):
        if case is None:
            raise RecordError("'day of case' needs a case", where=place, fix="give a case, for example cases/kira.json")
        try:
            return day_of(case).steps
        except RecordError as error:
            raise error.at(place) from None
    if not isinstance(step, Day):
        return (step,)
    if not closing_rest(step):
        return step.steps
    if not all_mouth(step):
        why = "what is left of it would be rest in the mouth, and a specimen of the laboratory is in none"
        raise RecordError(
            "a day with laboratory steps must fill 24 h", where=place, why=why, fix="lengthen its last bath, or leave out 'day'"
        )
    return (*step.steps, Rest(duration=_left(step)))


def amounts(step: Any) -> dict[str, tuple[str, float]]:
    """Return which number of a mouthful each number of a plain mouth step is, and how much of it one unit makes.

    Assumptions: densities of the ``habits`` set; sugar is sucrose, two hexoses each; fluoride is free.
    """
    product = {"meal": "food", "brush": "paste", "gel": "gel", "varnish": "varnish"}.get(step.kind, "drink")
    density = load_set("habits").value(f"density.{product}")
    return {
        "duration": ("duration", 1.0),
        "sugar": ("sugar", density * 2.0 / molar_mass("sucrose")),
        "fluoride": ("fluoride", density / molar_mass("F")),
        "volume": ("volume", 1.0),
        "mass": ("volume", 1.0 / density),
        "ph": ("ph", 1.0),
    }


def mouthfuls(steps: Iterable[Any]) -> Sequence[Mouthful]:
    """Return plain mouth steps (no days, no repeats) as mouthfuls, amounts by volume, as :func:`amounts` reckons them."""
    from amelo.twin.mouth import Mouthful

    found = []
    for step in steps:
        numbers: dict[str, float] = {}
        for name, (taken, per) in amounts(step).items():
            value = getattr(step, name, None)
            if value:
                numbers[taken] = value * per
        found.append(Mouthful(kind=step.kind, label=line(step), **numbers))
    return found


def _left(step: Any) -> float:
    return DAY - sum(map(length, step.steps))


def closing_rest(step: Any) -> bool:
    """Return whether a step is a day that leaves some of its hours to rest."""
    return isinstance(step, Day) and _left(step) >= 1.0
