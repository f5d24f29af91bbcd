"""What a trajectory says of itself: two lines of text, and a table with a small picture for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from amelo.twin.measures import INTERVAL

if TYPE_CHECKING:
    from amelo.twin.trajectory import Trajectory

__all__ = ["as_html", "balance_in_words", "describe_time", "in_words", "sparkline"]

DAY = 24.0  # hours
WIDTH, HEIGHT = 260, 70  # pixels of the small picture


def describe_time(hours: float) -> str:
    """Return a time in the unit in which people would say it: ``start``, ``90 min``, ``36 h``, ``28 d``, ``2.5 years``."""
    if hours == 0.0:
        return "start"
    if hours < 3.0:
        return f"{60 * hours:.3g} min"
    if hours < 3 * DAY:
        return f"{hours:.3g} h"
    return f"{hours / DAY:.4g} d" if hours < 730 * DAY else f"{hours / DAY / 365.25:.3g} years"


def balance_in_words(errors: dict[str, float]) -> str:
    """Return the greatest imbalance and whose it is."""
    known = {name: value for name, value in errors.items() if np.isfinite(value)}
    if not known:
        return "balances not known"
    worst = max(known, key=known.__getitem__)
    return f"balances closed to {known[worst]:.0e} ({worst})"


def in_words(trajectory: Trajectory) -> str:
    """Return what was simulated and what came out, in two lines."""
    count, times = trajectory.members, len(trajectory.hours)
    solved = int(trajectory.solved.sum())
    who = (
        "one member"
        if count == 1
        else f"{count} members" + ("" if solved == count else f", {count - solved} of them without an answer")
    )
    short = "" if trajectory.finished else ", cut short"
    head = f"Trajectory of {trajectory.provenance.specimen_name}: {describe_time(trajectory.hours[-1])} in {times} saved times{short}, {who}"
    if not trajectory.usable:
        return f"{head}\n  {trajectory.verdict}"
    found = trajectory.outcomes()
    thickness = found["surface_layer_thickness"].value
    layer = (
        f"surface layer {thickness:.1f} µm at {found['surface_layer_mineral'].figures()} % of sound"
        if thickness > 0
        else "no surface layer"
    )
    parts = (f"ΔZ {found['integrated_mineral_loss'].figures()} vol%·µm", f"depth {found['lesion_depth'].figures()} µm", layer)
    return f"{head}\n  {', '.join(parts)}; {balance_in_words(dict(trajectory.balance_errors()))}"


def sparkline(depth: np.ndarray, bands: Sequence[np.ndarray], label: str) -> str:
    """Return mineral against depth as a small inline SVG: the median as a line, the interval as a band.

    Arguments: depth (N,) [µm]; bands (median, low, high) each (N,) [vol%]; label for readers who do not see it.
    """
    middle, low, high = bands
    top = max(float(np.max(high)), 1e-9)

    def points(values: np.ndarray) -> list[str]:
        x = WIDTH * (depth - depth[0]) / max(depth[-1] - depth[0], 1e-12)
        y = HEIGHT - 2 - (HEIGHT - 4) * values / top
        return [f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)]

    band = " ".join([*points(high), *reversed(points(low))])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" '
        f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<polygon points="{band}" fill="#c8c8c8"/>'
        f'<polyline points="{" ".join(points(middle))}" fill="none" stroke="#222" stroke-width="1.5"/></svg>'
    )


def as_html(trajectory: Trajectory) -> str:
    """Return a table of outcomes with the last profile as a small picture, for notebooks."""
    first, *rest = in_words(trajectory).splitlines()
    notes = "".join(f"<p>note: {escape(sentence)}</p>" for sentence in trajectory.warnings)
    if not trajectory.usable:
        return f"<div><p><b>{escape(first)}</b></p><p>{escape(trajectory.verdict)}</p></div>"
    head = "<tr><th>outcome</th><th>value</th><th>{}</th><th>unit</th></tr>".format(
        f"{INTERVAL[0]:g}–{INTERVAL[1]:g} %" if trajectory.members > 1 else ""
    )
    rows = []
    for outcome in trajectory.outcomes().values():
        form = outcome.measure.form
        value = f"{outcome.value:{form}}" if np.isfinite(outcome.value) else "–"
        spread = f"{outcome.low:{form}} to {outcome.high:{form}}" if outcome.has_interval else ""
        name = " ".join(part for part in (outcome.measure.label, outcome.measure.symbol) if part)
        cells = (escape(part) for part in (name, value, spread, "" if outcome.unit == "pH" else outcome.unit))
        rows.append(f'<tr title="{escape(outcome.measure.definition)}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    tissue = trajectory.tissue
    bands = trajectory.profile("mineral")[:, tissue]
    picture = sparkline(trajectory.depth[tissue], bands, f"mineral against depth after {describe_time(trajectory.hours[-1])}")
    return f"<div><p><b>{escape(first)}</b></p>{picture}<table>{head}{''.join(rows)}</table><p>{escape(' '.join(rest).strip())}</p>{notes}</div>"
