"""What is said of a plan, the same on the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amelo.plan.goals import HARM_WORDS, HARMS, WEIGHTS

if TYPE_CHECKING:
    from amelo.plan.record import Option, Plan

__all__ = [
    "ARM_WORDS",
    "CLAIMS",
    "UNITS",
    "banner",
    "branches",
    "chance",
    "harm_rows",
    "headline",
    "leans_on",
    "option_rows",
    "outcome_rows",
    "probe_words",
    "run_words",
    "steps_of",
    "synergy_words",
    "what_would_change_it",
    "world_rows",
]

ARM_WORDS = {
    "wait": "waiting",
    "nano": "carriers alone",
    "operative": "operative care alone",
    "combined": "carriers and operative care together",
}
CLAIMS = {
    "synergistic": "synergistic: in each scenario the combination does better than whichever single arm does better there",
    "complementary": "complementary, not synergistic: better than either arm on average, because each mends what the other does not",
    "none": "none: the combination does no better than the better single arm",
}
UNITS = {
    "seconds": "s",
    "first_certified_seconds": "s",
    "outcomes": "1, from 0 to 1, larger is better",
    "worth": "1, outcomes weighted by the goals",
    "share": "1, of scenarios",
    "limit": "1, a chance",
    "upper_bound": "1, a chance, at the confidence that is given",
    "threshold": "unit of the host model of the pulp",
    "synergy": "1, of worth",
    "chair_time": "min",
    "cost": "a composite of two surfaces is 1",
    "day": "d from the first visit",
}


def banner() -> str:
    """Return what stands under every plan."""
    return "Research and teaching software, not a medical device: a plan is no prescription, and dentist and patient decide."


def chance(value: float) -> str:
    """Return a chance as percent, small ones as bounds."""
    if value != value:
        return "–"
    if value == 0.0:
        return "0 %"
    return f"{100.0 * value:.1f} %" if value >= 0.001 else "below 0.1 %"


def headline(plan: Plan) -> str:
    """Return in a sentence what was found."""
    where = f"tooth {plan.tooth} {plan.surface}".rstrip()
    outside = f" (outside what was calibrated: {', '.join(o.input for o in plan.outside)})" if plan.outside else ""
    if plan.status != "certified":
        return f"{where}: nothing can be certified, so that the answer is to wait{outside}"
    if plan.chosen.arm == "wait":
        return f"{where}: wait{outside}"
    probed = ", after a probe" if plan.probe is not None and plan.probe.adopted else ""
    return f"{where}: {ARM_WORDS[plan.chosen.arm]}{probed}, certified{outside}"


def steps_of(plan: Plan) -> list[str]:
    """Return the chosen protocol as numbered lines to be read aloud, and what is done instead where a probe says so."""
    from amelo.plan.timeline import timeline

    said = timeline(plan.chosen.protocol).aloud()
    if plan.chosen.arm == "wait" and not any(line.endswith(":") for line in said):
        said = ["Nothing is done; the tooth is looked at again at the next recall."]
    for title, lines in branches(plan):
        said += ["", title, *lines]
    return said


def branches(plan: Plan) -> list[tuple[str, list[str]]]:
    """Return what is done where a probe that is part of the plan reads high: a title and numbered lines; nothing without one."""
    from amelo.plan.timeline import timeline

    probe = plan.probe
    if probe is None or not probe.adopted:
        return []
    read = len(timeline(probe.protocol).lines)
    lines = (
        timeline(probe.trace.policy(probe.alarmed)).aloud(read)
        if probe.alarmed.arm != "wait"
        else ["Nothing more; the pulp is looked at again."]
    )
    title = (
        f"Read the inflammation of the pulp before the probe and a day after it. If it rose by less than {probe.threshold:.3g} go on as above. "
        f"If by {probe.threshold:.3g} or more (in {100 * probe.chance:.0f} % of cases), do this instead of what follows the probe:"
    )
    return [(title, lines)]


def outcome_rows(plan: Plan) -> list[tuple[str, str, str, str, str]]:
    """Return each outcome: name, what it is, mean, interval, mean of waiting."""
    chosen, waiting = plan.chosen.to_dict(plan.limits), _waiting(plan).to_dict(plan.limits)
    rows = []
    for name, what in WEIGHTS.items():
        mine, theirs = chosen.get("outcomes", {}).get(name), waiting.get("outcomes", {}).get(name)
        if mine is None:
            continue
        wait = f"{theirs['mean']:.3f}" if theirs else "–"
        rows.append((name, what, f"{mine['mean']:.3f}", f"{mine['low']:.3f} to {mine['high']:.3f}", wait))
    return rows


def harm_rows(plan: Plan, option: Option | None = None) -> list[tuple[str, str, str, str, str, str]]:
    """Return each class of harm: name, what it is, share, count, limit, upper bound."""
    c, found = (option or plan.chosen).certificate, []
    for k, name in enumerate(HARMS):
        if not c.count:
            continue
        count = f"{int(c.violations[k])} of {c.count}"
        share, limit = c.violations[k] / c.count, plan.limits.largest.get(name, 1.0)
        upper = c.upper[k] if len(c.upper) else float("nan")
        found.append((name.replace("_", " "), HARM_WORDS[name], chance(share), count, chance(limit), chance(upper)))
    return found


def option_rows(plan: Plan) -> list[tuple[str, str, str, str, str, str]]:
    """Return each option, the chosen first: what, worth, certified or not, visits, minutes in the chair, what speaks against it."""
    from amelo.plan.timeline import timeline

    rows = []
    for number, option in enumerate(plan.options):
        t = timeline(option.protocol)
        worth = "–" if option.worth != option.worth else f"{option.worth:.3f}"
        certified = "yes" if option.certified else ("cannot be done" if option.certificate.refused else "no")
        against = "chosen" if number == 0 else option.why
        rows.append((ARM_WORDS[option.arm], worth, certified, str(t.visits), f"{t.chair:.0f}", against))
    return rows


def synergy_words(plan: Plan) -> list[str]:
    """Return what the combination adds, in sentences."""
    s = plan.synergy
    if s is None:
        return ["not told: it needs the best of every arm on the same scenarios"]
    return [
        f"paired excess over the better single arm: {s.mean:+.3f} ({s.low:+.3f} to {s.high:+.3f}) of worth, {s.count} scenarios; better than both in {100 * s.better:.0f} %",
        CLAIMS[s.claim],
        f"for the literature: over the better arm on average (HSA) {s.hsa:+.3f}, over independent action (Bliss) {s.bliss:+.3f}",
    ]


def probe_words(plan: Plan) -> list[str]:
    """Return whether to probe first, and why, in plain words."""
    p = plan.probe
    if p is None:
        from amelo.plan.search import PROBE

        if PROBE in plan.settings.get("no_time_for", ()):
            return [f"no probe: there was no time to see {PROBE}"]
        return ["no probe: nothing that a trace of carriers could tell would change what is done"]
    knowing = "" if p.perfect is None else f"; knowing for certain would gain {p.perfect:+.3f}"
    return [p.told, f"gain over the best plan without it {p.gain:+.3f} ({p.low:+.3f} to {p.high:+.3f}) of worth{knowing}"]


def world_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Return each shifted world, the worst for worth first: words, worth, harms that occur there."""
    rows = []
    for world, found in sorted(plan.robustness.items(), key=lambda pair: pair[1]["worth"]):
        harms = [f"{name.replace('_', ' ')} {chance(share)}" for name, share in found.items() if name not in ("worth", "beyond")]
        beyond = f"; may pass its limit in {found['beyond']:.0f}" if found.get("beyond") else ""
        rows.append((world, f"{found['worth']:.3f}", (", ".join(harms) or "no harm seen") + beyond))
    return rows


