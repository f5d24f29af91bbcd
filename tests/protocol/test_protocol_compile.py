"""A protocol becomes what the outer face of a tooth sees: charges close, doses arrive, repeats stay repeats, the mouth remembers."""

from __future__ import annotations

import importlib.util
import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest

import amelo
from amelo.errors import RecordError
from amelo.protocol import Protocol
from amelo.protocol.compile import baths_of
from amelo.protocol.doses import doses, notes
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.schedule import Exposure, Repeat, Segment, duration, unrolled
from amelo.units import molar_mass

ACID = "demineralise in acetate 75 mM, Ca 2 mM, PO4 2 mM pH 4.3 for 2 h"
HOUR = 3600.0


def only(text: str):
    (bath,) = baths_of(Protocol.parse(text)).values()
    return bath


# --- the laboratory


def test_a_laboratory_cycle_stays_a_repeat(root):
    (cycle,) = Protocol.read(root / "cases/protocols/ph-cycling.protocol").schedule()
    assert isinstance(cycle, Repeat) and cycle.count == 28 and len(cycle.parts) == 3
    acid, slurry, mineral = cycle.parts
    assert [part.duration for part in cycle.parts] == [7200.0, 60.0, 79_080.0]
    assert acid.label == ACID and acid.exposure.film == 0.0 and acid.exposure.fluid.pH == 4.3
    assert acid.exposure.fluid.totals_mmol_per_kgw == {"Ace": 75.0, "Ca": 2.0, "P": 2.0}
    assert mineral.exposure.fluid.totals_mmol_per_kgw["K"] == 130.0
    assert slurry.exposure.fluid.totals_mmol_per_kgw["F"] == pytest.approx(1100 / 4 / 18.998403162, rel=1e-12)


def test_what_is_dosed_arrives():
    text = "repeat 7 times:\n    repeat 2 times:\n        immerse in F 1 mM pH 7 for 10 min\n    immerse in F 3 mM pH 7 for 20 min"
    schedule = Protocol.parse(text).schedule()
    dose = sum(part.duration * part.exposure.fluid.totals_mmol_per_kgw["F"] for part in unrolled(schedule))
    assert dose == 7 * (2 * 600 + 3 * 1200)
    assert duration(schedule) == Protocol.parse(text).duration


def test_every_bath_closes_its_charge_by_adding_what_it_needs():
    acid, mineral, salt = (
        only(text)
        for text in (ACID, "immerse in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7 for 1 h", "immerse in K 130 mM pH 7 for 1 h")
    )
    assert (acid.ion, mineral.ion, salt.ion) == ("K", "Cl", "Cl")
    assert acid.added > 10 and 0 < mineral.added < 5 and salt.added == pytest.approx(130, abs=0.01)
    fluids = [bath.fluid for bath in (acid, mineral, salt)]
    for batch, row in speciate_fluids(fluids):
        assert batch.status[row] == 0
        charges = np.array([c.charge for c in batch.table.components])
        species = [(s.charge, batch.concentration(s.name)[row]) for s in batch.table.species]
        assert abs(sum(z * c for z, c in species)) < 1e-9 * sum(abs(z) * c for z, c in species), charges


def test_the_ion_that_the_text_names_closes():
    sodium = only("immerse in acetate 75 mM pH 4.3 balanced with Na for 1 h")
    assert sodium.ion == "Na" and sodium.fluid.charge_balanced_by == "Na"
    assert sodium.added == pytest.approx(only("immerse in acetate 75 mM pH 4.3 for 1 h").added, rel=1e-3)
    nitrate = only("immerse in K 50 mM pH 7 balanced with nitrate for 1 h")
    assert nitrate.fluid.charge_balanced_by == "Tr" and nitrate.added == pytest.approx(50, abs=0.01)
    taken = only("immerse in NaCl 100 mM, acetate 75 mM pH 4.3 balanced with Cl for 2 h")
    assert -75 < taken.added < 0


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "immerse in acetate 75 mM pH 4.3 balanced with Cl for 2 h",
            ["Cl cannot close", "mM more negative than positive charge and 0 mM Cl", "'balanced with K'"],
        ),
        (
            "immerse in Ca 5 mM pH 4 balanced with Na for 2 h",
            ["Na cannot close", "mM more positive than negative charge and 0 mM Na", "'balanced with Cl'"],
        ),
        ("immerse in KCl 2000 mM pH 7 for 2 h", ["cannot be solved", "ionic strength"]),
    ],
)
def test_a_bath_that_cannot_close_is_refused_with_place_and_size(step, words):
    with pytest.raises(RecordError) as caught:
        Protocol.parse(f"repeat 2 times:\n    rest 1 h\n    {step}", source="p.protocol").schedule()
    for word in ["p.protocol: line 3, column 5", *words]:
        assert word in str(caught.value)
    made = Protocol(steps=Protocol.parse(f"rest 1 h\n{step}").steps)
    with pytest.raises(RecordError, match=r"^step 2: "):
        baths_of(made)


