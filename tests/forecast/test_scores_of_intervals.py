"""Scores of events that are known to intervals: beside the same scores of the exact times, by hand, and with predictions that are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_intervals import teeth

from amelo.forecast.scores import intervals
from amelo.forecast.scores.calibration import calibration, calibration_curve
from amelo.forecast.scores.concordance import harrell_c, harrell_c_intervals
from amelo.forecast.scores.expected import expected_auc, expected_brier, expected_c, expected_net_benefit
from amelo.forecast.scores.intervals import calibration_slope, judge

THRESHOLDS = np.array([0.05, 0.1, 0.2])
GRID = np.arange(0.25, 4.01, 0.25)


def scores(low, high, of, horizon=2.0):
    """Return the scores of predictions from intervals."""
    risk, last = of.risk(horizon), of.risk(4.0)
    one = judge(low, high, risk, horizon)
    status = one.status()
    return {
        "mean": status.mean(),
        "brier": expected_brier(status, risk),
        "auc": expected_auc(status, risk),
        "uno": expected_c(judge(low, high, last, 4.0), last, GRID),
        "slope": calibration_slope(low, high, risk, horizon),
        "ici": np.mean(np.abs(one.risk() - risk)),
        **{f"benefit {t:g}": v for t, v in zip(THRESHOLDS, expected_net_benefit(status, risk, THRESHOLDS)["model"], strict=True)},
    }


def exact_scores(of, horizon=2.0):
    """Return the same scores from the times themselves, from their definitions where that is short."""
    risk, last, had = of.risk(horizon), of.risk(4.0), of.time <= horizon
    fit = calibration(of.time, np.ones(len(had), bool), risk, horizon)
    return {
        "mean": had.mean(),
        "brier": np.mean((had - risk) ** 2),
        "auc": np.mean(risk[had][:, None] > risk[~had]),
        "uno": harrell_c(np.minimum(of.time, 4.0), of.time <= 4.0, last),  # nobody is censored before 4 y
        "slope": fit["slope"],
        "ici": fit["ici"],
        **{f"benefit {t:g}": np.mean((risk >= t) * (had - (1 - had) * t / (1 - t))) for t in THRESHOLDS},
    }


@pytest.fixture(scope="module", params=["weibull", "log-normal", "frail"])
def many(request):
    """Scores of thirty cohorts from intervals and from exact times."""
    made = [teeth(1600, seed, request.param) for seed in range(30)]
    ours, exact = [scores(c.low, c.high, c) for c in made], [exact_scores(c) for c in made]
    return request.param, made, *({key: np.array([row[key] for row in rows]) for key in rows[0]} for rows in (ours, exact))


def test_intervals_give_the_scores_of_the_exact_times_within_sampling_error(many):
    shape, _, ours, exact = many
    most = {
        "slope": 0.05,
        "ici": 0.003,
    }  # what is lost where hazards are far from proportional, beside a spread of 0.1 between cohorts
    for key in ours:
        off = ours[key] - exact[key]
        error = off.std(ddof=1) / np.sqrt(len(off))
        assert abs(off.mean()) < 3 * error + (0.0 if shape == "weibull" and key != "ici" else most.get(key, 0.005)), key
        assert abs(off.mean()) < 0.5 * exact[key].std(ddof=1), key  # and less than one cohort differs from the next


def test_leaving_out_what_is_open_would_not(many):
    _, made, ours, exact = many
    shares, errors = [], []
    for c in made:
        known = (c.low >= 2.0) | (c.high <= 2.0)
        shares.append(1 - known.mean())
        errors.append(np.mean(((c.high <= 2.0) - c.risk(2.0))[known] ** 2))
    assert np.mean(shares) > 0.15
    off = errors - exact["brier"]
    assert off.mean() < -6 * off.std(ddof=1) / np.sqrt(len(off))  # a Brier score that flatters
    assert abs((ours["brier"] - exact["brier"]).mean()) < 0.2 * abs(off.mean())


def test_pairs_of_known_order_flatter_and_that_is_said_of_harrell_alone(many):
    _, made, ours, exact = many
    harrell = np.array([harrell_c_intervals(c.low, c.high, c.risk(4.0)) for c in made])
    assert (harrell - exact["uno"]).mean() > 0.01 > abs((ours["uno"] - exact["uno"]).mean())
    assert "left out" in harrell_c_intervals.__doc__


@pytest.mark.parametrize("shape", ["weibull", "log-normal", "frail"])
def test_predictions_that_are_right_are_calibrated(shape):
    c = teeth(24_000, 1, shape)
    for horizon in (1.0, 2.0, 3.5):
        risk = c.risk(horizon)
        slope, one = calibration_slope(c.low, c.high, risk, horizon), judge(c.low, c.high, risk, horizon)
        assert slope == pytest.approx(1, abs=0.08), horizon
        assert np.mean(np.abs(one.risk() - risk)) < 0.006, horizon
        assert one.status().mean() == pytest.approx(np.mean(c.time <= horizon), abs=0.006)


@pytest.mark.parametrize(("slope", "factor"), [(1.6, 1.0), (0.5, 1.0), (1.0, 1.6), (1.0, 0.6)])
def test_predictions_that_are_wrong_are_caught_by_as_much_as_they_are(slope, factor):
    c = teeth(8000, 2)
    right, wrong = c.risk(2.0), c.risk(2.0, slope=slope, factor=factor)
    one = judge(c.low, c.high, wrong, 2.0)
    assert calibration_slope(c.low, c.high, wrong, 2.0) == pytest.approx(1 / slope, rel=0.1)
    off = np.mean(np.abs(one.risk() - wrong))
    assert off == pytest.approx(calibration(c.time, np.ones(8000, bool), wrong, 2.0)["ici"], abs=0.005)
    assert off == pytest.approx(np.mean(np.abs(right - wrong)), abs=0.012)  # which is 0.03 or more
    gain = expected_brier(one.status(), wrong) - expected_brier(judge(c.low, c.high, right, 2.0).status(), right)
    had = c.time <= 2.0
    assert gain == pytest.approx(np.mean((had - wrong) ** 2 - (had - right) ** 2), abs=0.001)
    assert gain > 0


def test_a_model_does_not_judge_itself():
    """Filled in by the forecast under test, as is usual, half the risk looks better than the truth; by the judge it does not."""
    mean = {}
    for factor in (1.0, 0.5):
        own, ours = [], []
        for seed in range(8):
            c = teeth(1600, seed, lost=0.8)
            risk = c.risk(2.0, factor=factor)
            survive = lambda t, c=c, f=factor: c.survival(np.maximum(t, 1e-9)) ** f  # noqa: E731
            whole = survive(c.low) - np.where(np.isnan(c.high), 0, survive(np.nan_to_num(c.high, nan=9.0)))
            inside = np.clip((survive(np.minimum(c.low, 2.0)) - survive(np.full(len(risk), 2.0))) / whole, 0, 1)
            own.append(expected_brier(np.where(c.low >= 2, 0, np.where(c.high <= 2, 1, inside)), risk))
            ours.append(expected_brier(judge(c.low, c.high, risk, 2.0).status(), risk))
        mean[factor] = np.mean(own), np.mean(ours)
    assert mean[0.5][0] < mean[1.0][0] - 0.001
    assert mean[0.5][1] > mean[1.0][1] + 0.002


def test_for_times_known_to_the_day_it_is_the_regression_of_the_others():
    c = teeth(4000, 3)
    risk, everyone = c.risk(2.0), np.ones(4000, bool)
    low, high = c.time - 1e-6, c.time
    assert calibration_slope(low, high, risk, 2.0) == pytest.approx(calibration(c.time, everyone, risk, 2.0)["slope"], abs=0.005)
    curve = calibration_curve(c.time, everyone, risk, 2.0)
    assert np.abs(judge(low, high, risk, 2.0).risk() - curve).max() < 0.03
    assert np.abs(judge(low, high, risk, 2.0).risk() - curve).mean() < 0.003
    assert np.array_equal(judge(low, high, risk, 2.0).status(), c.time <= 2.0)


def test_it_is_the_maximum_of_the_likelihood_that_a_plain_search_finds(monkeypatch):
    from scipy.optimize import minimize

    monkeypatch.setattr(intervals, "SMOOTH", 0.0)
    monkeypatch.setattr(intervals, "STEP", 1.0)
    c = teeth(1500, 4)
    seen, x = ~np.isnan(c.high), np.log(-np.log1p(-c.risk(2.0)))
    starts = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    years = lambda t: np.clip(t[:, None] - starts, 0, [1, 1, 1, 1, np.inf])  # noqa: E731

    def loss(p):  # a slope of its own up to the horizon of 2 y, and one beyond
        rate = np.exp(p[:5] + x[:, None] * np.where(starts < 2, p[5], p[6]))
        to_low, to_high = ((years(t) * rate).sum(1) for t in (c.low, np.where(seen, c.high, c.low)))
        return -np.where(seen, np.log(np.maximum(np.exp(-to_low) - np.exp(-to_high), 1e-300)), -to_low).sum()

    monkeypatch.setattr(intervals, "spline_of", lambda x: x[:, None])
    best = minimize(loss, [*np.full(5, 0.0), 1.0, 1.0], method="BFGS")
    assert calibration_slope(c.low, c.high, c.risk(2.0), 2.0) == pytest.approx(best.x[5], abs=1e-4)


def test_status_is_certain_where_the_interval_says_it_and_moves_with_time_elsewhere():
    c = teeth(800, 5)
    one = judge(c.low, c.high, c.risk(2.0), 2.0)
    status = one.status()
    assert set(status[(c.high <= 2)]) == {1.0} and set(status[c.low >= 2]) == {0.0}
    open_ = (c.low < 2) & ~(c.high <= 2)
    assert open_.sum() > 100 and ((status[open_] > 0) & (status[open_] < 1)).all()
    rising = np.stack([one.status(t) for t in np.linspace(0, 5, 21)])
    assert (np.diff(rising, axis=0) >= -1e-12).all() and not rising[0].any()
    seen = ~np.isnan(c.high)
    np.testing.assert_allclose(one.status(6.0)[seen], 1.0)
    later = one.risk()[open_ & ~seen & (c.low == 0)]
    np.testing.assert_allclose(status[open_ & ~seen & (c.low == 0)], later)  # nothing but the prediction speaks of them


def test_weights_are_repetitions():
    c = teeth(600, 6)
    count = np.random.default_rng(0).integers(0, 3, 150)[c.mouth].astype(float)
    many = np.repeat(np.arange(600), count.astype(int))
    used = count > 0
    low, high, risk, w = c.low[used], c.high[used], c.risk(2.0)[used], count[used]
    fixed = np.full(600, 0.3)  # knots of the spline are at quantiles, which weights do not move
    a, b = judge(low, high, fixed[used], 2.0, w), judge(c.low[many], c.high[many], fixed[many], 2.0)
    assert a.risk()[0] == pytest.approx(b.risk()[0], abs=1e-7)
    status = a.status()
    again = np.repeat(status, w.astype(int))
    assert expected_brier(status, risk, w) == pytest.approx(expected_brier(again, c.risk(2.0)[many]), abs=1e-9)
    ours = expected_net_benefit(status, risk, THRESHOLDS, w)
    for key, values in expected_net_benefit(again, c.risk(2.0)[many], THRESHOLDS).items():
        np.testing.assert_allclose(ours[key], values, atol=1e-12)
    assert harrell_c_intervals(low, high, risk, w) == pytest.approx(
        harrell_c_intervals(c.low[many], c.high[many], c.risk(2.0)[many]), abs=1e-12
    )


def test_ranking_is_the_mean_over_all_pairs_by_hand():
    c = teeth(80, 7)
    rng = np.random.default_rng(1)
    risk, weight = rng.random(80).round(1), rng.integers(1, 4, 80).astype(float)  # with ties
    one = judge(c.low, c.high, c.risk(4.0), 4.0)
    until = np.stack([np.zeros(80), *(one.status(t) for t in GRID)])
    status = one.status()
    agree, pairs = np.zeros(2), np.zeros(2)
    for i in range(80):
        for j in range(80):
            if i != j:
                right = (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
                here_i, here_j = np.diff(until[:, i]), np.diff(until[:, j])
                chance = np.array([np.sum(here_i * (1 - until[1:, j] + 0.5 * here_j)), status[i] * (1 - status[j])])
                agree += weight[i] * weight[j] * chance * right
                pairs += weight[i] * weight[j] * chance
    assert expected_c(one, risk, GRID, weight) == pytest.approx(agree[0] / pairs[0], abs=1e-12)
    assert expected_auc(status, risk, weight) == pytest.approx(agree[1] / pairs[1], abs=1e-12)


def test_harrell_counts_pairs_whose_order_is_known_by_hand():
    c = teeth(300, 8)
    risk = np.random.default_rng(2).random(300).round(2)
    agree = pairs = 0.0
    for i in np.flatnonzero(~np.isnan(c.high)):
        later = c.low >= c.high[i]
        pairs += later.sum()
        agree += ((risk[later] < risk[i]) + 0.5 * (risk[later] == risk[i])).sum()
    assert harrell_c_intervals(c.low, c.high, risk) == pytest.approx(agree / pairs, abs=1e-12)
    order = np.random.default_rng(3).permutation(300)
    assert harrell_c_intervals(c.low[order], c.high[order], risk[order]) == pytest.approx(agree / pairs, abs=1e-12)


def test_harrell_of_exact_times_is_that_of_intervals_that_end_there():
    rng = np.random.default_rng(4)
    time, event, risk = np.ceil(rng.exponential(2, 500) * 4) / 4, rng.random(500) < 0.6, rng.random(500)
    low, high = np.where(event, time - 0.01, time), np.where(event, time, np.nan)
    assert harrell_c_intervals(low, high, risk) == pytest.approx(harrell_c(time, event, risk), abs=1e-12)


def test_nothing_known_and_nothing_told_stay_finite():
    c = teeth(400, 9)
    blind = np.full(400, 0.1)
    one = judge(c.low, c.high, blind, 2.0)
    assert np.ptp(one.risk()) < 1e-9 and one.risk()[0] == pytest.approx(np.mean(c.time <= 2), abs=0.05)
    assert calibration_slope(c.low, c.high, blind, 2.0) == 0
    assert expected_auc(one.status(), blind) == 0.5
    none = np.full(400, np.nan)
    quiet = judge(np.where(np.isnan(c.high), c.low, c.high), none, c.risk(2.0), 2.0)
    assert quiet.risk().max() < 0.05 and np.isfinite(quiet.status()).all()
    certain = judge(np.zeros(400), np.full(400, 0.5), c.risk(2.0), 2.0)
    assert (certain.status() == 1).all() and certain.risk().min() > 0.9
    assert np.isnan(expected_auc(np.ones(400), blind)) and np.isnan(harrell_c_intervals(c.low, none, blind))
    far = judge(c.low, c.high, np.clip(c.risk(2.0) * 20, 0, 1), 2.0)  # predictions of exactly 1
    assert np.isfinite(far.risk()).all()
