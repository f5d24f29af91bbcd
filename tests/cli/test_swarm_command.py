"""``amelo swarm``: what it prints, writes, goes on from and forks, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

SHORT = ("--count", "200", "--minutes", "0.2", "--step", "0.05")


def test_a_bench_prints_depths_what_became_of_carriers_and_the_books(amelo):
    ran = amelo("swarm", "tubule", *SHORT)
    assert ran.code == 0, ran.err
    assert "200 carriers of caps-400 at 1 T/m, 0.2 min" in ran.out
    for word in ("50%", "95 % interval", "free", "books close to", "not a medical device"):
        assert word in ran.out


def test_json_and_csv_are_the_same_numbers(amelo):
    data = json.loads(amelo("swarm", "tubule", *SHORT, "--seed", "4", "--json").out)
    rows = list(csv.DictReader(io.StringIO(amelo("swarm", "tubule", *SHORT, "--seed", "4", "--csv").out)))
    assert [float(row["depth_um"]) * 1e-6 for row in rows] == pytest.approx([d["depth"] for d in data["depths"]])
    assert data["key"] == 4
    assert data["ledger"]["payload"]["error"] < 1e-12
    other = json.loads(amelo("swarm", "tubule", *SHORT, "--seed", "5", "--json").out)
    assert other["depths"] != data["depths"]


def test_a_run_goes_on_from_its_checkpoint_and_forks(amelo, tmp_path):
    kept = tmp_path / "a.npz"
    assert amelo("swarm", "tubule", *SHORT, "--checkpoint", kept).code == 0
    once = amelo("swarm", "--restart", kept, "--minutes", "0.1", "--csv")
    assert once.code == 0, once.err
    forked = list(csv.DictReader(io.StringIO(amelo("swarm", "--restart", kept, "--minutes", "0.1", "--fork", "2", "--csv").out)))
    first = [row for row in forked if row["future"] == "1"]
    assert first == list(csv.DictReader(io.StringIO(once.out)))
    assert [row["depth_um"] for row in forked[len(first) :]] != [row["depth_um"] for row in first]
    home = json.loads(amelo("swarm", "--restart", kept, "--minutes", "0.1", "--gradient", "-1", "--json").out)
    assert home["gradient"] == -1.0
    assert home["time"] == pytest.approx(18.0)
    ended = amelo("swarm", "--restart", kept)
    assert ended.code == 2
    assert "is at its end" in ended.err


def test_files_of_futures_get_numbers(amelo, tmp_path):
    ran = amelo("swarm", "tubule", *SHORT, "--fork", "2", "--out", tmp_path / "o.parquet", "--movie", tmp_path / "m.svg")
    assert ran.code == 0, ran.err
    names = {path.name for path in tmp_path.iterdir()}
    assert {"o-1.parquet", "o-2.parquet", "m-1.svg", "m-2.svg"} <= names
    again = amelo("swarm", "tubule", *SHORT, "--movie", tmp_path / "m-1.svg")
    assert again.code == 2
    assert "there already" in again.err
    assert amelo("swarm", "tubule", *SHORT, "--movie", tmp_path / "m-1.svg", "--force").code == 0


def test_the_common_benchmark_tells_both_answers(amelo):
    ran = amelo("swarm", "common", "--count", "20000", "--json")
    data = json.loads(ran.out)
    assert abs(data["difference"]) < 0.02
    assert [row["by"] for row in data["found"]] == ["particles", "densities"]
    assert "share deposited" in amelo("swarm", "common", "--count", "20000").out


def test_a_scene_of_ones_own(amelo, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'carrier = "caps-400"\ncount = 50\ntime = "5 s"\ncrowding = false\n[passage]\nkind = "slab"\nlength = "50 um"\n'
    )
    ran = amelo("swarm", path)
    assert ran.code == 0, ran.err
    assert "50 carriers" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no bench is given"),
        (("tubul",), "did you mean 'tubule'"),
        (("tubule", "--count", "0"), "0 carriers are out of range"),
        (("tubule", "--count", "1.5"), "not a whole number"),
        (("tubule", "--minutes", "-1"), "--minutes -1 is out of range"),
        (("tubule", "--minutes", "nan"), "--minutes nan is out of range"),
        (("tubule", "--seed", "-1"), "key -1 is out of range"),
        (("tubule", "--gradient", "1e5"), "a gradient of 100000 T/m"),
        (("tubule", "--step", "10"), "a step of 10 s is not stable"),
        (("tubule", "--fork", "0"), "--fork 0 is out of range"),
        (("tubule", "--threads", "0"), "--threads 0 is out of range"),
        (("tubule", "--crowding"), "closest packing"),
        (("tubule", "--json", "--csv"), "cannot be used together"),
        (("tubule", "--movie", "a.gif"), "no movie"),
        (("tubule", "--out", "a.csv"), "no output"),
        (("tubule", "--checkpoint", "a.txt"), "no place for a checkpoint"),
        (("--restart", "none.npz"), "no such file"),
        (("tubule", "--restart", "none.npz"), "cannot be used with --restart"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_in_one_sentence(amelo, words, sentence):
    ran = amelo("swarm", *words)
    assert ran.code == 2, ran.out
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""


def test_it_runs_without_jax():
    code = (
        "import sys; from amelo.cli.main import run; code = run(['swarm', 'tubule', '--count', '10', '--minutes', '0.01']);"
        "assert code == 0; assert 'jax' not in sys.modules and 'matplotlib' not in sys.modules and 'pandas' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
