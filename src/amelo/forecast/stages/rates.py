"""Rates of each move between stages from the parameters of the model, the kind of surface and the age."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal

import numpy as np

from amelo.forecast.stages.chain import age_share
from amelo.records.teeth import position, tooth_class

__all__ = ["BASE", "KINDS", "SurfaceKind", "kind_of", "log_rates", "site_of"]

SurfaceKind = Literal["approximal", "occlusal", "smooth"]
KINDS: tuple[SurfaceKind, ...] = ("approximal", "occlusal", "smooth")
BASE = ("onset", "outer_to_inner", "inner_to_border", "border_to_outer", "outer_to_middle", "middle_to_deep", "deep_to_pulp")
FADING = 5  # the moves up to D1 to D2 slow down with age; of the deeper ones nothing is known


def kind_of(letter: str) -> SurfaceKind:
    """Return the kind of surface of a letter: M and D touch a neighbour, O has pits, the rest is smooth (incisal edges too)."""
    return "approximal" if letter in "MD" else "occlusal" if letter == "O" else "smooth"


def site_of(fdi: int) -> str:
    """Return the group of permanent teeth that rates are given for."""
    kind = tooth_class(fdi)
    return {6: "first_molar", 7: "second_molar", 8: "third_molar"}[position(fdi)] if kind == "molar" else kind


def log_rates(parameters: dict[str, Any], kind: SurfaceKind, age: Any, xp: ModuleType = np) -> Any:
    """Return the logarithm of the seven rates [1/year] at average risk, without site, activity, cohort and frailty.

    Arguments: parameters (log of each ``prior.*`` by its short name, scalars or draws), kind, age [year] (scalar or draws), xp.
    Returns: array (… × 7).
    Assumptions: log rates change evenly with age from 13.5 to 23.5 years and are level outside; occlusal onset changes by its own
    amount.
    """
    grown = age_share(age, xp)
    onset_age = parameters["occlusal_onset_age" if kind == "occlusal" else "onset_age"]
    onset = 0.0 if kind == "approximal" else parameters[f"{kind}_onset"]
    onward = 0.0 if kind == "approximal" else parameters[f"{kind}_progression"]
    columns = []
    for k, name in enumerate(BASE):
        log = parameters[name] + (onset if k == 0 else onward)
        if k < FADING:
            log = log + grown * (onset_age if k == 0 else parameters["progression_age"])
        columns.append(log)
    return xp.stack(xp.broadcast_arrays(*columns), axis=-1)
