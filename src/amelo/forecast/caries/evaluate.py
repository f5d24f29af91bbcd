"""How a model of caries onset does on a cohort: discrimination, calibration, benefit, and what a mouth's own history adds.

Counted from the first examination: when a molar came through is part of what the forecast has to allow for, and never of what it is
scored on. So of the two intervals of the cohort only that of caries is left, and :mod:`amelo.forecast.scores.intervals` says how it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.caries.bounds import Coverage
from amelo.forecast.caries.cohort import Cohort, read_cohort
from amelo.forecast.caries.held_out import LANDMARK, Past, coverage_of
from amelo.forecast.caries.metrics import HORIZONS, Forecasts, Scorer, intervals
from amelo.forecast.caries.survival import Forecaster, fitted
from amelo.forecast.evaluation import Evaluation, Figure, bootstrap_figures, plain
from amelo.forecast.scores.concordance import harrell_c_intervals
from amelo.forecast.scores.expected import expected_auc, expected_brier, expected_c, expected_net_benefit
from amelo.forecast.scores.intervals import Judge, calibration_slope, judge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Seen", "evaluate", "for_card", "forecasts_of", "history_gain", "history_scores"]

TIMES = np.linspace(0.5, 4.0, 8)  # years, of the integrated Brier score; the examinations are about a year apart
PLOTTED = 2.0  # years, of the calibration plot and the decision curve
MAIN = 0.8  # of the time goes to the figures, the rest to subgroups
IN_SUBGROUPS = ("auc_3y", "expected_observed_4y", "log_likelihood")
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
    model: dict[str, Any],
    table: pd.DataFrame,
    *,
    data: str = "",
    draws: int = 200,
    seed: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Evaluation:
    """Score a model on a cohort of children, with intervals over children.

    Arguments: model (as :func:`amelo.forecast.artefact.find_model` returns); table (columns as :func:`read_cohort` takes them); data (name
    of the file); draws of the bootstrap; seed; on_progress (fraction, words).
    Raises: FormatError for a cohort that cannot be used.
    """
    cohort = read_cohort(table)
    notes = []
    if {"train", "dev"} <= set(cohort.split):
        cohort = cohort.take(cohort.split != "train")
        notes.append("rows of split train left out: the shipped model was trained on them")
    seen = Seen.of(model, cohort)
    used = seen.scorer.cohort
    told = lambda first, last: on_progress and (lambda part, words: on_progress(first + (last - first) * part, words))  # noqa: E731
    everyone = bootstrap_figures(seen.scores, used.child, draws=draws, seed=seed, on_progress=told(0.0, MAIN))
    return Evaluation(
        kind=model["kind"],
        model=model["hash"],
        data=data,
        rows=len(used),
        patients=len(np.unique(used.child)),
        events=int((~np.isnan(seen.scorer.high)).sum()),
        figures=everyone,
        subgroups=_subgroups(seen, draws=draws // 2, on_progress=told(MAIN, 1.0)),
        curves=_curves(seen),
        notes=(*notes, *_notes(seen, len(cohort))),
    )


@dataclass(frozen=True)
class Seen:
    """A cohort beside what a model says of it: scorer (of the teeth seen again), forecasts, risk (teeth × TIMES), gain (of the log
    likelihood of each tooth by what its mouth did until the landmark, NaN where it is not scored), covered (by the bounds of the model)."""

    scorer: Scorer
    forecasts: Forecasts
    risk: np.ndarray
    gain: np.ndarray
    covered: Coverage | None

    @classmethod
    def of(cls, model: dict[str, Any], cohort: Cohort) -> Seen:
        """Look at a cohort with a model."""
        forecaster, used = Forecaster(fitted(model), cohort), cohort.followed
        history = history_scores(model, cohort)
        return cls(
            Scorer(cohort),
            forecasts_of(model, cohort),
            np.column_stack([forecaster.risk(t)[used] for t in TIMES]),
            (history["updated"] - history["alone"])[used],
            coverage_of(model, cohort),
        )

    def judges(self, keep: np.ndarray, weight: np.ndarray) -> Iterator[tuple[float, np.ndarray, Judge]]:
        """Yield each time [y], the risk predicted by it, and its judge."""
        for time, risk in zip(TIMES, self.risk[keep].T, strict=True):
            yield float(time), risk, judge(self.scorer.low[keep], self.scorer.high[keep], risk, float(time), weight)

    def scores(self, weight: np.ndarray) -> dict[str, float]:
        """Return every figure under weights of the teeth, alike for the teeth of one child."""
        keep = weight > 0
        low, high, w = self.scorer.low[keep], self.scorer.high[keep], weight[keep]
        child, last = self.scorer.cohort.child, self.risk[keep, -1]
        of_child = weight[np.searchsorted(child, np.arange(child.max() + 1))]
        known = self.scorer.figures(self.forecasts, of_child)
        error, found = [0.0], {}
        for time, risk, one in self.judges(keep, w):
            status = one.status()
            error.append(expected_brier(status, risk, w))
            if time in HORIZONS:
                found[f"auc_expected_{time:g}y"] = expected_auc(status, risk, w)
                found[f"brier_{time:g}y"] = error[-1]
                found[f"calibration_slope_{time:g}y"] = calibration_slope(low, high, risk, time, w)
                found[f"ici_{time:g}y"] = float(np.average(np.abs(one.risk() - risk), weights=w))
        out = {
            "harrell_c": harrell_c_intervals(low, high, last, w),
            "uno_c": expected_c(one, last, TIMES, w),
            "within_mouth_c": known["within_mouth_c"],
            "integrated_brier_score": float(np.trapezoid(error, [0.0, *TIMES]) / TIMES[-1]),
            **dict(sorted(found.items())),
            **known,
            **(self.covered.figures(of_child) if self.covered else {}),
        }
        scored = ~np.isnan(self.gain) & keep
        if scored.any():
            out["update_log_likelihood"] = 1000 * float(np.average(self.gain[scored], weights=weight[scored]))
        return out


def _parts(cohort: Cohort) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield groups by sex, tooth, and what else the cohort tells apart, large enough to score: kind of group, label, mask of teeth."""
    labels = {"sex": np.where(cohort.inputs["girl"] == 1, "girl", "boy"), **cohort.groups, "tooth": cohort.tooth.astype(str)}
    for group, values in labels.items():
        for label in np.unique(values):
            if (values == label).sum() >= SMALLEST:
                yield group, str(label), values == label


