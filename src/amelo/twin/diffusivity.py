"""Tracer diffusivities of dissolved species in free water, at the temperatures of the twin."""

from __future__ import annotations

from functools import cache

from amelo.params import load_set
from amelo.twin.chemistry.table import ReactionTable, reaction_table

__all__ = ["added_diffusivities", "diffusivities", "one_diffusivity", "temperature_factor"]

REFERENCE = 298.15  # K, at which the tracer diffusivities were measured


def temperature_factor(temperature: float) -> float:
    """Return by how much diffusion in water is faster than at 25 °C: T/298.15 · viscosity(25 °C)/viscosity(T).

    Arguments: temperature [degC], 25 or 37.
    Assumptions: Stokes-Einstein.  IPhreeqc 3.8.6 uses the ratio of viscosities alone (1.287 instead of 1.339 at 37 °C).
    """
    transport = load_set("transport")
    viscosity = transport.value("viscosity.25C") / transport.value(f"viscosity.{temperature:g}C")
    return (temperature + 273.15) / REFERENCE * viscosity


@cache
def diffusivities(temperature: float = 37.0) -> dict[str, float]:
    """Return the tracer diffusivity [m2/s] of every species of the reaction table.

    Arguments: temperature [degC], 25 or 37.
    Raises: ParameterError for a species without one.
    """
    transport, factor = load_set("transport"), temperature_factor(temperature)
    return {s.name: factor * transport.value(f"tracer_diffusivity.{s.name}") for s in reaction_table(temperature).species}


@cache
def one_diffusivity(temperature: float = 37.0) -> float:
    """Return the one diffusivity in free water [m2/s] that stands for all species where they are not told apart.

    Arguments: temperature [degC], 25 or 37.
    """
    return load_set("transport").value("free_diffusivity") * temperature_factor(temperature) / temperature_factor(37.0)


def added_diffusivities(table: ReactionTable) -> dict[str, float]:
    """Return the tracer diffusivity [m2/s] of the species that were added to a table, at the temperature of its constants."""
    factor, prefix = temperature_factor(table.constants.temperature), "tracer_diffusivity."
    return {p.name.removeprefix(prefix): factor * p.value for p in table.constants if p.name.startswith(prefix)}
