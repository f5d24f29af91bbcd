"""From tables over thicknesses, deficits and lots to what a visit does in every member of a tooth: conserved, whatever is interpolated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.params import load_set
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.docking import most_arriving
from amelo.therapy.nano.opening import lot_of, open_share
from amelo.therapy.nano.tabulated import DEFICITS, DEPTHS, Floors, Tubules, floors, on_the_floor, tubules
from amelo.therapy.nano.visit import Act
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.waiting import DISEASED

__all__ = ["LEVELS", "Brought", "brought", "deep_bacteria"]

LEVELS = np.array([0.0, 0.3, 0.7, 1.0])  # of conductance after earlier plugs, between which tables are interpolated
ROUND = 5e-4  # m, to which the thickness of dentine is rounded for the taper of tubules
SUMS = ("entered", "home", "retrieved", "plugged", "pulp", "far", "hot", "heat")
PROFILES = ("inside", "killed", "resisting")
WARM = ("far", "hot", "heat")


@dataclass(frozen=True, eq=False)
class Brought:
    """What one carrier did in a visit, of M members and N cells, per area of floor.

    Fields: arrived, docked, inside, washed, retrieved, pulp, plugged (M,) [1/m2]; cells (M, N) [1/m2], those inside by cell; near (M,)
    [1/m2], those of them close to the pulp; dead (M, N), share of bacteria killed; passed (M,), share of what comes from bacteria that
    tubules still pass; far and hot (M,) [K], warming of the pulp and of the warmest place; heat (M,) [K s], the dose of the pulp.
    """

    arrived: np.ndarray
    docked: np.ndarray
    inside: np.ndarray
    washed: np.ndarray
    retrieved: np.ndarray
    pulp: np.ndarray
    plugged: np.ndarray
    cells: np.ndarray
    near: np.ndarray
    dead: np.ndarray
    passed: np.ndarray
    far: np.ndarray
    hot: np.ndarray
    heat: np.ndarray

    @property
    def imbalance(self) -> np.ndarray:
        """By how much carriers do not add up (M,), as a share of what arrived."""
        parts = self.docked + self.inside + self.washed + self.retrieved + self.pulp
        return np.abs(self.arrived - parts) / np.maximum(self.arrived, 1e-300)


def brought(carrier: Carrier, acts: tuple[Act, ...], tooth: WholeTooth) -> Brought:
    """Return what one carrier does in a visit.

    Arguments: carrier; acts, as it sees them; tooth.
    Assumptions: a pulp that lies bare keeps every carrier that comes to it; a pulp that is dead or was taken out presses nothing out and
    takes nothing up; a share of tubules is open and the others do not take part; what finds no room over the floor is washed away.
    """
    lot, open_, members = lot_of(tooth), open_share(tooth), tooth.members
    alive = _alive(tooth)
    residual = tooth.residual
    cells = np.concatenate([np.zeros((members, 1)), np.cumsum(tooth.thickness, axis=1)], axis=1)  # m below the floor
    bare = (tooth.exposed > 0.0).astype(float)
    on = {name: (1.0 - bare) * row for name, row in _on_floor(floors(carrier, acts), tooth, lot).items()}
    crowded = np.maximum(on["docked"] - _room(carrier, tooth), 0.0)
    into = _into(carrier, acts, tooth, lot, alive)
    inside = into["inside"]
    total = inside[:, -1]
    near = load_set(SCENE).value("pulp.near")
    places = np.concatenate([cells, residual[:, None], np.maximum(residual - near, 0.0)[:, None]], axis=1)
    above = _at(inside, places)
    beyond = np.where(
        alive, np.maximum(total - above[:, -2], 0.0), 0.0
    )  # of thicker dentine between which it was interpolated: it is through
    held = total - beyond
    edges = above[:, : tooth.cells + 1]
    edges[:, -1] = held
    by_cell = np.maximum(np.diff(edges, axis=1), 0.0)
    close = np.maximum(held - above[:, -1], 0.0) * alive
    straight = sum(most_arriving(carrier, a.field, a.outside, a.duration, a.temperature) for a in acts if a.outside) * bare * alive
    lost = bare * sum(most_arriving(carrier, a.field, a.outside, a.duration, a.temperature) for a in acts if a.outside) - straight
    dead = np.diff(_at(into["killed"], cells), axis=1) / np.maximum(tooth.thickness, 1e-12)
    warm = _warmth(carrier, acts, tooth, on, open_, into)
    return Brought(
        arrived=on["arrived"] + open_ * into["entered"] + straight + lost,
        docked=on["docked"] - crowded,
        inside=open_ * held,
        washed=crowded + on["left"] - on["retrieved"] + open_ * (into["home"] - into["retrieved"]) + lost,
        retrieved=on["retrieved"] + open_ * into["retrieved"],
        pulp=open_ * (into["pulp"] + beyond) + straight,
        plugged=open_ * into["plugged"],
        cells=open_[:, None] * by_cell,
        near=open_ * close,
        dead=open_[:, None] * np.clip(dead, 0.0, 1.0),
        passed=1.0 - open_ * (1.0 - _still(into, deep_bacteria(tooth), residual)),
        far=warm[0],
        hot=warm[1],
        heat=warm[2],
    )


def deep_bacteria(tooth: WholeTooth) -> np.ndarray:
    """Return how deep below the floor (M,) [m] the bacteria lie whose products come through, on the mean; 0 without any."""
    fade = load_set("pulp").value("dentine.decay")
    middle = np.cumsum(tooth.thickness, axis=1) - 0.5 * tooth.thickness
    weight = tooth.bacteria * tooth.thickness * np.exp((middle - middle.max(axis=1, keepdims=True)) / fade)
    whole = weight.sum(axis=1)
    return np.where(whole > 0.0, (weight * middle).sum(axis=1) / np.where(whole > 0.0, whole, 1.0), 0.0)


def _room(carrier: Carrier, tooth: WholeTooth) -> np.ndarray:
    """Return how many carriers (M,) [1/m2] fit over a floor, packed: those that fill the cavity, or the unstirred fluid over a surface without one."""
    value = load_set(SCENE).value
    return value("packing.close") * np.maximum(tooth.floor, value("surface.layer")) / carrier.volume


def _alive(tooth: WholeTooth) -> np.ndarray:
    if tooth.rooted:
        return np.zeros(tooth.members, bool)
    return tooth.pulp_state("damage") < DISEASED


def _on_floor(table: Floors, tooth: WholeTooth, lot: np.ndarray) -> dict[str, np.ndarray]:
    """Return what floors take (M,) by name, and at_end (A, M)."""
    rows = np.arange(tooth.members)
    floor = np.minimum((tooth.left <= 1e-9).sum(axis=1), tooth.cells - 1)
    deficit = np.clip(1.0 - tooth.total[rows, floor], 0.0, 1.0)
    k = np.clip(np.searchsorted(DEFICITS, deficit, side="right") - 1, 0, len(DEFICITS) - 2)
    share = (deficit - DEFICITS[k]) / (DEFICITS[k + 1] - DEFICITS[k])

    def between(table: np.ndarray) -> np.ndarray:
        return (1.0 - share) * table[..., lot, k] + share * table[..., lot, k + 1]

    return {name: between(getattr(table, name)) for name in ("arrived", "docked", "left", "retrieved", "at_end")}


def _into(carrier: Carrier, acts: tuple[Act, ...], tooth: WholeTooth, lot: np.ndarray, alive: np.ndarray) -> dict[str, np.ndarray]:
    """Return what goes into tubules that are all open, (M,) and (M, Z) by name; zeros where the floor is none of dentine.

    Arguments: carrier; acts; tooth; lot (M,); alive (M,).
    """
    members, many = tooth.members, len(DEPTHS)
    found = {name: np.zeros(members) for name in SUMS} | {name: np.zeros((members, many)) for name in (*PROFILES, "open")}
    reached = tooth.open_floor & (tooth.residual > 0.0) & (tooth.exposed <= 0.0)
    if not reached.any():
        return found
    first = tooth.constants.dentine_from
    thickness = max(ROUND * round(float(np.median(tooth.widths[:, first:].sum(axis=1))) / ROUND), ROUND)
    level = np.clip(np.searchsorted(LEVELS, tooth.conductance, side="right") - 1, 0, len(LEVELS) - 2)
    share = np.clip((tooth.conductance - LEVELS[level]) / (LEVELS[level + 1] - LEVELS[level]), 0.0, 1.0)
    for vital in (True, False):
        for k, conductance in enumerate(LEVELS):
            weight = np.where(level == k, 1.0 - share, 0.0) + np.where(level + 1 == k, share, 0.0)
            if not vital:  # nothing flows, whatever the conductance
                weight = np.full(members, float(k == len(LEVELS) - 1))
            mine = np.flatnonzero(reached & (alive == vital) & (weight > 0.0))
            if mine.size:
                table = tubules(carrier, acts, thickness, vital, float(conductance))
                for name, rows in _between(table, lot[mine], tooth.residual[mine], stretched=not vital).items():
                    found[name][mine] += (weight[mine] if rows.ndim == 1 else weight[mine, None]) * rows
    return found


def _between(table: Tubules, lot: np.ndarray, residual: np.ndarray, *, stretched: bool) -> dict[str, np.ndarray]:
    """Return rows of a table for members, between its thicknesses.

    Arguments: table; lot (M,); residual (M,) [m]; stretched (whether depths count from both ends, because carriers pile up at a closed one).
    Assumptions: how many enter changes by factors with thickness, what becomes of them in straight lines; all that entered stays accounted for.
    """
    left = np.clip(residual, table.residual[0], table.residual[-1])
    k = np.clip(np.searchsorted(table.residual, left, side="right") - 1, 0, len(table.residual) - 2)
    share = (left - table.residual[k]) / (table.residual[k + 1] - table.residual[k])
    nodes = ((k, 1.0 - share), (k + 1, share))
    ways = [(node, weight, DEPTHS * (table.residual[node] / left)[:, None]) for node, weight in nodes]
    low, high = table.entered[lot, k], table.entered[lot, k + 1]
    some = (low > 0.0) & (high > 0.0)
    both = np.exp((1.0 - share) * np.log(np.where(some, low, 1.0)) + share * np.log(np.where(some, high, 1.0)))
    entered = np.where(some, both, (1.0 - share) * low + share * high)
    found = {name: np.zeros(len(lot)) for name in SUMS} | {name: np.zeros((len(lot), len(DEPTHS))) for name in (*PROFILES, "open")}
    for node, weight, places in ways:
        came = table.entered[lot, node]
        each = weight * np.where(came > 0.0, entered / np.where(came > 0.0, came, 1.0), 0.0)
        for name in SUMS:
            found[name] += (weight if name in WARM else each) * getattr(table, name)[lot, node]
        for name in (*PROFILES, "open"):
            rows = table.open[node] if name == "open" else getattr(table, name)[lot, node]
            rows = _at(rows, places) if stretched else rows
            found[name] += (each if name == "inside" else weight)[:, None] * rows
    found["entered"] = entered
    return found


def _at(profile: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return a profile (M, Z) over ``DEPTHS`` at places (M, P) [m]."""
    k = np.clip(np.searchsorted(DEPTHS, places, side="right") - 1, 0, len(DEPTHS) - 2)
    share = np.clip((places - DEPTHS[k]) / (DEPTHS[k + 1] - DEPTHS[k]), 0.0, 1.0)
    return (1.0 - share) * np.take_along_axis(profile, k, axis=1) + share * np.take_along_axis(profile, k + 1, axis=1)


