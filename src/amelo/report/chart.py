"""The tooth chart in a terminal: readable without colour, as the dentist sees the mouth."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import SURFACE_NAMES, chart_rows, tooth_name
from amelo.records.tooth import Finding, Tooth

__all__ = ["caries_code", "chart_text", "describe", "marks"]

STATES = {
    "present": ("o", "present"),
    "missing": ("x", "missing"),
    "unerupted": ("u", "unerupted"),
    "partially erupted": ("e", "partially erupted"),
    "implant": ("I", "implant"),
    "pontic": ("P", "pontic"),
    "root remnant": ("r", "root remnant"),
    UNKNOWN: ("?", "not known"),
}
MARKS = {
    "d": "defect of enamel",
    "b": "orthodontic attachment",
    "s": "sensitive",
    "n": "pulp not normal",
    "t": "root-treated",
    "w": "worn",
    "p": "pocket of 4 mm or more",
    "m": "mobile",
}
POCKET = 4.0  # mm, the probing depth from which a site counts as a pocket in charts
CELL = 4
RED, YELLOW, DIM, RESET = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


def chart_text(case: Case, *, colour: bool = False, width: int = 80) -> str:
    """Return the chart of a case with a legend of what occurs in it and the findings in words.

    Arguments: case; colour (add ANSI colours to what is already readable without); width (of the lines in words).
    """
    primary = any(int(key) >= 50 for key in case.teeth)
    upper, lower = chart_rows(primary=False)
    rows = [upper, *(chart_rows(primary=True) if primary else ()), lower]
    margin = "  "
    lines = [case.summary(), "", f"{margin}{'patient’s right':<{8 * CELL}} | patient’s left"]
    for row in rows:
        lines += [margin + line for line in _arch(case, row, colour)] + [""]
    lines += [margin + line for line in _legend(case)]
    words = [f"{key} {tooth_name(int(key))}: {text}" for key, tooth in case.teeth.items() if (text := describe(tooth))]
    if words:
        lines += [
            "",
            *(line for text in words for line in wrap(text, width, initial_indent="  ", subsequent_indent="      ")),
        ]
    return "\n".join(line.rstrip() for line in lines)


def _arch(case: Case, row: tuple[int, ...], colour: bool) -> list[str]:
    """Return the lines of one row of teeth: numbers, states, and caries, restorations and marks where there are any."""
    teeth = [case.tooth(fdi) for fdi in row]
    gap = " " * ((16 - len(row)) // 2 * CELL)
    lines = {
        "number": [str(fdi) for fdi in row],
        "state": [STATES[tooth.status][0] for tooth in teeth],
        "caries": [caries_code(tooth.worst) if tooth.worst else "" for tooth in teeth],
        "restoration": [_restoration_code(tooth) for tooth in teeth],
        "marks": ["".join(marks(tooth))[: CELL - 1] for tooth in teeth],
    }
    drawn = []
    for kind, cells in lines.items():
        if kind in ("number", "state") or any(cells):
            half = len(row) // 2
            painted = [_paint(cell, kind, tooth, colour) for cell, tooth in zip(cells, teeth, strict=True)]
            drawn.append(f"{gap}{''.join(painted[:half])} | {''.join(painted[half:])}")
    return drawn


def _paint(cell: str, kind: str, tooth: Tooth, colour: bool) -> str:
    text = f"{cell:>{CELL - 1}} "
    if not colour or not cell:
        return text
    if kind == "caries":
        deep = tooth.worst is not None and (tooth.worst.radiograph in ("D1", "D2", "D3") or tooth.worst.icdas in (4, 5, 6))
        return f"{RED if deep else YELLOW}{text}{RESET}"
    return f"{DIM}{text}{RESET}" if tooth.status == UNKNOWN else text


def caries_code(finding: Finding) -> str:
    """Return surface and depth in three characters: ``OD3`` from a radiograph, else ``O5`` from ICDAS, ``BR2`` on a root."""
    if finding.radiograph not in ("none", UNKNOWN):
        return finding.surface + finding.radiograph
    if finding.site == "root":
        return f"{finding.surface}R{finding.icdas_root}"
    return f"{finding.surface}{finding.icdas}"


def _restoration_code(tooth: Tooth) -> str:
    if not tooth.restorations:
        return ""
    kinds = {"crown": "cr", "onlay": "on", "inlay": "in", "veneer": "ve", "sealant": "se", "infiltration": "if"}
    last = tooth.restorations[-1]
    return (
        kinds.get(last.kind)
        or "".join(sorted({s.lower() for r in tooth.restorations for s in r.surfaces}, key="modibflp".index))[:3]
    )


def marks(tooth: Tooth) -> Iterator[str]:
    """Yield the letters of ``MARKS`` that hold for a tooth."""
    checks = {
        "d": any(f.defect not in ("none", UNKNOWN) for f in tooth.findings),
        "b": tooth.orthodontic_attachment not in ("none", UNKNOWN),
        "s": tooth.hypersensitivity not in (0, UNKNOWN),
        "n": tooth.pulp_diagnosis not in ("normal", UNKNOWN),
        "t": tooth.root_treated is True,
        "w": any(f.wear not in (0, UNKNOWN) for f in tooth.findings),
        "p": any(s.probing_depth != UNKNOWN and s.probing_depth >= POCKET for s in tooth.periodontal.values()),
        "m": tooth.mobility not in (0, UNKNOWN),
    }
    yield from (letter for letter, holds in checks.items() if holds)


def _legend(case: Case) -> list[str]:
    shown = [case.tooth(fdi) for dentition in (False, True) for row in chart_rows(primary=dentition) for fdi in row]
    states = {tooth.status for tooth in (shown if case.teeth else [])} | {UNKNOWN}
    text = "  ".join(f"{symbol} {word}" for status, (symbol, word) in STATES.items() if status in states)
    used = {letter for tooth in case.teeth.values() for letter in marks(tooth)}
    legend = [text]
    if any(tooth.worst for tooth in case.teeth.values()):
        legend.append("caries: surface, then depth on radiograph (E1 E2 enamel, D1-D3 dentine), ICDAS 1-6, or R root code")
    if any(tooth.restorations for tooth in case.teeth.values()):
        legend.append("small letters: restored surfaces; cr crown, on onlay, in inlay, ve veneer, se sealant, if infiltration")
    if used:
        legend.append("  ".join(f"{letter} {word}" for letter, word in MARKS.items() if letter in used))
    return legend


def describe(tooth: Tooth) -> str:
    """Return what is known of a tooth in words, empty for a tooth without findings."""
    parts: list[str] = []
    if tooth.status == "missing":
        parts.append(f"missing ({tooth.missing_cause})")
    elif tooth.status not in ("present", UNKNOWN):
        parts.append(tooth.status)
    parts += [_finding_words(f) for f in tooth.findings if _finding_words(f)]
    for r in tooth.restorations:
        age = f", {r.age:g} years" if r.age != UNKNOWN else ""
        known = " ".join(word for word in (r.material, r.kind) if word != UNKNOWN) or "restoration"
        parts.append(f"{known} {''.join(r.surfaces)}{age}{'' if r.condition in (UNKNOWN, 'intact') else ', ' + r.condition}")
    for site, s in tooth.periodontal.items():
        if s.probing_depth != UNKNOWN and s.probing_depth >= POCKET:
            parts.append(f"pocket {s.probing_depth:g} mm {site}")
    parts += [f"{t.test} test {t.response}" for t in tooth.pulp_tests]
    if tooth.pulp_diagnosis not in ("normal", UNKNOWN):
        parts.append(tooth.pulp_diagnosis)
    if tooth.residual_dentine != UNKNOWN:
        parts.append(f"{tooth.residual_dentine:g} mm of dentine over the pulp")
    for name, value in (
        ("hypersensitivity", tooth.hypersensitivity),
        ("mobility", tooth.mobility),
        ("furcation", tooth.furcation),
    ):
        if value not in (0, UNKNOWN):
            parts.append(f"{name} {value}")
    if tooth.root_treated is True:
        parts.append("root-treated")
    if tooth.orthodontic_attachment not in ("none", UNKNOWN):
        parts.append(str(tooth.orthodontic_attachment))
    return "; ".join(parts)


def _finding_words(f: Finding) -> str:
    parts = []
    if f.icdas not in (0, UNKNOWN):
        parts.append(f"ICDAS {f.icdas}")
    if f.icdas_root not in (0, UNKNOWN):
        parts.append(f"root code {f.icdas_root}")
    if f.radiograph not in ("none", UNKNOWN):
        parts.append(f"radiograph {f.radiograph}")
    if f.activity != UNKNOWN and f.is_carious:
        parts.append(f.activity)
    if f.lesion_depth != UNKNOWN:
        parts.append(f"depth {f.lesion_depth:g} µm")
    if f.integrated_mineral_loss != UNKNOWN:
        parts.append(f"ΔZ {f.integrated_mineral_loss:g} vol%·µm")
    if f.defect not in ("none", UNKNOWN):
        parts.append(f.defect)
    if f.wear not in (0, UNKNOWN):
        parts.append(f"wear {f.wear}")
    where = SURFACE_NAMES[f.surface] + (" root" if f.site == "root" else "")
    return f"{where} {', '.join(parts)}" if parts else ""
