"""What is read from the state of a passage: how deep carriers are, and how well water still passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.density import State
from amelo.therapy.nano.passage import Passage
from amelo.twin.precision import jax64

__all__ = ["conductance_left", "depth_median", "depth_quantile"]

Array = Any


def depth_quantile(state: State, passage: Passage, share: Array, *, through: bool = True) -> Array:
    """Return the depth [m] above which a share of the carriers is: of free ones, of those at the wall and of those in plugs.

    Arguments: state (of one passage, or with members first); passage; share (scalar or (K,), 0 to 1); through (whether carriers that left
    by the far end count, as being there).
    Returns: depth, () or (K,), with members first; not-a-number where there are no carriers.
    Raises: ParameterError for a share out of range.
    Assumptions: evenly spread within a cell.
    """
    if not ((np.asarray(share) >= 0.0) & (np.asarray(share) <= 1.0)).all():
        raise ParameterError(f"a share of {share} is out of range", why="allowed 0 to 1")
    jax = jax64()
    jnp = jax.numpy
    edges, size = jnp.asarray(passage.edges), jnp.diff(jnp.asarray(passage.edges))

    def one(line: Array, gone: Array) -> Array:
        here = jnp.maximum(line, 0.0) * size  # the scheme may undershoot a little
        gone = jnp.where(through, gone, 0.0)
        total = here.sum() + gone
        reached = jnp.concatenate([jnp.zeros(1), jnp.cumsum(here)]) / jnp.where(total > 0.0, total, 1.0)
        wanted = jnp.maximum(jnp.asarray(share, float), 1e-12)  # where the first are, not where none is
        cell = jnp.clip(jnp.searchsorted(reached, wanted, side="left") - 1, 0, len(size) - 1)
        gained = reached[cell + 1] - reached[cell]
        within = jnp.clip((wanted - reached[cell]) / jnp.where(gained > 0.0, gained, 1.0), 0.0, 1.0)
        within = jnp.where(gained > 0.0, within, 1.0)  # it is beyond the last carrier inside
        return jnp.where(total > 0.0, edges[cell] + within * size[cell], jnp.nan)

    line = jnp.asarray(state.free) + jnp.asarray(state.stuck) + jnp.asarray(state.plug)
    return jax.vmap(one)(line, jnp.asarray(state.pulp)) if line.ndim > 1 else one(line, jnp.asarray(state.pulp))


def depth_median(state: State, passage: Passage, *, through: bool = True) -> Array:
    """Return the depth [m] above which half of the carriers are.

    Arguments: as of :func:`depth_quantile`.
    """
    return depth_quantile(state, passage, 0.5, through=through)


def conductance_left(state: State, passage: Passage, carrier: Carrier, *, diameter: Array | None = None) -> Array:
    """Return how well water passes along a tubule, relative to one without carriers.

    Arguments: state (of one passage, or with members first); passage; carrier; diameter [m] that stands in for that of the carrier.
    Returns: conductance over that of the open tubule, 1 to 0, () or (M,).
    Raises: ParameterError for a passage that is no tube.
    Assumptions: cells in series; in each, beside each other, water in a free core after Poiseuille and water in a bed of spheres packed
    at random around it after Kozeny and Carman; carriers at the wall count as a bed; free carriers do not hinder.
    Source: carman1937.
    """
    if not passage.tube:
        raise ParameterError("only a tube has a conductance", fix="give a tubule or a canal")
    jnp = jax64().numpy
    close = load_set("nano/scene").value("packing.close")
    size = carrier.diameter if diameter is None else diameter
    size = jnp.asarray(size, float)[..., None]
    width = 0.5 * (passage.width[:-1] + passage.width[1:])
    area = 0.25 * np.pi * width**2
    held = (jnp.asarray(state.stuck) + jnp.asarray(state.plug)) * np.pi / 6.0 * size**3
    bed = jnp.clip(held / (close * area), 0.0, 1.0)
    core = area**2 * (1.0 - bed) ** 2 / (8.0 * np.pi)  # pi w^4 / 128, of what is free of the area
    pores = size**2 * (1.0 - close) ** 3 / (180.0 * close**2)  # permeability [m2]
    along = np.diff(passage.edges)
    return (along / (area**2 / (8.0 * np.pi))).sum() / (along / (core + bed * area * pores)).sum(-1)
