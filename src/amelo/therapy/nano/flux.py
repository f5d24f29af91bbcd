"""The density of carriers along a passage in one step of time: fluxes between cells, what the wall and crowding take, what is released.

Everything here is arithmetic of JAX on :class:`Problem`; :mod:`amelo.therapy.nano.density` is the way in.

Space: fluxes after Scharfetter and Gummel of the density per area that centres of carriers can reach, weighted with that area at the face.
Without drift the flux vanishes where that density is uniform, however the passage widens, which is the drift that entropy gives.
Time: half a step of exchange (sticking, plugging, release; exact), a step of transport by TR-BDF2 (second order, L-stable, so that no step
is too long to be stable), half a step of exchange; halves that follow each other are one.  What moves between cells and out of the ends is
moved as fluxes, so that nothing is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from amelo.therapy.nano import motion
from amelo.therapy.nano.problem import Problem
from amelo.twin.precision import jax64

__all__ = ["Content", "Through", "bernoulli", "exchange", "held_share", "transport"]

GAMMA = 2.0 - 2.0**0.5  # of TR-BDF2: where its first stage ends, so that both stages solve the same matrix
ONSET = 0.1  # share of a threshold over which what it switches on sets in, so that derivatives exist
BLOCKED = 1e-9  # share of its reach that a plugged cell keeps, so that densities stay finite
Array = Any


class Content(NamedTuple):
    """What a passage holds, (N,) each: carriers per metre [1/m], and what they carry as full loads per metre [1/m]."""

    free: Array
    free_load: Array
    stuck: Array
    stuck_load: Array
    plug: Array
    plug_load: Array
    released: Array


class Through(NamedTuple):
    """What passed the ends in a step, inwards positive: carriers and full loads through the mouth and through the far end."""

    mouth: Array
    mouth_load: Array
    far: Array
    far_load: Array


def bernoulli(x: Array) -> Array:
    """Return x / (exp(x) - 1), 1 at 0, for any x."""
    jnp = jax64().numpy
    small = jnp.abs(x) < 1e-3
    safe = jnp.where(small, 1.0, jnp.minimum(x, 600.0))
    return jnp.where(small, 1.0 - x / 2.0 + x * x / 12.0, safe / jnp.expm1(safe))


def held_share(problem: Problem, content: Content) -> Array:
    """Return the share (N,) of the cross-section that carriers which no longer move fill, packed as close as they pack."""
    return (content.stuck + content.plug) * problem.volume / (problem.close * problem.area)


def exchange(problem: Problem, content: Content, dt: Array, crowded: bool) -> Content:
    """Return the content after carriers stuck, left the wall, plugged and released for a time, without moving along.

    Exact for rates that stay as they are; those of plugging do, because they depend on how many carriers of any kind a cell holds.

    Arguments: problem; content; dt [s]; crowded.
    """
    jnp, barrier = jax64().numpy, jax64().lax.optimization_barrier
    free, free_load, stuck, stuck_load, plug, plug_load, released = content
    swaps = (problem.stick + problem.detach) * dt
    whole = jnp.where(swaps > 1e-9, swaps, 1.0)
    shared = dt * jnp.where(swaps > 1e-9, -jnp.expm1(-whole) / whole, 1.0 - 0.5 * swaps)
    # a barrier keeps the compiler from working an exponential out again for each of its uses
    to_wall, from_wall, given = barrier((problem.stick * shared, problem.detach * shared, -jnp.expm1(-problem.release * dt)))
    moved, moved_load = to_wall * free - from_wall * stuck, to_wall * free_load - from_wall * stuck_load
    free, free_load, stuck, stuck_load = free - moved, free_load - moved_load, stuck + moved, stuck_load + moved_load
    if crowded:
        share = barrier(-jnp.expm1(-_plugging(problem, content) * dt))
        plug = plug + share * free + share * stuck
        plug_load = plug_load + share * free_load + share * stuck_load
        free, free_load, stuck, stuck_load = (x - share * x for x in (free, free_load, stuck, stuck_load))
    released = released + given * free_load + given * stuck_load + given * plug_load
    free_load, stuck_load, plug_load = (x - given * x for x in (free_load, stuck_load, plug_load))
    return Content(free, free_load, stuck, stuck_load, plug, plug_load, released)


def transport(problem: Problem, content: Content, dt: Array, crowded: bool) -> tuple[Content, Through]:
    """Return the content after free carriers moved along for a time, and what passed the ends.

    Arguments: problem; content; dt [s]; crowded.
    """
    jnp = jax64().numpy
    forth, back, source = _coefficients(problem, content, crowded)
    first = 0.5 * GAMMA * dt / problem.size
    lower = jnp.concatenate([jnp.zeros(1), -first[1:] * forth[1:-1]])  # of what comes from the cell before
    upper = jnp.concatenate([-first[:-1] * back[1:-1], jnp.zeros(1)])
    solve = _solver(lower, 1.0 + first * (forth[1:] + back[:-1]), upper)

    def fluxes(held: Array, comes: Array) -> Array:
        inner = forth[1:-1] * held[:-1] - back[1:-1] * held[1:]
        return jnp.concatenate([(comes - back[0] * held[0])[None], inner, (forth[-1] * held[-1])[None]])

    def change(flux: Array) -> Array:
        return (flux[:-1] - flux[1:]) / problem.size

    def entering(value: Array, comes: Array) -> Array:
        return jnp.concatenate([(value[0] + first[0] * comes)[None], value[1:]])

    both = ((content.free, source), (content.free_load, source * problem.outside_load))
    weighed = [fluxes(held, comes) for held, comes in both]
    right = (entering(h + 0.5 * GAMMA * dt * change(f), c) for (h, c), f in zip(both, weighed, strict=True))
    stage = solve(*right)
    outer = 2.0**0.5 / 4.0
    weighed = [outer * (f + fluxes(s, c)) for (_, c), f, s in zip(both, weighed, stage, strict=True)]
    stage = solve(*(entering(h + dt * change(f), c) for (h, c), f in zip(both, weighed, strict=True)))
    weighed = [f + 0.5 * GAMMA * fluxes(s, c) for (_, c), f, s in zip(both, weighed, stage, strict=True)]
    free, free_load = (h + dt * change(f) for (h, _), f in zip(both, weighed, strict=True))
    through, through_load = (dt * f for f in weighed)
    if crowded:
        free, free_load, spilt, spilt_load = _packed(problem, content, free, free_load)
        through, through_load = through + spilt, through_load + spilt_load
    ends = Through(through[0], through_load[0], through[-1], through_load[-1])
    return content._replace(free=free, free_load=free_load), ends


def _solver(lower: Array, middle: Array, upper: Array) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Return what solves a tridiagonal system for two right sides, of a matrix that needs no pivots because its columns are dominated by their diagonal."""
    jax = jax64()
    jnp = jax.numpy

    def forwards(before: Array, here: tuple[Array, Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        low, mid, up = here
        inverse = 1.0 / (mid - low * before)
        return up * inverse, (up * inverse, inverse)

    zero = jnp.zeros_like(middle[0])
    _, (ahead, inverse) = jax.lax.scan(forwards, zero, (lower, middle, upper))

    def solve(one: Array, other: Array) -> tuple[Array, Array]:
        def down(before: tuple[Array, Array], here: tuple[Array, ...]) -> tuple[tuple, tuple]:
            low, inv, one, other = here
            found = ((one - low * before[0]) * inv, (other - low * before[1]) * inv)
            return found, found

        def up(after: tuple[Array, Array], here: tuple[Array, ...]) -> tuple[tuple, tuple]:
            ahead, one, other = here
            found = (one - ahead * after[0], other - ahead * after[1])
            return found, found

        _, half = jax.lax.scan(down, (zero, zero), (lower, inverse, one, other))
        return jax.lax.scan(up, (zero, zero), (ahead, *half), reverse=True)[1]

    return solve


def _onset(x: Array) -> Array:
    """Return 0 below the threshold x = 1, 1 from 1 + ``ONSET``, smoothly between."""
    y = jax64().numpy.clip((x - 1.0) / ONSET, 0.0, 1.0)
    return y * y * (3.0 - 2.0 * y)


def _open(share: Array) -> Array:
    return jax64().numpy.maximum(1.0 - share, 1e-6)


def _plugging(problem: Problem, content: Content) -> Array:
    """Return the rate (N,) [1/s] at which carriers in a cell turn into a plug."""
    jnp = jax64().numpy
    fraction = (content.free + content.stuck + content.plug) * problem.volume / problem.area
    gelled = _onset(fraction / problem.gelation_fraction) / problem.gelation_time
    narrow = problem.ratio_cells / jnp.sqrt(_open(held_share(problem, content)))
    own_width = 0.5 * (problem.spread[:-1] + problem.spread[1:]) / problem.diameter**2
    return gelled + own_width * _onset(fraction / problem.jam_fraction) * _onset(problem.jam_ratio * narrow)


def _coefficients(problem: Problem, content: Content, crowded: bool) -> tuple[Array, Array, Array]:
    """Return what a flux takes from the cells on both sides of each face (N + 1,) [m/s], and what comes in from outside [1/s]."""
    jnp = jax64().numpy
    pull, fluid, spread, reach, cells = problem.pull, problem.fluid, problem.spread, problem.reach, problem.reach_cells
    if crowded:
        share = held_share(problem, content)
        faces = _open(jnp.maximum(jnp.concatenate([share[:1], share]), jnp.concatenate([share, share[-1:]])))
        narrow, inside = problem.ratio / jnp.sqrt(faces), _open(share)
        slower = motion.wall_drag(problem.ratio, jnp) / motion.wall_drag(narrow, jnp)
        pull, spread = pull * slower, spread * slower
        fluid = fluid / jnp.maximum(faces, problem.ratio**2)
        reach = reach * jnp.maximum(faces * motion.partition(narrow, jnp) / motion.partition(problem.ratio, jnp), BLOCKED)
        left = inside * motion.partition(problem.ratio_cells / jnp.sqrt(inside), jnp) / motion.partition(problem.ratio_cells, jnp)
        cells = cells * jnp.maximum(left, BLOCKED)
    peclet = (pull + problem.swim + fluid) * problem.gap / spread
    against = bernoulli(peclet)
    across = reach * spread / problem.gap
    ends = jnp.ones_like(across).at[0].set(problem.mouth).at[-1].set(problem.pulp)
    forth, back = ends * across * (against + peclet), ends * across * against
    source = forth[0] * problem.outside
    forth = jnp.concatenate([jnp.zeros(1), forth[1:] / cells])
    return forth, jnp.concatenate([back[:-1] / cells, jnp.zeros(1)]), source


def _packed(problem: Problem, content: Content, free: Array, free_load: Array) -> tuple[Array, Array, Array, Array]:
    """Return what free carriers and loads (N,) stay where no cell is packed closer than they pack, and what was pushed back (N + 1,) each.

    What does not fit stays in front: behind it where the drift goes.  Two sweeps, one for cells with a drift inwards, one for the others.
    """
    jnp = jax64().numpy
    size = problem.size
    room = size * jnp.maximum(problem.close * problem.area / problem.volume - content.stuck - content.plug, 0.0)
    drift = problem.pull + problem.swim + problem.fluid
    inwards = drift[:-1] + drift[1:] >= 0.0
    back, back_load = (
        x[::-1] for x in _pushed((free * size)[::-1], (free_load * size)[::-1], room[::-1], inwards[::-1], problem.mouth)
    )
    free, free_load = free + (back[1:] - back[:-1]) / size, free_load + (back_load[1:] - back_load[:-1]) / size
    on, on_load = _pushed(free * size, free_load * size, room, ~inwards, problem.pulp)
    free, free_load = free + (on[:-1] - on[1:]) / size, free_load + (on_load[:-1] - on_load[1:]) / size
    return free, free_load, on - back, on_load - back_load


def _pushed(carriers: Array, loads: Array, room: Array, follows: Array, exit_open: Array) -> tuple[Array, Array]:
    """Return what is pushed through each face (N + 1,) towards the end when cells overflow, of carriers and of their loads.

    Arguments: carriers (N,); loads (N,); room (N,); follows (N,), cells that pass on what does not fit, the others take all; exit_open
    (1 or 0).
    """
    jax = jax64()
    jnp = jax.numpy
    takes_all = ~follows | ((jnp.arange(len(room)) == len(room) - 1) & (exit_open < 0.5))

    def pass_on(came: tuple[Array, Array], here: tuple[Array, Array, Array, Array]) -> tuple[tuple, tuple]:
        count, load, room, takes_all = here
        count, load = count + came[0], load + came[1]
        out = jnp.where(takes_all, 0.0, jnp.maximum(count - room, 0.0))
        out_load = load * out / jnp.where(out > 0.0, count, 1.0)  # a cell passes on what it mixed
        return (out, out_load), (out, out_load)

    zero = jnp.zeros_like(carriers[0])
    _, (out, out_load) = jax.lax.scan(pass_on, (zero, zero), (carriers, loads, room, takes_all))
    return jnp.concatenate([zero[None], out]), jnp.concatenate([zero[None], out_load])
