"""A specimen as the TOML that it would be read from, and with other values of its parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from amelo.records.check import build
from amelo.records.specimen import Specimen
from amelo.records.specimen_parts import Kinetics

__all__ = ["specimen_text", "with_ranges"]

Ranges = Mapping[str, tuple[float, float, float]]
STATED_BY_KINETICS = {"dissolution_rate": "k", "growth_ratio": "growth_ratio"}


def specimen_text(specimen: Specimen, *, comment: str = "") -> str:
    """Return TOML that reads back as an equal specimen.

    Arguments: specimen; comment (lines that go in front, each after #).  A profile read from a file is written out point by point.
    """
    data = specimen.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    head = "".join(f"# {line}\n".replace("# \n", "#\n") for line in comment.splitlines())
    return head + "".join(_table(data, ()))


def with_ranges(specimen: Specimen, ranges: Ranges) -> Specimen:
    """Return a specimen whose parameters have other values and ranges.

    Arguments: specimen; ranges, value, low and high by name.  What the specimen stated of them elsewhere is taken out there, because a
    value can be given once only.
    Raises: RecordError for a value that is not possible.
    """
    data = specimen.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    parameters = dict(data.get("parameters", {}))
    for name, (value, low, high) in ranges.items():
        parameters[name] = {"value": value, "low": low, "high": high}
        if name in ("porosity", "sound_mineral"):
            data.pop(name, None)
        elif name == "pore_diffusivity":
            data[name] = f"{value!r} m2/s"
            parameters[name]["value"] = float(f"{value:.14g}")
        elif name in STATED_BY_KINETICS and isinstance(specimen.kinetics, Kinetics):
            data["kinetics"].pop(STATED_BY_KINETICS[name], None)
        elif name.startswith("pk."):
            for part in data.get("classes", ()):
                if part["phase"] == name.removeprefix("pk."):
                    part.pop("pk", None)
    return build(Specimen, _tuples(data | {"parameters": parameters}), specimen.name)


def _tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table: its plain values first, then the tables in it."""
    inline = path == ("parameters",)  # ranges stand on one line each
    later = {} if inline else {key: item for key, item in data.items() if isinstance(item, Mapping) or _are_tables(item)}
    if path and (len(later) < len(data) or not data):
        yield f"\n[{'.'.join(map(_key, path))}]\n"
    for key, item in data.items():
        if key not in later:
            yield f"{_key(key)} = {_value(item)}\n"
    for key, item in later.items():
        if isinstance(item, Mapping):
            yield from _table(item, (*path, key))
        else:
            for part in item:
                yield f"\n[[{'.'.join(map(_key, (*path, key)))}]]\n"
                yield from (f"{_key(name)} = {_value(each)}\n" for name, each in part.items())


def _are_tables(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) > 0 and all(isinstance(part, Mapping) for part in item)


def _key(key: str) -> str:
    return (
        key
        if key.replace("_", "").replace("-", "").isascii() and key.replace("_", "").replace("-", "").isalnum()
        else json.dumps(key)
    )


def _value(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in item.items()) + "}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(map(_value, item)) + "]"
    return json.dumps(item, ensure_ascii=False) if isinstance(item, str) else repr(item)
