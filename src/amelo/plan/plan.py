"""The verb ``plan``: every arm searched with the same effort, the best certified on untouched scenarios, and the reasons."""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from amelo.errors import CommandError, RecordError, nearest
from amelo.params import load_set
from amelo.plan.bounds import upper_bound
from amelo.plan.certify import PAID, Certificate, certify
from amelo.plan.choose import plannable
from amelo.plan.design import ARMS, Design, Situation
from amelo.plan.explain import agreed, explained, unknown_of, why_not
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.outside import Outside, both, outside_of, widened
from amelo.plan.policy import Policy, mixed, policy_of, promising
from amelo.plan.probing import measured
from amelo.plan.race import FIRST, Race, race_together, starters
from amelo.plan.record import Option, Plan, Probe
from amelo.plan.robust import World, lived_in, robustness
from amelo.plan.rollout import Rollouts
from amelo.plan.synergy import Synergy, synergy_of
from amelo.records.case import Case
from amelo.twin.provenance import Provenance
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["EXPLORED", "UNTOUCHED", "plan", "situation_of"]

EXPLORED, UNTOUCHED = 768, 2048  # scenarios for the search, and others that it never sees
APART = 1_000_003  # between the seeds of the two
BUDGET = 30_000  # rollouts of a search without a deadline
# shares of the time after the teeth are built, until which each may begin something new: what comes to mind first, the race, certificates, a probe, the rest
STARTING, SEARCHING, CERTIFYING, LOOKING, LAST = 0.7, 0.6, 0.78, 0.92, 0.96
PER_WORLD = 256  # rollouts of one world, three times as many with a probe
ABLATED = 6 * 128  # rollouts of the plan without each of its parts
PER_ARM = 2  # candidates of each arm that are certified, beside the best that leaves room below the limits
TWO_WAYS = 2  # times the effort of an arm, for what follows a probe: two branches
LEAST_GAIN = 0.0  # of worth over waiting, that the lower bound must pass
SETS = ("goals", "calibrated", "tooth", "steps", "pulp", "structure", "structure-tissue", "procedures", "years")
"""Of constants that a plan rests on."""
PROBE, OTHER, PARTS = "whether a probe would tell something", "how it does in other worlds", "what each of its parts gives"
WIDER = "it must hold in scenarios drawn wider as well, because this patient lies outside what was calibrated"
ENAMEL = 0.98  # mineral over sound enamel below which there is a lesion


