"""Polish: what lies between the values of the choices, around a design that holds out; a compass search whose steps are halved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from amelo.plan.design import Design, Nano, Situation

__all__ = ["STEP", "variants"]

STEP = 0.5  # of the usual distance between two values of a choice, with which polish begins
LEAVE, LEAVES = 0.5, (0.0, 2.0)  # mm between values, and least and most that are left over the pulp
GAP, GAPS = 4.0, (2.0, 180.0)  # ratio of values, and least and most days between visits
# ratio of values, least, most; most is what the choices have, so that no dose is new in kind
DOSES: dict[str, tuple[float, float, float]] = {
    "density": (10.0, 1e7, 1e13),
    "minutes": (4.0, 2.0, 40.0),
    "gradient": (4.0, 0.5, 10.0),
    "peroxide": (4.0, 0.1, 3.0),
}
MOST = {"caps-400": 3e11}  # per mL, of a carrier of its own


def variants(design: Design, on: Situation, step: float = STEP) -> list[Design]:
    """Return designs of the same kind with one number changed, up or down.

    Arguments: design; on, what the tooth allows; step, over the usual distance between values.
    """
    found = dict.fromkeys(d for d in _varied(design, step) if d != design and not d.refused(on))
    return list(found)


def _varied(design: Design, step: float) -> Iterator[Design]:
    for sign in (-step, step):
        if design.excavate and not design.pulp:
            yield replace(design, leave=_round(min(max(design.leave + sign * LEAVE, LEAVES[0]), LEAVES[1])))
        if design.gap:
            yield replace(design, gap=_round(min(max(design.gap * GAP**sign, GAPS[0]), GAPS[1])))
        for name in ("first", "within"):
            dose = getattr(design, name)
            for other in _doses(dose, sign) if dose is not None else ():
                yield replace(design, **{name: other})


def _doses(dose: Nano, sign: float) -> Iterator[Nano]:
    for name, (ratio, least, most) in DOSES.items():
        value = getattr(dose, name)
        if value:
            most = min(most, MOST.get(dose.carrier, most)) if name == "density" else most
            yield replace(dose, **{name: _round(min(max(value * ratio**sign, least), most))})


def _round(value: float) -> float:
    """Return a number as it is written in a protocol, so that what is tried is what is read aloud."""
    return float(f"{value:.4g}")
