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

__all__ = ["all_mouth", "any_mouth", "expanded", "mouthfuls"]


def all_mouth(step: Any) -> bool:
    """Return whether a step, with all it holds, happens in the mouth."""
    return all(map(all_mouth, step.steps)) if isinstance(step, Repeat | Day) else isinstance(step, MouthStep)


def any_mouth(step: Any) -> bool:
    """Return whether any part of a step happens in the mouth."""
    return any(map(any_mouth, step.steps)) or _leaves_rest(step) if isinstance(step, Repeat | Day) else isinstance(step, MouthStep)


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
    if not _leaves_rest(step):
        return step.steps
    if not all_mouth(step):
        why = "what is left of it would be rest in the mouth, and a specimen of the laboratory is in none"
        raise RecordError(
            "a day with laboratory steps must fill 24 h", where=place, why=why, fix="lengthen its last bath, or leave out 'day'"
        )
    return (*step.steps, Rest(duration=_left(step)))


def mouthfuls(steps: Iterable[Any]) -> Sequence[Mouthful]:
    """Return plain mouth steps (no days, no repeats) as mouthfuls, amounts by volume.

    Assumptions: densities of the ``habits`` set; sugar is sucrose, two hexoses each; fluoride is free.
    """
    from amelo.twin.mouth import Mouthful

    constants, found = load_set("habits"), []
    hexoses = 2.0 / molar_mass("sucrose")
    for step in steps:
        product = {"meal": "food", "brush": "paste", "gel": "gel", "varnish": "varnish"}.get(step.kind, "drink")
        density = constants.value(f"density.{product}")
        mass = getattr(step, "mass", 0.0)
        found.append(
            Mouthful(
                kind=step.kind,
                duration=step.duration,
                sugar=getattr(step, "sugar", 0.0) * density * hexoses,
                fluoride=getattr(step, "fluoride", 0.0) * density / molar_mass("F"),
                volume=getattr(step, "volume", 0.0) or mass / density,
                ph=getattr(step, "ph", None),
                label=line(step),
            )
        )
    return found


def _left(step: Any) -> float:
    return DAY - sum(map(length, step.steps))


def _leaves_rest(step: Any) -> bool:
    return isinstance(step, Day) and _left(step) >= 1.0
