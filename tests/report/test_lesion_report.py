"""The report of a lesion: one well-formed file that needs nothing else and says everything."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from amelo.errors import CommandError, FileError, SolveError
from amelo.report.lesion import lesion_html, lesion_report
from amelo.report.summary import depths_of, summary_of
from amelo.twin.measures import MEASURES
from amelo.twin.trajectory import Trajectory
from runs import PROTOCOL, SPECIMEN, make_run, make_trajectory

RATES = (30.0, 36.0, 42.0, 48.0)


@pytest.fixture(scope="module")
def page() -> str:
    return lesion_html(make_trajectory(rates=RATES, layer=12, failed=(3,), biofilm=4, hours=(0, 6, 12, 24, 48)))


@pytest.fixture(scope="module")
def tree(page) -> ET.Element:
    return ET.fromstring(page)


def words(tree: ET.Element) -> str:
    return " ".join(" ".join(tree.itertext()).split())


def test_it_is_well_formed_html_with_every_section(page, tree):
    assert page.startswith("<!DOCTYPE html>") and tree.tag == "html" and tree.attrib["lang"] == "en"
    titles = [e.text for e in tree.iter("h2")]
    assert titles == [
        "What was simulated",
        "How it ended",
        "Outcomes",
        "Pictures",
        "pH and saturation at depth",
        "Parameters",
        "Assumptions",
        "References",
        "Where this comes from",
    ]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1][:5]
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page):
        assert target in ids, target


def test_it_needs_nothing_from_elsewhere(page, tree):
    for e in tree.iter():
        for key, value in e.attrib.items():
            if key.rpartition("}")[2] in ("src", "href", "data"):
                assert value.startswith("#"), (e.tag, value)
        assert e.tag not in ("link", "iframe", "img")
    assert "@import" not in page and "url(http" not in page
    assert [e.attrib["type"] for e in tree.iter("script")] == ["application/json"]


def test_it_says_what_it_is_and_what_was_simulated(tree):
    text = words(tree)
    assert "Research and teaching software, not a medical device." in text
    pre = [e.text for e in tree.iter("pre")]
    assert pre == [PROTOCOL.strip(), SPECIMEN.strip()]
    assert "lactic slab, 48 h, 4 members that differ in uncertain parameters." in text
    assert "Note: 1 of 4 members have no answer and are left out; member 3: no solution at 7.5 h" in text
    assert "balances closed to 2e-13" in text and "Estimated numerical error of the mineral loss: 3 vol%·µm" in text


def test_every_outcome_has_interval_unit_and_definition(tree):
    tables = list(tree.iter("table"))
    (table,) = [t for t in tables if "5–95 %" in words(t)]
    rows = {cells[0]: cells for cells in ([words(c) for c in row] for row in table.iter("tr"))}
    for measure in MEASURES.values():
        label = " ".join(part for part in (measure.label, measure.symbol) if part)
        assert rows[label][4:] == [measure.unit, measure.definition], label
    _, value, spread, members, *_ = rows["integrated mineral loss ΔZ"]
    low, high = map(float, spread.split(" to "))
    assert low < float(value) < high and members == "3"
    assert rows["mineral gain"][1:4] == ["–", "", "0"]


def test_parameters_references_and_origin(tree):
    text = words(tree)
    assert "pk.HAp" in text and "mcdowell1977" in text and "Featherstone" in text
    assert "saliva proteins do not bind calcium" in text
    for part in ("made 20", "amelo 0.1.0", "numpy", "seed 7", '"tier": "full"', "computed in 0.31 s"):
        assert part in text, part
    assert len([e for e in tree.iter() if e.tag.endswith("figcaption")]) == 4


def test_the_data_are_those_of_the_trajectory(tree):
    (script,) = tree.iter("script")
    data = json.loads(script.text)
    again = summary_of(make_trajectory(rates=RATES, layer=12, failed=(3,), biofilm=4, hours=(0, 6, 12, 24, 48)))
    assert data == json.loads(json.dumps(again))
    assert data["units"]["integrated_mineral_loss"] == "vol%·µm" and data["units"]["lesion_depth"] == "µm"


def test_hostile_names_and_texts_do_not_break_the_page():
    made = make_trajectory()
    nasty = '</script><script>alert("x")</script> & <b> \x07 ]]> --> $x_{ 歯 &amp; €'
    origin = replace(
        made.provenance, specimen_name=nasty, protocol=nasty, specimen=nasty, assumptions=(nasty,), options={"a": nasty}
    )
    tree = ET.fromstring(lesion_html(Trajectory(made.run, origin)))
    assert len(list(tree.iter("script"))) == 1
    (script,) = tree.iter("script")
    assert json.loads(script.text)["specimen"] == nasty


def test_one_member_without_parameters_still_makes_a_report(tmp_path):
    run = replace(make_run(hours=(12,)), error=make_run().error * float("nan"), counts={})
    path = lesion_report(Trajectory.of(run, specimen_name="bare"), tmp_path / "bare.html")
    text = words(ET.parse(path).getroot())
    assert (
        "The numerical error of the mineral loss was not estimated." in text and "None were named." in text and "5–95" not in text
    )


def test_places_and_bad_runs(tmp_path):
    made, bad = make_trajectory(), make_trajectory(failed=(0,))
    path = tmp_path / "a.html"
    with pytest.raises(SolveError, match="the run has no answer"):
        lesion_report(bad, path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("mine")
    with pytest.raises(FileError, match="is there already; nothing was changed"):
        lesion_report(made, path)
    assert path.read_text() == "mine"
    lesion_report(made, path, force=True)
    assert ET.parse(path) and [p.name for p in tmp_path.iterdir()] == ["a.html"]
    with pytest.raises(CommandError, match="is not a report amelo can write; use .html"):
        lesion_report(made, tmp_path / "a.pdf")
    with pytest.raises(FileError, match="there is no folder"):
        lesion_report(made, tmp_path / "x" / "a.html")


def test_a_summary_is_plain_json_with_units_for_all_it_says():
    data = summary_of(make_trajectory(rates=RATES, biofilm=3))
    json.dumps(data, allow_nan=False)
    assert set(MEASURES) <= set(data) and set(MEASURES) <= set(data["units"])
    assert data["mineral_gain"] is None and data["surface_layer_mineral"] is None
    low, high = data["intervals"]["lesion_depth"]
    assert low < data["lesion_depth"] < high
    assert [row["depth"] for row in data["at_depth"]] == [0, 10, 25, 50, 100, 200, 300]
    assert data["at_depth"][0]["saturation_index"]["enamel"]["value"] < -1
    lengths = {len(v) for v in data["profile"].values() if isinstance(v, list)} | {
        len(v) for v in data["profile"]["totals"].values()
    }
    assert lengths == {60} and min(data["profile"]["depth"]) > 0
    assert len(data["series"]["time"]) == len(data["series"]["integrated_mineral_loss"]) == 4
    assert "intervals" not in summary_of(make_trajectory())
    assert depths_of(make_trajectory(depth=60.0)) == [0, 10, 25, 50, 60]
