"""Cost and answers of the density tier: one therapy, 256 patients, curves against cells, minutes and patients, and the page's table.

    python bench/nano_density.py             times on one core, the table of depths, the vital threshold
    python bench/nano_density.py --plot FILE cost against cells, minutes and patients as curves in a file

Times are the best of three warm calls: wall clock, and in brackets seconds of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.density import State, carry, carry_many, imbalance
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.measures import depth_median
from amelo.therapy.nano.passage import flow, tubule

CAPS = Carrier.named("caps-400")
LOOSE = CAPS.changed(stick_tubule=0.0)
DILUTE, DENSE = 1e15, 1e19  # carriers per m3: 1e9 per mL, and a third of the volume
PAGE = (0.9e-6, 1.7e-6, 2.5e-6)


def timed(call: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Return the best wall-clock and processor seconds of warm calls."""
    import jax

    jax.block_until_ready(call())
    walls, cores = [], []
    for _ in range(times):
        wall, core = time.perf_counter(), time.process_time()
        jax.block_until_ready(call())
        walls.append(time.perf_counter() - wall)
        cores.append(time.process_time() - core)
    return min(walls), min(cores)


def one(cells: int = 500, minutes: float = 20.0, dose: float = DILUTE) -> tuple[float, float]:
    passage = tubule(2e-3, cells, outflow=0.0)
    state = State.empty(passage)
    return timed(lambda: carry(passage, CAPS, Field(gradient=1.0), state, outside=dose, duration=60.0 * minutes))


def many(patients: int, cells: int = 500, minutes: float = 20.0, dose: float = DILUTE) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    passage = tubule(2e-3, cells, outflow=0.0)
    state = State.empty(passage)
    changed = {
        "magnetisation": rng.uniform(6e4, 1e5, patients),
        "stick_tubule": rng.uniform(0.0, 1e-9, patients),
        "outflow": rng.uniform(0.0, 1e-7, (patients, 1)) * np.ones(cells + 1),
    }
    field, seconds = Field(gradient=1.0), 60.0 * minutes
    return timed(lambda: carry_many(passage, CAPS, field, state, outside=np.full(patients, dose), duration=seconds, **changed))


def table() -> None:
    """Print median depths in the tapering tubule of the science page, from both kinds of mouth."""
    passage = tubule(2e-3, 500, diameters=PAGE, first=0.5e-6, outflow=0.0)
    print("T/m   released at a closed mouth   (sticking)   open bath   page, particles   um after 20 min")
    for gradient, page in ((0.0, 21), (0.5, 164), (1.0, 366), (1.5, 616), (2.0, 910)):
        depths = []
        for carrier, state, outside in (
            (LOOSE, State.empty(passage).placed(passage, 1e-6), None),
            (CAPS, State.empty(passage).placed(passage, 1e-6), None),
            (LOOSE, State.empty(passage), 1e12),
        ):
            after, _ = carry(passage, carrier, Field(gradient=gradient), state, outside=outside, duration=1200.0)
            depths.append(1e6 * float(depth_median(after, passage)))
        print(f"{gradient:3.1f}   {depths[0]:26.1f} {depths[1]:12.1f} {depths[2]:11.1f} {page:17d}")


def vital() -> None:
    """Print what outflow of 1.5 um/s at the junction lets through."""
    passage = tubule(2e-3, 500, diameters=PAGE, first=0.02e-6, outflow=0.0)
    passage = replace(passage, far="pulp", outflow=1.5e-6 * (0.9e-6 / passage.width) ** 2)
    per_tesla = float(flow(passage, CAPS, Field(gradient=1.0)).parts["pull"][0])
    print(f"pull at the mouth {per_tesla * 1e6:.4f} um/s per T/m; holds against 1.5 um/s from {1.5e-6 / per_tesla:.2f} T/m")
    for gradient in (2.0, 5.0, 5.8, 6.4, 7.0, 8.0, 10.0):
        row = [f"{gradient:4.1f} T/m"]
        for name, state, outside in (
            ("released", State.empty(passage).placed(passage, 1e-6), None),
            ("bath", State.empty(passage), 1e12),
        ):
            after, _ = carry(passage, LOOSE, Field(gradient=gradient), state, outside=outside, duration=1200.0)
            lost = float(after.pulp) / max(float(after.entered), 1e-300)
            row.append(f"{name}: median {1e6 * float(depth_median(after, passage)):8.2f} um, through {lost:7.1e}")
        print("   ".join(row))


def curves(file: str) -> None:
    """Draw the cost in a file and print it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = {
        "cells, one tubule for 20 min": {
            "dilute": [(n, one(n)) for n in (50, 100, 200, 500, 1000, 2000)],
            "dense": [(n, one(n, dose=DENSE)) for n in (50, 100, 200, 500, 1000, 2000)],
        },
        "minutes, one tubule of 500 cells": {"dilute": [(m, one(minutes=m)) for m in (1, 5, 20, 60, 240, 1440)]},
        "patients, 500 cells for 20 min": {"dilute": [(m, many(m)) for m in (1, 4, 16, 64, 256)]},
    }
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.6), layout="constrained")
    for axis, (title, found) in zip(axes, panels.items(), strict=True):
        for name, points in found.items():
            axis.loglog([x for x, _ in points], [core for _, (_, core) in points], marker="o", label=name)
            print(title, name, ", ".join(f"{x:g}: {wall:.3f} [{core:.3f}] s" for x, (wall, core) in points), flush=True)
        axis.set_xlabel(title)
        axis.grid(visible=True, alpha=0.3)
        if len(found) > 1:
            axis.legend(frameon=False)
    axes[0].set_ylabel("processor seconds, warm")
    figure.savefig(file, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", metavar="FILE")
    file = parser.parse_args().plot
    if file:
        curves(file)
        return
    for name, dose in (("dilute", DILUTE), ("dense", DENSE)):
        wall, core = one(dose=dose)
        print(f"one tubule, 500 cells, 20 min, {name}: {wall * 1e3:.1f} ms [{core * 1e3:.1f}]   (goal 50)", flush=True)
        wall, core = many(256, dose=dose)
        print(f"256 patients, 500 cells, 20 min, {name}: {wall:.2f} s [{core:.2f}]   (goal 2)", flush=True)
    passage = tubule(2e-3, 500, vital=True)
    state, _ = carry(passage, CAPS, Field(gradient=10.0), State.empty(passage), outside=DENSE, duration=1200.0)
    print("ledger of a dense vital therapy, carriers and payload: {:.1e} {:.1e}".format(*imbalance(passage, state)))
    table()
    vital()


if __name__ == "__main__":
    main()
