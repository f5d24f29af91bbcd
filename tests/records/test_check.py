"""From parsed JSON to a record: every kind of finding in amelo's own words, at its own place, without other values."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import RecordError
from amelo.records.case import Case
from amelo.records.check import build, problems
from amelo.report.chart import chart_text
from amelo.report.chart_svg import chart_svg

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}


def case(**parts):
    return BASE | parts


def tooth(fdi="36", **parts):
    return case(teeth={fdi: parts})


def finding(fdi="36", **parts):
    return tooth(fdi, status="present", findings=[{"surface": "O"} | parts])


CONSENT = {"reference": "c-1", "purposes": ["care"]}

# what is wrong: the data, the place, and what the sentence says
WRONG = [
    pytest.param({}, "pseudonym", ["'pseudonym' is missing", "and 2 more problems"], id="nothing"),
    pytest.param(case(salvia={}), "salvia", ["'salvia' is not a known key; did you mean 'saliva'?"], id="misspelt part"),
    pytest.param(case(**{"flow-rate": 1}), "flow-rate", ["'flow-rate' is not a known key"], id="misspelt key with a hyphen"),
    pytest.param(case(saliva={"calcuim": 1}), "saliva.calcuim", ["not a known key; did you mean 'calcium'?"], id="misspelt deep"),
    pytest.param(
        finding(radiografh="D1"),
        "teeth.36.findings[0].radiografh",
        ["did you mean 'radiograph'?"],
        id="misspelt in a list in a mapping",
    ),
    pytest.param(
        case(genotype={"vcf": {"path": "a.vcf", "sha256": "0" * 64, "assembley": "GRCh38"}}),
        "genotype.vcf.assembley",
        ["did you mean 'assembly'?"],
        id="misspelt in one branch of a union",
    ),
    pytest.param(case(sex="femal"), "sex", ["'femal' is not a valid value; did you mean 'female'?"], id="misspelt word"),
    pytest.param(case(origin="x"), "origin", ["'x' is not a valid value; use one of synthetic, clinical"], id="no near word"),
    pytest.param(tooth(periodontal={"X": {}}), "teeth.36.periodontal.X", ["use one of MB, B, DB, ML, L, DL"], id="unknown site"),
    pytest.param(tooth("3-6", status="x"), "teeth.3-6.status", ["'x' is not a valid value"], id="the key of a mapping is kept"),
    pytest.param(case(saliva={"calcium": 1300}), "saliva.calcium", ["1300 is out of range; allowed 0 to 20 mmol/L"], id="too high"),
    pytest.param(
        case(saliva={"unstimulated_flow": -0.1}),
        "saliva.unstimulated_flow",
        ["-0.1 is out of range; allowed 0 to 3 mL/min"],
        id="negative",
    ),
    pytest.param(case(saliva={"pH": 41}), "saliva.pH", ["41 is out of range; allowed 4 to 9$"], id="no unit"),
    pytest.param(finding(icdas=7), "teeth.36.findings[0].icdas", ["7 is out of range; allowed 0 to 6"], id="a score"),
    pytest.param(finding(lesion_depth=float("nan")), "teeth.36.findings[0].lesion_depth", ["nan is not a number"], id="nan"),
    pytest.param(case(saliva={"pH": "6,8"}), "saliva.pH", ["'6,8' is not a number or \"unknown\""], id="text for a number"),
    pytest.param(case(saliva={"pH": True}), "saliva.pH", ["True is not a number"], id="true for a number"),
    pytest.param(case(saliva={"pH": None}), "saliva.pH", ['None is not a number or "unknown"'], id="null for a number"),
    pytest.param(finding(icdas=2.5), "teeth.36.findings[0].icdas", ["2.5 is not a whole number"], id="half a score"),
    pytest.param(case(medical={"reflux": "yes"}), "medical.reflux", ["'yes' is not true or false or \"unknown\""], id="yes"),
    pytest.param(case(medical={"reflux": 1}), "medical.reflux", ["1 is not true or false"], id="one for true"),
    pytest.param(case(saliva=7), "saliva", ["7 is not an object {…}"], id="number for an object"),
    pytest.param(case(teeth=["36"]), "teeth", ["['36'] is not an object"], id="list for an object"),
    pytest.param(tooth(findings={"surface": "O"}), "teeth.36.findings", ["is not a list […]"], id="object for a list"),
    pytest.param(case(consent=True), "consent", ['True is not an object {…} or "unknown"'], id="no consent record"),
    pytest.param(case(notes=5), "notes", ["5 is not text"], id="number for text"),
    pytest.param(case(notes="x" * 10_001), "notes", ["it has 10001 characters; allowed at most 10000"], id="long text"),
    pytest.param(
        case(consent=CONSENT | {"purposes": []}),
        "consent.purposes",
        ["it has 0 entries; allowed at least 1"],
        id="no purpose",
    ),
    pytest.param(
        case(diet={"meals": [{"at": "8am", "what": "meal"}]}),
        "diet.meals[0].at",
        ["'8am' has not the form it should have; time of day, HH:MM"],
        id="wrong form",
    ),
    pytest.param(case(recorded_on="5.1.2026"), "recorded_on", ["is not a date such as 2026-03-31"], id="wrong date"),
    pytest.param(case(recorded_on=20260105), "recorded_on", ["20260105 is not a date such as"], id="number for a date"),
    pytest.param(case(recorded_on="2026-01-05T10:00:00"), "recorded_on", ["is not a date such as"], id="date with a time"),
    pytest.param(case(recorded_on="2026-02-30"), "recorded_on", ["not a date of the calendar; check month and day"], id="no day"),
    pytest.param(
        case(history=[{"on": "0198-01-01", "what": "filled"}]),
        "history[0].on",
        ["0198-01-01 is too long ago; allowed 1900-01-01 to"],
        id="a date of long ago",
    ),
    pytest.param(
        case(consent=CONSENT | {"given_on": "2999-01-01"}),
        "consent.given_on",
        ["2999-01-01 is in the future; allowed 1900-01-01 to"],
        id="a date to come",
    ),
    pytest.param(
        finding("11"), "teeth.11.findings[0].surface", ["'O' is not a surface of tooth 11; use one of M, I, D, F, P"], id="surface"
    ),
    pytest.param(tooth("39"), "teeth.39", ["'39' is not a tooth; FDI numbers are 11-18"], id="tooth"),
]


@pytest.mark.parametrize(("data", "place", "words"), WRONG)
def test_one_sentence_says_what_is_wrong_and_where(data, place, words):
    with pytest.raises(RecordError) as caught:
        build(Case, data, "cases/x.json")
    sentence = str(caught.value)
    assert sentence.startswith(f"cases/x.json: {place}: ")
    assert "\n" not in sentence
    for word in words:
        assert sentence.endswith(word[:-1]) if word.endswith("$") else word in sentence, sentence
    assert sentence in [str(problem) for problem in problems(Case, data, "cases/x.json")] or "more problem" in sentence


@pytest.mark.parametrize("data", [[], "x", None, 5, True])
def test_only_an_object_is_a_record(data):
    with pytest.raises(RecordError, match=r"^x.json: .* is not an object; write \{ … \}$"):
        build(Case, data, "x.json")
    assert len(problems(Case, data, "x.json")) == 1


def test_a_valid_record_has_no_problems():
    assert problems(Case, BASE, "x.json") == []
    assert build(Case, BASE, "x.json").pseudonym == "Test-1"


def test_every_problem_is_listed_once_and_the_first_says_how_many_follow():
    data = case(sex="x", saliva={"pH": 99, "calcium": "much"}, diet={"meals": [{"at": "8", "what": "meal"}]})
    found = [str(problem) for problem in problems(Case, data, "x.json")]
    places = [re.match(r"x\.json: ([^:]+): ", sentence)[1] for sentence in found]
    assert sorted(places) == ["diet.meals[0].at", "saliva.calcium", "saliva.pH", "sex"]
    with pytest.raises(RecordError, match="and 3 more problems$"):
        build(Case, data, "x.json")
    with pytest.raises(RecordError, match="and 1 more problem$"):
        build(Case, case(sex="x", origin="y"), "x.json")


def test_nothing_of_a_patient_is_printed_beyond_the_one_value():
    secret = {"notes": "private", "history": [{"on": "2020-01-01", "what": "private"}], "medical": {"conditions": ["private"]}}
    for part in ({"saliva": {"pH": 99}}, {"sexx": "private"}, {"teeth": {"99": {"note": "private"}}}):
        for problem in problems(Case, BASE | secret | part, "x.json"):
            assert "private" not in str(problem)


def test_a_long_value_or_key_is_cut_short():
    for part in ({"sex": "y" * 500}, {"k" * 500: 1}, {"teeth": {"t" * 500: {}}}, {"consent": list(range(500))}):
        with pytest.raises(RecordError) as caught:
            build(Case, BASE | part, "x.json")
        assert len(str(caught.value)) < 300


def test_the_words_of_pydantic_never_show():
    for entry in WRONG:
        for problem in problems(Case, entry.values[0], "x.json"):
            assert not re.search(r"Input should|pydantic|validation error|literal\[|function-", str(problem)), problem


KIRA = json.loads(Path(__file__).parents[2].joinpath("cases", "kira.json").read_text("utf-8"))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["unknown", "none", "missing", "root", "O", "M", "11", "1990-01-01"]),
    st.just([]),
    st.just({}),
    st.just(["x"]),
    st.just({"surface": "O"}),
)


def places(value, path=()):
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in places(KIRA) if path]), ODD, st.text(max_size=5) | st.just(None))
def test_one_odd_value_anywhere_is_a_sentence_or_a_case_that_can_be_written_and_drawn(path, odd, extra):
    data = copy.deepcopy(KIRA)
    *way, last = path
    here = data
    for key in way:
        here = here[key]
    here[last] = odd
    if extra is not None and isinstance(here, dict):
        here[extra] = odd
    found = problems(Case, data, "x.json")
    if found:
        assert all(str(problem).startswith("x.json: ") for problem in found)
        assert not any(re.search(r"Input should|literal\[|function-", str(problem)) for problem in found)
        return
    case = build(Case, data, "x.json")
    assert build(Case, json.loads(case.to_json()), "again") == case
    assert case.summary().startswith(case.pseudonym)
    ElementTree.fromstring(chart_svg(case))
    assert chart_text(case)
