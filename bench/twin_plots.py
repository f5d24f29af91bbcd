"""Cost of the lesion twin against cells, days and members, as curves in a file.

Run: python bench/twin_plots.py FILE
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy

import sys
from dataclasses import replace

from amelo.twin.build import column_of
from amelo.twin.lesion.solve import settings_for
from twin import protocols, specimen, timed

USUAL = replace(settings_for(0.01), threads=1)
LEAPING = replace(settings_for(0.01, jump=True), threads=1)
CELLS = (16, 25, 50, 100, 200, 400)
DAYS = (3, 10, 30, 100, 182, 365, 730)
MEMBERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def curves() -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return core-seconds by abscissa, for each curve of each panel."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    panels["cells, one specimen for 30 d"] = {
        "": [(n, timed(column_of(specimen(n)), protocols("same", 1, 30), USUAL)[2]) for n in CELLS]
    }
    panels["days, one specimen of 50 cells"] = {
        name: [(d, timed(column_of(specimen()), protocols("same", 1, d), settings, 1)[2]) for d in DAYS]
        for name, settings in (("every day", USUAL), ("leaps over days", LEAPING))
    }
    panels["members, 50 cells for 30 d"] = {
        name: [(m, timed(column_of(specimen(), members=m, seed=3), protocols(kind, m, 30), USUAL, 1)[2]) for m in MEMBERS]
        for name, kind in (("repeating daily", "periodic"), ("every day different", "random"))
    }
    return panels


def main(file: str) -> None:
    """Draw the curves into a file, and print them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = curves()
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.6), layout="constrained")
    for axis, (title, found) in zip(axes, panels.items(), strict=True):
        for name, points in found.items():
            axis.loglog(*zip(*points, strict=True), marker="o", label=name)
            print(title, name, ", ".join(f"{x:g}: {y:.3f}" for x, y in points), flush=True)
        axis.set_xticks(marks := sorted({x for points in found.values() for x, _ in points}), [f"{x:g}" for x in marks])
        axis.minorticks_off()
        axis.set_xlabel(title)
        axis.grid(visible=True, alpha=0.3)
        if len(found) > 1:
            axis.legend()
    axes[0].set_ylabel("core-seconds")
    figure.savefig(file)
    print(f"load {os.getloadavg()[0]:.1f}; written to {file}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
