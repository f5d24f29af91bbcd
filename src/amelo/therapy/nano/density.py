"""Tier T0: the density of carriers along one passage, in time, with what they carry, and a ledger that closes.

The payload of a carrier goes down in proportion to what it has, so that density times mean payload obeys an equation of its own: the
moment is exact.  All of it is JAX in double precision, and has derivatives in everything but the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.flux import Content, Problem, step
from amelo.therapy.nano.passage import Passage, flow
from amelo.twin.precision import jax64

__all__ = ["Account", "State", "carry", "carry_many", "imbalance", "usual_steps"]

Array = Any
OF_FLOW = ("diameter", "excess_density", "magnetisation", "gradient", "outflow", "mobility")
OF_CARRIER = ("stick_tubule", "detach_rate", "release_rate", "gelation_fraction", "gelation_time")
FEWEST, MOST, TRACED = 64, 1024, 256  # steps
SAFE = 10.0  # by how much fewer carriers must be expected than would crowd a cell, for crowding not to be looked at


class State(NamedTuple):
    """What a passage holds and what has left it, in carriers and in full loads of a carrier (1 where all carriers are full).

    Fields: free, stuck (to the wall) and plug (N,) carriers per metre of passage [1/m], in a slab per metre and m2; free_load, stuck_load
    and plug_load (N,), what they still hold [loads/m]; released (N,), what they gave off so far [loads/m]; entered, home (left by the
    mouth) and pulp (left by the far end), carriers so far; entered_load, home_load and pulp_load, what those held.
    """

    free: Array
    free_load: Array
    stuck: Array
    stuck_load: Array
    plug: Array
    plug_load: Array
    released: Array
    entered: Array
    entered_load: Array
    home: Array
    home_load: Array
    pulp: Array
    pulp_load: Array

    @classmethod
    def empty(cls, passage: Passage) -> State:
        """Return the state of a passage without carriers."""
        return cls(*(np.zeros(len(passage.edges) - 1) for _ in range(7)), *(np.zeros(()) for _ in range(6)))

    def placed(self, passage: Passage, count: float, depth: float = 0.0, load: float = 1.0) -> State:
        """Return the state with more free carriers, all in the cell at a depth.

        Arguments: passage; count; depth [m]; load (full loads of each).
        Raises: ParameterError for a depth outside the passage.
        """
        if not 0.0 <= depth <= passage.edges[-1]:
            why = f"the passage goes from 0 to {passage.edges[-1] * 1e6:g} um"
            raise ParameterError(f"a depth of {depth * 1e6:g} um is out of range", why=why)
        cell = min(int(np.searchsorted(passage.edges, depth, side="right")) - 1, len(passage.edges) - 2)
        here = np.zeros(len(passage.edges) - 1)
        here[cell] = 1.0 / (passage.edges[cell + 1] - passage.edges[cell])
        return self._replace(
            free=self.free + count * here,
            free_load=self.free_load + count * load * here,
            entered=self.entered + count,
            entered_load=self.entered_load + count * load,
        )


class Account(NamedTuple):
    """What happened in one call, per passage: carriers, and full loads of a carrier.

    Fields: entered by the mouth, left_by_mouth and to_pulp, each net of one step of time, and what they held (payload_entered,
    payload_left_by_mouth, payload_to_pulp); payload_released (N,) per cell; peak_density [1/m3] of carriers in the cross-section,
    peak_fraction (volume fraction of all carriers) and lowest (least density over peak_density; below 0 by what the scheme
    undershoots); steps.
    """

    entered: Array
    left_by_mouth: Array
    to_pulp: Array
    payload_entered: Array
    payload_left_by_mouth: Array
    payload_to_pulp: Array
    payload_released: Array
    peak_density: Array
    peak_fraction: Array
    lowest: Array
    steps: int


def carry(
    passage: Passage,
    carrier: Carrier,
    field: Field,
    state: State,
    *,
    outside: Array | None,
    duration: Array,
    ph: Array = 7.0,
    saturation: Array = 0.0,
    load: Array = 1.0,
    steps: int | None = None,
    **changed: Array,
) -> tuple[State, Account]:
    """Return what a passage holds after a time under a field, and the account of it.

    Arguments: passage; carrier; field; state; outside [1/m3], number density in the bath at the mouth, 0 after a rinse, None for a closed
    mouth; duration [s]; ph (scalar or (N,)); saturation (scalar or (N,), of the fluid with the payload, 0 to 1); load (full loads per
    carrier in the bath); steps (of time, None: see :func:`usual_steps`; the scheme is implicit, so that no number of them is unstable,
    only inaccurate); changed (numbers that stand in for those of carrier, field and passage and may be traced: those of ``flow`` and
    stick_tubule, detach_rate, release_rate, gelation_fraction, gelation_time).
    Returns: (State, Account) of JAX arrays.
    Raises: ParameterError for what cannot be.
    Assumptions: carriers do not feel each other below the densities at which they gel, jam or are packed; a plug stays; what cannot be
    packed closer stays in front; sticking and release go with the mean over the cross-section.
    Source: scharfetter1969, bank1985.
    """
    given = {"outside": outside, "duration": duration, "load": load, **changed}
    _check(passage, carrier, state, given | {"ph": ph, "saturation": saturation}, steps, changed)
    numbers = _numbers(given)
    problem = _problem(passage, carrier, field, _factors(carrier, ph, saturation), given, numbers is None)
    steps = steps or usual_steps(problem if numbers is not None else None)
    crowded = _may_crowd(problem, state) if numbers is not None else True
    found = _compiled(False)(problem, state, steps, crowded)
    if not crowded and _crowds(found[1], problem):
        found = _compiled(False)(problem, state, steps, True)
    return found[0], found[1]._replace(steps=steps)


def carry_many(
    passage: Passage,
    carrier: Carrier,
    field: Field,
    state: State,
    *,
    outside: Array | None,
    duration: Array,
    ph: Array = 7.0,
    saturation: Array = 0.0,
    load: Array = 1.0,
    steps: int | None = None,
    **changed: Array,
) -> tuple[State, Account]:
    """Return what :func:`carry` does for M members at once.

    Arguments: as of :func:`carry`; of everything that is no plain number the first axis is that of the members, so that ph is a scalar, (M,)
    or (M, N), and outflow a scalar, (M,) or (M, N + 1); state (of one passage, for all, or with M first).
    Returns: (State, Account), with M as their first axis.
    Raises: ParameterError as :func:`carry`, and when numbers of members differ.
    """
    jax = jax64()
    given = {"outside": outside, "duration": duration, "load": load, **changed}
    _check(passage, carrier, state, given | {"ph": ph, "saturation": saturation}, steps, changed)
    factors = _factors(carrier, ph, saturation)
    mapped = {name: value for name, value in {**given, **factors}.items() if np.ndim(value) > 0}
    counts = {name: np.shape(value)[0] for name, value in mapped.items()}
    if np.ndim(state.free) > 1:
        counts["state"] = np.shape(state.free)[0]
    if len(set(counts.values())) != 1:
        why = ", ".join(f"{name} {count}" for name, count in counts.items()) or "all are plain numbers"
        raise ParameterError("the members cannot be counted", why=why, fix="give arrays whose first axis is that of the members")
    (members,) = set(counts.values())

    def one(own: dict[str, Array]) -> Problem:
        here = {name: own.get(name, value) for name, value in given.items()}
        return _problem(passage, carrier, field, {name: own.get(name, value) for name, value in factors.items()}, here, True)

    problems = jax.vmap(one, axis_size=members)(mapped)
    if np.ndim(state.free) == 1:
        state = State(*(np.broadcast_to(value, (members, *np.shape(value))) for value in state))
    numbers = _numbers({**given, **mapped})
    steps = steps or usual_steps(problems if numbers is not None else None)
    crowded = _may_crowd(problems, state) if numbers is not None else True
    found = _compiled(True)(problems, state, steps, crowded)
    if not crowded and _crowds(found[1], problems):
        found = _compiled(True)(problems, state, steps, True)
    return found[0], found[1]._replace(steps=steps)


def imbalance(passage: Passage, state: State) -> tuple[float, float]:
    """Return by how much carriers and payload do not add up, as shares of what entered (or is there).

    Arguments: passage; state.
    """
    size = np.diff(passage.edges)
    carriers = [state.home, state.pulp, *((np.asarray(x) * size).sum() for x in (state.free, state.stuck, state.plug))]
    inside = (state.free_load, state.stuck_load, state.plug_load, state.released)
    loads = [state.home_load, state.pulp_load, *((np.asarray(x) * size).sum() for x in inside)]
    return tuple(
        float(abs(sum(parts) - came) / max(abs(came), sum(abs(x) for x in parts), 1e-300))
        for parts, came in ((carriers, state.entered), (loads, state.entered_load))
    )


def usual_steps(problem: Problem | None) -> int:
    """Return how many steps of time are enough: a power of two, so that few programs are compiled.

    Enough is that fronts, as wide as diffusion makes them, move by at most half their width in one of the last and longest steps, and that
    gelation takes a few of them where it can happen; where numbers are traced by JAX and not known, 256.
    """
    if problem is None:
        return TRACED
    duration = np.max(problem.duration)
    drift = np.abs(problem.pull + problem.swim + problem.fluid).max(-1)
    length = np.sum(problem.size, -1)
    moved = np.minimum(drift * np.max(problem.duration), length)
    passed = moved / np.maximum(drift, 1e-300)  # the time that a front is inside
    width = np.sqrt(2.0 * np.min(problem.spread, -1) * np.maximum(passed, 1e-12))
    fronts = np.max(2.0 * moved / width * 2.0 * duration / np.maximum(np.minimum(passed, duration), 1e-12))
    dense = np.max(problem.outside * problem.volume) > 0.01 * np.min(problem.gelation_fraction)
    gels = 4.0 * duration / np.min(problem.gelation_time) if dense else 0.0
    wanted = float(min(max(fronts, gels, FEWEST), MOST))
    return int(2 ** np.ceil(np.log2(wanted)))


def _numbers(given: dict[str, Array]) -> dict[str, np.ndarray] | None:
    """Return what is given as NumPy arrays, None when JAX traces any of it."""
    jax = jax64()
    if any(isinstance(value, jax.core.Tracer) for value in given.values()):
        return None
    return {name: np.asarray(value, float) for name, value in given.items() if value is not None}


def _factors(carrier: Carrier, ph: Array, saturation: Array) -> dict[str, Array]:
    """Return by what the fluid multiplies sticking and release."""
    slowed = np.clip(1.0 - np.asarray(saturation, float), 0.0, None)
    return {
        "sticks": carrier.changed(stick_tubule=1.0).sticking(0.0, ph, tubule=True),
        "releases": carrier.changed(release_rate=1.0).release(ph) * slowed,
    }


def _problem(
    passage: Passage, carrier: Carrier, field: Field, factors: dict[str, Array], given: dict[str, Array], traced: bool
) -> Problem:
    math = jax64().numpy if traced else np
    get = {name: getattr(carrier, name) for name in OF_CARRIER} | given
    moving = flow(passage, carrier, field, math=math, **{name: given[name] for name in OF_FLOW if name in given})
    diameter = given.get("diameter", carrier.diameter)
    middle = 0.5 * (passage.edges[:-1] + passage.edges[1:])
    width = 0.5 * (passage.width[:-1] + passage.width[1:])
    ends, middles = passage.area(passage.width), passage.area(width)
    one = math.ones(len(width))
    value = load_set("nano/scene").value
    wall = 4.0 / width  # perimeter over area, 0 in the open
    return Problem(
        size=np.diff(passage.edges),
        gap=np.diff(np.concatenate([passage.edges[:1], middle, passage.edges[-1:]])),
        pull=moving.parts["pull"] + moving.parts["gravity"],
        swim=moving.parts["propulsion"] + moving.parts["diffusiophoresis"],
        fluid=moving.parts["outflow"],
        spread=moving.diffusivity,
        reach=moving.reach,
        reach_cells=moving.reach_cells,
        ratio=diameter / passage.width,
        ratio_cells=diameter / width,
        area=(ends[:-1] + 4.0 * middles + ends[1:]) / 6.0,
        mouth=0.0 if given["outside"] is None else 1.0,
        pulp=1.0 if passage.far == "pulp" else 0.0,
        outside=0.0 if given["outside"] is None else given["outside"] + 0.0,
        outside_load=given["load"] + 0.0,
        volume=np.pi / 6.0 * diameter**3,
        diameter=diameter,
        close=value("packing.close"),
        jam_ratio=value("packing.jam_ratio"),
        jam_fraction=value("packing.jam_fraction"),
        stick=get["stick_tubule"] * factors["sticks"] * wall * one,
        detach=get["detach_rate"] + 0.0,
        release=get["release_rate"] * factors["releases"] * one,
        gelation_fraction=get["gelation_fraction"] + 0.0,
        gelation_time=get["gelation_time"] + 0.0,
        duration=given["duration"] + 0.0,
    )


def _may_crowd(problem: Problem, state: State) -> bool:
    """Return whether so many carriers can come that, all in the smallest cell, they would gel, jam or be packed."""
    drift = np.abs(problem.pull + problem.swim + problem.fluid).max(-1)
    duration = problem.duration
    comes = drift * duration + 2.0 * np.sqrt(np.max(problem.spread, -1) * np.maximum(duration, 0.0))
    most = problem.outside * np.max(problem.reach, -1) * comes
    most = most + ((np.abs(state.free) + state.stuck + state.plug) * problem.size).sum(-1)
    smallest = np.min(np.asarray(problem.area) * np.asarray(problem.size), -1)
    return bool(np.max(SAFE * most * problem.volume / smallest / _first_threshold(problem)) > 1.0)


def _first_threshold(problem: Problem) -> np.ndarray:
    return np.minimum(np.minimum(problem.gelation_fraction, problem.jam_fraction), problem.close)


def _crowds(account: Account, problem: Problem) -> bool:
    return bool(np.any(np.asarray(account.peak_fraction) > np.asarray(_first_threshold(problem))))


@cache
def _compiled(many: bool) -> Callable[[Problem, State, int, bool], tuple[State, Account]]:
    """Return the program, compiled once per shape, number of steps and whether it is crowded."""
    jax = jax64()

    def program(problem: Problem, state: State, steps: int, crowded: bool) -> tuple[State, Account]:
        problem = Problem(*(jax.numpy.asarray(value, float) for value in problem))
        state = State(*(jax.numpy.asarray(value, float) for value in state))
        if not many:
            return _run(problem, state, steps, crowded)
        return jax.vmap(lambda p, s: _run(p, s, steps, crowded))(problem, state)

    return jax.jit(program, static_argnums=(2, 3))


def _run(problem: Problem, state: State, steps: int, crowded: bool) -> tuple[State, Account]:
    jax = jax64()
    jnp = jax.numpy
    marks = jnp.linspace(0.0, 1.0, steps + 1) ** 2  # short steps first, when a bath or a field is new
    zero = jnp.zeros(())

    def advance(held: tuple, share: Array) -> tuple[tuple, None]:
        content, sums, peaks = held
        content, through = step(problem, content, share * problem.duration, crowded)
        mouth, mouth_load, far, far_load = through
        gained = (
            jnp.maximum(mouth, 0.0),
            jnp.maximum(mouth_load, 0.0),
            jnp.maximum(-mouth, 0.0),
            jnp.maximum(-mouth_load, 0.0),
            far,
            far_load,
        )
        all_of_them = content.free + content.stuck + content.plug
        density = (all_of_them / problem.area).max()
        lowest = (content.free / problem.area).min()
        peaks = (jnp.maximum(peaks[0], density), jnp.minimum(peaks[1], lowest))
        return (content, tuple(a + b for a, b in zip(sums, gained, strict=True)), peaks), None

    before = Content(*state[:7])
    start = ((before.free + before.stuck + before.plug) / problem.area).max()
    held = (before, (zero,) * 6, (start, zero))
    (content, sums, (peak, lowest)), _ = jax.lax.scan(advance, held, jnp.diff(marks))
    entered, entered_load, home, home_load, pulp, pulp_load = sums
    account = Account(
        entered=entered,
        left_by_mouth=home,
        to_pulp=pulp,
        payload_entered=entered_load,
        payload_left_by_mouth=home_load,
        payload_to_pulp=pulp_load,
        payload_released=(content.released - before.released) * problem.size,
        peak_density=peak,
        peak_fraction=peak * problem.volume,
        lowest=jnp.where(peak > 0.0, lowest / jnp.where(peak > 0.0, peak, 1.0), 0.0),
        steps=zero,
    )
    after = State(*content, *(old + new for old, new in zip(state[7:], sums, strict=True)))
    return after, account


def _check(
    passage: Passage, carrier: Carrier, state: State, given: dict[str, Any], steps: int | None, changed: dict[str, Array]
) -> None:
    """Refuse what cannot be, in a sentence."""
    cells = len(passage.edges) - 1
    known = (*OF_FLOW, *OF_CARRIER)
    for name in changed:
        if name not in known:
            raise ParameterError(f"'{name}' is nothing that carry can change", where=carrier.name, fix=nearest(name, known))
    if np.shape(state.free)[-1:] != (cells,):
        raise ParameterError(
            f"the state has {np.shape(state.free)[-1:]} cells and the passage {cells}", fix="use State.empty(passage)"
        )
    if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool) or steps < 1):
        raise ParameterError(
            f"{steps} steps of time are out of range", why="at least 1; no number of them is unstable, because they are implicit"
        )
    diameter = changed.get("diameter", carrier.diameter)
    close = load_set("nano/scene").value("packing.close")
    bounds = {  # name: (value, least, most, unit, why)
        "duration": (given["duration"], 0.0, np.inf, "s", "time goes forwards"),
        "outside": (given["outside"], 0.0, np.inf, "1/m3", "a number of carriers"),
        "load": (given["load"], 0.0, 1.0, "", "the share of a full load"),
        "ph": (given["ph"], 0.0, 14.0, "", "pH of water"),
        "saturation": (given["saturation"], 0.0, np.inf, "", "0 in water, 1 where the payload no longer dissolves"),
        **{name: (changed.get(name), 0.0, np.inf, "", "a rate, a speed or a share") for name in OF_CARRIER},
        "gelation_time": (changed.get("gelation_time"), 1e-6, np.inf, "s", "plugging takes time"),
        "gelation_fraction": (changed.get("gelation_fraction"), 1e-6, np.inf, "", "some carriers are everywhere"),
        "diameter": (
            changed.get("diameter"),
            1e-10,
            float(np.min(passage.width)) * (1.0 - 1e-9),
            "m",
            "it has to fit into the passage",
        ),
    }
    for name, (value, least, most, unit, why) in bounds.items():
        if value is None or isinstance(value, jax64().core.Tracer):
            continue
        found = np.asarray(value, float).ravel()
        bad = found[~((found >= least) & (found <= most) & np.isfinite(found))]
        if bad.size:
            raise ParameterError(
                f"{name} = {bad[0]:g} {unit}".rstrip() + " is out of range",
                where=carrier.name,
                why=f"{why}, from {least:g} to {most:g}",
            )
    if given["outside"] is not None and not any(isinstance(x, jax64().core.Tracer) for x in (given["outside"], diameter)):
        filled = np.max(np.asarray(given["outside"]) * np.pi / 6.0 * np.asarray(diameter) ** 3)
        if filled > close * (1.0 + 1e-9):
            raise ParameterError(
                f"a bath of {np.max(given['outside']):.3g} carriers per m3 cannot be",
                where=carrier.name,
                why=f"they would fill {filled:.3g} of it, and packed at random they fill {close:g}",
                fix=f"give at most {close / (np.pi / 6.0 * np.max(diameter) ** 3):.3g} per m3",
            )
