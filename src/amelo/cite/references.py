"""Read ``bibliography.bib``, format references, and remember the keys of the last command for ``amelo cite``."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from amelo.errors import FileError, ParameterError, nearest

__all__ = ["Reference", "bibliography", "cache_folder", "is_doi", "last_citations", "references", "remember_citations"]

DOI = re.compile(r"doi:(10\.\d{4,9}/\S+)")
ACCENTS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "u": "\u0306", "v": "\u030c", "c": "\u0327"}
LETTERS = {"o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "aa": "å", "AA": "Å", "ss": "ß", "l": "ł", "i": "i"}
ACCENTED = re.compile(r"""\\(?:(["'`^~])\s*\{?(\w)\}?|([uvc])\{(\w)\})""")
LETTER = re.compile(r"\\(ae|AE|aa|AA|ss|o|O|l|i)(?![A-Za-z])\s*(?:\{\})?|\{\\(ae|AE|aa|AA|ss|o|O|l|i)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the bibliography: its key, its BibTeX fields and its BibTeX text."""

    key: str
    fields: Mapping[str, str]
    bibtex: str

    def __str__(self) -> str:
        """Return the reference as one line: authors, year, title, where it appeared, DOI."""
        field = self.fields.get
        if self.fields.keys() <= {"doi", "title"}:
            return f"https://doi.org/{field('doi')}"
        container = field("journal") or field("booktitle") or field("publisher") or field("institution") or ""
        place = " ".join(part for part in (container, field("volume", "")) if part)
        pages = f":{field('pages').replace('--', '–')}" if field("pages") else ""
        doi = f". doi:{field('doi')}" if field("doi") else ""
        authors = _plain(field("author", "")).replace(" and ", "; ")
        title = _plain(field("title", ""))
        return f"{authors} ({field('year', 'n.d.')}). {title}. {place}{pages}{doi}"


def _plain(text: str) -> str:
    """Return the text of a BibTeX field without its braces and commands: accents and letters of their own as they are written."""
    text = LETTER.sub(lambda m: LETTERS[m[1] or m[2]], text)
    text = ACCENTED.sub(lambda m: unicodedata.normalize("NFC", (m[2] or m[4]) + ACCENTS[m[1] or m[3]]), text)
    text = re.sub(r"`([^`']*)'", "‘\\1’", text)
    return text.replace("--", "–").replace("\\_", "_").replace("\\%", "%").replace("\\&", "&").replace("{", "").replace("}", "")


@cache
def bibliography() -> Mapping[str, Reference]:
    """Return every reference by its key."""
    import bibtexparser

    logging.getLogger("bibtexparser").setLevel(logging.ERROR)
    library = bibtexparser.parse_string((files(__package__) / "bibliography.bib").read_text("utf-8"))
    if library.failed_blocks:
        raise ParameterError("the bibliography has an entry that is not valid BibTeX", where="bibliography.bib")
    return {
        entry.key: Reference(entry.key, {field.key: str(field.value) for field in entry.fields}, entry.raw.strip())
        for entry in library.entries
    }


def is_doi(key: str) -> bool:
    """Whether a source is a DOI, such as ``doi:10.1016/0022-0248(90)90079-Z``: how a file outside amelo names a paper."""
    return DOI.fullmatch(key) is not None


def references(keys: Iterable[str]) -> list[Reference]:
    """Return the references behind ``keys``, each once, in the order given; a DOI stands for itself.

    Raises: ParameterError for a key that is neither in the bibliography nor a DOI.
    """
    known, keys = bibliography(), tuple(dict.fromkeys(keys))
    for key in keys:
        if key not in known and not is_doi(key):
            raise ParameterError(f"'{key}' is not in the bibliography", fix=nearest(key, known))
    return [known[key] if key in known else _of_doi(key) for key in keys]


def _of_doi(key: str) -> Reference:
    doi = DOI.fullmatch(key)[1]
    name = re.sub(r"[^A-Za-z0-9]+", "_", doi)
    return Reference(key, {"doi": doi, "title": "cited by its DOI"}, f"@misc{{{name},\n  doi = {{{doi}}}\n}}")


def cache_folder() -> Path:
    """Return the folder for compiled kernels and the last citations: ``AMELO_CACHE``, or ``amelo`` in the user's cache."""
    chosen = os.environ.get("AMELO_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "amelo"


def _kept_at() -> Path:
    """Return the file that holds the citations of the last command."""
    return cache_folder() / "citations.json"


def remember_citations(command: str, keys: Iterable[str]) -> None:
    """Keep the citation keys of a command (never its data) for a later ``amelo cite``; a read-only cache is no error."""
    try:
        _kept_at().parent.mkdir(parents=True, exist_ok=True)
        _kept_at().write_text(json.dumps({"command": command, "keys": list(dict.fromkeys(keys))}), "utf-8")
    except OSError:
        return


def last_citations() -> tuple[str, list[str]]:
    """Return the last remembered command and its citation keys.

    Raises: FileError when no command has been remembered yet.
    """
    try:
        kept = json.loads(_kept_at().read_text("utf-8"))
        command, keys = kept["command"], kept["keys"]
        return str(command), [str(key) for key in keys]
    except (OSError, ValueError, KeyError, TypeError):  # absent, or not what remember_citations writes
        raise FileError(
            "no command has left references yet",
            fix="run one first, for example 'amelo saturation cases/fluids/resting-saliva.json'",
        ) from None
