"""The compiled core: the equations recorded as text, run by Numba on sixteen fluids at a time.

The text depends on nothing but the reaction table, so it is written once per table into amelo's cache folder, where Numba keeps
the machine code beside it.  Everything a tile of fluids needs lies in one flat array, field by field and lane by lane: with a
single array the compiler can prove that lanes do not disturb each other and puts them into vector registers.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.twin.chemistry.equations import TOLERANCE, balances, judge, layout, newton_step, present, start, update
from amelo.twin.chemistry.recorder import Recorded, Recorder
from amelo.twin.chemistry.table import ReactionTable
from amelo.twin.compiled import CompiledModule, module_of

__all__ = ["kernel_text", "solve_compiled"]

LANES = 16
INPUTS = ("hydrogen", "closing_charge", "held", "gas", "closing")  # per fluid, beside the totals


def solve_compiled(
    table: ReactionTable, totals: np.ndarray, inputs: tuple[np.ndarray, ...], *, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Solve a batch of at least sixteen fluids with the compiled kernel on one core.

    Arguments: table; totals (fluids, components) [mol/kgw]; inputs (one array (fluids,) each, in the order of ``INPUTS``); iterations (limit).
    Returns: activities of the master species, then ionic strength, activity of water, charge and status, (components + 4,
    fluids), not-a-number where the status is not usable; and the iterations used (fluids,).
    """
    results = np.empty((len(table.components) + 4, len(totals)))
    used = np.empty(len(totals), np.int64)
    _compiled(table).drive(totals, *inputs, results, used, iterations)
    return results, used


@cache
def _compiled(table: ReactionTable) -> CompiledModule:
    """Return the compiled module of a table."""
    return module_of(kernel_text(table), "kernel")


class _Tile:
    """The rows of the flat array, and the three pieces of straight-line text that work on it."""

    def __init__(self, table: ReactionTable) -> None:
        self.table, self.shape = table, layout(table)
        self.centres = [f"centre{i}" for i in range(len(self.shape.centres))]
        self.totals = [f"total{c}" for c in range(len(table.components))]
        self.outputs = [f"activity{c}" for c in range(len(table.components))] + ["strength", "water", "charge", "status"]
        names = [*self.totals, *INPUTS, *self.centres, "refused", "error", *self.outputs]
        self.at = {name: row * LANES for row, name in enumerate(names)}

    def _load(self, r: Recorder, name: str) -> Recorded:
        return r.value(f"w[l + {self.at[name]}]")

    def _store(self, r: Recorder, **numbers: Recorded | float) -> None:
        for name, number in numbers.items():
            r.store(f"w[l + {self.at[name]}]", number)

    def prepare(self) -> list[str]:
        """First guess from the totals."""
        r = Recorder()
        given = {c: self._load(r, name) for c, name in enumerate(self.totals)}
        totals, centres, strength, refused = start(self.shape, given, self._load(r, "closing"), self._load(r, "hydrogen"), r)
        self._store(r, **{self.totals[c]: amount for c, amount in totals.items()})
        self._store(r, **dict(zip(self.centres, centres, strict=True)), strength=strength, water=1.0, refused=refused)
        return r.lines

    def evaluate(self, *, last: bool) -> list[str]:
        """One Newton step; or, at the end, the reading of the results."""
        r = Recorder()
        hydrogen, closing_charge = self._load(r, "hydrogen"), self._load(r, "closing_charge")
        power = {0: r.value("1.0"), 1: hydrogen, -1: 1.0 / hydrogen}
        for n in range(2, 1 + max(abs(s.hydrogen) for s in self.table.species)):
            power[n], power[-n] = power[n - 1] * hydrogen, power[1 - n] * power[-1]
        formation = {i: power[s.hydrogen] * 10.0**s.log_k for i, s in enumerate(self.table.species)}
        totals = {c: self._load(r, name) for c, name in enumerate(self.totals)}
        centres, strength = [self._load(r, name) for name in self.centres], self._load(r, "strength")
        held = self._load(r, "held"), self._load(r, "gas")
        b = balances(self.shape, formation, totals, closing_charge, held, (centres, strength, self._load(r, "water")), r)
        if last:
            error, refused = self._load(r, "error"), self._load(r, "refused")
            water = self._load(r, "water"), b.water_activity
            status = judge(self.shape, strength, water, b.charge, closing_charge, error, refused, r)
            there = present(self.shape, totals, held[0], b.activity, r)
            results = {f"activity{c}": value for c, value in there.items()}
            results |= {"strength": strength, "water": b.water_activity, "charge": b.charge}
            r.lines.append("nan = np.nan")
            for name, value in results.items():
                self._store(r, **{name: r.value(f"{value.name} if {status.name} < 1.5 else nan")})
            self._store(r, status=status)
        else:
            changed, strength, error = update(centres, strength, newton_step(b), r)
            self._store(r, **dict(zip(self.centres, changed, strict=True)), strength=strength, water=b.water_activity, error=error)
        return r.lines


def kernel_text(table: ReactionTable) -> str:
    """Return the Python text of the kernel module of a reaction table."""
    tile = _Tile(table)
    pieces = {"prepare": tile.prepare(), "step": tile.evaluate(last=False), "finish": tile.evaluate(last=True)}
    functions = "\n\n\n".join(
        f"@njit(cache=True, error_model='numpy', fastmath={{'contract', 'nsz', 'reassoc'}})\ndef {name}(w):\n"
        f"    for l in range(uint64(0), uint64({LANES})):\n        " + "\n        ".join(lines)
        for name, lines in pieces.items()
    )
    at, n = tile.at, len(tile.totals)
    inputs = "\n".join(f"            w[{at[name]} + l] = {name}[first + l]" for name in INPUTS)
    return f'''"""Written by amelo from the reaction table {table.constants.name} {table.constants.version}; do not edit."""

from math import sqrt

import numpy as np
from numba import njit, uint64


{functions}


@njit(cache=True, error_model="numpy")
def drive(totals, {", ".join(INPUTS)}, results, used, limit):
    count = used.shape[0]
    w = np.zeros({len(at) * LANES})
    for tile in range((count + {LANES - 1}) // {LANES}):
        first = min(tile * {LANES}, count - {LANES})  # the last tile overlaps the one before, so that every tile is full
        for l in range({LANES}):
            for c in range({n}):
                w[c * {LANES} + l] = totals[first + l, c]
        for l in range({LANES}):
{inputs}
        prepare(w)
        rounds = 0
        worst = 1.0
        while rounds < limit and worst > {TOLERANCE**2!r}:
            step(w)
            rounds += 1
            worst = 0.0
            for l in range({LANES}):
                worst = max(worst, w[{at["error"]} + l])
        finish(w)
        for k in range({len(tile.outputs)}):
            for l in range({LANES}):
                results[k, first + l] = w[{at[tile.outputs[0]]} + k * {LANES} + l]
        for l in range({LANES}):
            used[first + l] = rounds
'''
