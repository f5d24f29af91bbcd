"""Outlooks of our own making, with hazards that are known exactly, and model files to go with them; no model of amelo is behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from amelo.forecast.artefact import save_model
from amelo.forecast.outlook import Change, Driver, Missing, Outlook
from amelo.records.case import Case
from amelo.records.teeth import position, surfaces

KINDS = {
    "tooth-loss": "synthetic_outlooks:losses",
    "caries-onset": "synthetic_outlooks:first_molars",
    "progression": "synthetic_outlooks:lesions",
    "restorations": "synthetic_outlooks:fillings",
}
BASE = {"schema_version": "1", "pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05", "age_band": "40-44"}
MOUTH = {
    "16": {"status": "present", "other_surfaces": "sound", "mobility": 2},
    "36": {"status": "present", "findings": [{"surface": "O", "icdas": 3, "radiograph": "E2"}]},
    "37": {"status": "present", "restorations": [{"surfaces": ["M", "O"], "kind": "filling", "material": "composite", "age": 8}]},
    "11": {"status": "present", "other_surfaces": "sound"},
    "21": {"status": "present", "other_surfaces": "sound"},
    "22": {"status": "present", "other_surfaces": "sound"},
    "48": {"status": "missing"},
    "18": {"status": "present"},
}
RATES = {16: 0.08, 36: 0.03, 37: 0.01}  # of loss, per year
NO_WISDOM = "third molars were not in the data"
CARD = {
    "title": "A model of our own making",
    "data": {"name": "no data at all", "licence": "Apache-2.0"},
    "population": "nobody",
    "dates": "2026",
    "date": "2026-11-25",
    "figures": {"harrell_c": {"value": 0.8, "low": 0.75, "high": 0.85}, "ici_2y": [0.01, 0.005, 0.02]},
    "subgroups": {"molars": {"harrell_c": [0.7, 0.6, 0.8]}},
    "limits": ["it is made up"],
    "sources": ["Putter2007"],
}


def mouth(**parts: object) -> Case:
    """A small mouth with something for every kind of model."""
    return Case.model_validate({**BASE, "teeth": MOUTH, **parts})


def save_models(folder: Path, **changed: dict[str, object]) -> dict[str, Path]:
    """Write one model file of each kind."""
    return {kind: save_model({"kind": kind, "level": 1.0, "card": CARD, **changed.get(kind, {})}, folder) for kind in KINDS}


def _hazard(rate: float, times: np.ndarray, draws: int, seed: int, salt: int, spread: float = 0.5) -> np.ndarray:
    noise = np.random.default_rng([seed, salt]).standard_normal(draws)
    return rate * np.exp(spread * noise - spread**2 / 2)[:, None] * times


def losses(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict) -> list[Outlook]:
    found = []
    for key, tooth in case.teeth.items():
        fdi = int(key)
        if tooth.status != "present":
            continue
        if position(fdi) == 8:
            found.append(Outlook("tooth loss", fdi, model["hash"], abstained=NO_WISDOM))
            continue
        rate = model["level"] * RATES.get(fdi, 0.002)
        drivers = (Driver("mobil", "mobility", "2 degrees", 0.9), Driver("age", "age", "42 years", -0.2)) if fdi == 16 else ()
        missing = (Missing("cal", "attachment level", 0.4),)
        changes = (Change("stop smoking", np.log(0.7), "Putter2007", "B"),) if fdi == 16 else ()
        hazard = _hazard(rate, times, draws, seed, fdi)
        found.append(Outlook("tooth loss", fdi, model["hash"], hazard=hazard, drivers=drivers, missing=missing, changes=changes))
    return found


def first_molars(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict) -> list[Outlook]:
    found = []
    for key, tooth in case.teeth.items():
        if tooth.other_surfaces == "sound":
            for k, letter in enumerate(surfaces(int(key))):
                for stage, rate in (("sound to enamel", 0.02 + 0.01 * k), ("sound to dentine", 0.004)):
                    hazard = _hazard(rate, times, draws, seed, 100 + k)
                    found.append(Outlook("caries onset", int(key), model["hash"], letter, stage, hazard))
    return found


def lesions(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict) -> list[Outlook]:
    changes = (
        Change("seal or infiltrate the lesion", np.log(0.3), "Kaplan1958", "A"),
        Change("varnish", np.log(0.8), "Graf1999", "B"),
    )
    drivers = (Driver("stage", "how deep the lesion is", "E2", 0.1),)
    missing = (Missing("activity", "whether the lesion is active", 0.3), Missing("film", "the depth, by a film", 0.1))
    return [
        Outlook(
            "progression", int(key), model["hash"], f.surface, "E2 to D1",
            _hazard(0.15, times, draws, seed, 7), drivers, missing, changes,
        )
        for key, tooth in case.teeth.items() for f in tooth.findings
    ]  # fmt: skip


def fillings(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict) -> list[Outlook]:
    return [
        Outlook(
            "restoration failure", int(key), model["hash"], "".join(r.surfaces), r.material, _hazard(0.03, times, draws, seed, 9)
        )
        for key, tooth in case.teeth.items()
        for r in tooth.restorations
    ]
