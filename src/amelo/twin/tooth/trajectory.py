"""What became of a whole tooth: what was seen over hours and weeks, the tooth at the end, what was done and its price, and the years after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import InputError, nearest
from amelo.twin.provenance import Provenance
from amelo.twin.tooth.look import MEASURES, ToothMeasure
from amelo.twin.tooth.state import WholeTooth

if TYPE_CHECKING:
    import xarray

__all__ = ["INTERVAL", "Event", "ToothOutcome", "ToothTrajectory"]

INTERVAL = (5.0, 95.0)  # percentiles over the members
DAY = 86400.0


@dataclass(frozen=True)
class Event:
    """Something that was done: time [s], the words of the step, minutes of it in the chair [s], relative cost, class of consent."""

    time: float
    label: str
    duration: float
    cost: float
    consent: str


@dataclass(frozen=True)
class ToothOutcome:
    """One outcome over the ensemble: its measure, value (median, or the share of members for what holds or does not), low and high."""

    measure: ToothMeasure
    value: float
    low: float
    high: float

    @property
    def unit(self) -> str:
        """The unit of the numbers."""
        return self.measure.unit


@dataclass(frozen=True, eq=False, repr=False)
class ToothTrajectory:
    """The course of an ensemble of one tooth.

    Fields: time (S,) [s]; seen (S, M) by name of measure, not-a-number where only the pulp was looked at; before and after, the tooth; events;
    provenance; projection (over years, None for none).
    """

    time: np.ndarray
    seen: Mapping[str, np.ndarray]
    before: WholeTooth
    after: WholeTooth
    events: tuple[Event, ...]
    provenance: Provenance
    projection: Any = None

    @property
    def members(self) -> int:
        """Number of members."""
        return self.after.members

    @property
    def chair_time(self) -> float:
        """Time in the chair [s]."""
        return sum(event.duration for event in self.events)

    @property
    def cost(self) -> float:
        """Relative cost; a composite of two surfaces is 1."""
        return sum(event.cost for event in self.events)

    def series(self, name: str) -> np.ndarray:
        """Return what was seen of one measure (S, M).

        Raises: InputError for an unknown name.
        """
        if name not in self.seen:
            raise InputError(f"'{name}' is not measured of a tooth", fix=nearest(name, list(self.seen)))
        return self.seen[name]

    def outcomes(self) -> dict[str, ToothOutcome]:
        """Return the outcomes at the end by name."""
        return {m.name: summarised(m, self.seen[m.name][-1]) for m in MEASURES}

    def to_xarray(self) -> xarray.Dataset:
        """Return everything that was seen, by time and member, with the profiles before and after, units and provenance."""
        import xarray

        known = {m.name: m for m in MEASURES}
        data = {
            name: (("time", "member"), values, {"units": known[name].unit, "long_name": known[name].label})
            for name, values in self.seen.items()
        }
        depth = self.after.edges[:, :-1] + 0.5 * self.after.widths
        for when, tooth in (("before", self.before), ("after", self.after)):
            for name, values in (("mineral", tooth.total), ("bacteria", tooth.bacteria), ("left", tooth.left)):
                data[f"{name}_{when}"] = (("member", "cell"), values, {"units": "1"})
        coords = {
            "time": ("time", self.time / DAY, {"units": "d"}),
            "depth": (("member", "cell"), 1e3 * depth, {"units": "mm", "long_name": "depth below the sound surface"}),
        }
        return xarray.Dataset(data, coords, self.provenance.to_attributes())


def summarised(measure: ToothMeasure, values: np.ndarray) -> ToothOutcome:
    """Return an outcome of members (M,): median and 90 % of them, or a share with its interval after Jeffreys."""
    if not measure.chance:
        low, middle, high = np.percentile(values, (INTERVAL[0], 50.0, INTERVAL[1]))
        return ToothOutcome(measure, float(middle), float(low), float(high))
    from scipy.special import betaincinv

    count, found = len(values), float(np.sum(values > 0.5))
    low, high = (float(betaincinv(found + 0.5, count - found + 0.5, p / 100.0)) for p in INTERVAL)
    return ToothOutcome(measure, found / count, 0.0 if found == 0 else low, 1.0 if found == count else high)
