"""The activity of a mouth: what it says of cases, how it answers habits, what it refuses, and what it does not know."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from amelo.errors import CommandError, RecordError
from amelo.params import load_set
from amelo.records.case import Case, load_case
from amelo.twin.activity import PER_DAY, activity_of, activity_table, filled, predicted, typical_activity, with_snacks
from amelo.twin.activity_day import FEATURES, constants_of_mouth, day_features, habits_of, settled_cover

CASES = sorted((Path(__file__).parents[2] / "cases").glob("*.json"))
SITES = [(tissue, plaque) for tissue in ("enamel", "dentine") for plaque in (True, False)]


def nobody(**parts) -> Case:
    return Case.model_validate({"pseudonym": "nobody", "origin": "synthetic", "recorded_on": date(2026, 1, 1), **parts})


def eater(snacks: int, **parts) -> Case:
    meals = [{"at": f"{hour:02d}:00", "what": "meal", "duration": 20, "sugar": 6} for hour in (7, 12, 19)]
    times = ("09:00", "10:00", "11:00", "14:30", "15:30", "16:30", "17:30", "21:00")
    meals += [{"at": at, "what": "sugared drink", "duration": 15, "sugar": 10} for at in times[:snacks]]
    return nobody(diet={"meals": meals}, **parts)


@pytest.fixture(scope="module")
def kira() -> Case:
    return load_case(CASES[[path.stem for path in CASES].index("kira")])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("tissue", "plaque"), SITES)
def test_every_case_has_an_activity(path, tissue, plaque):
    found = activity_of(load_case(path), tissue=tissue, plaque=plaque)
    assert found.low <= found.rate <= found.high
    assert np.isfinite([found.low, found.rate, found.high]).all()
    assert (found.plaque > 0) == plaque and found.tissue == tissue
    assert found.per_day == pytest.approx(found.rate * PER_DAY)
    assert abs(found.per_day) < 5_000  # half a tenth of a millimetre of solid mineral a day is no mouth


def test_it_takes_milliseconds(kira):
    activity_of(kira)
    started = time.perf_counter()
    for often in (0, 1, 2, 3):
        for paste in (0.0, 250.0, 1000.0, 1450.0, 5000.0):
            activity_of(kira, brushing_per_day=often, toothpaste_fluoride=paste)
    assert time.perf_counter() - started < 20 * 0.25  # a fifth of that on a machine that nobody else uses


def test_the_same_question_has_the_same_answer(kira):
    one, two = activity_of(kira, tissue="dentine"), activity_of(kira, tissue="dentine")
    assert (one.rate, one.low, one.high) == (two.rate, two.low, two.high)
    assert (one.draw(50, 3) == two.draw(50, 3)).all()
    assert (one.draw(50, 3) != one.draw(50, 4)).any()


def test_more_snacks_are_worse_under_plaque_and_plaque_is_worse_than_none():
    for tissue in ("enamel", "dentine"):
        rates = [activity_of(eater(count), tissue=tissue, plaque=300e-6).rate for count in range(9)]
        assert (np.diff(rates) >= -1e-15).all()
        assert rates[-1] > rates[0]
    loss = [activity_of(eater(8), tissue="dentine", plaque=plaque).rate for plaque in (False, True)]
    assert loss[0] < loss[1]


def test_a_limit_on_snacks_works_as_fewer_snacks_do():
    whole = eater(8)
    for most in (0, 2, 5, 8):
        limited = with_snacks(whole, most)
        assert [meal.what for meal in limited.diet.meals].count("sugared drink") == most
        assert activity_of(whole, snacks=most).rate == activity_of(limited).rate
    assert activity_of(whole, snacks=50).rate == activity_of(whole).rate


def test_a_limit_keeps_meals_and_water_and_the_first_of_the_rest():
    meals = [
        {"at": "16:00", "what": "sweet"},
        {"at": "09:00", "what": "snack"},
        {"at": "10:00", "what": "unsweetened drink"},
        {"at": "12:00", "what": "meal"},
        {"at": "14:00", "what": "acidic drink"},
    ]
    kept = with_snacks(nobody(diet={"meals": meals}), 2).diet.meals
    assert [meal.at for meal in kept] == ["09:00", "10:00", "12:00", "14:00"]


def test_more_fluoride_is_no_worse_under_plaque():
    for tissue in ("enamel", "dentine"):
        rates = [activity_of(eater(5), tissue=tissue, plaque=300e-6, toothpaste_fluoride=ppm).rate for ppm in (0, 250, 1450, 5000)]
        assert (np.diff(rates) <= 1e-15).all()


def test_a_dry_mouth_is_worse_than_a_wet_one():
    dry, wet = (eater(4, saliva={"unstimulated_flow": flow, "stimulated_flow": 5 * flow}) for flow in (0.08, 0.6))
    for tissue in ("enamel", "dentine"):
        assert activity_of(dry, tissue=tissue, plaque=200e-6).rate > activity_of(wet, tissue=tissue, plaque=200e-6).rate


def test_what_is_unknown_is_filled_and_said():
    case, said = filled(nobody())
    assert len(case.diet.meals) == 5 and case.hygiene.brushing_per_day == 2
    assert any("nobody asked" in sentence for sentence in said)
    assert any("1450 ppm F in the toothpaste" in sentence for sentence in said)
    assert any("flow at rest" in sentence for sentence in said)
    found = activity_of(nobody())
    assert set(said) <= set(found.assumed)
    told = activity_of(nobody(), toothpaste_fluoride=1000)
    assert not any("in the toothpaste" in sentence for sentence in told.assumed)


def test_a_case_that_says_everything_is_left_as_it_is(kira):
    case, said = filled(kira)
    assert case.diet == kira.diet and case.hygiene == kira.hygiene
    assert not any("brush" in sentence or "nobody asked" in sentence for sentence in said)


def test_an_empty_diet_is_no_unknown_one():
    fasting, unknown = nobody(diet={"meals": []}), nobody()
    assert filled(fasting)[0].diet.meals == ()
    assert activity_of(fasting, tissue="dentine", plaque=600e-6).rate < activity_of(unknown, tissue="dentine", plaque=600e-6).rate


def test_half_a_brushing_is_rounded_as_the_day_of_case_does():
    case, said = filled(nobody(hygiene={"brushing_per_day": 1.5}))
    assert case.hygiene.brushing_per_day == 2 and "2 brushings for 1.5 per day" in said
    assert filled(nobody(hygiene={"brushing_per_day": 7.0}))[0].hygiene.brushing_per_day == 3


def test_the_typical_mouth_is_that_of_nobody():
    for tissue in ("enamel", "dentine"):
        assert typical_activity(tissue).rate == activity_of(nobody(), tissue=tissue).rate
        assert not typical_activity(tissue).outside


def test_a_ratio_is_above_zero_one_for_itself_and_of_one_tissue(kira):
    typical = typical_activity("dentine")
    assert typical.ratio_to(typical) == 1.0
    bad = activity_of(eater(8), tissue="dentine", plaque=500e-6)
    assert bad.ratio_to(typical) == pytest.approx(1.0 / typical.ratio_to(bad))
    assert bad.ratio_to(typical) > 1.0 > activity_of(eater(0), tissue="dentine", plaque=False).ratio_to(bad) > 0.0
    with pytest.raises(CommandError, match="cannot be compared"):
        typical.ratio_to(typical_activity("enamel"))


@pytest.mark.parametrize(("tissue", "plaque"), SITES)
def test_draws_lie_around_the_rate_and_fill_its_interval(kira, tissue, plaque):
    found = activity_of(kira, tissue=tissue, plaque=plaque)
    draws = found.draw(20_000, 1)
    assert draws.shape == (20_000,) and np.isfinite(draws).all()
    inside = np.mean((draws >= found.low) & (draws <= found.high))
    assert 0.88 <= inside <= 1.0
    assert np.quantile(draws, 0.02) <= found.rate <= np.quantile(draws, 0.98)


def test_what_was_never_run_is_said_and_less_sure():
    usual, odd = eater(4), eater(4, saliva={"phosphate": 30.0})
    assert not activity_of(usual).outside
    found = activity_of(odd)
    assert any("phosphate" in sentence and "30" in sentence for sentence in found.outside)
    thick, thicker = (activity_of(usual, plaque=plaque) for plaque in (0.9e-3, 3e-3))
    assert not thick.outside and "plaque" in thicker.outside[0]

    def spread(a):
        return np.arcsinh(a.high * PER_DAY / a.scale) - np.arcsinh(a.low * PER_DAY / a.scale)

    assert spread(thicker) > 1.2 * spread(thick)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"tissue": "dentin"}, CommandError, "dentine"),
        ({"plaque": -1e-6}, CommandError, "not possible"),
        ({"plaque": 150.0}, CommandError, "150e-6"),
        ({"plaque": "thick"}, CommandError, "not possible"),
        ({"snacks": -1}, CommandError, "whole number"),
        ({"snacks": 2.5}, CommandError, "whole number"),
        ({"snacks": True}, CommandError, "whole number"),
        ({"brushing_per_day": -1}, RecordError, "brushing_per_day"),
        ({"toothpaste_fluoride": 1e6}, RecordError, "toothpaste_fluoride"),
        ({"rinse_fluoride": float("nan")}, RecordError, "rinse_fluoride"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(kira, words, error, message):
    with pytest.raises(error, match=message):
        activity_of(kira, **words)


@pytest.mark.parametrize("count", [0, -3, 2.5, True])
def test_draws_are_counted_in_whole_numbers(kira, count):
    with pytest.raises(CommandError, match="draws"):
        activity_of(kira).draw(count)


def test_habits_have_the_times_of_the_day_of_a_case(kira):
    from amelo.protocol.day import day_of

    clock, expected = 0.0, []
    for step in day_of(kira).steps:
        if step.kind not in ("rest", "sleep"):
            expected.append((round(clock), step.kind, round(step.duration)))
        clock += step.duration
    habits = habits_of(kira)
    found = sorted((round(e[0]), e[2], round(e[1])) for e in (*habits.eaten, *habits.cleaned))
    assert found == expected


def test_the_box_of_the_mouth_keeps_the_areas_of_the_full_one(kira):
    """Sugar and fluoride of a day, beside the mouth that the twin lives in: a box with long steps, so to a seventh."""
    from amelo.protocol.day import day_of
    from amelo.protocol.mouthfuls import mouthfuls
    from amelo.twin.mouth import mouth_course, saliva_profile

    case = filled(kira)[0]
    taken, saliva = mouthfuls(day_of(case).steps), saliva_profile(case)
    course = mouth_course(taken, saliva, start=mouth_course(taken, saliva).end)
    features = dict(zip(FEATURES, day_features(case, "enamel", 0.0), strict=True))
    assert np.sinh(features["sugar_hours"]) == pytest.approx(course.area(course.sugar / (course.sugar + 1.0)) / 3600.0, rel=0.15)
    assert features["fluoride"] == pytest.approx(course.area(course.fluoride) / 86_400.0, rel=0.15)
    assert np.exp(features["stimulated"]) == pytest.approx(course.area(course.flow) / 86_400.0 * 60e6, rel=0.1)


def test_saturation_at_rest_is_that_of_the_thermodynamics(kira):
    from amelo.twin.chemistry.saturation import saturation_of
    from amelo.twin.saliva import resting_fluid, saliva_profile

    index = saturation_of([resting_fluid(saliva_profile(kira))])[0].saturation_index
    mouth = constants_of_mouth(kira)
    assert mouth.saturation == pytest.approx((index["enamel_main"], index["dentine"], index["FAp"]), rel=1e-9)
    assert all(4.0 < slope < 9.0 for slope in mouth.slope)  # hydroxide and the third proton of phosphate, per formula


def test_what_was_learned_rises_where_it_must():
    """Over plaque every sum that is never good is never good in what was learned, wherever one stands."""
    rng = np.random.default_rng(0)
    for name, site in activity_table()["sites"].items():
        x = np.array(site["centre"]) + np.array(site["width"]) * rng.normal(size=(200, len(site["features"])))
        rows = np.zeros((200, len(FEATURES)))
        rows[:, site["columns"]] = x
        up = ["lost", "acid_dose", "deep_dose", "undersaturated", "sour_dose"] + ["sugar_hours"] * name.endswith("plaque")
        for feature in up:
            if feature not in site["features"]:
                continue
            more = rows.copy()
            more[:, FEATURES.index(feature)] += 0.5
            assert (predicted(site, more) >= predicted(site, rows) - 1e-9).all(), (name, feature)
        if name.endswith("plaque"):
            more = rows.copy()
            more[:, FEATURES.index("fluoride_log")] += 0.5
            assert (predicted(site, more) <= predicted(site, rows) + 1e-9).all(), name


def test_the_shipped_table_says_where_it_comes_from_and_how_good_it_is():
    table = activity_table()
    assert table["provenance"]["mouths"] >= 50 and table["provenance"]["design_seed"]
    assert set(table["sites"]) == {"enamel clean", "enamel plaque", "dentine clean", "dentine plaque"}
    for site in table["sites"].values():
        kept = site["held_out"]
        assert kept["rows"] == table["provenance"]["lives"]
        assert np.shape(site["errors"]["quantiles"]) == (len(site["errors"]["centres"]), len(site["errors"]["probabilities"]))
        assert (np.diff(site["errors"]["quantiles"], axis=1) >= 0).all() and (np.diff(site["errors"]["centres"]) > 0).all()
    for name in ("enamel plaque", "dentine plaque"):
        assert table["sites"][name]["held_out"]["r2_scaled"] > 0.85
        assert table["sites"][name]["held_out"]["same_side"] > 0.85
    assert len(json.dumps(table["sites"])) < 200_000


@pytest.mark.parametrize("often", [0, 1, 2, 3])
def test_plaque_at_midnight_is_what_many_days_of_brushing_leave(kira, often):
    """The share that the full mouth comes to, day after day of it, without a meal in the way."""
    habits, value = habits_of(filled(nobody(hygiene={"brushing_per_day": float(often)}))[0]), load_set("mouth").value
    share, growth = 1.0, 3600.0 * value("brushing.regrowth")
    for _ in range(12):
        clock = 0.0
        for at, duration, kind, *_ in habits.cleaned:
            share = 1.0 - (1.0 - share) * np.exp(-(at + duration - clock) / growth)
            share, clock = share * (1.0 - value("brushing.plaque_removed")) if kind == "brush" else share, at + duration
        share = 1.0 - (1.0 - share) * np.exp(-(86_400.0 - clock) / growth)
    assert settled_cover(habits) == pytest.approx(share, rel=1e-6)
    assert (settled_cover(habits) == 1.0) == (often == 0)


def test_plaque_turns_sour_where_it_is_fed_and_not_in_a_fast():
    names = list(FEATURES)
    fasting = filled(nobody(diet={"meals": []}))[0]
    for tissue in ("enamel", "dentine"):
        none, some = (day_features(case, tissue, 300e-6) for case in (fasting, filled(eater(4))[0]))
        assert none[names.index("acid_dose")] == 0.0 < some[names.index("acid_dose")]
        assert none[names.index("sugar_hours")] < some[names.index("sugar_hours")]
        assert none[names.index("gained")] > 0.0


def test_a_drink_with_acid_reaches_a_clean_surface_and_water_does_not():
    names = list(FEATURES)

    def doses(ph):
        meals = [{"at": "10:00", "what": "acidic drink", "duration": 20, "sugar": 0, **({"pH": ph} if ph else {})}]
        return day_features(filled(nobody(diet={"meals": meals}))[0], "dentine", 0.0)

    sour, mild, none = doses(2.5), doses(4.5), doses(None)
    for name in ("acid_dose", "sour_dose"):
        j = names.index(name)
        assert sour[j] > mild[j] > none[j] == 0.0
    assert sour[names.index("undersaturated")] > none[names.index("undersaturated")] > 0.0  # water alone thins saliva


def test_fluoride_of_paste_rinse_and_water_is_counted():
    j = FEATURES.index("fluoride")

    def mean(**hygiene):
        water = [{"at": "10:00", "what": "unsweetened drink", "duration": 10, "sugar": 0}]
        known = {"brushing_per_day": 2.0, "toothpaste_fluoride": 0.0, "rinse_fluoride": 0.0, "water_fluoride": 0.0}
        return day_features(filled(nobody(hygiene=known | hygiene, diet={"meals": water}))[0], "enamel", 0.0)[j]

    assert mean() < mean(water_fluoride=1.0) < mean(rinse_fluoride=225.0) < mean(rinse_fluoride=225.0, toothpaste_fluoride=1450.0)
    assert mean(toothpaste_fluoride=1450.0) < mean(toothpaste_fluoride=5000.0)


def test_meals_that_overlap_still_make_a_day(kira):
    meals = [
        {"at": "10:00", "what": "meal", "duration": 60, "sugar": 5},
        {"at": "10:30", "what": "snack", "duration": 10, "sugar": 30},
    ]
    late = [{"at": "23:30", "what": "snack", "duration": 120, "sugar": 30}]
    for eaten in (meals, late):
        found = activity_of(nobody(diet={"meals": eaten}), tissue="dentine")
        assert np.isfinite([found.low, found.rate, found.high]).all()
