"""The chemistry of one run, arranged for the cells of a column.

The reaction table is turned to the basis in which a lesion is solved: free Ca2+, HPO4 2-, F- and H+, which minerals and pH tie
together in every cell.  All other components (acids, carbonate, magnesium, salts) are *families*: they react with the basis but not
with each other or with a solid, so that their totals are carried along linearly and only those that a run contains cost anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log

from amelo.errors import ParameterError, nearest
from amelo.twin.chemistry.table import ReactionTable, Species

__all__ = ["BASIS", "CARRIERS", "CHARGES", "LN10", "Family", "Member", "System", "build_system", "components_of", "solid_powers"]

BASIS = ("Ca", "P", "F", "H")
CARRIERS = {"Ca": "Ca+2", "P": "HPO4-2", "F": "F-"}  # the species whose free concentration is the unknown of a component
CHARGES = (2, -2, -1, 1)
LN10 = log(10.0)


@dataclass(frozen=True)
class Member:
    """One dissolved species: powers of the basis and of its family's free ion, log10 K in this basis, free-water diffusivity [m2/s]."""

    name: str
    charge: int
    powers: tuple[int, ...]
    count: int
    log_k: float
    diffusivity: float


@dataclass(frozen=True)
class Family:
    """A component whose total moves linearly: name, charge of its master species, its species (the first is the free ion)."""

    name: str
    charge: int
    members: tuple[Member, ...]
    fixed: bool = False  # bound to the matrix of a biofilm, does not move

    @property
    def inert(self) -> bool:
        """Whether it takes part in no reaction."""
        return len(self.members) == 1


@dataclass(frozen=True)
class System:
    """Species of the basis (core), families, and Davies' constants; what the recorded equations are made from."""

    core: tuple[Member, ...]
    families: tuple[Family, ...]
    davies: tuple[float, float]
    neutral_slope: float

    @property
    def components(self) -> tuple[str, ...]:
        """Names of everything that is balanced: the basis, then the families."""
        return (*BASIS, *(f.name for f in self.families))

    @property
    def charges(self) -> tuple[int, ...]:
        """Charge that each component's total carries: with them the sum over components is the charge of the fluid."""
        return (*CHARGES, *(f.charge for f in self.families))


def _shift(s: Species, table: ReactionTable) -> tuple[tuple[int, ...], float]:
    """Return powers of (Ca, HPO4, F, H) and log K of a species in the twin's basis."""
    protonation = next(x for x in table.species if x.name == CARRIERS["P"])
    phosphate = s.components.get("P", 0)
    powers = (s.components.get("Ca", 0), phosphate, s.components.get("F", 0), s.hydrogen - phosphate * protonation.hydrogen)
    return powers, s.log_k - phosphate * protonation.log_k


def solid_powers(table: ReactionTable, name: str) -> tuple[tuple[float, ...], int, float]:
    """Return what one formula unit of a solid releases in the twin's basis, its ions per formula, and log10 K of that reaction less log10 Ksp.

    Raises: ParameterError for a solid that holds a component outside the basis.
    """
    solid = table.solid(name)
    powers, offset = [0.0] * len(BASIS), 0.0
    for ion, n in solid.reaction.items():
        if ion == "H2O":
            continue
        s = next(x for x in table.species if x.name == ion)
        if set(s.components) - set(BASIS):
            raise ParameterError(
                f"the twin cannot grow or dissolve '{name}'",
                why=f"it holds {', '.join(s.components)}; only {', '.join(BASIS)} react with solids",
            )
        own, log_k = _shift(s, table)
        powers = [p + n * q for p, q in zip(powers, own, strict=True)]
        offset += n * log_k
    return tuple(powers), solid.ions, offset


@cache
def build_system(
    table: ReactionTable, present: frozenset[str], diffusivity: tuple[tuple[str, float], ...], extra: tuple[Family, ...] = ()
) -> System:
    """Arrange the species that a run needs.

    Arguments: table; present (components that any fluid of the run contains); diffusivity (pairs of species and free-water tracer
    diffusivity [m2/s], one for every species); extra (families that are not in the table: a fixed buffer, sugar).
    """
    known = dict(diffusivity)

    def member(s: Species, family: str | None) -> Member:
        if s.name not in known:
            raise ParameterError(f"no tracer diffusivity for the species '{s.name}'", fix=nearest(s.name, known))
        powers, log_k = _shift(s, table)
        return Member(s.name, s.charge, powers, s.components.get(family, 0) if family else 0, log_k, known[s.name])

    basis = {"Ca", "P", "F"}
    for s in table.species:
        if len(set(s.components) - basis) > 1:
            both = " and ".join(sorted(set(s.components) - basis))
            raise ParameterError(
                f"the twin cannot carry '{s.name}'",
                why=f"{both} would react with each other, and only {', '.join(BASIS)} may tie others together",
            )
    core = tuple(member(s, None) for s in table.species if set(s.components) <= basis)
    families = []
    for c in table.components:
        if c.name in basis or c.name not in present:
            continue
        members = [member(s, c.name) for s in table.species_of(c.name)]
        members.sort(key=lambda m: m.name != c.master)
        families.append(Family(c.name, c.charge, tuple(members)))
    constant = table.constants.value
    return System(
        core,
        (*families, *extra),
        (constant("activity.davies_a"), constant("activity.davies_b")),
        constant("activity.neutral_slope"),
    )


def components_of(fluids: Iterable[Mapping[str, float]], floor: float = 0.0) -> frozenset[str]:
    """Return the components that any of the compositions contains."""
    return frozenset(name for totals in fluids for name, amount in totals.items() if amount > floor)
