"""From adjoints of the kernel's fields to those of what a user knows: minerals, parameters, and the composition of fluids.

This is the transpose of the laying-out of a column in ``tiles.py`` and of the filling of ghost cells in ``baths.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import SolveError
from amelo.records.fluid import Fluid
from amelo.twin.column import Column
from amelo.twin.lesion import biofilm
from amelo.twin.lesion.adjoint import BAR
from amelo.twin.lesion.baths import bath_values
from amelo.twin.lesion.cell import SIZE, CellModel
from amelo.twin.lesion.knobs import bath_entries, fluid_with
from amelo.twin.lesion.tiles import LITRES, fill

if TYPE_CHECKING:
    from amelo.twin.chemistry.table import ReactionTable
    from amelo.twin.lesion.kernel import Layout
    from amelo.twin.lesion.tape import Tape

__all__ = ["STENCIL", "bath_slopes", "column_gradient", "filled", "inputs_gradient", "sugar_slope"]

START = {"enzyme.initial_activity": "enzyme"}  # parameters that are states to begin with
PER_LITRE = ("acid_reference", "fluoride_half_inhibition", "fluoride_half_uptake")
STENCILS = (  # of fourth order: to both sides, upwards, downwards
    {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12},
    {0: -25 / 12, 1: 4.0, 2: -3.0, 3: 4 / 3, 4: -1 / 4},
    {0: 25 / 12, -1: -4.0, -2: 3.0, -3: -4 / 3, -4: 1 / 4},
)
STENCIL = {n: share / 1e-3 for n, share in STENCILS[0].items()}  # the first, per unit of a number whose points are 1e-3 apart
OVERWRITTEN = ("diffusivity_scale", "porosity_exponent", "collagen_decay_rate", "sound_apatite")  # in the cells of a biofilm
APART = 1e-3  # of its value, or of a unit of pH, between two points


def column_gradient(
    column: Column, cells: Mapping[str, np.ndarray], pore: Mapping[str, float], families: int
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Return the adjoints of parameters (name: (M,)), of initial mineral (M, P, N), of sound mineral (M, P, N) and of the organic part (M, N).

    Arguments: column; cells (name of a field: (M, N) adjoints of the initial state); pore (fields of the fluid in the pores, with the
    totals of the basis as amount{j}); families (number of them).
    """
    members, phases = column.members, column.phases
    value = {name: np.broadcast_to(np.asarray(v, float), (members,)) for name, v in column.parameters.items()}
    names = [p.name for p in phases]
    found: dict[str, np.ndarray] = {}
    for name in value:
        stem, _, phase = name.partition(".")
        field = f"{stem}.{names.index(phase)}" if phase in names else START.get(name, name.replace(".", "_", 1))
        scale = 1.0 / LITRES if stem.endswith("_rate") or name in PER_LITRE else LITRES if stem == "molar_volume" else 1.0
        found[name] = cells[field].sum(axis=1) * scale if field in cells else np.zeros(members)
    pores = cells["open_pores"] + sum(cells[f"inventory{j}"] * pore[f"amount{j}"] for j in range(SIZE))
    pores = pores + sum(cells[f"stock{f}"] * pore[f"total{f}"] for f in range(families))
    volume = np.stack([value[f"molar_volume.{n}"] for n in names], axis=1)[:, :, None] * LITRES
    moles = np.stack([cells[f"mineral{k}"] for k in range(len(phases))], axis=1)
    of_volume = -(moles * column.mineral / volume**2).sum(axis=2)
    mineral = moles / volume
    sound, spaces = _sound(column, cells, volume)
    of_volume -= (sound * column.sound / volume**2).sum(axis=2) + (spaces / volume**2).sum(axis=2)
    sound = sound / volume
    organic = cells["organic"] - pores
    if column.porosity_feedback:
        mineral = mineral - pores[:, None, :]
    else:
        sound = sound - pores[:, None, :]
    for k, n in enumerate(names):
        found[f"molar_volume.{n}"] = found[f"molar_volume.{n}"] + of_volume[:, k] * LITRES
    if "inhibitor_depth" in value:
        depth, widths = value["inhibitor_depth"], np.diff(column.edges)
        ends = (1.0 + column.edges / depth[:, None]) * np.exp(-column.edges / depth[:, None])
        found["inhibitor_depth"] = (cells["reach"] * (ends[:, :-1] - ends[:, 1:]) / widths).sum(axis=1)
    if column.diffusion == "single":
        open_pores = 1.0 - column.sound[:, :, -1].sum(axis=1) - column.organic[:, -1]
        diffusivity, exponent, bar = value["pore_diffusivity"], value["porosity_exponent"], cells["diffusivity_scale"].sum(axis=1)
        share = open_pores ** (1.0 - exponent)
        found["pore_diffusivity"] = bar * share
        found["porosity_exponent"] = found["porosity_exponent"] - bar * diffusivity * share * np.log(open_pores)
        of_pores = bar * diffusivity * (1.0 - exponent) * share / open_pores
        sound[:, :, -1] -= of_pores[:, None]
        organic[:, -1] -= of_pores
        if "diffusivity_scale" in found:
            found["diffusivity_scale"] = np.zeros(members)  # what single diffusion puts in its place is not the parameter
    return found, mineral, sound, organic


