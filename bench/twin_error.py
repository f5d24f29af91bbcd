"""The error of 30 days of pH-cycling against a converged reference, beside its own error bar; and of 24 h beside PHREEQC.

The reference has half the cells' width and sixteenths of the steps, extrapolated; cells and steps are refined one at a time before, so that
each error is seen alone.  ``--phreeqc`` runs PHREEQC TRANSPORT as well, where it is installed (minutes).

Run: python bench/twin_error.py [--phreeqc]
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy

import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
from twin_peers import BATH, Timing
from twin_peers import main as beside_phreeqc

from amelo.records.fluid import Fluid
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.checked import solve_checked
from amelo.twin.lesion.solve import Settings, settings_for, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.run import Run
from amelo.twin.schedule import Exposure, Segment
from twin import KNOWN, loss, protocols, specimen, timed

SLAB = Path(__file__).resolve().parents[1] / "cases" / "specimens" / "phreeqc-slab.toml"
TIGHT = Settings(tolerance=1e-4, near_tolerance=1e-4, iterations=40, threads=1)
DAYS = 30


def fluoride(run: Run) -> float:
    """Return fluoridated apatite at the end [vol%·µm]."""
    k = next(k for k, name in enumerate(run.phases) if name.startswith("FHAp"))
    return float(1e8 * (run.mineral[0, -1, k] - run.mineral[0, 0, k]) @ np.diff(run.edges))


def refined(cells: int, parts: int) -> np.ndarray:
    """Return ΔZ and fluoridated apatite of the 30 days, every step cut into so many parts and once more, and extrapolated."""
    found = []
    for cut in (parts, 2 * parts):
        run = solve(column_of(specimen(cells)), protocols("same", 1, DAYS), KNOWN, replace(TIGHT, grid=Grid(parts=cut)))
        found.append(np.array([loss(run)[0], fluoride(run)]))
    return 1.5 * found[1] - 0.5 * found[0]  # as `solve_checked` carries on


def cycling() -> None:
    """Print errors of the 30 days."""
    schedules = protocols("same", 1, DAYS)
    reference = refined(100, 8)
    print(
        f"reference: ΔZ {reference[0]:.2f}, fluoridated apatite {reference[1]:.4f} vol%·µm (100 cells, steps in 8 and 16 parts, extrapolated)"
    )
    in_time, finer = refined(50, 8), refined(200, 4)
    print(
        f"50 cells, same steps: ΔZ off by {in_time[0] / reference[0] - 1.0:+.3%}; 200 cells, steps in 4 and 8 parts: {finer[0] / reference[0] - 1.0:+.3%}"
    )
    column = column_of(specimen())
    for name, settings in (("tolerances of 1 %", replace(settings_for(0.01), threads=1)), ("tight tolerances", TIGHT)):
        run, wall, cores = timed(column, schedules, settings)
        print(
            f"one grid, {name}: {wall:.3f} s, {cores:.3f} core-s; ΔZ {loss(run)[0]:.2f}, off by {loss(run)[0] / reference[0] - 1.0:+.2%}, "
            f"fluoridated apatite {fluoride(run) / reference[1] - 1.0:+.2%}"
        )
    for accuracy in (0.1, 0.01):
        solve_checked(column, schedules, KNOWN, accuracy=accuracy)
        cpu = time.process_time()
        run = solve_checked(column, schedules, KNOWN, accuracy=accuracy)
        cpu = time.process_time() - cpu
        print(
            f"as simulate does, accuracy {accuracy:g}: {cpu:.3f} core-s; ΔZ {loss(run)[0]:.2f} ± {1e8 * run.error[0]:.2f}, "
            f"off by {loss(run)[0] - reference[0]:+.2f} ({loss(run)[0] / reference[0] - 1.0:+.2%}); goal 0.1 s, 1 %"
        )


def slab_timing(grid: Grid | None = None) -> Timing:
    """Time the twin, warm, on the 24 h of ``twin_peers.py``."""
    data = tomllib.loads(SLAB.read_text("utf-8"))
    data["kinetics"] = {"k": 4e-4, "n": 2, "growth_ratio": 0.1, "growth_order": 2, "growth_surface": "own"}
    data |= {"diffusion": "single", "thickness": "150.0 um", "grid": {"cells": 30, "uniform": True}}
    column = column_of(parse_specimen(data, where="bench"))
    fluid = Fluid(pH=4.5, temperature_C=column.temperature, totals_mmol_per_kgw=BATH, charge_balanced_by="Na")
    schedule, settings = (Segment(86400.0, Exposure(fluid)),), Settings(threads=1, grid=grid or Grid())
    solve(column, schedule, diffusivities(column.temperature), settings)
    seconds = []
    for _ in range(20):
        cpu = time.process_time()
        run = solve(column, schedule, diffusivities(column.temperature), settings)
        seconds.append(time.process_time() - cpu)
    return Timing("the twin, warm", min(seconds), float(loss(run)[0]), f"30 cells of 5 µm, {run.counts['steps']} steps")


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f}")
    cycling()
    if "--phreeqc" not in sys.argv:
        sys.argv.append("--quick")
    beside_phreeqc(slab_timing)
