"""What the hazard is made of: additive terms of what is known about a child and one of its first permanent molars.

Terms are functions of the columns of the cohort, so that a table and draws of a patient's unknown inputs go through the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["COLUMNS", "GROUPS", "Column", "design", "effects", "standardise"]

Inputs = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Column:
    """One column of the design: name, group (term that is shown to people), sign that dentistry knows (+1, -1, 0 free), its values."""

    name: str
    group: str
    sign: int
    values: Callable[[Inputs], np.ndarray]


def _sealed(count: int) -> Callable[[Inputs], np.ndarray]:
    def values(x: Inputs) -> np.ndarray:
        sealed = np.round(x["seal"] + 3 * x["oth_seal"])  # of the four first molars
        return np.where(np.isnan(sealed), np.nan, sealed == count)

    return values


def _decayed(x: Inputs) -> np.ndarray:
    return np.log1p(x["mouth_d"] + x["mouth_m"] + x["mouth_f"])


def _as(name: str) -> Callable[[Inputs], np.ndarray]:
    return lambda x: x[name]


GROUPS = {  # term: words
    "sex": "girl or boy",
    "age": "age at the examination",
    "jaw": "upper or lower molar",
    "erupted": "molar through the gum at the examination",
    "start_brush": "age when brushing began",
    "brushing": "brushing every day",
    "sealant": "sealant on this molar",
    "sealed molars": "how many of the four first molars are sealed",
    "plaque": "plaque on this molar",
    "plaque elsewhere": "plaque on the other first molars",
    "primary molars beside it": "caries in the primary molars of this quadrant",
    "primary molars": "caries in all eight primary molars",
    "carious first molars": "other first molars already carious",
}
COLUMNS = (
    Column("girl", "sex", 0, _as("girl")),
    Column("age_base", "age", 0, _as("age_base")),
    Column("upper", "jaw", 0, _as("upper")),
    Column("erupted_base", "erupted", 0, _as("erupted_base")),
    Column("start_brush", "start_brush", 1, _as("start_brush")),
    Column("brush_daily", "brushing", -1, _as("brush_daily")),
    Column("seal", "sealant", -1, _as("seal")),
    *(Column(f"sealed_{n}", "sealed molars", 0, _sealed(n)) for n in (1, 2, 3, 4)),
    Column("plaque_pits", "plaque", 1, _as("plaque_pits")),
    Column("plaque_total", "plaque", 1, _as("plaque_total")),
    Column("oth_plaque", "plaque elsewhere", 1, _as("oth_plaque")),
    *(Column(f"adj{p}_{s}", "primary molars beside it", 1, _as(f"adj{p}_{s}")) for p in (4, 5) for s in "dmf"),
    Column("log_decayed", "primary molars", 1, _decayed),
    Column("oth_caries_base", "carious first molars", 1, _as("oth_caries_base")),
)


def design(inputs: Inputs, *, hidden: frozenset[str] = frozenset()) -> np.ndarray:
    """Return the columns side by side, on a last axis; unknown inputs give NaN.

    Arguments: inputs (column of the cohort, and age_base: values of one shape); hidden (groups taken as unknown).
    """
    columns = [np.asarray(column.values(inputs), float) for column in COLUMNS]
    columns = [np.full_like(v, np.nan) if c.group in hidden else v for c, v in zip(COLUMNS, columns, strict=True)]
    return np.stack(columns, axis=-1)


def standardise(matrix: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return columns centred and scaled; what is unknown is taken at the mean of the children trained on."""
    return np.nan_to_num((matrix - mean) / scale, nan=0.0)


def effects(matrix: np.ndarray, mean: np.ndarray, scale: np.ndarray, beta: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each group adds to the log hazard, against the average tooth trained on; their sum is the linear predictor.

    Arguments: matrix (… × columns), mean, scale (columns), beta (… × columns or columns, per scale).
    """
    parts = standardise(matrix, mean, scale) * beta
    return {group: parts[..., [c.group == group for c in COLUMNS]].sum(-1) for group in GROUPS}
