"""Runs inside JAX programs: a loss of a column as a function of knobs, with its exact derivative, for NUTS and for optimisers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.twin.column import Column
from amelo.twin.lesion.gradient import TIGHT, Objective, objective_of, reverse
from amelo.twin.lesion.knobs import different_fluids, knobs, turned, written
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.precision import jax64
from amelo.twin.schedule import Schedule

__all__ = ["loss_in_jax"]


def loss_in_jax(
    column: Column,
    schedule: Schedule,
    diffusivity: dict[str, float],
    names: Sequence[str],
    *,
    of: str | Objective = "integrated_mineral_loss",
    settings: Settings = TIGHT,
) -> Callable[[Any], Any]:
    """Return a JAX function of knobs (K,) in the order of ``names`` that returns a loss of the run with those knobs set.

    ``jax.grad`` costs about one more run; under ``jax.vmap`` the runs lie side by side in the lanes of one ensemble.

    Arguments: column (of one member); schedule and diffusivity as of :func:`amelo.twin.lesion.solve.solve`; names of knobs
    (see :func:`amelo.twin.lesion.knobs.knobs`); of (as of :func:`amelo.twin.lesion.gradient.gradient`; it gets a run of several members);
    settings.
    Returns: ``f(values) -> loss``, of a named outcome in its unit; not-a-number where the run failed, which samplers take for a rejection.
    Raises: ParameterError for a column of several members, or a name that is no knob.
    """
    if column.members != 1:
        raise ParameterError(
            f"the column has {column.members} members", why="the members are made from the knobs", fix="give a column of one"
        )
    known = knobs(column, schedule)
    for name in names:
        if name not in known:
            raise ParameterError(f"'{name}' is not a knob of this run", fix=nearest(name, known))
    objective = objective_of(of)
    jax = jax64()
    jnp = jax.numpy
    groups = different_fluids(list(written(schedule)))

    def built(values: np.ndarray) -> tuple[Column, Schedule | list[Schedule]]:
        rows = np.asarray(values, float).reshape(-1, len(names))
        if len(rows) == 1:
            return turned(column, schedule, {name: float(x) for name, x in zip(names, rows[0], strict=True)})
        return turned(_copies(column, len(rows)), schedule, dict(zip(names, rows.T, strict=True)))

    def value_only(values: np.ndarray) -> np.ndarray:
        run = solve(*built(values), diffusivity, settings)
        return np.where([not f for f in run.failure], objective(run)[0], np.nan).reshape(np.shape(values)[:-1])

    def value_and_slope(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        back = reverse(*built(values), diffusivity, settings=settings, groups=groups)
        value, slope = objective(back.run)
        found = back.pull(slope, value)
        value = np.where([not f for f in back.run.failure], value, np.nan)
        return value.reshape(np.shape(values)[:-1]), np.stack([found.knobs[n] for n in names], axis=-1).reshape(np.shape(values))

    def scalar(x: Any) -> Any:
        return jax.ShapeDtypeStruct(x.shape[:-1], jnp.float64)

    @jax.custom_vjp
    def loss(values: Any) -> Any:
        return jax.pure_callback(value_only, scalar(values), values, vmap_method="broadcast_all")

    def forwards(values: Any) -> tuple[Any, Any]:
        shapes = (scalar(values), jax.ShapeDtypeStruct(values.shape, jnp.float64))
        return jax.pure_callback(value_and_slope, shapes, values, vmap_method="broadcast_all")

    def backwards(slope: Any, bar: Any) -> tuple[Any]:
        return (slope * bar[..., None],)

    loss.defvjp(forwards, backwards)
    return lambda values: loss(jnp.asarray(values, jnp.float64))


def _copies(column: Column, count: int) -> Column:
    """Return a column of equal members."""
    arrays = {name: np.repeat(getattr(column, name), count, axis=0) for name in ("mineral", "sound", "organic")}
    parameters = {n: np.repeat(np.broadcast_to(np.asarray(v, float), (1,)), count) for n, v in column.parameters.items()}
    return replace(column, **arrays, parameters=parameters)
