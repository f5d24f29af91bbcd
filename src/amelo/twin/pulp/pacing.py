"""The compiled loop that gives every pulp steps of its own: short after a change, long in quiet times.

Members lie side by side as in ``kernel``, and each goes as far in a step as its own error allows, so that none feels its neighbours; one that is
at the end of a span waits there for the others of its block.  The first step of a span is tried as long as may be, so that a span depends on
nothing but its start.
"""

from __future__ import annotations

import inspect
from functools import cache

from amelo.twin.compiled import CompiledModule, module_of
from amelo.twin.pulp.equations import FORCES, NAMES, STATES, perfusion, pressure, rates
from amelo.twin.pulp.implicit import ORDER, factored, slopes, solved, step_text
from amelo.twin.pulp.kernel import ROWS

__all__ = ["LANES", "LONGEST", "SCALES", "pacer"]

LANES = 16  # members of a block
LONGEST = 96.0  # h: longer steps are not tried
SHORTEST = 1e-6  # h: shorter ones are gone whatever their error
SCALES = (0.1, 0.1, 0.5, 0.2, 0.1)  # of states in the order of ``STATES``, below which an error no longer counts in proportion
SAFETY, LEAST, MOST = 0.9, 0.15, 8.0  # of what the error allows; by how much a step is changed at once

LOOP = (
    ROWS
    + """
@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={{"contract", "arcp", "nsz"}})
def march(first, last, constants, forces, liners, lengths, tolerance, collapse, frames, worst, moment, most):
    '''Carry blocks first..last through all segments; see twin/pulp/course.py for the arrays.  Return how many steps were tried.'''
    w = np.empty({rows} * {width})
    tried = 0
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
            length = lengths[segment]
            for j in range({width}):
                w[{left} * {width} + j] = length
                w[{step} * {width} + j] = min(length, {longest})
            going = 1
            while going > 0:
                going = 0
                tried += 1
                for j in range({width}):
                    q = ({p})
                    f = ({u})
                    {y} = {now}
                    left = w[{left} * {width} + j]
                    h = w[{step} * {width} + j]
                    ({n}), ({e}), rising, falling = advanced(({y}), f, q, h)
                    {positive}
                    error = 0.0
                    {errors}
                    error = error / (tolerance * tolerance)
                    kept = (error <= 1.0) | (h <= {shortest})
                    kept = kept & (left > 0.0)
                    {store}
                    peak = rising / (rising - falling + {tiny})
                    inside = (rising > 0.0) & (falling < 0.0)
                    peak = peak if inside else 1.0
                    rest = 1.0 - peak
                    top = y2 * (1.0 + 2.0 * peak) * rest * rest + n2 * peak * peak * (3.0 - 2.0 * peak)
                    top = top + h * peak * rest * (rest * rising - peak * falling)
                    top = top if inside & (top > n2) else n2
                    passed = (w[{mark} * {width} + j] - y2) / (n2 - y2 + {tiny})
                    passed = passed if n2 > w[{mark} * {width} + j] else peak
                    passed = min(max(passed, 0.0), 1.0)
                    before = w[{worst} * {width} + j]
                    when = w[{moment} * {width} + j]
                    w[{worst} * {width} + j] = top if kept & (top > before) else before
                    first_time = kept & (top > w[{mark} * {width} + j]) & (when < 0.0)
                    w[{moment} * {width} + j] = clock + (length - left) + passed * h if first_time else when
                    left = left - h if kept else left
                    left = left if (left > 1e-12 * length) & (error == error) | ~kept else 0.0
                    change = {safety} / {root}
                    change = min(max(change, {least}), {most})
                    change = change if error == error else {least}
                    h = min(h * change, {longest})
                    h = left if h >= left else (0.5 * left if 2.0 * h > left else h)
                    w[{step} * {width} + j] = h if left > 0.0 else 1.0
                    w[{left} * {width} + j] = left
                    going += 1 if left > 0.0 else 0
            clock += length
            _take(w, {states}, frames[block, min(segment + 1, frames.shape[1] - 1)])
            for j in range({width}):
                most[block, j] = max(most[block, j], w[{inflammation} * {width} + j])
        _take(w, {worst}, worst[block : block + 1])
        _take(w, {moment}, moment[block : block + 1])
    return tried
"""
)


def _loop() -> str:
    """Return the text of the loop with its short sums written out."""
    n = range(len(STATES))
    states = len(NAMES) + len(FORCES)
    mark = states + len(STATES)
    indent = f"\n{' ' * 20}"

    def names(letter: str) -> str:
        return ", ".join(f"{letter}{i}" for i in n)

    def rows(begin: int, end: int) -> str:
        return ", ".join(f"w[{row * LANES} + j]" for row in range(begin, end))

    parts = [f"part = e{i} / ({SCALES[i]} + max(abs(y{i}), abs(n{i})))" for i in n]
    errors = [
        text for part in parts for text in (part, "error = error + part * part")
    ]  # a sum, in which what is no number stays none
    return LOOP.format(
        width=LANES, rows=mark + 5, forces=len(NAMES), states=states, liner=states + STATES.index("liner"),
        inflammation=states + STATES.index("inflammation"), mark=mark, worst=mark + 1,
        moment=mark + 2, left=mark + 3, step=mark + 4, longest=LONGEST, shortest=SHORTEST, safety=SAFETY, least=LEAST, most=MOST, tiny=1e-300,
        root="np.sqrt(np.sqrt(np.sqrt(max(error, 1e-16))))", p=rows(0, len(NAMES)), u=rows(len(NAMES), states), now=rows(states, mark), y=names("y"),
        n=names("n"), e=names("e"), positive=indent.join(f"n{i} = n{i} if n{i} > 0.0 else 0.0 * n{i}" for i in n), errors=indent.join(errors),
        store=indent.join(f"w[{(states + i) * LANES} + j] = n{i} if kept else y{i}" for i in n),
    )  # fmt: skip


@cache
def pacer() -> CompiledModule:
    """Return the module with the compiled ``march``."""
    assert ORDER == 4  # the root of the error is the fourth
    decorator = '@numba.njit(inline="always", error_model="numpy")\n'  # the loop is in step only when everything stands in it
    head = (
        '"""Written by amelo from the equations of a pulp."""\n\nfrom typing import Any\n\nimport numba\nimport numpy as np\n\n\n'
    )
    texts = [inspect.getsource(function) for function in (pressure, perfusion, rates, slopes, factored, solved)]
    return module_of(head + "".join(decorator + text + "\n" for text in [*texts, step_text()]) + _loop(), "paced")
