"""A cohort of teeth: checked columns, natural teeth only, mouths numbered, nothing of the order of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import FormatError
from amelo.forecast.cohort import (
    check_clusters,
    check_events,
    check_one_split,
    check_unique,
    check_varies,
    code_column,
    numeric_column,
    require_columns,
    rows_named,
)
from amelo.forecast.tooth_loss.columns import columns
from amelo.forecast.tooth_loss.features import OWN, Mouths
from amelo.records.teeth import PERMANENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cohort", "read_cohort"]

LONGEST_FOLLOW_UP = 60.0  # years; more is a follow-up in days or months
VARY = ("baseline_age", "pocket_mean", "total_tooth")  # cannot be the same for everybody
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
    if table["id"].isna().any():
        raise FormatError(
            f"column id is empty in {rows_named(table['id'].isna().to_numpy())}", fix="name the patient of every tooth"
        )
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
    count = len(table)
    time, event = np.full(count, np.nan), np.zeros(count, bool)
    if outcomes:
        hint = "give years of follow-up, above 0; for days divide by 365.25"
        time = numeric_column(table, "time", low=np.nextafter(0, 1), high=LONGEST_FOLLOW_UP, unit="years", missing=False, hint=hint)
        if np.median(time) > 20:
            raise FormatError(
                f"column time has a median of {np.median(time):g} years", why="that looks like months or days", fix=hint
            )
        event = code_column(table, "event", (0, 1), hint="code a tooth that was lost as 1 and one that was not as 0").astype(bool)
        check_events(table, "event", event, "tooth lost")
    natural = numeric_column(table, "natural", low=0, high=1) == 1 if "natural" in table else np.ones(count, bool)
    split = table["split"].astype(str).to_numpy() if "split" in table else np.full(count, "")
    patient, mouth = np.unique(table["id"].to_numpy(), return_inverse=True)
    order = np.lexsort((fdi, mouth))
    order = order[natural[order]]
    left_out = count - len(order)
    notes = (f"{left_out} implants, pontics and missing teeth left out: natural teeth only",) if left_out else ()
    numbered = np.unique(mouth[order], return_inverse=True)[1]
    mouths = Mouths(numbered, fdi[order], {name: values[name][order] for name in values})
    return Cohort(mouths, patient[mouth[order]], time[order], event[order], split[order], notes)


assert set(OWN) <= set(columns()), "every feature of a tooth is a column of a cohort"
