"""The script that makes the shipped models again: it names what differs and by how much, and writes only when asked."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest

from amelo.forecast import artefact
from amelo.forecast.run import OUTLOOKS


@pytest.fixture(scope="module")
def script():
    path = artefact.MODELS.parents[3] / "bench" / "forecast_models.py"
    spec = importlib.util.spec_from_file_location("forecast_models", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


MODEL = {"kind": "restorations", "draws": {"a": [1.0, 2.0], "b": [3.0]}, "card": {"title": "x", "n": 1}}


@pytest.fixture
def shipped(script, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    path = artefact.save_model(MODEL, folder)
    monkeypatch.setattr(script, "MODELS", folder)
    return path


def made(script, monkeypatch, model):
    monkeypatch.setitem(script.MAKERS, "restorations", lambda folder, told: told(0.5, "half") or model)


def test_every_kind_that_is_forecast_is_made(script):
    assert set(script.MAKERS) == set(OUTLOOKS)


def test_differences_name_the_keys_and_how_far_they_are(script):
    ours = json.loads(json.dumps(MODEL))
    assert list(script.differences(ours, MODEL)) == []
    ours["draws"]["a"][1] = 2.5
    ours["card"]["title"] = "y"
    ours["more"] = 1
    found = dict(script.differences(ours, MODEL))
    assert found == {"draws.a[1]": pytest.approx(0.2), "card.title": float("inf"), "more": float("inf")}
    assert dict(script.differences({"a": [1]}, {"a": [1, 2]})) == {"a": float("inf")}
    assert dict(script.differences({"a": 0.0}, {"a": -2})) == {"a": 1.0}
    assert dict(script.differences({"a": True}, {"a": False})) == {"a": float("inf")}


def test_the_same_file_is_the_same(script, shipped, monkeypatch, capsys):
    made(script, monkeypatch, MODEL)
    assert script.main(["nowhere", "--only", "restorations"]) == 0
    assert f"{shipped.name}, 0 kB, 0 s: the shipped file, byte for byte" in capsys.readouterr().out


def test_another_file_is_described_and_left(script, shipped, monkeypatch, capsys):
    other = json.loads(json.dumps(MODEL))
    other["draws"]["b"][0] = 3.03
    made(script, monkeypatch, other)
    assert script.main(["nowhere", "--only", "restorations"]) == 1
    said = capsys.readouterr().out
    assert f"not the shipped {shipped.name}: draws.b[0]; numbers differ by 0.0099 at most, relative" in said
    assert list(script.MODELS.iterdir()) == [shipped]


def test_many_differences_are_counted(script, shipped, monkeypatch, capsys):
    made(script, monkeypatch, {"kind": "restorations", **{f"key{k}": k for k in range(7)}})
    script.main(["nowhere", "--only", "restorations"])
    said = capsys.readouterr().out
    assert "card, draws, key0, key1, key2 and 4 more; 9 differ in more than a number" in said


def test_writing_puts_the_new_file_in_the_place_of_the_old(script, shipped, monkeypatch, capsys):
    made(script, monkeypatch, MODEL | {"new": 1})
    assert script.main(["nowhere", "--only", "restorations", "--write"]) == 0
    (path,) = script.MODELS.iterdir()
    assert path != shipped
    assert artefact.load_model(path)["new"] == 1
    assert capsys.readouterr().out.rstrip().endswith(", written")
    assert script.main(["nowhere", "--only", "restorations"]) == 0


def test_where_none_is_shipped_it_says_so(script, shipped, monkeypatch, capsys):
    shipped.unlink()
    made(script, monkeypatch, MODEL)
    assert script.main(["nowhere", "--only", "restorations"]) == 1
    assert "none is shipped" in capsys.readouterr().out


def test_the_line_of_progress_says_what_how_far_and_how_long(script, capsys):
    import time

    with script.Progress("caries-onset") as progress:
        progress.told(0.25, "fitting")
        time.sleep(1.1)
    said = capsys.readouterr().err
    assert "caries-onset:    1 s  25 % fitting" in said
    assert said.endswith("\r")


def test_a_kind_that_is_not_made_is_refused(script, capsys):
    with pytest.raises(SystemExit):
        script.main(["nowhere", "--only", "gums"])
    assert "invalid choice: 'gums'" in capsys.readouterr().err
