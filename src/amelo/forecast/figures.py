"""Figures of forecasts and of their evaluation: grey and line styles first, colour never alone; matplotlib is imported only here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from amelo.errors import FileError, InputError, nearest
from amelo.forecast.names import figure_name
from amelo.forecast.outlook import EVENTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amelo.forecast.evaluation import Evaluation
    from amelo.forecast.record import Forecast, Risk

__all__ = ["EVALUATION_KINDS", "FORECAST_KINDS", "draw_evaluation", "draw_forecast", "write_figure"]

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "amelo",
    "font.size": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
}
LINES = (("#000000", "-"), ("#0b3c5d", "--"), ("#b5502f", "-."), ("#3b7d4f", ":"))
MOST = 4  # curves in one panel, as many as there are line styles
DRIVERS = 8  # bars
SUBGROUPS = 24  # rows of a forest


def draw_forecast(forecast: Forecast, kind: str = "all") -> Figure:
    """Return a figure of a forecast: ``curves`` with bands by event, ``drivers`` of the highest risk, or ``all``.

    Raises: InputError for another kind, or when there is nothing to draw.
    """
    panels = [p for p in _chosen(kind, FORECAST_KINDS) if p != "curves"]
    events = {r.event for r in forecast.risks if r.risk} if kind in ("all", "curves") else set()
    if not any(r.risk for r in forecast.risks):
        raise InputError("there is nothing to draw", why="no risk is forecast, see what it abstains on")
    axes, figure = _axes(len(events) + len(panels), f"{forecast.pseudonym}, from {forecast.recorded_on}")
    with _style():
        for event in (e for e in EVENTS if e in events):
            _curves(forecast, event, axes.pop(0))
        for panel in panels:
            FORECAST_KINDS[panel](forecast, axes.pop(0))
    return figure


def draw_evaluation(evaluation: Evaluation, kind: str = "all") -> Figure:
    """Return a figure of an evaluation: ``calibration``, ``decision`` curve, ``subgroups`` as a forest, or ``all`` that there are.

    Raises: InputError for another kind, or when the evaluation has nothing of it.
    """
    panels = [p for p in _chosen(kind, EVALUATION_KINDS) if _has(evaluation, p)]
    if not panels:
        raise InputError("there is nothing to draw", why=f"this evaluation has no {kind if kind != 'all' else 'curves'}")
    counts = f"{evaluation.rows} teeth of {evaluation.patients} patients, {evaluation.events} events"
    axes, figure = _axes(len(panels), f"{evaluation.kind} {evaluation.model[:12]} on {evaluation.data}: {counts}")
    with _style():
        for panel in panels:
            EVALUATION_KINDS[panel](evaluation, axes.pop(0))
    return figure


def write_figure(figure: Figure, target: Path | IO[str], *, form: str | None = None) -> None:
    """Write a figure to a file or stream; SVG keeps its words as text and carries no date, so that the same forecast gives the same file.

    Arguments: figure; target; form ("svg", "png" or "pdf", by default the ending of the file).
    Raises: FileError.
    """
    form = form or Path(target).suffix[1:].lower()
    try:
        with _style():
            figure.savefig(target, format=form, metadata={"Date": None} if form == "svg" else None, dpi=160)
    except OSError as error:
        raise FileError(f"{target} cannot be written", why=error.strerror or str(error)) from None


def _style():
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def _chosen(kind: str, kinds: Mapping[str, object]) -> list[str]:
    if kind not in ("all", *kinds):
        raise InputError(f"'{kind}' is not a kind of plot", fix=nearest(kind, ("all", *kinds)))
    return list(kinds) if kind == "all" else [kind]


def _axes(count: int, title: str) -> tuple[list[Axes], Figure]:
    from matplotlib.figure import Figure

    across = 1 if count == 1 else 2
    down = -(-count // across)
    with _style():
        figure = Figure(figsize=(5.6 * across, 3.9 * down), layout="constrained")
        axes = list(np.atleast_1d(figure.subplots(down, across)).ravel())
        for empty in axes[count:]:
            empty.set_axis_off()
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, parse_math=False)
    return axes, figure


def _label(risk: Risk, alike: int = 0) -> str:
    return f"{risk.where} {risk.stage}".rstrip() + (f" and {alike} alike" if alike else "")


def _curves(forecast: Forecast, event: str, axes: Axes) -> None:
    """Draw the highest risks of an event over time with their bands, each tooth once and what is alike together."""
    alike: dict[tuple[float, ...], list[Risk]] = {}
    seen: set[tuple[int, str]] = set()
    for risk in forecast.of(event):
        if risk.curve and (risk.tooth, risk.stage) not in seen:
            seen.add((risk.tooth, risk.stage))
            alike.setdefault(tuple(round(r, 3) for r in (*risk.risk, risk.low[-1], risk.high[-1])), []).append(risk)
    groups = list(alike.values())
    for (colour, line), (risk, *others) in zip(LINES, groups, strict=False):
        middle, low, high = (100 * np.array(part) for part in risk.curve)
        axes.plot(forecast.times, middle, color=colour, linestyle=line, label=_label(risk, len(others)))
        axes.fill_between(forecast.times, low, high, color=colour, alpha=0.12, linewidth=0)
    for horizon in forecast.horizons:
        axes.axvline(horizon, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, forecast.times[-1])
    rest = sum(map(len, groups[MOST:]))
    more = f", {rest} more below" if rest else ""
    axes.set_title(f"{event}{more}; bands {100 * forecast.level:.0f} %", loc="left", fontsize=9)
    _name(axes, "years", "has happened [%]")
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _drivers(forecast: Forecast, axes: Axes) -> None:
    """Draw what drives the highest risk that has drivers, as bars of the log hazard."""
    risk = next((r for r in forecast.of() if r.drivers), None)
    if risk is None:
        axes.set_axis_off()
        axes.annotate("no model gave its reasons", (0.02, 0.9), xycoords="axes fraction")
        return
    shown, rest = risk.drivers[:DRIVERS], risk.drivers[DRIVERS:]
    bars = [(f"{d.words}: {d.value}" if d.value else d.words, d.effect) for d in shown]
    bars += [(f"{len(rest)} others", sum(d.effect for d in rest))] * bool(rest)
    for k, (_, effect) in enumerate(reversed(bars)):
        axes.barh(
            k,
            effect,
            color="#555555" if effect > 0 else "#ffffff",
            edgecolor="#000000",
            hatch="" if effect > 0 else "//",
            height=0.7,
        )
        axes.annotate(f" × {np.exp(effect):.2g} ", (effect, k), va="center", ha="left" if effect > 0 else "right", fontsize=8)
    axes.set_yticks(range(len(bars)), [_cut(words) for words, _ in reversed(bars)], parse_math=False)
    axes.axvline(0, color="#000000", linewidth=0.8)
    axes.margins(x=0.25)
    axes.set_ylim(min(-0.6, len(bars) - 5.4), len(bars) - 0.4)  # bars stay slim when there are few
    axes.set_title(
        f"why {_label(risk)}, {risk.event}, {100 * risk.risk[-1]:.0f} % by {forecast.horizons[-1]:g} y", loc="left", fontsize=9
    )
    axes.set_xlabel("difference of the log hazard from the average")


def _cut(words: str, length: int = 44) -> str:
    return words if len(words) <= length else words[: length - 1] + "…"


def _has(evaluation: Evaluation, panel: str) -> bool:
    if panel == "subgroups":
        return bool(evaluation.subgroups)
    return any(name.startswith(panel) for name in evaluation.curves)


def _calibration(evaluation: Evaluation, axes: Axes) -> None:
    """Draw observed against predicted risk for every curve whose name begins with ``calibration``."""
    top = 0.0
    for (colour, line), (name, curve) in zip(LINES, _named(evaluation, "calibration"), strict=False):
        predicted, observed = (100 * np.array(curve[key], dtype=float) for key in ("predicted", "observed"))
        axes.plot(predicted, observed, color=colour, linestyle=line, marker="o", markersize=3, label=name)
        if {"low", "high"} <= set(curve):
            low, high = (100 * np.array(curve[key], dtype=float) for key in ("low", "high"))
            axes.fill_between(predicted, low, high, color=colour, alpha=0.12, linewidth=0)
        top = max(top, float(np.nanmax(predicted)), float(np.nanmax(observed)))
    axes.plot([0, top], [0, top], color="#999999", linewidth=0.8, linestyle=":", label="as predicted")
    axes.set_title("calibration", loc="left", fontsize=9)
    _name(axes, "predicted [%]", "observed [%]")
    axes.legend(frameon=False, fontsize=8)


def _decision(evaluation: Evaluation, axes: Axes) -> None:
    """Draw the net benefit of acting on the model, on all and on nobody."""
    low = 0.0
    for (colour, line), (name, curve) in zip(LINES, _named(evaluation, "decision"), strict=False):
        threshold = 100 * np.array(curve["threshold"], dtype=float)
        axes.plot(threshold, curve["model"], color=colour, linestyle=line, label=f"model, {name}" if name else "model")
        axes.plot(threshold, curve["all"], color=colour, linestyle=line, linewidth=0.6, label="act on every tooth")
        low = min(low, -0.25 * float(np.nanmax(np.array(curve["model"], dtype=float))))
    axes.axhline(0, color="#999999", linewidth=0.8, linestyle=":", label="act on none")
    axes.set_ylim(bottom=low)
    axes.set_title("decision curve", loc="left", fontsize=9)
    _name(axes, "threshold of risk to act at [%]", "net benefit [per tooth]")
    axes.legend(frameon=False, fontsize=8)


def _subgroups(evaluation: Evaluation, axes: Axes) -> None:
    """Draw the first figure of every subgroup with its interval, beside that of all."""
    key = next(iter(next(iter(evaluation.subgroups.values()))))
    rows = [("all", evaluation.figures[key])] if key in evaluation.figures else []
    rows += [(name, figures[key]) for name, figures in evaluation.subgroups.items() if key in figures][:SUBGROUPS]
    for k, (name, figure) in enumerate(reversed(rows)):
        whole = name == "all"
        axes.plot([figure.low, figure.high], [k, k], color="#000000", linewidth=1.6 if whole else 1.0)
        axes.plot([figure.value], [k], color="#000000", marker="D" if whole else "s", markersize=5, linestyle="none")
    if rows and rows[0][0] == "all":
        axes.axvline(rows[0][1].value, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [_cut(name, 30) for name, _ in reversed(rows)], parse_math=False)
    axes.set_title(f"subgroups; {100 * evaluation.level:.0f} % intervals over patients", loc="left", fontsize=9)
    axes.set_xlabel(figure_name(key))


def _named(evaluation: Evaluation, start: str) -> list[tuple[str, dict[str, list[float]]]]:
    """Return the curves whose name begins so, with the rest of their names: ``calibration_2y`` is ``2 y``."""
    found = []
    for name, curve in evaluation.curves.items():
        if name.startswith(start):
            rest = re.sub(r"(\d)y$", r"\1 y", name.removeprefix(start).strip(" _").replace("_", " "))
            found.append((rest, curve))
    return found


def _name(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)


FORECAST_KINDS: Mapping[str, Callable[[Forecast, Axes], None] | None] = {"curves": None, "drivers": _drivers}
EVALUATION_KINDS: Mapping[str, Callable[[Evaluation, Axes], None]] = {
    "calibration": _calibration,
    "decision": _decision,
    "subgroups": _subgroups,
}
