"""One day as a patient's case describes it: diet, hygiene and fluoride as the steps of 24 hours, from midnight to midnight."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.protocol.steps import DAY, Brush, Drink, Meal, Rest, Rinse, Sleep
from amelo.protocol.values import PERCENT, PPM, number, read_number, time_text
from amelo.records.base import UNKNOWN
from amelo.records.case import Case

__all__ = ["CaseDay", "day_of"]

DRINKS = ("sugared drink", "acidic drink", "unsweetened drink")
BRUSHING_AFTER = {1: ("evening",), 2: ("morning", "evening"), 3: ("morning", "noon", "evening")}
NOON = 12 * 3600.0
GAP = 600.0  # s between the last thing eaten and the brush
MINUTE = Decimal(60)
SHORTEST = 1.0  # s; a shorter pause is no step


@dataclass(frozen=True)
class CaseDay:
    """The steps of a day, 24 hours in all, and a sentence for every figure that the case does not know."""

    steps: tuple[Any, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class _Event:
    """Something at a time of day [s], as a step."""

    at: float
    step: Any


def day_of(case: Case) -> CaseDay:
    """Return the day of a case.

    Arguments: case (its diet must be known).
    Raises: RecordError when nobody asked what the patient eats, or when the day does not fit in 24 hours.
    Assumptions: what the case leaves open comes from the ``habits`` set, and each such figure is named; varnish is no part of a
    usual day; one brushing is before bed, a second after the first meal of the morning, a third after the first from noon on.
    """
    if case.diet.meals == UNKNOWN:
        why = "nobody asked what this patient eats"
        raise RecordError(
            "there is no day of this case", where="diet.meals", why=why, fix="fill in diet.meals; an empty list means nothing"
        )
    assumed: list[str] = []
    eaten = sorted((_eaten(case, meal, assumed) for meal in case.diet.meals), key=lambda event: event.at)
    bed, waking = (load_set("habits").value(f"day.{name}") * 3600.0 for name in ("bedtime", "waking"))
    assumed.append(f"asleep from {_clock(bed)} to {_clock(waking)}, because a case does not say")
    events = sorted([*eaten, *_cleaning(case, eaten, bed, waking, assumed)], key=lambda event: event.at)
    if case.hygiene.varnish_per_year not in (UNKNOWN, 0):
        assumed.append("varnish is left out of a usual day; write it as a step")
    return CaseDay(_filled(events, bed, waking, assumed), tuple(dict.fromkeys(assumed)))


def _eaten(case: Case, meal: Any, assumed: list[str]) -> _Event:
    constants, key = load_set("habits"), meal.what.replace(" ", "_")
    hours, minutes = meal.at.split(":")
    found = {}
    for name, scale, shown in (("duration", MINUTE, "min"), ("sugar", PERCENT, "kg/kg")):
        value = getattr(meal, name)
        if value == UNKNOWN:
            usual = constants.value(f"eating.{key}.{name}")
            found[name] = _times(usual, MINUTE) if name == "duration" else usual
            assumed.append(f"{name} {number(usual)} {shown} of the {meal.what} at {meal.at}")
        else:
            found[name] = _times(value, scale)
    found["duration"] = max(found["duration"], SHORTEST)
    ph = None if meal.pH == UNKNOWN else float(meal.pH)
    at = int(hours) * 3600.0 + int(minutes) * 60.0
    if meal.what not in DRINKS:
        return _Event(at, Meal(sugar=found["sugar"], ph=ph, duration=found["duration"]))
    water = case.hygiene.water_fluoride  # mg/L, a millionth by mass
    fluoride = _times(water, PPM) if meal.what == "unsweetened drink" and water != UNKNOWN else 0.0
    return _Event(at, Drink(sugar=found["sugar"], ph=ph, fluoride=fluoride, duration=found["duration"]))


def _cleaning(case: Case, eaten: list[_Event], bed: float, waking: float, assumed: list[str]) -> list[_Event]:
    """Return brushings and the daily fluoride rinse at their times."""
    constants, hygiene = load_set("habits"), case.hygiene
    often = 0 if hygiene.brushing_per_day == UNKNOWN else round(float(hygiene.brushing_per_day))
    if hygiene.brushing_per_day == UNKNOWN:
        assumed.append("no brushing, because the case does not know of any")
    elif often != hygiene.brushing_per_day or often > 3:
        assumed.append(f"{min(often, 3)} brushings for {hygiene.brushing_per_day:g} per day")
    paste = hygiene.toothpaste_fluoride
    if often and paste == UNKNOWN:
        assumed.append("toothpaste without fluoride, because the case does not know it")
    lasting = constants.value("day.brushing") * 60.0
    brush = Brush(fluoride=0.0 if paste == UNKNOWN else _times(paste, PPM), duration=lasting)
    rinsing = hygiene.rinse_fluoride not in (UNKNOWN, 0)
    rinse = constants.value("day.rinsing") * 60.0
    night = bed - rinse * rinsing
    times = {
        "morning": _after(eaten, waking, waking + 4 * 3600.0),
        "noon": _after(eaten, NOON, NOON + 4 * 3600.0),
        "evening": night - lasting,
    }
    events = [_Event(times[when], brush) for when in BRUSHING_AFTER.get(min(often, 3), ())]
    if rinsing:
        events.append(_Event(night, Rinse(fluoride=_times(hygiene.rinse_fluoride, PPM), duration=rinse)))
    return events


def _after(eaten: list[_Event], start: float, end: float) -> float:
    """Return a while after the first thing eaten between two times, or the start when nothing is."""
    first = next((event for event in eaten if start <= event.at < end), None)
    return start if first is None else first.at + first.step.duration + GAP


def _filled(events: list[_Event], bed: float, waking: float, assumed: list[str]) -> tuple[Any, ...]:
    """Return the events with sleep and rest between them; what would overlap begins when the one before has ended."""
    steps: list[Any] = []
    clock = 0.0
    for event in [*events, None]:
        at = DAY if event is None else event.at
        if event is not None and at < clock:
            assumed.append(f"the {event.step.kind} at {_clock(at)} begins at {_clock(clock)}, when what came before has ended")
        steps += _idle(clock, at, bed, waking)
        clock = max(clock, at)
        if event is not None:
            steps.append(event.step)
            clock += event.step.duration
    if clock > DAY:
        raise RecordError(
            f"the day of this case ends {time_text(clock - DAY)} after midnight", where="diet.meals", fix="shorten or move a meal"
        )
    return tuple(steps)


def _idle(start: float, end: float, bed: float, waking: float) -> list[Any]:
    """Return sleep and rest from one time of day to a later one, nothing when it is not later."""
    if end <= start:
        return []
    edges = sorted({start, end, *(edge for edge in (waking, bed) if start < edge < end)})
    found: list[Any] = []
    for a, b in pairwise(edges):
        asleep = a < waking or a >= bed
        found.append(Sleep(duration=b - a) if asleep else Rest(duration=b - a))
    return found


def _times(value: float, scale: Decimal) -> float:
    """Return a number of a case in SI as the text of a protocol would give it: 70 % is 0.7, not the float beside it."""
    return read_number(repr(float(value)), scale)


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"
