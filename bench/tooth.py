"""How fast a complete tooth is treated: ten steps, eight weeks and ten years, many members at once; and what the finer tier costs.

    python bench/tooth.py [--members 4096] [--repeat 3]

Time of processors is printed beside time on the clock, because a busy machine stretches the clock alone.
"""

from __future__ import annotations

import argparse
import time

import amelo
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
    asked = parser.parse_args()
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
