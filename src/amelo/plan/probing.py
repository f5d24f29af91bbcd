"""Whether a probe is worth its price: a policy measured on untouched scenarios, certified like any other plan, told in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amelo.plan.bounds import Looks, upper_bound
from amelo.plan.certify import PAID, Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Limits
from amelo.plan.policy import Policy
from amelo.plan.probe import branches, parted, reading_noise, readings, stacked
from amelo.plan.record import Option, Probe
from amelo.plan.rollout import Rollouts

__all__ = ["ATTEMPTS", "LEAST", "informed", "measured"]

LOOKS = (512, 2048)  # untouched scenarios after each look at a policy
LEAST = 0.002  # of worth, that a probe must bring
ATTEMPTS = 2  # a policy, and a more cautious one where it cannot be certified
RUNS = 3  # protocols of a look: the probe, and what follows it either way


def measured(
    untouched: Rollouts,
    policy: Policy,
    best: Option | None,
    limits: Limits,
    *,
    affords: Callable[[int], bool] = lambda rollouts: True,
) -> Probe | None:
    """Return what a policy does on untouched scenarios, and whether it is adopted; None where there is not even time for the first look.

    Arguments: untouched; policy; best certified plan without a probe, None for waiting; limits; affords, asked before each look whether there is time
    for so many rollouts.
    """
    sizes = tuple(s for s in LOOKS if s <= untouched.tooth.members) or (untouched.tooth.members,)
    looks = Looks(sizes, ATTEMPTS, PAID["probe"] * (1.0 - limits.confidence))
    largest, upper, certified = limits.array, np.ones(len(HARMS)), None
    seen, parts = 0, []
    base = best.certificate.worth if best is not None else np.zeros(0)
    for size in sizes:
        if not affords(RUNS * (size - seen) + max(size - len(base), 0)):
            break
        parts.append(_lived(untouched, policy, seen, size))
        seen = size
        worth, outcomes, harms, above = (np.concatenate([p[k] for p in parts], axis=-1) for k in range(4))
        if len(base) < seen:  # what there is without a probe may have been certified with fewer
            design = best.design if best is not None else Design()
            base = np.concatenate([base, untouched.run([design], len(base), seen)[0].values.total])
        gain = worth - base[:seen]
        spread = 1.96 * gain.std(ddof=1) / np.sqrt(seen)
        violations = harms.sum(axis=1)
        upper = np.minimum(upper, upper_bound(violations, np.full(len(HARMS), seen), looks.each))
        said = [looks.verdict(int(v), seen, float(limit)) for v, limit in zip(violations, largest, strict=True)]
        certified = True if certified or all(said) else (False if False in said else None)  # once certified is certified
        settled = abs(gain.mean() - LEAST) > spread  # whether it brings enough, either way
        if certified is False or (certified and settled):
            break
    if not parts:
        return None
    adopted = bool(certified and gain.mean() - spread > LEAST)
    certificate = Certificate(policy.calm, worth, outcomes, violations, upper, certified)
    chance = float(above.mean())
    return Probe(
        policy.trace,
        f"change of the inflammation of the pulp within a day, means of {readings()} readings with a noise of {reading_noise():g} each",
        policy.threshold, policy.calm, policy.alarmed, chance, float(gain.mean()), float(gain.mean() - spread),
        float(gain.mean() + spread), None, adopted, _told(policy, chance, adopted, certified), certificate, above,
    )  # fmt: skip


def _lived(untouched: Rollouts, policy: Policy, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return worth (n,), outcomes (W, n), harms (H, n) and who reads high (n,), each member the way its reading says."""
    (_, calm, alarmed), above = parted(untouched, policy, first, last)
    return (
        np.where(above, alarmed.values.total, calm.values.total),
        np.where(above, alarmed.values.outcomes, calm.values.outcomes),
        np.where(above[None, :], alarmed.harms, calm.harms),
        above,
    )


def _told(policy: Policy, above: float, adopted: bool, certified: bool | None) -> str:
    trace = policy.trace
    where = "on the lesion as it is" if trace.opening is None else f"in the cavity, excavated to {trace.opening.excavate} dentine"
    told = (
        f"first a {100 * trace.share:g} % dose of {trace.nano.carrier} {where}, read after a day: a rise of inflammation below {policy.threshold:.3g} "
        f"speaks for {policy.calm.arm} treatment, above it (in {100 * above:.0f} % of cases) for {policy.alarmed.arm}"
    )
    return told + ("" if adopted else "; it is not worth its price here" if certified else "; it could not be certified")


def informed(
    untouched: Rollouts, probe: Probe, best: Option | None, limits: Limits, affords: Callable[[int], bool] = lambda rollouts: True
) -> Probe:
    """Return a probe with what it would be worth to know for certain how a tooth answers, where there is time for it: the best for each way, all in all.

    Arguments: untouched; probe, measured on it; best plan without a probe, None for waiting; limits; affords.
    Assumptions: the best of what follows the probe, after it, begun at once or after the same visit without carriers, and of what is best
    without it; those who know may heed the reading as well.
    """
    above = probe.above[: LOOKS[0]]
    count = len(above)
    reacts, trace = untouched.tooth.constants.reacts[:count], probe.trace
    after = (probe.calm, probe.alarmed)
    texts = dict.fromkeys(d.text() for d in (*after, *([best.design] if best is not None else []), Design()))
    texts |= dict.fromkeys(trace.policy(d) for d in after)
    if trace.opening is not None:
        texts |= dict.fromkeys(f"{trace.empty}\n{trace.then(d)}" for d in after)
    if not affords(len(texts) * count):
        return probe
    worth, harms = stacked([r for r in untouched.run(list(texts), 0, count) if not r.refused])
    known = []
    for second in (reacts, reacts & above, reacts | above, above):
        pick = branches(worth, harms, second, limits.array, share=1.0)
        if pick is not None:
            known.append(float(np.where(second, worth[pick[1]], worth[pick[0]]).mean()))
    base = best.certificate.worth[:count] if best is not None else untouched.waiting_worth(count)
    return replace(probe, perfect=max(known or [float(worth[0].mean())]) - float(base.mean()))
