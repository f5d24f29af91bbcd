"""The tooth chart in a terminal: readable without colour, as the dentist sees the mouth."""

from __future__ import annotations

from textwrap import wrap

from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import chart_rows, tooth_name
from amelo.records.tooth import Tooth
from amelo.report.words import KINDS, MARKS, STATES, caries_code, describe, is_deep, marks, restoration_code

__all__ = ["chart_text"]

CELL = 4
NARROWEST = 40  # characters; below it words cannot be broken well
RED, YELLOW, DIM, RESET = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


def chart_text(case: Case, *, colour: bool = False, width: int = 80) -> str:
    """Return the chart of a case with a legend of what occurs in it and the findings in words.

    Arguments: case; colour (add ANSI colours to what is already readable without); width (of the lines in words; the
    rows of teeth always take 69 characters).
    """
    width = max(width, NARROWEST)
    primary = any(int(key) >= 50 for key in case.teeth)
    upper, lower = chart_rows(primary=False)
    rows = [upper, *(chart_rows(primary=True) if primary else ()), lower]
    half = len(upper) // 2 * CELL
    lines = [*wrap(case.summary(), width, subsequent_indent="  "), ""]
    lines.append(f"  {'patient’s right':<{half}} |{'patient’s left':>{half}}")
    for row in rows:
        lines += ["  " + line for line in _arch(case, row, colour)] + [""]
    for text in _legend(case):
        lines += wrap(text, width, initial_indent="  ", subsequent_indent="    ")
    lines += ["", *_in_words(case, width)]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _arch(case: Case, row: tuple[int, ...], colour: bool) -> list[str]:
    """Return the lines of one row of teeth: numbers, states, and caries, restorations and marks where there are any."""
    teeth = [case.tooth(fdi) for fdi in row]
    half = len(row) // 2
    gap = " " * ((len(chart_rows(primary=False)[0]) - len(row)) // 2 * CELL)
    lines = {
        "number": [str(fdi) for fdi in row],
        "state": [STATES[tooth.status][0] for tooth in teeth],
        "caries": [caries_code(tooth.worst) if tooth.worst else "" for tooth in teeth],
        "restoration": [_fit(restoration_code(tooth)) for tooth in teeth],
        "marks": [_fit("".join(marks(tooth))) for tooth in teeth],
    }
    drawn = []
    for kind, cells in lines.items():
        if kind in ("number", "state") or any(cells):
            painted = [_paint(cell, kind, tooth, colour) for cell, tooth in zip(cells, teeth, strict=True)]
            drawn.append(f"{gap}{''.join(painted[:half])} | {''.join(painted[half:])}")
    return drawn


def _fit(code: str) -> str:
    """Cut what is wider than a cell, and say so with a plus."""
    return code if len(code) < CELL else code[: CELL - 2] + "+"


def _paint(cell: str, kind: str, tooth: Tooth, colour: bool) -> str:
    text = f"{cell:>{CELL - 1}} "
    if not colour or not cell:
        return text
    if kind == "caries":
        return f"{RED if tooth.worst is not None and is_deep(tooth.worst) else YELLOW}{text}{RESET}"
    return f"{DIM}{text}{RESET}" if tooth.status == UNKNOWN else text


def _legend(case: Case) -> list[str]:
    """Return the explanation of the signs that occur in this chart."""
    teeth = list(case.teeth.values())
    states = {tooth.status for tooth in teeth}
    if any(str(fdi) not in case.teeth for row in chart_rows(primary=False) for fdi in row):
        states.add(UNKNOWN)
    legend = ["   ".join(f"{symbol} {word}" for status, (symbol, word) in STATES.items() if status in states)]
    if any(tooth.worst for tooth in teeth):
        legend.append("caries: surface, then E1 E2 (enamel) D1 D2 D3 (dentine) on the radiograph, ICDAS 1-6, or root code R1 R2")
    codes = [restoration_code(tooth) for tooth in teeth]
    kinds = [f"{code} {kind}" for kind, code in KINDS.items() if code in codes]
    if any(code and code not in KINDS.values() for code in codes):
        kinds.append("other small letters: filled surfaces")
    used = {letter for tooth in teeth for letter in marks(tooth)}
    legend += ["   ".join(kinds), "   ".join(f"{letter} {word}" for letter, word in MARKS.items() if letter in used)]
    there = [tooth for tooth in teeth if tooth.status in ("present", "partially erupted")]
    if there:
        sound = sum(tooth.other_surfaces == "sound" for tooth in there)
        legend.append(f"surfaces without an entry: sound on {sound} teeth, not known on {len(there) - sound}")
    if any("+" in _fit(code) for code in (*codes, *("".join(marks(tooth)) for tooth in teeth))):
        legend.append("+ and more, see below")
    return [text for text in legend if text]


def _in_words(case: Case, width: int) -> list[str]:
    """Return the findings in words, teeth that share them together."""
    same: dict[str, list[str]] = {}
    for key, tooth in case.teeth.items():
        if words := describe(tooth):
            same.setdefault(words, []).append(key)
    lines = []
    for words, keys in same.items():
        name = f" {tooth_name(int(keys[0]))}" if len(keys) == 1 else ""
        text = f"{', '.join(keys)}{name}: {words}"
        lines += wrap(text, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
    return lines
