"""Mineral phases of the twin and the laws by which they dissolve and grow.

A phase is a solid of the reaction table with a molar volume and two laws.  All rates are per volume of tissue and per sound
reference surface; what a law needs of its surroundings is named in its fields, so that the same object serves every engine.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Dissolution", "Growth", "Phase"]


@dataclass(frozen=True)
class Dissolution:
    """R = k (m/m0)^a (1 - DS)^n · acid · fluoride · (1 - θ) for DS < 1.

    Fields: order n; surface_exponent a; acid_order p of (Σ a_HA / a0)^p, 0 switches it off; fluoride_inhibition switches the
    factor 1/(1 + (c_F/K_F)^h); inhibited switches the factor 1 - θ of what inhibitors cover.  The rate constant is the parameter ``dissolution_rate.<phase>`` of a column.
    """

    order: float = 2.0
    surface_exponent: float = 2.0 / 3.0
    acid_order: float = 0.0
    fluoride_inhibition: bool = False
    inhibited: bool = False


@dataclass(frozen=True)
class Growth:
    """R = k A (DS - 1)^q (1 - θ) for DS > 1.

    Fields: order q; surface ("own" surface of the phase, "apatite" of all apatites, or "pore" for nucleation anywhere);
    fluoride_limited (uptake falls with fluoride when it is scarce).  The rate constant is ``growth_rate.<phase>``.
    """

    order: float = 1.0
    surface: str = "apatite"
    fluoride_limited: bool = False
    inhibited: bool = True


@dataclass(frozen=True)
class Phase:
    """One mineral: name, solid of the reaction table, and its laws (None where it never dissolves or never grows).

    Its pK and its molar volume are the parameters ``pk.<name>`` and ``molar_volume.<name>`` of a column.
    """

    name: str
    solid: str
    dissolution: Dissolution | None = Dissolution()
    growth: Growth | None = None
    apatite: bool = True
