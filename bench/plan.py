"""Regret of plans: sixty made-up patients, every design of each lived through, and what a search of seconds misses of the best of them.

    python bench/plan.py --patients 0-9              # reference, race and peers, cached: a minute or two for each patient
    python bench/plan.py --patients 0-59 --only race # one search alone
    python bench/plan.py --verb --patients 0-59      # amelo.plan itself, certificates included
    python bench/plan.py --anytime --patients 10-29  # the best so far after 0.5, 1, 2, 5 and 10 seconds

The reference is the best design of a patient's grid that keeps every limit on 2048 scenarios of its own, found by safe elimination.  A search hands
over a ranking; what counts is the first of it that keeps the limits there.  Regret is what that is worth less than the best, over the range of worth
of all designs of the patient; the worst of them is taken from the scenarios that it saw.
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # whoever imports it keeps the threads he has
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from plan_patients import COUNT, Patient, grid_of, patient
from plan_peers import HANDED, PEERS, Missing, Objective, Space, rule_book
from plan_reference import (
    APART,
    LAST,
    Judged,
    Reference,
    Remembered,
    eliminated,
    fingerprint,
    rollouts_of,
    sorted_designs,
)

import amelo.plan.plan as verb
from amelo.plan import rollout, search, together
from amelo.plan.design import ARMS, Design, Situation
from amelo.plan.goals import Limits
from amelo.plan.race import Entry, Race, blocks_of, ranking
from amelo.plan.together import race_together

BUDGET = 12_000  # rollouts of a search in ten seconds of an ordinary machine, certificates besides
EXPLORED = verb.EXPLORED
TIMED = (verb, search, together, rollout)  # what looks at the clock
SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
FOLDER = Path(os.environ.get("AMELO_CACHE", Path.home() / ".cache" / "amelo")) / "bench" / "plan"
SEEDS = (0,)


@dataclass(eq=False)
class Bench:
    """A patient with everything that judges a search: designs, situation, limits, reference, judge, scenarios to explore."""

    patient: Patient
    on: Situation
    designs: list[Design]
    limits: Limits
    reference: Reference
    judged: Judged
    explore: Remembered
    folder: Path
    found: dict[str, dict[str, object]] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int) -> Bench:
        """Return the bench of a patient, from disk where the code makes of the patient what it made before."""
        who, limits = patient(number), Limits()
        rollouts = Remembered.of(rollouts_of(who, members=LAST, seed=APART))
        on = grid_of(verb.situation_of(who.case, rollouts.tooth), number)
        designs = sorted_designs(on)
        folder = FOLDER / f"{who.name}-{fingerprint(rollouts, designs)}"
        path = folder / "reference.npz"
        if path.exists():
            reference = Reference.load(path, designs, limits.array)
            rollouts.load(folder / "judged.npz", designs)
        else:
            reference = eliminated(rollouts, designs, limits)
            rollouts.known.clear()  # what was dropped early is lived through again when somebody asks for it
            reference.save(path)
        explore = Remembered.of(rollouts_of(who, members=EXPLORED, seed=0))
        explore.load(folder / "explored.npz", designs)
        return cls(who, on, designs, limits, reference, Judged(reference, rollouts), explore, folder)

    def keep(self) -> None:
        """Keep on disk what was lived through."""
        self.explore.save(self.folder / "explored.npz", self.designs)
        self.judged.rollouts.save(self.folder / "judged.npz", self.designs)

    def judge(self, entries: Iterable[Entry], **more: object) -> dict[str, object]:
        """Return how good what was found is: the first of its ranking, waiting among it, that keeps the limits of the reference."""
        waiting = [self.explore.run([Design()], a, b)[0].values.total for a, b in blocks_of(EXPLORED)]
        order = ranking([*entries, Entry(Design(), np.concatenate(waiting))], self.reference.limits)
        design, worth = self.judged.first_feasible([e.design for e in order[:HANDED]])
        more["error"] = self.judged.error(design)
        return {"regret": self.judged.regret(worth), "lost": self.best_worth - worth, "arm": design.arm, **more}

    @property
    def best_worth(self) -> float:
        """Worth of the best design."""
        return float(self.reference.worth[self.reference.best()])

    def race(self, budget: int, seed: int) -> dict[str, object]:
        """Return what the race of the planner finds."""
        arms = [a for a in ARMS if a != "wait" and any(d.arm == a for d in self.designs)]
        begun = self.explore.count
        races = {
            a: Race(self.explore, replace(self.on, arms=(a,)), self.limits, seed, EXPLORED) for a in arms
        }  # of all seeds the same scenarios
        race_together(races, budget)
        entries = [e for r in races.values() for e in r.entries.values()]
        return self.judge(entries, tried=len(entries), rollouts=self.explore.count - begun)

    def peer(self, name: str, budget: int, seed: int) -> dict[str, object]:
        """Return what another search finds with as many rollouts."""
        space, begun = Space([d for d in self.designs if d.arm != "wait"]), self.explore.count
        if name == "rule book":
            design, worth = self.judged.first_feasible([rule_book(space, self.on)])
            return {
                "regret": self.judged.regret(worth),
                "lost": self.best_worth - worth,
                "arm": design.arm,
                "tried": 1,
                "rollouts": 0,
            }
        objective = Objective(self.explore, self.limits, budget)
        PEERS[name](space, objective, seed)
        return self.judge(objective.finished(), tried=len(objective.worth), rollouts=self.explore.count - begun)

    def verb(self, seconds: float, seed: int, rollouts: int | None = None) -> dict[str, object]:
        """Return how good the option is that ``amelo.plan`` offers, without a probe, which is no design."""
        with Restricted(self.on):
            plan = verb.plan(
                self.patient.case, self.patient.tooth, self.patient.surface, seconds=seconds, rollouts=rollouts, seed=seed,
                goals=self.patient.goals, threads=1,
            )  # fmt: skip
        offered = [o for o in plan.options if o.certified and o.certificate.verdict is True and o.design in self.judged.place]
        best = max((o for o in offered if o.arm != "wait"), key=lambda o: o.worth, default=None)
        waits = next(o for o in plan.options if o.arm == "wait")
        design = Design() if best is None or plan.status == "deferred" or best.worth <= waits.worth else best.design
        worth, chance = self.judged.of(design)
        return {
            "regret": self.judged.regret(worth), "lost": self.best_worth - worth, "arm": design.arm, "status": plan.status,
            "beyond": bool((chance > self.reference.limits).any()), "first": plan.first_certified, "seconds": plan.seconds,
            "tried": sum(plan.settings["designs_tried"].values()), "rollouts": plan.rollouts,
        }  # fmt: skip


class Restricted:
    """While it lasts ``amelo.plan`` has the designs of a bench on offer, and processor time for a clock, for neighbours must not count."""

    def __init__(self, on: Situation) -> None:
        self.on = on

    def __enter__(self) -> None:
        self.kept = (verb.situation_of, [module.clock_time for module in TIMED])
        verb.situation_of = lambda case, tooth, arms=ARMS: replace(self.on, arms=arms)
        for module in TIMED:
            module.clock_time = _Processor

    def __exit__(self, *_: object) -> None:
        verb.situation_of, clocks = self.kept
        for module, clock in zip(TIMED, clocks, strict=True):
            module.clock_time = clock


class _Processor:
    """A clock that shows processor time."""

    perf_counter = staticmethod(time.process_time)


def told(rows: dict[str, list[dict[str, object]]]) -> str:
    """Return the table of regrets [% of a patient's range] by search."""
    lines = [
        f"{'search':<12} {'n':>3} {'median':>8} {'p90':>8} {'max':>8} {'mean':>8} {'best found':>11} {'designs':>8} {'rollouts':>9}"
    ]
    for name, each in rows.items():
        regret = np.array([100.0 * float(r["regret"]) for r in each])
        exact = np.mean([float(r["lost"]) <= 1e-9 for r in each])
        lines.append(
            f"{name:<12} {len(each):>3} {np.median(regret):>8.3f} {np.percentile(regret, 90):>8.3f} {regret.max():>8.3f} {regret.mean():>8.3f} "
            f"{100 * exact:>10.0f}% {np.mean([r['tried'] for r in each]):>8.0f} {np.mean([r['rollouts'] for r in each]):>9.0f}"
        )
    return "\n".join(lines)


def numbers(text: str) -> list[int]:
    """Return the numbers of ``3,10-19``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _runs(bench: Bench, given: argparse.Namespace, names: Sequence[str]) -> dict[str, Callable[[int], dict[str, object]]]:
    """Return what is to be run, by name, each of a seed."""
    if given.anytime:
        return {f"{s:g} s": partial(bench.verb, s) for s in SECONDS}
    if given.verb:
        return {"plan": partial(bench.verb, SECONDS[-1])}
    return {
        name: partial(bench.race, given.budget) if name == "race" else partial(bench.peer, name, given.budget) for name in names
    }


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", default=f"0-{COUNT - 1}")
    parser.add_argument("--only", default="", help="searches, with commas: race, rule book, " + ", ".join(PEERS))
    parser.add_argument("--budget", type=int, default=BUDGET)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--verb", action="store_true")
    parser.add_argument("--anytime", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    names = given.only.split(",") if given.only else ["race", *PEERS, "rule book"]
    rows: dict[str, list[dict[str, object]]] = {}
    optimal: Counter[tuple[str, ...]] = Counter()
    for number in numbers(given.patients):
        bench = Bench.of(number)
        reference = bench.reference
        best = bench.designs[reference.best()]
        optimal[best.skeleton or ("wait",)] += 1
        line = (
            f"{bench.patient.name:<20} {bench.patient.goals:<14} {len(bench.designs):>5} designs, {reference.rounds[-1]:>3} left, "
        )
        line += f"{reference.seconds:.0f} s, range {reference.range:.3f}: {' + '.join(best.skeleton) or 'wait'}"
        print(line + ("" if reference.sound else " (not sound)"), flush=True)
        runs = _runs(bench, given, names)
        for name, run in runs.items():
            for seed in range(given.seeds):
                try:
                    row = run(seed)
                except Missing as missing:
                    print(f"  {name}: left out, {missing}")
                    break
                rows.setdefault(name, []).append({"patient": bench.patient.name, "seed": seed, **row})
                print(
                    f"  {name:<11} " + " ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()),
                    flush=True,
                )
        bench.keep()
        if given.out:
            given.out.write_text(json.dumps(rows, indent=1, default=float))
    print(told(rows))
    print("optimal: " + "; ".join(f"{n} x {' + '.join(s)}" for s, n in optimal.most_common()))


if __name__ == "__main__":
    main()
