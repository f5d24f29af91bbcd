"""What a profile says: mineral loss, depth, surface layer, and what left or entered the tissue.

Every function takes profiles (…, N) over N cells, outermost first, with any number of leading axes for members and times, and
faces ``edges`` (N + 1,) [m].  Mineral is the volume fraction of tissue summed over phases, ``sound`` the same of sound tissue.  Cells
outside the tissue (a biofilm, where ``sound`` is 0) are to be left out before.  Mineral is signed: what grows beyond sound counts
against what was lost.  Definitions: those of transverse microradiography as used in the reference results of the twin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from amelo.twin.crossing import deepest_above, first_above

__all__ = [
    "LESION_THRESHOLD",
    "SURFACE_CONTRAST",
    "SurfaceLayer",
    "collagen_loss",
    "flux",
    "integrated_mineral_loss",
    "lesion_body_mineral",
    "lesion_depth",
    "mean_mineral_loss",
    "mineral_gain",
    "mineral_share",
    "phase_amounts",
    "surface_layer",
    "surface_layer_mineral",
    "surface_layer_thickness",
    "value_at",
]

MICROMETRES = 1e6  # per metre
PERCENT = 100.0
LESION_THRESHOLD = 0.95  # share of sound mineral below which tissue counts as lesion
SURFACE_CONTRAST = 0.05  # share of sound mineral by which a surface layer exceeds the body, or it is none


class SurfaceLayer(NamedTuple):
    """A surface layer, each (…): thickness [µm], 0 where there is none; its greatest mineral [% of sound] and where [µm], nan where
    there is none; mineral of the lesion body [% of sound] and where [µm]; the difference of both [share of sound].
    """

    thickness: np.ndarray
    mineral: np.ndarray
    mineral_depth: np.ndarray
    body_mineral: np.ndarray
    body_depth: np.ndarray
    contrast: np.ndarray


def mineral_share(mineral: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Return m = mineral / sound (…, N), nan where sound tissue has no mineral."""
    known = np.asarray(sound) > 0.0
    return np.where(known, mineral / np.where(known, sound, 1.0), np.nan)


