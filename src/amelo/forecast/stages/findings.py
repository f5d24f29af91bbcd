"""From what was charted of a surface to the stage it is in, or may be in."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.stages.chain import STAGES
from amelo.records.base import UNKNOWN
from amelo.records.tooth import Finding

__all__ = ["CHART", "charted", "draw_stages", "following", "stage_chances"]

CHART = (
    "sound",
    "E1",
    "E2",
    "D1",
    "D1",
    "D2",
    "D3",
    "pulp",
)  # what a chart calls each stage; a broken border is the beginning of D1
CAVITY = 5  # ICDAS code from which there is a cavity into dentine


def _table(constants: dict[str, Any], code: str) -> np.ndarray:
    return np.array([constants.get(f"stage.{code}_{stage}", {"value": 0.0})["value"] for stage in STAGES])


def stage_chances(finding: Finding, constants: dict[str, Any]) -> np.ndarray | None:
    """Return the chance of each stage (8), None when neither code nor film was written down.

    Arguments: finding (of a crown), constants (``stage.*`` of the model).
    Assumptions: a film that shows the lesion decides its depth, except where the eye saw a cavity and the film only enamel; a film
    that shows nothing leaves the
    early part of what the code allows.
    """
    code, film = finding.icdas, finding.radiograph
    if film not in ("none", UNKNOWN) and not (code != UNKNOWN and code >= CAVITY and film in ("E1", "E2")):
        chances = _table(constants, "film_D1") if film == "D1" else np.array([float(stage == film) for stage in STAGES])
    elif code != UNKNOWN and code > 0:
        chances = _table(constants, f"icdas{code}")
        if film == "none" and code < CAVITY:
            hidden = chances * _table(constants, "film_none")
            chances = hidden if hidden.sum() else chances
    elif code == 0 or film == "none":
        chances = np.eye(len(STAGES))[0]
    else:
        return None
    return chances / chances.sum()


def draw_stages(chances: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return one stage per draw (integers) for uniform numbers (draws)."""
    return np.minimum(np.searchsorted(np.cumsum(chances), uniform, side="right"), len(chances) - 1)


def charted(chances: np.ndarray) -> str:
    """Return the name of the most likely stage as a chart has it."""
    totals: dict[str, float] = {}
    for name, chance in zip(CHART, chances, strict=True):
        totals[name] = totals.get(name, 0.0) + float(chance)
    return max(totals, key=lambda name: (totals[name], -CHART.index(name)))


def following(stage: int) -> int:
    """Return the first stage that a chart would call by another, deeper name."""
    return next((k for k in range(stage + 1, len(STAGES)) if CHART[k] != CHART[stage]), len(STAGES) - 1)
