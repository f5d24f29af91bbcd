"""The compiled twin of :meth:`amelo.forecast.forest.Forest.scores`, for tens of thousands of teeth."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_trees"]

BLOCK = 2048  # teeth whose bins are compared at once: a column of them, and the sums, stay in the fastest cache


@numba.njit(cache=True)
def add_trees(bins, feature, edge, value, bag, out):  # pragma: no cover
    """Add every tree to the scores of its bag, ``out`` (bags × teeth); trees of one bag stand together.

    Every comparison is made, whichever way a tooth goes, so that the loop over teeth has no branch and runs on vectors.
    """
    leaf, total = np.empty(BLOCK, np.uint8), np.zeros(BLOCK, np.float32)
    for start in range(0, bins.shape[1], BLOCK):
        count = min(BLOCK, bins.shape[1] - start)
        stop, current = start + count, bag[0]
        total[:] = 0
        for tree in range(len(bag)):
            if bag[tree] != current:
                for k in range(count):
                    out[current, start + k] += total[k]
                total[:] = 0
                current = bag[tree]
            f, e, v = feature[tree], edge[tree], value[tree]
            e0, e1, e2, e3, e4, e5, e6 = e[0], e[1], e[2], e[3], e[4], e[5], e[6]
            x0, x1, x2 = bins[f[0], start:stop], bins[f[1], start:stop], bins[f[2], start:stop]
            x3, x4, x5, x6 = bins[f[3], start:stop], bins[f[4], start:stop], bins[f[5], start:stop], bins[f[6], start:stop]
            for k in range(count):
                first, left, right = x0[k] > e0, x1[k] > e1, x2[k] > e2
                a, b, c, d = x3[k] > e3, x4[k] > e4, x5[k] > e5, x6[k] > e6
                under_left = b if left else a
                under_right = d if right else c
                second = right if first else left
                third = under_right if first else under_left
                leaf[k] = (4 if first else 0) + (2 if second else 0) + (1 if third else 0)
            for k in range(count):
                total[k] += v[leaf[k]]
        for k in range(count):
            out[current, start + k] += total[k]
