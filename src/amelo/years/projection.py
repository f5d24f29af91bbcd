"""What becomes of a tooth: chances by time, what they are worth, what they cost, and how far members differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.years.hazards import DECADE, Hazards
from amelo.years.states import EVENTS, ONCE, PROCEDURES, STATES, VITAL, Weights, code, event

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

__all__ = ["OUTCOMES", "Outcome", "Projection", "Worth"]

KEPT = code("gap")  # the first so many states have the tooth
OUTCOMES = {  # name: unit, what it is, where its numbers come from besides the set years
    "tooth kept": ("1", "chance that the tooth is still there", "helal2019 specialistendo2023 bader2001"),
    "pulp alive": ("1", "chance that the tooth is there with a living pulp", "bjorndal2017 coll2025 morimoto2016"),
    "restoration survival": ("1", "chance that the present restoration has not failed, were there no other losses", "opdam2014 laske2016 laske2019"),
    "no operation": ("1", "chance that nothing had to be done to the tooth", "mejare1999 opdam2014 laske2016"),
    "quality-adjusted years": ("year", "tooth-years weighted by state", "amelo2026living"),
    "cost": ("two-surface composite", "expected fees for what is done later", "amelo2026living"),
    "visits": ("1", "expected visits for what is done later", "amelo2026living"),
}  # fmt: skip
SOURCES = {  # of events: where their hazards come from
    "lesion filled": "mejare1999 mejare2004",
    "lesion reached the pulp": "mejare1999 mejare2004",
    "secondary caries": "opdam2014 laske2016",
    "other failure": "opdam2014 laske2016",
    "fracture": "bader2001 reeh1989",
    "pulp lost": "bjorndal2017 coll2025 morimoto2016",
    "tooth lost": "helal2019 specialistendo2023",
    "implant lost": "howe2019",
}


@dataclass(frozen=True)
class Worth:
    """Weights of states, and the rate [1/year] by which later years and fees count less."""

    weights: Weights
    discount: float = 0.0

    def factor(self, times: np.ndarray) -> np.ndarray:
        """Return how much quality and fees at some times [year] count."""
        return (1.0 + self.discount) ** -times


@dataclass(frozen=True)
class Outcome:
    """A number of the projection: mean over members, the range that holds nine of ten, unit, meaning, and keys of sources."""

    name: str
    mean: float
    low: float
    high: float
    unit: str
    what: str
    source: str

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain values."""
        return dict(self.__dict__)


