"""The sampler: its gradient, its agreement with the weighed normal approximation, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_profiles import NAMES, TRUTH, measured, model, protocol, specimen

from amelo.inference.fit import fit
from amelo.inference.laplace import laplace
from amelo.inference.mode import find_mode
from amelo.inference.nuts import Sampled, _judged, _value_and_gradient, sample
from amelo.inference.posterior import Posterior
from amelo.inference.priors import priors_of

PAIR = NAMES[:2]


def straight(names=PAIR, points=12, noise=0.5, sd=None):
    """A posterior of a model that costs nothing: straight lines in the steps of two parameters."""
    priors = priors_of(specimen(), names)
    slope = np.random.default_rng(0).normal(0, 1.0, (len(names), points))
    exact = 70.0 + np.array([0.4, -0.3]) @ slope
    data = exact + np.random.default_rng(1).normal(0, noise, points)
    return Posterior(lambda v: 70.0 + priors.steps(v) @ slope, priors, data, sd)


def test_the_gradient_is_that_of_the_twin():
    posterior = Posterior(model(), priors_of(specimen(), NAMES), model()(np.array(TRUTH))[0] + 0.7)
    z = posterior.priors.scores(posterior.priors.steps(np.array(TRUTH))) + 0.05
    theta = np.append(z, np.log(1.3))[None]
    found = _value_and_gradient(posterior, theta)[0]
    for i in range(4):
        shift = 1e-3 * np.eye(4)[i]
        sides = [_value_and_gradient(posterior, theta + s * shift)[0, 0] for s in (1, -1)]
        assert found[1 + i] == pytest.approx((sides[0] - sides[1]) / 2e-3, rel=5e-3, abs=0.02)


def test_where_the_twin_has_no_answer_the_sampler_turns_back():
    posterior = straight()
    lost = Posterior(lambda v: np.full((len(v), 12), np.nan), posterior.priors, posterior.measured)
    assert _value_and_gradient(lost, np.zeros((2, 3))).tolist() == [[-1e8, 0.0, 0.0, 0.0]] * 2


def test_draws_agree_with_the_exact_posterior_of_a_straight_model():
    posterior = straight()
    mode = find_mode(posterior)
    drawn = sample(posterior, mode, samples=400, warmup=100, chains=2, seed=2)
    weighed = laplace(posterior, mode, samples=4000, seed=2)
    assert drawn.draws.shape == (400, 3) and drawn.chains == 2 and drawn.divergences == 0 and weighed.good
    spread = weighed.draws.std(axis=0)
    assert np.abs(drawn.draws.mean(axis=0) - weighed.draws.mean(axis=0)).max() < 0.25 * spread.max()
    assert drawn.draws.std(axis=0) == pytest.approx(spread, rel=0.25)
    assert drawn.r_hat.max() < 1.08 and drawn.effective.min() > 40


def test_it_samples_the_twin(monkeypatch):
    monkeypatch.setattr("amelo.inference.nuts.SHORTEST", 90)  # with 30 some seeds leave too long a step, which diverges
    heard = []
    data = measured(2, sd=1.5)
    result = fit(specimen(), protocol(), data, parameters=PAIR, method="nuts", samples=48, seed=1,
                 on_progress=lambda fraction, message: heard.append((fraction, message)))  # fmt: skip
    drawn = result.drawn
    assert isinstance(drawn, Sampled) and drawn.draws.shape == (48, 2) and drawn.chains == 4 and drawn.divergences == 0
    weighed = fit(specimen(), protocol(), data, parameters=PAIR, samples=400)
    spread = weighed.drawn.draws.std(axis=0)
    assert (np.abs(drawn.draws.mean(axis=0) - weighed.drawn.draws.mean(axis=0)) < spread).all()
    assert ((drawn.draws.std(axis=0) > 0.5 * spread) & (drawn.draws.std(axis=0) < 1.7 * spread)).all()
    check = result.summary()["check"]
    assert check["chains"] == 4 and check["divergences"] == 0
    assert result.summary()["parameters"]["dissolution_rate"]["effective_draws"] > 5
    fractions = [f for f, _ in heard]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and any("sampling" in m for _, m in heard)


def test_it_says_when_it_has_not_converged():
    apart = np.concatenate([np.zeros((1, 50, 2)), np.ones((1, 50, 2))]) + np.random.default_rng(0).normal(0, 0.1, (2, 50, 2))
    bad = _judged(apart, 3, np.array([1.0, 4.2]), np.array([60.0, 2.0]))
    assert (
        not bad.good
        and "3 steps diverged" in bad.sentence
        and "R-hat 4.20" in bad.sentence
        and "only 2 independent" in bad.sentence
    )
    good = _judged(apart, 0, np.array([1.0, 1.01]), np.array([160.0, 200.0]))
    assert good.good and "take more samples" not in good.sentence