def test_salts_and_water_find_their_own_ph():
    water = only("immerse in water for 1 min")
    assert water.ion is None and water.ph == pytest.approx(6.81, abs=0.01)  # half of pKw at 37 °C
    assert only("immerse in water at 25 degC for 1 min").ph == pytest.approx(7.0, abs=0.01)
    assert 7.5 < only("immerse in NaAce 50 mM for 1 min").ph < 9.5
    assert only("immerse in KH2PO4 50 mM for 1 min").ph < 5


def test_options_of_a_bath_reach_the_exposure():
    text = "immerse in K 10 mM pH 7 film 100 µm at 25 degC sugar 10 % with inhibitor coverage 0.25 for 1 h"
    (segment,) = Protocol.parse(text).schedule()
    seen = segment.exposure
    assert (seen.film, seen.inhibitor, seen.fluid.temperature_C) == (1e-4, 0.25, 25.0)
    assert seen.sugar == pytest.approx(100.0 / molar_mass("sucrose") * 2)


def test_a_slurry_dilutes_paste_and_medium_by_mass():
    fluid = only("brush with 1450 ppm F slurry 1:3 in KCl 100 mM pH 6.5 for 1 min").fluid
    assert fluid.totals_mmol_per_kgw["K"] == 75.0 and fluid.pH == 6.5
    assert fluid.totals_mmol_per_kgw["F"] == pytest.approx(1450 / 4 / 18.998403162)
    undiluted = only("brush with 1450 ppm F slurry 1:0 for 1 min").fluid
    assert undiluted.totals_mmol_per_kgw["F"] == pytest.approx(1450 / 18.998403162)


# --- a mouth that stands in: it forgets three quarters of its fluoride in each step


@dataclass(frozen=True)
class StandInState:
    fluoride: float = 0.0


@dataclass(frozen=True)
class StandInMouthful:
    kind: str
    duration: float
    sugar: float = 0.0
    fluoride: float = 0.0
    volume: float = 0.0
    ph: float | None = None
    label: str = ""


def _walk(steps, start):
    level = (start or StandInState()).fluoride
    for step in steps:
        level = 0.25 * level + step.fluoride
        yield step, level


def _course(steps, saliva, *, start=None, division=None):
    levels = [level for _, level in _walk(steps, start)]
    return types.SimpleNamespace(levels=levels, end=StandInState(levels[-1]))


def _segments(course, steps, division=None):
    return tuple(
        Segment(step.duration, Exposure(Fluid(pH=7.0, totals_mmol_per_kgw={"F": level}), sugar=step.sugar), step.label)
        for step, level in zip(steps, course.levels, strict=True)
    )


@pytest.fixture
def mouth(monkeypatch):
    stand_in = types.ModuleType("amelo.twin.mouth")
    stand_in.Mouthful, stand_in.segments_of, stand_in.mouth_course = StandInMouthful, _segments, _course
    stand_in.saliva_profile, stand_in.divided = lambda case=None: "saliva", lambda course, steps: None
    monkeypatch.setitem(sys.modules, "amelo.twin.mouth", stand_in)
    return stand_in


def test_mouth_steps_become_mouthfuls(mouth):
    text = "meal sugar 10 % for 10 min\nbrush with 1 g 1450 ppm F paste for 2 min\nrinse with 10 mL 226 ppm F for 30 s"
    meal, brush, rinse = Protocol.parse(text).schedule()
    assert meal.exposure.sugar == pytest.approx(0.1 * 1000 / molar_mass("sucrose") * 2)
    assert brush.exposure.fluid.totals_mmol_per_kgw["F"] == pytest.approx(1450e-6 * 1300 / molar_mass("F"))
    assert rinse.label == "rinse with 10 mL 226 ppm F for 30 s" and rinse.duration == 30.0
    from amelo.protocol.mouthfuls import mouthfuls

    taken = mouthfuls(Protocol.parse(text).steps)
    assert [one.kind for one in taken] == ["meal", "brush", "rinse"]
    assert taken[1].volume == pytest.approx(1e-3 / 1300) and taken[2].volume == 1e-5


def test_a_repeat_in_the_mouth_is_written_out_until_it_no_longer_changes(mouth):
    protocol = Protocol.parse("repeat 100 times:\n    rinse with 226 ppm F for 30 s\n    rest 1 h")
    schedule = protocol.schedule()
    *first, last = schedule
    assert isinstance(last, Repeat) and 90 < last.count < 100 and all(isinstance(part, Segment) for part in first)
    assert duration(schedule) == protocol.duration
    true, level = [], 0.0
    for _ in range(100):
        for dose in (226e-6 * 1000 / molar_mass("F"), 0.0):
            level = 0.25 * level + dose
            true.append(level)
    seen = [part.exposure.fluid.totals_mmol_per_kgw["F"] for part in unrolled(schedule)]
    assert seen == pytest.approx(true, rel=1e-3)