@dataclass(frozen=True, eq=False)
class Projection:
    """A tooth of M members at T times.

    Fields: times (T,) [year]; occupied (M, T, 8), the chance of each state of ``STATES``; happened (M, T, 12), the expected count of each of
    ``EVENTS`` by then, which is a probability for what can happen once; untouched (M, T), the chance that nothing has happened; hazards; worth; seed.
    """

    times: np.ndarray
    occupied: np.ndarray
    happened: np.ndarray
    untouched: np.ndarray
    hazards: Hazards
    worth: Worth
    seed: int

    @property
    def occupancy(self) -> np.ndarray:
        """Chances of states (T, S, M)."""
        return np.moveaxis(self.occupied, 0, 2)

    @property
    def tooth_kept(self) -> np.ndarray:
        """Chance (T, M) that the tooth is there."""
        return self.occupied[:, :, :KEPT].sum(axis=2).T

    @property
    def pulp_alive(self) -> np.ndarray:
        """Chance (T, M) that the tooth is there with a living pulp."""
        return self.occupied[:, :, :VITAL].sum(axis=2).T

    @property
    def restoration_survival(self) -> np.ndarray:
        """Chance (T, M) that the present restoration has not failed, were there no other losses; 1 without one."""
        age, power = self.hazards.now_age, self.hazards.shape
        grown = ((age + self.times[:, None]) / DECADE) ** power - (age / DECADE) ** power
        return np.exp(-self.hazards.now.sum(axis=1) * grown)

    @property
    def no_operation(self) -> np.ndarray:
        """Chance (T, M) that nothing has happened: no failure, no operation, no loss."""
        return self.untouched.T

    @property
    def quality(self) -> np.ndarray:
        """Quality-adjusted tooth-years (T, M) by each time, discounted as ``worth`` says."""
        each = self.occupied @ self.worth.weights.of_states(self.hazards.lesions) * self.worth.factor(self.times)
        spans = 0.5 * (each[:, 1:] + each[:, :-1]) * np.diff(self.times)
        return np.concatenate([np.zeros((len(each), 1)), np.cumsum(spans, axis=1)], axis=1).T

    @property
    def cost(self) -> np.ndarray:
        """Expected fees (T, M) in two-surface composites for what is done by each time, discounted as ``worth`` says."""
        return self._added("cost", self.worth.factor(0.5 * (self.times[1:] + self.times[:-1])))

    @property
    def visits(self) -> np.ndarray:
        """Expected visits (T, M) for what is done by each time."""
        return self._added("visits", np.ones(len(self.times) - 1))

    def _added(self, what: str, factor: np.ndarray) -> np.ndarray:
        value, each = load_set("years").value, np.zeros(len(EVENTS))
        for name, procedure in PROCEDURES.items():
            each[event(name)] = value(f"{what}.{procedure}")
        total = self.happened @ each
        later = np.cumsum(np.diff(total, axis=1) * factor, axis=1)
        return np.concatenate([total[:, :1], total[:, :1] + later], axis=1).T

    def incidence(self, name: str) -> np.ndarray:
        """Return the expected count (T, M) of an event by each time; a probability for what can happen once.

        Raises: ParameterError for another name.
        """
        if name not in EVENTS:
            raise ParameterError(f"'{name}' is not an event", fix=nearest(name, EVENTS))
        return self.happened[:, :, event(name)].T

    def values(self, name: str) -> np.ndarray:
        """Return an outcome (T, M) by its name in ``OUTCOMES``, or the count of an event.

        Raises: ParameterError for another name.
        """
        named = {
            "tooth kept": "tooth_kept", "pulp alive": "pulp_alive", "restoration survival": "restoration_survival", "no operation": "no_operation",
            "quality-adjusted years": "quality", "cost": "cost", "visits": "visits",
        }  # fmt: skip
        if name in named:
            return getattr(self, named[name])
        if name not in EVENTS:
            raise ParameterError(f"'{name}' is neither an outcome nor an event", fix=nearest(name, (*OUTCOMES, *EVENTS)))
        return self.incidence(name)

    def outcomes(self, level: float = 0.9) -> dict[str, Outcome]:
        """Return every outcome and event at the last time: mean over members, and the range that holds a level of them."""
        return _told(lambda name: self.values(name)[-1], level)

    def against(self, other: Projection, level: float = 0.9) -> dict[str, Outcome]:
        """Return every outcome minus that of another arm, member by member, with the range of the differences.

        Raises: ParameterError for an arm of other members, times or seed, whose members are not the same people.
        """
        if self.seed != other.seed or self.untouched.shape != other.untouched.shape or not np.array_equal(self.times, other.times):
            raise ParameterError(
                "these two projections are not of the same people",
                why="members, times and seed differ",
                fix="project both with the same",
            )
        return _told(lambda name: self.values(name)[-1] - other.values(name)[-1], level)

    def to_xarray(self) -> xarray.Dataset:
        """Return chances, counts and outcomes as a labelled dataset over member, time [year], state and event."""
        import xarray as xr

        data = {
            "occupancy": (("time", "state", "member"), self.occupancy, {"units": "1", "long_name": "chance of each state"}),
            "events": (
                ("time", "event", "member"),
                np.moveaxis(self.happened, 0, 2),
                {"units": "1", "long_name": "expected count by then"},
            ),
        }
        for name, (unit, what, source) in OUTCOMES.items():
            key = name.replace("-", "_").replace(" ", "_")
            data[key] = (("time", "member"), self.values(name), {"units": unit, "long_name": what, "source": source})
        coordinates = {"time": ("time", self.times, {"units": "year"}), "state": list(STATES), "event": list(EVENTS)}
        return xr.Dataset(
            data, coordinates, {"set": f"years {load_set('years').version}", "seed": self.seed, "discount": self.worth.discount}
        )

    def plot(self) -> Figure:
        """Return a figure: the states of the tooth over time, and how often it is kept, alive and left alone."""
        from amelo.years.figures import draw

        return draw(self)

    def __repr__(self) -> str:
        """Return what it is and what came out, in a few lines."""
        lines = [f"<Projection: {self.untouched.shape[0]} members, {self.times[-1]:g} years>"]
        found = self.outcomes()
        return "\n".join(
            [*lines, *(f"  {name}: {o.mean:.3g} ({o.low:.3g} to {o.high:.3g})" for name, o in found.items() if name in OUTCOMES)]
        )

    def _repr_html_(self) -> str:
        """Return outcomes and events as tables."""
        from amelo.years.figures import html

        return html(self)


def _told(values: Callable[[str], np.ndarray], level: float) -> dict[str, Outcome]:
    tail = 0.5 * (1.0 - level)
    found = {}
    for name in (*OUTCOMES, *EVENTS):
        unit, what, source = OUTCOMES.get(
            name, ("1", "chance" if name in ONCE else "expected count", SOURCES.get(name, "amelo2026living"))
        )
        v = values(name)
        low, high = np.quantile(v, [tail, 1.0 - tail])
        found[name] = Outcome(name, float(v.mean()), float(low), float(high), unit, what, source)
    return found
