"""Read a user's cohort file and refuse it, in one sentence with column, rows and fix, when it cannot be what it should be.

Rows are counted from 1, the first line under the names of the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import FileError, FormatError, nearest, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "check_clusters",
    "check_events",
    "check_has_split",
    "check_named",
    "check_one_split",
    "check_order",
    "check_unique",
    "check_varies",
    "code_column",
    "numeric_column",
    "read_table",
    "require_columns",
    "rows_named",
]

SHOWN = 3  # rows named in a sentence; more are counted
FEWEST = 20  # clusters below which neither a fit nor an interval by resampling clusters means anything
SPLITS = ("train", "dev")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SUFFIXES = (".parquet", ".csv", ".csv.gz")


def read_table(source: str | Path | pd.DataFrame, *, person: str = "id") -> pd.DataFrame:
    """Return the table in a .csv, .csv.gz or .parquet file, or the data frame itself, with rows numbered from 0.

    Arguments: source; person (the column that names people, kept as it is written where numbers begin with 0: 07 and 7 are two).
    Raises: FileError when the file is not there, FormatError when it is not a table or has no names of columns.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return _with_header(source.reset_index(drop=True), source.attrs.get("where", "the table"))  # the file that it came from
    path = Path(source)
    if not path.name.endswith(SUFFIXES):
        raise FormatError(
            f"{path.name} is not a kind of table that is read here", fix="use a file ending in " + ", ".join(SUFFIXES)
        )
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, person)
    except FormatError:
        raise
    except UnicodeError:
        raise FormatError(
            f"{path.name} is not a readable table", why="its letters are not in UTF-8", fix="save it as CSV in UTF-8"
        ) from None
    except OSError as error:
        why = error.strerror or "it is damaged or not of this format"
        raise FileError(f"cannot read {path.name}", why=why, fix="check the path") from None
    except Exception as error:  # pandas and pyarrow raise many kinds for damaged files
        why = shorten(str(error).splitlines()[0] if str(error) else type(error).__name__, 90)
        raise FormatError(f"{path.name} is not a readable table", why=why, fix="write it again as CSV or parquet") from None
    return _with_header(table.reset_index(drop=True), path.name)


def _read_csv(path: Path, person: str) -> pd.DataFrame:
    import csv
    import gzip

    import pandas as pd

    with gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as file:
        first = file.readline()
    names = next(csv.reader([first]), [])
    mark = next((mark for mark in SEPARATORS if len(names) == 1 and mark in first), "")
    if mark:
        what = f"the columns are separated by {SEPARATORS[mark]} and not by commas"
        raise FormatError(what, where=path.name, fix="save it with commas between columns and points in numbers")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice and not all(_is_number(name) for name in twice):  # numbers are values, and the header is missing
        raise FormatError(f"column {twice[0]} stands twice", where=path.name, fix="leave one out, or rename it")
    table = pd.read_csv(path, low_memory=False)
    if person in table and pd.api.types.is_integer_dtype(table[person]):
        words = pd.read_csv(path, usecols=[person], dtype=str)[person]
        if words.str.match(r"\s*0\d").any():
            table[person] = words.str.strip()
    return table


