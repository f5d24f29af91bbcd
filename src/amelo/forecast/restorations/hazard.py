"""Cumulative hazard of a restoration, and what the published studies would report of it.

All effects multiply the cumulative hazard (t / 10 years)^shape · level of a composite on one surface of a vital premolar of a
patient under 65 without high caries risk, in
trials. A group of patients with gamma frailty of variance v reports -ln S = ln(1 + v·H) / v, which is less than H: who fails early
leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from amelo.params import load_set

__all__ = ["DECADE", "expected", "marginal", "mixed", "published"]

DECADE = 10.0  # years
CROWNS = ("inlay", "crown_metal_ceramic", "crown_ceramic", "crown_zirconia")


def published() -> dict[str, tuple[float, float]]:
    """Return value and standard deviation of the logarithm of each figure that is fitted; those whose note says prediction are
    not."""
    found = {}
    for p in load_set("restorations"):
        if "Input of the fit" in p.note:
            found[p.name] = (p.value, float(np.log(p.high / p.low) / (2 * 1.645)))
    return found


def marginal(hazard: Any, variance: Any, xp: ModuleType = np) -> Any:
    """Return -ln of the survival of a group with gamma frailty of mean 1, whose average member has this cumulative hazard."""
    return xp.log1p(variance * hazard) / variance


def mixed(parts: Sequence[tuple[Any, float]], xp: ModuleType = np) -> Any:
    """Return the mean ratio of a group in which each log effect holds for its share, independently of the others."""
    ratio = 1.0
    for log_effect, share in parts:
        ratio = ratio * (1.0 + share * (xp.exp(log_effect) - 1.0))
    return ratio


def expected(p: dict[str, Any], xp: ModuleType = np) -> dict[str, Any]:
    """Return what the studies would report under parameters (logarithms, by short name), by the names of the set
    ``restorations``."""
    value = load_set("restorations").value
    variance, level = xp.exp(p["frailty_variance"]), xp.exp(p["level"])
    trial, practice = xp.exp(p["shape_trial"]), xp.exp(p["shape_practice"])
    molar = (p["molar"], value("study.composite_molars"))
    two, four = (p["two_surfaces"], value("study.two_surfaces")), (p["four_surfaces"], value("study.four_surfaces"))
    risky, rooted = (p["high_risk"], value("study.high_risk")), (p["root_treated"], value("study.root_treated"))
    old = (p["elderly"], value("study.elderly"))
    always = 1.0

    def report(years: float, shape: Any, *parts: tuple[Any, float]) -> Any:
        return marginal((years / DECADE) ** shape * level * mixed(parts, xp), variance, xp)

    found = {}
    for years in (5, 10):
        found[f"hazard.composite_{years}"] = report(years, trial, molar, two, four, risky)
        found[f"hazard.composite_high_{years}"] = report(years, trial, molar, two, four, (p["high_risk"], always))
    clinic = (p["practice"], always)
    found["hazard.practice_10"] = report(10, practice, clinic, molar, two, four, risky, rooted, old)
    found["hazard.practice_old_10"] = report(10, practice, clinic, molar, two, four, risky, rooted, (p["elderly"], always))
    class2 = (p["molar"], value("study.class2_molars"))
    found["hazard.class2_2"] = report(2, practice, clinic, class2, (p["two_surfaces"], always), four, risky, rooted, old)
    cement = (p["glass_ionomer"], always)
    found["hazard.glass_ionomer_3"] = report(3, trial, cement, molar, risky)
    found["hazard.glass_ionomer_more_5"] = report(
        5, trial, cement, molar, (p["two_surfaces"], always), (p["glass_ionomer_more"], always), risky
    )
    for name in CROWNS:
        found[f"hazard.{name}_5"] = report(5, trial, (p[name], always), molar, risky)
    found["hazard.inlay_10"] = report(10, trial, (p["inlay"], always), molar, risky)
    found["hazard.implant_10"] = xp.exp(p["implant"])
    for place in ("trials", "registry"):
        found[f"ratio.amalgam_{place}"] = xp.exp(p["amalgam"] + p[f"source_{place}"])
    return found
