"""Where a pulp can rest: equilibria, their stability, the branch of them as influx grows, and the fold where it ends.

Derivatives are those of the equations themselves, by automatic differentiation.  Influx is in SI here as elsewhere; states are in their units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from amelo.errors import ParameterError, SolveError
from amelo.twin.precision import jax64
from amelo.twin.pulp.constants import Pulps
from amelo.twin.pulp.course import HOUR
from amelo.twin.pulp.equations import rates

__all__ = ["Branch", "Fold", "branch", "equilibrium", "fold", "slowest"]

SCALE = np.array(
    [0.1, 0.1, 0.5, 0.2, 0.1]
)  # of bacteria, inflammation, damage, calming and influx per hour, for lengths along a branch
STEPS = 50


@dataclass(frozen=True, eq=False)
class Branch:
    """Equilibria of one pulp in their order: influx (K,) [unit/s], state (K, 4) without a liner, eigenvalue (K,) [1/s], the largest real part."""

    influx: np.ndarray
    state: np.ndarray
    eigenvalue: np.ndarray

    @property
    def stable(self) -> np.ndarray:
        """Tell which equilibria (K,) draw their surroundings in."""
        return self.eigenvalue < 0.0


@dataclass(frozen=True)
class Fold:
    """Where health ends: influx [unit/s], state (4,) there, and the eigenvalue [1/s] that vanishes."""

    influx: float
    state: np.ndarray
    eigenvalue: float


@cache
def _functions() -> SimpleNamespace:
    """Return compiled rates of the first four states, their Jacobian, and the equations of a fold with their Jacobian."""
    jax = jax64()
    jnp = jax.numpy

    def four(state: Any, influx: Any, constants: Any) -> Any:
        return jnp.stack(rates((*state, 0.0), (influx, 0.0, 0.0, 0.0, 1.0), constants)[:4])

    def folded(unknown: Any, constants: Any, direction: Any) -> Any:
        state, vector, influx = unknown[:4], unknown[4:8], unknown[8]
        moved = jax.jvp(lambda s: four(s, influx, constants), (state,), (vector,))[1]
        return jnp.concatenate([four(state, influx, constants), moved, (vector @ direction - 1.0)[None]])

    return SimpleNamespace(
        four=jax.jit(four),
        jacobian=jax.jit(jax.jacfwd(four)),
        folded=jax.jit(folded),
        folded_jacobian=jax.jit(jax.jacfwd(folded)),
    )


def _one(pulps: Pulps) -> np.ndarray:
    if pulps.count != 1:
        raise ParameterError(f"{pulps.count} pulps are given where one is asked for", fix="take one of them: pulps.take([0])")
    return pulps.values[:, 0]


def _newton(function: Callable[[Any], Any], jacobian: Callable[[Any], Any], start: np.ndarray, what: str) -> np.ndarray:
    """Return the root near a start."""
    at = np.array(start, float)
    for _ in range(STEPS):
        matrix, value = np.asarray(jacobian(at)), np.asarray(function(at))
        try:
            move = np.linalg.solve(matrix, -value)
        except np.linalg.LinAlgError:
            break
        at = at + move
        if not np.isfinite(at).all():
            break
        if np.abs(move).max() <= 1e-12 * (1.0 + np.abs(at).max()):
            return at
    raise SolveError(f"Newton's method found no {what}", fix="start nearer to one")


def equilibrium(pulps: Pulps, influx: float, start: np.ndarray) -> np.ndarray:
    """Return the equilibrium (4,) of one pulp near a start (4,) under an influx [unit/s].

    Raises: ParameterError for more than one pulp; SolveError when there is none near.
    """
    constants, f = _one(pulps), _functions()
    found = _newton(
        lambda s: f.four(s, influx * HOUR, constants), lambda s: f.jacobian(s, influx * HOUR, constants), start, "equilibrium"
    )
    if (found < -1e-9).any():
        raise SolveError("Newton's method left what can be", why="a state below 0", fix="start nearer to an equilibrium")
    return found


def slowest(pulps: Pulps, state: np.ndarray, influx: float) -> float:
    """Return the largest real part of an eigenvalue [1/s] of one pulp's rates at a state (4,): below 0 at a stable equilibrium.

    The slowest linear time constant is -1 over it.
    """
    matrix = np.asarray(_functions().jacobian(np.asarray(state, float), influx * HOUR, _one(pulps)))
    return float(np.linalg.eigvals(matrix).real.max()) / HOUR


def branch(pulps: Pulps, *, start: np.ndarray | None = None, influx: float = 0.0, length: float = 0.05, most: int = 400) -> Branch:
    """Return the equilibria of one pulp, followed by arc length from one towards more influx until there is none left.

    Arguments: pulps, one; start (4,), None for health; influx [unit/s] there; length of a step along the scaled branch; most steps.
    Returns: Branch, which ends where influx would fall below 0 or exceed one unit per hour.
    Raises: ParameterError for more than one pulp; SolveError when the branch cannot be followed.
    """
    constants, f = _one(pulps), _functions()
    first = np.asarray(pulps.rest()[:4, 0] if start is None else start, float)
    at = np.append(equilibrium(pulps, influx, first), influx * HOUR)

    def slope(point: np.ndarray) -> np.ndarray:
        """Return the derivatives (4, 5) of the rates in scaled unknowns; influx enters the first alone."""
        state = np.asarray(f.jacobian(point[:4], point[4], constants))
        return np.column_stack([state, [1.0, 0.0, 0.0, 0.0]]) * SCALE

    def tangent(point: np.ndarray, before: np.ndarray) -> np.ndarray:
        along = np.linalg.svd(slope(point))[2][-1]
        return along if along @ before >= 0.0 else -along

    along = tangent(at, np.array([0.0, 0.0, 0.0, 0.0, 1.0]))
    points, step = [at], length
    while len(points) < most and 0.0 <= at[4] <= 1.0:
        ahead = at / SCALE + step * along
        try:
            found = _newton(
                lambda z, a=ahead, t=along: np.append(f.four(z[:4] * SCALE[:4], z[4] * SCALE[4], constants), (z - a) @ t),
                lambda z, t=along: np.vstack([slope(z * SCALE), t]),
                ahead,
                "next equilibrium",
            )
        except SolveError:
            step *= 0.5
            if step < 1e-6 * length:
                raise
            continue
        after = tangent(found * SCALE, along)
        if after @ along < 0.9 and step > 1e-4 * length:  # a sharp bend, as where venules begin to collapse
            step *= 0.5
            continue
        at, along, step = found * SCALE, after, min(length, 1.5 * step)
        points.append(at)
    kept = np.array([p for p in points if p[4] >= 0.0])
    worst = [slowest(pulps, p[:4], p[4] / HOUR) for p in kept]
    return Branch(kept[:, 4] / HOUR, kept[:, :4], np.array(worst))


def fold(pulps: Pulps) -> Fold:
    """Return where the healthy branch of one pulp turns back: above this influx it has no healthy state.

    Raises: ParameterError for more than one pulp; SolveError when health does not end below one unit per hour.
    Assumptions: the branch is smooth there, which a found eigenvalue of 0 shows.
    """
    constants, f = _one(pulps), _functions()
    path = branch(pulps)
    turns = np.flatnonzero(np.diff(path.influx) < 0.0)
    if not len(turns):
        raise SolveError("health does not end", why="no fold below an influx of one unit per hour")
    near = int(turns[0])
    vector = np.linalg.svd(np.asarray(f.jacobian(path.state[near], path.influx[near] * HOUR, constants)))[2][-1]
    unknown = np.concatenate([path.state[near], vector, [path.influx[near] * HOUR]])
    found = _newton(lambda u: f.folded(u, constants, vector), lambda u: f.folded_jacobian(u, constants, vector), unknown, "fold")
    return Fold(float(found[8]) / HOUR, found[:4], slowest(pulps, found[:4], float(found[8]) / HOUR))
