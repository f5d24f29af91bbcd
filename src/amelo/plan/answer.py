"""The answer: which plan is offered or why none is, what a probe would add, and everything that a reader must know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from amelo.params import load_set
from amelo.plan.bounds import upper_bound
from amelo.plan.certify import PAID, Certificate
from amelo.plan.design import Design
from amelo.plan.explain import explained, unknown_of, why_not
from amelo.plan.goals import HARMS, Goals
from amelo.plan.policy import Policy
from amelo.plan.probing import ATTEMPTS, informed, measured
from amelo.plan.race import Race
from amelo.plan.record import Option, Plan, Probe
from amelo.plan.robust import World, lived_in, robustness
from amelo.plan.search import LAST, LOOKING, OTHER, PARTS, PROBE, Search
from amelo.plan.synergy import Synergy, synergy_of
from amelo.twin.provenance import Provenance

__all__ = ["told"]

PER_WORLD = 256  # rollouts of one world, three times as many with a probe
ABLATED = 6 * 128  # rollouts of the plan without each of its parts
LEAST_GAIN = 0.0  # of worth over waiting, that the lower bound must pass
SETS = ("goals", "calibrated", "tooth", "steps", "pulp", "structure", "structure-tissue", "procedures", "years")
"""Of constants that a plan rests on."""
WIDER = "it must hold in scenarios drawn wider as well, because this patient lies outside what was calibrated"


def told(search: Search, races: dict[str, Race], assumed: list[str], years: float, stopped: bool = False) -> Plan:
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
    if not stopped and search.policy is not None:
        search.tell("asking what a probe would tell")
        probe = _probe(search, search.policy, best)
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


def _probe(search: Search, policy: Policy, best: Option | None) -> Probe | None:
    """Return what a policy does; or a more cautious one, where the first cannot be certified and there is time."""
    found: Probe | None = None
    for one in (policy, policy.cautious):
        if one is None or one.calm == one.alarmed:
            continue
        asks = partial(search.has_time_for, PROBE) if found is None else search.affords
        measured_ = measured(search.untouched, one, best, search.limits, affords=partial(asks, search.untouched, share=LOOKING))
        if measured_ is not None:
            found = _held_wider(search, measured_)
            if found.certificate.verdict is True:
                break
    if found is None:
        return None
    return informed(search.untouched, found, best, search.limits, partial(search.affords, search.untouched, share=LOOKING))


def _held_wider(search: Search, probe: Probe) -> Probe:
    """Return a probe that is given up where what follows it is not certified in scenarios drawn wider, for a patient outside what was calibrated."""
    if search.wider is None or not probe.adopted:
        return probe
    count = probe.certificate.count
    lived = lived_in(World(), search.wider, probe.calm, probe, 0, count)
    error = PAID["probe"] * (1.0 - search.limits.confidence) / ATTEMPTS
    upper = np.ones(len(HARMS)) if isinstance(lived, str) else upper_bound(lived[1].sum(axis=1), np.full(len(HARMS), count), error)
    upper = np.maximum(upper, probe.certificate.upper)
    holds = bool((upper <= search.limits.array).all())
    certificate = replace(probe.certificate, upper=upper, verdict=True if holds else None)
    told = probe.told if holds else f"{probe.told}; it could not be certified: {WIDER}"
    return replace(probe, certificate=certificate, adopted=holds, told=told)


def _other_worlds(search: Search, chosen: Option, probe: Probe | None, years: float) -> dict[str, dict[str, float]]:
    """Return how the chosen plan does in shifted worlds, with its probe where it begins with one."""
    used = probe if probe is not None and probe.adopted else None
    return robustness(
        search.twin, chosen.design, search.goals, search.limits, search.seed, years, used,
        certificate=chosen.certificate, keep_going=lambda: search.has_time_for(OTHER, search.explore, PER_WORLD if used is None else 3 * PER_WORLD, LAST),
    )  # fmt: skip


def _chosen(search: Search, options: list[Option], best: Option | None, probe: Probe | None) -> tuple[Option, str, str]:
    """Return the option that is offered, the status, and the reason of waiting or deferring."""
    waiting = options[0]
    if probe is not None and probe.adopted and not search.goals.missed(probe.certificate.outcomes):
        return Option(probe.arm, probe.calm, f"{probe.protocol}\n{probe.then(probe.calm)}", probe.certificate), "certified", ""
    if best is None:
        tried = [c for c in search.certificates.values() if c.design.arm != "wait" and c.count]
        if not tried:
            return waiting, "deferred", "nothing could be tried on this tooth in the time given"
        if any(c.verdict is True for c in tried):
            return waiting, "deferred", _missed(search.goals, [c for c in tried if c.verdict is True])
        nearest_ = min(tried, key=lambda c: float((c.upper - search.limits.array).max()))
        k = int(np.argmax(nearest_.upper - search.limits.array))
        name = HARMS[k]
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
