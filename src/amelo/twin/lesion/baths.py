"""Fluids as the column sees them: free concentrations, totals, and what diffusion needs, from the same equations as the cells."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from amelo.errors import SolveError
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.solve import Speciation, log_gamma
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable
from amelo.twin.lesion.cell import SIZE, CellModel, portray
from amelo.twin.lesion.system import CARRIERS

__all__ = ["ARRAYS", "bath_arrays", "bath_values", "float_frame"]

MOST_KNOWN = 20_000  # fluids that are kept: calibration meets the same few thousands of times
_KNOWN: dict[tuple[CellModel, ReactionTable | None, str], dict[str, float]] = {}
FLOOR = 1e-12  # mol/L that stands for "absent" of calcium, phosphate and fluoride
ARRAYS = SimpleNamespace(exp_any=np.exp, log=np.log, sqrt=np.sqrt, where=np.where)


def float_frame(values: dict[str, np.ndarray | float]) -> tuple:
    """Return load and store that work on a dictionary of numbers."""

    def load(name: str) -> np.ndarray | float:
        return values.get(name, 0.0)

    def store(**numbers: np.ndarray | float) -> None:
        values.update(numbers)

    return load, store


def bath_values(model: CellModel, fluids: Sequence[Fluid], table: ReactionTable | None = None) -> list[dict[str, float]]:
    """Return for each fluid the fields of a ghost cell that is filled with it, and the totals of the basis as ``amount{j}``.

    Arguments: model; fluids; table (of reactions, None for the shipped one at the temperature of each fluid).
    Raises: SolveError for a fluid without a speciation.
    Assumptions: 1 kg of water is 1 L; the activity of water is 1.
    """
    keys = [(model, table, fluid.model_dump_json()) for fluid in fluids]
    missing = {key: fluid for key, fluid in zip(keys, fluids, strict=True) if key not in _KNOWN}
    if len(_KNOWN) + len(missing) > MOST_KNOWN:
        _KNOWN.clear()
        missing = dict(zip(keys, fluids, strict=True))
    _KNOWN.update(zip(missing, _solved(model, list(missing.values()), table), strict=True))
    return [dict(_KNOWN[key]) for key in keys]


def _solved(model: CellModel, fluids: Sequence[Fluid], table: ReactionTable | None) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in fluids]
    batches: dict[int, tuple[Speciation, list[tuple[int, int]]]] = {}
    for i, (fluid, (batch, row)) in enumerate(zip(fluids, speciate_fluids(fluids, table=table), strict=True)):
        status = Status(int(batch.status[row]))
        if not status.usable:
            raise SolveError(f"the fluid {fluid.case or 'of the protocol'} has no speciation", why=status.sentence)
        batches.setdefault(id(batch), (batch, []))[1].append((i, row))
    for batch, places in batches.values():
        values = bath_arrays(model, batch)
        for i, row in places:
            found[i] = {name: float(value[row]) for name, value in values.items()}
    return found


def bath_arrays(model: CellModel, batch: Speciation) -> dict[str, np.ndarray]:
    """Return the fields of ghost cells that are filled with the fluids of a batch, each (fluids,).

    Arguments: model; batch (whose states the caller has looked at).
    """
    table, count = batch.table, len(batch.ph)
    strength = np.asarray(batch.ionic_strength, float)
    gamma = log_gamma(table, 1, strength)
    values: dict[str, np.ndarray] = {
        "strength": strength,
        "log_activity": gamma * np.log(10.0),
        "activity": 10.0**gamma,
        "neutral": 10.0 ** -log_gamma(table, 0, strength),
    }
    for j, name in enumerate(CARRIERS.values()):
        values[f"c{j}"] = np.maximum(batch.concentration(name), FLOOR)
    values[f"c{SIZE - 1}"] = 10.0 ** (-batch.ph - gamma)
    for f, family in enumerate(model.system.families):
        amount = batch.totals[:, table.names.index(family.name)] if family.name in table.names else np.zeros(count)
        values[f"total{f}"] = values[f"behind{f}"] = amount
    load, store = float_frame(values)
    portray(model, load, store, ARRAYS)
    return {name: np.broadcast_to(value, (count,)) for name, value in values.items()}


def _without_minerals(model: CellModel) -> CellModel:
    return CellModel(model.system, (), model.species_diffusion, model.porosity_feedback)
