"""A tooth in section as SVG: enamel, dentine, lesion by its mineral, bacteria, cavity, what was laid in or on it, and the pulp.

Depth is to scale along the axis of the lesion, and the width of the cavity across it; other widths are schematic.  Shading tells mineral,
patterns tell everything else, and words name all of it, so that nothing is told by colour alone.  Colours come from the page, which has a
dark and a light set of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from amelo.records.teeth import SURFACE_NAMES

if TYPE_CHECKING:
    from amelo.twin.tooth.section import Section

__all__ = ["COVERS", "PATTERNS_IN_WORDS", "ensemble_words", "section_svg", "section_words"]

SCALE = 38.0  # units of the drawing per mm of depth
BLOCK = 300.0  # width of the crown in the drawing
LEFT, RIGHT, TOP, PULP = 58.0, 232.0, 66.0, 74.0  # room for the axis, for words, above, and of the pulp
BOW = 15.0  # how far the outer surface bends over half of the width
STEPS = 16  # of a bent line
LINER, SEALANT, COVER = 0.3, 0.22, 1.0  # mm that a liner, a sealant and a crown are drawn thick
FAINT = 0.03  # of mineral or bacteria, from which a cell is drawn as changed
LINE = 17.0  # between words
SLENDER = 0.4  # mm, the least width at which a lesion or cavity is drawn
COVERS = ("crown", "onlay")  # restorations that cover the whole outer surface
PATTERNS = {
    "bacteria": '<circle cx="2" cy="2" r="1.3"/><circle cx="6" cy="6" r="1.3"/>',
    "restoration": '<path d="M0 8 8 0" fill="none"/>',
    "liner": '<path d="M0 0 8 8M0 8 8 0" fill="none"/>',
    "resin": '<path d="M2 0V8M6 0V8" fill="none"/>',
    "dead": '<path d="M0 4H8M4 0V8" fill="none"/>',
    "root": '<path d="M0 2H8M0 6H8" fill="none"/>',
}


PATTERNS_IN_WORDS = (
    "Darker is poorer in mineral; patterns tell bacteria (dots), restorations (diagonals), liners (crosses), resin in pores (uprights), a lost "
    "pulp (grid) and a filled root (lines)."
)


class _Place(NamedTuple):
    """How depth and width become places in the drawing: bow of the surface, middle of the block, mm across it."""

    bow: float
    middle: float
    across: float

    def y(self, depth: float, x: float) -> float:
        """Return where a depth [mm] lies at some x."""
        return TOP + SCALE * depth + self.bow * ((x - self.middle) / (0.5 * BLOCK)) ** 2

    def x(self, width: float) -> tuple[float, float]:
        """Return left and right of what is so wide [mm], within the block."""
        half = min(0.5 * BLOCK * width / self.across, 0.5 * BLOCK)
        return self.middle - half, self.middle + half

    def band(self, a: float, b: float, wide_a: float, wide_b: float) -> str:
        """Return the path between two depths [mm] of which each has its width [mm]."""
        return f"M{_points(self, a, wide_a)}L{_points(self, b, wide_b, back=True)}Z"


def _points(place: _Place, depth: float, width: float, *, back: bool = False) -> str:
    left, right = place.x(width)
    xs = [left + (right - left) * k / STEPS for k in range(STEPS + 1)]
    return "L".join(f"{x:.1f} {place.y(depth, x):.1f}" for x in (reversed(xs) if back else xs))


def section_words(section: Section, member: int, *, lost: bool) -> str:
    """Return what the drawing shows in sentences.

    Arguments: section; member; lost, whether its pulp is lost.
    """
    if not section.present:
        return "The tooth was taken out."
    floor, residual = 1e3 * float(section.floor[member]), 1e3 * float(section.residual[member])
    side = SURFACE_NAMES[section.surface]
    parts = [f"the {side} surface is closed" if floor <= 0.0 else f"the floor lies {floor:.1f} mm below the {side} surface"]
    if section.restored is not None:
        kind = "temporary " * section.restored.temporary + section.restored.kind
        lined = f" over a liner of {section.lined}" if section.lined else ""
        parts.append(f"{_article(kind)} {kind} of {section.restored.material} covers it{lined}")
    elif floor > 0.0:
        parts.append(f"nothing covers it but a liner of {section.lined}" if section.lined else "nothing covers it")
    parts.append("the pulp lies bare" if section.exposed[member] > 0.5 else f"{residual:.1f} mm of dentine lie over the pulp")
    if section.tertiary[member] > 0.0:
        parts.append(f"{1e6 * float(section.tertiary[member]):.0f} µm of them were laid down by the pulp")
    infected = 1e3 * float(sum(t[2] * (t[1] - t[0]) for t in _cells(section, member, "bacteria")))
    parts.append(f"bacteria that are left fill {infected:.2f} mm" if infected > 0.01 else "no bacteria are left in it")
    if (section.filled[member] > FAINT).any():
        parts.append("resin or silver fills pores")
    parts.append("the root is filled" if section.rooted else "the pulp is lost" if lost else "the pulp lives")
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}."


def ensemble_words(told: Mapping[str, tuple[float, float, float]], present: bool = True) -> str:
    """Return in a sentence what all members of an ensemble have, nothing for a tooth that is gone.

    Arguments: told, mean, 5th and 95th percentile by the name of a measure; present.
    """
    if not present:
        return ""
    parts = []
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
    if "pulp_lost" in told:
        parts.append(f"pulp lost in {100 * told['pulp_lost'][0]:.0f} % of scenarios")
    return f"In all scenarios: {'; '.join(parts)}." if parts else ""


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _cells(section: Section, member: int, name: str) -> Iterator[tuple[float, float, float, int]]:
    """Yield top and end [m] of the tissue of every cell, its value and its number."""
    edges, left, values = section.edges[member], section.left[member], getattr(section, name)[member]
    for k in range(len(values)):
        if left[k] > 1e-6:
            yield float(edges[k + 1] - left[k] * (edges[k + 1] - edges[k])), float(edges[k + 1]), float(values[k]), k


def section_svg(section: Section, member: int, *, name: str, title: str, lost: bool) -> str:
    """Return one tooth in section.

    Arguments: section; member, which one of the ensemble; name, unique in the page; title; lost, whether its pulp is lost.
    """
    edges = 1e3 * section.edges[member]
    wall, junction = float(edges[-1]), float(edges[section.dentine_from])
    place = _Place(-BOW if section.surface == "O" else BOW, LEFT + 0.5 * BLOCK, 1e3 * float(section.crown_width[member]))
    height = TOP + SCALE * wall + BOW + PULP + 30.0
    said = escape(section_words(section, member, lost=lost), quote=True)
    body = [_patterns(name), f'<text class="t-title" x="{LEFT:g}" y="20">{escape(title)}</text>']
    words: list[tuple[float, float, str]] = []  # x and depth of what is named, and its name
    if section.present:
        body += _tissues(section, member, place, wall, junction, words)
        body += _changed(section, member, place, name, junction, words)
        body += _opened(section, member, place, name, words)
        body += _pulp(section, member, place, name, wall, lost, words)
        body += _axis(place, wall, SURFACE_NAMES[section.surface])
        body += _named(place, words)
    else:
        left, right = place.x(place.across)
        body.append(f'<rect class="gone" x="{left:g}" y="{TOP:g}" width="{right - left:g}" height="{SCALE * wall:g}"/>')
        body.append(
            f'<text class="t-word" x="{place.middle:g}" y="{TOP + 0.5 * SCALE * wall:g}" text-anchor="middle">taken out</text>'
        )
    width = LEFT + BLOCK + RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="section" role="img" tabindex="0" aria-label="{escape(title, quote=True)}. {said}" '
        f'viewBox="0 0 {width:g} {height:.0f}" width="{width:g}" height="{height:.0f}">{"".join(body)}</svg>'
    )


def _patterns(name: str) -> str:
    made = "".join(
        f'<pattern id="{name}-{kind}" width="8" height="8" patternUnits="userSpaceOnUse"><g class="p-{kind}">{marks}</g></pattern>'
        for kind, marks in PATTERNS.items()
    )
    return f"<defs>{made}</defs>"


def _tissues(
    section: Section, member: int, place: _Place, wall: float, junction: float, words: list[tuple[float, float, str]]
) -> Iterator[str]:
    """Draw enamel and dentine as wide as the crown, shaded by what all of it lacks in this owner."""
    depth = wall + PULP / SCALE
    yield f'<path class="dentine" d="{place.band(junction, depth, place.across, place.across)}"/>'
    yield f'<path class="enamel" d="{place.band(0.0, junction, place.across, place.across)}"/>'
    for a, b, cell in ((0.0, junction, 0), (junction, depth, -1)):
        lacks = _lack(section, member, cell)
        if lacks > FAINT:
            yield f'<path class="lesion" fill-opacity="{lacks:.2f}" d="{place.band(a, b, place.across, place.across)}"/>'
    right = place.x(place.across)[1]
    words += [(right, 0.5 * junction, "enamel"), (right, 0.5 * (junction + wall), "dentine")]


def _lack(section: Section, member: int, cell: int) -> float:
    """Return the share of mineral that the tissue of a cell lacks in this owner, lesion or not."""
    return max(1.0 - float(section.healthy[member][cell]), 0.0)


def _changed(
    section: Section, member: int, place: _Place, name: str, junction: float, words: list[tuple[float, float, str]]
) -> Iterator[str]:
    """Draw cells that lack mineral, hold bacteria or are filled, as wide as the cavity above them and narrower towards the front."""
    sick = [
        (1e3 * a, 1e3 * b, 1.0 - m, k)
        for a, b, m, k in _cells(section, member, "mineral")
        if 1.0 - m > _lack(section, member, k) + FAINT
    ]
    marked = [(1e3 * a, 1e3 * b, v, k) for a, b, v, k in _cells(section, member, "bacteria") if v > FAINT]
    resin = [(1e3 * a, 1e3 * b, v, k) for a, b, v, k in _cells(section, member, "filled") if v > FAINT]
    every = [*sick, *marked, *resin]
    if not every:
        return
    front, top = max(b for _, b, _, _ in every), min(a for a, _, _, _ in every)
    cut = top > 0.0  # a cavity lies above it, narrower at its floor
    opening = (0.8 if cut else 1.0) * 1e3 * float(section.opening[member])
    widest = min(max(opening, SLENDER, 0.9 * (front - min(top, junction))), 0.8 * place.across)

    def width(depth: float) -> float:
        return widest * (1.0 - 0.65 * (depth - top) / max(front - top, 1e-9))

    for a, b, v, _ in sick:
        yield f'<path class="lesion" fill-opacity="{min(v, 1.0):.2f}" d="{place.band(a, b, width(a), width(b))}"/>'
    for group, kind in ((resin, "resin"), (marked, "bacteria")):
        for a, b, v, _ in group:
            path = place.band(a, b, width(a), width(b))
            yield f'<path fill="url(#{name}-{kind})" fill-opacity="{min(v, 1.0):.2f}" d="{path}"/>'
    for group, label in (
        (sick, "lesion (darker: less mineral)"),
        (marked, "bacteria (dots)"),
        (resin, "resin or silver in pores"),
    ):
        if group:
            a, b = group[0][0], group[0][1]
            words.append((place.x(width(a))[1] - 3.0, 0.5 * (a + b), label))


def _opened(section: Section, member: int, place: _Place, name: str, words: list[tuple[float, float, str]]) -> Iterator[str]:
    """Draw the cavity, what lies in it, and what covers the outer surface."""
    floor, opening = 1e3 * float(section.floor[member]), max(1e3 * float(section.opening[member]), SLENDER)
    restored = section.restored
    if floor > 0.0:
        yield f'<path class="cavity" d="{place.band(0.0, floor, opening, 0.8 * opening)}"/>'
    edge = place.x(opening)[1] - 4.0
    liner = min(LINER, 0.5 * floor) if section.lined else 0.0
    if liner:
        narrow = opening * (1.0 - 0.2 * (floor - liner) / floor)
        yield f'<path class="laid" fill="url(#{name}-liner)" d="{place.band(floor - liner, floor, narrow, 0.8 * opening)}"/>'
        words.append((edge - 8.0, floor - 0.5 * liner, f"liner: {section.lined}"))
    if restored is None:
        if floor > 0.0:
            words.append((edge, 0.35 * floor, "cavity"))
        return
    label = f"{'temporary ' * restored.temporary}{restored.kind}: {restored.material}"
    if restored.kind not in ("sealant", "infiltration") and floor - liner > 0.0:
        path = place.band(0.0, floor - liner, opening, opening * (1.0 - 0.2 * (floor - liner) / floor))
        yield f'<path class="laid" fill="url(#{name}-restoration)" d="{path}"/>'
        words.append((edge, 0.4 * (floor - liner), label))
    if restored.kind in COVERS:
        yield f'<path class="laid" fill="url(#{name}-restoration)" d="{place.band(0.0, COVER, place.across, place.across)}"/>'
        if floor - liner <= 0.0:
            words.append((edge, 0.5 * COVER, label))
    elif restored.kind == "sealant":
        wide = max(1.5 * opening, 0.4 * place.across)
        yield f'<path class="laid" fill="url(#{name}-restoration)" d="{place.band(-SEALANT, 0.0, wide, wide)}"/>'
        words.append((place.x(wide)[1], -0.5 * SEALANT, label))


def _pulp(
    section: Section, member: int, place: _Place, name: str, wall: float, lost: bool, words: list[tuple[float, float, str]]
) -> Iterator[str]:
    """Draw the pulp behind its wall, the dentine that it laid down, and where it lies bare."""
    wide = 0.62 * place.across
    kind = "root filling" if section.rooted else "pulp, lost" if lost else "pulp, alive"
    path = place.band(wall, wall + (PULP - 14.0) / SCALE, wide, 0.7 * wide)
    yield f'<path class="pulp{" dead" if lost or section.rooted else ""}" d="{path}"/>'
    if section.rooted or lost:
        yield f'<path fill="url(#{name}-{"root" if section.rooted else "dead"})" d="{path}"/>'
    words.append((place.x(wide)[1], wall + 0.5 * PULP / SCALE, kind))
    laid = 1e3 * float(section.tertiary[member])
    if laid > 0.02:
        yield f'<path class="tertiary" d="{place.band(wall, wall + max(laid, 0.06), wide, wide)}"/>'
        words.append((place.x(wide)[1], wall + 0.03, "dentine laid down by the pulp"))
    floor, residual = 1e3 * float(section.floor[member]), 1e3 * float(section.residual[member])
    x = place.middle
    if section.exposed[member] > 0.5:
        yield f'<circle class="alarm" cx="{x:g}" cy="{place.y(wall, x):.1f}" r="9"/>'
        words.append((x + 9.0, wall, "pulp exposed"))
        return
    junction = 1e3 * float(section.edges[member][section.dentine_from])
    a, b = place.y(max(floor, junction), x), place.y(wall, x)
    if b - a > 14.0:
        yield f'<path class="measure" d="M{x:g} {a + 2:.1f}V{b - 2:.1f}M{x - 4:g} {a + 7:.1f}L{x:g} {a + 2:.1f} {x + 4:g} {a + 7:.1f}M{x - 4:g} {b - 7:.1f}L{x:g} {b - 2:.1f} {x + 4:g} {b - 7:.1f}"/>'
    yield f'<text class="t-measure" x="{x - 7:g}" y="{0.5 * (a + b) + 4:.1f}" text-anchor="end">{residual:.1f} mm</text>'


def _axis(place: _Place, wall: float, side: str) -> Iterator[str]:
    """Draw the scale of depth along the axis."""
    x = LEFT - 12.0
    low = place.y(0.0, place.middle)
    yield f'<path class="axis" d="M{x:g} {low:.1f}V{low + SCALE * wall:.1f}"/>'
    for mm in range(int(wall) + 1):
        y = low + SCALE * mm
        yield f'<path class="axis" d="M{x - 4:g} {y:.1f}H{x:g}"/><text class="t-axis" x="{x - 7:g}" y="{y + 4:.1f}" text-anchor="end">{mm}</text>'
    yield f'<text class="t-axis" x="{LEFT:g}" y="38">mm below the {side} surface, along the axis</text>'


def _named(place: _Place, words: list[tuple[float, float, str]]) -> Iterator[str]:
    """Write names at the right, none over another, each with a line to what it names."""
    right, last = place.middle + 0.5 * BLOCK, TOP - 2.0 * LINE
    for x, depth, label in sorted(words, key=lambda w: place.y(w[1], w[0])):
        at = place.y(depth, x)
        y = max(at, last + LINE)
        last = y
        yield f'<path class="lead" d="M{x:.1f} {at:.1f}L{right + 8:g} {y:.1f}H{right + 14:g}"/>'
        yield f'<text class="t-word" x="{right + 17:g}" y="{y + 4:.1f}">{escape(label)}</text>'
