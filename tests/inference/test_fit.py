"""Calibration by recovery: what made synthetic profiles is found again, with intervals that are as wide as they should be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from synthetic_profiles import NAMES, TEXT, TRUTH, measured, protocol, specimen

from amelo.errors import CommandError, InputError, RecordError, SolveError
from amelo.inference.fit import fit
from amelo.inference.laplace import laplace
from amelo.inference.mode import find_mode
from amelo.inference.posterior import Posterior
from amelo.inference.priors import priors_of
from amelo.records.measured_profiles import MeasuredProfiles


@pytest.fixture(scope="module")
def found():
    return fit(specimen(), protocol(), measured(2), parameters=NAMES, samples=400)


def test_the_truth_is_found_within_its_interval(found):
    for estimate, truth in zip(found.estimates, TRUTH, strict=True):
        assert estimate.low < truth < estimate.high, estimate
        assert estimate.value == pytest.approx(truth, rel=0.25) and estimate.width < 0.4
    assert found.noise[1] < 1.5 < found.noise[2]
    assert found.good and found.drawn.shape < 0.7 and found.drawn.effective > 100
    assert found.numerical_error <= 0.25 * found.noise[0]
    assert found.chi_square == pytest.approx(1.0, abs=0.25) and abs(found.follow) < 0.4


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside = []
    for seed in range(1, 13):
        result = fit(specimen(), protocol(), measured(seed), parameters=NAMES, samples=200, seed=seed)
        inside += [e.low < t < e.high for e, t in zip(result.estimates, TRUTH, strict=True)]
    assert len(inside) == 36 and 27 <= sum(inside) <= 36  # 90 % of 36 is 32.4; below 27 lies 1 in 200


def test_more_noise_gives_wider_intervals_and_a_stated_sd_is_used():
    wide = fit(specimen(), protocol(), measured(5, noise=5.0), parameters=NAMES, method="map")
    narrow = fit(specimen(), protocol(), measured(5, noise=0.5), parameters=NAMES, method="map")
    assert all(w.width > 2 * n.width for w, n in zip(wide.estimates, narrow.estimates, strict=True))
    stated = fit(specimen(), protocol(), measured(5, noise=1.0, sd=4.0), parameters=NAMES, method="map")
    assert stated.posterior.sd is not None and stated.noise[0] == pytest.approx(4.0) and np.isnan(stated.noise[1])
    assert stated.chi_square < 0.3
    wrong = fit(specimen(), protocol(), measured(5, noise=2.0, sd=0.4), parameters=NAMES, method="map")
    assert any("times as large as the stated sd" in s for s in wrong.sentences)


def test_the_same_seed_gives_the_same_draws(found):
    again = fit(specimen(), TEXT, measured(2), parameters=NAMES, samples=400)
    other = fit(specimen(), protocol(), measured(2), parameters=NAMES, samples=400, seed=1)
    assert np.array_equal(again.draws, found.draws) and not np.array_equal(other.draws, found.draws)
    assert other.values == pytest.approx(found.values, rel=1e-3)


def test_the_check_notices_a_wrong_approximation(found):
    lost = replace(found.mode, x=found.mode.x + 1.5)  # far from the mode, with its curvature
    bad = laplace(found.posterior, lost, samples=200, seed=0)
    assert not bad.good and "does not describe the posterior" in bad.sentence and "--method nuts" in bad.sentence
    narrow = replace(found.mode, slope=5.0 * found.mode.slope)
    thin = laplace(found.posterior, narrow, samples=1000, seed=0)
    good = laplace(found.posterior, found.mode, samples=1000, seed=0)
    assert thin.effective < 0.3 * good.effective and thin.shape > good.shape


def test_a_ridge_is_seen_and_named():
    """A porosity and a scale of diffusivity that only matter together cannot be told apart, and what is known is their product."""
    names = ("diffusivity_scale", "free_diffusivity")
    result = fit(specimen(), protocol(), measured(3), parameters=("dissolution_rate", *names), samples=300)
    ridge = next(r for r in result.ridges if set(r.names) == set(names))
    assert ridge.correlation < -0.85 and "trade off" in ridge.sentence
    assert "log10(diffusivity_scale)" in ridge.combination and any(ridge.sentence == s for s in result.sentences)
    product = np.log(result.draws[:, 1] * result.draws[:, 2])
    assert product.std() < 0.65 * np.log(result.draws[:, 1]).std()
    assert result.directions[-1].information < 1e-2 * result.directions[0].information


def test_rate_and_pores_trade_off_when_few_points_are_measured():
    few = measured(4, noise=0.5, sd=0.5, times=(24.0,), depths=(40.0, 60.0, 80.0, 100.0))
    result = fit(specimen(), protocol(), few, parameters=("dissolution_rate", "diffusivity_scale"), method="map")
    assert result.ridges and "the known ridge of rate and pores" in result.ridges[0].sentence


def test_a_parameter_that_does_nothing_keeps_its_prior():
    result = fit(specimen(), protocol(), measured(6), parameters=(*NAMES, "porosity_floor"), samples=400)
    silent = result.estimates[-1]
    assert silent.width == pytest.approx(1.0, abs=0.25) and silent.value == pytest.approx(silent.prior[1], rel=0.05)
    assert "the data say little of porosity_floor" in " ".join(result.sentences)


def test_residuals_that_follow_each_other_are_said():
    data = measured(7)
    wave = [2.5 * np.sin(i / 3.0) for i in range(len(data.points))]
    bent = MeasuredProfiles(tuple(p._replace(mineral=p.mineral + w) for p, w in zip(data.points, wave, strict=True)), "bent.csv")
    result = fit(specimen(), protocol(), bent, parameters=NAMES, method="map")
    assert result.follow > 0.4 and any("neighbouring residuals follow each other" in s for s in result.sentences)


def test_a_summary_is_plain_json(found):
    data = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert set(data["parameters"]) == set(NAMES) and data["parameters"]["dissolution_rate"]["unit"] == "mol/(L s)"
    assert data["check"]["passed"] is True and data["check"]["pareto_k"] < 0.7 and data["points"] == len(found.data.points)
    assert data["draws"] == 400 and data["noise"]["estimated"] is True and len(data["fisher_information"]) == 3
    assert repr(found).splitlines()[0].startswith("Fit of synthetic to ")


def test_the_fitted_specimen_is_one_to_go_on_with(found):
    from amelo.records.specimen_parameters import parameter_ranges

    ranges = parameter_ranges(found.fitted)
    for e in found.estimates:
        assert ranges[e.name][:3] == pytest.approx((e.value, e.low, e.high))
    again = fit(found.fitted, protocol(), measured(2), parameters=NAMES, method="map")
    assert again.values == pytest.approx(found.values, rel=0.05)


REFUSE = {
    "too few points": (
        lambda d: {"data": MeasuredProfiles(d.points[:4], d.source)},
        ["4 points are too few for 3 parameters and the noise"],
    ),
    "points before the start": (
        lambda d: {"data": MeasuredProfiles(tuple(p._replace(time=0.0) for p in d.points), d.source)},
        ["every point was measured at time 0"],
    ),
    "another method": (lambda d: {"method": "mcmc"}, ["'mcmc' is not a method"]),
    "no samples": (lambda d: {"samples": 0}, ["0 samples are out of range"]),
    "a slit of a metre": (lambda d: {"width": 1e6}, ["a slit of 1e+06 µm is out of range"]),
    "an unknown parameter": (lambda d: {"parameters": ("porosit",)}, ["'porosit' is not a parameter", "did you mean 'porosity'?"]),
}


@pytest.mark.parametrize("case", REFUSE)
def test_what_cannot_be_fitted(case):
    change, words = REFUSE[case]
    options = {"data": measured(0), "parameters": NAMES} | change(measured(0))
    with pytest.raises(InputError) as caught:
        fit(specimen(), protocol(), **options)
    assert all(word in str(caught.value) for word in words) and "\n" not in str(caught.value)


def test_a_model_without_an_answer_is_an_error():
    posterior = Posterior(lambda values: np.full((len(values), 5), np.nan), priors_of(specimen(), NAMES), np.zeros(5))
    with pytest.raises(SolveError, match="no run of the specimen"):
        find_mode(posterior)


def test_two_answers_are_both_seen():
    """A model that is even in its parameter fits equally well on both sides."""
    priors = priors_of(specimen(), ("growth_ratio",))
    posterior = Posterior(
        lambda v: 80.0 - 8.0 * (priors.steps(v) ** 2) * np.ones((1, 6)), priors, np.full(6, 72.0), np.full(6, 1.0)
    )
    assert "the data allow more than one answer" in find_mode(posterior, seed=3).ends


def test_draws_belong_to_a_method_that_has_them(tmp_path):
    result = fit(specimen(), protocol(), measured(0), parameters=NAMES, method="map")
    assert result.draws.shape == (1, 3) and result.drawn is None
    with pytest.raises(CommandError, match="the method map has none"):
        result.save(tmp_path / "draws.csv")
    with pytest.raises(RecordError, match="too few"):
        fit(specimen(), protocol(), MeasuredProfiles(measured(0).points[:3], "x"), parameters=NAMES)
