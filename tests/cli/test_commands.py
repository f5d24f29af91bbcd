"""What every command prints when all is well, in all its formats."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from amelo.cli.main import COMMANDS

REST = "cases/fluids/resting-saliva.json"
MOUTH = "cases/fluids/mouth.json"
PHASES = ["HAp", "enamel", "dentine", "FAp", "OCP", "bTCP", "DCPD", "CaF2"]


def test_help_names_every_command(amelo):
    ran = amelo("--help")
    assert ran.code == 0
    for command in COMMANDS:
        assert command in ran.out
    assert "not a medical device" in ran.out
    assert amelo("--version").out.strip() == "0.1.0"


@pytest.mark.parametrize("command", [*COMMANDS, "case check", "case show", "case fluid", "case schema"])
def test_every_command_has_help(command, amelo):
    ran = amelo(*command.split(), "--help")
    assert ran.code == 0 and "Usage" in ran.out and len(ran.out.splitlines()) > 4


def test_saturation_as_a_table(amelo):
    one = amelo("saturation", REST)
    assert one.code == 0 and one.err == ""
    for word in (
        "resting whole saliva",
        "pH 6.800",
        "HAp",
        "+10.00",
        "supersaturated",
        "CaF2",
        "undersaturated",
        "share of enamel",
        "dental-37C 2026.1",
    ):
        assert word in one.out
    many = amelo("saturation", MOUTH)
    assert many.out.count("whole saliva") == 2 and "plaque fluid after sugar" in many.out
    assert "Enamel_551" not in many.out and "Enamel_551" in amelo("saturation", MOUTH, "--all").out


def test_saturation_as_json_mirrors_the_shape_of_its_input(amelo, root):
    one = json.loads(amelo("saturation", REST, "--json").out)
    assert isinstance(one, dict)
    assert set(PHASES) <= set(one["saturation_index"])
    many = json.loads(amelo("saturation", MOUTH, "--json").out)
    assert [f["case"] for f in many] == [f["case"] for f in json.loads((root / MOUTH).read_text())]
    assert many[0]["saturation_index"] == pytest.approx(one["saturation_index"], rel=1e-9)
    piped = json.loads(amelo("saturation", "-", "--json", stdin=(root / REST).read_bytes()).out)
    assert piped == one
    both = json.loads(amelo("saturation", REST, MOUTH, "--json").out)
    assert len(both) == 5
    (first, second) = one["enamel_classes"]
    assert (first["share"], second["share"]) == (0.85, 0.15)
    assert first["saturation_index_low"] < first["saturation_index"] < first["saturation_index_high"]
    assert one["status"] == "converged" and "mcdowell1977" in one["sources"]


def test_saturation_as_csv(amelo):
    rows = list(csv.DictReader(io.StringIO(amelo("saturation", MOUTH, "--csv").out)))
    assert len(rows) == 4
    assert float(rows[0]["SI_HAp"]) == pytest.approx(10.0, abs=0.1)
    assert rows[3]["status"] == "converged"


def test_fluids_of_two_temperatures_name_both_sets(amelo):
    fluid = '{"pH": 7, "temperature_C": %d, "totals_mmol_per_kgw": {"Ca": 1.5, "P": 0.9, "K": 130}, "charge_balanced_by": "Cl"}'
    ran = amelo("saturation", "-", stdin=f"[{fluid % 25}, {fluid % 37}]".encode())
    assert ran.code == 0 and "constants dental-25C 2026.1, dental-37C 2026.1;" in ran.out


def test_an_absent_ion_reads_as_phreeqc_writes_it(amelo):
    fluid = b'{"pH": 7, "totals_mmol_per_kgw": {"Ca": 1.5, "P": 0.9, "K": 130}, "charge_balanced_by": "Cl"}'
    answer = json.loads(amelo("saturation", "-", "--json", stdin=fluid).out)
    assert answer["saturation_index"]["FAp"] == -99.99
    assert answer["degree_of_saturation"]["FAp"] == 0.0
    assert "no ion of it present" in amelo("saturation", "-", stdin=fluid).out


def test_charge_that_does_not_balance_is_pointed_out(amelo):
    ran = amelo("saturation", "-", stdin=b'{"pH": 7, "totals_mmol_per_kgw": {"Ca": 1.5, "P": 0.9, "K": 130}}')
    assert ran.code == 0 and "charges are out of balance by +" in ran.out


def test_concentrated_fluids_are_answered_with_a_warning_and_one_bad_fluid_does_not_hide_the_rest(amelo):
    strong = b'{"case": "brine", "pH": 7, "totals_mmol_per_kgw": {"Na": 800, "Cl": 800, "Ca": 1, "P": 1}}'
    ran = amelo("saturation", "-", "--json", stdin=strong)
    assert ran.code == 0 and "brine" in ran.err and "Davies" in ran.err
    assert json.loads(ran.out)["status"] == "extrapolated"
    pair = b'[{"pH": 7, "totals_mmol_per_kgw": {"Na": 5, "Cl": 5}}, {"pH": 7, "totals_mmol_per_kgw": {"Na": 5}, "charge_balanced_by": "K"}]'
    ran = amelo("saturation", "-", "--json", stdin=pair)
    assert ran.code == 2 and "1 of 2 fluids have no answer" in ran.err
    good, bad = json.loads(ran.out)
    assert good["status"] == "converged" and bad["status"] == "cannot_close" and bad["ionic_strength"] is None


def test_critical_ph(amelo):
    rows = json.loads(amelo("critical-ph", MOUTH, "--phase", "HAp", "--phase", "enamel,CaF2", "--json").out)
    assert len(rows) == 12
    by = {(row["case"], row["phase"]): row for row in rows}
    rest = by["resting whole saliva", "HAp"]
    assert rest["low"] < rest["critical_pH"] < rest["high"] and rest["critical_pH"] == pytest.approx(5.18, abs=0.03)
    assert by["resting whole saliva", "CaF2"]["critical_pH"] is None
    assert by["resting whole saliva", "CaF2"]["note"] == "undersaturated with CaF2 from pH 2 to 11"
    table = amelo("critical-ph", REST).out
    assert "critical pH" in table and "dentine" in table and "range of Ksp" in table
    assert "phase" in amelo("critical-ph", REST, "--csv").out


def test_solubility_prints_and_plots(amelo, tmp_path):
    svg, png = tmp_path / "s.svg", tmp_path / "s.png"
    ran = amelo("solubility", "--phase", "HAp", "--phase", "brushite", "--ph", "4:8:0.5", "--background", "NaCl=100", "--plot", svg)
    assert ran.code == 0 and "DCPD" in ran.out and str(svg) in ran.err and "[mmol/kgw]" in ran.out
    words = "".join(ET.parse(svg).getroot().itertext())
    for word in ("pH", "dissolved calcium [mmol/kgw]", "HAp", "DCPD", "100 mmol/kgw NaCl"):
        assert word in words
    assert amelo("solubility", "--plot", png, "--ph", "5").code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    rows = json.loads(amelo("solubility", "--phase", "HAp", "--ph", "4:8:0.1", "--background", "NaCl=100", "--json").out)
    assert len(rows) == 41 and rows[0]["pH"] == 4.0 and rows[-1]["pH"] == 8.0
    dissolved = [row["Ca_mmol_per_kgw"] for row in rows]
    assert dissolved == sorted(dissolved, reverse=True)
    assert dissolved[10] == pytest.approx(4.897, rel=0.01)  # PHREEQC at pH 5
    assert len(list(csv.DictReader(io.StringIO(amelo("solubility", "--csv").out)))) == 27


def test_cases_are_checked_shown_and_turned_into_fluids(amelo, tmp_path, root):
    files = sorted(str(p.relative_to(root)) for p in (root / "cases").glob("*.json"))
    checked = amelo("case", "check", *files)
    assert checked.code == 0 and checked.out.count("a valid case") == len(files) >= 8
    svg = tmp_path / "chart.svg"
    shown = amelo("case", "show", "cases/kira.json", "--svg", svg)
    assert shown.code == 0 and "OD3" in shown.out and ET.parse(svg)
    assert json.loads(amelo("case", "show", "cases/kira.json", "--json").out)["pseudonym"] == "Kira"
    fluid = amelo("case", "fluid", "cases/kira.json")
    assert "assumed bicarbonate" in fluid.err and "assumed calcium" not in fluid.err
    answer = json.loads(amelo("saturation", "-", "--json", stdin=fluid.out.encode()).out)
    assert answer["case"] == "saliva of Kira" and answer["saturation_index"]["enamel"] > 5
    full = amelo("case", "fluid", "cases/felix-healthy.json")
    assert full.err == ""
    assert json.loads(amelo("case", "schema").out)["title"] == "Case"


def test_constants_and_references(amelo):
    found = json.loads(amelo("params", "pk.HAp", "--json").out)
    assert {row["set"] for row in found} == {"dental-37C 2026.1", "dental-25C 2026.1"}
    assert all(row["low"] <= row["value"] <= row["high"] and row["source"] for row in found)
    assert amelo("params", "dental-37C/pk.HAp").out.count("pk.HAp") == 1
    for word, name in {"fluorapatite": "pk.FAp", "Brushite": "pk.DCPD", "lactate": "log_k.CaLac+", "fluoride": "log_k.HF"}.items():
        assert name in amelo("params", "--search", word).out
    assert "pk.FAp" in amelo("params", "--search", "moreno1974").out
    assert len(list(csv.DictReader(io.StringIO(amelo("params", "--csv").out)))) > 100
    assert "assumption" in amelo("params", "--grades").out
    amelo("saturation", REST)
    cited = amelo("cite")
    assert "references behind 'amelo saturation'" in cited.out and "[mcdowell1977]" in cited.out
    assert "@article{dawes2003" in amelo("cite", "dawes2003", "--bibtex").out
    assert json.loads(amelo("cite", "dawes2003", "--json").out)[0]["year"] == "2003"


def test_the_exported_database_is_one(amelo):
    text = amelo("params", "--phreeqc", "--set", "dental-25C").out
    for word in ("SOLUTION_MASTER_SPECIES", "SOLUTION_SPECIES", "PHASES", "Ca+2 + PO4-3 = CaPO4-", "END"):
        assert word in text


def test_validation_table(amelo):
    ran = amelo("validate", "thermo", "--json")
    assert ran.code == 0
    table = json.loads(ran.out)
    assert table["missing"] == []
    rows = {row["id"]: row for row in table["claims"]}
    assert {"T3 apatite rest", "T3 ocp stimulated", "T4 rest", "T4 stimulated", "T6"} <= set(rows)
    for row in rows.values():
        assert row["verdict"] == ("hit" if row["low"] <= row["ours"] <= row["high"] else "miss")
    assert rows["T4 rest"]["verdict"] == "hit" and rows["T6"]["verdict"] == "hit"
    assert "verdict" in amelo("validate", "thermo").out


def test_a_claim_that_cannot_be_computed_is_missing_and_fails_the_run(amelo, monkeypatch):
    import amelo.validate.thermo as thermo

    def broken(name):
        raise ZeroDivisionError("no")

    monkeypatch.setattr(thermo, "_fluoride_for_fluorite", broken)
    ran = amelo("validate", "thermo")
    assert ran.code == 1 and "missing from the run: T4 rest, T4 stimulated" in ran.err


def test_doctor(amelo):
    ran = amelo("doctor", "--json")
    checks = {row["check"]: row for row in json.loads(ran.out)}
    assert ran.code == 0
    assert all(row["good"] for row in checks.values())
    assert {"python", "jax", "device", "float64", "cache", "working folder", "reference solve", "compiled kernel"} <= set(checks)
    assert "ms" in checks["reference solve"]["finding"]


def test_doctor_says_what_is_broken(amelo, monkeypatch):
    monkeypatch.setenv("AMELO_CACHE", "/dev/null/nowhere")
    ran = amelo("doctor")
    assert ran.code == 1 and "PROBLEM" in ran.out


def test_demo_says_where_the_result_lies(amelo, tmp_path):
    ran = amelo("demo", "--out", tmp_path / "demo")
    assert ran.code == 0
    for name in ("chart.svg", "saturation.svg", "saliva.json"):
        assert (tmp_path / "demo" / name).stat().st_size > 500
        assert f"{tmp_path}/demo/{name}" in ran.out
    assert "stays saturated down to pH 5." in ran.out and "assumed" in ran.out
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert "cannot be written" in amelo("demo", "--out", blocked / "x").err


def shell(line, **environment):
    """Run a line in bash with this interpreter's amelo; return its exit code and what came on standard error."""
    script = f'set -o pipefail; amelo() {{ {shlex.quote(sys.executable)} -m amelo "$@"; }}; {line}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=os.environ | environment)
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["params --csv", "case schema", "case check cases/kira.json", "params"])
def test_an_output_that_is_full_is_said_in_one_sentence(command, monkeypatch, root):
    monkeypatch.chdir(root)
    assert shell(f"amelo {command} > /dev/full") == (2, "amelo: the output cannot be written; No space left on device\n")


