"""How long procedures take in the chair and what they cost, relative to a composite of two surfaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from amelo.params import load_set
from amelo.protocol.step_parts import measure

__all__ = ["LONGEST_VISIT", "ChairTime", "account", "at_the_chair", "price", "procedure", "usual_time"]

LONGEST_VISIT = 14_400.0  # s
ChairTime = measure(1, LONGEST_VISIT, "s", "time in the chair", "a moment to four hours, the longest anyone is kept")
PARTS = {"fill": "material", "pulpotomy": "extent"}  # kind: what else of a step its time and price depend on
PRICED = ("varnish",)  # steps of the mouth that a clinic does; the time that they say is that of the product on the teeth


def procedure(said: Mapping[str, Any]) -> str:
    """Return the name of a procedure in the set ``procedures``.

    Arguments: said (the fields of a step, at least its kind).
    """
    kind = said["kind"]
    part = said.get(PARTS.get(kind, ""), "")
    if said.get("temporary"):
        part = "temporary"
    if kind == "crown" and said.get("material") == "stainless steel":
        part = said["material"]
    return ".".join(word.replace(" ", "_").replace("-", "_") for word in (kind, part) if word)


def usual_time(said: Mapping[str, Any]) -> float:
    """Return how long a procedure usually takes in the chair [s].

    Arguments: said (the fields of a step, at least its kind).
    """
    return load_set("procedures").value(f"{procedure(said)}.minutes") * 60.0


def at_the_chair() -> Any:
    """Return the default of a duration: what the procedure usually takes, known once the fields before it are."""
    return Field(default_factory=usual_time)


def price(step: Any) -> float:
    """Return what a step costs, relative to a composite of two surfaces; 0 for what nobody bills, such as a rest."""
    name, known = procedure(_fields(step)), load_set("procedures").parameters
    return known[f"{name}.cost"].value if f"{name}.cost" in known else 0.0


def account(steps: Iterable[tuple[Any, int]]) -> tuple[float, float]:
    """Return time in the chair [s] and relative price of steps.

    Arguments: steps (each with how often it is done).
    Assumptions: steps that have no price have no chair either.
    """
    known, time, cost = load_set("procedures").parameters, 0.0, 0.0
    for step, times in steps:
        if f"{procedure(_fields(step))}.cost" in known:
            time += times * (usual_time(_fields(step)) if step.kind in PRICED else step.duration)
            cost += times * price(step)
    return time, cost


def _fields(step: Any) -> Mapping[str, Any]:
    return {name: getattr(step, name) for name in type(step).model_fields}