@dataclass(eq=False)
class _Search:
    """What a search has found so far, and how much time it has left."""

    twin: ToothTwin
    explore: Rollouts
    untouched: Rollouts
    situation: Situation
    goals: Goals
    limits: Limits
    seed: int
    deadline: float
    started: float
    on_progress: Callable[[float, str], None] | None
    seconds: float
    on_found: Callable[[Mapping[str, Any]], None] | None = None
    certificates: dict[Design, Certificate] = field(default_factory=dict)
    policy: Policy | None = None
    first_certified: float | None = None
    outside: tuple[Outside, ...] = ()
    wider: Rollouts | None = None
    no_time_for: list[str] = field(default_factory=list)
    ready: float = 0.0

    def now(self) -> float:
        """Return the seconds since the start."""
        return clock_time.perf_counter() - self.started

    def until(self, share: float) -> float:
        """Return when a share of the time has passed [s], counted from when the teeth were built."""
        return self.ready + share * (self.deadline - self.ready)

    def before(self, share: float) -> bool:
        """Return whether a share of the time has not passed yet."""
        return self.now() < self.until(share)

    def affords(self, on: Rollouts, count: int, share: float) -> bool:
        """Return whether so many rollouts, at the pace of the last, end before a share of the time has passed."""
        return self.now() + on.pace * count <= self.until(share)

    def has_time_for(self, what: str, on: Rollouts, count: int, share: float) -> bool:
        """Return whether there is time for something, and keep in mind what there was none for."""
        found = self.affords(on, count, share)
        if not found and what not in self.no_time_for:
            self.no_time_for.append(what)
        return found

    def tell(self, what: str) -> None:
        """Tell how far it is."""
        if self.on_progress:
            done = min(self.now() / self.deadline, 1.0) if np.isfinite(self.deadline) else 0.0
            best = self.best()
            said = f"best so far: {best.design.arm}, certified" if best is not None else "nothing certified yet"
            self.on_progress(done, f"{what}; {said}")

    def best(self) -> Certificate | None:
        """Return the certified design of most worth, waiting left out."""
        good = [c for c in self.certificates.values() if c.verdict is True and c.design.arm != "wait"]
        return max(good, key=lambda c: c.worth.mean(), default=None)

    def certify(self, designs: Sequence[Design], share: float, sizes: Sequence[int], paid: float) -> None:
        """Certify designs of which nothing is known for certain yet, with a share of the error that all certificates have together."""
        open_ = lambda c: c is None or (c.verdict is None and not c.refused)  # noqa: E731 - a few scenarios may have been too few
        due = [d for d in dict.fromkeys(designs) if open_(self.certificates.get(d))]
        if not due:
            return
        twice = 1 + (self.wider is not None)
        while len(due) > 1 and not self.affords(self.untouched, twice * len(due) * sizes[0], share):
            due.pop()  # better a few that are known than many that are not
        look = {"sizes": sizes, "paid": paid, "affords": lambda count: self.affords(self.untouched, twice * count, share)}
        found = certify(self.untouched, due, self.limits, **look)
        if self.wider is not None:  # outside what was calibrated it must hold in scenarios drawn wider as well
            found = [both(*pair) for pair in zip(found, certify(self.wider, due, self.limits, **look), strict=True)]
        self.certificates |= {c.design: c for c in found if c.count or c.refused}
        if self.first_certified is None and self.best() is not None:
            self.first_certified = self.now()
        self.tell_found()

    def tell_found(self) -> None:
        """Tell what is certified so far, for whoever wants to keep it."""
        best = self.best()
        if self.on_found is None:
            return
        found: dict[str, Any] = {"tooth": self.twin.tooth, "seed": self.seed, "seconds": self.now(), "unfinished": True}
        if best is None:
            self.on_found({**found, "status": "deferred", "reason": "nothing was certified yet", "chosen": None})
            return
        chosen = Option(best.design.arm, best.design, best.design.text(), best).to_dict(self.limits)
        self.on_found({**found, "status": "certified", "reason": "the best that was certified by then", "chosen": chosen})


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
    search = _Search(
        twin, make(built.tooth, "reduced", seed), make(fresh.tooth, "full", seed + APART), situation, goals, limits, seed,
        seconds if rollouts is None else np.inf, started, on_progress, seconds, on_found,
    )  # fmt: skip
    search.outside = outside_of(twin)
    if search.outside:
        search.wider = make(widened(fresh.tooth), "full", seed + APART)
    search.ready = min(search.now(), search.deadline)
    races: dict[str, Race] = {}
    try:
        _found(search, races, rollouts)
        return _told(search, races, built.assumed, years)
    except KeyboardInterrupt:
        if search.best() is None:
            raise KeyboardInterrupt("nothing was certified yet") from None
    search.on_progress = None  # whoever stopped it has waited enough
    return _told(search, races, built.assumed, years, stopped=True)


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


def situation_of(case: Case, tooth: WholeTooth, arms: tuple[str, ...] = ARMS) -> Situation:
    """Return what a tooth allows, by the middle of its ensemble.

    Raises: RecordError for a tooth with nothing to plan for.
    """
    first = tooth.constants.dentine_from
    enamel = (tooth.total[:, :first] < ENAMEL * tooth.constants["enamel.sound_mineral"][:, None]) & (tooth.left[:, :first] > 0.0)
    found = Situation(
        carious=bool((lesion_depth(tooth) > 0.0).mean() > 0.5),
        open_floor=bool(tooth.open_floor.mean() > 0.5),
        enamel_lesion=bool(enamel.any(axis=1).mean() > 0.5),
        restored=tooth.restored is not None,
        vital=not tooth.rooted,
        primary=tooth.constants.owner.primary,
        arms=arms,
        dead=tooth.constants.owner.facts.get("diagnosis") == "necrosis",
    )
    if not (found.carious or found.enamel_lesion or found.open_floor):
        fdi = tooth.constants.owner.tooth
        what = f"tooth {fdi} has no lesion on surface {tooth.constants.owner.surface}"
        with_one = plannable(case)
        fix = f"name a tooth with one: {', '.join(map(str, with_one))}" if with_one else "record the lesion in the case"
        if fdi in with_one:
            fix = f"its lesions are on {', '.join(dict.fromkeys(f.surface for f in case.tooth(fdi).findings))}"
        raise RecordError(what, why="there is nothing to plan for", fix=fix)
    return found


