"""From fluid records to arrays, and the pH at which a fluid's charges balance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from amelo.errors import ParameterError, RecordError, nearest
from amelo.params import load_set
from amelo.records.case import Case
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.solve import Speciation, speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable, reaction_table

__all__ = ["KPA_PER_ATM", "Saliva", "find_ph", "first_crossing", "fluid_arrays", "saliva_of", "speciate_fluids", "table_of"]

KPA_PER_ATM = 101.325  # exact by definition
PH_GRID = np.linspace(0.0, 14.0, 29)
ON_GRID = 1e-9  # of the other end of the bracket
MEASURED = {  # component: field of a case's saliva
    "Ca": "calcium",
    "P": "phosphate",
    "F": "fluoride",
    "C(4)": "bicarbonate",
    "Na": "sodium",
    "K": "potassium",
    "Cl": "chloride",
    "Mg": "magnesium",
    "Amm": "ammonium",
}


class Saliva(NamedTuple):
    """The saliva of a case as a fluid, and a sentence for every figure that the case does not know."""

    fluid: Fluid
    assumed: list[str]


def saliva_of(case: Case) -> Saliva:
    """Return the resting saliva of a case, taking what was not measured from typical whole saliva, and say what was taken.

    Arguments: case (its saliva in mmol/L, taken as mmol/kgw because saliva is 99 % water).
    Assumptions: values of the ``oral-fluids`` set stand in for unknown ones; chloride closes the charge.
    """
    typical = load_set("oral-fluids")
    totals, assumed = {}, []
    for component, field in MEASURED.items():
        value = getattr(case.saliva, field)
        if value == "unknown":
            value = typical.value(f"whole_saliva_rest.{component}")
            assumed.append(f"{field} {value:g} mmol/L of typical resting whole saliva, because the case does not know it")
        totals[component] = float(value)
    ph = case.saliva.pH
    if ph == "unknown":
        ph = typical.value("ph.rest")
        assumed.append(f"pH {ph:g} of typical resting saliva, because the case does not know it")
    return Saliva(
        Fluid(case=f"saliva of {case.pseudonym}", pH=float(ph), totals_mmol_per_kgw=totals, charge_balanced_by="Cl"), assumed
    )


def fluid_arrays(
    table: ReactionTable, fluids: Sequence[Fluid], labels: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return totals (fluids, components) [mol/kgw], pH (nan where left out), closing index (-1: none) and CO2 pressure [atm].

    Raises: RecordError for a component that the table does not have, or a closing ion that reacts.
    """
    totals = np.zeros((len(fluids), len(table.names)))
    ph = np.array([np.nan if fluid.pH is None else fluid.pH for fluid in fluids])
    pressure = np.array([np.nan if f.carbon_dioxide_kPa is None else f.carbon_dioxide_kPa / KPA_PER_ATM for f in fluids])
    closing = np.full(len(fluids), -1)
    for row, fluid in enumerate(fluids):
        place = labels[row] if labels else fluid.case or "fluid"
        for name, amount in fluid.totals_mmol_per_kgw.items():
            if name not in table.names:
                raise RecordError(
                    f"'{name}' is not a component amelo knows",
                    where=f"{place}: totals_mmol_per_kgw",
                    fix=_nearest_component(table, name),
                )
            totals[row, table.names.index(name)] = amount / 1000.0
        ion = fluid.charge_balanced_by
        if ion is None or fluid.pH is None:
            continue
        if ion not in table.inert:
            raise RecordError(
                f"charge cannot be balanced by '{ion}'",
                where=f"{place}: charge_balanced_by",
                why="the ion must react with nothing, so that closing the charge changes nothing else",
                fix=nearest(ion, table.inert),
            )
        closing[row] = table.names.index(ion)
    return totals, ph, closing, pressure


def table_of(fluid: Fluid, label: str | None = None) -> ReactionTable:
    """Return the reaction table at the temperature of a fluid; ``label`` is what to call it in messages."""
    try:
        return reaction_table(fluid.temperature_C)
    except ParameterError as error:
        raise error.at(f"{label or fluid.case or 'fluid'}: temperature_C") from None


