"""The cohort of caries onset: one row per first permanent molar, ages in years, intervals as the examinations leave them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import FormatError
from amelo.forecast.cohort import (
    check_clusters,
    check_events,
    check_named,
    check_one_split,
    check_order,
    check_unique,
    check_varies,
    code_column,
    numeric_column,
    read_table,
    require_columns,
    rows_named,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIRST_MOLARS", "INPUTS", "Cohort", "cohort_of", "read_cohort"]

FIRST_MOLARS = (16, 26, 36, 46)
OLDEST = 25  # years; a larger number is a time in days or months
DAYS = "give ages in years of age, not times in days or from the first visit"
YES_NO = ("girl", "brush_daily", "seal", "plaque_pits", "plaque_total", "erupted_base", "upper")
DECIDUOUS = tuple(f"adj{position}_{state}" for position in (4, 5) for state in "dmf")
COUNTS = {  # column: largest value
    "start_brush": 15, "mouth_d": 8, "mouth_m": 8, "mouth_f": 8, "oth_seal": 1, "oth_plaque": 3, "oth_caries_base": 3,
}  # fmt: skip
INPUTS = (*YES_NO, *DECIDUOUS, *COUNTS)
AGES = ("lo", "hi", "e_lo", "e_hi", "age_base", "age_last")
REQUIRED = ("id", "tooth_fdi", "at_risk_base", *AGES, *INPUTS)
MAY_BE_CONSTANT = ("girl", "upper", "adj4_m", "adj5_m", "mouth_m", "plaque_total", "oth_caries_base", "erupted_base")


@dataclass(frozen=True)
class Cohort:
    """Teeth of children as arrays of equal length, sorted by child and tooth.

    Arguments: child (0, 1, …), tooth (FDI), at_risk (free of caries at the first examination), lo, hi (years of age; caries in (lo, hi],
    lo NaN left-censored, hi NaN right-censored), e_lo, e_hi (emergence in (e_lo, e_hi]), age_base, age_last (first and last examination), inputs (column: values, NaN unknown),
    groups (column: text, for subgroups only), split ("" where the file has none).
    """

    child: np.ndarray
    tooth: np.ndarray
    at_risk: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    e_lo: np.ndarray
    e_hi: np.ndarray
    age_base: np.ndarray
    age_last: np.ndarray
    inputs: dict[str, np.ndarray]
    groups: dict[str, np.ndarray]
    split: np.ndarray

    def __len__(self) -> int:
        return len(self.child)

    @property
    def followed(self) -> np.ndarray:
        """Teeth at risk at the first examination and seen again: the others say nothing about what came after it."""
        return self.at_risk & ~((self.lo <= self.age_base) & np.isnan(self.hi))

    def take(self, mask: np.ndarray) -> Cohort:
        """Return the teeth where ``mask`` holds, children numbered anew."""
        return _sorted(
            **{
                field.name: {k: v[mask] for k, v in getattr(self, field.name).items()}
                if field.name in ("inputs", "groups")
                else getattr(self, field.name)[mask]
                for field in fields(self)
            }
        )


def _sorted(**parts: Any) -> Cohort:
    order = np.lexsort((parts["tooth"], parts["child"]))
    _, parts["child"] = np.unique(parts["child"], return_inverse=True)
    ordered = {
        name: {k: v[order] for k, v in part.items()} if isinstance(part, dict) else part[order] for name, part in parts.items()
    }
    return Cohort(**ordered)


def read_cohort(source: str | Path | pd.DataFrame, *, split: str = "") -> Cohort:
    """Read and check a table with the columns of the cohort.

    Arguments: source (.csv, .csv.gz, .parquet or a data frame); split (take only rows whose column ``split`` says so).
    Raises: FileError, FormatError: one sentence that names the column, the rows and the fix.
    """
    table = read_table(source)
    require_columns(table, [*REQUIRED, "split"] if split else REQUIRED)
    check_named(table, "id", "child")
    if "split" in table.columns:
        check_one_split(table, "id", "split", "child")
    if split:
        where, found = table.attrs["where"], sorted({str(s) for s in table["split"].dropna()})
        table = table[table["split"] == split].reset_index(drop=True)
        if not len(table):
            raise FormatError(f"column split has no row '{split}'", where=where, fix="it holds " + ", ".join(found))
        table.attrs["where"] = where
    return cohort_of(table)


def cohort_of(table: pd.DataFrame) -> Cohort:
    """Check a data frame and return it as arrays.

    Raises: FormatError.
    """
    where = table.attrs.get("where", "")
    check_unique(table, ("id", "tooth_fdi"), "a tooth")
    molars = "only first permanent molars (16, 26, 36, 46 in FDI numbers) are forecast here; leave out other teeth"
    tooth = code_column(table, "tooth_fdi", FIRST_MOLARS, hint=molars).astype(int)
    ages = {
        name: numeric_column(table, name, low=0, high=OLDEST, unit="years", missing=name in ("lo", "hi"), hint=DAYS)
        for name in AGES
    }
    check_order(table, "lo", "hi", strict=True)
    check_order(table, "e_lo", "e_hi", strict=True)
    check_order(table, "e_lo", "hi", strict=True)
    check_order(table, "age_base", "age_last")
    at_risk = code_column(table, "at_risk_base", (0, 1)) == 1
    check_events(table, "hi", ~np.isnan(ages["hi"]) & at_risk, "caries after the first examination")
    empty = np.isnan(ages["lo"]) & np.isnan(ages["hi"])
    if empty.any():
        what = f"columns lo and hi are both empty in {rows_named(empty)}"
        raise FormatError(what, where=where, fix="fill lo with the age at the last examination without caries")
    if "cens" in table.columns:
        code_column(table, "cens", ("left", "interval", "right"))
    before = at_risk & ~(ages["lo"] >= ages["age_base"] - 1e-9)
    if before.any():
        what = f"column at_risk_base is 1 and lo is empty or below age_base in {rows_named(before)}"
        raise FormatError(what, where=where, fix="a tooth at risk was sound at age_base, so lo is age_base or later")
    inputs = {name: code_column(table, name, (0, 1), missing=True) for name in (*YES_NO, *DECIDUOUS)}
    inputs |= {name: numeric_column(table, name, low=0, high=high, hint="correct these rows") for name, high in COUNTS.items()}
    check_clusters(table, "id", "child")
    check_varies(table, [name for name in ("lo", "age_base", *INPUTS) if name not in MAY_BE_CONSTANT])
    groups = {name: table[name].astype(str).to_numpy() for name in ("province", "educ") if name in table.columns}
    split = table["split"].astype(str).to_numpy() if "split" in table.columns else np.full(len(table), "")
    child = np.unique(table["id"].astype(str).to_numpy(), return_inverse=True)[1]
    return _sorted(child=child, tooth=tooth, at_risk=at_risk, **ages, inputs=inputs, groups=groups, split=split)
