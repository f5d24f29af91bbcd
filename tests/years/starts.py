"""Starts and hazards with nothing in them but what a test puts there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import amelo
from amelo.records.case import Case
from amelo.years import Start
from amelo.years.hazards import Hazards, hazards_of
from amelo.years.states import code

__all__ = ["CASES", "bare", "case", "changed", "plain"]

CASES = Path(__file__).resolve().parents[2] / "cases"


def plain(count: int = 64, **changes: Any) -> Start:
    """Return a molar of a man of forty under a composite on two surfaces."""
    return Start(**({"members": count, "age": 40.0, "tooth": 36, "material": "composite"} | changes))


def bare(state: str = "filled", count: int = 5, surfaces: int = 0) -> Hazards:
    """Return hazards that are all nothing, of members in a state."""
    h = hazards_of(plain(count), 0, spread=False)
    zero = {
        name: np.zeros_like(getattr(h, name))
        for name in ("collapsed", "now", "now_age", "later", "root", "root_now", "root_age", "deep", "steady")
    }
    rates = np.full((count, surfaces, 7), -np.inf)
    lesions = {
        "log_rate": rates,
        "fading": np.zeros_like(rates),
        "activity": np.ones((count, surfaces)),
        "stage": np.zeros((count, surfaces), int),
    }
    return replace(h, **zero, **lesions, state=np.full(count, code(state)), shape=np.full(count, 1.4))


def changed(h: Hazards, **changes: Any) -> Hazards:
    """Return hazards with arrays filled by a number or replaced."""
    return replace(
        h, **{n: np.broadcast_to(np.asarray(v, getattr(h, n).dtype), getattr(h, n).shape).copy() for n, v in changes.items()}
    )


def case(fdi: int, **tooth: Any) -> Case:
    """Return a grown-up with one charted tooth."""
    base = amelo.load_case(CASES / "felix-healthy.json")
    record = base.model_dump(mode="json")
    record["teeth"][str(fdi)] = {"status": "present", "other_surfaces": "sound"} | tooth
    return type(base).model_validate(record)
