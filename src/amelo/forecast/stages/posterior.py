"""The posterior of the rates: its mode by Gauss-Newton, and draws by NUTS on axes along which it is round.

All parameters are standard normal under the prior (z), and the published figures have log-normal errors, so that minus the log posterior is half a sum of squares.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["draw", "mode", "residuals"]

ROUNDS = 40
NUDGE = 1e-4
ENOUGH = 1e-3  # decrease of the sum of squares below which the mode is found

Expected = Callable[[Any, ModuleType], dict[str, Any]]


def residuals(z: Any, expected: Expected, figures: dict[str, tuple[float, float]], xp: ModuleType = np) -> Any:
    """Return the errors of the figures in standard deviations.

    Arguments: z (parameters), expected (of z: what the studies would report), figures (value, standard deviation of the log of a rate, of the logit of a share).
    """
    told = expected(z, xp)
    found = []
    for name, (value, error) in figures.items():
        scale = (lambda v: xp.log(v / (1 - v))) if name.startswith("share.") else xp.log
        found.append((scale(told[name]) - scale(xp.asarray(value))) / error)
    return xp.stack(found)


def mode(expected: Expected, figures: dict[str, tuple[float, float]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode and a matrix whose columns are axes along which the posterior has about unit width.

    Arguments: expected, figures (as in :func:`residuals`), size (number of parameters).
    """
    z, damping = np.zeros(size), 1.0
    r = residuals(z, expected, figures)
    cost = float(r @ r + z @ z)
    for _ in range(ROUNDS):
        slope = np.stack([(residuals(z + NUDGE * e, expected, figures) - r) / NUDGE for e in np.eye(size)], axis=1)
        curvature = slope.T @ slope + np.eye(size)
        gradient = slope.T @ r + z
        while True:
            trial = z - np.linalg.solve(curvature + damping * np.eye(size), gradient)
            r_trial = residuals(trial, expected, figures)
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


def draw(
    expected: Expected, figures: dict[str, tuple[float, float]], centre: np.ndarray, axes: np.ndarray, *, warmup: int, draws: int, chains: int, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:  # fmt: skip
    """Return draws of z (chains × draws × size) by NUTS, and what the sampler says of itself.

    Arguments: expected, figures, centre and axes (of :func:`mode`), warmup, draws, chains, seed.
    """
    import jax
    import jax.numpy as jnp
    from numpyro.diagnostics import summary
    from numpyro.infer import MCMC, NUTS

    with jax.enable_x64(True):

        def potential(x: Any) -> Any:
            z = jnp.asarray(centre) + jnp.asarray(axes) @ x
            r = residuals(z, expected, figures, jnp)
            return 0.5 * (r @ r + z @ z)

        engine = MCMC(
            NUTS(potential_fn=potential, target_accept_prob=0.8, max_tree_depth=5),
            num_warmup=warmup, num_samples=draws, num_chains=chains, chain_method="sequential", progress_bar=False,
        )  # fmt: skip
        start = np.random.default_rng([seed, 2]).standard_normal((chains, len(centre)))
        engine.run(jax.random.PRNGKey(seed), init_params=jnp.asarray(start if chains > 1 else start[0]))
        x = np.asarray(engine.get_samples(group_by_chain=True))
        divergences = int(engine.get_extra_fields()["diverging"].sum())
    told = summary({"x": x}, group_by_chain=True)["x"]
    health = {
        "divergences": divergences,
        "largest_r_hat": round(float(np.max(told["r_hat"])), 4),
        "smallest_effective_size": round(float(np.min(told["n_eff"]))),
        "warmup": warmup, "draws": draws, "chains": chains,
    }  # fmt: skip
    return centre + x @ axes.T, health
