"""The loss of each tooth of a case: draws of its hazard, what drives it, what is missing, what would change it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.distance import unlike
from amelo.forecast.forest import Forest
from amelo.forecast.outlook import Change, Driver, Missing, Outlook
from amelo.forecast.told import tells
from amelo.forecast.tooth_loss.bounds import lower_bounds
from amelo.forecast.tooth_loss.chart import chart_of, excluded, with_mouth
from amelo.forecast.tooth_loss.columns import columns
from amelo.forecast.tooth_loss.features import Mouths, feature_names, features
from amelo.forecast.tooth_loss.inputs import OF_TOOTH, PERSONAL, Inputs
from amelo.forecast.tooth_loss.survival import Survival
from amelo.params import load_set
from amelo.records.base import UNKNOWN

if TYPE_CHECKING:
    from amelo.records.case import Case

__all__ = ["outlooks"]

EXPLAINED = 6  # draws of the unknown that an explanation is averaged over
AT = 2.0  # years, where the log hazard is explained
STANDING = ("present", "unerupted", "partially erupted", "root remnant")
LOOK_BACK = 5.0  # years of history that count: the hazard was fitted for five


def outlooks(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict[str, Any]) -> list[Outlook]:
    """Return the outlook of the loss of each charted tooth.

    Arguments: case; times [y from now, starting at 0]; draws; seed; model (as :func:`amelo.forecast.artefact.find_model` returns).
    """
    told = [Outlook("tooth loss", fdi, model["hash"], abstained=reason) for fdi, reason in excluded(case).items()]
    chart = chart_of(case)
    if not len(chart.fdi):
        return told
    parts, rng = _parts(model["hash"], model), np.random.default_rng([seed, 1])
    columns_drawn, distance = parts.inputs.draw(chart, draws, rng)
    reason = _outside(chart, distance, parts.inputs, model["card"])
    if reason:
        return told + [Outlook("tooth loss", int(fdi), model["hash"], abstained=reason) for fdi in chart.fdi]
    teeth = len(chart.fdi)
    mouths = with_mouth(
        Mouths(np.repeat(np.arange(draws), teeth), np.tile(chart.fdi, draws), {n: v.ravel() for n, v in columns_drawn.items()})
    )
    bins = parts.forest.bins(features(mouths, parts.of_mouth))
    scores = parts.forest.scores(bins).reshape(-1, draws, teeth)
    score = scores.mean(0)
    hazard = _hazard(case, parts, score + model["error_scale"] * _error(scores), times, rng)
    explained = _explained(parts, bins, draws, teeth)
    changes = _changes(case, chart, times)
    bounds = {level: lower_bounds(model, score.mean(0), level) for level in model["bounds"]["levels"]}
    for k, fdi in enumerate(chart.fdi):
        drivers = _drivers(parts, explained[k], chart, mouths, k, float(score[:, k].mean()))
        missing = _missing(chart, columns_drawn, score[:, k], k)
        why = {"drivers": drivers, "missing": missing, "changes": changes}
        outlasts = tuple((1 - level, float(bounds[level][k])) for level in sorted(bounds, reverse=True))
        told.append(Outlook("tooth loss", int(fdi), model["hash"], hazard=hazard[:, k], outlasts=outlasts, **why))
    return told


class _Parts:
    """The parts of a model, read once."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.forest, self.survival, self.inputs = Forest.load(model), Survival.load(model), Inputs.load(model)
        self.of_mouth = tuple(model["of_mouth"])
        self.names = feature_names(self.of_mouth)
        self.groups, self.group = _groups(self.names)


_LOADED: dict[str, _Parts] = {}


def _parts(digest: str, model: dict[str, Any]) -> _Parts:
    if digest not in _LOADED:
        _LOADED[digest] = _Parts(model)
    return _LOADED[digest]


def _outside(chart: Mouths, distance: float, inputs: Inputs, card: dict[str, Any]) -> str:
    """Return why the mouth is outside what the cohort can speak of, "" when it is not."""
    youngest, _, oldest = card["age_years"]
    age = chart.columns["baseline_age"][0]
    if age < youngest or age > oldest:
        return f"the cohort is of people from {youngest:g} to {oldest:g} years, this one is about {age:g}"
    return unlike(distance, inputs.typical)


def _error(scores: np.ndarray) -> np.ndarray:
    """Return draws of how forests grown on different patients differ: each draw follows one of them.

    Arguments: scores (forests × draws × teeth).
    """
    forests, draws = scores.shape[:2]
    which = np.arange(draws)
    return (scores - scores.mean(0))[which % forests, which]


