"""What could be done for a molar, and what trials say it would change; the cohort's own effects are confounded and not used for it."""

from __future__ import annotations

import numpy as np

from amelo.forecast.caries.chart import known_inputs
from amelo.forecast.outlook import Change
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case

__all__ = ["changes_for", "hazard_ratio"]


def hazard_ratio(odds_ratio: float, risk: float) -> float:
    """Return the ratio of hazards that turns a risk into the one an odds ratio away.

    Arguments: odds_ratio (of caries within the time of ``risk``), risk (0 to 1, without the measure).
    """
    risk = min(max(risk, 1e-9), 1 - 1e-9)
    odds = odds_ratio * risk / (1 - risk)
    return float(np.log1p(-odds / (1 + odds)) / np.log1p(-risk))


def changes_for(case: Case, fdi: int, risk: float) -> tuple[Change, ...]:
    """Return what could be changed, the largest effect first.

    Arguments: case, fdi, risk (of caries within two years as things are, about the time over which the trials counted).
    """
    constants, known, found = load_set("caries-onset"), known_inputs(case), []
    per_day = case.hygiene.brushing_per_day
    if per_day != UNKNOWN and per_day < 2:
        name, words = ("brush_daily", "brush every day") if per_day < 1 else ("brush_twice", "brush twice a day")
        p = constants[f"change.{name}"]
        found.append(Change(words, float(np.log(hazard_ratio(1 / p.value, risk))), p.source, p.grade))
    if known.get(f"seal_{fdi}") == 0 and case.tooth(fdi).status == "present":
        p, share = constants["change.sealant"], constants.value("surface.occlusal_share")
        ratio = 1 - share + share * hazard_ratio(p.value, risk * share)
        found.append(Change("seal pits and fissures of this molar with resin", float(np.log(ratio)), p.source, p.grade))
    return tuple(sorted(found, key=lambda change: change.effect))
