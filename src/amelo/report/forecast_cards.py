"""The card of a model in words: data, population, dates, licence, figures with intervals, subgroups, limits, hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from amelo.forecast.names import figure_name

__all__ = ["card_lines", "summary_of"]

WIDTH = 110
FIRST = (
    "title",
    "what",
    "data",
    "population",
    "dates",
    "licence",
    "rows",
    "teeth",
    "patients",
    "children",
    "events",
    "model",
    "figures",
)
LAST = ("limits", "looks", "looks_at_dev", "script", "date", "sources")


def summary_of(model: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a model is, what it was made from and when, each short enough for a table."""
    card = model.get("card", {})
    title = str(card.get("title") or card.get("what") or model["kind"].replace("-", " "))
    data = card.get("data", "")
    name = str(data.get("name", "") if isinstance(data, Mapping) else data)
    return title.partition(". ")[0][:70], name[:60] + "…" * (len(name) > 60), _date(card)


def _date(card: Mapping[str, Any]) -> str:
    """Return the day that a model was made on, empty when its card does not say."""
    found = re.search(r"\d{4}-\d\d-\d\d", str(card.get("date") or card.get("made_by") or ""))
    return found[0] if found else ""


def card_lines(model: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the card of a model."""
    card = dict(model.get("card", {}))
    yield f"{model['kind']}: {card.pop('title', None) or 'a model of amelo'}"
    yield f"hash: {model['hash']}"
    order = [*(k for k in FIRST if k in card), *(k for k in card if k not in FIRST + LAST), *(k for k in LAST if k in card)]
    for key in order:
        yield from _part(key, card[key], 0)
    yield "Research and teaching software, not a medical device."


def _part(key: str, value: Any, depth: int) -> Iterator[str]:
    indent, name = "  " * depth, figure_name(key)
    figure = _figure(value)
    if value in (None, "", [], {}):
        return
    if figure:
        yield f"{indent}{name}: {figure}"
    elif isinstance(value, Mapping):
        yield f"{indent}{name}:"
        for inner, part in value.items():
            yield from _part(str(inner), part, depth + 1)
    elif isinstance(value, list) and any(isinstance(part, str | Mapping | list) for part in value):
        yield f"{indent}{name}:"
        for part in value:
            text = "; ".join(f"{k} {_short(v)}" for k, v in part.items()) if isinstance(part, Mapping) else _short(part)
            yield from wrap(text, WIDTH, initial_indent=f"{indent}  - ", subsequent_indent=f"{indent}    ")
    else:
        yield from wrap(f"{indent}{name}: {_short(value)}", WIDTH, subsequent_indent=indent + "    ")


def _figure(value: Any) -> str:
    """Return a figure with its interval, written as a mapping or as three numbers; empty for anything else."""
    if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
        value = [value["value"], value["low"], value["high"]]
    if (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(v, int | float) for v in value)
        and value[1] <= value[0] <= value[2]
    ):
        return f"{value[0]:.4g} ({value[1]:.4g} to {value[2]:.4g})"
    return ""


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_short(part) for part in value)
    return str(value)
