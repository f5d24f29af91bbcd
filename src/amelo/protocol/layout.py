"""From text to lines that the grammar can read: characters and indentation, each fault with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from amelo.errors import FormatError

__all__ = ["DEEPEST", "LIMIT", "Layout", "laid_out", "place"]

LIMIT = 500_000  # bytes; a year in which every day differs is below 200 kB
DEEPEST = 20  # blocks inside blocks
ALIKE = str.maketrans({"μ": "µ", "−": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " "})  # one character for one, so columns stay


@dataclass(frozen=True)
class Layout:
    """Text ready for the grammar, and how many columns of common indentation were taken off every line."""

    text: str
    margin: int

    def at(self, token: Any) -> str:
        """Return the place of a token of the grammar in the text as it was given."""
        return place(token.line, token.column + self.margin)

    def line(self, token: Any) -> str:
        """Return the line of a token, without its comment."""
        return self.text.split("\n")[token.line - 1].split("#")[0].rstrip()


def laid_out(text: str) -> Layout:
    """Check characters and indentation, and take off what all lines have in common.

    Raises: FormatError with line and column.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").translate(ALIKE)
    for line, row in enumerate(text.split("\n"), 1):
        for column, character in enumerate(row, 1):
            if not (character.isprintable() or character == "\t"):
                raise FormatError(
                    f"a character that cannot be shown (\\u{ord(character):04x})", where=place(line, column), fix="remove it"
                )
    rows = [(number, row) for number, row in enumerate(text.split("\n"), 1) if row.split("#")[0].strip()]
    if not rows:
        raise FormatError("the protocol is empty", fix="write a step, for example 'rest 30 min'")
    margin = _check_indentation(rows)
    kept = {number for number, _ in rows}
    lines = [row[margin:].rstrip() if number in kept else "" for number, row in enumerate(text.split("\n"), 1)]
    return Layout("\n".join(lines) + "\n", margin)


def place(line: int, column: int) -> str:
    """Return a place as messages say it."""
    return f"line {line}, column {column}"


def _check_indentation(rows: list[tuple[int, str]]) -> int:
    """Return the indentation of the first line, after checking that every other one fits a block."""
    used: dict[str, int] = {}
    stack: list[int] = []
    opened, above, before = False, 0, ""
    for number, row in rows:
        white = re.match(r"[ \t]*", row)[0]
        depth, here = len(white), place(number, len(white) + 1)
        for character in set(white):
            used.setdefault(character, number)
        if len(used) > 1:
            raise FormatError("tabs and spaces are mixed in the indentation", where=here, fix="use four spaces for each level")
        if not stack:
            stack = [depth]
        elif opened and depth <= stack[-1]:
            raise FormatError(
                "the block has no steps", where=place(above, len(before)), fix="indent the steps that belong to it by four spaces"
            )
        elif depth > stack[-1]:
            if not opened and re.match(r"\s*(repeat|day)\b", before, re.IGNORECASE):
                end = place(above, len(before) + 1)
                raise FormatError(
                    "':' is missing at the end of the line", where=end, why="the lines below are indented", fix="add ':'"
                )
            if not opened:
                why = f"line {above} above it does not end with ':'"
                raise FormatError(
                    "this line is indented but belongs to no block", where=here, why=why, fix="indent it as the line above"
                )
            stack.append(depth)
            if len(stack) > DEEPEST:
                raise FormatError("blocks are nested too deeply", where=here, why=f"allowed up to {DEEPEST} levels")
        else:
            levels = tuple(stack)
            while depth < stack[-1] and len(stack) > 1:
                stack.pop()
            if depth != stack[-1]:
                levels = " and ".join(str(level) for level in levels)
                raise FormatError(f"an indentation of {depth} fits no block", where=here, why=f"open blocks begin at {levels}")
        before, above = row.split("#")[0].rstrip(), number
        opened = before.endswith(":")
    if opened:
        raise FormatError(
            "the block has no steps", where=place(above, len(before)), fix="indent the steps that belong to it by four spaces"
        )
    return rows_first(rows)


def rows_first(rows: list[tuple[int, str]]) -> int:
    """Return the indentation of the first line."""
    return len(re.match(r"[ \t]*", rows[0][1])[0])
