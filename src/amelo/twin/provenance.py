"""Where a result comes from: what was simulated, with which numbers, by which versions, when; it travels inside every file."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

from amelo.params.load import Parameter

__all__ = ["Provenance", "package_versions"]

PACKAGES = ("numpy", "scipy", "numba", "jax", "jaxlib", "xarray", "zarr")


@cache
def package_versions() -> Mapping[str, str]:
    """Return the versions of Python and of the packages that can change a figure."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return MappingProxyType(found)


def _amelo_version() -> str:
    try:
        return version("amelo")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, eq=False)
class Provenance:
    """The origin of a trajectory.

    Fields: specimen_name; specimen (its TOML or the reference of a case); protocol (its text); seed (None when nothing was drawn);
    parameters (value, unit, low, high, grade, source, note, set and name of each constant used); citations (keys of the
    bibliography); options (of the solver); assumptions (sentences); wall_time [s]; created (ISO 8601, UTC); amelo and packages
    (versions).
    """

    specimen_name: str
    specimen: str = ""
    protocol: str = ""
    seed: int | None = None
    parameters: tuple[Mapping[str, object], ...] = ()
    citations: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    wall_time: float = float("nan")
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    amelo: str = field(default_factory=_amelo_version)
    packages: Mapping[str, str] = field(default_factory=package_versions)

    @classmethod
    def of(cls, specimen_name: str, *, parameters: Iterable[Parameter] = (), citations: Iterable[str] = (), **rest) -> Provenance:
        """Return the provenance of a run, with the sources of its parameters among the citations.

        Arguments: specimen_name; parameters (constants as loaded); citations (further keys); the other fields by name.
        """
        rows = tuple(p.to_dict() for p in parameters)
        keys = (*(key for row in rows for key in str(row["source"]).split()), *citations)
        return cls(specimen_name, parameters=rows, citations=tuple(dict.fromkeys(keys)), **rest)

    def to_attributes(self) -> dict[str, str | float]:
        """Return everything as flat attributes of text, structured parts as JSON, fit for NetCDF and Zarr."""
        return {
            "amelo_version": self.amelo,
            "packages": _json(dict(self.packages)),
            "created": self.created,
            "specimen_name": self.specimen_name,
            "specimen": self.specimen,
            "protocol": self.protocol,
            "seed": "" if self.seed is None else str(self.seed),
            "parameters": _json([dict(row) for row in self.parameters]),
            "citations": " ".join(self.citations),
            "options": _json(dict(self.options)),
            "assumptions": _json(list(self.assumptions)),
            "wall_time_seconds": repr(float(self.wall_time)),
        }

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, object]) -> Provenance:
        """Return what :meth:`to_attributes` wrote.

        Raises: KeyError or ValueError when an attribute is missing or not what it should be.
        """
        text = {key: str(value) for key, value in attributes.items()}
        return cls(
            specimen_name=text["specimen_name"],
            specimen=text["specimen"],
            protocol=text["protocol"],
            seed=int(text["seed"]) if text["seed"] else None,
            parameters=tuple(json.loads(text["parameters"])),
            citations=tuple(text["citations"].split()),
            options=json.loads(text["options"]),
            assumptions=tuple(json.loads(text["assumptions"])),
            wall_time=float(text["wall_time_seconds"]),
            created=text["created"],
            amelo=text["amelo_version"],
            packages=json.loads(text["packages"]),
        )

    def __eq__(self, other: object) -> bool:
        """Compare every field; two unknown wall times are equal."""
        return isinstance(other, Provenance) and self.to_attributes() == other.to_attributes()

    __hash__ = None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
