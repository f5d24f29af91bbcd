"""How a run lies in a file: names, axes and units of its arrays, one table for Zarr, NetCDF and xarray."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from amelo.errors import InputError
from amelo.twin.run import Run, RunStatus

__all__ = [
    "FIELDS",
    "FORMAT",
    "MISSING",
    "STATUS_FLAGS",
    "Field",
    "check_run",
    "fields_of",
    "read_only",
    "run_from",
    "same_run",
    "slice_of",
]

FORMAT = "1"  # of files; a reader refuses what is newer than itself
MISSING = (  # what not-a-number means to readers without amelo
    "NaN stands where a member has no answer: from its failure on, see status and failure. In outcomes it also stands where a member "
    "does not have the thing measured, such as the mineral of a surface layer. Sum up members whose status is 0."
)
STATUS_FLAGS = {  # as the conventions for climate and forecast data name the values of a flag
    "flag_values": [int(status) for status in RunStatus],
    "flag_meanings": " ".join(status.name.lower() for status in RunStatus),
}


@dataclass(frozen=True)
class Field:
    """One array of a run: its axes, unit, words and type; ``may_lack``, a file need not have it."""

    dims: tuple[str, ...]
    unit: str
    long_name: str
    kind: str = "f8"
    may_lack: bool = False

    @property
    def grows(self) -> bool:
        """Whether the array has an axis of time."""
        return "time" in self.dims


FIELDS: Mapping[str, Field] = {
    "mineral": Field(("member", "time", "phase", "cell"), "1", "mineral as volume fraction of tissue"),
    "sound": Field(("member", "phase", "cell"), "1", "mineral of sound tissue as volume fraction"),
    "porosity": Field(("member", "time", "cell"), "1", "pore volume fraction of tissue"),
    "ph": Field(("member", "time", "cell"), "pH", "pH of the pore fluid"),
    "totals": Field(("member", "time", "component", "cell"), "mol m-3", "total concentration in the pore fluid"),
    "saturation_index": Field(("member", "time", "phase", "cell"), "1", "log10 of ion activity product over solubility product"),
    "ionic_strength": Field(("member", "time", "cell"), "mol L-1", "ionic strength of the pore fluid"),
    "inflow": Field(("member", "time", "component"), "mol m-2", "amount that entered through the outer face since the start"),
    "balance": Field(("member", "time", "component"), "1", "what is missing of a component, relative to what was there and moved"),
    "accounts": Field(("member", "time", "account"), "", "what changes between segments keep books of", may_lack=True),
    "collagen": Field(("member", "time", "cell"), "1", "intact share of the collagen matrix"),
    "status": Field(("member",), "1", "how the run of a member ended: 0 is solved", "i1"),
    "error": Field(("member",), "m", "estimated numerical error of the integrated mineral loss, as thickness of solid mineral"),
}


def check_run(run: Run) -> None:
    """Refuse a run whose arrays do not fit together.

    Raises: InputError naming the field, what was expected and what it is.
    """
    sizes = {
        "member": len(run.status),
        "time": len(run.time),
        "cell": len(run.edges) - 1,
        "phase": len(run.phases),
        "component": len(run.components),
        "account": len(run.account_names),
    }
    for name, field in FIELDS.items():
        expected = tuple(sizes[axis] for axis in field.dims)
        found = np.shape(getattr(run, name))
        if found != expected:
            axes = ", ".join(field.dims)
            raise InputError(f"the field {name} of a run has the shape {found}", why=f"expected {expected} for ({axes})")
    if len(run.failure) != sizes["member"]:
        raise InputError(f"a run of {sizes['member']} members names {len(run.failure)} failures", why="one sentence for each")
    for name, values in (("time", run.time), ("edges", run.edges)):
        if not np.all(np.diff(values) > 0.0):
            raise InputError(f"{name} of a run does not grow", why="each value must be above the one before")


def read_only(run: Run) -> Run:
    """Return the same run with arrays that refuse to be written to; no data are copied."""

    def locked(values: np.ndarray, kind: str) -> np.ndarray:
        view = np.asarray(values, dtype=kind).view()
        view.flags.writeable = False
        return view

    arrays = {name: locked(getattr(run, name), field.kind) for name, field in FIELDS.items()}
    return replace(run, time=locked(run.time, "f8"), edges=locked(run.edges, "f8"), **arrays)


def fields_of(run: Run) -> Mapping[str, Field]:
    """Return the fields that a file of a run has: all but those that nothing has filled."""
    return {name: field for name, field in FIELDS.items() if not field.may_lack or run.account_names}


def slice_of(run: Run, start: int, stop: int) -> Run:
    """Return the times ``start`` to ``stop`` of a run."""
    cut = {name: getattr(run, name)[:, start:stop] for name, field in FIELDS.items() if field.grows}
    return replace(run, time=run.time[start:stop], **cut)


def run_from(arrays: Mapping[str, object], **rest) -> Run:
    """Return a run from arrays by field name and the other fields of :class:`Run`."""
    there = {name: field.kind for name, field in FIELDS.items() if name in arrays or not field.may_lack}
    return Run(**{name: np.asarray(arrays[name], dtype=kind) for name, kind in there.items()}, **rest)


def same_run(first: Run, second: Run) -> bool:
    """Whether every field of two runs is the same, not-a-number being equal to itself."""
    for entry in fields(Run):
        a, b = getattr(first, entry.name), getattr(second, entry.name)
        if isinstance(a, np.ndarray):
            if not np.array_equal(a, b, equal_nan=True):
                return False
        elif a != b:
            return False
    return True
