"""Parts of a page that every reader can use: tables with captions and headers, lists, text, and data in it that nothing can break out of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

__all__ = ["data_script", "folded", "page", "paragraph", "plain_text", "table", "unordered"]


def plain_text(text: object) -> str:
    """Return text fit for a page, without the control characters that none may hold."""
    return escape("".join(c if c in "\n\t" or ord(c) >= 32 else "�" for c in str(text)))


def paragraph(text: object, *, kind: str = "") -> str:
    """Return a paragraph, of a class where one is named."""
    return f"<p{f' class={kind!r}' if kind else ''}>{plain_text(text)}</p>"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a caption; the first cell of each row is its header."""
    head = "".join(f'<th scope="col">{plain_text(name)}</th>' for name in heads)
    body = ""
    for row in rows:
        first, *rest = row
        body += f'<tr><th scope="row">{plain_text(first)}</th>' + "".join(f"<td>{plain_text(cell)}</td>" for cell in rest) + "</tr>"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{plain_text(caption)}"><table><caption>{plain_text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def unordered(sentences: Iterable[object]) -> str:
    """Return a list of sentences, nothing for none."""
    items = "".join(f"<li>{plain_text(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def folded(summary: str, content: str) -> str:
    """Return content that opens by keyboard or pointer, and is open in print."""
    return f"<details><summary>{plain_text(summary)}</summary>{content}</details>"


def data_script(name: str, data: object) -> str:
    """Return data as JSON inside a page, where it cannot end the script that holds it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    text = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<script type="application/json" id="{plain_text(name)}">{text}</script>'


def page(title: str, notice: str, sections: Sequence[tuple[str, str]], *, style: str, data: str = "") -> str:
    """Return a whole page that needs nothing else.

    Arguments: title; notice, that stands first and last; sections (title and content); style (a file of styles of this package); data (of ``data_script``).
    """
    css = (files(__package__) / style).read_text("utf-8")
    links = "".join(f'<li><a href="#part-{k}">{plain_text(name)}</a></li>' for k, (name, _) in enumerate(sections, 1))
    body = "".join(
        f'<section id="part-{k}" aria-labelledby="title-{k}"><h2 id="title-{k}">{plain_text(name)}</h2>{content}</section>'
        for k, (name, content) in enumerate(sections, 1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />'
        f'<meta name="color-scheme" content="light dark" /><title>amelo: {plain_text(title)}</title><style>{css}</style></head><body>'
        f'<a class="skip" href="#main">Skip to the answer</a><header><p class="notice" role="note"><strong>{plain_text(notice)}</strong></p>'
        f'<h1>{plain_text(title)}</h1><nav aria-label="Contents"><ol>{links}</ol></nav></header><main id="main">{body}</main>'
        f'<footer><p class="notice">{plain_text(notice)}</p></footer>{data}</body></html>\n'
    )
