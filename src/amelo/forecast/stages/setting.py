"""Everything about a patient that does not differ between surfaces: draws of parameters, age, population and frailty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.stages.patient import THERE, Evidence, evidence_of, posterior_frailty, prior_log_frailty
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary

__all__ = ["Patient", "ages", "barred", "patient_of"]

ENAMEL_GENES = (
    "AMELX", "ENAM", "MMP20", "KLK4", "WDR72", "FAM83H", "SLC24A4", "FAM20A", "LAMB3", "DLX3", "DSPP", "COL1A1", "COL1A2",
)  # fmt: skip
DRY = 0.1  # mL/min of saliva at rest, below which a mouth counts as dry
AGES_WITH_PRIMARY = (3.0, 12.0)
AGES_WITHOUT = (13.0, 80.0)


@dataclass(frozen=True)
class Patient:
    """Draws of one patient: parameters (logarithms), age [year], log level of onset and of progression in this population, log
    frailty and its prior mean; what it was learned from; the seed."""

    draws: dict[str, np.ndarray]
    age: np.ndarray
    age_words: str
    age_known: bool
    onset_level: np.ndarray
    progression_level: np.ndarray
    log_frailty: np.ndarray
    prior_log: np.ndarray
    evidence: Evidence
    seed: int

    @property
    def history(self) -> str:
        """What the frailty was learned from, in words."""
        sound, affected = len(self.evidence.sound), len(self.evidence.affected)
        return f"{affected} lesions, restorations or losses to caries; {sound} surfaces charted sound"


def ages(case: Case, uniform: np.ndarray) -> tuple[np.ndarray, str, bool]:
    """Return draws of the age [year], in words, and whether it is known to within a year or so."""
    if case.age_band != UNKNOWN:
        low, high = (int(part) for part in case.age_band.split("-"))
        return low + uniform * (high + 1 - low), f"{case.age_band} y", high - low <= 1
    milk = any(is_primary(int(key)) and tooth.status in THERE for key, tooth in case.teeth.items())
    low, high = AGES_WITH_PRIMARY if milk else AGES_WITHOUT
    return low + uniform * (high - low), "unknown", False


def barred(case: Case) -> str:
    """Return why nothing may be forecast for any tooth of this patient from published rates, "" when it may."""
    if case.medical.radiotherapy_head_neck is True:
        return "after radiotherapy of the head caries follows other laws than in the cohorts behind the rates"
    flow = case.saliva.unstimulated_flow
    if flow != UNKNOWN and flow < DRY:
        return (
            f"with {flow:g} mL/min of saliva at rest the mouth is dry, and the published rates are of people whose mouths are not"
        )
    for variant in case.genotype.variants:
        if variant.gene in ENAMEL_GENES and variant.significance in ("pathogenic", "likely pathogenic"):
            return f"the teeth form differently with a variant in {variant.gene}, and no rates are published for them"
    return ""


def patient_of(case: Case, model: dict[str, Any], draws: int, seed: int) -> Patient:
    """Return the draws of a patient.

    Arguments: case, model (progression), draws (how many), seed.
    """
    rng = np.random.default_rng([seed, 4])
    shipped = len(model["draws"]["onset"])
    picks = np.concatenate([rng.permutation(shipped) for _ in range(-(-draws // shipped))])[:draws]
    parameters = {name: np.asarray(values)[picks] for name, values in model["draws"].items()}
    age, words, known = ages(case, _spread(rng, draws))
    spread = np.exp(parameters["cohort_spread"])
    onset_level, progression_level = (spread * rng.standard_normal(draws) for _ in range(2))
    evidence = evidence_of(case)
    frailty = posterior_frailty(evidence, parameters, model["constants"], age, onset_level, _spread(rng, draws))
    return Patient(
        parameters,
        age,
        words,
        known,
        onset_level,
        progression_level,
        np.log(frailty),
        prior_log_frailty(np.exp(parameters["frailty_variance"])),
        evidence,
        seed,
    )


def _spread(rng: np.random.Generator, draws: int) -> np.ndarray:
    """Return uniform numbers, one from each of as many equal parts of 0 to 1, in random order."""
    return (rng.permutation(draws) + rng.random(draws)) / draws
