"""Outlooks of every surface of a case: how its lesion moves on, or how a sound surface begins to decay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from amelo.forecast.outlook import Outlook
from amelo.forecast.parts import Part, drivers_of, missing_of
from amelo.forecast.stages.advice import changes_for
from amelo.forecast.stages.chain import FASTEST, MOVES, SHORT, STAGES, advance, age_share
from amelo.forecast.stages.findings import CHART, charted, draw_stages, following, stage_chances
from amelo.forecast.stages.patient import THERE, erupted_at
from amelo.forecast.stages.primary import primary_outlooks
from amelo.forecast.stages.rates import BASE, FADING, SurfaceKind, kind_of, log_rates, site_of
from amelo.forecast.stages.setting import Patient, barred, patient_of
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary, position, surfaces
from amelo.records.tooth import Finding, Tooth

__all__ = ["SIXTH_YEAR", "outlooks"]

REFERENCE_AGE = 15.0
REFERENCE_STAGE = STAGES.index("E2")
DENTINE, CAVITY, PULP = STAGES.index("D1"), STAGES.index("D2"), STAGES.index("pulp")
SIXTH_YEAR = (6.0, 13.0)  # ages at which first permanent molars are left to the model of the Flemish children, if asked
WORDS = {"approximal": "touches its neighbour", "occlusal": "pits and fissures", "smooth": "smooth surface"}


def outlooks(
    case: Case, times: np.ndarray, *, draws: int = 400, seed: int = 0, model: dict[str, Any], spare_first_molars: bool = False
) -> list[Outlook]:
    """Return progression of each charted lesion, and onset of caries on each surface that is known to be sound.

    Arguments: case; times (years from now, from 0 on); draws, seed; model (progression); spare_first_molars (leave onset on the
    first permanent molars of children of
    6 to 12 years to the cohort model of caries onset).
    Assumptions: published rates of :mod:`amelo.params` ``natural-history``; no lesion heals.
    """
    times = np.asarray(times, dtype=float)
    why = barred(case)
    patient = patient_of(case, model, draws, seed)
    rng = np.random.default_rng([seed, 5])
    found: list[Outlook] = []
    sound: dict[tuple[SurfaceKind, str, bool, float], list[Outlook]] = {}
    for key, tooth in case.teeth.items():
        fdi = int(key)
        if tooth.status not in THERE:
            continue
        if why:
            found.append(_abstain(fdi, model, why))
        elif is_primary(fdi):
            found += primary_outlooks(fdi, tooth, patient, times, model)
        elif defect := next((f.defect for f in tooth.findings if f.defect not in ("none", UNKNOWN)), None):
            found.append(_abstain(fdi, model, f"the enamel is changed ({defect}), and the published rates are of normal enamel"))
        else:
            found += _lesions(case, fdi, tooth, patient, times, model, rng)
            child = SIXTH_YEAR[0] <= float(np.mean(patient.age)) < SIXTH_YEAR[1]
            if not (spare_first_molars and child and position(fdi) == 6):
                found += _onsets(case, fdi, tooth, patient, times, model, sound)
    return found


def _abstain(fdi: int, model: dict[str, Any], why: str, surface: str = "", event: str = "progression") -> Outlook:
    return Outlook(event, fdi, model.get("hash", ""), surface=surface, abstained=why)  # type: ignore[arg-type]


def _lesions(
    case: Case, fdi: int, tooth: Tooth, patient: Patient, times: np.ndarray, model: dict[str, Any], rng: np.random.Generator
) -> Iterator[Outlook]:
    covered = {letter for r in tooth.restorations if r.kind not in ("sealant", "infiltration", "veneer") for letter in r.surfaces}
    order = surfaces(fdi)
    for finding in sorted(tooth.findings, key=lambda f: (order.index(f.surface), f.site)):  # draws follow the tooth, not the file
        if not finding.is_carious:
            continue
        uniform = rng.random((2, len(patient.age)))
        if finding.site == "root":
            yield _abstain(fdi, model, "root caries: nobody has published how it moves on when it is left", finding.surface)
        elif finding.surface in covered:
            yield _abstain(fdi, model, "caries beside a restoration: see the outlook of the restoration", finding.surface)
        else:
            chances = stage_chances(finding, model["constants"])
            yield from _lesion(case, fdi, tooth, finding, chances, uniform, patient, times, model)


def _lesion(
    case: Case,
    fdi: int,
    tooth: Tooth,
    finding: Finding,
    chances: np.ndarray,
    uniform: np.ndarray,
    patient: Patient,
    times: np.ndarray,
    model: dict[str, Any],
) -> Iterator[Outlook]:
    name, kind, stages = charted(chances), kind_of(finding.surface), draw_stages(chances, uniform[0])
    parts, rates = _parts(
        fdi,
        kind,
        stages,
        patient,
        chances,
        finding.activity,
        uniform[1],
        infiltrated=_treated(tooth, finding.surface, "infiltration"),
        constants=model["constants"],
    )
    occupied = _occupation(np.eye(len(STAGES))[stages], rates, patient, kind, times)
    total = _total(stages, rates)
    said = {
        "surface": finding.surface,
        "model": model.get("hash", ""),
        "drivers": drivers_of(parts),
        "missing": missing_of(parts, total),
        "changes": changes_for(kind, name, case.hygiene, model["constants"]),
    }
    targets = np.array([following(k) for k in range(len(STAGES))])[stages]
    nexts = {CHART[following(k)] for k in range(len(STAGES)) if chances[k] > 0}
    step = f"{name} to {nexts.pop()}" if len(nexts) == 1 else f"{name} or so to the next stage"
    opens = bool((targets == CAVITY).all())  # then the next stage is the cavity
    step += ", a cavity" * opens
    if name != "pulp":
        beyond = np.arange(len(STAGES)) >= targets[:, None, None]
        yield Outlook("progression", fdi, stage=step, hazard=_hazard((occupied * beyond).sum(axis=-1)), **said)
    if not opens and not chances[CAVITY:].any():
        yield Outlook("progression", fdi, stage=f"{name} to a cavity", hazard=_hazard(occupied[..., CAVITY:].sum(axis=-1)), **said)
    if chances[DENTINE:PULP].any() and not chances[PULP] and name != "D3":
        yield Outlook("progression", fdi, stage=f"{name} to the pulp", hazard=_hazard(occupied[..., PULP]), **said)


def _treated(tooth: Tooth, letter: str, kind: str) -> bool:
    return any(r.kind == kind and letter in r.surfaces and r.condition != "lost" for r in tooth.restorations)


def _onsets(
    case: Case, fdi: int, tooth: Tooth, patient: Patient, times: np.ndarray, model: dict[str, Any], known: dict[Any, list[Outlook]]
) -> Iterator[Outlook]:
    taken = {f.surface for f in tooth.findings if f.is_carious} | {
        letter for r in tooth.restorations if r.kind != "sealant" for letter in r.surfaces
    }
    seen = {f.surface for f in tooth.findings if f.site == "crown" and stage_is_sound(f)}
    unknown = [letter for letter in surfaces(fdi) if letter not in taken | seen and tooth.other_surfaces != "sound"]
    if len(unknown) == len(surfaces(fdi)):
        yield _abstain(fdi, model, "nobody has written down whether its surfaces are sound", event="caries onset")
        return
    for letter in surfaces(fdi):
        if letter in taken or letter in unknown:
            continue
        kind, sealed = kind_of(letter), _treated(tooth, letter, "sealant")
        key = (kind, site_of(fdi), sealed, erupted_at(fdi, model["constants"]))
        if key not in known:
            known[key] = list(_onset(case, fdi, kind, sealed, patient, times, model))
        for outlook in known[key]:
            yield Outlook(**{**outlook.__dict__, "tooth": fdi, "surface": letter})


def stage_is_sound(finding: Finding) -> bool:
    """Return whether a crown surface was looked at and found free of caries."""
    return not finding.is_carious and (finding.icdas == 0 or finding.radiograph == "none")


def _onset(
    case: Case, fdi: int, kind: SurfaceKind, sealed: bool, patient: Patient, times: np.ndarray, model: dict[str, Any]
) -> Iterator[Outlook]:
    stages = np.zeros(len(patient.age), dtype=int)
    parts, rates = _parts(
        fdi, kind, stages, patient, np.eye(len(STAGES))[0], "inactive", patient.age, sealed=sealed, constants=model["constants"]
    )
    occupied = _occupation(np.eye(len(STAGES))[stages], rates, patient, kind, times)
    said = {
        "model": model.get("hash", ""),
        "drivers": drivers_of(parts),
        "missing": missing_of(parts, _total(stages, rates)),
        "changes": changes_for(kind, "sound", case.hygiene, model["constants"], sealed=sealed),
    }
    yield Outlook("caries onset", fdi, stage="sound to enamel", hazard=_hazard(occupied[..., 1:].sum(axis=-1)), **said)
    yield Outlook("caries onset", fdi, stage="sound to dentine", hazard=_hazard(occupied[..., DENTINE:].sum(axis=-1)), **said)


def _parts(
    fdi: int,
    kind: SurfaceKind,
    stages: np.ndarray,
    patient: Patient,
    chances: np.ndarray,
    activity: str,
    uniform: np.ndarray,
    *,
    constants: dict[str, Any],
    sealed: bool = False,
    infiltrated: bool = False,
) -> tuple[list[Part], np.ndarray]:
    """Return the parts of the log rate of leaving the present stage, and the log of all seven rates now (draws × 7).

    The average tooth is an approximal surface at 15 years: sound for a sound surface, E2 for a lesion, of average site, activity
    and patient, in the same population.
    """
    d, count, rows = patient.draws, len(patient.age), np.arange(len(patient.age))
    lesion = bool(chances[1:].any())
    move = np.minimum(stages, MOVES - 1)
    base = np.stack([d[name] for name in BASE], axis=1)
    first = REFERENCE_STAGE if lesion else 0
    surface = np.zeros((count, MOVES))
    if kind != "approximal":
        surface[:, 0], surface[:, 1:] = d[f"{kind}_onset"], d[f"{kind}_progression"][:, None]
    now = log_rates(d, kind, patient.age)
    age = now - base - surface
    average_age = age_share(REFERENCE_AGE) * d["progression_age" if lesion else "onset_age"]
    site = d[f"{kind}_{site_of(fdi)}"]
    active, act_words, act_unknown = _activity(kind, activity, patient, lesion, uniform)
    extra = np.zeros(count)
    parts = [
        Part("surface", WORDS[kind], kind, surface[rows, move]),
        Part(
            "age", "age", patient.age_words, age[rows, move] - average_age, "" if patient.age_known else "the age to within a year"
        ),
        Part("site", "the group of teeth", site_of(fdi).replace("_", " "), site),
        Part(
            "patient",
            "what this mouth has shown so far",
            patient.history,
            patient.log_frailty - patient.prior_log,
            "more of this mouth's past: dated lesions, all surfaces charted",
        ),
    ]
    if lesion:
        settled = float(chances.max()) > 0.999
        words = "" if settled else "the depth of the lesion, by a film" if kind == "approximal" else "the depth of the lesion"
        parts.insert(0, Part("stage", "how deep the lesion is", charted(chances), base[rows, move] - base[:, first], words))
        parts.append(Part("activity", act_words, activity, active, act_unknown))
    for name, words, there in (("sealant", "sealed", sealed), ("infiltration", "infiltrated", infiltrated)):
        if there:
            c = constants[f"change.{name}"]
            effect = np.log(c["value"]) + np.zeros(count)
            parts.append(Part(name, words, "yes", effect))
            extra = extra + effect
    levels = np.repeat(patient.progression_level[:, None], MOVES, axis=1)
    levels[:, 0] = patient.onset_level
    common = site + patient.log_frailty + extra
    log = now + levels + common[:, None]
    log[:, 1:] += active[:, None]  # a lesion has activity, a sound surface has none
    return parts, log


def _activity(kind: SurfaceKind, activity: str, patient: Patient, lesion: bool, uniform: np.ndarray) -> tuple[np.ndarray, str, str]:
    """Return half the log ratio of active to inactive, up or down (draws), words, and what would be worth knowing."""
    half = 0.5 * patient.draws[f"active_{kind}"]
    if activity != UNKNOWN:
        return (half if activity == "active" else -half) * (1.0 if lesion else 0.0), f"the lesion is {activity}", ""
    share = np.exp(patient.draws["active_share"])
    return np.where(uniform < share, half, -half), "nobody has said whether the lesion is active", "whether the lesion is active"


def _total(stages: np.ndarray, log: np.ndarray) -> np.ndarray:
    return log[np.arange(len(stages)), np.minimum(stages, MOVES - 1)]


def _occupation(start: np.ndarray, log: np.ndarray, patient: Patient, kind: SurfaceKind, times: np.ndarray) -> np.ndarray:
    """Return the occupation of the stages (draws × times × 8); rates change with age as the parameters say, and no stage is passed
    faster than allowed."""
    d = patient.draws
    slope = np.zeros_like(log)
    slope[:, 0] = d["occlusal_onset_age" if kind == "occlusal" else "onset_age"]
    slope[:, 1:FADING] = d["progression_age"][:, None]
    now = age_share(patient.age)
    occupied, clock, rows = start, 0.0, []
    for time in times:
        while clock < time - 1e-9:
            step = min(SHORT, float(time) - clock)
            grown = age_share(patient.age + clock + step / 2) - now
            occupied = advance(occupied, np.minimum(np.exp(log + slope * grown[:, None]), FASTEST), step)
            clock += step
        rows.append(occupied)
    return np.stack(rows, axis=1)


def _hazard(incidence: np.ndarray) -> np.ndarray:
    """Return the cumulative hazard of a probability of having happened (draws × times), rising from 0."""
    hazard = -np.log1p(-np.clip(incidence, 0.0, 1.0 - 1e-12))
    return np.maximum.accumulate(hazard, axis=1)
