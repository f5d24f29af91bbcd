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

    Arguments: found (mechanics of the cells (M, N)); edges (N + 1,) or (M, N + 1) [m]; dentine (N,) or (M, N), true where it is dentine; present (M, N),
    true where tissue still is, None for all; laws (whose reach must be common to all members).
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
    one_for_all = faces.shape == (found.stiffness.shape[1] + 1,)
    each_its_own = faces.shape == (found.stiffness.shape[0], found.stiffness.shape[1] + 1)
    if not (one_for_all or each_its_own) or not (np.diff(faces) > 0.0).all():
        raise ParameterError("edges are not one more than cells, or do not rise")
    reach = laws["mismatch.reach"]
    if reach.ndim:
        raise ParameterError("the reach of mismatch differs between members", fix="change it for all alike")
    level = np.log(np.maximum(found.stiffness, 1e-6))
    if present is not None:  # a member starts where its tissue does: what was cut away has no interface
        first = np.argmax(present, axis=1)
        cells = np.arange(level.shape[1])
        level = np.take_along_axis(level, np.maximum(cells[None, :], first[:, None]), axis=1)
    middle = 0.5 * (faces[..., 1:] + faces[..., :-1])
    start = np.concatenate([middle, middle - reach], axis=-1)  # straight lines differ most where one of them bends
    difference = _between(level, middle, start + reach) - _between(level, middle, start)
    alpha = np.tanh(0.5 * np.abs(difference).max(axis=1))  # difference over sum of moduli

    outside, inside = found.extrafibrillar, np.minimum(found.intrafibrillar, found.extrafibrillar)
    wrong = (outside - inside) / np.maximum(outside + inside, 1e-12)
    mine = np.broadcast_to(np.asarray(dentine, bool), level.shape)
    weight = np.where(mine if present is None else mine & present, np.diff(faces), 0.0)
    whole = weight.sum(axis=1)
    compartment = np.where(whole > 0.0, (weight * wrong * wrong).sum(axis=1) / np.where(whole > 0.0, whole, 1.0), 0.0)
    return Mismatch(alpha * alpha, compartment)


def _between(level: np.ndarray, middle: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return values (M, K) at places (K,) or (M, K) on straight lines between the middles (N,) or (M, N) of cells, the ends beyond them."""
    count = middle.shape[-1]
    if count == 1:
        return np.repeat(level, places.shape[-1], axis=1)
    if middle.ndim == 1:
        left = np.searchsorted(middle, places, side="right")
    else:
        left = (places[:, :, None] >= middle[:, None, :]).sum(axis=2)
    left = np.clip(left - 1, 0, count - 2)
    near, far = np.take_along_axis(middle, left, axis=-1), np.take_along_axis(middle, left + 1, axis=-1)
    part = np.clip((places - near) / (far - near), 0.0, 1.0)
    rows = np.broadcast_to(left, (len(level), left.shape[-1]))
    return np.take_along_axis(level, rows, axis=1) * (1.0 - part) + np.take_along_axis(level, rows + 1, axis=1) * part


def mismatch_factor(found: Mismatch, laws: Laws | None = None) -> np.ndarray:
    """Return what mismatch leaves of strength, (M,), 1 without any.

    Arguments: found; laws.
    Assumptions: stress at a crack grows by a share of each mismatch; both shares are our judgement, since cracks were seen to run in
    hypermineralised zones and nobody measured how much strength that costs.
    Source: col1a2dentine.
    """
    laws = laws or Laws.named()
    return 1.0 / (1.0 + laws["mismatch.by_stiffness"] * found.elastic + laws["mismatch.by_compartment"] * found.compartment)
