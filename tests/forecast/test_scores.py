"""The scores of a forecast, against their definitions and against an independent library."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.scores.calibration import (
    auc_at,
    brier,
    calibration,
    calibration_curve,
    integrated_brier,
    net_benefit,
    observed_risk,
    share_caught,
)
from amelo.forecast.scores.censoring import Censoring, survival_curve
from amelo.forecast.scores.concordance import harrell_c, uno_c, within_mouth_c


def cohort(seed=0, teeth=600, mouths=60, ties=True):
    rng = np.random.default_rng(seed)
    mouth = np.sort(rng.integers(0, mouths, teeth))
    frailty = rng.gamma(2.0, 0.5, mouths)[mouth]
    x = rng.normal(size=teeth)
    lost = rng.exponential(1 / (0.15 * frailty * np.exp(0.8 * x)))
    ends = rng.uniform(0.5, 6.0, teeth)
    time, event = np.minimum(lost, ends), lost <= ends
    if ties:
        time = np.ceil(20 * time) / 20
    risk = 1 - np.exp(-0.15 * 2 * np.exp(0.8 * x))
    return time, event, risk, mouth


def pairs_by_hand(time, event, risk, weight, of_event, *, censored_later):
    agree = total = 0.0
    for i in np.flatnonzero(event):
        later = time > time[i]
        if censored_later:
            later |= (time == time[i]) & ~event
        total += of_event[i] * weight[later].sum()
        agree += of_event[i] * (weight[later] * ((risk[later] < risk[i]) + 0.5 * (risk[later] == risk[i]))).sum()
    return agree / total


@pytest.mark.parametrize("seed", range(4))
def test_concordance_is_the_share_of_pairs_by_hand(seed):
    time, event, risk, _ = cohort(seed)
    risk = np.round(risk, 2)  # with ties of risk
    weight = np.random.default_rng(seed).integers(0, 3, len(time)).astype(float)
    ours = harrell_c(time, event, risk, weight)
    assert ours == pytest.approx(pairs_by_hand(time, event, risk, weight, weight, censored_later=True), abs=1e-12)
    censoring = Censoring.of(time, event)
    of_event = np.where(event & (time < 4), weight / censoring.before(time) ** 2, 0)
    ours = uno_c(time, event, risk, censoring, 4.0, weight)
    assert ours == pytest.approx(pairs_by_hand(time, event, risk, weight, of_event, censored_later=False), abs=1e-12)


def test_harrell_agrees_with_lifelines():
    from lifelines.utils import concordance_index

    time, event, risk, _ = cohort(5, ties=False)
    assert harrell_c(time, event, risk) == pytest.approx(concordance_index(time, -risk, event), abs=1e-12)


def test_within_mouth_compares_teeth_of_one_mouth_only():
    time, event, risk, mouth = cohort(1)
    agree = total = 0
    for i in np.flatnonzero(event):
        for j in np.flatnonzero(mouth == mouth[i]):
            if time[j] > time[i] or (time[j] == time[i] and not event[j]):
                total += 1
                agree += (risk[j] < risk[i]) + 0.5 * (risk[j] == risk[i])
    shuffled = np.random.default_rng(0).permutation(len(time))
    for order in (slice(None), shuffled):
        ours = within_mouth_c(time[order], event[order], risk[order], mouth[order])
        assert ours == pytest.approx(agree / total, abs=1e-12)
    everyone = np.full(len(time), 7)
    assert within_mouth_c(time, event, risk, everyone) == pytest.approx(harrell_c(time, event, risk), abs=1e-12)


def test_weights_are_repetitions():
    time, event, risk, mouth = cohort(2)
    count = np.random.default_rng(1).integers(0, 4, mouth.max() + 1)[mouth]
    many = np.repeat(np.arange(len(time)), count)
    censoring = Censoring.of(time, event)
    for score in (
        lambda t, e, r, w=None: harrell_c(t, e, r, w),
        lambda t, e, r, w=None: uno_c(t, e, r, censoring, 5.0, w),
        lambda t, e, r, w=None: brier(t, e, 1 - r, 2.0, censoring, w),
        lambda t, e, r, w=None: auc_at(t, e, r, 2.0, censoring, w),
        lambda t, e, r, w=None: observed_risk(t, e, 2.0, w),
        lambda t, e, r, w=None: calibration(t, e, r, 2.0, w)["slope"],
    ):
        weighted, repeated = score(time, event, risk, count.astype(float)), score(time[many], event[many], risk[many])
        assert weighted == pytest.approx(repeated, abs=1e-9)


def test_kaplan_meier_agrees_with_lifelines_and_censoring_with_its_mirror():
    from lifelines import KaplanMeierFitter

    time, event, _, _ = cohort(3)
    fitted = KaplanMeierFitter().fit(time, event)
    times, alive = survival_curve(time, event)
    np.testing.assert_allclose(alive, fitted.survival_function_.loc[times].to_numpy().ravel(), atol=1e-12)
    censoring = Censoring.of(time, event)
    # by hand: at each time the lost leave first, then the censored are counted among those that remain
    share, expected = 1.0, []
    for t in np.unique(time):
        left = np.sum(time >= t) - np.sum((time == t) & event)
        share *= 1 - np.sum((time == t) & ~event) / left if left else 1.0
        expected.append(max(share, 1e-3))
    np.testing.assert_allclose(censoring.after(np.unique(time)), expected, atol=1e-12)
    np.testing.assert_allclose(censoring.before(np.unique(time)), [1.0, *expected[:-1]], atol=1e-12)


def test_brier_without_censoring_is_the_mean_squared_error():
    rng = np.random.default_rng(4)
    time, survival = rng.exponential(2.0, 400), rng.uniform(size=400)
    event = np.ones(400, bool)
    censoring = Censoring.of(np.full(3, 99.0), np.zeros(3, bool))
    assert brier(time, event, survival, 1.0, censoring) == pytest.approx(np.mean(((time > 1.0) - survival) ** 2), abs=1e-12)
    grid = np.linspace(0.1, 2, 20)
    curves = np.exp(-np.outer(rng.uniform(0.1, 1, 400), grid))
    whole = integrated_brier(time, event, curves, grid, censoring)
    each = [brier(time, event, curves[:, k], t, censoring) for k, t in enumerate(grid)]
    assert whole == pytest.approx(np.trapezoid(each, grid) / (grid[-1] - grid[0]))


def test_weighting_for_censoring_removes_its_bias():
    rng = np.random.default_rng(6)
    n = 60_000
    x = rng.normal(size=n)
    lost, ends = rng.exponential(4 * np.exp(-x)), rng.exponential(3.0, n)
    survival = np.exp(-0.25 * np.exp(x) * 2.0)
    full = np.mean(((lost > 2) - survival) ** 2)
    time, event = np.minimum(lost, ends), lost <= ends
    censoring = Censoring.of(time, event)
    assert brier(time, event, survival, 2.0, censoring) == pytest.approx(full, rel=0.02)
    seen = auc_at(time, event, x, 2.0, censoring)
    wanted = auc_at(lost, np.ones(n, bool), x, 2.0, Censoring.of(np.full(2, 99.0), np.zeros(2, bool)))
    assert seen == pytest.approx(wanted, abs=0.01)


def test_calibration_tells_what_was_done_to_the_predictions():
    rng = np.random.default_rng(7)
    n = 40_000
    hazard = 0.1 * np.exp(np.minimum(rng.normal(size=n), 1.8))
    lost, ends = rng.exponential(1 / hazard), rng.uniform(0.5, 6, n)
    time, event = np.minimum(lost, ends), lost <= ends
    true = 1 - np.exp(-2 * hazard)
    found = calibration(time, event, true, 2.0)
    assert found["slope"] == pytest.approx(1.0, abs=0.05)
    assert found["ici"] < 0.006
    assert found["expected_observed"] == pytest.approx(1.0, abs=0.04)
    flat = 1 - np.exp(-0.2 * np.exp(0.5 * np.log(hazard / 0.1)))
    assert calibration(time, event, flat, 2.0)["slope"] == pytest.approx(2.0, abs=0.1)
    more = calibration(time, event, 1.3 * true, 2.0)  # the largest true risk is below 1/1.3
    assert more["expected_observed"] == pytest.approx(1.3, rel=0.04)
    assert more["ici"] == pytest.approx(0.3 * np.mean(true), rel=0.1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # lifelines calls pandas in the old way
def test_slope_agrees_with_lifelines():
    import pandas as pd
    from lifelines import CoxPHFitter

    time, event, risk, _ = cohort(8, teeth=2000, ties=False)
    table = pd.DataFrame({"t": np.minimum(time, 2.0), "e": event & (time <= 2.0), "x": np.log(-np.log1p(-risk))})
    fitted = CoxPHFitter().fit(table, "t", "e")
    assert calibration(time, event, risk, 2.0)["slope"] == pytest.approx(fitted.params_["x"], abs=1e-4)


def test_calibration_curve_follows_the_observed_risk_of_groups():
    rng = np.random.default_rng(9)
    n = 50_000
    hazard = np.where(np.arange(n) % 2 == 0, 0.05, 0.4)
    lost = rng.exponential(1 / hazard)
    said = np.clip(1 - np.exp(-hazard) + rng.normal(scale=0.01, size=n), 0.01, 0.9)
    curve = calibration_curve(lost, np.ones(n, bool), said, 1.0)
    assert np.mean(curve[::2]) == pytest.approx(1 - np.exp(-0.05), abs=0.01)
    assert np.mean(curve[1::2]) == pytest.approx(1 - np.exp(-0.4), abs=0.01)


def test_share_caught_and_net_benefit_have_their_limits():
    time, event, _, _ = cohort(10, teeth=1000)
    perfect = np.where(event & (time <= 2), 1.0, 0.0) + 1e-3
    lost = int(np.sum(event & (time <= 2)))
    assert share_caught(time, event, perfect, 2.0, share=lost / 1000) == pytest.approx(1.0)
    assert share_caught(time, event, perfect, 2.0, share=0.5 * lost / 1000) == pytest.approx(0.5)
    at = np.array([0.05, 0.2])
    found = net_benefit(time, event, np.ones(1000), 2.0, at)
    np.testing.assert_allclose(found["model"], found["all"], atol=1e-12)
    assert np.all(net_benefit(time, event, np.zeros(1000), 2.0, at)["model"] == 0)


def test_no_event_gives_no_number_instead_of_a_wrong_one():
    time, event = np.array([1.0, 2.0]), np.array([False, False])
    risk = np.array([0.1, 0.2])
    assert np.isnan(harrell_c(time, event, risk))
    assert np.isnan(within_mouth_c(time, event, risk, np.array([1, 1])))
    assert np.isnan(share_caught(time, event, risk, 2.0))
