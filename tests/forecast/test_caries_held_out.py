"""Molars forecast without their child: what was seen of them, from the first examination and from a landmark, and the bounds set on it."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_children import children

from amelo.forecast.caries.bounds import GRID, SCORED, Seen
from amelo.forecast.caries.cohort import FIRST_MOLARS, read_cohort
from amelo.forecast.caries.evaluate import for_card, history_scores
from amelo.forecast.caries.held_out import GAP, LANDMARK, Past, coverage_of, first_seen, joined, later_seen
from amelo.forecast.caries.inputs import NAMES, distance_of, draw_inputs, mouths
from amelo.forecast.caries.survival import Forecaster, fitted
from amelo.forecast.caries.train import cross_validate, train


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def model(told):
    return train(children(400, seed=31), folds=2, replicates=6, draws=0, on_progress=lambda f, words: told.append((f, words)))


@pytest.fixture(scope="module")
def fresh():
    return children(1500, seed=32)


@pytest.fixture(scope="module")
def forecaster(model, fresh):
    return Forecaster(fitted(model), read_cohort(fresh))


def test_training_says_how_far_it_is(model, told):
    fractions = [f for f, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert "fitting without part 2 of 2 of the children" in [words for _, words in told]


def test_at_the_first_examination_curves_are_the_forecasts_and_intervals_those_of_the_table(forecaster):
    cohort, seen = forecaster.cohort, first_seen(forecaster)
    used = cohort.followed
    assert len(seen.low) == used.sum()
    assert np.allclose(seen.score, forecaster.risk(GRID[SCORED])[used])
    assert (np.diff(seen.risk, axis=1) >= -1e-12).all()
    assert np.allclose(seen.low + cohort.age_base[used], cohort.lo[used])
    assert np.array_equal(np.isnan(seen.high), np.isnan(cohort.hi[used]))
    assert seen.child.max() + 1 == len(np.unique(cohort.child[used]))


def test_at_a_landmark_only_molars_that_are_still_sound_are_seen_from_when_they_were_last_sound(forecaster):
    past = Past.of(forecaster)
    seen, cohort = later_seen(past), forecaster.cohort
    assert len(seen.low) == past.scored.sum() < cohort.followed.sum()
    assert not (past.scored & (cohort.hi <= cohort.age_base + LANDMARK)).any()
    assert (past.sound_at <= cohort.age_base + LANDMARK - GAP + 1e-12).all()
    assert (seen.low >= 0).all()
    assert (seen.high[~np.isnan(seen.high)] > seen.low[~np.isnan(seen.high)]).all()
    assert ((seen.risk >= -1e-12) & (seen.risk <= 1)).all()
    assert (np.diff(seen.risk, axis=1) >= -1e-12).all()


def test_the_risk_at_the_landmark_is_that_of_the_history(model, forecaster):
    past = Past.of(forecaster)
    scores = history_scores(model, forecaster.cohort)
    assert np.allclose(later_seen(past).score, scores["risk_updated"][past.scored], atol=1e-9)
    assert np.allclose(past.alone.sum(1), 1)
    assert np.allclose(past.updated.sum(1), 1)


def test_groups_of_children_are_joined_without_mixing_them(forecaster):
    seen = first_seen(forecaster)
    early = seen.child < 100
    parts = seen.take(early), seen.take(~early)
    whole = joined([Seen(*(getattr(p, n) for n in ("risk", "low", "high")), p.child - p.child.min(), p.pieces) for p in parts])
    assert np.array_equal(whole.child, seen.child)
    assert np.array_equal(whole.risk, seen.risk)
    assert np.array_equal(whole.pieces, seen.pieces, equal_nan=True)


def test_each_child_is_forecast_once_by_a_model_without_it():
    cohort = read_cohort(children(200, seed=33))
    held = cross_validate(cohort, folds=2)
    assert len(held.first.low) == cohort.followed.sum() == len(held.forecasts.log_likelihood)
    assert held.first.child.max() + 1 == len(np.unique(cohort.child[cohort.followed]))
    at_two = np.sort(held.forecasts.risk[2])
    assert np.allclose(np.sort(held.first.score), at_two)
    own = Forecaster(fitted(train(cohort, folds=0, draws=0)), cohort).risk(2)[cohort.followed]
    assert not np.allclose(np.sort(own), at_two)


def test_bounds_hold_on_children_never_seen(model, fresh):
    found = for_card(model, read_cohort(fresh), replicates=40)["figures"]
    for level in (90, 95):
        row = found[f"coverage_{level}"]
        assert row["low"] - 0.02 < level / 100 < row["high"] + 0.02  # 400 children set them
        assert found[f"coverage_{level}_at_least"]["value"] < row["value"] < found[f"coverage_{level}_at_most"]["value"]
        top = found[f"coverage_{level}_riskiest"]
        assert top["value"] > level / 100 - 0.06
        assert top["high"] - top["low"] > row["high"] - row["low"]


def test_the_card_has_the_coverage_of_children_left_out_and_of_two_years_on(model):
    figures = model["card"]["cross_validated"]
    for part in ("bounds", "bounds_later"):
        for level in (90, 95):
            row = figures[part][f"coverage_{level}"]
            assert row["value"] == pytest.approx(level / 100, abs=0.06), part
            assert row["low"] <= row["value"] <= row["high"]


def test_a_model_without_bounds_has_no_coverage(model, fresh):
    bare = {k: v for k, v in model.items() if k != "bounds"}
    assert coverage_of(bare, read_cohort(fresh)) is None
    assert not [name for name in for_card(bare, read_cohort(fresh), replicates=0)["figures"] if name.startswith("coverage")]
    assert "bounds" not in train(children(120, seed=3), folds=0, draws=0)


def test_the_children_trained_on_are_as_far_as_they_are_and_mixed_up_ones_further(model, fresh):
    usual = model["inputs"]["typical"]
    assert usual == sorted(usual)
    table = mouths(read_cohort(fresh))
    far = np.array([distance_of(model["inputs"], row) for row in table])
    assert np.quantile(far, 0.5) == pytest.approx(usual[0], abs=0.1)
    assert (far > usual[-1]).mean() < 0.02
    rng = np.random.default_rng(0)
    mixed = np.stack([rng.permutation(column) for column in table.T], axis=1)  # every value is usual, none beside another
    assert np.median([distance_of(model["inputs"], row) for row in mixed]) > 1.2 * np.median(far)


def test_what_the_model_draws_is_not_unlike_it_and_less_known_is_not_further(model):
    rng = np.random.default_rng(1)
    values = draw_inputs(model["inputs"], np.full((400, len(NAMES)), np.nan), rng)
    kinds = [NAMES.index(f"p{p}_kind_{t}") for p in (4, 5) for t in FIRST_MOLARS]
    values[:, kinds] = np.nan
    whole = np.array([distance_of(model["inputs"], row) for row in values])
    half = np.where(rng.random(values.shape) < 0.5, values, np.nan)
    part = np.array([distance_of(model["inputs"], row) for row in half])
    assert (whole > model["inputs"]["typical"][-1]).mean() < 0.03
    assert (part > model["inputs"]["typical"][-1]).mean() < 0.03
    assert distance_of(model["inputs"], np.full(len(NAMES), np.nan)) == 0.0
