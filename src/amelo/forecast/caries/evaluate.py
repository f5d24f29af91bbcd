"""Score the model of caries onset on a table, with subgroups and the gain from what the same mouth did since."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.caries.cohort import Cohort, read_cohort
from amelo.forecast.caries.held_out import LANDMARK, Past, coverage_of
from amelo.forecast.caries.metrics import HORIZONS, Forecasts, Scorer, intervals
from amelo.forecast.caries.survival import Forecaster, fitted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "forecasts_of", "history_gain", "history_scores"]

IN_SUBGROUPS = ("log_likelihood", "auc_3y", "expected_observed_4y")
SMALLEST = 100  # followed teeth that a subgroup needs


def forecasts_of(model: dict[str, Any], cohort: Cohort) -> Forecasts:
    """Return what a model says of the followed teeth of a cohort."""
    forecaster, used = Forecaster(fitted(model), cohort), cohort.followed
    seen_for = cohort.age_last - cohort.age_base
    return Forecasts(
        forecaster.log_likelihood()[used],
        {n: forecaster.risk(n)[used] for n in HORIZONS},
        {n: forecaster.risk(np.minimum(n, seen_for))[used] for n in HORIZONS},
    )


def history_scores(model: dict[str, Any], cohort: Cohort, landmark: float = LANDMARK) -> dict[str, np.ndarray]:
    """Score forecasts made some years on, without and with what the other molars of the mouth did until then.

    Arguments: model, cohort, landmark (years after the first examination).
    Returns: per tooth of the cohort, NaN where it was carious by the landmark or not seen after it: alone and updated (log probability
    of the observed interval, given that it was sound when last seen), risk_alone and risk_updated (of caries within two more years).
    Assumptions: those of :class:`amelo.forecast.caries.held_out.Past`.
    """
    past = Past.of(Forecaster(fitted(model), cohort), landmark)
    sound, seen, scored = past.sound, past.seen, past.scored
    later = past.forecaster.survival(past.sound_at + 2)
    weights = {"alone": past.alone, "updated": past.updated}
    found = {}
    for name, weight in weights.items():
        left = (seen / sound * weight).sum(1)
        found[name] = np.where(scored, np.log(np.maximum(left, 1e-300)), np.nan)
        found[f"risk_{name}"] = np.where(scored, 1 - (later / sound * weight).sum(1), np.nan)
    return found


def evaluate(
    model: dict[str, Any], source: str | Path | pd.DataFrame | Cohort, *, split: str = "", replicates: int = 400, seed: int = 0
) -> dict[str, Any]:
    """Score a model on a table with the columns of the cohort as they stand.

    Arguments: model (content of a model file), source (.csv, .csv.gz, .parquet, a data frame or a cohort that was read), split (only its
    rows), replicates (resamples of children for the 95 % intervals), seed.
    Returns: counts; ``figures`` as {name: {value, low, high}}; each figure again at the top under its name; ``subgroups`` by sex,
    province, kind of school and tooth; ``history``: the gain from updating by the mouth's own history at the landmark.
    Raises: FileError, FormatError.
    """
    cohort = source if isinstance(source, Cohort) else read_cohort(source, split=split)
    forecasts, scorer = forecasts_of(model, cohort), Scorer(cohort)
    children, covered = int(scorer.cohort.child.max()) + 1, coverage_of(model, cohort)

    def scored(weight: np.ndarray | None) -> dict[str, float]:
        return scorer.figures(forecasts, weight) | (covered.figures(weight) if covered else {})

    figures = intervals(children, scored, replicates=replicates, seed=seed)
    return {
        "teeth": len(cohort),
        "teeth_scored": len(scorer.cohort),
        "children_scored": children,
        "events": int((~np.isnan(scorer.high)).sum()),
        **scorer.undetermined(),
        **figures,
        "figures": figures,
        "subgroups": _subgroups(scorer.cohort, forecasts, replicates=replicates // 2, seed=seed),
        "history": _history(model, cohort, replicates=replicates, seed=seed),
    }


def _subgroups(cohort: Cohort, forecasts: Forecasts, *, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
    labels = {"sex": np.where(cohort.inputs["girl"] == 1, "girl", "boy"), **cohort.groups, "tooth": cohort.tooth.astype(str)}
    found: dict[str, dict[str, Any]] = {}
    for group, values in labels.items():
        for label in np.unique(values):
            mask = values == label
            if mask.sum() < SMALLEST:
                continue
            part = Scorer(cohort.take(mask))
            order = np.flatnonzero(mask)
            said = forecasts.take(order)
            rows = intervals(
                int(part.cohort.child.max()) + 1,
                lambda w, part=part, said=said: {k: part.figures(said, w)[k] for k in IN_SUBGROUPS},
                replicates=replicates,
                seed=seed,
            )
            found.setdefault(group, {})[str(label)] = {"teeth": int(mask.sum()), **rows}
    return found


def _history(model: dict[str, Any], cohort: Cohort, *, replicates: int, seed: int) -> dict[str, Any]:
    return history_gain(history_scores(model, cohort), cohort, replicates=replicates, seed=seed)


def history_gain(scores: dict[str, np.ndarray], cohort: Cohort, *, replicates: int, seed: int) -> dict[str, Any]:
    """Return what updating by the mouth's own history gains per tooth in log likelihood, with its interval by child."""
    used = ~np.isnan(scores["alone"])
    gain, child = (scores["updated"] - scores["alone"])[used], np.unique(cohort.child[used], return_inverse=True)[1]
    if not len(gain):
        return {"teeth": 0}

    def figures(weight: np.ndarray | None) -> dict[str, float]:
        w = np.ones(len(gain)) if weight is None else weight[child]
        return {
            "log_likelihood_alone": float(np.average(scores["alone"][used], weights=w)),
            "log_likelihood_updated": float(np.average(scores["updated"][used], weights=w)),
            "gain": float(np.average(gain, weights=w)),
        }

    rows = intervals(int(child.max()) + 1, figures, replicates=replicates, seed=seed)
    return {"landmark_years": LANDMARK, "teeth": int(used.sum()), **rows}
