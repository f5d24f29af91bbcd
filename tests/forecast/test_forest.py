"""Shallow trees: the same numbers from numpy, from the compiled kernel and by hand, and an explanation that is the sum itself."""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pytest

from amelo.forecast import forest as module
from amelo.forecast.forest import NEVER, Forest


def random_forest(seed=0, trees=40, features=6, bags=2):
    rng = np.random.default_rng(seed)
    edges = tuple(np.sort(rng.normal(size=rng.integers(1, 9))) for _ in range(features))
    shares = tuple(rng.dirichlet(np.ones(len(e) + 2)) for e in edges)
    feature = rng.integers(0, 2 * features, (trees, 7))
    edge = np.array([[rng.integers(1, len(edges[f % features]) + 1) for f in row] for row in feature])
    stop = rng.uniform(size=edge.shape) < 0.1
    feature[stop], edge[stop] = 0, NEVER
    return Forest(
        edges,
        shares,
        feature.astype(np.int32),
        edge.astype(np.uint8),
        rng.normal(size=(trees, 8)).astype(np.float32),
        np.sort(np.arange(trees) % bags),
        0.3,
    )


def some_teeth(forest, seed=1, teeth=50):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(teeth, len(forest.edges)))
    for f, edges in enumerate(forest.edges):  # some stand on an edge
        x[:5, f] = rng.choice(edges, 5)
    x[rng.uniform(size=x.shape) < 0.2] = np.nan
    return x


def by_hand(forest, row, tree, absent=None):
    """Return the value of one tree by walking it, with the features in ``absent`` averaged over their shares."""
    count = len(forest.edges)

    def walk(node, chances):
        if node >= 7:
            return forest.value[tree, node - 7]
        f, edge = forest.feature[tree, node], forest.edge[tree, node]
        base, unknown_left = f % count, f < count
        if edge == NEVER:
            return walk(2 * node + 1, chances)
        if absent is not None and base in absent:
            left = chances.copy()
            inside = np.zeros(len(forest.shares[base]))
            inside[:edge] = 1  # bins 1 to edge
            inside[-1] = unknown_left
            have = chances[base]
            p = have @ inside / have.sum() if have.sum() else 0.0
            left[base], right = have * inside, chances.copy()
            right[base] = have * (1 - inside)
            return (p * walk(2 * node + 1, left) if p else 0.0) + ((1 - p) * walk(2 * node + 2, right) if p < 1 else 0.0)
        value = row[base]
        goes_left = unknown_left if np.isnan(value) else value <= forest.edges[base][edge - 1]
        return walk(2 * node + 1 + (not goes_left), chances)

    return walk(0, {f: s.copy() for f, s in enumerate(forest.shares)})


def test_scores_are_what_walking_the_trees_gives():
    forest = random_forest()
    x = some_teeth(forest)
    expected = np.zeros((2, len(x)))
    for tree, bag in enumerate(forest.bag):
        expected[bag] += [by_hand(forest, row, tree) for row in x]
    np.testing.assert_allclose(forest.scores(forest.bins(x)), expected + 0.3, atol=1e-5)


def test_the_compiled_kernel_agrees(monkeypatch):
    forest = random_forest(3)
    bins = forest.bins(some_teeth(forest, teeth=1500))
    plain = forest.scores(bins)
    monkeypatch.setattr(module, "MANY", 10)
    np.testing.assert_allclose(forest.scores(bins), plain, atol=1e-5)
    monkeypatch.setattr(module, "MANY", 10**9)
    monkeypatch.setattr(module, "CHUNK", 64)
    np.testing.assert_allclose(forest.scores(bins), plain, atol=1e-12)


def test_explanation_adds_up_and_is_the_shapley_value():
    forest = random_forest(5, trees=12, features=4, bags=1)
    x = some_teeth(forest, teeth=6)
    parts, average = forest.explain(forest.bins(x))
    np.testing.assert_allclose(parts.sum(1) + average, forest.scores(forest.bins(x)).mean(0), atol=1e-6)
    features = range(4)

    def worth(row, known):
        return sum(by_hand(forest, row, t, absent=set(features) - set(known)) for t in range(12))

    for row, found in zip(x, parts, strict=True):
        for f in features:
            value = 0.0
            for size in range(4):
                for others in itertools.combinations([g for g in features if g != f], size):
                    share = factorial(size) * factorial(3 - size) / factorial(4)
                    value += share * (worth(row, (*others, f)) - worth(row, others))
            assert found[f] == pytest.approx(value, abs=1e-5)


def test_a_feature_that_no_tree_asks_for_explains_nothing():
    forest = random_forest(7, features=5)
    feature = np.where(forest.feature % 5 == 2, 0, forest.feature)
    edge = np.where(feature % 5 == 0, np.minimum(forest.edge, len(forest.edges[0])), forest.edge).astype(np.uint8)
    forest = Forest(forest.edges, forest.shares, feature, edge, forest.value, forest.bag, 0.0)
    parts, _ = forest.explain(forest.bins(some_teeth(forest)))
    assert np.all(parts[:, 2] == 0)
