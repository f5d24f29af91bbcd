"""Do certificates hold?  Plans over varied patients, seeds and goals, each lived through again on many scenarios of the finer tier that it never saw.

    python bench/plan_calibration.py --out calibration.jsonl                            # ten patients, an hour of one core at most
    python bench/plan_calibration.py --out calibration.jsonl --patients 50              # two hundred plans and more; goes on where a file ends
    python bench/plan_calibration.py --out calibration.jsonl --told                     # tells what is in it

A plan is beyond its limit when the share of any harm in the fresh scenarios is.  How many are is told with an exact interval, and again for those that
are beyond with more than chance (lower bound of 95 %), because a plan that lies at its limit is seen above it half of the time.  Tightness is the true share of the
class that binds over its limit.  Then the same in shifted worlds, and how many of those that break a limit there the plan itself had flagged.
Patients are made here through the models of the records; they are drawn, not chosen, and none of them is a case of the repository.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from amelo.plan.bounds import lower_bound, upper_bound
from amelo.plan.goals import HARMS, PRESETS, Goals, Limits
from amelo.plan.record import Plan
from amelo.plan.robust import WORLDS, World, applies, lived_in
from amelo.plan.rollout import Rollouts
from amelo.records.case import Case
from amelo.records.check import build
from amelo.twin.tooth.twin import TIERS, ToothTwin

verb = importlib.import_module("amelo.plan.plan")  # the module: the package itself is the verb
FRESH, SHIFTED = 31_000_003, 37_000_003  # added to seeds: scenarios that nothing of a plan has seen
BLOCK = 2_500  # scenarios at once
NOMINAL = World()
LESIONS = {  # kind: chance, ICDAS, radiograph
    "white spot": (0.15, 2, "E2"),
    "shadow": (0.2, 4, "D1"),
    "cavity": (0.3, 5, "D2"),
    "deep cavity": (0.35, 6, "D3"),
}
TEETH = (36, 46, 26, 16, 37, 47, 15, 24, 35, 44, 85)


def made_case(number: int, seed: int) -> tuple[Case, int]:
    """Return a patient that was drawn, and the tooth to plan for.

    Arguments: number of the patient; seed.
    """
    rng = np.random.default_rng([seed, 101, number])
    pick = lambda *options: options[rng.integers(len(options))]  # noqa: E731
    fdi = int(pick(*TEETH))
    low = int(rng.integers(5, 9)) if fdi == 85 else int(rng.integers(13, 75))
    kinds = list(LESIONS)
    kind = kinds[rng.choice(len(kinds), p=[LESIONS[k][0] for k in kinds])]
    _, icdas, radiograph = LESIONS[kind]
    finding = {"surface": "O" if kind != "white spot" else pick("O", "B"), "icdas": icdas, "radiograph": radiograph}
    finding["activity"] = pick("active", "active", "unknown", "inactive")
    tooth: dict[str, Any] = {"status": "present", "other_surfaces": "sound", "findings": [finding]}
    tooth["pulp_diagnosis"] = pick("normal", "reversible pulpitis", "unknown") if icdas > 4 else pick("normal", "unknown")
    if kind == "deep cavity" and rng.random() < 0.6:
        tooth["residual_dentine"] = round(float(rng.uniform(0.4, 1.8)), 1)
    meals = [
        {"at": f"{7 + 3 * k:02d}:15", "what": pick("meal", "snack", "sugared drink", "sweet")} for k in range(rng.integers(3, 6))
    ]
    genotype: dict[str, Any] = {}
    if rng.random() < 0.3:
        variant = {
            "gene": "DSPP",
            "zygosity": "heterozygous",
            "grade": "hypothetical",
            "response": pick("unknown", "unknown", "responder"),
        }
        genotype = {"tested": True, "variants": [variant]}
    saliva = {"unstimulated_flow": round(float(rng.uniform(0.12, 0.6)), 2), "pH": round(float(rng.uniform(6.2, 7.4)), 1)}
    hygiene = {"brushing_per_day": float(pick(0, 1, 2)), "toothpaste_fluoride": float(pick(1000, 1450))}
    data = {
        "pseudonym": f"P{number}", "origin": "synthetic", "recorded_on": "2026-01-01", "age_band": f"{low}-{low + 4}", "teeth": {str(fdi): tooth},
        "saliva": saliva, "diet": {"meals": meals}, "hygiene": hygiene, "genotype": genotype,
    }  # fmt: skip
    return build(Case, data, f"patient {number}"), fdi


class Fresh:
    """Scenarios of one patient that no plan has seen, in every world, each built once; what was lived through in them is kept."""

    def __init__(self, twin: ToothTwin, count: int, shifted: int, seed: int, years: float = 10.0) -> None:
        self.twin, self.seed, self.years = twin, seed, years
        self.count = {"": count} | dict.fromkeys(WORLDS, shifted)
        self.rollouts: dict[str, Rollouts] = {}
        self.known: dict[tuple[str, str, str], list[int] | None] = {}

    def harms(self, name: str, world: World, found: Plan) -> list[int] | None:
        """Return how often each harm is done by a plan in a world (by its name, empty for the one it was made in), None where it cannot be done."""
        probe = found.probe if found.probe is not None and found.probe.adopted else None
        designs = [found.chosen.design] if probe is None else [probe.calm, probe.alarmed]
        if not applies(world, designs, probe):
            return None
        key = (name, found.chosen.protocol, "" if probe is None else f"{probe.threshold}{probe.alarmed.text()}")
        if key not in self.known:
            self.known[key] = self._lived(name, world, found)
        return self.known[key]

    def _lived(self, name: str, world: World, found: Plan) -> list[int] | None:
        if name not in self.rollouts:
            own = self.seed + (SHIFTED if name else FRESH)
            tooth = world.tooth(self.twin.whole(members=self.count[name], seed=own, tier="full").tooth)
            self.rollouts[name] = Rollouts(self.twin, tooth, TIERS["full"][1], Goals.preset("balanced"), self.years, own, 1)
        rollouts = self.rollouts[name]
        probe = found.probe if found.probe is not None and found.probe.adopted else None
        counts = np.zeros(len(HARMS), int)
        for first in range(0, self.count[name], BLOCK):
            lived = lived_in(world, rollouts, found.chosen.design, probe, first, min(first + BLOCK, self.count[name]))
            if isinstance(lived, str):
                return None
            counts += lived[1].sum(axis=1).astype(int)
        return counts.tolist()


def calibrated(number: int, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what became of the plans of one patient, as rows."""
    case, fdi = made_case(number, asked.seed)
    fresh = Fresh(ToothTwin.of(case, fdi), asked.fresh, asked.shifted, 1000 * (number + 1))
    rows = []
    for k in range(asked.each):
        for limit in asked.limits:
            if limit < 0.05 and k >= asked.strict:
                continue
            seed, goals = 100 * number + k, PRESETS[(number + k) % len(PRESETS)]
            began = time.process_time()
            found = verb.plan(
                case, fdi, seconds=1.0, rollouts=asked.rollouts, seed=seed, goals=goals, limits=Limits().at(limit), threads=1
            )
            planned = time.process_time() - began
            c = found.chosen.certificate
            row: dict[str, Any] = {
                "patient": number, "tooth": fdi, "seed": seed, "goals": goals, "limit": limit, "status": found.status, "arm": found.chosen.arm,
                "protocol": found.chosen.protocol, "probe": found.probe is not None and found.probe.adopted, "seen": c.violations.tolist(), "of": c.count,
                "upper": c.upper.tolist(), "limits": [found.limits.largest[h] for h in HARMS], "worth": found.chosen.worth, "seconds": planned,
                "outside": [o.input for o in found.outside],
            }  # fmt: skip
            if found.chosen.arm != "wait":
                row["fresh"], row["true"] = asked.fresh, fresh.harms("", NOMINAL, found)
                row["worlds"] = {}
                for name, world in WORLDS.items() if asked.shifted else ():
                    counts = fresh.harms(name, world, found)
                    if counts is not None:
                        said = found.robustness.get(name, {})
                        row["worlds"][name] = {"true": counts, "of": asked.shifted, "said": [said.get(h, 0.0) for h in HARMS], "flagged": said.get("beyond", 0.0)}  # fmt: skip
            row["cpu"] = time.process_time() - began
            rows.append(row)
    return rows


