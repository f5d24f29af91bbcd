"""Pictures of a fit and of a sensitivity, in the style of microradiography papers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from amelo.protocol.values import time_text
from amelo.twin.figures import BAND, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amelo.inference.fit import Fit
    from amelo.inference.sensitivity import Sensitivity

__all__ = ["FIT_FIGURES", "figure_of_data", "figure_of_pairs", "figure_of_residuals", "figure_of_sensitivity"]

MARKS = ("o", "s", "^", "D", "v", "P", "X")
DEPTHS = 80  # at which the band is drawn
SHOWN = 64  # draws behind it
MOST_PANELS = 6
BARS = 24


def figure_of_data(fit: Fit) -> Figure:
    """Return measured points over the fitted profile with the 5-95 % band of the draws, one panel per time."""
    model = fit.posterior.model
    times = np.unique(model.time)
    times = times[np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_PANELS)).round().astype(int))]
    deepest = 1.15 * model.depth.max()
    depth = np.linspace(0.0, min(deepest, fit.specimen.thickness.value), DEPTHS)
    dense = replace(model, depth=np.tile(depth, len(times)), time=np.repeat(times, DEPTHS), offset=None).finer()
    chosen = fit.draws[np.unique(np.linspace(0, len(fit.draws) - 1, min(SHOWN, len(fit.draws))).round().astype(int))]
    curves = dense(np.concatenate([fit.values[None], chosen]))
    with _style():
        figure = _new((3.6 * min(len(times), 3), 3.2 * (1 + (len(times) - 1) // 3)))
        panels = figure.subplots(1 + (len(times) - 1) // 3, min(len(times), 3), squeeze=False, sharex=True, sharey=True).ravel()
        labels = list(dict.fromkeys(p.label for p in fit.data.points))
        for k, (axes, time) in enumerate(zip(panels, times, strict=False)):
            here = slice(k * DEPTHS, (k + 1) * DEPTHS)
            if fit.drawn is not None:
                axes.fill_between(1e6 * depth, *np.nanpercentile(curves[1:, here], (5, 95), axis=0), label="5–95 %", **BAND)
            axes.plot(1e6 * depth, curves[0, here], color="#000000", linewidth=1.2, label="most probable")
            for n, label in enumerate(labels):
                at = [i for i, p in enumerate(fit.data.points) if p.label == label and model.time[i] == time]
                axes.plot(1e6 * model.depth[at], fit.posterior.measured[at], MARKS[n % len(MARKS)], color="#666666", markersize=3.5,
                          fillstyle="none", label=label or "measured")  # fmt: skip
            axes.set_title(time_text(round(float(time), 3)), loc="left")
            axes.set_xlabel("depth [µm]")
        for axes in panels[len(times) :]:
            axes.set_visible(False)
        panels[0].set_ylabel("mineral [vol%]")
        panels[0].legend(frameon=False, fontsize=7)
    return figure


def figure_of_residuals(fit: Fit) -> Figure:
    """Return residuals against depth and against fitted mineral, with the noise."""
    model, noise = fit.posterior.model, fit.noise[0]
    with _style():
        figure = _new((8.0, 3.2))
        first, second = figure.subplots(1, 2, sharey=True)
        for k, time in enumerate(np.unique(model.time)):
            at = model.time == time
            look = {"marker": MARKS[k % len(MARKS)], "linestyle": "", "color": "#444444", "fillstyle": "none", "markersize": 4}
            first.plot(1e6 * model.depth[at], fit.residuals[at], label=time_text(round(float(time), 3)), **look)
            second.plot(fit.mode.predicted[at], fit.residuals[at], **look)
        for axes, words in ((first, "depth [µm]"), (second, "fitted mineral [vol%]")):
            axes.axhspan(-2 * noise, 2 * noise, **BAND)
            axes.axhline(0.0, color="#000000", linewidth=0.8)
            axes.set_xlabel(words)
        first.set_ylabel("measured less fitted [vol%]")
        first.legend(frameon=False, fontsize=7)
    return figure


def figure_of_pairs(fit: Fit) -> Figure:
    """Return the draws of every pair of parameters, with priors as dotted 5 and 95 % lines: what trades off is a narrow band."""
    p = len(fit.names)
    draws = fit.draws[np.unique(np.linspace(0, len(fit.draws) - 1, min(600, len(fit.draws))).round().astype(int))]
    with _style():
        figure = _new((2.2 * p + 0.6, 2.0 * p + 0.4))
        panels = figure.subplots(p, p, squeeze=False)
        for i in range(p):
            for j in range(p):
                axes = panels[i][j]
                if j > i:
                    axes.set_visible(False)
                    continue
                _scales(axes, fit, i, j)
                if i == j:
                    axes.hist(draws[:, i], bins=_bins(draws[:, i], bool(fit.priors.logarithmic[i])), color="#8a8a8a")
                    axes.set_yticks([])
                else:
                    axes.plot(draws[:, j], draws[:, i], ".", color="#444444", markersize=1.5, alpha=0.6)
                    axes.plot(fit.values[j], fit.values[i], "+", color="#000000", markersize=9)
                    axes.axhline(fit.priors.low[i], color="#999999", linestyle=":", linewidth=0.8)
                    axes.axhline(fit.priors.high[i], color="#999999", linestyle=":", linewidth=0.8)
                axes.axvline(fit.priors.low[j], color="#999999", linestyle=":", linewidth=0.8)
                axes.axvline(fit.priors.high[j], color="#999999", linestyle=":", linewidth=0.8)
                if i == p - 1:
                    axes.set_xlabel(f"{fit.names[j]}\n[{fit.priors.units[j]}]", fontsize=7)
                if j == 0 and i > 0:
                    axes.set_ylabel(f"{fit.names[i]}\n[{fit.priors.units[i]}]", fontsize=7)
                axes.tick_params(labelsize=6, which="both")
    return figure


def figure_of_sensitivity(found: Sensitivity) -> Figure:
    """Return a tornado plot: the outcome from one end of each range to the other, the widest on top."""
    rows = found.rows[:BARS][::-1]
    with _style():
        figure = _new((7.2, 1.2 + 0.28 * len(rows)))
        axes = figure.subplots()
        for k, row in enumerate(rows):
            for end, colour, hatch in ((row.at_low, "#b0b0b0", ""), (row.at_high, "#555555", "////")):
                axes.barh(k, end - found.value, left=found.value, color=colour, hatch=hatch, edgecolor="#ffffff", height=0.7)
        axes.set_yticks(range(len(rows)), [f"{row.name}  {row.span}" for row in rows], fontsize=7)
        axes.axvline(found.value, color="#000000", linewidth=0.8)
        axes.set_xlabel(f"{found.measure.label} [{found.measure.unit}]; light: low end, dark: high end")
    return figure


FIT_FIGURES = {"fit": figure_of_data, "pairs": figure_of_pairs, "residuals": figure_of_residuals}


def _style():
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def _new(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def _scales(axes: Axes, fit: Fit, i: int, j: int) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    for axis, wanted in ((axes.xaxis, fit.priors.logarithmic[j]), (axes.yaxis, i != j and fit.priors.logarithmic[i])):
        if wanted:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=4))
            axis.set_minor_formatter(NullFormatter())


def _bins(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if not high > low:
        low, high = 0.9 * low, 1.1 * high + 1e-12
    return np.geomspace(low, high, 25) if logarithmic else np.linspace(low, high, 25)
