"""The density of carriers along a passage in one step of time: fluxes between cells, what the wall and crowding take, what is released.

Everything here is arithmetic of JAX on :class:`Problem`; :mod:`amelo.therapy.nano.density` is the way in.

Space: fluxes after Scharfetter and Gummel of the density per area that centres of carriers can reach, weighted with that area at the face.
Without drift the flux vanishes where that density is uniform, however the passage widens, which is the drift that entropy gives.
Time: half a step of exchange (sticking, plugging, release; exact), a step of transport by TR-BDF2 (second order, L-stable, so that no step
is too long to be stable), half a step of exchange; what moves between cells and out of the ends is moved as fluxes, so that nothing is
lost to rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from amelo.therapy.nano import motion
from amelo.twin.precision import jax64

__all__ = ["Content", "Problem", "Through", "bernoulli", "exchange", "held_share", "step", "transport"]

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


class Problem(NamedTuple):
    """A passage, a carrier and a field as arrays.

    Fields: size (N,) of cells [m]; gap (N + 1,) between centres, at the ends from the centre to the edge [m]; pull (N + 1,), drift that a
    wall slows [m/s]; swim (N + 1,), drift that it does not [m/s]; fluid (N + 1,), drift with the fluid [m/s]; spread (N + 1,), diffusivity
    [m2/s]; reach (N + 1,) at faces and reach_cells (N,) [m2]; ratio (N + 1,) and ratio_cells (N,) of the diameters of carrier and
    passage; area (N,) of the cross-section [m2]; mouth and pulp (1 where that end is open, else 0); outside [1/m3] and outside_load, loads
    per carrier there; volume [m3] and diameter [m] of a carrier; close, jam_ratio and jam_fraction of packing; stick (N,), detach and
    release (N,) rates [1/s]; gelation_fraction and gelation_time [s]; duration [s].
    """

    size: Array
    gap: Array
    pull: Array
    swim: Array
    fluid: Array
    spread: Array
    reach: Array
    reach_cells: Array
    ratio: Array
    ratio_cells: Array
    area: Array
    mouth: Array
    pulp: Array
    outside: Array
    outside_load: Array
    volume: Array
    diameter: Array
    close: Array
    jam_ratio: Array
    jam_fraction: Array
    stick: Array
    detach: Array
    release: Array
    gelation_fraction: Array
    gelation_time: Array
    duration: Array


def bernoulli(x: Array) -> Array:
    """Return x / (exp(x) - 1), 1 at 0, for any x."""
    jnp = jax64().numpy
    small = jnp.abs(x) < 1e-3
    safe = jnp.where(small, 1.0, jnp.minimum(x, 600.0))
    return jnp.where(small, 1.0 - x / 2.0 + x * x / 12.0, safe / jnp.expm1(safe))


def held_share(problem: Problem, content: Content) -> Array:
    """Return the share (N,) of the cross-section that carriers which no longer move fill, packed as close as they pack."""
    return (content.stuck + content.plug) * problem.volume / (problem.close * problem.area)


def step(problem: Problem, content: Content, dt: Array, crowded: bool) -> tuple[Content, Through]:
    """Return the content after a step, and what passed the ends.

    Arguments: problem; content; dt [s]; crowded (whether plugs, jams and packing are looked at; without them all is linear).
    """
    content = exchange(problem, content, 0.5 * dt, crowded)
    content, through = transport(problem, content, dt, crowded)
    return exchange(problem, content, 0.5 * dt, crowded), through


def exchange(problem: Problem, content: Content, dt: Array, crowded: bool) -> Content:
    """Return the content after carriers stuck, left the wall, plugged and released for a time, without moving along.

    Exact for rates that stay as they are; those of plugging do, because they depend on how many carriers of any kind a cell holds.

    Arguments: problem; content; dt [s]; crowded.
    """
    jnp = jax64().numpy
    free, free_load, stuck, stuck_load, plug, plug_load, released = content
    swaps = (problem.stick + problem.detach) * dt
    whole = jnp.where(swaps > 1e-9, swaps, 1.0)
    shared = dt * jnp.where(swaps > 1e-9, -jnp.expm1(-whole) / whole, 1.0 - 0.5 * swaps)
    to_wall, from_wall = problem.stick * shared, problem.detach * shared
    moved, moved_load = to_wall * free - from_wall * stuck, to_wall * free_load - from_wall * stuck_load
    free, free_load, stuck, stuck_load = free - moved, free_load - moved_load, stuck + moved, stuck_load + moved_load
    if crowded:
        share = -jnp.expm1(-_plugging(problem, content) * dt)
        plug = plug + share * free + share * stuck
        plug_load = plug_load + share * free_load + share * stuck_load
        free, free_load, stuck, stuck_load = (x - share * x for x in (free, free_load, stuck, stuck_load))
    given = -jnp.expm1(-problem.release * dt)
    released = released + given * free_load + given * stuck_load + given * plug_load
    free_load, stuck_load, plug_load = (x - given * x for x in (free_load, stuck_load, plug_load))
    return Content(free, free_load, stuck, stuck_load, plug, plug_load, released)


def transport(problem: Problem, content: Content, dt: Array, crowded: bool) -> tuple[Content, Through]:
    """Return the content after free carriers moved along for a time, and what passed the ends.

    Arguments: problem; content; dt [s]; crowded.
    """
    jax = jax64()
    jnp = jax.numpy
    forth, back, source = _coefficients(problem, content, crowded)
    size = problem.size[:, None]
    start = jnp.stack([content.free, content.free_load], axis=1)
    first = 0.5 * GAMMA * dt
    middle = 1.0 + first * (forth[1:] + back[:-1]) / problem.size
    lower = jnp.concatenate([jnp.zeros(1), -first * forth[1:-1] / problem.size[1:]])
    upper = jnp.concatenate([-first * back[1:-1] / problem.size[:-1], jnp.zeros(1)])

    def fluxes(held: Array) -> Array:
        padded = jnp.concatenate([jnp.zeros((1, 2)), held, jnp.zeros((1, 2))])
        inner = forth[:, None] * padded[:-1] - back[:, None] * padded[1:]
        return inner.at[0].add(source)

    def change(flux: Array) -> Array:
        return (flux[:-1] - flux[1:]) / size

    entering = jnp.zeros_like(start).at[0].set(source / problem.size[0])

    def solved(right: Array) -> Array:
        return jax.lax.linalg.tridiagonal_solve(lower, middle, upper, right + first * entering)

    outer = 2.0**0.5 / 4.0
    flux = outer * fluxes(start)
    stage = solved(start + first * change(flux / outer))
    flux = flux + outer * fluxes(stage)
    stage = solved(start + dt * change(flux))
    flux = (flux + 0.5 * GAMMA * fluxes(stage)) * dt
    moved = start + change(flux)
    if crowded:
        moved, spilt = _packed(problem, content, moved)
        flux = flux + spilt
    through = Through(flux[0, 0], flux[0, 1], flux[-1, 0], flux[-1, 1])
    return content._replace(free=moved[:, 0], free_load=moved[:, 1]), through


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
    """Return what a flux takes from the cells on both sides of each face (N + 1,) [m/s], and what comes in from outside (2,) [1/s]."""
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
    source = forth[0] * problem.outside * jnp.stack([jnp.ones_like(problem.outside_load), problem.outside_load])
    forth = jnp.concatenate([jnp.zeros(1), forth[1:] / cells])
    return forth, jnp.concatenate([back[:-1] / cells, jnp.zeros(1)]), source


def _packed(problem: Problem, content: Content, moved: Array) -> tuple[Array, Array]:
    """Return what free carriers (N, 2) stay where no cell is packed closer than they pack, and what was pushed back (N + 1, 2).

    What does not fit stays in front: behind it where the drift goes.  Two sweeps, one for cells with a drift inwards, one for the others.
    """
    jnp = jax64().numpy
    room = jnp.maximum(problem.close * problem.area / problem.volume - content.stuck - content.plug, 0.0)
    drift = problem.pull + problem.swim + problem.fluid
    inwards = drift[:-1] + drift[1:] >= 0.0
    size = problem.size
    outwards = _pushed((moved * size[:, None])[::-1], (room * size)[::-1], inwards[::-1], problem.mouth)[::-1]
    moved = moved + (outwards[1:] - outwards[:-1]) / size[:, None]
    onwards = _pushed(moved * size[:, None], room * size, ~inwards, problem.pulp)
    moved = moved + (onwards[:-1] - onwards[1:]) / size[:, None]
    return moved, onwards - outwards


def _pushed(amount: Array, room: Array, follows: Array, exit_open: Array) -> Array:
    """Return what is pushed through each face (N + 1, 2) towards the end when cells overflow, of carriers and of their loads.

    Arguments: amount (N, 2); room (N,); follows (N,), cells that pass on what does not fit, the others take all; exit_open (1 or 0).
    """
    jax = jax64()
    jnp = jax.numpy
    carriers = amount[:, 0]
    everything = jnp.abs(carriers).sum() + 1e-300
    takes_all = ~follows | ((jnp.arange(len(room)) == len(room) - 1) & (exit_open < 0.5))
    balance = jnp.cumsum(carriers - jnp.where(takes_all, everything, jnp.minimum(room, everything)))
    lowest = jax.lax.cummin(jnp.concatenate([jnp.zeros(1), balance]))
    out = balance - lowest[1:]  # of a queue: what is left over of all that came before
    out = jnp.where(out > 1e-12 * everything, out, 0.0)  # less is rounding
    before = jnp.concatenate([jnp.zeros(1), out[:-1]])
    came = before + carriers
    share = jnp.where(out > 0.0, out / jnp.where(came > 0.0, came, 1.0), 0.0)  # a cell passes on what it mixed
    lower = jnp.concatenate([jnp.zeros(1), -share[1:]])
    right = (share * amount[:, 1])[:, None]
    loads = jax.lax.linalg.tridiagonal_solve(lower, jnp.ones_like(share), jnp.zeros_like(share), right)
    return jnp.concatenate([jnp.zeros((1, 2)), jnp.stack([out, loads[:, 0]], axis=1)])
