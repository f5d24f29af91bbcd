"""The posterior of the rates: NUTS on a polynomial that stands for the studies, and weights that put right what the polynomial
misses.

The studies are computed exactly (visits, late entry, frailty), which takes too long for the many thousand gradients of a sampler.
Each reported figure, as a logarithm or logit,
is a smooth function of the logarithms of the rates: a polynomial of second degree is fitted to exact runs all over the posterior,
NUTS samples the posterior with it, exact runs
at the draws improve it, and the last draws are resampled by the ratio of the exact to the polynomial posterior. The effective
number of draws says how good that was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Problem", "Surrogate", "fit_surrogate", "mode", "nuts", "resample", "sample_posterior"]

ROUNDS = 40
NUDGE = 1e-4
ENOUGH = 1e-3  # decrease of the sum of squares below which the mode is found
WIDER = 1.4  # spread of the first exact runs, relative to the posterior around its mode
RIDGE = 1e-3
TEACHINGS = 3  # rounds of a polynomial, draws with it, and exact runs at those draws
FAR = 15.0  # standard deviations of a figure beyond which a run teaches the polynomial nothing that the posterior needs


@dataclass(frozen=True)
class Problem:
    """Parameters that are standard normal under the prior, and figures with normal errors on their own scale.

    Arguments: size (number of z); physical (z, xp -> x, what the figures depend on); told (x -> figures, on the scale of the
    errors); published (figures); errors (standard deviations).
    """

    size: int
    physical: Callable[..., Any]
    told: Callable[[np.ndarray], np.ndarray]
    published: np.ndarray
    errors: np.ndarray

    def residuals(self, z: np.ndarray) -> np.ndarray:
        """Return the errors of the figures in standard deviations."""
        return (self.told(self.physical(z)) - self.published) / self.errors

    def log_posterior(self, z: np.ndarray) -> float:
        """Return the log posterior density without its constant."""
        r = self.residuals(z)
        return -0.5 * float(r @ r + z @ z)


def mode(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode, by Gauss-Newton, and a matrix whose columns are axes along which the posterior has about unit width."""
    z, damping = np.zeros(problem.size), 1.0
    r = problem.residuals(z)
    cost = float(r @ r + z @ z)
    for _ in range(ROUNDS):
        slope = np.stack([(problem.residuals(z + NUDGE * e) - r) / NUDGE for e in np.eye(problem.size)], axis=1)
        curvature = slope.T @ slope + np.eye(problem.size)
        gradient = slope.T @ r + z
        while True:
            trial = z - np.linalg.solve(curvature + damping * np.eye(problem.size), gradient)
            r_trial = problem.residuals(trial)
            cost_trial = float(r_trial @ r_trial + trial @ trial)
            if cost_trial < cost or damping > 1e6:
                break
            damping *= 4.0
        gain = cost - cost_trial
        if gain > 0:
            z, r, cost, damping = trial, r_trial, cost_trial, damping / 8.0
        if gain < ENOUGH:
            break
    return z, np.linalg.inv(np.linalg.cholesky(curvature)).T


@dataclass(frozen=True)
class Surrogate:
    """A polynomial of second degree: centre and scale of x, coefficients (terms × figures), pairs of the products."""

    centre: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    pairs: tuple[np.ndarray, np.ndarray]

    def __call__(self, x: Any, xp: Any = np) -> Any:
        """Return the figures at x (… × variables)."""
        u = (x - self.centre) / self.scale
        products = u[..., self.pairs[0]] * u[..., self.pairs[1]]
        return xp.concatenate([xp.ones_like(u[..., :1]), u, products], axis=-1) @ self.coefficients


def fit_surrogate(x: np.ndarray, y: np.ndarray) -> Surrogate:
    """Return the polynomial that fits exact runs best.

    Arguments: x (runs × variables), y (runs × figures).
    """
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-12
    pairs = np.triu_indices(x.shape[1])
    empty = Surrogate(centre, scale, np.eye(1 + x.shape[1] + len(pairs[0])), pairs)
    design = empty(x)
    penalty = RIDGE * np.eye(design.shape[1])
    coefficients = np.linalg.solve(design.T @ design + penalty, design.T @ y)
    return Surrogate(centre, scale, coefficients, pairs)


