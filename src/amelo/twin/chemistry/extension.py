"""Reactions from a file outside amelo: components, species, solids and salts joined to a table, under the rules of the shipped ones.

One TOML text holds structure and numbers; every number carries value, unit, low, high, grade, source and note::

    [set]                         # name, version, about, temperature_C
    [component.Sr]                # master, charge, names; tracer_diffusivity of the master species
    [species."CaSO4"]             # charge, components, hydrogen, water; log_k, tracer_diffusivity
    [solid.ACP]                   # formula, ions, reaction, about, names; pk, and what a phase of it needs: molar_volume, rates
    [salt]                        # SrCl2 = {Sr = 1, Cl = 2}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

from amelo.errors import MixedSetError, ParameterError, nearest, shorten
from amelo.params import Parameter, ParameterSet, parse_set
from amelo.twin.chemistry.table import Component, ReactionTable, Solid, Species, join

__all__ = ["extended_table"]

SHAPES: dict[str, dict[str, type]] = {
    "component": {"master": str, "charge": int, "names": str},
    "species": {"charge": int, "components": Mapping, "hydrogen": int, "water": int},
    "solid": {"formula": str, "ions": int, "reaction": Mapping, "about": str, "names": list},
}
OPTIONAL = ("about", "names")
NUMBERS = {  # group: number: units it may have; the first of a group that must be there
    "component": {"tracer_diffusivity": ("m2/s",)},
    "species": {"log_k": ("1",), "tracer_diffusivity": ("m2/s",)},
    "solid": {
        "pk": ("1",),
        "molar_volume": ("cm3/mol", "m3/mol"),
        "growth_rate": ("mol/(L s)", "mol/(m3 s)"),
        "dissolution_rate": ("mol/(L s)", "mol/(m3 s)"),
    },
}
NEUTRAL = 1e-9  # charges of a reaction that are no charge


def extended_table(base: ReactionTable, text: str, *, where: str = "added reactions") -> ReactionTable:
    """Return a reaction table with what a TOML text adds to it.

    Arguments: base; text (see the head of this module); where (name of the file, for messages).
    Returns: a table whose constants are those of the base and the new ones: ``pk.<solid>``, ``log_k.<species>``,
    ``tracer_diffusivity.<species>``, and ``molar_volume``, ``growth_rate`` and ``dissolution_rate`` of a solid where they are given.
    Raises: ParameterError for a missing or unknown key, a number without its source, a name that is taken, an unknown ion, charges
    that do not balance; MixedSetError for constants of another temperature.
    """
    found = parse_set(text, where=where)
    if found.temperature is None:
        raise ParameterError("temperature_C is missing", where=f"{where}: [set]", why="constants hold at one temperature")
    if found.temperature != base.constants.temperature:
        what = f"constants at {found.temperature:g} °C cannot be added to a table at {base.constants.temperature:g} °C"
        raise MixedSetError(what, where=where, why="log K and pK change with temperature")
    groups = {name: dict(entries) for name, entries in found.structure.items()}
    for name in groups.keys() - {*SHAPES, "salt"}:
        raise ParameterError(f"unknown table [{name}]", where=where, fix=nearest(name, (*SHAPES, "salt")))
    for group in SHAPES:
        for name, entry in groups.get(group, {}).items():
            _check_entry(group, name, entry, found, f"{where}: {group}.{name}")
    _check_numbers(found, groups, where)
    taken = {*base.names, *(s.name for s in base.species), *(n for s in base.solids for n in (s.name, *s.names))}
    for name in (n for group in SHAPES for n in groups.get(group, {})):
        if name in taken:
            raise ParameterError(f"'{name}' is in the table already", where=where, fix="give it another name")
    constants = _joined(base.constants, found)
    components = (*base.components, *(Component(n, c["master"], c["charge"], c["names"]) for n, c in _of(groups, "component")))
    masters = [Species(c["master"], c["charge"], {n: 1}, 0, 0, 0.0) for n, c in _of(groups, "component")]
    formed = [_species(n, s, components, constants, where) for n, s in _of(groups, "species")]
    first = 1 + len(base.components)  # H+ and the master species come before what is formed from them
    species = (*base.species[:first], *masters, *base.species[first:], *formed)
    solids = (*base.solids, *(_solid(n, s, species, constants, where) for n, s in _of(groups, "solid")))
    try:
        return join(constants, components, species, solids, {**base.salts, **groups.get("salt", {})})
    except ParameterError as error:
        raise ParameterError(error.what, where=error.where.replace("reactions.toml", where), why=error.why, fix=error.fix) from None


def _of(groups: Mapping[str, Mapping[str, Any]], group: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list(groups.get(group, {}).items())


def _check_entry(group: str, name: str, entry: object, found: ParameterSet, where: str) -> None:
    shape = SHAPES[group]
    if not isinstance(entry, Mapping):
        raise ParameterError(f"{shorten(entry)} is not a table", where=where)
    for key in entry.keys() - shape.keys():
        raise ParameterError(f"unknown key '{key}'", where=where, fix=nearest(key, (*shape, *NUMBERS[group])))
    for key, kind in shape.items():
        if key not in entry:
            if key in OPTIONAL and group == "solid":
                continue
            raise ParameterError(f"{key} is missing", where=where)
        if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            words = {str: "text", int: "a whole number", Mapping: "a table", list: "a list"}
            raise ParameterError(f"{key} = {shorten(entry[key])} is not {words[kind]}", where=where)
    needed = [n for n in NUMBERS[group] if n in ("pk", "log_k", "tracer_diffusivity")]
    for number in needed:
        if f"{group}.{name}.{number}" not in found.parameters:
            raise ParameterError(f"{number} is missing", where=where)


def _check_numbers(found: ParameterSet, groups: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Refuse a number that belongs to nothing, or has another unit than it should."""
    for parameter in found:
        group, _, rest = parameter.name.partition(".")
        name, _, number = rest.rpartition(".")
        place = f"{where}: {parameter.name}"
        if group not in NUMBERS or name not in groups.get(group, {}):
            raise ParameterError("this number belongs to no component, species or solid of the file", where=place)
        units = NUMBERS[group].get(number)
        if units is None:
            raise ParameterError(f"unknown number '{number}'", where=place, fix=nearest(number, NUMBERS[group]))
        if parameter.unit not in units:
            raise ParameterError(f"the unit {parameter.unit} does not fit", where=place, fix=nearest(parameter.unit, units))


