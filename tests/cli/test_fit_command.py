"""``amelo fit`` and ``amelo sensitivity``: files in, tables, files and pictures out, and one sentence for everything else."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inference"))
from synthetic_profiles import NAMES, TEXT, as_csv, measured, specimen

from amelo.records.specimen_text import specimen_text


@pytest.fixture
def files(tmp_path):
    paths = {"toml": tmp_path / "s.toml", "text": tmp_path / "p.protocol", "csv": tmp_path / "d.csv"}
    for path, text in zip(paths.values(), (specimen_text(specimen()), TEXT, as_csv(measured(2))), strict=True):
        path.write_text(text, "utf-8")
    return paths


def test_a_fit_from_files_to_a_simulation_with_its_draws(amelo, files, tmp_path):
    words = ("fit", files["toml"], files["text"], files["csv"], "--parameters", ",".join(NAMES), "--samples", "100")
    outs = [tmp_path / f"fitted{ending}" for ending in (".toml", ".csv", ".zarr")]
    ran = amelo(*words, *(w for out in outs for w in ("--out", out)), "--plot", tmp_path / "plots")
    assert ran.code == 0, ran.err
    for name in (*NAMES, "most probable", "5–95 %", "Fisher information", "note: the normal approximation", "not a medical device"):
        assert name in ran.out, name
    assert {p.name for p in (tmp_path / "plots").iterdir()} == {"fit.svg", "pairs.svg", "residuals.svg"}
    for picture in (tmp_path / "plots").iterdir():
        assert "[vol%]" in (text := "".join(ET.parse(picture).getroot().itertext())) or "dissolution_rate" in text
    data = json.loads(amelo(*words, "--json").out)
    assert data["parameters"]["growth_ratio"]["low"] < data["parameters"]["growth_ratio"]["value"] and data["draws"] == 100
    spread = json.loads(amelo("simulate", files["toml"], files["text"], "--draws", outs[1], "--members", "16", "--json").out)
    low, high = spread["intervals"]["integrated_mineral_loss"]
    assert low < spread["integrated_mineral_loss"] < high
    fitted = json.loads(amelo("simulate", outs[0], files["text"], "--json").out)
    assert low < fitted["integrated_mineral_loss"] < high
    taken = amelo(*words, "--out", outs[0])
    assert taken.code == 2 and "is there already; nothing was changed" in taken.err and taken.out == ""
    assert "behind 'amelo" in amelo("cite").out


def test_sensitivity_prints_and_draws(amelo, files, tmp_path):
    ran = amelo("sensitivity", files["toml"], files["text"], "--parts", "protocol", "--plot", tmp_path / "t.svg")
    assert ran.code == 0, ran.err
    for words in (
        "integrated mineral loss",
        "step 1 (demineralise) pH",
        "elasticity",
        "4.3 to 4.7",
        "derivative per unit",
        "change foretold",
        "derivatives: the adjoint of one run",
        "runs in",
    ):
        assert words in ran.out, words
    assert "step 1 (demineralise) pH" in "".join(ET.parse(tmp_path / "t.svg").getroot().itertext())
    data = json.loads(
        amelo("sensitivity", files["toml"], files["text"], "--parts", "protocol", "--json", "--of", "lesion_depth").out
    )
    assert data["outcome"] == "lesion_depth" and data["unit"] == "µm" and data["rows"][0]["effect"] != 0
    quick = json.loads(
        amelo(
            "sensitivity",
            files["toml"],
            files["text"],
            "--parts",
            "protocol",
            "--json",
            "--of",
            "lesion_depth",
            "--ends",
            "gradient",
        ).out
    )
    assert quick["members"] == 2 and quick["derivatives"].startswith("the adjoint of one run")
    slopes = {row["name"]: row["derivative"] for row in data["rows"]}
    assert {row["name"]: row["derivative"] for row in quick["rows"]} == pytest.approx(slopes, rel=1e-9)
    assert all(row["effect"] == pytest.approx(row["effect_foretold"], abs=1e-9) for row in quick["rows"])


BAD = {
    "a NaN row": (
        {"csv": "time [h],depth [µm],mineral [vol%]\n24,5,70\n24,10,nan\n"},
        (),
        ["row 3: mineral is nan", "remove the row"],
    ),
    "units mixed up": ({"csv": "time [h],depth [µm],mineral [vol%]\n24,5,0.7\n24,10,0.8\n"}, (), ["looks like a fraction"]),
    "millimetres": ({"csv": "time [h],depth [µm],mineral [vol%]\n24,0.005,70\n24,0.01,75\n"}, (), ["was it measured in mm?"]),
    "a time after the end": (
        {"csv": "time [d],depth [µm],mineral [vol%]\n24,5,70\n24,10,75\n"},
        (),
        ["24 d is after the end", "time [h]"],
    ),
    "no unit": ({"csv": "time,depth [µm],mineral [vol%]\n24,5,70\n"}, (), ["the column time has no unit"]),
    "deeper than the specimen": ({"csv": "depth [µm],mineral [vol%]\n5,70\n900,80\n"}, (), ["900 µm is beyond the specimen"]),
    "too few": ({"csv": "depth [µm],mineral [vol%]\n5,70\n10,75\n"}, (), ["2 points are too few", "--parameters"]),
    "an unknown parameter": ({}, ("--parameters", "porosity,disolution_rate"), ["did you mean 'dissolution_rate'?"]),
    "a parameter twice": ({}, ("--parameters", "porosity,porosity"), ["'porosity' is named twice"]),
    "a parameter of another tissue": ({}, ("--parameters", "enzyme.ph_width"), ["is not a parameter of this specimen"]),
    "another method": ({}, ("--method", "mcmc"), ["mcmc"]),
    "no samples": ({}, ("--samples", "0"), ["0 samples are out of range"]),
    "a negative slit": ({}, ("--slit", "-3"), ["a slit of -3 µm is out of range"]),
    "another ending": ({}, ("--out", "fitted.tom"), ["did you mean '.toml'?"]),
    "draws of a map": ({}, ("--method", "map", "--out", "draws.csv"), ["the method map has none"]),
    "no folder": ({}, ("--out", "nowhere/fitted.toml"), ["there is no folder nowhere"]),
    "no protocol": ({"text": "rest at pH 4 for 1 h\n"}, (), ["p.protocol"]),
    "no specimen": ({"toml": "name = 3\n"}, (), ["s.toml"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(amelo, files, case):
    texts, options, words = BAD[case]
    for name, text in texts.items():
        files[name].write_text(text, "utf-8")
    ran = amelo("fit", files["toml"], files["text"], files["csv"], *options)
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1, (ran.code, ran.err)
    assert all(word in ran.err for word in words), ran.err


def test_draws_that_are_none_and_outcomes_that_are_none(amelo, files, tmp_path):
    (tmp_path / "bad.csv").write_text("porosity\n0.1\n", "utf-8")
    ran = amelo("simulate", files["toml"], files["text"], "--draws", tmp_path / "bad.csv")
    assert ran.code == 2 and "is not the name of a parameter with its unit" in ran.err
    ran = amelo("sensitivity", files["toml"], files["text"], "--of", "depth")
    assert ran.code == 2 and "'depth' is not an outcome" in ran.err and len(ran.err.splitlines()) == 1
    ran = amelo("fit", files["toml"], files["text"], tmp_path / "missing.csv")
    assert ran.code == 2 and "missing.csv does not exist" in ran.err
