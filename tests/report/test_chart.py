"""The tooth chart in a terminal: complete, readable without colour, the right way round, and within the width."""

from __future__ import annotations

import re

import pytest

from amelo.records.case import Case, load_case
from amelo.records.check import build
from amelo.records.teeth import PERMANENT, PRIMARY
from amelo.report.chart import chart_text

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
NAMES = [
    "kira",
    "mila-hypomineralisation",
    "greta-dry-mouth",
    "felix-healthy",
    "tomas-amelogenesis",
    "noor-white-spots",
    "jonas-approximal",
    "ines-hypersensitivity",
]


def make(teeth: dict) -> Case:
    return build(Case, BASE | {"teeth": teeth}, "test")


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_fits_a_terminal_and_needs_no_colour(root, name):
    case = load_case(root / f"cases/{name}.json")
    plain = chart_text(case)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 80
    coloured = chart_text(case, colour=True)
    assert re.sub(r"\x1b\[\d+m", "", coloured).split() == plain.split()


@pytest.mark.parametrize(("name", "there"), [("kira", PERMANENT), ("mila-hypomineralisation", PERMANENT + PRIMARY)])
def test_every_tooth_has_its_number_once_in_the_rows(root, name, there):
    rows = [line for line in chart_text(load_case(root / f"cases/{name}.json")).splitlines() if re.match(r"^\s+(\d\d\s+){4}", line)]
    assert sorted(int(number) for row in rows for number in re.findall(r"\d\d", row)) == sorted(there)


def test_the_patient_s_right_is_on_the_left(root):
    lines = chart_text(load_case(root / "cases/kira.json")).splitlines()
    upper = next(line for line in lines if " 18 " in line)
    assert upper.index("18") < upper.index("11") < upper.index("|") < upper.index("21") < upper.index("28")
    head = next(line for line in lines if "patient’s right" in line)
    assert head.index("right") < head.index("|") < head.index("left")


def test_codes_stand_under_their_tooth(root):
    lines = chart_text(load_case(root / "cases/kira.json")).splitlines()
    numbers = next(i for i, line in enumerate(lines) if " 48 " in line)
    place = lines[numbers].index("36")
    assert lines[numbers + 2][place - 1 : place + 2] == "OD3"
    assert lines[numbers + 4][place : place + 2] == "sn"


def test_the_legend_explains_what_occurs_and_nothing_else(root):
    text = chart_text(load_case(root / "cases/kira.json"))
    assert "n pulp not normal" in text
    assert "b orthodontic" not in text
    assert "x missing" in text
    assert "I implant" not in text
    assert "se sealant" in text
    assert "cr crown" not in text
    assert "surfaces without an entry: sound on 28 teeth, not known on 0" in text
    assert "36 lower left first molar: occlusal ICDAS 6, radiograph D3, active" in text


def test_an_empty_chart_knows_nothing():
    text = chart_text(make({}))
    assert text.count("?") == 32 + 1
    assert "o present" not in text
    assert "surfaces without an entry" not in text


def test_teeth_with_the_same_findings_share_a_line():
    text = chart_text(
        make({"18": {"status": "missing"}, "28": {"status": "missing"}, "38": {"status": "missing", "missing_cause": "caries"}})
    )
    assert "  18, 28: missing (cause unknown)\n" in text + "\n"
    assert "38 lower left third molar: missing (caries)" in text


def test_too_many_marks_for_a_cell_are_cut_with_a_sign():
    tooth = {"status": "present", "mobility": 1, "hypersensitivity": 1, "root_treated": True, "pulp_diagnosis": "necrosis"}
    text = chart_text(make({"36": tooth}))
    assert "sn+" in text
    assert "+ and more, see below" in text
    assert "necrosis; hypersensitivity 1; mobility 1; root-treated" in text.replace("\n      ", " ")


@pytest.mark.parametrize("width", [10, 40, 100, 200])
def test_words_keep_to_the_width(root, width):
    case = load_case(root / "cases/tomas-amelogenesis.json")
    lines = chart_text(case, width=width).splitlines()
    words = lines[next(i for i, line in enumerate(lines) if line.startswith("  11 upper")) :]
    assert max(map(len, words)) <= max(width, 40)


def test_colour_is_for_depth_and_for_ignorance():
    case = make(
        {
            "36": {"status": "present", "findings": [{"surface": "O", "icdas": 5}]},
            "37": {"findings": [{"surface": "O", "icdas": 1}]},
        }
    )
    text = chart_text(case, colour=True)
    assert "\x1b[31m O5" in text
    assert "\x1b[33m O1" in text
    assert "\x1b[2m 18" in text


def test_notes_are_not_shown():
    case = build(Case, BASE | {"notes": "private", "teeth": {"36": {"status": "present", "note": "private"}}}, "test")
    assert "private" not in chart_text(case)
