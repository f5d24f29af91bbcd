"""What carriers move in: one dimension from a mouth inwards, with a width, a flow and a wall.

A tubule of dentine, a canal, a slab or a flat channel are passages.  Where the centre of a carrier can be narrows with the passage, so
that density is counted per area that centres can reach; ``Flow`` holds, face by face, the drift and the diffusivity that the density
and the particle tier both use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.single import Steering, steering

__all__ = ["Flow", "Passage", "flow", "propulsion", "rotational_drag", "tubule"]


@dataclass(frozen=True, eq=False)
class Passage:
    """A passage cut into N cells.

    Fields: edges (N + 1,) [m], 0 at the mouth; width (N + 1,) [m] at them, the diameter of a tube, ``inf`` in the open; outflow (N + 1,)
    [m/s], mean speed of the fluid towards the mouth; far ("pulp", open to what carries away, or "closed"); temperature [degC];
    concentration_gradient (N + 1,) [1/m], of ln of the salt that drives diffusiophoresis; number of such passages per area of tissue
    at the mouth [1/m2], 1 for a slab that is all passage (share of the area at the mouth is then 1).
    """

    edges: np.ndarray
    width: np.ndarray
    outflow: np.ndarray
    far: str = "closed"
    temperature: float = 37.0
    concentration_gradient: np.ndarray | float = 0.0
    density: float = 0.0

    def __post_init__(self) -> None:
        if self.far not in ("pulp", "closed"):
            raise ParameterError(f"'{self.far}' is no end of a passage", fix="use 'pulp' or 'closed'")
        if not (np.diff(self.edges) > 0.0).all() or not (np.asarray(self.width) > 0.0).all():
            raise ParameterError("a passage has edges that rise and a width above 0")

    @property
    def tube(self) -> bool:
        """Whether it is a tube, and not a slab in the open."""
        return bool(np.isfinite(self.width).all())

    def area(self, width: np.ndarray) -> np.ndarray:
        """Return the cross-section [m2] of tubes of a width [m]; of a slab, 1 m2."""
        return np.where(np.isfinite(width), 0.25 * np.pi * np.where(np.isfinite(width), width, 1.0) ** 2, 1.0)


def tubule(
    length: float | None = None,
    cells: int = 200,
    *,
    vital: bool = False,
    temperature: float = 37.0,
    outflow: float | None = None,
    first: float = 2e-6,
    diameters: tuple[float, float, float] | None = None,
    density: float | None = None,
) -> Passage:
    """Return a tubule of dentine from an open mouth towards the pulp.

    Arguments: length [m] (None: the thickness of dentine); cells; vital (whether the pulp presses fluid out, and carries away what
    arrives); temperature [degC]; outflow [m/s] per area of dentine, over the conductance and the pressure of the pulp that hold
    otherwise; first [m], cell at the mouth; diameters [m] at the mouth, half way and at the pulp; density of tubules at the mouth [1/m2].
    Assumptions: the diameter goes linearly from each of its three places to the next; all the outflow is that of the tubules.
    Source: garberoglio1976, vongsavan1992, camps1996.
    """
    from amelo.twin.column import graded_edges

    value = load_set("nano/scene").value
    length = value("dentine.thickness") if length is None else length
    places = diameters or tuple(value(f"tubule.diameter.{at}") for at in ("junction", "middle", "pulp"))
    edges = graded_edges(length, cells, first)
    width = np.interp(edges / length, (0.0, 0.5, 1.0), places)
    density = value("tubule.density.junction") if density is None else density
    if outflow is None:
        outflow = value("outflow.conductance") * value("outflow.pressure") if vital else 0.0
    speed = outflow / (density * 0.25 * np.pi * width**2)  # what leaves at the mouth has passed everywhere
    return Passage(edges, width, speed, "pulp" if vital else "closed", temperature, 0.0, density)


@dataclass(frozen=True, eq=False)
class Flow:
    """How a carrier moves in a passage under a field, face by face.

    Fields: drift (N + 1,) [m/s] inwards; diffusivity (N + 1,) [m2/s]; reach (N + 1,) [m2] of the cross-section that centres can reach at
    the faces, and reach_cells (N,) its mean over the cells; parts (name: (N + 1,)), what the drift is made of.
    """

    drift: Any
    diffusivity: Any
    reach: Any
    reach_cells: Any
    parts: dict[str, Any]


def flow(passage: Passage, carrier: Carrier, field: Field, *, math: Any = np, **changed: Any) -> Flow:
    """Return drift and diffusivity of a carrier in a passage, for every tier.

    Arguments: passage; carrier; field; math (``numpy`` or ``jax.numpy``); changed (numbers of carrier, field or passage that stand in for
    theirs and may be traced: diameter, excess_density, magnetisation, gradient, outflow, mobility).
    Raises: ParameterError for a carrier that does not fit into the passage.
    Assumptions: cores are saturated; drag is that on the axis; fluid carries a carrier along at its mean speed.
    Source: haberman1958.
    """
    get = {**{name: getattr(carrier, name) for name in ("diameter", "excess_density", "magnetisation", "mobility")}}
    get |= {"gradient": field.gradient, "outflow": passage.outflow} | changed
    width = passage.width
    if passage.tube and "diameter" not in changed and carrier.diameter >= width.min():
        why = f"it has {carrier.diameter * 1e9:g} nm, the narrowest place {width.min() * 1e9:.4g} nm"
        raise ParameterError(f"{carrier.name} does not fit into the passage", why=why, fix="take a smaller carrier")
    fluid = motion.viscosity(passage.temperature)
    ratio = get["diameter"] / width  # 0 in the open
    drag = motion.wall_drag(ratio, math)
    pulled = motion.magnetic_velocity(get["diameter"], get["magnetisation"], get["gradient"], fluid) / drag
    sinking = field.gravity * motion.settling_velocity(get["diameter"], get["excess_density"], fluid) / drag
    screwed = _screwed(carrier, field, passage.temperature)
    swum = (screwed.speed if screwed else 0.0) * math.ones_like(ratio)
    driven = get["mobility"] * passage.concentration_gradient * math.ones_like(ratio)
    parts = {
        "pull": pulled,
        "gravity": sinking,
        "propulsion": swum,
        "diffusiophoresis": driven,
        "outflow": -get["outflow"] * math.ones_like(ratio),
    }
    spread = (screwed.diffusivity if screwed else motion.diffusivity(get["diameter"], passage.temperature, fluid)) / drag
    if field.ultrasound:
        spread = spread + load_set("nano/scene").value("ultrasound.mixing")
    reach = passage.area(width) * motion.partition(ratio, math)
    middle = 0.5 * (width[:-1] + width[1:])
    cells = passage.area(middle) * motion.partition(get["diameter"] / middle, math)
    return Flow(sum(parts.values()), spread, reach, (reach[:-1] + 4.0 * cells + reach[1:]) / 6.0, parts)


def propulsion(carrier: Carrier, field: Field, temperature: float) -> float:
    """Return the speed [m/s] of a helix in a rotating field, 0 for what is no helix.

    Arguments: carrier; field; temperature [degC].
    Assumptions: that of a helix in open water whose axis and moment heat turns about (``single.steering``).
    """
    found = _screwed(carrier, field, temperature)
    return found.speed if found else 0.0


def _screwed(carrier: Carrier, field: Field, temperature: float) -> Steering | None:
    """Return what a rotating field does with a helix, None for what is no helix or a field that does not rotate."""
    if carrier.form != "helix" or not field.frequency or not field.flux_density:
        return None
    return steering(carrier, field.frequency, field.flux_density, temperature)


def rotational_drag(carrier: Carrier, fluid: float) -> float:
    """Return the drag [N m s] of a slender body that turns about its long axis.

    Arguments: carrier (its diameter is that of the sphere of its volume, its length that of the body); fluid (viscosity [Pa s]).
    Assumptions: a cylinder of the same volume and length, 4 π η r² L.
    """
    radius_squared = carrier.volume / (np.pi * carrier.length)
    return 4.0 * np.pi * fluid * radius_squared * carrier.length
