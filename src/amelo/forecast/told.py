"""What a line of a history tells of, as far as words go: ``no caries`` and ``extraction declined`` tell of none."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["tells"]

PARTS = re.compile(r"[,;.:]|\b(?:but|and|then)\b")
DENIED = re.compile(r"\b(?:no|not|never|without|free of|declined|refused|avoided|ruled out|planned|discussed|considered)\b|-free\b")


def tells(what: str, words: Iterable[str]) -> bool:
    """Return whether one of the words stands in a part of a line that does not deny it.

    Arguments: what (a line of the history, in English); words (or beginnings of words, in small letters).
    Assumptions: a denial reaches as far as the next comma, stop, ``and``, ``but`` or ``then``.
    """
    words = tuple(words)
    return any(any(word in part for word in words) and not DENIED.search(part) for part in PARTS.split(what.lower()))
