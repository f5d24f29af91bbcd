"""A Zarr store that grows while a run is under way, and is readable whenever the run is killed.

Times are written in whole chunks, every array first and the number of complete times last; what was complete before is never
written again.  Zarr writes each file beside its place and renames it, so that no file is ever half.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from amelo.errors import FileError, FormatError, InputError
from amelo.twin.layout import FIELDS, FORMAT, check_run, fields_of, run_from, slice_of
from amelo.twin.provenance import Provenance
from amelo.twin.run import Run

__all__ = ["StoreWriter", "free_place", "is_store", "largest_block", "load_store", "open_store", "writing"]

MARKER = "complete_times"
HOUR = 3600.0
MICROMETRE = 1e-6


@contextmanager
def writing(path: Path, *, fix: str = "") -> Iterator[None]:
    """Turn a failure of the file system into one sentence about ``path``.

    Raises: FileError naming the reason, and ``fix`` as what to do.
    """
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error), fix=fix) from None


def free_place(path: Path, *, force: bool) -> None:
    """Check that a result can be written to ``path`` before anything is computed.

    Arguments: path; force (an earlier result may be replaced).
    Raises: FileError when its folder does not exist, when something is there, or, even with force, when that is no result of amelo.
    """
    if not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why=f"there is no folder {path.parent}")
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise FileError(
            f"{path} is there already", why="nothing was changed", fix="name another file, or add --force to replace it"
        )
    if path.is_dir() and not is_store(path):
        raise FileError(f"{path} is a folder that amelo did not write", why="nothing was changed", fix="name another file")


def is_store(path: Path) -> bool:
    """Whether a folder is a store written by amelo, finished or not."""
    try:
        return "amelo_format" in json.loads((path / "zarr.json").read_text("utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_store(
    path: str | Path,
    template: Run,
    *,
    provenance: Provenance,
    times_per_chunk: int = 8,
    members_per_chunk: int | None = None,
    force: bool = False,
) -> StoreWriter:
    """Make a store for runs shaped like ``template`` (its times are not written) and return its writer.

    Arguments: path (of a folder, usually .zarr); template (members, cells, phases and components; any number of times, also none);
    provenance; times_per_chunk (what a kill can lose at most of what is appended); members_per_chunk (all when not given); force (replace an
    earlier result).
    Raises: FileError when the place is taken or cannot be written.
    """
    import zarr

    path = Path(path)
    check_run(template)
    if times_per_chunk < 1:
        raise InputError(f"times_per_chunk = {times_per_chunk} is not a number of times", why="allowed 1 and more")
    free_place(path, force=force)
    with writing(path, fix="name another folder with --out"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
        mark = {
            "amelo_format": FORMAT,
            "finished": "no",
            "coordinates": "depth elapsed edges",
        }  # first, so that --force knows it as ours
        group = zarr.open_group(path, mode="w-", zarr_format=3, attributes=mark | _of_end(template, provenance))
        _make_arrays(group, template, times_per_chunk, members_per_chunk)
    return StoreWriter(path, group, template, provenance, times_per_chunk)


class StoreWriter:
    """Appends saved times to a store, of all members with :meth:`append` or of some with :meth:`put`; :meth:`finish` ends it.

    ``done`` (M,) is how many times of each member are complete.
    """

    def __init__(self, path: Path, group: Any, template: Run, provenance: Provenance, times_per_chunk: int) -> None:
        self.path, self.group, self.done = path, group, np.zeros(len(template.status), "i8")
        self._provenance, self._chunk = provenance, times_per_chunk
        self._waiting: list[Run] = []
        self._last = slice_of(template, 0, 0)
        self._finished = False

    @property
    def complete(self) -> int:
        """How many times are complete for all members."""
        return int(self.done.min())

    def put(self, members: np.ndarray, block: Run) -> None:
        """Write what is new of some members at once, whether or not it fills a chunk.

        Arguments: members (indices, rising); block (a run of these, from their first time).
        Raises: FileError when the disk is full or gone.
        """
        check_run(block)
        start = int(self.done[members].max())
        if len(block.time) > start:
            self._write(slice_of(block, start, len(block.time)), members)

    def append(self, block: Run) -> None:
        """Take the next saved times, and write every chunk that is now whole.

        Arguments: block (a run of the shape of the template with these times only).
        Raises: InputError when the block does not fit or goes back in time; FileError when the disk is full or gone.
        """
        if self._finished:
            raise InputError(f"{self.path} is finished", fix="open another store")
        check_run(block)
        known = self._last
        if (block.phases, block.components) != (known.phases, known.components) or block.sound.shape != known.sound.shape:
            raise InputError("the block has other members, cells, phases or components than the store", where=str(self.path))
        before = self._waiting[-1].time if self._waiting else known.time
        if len(before) and len(block.time) and block.time[0] <= before[-1]:
            why = f"{block.time[0]:g} s does not come after {before[-1]:g} s"
            raise InputError("the block goes back in time", where=str(self.path), why=why)
        if len(block.time):
            self._waiting.append(block)
        count = sum(len(run.time) for run in self._waiting)
        if count >= self._chunk:
            joined = _joined(self._waiting)
            whole = count // self._chunk * self._chunk
            self._write(slice_of(joined, 0, whole))
            self._waiting = [slice_of(joined, whole, count)] if whole < count else []

    def flush(self) -> None:
        """Write the times that do not yet fill a chunk."""
        if self._waiting:
            waiting, self._waiting = _joined(self._waiting), []
            self._write(waiting)

    def finish(self, end: Run | None = None, provenance: Provenance | None = None) -> None:
        """Write what is left and mark the store as finished.

        Arguments: end (a run whose status, failures, errors, counts and warnings are final; its times are not looked at);
        provenance (final, with the wall time).
        """
        self.flush()
        last = end or self._last
        with self.to_disk():
            _write_end(self.group, last)
            self.group.update_attributes(_of_end(last, provenance or self._provenance) | {"finished": "yes"})
        self._finished = True

    def __enter__(self) -> StoreWriter:
        """Return the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Finish, or after an exception keep what came in and leave the store marked as unfinished."""
        if kind is None and not self._finished:
            self.finish()
        elif kind is not None:
            with suppress(FileError):
                self.flush()

    def _write(self, block: Run, who: slice | np.ndarray = slice(None)) -> None:
        """Append a block of the members ``who`` to every array, and then say how many of their times are complete."""
        start = int(self.done[who].max())
        stop, done = start + len(block.time), self.done.copy()
        done[who] = stop
        with self.to_disk():
            for name, values, axis in _growing(block):
                array = self.group[name]
                if stop > array.shape[axis]:
                    array.resize(tuple(stop if i == axis else size for i, size in enumerate(array.shape)))
                array.oindex[(who,) * axis + (slice(start, stop),)] = values
            self.group["sound"].oindex[who] = block.sound
            _write_end(self.group, block, who)
            self.group[MARKER][...] = done
        self.done, self._last = done, block

    @contextmanager
    def to_disk(self) -> Iterator[None]:
        """Turn a failure of the file system into one sentence that says what is kept."""
        who, count = largest_block(self.done)
        of = "" if len(who) == len(self.done) else f" of {len(who)} of {len(self.done)} members"
        kept = f"the first {count} saved times{of} are complete and can be loaded" if count else "no time is complete"
        with writing(self.path, fix=kept):
            yield


def load_store(path: Path) -> tuple[Run, Provenance, bool]:
    """Return what is complete in a store, where it comes from, and whether its run was finished.

    Raises: FormatError when it is no store of amelo, is damaged, or is newer than this amelo; FileError when no time is complete.
    """
    import zarr

    if not is_store(path):
        raise FormatError("is not a trajectory of amelo", where=str(path), why="it has no zarr.json with the mark of amelo")
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        attributes = dict(group.attrs)
        done = np.atleast_1d(group[MARKER][...]) if MARKER in group else np.zeros(1, int)
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(path, error) from None
    if attributes["amelo_format"] != FORMAT:
        form = str(attributes["amelo_format"])
        fix = "use amelo.ToothTrajectory.load(path)" if form.startswith("tooth") else ""
        raise FormatError(f"has the format {form}", where=str(path), why=f"this amelo reads format {FORMAT}", fix=fix)
    who, complete = largest_block(done)
    if complete == 0:
        raise FileError(f"{path} holds no complete time", why="its run ended before the first chunk was written")
    try:
        arrays = {
            n: group[n][:, :complete][who] if field.grows else group[n][...][who]
            for n, field in FIELDS.items()
            if n in group or not field.may_lack
        }
        warnings = json.loads(attributes["warnings"])
        if len(who) < len(done):
            told = (
                f"{len(who)} of the {len(done)} members, those from {_ranges(who)}, were solved that far when the run was cut short"
            )
            warnings = [told, *warnings]
        run = run_from(
            arrays,
            time=group["elapsed"][:complete],
            edges=group["edges"][...],
            phases=tuple(str(name) for name in group["phase"][...]),
            components=tuple(str(name) for name in group["component"][...]),
            account_names=tuple(str(name) for name in group["account"][...]) if "account" in group else (),
            failure=tuple(str(sentence) for sentence in group["failure"][...][who]),
            counts=json.loads(attributes["counts"]),
            warnings=tuple(warnings),
        )
        check_run(run)
        provenance = Provenance.from_attributes(attributes)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _damaged(path, error) from None
    return run, provenance, attributes["finished"] == "yes"


def largest_block(done: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the members (indices) and the number of times whose product is largest, all of them complete.

    Arguments: done (M,) number of complete times of each member.
    """
    counts = np.unique(done)
    count = int(max(counts, key=lambda c: c * int((done >= c).sum())))
    return np.flatnonzero(done >= count), count


