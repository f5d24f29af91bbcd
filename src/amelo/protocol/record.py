"""A protocol: ordered, timed steps that read and print as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr, model_validator

from amelo.errors import AmeloError, FormatError, RecordError, shorten
from amelo.protocol.nano_steps import oversized_probe
from amelo.protocol.order import out_of_order
from amelo.protocol.steps import LONGEST, Step, length
from amelo.protocol.text import text_of
from amelo.protocol.values import time_text
from amelo.records.base import Record

if TYPE_CHECKING:
    from amelo.protocol.compile import Mouths
    from amelo.records.case import Case
    from amelo.twin.schedule import Schedule

__all__ = ["Protocol", "protocol_schema"]

ENDINGS = (".protocol", ".txt", ".json", ".md", ".text")


class Protocol(Record):
    """Steps that follow each other.

    Two protocols are equal when their steps are; where they were read makes no difference.  ``str`` gives the canonical text, which
    reads back as the same protocol.
    """

    steps: tuple[Step, ...] = Field(min_length=1, max_length=10_000)
    _places: dict[tuple[int, ...], tuple[int, int]] = PrivateAttr(default_factory=dict)
    _source: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _lasts(self) -> Protocol:
        if _too_long(self.steps):
            why = f"allowed up to {time_text(LONGEST)}, ten years"
            raise RecordError(f"the protocol lasts {time_text(self.duration)}", why=why, fix="repeat less often")
        if fault := _fault(self.steps):
            raise fault[1].at(".".join(f"steps[{i}]" for i in fault[0]))
        return self

    @classmethod
    def parse(cls, text: str, *, source: str = "") -> Protocol:
        """Read a protocol from text.

        Arguments: text; source (file name, for messages).
        Raises: FormatError, QuantityError or RecordError, one sentence with line and column.
        """
        from pydantic import ValidationError

        from amelo.protocol.parse import parse_text

        if not isinstance(text, str):
            fix = f"use Protocol.read({str(text)!r})" if isinstance(text, Path) else "write the steps as text"
            raise FormatError(f"{shorten(text)} is not the text of a protocol", fix=fix)
        try:
            parsed = parse_text(text)
            protocol = cls(steps=parsed.steps)
        except ValidationError as error:
            cause = error.errors(include_url=False)[0].get("ctx", {}).get("error")
            found = RecordError("the protocol has too many steps", why="allowed up to 10000 in a block")
            if isinstance(cause, AmeloError):
                longest = max(range(len(parsed.steps)), key=lambda i: length(parsed.steps[i]))
                fault = None if _too_long(parsed.steps) else _fault(parsed.steps)
                path, cause = fault or ((longest,), cause)
                found = cause.at("line {}, column {}".format(*parsed.places[path]))
            raise found.at(source) if source else found from None
        except AmeloError as error:
            if not source and _names_a_file(text):
                what, fix = f"'{text.strip()}' is the name of a file, not a protocol", f"use Protocol.read({text.strip()!r})"
                raise FormatError(what, fix=fix) from None
            raise error.at(source) if source else error from None
        protocol._places, protocol._source = dict(parsed.places), source
        return protocol

    @classmethod
    def read(cls, path: str | Path) -> Protocol:
        """Read a protocol file: JSON when its name ends in .json, else text; ``"-"`` for text on standard input.

        Raises: FileError, FormatError, QuantityError or RecordError, one sentence with the place.
        """
        from amelo.protocol.layout import LIMIT
        from amelo.records.check import build
        from amelo.records.read import read_json, read_plain, source_name

        name = source_name(path)
        if name.endswith(".json"):
            return build(cls, read_json(path), name)
        text = read_plain(path, limit=LIMIT, why="a protocol is far smaller", fix="is it the right file?")
        return cls.parse(text, source=name)

    @property
    def duration(self) -> float:
        """How long it lasts [s], repeats included."""
        return _length(self.steps)

    def schedule(self, case: Case | None = None, like: Mouths | None = None) -> Schedule:
        """Return what the outer face of a tooth sees, in the form that the solver wants.

        Arguments: case (whose mouth it is; needed by 'day of case', otherwise a typical mouth stands in); like (see
        :func:`amelo.protocol.compile.compiled`).
        Raises: RecordError for a bath whose charges cannot be closed, with its place.
        """
        from amelo.protocol.compile import compiled

        return compiled(self, case, like)

    def place(self, path: tuple[int, ...]) -> str:
        """Return where a step stands: file, line and column when it was read from text, else its number."""
        if path in self._places:
            line, column = self._places[path]
            spot = f"line {line}, column {column}"
        else:
            spot = "step " + ".".join(str(i + 1) for i in path)
        return f"{self._source}: {spot}" if self._source else spot

    def __str__(self) -> str:
        return text_of(self.steps)

    def __repr__(self) -> str:
        return f"<Protocol of {len(self.steps)} step{'s' * (len(self.steps) > 1)}, {time_text(self.duration)}>"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Protocol) and self.steps == other.steps

    def __hash__(self) -> int:
        return hash(self.steps)

    def _repr_html_(self) -> str:
        return f"<p>Protocol, {escape(time_text(self.duration))}</p><pre>{escape(str(self))}</pre>"


def _length(steps: Sequence[Any]) -> float:
    return sum(length(step) for step in steps)


def _too_long(steps: Sequence[Any]) -> bool:
    return _length(steps) > LONGEST


def _fault(steps: Sequence[Any]) -> tuple[tuple[int, ...], RecordError] | None:
    """Return the place of a step that cannot be among the others, and what is wrong; None when all is well."""
    return oversized_probe(steps) or out_of_order(steps)


def _names_a_file(text: str) -> bool:
    """Return whether a text that is no protocol looks like a path: it is there, or it is one word that ends as files do."""
    word = text.strip()
    try:
        there = 0 < len(word) < 200 and Path(word).exists()
    except (OSError, ValueError):
        there = False
    one = not any(c.isspace() for c in word)
    return there or (one and len(word) < 1000 and Path(word.replace("\\", "/")).suffix.lower() in ENDINGS)


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema of a protocol, as published in ``protocol.schema.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Protocol.model_json_schema()}
