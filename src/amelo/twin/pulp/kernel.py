"""The compiled loop over an ensemble of pulps: classical Runge-Kutta steps of fourth order, many members in step.

The text of the equations is put before the loop and compiled once; its machine code is kept in the cache folder.  Members lie side by side
in blocks of ``WIDTH``, so that one instruction serves several; all that a block needs
stands in one flat array, because the compiler must see that rows do not overlap.
"""

from __future__ import annotations

import inspect
from functools import cache

from amelo.twin.compiled import CompiledModule, module_of
from amelo.twin.pulp.equations import FORCES, NAMES, STATES, perfusion, pressure, rates

__all__ = ["ROWS", "WIDTH", "kernel"]

WIDTH = 32  # members of a block

ROWS = """
@numba.njit(inline="always", error_model="numpy")
def _put(w, row, values):
    for i in range(values.shape[0]):
        for j in range({width}):
            w[(row + i) * {width} + j] = values[i, j]


@numba.njit(inline="always", error_model="numpy")
def _take(w, row, values):
    for i in range(values.shape[0]):
        for j in range({width}):
            values[i, j] = w[(row + i) * {width} + j]

"""  # how rows of a block come into its array and out again

LOOP = (
    ROWS
    + """
@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={{"contract", "arcp", "nsz"}})
def march(first, last, constants, forces, liners, lengths, counts, collapse, frames, worst, moment, most):
    '''Carry blocks first..last through all segments; see twin/pulp/course.py for the arrays.'''
    w = np.empty({rows} * {width})
    for block in range(first, last):
        _put(w, 0, constants[block])
        _put(w, {states}, frames[block, 0])
        _put(w, {mark}, collapse[block : block + 1])
        _put(w, {worst}, worst[block : block + 1])
        _put(w, {moment}, moment[block : block + 1])
        clock = 0.0
        for segment in range(len(lengths)):
            _put(w, {forces}, forces[block, segment])
            for j in range({width}):
                w[{liner} * {width} + j] += liners[block, segment, j]
            step = lengths[segment] / counts[segment]
            half = 0.5 * step
            sixth = step / 6.0
            for index in range(counts[segment]):
                clock_then = clock + (index + 1) * step
                for j in range({width}):
                    q = ({p})
                    f = ({u})
                    {y} = {now}
                    {a} = rates(({y}), f, q)
                    {b} = rates(({y_half_a}), f, q)
                    {c} = rates(({y_half_b}), f, q)
                    {d} = rates(({y_c}), f, q)
                    {store}
                    top = w[{worst} * {width} + j]
                    when = w[{moment} * {width} + j]
                    w[{worst} * {width} + j] = n2 if n2 > top else top
                    w[{moment} * {width} + j] = clock_then if (n2 > w[{mark} * {width} + j]) & (when < 0.0) else when
            clock += lengths[segment]
            _take(w, {states}, frames[block, min(segment + 1, frames.shape[1] - 1)])
            for j in range({width}):
                most[block, j] = max(most[block, j], w[{inflammation} * {width} + j])
        _take(w, {worst}, worst[block : block + 1])
        _take(w, {moment}, moment[block : block + 1])
"""
)


def _loop() -> str:
    """Return the text of the loop with its short sums written out."""
    n = range(len(STATES))

    def names(letter: str) -> str:
        return ", ".join(f"{letter}{i}" for i in n)

    def moved(letter: str, by: str) -> str:
        return ", ".join(f"y{i} + {by} * {letter}{i}" for i in n)

    forces = len(NAMES)
    states = forces + len(FORCES)
    mark = states + len(STATES)

    def rows(begin: int, end: int) -> str:
        return ", ".join(f"w[{row * WIDTH} + j]" for row in range(begin, end))

    moved_on = [f"n{i} = y{i} + sixth * (a{i} + 2.0 * (b{i} + c{i}) + d{i})" for i in n]
    return LOOP.format(
        width=WIDTH,
        rows=mark + 3,
        forces=forces,
        states=states,
        liner=states + STATES.index("liner"),
        inflammation=states + STATES.index("inflammation"),
        mark=mark,
        worst=mark + 1,
        moment=mark + 2,
        p=rows(0, forces),
        u=rows(forces, states),
        now=rows(states, mark),
        y=names("y"),
        a=names("a"),
        b=names("b"),
        c=names("c"),
        d=names("d"),
        y_half_a=moved("a", "half"),
        y_half_b=moved("b", "half"),
        y_c=moved("c", "step"),
        store=f"\n{' ' * 20}".join([*moved_on, *(f"w[{(states + i) * WIDTH} + j] = n{i}" for i in n)]),
    )


@cache
def kernel() -> CompiledModule:
    """Return the module with the compiled ``march``."""
    decorator = '@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})\n'
    head = (
        '"""Written by amelo from the equations of a pulp."""\n\nfrom typing import Any\n\nimport numba\nimport numpy as np\n\n\n'
    )
    functions = [decorator + inspect.getsource(function) + "\n" for function in (pressure, perfusion, rates)]
    return module_of(head + "".join(functions) + _loop(), "pulp")
