"""A biofilm as cells of the column outside the tissue: its constants, what it adds to the chemistry, and how its cells are filled.

Its cells have no mineral of their own; water is their pore, bacteria and matrix their organic part.  Constants are those of the
``mouth`` set unless the column has its own.
"""

from __future__ import annotations

from dataclasses import replace
from math import log10
from typing import Any

import numpy as np

from amelo.params import load_set
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.column import Column, widened
from amelo.twin.lesion.baths import ARRAYS
from amelo.twin.lesion.cell import SIZE, CellModel
from amelo.twin.lesion.metabolism import appetite
from amelo.twin.lesion.steps import Grid
from amelo.twin.lesion.system import Family, Member

__all__ = ["constants_of", "everything", "families", "fill", "film_diffusivity", "grid_for", "typical", "with_biofilm"]

FED = 1e-2  # mol/m3 of sugar outside from which a biofilm is busy
LONGEST = 30.0  # s, of a step while it is: acid made in one closes the window of pH in the next, so that it must be short beside the fall of pH
LITRES = 1000.0
COPIED = (
    "water",
    "half_saturation",
    "lactate_yield",
    "ph_minimum",
    "ph_optimum",
    "ph_maximum",
    "fixed_buffer",
    "diffusivity_ions",
    "diffusivity_sugar",
)


def grid_for(model: CellModel, grid: Grid, sugar: float) -> Grid:
    """Return the grid in time of a segment: short steps while a biofilm is fed.

    Arguments: model; grid; sugar outside [mol/m3].
    """
    return (
        replace(grid, first=min(grid.first, LONGEST), longest=min(grid.longest, LONGEST), even=0.0)
        if model.living and sugar > FED
        else grid
    )


def typical() -> dict[str, float]:
    """Return the constants ``biofilm.*`` of a column in SI units, as the ``mouth`` set has them."""
    value = load_set("mouth").value
    found = {f"biofilm.{name}": value(f"plaque.{name}") for name in COPIED}
    return found | {"biofilm.production": value("plaque.acid_production") * value("plaque.biomass") / 3600.0}


def film_diffusivity() -> float:
    """Return the diffusivity [m2/s] at which films are quoted."""
    return load_set("mouth").value("film.diffusivity")


def constants_of(column: Column) -> dict[str, np.ndarray]:
    """Return the constants of a column's biofilm (M,) by their names without ``biofilm.``."""
    found = typical() | {name: column.parameters[name] for name in typical() if name in column.parameters}
    return {name.partition(".")[2]: np.broadcast_to(values, (column.members,)) for name, values in found.items()}


def everything(column: Column) -> frozenset[str]:
    """Return the components that a column with a biofilm always has: all, so that one kernel serves every mouth."""
    return frozenset(reaction_table(column.temperature).names) if column.biofilm else frozenset()


def families(column: Column) -> tuple[Family, ...]:
    """Return what a biofilm adds to the chemistry: groups that hold protons and calcium, and sugar.

    Assumptions: a free group holds a potassium ion, so that only what moves has a charge; two groups hold one calcium, as firmly as
    gives half of ``plaque.calcium_bound`` at ``plaque.calcium_binding`` of free calcium and pH 7, which gives half as much at pH 5 as was
    measured [rose1993]; with :attr:`Biofilm.binds_calcium` off they hold none.
    """
    if column.biofilm is None:
        return ()
    value, nothing = load_set("mouth").value, (0,) * SIZE
    members = [Member("Fix-", 0, nothing, 1, 0.0, 0.0), Member("HFix", 0, (0, 0, 0, 1), 1, value("plaque.fixed_buffer_pk"), 0.0)]
    if column.biofilm.binds_calcium:
        water = value("plaque.water") * LITRES
        bound, free = 0.5 * value("plaque.calcium_bound") / water, value("plaque.calcium_binding") / LITRES
        groups = value("plaque.fixed_buffer") / water - 2.0 * bound
        members.append(Member("CaFix2", 0, (1, 0, 0, 0), 2, log10(bound / (groups**2 * free)), 0.0))
    sugar = value("plaque.diffusivity_sugar")
    return (Family("Fix", -1, tuple(members), fixed=True), Family("Glc", 0, (Member("Glc", 0, nothing, 1, 0.0, sugar),)))


def with_biofilm(column: Column) -> Column:
    """Return a column whose first cells are its biofilm, at negative depth; the column itself when it has none."""
    if column.biofilm is None:
        return column
    return widened(column, column.biofilm.cells, column.biofilm.thickness, 1.0 - constants_of(column)["water"][:, None])


def fill(tile: Any, column: Column, lanes: np.ndarray, fluid: dict[str, float], baths: Any) -> None:
    """Fill the cells of the biofilm, in a tile whose every cell has been filled as tissue.

    Arguments: tile; column (with its biofilm); lanes (members); fluid (fields of a cell with the fluid of the biofilm); baths (that
    speciate a fluid with groups beside it).
    """
    model: CellModel = tile.layout.model
    constants = {name: values[lanes] for name, values in constants_of(column).items()}
    cells = slice(0, column.biofilm.cells)
    mean = film_diffusivity() if model.species_diffusion else 1.0
    per_area = constants["diffusivity_ions"] / mean  # of water
    tile.fields("drag")[:] = per_area / constants["diffusivity_sugar"]
    tile.view[0, tile.layout.fields["drag"], :] = 1.0 / mean
    tile.view[-2, tile.layout.fields["drag"], :] = tile.fields("drag")[-1]
    numbers = {
        "diffusivity_scale": per_area / constants["water"],
        "porosity_exponent": 1.0,
        "production": constants["production"] / LITRES,
        "half_saturation": constants["half_saturation"] / LITRES,
        "collagen_decay_rate": 0.0,
    }
    numbers |= {name: constants[name] for name in ("lactate_yield", "ph_minimum", "ph_optimum", "ph_maximum")}
    groups = f"total{model.family('Fix')}"
    held = baths.speciated(fluid | numbers | {groups: constants["fixed_buffer"] / (constants["water"] * LITRES)})
    for name, value in (held | numbers).items():
        if name in tile.layout.fields:
            tile.fields(name)[cells] = value
    tile.fields("half_saturation")[cells.stop :] = 1.0  # nobody eats there
    for j in range(SIZE):
        tile.fields(f"inventory{j}")[cells] = constants["water"] * held[f"amount{j}"]
    for f in range(len(model.system.families)):
        tile.fields(f"stock{f}")[cells] = constants["water"] * held[f"total{f}"]
    hydrogen, frame = held[f"c{SIZE - 1}"], held | numbers
    tile.fields("appetite")[cells] = appetite(lambda name: frame[name], hydrogen, ARRAYS)
    tile.fields("counter")[cells] = constants["water"] * held["free_groups"]
    pores = 1.0 - column.sound[lanes, :, -1].sum(axis=1) - column.organic[lanes, -1]
    for k, phase in enumerate(column.phases):  # apatite does not grow among bacteria, which keep saliva from turning into stone
        scale = 1.0 if phase.alone else 0.0 if phase.apatite else constants["water"] / pores
        for law in ("growth_rate", "dissolution_rate"):
            tile.fields(f"{law}.{k}")[cells] *= scale
    tile.fields("sound_apatite")[cells] = tile.fields("sound0")[cells]
