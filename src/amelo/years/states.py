"""What a tooth may be in the years after treatment, what may happen to it, and what a year of each is worth."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set

__all__ = ["EVENTS", "ONCE", "PROCEDURES", "ROWS", "ROW_STATES", "STATES", "VITAL", "Weights", "code", "event"]

STATES = ("unrestored", "filled", "refilled", "crowned", "root-treated", "root-treated and crowned", "gap", "implant")
VITAL = 4  # the first so many states have a living pulp
ROWS = ("filled", "refilled, lesions pending", "refilled", "crowned", "root-treated", "root-treated and crowned")
ROW_STATES = (1, 2, 2, 3, 4, 5)  # the state that each row of what is placed later belongs to
EVENTS = (
    "lesion filled",
    "lesion reached the pulp",
    "secondary caries",
    "other failure",
    "fracture",
    "pulp lost",
    "tooth lost",
    "implant lost",
    "filling placed",
    "crown placed",
    "root treatment",
    "implant placed",
)
ONCE = ("lesion reached the pulp", "pulp lost", "tooth lost", "implant lost")  # expected counts of these are probabilities
PROCEDURES = {"filling placed": "filling", "crown placed": "crown", "root treatment": "root_treatment", "tooth lost": "extraction", "implant placed": "implant"}  # fmt: skip


def code(state: str) -> int:
    """Return the place of a state."""
    return STATES.index(state)


def event(name: str) -> int:
    """Return the place of an event."""
    return EVENTS.index(name)


@dataclass(frozen=True)
class Weights:
    """What a year in each state is worth, 0 to 1; whoever has the tooth may set them.

    Fields: sound (no lesion, no restoration), arrested (lesions arrested, sealed, infiltrated or not yet filled), filled, refilled,
    crowned, root_treated, root_treated_crowned, gap, implant.
    Raises: ParameterError for a weight outside 0 to 1.
    """

    sound: float
    arrested: float
    filled: float
    refilled: float
    crowned: float
    root_treated: float
    root_treated_crowned: float
    gap: float
    implant: float

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not (isinstance(value, int | float | np.floating) and 0.0 <= value <= 1.0):
                raise ParameterError(f"the weight of {f.name} is {value!r}", why="a weight is a number from 0 to 1")

    @classmethod
    def default(cls, **changed: float) -> Weights:
        """Return the declared weights of the set ``years``, with those changed that are given."""
        value = load_set("years").value
        return cls(**{f.name: value(f"weight.{f.name}") for f in fields(cls)} | changed)

    def of_states(self, lesions: bool) -> np.ndarray:
        """Return the weight of each state (8,).

        Arguments: lesions, whether the unrestored tooth has any.
        """
        first = self.arrested if lesions else self.sound
        return np.array([first, *(getattr(self, f.name) for f in fields(self)[2:])])
