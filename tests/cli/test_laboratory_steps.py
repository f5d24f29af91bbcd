"""A protocol of a laboratory on the command line: opened, infiltrated and cycled, with its books in every form, and what is refused."""

from __future__ import annotations

import json

import pytest

LESION = """
name = "lesion"
tissue = "human enamel"
thickness = "200 um"

[lesion]
depth = "100 um"
surface_layer = "15 um"
surface_mineral = 0.9
body_mineral = 0.6

[grid]
cells = 24
first_cell = "1 um"
"""
ACID = "demineralise in acetate 75 mM pH 4.3 with Ca 2.0 mM, PO4 2.0 mM for 20 h\n"
CYCLE = f"repeat 3 times:\n    {ACID}    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 4 h\n"
LABORATORY = f"etch 15 % hydrochloric acid for 2 min\ninfiltrate resin\n{CYCLE}"


@pytest.fixture
def lesion(tmp_path):
    path = tmp_path / "lesion.toml"
    path.write_text(LESION, "utf-8")
    return str(path)


def test_a_laboratory_protocol_is_told_with_its_books(amelo, lesion, tmp_path):
    report, plot, out = tmp_path / "r.html", tmp_path / "p.svg", tmp_path / "run.zarr"
    made = ("--accuracy", "0.05", "--members", "3", "--report", str(report), "--plot", str(plot), "--out", str(out))
    done = amelo("simulate", lesion, LABORATORY, *made)
    for words in ("done to the specimen", "etch: etched", "vol%·µm", "etch: depth", "infiltrate: resin in them", "balances closed"):
        assert words in done.out, words
    assert "carriers" not in done.out
    page = report.read_text("utf-8")
    assert "<h2>Done to the specimen</h2>" in page
    assert "<h2>Carriers</h2>" not in page
    assert "arnold2015" in page or "Arnold" in page
    from amelo import Trajectory

    assert Trajectory.load(out).accounts()["etch: depth"].members == 3


def test_json_has_the_books_and_a_treated_lesion_loses_less(amelo, lesion):
    bare = json.loads(
        amelo("simulate", lesion, f"etch 15 % hydrochloric acid for 2 min\n{CYCLE}", "--accuracy", "0.05", "--json").out
    )
    done = json.loads(amelo("simulate", lesion, LABORATORY, "--accuracy", "0.05", "--json").out)
    assert bare["accounts"]["etch: depth"]["value"] == pytest.approx(34.0)
    assert done["accounts"]["etch: depth"]["unit"] == "µm"
    assert done["accounts"]["infiltrate: resin in them"]["value"] > 100.0
    assert done["accounts"]["etch: etched"] == bare["accounts"]["etch: etched"]
    assert done["calcium_release"] < 0.5 * bare["calcium_release"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{ACID}fill with composite", ["needs the whole tooth", "no cavity, no restoration and no pulp", "line 2"]),
        (f"peptide P11-4\n{ACID}", ["nobody measured what it does inside a lesion", "line 1"]),
        (f"excavate to firm dentine\n{ACID}", ["'excavate to firm dentine", "cannot be done", "it is done to dentine", "enamel"]),
        (
            f"seal with resin\n{ACID}infiltrate resin\n{ACID}",
            ["'infiltrate resin for 37 min' cannot be done", "'seal with resin for 9 min' covers the surface"],
        ),
        ("etch 37 % phosphoric acid for 15 s", ["nothing follows the steps on the specimen", "the protocol has no bath"]),
        (f"etch 60 % phosphoric acid for 15 s\n{ACID}", ["60 % phosphoric acid", "10 to 50 %"]),
    ],
)
def test_what_cannot_be_done_is_one_sentence(amelo, lesion, text, words):
    done = amelo("simulate", lesion, text)
    assert done.code == 2
    assert done.err.count("\n") == 1
    for word in words:
        assert word in done.err, (word, done.err)