def test_a_few_repeats_are_all_written_out_and_what_came_before_is_remembered(mouth):
    schedule = Protocol.parse("varnish 22600 ppm F for 4 h\nrepeat 2 times:\n    rest 1 h").schedule()
    levels = [part.exposure.fluid.totals_mmol_per_kgw["F"] for part in unrolled(schedule)]
    assert levels == pytest.approx([levels[0], levels[0] / 4, levels[0] / 16]) and levels[0] > 1000


def test_a_specimen_from_the_laboratory_enters_a_mouth_at_rest(mouth):
    text = "rinse with 226 ppm F for 1 min\nimmerse in water for 1 h\nrest 1 h"
    rinse, bath, rest = Protocol.parse(text).schedule()
    assert rinse.exposure.fluid.totals_mmol_per_kgw["F"] > 1 and rest.exposure.fluid.totals_mmol_per_kgw["F"] == 0
    assert bath.exposure.fluid.totals_mmol_per_kgw == {"Ca": 0.0}
    mixed = Protocol.parse("repeat 50 times:\n    immerse in water for 1 h\n    rinse with 226 ppm F for 1 min").schedule()
    assert mixed[-1].count == 49 and duration(mixed) == 50 * 3660
    assert any("enters a mouth at rest" in note for note in notes(Protocol.parse(text)))


def test_a_day_is_filled_with_rest_and_a_laboratory_day_must_be_full(mouth):
    (meal, rest) = Protocol.parse("day:\n    meal sugar 10 % for 10 min").schedule()
    assert meal.duration + rest.duration == 86_400 and rest.label == "rest 23 h 50 min"
    (full,) = Protocol.parse("day:\n    immerse in water for 24 h").schedule()
    assert full.duration == 86_400
    with pytest.raises(RecordError, match="line 1, column 1: a day with laboratory steps must fill 24 h"):
        Protocol.parse("day:\n    immerse in water for 23 h").schedule()


def test_a_day_of_case_needs_a_case_and_lasts_a_day(mouth, root):
    protocol = Protocol.parse("repeat 400 times:\n    day of case")
    with pytest.raises(RecordError, match="line 2, column 5: 'day of case' needs a case"):
        protocol.schedule()
    schedule = protocol.schedule(amelo.load_case(root / "cases/kira.json"))
    assert duration(schedule) == protocol.duration and schedule[-1].count > 390


@pytest.mark.skipif(importlib.util.find_spec("amelo.twin.mouth") is None, reason="the mouth of the twin is not here")
def test_the_mouth_of_the_twin_takes_every_mouth_step(root):
    text = (root / "cases/protocols/day-in-the-mouth.protocol").read_text("utf-8")
    protocol = Protocol.parse(f"{text}varnish 22600 ppm F for 4 h\ngel 12500 ppm F for 4 min\nrepeat 20 times:\n    rest 1 h")
    schedule = protocol.schedule()
    assert duration(schedule) == pytest.approx(protocol.duration, abs=1e-3)
    assert max(part.exposure.sugar for part in unrolled(schedule)) > 10
    assert all(part.exposure.fluid.pH is not None for part in unrolled(schedule))


# --- what it comes to


def test_doses_count_what_repeats(root):
    found = doses(Protocol.read(root / "cases/protocols/ph-cycling.protocol"))
    assert [(dose.times, dose.duration) for dose in found] == [(28, 28 * 7200.0), (28, 28 * 60.0), (28, 28 * 79_080.0)]
    assert found[1].fluoride == pytest.approx(275e-6) and found[0].bath.ion == "K"
    kira = amelo.load_case(root / "cases/kira.json")
    month = doses(Protocol.read(root / "cases/protocols/month-of-case.protocol"), kira)
    assert {dose.step: dose.times for dose in month}["brush with 1450 ppm F paste for 2 min"] == 60
    assert sum(dose.duration for dose in month) == 30 * 86_400 + 4 * HOUR


@pytest.mark.parametrize("sugar", [7, 14, 29, 57, 70, 0.1])
def test_doses_are_told_as_they_were_written(sugar):
    (meal, paste) = doses(Protocol.parse(f"meal sugar {sugar} % for 10 min\nbrush with 1450 ppm F paste for 2 min"))
    assert meal.to_dict()["sugar_percent"] == sugar and paste.to_dict()["fluoride_ppm"] == 1450


def test_notes_say_what_is_assumed():
    strong = notes(Protocol.parse("immerse in KCl 600 mM pH 7 for 1 h"))
    assert any("Davies" in note and note.startswith("line 1") for note in strong)
    assert any("KOH or HCl" in note for note in strong)
    assert not any("KOH" in note for note in notes(Protocol.parse("immerse in water for 1 h")))
    assert any("judgements" in note for note in notes(Protocol.parse("drink cola for 1 min")))
    assert notes(Protocol.parse("day of case"))[0] == "'day of case' needs a case"
