"""What is not known of a mouth, drawn given what is; and how unlike the cohort a mouth is.

A Gaussian copula with two levels: each column is a rank on the normal scale; ranks of one tooth go together, and ranks of the teeth of one
mouth go together through what they share.  Means differ by place in the mouth.  No row of the cohort is kept, only quantiles and two
covariances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.distance import distance, typical
from amelo.forecast.tooth_loss.features import OWN, PLACES, Mouths

__all__ = ["OF_TOOTH", "PERSONAL", "Inputs", "fit_inputs"]

OF_TOOTH = (*OWN, "furc_max")
PERSONAL = ("baseline_age", "male", "diabetes", "tobacco_ever")
GRID = np.linspace(-3.2, 3.2, 65)  # normal scale at which the quantiles of a column are kept
NOISE = 1e-3


@dataclass(frozen=True)
class Inputs:
    """The copula: quantiles (column: values on :data:`GRID`), mean (places × tooth columns, normal scale), within and between (covariance of
    tooth columns), personal (covariance of :data:`PERSONAL` with each other), shared (tooth columns × personal), typical (quantiles of
    the squared distance per known value, at 50, 95, 99 and 99.9 %).
    """

    quantiles: dict[str, np.ndarray]
    mean: np.ndarray
    within: np.ndarray
    between: np.ndarray
    personal: np.ndarray
    shared: np.ndarray
    typical: np.ndarray

    @classmethod
    def load(cls, model: dict[str, Any]) -> Inputs:
        """Read it from a model file."""
        part = model["inputs"]
        arrays = {name: np.array(part[name], float) for name in ("mean", "within", "between", "personal", "shared", "typical")}
        return cls({name: np.array(values, float) for name, values in part["quantiles"].items()}, **arrays)

    def normal(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return values on the normal scale: the middle of the ranks that share a value."""
        known = self.quantiles[name]
        low = np.interp(np.searchsorted(known, values, "left"), np.arange(len(GRID)), GRID)
        high = np.interp(np.searchsorted(known, values, "right"), np.arange(len(GRID)), GRID)
        return np.where(np.isnan(values), np.nan, np.clip(0.5 * (low + high), GRID[0], GRID[-1]))

    def value(self, name: str, normal: np.ndarray) -> np.ndarray:
        """Return values of the column at ranks on the normal scale; steps stay steps."""
        known = self.quantiles[name]
        position = np.clip((normal - GRID[0]) / (GRID[1] - GRID[0]), 0, len(GRID) - 1)
        if len(np.unique(known)) < 12:  # a count or a yes
            return known[np.round(position).astype(int)]
        return np.interp(position, np.arange(len(GRID)), known)

    def draw(self, mouth: Mouths, draws: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], float]:
        """Fill what one mouth does not say.

        Arguments: mouth (one); draws; rng.
        Returns: every column, of shape draws × teeth, and the distance of what is known: the squared Mahalanobis distance per value.
        """
        z, mean, covariance = self._joint(mouth)
        known = ~np.isnan(z)
        held = covariance[np.ix_(known, known)]
        held[np.diag_indices_from(held)] += NOISE
        residual = (z - mean)[known]
        solved = np.linalg.solve(held, residual) if known.any() else residual
        found = distance(held, residual)
        filled = np.broadcast_to(z, (draws, len(z))).copy()
        if not known.all():
            across = covariance[np.ix_(~known, known)]
            centre = mean[~known] + across @ solved
            rest = covariance[np.ix_(~known, ~known)] - (across @ np.linalg.solve(held, across.T) if known.any() else 0.0)
            weight, axes = np.linalg.eigh(0.5 * (rest + rest.T))
            root = axes * np.sqrt(np.maximum(weight, 0.0))
            filled[:, ~known] = centre + rng.standard_normal((draws, len(centre))) @ root.T
        return self._columns(mouth, filled, known), found

    def _joint(self, mouth: Mouths) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ranks (NaN unknown), their mean and covariance: teeth one after the other, then the person."""
        teeth, place = len(mouth.fdi), mouth.place
        z = np.column_stack([self.normal(name, mouth.columns[name]) for name in OF_TOOTH]).ravel()
        person = np.array([self.normal(name, mouth.columns[name][:1])[0] for name in PERSONAL])
        block = np.kron(np.ones((teeth, teeth)), self.between) + np.kron(np.eye(teeth), self.within)
        side = np.tile(self.shared, (teeth, 1))
        covariance = np.block([[block, side], [side.T, self.personal]])
        mean = np.concatenate([self.mean[place].ravel(), np.zeros(len(PERSONAL))])
        return np.concatenate([z, person]), mean, covariance

    def _columns(self, mouth: Mouths, filled: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
        teeth, width = len(mouth.fdi), len(OF_TOOTH)
        columns = {}
        for k, name in enumerate(OF_TOOTH):
            given = np.broadcast_to(mouth.columns[name], (len(filled), teeth))
            drawn = self.value(name, filled[:, : teeth * width].reshape(len(filled), teeth, width)[:, :, k])
            columns[name] = np.where(np.isnan(given), drawn, given)
        for k, name in enumerate(PERSONAL):
            given = mouth.columns[name][0]
            drawn = self.value(name, filled[:, teeth * width + k]) if np.isnan(given) else np.full(len(filled), given)
            columns[name] = np.repeat(drawn[:, None], teeth, axis=1)
        return columns


def fit_inputs(mouths: Mouths) -> dict[str, Any]:
    """Fit the copula to a cohort; returns the plain values that :meth:`Inputs.load` reads."""
    from scipy.special import ndtr

    at = ndtr(GRID)
    quantiles = {}
    first = np.unique(mouths.mouth, return_index=True)[1]
    for name in (*OF_TOOTH, *PERSONAL):
        values = mouths.columns[name][first] if name in PERSONAL else mouths.columns[name]
        quantiles[name] = np.quantile(values[~np.isnan(values)], at, method="inverted_cdf")
    empty = np.zeros(0)
    scale = Inputs(quantiles, empty, empty, empty, empty, empty, empty)
    z = np.column_stack([scale.normal(name, mouths.columns[name]) for name in OF_TOOTH])
    place, overall = mouths.place, np.nanmean(z, axis=0)
    mean = np.array([[_mean(z[place == p, k], overall[k]) for k in range(z.shape[1])] for p in range(PLACES)])
    residual = np.nan_to_num(z - mean[place])  # furcation of teeth with one root says nothing
    count = np.bincount(mouths.mouth)
    sums = np.zeros((len(count), z.shape[1]))
    np.add.at(sums, mouths.mouth, residual)
    centred = residual - (sums / count[:, None])[mouths.mouth]
    within = centred.T @ centred / (len(z) - len(count))
    total = sums.T @ sums - residual.T @ residual  # products of different teeth of one mouth
    between = _positive(total / (count * (count - 1.0)).sum())
    person = np.column_stack([scale.normal(name, mouths.columns[name][first]) for name in PERSONAL])
    person -= person.mean(0)
    shared = (sums / count[:, None]).T @ person / len(count)
    personal = person.T @ person / len(count) + NOISE * np.eye(len(PERSONAL))
    joint = _positive(np.block([[between, shared], [shared.T, personal]]))
    width = len(OF_TOOTH)
    model = Inputs(
        quantiles, mean, within + NOISE * np.eye(width), joint[:width, :width], joint[width:, width:], joint[:width, width:], empty
    )
    plain = {name: _plain(getattr(model, name)) for name in ("mean", "within", "between", "personal", "shared")}
    return plain | {
        "typical": typical(_distances(model, mouths)),
        "quantiles": {name: _plain(values) for name, values in quantiles.items()},
    }


def _distances(model: Inputs, mouths: Mouths) -> np.ndarray:
    """Return the distance of every third mouth, which is enough for quantiles."""
    rng, out = np.random.default_rng(0), []
    starts = np.searchsorted(mouths.mouth, np.arange(mouths.mouth.max() + 2))
    for m in range(0, len(starts) - 1, 3):
        rows = slice(starts[m], starts[m + 1])
        one = Mouths(np.zeros(rows.stop - rows.start, int), mouths.fdi[rows], {n: c[rows] for n, c in mouths.columns.items()})
        out.append(model.draw(one, 1, rng)[1])
    return np.array(out)


def _mean(values: np.ndarray, otherwise: float) -> float:
    return float(np.nanmean(values)) if np.sum(~np.isnan(values)) > 30 else otherwise


def _positive(matrix: np.ndarray) -> np.ndarray:
    weight, axes = np.linalg.eigh(0.5 * (matrix + matrix.T))
    return (axes * np.maximum(weight, 1e-6)) @ axes.T


def _plain(values: np.ndarray) -> list:
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(f"{v:.5g}") for v in values]
