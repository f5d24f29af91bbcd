"""A tooth in section: everything that is there is drawn in its place and named, and words say the same."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from amelo.report.section_svg import PATTERNS, SCALE, TOP, section_svg, section_words
from amelo.twin.tooth.section import Section
from amelo.twin.tooth.state import Restored

SVG = "{http://www.w3.org/2000/svg}"
MM = 1e-3


@pytest.fixture
def cavity() -> Section:
    """Two enamel cells of 1 mm and four dentine cells of 1 mm; open down to 3 mm, soft and infected at 3 to 4 mm."""
    row = np.ones((1, 6))
    return Section(
        edges=MM * np.arange(7.0)[None, :],
        left=np.array([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]),
        mineral=np.array([[1.0, 1.0, 1.0, 0.4, 0.98, 1.0]]),
        healthy=row,
        inner=row,
        organic=row,
        bacteria=np.array([[0.0, 0.0, 0.0, 0.8, 0.0, 0.0]]),
        filled=0.0 * row,
        opening=np.array([3 * MM]),
        tertiary=np.zeros(1),
        exposed=np.zeros(1),
        residual=np.array([3 * MM]),
        crown_width=np.array([10 * MM]),
        dentine_from=2,
        surface="M",
    )


def drawn(section: Section, *, lost: bool = False) -> ET.Element:
    return ET.fromstring(section_svg(section, 0, name="x", title="After", lost=lost))


def named(tree: ET.Element) -> list[str]:
    return [e.text for e in tree.iter(f"{SVG}text") if e.attrib["class"] == "t-word"]


def kinds(tree: ET.Element, attribute: str, value: str) -> list[ET.Element]:
    return [e for e in tree.iter() if e.attrib.get(attribute) == value]


def test_an_open_cavity(cavity):
    tree = drawn(cavity)
    assert set(named(tree)) == {"enamel", "dentine", "cavity", "lesion (darker: less mineral)", "bacteria (dots)", "pulp, alive"}
    (lesion,) = kinds(tree, "class", "lesion")
    assert lesion.attrib["fill-opacity"] == "0.60"  # one cell lacks that much; another lacks too little to be drawn
    (dots,) = kinds(tree, "fill", "url(#x-bacteria)")
    assert dots.attrib["fill-opacity"] == "0.80"
    heights = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", lesion.attrib["d"])]
    assert min(heights) == pytest.approx(TOP + SCALE * 3.0, abs=1.0) and max(heights) == pytest.approx(TOP + SCALE * 4.0, abs=1.5)
    (measure,) = [e for e in tree.iter(f"{SVG}text") if e.attrib["class"] == "t-measure"]
    assert measure.text == "3.0 mm"
    assert tree.attrib["aria-label"] == (
        "After. The floor lies 3.0 mm below the mesial surface; nothing covers it; 3.0 mm of dentine lie over the pulp; "
        "bacteria that are left fill 0.80 mm; the pulp lives."
    )


def test_every_pattern_that_is_used_is_there_and_words_do_not_lie_on_each_other(cavity):
    full = replace(cavity, restored=Restored("crown", "zirconia", frozenset("MODBL"), 0.0), lined="calcium silicate", rooted=True)
    tree = drawn(full)
    made = {e.attrib["id"] for e in tree.iter(f"{SVG}pattern")}
    assert made == {f"x-{kind}" for kind in PATTERNS}
    used = {e.attrib["fill"][5:-1] for e in tree.iter() if e.attrib.get("fill", "").startswith("url(#")}
    assert {"x-restoration", "x-liner", "x-root", "x-bacteria"} == used
    heights = [float(e.attrib["y"]) for e in tree.iter(f"{SVG}text") if e.attrib["class"] == "t-word"]
    assert np.all(np.diff(heights) >= 16.9)
    width = float(tree.attrib["viewBox"].split()[2])
    longest = max(len(word) for word in named(tree))
    assert 375 + 7.2 * longest < width  # letters are about 7 units wide


@pytest.mark.parametrize(
    ("change", "words", "names"),
    [
        ({"restored": Restored("filling", "composite", frozenset("M"), 0.0)}, "a filling of composite covers it", "filling: composite"),
        (
            {"restored": Restored("filling", "glass ionomer", frozenset("M"), 0.0, temporary=True), "lined": "calcium hydroxide"},
            "a temporary filling of glass ionomer covers it over a liner of calcium hydroxide",
            "temporary filling: glass ionomer",
        ),
        ({"restored": Restored("onlay", "ceramic", frozenset("MO"), 0.0)}, "an onlay of ceramic covers it", "onlay: ceramic"),
        ({"lined": "calcium silicate"}, "nothing covers it but a liner of calcium silicate", "liner: calcium silicate"),
        ({"tertiary": np.array([150e-6])}, "150 µm of them were laid down by the pulp", "dentine laid down by the pulp"),
        ({"exposed": np.ones(1), "residual": np.zeros(1)}, "the pulp lies bare", "pulp exposed"),
        ({"filled": np.array([[0, 0, 0, 0.7, 0, 0]])}, "resin or silver fills pores", "resin or silver in pores"),
        ({"rooted": True}, "the root is filled", "root filling"),
        ({"bacteria": np.zeros((1, 6))}, "no bacteria are left in it", "dentine"),
    ],
)  # fmt: skip
def test_what_was_done_is_drawn_and_told(cavity, change, words, names):
    changed = replace(cavity, **change)
    assert words in section_words(changed, 0, lost=False) and names in named(drawn(changed))


def test_a_lost_pulp_is_told_by_a_pattern_and_by_words(cavity):
    tree = drawn(cavity, lost=True)
    assert "pulp, lost" in named(tree) and kinds(tree, "fill", "url(#x-dead)") and "the pulp is lost" in tree.attrib["aria-label"]


def test_a_closed_lesion_and_a_sealant(cavity):
    closed = replace(
        cavity, left=np.ones((1, 6)), opening=np.zeros(1), restored=Restored("sealant", "resin", frozenset("O"), 0.0), surface="O"
    )
    tree = drawn(closed)
    assert "sealant: resin" in named(tree) and not kinds(tree, "class", "cavity")
    assert "The occlusal surface is closed; a sealant of resin covers it" in tree.attrib["aria-label"]


def test_tissue_that_is_poor_in_all_of_its_owner_is_no_lesion(cavity):
    poor = replace(cavity, healthy=0.7 * np.ones((1, 6)), mineral=0.7 * np.ones((1, 6)), bacteria=np.zeros((1, 6)))
    tree = drawn(poor)
    assert not [name for name in named(tree) if name.startswith("lesion")]
    assert [e.attrib["fill-opacity"] for e in kinds(tree, "class", "lesion")] == ["0.30", "0.30"]  # all enamel and all dentine


def test_a_tooth_that_was_taken_out(cavity):
    tree = drawn(replace(cavity, present=False))
    assert named(tree) == ["taken out"] and tree.attrib["aria-label"] == "After. The tooth was taken out."


def test_a_cell_that_was_cut_begins_where_its_tissue_does(cavity):
    cut = replace(cavity, left=np.array([[0.0, 0.0, 0.0, 0.25, 1.0, 1.0]]))
    (lesion,) = kinds(drawn(cut), "class", "lesion")
    heights = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", lesion.attrib["d"])]
    assert min(heights) == pytest.approx(TOP + SCALE * 3.75, abs=1.0)
    assert "floor lies 3.8 mm" in section_words(cut, 0, lost=False) or "floor lies 3.7 mm" in section_words(cut, 0, lost=False)
