"""Boosted shallow trees, evaluated with numpy alone, and explained exactly.

Trees are three splits deep, so a forest is a sum of products of at most three conditions, one for each leaf:

    f(x) = constant + Σ value · 1[a < x_i ≤ b] · 1[c < x_j ≤ d] · 1[e < x_k ≤ g]

What a feature adds against the average tooth is its Shapley value in each product, with the features of the average tooth independent;
for three factors that is a closed form, so the parts add up to f(x) exactly: there is no second story beside the model [lundberg2020].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["DEPTH", "LEAVES", "NEVER", "SPLITS", "Forest"]

DEPTH, SPLITS, LEAVES = 3, 7, 8
NEVER = 255  # the edge of a split that sends everything left, unknown or not
CHUNK = 8192  # teeth at once, so that a column of bins stays in the fastest cache
MANY = 20_000  # teeth from which the compiled kernel is worth its start


@dataclass(frozen=True)
class Forest:
    """Trees over binned features.

    Arguments: edges (per feature, ascending; the bin of x is one more than the number of edges below it, so 1 to 254); shares (per
    feature, part of the training teeth in each bin, the unknown last); feature, edge (trees × 7: the root, its two children, their
    four; a tooth goes left when its bin ≤ edge; features f stand for "unknown goes left" and features + f for "unknown goes right"); value
    (trees × 8, leaves from left to right); bag (of each tree); constant.  Bags are
    forests grown on different patients.
    """

    edges: tuple[np.ndarray, ...]
    shares: tuple[np.ndarray, ...]
    feature: np.ndarray
    edge: np.ndarray
    value: np.ndarray
    bag: np.ndarray
    constant: float

    @classmethod
    def load(cls, model: dict[str, Any]) -> Forest:
        """Read a forest from a model file."""
        trees = model["trees"]
        return cls(
            edges=tuple(np.array(e, float) for e in model["edges"]),
            shares=tuple(np.array(s, float) for s in model["shares"]),
            feature=np.array(trees["feature"], np.int32).reshape(-1, SPLITS),
            edge=np.array(trees["edge"], np.uint8).reshape(-1, SPLITS),
            value=np.array(trees["value"], np.float32).reshape(-1, LEAVES),
            bag=np.array(trees["bag"], np.int32),
            constant=float(model["constant"]),
        )

    def bins(self, x: np.ndarray) -> np.ndarray:
        """Return the bins of teeth, of shape (2 × features) × teeth: unknown is 0 in the first half and 255 in the second.

        Arguments: x (teeth × features; NaN is unknown).
        """
        count = len(self.edges)
        out = np.empty((2 * count, len(x)), np.uint8)
        for f, edges in enumerate(self.edges):
            column = np.ascontiguousarray(x[:, f])
            unknown = np.isnan(column)
            out[f] = np.searchsorted(edges, column.astype(float), "left") + 1
            out[count + f] = out[f]
            out[f, unknown], out[count + f, unknown] = 0, 255
        return out

    def scores(self, bins: np.ndarray) -> np.ndarray:
        """Return f by the trees of each bag, of shape bags × teeth; their mean is the prediction.

        Arguments: bins (as :meth:`bins` returns).
        """
        bags = int(self.bag.max()) + 1
        out = np.zeros((bags, bins.shape[1]))
        if bins.shape[1] > MANY:
            from amelo.forecast.forest_kernel import add_trees  # compiled: worth its start only here

            add_trees(np.ascontiguousarray(bins), self.feature, self.edge, self.value, self.bag, out)
            return out + self.constant
        for start in range(0, bins.shape[1], CHUNK):
            rows = np.ascontiguousarray(bins[:, start : start + CHUNK])
            for tree, bag in enumerate(self.bag):
                right = [rows[f] > e for f, e in zip(self.feature[tree], self.edge[tree], strict=True)]
                first = right[0]
                second = _choose(first, right[1], right[2])
                third = _choose(first, _choose(right[1], right[3], right[4]), _choose(right[2], right[5], right[6]))
                leaf = (first.view(np.uint8) << 2) | (second.view(np.uint8) << 1) | third.view(np.uint8)
                out[bag, start : start + CHUNK] += self.value[tree].take(leaf)
        return out + self.constant

    def explain(self, bins: np.ndarray) -> tuple[np.ndarray, float]:
        """Return what every feature adds to the average tooth (teeth × features), and the prediction for the average tooth.

        Arguments: bins (as :meth:`bins` returns).
        Assumptions: the average tooth has the features of the training teeth, independent of each other.
        """
        leaves = self._leaves
        value, share = leaves.value / (int(self.bag.max()) + 1), leaves.share
        count, teeth = len(self.edges), bins.shape[1]
        out = np.zeros((teeth, count))
        low, high = bins[:count], bins[count:]
        for tooth in range(teeth):
            inside = np.stack([leaves.inside(low[:, tooth], high[:, tooth], k) for k in range(DEPTH)])
            for k in range(DEPTH):
                i, j = (k + 1) % DEPTH, (k + 2) % DEPTH
                others = (share[i] * share[j] + inside[i] * inside[j]) / 3 + (inside[i] * share[j] + share[i] * inside[j]) / 6
                out[tooth] += np.bincount(leaves.feature[k], value * (inside[k] - share[k]) * others, count)
        return out, self.constant + float(np.sum(value * share.prod(0)))

    @cached_property
    def _leaves(self) -> _Leaves:
        return _Leaves.of(self)


def _choose(right: np.ndarray, when_left: np.ndarray, when_right: np.ndarray) -> np.ndarray:
    return (right & when_right) | (~right & when_left)


@dataclass(frozen=True)
class _Leaves:
    """Every leaf as a product of three conditions: feature, after < bin ≤ upto, unknown or not; and the share that fulfils each."""

    feature: np.ndarray
    after: np.ndarray
    upto: np.ndarray
    unknown: np.ndarray
    share: np.ndarray
    value: np.ndarray

    def inside(self, low: np.ndarray, high: np.ndarray, slot: int) -> np.ndarray:
        """Return 1.0 where a tooth fulfils the condition of a slot, for every leaf."""
        f = self.feature[slot]
        known = low[f] == high[f]
        within = (low[f] > self.after[slot]) & (low[f] <= self.upto[slot])
        return np.where(known, within, self.unknown[slot]).astype(float)

    @classmethod
    def of(cls, forest: Forest) -> _Leaves:
        count, trees = len(forest.edges), len(forest.value)
        shape = (DEPTH, trees, LEAVES)
        feature, after, upto = np.zeros(shape, int), np.zeros(shape, int), np.full(shape, 255)
        unknown = np.ones(shape, bool)
        for leaf in range(LEAVES):
            node = 0
            for level in range(DEPTH):
                right = (leaf >> (DEPTH - 1 - level)) & 1
                f, edge = forest.feature[:, node], forest.edge[:, node].astype(int)
                feature[level, :, leaf] = f % count
                (after if right else upto)[level, :, leaf] = edge
                unknown[level, :, leaf] = (f >= count) if right else (f < count) | (edge == NEVER)
                if right:
                    unknown[level, :, leaf] &= edge != NEVER
                node = 2 * node + 1 + right
        for level in range(1, DEPTH):  # a feature that was asked before joins its first condition
            for earlier in range(level):
                same = (feature[level] == feature[earlier]) & ~_always(after[level], upto[level], unknown[level])
                after[earlier][same] = np.maximum(after[earlier], after[level])[same]
                upto[earlier][same] = np.minimum(upto[earlier], upto[level])[same]
                unknown[earlier][same] &= unknown[level][same]
                after[level][same], upto[level][same], unknown[level][same] = 0, 255, True
        flat = [part.reshape(DEPTH, -1) for part in (feature, after, upto, unknown)]
        below = np.zeros((count, 257))
        for f, shares in enumerate(forest.shares):
            known = shares[:-1]
            below[f, 1 : len(known) + 1] = known
        below = below.cumsum(1)  # share of teeth with a known bin up to b
        of_unknown = np.array([shares[-1] for shares in forest.shares])
        f, first, last, missing = flat
        share = np.maximum(below[f, last] - below[f, np.minimum(first, last)], 0.0) + missing * of_unknown[f]
        return cls(*flat, share=share, value=forest.value.astype(float).ravel())


def _always(after: np.ndarray, upto: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    return (after == 0) & (upto == 255) & unknown
