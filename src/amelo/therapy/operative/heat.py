"""Heat that reaches the pulp through the dentine that is left, and the damage it does."""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.twin.bioheat import Meeting, Tooth, warm
from amelo.twin.tooth.state import WholeTooth

__all__ = ["warmed"]

THINNEST, THICKEST, POINTS = 0.1e-3, 6e-3, 14  # m of dentine between which warmth is tabulated
AFTER = 180.0  # s that a tooth takes to cool again
BARE = 1.5e-4  # m, below which a wall of dentine is taken as this thick


@cache
def _table(meetings: tuple[Meeting, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thicknesses [m], the highest warming [K] and the dose [K s] at the wall of the pulp behind each."""
    thickness = np.geomspace(THINNEST, THICKEST, POINTS)
    peak, dose = np.zeros(POINTS), np.zeros(POINTS)
    for k, dentine in enumerate(thickness):
        found = warm(Tooth.layered(enamel=0.0, dentine=float(dentine), cell=1e-4), meetings, frames=20)
        peak[k] = max(found.pulp.max(), 0.0)
        dose[k] = np.trapezoid(np.maximum(found.pulp, 0.0), found.time)
    return thickness, peak, dose


def warmed(
    tooth: WholeTooth,
    *,
    flux: float | np.ndarray = 0.0,
    exchange: float = 0.0,
    fluid: float = 0.0,
    duration: float,
    residual: np.ndarray,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the pulps (5, M) and the books of a tooth whose floor is warmed for a while.

    Arguments: tooth; flux [W/m2], a number or (M,), and exchange [W/(m2 K)] with a fluid [K over the body]; duration [s]; residual (M,) [m]
    of dentine between.
    Assumptions: warmth adds up, so that what the flux does and what the fluid does are tabulated apart; a bare pulp has a wall of 0.15 mm; heat counts by
    its dose above body temperature.
    Source: lin2010.
    """
    from amelo.twin.pulp.equations import STATES

    if tooth.rooted:
        return tooth.pulp, dict(tooth.books)
    cooling = 10.0
    unit = 1000.0  # W/m2
    of_flux = _table((Meeting(duration, flux=unit, exchange=exchange + cooling), Meeting(AFTER, exchange=cooling)))
    place = np.log(np.clip(residual, BARE, THICKEST))
    peak, dose = (np.interp(place, np.log(of_flux[0]), row) * np.asarray(flux) / unit for row in of_flux[1:])
    if exchange > 0.0 and fluid:
        chilled = _table((Meeting(duration, exchange=exchange + cooling, fluid=-fluid), Meeting(AFTER, exchange=cooling)))
        cold, cold_dose = (np.interp(place, np.log(chilled[0]), row) for row in chilled[1:])
        peak, dose = np.maximum(peak - cold, 0.0), np.maximum(dose - cold_dose, 0.0)
    pulp = tooth.pulp.copy()
    pulp[STATES.index("damage")] += tooth.constants.pulps["heat.gain"] * dose / 3600.0
    books = dict(tooth.books)
    books["warming"] = np.maximum(books.get("warming", 0.0), peak)
    return pulp, books
