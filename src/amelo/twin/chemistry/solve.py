"""Speciation of fluids: from totals and pH to activities, with a status for each.

A batch never raises for one bad fluid: its status says what happened and its numbers are not-a-number;
:meth:`Speciation.raise_if_bad` turns that into an error at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from amelo.errors import ParameterError, SolveError, nearest
from amelo.twin.chemistry.equations import TOLERANCE, balances, judge, layout, newton_step, present, start, update
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable, Species

__all__ = ["Speciation", "log_gamma", "saturation_matrix", "speciate"]

LANES = 16  # fluids in a tile of the compiled kernel
COMPILED_FROM = 4096  # fluids; below this NumPy has answered before a compiled kernel is loaded
ITERATIONS = 60
BLOCK = 2048  # columns of a matrix product that stay in cache and, being few, on one core
LN10 = np.log(10.0)


@dataclass(frozen=True, eq=False)
class Speciation:
    """A solved batch of fluids.

    Fields: table; given (fluids, components) totals [mol/kgw] as they came; ph (fluids,); closing (fluids,) index of the ion that
    closes the charge, -1 for none; held (fluids,) whether a gas holds the carbonate; results (components + 3, fluids) activities
    of master species, ionic strength, activity of water, charge; status and iterations (fluids,).
    """

    table: ReactionTable
    given: np.ndarray
    ph: np.ndarray
    closing: np.ndarray
    held: np.ndarray
    results: np.ndarray
    status: np.ndarray
    iterations: np.ndarray

    @property
    def ionic_strength(self) -> np.ndarray:
        """Ionic strength (fluids,) [mol/kgw]."""
        return self.results[-3]

    @property
    def water_activity(self) -> np.ndarray:
        """Activity of water (fluids,)."""
        return self.results[-2]

    @cached_property
    def charge(self) -> np.ndarray:
        """Charge left over (fluids,) [eq/kgw]; zero where an ion closes the balance."""
        return np.where(self.closing >= 0, 0.0, self.results[-1])

    @cached_property
    def totals(self) -> np.ndarray:
        """Totals (fluids, components) [mol/kgw], with the closing ion and a gas-held carbonate filled in."""
        totals = np.array(self.given)
        rows = np.flatnonzero(self.closing >= 0)
        totals[rows, self.closing[rows]] = _closing_amount(self.table, self.closing, self.results[-1])[rows]
        rows = np.flatnonzero(self.held)
        if rows.size:
            carbonate = [(s.components["C(4)"], s.name) for s in self.table.species_of("C(4)")]
            totals[rows, self.table.names.index("C(4)")] = sum(n * self.concentration(name)[rows] for n, name in carbonate)
        return totals

    def species(self, name: str) -> Species:
        """Return a species of the table, or say which name is nearest."""
        for s in self.table.species:
            if s.name == name:
                return s
        raise ParameterError(f"'{name}' is not a species", fix=nearest(name, [s.name for s in self.table.species]))

    def log_activity(self, name: str) -> np.ndarray:
        """Return log10 activity (fluids,) of a species or H2O, -inf where a component of it is absent."""
        if name == "H2O":
            return np.log10(self.water_activity)
        s = self.species(name)
        result = s.log_k - s.hydrogen * self.ph + s.water * np.log10(self.water_activity)
        for component, n in s.components.items():
            result = result + n * self._log_master(component)
        return result

    def concentration(self, name: str) -> np.ndarray:
        """Return the concentration (fluids,) of a species [mol/kgw]."""
        return 10.0 ** (self.log_activity(name) - log_gamma(self.table, self.species(name).charge, self.ionic_strength))

    def _log_master(self, component: str) -> np.ndarray:
        c = self.table.names.index(component)
        activity, mine = self.results[c], self.closing == c
        if mine.any():
            charge = self.table.components[c].charge
            amount = _closing_amount(self.table, self.closing, self.results[-1])
            activity = np.where(mine, amount * 10.0 ** log_gamma(self.table, charge, self.ionic_strength), activity)
        with np.errstate(divide="ignore"):
            return np.log10(activity)

    @cached_property
    def saturation_index(self) -> np.ndarray:
        """log10(IAP/Ksp) of every solid of the table, (fluids, solids); -inf where an ion of the solid is absent."""
        used, matrix = saturation_matrix(self.table)
        logs = np.empty((len(used) + 3, len(self.ph)))
        absent = {}
        with np.errstate(divide="ignore"):
            for row, c in enumerate(used):
                np.log(self.results[c], out=logs[row])
                missing = np.isneginf(logs[row])
                if missing.any():
                    absent[row] = missing
                    logs[row, missing] = 0.0
        np.log(self.water_activity, out=logs[-3])
        logs[-2] = self.ph
        logs[-1] = 1.0
        index = np.empty((len(matrix), len(self.ph)))
        for first in range(0, len(self.ph), BLOCK):
            block = slice(first, first + BLOCK)
            np.matmul(matrix, logs[:, block], out=index[:, block])
        for row, missing in absent.items():
            index[np.ix_(matrix[:, row] != 0, missing)] = -np.inf
        return index.T

    def raise_if_bad(self, where: str = "") -> Speciation:
        """Return the batch itself, or raise SolveError about the first fluid without an answer."""
        bad = np.flatnonzero(self.status > Status.EXTRAPOLATED)
        if bad.size:
            more = f" (and {bad.size - 1} more)" if bad.size > 1 else ""
            raise SolveError(f"fluid {bad[0] + 1}{more} has no answer", where=where, why=Status(int(self.status[bad[0]])).sentence)
        return self


@cache
def saturation_matrix(table: ReactionTable) -> tuple[list[int], np.ndarray]:
    """Return which components the solids need, and the matrix from (ln activity of each, ln activity of water, pH, 1) to SI."""
    species = {s.name: s for s in table.species}
    needed = {c for solid in table.solids for ion in solid.reaction if ion != "H2O" for c in species[ion].components}
    used = sorted(table.names.index(c) for c in needed)
    matrix = np.zeros((len(table.solids), len(used) + 3))
    for row, solid in zip(matrix, table.solids, strict=True):
        row[-1] = -solid.log_k
        for ion, n in solid.reaction.items():
            if ion == "H2O":
                row[-3] += n / LN10
                continue
            s = species[ion]
            row[-1] += n * s.log_k
            row[-2] -= n * s.hydrogen
            row[-3] += n * s.water / LN10
            for name, m in s.components.items():
                row[used.index(table.names.index(name))] += n * m / LN10
    return used, matrix


def log_gamma(table: ReactionTable, charge: int, ionic_strength: np.ndarray) -> np.ndarray:
    """Return log10 of the activity coefficient: Davies for ions, linear in I for neutral species."""
    shape = layout(table)
    if charge == 0:
        return shape.neutral_slope * ionic_strength
    root = np.sqrt(ionic_strength)
    return -shape.davies[0] * charge**2 * (root / (1.0 + root) - shape.davies[1] * ionic_strength)


def speciate(
    table: ReactionTable,
    totals: np.ndarray,
    ph: np.ndarray,
    *,
    closing: np.ndarray | int = -1,
    carbon_dioxide: np.ndarray | float = np.nan,
    compiled: bool | None = None,
) -> Speciation:
    """Solve fluids of known pH.

    Arguments: table (reaction table at 37 or 25 degrees Celsius); totals (fluids, components) [mol/kgw] in the order of
    ``table.names``; ph (fluids,), -log10 of the activity of H+; closing (fluids,) index of the inert component whose total is set
    so that charges balance, -1 for none; carbon_dioxide (fluids,) partial pressure [atm] that holds the carbonate (open system),
    not-a-number where the total of C(4) holds it (closed); compiled (None: choose by batch size).
    Returns: the speciation, with a status per fluid.
    Raises: ParameterError when shapes do not match or a closing component is not inert.
    Assumptions: Davies activities within the limits in ``amelo params --search davies``; conventions of PHREEQC [parkhurst2013].
    """
    totals = np.ascontiguousarray(np.atleast_2d(np.asarray(totals, float)))
    n, names = len(totals), table.names
    if totals.shape[1] != len(names):
        raise ParameterError(f"totals have {totals.shape[1]} components", why=f"expected {len(names)}: {', '.join(names)}")
    ph = np.ascontiguousarray(np.broadcast_to(np.asarray(ph, float), (n,)))
    closing = np.array(np.broadcast_to(np.asarray(closing, np.int64), (n,)))
    sign = _closing_charges(table)[closing]
    if np.any((closing >= 0) & (sign == 0)):
        raise ParameterError(
            "charge can only be closed by an ion that reacts with nothing", fix="use one of " + ", ".join(table.inert)
        )
    value = table.constants.value
    in_range = (ph >= value("range.ph_low")) & (ph <= value("range.ph_high"))
    hydrogen = np.where(in_range, ph, 7.0)
    hydrogen *= -LN10
    np.exp(hydrogen, out=hydrogen)
    held, gas = _gas(table, np.broadcast_to(np.asarray(carbon_dioxide, float), (n,)), hydrogen)
    inputs = (hydrogen, sign, held, gas, closing.astype(float))
    if n >= LANES and (compiled if compiled is not None else n >= COMPILED_FROM):
        from amelo.twin.chemistry.kernel import solve_compiled as solve
    else:
        solve = solve_arrays
    results, used = solve(table, totals, inputs, iterations=ITERATIONS)
    status = results[-1].astype(np.int8)
    if not in_range.all():
        results[:-1, ~in_range] = np.nan
        status[~in_range] = Status.INVALID
    return Speciation(table, totals, ph, closing, held > 0, results[:-1], status, used)


@cache
def _closing_charges(table: ReactionTable) -> np.ndarray:
    """Return the charge of each component if it may close the charge balance, else 0, and a last 0 for index -1."""
    return np.array([c.charge if c.name in table.inert else 0 for c in table.components] + [0], float)


def _closing_amount(table: ReactionTable, closing: np.ndarray, charge: np.ndarray) -> np.ndarray:
    """Return how much of the closing ion there is [mol/kgw]; its charge is +1 or -1."""
    return -charge * _closing_charges(table)[closing]


def _gas(table: ReactionTable, pressure: np.ndarray, hydrogen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether a gas holds the carbonate, and the activity of carbonate it sets, per activity of water."""
    held = np.isfinite(pressure)
    if not held.any():
        return np.zeros_like(hydrogen), np.zeros_like(hydrogen)
    dissolved = next(s for s in table.species if s.name == "CO2")
    henry = 10.0 ** (table.constants.value("gas.CO2") - dissolved.log_k)
    return held.astype(float), np.where(held, pressure, 0.0) * henry / hydrogen**dissolved.hydrogen


