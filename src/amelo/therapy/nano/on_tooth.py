"""A visit on a whole tooth: carriers brought to its floor, driven, and taken away, as one act.

What they do, they do at the start of the visit: its minutes are short beside the hours and weeks in which ions, bacteria and pulps answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy import contract
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.lookup import Brought, brought
from amelo.therapy.nano.opening import lot_of, lots
from amelo.therapy.nano.passage import flow
from amelo.therapy.nano.supply import apatite_calcium, apatite_equivalent
from amelo.therapy.nano.tabulated import passage_at
from amelo.therapy.nano.template import answered
from amelo.therapy.nano.visit import BOILING, MOST_OF_PORES, Act
from amelo.twin.tooth.state import WholeTooth

__all__ = ["NanoVisit", "load_of", "payload_of"]

LEAST_WIDTH = 1e-3  # m, of a floor on which carriers stay under a surface without a cavity
PHOSPHATES = (
    "ACP",
    "HAp",
)  # payloads that are mineral to a whole tooth, whose fluid has one excess for calcium and phosphate together


@dataclass(frozen=True)
class NanoVisit(contract.Act):
    """Steps with carriers that follow each other directly; the fluid is changed after the last of them.

    Fields: acts, one for each step; title, its words.
    Assumptions: efficacy is the share of what carriers bring and kill that comes about in a member; what is docked gives its payload to
    the outermost cell; carriers that stay fill pores; a pulp answers to the surface of the carriers that reach it or come near.
    """

    acts: tuple[Act, ...] = ()
    title: str = ""
    NOTHING: ClassVar[dict[str, object]] = {"acts": ()}
    consent: ClassVar[str] = "research"

    @property
    def label(self) -> str:
        """What it is called."""
        return self.title or "visit: " + (" and ".join(carrier.name for carrier in self.carriers) or "no carriers")

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The carriers it brings, each once."""
        return tuple({act.carrier.name: act.carrier for act in self.acts if _brings(act)}.values())

    @property
    def nothing(self) -> bool:
        """Whether no carrier is brought; a field alone has nothing here to move."""
        return not self.carriers

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where something covers the floor, a carrier does not fit or holds what a whole tooth does not follow, or water would boil."""
        super().check(tooth)
        if tooth.restored is not None:
            contract.refuse(self, f"a {tooth.restored.kind} covers the floor", fix="take off the restoration first")
        by_name: dict[str, Carrier] = {}
        for carrier in (act.carrier for act in self.acts if _brings(act)):
            if by_name.setdefault(carrier.name, carrier) != carrier:
                contract.refuse(self, f"two different carriers are called {carrier.name}", fix="give one another name in its [set]")
            _refuse_carrier(carrier, tooth)
        if any(act.field.heating for act in self.acts):
            start = max(act.temperature for act in self.acts)
            for carrier in self.carriers:
                warmest = float(brought(carrier, self.seen_by(carrier), tooth).hot.max())
                if start + warmest > BOILING:
                    why = f"the warmest place would be {start + warmest:.4g} degC, and water boils at {BOILING:g}"
                    contract.refuse(self, why, fix="bring fewer carriers, or heat them for a shorter time")

    def account(self, tooth: WholeTooth) -> contract.Price:
        """Return its price: minutes in the chair, no tissue, and the consent that research needs."""
        return contract.Price(sum(act.duration for act in self.acts), consent=self.consent)

    def seen_by(self, carrier: Carrier) -> tuple[Act, ...]:
        """Return the acts as one carrier sees them: what is outside is its own, or nothing."""
        return tuple(act if act.carrier == carrier else replace(act, carrier=None, outside=0.0) for act in self.acts)

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth after all carriers have been brought; each finds the plugs of earlier visits, not those of the others."""
        after = tooth
        for carrier in self.carriers:
            after = _left_by(carrier, brought(carrier, self.seen_by(carrier), tooth), after)
        return after


def payload_of(carrier: Carrier) -> float:
    """Return the mineral of five calcium in one full carrier [mol], 0 for one without phosphate."""
    if carrier.payload not in PHOSPHATES:
        return 0.0
    return carrier.volume * apatite_equivalent(carrier) * apatite_calcium() / 5.0


def load_of(carrier: Carrier, per_area: np.ndarray) -> np.ndarray:
    """Return the load of a pulp that so many carriers per area [1/m2] reach.

    Assumptions: their surface is what counts, and how much of it is one unit is an assumption: hypothetical.
    """
    return per_area * np.pi * carrier.diameter**2 / load_set(SCENE).value("pulp.surface")


def _brings(act: Act) -> bool:
    return act.carrier is not None and act.outside > 0.0 and act.duration > 0.0


