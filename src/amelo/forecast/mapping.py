"""A mapping from the columns of a user's file to the columns that a model knows: names, units and codes, in TOML.

::

    [columns]
    id = "patient_no"
    time = { column = "follow_up", unit = "d" }
    event = { column = "status", values = { lost = 1, kept = 0 } }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import FormatError, nearest, shorten
from amelo.forecast.cohort import numeric_column, rows_named
from amelo.forecast.cohorts import Column, columns_of
from amelo.records.read import read_toml, source_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNITS", "Source", "apply_mapping", "read_mapping"]

YEAR = 365.25  # days
UNITS = {  # unit of a column here: unit that a file may have, and its size
    "y": {"d": 1 / YEAR, "wk": 7 / YEAR, "mo": 1 / 12, "y": 1.0},
    "d": {"d": 1.0, "wk": 7.0, "mo": YEAR / 12, "y": YEAR},
    "mm": {"µm": 1e-3, "um": 1e-3, "mm": 1.0, "cm": 10.0},
    "%": {"%": 1.0, "fraction": 100.0},
}
SAME = {"years": "y"}
DIGITS = 9  # after the point, so that ages of one visit stay equal where only one of their columns is in months
KEYS = ("column", "unit", "values")
EXAMPLE = 'write for example time = { column = "follow_up", unit = "d" }'


@dataclass(frozen=True)
class Source:
    """Where a column comes from: column of the file, factor to the unit here, values of the file with what they become ({} for none)."""

    column: str
    factor: float = 1.0
    values: Mapping[str, Any] = field(default_factory=dict)


def read_mapping(path: str | Path, kind: str) -> dict[str, Source]:
    """Return where each column of a kind of model comes from.

    Raises: FileError, or FormatError naming the place in the mapping and the nearest spelling.
    """
    name, data = source_name(path), read_toml(path)
    for key in data:
        if key != "columns":
            raise FormatError(f"'{key}' is not a part of a mapping", where=name, fix=nearest(key, ["columns"]))
    entries = data.get("columns")
    if not isinstance(entries, dict) or not entries:
        raise FormatError(
            "the mapping has no [columns]", where=name, fix='write for example [columns] and under it id = "patient_no"'
        )
    known = columns_of(kind)
    found = {}
    for target, entry in entries.items():
        where = f"{name}: columns.{target}"
        if target not in known:
            fix = nearest(target, known, limit=0) or f"the columns are listed by: amelo train {kind} --columns"
            raise FormatError(f"'{target}' is not a column of {kind}", where=where, fix=fix)
        found[target] = _source(entry, known[target], where)
    return found


def _source(entry: object, target: Column, where: str) -> Source:
    if isinstance(entry, str):
        return Source(entry)
    if not isinstance(entry, dict):
        raise FormatError(f"{shorten(entry)} is not a column of your file", where=where, fix=EXAMPLE)
    for key in entry:
        if key not in KEYS:
            raise FormatError(f"'{key}' is not known here", where=where, fix=nearest(key, KEYS))
    if not isinstance(entry.get("column"), str):
        raise FormatError("the name of the column in your file is missing", where=where, fix=EXAMPLE)
    values = entry.get("values", {})
    if not isinstance(values, dict):
        raise FormatError(f"values is {shorten(values)}", where=where, fix="write for example values = { lost = 1, kept = 0 }")
    if values and "unit" in entry:
        raise FormatError("unit and values are given together", where=where, why="codes have no unit", fix="leave one out")
    for code, value in values.items():
        if isinstance(value, dict | list):
            raise FormatError(f"'{code}' becomes {shorten(value)}", where=where, fix="give a number or a word")
    return Source(entry["column"], _factor(entry["unit"], target, where) if "unit" in entry else 1.0, values)


def _factor(unit: object, target: Column, where: str) -> float:
    sizes = UNITS.get(SAME.get(target.unit, target.unit))
    if sizes is None:
        why = f"it is counted in {target.unit}" if target.unit else "it holds counts, codes or words"
        raise FormatError(f"{target.name} takes no unit", where=where, why=why, fix="leave unit out")
    if unit not in sizes:
        fix = nearest(unit, [u for u in sizes if u != "um"])
        raise FormatError(f"'{unit}' is not a unit of {target.name} ({target.words})", where=where, fix=fix)
    return sizes[str(unit)]


def apply_mapping(table: pd.DataFrame, mapping: Mapping[str, Source], kind: str, *, where: str = "mapping") -> pd.DataFrame:
    """Return the table with the columns that a kind of model knows: those of the mapping, and those that have their names already.

    Arguments: table (as read), mapping, kind; where (name of the mapping, for messages).
    Raises: FormatError when a column is not in the file, holds text where a unit is to be changed, or a value that is not listed.
    """
    import pandas as pd

    found: dict[str, Any] = {}
    for target, source in mapping.items():
        if source.column not in table.columns:
            what = f"your file has no column '{source.column}'"
            raise FormatError(what, where=f"{where}: columns.{target}", fix=nearest(source.column, table.columns))
        values = table[source.column]
        if source.values:
            values = _recoded(table, source, f"{where}: columns.{target}")
        elif source.factor != 1.0:
            values = np.round(numeric_column(table, source.column) * source.factor, DIGITS)
        found[target] = values
    taken = {source.column for source in mapping.values()}
    rest = [name for name in table.columns if name in columns_of(kind) and name not in found and name not in taken]
    mapped = pd.DataFrame({**{name: table[name] for name in rest}, **found}, index=table.index)
    mapped.attrs.update(table.attrs)
    return mapped


def _recoded(table: pd.DataFrame, source: Source, where: str) -> Any:
    values = table[source.column]
    words = np.array([_word(v) for v in values], dtype=object)
    empty = values.isna().to_numpy()
    unknown = ~empty & np.array([word not in source.values for word in words])
    if unknown.any():
        first = words[np.flatnonzero(unknown)[0]]
        what = f"column {source.column} has the value {shorten(first)} in {rows_named(unknown)}, which values does not list"
        fix = nearest(first, source.values, limit=0) or f'add it, for example values = {{ "{first}" = 0 }}'
        raise FormatError(what, where=where, fix=fix)
    import pandas as pd

    found = [None if nothing else source.values[word] for word, nothing in zip(words, empty, strict=True)]
    return pd.Series(found, index=values.index).infer_objects()


def _word(value: object) -> str:
    """Return a cell as it would be written in a mapping: 1 for 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return {"True": "true", "False": "false"}.get(str(value), str(value))