def test_a_reader_that_has_seen_enough_and_closed_streams_are_no_errors(monkeypatch, root):
    monkeypatch.chdir(root)
    assert shell("amelo params --json | head -1 > /dev/null") == (0, "")
    assert shell("amelo --help | head -1 > /dev/null") == (0, "")
    assert shell("amelo case check cases/kira.json >&-") == (0, "")
    assert shell("amelo saturation - <&-")[0] == 2


def test_an_output_that_knows_only_ascii_is_no_error(monkeypatch, root):
    monkeypatch.chdir(root)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert shell(f"amelo saturation {REST} | grep -q 'HAp'", **ascii_only) == (0, "")
    assert shell("amelo params --json | python3 -m json.tool > /dev/null", **ascii_only) == (0, "")


def test_what_a_prediction_assumes_is_printed_also_when_it_hits(amelo, monkeypatch):
    import amelo.validate.nano as nano

    rows = {"N9": ("gradient to enter a vital tooth", lambda: 6.3), "N16": ("shortest time to refill it", lambda: 7.28)}
    monkeypatch.setattr(nano, "QUICK", rows)
    monkeypatch.setattr(nano, "IDS", tuple(rows))
    ran = amelo("validate", "nano")
    assert ran.code == 0 and "2 of 2 hit" in ran.out
    assert "hit N9: gradient from which" in ran.out and "assumes 8e4 A/m" in ran.out
    assert "hit N16" not in ran.out
