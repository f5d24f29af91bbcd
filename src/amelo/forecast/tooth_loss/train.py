"""Train the tooth-loss model: trees, what turns their score into a risk, what fills unknown inputs, and the card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.cohort import check_events, check_has_split
from amelo.forecast.forest import Forest
from amelo.forecast.scores.calibration import calibration, share_caught
from amelo.forecast.scores.censoring import Censoring
from amelo.forecast.scores.concordance import harrell_c, within_mouth_c
from amelo.forecast.tooth_loss.boost import Follow, binned, boost, thresholds, tree_arrays
from amelo.forecast.tooth_loss.bounds import fit_bounds
from amelo.forecast.tooth_loss.calibrate import fit_survival
from amelo.forecast.tooth_loss.card import card
from amelo.forecast.tooth_loss.cohort import Cohort, read_cohort
from amelo.forecast.tooth_loss.columns import OF_MOUTH
from amelo.forecast.tooth_loss.features import feature_names, features
from amelo.forecast.tooth_loss.inputs import fit_inputs
from amelo.forecast.tooth_loss.survival import Survival

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SETTINGS", "censoring_of", "train"]

SETTINGS: dict[str, Any] = {  # chosen by cross-validation over the training patients, see bench/forecast.py
    "scale": 2.0,  # spread of log time given the score, in the likelihood that the trees climb
    "within_weight": 0.3,  # weight of the partial likelihood inside mouths
    "rounds": 600,
    "rate": 0.04,
    "bins": 63,
    "teeth_in_leaf": 40,
    "curvature_in_leaf": 5.0,
    "share_of_teeth": 0.7,
    "share_of_features": 0.4,
    "shrinkage": 5.0,
    "folds": 5,  # each forest grows without a fifth of the patients
    "repeats": 2,  # of the division into fifths
}
FEWEST_LOSSES = 20  # teeth lost; with fewer neither the steps of risk in time nor the calibration can be fitted
SIGNS = (
    "mobil",
    "pocket_max",
    "cal_max",
    "furc_max",
    "decay_new",
    "decay_recur",
    "tobacco_ever",
    "diabetes",
)  # never lower the hazard


def train(table: pd.DataFrame, *, data: dict[str, str] | None = None, on_progress: Callable[[float, str], None] | None = None,
          settings: dict[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """Train on a cohort; only the rows of split ``train`` when there is a column ``split``.

    Arguments: table (as :func:`read_cohort` takes it); data (name, origin and licence of the cohort, for the card); on_progress (fraction,
    words); settings (others than :data:`SETTINGS`).
    Returns: the model, plain values for :func:`amelo.forecast.artefact.save_model`.  The same table gives the same model.
    Raises: FormatError for a cohort that cannot be used, MissingDependencyError without LightGBM.
    """
    settings = SETTINGS | (settings or {})
    cohort = read_cohort(table)
    if "split" in table:
        check_has_split(table, "train")
        cohort = cohort.take(cohort.split == "train")
    check_events(table, "event", cohort.event, "tooth lost", least=FEWEST_LOSSES)
    say = on_progress or (lambda fraction, words: None)
    say(0.0, "looking at mouths")
    mouth, follow = cohort.mouths.mouth, Follow(cohort.time, cohort.event, cohort.mouths.mouth)
    x = features(cohort.mouths, OF_MOUTH)
    bins, names = binned(x, settings), feature_names(OF_MOUTH)
    signs = [
        -1 if name in SIGNS or (name.partition(".")[0] in SIGNS and name.endswith((".over", ".rank"))) else 0 for name in names
    ]
    folds, repeats, rng = settings["folds"], settings["repeats"], np.random.default_rng(1)
    unseen, boosters = np.zeros(len(mouth)), []
    for _ in range(repeats):
        fold = (rng.permutation(mouth.max() + 1) % folds)[mouth]
        for k in range(folds):
            say(0.02 + 0.9 * len(boosters) / (folds * repeats), f"growing trees, forest {len(boosters) + 1} of {folds * repeats}")
            rows = np.flatnonzero(fold != k)
            booster = boost(bins, rows, follow.take(rows), settings, seed=len(boosters), signs=signs)
            unseen[fold == k] -= booster.predict(x[fold == k]) / repeats
            boosters.append(booster)
    say(0.92, "from scores to risks")
    edges = thresholds(boosters, x.shape[1])
    trees: dict[str, list] = {"feature": [], "edge": [], "value": [], "bag": []}
    for bag, booster in enumerate(boosters):
        for key, values in tree_arrays(booster, edges).items():
            trees[key] += values
        trees["bag"] += [bag] * settings["rounds"]
    hazards = fit_survival(unseen, cohort.time, cohort.event, mouth)
    survival = Survival.load({"survival": hazards})
    model = {
        "kind": "tooth-loss",
        "of_mouth": list(OF_MOUTH),
        "edges": [[float(e) for e in edge] for edge in edges],
        "shares": _shares(x, edges),
        "trees": trees,
        "constant": 0.0,
        "survival": hazards,
        "bounds": fit_bounds(unseen, cohort.time, cohort.event, survival),
        "censoring": censoring_of(cohort),
        "inputs": fit_inputs(cohort.mouths),
        "settings": settings,
    }
    model["error_scale"] = _error_scale(Forest.load(model), x, folds, repeats)
    say(1.0, "done")
    return model | {"card": card(cohort, SIGNS, data or {}, _figures(unseen, cohort, survival))}


def censoring_of(cohort: Cohort) -> dict[str, list[float]]:
    """Return the share still under observation at steps of a twentieth of a year, for scores on other patients."""
    times = np.arange(1, 20 * 6 + 1) / 20
    share = Censoring.of(cohort.time, cohort.event).after(times)
    return {"times": [float(t) for t in times], "share": [float(f"{s:.6g}") for s in share]}


def _error_scale(forest: Forest, x: np.ndarray, folds: int, repeats: int) -> float:
    """Return the standard error of the mean score relative to the spread of forests.

    Assumptions: forests of one division differ by the patients left out and by chance, means of whole divisions by chance alone; what the
    patients do is scaled up as by a jackknife.
    """
    scores = forest.scores(forest.bins(x[:: max(1, len(x) // 4000)])).reshape(repeats, folds, -1)
    spread = float(scores.reshape(repeats * folds, -1).var(axis=0, ddof=1).mean())
    chance = float(folds * scores.mean(1).var(axis=0, ddof=1).mean()) if repeats > 1 else 0.0
    patients = max(spread - chance, 0.0)
    return float(f"{np.sqrt(((folds - 1) * patients + chance / (repeats * folds)) / spread):.4g}")


def _shares(x: np.ndarray, edges: list[np.ndarray]) -> list[list[float]]:
    """Return the part of the teeth in each bin of each feature, the unknown last."""
    out = []
    for f, edge in enumerate(edges):
        unknown = np.isnan(x[:, f])
        counts = np.bincount(np.searchsorted(edge, x[~unknown, f].astype(float), "left"), minlength=len(edge) + 1)
        out.append([float(f"{c / len(x):.6g}") for c in (*counts, unknown.sum())])
    return out


def _figures(score: np.ndarray, cohort: Cohort, survival: Survival) -> dict[str, float]:
    """Return scores of teeth by trees that had not seen them."""
    two = -np.expm1(-survival.hazard(score, np.array([2.0])))[:, 0]
    fit = calibration(cohort.time, cohort.event, two, 2.0)
    found = {
        "harrell_c": harrell_c(cohort.time, cohort.event, score),
        "within_mouth_c": within_mouth_c(cohort.time, cohort.event, score, cohort.mouths.mouth),
        "calibration_slope_2y": fit["slope"],
        "ici_2y": fit["ici"],
        "losses_caught_top5": share_caught(cohort.time, cohort.event, two, 2.0),
    }
    return {name: float(f"{value:.4g}") for name, value in found.items()}
