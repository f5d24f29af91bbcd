"""Constants of steps in SI, where all members have the same."""

from __future__ import annotations

from functools import cache

from amelo.params import load_set
from amelo.twin.tooth.constants import in_si

__all__ = ["value"]


@cache
def value(name: str) -> float:
    """Return a constant of the set ``steps`` in SI."""
    return in_si(load_set("steps")[name]).value
