"""The pace at which one bath replaces another in the pores, where every species has its own.

A mixture of two baths matters to the tissue by how much apatite it can still dissolve, C = Σ w_j T_j near its saturation.  What carries
that through the pores is Σ w_j P_j, with P_j = Σ ν_ij D_i c_i.  So the diffusivity of the share is the ratio of the two differences:
that of the acid, calcium and phosphate in which the baths differ, and not that of their salts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from amelo.twin.lesion.cell import SIZE, CellModel
from amelo.twin.lesion.system import Member
from amelo.twin.reduced.chemistry import APATITE, Chemistry
from amelo.twin.reduced.paths import NODES, Path, bath_paths

__all__ = ["capacities", "mixing_mobility"]

FELT = 1e-6  # mol/L: components that differ by less say nothing of how fast they move


def capacities(
    model: CellModel,
    baths: Sequence[dict[str, float]],
    solubilities: Sequence[tuple[float, float]],
    fluoride: float,
    saturated: float,
) -> np.ndarray:
    """Return by how much each component's total changes the apatite that a bath can dissolve (baths, components) [mol per mol].

    Arguments: model, baths, solubilities and fluoride as of ``bath_paths``; saturated (ln activity product at which apatite is).
    Assumptions: a closed vessel, in which everything that dissolves stays.
    """
    if not model.species_diffusion:
        return np.zeros((len(baths), SIZE + len(model.system.families)))
    closed = _closed(model)
    paths, products = bath_paths(closed, baths, solubilities, fluoride)
    chemistry, nodes = Chemistry(closed), np.arange(NODES)
    place = (saturated - products[0]) / (products[1] - products[0])

    def composition(path: Path) -> np.ndarray:
        rows = [*path.concentrations, *path.totals[SIZE:], path.strength]
        return np.array([*(np.interp(place, nodes, row) for row in rows), 0.0, 0.0])

    y = np.array([composition(path) for path in paths]).T
    ways = [[*APATITE, *[0.0] * chemistry.families], *np.eye(chemistry.size - 1)]
    told = [chemistry.product_slope(y[: chemistry.size], way[: chemistry.size]) for way in chemistry.slopes(y, ways)]
    return (-np.array(told[1:]) / told[0]).T


def mixing_mobility(model: CellModel, one: dict[str, float], other: dict[str, float], weights: np.ndarray) -> float:
    """Return the diffusivity [m2/s] with which two fluids mix, 1 with one diffusivity.

    Arguments: model; one, other (fields of a cell filled with each); weights (components,) of their totals, from :func:`capacities`.
    Returns: that of the apatite that one can dissolve and the other cannot, within what their components have.
    """
    if not model.species_diffusion:
        return 1.0
    chemistry = Chemistry(model)
    y = np.array([chemistry.state(one), chemistry.state(other)]).T
    push, solution = np.diff(chemistry.rows(y)[0][:-2], axis=1)[:, 0], chemistry.solution(y)
    held = [solution.total(j) for j in range(SIZE)] + [sum(m.count * v for m, v in parts) for parts in solution.family]
    totals = np.diff(np.array(held), axis=1)[:, 0]
    felt = np.abs(totals) > FELT
    if not felt.any():
        return float(np.mean([m.diffusivity for m in model.system.core]))
    own = push[felt] / totals[felt]
    return float(
        np.clip(weights @ push / (weights @ totals), max(own.min(), min(m.diffusivity for m in model.system.core)), own.max())
    )


def _closed(model: CellModel) -> CellModel:
    """Return a model in which all species move alike, so that its paths are titrations."""

    def one(members: tuple[Member, ...]) -> tuple[Member, ...]:
        return tuple(replace(m, diffusivity=1.0) for m in members)

    families = tuple(replace(f, members=one(f.members)) for f in model.system.families)
    return replace(model, system=replace(model.system, core=one(model.system.core), families=families), species_diffusion=False)