def _found(search: _Search, races: dict[str, Race], rollouts: int | None) -> None:
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
    budget = (rollouts if rollouts is not None else BUDGET * 100) // turns
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
    of_each = [race.finalists(PER_ARM) for race in best_of]
    finalists = [found[place] for place in range(PER_ARM + 1) for found in of_each if place < len(found)]
    search.tell("certifying")
    until_then = CERTIFYING if search.best() is not None else LAST  # a certificate is what it is all for
    search.certify(finalists, until_then, (256, 512, 1024, UNTOUCHED), PAID["final"])


def _told(search: _Search, races: dict[str, Race], assumed: list[str], years: float, stopped: bool = False) -> Plan:
    """Return the plan from what was certified; stopped, without anything that takes time."""
    waiting = search.certificates[Design()]
    options = [Option("wait", Design(), Design().text(), waiting)]
    for arm in races:
        mine = [c for c in search.certificates.values() if c.design.arm == arm and c.count and not c.refused]
        if mine:
            reaches = lambda c: c.verdict is True and not search.goals.missed(c.outcomes)  # noqa: E731
            best = max(mine, key=lambda c: (reaches(c), c.verdict is True, c.worth.mean()))
            options.append(Option(arm, best.design, best.design.text(), best))
    good = [o for o in options if o.certified and o.arm != "wait" and not search.goals.missed(o.certificate.outcomes)]
    best = max(good, key=lambda o: o.worth, default=None)
    probe: Probe | None = None
    if not stopped and search.policy is not None and search.policy.calm != search.policy.alarmed:
        search.tell("asking what a probe would tell")
        probe = measured(
            search.untouched, search.policy, best, search.limits,
            affords=lambda count: search.has_time_for(PROBE, search.untouched, count, LOOKING),
        )  # fmt: skip
        probe = _held_wider(search, probe)
    chosen, status, reason = _chosen(search, options, best, probe)
    if probe is not None and probe.adopted:
        options = [chosen if o.arm == chosen.arm else o for o in options]  # the arm at its best: with its probe
    synergy = _synergy(options, search.seed)
    others = [o for o in options if o is not chosen]
    runner = max((o for o in others if o.certificate.count), key=lambda o: (o.certified, o.worth), default=None)
    options = [chosen, *(replace(o, why=why_not(o, chosen, search.limits)) for o in others)]
    runner = None if runner is None else next(o for o in options if o.design == runner.design and o.arm == runner.arm)
    origin = Provenance.of(
        search.twin.name,
        parameters=[p for name in SETS for p in load_set(name)],
        specimen=search.twin.case.to_json(),
        protocol=chosen.protocol,
        seed=search.seed,
        assumptions=tuple(assumed),
        options={"seconds": search.seconds, "goals": search.goals.name, "years": years},
        wall_time=search.now(),
    )
    search.tell("looking at other worlds")
    other = chosen.arm != "wait" and not stopped and search.has_time_for(OTHER, search.explore, PER_WORLD, LAST)
    worlds = _other_worlds(search, chosen, probe, years) if other else {}
    why: tuple[str, ...] = ()
    if not stopped:
        ablated = chosen.arm == "wait" or search.has_time_for(PARTS, search.untouched, ABLATED, 1.0)
        why = explained(search.untouched, chosen, waiting, search.limits, ablated=ablated)
    silent = [f"{what}: there was no time to look, and --seconds was too short" for what in search.no_time_for]
    effort = {arm: race.spent for arm, race in races.items()}
    tried = {arm: len(race.entries) for arm, race in races.items()}
    return Plan(
        search.twin.tooth,
        search.explore.tooth.constants.owner.surface,
        status,
        reason,
        chosen,
        tuple(options),
        runner,
        synergy,
        probe,
        worlds,
        why,
        (*(f"outside what was calibrated: {o.told}" for o in search.outside), *unknown_of(search.twin), *silent),
        search.goals,
        search.limits,
        search.now(),
        search.explore.count + search.untouched.count,
        search.first_certified,
        origin,
        {
            "designs_tried": tried,
            "rollouts_of_each_arm": effort,
            "stopped_by_user": stopped,
            "no_time_for": list(search.no_time_for),
        },
        search.outside,
    )


