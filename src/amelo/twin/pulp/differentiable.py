"""The course of a pulp as a JAX function, for derivatives with respect to constants, start and everything that acts.

The same text of equations under the same steps as the compiled loop, so that both agree to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from amelo.twin.precision import jax64
from amelo.twin.pulp.course import STEP, Segment, steps_of
from amelo.twin.pulp.equations import STATES, rates

__all__ = ["course_function"]


def course_function(durations: Sequence[float], *, step: float = STEP) -> Callable[..., Any]:
    """Return a JAX function of one pulp over segments of given durations [s].

    Arguments: durations; step [s], the longest.
    Returns: ``f(constants, start, forces, liners)`` with constants (K,) in the order of ``NAMES``, start (5,), forces (S, 5) in the order
    of ``FORCES`` and per hour as ``forces_of`` gives them, and liners (S,); it returns the states (S + 1, 5) at the ends of segments.
    ``jax.vmap``, ``jax.grad`` and ``jax.jacobian`` apply.
    Raises: ParameterError for durations or a step that are not above 0.
    """
    jax = jax64()
    jnp = jax.numpy
    lengths, counts = steps_of([Segment(float(d)) for d in durations], step)
    liner = STATES.index("liner")

    def one_step(state: Any, force: Any, constants: Any, h: float) -> Any:
        def slope(y: Any) -> Any:
            return jnp.stack(rates(tuple(y), tuple(force), constants))

        a = slope(state)
        b = slope(state + 0.5 * h * a)
        c = slope(state + 0.5 * h * b)
        d = slope(state + h * c)
        return state + h / 6.0 * (a + 2.0 * (b + c) + d)

    def course(constants: Any, start: Any, forces: Any, liners: Any) -> Any:
        state = jnp.asarray(start, float)
        frames = [state]
        for number, (length, count) in enumerate(zip(lengths, counts, strict=True)):
            state = state.at[liner].add(liners[number])
            h, force = float(length / count), jnp.asarray(forces)[number]
            state, _ = jax.lax.scan(lambda y, _, h=h, u=force: (one_step(y, u, constants, h), None), state, None, length=int(count))
            frames.append(state)
        return jnp.stack(frames)

    return course