def _share(k: int, n: int) -> str:
    """Return a share with its exact interval of 95 % in words."""
    if not n:
        return "none of none"
    return f"{k} of {n} ({100 * k / n:.1f} %, {100 * float(lower_bound(k, n, 0.025)):.1f} to {100 * float(upper_bound(k, n, 0.025)):.1f})"


def _beyond(counts: list[int], of: int, limits: list[float]) -> tuple[bool, bool]:
    """Return whether any harm is more frequent than its limit, and whether that is more than chance at 5 %."""
    seen = any(k > limit * of for k, limit in zip(counts, limits, strict=True))
    sure = any(float(lower_bound(k, of, 0.05)) > limit for k, limit in zip(counts, limits, strict=True))
    return seen, sure


def told(rows: list[dict[str, Any]]) -> None:
    """Print what was found."""
    for limit in sorted({row["limit"] for row in rows}, reverse=True):
        mine = [row for row in rows if row["limit"] == limit]
        done = [row for row in mine if row.get("true")]
        print(f"\nlimit {limit:g}: {len(mine)} plans of {len({r['patient'] for r in mine})} patients, {len(done)} of them treat")
        print(f"  arms: { {arm: sum(r['arm'] == arm for r in mine) for arm in ('wait', 'nano', 'operative', 'combined')} }, deferred {sum(r['status'] == 'deferred' for r in mine)}, with a probe {sum(r['probe'] for r in mine)}")  # fmt: skip
        if not done:
            continue
        verdicts = [_beyond(r["true"], r["fresh"], r["limits"]) for r in done]
        print(
            f"  truly beyond a limit: of all {_share(sum(v[0] for v in verdicts), len(mine))}, of those that treat {_share(sum(v[0] for v in verdicts), len(done))}"
        )
        print(f"  beyond it with more than chance: of those that treat {_share(sum(v[1] for v in verdicts), len(done))}")
        true = np.array([np.array(r["true"]) / r["fresh"] for r in done])
        seen = np.array([np.array(r["seen"]) / r["of"] for r in done])
        upper, largest = np.array([r["upper"] for r in done]), np.array([r["limits"] for r in done])
        rows_, bind = np.arange(len(done)), np.argmax(upper / largest, axis=1)
        tight = (true / largest)[rows_, bind]
        print(
            f"  tightness, true share of the class that binds over its limit: mean {tight.mean():.2f}, median {np.median(tight):.2f}, most {tight.max():.2f}"
        )
        binds = {HARMS[k]: int((bind == k).sum()) for k in sorted(set(bind.tolist()))}
        print(f"  what binds: {binds}")
        apart = (true - seen)[rows_, bind]
        print(
            f"  actual less predicted share of that class: mean {apart.mean():+.4f}, mean size {np.abs(apart).mean():.4f}, most {apart.max():+.4f}"
        )
        print(f"  certified bound too low: {_share(int((true > upper).any(axis=1).sum()), len(done))}")
        print(f"  seconds of one core: a plan {np.median([r['seconds'] for r in mine]):.1f}, all {sum(r['cpu'] for r in mine):.0f}")
        _told_worlds(done)


