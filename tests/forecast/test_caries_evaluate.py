"""Evaluating caries onset on a table of children: every promised figure, with progress, and with what was really so beside it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from synthetic_children import children

from amelo.errors import FormatError
from amelo.forecast.artefact import find_model, save_model
from amelo.forecast.caries.bounds import fit_bounds
from amelo.forecast.caries.cohort import read_cohort
from amelo.forecast.caries.evaluate import TIMES, Seen, evaluate, for_card
from amelo.forecast.caries.held_out import first_seen
from amelo.forecast.caries.metrics import Forecasts, Scorer
from amelo.forecast.caries.survival import Forecaster, fitted
from amelo.forecast.caries.train import core
from amelo.forecast.scores.concordance import harrell_c_intervals

PROMISED = ("harrell_c", "uno_c", "within_mouth_c", "integrated_brier_score", "log_likelihood", "update_log_likelihood",
            *(f"{name}_{n}y" for n in (2, 3, 4) for name in ("auc", "auc_expected", "brier", "calibration_slope", "ici", "expected_observed")))  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    cohort = read_cohort(children(300, seed=31))
    made = core(cohort)
    made["bounds"] = fit_bounds(first_seen(Forecaster(fitted(made), cohort)))
    return find_model(save_model(made, tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def fresh():
    return children(500, seed=32)


@pytest.fixture(scope="module")
def found(model, fresh):
    told: list[tuple[float, str]] = []
    evaluation = evaluate(model, fresh, data="fresh.csv", draws=24, seed=3, on_progress=lambda f, words: told.append((f, words)))
    return evaluation, told


def test_every_promised_figure_has_an_interval_over_children(found, fresh):
    evaluation, _ = found
    said = evaluation.to_dict()
    json.dumps(said)
    for name in PROMISED:
        low, high = said["intervals"][name]
        assert low < high, name
        assert low - 0.5 * (high - low) < said[name] < high + 0.5 * (high - low), name
    assert (evaluation.kind, evaluation.data, evaluation.level) == ("caries-onset", "fresh.csv", 0.95)
    cohort = read_cohort(fresh)
    assert evaluation.rows == cohort.followed.sum() and evaluation.patients == len(np.unique(cohort.child[cohort.followed]))
    assert evaluation.events == (~np.isnan(cohort.hi[cohort.followed])).sum()


def test_a_good_model_is_called_good(found):
    said = found[0].to_dict()  # trained on 300 children made like these
    assert said["uno_c"] > 0.6 and said["intervals"]["harrell_c"][0] > 0.58
    assert 0.8 < said["coverage_90"] < 1.0 and said["coverage_90_at_least"] <= said["coverage_90"] <= said["coverage_90_at_most"]
    for n in (2, 3, 4):
        assert 0.75 < said[f"calibration_slope_{n}y"] < 1.3
        assert said[f"ici_{n}y"] < 0.045
        assert said[f"auc_expected_{n}y"] == pytest.approx(said[f"auc_{n}y"], abs=0.03)
    assert 0 < said["brier_2y"] < said["brier_3y"] < said["brier_4y"] < 0.25
    assert said["integrated_brier_score"] < said["brier_3y"]
    assert said["update_log_likelihood"] > 0  # their frailty lasts


def test_one_that_says_too_much_or_ranks_by_chance_is_caught(model, fresh):
    cohort = read_cohort(fresh)
    seen = Seen.of(model, cohort)
    everyone = np.ones(len(seen.risk))
    right = seen.scores(everyone)
    doubled = Seen(seen.scorer, seen.forecasts, 1 - (1 - seen.risk) ** 2.5, seen.gain, None)
    wrong = doubled.scores(everyone)
    assert wrong["ici_2y"] > right["ici_2y"] + 0.05 and wrong["integrated_brier_score"] > right["integrated_brier_score"] + 0.01
    assert wrong["harrell_c"] == right["harrell_c"]
    assert wrong["calibration_slope_2y"] == pytest.approx(right["calibration_slope_2y"], abs=1e-6)  # the order is as good as before
    shuffled = seen.risk[np.random.default_rng(0).permutation(len(everyone))]
    blind = Seen(seen.scorer, seen.forecasts, shuffled, seen.gain, None).scores(everyone)
    assert blind["uno_c"] == pytest.approx(0.5, abs=0.04) and blind["auc_expected_3y"] == pytest.approx(0.5, abs=0.04)
    assert abs(blind["calibration_slope_3y"]) < 0.2 and blind["brier_3y"] > right["brier_3y"]


def test_the_figures_are_those_of_the_true_times_where_visits_are_close(model):
    """Visits a week apart leave nothing open, so that the figures can be had from their definitions."""
    fine = children(250, seed=33)
    seen = fine.hi.notna()
    rng = np.random.default_rng(0)
    fine.loc[seen, "hi"] = fine.lo[seen] + (fine.hi - fine.lo)[seen] * rng.uniform(0.05, 0.95, seen.sum())
    fine.loc[seen, "lo"] = np.maximum(fine.hi[seen] - 0.02, fine.age_base[seen])
    fine = fine[(fine.hi.notna() & (fine.hi > fine.lo)) | fine.hi.isna()]
    fine = fine[fine.hi.notna() | (fine.lo >= fine.age_base + 2.0)]  # at 2 y everybody is known
    close = Seen.of(model, read_cohort(fine))
    scorer, risk = close.scorer, close.risk[:, list(TIMES).index(2.0)]
    had = scorer.high <= 2.0
    assert (had | (scorer.low >= 1.98)).all()
    said = close.scores(np.ones(len(had)))
    assert said["brier_2y"] == pytest.approx(np.mean((had - risk) ** 2), abs=0.002)
    above = (risk[had][:, None] > risk[~had]) + 0.5 * (risk[had][:, None] == risk[~had])
    assert said["auc_expected_2y"] == pytest.approx(above.mean(), abs=0.005)


def test_progress_goes_up_to_the_end_and_says_what_is_done(found):
    _, told = found
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 24
    assert {words for _, words in told} == {"drawing patients again", "drawing patients of subgroups again"}


def test_the_same_seed_gives_the_same_intervals_and_another_others(model, fresh, found):
    few = [evaluate(model, fresh, draws=4, seed=seed).to_dict()["intervals"] for seed in (1, 1, 2)]
    assert few[0] == few[1] != few[2]


def test_curves_can_be_drawn(found, tmp_path):
    evaluation, _ = found
    curve, tenths, benefit = (evaluation.curves[name] for name in ("calibration_2y", "calibration_tenths_2y", "decision_2y"))
    assert len(curve["predicted"]) == 101 and curve["predicted"] == sorted(curve["predicted"])
    assert len(tenths["observed"]) == 10 and np.corrcoef(tenths["predicted"], tenths["observed"])[0, 1] > 0.8
    assert (
        np.abs(np.array(tenths["observed"]) - np.interp(tenths["predicted"], curve["predicted"], curve["observed"])).mean() < 0.05
    )
    assert benefit["model"][0] == pytest.approx(benefit["all"][0], abs=0.01)  # at a threshold of nothing all are treated
    at = benefit["threshold"].index(0.1)
    assert benefit["model"][at] > max(0.0, benefit["all"][at])
    for kind in ("all", "calibration", "decision", "subgroups"):
        evaluation.plot(kind).savefig(tmp_path / f"{kind}.png")


def test_subgroups_have_the_ranking_first_and_their_own_children(found, model, fresh):
    groups = found[0].subgroups
    assert {"sex boy", "sex girl", "tooth 16", "tooth 26", "tooth 36", "tooth 46", "province 0", "educ 1"} <= set(groups)
    assert list(groups["tooth 36"]) == ["harrell_c", "auc_3y", "expected_observed_4y", "log_likelihood"]
    seen = Seen.of(model, read_cohort(fresh))
    of = seen.scorer.cohort.tooth == 36
    by_hand = harrell_c_intervals(seen.scorer.low[of], seen.scorer.high[of], seen.risk[of, -1])
    assert groups["tooth 36"]["harrell_c"].value == pytest.approx(by_hand, abs=1e-12)


def test_what_is_open_and_what_is_left_out_is_said(found, fresh):
    notes = " ".join(found[0].notes)
    scorer = Scorer(read_cohort(fresh))
    open_ = 100 * np.mean((scorer.low < 3) & ~(scorer.high <= 3))
    assert f"{open_:.0f} % at 3 y" in notes and "seen again" in notes and "pairs whose order is not known" in notes


def test_children_trained_on_are_left_out_when_the_table_says_which(model, fresh):
    split = np.where(fresh.id < 200, "train", "dev")
    whole, part = (evaluate(model, t, draws=2) for t in (fresh.assign(split=split), fresh[fresh.id >= 200]))
    assert whole.rows == part.rows and whole.figures["uno_c"].value == pytest.approx(part.figures["uno_c"].value, abs=1e-12)
    assert whole.notes[0].startswith("rows of split train left out")
    dev = evaluate(model, fresh.assign(split="train"), draws=2)  # a file that holds nothing else is scored as it stands
    assert dev.rows > whole.rows


def test_a_file_is_named_in_what_is_wrong_with_it(model, fresh):
    broken = fresh.assign(hi=fresh.hi.where(fresh.hi.isna(), 3000.0))
    broken.attrs["where"] = "mine.csv"
    with pytest.raises(FormatError, match="column hi") as caught:
        evaluate(model, broken, draws=2)
    assert caught.value.where == "mine.csv"


def test_weights_of_the_bootstrap_are_children_drawn_again(model, fresh):
    seen = Seen.of(model, read_cohort(fresh[fresh.id < 150]))
    child = seen.scorer.cohort.child
    once = np.isin(child, np.arange(0, child.max() + 1, 2)).astype(float)
    drawn = seen.scores(once)
    rows = once > 0
    scorer = Scorer(seen.scorer.cohort.take(rows))
    half = Seen(scorer, seen.forecasts.take(np.flatnonzero(rows)), seen.risk[rows], seen.gain[rows], None).scores(
        np.ones(rows.sum())
    )
    for name, value in half.items():
        assert drawn[name] == pytest.approx(value, abs=1e-9), name


def test_the_card_holds_the_same_values(model, fresh, found):
    card = for_card(model, read_cohort(fresh), replicates=4)
    for name, row in card["figures"].items():
        assert found[0].figures[name].value == pytest.approx(row["value"], abs=1e-12), name
    gain = 1000 * card["history"]["gain"]["value"]
    assert found[0].figures["update_log_likelihood"].value == pytest.approx(gain, abs=1e-9)
    assert card["subgroups"]["tooth"]["36"]["auc_3y"]["value"] == pytest.approx(found[0].subgroups["tooth 36"]["auc_3y"].value)
    json.dumps(card)


def test_risk_at_the_times_is_that_of_the_forecaster(model, fresh):
    cohort = read_cohort(fresh)
    seen, forecaster = Seen.of(model, cohort), Forecaster(fitted(model), cohort)
    for k, time in enumerate(TIMES):
        np.testing.assert_array_equal(seen.risk[:, k], forecaster.risk(time)[cohort.followed])
    assert isinstance(seen.forecasts, Forecasts) and (np.diff(seen.risk, axis=1) >= 0).all()


def test_few_children_without_much_caries_still_give_an_answer(model):
    few = evaluate(model, children(25, seed=5), draws=6)
    assert not few.subgroups and math.isfinite(few.figures["integrated_brier_score"].value)