def _still(into: dict[str, np.ndarray], start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the conductance (M,) of open tubules between two depths (M,) [m], over that without carriers."""
    places = np.stack([np.minimum(start, end), end], axis=1)
    alone, along = (np.diff(_at(into[name], places), axis=1)[:, 0] for name in ("open", "resisting"))
    return np.where((alone > 0.0) & (along > 0.0), np.minimum(alone / np.where(along > 0.0, along, 1.0), 1.0), 1.0)


def _warmth(
    carrier: Carrier,
    acts: tuple[Act, ...],
    tooth: WholeTooth,
    on: dict[str, np.ndarray],
    open_: np.ndarray,
    into: dict[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return warming of the pulp and of the warmest place [K] and the dose of the pulp [K s], of carriers inside and on the floor."""
    far, hot, heat = open_ * into["far"], open_ * into["hot"], open_ * into["heat"]
    if not carrier.iron_fraction:
        return far, hot, heat
    through = tooth.thickness.sum(axis=1) + tooth.tertiary
    thickness = max(ROUND * round(float(np.median(through)) / ROUND), ROUND)
    for k, act in enumerate(acts):
        if act.field.heating:
            left, each = on_the_floor(carrier, act.duration, thickness)
            mine = np.stack([np.interp(through, left, column) for column in each.T]) * on["at_end"][k]
            far, hot, heat = far + mine[0], hot + mine[1], heat + mine[2]  # both at their worst: not less than it is
    return far, hot, heat
