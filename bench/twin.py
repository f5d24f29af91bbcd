"""The lesion twin's cost: 30 days of pH-cycling for one specimen and for ensembles, with the counts that do not depend on the machine.

Protocol of a day: 1 min 19 mM fluoride, 9 h remineralisation, 3 h acetate pH 4.5, 1 min fluoride, 12 h remineralisation.  Ensembles
differ in every parameter of the specimen, in bath pH, acid and fluoride, and in durations; "random" also from day to day.  Half a year
is run with and without leaps over days.  Tolerances are those of ``amelo.simulate`` at its usual accuracy; its own runs are made on two
grids or more, which costs three times as much at least and gives the error bar (``twin_error.py``).
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy

import argparse
import time
from dataclasses import replace

import numpy as np

from amelo.records.fluid import Fluid
from amelo.records.specimen import Specimen, parse_specimen
from amelo.twin.build import column_of
from amelo.twin.column import Column
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings, settings_for, solve
from amelo.twin.run import Run
from amelo.twin.schedule import Exposure, Repeat, Schedule, Segment

__all__ = ["KNOWN", "day", "loss", "protocols", "specimen", "timed"]

KNOWN = diffusivities(37.0)
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


def specimen(cells: int = 50) -> Specimen:
    """Return ground human enamel, 300 µm in so many cells."""
    grid = {"cells": cells, "first_cell": f"{12.5 / cells!r} um"}
    return parse_specimen({"name": "enamel", "tissue": "human enamel", "thickness": "300 um", "grid": grid}, where="bench")


def loss(run: Run) -> np.ndarray:
    """Return ΔZ at the end (members,) [vol%·µm]."""
    return 1e8 * (run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)) @ np.diff(run.edges)


def timed(column: Column, schedules: list[Schedule], settings: Settings, repeats: int = 3) -> tuple[Run, float, float]:
    """Return a run with its least wall and processor time [s]; what has to be compiled is compiled before."""
    few = [(Repeat(3, s[0].parts),) if isinstance(s[0], Repeat) else s[:10] for s in schedules]
    solve(column, few, KNOWN, settings)
    walls, cores = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run = solve(column, schedules, KNOWN, settings)
        walls.append(time.perf_counter() - wall)
        cores.append(time.process_time() - cpu)
    return run, min(walls), min(cores)


def line(name: str, run: Run, days: int, wall: float, cores: float) -> str:
    """Return what a run cost, in words."""
    counts = run.counts
    return (
        f"{name}: {wall:.3f} s, {cores:.3f} core-s, {len(run.status) * days / cores:,.0f} lesion-days per core-s, "
        f"{counts['iterations'] / counts['steps']:.2f} iterations per step, {counts['steps']} steps, {counts['rejections']} rejections, "
        f"{(run.status != 0).sum()} failed"
    )


def ensembles(members: int, days: int, usual: Settings) -> None:
    """Time one specimen and ensembles, on one thread and on two."""
    for count, kind in ((1, "same"), *((members, kind) for kind in ("same", "periodic", "random"))):
        column, schedules = column_of(specimen(), members=count, seed=3), protocols(kind, count, days)
        for threads in (1, 2) if count > 1 else (1,):
            run, wall, cores = timed(column, schedules, replace(usual, threads=threads), 3 if count == 1 else 2)
            goal = f"; goal {GOALS[kind]}" if kind in GOALS and count > 1 else ""
            print(line(f"{count} × {days} d, {kind}, {threads} threads", run, days, wall, cores) + goal, flush=True)
            if threads == 1:
                alone = wall
        if count > 1:
            print(f"  second thread worth {alone / wall:.2f} at a load of {os.getloadavg()[0]:.1f}, its own included; goal 1.7")


def half_a_year(usual: Settings) -> None:
    """Time 182 days of one specimen with leaps over cycles against every day."""
    column, schedules = column_of(specimen()), protocols("same", 1, 182)
    every, wall, cores = timed(column, schedules, replace(usual, threads=1))
    print(line("182 d, every day", every, 182, wall, cores))
    leapt, wall, cores = timed(column, schedules, replace(settings_for(0.01, jump=True), threads=1))
    print(line(f"182 d, {leapt.counts['cycles skipped']} days leapt over", leapt, 182, wall, cores))
    off = abs(loss(leapt)[0] / loss(every)[0] - 1.0)
    print(
        f"  ΔZ {loss(leapt)[0]:.2f} against {loss(every)[0]:.2f} vol%·µm: off by {off:.1e}, foretold {1e8 * leapt.error[0] / loss(every)[0]:.1e}, "
        f"balance {np.abs(leapt.balance).max():.0e}; goal 0.3 s within 1e-3"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=256)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--accuracy", type=float, default=0.01, help="relative error from which Newton's tolerances follow")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the first run")
    half_a_year(settings_for(options.accuracy))
    ensembles(options.members, options.days, settings_for(options.accuracy))


if __name__ == "__main__":
    main()
