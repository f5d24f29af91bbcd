"""The day of a case: everything that the case tells happens once, at its time, and the rest of 24 hours is sleep and rest."""

from __future__ import annotations

from pathlib import Path

import pytest

import amelo
from amelo.errors import RecordError
from amelo.protocol import Protocol
from amelo.protocol.day import day_of
from amelo.protocol.steps import Brush, Drink, Meal, Rest, Rinse, Sleep
from amelo.records.case import Case

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
CASES = sorted((Path(__file__).resolve().parents[2] / "cases").glob("*.json"))


def case(meals, **hygiene):
    return Case.model_validate(BASE | {"diet": {"meals": meals}, "hygiene": hygiene})


def at(at: str, what: str = "meal", **more):
    return {"at": at, "what": what, "duration": 10, "sugar": 10} | more


def starts(steps):
    clock = 0.0
    for step in steps:
        yield clock / 3600.0, step
        clock += step.duration


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_shipped_case_has_a_day_of_24_hours_that_can_be_written(path):
    found = amelo.load_case(path)
    day = day_of(found)
    assert sum(step.duration for step in day.steps) == pytest.approx(86_400, abs=1e-6)
    eaten = [step for step in day.steps if isinstance(step, Meal | Drink)]
    assert len(eaten) == len(found.diet.meals)
    assert Protocol.parse(str(Protocol(steps=day.steps))).steps == day.steps


def test_kira_eats_sleeps_and_brushes_when_her_case_says(root):
    steps = list(starts(day_of(amelo.load_case(root / "cases/kira.json")).steps))
    when = {type(step).__name__: [] for _, step in steps}
    for hour, step in steps:
        when[type(step).__name__].append(round(hour, 3))
    assert when["Meal"] == [7.5, 13.0, 16.5, 19.5] and when["Drink"] == [10.25]
    assert when["Brush"] == [pytest.approx(7.917, abs=1e-3), pytest.approx(22.967, abs=1e-3)]
    assert when["Sleep"] == [0.0, 23.0]
    (drink,) = (step for _, step in steps if isinstance(step, Drink))
    assert (drink.sugar, drink.ph, drink.duration) == (0.1, 3.0, 1200.0)
    assert all(step.fluoride == 0.00145 for _, step in steps if isinstance(step, Brush))


def test_what_is_unknown_is_taken_from_habits_and_said():
    day = day_of(case([{"at": "08:00", "what": "snack"}]))
    (snack,) = (step for step in day.steps if isinstance(step, Meal))
    assert snack.duration == 600 and snack.sugar == 0.2 and snack.ph is None
    assert any("duration 10 min of the snack at 08:00" in said for said in day.assumed)
    assert any("sugar 0.2" in said for said in day.assumed)
    assert any("no brushing" in said for said in day.assumed)


def test_an_unknown_diet_has_no_day_but_an_empty_one_has():
    with pytest.raises(RecordError, match=r"diet\.meals: there is no day of this case; nobody asked"):
        day_of(Case.model_validate(BASE))
    assert {type(step) for step in day_of(case([])).steps} == {Rest, Sleep}


@pytest.mark.parametrize(("often", "brushings"), [(0, 0), (1, 1), (2, 2), (3, 3), (5, 3)])
def test_brushing_as_often_as_the_case_says(often, brushings):
    day = day_of(case([at("08:00"), at("12:30")], brushing_per_day=often, toothpaste_fluoride=1000))
    assert sum(isinstance(step, Brush) for step in day.steps) == brushings
    assert any("brushings for 5 per day" in said for said in day.assumed) == (often == 5)


def test_a_fluoride_rinse_is_the_last_thing_before_bed():
    day = day_of(case([], brushing_per_day=1, toothpaste_fluoride=1000, rinse_fluoride=225))
    *_, brush, rinse, sleep = day.steps
    assert isinstance(brush, Brush) and isinstance(rinse, Rinse) and isinstance(sleep, Sleep)
    assert rinse.fluoride == 225e-6 and sleep.duration == 3600


def test_fluoridated_water_is_in_what_is_drunk():
    day = day_of(case([at("10:00", "unsweetened drink", sugar=0), at("11:00", "sugared drink")], water_fluoride=0.7))
    water, soda = (step for step in day.steps if isinstance(step, Drink))
    assert water.fluoride == pytest.approx(0.7e-6) and soda.fluoride == 0


def test_a_night_feed_interrupts_sleep():
    steps = day_of(case([at("02:00", "night feed")])).steps
    assert [type(step) for step in steps[:3]] == [Sleep, Meal, Sleep]


def test_meals_that_overlap_follow_each_other_and_it_is_said():
    day = day_of(case([at("08:00", duration=60), at("08:30")]))
    hours = [hour for hour, step in starts(day.steps) if isinstance(step, Meal)]
    assert hours == [8.0, 9.0]
    assert "the meal at 08:30 begins at 09:00, when what came before has ended" in day.assumed


def test_a_day_that_runs_past_midnight_is_refused():
    with pytest.raises(RecordError, match=r"ends 30 min after midnight; shorten or move a meal"):
        day_of(case([at("23:30", duration=60)]))


@pytest.mark.parametrize("sugar", [0.1, 1.1, 7, 14, 28, 29, 55, 56, 57, 58, 69, 70, 99.9, 33.3])
def test_numbers_of_a_case_are_printed_as_the_case_has_them(sugar):
    meals = [at("08:00", sugar=sugar, duration=2.2), at("12:00", "unsweetened drink", sugar=0)]
    day = day_of(case(meals, water_fluoride=0.7, toothpaste_fluoride=1450, rinse_fluoride=225, brushing_per_day=2))
    text = str(Protocol(steps=day.steps))
    assert f"meal sugar {sugar} % for 2 min 12 s\n" in text
    assert "0.7 ppm F" in text and "brush with 1450 ppm F paste" in text and "rinse with 225 ppm F" in text
    assert Protocol.parse(text).steps == day.steps
