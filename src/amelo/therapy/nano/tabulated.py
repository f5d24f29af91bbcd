"""What a visit does in tubules and on a floor, computed once over thicknesses of dentine and lots of chances, and looked up per member.

Everything is per area of dentine whose tubules are all open; the density tier (``density``, ``docking``) does the computing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.opening import LOTS, lots
from amelo.therapy.nano.passage import Passage
from amelo.therapy.nano.visit import Act
from amelo.twin.kept import kept

__all__ = ["DEFICITS", "DEPTHS", "Floors", "Tubules", "floors", "on_the_floor", "passage_at", "reached", "tubules"]

CELLS, FIRST, STEPS = 120, 2e-6, 256  # of a tubule, the first of them [m], of time in an act: both change less than looking up does
SHARES = (
    0.015, 0.03, 0.05, 0.075, 0.1, 0.13, 0.17, 0.21, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.4,
)  # fmt: skip
"""Of the thickness of dentine, that is left under a floor."""
DEPTHS = np.concatenate(
    [[0.0], np.geomspace(2e-6, 6e-5, 16)[:-1], np.arange(6e-5, 4.5e-3, 6e-5), [5e-3, 7e-3, 12e-3]]
)  # m below the floor
DEFICITS = np.array([0.0, 0.05, 0.15, 0.35, 0.65, 1.0])  # of the mineral of a floor
HEAT_CELLS = 40
DILUTE = (
    5e-5  # of the volume of a bath, up to which carriers neither meet nor close a tubule, so that twice as many do twice as much
)
VERSION = 1  # of how tables are made: to be raised when that changes, so that kept ones are not used any more
FOR_EVER = 1e6  # s


@dataclass(frozen=True, eq=False)
class Tubules:
    """What a visit with one carrier does in tubules, of L lots, K thicknesses and Z depths.

    Fields: residual (K,) [m]; entered, home (left again by the mouth), retrieved (of them while taken home), plugged, pulp (L, K) carriers
    [1/m2]; inside (L, K, Z) [1/m2], those that lie above each depth; killed (L, K, Z) [m], the thickness above each depth in whose tubules
    bacteria are dead; resisting (L, K, Z) and open (K, Z), resistance to flow above each depth with and without carriers; far and hot
    (L, K) [K], the highest warming of the pulp and of the warmest place; heat (L, K) [K s], the dose of the pulp.
    """

    residual: np.ndarray
    entered: np.ndarray
    home: np.ndarray
    retrieved: np.ndarray
    plugged: np.ndarray
    pulp: np.ndarray
    inside: np.ndarray
    killed: np.ndarray
    resisting: np.ndarray
    open: np.ndarray
    far: np.ndarray
    hot: np.ndarray
    heat: np.ndarray


@dataclass(frozen=True, eq=False)
class Floors:
    """What a visit with one carrier does on a floor, of L lots and D deficits: arrived, docked, left and of them retrieved (L, D) [1/m2];
    at_end (A, L, D), what is docked when each act ends."""

    arrived: np.ndarray
    docked: np.ndarray
    left: np.ndarray
    retrieved: np.ndarray
    at_end: np.ndarray


def passage_at(residual: float, thickness: float, *, vital: bool, cells: int = CELLS) -> Passage:
    """Return a tubule from a floor to the pulp.

    Arguments: residual and thickness [m], what is left of dentine and all of it; vital (whether a pulp presses fluid out); cells.
    Assumptions: tubules are as wide and as many as at that place in whole dentine; outflow per area does not depend on the place.
    Source: garberoglio1976, vongsavan1992.
    """
    from amelo.twin.column import graded_edges

    value = load_set(SCENE).value
    edges = graded_edges(residual, cells, FIRST)
    place = 1.0 - (residual - edges) / thickness
    width = np.interp(place, (0.0, 0.5, 1.0), [value(f"tubule.diameter.{at}") for at in ("junction", "middle", "pulp")])
    density = float(np.interp(place[0], (0.0, 0.5, 1.0), [value(f"tubule.density.{at}") for at in ("junction", "middle", "pulp")]))
    outflow = value("outflow.conductance") * value("outflow.pressure") if vital else 0.0
    speed = outflow / (density * 0.25 * np.pi * width**2)
    return Passage(edges, width, speed, "pulp" if vital else "closed", density=density)


@cache
def tubules(carrier: Carrier, acts: tuple[Act, ...], thickness: float, vital: bool, conductance: float = 1.0) -> Tubules:
    """Return the table of a carrier in tubules.

    Arguments: carrier; acts, as it sees them; thickness of dentine [m]; vital; conductance, of what water tubules still pass after earlier
    plugs.
    """
    most = max((act.outside for act in acts), default=0.0)
    dilute = DILUTE / carrier.volume
    if _only_carries(carrier, acts) and 0.0 < most < dilute:  # one table stands for all dilute baths
        thin = tuple(replace(act, outside=dilute * (act.outside / most)) for act in acts)
        return _scaled(tubules(carrier, thin, thickness, vital, conductance), most / dilute)
    residual = thickness * np.array(SHARES)

    def make() -> dict[str, np.ndarray]:
        found = [
            reached(carrier, acts, passage_at(float(r), thickness, vital=vital), vital=vital, conductance=conductance)
            for r in residual
        ]
        named = {name: np.stack([row[name] for row in found], axis=1) for name in found[0] if name != "open"}
        return {**named, "open": np.stack([row["open"] for row in found])}

    depends = (VERSION, carrier, acts, thickness, vital, conductance, CELLS, FIRST, STEPS, SHARES, DEPTHS.tolist(), _scene())
    return Tubules(residual, **kept("tubules", depends, make))


def _only_carries(carrier: Carrier, acts: tuple[Act, ...]) -> bool:
    """Return whether nothing is killed or warmed, which half as many carriers would not do by half."""
    return not carrier.kill_contact and not any((act.peroxide and carrier.kill_rate) or act.field.heating for act in acts)


def _scaled(table: Tubules, share: float) -> Tubules:
    """Return the table of so many times as many carriers, all of them dilute."""
    amounts = {name: share * getattr(table, name) for name in ("entered", "home", "retrieved", "plugged", "pulp", "inside")}
    return replace(table, **amounts, resisting=table.open[None] + share * (table.resisting - table.open[None]))


@cache
def _scene() -> tuple[object, ...]:
    """Return all constants that a table depends on beside its carrier."""
    return tuple((p.name, p.value, p.low, p.high) for name in (SCENE, "pulp") for p in load_set(name))


def reached(
    carrier: Carrier, acts: tuple[Act, ...], passage: Passage, *, vital: bool, conductance: float = 1.0
) -> dict[str, np.ndarray]:
    """Return what a visit does in one kind of tubule: rows of :class:`Tubules` by name.

    Arguments: carrier; acts; passage; vital; conductance as of :func:`tubules`.
    Assumptions: those of :func:`amelo.therapy.nano.inside.inside`; the pH of the bath is 7, that beside bacteria the one of carious
    dentine; a catalyst works at the mean of its density over an act; carriers that touch go on touching as long as they stay.
    """
    from amelo.therapy.nano.density import State, carry_many
    from amelo.therapy.nano.measures import conductance_left

    tooth, own = lots(), lots(carrier)
    usual = load_set(SCENE).value("outflow.conductance") * load_set(SCENE).value("outflow.pressure")
    counted = tooth["tubule.density"] * passage.density / load_set(SCENE).value("tubule.density.junction")
    pressed = tooth["outflow.conductance"] * tooth["outflow.pressure"] / usual * passage.density / counted * conductance
    changed = {name: own[name] for name in ("magnetisation", "stick_tubule") if name in own}
    state = State(*(np.broadcast_to(x, (LOTS, *np.shape(x))) for x in State.empty(passage)))
    size, entered, home, retrieved = np.diff(passage.edges), np.zeros(LOTS), np.zeros(LOTS), np.zeros(LOTS)
    before, straight = np.zeros((LOTS, len(size))), np.zeros((LOTS, len(size)))
    far, hot, heat = np.zeros(LOTS), np.zeros(LOTS), np.zeros(LOTS)
    since = 0.0
    for act in acts:
        if vital:
            changed["outflow"] = (pressed * np.asarray(conductance_left(state, passage, carrier)))[:, None] * passage.outflow
        state, done = carry_many(
            passage,
            carrier,
            act.field,
            state,
            outside=act.outside,
            duration=act.duration,
            ph=7.0,
            saturation=1.0,
            steps=STEPS,
            **changed,
        )
        entered, home = entered + np.asarray(done.entered), home + np.asarray(done.left_by_mouth)
        retrieved = retrieved + (np.asarray(done.left_by_mouth) if act.home else 0.0)
        line = np.maximum(sum(np.asarray(getattr(state, name)) for name in ("free", "stuck", "plug")), 0.0)
        if carrier.kill_rate and act.peroxide:
            straight += _catalysed(carrier, act, passage, 0.5 * (before + line), tooth["carious.ph"], pressed if vital else None)
        if act.field.heating and carrier.iron_fraction:
            warm = _warmed(carrier, passage, line * counted[:, None] * size, act.duration)
            far, hot, heat = np.maximum(far, warm[0]), np.maximum(hot, warm[1]), heat + warm[2]
        before, since = line, since + act.duration
    lines = [np.asarray(getattr(state, name)) for name in ("free", "stuck", "plug")]
    along, alone = _resistance(passage, carrier, lines[1] + lines[2])
    return {
        "entered": entered * counted,
        "home": home * counted,
        "retrieved": retrieved * counted,
        "plugged": (lines[2] * size).sum(axis=1) * counted,
        "pulp": np.maximum(np.asarray(state.pulp), 0.0) * counted,
        "inside": _rising(_above(passage, sum(lines) * size * counted[:, None])),
        "killed": _above(passage, _dead(carrier, passage, straight, lines[1], since) * size),
        "resisting": _above(passage, along),
        "open": _above(passage, alone[None])[0],
        "far": far,
        "hot": hot,
        "heat": heat,
    }


def _above(passage: Passage, amounts: np.ndarray) -> np.ndarray:
    """Return how much of the amounts (L, N) of cells lies above each of ``DEPTHS`` (L, Z)."""
    summed = np.concatenate([np.zeros((len(amounts), 1)), np.cumsum(amounts, axis=1)], axis=1)
    return np.stack([np.interp(DEPTHS, passage.edges, row) for row in summed])


def _rising(profile: np.ndarray) -> np.ndarray:
    """Return a profile (L, Z) that never falls, with the same sum: the scheme undershoots a little where carriers are few."""
    whole, found = np.maximum(profile[:, -1:], 0.0), np.maximum.accumulate(np.maximum(profile, 0.0), axis=1)
    return found * np.where(found[:, -1:] > 0.0, whole / np.where(found[:, -1:] > 0.0, found[:, -1:], 1.0), 0.0)


def _resistance(passage: Passage, carrier: Carrier, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the cells of a tubule resist to flow, with carriers held in it (L, N) [1/m] and without (N,); as ``conductance_left`` has it."""
    close = load_set(SCENE).value("packing.close")
    area = 0.25 * np.pi * (0.5 * (passage.width[:-1] + passage.width[1:])) ** 2
    bed = np.clip(held * carrier.volume / (close * area), 0.0, 1.0)
    pores = carrier.diameter**2 * (1.0 - close) ** 3 / (180.0 * close**2)
    along = np.diff(passage.edges)
    return along / (area**2 * (1.0 - bed) ** 2 / (8.0 * np.pi) + bed * area * pores), along / (area**2 / (8.0 * np.pi))


