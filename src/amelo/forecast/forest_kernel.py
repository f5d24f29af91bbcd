"""The compiled twin of :meth:`amelo.forecast.forest.Forest.scores`, for tens of thousands of teeth."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_trees"]

BLOCK = 512  # teeth whose bins are compared at once


@numba.njit(cache=True, fastmath=False)
def add_trees(bins, feature, edge, value, bag, out):  # pragma: no cover
    """Add every tree to the scores of its bag, ``out`` (bags × teeth)."""
    teeth = bins.shape[1]
    leaf = np.empty(BLOCK, np.uint8)
    for start in range(0, teeth, BLOCK):
        count = min(BLOCK, teeth - start)
        for tree in range(len(bag)):
            f, e, v, b = feature[tree], edge[tree], value[tree], bag[tree]
            root, left, right = bins[f[0]], bins[f[1]], bins[f[2]]
            ll, lr, rl, rr = bins[f[3]], bins[f[4]], bins[f[5]], bins[f[6]]
            for k in range(count):
                i = start + k
                first = np.uint8(root[i] > e[0])
                a = np.uint8(left[i] > e[1])
                c = np.uint8(right[i] > e[2])
                la = np.uint8(ll[i] > e[3])
                lb = np.uint8(lr[i] > e[4])
                ra = np.uint8(rl[i] > e[5])
                rb = np.uint8(rr[i] > e[6])
                second = (first & c) | ((first ^ np.uint8(1)) & a)
                under_left = (a & lb) | ((a ^ np.uint8(1)) & la)
                under_right = (c & rb) | ((c ^ np.uint8(1)) & ra)
                third = (first & under_right) | ((first ^ np.uint8(1)) & under_left)
                leaf[k] = (first << np.uint8(2)) | (second << np.uint8(1)) | third
            for k in range(count):
                out[b, start + k] += v[leaf[k]]
