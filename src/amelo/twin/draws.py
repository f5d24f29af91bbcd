"""Draws of parameters that belong together, in a file: a posterior that a twin can be simulated with."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from amelo.errors import CommandError, FileError, FormatError, ParameterError, RecordError, nearest
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import catalogue

__all__ = ["DRAW_ENDINGS", "draws_text", "members_of", "read_draws", "write_draws"]

DRAW_ENDINGS = (".csv", ".zarr")
FORM = "a header such as: dissolution_rate [mol/(L s)],porosity [1]"
MARKER = "amelo_draws"


def draws_text(names: tuple[str, ...], units: tuple[str, ...], draws: np.ndarray, *, comment: str = "") -> str:
    """Return draws (S, p) as CSV, one row each, names and units in the header; comment goes in front, each line after #."""
    out = io.StringIO()
    out.write("".join(f"# {line}\n" for line in comment.splitlines()))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{name} [{unit}]" for name, unit in zip(names, units, strict=True)])
    writer.writerows([[repr(float(value)) for value in row] for row in draws])
    return out.getvalue()


def write_draws(path: Path, names: tuple[str, ...], units: tuple[str, ...], draws: np.ndarray, *, about: Mapping[str, str]) -> None:
    """Write draws (S, p) to a .csv file or .zarr folder.

    Arguments: path (nothing is there); names; units; draws; about (attributes: where the draws come from).
    Raises: CommandError for another ending; FileError when the place cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in DRAW_ENDINGS:
        raise CommandError(f"{path} is not a file for draws", fix=nearest(path.suffix, DRAW_ENDINGS))
    try:
        if ending == ".csv":
            path.write_text(
                draws_text(names, units, draws, comment="\n".join(f"{k}: {v}".replace("\n", " | ") for k, v in about.items())),
                "utf-8",
            )
            return
        import xarray

        columns = {name: (("draw",), draws[:, i], {"units": units[i]}) for i, name in enumerate(names)}
        xarray.Dataset(columns, attrs={MARKER: "1", **about}).to_zarr(path, mode="w", consolidated=False)
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


def read_draws(path: str | Path, specimen: Specimen) -> dict[str, np.ndarray]:
    """Return the draws (S,) of every parameter in a file, checked against a specimen.

    Raises: FileError or FormatError when it holds no draws; ParameterError for a parameter that the specimen does not have, or in
    another unit; RecordError for a value that is not a finite number.
    """
    path = Path(path)
    found = _read_zarr(path) if path.is_dir() else _read_csv(path)
    known = catalogue(specimen)
    for name, (unit, values) in found.items():
        where = f"{path}: {name}"
        if name not in known:
            raise ParameterError(
                f"'{name}' is not a parameter of this specimen", where=str(path), fix=nearest(name, known, limit=40)
            )
        if unit != known[name].unit:
            raise ParameterError(f"{name} is in '{unit}'", where=str(path), why=f"it must be in {known[name].unit}")
        if not np.isfinite(values).all():
            raise RecordError(f"draw {int(np.argmin(np.isfinite(values))) + 1} is not a finite number", where=where)
        if (values < 0).any() and known[name].low >= 0:
            raise RecordError(f"draw {int(np.argmax(values < 0)) + 1} is negative", where=where)
    return {name: values for name, (_, values) in found.items()}


def members_of(draws: Mapping[str, np.ndarray], members: int, specimen: Specimen) -> dict[str, np.ndarray]:
    """Return values (members,) of every parameter: draws spread evenly over the file, all else at its central value.

    Raises: CommandError when more members are asked for than there are draws.
    """
    count = len(next(iter(draws.values())))
    if members > count:
        raise CommandError(f"--members {members} is more than the {count} draws there are", fix="leave it out, or sample more")
    chosen = np.linspace(0, count - 1, members).round().astype(int) if members > 1 else np.zeros(1, int)
    central = {name: np.full(members, p.value) for name, p in catalogue(specimen).items()}
    return central | {name: values[chosen] for name, values in draws.items()}


def _read_csv(path: Path) -> dict[str, tuple[str, np.ndarray]]:
    from amelo.records.measured_profile import numbered_rows, value_in

    (number, header), rows = numbered_rows(path)
    cells = [cell.strip().rpartition(" [") for cell in header]
    for name, _, unit in cells:
        if not name or not unit.endswith("]"):
            raise FormatError(
                f"'{unit or name}' is not the name of a parameter with its unit", where=f"{path}: row {number}", fix=f"write {FORM}"
            )
    if not rows:
        raise FormatError("the file holds no draw", where=str(path))
    names = [name for name, _, _ in cells]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(f"the column {name} stands twice", where=f"{path}: row {number}")
    columns: list[list[float]] = [[] for _ in cells]
    for line, row in rows:
        if len(row) != len(cells):
            raise FormatError(f"row {line} has {len(row)} columns", where=str(path), why=f"the header has {len(cells)}")
        for column, name, cell in zip(columns, names, row, strict=True):
            column.append(value_in(cell, name, f"{path}: row {line}"))
    return {name: (unit[:-1], np.array(column)) for (name, _, unit), column in zip(cells, columns, strict=True)}


def _read_zarr(path: Path) -> dict[str, tuple[str, np.ndarray]]:
    import xarray

    try:
        with xarray.open_zarr(path, consolidated=False) as store:
            data = store.load()
    except Exception as error:  # whatever a reader of a foreign format stumbles over
        raise FormatError("is not a store of draws", where=str(path), why=type(error).__name__) from None
    if MARKER not in data.attrs:
        raise FormatError("is not a store of draws", where=str(path), fix="name one that 'amelo fit --out' wrote")
    return {
        str(name): (str(column.attrs.get("units", "")), np.array(column.values, dtype=float))
        for name, column in data.data_vars.items()
    }
