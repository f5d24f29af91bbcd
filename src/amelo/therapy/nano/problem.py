"""A passage, a carrier and a field as arrays for the density tier: put together, looked at, and judged for how much work they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import Passage, flow
from amelo.twin.precision import jax64

__all__ = ["DILUTE", "Problem", "check", "fluid_factors", "may_crowd", "problem_of", "usual_steps"]

Array = Any
OF_FLOW = ("diameter", "excess_density", "magnetisation", "gradient", "outflow", "mobility")
OF_CARRIER = ("stick_tubule", "detach_rate", "release_rate", "gelation_fraction", "gelation_time")
FEWEST, MOST, TRACED = 128, 512, 256  # steps
DILUTE = 0.005  # volume fraction up to which carriers neither narrow a passage nor feel each other
GATHERED = 20.0


class Problem(NamedTuple):
    """A passage, a carrier and a field as arrays.

    Fields: size (N,) of cells [m]; gap (N + 1,) between centres, at the ends from the centre to the edge [m]; pull (N + 1,), drift that a
    wall slows [m/s]; swim (N + 1,), drift that it does not [m/s]; fluid (N + 1,), drift with the fluid [m/s]; spread (N + 1,), diffusivity
    [m2/s]; reach (N + 1,) at faces and reach_cells (N,) [m2]; ratio (N + 1,) and ratio_cells (N,) of the diameters of carrier and
    passage; area (N,) of the cross-section [m2]; mouth and pulp (1 where that end is open, else 0); outside [1/m3] and outside_load, loads
    per carrier there; volume [m3] and diameter [m] of a carrier; close, jam_ratio and jam_fraction of packing; stick (N,), detach and
    release (N,) rates [1/s]; gelation_fraction and gelation_time [s]; duration [s].
    """

    size: Array
    gap: Array
    pull: Array
    swim: Array
    fluid: Array
    spread: Array
    reach: Array
    reach_cells: Array
    ratio: Array
    ratio_cells: Array
    area: Array
    mouth: Array
    pulp: Array
    outside: Array
    outside_load: Array
    volume: Array
    diameter: Array
    close: Array
    jam_ratio: Array
    jam_fraction: Array
    stick: Array
    detach: Array
    release: Array
    gelation_fraction: Array
    gelation_time: Array
    duration: Array


def problem_of(
    passage: Passage, carrier: Carrier, field: Field, factors: dict[str, Array], given: dict[str, Array], traced: bool
) -> Problem:
    """Return the problem of one passage.

    Arguments: passage; carrier; field; factors (of :func:`fluid_factors`); given (outside, duration, load and what is changed); traced
    (whether JAX traces any of it).
    """
    math = jax64().numpy if traced else np
    get = {name: getattr(carrier, name) for name in OF_CARRIER} | given
    moving = flow(passage, carrier, field, math=math, **{name: given[name] for name in OF_FLOW if name in given})
    diameter = given.get("diameter", carrier.diameter)
    middle = 0.5 * (passage.edges[:-1] + passage.edges[1:])
    width = 0.5 * (passage.width[:-1] + passage.width[1:])
    ends, middles = passage.area(passage.width), passage.area(width)
    one = math.ones(len(width))
    value = load_set("nano/scene").value
    wall = 4.0 / width  # perimeter over area, 0 in the open
    return Problem(
        size=np.diff(passage.edges),
        gap=np.diff(np.concatenate([passage.edges[:1], middle, passage.edges[-1:]])),
        pull=moving.parts["pull"] + moving.parts["gravity"],
        swim=moving.parts["propulsion"] + moving.parts["diffusiophoresis"],
        fluid=moving.parts["outflow"],
        spread=moving.diffusivity,
        reach=moving.reach,
        reach_cells=moving.reach_cells,
        ratio=diameter / passage.width,
        ratio_cells=diameter / width,
        area=(ends[:-1] + 4.0 * middles + ends[1:]) / 6.0,
        mouth=0.0 if given["outside"] is None else 1.0,
        pulp=1.0 if passage.far == "pulp" else 0.0,
        outside=0.0 if given["outside"] is None else given["outside"] + 0.0,
        outside_load=given["load"] + 0.0,
        volume=np.pi / 6.0 * diameter**3,
        diameter=diameter,
        close=value("packing.close"),
        jam_ratio=value("packing.jam_ratio"),
        jam_fraction=value("packing.jam_fraction"),
        stick=get["stick_tubule"] * factors["sticks"] * wall * one,
        detach=get["detach_rate"] + 0.0,
        release=get["release_rate"] * factors["releases"] * one,
        gelation_fraction=get["gelation_fraction"] + 0.0,
        gelation_time=get["gelation_time"] + 0.0,
        duration=given["duration"] + 0.0,
    )


def fluid_factors(carrier: Carrier, ph: Array, saturation: Array) -> dict[str, Array]:
    """Return by what the fluid multiplies sticking and release."""
    math = jax64().numpy if isinstance(saturation, jax64().core.Tracer) else np
    slowed = math.maximum(1.0 - math.asarray(saturation, float), 0.0)
    return {
        "sticks": carrier.changed(stick_tubule=1.0).sticking(0.0, ph, tubule=True),
        "releases": carrier.changed(release_rate=1.0).release(ph) * slowed,
    }


def usual_steps(problem: Problem | None) -> int:
    """Return how many steps of time are enough: 128, 256 or 512, so that few programs are compiled.

    Enough is that in the last and longest step a front moves by at most twice its width, as diffusion makes it while the front is in the
    passage, and that gelation takes a few steps where the bath is dense enough for it; 256 where JAX traces numbers.  Depths are then
    good to 1e-3 of themselves or better, profiles to 2e-2, mostly 1e-3 (measured in the tests).
    """
    if problem is None:
        return TRACED
    drift = np.abs(problem.pull + problem.swim + problem.fluid).max(-1)
    inside = np.minimum(np.sum(problem.size, -1) / np.maximum(drift, 1e-300), problem.duration)  # how long a front is
    width = np.sqrt(2.0 * np.min(problem.spread, -1) * np.maximum(inside, 1e-12))
    wanted = np.max(drift * problem.duration / width)
    if np.max(problem.outside * problem.volume) > DILUTE:
        wanted = max(wanted, 4.0 * np.max(problem.duration) / np.min(problem.gelation_time))
    return int(2 ** np.ceil(np.log2(min(max(float(wanted), FEWEST), MOST))))


def may_crowd(problem: Problem, state: Any) -> bool:
    """Return whether carriers may come so close that they are not dilute: if those outside or inside, GATHERED times closer, are not.

    It is a guess that saves time; a run that took carriers for dilute and finds that they are not is to be done again.

    Arguments: problem; state (a ``State``).
    """
    inside = (np.abs(state.free) + state.stuck + state.plug) / problem.area
    densest = np.maximum(np.max(inside, -1), problem.outside)
    return bool(np.max(GATHERED * densest * problem.volume) > DILUTE)


def check(
    passage: Passage, carrier: Carrier, state: Any, given: dict[str, Any], steps: int | None, changed: dict[str, Array], many: bool
) -> None:
    """Refuse what cannot be.

    Arguments: passage; carrier; state; given (outside, duration, load, ph, saturation); steps; changed; many (whether first axes are those of
    members).
    Raises: ParameterError in a sentence.  What JAX traces is not looked at.
    """
    cells = len(passage.edges) - 1
    known = (*OF_FLOW, *OF_CARRIER)
    for name in changed:
        if name not in known:
            raise ParameterError(f"'{name}' is nothing that carry can change", where=carrier.name, fix=nearest(name, known))
    if np.shape(state.free)[-1:] != (cells,):
        raise ParameterError(
            f"the state has {np.shape(state.free)[-1:]} cells and the passage {cells}", fix="use State.empty(passage)"
        )
    if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool) or steps < 1):
        raise ParameterError(
            f"{steps} steps of time are out of range", why="at least 1; no number of them is unstable, because they are implicit"
        )
    if isinstance(given["ph"], jax64().core.Tracer):
        raise ParameterError(
            "the pH has no derivative here", fix="give it as numbers, and derive by what depends on it: stick_tubule, release_rate"
        )
    for name in () if many else ("ph", "saturation"):
        if np.shape(given[name]) not in ((), (cells,)):
            raise ParameterError(
                f"{name} has the shape {np.shape(given[name])}", why=f"it is a number or one for each of {cells} cells"
            )
    diameter = changed.get("diameter", carrier.diameter)
    close = load_set("nano/scene").value("packing.close")
    bounds = {  # name: (value, least, most, unit, why)
        "duration": (given["duration"], 0.0, np.inf, "s", "time goes forwards"),
        "outside": (given["outside"], 0.0, np.inf, "1/m3", "a number of carriers"),
        "load": (given["load"], 0.0, 1.0, "", "the share of a full load"),
        "ph": (given["ph"], 0.0, 14.0, "", "pH of water"),
        "saturation": (given["saturation"], 0.0, np.inf, "", "0 in water, 1 where the payload no longer dissolves"),
        **{name: (changed.get(name), 0.0, np.inf, "", "a rate, a speed or a share") for name in OF_CARRIER},
        "gelation_time": (changed.get("gelation_time"), 1e-6, np.inf, "s", "plugging takes time"),
        "gelation_fraction": (changed.get("gelation_fraction"), 1e-6, np.inf, "", "some carriers are everywhere"),
        "diameter": (
            changed.get("diameter"),
            1e-10,
            float(np.min(passage.width)) * (1.0 - 1e-9),
            "m",
            "it has to fit into the passage",
        ),
    }
    for name, (value, least, most, unit, why) in bounds.items():
        if value is None or isinstance(value, jax64().core.Tracer):
            continue
        found = np.asarray(value, float).ravel()
        bad = found[~((found >= least) & (found <= most) & np.isfinite(found))]
        if bad.size:
            raise ParameterError(
                f"{name} = {bad[0]:g} {unit}".rstrip() + " is out of range",
                where=carrier.name,
                why=f"{why}, from {least:g} to {most:g}",
            )
    if given["outside"] is not None and not any(isinstance(x, jax64().core.Tracer) for x in (given["outside"], diameter)):
        filled = np.max(np.asarray(given["outside"]) * np.pi / 6.0 * np.asarray(diameter) ** 3)
        if filled > close * (1.0 + 1e-9):
            raise ParameterError(
                f"a bath of {np.max(given['outside']):.3g} carriers per m3 cannot be",
                where=carrier.name,
                why=f"they would fill {filled:.3g} of it, and packed at random they fill {close:g}",
                fix=f"give at most {close / (np.pi / 6.0 * np.max(diameter) ** 3):.3g} per m3",
            )
