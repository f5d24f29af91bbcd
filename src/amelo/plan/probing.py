"""Whether a probe is worth its price: found on scenarios of the search, measured on untouched ones, told in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amelo.plan.bounds import Looks, upper_bound
from amelo.plan.certify import PAID, Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Limits
from amelo.plan.probe import NOISE, Policy, probe_text, read_out, search_policy
from amelo.plan.record import Option, Probe
from amelo.plan.rollout import Rollouts

__all__ = ["probed"]

SEEN, UNTOUCHED = 144, 384
MIXED = 0.02  # least chance of either way of answering, from which there is anything to find out
LEAST = 0.002  # of worth, that a probe must bring


def probed(
    explore: Rollouts, untouched: Rollouts, designs: Sequence[Design], best: Option | None, limits: Limits, seed: int
) -> Probe | None:
    """Return what a probe would bring, None where there is nothing to find out or no carriers to find it out for.

    Arguments: explore and untouched scenarios; designs that may follow; best certified plan without a probe; limits; seed.
    """
    reacts = float(explore.tooth.constants.reacts.mean())
    nano = [d for d in designs if d.first is not None or d.within is not None]
    if not (MIXED < reacts < 1.0 - MIXED) or not nano:
        return None
    dose = nano[0].within or nano[0].first
    pool = list(dict.fromkeys([*designs, *([best.design] if best is not None else []), Design()]))
    policy = search_policy(explore, pool, dose, limits, 0, min(SEEN, explore.tooth.members))
    if policy is None or policy.calm == policy.alarmed:
        return None
    return _measured(untouched, policy, pool, best, limits, seed)


def _measured(untouched: Rollouts, policy: Policy, pool: Sequence[Design], best: Option | None, limits: Limits, seed: int) -> Probe:
    """Return what a policy does on untouched scenarios."""
    count = min(UNTOUCHED, untouched.tooth.members)
    text = probe_text(policy.nano, policy.share)
    probe, calm, alarmed, *plain = untouched.run(
        [text, f"{text}\n{policy.calm.text()}", f"{text}\n{policy.alarmed.text()}", *pool], 0, count
    )
    above = read_out(probe) >= policy.threshold
    worth = np.where(above, alarmed.values.total, calm.values.total)
    outcomes = np.where(above, alarmed.values.outcomes, calm.values.outcomes)
    harms = np.where(above[None, :], alarmed.harms, calm.harms)
    done = [r for r in plain if not r.refused]
    base = best.certificate.worth[:count] if best is not None else plain[-1].values.total
    base = base[: min(len(base), count)]
    gain = worth[: len(base)] - base
    spread = 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
    reacts = untouched.tooth.constants.reacts[:count]
    perfect = _perfect(np.stack([r.values.total for r in done]), np.stack([r.harms for r in done]), reacts, limits)
    looks = Looks((count,), 1, PAID["probe"] * (1.0 - limits.confidence))
    largest = np.array([limits.largest.get(name, 1.0) for name in HARMS])
    violations = harms.sum(axis=1)
    upper = upper_bound(violations, np.full(len(HARMS), count), looks.each)
    certified = bool((upper <= largest).all())
    adopted = bool(certified and gain.mean() - spread > LEAST)
    certificate = Certificate(policy.calm, worth, outcomes, violations, upper, True if certified else None)
    told = (
        f"first a {100 * policy.share:g} % dose of {policy.nano.carrier}, read after a day: inflammation below {policy.threshold:.3g} speaks for {policy.calm.arm} treatment, "
        f"above it (in {100 * above.mean():.0f} % of cases) for {policy.alarmed.arm}"
    )
    told += "" if adopted else "; it is not worth its price here" if certified else "; it could not be certified"
    reading = f"inflammation of the pulp a day after, with a noise of {NOISE:g}"
    return Probe(
        policy.nano.less(policy.share).line("probe"), reading, policy.threshold, policy.calm, policy.alarmed, float(above.mean()), float(gain.mean()),
        float(gain.mean() - spread), float(gain.mean() + spread), float(perfect - base.mean()), adopted, told, certificate,
    )  # fmt: skip


def _perfect(worth: np.ndarray, harms: np.ndarray, reacts: np.ndarray, limits: Limits) -> float:
    """Return the worth of knowing for certain how a tooth answers: the best design within limits for each class, all in all."""
    from amelo.plan.probe import _branches

    pick = _branches(worth, harms, reacts, np.array([limits.largest.get(name, 1.0) for name in HARMS]))
    if pick is None:
        return float(worth[-1].mean())
    low, high = pick
    return float(np.where(reacts, worth[high], worth[low]).mean())
