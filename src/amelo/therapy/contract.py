"""What every therapy is: something that is checked before it is done, changes the tooth, and has its price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.change import Change
from amelo.twin.column import Column

if TYPE_CHECKING:
    from amelo.twin.tooth.state import WholeTooth

__all__ = ["Act", "Price", "Therapy", "fading", "must_be_there", "refuse"]


@dataclass(frozen=True)
class Price:
    """What a therapy costs whoever has it.

    Fields: duration in the chair [s]; tissue removed [m of depth]; the class of consent it needs; cost (a composite of two surfaces is 1).
    Classes: "none" (what people do themselves), "routine" (established care), "operative" (tissue is removed), "research" (what no clinic
    offers).
    """

    duration: float
    tissue_removed: float = 0.0
    consent: str = "routine"
    cost: float = 0.0


class Therapy(Change, Protocol):
    """A change of the lesion twin that a plan may choose.

    ``check`` says whether it can be done to this tooth and raises a sentence when not; ``apply`` (of :class:`Change`) does it; ``account``
    gives its price.  With nothing dosed ``apply`` returns what it was given.
    """

    def check(self, column: Column) -> None:
        """Raise ParameterError in a sentence when it cannot be done to a column."""
        ...

    def account(self) -> Price:
        """Return its price."""
        ...


@dataclass(frozen=True)
class Act:
    """Something done to a whole tooth; every kind of step is a small class of this.

    A kind says what it is (``label``), whether it can be done (``check``), what it does at once (``done``) and what it costs (``account``).
    ``apply`` is for all kinds alike: a step with nothing dosed returns the very tooth it was given.  Heat and cutting of minutes are given to
    the pulp at once, as doses, because it answers over hours.

    Fields: duration [s] in the chair, 0 for not done at all.
    """

    duration: float = 0.0
    NOTHING: ClassVar[dict[str, object]] = {"duration": 0.0}  # fields that make a step of this kind do nothing
    consent: ClassVar[str] = "routine"

    @property
    def label(self) -> str:
        """What it is called in accounts and reports."""
        return type(self).__name__.lower()

    @property
    def nothing(self) -> bool:
        """Whether nothing is dosed."""
        return all(getattr(self, name) == value for name, value in self.NOTHING.items())

    def check(self, tooth: WholeTooth) -> None:
        """Raise ParameterError in a sentence when it cannot be done to a tooth."""
        must_be_there(self, tooth)

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth after it, at the same time."""
        return tooth

    def apply(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth after it, the very same for nothing."""
        if self.nothing:
            return tooth
        after = self.done(tooth)
        return replace(after, done=(*after.done, self.label))

    def account(self, tooth: WholeTooth) -> Price:
        """Return its price on a tooth."""
        return Price(self.duration, consent=self.consent)


def must_be_there(act: Act, tooth: WholeTooth) -> None:
    """Raise ParameterError when there is no tooth any more."""
    if not tooth.present:
        refuse(act, "the tooth was taken out", fix="leave it out, or do it before")


def refuse(act: Act, why: str, *, fix: str = "") -> None:
    """Raise the sentence with which an act is refused."""
    raise ParameterError(f"'{act.label}' cannot be done", why=why, fix=fix)


def fading(tooth: WholeTooth, depth: np.ndarray) -> np.ndarray:
    """Return how much of what is laid on the floor reaches each cell (M, N): 1 at the floor, falling exponentially over a depth (M,) [m]."""
    thickness = tooth.thickness
    middle = np.cumsum(thickness, axis=1) - 0.5 * thickness
    return np.where(thickness > 0.0, np.exp(-middle / depth[:, None]), 0.0)
