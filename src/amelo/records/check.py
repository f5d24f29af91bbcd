"""From parsed JSON to a record, with pydantic's findings said again in amelo's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

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
    "frozen_set": "a list […]",
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
            more = f"and {len(found) - 1} more problem{'s' if len(found) > 2 else ''}"
            first.fix = f"{first.fix}; {more}" if first.fix else more
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
    only_unknown = []
    for detail in error.errors(include_url=False):
        if detail["type"] == "default_factory_not_called":  # follows from another finding
            continue
        spot = _spot(model, detail["loc"], detail["type"])
        told = _reword(spot, detail, f"{where}: {spot.place}" if spot.place else where)
        if detail["type"] == "literal_error" and detail["ctx"]["expected"] == "'unknown'":
            only_unknown.append((spot.place, told))
        else:
            found.setdefault(spot.place, told)
    for place, told in only_unknown:
        if not any(other.startswith(place) for other in found):
            found[place] = told
    return sorted(found.values(), key=lambda told: not _misspelt(told))


def _misspelt(told: RecordError) -> bool:
    """Whether a key is only misspelt: what is told as missing is often just that, so it is the better thing to say first."""
    return told.what.endswith("is not a known key") and told.fix.startswith("did you mean")


class _Spot(NamedTuple):
    """Where a finding is: its place in words, the record it is in, and the last field on the way."""

    place: str
    record: type[BaseModel] | None
    field: Any


def _spot(model: type[BaseModel], loc: tuple[int | str, ...], kind: str) -> _Spot:
    """Follow pydantic's path, leaving out what it adds about the branches of a union; the kind of a record says which branch it is."""
    text, field, key_follows, kinds = "", None, False, {}
    record: type[BaseModel] | None = model
    for i, part in enumerate(loc):
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        if part in kinds:
            record, kinds = kinds[part], {}
            continue
        if record is not None and not key_follows and part in _names(record):
            field = _names(record)[part]
            record, key_follows, kinds = _model_in(field.annotation), _is_mapping(field.annotation), _kinds(field.annotation)
        elif key_follows:
            key_follows = False
        elif not (kind == "extra_forbidden" and i == len(loc) - 1):
            continue
        word = part if len(part) <= 40 else f"{part[:39]}…"
        text += f".{word}" if text else word
    return _Spot(text, record, field)


def _reword(spot: _Spot, detail: ErrorDetails, where: str) -> RecordError:
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "value_error":
        cause = context.get("error")
        if isinstance(cause, AmeloError):
            inner = cause.where.replace(": ", ".")
            place = where + ("." if spot.place else ": ") * bool(inner) + inner
            return RecordError(cause.what, where=place, why=cause.why, fix=cause.fix)
        return RecordError(str(cause), where=where)
    name = next((part for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    if kind == "missing":
        return RecordError(f"{shorten(name)} is missing", where=where)
    if kind == "union_tag_invalid":
        valid = [word.strip("' ") for word in context["expected_tags"].split(", ")]
        return RecordError(
            f"{shorten(context['tag'])} is not a kind that is known", where=where, fix=nearest(context["tag"], valid)
        )
    if kind == "union_tag_not_found":
        return RecordError("'kind' is missing", where=where)
    if kind == "extra_forbidden":
        fix = nearest(name, _names(spot.record) if spot.record else (), limit=30)
        return RecordError(f"{shorten(name)} is not a known key", where=where, fix=fix)
    if kind == "literal_error":
        valid = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        fix = nearest(value, valid, limit=30)
        if isinstance(value, Mapping | list | tuple):
            return RecordError(f"{shorten(value)} is not a word", where=where, fix=nearest("", valid, limit=30))
        return RecordError(f"{shorten(value)} is not a valid value", where=where, fix=fix)
    if kind in BOUNDS:
        limit = context[BOUNDS[kind][0]]
        allowed = _range(spot.field) or f"{BOUNDS[kind][1]} {limit:g}"
        return RecordError(f"{shorten(value)} is out of range", where=where, why=f"allowed {allowed}")
    if kind == "finite_number":
        return RecordError(f"{shorten(value)} is not a number", where=where, fix="leave it out, or write a number")
    if kind == "string_pattern_mismatch":
        forms = [getattr(spot.field, "description", None), *_descriptions(spot.field)]
        form = next((text for text in forms if text), "")
        return RecordError(f"{shorten(value)} has not the form it should have", where=where, why=form)
    if kind in ("string_too_long", "string_too_short", "too_long", "too_short"):
        things = "characters" if kind.startswith("string") else "entries"
        word, limit = ("most", context["max_length"]) if kind.endswith("long") else ("least", context["min_length"])
        length = len(value) if isinstance(value, str | list | tuple | dict) else "?"
        return RecordError(f"it has {length} {things}", where=where, why=f"allowed at {word} {limit}")
    expected = KINDS.get(kind.removesuffix("_type"))
    if expected:
        note = ' or "unknown"' if spot.field is not None and "unknown" in str(spot.field.annotation) else ""
        return RecordError(f"{shorten(value)} is not {expected}{note}", where=where)
    message = detail["msg"]
    return RecordError(f"{shorten(value)}: {message[0].lower()}{message[1:]}", where=where)


def _names(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field for key, field in model.model_fields.items() for name in (key, field.alias or key)}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _kinds(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the records of a union that are told apart by their kind, by kind; none when it is no such union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        kind = annotation.model_fields.get("kind")
        return {kind.default: annotation} if kind is not None and get_origin(kind.annotation) is Literal else {}
    return {kind: found for part in get_args(annotation) for kind, found in _kinds(part).items()}


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_mapping(part) for part in get_args(annotation))


def _metadata(annotation: Any) -> list[Any]:
    own = list(getattr(annotation, "__metadata__", ()))
    return own + [item for part in get_args(annotation) if not isinstance(part, str) for item in _metadata(part)]


def _descriptions(field: Any) -> list[str]:
    if field is None:
        return []
    return [text for item in _metadata(field.annotation) if (text := getattr(item, "description", None))]


def _range(field: Any) -> str:
    """Return ``low to high unit`` as the field has them, empty when it has not both."""
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
