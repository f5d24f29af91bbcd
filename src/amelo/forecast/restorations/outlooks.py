"""Outlooks of every restoration of a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.outlook import Change, Outlook
from amelo.forecast.parts import Part, drivers_of, missing_of
from amelo.forecast.restorations.hazard import DECADE
from amelo.forecast.restorations.kinds import failed_already, materials_of, no_figures
from amelo.forecast.restorations.patient import Flag, failures_told, flags, posterior_frailty
from amelo.forecast.stages.setting import ages
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary, tooth_class
from amelo.records.tooth import Restoration, Tooth

__all__ = ["outlooks"]

SOON = 0.5  # years from now at which the hazard is explained: the middle of the coming year
ORDINARY_AGE = 5.0  # years; the restoration that drivers are told against
OWN_SHAPE = {
    "sealant": 5.0,
    "glass_ionomer_sealant": 5.0,
    "infiltration": 3.0,
}  # years after which the cumulative hazard is given; constant rate
CONDITIONS = {"worn": "worn", "marginal gap": "gap"}
CHILDHOOD, GROWN = 10.0, 30.0  # years: before nothing has been replaced yet, after it is as in practice
PRIMARY_YEARS = 2.0  # years after which primary teeth were seen


@dataclass(frozen=True)
class _Prepared:
    """A restoration with the parts of its log hazard: where, which, age (draws), shape (draws), log level of the cumulative hazard
    after a decade (draws)."""

    fdi: int
    restoration: Restoration
    parts: list[Part]
    age: np.ndarray
    shape: np.ndarray
    level: np.ndarray

    def cumulative(self, years: np.ndarray) -> np.ndarray:
        """Return the cumulative hazard at frailty 1 up to an age of the restoration (… broadcasts with draws)."""
        return (years / DECADE) ** self.shape * np.exp(self.level)


def outlooks(case: Case, times: np.ndarray, *, draws: int = 400, seed: int = 0, model: dict[str, Any]) -> list[Outlook]:
    """Return the failure of each charted restoration that has not failed already, as practice would see it.

    Arguments: case; times (years from now, from 0 on); draws, seed; model (restorations).
    Assumptions: published ratios multiply and hold for every material; the practice is drawn from the spread between practices.
    """
    times = np.asarray(times, dtype=float)
    rng = np.random.default_rng([seed, 6])
    shipped = len(model["draws"]["level"])
    picks = np.concatenate([rng.permutation(shipped) for _ in range(-(-draws // shipped))])[:draws]
    p = {name: np.asarray(values)[picks] for name, values in model["draws"].items()}
    constants, name = model["constants"], model.get("hash", "")
    age, _, _ = ages(case, rng.random(draws))
    common = flags(case, age, rng.random((3, draws)), constants)
    practice = np.exp(p["setting_spread"]) * rng.standard_normal(draws)
    source = np.exp(p["source_spread"]) * rng.standard_normal(draws)
    found, prepared, past, survivors = [], [], np.zeros(draws), 0
    for key, tooth in case.teeth.items():
        fdi = int(key)
        if tooth.status == "implant":
            found.append(_implant(fdi, p, constants, times, rng, name))
        for restoration in tooth.restorations:
            letters = "".join(restoration.surfaces)
            if why := _irradiated(case) or no_figures(fdi, tooth, restoration, constants) or _not_on_tooth(tooth):
                found.append(Outlook("restoration failure", fdi, name, surface=letters, abstained=why))
                continue
            ready = _prepare(fdi, tooth, restoration, p, constants, age, common, practice, source, rng)
            if restoration.age != UNKNOWN:
                past, survivors = past + ready.cumulative(ready.age), survivors + 1
            if why := failed_already(restoration):
                found.append(Outlook("restoration failure", fdi, name, surface=letters, abstained=why))
            else:
                prepared.append(ready)
    replaced = constants["study.replaced"]["value"] * np.clip((age - CHILDHOOD) / (GROWN - CHILDHOOD), 0.0, 1.0)
    frailty = posterior_frailty(failures_told(case), past, survivors, replaced, np.exp(p["frailty_variance"]), rng)
    order = np.log(np.maximum(frailty, 1e-12))
    told = _told(failures_told(case), survivors, float(past.mean()), float(replaced.mean()))
    typical = _mean_log_gamma(1.0 / np.exp(p["frailty_variance"]))
    patient = Part(
        "patient",
        "how this mouth's restorations have fared",
        told,
        order - typical,
        "when the restorations were placed and which have failed",
    )
    changes = _changes(common, p)
    return found + [_outlook(ready, patient, frailty, times, name, changes) for ready in prepared]


def _told(failed: int, survivors: int, expected: float, replaced: float) -> str:
    """Return the two things that are known of the mouth in words: what stood its years, and what may stand where another failed."""
    known = f"{failed} failed; {survivors} of known age, which {expected:.2g} failures were expected to end"
    return known + (f"; {100 * replaced:.0f} % of such stand where another failed" if survivors and replaced >= 0.01 else "")


def _irradiated(case: Case) -> str:
    """Return why no restoration of the mouth is forecast, "" when they are.

    Assumptions: practices see dry mouths and count them, and the draws of practice and patient carry them; irradiated ones are too few to
    be in any figure.
    """
    if case.medical.radiotherapy_head_neck is True:
        return "after radiotherapy of the head caries comes back beside restorations sooner than in any of the studies behind the figures"
    return ""


def _not_on_tooth(tooth: Tooth) -> str:
    if tooth.status in ("implant", "pontic"):
        return f"it stands on {'an implant' if tooth.status == 'implant' else 'a pontic'}, and the figures are of natural teeth"
    return ""


def _mean_log_gamma(shape: np.ndarray) -> np.ndarray:
    """Return the mean logarithm of a gamma variable of mean 1: digamma(shape) - log(shape), by recurrence and the asymptotic
    series."""
    total, x = np.zeros_like(shape), shape.astype(float).copy()
    for _ in range(8):
        total -= 1.0 / x
        x = x + 1.0
    return total + np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - np.log(shape)


def _prepare(
    fdi: int, tooth: Tooth, restoration: Restoration, p: dict[str, np.ndarray], constants: dict[str, Any], age: np.ndarray, common: list[Flag],
    practice: np.ndarray, source: np.ndarray, rng: np.random.Generator,
) -> _Prepared:  # fmt: skip
    count = len(age)
    material, parts, chosen = _material(restoration, p, constants, source, rng.random(count))
    own_rate = material in OWN_SHAPE or is_primary(fdi)
    shape = np.ones(count) if own_rate else np.exp(p["shape_practice"])
    years, age_part = _age(restoration, age, constants, shape, rng)
    if is_primary(fdi):
        base, parts = _primary(restoration, p, constants, rng.standard_normal(count)), []
    elif material in OWN_SHAPE:
        base, parts = p[material] + np.log(DECADE / OWN_SHAPE[material]), []
    else:
        base = p["level"] + p["practice"] + practice
    parts = [*parts, age_part]
    if not own_rate:
        for flag in common:
            parts.append(Part(flag.name, flag.words, flag.value, flag.holds * p[flag.name], flag.unknown))
        molar = tooth_class(fdi) == "molar"
        parts.append(Part("molar", "a molar" if molar else "not a molar", str(fdi), p["molar"] * molar))
        parts.append(_rooted(tooth, chosen, p, rng.random(count) < constants["unknown.root_treated"]["value"]))
        parts.append(_surfaces(restoration, chosen, p))
    if name := CONDITIONS.get(restoration.condition):
        parts.append(Part("condition", "its condition", restoration.condition, p[name]))
    elif restoration.condition == UNKNOWN:
        parts.append(
            Part(
                "condition",
                "its condition",
                UNKNOWN,
                (rng.random(count) < constants["unknown.gap"]["value"]) * p["gap"],
                "whether it has a gap or is worn",
            )
        )
    level = base + sum(part.effect for part in parts if part is not age_part)
    return _Prepared(fdi, restoration, [part for part in parts if np.any(part.effect)], years, shape, level)


def _material(
    restoration: Restoration, p: dict[str, np.ndarray], constants: dict[str, Any], source: np.ndarray, uniform: np.ndarray
) -> tuple[str, list[Part], np.ndarray]:
    """Return the first material, its part and the index of the material in each draw."""
    options = materials_of(restoration, constants)
    names = np.array([name for name, _ in options])
    chosen = names[np.minimum(np.searchsorted(np.cumsum([c for _, c in options]), uniform, side="right"), len(options) - 1)]
    effect = np.zeros(len(uniform))
    for name in set(names):
        if name != "composite" and name in p:
            effect = np.where(chosen == name, p[name] + source, effect)
    value = restoration.material if len(options) == 1 else UNKNOWN
    words = (
        f"{restoration.kind if restoration.kind != UNKNOWN else 'restoration'} of {value} material"
        if value == UNKNOWN
        else f"made of {value}"
    )
    return str(names[0]), [Part("material", words, value, effect, "" if len(options) == 1 else "what it is made of")], chosen


def _age(
    restoration: Restoration, patient_age: np.ndarray, constants: dict[str, Any], shape: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, Part]:
    if restoration.age != UNKNOWN:
        years, value, unknown = np.full(len(shape), float(restoration.age)), f"{restoration.age:g} years", ""
    else:
        typical = constants["study.typical_age"]
        spread = np.log(typical["high"] / typical["low"]) / (2 * 1.645)
        years = typical["value"] * np.exp(spread * rng.standard_normal(len(shape)))
        years, value, unknown = np.minimum(years, np.maximum(patient_age - 6.0, 1.0)), UNKNOWN, "when it was placed"
    effect = (shape - 1.0) * np.log((years + SOON) / (ORDINARY_AGE + SOON))
    return years, Part("age", "age of the restoration", value, effect, unknown)


def _primary(restoration: Restoration, p: dict[str, np.ndarray], constants: dict[str, Any], normal: np.ndarray) -> np.ndarray:
    """Return the log level after a decade of constant rate on a primary tooth."""
    more = constants[
        "hazard.primary_more_2" if len(restoration.surfaces) > 1 or restoration.kind == "crown" else "hazard.primary_one_2"
    ]
    log = np.log(more["value"]) + normal * np.log(more["high"] / more["low"]) / (2 * 1.645) + np.log(DECADE / PRIMARY_YEARS)
    return log + (p["steel_primary"] if restoration.kind == "crown" else 0.0)


def _rooted(tooth: Tooth, chosen: np.ndarray, p: dict[str, np.ndarray], perhaps: np.ndarray) -> Part:
    ratio = np.where(chosen == "inlay", p["inlay_root_treated"], p["root_treated"])
    treated = tooth.root_treated
    if treated == UNKNOWN and tooth.pulp_diagnosis == "previously treated":
        treated = True
    holds = perhaps if treated == UNKNOWN else np.full(len(perhaps), bool(treated))
    words = {True: "a root-treated tooth", False: "not root-treated"}.get(treated, "perhaps root-treated")
    return Part(
        "root_treated", words, str(treated).lower(), ratio * holds, "whether it is root-treated" if treated == UNKNOWN else ""
    )


def _surfaces(restoration: Restoration, chosen: np.ndarray, p: dict[str, np.ndarray]) -> Part:
    count = len(restoration.surfaces)
    direct = restoration.kind in ("filling", "temporary", UNKNOWN)
    effect = np.zeros(len(chosen))
    if direct and count > 1:
        effect = p["two_surfaces"] + (p["four_surfaces"] if count >= 4 else 0.0)
        effect = effect + np.where(chosen == "glass_ionomer", p["glass_ionomer_more"], 0.0)
    return Part("surfaces", f"{count} surface{'s' * (count > 1)}", "".join(restoration.surfaces), effect)


def _changes(common: list[Flag], p: dict[str, np.ndarray]) -> tuple[Change, ...]:
    risky = next(flag for flag in common if flag.name == "high_risk")
    if risky.value != "yes":
        return ()
    return (Change("bring the caries risk down to average", -float(p["high_risk"].mean()), "laske2019", "A"),)


def _outlook(
    ready: _Prepared, patient: Part, frailty: np.ndarray, times: np.ndarray, name: str, changes: tuple[Change, ...]
) -> Outlook:
    start = ready.cumulative(ready.age)
    later = np.stack([ready.cumulative(ready.age + t) for t in times], axis=1)
    parts = [*ready.parts, patient]
    total = np.log(ready.shape) + ready.level + (ready.shape - 1.0) * np.log((ready.age + SOON) / DECADE) + patient.effect
    return Outlook(
        "restoration failure", ready.fdi, name, surface="".join(ready.restoration.surfaces), stage=ready.restoration.kind,
        hazard=frailty[:, None] * (later - start[:, None]), drivers=drivers_of(parts), missing=missing_of(parts, total), changes=changes,
    )  # fmt: skip


def _implant(
    fdi: int, p: dict[str, np.ndarray], constants: dict[str, Any], times: np.ndarray, rng: np.random.Generator, name: str
) -> Outlook:
    """Return the loss of an implant at a constant rate, with the spread between clinics of the published prediction interval."""
    between = constants["hazard.implant_between_10"]
    spread = np.log(between["high"] / between["low"]) / (2 * 1.96)
    log = p["implant"] + spread * rng.standard_normal(len(p["implant"]))
    return Outlook("restoration failure", fdi, name, stage="implant", hazard=np.exp(log)[:, None] * times[None, :] / DECADE)
