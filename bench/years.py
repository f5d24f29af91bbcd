"""Speed of projections over ten years: members a second of one core, and where the time goes.

    python bench/years.py            # one tooth, three surfaces, ten years
    python bench/years.py --steps    # error against steps

Told in processor time of one core, best of three, because other work on a machine moves wall time more; wall time beside it on all cores.
Each member has its own draws of posteriors, frailties and constants, its own stages and its own residual dentine.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import argparse
import time
from collections.abc import Callable

import numpy as np

from amelo.years import Start, Surface, project
from amelo.years.hazards import hazards_of
from amelo.years.project import propagate

GOAL = 20_000.0  # projections a second of one core: 50 µs, so that a whole tooth may take 1 ms on one of two cores


def best_of_three(run: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the least seconds of three runs."""
    spent = []
    for _ in range(3):
        begin = clock()
        run()
        spent.append(clock() - begin)
    return min(spent)


def tooth(count: int) -> Start:
    """Return a filled molar with lesions on two other surfaces."""
    rng = np.random.default_rng(1)
    surfaces = (
        Surface("M", rng.integers(0, 6, count), rng.gamma(2.0, 0.5, count)),
        Surface("D", rng.integers(0, 3, count)),
        Surface("B"),
    )
    return Start(
        count, age=rng.uniform(12.0, 60.0, count), tooth=36, surfaces=surfaces, material="composite", residual=rng.uniform(2e-4, 2e-3, count),
        strength=rng.uniform(0.5, 1.0, count), collapsed=rng.uniform(0.0, 0.1, count),
    )  # fmt: skip


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--steps", action="store_true")
    given = parser.parse_args()
    start = tooth(given.members)
    project(start)  # compiled
    if given.steps:
        hazards = hazards_of(start)
        exact = propagate(hazards, 10.0, 1 / 32)[1][:, -1]
        for step in (0.5, 0.25, 0.125):
            error = np.abs(propagate(hazards, 10.0, step)[1][:, -1] - exact)
            print(
                f"step {step:g} y: largest error of a chance {error.max():.1e}, of the ensemble {np.abs(error.mean(axis=0)).max():.1e}"
            )
        return
    cores = os.cpu_count() or 1
    hazards = hazards_of(start)
    for words, run in (
        ("start to projection", lambda: project(start)),
        ("  of which hazards", lambda: hazards_of(start)),
        ("  of which years", lambda: propagate(hazards, 10.0)),
    ):
        spent = best_of_three(run, time.process_time)
        print(
            f"{words}: {1e6 * spent / given.members:.1f} µs a member, {given.members / spent:,.0f}/s of one core (goal {GOAL:,.0f}/s)"
        )
    wall = best_of_three(lambda: project(start, threads=cores), time.perf_counter)
    print(f"on {cores} cores: {given.members / wall:,.0f}/s by the clock on the wall")
    found = project(start)
    spent = best_of_three(lambda: found.outcomes(), time.process_time)
    print(f"outcomes: {1e6 * spent / given.members:.1f} µs a member")


if __name__ == "__main__":
    main()
