"""Read JSON or TOML from a file or standard input, and refuse everything else in one sentence."""

from __future__ import annotations

import json
import math
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from amelo.errors import AmeloError, FileError, FormatError, nearest, shorten

__all__ = ["DEPTH", "LIMIT", "read_input", "read_json", "read_plain", "read_text", "read_toml", "reading", "source_name"]

STANDARD_INPUT = ("-", "<stdin>")  # what people write, and what the command line makes of it
LIMIT = 20_000_000  # bytes; a mouth with every site charted is below 100 kB
DEPTH = 60  # levels of brackets; a case has seven
DIGITS = 18  # of a whole number, so that it fits in 64 bits
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')


def read_json(source: str | Path, *, limit: int = LIMIT) -> object:
    """Return the value that a UTF-8 JSON file holds, ``"-"`` for standard input.

    Arguments: source; limit [bytes], checked before anything is read.
    Raises: FileError when it cannot be read; FormatError when it is not JSON, is in another encoding, has duplicate
    keys, numbers that are not numbers, or text that cannot be shown.
    """
    name = source_name(source)
    raw = _read(source, limit, "a case or a list of fluids is far smaller", "split it")
    if not raw.strip():
        raise FormatError("the file is empty", where=name, fix="it must hold a JSON object")
    value = _parse(_decode(raw, name), name)
    _check(value, name)
    return value


def read_text(source: str | Path, *, limit: int = LIMIT) -> str:
    """Return the text of a UTF-8 file, ``"-"`` for standard input.

    Arguments: source; limit [bytes], checked before anything is read.
    Raises: FileError when it cannot be read; FormatError when it is empty, in another encoding, or holds control characters.
    """
    name, text = source_name(source), read_plain(source, limit=limit)
    if not text.strip():
        raise FormatError("the file is empty", where=name)
    for number, line in enumerate(text.splitlines(), start=1):
        _check_text(line, f"{name}: line {number}")
    return text


def read_plain(source: str | Path, *, limit: int = LIMIT, why: str = "", fix: str = "split it") -> str:
    """Return the text of a UTF-8 file, ``"-"`` for standard input, for readers that look at its characters themselves.

    Arguments: source; limit [bytes], checked before anything is read; why it should not be larger, and what to do (for messages).
    Raises: FileError when it cannot be read; FormatError when it is in another encoding.
    """
    return _decode(_read(source, limit, why, fix), source_name(source))


def read_toml(source: str | Path) -> dict[str, object]:
    """Return the table that a UTF-8 TOML file holds, ``"-"`` for standard input.

    Raises: FileError when it cannot be read; FormatError when it is not TOML, with the line.
    """
    name, text = source_name(source), read_text(source)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.match(r"(.*?)(?: \(at (?:line (\d+), column (\d+)|(end of document))\))?$", str(error), re.DOTALL)
        what = f"not valid TOML ({found[1][0].lower()}{found[1][1:]})"
        where = f"{name}: line {found[2]}, column {found[3]}" if found[2] else name
        if text.lstrip().startswith("{"):
            fix = "this looks like JSON; write TOML"
        else:
            fix = (
                "the text ends too early; was the file cut off?"
                if found[4]
                else 'text with a unit stands in quotes, such as "150 um"'
            )
        raise FormatError(what, where=where, fix=fix) from None
    except RecursionError:
        raise FormatError("brackets are nested too deeply", where=name, why=f"allowed up to {DEPTH} levels") from None


def source_name(source: str | Path) -> str:
    """Return what to call a source in messages."""
    return "standard input" if str(source) in STANDARD_INPUT else str(source)


def _size(count: int) -> str:
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.0f} {unit}"
    return f"{count} bytes"


def _read(source: str | Path, limit: int, why: str, fix: str) -> bytes:
    raw = read_input(limit) if str(source) in STANDARD_INPUT else _read_file(Path(source), limit, fix)
    if len(raw) > limit:
        raise FileError(f"{source_name(source)} is larger than {_size(limit)}", why=why, fix=fix)
    return raw


def read_input(limit: int = LIMIT) -> bytes:
    """Return what comes through standard input, one byte more than the limit at most.

    Raises: FileError when it is closed.
    """
    if sys.stdin is None:  # closed by whoever started the program
        raise FileError("standard input is closed", fix="name a file, or send one through a pipe")
    return sys.stdin.buffer.read(limit + 1)