def _told_worlds(done: list[dict[str, Any]]) -> None:
    whole, flagged, alarms = [], [], []
    for name in WORLDS:
        found = [(r, r["worlds"][name]) for r in done if name in r.get("worlds", {})]
        if not found:
            continue
        out = [_beyond(w["true"], w["of"], r["limits"])[0] for r, w in found]
        flags = [w["flagged"] > 0 for _, w in found]
        hit = sum(f for f, o in zip(flags, out, strict=True) if o)
        print(f"  {name}: beyond {_share(sum(out), len(out))}; flagged of these {_share(hit, sum(out))}; flagged of the others {_share(sum(flags) - hit, len(out) - sum(out))}")  # fmt: skip
        whole += out
        flagged += [f for f, o in zip(flags, out, strict=True) if o]
        alarms += [f for f, o in zip(flags, out, strict=True) if not o]
    if whole:
        print(f"  all shifted worlds together: beyond {_share(sum(whole), len(whole))}; flagged of these {_share(sum(flagged), len(flagged))}; flagged of the others {_share(sum(alarms), len(alarms))}")  # fmt: skip
        some = [any(_beyond(w["true"], w["of"], r["limits"])[0] for w in r["worlds"].values()) for r in done]
        print(f"  plans beyond in any of them: {_share(sum(some), len(some))}")


def main() -> None:
    """Go on where a file ends, then tell what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a file of rows; patients that are in it are not planned for again")
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--each", type=int, default=4, help="plans of each patient and limit, with other seeds and goals")
    parser.add_argument("--strict", type=int, default=2, help="plans of each patient at limits below 0.05")
    parser.add_argument("--limits", type=lambda text: [float(part) for part in text.split(",")], default=[0.05, 0.01])
    parser.add_argument("--rollouts", type=int, default=600)
    parser.add_argument("--fresh", type=int, default=20_000)
    parser.add_argument("--shifted", type=int, default=500, help="scenarios in each shifted world, 0 for none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--told", action="store_true", help="only tell what is in the file")
    parser.add_argument("--explored", type=int, default=192, help="scenarios of the search; certificates are as ever")
    asked = parser.parse_args()
    verb.EXPLORED = asked.explored
    rows = [json.loads(line) for line in asked.out.read_text("utf-8").splitlines()] if asked.out.exists() else []
    known = {row["patient"] for row in rows}
    for number in range(0 if asked.told else asked.patients):
        if number in known:
            continue
        new = calibrated(number, asked)
        with asked.out.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in new))
        rows += new
        print(
            f"patient {number}: {', '.join(row['arm'] for row in new)}, {sum(row['cpu'] for row in new):.0f} s of one core",
            flush=True,
        )
    told(rows)


if __name__ == "__main__":
    main()
