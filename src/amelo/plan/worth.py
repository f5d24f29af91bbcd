"""What a treatment is worth to a patient, member by member, and which harm it does that waiting would not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.params import load_set
from amelo.plan.goals import HARMS, WEIGHTS, Goals
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.strength import strength_of
from amelo.years import Projection

__all__ = ["Lived", "Values", "harms_of", "values_of"]

CROWN_HEIGHT = 7e-3  # m, of a crown whose tissue is counted as a cylinder
DEAREST, LONGEST, MOST_VISITS = 20.0, 4.0 * 3600.0, 6.0  # price, time in the chair [s] and visits that count as all there is
MICROGRAM = 1e-9  # kg


@dataclass(frozen=True, eq=False)
class Lived:
    """A treatment as it was lived through: the tooth at its end, the years after (None where nothing can be foretold), price now, time in the
    chair [s] and visits.
    """

    tooth: WholeTooth
    years: Projection | None
    cost: float
    chair: float
    visits: int


@dataclass(frozen=True, eq=False)
class Values:
    """What each member gets: outcomes (W, M), each from 0 to 1 or a little beyond, in the order of ``WEIGHTS``; total (M,), weighted."""

    outcomes: np.ndarray
    total: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Return one outcome (M,) by name."""
        return self.outcomes[list(WEIGHTS).index(name)]


def values_of(before: WholeTooth, lived: Lived, goals: Goals) -> Values:
    """Return what a treatment is worth.

    Arguments: before, the tooth as the patient came; lived; goals.
    Assumptions: every outcome is divided by what would be best, so that weights compare like with like; a tooth without a projection keeps
    what it has at the end for all its years; mineral between fibrils beyond what belongs there is none regained.
    """
    tooth, years = lived.tooth, lived.years
    members = tooth.members
    if years is None:
        kept = np.full(members, float(tooth.present))
        quality, vital, later, visits = kept, kept * ~tooth.pulp_lost, np.zeros(members), np.zeros(members)
    else:
        span = years.times[-1]
        quality, vital = years.quality[-1] / span, years.pulp_alive[-1]
        later, visits = years.cost[-1], years.visits[-1]
    missing = np.maximum(before.mineral_loss, 1e-9)
    from amelo.twin.tooth.constants import MOLAR_VOLUME

    gained = MOLAR_VOLUME * (_book(tooth, "ledger_gained") - _book(tooth, "ledger_lost")) - _misplaced(tooth)
    crown = 0.25 * np.pi * tooth.constants["crown.width"] ** 2 * CROWN_HEIGHT
    parts = {
        "quality": quality,
        "vitality": vital,
        "mineral": np.clip(gained / missing, -1.0, 1.0),
        "tissue": 1.0 - np.clip(_book(tooth, "tissue_removed") / crown, 0.0, 1.0),
        "strength": np.clip(strength_of(tooth)[0], 0.0, 1.0),
        "comfort": 1.0
        - 0.5 * np.minimum(lived.chair / LONGEST, 1.0)
        - 0.5 * np.minimum((lived.visits + visits) / MOST_VISITS, 1.0),
        "cost": 1.0 - np.minimum((lived.cost + later) / DEAREST, 1.0),
    }
    outcomes = np.stack([np.broadcast_to(np.asarray(parts[name], float), (members,)) for name in WEIGHTS])
    weights = np.array([goals.share(name) for name in WEIGHTS])
    return Values(outcomes, weights @ outcomes)


def _misplaced(tooth: WholeTooth) -> np.ndarray:
    """Return what lies between fibrils beyond what sound dentine of this tooth has there (M,) [m], as thickness of pure mineral."""
    belongs = np.maximum(tooth.constants["dentine.between"], 1.0)[:, None]
    beyond = np.maximum(tooth.mineral - belongs, 0.0)
    return ((1.0 - tooth.share) * beyond * tooth.constants.sound * tooth.thickness).sum(axis=1)


def harms_of(lived: Lived, waited: Lived) -> np.ndarray:
    """Return which members come to which harm (H, M), in the order of ``HARMS``.

    Arguments: lived; waited, the same members without treatment.
    Assumptions: what would have happened without treatment is no harm of the treatment; whether a tooth breaks within a year is drawn, with the
    same luck in both.
    """
    tooth, calm = lived.tooth, waited.tooth
    goals, pulp = load_set("goals").value, load_set("pulp").value
    luck = tooth.constants.draws.uniform("harm.fracture")
    kept = _book(tooth, "pulpotomy") <= 0.0  # a pulp that is taken out of the crown is neither warmed nor laid bare by mishap
    found = {
        "irreversible_pulpitis": tooth.pulp_lost & ~calm.pulp_lost,
        "fracture": (luck < _breaks(lived)) & ~(luck < _breaks(waited)),
        "carriers_in_pulp": _book(tooth, "carriers reached") > goals("harm.carriers"),
        "warming": (_book(tooth, "warming") > pulp("heat.limit")) & kept,
        "exposure": (tooth.exposed > 0.0) & ~(calm.exposed > 0.0) & kept,
        "residual_iron": _book(tooth, "iron") > goals("harm.iron") * MICROGRAM,
        "adverse_response": (_book(tooth, "most carriers") > 0.0)
        & (_book(tooth, "worst inflammation") > goals("harm.inflammation"))
        & (_book(calm, "worst inflammation") <= goals("harm.inflammation")),
    }
    return np.stack([found[name] for name in HARMS])


def _breaks(lived: Lived) -> np.ndarray:
    """Return the chance (M,) that a tooth breaks within a year."""
    if lived.years is None:
        return np.zeros(lived.tooth.members)
    return lived.years.incidence("fracture")[np.searchsorted(lived.years.times, 1.0)]


def _book(tooth: WholeTooth, name: str) -> np.ndarray:
    return np.broadcast_to(np.asarray(tooth.books.get(name, 0.0), float), (tooth.members,))
