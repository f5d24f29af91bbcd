"""What every report is made of: escaped text, tables, lists, pictures and data inside the page, parameters, where it comes from."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escaped
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from amelo.twin.store import writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from amelo.twin.provenance import Provenance

__all__ = [
    "GRADES",
    "data_script",
    "folded",
    "inline",
    "listed",
    "paragraph",
    "parameters_table",
    "provenance_table",
    "styles",
    "table",
    "text",
    "whole_page",
    "write_page",
]

GRADES = "Grades: A read in a paper or official file, B secondary report, C general knowledge not yet checked, calculated, assumption, hypothetical."


def write_page(page: str, path: Path) -> Path:
    """Write a page beside its place, move it there when it is whole, and return the path.

    Raises: FileError when it cannot be written; what was there is kept then.
    """
    beside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}.html")
    try:
        with writing(path, fix="nothing was changed"):
            beside.write_text(page, "utf-8")
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def parameters_table(rows: Sequence[Mapping[str, object]], *, caption: str = "") -> str:
    """Return every constant with its range, grade and source, and without a caption what grades mean."""
    if not rows:
        return "<p>None were named.</p>"
    keys = ("set", "name", "value", "unit", "low", "high", "grade", "source", "note")
    cells = [[f"{row.get(k):g}" if isinstance(row.get(k), float) else str(row.get(k, "")) for k in keys] for row in rows]
    return table(keys, cells, caption=caption) + ("" if caption else paragraph(GRADES))


def provenance_table(origin: Provenance) -> str:
    """Return when, by which versions, with which seed and options something was computed."""
    seconds = f"{origin.wall_time:.3g} s" if math.isfinite(origin.wall_time) else "not known"
    packages = ", ".join(f"{name} {number}" for name, number in origin.packages.items())
    rows = [
        ("made", origin.created),
        ("amelo", origin.amelo),
        ("with", packages),
        ("seed", "nothing was drawn" if origin.seed is None else str(origin.seed)),
        ("options", json.dumps(dict(origin.options), ensure_ascii=False)),
        ("computed in", seconds),
        ("citation keys", " ".join(origin.citations)),
    ]
    return f"<footer>{table(('', ''), rows)}</footer>"


def inline(figure: Figure, name: str, words: str) -> str:
    """Return a figure as SVG that can stand in a page with others.

    Arguments: figure; name (unique in the page, it begins every identifier); words for readers who do not see it.
    """
    from amelo.twin.figures import write_figure

    stream = io.StringIO()
    write_figure(figure, stream, form="svg")
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{text(words)}"', 1)


def whole_page(title: str, notice: str, sections: Sequence[tuple[str, str]], *, style: Sequence[str], data: str = "") -> str:
    """Return a whole page that needs nothing else.

    Arguments: title; notice, that stands first and last; sections (title and content); style (files of styles of this package); data (of ``data_script``).
    """
    links = "".join(f'<li><a href="#part-{k}">{text(name)}</a></li>' for k, (name, _) in enumerate(sections, 1))
    body = "".join(
        f'<section id="part-{k}" aria-labelledby="title-{k}"><h2 id="title-{k}">{text(name)}</h2>{content}</section>'
        for k, (name, content) in enumerate(sections, 1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />'
        f'<meta name="color-scheme" content="light dark" /><title>amelo: {text(title)}</title><style>{styles(*style)}</style></head><body>'
        f'<a class="skip" href="#main">Skip to the answer</a><header><p class="notice" role="note"><strong>{text(notice)}</strong></p>'
        f'<h1>{text(title)}</h1><nav aria-label="Contents"><ol>{links}</ol></nav></header><main id="main">{body}</main>'
        f'<footer><p class="notice">{text(notice)}</p></footer>{data}</body></html>\n'
    )


def styles(*names: str) -> str:
    """Return files of styles of this package, one after the other."""
    return "".join((files(__package__) / name).read_text("utf-8") for name in names)


def data_script(data: object, name: str = "amelo-data") -> str:
    """Return data as JSON inside a page, where it cannot end the script that holds it."""
    told = json.dumps(data, ensure_ascii=False, allow_nan=False)
    told = told.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<script type="application/json" id="{text(name)}">{told}</script>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """Return a table that scrolls by itself where the page is narrow; with a caption it can be reached by keyboard, and the first cell of a row is its header."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in heads)
    body = ""
    for first, *rest in rows:
        begin = f'<th scope="row">{text(first)}</th>' if caption else f"<td>{text(first)}</td>"
        body += f"<tr>{begin}" + "".join(f"<td>{text(cell)}</td>" for cell in rest) + "</tr>"
    region = f' tabindex="0" role="region" aria-label="{text(caption)}"' if caption else ""
    told = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="wide"{region}><table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def listed(sentences: Iterable[object]) -> str:
    """Return sentences as a list, nothing for none."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def paragraph(words: object, *, kind: str = "") -> str:
    """Return a paragraph, of a class where one is named."""
    return f"<p{f' class={kind!r}' if kind else ''}>{text(words)}</p>"


def folded(summary: str, content: str) -> str:
    """Return content that opens by keyboard or pointer, and is open in print."""
    return f"<details><summary>{text(summary)}</summary>{content}</details>"


def text(words: object) -> str:
    """Return text fit for a page, without the control characters that none may hold."""
    return escaped("".join(c if c in "\n\t" or ord(c) >= 32 else "�" for c in str(words)))
