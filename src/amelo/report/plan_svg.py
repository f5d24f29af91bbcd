"""Pictures of a plan as SVG: futures of each option with bands, harms beside their limits, and the protocol as a line of time."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log10
from typing import TYPE_CHECKING

from amelo.plan.goals import HARMS
from amelo.report.page import text

if TYPE_CHECKING:
    from amelo.plan.futures import Future
    from amelo.plan.goals import Limits
    from amelo.plan.record import Option
    from amelo.plan.timeline import Timeline

__all__ = ["DASHES", "futures_svg", "harms_svg", "timeline_svg"]

DASHES = {"wait": "2 4", "nano": "9 4", "operative": "14 4 3 4", "combined": ""}
LEAST = 1e-4  # chance at the left end of the bars


def _open(width: float, height: float, key: str, title: str, words: str) -> str:
    return (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{key}-t">{text(title)}</title><desc id="{key}-d">{text(words)}</desc>'
    )


def futures_svg(options: Sequence[Future], name: str, *, top: float = 1.0, unit: str = "chance", key: str, words: str) -> str:
    """Return how an outcome goes over the years under each option, with the range of nine of ten members for the chosen one and for waiting.

    Arguments: options; name of the outcome; top of the scale; unit; key of ids; words, the same for those who do not see it.
    """
    width, height, left, bottom, right, above = 430.0, 260.0, 48.0, 40.0, 12.0, 24.0
    there = [o for o in options if name in o.values and len(o.times)]
    last = max((float(o.times[-1]) for o in there), default=1.0)
    x = lambda t: left + (width - left - right) * t / last  # noqa: E731
    y = lambda v: height - bottom - (height - bottom - above) * min(max(v / top, 0.0), 1.02)  # noqa: E731
    out = [_open(width, height, key, f"{name} over the years", words)]
    out.append(f'<text x="{left:.0f}" y="14">{text(name)} [{text(unit)}]</text>')
    for k in range(5):
        v = top * k / 4
        out.append(
            f'<path class="axis" d="M{left:.1f} {y(v):.1f}H{width - right:.1f}"/><text class="small" x="{left - 6:.0f}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.3g}</text>'
        )
    step = max(1, round(last / 5))
    for year in range(0, int(last) + 1, step):
        out.append(f'<text class="small" x="{x(year):.1f}" y="{height - bottom + 15:.0f}" text-anchor="middle">{year}</text>')
    out.append(f'<text class="small" x="{(left + width - right) / 2:.0f}" y="{height - 6:.0f}" text-anchor="middle">years</text>')
    for o in there:
        if not (o.chosen or o.arm == "wait"):
            continue  # four bands over each other show nothing; the table has them all
        _, low, high = o.values[name]
        upper = [f"{x(float(t)):.1f} {y(float(v)):.1f}" for t, v in zip(o.times, high, strict=True)]
        lower = [f"{x(float(t)):.1f} {y(float(v)):.1f}" for t, v in zip(o.times, low, strict=True)]
        out.append(f'<path class="band {o.arm}" d="M{"L".join([*upper, *reversed(lower)])}Z"/>')
    for o in there:
        line = "L".join(f"{x(float(t)):.1f} {y(float(v)):.1f}" for t, v in zip(o.times, o.values[name][0], strict=True))
        dash = f' stroke-dasharray="{DASHES[o.arm]}"' if DASHES[o.arm] else ""
        out.append(f'<path class="curve {o.arm}"{dash} d="M{line}"/>')
    return "".join(out) + "</svg>"


def harms_svg(option: Option, limits: Limits, *, key: str, words: str) -> str:
    """Return each chance of harm as a bar up to its certified bound, with a mark at its limit, on a scale of powers of ten."""
    row, left, width = 30.0, 170.0, 640.0
    height = row * len(HARMS) + 46.0
    c = option.certificate
    x = lambda p: left + (width - left - 92.0) * max(log10(max(p, LEAST)) - log10(LEAST), 0.0) / -log10(LEAST)  # noqa: E731
    out = [_open(width, height, key, "Chance of each harm, certified bound, and limit", words)]
    for k in range(5):
        p = LEAST * 10**k
        out.append(
            f'<path class="axis" d="M{x(p):.1f} 8V{height - 34:.1f}"/><text class="small" x="{x(p):.1f}" y="{height - 18:.0f}" text-anchor="middle">{100 * p:g} %</text>'
        )
    for k, name in enumerate(HARMS):
        at = 12.0 + row * k
        share = float(c.violations[k] / c.count) if c.count else 0.0
        upper = float(c.upper[k]) if len(c.upper) and isfinite(float(c.upper[k])) else 1.0
        limit = float(limits.largest.get(name, 1.0))
        out.append(f'<text x="{left - 8:.0f}" y="{at + 14:.1f}" text-anchor="end">{text(name.replace("_", " "))}</text>')
        out.append(f'<rect class="bound" x="{left:.1f}" y="{at + 2:.1f}" width="{max(x(upper) - left, 1.0):.1f}" height="16"/>')
        if share > 0.0:
            out.append(f'<rect class="bar" x="{left:.1f}" y="{at + 6:.1f}" width="{max(x(share) - left, 1.0):.1f}" height="8"/>')
        out.append(
            f'<path class="mark" d="M{x(limit):.1f} {at - 2:.1f}v24"/><text class="small" x="{width - 88:.0f}" y="{at + 14:.1f}">≤ {100 * upper:.2g} % / {100 * limit:g} %</text>'
        )
    out.append(
        f'<text class="small" x="{left:.0f}" y="{height - 3:.0f}">dark: share of scenarios; pale: certified bound; upright mark: limit</text>'
    )
    return "".join(out) + "</svg>"


def timeline_svg(steps: Timeline, *, key: str, words: str) -> str:
    """Return visits on a line of days."""
    width, height, left, right = 640.0, 84.0, 56.0, 56.0
    end = max((line.day + line.minutes / 1440.0 for line in steps.lines), default=1.0) or 1.0
    x = lambda day: left + (width - left - right) * day / end  # noqa: E731
    out = [
        _open(width, height, key, "The protocol on a line of days", words),
        f'<path class="home" d="M{left:.0f} 44H{width - right:.0f}"/>',
    ]
    seen: set[int] = set()
    for line in steps.lines:
        if line.visit and line.visit not in seen:
            seen.add(line.visit)
            minutes = sum(each.minutes for each in steps.lines if each.visit == line.visit)
            out.append(
                f'<circle class="visit" cx="{x(line.day):.1f}" cy="44" r="9"/><text x="{x(line.day):.1f}" y="26" text-anchor="middle">visit {line.visit}</text>'
            )
            out.append(
                f'<text class="small" x="{x(line.day):.1f}" y="70" text-anchor="middle">day {line.day:.0f}, {minutes:.0f} min</text>'
            )
    out.append(f'<text class="small" x="{width - right + 4:.0f}" y="48">day {end:.0f}</text>')
    return "".join(out) + "</svg>"
