"""The inputs of one molar in words, and which unknown ones matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from amelo.forecast.caries.chart import known_inputs, molars
from amelo.forecast.caries.cohort import FIRST_MOLARS
from amelo.forecast.caries.features import GROUPS
from amelo.forecast.caries.inputs import KINDS, NAMES
from amelo.forecast.outlook import Missing
from amelo.records.base import UNKNOWN
from amelo.records.case import Case

if TYPE_CHECKING:
    from amelo.forecast.caries.outlooks import Mouth

__all__ = ["missing_of", "value_of", "variables_of"]

PLAQUE = ("none", "on part of it", "on most of it")
LEAST_SHARE = 0.001


def variables_of(group: str, fdi: int) -> list[str]:
    """Return the variables that a term of one molar is made of."""
    others = [t for t in FIRST_MOLARS if t != fdi]
    primary = lambda t: [f"p{p}{kind}_{t}" for p in (4, 5) for kind in ("", "_kind")]  # noqa: E731
    return {
        "sex": ["girl"],
        "age": ["age"],
        "jaw": [],
        "erupted": [f"erupted_{fdi}"],
        "start_brush": ["start_brush"],
        "brushing": ["brush_daily"],
        "sealant": [f"seal_{fdi}"],
        "sealed molars": [f"seal_{t}" for t in FIRST_MOLARS],
        "plaque": [f"plaque_{fdi}"],
        "plaque elsewhere": [f"plaque_{t}" for t in others],
        "primary molars beside it": primary(fdi),
        "primary molars": [v for t in FIRST_MOLARS for v in primary(t)],
        "carious first molars": [f"carious_{t}" for t in others],
    }[group]


def _unknown(case: Case, variables: list[str]) -> list[str]:
    """Return the variables that the case leaves open; the kind of a sound primary molar is not one."""
    known = known_inputs(case)
    open_ = []
    for name in variables:
        if name.startswith("carious_"):
            open_ += [name] * (molars(case)[int(name[-2:])].state == "unknown")
        elif "_kind_" in name:
            open_ += [name] * (name not in known and known.get(name.replace("_kind", "")) != 0)
        elif name != "age":
            open_ += [name] * (name not in known)
    return open_


def value_of(group: str, case: Case, fdi: int, mouth: Mouth, place: int) -> str:
    """Return an input in words, ``unknown`` where the case leaves all of it open and ``part unknown`` where some."""
    variables = variables_of(group, fdi)
    open_ = _unknown(case, variables)
    if variables and len(open_) == len(variables):
        return UNKNOWN
    known = known_inputs(case)
    of = lambda name: int(known[name])  # noqa: E731
    counted = [name for name in variables if name in known and "_kind_" not in name]
    carious = sum(m.state == "carious" for m in molars(case).values() if m.tooth != fdi)
    yes = sum(of(name) > 0 for name in counted)
    text = {
        "sex": lambda: "girl" if of("girl") else "boy",
        "age": lambda: f"{case.age_band} years",
        "jaw": lambda: "upper" if fdi < 30 else "lower",
        "erupted": lambda: "yes" if of(f"erupted_{fdi}") else "not yet",
        "brushing": lambda: "yes" if of("brush_daily") else "no",
        "sealant": lambda: "yes" if of(f"seal_{fdi}") else "no",
        "sealed molars": lambda: f"{yes} of {len(counted)}",
        "plaque": lambda: PLAQUE[of(f"plaque_{fdi}")],
        "plaque elsewhere": lambda: f"on {yes} of {len(counted)}",
        "primary molars beside it": lambda: _primary(known, fdi),
        "primary molars": lambda: f"{yes} of {len(counted)} with caries, filled or lost to it",
        "carious first molars": lambda: f"{carious} of 3",
    }[group]()
    return text + (", part unknown" if open_ else "")


def _primary(known: dict[str, float], fdi: int) -> str:
    words = dict(zip(KINDS, ("decayed", "filled", "lost to caries"), strict=True))
    parts = []
    for p in (4, 5):
        if f"p{p}_{fdi}" in known:
            kind = known.get(f"p{p}_kind_{fdi}")
            state = "sound" if not known[f"p{p}_{fdi}"] else "affected" if kind is None else words[KINDS[int(kind)]]
            parts.append(f"{fdi // 10 + 4}{p} {state}")
    return ", ".join(parts)


def missing_of(case: Case, fdi: int, mouth: Mouth, place: int) -> tuple[Missing, ...]:
    """Return the unknown inputs and the part of the variance of the log hazard that each explains alone, largest first."""
    level = sum(part[:, place] for part in mouth.parts.values()) + mouth.frailty[:, place]
    found = []
    for group, words in GROUPS.items():
        if group == "sealed molars" or group == "primary molars beside it":
            continue  # counted with the sealant of each molar, and with all primary molars
        variables = variables_of("sealed molars" if group == "sealant" else group, fdi)
        open_ = _unknown(case, variables)
        if open_:
            terms = {"sealant": ("sealant", "sealed molars"), "primary molars": ("primary molars", "primary molars beside it")}
            share = _explained(level, np.column_stack([mouth.parts[g][:, place] for g in terms.get(group, (group,))]))
            if share >= LEAST_SHARE:
                found.append(Missing(group, words, share))
    if np.ptp(mouth.age) > 1.0:
        found.append(Missing("age", "the age within its band", _explained(level, mouth.inputs[:, [NAMES.index("age")]])))
    return tuple(sorted(found, key=lambda missing: -missing.share))


def _explained(level: np.ndarray, columns: np.ndarray) -> float:
    """Return the part of the variance of ``level`` that a straight line in ``columns`` explains, less what chance would."""
    x = np.column_stack([np.ones(len(level)), columns])
    rest = level - x @ np.linalg.lstsq(x, level, rcond=None)[0]
    total, spare = level.var(), len(level) - x.shape[1]
    if total <= 0 or spare < 1:
        return 0.0
    return float(np.clip(1 - (rest**2).sum() / spare / (total * len(level) / (len(level) - 1)), 0, 1))
