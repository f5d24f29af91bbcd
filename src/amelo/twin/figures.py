"""Figures of a trajectory as microradiography papers have them: grey and line styles first, colour never alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from amelo.errors import InputError, nearest
from amelo.twin.show import describe_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amelo.twin.trajectory import Trajectory

__all__ = ["KINDS", "STYLE", "draw", "write_figure"]

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "amelo",
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
}
LINES = (("#b0b0b0", "-"), ("#8a8a8a", "--"), ("#666666", "-."), ("#444444", (0, (5, 1))), ("#000000", "-"))
TIMES = len(LINES)
BAND = {"color": "#000000", "alpha": 0.15, "linewidth": 0}


def draw(trajectory: Trajectory, kind: str = "profiles") -> Figure:
    """Return one of the ``KINDS`` of figures.

    Raises: InputError for another kind, with the nearest one.
    """
    if kind not in KINDS:
        raise InputError(f"'{kind}' is not a kind of plot", fix=nearest(kind, KINDS))
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.0, 6.0) if kind == "profiles" else (8.0, 3.8), layout="constrained")
        KINDS[kind](trajectory, figure)
        figure.suptitle(_title(trajectory), x=0.01, ha="left", fontsize=10, parse_math=False)
    return figure


def write_figure(figure: Figure, target: Path | IO[str], *, form: str | None = None) -> None:
    """Write a figure to a file or stream; SVG keeps its words as text and carries no date, so that the same run gives the same file.

    Arguments: figure; target; form ("svg", "png" or "pdf", by default the ending of the file).
    """
    import matplotlib as mpl

    form = form or Path(target).suffix[1:].lower()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks is still in the SVG
        figure.savefig(target, format=form, metadata={"Date": None} if form == "svg" else None, dpi=160)


def _title(trajectory: Trajectory) -> str:
    count = int(trajectory.solved.sum())
    spread = f", median and 5–95 % of {count} members" if trajectory.members > 1 else ""
    name = "".join(c if c.isprintable() else "�" for c in trajectory.provenance.specimen_name)
    return f"{name}, {describe_time(trajectory.hours[-1])}{spread}"


def _some_times(trajectory: Trajectory) -> list[int]:
    """Return the indices of a handful of times, spread evenly over the run, the first and the last among them."""
    hours = trajectory.hours
    wanted = np.linspace(hours[0], hours[-1], TIMES)
    return sorted({int(np.argmin(np.abs(hours - time))) for time in wanted})


def _profiles(trajectory: Trajectory, figure: Figure) -> None:
    axes = figure.subplots(2, 2)
    _against_depth(trajectory, axes[0, 0], "mineral", "mineral [vol%]", trajectory.tissue)
    axes[0, 0].set_ylim(bottom=0)
    _against_time(trajectory, axes[0, 1], "integrated_mineral_loss", "ΔZ [vol%·µm]")
    _against_depth(trajectory, axes[1, 0], "ph", "pH", slice(None))
    _against_time(trajectory, axes[1, 1], "lesion_depth", "depth [µm]", also="surface_layer_thickness")


def _against_depth(trajectory: Trajectory, axes: Axes, name: str, label: str, cells: slice) -> None:
    depth = trajectory.depth[cells]
    times = _some_times(trajectory)
    for line, time in zip(LINES[TIMES - len(times) :], times, strict=True):
        middle, low, high = trajectory.profile(name, time, allow_bad=True)[:, cells]
        axes.plot(depth, middle, color=line[0], linestyle=line[1], label=describe_time(trajectory.hours[time]))
        if time == times[-1] and trajectory.members > 1:
            axes.fill_between(depth, low, high, **BAND)
    if depth[0] < 0:
        axes.axvspan(1e6 * trajectory.run.edges[0], 0.0, facecolor="none", edgecolor="#999999", hatch="//", linewidth=0)
        axes.annotate("outside" if trajectory.run.account_names else "biofilm", (0.02, 0.95), xycoords="axes fraction", va="top")
    axes.set_xlabel("depth [µm]")
    axes.set_ylabel(label)
    axes.legend(frameon=False, fontsize=8)


def _against_time(trajectory: Trajectory, axes: Axes, name: str, label: str, *, also: str = "") -> None:
    hours = trajectory.hours
    scale, unit = (1.0, "h") if hours[-1] < 72 else (24.0, "d")
    for style, key in (("-", name), ("--", also)):
        if not key:
            continue
        middle, low, high = trajectory.series(key, allow_bad=True)
        axes.plot(hours / scale, middle, color="#000000", linestyle=style, label=key.replace("_", " "))
        if trajectory.members > 1:
            axes.fill_between(hours / scale, low, high, **BAND)
    axes.set_xlabel(f"time [{unit}]")
    axes.set_ylabel(label)
    if also:
        axes.legend(frameon=False, fontsize=8)


def _phases(trajectory: Trajectory, figure: Figure) -> None:
    """Each phase against depth at the end, and its change over time."""
    left, right = figure.subplots(1, 2)
    tissue, depth = trajectory.tissue, trajectory.depth[trajectory.tissue]
    who = trajectory.solved if trajectory.usable else np.ones(trajectory.members, dtype=bool)
    for k, phase in enumerate(trajectory.run.phases):
        colour, style = LINES[-1 - k % TIMES]
        values = 100.0 * trajectory.run.mineral[who, -1, k, tissue]
        left.plot(depth, np.median(values, axis=0), color=colour, linestyle=style, label=phase)
        change = [trajectory.phases(i, allow_bad=True)[phase].value for i in range(len(trajectory.hours))]
        right.plot(trajectory.hours, change, color=colour, linestyle=style, label=phase)
    left.set_yscale("symlog", linthresh=0.1)
    _name(left, "depth [µm]", "mineral of the phase [vol%]")
    _name(right, "time [h]", "change since the start [vol%·µm]")


def _ph(trajectory: Trajectory, figure: Figure) -> None:
    """The pH against depth, and at surface, front and inner end over time."""
    left, right = figure.subplots(1, 2)
    _against_depth(trajectory, left, "ph", "pH", slice(None))
    for (colour, style), key in zip(LINES[::-2], ("surface_ph", "front_ph", "inner_ph"), strict=True):
        right.plot(
            trajectory.hours, trajectory.series(key, allow_bad=True)[0], color=colour, linestyle=style, label=key.split("_")[0]
        )
    _name(right, "time [h]", "pH")


def _balance(trajectory: Trajectory, figure: Figure) -> None:
    """What is missing of each component over time; the worst member counts."""
    axes = figure.subplots()
    who = trajectory.solved if trajectory.usable else np.ones(trajectory.members, dtype=bool)
    worst = np.abs(trajectory.run.balance[who]).max(axis=0)
    for k, component in enumerate(trajectory.run.components):
        colour, style = LINES[-1 - k % TIMES]
        axes.plot(
            trajectory.hours, np.maximum(worst[:, k], 1e-18), color=colour, linestyle=style, marker="ox^sDv"[k % 6], label=component
        )
    axes.axhline(1e-10, color="#000000", linewidth=1.0, linestyle=":")
    axes.annotate("limit", (trajectory.hours[0], 1e-10), va="bottom")
    axes.set_yscale("log")
    _name(axes, "time [h]", "relative imbalance")


def _carriers(trajectory: Trajectory, figure: Figure) -> None:
    """What carriers brought: their payload against depth at a handful of times, and carriers and payload over time."""
    run, carriers = trajectory.run, trajectory.carriers
    if not carriers:
        raise InputError("no carriers were brought in this run", fix="draw another kind of plot")
    left, right = figure.subplots(1, 2)
    who = trajectory.solved if trajectory.usable else np.ones(trajectory.members, dtype=bool)
    times = _some_times(trajectory)
    brought = [run.phases.index(phase) for phase in carriers.values() if phase in run.phases]
    for line, time in zip(LINES[TIMES - len(times) :], times, strict=True):
        payload = 100.0 * np.median(run.mineral[who, time][:, brought].sum(axis=1), axis=0)
        label = describe_time(trajectory.hours[time])
        left.step(trajectory.depth, payload, where="mid", color=line[0], linestyle=line[1], label=label)
    left.set_xscale("symlog", linthresh=max(1.0, float(np.diff(1e6 * run.edges).min())))
    _name(left, "depth [µm], below 0 on the surface", "payload [vol%]")
    told = [trajectory.accounts(i, allow_bad=True) for i in range(len(trajectory.hours))]
    for k, owner in enumerate(carriers):
        colour, style = LINES[-1 - k % TIMES]
        if f"{owner}: payload left" in told[-1]:
            values = [books[f"{owner}: payload left"].value for books in told]
            right.plot(trajectory.hours, values, color=colour, linestyle=style, label=f"{owner}: payload left [µm]")
    twin = right.twinx()
    for k, owner in enumerate(carriers):
        colour, _ = LINES[-1 - k % TIMES]
        docked = [books[f"{owner}: carriers docked on the surface"].value for books in told]
        twin.plot(trajectory.hours, docked, color=colour, linestyle=":", label=f"{owner}: docked [1/mm²]")
    _name(right, "time [h]", "payload left [µm]")
    twin.set_ylabel("carriers docked [1/mm²], dotted")


def _name(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.legend(frameon=False, fontsize=8)


KINDS: Mapping[str, Callable[[Trajectory, Figure], None]] = {
    "profiles": _profiles,
    "phases": _phases,
    "ph": _ph,
    "balance": _balance,
    "carriers": _carriers,
}
