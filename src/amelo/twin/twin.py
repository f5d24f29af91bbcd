"""The twin of a tooth sample or of a surface of a patient's tooth: what is known of it, ready to become an ensemble of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from amelo.errors import CommandError
from amelo.params.load import Parameter
from amelo.records.case import Case
from amelo.records.specimen import Specimen
from amelo.twin.build import column_of
from amelo.twin.column import Column

if TYPE_CHECKING:
    from amelo.twin.tooth.twin import ToothTwin

__all__ = ["Twin"]


@dataclass(frozen=True)
class Twin:
    """A specimen, the patient it belongs to when there is one, and what had to be assumed.

    ``Twin.of(specimen)`` or ``Twin.of(case, tooth=36, surface="O")``; ``Twin.of(specimen).changed(with_my_phase)`` adds to it.
    ``Twin.of(case, tooth=36)`` is the twin of the whole tooth, a :class:`~amelo.twin.tooth.twin.ToothTwin`.
    Fields: specimen; case; assumed (sentences); changes (functions from a column to a column, made one after the other).
    """

    specimen: Specimen
    case: Case | None = None
    assumed: tuple[str, ...] = ()
    changes: tuple[Callable[[Column], Column], ...] = ()

    @classmethod
    def of(
        cls, source: Specimen | Case, *, tooth: int | str | None = None, surface: str | None = None, site: str = "crown"
    ) -> Twin | ToothTwin:
        """Return the twin of a specimen, of a surface of a tooth of a case, or of a whole tooth of it.

        Arguments: source; tooth (FDI number), surface (its letter, None for the whole tooth) and site (crown or root) of a case.
        Raises: RecordError when there is no such tooth, or nothing of it to look at; CommandError for a tooth or a surface that is missing.
        """
        if isinstance(source, Specimen):
            return cls(source)
        if tooth is None:
            fix = 'for example tooth=36, and surface="O" for the column of a surface alone'
            raise CommandError("tooth is missing", why="a case has many", fix=fix)
        if surface is None:
            from amelo.twin.tooth.twin import ToothTwin

            if site != "crown":
                what = f"a whole tooth has no site '{site}'"
                raise CommandError(
                    what, why="it is looked at under a lesion of its crown", fix='name a surface, such as surface="B"'
                )
            return ToothTwin.of(source, tooth)
        from amelo.twin.tooth_surface import specimen_of_case

        specimen, assumed = specimen_of_case(source, tooth, surface, site=site)
        return cls(specimen, source, tuple(assumed))

    @property
    def name(self) -> str:
        """What the specimen is called."""
        return self.specimen.name

    def column(self, *, members: int = 1, seed: int = 0, values: Mapping[str, ArrayLike] | None = None) -> Column:
        """Return an ensemble of columns; member 0 has the central values.

        Arguments: members; seed of what is drawn; values (members,) by the name of their parameter, that replace what would be drawn.
        """
        column = column_of(self.specimen, members=members, seed=seed, values=values)
        if column.biofilm is not None and self.case is not None:
            from amelo.twin.saliva import resting_fluid, saliva_profile

            fluid = resting_fluid(saliva_profile(self.case), column.temperature)  # the patient's own
            column = replace(column, biofilm=replace(column.biofilm, fluid=fluid))
        for change in self.changes:
            changed = change(column)
            if not isinstance(changed, Column) or changed.members != column.members:
                what = f"{_name(change)} did not return a column of {column.members} members"
                raise CommandError(what, why="a change takes a column and returns one")
            if changed.changes == column.changes:  # whatever it did, the provenance says that something was done
                changed = replace(changed, changes=(*column.changes, f"column changed by {_name(change)}"))
            column = changed
        return column

    def changed(self, change: Callable[[Column], Column]) -> Twin:
        """Return this twin with one more change made to its column before it is simulated.

        Arguments: change (takes a column of any number of members and returns one, as ``amelo.twin.extension`` makes them).
        """
        return replace(self, changes=(*self.changes, change))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every constant that the column is made from."""
        from amelo.records.specimen_parameters import catalogue

        return tuple(catalogue(self.specimen).values())


def _name(change: Callable) -> str:
    return getattr(change, "__qualname__", repr(change))
