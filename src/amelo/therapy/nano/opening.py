"""How open a floor of dentine is for carriers: which share of its tubules lets them in, and which lot of chances a member has.

What closes tubules lies in series: carious dentine, what bacteria fill of it, and the smear that cutting leaves.  Permeabilities were
measured of whole pieces of dentine; they are taken as the share of tubules that are open, each of them as a tubule of sound dentine is.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.params.load import Parameter
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.twin.ensemble import quantile
from amelo.twin.tooth.feel import CARIOUS, own_dentine
from amelo.twin.tooth.state import WholeTooth

__all__ = ["LOTS", "carious_and_infected", "lot_of", "lots", "open_share"]

LOTS = 25  # of chances, of which every member has one: the first is the middle, the others are a Latin square
DRAWN = {  # what lots differ in, whatever the carrier: set and name
    "tubule.density": (SCENE, "tubule.density.junction"),
    "outflow.conductance": (SCENE, "outflow.conductance"),
    "outflow.pressure": (SCENE, "outflow.pressure"),
    "smear": (SCENE, "smear.resistance"),
    "carious.ph": (SCENE, "carious.ph"),
    "carious.length": (SCENE, "carious.length"),
    "carious": ("pulp", "dentine.carious_permeability"),
    "excavated": ("pulp", "dentine.excavated_permeability"),
}
OF_CARRIER = {  # its name in the file of a carrier
    "magnetisation": "magnetisation",
    "stick_lesion": "stick.lesion",
    "stick_tubule": "stick.tubule",
    "release_rate": "payload.release",
}


@cache
def lots(carrier: Carrier | None = None) -> dict[str, np.ndarray]:
    """Return the numbers (LOTS,) that lots differ in, by name: those of the tooth, or those of a carrier that it has.

    Arguments: carrier, None for what is of the tooth.
    Assumptions: low to high of each constant are cut into as many parts as there are lots, and each part is taken once.
    """
    if carrier is None:
        wanted: dict[str, Parameter] = {own: load_set(place)[name] for own, (place, name) in DRAWN.items()}
    else:
        mine = {p.name: p for p in carrier.parameters}
        wanted = {own: mine[name] for own, name in OF_CARRIER.items() if name in mine and getattr(carrier, own) == mine[name].value}
    found = {}
    for name, parameter in wanted.items():
        place = (*DRAWN, *OF_CARRIER).index(name)
        order = np.random.default_rng(np.random.SeedSequence([place])).permutation(LOTS - 1)
        chances = np.concatenate([[0.5], 0.05 + 0.9 * (order + 0.5) / (LOTS - 1)])
        found[name] = quantile(parameter, chances)
        found[name].setflags(write=False)
    return found


def lot_of(tooth: WholeTooth) -> np.ndarray:
    """Return the lot (M,) of every member: the first for member 0, and the same one whatever is done to it."""
    draws = tooth.constants.draws
    any_but_first = 1 + np.minimum((draws.uniform("carriers.lot") * (LOTS - 1)).astype(int), LOTS - 2)
    return np.where(draws.members == 0, 0, any_but_first)


def carious_and_infected(tooth: WholeTooth) -> tuple[np.ndarray, np.ndarray]:
    """Return how much carious dentine, and how much of it full of bacteria, is left under the floor (M,) [m]."""
    first = tooth.constants.dentine_from
    sick = np.clip((1.0 - tooth.total[:, first:] / own_dentine(tooth)[:, None]) / (1.0 - CARIOUS), 0.0, 1.0)
    thickness = tooth.thickness[:, first:]
    infected = np.minimum(tooth.bacteria[:, first:], 1.0)
    return (np.maximum(sick, infected) * thickness).sum(axis=1), (infected * thickness).sum(axis=1)


def open_share(tooth: WholeTooth) -> np.ndarray:
    """Return which share of tubules (M,) lets carriers in at the floor: 0 where it is enamel or the pulp lies bare.

    Assumptions: carious dentine, bacteria in it and smear resist one after the other; less carious dentine than a length resists in
    proportion; what fills pores at the floor closes as many tubules.
    Source: pashley1991, pashley1978.
    """
    drawn, lot = lots(), lot_of(tooth)
    carious, excavated, smear = (drawn[name][lot] for name in ("carious", "excavated", "smear"))
    carious = np.minimum(carious, excavated)
    length = drawn["carious.length"][lot]
    sick, infected = (np.minimum(thick / length, 1.0) for thick in carious_and_infected(tooth))
    resistance = 1.0 + sick * (1.0 / excavated - 1.0) + infected * (1.0 / carious - 1.0 / excavated)
    resistance = resistance + np.clip(tooth.smear, 0.0, 1.0) * smear / (1.0 - smear)
    floor = np.minimum((tooth.left <= 1e-9).sum(axis=1), tooth.cells - 1)
    filled = tooth.filled[np.arange(tooth.members), floor]
    reached = tooth.open_floor & (tooth.residual > 0.0) & (tooth.exposed <= 0.0)
    return np.where(reached, np.clip(1.0 - filled, 0.0, 1.0) / resistance, 0.0)
