"""A plan, or any protocol, lived through once more on scenarios of one's choice: with its probe and branch where it has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.plan.design import SETTLE
from amelo.plan.plan import APART
from amelo.plan.probe import parted
from amelo.plan.record import Plan
from amelo.plan.rollout import Outcome, Rollouts, operations_of
from amelo.protocol.record import Protocol
from amelo.protocol.text import text_of
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["FRESH", "OVER_YEARS", "Again", "again", "again_plan", "fresh_rollouts", "settled"]

FRESH = 5 * APART  # added to the seed: scenarios that neither search nor certificate has used
OVER_YEARS = ("tooth kept", "pulp alive", "restoration survival", "no operation", "quality-adjusted years", "cost")


@dataclass(frozen=True, eq=False)
class Again:
    """What some members (M) get: worth (M,), outcomes (W, M), harms (H, M), tooth at the end, times (T,) [y] and by name of ``OVER_YEARS`` values
    (T, M), price, time in the chair [s], visits; refused, why it cannot be done, and then nothing else.
    """

    worth: np.ndarray
    outcomes: np.ndarray
    harms: np.ndarray
    tooth: WholeTooth | None
    times: np.ndarray
    years: Mapping[str, np.ndarray]
    cost: float = 0.0
    chair: float = 0.0
    visits: int = 0
    refused: str = ""


def fresh_rollouts(
    twin: ToothTwin, plan: Plan | None, goals: object, *, members: int, seed: int, years: float = 10.0, tier: str = "full"
) -> Rollouts:
    """Return rollouts on scenarios that no plan has seen.

    Arguments: twin; plan, whose goals count (None: goals); members; seed; years; tier.
    """
    tooth = twin.whole(members=members, seed=seed + FRESH, tier=tier).tooth
    return Rollouts(twin, tooth, TIERS[tier][1], plan.goals if plan is not None else goals, years, seed + FRESH)


def settled(text: str) -> str:
    """Return the text of a protocol that ends with as long a rest as designs have, so that it shows what became of the pulp."""
    rest = 0.0
    for op in reversed(operations_of(text)):
        if op.act is not None or op.at_chair:
            break
        rest += op.duration / 86400.0
    if rest >= SETTLE:
        return text
    return f"{text_of(Protocol.parse(text).steps).rstrip()}\nrest {SETTLE - rest:.6g} d\n"


def again(rollouts: Rollouts, texts: Sequence[str]) -> list[Again]:
    """Return what protocols do to all members of some rollouts, in their order.

    Arguments: rollouts; texts, whole and settled.
    """
    return [_told(run) for run in rollouts.run(list(texts), 0, rollouts.tooth.members)]


def again_plan(rollouts: Rollouts, plan: Plan) -> Again:
    """Return what a plan does to all members of some rollouts: with a probe, each goes the way that its own reading says."""
    probe = plan.probe
    if probe is None or not probe.adopted:
        return again(rollouts, [plan.chosen.protocol])[0]
    runs, above = parted(rollouts, probe, 0, rollouts.tooth.members)
    if any(run.refused for run in runs):
        return _told(next(run for run in runs if run.refused))
    calm, alarmed = _told(runs[1]), _told(runs[2])
    share = float(above.mean())
    mixed = lambda a, b: (1.0 - share) * a + share * b  # noqa: E731
    return Again(
        np.where(above, alarmed.worth, calm.worth),
        np.where(above, alarmed.outcomes, calm.outcomes),
        np.where(above, alarmed.harms, calm.harms),
        calm.tooth,
        calm.times,
        {name: np.where(above, alarmed.years[name], calm.years[name]) for name in calm.years if name in alarmed.years},
        mixed(calm.cost, alarmed.cost),
        mixed(calm.chair, alarmed.chair),
        max(calm.visits, alarmed.visits),
    )


def _told(run: Outcome) -> Again:
    nothing = np.zeros(0)
    if run.refused or run.values is None or run.harms is None or run.lived is None:
        return Again(nothing, nothing, nothing, None, nothing, {}, refused=run.refused or "it cannot be done")
    lived = run.lived
    times, years = nothing, {}
    if lived.years is not None:
        times = np.asarray(lived.years.times)
        years = {name: lived.years.values(name) for name in OVER_YEARS}
    return Again(run.values.total, run.values.outcomes, run.harms, lived.tooth, times, years, lived.cost, lived.chair, lived.visits)
