"""Plots for papers and slides, drawn with matplotlib, which is imported only here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.errors import CommandError, FileError, nearest
from amelo.units import molar_mass

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amelo.twin.chemistry.thresholds import SaturationCurve, Solubility
    from amelo.twin.column import Column
    from amelo.twin.mouth import MouthCourse

__all__ = ["check_picture", "plot_initial_profile", "plot_mouth", "plot_saturation", "plot_solubility"]

FORMATS = (".svg", ".png", ".pdf")
LINES = (("#0b3c5d", "-", "o"), ("#b5502f", "--", "s"), ("#3b7d4f", "-.", "^"), ("#7a4d9c", ":", "D"), ("#8a6d1d", "-", "v"))


def check_picture(path: Path, formats: Sequence[str] = FORMATS) -> None:
    """Refuse a picture that could not be written, before anything is computed; what is there already is left alone.

    Raises: CommandError for an unknown format, FileError for a file that cannot be opened.
    """
    if path.suffix.lower() not in formats:
        raise CommandError(f"{path} is not a picture amelo can write", fix=nearest(path.suffix, formats))
    try:
        there = path.exists()
        if path.is_dir() or not path.parent.is_dir():
            raise FileError(f"{path} cannot be written", why="its folder does not exist" if not path.is_dir() else "it is a folder")
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


def plot_solubility(results: Sequence[Solubility], path: Path, *, background: Mapping[str, float], temperature: float) -> None:
    """Draw dissolved calcium against pH on a logarithmic axis, one line per solid, and write it to ``path``."""
    medium = ", ".join(f"{1000 * amount:g} mmol/kgw {name}" for name, amount in background.items()) or "water"
    with _figure(path, f"Solubility in {medium} at {temperature:g} °C", "dissolved calcium [mmol/kgw]") as axes:
        axes.set_yscale("log")
        for k, result in enumerate(results):
            _line(axes, k, result.ph, 1000.0 * result.totals["Ca"], result.phase)


def plot_saturation(curve: SaturationCurve, path: Path, *, phases: Sequence[str], ph: float, name: str) -> None:
    """Draw saturation indices against pH, with the line of equilibrium and the fluid's own pH, and write it to ``path``."""
    with _figure(path, f"Saturation of the saliva of {name}", "saturation index log10(IAP/Ksp)") as axes:
        for k, phase in enumerate(phases):
            _line(axes, k, curve.ph, curve.saturation_index[phase], phase)
        axes.axhline(0.0, color="#333333", linewidth=1.0)
        axes.axvline(ph, color="#333333", linewidth=1.0, linestyle=":")
        axes.annotate(f" pH {ph:.2f}", (ph, axes.get_ylim()[0]), va="bottom")
        axes.annotate("dissolves below this line ", (curve.ph[-1], 0.0), va="top", ha="right", fontsize=8)


def plot_initial_profile(column: Column, path: Path) -> None:
    """Draw mineral against depth at the start, by mineral, with the spread of the ensemble, and write it to ``path``.

    Arguments: column; path.
    """
    import numpy as np

    middle = 5e5 * (column.edges[1:] + column.edges[:-1])  # µm
    total, sound = 100.0 * column.mineral.sum(axis=1), 100.0 * column.sound.sum(axis=1)
    with _figure(path, f"{column.name} at the start", "mineral [vol%]", across="depth [µm]") as axes:
        if column.members > 1:
            axes.fill_between(
                middle, *np.percentile(total, (5, 95), axis=0), color=LINES[0][0], alpha=0.2, label="5 to 95 % of members"
            )
        axes.plot(middle, sound[0], color="#333333", linewidth=1.0, linestyle=":", label="sound")
        _line(axes, 0, middle, total[0], "all mineral")
        for k, phase in enumerate(column.phases):
            if len(column.phases) > 1 and column.sound[0, k].any():
                _line(axes, k + 1, middle, 100.0 * column.mineral[0, k], phase.name)
        axes.set_ylim(0.0, 100.0)


def plot_mouth(course: MouthCourse, path: Path, *, name: str, start: float = 0.0) -> None:
    """Draw sugar, fluoride and pH of a mouth over time, one above the other, and write them to ``path``.

    Arguments: course; path; name of the person; start (time of day [h] at which the course begins).
    """
    from matplotlib.figure import Figure

    hours = start + course.time / 3600.0
    panels = (
        ("sugar [mmol/L]", course.sugar.clip(0.0), "symlog", 1.0),
        ("fluoride [mg/L]", 1000.0 * molar_mass("F") * course.fluoride, "log", None),
        ("pH of saliva", course.ph, "linear", None),
    )
    with _style():
        figure = Figure(figsize=(7.2, 6.0), layout="constrained")
        for k, (axes, (label, values, scale, threshold)) in enumerate(zip(figure.subplots(3, sharex=True), panels, strict=True)):
            axes.set_yscale(scale, **({"linthresh": threshold} if threshold else {}))
            axes.plot(hours, values, color=LINES[k][0], linewidth=1.2)
            axes.set_ylabel(label)
            axes.grid(True, color="#dddddd", linewidth=0.6)
        axes.set_xlabel("time of day [h]" if start else "time [h]")
        axes.set_xlim(hours[0], hours[-1])
        figure.axes[0].set_title(f"The mouth of {name}", loc="left")
        _save(figure, path)


@contextmanager
def _style() -> Iterator[None]:
    """Set amelo's one style for what is drawn inside."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "amelo", "font.size": 10}):
        yield


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None, dpi=160)
    except OSError as error:  # a disk that is full, for example
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


@contextmanager
def _figure(path: Path, title: str, label: str, *, across: str = "pH") -> Iterator[Axes]:
    """Yield axes of amelo's one style, and write the figure when they are filled."""
    from matplotlib.figure import Figure

    with _style():
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        axes = figure.subplots()
        yield axes
        axes.set_xlabel(across)
        axes.set_ylabel(label)
        axes.set_title(title, loc="left")
        axes.grid(True, which="both", color="#dddddd", linewidth=0.6)
        axes.legend(frameon=False)
        _save(figure, path)


def _line(axes: Axes, k: int, x: np.ndarray, y: np.ndarray, label: str) -> None:
    colour, style, mark = LINES[k % len(LINES)]
    axes.plot(x, y, color=colour, linestyle=style, marker=mark, markevery=max(1, len(x) // 12), label=label)