def _read_file(path: Path, limit: int, fix: str) -> bytes:
    with reading(path):
        if (size := path.stat().st_size) > limit:
            raise FileError(f"{path} is {_size(size)}", why=f"allowed up to {_size(limit)}", fix=fix)
        with path.open("rb") as file:
            return file.read(limit + 1)  # a pipe or device has no size, and may never end


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one sentence why a file cannot be read.

    Raises: FileError for a folder, a file that does not exist (with the name that comes nearest) and whatever the system refuses.
    """
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder", fix="name a file in it")
        yield
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise FileError(f"{path} does not exist", why=f"there is no folder {path.parent}") from None
        raise FileError(f"{path} does not exist", fix=_neighbours(path)) from None
    except AmeloError:  # some are a ValueError too
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read", why=getattr(error, "strerror", None) or str(error)) from None


def _neighbours(path: Path) -> str:
    try:
        return nearest(path.name, sorted(entry.name for entry in path.parent.iterdir() if entry.is_file()), limit=0)
    except OSError:
        return ""


def _decode(raw: bytes, name: str) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:200]:
        raise FormatError("the text is UTF-16 or UTF-32, or not text at all", where=name, fix="save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"byte {raw[error.start]:#04x} is not UTF-8"
        raise FormatError(
            "the text is in another encoding", where=f"{name}: line {line}", why=why, fix="save it as UTF-8"
        ) from None


def _parse(text: str, name: str) -> object:
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        record = dict(items)
        if len(record) != len(items):
            key, line = _twice(text)
            raise FormatError(
                f"the key {shorten(key)} stands twice in one object",
                where=f"{name}: line {line}",
                fix="keep one of them",
            )
        return record

    def constant(word: str) -> float:
        fix = 'leave the field out, or write "unknown"'
        raise FormatError(f"{word} is not a number that can be used", where=_line_of(text, word, name), fix=fix)

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise FormatError(
                f"the number {digits[:DIGITS]} is too large", where=_line_of(text, digits, name), fix="check its unit"
            )
        return value

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=finite, parse_int=_whole(text, name))
    except RecursionError:
        raise FormatError("brackets are nested too deeply", where=name, why=f"allowed up to {DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise FormatError(
            f"not valid JSON ({error.msg[0].lower()}{error.msg[1:]})",
            where=f"{name}: line {error.lineno}, column {error.colno}",
            fix=_what_else(text, error),
        ) from None


def _whole(text: str, name: str) -> Callable[[str], int]:
    def whole(digits: str) -> int:
        if len(digits.lstrip("-")) > DIGITS:
            what = f"the number {digits[:DIGITS]}… is too large"
            raise FormatError(what, where=_line_of(text, digits, name), fix="check its unit")
        return int(digits)

    return whole


def _line_of(text: str, word: str, name: str) -> str:
    """Return the place of a number: the line where it stands outside a string."""
    bare = TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    found = re.search(rf"(?<![\w.+-]){re.escape(word)}(?![\w.])", bare)
    return f"{name}: line {bare.count(chr(10), 0, found.start()) + 1}" if found else name


def _twice(text: str) -> tuple[str, int]:
    """Return the first key that stands twice in one object, and the line of its second place."""
    seen: list[set[str] | None] = []
    for match in TOKEN.finditer(text):
        word = match[0]
        if word in "{[":
            seen.append(set() if word == "{" else None)
        elif word in "}]":
            seen.pop()
        elif seen and seen[-1] is not None and re.match(r"\s*:", text[match.end() : match.end() + 100]):
            key = json.loads(word)
            if key in seen[-1]:
                return key, text.count("\n", 0, match.start()) + 1
            seen[-1].add(key)
    raise AssertionError("called without a key that stands twice")


def _check(value: object, name: str) -> None:
    """Refuse nesting beyond ``DEPTH`` and characters that would garble a terminal, a report or a file."""
    level = [("", value)]
    for _ in range(DEPTH + 1):
        for place, item in level:
            _check_text(item, f"{name}: {place}" if place else name)
        level = [pair for place, item in level for pair in _inside(place, item, name)]
        if not level:
            return
    raise FormatError("brackets are nested too deeply", where=name, why=f"allowed up to {DEPTH} levels")


def _inside(place: str, item: object, name: str) -> list[tuple[str, object]]:
    if isinstance(item, list):
        return [(f"{place}[{i}]", part) for i, part in enumerate(item)]
    if not isinstance(item, dict):
        return []
    for key in item:
        _check_text(key, f"{name}: {place}" if place else name)
    return [(f"{place}.{key}" if place else key, part) for key, part in item.items()]


def _check_text(item: object, where: str) -> None:
    if not isinstance(item, str) or item.isprintable():
        return
    for character in item:
        code = ord(character)
        if (code < 32 and character not in "\t\n\r") or 127 <= code < 160 or 0xD800 <= code < 0xE000:
            kind = "half of a character" if code >= 0xD800 else "a control character"
            raise FormatError(f"the text holds {kind} (\\u{code:04x})", where=where, fix="remove it")


def _what_else(text: str, error: json.JSONDecodeError) -> str:
    """Say what the text looks like instead."""
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return "the text ends too early; was the file cut off?"
    lines = [line.strip() for line in text.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if first.startswith(("---", "- ")) or re.match(r"^[\w .\"-]+:(\s|$)", first):
        return "this looks like YAML; amelo reads JSON"
    if re.match(r"^\[+[\w.\"-]+\]+$|^[\w.-]+\s*=", first):
        return "this looks like TOML; amelo reads JSON"
    if first.startswith("<"):
        return "this looks like XML; amelo reads JSON"
    if text[error.pos : error.pos + 1] == "'":
        return 'use double quotes: "'
    if error.msg.startswith(("Illegal trailing comma", "Expecting property name")) and re.search(r",\s*$", text[: error.pos]):
        return "remove the comma before the bracket"
    if "Control character" in error.msg or "Invalid control" in error.msg:
        return "write a line break in text as \\n"
    if text[error.pos : error.pos + 2] in ("//", "/*") or text[error.pos : error.pos + 1] == "#":
        return "JSON has no comments; remove them"
    return ""
