"""The lesion twin's cost: 30 days of pH-cycling for one specimen and for ensembles, with the counts that do not depend on the machine.

Protocol of a day: 1 min 19 mM fluoride, 9 h remineralisation, 3 h acetate pH 4.5, 1 min fluoride, 12 h remineralisation.  Ensembles
differ in every parameter of the specimen, in bath pH, acid and fluoride, and in durations; "random" also from day to day.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy

import argparse
import time
from dataclasses import replace

import numpy as np

from amelo.records.fluid import Fluid
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.schedule import Exposure, Repeat, Schedule, Segment

DAY = 86400.0
SECONDS = np.array([60.0, 9 * 3600.0, 3 * 3600.0, 60.0, 12 * 3600.0 - 120.0])
GOALS = {"periodic": (3000, 1.5), "random": (1000, 5.5)}  # lesion-days per core-second, Newton iterations per step


def baths(rng: np.random.Generator | None) -> tuple[Fluid, Fluid, Fluid]:
    """Return pulse, remineralising and demineralising bath, the central ones without ``rng``."""
    ph, acid, fluoride = 4.5, 50.0, 19.0
    if rng is not None:
        ph, acid, fluoride = (
            rng.uniform(4.2, 5.2),
            float(np.exp(rng.uniform(*np.log([30, 100])))),
            float(np.exp(rng.uniform(*np.log([2, 80])))),
        )

    def made(ph: float, **totals: float) -> Fluid:
        return Fluid(pH=float(ph), totals_mmol_per_kgw=totals, charge_balanced_by="K")

    return (
        made(7.0, F=fluoride, Na=fluoride, Cl=0.1, K=1.0),
        made(7.0, Ca=1.5, P=0.9, Cl=133.0, K=130.0),
        made(ph, Ace=acid, Ca=2.0, P=2.0, F=0.0016, Cl=4.0, K=acid),
    )


def day(fluids: tuple[Fluid, Fluid, Fluid], rng: np.random.Generator | None) -> tuple[Segment, ...]:
    """Return the five segments of a day, their durations drawn within a factor of two when there is an ``rng``."""
    pulse, rest, acid = fluids
    lengths = SECONDS if rng is None else SECONDS * np.exp(rng.uniform(np.log(0.5), np.log(2.0), len(SECONDS)))
    lengths = lengths * DAY / lengths.sum()
    return tuple(Segment(float(t), Exposure(f)) for t, f in zip(lengths, (pulse, rest, acid, pulse, rest), strict=True))


def protocols(kind: str, members: int, days: int, seed: int = 1) -> list[Schedule]:
    """Return a schedule for each member: "same", "periodic" or "random"."""
    rng = np.random.default_rng(seed)
    if kind == "same":
        return [(Repeat(days, day(baths(None), None)),)] * members
    if kind == "periodic":
        return [(Repeat(days, day(baths(rng), rng)),) for _ in range(members)]
    mixed = [baths(rng) for _ in range(members)]
    return [tuple(s for _ in range(days) for s in day(fluids, rng)) for fluids in mixed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=256)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    specimen = parse_specimen(
        {"name": "enamel", "tissue": "human enamel", "thickness": "300 um", "grid": {"cells": 50, "first_cell": "1 um"}},
        where="bench",
    )
    known = diffusivities(37.0)
    for members in (1, options.members):
        column = column_of(specimen, members=members, seed=3)
        for kind in ("same",) if members == 1 else ("same", "periodic", "random"):
            schedules = protocols(kind, members, options.days)
            few = slice(0, 10)
            solve(column, [(Repeat(3, s[0].parts),) if isinstance(s[0], Repeat) else s[few] for s in schedules], known)  # compiles
            for threads in (1,) if members == 1 else (1, 2):
                wall, cpu = time.perf_counter(), time.process_time()
                run = solve(column, schedules, known, replace(Settings(), threads=threads))
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                counts, goal = run.counts, GOALS.get(kind) if members > 1 else None
                print(
                    f"{members} × {options.days} d, {kind}, {threads} threads: {wall:.3f} s, {cpu:.3f} core-s, "
                    f"{members * options.days / cpu:,.0f} lesion-days per core-s, {counts['iterations'] / counts['steps']:.2f} iterations per step, "
                    f"{counts['rejections']} rejections, {(run.status != 0).sum()} failed" + (f"; goal {goal}" if goal else ""),
                    flush=True,
                )


if __name__ == "__main__":
    main()
