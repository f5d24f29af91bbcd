"""Train the model of caries onset on a cohort: deterministic, from the table to the content of a model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.caries.card import card
from amelo.forecast.caries.cohort import Cohort, read_cohort
from amelo.forecast.caries.emergence import fit_emergence
from amelo.forecast.caries.evaluate import GAP, forecasts_of, history_gain, history_scores
from amelo.forecast.caries.features import COLUMNS
from amelo.forecast.caries.fit import SHRINK, SMOOTH, fit_hazard, scales, unpack
from amelo.forecast.caries.inputs import fit_inputs
from amelo.forecast.caries.likelihood import KNOTS
from amelo.forecast.caries.metrics import Forecasts, Scorer, intervals
from amelo.forecast.caries.survival import KIND

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["core", "cross_validate", "cross_validated", "fit_share", "observed_range", "train"]

SHARES = np.linspace(0.0, 0.9, 19)
LANDMARKS = (1.0 + GAP, 1.9 + GAP)  # years after the first examination, behind the second and the third
DIGITS = 5


def core(cohort: Cohort, *, draws: int = 0, seed: int = 0, shrink: float = SHRINK, smooth: float = SMOOTH) -> dict[str, Any]:
    """Return the fitted part of a model: emergence, hazard, frailty, what lasts of it, and draws of the posterior."""
    emergence = fit_emergence(cohort)
    mean, scale = scales(cohort)
    fit = fit_hazard(cohort, emergence, mean, scale, draws=draws, seed=seed, shrink=shrink, smooth=smooth)
    beta, hazard, sigma = unpack(np, fit["theta"])
    model: dict[str, Any] = {
        "kind": KIND,
        "columns": [column.name for column in COLUMNS],
        "knots": list(KNOTS),
        "emergence": emergence,
        "mean": mean.tolist(),
        "scale": scale.tolist(),
        "beta": beta.tolist(),
        "hazard": hazard.tolist(),
        "sigma": float(sigma),
        "share": 0.0,
        "draws": [[*beta, *hazard, float(sigma), 0.0]],
    }
    shares, chance = fit_share(model, cohort)
    model["share"] = float(shares @ chance)
    if draws:
        betas, hazards, sigmas = unpack(np, fit["draws"])
        picked = np.random.default_rng(seed).choice(shares, size=len(betas), p=chance)
        rows = np.column_stack([betas, hazards, sigmas, picked])
        model["draws"] = [[float(f"{v:.{DIGITS}g}") for v in row] for row in rows]
        model["checks"] = fit["checks"]
    return model


def fit_share(model: dict[str, Any], cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Return values of ``share`` and their probabilities, from how well updated forecasts meet what followed the landmarks.

    Assumptions: teeth of one child are not independent, so that the log likelihood is counted per child and not per tooth, and its mean
    over the landmarks is taken since they are scored on the same children.
    """
    score = np.zeros(len(SHARES))
    for landmark in LANDMARKS:
        for k, share in enumerate(SHARES):
            found = history_scores({**model, "share": float(share)}, cohort, landmark)["updated"]
            used = ~np.isnan(found)
            if used.any():
                score[k] += np.nanmean(found[used]) * len(np.unique(cohort.child[used])) / len(LANDMARKS)
    chance = np.exp(score - score.max())
    return SHARES, chance / chance.sum()


def cross_validate(cohort: Cohort, *, folds: int = 4, seed: int = 1, **settings: Any) -> tuple[Forecasts, dict[str, np.ndarray]]:
    """Return forecasts of every followed tooth, and scores at the landmark, by models that never saw its child.

    Arguments: cohort, folds, seed (of the assignment of children), settings (of :func:`core`).
    """
    fold = np.random.default_rng(seed).integers(0, folds, cohort.child.max() + 1)[cohort.child]
    parts, scores, rows = [], {}, []
    for k in range(folds):
        model, held = core(cohort.take(fold != k), **settings), cohort.take(fold == k)
        parts.append(forecasts_of(model, held))
        rows.append(np.flatnonzero((fold == k) & cohort.followed))
        for name, values in history_scores(model, held).items():
            scores.setdefault(name, np.full(len(cohort), np.nan))[fold == k] = values
    order = np.argsort(np.concatenate(rows))
    joined = lambda pick: np.concatenate([pick(part) for part in parts])[order]  # noqa: E731
    horizons = parts[0].risk
    return Forecasts(
        joined(lambda p: p.log_likelihood),
        {n: joined(lambda p, n=n: p.risk[n]) for n in horizons},
        {n: joined(lambda p, n=n: p.expected[n]) for n in horizons},
    ), scores


def train(
    source: str | Path | pd.DataFrame | Cohort,
    *,
    split: str = "train",
    draws: int = 400,
    folds: int = 4,
    replicates: int = 400,
    seed: int = 0,
    data: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Train on a cohort and return the content of a model file.

    Arguments: source (.csv, .csv.gz, .parquet, a data frame or a cohort that was read), split (train on its rows; "" for all), draws (of
    the posterior to keep), folds (of the cross-validation by child that the card reports, 0 for none), replicates (resamples of children
    behind its intervals), seed, data (what the card says of the data: name, origin, licence, condition).
    Returns: JSON values only, the same for the same arguments.
    Raises: FileError, FormatError.
    """
    cohort = source if isinstance(source, Cohort) else read_cohort(source, split=split)
    model = core(cohort, draws=draws, seed=seed)
    model["inputs"] = fit_inputs(cohort, seed=seed)
    model["range"] = observed_range(cohort)
    model["card"] = card(cohort, model, data or {}, cross_validated(cohort, folds, replicates, seed) if folds else {})
    return model


def cross_validated(cohort: Cohort, folds: int, replicates: int, seed: int) -> dict[str, Any]:
    """Return the figures of forecasts made without the child, with intervals, and the gain from the mouth's own history."""
    forecasts, scores = cross_validate(cohort, folds=folds)
    scorer = Scorer(cohort)
    children = int(scorer.cohort.child.max()) + 1
    figures = intervals(children, lambda w: scorer.figures(forecasts, w), replicates=replicates, seed=seed)
    return {"folds": folds, **figures, "history": history_gain(scores, cohort, replicates=replicates, seed=seed)}


def observed_range(cohort: Cohort) -> dict[str, float]:
    """Return what a forecast must know of the children trained on: ages, and how often a molar was carious when first seen."""
    followed = cohort.take(cohort.followed)
    last = np.where(np.isnan(followed.hi), followed.lo, followed.hi)
    return {
        "age_low": float(np.quantile(cohort.age_base, 0.005)),
        "age_first_high": float(np.quantile(cohort.age_base, 0.975)),
        "age_first_mean": float(cohort.age_base.mean()),
        "age_last": float(np.quantile(cohort.age_last, 0.99)),
        "carious_at_first": float((~cohort.at_risk).mean()),
        "carious_per_year": float((~np.isnan(followed.hi)).sum() / (last - followed.age_base).sum()),
    }
