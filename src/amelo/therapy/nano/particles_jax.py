"""The walk of the particle tier in JAX, for devices that Numba does not compile for: the same kicks, the same law, the same arguments.

Kicks are the same bits as everywhere.  Depths may differ in their last bits from those of the compiled walk, because a compiler may join
a product and a sum into one rounding.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from amelo.therapy.nano import kicks
from amelo.therapy.nano.particles import FREE, LEFT, OVERSHOOT, PULP, STUCK, Particles, Tables

__all__ = ["advance_in_jax"]


def advance_in_jax(
    particles: Particles, tables: Tables, words: np.ndarray, *, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> Particles:
    """Return carriers after as many steps as there are words; see ``particles.advance``, which moves them in place.

    Arguments: particles; tables; words (S,) of the steps; low and high (P,) [m], the walls that throw each back (None: the ends).
    """
    count = len(particles)
    low = np.zeros(count) if low is None else low
    high = np.full(count, tables.length) if high is None else high
    out_low, out_high = -np.inf, np.inf
    if tables.open_mouth:
        low, out_low = np.where(low <= 0.0, -np.inf, low), OVERSHOOT * float(tables.kick[0])
    if tables.open_far:
        high, out_high = np.where(high >= tables.length, np.inf, high), tables.length - OVERSHOOT * float(tables.kick[-1])
    was = (particles.mode == FREE).astype(float)
    shelves = (particles.shelf, tables.push, tables.kick, tables.hazard)
    walls = (low, high, out_low, out_high)
    walk = _compiled(tables.sticky, tables.points)
    found = walk(particles.depth, particles.patience, was, particles.identity, shelves, 1.0 / tables.spacing, walls, words)
    depth, patience, mobile = (np.array(values) for values in found)
    new = particles.copy()
    stopped = (was > 0.0) & (mobile == 0.0)
    new.mode[stopped & (patience <= 0.0)] = STUCK
    left, gone = stopped & (depth < out_low), stopped & (depth > out_high)
    new.mode[left], new.mode[gone] = LEFT, PULP
    depth[left], depth[gone] = 0.0, tables.length
    new.depth, new.patience = depth, patience
    return new


@cache
def _compiled(sticky: bool, points: int) -> Any:
    """Return the walk, compiled once for tables of a size, with or without walls that carriers stick to."""
    from amelo.twin.precision import jax64

    jax = jax64()
    jnp = jax.numpy

    def walk(depth, patience, mobile, identity, shelves, inverse, walls, words):
        shelf, push, hop, hazard = shelves
        low, high, out_low, out_high = walls
        base = identity * kicks.ODD

        def step(state, word):
            depth, patience, mobile = state
            x = depth * inverse
            k = jnp.clip(x.astype(jnp.int32), 0, points - 1)
            f, j = x - k, shelf + k
            p = push[j] + f * (push[j + 1] - push[j])
            h = hop[j] + f * (hop[j + 1] - hop[j])
            y = depth + mobile * (p + h * kicks.kick(kicks.mix(base + word)))
            y = jnp.where(y < low, 2.0 * low - y, y)
            y = jnp.where(y > high, 2.0 * high - y, y)
            stops = (y < out_low) | (y > out_high)
            if sticky:
                patience = patience - mobile * hazard[j]
                stops = stops | (patience <= 0.0)
            return (y, patience, jnp.where(stops, 0.0, mobile)), None

        return jax.lax.scan(step, (depth, patience, mobile), words)[0]

    return jax.jit(walk)
