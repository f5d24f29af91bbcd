"""The tooth chart as SVG: every surface once and the right way round, readable aloud and in black and white, and safe."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from amelo.records.case import Case, load_case
from amelo.records.check import build
from amelo.records.teeth import ALL_TEETH, PERMANENT, arch, contralateral, side, surfaces
from amelo.report.chart_svg import STYLES, chart_svg
from amelo.report.tooth_shapes import HEIGHT, Box, crown, width

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
SVG = "{http://www.w3.org/2000/svg}"


def make(teeth: dict, **parts) -> Case:
    return build(Case, BASE | parts | {"teeth": teeth}, "test")


def shapes(case: Case) -> dict[tuple[str, str], ET.Element]:
    """Return the surfaces of a chart, and check that each is drawn once."""
    found = [e for e in ET.fromstring(chart_svg(case)).iter(f"{SVG}path") if e.get("data-surface")]
    by_name = {(e.get("data-tooth"), e.get("data-surface")): e for e in found}
    assert len(by_name) == len(found)
    return by_name


def middle(path: str) -> tuple[float, float]:
    """Return the mean of the points that a path goes through."""
    points = re.findall(r"(?:[ML]|0 0 [01] )(-?[\d.]+) (-?[\d.]+)", path)
    return tuple(sum(float(point[i]) for point in points) / len(points) for i in (0, 1))


def everything() -> Case:
    return make({str(fdi): {"status": "present"} for fdi in ALL_TEETH})


def test_every_tooth_has_its_five_surfaces_once(root):
    drawn = shapes(load_case(root / "cases/mila-hypomineralisation.json"))
    assert set(drawn) == {(str(fdi), letter) for fdi in ALL_TEETH for letter in surfaces(fdi)}
    adult = shapes(load_case(root / "cases/kira.json"))
    assert set(adult) == {(str(fdi), letter) for fdi in PERMANENT for letter in surfaces(fdi)}


@pytest.mark.parametrize("fdi", ALL_TEETH)
def test_mesial_lies_towards_the_midline_and_the_tongue_between_the_arches(fdi):
    drawn = {key: middle(shape.get("d")) for key, shape in shapes(everything()).items()}
    mesial, table, distal, outer, inner = (drawn[str(fdi), letter] for letter in surfaces(fdi))
    assert (mesial[0] > distal[0]) == (side(fdi) == "right")
    assert (inner[1] > outer[1]) == (arch(fdi) == "upper")
    assert table == pytest.approx(((mesial[0] + distal[0]) / 2, (inner[1] + outer[1]) / 2), abs=0.5)
    other = drawn[str(contralateral(fdi)), "M"]
    assert (mesial[0] + other[0]) / 2 == pytest.approx(sum(drawn[str(f), "M"][0] for f in (11, 21)) / 2, abs=0.01)


@pytest.mark.parametrize("fdi", ALL_TEETH)
def test_a_crown_stays_in_its_box_and_is_closed(fdi):
    box = Box(100.0, 200.0, width(fdi), HEIGHT)
    for path in crown(fdi, box).values():
        assert path.startswith("M")
        assert path.endswith("Z")
        for x, y in re.findall(r"(?:[ML]|0 0 [01] )(-?[\d.]+) (-?[\d.]+)", path):
            assert 100 <= float(x) <= 100 + width(fdi)
            assert 200 <= float(y) <= 200 + HEIGHT


def test_teeth_do_not_overlap():
    boxes = {}
    for (fdi, _), shape in shapes(everything()).items():
        for x, y in re.findall(r"(?:[ML]|0 0 [01] )([\d.]+) ([\d.]+)", shape.get("d")):
            box = boxes.setdefault(fdi, [1e9, 1e9, 0, 0])
            boxes[fdi] = [min(box[0], float(x)), min(box[1], float(y)), max(box[2], float(x)), max(box[3], float(y))]
    placed = list(boxes.items())
    for i, (one, a) in enumerate(placed):
        for other, b in placed[i + 1 :]:
            assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1], (one, other)


def test_a_finding_marks_its_own_surface_and_no_other():
    drawn = shapes(
        make({"36": {"status": "present", "other_surfaces": "sound", "findings": [{"surface": "M", "radiograph": "D2"}]}})
    )
    states = {key: shape.get("data-state") for key, shape in drawn.items() if key[0] in ("36", "46")}
    assert states.pop(("36", "M")) == "dentine"
    assert {states["36", letter] for letter in "ODBL"} == {"sound"}
    assert {states["46", letter] for letter in "MODBL"} == {"unknown"}


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        ({"icdas": 2}, "enamel"),
        ({"icdas": 5}, "dentine"),
        ({"radiograph": "D1"}, "dentine"),
        ({"defect": "hypoplasia"}, "defect"),
        ({"wear": 1}, "worn"),
        ({"icdas": 0}, "sound"),
        ({}, "unknown"),
    ],
)
def test_the_state_of_a_surface_is_its_fill(finding, state):
    shape = shapes(make({"36": {"status": "present", "findings": [{"surface": "O"} | finding]}}))["36", "O"]
    assert shape.get("data-state") == state
    assert shape.get("fill") == STYLES[state][0]


def test_every_surface_can_be_reached_and_read_aloud(root):
    drawn = shapes(load_case(root / "cases/kira.json"))
    for (tooth, _), shape in drawn.items():
        assert shape.get("tabindex") == "0"
        assert shape.get("role") == "img"
        assert shape.get("aria-label").startswith(f"{tooth} ")
        assert shape.find(f"{SVG}title").text == shape.get("aria-label")
    assert drawn["36", "O"].get("aria-label") == "36 occlusal: ICDAS 6, radiograph D3, active, depth 4200 µm"
    assert drawn["36", "B"].get("aria-label") == "36 buccal: sound"
    assert drawn["18", "O"].get("aria-label") == "18 occlusal: missing"


def test_root_caries_is_drawn_on_the_root_and_read_aloud(root):
    tree = ET.fromstring(chart_svg(load_case(root / "cases/greta-dry-mouth.json")))
    carious = {e.get("data-root-caries"): e.get("aria-label") for e in tree.iter(f"{SVG}path") if e.get("data-root-caries")}
    assert set(carious) == {"13", "16", "23", "33", "34", "35", "43"}
    assert carious["33"] == "33 root: facial code 2, active; mesial code 1, active"


@pytest.mark.parametrize(
    ("status", "rooted"),
    [("present", True), ("root remnant", True), ("missing", False), ("pontic", False), ("implant", False), ("unerupted", False)],
)
def test_only_teeth_with_roots_are_drawn_with_roots(status, rooted):
    tree = ET.fromstring(chart_svg(make({"36": {"status": status}})))
    roots = {e.get("data-root") for e in tree.iter(f"{SVG}path")}
    assert ("36" in roots) == rooted


def test_states_differ_by_hatch_and_not_by_colour_alone():
    fills = [fill for fill, _ in STYLES.values()]
    assert len(set(fills)) == len(fills)
    assert sum(fill.startswith("url(#hatch-") for fill in fills) == len(fills) - 1
    picture = chart_svg(make({}))
    drawings = re.findall(r'<pattern id="hatch-(\w+)".*?</pattern>', picture)
    assert {f"url(#hatch-{name})" for name in drawings} == set(fills) - {"#ffffff"}


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_text_is_dark_enough_on_white(root):
    tree = ET.fromstring(chart_svg(load_case(root / "cases/greta-dry-mouth.json")))
    colours = {e.get("fill") for e in tree.iter(f"{SVG}text")}
    assert colours
    assert min(contrast(colour, "#ffffff") for colour in colours) >= 4.5  # WCAG 2.2, level AA


def test_the_legend_explains_what_occurs_and_nothing_else(root):
    words = [e.text for e in ET.fromstring(chart_svg(load_case(root / "cases/noor-white-spots.json"))).iter(f"{SVG}text")]
    assert "enamel caries" in words
    assert "orthodontic attachment" in words
    assert "dentine, root caries" not in words
    assert "implant" not in words
    assert "Research and teaching software, not a medical device" in words


@pytest.mark.parametrize("name", ["tomas-amelogenesis", "kira", "mila-hypomineralisation"])
def test_everything_stays_inside_the_picture(root, name):
    tree = ET.fromstring(chart_svg(load_case(root / f"cases/{name}.json")))
    _, _, w, h = map(float, tree.get("viewBox").split())
    for text in tree.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x")) <= w
        assert 0 < float(text.get("y")) <= h
    for group in tree.iter(f"{SVG}g"):
        if group.get("transform"):
            x, y = map(float, re.findall(r"[\d.]+", group.get("transform")))
            assert x + 26 + 7 * len(group.findall(f"{SVG}text")[-1].text) <= w + 30
            assert y + 14 < h - 10


def test_the_picture_is_self_contained_and_escapes_what_people_write():
    case = make(
        {"36": {"status": "present", "note": "<script>alert(1)</script>"}},
        notes="<b>&",
        genotype={"variants": [{"gene": "ENAM", "note": "]]>"}]},
    )
    hostile = case.model_copy(update={"pseudonym": '"><script>alert(1)</script>&'})
    for text in (chart_svg(case), chart_svg(hostile)):
        tree = ET.fromstring(text)
        assert not list(tree.iter(f"{SVG}script"))
        assert not re.search(r"\b(href|src|onload|style)=", text)
        assert "@import" not in text
    assert ET.fromstring(chart_svg(hostile)).get("aria-label") == f"Tooth chart of {hostile.pseudonym}"
    assert "alert" not in chart_svg(case)


def test_the_same_case_gives_the_same_picture(root):
    one, other = (load_case(root / "cases/kira.json") for _ in range(2))
    assert chart_svg(one) == chart_svg(other)
