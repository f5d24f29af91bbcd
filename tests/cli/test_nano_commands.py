"""Carriers on the command line: their numbers, protocols that bring them, a visit simulated, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

VISIT = "nanobots caps-400 at 1e11 per mL for 20 min, pull 5 T/m\nretrieve for 5 min\nimmerse in NaCl 150 mM for 2 h\n"
SLAB = """
name = "slab"
tissue = "human enamel"
thickness = "150 um"

[grid]
cells = 20
first_cell = "1 um"
"""


@pytest.fixture
def slab(tmp_path):
    path = tmp_path / "slab.toml"
    path.write_text(SLAB, "utf-8")
    return str(path)


def test_every_number_of_carriers_is_listed_with_its_source(amelo):
    done = amelo("params", "nano", "--json")
    rows = json.loads(done.out)
    sets = {row["set"].split()[0] for row in rows}
    assert {"nano/scene", "nano/caps-400", "nano/iron-oxide", "nano/peptide"} <= sets
    assert all(row["source"] and row["grade"] and row["unit"] for row in rows)
    one = json.loads(amelo("params", "nano/caps-400", "--json").out)
    assert {row["set"].split()[0] for row in one} == {"nano/caps-400"}


def test_a_protocol_with_carriers_is_checked(amelo, root):
    done = amelo("protocol", "check", str(root / "cases/protocols/nano-visit.protocol"))
    assert "a valid protocol of 6 different steps" in done.out


def test_a_visit_is_told_in_a_table_in_json_and_in_a_report(amelo, slab, tmp_path):
    report, plot = tmp_path / "r.html", tmp_path / "p.svg"
    done = amelo("simulate", slab, VISIT, "--accuracy", "0.05", "--members", "2", "--report", str(report), "--plot", str(plot))
    for words in ("caps-400: carriers docked on the surface", "1/mm2", "caps-400: payload left", "balances closed"):
        assert words in done.out, words
    page = report.read_text("utf-8")
    assert "<h2>Carriers</h2>" in page
    assert "iron oxide that stays" in page
    assert "payload [vol%]" in page
    found = json.loads(amelo("simulate", slab, VISIT, "--accuracy", "0.05", "--json").out)
    docked = found["accounts"]["caps-400: carriers docked on the surface"]
    assert docked["unit"] == "1/mm2"
    assert docked["value"] > 1e8
    assert found["accounts"]["caps-400: carriers and payload that do not add up"]["value"] < 1e-12


def test_without_carriers_nothing_is_said_of_them(amelo, slab):
    done = amelo("simulate", slab, "immerse in NaCl 150 mM for 2 h", "--accuracy", "0.1")
    assert "carriers" not in done.out


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--tier", "reduced"), "the fast tier cannot solve this column; caps_400"),
        (("--jump",), None),
    ],
)
def test_options_that_go_with_carriers_and_those_that_do_not(amelo, slab, arguments, words):
    done = amelo("simulate", slab, VISIT, "--accuracy", "0.1", *arguments)
    assert done.code == (2 if words else 0), done.err
    if words:
        assert re.search(words, done.err), done.err
        assert len(done.err.strip().splitlines()) == 1


def test_derivatives_do_not_go_through_a_visit(amelo, slab):
    done = amelo("sensitivity", slab, VISIT)
    assert done.code == 2
    assert "sensitivities cannot follow 'visit: nanobots caps-400" in done.err