def solve_arrays(
    table: ReactionTable, totals: np.ndarray, inputs: tuple[np.ndarray, ...], *, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Solve a batch with NumPy alone: the same equations, steps and results as ``kernel.solve_compiled``."""
    with np.errstate(all="ignore"):  # a fluid that overflows does not converge, and its status says so
        return _iterate(table, totals, inputs, iterations)


def _iterate(
    table: ReactionTable, totals: np.ndarray, inputs: tuple[np.ndarray, ...], iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    shape = layout(table)
    hydrogen, sign, held, gas, closing = inputs
    columns, centres, strength, refused = start(shape, dict(enumerate(totals.T)), closing, hydrogen, np)
    formation = {i: 10.0**s.log_k * hydrogen**s.hydrogen for i, s in enumerate(table.species)}
    water = np.ones_like(strength)
    used = np.full(strength.shape, iterations)
    for round_ in range(1, iterations + 1):
        b = balances(shape, formation, columns, sign, (held, gas), (centres, strength, water), np)
        centres, strength, error = update(centres, strength, newton_step(b), np)
        water = b.water_activity
        used = np.where((error <= TOLERANCE**2) & (used == iterations), round_, used)
        if (error <= TOLERANCE**2).all():
            break
    b = balances(shape, formation, columns, sign, (held, gas), (centres, strength, water), np)
    status = judge(shape, strength, (water, b.water_activity), b.charge, sign, error, refused, np)
    there = present(shape, columns, held, b.activity, np)
    activity = [there[c] for c in range(len(table.components))]
    results = np.array([*activity, strength, b.water_activity, b.charge, status])
    results[:-1, status > 1.5] = np.nan
    return results, used