def _joined(base: ParameterSet, found: ParameterSet) -> ParameterSet:
    """Return both sets as one, the new numbers under the names that the shipped sets use."""
    masters = {name: entry["master"] for name, entry in found.structure.get("component", {}).items()}
    added: dict[str, Parameter] = {}
    for parameter in found:
        group, _, rest = parameter.name.partition(".")
        name, _, number = rest.rpartition(".")
        own = f"{number}.{masters[name] if group == 'component' else name}"
        added[own] = replace(parameter, name=own)
    return replace(
        base,
        name=f"{base.name} + {found.name}",
        version=f"{base.version} + {found.version}",
        about=f"{base.about}; {found.about}",
        parameters={**base.parameters, **added},
    )


def _species(name: str, entry: Mapping, components: tuple[Component, ...], constants: ParameterSet, where: str) -> Species:
    known = [c.name for c in components]
    for component, count in entry["components"].items():
        if component not in known:
            what = f"'{component}' is not a component"
            raise ParameterError(what, where=f"{where}: species.{name}", fix=nearest(component, known, limit=30))
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ParameterError(f"{component} = {shorten(count)} is not a whole number above 0", where=f"{where}: species.{name}")
    value = constants.value(f"log_k.{name}")
    return Species(name, entry["charge"], dict(entry["components"]), entry["hydrogen"], entry["water"], value)


def _solid(name: str, entry: Mapping, species: tuple[Species, ...], constants: ParameterSet, where: str) -> Solid:
    charges, place = {s.name: s.charge for s in species} | {"H2O": 0}, f"{where}: solid.{name}"
    for ion, count in entry["reaction"].items():
        if ion not in charges:
            raise ParameterError(f"'{ion}' is not a species", where=place, fix=nearest(ion, charges))
        if not isinstance(count, Real) or isinstance(count, bool):
            raise ParameterError(f"{ion} = {shorten(count)} is not a number", where=place)
    charge = sum(count * charges[ion] for ion, count in entry["reaction"].items())
    if abs(charge) > NEUTRAL:
        raise ParameterError(f"the ions of the reaction carry a charge of {charge:+g}", where=place, why="a solid is neutral")
    if entry["ions"] < 1:
        raise ParameterError(f"ions = {entry['ions']} is out of range", where=place, why="at least 1")
    names = tuple(str(n) for n in entry.get("names", ()))
    pk = constants.value(f"pk.{name}")
    return Solid(name, entry["formula"], dict(entry["reaction"]), entry["ions"], -pk, entry.get("about", ""), names)
