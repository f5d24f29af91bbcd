"""Tiles: up to sixteen members in one flat array, filled from a column, and the baths that they see as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.table import ReactionTable
from amelo.twin.column import Column, fading
from amelo.twin.diffusivity import one_diffusivity
from amelo.twin.lesion import bed, biofilm
from amelo.twin.lesion.baths import ARRAYS, bath_values, float_frame
from amelo.twin.lesion.cell import SIZE, CellModel, close, foretold, free_groups, portray, totals_of_basis
from amelo.twin.lesion.kernel import Layout
from amelo.twin.schedule import Exposure

__all__ = ["LITRES", "Baths", "Tile", "fill"]

LITRES = 1000.0  # per cubic metre
CLOSED = 1e30  # resistance [m] of a face that nothing passes


@dataclass
class Tile:
    """Up to ``lanes`` members in one array; members that are missing repeat the last one.

    What diffuses is in ``water``: the diffusivity in a film [m2/s] where one diffusivity serves all and stands in the tissue's
    resistance, 1 where every species has its own.
    """

    layout: Layout
    members: np.ndarray
    array: np.ndarray
    cells: int
    water: float

    def __post_init__(self) -> None:
        self.view = self.array.reshape(self.cells + 3, self.layout.stride, self.layout.lanes)

    def fields(self, name: str) -> np.ndarray:
        """Values of a field in all cells (cells, lanes), without the ghosts."""
        return self.view[1:-2, self.layout.fields[name], :]

    def values(self) -> dict[str, np.ndarray]:
        """Every state field as (cells, lanes), and the organic matter, which changes between segments alter."""
        state = {name: np.array(self.fields(name)) for name, at in self.layout.fields.items() if at < self.layout.state}
        return state | {"organic": np.array(self.fields("organic"))}


def fill(
    layout: Layout, column: Column, lanes: np.ndarray, pore: dict[str, float], inner: dict[str, float] | None, baths: Baths
) -> Tile:
    """Lay the members ``lanes`` of a column into an array, their pores filled with one fluid."""
    n = column.mineral.shape[2]
    water = biofilm.film_diffusivity() if column.biofilm else one_diffusivity(column.temperature)
    water = water if column.diffusion == "single" else 1.0
    tile = Tile(layout, lanes, np.zeros((n + 3) * layout.stride * layout.lanes), n, water)
    parameters = {name: np.broadcast_to(values, (column.members,))[lanes] for name, values in column.parameters.items()}
    for name in layout.fields:
        stem, _, number = name.partition(".")
        if number:
            key = f"{stem}.{column.phases[int(number)].name}"
            scale = LITRES if stem == "molar_volume" else 1.0 / LITRES if stem.endswith("_rate") else 1.0
            tile.fields(name)[:] = parameters.get(key, np.zeros(len(lanes))) * scale
        elif name.replace("_", ".", 1) in parameters and layout.model.collagen:
            tile.fields(name)[:] = parameters[name.replace("_", ".", 1)]
        elif name in parameters:
            scale = 1.0 / LITRES if name in ("acid_reference", "fluoride_half_inhibition", "fluoride_half_uptake") else 1.0
            tile.fields(name)[:] = parameters[name] * scale
    sound_pores = 1.0 - column.sound[lanes].sum(axis=1) - column.organic[lanes]  # (lanes, cells)
    if column.diffusion == "single":
        exponent = parameters["porosity_exponent"]
        tile.fields("diffusivity_scale")[:] = parameters["pore_diffusivity"] * sound_pores[:, -1] ** (1.0 - exponent)
    widths = np.diff(column.edges)
    tile.fields("width")[:] = widths[:, None]
    tile.fields("organic")[:] = column.organic[lanes].T
    tile.fields("reach")[:] = fading(parameters["inhibitor_depth"], column.edges).T if "inhibitor_depth" in parameters else 1.0
    volumes = np.array([parameters[f"molar_volume.{p.name}"] for p in column.phases]) * LITRES  # (phases, lanes)
    apatite = np.zeros((n, len(lanes)))
    for k, phase in enumerate(column.phases):
        tile.fields(f"mineral{k}")[:] = column.mineral[lanes, k].T / volumes[k]
        tile.fields(f"sound{k}")[:] = tile.fields(f"own{k}")[:] = column.sound[lanes, k].T / volumes[k]
        apatite += tile.fields(f"sound{k}") if phase.apatite else 0.0
    tile.fields("sound_apatite")[:] = apatite
    for k in range(
        len(column.phases)
    ):  # a phase that sound tissue does not have is measured against its apatite, else against the space
        own, space = tile.fields(f"sound{k}"), 1.0 / volumes[k]
        own[:] = space if column.phases[k].alone else np.where(own > 0.0, own, np.where(apatite > 0.0, apatite, space))
    pores = 1.0 - column.mineral[lanes].sum(axis=1) - column.organic[lanes] if column.porosity_feedback else sound_pores
    tile.fields("open_pores")[:] = pores.T
    for name, value in pore.items():
        if name in layout.fields:
            tile.fields(name)[:] = value
    for j in range(SIZE):
        tile.fields(f"inventory{j}")[:] = pores.T * pore[f"amount{j}"]
    for f in range(len(layout.model.system.families)):
        tile.fields(f"stock{f}")[:] = pores.T * pore[f"total{f}"]
    ghosts = ((0, pore), (n + 1, inner or pore))
    for slot, values in ghosts:
        for name, value in values.items():
            if name in layout.fields:
                tile.view[slot, layout.fields[name], :] = value
    tile.view[n + 1, layout.fields["resistance"], :] = 0.0 if inner else CLOSED
    if "film_diffusivity" in layout.fields:
        tile.view[0, layout.fields["film_diffusivity"], :] = biofilm.film_diffusivity()
    if layout.model.collagen:
        tile.fields("collagen")[:] = 1.0
        tile.fields("enzyme")[:] = parameters["enzyme.initial_activity"]
    if column.biofilm:
        fluid = column.biofilm.fluid
        biofilm.fill(tile, column, lanes, pore if fluid is None else baths.fields(fluid), baths)
    elif column.bed:
        bed.fill(tile, column)
    return tile


class Baths:
    """Every bath of a run once, as rows of the table that the compiled loop reads."""

    def __init__(self, model: CellModel, exposures: list[Exposure], chemistry: ReactionTable | None = None) -> None:
        self.model, self.chemistry = model, chemistry
        distinct = {self.key(e): e for e in exposures}
        self.rows = {key: i for i, key in enumerate(distinct)}
        self.values = bath_values(model, [e.fluid for e in distinct.values()], chemistry)
        for values, exposure in zip(self.values, distinct.values(), strict=True):
            values["resistance"] = 0.0
            if model.living:
                f = model.family("Glc")
                values[f"total{f}"] = values[f"behind{f}"] = exposure.sugar / LITRES

    def key(self, exposure: Exposure) -> tuple:
        """Return what tells one bath from another."""
        return (*_key(exposure.fluid), exposure.sugar if self.model.living else 0.0)

    def table(self, layout: Layout) -> np.ndarray:
        """Return the rows as numbers (baths, fields that a bath sets)."""
        return np.array([[values.get(name, 0.0) for name in layout.bath] for values in self.values])

    def fields(self, fluid: Fluid) -> dict[str, float]:
        """Fields of a cell filled with one fluid, and the totals of the basis as amount{j}."""
        (values,) = bath_values(self.model, [fluid], self.chemistry)
        return self.speciated(values)

    def speciated(self, values: dict) -> dict:
        """Return fields of a cell with what follows from its free concentrations and the totals of its families."""
        values = dict(values)
        load, store = float_frame(values)
        portray(self.model, load, store, ARRAYS)
        close(replace(self.model, phases=(), collagen=False), load, store, ARRAYS)
        for i, name in enumerate(foretold(self.model)):
            values[f"solved{i}"] = values[f"former{i}"] = values[name]
        if self.model.living:
            values["free_groups"] = free_groups(self.model, load, ARRAYS)
        return values | {f"amount{j}": x for j, x in enumerate(totals_of_basis(self.model, load, ARRAYS))}


def _key(fluid: Fluid) -> tuple:
    return (
        fluid.pH,
        fluid.temperature_C,
        tuple(fluid.totals_mmol_per_kgw.items()),
        fluid.charge_balanced_by,
        fluid.carbon_dioxide_kPa,
    )
