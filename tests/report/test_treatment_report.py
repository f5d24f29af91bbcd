"""The report of a treated tooth: one well-formed file that needs nothing else, shows the tooth in section and says everything."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from amelo.errors import CommandError, FileError
from amelo.report.treatment import treatment_html, treatment_report
from amelo.report.treatment_summary import treatment_summary
from amelo.report.treatment_words import harm_rows, how_it_was_computed, mineral_gap, outcome_rows, step_rows
from amelo.twin.tooth.look import HARMS, MEASURES
from amelo.twin.tooth.trajectory import ToothTrajectory
from treated import SELECTIVE, InventedProjection, treated

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def trajectory() -> ToothTrajectory:
    return replace(treated(), projection=InventedProjection())


@pytest.fixture(scope="module")
def page(trajectory) -> str:
    return treatment_html(trajectory)


@pytest.fixture(scope="module")
def tree(page) -> ET.Element:
    return ET.fromstring(page)


def words(tree: ET.Element) -> str:
    return " ".join(" ".join(tree.itertext()).split())


def rows_of(tree: ET.Element, head: str) -> list[list[str]]:
    """Return the cells of the table whose first head is ``head``."""
    (table,) = [t for t in tree.iter("table") if words(next(t.iter("th"))) == head]
    return [[words(cell) for cell in row.iter("td")] for row in table.iter("tr")][1:]


def test_it_is_well_formed_html_with_every_section(page, tree):
    assert page.startswith("<!DOCTYPE html>") and tree.tag == "html" and tree.attrib["lang"] == "en"
    assert [e.text for e in tree.iter("h2")] == [
        "What was asked",
        "The tooth before and after",
        "What was done",
        "Outcomes",
        "Harm",
        "The pulp and the tissue over time",
        "The years after",
        "What was assumed",
        "Constants",
        "References",
        "Where this comes from",
    ]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1][:5]
    for target in re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', page):
        assert target in ids, target


def test_it_needs_nothing_from_elsewhere(page, tree):
    for e in tree.iter():
        for key, value in e.attrib.items():
            if key.rpartition("}")[2] in ("src", "href", "data"):
                assert value.startswith("#"), (e.tag, value)
        assert e.tag not in ("link", "iframe", "img")
    assert "@import" not in page and "url(http" not in page
    assert [e.attrib["type"] for e in tree.iter("script")] == ["application/json"]


def test_it_has_a_dark_and_a_light_set_of_colours_and_prints(page):
    assert "@media (prefers-color-scheme: dark)" in page and "@media print" in page and "color-scheme: light dark" in page
    declared = set(re.findall(r"(--[a-z]+):", page))
    used = set(re.findall(r"var\((--[a-z]+)\)", page))
    assert used and used <= declared
    for whose in (":root", "svg.section"):
        sets = [set(re.findall(r"(--[a-z]+):", block)) for block in re.findall(rf"{re.escape(whose)} \{{([^}}]*)\}}", page)]
        assert len(sets) == 3 and sets[0] == sets[1] == sets[2], whose  # no colour of one set shines through in another
        declared -= sets[0]
    assert not declared


def test_it_says_what_it_is_and_what_was_asked(tree, trajectory):
    text = words(tree)
    assert "Research and teaching software, not a medical device." in text
    assert "lower left first molar 36 of Kira, 60.03 d, 24 members that differ in what is not known." in text
    assert next(tree.iter("pre")).text == trajectory.provenance.protocol.strip()
    for sentence in (*trajectory.warnings, *trajectory.provenance.assumptions):
        assert sentence in text


def test_outcomes_and_harms_have_unit_interval_and_definition(tree, trajectory):
    rows = rows_of(tree, "outcome")
    assert [row[0] for row in rows] == [m.label for m in MEASURES]
    assert [row[5] for row in rows] == [m.definition for m in MEASURES] and all(len(row) == 6 and row[4] for row in rows)
    assert rows[0][1:5] == list(outcome_rows(trajectory)[0][1:5])
    harms = rows_of(tree, "harm since the start")
    assert [row[0] for row in harms] == [*(h.label for h in HARMS), "fractures within 2 years"]
    assert harms[-1][1:4] == ["0.031", "0.010 to 0.070", "1"]
    without = replace(trajectory, projection=None)
    assert len(harm_rows(without)) == len(HARMS)
    assert "Fractures were not looked at: they belong to the years after." in treatment_html(without)
    assert "The years after" not in [e.text for e in ET.fromstring(treatment_html(without)).iter("h2")]


def test_steps_are_numbered_with_minutes_price_and_consent(tree, trajectory):
    rows = step_rows(trajectory)
    assert [row[0] for row in rows] == [str(k + 1) for k in range(7)] and rows[5][3:] == ("–", "–", "–")
    assert rows[4][1:] == ("fill with composite for 25 min", "15.2 min", "25", "1.00", "operative")
    (visits,) = tree.iter("ol")
    items = [words(item) for item in visits.findall("li")]
    assert len(items) == 3 and items[0].startswith("start , 40 min in the chair") and "rest 60 d" in items[1]
    assert "consent: operative" in words(tree)


def test_what_no_equation_carries_is_said_and_what_is_paid_without_a_chair_has_its_price():
    done = treated("varnish 22600 ppm F for 4 h\nrest 20 d", members=2)
    assert done.cost > 0.0 and done.chair_time == 0.0
    assert step_rows(done)[0][3:] == ("–", f"{done.cost:.2f}", "–")
    page = treatment_html(done)
    assert f"varnish 22600 ppm F for 4 h (price {done.cost:.2f})" in page
    assert "what trials found of varnish_permanent (&#x27;amelo evidence varnish_permanent&#x27;) is left out" in page
    assert "counts in the years after only" in treatment_html(replace(done, projection=InventedProjection()))


def test_the_years_after_have_outcomes_sources_and_states(tree):
    rows = rows_of(tree, "after 2 years")
    assert [row[0] for row in rows] == ["tooth kept", "cost", "fracture"]  # what never happens is left out
    assert rows[1][1:4] == ["1.25", "0.5 to 2.5", "two-surface composite"] and rows[0][5] == "opdam2014 laske2016"
    assert rows_of(tree, "year") == [["0", "100.0", "0.0"], ["1", "90.0", "10.0"], ["2", "80.0", "20.0"]]
    assert "opdam2014" in words(tree)


def test_pictures_are_told_in_words(tree):
    drawn = [e for e in tree.iter(f"{SVG}svg") if e.attrib.get("class") == "section"]
    assert len(drawn) == 2 and all(e.attrib["role"] == "img" and e.attrib["tabindex"] == "0" for e in drawn)
    before, after = (e.attrib["aria-label"] for e in drawn)
    assert before.startswith("Before. The floor lies") and "nothing covers it" in before and "the pulp lives" in before
    assert (
        after.startswith("After. The floor lies") and "a filling of composite covers it over a liner of calcium silicate" in after
    )
    assert all(e.attrib.get("aria-label") for e in tree.iter(f"{SVG}svg"))
    captions = [words(e) for e in tree.iter("figcaption")]
    assert captions[0] in before and captions[1] in after and len(captions) == 4


def test_the_data_are_those_of_the_trajectory(tree, trajectory):
    (script,) = tree.iter("script")
    assert json.loads(script.text) == json.loads(json.dumps(treatment_summary(trajectory)))


def test_hostile_names_and_texts_do_not_break_the_page(trajectory):
    nasty = '</script><script>alert("x")</script> & <b> \x07 ]]> --> $x_{ 歯 &amp; €'
    origin = replace(
        trajectory.provenance, specimen_name=nasty, protocol=nasty, specimen=nasty, assumptions=(nasty,), options={"a": nasty}
    )
    events = tuple(replace(event, label=nasty) for event in trajectory.events)
    found = ET.fromstring(treatment_html(replace(trajectory, provenance=origin, events=events)))
    (script,) = found.iter("script")
    assert json.loads(script.text)["tooth"] == nasty


def test_how_it_was_computed_needs_the_books(trajectory, tmp_path):
    assert mineral_gap(trajectory) < 1e-10 and "books of mineral closed to" in how_it_was_computed(trajectory)
    back = ToothTrajectory.load(trajectory.save(tmp_path / "tooth.nc"))
    assert "books of mineral" not in how_it_was_computed(back) and "24 of 24 members" in how_it_was_computed(back)
    again = ET.fromstring(treatment_html(back))  # a file is enough for a report
    assert [words(e) for e in again.iter("figcaption")][:2] == [
        words(e) for e in ET.fromstring(treatment_html(trajectory)).iter("figcaption")
    ][:2]


def test_one_member_makes_a_report_without_ranges(tmp_path):
    path = treatment_report(treated(SELECTIVE, members=1), tmp_path / "one.html")
    page = path.read_text("utf-8")
    ET.fromstring(page)
    assert "5–95" not in page and "One member: no range is known." in page
    with pytest.raises(FileError, match="is there already"):
        treatment_report(treated("rest 1 d", members=1), path)
    with pytest.raises(CommandError, match="use .html"):
        treatment_report(treated("rest 1 d", members=1), tmp_path / "one.txt")
    assert treatment_report(treated("extract", members=2), path, force=True) == path
    assert "The tooth was taken out." in path.read_text("utf-8")