def _hazard(case: Case, parts: _Parts, score: np.ndarray, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws × teeth × times of the cumulative hazard, with the sturdiness of the mouth after its history."""
    survival, draws = parts.survival, len(score)
    coefficients = survival.coefficients + rng.standard_normal((draws, len(survival.coefficients))) @ survival.root.T
    variance = survival.variances(rng, draws)
    lost, years = _history(case)
    hazard = np.empty((draws, score.shape[1], len(times)))
    sturdiness = np.empty(draws)
    for d in range(draws):
        hazard[d] = survival.given(survival.hazard(score[d], times, coefficients[d]), variance[d])
        expected = 0.0
        if years:
            past = survival.given(survival.hazard(score[d], np.array([years]), coefficients[d]), variance[d])[:, 0]
            expected = past.sum() + lost * past.mean()  # nothing is known of the teeth that went
        sturdiness[d] = survival.sturdiness(rng, variance[d], lost, expected)
    return hazard * sturdiness[:, None, None]


def _history(case: Case) -> tuple[float, float]:
    """Return how many teeth were extracted in the years that the history speaks of, and those years (0 when it does not)."""
    if not case.history:
        return 0.0, 0.0
    earliest = min(event.on for event in case.history)
    years = min((case.recorded_on - earliest).days / 365.25, LOOK_BACK)
    if years <= 0.25:
        return 0.0, 0.0
    lost = {
        event.tooth
        for event in case.history
        if event.tooth != UNKNOWN
        and event.tooth < 50
        and tells(event.what, ("extract",))
        and case.tooth(event.tooth).status not in STANDING  # a tooth that is charted has not been extracted
        and case.tooth(event.tooth).missing_cause != "orthodontic"
        and 0 <= (case.recorded_on - event.on).days <= 365.25 * years
    }
    return float(len(lost)), years


@cache
def _words(name: str) -> str:
    known = columns()
    return known[name]["words"] if name in known else {"place": "place in the mouth"}[name]


def _groups(names: list[str]) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Return the groups that features are explained by, as (base column, own or mouth), and the group of each feature."""
    known, keys = columns(), []
    for name in names:
        base, _, relation = name.partition(".")
        if base not in known:
            keys.append(("place", ""))
        elif relation in ("over", "rank") or (not relation and known[base]["level"] == "tooth"):
            keys.append((base, "own"))
        elif relation:
            keys.append((base, "mouth"))
        else:
            of = known[base].get("of", base)
            keys.append((of, "mouth") if of in OF_TOOTH else (of if of in known else base, ""))
    groups = list(dict.fromkeys(keys))
    return groups, np.array([groups.index(key) for key in keys])


def _explained(parts: _Parts, bins: np.ndarray, draws: int, teeth: int) -> np.ndarray:
    """Return teeth × groups: what each adds to the score of the average tooth, averaged over some draws of the unknown."""
    some = np.unique(np.linspace(0, draws - 1, EXPLAINED).astype(int))
    out = np.zeros((teeth, len(parts.groups)))
    unlike: dict[bytes, np.ndarray] = {}
    for d in some:
        for k in range(teeth):
            column = bins[:, d * teeth + k]
            key = column.tobytes()
            if key not in unlike:
                each = parts.forest.explain(column[:, None])[0][0]
                unlike[key] = np.bincount(parts.group, each, len(parts.groups))
            out[k] += unlike[key] / len(some)
    return out


def _drivers(parts: _Parts, explained: np.ndarray, chart: Mouths, mouths: Mouths, tooth: int, score: float) -> tuple[Driver, ...]:
    """Return the parts of the log hazard at two years, the largest first; together they are the whole difference."""
    survival, known = parts.survival, columns()
    average = score - explained.sum()
    at = np.array([AT])
    both = np.log(survival.hazard(np.array([score, average]), at)[:, 0])
    slope = (both[0] - both[1]) / (score - average) if abs(score - average) > 1e-9 else 1.0
    out = []
    for (name, level), effect in zip(parts.groups, explained * slope, strict=True):
        value, words = "", _words(name)
        unit = "" if name not in known or known[name]["unit"] in ("yes/no", "share") else f" {known[name]['unit']}"
        if level == "own":
            given = chart.columns[name][tooth]
            value = "unknown" if np.isnan(given) else _shown(given, name) + unit
            words = f"{words} of this tooth" if known[name]["unit"] != "yes/no" else f"this tooth: {words}"
        elif level == "mouth":
            others = np.delete(chart.columns[name], tooth)
            mean = np.nanmean(others) if (~np.isnan(others)).any() else np.nan
            share = known[name]["unit"] == "yes/no"
            value = "unknown" if np.isnan(mean) else f"{100 * mean:.0f} % of them" if share else f"{mean:.3g}{unit} on average"
            words = f"{words} on the other teeth"
        elif name in PERSONAL:
            given = chart.columns[name][tooth]
            value = "unknown" if np.isnan(given) else _shown(given, name) + unit
        elif name in mouths.columns:
            value = f"{mouths.columns[name][tooth]:.3g}{unit}"
        out.append(Driver(name if not level else f"{name}:{level}", words, value, float(effect)))
    return tuple(sorted(out, key=lambda driver: -abs(driver.effect)))


def _shown(value: float, name: str) -> str:
    return ("yes" if value else "no") if columns()[name]["unit"] == "yes/no" else f"{value:.3g}"


def _missing(chart: Mouths, drawn: dict[str, np.ndarray], score: np.ndarray, tooth: int) -> tuple[Missing, ...]:
    """Return what is unknown and how much of the variance of the score a straight line in it takes away."""
    total, out = float(np.var(score)), []
    for name in (*OF_TOOTH, *PERSONAL):
        values = drawn[name][:, tooth]
        if not np.isnan(chart.columns[name][tooth]) or np.isnan(values).any():
            continue
        spread = float(np.var(values))
        share = (
            float(np.mean((values - values.mean()) * (score - score.mean()))) ** 2 / (spread * total) if spread * total > 0 else 0.0
        )
        out.append(Missing(name, _words(name), min(share, 1.0)))
    return tuple(sorted(out, key=lambda missing: -missing.share))


def _changes(case: Case, chart: Mouths, times: np.ndarray) -> tuple[Change, ...]:
    known = load_set("forecast")
    quit_, care, pocket = (known[f"loss.{name}"] for name in ("quit_tobacco", "no_maintenance", "pocket_from"))
    out = []
    if case.medical.smoking == "current":
        after = float(np.log1p(-quit_.value) * times[-1] / 2)  # the mean over the years that are forecast
        out.append(Change("quit tobacco", after, quit_.source, quit_.grade))
    deepest = chart.columns["pocket_max"]
    if np.any(deepest >= pocket.value):  # NaN is not
        out.append(
            Change("regular supportive periodontal care, if there is none now", -float(np.log(care.value)), care.source, care.grade)
        )
    return tuple(out)
