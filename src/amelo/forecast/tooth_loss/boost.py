"""Boosting of shallow trees on follow-up that ends early: LightGBM with a likelihood of our own.

Two parts pull at the same score: the log-normal accelerated-failure likelihood of every tooth (who is lost, and when), and Cox's
partial likelihood inside each mouth (which of the teeth of a patient goes first), which no difference between patients can satisfy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from amelo.errors import MissingDependencyError
from amelo.forecast.forest import LEAVES, NEVER, SPLITS

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Follow", "binned", "boost", "library", "thresholds", "tree_arrays"]

START = 5.0  # log years to begin from: almost nobody loses a tooth in a century and a half
WITHIN_SLOPE = 0.7  # log hazard inside a mouth per unit of log time, about 1.6 over the spread


@dataclass(frozen=True)
class Follow:
    """Follow-up of teeth sorted by mouth: time [y], event (bool), mouth (index)."""

    time: np.ndarray
    event: np.ndarray
    mouth: np.ndarray

    def take(self, rows: np.ndarray) -> Follow:
        """Return the follow-up of some rows."""
        return Follow(self.time[rows], self.event[rows], self.mouth[rows])


def library() -> Any:
    """Return LightGBM, or say how to get it."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # without libgomp the import fails as an OSError
        why = "libgomp is missing; on Debian and Ubuntu: apt install libgomp1" if isinstance(error, OSError) else str(error)
        raise MissingDependencyError("training needs LightGBM", why=why, fix="pip install 'amelo[train]'") from None
    return lightgbm


def binned(x: np.ndarray, settings: dict[str, Any]) -> lightgbm.Dataset:
    """Return the teeth in bins, once for all fits, so that their trees share their edges."""
    data = library().Dataset(x, label=np.zeros(len(x)), params=_parameters(settings, 0), free_raw_data=False)
    return data.construct()


def boost(
    data: lightgbm.Dataset,
    rows: np.ndarray,
    follow: Follow,
    settings: dict[str, Any],
    *,
    seed: int,
    signs: list[int],
) -> lightgbm.Booster:
    """Fit trees to some rows; they predict log time less :data:`START`.

    Arguments: data (all teeth, binned), rows (ascending, whole mouths), follow (of those rows), settings, seed, signs (per feature: −1 where more never lengthens the time).
    """
    parameters = _parameters(settings, seed) | {"monotone_constraints": signs}
    log_time, within = np.log(follow.time), settings["within_weight"]

    def objective(score: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:
        gradient, curvature = _accelerated(score + START, log_time, follow.event, settings["scale"])
        _add_within(score, follow.time, follow.event, follow.mouth, WITHIN_SLOPE, within, gradient, curvature)
        return gradient, curvature

    part = data if len(rows) == data.num_data() else data.subset(rows)
    return library().train(parameters | {"objective": objective}, part, settings["rounds"])


def _parameters(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    return {
        "max_depth": 3,
        "learning_rate": settings["rate"],
        "num_leaves": LEAVES,
        "max_bin": settings["bins"],
        "min_data_in_leaf": settings["teeth_in_leaf"],
        "min_sum_hessian_in_leaf": settings["curvature_in_leaf"],
        "bagging_fraction": settings["share_of_teeth"],
        "bagging_freq": 1,
        "feature_fraction_bynode": settings["share_of_features"],
        "lambda_l2": settings["shrinkage"],
        "seed": seed,
        "num_threads": 1,  # sums in the same order on every machine
        "deterministic": True,
        "force_col_wise": True,
        "verbose": -1,
    }


def _accelerated(mean: np.ndarray, log_time: np.ndarray, event: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and curvature of minus the log-normal log-likelihood in the mean of log time."""
    from scipy.special import log_ndtr

    z = (log_time - mean) / scale
    hazard = np.exp(-0.5 * z * z - 0.5 * np.log(2 * np.pi) - log_ndtr(-z))
    gradient = np.where(event, -z, -hazard) / scale
    curvature = np.where(event, 1.0, hazard * (hazard - z)) / scale**2
    return gradient, np.maximum(curvature, 1e-6)


@numba.njit(cache=True)
def _add_within(score, time, event, mouth, slope, weight, gradient, curvature):  # pragma: no cover
    """Add slope and curvature of minus Cox's partial log-likelihood inside every mouth (rows sorted by mouth)."""
    start, n = 0, len(score)
    while start < n:
        stop, any_lost, top = start, False, -1e300
        while stop < n and mouth[stop] == mouth[start]:
            any_lost |= event[stop]
            top = max(top, -slope * score[stop])
            stop += 1
        for i in range(start, stop if any_lost and stop - start > 1 else start):
            if not event[i]:
                continue
            total = 0.0
            for j in range(start, stop):
                if time[j] >= time[i]:
                    total += np.exp(-slope * score[j] - top)
            for j in range(start, stop):
                if time[j] >= time[i]:
                    share = np.exp(-slope * score[j] - top) / total
                    gradient[j] -= weight * slope * (share - (1.0 if j == i else 0.0))
                    curvature[j] += weight * slope**2 * share * (1 - share)
        start = stop


def tree_arrays(booster: lightgbm.Booster, edges: list[np.ndarray]) -> dict[str, list]:
    """Return the trees as :class:`amelo.forecast.forest.Forest` reads them, with minus the log time as value.

    Arguments: booster, edges (per feature, ascending, all that its trees use).
    """
    count = len(edges)
    out: dict[str, list] = {"feature": [], "edge": [], "value": []}
    for info in booster.dump_model()["tree_info"]:
        feature, edge, value = [0] * SPLITS, [NEVER] * SPLITS, [0.0] * LEAVES
        _walk(info["tree_structure"], 0, 0, LEAVES, count, edges, feature, edge, value)
        out["feature"].append(feature)
        out["edge"].append(edge)
        out["value"].append([float(f"{-v:.5g}") for v in value])
    return out


def _walk(node, at, first, width, count, edges, feature, edge, value) -> None:
    """Write a node into the perfect tree; a leaf above the last level fills everything below it."""
    if "leaf_value" in node:
        value[first : first + width] = [node["leaf_value"]] * width
        return
    f, threshold = node["split_feature"], node["threshold"]
    left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    feature[at] = f if left else f + count
    edge[at] = int(np.searchsorted(edges[f], threshold, "left")) + 1
    half = width // 2
    _walk(node["left_child"], 2 * at + 1, first, half, count, edges, feature, edge, value)
    _walk(node["right_child"], 2 * at + 2, first + half, half, count, edges, feature, edge, value)


def thresholds(boosters: list, count: int) -> list[np.ndarray]:
    """Return, per feature, all edges that the trees of some boosters use, ascending."""
    used: list[set[float]] = [set() for _ in range(count)]

    def collect(node: dict) -> None:
        if "leaf_value" not in node:
            used[node["split_feature"]].add(node["threshold"])
            collect(node["left_child"])
            collect(node["right_child"])

    for booster in boosters:
        for info in booster.dump_model()["tree_info"]:
            collect(info["tree_structure"])
    return [np.array(sorted(values)) for values in used]
