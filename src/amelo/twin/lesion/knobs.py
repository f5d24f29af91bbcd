"""The knobs of a run by name: parameters of the column, and what a laboratory can set in each segment and bath of a schedule.

Names: a parameter as the column has it (``pk.enamel``); ``duration[2]`` [s], ``film[2]`` [m] and ``inhibitor[2]`` of the third segment as
the schedule is written, under a biofilm also ``sugar[2]`` [mol/m3] and ``activity[2]``; ``bath[0].Ca`` [mol/m3] and ``bath[0].pH`` of the first of the different fluids in it, wherever it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.records.fluid import Fluid
from amelo.twin.column import Column
from amelo.twin.schedule import Repeat, Schedule, Segment

__all__ = ["bath_entries", "different_fluids", "fluid_with", "knobs", "rebuilt", "turned", "written"]

SEGMENT = re.compile(r"(duration|film|inhibitor|sugar|activity)\[(\d+)\]")
BATH = re.compile(r"bath\[(\d+)\]\.(.+)")


def written(schedule: Schedule) -> Iterator[Segment]:
    """Yield every segment once, in the order in which the schedule is written."""
    for part in schedule:
        if isinstance(part, Segment):
            yield part
        else:
            yield from written(part.parts)


def rebuilt(schedule: Schedule, segments: Iterator[Segment]) -> Schedule:
    """Return the schedule with its written segments replaced in order."""
    return tuple(next(segments) if isinstance(p, Segment) else Repeat(p.count, rebuilt(p.parts, segments)) for p in schedule)


def different_fluids(segments: list[Segment]) -> list[list[int]]:
    """Return for each different fluid the numbers of the segments that it surrounds."""
    groups: dict[str, list[int]] = {}
    for i, segment in enumerate(segments):
        groups.setdefault(segment.exposure.fluid.model_dump_json(), []).append(i)
    return list(groups.values())


def bath_entries(fluid: Fluid) -> dict[str, float]:
    """Return what can be set in a fluid: each total that is there and not set by charge balance [mol/m3], and the pH unless it follows."""
    entries = {name: x for name, x in fluid.totals_mmol_per_kgw.items() if x > 0 and name != fluid.charge_balanced_by}
    return entries | ({} if fluid.pH is None else {"pH": fluid.pH})


def fluid_with(fluid: Fluid, entry: str, value: float) -> Fluid:
    """Return a fluid with one entry changed."""
    if entry == "pH":
        return fluid.model_copy(update={"pH": value})
    return fluid.model_copy(update={"totals_mmol_per_kgw": fluid.totals_mmol_per_kgw | {entry: value}})


def knobs(column: Column, schedule: Schedule) -> dict[str, np.ndarray]:
    """Return every knob of a run with its value (M,) in the units above."""
    found = dict(column.parameters)
    segments = list(written(schedule))
    for i, segment in enumerate(segments):
        found |= {f"duration[{i}]": segment.duration, f"film[{i}]": segment.exposure.film}
        found |= {f"inhibitor[{i}]": segment.exposure.inhibitor}
        if column.biofilm:
            found |= {f"sugar[{i}]": segment.exposure.sugar, f"activity[{i}]": segment.exposure.activity}
    for i, group in enumerate(different_fluids(segments)):
        for entry, value in bath_entries(segments[group[0]].exposure.fluid).items():
            found[f"bath[{i}].{entry}"] = value
    return {name: np.array(np.broadcast_to(value, (column.members,)), float) for name, value in found.items()}


def turned(
    column: Column, schedule: Schedule, values: Mapping[str, np.ndarray | float]
) -> tuple[Column, Schedule | list[Schedule]]:
    """Return column and schedule with knobs set; values of M members make one schedule for each.

    Raises: ParameterError for a name that is no knob of the run.
    """
    names = knobs(column, schedule)
    for name in values:
        if name not in names:
            raise ParameterError(f"'{name}' is not a knob of this run", fix=nearest(name, names))
    own = {name: value for name, value in values.items() if name in column.parameters}
    column = replace(
        column, parameters=column.parameters | {n: np.broadcast_to(np.asarray(v, float), (column.members,)) for n, v in own.items()}
    )
    rest = {name: value for name, value in values.items() if name not in own}
    if not rest:
        return column, schedule
    if all(np.ndim(v) == 0 for v in rest.values()):
        return column, _set(schedule, {n: float(v) for n, v in rest.items()})
    columns = {name: np.broadcast_to(v, (column.members,)) for name, v in rest.items()}
    return column, [_set(schedule, {n: float(v[m]) for n, v in columns.items()}) for m in range(column.members)]


def _set(schedule: Schedule, values: dict[str, float]) -> Schedule:
    segments = list(written(schedule))
    groups = different_fluids(segments)
    for name, value in values.items():
        if match := SEGMENT.fullmatch(name):
            i, segment = int(match[2]), segments[int(match[2])]
            if match[1] == "duration":
                segments[i] = replace(segment, duration=value)
            else:
                segments[i] = replace(segment, exposure=replace(segment.exposure, **{match[1]: value}))
        else:
            match = BATH.fullmatch(name)
            for i in groups[int(match[1])]:
                exposure = segments[i].exposure
                segments[i] = replace(segments[i], exposure=replace(exposure, fluid=fluid_with(exposure.fluid, match[2], value)))
    return rebuilt(schedule, iter(segments))
