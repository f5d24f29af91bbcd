"""The tooth chart as SVG: one self-contained picture, every surface a shape with its own label.

Colour, hatch and text say the same, so the chart can be read in black and white and by a screen reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import ceil

from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import SURFACE_NAMES, arch, chart_rows, surfaces
from amelo.records.tooth import Tooth
from amelo.report.tooth_shapes import HEIGHT, ROOT, Box, crown, implant, neck_of_root, roots, width
from amelo.report.words import KINDS, MARKS, STATES, caries_code, describe, describe_surface, marks, restoration_code, surface_state

__all__ = ["GREY", "INK", "STYLES", "WITH_CROWN", "Look", "chart_svg", "pattern", "text"]

SPACE, MIDLINE, EDGE = 7.0, 20.0, 24.0  # between teeth, at the midline, at the border
TOP, LEGEND_ROW, COLUMNS = 76.0, 24.0, 5
CODES, NUMBER = 33.0, 18.0  # room for two lines of codes, and for the number of the tooth
WITH_CROWN = ("present", "partially erupted", "pontic", "implant")
INK, GREY, PALE, IVORY = "#1d2528", "#586267", "#b9bfc1", "#fbf6ea"
STYLES = {  # state of a surface: fill, words of the legend
    "sound": ("#ffffff", "examined and sound"),
    "enamel": ("url(#hatch-enamel)", "enamel caries"),
    "dentine": ("url(#hatch-dentine)", "dentine, root caries"),
    "restored": ("url(#hatch-restored)", "restored"),
    "defect": ("url(#hatch-defect)", "defect of enamel"),
    "worn": ("url(#hatch-worn)", "worn"),
    "unknown": ("url(#hatch-unknown)", "not recorded"),
}


def pattern(name: str, ground: str, drawing: str, turn: int = 0) -> str:
    """Return the definition of a hatch, ``hatch-NAME``, of 6 by 6 units turned by so many degrees."""
    turned = f' patternTransform="rotate({turn})"' if turn else ""
    return (
        f'<pattern id="hatch-{name}" width="6" height="6" patternUnits="userSpaceOnUse"{turned}>'
        f'<rect width="6" height="6" fill="{ground}"/>{drawing}</pattern>'
    )


PATTERNS = "".join(
    (
        "<defs>",
        pattern("enamel", "#ffedb3", '<circle cx="3" cy="3" r="1.2" fill="#8a6100"/>'),
        pattern("dentine", "#f9c6b5", '<rect width="2.4" height="6" fill="#a5331b"/>', 45),
        pattern("restored", "#d3e7f5", '<path d="M0 3H6" stroke="#235a86" stroke-width="1.2"/>'),
        pattern("defect", "#ebe2f6", '<path d="M0 6 6 0M0 0 6 6" stroke="#6a4790" stroke-width=".8"/>'),
        pattern("worn", "#e3efd9", '<path d="M0 4Q1.5 1 3 4T6 4" fill="none" stroke="#4b6b2f" stroke-width=".9"/>'),
        pattern("unknown", "#f7f7f5", '<circle cx="3" cy="3" r=".55" fill="#a9afb1"/>'),
        "</defs>",
    )
)


class Look:
    """What a chart shows of each tooth: here what was found; another chart of the same teeth overrides what it says differently."""

    title, patterns = "Tooth chart", PATTERNS

    def subtitle(self, case: Case) -> str:
        """Return the line under the pseudonym."""
        return _subtitle(case)

    def words(self, tooth: Tooth, fdi: int) -> str:
        """Return what is said of a tooth, for a reader of the screen."""
        return describe(tooth) or STATES[tooth.status][1]

    def is_notable(self, tooth: Tooth, fdi: int) -> bool:
        """Return whether the number of the tooth is set in bold."""
        return bool(describe(tooth)) and tooth.status not in ("missing", "unerupted")

    def surface(self, tooth: Tooth, fdi: int, letter: str) -> tuple[str, str, str]:
        """Return state, fill and words of a surface of the crown."""
        state = surface_state(tooth, letter)
        fill = STYLES[state][0] if tooth.status in WITH_CROWN or state != "unknown" else "#ffffff"
        return state, fill, describe_surface(tooth, letter)

    def codes(self, tooth: Tooth, fdi: int) -> tuple[str, str]:
        """Return the two lines beyond the roots, the first in bold; either may be empty."""
        first = caries_code(tooth.worst) if tooth.worst else ""
        return first, " ".join(part for part in (restoration_code(tooth), "".join(marks(tooth))) if part)

    def root_caries(self, tooth: Tooth, fdi: int) -> bool:
        """Return whether root caries is drawn."""
        return any(f.site == "root" and f.is_carious for f in tooth.findings)

    def legend(self, case: Case) -> list[tuple[str, str]]:
        """Return signs with their words, of what occurs in this chart."""
        return _entries(case)


def chart_svg(case: Case, look: Look | None = None) -> str:
    """Return the chart of a case as one SVG document, without scripts or outside references.

    Arguments: case; look (what is shown of each tooth, by default what was found).
    """
    look = look or Look()
    primary = any(int(key) >= 50 for key in case.teeth)
    upper, lower = chart_rows(primary=False)
    rows = [upper, *(chart_rows(primary=True) if primary else ()), lower]
    step = CODES + ROOT + HEIGHT + NUMBER
    across = sum(width(fdi) + SPACE for fdi in upper) + MIDLINE + 2 * EDGE
    middle, bottom = across / 2, TOP + step * len(rows)
    legend = list(_legend(look.legend(case), bottom + 28, across))
    height = bottom + 28 + LEGEND_ROW * len({y for y, _ in legend}) + 22
    name = escape(case.pseudonym)
    body = [
        text(EDGE, 34, name, size=20, weight=650),
        text(EDGE, 53, escape(look.subtitle(case)), size=11.5, fill=GREY),
        text(EDGE, TOP + 4, "patient’s right", size=11, fill=GREY),
        text(across - EDGE, TOP + 4, "patient’s left", size=11, fill=GREY, anchor="end"),
        f'<path d="M{middle:g} {TOP + 12:g}V{bottom:g}" stroke="{PALE}" stroke-dasharray="2 4"/>',
        f'<path d="M{EDGE:g} {bottom + 8:g}H{across - EDGE:g}" stroke="#e2e5e6"/>',
    ]
    for r, row in enumerate(rows):
        half = len(row) // 2
        x = middle - MIDLINE / 2 - sum(width(fdi) + SPACE for fdi in row[:half])
        for i, fdi in enumerate(row):
            x += MIDLINE if i == half else 0.0
            body.append(_tooth(look, case.tooth(fdi), fdi, x + SPACE / 2, TOP + 6 + step * r))
            x += width(fdi) + SPACE
    body += [drawing for _, drawing in legend]
    footer = "Research and teaching software, not a medical device"
    body.append(text(across - EDGE, height - 10, footer, size=9.5, fill=GREY, anchor="end"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {height:g}" width="{across:g}" '
        f'height="{height:g}" role="group" aria-label="{look.title} of {name}" '
        f'font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif" fill="{INK}">'
        f'<title>{look.title} of {name}</title>{look.patterns}<rect width="100%" height="100%" fill="#ffffff"/>'
        f"{''.join(body)}</svg>\n"
    )


def _subtitle(case: Case) -> str:
    who = [f"{case.age_band} years" if case.age_band != UNKNOWN else "age not known"]
    who += [case.sex] if case.sex != UNKNOWN else []
    return f"{', '.join(who)} · recorded {case.recorded_on} · {case.origin} · FDI numbers, as the dentist sees the mouth"


def text(x: float, y: float, words: str, *, size: float, fill: str = INK, anchor: str = "", weight: int = 0) -> str:
    """Return words of the chart at a place; the words are escaped already."""
    extra = (f' text-anchor="{anchor}"' if anchor else "") + (f' font-weight="{weight}"' if weight else "")
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{extra}>{words}</text>'


def _tooth(look: Look, tooth: Tooth, fdi: int, x: float, y: float) -> str:
    """Draw one tooth: codes and roots away from the bite, then the crown, then its number next to the other jaw."""
    w, upper = width(fdi), arch(fdi) == "upper"
    box = Box(x, y + CODES + ROOT, w, HEIGHT) if upper else Box(x, y + NUMBER, w, HEIGHT)
    neck = box.y - 1 if upper else box.y + HEIGHT + 1
    words = look.words(tooth, fdi)
    number_y = box.y + HEIGHT + 14 if upper else box.y - 6
    middle = x + w / 2
    parts = [f'<g data-tooth="{fdi}" data-status="{tooth.status}"><title>{fdi}: {escape(words)}</title>']
    number = {"weight": 700} if look.is_notable(tooth, fdi) else {"fill": GREY}
    parts.append(text(middle, number_y, str(fdi), size=11.5, anchor="middle", **number))
    parts += _below_the_crown(look, tooth, fdi, x, neck)
    there = tooth.status in WITH_CROWN
    line = f'stroke="{INK}" stroke-width="1.1"' if there else f'stroke="{PALE}" stroke-width="1" stroke-dasharray="3 2.5"'
    for letter, path in crown(fdi, box).items():
        state, fill, said = look.surface(tooth, fdi, letter)
        label = escape(f"{fdi} {SURFACE_NAMES[letter]}: {said}", quote=True)
        parts.append(
            f'<path data-tooth="{fdi}" data-surface="{letter}" data-state="{state}" d="{path}" fill="{fill}" {line} '
            f'stroke-linejoin="round" tabindex="0" role="img" aria-label="{label}"><title>{label}</title></path>'
        )
    parts += _over_the_crown(tooth, fdi, box)
    first, second = look.codes(tooth, fdi)
    for i, line_of_text in enumerate(part for part in (first, second) if part):
        at = box.y - ROOT - 7 - 12 * i if upper else box.y + HEIGHT + ROOT + 15 + 12 * i
        style = {"size": 11.5, "weight": 700} if line_of_text == first else {"size": 10.5, "fill": GREY}
        parts.append(text(middle, at, escape(line_of_text), anchor="middle", **style))
    return "".join(parts) + "</g>"


def _below_the_crown(look: Look, tooth: Tooth, fdi: int, x: float, neck: float) -> Iterator[str]:
    """Draw what holds the crown: roots, or an implant, or nothing."""
    if tooth.status == "implant":
        yield f'<path d="{implant(fdi, x, neck)}" fill="#e8ecee" stroke="{GREY}" stroke-width="1.2"/>'
    if tooth.status not in ("present", "partially erupted", "root remnant", UNKNOWN):
        return
    outline, canals = roots(fdi, x, neck)
    known = tooth.status != UNKNOWN
    drawn = f'fill="{IVORY}" stroke="{GREY}"' if known else f'fill="#ffffff" stroke="{PALE}" stroke-dasharray="3 2.5"'
    yield f'<path data-root="{fdi}" d="{outline}" {drawn} stroke-linejoin="round"/>'
    if tooth.root_treated is True:
        yield from (f'<path d="{canal}" stroke="#9c2f5f" stroke-width="2.6" stroke-linecap="round"/>' for canal in canals)
    if look.root_caries(tooth, fdi):
        label = escape(f"{fdi} root: {describe_surface(tooth, 'root')}", quote=True)
        yield (
            f'<path data-root-caries="{fdi}" d="{neck_of_root(fdi, x, neck)}" fill="{STYLES["dentine"][0]}" stroke="{INK}" '
            f'stroke-linejoin="round" tabindex="0" role="img" aria-label="{label}"><title>{label}</title></path>'
        )


def _over_the_crown(tooth: Tooth, fdi: int, box: Box) -> Iterator[str]:
    """Draw what lies over the surfaces: the cross of a missing tooth, the letter of another state, a bracket."""
    middle, centre = box.x + box.w / 2, box.y + box.h / 2
    if tooth.status == "missing":
        a, b = box.inset(8, 8)[:2], (box.x + box.w - 8, box.y + box.h - 8)
        yield f'<path d="M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}M{b[0]:g} {a[1]:g}L{a[0]:g} {b[1]:g}" stroke="{GREY}" stroke-width="1.6"/>'
    elif tooth.status != "present":
        symbol = STATES[tooth.status][0]
        yield f'<circle cx="{middle:g}" cy="{centre:g}" r="8" fill="#ffffff"/>'
        yield text(middle, centre + 4, symbol, size=12, fill=GREY, anchor="middle", weight=600)
    if tooth.orthodontic_attachment not in ("none", UNKNOWN):
        y = box.y + 1.5 if arch(fdi) == "upper" else box.y + box.h - 9.5
        yield f'<rect x="{middle - 5:g}" y="{y:g}" width="10" height="8" rx="1.5" fill="#dfe5e8" stroke="{INK}"/>'
        yield f'<path d="M{box.x - 3:g} {y + 4:g}H{box.x + box.w + 3:g}" stroke="{INK}" stroke-width=".8"/>'


def _entries(case: Case) -> list[tuple[str, str]]:
    """Return the signs that occur in the chart of what was found, with their words."""
    teeth = list(case.teeth.values())
    drawn = {key: t for key, t in case.teeth.items() if t.status in WITH_CROWN}
    used = {surface_state(t, letter) for key, t in drawn.items() for letter in surfaces(int(key))}
    used |= {"dentine"} if any(f.site == "root" and f.is_carious for t in teeth for f in t.findings) else set()
    entries = [(f'<rect width="18" height="14" rx="3" fill="{fill}" stroke="{INK}"/>', words)
               for state, (fill, words) in STYLES.items() if state in used]  # fmt: skip
    signs = [STATES[status] for status in STATES if any(t.status == status for t in teeth) and status != "present"]
    signs += [] if len(teeth) >= len(chart_rows(primary=False)[0]) * 2 else [STATES[UNKNOWN]]
    signs += [(letter, MARKS[letter]) for letter in MARKS if any(letter in marks(t) for t in teeth)]
    codes = [restoration_code(tooth) for tooth in teeth]
    signs += [(code, kind) for kind, code in KINDS.items() if code in codes]
    signs += [("od", "filled surfaces")] * any(code and code not in KINDS.values() for code in codes)
    signs = [("×" if sign == "x" else sign, words) for sign, words in dict.fromkeys(signs)]
    entries += [(text(9, 11.5, escape(sign), size=12, anchor="middle", weight=700), words) for sign, words in signs]
    if any(t.worst for t in teeth):
        key = "surface, then E1 E2 D1 D2 D3 on the radiograph, ICDAS 1–6, or root code R1 R2"
        entries.append((text(9, 11.5, "OD3", size=9, anchor="middle", weight=700), key))
    return entries


def _legend(entries: list[tuple[str, str]], y: float, across: float) -> Iterator[tuple[float, str]]:
    """Yield the signs with their words, with the height of the row that each is in."""
    column = (across - 2 * EDGE) / COLUMNS
    place = 0
    for sign, words in entries:
        columns = ceil((30 + 6 * len(words)) / column)  # 6 units a character
        if place % COLUMNS + columns > COLUMNS:
            place += COLUMNS - place % COLUMNS
        row = y + LEGEND_ROW * (place // COLUMNS)
        at = f"translate({EDGE + column * (place % COLUMNS):g} {row:g})"
        yield row, f'<g transform="{at}">{sign}{text(26, 11.5, escape(words), size=11.5)}</g>'
        place += columns
