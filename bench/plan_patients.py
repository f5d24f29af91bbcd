"""Patients for the bench of plans, made up from a seed: ten kinds of teeth, six of each, in mouths that differ, with goals in rotation.

Nobody of them lives.  The first of each kind are for tuning the search, and the others for judging it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from amelo.plan.design import CHOICES, Situation, enumerated
from amelo.plan.goals import PRESETS
from amelo.records.case import Case
from amelo.records.check import build

__all__ = ["COUNT", "KINDS", "LARGEST", "Patient", "grid_of", "patient", "patients", "variants"]

SEED = 20261126
COUNT = 60
LARGEST = 1000  # designs of a patient that are all lived through; where more are allowed, values of choices are left out until no more are left
KINDS = ("early", "enamel", "approximal", "shadow", "cavity", "deep", "inflamed", "primary", "hypomineralised", "amelogenesis")
MOLARS = (16, 26, 36, 46, 17, 27, 37, 47)


@dataclass(frozen=True, eq=False)
class Patient:
    """A made-up patient: number, name, kind, case, tooth, surface, preset of goals, and whether it is for tuning."""

    number: int
    name: str
    kind: str
    case: Case
    tooth: int
    surface: str
    goals: str
    tuning: bool


def patients(count: int = COUNT, seed: int = SEED) -> list[Patient]:
    """Return the patients of the bench."""
    return [patient(k, seed) for k in range(count)]


def patient(number: int, seed: int = SEED) -> Patient:
    """Return one patient; the same for the same number and seed."""
    rng = np.random.default_rng([seed, number])
    kind = KINDS[number % len(KINDS)]
    turn = number // len(KINDS)
    child = kind in ("primary", "hypomineralised")
    fdi, surface, record = _tooth(kind, turn, rng)
    ages = (
        ("4-5", "6-7")
        if kind == "primary"
        else ("8-9", "10-11", "12-13")
        if child
        else ("14-15", "20-24", "30-34", "45-49", "60-64")
    )
    age = str(rng.choice(ages))
    hypothetical = (kind == "inflamed" and turn % 2 == 0) or (kind == "deep" and turn == 3)
    data = {
        "schema_version": "1",
        "pseudonym": f"Bench-{number:02d}",
        "origin": "synthetic",
        "recorded_on": "2026-11-26",
        "age_band": age,
        "sex": str(rng.choice(("female", "male"))),
        "teeth": {str(fdi): record},
        **_mouth(turn, child, rng),
        "genotype": variants(kind, hypothetical),
        "notes": "Made up for the bench of plans.",
    }
    goals = PRESETS[(number + turn) % len(PRESETS)]  # so that a kind meets every preset
    return Patient(number, f"{number:02d}-{kind}", kind, build(Case, data, f"patient {number}"), fdi, surface, goals, turn == 0)


def _tooth(kind: str, turn: int, rng: np.random.Generator) -> tuple[int, str, dict]:
    """Return the FDI number, the surface and the record of a tooth."""
    pick = lambda *values: values[int(rng.integers(len(values)))]  # noqa: E731
    between = lambda low, high: round(float(rng.uniform(low, high)), 2)  # noqa: E731
    active = "inactive" if turn % 3 == 2 else "active"
    extra: dict = {}
    if kind == "early":
        fdi, surface = (pick(11, 12, 21, 22, 13, 23), "F") if turn % 2 else (pick(*MOLARS), "O")
        found = {"icdas": 1 + turn % 2, "activity": active, "radiograph": "none" if surface == "F" else pick("none", "E1")}
        if surface == "F":
            found["lesion_depth"] = int(rng.integers(60, 220))
    elif kind == "enamel":
        fdi, surface = (pick(*MOLARS), "O") if turn % 2 else (pick(14, 24, 34, 44, 13, 23), pick("M", "D"))
        found = {"icdas": pick(2, 3) if surface == "O" else 2, "activity": active, "radiograph": "E2"}
    elif kind == "approximal":
        fdi, surface = pick(14, 15, 24, 25, 36, 46, 16, 26), pick("M", "D")
        found = {"icdas": pick(1, 2, 3), "activity": active, "radiograph": "D1" if turn % 2 else "E2"}
    elif kind == "shadow":
        fdi, surface = pick(*MOLARS), "O"
        found = {"icdas": 4, "activity": active, "radiograph": pick("D1", "D2")}
    elif kind == "cavity":
        fdi, surface = pick(*MOLARS, 14, 25, 35), "O"
        found = {"icdas": 5, "activity": active, "radiograph": "D2"}
    elif kind in ("deep", "inflamed"):
        fdi, surface = pick(*MOLARS), "O"
        left = (0.4, 0.8, 1.2, 1.6, 2.0, 0.6)[turn] if kind == "deep" else between(0.5, 1.6)
        found = {"icdas": pick(5, 6), "activity": "active", "radiograph": "D3"}
        cold = "normal" if kind == "deep" else "sharp and short"
        extra = {"residual_dentine": left, "hypersensitivity": 1 + (kind == "inflamed")}
        extra |= {
            "pulp_tests": [{"test": "cold", "response": cold}],
            "pulp_diagnosis": "normal" if kind == "deep" else "reversible pulpitis",
        }
    elif kind == "primary":
        fdi, surface = pick(54, 55, 64, 65, 74, 75, 84, 85), "O"
        found = {"icdas": (5, 3, 6, 4, 5, 2)[turn], "activity": "active", "radiograph": ("D2", "D1", "D3", "D2", "D2", "E2")[turn]}
    elif kind == "hypomineralised":
        fdi, surface = pick(16, 26, 36, 46), "O"
        found = (
            {"icdas": 4 + turn % 2, "activity": "active", "radiograph": pick("D1", "D2"), "defect": "post-eruptive breakdown"}
            if turn % 2 == 0
            else {
                "icdas": pick(1, 2),
                "activity": "active",
                "radiograph": pick("E1", "E2"),
                "defect": "demarcated yellow-brown opacity",
            }
        )
        extra = {"hypersensitivity": int(rng.integers(1, 4))}
    else:
        fdi, surface = pick(14, 24, 36, 46, 17, 37), "O"
        found = {"icdas": (2, 4, 5, 2, 5, 3)[turn], "activity": "active", "radiograph": ("E2", "D1", "D2", "E1", "D2", "E2")[turn]}
        found["defect"] = ("hypomaturation", "hypocalcification", "hypoplasia")[turn % 3]
        extra = {"hypersensitivity": 1}
    return fdi, surface, {"status": "present", "other_surfaces": "sound", "findings": [{"surface": surface, **found}], **extra}


def _mouth(turn: int, child: bool, rng: np.random.Generator) -> dict:
    """Return saliva, diet, hygiene and medical history: moist or dry, much sugar or little, much fluoride or none."""
    dry = turn in (1, 4) and not child
    sweet = int(rng.integers(0, 4)) if turn != 2 else 0
    low, high = (0.03, 0.09) if dry else (0.25, 0.6)
    resting = round(float(rng.uniform(low, high)), 3)
    meals = [{"at": at, "what": "meal", "duration": 20, "sugar": int(rng.integers(4, 10))} for at in ("07:30", "13:00", "19:00")]
    between = [("10:00", "sugared drink", 10), ("16:00", "snack", 40), ("21:00", "sweet", 70)]
    meals += [{"at": at, "what": what, "duration": 10, "sugar": sugar} for at, what, sugar in between[:sweet]]
    good = sweet == 0
    return {
        "saliva": {
            "unstimulated_flow": resting,
            "stimulated_flow": round(4.0 * resting, 2),
            "pH": round(float(rng.uniform(6.3, 6.7) if dry else rng.uniform(6.6, 7.2)), 2),
            "buffer_capacity": "low" if dry else str(rng.choice(("medium", "high"))),
        },
        "diet": {"meals": sorted(meals, key=lambda m: m["at"])},
        "hygiene": {
            "brushing_per_day": 2 if good else int(rng.integers(1, 3)),
            "toothpaste_fluoride": 1450 if good else int(rng.choice((0, 500, 1450))),
            "water_fluoride": round(float(rng.uniform(0.05, 0.7)), 2),
        },
        "medical": {"hyposalivatory_medicines": ["amitriptyline"] if dry else [], "smoking": "never", "diabetes": "none"},
    }


def variants(kind: str, hypothetical: bool) -> dict:
    """Return the variants: the invented one of the founding case, that of an amelogenesis, or none."""
    if hypothetical:
        invented = {
            "gene": "DSPP", "coding": "c.49_50insN[27]", "protein": "p.?", "zygosity": "heterozygous", "significance": "unknown",
            "response": "unknown", "grade": "hypothetical", "note": "Invented, as in the founding case.",
        }  # fmt: skip
        return {"tested": True, "variants": [invented]}
    if kind == "amelogenesis":
        splice = {
            "gene": "MMP20",
            "coding": "c.954-2A>T",
            "protein": "p.?",
            "zygosity": "homozygous",
            "significance": "pathogenic",
            "grade": "published",
        }
        return {"tested": True, "variants": [splice]}
    return {"tested": False}


def grid_of(on: Situation, number: int, largest: int = LARGEST, seed: int = SEED) -> Situation:
    """Return a situation whose choices are thinned out until no more than so many designs are left, in another way for each patient.

    Arguments: on; number of the patient; largest, designs that may be left; seed.
    Assumptions: a choice keeps its plain value and at least one more, so that nothing that can be done is left out altogether.
    """
    rng = np.random.default_rng([seed, number, 1])
    kept = {name: list(values) for name, values in CHOICES.items()}
    allowed = enumerated(on)
    used = {name: Counter(getattr(d, name) for d in allowed) for name in kept}
    kept = {name: [v for v in values if used[name][v]] for name, values in kept.items()}
    while len(allowed) > largest:
        long = [name for name, values in kept.items() if len(values) > 2]
        most = max(len(kept[name]) for name in long)
        name = str(rng.choice([n for n in long if len(kept[n]) >= most - 1]))
        kept[name].pop(int(rng.integers(1, len(kept[name]))))
        allowed = tuple(d for d in allowed if getattr(d, name) in kept[name])
    return replace(on, only=tuple((name, tuple(values)) for name, values in kept.items()))