def _catalysed(
    carrier: Carrier, act: Act, passage: Passage, line: np.ndarray, ph: np.ndarray, pressed: np.ndarray | None
) -> np.ndarray:
    """Return the decades (L, N) by which bacteria in tubules would fall if nothing held them up, beside a catalyst that is fed.

    Assumptions: peroxide comes in by diffusion from the bath, and what flows out holds it back as in a steady state; none is used up.
    """
    from scipy.special import erfc

    from amelo.therapy.nano.kill import catalytic_activity

    spread = load_set(SCENE).value("peroxide.diffusivity")
    middle = 0.5 * (passage.edges[:-1] + passage.edges[1:])
    far = middle / (2.0 * np.sqrt(spread * act.duration))
    came = (1.0 + 2.0 * far**2) * erfc(far) - 2.0 * far / np.sqrt(np.pi) * np.exp(-(far**2))  # mean over the act
    against = np.zeros((LOTS, 1))
    if pressed is not None:
        against = pressed[:, None] * np.interp(middle, passage.edges, _integral(passage.outflow, passage.edges)) / spread
    area = passage.area(0.5 * (passage.width[:-1] + passage.width[1:]))
    iron = line / area * carrier.iron_oxide_mass
    return (
        carrier.kill_rate * iron * catalytic_activity(carrier, act.peroxide * came * np.exp(-against), ph[:, None]) * act.duration
    )


