"""How fast a complete tooth is treated: ten steps, eight weeks and ten years, many members at once; and what the finer tier costs.

    python bench/tooth.py [--members 4096] [--repeat 3]
    python bench/tooth.py --rollouts [--against FOLDER]   # treatments side by side, as a plan asks for them; FOLDER: a checkout of another version

Time of processors is printed beside time on the clock, because a busy machine stretches the clock alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import amelo
from amelo.plan.goals import Goals
from amelo.plan.rollout import Rollouts
from amelo.protocol import Protocol
from amelo.protocol.simulate_tooth import followed
from amelo.protocol.years import projected
from amelo.twin.tooth.twin import TIERS, ToothTwin

STEPS = """
brush twice daily with 1450 ppm F
snacks at most 3 a day
isolate
excavate to firm dentine, leave 1.0 mm over the pulp
deproteinise with 5 % NaOCl for 60 s
line with calcium silicate
etch 37 % phosphoric acid for 15 s
fill with composite
rest 14 d
review
"""

EXCAVATE = "isolate\nexcavate to {} dentine, leave 1.0 mm over the pulp"
TREATMENTS = [
    "\n".join(filter(None, (habit, first, liner, cover, "rest 14 d")))
    for habit in ("", "brush twice daily with 1450 ppm F")
    for first in (EXCAVATE.format("firm"), EXCAVATE.format("leathery"))
    for liner in ("", "line with calcium silicate")
    for cover in ("fill with composite", "fill with glass ionomer")
]
SIZES = {"reduced": (48, 16), "full": (1024, 4)}  # members and treatments: as a search asks for them, and as certificates do


def rollouts(repeat: int) -> dict[str, float]:
    """Return processor time [us] of one rollout by tier: treatments on the same members, waits together, ten years and worth of each."""
    twin, found = ToothTwin.of(amelo.load_case("cases/kira.json"), 36), {}
    for tier, (members, treatments) in SIZES.items():
        teeth = twin.whole(members=members, seed=1, tier=tier).tooth
        runs = Rollouts(twin, teeth, TIERS[tier][1], Goals.preset("balanced"))
        spent = []
        for _ in range(repeat + 1):  # the first compiles
            own = time.process_time()
            outcomes = runs.run(TREATMENTS[:treatments], 0, members)
            spent.append(time.process_time() - own)
        assert not any(outcome.refused for outcome in outcomes)
        found[tier] = 1e6 * min(spent[1:]) / (members * treatments)
    return found


def compared(repeat: int, against: str) -> None:
    """Print processor time of one rollout, and where asked that of another version beside it, run by this very script."""
    mine = rollouts(repeat)
    theirs = {}
    if against:
        own = Path(__file__).resolve()
        environment = os.environ | {"PYTHONPATH": str(Path(against).resolve() / "src")}
        told = subprocess.run(
            [sys.executable, str(own), "--rollouts", "--json", "--repeat", str(repeat)],
            env=environment, cwd=Path(against), check=True, capture_output=True, text=True,
        )  # fmt: skip
        theirs = json.loads(told.stdout)
    for tier, each in mine.items():
        members, treatments = SIZES[tier]
        other = f", {theirs[tier]:6.1f} us there: {theirs[tier] / each:.1f} times as fast here" if tier in theirs else ""
        print(f"{tier:8s} {treatments:2d} treatments of {members:4d} members: {each:6.1f} us of a processor a rollout{other}")


def once(twin: ToothTwin, teeth: object, protocol: Protocol, tier: str) -> tuple[float, float]:
    """Return time on the clock and of processors [s] of one complete run."""
    clock, own = time.perf_counter(), time.process_time()
    found = followed(teeth, protocol, TIERS[tier][1], watch=False)
    projected(twin, found.tooth, years=10.0, seed=1)
    return time.perf_counter() - clock, time.process_time() - own


def main() -> None:
    """Print rollouts a second of both tiers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rollouts", action="store_true")
    parser.add_argument("--against", default="")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.rollouts:
        if asked.json:
            print(json.dumps(rollouts(asked.repeat)))
        else:
            compared(asked.repeat, asked.against)
        return
    twin, protocol = ToothTwin.of(amelo.load_case("cases/kira.json"), 36), Protocol.parse(STEPS)
    print(
        f"a tooth through {len(protocol.steps)} steps, {protocol.duration / 86400:.1f} days and ten years, {asked.members} members"
    )
    for tier in TIERS:
        teeth = twin.whole(members=asked.members, seed=1, tier=tier).tooth
        once(twin, teeth, protocol, tier)
        runs = [once(twin, teeth, protocol, tier) for _ in range(asked.repeat)]
        wall, own = min(r[0] for r in runs), min(r[1] for r in runs)
        print(
            f"{tier:8s} {asked.members / wall:7.0f} rollouts a second on the clock, {asked.members / own:7.0f} a second of one core, "
            f"{1e3 * own / asked.members:.3f} ms each"
        )


if __name__ == "__main__":
    main()