def _refuse_carrier(carrier: Carrier, tooth: WholeTooth) -> None:
    """Refuse a carrier that cannot be brought to a tooth, or does there what a whole tooth does not follow."""
    if carrier.payload and not carrier.release_rate:
        raise ParameterError(f"{carrier.name} never gives its payload off", why="payload.release is 0", fix="give it a rate")
    if carrier.payload and carrier.payload not in PHOSPHATES:
        why = f"its payload is {carrier.payload}, and a whole tooth follows calcium and phosphate together"
        fix = "name a surface, so that its column is simulated ion by ion, or use varnish"
        raise ParameterError(f"{carrier.name} cannot be brought to a whole tooth", why=why, fix=fix)
    reached = tooth.open_floor & (tooth.residual > 0.0)
    if reached.any():
        whole = float(np.median(tooth.widths[:, tooth.constants.dentine_from :].sum(axis=1)))
        flow(passage_at(float(tooth.residual[reached].max()), whole, vital=False, cells=2), carrier, Field())


def _left_by(carrier: Carrier, found: Brought, tooth: WholeTooth) -> WholeTooth:
    """Return a tooth with what one carrier left in it.

    Arguments: carrier; found; tooth.
    """
    c, thickness = tooth.constants, np.maximum(tooth.thickness, 1e-9)
    efficacy = c["efficacy"]
    there = found.cells.copy()
    rows = np.arange(tooth.members)
    floor = np.minimum((tooth.left <= 1e-9).sum(axis=1), tooth.cells - 1)
    room = there * carrier.volume / (thickness * c.pores)
    filled = tooth.filled + (1.0 - tooth.filled) * np.minimum(room, MOST_OF_PORES)
    there[rows, floor] += found.docked
    laid = efficacy[:, None] * there * payload_of(carrier)  # mol/m2
    stays = found.docked + found.inside
    pulp = tooth.pulp.copy()
    if not tooth.rooted:
        from amelo.twin.pulp.equations import STATES

        pulp[STATES.index("damage")] += c.pulps["heat.gain"] * found.heat / 3600.0
    books = tooth.booked(
        **{
            f"{carrier.name}: {name}": getattr(found, name)
            for name in ("arrived", "docked", "inside", "washed", "retrieved", "pulp", "plugged")
        },
        **{
            f"{carrier.name}: payload": laid.sum(axis=1),
            f"{carrier.name}: payload without effect": (1.0 - efficacy) * stays * payload_of(carrier),
        },
        **{f"{carrier.name}: iron": stays * carrier.iron_oxide_mass, "payload brought": laid.sum(axis=1)},
    )
    felt, called = answered(tooth, found.docked if payload_of(carrier) else np.zeros(tooth.members))
    reached = np.maximum(load_of(carrier, found.pulp + found.near), 0.0)
    area = 0.25 * np.pi * np.maximum(tooth.opening, LEAST_WIDTH) ** 2
    iron = books.get("iron", 0.0) + area * stays * carrier.iron_oxide_mass
    books |= {**called, "iron": iron, "carriers reached": books.get("carriers reached", 0.0) + reached}
    if found.heat.any() and not tooth.rooted:
        books["warming"] = np.maximum(books.get("warming", 0.0), found.far)
    return replace(
        tooth,
        payload=tooth.payload + laid / thickness,
        filled=filled,
        bacteria=tooth.bacteria * (1.0 - efficacy[:, None] * found.dead),
        conductance=tooth.conductance * found.passed,
        carriers=tooth.carriers + reached + felt,
        pulp=pulp,
        books=books,
        constants=replace(c, values=_of_the_payload(carrier, laid.sum(axis=1), tooth)),
    )


def _of_the_payload(carrier: Carrier, laid: np.ndarray, tooth: WholeTooth) -> Mapping[str, np.ndarray]:
    """Return the constants of a tooth with those of a new payload (M,) [mol/m2] mixed in, by amounts of what is not given off yet."""
    c = tooth.constants
    if not carrier.payload:
        return c.values
    old = (tooth.payload * tooth.thickness).sum(axis=1)
    share = np.where(laid > 0.0, laid / np.where(laid > 0.0, old + laid, 1.0), 0.0)
    drawn = lots(carrier).get("release_rate")
    rate = carrier.release(7.0) * (drawn[lot_of(tooth)] / carrier.release_rate if drawn is not None else np.ones(tooth.members))
    excess = c["payload.supersaturation"]
    if carrier.payload == "HAp":
        fresh = np.full(tooth.members, load_set(SCENE).value("payload.excess_apatite"))
    else:
        fresh = tooth.constants.values.get("payload.amorphous", excess)
    return {
        **c.values,
        "payload.release": (1.0 - share) * c["payload.release"] + share * rate,
        "payload.supersaturation": (1.0 - share) * excess + share * fresh,
        "payload.amorphous": tooth.constants.values.get("payload.amorphous", excess),  # what ACP keeps, whatever was brought before
    }
