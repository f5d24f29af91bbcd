"""Trajectories of whole teeth as labelled datasets and as files, Zarr folders or NetCDF, from which outcomes and pictures come back."""

from __future__ import annotations

import json
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from amelo.errors import FileError, FormatError, nearest
from amelo.twin.files import check_result_path, remove, replace_result
from amelo.twin.provenance import Provenance
from amelo.twin.store import is_store, writing
from amelo.twin.tooth.ahead import Ahead
from amelo.twin.tooth.look import MEASURES
from amelo.twin.tooth.section import from_variables, to_variables
from amelo.twin.tooth.trajectory import DAY, Event, ToothTrajectory

if TYPE_CHECKING:
    import xarray

__all__ = ["FORMAT", "dataset_of", "load_tooth_trajectory", "save_tooth_trajectory"]

FORMAT = "tooth 1"  # of files; a reader refuses what it does not know
ENDINGS = (".zarr", ".nc")


def dataset_of(trajectory: ToothTrajectory) -> xarray.Dataset:
    """Return what was seen by time and member, the tooth before and after by depth, units and provenance."""
    import xarray

    known = {m.name: m for m in MEASURES}
    data = {
        name: (
            ("time", "member"),
            values,
            {"units": known[name].unit, "long_name": known[name].label, "comment": known[name].definition},
        )
        for name, values in trajectory.seen.items()
    }
    rest = {}
    for when, section in zip(("before", "after"), trajectory.sections, strict=True):
        found, rest[f"section_{when}"] = to_variables(section, when)
        data |= found
    edges = trajectory.sections[0].edges
    coordinates = {
        "time": ("time", trajectory.time / DAY, {"units": "d", "long_name": "time since the start"}),
        "elapsed": ("time", trajectory.time, {"units": "s", "long_name": "time since the start"}),
        "depth": (
            ("member", "cell"),
            1e3 * 0.5 * (edges[:, 1:] + edges[:, :-1]),
            {"units": "mm", "long_name": "depth of the middle of the cell below the surface of the sound crown"},
        ),
    }
    attributes = {
        "title": f"amelo trajectory of {trajectory.provenance.specimen_name}",
        "comment": "research and teaching software, not a medical device",
        "amelo_format": FORMAT,
        **trajectory.provenance.to_attributes(),
        **rest,
        "events": json.dumps([asdict(event) for event in trajectory.events], ensure_ascii=False),
        "ahead": trajectory.ahead.to_text() if trajectory.ahead else "",
        "warnings": json.dumps(list(trajectory.warnings), ensure_ascii=False),
    }
    return xarray.Dataset(data, coordinates, attributes)


def save_tooth_trajectory(trajectory: ToothTrajectory, path: Path, *, force: bool = False) -> Path:
    """Write a trajectory beside its place, move it there when it is whole, and return the path.

    Raises: CommandError for an unknown ending; FileError when the place is taken or cannot be written.
    """
    check_result_path(path, force=force)
    beside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    data = dataset_of(trajectory)
    plain = {name: {"_FillValue": None} for name in ("time", "elapsed", "depth")}
    try:
        with writing(path, fix="nothing was changed"):
            if path.suffix.lower() == ".nc":
                data.to_netcdf(beside, engine="scipy", encoding=plain)
            else:
                data.to_zarr(beside, mode="w-", zarr_format=3, consolidated=False)
            replace_result(beside, path)
    finally:
        remove(beside)
    return path


def load_tooth_trajectory(path: Path) -> ToothTrajectory:
    """Return the trajectory in a file or folder.

    Raises: FileError when there is nothing; FormatError when it is no trajectory of a whole tooth.
    """
    if not path.exists():
        names = sorted(e.name for e in path.parent.iterdir() if e.suffix in ENDINGS) if path.parent.is_dir() else []
        raise FileError(f"{path} does not exist", fix=nearest(path.name, names, limit=0))
    data = _opened(path)
    form = str(data.attrs.get("amelo_format", ""))
    if not form:
        raise FormatError("is not a trajectory of amelo", where=str(path), why="it lacks the attribute amelo_format")
    if form != FORMAT:
        fix = "use amelo.Trajectory.load(path)" if not form.startswith("tooth") else ""
        why = f"this amelo reads format '{FORMAT}' of whole teeth"
        raise FormatError(f"has the format '{form}'", where=str(path), why=why, fix=fix)
    try:
        kept = [from_variables(data, str(data.attrs[f"section_{when}"]), when) for when in ("before", "after")]
        ahead = str(data.attrs["ahead"])
        return ToothTrajectory(
            np.asarray(data["elapsed"].values, float),
            {m.name: np.asarray(data[m.name].values, float) for m in MEASURES},
            None,
            None,
            tuple(Event(**event) for event in json.loads(str(data.attrs["events"]))),
            Provenance.from_attributes(data.attrs),
            kept=(kept[0], kept[1], Ahead.from_text(ahead) if ahead else None),
        )
    except (KeyError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:120]
        raise FormatError("the trajectory is damaged", where=str(path), why=why, fix="run the simulation again") from None


def _opened(path: Path) -> xarray.Dataset:
    """Return the dataset in a file or folder, in memory.

    Raises: FileError or FormatError.
    """
    import xarray

    if path.is_dir() and not is_store(path):
        raise FormatError("is not a folder that amelo wrote", where=str(path), why="it has no zarr.json with the mark of amelo")
    try:
        if path.is_dir():
            with xarray.open_zarr(path, consolidated=False, decode_times=False) as data:
                return data.load()
        content = BytesIO(path.read_bytes())  # in memory, because a mapped file cannot be closed when it turns out to be damaged
        with xarray.open_dataset(content, engine="scipy", decode_times=False) as data:
            return data.load()
    except PermissionError as error:
        raise FileError(f"{path} cannot be read", why=error.strerror or str(error)) from None
    except Exception as error:  # whatever a reader of a foreign format stumbles over
        kind = "folder of Zarr" if path.is_dir() else "NetCDF file"
        raise FormatError(f"is not a {kind} that amelo wrote", where=str(path), why=type(error).__name__) from None
