"""Rows of ``amelo validate living`` about structure: tissues, mismatch, whole teeth, fracture over years; ``amelo.validate.living`` joins them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.twin.structure import (
    Laws,
    Loads,
    fracture_risk,
    mechanics,
    mismatch,
    mismatch_factor,
    stiffness,
    tissue_factor,
    tooth_strength,
    used_by,
)

__all__ = ["ROWS", "population_risks"]

Row = tuple[str, Callable[[], float]]
RESTORED = {  # kinds of posterior teeth of a population: cavity, restoration, bond, root treated
    "sound": ("none", "none", 0.0, False),
    "occlusal": ("occlusal", "amalgam", 0.0, False),
    "two_surface": ("two_surface", "amalgam", 0.0, False),
    "mod": ("mod", "amalgam", 0.0, False),
    "root_treated": ("mod", "amalgam", 0.0, True),
    "crown": ("mod", "crown", 1.0, True),
}
SEVERE = 15.0  # protein of severe hypomineralisation over sound: "up to 15 times"
USUAL = float(np.sqrt(SEVERE))  # between that and sound enamel, where protein was not reported
ZONES = np.array([0.5, 0.5])  # shares of hard and soft zones of dentine

ROWS: dict[str, Row] = {
    "C18_hardness": ("hypomineralised enamel, 5 % less mineral: hardness", lambda: _enamel(0.95, SEVERE).hardness[0, 0] / 1e9),
    "C18_modulus": ("the same: modulus", lambda: _enamel(0.95, SEVERE).modulus[0, 0] / 1e9),
    "C18_hardness_20": ("the same, 20 % less mineral: hardness", lambda: _enamel(0.80, SEVERE).hardness[0, 0] / 1e9),
    "C18_modulus_20": ("the same, 20 % less mineral: modulus", lambda: _enamel(0.80, SEVERE).modulus[0, 0] / 1e9),
    "C18_vickers": ("hypomineralised enamel of 58.8 vol%", lambda: _enamel(58.8 / 87.7, USUAL).vickers[0, 0] * 9.807e-3),
    "S1_affected": ("Knoop hardness of affected dentine, 80 % of mineral", lambda: _dentine(0.80).knoop[0, 0]),
    "S1_infected": ("Knoop hardness of infected dentine, 64 % of mineral", lambda: _dentine(0.64).knoop[0, 0]),
    "S1_exponential": ("hardness exponential in mineral, r2", lambda: _straight()),
    "S2_hardness": (
        "imperfect dentine II: hardness, sound over it",
        lambda: 1.0 / _two().hardness[0, 0] * _dentine(1.0).hardness[0, 0],
    ),
    "S2_zones": ("imperfect dentine I: hardness over sound", lambda: _one()[0]),
    "S2_zones_strength": ("imperfect dentine I: strength over sound", lambda: _one()[1]),
    "S3_payload": ("strength after mineral in an outer zone, over before", lambda: _payload()),
    "P11_two_surface": ("stiffness, one ridge lost", lambda: stiffness("two_surface")),
    "P11_bare": ("strength, unrestored MOD cavity", lambda: float(tooth_strength("mod"))),
    "P11_inlay": ("strength, composite of 3 mm, over sound", lambda: float(tooth_strength("mod", "composite", depth=3e-3))),
    "P11_deep": ("strength, ceramic of 5 mm, over sound", lambda: float(tooth_strength("mod", "inlay", depth=5e-3))),
    "P11_onlay": ("strength, ceramic onlay of 5 mm, over sound", lambda: float(tooth_strength("mod", "onlay", depth=5e-3))),
    "S4_incidence": ("fractures per 1000 adults and year", lambda: 1000.0 * _incidence()),
    "S4_three": ("of them restored on three surfaces", lambda: _share("mod", "root_treated", "crown")),
    "S4_class_2": ("of them restored beside a tooth", lambda: _share("two_surface", "mod", "root_treated")),
    "S4_amalgam_3": ("root treated, MOD amalgam: broken in 3 years", lambda: _broken("mod", "amalgam", 0.0, 3.0)),
    "S4_amalgam_15": ("the same in 15 years", lambda: _broken("mod", "amalgam", 0.0, 15.0)),
    "S4_resin_3": ("root treated, MOD composite: broken in 3 years", lambda: _broken("mod", "composite", 1.0, 3.0)),
    "S4_crown": ("root treated: composite over crown, hazard", lambda: _composite_over_crown()),
    "S4_parafunction": ("risk with parafunction over without", lambda: _parafunction()),
}


def _enamel(mineral: float, protein: float) -> object:
    return mechanics(np.array([[mineral]]), False, protein=protein)


def _dentine(mineral: float) -> object:
    return mechanics(np.array([[mineral]]), True)


def _two() -> object:
    """Return dentine with a third less mineral and none inside fibrils."""
    return mechanics(np.array([[0.67]]), True, intrafibrillar=0.0)


def _straight() -> float:
    """Return r2 of the logarithm of hardness against mineral, over carious dentine."""
    mineral = np.linspace(0.2, 1.0, 81)
    return float(np.corrcoef(mineral, np.log(mechanics(mineral[None], True).hardness[0]))[0, 1] ** 2)


@cache
def _one() -> tuple[float, float]:
    """Return hardness and strength over sound of dentine with 8 % more mineral in zones of which one is twice as hard as the other."""
    spread = np.linspace(0.0, 0.6, 601)
    pairs = mechanics(np.stack([1.08 + spread, 1.08 - spread], axis=1), True)
    at = int(np.argmin(np.abs(pairs.hardness[:, 0] / pairs.hardness[:, 1] - 2.0)))
    zones = np.where(np.arange(20) % 2 == 0, 1.08 + spread[at], 1.08 - spread[at])
    hard = float(pairs.hardness[at] @ ZONES / _dentine(1.0).hardness[0, 0])
    return hard, _column_strength(zones)


def _column_strength(mineral: np.ndarray) -> float:
    """Return the strength over sound of a column of dentine of 2 mm."""
    edges = np.linspace(0.0, 2e-3, len(mineral) + 1)
    found = mechanics(mineral[None], True)
    factor = tissue_factor(found.strength, edges) * mismatch_factor(mismatch(found, edges))
    return float(tooth_strength(tissue=factor)[0])


def _payload() -> float:
    """Return strength of a demineralised column whose outer fifth was filled beyond sound, over that before."""
    before = np.full(20, 0.8)
    after = before.copy()
    after[:4] = 1.3
    return _column_strength(after) / _column_strength(before)


def population_risks(laws: Laws | None = None) -> dict[str, float]:
    """Return the chance that a posterior tooth of each kind breaks in a year, in a stock to which as many come every year.

    Arguments: laws.
    Assumptions: teeth were whole for some years and are restored for anything up to some more; those that stay whole for both.
    """
    value, laws = load_set("structure").value, laws or Laws.named()
    whole, since = round(value("population.years_whole")), round(value("population.years_restored"))
    before = used_by(whole, 1.0, laws=laws)
    found = {}
    for kind, (cavity, restoration, bond, root) in RESTORED.items():
        strength = tooth_strength(cavity, restoration, bond, root_treated=root, laws=laws)
        start, years = (0.0, whole + since) if kind == "sound" else (before, since)
        later = start + used_by(np.arange(years + 1.0), strength, laws=laws)
        left = 1.0 - fracture_risk(start, later, laws)
        found[kind] = float((1.0 - left[-1]) / left[:-1].sum())
    return found


def _incidence(laws: Laws | None = None) -> float:
    value = load_set("structure").value
    return value("population.posterior") * sum(value(f"population.{k}") * r for k, r in population_risks(laws).items())


def _share(*kinds: str) -> float:
    value = load_set("structure").value
    parts = {k: value(f"population.{k}") * r for k, r in population_risks().items()}
    return sum(parts[k] for k in kinds) / sum(parts.values())


def _broken(cavity: str, restoration: str, bond: float, years: float, *, root: bool = True) -> float:
    """Return the share of teeth that break within years after they were restored, whole for twenty years before."""
    before = used_by(load_set("structure").value("population.years_whole"), 1.0)
    strength = tooth_strength(cavity, restoration, bond, root_treated=root)
    return float(fracture_risk(before, before + used_by(years, strength)))


def _composite_over_crown() -> float:
    years = 31.73 / 12.0
    composite, crown = (np.log1p(-_broken("mod", name, 1.0, years)) for name in ("composite", "crown"))
    return float(composite / crown)


def _parafunction() -> float:
    """Return the odds of teeth with three surfaces of amalgam to break in a year with parafunction, over those without."""
    strength = tooth_strength("mod", "amalgam", 0.0)
    before = used_by(load_set("structure").value("population.years_whole"), 1.0)
    risks = [
        float(fracture_risk(before, before + used_by(1.0, strength, loads))) for loads in (Loads.ordinary(True), Loads.ordinary())
    ]
    return risks[0] / (1.0 - risks[0]) / (risks[1] / (1.0 - risks[1]))
