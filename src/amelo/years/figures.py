"""Pictures and tables of a projection."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from amelo.years.states import STATES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from amelo.years.projection import Projection

__all__ = ["draw", "html"]

COLOURS = ("#dfe8c8", "#b5d0a0", "#8fb98b", "#6a9fb5", "#e6b273", "#cc8152", "#777777", "#a596c4")
LINES = (("tooth kept", "black"), ("pulp alive", "tab:red"), ("restoration survival", "tab:blue"), ("no operation", "tab:green"))


def draw(projection: Projection) -> Figure:
    """Return states over time as a stack, and chances with the range of nine of ten members."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    mean, times = projection.occupied.mean(axis=0), projection.times
    there = [s for s in range(len(STATES)) if mean[:, s].max() > 1e-4]
    left.stackplot(times, [mean[:, s] for s in there], labels=[STATES[s] for s in there], colors=[COLOURS[s] for s in there])
    left.set(xlabel="time [year]", ylabel="chance", xlim=(times[0], times[-1]), ylim=(0.0, 1.0))
    left.legend(loc="lower left", fontsize="small")
    for name, colour in LINES:
        values = projection.values(name)
        low, high = np.quantile(values, [0.05, 0.95], axis=1)
        right.plot(times, values.mean(axis=1), color=colour, label=name)
        right.fill_between(times, low, high, color=colour, alpha=0.12, linewidth=0.0)
    right.set(xlabel="time [year]", ylabel="chance", xlim=(times[0], times[-1]), ylim=(0.0, 1.02))
    right.legend(fontsize="small")
    return figure


def html(projection: Projection) -> str:
    """Return all outcomes as a table with unit, meaning and sources."""
    rows = "".join(
        f"<tr><td>{escape(o.name)}</td><td>{o.mean:.3g}</td><td>{o.low:.3g} to {o.high:.3g}</td><td>{escape(o.unit)}</td>"
        f"<td>{escape(o.what)}</td><td>{escape(o.source)}</td></tr>"
        for o in projection.outcomes().values()
    )
    head = "".join(f"<th>{word}</th>" for word in ("after", "mean", "nine of ten members", "unit", "what", "source"))
    title = f"{projection.times[-1]:g} years, {projection.untouched.shape[0]} members"
    return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