def integrated_mineral_loss(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return ΔZ = Σ (1 - m) Z_sound dx [vol%·µm] of profiles (…, N)."""
    return PERCENT * MICROMETRES * np.einsum("...n,n->...", np.asarray(sound) - np.asarray(mineral), np.diff(edges))


def lesion_depth(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray, threshold: float = LESION_THRESHOLD) -> np.ndarray:
    """Return the depth of the deepest point with m below ``threshold`` [µm], 0 where no cell is.

    The place inside the cell comes from the curve of ``amelo.twin.crossing``.  The last edge stands for a lesion that fills the column.
    """
    depth = deepest_above(_loss(mineral, sound), edges, 1.0 - threshold)
    lost = np.isfinite(np.asarray(mineral)).all(axis=-1)
    return np.where(lost, MICROMETRES * np.nan_to_num(depth, nan=0.0), np.nan)


def surface_layer(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray, contrast: float = SURFACE_CONTRAST) -> SurfaceLayer:
    """Return the surface layer of profiles (…, N).

    The outer maximum and the body minimum are the pair, in this order from the surface, that differs most in m.  Thickness is the
    depth at which m falls below the midpoint of both; a layer counts only if they differ by more than ``contrast``.
    """
    loss = _loss(mineral, sound)
    centres = MICROMETRES * 0.5 * (edges[:-1] + edges[1:])
    least = np.minimum.accumulate(loss, axis=-1)
    body = np.argmax(loss - least, axis=-1)
    outer_loss = np.take_along_axis(least, body[..., None], axis=-1)
    top = np.argmax(loss == outer_loss, axis=-1)
    deepest_loss = np.take_along_axis(loss, body[..., None], axis=-1)
    difference = (deepest_loss - outer_loss)[..., 0]
    counted = difference > contrast
    cells = np.arange(loss.shape[-1])
    between = (cells > top[..., None]) & (cells <= body[..., None])
    fall = first_above(loss, edges, 0.5 * (outer_loss + deepest_loss)[..., 0], between)
    lowest = np.argmax(loss, axis=-1)  # without a layer the body is where least mineral is left
    place = np.where(counted, body, lowest)
    body_loss = np.take_along_axis(loss, place[..., None], axis=-1)[..., 0]
    known = np.isfinite(loss).all(axis=-1)
    return SurfaceLayer(
        thickness=np.where(known, np.where(counted, MICROMETRES * np.nan_to_num(fall - edges[0]), 0.0), np.nan),
        mineral=np.where(counted & known, PERCENT * (1.0 - outer_loss[..., 0]), np.nan),
        mineral_depth=np.where(counted & known, centres[top], np.nan),
        body_mineral=np.where(known, PERCENT * (1.0 - body_loss), np.nan),
        body_depth=np.where(known, centres[place], np.nan),
        contrast=np.where(known, difference, np.nan),
    )


def surface_layer_thickness(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the depth [µm] at which m falls below the midpoint of outer maximum and body minimum, 0 without a layer."""
    return surface_layer(mineral, sound, edges).thickness


def surface_layer_mineral(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the greatest mineral of the surface layer [% of sound], nan without a layer."""
    return surface_layer(mineral, sound, edges).mineral


def lesion_body_mineral(mineral: np.ndarray, sound: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the least mineral under the surface layer, without one the least of all [% of sound]."""
    return surface_layer(mineral, sound, edges).body_mineral


def mean_mineral_loss(loss: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return R = ΔZ / LD [vol%] from ΔZ [vol%·µm] and lesion depth [µm], nan without a lesion."""
    there = np.asarray(depth) > 0.0
    return np.where(there, loss / np.where(there, depth, 1.0), np.nan)


def mineral_gain(loss: np.ndarray, first: np.ndarray, sound_content: np.ndarray) -> np.ndarray:
    """Return the share of the first ΔZ that came back [%], negative for a growing lesion, nan where there was none to begin with.

    Arguments: loss and first (…) [vol%·µm]; sound_content (…) [vol%·µm], below a billionth of which a first ΔZ is only rounding.
    """
    there = np.asarray(first) > 1e-9 * np.asarray(sound_content)
    return np.where(there, PERCENT * (first - loss) / np.where(there, first, 1.0), np.nan)


def phase_amounts(mineral: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the content of each phase (…, P) [vol%·µm] from volume fractions (…, P, N)."""
    return PERCENT * MICROMETRES * np.einsum("...n,n->...", mineral, np.diff(edges))


def flux(amount: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return the mean rate of change since the time before, 0 at the first.

    Arguments: amount (…, T) [mol/m2]; time (T,) [s].  Returns: (…, T) [mol/(m2 s)].
    """
    rate = np.zeros_like(amount, dtype=float)
    rate[..., 1:] = np.diff(amount, axis=-1) / np.diff(time)
    return rate


def collagen_loss(collagen: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the thickness of tissue [µm] whose matrix is gone, from the intact share (…, N)."""
    return MICROMETRES * np.einsum("...n,n->...", 1.0 - np.asarray(collagen), np.diff(edges))


def value_at(profile: np.ndarray, edges: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
    """Return a profile at a depth, linear between cell centres and constant beyond the outermost and innermost.

    Arguments: profile (…, N); edges (N + 1,) [m]; depth (…) or one number [m], nan gives nan.
    """
    profile = np.asarray(profile, dtype=float)
    centres = 0.5 * (edges[:-1] + edges[1:])
    if len(centres) == 1:
        return np.where(np.isnan(depth), np.nan, profile[..., 0])
    place = np.broadcast_to(np.asarray(depth, dtype=float), profile.shape[:-1])
    right = np.clip(np.searchsorted(centres, np.nan_to_num(place)), 1, len(centres) - 1)
    share = np.clip((place - centres[right - 1]) / (centres[right] - centres[right - 1]), 0.0, 1.0)
    below, above = (np.take_along_axis(profile, i[..., None], axis=-1)[..., 0] for i in (right - 1, right))
    with np.errstate(invalid="ignore"):  # a saturation index is infinite where an ion is absent
        mixed = np.where(below == above, below, below + share * (above - below))
    return np.where(np.isnan(place), np.nan, np.where(share == 0.0, below, np.where(share == 1.0, above, mixed)))


def _loss(mineral: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Return 1 - m, 0 where sound tissue has no mineral to lose."""
    known = np.asarray(sound) > 0.0
    return np.where(known, 1.0 - mineral / np.where(known, sound, 1.0), 0.0)
