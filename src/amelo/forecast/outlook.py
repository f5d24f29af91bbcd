"""What one model says of one event on one tooth: draws of its cumulative hazard, what drives it, what is not known.

Every model of this package returns outlooks on the same times; :mod:`amelo.forecast.competing` turns them into cumulative
incidences,
since a tooth that is lost can no longer decay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

__all__ = ["EVENTS", "Change", "Driver", "Event", "Missing", "Outlook"]

Event = Literal["tooth loss", "caries onset", "progression", "restoration failure"]
EVENTS: tuple[Event, ...] = ("tooth loss", "caries onset", "progression", "restoration failure")


@dataclass(frozen=True)
class Driver:
    """One additive part of the logarithm of the hazard, against the average tooth that the model was made from.

    Arguments: name (a column or parameter of the model), words (for people), value (as recorded, with unit), effect (difference of
    the
    log hazard [1]; the effects of an outlook add up to the whole difference).
    """

    name: str
    words: str
    value: str
    effect: float


@dataclass(frozen=True)
class Missing:
    """An input that is not known, and what knowing it is worth.

    Arguments: name, words; share (part of the variance of the log hazard that goes when it is known, 0 to 1).
    """

    name: str
    words: str
    share: float


@dataclass(frozen=True)
class Change:
    """Something that could be done, and the log hazard afterwards against now.

    Arguments: words (what to do), effect (difference of the log hazard [1], negative when it helps), source (bib key), grade.
    """

    words: str
    effect: float
    source: str
    grade: str


@dataclass(frozen=True)
class Outlook:
    """One event on one tooth or surface.

    Arguments: event; tooth (FDI); model (hash of the artefact); surface ("" for the whole tooth); stage (such as "E2 to D1", ""
    where
    there is none); hazard (draws × times, cumulative cause-specific hazard [1], starting at 0); drivers, missing, changes, each
    with the
    largest first; outlasts (coverage [1] and
    the time [y] that such a share of teeth like it outlasts); abstained (a sentence that says why nothing is forecast, "" otherwise;
    hazard is then None).
    """

    event: Event
    tooth: int
    model: str
    surface: str = ""
    stage: str = ""
    hazard: np.ndarray | None = None
    drivers: tuple[Driver, ...] = ()
    missing: tuple[Missing, ...] = ()
    changes: tuple[Change, ...] = ()
    outlasts: tuple[tuple[float, float], ...] = ()
    abstained: str = ""
