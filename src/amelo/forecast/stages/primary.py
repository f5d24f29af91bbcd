"""Primary teeth: only their occlusal surfaces have a published rate, and it tells of no depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from amelo.forecast.outlook import Outlook
from amelo.forecast.parts import Part, drivers_of, missing_of
from amelo.forecast.stages.patient import GRID
from amelo.forecast.stages.setting import Patient
from amelo.records.tooth import Tooth

__all__ = ["primary_outlooks"]

NO_RATE = "no rate is published for lesions of primary teeth on this kind of surface"
NO_SURFACE = "of primary teeth only occlusal lesions have a published rate"


def primary_outlooks(fdi: int, tooth: Tooth, patient: Patient, times: np.ndarray, model: dict[str, Any]) -> Iterator[Outlook]:
    """Return progression within the life of a primary tooth for occlusal lesions without a cavity, an abstention for others.

    Assumptions: the 9 % that moved on within a year in one cohort, with the frailty of patients; the permanent teeth say nothing of
    it.
    """
    carious = [f for f in tooth.findings if f.is_carious]
    if not carious:
        yield Outlook("progression", fdi, model.get("hash", ""), abstained=NO_SURFACE)
    for finding in carious:
        if finding.surface != "O" or finding.site == "root":
            yield Outlook("progression", fdi, model.get("hash", ""), surface=finding.surface, abstained=NO_RATE)
            continue
        if (finding.icdas != "unknown" and finding.icdas >= 5) or finding.radiograph in ("D2", "D3"):
            why = "the published rate is of lesions without a cavity"
            yield Outlook("progression", fdi, model.get("hash", ""), surface="O", abstained=why)
            continue
        rate = model["constants"]["share.primary_occlusal"]
        error = np.log(rate["high"] / rate["low"]) / (2 * 1.645)
        rng = np.random.default_rng([patient.seed, 8])  # the same for all primary teeth of this mouth, which share its frailty
        log = np.log(-np.log1p(-rate["value"])) + error * rng.standard_normal(len(patient.age))
        shape = np.exp(-patient.draws["frailty_variance"])
        effect = np.log(np.maximum(rng.gamma(shape) / shape, np.exp(GRID[0]))) - patient.prior_log
        half = 0.5 * patient.draws["active_occlusal"] * {"active": 1.0, "inactive": -1.0}.get(finding.activity, 0.0)
        parts = [
            Part(
                "patient",
                "this patient, of whom nothing is known",
                "unknown",
                effect - effect.mean(),
                "what this mouth has shown so far",
            ),
            Part(
                "activity", "activity of the lesion", finding.activity, half, "" if half.any() else "whether the lesion is active"
            ),
        ]
        total = log + effect + patient.prior_log + half
        hazard = np.exp(total)[:, None] * np.asarray(times)[None, :]
        yield Outlook(
            "progression", fdi, model.get("hash", ""), surface="O", stage="to the next stage", hazard=hazard,
            drivers=drivers_of(parts), missing=missing_of(parts, total),
        )  # fmt: skip
