"""The loss of teeth of a case by the shipped model: sense, sums, silence where it should be silent."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from amelo.forecast.artefact import MODELS, find_model
from amelo.forecast.forest import Forest
from amelo.forecast.tooth_loss.chart import chart_of, with_mouth
from amelo.forecast.tooth_loss.outlooks import outlooks
from amelo.records.case import load_case

TIMES = np.arange(61) / 12
HEALTHY = {
    site: {"probing_depth": 2.0, "attachment_level": 2.0, "bleeding": False, "plaque": False}
    for site in ("MB", "B", "DB", "ML", "L", "DL")
}
SICK = {site: {"probing_depth": 7.0, "attachment_level": 8.0, "bleeding": True, "plaque": True} for site in HEALTHY}


@pytest.fixture(scope="module")
def model():
    return find_model("tooth-loss")


def sound(**more):
    return {
        "status": "present",
        "other_surfaces": "sound",
        "periodontal": HEALTHY,
        "mobility": 0,
        "furcation": 0,
        "root_treated": False,
    } | more


def a_case(tmp_path, teeth=None, **more):
    mouth = {str(10 * q + p): sound() for q in (1, 2, 3, 4) for p in range(1, 8)}
    for key in mouth:
        if int(key) % 10 < 6:
            del mouth[key]["furcation"]
    record = {
        "pseudonym": "Test-1",
        "origin": "synthetic",
        "recorded_on": "2026-01-15",
        "age_band": "50-54",
        "sex": "female",
        "teeth": mouth | (teeth or {}),
        "medical": {"smoking": "never", "diabetes": "none"},
    } | more
    path = tmp_path / f"case-{abs(hash(json.dumps(record)))}.json"
    path.write_text(json.dumps(record))
    return load_case(path)


def of(case, model, tooth=36, draws=60, seed=0):
    return next(o for o in outlooks(case, TIMES, draws=draws, seed=seed, model=model) if o.tooth == tooth)


def risk(outlook, at=24):
    return 1 - np.exp(-outlook.hazard[:, at])


def test_a_sick_tooth_is_in_more_danger_than_a_healthy_one(tmp_path, model):
    healthy = of(a_case(tmp_path), model)
    sick = sound(periodontal=SICK, mobility=2, furcation=2)
    sick = of(a_case(tmp_path, {"36": sick}), model)
    rotten = {"surface": "O", "icdas": 6, "radiograph": "D3"}
    decayed = of(a_case(tmp_path, {"36": sound(findings=[rotten, {"surface": "M", "icdas": 5}])}), model)
    assert risk(healthy).mean() < 0.05
    assert risk(sick).mean() > 3 * risk(healthy).mean()
    assert risk(decayed).mean() > 1.5 * risk(healthy).mean()
    top = [d.name.partition(":")[0] for d in sick.drivers[:5]]
    assert {"mobil", "pocket_max", "pocket_mean", "cal_max", "cal_mean", "furc_max"} & set(top)


def test_drivers_add_up_to_the_difference_from_the_average_tooth(tmp_path, model):
    from amelo.forecast.tooth_loss.features import features
    from amelo.forecast.tooth_loss.survival import Survival

    case = a_case(tmp_path, {"36": sound(periodontal=SICK)})
    outlook = of(case, model, draws=40)
    forest, survival = Forest.load(model), Survival.load(model)
    chart = chart_of(case)
    chart.columns["mg"][:] = 0.0  # the one thing that a chart never says; its draws are all zero but for one in two hundred
    bins = forest.bins(features(with_mouth(chart), tuple(model["of_mouth"])))
    k = list(chart.fdi).index(36)
    score = forest.scores(bins).mean(0)[k]
    average = forest.explain(bins[:, k : k + 1])[1]
    log_hazard = np.log(survival.hazard(np.array([score, average]), np.array([2.0]))[:, 0])
    assert sum(d.effect for d in outlook.drivers) == pytest.approx(log_hazard[0] - log_hazard[1], abs=0.05)
    assert [abs(d.effect) for d in outlook.drivers] == sorted((abs(d.effect) for d in outlook.drivers), reverse=True)


def test_what_is_not_known_widens_and_is_named(tmp_path, model):
    known = of(a_case(tmp_path), model, draws=200)
    bare = {str(10 * q + p): {"status": "present"} for q in (1, 2, 3, 4) for p in range(1, 8)}
    unknown = of(a_case(tmp_path, bare, medical={}), model, draws=200)

    def width(outlook):
        low, high = np.quantile(np.log(outlook.hazard[:, 24]), [0.05, 0.95])
        return high - low

    assert width(unknown) > 1.3 * width(known)
    names = {missing.name for missing in unknown.missing}
    assert {"decay_new", "pocket_max", "tobacco_ever"} <= names
    assert not {"decay_new", "pocket_max", "tobacco_ever"} & {missing.name for missing in known.missing}
    assert all(0 <= missing.share <= 1 for missing in unknown.missing)
    assert "unknown" in {driver.value for driver in unknown.drivers}


def test_draws_are_hazards_and_the_seed_decides_them(tmp_path, model):
    case = a_case(tmp_path)
    first, again, other = (of(case, model, seed=seed).hazard for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (60, len(TIMES))
    assert np.all(first[:, 0] == 0) and np.all(np.diff(first, axis=1) >= 0)


def test_it_is_silent_where_the_cohort_is(tmp_path, model):
    teeth = {"36": {"status": "implant"}, "46": {"status": "unknown"}, "37": {"status": "missing", "missing_cause": "caries"}}
    found = {o.tooth: o for o in outlooks(a_case(tmp_path, teeth), TIMES, draws=20, seed=0, model=model)}
    assert found[36].hazard is None and "implant" in found[36].abstained
    assert found[46].hazard is None and "whether the tooth is there" in found[46].abstained
    assert 37 not in found
    child = a_case(tmp_path, {"55": {"status": "present"}}, age_band="8-9")
    found = {o.tooth: o for o in outlooks(child, TIMES, draws=20, seed=0, model=model)}
    assert all(o.hazard is None for o in found.values())
    assert "from 16 to 90 years" in found[36].abstained
    assert "primary" in found[55].abstained
    empty = a_case(tmp_path)
    assert outlooks(empty.model_copy(update={"teeth": {}}), TIMES, draws=5, seed=0, model=model) == []


def test_a_mouth_unlike_any_is_not_forecast(tmp_path, model):
    odd = {site: {"probing_depth": 12.0, "attachment_level": -3.0, "bleeding": False, "plaque": False} for site in HEALTHY}
    teeth = {str(10 * q + p): sound(periodontal=odd, mobility=3) for q in (1, 2, 3, 4) for p in range(1, 8)}
    for key, tooth in teeth.items():
        if int(key) % 10 < 6:
            del tooth["furcation"]
    found = outlooks(a_case(tmp_path, teeth), TIMES, draws=10, seed=0, model=model)
    assert all(o.hazard is None and "less usual" in o.abstained for o in found)


def test_changes_are_offered_only_where_they_apply(tmp_path, model):
    plain = of(a_case(tmp_path), model)
    smoker = of(a_case(tmp_path, {"36": sound(periodontal=SICK)}, medical={"smoking": "current", "diabetes": "none"}), model)
    assert plain.changes == ()
    assert {change.words.split()[0] for change in smoker.changes} == {"quit", "regular"}
    assert all(change.effect < 0 and change.source and change.grade for change in smoker.changes)


def test_the_history_moves_the_mouth_as_far_as_the_cohort_allows(tmp_path, model):
    gone = {"16": {"status": "missing", "missing_cause": "caries"}, "26": {"status": "missing", "missing_cause": "caries"}}
    quiet = [{"on": "2021-06-01", "what": "first visit"}]
    lost = [*quiet, {"on": "2024-05-01", "tooth": 16, "what": "extraction"}, {"on": "2024-09-01", "tooth": 26, "what": "extracted"}]
    braces = {
        "16": {"status": "missing", "missing_cause": "orthodontic"},
        "26": {"status": "missing", "missing_cause": "orthodontic"},
    }
    without = risk(of(a_case(tmp_path, gone, history=quiet), model, draws=400)).mean()
    after = risk(of(a_case(tmp_path, gone, history=lost), model, draws=400)).mean()
    planned = risk(of(a_case(tmp_path, braces, history=lost), model, draws=400)).mean()
    assert after > without
    assert planned < after


def test_forecasting_needs_numpy_alone():
    code = (
        "import sys, numpy as np; from amelo.records.case import load_case; from amelo.forecast.artefact import find_model;"
        "from amelo.forecast.tooth_loss.outlooks import outlooks;"
        "outlooks(load_case('cases/kira.json'), np.arange(61) / 12, draws=20, seed=0, model=find_model('tooth-loss'));"
        "print([m for m in ('jax', 'scipy', 'pandas', 'lightgbm', 'numba', 'matplotlib', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=MODELS.parents[3])
    assert done.stdout.strip() == "[]"
