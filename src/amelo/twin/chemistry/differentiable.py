"""The same speciation as a differentiable function: JAX, for gradients, batches and accelerators.

The derivative does not go through Newton's iterations: the implicit function theorem gives it from the balances at the solution,
for totals, pH, gas pressure and every constant, forwards and backwards, to any order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from amelo.twin.chemistry.equations import FLOOR, TOLERANCE, balances, judge, layout, newton_step, start, update
from amelo.twin.chemistry.solve import ITERATIONS, LN10, saturation_matrix
from amelo.twin.chemistry.table import ReactionTable
from amelo.twin.precision import jax64

__all__ = ["saturation_function"]


@cache
def saturation_function(table: ReactionTable, closing: str | None = None) -> Callable[..., dict[str, Any]]:
    """Return a JAX function of one fluid; ``jax.vmap`` makes it one of many, ``jax.grad`` and ``jax.jacobian`` differentiate it.

    Arguments: table; closing (the inert ion that closes the charge balance, None for none).
    Returns: ``f(totals, ph, log_k=..., log_ksp=...)`` with totals (components,) [mol/kgw], pH, and optionally the constants of
    species and solids in the order of the table; it returns a dict with ``saturation_index`` (solids,), ``log_activity``
    (components,) of the master species, ``ionic_strength`` [mol/kgw], ``water_activity``, ``error``, the relative size of
    Newton's last correction, and ``status``, the number of a :class:`~amelo.twin.chemistry.status.Status` as a float: above
    ``Status.EXTRAPOLATED`` the other values and their derivatives mean nothing.
    Assumptions: totals are positive (zero is taken as 1e-20 mol/kgw); closed to carbon dioxide.
    """
    jax = jax64()
    jnp = jax.numpy
    shape = layout(table)
    index = table.names.index(closing) if closing else -1
    charge = float(table.component(closing).charge) if closing else 0.0
    hydrogen_count = np.array([s.hydrogen for s in table.species], float)
    default_log_k = np.array([s.log_k for s in table.species])
    default_log_ksp = np.array([s.log_k for s in table.solids])
    used, matrix = saturation_matrix(table)
    size = len(shape.centres)
    ph_low, ph_high = (table.constants.value(f"range.ph_{end}") for end in ("low", "high"))

    def evaluate(state: Any, totals: Any, ph: Any, log_k: Any) -> Any:
        formation = dict(enumerate(10.0 ** (log_k - hydrogen_count * ph)))
        amounts = dict(enumerate(totals))
        return balances(
            shape, formation, amounts, charge, (0.0, 0.0), (list(jnp.exp(state[:size])), jnp.exp(state[size]), state[-1]), jnp
        )

    def residual(state: Any, totals: Any, ph: Any, log_k: Any) -> Any:
        """Balances relative to what they balance, in ln(centres), ln(ionic strength) and activity of water."""
        b = evaluate(state, totals, ph, log_k)
        scale = [totals[c] for c in shape.centres] + [jnp.exp(state[size])]
        return jnp.array([r / s for r, s in zip(b.residual, scale, strict=True)] + [b.water_activity - state[-1]])

    def newton(totals: Any, ph: Any, log_k: Any) -> tuple[Any, Any]:
        _, centres, strength, _ = start(shape, dict(enumerate(totals)), float(index), 10.0**-ph, jnp)
        first = jnp.array([*(jnp.log(c) for c in centres), jnp.log(strength), 1.0])

        def going(carry: Any) -> Any:
            _, error, k = carry
            return (error > (1e-3 * TOLERANCE) ** 2) & (k < ITERATIONS)

        def step(carry: Any) -> Any:
            state, _, k = carry
            b = evaluate(state, totals, ph, log_k)
            changed, strength, error = update(list(jnp.exp(state[:size])), jnp.exp(state[size]), newton_step(b), jnp)
            return jnp.array([*(jnp.log(c) for c in changed), jnp.log(strength), b.water_activity]), error, k + 1

        state, error, _ = jax.lax.while_loop(going, step, (first, jnp.asarray(1.0), 0))
        return state, error

    def answer(totals: Any, ph: Any, *, log_k: Any = default_log_k, log_ksp: Any = default_log_ksp) -> dict[str, Any]:
        ph = jnp.asarray(ph, float)
        *_, refused = start(shape, dict(enumerate(jnp.asarray(totals, float))), float(index), 10.0**-ph, jnp)
        refused = jnp.where((ph >= ph_low) & (ph <= ph_high), refused, 1.0)
        amounts = jnp.where(jnp.asarray(totals) > FLOOR, totals, FLOOR)
        if index >= 0:
            amounts = amounts.at[index].set(FLOOR)
        log_k = jnp.asarray(log_k, float)
        found, error = newton(*jax.lax.stop_gradient((amounts, ph, log_k)))
        state = jax.lax.custom_root(
            lambda y: residual(y, amounts, ph, log_k),
            jax.lax.stop_gradient(found),
            lambda _, y: y,
            lambda linear, y: jnp.linalg.solve(jax.jacobian(linear)(y), y),
        )
        b = evaluate(state, amounts, ph, log_k)
        logs = [jnp.log(b.activity[c]) for c in range(len(table.names))]
        constant = matrix[:, -1] + default_log_ksp + _ion_constants(table, log_k) - log_ksp
        columns = jnp.array([*(logs[c] for c in used), jnp.log(state[-1]), ph])
        return {
            "saturation_index": matrix[:, :-1] @ columns + constant,
            "log_activity": jnp.array(logs) / LN10,
            "ionic_strength": jnp.exp(state[size]),
            "water_activity": state[-1],
            "error": jnp.sqrt(error),
            "status": judge(shape, jnp.exp(state[size]), (state[-1], b.water_activity), b.charge, charge, error, refused, jnp),
        }

    return jax.jit(answer)


def _ion_constants(table: ReactionTable, log_k: Any) -> Any:
    """Return what a change of the species' constants adds to log IAP of each solid, beyond the activities of master species."""
    names = [s.name for s in table.species]
    counts = np.zeros((len(table.solids), len(names)))
    for k, solid in enumerate(table.solids):
        for ion, n in solid.reaction.items():
            if ion != "H2O":
                counts[k, names.index(ion)] = n
    return counts @ (log_k - np.array([s.log_k for s in table.species]))
