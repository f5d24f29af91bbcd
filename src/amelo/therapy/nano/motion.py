"""How a carrier moves: the one definition of drift and diffusion that every tier uses.

Every function is plain arithmetic on numbers or arrays, so that NumPy, JAX and a particle kernel's tables come from the same text;
``math`` is the module that has ``exp``, ``sqrt``, ``where`` and so on (``numpy`` or ``jax.numpy``).  SI throughout; speeds are positive
inwards, away from the mouth of a passage.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.params import load_set

__all__ = [
    "BOLTZMANN",
    "alignment",
    "diffusivity",
    "magnetic_velocity",
    "mean_rotation",
    "partition",
    "propulsion_velocity",
    "rotational_diffusivity",
    "settling_velocity",
    "sphere_volume",
    "step_out_frequency",
    "viscosity",
    "wall_drag",
]

BOLTZMANN = 1.380649e-23  # J/K, exact by definition of the kelvin
GRAVITY = 9.80665  # m/s2, standard
ZERO = 273.15  # K
WIDEST = 0.95  # of a passage, beyond which the formula of drag in it is not used
Number = Any


def viscosity(temperature: float) -> float:
    """Return the viscosity of water [Pa s] at 25 or 37 degC.

    Arguments: temperature [degC].
    Source: the ``transport`` set.
    """
    return load_set("transport").value(f"viscosity.{temperature:g}C")


def sphere_volume(diameter: Number) -> Number:
    """Return the volume [m3] of a sphere of a diameter [m]."""
    return np.pi / 6.0 * diameter**3


def diffusivity(diameter: Number, temperature: float, fluid_viscosity: Number) -> Number:
    """Return the diffusivity [m2/s] of a sphere in open water after Stokes and Einstein.

    Arguments: diameter [m]; temperature [degC]; fluid_viscosity [Pa s].
    """
    return BOLTZMANN * (temperature + ZERO) / (3.0 * np.pi * fluid_viscosity * diameter)


def rotational_diffusivity(diameter: Number, temperature: float, fluid_viscosity: Number) -> Number:
    """Return the rotational diffusivity [1/s] of a sphere.

    Arguments: diameter [m]; temperature [degC]; fluid_viscosity [Pa s].
    """
    return BOLTZMANN * (temperature + ZERO) / (np.pi * fluid_viscosity * diameter**3)


def wall_drag(ratio: Number, math: Any = np) -> Number:
    """Return how many times harder a sphere is to move along the axis of a tube than in open water.

    Arguments: ratio of the diameters of sphere and tube, 0 in the open; from ``WIDEST`` on that of ``WIDEST``.
    Assumptions: on the axis, tube at rest.
    Source: haberman1958.
    """
    x = math.where(ratio < WIDEST, ratio, WIDEST)
    above = 1.0 - 0.75857 * x**5
    return above / (1.0 - 2.1050 * x + 2.0865 * x**3 - 1.7068 * x**5 + 0.72603 * x**6)


def partition(ratio: Number, math: Any = np) -> Number:
    """Return the share of a tube's cross-section that the centre of a sphere can reach, 0 where it does not fit.

    Arguments: ratio of the diameters of sphere and tube.
    """
    left = math.where(ratio < 1.0, 1.0 - ratio, 0.0)
    return left * left


def magnetic_velocity(diameter: Number, magnetisation: Number, gradient: Number, fluid_viscosity: Number) -> Number:
    """Return the speed [m/s] at which a saturated sphere is pulled up a gradient in open water.

    Arguments: diameter [m]; magnetisation of the whole particle [A/m]; gradient of the flux density [T/m]; fluid_viscosity [Pa s].
    """
    return sphere_volume(diameter) * magnetisation * gradient / (3.0 * np.pi * fluid_viscosity * diameter)


def settling_velocity(diameter: Number, excess_density: Number, fluid_viscosity: Number) -> Number:
    """Return the speed [m/s] at which a sphere sinks in open water.

    Arguments: diameter [m]; excess_density over water [kg/m3]; fluid_viscosity [Pa s].
    """
    return sphere_volume(diameter) * excess_density * GRAVITY / (3.0 * np.pi * fluid_viscosity * diameter)


def step_out_frequency(moment: Number, flux_density: Number, rotational_drag: Number) -> Number:
    """Return the frequency [Hz] above which a body no longer keeps up with a rotating field.

    Arguments: moment [A m2]; flux_density [T]; rotational_drag about the axis of turning [N m s].
    """
    return moment * flux_density / (2.0 * np.pi * rotational_drag)


def mean_rotation(frequency: Number, step_out: Number, math: Any = np) -> Number:
    """Return how many times a second a body turns on average in a field of a frequency, after Adler.

    Arguments: frequency of the field [Hz]; step_out [Hz].
    """
    beyond = math.where(frequency > step_out, frequency * frequency - step_out * step_out, 0.0)
    slipping = frequency - math.sqrt(math.where(beyond > 0.0, beyond, 1.0))
    return math.where(frequency > step_out, slipping, frequency)


def alignment(moment: Number, flux_density: Number, temperature: float, math: Any = np) -> Number:
    """Return the mean cosine between a moment and the field that turns it against heat, after Langevin.

    Arguments: moment [A m2]; flux_density [T]; temperature [degC].
    """
    x = moment * flux_density / (BOLTZMANN * (temperature + ZERO))
    safe = math.where(x > 1e-2, x, 1.0)
    return math.where(x > 1e-2, 1.0 / math.tanh(safe) - 1.0 / safe, x / 3.0)


def propulsion_velocity(advance: Number, length: Number, rotation: Number, aligned: Number) -> Number:
    """Return the speed [m/s] of a helix along the axis about which a field turns it.

    Arguments: advance (lengths per turn); length [m]; rotation [turns/s]; aligned (mean cosine between its axis and that of the field).
    """
    return advance * length * rotation * aligned
