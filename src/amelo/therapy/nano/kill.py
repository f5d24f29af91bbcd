"""What a carrier kills: by radicals that its iron oxide makes of hydrogen peroxide where it is acid, or by touch."""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError
from amelo.therapy.nano.carrier import Carrier

__all__ = ["catalytic_activity", "catalytic_kill", "contact_kill"]

Number = float | np.ndarray


def catalytic_activity(carrier: Carrier, peroxide: Number, ph: Number) -> Number:
    """Return how fast a catalyst works, as hydrogen peroxide [mol/m3] that would work as fast in strong acid and far below saturation.

    Arguments: carrier; peroxide [mol/m3] of hydrogen peroxide; ph of the biofilm.
    Raises: ParameterError for a peroxide below 0.
    Assumptions: peroxide after Michaelis and Menten, acid as one group that must be protonated; peroxide is not used up.
    Source: gao2007.
    """
    peroxide = np.asarray(peroxide, float)
    if (peroxide < 0.0).any():
        raise ParameterError(f"hydrogen peroxide of {peroxide.min():g} mol/m3 is out of range", why="it is at least 0")
    filled = peroxide / (1.0 + peroxide / carrier.kill_peroxide) if carrier.kill_peroxide else peroxide
    return filled / (1.0 + 10.0 ** (carrier.kill_steepness * (np.asarray(ph, float) - carrier.kill_ph)))


def catalytic_kill(carrier: Carrier, iron_oxide: Number, peroxide: Number, ph: Number, duration: Number) -> Number:
    """Return by how many decades the bacteria of a biofilm become fewer beside a catalyst.

    Arguments: carrier; iron_oxide [kg/m3] in the biofilm; peroxide [mol/m3]; ph there; duration [s].
    Raises: ParameterError for less than nothing of any of them.
    Assumptions: all bacteria are reached alike; what hydrogen peroxide kills alone is not counted.
    Source: gao2016.
    """
    return _saturating(
        carrier, carrier.kill_rate * _at_least_0("iron oxide", iron_oxide) * catalytic_activity(carrier, peroxide, ph), duration
    )


def contact_kill(carrier: Carrier, covered: Number, duration: Number) -> Number:
    """Return by how many decades the bacteria on a surface become fewer that carriers cover.

    Arguments: carrier; covered (share of the surface, 0 to 1); duration [s].
    Raises: ParameterError for a share beyond 1 or less than nothing.
    Assumptions: those that are not touched live, so that no more can die than the share that is covered.
    Source: li2018.
    """
    share = _at_least_0("a share covered", covered)
    if (share > 1.0).any():
        raise ParameterError(f"a share covered of {share.max():g} is out of range", why="it is at most 1")
    alive = 1.0 - share + share * 10.0 ** -_saturating(carrier, carrier.kill_contact, duration)
    return -np.log10(alive)


def _saturating(carrier: Carrier, rate: Number, duration: Number) -> Number:
    """Return decades killed at a rate [decades/s] that goes on until what is left cannot be killed."""
    straight = rate * _at_least_0("a duration", duration)
    top = carrier.kill_ceiling
    return top * -np.expm1(-straight / top) if top else straight


def _at_least_0(what: str, number: Number) -> np.ndarray:
    number = np.asarray(number, float)
    if not (number >= 0.0).all():
        raise ParameterError(f"{what} of {number.min():g} is out of range", why="it is at least 0")
    return number
