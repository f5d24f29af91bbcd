"""Teeth and their surfaces: the one place that numbers, names and orders them.

The key is FDI (ISO 3950): quadrant, then position from the midline; 11 to 48 permanent, 51 to 85 primary.  Left and
right are the patient's.  Charts show the mouth as the dentist sees it, so the patient's right is on the viewer's left.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from amelo.errors import RecordError, nearest, shorten

__all__ = [
    "ALL_TEETH",
    "PERMANENT",
    "PRIMARY",
    "SURFACE_NAMES",
    "antagonist",
    "arch",
    "chart_rows",
    "contralateral",
    "fdi_from_palmer",
    "fdi_from_universal",
    "is_primary",
    "mesial_on_right",
    "neighbour",
    "palmer",
    "palmer_symbol",
    "position",
    "predecessor",
    "quadrant",
    "side",
    "successor",
    "surface",
    "surfaces",
    "tooth",
    "tooth_class",
    "tooth_name",
    "touching",
    "universal",
]

PERMANENT = tuple(10 * q + p for q in (1, 2, 3, 4) for p in range(1, 9))
PRIMARY = tuple(10 * q + p for q in (5, 6, 7, 8) for p in range(1, 6))
ALL_TEETH = PERMANENT + PRIMARY
SURFACE_NAMES = {
    "M": "mesial",
    "D": "distal",
    "O": "occlusal",
    "I": "incisal",
    "B": "buccal",
    "F": "facial",
    "L": "lingual",
    "P": "palatal",
}
_SYNONYMS = {"B": "F", "F": "B", "L": "P", "P": "L"}
_CORNERS = {1: "UR", 2: "UL", 3: "LL", 4: "LR"}
_LETTERS = "ABCDEFGHIJKLMNOPQRST"
_BRACKETS = {1: "{}┘", 2: "└{}", 3: "┌{}", 4: "{}┐"}  # the lines of the cross that stand next to the tooth


def tooth(key: int | str) -> int:
    """Return the FDI number of a tooth given as ``36`` or ``"36"``.

    Raises: RecordError naming the range when there is no such tooth.
    """
    text = str(key)
    for fdi in ALL_TEETH:
        if text == str(fdi):
            return fdi
    raise RecordError(
        f"{shorten(text)} is not a tooth",
        why="FDI numbers are 11-18, 21-28, 31-38, 41-48 (permanent) and 51-55, 61-65, 71-75, 81-85 (primary)",
        fix=nearest(text, ALL_TEETH, limit=0),
    )


def quadrant(fdi: int) -> int:
    """Return the quadrant 1 to 4: upper right, upper left, lower left, lower right of the patient."""
    q = fdi // 10
    return q if q <= 4 else q - 4


def position(fdi: int) -> int:
    """Return the position from the midline, 1 to 8 (5 in primary teeth)."""
    return fdi % 10


def is_primary(fdi: int) -> bool:
    """Return whether a tooth is a primary (milk) tooth."""
    return fdi >= 50


def arch(fdi: int) -> Literal["upper", "lower"]:
    """Return the jaw."""
    return "upper" if quadrant(fdi) <= 2 else "lower"


def side(fdi: int) -> Literal["right", "left"]:
    """Return the patient's side."""
    return "right" if quadrant(fdi) in (1, 4) else "left"


def tooth_class(fdi: int) -> Literal["incisor", "canine", "premolar", "molar"]:
    """Return the kind of tooth."""
    p = position(fdi)
    if p <= 2:
        return "incisor"
    if p == 3:
        return "canine"
    return "premolar" if p <= 5 and not is_primary(fdi) else "molar"


def tooth_name(fdi: int) -> str:
    """Return the name in words, for example ``lower left first molar``."""
    p, kind = position(fdi), tooth_class(fdi)
    order = {"incisor": p, "canine": 0, "premolar": p - 3, "molar": p - 3 if is_primary(fdi) else p - 5}[kind]
    word = {"incisor": ("", "central ", "lateral ")}.get(kind, ("", "first ", "second ", "third "))[order]
    return f"{'primary ' if is_primary(fdi) else ''}{arch(fdi)} {side(fdi)} {word}{kind}"


def universal(fdi: int) -> str:
    """Return the Universal number 1 to 32, or letter A to T of a primary tooth."""
    q, p = quadrant(fdi), position(fdi)
    if is_primary(fdi):
        return _LETTERS[{1: 5 - p, 2: 4 + p, 3: 15 - p, 4: 14 + p}[q]]
    return str({1: 9 - p, 2: 8 + p, 3: 25 - p, 4: 24 + p}[q])