def _subgroups(seen: Seen, *, draws: int, on_progress: Callable[[float, str], None] | None) -> dict[str, dict[str, Figure]]:
    """Return figures of each group of teeth, with intervals."""
    parts, found = list(_parts(seen.scorer.cohort)), {}
    for k, (group, label, mask) in enumerate(parts):
        part = Scorer(seen.scorer.cohort.take(mask))
        said, risk = seen.forecasts.take(np.flatnonzero(mask)), seen.risk[mask, -1]

        def figures(w: np.ndarray, part=part, said=said, risk=risk) -> dict[str, float]:
            child = part.cohort.child
            rest = part.figures(said, w[np.searchsorted(child, np.arange(child.max() + 1))])
            return {"harrell_c": harrell_c_intervals(part.low, part.high, risk, w), **{key: rest[key] for key in IN_SUBGROUPS}}

        found[f"{group} {label}"] = bootstrap_figures(figures, part.cohort.child, draws=draws)
        if on_progress:
            on_progress((k + 1) / len(parts), "drawing patients of subgroups again")
    return found


def _curves(seen: Seen) -> dict[str, dict[str, list[float]]]:
    everyone = np.ones(len(seen.risk))
    _, risk, one = next(found for found in seen.judges(everyone > 0, everyone) if found[0] == PLOTTED)
    status, smooth = one.status(), one.risk()
    order = np.argsort(risk)
    line = order[np.linspace(0, len(risk) - 1, 101).astype(int)]
    tenths = np.array_split(order, 10)
    at = np.linspace(0.005, 0.4, 80)
    benefit = expected_net_benefit(status, risk, at)
    return {
        f"calibration_{PLOTTED:g}y": {"predicted": plain(risk[line]), "observed": plain(smooth[line])},
        f"calibration_tenths_{PLOTTED:g}y": {
            "predicted": plain([risk[t].mean() for t in tenths]),
            "observed": plain([status[t].mean() for t in tenths]),
        },
        f"decision_{PLOTTED:g}y": {"threshold": plain(at), "model": plain(benefit["model"]), "all": plain(benefit["all"])},
    }


def _notes(seen: Seen, teeth: int) -> list[str]:
    scorer = seen.scorer
    shares = [f"{100 * np.mean((scorer.low < n) & ~(scorer.high <= n)):.0f} % at {n} y" for n in HORIZONS]
    return [
        f"{len(scorer.cohort)} of {teeth} teeth were free of caries when first examined and seen again; those are scored, from that day on",
        f"when caries began is known between two examinations; whether it had is open for {', '.join(shares[:-1])} and {shares[-1]}: those "
        "count by what a free regression of the intervals on the predictions expects (AUC of all, Uno C, Brier score, calibration, net benefit)",
        "pairs whose order is not known are left out of Harrell C and of C within the mouth, and teeth not examined within a quarter of a "
        "year of the horizon out of AUC",
    ]


def for_card(model: dict[str, Any], cohort: Cohort, *, replicates: int = 400, seed: int = 0) -> dict[str, Any]:
    """Return what the card of a model says of a cohort, as JSON values: what is known without a judge.

    Arguments: model (content of a model file), cohort, replicates (resamples of children for the 95 % intervals), seed.
    Returns: counts; ``figures`` as {name: {value, low, high}}; ``subgroups`` by sex, province, kind of school and tooth; ``history``: the
    gain from updating by the mouth's own history at the landmark.
    """
    forecasts, scorer, covered = forecasts_of(model, cohort), Scorer(cohort), coverage_of(model, cohort)
    children, subgroups = int(scorer.cohort.child.max()) + 1, {}

    def scored(weight: np.ndarray | None) -> dict[str, float]:
        return scorer.figures(forecasts, weight) | (covered.figures(weight) if covered else {})

    for group, label, mask in _parts(scorer.cohort):
        part, said = Scorer(scorer.cohort.take(mask)), forecasts.take(np.flatnonzero(mask))
        of = lambda w, part=part, said=said: {key: part.figures(said, w)[key] for key in IN_SUBGROUPS}  # noqa: E731
        rows = intervals(int(part.cohort.child.max()) + 1, of, replicates=replicates // 2, seed=seed)
        subgroups.setdefault(group, {})[label] = {"teeth": int(mask.sum()), **rows}
    return {
        "teeth": len(cohort),
        "teeth_scored": len(scorer.cohort),
        "children_scored": children,
        "events": int((~np.isnan(scorer.high)).sum()),
        **scorer.undetermined(),
        "figures": intervals(children, scored, replicates=replicates, seed=seed),
        "subgroups": subgroups,
        "history": history_gain(history_scores(model, cohort), cohort, replicates=replicates, seed=seed),
    }


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
