"""Keeps on disk what a run has solved so far, so that of a run that is killed or fails what is complete can be read.

The states of the first pass over the protocol are written as they come, each tile of members on its own.  A finer pass (with every
step halved) replaces them only when it is whole: a later pass that is half done says less than an earlier one that is complete.  The
finished trajectory replaces all of it, so that a file does not tell whether its run was streamed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from amelo.errors import FileError
from amelo.twin.files import check_result_path, remove, save_trajectory
from amelo.twin.layout import FIELDS
from amelo.twin.provenance import Provenance
from amelo.twin.run import Run
from amelo.twin.store import StoreWriter, open_store
from amelo.twin.trajectory import Trajectory

__all__ = ["RunStream"]

EVERY = 2.0  # seconds between two writings; a run that takes less is written once, at its end
TIMES = 8  # saved times in a chunk
COARSE = "the error in time is not known, because the run ended before its steps were halved"


class RunStream:
    """A place for the states of a run while it goes on.

    Arguments: path (a ``.zarr`` folder; a NetCDF file cannot grow and is written at the end); provenance (of the unfinished run);
    members (of the whole ensemble); force (replace an earlier result, which stays until the new one is whole: the states then
    grow in ``beside``).
    Raises: CommandError or FileError when the place is taken or cannot be written.
    """

    def __init__(self, path: str | Path, provenance: Provenance, members: int, *, force: bool = False) -> None:
        self.path, self._provenance, self._members, self._force = Path(path), provenance, members, force
        check_result_path(self.path, force=force)
        there = self.path.exists() or self.path.is_symlink()
        self.beside = self.path.with_name(f"{self.path.stem}.unfinished.zarr") if there else self.path
        self._grows = self.path.suffix.lower() == ".zarr"
        if self._grows and there:
            check_result_path(self.beside, force=True)
        self._writer: StoreWriter | None = None
        self._lock, self._written, self._kept = Lock(), time.monotonic(), ""

    @property
    def kept(self) -> str:
        """Say what can be read when the run ends now, "" when nothing can."""
        return self._kept

    def states(self, members: np.ndarray, read: Callable[[], Run]) -> None:
        """Take the states of a tile of members, when it is time to write again.

        Arguments: members (of the tile); read (gives the tile as a run from the start, of the first pass).
        Raises: FileError saying what is complete, when the disk is full or gone.
        """
        with self._lock:
            if not self._due():
                return
            block = read()
            block = replace(block, warnings=(COARSE, *block.warnings))
            if self._writer is None:
                template = _template(block, self._members)
                self._writer = open_store(
                    self.beside,
                    template,
                    provenance=self._provenance,
                    times_per_chunk=TIMES,
                    members_per_chunk=len(block.status),
                    force=True,
                )
            self._writer.put(members, block)
            self._kept = f"what is complete can be loaded from {self.beside}"
            self._written = time.monotonic()

    def whole(self, run: Run) -> None:
        """Take the best complete run so far, while a finer one is being solved.

        Raises: FileError when the disk is full or gone; what was there before stays.
        """
        with self._lock:
            if not self._due():
                return
            words = "the run ended before its steps were small enough for the accuracy asked for"
            unfinished = Trajectory(replace(run, warnings=(words, *run.warnings)), self._provenance, finished=False)
            self._save(unfinished, self.beside, force=True)
            self._writer, self._written = None, time.monotonic()
            self._kept = f"what is complete can be loaded from {self.beside}"

    def finish(self, trajectory: Trajectory) -> Path:
        """Put the finished trajectory in its place and return the path.

        Raises: FileError when it cannot be written; what was streamed is complete and stays.
        """
        self._save(trajectory, self.path, force=self._force or bool(self._kept and self.beside == self.path))
        if self._kept and self.beside != self.path:
            remove(self.beside)
        return self.path

    def _save(self, trajectory: Trajectory, path: Path, *, force: bool) -> None:
        try:
            save_trajectory(trajectory, path, force=force)
        except FileError as error:
            raise FileError(error.what, why=error.why, fix=self._kept or error.fix) from None

    def _due(self) -> bool:
        return self._grows and time.monotonic() - self._written >= EVERY


def _template(block: Run, members: int) -> Run:
    """Return a run of the whole ensemble without any time, shaped like the run of a tile."""

    def of(name: str) -> np.ndarray:
        values, dims = np.asarray(getattr(block, name)), FIELDS[name].dims
        shape = tuple({"member": members, "time": 0}.get(axis, size) for axis, size in zip(dims, values.shape, strict=True))
        return np.zeros(shape, values.dtype)

    return replace(block, time=np.zeros(0), failure=("",) * members, **{name: of(name) for name in FIELDS})
