"""From parsed JSON to a record, with pydantic's findings said again in amelo's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from amelo.errors import AmeloError, RecordError, nearest, shorten

__all__ = ["build", "problems"]

Model = TypeVar("Model", bound=BaseModel)
KINDS = {
    "string": "text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "dict": "an object {…}",
    "list": "a list […]",
    "tuple": "a list […]",
    "model": "an object {…}",
    "mapping": "an object {…}",
}
BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "above"),
    "less_than": ("lt", "below"),
}


def build(model: type[Model], data: object, where: str) -> Model:
    """Return the record that ``data`` describes.

    Arguments: model (pydantic model); data (parsed JSON); where (file or origin, for messages).
    Raises: RecordError about the first problem, saying how many more there are.
    """
    if not isinstance(data, Mapping):
        raise RecordError(f"{shorten(data)} is not an object", where=where, fix="write { … }")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = _all(model, error, where)
        first = found[0]
        if len(found) > 1:
            first.fix = f"{first.fix}; and {len(found) - 1} more problem{'s' if len(found) > 2 else ''}".removeprefix("; ")
        raise first from None


def problems(model: type[BaseModel], data: object, where: str) -> list[RecordError]:
    """Return every problem of ``data`` as a record, none when it is one."""
    if not isinstance(data, Mapping):
        return [RecordError(f"{shorten(data)} is not an object", where=where, fix="write { … }")]
    try:
        model.model_validate(data)
    except ValidationError as error:
        return _all(model, error, where)
    return []


def _all(model: type[BaseModel], error: ValidationError, where: str) -> list[RecordError]:
    """Reword each finding once: of a union such as ``number or "unknown"``, only what the number says is told."""
    found: dict[str, RecordError] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "literal_error" and detail["ctx"].get("expected") == "'unknown'":
            continue
        place = _place(detail["loc"])
        if place not in found or "unknown_word" in str(detail["loc"]):
            found[place] = _reword(model, detail, f"{where}: {place}" if place else where)
    if not found:
        found[""] = RecordError("not a valid record", where=where)
    return list(found.values())


def _place(loc: tuple[int | str, ...]) -> str:
    """Write a place as ``teeth.36.findings[0].icdas``, leaving out what pydantic adds about the branches of a union."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in KINDS and not re.search(r"[\[-]", part):
            text += f".{part}" if text else part
    return text


def _reword(model: type[BaseModel], detail: ErrorDetails, where: str) -> RecordError:
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        cause = context.get("error")
        if isinstance(cause, AmeloError):
            inner = cause.where.replace(": ", ".")
            return RecordError(
                cause.what,
                where=where + ("." if detail["loc"] else ": ") * bool(inner) + inner,
                why=cause.why,
                fix=cause.fix,
            )
        return RecordError(str(cause), where=where)
    name = next((part for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    if kind == "missing":
        return RecordError(f"'{name}' is missing", where=where)
    if kind == "extra_forbidden":
        fields = _fields(model, detail["loc"][:-1])
        return RecordError(f"'{name}' is not a known key", where=where, fix=nearest(name, fields, limit=30))
    if kind in ("literal_error", "enum"):
        valid = [word.strip("' ") for word in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        return RecordError(f"{shorten(value)} is not a valid value", where=where, fix=nearest(value, valid, limit=30))
    if kind in BOUNDS:
        limit = context[BOUNDS[kind][0]]
        allowed = _range(model, detail["loc"]) or f"{BOUNDS[kind][1]} {limit:g}"
        return RecordError(f"{shorten(value)} is out of range", where=where, why=f"allowed {allowed}")
    if kind == "finite_number":
        return RecordError(f"{shorten(value)} is not a number", where=where, fix="leave it out, or write a number")
    if kind == "string_pattern_mismatch":
        _, field = _field(model, detail["loc"])
        form = next((text for text in (getattr(field, "description", None), *_descriptions(field)) if text), "")
        return RecordError(f"{shorten(value)} has not the form it should have", where=where, why=form)
    if kind.startswith(("date_", "datetime_")):
        return RecordError(f"{shorten(value)} is not a date such as 2026-03-31", where=where)
    expected = KINDS.get(kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_datetime_inexact"))
    if expected:
        note = ' or "unknown"' if _may_be_unknown(model, detail["loc"]) else ""
        return RecordError(f"{shorten(value)} is not {expected}{note}", where=where)
    message = detail["msg"]
    return RecordError(f"{shorten(value)}: {message[0].lower()}{message[1:]}", where=where)


def _field(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, Any]:
    """Follow a place through the models; return the model it ends in and the last field passed."""
    here: type[BaseModel] | None = model
    field = None
    for part in loc:
        if isinstance(part, str) and here is not None and part in _names(here):
            field = _names(here)[part]
            here = _model_in(field.annotation)
    return here, field


def _names(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field for key, field in model.model_fields.items() for name in (key, field.alias or key)}


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    here, _ = _field(model, loc)
    return list(here.model_fields) if here else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _metadata(annotation: Any) -> list[Any]:
    own = list(getattr(annotation, "__metadata__", ()))
    return own + [item for part in get_args(annotation) if not isinstance(part, str) for item in _metadata(part)]


def _descriptions(field: Any) -> list[str]:
    return (
        [text for item in _metadata(field.annotation) if (text := getattr(item, "description", None))] if field is not None else []
    )


def _range(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    _, field = _field(model, loc)
    if field is None:
        return ""
    items = [*field.metadata, *_metadata(field.annotation)]
    flat = [piece for item in items for piece in ([item] if not hasattr(item, "metadata") else item.metadata)]
    low = next((getattr(i, key) for i in flat for key in ("ge", "gt") if getattr(i, key, None) is not None), None)
    high = next((getattr(i, key) for i in flat for key in ("le", "lt") if getattr(i, key, None) is not None), None)
    extras = [field.json_schema_extra, *(getattr(i, "json_schema_extra", None) for i in items)]
    unit = next((e["unit"] for e in extras if isinstance(e, dict) and "unit" in e), "")
    if low is None or high is None:
        return ""
    return f"{low:g} to {high:g}{' ' + unit if unit not in ('', '1') else ''}"


def _may_be_unknown(model: type[BaseModel], loc: tuple[int | str, ...]) -> bool:
    _, field = _field(model, loc)
    return field is not None and "unknown" in str(field.annotation)
