"""The lesion twin inside JAX programs: value, derivative, batches, and a posterior that NUTS draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.records.fluid import Fluid
from amelo.records.specimen import load_specimen
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.differentiable import loss_in_jax
from amelo.twin.lesion.gradient import TIGHT, gradient
from amelo.twin.lesion.knobs import knobs
from amelo.twin.lesion.solve import Settings
from amelo.twin.precision import jax64
from amelo.twin.schedule import Exposure, Segment
from amelo.twin.twin import Twin

D = diffusivities(37.0)
ACID = Fluid(pH=4.5, totals_mmol_per_kgw={"Ca": 2.0, "P": 2.0, "Ace": 50.0, "K": 30.0}, charge_balanced_by="K")
ETCH = (Segment(7200.0, Exposure(ACID, film=20e-6)),)
NAMES = ("dissolution_rate.HAp", "pk.HAp", "duration[0]", "bath[0].pH")


@pytest.fixture(scope="module")
def slab(root):
    return Twin.of(load_specimen(root / "cases/specimens/phreeqc-slab.toml")).column()


@pytest.fixture(scope="module")
def start(slab):
    return np.array([knobs(slab, ETCH)[name][0] for name in NAMES])


def test_value_and_derivative_are_those_of_the_twin(slab, start):
    jax = jax64()
    found = gradient(slab, ETCH, D)
    value, slope = jax.jit(jax.value_and_grad(loss_in_jax(slab, ETCH, D, NAMES)))(start)
    assert float(value) == pytest.approx(found.value[0], rel=1e-12)
    assert np.array(slope) == pytest.approx([found.knobs[n][0] for n in NAMES], rel=1e-9)
    assert float(loss_in_jax(slab, ETCH, D, NAMES)(start)) == pytest.approx(found.value[0], rel=1e-12)


def test_a_function_of_the_loss_follows_the_chain_rule(slab, start):
    jax = jax64()
    loss = loss_in_jax(slab, ETCH, D, NAMES)
    slope = jax.grad(lambda z: jax.numpy.log(loss(start * jax.numpy.exp(z))))(np.zeros(4))
    value, plain = jax.value_and_grad(loss)(start)
    assert np.array(slope) == pytest.approx(np.array(plain) * start / float(value), rel=1e-9)


@pytest.mark.parametrize(("settings", "same"), [(TIGHT, 1e-6), (replace(TIGHT, tolerance=1e-4, near_tolerance=1e-4), 1e-7)])
def test_a_batch_is_an_ensemble(slab, start, settings, same):
    jax = jax64()
    loss = loss_in_jax(slab, ETCH, D, NAMES, settings=settings)
    batch = start * np.array([[1.0, 1, 1, 1], [0.5, 1, 1, 1], [1, 1.001, 1, 1.02]])
    values, slopes = jax.vmap(jax.value_and_grad(loss))(batch)
    for row, value, slope in zip(batch, values, slopes, strict=True):
        alone, its = jax.value_and_grad(loss)(row)
        assert float(value) == pytest.approx(float(alone), rel=same)
        assert np.array(slope) == pytest.approx(np.array(its), rel=1e-6)


def test_a_run_that_fails_is_not_a_number(slab, start):
    jax = jax64()
    hopeless = Settings(iterations=2, cuts=1, tolerance=1e-12)
    value, slope = jax.value_and_grad(loss_in_jax(slab, ETCH, D, NAMES, settings=hopeless))(start)
    assert np.isnan(value) and np.isnan(slope).all()


def test_nuts_finds_the_rate_that_made_a_profile(slab):
    import numpyro
    from numpyro.infer import MCMC, NUTS

    jax = jax64()
    truth = knobs(slab, ETCH)["dissolution_rate.HAp"][0]
    target = gradient(slab, ETCH, D).run.mineral[0, -1].sum(axis=0)
    spread = 0.02  # of a mineral volume fraction

    def misfit(run):
        gap = (run.mineral[:, -1].sum(axis=1) - target) / spread
        slope = np.zeros_like(run.mineral)
        slope[:, -1] = (gap / spread)[:, None, :]
        return 0.5 * (gap**2).sum(axis=1), slope

    loss = loss_in_jax(slab, ETCH, D, ("dissolution_rate.HAp",), of=misfit)

    def model():
        z = numpyro.sample("z", numpyro.distributions.Normal(0.0, 1.0))
        numpyro.factor("misfit", -loss(truth * jax.numpy.exp(z)[None]))

    sampler = MCMC(NUTS(model), num_warmup=60, num_samples=120, progress_bar=False)
    sampler.run(jax.random.PRNGKey(2))
    z = np.array(sampler.get_samples()["z"])
    curvature = (_bend(loss, truth) + 1.0) ** -0.5  # width of the posterior by Laplace
    assert abs(z.mean()) < curvature
    assert 0.5 < z.std() / curvature < 2.0


def _bend(loss, truth, h=0.02):
    from jax import numpy as jnp

    up, here, down = (float(loss(jnp.array([truth * np.exp(x)]))) for x in (h, 0.0, -h))
    return (up - 2 * here + down) / h**2


def test_what_cannot_be_a_function_of_knobs(slab):
    with pytest.raises(ParameterError, match=r"pk\.HAp"):
        loss_in_jax(slab, ETCH, D, ("pk.Hap",))
    with pytest.raises(ParameterError, match="a column of one"):
        from dataclasses import replace

        many = {n: np.repeat(getattr(slab, n), 2, axis=0) for n in ("mineral", "sound", "organic")}
        loss_in_jax(replace(slab, **many), ETCH, D, NAMES)
