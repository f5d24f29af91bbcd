"""Boosted shallow trees as what they are: a sum of functions of one feature and of two, in tables.

A tree that splits twice on the way to a leaf is a function of at most two features on each side of its root, so a forest of them is

    f(x) = constant + Σ f_i(x_i) + Σ f_ij(x_i, x_j)

exactly.  Every table has mean zero over the training teeth (pairs in each direction), so the constant is the average tooth and the
parts can be told apart [Hooker2007].  An explanation is the same sum, with a pair shared half and half: there is no second story.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Additive"]


@dataclass(frozen=True)
class Additive:
    """A sum of tables over binned features.

    Arguments: edges (per feature, ascending upper edges of its bins; x ≤ edge lies in the bin, the last bin is unknown), constant,
    mains (feature: table over bins), pairs ((feature, feature): table over bins × bins).
    """

    edges: tuple[np.ndarray, ...]
    constant: float
    mains: dict[int, np.ndarray]
    pairs: dict[tuple[int, int], np.ndarray]

    @classmethod
    def of_trees(cls, trees: dict[str, Any], edges: tuple[np.ndarray, ...], shares: tuple[np.ndarray, ...]) -> Additive:
        """Join trees of depth two into tables.

        Arguments: trees (``feature``, ``edge`` (index into the edges of the feature; the split is x ≤ edge), ``unknown_left``, each of
        shape trees × 3 for the root and what stands left and right of it, and ``value``, trees × 4 for their leaves; a part that does
        not split has both values alike); edges; shares (per feature, part of the training teeth in each bin).
        """
        forest = _Forest(edges, shares)
        for feature, edge, unknown, value in zip(
            trees["feature"], trees["edge"], trees["unknown_left"], np.asarray(trees["value"], float), strict=True
        ):
            forest.add(feature, edge, unknown, value)
        return cls(edges, forest.constant, forest.mains, forest.pairs)

    @classmethod
    def mean(cls, models: list[Additive]) -> Additive:
        """Return the mean of models over the same bins."""
        n = len(models)

        def joined(part: str) -> dict:
            out: dict = {}
            for model in models:
                for key, table in getattr(model, part).items():
                    out[key] = out.get(key, 0.0) + table / n
            return out

        return cls(models[0].edges, sum(m.constant for m in models) / n, joined("mains"), joined("pairs"))

    def bins(self, x: np.ndarray) -> np.ndarray:
        """Return the bin of every feature, of shape features × teeth."""
        out = np.empty(x.shape[::-1], np.int32)
        for f, edges in enumerate(self.edges):
            column = x[:, f]
            out[f] = np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column, "left"))
        return out

    def predict(self, bins: np.ndarray) -> np.ndarray:
        """Return f of every tooth.

        Arguments: bins, of shape features × teeth.
        """
        out = np.full(bins.shape[1], self.constant)
        for f, table in self.mains.items():
            out += table[bins[f]]
        for i, j, flat, width in self._flat_pairs:
            out += flat[bins[i] * width + bins[j]]
        return out

    @cached_property
    def _flat_pairs(self) -> list[tuple[int, int, np.ndarray, int]]:
        return [(i, j, np.ascontiguousarray(table).ravel(), table.shape[1]) for (i, j), table in self.pairs.items()]

    def parts(self, bins: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
        """Return how much each group of features adds to the average tooth, of shape groups × teeth; they sum to f − constant.

        Arguments: bins (features × teeth), group (of each feature, 0 to groups − 1), groups.
        """
        out = np.zeros((groups, bins.shape[1]))
        for f, table in self.mains.items():
            out[group[f]] += table[bins[f]]
        for i, j, flat, width in self._flat_pairs:
            half = 0.5 * flat[bins[i] * width + bins[j]]
            out[group[i]] += half
            out[group[j]] += half
        return out


class _Forest:
    """Collects the tables of trees, each centred over the training teeth."""

    def __init__(self, edges: tuple[np.ndarray, ...], shares: tuple[np.ndarray, ...]) -> None:
        self.edges, self.shares = edges, shares
        self.constant, self.mains, self.pairs = 0.0, {}, {}

    def add(self, feature: Any, edge: Any, unknown: Any, value: np.ndarray) -> None:
        """Split a tree 1·L + (1 − 1)·R of its root into constant, mains and pairs."""
        root, share = self._goes_left(feature[0], edge[0], unknown[0])
        sides = []
        for k in (1, 2):
            left, part = self._goes_left(feature[k], edge[k], unknown[k])
            high, low = value[2 * k - 2], value[2 * k - 1]
            sides.append((part * high + (1 - part) * low, (high - low) * (left - part), feature[k]))
        (mean_l, curve_l, f_l), (mean_r, curve_r, f_r) = sides
        self.constant += share * mean_l + (1 - share) * mean_r
        centred = root - share
        self._main(feature[0], centred * (mean_l - mean_r))
        self._main(f_l, share * curve_l)
        self._main(f_r, (1 - share) * curve_r)
        self._pair(feature[0], f_l, np.outer(centred, curve_l))
        self._pair(feature[0], f_r, -np.outer(centred, curve_r))

    def _goes_left(self, feature: int, edge: int, unknown: int) -> tuple[np.ndarray, float]:
        left = np.zeros(len(self.edges[feature]) + 2)
        left[: edge + 1] = 1.0
        left[-1] = float(unknown)
        return left, float(left @ self.shares[feature])

    def _main(self, feature: int, table: np.ndarray) -> None:
        self.mains[feature] = self.mains[feature] + table if feature in self.mains else table

    def _pair(self, i: int, j: int, table: np.ndarray) -> None:
        if not table.any():
            return
        if i == j:  # twice the same feature is a function of one, and its mean goes to the constant
            curve = np.diagonal(table).copy()
            mean = float(curve @ self.shares[i])
            self.constant += mean
            self._main(i, curve - mean)
            return
        if i > j:
            i, j, table = j, i, table.T
        self.pairs[i, j] = self.pairs[i, j] + table if (i, j) in self.pairs else table
