"""A protocol as a timeline: visits, days, minutes, consent, and words that can be read aloud."""

from __future__ import annotations

import pytest

from amelo.errors import AmeloError
from amelo.plan.design import SETTLE, Design, Nano
from amelo.plan.rollout import operations_of
from amelo.plan.timeline import CONSENT, timeline

TWO_VISITS = Design(habits=True, first=Nano("caps-400", 1e9), gap=14.0, surface="seal ionomer")


def test_visits_days_minutes_and_consent_of_two_visits():
    t = timeline(TWO_VISITS.text())
    assert [line.number for line in t.lines] == list(range(1, len(t.lines) + 1))
    assert t.visits == 2 and {line.visit for line in t.lines} == {0, 1, 2}
    first, second = ([line for line in t.lines if line.visit == k] for k in (1, 2))
    assert first[0].day == pytest.approx(0.0) and second[0].day == pytest.approx(14.0, abs=0.05)
    assert t.consents[0] == "research" and set(t.consents) <= set(CONSENT)
    assert t.chair == pytest.approx(sum(line.minutes for line in (*first, *second)))
    assert t.chair > 20.0  # the bath of carriers alone
    assert t.cost == pytest.approx(sum(op.price for op in operations_of(TWO_VISITS.text())))
    habits = [line for line in t.lines if "brush twice daily" in line.words]
    assert habits[0].consent == "none" and habits[0].visit == 0


def test_it_is_read_aloud_in_numbered_sentences_with_the_visit_before_its_steps():
    said = timeline(TWO_VISITS.text()).aloud()
    assert said.index("Visit 1, day 0:") < said.index("Visit 2, day 14:")
    numbered = [line for line in said if not line.endswith(":")]
    assert [int(line.split(".")[0]) for line in numbered] == list(range(1, len(numbered) + 1))
    assert any("Then wait 14 days." in line for line in numbered) and any(
        f"Then wait {SETTLE:g} days." in line for line in numbered
    )
    assert all(line.rstrip().endswith(".") for line in numbered)
    assert any("per millilitre" in line for line in said) and not any("per mL" in line for line in said)


def test_waiting_has_no_visit_and_asks_for_no_consent():
    t = timeline(Design().text())
    assert (t.visits, t.chair, t.cost, t.consents) == (0, 0.0, 0.0, ("none",))
    assert t.to_list()[0]["rest"] is True


def test_an_excavation_is_operative_and_one_visit():
    t = timeline(Design(excavate="firm", leave=1.0, line="calcium silicate", cover="composite").text())
    assert t.visits == 1 and t.consents[0] == "operative"


def test_blocks_are_written_out_in_the_operations_of_a_whole_protocol():
    text = "repeat 2 times:\n    isolate\n    varnish 22600 ppm F for 6 h\n    rest 3 d\nrest 21 d"
    rows = operations_of(text)
    assert [op.step.kind for op in rows] == ["isolate", "varnish", "rest"] * 2 + ["rest"]
    assert operations_of(text)[0] is rows[0]  # the same objects, so that rollouts share what begins alike
    assert [op.step.kind for op in operations_of("isolate\nrest 2 d")] == ["isolate", "rest"]
    assert [op.step.kind for op in operations_of("isolate  # a dam\n\nrest 2 d")] == ["isolate", "rest"]


def test_an_unknown_step_is_refused_in_a_sentence():
    with pytest.raises(AmeloError, match="line 3"):
        operations_of("isolate\n\nsing 3 d")


def test_a_varnish_is_a_visit_of_minutes_although_it_stays_on_for_hours():
    t = timeline("varnish 22600 ppm F for 6 h\nrest 21 d")
    assert t.visits == 1 and 1.0 < t.chair < 30.0 and t.consents[0] == "routine"
    assert timeline("brush twice daily with 1450 ppm F\nrest 21 d").visits == 0
