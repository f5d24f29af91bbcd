"""Mismatch: mineral in the wrong place, by depth and between the compartments of dentine, so that more mineral can harm.

A stiff zone beside a soft one concentrates stress where they meet, and mineral outside the fibrils without mineral inside them makes a stiff
frame round soft rods.  Both are measured as Dundurs measures a pair of bodies: difference over sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.structure.laws import Laws
from amelo.twin.structure.tissue import Mechanics

__all__ = ["Mismatch", "mismatch", "mismatch_factor"]


@dataclass(frozen=True, eq=False)
class Mismatch:
    """Mismatch of M members, without dimension, 0 in a sound tooth.

    Fields: elastic (M,), the square of Dundurs' first parameter between the two places that differ most in stiffness over sound among those
    one reach apart: 1 for something beside nothing; compartment (M,), of mineral outside and inside fibrils, the mean
    over dentine of difference over sum squared, 1 where there is none inside.
    """

    elastic: np.ndarray
    compartment: np.ndarray


def mismatch(
    found: Mechanics,
    edges: np.ndarray,
    dentine: np.ndarray | bool = True,
    *,
    present: np.ndarray | None = None,
    laws: Laws | None = None,
) -> Mismatch:
    """Return the mismatch of columns.

    Arguments: found (mechanics of the cells (M, N)); edges (N + 1,) or (M, N + 1) [m]; dentine (N,) or (M, N), true where it is dentine;
    present (M, N), the share of a cell that is still there, or whether, None for all; laws (whose reach must be common to all members).
    Returns: what hardly depends on how fine the cells are, once they are finer than the reach: a jump counts whole, the same difference
    spread over many times the reach hardly.
    Raises: ParameterError for shapes that do not fit or edges that do not rise.
    Assumptions: stiffness is taken over that of sound tissue, so that the junction of sound enamel and dentine, which arrests cracks, counts
    nothing; of two bodies alike in Poisson's ratio Dundurs' first parameter is difference over sum of their moduli; the worst place counts,
    as for a crack.  Between middles of cells logarithms of stiffness run straight.
    Source: bechtle2010, col1a2dentine.
    """
    laws = laws or Laws.named()
    faces = np.asarray(edges, float)
    members, cells = found.stiffness.shape
    if faces.shape not in ((cells + 1,), (members, cells + 1)) or not (np.diff(faces, axis=-1) > 0.0).all():
        raise ParameterError("edges are not one more than cells, or do not rise")
    reach = laws["mismatch.reach"]
    if reach.ndim:
        raise ParameterError("the reach of mismatch differs between members", fix="change it for all alike")
    level = np.log(np.maximum(found.stiffness, 1e-6))
    there = np.ones(level.shape) if present is None else np.asarray(present, float)
    if present is not None:  # a member starts where its tissue does: what was cut away has no interface
        first = np.argmax(there > 0.0, axis=1)
        level = np.take_along_axis(level, np.maximum(np.arange(cells)[None, :], first[:, None]), axis=1)
    middle = 0.5 * (faces[..., 1:] + faces[..., :-1])
    # straight lines differ most where one of them bends: at the middle of a cell, one reach further in or out
    inward = _between(level, middle, middle + reach) - level
    outward = level - _between(level, middle, middle - reach)
    difference = np.maximum(np.abs(inward).max(axis=1), np.abs(outward).max(axis=1))
    alpha = np.tanh(0.5 * difference)  # difference over sum of moduli

    outside, inside = found.extrafibrillar, np.minimum(found.intrafibrillar, found.extrafibrillar)
    wrong = (outside - inside) / np.maximum(outside + inside, 1e-12)
    mine = np.broadcast_to(np.asarray(dentine, bool), level.shape)
    weight = mine * there * np.diff(faces, axis=-1)
    whole = weight.sum(axis=1)
    compartment = np.where(whole > 0.0, (weight * wrong * wrong).sum(axis=1) / np.where(whole > 0.0, whole, 1.0), 0.0)
    return Mismatch(alpha * alpha, compartment)


def _between(level: np.ndarray, middle: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return values (M, K) at places (K,) or (M, K) on straight lines between the middles of cells, the ends beyond them."""
    cells = middle.shape[-1]
    if cells == 1:
        return np.repeat(level, places.shape[-1], axis=1)
    if middle.ndim == 1:
        left = np.clip(np.searchsorted(middle, places, side="right") - 1, 0, cells - 2)
        low, high, before, after = level[:, left], level[:, left + 1], middle[left], middle[left + 1]
    else:  # members one behind the other on one long line, so that one search finds all
        lowest = min(float(middle.min()), float(places.min()))
        stride = 1.0 + max(float(middle.max()), float(places.max())) - lowest
        shift = (stride * np.arange(len(middle)) - lowest)[:, None]
        row = cells * np.arange(len(middle))[:, None]
        found = np.searchsorted((middle + shift).ravel(), (places + shift).ravel(), side="right").reshape(places.shape) - row
        left = np.clip(found - 1, 0, cells - 2)
        low, high, before, after = (np.take_along_axis(x, k, axis=1) for x in (level, middle) for k in (left, left + 1))
    part = np.clip((places - before) / (after - before), 0.0, 1.0)
    return low + part * (high - low)


def mismatch_factor(found: Mismatch, laws: Laws | None = None) -> np.ndarray:
    """Return what mismatch leaves of strength, (M,), 1 without any.

    Arguments: found; laws.
    Assumptions: stress at a crack grows by a share of each mismatch; both shares are our judgement, since cracks were seen to run in
    hypermineralised zones and nobody measured how much strength that costs.
    Source: col1a2dentine.
    """
    laws = laws or Laws.named()
    return 1.0 / (1.0 + laws["mismatch.by_stiffness"] * found.elastic + laws["mismatch.by_compartment"] * found.compartment)
