"""From a case to its forecast: all kinds of models, chosen ones, seeds, horizons, and what must not be loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_outlooks import NO_WISDOM, mouth, save_models

import amelo
from amelo.errors import CommandError, FileError, FormatError
from amelo.forecast.artefact import load_model, save_model
from amelo.forecast.record import Forecast
from amelo.forecast.run import forecast


def test_every_kind_of_model_is_asked(models):
    found = forecast(mouth())
    assert isinstance(found, Forecast) and found.horizons == (1.0, 2.0, 5.0) and found.level == 0.9
    assert found.models == {kind: load_model(path)["hash"] for kind, path in models.items()}
    assert {r.event for r in found.risks} == {"tooth loss", "caries onset", "progression", "restoration failure"}
    assert found.sources == ("Putter2007",) and found.pseudonym == "Test-1" and found.recorded_on == "2026-01-05"
    (silent,) = [r for r in found.risks if r.abstained]
    assert (silent.tooth, silent.abstained) == (18, NO_WISDOM)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(models):
    one, again, other = (forecast(mouth(), seed=seed, draws=30) for seed in (4, 4, 5))
    assert one == again and one.risks != other.risks and one.draws == 30


def test_a_model_that_is_named_takes_the_place_of_the_shipped_one(models, tmp_path):
    worse = save_models(tmp_path / "own", **{"tooth-loss": {"level": 3.0}})["tooth-loss"]
    plain, own = forecast(mouth()), forecast(mouth(), models=[str(worse)])
    assert own.of("tooth loss", 16)[0].risk[-1] > plain.of("tooth loss", 16)[0].risk[-1]
    assert own.models["tooth-loss"] == load_model(worse)["hash"] and own.models["progression"] == plain.models["progression"]


def test_models_that_cannot_be_used_are_refused(models, tmp_path):
    other = save_model({"kind": "tooth-lost", "card": {}}, tmp_path)
    with pytest.raises(CommandError, match="forecasts 'tooth-lost', which no case is forecast with; did you mean 'tooth-loss'"):
        forecast(mouth(), models=[str(other)])
    with pytest.raises(CommandError, match="two models of the kind progression"):
        forecast(mouth(), models=["progression", str(models["progression"])])
    with pytest.raises(FileError, match="there is no model 'tooth-lose'"):
        forecast(mouth(), models=["tooth-lose"])


@pytest.mark.parametrize("horizons", [(0.0,), (-1.0,), (5.1,), (float("nan"),), (float("inf"),), (1.0, 9.0)])
def test_horizons_beyond_the_cohorts_are_refused(models, horizons):
    with pytest.raises(CommandError, match="cannot be forecast; allowed above 0 up to 5 years"):
        forecast(mouth(), horizons=horizons)


def test_horizons_are_sorted_and_each_is_told_once(models):
    assert forecast(mouth(), horizons=(2, 1, 2.0)).horizons == (1.0, 2.0)
    with pytest.raises(CommandError, match="no horizon"):
        forecast(mouth(), horizons=())


def test_progress_is_told(models):
    told = []
    forecast(mouth(), on_progress=lambda fraction, words: told.append((fraction, words)))
    assert [f for f, _ in told] == sorted(f for f, _ in told) and "tooth loss" in told[0][1] and 0 <= told[-1][0] <= 1


def test_an_empty_mouth_has_an_empty_forecast(models):
    found = forecast(mouth(teeth={}))
    assert found.risks == () and found.worries() == [] and "0 more, 0 abstained" in repr(found)


def test_the_package_is_the_verb_whatever_is_imported_first(models):
    assert amelo.forecast(mouth(), draws=10, horizons=(3,)) == forecast(mouth(), draws=10, horizons=(3,))
    assert amelo.Forecast is Forecast
    orders = (
        "import amelo; import amelo.forecast.record",
        "import amelo.forecast.record; import amelo",
        "import amelo; amelo.forecast; import amelo.forecast.run",
        "from amelo.forecast.run import forecast; import amelo; amelo.Forecast",
        "from amelo import forecast; import amelo.forecast.artefact; assert amelo.forecast is forecast",
    )
    for order in orders:
        code = (
            f"{order}; import inspect, amelo.forecast.competing; assert callable(amelo.forecast) and amelo.forecast.competing.join; "
            "print(list(inspect.signature(amelo.forecast).parameters))"
        )
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "['case', 'horizons', 'models', 'draws', 'seed', 'on_progress']"


def test_the_verb_has_the_signature_of_the_function():
    import inspect

    of_verb, of_function = inspect.signature(amelo.forecast), inspect.signature(forecast)
    assert [(p.name, p.default, p.kind) for p in of_verb.parameters.values()] == [
        (p.name, p.default, p.kind) for p in of_function.parameters.values()
    ]


def test_a_case_is_forecast_without_anything_heavy(tmp_path):
    save_models(tmp_path)
    heavy = ("jax", "numba", "scipy", "pandas", "pyarrow", "lightgbm", "numpyro", "matplotlib", "xarray", "pint", "lark")
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
from pathlib import Path
import synthetic_outlooks, amelo
from amelo.forecast import artefact, run
artefact.MODELS, run.OUTLOOKS = Path({str(tmp_path)!r}), synthetic_outlooks.KINDS
assert amelo.forecast(synthetic_outlooks.mouth()).risks
print([m for m in {heavy!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("draws", "note"), [(1, "1 draw is too few for intervals"), (39, "39 draws are too few"), (40, ""), (200, "")]
)
def test_draws_too_few_for_an_interval_are_said(models, draws, note):
    notes = [n for n in forecast(mouth(), draws=draws).notes if "draw" in n]
    assert len(notes) == bool(note) and all(note in n and "take 40 or more" in n for n in notes)


def test_a_whole_model_file_that_lacks_parts_is_refused(models, tmp_path):
    old = save_model({"kind": "progression", "card": {}}, tmp_path)  # its hash is right
    with pytest.raises(FormatError, match=rf"{old.name} cannot be used: it lacks level; another version of amelo saved it"):
        forecast(mouth(), models=[str(old)])
