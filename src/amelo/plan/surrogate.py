"""A surrogate of the twin: what designs that were not tried yet would score, from those that were and the choices they share.

A Gaussian process over choices.  Two designs are the more alike the fewer of their choices differ, and each choice has a weight of its own, found by
the likelihood of what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from amelo.plan.design import ARMS, CHOICES, Design, Situation, enumerated

__all__ = ["Codes", "Surrogate", "codes_of"]

USUAL = 0.3  # weight of a choice before anything was seen: how much less alike designs are that differ in it
STEPS = (1.0 / 3.0, 3.0)  # by which weights are tried
LEAST, MOST = 0.01, 8.0  # weights
NUGGET = 3e-3  # of the variance, that no choice explains


@dataclass(frozen=True, eq=False)
class Codes:
    """All designs of a situation: designs (N,); place of each; arms (N,) as numbers of ``ARMS``; hot (N, K), 1 where a design has a value; choice (K,)
    that each value is of.
    """

    designs: tuple[Design, ...]
    place: dict[Design, int]
    arms: np.ndarray
    hot: np.ndarray
    choice: np.ndarray

    @property
    def count(self) -> int:
        """Number of choices."""
        return int(self.choice.max()) + 1


@lru_cache(maxsize=4)
def codes_of(on: Situation) -> Codes:
    """Return the codes of a situation, of all its arms."""
    designs = enumerated(replace(on, arms=ARMS))
    columns, choice = [], []
    for k, name in enumerate(CHOICES):
        values = list(dict.fromkeys(getattr(d, name) for d in designs))
        number = {v: i for i, v in enumerate(values)}
        held = np.array([number[getattr(d, name)] for d in designs])
        columns.append((held[:, None] == np.arange(len(values))).astype(np.float32))
        choice += [k] * len(values)
    arms = np.array([ARMS.index(d.arm) for d in designs])
    return Codes(designs, {d: i for i, d in enumerate(designs)}, arms, np.concatenate(columns, axis=1), np.array(choice))


@dataclass(eq=False)
class Surrogate:
    """Fields: codes; weights (C,) of choices, kept from one fit to the next; then of the last fit: places (n,) of what was seen, mean (T,) and scale (T,) of
    what is foretold, and what follows from them.
    """

    codes: Codes
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    places: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scale: np.ndarray = field(default_factory=lambda: np.ones(0))
    alpha: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    inverse: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        """Begin with choices of equal weight."""
        if not len(self.weights):
            self.weights = np.full(self.codes.count, USUAL)

    def fit(self, designs: Sequence[Design], seen: np.ndarray) -> None:
        """Take in what was seen.

        Arguments: designs (n,) of the codes; seen (n, T), what is to be foretold; weights are found by the first of it.
        """
        self.places = np.array([self.codes.place[d] for d in designs])
        self.mean = seen.mean(axis=0)
        self.scale = np.maximum(seen.std(axis=0), 1e-9)
        target = (seen - self.mean) / self.scale
        hot = self.codes.hot[self.places].astype(float)
        differ = np.stack(
            [1.0 - hot[:, self.codes.choice == k] @ hot[:, self.codes.choice == k].T for k in range(self.codes.count)]
        )
        self._weigh(differ, target[:, 0])
        self.inverse = np.linalg.inv(_alike(differ, self.weights))
        self.alpha = self.inverse @ target

    def _weigh(self, differ: np.ndarray, target: np.ndarray) -> None:
        """Find the weights: one after the other up or down, where that makes what was seen likelier."""
        best = _likelihood(_alike(differ, self.weights), target)
        for k in range(self.codes.count):
            if not differ[k].any():
                continue
            for step in STEPS:
                tried = self.weights.copy()
                tried[k] = np.clip(tried[k] * step, LEAST, MOST)
                found = _likelihood(_alike(differ, tried), target)
                if found > best:
                    best, self.weights = found, tried

    def foretell(self, which: np.ndarray) -> np.ndarray:
        """Return what designs at some places of the codes would score (m, T)."""
        return self._near(which) @ self.alpha * self.scale + self.mean

    def spread(self, which: np.ndarray) -> np.ndarray:
        """Return the standard deviation (m,) of the first of what is foretold."""
        near = self._near(which).astype(float)
        left = 1.0 + NUGGET - np.einsum("mn,nk,mk->m", near, self.inverse, near, optimize=True)
        return np.sqrt(np.maximum(left, 0.0)) * self.scale[0]

    def _near(self, which: np.ndarray) -> np.ndarray:
        by_value = np.sqrt(self.weights)[self.codes.choice].astype(np.float32)
        hot = self.codes.hot * by_value
        return np.exp(hot[which] @ hot[self.places].T - np.float32(self.weights.sum()))


def _alike(differ: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how alike designs are (n, n), from whether they differ in each choice (C, n, n)."""
    return np.exp(-np.tensordot(weights, differ, axes=1)) + NUGGET * np.eye(differ.shape[1])


def _likelihood(alike: np.ndarray, target: np.ndarray) -> float:
    """Return the log likelihood of what was seen (n,), less constants, with its own variance."""
    from scipy.linalg import solve_triangular

    lower = np.linalg.cholesky(alike)
    white = solve_triangular(lower, target, lower=True, check_finite=False)
    return float(-0.5 * len(target) * np.log(max(float(white @ white), 1e-300)) - np.log(np.diag(lower)).sum())
