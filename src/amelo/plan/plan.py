"""The verb ``plan``: every arm searched with the same effort, the best certified on untouched scenarios, and the reasons."""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from amelo.errors import CommandError, nearest
from amelo.plan.answer import told
from amelo.plan.certify import PAID, certify
from amelo.plan.design import ARMS, Design
from amelo.plan.goals import Goals, Limits
from amelo.plan.outside import outside_of, widened
from amelo.plan.policy import mixed, policy_of, promising
from amelo.plan.race import FIRST, Race
from amelo.plan.record import Plan
from amelo.plan.rollout import Rollouts
from amelo.plan.search import CERTIFYING, LAST, PROBE, SEARCHING, STARTING, Search
from amelo.plan.situation import agreed, situation_of
from amelo.plan.starters import starters
from amelo.plan.together import race_together
from amelo.records.case import Case
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["EXPLORED", "UNTOUCHED", "plan"]

EXPLORED, UNTOUCHED = 768, 2048  # scenarios for the search, and others that it never sees
APART = 1_000_003  # between the seeds of the two
ENDLESS = 3_000_000  # rollouts, more than any deadline leaves time for
PER_ARM = 2  # candidates of each arm that are certified, beside the best that leaves room below the limits
TWO_WAYS = 2  # times the effort of an arm, for what follows a probe: two branches


def plan(
    case: Case,
    tooth: int | str,
    surface: str | None = None,
    *,
    seconds: float = 10.0,
    goals: Goals | str = "balanced",
    limits: Limits | None = None,
    arms: Sequence[str] = ARMS,
    seed: int = 0,
    rollouts: int | None = None,
    years: float = 10.0,
    threads: int = 2,
    on_progress: Callable[[float, str], None] | None = None,
    on_found: Callable[[Mapping[str, Any]], None] | None = None,
) -> Plan:
    """Return the protocol that helps most while harm is certified below its limits, or "wait" with the reason.

    Arguments: case; tooth (FDI number); surface (None for its deepest lesion); seconds until the answer; goals; limits; arms to search; seed;
    rollouts, the budget of the search, which makes it reproducible whatever the machine (None: as many as the seconds allow); years of the
    projection; threads; on_progress (fraction, message); on_found (told as plain values what is certified, whenever that changes).
    Returns: Plan; interrupted, the best that was certified by then, without what is looked at last (probe, other worlds, ablations).
    Raises: KeyboardInterrupt when it is interrupted and nothing was certified; RecordError for a tooth without a crown; CommandError for arms, seconds or a budget that cannot be.
    Assumptions: a certificate holds under the twin's own uncertainty; arms are searched with the same number of rollouts.
    """
    started = clock_time.perf_counter()
    _check(seconds, arms, rollouts, years)
    goals = Goals.preset(goals) if isinstance(goals, str) else goals
    limits = limits or Limits()
    twin = ToothTwin.of(case, tooth, surface)
    if on_progress:
        on_progress(0.0, "building the teeth this may be")
    built = twin.whole(members=EXPLORED, seed=seed)
    situation = situation_of(case, built.tooth, tuple(arms))  # before anything that takes long: there may be nothing to plan for
    fresh = twin.whole(members=UNTOUCHED, seed=seed + APART, tier="full")
    make = lambda teeth, tier, own: Rollouts(twin, teeth, TIERS[tier][1], goals, years, own, threads)  # noqa: E731
    search = Search(
        twin, make(built.tooth, "reduced", seed), make(fresh.tooth, "full", seed + APART), situation, goals, limits, seed,
        seconds if rollouts is None else np.inf, started, on_progress, seconds, on_found,
    )  # fmt: skip
    search.outside = outside_of(twin)
    if search.outside:
        search.wider = make(widened(fresh.tooth, {o.part for o in search.outside}), "full", seed + APART)
    search.ready = min(search.now(), search.deadline)
    races: dict[str, Race] = {}
    try:
        _found(search, races, rollouts)
        return told(search, races, built.assumed, years)
    except KeyboardInterrupt:
        if search.best() is None:
            raise KeyboardInterrupt("nothing was certified yet") from None
    search.on_progress = None  # whoever stopped it has waited enough
    return told(search, races, built.assumed, years, stopped=True)


def _check(seconds: float, arms: Sequence[str], rollouts: int | None, years: float) -> None:
    if not (np.isfinite(seconds) and seconds > 0.0):
        raise CommandError(
            f"{seconds:g} seconds are out of range", why="a plan needs time to be found", fix="give 1 or more, 10 is usual"
        )
    for arm in arms:
        if arm not in ARMS:
            raise CommandError(f"'{arm}' is not an arm of a plan", fix=nearest(arm, ARMS))
    if not arms:
        raise CommandError("no arms are given", fix="name one or more of " + ", ".join(ARMS))
    if rollouts is not None and rollouts < 1:
        raise CommandError(f"a budget of {rollouts} rollouts is out of range", fix="give 1 or more")
    if not 1.0 <= years <= 30.0:
        raise CommandError(f"{years:g} years are out of range", why="allowed 1 to 30")


def _found(search: Search, races: dict[str, Race], rollouts: int | None) -> None:
    """Search all arms with the same effort, and certify the best of each."""
    arms = [a for a in ARMS if a in search.situation.arms and a != "wait"]
    search.certificates[Design()] = certify(search.untouched, [Design()], search.limits, sizes=(256,))[0]
    for arm in arms:
        races[arm] = Race(
            search.explore, replace(search.situation, arms=(arm,)), search.limits, search.seed, search.explore.tooth.members
        )
    search.tell("trying what comes to mind first")
    for race in races.values():
        race.keep_going = lambda: search.before(STARTING)
        race.try_out(starters(race.situation), FIRST)
    ranked = sorted((e for race in races.values() for e in race.ranked()[:2]), key=lambda e: -e.score(search.limits.array))
    search.certify([e.design for e in ranked[:2]], LAST, (256,), PAID["early"])
    search.tell("racing")
    probing = agreed(search.twin.case) and not search.situation.dead and mixed(search.explore) and promising(search.explore, races)
    turns = len(arms) + TWO_WAYS * probing
    budget = (rollouts if rollouts is not None else ENDLESS) // turns
    last = search.until(SEARCHING)
    end = last if not probing else search.now() + (last - search.now()) * len(arms) / turns
    for race in races.values():
        race.keep_going = lambda: search.now() < end
    seconds = (lambda: end - search.now()) if np.isfinite(end) else None
    race_together(races, budget * len(arms), seconds=seconds, on_round=lambda: search.tell("racing"))
    if probing:
        after = lambda: (search.tell("racing what follows a probe"), search.now() < last)[1]  # noqa: E731
        search.policy = policy_of(
            search.explore, search.situation, races, search.limits, budget=TWO_WAYS * budget, keep_going=after,
            affords=lambda count: search.has_time_for(PROBE, search.explore, count, CERTIFYING),
        )  # fmt: skip
    best_of = sorted((r for r in races.values() if r.ranked()), key=lambda r: -r.ranked()[0].score(search.limits.array))
    few = PER_ARM if search.policy is None else 1  # what begins with a probe has to be certified as well
    of_each = [race.finalists(few) for race in best_of]
    finalists = [found[place] for place in range(few + 1) for found in of_each if place < len(found)]
    search.tell("certifying")
    until_then = CERTIFYING if search.best() is not None else LAST  # a certificate is what it is all for
    search.certify(finalists, until_then, (256, 512, 1024, UNTOUCHED), PAID["final"])