def nuts(
    problem: Problem, surrogate: Surrogate, centre: np.ndarray, axes: np.ndarray, *, warmup: int, draws: int, chains: int, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return draws of z (chains × draws × size) of the posterior with the polynomial, and what the sampler says of itself."""
    import jax
    import jax.numpy as jnp
    from numpyro.diagnostics import summary
    from numpyro.infer import MCMC, NUTS

    with jax.enable_x64(True):

        def potential(v: Any) -> Any:
            z = jnp.asarray(centre) + jnp.asarray(axes) @ v
            r = (surrogate(problem.physical(z, jnp), jnp) - problem.published) / problem.errors
            return 0.5 * (r @ r + z @ z)

        engine = MCMC(
            NUTS(potential_fn=potential, target_accept_prob=0.9, dense_mass=True),
            num_warmup=warmup,
            num_samples=draws,
            num_chains=chains,
            chain_method="sequential",
            progress_bar=False,
        )
        start = np.random.default_rng([seed, 2]).standard_normal((chains, problem.size))
        engine.run(jax.random.PRNGKey(seed), init_params=jnp.asarray(start if chains > 1 else start[0]))
        v = np.asarray(engine.get_samples(group_by_chain=True))
        divergences = int(engine.get_extra_fields()["diverging"].sum())
    told = summary({"v": v}, group_by_chain=True)["v"]
    return centre + v @ axes.T, {
        "divergences": divergences,
        "largest_r_hat": round(float(np.max(told["r_hat"])), 4),
        "smallest_effective_size": round(float(np.min(told["n_eff"]))),
        "warmup": warmup,
        "draws": draws,
        "chains": chains,
    }


def resample(log_weights: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return which draws to keep, by systematic resampling, and the effective number of draws behind the weights.

    Arguments: log_weights (draws); count (to keep); rng. The largest weights are cut at the mean times the root of the number of
    draws.
    """
    weights = np.exp(log_weights - log_weights.max())
    weights = np.minimum(weights, weights.mean() * np.sqrt(len(weights)))
    weights /= weights.sum()
    places = (np.arange(count) + rng.random()) / count
    return np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1), float(1.0 / np.sum(weights**2))


def sample_posterior(
    problem: Problem, *, runs: int, checks: int, kept: int, warmup: int, draws: int, chains: int, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return draws of z (kept × size) and what the sampling says of itself.

    Arguments: problem; runs (exact, for the first polynomial), checks (exact, at draws of each round), kept; warmup, draws, chains
    of NUTS; seed.
    """
    rng = np.random.default_rng([seed, 3])
    centre, axes = mode(problem)
    z = centre + WIDER * rng.standard_normal((runs, problem.size)) @ axes.T
    x = problem.physical(z)
    y = np.array([problem.told(row) for row in x])
    near = (np.abs(y - problem.published) < FAR * problem.errors).all(axis=1)
    x, y = x[near], y[near]
    for _ in range(TEACHINGS):
        surrogate = fit_surrogate(x, y)
        found, health = nuts(problem, surrogate, centre, axes, warmup=warmup, draws=draws, chains=chains, seed=seed)
        flat = found.reshape(-1, problem.size)
        picked = flat[np.linspace(0, len(flat) - 1, checks).round().astype(int)]
        exact = np.array([problem.told(row) for row in problem.physical(picked)])
        x, y = np.concatenate([x, problem.physical(picked)]), np.concatenate([y, exact])
    stands = surrogate(problem.physical(picked))
    squares = [(((side - problem.published) / problem.errors) ** 2).sum(axis=1) for side in (exact, stands)]
    rows, effective = resample(-0.5 * (squares[0] - squares[1]), kept, rng)
    error = float(np.sqrt(np.mean(((stands - exact) / problem.errors) ** 2)))
    health |= {
        "exact_runs": len(x),
        "effective_after_weights": round(effective),
        "checked": checks,
        "polynomial_error_in_sd": round(error, 3),
    }
    return picked[rows], health
