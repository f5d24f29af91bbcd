"""What a protocol comes to: every different step, how often, for how long in all, and what it doses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amelo.protocol.baths import Balanced
from amelo.protocol.compile import baths_of
from amelo.protocol.day import day_of
from amelo.protocol.mouthfuls import all_mouth
from amelo.protocol.procedures import account
from amelo.protocol.steps import Bath, Day, DayOfCase, Drink, Repeat, Slurry, drinks, length
from amelo.protocol.text import line
from amelo.protocol.values import PERCENT, PPM, number, time_text
from amelo.records.case import Case

if TYPE_CHECKING:
    from amelo.protocol.record import Protocol

__all__ = ["Dose", "doses", "notes"]


@dataclass
class Dose:
    """One step as it is written, however often it occurs.

    Fields: step (canonical text); times; duration (of all of them [s]); fluoride by mass of F, after dilution in a slurry; sugar by
    mass; ph (found from the charge where the step gives none); bath (its charge closed, None in the mouth).
    """

    step: str
    times: int
    duration: float
    fluoride: float
    sugar: float
    ph: float | None
    bath: Balanced | None

    def to_dict(self) -> dict[str, Any]:
        """Return the dose for JSON, units in the keys."""
        ion = self.bath and self.bath.ion
        return {
            "step": self.step,
            "times": self.times,
            "duration_s": self.duration,
            "fluoride_ppm": float(number(self.fluoride, PPM)),
            "sugar_percent": float(number(self.sugar, PERCENT)),
            "pH": self.ph,
            "balanced_with": ion,
            "added_mM": self.bath.added if self.bath and ion else None,
        }


def doses(protocol: Protocol, case: Case | None = None) -> list[Dose]:
    """Return every different step in the order in which it first happens.

    Arguments: protocol; case (for the steps of its day; without one the day is a single line).
    Raises: RecordError for a bath whose charge cannot be closed.
    """
    baths = baths_of(protocol)
    found: dict[str, Dose] = {}
    for path, step, times in _leaves(protocol.steps, (), 1, case):
        text, bath = line(step), baths.get(path)
        lasts = times * length(step)
        if text in found:
            found[text].times += times
            found[text].duration += lasts
            continue
        fluoride = getattr(step, "fluoride", 0.0) / (1.0 + getattr(step, "ratio", 0.0))
        ph = bath.ph if bath else getattr(step, "ph", None)
        found[text] = Dose(text, times, lasts, fluoride, getattr(step, "sugar", 0.0), ph, bath)
    return list(found.values())


def notes(protocol: Protocol, case: Case | None = None) -> list[str]:
    """Return in sentences what the protocol leaves open and amelo fills in, and what is doubtful in it."""
    leaves = [step for _, step, _ in _leaves(protocol.steps, (), 1, None)]
    laboratory = [step for step in leaves if isinstance(step, Bath | Slurry)]
    mouth = [step for step in leaves if all_mouth(step)]
    found = []
    if laboratory:
        found.append("baths are stirred unless they have a film; mM are taken as mmol per kilogram of water")
    if any(step.balanced_with is None and step.ph is not None for step in laboratory):
        found.append("the pH of a bath is set with KOH or HCl, whichever it needs, where no other ion is named")
    if any(isinstance(step, Slurry) for step in laboratory):
        found.append("the fluoride of a slurry is free, as of sodium fluoride; its pH is 7 unless it is given")
    if laboratory and mouth:
        found.append("a specimen that comes from the laboratory enters a mouth at rest")
    if any(isinstance(step, Drink) and step.what in drinks() and step.what != "water" for step in mouth):
        found.append("sugar and pH of named drinks are judgements, see 'amelo params --set habits'")
    if any(isinstance(step, DayOfCase) for step in leaves):
        found += [f"day of case: {sentence}" for sentence in day_of(case).assumed] if case else ["'day of case' needs a case"]
    if mouth and case is None:
        found.append("no case is given, so the mouth is a typical one")
    time, cost = account((step, times) for _, step, times in _leaves(protocol.steps, (), 1, None))
    if time or cost:
        price = f"at a price of {cost:.3g} (a composite of two surfaces is 1); see 'amelo params --set procedures'"
        found.append(f"{time_text(time)} in the chair, {price}")
    for path, bath in baths_of(protocol).items():
        found += [f"{protocol.place(path)}: {bath.warning}"] if bath.warning else []
    return found


def _leaves(steps: Any, path: tuple[int, ...], times: int, case: Case | None) -> Iterator[tuple[tuple[int, ...], Any, int]]:
    for i, step in enumerate(steps):
        here = (*path, i)
        if isinstance(step, Repeat | Day):
            yield from _leaves(step.steps, here, times * (step.count if isinstance(step, Repeat) else 1), case)
        elif isinstance(step, DayOfCase) and case is not None:
            yield from (((*here, k), part, times) for k, part in enumerate(day_of(case).steps))
        else:
            yield here, step, times
