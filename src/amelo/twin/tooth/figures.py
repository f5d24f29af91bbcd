"""The figure of a treated tooth: its pulp and its residual dentine over time, mineral and bacteria by depth; line styles first, colour never alone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from amelo.params import load_set
from amelo.twin.figures import BAND, STYLE
from amelo.twin.show import describe_time
from amelo.twin.tooth.show import Visit, visits_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amelo.twin.tooth.trajectory import ToothTrajectory

__all__ = ["bands", "depth_profile", "draw"]

DAY, HOUR = 86400.0, 3600.0
LONGEST = 80  # letters of a name in the title
POINTS = 240  # of a profile by depth
LEAST = 1e-3  # damage and inflammation below it are drawn as it
LINES, MOST_LINES = 12, 5  # steps that are named under the figure, and lines that they may take
NAMES = (("mineral", "mineral", "#000000", "-"), ("bacteria", "bacteria", "#8a8a8a", "-."))


def draw(trajectory: ToothTrajectory) -> Figure:
    """Return the figure of a trajectory: four panels, and the steps that their marks number."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    visits = visits_of(trajectory.events)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 6.8), layout="constrained")
        axes = figure.subplots(2, 2)
        _over_time(trajectory, axes[0, 0], "pulp_inflammation", "inflammation of the pulp [unit]", visits, log=True)
        _over_time(trajectory, axes[0, 1], "pulp_damage", "damage of the pulp [unit]", visits, log=True)
        limit = load_set("pulp").value("damage.collapse")
        axes[0, 1].axhline(limit, color="#000000", linewidth=1.0, linestyle=":")
        axes[0, 1].set_ylim(top=max(axes[0, 1].get_ylim()[1], 3.0 * limit))
        axes[0, 1].annotate("lost above ", (1.0, limit), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
        _over_time(trajectory, axes[1, 0], "residual_dentine", "residual dentine [mm]", visits)
        axes[1, 0].set_ylim(bottom=0.0)
        _by_depth(trajectory, axes[1, 1])
        name = _printable(trajectory.provenance.specimen_name[:LONGEST])
        spread = f", median and 5–95 % of {trajectory.members} members" if trajectory.members > 1 else ""
        length = describe_time((trajectory.time[-1] - trajectory.time[0]) / 3600.0)
        title = f"{name}, {length if length != 'start' else 'no time'}{spread}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, parse_math=False)
        figure.supxlabel(_legend(visits), x=0.01, ha="left", fontsize=8, parse_math=False)
    return figure


def bands(values: np.ndarray) -> np.ndarray:
    """Return median, 5 % and 95 % (3, ...) over the last axis."""
    return np.stack([np.median(values, axis=-1), *np.percentile(values, (5, 95), axis=-1)])


def depth_profile(trajectory: ToothTrajectory, name: str, when: int) -> tuple[np.ndarray, np.ndarray]:
    """Return depths (D,) [m] and median, 5 % and 95 % (3, D) of a field by cell, member beside member at the same share of the same tissue.

    Arguments: trajectory; name, ``mineral`` or ``bacteria``; when, 0 before and 1 after.
    """
    section = trajectory.sections[when]
    place = (np.arange(POINTS) + 0.5) * section.left.shape[1] / POINTS
    return section.depth(place), bands(section.at(name, place).T)


def _over_time(trajectory: ToothTrajectory, axes: Axes, name: str, label: str, visits: list[Visit], *, log: bool = False) -> None:
    values = trajectory.seen[name]
    known = np.isfinite(values).all(axis=1)
    scale, unit = (DAY, "d") if trajectory.time[-1] - trajectory.time[0] >= 3 * DAY else (HOUR, "h")
    times, found = trajectory.time[known] / scale, bands(values[known])
    found = np.maximum(found, LEAST) if log else found
    axes.plot(times, found[0], color="#000000", linestyle="-", marker="o" if known.sum() < 12 else "", markersize=3)
    if trajectory.members > 1:
        axes.fill_between(times, found[1], found[2], **BAND)
    if log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.8 * LEAST)
    for visit in visits:
        if visit.chair_time > 0.0:
            axes.axvline(visit.time / scale, color="#666666", linewidth=0.8, linestyle="--")
            place = (visit.time / scale, 1.0)
            axes.annotate(visit.numbers, place, xycoords=("data", "axes fraction"), fontsize=7, ha="center", va="bottom")
    axes.set_xlabel(f"time [{unit}]")
    axes.set_ylabel(label)


def _by_depth(trajectory: ToothTrajectory, axes: Axes) -> None:
    for name, label, colour, style in NAMES:
        for when, words, width in ((0, "before", 0.9), (1, "after", 1.9)):
            depth, found = depth_profile(trajectory, name, when)
            line = style if when else (0, (1, 1.5)) if name == "mineral" else (0, (4, 3))
            axes.plot(1e3 * depth, found[0], color=colour, linestyle=line, linewidth=width, label=f"{label}, {words}")
            if when and trajectory.members > 1 and name == "mineral":
                axes.fill_between(1e3 * depth, found[1], found[2], **BAND)
    section = trajectory.sections[1]
    junction = 1e3 * float(np.median(section.edges[:, section.dentine_from]))
    axes.axvline(junction, color="#666666", linewidth=0.8, linestyle=":")
    axes.annotate(" dentine from here", (junction, 1.0), xycoords=("data", "axes fraction"), fontsize=7, va="bottom", ha="center")
    axes.set_ylim(-0.03, 1.15)
    axes.set_xlabel("depth below the surface [mm]")
    axes.set_ylabel("mineral over sound, bacteria")
    axes.legend(frameon=False, fontsize=7, loc="center left")


def _legend(visits: list[Visit]) -> str:
    """Return the numbered steps as lines of text."""
    lines = []
    for visit in visits:
        for k, (event, times) in enumerate(visit.steps):
            again = f", {times} times" if times > 1 else ""
            lines.append(f"{visit.first + k} {_printable(event.label)}{again}")
    more = len(lines) - LINES
    lines = lines[:LINES] + ([f"and {more} more"] if more > 0 else [])
    return "\n".join(textwrap.wrap("; ".join(lines), 150, max_lines=MOST_LINES, placeholder=" …"))


def _printable(words: str) -> str:
    """Return words without the signs that no picture can hold."""
    return "".join(c if c.isprintable() else "�" for c in words)
