"""Every error amelo raises on purpose, in one tree.

::

    AmeloError                       what, where, why, what to do
    ├── InputError                   something the user gave is not usable
    │   ├── FileError                a path that cannot be read or written
    │   ├── FormatError              text that is not the format it should be
    │   ├── RecordError              a case or fluid that breaks a rule of its schema
    │   ├── QuantityError            a number with a unit that cannot be understood, or is ambiguous
    │   ├── ParameterError           an unknown, unsourced or out-of-range constant
    │   │   └── MixedSetError        constants of two sets (or temperatures) used together
    │   └── CommandError             a command line that cannot be run
    ├── SolveError                   a calculation that ended without an answer, read at the edge
    └── MissingDependencyError       an optional part that is not installed

An error carries up to four parts: ``what`` went wrong, ``where`` (file and place), ``why`` (the allowed range or
the rule) and ``fix`` (what to do, often the nearest valid spelling).  ``str(error)`` joins them in one sentence, and the
command line prints exactly that sentence.  Records of patients never appear in it beyond the single value at fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AmeloError",
    "CommandError",
    "FileError",
    "FormatError",
    "InputError",
    "MissingDependencyError",
    "MixedSetError",
    "ParameterError",
    "QuantityError",
    "RecordError",
    "SolveError",
    "nearest",
    "shorten",
]


class AmeloError(Exception):
    """An error with a sentence for people.

    Arguments: what (the thing and what is wrong with it), where (file, then the place in it), why (the rule or the
    allowed range), fix (what to do).
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        self.what, self.where, self.why, self.fix = what, where, why, fix
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        rest = "".join(f"; {part}" for part in (self.why, self.fix) if part)
        return f"{place}{self.what}{rest}"

    def at(self, where: str) -> AmeloError:
        """Return the same error with ``where`` put in front of the place it already names."""
        joined = f"{where}: {self.where}" if self.where else where
        return type(self)(self.what, where=joined, why=self.why, fix=self.fix)


class InputError(AmeloError, ValueError):
    """Something the user gave is not usable; also a ValueError, as Python programs expect."""


class FileError(InputError):
    """A path that cannot be read or written."""


class FormatError(InputError):
    """Text that is not the format it should be."""


class RecordError(InputError):
    """A case or fluid that breaks a rule of its schema."""


class QuantityError(InputError):
    """A number with a unit that cannot be understood, or is ambiguous."""


class ParameterError(InputError):
    """An unknown, unsourced or out-of-range constant."""


class MixedSetError(ParameterError):
    """Constants of two sets, or of two temperatures, used together."""


class CommandError(InputError):
    """A command line that cannot be run."""


class SolveError(AmeloError):
    """A calculation that ended without an answer."""


class MissingDependencyError(AmeloError):
    """An optional part that is not installed."""


def nearest(word: object, valid: Iterable[object], *, limit: int = 12) -> str:
    """Return advice naming the valid spelling nearest to ``word``, or the valid ones when they are few.

    Arguments: word (what was given), valid (the accepted spellings), limit (list them all up to this many).
    Returns: for example ``"did you mean 'FAp'?"`` or ``"use one of M, O, D, B, L"``.
    """
    words = [str(item) for item in valid]
    folded = {item.casefold(): item for item in reversed(words)}
    close = get_close_matches(str(word).casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    if words and len(words) <= limit:
        return "use one of " + ", ".join(words)
    return ""


def shorten(value: object, length: int = 40) -> str:
    """Return ``repr(value)`` cut to ``length`` characters, so that one error never prints a whole record."""
    text = repr(value)
    return text if len(text) <= length else text[: length - 1] + "…"