def speciate_fluids(
    fluids: Sequence[Fluid], labels: Sequence[str] | None = None, *, table: ReactionTable | None = None
) -> list[tuple[Speciation, int]]:
    """Solve fluids, each at its own temperature, and return for each the batch it was solved in and its row there.

    Arguments: fluids; labels (what to call each in messages); table (of reactions, for the fluids at the temperature of its
    constants; all others use the shipped one).
    """
    own = table
    answers: list[tuple[Speciation, int] | None] = [None] * len(fluids)
    for temperature in dict.fromkeys(fluid.temperature_C for fluid in fluids):
        members = [i for i, fluid in enumerate(fluids) if fluid.temperature_C == temperature]
        shipped = own is None or own.constants.temperature != temperature
        table = table_of(fluids[members[0]], labels and labels[members[0]]) if shipped else own
        totals, ph, closing, pressure = fluid_arrays(table, [fluids[i] for i in members], labels and [labels[i] for i in members])
        free = np.isnan(ph)
        ph[free] = find_ph(table, totals[free], carbon_dioxide=pressure[free])
        batch = speciate(table, totals, np.nan_to_num(ph, nan=7.0), closing=closing, carbon_dioxide=pressure)
        batch.status[np.isnan(ph)] = Status.NO_PH
        for row, i in enumerate(members):
            answers[i] = (batch, row)
    return [answer for answer in answers if answer is not None]


def find_ph(table: ReactionTable, totals: np.ndarray, *, carbon_dioxide: np.ndarray) -> np.ndarray:
    """Return the pH at which each fluid's charges balance, not-a-number where none from 0 to 14 does.

    Arguments: totals (fluids, components) [mol/kgw]; carbon_dioxide (fluids,) [atm], not-a-number for a closed system.
    Assumptions: charge falls with pH, so the first change of sign is the only one.
    """

    def charge(ph: np.ndarray, rows: np.ndarray) -> np.ndarray:
        flat = rows.astype(int).ravel()
        return speciate(table, totals[flat], ph.ravel(), carbon_dioxide=carbon_dioxide[flat]).charge.reshape(ph.shape)

    return first_crossing(charge, PH_GRID, len(totals), rising=False)


def first_crossing(function: object, grid: np.ndarray, count: int, *, rising: bool) -> np.ndarray:
    """Return, per row, the first zero of ``function(x, rows)`` along ``grid``, not-a-number where there is none.

    Arguments: function (vectorised over x and the row indices); grid (ascending); count (rows); rising (look for a change from
    negative to positive, else from positive to negative).
    """
    if count == 0:
        return np.empty(0)
    from scipy.optimize.elementwise import find_root

    x, rows = np.broadcast_arrays(grid[None, :], np.arange(count)[:, None])
    values = function(x, rows) * (1.0 if rising else -1.0)
    change = (values[:, :-1] <= 0) & (values[:, 1:] > 0)
    first = np.argmax(change, axis=1)
    found = change.any(axis=1)
    result = np.full(count, np.nan)
    index = np.flatnonzero(found)
    if index.size:
        solved = find_root(
            function, (grid[first[index]], grid[first[index] + 1]), args=(index.astype(float),), tolerances={"xatol": 1e-10}
        )
        result[index] = np.where(solved.success, solved.x, np.nan)
        # A zero that lies on the grid may change its sign by rounding from one call to the next, and then brackets nothing.
        ends = np.stack([values[index, first[index]], values[index, first[index] + 1]])
        near = np.abs(ends).argmin(axis=0)
        at_end = ~solved.success & (np.abs(ends).min(axis=0) <= ON_GRID * np.abs(ends).max(axis=0))
        result[index[at_end]] = grid[first[index] + near][at_end]
    return result


def _nearest_component(table: ReactionTable, name: str) -> str:
    """Advise on a component by its symbol, its words or a common symbol of a laboratory report."""
    other = {
        "PO4": "P",
        "HCO3": "C(4)",
        "CO3": "C(4)",
        "C": "C(4)",
        "DIC": "C(4)",
        "NH4": "Amm",
        "N": "Amm",
        "NH3": "Amm",
        "NO3": "Tr",
    }
    other |= {c.about: c.name for c in table.components} | {c.about.split()[0]: c.name for c in table.components}
    folded = {key.casefold(): value for key, value in other.items()}
    if name.casefold() in folded:
        return f"did you mean '{folded[name.casefold()]}'?"
    return nearest(name, table.names, limit=20)
