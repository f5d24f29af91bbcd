"""Tier T0: the density of carriers along one passage, in time, with what they carry, and a ledger that closes.

The payload of a carrier goes down in proportion to what it has, so that density times mean payload obeys an equation of its own: the
moment is exact.  All of it is JAX in double precision, and has derivatives in everything but the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from amelo.errors import ParameterError
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.flux import Content, exchange, transport
from amelo.therapy.nano.passage import Passage
from amelo.therapy.nano.problem import DILUTE, Problem, check, fluid_factors, may_crowd, problem_of, usual_steps
from amelo.twin.precision import jax64

__all__ = ["Account", "State", "carry", "carry_many", "imbalance"]

Array = Any
NOTHING = 1e-250  # carriers: where floats run out of digits


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
    check(passage, carrier, state, given | {"ph": ph, "saturation": saturation}, steps, changed, False)
    traced = _traced(state, given | {"saturation": saturation})
    problem = problem_of(passage, carrier, field, fluid_factors(carrier, ph, saturation), given, traced)
    return _solved(problem, state, steps, traced, False)


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
    check(passage, carrier, state, given | {"ph": ph, "saturation": saturation}, steps, changed, True)
    factors = fluid_factors(carrier, ph, saturation)
    mapped = {name: jax.numpy.asarray(value, float) for name, value in {**given, **factors}.items() if np.ndim(value) > 0}
    counts = {name: np.shape(value)[0] for name, value in mapped.items()}
    if np.ndim(state.free) > 1:
        counts["state"] = np.shape(state.free)[0]
    if len(set(counts.values())) != 1:
        why = ", ".join(f"{name} {count}" for name, count in counts.items()) or "all are plain numbers"
        raise ParameterError("the members cannot be counted", why=why, fix="give arrays whose first axis is that of the members")
    (members,) = set(counts.values())

    def one(own: dict[str, Array]) -> Problem:
        here = {name: own.get(name, value) for name, value in given.items()}
        return problem_of(passage, carrier, field, {name: own.get(name, value) for name, value in factors.items()}, here, True)

    problems = jax.vmap(one, axis_size=members)(mapped)
    if np.ndim(state.free) == 1:
        state = State(*(np.broadcast_to(value, (members, *np.shape(value))) for value in state))
    traced = _traced(state, given | {"saturation": saturation})
    return _solved(problems, state, steps, traced, True)


def imbalance(passage: Passage, state: State) -> tuple[float, float]:
    """Return by how much carriers and payload do not add up, as shares of what entered (or is there), of which less than 1e-250 is nothing.

    Arguments: passage; state.
    """
    size = np.diff(passage.edges)
    carriers = [state.home, state.pulp, *((np.asarray(x) * size).sum() for x in (state.free, state.stuck, state.plug))]
    inside = (state.free_load, state.stuck_load, state.plug_load, state.released)
    loads = [state.home_load, state.pulp_load, *((np.asarray(x) * size).sum() for x in inside)]
    return tuple(
        float(abs(sum(parts) - came) / max(abs(came), sum(abs(x) for x in parts), NOTHING))
        for parts, came in ((carriers, state.entered), (loads, state.entered_load))
    )


def _traced(state: State, given: dict[str, Array]) -> bool:
    """Return whether JAX traces any of it, so that no number can be looked at."""
    return any(isinstance(value, jax64().core.Tracer) for value in (*state, *given.values()))


def _solved(problem: Problem, state: State, steps: int | None, traced: bool, many: bool) -> tuple[State, Account]:
    """Return what a run gives, done again with crowding where it was guessed that there is none and there is."""
    steps = steps or usual_steps(None if traced else problem)
    crowded = traced or may_crowd(problem, state)
    after, account = _compiled(many)(problem, state, steps, crowded)
    if not crowded and np.any(np.asarray(account.peak_fraction) > DILUTE):
        after, account = _compiled(many)(problem, state, steps, True)
    return after, account._replace(steps=steps)


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

    def advance(held: tuple, times: tuple[Array, Array]) -> tuple[tuple, None]:
        content, sums, peaks = held
        content, (mouth, mouth_load, far, far_load) = transport(problem, content, times[0], crowded)
        content = exchange(problem, content, times[1], crowded)
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
    times = jnp.diff(marks) * problem.duration
    between = 0.5 * (times + jnp.append(times[1:], 0.0))  # half of this step and half of the next
    content = exchange(problem, before, 0.5 * times[0], crowded)
    (content, sums, (peak, lowest)), _ = jax.lax.scan(advance, (content, (zero,) * 6, (start, zero)), (times, between))
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