def _integral(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(0.5 * (values[:-1] + values[1:]) * np.diff(edges))])


def _dead(carrier: Carrier, passage: Passage, straight: np.ndarray, stuck: np.ndarray, since: float) -> np.ndarray:
    """Return the share of bacteria (L, N) that die in tubules with carriers, by radicals and by touch."""
    from amelo.therapy.nano.kill import contact_kill

    top = carrier.kill_ceiling
    decades = top * -np.expm1(-straight / top) if top else straight
    if carrier.kill_contact:
        wall = np.pi * 0.5 * (passage.width[:-1] + passage.width[1:])
        covered = np.clip(stuck * 0.25 * np.pi * carrier.diameter**2 / wall, 0.0, 1.0)
        stays = since + (1.0 / carrier.detach_rate if carrier.detach_rate else 0.0)
        decades = decades + contact_kill(carrier, covered, stays)
    return 1.0 - 10.0**-decades


def _warmed(carrier: Carrier, passage: Passage, per_area: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the highest warming of the pulp and of the warmest place (L,) [K], and the pulp's dose (L,) [K s].

    Assumptions: a tooth cools again after it, so that its whole dose is that of steady heat over as long.
    """
    edges = np.linspace(0.0, passage.edges[-1], HEAT_CELLS + 1)
    summed = np.concatenate([np.zeros((LOTS, 1)), np.cumsum(per_area, axis=1)], axis=1)
    density = np.stack([np.diff(np.interp(edges, passage.edges, row)) for row in summed]) / np.diff(edges)
    return tuple(np.array(part) for part in zip(*(_one_warmed(carrier, edges, row, duration) for row in density), strict=True))


def _one_warmed(carrier: Carrier, edges: np.ndarray, density: np.ndarray, duration: float) -> tuple[float, float, float]:
    from amelo.therapy.nano.heat import conduct, heat_of

    found = conduct(edges, heat_of(carrier, density), np.array([duration, FOR_EVER]))
    return float(found.far[0]), float(found.warming[0].max()), float(found.far[1]) * duration


@cache
def on_the_floor(carrier: Carrier, duration: float, thickness: float) -> tuple[np.ndarray, np.ndarray]:
    """Return thicknesses (K,) [m] of what is left, and behind each the highest warming of the pulp, of the floor [K] and the dose [K s] (K, 3)
    of one carrier per area [1/m2] on the floor that is heated for a time [s]."""
    left = thickness * np.array(SHARES)
    rows = []
    for one in left:
        edges = np.linspace(0.0, one, HEAT_CELLS + 1)
        density = np.zeros(HEAT_CELLS)
        density[0] = 1.0 / edges[1]
        rows.append(_one_warmed(carrier, edges, density, duration))
    return left, np.array(rows)


@cache
def floors(carrier: Carrier, acts: tuple[Act, ...]) -> Floors:
    """Return the table of a carrier on floors that lack more or less of their mineral.

    Arguments: carrier; acts, as it sees them.
    Assumptions: those of ``docking``; the pH of the bath is 7; tubules and what lies between them take carriers apart from each other.
    """
    from amelo.therapy.nano.docking import Docked, dock, wash

    own, many = lots(carrier), len(DEFICITS)
    stick = np.repeat(own["stick_lesion"] / carrier.stick_lesion, many) if carrier.stick_lesion and "stick_lesion" in own else 1.0
    pulled = np.repeat(own["magnetisation"], many) if "magnetisation" in own else None
    at, retrieved, at_end = Docked.nothing(LOTS * many), np.zeros(LOTS * many), []
    for act in acts:
        gone = at.left
        at = dock(
            carrier, act.field, at, outside=act.outside, duration=act.duration, deficit=np.tile(DEFICITS, LOTS), ph=np.full(LOTS * many, 7.0),
            saturation=1.0, layer=act.layer, temperature=act.temperature, magnetisation=pulled, stick=stick,
        )  # fmt: skip
        retrieved = retrieved + (at.left - gone if act.home else 0.0)
        at_end.append((at.loose + at.stuck).reshape(LOTS, many))
    at = wash(at)
    shape = (LOTS, many)
    return Floors(
        at.arrived.reshape(shape), at.stuck.reshape(shape), at.left.reshape(shape), retrieved.reshape(shape), np.array(at_end)
    )
