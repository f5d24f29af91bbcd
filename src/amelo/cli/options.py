"""Kinds of options that many commands take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

__all__ = ["Flag", "Whole"]


def _whole(kind: object, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is none, and nobody means 2 by it."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"'{tokens[0].value}' is not a whole number") from None


Flag = Annotated[bool, Parameter(negative=())]
Whole = Annotated[int, Parameter(converter=_whole)]
