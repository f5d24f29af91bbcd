"""A measured profile: a CSV file of mineral against depth, as microradiography programs write it, with its units in the header."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from amelo.errors import FormatError, RecordError, nearest, shorten
from amelo.records.read import read_text

__all__ = ["DEPTHS", "FORM", "MINERALS", "check_units", "column_at", "numbered_rows", "read_profile", "value_in"]

DEPTHS = {"nm": 1e-3, "µm": 1.0, "um": 1.0, "micrometre": 1.0, "micrometer": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}  # in µm
MINERALS = {"vol%": 1.0, "%": 1.0, "volpct": 1.0, "fraction": 100.0, "1": 100.0}  # in vol%
HEADER = re.compile(r"^\s*([a-z]+)\s*[\[(_ ]\s*([^\])]+?)\s*[\])]?\s*$", re.IGNORECASE)
FORM = "write a header such as: depth [µm],mineral [vol%]"
DEEPEST = 20_000.0  # µm; no tooth is thicker
SHALLOWEST = 3.0  # µm; a whole profile below it is one in millimetres
FEWEST = 3


def read_profile(path: str | Path) -> tuple[tuple[float, float], ...]:
    """Return depth [µm] and mineral [vol%] of a profile, from the surface inwards.

    Arguments: path of a CSV file with the columns depth and mineral, units in the header; other columns are left alone.
    Raises: FileError, FormatError or RecordError naming the row, as a spreadsheet or an editor numbers the lines of the file.
    """
    name = str(path)
    header, rows = numbered_rows(path)
    numbers = [number for number, _ in (header, *rows)]
    depth_at, depth_unit = column_at(header[1], "depth", DEPTHS, f"{name}: row {header[0]}")
    mineral_at, mineral_unit = column_at(header[1], "mineral", MINERALS, f"{name}: row {header[0]}")
    points = []
    for number, row in rows:
        if len(row) <= max(depth_at, mineral_at):
            raise FormatError(f"row {number} has {len(row)} columns", where=name, why=f"the header has {len(header[1])}")
        depth = value_in(row[depth_at], "depth", f"{name}: row {number}")
        mineral = value_in(row[mineral_at], "mineral", f"{name}: row {number}")
        points.append((depth * DEPTHS[depth_unit], mineral * MINERALS[mineral_unit]))
    if len(points) < FEWEST:
        raise FormatError(f"{len(points)} rows are no profile", where=name, why=f"allowed at least {FEWEST}")
    check_units(points, depth_unit, mineral_unit, name)
    _check_order(points, numbers[1:], name)
    for number, (_, mineral) in zip(numbers[1:], points, strict=True):
        if not 0 <= mineral <= 100:
            raise RecordError(f"mineral is {mineral:g} vol%", where=f"{name}: row {number}", why="allowed 0 to 100 vol%")
    return tuple(points)


def numbered_rows(path: str | Path) -> tuple[tuple[int, list[str]], list[tuple[int, list[str]]]]:
    """Return the header and the rows of a CSV file, each with the number of its line; empty lines and those after # are left out.

    Raises: FileError, or FormatError when nothing is there.
    """
    kept = [
        (i, text) for i, text in enumerate(read_text(path).splitlines(), 1) if text.strip() and not text.lstrip().startswith("#")
    ]
    if not kept:
        raise FormatError("the file holds no row", where=str(path), fix=FORM)
    numbers, lines = zip(*kept, strict=True)
    separator = ";" if lines[0].count(";") > lines[0].count(",") else "\t" if "\t" in lines[0] else ","
    header, *rows = zip(numbers, csv.reader(lines, delimiter=separator), strict=True)
    return header, rows


def column_at(header: list[str], what: str, units: dict[str, float], where: str, *, form: str = FORM) -> tuple[int, str]:
    """Return the place of the column ``what`` and its unit.

    Raises: FormatError when there is none, or when its unit is missing or unknown; form says how a header is written.
    """
    for place, cell in enumerate(header):
        match = HEADER.match(cell.replace("μ", "µ"))
        if match and match[1].casefold() == what:
            unit = match[2].casefold() if match[2].casefold() in units else match[2]
            if unit not in units:
                raise FormatError(f"'{match[2]}' is not a unit of {what}", where=where, fix=nearest(unit, units))
            return place, unit
        if cell.strip().casefold() == what:
            raise FormatError(f"the column {what} has no unit", where=where, fix=form)
    raise FormatError(f"there is no column {what}", where=where, fix=form)


def value_in(cell: str, what: str, where: str) -> float:
    """Return the number in a cell.

    Raises: RecordError or FormatError for what is empty, not a number, or no number that can be used.
    """
    text = cell.strip()
    if not text or text.casefold() in ("nan", "na", "n/a", "null", "-", "inf", "-inf"):
        raise RecordError(f"{what} is {text or 'empty'}", where=where, fix="remove the row, or measure it again")
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        raise FormatError(f"{what} {shorten(text)} has a decimal comma", where=where, fix=f"write {text.replace(',', '.')}")
    try:
        value = float(text)
    except ValueError:
        raise FormatError(f"{what} {shorten(text)} is not a number", where=where) from None
    if not abs(value) < 1e12:
        raise RecordError(f"{what} {shorten(text)} is not a number that can be used", where=where)
    return value


def check_units(points: list[tuple[float, float]], depth_unit: str, mineral_unit: str, name: str) -> None:
    """Refuse a profile whose numbers belong to another unit than its header says."""
    deepest, most = max(depth for depth, _ in points), max(mineral for _, mineral in points)
    if mineral_unit in ("vol%", "%", "volpct") and most <= 1.5:
        what = f"mineral is in {mineral_unit} but never above {most:g}, which looks like a fraction"
        raise RecordError(what, where=name, fix="write mineral [fraction] in the header, or multiply by 100")
    if mineral_unit in ("fraction", "1") and most > 150.0:
        what = f"mineral is a fraction but reaches {most / 100:g}, which looks like vol%"
        raise RecordError(what, where=name, fix="write mineral [vol%] in the header, or divide by 100")
    if deepest > DEEPEST:
        what = f"depth in {depth_unit} reaches {deepest / 1000:g} mm, deeper than a tooth"
        raise RecordError(what, where=name, fix="was it measured in µm? write depth [µm]")
    if 0.0 < deepest < SHALLOWEST:
        what = f"depth in {depth_unit} reaches only {deepest:g} µm"
        raise RecordError(what, where=name, fix="was it measured in mm? write depth [mm]")


def _check_order(points: list[tuple[float, float]], numbers: Sequence[int], name: str) -> None:
    if points[0][0] < 0:
        fix = "count from the surface of the tissue"
        raise RecordError(f"depth is {points[0][0]:g} µm, outside the tissue", where=f"{name}: row {numbers[0]}", fix=fix)
    for number, ((before, _), (depth, _)) in zip(numbers[1:], pairwise(points), strict=True):
        if depth <= before:
            what = f"depth {depth:g} µm follows {before:g} µm"
            raise RecordError(what, where=f"{name}: row {number}", why="depths must grow from row to row")
