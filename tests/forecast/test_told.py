"""What a line of a history tells of, and what it denies."""

from __future__ import annotations

import pytest

from amelo.forecast.restorations.patient import failures_told
from amelo.forecast.stages.patient import evidence_of
from amelo.forecast.told import tells
from amelo.forecast.tooth_loss.outlooks import _history
from amelo.records.case import Case

CARIES = ("caries", "decay")


def case(what: str, status: str = "present") -> Case:
    data = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-15", "age_band": "40-44"}
    history = [{"on": "2022-01-10", "what": "first visit"}, {"on": "2024-05-01", "tooth": 16, "what": what}]
    return Case.model_validate(data | {"teeth": {"16": {"status": status}}, "history": history})


@pytest.mark.parametrize(
    "what", ["Caries on the distal side", "no pain, caries excavated", "not restorable and decayed", "decay; sealed"]
)
def test_what_is_told(what):
    assert tells(what, CARIES)


@pytest.mark.parametrize(
    "what", ["No caries", "check-up: without decay", "caries-free", "caries ruled out, sealed", "free of caries", "crown"]
)
def test_what_is_denied_or_not_named(what):
    assert not tells(what, CARIES)


@pytest.mark.parametrize(
    ("what", "count"), [("caries, filled", 1), ("bitewing: no caries", 0), ("filling placed", 1), ("no filling needed", 0)]
)
def test_caries_of_a_mouth_is_counted_when_it_is_told(what, count):
    assert len(evidence_of(case(what)).affected) == count


@pytest.mark.parametrize(("what", "count"), [("filling fractured", 1), ("filling checked, not fractured", 0), ("crown lost", 1)])
def test_failures_are_counted_when_they_are_told(what, count):
    assert failures_told(case(what)) == count


@pytest.mark.parametrize(
    ("what", "status", "lost"),
    [
        ("extracted", "missing", 1.0),
        ("extraction", "implant", 1.0),
        ("extraction declined", "missing", 0.0),
        ("extracted", "present", 0.0),  # the chart is of today, and there it stands
    ],
)
def test_a_tooth_is_lost_when_the_history_says_so_and_the_chart_agrees(what, status, lost):
    found, years = _history(case(what, status))
    assert found == lost and 3.9 < years < 4.1
