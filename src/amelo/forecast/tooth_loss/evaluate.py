"""How a tooth-loss model does on a cohort: discrimination, calibration, benefit, bounds, and what a mouth's own history adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.bounds import RISKIEST, missed
from amelo.forecast.evaluation import Evaluation, Figure, bootstrap_figures, plain
from amelo.forecast.forest import Forest
from amelo.forecast.scores.calibration import (
    auc_at,
    brier,
    calibration,
    calibration_curve,
    integrated_brier,
    net_benefit,
    observed_risk,
    share_caught,
)
from amelo.forecast.scores.censoring import Censoring
from amelo.forecast.scores.concordance import harrell_c, uno_c, within_mouth_c
from amelo.forecast.tooth_loss.bounds import LATEST, lower_bounds
from amelo.forecast.tooth_loss.cohort import Cohort, read_cohort
from amelo.forecast.tooth_loss.features import features
from amelo.forecast.tooth_loss.survival import Survival

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Seen", "evaluate", "scores_of"]

TIMES = np.linspace(0.05, 5.0, 67)  # years, of the integrated Brier score
HORIZONS = (1.0, 2.0, 4.0)
LANDMARK, FORWARD = 1.0, 2.0  # years: what happened until then moves the forecast of what comes after


def evaluate(
    model: dict[str, Any],
    table: pd.DataFrame,
    *,
    data: str = "",
    draws: int = 200,
    seed: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Evaluation:
    """Score a model on a cohort, with intervals over patients.

    Arguments: model (as :func:`amelo.forecast.artefact.find_model` returns); table (columns as :func:`read_cohort` takes them); data (name
    of the file); draws of the bootstrap; seed; on_progress (fraction, words).
    Raises: FormatError for a cohort that cannot be used.
    """
    cohort = read_cohort(table)
    notes = list(cohort.notes)
    if {"train", "dev"} <= set(cohort.split):
        cohort = cohort.take(cohort.split != "train")
        notes.append("rows of split train left out: the shipped model was trained on them")
    seen = Seen.of(model, cohort)
    everyone = bootstrap_figures(seen.scores, cohort.patient, draws=draws, seed=seed, on_progress=on_progress)
    return Evaluation(
        kind=model["kind"],
        model=model["hash"],
        data=data,
        rows=len(cohort.time),
        patients=len(np.unique(cohort.patient)),
        events=int(cohort.event.sum()),
        figures=everyone,
        subgroups=_subgroups(seen),
        curves=_curves(seen),
        notes=tuple(notes),
    )


def scores_of(model: dict[str, Any], cohort: Cohort) -> np.ndarray:
    """Return the score of every tooth; higher is sooner lost."""
    forest = Forest.load(model)
    return forest.scores(forest.bins(features(cohort.mouths, tuple(model["of_mouth"])))).mean(0)


@dataclass(frozen=True)
class Seen:
    """A cohort beside what the model says of it."""

    cohort: Cohort
    score: np.ndarray
    risk: dict[float, np.ndarray]
    survival: np.ndarray
    bounds: dict[float, np.ndarray]
    censoring: Censoring
    model: Survival

    @classmethod
    def of(cls, model: dict[str, Any], cohort: Cohort) -> Seen:
        """Look at a cohort with a model."""
        return cls.of_score(model, cohort, scores_of(model, cohort))

    @classmethod
    def of_score(cls, model: dict[str, Any], cohort: Cohort, score: np.ndarray) -> Seen:
        """Look at a cohort with scores that ``survival``, ``bounds`` and ``censoring`` of a model were fitted to."""
        survival = Survival.load(model)
        risk = {h: -np.expm1(-survival.hazard(score, np.array([h])))[:, 0] for h in HORIZONS}
        bounds = {level: lower_bounds(model, score, level) for level in model["bounds"]["levels"]}
        censoring = Censoring(np.array(model["censoring"]["times"]), np.array(model["censoring"]["share"]))
        return cls(cohort, score, risk, np.exp(-survival.hazard(score, TIMES)), bounds, censoring, survival)

    def scores(self, weight: np.ndarray) -> dict[str, float]:
        """Return every figure under weights of the teeth."""
        keep = weight > 0  # a patient not drawn leaves the ranks of quantiles as well
        time, event, weight = self.cohort.time[keep], self.cohort.event[keep], weight[keep]
        score, censoring = self.score[keep], self.censoring
        two = self.risk[2.0][keep]
        fit = calibration(time, event, two, 2.0, weight)
        out = {
            "harrell_c": harrell_c(time, event, score, weight),
            "uno_c": uno_c(time, event, score, censoring, 5.0, weight),
            "within_mouth_c": within_mouth_c(time, event, score, self.cohort.mouths.mouth[keep], weight),
            **{f"auc_{h:g}y": auc_at(time, event, self.risk[h][keep], h, censoring, weight) for h in HORIZONS},
            "integrated_brier_score": integrated_brier(time, event, self.survival[keep], TIMES, censoring, weight),
            "brier_2y": brier(time, event, 1 - two, 2.0, censoring, weight),
            "calibration_slope_2y": fit["slope"],
            "ici_2y": fit["ici"],
            "expected_observed_2y": fit["expected_observed"],
            "losses_caught_top5": share_caught(time, event, two, 2.0, RISKIEST, weight),
        }
        top = score >= np.quantile(score, 1 - RISKIEST)
        for level, bounds in self.bounds.items():
            name = f"coverage_{100 * (1 - level):.0f}"
            bounded = bounds[keep] < LATEST
            out[name] = 1 - missed(bounds[keep], time, event, weight)
            out[f"{name}_bounded"] = 1 - missed(bounds[keep][bounded], time[bounded], event[bounded], weight[bounded])
            out[f"{name}_riskiest"] = 1 - missed(bounds[keep][top], time[top], event[top], weight[top])
        return out | self.forward(keep, weight)

    def forward(self, keep: np.ndarray, weight: np.ndarray) -> dict[str, float]:
        """Return what the first year of a mouth adds to the forecast of the two years after it, per tooth still there.

        Returns: ``update_log_likelihood`` (gain per thousand teeth), ``update_harrell_c`` (gain), ``forward_harrell_c`` (after it).
        """
        given = self._given
        mouth, time, event = self.cohort.mouths.mouth[keep], self.cohort.time[keep], self.cohort.event[keep]
        early, until = given["early"][keep], given["until"][keep]
        lost = np.bincount(mouth, event & (time <= LANDMARK))[mouth]
        expected = np.bincount(mouth, early)[mouth]
        there = time > LANDMARK
        if not there.any():
            return {}
        ends = np.minimum(time, LANDMARK + FORWARD)
        seen = event & (time <= LANDMARK + FORWARD)
        shape, v = 1 / self.model.variance, self.model.variance
        ahead = until - early
        after = np.where(seen, np.log((shape + lost) / (1 / v + expected + ahead)), 0) + (shape + lost) * np.log(
            (1 / v + expected) / (1 / v + expected + ahead)
        )
        alone = np.where(seen, np.log(shape / (1 / v + until)), 0) + shape * np.log((1 / v + early) / (1 / v + until))
        forward = given["forward"][keep]  # over the same two years for all, so that it ranks
        rank_after = (shape + lost) / (1 / v + expected) * forward
        rank_alone = shape / (1 / v + early) * forward
        w = weight[there]
        c_after = harrell_c(ends[there], seen[there], rank_after[there], w)
        return {
            "update_log_likelihood": 1000 * float(np.average((after - alone)[there], weights=w)),
            "update_harrell_c": c_after - harrell_c(ends[there], seen[there], rank_alone[there], w),
            "forward_harrell_c": c_after,
        }

    @cached_property
    def _given(self) -> dict[str, np.ndarray]:
        """Return hazards given the mouth: until the landmark, until the end of follow-up after it, and over the whole of it."""
        time, model = self.cohort.time, self.model

        def conditional(at: np.ndarray) -> np.ndarray:
            return model.given(model.hazard_at(self.score, at), model.variance)

        end = LANDMARK + FORWARD
        whole = conditional(np.full_like(time, end)) - conditional(np.full_like(time, LANDMARK))
        return {"early": conditional(np.minimum(time, LANDMARK)), "until": conditional(np.minimum(time, end)), "forward": whole}


def _subgroups(seen: Seen) -> dict[str, dict[str, Figure]]:
    """Return C, observed and predicted risk at two years in groups that dentistry asks about, with intervals."""
    columns, out = seen.cohort.mouths.columns, {}
    age, molar = columns["baseline_age"], seen.cohort.mouths.fdi % 10 > 5
    groups = {
        "younger than 45": age < 45,
        "45 to 64": (age >= 45) & (age < 65),
        "65 and older": age >= 65,
        "men": columns["male"] == 1,
        "women": columns["male"] == 0,
        "never tobacco": columns["tobacco_ever"] == 0,
        "ever tobacco": columns["tobacco_ever"] == 1,
        "diabetes": columns["diabetes"] == 1,
        "molars": molar,
        "other teeth": ~molar,
        "deepest pocket 5 mm or more": columns["pocket_max"] >= 5,
        "decayed": columns["decayed_tooth"] == 1,
    }
    for name, keep in groups.items():
        time, event = seen.cohort.time[keep], seen.cohort.event[keep]
        if event.sum() < 20:
            continue
        score, risk = seen.score[keep], seen.risk[2.0][keep]

        def figures(w, time=time, event=event, score=score, risk=risk) -> dict[str, float]:
            observed = observed_risk(time, event, 2.0, w)
            return {
                "harrell_c": harrell_c(time, event, score, w),
                "observed_2y": observed,
                "expected_observed_2y": float(np.average(risk, weights=w)) / observed if observed else float("nan"),
            }

        out[name] = bootstrap_figures(figures, seen.cohort.patient[keep], draws=100)
    return out


def _curves(seen: Seen) -> dict[str, dict[str, list[float]]]:
    time, event, risk = seen.cohort.time, seen.cohort.event, seen.risk[2.0]
    order = np.argsort(risk)[np.linspace(0, len(risk) - 1, 101).astype(int)]
    smooth = calibration_curve(time, event, risk, 2.0)
    tenths = np.array_split(np.argsort(risk), 10)
    at = np.linspace(0.005, 0.4, 80)
    benefit = net_benefit(time, event, risk, 2.0, at)
    return {
        "calibration_2y": {"predicted": plain(risk[order]), "observed": plain(smooth[order])},
        "calibration_tenths_2y": {
            "predicted": plain([risk[t].mean() for t in tenths]),
            "observed": plain([observed_risk(time[t], event[t], 2.0) for t in tenths]),
        },
        "decision_2y": {"threshold": plain(at), "model": plain(benefit["model"]), "all": plain(benefit["all"])},
    }
