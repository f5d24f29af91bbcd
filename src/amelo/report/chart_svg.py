"""The tooth chart as SVG: one self-contained picture, every surface a shape with its own label; colour, hatch and text say the same."""

from __future__ import annotations

from html import escape

from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import SURFACE_NAMES, arch, chart_rows, mesial_on_right, surfaces
from amelo.records.tooth import Finding, Tooth
from amelo.report.chart import STATES, caries_code, describe, marks

__all__ = ["chart_svg"]

CELL, SIZE, INNER, TOP = 54, 40, 13, 74
STYLES = {  # state of a surface: fill, words of the legend
    "sound": ("#ffffff", "nothing recorded"),
    "enamel": ("url(#hatch-enamel)", "enamel caries"),
    "dentine": ("url(#hatch-dentine)", "dentine caries"),
    "defect": ("url(#hatch-defect)", "defect of enamel"),
    "restored": ("url(#hatch-restored)", "restored"),
    "unknown": ("#f1f1ee", "tooth not known"),
}
PATTERNS = """<defs>
<pattern id="hatch-enamel" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fff3c4"/><circle cx="3" cy="3" r="1.1" fill="#7a5c00"/></pattern>
<pattern id="hatch-dentine" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#f7c9bb"/><rect width="2.4" height="6" fill="#a2341a"/></pattern>
<pattern id="hatch-defect" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#ece3f4"/><path d="M0 6 6 0M0 0 6 6" stroke="#6b4a8b" stroke-width=".7"/></pattern>
<pattern id="hatch-restored" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#d5e6f3"/><path d="M0 3H6" stroke="#27567c" stroke-width="1.1"/></pattern>
</defs>"""


def chart_svg(case: Case) -> str:
    """Return the chart of a case as one SVG document, without scripts or outside references."""
    primary = any(int(key) >= 50 for key in case.teeth)
    upper, lower = chart_rows(primary=False)
    rows = [upper, *(chart_rows(primary=True) if primary else ()), lower]
    width, step = 17 * CELL, 92
    height = TOP + step * len(rows) + 64
    body = [
        f'<text x="{width / 2}" y="26" text-anchor="middle" font-size="15" font-weight="600">Tooth chart of {escape(case.pseudonym)}</text>',
        f'<text x="{width / 2}" y="44" text-anchor="middle" font-size="11" fill="#555">{escape(_subtitle(case))}</text>',
        f'<text x="20" y="{TOP - 8}" font-size="10" fill="#555">patient’s right</text>',
        f'<text x="{width - 20}" y="{TOP - 8}" text-anchor="end" font-size="10" fill="#555">patient’s left</text>',
        f'<path d="M{width / 2} {TOP - 4}V{TOP + step * len(rows) - 8}" stroke="#bbb" stroke-dasharray="3 3"/>',
    ]
    for r, row in enumerate(rows):
        for i, fdi in enumerate(row):
            column = i + (16 - len(row)) // 2
            x = 0.35 * CELL + CELL * column + (0.3 * CELL if i >= len(row) // 2 else 0)
            body.append(_tooth(case.tooth(fdi), fdi, x, TOP + step * r))
    body += _legend(case, TOP + step * len(rows) + 12)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="Tooth chart of {escape(case.pseudonym, quote=True)}" font-family="system-ui, sans-serif" fill="#1c1c1c">'
        f"<title>Tooth chart of {escape(case.pseudonym)}</title>{PATTERNS}"
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(body)}</svg>\n'
    )


def _subtitle(case: Case) -> str:
    return (
        f"{case.age_band} years, {case.sex}, recorded {case.recorded_on}, {case.origin}; as the dentist sees the mouth, FDI numbers"
    )