def leans_on(plan: Plan) -> list[str]:
    """Return what the answer leans on most, as the plan explains it."""
    return list(plan.explained)


def what_would_change_it(plan: Plan) -> list[str]:
    """Return what could change the answer: what nobody knows, and worlds in which a limit would be passed."""
    said = list(plan.unknown)
    for world, found in plan.robustness.items():
        if found.get("beyond"):
            said.append(f"{world}: then a limit of harm may be passed")
    if plan.runner_up is not None and plan.runner_up.why:
        said.append(f"{ARM_WORDS[plan.runner_up.arm]} comes next: {plan.runner_up.why}")
    return said


def run_words(plan: Plan) -> str:
    """Return how it was found: time, rollouts, seed, versions."""
    tried = sum(plan.settings.get("designs_tried", {}).values())
    first = f", the first certified after {plan.first_certified:.1f} s" if plan.first_certified is not None else ""
    version = plan.provenance.amelo
    return f"{plan.seconds:.1f} s{first}; {tried} plans tried on {plan.rollouts} rollouts; seed {plan.provenance.seed}; confidence {100 * plan.limits.confidence:g} %; goals {plan.goals.name}; amelo {version}"


def _waiting(plan: Plan) -> Any:
    return next(o for o in plan.options if o.arm == "wait")
