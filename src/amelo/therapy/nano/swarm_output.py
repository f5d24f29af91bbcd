"""Frames of a swarm on disk while it moves: a Zarr folder, or a folder of Parquet parts; whatever is killed leaves complete frames.

Both hold densities by cell (carriers free, stuck and plugged), totals by mode, and depth and mode of the sampled carriers.  A restarted
run writes the same bytes again from the frame that its checkpoint stands at.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from amelo import __version__
from amelo.errors import CommandError, FileError, nearest
from amelo.therapy.nano.particles import MODES
from amelo.therapy.nano.swarm_state import FORMAT, SwarmState

__all__ = ["ENDINGS", "Output", "open_output"]

ENDINGS = (".zarr", ".parquet")
MARKER = "amelo-swarm.json"
CHUNK = 16  # frames
ARRAYS = {  # name: (what its axes are, unit, words)
    "time": (("frame",), "s", "time since the start"),
    "carriers": (("frame", "state", "cell"), "1", "carriers free, stuck and plugged in the cells"),
    "totals": (("frame", "mode"), "1", "carriers by mode: " + ", ".join(MODES)),
    "released": (("frame",), "m3", "payload released in the passage since the start"),
    "crowded": (("frame",), "1", "peak volume fraction"),
    "depth": (("frame", "sample"), "m", "depths of sampled carriers"),
    "mode": (("frame", "sample"), "1", "modes of sampled carriers"),
}


class Output(Protocol):
    """A place that takes frames."""

    def write(self, state: SwarmState, frame: int) -> None:
        """Write all frames up to and with one that are not written yet."""

    def finish(self, state: SwarmState) -> None:
        """Say that the run is whole."""


def open_output(state: SwarmState, path: str | Path, *, force: bool = False) -> Output:
    """Return a place for the frames of a run, empty, or as a killed run left it when the state goes on.

    Raises: CommandError for another ending; FileError when the place is taken or cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise CommandError(f"{path} is no output amelo can write", fix=nearest(path.suffix, ENDINGS))
    if not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why=f"there is no folder {path.parent}")
    mine = _is_mine(path)
    if path.exists() and not (mine and (force or state.plan.done)):
        fix = "name another folder, or add --force to replace it" if mine else "name another folder"
        raise FileError(f"{path} is there already", why="nothing was changed", fix=fix)
    try:
        if mine and not state.plan.done:
            shutil.rmtree(path)
        path.mkdir(exist_ok=True)
        return (_ZarrOutput if ending == ".zarr" else _ParquetOutput)(path, state)
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


def _is_mine(path: Path) -> bool:
    """Whether a folder is an output of a swarm, finished or not."""
    if (path / MARKER).is_file():
        return True
    try:
        return "amelo_swarm" in json.loads((path / "zarr.json").read_text("utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _about(state: SwarmState, *, finished: bool) -> dict[str, Any]:
    """Return what a reader needs to know of a run."""
    return {
        "amelo_swarm": FORMAT,
        "amelo": __version__,
        "finished": finished,
        "key": str(state.key),  # more than a number of JSON is sure to hold
        "carrier": state.swarm.carrier.name,
        "count": state.swarm.count,
        "weight": state.swarm.weight,
        "field": asdict(state.swarm.field),
        "plan": asdict(state.plan) | {"done": 0},
        "edges_m": np.asarray(state.swarm.passage.edges).tolist(),
        "sampled": state.history.sampled.tolist(),
    }


class _ZarrOutput:
    """Arrays of all frames, written in whole chunks."""

    def __init__(self, path: Path, state: SwarmState) -> None:
        import zarr

        self._written = 0
        self._group = zarr.open_group(path, mode="a")
        for name, (axes, unit, words) in ARRAYS.items():
            values = getattr(state.history, name)
            if name not in self._group:
                blank = np.nan if values.dtype.kind == "f" else -1
                shape, chunks = values.shape, (min(CHUNK, values.shape[0]), *(max(1, n) for n in values.shape[1:]))
                array = self._group.create_array(
                    name, shape=shape, dtype=values.dtype, chunks=chunks, fill_value=blank, dimension_names=axes
                )
                array.attrs.update({"units": unit, "long_name": words})
        self._group.attrs.update(_about(state, finished=False))

    def write(self, state: SwarmState, frame: int) -> None:
        for name in ARRAYS:
            self._group[name][self._written : frame + 1] = getattr(state.history, name)[self._written : frame + 1]
        self._written = frame // CHUNK * CHUNK  # a chunk that is not full is written again

    def finish(self, state: SwarmState) -> None:
        self._group.attrs.update(_about(state, finished=True))


class _ParquetOutput:
    """Two tables in parts of so many frames: densities (time, cell, free, stuck, plugged) and ways (time, carrier, depth, mode)."""

    def __init__(self, path: Path, state: SwarmState) -> None:
        self._path, self._part = path, 0
        for name in ("density", "ways", "totals"):
            (path / name).mkdir(exist_ok=True)
        self._mark(state, finished=False)

    def _mark(self, state: SwarmState, *, finished: bool) -> None:
        axes = {name: {"unit": unit, "about": words} for name, (_, unit, words) in ARRAYS.items()}
        (self._path / MARKER).write_text(json.dumps(_about(state, finished=finished) | {"columns": axes}, indent=1), "utf-8")

    def write(self, state: SwarmState, frame: int) -> None:
        last = state.plan.frames + 1
        while self._part * CHUNK <= frame:
            start, stop = self._part * CHUNK, min((self._part + 1) * CHUNK, last)
            self._write_part(state, slice(start, min(stop, frame + 1)))
            if stop > frame + 1:
                break
            self._part += 1

    def _write_part(self, state: SwarmState, frames: slice) -> None:
        history, edges = state.history, np.asarray(state.swarm.passage.edges)
        time, cells, ways = history.time[frames], len(edges) - 1, history.sampled
        middle = 0.5 * (edges[:-1] + edges[1:])
        carriers = history.carriers[frames]
        self._table(
            "density",
            {
                "time_s": np.repeat(time, cells),
                "depth_m": np.tile(middle, len(time)),
                **{name: carriers[:, i].ravel() for i, name in enumerate(MODES[:3])},
            },
        )
        self._table(
            "ways",
            {
                "time_s": np.repeat(time, len(ways)),
                "carrier": np.tile(ways, len(time)),
                "depth_m": history.depth[frames].ravel(),
                "mode": np.array([*MODES, ""], dtype=object)[history.mode[frames].ravel()],
            },
        )
        totals = {name: history.totals[frames, i] for i, name in enumerate(MODES)}
        self._table("totals", {"time_s": time, **totals, "released_m3": history.released[frames]})

    def _table(self, name: str, columns: dict[str, Any]) -> None:
        import pyarrow
        import pyarrow.parquet

        place = self._path / name / f"part-{self._part:05d}.parquet"
        beside = place.with_suffix(".part")
        pyarrow.parquet.write_table(pyarrow.table(columns), beside)
        beside.replace(place)

    def finish(self, state: SwarmState) -> None:
        self._mark(state, finished=True)
