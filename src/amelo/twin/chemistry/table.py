"""The reaction table: species, components and solids joined with one set of constants, ready for the kernels.

Stoichiometry comes from ``reactions.toml``, numbers from a set in ``amelo.params``; whatever the kernels know about chemistry,
they know from here.  A new species is a line in ``reactions.toml`` and a ``log_k`` in each set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations

from amelo.errors import ParameterError, nearest
from amelo.params import ParameterSet, load_set

__all__ = ["SETS", "Component", "ReactionTable", "Solid", "Species", "build_table", "join", "reaction_table"]

SETS = {37.0: "dental-37C", 25.0: "dental-25C"}  # temperature in degrees Celsius: name of the set


@dataclass(frozen=True, slots=True)
class Component:
    """What a laboratory measures as a total: its name, its master species and that species' charge."""

    name: str
    master: str
    charge: int
    about: str


@dataclass(frozen=True, slots=True)
class Species:
    """One dissolved species and how it forms from master species, H+ and H2O."""

    name: str
    charge: int
    components: Mapping[str, int]
    hydrogen: int
    water: int
    log_k: float


@dataclass(frozen=True, slots=True)
class Solid:
    """One mineral: the ions a formula unit releases, log10 Ksp, and the number of ions in its degree of saturation."""

    name: str
    formula: str
    reaction: Mapping[str, float]
    ions: int
    log_k: float
    about: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ReactionTable:
    """Everything the equations need, in a fixed order.

    ``centres`` are the components that complexes have in common (calcium, magnesium): given their activities, every other
    component's mass balance has one unknown and a closed solution, which is what makes the kernels small and fast.
    """

    constants: ParameterSet
    components: tuple[Component, ...]
    species: tuple[Species, ...]
    solids: tuple[Solid, ...]
    centres: tuple[str, ...]
    salts: Mapping[str, Mapping[str, int]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the components, in the order of every array of totals."""
        return tuple(component.name for component in self.components)

    @property
    def inert(self) -> tuple[str, ...]:
        """Components that react with nothing, so that they may close the charge balance."""
        return tuple(c.name for c in self.components if len(self.species_of(c.name)) == 1)

    def species_of(self, component: str) -> tuple[Species, ...]:
        """Return the species that contain a component."""
        return tuple(species for species in self.species if component in species.components)

    def component(self, name: str) -> Component:
        """Return a component by its name."""
        return next(component for component in self.components if component.name == name)

    def solid(self, name: str) -> Solid:
        """Return a solid by its name or one of its other names, in any case.

        Raises: ParameterError naming the nearest valid spelling.
        """
        spellings = {spelling.casefold(): s for s in self.solids for spelling in (*s.names, s.name)}
        try:
            return spellings[name.casefold()]
        except KeyError:
            valid = [spelling for s in self.solids for spelling in (s.name, *s.names)]
            raise ParameterError(f"'{name}' is not a known phase", fix=nearest(name, valid, limit=40)) from None

    @property
    def sources(self) -> tuple[str, ...]:
        """Citation keys of every constant in the set."""
        return tuple(dict.fromkeys(key for p in self.constants for key in p.source.split()))


@cache
def reaction_table(temperature: float = 37.0) -> ReactionTable:
    """Return the reaction table at a temperature.

    Arguments: temperature [degrees Celsius], 37 or 25.
    Raises: ParameterError at any other temperature, because no consistent set of constants exists there.
    """
    if float(temperature) not in SETS:
        raise ParameterError(
            f"temperature {temperature:g} °C has no set of constants",
            why="solubility products and pKs of one consistent set exist at 37 °C (the mouth) and 25 °C (the bench) only",
            fix="use 37 or 25",
        )
    reactions = tomllib.loads((files(__package__) / "reactions.toml").read_text("utf-8"))
    return build_table(reactions, load_set(SETS[float(temperature)]))


def build_table(reactions: Mapping[str, Mapping], constants: ParameterSet) -> ReactionTable:
    """Join reactions with constants.

    Arguments: reactions (as in ``reactions.toml``), constants (a set with ``log_k`` and ``pk`` tables).
    Raises: ParameterError for a reaction without a constant, an unknown ion, or a structure that the closed forms do not cover.
    """
    components = tuple(Component(n, c["master"], c["charge"], c["names"]) for n, c in reactions["component"].items())
    species = _species(reactions, components, constants)
    known = {s.name for s in species} | {"H2O"}
    solids = tuple(_solid(name, s, known, constants) for name, s in reactions["solid"].items())
    return join(constants, components, species, solids, reactions["salt"])


def join(
    constants: ParameterSet,
    components: tuple[Component, ...],
    species: tuple[Species, ...],
    solids: tuple[Solid, ...],
    salts: Mapping[str, Mapping[str, int]],
) -> ReactionTable:
    """Return the table of these parts, after checking that charges balance and that the closed forms cover the complexes."""
    _check_charges(species, components)
    return ReactionTable(constants, components, species, solids, _centres(species), salts)


def _species(reactions: Mapping[str, Mapping], components: tuple[Component, ...], constants: ParameterSet) -> tuple[Species, ...]:
    masters = [Species("H+", 1, {}, 1, 0, 0.0)]
    masters += [Species(c.master, c.charge, {c.name: 1}, 0, 0, 0.0) for c in components]
    formed = [
        Species(n, s["charge"], s["components"], s["hydrogen"], s["water"], constants.value(f"log_k.{n}"))
        for n, s in reactions["species"].items()
    ]
    return tuple(masters + formed)


def _solid(name: str, entry: Mapping, known: set[str], constants: ParameterSet) -> Solid:
    for ion in entry["reaction"].keys() - known:
        raise ParameterError(f"'{ion}' is not a species", where=f"reactions.toml: solid.{name}", fix=nearest(ion, known))
    pk, names = constants.value(f"pk.{name}"), tuple(entry["names"])
    return Solid(name, entry["formula"], entry["reaction"], entry["ions"], -pk, entry["about"], names)


def _check_charges(species: tuple[Species, ...], components: tuple[Component, ...]) -> None:
    charge_of = {c.name: c.charge for c in components}
    for s in species:
        if abs(s.charge) > 3:
            raise ParameterError(
                f"charge {s.charge:+d} is too high", where=f"reactions.toml: species.{s.name}", why="allowed -3 to +3"
            )
        expected = s.hydrogen + sum(n * charge_of[c] for c, n in s.components.items())
        if s.charge != expected:
            raise ParameterError(
                f"charge {s.charge:+d} does not balance", where=f"reactions.toml: species.{s.name}", fix=f"use {expected:+d}"
            )


def _centres(species: tuple[Species, ...]) -> tuple[str, ...]:
    """Return the smallest set of components that every complex of two components has a member of."""
    pairs = {tuple(s.components) for s in species if len(s.components) > 1}
    pool = sorted({name for pair in pairs for name in pair})
    covers = (
        set(chosen)
        for size in range(len(pool) + 1)
        for chosen in combinations(pool, size)
        if all(sum(name not in chosen for name in pair) <= 1 for pair in pairs)
        and all(s.components[name] <= 2 for s in species for name in s.components if name not in chosen)
    )
    cover = next(covers, None)
    if cover is None:
        raise ParameterError(
            "a component combines more than twice with itself",
            where="reactions.toml",
            why="its mass balance would have no closed solution",
        )
    return tuple(name for name in pool if name in cover)
