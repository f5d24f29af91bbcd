"""The card of the tooth-loss model: what it was made from, how well it does, and where not to believe it."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.tooth_loss.cohort import Cohort
from amelo.forecast.tooth_loss.columns import columns

__all__ = ["CREIGHTON", "card"]

DATE = "2026-11-25"
CREIGHTON = {
    "name": "Creighton University School of Dentistry: teeth of patients treated from August 2007 to March 2013",
    "origin": "R package cran/MST 2.2, data set Teeth; duplicate rows dropped, the training part of a split by patient",
    "licence": "GPL-2 (the rows; none of them is in this file)",
}
LIMITS = (
    "Patients of one dental school in the United States, 2007 to 2013: elsewhere and later, test it first (amelo evaluate).",
    "Loss is extraction for any reason; that teeth are taken out is also a decision, of its place and time.",
    "Effects are associations of findings at one examination; what a treatment would change is taken from other studies.",
    "Followed for a median of under two years and at most 5.6: risks beyond four years rest on few losses.",
    "Natural permanent teeth of people from 16 to 90; no implants, no primary teeth.",
    "What a mouth lost during a year of follow-up added nothing to what its first examination said of the two years after it.",
    "No bone level on radiographs, no saliva, no diet, no income was recorded.",
)


def card(cohort: Cohort, signs: tuple[str, ...], data: dict[str, str], figures: dict[str, Any]) -> dict[str, Any]:
    """Return the card as JSON values.

    Arguments: cohort (trained on), signs (columns that never lower the hazard), data (name, origin, licence), figures
    (cross-validated by patient).
    """
    ages = np.quantile(cohort.mouths.columns["baseline_age"], [0.0, 0.5, 1.0])
    return {
        "title": "Loss of natural permanent teeth",
        "data": data or {"name": "a cohort of the user's own"},
        "population": f"{int(cohort.mouths.mouth.max() + 1)} patients from {ages[0]:.0f} to {ages[2]:.0f} years (median {ages[1]:.0f}), "
        f"{len(cohort.time)} teeth, {int(cohort.event.sum())} lost in follow-up of {np.median(cohort.time):.1f} years (median) and "
        f"{cohort.time.max():.1f} at most",
        "teeth": len(cohort.time),
        "patients": int(cohort.mouths.mouth.max() + 1),
        "losses": int(cohort.event.sum()),
        "age_years": [float(age) for age in ages],
        "model": "Boosted trees three splits deep, an accelerated-failure likelihood with a partial likelihood inside mouths; hazard over "
        "time by a spline on scores that the trees had not seen; bounds on time by group of risk.",
        "monotone": [columns()[name]["words"] for name in signs],
        "cross_validated": figures,
        "limits": list(LIMITS) if data else ["Nobody has said where this model may be believed: write it down before it is used."],
        "script": "amelo.forecast.tooth_loss.train.train",
        "date": DATE,
        "sources": ["austin2020", "candes2023", "clayton1978", "lundberg2020"],
    }
