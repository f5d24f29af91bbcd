"""The mouth: doses arrive, clearance follows Dawes, segments keep areas, every fluid is solved, nonsense is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.case import load_case
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.status import Status
from amelo.twin.mouth import KINDS, SUGARED, Mouthful, MouthState, mouth_course, mouth_schedule
from amelo.twin.mouth_balance import FLUORIDE, NAMES, resting_state
from amelo.twin.saliva import saliva_profile
from amelo.twin.schedule import duration

ROOT = Path(__file__).resolve().parents[2]
SALIVA = saliva_profile()
MINUTE, HOUR, ML = 60.0, 3600.0, 1e-6
DAY = (
    Mouthful("rest", 30 * MINUTE),
    Mouthful("meal", 15 * MINUTE, sugar=300),
    Mouthful("rest", 20 * MINUTE),
    Mouthful("brush", 2 * MINUTE, fluoride=76.0, label="1100 ppm F"),
    Mouthful("rinse", 10, volume=15 * ML),
    Mouthful("rest", 2 * HOUR),
    Mouthful("drink", 20 * MINUTE, sugar=584, ph=3.0, label="cola"),
    Mouthful("rest", 2 * HOUR),
    Mouthful("varnish", MINUTE, fluoride=1190),
    Mouthful("rest", 4 * HOUR),
    Mouthful("sleep", 8 * HOUR),
)


@pytest.fixture(scope="module")
def course():
    return mouth_course(DAY, SALIVA)


@pytest.fixture(scope="module")
def segments():
    return mouth_schedule(DAY, SALIVA)


def statuses(segments) -> set[int]:
    return {int(batch.status[row]) for batch, row in speciate_fluids([s.exposure.fluid for s in segments])}


def test_what_is_dosed_is_what_arrives(course):
    came = {"sugar": 300 * 200 * ML + 584 * 250 * ML, "fluoride": 76.0 * 1.15 * ML + 1190 * 0.25 * ML}
    for name, book in course.ledger.items():
        assert abs(book["gap"]) < 1e-12
        assert book["came"] == pytest.approx(came[name], rel=1e-9 if name == "sugar" else 0.01)  # saliva brings fluoride too
        assert all(value >= 0 for key, value in book.items() if key != "gap")
    secreted = course.ledger["fluoride"]["came"] - came["fluoride"]
    assert 0 < secreted < 0.0014 * course.area(course.flow)


def test_segments_keep_the_areas_and_the_time(course, segments):
    assert duration(segments) == pytest.approx(sum(step.duration for step in DAY), rel=1e-12)
    for values, seen in (
        (course.sugar, [s.exposure.sugar for s in segments]),
        (course.fluoride, [s.exposure.fluid.totals_mmol_per_kgw["F"] for s in segments]),
    ):
        area = sum(s.duration * value for s, value in zip(segments, seen, strict=True))
        assert area == pytest.approx(course.area(values), rel=1e-6)


def test_segments_follow_the_course_closely_but_are_few(course, segments):
    assert len(segments) < 120
    edges = np.cumsum([s.duration for s in segments])
    at = np.searchsorted(edges, course.time - 1e-6).clip(0, len(segments) - 1)
    seen = np.array([s.exposure.sugar for s in segments])[at]
    after = course.time > 60 * MINUTE
    apart = np.abs(np.log(seen[after] + 0.1) - np.log(course.sugar[after].clip(0) + 0.1))
    assert np.percentile(apart, 95) < 0.7
    labels = list(dict.fromkeys(s.label for s in segments))
    assert labels == ["rest", "meal", "1100 ppm F", "rinse", "cola", "varnish", "sleep"]


def test_an_edge_of_a_step_is_an_edge_of_a_segment(segments):
    edges = np.concatenate([[0.0], np.cumsum([s.duration for s in segments])])
    for edge in np.cumsum([step.duration for step in DAY]):
        assert np.abs(edges - edge).min() < 1e-6


def test_every_fluid_of_a_day_converges(segments):
    assert statuses(segments) == {Status.CONVERGED}


@pytest.mark.parametrize("path", sorted((ROOT / "cases").glob("*.json")), ids=lambda p: p.stem)
def test_every_patient_can_live_through_a_day(path):
    segments = mouth_schedule(DAY[:8], saliva_profile(load_case(path)))
    assert statuses(segments) == {Status.CONVERGED}
    assert min(s.exposure.fluid.pH for s in segments) > 2.9
    assert all(s.exposure.film > 0 and 0 <= s.exposure.activity <= 1 for s in segments)


@pytest.mark.parametrize(("kind", "fluoride", "ph"), [("gel", 647.0, 3.5), ("brush", 263.0, None), ("rinse", 47.0, None)])
def test_strong_fluoride_is_solved_or_said_to_be_extrapolated(kind, fluoride, ph):
    segments = mouth_schedule([Mouthful(kind, 4 * MINUTE, fluoride=fluoride, ph=ph), Mouthful("rest", HOUR)], SALIVA)
    assert statuses(segments) <= {Status.CONVERGED, Status.EXTRAPOLATED}
    seen = [s.exposure.fluid.totals_mmol_per_kgw["F"] for s in segments]
    assert 0.3 * fluoride < max(seen) < fluoride and seen[-1] < 0.01 * fluoride


def test_a_mouth_at_rest_stays_as_it_is():
    course = mouth_course([Mouthful("rest", 6 * HOUR)], SALIVA)
    np.testing.assert_allclose(course.totals[-1], SALIVA.rest, rtol=1e-9)
    assert course.end.tissue == pytest.approx(resting_state(SALIVA).tissue, rel=1e-9)
    assert len(mouth_schedule([Mouthful("rest", 6 * HOUR)], SALIVA)) == 1


def test_clearance_is_that_of_dawes_at_every_swallow():
    swallow = (SALIVA.maximal - SALIVA.residual) / SALIVA.flow_sleep
    start = replace(resting_state(SALIVA), sugar=100.0)
    for count in (1, 3, 10):
        left = mouth_course([Mouthful("sleep", count * swallow)], SALIVA, start=start).end.sugar
        assert left == pytest.approx(100.0 * (SALIVA.residual / SALIVA.maximal) ** count, rel=1e-8)


def test_sugar_draws_saliva_and_saliva_clears_sugar():
    sweet, bland = (mouth_course([Mouthful("rinse", MINUTE, sugar=s), Mouthful("rest", HOUR)], SALIVA) for s in (584.0, 0.0))
    assert sweet.flow.max() > bland.flow.max() > SALIVA.flow_rest
    assert sweet.flow[-1] == pytest.approx(SALIVA.flow_rest, rel=1e-3)
    held = mouth_course([Mouthful("rinse", MINUTE, sugar=584.0)], SALIVA)
    volume = SALIVA.residual + 10 * ML + held.area(held.flow)
    assert held.sugar[-1] * volume == pytest.approx(584.0 * 10 * ML, rel=1e-4)  # nothing is swallowed while it is held
    spat = held.ledger["sugar"]["spat"]
    assert spat == pytest.approx(584.0 * 10 * ML - held.sugar[-1] * SALIVA.volume, rel=1e-9)


def test_a_dry_mouth_clears_more_slowly_and_saliva_in_sleep_hardly_at_all():
    dry = saliva_profile(load_case(ROOT / "cases" / "greta-dry-mouth.json"))
    steps = [Mouthful("drink", 5 * MINUTE, sugar=584.0), Mouthful("rest", HOUR)]
    wet_course, dry_course = mouth_course(steps, SALIVA), mouth_course(steps, dry)
    assert dry_course.area(dry_course.sugar) > 1.1 * wet_course.area(wet_course.sugar)
    night = mouth_course([steps[0], Mouthful("sleep", HOUR)], SALIVA)
    after = 5 * MINUTE
    assert night.area(night.sugar, after) > 5 * wet_course.area(wet_course.sugar, after)


def test_a_sour_drink_lowers_ph_and_saliva_brings_it_back():
    course = mouth_course([Mouthful("drink", MINUTE, ph=2.6), Mouthful("rest", HOUR)], SALIVA)
    assert course.ph.min() < 4.0
    assert course.ph[-1] == pytest.approx(6.8, abs=0.05)
    sour, bland = course.flow.max(), mouth_course([Mouthful("drink", MINUTE)], SALIVA).flow.max()
    assert sour > 2 * bland


def test_food_left_between_the_teeth_feeds_sugar_for_long():
    eaten = mouth_course([Mouthful("meal", 15 * MINUTE, sugar=300.0), Mouthful("rest", HOUR)], SALIVA)
    drunk = mouth_course([Mouthful("drink", 15 * MINUTE, sugar=300.0, volume=200 * ML), Mouthful("rest", HOUR)], SALIVA)
    late = 25 * MINUTE
    assert eaten.area(eaten.sugar, late) > 10 * drunk.area(drunk.sugar, late)


def test_fluoride_clears_in_two_phases():
    course = mouth_course([Mouthful("brush", MINUTE, fluoride=76.0), Mouthful("rest", 4 * HOUR)], SALIVA)
    above = course.fluoride - SALIVA.rest[FLUORIDE]
    at = [np.interp(MINUTE * m, course.time, above) for m in (4, 8, 90, 150)]
    fast, slow = math.log(at[0] / at[1]) / 4, math.log(at[2] / at[3]) / 60
    assert fast > 10 * slow > 0
    release = math.log(2) / load_set("mouth").value("fluoride.release_half_life")
    assert slow == pytest.approx(release, rel=0.1)


def test_varnish_releases_for_hours_until_it_is_brushed_off():
    on = [Mouthful("varnish", MINUTE, fluoride=1190.0), Mouthful("rest", 4 * HOUR)]
    kept = mouth_course([*on, Mouthful("rest", 2 * HOUR)], SALIVA)
    brushed = mouth_course([*on, Mouthful("brush", 2 * MINUTE), Mouthful("rest", 2 * HOUR)], SALIVA)
    assert kept.end.varnish > 0 and brushed.end.varnish == 0
    assert brushed.fluoride[-1] < 0.5 * kept.fluoride[-1]
    milligrams = 19.0 * np.interp([HOUR, 4 * HOUR], kept.time, kept.fluoride)
    assert milligrams[0] / milligrams[1] == pytest.approx(3.12 / 0.72, rel=0.15)  # the two numbers the half-life comes from


def test_brushing_removes_plaque_which_grows_back_and_fluoride_slows_it():
    segments = mouth_schedule([Mouthful("brush", 2 * MINUTE, fluoride=76.0), Mouthful("rest", 48 * HOUR)], SALIVA)
    activity = [s.exposure.activity for s in segments]
    removed = load_set("mouth").value("brushing.plaque_removed")
    assert activity[0] < 0.3  # slurry
    assert min(activity[-3:]) > 1.0 - removed
    course = mouth_course([Mouthful("brush", 2 * MINUTE), Mouthful("rest", 24 * HOUR)], SALIVA)
    assert course.plaque[-1] == pytest.approx(1.0 - removed * math.exp(-1.0), rel=1e-6)


def test_a_drink_stirs_the_film_by_its_sips():
    quick, slow = (mouth_schedule([Mouthful("drink", t, volume=100 * ML)], SALIVA)[-1].exposure.film for t in (20.0, 20 * MINUTE))
    assert quick == pytest.approx(load_set("mouth").value("film.during_intake") * 1e-3, rel=0.01)
    assert slow > 10 * quick


def test_a_course_can_be_taken_up_where_it_ended():
    whole = mouth_course(DAY[:8], SALIVA)
    first = mouth_course(DAY[:4], SALIVA)
    second = mouth_course(DAY[4:8], SALIVA, start=first.end)
    np.testing.assert_allclose(second.end.totals, whole.end.totals, rtol=1e-9, atol=1e-15)
    for name in ("tissue", "varnish", "residue", "plaque", "excess"):
        assert getattr(second.end, name) == pytest.approx(getattr(whole.end, name), rel=1e-8, abs=1e-18)
    assert isinstance(whole.end, MouthState) and len(NAMES) == len(whole.end.totals)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "meel"}, ["'meel' is not a kind", "did you mean 'meal'?"]),
        ({"duration": 0.0}, ["duration 0.0 s is not possible"]),
        ({"duration": -5.0, "label": "lunch"}, ["lunch: duration -5.0"]),
        ({"duration": math.inf}, ["duration inf"]),
        ({"sugar": -1.0}, ["sugar -1.0 mol/m3", "allowed 0 to 9500"]),
        ({"sugar": math.nan}, ["sugar nan"]),
        ({"fluoride": 22600.0}, ["fluoride 22600.0 mol/m3 is not possible"]),
        ({"volume": 200.0}, ["volume 200.0 m3 is not possible"]),
        ({"ph": 15.0}, ["pH 15.0", "allowed 0 to 14"]),
        ({"kind": "rest", "sugar": 5.0}, ["nothing is taken at rest", "meal, drink or rinse"]),
        ({"kind": "sleep", "ph": 4.0}, ["nothing is taken at sleep"]),
        ({"kind": "brush", "sugar": 5.0}, ["brush takes no sugar"]),
    ],
)
def test_what_no_mouth_can_take_is_refused(fields, words):
    with pytest.raises(RecordError) as caught:
        Mouthful(**({"kind": "meal", "duration": 60.0} | fields))
    for word in words:
        assert word in str(caught.value)


def test_a_schedule_without_steps_is_refused():
    with pytest.raises(RecordError, match="no step"):
        mouth_schedule([], SALIVA)


def mouthfuls():
    def build(kind, duration, sugar, fluoride, ph):
        if kind in ("rest", "sleep"):
            return Mouthful(kind, duration)
        return Mouthful(kind, duration, sugar=sugar * (kind in SUGARED), fluoride=fluoride, ph=ph)

    ph = st.one_of(st.none(), st.floats(2.5, 8.5))
    return st.builds(build, st.sampled_from(KINDS), st.floats(1.0, 8 * HOUR), st.floats(0.0, 3000.0), st.floats(0.0, 300.0), ph)


@settings(max_examples=15, deadline=None)
@given(st.lists(mouthfuls(), min_size=1, max_size=5))
def test_any_day_is_balanced_and_solved(steps):
    segments = mouth_schedule(steps, SALIVA)
    assert duration(segments) == pytest.approx(sum(s.duration for s in steps), rel=1e-9)
    assert statuses(segments) <= {Status.CONVERGED, Status.EXTRAPOLATED}
    assert all(s.duration > 0 and s.exposure.sugar >= 0 and s.exposure.film > 0 for s in segments)
    for book in mouth_course(steps, SALIVA).ledger.values():
        assert abs(book["gap"]) < 1e-11
