"""What came of the treatment of a tooth as plain data, for ``--json`` and for the data inside a report."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from amelo.twin.tooth.look import HARMS, MEASURES

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import ToothOutcome, ToothTrajectory

__all__ = ["treatment_summary"]

DAY, MINUTE = 86400.0, 60.0
POINTS = 200  # of a course over time that are told at most
COURSES = ("pulp_inflammation", "pulp_damage", "residual_dentine")


def treatment_summary(trajectory: ToothTrajectory) -> dict[str, object]:
    """Return outcomes at the end by the names of ``look.MEASURES``, before, harms, events, course, years after, and units of everything."""
    origin, several = trajectory.provenance, trajectory.members > 1
    found = trajectory.outcomes()
    data: dict[str, object] = {
        "tooth": origin.specimen_name,
        "surface": trajectory.sections[0].surface,
        "protocol": origin.protocol,
        "time": float(trajectory.time[-1] - trajectory.time[0]) / DAY,
        "members": trajectory.members,
        "warnings": list(trajectory.warnings),
        **{name: outcome.value for name, outcome in found.items()},
        "before": {name: outcome.value for name, outcome in trajectory.outcomes(0).items()},
        "harms": {name: _with_interval(outcome, several) for name, outcome in trajectory.harms().items()},
        "events": [
            {
                "time": event.time / DAY,
                "step": event.label,
                "kind": event.kind,
                "chair_time": event.duration / MINUTE,
                "cost": event.cost,
                "consent": event.consent,
            }
            for event in trajectory.events
        ],
        "chair_time": trajectory.chair_time / MINUTE,
        "cost": trajectory.cost,
        "consent": trajectory.consent,
        "course": _course(trajectory),
        "years": _years(trajectory),
        "assumptions": list(origin.assumptions),
        "tier": origin.options.get("tier"),
        "seed": origin.seed,
        "citations": list(trajectory.citations),
        "units": _units(trajectory),
    }
    if several:
        data["intervals"] = {name: [outcome.low, outcome.high] for name, outcome in found.items()}
    return data


def _units(trajectory: ToothTrajectory) -> dict[str, str]:
    ahead = trajectory.ahead
    return (
        {m.name: m.unit for m in MEASURES}
        | {f"harms.{h.name}": h.unit for h in HARMS}
        | {"time": "d", "chair_time": "min", "cost": "composite of two surfaces", "course.time": "d"}
        | ({"years.time": "year"} | {f"years.outcomes.{o.name}": o.unit for o in ahead.outcomes} if ahead else {})
    )


def _course(trajectory: ToothTrajectory) -> dict[str, list[float]]:
    """Return medians over time where a measure was looked at, thinned to a few hundred."""
    import numpy as np

    course: dict[str, object] = {}
    for name in COURSES:
        known = np.flatnonzero(np.isfinite(trajectory.seen[name]).all(axis=1))
        known = known[np.unique(np.linspace(0, len(known) - 1, min(POINTS, len(known))).astype(int))]
        middle = np.median(trajectory.seen[name][known], axis=1)
        course[name] = {"time": [float(t) / DAY for t in trajectory.time[known]], "median": [float(v) for v in middle]}
    return course


def _years(trajectory: ToothTrajectory) -> dict[str, object] | None:
    """Return the years after, None where they were not looked at."""
    ahead = trajectory.ahead
    if ahead is None:
        return None
    outcomes = {o.name: {k: v for k, v in asdict(o).items() if k != "name"} for o in ahead.outcomes}
    return {
        "years": ahead.years,
        "outcomes": outcomes,
        "time": list(ahead.times),
        "states": {k: list(v) for k, v in ahead.states.items()},
    }


def _with_interval(outcome: ToothOutcome, several: bool) -> dict[str, float]:
    return {"value": outcome.value} | ({"low": outcome.low, "high": outcome.high} if several else {})
