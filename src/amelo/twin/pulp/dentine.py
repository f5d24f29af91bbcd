"""What the dentine that is left over a pulp lets through, and what cutting near it does."""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.twin.pulp.course import HOUR

__all__ = ["cutting", "influx_through", "odontoblast_loss", "outflow", "permeability"]

CENTIMETRE_OF_WATER = 98.0665  # Pa


def influx_through(
    bacteria: float | np.ndarray, residual: float | np.ndarray, permeability: float | np.ndarray = 1.0
) -> np.ndarray:
    """Return the influx [unit/s] of bacterial products into a pulp.

    Arguments: bacteria in the lesion, 0 to 1; residual dentine [m]; permeability over that of sound dentine.
    Raises: ParameterError for what cannot be.
    Assumptions: falls exponentially with what is left; all three numbers of it are assumed.
    """
    bacteria, residual, permeability = (np.asarray(x, float) for x in (bacteria, residual, permeability))
    if not ((bacteria >= 0.0) & (bacteria <= 1.0)).all():
        raise ParameterError("the share of bacteria in a lesion is not between 0 and 1")
    if not (np.isfinite(permeability) & (permeability >= 0.0)).all():
        raise ParameterError("the permeability of dentine is below 0 or not finite")
    value = load_set("pulp").value
    return value("dentine.influx") / HOUR * bacteria * permeability * np.exp(-_thickness(residual) / value("dentine.decay"))


def permeability(state: str) -> float:
    """Return how permeable dentine is over sound dentine: ``sound``, ``carious``, or ``excavated`` with its smear layer removed.

    Raises: ParameterError for another word.
    Source: pashley1991.
    """
    states = ("sound", "carious", "excavated")
    if state not in states:
        raise ParameterError(f"'{state}' is not a state of dentine", fix=nearest(state, states))
    return 1.0 if state == "sound" else load_set("pulp").value(f"dentine.{state}_permeability")


def odontoblast_loss(residual: float | np.ndarray) -> np.ndarray:
    """Return the share of odontoblasts that a cavity over so much residual dentine [m] costs; all at exposure.

    Assumptions: the injury passes the dentine and what lies behind it in series, so that it halves over one length; inflammation does
    not answer to thickness (murray2003), so that cutting adds damage and nothing else.
    """
    left = _thickness(residual)
    reach = load_set("pulp").value("odontoblasts.reach")
    return reach / (reach + left)


def cutting(residual: float | np.ndarray, duration: float) -> np.ndarray:
    """Return the damage [unit/s] by cutting, evenly over a duration [s], a cavity that leaves so much dentine [m].

    Raises: ParameterError for a thickness below 0 or a duration that is not above 0.
    """
    if not (np.isfinite(duration) and duration > 0.0):
        raise ParameterError(f"cutting lasts {duration:g} s", fix="give a duration above 0")
    return load_set("pulp").value("odontoblasts.damage") * odontoblast_loss(residual) / duration


def outflow(pressure: float | np.ndarray, region: str = "occlusal") -> np.ndarray:
    """Return how fast fluid leaves open dentine [m/s] under a pressure [Pa] of the tissue over the outside.

    Arguments: pressure; region (``occlusal`` or ``cervical``).
    Raises: ParameterError for another region.
    Source: dentinepermeability2002.
    """
    regions = ("occlusal", "cervical")
    if region not in regions:
        raise ParameterError(f"'{region}' is not a region of dentine", fix=nearest(region, regions))
    per_minute = load_set("pulp").value(f"dentine.conductance_{region}")  # uL per minute, cm2 and cm of water
    return per_minute * 1e-9 / 60.0 / 1e-4 / CENTIMETRE_OF_WATER * np.asarray(pressure, float)


def _thickness(residual: float | np.ndarray) -> np.ndarray:
    left = np.asarray(residual, float)
    if not (np.isfinite(left) & (left >= 0.0)).all():
        raise ParameterError("residual dentine is below 0 or not finite", fix="give a thickness in metres; 0 is an exposed pulp")
    return left
