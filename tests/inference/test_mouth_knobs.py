"""Numbers of what is done in a mouth: how they are named, what they move, and that a day stays a day."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from synthetic_profiles import specimen

from amelo.inference.knobs import knobs_of, mouth_moves, turned
from amelo.inference.sensitivity import sensitivity
from amelo.protocol.compile import mouths_of
from amelo.protocol.record import Protocol
from amelo.protocol.steps import Day
from amelo.records.case import load_case
from amelo.twin.schedule import duration

CASE = load_case(Path(__file__).resolve().parents[2] / "cases" / "kira.json")
OPEN = """day:
    sleep 7 h
    meal sugar 8 % for 15 min
    rest 2 h
    brush with 1450 ppm F paste for 2 min
    repeat 2 times:
        drink cola for 10 min
        rest 30 min
"""
PLAIN = """varnish 22600 ppm F for 4 h
repeat 3 times:
    meal sugar 10 % pH 4 for 10 min
    rest 1 h
    rinse with 226 ppm F for 30 s
    rest 5 h
"""


def by_name(text, case=None):
    return {knob.name: knob for knob in knobs_of(Protocol.parse(text), case) if knob.moves}


def test_every_number_has_a_name_a_unit_and_a_value():
    shown = {name: (knob.shown, knob.kind.unit) for name, knob in by_name(PLAIN).items()}
    assert shown["step 1 (varnish) fluoride"] == (pytest.approx(22600), "ppm F")
    assert shown["step 1 (varnish) duration"] == (pytest.approx(240), "min")
    assert shown["step 2.1 (meal) sugar"] == (pytest.approx(10), "%") and shown["step 2.1 (meal) pH"] == (4.0, "pH")
    assert shown["step 2.2 (rest) duration"] == (pytest.approx(1), "h")
    assert shown["step 2.3 (rinse) volume"][1] == "mL" and shown["step 2.3 (rinse) volume"][0] > 1  # the usual one
    assert shown["step 2.3 (rinse) hour"] == (pytest.approx(1 + 1 / 6), "h")
    assert shown["step 1 (varnish) mass"][1] == "g" and "step 2.1 (meal) hour" not in shown  # nothing before it gives way
    day = by_name(OPEN)
    assert "step 1.2 (meal at 07:00) sugar" in day and "step 1.5.1 (drink) pH" in day
    assert by_name("day of case") == {}
    kira = by_name("day of case", CASE)
    assert kira["step 1.3 (day of case, meal at 07:30) sugar"].shown == pytest.approx(8)
    assert kira["step 1.3 (day of case, meal at 07:30) hour"].shown == pytest.approx(7.5)


SLOW = pytest.param(
    "repeat 2 times:\n    day of case",
    CASE,
    marks=pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="slow: set AMELO_SLOW=1"),
)


@pytest.mark.parametrize(("text", "case"), [(OPEN, None), (PLAIN, None), SLOW])
def test_turned_numbers_read_back_and_a_day_keeps_its_hours(text, case):
    protocol = Protocol.parse(text)
    schedule, mouths = mouths_of(protocol, case)
    solved = set()
    for knob in knobs_of(protocol, case):
        by = min(0.02 * knob.value, knob.room)
        other = turned(protocol, knob, knob.value + by, case)
        back = [k for k in knobs_of(other, case) if (k.path, k.field) == (knob.path, knob.field)]
        assert [k.value for k in back] == [pytest.approx(knob.value + by)], knob.name
        if isinstance(protocol.steps[-1], Day) or case:  # a day keeps its hours, whatever is turned in it
            assert duration(other.schedule(case, mouths)) == pytest.approx(duration(schedule), abs=1e-6), knob.name
        if knob.kind not in solved:  # half a second each, so one of every kind
            solved.add(knob.kind)
            assert len(mouths_of(other, case)[1].stretches[0].paths) == len(mouths.stretches[0].paths)


def test_what_a_number_moves():
    protocol = Protocol.parse(OPEN)
    knobs = by_name(OPEN)
    moves = {(m.path, m.field): m.share for m in mouth_moves(protocol, knobs["step 1.5.2 (rest) duration"])}
    assert moves == {((0, 4, 1), "duration"): 1.0, ((0, 5), "duration"): -2.0}  # twice in the day, whose last rest gives way
    moves = {(m.path, m.field): m.share for m in mouth_moves(protocol, knobs["step 1.2 (meal at 07:00) hour"])}
    assert moves == {((0, 0), "duration"): 1.0, ((0, 2), "duration"): -1.0}
    (paste,) = mouth_moves(protocol, knobs["step 1.4 (brush at 09:15) mass"])
    assert paste.field == "volume" and paste.share == pytest.approx(1 / 1300)
    full = by_name("day of case", CASE)["step 1.3 (day of case, meal at 07:30) duration"]
    moves = mouth_moves(Protocol.parse("day of case"), full, CASE)
    assert [(m.path, m.share) for m in moves] == [((0, 2), 1.0), ((0, 3), -1.0)]
    assert full.room == pytest.approx(300)  # half of the ten minutes before the brush


def test_a_mouth_is_told_in_a_table():
    text = "meal sugar 10 % for 10 min\nrest 50 min\nrinse with 226 ppm F for 30 s\nrest 2 h"
    quick = sensitivity(specimen(), text, parts="protocol", ends="gradient")
    rows = {row.name: row for row in quick.rows}
    assert quick.derivatives.startswith("the adjoint of one run") and quick.notes == () and quick.members == 2
    assert rows["step 1 (meal) sugar"].span == "9 to 11 %" and rows["step 3 (rinse) hour"].unit == "h"
    solved = sensitivity(specimen(), text, parts="protocol")
    assert {row.name for row in solved.rows} == set(rows)
    for row in solved.rows:
        assert row.derivative == pytest.approx(rows[row.name].derivative, rel=1e-9)
        assert row.effect == pytest.approx(rows[row.name].effect, rel=0.1, abs=2e-3 * abs(solved.value)), row.name
