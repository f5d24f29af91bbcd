"""Draws of a posterior by the no-U-turn sampler of NumPyro, whose gradients come from ensembles of the twin.

Chains run side by side: one leapfrog step of all of them is one ensemble, so that four chains of three parameters fill the sixteen
lanes of the solver once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amelo.inference.mode import Mode
from amelo.inference.posterior import Posterior, jacobian
from amelo.twin.precision import jax64

__all__ = ["Sampled", "sample"]

CHAINS = 4
DEEPEST = 6  # doublings of a trajectory; 63 leapfrog steps
SHORTEST = 100  # warm-up of a chain
UNLIKELY = -1e8  # log likelihood where the twin has no answer
NOISES = (-20.0, 20.0)  # log of the noise that is ever computed; a first step of the sampler may go anywhere
SAME = 1.02  # R-hat up to which chains agree
ENOUGH = 100.0  # effective draws of every parameter from which 5 and 95 % are known well


@dataclass(frozen=True, eq=False)
class Sampled:
    """Draws (S, size) of the coordinates from all chains, and what they were like.

    Fields: draws; chains; divergences; r_hat and effective (size,); good; sentence.
    """

    draws: np.ndarray
    chains: int
    divergences: int
    r_hat: np.ndarray
    effective: np.ndarray
    good: bool
    sentence: str


def sample(
    posterior: Posterior,
    mode: Mode,
    *,
    samples: int,
    warmup: int | None = None,
    chains: int = CHAINS,
    seed: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Sampled:
    """Return draws of a posterior.

    Arguments: posterior; mode (where the chains start, and whose curvature is their first metric); samples (of all chains together);
    warmup (steps of each chain, by default half as many as it keeps and at least 100); chains; seed; on_progress (fraction, message).
    """
    jax = jax64()
    import numpyro.distributions as dist
    from numpyro import factor
    from numpyro import sample as site
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS

    kept = max(samples // chains, 4)
    warmup = max(kept // 2, SHORTEST) if warmup is None else warmup
    told = _Counter(on_progress, (warmup + kept) * 4)
    likelihood = _log_likelihood(posterior, told)
    low, high = (np.array(a) for a in (posterior.priors.bottom, posterior.priors.top))

    def model() -> None:
        z = site("z", dist.TruncatedNormal(0.0, 1.0, low=low, high=high).to_event(1))
        noise = site("noise", dist.Normal(*posterior.noise_prior)) if posterior.sd is None else jax.numpy.zeros(())
        factor("measured", likelihood(jax.numpy.append(z, noise)))

    start, metric = _start(posterior, mode, chains, low, high, seed)
    kernel = NUTS(model, dense_mass=True, inverse_mass_matrix=metric, max_tree_depth=DEEPEST, target_accept_prob=0.85)
    runs = MCMC(kernel, num_warmup=warmup, num_samples=kept, num_chains=chains, chain_method="vectorized", progress_bar=False)
    runs.run(jax.random.PRNGKey(seed), init_params=start, extra_fields=("diverging",))
    found = {name: np.array(values) for name, values in runs.get_samples(group_by_chain=True).items()}
    divergences = int(np.array(runs.get_extra_fields()["diverging"]).sum())
    parts = [posterior.priors.from_scores(found["z"])] + ([found["noise"][..., None]] if posterior.sd is None else [])
    grouped = np.concatenate(parts, axis=-1)  # (chains, kept, size)
    r_hat = np.array([float(split_gelman_rubin(grouped[..., i])) for i in range(grouped.shape[-1])])
    effective = np.array([float(effective_sample_size(grouped[..., i])) for i in range(grouped.shape[-1])])
    return _judged(grouped, divergences, r_hat, effective)


def _judged(grouped: np.ndarray, divergences: int, r_hat: np.ndarray, effective: np.ndarray) -> Sampled:
    faults = []
    if divergences:
        faults.append(f"{divergences} steps diverged")
    if r_hat.max() > SAME:
        faults.append(f"the chains do not agree yet (R-hat {r_hat.max():.2f})")
    if effective.min() < ENOUGH:
        faults.append(f"only {effective.min():.0f} independent draws of the worst parameter")
    count = grouped.shape[0] * grouped.shape[1]
    words = f"{count} draws of {len(grouped)} chains, R-hat up to {r_hat.max():.3f}, {effective.min():.0f} independent draws or more, {divergences} divergences"
    sentence = words if not faults else f"{words}: {' and '.join(faults)}; take more samples"
    return Sampled(grouped.reshape(count, -1), len(grouped), divergences, r_hat, effective, not faults, sentence)


class _Counter:
    """Turns the number of ensembles solved into a fraction done, as far as the length of trajectories can be foreseen."""

    def __init__(self, told: Callable[[float, str], None] | None, expected: int) -> None:
        self.told, self.expected, self.count = told, expected, 0

    def step(self) -> None:
        self.count += 1
        if self.told:
            self.told(1.0 - np.exp(-self.count / self.expected), f"sampling, {self.count} ensembles solved")


def _log_likelihood(posterior: Posterior, told: _Counter) -> Callable:
    """Return the log likelihood of scores and log noise as a function that JAX can differentiate once."""
    jax = jax64()
    jnp = jax.numpy

    size = len(posterior.priors) + 1

    def solved(theta: np.ndarray) -> np.ndarray:
        told.step()
        flat = np.asarray(theta, dtype=float).reshape(-1, size)
        return _value_and_gradient(posterior, flat).reshape(*np.shape(theta)[:-1], size + 1)

    @jax.custom_vjp
    def likelihood(theta):
        return forward(theta)[0]

    def forward(theta):
        shape = jax.ShapeDtypeStruct((size + 1,), jnp.float64)
        both = jax.pure_callback(solved, shape, theta, vmap_method="expand_dims")
        return both[0], both[1:]

    likelihood.defvjp(forward, lambda gradient, weight: (weight * gradient,))
    return likelihood


def _value_and_gradient(posterior: Posterior, theta: np.ndarray) -> np.ndarray:
    """Return log likelihood and its gradient (C, 1 + size) by scores and log noise (C, size)."""
    priors, p = posterior.priors, len(posterior.priors)
    x, noise = priors.from_scores(theta[:, :p]), np.clip(theta[:, p], *NOISES)
    predicted, slope = jacobian(posterior.model, priors, x, central=False)
    value = posterior.log_likelihood(predicted, noise)
    spread = np.broadcast_to(posterior.spread(noise), predicted.shape)
    pull = (posterior.measured - predicted) / spread**2
    by_step = np.einsum("cd,cdp->cp", pull, slope)
    by_noise = (((predicted - posterior.measured) / spread) ** 2 - 1.0).sum(axis=1) if posterior.sd is None else np.zeros(len(x))
    out = np.column_stack([value, by_step / priors.slopes(x), by_noise])
    lost = ~np.isfinite(out).all(axis=1)
    out[lost] = 0.0
    out[lost, 0] = UNLIKELY
    return out


def _start(
    posterior: Posterior, mode: Mode, chains: int, low: np.ndarray, high: np.ndarray, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return unconstrained starts around the mode and a first metric, from the curvature there.

    NumPyro maps a score between low and high to the real line by the logit of its share of that range.
    """
    p = len(mode.x)
    covariance = np.linalg.inv(mode.curvature(posterior))
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    drawn = np.append(mode.x, mode.noise)[: posterior.size] + 0.5 * rng.multivariate_normal(
        np.zeros(posterior.size), covariance, chains
    )
    share = (posterior.priors.scores(drawn[:, :p]) - low) / (high - low)
    share = np.clip(share, 0.02, 0.98)
    start = {"z": np.log(share / (1.0 - share))}
    middle = np.clip((posterior.priors.scores(mode.x) - low) / (high - low), 0.02, 0.98)
    stretch = posterior.priors.slopes(mode.x) / ((high - low) * middle * (1.0 - middle))
    if posterior.sd is None:
        start["noise"], stretch = drawn[:, p], np.append(stretch, 1.0)
        # sites stand in alphabetical order in NumPyro's metric: noise before z
        order = [p, *range(p)]
        stretch, covariance = stretch[order], covariance[np.ix_(order, order)]
    metric = covariance * stretch[:, None] * stretch[None, :]
    if chains == 1:
        start = {name: values[0] for name, values in start.items()}
    return start, metric
