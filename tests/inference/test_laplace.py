"""Pareto-smoothed weights against distributions whose tail is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import genpareto, norm, t

from amelo.inference.laplace import pareto_smoothed


@pytest.mark.parametrize("shape", [-0.3, 0.1, 0.5, 1.0])
def test_the_shape_of_a_tail_is_found(shape):
    found = [pareto_smoothed(np.log(1.0 + genpareto.rvs(shape, size=4000, random_state=s)))[1] for s in range(60)]
    # ten draws are added at 0.5, and the tail has 190 of them
    assert np.mean(found) == pytest.approx((190 * shape + 5) / 200, abs=0.03)


def test_a_good_proposal_has_light_weights_and_a_thin_one_heavy():
    rng = np.random.default_rng(0)
    wide = t(df=7).rvs(2000, random_state=rng)
    assert pareto_smoothed(norm.logpdf(wide) - t(df=7).logpdf(wide))[1] < 0.3
    thin = rng.normal(0, 0.3, 2000)
    assert pareto_smoothed(norm.logpdf(thin) - norm.logpdf(thin, scale=0.3))[1] > 0.7


def test_smoothing_keeps_order_and_mean():
    rng = np.random.default_rng(3)
    draws = rng.normal(0, 0.8, 4000)
    raw = norm.logpdf(draws) - norm.logpdf(draws, scale=0.8)
    smooth, _ = pareto_smoothed(raw)
    assert (np.argsort(smooth, kind="stable") == np.argsort(raw, kind="stable")).all()
    weights = np.exp(smooth) / np.exp(smooth).sum()
    assert (weights * draws**2).sum() == pytest.approx(1.0, abs=0.08)


def test_hopeless_weights_are_called_so():
    assert pareto_smoothed(np.full(100, -np.inf))[1] == np.inf
    assert pareto_smoothed(np.where(np.arange(100) < 3, 0.0, -np.inf))[1] == np.inf
    assert pareto_smoothed(np.zeros(10))[1] == np.inf  # a tail of two is none
    assert pareto_smoothed(np.zeros(1000))[1] == -np.inf  # equal weights have none to fear
    few, shape = pareto_smoothed(np.where(np.arange(1000) < 300, np.linspace(-1, 0, 1000), np.nan))
    assert np.isfinite(shape) and np.isneginf(few[300:]).all()
