"""Train the model of caries onset on a cohort: deterministic, from the table to the content of a model file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.caries.bounds import Coverage, Seen, fit_bounds
from amelo.forecast.caries.card import CARRIED, card
from amelo.forecast.caries.cohort import Cohort, read_cohort
from amelo.forecast.caries.emergence import fit_emergence
from amelo.forecast.caries.evaluate import forecasts_of, history_gain, history_scores
from amelo.forecast.caries.features import COLUMNS
from amelo.forecast.caries.fit import SHRINK, SMOOTH, fit_hazard, scales, unpack
from amelo.forecast.caries.held_out import GAP, Past, first_seen, joined, later_seen
from amelo.forecast.caries.inputs import fit_inputs
from amelo.forecast.caries.likelihood import KNOTS
from amelo.forecast.caries.metrics import Forecasts, Scorer, intervals
from amelo.forecast.caries.survival import KIND, Forecaster, fitted
from amelo.forecast.cohort import read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HeldOut", "core", "cross_validate", "cross_validated", "fit_share", "observed_range", "train"]

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


@dataclass(frozen=True)
class HeldOut:
    """What models say of children that they never saw: forecasts of the followed teeth, scores at the landmark (per tooth of the cohort), and
    the curves beside what was seen, from the first examination and from the landmark."""

    forecasts: Forecasts
    scores: dict[str, np.ndarray]
    first: Seen
    later: Seen


def cross_validate(
    cohort: Cohort, *, folds: int = 4, seed: int = 1, on_progress: Callable[[float, str], None] | None = None, **settings: Any
) -> HeldOut:
    """Return forecasts of every child by models that never saw it.

    Arguments: cohort, folds, seed (of the assignment of children), on_progress (fraction, words), settings (of :func:`core`).
    """
    fold = np.random.default_rng(seed).integers(0, folds, cohort.child.max() + 1)[cohort.child]
    parts, scores, rows, first, later = [], {}, [], [], []
    for k in range(folds):
        if on_progress:
            on_progress(k / folds, f"fitting without part {k + 1} of {folds} of the children")
        model, held = core(cohort.take(fold != k), **settings), cohort.take(fold == k)
        forecaster = Forecaster(fitted(model), held)
        parts.append(forecasts_of(model, held))
        rows.append(np.flatnonzero((fold == k) & cohort.followed))
        first.append(first_seen(forecaster))
        later.append(later_seen(Past.of(forecaster)))
        for name, values in history_scores(model, held).items():
            scores.setdefault(name, np.full(len(cohort), np.nan))[fold == k] = values
    order = np.argsort(np.concatenate(rows))
    together = lambda pick: np.concatenate([pick(part) for part in parts])[order]  # noqa: E731
    horizons = parts[0].risk
    forecasts = Forecasts(
        together(lambda p: p.log_likelihood),
        {n: together(lambda p, n=n: p.risk[n]) for n in horizons},
        {n: together(lambda p, n=n: p.expected[n]) for n in horizons},
    )
    return HeldOut(forecasts, scores, joined(first), joined(later))


def train(
    source: str | Path | pd.DataFrame | Cohort,
    *,
    split: str | None = None,
    draws: int = 400,
    folds: int = 4,
    replicates: int = 400,
    seed: int = 0,
    data: dict[str, str] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Train on a cohort and return the content of a model file.

    Arguments: source (.csv, .csv.gz, .parquet, a data frame or a cohort that was read), split (train on its rows, "" for all; by default ``train`` where the table has a column ``split``), draws (of
    the posterior to keep), folds (of the cross-validation by child that bounds are set on and the card reports, 0 for neither), replicates
    (resamples of children behind its intervals), seed, data (what the card says of the data: name, origin, licence, condition), on_progress
    (fraction, words).
    Returns: JSON values only, the same for the same arguments.
    Raises: FileError, FormatError.
    """
    say = on_progress or (lambda fraction, words: None)
    cohort = source if isinstance(source, Cohort) else _read(source, split)
    say(0.0, "fitting caries and emergence, and drawing from the posterior")
    model = core(cohort, draws=draws, seed=seed)
    say(0.6, "fitting what unknown inputs may be")
    model["inputs"] = fit_inputs(cohort, seed=seed)
    model["range"] = observed_range(cohort)
    figures: dict[str, Any] = {}
    if folds:
        held = cross_validate(cohort, folds=folds, on_progress=lambda f, words: say(0.65 + 0.25 * f, words))
        say(0.9, "setting bounds and drawing children again")
        model["bounds"] = fit_bounds(held.first)
        figures = {"folds": folds, **cross_validated(held, model["bounds"], cohort, replicates, seed)}
    model["card"] = card(cohort, model, data or {}, figures)
    say(1.0, "done")
    return model


def _read(source: str | Path | pd.DataFrame, split: str | None) -> Cohort:
    table = read_table(source)
    return read_cohort(table, split=("train" if "split" in table.columns else "") if split is None else split)


def cross_validated(held: HeldOut, bounds: dict[str, Any], cohort: Cohort, replicates: int, seed: int) -> dict[str, Any]:
    """Return the figures of forecasts made without the child, with intervals by child.

    Arguments: held, bounds (of the model), cohort, replicates, seed.
    Returns: the figures; ``history`` (the gain from the mouth's own history); ``bounds`` (coverage by bounds that were set on the other half
    of the children, at the first examination) and ``bounds_later`` (coverage by those of the model, at the landmark).
    """
    scorer = Scorer(cohort)

    def shares(covered: Coverage) -> dict[str, Any]:
        return intervals(int(covered.child.max()) + 1, covered.figures, replicates=replicates, seed=seed)

    figures = intervals(
        int(scorer.cohort.child.max()) + 1, lambda w: scorer.figures(held.forecasts, w), replicates=replicates, seed=seed
    )
    return {
        **{name: row for name, row in figures.items() if name in CARRIED},
        "history": history_gain(held.scores, cohort, replicates=replicates, seed=seed),
        "bounds": shares(Coverage.across(held.first, seed=seed)),
        "bounds_later": shares(Coverage.of(bounds, held.later)),
    }


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
