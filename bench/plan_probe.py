"""What probes are worth: made-up patients of whom it is open how their dentine answers carriers, each plan lived through once more where nobody looked.

    python bench/plan_probe.py --patients 0-17               # some seconds of processor time for each, and as much again to judge it
    python bench/plan_probe.py --patients 0-17 --rollouts 24000

A plan may begin with a probe or not.  On fresh scenarios of the finer tier it is set beside the best plan without one that was certified, and beside
what somebody would do who knew the answer: for either kind the best of all that the races thought good for it, of what follows the probe, and of the
same in two visits without carriers in the first, with harms together within their limits.  A gain that knowing cannot bring is no gain of a probe.
"""

from __future__ import annotations

import os

if __name__ == "__main__":
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import argparse
import time
from dataclasses import dataclass

import numpy as np
from plan_patients import KINDS, Patient, patient, variants

from amelo.plan import answer
from amelo.plan import plan as verb
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.policy import mixed
from amelo.plan.probe import branches, openings_of, parted, stacked
from amelo.plan.race import FIRST, Race
from amelo.plan.rollout import Rollouts
from amelo.records.check import build
from amelo.twin.tooth.twin import TIERS, ToothTwin
from plan import numbers

OPEN = ("cavity", "deep", "inflamed")  # kinds of teeth in which carriers find dentine
BUDGET, FRESH, APART = 12_000, 4096, 7_000_003
TOP = 3  # designs of each arm, for those who bear carriers and for those who do not, that somebody who knows would choose from


@dataclass(frozen=True)
class Judged:
    """A plan on fresh scenarios: worth without a probe, with it and for those who know; error of the gain; whether it is beyond a limit; told."""

    name: str
    adopted: bool
    without: float
    gain: float
    error: float
    knowing: float
    beyond: bool
    seconds: float


def open_patient(turn: int) -> Patient:
    """Return a patient whose dentine is the invented one, with a tooth that is open or nearly so."""
    number = len(KINDS) * (turn // len(OPEN)) + KINDS.index(OPEN[turn % len(OPEN)])
    who = patient(number)
    data = who.case.model_dump(mode="json", exclude_defaults=True) | {"genotype": variants(who.kind, True)}
    return Patient(
        number, f"{turn:02d}-{who.kind}", who.kind, build(type(who.case), data, who.name), who.tooth, who.surface, who.goals, False
    )


def planned(who: Patient, budget: int, seed: int) -> tuple[object, Design, list[Design]]:
    """Return the plan of a patient, the best without a probe, and what somebody who knew would choose from."""
    caught: dict[str, object] = {}
    told = answer.told

    def listening(search, races: dict[str, Race], *rest, **more):
        good = [c for c in search.certificates.values() if c.verdict is True]
        caught["best"] = max(good, key=lambda c: c.worth.mean()).design if good else Design()
        reacts = search.explore.tooth.constants.reacts
        caught["choice"] = [Design(), *(d for r in races.values() for who_ in (reacts, ~reacts) for d in _best(r, who_))]
        return told(search, races, *rest, **more)

    verb.told = listening
    try:
        plan = verb.plan(who.case, who.tooth, who.surface, rollouts=budget, seed=seed, goals=who.goals, threads=1)
    finally:
        verb.told = told
    return plan, caught["best"], list(dict.fromkeys(caught["choice"]))


def _best(race: Race, who: np.ndarray) -> list[Design]:
    known = [e for e in race.ranked() if e.count >= FIRST]
    mean = {e.design: float(e.worth[who[: e.count]].mean()) for e in known if who[: e.count].any()}
    return sorted(mean, key=lambda d: -mean[d])[:TOP]


def judged(who: Patient, budget: int, seed: int) -> Judged | None:
    """Return how a plan does where nobody looked, None where it is not open how the tooth answers."""
    began = time.process_time()
    plan, best, choice = planned(who, budget, seed)
    took = time.process_time() - began
    twin = ToothTwin.of(who.case, who.tooth, who.surface)
    fresh = twin.whole(members=FRESH, seed=seed + APART, tier="full").tooth
    rollouts = Rollouts(twin, fresh, TIERS["full"][1], Goals.preset(who.goals), 10.0, seed + APART, 2)
    if not mixed(rollouts):
        return None
    limits, reacts = Limits().array, fresh.constants.reacts
    base = rollouts.run([best], 0, FRESH)[0].values.total
    probe, texts = plan.probe, [d.text() for d in (best, *choice)]
    for design in choice:
        if design.within is not None and not design.stepwise:
            opening = openings_of(design)[0]
            texts.append(f"{opening.opened('')}\nrest 1 d\n{design.reopened()}")
    gain, harms = np.zeros(FRESH), np.zeros((len(HARMS), FRESH))
    if probe is not None:
        texts += [probe.trace.policy(d) for d in (probe.calm, probe.alarmed)]
        if probe.trace.opening is not None:
            texts += [f"{probe.trace.empty}\n{probe.trace.then(d)}" for d in (probe.calm, probe.alarmed)]
    if probe is not None and probe.adopted:
        (_, calm, alarmed), above = parted(rollouts, probe, 0, FRESH)
        gain = np.where(above, alarmed.values.total, calm.values.total) - base
        harms = np.where(above[None, :], alarmed.harms, calm.harms)
    worth, risks = stacked([r for r in rollouts.run(list(dict.fromkeys(texts)), 0, FRESH) if not r.refused])
    pick = branches(worth, risks, reacts, limits, share=1.0)
    knowing = float(np.where(reacts, worth[pick[1]], worth[pick[0]]).mean() - base.mean()) if pick else 0.0
    best_fixed = max(
        (float(w.mean()) for w, h in zip(worth, risks, strict=True) if (h.mean(axis=1) <= limits).all()), default=float(base.mean())
    )
    return Judged(
        who.name, bool(probe is not None and probe.adopted), float(base.mean()), float(gain.mean()), float(gain.std() / np.sqrt(FRESH)),
        max(knowing, best_fixed - float(base.mean()), 0.0), bool((harms.mean(axis=1) > limits).any()), took,
    )  # fmt: skip


def main() -> None:
    """Judge patients, one after the other, and tell what they have in common."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", default="0-17")
    parser.add_argument("--rollouts", type=int, default=BUDGET)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows: list[Judged] = []
    for turn in numbers(given.patients):
        row = judged(open_patient(turn), given.rollouts, given.seed)
        if row is None:
            continue
        rows.append(row)
        print(
            f"{row.name:16s} {'probe   ' if row.adopted else 'no probe'}  without {row.without:.4f}  gain {row.gain:+.4f} ± {row.error:.4f}"
            f"  knowing {row.knowing:+.4f}{'  BEYOND' * row.beyond}  {row.seconds:.1f} s", flush=True,
        )  # fmt: skip
    taken = [r for r in rows if r.adopted]
    print(f"{len(rows)} patients, {len(taken)} with a probe; beyond a limit {sum(r.beyond for r in taken)}")
    for name, some in (("with a probe", taken), ("all", rows)):
        gain, knowing = sum(r.gain for r in some), sum(r.knowing for r in some)
        if some:
            print(
                f"{name}: gain {gain / len(some):.4f} of {knowing / len(some):.4f} that knowing brings, {100 * gain / max(knowing, 1e-12):.0f} %"
            )
    if taken:
        print(f"the least gain {min(r.gain for r in taken):+.4f}")


if __name__ == "__main__":
    main()
