"""Mineral phases of the twin and the laws by which they dissolve and grow.

A phase is a solid of the reaction table with a molar volume and two laws.  All rates are per volume of tissue and per sound
reference surface; what a law needs of its surroundings is named in its fields, so that the same object serves every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amelo.twin.lesion.dual import Dual, power, ramp

CORNER = 0.01  # DS within which a law of first order turns from dissolving to growing without a kink

__all__ = ["Dissolution", "Growth", "Phase"]


REACH = 0.2  # a law that is half done within this distance from saturation is a step to Newton's method, which then stops on it
NOWHERE = 30.0


def _inverse(drive: Any, order: float, math: Any) -> Any:
    """Return the distance from saturation at which a law of this order drives so hard."""
    if order == 1.0:
        near = math.sqrt(4.0 * CORNER * drive)
        return math.where(near < 2.0 * CORNER, near, drive + CORNER)
    return math.sqrt(drive) if order == 2.0 else math.exp_any(math.log(drive) * (1.0 / order))


def _if_steep(distance: Any, math: Any) -> Any:
    return math.where(distance < REACH, distance, NOWHERE)


@dataclass(frozen=True)
class Dissolution:
    """R = k (m/m0)^a (1 - DS)^n · acid · fluoride · (1 - θ) for DS < 1.

    Fields: order n; surface_exponent a; acid_order p of (Σ a_HA / a0)^p, 0 switches it off; fluoride_inhibition switches the
    factor 1/(1 + (c_F/K_F)^h); inhibited switches the factor 1 - θ of what inhibitors cover; hydrogen_order q of
    (a_H / 1e-7)^q, as of what carriers release, 0 switches it off.  The rate constant is the parameter ``dissolution_rate.<phase>`` of a column.
    """

    order: float = 2.0
    surface_exponent: float = 2.0 / 3.0
    acid_order: float = 0.0
    fluoride_inhibition: bool = False
    inhibited: bool = False
    hydrogen_order: float = 0.0

    def drive(self, ds: Dual, math: Any) -> Dual:
        """Return how hard the fluid pulls at the solid, 0 where it is saturated.

        Arguments: ds (degree of saturation with its derivative); math (module with exp_any, log and where).
        """
        return power((1.0 - ds).positive(math), self.order, math) if self.order > 1 else ramp(1.0 - ds, CORNER, math)

    def halfway(self, rate: Any, math: Any) -> Any:
        """Return how far below saturation (1 - DS) a step of this rate has dissolved half of what is loose, or ``NOWHERE``."""
        return _if_steep(_inverse(1.0 / rate, self.order, math), math)


@dataclass(frozen=True)
class Growth:
    """R = k A (φ/φ0 - 1)^b (DS - 1)^q · acid · (1 - θ) for DS > 1, φ0 being the pores that sound tissue keeps.

    Fields: order q; acid_order p of (Σ a_HA / a0)^p, as of dissolution, because what quickens a reaction quickens it both ways, 0 switches it off; surface ("own" surface of the phase, "apatite" of all apatites, or "pore" for nucleation anywhere); pore_exponent b
    of the walls that dissolution laid bare, 0 switches it off (nucleation goes with the porosity itself); fluoride_limited (uptake falls with fluoride when it is scarce).
    The rate constant is ``growth_rate.<phase>``.  Where pores follow the mineral, apatites stop at φ0, all else at ``porosity_floor``.
    """

    order: float = 1.0
    surface: str = "apatite"
    pore_exponent: float = 0.0
    fluoride_limited: bool = False
    inhibited: bool = True
    acid_order: float = 0.0

    def drive(self, ds: Dual, math: Any) -> Dual:
        """Return how hard the fluid pushes the solid to grow, 0 where it is not supersaturated."""
        return power((ds - 1.0).positive(math), self.order, math) if self.order > 1 else ramp(ds - 1.0, CORNER, math)

    def halfway(self, ratio: Any, math: Any) -> Any:
        """Return how far above saturation (DS - 1) a step fills half of the room; ``ratio`` is room over rate, or ``NOWHERE``."""
        return _if_steep(_inverse(ratio, self.order, math), math)


@dataclass(frozen=True)
class Phase:
    """One mineral: name, solid of the reaction table, and its laws (None where it never dissolves or never grows).

    ``alone``: its rate constants refer to the pure solid, as of what carriers hold, not to the mineral of the tissue around it.  Its pK and its molar volume are the parameters ``pk.<name>`` and ``molar_volume.<name>`` of a column.
    """

    name: str
    solid: str
    dissolution: Dissolution | None = Dissolution()
    growth: Growth | None = None
    apatite: bool = True
    alone: bool = False
