"""A start from a patient's chart: what stands in the tooth today, and what its history says of the patient.

This is the arm in which nothing is done.  Treatments begin from it and change what they touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.kinds import failed_already, materials_of
from amelo.forecast.restorations.patient import flags
from amelo.forecast.stages.findings import draw_stages, stage_chances
from amelo.forecast.stages.patient import THERE
from amelo.forecast.stages.rates import kind_of
from amelo.forecast.stages.setting import Patient, barred, patient_of
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.teeth import surfaces
from amelo.years.hazards import surviving_frailty
from amelo.years.start import DIRECT, INDIRECT, Start, Surface

if TYPE_CHECKING:
    from amelo.records.case import Case
    from amelo.records.tooth import Restoration, Tooth

__all__ = ["start_of"]

BONDED_OVER = ("sealant", "infiltration")  # they change a surface, and are no restoration of the tooth
COVERS_ALL = 5


def start_of(
    case: Case, fdi: int, members: int = 1000, *, seed: int = 0, activity: Mapping[str, Any] | None = None, **changes: Any
) -> Start:
    """Return a tooth of a case as it stands, before any treatment.

    Arguments: case; fdi; members; seed; activity of surfaces by letter, from the twin (default: what the chart says of activity, through the
    natural history's own ratio); changes, fields of ``Start`` that replace what the chart says.
    Raises: ParameterError for a tooth that is not there, a restoration that has failed, a lesion that is or may be in the pulp, or a mouth
    that the published rates do not speak of and no activity is given.
    Assumptions: caries frailty from the patient's history as in the forecast; that of restorations from the years that this one has stood; surfaces that nobody vouched for are left out; a gap at the
    margin leaks, wear weakens, so that failures rise as the forecast has it; root caries is not carried.
    """
    tooth = case.tooth(fdi)
    if tooth.status not in THERE:
        raise ParameterError(f"tooth {fdi} is {tooth.status}", why="a projection starts from a tooth that stands in the mouth")
    given = dict(activity or {})
    for letter in given:
        if letter not in surfaces(fdi):
            raise ParameterError(f"tooth {fdi} has no surface '{letter}'", fix=nearest(letter, surfaces(fdi)))
    if (why := barred(case)) and not given:
        raise ParameterError(
            f"tooth {fdi} cannot be projected from published rates",
            why=why,
            fix="give the activities of its surfaces, from the twin",
        )
    model = find_model("progression")
    patient, rng = patient_of(case, model, members, seed), np.random.default_rng([seed, 37])
    restoration = _restoration(tooth)
    covered = set(restoration.surfaces) if restoration else set()
    if restoration and restoration.kind == "crown":
        covered = set(surfaces(fdi))
    told = {
        flag.name: flag.holds
        for flag in flags(case, patient.age, rng.random((3, members)), find_model("restorations")["constants"])
    }
    start = Start(
        members,
        age=np.clip(patient.age, 0.0, 120.0),
        tooth=fdi,
        surfaces=_surfaces(tooth, fdi, covered, patient, given, model["constants"], rng),
        root_treated=tooth.root_treated is True or tooth.pulp_diagnosis == "previously treated",
        diagnosis=_diagnosis(tooth),
        periodontal=told.pop("periodontal"),
        flags=told,
        caries_frailty=np.exp(patient.log_frailty),
        **(_restored(fdi, restoration, rng, members) if restoration else {}),
    )
    if restoration:
        start = replace(start, restoration_frailty=surviving_frailty(start, seed))
    return replace(start, **changes)


def _restoration(tooth: Tooth) -> Restoration | None:
    """Return the largest restoration of the tooth, the one whose failure counts."""
    found = [r for r in tooth.restorations if r.kind not in BONDED_OVER]
    return max(found, key=lambda r: (r.kind == "crown", len(r.surfaces))) if found else None


def _restored(fdi: int, restoration: Restoration, rng: np.random.Generator, members: int) -> dict[str, Any]:
    """Return the fields of a start that speak of the restoration."""
    constants, value = find_model("restorations")["constants"], load_set("years").value
    if why := failed_already(restoration):
        raise ParameterError(f"the restoration of tooth {fdi} cannot be projected", why=why, fix="begin from its treatment")
    material = materials_of(restoration, constants)[0][0]  # the likeliest, where none was written down
    if material not in (*DIRECT, *INDIRECT):
        raise ParameterError(
            f"of a {restoration.kind} of {material.replace('_', ' ')} nothing is known on a permanent tooth over years"
        )
    typical = constants["study.typical_age"]
    spread = np.log(typical["high"] / typical["low"]) / (2 * 1.645)
    age = typical["value"] * np.exp(spread * rng.standard_normal(members)) if restoration.age == UNKNOWN else float(restoration.age)
    word = "direct" if material in DIRECT else "indirect"
    caries, fracture = value(f"failure.caries_{word}"), value(f"failure.fracture_{word}")
    gap = (constants["condition.gap"]["value"] - 1.0) / caries if restoration.condition == "marginal gap" else 0.0
    worn = (constants["condition.worn"]["value"] - 1.0) / (1.0 - caries - fracture) if restoration.condition == "worn" else 0.0
    covers = COVERS_ALL if restoration.kind == "crown" else len(restoration.surfaces)
    return {
        "material": material,
        "covers": covers,
        "restoration_age": age,
        "leak": 1.0 + gap,
        "bond": 1.0 / (1.0 + worn),
        "strength": value(
            "strength.crowned" if restoration.kind == "crown" else "strength.filled" if covers < 4 else "strength.refilled"
        ),
    }


def _diagnosis(tooth: Tooth) -> str:
    told = tooth.pulp_diagnosis
    if "irreversible" in told:
        return "irreversible pulpitis"
    return told if told in ("normal", "reversible pulpitis", "necrosis") else "normal"


def _surfaces(
    tooth: Tooth,
    fdi: int,
    covered: set[str],
    patient: Patient,
    given: dict[str, Any],
    constants: dict[str, Any],
    rng: np.random.Generator,
) -> tuple[Surface, ...]:
    """Return the surfaces that somebody looked at and nothing covers."""
    found = []
    count = len(patient.age)
    charted = {f.surface: f for f in tooth.findings if f.site == "crown"}
    for letter in surfaces(fdi):
        uniform = rng.random((2, count))  # for every surface, so that what one is drawn does not move the next
        finding, kind = charted.get(letter), kind_of(letter)
        chances = stage_chances(finding, constants) if finding is not None else None
        if letter in covered or (chances is None and tooth.other_surfaces != "sound" and letter not in given):
            continue
        stage = np.zeros(count, int) if chances is None else draw_stages(chances, uniform[0])
        if (stage == 7).any():
            raise ParameterError(
                f"the lesion on {letter} of tooth {fdi} has reached the pulp, or may have", fix="begin from its treatment"
            )
        half = 0.5 * patient.draws[f"active_{kind}"] * (stage > 0)
        active = uniform[1] < np.exp(patient.draws["active_share"])
        if finding is not None and finding.activity != UNKNOWN:
            active = np.full(count, finding.activity == "active")
        speed = np.exp(np.where(active, half, -half)) if letter not in given else np.asarray(given[letter], float)
        for name in BONDED_OVER:
            if (
                any(r.kind == name and letter in r.surfaces and r.condition != "lost" for r in tooth.restorations)
                and letter not in given
            ):
                speed = speed * constants[f"change.{name}"]["value"]
        found.append(Surface(letter, stage, speed))
    return tuple(found)
