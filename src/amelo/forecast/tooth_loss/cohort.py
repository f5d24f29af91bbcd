"""A cohort of teeth: checked columns, natural teeth only, mouths numbered, nothing of the order of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import FormatError
from amelo.forecast.cohort import (
    check_clusters,
    check_events,
    check_named,
    check_one_split,
    check_unique,
    check_varies,
    code_column,
    numeric_column,
    require_columns,
)
from amelo.forecast.tooth_loss.columns import columns
from amelo.forecast.tooth_loss.features import OWN, Mouths
from amelo.records.teeth import PERMANENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cohort", "read_cohort"]

LONGEST_FOLLOW_UP = 60.0  # years; more is a follow-up in days or months
VARY = ("baseline_age", "pocket_mean", "total_tooth")  # cannot be the same for everybody
MEASURED = ("bleed", "plaque", "pocket_max", "cal_mean", "cal_max", "fgm_mean", "fgm_max")  # nor can these, but all may be unknown
BY_STRUCTURE = ("furc_max",)  # empty for teeth with one root


@dataclass(frozen=True)
class Cohort:
    """Natural teeth with their follow-up.

    Arguments: mouths; patient (as the file names them), time [y], event (bool), split ("" where the file has none), each per tooth;
    notes (what was left out).
    """

    mouths: Mouths
    patient: np.ndarray
    time: np.ndarray
    event: np.ndarray
    split: np.ndarray
    notes: tuple[str, ...] = ()

    def take(self, keep: np.ndarray) -> Cohort:
        """Return the teeth where ``keep`` holds; whole patients have to stay together."""
        mouth = np.unique(self.mouths.mouth[keep], return_inverse=True)[1]
        values = {name: column[keep] for name, column in self.mouths.columns.items()}
        mouths = Mouths(mouth, self.mouths.fdi[keep], values)
        return Cohort(mouths, self.patient[keep], self.time[keep], self.event[keep], self.split[keep], self.notes)


def read_cohort(table: pd.DataFrame, *, outcomes: bool = True) -> Cohort:
    """Check a table and return its natural teeth, ordered by patient and tooth.

    Arguments: table with ``id``, ``tooth_fdi`` (or ``tooth``, Universal), ``time`` [y], ``event`` (0, 1) and the columns of
    ``columns.toml``; ``natural`` and ``split`` when there are any; outcomes (False for a cohort that is only forecast).
    Raises: FormatError naming column, rows and fix.
    """
    require_columns(table, ["id", "tooth_fdi", *(("time", "event") if outcomes else ()), *columns()])
    check_named(table, "id", "patient")
    fdi = code_column(
        table, "tooth_fdi", PERMANENT, hint="FDI numbers of permanent teeth are 11-18, 21-28, 31-38 and 41-48"
    ).astype(int)
    check_unique(table, ["id", "tooth_fdi"], "a tooth of a patient")
    if "split" in table:
        check_one_split(table, "id", "split", "patient")
    values = {}
    for name, column in columns().items():
        values[name] = numeric_column(table, name, low=column["low"], high=column["high"], unit=column["unit"])
    check_clusters(table, "id", "patient")
    check_varies(table, VARY)
    check_varies(table, MEASURED, empty=True)
    count = len(table)
    time, event = np.full(count, np.nan), np.zeros(count, bool)
    if outcomes:
        hint = "give years of follow-up, above 0; for days divide by 365.25"
        time = numeric_column(table, "time", low=np.nextafter(0, 1), high=LONGEST_FOLLOW_UP, unit="years", missing=False, hint=hint)
        if np.median(time) > 20:
            raise FormatError(
                f"column time has a median of {np.median(time):g} years", why="that looks like months or days", fix=hint
            )
        check_varies(table, ["time"])
        event = code_column(table, "event", (0, 1), hint="code a tooth that was lost as 1 and one that was not as 0").astype(bool)
        check_events(table, "event", event, "tooth lost")
    natural = _natural(table)
    split = table["split"].astype(str).to_numpy() if "split" in table else np.full(count, "")
    patient, mouth = np.unique(table["id"].to_numpy(), return_inverse=True)
    order = np.lexsort((fdi, mouth))
    order = order[natural[order]]
    left_out = count - len(order)
    notes = (f"{left_out} implants, pontics and missing teeth left out: natural teeth only",) if left_out else ()
    notes += _alike({name: values[name][order] for name in values})
    numbered = np.unique(mouth[order], return_inverse=True)[1]
    mouths = Mouths(numbered, fdi[order], {name: values[name][order] for name in values})
    return Cohort(mouths, patient[mouth[order]], time[order], event[order], split[order], notes)


def _alike(values: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Return a sentence on columns of the file that may be the same for everybody, such as the sex, and are."""
    found = {name: np.unique(column[~np.isnan(column)]) for name, column in values.items() if not name.endswith(("_ave", "_sum"))}
    alike = [f"{name} ({held[0]:g})" for name, held in found.items() if len(held) == 1]
    if not alike:
        return ()
    return (f"the same in every row: {', '.join(alike)}; if that is because it was not recorded, leave the cells empty",)


def _natural(table: pd.DataFrame) -> np.ndarray:
    """Return which rows are natural teeth; refuse a table that does not say it of every row, or that has none."""
    if "natural" not in table:
        return np.ones(len(table), bool)
    natural = code_column(table, "natural", (0, 1), hint="code a natural tooth as 1, an implant, a pontic and a gap as 0") == 1
    if not natural.any():
        what = f"column natural is 0 in all {len(table)} rows"
        raise FormatError(what, why="implants, pontics and gaps are left out", fix="code a natural tooth as 1")
    return natural


assert set(OWN) <= set(columns()), "every feature of a tooth is a column of a cohort"
