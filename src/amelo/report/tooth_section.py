"""A tooth in section as SVG: enamel, dentine, pulp and roots around the lesion that the twin computes cell by cell, drawn to scale along its axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amelo.records.teeth import arch, tooth_class
from amelo.report.plan_page import plain_text

if TYPE_CHECKING:
    from amelo.plan.futures import Section

__all__ = ["section_svg", "section_words"]

SCALE = 15.0  # drawing units per mm
WIDTHS = {"incisor": 7.5, "canine": 7.5, "premolar": 7.5, "molar": 10.5}  # mm, of the drawing only
HEIGHT, ROOT = 7.0, 6.5  # mm, of the drawing only
TOP, SIDE = 14.0, 44.0
SICK, INFECTED = 0.95, 0.05  # mineral and bacteria from which a cell is drawn as such
LEAST_WIDTH = 1.2  # mm, of a lesion that is drawn


def section_svg(section: Section, tooth: int, surface: str, key: str) -> str:
    """Return a tooth in section.

    Arguments: section; tooth (FDI number); surface (letter; O and I are seen from above, all others from the side); key, that makes ids of this
    picture differ from others of the page.
    """
    width = WIDTHS[tooth_class(tooth)] * SCALE
    deep, enamel = float(section.widths.sum()) * SCALE, float(section.widths[: section.enamel].sum()) * SCALE
    from_above = surface in ("O", "I")
    total_w, total_h = width + 2 * SIDE, TOP + (HEIGHT + ROOT) * SCALE + 12
    words = plain_text(section_words(section))
    head = (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {total_w:.0f} {total_h:.0f}" width="{total_w:.0f}" height="{total_h:.0f}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{key}-t">Tooth {tooth} in section, {plain_text(section.title)}</title><desc id="{key}-d">{words}</desc>'
        f'<defs><pattern id="{key}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="5" class="germ"/></pattern>'
        f'<pattern id="{key}-dots" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="filling"/><circle cx="3" cy="3" r="1" class="outline"/></pattern></defs>'
    )
    if not section.present:
        return f'{head}<text x="{total_w / 2:.0f}" y="{total_h / 2:.0f}" text-anchor="middle">the tooth is gone</text></svg>'
    flip = f'transform="matrix(1 0 0 -1 0 {total_h:.0f})"' if arch(tooth) == "upper" else ""
    body = _crown(width, deep, enamel, section, from_above, tooth)
    body += _column(section, width, from_above, key)
    scale = f'<path class="outline none" d="M6 {total_h - 6:.0f}h{SCALE:.0f}m0 -3v6m-{SCALE:.0f} 0v-6"/><text class="small" x="{10 + SCALE:.0f}" y="{total_h - 3:.0f}">1 mm</text>'
    return f"{head}<g {flip}>{body}</g>{scale}</svg>"


def section_words(section: Section) -> str:
    """Return in a sentence what a section shows."""
    if not section.present:
        return "The tooth is gone."
    parts = []
    told = section.told
    if "residual_dentine" in told:
        mean, low, high = told["residual_dentine"]
        parts.append(f"{mean:.2f} mm of dentine ({low:.2f} to {high:.2f}) between floor and pulp")
    if "integrated_mineral_loss" in told:
        missing = told["integrated_mineral_loss"][0] / 100.0
        parts.append(
            f"{missing:.0f} µm of mineral missing in what is left" if missing >= 0.5 else "no mineral missing in what is left"
        )
    if "infected_depth" in told:
        parts.append(f"{told['infected_depth'][0]:.0f} µm of fully infected tissue")
    parts.append(section.restored or "no restoration")
    if "pulp_lost" in told:
        parts.append(f"pulp lost in {100 * told['pulp_lost'][0]:.0f} % of scenarios")
    return "; ".join(parts) + "."


def _crown(width: float, deep: float, enamel: float, section: Section, from_above: bool, tooth: int) -> str:
    """Return enamel, dentine, pulp and roots around the axis of the lesion."""
    x, y, w, h, root = SIDE, TOP, width, HEIGHT * SCALE, ROOT * SCALE
    e = min(max(enamel, 6.0), 0.3 * w)
    neck = y + h
    molar = tooth_class(tooth) == "molar"
    roof = y + deep if from_above else y + 0.45 * h
    left = x + 0.34 * w if from_above else x + min(deep, 0.45 * w)
    right = x + 0.66 * w
    foot = neck + root
    gum = f'<path class="gum" d="M0 {neck + 10:.1f}H{x:.1f}V{foot + 8:.1f}H0ZM{x + w:.1f} {neck + 10:.1f}H{w + 2 * SIDE:.1f}V{foot + 8:.1f}H{x + w:.1f}Z"/>'
    if molar:
        legs = f"L{x + 0.9 * w:.1f} {neck:.1f}L{x + 0.82 * w:.1f} {foot:.1f}L{x + 0.66 * w:.1f} {foot:.1f}L{x + 0.56 * w:.1f} {neck + 0.35 * root:.1f}L{x + 0.44 * w:.1f} {neck + 0.35 * root:.1f}L{x + 0.34 * w:.1f} {foot:.1f}L{x + 0.18 * w:.1f} {foot:.1f}L{x + 0.1 * w:.1f} {neck:.1f}Z"
        canals = [(x + 0.26 * w, foot - 8), (x + 0.74 * w, foot - 8)]
    else:
        legs = f"L{x + 0.85 * w:.1f} {neck:.1f}L{x + 0.58 * w:.1f} {foot:.1f}L{x + 0.42 * w:.1f} {foot:.1f}L{x + 0.15 * w:.1f} {neck:.1f}Z"
        canals = [(x + 0.5 * w, foot - 8)]
    body = f'<path class="dentine outline" d="M{x + 0.1 * w:.1f} {neck:.1f}L{x + e:.1f} {y + e:.1f}L{x + w - e:.1f} {y + e:.1f}L{x + 0.9 * w:.1f} {neck:.1f}{legs}"/>'
    cap = (
        f'<path class="enamel outline" fill-rule="evenodd" d="M{x + 0.1 * w:.1f} {neck:.1f}C{x:.1f} {y + 0.8 * h:.1f} {x:.1f} {y + 0.3 * h:.1f} {x:.1f} {y + 8:.1f}'
        f"Q{x:.1f} {y:.1f} {x + 8:.1f} {y:.1f}H{x + w - 8:.1f}Q{x + w:.1f} {y:.1f} {x + w:.1f} {y + 8:.1f}C{x + w:.1f} {y + 0.3 * h:.1f} {x + w:.1f} {y + 0.8 * h:.1f} {x + 0.9 * w:.1f} {neck:.1f}"
        f'L{x + w - e:.1f} {y + 0.6 * h:.1f}V{y + e:.1f}H{x + e:.1f}V{y + 0.6 * h:.1f}Z"/>'
    )
    pulp_class = "dead" if section.pulp_lost else "pulp"
    floor = neck + 0.12 * root
    pulp = f'<path class="{pulp_class} outline" d="M{left:.1f} {floor:.1f}V{roof:.1f}H{right:.1f}V{floor:.1f}'
    fork = (left + right) / 2
    for k, (cx, cy) in enumerate(reversed(canals)):
        pulp += f"L{fork + 3:.1f} {floor + 5:.1f}L{fork - 3:.1f} {floor + 5:.1f}" if k else ""
        pulp += f"L{cx + 2:.1f} {cy:.1f}L{cx - 2:.1f} {cy:.1f}"
    return f'{gum}{body}{cap}{pulp}Z"/>'


def _column(section: Section, width: float, from_above: bool, key: str) -> str:
    """Return the cells under the lesion: what is gone, what fills it, what is soft, and what is infected."""
    wide = max(section.opening, LEAST_WIDTH) * SCALE
    wide = min(wide, 0.6 * width)
    middle = SIDE + 0.5 * width if from_above else TOP + 0.62 * HEIGHT * SCALE
    start = TOP if from_above else SIDE
    parts, at = [], start
    for k, thickness in enumerate(section.widths):
        size = float(thickness) * SCALE
        gone = float(1.0 - section.left[k]) * size
        here = wide * (1.0 - 0.35 * (at - start) / max(float(section.widths.sum()) * SCALE, 1.0))
        if gone > 0.05:
            cover = (
                f'fill="url(#{key}-dots)" class="outline"'
                if section.restored and "sealant" not in section.restored
                else 'class="hollow"'
            )
            parts.append(_rect(cover, at, gone, middle, here, from_above))
        rest = size - gone
        missing = 1.0 - float(section.mineral[k])
        if rest > 0.05 and missing > 1.0 - SICK:
            parts.append(
                _rect(
                    f'class="sick" fill-opacity="{min(0.15 + 0.85 * missing, 1.0):.2f}"', at + gone, rest, middle, here, from_above
                )
            )
        if rest > 0.05 and float(section.bacteria[k]) > INFECTED:
            opacity = min(0.25 + 0.75 * float(section.bacteria[k]), 1.0)
            parts.append(_rect(f'fill="url(#{key}-hatch)" opacity="{opacity:.2f}"', at + gone, rest, middle, here, from_above))
        at += size
    if section.restored and ("sealant" in section.restored or "infiltration" in section.restored):
        parts.append(_rect(f'fill="url(#{key}-dots)" class="outline"', start - 4.0, 4.0, middle, 1.4 * wide, from_above))
    return "".join(parts)


def _rect(attributes: str, at: float, size: float, middle: float, wide: float, from_above: bool) -> str:
    x, y, w, h = (middle - 0.5 * wide, at, wide, size) if from_above else (at, middle - 0.5 * wide, size, wide)
    return f'<rect {attributes} x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}"/>'
