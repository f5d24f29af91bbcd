"""``amelo simulate``: what it prints and writes, and what it refuses before anything is computed."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

import runs
from amelo.cli.main import COMMANDS
from amelo.cli.simulate import open_protocol, open_twin
from amelo.twin.measures import MEASURES
from amelo.twin.trajectory import Trajectory
from runs import make_trajectory

WORDS = ("cases/specimens/slab.toml", "demineralise in lactic acid for 24 h")


@pytest.fixture
def solver(monkeypatch):
    """Put a synthetic run in the place of the solver, and keep what it was asked."""
    asked: dict[str, object] = {}

    def install(**options):
        def simulate(twin, protocol, *, members, tier, seed, accuracy, out, force, on_progress, **more):
            asked.update(twin=twin, protocol=protocol, members=members, tier=tier, seed=seed, accuracy=accuracy, **more)
            for step in range(5):
                on_progress(step / 4, f"day {step}")
            rates = [30.0 + 20.0 * i / members for i in range(members)]
            made = make_trajectory(**({"rates": rates} | options))
            if out is not None:
                made.save(out, force=force)
            return made

        module = ModuleType("amelo.protocol.simulate")
        module.simulate = simulate
        monkeypatch.setitem(sys.modules, "amelo.protocol.simulate", module)
        monkeypatch.setattr("amelo.cli.simulate.open_twin", lambda file, tooth, surface: ("twin", file, tooth, surface))
        monkeypatch.setattr("amelo.cli.simulate.open_protocol", lambda source: ("protocol", source))
        return asked

    return install


def test_leaps_are_asked_for_by_name_only(solver, amelo):
    asked = solver()
    assert amelo("simulate", *WORDS, "--jump").code == 0
    assert asked["jump"] is True


def test_it_prints_outcomes_for_people(solver, amelo):
    asked = solver(layer=12)
    ran = amelo("simulate", *WORDS, "--members", "5", "--tier", "full", "--seed", "3")
    assert ran.code == 0 and ran.err == ""
    assert asked == {
        "twin": ("twin", WORDS[0], None, None),
        "protocol": ("protocol", WORDS[1]),
        "members": 5,
        "tier": "full",
        "seed": 3,
        "accuracy": 0.01,
    }
    for measure in MEASURES.values():
        assert measure.label in ran.out and measure.unit in ran.out, measure.name
    for words in (
        "Trajectory of lactic slab: 24 h in 4 saved times, 5 members",
        "5–95 %",
        "ΔZ integrated mineral loss",
        "change of FAp since the start",
        "SI enamel",
        "depth [µm]",
        "mineral [vol%]",
        "status: solved, balances closed; balances closed to 2e-13 (Ca); numerical error of ΔZ about 3 vol%·µm",
        "480 steps",
        "not a medical device",
    ):
        assert words in ran.out, words


def test_one_member_has_no_interval(solver, amelo):
    asked = solver()
    ran = amelo("simulate", *WORDS)
    assert ran.code == 0 and "5–95" not in ran.out and "median" not in ran.out
    assert (asked["members"], asked["tier"], asked["seed"]) == (1, "auto", 0)


def test_json_has_values_intervals_and_units(solver, amelo):
    solver()
    data = json.loads(amelo("simulate", *WORDS, "--members", "4", "--json").out)
    assert data["integrated_mineral_loss"] > 1000 and data["units"]["integrated_mineral_loss"] == "vol%·µm"
    assert data["lesion_depth"] > 10 and data["units"]["lesion_depth"] == "µm"
    assert data["intervals"]["lesion_depth"][0] < data["lesion_depth"] < data["intervals"]["lesion_depth"][1]
    assert data["status"] == "ok" and data["members"] == 4 and data["balance_errors"]["Ca"] == 2e-13
    assert data["series"]["time"] == [0, 6, 12, 24] and data["at_depth"][0]["ph"]["value"] < 5


def test_it_writes_every_kind_of_file(solver, amelo, tmp_path):
    solver()
    for ending in (".zarr", ".nc"):
        files = [tmp_path / f"run{ending}", tmp_path / f"run{ending}.html", tmp_path / f"run{ending}.svg"]
        ran = amelo("simulate", *WORDS, "--members", "3", "--out", files[0], "--report", files[1], "--plot", files[2], "--json")
        assert ran.code == 0, ran.err
        json.loads(ran.out)
        assert all(str(file) in ran.err for file in files)
        back = Trajectory.load(files[0])
        assert back.members == 3 and back.outcomes()["lesion_depth"].value == pytest.approx(json.loads(ran.out)["lesion_depth"])
        assert "not a medical device" in " ".join(ET.parse(files[1]).getroot().itertext())
        assert "lactic slab" in "".join(ET.parse(files[2]).getroot().itertext())
    assert amelo("simulate", *WORDS, "--plot", tmp_path / "a.png").code == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_members_without_an_answer_are_a_note_and_a_run_without_one_is_an_error(solver, amelo, tmp_path):
    solver(failed=(1,))
    ran = amelo("simulate", *WORDS, "--members", "4", "--json")
    assert ran.code == 0 and "note: 1 of 4 members have no answer and are left out" in ran.err
    data = json.loads(ran.out)
    assert data["solved_members"] == 3 and data["members"] == 4
    assert data["members_with"]["lesion_depth"] == 3 and data["members_with"]["surface_layer_mineral"] == 0
    assert data["surface_layer_mineral"] is None and "NaN" not in ran.out
    table = amelo("simulate", *WORDS, "--members", "4").out.splitlines()
    assert table[2].split()[-2:] == ["members", "unit"]
    (row,) = (line for line in table if "LD lesion depth" in line)
    assert row.split()[-2:] == ["3", "µm"]
    solver(failed=(0,))
    ran = amelo("simulate", *WORDS, "--out", tmp_path / "why.zarr", "--report", tmp_path / "why.html")
    assert ran.code == 2 and ran.out == ""
    assert ran.err.splitlines()[-1].startswith("amelo: lactic slab: the run has no answer: no solution at 7.5 h in cell 12")
    assert not Trajectory.load(tmp_path / "why.zarr").usable and not (tmp_path / "why.html").exists()


def test_an_error_beyond_the_accuracy_is_in_the_status_the_note_and_the_data(solver, amelo, tmp_path, monkeypatch):
    def poor(**options):
        made = runs.make_trajectory(**options)
        run = replace(made.run, error=np.array([1e-9, 2e-5, 1e-9]))
        return Trajectory(run, replace(made.provenance, options={"accuracy": 0.01}))

    monkeypatch.setattr("test_simulate.make_trajectory", poor)
    solver()
    ran = amelo("simulate", *WORDS, "--members", "3", "--report", tmp_path / "a.html")
    assert ran.code == 0
    assert "numerical error of ΔZ about 2e+03 vol%·µm, MORE THAN ASKED FOR in 1 of 3 members" in ran.out
    assert (
        "note: the error in time of ΔZ is more than the accuracy of 1 % that was asked for in 1 of 3 members (1), at most"
        in ran.err
    )
    assert "more than the accuracy of 1 % that was asked for" in (tmp_path / "a.html").read_text("utf-8")
    data = json.loads(amelo("simulate", *WORDS, "--members", "3", "--json").out)
    assert data["members_beyond_accuracy"] == [1] and data["accuracy"] == 0.01
    assert any("more than the accuracy" in sentence for sentence in data["warnings"])
    asked = solver()
    amelo("simulate", *WORDS, "--members", "3", "--accuracy", "0.001")
    assert asked["accuracy"] == 0.001


def test_what_cannot_be_written_is_refused_before_the_run(solver, amelo, tmp_path):
    asked = solver()
    taken = make_trajectory().save(tmp_path / "taken.zarr")
    (tmp_path / "taken.html").write_text("mine")
    (tmp_path / "folder.nc").mkdir()
    for options, words in (
        (("--out", taken), "is there already; nothing was changed; name another file, or add --force to replace it"),
        (("--report", tmp_path / "taken.html"), "is there already; nothing was changed"),
        (("--out", tmp_path / "folder.nc", "--force"), "is a folder that amelo did not write"),
        (("--out", tmp_path / "x" / "run.nc"), "cannot be written; there is no folder"),
        (("--out", "run.zar"), "run.zar is not a result amelo can write; did you mean '.zarr'?"),
        (("--report", "run.htlm"), "run.htlm is not a report amelo can write"),
        (("--plot", "run.svgz"), "run.svgz is not a picture amelo can write; did you mean '.svg'?"),
        (("--members", "0"), "--members 0 is out of range; allowed 1 to 100000"),
        (("--members", "many"), "many"),
        (("--seed", "-1"), "--seed -1 is out of range"),
        (("--accuracy", "0"), "--accuracy 0 is out of range; it is relative, above 0 and below 1; write 0.01 for 1 %"),
        (("--accuracy", "1%"), "1%"),
        (("--accuracy", "nan"), "--accuracy nan is out of range"),
        (("--tier", "ful"), "did you mean 'full'?"),
        (("--member", "3"), "did you mean '--members'?"),
    ):
        ran = amelo("simulate", *WORDS, *options)
        assert ran.code == 2 and words in ran.err and len(ran.err.splitlines()) == 1, (options, ran.err)
        assert ran.out == "" and not asked
    assert Trajectory.load(taken) and (tmp_path / "taken.html").read_text() == "mine"
    assert amelo("simulate", *WORDS, "--out", taken, "--report", tmp_path / "taken.html", "--force").code == 0
    assert "<html" in (tmp_path / "taken.html").read_text()


def test_a_case_needs_a_tooth_and_a_specimen_has_none(amelo):
    for words, sentence in (
        (
            ("cases/kira.json", "x y"),
            "--tooth is missing; the case cases/kira.json has many; for example --tooth 36, and --surface M",
        ),
        (("cases/kira.json", "x y", "--surface", "M"), "--tooth is missing"),
        (("slab.toml", "x y", "--tooth", "36"), "--tooth cannot be used with a specimen; slab.toml is not a case"),
    ):
        ran = amelo("simulate", *words)
        assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1
    ran = amelo("sensitivity", "cases/kira.json", "x y", "--tooth", "36")  # of a column only
    assert ran.code == 2 and "--surface is missing" in ran.err


def test_a_protocol_file_that_is_not_there_is_named(amelo, monkeypatch, tmp_path):
    monkeypatch.setattr("amelo.cli.simulate.open_twin", lambda file, tooth, surface: None)
    (tmp_path / "cycling.txt").write_text("rest 1 h")
    ran = amelo("simulate", "slab.toml", tmp_path / "cylcing.txt")
    assert ran.code == 2 and "cylcing.txt does not exist; did you mean 'cycling.txt'?" in ran.err
    assert "name a file, or write the protocol in quotes" in amelo("simulate", "slab.toml", "nowhere/demineralise").err


def test_a_protocol_is_a_file_or_the_words_themselves(monkeypatch, tmp_path):
    class Protocol:
        read = staticmethod(lambda source: ("read", source))
        parse = staticmethod(lambda text, *, source: ("parsed", text, source))

    module = ModuleType("amelo.protocol")
    module.Protocol = Protocol
    monkeypatch.setitem(sys.modules, "amelo.protocol", module)
    spaced = tmp_path / "my cycling.txt"
    spaced.write_text("rest 1 h")
    long = "repeat 28 times:\n    rest 1 h\n" * 400
    assert open_protocol(str(spaced)) == ("read", str(spaced)) and open_protocol("<stdin>") == ("read", "<stdin>")
    for text in ("rest 1 h", long):
        assert open_protocol(text) == ("parsed", text, "protocol on the command line")


def test_a_twin_is_made_of_a_specimen_or_of_a_surface_of_a_case(monkeypatch, root):
    twin, specimen = ModuleType("amelo.twin.twin"), ModuleType("amelo.records.specimen")
    twin.Twin = type("Twin", (), {"of": staticmethod(lambda record, **where: (record, where))})
    specimen.load_specimen = lambda file: f"specimen {file}"
    monkeypatch.setitem(sys.modules, "amelo.twin.twin", twin)
    monkeypatch.setitem(sys.modules, "amelo.records.specimen", specimen)
    assert open_twin("slab.toml", None, None) == ("specimen slab.toml", {})
    record, where = open_twin(str(root / "cases" / "kira.json"), 36, "M")
    assert record.pseudonym == "Kira" and where == {"tooth": 36, "surface": "M"}


def test_the_references_of_a_run_are_remembered(solver, amelo):
    solver()
    amelo("simulate", *WORDS)
    cited = amelo("cite")
    assert "references behind 'amelo simulate'" in cited.out and "[mcdowell1977]" in cited.out
    assert "simulate" in COMMANDS
