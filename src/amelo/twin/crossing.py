"""Where a profile of cell averages passes a value, found inside the cells.

Between the cell averages lies a curve that keeps every average and overshoots none of them: the derivative of the monotone cubic
of Fritsch and Butland through the cumulative integral.  A sharp front is then placed inside its own cell, a smooth one to second order.
"""

from __future__ import annotations

import numpy as np

__all__ = ["deepest_above", "face_values", "first_above"]


def face_values(values: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return the curve at the faces, zero wherever the averages on both sides differ in sign.

    Arguments: values (…, N) cell averages; widths (N,) of the cells.  Returns: (…, N + 1).
    Source: the weighted harmonic mean of fritsch1984.
    """
    left, right = values[..., :-1], values[..., 1:]
    towards_right, towards_left = 2.0 * widths[1:] + widths[:-1], widths[1:] + 2.0 * widths[:-1]
    same = left * right > 0.0
    safe_left, safe_right = np.where(same, left, 1.0), np.where(same, right, 1.0)
    weighted = towards_right * safe_right + towards_left * safe_left
    inner = safe_left * ((towards_right + towards_left) * safe_right / weighted)
    return np.concatenate([values[..., :1], np.where(same, inner, 0.0), values[..., -1:]], axis=-1)


def deepest_above(
    values: np.ndarray, edges: np.ndarray, threshold: np.ndarray | float, among: np.ndarray | None = None
) -> np.ndarray:
    """Return the deepest place at which the curve is above a threshold, nan where no average is.

    Arguments: values (…, N) cell averages; edges (N + 1,) growing; threshold (…) or one number; among (…, N), the cells in which
    to look.  Returns: (…) in the unit of the edges; the last edge when the last cell is above.
    """
    values = np.asarray(values, dtype=float)
    widths = np.diff(edges)
    count = values.shape[-1]
    limit = np.broadcast_to(np.asarray(threshold, dtype=float), values.shape[:-1])
    above = values > limit[..., None]
    if among is not None:
        above &= among
    last = count - 1 - np.argmax(above[..., ::-1], axis=-1)
    faces = face_values(values, widths)
    beyond = (_take(faces, last + 1) > limit) & (last + 1 < count)  # the curve falls below only in the next cell
    cell = np.where(beyond, last + 1, last)
    share = _share_of_cell(_take(faces, cell), _take(values, cell), _take(faces, cell + 1), limit, beyond)
    place = edges[cell] + share * widths[cell]
    place = np.where((last == count - 1) & ~beyond, edges[-1], place)
    return np.where(above.any(axis=-1), place, np.nan)


def first_above(
    values: np.ndarray, edges: np.ndarray, threshold: np.ndarray | float, among: np.ndarray | None = None
) -> np.ndarray:
    """Return the shallowest place at which the curve is above a threshold; arguments as in :func:`deepest_above`."""
    mirrored = None if among is None else among[..., ::-1]
    return -deepest_above(np.asarray(values)[..., ::-1], -np.asarray(edges)[::-1], threshold, mirrored)


def _take(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]


def _share_of_cell(start: np.ndarray, mean: np.ndarray, end: np.ndarray, limit: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return where in a cell (0-1) the parabola with these end values and this mean is at the limit.

    With two such places the first is meant where ``first`` holds, else the last.
    """
    square, slope, rest = 3.0 * (start + end) - 6.0 * mean, 6.0 * mean - 4.0 * start - 2.0 * end, start - limit
    root = np.sqrt(np.maximum(slope**2 - 4.0 * square * rest, 0.0))
    large = -0.5 * (slope + np.where(slope < 0.0, -root, root))  # never the difference of two near numbers
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        candidates = np.stack([large / square, rest / large])
    inside = (candidates > -1e-9) & (candidates < 1.0 + 1e-9)
    earliest = np.where(inside, candidates, np.inf).min(axis=0)
    latest = np.where(inside, candidates, -np.inf).max(axis=0)
    found = np.where(first, earliest, latest)
    fallback = np.where(first, 0.0, 1.0)  # the limit is touched at a face only
    return np.clip(np.where(np.isfinite(found), found, fallback), 0.0, 1.0)
