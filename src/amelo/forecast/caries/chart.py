"""What a patient case tells of the inputs of the model, and which of its first molars can be forecast.

Caries means here what the examiners of the cohort called so: a cavity, a filling or dentine affected. What a case leaves out stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import FIRST_MOLARS
from amelo.forecast.caries.inputs import KINDS, NAMES
from amelo.forecast.told import tells
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.tooth import Tooth

__all__ = ["Molar", "ages", "known_inputs", "matrix_of", "molars", "refusal", "refused"]

DENTINE = ("D1", "D2", "D3")
FILLED = ("filling", "inlay", "onlay", "crown", "temporary")
THROUGH = ("present", "partially erupted")
YEAR = 365.25
ENAMEL_DEFECTS = ("none", UNKNOWN)


@dataclass(frozen=True)
class Molar:
    """One first permanent molar: state ("sound", "carious", "lesion" for earlier stages, "unerupted", "unknown"), years since it became
    carious (None when not dated)."""

    tooth: int
    state: str
    years_ago: float | None = None


def _is_carious(record: Tooth) -> bool:
    least = load_set("caries-onset").value("onset.icdas")
    seen = any(
        f.site == "crown" and ((f.icdas != UNKNOWN and f.icdas >= least) or f.radiograph in DENTINE) for f in record.findings
    )
    return seen or any(r.kind in FILLED for r in record.restorations)


def molars(case: Case) -> dict[int, Molar]:
    """Return the four first permanent molars as the model sees them."""
    return {fdi: _molar(case, fdi) for fdi in FIRST_MOLARS}


def _molar(case: Case, fdi: int) -> Molar:
    record = case.tooth(fdi)
    if record.status == "unerupted":
        return Molar(fdi, "unerupted")
    dated = [(case.recorded_on - e.on).days / YEAR for e in case.history if e.tooth == fdi and _tells_of_caries(e.what)]
    dated += [r.age for r in record.restorations if r.kind in FILLED and r.age != UNKNOWN]
    if _is_carious(record) or (record.status == "missing" and record.missing_cause == "caries"):
        return Molar(fdi, "carious", max(dated) if dated else None)
    if record.status not in THROUGH:
        return Molar(fdi, "unknown")
    if record.worst:
        return Molar(fdi, "lesion")
    known = record.other_surfaces == "sound" or any(f.site == "crown" and f.icdas == 0 for f in record.findings)
    return Molar(fdi, "sound" if known else "unknown")


def _tells_of_caries(what: str) -> bool:
    return tells(what, ("caries", "cavity", "filling", "decay"))


def ages(case: Case) -> tuple[float, float] | None:
    """Return the limits of the age [y], the upper one excluded, or None when unknown."""
    if case.age_band == UNKNOWN:
        return None
    low, high = (int(part) for part in case.age_band.split("-"))
    return float(low), float(high + 1)


def known_inputs(case: Case) -> dict[str, float]:
    """Return the variables of :mod:`amelo.forecast.caries.inputs` that the case tells, categories counted from 0.

    Caries of first molars is left to :func:`molars`, since it has a date.
    """
    found: dict[str, float] = {}
    if case.sex in ("female", "male"):
        found["girl"] = float(case.sex == "female")
    if case.hygiene.brushing_per_day != UNKNOWN:
        found["brush_daily"] = float(case.hygiene.brushing_per_day >= 1)
    for fdi in FIRST_MOLARS:
        record = case.tooth(fdi)
        if record.status in (*THROUGH, "unerupted"):
            found[f"erupted_{fdi}"] = float(record.status in THROUGH)
        sealed, plaque = _sealed(record), _plaque(record)
        found |= {} if sealed is None else {f"seal_{fdi}": sealed}
        found |= {} if plaque is None else {f"plaque_{fdi}": plaque}
        for position in (4, 5):
            state = _primary(case.tooth(10 * (fdi // 10 + 4) + position))
            if state is not None:
                found[f"p{position}_{fdi}"] = float(state != "")
                if state:
                    found[f"p{position}_kind_{fdi}"] = float(KINDS.index(state))
    return {name: found[name] for name in NAMES if name in found}


def _sealed(record: Tooth) -> float | None:
    if any(r.kind == "sealant" and r.condition != "lost" for r in record.restorations):
        return 1.0
    examined = record.other_surfaces == "sound" or bool(record.restorations) or record.status == "unerupted"
    return 0.0 if examined else None


def _plaque(record: Tooth) -> float | None:
    """Return 2 with plaque on half of the sites or more, 1 with plaque on some, 0 on none, None when nobody looked."""
    seen = [site.plaque for site in record.periodontal.values() if site.plaque != UNKNOWN]
    return None if not seen else float(0 if not any(seen) else 2 if 2 * sum(seen) >= len(seen) else 1)


def _primary(record: Tooth) -> str | None:
    """Return d, f or m, "" for a sound primary molar, None when unknown or shed."""
    if record.status == "missing":
        return "m" if record.missing_cause == "caries" else None
    if record.status not in THROUGH and record.status != "root remnant":
        return None
    if any(r.kind in FILLED and r.condition == "secondary caries" for r in record.restorations):
        return "d"
    if record.status == "root remnant":
        return "d"
    if any(r.kind in FILLED for r in record.restorations):
        return "f"
    if _is_carious(record):
        return "d"
    return "" if record.other_surfaces == "sound" or record.findings else None


def refusal(case: Case, reach: dict[str, Any]) -> str:
    """Return why nothing can be said of this patient by this model, "" when something can.

    Arguments: case, reach (``range`` of the model).
    """
    band = ages(case)
    if band is None:
        return "the age is unknown, and the model knows children only"
    low, high = max(band[0], reach["age_low"]), min(band[1], reach["age_last"])
    if high - low < 0.5 * (band[1] - band[0]):
        return (
            f"the model was made from children of {reach['age_low']:.0f} to {reach['age_last']:.0f} years and this patient is "
            f"{case.age_band}; sound surfaces at other ages follow published rates (progression)"
        )
    if case.medical.radiotherapy_head_neck is True:
        return "radiotherapy of head or neck dries the mouth, and no child of the cohort had it"
    if any(v.significance in ("pathogenic", "likely pathogenic") for v in case.genotype.variants):
        return (
            f"a variant in {case.genotype.variants[0].gene} may change the enamel, and the children of the cohort were not tested"
        )
    return ""


def refused(case: Case, molar: Molar) -> str:
    """Return why one molar is not forecast, "" when it is."""
    record = case.tooth(molar.tooth)
    if molar.state == "carious":
        return "caries is already there"
    if molar.state == "lesion":
        return "a lesion short of a cavity is recorded; its progression is forecast instead"
    if molar.state == "unknown":
        missing = record.status == "missing"
        return "the tooth is missing" if missing else f"whether the tooth is sound is not recorded (status {record.status})"
    if any(f.defect not in ENAMEL_DEFECTS for f in record.findings):
        return "a developmental defect of enamel is recorded, which the cohort did not chart"
    return ""


def matrix_of(known: dict[str, float], draws: int) -> np.ndarray:
    """Return known inputs as draws × variables, NaN where unknown."""
    table = np.full((draws, len(NAMES)), np.nan)
    for name, value in known.items():
        table[:, NAMES.index(name)] = value
    return table
