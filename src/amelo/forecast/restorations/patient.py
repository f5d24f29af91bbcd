"""What is known of the patient that bears on every restoration, and how this mouth's restorations have fared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.restorations.kinds import FAILED
from amelo.forecast.told import tells
from amelo.records.base import UNKNOWN
from amelo.records.case import Case

__all__ = ["Flag", "failures_told", "flags", "posterior_frailty"]

ELDERLY = 65.0
FAILING = ("fractur", "secondary caries", "lost", "broke")
RESTORED = ("crown", "filling", "restoration", "composite", "amalgam", "inlay", "onlay")


@dataclass(frozen=True)
class Flag:
    """A yes or no of the patient: name, words, value for people, holds (draws of 0 or 1), unknown (what to find out)."""

    name: str
    words: str
    value: str
    holds: np.ndarray
    unknown: str = ""


def flags(case: Case, age: np.ndarray, uniform: np.ndarray, constants: dict[str, Any]) -> list[Flag]:
    """Return what the studies found to matter: age, health, periodontal disease, caries risk.

    Arguments: case; age (draws) [year]; uniform (3 × draws); constants (``unknown.*`` and ``study.lesions_high``).
    """
    old = age >= ELDERLY
    found = [
        Flag(
            "elderly",
            "65 years or older",
            "yes" if old.all() else "no" if not old.any() else "perhaps",
            old.astype(float),
            "" if old.all() or not old.any() else "the age",
        )
    ]
    for row, (name, words, asked, known) in enumerate(
        (
            ("medical", "medically compromised", "diseases and medicines", _medical(case)),
            ("periodontal", "periodontal disease", "probing depths", _periodontal(case, constants["unknown.pocket"]["value"])),
            (
                "high_risk",
                "high caries risk",
                "whether there are lesions",
                _high_risk(case, constants["study.lesions_high"]["value"]),
            ),
        )
    ):
        holds = (
            (uniform[row] < constants[f"unknown.{name}"]["value"]).astype(float)
            if known is None
            else np.full(len(age), float(known))
        )
        found.append(
            Flag(name, words, "unknown" if known is None else "yes" if known else "no", holds, asked if known is None else "")
        )
    return found


def _medical(case: Case) -> bool | None:
    medical = case.medical
    if medical.conditions == UNKNOWN and medical.diabetes == UNKNOWN:
        return None
    return medical.diabetes in ("type 1", "type 2") or medical.conditions not in (UNKNOWN, ())


def _periodontal(case: Case, pocket: float) -> bool | None:
    depths = [s.probing_depth for t in case.teeth.values() for s in t.periodontal.values() if s.probing_depth != UNKNOWN]
    loose = any(t.mobility not in (UNKNOWN, 0) for t in case.teeth.values())
    return None if not depths and not loose else loose or max(depths) >= pocket


def _high_risk(case: Case, lesions_high: float) -> bool | None:
    findings = [f for t in case.teeth.values() for f in t.findings if f.is_carious]
    looked = any(t.other_surfaces == "sound" for t in case.teeth.values())
    if not findings and not looked:
        return None
    return len(findings) >= lesions_high or any(f.activity == "active" and f.icdas != UNKNOWN and f.icdas >= 5 for f in findings)


def failures_told(case: Case) -> int:
    """Return how many restorations have failed: those charted as failed, and those the history tells of on teeth without such a
    one."""
    charted = {int(key): sum(r.condition in FAILED for r in tooth.restorations) for key, tooth in case.teeth.items()}
    told = {event.tooth for event in case.history if tells(event.what, FAILING) and tells(event.what, RESTORED)}
    return sum(charted.values()) + sum(1 for tooth in told if tooth == UNKNOWN or not charted.get(tooth))


def posterior_frailty(
    failures: int, exposure: np.ndarray, survivors: int, replaced: np.ndarray, variance: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return one frailty per draw from its exact posterior given how the restorations of the mouth have fared.

    Each restoration of known age has survived its years; and it is either the first of its tooth or stands where one has failed,
    which is the likelier the
    frailer the mouth: its likelihood is exp(-z·H)·(1 - q + q·z). Counting survivors alone would make every old mouth look sturdy.
    The posterior is a
    mixture of gamma distributions of shape 1/variance + failures + k, k = 0 … survivors, and rate 1/variance + exposure.

    Arguments: failures (count); exposure (draws, cumulative hazard at frailty 1 over the past of the restorations); survivors (how
    many are of known age); replaced
    (q, draws: chance at frailty 1 that one stands where another failed, below 1); variance (draws); rng.
    """
    shape, rate = 1.0 / variance + failures, 1.0 / variance + exposure
    log = np.zeros((survivors + 1, len(variance)))
    with np.errstate(divide="ignore"):
        odds = np.log(replaced) - np.log1p(-replaced)
    for k in range(1, survivors + 1):
        log[k] = log[k - 1] + np.log((survivors - k + 1) / k) + odds + np.log(shape + k - 1) - np.log(rate)
    weights = np.exp(log - log.max(axis=0))
    below = np.cumsum(weights, axis=0) / weights.sum(axis=0)
    extra = (rng.random(len(variance)) > below).sum(axis=0)
    return rng.standard_gamma(shape + extra) / rate
