"""``amelo forecast`` and ``amelo models``: tables, files, pictures, what is light, and one sentence for everything else."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "forecast"))
from synthetic_outlooks import CARD, NO_WISDOM, mouth, save_models

from amelo.forecast.artefact import load_model, save_model

HERE = Path(__file__).resolve().parents[1] / "forecast"


@pytest.fixture
def case(tmp_path, models) -> Path:
    path = tmp_path / "case.json"
    path.write_text(mouth().to_json(), "utf-8")
    return path


def test_a_case_is_told_in_a_table_and_in_words(amelo, case, models):
    ran = amelo("forecast", case)
    assert ran.code == 0 and ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0] == "Forecast for Test-1, from 2026-01-05"
    for words in ("1 year", "2 years", "5 years", "90 % interval", "first reason"):
        assert words in lines[2], words
    events = [line for line in lines if any(e in line for e in ("tooth loss ", "progression:", "failure:", "onset:"))]
    order = ["tooth loss", "progression: E2 to D1", "restoration failure: composite", "caries onset: sound to enamel"]
    places = [next(i for i, line in enumerate(events) if what in line) for what in order]
    assert places == sorted(places)  # the gravest event first
    for words in (
        "mobility: 2 degrees (× 2.5)",
        "A tooth that is lost can no longer decay",
        "16 tooth loss, 34 %: mobility: 2 degrees (× 2.5); age: 42 years (× 0.82)",
        "measure this: attachment level; up to 40 % of the spread of 6 forecasts goes",
        "measure this: whether the lesion is active; up to 30 % of the spread of 36 O progression, E2 to D1 goes",
        "do that: seal or infiltrate the lesion; lowers 36 O progression, E2 to D1; at most from 47 % to 19 % by 5 years [Kaplan1958, A]",
        f"tooth loss of 18: {NO_WISDOM}",
        f"tooth-loss {load_model(models['tooth-loss'])['hash'][:12]}",
        "not a medical device",
    ):
        assert words in ran.out, words


def test_what_is_not_notable_stands_in_one_line_and_all_shows_it(amelo, case):
    short, long = amelo("forecast", case).out, amelo("forecast", case, "--all").out
    assert "tooth loss, at most 1.0 % by 5 years: 11, 21, 22" in short
    assert "Not shown" in short and "Not shown" not in long
    found = [line.split()[:2] for line in long.splitlines() if "caries onset: sound to dentine" in line]
    assert len(found) == 20 and len(short.splitlines()) < len(long.splitlines())


def test_teeth_that_read_alike_share_a_row(amelo, models):
    ran = amelo("forecast", "cases/kira.json")
    rows = [line for line in ran.out.splitlines() if "caries onset: sound to enamel" in line]
    assert any(line.strip().startswith("31-35, 41-47 L, 11-15, 17, 21-27 P +") for line in rows)
    assert len(ran.out.splitlines()) < 50  # a full mouth on one screen


def test_one_tooth_is_told_in_full(amelo, case):
    ran = amelo("forecast", case, "--tooth", "16")
    assert ran.code == 0 and ran.out.startswith("Forecast for tooth 16 of Test-1") and "36 O" not in ran.out
    assert sum("caries onset" in line for line in ran.out.splitlines()) == 10
    silent = amelo("forecast", case, "--tooth", "18")
    assert silent.code == 0 and "nothing is forecast" in silent.out and NO_WISDOM in silent.out


def test_json_holds_everything_and_csv_a_line_for_each(amelo, case):
    data = json.loads(amelo("forecast", case, "--json", "--horizon", "2, 4").out)
    assert data["horizons"] == [2.0, 4.0] and data["level"] == 0.9 and "not a medical device" in data["disclaimer"]
    risk = next(r for r in data["risks"] if r["tooth"] == 16 and r["event"] == "tooth loss")
    assert risk["low"][1] < risk["risk"][1] < risk["high"][1] and risk["drivers"][0]["effect"] == 0.9
    rows = list(csv.DictReader(io.StringIO(amelo("forecast", case, "--csv").out)))
    assert {row["horizon [y]"] for row in rows} == {"1", "2", "5", ""} and len({row["model"] for row in rows}) == 4
    only = json.loads(amelo("forecast", case, "--json", "--tooth", "36").out)
    assert {r["tooth"] for r in only["risks"]} == {36}


def test_the_seed_counts(amelo, case):
    one, again, other = (amelo("forecast", case, "--csv", "--seed", s, "--draws", "20").out for s in ("1", "1", "2"))
    assert one == again != other


def test_another_model_is_taken_by_file_and_hash(amelo, case, models, tmp_path):
    worse = save_models(tmp_path / "own", **{"tooth-loss": {"level": 4.0}})["tooth-loss"]
    plain, own = (json.loads(amelo("forecast", case, "--json", *words).out) for words in ((), ("--model", worse)))
    assert own["models"]["tooth-loss"] == load_model(worse)["hash"] != plain["models"]["tooth-loss"]
    loss = [next(r for r in d["risks"] if r["tooth"] == 16 and r["event"] == "tooth loss")["risk"][-1] for d in (plain, own)]
    assert loss[1] > 1.5 * loss[0]
    same = amelo("forecast", case, "--model", load_model(models["progression"])["hash"][:8], "--model", worse)
    assert same.code == 0 and load_model(worse)["hash"][:12] in same.out


def test_pictures_are_written(amelo, case, tmp_path):
    ran = amelo("forecast", case, "--svg", tmp_path / "chart.svg", "--plot", tmp_path / "curves.svg", "--colour", "any")
    assert ran.code == 0 and "chart written to" in ran.err and "plot written to" in ran.err
    chart, plot = ("".join(ET.parse(tmp_path / name).getroot().itertext()) for name in ("chart.svg", "curves.svg"))
    assert "the highest risk of any event by 5 years" in chart
    assert "why 36 O E2 to D1, progression, 47 % by 5 y" in plot and "has happened [%]" in plot


def test_the_references_are_remembered(amelo, case, monkeypatch, tmp_path):
    from amelo.cite import last_citations

    monkeypatch.setenv("AMELO_CACHE", str(tmp_path))
    amelo("forecast", case)
    command, keys = last_citations()
    assert command == "amelo forecast" and {"Putter2007", "Kaplan1958", "Graf1999"} <= set(keys)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--horizon", "soon"), "--horizon 'soon' is not a list of years; write numbers with commas between, such as 1,2,5"),
        (("--horizon", "1,,2"), "--horizon '1,,2' is not a list of years"),
        (("--horizon", "1,9"), "a horizon of 9 years cannot be forecast; allowed above 0 up to 5 years"),
        (("--horizon", "nan"), "a horizon of nan years cannot be forecast"),
        (("--horizon=-1",), "a horizon of -1 years cannot be forecast"),
        (("--tooth", "99"), "'99' is not a tooth; FDI numbers are 11-18"),
        (("--tooth", "12"), "tooth 12 is not charted in"),
        (("--draws", "0"), "--draws 0 is out of range; allowed 1 to 10000"),
        (("--seed=-1",), "--seed -1 is out of range"),
        (("--json", "--csv"), "--json and --csv cannot be used together; choose one"),
        (("--model", "tooth-los"), "there is no model 'tooth-los'; did you mean 'tooth-loss'?"),
        (("--model", "no/such.json"), "cannot read the model such.json; No such file or directory; see: amelo models"),
        (("--model", "progression", "--model", "progression"), "two models of the kind progression are given"),
        (("--svg", "chart.png"), "chart.png is not a picture amelo can write; use one of .svg"),
        (("--plot", "no/such/folder.svg"), "cannot be written; its folder does not exist"),
        (("--colour", "blue"), "Invalid value"),
        (("--horizont", "1"), "did you mean '--horizon'?"),
    ],
)
def test_bad_input_is_one_sentence(amelo, case, words, sentence):
    ran = amelo("forecast", case, *words)
    assert ran.code == 2 and ran.out == "", ran.out
    assert sentence in ran.err and ran.err.startswith("amelo: ") and ran.err.count("\n") == 1


def test_a_case_that_is_none_is_one_sentence(amelo, models):
    ran = amelo("forecast", "cases/kirra.json")
    assert ran.code == 2 and "cases/kirra.json does not exist; did you mean 'kira.json'?" in ran.err


@pytest.mark.parametrize("at", [0, 3, 40, -1, -2, -20])
def test_a_model_with_one_byte_changed_is_refused(amelo, case, models, at):
    path = models["tooth-loss"]
    whole = bytearray(path.read_bytes())
    whole[at] ^= 1
    path.write_bytes(bytes(whole))
    for words in (("forecast", case), ("models",), ("models", "tooth-loss"), ("forecast", case, "--model", path)):
        ran = amelo(*words)
        assert ran.code == 2 and path.name in ran.err and ran.err.count("\n") == 1, ran.err
        assert "is refused" in ran.err or "is not a model file" in ran.err


def test_nothing_heavy_is_loaded(tmp_path):
    """The command itself, with models and outlooks that need nothing but NumPy; no clock is looked at."""
    save_models(tmp_path / "models")
    (tmp_path / "case.json").write_text(mouth().to_json(), "utf-8")
    heavy = ("jax", "numba", "scipy", "pandas", "pyarrow", "lightgbm", "numpyro", "matplotlib", "xarray", "pint", "lark")
    code = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
import synthetic_outlooks
from amelo.forecast import artefact, run
from amelo.cli.main import run as command
artefact.MODELS, run.OUTLOOKS = Path({str(tmp_path / "models")!r}), synthetic_outlooks.KINDS
for words in ((), ("--json",), ("--svg", {str(tmp_path / "c.svg")!r})):
    assert command(["forecast", {str(tmp_path / "case.json")!r}, *words]) == 0
assert command(["models"]) == 0
print([m for m in {heavy!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_models_are_listed_and_each_has_a_card(amelo, models):
    ran = amelo("models")
    assert ran.code == 0 and "4 models" in ran.out and "no data at all" in ran.out
    card = amelo("models", load_model(models["caries-onset"])["hash"][:9])
    assert card.code == 0
    for words in (
        "caries-onset: A model of our own making",
        load_model(models["caries-onset"])["hash"],
        "population: nobody",
        "licence: Apache-2.0",
        "Harrell C: 0.8 (0.75 to 0.85)",
        "ICI at 2 y: 0.01 (0.005 to 0.02)",
        "  - it is made up",
        "not a medical device",
    ):
        assert words in card.out, words
    listed = json.loads(amelo("models", "--json").out)
    assert [m["kind"] for m in listed] == sorted(models) and all(m["bytes"] > 0 for m in listed)
    assert json.loads(amelo("models", models["tooth-loss"], "--json").out)["card"] == CARD
    assert amelo("models", "tooth-lost").err == "amelo: there is no model 'tooth-lost'; did you mean 'tooth-loss'?\n"


def test_a_card_of_any_shape_is_told(amelo, models, tmp_path):
    card = {"title": "x", "rows": 12, "empty": [], "deep": {"a": {"b": [1.23456, 2.0]}}, "looks": [{"on": "dev", "why": "table"}],
            "numbers": [1, 2], "sources": []}  # fmt: skip
    path = save_model({"kind": "progression", "card": card}, tmp_path)
    out = amelo("models", path).out
    for words in ("rows: 12", "b: 1.235, 2", "  - on dev; why table", "numbers: 1, 2"):
        assert words in out, words
    assert "empty" not in out and "sources" not in out
    bare = save_model({"kind": "progression"}, tmp_path)
    assert "progression: a model of amelo" in amelo("models", bare).out


def test_lines_are_broken_where_the_terminal_ends(case, tmp_path):
    """On a terminal of 80 columns no line of words is longer, and nothing is lost."""
    code = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
import synthetic_outlooks
from amelo.forecast import artefact, run
from amelo.cli.main import run as command
artefact.MODELS, run.OUTLOOKS = Path({str(case.parent / "shipped-models")!r}), synthetic_outlooks.KINDS
sys.exit(command(["forecast", {str(case)!r}]))
"""
    own, other = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=other, stderr=other, env=os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    )
    os.close(other)
    said = b""
    while True:
        try:
            part = os.read(own, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        said += part
    assert child.wait(60) == 0
    lines = said.decode().replace("\r", "").splitlines()
    words = [line for line in lines if line.startswith(("  measure", "  do that", "      "))]
    assert len(words) > 6 and max(map(len, words)) <= 80
    assert "lowers 36 O progression, E2 to D1" in " ".join(" ".join(lines).split())


def test_a_case_is_read_from_standard_input(amelo, models):
    assert amelo("forecast", "-", stdin=mouth().to_json().encode()).out.startswith("Forecast for Test-1")


def test_nothing_is_forecast_with_the_reason(amelo, case, tmp_path):
    ran = amelo("forecast", case, "--tooth", "48")
    assert ran.code == 0 and "nothing is forecast: tooth 48 is charted as missing" in ran.out
    assert "nothing is forecast: every model abstains" in amelo("forecast", case, "--tooth", "18").out
    for teeth, why in (({}, "no tooth is charted"), ({"48": {"status": "missing"}}, "no tooth is charted as present (missing)")):
        path = tmp_path / "other.json"
        path.write_text(mouth(teeth=teeth).to_json(), "utf-8")
        assert f"nothing is forecast: {why}\n" in amelo("forecast", path).out


def test_a_picture_that_cannot_be_written_is_named(amelo, case, tmp_path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    ran = amelo("forecast", case, "--plot", tmp_path / "curves.svg", "--svg", tmp_path / "chart.svg")
    assert ran.code == 2 and "chart.svg cannot be written; No space left on device" in ran.err
    assert (tmp_path / "curves.svg").exists()


def test_one_draw_says_that_it_is_one(amelo, case):
    ran = amelo("forecast", case, "--draws", "1")
    assert "seed 0, 1 draw;" in ran.out and "note: 1 draw is too few for intervals" in ran.out
