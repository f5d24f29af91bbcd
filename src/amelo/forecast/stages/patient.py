"""What a mouth's own history says about its patient: the exact update of the gamma frailty.

Every surface charted sound has survived since its tooth came through; every lesion, filling or extraction for caries is something
that began at some unknown time
since then. Given the rates, the first has probability exp(-z·Λ) and the second 1 - exp(-z·Λ), whatever the frailty z of the patient
is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.stages.rates import KINDS, kind_of, log_rates, site_of
from amelo.forecast.told import tells
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary, position, surfaces
from amelo.records.tooth import Tooth

__all__ = ["THERE", "Evidence", "Unit", "erupted_at", "evidence_of", "exposures", "posterior_frailty", "prior_log_frailty"]

FOR_CARIES = ("filling", "inlay", "onlay", "crown", "temporary", "infiltration")
WORDS = ("caries", "decay", "filling", "composite", "amalgam")
GRID = np.linspace(np.log(1e-6), np.log(60.0), 384)
THERE = ("present", "partially erupted")
STEPS = 24  # of the integral over the years since eruption

Unit = tuple[tuple[int, str], ...]  # surfaces (tooth, letter) of one event


@dataclass(frozen=True)
class Evidence:
    """Surfaces that stayed sound, and units of surfaces in which caries began: a lesion, a restoration, a tooth lost to caries."""

    sound: Unit = ()
    affected: tuple[Unit, ...] = ()


def evidence_of(case: Case) -> Evidence:
    """Return what the chart and the history say of caries in the permanent teeth.

    Assumptions: a restoration on several surfaces, or a tooth lost to caries, is one event; teeth with a developmental defect say
    nothing, because they break
    for other reasons; surfaces that nobody vouched for say nothing.
    """
    sound: list[tuple[int, str]] = []
    affected: list[Unit] = []
    for key, tooth in case.teeth.items():
        fdi = int(key)
        if is_primary(fdi) or _defective(tooth):
            continue
        every = tuple((fdi, letter) for letter in surfaces(fdi))
        if tooth.status == "missing" and tooth.missing_cause == "caries":
            affected.append(every)
        if tooth.status not in THERE:
            continue
        covered: set[str] = set()
        for restoration in tooth.restorations:
            covered |= set(restoration.surfaces)
            if restoration.kind in FOR_CARIES:
                affected.append(tuple((fdi, letter) for letter in restoration.surfaces))
        carious = {f.surface for f in tooth.findings if f.is_carious and f.site == "crown"} - covered
        affected += [((fdi, letter),) for letter in sorted(carious)]
        known = set(surfaces(fdi)) if tooth.other_surfaces == "sound" else set()
        known |= {f.surface for f in tooth.findings if f.site == "crown" and not f.is_carious and f.icdas == 0}
        sound += [(fdi, letter) for letter in surfaces(fdi) if letter in known - covered - carious]
    return Evidence(tuple(sound), tuple(affected) + _told(case, {unit[0][0] for unit in affected}))


def _told(case: Case, counted: set[int]) -> tuple[Unit, ...]:
    """Return caries that only the history tells of, once per tooth."""
    found = {}
    for event in case.history:
        tooth = event.tooth
        if tooth == UNKNOWN or tooth in counted or is_primary(tooth) or _defective(case.tooth(tooth)):
            continue
        if tells(event.what, WORDS):
            found[tooth] = tuple((tooth, letter) for letter in surfaces(tooth))
    return tuple(found.values())


def _defective(tooth: Tooth) -> bool:
    return any(f.defect not in ("none", UNKNOWN) for f in tooth.findings)


def erupted_at(fdi: int, constants: dict[str, Any]) -> float:
    """Return the age from which a permanent tooth is at risk [year]."""
    place = position(fdi)
    name = "erupted_third" if place == 8 else "erupted_first" if place in (1, 2, 6) else "erupted_later"
    return constants[f"study.{name}"]["value"]


def exposures(draws: dict[str, np.ndarray], constants: dict[str, Any], age: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """Return the cumulative onset at frailty 1 (draws), by kind of surface and time of eruption.

    Arguments: draws (parameters), constants, age (draws) [year].
    Assumptions: a lesion is charted on average once it has reached inner enamel, so that the last years, as many as outer enamel
    takes, do not count.
    """
    lag = np.exp(-draws["outer_to_inner"])
    found = {}
    for kind in KINDS:
        for fdi in (16, 17, 18):
            start = erupted_at(fdi, constants)
            years = np.maximum(age - lag - start, 0.0)
            middles = start + years[:, None] * (np.arange(STEPS) + 0.5) / STEPS
            columns = {name: values[:, None] for name, values in draws.items()}
            found[kind, _group(fdi)] = years * np.exp(log_rates(columns, kind, middles)[..., 0]).mean(axis=1)
    return found


def _group(fdi: int) -> str:
    return {8: "third", 1: "first", 2: "first", 6: "first"}.get(position(fdi), "later")


def _exposure(unit: Unit, by_kind: dict[tuple[str, str], np.ndarray], draws: dict[str, np.ndarray]) -> np.ndarray:
    total = np.zeros(len(draws["onset"]))
    for fdi, letter in unit:
        kind = kind_of(letter)
        total = total + by_kind[kind, _group(fdi)] * np.exp(draws[f"{kind}_{site_of(fdi)}"])
    return total


def prior_log_frailty(variance: np.ndarray) -> np.ndarray:
    """Return the mean logarithm of a gamma frailty of mean 1 (draws), which is below 0."""
    weights = np.exp(_log_prior(variance))
    return (weights * GRID).sum(axis=1) / weights.sum(axis=1)


def _log_prior(variance: np.ndarray) -> np.ndarray:
    density = (GRID - np.exp(GRID))[None, :] / variance[:, None]
    return density - density.max(axis=1, keepdims=True)


def posterior_frailty(
    evidence: Evidence,
    draws: dict[str, np.ndarray],
    constants: dict[str, Any],
    age: np.ndarray,
    level: np.ndarray,
    uniform: np.ndarray,
) -> np.ndarray:
    """Return one frailty per draw of the parameters, from its exact posterior given the history.

    Arguments: evidence; draws (parameters, logarithms); constants; age (draws) [year]; level (draws, log of the population's
    onset); uniform (draws, between 0 and 1).
    Notes: without an affected unit the posterior is a gamma distribution of shape 1/variance and rate 1/variance + Λ; with some it
    is a mixture of such, which
    the grid (384 points, even in the logarithm) integrates.
    """
    by_kind = exposures(draws, constants, age)
    scale = np.exp(level)[:, None]
    frailty = np.exp(GRID)[None, :]
    log = _log_prior(np.exp(draws["frailty_variance"])) - frailty * scale * _exposure(evidence.sound, by_kind, draws)[:, None]
    for unit in evidence.affected:
        at_risk = np.maximum(_exposure(unit, by_kind, draws), 1e-9)[:, None]
        log = log + np.log(-np.expm1(-frailty * scale * at_risk))
    weights = np.exp(log - log.max(axis=1, keepdims=True))
    below = np.cumsum(weights, axis=1) - 0.5 * weights  # at the middle of each cell
    below /= weights.sum(axis=1, keepdims=True)
    return np.exp(np.array([np.interp(u, row, GRID) for u, row in zip(uniform, below, strict=True)]))
