"""What is done to the whole tooth: how it may be said, how it is printed, and that nothing is lost between text, record and JSON."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_strategies import on_the_tooth

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.protocol import Protocol
from amelo.protocol.operative_steps import ACIDS, Crown, Etch, Excavate, Fill, Inlay, Isolate, Line, Onlay, OperativeStep, Seal
from amelo.protocol.procedures import account, price, procedure, usual_time
from amelo.protocol.resilience_steps import BrushDaily, HabitStep, LimitSnacks, ResilienceStep
from amelo.protocol.steps import Rest, Varnish, length
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import MOST_STEPS, ToothStep, needs_tooth, steps_of_tooth
from amelo.protocol.values import FLOWS, flow_text, read_flow
from amelo.protocol.words import WORDS
from amelo.records.tooth import Material
from amelo.units import quantity

GENTLE = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAN = """
    excavate to firm dentine, leave 1.0 mm over the pulp
    nanobots caps-400 at 1e9 per mL for 20 min, pull 5 T/m
    rest 14 d
    seal with glass ionomer
"""


def one(text: str):
    (step,) = Protocol.parse(text).steps
    return step


@GENTLE
@given(on_the_tooth)
def test_text_and_json_of_any_step_read_back_as_that_step(step):
    protocol = Protocol(steps=[step])
    text = str(protocol)
    assert Protocol.parse(text) == protocol and str(Protocol.parse(text)) == text
    assert Protocol.model_validate(json.loads(protocol.model_dump_json())) == protocol
    head, *rest = text.split(" ", 1)
    assert Protocol.parse(" ".join([head.upper(), *rest])) == protocol


@given(st.floats(0, 1e-3) | st.integers(0, 100).map(lambda k: read_flow(str(k), "mL/min")))
def test_any_flow_reads_back_exactly(value):
    digits, unit = flow_text(value).split()
    assert read_flow(digits, unit) == value


def test_flows_are_those_of_the_units_module_and_print_as_they_were_written():
    for unit in FLOWS:
        assert read_flow("7", unit) == pytest.approx(quantity(f"7 {unit}", dimension="flow").value, rel=1e-12)
    for digits in ("0", "7", "30", "33.3", "50", "100"):
        assert flow_text(read_flow(digits, "mL/min")) == f"{digits} mL/min"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("excavate to firm dentine, leave 1.0 mm over the pulp", "excavate to firm dentine with 30 mL/min water for 8 min, leave 1 mm over the pulp"),
        ("Excavate to Hard dentin with 0.05 L/min water, for 12 min", "excavate to hard dentine with 50 mL/min water for 12 min"),
        ("excavate soft leaving 500 µm dentine over the pulp", "excavate to soft dentine with 30 mL/min water for 8 min, leave 0.5 mm over the pulp"),
        ("excavate to leathery, leave 1 mm above the pulp, with 0 mL/min water", "excavate to leathery dentine with 0 mL/min water for 8 min, leave 1 mm over the pulp"),
        ("excavate to firm dentine water 20 mL/min", "excavate to firm dentine with 20 mL/min water for 8 min"),
        ("etch with 37 % phosphoric acid for 15 s", "etch 37 % phosphoric acid for 15 s"),
        ("etch orthophosphoric acid 35 % for 0.5 min", "etch 35 % phosphoric acid for 30 s"),
        ("etch HCl 15 % for 2 min", "etch 15 % hydrochloric acid for 2 min"),
        ("deproteinize with sodium hypochlorite 5.25 % for 1 min", "deproteinise with 5.25 % NaOCl for 1 min"),
        ("line with MTA for 5 min", "line with calcium silicate for 5 min"),
        ("line with anti-inflammatory dressing", "line with anti-inflammatory dressing for 3 min"),
        ("fill temporarily with GIC", "fill temporarily with glass ionomer for 5 min"),
        ("fill amalgam for 20 min", "fill with amalgam for 20 min"),
        ("seal with resin", "seal with resin for 9 min"),
        ("crown of stainless steel", "crown stainless steel for 20 min"),
        ("crown with metal ceramic for 90 min", "crown metal-ceramic for 1 h 30 min"),
        ("onlay gold", "onlay gold for 1 h 10 min"),
        ("pulpotomy full MTA", "pulpotomy full with calcium silicate for 25 min"),
        ("root treatment", "root canal treatment for 1 h 45 min"),
        ("Root Canal Treatment for 2 h", "root canal treatment for 2 h"),
        ("isolate the tooth", "isolate for 4 min"),
        ("remove the crown", "take off the restoration for 10 min"),
        ("take off the filling for 3 min", "take off the restoration for 3 min"),
        ("infiltrate with resin", "infiltrate resin for 37 min"),
        ("silver diamine fluoride 38 % for 3 min", "silver diamine fluoride 38 % for 3 min"),
        ("peptide p11-4", "peptide P11-4 for 12 min"),
        ("review", "review for 10 min"),
        ("brush daily", "brush once daily"),
        ("brush with 1450 ppm F twice a day", "brush twice daily with 1450 ppm F"),
        ("brush 3 times every day with 5000 ppm F paste", "brush 3 times daily with 5000 ppm F"),
        ("brush 0.5 times daily 1450 ppm F", "brush 0.5 times daily with 1450 ppm F"),
        ("brush 0 times daily", "brush 0 times daily"),
        ("snacks at most 3 times a day", "snacks at most 3 a day"),
        ("snacks no more than 2 daily", "snacks at most 2 a day"),
    ],
)  # fmt: skip
def test_what_may_be_written_and_how_it_is_printed(text, canonical):
    protocol = Protocol.parse(text)
    assert str(protocol) == canonical + "\n"
    assert Protocol.parse(str(protocol)) == protocol


def test_steps_are_in_si():
    step = one("excavate to firm dentine with 30 mL/min water, leave 1.0 mm over the pulp")
    assert (step.leave, step.water, step.duration) == (1e-3, 30e-6 / 60, 480.0)
    step = one("etch 37 % phosphoric acid for 15 s")
    assert (step.acid, step.strength, step.duration) == ("phosphoric acid", 0.37, 15.0)
    step = one("brush twice daily with 1450 ppm F")
    assert isinstance(step, BrushDaily) and (step.times, step.fluoride) == (2.0, 0.00145)
    assert isinstance(one("snacks at most 3 a day"), LimitSnacks)
    assert one("brush with 1450 ppm F paste for 2 min").kind == "brush"  # at one moment, as it was


def test_the_plan_of_the_founding_case_is_read():
    steps = Protocol.parse(PLAN).steps
    assert [step.kind for step in steps] == ["excavate", "nanobots", "rest", "seal"]
    assert steps[0] == Excavate(criterion="firm", leave=1e-3)


def test_python_and_text_make_the_same_steps():
    made = [
        Isolate(),
        Excavate(criterion="hard"),
        Etch(acid="phosphoric acid", strength=0.37, duration=15),
        Fill(material="composite"),
    ]
    text = "isolate\nexcavate to hard dentine\netch 37 % phosphoric acid for 15 s\nfill with composite"
    assert Protocol(steps=made) == Protocol.parse(text)
    with pytest.raises(RecordError, match=r"25 % hydrochloric acid is out of range; allowed 5 to 20 %"):
        Protocol.parse("etch 25 % hydrochloric acid for 2 min")


def test_every_step_has_words_and_every_word_a_step():
    models = [words.model for words in WORDS.values() if words.where in ("chair", "habit")]
    assert sorted(model.__name__ for model in models) == sorted(model.__name__ for model in ToothStep)
    assert len({model.model_fields["kind"].default for model in ToothStep}) == len(OperativeStep) + len(ResilienceStep) == 22


def test_restorations_are_of_materials_that_a_chart_knows():
    for model in (Fill, Seal, Inlay, Onlay, Crown):
        assert set(get_args(model.model_fields["material"].annotation)) <= set(get_args(Material)), model


def test_every_acid_has_a_range_and_its_usual_strength_is_in_it():
    assert set(ACIDS) == set(get_args(Etch.model_fields["acid"].annotation))
    for acid, usual in (("phosphoric acid", 0.37), ("hydrochloric acid", 0.15), ("polyacrylic acid", 0.1)):
        low, high, why = ACIDS[acid]
        assert low <= usual <= high and why
        for strength in (low, high):
            assert Etch(acid=acid, strength=strength, duration=15).strength == strength
        for strength in (0.9 * low, 1.1 * high):
            with pytest.raises(ValueError, match="out of range"):
                Etch(acid=acid, strength=strength, duration=15)


# --- time in the chair and price


def said(model, **fields):
    return {"kind": model.model_fields["kind"].default, **fields}


@pytest.mark.parametrize("model", [model for model in ToothStep if model not in HabitStep])
def test_every_procedure_has_a_price_and_a_time(model):
    known = load_set("procedures").parameters
    materials = get_args(model.model_fields["material"].annotation) if "material" in model.model_fields else ("",)
    for material in materials:
        for extent in ("partial", "full"):
            name = procedure(said(model, material=material, extent=extent))
            assert f"{name}.cost" in known, name
            assert (f"{name}.minutes" in known) == (model.__name__ not in ("Etch", "Deproteinise")), name


def test_no_entry_of_the_set_is_of_no_step():
    names = {p.name.rpartition(".")[0] for p in load_set("procedures")}
    steps = [step for words in WORDS.values() for example in words.examples for step in Protocol.parse(example).steps]
    steps += [Fill(material=material) for material in get_args(Fill.model_fields["material"].annotation)]
    found = {procedure({name: getattr(step, name) for name in type(step).model_fields}) for step in steps}
    assert names <= found


def test_the_usual_time_is_that_of_the_set_and_may_be_said_otherwise():
    minutes = load_set("procedures").value("fill.composite.minutes")
    assert Fill(material="composite").duration == 60 * minutes == usual_time({"kind": "fill", "material": "composite"})
    assert Fill(material="composite", temporary=True).duration == 60 * load_set("procedures").value("fill.temporary.minutes")
    assert one("fill with composite for 20 min").duration == 1200
    assert Line(material="glass ionomer", duration=60.0).duration == 60.0


def test_a_whole_visit_takes_as_long_as_the_source_says():
    visit = Protocol.parse("isolate\nexcavate to firm dentine\netch 37 % phosphoric acid for 15 s\nfill with composite")
    time, cost = account((step, 1) for step in visit.steps)
    assert 25 * 60 <= time <= 50 * 60  # one to two surfaces
    assert time == visit.duration and cost == pytest.approx(1.0)
    time, cost = account((step, 1) for step in Protocol.parse("excavate to firm dentine\nfill with glass ionomer").steps)
    assert 15 * 60 <= time <= 25 * 60 and cost == pytest.approx(0.6)


def test_a_varnish_is_at_the_chair_for_minutes_and_on_the_teeth_for_hours():
    varnish = Varnish(fluoride=0.0226, duration=4 * 3600.0)
    assert account([(varnish, 2)]) == (600.0, pytest.approx(0.4))
    assert account([(Rest(duration=60.0), 5), (BrushDaily(times=2.0), 1)]) == (0.0, 0.0)
    assert price(BrushDaily(times=2.0)) == price(Rest(duration=60.0)) == 0.0


# --- one after the other


def test_repeats_are_written_out_with_the_place_of_each_step():
    protocol = Protocol.parse(
        "rest 1 h\nrepeat 3 times:\n    review\n    repeat 2 times:\n        day of case\nfill with composite"
    )
    found = list(steps_of_tooth(protocol.steps))
    one_pass = [((1, 0), "review"), ((1, 1, 0), "day of case"), ((1, 1, 0), "day of case")]
    assert [(path, step.kind) for path, step in found] == [((0,), "rest"), *3 * one_pass, ((2,), "fill")]
    assert sum(length(step) for _, step in found) == protocol.duration
    assert protocol.place(found[-1][0]) == "line 6, column 1"


def test_a_day_stays_one_step():
    (found,) = steps_of_tooth(Protocol.parse("day:\n    repeat 3 times:\n        meal sugar 10 % for 10 min").steps)
    assert found[0] == (0,) and length(found[1]) == 86_400


def test_what_would_be_written_out_for_ever_is_refused_before_it_begins():
    steps = Protocol.parse("repeat 1000 times:\n    repeat 1000 times:\n        rest 1 min\n        rest 1 min").steps
    with pytest.raises(RecordError, match=f"comes to 2000000 steps on the tooth; allowed up to {MOST_STEPS}"):
        steps_of_tooth(steps)
    assert sum(1 for _ in steps_of_tooth(steps, most=2_000_000)) == 2_000_000


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("rest 1 h", False),
        ("varnish 22600 ppm F for 4 h", False),
        ("brush with 1450 ppm F paste for 2 min", False),
        ("nanobots caps-400 at 1e9 per mL for 20 min", False),
        ("day:\n    rest 1 h", False),
        ("rest 1 h\nreview", True),
        ("brush twice daily", True),
        ("repeat 2 times:\n    repeat 2 times:\n        review", True),
    ],
)
def test_which_protocols_need_the_whole_tooth(text, whole):
    protocol = Protocol.parse(text)
    assert needs_tooth(protocol.steps) is whole
    if whole:
        with pytest.raises(RecordError, match=r"^line \d, column \d+: '.+' needs the whole tooth; [^\n]+$"):
            protocol.schedule()
    else:
        assert protocol.schedule()


def test_the_line_of_every_step_is_its_first_words():
    for step in (Isolate(), LimitSnacks(most=0.0), BrushDaily(times=1.0)):
        assert line(step) == str(Protocol(steps=[step])).strip()
