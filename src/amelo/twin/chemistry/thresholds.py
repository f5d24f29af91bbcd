"""Where saturation ends: the critical pH of a fluid, and the solubility of a solid against pH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import first_crossing, fluid_arrays, table_of
from amelo.twin.chemistry.solve import Speciation, speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable, Solid, reaction_table

__all__ = ["CriticalPH", "SaturationCurve", "Solubility", "critical_ph", "saturation_curve", "solubility", "titrate"]

PH_SEARCH = np.linspace(2.0, 11.0, 91)
ACID, BASE = "Cl", "Na"  # hydrochloric acid or sodium hydroxide moves the pH where no ion is named


@dataclass(frozen=True)
class CriticalPH:
    """The pH at which a fluid stops being saturated with a phase.

    Fields: fluid (its name); phase; ph, not-a-number when there is none; low and high, the same at the ends of the published range
    of the solubility product; sentence, what holds instead when there is none; status, of the fluid along its pH; sources.
    """

    fluid: str
    phase: str
    ph: float
    low: float
    high: float
    sentence: str
    status: Status
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Solubility:
    """Solubility of one solid against pH.

    Fields: phase; ph (n,); dissolved (n,) [mol formula units/kgw]; totals, added by dissolution, component -> (n,) [mol/kgw];
    ionic_strength (n,) [mol/kgw]; status (n,); sources.
    """

    phase: str
    ph: np.ndarray
    dissolved: np.ndarray
    totals: Mapping[str, np.ndarray]
    ionic_strength: np.ndarray
    status: np.ndarray
    sources: tuple[str, ...]


@dataclass(frozen=True)
class SaturationCurve:
    """Saturation of one composition along pH: ph (n,), saturation_index by phase (n,) each, and status (n,)."""

    ph: np.ndarray
    saturation_index: Mapping[str, np.ndarray]
    status: np.ndarray
    sources: tuple[str, ...]


def saturation_curve(fluid: Fluid, ph: Sequence[float] | np.ndarray) -> SaturationCurve:
    """Return the saturation indices of a fluid as an acid or base moves its pH.

    Arguments: fluid (its own pH is ignored); ph (n,).
    Assumptions: totals stay as given while the named ion, else HCl or NaOH, moves the pH.
    """
    table = table_of(fluid)
    totals, _, closing, pressure = fluid_arrays(table, [fluid])
    batch = titrate(table, totals[0], np.asarray(ph, float), closing=int(closing[0]), carbon_dioxide=float(pressure[0]))
    index = {solid.name: batch.saturation_index[:, k] for k, solid in enumerate(table.solids)}
    return SaturationCurve(batch.ph, index | {"enamel": index["enamel_main"]}, batch.status, table.sources)


def critical_ph(fluids: Sequence[Fluid], phase: str, *, labels: Sequence[str] | None = None) -> list[CriticalPH]:
    """Return, for each fluid, the lowest pH above which it is saturated with a phase.

    Arguments: fluids (their own pH, if given, is ignored); phase (name of a solid; ``"enamel"`` is its main solubility class);
    labels (what to call each in messages).
    Returns: one answer per fluid, with the interval that the range of the solubility product gives; a fluid that cannot be solved
    at any pH has a status that says why.
    Raises: ParameterError for an unknown phase, RecordError for an unknown component.
    Assumptions: totals stay as given while the named ion, else HCl or NaOH, moves the pH; searched from pH 2 to 11.
    """
    answers = []
    for i, fluid in enumerate(fluids):
        table = table_of(fluid, labels and labels[i])
        solid = table.solid(phase)
        totals, _, closing, pressure = fluid_arrays(table, [fluid], labels and [labels[i]])
        k = table.solids.index(solid)
        constant = table.constants[f"pk.{solid.name}"]
        # the phase at its pK, at the high end of its range (least soluble) and at the low end, as additions to SI
        offsets = np.array([0.0, constant.value - constant.high, constant.value - constant.low])

        def index(
            ph: np.ndarray,
            rows: np.ndarray,
            table: ReactionTable = table,
            totals: np.ndarray = totals,
            closing: np.ndarray = closing,
            pressure: np.ndarray = pressure,
            k: int = k,
            offsets: np.ndarray = offsets,
        ) -> np.ndarray:
            si = titrate(table, totals[0], ph.ravel(), closing=int(closing[0]), carbon_dioxide=float(pressure[0])).saturation_index[
                :, k
            ]
            return si.reshape(ph.shape) - offsets[rows.astype(int)]

        found = first_crossing(index, PH_SEARCH, 3, rising=True)
        sentence, status = "", Status.CONVERGED
        if np.isnan(found[0]):
            values = index(PH_SEARCH, np.zeros(len(PH_SEARCH)))
            ways = titrate(table, totals[0], PH_SEARCH, closing=int(closing[0]), carbon_dioxide=float(pressure[0])).status
            if (ways > Status.EXTRAPOLATED).all():
                status = Status(int(ways.min()))
            sentence = _why_none(values, solid, table, totals[0]) if status.usable else status.sentence
        answers.append(
            CriticalPH(
                fluid.case or f"fluid {i + 1}",
                solid.name,
                float(found[0]),
                float(found[1]),
                float(found[2]),
                sentence,
                status,
                table.sources,
            )
        )
    return answers


def titrate(
    table: ReactionTable, totals: np.ndarray, ph: np.ndarray, *, closing: int = -1, carbon_dioxide: float = np.nan
) -> Speciation:
    """Solve one composition at many pH values, moved there by an acid or a base.

    Arguments: totals (components,) [mol/kgw]; ph (n,); closing (ion that moves it; -1: Cl of an acid, and Na of a base where Cl
    would have to be negative); carbon_dioxide [atm].
    """
    rows = np.repeat(totals[None, :], len(ph), axis=0)
    first = closing if closing >= 0 else table.names.index(ACID)
    batch = speciate(table, rows, ph, closing=first, carbon_dioxide=carbon_dioxide)
    stuck = batch.status == Status.CANNOT_CLOSE
    if closing >= 0 or not stuck.any():
        return batch
    return speciate(table, rows, ph, closing=np.where(stuck, table.names.index(BASE), first), carbon_dioxide=carbon_dioxide)


def solubility(
    phase: str, ph: Sequence[float] | np.ndarray, *, background: Mapping[str, float] | None = None, temperature: float = 37.0
) -> Solubility:
    """Return how much of a solid dissolves, congruently, at each pH.

    Arguments: phase (name of a solid); ph (n,); background (salts such as ``{"NaCl": 0.1}`` or components [mol/kgw]);
    temperature [degrees Celsius], 37 or 25.
    Returns: the solubility, not-a-number with a status where the background is already saturated or the ionic strength leaves the
    range of the activity model.
    Raises: ParameterError for an unknown phase, salt or temperature.
    Assumptions: pH is held by hydrochloric acid or sodium hydroxide; no other solid forms.
    """
    table = reaction_table(temperature)
    solid = table.solid(phase)
    k = table.solids.index(solid)
    ph = np.atleast_1d(np.asarray(ph, float))
    base = background_totals(table, background or {})
    formula = _released(table, solid)

    def batch(amount: np.ndarray, ph: np.ndarray) -> Speciation:
        totals = base + amount[:, None] * formula
        first = np.full(len(ph), table.names.index(ACID))
        solved = speciate(table, totals, ph, closing=first)
        stuck = solved.status == Status.CANNOT_CLOSE
        if not stuck.any():
            return solved
        return speciate(table, totals, ph, closing=np.where(stuck, table.names.index(BASE), first))

    def index(log_amount: np.ndarray, rows: np.ndarray) -> np.ndarray:
        flat = rows.astype(int).ravel()
        return batch(10.0 ** log_amount.ravel(), ph[flat]).saturation_index[:, k].reshape(log_amount.shape)

    log_amount = first_crossing(index, np.linspace(-10.0, 0.4, 53), len(ph), rising=True)
    solved = batch(np.where(np.isnan(log_amount), 1e-10, 10.0**log_amount), ph)
    status = np.where(np.isnan(log_amount), Status.TOO_CONCENTRATED, solved.status)
    already = np.isnan(log_amount) & (solved.saturation_index[:, k] > 0)
    status = np.where(already, Status.CONVERGED, status)
    dissolved = np.where(already, 0.0, np.where(np.isnan(log_amount), np.nan, 10.0**log_amount))
    added = {name: dissolved * formula[c] for c, name in enumerate(table.names) if formula[c]}
    return Solubility(
        solid.name, ph, dissolved, added, np.where(np.isnan(dissolved), np.nan, solved.ionic_strength), status, table.sources
    )


def background_totals(table: ReactionTable, background: Mapping[str, float]) -> np.ndarray:
    """Return totals (components,) [mol/kgw] of a background given as salts or components [mol/kgw].

    Raises: ParameterError for an unknown salt or a negative amount.
    """
    totals = np.zeros(len(table.names))
    for name, amount in background.items():
        if not amount >= 0:
            raise ParameterError(f"background {name}={amount:g} is negative", why="an amount is 0 or more")
        parts = table.salts.get(name) or ({name: 1} if name in table.names else None)
        if parts is None:
            raise ParameterError(
                f"'{name}' is not a salt or component amelo knows", fix=nearest(name, [*table.salts, *table.names], limit=30)
            )
        for component, n in parts.items():
            totals[table.names.index(component)] += n * amount
    return totals


def _released(table: ReactionTable, solid: Solid) -> np.ndarray:
    """Return how much of each component a formula unit of a solid releases."""
    species = {s.name: s for s in table.species}
    amounts = np.zeros(len(table.names))
    for ion, n in solid.reaction.items():
        for component, m in (species[ion].components if ion != "H2O" else {}).items():
            amounts[table.names.index(component)] += n * m
    return amounts


def _why_none(values: np.ndarray, solid: Solid, table: ReactionTable, totals: np.ndarray) -> str:
    missing = [c for c, n in zip(table.names, _released(table, solid), strict=True) if n and totals[table.names.index(c)] == 0]
    if missing:
        return f"the fluid contains no {' and no '.join(missing)}, so it is never saturated with {solid.name}"
    known = values[np.isfinite(values)]
    if known.size and (known > 0).all():
        return f"supersaturated with {solid.name} from pH 2 to 11"
    if known.size and (known < 0).all():
        return f"undersaturated with {solid.name} from pH 2 to 11"
    return "no rising crossing of SI = 0 between pH 2 and 11"