def _held_wider(search: _Search, probe: Probe | None) -> Probe | None:
    """Return a probe that is given up where what follows it is not certified in scenarios drawn wider, for a patient outside what was calibrated."""
    if search.wider is None or probe is None or not probe.adopted:
        return probe
    count = probe.certificate.count
    lived = lived_in(World(), search.wider, probe.calm, probe, 0, count)
    error = PAID["probe"] * (1.0 - search.limits.confidence)
    upper = np.ones(len(HARMS)) if isinstance(lived, str) else upper_bound(lived[1].sum(axis=1), np.full(len(HARMS), count), error)
    upper = np.maximum(upper, probe.certificate.upper)
    holds = bool((upper <= search.limits.array).all())
    certificate = replace(probe.certificate, upper=upper, verdict=True if holds else None)
    told = probe.told if holds else f"{probe.told}; it could not be certified: {WIDER}"
    return replace(probe, certificate=certificate, adopted=holds, told=told)


def _other_worlds(search: _Search, chosen: Option, probe: Probe | None, years: float) -> dict[str, dict[str, float]]:
    """Return how the chosen plan does in shifted worlds, with its probe where it begins with one."""
    used = probe if probe is not None and probe.adopted else None
    return robustness(
        search.twin, chosen.design, search.goals, search.limits, search.seed, years, used,
        certificate=chosen.certificate, keep_going=lambda: search.has_time_for(OTHER, search.explore, PER_WORLD if used is None else 3 * PER_WORLD, LAST),
    )  # fmt: skip


def _chosen(search: _Search, options: list[Option], best: Option | None, probe: Probe | None) -> tuple[Option, str, str]:
    """Return the option that is offered, the status, and the reason of waiting or deferring."""
    waiting = options[0]
    if probe is not None and probe.adopted and not search.goals.missed(probe.certificate.outcomes):
        arm = probe.calm.arm
        return Option(arm, probe.calm, f"{probe.protocol}\n{probe.then(probe.calm)}", probe.certificate), "certified", ""
    if best is None:
        tried = [c for c in search.certificates.values() if c.design.arm != "wait" and c.count]
        if not tried:
            return waiting, "deferred", "nothing could be tried on this tooth in the time given"
        if any(c.verdict is True for c in tried):
            return waiting, "deferred", _missed(search.goals, [c for c in tried if c.verdict is True])
        nearest_ = min(tried, key=lambda c: float((c.upper - search.limits.array).max()))
        name = HARMS[int(np.argmax(nearest_.upper - search.limits.array))]
        k = HARMS_INDEX[name]
        reason = (
            f"no plan could be certified: of the one that comes nearest the chance of {name.replace('_', ' ')} may be {nearest_.upper[k]:.3g} "
            f"({int(nearest_.violations[k])} of {nearest_.count} scenarios), and {search.limits.largest.get(name, 1.0):g} is allowed"
        )
        return waiting, "deferred", reason + (f"; {WIDER}" if search.wider is not None else "")
    n = min(best.certificate.count, waiting.certificate.count)
    gain = best.certificate.worth[:n] - waiting.certificate.worth[:n]
    low = gain.mean() - 1.645 * gain.std(ddof=1) / np.sqrt(n)
    if low <= LEAST_GAIN:
        return (
            waiting,
            "certified",
            f"no certified plan is better than waiting: the best gains {gain.mean():.3f} ({low:.3f} at least)",
        )
    return best, "certified", ""


def _missed(goals: Goals, certified: Sequence[Certificate]) -> str:
    """Return which goal no certified plan reaches, and how near the nearest comes."""
    nearest_ = min(certified, key=lambda c: max(goals.at_least[k] - mean for k, mean in goals.missed(c.outcomes).items()))
    parts = [f"{name} of at least {goals.at_least[name]:g}, and the one that comes nearest has {mean:.3f}" for name, mean in goals.missed(nearest_.outcomes).items()]  # fmt: skip
    return f"no certified plan reaches the goal: {'; '.join(parts)}"


HARMS_INDEX = {name: k for k, name in enumerate(HARMS)}


def _synergy(options: list[Option], seed: int) -> Synergy | None:
    """Return what the combination adds, None where an arm is missing."""
    by_arm = {o.arm: o.certificate for o in options}
    if not {"wait", "nano", "operative", "combined"} <= by_arm.keys():
        return None
    n = min(c.count for c in by_arm.values())
    if n < 32:
        return None
    worth = [by_arm[arm].worth[:n] for arm in ("combined", "nano", "operative", "wait")]
    return synergy_of(*worth, seed=seed, certified=by_arm["combined"].verdict is True)
