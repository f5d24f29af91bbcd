"""From the chart of a case to the columns of a cohort; what the chart does not say stays unknown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from amelo.forecast.tooth_loss.features import Mouths
from amelo.forecast.tooth_loss.inputs import OF_TOOTH, PERSONAL
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary, tooth_class
from amelo.records.tooth import Finding, Tooth

__all__ = ["chart_of", "excluded", "with_mouth"]

HERE = ("present", "partially erupted", "root remnant")
FILLED = ("filling", "inlay", "onlay", "crown", "veneer", "temporary")
DECAYED_FROM = 3  # ICDAS code: localised breakdown of enamel, what a mirror and a probe call decay
IN_DENTINE = ("D1", "D2", "D3")
NAN = float("nan")


def excluded(case: Case) -> dict[int, str]:
    """Return the charted teeth that the cohort says nothing about, with the reason."""
    reasons = {}
    for key, tooth in case.teeth.items():
        fdi = int(key)
        if tooth.status in ("implant", "pontic"):
            reasons[fdi] = f"the model is of natural teeth, this is an {tooth.status}".replace("an pontic", "a pontic")
        elif tooth.status in HERE and is_primary(fdi):
            reasons[fdi] = "primary teeth fall out by themselves, and the cohort has none"
        elif tooth.status == UNKNOWN:
            reasons[fdi] = "nobody says whether the tooth is there"
    return reasons


def chart_of(case: Case) -> Mouths:
    """Return the natural permanent teeth of a case with the columns of :data:`OF_TOOTH` and :data:`PERSONAL`, NaN where unknown."""
    teeth = {int(key): tooth for key, tooth in case.teeth.items() if tooth.status in HERE and not is_primary(int(key))}
    rows = [_tooth(fdi, tooth) for fdi, tooth in teeth.items()]
    columns = {name: np.array([row[name] for row in rows], float) for name in OF_TOOTH}
    person = _person(case)
    columns |= {name: np.full(len(rows), person[name]) for name in PERSONAL}
    return Mouths(np.zeros(len(rows), int), np.array(list(teeth), int), columns)


def with_mouth(mouths: Mouths) -> Mouths:
    """Add the means and sums over each mouth, of every tooth that is there.

    Assumptions: a chart has no flag for a gap that stands for a tooth, as a row of the cohort can have, so there is none.
    """
    columns = dict(mouths.columns)
    count = np.bincount(mouths.mouth)
    for name in OF_TOOTH:
        total = np.bincount(mouths.mouth, np.nan_to_num(columns[name]))
        columns[f"{name}_sum"], columns[f"{name}_ave"] = total[mouths.mouth], (total / count)[mouths.mouth]
    columns["total_tooth"] = count[mouths.mouth].astype(float)
    columns["missing_tooth_sum"] = columns["missing_tooth_ave"] = np.zeros(len(mouths.mouth))
    columns["dft"] = columns["filled_tooth_sum"] + columns["decayed_tooth_sum"]
    return Mouths(mouths.mouth, mouths.fdi, columns)


def _tooth(fdi: int, tooth: Tooth) -> dict[str, float]:
    sites = list(tooth.periodontal.values())
    pocket = _known(site.probing_depth for site in sites)
    attachment = _known(site.attachment_level for site in sites)
    margin = _known(  # attachment is measured from the enamel-cement junction, pockets from the gum
        site.attachment_level - site.probing_depth if UNKNOWN not in (site.attachment_level, site.probing_depth) else UNKNOWN
        for site in sites
    )
    filled = {s for r in tooth.restorations if r.kind in FILLED for s in r.surfaces}
    decayed = {f.surface for f in tooth.findings if _decayed(f)}
    beside = (decayed & filled) | {s for r in tooth.restorations if r.condition == "secondary caries" for s in r.surfaces}
    examined = tooth.other_surfaces == "sound"
    none = 0.0 if examined else NAN  # an empty list says nothing unless the whole tooth was examined
    return {
        "mobil": NAN if tooth.mobility == UNKNOWN else float(tooth.mobility),
        "bleed": 100 * _mean(_known(site.bleeding for site in sites)),
        "plaque": 100 * _mean(_known(site.plaque for site in sites)),
        "pocket_mean": _mean(pocket),
        "pocket_max": max(pocket, default=NAN),
        "cal_mean": _mean(attachment),
        "cal_max": max(attachment, default=NAN),
        "fgm_mean": _mean(margin),
        "fgm_max": max(margin, default=NAN),
        "mg": NAN,
        "filled": float(len(filled)) if filled else none,
        "decay_new": float(len(decayed - filled)) if decayed else none,
        "decay_recur": float(len(beside)) if beside else none,
        "dfs": float(len(filled | decayed)) if filled | decayed else none,
        "crown": float(any(r.kind == "crown" for r in tooth.restorations)) if tooth.restorations else none,
        "endo": NAN if tooth.root_treated == UNKNOWN else float(tooth.root_treated),
        "filled_tooth": float(bool(filled)) if filled else none,
        "decayed_tooth": float(bool(decayed | beside)) if decayed | beside else none,
        "furc_max": float(tooth.furcation) if tooth_class(fdi) == "molar" and tooth.furcation != UNKNOWN else NAN,
    }


def _decayed(finding: Finding) -> bool:
    codes = (finding.icdas != UNKNOWN and finding.icdas >= DECAYED_FROM, finding.icdas_root not in (0, UNKNOWN))
    return any(codes) or finding.radiograph in IN_DENTINE


def _person(case: Case) -> dict[str, float]:
    medical = case.medical
    age = NAN if case.age_band == UNKNOWN else sum(int(part) for part in case.age_band.split("-")) / 2
    return {
        "baseline_age": age,
        "male": {"male": 1.0, "female": 0.0}.get(case.sex, NAN),
        "diabetes": {"none": 0.0, "type 1": 1.0, "type 2": 1.0, "gestational": 1.0}.get(medical.diabetes, NAN),
        "tobacco_ever": {"never": 0.0, "former": 1.0, "current": 1.0}.get(medical.smoking, NAN),
    }


def _known(values: Iterable) -> list[float]:
    return [float(value) for value in values if value != UNKNOWN]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else NAN