def palmer(fdi: int) -> str:
    """Return Palmer notation in letters: corner and position, for example ``LL6``, or ``LLD`` for a primary tooth."""
    p = position(fdi)
    return _CORNERS[quadrant(fdi)] + (_LETTERS[p - 1] if is_primary(fdi) else str(p))


def palmer_symbol(fdi: int) -> str:
    """Return Palmer notation with its bracket, which shows the corner of the cross: ``6┘`` is the upper right one."""
    return _BRACKETS[quadrant(fdi)].format(palmer(fdi)[2:])


@cache
def _by_universal() -> dict[str, int]:
    return {universal(fdi): fdi for fdi in ALL_TEETH}


@cache
def _by_palmer() -> dict[str, int]:
    return {form(fdi): fdi for fdi in ALL_TEETH for form in (palmer, palmer_symbol)}


def fdi_from_universal(name: int | str) -> int:
    """Return the FDI number of a Universal number or letter.

    Raises: RecordError for anything but 1 to 32 and A to T.
    """
    try:
        return _by_universal()[str(name).strip().upper()]
    except KeyError:
        raise RecordError(f"{shorten(name)} is not a Universal tooth number", why="allowed 1 to 32 and A to T") from None


def fdi_from_palmer(name: str) -> int:
    """Return the FDI number of a Palmer name such as ``UR6``, ``LLD`` or ``6┘``.

    Raises: RecordError for anything else.
    """
    try:
        return _by_palmer()[name.strip().upper()]
    except KeyError:
        why = "write UR, UL, LL or LR and 1 to 8 or A to E"
        raise RecordError(f"{shorten(name)} is not a Palmer name", why=why) from None


def successor(fdi: int) -> int | None:
    """Return the permanent tooth that replaces a primary one, None for a permanent tooth."""
    return fdi - 40 if is_primary(fdi) else None


def predecessor(fdi: int) -> int | None:
    """Return the primary tooth that stood before a permanent one, None for permanent molars and primary teeth."""
    return fdi + 40 if not is_primary(fdi) and position(fdi) <= 5 else None


def contralateral(fdi: int) -> int:
    """Return the same tooth on the other side of the same jaw."""
    q = fdi // 10
    return 10 * {1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7}[q] + position(fdi)


def antagonist(fdi: int) -> int:
    """Return the tooth of the same position in the opposite jaw, on the same side."""
    q = fdi // 10
    return 10 * {1: 4, 4: 1, 2: 3, 3: 2, 5: 8, 8: 5, 6: 7, 7: 6}[q] + position(fdi)


def surfaces(fdi: int) -> tuple[str, ...]:
    """Return the letters of a tooth's surfaces: M I D F or M O D B, then P (upper) or L (lower)."""
    inner = "P" if arch(fdi) == "upper" else "L"
    return ("M", "I", "D", "F", inner) if position(fdi) <= 3 else ("M", "O", "D", "B", inner)


def surface(fdi: int, letter: str) -> str:
    """Return the letter of a surface as this tooth has it; F and B, and L and P, name the same side.

    Raises: RecordError naming the tooth's surfaces when it has no such surface.
    """
    valid = surfaces(fdi)
    word = letter.strip().upper() if isinstance(letter, str) else str(letter)
    for candidate in (word, _SYNONYMS.get(word, "")):
        if candidate in valid:
            return candidate
    raise RecordError(f"{shorten(letter)} is not a surface of tooth {fdi}", fix="use one of " + ", ".join(valid))


def neighbour(fdi: int, letter: Literal["M", "D"]) -> int | None:
    """Return the tooth beyond the mesial or distal surface, None behind the last tooth of the arch."""
    p = position(fdi)
    if letter == "M":
        return contralateral(fdi) if p == 1 else fdi - 1
    return fdi + 1 if fdi + 1 in ALL_TEETH else None


def touching(fdi: int, letter: Literal["M", "D"]) -> tuple[int, str] | None:
    """Return the neighbour and the surface of it that an approximal surface touches."""
    other = neighbour(fdi, letter)
    if other is None:
        return None
    return (other, "M") if position(fdi) == 1 and letter == "M" else (other, "D" if letter == "M" else "M")


def mesial_on_right(fdi: int) -> bool:
    """Return whether the mesial surface is drawn on the viewer's right: so it is for the patient's right side."""
    return side(fdi) == "right"


def chart_rows(*, primary: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the upper and lower row of a chart, from the viewer's left to right."""
    count, shift = (5, 40) if primary else (8, 0)
    right = tuple(range(count, 0, -1))
    left = tuple(range(1, count + 1))
    return (
        tuple(10 + shift + p for p in right) + tuple(20 + shift + p for p in left),
        tuple(40 + shift + p for p in right) + tuple(30 + shift + p for p in left),
    )