def inputs_gradient(
    tape: Tape, cells: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Return the same of a taped run, of its tissue; what fills a biofilm is differentiated by differences of the filling alone."""
    column, families = tape.column, len(tape.layout.model.system.families)
    if column.biofilm is None:
        return column_gradient(column, cells, tape.pore, families)
    film, count = slice(0, column.biofilm.cells), column.biofilm.cells
    shared = {name: np.array(bar) for name, bar in cells.items()}
    for name in (*OVERWRITTEN, *(f"inventory{j}" for j in range(SIZE)), *(f"stock{f}" for f in range(families))):
        if name in shared:
            shared[name][:, film] = 0.0
    pores = 1.0 - column.sound[:, :, -1].sum(axis=1) - column.organic[:, -1]
    water, of_pores = biofilm.constants_of(column)["water"], np.zeros(column.members)
    for k, phase in enumerate(column.phases):
        for law in ("growth_rate", "dissolution_rate"):
            bar, rate = shared[f"{law}.{k}"], column.parameters.get(f"{law}.{phase.name}", 0.0) / LITRES
            if phase.alone:
                continue
            if not phase.apatite:
                of_pores -= bar[:, film].sum(axis=1) * rate * water / pores**2
            bar[:, film] *= 0.0 if phase.apatite else (water / pores)[:, None]
    found, mineral, sound, organic = column_gradient(column, shared, tape.pore, families)
    sound[:, :, -1] -= of_pores[:, None]
    organic[:, -1] -= of_pores
    for name in biofilm.typical():
        if name in column.parameters:
            value = np.broadcast_to(column.parameters[name], (column.members,))
            slope = 0.0
            for n, share in STENCIL.items():
                moved = replace(tape.given, parameters=tape.given.parameters | {name: value * (1.0 + n * 1e-3)})
                slope = slope + share / value * sum((bar * filled(tape, moved)[f]).sum(axis=1) for f, bar in cells.items())
            found[name] = slope
    return found, mineral[..., count:], sound[..., count:], organic[:, count:]


def filled(tape: Tape, column: Column) -> dict[str, np.ndarray]:
    """Return every field with an adjoint as a column lays it out at the start: name: (members of the column, cells).

    Arguments: tape (of a run of a like column); column (as it was given, of any number of members).
    """
    whole = biofilm.with_biofilm(column)
    layout = replace(tape.layout, lanes=column.members)
    tile = fill(layout, whole, np.arange(column.members), tape.pore, tape.inner, tape.baths)
    return {name.removeprefix(BAR): tile.fields(name.removeprefix(BAR)).T for name in layout.fields if name.startswith(BAR)}


def _sound(column: Column, cells: Mapping[str, np.ndarray], volume: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjoints (M, P, N) of sound moles, and of 1/molar volume where a phase is measured against the space."""
    apatite = np.array([p.apatite for p in column.phases])
    phases = range(len(column.phases))
    own, kept = (np.stack([cells[f"{name}{k}"] for k in phases], axis=1) for name in ("sound", "own"))
    there = column.sound > 0.0
    some = ((column.sound / volume)[:, apatite].sum(axis=1) > 0.0)[:, None, :]
    to_apatite = cells["sound_apatite"] + np.where(~there & some, own, 0.0).sum(axis=1)
    moles = np.where(there, own, 0.0) + kept + apatite[None, :, None] * to_apatite[:, None, :]
    return moles, np.where(~there & ~some, own, 0.0)


@cache
def _slopes(model: CellModel, fields: tuple[str, ...], record: str, table: ReactionTable | None) -> dict[str, np.ndarray]:
    fluid = Fluid.model_validate_json(record)
    slopes = {}
    for name, value in bath_entries(fluid).items():
        step = APART if name == "pH" else APART * value
        for stencil in STENCILS:
            points = [fluid_with(fluid, name, value + n * step) for n in stencil]
            try:
                found = bath_values(model, points, table)
            except SolveError:  # the ion that closes the charge is all but absent: the entry can be turned one way only
                continue
            rows = np.array([[values.get(field, 0.0) for field in fields] for values in found])
            slopes[name] = np.array(list(stencil.values())) @ rows / step
            break
        else:
            slopes[name] = np.full(len(fields), np.nan)
    return slopes


def bath_slopes(
    model: CellModel, fields: tuple[str, ...], fluid: Fluid, table: ReactionTable | None = None
) -> dict[str, np.ndarray]:
    """Return the derivatives of the fields of a ghost cell with respect to every entry of its fluid, once computed for each fluid.

    Arguments: model; fields (names); fluid; table (of reactions, None for the shipped one).
    Returns: entry ("Ca" per mol/m3, "pH"): (fields,), not-a-number where no fluid near by has a speciation.
    Assumptions: differences of fourth order between speciations, good to about 1e-8; to one side where the other has no speciation.
    """
    return _slopes(model, fields, fluid.model_dump_json(), table)


def sugar_slope(layout: Layout) -> np.ndarray | None:
    """Return the derivative of the fields of a ghost cell with respect to the sugar outside [per mol/m3], None where nobody eats it."""
    if not layout.model.living:
        return None
    own = {f"{name}{layout.model.family('Glc')}" for name in ("total", "behind")}
    return np.array([1.0 / LITRES if name in own else 0.0 for name in layout.bath])
