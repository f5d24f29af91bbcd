"""Reverse sweeps from recorded text: what every number of a pass contributes to a result, by walking its lines backwards.

A pass is straight-line text: one operation a line, loads ``w[b + l + …]`` from the flat array, and stores to it.  Its reverse sweep
is text of the same kind.  The adjoint of a number, the derivative of the result with respect to it, stands in the same array as the
number: with one array the compiler can still prove that lanes do not disturb each other.  A sweep reads many values of its pass; what
is dear to compute again can be read from places where a pass before it has left it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable

from amelo.errors import AmeloError

__all__ = ["Meanings", "is_dear", "needed", "offset_of", "place_at", "reverse_sweep"]

PLACE = re.compile(r"w\[b \+ l ([+-]) uint64\((\d+)\)\]")
VALUE = re.compile(r"\bv\d+\b")


def place_at(offset: int) -> str:
    """Return the text of the place ``offset`` numbers behind the start of the cell's lane."""
    return f"w[b + l + uint64({offset})]" if offset >= 0 else f"w[b + l - uint64({-offset})]"


def offset_of(place: str) -> int | None:
    """Return the offset of a place, None for a text that is none."""
    match = PLACE.fullmatch(place)
    return (int(match[2]) if match[1] == "+" else -int(match[2])) if match else None


class Meanings:
    """Numbers expressions by what they mean, so that the same number is known in passes that give it different names."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, lines: list[str]) -> dict[str, int]:
        """Return name: number of its meaning, of the values of a pass."""
        found: dict[str, int] = {}
        for line in lines:
            target, _, text = line.partition(" = ")
            if offset_of(target) is None:
                meaning = VALUE.sub(lambda m: f"#{found[m[0]]}", text)
                found[target] = self._numbers.setdefault(meaning, len(self._numbers))
        return found


def is_dear(text: str) -> bool:
    """Tell whether an operation costs more than reading its result."""
    return "(" in text.replace("uint64(", "") or " / " in text


def reverse_sweep(
    lines: list[str],
    behind: Callable[[int], int],
    *,
    seeded: Callable[[int], bool] = lambda _: True,
    moved: Callable[[int], bool] = lambda _: True,
    left: dict[str, str] | None = None,
) -> list[str]:
    """Return the lines of the reverse sweep of recorded lines.

    Each store hands over the adjoint of its place and leaves 0 there, because what stood there before had no influence; each load
    adds its adjoint to its place.

    Arguments: lines; behind (offset of the adjoint of what stands at an offset); seeded (whether what is stored at an offset has an adjoint, else
    it is left alone); moved (whether what is loaded from an offset wants one, else it counts as constant); left (name of a value: place where it can be read).
    Raises: AmeloError for a place that is loaded after it was stored, which a reverse sweep that reads the array once cannot undo.
    """
    values: list[tuple[str, ast.expr, str]] = []
    active: set[str] = set()
    sweep, adjoints = [], defaultdict(list)
    stored: set[int] = set()
    for line in lines:
        target, _, text = line.partition(" = ")
        place = offset_of(target)
        if place is not None:
            stored.add(place)
            if not seeded(place):
                continue
            if text in active:
                name = f"s{len(stored)}"
                sweep.append(f"{name} = {place_at(behind(place))}")
                adjoints[text].append(name)
            sweep.append(f"{place_at(behind(place))} = 0.0")
            continue
        loaded = offset_of(text)
        if loaded is not None and loaded in stored:
            raise AmeloError(f"the pass loads {text} after it has stored it", fix="load first, store last")
        expression = ast.parse(text, mode="eval").body
        values.append((target, expression, text))
        names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
        if moved(loaded) if loaded is not None else names & active:
            active.add(target)
    count = 0
    for target, expression, text in reversed(values):
        parts = adjoints.pop(target, None)
        if not parts:
            continue
        if len(parts) > 1:
            bar = f"r{count}"
            count += 1
            sweep.append(f"{bar} = {' + '.join(parts)}")
        else:
            (bar,) = parts
        loaded = offset_of(text)
        if loaded is not None:
            bar_place = place_at(behind(loaded))
            sweep.append(f"{bar_place} = {bar_place} + {bar}")
            continue
        if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Div):
            inverse = isinstance(expression.left, ast.Constant) and expression.left.value == 1.0
            sweep.append(f"q{count} = {bar} * {target}" if inverse else f"q{count} = {bar} / {ast.unparse(expression.right)}")
            bar = f"q{count}"
        for name, contribution in _contributions(target, expression, bar):
            if name in active:
                sweep.append(f"r{count} = {contribution}")
                adjoints[name].append(f"r{count}")
                count += 1
    return [*needed(lines, sweep, left or {}), *sweep]


def _contributions(target: str, expression: ast.expr, bar: str) -> list[tuple[str, str]]:
    """Return what the operands of one operation get of the adjoint of its result."""

    def text(node: ast.expr) -> str:
        return ast.unparse(node)

    match expression:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [(text(left), bar), (text(right), bar)]
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return [(text(left), bar), (text(right), f"-{bar}")]
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return [(text(left), f"{bar} * {text(right)}"), (text(right), f"{bar} * {text(left)}")]
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return [(text(left), bar), (text(right), f"-{bar} * {target}")]  # of which ``bar`` is already divided
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return [(text(operand), f"-{bar}")]
        case ast.Call(func=ast.Name(id="sqrt"), args=[x]):
            return [(text(x), f"0.5 * {bar} / {target}")]
        case ast.Call(func=ast.Name(id="fexp"), args=[x]):
            return [(text(x), f"{bar} * {target}")]
        case ast.Call(func=ast.Name(id="flog"), args=[x]):
            return [(text(x), f"{bar} / {text(x)}")]
        case ast.IfExp(test=test, body=yes, orelse=no):
            return [(text(yes), f"{bar} if {text(test)} else 0.0"), (text(no), f"0.0 if {text(test)} else {bar}")]
        case ast.Constant():
            return []
    raise AmeloError(f"no reverse is known of '{ast.unparse(expression)}'", fix="add its rule to amelo.twin.lesion.reverse")


def needed(lines: list[str], others: list[str], left: dict[str, str]) -> list[str]:
    """Return the lines whose values other lines read, directly or through each other; ``left`` as of :func:`reverse_sweep`."""
    wanted = {name for line in others for name in VALUE.findall(line)}
    kept = []
    for line in reversed(lines):
        target, _, text = line.partition(" = ")
        if target not in wanted:
            continue
        if target in left:
            kept.append(f"{target} = {left[target]}")
        else:
            wanted.update(VALUE.findall(text))
            kept.append(line)
    return kept[::-1]
