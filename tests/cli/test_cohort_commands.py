"""``amelo train`` and ``amelo evaluate``: one's own cohort in, a model or figures out, and one sentence for everything else."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "forecast"))
from synthetic_cohorts import MODULE, cohort
from synthetic_outlooks import mouth

from amelo.forecast import cohorts
from amelo.forecast.artefact import load_model, save_model

MAP = """
[columns]
id = "patient"
time = { column = "days", unit = "d" }
event = { column = "status", values = { lost = 1, kept = 0 } }
"""


@pytest.fixture
def files(tmp_path, models, monkeypatch):
    monkeypatch.setitem(cohorts.TRAINERS, "tooth-loss", f"{MODULE}:train")
    monkeypatch.setitem(cohorts.EVALUATORS, "tooth-loss", f"{MODULE}:evaluate")
    monkeypatch.setattr(cohorts, "OPTIONAL", "")
    table = cohort()
    paths = {name: tmp_path / name for name in ("plain.csv", "plain.parquet", "plain.csv.gz", "own.csv", "map.toml")}
    table.to_csv(paths["plain.csv"], index=False)
    table.to_csv(paths["plain.csv.gz"], index=False)
    table.to_parquet(paths["plain.parquet"])
    own = table.assign(patient=table["id"], days=365.25 * table["time"], status=table["event"].map({1: "lost", 0: "kept"}))
    own.drop(columns=["id", "time", "event"]).to_csv(paths["own.csv"], index=False)
    paths["map.toml"].write_text(MAP, "utf-8")
    return paths


def test_a_model_is_trained_written_and_used(amelo, files, tmp_path):
    ran = amelo("train", "tooth-loss", files["plain.csv"], "--out", tmp_path / "mine")
    assert ran.code == 0, ran.err
    (path,) = (tmp_path / "mine").iterdir()
    model, table = load_model(path), cohort()
    assert model["level"] == pytest.approx(table["event"].sum() / table["time"].sum()) and model["hash"] in ran.out
    assert f"model written to {path}" in ran.err and "rows: 60" in ran.out
    case = tmp_path / "case.json"
    case.write_text(mouth().to_json(), "utf-8")
    used = amelo("forecast", case, "--model", path)
    assert used.code == 0 and model["hash"][:12] in used.out
    data = json.loads(
        amelo("train", path, files["plain.csv"], "--out", tmp_path / "mine", "--json").out
    )  # a file stands for its kind
    assert data["hash"] == model["hash"] and data["kind"] == "tooth-loss" and len(list((tmp_path / "mine").iterdir())) == 1


def test_every_form_of_a_file_gives_the_same_model(amelo, files, tmp_path):
    hashes = set()
    for name in ("plain.csv", "plain.csv.gz", "plain.parquet"):
        hashes.add(json.loads(amelo("train", "tooth-loss", files[name], "--out", tmp_path / "m", "--json").out)["hash"])
    assert len(hashes) == 1


def test_a_mapping_gives_the_figures_of_the_plain_file(amelo, files):
    plain = amelo("evaluate", "tooth-loss", files["plain.csv"], "--json", "--draws", "20")
    own = amelo("evaluate", "tooth-loss", files["own.csv"], "--mapping", files["map.toml"], "--json", "--draws", "20")
    assert plain.code == own.code == 0, plain.err + own.err
    one, two = json.loads(plain.out), json.loads(own.out)
    assert (one.pop("data"), two.pop("data")) == ("plain.csv", "own.csv")
    assert one["expected_observed"] == pytest.approx(two["expected_observed"], rel=1e-9)
    assert one["intervals"]["expected_observed"] == pytest.approx(two["intervals"]["expected_observed"], rel=1e-9)
    assert one["rows"] == two["rows"] == 60 and one["patients"] == 30 and one["uno_c"] is None


def test_an_evaluation_is_told_in_tables_and_drawn(amelo, files, tmp_path, models):
    ran = amelo("evaluate", "tooth-loss", files["plain.csv"], "--draws", "20", "--plot", tmp_path / "e.svg")
    assert ran.code == 0, ran.err
    digest = load_model(models["tooth-loss"])["hash"]
    events = int(cohort()["event"].sum())
    for words in (
        f"tooth-loss {digest[:12]} on plain.csv: 60 teeth of 30 patients, {events} events",
        "expected / observed",
        "Uno C",
        "95 % interval",
        "ICI at 2 y",
        "0.4000 (0.3000 to 0.5000)",
        "note: a note of our own making",
        "not a medical device",
    ):
        assert words in ran.out, words
    drawn = "".join(ET.parse(tmp_path / "e.svg").getroot().itertext())
    assert "calibration" in drawn and "subgroups" in drawn and f"on plain.csv: 60 teeth of 30 patients, {events} events" in drawn
    by_hash = amelo("evaluate", digest[:8], files["plain.csv"], "--draws", "20")
    assert by_hash.out == ran.out


def test_the_seed_of_the_intervals_counts(amelo, files):
    words = ("evaluate", "tooth-loss", files["plain.csv"], "--draws", "20", "--json")
    one, again, other = (json.loads(amelo(*words, "--seed", s).out)["intervals"] for s in ("1", "1", "2"))
    assert one == again != other


def test_the_columns_are_listed_without_a_file(amelo, models):
    for command in ("train", "evaluate"):
        ran = amelo(command, "tooth-loss", "--columns")
        assert ran.code == 0 and "pocket_max" in ran.out and "deepest pocket" in ran.out and "follow-up" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "tooth-los", "FILE"), "'tooth-los' is not a kind of model; did you mean 'tooth-loss'?"),
        (("train", "progression", "FILE"), "a model of progression cannot be trained or tested on a cohort"),
        (("evaluate", "progression", "FILE"), "a model of progression cannot be trained or tested on a cohort"),
        (("evaluate", "tooth-los", "FILE"), "there is no model 'tooth-los'; did you mean 'tooth-loss'?"),
        (("train", "tooth-loss"), "the file with the cohort is missing; name it after the model: tooth-loss cohort.csv"),
        (("train", "tooth-loss", "none.csv"), "none.csv"),
        (("train", "tooth-loss", "cases/kira.json"), "kira.json is not a kind of table that is read here"),
        (("evaluate", "tooth-loss", "FILE", "--draws", "1"), "--draws 1 is out of range; allowed 2 to 10000"),
        (("evaluate", "tooth-loss", "FILE", "--seed=-3"), "--seed -3 is out of range"),
        (("evaluate", "tooth-loss", "FILE", "--plot", "x.gif"), "x.gif is not a picture amelo can write"),
        (("evaluate", "tooth-loss", "FILE", "--mapping", "none.toml"), "none.toml does not exist"),
        (("evaluate", "tooth-loss", "FILE", "--mapping", "MAP"), "your file has no column 'patient'"),
        (("train", "tooth-loss", "FILE", "--out", "README.md/x"), "cannot be written"),
        (("train", "abcdef12", "FILE"), "there is no model 'abcdef12'; shipped hashes: amelo models"),
    ],
)
def test_bad_input_is_one_sentence(amelo, files, words, sentence):
    at = {"FILE": files["plain.csv"], "MAP": files["map.toml"]}
    ran = amelo(*(at.get(word, word) for word in words))
    assert ran.code == 2 and ran.out == "" and sentence in ran.err and ran.err.count("\n") == 1, ran.err


def test_a_file_without_names_of_columns_is_refused(amelo, files, tmp_path):
    path = tmp_path / "bare.csv"
    cohort().to_csv(path, index=False, header=False)
    ran = amelo("train", "tooth-loss", path)
    assert ran.code == 2 and "the first line holds values" in ran.err and ran.err.count("\n") == 1


def test_a_model_with_one_byte_changed_is_not_tested(amelo, files, models):
    whole = models["tooth-loss"].read_text()
    models["tooth-loss"].write_text(whole.replace('"level":1.0', '"level":1.1'))
    ran = amelo("evaluate", "tooth-loss", files["plain.csv"])
    assert ran.code == 2 and "is refused; its content does not have the hash" in ran.err


def test_training_without_its_library_is_one_sentence(amelo, files, monkeypatch):
    monkeypatch.setattr(cohorts, "OPTIONAL", "lightgbm")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    ran = amelo("train", "tooth-loss", files["plain.csv"])
    assert ran.code == 2 and "training needs lightgbm; it is not installed; install it with: uv sync --extra train" in ran.err
    assert amelo("evaluate", "tooth-loss", files["plain.csv"], "--draws", "2").code == 0  # which needs nothing of it


def test_a_model_of_a_kind_without_cohorts_that_is_named_by_file_is_refused(amelo, files, tmp_path):
    path = save_model({"kind": "restorations", "card": {}}, tmp_path)
    for command in ("train", "evaluate"):
        ran = amelo(command, path, files["plain.csv"])
        assert ran.code == 2 and "restorations cannot be trained or tested on a cohort" in ran.err
