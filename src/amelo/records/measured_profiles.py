"""Measured profiles to calibrate with: one CSV file of mineral against depth at one or several times, of one or several specimens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from amelo.errors import FormatError, RecordError, nearest
from amelo.records.measured_profile import DEPTHS, MINERALS, check_units, column_at, numbered_rows, value_in

__all__ = ["MeasuredPoint", "MeasuredProfiles", "read_profiles"]

TIMES = {"s": 1.0, "min": 60.0, "h": 3_600.0, "hours": 3_600.0, "d": 86_400.0, "days": 86_400.0, "weeks": 604_800.0}  # in s
SCATTER = 10.0  # vol%; what noise may put below nothing and above solid mineral
NAMES = ("specimen", "replicate")
KNOWN = ("depth", "mineral", "time", "sd", *NAMES)
FORM = "write a header such as: time [h],depth [µm],mineral [vol%],sd [vol%]"


class MeasuredPoint(NamedTuple):
    """One point: depth [µm], mineral [vol%], time [s] (None for the end of the protocol), sd [vol%] (None when not given), the names
    of its specimen and replicate, and the row of the file.
    """

    depth: float
    mineral: float
    time: float | None
    sd: float | None
    label: str
    row: int


@dataclass(frozen=True)
class MeasuredProfiles:
    """The points of a file in its order, the file's name, and what reading it brought up, in sentences."""

    points: tuple[MeasuredPoint, ...]
    source: str
    notes: tuple[str, ...] = ()

    @property
    def profiles(self) -> dict[tuple[str, float | None], tuple[MeasuredPoint, ...]]:
        """Points by label and time, in the order in which they first appear."""
        found: dict[tuple[str, float | None], list[MeasuredPoint]] = {}
        for point in self.points:
            found.setdefault((point.label, point.time), []).append(point)
        return {key: tuple(points) for key, points in found.items()}


def read_profiles(path: str | Path) -> MeasuredProfiles:
    """Return the profiles of a CSV file.

    Arguments: path of a file with the columns depth and mineral and, where there are such, time, sd, specimen and replicate; units
    stand in the header.
    Raises: FileError, FormatError or RecordError naming the row, as a spreadsheet or an editor numbers the lines of the file.
    """
    name = str(path)
    (top, header), rows = numbered_rows(path)
    place = f"{name}: row {top}"
    depth_at, depth_unit = column_at(header, "depth", DEPTHS, place, form=FORM)
    mineral_at, mineral_unit = column_at(header, "mineral", MINERALS, place, form=FORM)
    time_at, time_unit = column_at(header, "time", TIMES, place, form=FORM) if _has(header, "time") else (None, "")
    sd_at, sd_unit = column_at(header, "sd", MINERALS, place, form=FORM) if _has(header, "sd") else (None, "")
    labels = [i for i, cell in enumerate(header) if cell.strip().casefold() in NAMES]
    points = []
    for number, row in rows:
        where = f"{name}: row {number}"
        if len(row) <= max(i for i in (depth_at, mineral_at, time_at, sd_at, *labels) if i is not None):
            raise FormatError(
                f"row {number} has {len(row)} column{'s' * (len(row) != 1)}", where=name, why=f"the header has {len(header)}"
            )
        points.append(
            MeasuredPoint(
                depth=value_in(row[depth_at], "depth", where) * DEPTHS[depth_unit],
                mineral=value_in(row[mineral_at], "mineral", where) * MINERALS[mineral_unit],
                time=None if time_at is None else value_in(row[time_at], "time", where) * TIMES[time_unit],
                sd=None if sd_at is None else value_in(row[sd_at], "sd", where) * MINERALS[sd_unit],
                label=" ".join(row[i].strip() for i in labels),
                row=number,
            )
        )
    if not points:
        raise FormatError("there is a header but no row below it", where=name)
    check_units([(p.depth, p.mineral) for p in points], depth_unit, mineral_unit, name)
    read = MeasuredProfiles(tuple(points), name, _notes(header))
    _check(read)
    return read


def _has(header: list[str], what: str) -> bool:
    return any(cell.strip().casefold().split("[")[0].split("(")[0].split("_")[0].split(" ")[0] == what for cell in header)


def _notes(header: list[str]) -> tuple[str, ...]:
    """Say which columns are left alone, with the nearest one that would be used."""
    words = [cell.strip() for cell in header]
    unused = [word for word in words if not any(_has([word], known) for known in KNOWN)]
    notes = []
    for word in unused:
        hint = nearest(word.split("[")[0].strip(), KNOWN, limit=0)
        notes.append(f"the column '{word}' is not used" + (f"; {hint}" if hint else ""))
    return tuple(notes)


def _check(read: MeasuredProfiles) -> None:
    """Refuse points that cannot be, and profiles out of order."""
    for point in read.points:
        where = f"{read.source}: row {point.row}"
        if point.depth < 0:
            what = f"depth is {point.depth:g} µm, outside the tissue"
            raise RecordError(what, where=where, fix="count from the surface of the tissue")
        if not -SCATTER <= point.mineral <= 100 + SCATTER:
            why = f"allowed 0 to 100 vol%, and {SCATTER:g} vol% of scatter"
            raise RecordError(f"mineral is {point.mineral:g} vol%", where=where, why=why)
        if point.time is not None and point.time < 0:
            raise RecordError("time is negative", where=where, fix="count from the start of the protocol")
        if point.sd is not None and not 0 < point.sd <= 50:
            raise RecordError(f"sd is {point.sd:g} vol%", where=where, why="allowed above 0 to 50 vol%")
    for points in read.profiles.values():
        for before, point in pairwise(points):
            if point.depth <= before.depth:
                what = f"depth {point.depth:g} µm follows {before.depth:g} µm in one profile"
                fix = "depths must grow within a profile; tell profiles apart by time, specimen or replicate"
                raise RecordError(what, where=f"{read.source}: row {point.row}", fix=fix)