def _ranges(members: np.ndarray) -> str:
    """Return growing numbers as ranges, such as ``0 to 15 and 32 to 47``."""
    runs = np.split(members, np.flatnonzero(np.diff(members) > 1) + 1)
    return " and ".join(f"{run[0]} to {run[-1]}" for run in runs)


def _damaged(path: Path, error: Exception) -> FormatError:
    detail = " ".join(str(error).split())[:120] or type(error).__name__
    return FormatError("the trajectory is damaged", where=str(path), why=detail, fix="run the simulation again")


def _growing(run: Run) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield name, values and axis of time of every array that grows."""
    for name, field in fields_of(run).items():
        if field.grows:
            yield name, getattr(run, name), field.dims.index("time")
    yield "time", run.time / HOUR, 0
    yield "elapsed", run.time, 0


def _make_arrays(group: Any, template: Run, chunk: int, members: int | None) -> None:
    """Make every array of a store, those of time empty."""

    def make(name: str, values: np.ndarray, dims: tuple[str, ...], grows: bool, **attributes: str) -> None:
        shape = tuple(0 if axis == "time" else size for axis, size in zip(dims, np.shape(values), strict=True))
        lengths = {"time": chunk, "member": members} if grows else {}
        chunks = tuple(lengths.get(axis) or max(size, 1) for axis, size in zip(dims, shape, strict=True))
        kind = str if values.dtype.kind in "OUT" else values.dtype
        fill = {"f": np.nan, "i": 0}.get(values.dtype.kind, "")
        array = group.create_array(
            name, shape=shape, chunks=chunks, dtype=kind, fill_value=fill, dimension_names=dims, attributes=attributes
        )
        if not grows and values.size:
            array[...] = values

    for name, field in fields_of(template).items():
        values = np.asarray(getattr(template, name), dtype=field.kind)
        make(name, values, field.dims, field.grows, units=field.unit, long_name=field.long_name)
    centres = 0.5 * (template.edges[:-1] + template.edges[1:])
    none = np.zeros(0)
    make("time", none, ("time",), True, units="h", long_name="time since the start")
    make("elapsed", none, ("time",), True, units="s", long_name="time since the start")
    make("depth", centres / MICROMETRE, ("cell",), False, units="µm", long_name="depth of the cell centre below the surface")
    make("edges", np.asarray(template.edges, dtype=float), ("face",), False, units="m", long_name="depth of the cell faces")
    make("phase", np.array(template.phases, dtype=object), ("phase",), False, long_name="mineral phase")
    make("component", np.array(template.components, dtype=object), ("component",), False, long_name="component of the pore fluid")
    if template.account_names:
        make("account", np.array(template.account_names, dtype=object), ("account",), False, long_name="book that changes keep")
    make("failure", np.array(template.failure, dtype=object), ("member",), False, long_name="why a member has no answer")
    make(
        MARKER, np.zeros(len(template.status), dtype="i8"), ("member",), False, long_name="number of saved times that are complete"
    )


def _write_end(group: Any, run: Run, who: slice | np.ndarray = slice(None)) -> None:
    group["status"].oindex[who] = np.asarray(run.status, dtype="i1")
    group["error"].oindex[who] = np.asarray(run.error, dtype=float)
    group["failure"].oindex[who] = np.array(run.failure, dtype=object)


def _of_end(run: Run, provenance: Provenance) -> Mapping[str, object]:
    """Return the attributes that are final only when a run has ended."""
    return provenance.to_attributes() | {
        "counts": json.dumps(dict(run.counts)),
        "warnings": json.dumps(list(run.warnings), ensure_ascii=False),
    }


def _joined(blocks: list[Run]) -> Run:
    """Return consecutive blocks as one; what is not of time comes from the last."""
    if len(blocks) == 1:
        return blocks[0]
    arrays = {
        name: np.concatenate([getattr(block, name) for block in blocks], axis=field.dims.index("time"))
        for name, field in FIELDS.items()
        if field.grows
    }
    return replace(blocks[-1], time=np.concatenate([block.time for block in blocks]), **arrays)
