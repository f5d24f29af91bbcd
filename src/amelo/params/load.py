"""Read the TOML files of constants, and refuse any number that does not say where it comes from.

A file holds a ``[set]`` table (name, version, about, and temperature_C where it matters) and any nesting of tables; a table
with a ``value`` is one parameter and must have exactly the keys of :class:`Parameter`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from amelo.cite import bibliography
from amelo.cite.references import is_doi
from amelo.errors import MixedSetError, ParameterError, nearest, shorten

__all__ = ["GRADES", "Parameter", "ParameterSet", "load_set", "parse_set", "same_set", "set_names"]

GRADES = {
    "A": "read in a paper or an official file",
    "B": "secondary report",
    "C": "general knowledge of the field, not yet checked against the source",
    "calculated": "our arithmetic from graded values",
    "assumption": "our judgement; the note says why",
}
_KEYS = ("value", "unit", "low", "high", "grade", "source", "note")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One constant: value within low..high in ``unit``, its grade, the key of its source and a note.

    ``set`` names the versioned file it stands in and ``name`` its place there.
    """

    set: str
    name: str
    value: float
    unit: str
    low: float
    high: float
    grade: str
    source: str
    note: str

    def to_dict(self) -> dict[str, object]:
        """Return every field under its own name."""
        return {key: getattr(self, key) for key in ("set", "name", *_KEYS)}


@dataclass(frozen=True)
class ParameterSet:
    """One versioned table of constants; ``structure`` holds what is not a number (reactions, names)."""

    name: str
    version: str
    about: str
    temperature: float | None  # degrees Celsius
    parameters: Mapping[str, Parameter]
    structure: Mapping[str, object]

    def __getitem__(self, name: str) -> Parameter:
        """Return a parameter by its dotted name, or say which name is nearest."""
        try:
            return self.parameters[name]
        except KeyError:
            raise ParameterError(
                f"'{name}' is not a parameter of the set {self.name}", fix=nearest(name, self.parameters)
            ) from None

    def __iter__(self) -> Iterator[Parameter]:
        """Yield the parameters in the order of the file."""
        return iter(self.parameters.values())

    def value(self, name: str) -> float:
        """Return the value of a parameter."""
        return self[name].value


def set_names() -> list[str]:
    """Return the names of the sets that ship with amelo; one that stands in a folder has the folder's name before it."""
    places = [(entry, "") for entry in files(__package__).iterdir()]
    places += [(inner, f"{entry.name}/") for entry, _ in places if entry.is_dir() for inner in entry.iterdir()]
    return sorted(f"{folder}{entry.name.removesuffix('.toml')}" for entry, folder in places if entry.name.endswith(".toml"))


@cache
def load_set(name: str) -> ParameterSet:
    """Return the shipped set called ``name``.

    Raises: ParameterError when there is no such set, or when its file breaks a rule.
    """
    if name not in set_names():
        raise ParameterError(f"'{name}' is not a set of constants", fix=nearest(name, set_names()))
    return parse_set((files(__package__) / f"{name}.toml").read_text("utf-8"), where=f"{name}.toml")


def parse_set(text: str, *, where: str) -> ParameterSet:
    """Read a set of constants from TOML.

    Arguments: text (the TOML), where (file name for messages).
    Raises: ParameterError for a missing source or key, an unknown key, a value outside its own range, an unknown grade.
    Assumptions: a source is a key of the bibliography or, in a file outside amelo, ``doi:`` and a DOI.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"not valid TOML ({error})", where=where) from None
    head = tree.pop("set", None)
    if not isinstance(head, dict) or not {"name", "version", "about"} <= head.keys():
        raise ParameterError("the [set] table with name, version and about is missing", where=where)
    for key in head.keys() - {"name", "version", "about", "temperature_C"}:
        raise ParameterError(f"unknown key '{key}'", where=f"{where}: [set]", fix=nearest(key, ("version", "temperature_C")))
    found: dict[str, Parameter] = {}
    structure = _walk(tree, (), f"{head['name']} {head['version']}", where, found)
    return ParameterSet(
        name=head["name"],
        version=str(head["version"]),
        about=head["about"],
        temperature=head.get("temperature_C"),
        parameters=found,
        structure=structure,
    )


def same_set(*sets: ParameterSet) -> ParameterSet:
    """Return the one set behind all arguments.

    Raises: MixedSetError when they differ, because a solubility product and a pK of two sets do not belong together.
    """
    first = sets[0]
    for other in sets[1:]:
        if (other.name, other.version) != (first.name, first.version):
            raise MixedSetError(
                f"constants of {first.name} {first.version} and {other.name} {other.version} are mixed",
                why="each set is consistent only with itself",
                fix=f"take every constant from {first.name}",
            )
    return first


def _walk(
    tree: dict[str, object], path: tuple[str, ...], set_name: str, where: str, found: dict[str, Parameter]
) -> dict[str, object]:
    """Collect the parameters below ``path`` into ``found`` and return what remains."""
    rest: dict[str, object] = {}
    for key, item in tree.items():
        here = (*path, key)
        if isinstance(item, dict) and any(
            k in _KEYS and not isinstance(v, dict) for k, v in item.items()
        ):  # groups may be named low, high
            parameter = _parameter(item, ".".join(here), set_name, f"{where}: {'.'.join(here)}")
            found[parameter.name] = parameter
        elif isinstance(item, dict):
            rest[key] = _walk(item, here, set_name, where, found)
        else:
            rest[key] = item
    return rest


def _parameter(entry: dict[str, object], name: str, set_name: str, where: str) -> Parameter:
    for key in entry.keys() - set(_KEYS):
        raise ParameterError(f"unknown key '{key}'", where=where, fix=nearest(key, _KEYS))
    for key in _KEYS:
        if key not in entry or (key != "note" and entry[key] == ""):
            raise ParameterError(f"{key} is missing", where=where, why="every number carries " + ", ".join(_KEYS))
    for key in ("value", "low", "high"):
        number = entry[key]
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ParameterError(f"{key} = {shorten(number)} is not a finite number", where=where)
    for key in ("unit", "grade", "source", "note"):
        if not isinstance(entry[key], str):
            raise ParameterError(f"{key} = {shorten(entry[key])} is not text", where=where)
    low, value, high = entry["low"], entry["value"], entry["high"]
    if not low <= value <= high:
        raise ParameterError(f"value {value} is outside its own range", where=where, why=f"allowed {low} to {high} {entry['unit']}")
    if entry["grade"] not in GRADES:
        raise ParameterError(f"unknown grade '{entry['grade']}'", where=where, fix=nearest(entry["grade"], GRADES))
    for key in str(entry["source"]).split():
        if key not in bibliography() and not is_doi(key):
            raise ParameterError(f"source '{key}' is not in the bibliography", where=where, fix=nearest(key, bibliography()))
    return Parameter(set_name, name, float(value), entry["unit"], float(low), float(high), *(entry[k] for k in _KEYS[4:]))
