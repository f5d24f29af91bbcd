"""The compiled walk of carriers in a passage; it imports Numba, so that it is loaded only where carriers are moved.

A block of carriers makes all its steps before the next block begins: tables and block stay in the processor's nearest memory.  The inner
loop has no branch, so that it runs on as many carriers at once as the processor has lanes.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from amelo.therapy.nano import kicks

__all__ = ["free_walk", "sticky_walk", "tally"]

BLOCK = 512
_mix = njit(inline="always")(kicks.mix)
ODD, S21, S43, LOW = kicks.ODD, kicks.S21, kicks.S43, kicks.LOW
SCALE, MIDDLE = kicks.SUM_SCALE, kicks.SUM_MIDDLE


@njit(inline="always")
def _kick(word):
    """Return ``kicks.kick`` of a word; the sum is below 2^23, and a signed number is turned into a real one faster."""
    total = np.int32((word & LOW) + ((word >> S21) & LOW) + (word >> S43))
    return (total - MIDDLE) * SCALE


@njit(parallel=True, cache=True, error_model="numpy")
def free_walk(
    depth, patience, mobile, identity, shelf, push, hop, hazard, inverse, last, low, high, out_low, out_high, words
):  # pragma: no cover - compiled
    """Move carriers between walls; see ``particles.advance``."""
    count = depth.shape[0]
    for block in prange((count + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, count)
        for s in range(words.shape[0]):
            word = words[s]
            for i in range(start, stop):
                z = depth[i]
                x = z * inverse
                k = min(max(np.int32(x), np.int32(0)), np.int32(last))
                f = x - k
                j = shelf[i] + k
                p = push[j] + f * (push[j + 1] - push[j])
                h = hop[j] + f * (hop[j + 1] - hop[j])
                y = z + mobile[i] * (p + h * _kick(_mix(identity[i] * ODD + word)))
                y = 2.0 * low[i] - y if y < low[i] else y
                y = 2.0 * high[i] - y if y > high[i] else y
                depth[i] = y
                mobile[i] = 0.0 if (y < out_low or y > out_high) else mobile[i]


@njit(parallel=True, cache=True, error_model="numpy")
def sticky_walk(
    depth, patience, mobile, identity, shelf, push, hop, hazard, inverse, last, low, high, out_low, out_high, words
):  # pragma: no cover - compiled
    """Move carriers between walls that they stick to; see ``particles.advance``."""
    count = depth.shape[0]
    for block in prange((count + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, count)
        for s in range(words.shape[0]):
            word = words[s]
            for i in range(start, stop):
                z = depth[i]
                x = z * inverse
                k = min(max(np.int32(x), np.int32(0)), np.int32(last))
                f = x - k
                j = shelf[i] + k
                p = push[j] + f * (push[j + 1] - push[j])
                h = hop[j] + f * (hop[j + 1] - hop[j])
                y = z + mobile[i] * (p + h * _kick(_mix(identity[i] * ODD + word)))
                y = 2.0 * low[i] - y if y < low[i] else y
                y = 2.0 * high[i] - y if y > high[i] else y
                depth[i] = y
                left = patience[i] - mobile[i] * hazard[j]
                patience[i] = left
                mobile[i] = 0.0 if (y < out_low or y > out_high or left <= 0.0) else mobile[i]


@njit(cache=True)
def tally(place, values, places):  # pragma: no cover - compiled
    """Return the sums of values by place, and what rounding left out of each, after Neumaier: a million equal numbers add up exactly."""
    sums, rests = np.zeros(places), np.zeros(places)
    for i in range(place.shape[0]):
        k, value = place[i], values[i]
        old = sums[k]
        new = old + value
        rests[k] += (old - new) + value if abs(old) >= abs(value) else (value - new) + old
        sums[k] = new
    return sums, rests
