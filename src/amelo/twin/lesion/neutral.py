"""From what a result makes of ghost cells to what it makes of the totals of fluids whose pH is the one at which they are neutral."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import fluid_arrays
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import ReactionTable, reaction_table
from amelo.twin.lesion.baths import bath_arrays
from amelo.twin.lesion.kernel import Layout

__all__ = ["neutral_bars"]

AROUND = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}  # differences of fourth order
UPWARDS = {0: -25 / 12, 1: 4.0, 2: -3.0, 3: 4 / 3, 4: -1 / 4}
APART = 1e-3  # between two points, of a total or of a unit of pH
LEAST = 1e-4  # mol/m3, below which a total is all but absent
LITRES = 1000.0


def neutral_bars(
    layout: Layout, fluids: Sequence[Fluid], bars: np.ndarray, names: Sequence[str], table: ReactionTable | None = None
) -> np.ndarray:
    """Return the derivatives (S, components) [per mol/m3] of a result with respect to the totals of fluids.

    Arguments: layout; fluids (S, of one temperature, each with the pH that its totals ask for and an inert ion that closes what rounding leaves of its charge); bars (S,
    fields of a bath), the adjoints of ghost cells; names (of the components); table (of reactions in the column, None for the shipped one).
    Assumptions: pH follows from all totals by neutrality, whose derivative the implicit function theorem gives.
    Raises: SolveError for a fluid without a speciation.
    """
    own = reaction_table(fluids[0].temperature_C)
    inside = table or own
    totals, ph, closing, _ = fluid_arrays(inside, fluids)
    mouth, _, _, _ = fluid_arrays(own, fluids)

    def charge(totals: np.ndarray, ph: np.ndarray) -> np.ndarray:
        return speciate(own, totals, ph).charge

    felt = [(i, name) for i, name in enumerate(layout.bath) if bars[:, i].any()]

    def result(totals: np.ndarray, ph: np.ndarray) -> np.ndarray:
        values = bath_arrays(layout.model, speciate(inside, totals, ph, closing=closing).raise_if_bad("a fluid of the mouth"))
        return sum((bars[:, i] * values[name] for i, name in felt if name in values), np.zeros(len(ph)))

    by_ph, charge_by_ph = (
        sum(w * f(t, ph + n * APART) for n, w in AROUND.items()) / APART for f, t in ((result, totals), (charge, mouth))
    )
    out = np.zeros((len(fluids), len(names)))
    for j, name in enumerate(names):
        column = own.names.index(name)
        step, stencil = _reach(mouth[:, column])
        slope = _slope(charge, mouth, column, ph, step, stencil)
        out[:, j] = -by_ph * slope / charge_by_ph
        if name in inside.names and (inside.names.index(name) != closing).any():
            column = inside.names.index(name)
            out[:, j] += np.where(closing == column, 0.0, _slope(result, totals, column, ph, step, stencil))
    return out / LITRES


def _reach(amount: np.ndarray) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the distance between two points of each fluid, and the places and weights of a stencil: upwards where there is next to nothing."""
    step = APART * np.maximum(amount, LEAST / LITRES)
    little = amount < LEAST / LITRES
    places = sorted({*AROUND, *UPWARDS})
    weights = [np.where(little, UPWARDS.get(n, 0.0), AROUND.get(n, 0.0)) for n in places]
    return step, [(n * step * (w != 0.0), w) for n, w in zip(places, weights, strict=True) if w.any()]


def _slope(
    f: object, totals: np.ndarray, column: int, ph: np.ndarray, step: np.ndarray, stencil: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    found = np.zeros(len(totals))
    for moved, weight in stencil:
        at = totals.copy()
        at[:, column] += moved
        found += weight * f(at, ph)
    return found / step
