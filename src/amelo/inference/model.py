"""What a twin with given parameters would have been measured as: profiles at the measured depths and times, many members at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from amelo.errors import RecordError
from amelo.inference.times import cut_at
from amelo.protocol.values import time_text
from amelo.records.measured_profiles import MeasuredProfiles
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import catalogue
from amelo.twin.build import column_of
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.measures import tissue_of
from amelo.twin.outcomes import value_at
from amelo.twin.run import Run, RunStatus
from amelo.twin.schedule import Schedule, duration, refuse_changes

__all__ = ["ProfileModel", "model_of", "solve_members"]

MICROMETRE = 1e-6
LANES = Settings().lanes


@dataclass(frozen=True, eq=False)
class ProfileModel:
    """Predicts D measured points from p parameters.

    Fields: specimen; schedule (cut at the measured times); names (p) of the parameters; depth (D,) [m]; time (D,) [s]; width [m] over
    which a measurement averages, 0 for the value at its depth; settings of the solver; offset (D,) [vol%] that is added, what vanishing
    steps in time would change.
    """

    specimen: Specimen
    schedule: Schedule
    names: tuple[str, ...]
    depth: np.ndarray
    time: np.ndarray
    width: float = 0.0
    settings: Settings = field(default_factory=lambda: Settings(saves=0))
    offset: np.ndarray | None = None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return mineral (M, D) [vol%] for parameters (M, p) in their own units, nan for a member without an answer."""
        values = np.atleast_2d(values)
        run = solve_members(self.specimen, self.schedule, dict(zip(self.names, values.T, strict=True)), self.settings)
        found = self.read(run)[: len(values)]
        return found if self.offset is None else found + self.offset

    def read(self, run: Run) -> np.ndarray:
        """Return mineral (M, D) [vol%] of a run at the measured points, nan for a member without an answer.

        Assumptions: between cell centres the profile is straight; means over cells are values at their centres to second order.
        """
        part = tissue_of(run)
        edges = run.edges[part.start :]
        mineral = 100.0 * run.mineral[..., part].sum(axis=2)  # (M, T, N)
        found = np.empty((len(mineral), len(self.depth)))
        for time in np.unique(self.time):
            here = self.time == time
            at = int(np.argmin(np.abs(run.time - time)))
            if abs(run.time[at] - time) > 1e-6 * max(run.time[-1], 1.0):
                raise AssertionError(f"the state at {time} s was not saved")
            found[:, here] = mineral[:, at] @ _readings(tuple(edges), tuple(self.depth[here]), self.width)
        return np.where((run.status == RunStatus.OK)[:, None], found, np.nan)

    def finer(self) -> ProfileModel:
        """Return the same with every step in time halved."""
        grid = self.settings.grid
        return replace(self, settings=replace(self.settings, grid=replace(grid, parts=2 * grid.parts)), offset=None)


def model_of(
    specimen: Specimen, schedule: Schedule, names: Sequence[str], data: MeasuredProfiles, *, width: float = 0.0
) -> ProfileModel:
    """Return the model of a table of profiles.

    Arguments: specimen; schedule; names of the parameters; data; width [µm] of the slit.
    Raises: RecordError for a time after the end of the schedule, or a depth beyond the specimen.
    """
    refuse_changes([schedule], "calibration")
    end = duration(schedule)
    for point in data.points:
        where = f"{data.source}: row {point.row}"
        if point.time is not None and point.time > end * (1 + 1e-9):
            what = f"the time {time_text(round(point.time, 3))} is after the end of the protocol, {time_text(round(end, 3))}"
            hours = point.time / 86_400 * 3_600 <= end * (1 + 1e-9) and point.time % 86_400 == 0
            fix = "were hours meant? write time [h]" if hours else "check its unit, or lengthen the protocol"
            raise RecordError(what, where=where, fix=fix)
        if point.depth * MICROMETRE > specimen.thickness.value * (1 + 1e-9):
            what = f"the depth {point.depth:g} µm is beyond the specimen of {specimen.thickness.text}"
            raise RecordError(what, where=where, fix="check the thickness, and the unit of depth")
    time = np.array([end if p.time is None else min(p.time, end) for p in data.points])
    return ProfileModel(
        specimen,
        cut_at(schedule, sorted({t for t in time if t > 0})),
        tuple(names),
        np.array([p.depth for p in data.points]) * MICROMETRE,
        time,
        width * MICROMETRE,
    )


def solve_members(
    specimen: Specimen, schedule: Schedule | list[Schedule], values: Mapping[str, np.ndarray], settings: Settings
) -> Run:
    """Solve a specimen for given parameters, everything else at its central value.

    Arguments: specimen; schedule (one, or one per member, of equal structure); values (M,) by name; settings.
    Returns: the run of at least two members; a single one is doubled, so that one compiled program serves every size.
    """
    from amelo.twin.diffusivity import diffusivities

    members = max((len(v) for v in values.values()), default=len(schedule) if isinstance(schedule, list) else 1)
    count = max(members, 2)
    at = np.minimum(np.arange(count), members - 1)
    full = {name: np.full(count, p.value) for name, p in catalogue(specimen).items()} | {
        n: np.asarray(v)[at] for n, v in values.items()
    }
    schedules = [schedule[i] for i in at] if isinstance(schedule, list) else schedule
    return solve(column_of(specimen, members=count, values=full), schedules, diffusivities(specimen.celsius), settings)


@lru_cache(maxsize=256)
def _readings(faces: tuple[float, ...], depths: tuple[float, ...], width: float) -> np.ndarray:
    """Return what each cell adds (N, D) to the value at each depth [m], or to the mean over ``width`` around it within the tissue."""
    edges, depth = np.array(faces), np.array(depths)
    cells = np.eye(len(edges) - 1)
    if width <= 0.0:
        return np.stack([value_at(cells, edges, float(d)) for d in depth], axis=1)
    area = np.concatenate([np.zeros((len(cells), 1)), np.cumsum(cells * np.diff(edges), axis=1)], axis=1)
    low, high = np.maximum(depth - 0.5 * width, edges[0]), np.minimum(depth + 0.5 * width, edges[-1])
    return np.stack([(np.interp(high, edges, a) - np.interp(low, edges, a)) / (high - low) for a in area])
