"""What a tooth-loss model looks at: the tooth, its neighbours, and how it stands in its own mouth.

All in arrays over the 32 places of a permanent mouth, so that ten thousand mouths cost what one costs.  Means of the mouth that contain
the tooth itself would give its answer away twice; the mean of the *other* teeth stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from amelo.records.teeth import PERMANENT, position, quadrant

__all__ = ["OWN", "PLACES", "Mouths", "feature_names", "features", "place"]

OWN = (
    "mobil", "bleed", "plaque", "pocket_mean", "pocket_max", "cal_mean", "cal_max", "fgm_mean", "fgm_max", "mg", "filled", "decay_new",
    "decay_recur", "dfs", "crown", "endo", "filled_tooth", "decayed_tooth",
)  # fmt: skip
BESIDE = (  # also looked at on other teeth
    "mobil", "bleed", "plaque", "pocket_mean", "pocket_max", "cal_mean", "cal_max", "decay_new", "decay_recur", "dfs", "crown", "endo",
    "decayed_tooth",
)  # fmt: skip
RELATIONS = (
    "others",
    "over",
    "rank",
    "next",
    "other_side",
)  # mean of the others, above it, rank, mean next to it, across the midline
PLACES = 32  # in the Universal order: upper right to upper left, lower left to lower right
PLACE_NAMES = ("from_midline", "place", "teeth_next", "opposite_there", "other_side_there", "teeth_in_arch", "teeth_in_other_arch",
               "teeth_in_quadrant", "teeth_behind_canines", "teeth_seen")  # fmt: skip


@cache
def place(fdi: int) -> int:
    """Return the place 0 to 31 of a permanent tooth, in the Universal order."""
    q, p = quadrant(fdi), position(fdi)
    return {1: 8 - p, 2: 7 + p, 3: 24 - p, 4: 23 + p}[q]


_PLACE_OF = np.full(100, -1)
_PLACE_OF[list(PERMANENT)] = [place(fdi) for fdi in PERMANENT]
_U = np.arange(PLACES)
_ARCH, _QUADRANT = _U // 16, _U // 8
_FROM_MIDLINE = np.where(_U % 16 < 8, 8 - _U % 16, _U % 16 - 7)
_OPPOSITE, _OTHER_SIDE = 31 - _U, 16 * _ARCH + 15 - _U % 16
_BEHIND = _FROM_MIDLINE > 3


@dataclass(frozen=True)
class Mouths:
    """Teeth of many mouths, in columns.

    Arguments: mouth (index of the mouth of each tooth, 0 to mouths − 1), fdi (of each tooth), columns (name: array over teeth; NaN is
    unknown), those of :data:`OWN`, ``furc_max`` and the mouth's own.
    """

    mouth: np.ndarray
    fdi: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def place(self) -> np.ndarray:
        """Place 0 to 31 of each tooth."""
        return _PLACE_OF[self.fdi]


def feature_names(of_mouth: tuple[str, ...]) -> list[str]:
    """Return the names of the features, in the order of :func:`features`."""
    return [*OWN, "furc_max", *of_mouth, *PLACE_NAMES, *(f"{name}.{relation}" for name in BESIDE for relation in RELATIONS)]


def features(mouths: Mouths, of_mouth: tuple[str, ...]) -> np.ndarray:
    """Return the features, of shape teeth × features; NaN where there is nothing to look at.

    Arguments: mouths; of_mouth (names of the columns of the mouth that the model uses).
    """
    at = mouths.mouth, mouths.place
    count = int(at[0].max()) + 1 if len(at[0]) else 0
    there = np.zeros((count, PLACES), bool)
    there[at] = True
    columns = mouths.columns
    molar = _FROM_MIDLINE[at[1]] > 5
    out = [columns[name] for name in OWN]
    out += [np.where(molar, columns["furc_max"], np.nan), *(columns[name] for name in of_mouth), *_places(there, at)]
    for name in BESIDE:
        grid = np.full((count, PLACES), np.nan, np.float32)
        grid[at] = columns[name]
        out += _relations(grid, at)
    return np.column_stack(out).astype(np.float32)


def _places(there: np.ndarray, at: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    mouth, u = at
    seen = there.astype(float)
    arch = seen.reshape(-1, 2, 16).sum(2)
    left, right = _shifted(seen, 0.0)
    return [
        _FROM_MIDLINE[u], _FROM_MIDLINE[u] + 8.0 * _ARCH[u], (left + right)[at], seen[mouth, _OPPOSITE[u]], seen[mouth, _OTHER_SIDE[u]],
        arch[mouth, _ARCH[u]], arch[mouth, 1 - _ARCH[u]], seen.reshape(-1, 4, 8).sum(2)[mouth, _QUADRANT[u]],
        seen[:, _BEHIND].sum(1)[mouth], seen.sum(1)[mouth],
    ]  # fmt: skip


def _shifted(grid: np.ndarray, outside: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands at the place before and at the place after, inside the same arch."""
    arches = grid.reshape(-1, 2, 16)
    before, after = np.full_like(arches, outside), np.full_like(arches, outside)
    before[:, :, 1:], after[:, :, :-1] = arches[:, :, :-1], arches[:, :, 1:]
    return before.reshape(grid.shape), after.reshape(grid.shape)


def _relations(grid: np.ndarray, at: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    """Return :data:`RELATIONS` of one column.

    Arguments: grid (mouths × places, NaN where there is no tooth or no value), at (mouth and place of each tooth).
    """
    known = ~np.isnan(grid)
    value, number = grid[at], known.sum(1, dtype=np.float32)
    rest = number[at[0]] - known[at]
    with np.errstate(invalid="ignore", divide="ignore"):
        others = (np.where(known, grid, 0.0).sum(1)[at[0]] - np.where(known[at], value, 0.0)) / rest
    others = np.where(rest > 0, others, np.nan)
    before, after = _shifted(grid, np.nan)
    both = np.where(np.isnan(before), after, np.where(np.isnan(after), before, 0.5 * (before + after)))
    return [others, value - others, _rank(grid, number)[at], both[at], grid[at[0], _OTHER_SIDE[at[1]]]]


def _rank(grid: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return the share of a mouth's teeth that are below each place, ties half; NaN where the place is."""
    out = np.empty_like(grid)
    for u in range(PLACES):
        column = grid[:, u, None]
        out[:, u] = 0.5 * ((grid < column).sum(1, dtype=np.int32) + (grid <= column).sum(1, dtype=np.int32))
    return np.where(np.isnan(grid), np.nan, out / np.maximum(number, 1)[:, None])
