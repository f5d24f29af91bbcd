"""The sampler: it agrees with least squares where both apply, undoes bias where there is some, and repeats itself."""

from __future__ import annotations

import os

import numpy as np
import pytest
from invented_trials import TRUTH, invented
from scipy.special import logsumexp
from scipy.stats import norm

from amelo.params import load_set
from amelo.therapy.resilience.network import fit, make_network
from amelo.therapy.resilience.sampler import Priors, nodes, sample_network, shipped_priors

SLOW = pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="samples many networks; set AMELO_SLOW=1 to run it")
WIDE = Priors(effect_spread=5.0, heterogeneity=5.0, bias=0.0, bias_spread=1.0, bias_heterogeneity=0.1)
ROUND = {"samples": 1200, "warmup": 400}


def truth_of(network):
    return np.array([TRUTH[name] for name in network.treatments[1:]])


@pytest.fixture(scope="module")
def network():
    return make_network(invented(20))


@pytest.fixture(scope="module")
def plain(network):
    return sample_network(network, residual=0.0, adjust=False, priors=WIDE, **ROUND)


def test_with_known_spread_and_wide_priors_it_is_least_squares(network, plain):
    least = fit(network)
    error = np.sqrt(np.diag(least.covariance))
    assert plain.divergences == 0 and plain.r_hat < 1.02 and plain.effective > 300
    assert np.abs((plain.effects.mean(axis=0) - least.beta) / error).max() < 0.2
    assert plain.effects.std(axis=0) == pytest.approx(error, rel=0.15)
    assert np.median(plain.tau) == pytest.approx(least.tau, rel=0.15)
    assert (plain.bias == 0).all() and (plain.kappa == 0).all()


@SLOW
def test_the_same_seed_gives_the_same_draws_and_another_does_not(network, plain):
    again = sample_network(network, residual=0.0, adjust=False, priors=WIDE, **ROUND)
    assert again.effects.tobytes() == plain.effects.tobytes()
    other = sample_network(network, residual=0.0, adjust=False, priors=WIDE, seed=1, samples=40, warmup=50)
    assert other.effects[0].tolist() != plain.effects[0].tolist()


def test_bias_of_half_of_the_trials_is_undone():
    network = make_network(invented(21, bias=-0.3, at_risk=0.5, repeats=20))
    adjusted = sample_network(network, residual=0.0, adjust=True, priors=WIDE, **ROUND)
    assert adjusted.bias.mean() == pytest.approx(-0.3, abs=3 * adjusted.bias.std()) and adjusted.bias.std() < 0.08
    active = [i for i, name in enumerate(network.treatments[1:]) if name != "no treatment"]
    off = [(effects - truth_of(network))[active] for effects in (fit(network).beta, adjusted.effects.mean(axis=0))]
    assert (off[0] < -0.08).all()  # all look better than they are
    assert np.abs(off[1]).mean() < 0.5 * np.abs(off[0]).mean()
    assert np.abs(off[1] / adjusted.effects.std(axis=0)[active]).max() < 3


def test_where_all_trials_are_at_risk_the_adjustment_is_the_prior():
    """Nothing tells bias from effect then: effects move by the prior's mean, and doubt grows by its width."""
    network = make_network(invented(22, at_risk=1.0, designs=(("placebo", "toothpaste"), ("placebo", "rinse")), repeats=30))
    belief = Priors(5.0, 5.0, bias=-0.2, bias_spread=0.1, bias_heterogeneity=0.001)
    plain = fit(network)
    adjusted = sample_network(network, residual=0.0, adjust=True, priors=belief, **ROUND)
    assert adjusted.effects.mean(axis=0) - plain.beta == pytest.approx(0.2, abs=0.03)
    assert adjusted.effects.std(axis=0) == pytest.approx(np.sqrt(np.diag(plain.covariance) + 0.1**2), rel=0.15)


def test_points_of_an_unknown_spread_integrate_what_they_stand_for():
    factors, weights = nodes(0.2)
    assert weights.sum() == pytest.approx(1.0) and (np.diff(factors) > 0).all()
    assert weights @ factors == pytest.approx(np.exp(2 * 0.2**2), rel=1e-6)  # mean of the square of a log-normal
    assert nodes(0.0)[0] == pytest.approx(1.0)
    z, share = np.polynomial.hermite_e.hermegauss(60)
    share /= share.sum()
    for rest in (0.0, 0.1, 0.3):  # of contrasts with the errors and the heterogeneity of the fluoride trials
        ours = logsumexp(norm(0, np.sqrt(0.08**2 * factors + 0.12**2)).logpdf(rest), b=weights)
        fine = logsumexp(norm(0, np.sqrt(0.08**2 * np.exp(0.4 * z) + 0.12**2)).logpdf(rest), b=share)
        assert ours == pytest.approx(fine, abs=2e-3)


def test_shipped_priors_are_the_sourced_ones():
    p, table = shipped_priors(), load_set("fluoride-network")
    assert p.bias == table.value("prior.bias") == pytest.approx(np.log(0.90), abs=5e-4)
    assert (p.effect_spread, p.heterogeneity) == (0.5, 0.3)


@SLOW
def test_intervals_of_adjusted_effects_cover_the_truth():
    inside = []
    for seed in range(20):
        network = make_network(invented(900 + seed, bias=-0.15, at_risk=0.6, repeats=6))
        found = sample_network(network, residual=0.0, adjust=True, priors=WIDE, samples=800, warmup=300)
        low, high = np.quantile(found.effects, (0.025, 0.975), axis=0)
        inside.append((low < truth_of(network)) & (truth_of(network) < high))
    assert 0.88 < np.mean(inside) <= 1.0
