"""How warm carriers make their surroundings in an alternating field: one alone hardly, many together.

Warmings are over body temperature.  Conduction is exact in time: the equations of the cells are solved by their eigenvectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.passage import Passage

__all__ = [
    "Warming",
    "canal_warming",
    "conduct",
    "dentine_warming",
    "fraction_for_warming",
    "heat_of",
    "pulp_exchange",
    "single_warming",
]


def single_warming(carrier: Carrier) -> float:
    """Return how much warmer [K] than the water around it the surface of a single carrier becomes, at rest and for ever.

    Source: pankhurst2003.
    """
    power = carrier.iron_oxide_mass * carrier.iron_absorption
    return power / (2.0 * np.pi * load_set(SCENE).value("water.conductivity") * carrier.diameter)


def heat_of(carrier: Carrier, density: float | np.ndarray) -> float | np.ndarray:
    """Return the heat [W/m3] of a number of carriers per volume [1/m3] in an alternating field."""
    return np.asarray(density, float) * carrier.iron_oxide_mass * carrier.iron_absorption


def dentine_warming(passage: Passage, carrier: Carrier, per_metre: np.ndarray, time: np.ndarray) -> Warming:
    """Return how warm dentine and pulp become while carriers in its tubules are heated.

    Arguments: passage, one of the tubules; carrier; per_metre (N,) carriers in it per metre [1/m], free, stuck and plugged; time (T,) [s].
    Returns: Warming, per area of dentine at the mouth.
    Raises: ParameterError for a passage that does not say how many there are per area.
    Assumptions: all tubules alike and as dense everywhere as at the mouth; no heat leaves by the mouth, which is the worst case.
    """
    if not passage.density > 0.0:
        raise ParameterError("a passage that warms dentine says how many there are per area", fix="give a tubule")
    return conduct(passage.edges, heat_of(carrier, np.asarray(per_metre, float) * passage.density), time)


def canal_warming(radius: float, heat: float) -> float:
    """Return how much warmer [K] the axis of a canal is than its wall, which is held at body temperature.

    Arguments: radius [m]; heat [W/m3] that is made all over it.
    Assumptions: for ever, water at rest.
    """
    return heat * radius**2 / (4.0 * load_set(SCENE).value("water.conductivity"))


def fraction_for_warming(carrier: Carrier, radius: float, warming: float) -> float:
    """Return the volume fraction of carriers that warms the axis of a canal of a radius [m] by so much [K] over its wall.

    Raises: ParameterError for a carrier that nothing heats.
    Assumptions: as ``canal_warming``; may be more than fits, 1 included.
    """
    each = float(heat_of(carrier, 1.0 / carrier.volume))
    if not each:
        raise ParameterError(f"{carrier.name} is not heated by an alternating field", why="it holds no iron oxide")
    return warming / canal_warming(radius, each)


def pulp_exchange() -> float:
    """Return the heat that the pulp takes away through its wall per area and warming [W/(m2 K)].

    Assumptions: a thick layer of water that blood clears of heat at a rate, so that warming fades over sqrt(k / (c rate)).
    """
    value = load_set(SCENE).value
    return float(np.sqrt(value("water.conductivity") * value("water.heat_capacity") * value("pulp.clearance")))


@dataclass(frozen=True, eq=False)
class Warming:
    """How warm it became.

    Fields: time (T,) [s]; warming (T, N) [K] of the cells; far (T,) [K] of the far wall, that of the pulp; lost (T,) heat that left
    through it since the start, [J] per area at the mouth of a slab or per length of a tube; held (T,) heat that is still there, alike;
    made (T,), what was made.
    """

    time: np.ndarray
    warming: np.ndarray
    far: np.ndarray
    lost: np.ndarray
    held: np.ndarray
    made: np.ndarray


def conduct(
    edges: np.ndarray,
    heat: np.ndarray,
    time: np.ndarray,
    *,
    tube: bool = False,
    canal: float = 0.0,
    exchange: float | None = None,
) -> Warming:
    """Return the warming of a slab of dentine, or of a canal with dentine around it, while carriers in it are heated.

    Arguments: edges (N + 1,) [m], from a mouth to the pulp or from the axis of a tube outwards, where they start at 0; heat (N,)
    [W/m3] that is made in the cells; time (T,) [s]; tube (whether cells are rings); canal [m], up to where there is water and not
    dentine; exchange [W/(m2 K)] of the far wall, None for that of the pulp, ``inf`` for a wall that is held.
    Raises: ParameterError for edges that do not rise, or heat that does not belong to them.
    Assumptions: no heat passes the near wall, which is the worst case; heat does not move with fluid.
    Source: brown1970.
    """
    from scipy.linalg import eigh_tridiagonal

    edges, heat, time = np.asarray(edges, float), np.asarray(heat, float), np.atleast_1d(np.asarray(time, float))
    if heat.shape != (len(edges) - 1,) or not (np.diff(edges) > 0.0).all() or (tube and edges[0] != 0.0):
        raise ParameterError("edges of a warming rise, one more than there are heats, and those of a tube from 0")
    value = load_set(SCENE).value
    middle, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    wet = middle < canal
    conductivity = np.where(wet, value("water.conductivity"), value("dentine.conductivity"))
    capacity = np.where(wet, value("water.heat_capacity"), value("dentine.heat_capacity"))
    volume = np.pi * np.diff(edges**2) if tube else width
    area = 2.0 * np.pi * edges if tube else np.ones(len(edges))
    half = 0.5 * width / conductivity
    between = area[1:-1] / (half[:-1] + half[1:])
    outside = pulp_exchange() if exchange is None else exchange
    last = area[-1] / (half[-1] + 1.0 / outside)
    root = np.sqrt(capacity * volume)
    own = np.append(between, last) + np.insert(between, 0, 0.0)
    rates, vectors = eigh_tridiagonal(own / root**2, -between / (root[:-1] * root[1:]))
    drive = vectors.T @ (heat * volume / root)
    moved = rates[:, None] * time
    now = vectors @ (drive[:, None] * -np.expm1(-moved) / rates[:, None])  # (N, T), times the root of capacity
    passed = vectors @ (drive[:, None] * (moved + np.expm1(-moved)) / rates[:, None] ** 2)  # its integral over time
    warming, sum_last = (now / root[:, None]).T, passed[-1] / root[-1]
    far = warming[:, -1] * last / area[-1] / outside
    return Warming(time, warming, far, last * sum_last, warming @ root**2, float((heat * volume).sum()) * time)
