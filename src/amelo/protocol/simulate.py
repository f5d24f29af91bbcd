"""The verb ``simulate``: a twin, a protocol, and what becomes of the tooth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from amelo.errors import CommandError, nearest, shorten
from amelo.protocol.record import Protocol
from amelo.records.specimen import Specimen
from amelo.twin.provenance import Provenance
from amelo.twin.schedule import Repeat, Schedule, Segment, duration, schedule_text, unrolled
from amelo.twin.trajectory import Trajectory
from amelo.twin.twin import Twin

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import ToothTrajectory
    from amelo.twin.tooth.twin import ToothTwin

__all__ = ["simulate"]

ACCURACY = 0.01
YEARS, MOST_YEARS = 10.0, 60.0  # looked ahead after the treatment of a whole tooth


def simulate(
    twin: Twin | ToothTwin | Specimen,
    protocol: Protocol | Schedule | str,
    *,
    members: int = 1,
    tier: Literal["auto", "reduced", "full"] = "auto",
    seed: int = 0,
    accuracy: float | None = None,
    jump: bool = False,
    draws: Mapping[str, np.ndarray] | None = None,
    years: float | None = None,
    out: str | Path | None = None,
    force: bool = False,
    on_progress: Callable[[float, str], None] | None = None,
) -> Trajectory | ToothTrajectory:
    """Simulate what a protocol does to a twin.

    A specimen or a surface of a tooth is a column in which every ion is followed; the twin of a whole tooth, ``Twin.of(case, tooth=36)``, has
    a cavity, restorations and a pulp as well, and looks years ahead.  Of the options only members, seed, out, force and on_progress are for both.

    Arguments: twin (or a specimen); protocol (or its text, or a schedule made in Python: a tuple of segments and repeats); members
    (size of the ensemble of plausible teeth); tier ("full": every ion diffuses on its own, "reduced": one unknown per cell on
    tabulated paths of compositions, "auto": the full equations with the diffusion that the specimen says; of a whole tooth "full" or
    "reduced": fine or coarse cells and steps of the same equations, "auto" for the latter); seed of the ensemble; accuracy (relative error in
    time of the integrated mineral loss at which steps are small enough, 0.01 if not given; of other outcomes it says nothing);
    jump (leap over cycles of long repeats and carry the minerals over them, with a checked error: for months and years; full tier only);
    draws (of parameters that belong together, (S,) each by name, as a calibration leaves them: members are taken from them and everything
    else is central); years (that are looked ahead after the protocol, of a whole tooth only: 10 if not given, 0 for none); out (write the
    trajectory to this .zarr folder or .nc file; the folder of a column grows while the run goes on, so that what is complete can be loaded
    when it is killed); force (replace what is there, once the run is done); on_progress (fraction, message).
    Returns: the trajectory, with a status per member, balances and an estimate of the error in time; of a whole tooth a ToothTrajectory.
    Raises: CommandError for ``jump`` with tier "reduced", and for options that the twin has no use for; SolveError for tier "reduced" and a
    twin with a biofilm, collagen, a fluid inside or solids other than apatite; FileError when ``out`` is taken, or cannot be written, saying what is complete.
    """
    from amelo.twin.tooth.twin import ToothTwin

    if isinstance(twin, ToothTwin):
        useless = {"accuracy": accuracy, "jump": jump or None, "draws": draws}
        _without(useless, "a whole tooth", 'name a surface, such as amelo.Twin.of(case, tooth=36, surface="O")')
        rest = {"members": members, "tier": tier, "seed": seed, "years": YEARS if years is None else years}
        return _whole_tooth(twin, protocol, out, force, rest | {"on_progress": on_progress})
    from amelo.therapy.nano.treat import treated
    from amelo.therapy.on_column import readied
    from amelo.twin.diffusivity import diffusivities
    from amelo.twin.draws import members_of
    from amelo.twin.lesion.checked import solve_checked
    from amelo.twin.lesion.solve import settings_for, solve
    from amelo.twin.reduced.solve import solve_reduced
    from amelo.twin.stream import RunStream

    twin = Twin.of(twin) if isinstance(twin, Specimen) else twin
    if not isinstance(twin, Twin):
        fix = "use amelo.load_specimen(file), or amelo.Twin.of(case, tooth=36, surface='O')"
        raise CommandError(f"{shorten(twin)} is neither a twin nor a specimen", fix=fix)
    _without({"years": years}, "a column", "leave out the surface, so that the whole tooth is simulated")
    accuracy = ACCURACY if accuracy is None else accuracy
    if not 0.0 < accuracy < 1.0:
        raise CommandError(
            f"accuracy {accuracy!r} is out of range", why="it is relative, above 0 and below 1", fix="use 0.01 for 1 %"
        )
    if jump and tier == "reduced":
        raise CommandError(
            'jump cannot be used with tier="reduced"', why="the fast tier runs every cycle", fix="leave one of them out"
        )
    protocol = Protocol.parse(protocol) if isinstance(protocol, str) else protocol
    started = time.perf_counter()
    if on_progress:
        on_progress(0.0, "laying out the run")
    values = members_of(draws, members, twin.specimen) if draws else None
    column = twin.column(members=members, seed=seed, values=values)
    if tier == "full" and column.diffusion == "single":
        specimen = twin.specimen.model_copy(update={"diffusion": "species"})
        column = replace(twin, specimen=specimen).column(members=members, seed=seed, values=values)
    solver = solve_reduced if tier == "reduced" else solve
    schedule = protocol.schedule(twin.case) if isinstance(protocol, Protocol) else _checked(protocol)
    ground = _ground(twin)
    column, schedule = treated(column, schedule, **ground, seed=seed)
    column, schedule = readied(column, schedule, dentine=ground["tubules"], dry=twin.case is None, seed=seed)
    origin = Provenance.of(
        twin.name,
        specimen=twin.specimen.model_dump_json(indent=1, exclude_none=True),
        protocol=str(protocol) if isinstance(protocol, Protocol) else schedule_text(schedule),
        seed=seed if members > 1 and not draws else None,
        parameters=(*twin.parameters, *column.added),
        citations=column.sources,
        assumptions=(*twin.assumed, *column.changes),
        options=({"draws": sorted(draws)} if draws else {})
        | {"tier": tier, "diffusion": column.diffusion, "accuracy": accuracy}
        | ({"jump": True} if jump else {}),
    )
    stream = RunStream(out, origin, column.members, force=force) if out is not None else None
    if on_progress:
        on_progress(0.0, "loading the equations")
    try:
        run = solve_checked(
            column,
            schedule,
            diffusivities(column.temperature),
            settings_for(accuracy, jump=jump),
            accuracy=accuracy,
            on_progress=on_progress,
            solver=solver,
            on_states=stream.states if stream else None,
            on_run=stream.whole if stream else None,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*([stream.kept] if stream and stream.kept else [])) from None
    trajectory = Trajectory(run, replace(origin, wall_time=time.perf_counter() - started))
    if stream:
        stream.finish(trajectory)
    return trajectory


def _without(options: Mapping[str, object], what: str, fix: str) -> None:
    """Refuse options that were given and that something has no use for.

    Raises: CommandError.
    """
    if given := [name for name, value in options.items() if value is not None]:
        raise CommandError(f"{' and '.join(given)} cannot be used with {what}", fix=f"leave it out, or {fix}")


def _whole_tooth(
    twin: ToothTwin, protocol: object, out: str | Path | None, force: bool, rest: Mapping[str, Any]
) -> ToothTrajectory:
    """Return what a protocol does to a whole tooth, and write it where that was asked for.

    Raises: CommandError for a schedule made in Python, and for numbers out of range.
    """
    from amelo.protocol.simulate_tooth import simulate_tooth
    from amelo.twin.files import check_result_path

    protocol = Protocol.parse(protocol) if isinstance(protocol, str) else protocol
    if not isinstance(protocol, Protocol):
        what = f"{shorten(protocol)} is not a protocol"
        raise CommandError(what, why="a whole tooth takes steps, not a schedule of fluids", fix="write the steps as text")
    members, years = rest["members"], rest["years"]
    if isinstance(members, bool) or not isinstance(members, int) or members < 1:
        raise CommandError(f"members = {members!r} is out of range", why="a whole number from 1 on")
    if rest["tier"] not in ("auto", "reduced", "full"):
        raise CommandError(f"'{rest['tier']}' is not a tier", fix=nearest(rest["tier"], ("auto", "reduced", "full")))
    if not 0.0 <= years <= MOST_YEARS or (4.0 * years) % 1.0:
        raise CommandError(f"years = {years:g} is out of range", why=f"0 to {MOST_YEARS:g}, in quarters of a year")
    tier = "reduced" if rest["tier"] == "auto" else rest["tier"]
    if out is not None:
        check_result_path(Path(out), force=force)
    trajectory = simulate_tooth(twin, protocol, **(rest | {"tier": tier}))
    if out is not None:
        trajectory.save(out, force=force)
    return trajectory


def _ground(twin: Twin) -> dict[str, bool]:
    """Return whether tubules of dentine lie bare in a twin, and whether a vital pulp is behind them."""
    tubules = twin.specimen.tissue in ("dentine", "root")
    vital = twin.case is not None and "root-treated" not in " ".join(twin.assumed)
    return {"tubules": tubules, "vital": tubules and vital}


def _checked(schedule: Schedule) -> Schedule:
    """Return a schedule made in Python, after looking whether it is one."""
    if (
        not isinstance(schedule, tuple)
        or not schedule
        or not all(isinstance(part, Segment | Repeat) or hasattr(part, "apply") for part in schedule)
    ):
        what = f"{shorten(schedule)} is neither a protocol nor a schedule"
        raise CommandError(
            what, why="a schedule is a tuple of Segment and Repeat", fix="write the protocol as text, or make a tuple"
        )
    if bad := next((s for s in unrolled(schedule) if not 0.0 < s.duration < float("inf")), None):
        raise CommandError(f"a segment lasts {bad.duration:g} s", where=bad.label, why="it must be above 0")
    if not duration(schedule) > 0.0:
        raise CommandError("the schedule has no segments", fix="repeat at least once")
    return schedule
