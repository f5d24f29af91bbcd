"""Excavation: opening a lesion and cutting until the dentine is as hard as the hand asks for, or until too little is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from amelo.therapy.contract import Act, Price, refuse
from amelo.therapy.operative.constants import value
from amelo.therapy.operative.heat import warmed
from amelo.twin.pulp.dentine import cutting
from amelo.twin.pulp.equations import STATES
from amelo.twin.tooth.feel import depth_of, lesion_depth
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Excavate", "cut_to"]

TOUCH = 1e-6  # m, less than which no hand cuts: where the floor is hard enough, rounding must not decide


@dataclass(frozen=True)
class Excavate(Act):
    """Take away carious dentine up to what is as hard as asked.

    Fields: criterion, what the dentine that is left feels like; leave [m], least dentine over the pulp by estimate, 0 for none asked; water
    [m3/s] that cools.
    Assumptions: the hand that asks for more asks for more at every criterion; where the pulp lies is known as well as the image tells; an
    instrument goes deeper or less deep than was wanted, and the floor counts by its deepest place; what is to be left stops the deepest place too.
    """

    criterion: Literal["soft", "leathery", "firm", "hard"] = "firm"
    leave: float = 0.0
    water: float = 0.0
    consent = "operative"

    @property
    def label(self) -> str:
        """What it is called."""
        return f"excavate to {self.criterion} dentine"

    def check(self, tooth: WholeTooth) -> None:
        """Refuse it where the tooth is covered, or has no carious dentine, or less dentine than is to be left."""
        super().check(tooth)
        if tooth.restored is not None:
            refuse(self, f"a {tooth.restored.kind} covers the tooth", fix="take off the restoration first")
        if not (lesion_depth(tooth) > 0.0).any():
            refuse(self, "there is no carious dentine under this surface", fix="leave it out, or name the surface with the lesion")
        if self.leave and (self.leave > tooth.residual).all():
            least = f"only {1e3 * np.median(tooth.residual):.2g} mm of dentine lie over the pulp"
            refuse(self, f"{least}, less than the {1e3 * self.leave:g} mm that are to be left", fix="leave less")

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth after cutting."""
        occasion = sum(step.startswith("excavate") for step in tooth.done)
        draws, constants = tooth.constants.draws, tooth.constants
        wanted = depth_of(tooth, self.criterion, hand=draws.normal("hand.hardness"))
        if self.leave:
            wall = tooth.edges[:, -1] + tooth.tertiary
            seen = wall - constants["image.error"] * draws.normal("image.residual")
            stop = np.maximum(seen - self.leave, tooth.floor)
            wanted = np.minimum(wanted, stop)
        slip = constants["cut.precision"] * draws.normal("hand.depth", occasion)
        slip = slip + constants["cut.roughness"] * np.abs(draws.normal("hand.roughness", occasion))
        deepest = wanted + slip if not self.leave else np.minimum(wanted + slip, stop)  # a hand that is to leave some stops there
        reached = np.where(wanted > tooth.floor + TOUCH, np.maximum(deepest, tooth.floor), tooth.floor)
        after = cut_to(tooth, reached)
        duty = constants["cut.duty"] * (reached > tooth.floor)
        spray = self.water / (self.water + value("water.full")) if self.water else 0.0
        pulp, books = warmed(
            after,
            flux=constants["cut.friction"] * duty,
            exchange=spray * value("water.exchange"),
            fluid=value("water.temperature") if self.water else 0.0,
            duration=self.duration,
            residual=after.residual,
        )
        return replace(after, pulp=pulp, books=books)

    def account(self, tooth: WholeTooth) -> Price:
        """Return its price; the tissue is what this hand takes in the middle of the ensemble."""
        return Price(self.duration, float(np.median(self.done(tooth).floor - tooth.floor)), self.consent)


def cut_to(tooth: WholeTooth, depth: np.ndarray) -> WholeTooth:
    """Return a tooth cut down to a depth (M,) [m] below the outer surface, with what that does to its pulp.

    Assumptions: enamel over a lesion in dentine is opened as wide as instruments need; a cavity's injury counts for what it adds to that of
    the cavity before; what is cut through the wall exposes the pulp; a surface that was opened is lost in every member, and so is what was
    prepared on it.
    """
    edges, constants = tooth.edges, tooth.constants
    depth = np.maximum(depth, tooth.floor)
    cuts = depth > tooth.floor
    below = np.clip((edges[:, 1:] - depth[:, None]) / tooth.widths, 0.0, 1.0)
    left = np.where(cuts[:, None], np.minimum(tooth.left, below), tooth.left)
    beyond = np.maximum(depth - edges[:, -1], 0.0)
    tertiary = np.maximum(tooth.tertiary - beyond, 0.0)
    bare = cuts & (beyond >= tooth.tertiary) & (depth >= edges[:, -1])
    exposed = np.maximum(tooth.exposed, bare)
    opening = np.where(cuts, np.maximum(tooth.opening, np.maximum(constants["access.least"], _width(tooth))), tooth.opening)
    before = 0.25 * np.pi * tooth.opening**2 * tooth.floor
    removed = np.maximum(0.25 * np.pi * opening**2 * np.minimum(depth, edges[:, -1]) - before, 0.0)
    whole = left > 0.0
    after = replace(
        tooth,
        left=left,
        bacteria=tooth.bacteria * whole,
        payload=tooth.payload * whole,
        tertiary=tertiary,
        exposed=exposed,
        opening=opening,
        smear=np.where(cuts, 1.0, tooth.smear),
        conductance=np.where(cuts, 1.0, tooth.conductance),  # plugs go with what they sat in
        access=np.where(cuts, 1.0, tooth.access),
        gone=tooth.gone | {constants.owner.surface},
        prepared=frozenset(),
    )
    pulp = tooth.pulp.copy()
    if not tooth.rooted:
        dentine = cuts & after.open_floor
        injury = cutting(after.residual, 1.0) - cutting(tooth.residual, 1.0)
        pulp[STATES.index("damage")] += np.where(dentine, np.maximum(injury, 0.0), 0.0)
    taken = (tooth.solid * (tooth.thickness - after.thickness)).sum(axis=1)
    books = after.booked(tissue_removed=removed, ledger_removed=taken)
    books["stimulated"] = np.where(cuts, tooth.time, tooth.books.get("stimulated", -1e12))
    return replace(after, pulp=pulp, books=books)


def _width(tooth: WholeTooth) -> np.ndarray:
    """Return the width (M,) [m] of carious dentine, from how deep it goes."""
    return np.minimum(tooth.constants["lesion.width_of_depth"] * lesion_depth(tooth), 0.8 * tooth.constants["crown.width"])
