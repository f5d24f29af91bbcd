"""The course of a treated tooth as rows of tables and as sentences, the same in the terminal and in the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from amelo.twin.show import describe_time
from amelo.twin.tooth.show import figures, unit_of, visits_of

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import ToothTrajectory

__all__ = [
    "ahead_rows", "assumption_lines", "harm_rows", "how_it_was_computed", "mineral_gap", "outcome_rows", "step_rows", "when_in_words",
]  # fmt: skip

MINUTE, HOUR = 60.0, 3600.0
FAR = 5e-4  # mean chance or count below which an event of the years after is not told
ALWAYS = ("tooth kept", "pulp alive", "restoration survival", "no operation", "quality-adjusted years", "cost", "visits")


def when_in_words(seconds: float) -> str:
    """Return a time since the start as people would say it."""
    return describe_time(seconds / HOUR)


def step_rows(trajectory: ToothTrajectory) -> list[tuple[str, ...]]:
    """Return number, words, time, minutes in the chair, price and class of consent of every step; repeats in a row are one line."""
    rows = []
    for visit in visits_of(trajectory.events):
        for k, (event, times) in enumerate(visit.steps):
            words = event.label + (f", {times} times" if times > 1 else "")
            chair = event.duration > 0.0
            rows.append(
                (
                    str(visit.first + k),
                    words,
                    when_in_words(event.time),
                    f"{times * event.duration / MINUTE:.3g}" if chair else "–",
                    f"{times * event.cost:.2f}" if chair or event.cost else "–",
                    event.consent if chair else "–",
                )
            )
    return rows


def outcome_rows(trajectory: ToothTrajectory, *, defined: bool = False) -> list[tuple[str, ...]]:
    """Return label, value before, value after, interval when there are several members, unit, and with ``defined`` what it is."""
    before, several = trajectory.outcomes(0), trajectory.members > 1
    rows = []
    for name, outcome in trajectory.outcomes().items():
        value, spread = figures(outcome)
        more = (outcome.measure.definition,) if defined else ()
        rows.append(
            (outcome.measure.label, figures(before[name])[0], value, *((spread,) if several else ()), unit_of(outcome), *more)
        )
    return rows


def harm_rows(trajectory: ToothTrajectory, *, defined: bool = False) -> list[tuple[str, ...]]:
    """Return label, share of members, its interval when there are several, unit, and with ``defined`` what it is.

    A fracture is told when the years after were looked at, as the expected count in them.
    """
    several, rows = trajectory.members > 1, []
    for harm in trajectory.harms().values():
        value, spread = figures(harm)
        more = (harm.measure.definition,) if defined else ()
        rows.append((harm.measure.label, value, *((spread,) if several else ()), unit_of(harm), *more))
    for o in trajectory.ahead.outcomes if trajectory.ahead else ():
        if o.name == "fracture":
            label, what = f"fractures within {trajectory.ahead.years:g} years", f"{o.what}, by the projection over years"
            spread = (f"{o.low:.3f} to {o.high:.3f}",) if several else ()
            rows.append((label, f"{o.mean:.3f}", *spread, "1", *((what,) if defined else ())))
    return rows


def ahead_rows(trajectory: ToothTrajectory, *, defined: bool = False) -> list[tuple[str, ...]]:
    """Return name, mean, interval when there are several members, unit, and with ``defined`` meaning and sources of the years after."""
    several, rows = trajectory.members > 1, []
    for o in trajectory.ahead.outcomes if trajectory.ahead else ():
        if o.name in ALWAYS or o.mean >= FAR:
            more = (o.what, o.source) if defined else ()
            rows.append(
                (
                    o.name,
                    f"{o.mean:.3g}",
                    *((f"{o.low:.3g} to {o.high:.3g}",) if several else ()),
                    "1" if o.unit == "1" else o.unit,
                    *more,
                )
            )
    return rows


def assumption_lines(trajectory: ToothTrajectory) -> list[str]:
    """Return what was assumed, in sentences; effects that no equation here carries among it."""
    told = []
    for name in trajectory.sections[1].effects:
        where = "counts in the years after only" if trajectory.ahead else "is left out, because the years after were not looked at"
        told.append(f"what trials found of {name} ('amelo evidence {name}') {where}; no equation of the tooth carries it")
    return [*trajectory.provenance.assumptions, *told]


def mineral_gap(trajectory: ToothTrajectory) -> float:
    """Return the part of what moved in and out of minerals that no book accounts for, of the worst member; not-a-number where nothing is known."""
    import numpy as np

    books = trajectory.after.books if trajectory.after is not None else {}
    if not all(f"ledger_{name}" in books for name in ("outer", "inner", "released", "gained", "lost")):
        return float("nan")
    came = books["ledger_outer"] + books["ledger_inner"] + books["ledger_released"]
    moved = np.abs(books["ledger_gained"]) + np.abs(books["ledger_lost"]) + np.abs(books["ledger_outer"])
    gap = np.abs(came - books["ledger_gained"] + books["ledger_lost"])
    return float(np.max(gap / np.maximum(moved, 1e-30)))


def how_it_was_computed(trajectory: ToothTrajectory) -> str:
    """Return members, tier, seed, closure of the books of mineral and time of computing in one line."""
    origin, count = trajectory.provenance, trajectory.members
    parts = [
        f"{count} of {count} member{'s' * (count != 1)} followed to the end",
        f"tier {origin.options.get('tier', 'not known')}",
    ]
    parts.append("nothing drawn" if origin.seed is None else f"seed {origin.seed}")
    gap = mineral_gap(trajectory)
    parts += [f"books of mineral closed to {gap:.0e}"] if math.isfinite(gap) else []
    parts += [f"computed in {origin.wall_time:.2g} s"] if math.isfinite(origin.wall_time) else []
    return "; ".join(parts)
