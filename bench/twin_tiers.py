"""The fast tier against the full one over the stated design of 50 protocols: differences in ΔZ, and what both cost.

Run: python bench/twin_tiers.py [COUNT [SEED]]; with a seed of your own, protocols of the same kind that nobody has looked at.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from amelo.validate.tiers import COUNT, FLOOR, SEED, TierDifference, tier_differences


def show(point: TierDifference) -> None:
    line = " | ".join(part.strip() for part in point.protocol.split("\n"))
    print(f"{point.full:9.1f} {point.reduced:9.1f} {100 * point.relative:7.1f} %  {point.specimen}: {line}", flush=True)


def differences(count: int, seed: int) -> None:
    print("full ΔZ, reduced ΔZ [vol%·µm], difference")
    found = tier_differences(count, show, seed)
    relative = 100.0 * np.array([point.relative for point in found])
    failed = int(np.isnan(relative).sum())
    relative = relative[np.isfinite(relative)]
    print(
        f"{count} protocols of seed {seed}, {failed} without an answer; relative to the full ΔZ, or to {FLOOR:g} vol%·µm where that is less:"
    )
    print(f"median {np.median(relative):.2f} %, 95th percentile {np.quantile(relative, 0.95):.1f} %, worst {relative.max():.1f} %")
    print(f"within 5 %: {int((relative <= 5.0).sum())} of {len(relative)}")


def cost(members: int = 256) -> None:
    from pathlib import Path

    from amelo.protocol.record import Protocol
    from amelo.records.specimen import load_specimen
    from amelo.twin.diffusivity import diffusivities
    from amelo.twin.lesion.solve import solve
    from amelo.twin.reduced.solve import solve_reduced
    from amelo.twin.twin import Twin

    cases = Path(__file__).parents[1] / "cases"
    column = Twin.of(load_specimen(cases / "specimens/human-enamel.toml")).column(members=members)
    schedule = Protocol.parse((cases / "protocols/ph-cycling.protocol").read_text("utf-8")).schedule(None)
    for solver in (solve, solve_reduced):
        solver(column, schedule, diffusivities(37.0))
        seconds = []
        for _ in range(3):
            started = time.process_time()
            run = solver(column, schedule, diffusivities(37.0))
            seconds.append(time.process_time() - started)
        counts = ", ".join(f"{value} {name}" for name, value in run.counts.items())
        print(
            f"{solver.__name__}: {min(seconds):.2f} s of processor, {28 * members / min(seconds):.0f} lesion-days per second; {counts}"
        )


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    differences(*given, *(COUNT, SEED)[len(given) :])
    cost()
