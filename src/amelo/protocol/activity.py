"""How fast a surface loses mineral in a patient's mouth, by running the ion-resolved twin through that patient's days: exact, and slow."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from amelo.errors import CommandError, nearest, shorten
from amelo.params import load_set
from amelo.protocol.day import day_of
from amelo.protocol.mouthfuls import mouthfuls
from amelo.records.case import Case
from amelo.records.specimen import parse_specimen
from amelo.twin.activity import thickness_of, with_habits
from amelo.twin.schedule import Repeat, Schedule
from amelo.twin.twin import Twin

__all__ = ["BEFORE", "DAYS", "LAST", "daily_schedule", "exact_activity", "rate_of", "surface_twin"]

DAYS = 6  # a fresh surface fills its outermost pores in the first days
BEFORE = 3
LAST = 2  # days at the end whose mean is the rate
DAY = 86_400.0
HOURS = 24
TISSUES = {"enamel": ("human enamel", "enamel_permanent"), "dentine": ("dentine", "dentine")}  # tissue and thickness by their names


def exact_activity(
    case: Case,
    tooth: int | str | None = None,
    surface: str | None = None,
    *,
    tissue: Literal["enamel", "dentine"] = "enamel",
    plaque: bool | float = True,
    brushing_per_day: float | None = None,
    toothpaste_fluoride: float | None = None,
    snacks: int | None = None,
    rinse_fluoride: float | None = None,
    members: int = 1,
    seed: int = 0,
    accuracy: float = 0.05,
) -> np.ndarray:
    """Return how fast a surface loses mineral in a patient's mouth, by running the twin: seconds, where ``activity_of`` takes milliseconds.

    Arguments: case; tooth and surface (that surface as it is recorded, with its lesion and its own plaque; without them a sound surface of
    ``tissue`` under ``plaque``); habits as of :func:`amelo.twin.activity.activity_of`; members, plausible teeth of the ensemble, the
    first with central values; seed; accuracy (relative, of the integrated mineral loss).
    Returns: rates (members,) [m of mineral per s], the mean of the last days; not a number where a member has no answer.
    Assumptions: as of ``activity_of``; habits that nobody knows are the usual ones.
    """
    case, _ = with_habits(case, brushing_per_day, toothpaste_fluoride, snacks, rinse_fluoride)
    if tooth is None and surface is None:
        twin = surface_twin(case, tissue, thickness_of(plaque))
    else:
        if tooth is None or surface is None:
            raise CommandError("tooth and surface are missing", why="a case has many", fix='for example tooth=36, surface="O"')
        twin = Twin.of(case, tooth=tooth, surface=surface)
    found = rate_of(twin, daily_schedule(case, DAYS), accuracy=accuracy, checked=True, members=members, seed=seed)
    return np.array(found["rate"])


def daily_schedule(case: Case, days: int, *, before: int = BEFORE) -> Schedule:
    """Return a patient's day, repeated, once the mouth begins it as it ends it.

    Arguments: case; days; before (how many days the mouth lives before: plaque that is brushed away needs a day to grow back, so that with three
    no dose of a day is a hundredth from what it comes to; fluoride is steady within a night).
    """
    from amelo.twin.mouth import mouth_course, saliva_profile, segments_of

    taken, saliva, state = mouthfuls(day_of(case).steps), saliva_profile(case), None
    for _ in range(before):
        state = mouth_course(taken, saliva, start=state).end
    return (Repeat(days, tuple(segments_of(mouth_course(taken, saliva, start=state), taken))),)


def surface_twin(case: Case, tissue: Literal["enamel", "dentine"], plaque: float) -> Twin:
    """Return a sound surface in a patient's mouth.

    Arguments: case; tissue; plaque (its thickness [m], 0 for a clean surface).
    Raises: CommandError for another tissue.
    """
    if tissue not in TISSUES:
        raise CommandError(f"'{shorten(tissue)}' is not a tissue whose activity is known", fix=nearest(str(tissue), TISSUES))
    name, key = TISSUES[tissue]
    data = {"name": f"sound {tissue}", "tissue": name, "thickness": f"{load_set('tissues').value(f'thickness.{key}'):g} um"}
    if plaque > 0.0:
        data["biofilm"] = {"thickness": f"{1e6 * plaque:.6g} um"}
    return Twin(parse_specimen(data, where=data["name"]), case)


def rate_of(
    twin: Twin,
    schedule: Schedule,
    *,
    accuracy: float = 0.05,
    checked: bool = False,
    parts: int = 1,
    members: int = 1,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Return the daily change of a surface over the last days of a schedule of whole days.

    Arguments: twin; schedule; accuracy; checked (halve steps until the loss is known to it; otherwise the first grid stands); parts (that each
    step of that grid is cut into); members; seed.
    Returns: rate, loss and gain [m/s] (members,): mean change of the integrated mineral loss over the last ``LAST`` days, and hour by hour what was
    lost and gained; days, the change of each day of member 0 [m]; not a number where a member has no answer.
    """
    from amelo.twin.diffusivity import diffusivities
    from amelo.twin.lesion.checked import solve_checked
    from amelo.twin.lesion.solve import settings_for, solve
    from amelo.twin.run import RunStatus
    from amelo.twin.schedule import duration

    column = twin.column(members=members, seed=seed)
    days = round(duration(schedule) / DAY)
    settings = settings_for(accuracy)
    settings = replace(settings, saves=days * HOURS, grid=replace(settings.grid, parts=parts))
    free = diffusivities(column.temperature)
    run = solve_checked(column, schedule, free, settings, accuracy=accuracy) if checked else solve(column, schedule, free, settings)
    tissue = run.edges[:-1] >= 0.0
    lost = np.einsum("mtn,n->mt", (run.sound[:, None] - run.mineral).sum(axis=2)[..., tissue], np.diff(run.edges)[tissue])
    grid = np.arange(0, days * HOURS + 1) * (DAY / HOURS)
    hourly = np.array([np.interp(grid, run.time, row) for row in lost])
    finite = np.isfinite(lost).all(axis=1) & (run.time[-1] > grid[-1] - 1.0)
    hourly[(np.asarray(run.status) != RunStatus.OK) | ~finite] = np.nan  # of a run that failed nothing is filled in
    steps = np.diff(hourly[:, -LAST * HOURS - 1 :], axis=1)
    span = LAST * DAY
    return {
        "rate": (steps.sum(axis=1) / span).tolist(),
        "loss": (np.maximum(steps, 0.0).sum(axis=1) / span).tolist(),
        "gain": (np.maximum(-steps, 0.0).sum(axis=1) / span).tolist(),
        "days": np.diff(hourly[0, ::HOURS]).tolist(),
    }
