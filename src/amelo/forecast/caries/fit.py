"""Fit the hazard: the most probable values first, then draws of the posterior by NUTS around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import Cohort
from amelo.forecast.caries.features import COLUMNS, design, standardise
from amelo.forecast.caries.likelihood import (
    KNOTS,
    child_log_likelihood,
    exposures,
    frailty_nodes,
    pack,
    tooth_parts,
)

__all__ = ["fit_hazard", "inputs_of", "scales", "unpack"]

SHRINK = 10.0  # precision of the normal prior of an effect per standard deviation; chosen by cross-validation, flat from 1 to 30
SMOOTH = 4.0  # precision of the steps of the log hazard between pieces
SIGMA_PRIOR = (0.0, 1.0)  # mean and standard deviation of log sigma
WARM_UP = 100
LEAST_CURVATURE = 0.25  # a direction that the data leave open, such as an effect held at 0 by its sign, starts at most 2 wide
SIGNS = np.array([column.sign for column in COLUMNS])
PIECES = len(KNOTS)


def inputs_of(cohort: Cohort) -> dict[str, np.ndarray]:
    """Return what the design asks for."""
    return {**cohort.inputs, "age_base": cohort.age_base}


def scales(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns of the design among molars at risk."""
    matrix = design(inputs_of(cohort))[cohort.at_risk]
    scale = np.nanstd(matrix, axis=0)
    return np.nanmean(matrix, axis=0), np.where(scale > 1e-9, scale, 1.0)


def unpack(xp: Any, theta: Any, signs: np.ndarray = SIGNS) -> tuple[Any, Any, Any]:
    """Return effects, hazards of the pieces and sigma of raw parameters; an effect of known sign is a softplus of its own."""
    raw = theta[..., : len(signs)]
    positive = xp.maximum(raw, 0) + xp.log1p(xp.exp(-xp.abs(raw)))
    beta = xp.where(signs == 0, raw, signs * positive)
    return beta, xp.exp(theta[..., len(signs) : len(signs) + PIECES]), xp.exp(theta[..., -1])


def _log_posterior(cohort: Cohort, matrix: np.ndarray, emergence: dict[str, Any], shrink: float, smooth: float):
    import jax
    import jax.numpy as jnp

    seen = exposures(cohort, emergence, known_now=False)
    packed = type(seen)(**{name: jnp.asarray(pack(cohort, value)) for name, value in vars(seen).items()})
    x, use = jnp.asarray(pack(cohort, matrix)), jnp.asarray(pack(cohort, cohort.at_risk.astype(float)))
    nodes, weights = (jnp.asarray(a) for a in frailty_nodes())

    def value(theta: Any) -> Any:
        beta, hazard, sigma = unpack(jnp, theta)
        observed, sound = tooth_parts(jnp, x @ beta, hazard, sigma, packed, nodes)
        likelihood = child_log_likelihood(jnp, observed, sound, use, weights).sum()
        raw = theta[: len(SIGNS)]
        prior = -0.5 * shrink * (beta**2).sum() + jnp.where(SIGNS == 0, 0.0, -jnp.logaddexp(0.0, -raw)).sum()  # the Jacobian
        prior -= 0.5 * smooth * (jnp.diff(theta[len(SIGNS) : -1]) ** 2).sum()
        return likelihood + prior - 0.5 * ((theta[-1] - SIGMA_PRIOR[0]) / SIGMA_PRIOR[1]) ** 2

    return jax, value


def fit_hazard(
    cohort: Cohort,
    emergence: dict[str, Any],
    mean: np.ndarray,
    scale: np.ndarray,
    *,
    draws: int = 0,
    seed: int = 0,
    shrink: float = SHRINK,
    smooth: float = SMOOTH,
) -> dict[str, Any]:
    """Fit effects, baseline hazard and frailty to molars at risk at the first examination.

    Arguments: cohort; emergence (its model); mean, scale (columns of the design); draws (of the posterior to keep, 0 for the most
    probable values only), seed; shrink, smooth (precisions of the priors).
    Returns: theta (most probable), log_posterior, steps (of the search); draws (draws × parameters) and checks (largest R-hat, fewest
    effective draws, spread against the normal approximation: least, median, most).
    """
    import jax
    from scipy.optimize import minimize

    with jax.enable_x64(True):
        matrix = standardise(design(inputs_of(cohort)), mean, scale)
        _, value = _log_posterior(cohort, matrix, emergence, shrink, smooth)
        both, count = jax.jit(jax.value_and_grad(value)), len(cohort)

        def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
            f, g = both(theta)
            return -float(f) / count, -np.asarray(g) / count

        start = np.concatenate([np.where(SIGNS == 0, 0.0, -3.0), np.full(PIECES, -3.5), [0.0]])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400, "ftol": 1e-12, "gtol": 1e-7})
        result: dict[str, Any] = {"theta": found.x, "log_posterior": -found.fun * count, "steps": int(found.nit)}
        if draws:
            result |= _posterior(jax, value, both, found.x, draws, seed)
    return result


def _posterior(jax: Any, value: Any, both: Any, top: np.ndarray, draws: int, seed: int) -> dict[str, Any]:
    """Run two chains of NUTS in coordinates that the curvature at the maximum makes round, and check them against each other."""
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS

    step = 1e-4
    gradient = lambda theta: np.asarray(both(theta)[1])  # noqa: E731
    hessian = np.stack([(gradient(top + step * unit) - gradient(top - step * unit)) / (2 * step) for unit in np.eye(len(top))])
    level, axes = np.linalg.eigh(-(hessian + hessian.T) / 2)
    spread = axes / np.sqrt(np.maximum(level, LEAST_CURVATURE))
    kernel = NUTS(potential_fn=lambda z: -value(top + spread @ z), adapt_mass_matrix=False, step_size=0.3, max_tree_depth=5)
    chains = MCMC(
        kernel, num_warmup=WARM_UP, num_samples=-(-draws // 2), num_chains=2, chain_method="sequential", progress_bar=False
    )
    begin = np.random.default_rng(seed).normal(scale=0.3, size=(2, len(top)))
    chains.run(jax.random.PRNGKey(seed), init_params=begin)
    z = np.asarray(chains.get_samples(group_by_chain=True), float)
    theta = top + z @ spread.T
    shown = np.concatenate(
        [unpack(np, theta)[0], theta[..., len(SIGNS) :]], axis=-1
    )  # effects as they act, not their raw parameters
    checks = {
        "r_hat": float(np.max(split_gelman_rubin(shown))),
        "effective_draws": float(np.min(effective_sample_size(shown))),
        "laplace_sd_ratio": [float(q) for q in np.quantile(z.reshape(-1, len(top)).std(0), [0, 0.5, 1])],
    }
    return {"draws": theta.reshape(-1, len(top)), "checks": checks}
