"""Polish: what lies between the values of the choices, around a design that holds out; a compass search whose steps are halved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from amelo.plan.design import Design, Situation

__all__ = ["DENSITIES", "STEP", "variants"]

STEP = 0.5  # of the usual distance between two values of a choice, with which polish begins
LEAVE, LEAVES = 0.5, (0.0, 2.0)  # mm between values, and least and most that are left over the pulp
GAP, GAPS = 4.0, (1.0, 180.0)  # ratio of values, and least and most days between visits
DENSITY, DENSITIES = 10.0, (1e7, 1e9)  # ratio of values, least and most carriers per mL: dilute ones, for which one table stands


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
            # what is dense or works in tubules, how long and how hard it is pulled, needs a table of its own, and seconds
            if dose is not None and not dose.peroxide and dose.density <= DENSITIES[1]:
                density = _round(min(max(dose.density * DENSITY**sign, DENSITIES[0]), DENSITIES[1]))
                yield replace(design, **{name: replace(dose, density=density)})


def _round(value: float) -> float:
    """Return a number as it is written in a protocol, so that what is tried is what is read aloud."""
    return float(f"{value:.4g}")
