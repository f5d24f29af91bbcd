"""C1 to C6, C12, C13, C17 and C20: progression, restorations and a population by the shipped models.

Each row is the median over the posterior. The note of a row says whether its figure went into the fit, in which case the row only
checks that the fit holds together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from amelo.forecast.artefact import find_model
from amelo.forecast.lifetime import AGES, lifetimes
from amelo.forecast.nhanes import GROUPS
from amelo.forecast.restorations.hazard import expected as restored
from amelo.forecast.stages.chain import STAGES, frailty_nodes
from amelo.forecast.stages.designs import event_free, occupied_at
from amelo.forecast.stages.studies import cohort_rates, icdas_cavitated, mejare_visits, ratio, reported
from amelo.params import load_set
from amelo.validate.claim import Claim, claim
from amelo.validate.visits import confined_to_enamel

__all__ = ["FULL", "IDS", "claims"]

PICKS = 40  # draws of the posterior behind each row
SOUND, E1, E2, BORDER, D1 = (STAGES.index(name) for name in ("sound", "E1", "E2", "border", "D1"))
CHILDHOOD, SURFACES = 12.0, 32  # age and number of posterior approximal surfaces at which risk was told apart
AT_21 = 21.0
POPULATION_DRAWS = 40

Row = tuple[str, Callable[[], float]]

QUICK: dict[str, Row] = {
    "C1_enamel": ("sound to inner enamel, approximal, 11 to 22 years", lambda: 100 * _told("rate.mejare_sound_to_inner")),
    "C1_dentine": ("inner enamel to outer dentine", lambda: 100 * _told("rate.mejare_inner_to_outer")),
    "C1_border": ("border to outer dentine", lambda: 100 * _told("rate.mejare_border_to_outer")),
    "C1_km_enamel": ("time to which 75 % of sound surfaces stay below inner enamel", lambda: _reached(SOUND, E2, 0.75)),
    "C1_km_dentine": ("time to which 75 % of E2 stay out of outer dentine", lambda: _reached(E2, D1, 0.75)),
    "C1_km_border": ("time to which 75 % at the border stay out of it", lambda: _reached(BORDER, D1, 0.75)),
    "C1_km_median": ("time to which half at the border stay out of it", lambda: _reached(BORDER, D1, 0.5)),
    "C1_risk": ("new lesions of children with more than one at 12, over the others", lambda: _risk()),
    "C2_progression": ("border to outer dentine, 20-27 over 12-15 years", lambda: _told("rate.mejare_adult_border", "rate.mejare_young_border")),
    "C2_enamel": ("new approximal enamel caries, 20-27 over 12-15 years", lambda: _told("rate.mejare_adult_enamel", "rate.mejare_young_enamel")),
    "C2_occlusal": ("occlusal dentine caries, 20-27 over 12-15 years", lambda: _told("rate.mejare_adult_occlusal", "rate.mejare_young_occlusal")),
    "C2_outer": ("approximal outer dentine caries, 20-27 over 12-15 years", lambda: _outer()),
    "C3_order": ("cavitated within 4 years by ICDAS 1, 2, 3: steps upwards", lambda: float((np.diff(_cavitated()[:3]) > 0).sum())),
    "C3_last": ("cavitated from ICDAS 4 over ICDAS 3", lambda: _cavitated()[3] / _cavitated()[2]),
    "C3_first": ("cavitated within 4 years from ICDAS 1", lambda: 100 * _cavitated()[0]),
    "C3_third": ("cavitated within 4 years from ICDAS 3", lambda: 100 * _cavitated()[2]),
    "C4_enamel": ("sound to enamel, recruits", lambda: 100 * _told("rate.hintze_onset")),
    "C4_dentine": ("enamel to outer dentine, recruits", lambda: 100 * _told("rate.hintze_progression")),
    "C5": ("time in enamel with censoring in the likelihood, over completed times", lambda: _confined()),
    "C6_enamel": ("approximal surfaces with enamel caries at 21", lambda: 100 * _at_21()[0]),
    "C6_dentine": ("approximal surfaces with dentine caries or restored at 21", lambda: 100 * _at_21()[1]),
    "C12_average_5": ("composite in trials, survival at 5 years", lambda: _survives("hazard.composite_5")),
    "C12_average_10": ("composite in trials, survival at 10 years", lambda: _survives("hazard.composite_10")),
    "C12_high_5": ("composite at high caries risk, survival at 5 years", lambda: _survives("hazard.composite_high_5")),
    "C12_high_10": ("composite at high caries risk, survival at 10 years", lambda: _survives("hazard.composite_high_10")),
    "C12_practice": ("annual failure in practice over 10 years", lambda: _annual("hazard.practice_10", 10)),
    "C12_elderly": ("annual failure in practice, 65 years and more", lambda: _annual("hazard.practice_old_10", 10)),
    "C12_class2": ("annual failure of class II in practice over 2 years", lambda: _annual("hazard.class2_2", 2)),
    "C13": ("ceramic crowns at 5.5 years", lambda: _crowns(5.5)),
    "C17": ("implants at 10 years", lambda: _survives("hazard.implant_10")),
    "inlay_10": ("ceramic inlays at 10 years", lambda: _survives("hazard.inlay_10")),
}  # fmt: skip
FULL: dict[str, Row] = {
    f"C20_{low}_{high}": (f"DMFT of a population, {low} to {high} years", lambda low=low, high=high: _dmft(low, high))
    for low, high in GROUPS
}
IDS = tuple(QUICK)


def claims(*, full: bool = False) -> list[Claim]:
    """Return the rows of the forecast; ``full`` adds the lifetimes of a population (half a minute)."""
    rows = QUICK | FULL if full else QUICK
    return [claim(f"forecast.{name}", what, compute, id=name) for name, (what, compute) in rows.items()]


def _draws() -> list[dict[str, Any]]:
    """Return some draws of the posterior of progression, evenly picked."""
    values = find_model("progression")["draws"]
    count = len(values["onset"])
    return [{name: v[i] for name, v in values.items()} for i in np.linspace(0, count - 1, PICKS).round().astype(int)]


@cache
def _reports() -> list[dict[str, Any]]:
    return [reported(parameters, lists=True) for parameters in _draws()]


def _told(above: str, below: str = "") -> float:
    return float(np.median([run[above] / (run[below] if below else 1.0) for run in _reports()]))


def _outer() -> float:
    last = mejare_visits(load_set("natural-history").value)[-1]
    return float(np.median([ratio(run["outer_dentine"], 20, last) / ratio(run["outer_dentine"], 12, 15) for run in _reports()]))


def _swedes(parameters: dict[str, Any]) -> tuple[Callable[[Any], Any], np.ndarray, np.ndarray]:
    frailty, weights = frailty_nodes(float(np.exp(parameters["frailty_variance"])))
    return cohort_rates(parameters, "mejare", "approximal", frailty), frailty, weights


@cache
def _reached(entry: int, beyond: int, level: float) -> float:
    """Return the median time [year] at which the Kaplan-Meier curve of the Swedish cohort, drawn from visit to visit, passes a
    level."""
    value = load_set("natural-history").value
    found = []
    for parameters in _draws():
        rates, _, weights = _swedes(parameters)
        times, free = event_free(
            rates, weights, value("study.mejare_start"), mejare_visits(value)[:-1], entry=(entry,), beyond=beyond
        )
        found.append(np.interp(-level, -free, times) if free[-1] < level else np.inf)
    return float(np.median(found))


def _risk() -> float:
    """Return the ratio of new inner-enamel lesions between children with more than one lesion at 12 years and the others."""
    start = load_set("natural-history").value("study.mejare_start")
    found = []
    for parameters in _draws():
        rates, frailty, weights = _swedes(parameters)
        already = occupied_at(rates, start, CHILDHOOD, nodes=len(frailty))[:, E2:].sum(axis=1)
        few = (1 - already) ** SURFACES + SURFACES * already * (1 - already) ** (SURFACES - 1)
        young = rates(np.array([CHILDHOOD]))[0, :, 0]  # what differs between children is the frailty, whichever rate is asked
        groups = [float(np.sum(weights * share * young) / np.sum(weights * share)) for share in (1 - few, few)]
        found.append(groups[0] / groups[1])
    return float(np.median(found))


@cache
def _cavitated() -> tuple[float, ...]:
    return tuple(float(np.median([float(icdas_cavitated(p, code)) for p in _draws()])) for code in (1, 2, 3, 4))


def _confined() -> float:
    found = []
    for parameters in _draws():
        rates, _, weights = _swedes(parameters)
        naive, censored = confined_to_enamel(rates, weights)
        found.append(censored / naive)
    return float(np.median(found))


@cache
def _at_21() -> tuple[float, float]:
    start = load_set("natural-history").value("study.mejare_start")
    found = []
    for parameters in _draws():
        rates, frailty, weights = _swedes(parameters)
        occupied = weights @ occupied_at(rates, start, AT_21, nodes=len(frailty))
        found.append((occupied[E1] + occupied[E2], occupied[BORDER:].sum()))
    enamel, dentine = np.median(found, axis=0)
    return float(enamel), float(dentine)


@cache
def _restored() -> dict[str, np.ndarray]:
    return restored({name: np.asarray(values) for name, values in find_model("restorations")["draws"].items()})


def _survives(name: str) -> float:
    return float(100 * np.exp(-np.median(_restored()[name])))


def _annual(name: str, years: float) -> float:
    return float(100 * (1 - np.exp(-np.median(_restored()[name]) / years)))


def _crowns(years: float) -> float:
    """Return the survival [%] of ceramic crowns at a time beside the five years of the fit, by the shape of trials."""
    shape = np.exp(np.asarray(find_model("restorations")["draws"]["shape_trial"]))
    return float(100 * np.exp(-np.median(_restored()["hazard.crown_ceramic_5"] * (years / 5.0) ** shape)))


@cache
def _lives() -> Any:
    return lifetimes(find_model("progression"), find_model("restorations"), draws=POPULATION_DRAWS)


def _dmft(low: int, high: int) -> float:
    return float(np.median(_lives().mean_teeth("dmft")[:, low - AGES[0] : high + 1 - AGES[0]].mean(axis=1)))
