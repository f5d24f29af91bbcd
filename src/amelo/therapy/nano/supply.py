"""Balances and limits of a repair: how many carriers a lesion takes, how fast ions can fill it, how fast clusters make enamel grow."""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.motion import sphere_volume

__all__ = [
    "apatite_calcium",
    "apatite_equivalent",
    "carriers_for_deficit",
    "fastest_refill",
    "grown_layer",
    "outflow_interval",
    "white_spot",
]

NORMAL_95 = 1.959963984540054  # of a normal distribution, whose 95 % lie within so many standard deviations
CM3 = 1e-6  # m3


def apatite_calcium() -> float:
    """Return the calcium of hydroxyapatite without pores [mol/m3]."""
    return _calcium("HAp")


def apatite_equivalent(carrier: Carrier) -> float:
    """Return the share of a carrier's volume that apatite with the calcium of its payload would take.

    Raises: ParameterError for a payload that is no solid of the reaction table or holds no calcium.
    """
    if not carrier.payload:
        raise ParameterError(f"{carrier.name} has no payload", fix="take one that has, such as caps-400")
    return carrier.payload_fraction * _calcium(carrier.payload) / apatite_calcium()


def carriers_for_deficit(mineral_deficit: float | np.ndarray, diameter: float, fraction: float) -> float | np.ndarray:
    """Return how many carriers per area [1/m2] hold the mineral that a lesion lacks.

    Arguments: mineral_deficit [m], of apatite per area (ΔZ of 100 vol%·um is 1 um); diameter [m]; fraction of their volume that is
    apatite, or as much calcium as ``apatite_equivalent`` says.
    Raises: ParameterError for a fraction that is none.
    """
    if not 0.0 < fraction <= 1.0:
        raise ParameterError(f"a fraction of {fraction:g} is out of range", why="allowed above 0 to 1")
    return mineral_deficit / (sphere_volume(diameter) * fraction)


def fastest_refill(mineral_deficit: float, path: float, diffusivity: float, excess_concentration: float) -> float:
    """Return the time [s] below which no supply at the surface can fill a lesion.

    Arguments: mineral_deficit [m] of apatite per area; path [m] from the surface to what is missing; diffusivity [m2/s] in the lesion
    (of calcium, pores and their shape included); excess_concentration of calcium at the surface over that at the front [mol/m3].
    Raises: ParameterError for a number that is not above 0.
    Assumptions: calcium moves down a straight and steady gradient; all that arrives becomes mineral.
    """
    for what, number in (("path", path), ("diffusivity", diffusivity), ("excess concentration", excess_concentration)):
        if not number > 0.0:
            raise ParameterError(f"a {what} of {number:g} is out of range", why="it is above 0")
    return mineral_deficit * apatite_calcium() * path / (diffusivity * excess_concentration)


def grown_layer(carrier: Carrier, clusters: float, duration: float | np.ndarray, depth: float = np.inf) -> float | np.ndarray:
    """Return the thickness [m] of enamel that clusters have made grow.

    Arguments: carrier; clusters [mol/m3 of calcium in them] at the start; duration [s]; depth [m] of the fluid over the enamel, ``inf``
    where it is renewed.
    Raises: ParameterError for a carrier on which nothing grows, or less than no clusters.
    Assumptions: growth follows what is left of the clusters after Michaelis and Menten; the fluid is mixed; solved exactly.
    Source: shao2019.
    """
    from scipy.special import wrightomega

    if not carrier.growth_rate:
        raise ParameterError(f"{carrier.name} does not make enamel grow", fix="take one that does, such as ion-clusters")
    if not clusters >= 0.0:
        raise ParameterError(f"clusters of {clusters:g} mol/m3 are out of range", why="at least 0")
    duration = np.asarray(duration, float)
    if clusters == 0.0:
        return 0.0 * duration
    if not np.isfinite(depth):
        return carrier.growth_rate * clusters / (clusters + carrier.growth_half) * duration
    half, speed = carrier.growth_half, carrier.growth_rate * apatite_calcium() / depth
    if not half:
        return np.minimum(carrier.growth_rate * duration, clusters * depth / apatite_calcium())
    left = half * wrightomega(np.log(clusters / half) + (clusters - speed * duration) / half)
    return (clusters - left) * depth / apatite_calcium()


def white_spot(area: float, duration: float | np.ndarray, own_rate: float, carrier: Carrier | None = None) -> float | np.ndarray:
    """Return the area [as given] of a white spot after a time.

    Arguments: area; duration [s]; own_rate [1/s] at which it shrinks with the care that everybody has; carrier, a scaffold, None without.
    Assumptions: a scaffold adds its rate from the first day on; it says nothing of mineral.
    Source: broeseler2020.
    """
    return area * np.exp(-(own_rate + (carrier.scaffold_rate if carrier else 0.0)) * np.asarray(duration, float))


def outflow_interval() -> tuple[float, float, float]:
    """Return low end, middle and high end [m/s] of 95 % of patients' outflow per area of exposed dentine.

    Assumptions: conductance and pressure are lognormal and independent; their ranges hold 95 %, their values are the middle.
    Source: vongsavan1992, camps1996.
    """
    constants = load_set(SCENE)
    parts = [constants["outflow.conductance"], constants["outflow.pressure"]]
    middle = float(np.prod([p.value for p in parts]))
    spread = float(np.sqrt(sum((np.log(p.high / p.low) / (2.0 * NORMAL_95)) ** 2 for p in parts)))
    return middle * float(np.exp(-NORMAL_95 * spread)), middle, middle * float(np.exp(NORMAL_95 * spread))


def _calcium(solid: str) -> float:
    """Return the calcium [mol/m3] of a solid of the reaction table."""
    from amelo.twin.chemistry.table import reaction_table

    atoms = reaction_table(37.0).solid(solid).reaction.get("Ca+2", 0)
    if not atoms:
        raise ParameterError(f"{solid} holds no calcium")
    name = "apatite" if solid == "HAp" else solid
    return atoms / (load_set("tissues").value(f"molar_volume.{name}") * CM3)