def _tooth(tooth: Tooth, fdi: int, x: float, y: float) -> str:
    """Draw one tooth: number, five surfaces with the mesial one towards the midline, its worst code, and its marks."""
    top = y + 16
    words = describe(tooth) or STATES[tooth.status][1]
    parts = [f'<g data-tooth="{fdi}" data-status="{tooth.status}"><title>{fdi}: {escape(words)}</title>']
    parts.append(f'<text x="{x + SIZE / 2}" y="{y + 11}" text-anchor="middle" font-size="11">{fdi}</text>')
    gone = tooth.status in ("missing", "unerupted", "implant", "pontic", "root remnant")
    for letter, path in _shapes(fdi, x, top).items():
        state = _surface_state(tooth, letter)
        label = f"{fdi} {SURFACE_NAMES[letter]}: {_surface_words(tooth, letter)}"
        parts.append(
            f'<path data-tooth="{fdi}" data-surface="{letter}" data-state="{state}" d="{path}" fill="{STYLES[state][0]}" '
            f'stroke="{"#c4c4c0" if gone or state == "unknown" else "#4a4a4a"}" stroke-width="1" tabindex="0" role="img" '
            f'aria-label="{escape(label, quote=True)}"><title>{escape(label)}</title></path>'
        )
    middle = top + SIZE / 2
    if tooth.status == "missing":
        parts.append(
            f'<path d="M{x + 4} {top + 4}l{SIZE - 8} {SIZE - 8}M{x + SIZE - 4} {top + 4}l{8 - SIZE} {SIZE - 8}" stroke="#555" stroke-width="2"/>'
        )
    elif tooth.status != "present":
        symbol = STATES[tooth.status][0]
        parts.append(f'<text x="{x + SIZE / 2}" y="{middle + 4}" text-anchor="middle" font-size="12" fill="#666">{symbol}</text>')
    codes = [caries_code(tooth.worst)] if tooth.worst else []
    note = " ".join([*codes, "".join(marks(tooth))]).strip()
    parts.append(
        f'<text x="{x + SIZE / 2}" y="{top + SIZE + 13}" text-anchor="middle" font-size="10.5" font-weight="600">{escape(note)}</text></g>'
    )
    return "".join(parts)


def _shapes(fdi: int, x: float, y: float) -> dict[str, str]:
    """Return the outline of each surface: a square in a square, cut along its diagonals."""
    a, b = INNER, SIZE - INNER

    def shape(*points: tuple[float, float]) -> str:
        return "M" + "L".join(f"{x + px:g} {y + py:g}" for px, py in points) + "Z"

    top = shape((0, 0), (SIZE, 0), (b, a), (a, a))
    bottom = shape((0, SIZE), (SIZE, SIZE), (b, b), (a, b))
    left = shape((0, 0), (a, a), (a, b), (0, SIZE))
    right = shape((SIZE, 0), (b, a), (b, b), (SIZE, SIZE))
    centre = shape((a, a), (b, a), (b, b), (a, b))
    mesial, middle, distal, outer, inner = surfaces(fdi)
    cheek, tongue = (top, bottom) if arch(fdi) == "upper" else (bottom, top)
    near, far = (right, left) if mesial_on_right(fdi) else (left, right)
    return {mesial: near, middle: centre, distal: far, outer: cheek, inner: tongue}


def _on(tooth: Tooth, letter: str) -> list[Finding]:
    return [f for f in tooth.findings if f.surface == letter]


def _surface_state(tooth: Tooth, letter: str) -> str:
    found = _on(tooth, letter)
    if any(f.is_carious for f in found):
        deep = any(
            f.radiograph in ("D1", "D2", "D3") or (f.icdas != UNKNOWN and f.icdas >= 4) or f.site == "root"
            for f in found
            if f.is_carious
        )
        return "dentine" if deep else "enamel"
    if any(letter in r.surfaces for r in tooth.restorations):
        return "restored"
    if any(f.defect not in ("none", UNKNOWN) for f in found):
        return "defect"
    return "unknown" if tooth.status == UNKNOWN else "sound"


def _surface_words(tooth: Tooth, letter: str) -> str:
    only = tooth.model_copy(
        update={
            "findings": tuple(_on(tooth, letter)),
            "restorations": tuple(r for r in tooth.restorations if letter in r.surfaces),
        }
        | {
            name: Tooth.model_fields[name].get_default(call_default_factory=True)
            for name in ("periodontal", "pulp_tests", "pulp_diagnosis")
        }
        | dict.fromkeys(
            ("residual_dentine", "hypersensitivity", "mobility", "furcation", "root_treated", "orthodontic_attachment"), UNKNOWN
        )
    )
    return describe(only) or (STATES[tooth.status][1] if tooth.status != "present" else "nothing recorded")


def _legend(case: Case, y: float) -> list[str]:
    from amelo.report.chart import MARKS

    parts, x = [], 20.0
    for fill, words in STYLES.values():
        parts.append(f'<rect x="{x}" y="{y}" width="14" height="14" fill="{fill}" stroke="#4a4a4a"/>')
        parts.append(f'<text x="{x + 19}" y="{y + 11}" font-size="11">{words}</text>')
        x += 34 + 6.4 * len(words)
    states = {t.status for t in case.teeth.values()} - {"present", "missing"} | {UNKNOWN}
    used = {letter for t in case.teeth.values() for letter in marks(t)}
    text = [f"{STATES[s][0]} {STATES[s][1]}" for s in STATES if s in states] + [
        f"{k} {word}" for k, word in MARKS.items() if k in used
    ]
    parts.append(f'<text x="20" y="{y + 36}" font-size="11">× missing · {escape(" · ".join(text))}</text>')
    return parts
