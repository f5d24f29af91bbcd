"""What every report is made of: escaped text, tables, lists, pictures inside the page, parameters, where it comes from."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escaped
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from amelo.twin.store import writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from amelo.twin.provenance import Provenance

__all__ = ["inline", "listed", "parameters_table", "provenance_table", "safe", "table", "text", "write_page"]

GRADES = (
    "Grades: A read in a paper or official file, B secondary report, C general knowledge not yet checked, calculated, assumption."
)


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


def parameters_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return every constant with its range, grade and source."""
    if not rows:
        return "<p>None were named.</p>"
    keys = ("set", "name", "value", "unit", "low", "high", "grade", "source", "note")
    cells = [[f"{row.get(k):g}" if isinstance(row.get(k), float) else str(row.get(k, "")) for k in keys] for row in rows]
    return table(keys, cells) + f"<p>{GRADES}</p>"


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


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that scrolls by itself where the page is narrow."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{text(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def listed(sentences: Iterable[str]) -> str:
    """Return sentences as a list, nothing for none."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def safe(data: str) -> str:
    """Return JSON that cannot end the script that holds it."""
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def text(words: str) -> str:
    """Return text fit for a page, without the control characters that none may hold."""
    return escaped("".join(c if c in "\n\t" or ord(c) >= 32 else "�" for c in words))
