"""The verb ``compare``: protocols of the user's own beside the planner's and beside waiting, on the same scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.errors import CommandError
from amelo.plan.again import Again, again, again_plan, fresh_rollouts, settled
from amelo.plan.bounds import upper_bound
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, WEIGHTS, Goals, Limits
from amelo.plan.record import Plan
from amelo.records.case import Case
from amelo.twin.tooth.twin import ToothTwin

__all__ = ["MEMBERS", "Compared", "Row", "compare"]

MEMBERS = 1024  # scenarios
WAITING = "waiting"
NOTHING = Design().text()
PLANNED = "the planner's"


@dataclass(frozen=True, eq=False)
class Row:
    """One protocol: name; text; what it did; against waiting, the mean difference of worth and its interval of 95 %; upper bounds (H,) of harms;
    within, whether all of them lie below their limits.
    """

    name: str
    text: str
    run: Again
    gain: tuple[float, float, float]
    upper: np.ndarray
    within: bool

    def to_dict(self, limits: Limits) -> dict[str, Any]:
        """Return it as plain values."""
        found: dict[str, Any] = {"name": self.name, "protocol": self.text}
        if self.run.refused:
            return {**found, "refused": self.run.refused}
        low, high = np.percentile(self.run.outcomes, (5.0, 95.0), axis=1)
        return found | {
            "worth": float(self.run.worth.mean()),
            "over_waiting": dict(zip(("mean", "low", "high"), self.gain, strict=True)),
            "outcomes": {
                name: {"mean": float(self.run.outcomes[k].mean()), "low": float(low[k]), "high": float(high[k])}
                for k, name in enumerate(WEIGHTS)
            },
            "harm": {
                name: {
                    "share": float(self.run.harms[k].mean()),
                    "limit": limits.largest.get(name, 1.0),
                    "upper_bound": float(self.upper[k]),
                }
                for k, name in enumerate(HARMS)
            },
            "within_limits": self.within,
            "cost": float(self.run.cost),
            "chair_time": float(self.run.chair / 60.0),
            "visits": self.run.visits,
        }


@dataclass(frozen=True, eq=False)
class Compared:
    """Rows in the order: waiting, the planner's (when there is one), then those of the user; tooth; surface; plan; limits; goals; members; seed."""

    tooth: int
    surface: str
    rows: tuple[Row, ...]
    plan: Plan | None
    goals: Goals
    limits: Limits
    members: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "tooth": self.tooth,
            "surface": self.surface,
            "scenarios": self.members,
            "seed": self.seed,
            "goals": {"name": self.goals.name, "weights": dict(self.goals.weights)},
            "limits": dict(self.limits.largest),
            "confidence": self.limits.confidence,
            "protocols": [row.to_dict(self.limits) for row in self.rows],
        }


def compare(
    case: Case,
    protocols: Mapping[str, str],
    tooth: int,
    surface: str | None = None,
    *,
    plan: Plan | None = None,
    goals: Goals | str = "balanced",
    limits: Limits | None = None,
    members: int = MEMBERS,
    seed: int = 0,
    years: float = 10.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Compared:
    """Return protocols side by side, on the same scenarios, which no search has seen.

    Arguments: case; protocols (text by name); tooth; surface; plan (the planner's, None to leave it out); goals and limits (those of the plan,
    when there is one); members; seed; years; on_progress.
    Raises: what reading a protocol raises; CommandError for no protocols or too few members.
    Assumptions: every protocol ends with as long a rest as the planner's, so that it shows what became of the pulp; bounds hold for one
    protocol at a time.
    """
    if not protocols:
        raise CommandError("no protocol is given", fix="name one or more protocol files")
    if members < 32:
        raise CommandError(f"{members} scenarios are too few", why="nothing could be said of harm", fix="take 32 or more")
    texts = {name: settled(text) for name, text in protocols.items()}
    wishes = plan.goals if plan is not None else (Goals.preset(goals) if isinstance(goals, str) else goals)
    bounds = limits or (plan.limits if plan is not None else Limits())
    if on_progress:
        on_progress(0.1, "building scenarios")
    twin = ToothTwin.of(case, tooth, surface)
    rollouts = fresh_rollouts(twin, plan, wishes, members=members, seed=seed, years=years)
    if on_progress:
        on_progress(0.4, "living them through")
    waiting, *own = again(rollouts, [NOTHING, *texts.values()])
    runs = {WAITING: (NOTHING, waiting)}
    if plan is not None:
        runs[PLANNED] = (plan.chosen.protocol, again_plan(rollouts, plan))
    runs |= {name: (text, run) for (name, text), run in zip(texts.items(), own, strict=True)}
    rows = tuple(_row(name, text, run, waiting, bounds) for name, (text, run) in runs.items())
    return Compared(twin.tooth, rollouts.tooth.constants.owner.surface, rows, plan, wishes, bounds, members, seed)


def _row(name: str, text: str, run: Again, waiting: Again, limits: Limits) -> Row:
    if run.refused:
        return Row(name, text, run, (float("nan"),) * 3, np.zeros(0), False)
    gain = run.worth - waiting.worth
    spread = 1.96 * float(gain.std(ddof=1)) / np.sqrt(len(gain))
    mean = float(gain.mean())
    upper = upper_bound(run.harms.sum(axis=1), np.full(len(HARMS), len(gain)), 1.0 - limits.confidence)
    largest = limits.array
    return Row(name, text, run, (mean, mean - spread, mean + spread), upper, bool((upper <= largest).all()))
