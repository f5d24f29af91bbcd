"""Speed of pulps and strengths: rollouts a second, and what steps cost and give.

    python bench/pulp.py            # rollouts a second of 14 days, on one core and on all
    python bench/pulp.py --steps    # error against steps: the pulse that ends a pulp, and damage of an ensemble

Told in processor time of one core, best of three, because other work on a machine moves wall time more; wall time beside it on all cores.
Each rollout is one pulp with its own drawn constants and influx through four spans (a cut, heat, a liner, rest), with strength beside it in
closed form; nothing is shared between members.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import argparse
import time
from collections.abc import Callable

import numpy as np

from amelo.twin import structure
from amelo.twin.pulp import Pulps, Segment, cutting, follow, heat_threshold, influx_through
from amelo.twin.pulp.course import HOUR

DAY = 24.0 * HOUR
GOAL = 40_000.0  # fourteen-day rollouts a second on two cores


def best_of_three(run: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the least seconds of three runs."""
    spent = []
    for _ in range(3):
        begin = clock()
        run()
        spent.append(clock() - begin)
    return min(spent)


def rollouts(count: int, threads: int, how: dict[str, float]) -> Callable[[], object]:
    """Return fourteen days of so many pulps and their strengths, to be called.

    Arguments: count; threads; how, the step or the tolerance of ``follow``.
    """
    rng = np.random.default_rng(1)
    pulps = Pulps.drawn(count, 1)
    left = rng.uniform(0.2e-3, 2e-3, count)
    influx = influx_through(rng.uniform(0.2, 0.8, count), left)
    spans = [
        Segment(600.0, cutting=cutting(left, 600.0), influx=influx),
        Segment(HOUR, warming=rng.uniform(0.0, 5.0, count), influx=influx),
        Segment(4 * DAY, liner=1.0, influx=0.2 * influx),
        Segment(10 * DAY - HOUR - 600.0, influx=0.2 * influx),
    ]
    load, wear = rng.uniform(0.2, 0.8, count), 10.0 ** rng.uniform(-9, -6, count)

    def run() -> object:
        course = follow(pulps, spans, **how, threads=threads)
        return course.lost, structure.strength_after(14 * DAY, 0.8, wear, load, 7.7)

    return run


def speed(count: int) -> None:
    """Print rollouts a second."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"{'steps':>16} {'per CPU-second':>15} {'per second, ' + str(cores) + ' cores':>22}   goal {GOAL:,.0f} on two cores")
    for word, how in (
        ("of 450 s", {"step": 450.0}),
        ("of 900 s", {"step": 900.0}),
        ("chosen to 1e-4", {"tolerance": 1e-4}),
        ("chosen to 1e-3", {"tolerance": 1e-3}),
    ):
        rollouts(64, 1, how)()
        one = best_of_three(rollouts(count, 1, how), time.process_time)
        wall = best_of_three(rollouts(count, cores, how), time.perf_counter)
        print(f"{word:>16} {count / one:15,.0f} {count / wall:22,.0f}")


def steps() -> None:
    """Print what longer steps change."""
    pulps = Pulps.drawn(512, 2)
    spans = [Segment(HOUR, cutting=1.0 / HOUR), Segment(14 * DAY, influx=0.05 / HOUR)]
    fine = follow(pulps, spans, tolerance=1e-7)["damage"][-1]
    print(f"{'step':>16} {'pulse that ends a pulp':>24} {'damage, median error':>22} {'largest':>10}")
    for step in (225.0, 450.0, 900.0, 1800.0):
        pulse = heat_threshold(Pulps.named(), step=step)[0]
        error = np.abs(follow(pulps, spans, step=step)["damage"][-1] - fine)
        print(f"{step:15.0f}s {pulse:24.5f} {np.median(error):22.2e} {error.max():10.2e}")
    for tolerance in (1e-2, 1e-3, 1e-4, 1e-5):
        error = np.abs(follow(pulps, spans, tolerance=tolerance)["damage"][-1] - fine)
        print(f"{'chosen to':>10} {tolerance:5.0e} {'':>24} {np.median(error):22.2e} {error.max():10.2e}")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16384)
    parser.add_argument("--steps", action="store_true")
    given = parser.parse_args()
    if given.steps:
        steps()
    else:
        speed(given.count)


if __name__ == "__main__":
    main()
