"""Training on synthetic children, scoring, and what the shipped file holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from synthetic_children import children

from amelo.errors import FormatError
from amelo.forecast.artefact import MODELS, load_model, model_files, save_model
from amelo.forecast.caries.cohort import read_cohort
from amelo.forecast.caries.evaluate import evaluate, for_card, forecasts_of, history_scores
from amelo.forecast.caries.metrics import Forecasts, Scorer, compare
from amelo.forecast.caries.survival import Forecaster, fitted
from amelo.forecast.caries.train import fit_share, train
from amelo.forecast.cohort import read_table


@pytest.fixture(scope="module")
def table():
    return children(220, seed=21)


@pytest.fixture(scope="module")
def model(table):
    return train(table, draws=12, folds=0, replicates=10)


@pytest.fixture(scope="module")
def fresh():
    return children(900, seed=77)


def test_training_twice_gives_the_same_file(table, model, tmp_path):
    again = train(table, draws=12, folds=0, replicates=10)
    assert json.dumps(again, sort_keys=True) == json.dumps(model, sort_keys=True)
    path = save_model(model, tmp_path)
    assert load_model(path)["beta"] == model["beta"]
    path.write_bytes(path.read_bytes().replace(b'"sigma":', b'"sigmb":', 1))
    load_model.cache_clear()
    with pytest.raises(FormatError, match="is refused"):
        load_model(path)


def test_the_file_holds_no_row_of_the_cohort(table, model):
    text = json.dumps({k: v for k, v in model.items() if k != "draws"})
    assert len(text) < 60_000
    assert model["card"]["children"] <= table.id.nunique()
    assert set(model["inputs"]) == {"names", "thresholds", "correlation", "typical"}


def test_expected_and_observed_agree_on_fresh_children(model, fresh):
    found = for_card(model, read_cohort(fresh), replicates=30)
    figures = found["figures"]
    for years in (2, 3, 4):
        assert 0.85 < figures[f"expected_observed_{years}y"]["value"] < 1.18  # 220 children trained on
        assert figures[f"auc_{years}y"]["low"] > 0.6
    assert figures["log_likelihood"]["low"] < figures["log_likelihood"]["value"] < figures["log_likelihood"]["high"]
    assert set(found["subgroups"]) == {"sex", "province", "educ", "tooth"}
    assert found["subgroups"]["tooth"]["36"]["teeth"] > 500


def test_what_the_mouth_did_since_improves_the_forecast_of_children_with_a_lasting_frailty(model, fresh):
    cohort = read_cohort(fresh)
    shares, chance = fit_share(model, cohort)
    lasting = {**model, "share": float(shares @ chance)}
    assert lasting["share"] > 0.4  # the children were made with a frailty that never changes
    scores = history_scores(lasting, cohort)
    used = ~np.isnan(scores["alone"])
    assert np.array_equal(used, ~np.isnan(scores["updated"]))
    assert (scores["updated"] - scores["alone"])[used].mean() > 0.002
    found = for_card(lasting, cohort, replicates=20)["history"]
    assert found["gain"]["low"] > 0
    assert found["gain"]["value"] == pytest.approx((scores["updated"] - scores["alone"])[used].mean())


def test_children_without_frailty_leave_nothing_to_learn_from_the_mouth():
    cohort = read_cohort(children(400, seed=5, sigma=0.0))
    from amelo.forecast.caries.train import core

    model = core(cohort)
    assert model["sigma"] < 0.6


def test_frailty_is_weighed_by_the_others_and_by_the_molar_itself(model, fresh):
    forecaster = Forecaster(fitted(model), read_cohort(fresh))
    ones = np.ones_like(forecaster.sound)
    assert np.allclose(forecaster.at_first.sum(1), 1)
    weight = forecaster.frailty(ones, ones)
    assert np.allclose(weight.sum(1), 1)
    risk = forecaster.risk(2.0)
    assert ((risk >= 0) & (risk <= 1)).all()
    assert (forecaster.risk(3.0) >= risk).all()
    assert np.allclose(forecaster.risk(0.0), 0, atol=1e-12)


def test_a_forecast_does_not_look_at_what_came_after_the_first_examination(model, fresh):
    later = fresh.copy()
    unseen = later.erupted_base == 0
    assert unseen.any()
    later.loc[unseen, "e_hi"] += 0.3
    a, b = (Forecaster(fitted(model), read_cohort(t)).risk(3.0) for t in (fresh, later))
    assert np.array_equal(a, b)


def test_a_model_of_another_kind_is_refused(model):
    with pytest.raises(FormatError, match="of kind tooth-loss and not caries-onset"):
        fitted({**model, "kind": "tooth-loss"})
    with pytest.raises(FormatError, match="made for other columns"):
        fitted({**model, "columns": model["columns"][1:]})


def perfect(scorer: Scorer) -> Forecasts:
    soon = np.where(np.isnan(scorer.high), 99, scorer.high)
    risk = {n: 1 / (1 + np.exp(soon - n)) for n in (2, 3, 4)}
    return Forecasts(-soon, risk, risk)


def test_figures_of_forecasts_that_know_and_of_those_that_do_not(fresh):
    scorer = Scorer(read_cohort(fresh))
    figures = scorer.figures(perfect(scorer))
    assert figures["within_mouth_c"] == figures["within_mouth_c_ordered"] == 1
    assert figures["auc_4y"] > 0.99
    n = len(scorer.cohort)
    blind = Forecasts(np.zeros(n), *({k: np.full(n, 0.2) for k in (2, 3, 4)} for _ in range(2)))
    figures = scorer.figures(blind)
    assert figures["auc_2y"] == figures["within_mouth_c"] == 0.5


def test_auc_under_weights_is_that_of_repeated_children(fresh):
    cohort = read_cohort(fresh[fresh.id < 200])
    scorer = Scorer(cohort)
    rng = np.random.default_rng(0)
    risk = {n: rng.random(len(scorer.cohort)).round(2) for n in (2, 3, 4)}  # ties
    said = Forecasts(rng.normal(size=len(scorer.cohort)), risk, risk)
    weight = rng.integers(0, 3, scorer.cohort.child.max() + 1).astype(float)
    w = weight[scorer.cohort.child]
    k = scorer.known[3]
    rows = np.repeat(np.flatnonzero(k), w[k].astype(int))
    case, score = scorer.case[3][rows], risk[3][rows]
    above = (score[case][:, None] > score[~case]) + 0.5 * (score[case][:, None] == score[~case])
    assert scorer.figures(said, weight)["auc_3y"] == pytest.approx(above.mean())
    assert scorer.figures(said, weight)["log_likelihood"] == pytest.approx(np.average(said.log_likelihood, weights=w))


def test_differences_are_paired_by_child(model, fresh):
    cohort = read_cohort(fresh[fresh.id < 150])
    scorer, ours = Scorer(cohort), forecasts_of(model, cohort)
    same = compare(scorer, ours, ours, replicates=20, seed=0)
    assert all(row["value"] == row["low"] == row["high"] == 0 for row in same.values())
    worse = Forecasts(ours.log_likelihood - 0.1, ours.risk, ours.expected)
    row = compare(scorer, ours, worse, replicates=20, seed=0)["log_likelihood"]
    assert row["low"] == pytest.approx(0.1)
    assert row["high"] == pytest.approx(0.1)


def test_expected_counts_go_no_further_than_each_tooth_was_seen(model, fresh):
    cohort = read_cohort(fresh)
    said, used = forecasts_of(model, cohort), cohort.take(cohort.followed)
    short = used.age_last - used.age_base < 3
    assert short.any()
    assert (said.expected[4][short] < said.risk[4][short]).all()
    assert np.allclose(said.expected[2][~short], said.risk[2][~short])


def shipped():
    files = [path for path in model_files(MODELS) if path.name.startswith("caries-onset.")]
    if not files:
        pytest.skip("no model of caries onset is shipped")
    return load_model(files[0])


def test_the_shipped_model_is_small_and_has_a_complete_card():
    from amelo.cite import bibliography

    model = shipped()
    card = model["card"]
    assert len(json.dumps(model)) < 400_000
    assert "approved by its team (KU Leuven)" in card["data"]["condition"]
    assert "bayesSurv" in card["data"]["origin"]
    assert card["data"]["licence"].startswith("GPL")
    assert set(card["sources"]) <= set(bibliography())
    assert card["looks_at_dev"]
    assert fitted(model).beta_draws.shape[0] == card["posterior"]["draws"] == 400
    assert card["posterior"]["r_hat"] < 1.1


def test_the_shipped_model_repeats_its_figures(shared):
    model, path = shipped(), shared / "data" / "caries_public.parquet"
    known = for_card(model, read_cohort(path, split="dev"), replicates=0)["figures"]
    judged = evaluate(model, read_table(path), draws=2).figures
    for name, row in model["card"]["dev"]["figures"].items():
        if name in known:
            assert known[name]["value"] == pytest.approx(row["value"], abs=1e-9), name
        else:  # written with four digits
            assert judged[name].value == pytest.approx(row["value"], rel=1e-3), name
    assert {"harrell_c", "uno_c", "integrated_brier_score", "calibration_slope_2y", "ici_2y"} <= model["card"]["dev"][
        "figures"
    ].keys()
