"""The order of treatments: what a repeat does is what its passes do, whatever it holds; a fault is always at a step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amelo.errors import RecordError
from amelo.protocol import Protocol
from amelo.protocol.operative_steps import (
    Cap,
    Crown,
    Deproteinise,
    Etch,
    Excavate,
    Extract,
    Fill,
    Inlay,
    Isolate,
    Line,
    Onlay,
    OperativeStep,
    Pulpotomy,
    RootTreatment,
    Seal,
    Splint,
    TakeOff,
)
from amelo.protocol.order import out_of_order
from amelo.protocol.resilience_steps import (
    BrushDaily,
    Infiltrate,
    LimitSnacks,
    Peptide,
    ResilienceStep,
    Review,
    SilverDiamineFluoride,
)
from amelo.protocol.steps import Day, DayOfCase, Meal, Repeat, Rest, Sleep, Varnish
from amelo.protocol.tooth_steps import steps_of_tooth

STEPS = (
    Isolate(),
    Excavate(criterion="firm"),
    Etch(acid="phosphoric acid", strength=0.37, duration=15.0),
    Deproteinise(strength=0.05, duration=60.0),
    Line(material="calcium silicate"),
    Fill(material="composite"),
    Fill(material="glass ionomer", temporary=True),
    Seal(material="resin"),
    Inlay(material="gold"),
    Onlay(material="ceramic"),
    Crown(material="zirconia"),
    Splint(),
    Pulpotomy(extent="full", material="calcium silicate"),
    Cap(material="calcium hydroxide"),
    RootTreatment(),
    Extract(),
    TakeOff(),
    Infiltrate(material="resin"),
    SilverDiamineFluoride(strength=0.38),
    Peptide(peptide="P11-4"),
    BrushDaily(times=2.0),
    LimitSnacks(most=3.0),
    Review(),
)
PAUSES = (Rest(duration=60.0), Sleep(duration=60.0), Meal(duration=60.0), DayOfCase(), Day(steps=(Rest(duration=60.0),)))
PEOPLE = (BrushDaily, LimitSnacks, Review)  # what happens to a person, with the tooth or without
ONCE = (Crown, RootTreatment, Extract)
GENTLE = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
leaf = st.sampled_from([*STEPS, *PAUSES])
again = st.sampled_from([step for step in (*STEPS, *PAUSES) if not isinstance(step, ONCE)])


def repeats(inside):
    return st.builds(Repeat, count=st.integers(1, 4), steps=st.lists(inside, min_size=1, max_size=4).map(tuple))


orders = st.lists(leaf | st.recursive(again, repeats, max_leaves=8), min_size=1, max_size=8)


def test_every_kind_of_step_is_tried():
    assert {type(step) for step in STEPS} == {*OperativeStep, *ResilienceStep}


@GENTLE
@given(orders)
def test_a_repeat_is_what_its_passes_are(steps):
    flat = list(steps_of_tooth(steps))
    whole, written = out_of_order(steps), out_of_order([step for _, step in flat])
    assert (whole is None) == (written is None)
    if whole is not None:
        assert whole[0] == flat[written[0][0]][0]
        assert str(whole[1]) == str(written[1])


@GENTLE
@given(orders)
def test_what_can_be_done_can_be_broken_off_anywhere(steps):
    fault = out_of_order(steps)
    first = fault[0][0] if fault else len(steps)
    for end in range(1, first + 1):
        assert out_of_order(steps[:end]) is None
    if fault:
        assert out_of_order(steps[: first + 1]) is not None
        found = steps
        for i in fault[0][:-1]:
            found = found[i].steps
        assert not isinstance(found[fault[0][-1]], Repeat | Day)
        assert isinstance(fault[1], RecordError) and "\n" not in str(fault[1])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_nothing_is_done_to_a_tooth_that_is_out(step):
    fault = out_of_order((Extract(), Rest(duration=60.0), step))
    assert (fault is None) == isinstance(step, PEOPLE)
    assert out_of_order((step,)) is None  # what the tooth brings with it is not known
    assert out_of_order((*PAUSES, Varnish(fluoride=0.0226, duration=60.0), step)) is None


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_what_is_taken_off_covers_nothing(step):
    for cover in (Seal(material="resin"), Fill(material="composite"), Inlay(material="gold"), Crown(material="gold")):
        assert out_of_order((cover, TakeOff(), step)) is None
        assert out_of_order((cover, Excavate(criterion="firm"), step)) is None or cover.kind != "seal"


@pytest.mark.parametrize(
    ("cover", "kept_out"),
    [
        (Seal(material="resin"), {"deproteinise", "line", "cap"}),
        (Fill(material="composite"), {"excavate", "deproteinise", "line", "cap"}),
        (Inlay(material="gold"), {"excavate", "deproteinise", "line", "cap", "inlay"}),
        (Onlay(material="gold"), {"excavate", "deproteinise", "line", "cap", "inlay", "onlay"}),
        (
            Crown(material="gold"),
            {"excavate", "deproteinise", "line", "cap", "inlay", "onlay", "crown", "etch", "infiltrate", "seal"},
        ),
    ],
    ids=lambda part: getattr(part, "kind", ""),
)
def test_what_a_cover_keeps_out_on_another_day(cover, kept_out):
    refused = {step.kind for step in STEPS if out_of_order((cover, Rest(duration=60.0), step))}
    assert refused == kept_out


@pytest.mark.parametrize("pause", PAUSES, ids=lambda step: step.kind)
def test_a_visit_ends_with_a_pause(pause):
    acid = Etch(acid="phosphoric acid", strength=0.37, duration=15.0)
    for cover in (Fill(material="composite"), Inlay(material="gold"), Onlay(material="gold")):
        assert out_of_order((cover, Review(), acid))[0] == (2,)
        assert out_of_order((cover, pause, acid)) is None
    assert out_of_order((Seal(material="resin"), acid)) is None


@pytest.mark.parametrize("step", [step for step in STEPS if isinstance(step, ONCE)], ids=lambda step: step.kind)
def test_what_is_done_once_is_not_repeated(step):
    assert out_of_order((Repeat(count=1, steps=(step,)),)) is None
    place, error = out_of_order((Isolate(), Repeat(count=7, steps=(Rest(duration=60.0), Repeat(count=1, steps=(step,))))))
    assert place == (1, 1, 0) and "is repeated 7 times" in str(error)
    with pytest.raises(ValueError, match=r"steps\[0\]\.steps\[0\]: .* is repeated 2 times"):
        Protocol(steps=(Repeat(count=2, steps=(step,)),))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_no_treatment_is_part_of_a_day_at_home(step):
    place, error = out_of_order((Day(steps=(Rest(duration=60.0), step)),))
    assert place == (0, 1) and "stands inside 'day:'" in str(error) and "at home" in error.why
