"""What a report shows of a plan: the futures under each option, the likeliest tooth before, after and in five years, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from amelo.plan.again import OVER_YEARS, Again, again, again_plan, fresh_rollouts
from amelo.plan.design import SETTLE
from amelo.plan.record import Option, Plan
from amelo.records.case import Case
from amelo.twin.tooth.look import looked
from amelo.twin.tooth.section import Section
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import ToothTwin
from amelo.twin.tooth.waiting import COARSE, wait

__all__ = ["LATER", "MEMBERS", "Future", "Futures", "Look", "futures"]

MEMBERS = 192  # scenarios; pictures need no more
AHEAD = 48  # of them, that are looked at in five years
LATER = 5.0  # years
YEAR = 365.25 * 86400.0  # s
TOLD = (
    "residual_dentine",
    "integrated_mineral_loss",
    "infected_depth",
    "pulp_lost",
    "pulp_exposed",
    "strength",
    "tissue_removed",
    "warming",
)


@dataclass(frozen=True, eq=False)
class Future:
    """What follows one option: arm; chosen or not; times (T,) [y]; by name of ``OVER_YEARS`` mean, 5th and 95th percentile of members (3, T); price now,
    minutes in the chair and visits now; refused, and then no numbers.
    """

    arm: str
    chosen: bool
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    cost: float
    minutes: float
    visits: int
    refused: str = ""

    def at(self, name: str, year: float) -> tuple[float, float, float] | None:
        """Return mean, 5th and 95th percentile of an outcome at a time [y], None where there is none."""
        if name not in self.values or not len(self.times):
            return None
        mean, low, high = (float(np.interp(year, self.times, row)) for row in self.values[name])
        return mean, low, high


@dataclass(frozen=True, eq=False)
class Look:
    """A tooth under its lesion: title; section of the likeliest tooth (one member); whether its pulp is lost; what all members have (mean, 5th and
    95th percentile) by the name of a measure.
    """

    title: str
    section: Section
    lost: bool
    told: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Futures:
    """Everything a report shows beyond the plan: future of each option, the chosen first; looks at the tooth; surface; members; what the tooth
    pays by name (mean, 5th and 95th percentile, unit).
    """

    options: tuple[Future, ...]
    looks: tuple[Look, ...]
    surface: str
    members: int
    pays: Mapping[str, tuple[float, float, float, str]] = field(default_factory=dict)


def futures(
    case: Case, plan: Plan, *, members: int = MEMBERS, seed: int = 0, on_progress: Callable[[float, str], None] | None = None
) -> Futures:
    """Return what a report shows of a plan.

    Arguments: case; plan; members, fresh scenarios; seed; on_progress.
    Assumptions: the tooth in five years is one in which nothing further is done and nothing breaks; the chances that it comes otherwise are those of the
    projection.
    """
    twin = ToothTwin.of(case, plan.tooth, plan.surface)
    if on_progress:
        on_progress(0.1, "building fresh scenarios")
    years = float(plan.provenance.options.get("years", 10.0))
    rollouts = fresh_rollouts(twin, plan, None, members=members, seed=seed, years=years, tier="reduced")
    if on_progress:
        on_progress(0.4, "living the options through")
    others = [o for o in plan.options if o is not plan.chosen]
    runs = [again_plan(rollouts, plan), *again(rollouts, [o.design.text() for o in others])]
    told = tuple(_future(o, o is plan.chosen, run) for o, run in zip((plan.chosen, *others), runs, strict=True))
    before, after = rollouts.tooth, runs[0].tooth
    looks = [_look("before", before)]
    pays: dict[str, tuple[float, float, float, str]] = {}
    if after is not None:
        if on_progress:
            on_progress(0.8, "looking five years ahead")
        looks.append(_look("after treatment" if plan.chosen.arm != "wait" else f"after {SETTLE / 7.0:.0f} weeks", after))
        some = _quiet(after.take(np.arange(min(AHEAD, after.members))))
        looks.append(_look("in five years", wait(some, LATER * YEAR, COARSE)[0] if some.present else some))
        pays = _pays(before, after)
    return Futures(told, tuple(looks), plan.surface, members, pays)


def _quiet(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth as it goes home."""
    return replace(tooth, isolated=False, prepared=frozenset())


def _future(option: Option, chosen: bool, run: Again) -> Future:
    if run.refused:
        return Future(option.arm, chosen, np.zeros(0), {}, 0.0, 0.0, 0, run.refused)
    values = {name: _spread(run.years[name]) for name in OVER_YEARS if name in run.years}
    return Future(option.arm, chosen, run.times, values, float(run.cost), float(run.chair / 60.0), run.visits)


def _spread(values: np.ndarray) -> np.ndarray:
    """Return mean, 5th and 95th percentile over the last axis, stacked first."""
    return np.concatenate([values.mean(axis=-1)[None], np.percentile(values, (5.0, 95.0), axis=-1)])


def _look(title: str, tooth: WholeTooth) -> Look:
    seen = looked(tooth, TOLD)
    found = {name: tuple(float(x) for x in _spread(np.asarray(values, float))) for name, values in seen.items()}
    return Look(title, Section.of(tooth.take(np.array([0]))), bool(tooth.pulp_lost[0]), found)


def _pays(before: WholeTooth, after: WholeTooth) -> dict[str, tuple[float, float, float, str]]:
    """Return what treatment takes from the tooth and leaves in it."""
    book = lambda name: np.broadcast_to(np.asarray(after.books.get(name, 0.0), float), (after.members,))  # noqa: E731
    parts = {
        "tissue cut away": (1e9 * book("tissue_removed"), "mm³"),
        "dentine lost over the pulp": (1e3 * np.maximum(before.residual - after.residual, 0.0), "mm"),
        "highest warming of the pulp": (book("warming"), "K"),
        "most carriers at the pulp": (book("most carriers"), "unit of the model"),
        "iron that stays": (book("iron") / 1e-9, "µg"),
        "worst inflammation of the pulp": (book("worst inflammation"), "unit of the model"),
    }
    return {name: (*(float(x) for x in _spread(values)), unit) for name, (values, unit) in parts.items()}
