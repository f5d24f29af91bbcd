"""The tooth chart, in text and as SVG: complete, readable without colour, the right way round, and safe."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from amelo.records.case import Case, load_case
from amelo.records.check import build
from amelo.records.teeth import ALL_TEETH, PERMANENT, side, surfaces
from amelo.report.chart import MARKS, chart_text, describe, marks
from amelo.report.chart_svg import STYLES, chart_svg

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
SVG = "{http://www.w3.org/2000/svg}"


def make(**teeth) -> Case:
    return build(Case, BASE | {"teeth": {key.strip("t"): value for key, value in teeth.items()}}, "test")


def shapes(case: Case) -> dict[tuple[str, str], ET.Element]:
    tree = ET.fromstring(chart_svg(case))
    return {(e.get("data-tooth"), e.get("data-surface")): e for e in tree.iter(f"{SVG}path") if e.get("data-surface")}


def centre_x(shape: ET.Element) -> float:
    points = [float(x) for x, _ in re.findall(r"([\d.]+) ([\d.]+)", shape.get("d"))]
    return sum(points) / len(points)


def centre_y(shape: ET.Element) -> float:
    points = [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", shape.get("d"))]
    return sum(points) / len(points)


def test_every_tooth_has_its_five_surfaces_once(root):
    drawn = shapes(load_case(root / "cases/mila-hypomineralisation.json"))
    assert set(drawn) == {(str(fdi), letter) for fdi in ALL_TEETH for letter in surfaces(fdi)}
    adult = shapes(load_case(root / "cases/kira.json"))
    assert set(adult) == {(str(fdi), letter) for fdi in PERMANENT for letter in surfaces(fdi)}


def test_mesial_lies_towards_the_midline_and_the_tongue_inside():
    drawn = shapes(make(t55={"status": "present"}))
    for fdi in ALL_TEETH:
        mesial, _, distal, outer, inner = (drawn[str(fdi), letter] for letter in surfaces(fdi))
        assert (centre_x(mesial) > centre_x(distal)) == (side(fdi) == "right"), fdi
        upper = fdi // 10 in (1, 2, 5, 6)
        assert (centre_y(inner) > centre_y(outer)) == upper, fdi


def test_a_finding_colours_its_own_surface_and_no_other():
    drawn = shapes(make(t36={"status": "present", "findings": [{"surface": "M", "radiograph": "D2"}]}))
    states = {key: shape.get("data-state") for key, shape in drawn.items() if key[0] in ("36", "46")}
    assert states.pop(("36", "M")) == "dentine"
    assert {states["36", letter] for letter in "ODBL"} == {"sound"}
    assert {states["46", letter] for letter in "MODBL"} == {"unknown"}


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        ({"surface": "O", "icdas": 2}, "enamel"),
        ({"surface": "O", "icdas": 5}, "dentine"),
        ({"surface": "O", "radiograph": "E2"}, "enamel"),
        ({"surface": "O", "radiograph": "D1"}, "dentine"),
        ({"surface": "O", "defect": "hypoplasia"}, "defect"),
        ({"surface": "O", "icdas": 0}, "sound"),
    ],
)
def test_states_of_a_surface(finding, state):
    shape = shapes(make(t36={"status": "present", "findings": [finding]}))["36", "O"]
    assert shape.get("data-state") == state
    assert shape.get("fill") == STYLES[state][0]


def test_every_surface_can_be_reached_and_read_aloud(root):
    for (tooth, _), shape in shapes(load_case(root / "cases/kira.json")).items():
        assert shape.get("tabindex") == "0" and shape.get("role") == "img"
        assert shape.get("aria-label").startswith(f"{tooth} ")
        assert shape.find(f"{SVG}title").text == shape.get("aria-label")
    label = shapes(load_case(root / "cases/kira.json"))["36", "O"].get("aria-label")
    assert label == "36 occlusal: occlusal ICDAS 6, radiograph D3, active, depth 4200 µm"


def test_states_differ_by_pattern_and_not_by_colour_alone():
    fills = [fill for fill, _ in STYLES.values()]
    assert len(set(fills)) == len(fills)
    assert sum(fill.startswith("url(#hatch-") for fill in fills) >= 4


def test_the_picture_is_self_contained_and_escapes_what_patients_write():
    case = build(
        Case, BASE | {"teeth": {"36": {"status": "present", "note": "<script>alert(1)</script>"}}, "notes": "<b>&"}, "test"
    )
    text = chart_svg(case)
    ET.fromstring(text)
    assert "<script" not in text and "href" not in text and "http://www.w3.org/2000/svg" in text
    assert "alert" not in text


@pytest.mark.parametrize("name", ["kira", "mila-hypomineralisation", "greta-dry-mouth", "felix-healthy", "tomas-amelogenesis"])
def test_the_terminal_chart_needs_no_colour_and_fits(root, name):
    case = load_case(root / f"cases/{name}.json")
    plain = chart_text(case)
    assert "\x1b" not in plain
    head, *lines = plain.splitlines()
    assert head == case.summary()
    assert max(len(line) for line in lines) <= 112
    assert all(len(line) <= 80 for line in lines if re.match(r"^\s+(\d\d\s+){4}", line))
    coloured = chart_text(case, colour=True)
    assert re.sub(r"\x1b\[\d+m", "", coloured).replace(" ", "") == plain.replace(" ", "")


def test_the_terminal_chart_has_codes_and_a_legend_of_what_occurs(root):
    text = chart_text(load_case(root / "cases/kira.json"))
    assert "OD3" in text and "ME2" in text
    assert "n pulp not normal" in text and "b orthodontic" not in text
    assert "36 lower left first molar: occlusal ICDAS 6, radiograph D3, active" in text
    assert "x missing" in text and "I implant" not in text
    upper = next(line for line in text.splitlines() if " 18 " in line)
    assert upper.index("18") < upper.index("11") < upper.index("|") < upper.index("21") < upper.index("28")


def test_an_empty_chart_knows_nothing():
    text = chart_text(make())
    assert text.count("?") >= 32
    assert "o present" not in text


def test_words_and_marks_tell_everything():
    case = make(
        t16={
            "status": "present",
            "findings": [
                {
                    "surface": "B",
                    "site": "root",
                    "icdas_root": 2,
                    "activity": "active",
                    "lesion_depth": 250,
                    "integrated_mineral_loss": 4000,
                }
            ],
            "restorations": [{"surfaces": ["O"], "kind": "filling", "material": "amalgam", "age": 12, "condition": "fractured"}],
            "periodontal": {"DB": {"probing_depth": 6}},
            "mobility": 2,
            "root_treated": True,
            "hypersensitivity": 1,
            "pulp_diagnosis": "previously treated",
            "orthodontic_attachment": "band",
        }
    )
    words = describe(case.tooth(16))
    for part in (
        "buccal root root code 2, active, depth 250 µm, ΔZ 4000 vol%·µm",
        "amalgam filling O, 12 years, fractured",
        "pocket 6 mm DB",
        "mobility 2",
    ):
        assert part in words
    assert set(marks(case.tooth(16))) == {"b", "s", "n", "t", "p", "m"}
    assert set(MARKS) >= set(marks(case.tooth(16)))