def _with_header(table: pd.DataFrame, where: str) -> pd.DataFrame:
    names = [str(name) for name in table.columns]
    numbers = sum(_is_number(name) for name in names)
    if names and numbers >= max(1, len(names) // 2):
        what = f"the first line holds values ({', '.join(names[:3])} …) and not the names of the columns"
        raise FormatError(what, where=where, fix="put one line of column names on top")
    if not len(table):
        raise FormatError("the table has no rows", where=where, fix="give at least one row per tooth")
    table.attrs["where"] = where
    table.columns = names
    return table


def _is_number(name: str) -> bool:
    try:
        float(name.split(".")[0] + "." + "".join(name.split(".")[1:2]))
    except ValueError:
        return name.startswith("Unnamed:")
    return True


def rows_named(mask: np.ndarray) -> str:
    """Return the rows where a mask holds, for a sentence: ``row 4``, ``rows 2, 9``, ``rows 2, 9, 11 and 40 more``."""
    rows = np.flatnonzero(mask) + 1
    shown = ", ".join(str(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}{more}"


def require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a table that lacks columns, each with the nearest name that it has.

    Raises: FormatError.
    """
    missing = [name for name in names if name not in table.columns]
    if not missing:
        return
    others = [column for column in table.columns if column not in names]
    near = {name: nearest(name, others, limit=0) for name in missing}
    first = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    found = next(((name, advice) for name, advice in near.items() if advice), None)
    fix = f"for {found[0]}: {found[1]} Rename it" if found else "add " + ("it" if len(missing) == 1 else "them")
    what = f"column {first} is missing" if len(missing) == 1 else f"columns {first} are missing"
    raise FormatError(what, where=_where(table), fix=fix)


def numeric_column(
    table: pd.DataFrame,
    name: str,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    unit: str = "",
    missing: bool = True,
    hint: str = "",
) -> np.ndarray:
    """Return a column as floats, NaN where it is empty.

    Arguments: table, name; low, high (allowed values), unit; missing (whether cells may be empty); hint (what to do when values
    are outside, such as a change of unit).
    Raises: FormatError naming the column, the rows and the fix.
    """
    import pandas as pd

    given = table[name]
    values = pd.to_numeric(given, errors="coerce").to_numpy(float, na_value=np.nan)
    text = np.isnan(values) & given.notna().to_numpy()
    if text.any():
        example = shorten(given.to_numpy()[np.flatnonzero(text)[0]])
        what = f"column {name} has text where a number is due in {rows_named(text)}, such as {example}"
        raise FormatError(what, where=_where(table), fix="write a number, or leave the cell empty when it is unknown")
    if np.isinf(values).any():
        raise FormatError(
            f"column {name} is infinite in {rows_named(np.isinf(values))}", where=_where(table), fix="leave the cell empty"
        )
    if not missing and np.isnan(values).any():
        raise FormatError(
            f"column {name} is empty in {rows_named(np.isnan(values))}", where=_where(table), fix="fill it, or leave out these rows"
        )
    outside = (values < low) | (values > high)
    if outside.any():
        example = f"{values[np.flatnonzero(outside)[0]]:g}"
        what = f"column {name} is outside its range in {rows_named(outside)}, such as {example}"
        above = f"above 0 up to {high:g}" if low == np.nextafter(0, 1) else f"{low:g} to {high:g}"
        why = f"allowed {above} {unit}".rstrip()
        raise FormatError(what, where=_where(table), why=why, fix=hint or "correct these rows")
    return values


def code_column(table: pd.DataFrame, name: str, codes: Iterable[int | str], *, missing: bool = False, hint: str = "") -> np.ndarray:
    """Return a column of codes as it stands, after refusing codes that are not known.

    Arguments: table, name; codes (all of one type: whole numbers give floats, NaN where empty; words give words, "" where empty);
    missing (whether cells may be empty); hint (what to do about an unknown code; otherwise the nearest one is named).
    Raises: FormatError naming the column, the rows and the nearest code.
    """
    codes = list(codes)
    if isinstance(codes[0], str):
        values = table[name].astype(object).where(table[name].notna(), "").astype(str).to_numpy()
        empty, known = values == "", np.isin(values, codes)
    else:
        values = numeric_column(table, name, missing=missing)
        empty, known = np.isnan(values), np.isin(values, codes)
    if not missing and empty.any():
        raise FormatError(
            f"column {name} is empty in {rows_named(empty)}", where=_where(table), fix="fill it, or leave out these rows"
        )
    unknown = ~known & ~empty
    if unknown.any():
        first = values[np.flatnonzero(unknown)[0]]
        shown = first if isinstance(first, str) else f"{first:g}"
        what = f"column {name} has the unknown code {shown} in {rows_named(unknown)}"
        fix = hint or nearest(shown, codes) or "use one of " + ", ".join(str(code) for code in codes[:12])
        raise FormatError(what, where=_where(table), fix=fix)
    return values


def check_order(table: pd.DataFrame, low: str, high: str, *, strict: bool = False) -> None:
    """Refuse rows whose lower limit lies above the upper one; empty limits are open.

    Raises: FormatError.
    """
    a, b = numeric_column(table, low), numeric_column(table, high)
    wrong = (a >= b) if strict else (a > b)
    if wrong.any():
        relation = "not below" if strict else "above"
        what = f"column {low} is {relation} {high} in {rows_named(wrong)}"
        raise FormatError(what, where=_where(table), fix=f"exchange the two, or leave {high} empty when the event was not seen")


def check_unique(table: pd.DataFrame, names: Sequence[str], thing: str) -> None:
    """Refuse rows that share what must be unique, such as a tooth that stands twice.

    Raises: FormatError.
    """
    double = table.duplicated(list(names), keep=False).to_numpy()
    if double.any():
        what = f"{thing} stands twice (columns {' and '.join(names)}) in {rows_named(double)}"
        raise FormatError(what, where=_where(table), fix="keep one row for each")


def check_one_split(table: pd.DataFrame, cluster: str, split: str, person: str) -> None:
    """Refuse a split whose name is misspelt, which would be passed over, and a person whose rows stand in two splits, because the figures
    would then be measured on people trained on.

    Raises: FormatError.
    """
    words = table[split].astype(str).to_numpy()
    meant = np.array([word not in SPLITS and word.strip().lower() in SPLITS for word in words])
    if meant.any():
        word = words[np.flatnonzero(meant)[0]]
        what = f"column {split} has '{word}' in {rows_named(meant)}"
        raise FormatError(what, where=_where(table), fix=f"write '{word.strip().lower()}'")
    mixed = (table.groupby(cluster)[split].transform("nunique") > 1).to_numpy()
    if mixed.any():
        what = f"column {split} puts one {person} (column {cluster}) into two splits in {rows_named(mixed)}"
        raise FormatError(what, where=_where(table), fix=f"split by {person}, so that all rows of one stand together")


def check_varies(table: pd.DataFrame, names: Sequence[str], *, empty: bool = False) -> None:
    """Refuse columns that hold one value only: they say nothing, and are usually a slip of export.

    Arguments: table, names; empty (whether a column without any value is taken for unknown).
    Raises: FormatError.
    """
    for name in names:
        values = table[name].dropna()
        if not len(values):
            if empty:
                continue
            raise FormatError(
                f"column {name} is empty in all {len(table)} rows", where=_where(table), fix="fill it where it is known"
            )
        if values.nunique() < 2:
            value = shorten(values.iloc[0].item() if hasattr(values.iloc[0], "item") else values.iloc[0])
            what = f"column {name} is constant ({value}) in all {len(table)} rows"
            raise FormatError(what, where=_where(table), fix="check how the file was made; leave cells empty where it is unknown")


def check_clusters(table: pd.DataFrame, cluster: str, person: str, *, least: int = FEWEST) -> None:
    """Refuse a cohort of too few people.

    Raises: FormatError.
    """
    count = int(table[cluster].nunique())
    if count < least:
        people = person if count == 1 else {"child": "children"}.get(person, person + "s")
        what = f"the cohort has {count} {people} (column {cluster}, {len(table)} rows)"
        why = f"intervals are by {person} and need at least {least}"
        raise FormatError(what, where=_where(table), why=why, fix="give a larger cohort")


def check_has_split(table: pd.DataFrame, name: str) -> None:
    """Refuse a column ``split`` that never says what is asked for, such as ``train``.

    Raises: FormatError naming what it holds.
    """
    found = sorted({str(s) for s in table["split"].dropna()})
    if name not in found:
        held = f"it holds {', '.join(found[:SHOWN])}; " if found else ""
        fix = f"{held}write '{name}' in the rows that are meant, or leave the column out"
        raise FormatError(f"column split has no row '{name}'", where=_where(table), fix=fix)


def check_named(table: pd.DataFrame, cluster: str, person: str) -> None:
    """Refuse rows that do not say whose they are.

    Raises: FormatError.
    """
    empty = table[cluster].isna().to_numpy()
    if empty.any():
        what = f"column {cluster} is empty in {rows_named(empty)}"
        raise FormatError(what, where=_where(table), fix=f"name the {person} of every tooth")


def check_events(table: pd.DataFrame, column: str, happened: np.ndarray, event: str, *, least: int = 1) -> None:
    """Refuse a cohort in which the event never happened, or fewer times than are needed.

    Raises: FormatError.
    """
    count = int(np.sum(happened))
    if 0 < count < least:
        what = f"column {column} shows only {count} {event} in {len(happened)} rows"
        raise FormatError(what, where=_where(table), why=f"a model needs at least {least}", fix="give a larger or longer cohort")
    if not np.asarray(happened, bool).any():
        what = f"column {column} shows no {event} in any of the {len(table)} rows: everything is right-censored"
        raise FormatError(
            what, where=_where(table), fix=f"check how {column} was filled; without events nothing can be fitted or scored"
        )


def _where(table: Any) -> str:
    return str(table.attrs.get("where", ""))
