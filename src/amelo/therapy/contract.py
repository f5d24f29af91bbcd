"""What every therapy is: something that is checked before it is done, changes the tooth, and has its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amelo.twin.change import Change
from amelo.twin.column import Column

__all__ = ["Price", "Therapy"]


@dataclass(frozen=True)
class Price:
    """What a therapy costs whoever has it: duration in the chair [s], tissue removed [m of depth], and the class of consent it needs.

    Classes: "none" (what people do themselves), "routine" (established care), "operative" (tissue is removed), "research" (what no clinic
    offers).
    """

    duration: float
    tissue_removed: float = 0.0
    consent: str = "routine"


class Therapy(Change, Protocol):
    """A change of the tooth that a plan may choose.

    ``check`` says whether it can be done to this tooth and raises a sentence when not; ``apply`` (of :class:`Change`) does it; ``account``
    gives its price.  With nothing dosed ``apply`` returns what it was given.
    """

    def check(self, column: Column) -> None:
        """Raise ParameterError in a sentence when it cannot be done to a column."""
        ...

    def account(self) -> Price:
        """Return its price."""
        ...
