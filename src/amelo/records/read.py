"""Read JSON from a file or standard input, and refuse everything else in one sentence."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

from amelo.errors import FileError, FormatError, nearest

__all__ = ["LIMIT", "read_json", "source_name"]

STANDARD_INPUT = ("-", "<stdin>")  # what people write, and what the command line makes of it
LIMIT = 20_000_000  # bytes; a mouth with every site charted is below 100 kB
DEPTH = 60


def read_json(source: str | Path, *, limit: int = LIMIT) -> object:
    """Return the value that a UTF-8 JSON file holds, ``"-"`` for standard input.

    Raises: FileError when it cannot be read; FormatError when it is not JSON, is in another encoding, has duplicate keys, or
    numbers that are not numbers.
    """
    name = source_name(source)
    raw = sys.stdin.buffer.read(limit + 1) if str(source) in STANDARD_INPUT else _read_file(Path(source), limit)
    if len(raw) > limit:
        raise FileError(
            f"{name} is larger than {limit // 1_000_000} MB",
            why="a case or a list of fluids is far smaller",
            fix="split it",
        )
    return _parse(_decode(raw, name), name)


def source_name(source: str | Path) -> str:
    """Return what to call a source in messages."""
    return "standard input" if str(source) in STANDARD_INPUT else str(source)


def _read_file(path: Path, limit: int) -> bytes:
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder", fix="name a JSON file in it")
        if path.stat().st_size > limit:
            size = path.stat().st_size // 1_000_000
            raise FileError(f"{path} is {size} MB", why=f"allowed up to {limit // 1_000_000} MB", fix="split it")
        return path.read_bytes()
    except FileNotFoundError:
        folder = path.parent
        if not folder.is_dir():
            raise FileError(f"{path} does not exist", why=f"there is no folder {folder}") from None
        files = [entry.name for entry in folder.iterdir() if entry.is_file()]
        raise FileError(f"{path} does not exist", fix=nearest(path.name, files, limit=0)) from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read", why=getattr(error, "strerror", None) or str(error)) from None


def _decode(raw: bytes, name: str) -> str:
    if not raw.strip():
        raise FormatError("the file is empty", where=name, fix="it must hold a JSON object")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:200]:
        raise FormatError("the text is UTF-16 or UTF-32, or not text at all", where=name, fix="save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start + 1} is not UTF-8", where=name, fix="save it as UTF-8") from None


def _parse(text: str, name: str) -> object:
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        record = dict(items)
        if len(record) != len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1)
            lines = [n for n, line in enumerate(text.splitlines(), 1) if re.search(rf'"{re.escape(twice)}"\s*:', line)]
            place = f"{name}: line {lines[-1]}" if lines else name
            raise FormatError(f"the key '{twice}' stands twice in one object", where=place, fix="keep one of them")
        return record

    def constant(word: str) -> float:
        raise FormatError(f"{word} is not a number that can be used", where=name, fix='leave the field out, or write "unknown"')

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise FormatError(f"the number {digits} is too large", where=name, fix="check its unit")
        return value

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=finite, parse_int=_whole(name))
    except RecursionError:
        raise FormatError("brackets are nested too deeply", where=name, why=f"allowed up to about {DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise FormatError(
            f"not valid JSON ({error.msg[0].lower()}{error.msg[1:]})",
            where=f"{name}: line {error.lineno}, column {error.colno}",
            fix=_what_else(text, error),
        ) from None
    _check_depth(value, name)
    return value


def _whole(name: str) -> object:
    def whole(digits: str) -> int:
        if len(digits) > 18:
            raise FormatError(f"the number {digits[:18]}… is too large", where=name, fix="check its unit")
        return int(digits)

    return whole


def _check_depth(value: object, name: str) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [c for v in level if isinstance(v, dict | list) for c in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return
    raise FormatError("brackets are nested too deeply", where=name, why=f"allowed up to {DEPTH} levels")


def _what_else(text: str, error: json.JSONDecodeError) -> str:
    """Say what the text looks like instead."""
    if error.pos >= len(text.rstrip()):
        return "the text ends too early; was the file cut off?"
    first = text.lstrip().split("\n", 1)[0].strip()
    if first.startswith("---") or re.match(r"^[\w .-]+:(\s|$)", first):
        return "this looks like YAML; amelo reads JSON"
    if re.match(r"^\[[\w.\"-]+\]$|^[\w-]+\s*=", first):
        return "this looks like TOML; amelo reads JSON"
    if first.startswith("<"):
        return "this looks like XML; amelo reads JSON"
    if text[error.pos : error.pos + 1] == "'":
        return 'use double quotes: "'
    return ""
