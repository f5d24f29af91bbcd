"""Trajectories as labelled datasets and as files: Zarr folders and NetCDF files of one layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from amelo.errors import CommandError, FileError, FormatError, nearest
from amelo.twin.layout import FIELDS, FORMAT, MISSING, STATUS_FLAGS, check_run, fields_of, run_from
from amelo.twin.measures import MEASURES, measure_run
from amelo.twin.provenance import Provenance
from amelo.twin.run import Run
from amelo.twin.store import HOUR, free_place, load_store, open_store, writing

if TYPE_CHECKING:
    import xarray

    from amelo.twin.trajectory import Trajectory

__all__ = ["check_result_path", "dataset_of", "load_trajectory", "remove", "replace_result", "save_trajectory"]

ENDINGS = (".zarr", ".nc")
CHUNK = 8_000_000  # bytes of all fields that a kill can lose at most


def check_result_path(path: Path, *, force: bool = False) -> None:
    """Refuse a place where a result could not be saved, before anything is computed.

    Raises: CommandError for an unknown ending; FileError when the place is taken or its folder does not exist.
    """
    if path.suffix.lower() not in ENDINGS:
        raise CommandError(f"{path} is not a result amelo can write", fix=nearest(path.suffix, ENDINGS))
    free_place(path, force=force)
    if not os.access(path.parent, os.W_OK):
        raise FileError(
            f"{path} cannot be written", why=f"the folder {path.parent} is read-only for you", fix="name another folder"
        )


def dataset_of(trajectory: Trajectory) -> xarray.Dataset:
    """Return fields, outcomes and provenance of a trajectory as a dataset with units and words."""
    import xarray

    run = trajectory.run
    fields = {
        name: (field.dims, getattr(run, name), {"units": field.unit, "long_name": field.long_name})
        for name, field in fields_of(run).items()
    }
    fields["status"][2].update(STATUS_FLAGS)
    outcomes = {name: (("member", "time"), values, _words_of(name)) for name, values in measure_run(run).items()}
    failure = {"failure": (("member",), np.array(run.failure, dtype=object), {"long_name": "why a member has no answer"})}
    coordinates = {
        "time": ("time", run.time / HOUR, {"units": "h", "long_name": "time since the start"}),
        "elapsed": ("time", run.time, {"units": "s", "long_name": "time since the start"}),
        "depth": ("cell", trajectory.depth, {"units": "µm", "long_name": "depth of the cell centre below the surface"}),
        "edges": ("face", run.edges, {"units": "m", "long_name": "depth of the cell faces"}),
        "phase": ("phase", np.array(run.phases, dtype=object), {"long_name": "mineral phase"}),
        "component": ("component", np.array(run.components, dtype=object), {"long_name": "component of the pore fluid"}),
    }
    if run.account_names:
        coordinates["account"] = ("account", np.array(run.account_names, dtype=object), {"long_name": "book that changes keep"})
    return xarray.Dataset(fields | failure | outcomes, coordinates, _attributes(trajectory))


def save_trajectory(trajectory: Trajectory, path: Path, *, force: bool = False) -> Path:
    """Write a trajectory and return the path.

    A new Zarr folder grows chunk by chunk, so that of a killed run what is complete can be read.  A NetCDF file, and whatever replaces
    an earlier result, is written beside its place and moved there when it is whole.

    Raises: CommandError for an unknown ending; FileError when the place is taken or cannot be written.
    """
    check_result_path(path, force=force)
    if path.suffix.lower() == ".zarr" and not path.exists():
        _to_zarr(trajectory, path)
        return path
    beside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    try:
        with writing(path, fix="nothing was changed"):
            if path.suffix.lower() == ".nc":
                dataset_of(trajectory).to_netcdf(beside, engine="scipy", encoding=_plain())
            else:
                _to_zarr(trajectory, beside)
            replace_result(beside, path)
    except FileError as error:  # a store knows only the place beside
        raise FileError(f"{path} cannot be written", why=error.why, fix="nothing was changed") from None
    finally:
        remove(beside)
    return path


def load_trajectory(path: Path) -> tuple[Run, Provenance, bool]:
    """Return run, provenance and whether it was finished.

    Raises: FileError when there is nothing; FormatError when it is no trajectory.
    """
    if not path.exists():
        folder = path.parent
        names = sorted(e.name for e in folder.iterdir() if e.suffix in ENDINGS) if folder.is_dir() else []
        raise FileError(f"{path} does not exist", fix=nearest(path.name, names, limit=0))
    return load_store(path) if path.is_dir() else _load_netcdf(path)


def _load_netcdf(path: Path) -> tuple[Run, Provenance, bool]:
    import xarray

    try:
        content = BytesIO(path.read_bytes())  # in memory, because a mapped file cannot be closed when it turns out to be damaged
    except OSError as error:
        raise FileError(f"{path} cannot be read", why=error.strerror or str(error)) from None
    try:
        with xarray.open_dataset(content, engine="scipy", decode_times=False) as file:
            data = file.load()
    except Exception as error:  # whatever a reader of a foreign format stumbles over
        raise FormatError("is not a NetCDF file that amelo wrote", where=str(path), why=type(error).__name__) from None
    if "amelo_format" not in data.attrs:
        raise FormatError("is not a trajectory of amelo", where=str(path), why="it lacks the attribute amelo_format")
    if str(data.attrs["amelo_format"]) != FORMAT:
        form = str(data.attrs["amelo_format"])
        fix = "use amelo.ToothTrajectory.load(path)" if form.startswith("tooth") else ""
        raise FormatError(f"has the format {form}", where=str(path), why=f"this amelo reads format {FORMAT}", fix=fix)
    try:
        run = run_from(
            {name: data[name].values for name, field in FIELDS.items() if name in data or not field.may_lack},
            time=data["elapsed"].values.astype("f8"),
            edges=data["edges"].values.astype("f8"),
            phases=tuple(str(name) for name in data["phase"].values),
            components=tuple(str(name) for name in data["component"].values),
            account_names=tuple(str(name) for name in data["account"].values) if "account" in data else (),
            failure=tuple(str(sentence) for sentence in data["failure"].values),
            counts=json.loads(data.attrs["counts"]),
            warnings=tuple(json.loads(data.attrs["warnings"])),
        )
        check_run(run)
        return run, Provenance.from_attributes(data.attrs), data.attrs["finished"] == "yes"
    except (KeyError, ValueError) as error:
        raise FormatError("the trajectory is damaged", where=str(path), why=" ".join(str(error).split())[:120]) from None


def _words_of(name: str) -> Mapping[str, str]:
    measure = MEASURES[name]
    return {"units": measure.unit, "long_name": measure.label, "comment": measure.definition}


def _attributes(trajectory: Trajectory) -> dict[str, object]:
    """Return provenance, status and what the solver said, as attributes of a file."""
    run = trajectory.run
    return {
        "title": f"amelo trajectory of {trajectory.provenance.specimen_name}",
        "comment": "research and teaching software, not a medical device",
        "amelo_format": FORMAT,
        "finished": "yes" if trajectory.finished else "no",
        **trajectory.provenance.to_attributes(),
        "run_status": f"{trajectory.status.name.lower()}: {trajectory.status.sentence}",
        "missing_values": MISSING,
        "solved_members": f"{int(trajectory.solved.sum())} of {trajectory.members}",
        "numerical_error": f"{trajectory.error_estimate:.6g} vol%·µm of the integrated mineral loss",
        "counts": json.dumps(dict(run.counts)),
        "warnings": json.dumps(list(run.warnings), ensure_ascii=False),
    }


def _plain() -> dict[str, dict[str, None]]:
    """Keep xarray from marking a value as missing in arrays that have none."""
    return {name: {"_FillValue": None} for name in ("time", "elapsed", "depth", "edges")}


def _to_zarr(trajectory: Trajectory, path: Path) -> None:
    """Write a whole trajectory as a store, with its outcomes and status for readers without amelo."""
    run = trajectory.run
    bytes_per_time = sum(getattr(run, name).nbytes for name, field in FIELDS.items() if field.grows) // len(run.time)
    writer = open_store(path, run, provenance=trajectory.provenance, times_per_chunk=max(1, CHUNK // max(bytes_per_time, 1)))
    writer.append(run)
    writer.flush()
    with writer.to_disk():
        for name, values in measure_run(run).items():
            array = writer.group.create_array(
                name,
                shape=values.shape,
                dtype="f8",
                fill_value=np.nan,
                dimension_names=("member", "time"),
                attributes=_words_of(name),
            )
            array[...] = values
        writer.group["status"].update_attributes(STATUS_FLAGS)
        writer.group.update_attributes(_attributes(trajectory) | {"finished": "no"})
    if trajectory.finished:
        writer.finish()


def replace_result(source: Path, target: Path) -> None:
    """Move a finished file or folder to its place; what was there goes only when the new one is whole."""
    if source.is_file() and not target.is_dir():
        source.replace(target)
        return
    aside = target.with_name(f".{target.stem}.{uuid4().hex[:8]}.old")
    there = target.exists() or target.is_symlink()
    if there:
        target.rename(aside)
    try:
        source.rename(target)
    except OSError:
        if there:
            aside.rename(target)
        raise
    remove(aside)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
