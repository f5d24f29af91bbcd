"""The posterior of a network by the no-U-turn sampler of NumPyro.

Log ratios of trial i are normal about d + b r_i with variances f_i s + tau² + kappa² r_i: d the effects, r_i whether the trial is at risk of
bias, b the mean bias in favour of an active arm over an inactive one and kappa how biases differ (Dias 2010, after Welton 2009; bias between two
active arms has no direction), f_i how far the children of a trial differ more or less than the law of :class:`~.trials.Spread` says, which is
summed over at Gauss-Hermite points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.params import load_set
from amelo.therapy.resilience.network import Network
from amelo.twin.precision import jax64

__all__ = ["Posterior", "Priors", "nodes", "sample_network", "shipped_priors"]

CHAINS = 4
NODES = 5  # points of the sum over f


@dataclass(frozen=True)
class Priors:
    """Scales of the priors: normal effects around 0, half-normal tau, normal bias, half-normal kappa."""

    effect_spread: float
    heterogeneity: float
    bias: float
    bias_spread: float
    bias_heterogeneity: float


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws (S,) of ``tau``, ``bias`` and ``kappa`` and (S, T - 1) of the effects against the reference, and what the chains were like."""

    effects: np.ndarray
    tau: np.ndarray
    bias: np.ndarray
    kappa: np.ndarray
    divergences: int
    r_hat: float
    effective: float


def shipped_priors() -> Priors:
    """Return the priors of the set ``fluoride-network``."""
    value = load_set("fluoride-network").value
    return Priors(**{name: value(f"prior.{name}") for name in Priors.__dataclass_fields__})


def nodes(residual: float) -> tuple[np.ndarray, np.ndarray]:
    """Return factors of a sampling variance (F,) and their weights (F,), for a log SD that is ``residual`` off its law."""
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return np.exp(2.0 * residual * points), weights / weights.sum()


def sample_network(
    network: Network,
    *,
    residual: float,
    adjust: bool,
    priors: Priors | None = None,
    samples: int = 4000,
    warmup: int = 1000,
    seed: int = 0,
) -> Posterior:
    """Return draws of the posterior of a network.

    Arguments: network; residual (SD of the log of a trial's SD about its law); adjust (for bias; without, all trials count as if none were
    at risk); priors; samples (of all chains together); warmup (of each chain); seed.
    """
    jax = jax64()
    import numpyro.distributions as dist
    from numpyro import factor
    from numpyro import sample as site
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS

    jnp, p = jax.numpy, priors or shipped_priors()
    factors, weights = nodes(residual)
    y, x, b, risk = (jnp.array(a, float) for a in (network.y, network.x, network.b, network.at_risk))
    s = jnp.array(factors[:, None] * network.s)
    count = len(network.trials)

    def model() -> None:
        effects = site("effects", dist.Normal(0.0, p.effect_spread).expand([network.x.shape[1]]).to_event(1))
        tau = site("tau", dist.HalfNormal(p.heterogeneity))
        middle, extra = x @ effects, tau**2
        if adjust:
            bias = site("bias", dist.Normal(p.bias, p.bias_spread))
            kappa = site("kappa", dist.HalfNormal(p.bias_heterogeneity))
            middle, extra = middle + bias * b * risk, extra + kappa**2 * risk
        each = dist.Normal(middle, jnp.sqrt(s + extra)).log_prob(y)  # (F, C)
        by_trial = jax.ops.segment_sum(each.T, network.trial, num_segments=count)  # (trials, F)
        factor("trials", jax.nn.logsumexp(by_trial + jnp.log(weights), axis=1).sum())

    kernel = NUTS(model, dense_mass=True, target_accept_prob=0.9)
    runs = MCMC(
        kernel, num_warmup=warmup, num_samples=samples // CHAINS, num_chains=CHAINS, chain_method="vectorized", progress_bar=False
    )
    runs.run(jax.random.PRNGKey(seed), extra_fields=("diverging",))
    found = {name: np.array(v) for name, v in runs.get_samples(group_by_chain=True).items()}
    scalars = [v for value in found.values() for v in np.moveaxis(value.reshape(*value.shape[:2], -1), -1, 0)]
    flat = {name: v.reshape(-1, *v.shape[2:]) for name, v in found.items()}
    none = np.zeros(len(flat["tau"]))
    return Posterior(
        effects=flat["effects"],
        tau=flat["tau"],
        bias=flat.get("bias", none),
        kappa=flat.get("kappa", none),
        divergences=int(np.array(runs.get_extra_fields()["diverging"]).sum()),
        r_hat=max(float(split_gelman_rubin(v)) for v in scalars),
        effective=min(float(effective_sample_size(v)) for v in scalars),
    )
