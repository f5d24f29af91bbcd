"""The shipped models on the shipped cases: every case is answered, lightly, with sources that are known, and every model has its card."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import import_module

import pytest

from amelo.cite.references import references
from amelo.forecast.artefact import load_model, model_files
from amelo.forecast.cohorts import EVALUATORS, TRAINERS
from amelo.forecast.run import OUTLOOKS
from amelo.records.case import load_case

CASES = ("felix-healthy", "greta-dry-mouth", "ines-hypersensitivity", "jonas-approximal", "kira", "mila-hypomineralisation",
         "noor-white-spots", "tomas-amelogenesis")  # fmt: skip
HEAVY = ("jax", "jaxlib", "numba", "scipy", "pandas", "pyarrow", "lightgbm", "numpyro", "matplotlib", "xarray", "pint", "lark")


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_answered(amelo, root, name, tmp_path):
    path = f"cases/{name}.json"
    ran = amelo("forecast", path, "--json", "--draws", "40", "--svg", tmp_path / "c.svg", "--colour", "any")
    assert ran.code == 0, ran.err
    data, case = json.loads(ran.out), load_case(root / path)
    there = {int(key) for key, tooth in case.teeth.items() if tooth.status in ("present", "partially erupted")}
    assert there <= {r["tooth"] for r in data["risks"]}  # a number or a reason for every tooth that is there
    for r in data["risks"]:
        assert bool(r["risk"]) != bool(r["abstained"]), r
        assert r["risk"] == sorted(r["risk"]) and all(0 <= lo <= hi <= 1 for lo, hi in zip(r["low"], r["high"], strict=True))
    seen = {}
    for r in data["risks"]:
        if r["risk"]:
            key = (r["event"], r["tooth"], r["surface"], r["stage"])
            assert key not in seen, key  # one answer, from one model
            seen[key] = r
    ET.parse(tmp_path / "c.svg")
    table = amelo("forecast", path, "--draws", "40")
    assert table.code == 0 and "not a medical device" in table.out and len(table.out.splitlines()) < 70


def test_every_source_of_a_forecast_is_in_the_bibliography(amelo):
    for name in CASES:
        data = json.loads(amelo("forecast", f"cases/{name}.json", "--json", "--draws", "10").out)
        keys = [*data["sources"], *(c["source"] for r in data["risks"] for c in r["changes"])]
        assert keys and references(keys)


def test_the_command_loads_nothing_heavy(root):
    code = f"""
import sys
from amelo.cli.main import run
assert run(["forecast", "cases/kira.json"]) == 0
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_model_of_each_kind_is_shipped_in_under_five_megabytes(amelo):
    models = [load_model(path) for path in model_files()]
    assert sorted(m["kind"] for m in models) == sorted(OUTLOOKS)
    assert sum(path.stat().st_size for path in model_files()) < 5e6
    for path, model in zip(model_files(), models, strict=True):
        assert path.name == f"{model['kind']}.{model['hash'][:12]}.json"
        assert {"data", "population", "limits", "sources"} <= set(model["card"]), model["kind"]
        out = amelo("models", model["kind"]).out
        assert model["hash"] in out and "limits:" in out and "population:" in out and "data:" in out


@pytest.mark.parametrize(("places", "given"), [(TRAINERS, {"on_progress"}), (EVALUATORS, {"data", "draws", "seed", "on_progress"})])
def test_trainers_and_evaluators_take_what_the_commands_give(places, given):
    for where in places.values():
        module, _, name = where.partition(":")
        parameters = inspect.signature(getattr(import_module(module), name)).parameters
        assert given <= set(parameters)
        needed = [p for p in parameters.values() if p.default is p.empty]
        assert len(needed) == (1 if places is TRAINERS else 2)
