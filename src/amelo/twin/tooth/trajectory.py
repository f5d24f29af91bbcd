"""What became of a whole tooth: what was seen over hours and weeks, the tooth at the end, what was done and its price, and the years after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import InputError, nearest
from amelo.twin.provenance import Provenance
from amelo.twin.tooth.ahead import Ahead
from amelo.twin.tooth.look import HARMS, MEASURES, Harm, ToothMeasure
from amelo.twin.tooth.section import Section
from amelo.twin.tooth.state import WholeTooth

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from amelo.cite.references import Reference

__all__ = ["INTERVAL", "Event", "ToothOutcome", "ToothTrajectory"]

INTERVAL = (5.0, 95.0)  # percentiles over the members
DAY = 86400.0
CONSENT = ("none", "routine", "operative", "research")  # classes, each asks for more than the one before


@dataclass(frozen=True)
class Event:
    """Something that was done: time [s], the words of the step, time in the chair [s], relative cost, class of consent, kind of step."""

    time: float
    label: str
    duration: float
    cost: float
    consent: str
    kind: str = ""


@dataclass(frozen=True)
class ToothOutcome:
    """One outcome over the ensemble: its measure, value (median, or the share of members for what holds or does not), low and high."""

    measure: ToothMeasure | Harm
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

    Fields: time (S,) [s]; seen (S, M) by name of measure, not-a-number where only the pulp was looked at; before and after, the tooth (None
    when it was read from a file, which keeps only what can be looked at); events; provenance; projection (over years, None for none);
    kept, the sections before and after, and what the projection said, when they were read from a file.
    """

    time: np.ndarray
    seen: Mapping[str, np.ndarray]
    before: WholeTooth | None
    after: WholeTooth | None
    events: tuple[Event, ...]
    provenance: Provenance
    projection: Any = None
    kept: tuple[Section, Section, Ahead | None] | None = None

    @classmethod
    def load(cls, path: str | Path) -> ToothTrajectory:
        """Return the trajectory in a ``.zarr`` folder or ``.nc`` file: outcomes, plot and report are those of the one that was saved.

        Raises: FileError or FormatError in one sentence when there is none.
        """
        from amelo.twin.tooth.files import load_tooth_trajectory

        return load_tooth_trajectory(Path(path))

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it to ``path``, a ``.zarr`` folder or ``.nc`` file, and return it.

        Arguments: path; force (replace an earlier result).
        Raises: FileError when the place is taken or cannot be written; nothing that was there is lost then.
        """
        from amelo.twin.tooth.files import save_tooth_trajectory

        return save_tooth_trajectory(self, Path(path), force=force)

    @property
    def members(self) -> int:
        """Number of members."""
        return next(iter(self.seen.values())).shape[1]

    @property
    def chair_time(self) -> float:
        """Time in the chair [s]."""
        return sum(event.duration for event in self.events)

    @property
    def cost(self) -> float:
        """Relative cost; a composite of two surfaces is 1."""
        return sum(event.cost for event in self.events)

    @property
    def consent(self) -> str:
        """The class of consent that the most demanding step needs."""
        return max((event.consent for event in self.events), key=CONSENT.index, default=CONSENT[0])

    @cached_property
    def sections(self) -> tuple[Section, Section]:
        """The tooth before and after, as it can be looked at."""
        return self.kept[:2] if self.kept else (Section.of(self.before), Section.of(self.after))

    @cached_property
    def ahead(self) -> Ahead | None:
        """What the projection said of the years after, None without one."""
        if self.kept:
            return self.kept[2]
        return Ahead.of(self.projection) if self.projection is not None else None

    @property
    def references(self) -> list[Reference]:
        """Return the references behind the result."""
        from amelo.cite.references import references

        return references(self.citations)

    @property
    def citations(self) -> tuple[str, ...]:
        """Keys of the references behind the result, those of the years after included."""
        return tuple(dict.fromkeys((*self.provenance.citations, *(self.ahead.citations if self.ahead else ()))))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever reads the outcomes should know first, in sentences."""
        from amelo.twin.tooth.show import warnings_of

        return warnings_of(self)

    def series(self, name: str) -> np.ndarray:
        """Return what was seen of one measure (S, M).

        Raises: InputError for an unknown name.
        """
        if name not in self.seen:
            raise InputError(f"'{name}' is not measured of a tooth", fix=nearest(name, list(self.seen)))
        return self.seen[name]

    def outcomes(self, time: int = -1) -> dict[str, ToothOutcome]:
        """Return the outcomes by name, at the end or at the start.

        Arguments: time, -1 for the end, 0 for the start.
        Raises: InputError for a time at which only the pulp was looked at.
        """
        if time not in (0, -1):
            raise InputError(f"{time!r} is not the start or the end", fix="give 0 or -1, or read series(name)")
        return {m.name: summarised(m, self.seen[m.name][time]) for m in MEASURES}

    def harms(self) -> dict[str, ToothOutcome]:
        """Return by name the shares of members to which harm came since the start; what was lost before does not count."""
        start = {name: values[0] for name, values in self.seen.items()}
        end = {name: values[-1] for name, values in self.seen.items()}
        return {h.name: summarised(h, h.came(start, end).astype(float)) for h in HARMS}

    def plot(self) -> Figure:
        """Return a figure: inflammation and damage of the pulp and residual dentine over time, mineral and bacteria by depth before and after."""
        from amelo.twin.tooth.figures import draw

        return draw(self)

    def to_xarray(self) -> xarray.Dataset:
        """Return everything that was seen, by time and member, with the tooth before and after by depth, units and provenance."""
        from amelo.twin.tooth.files import dataset_of

        return dataset_of(self)

    def __repr__(self) -> str:
        """Return what it is and what came out, in a few lines."""
        from amelo.twin.tooth.show import in_words

        return in_words(self)

    def _repr_html_(self) -> str:
        from amelo.twin.tooth.show import as_html

        return as_html(self)


def summarised(measure: ToothMeasure | Harm, values: np.ndarray) -> ToothOutcome:
    """Return an outcome of members (M,): median and 90 % of them, or a share with its interval after Jeffreys."""
    if not measure.chance:
        low, middle, high = np.percentile(values, (INTERVAL[0], 50.0, INTERVAL[1]))
        return ToothOutcome(measure, float(middle), float(low), float(high))
    from scipy.special import betaincinv

    count, found = len(values), float(np.sum(values > 0.5))
    low, high = (float(betaincinv(found + 0.5, count - found + 0.5, p / 100.0)) for p in INTERVAL)
    return ToothOutcome(measure, found / count, 0.0 if found == 0 else low, 1.0 if found == count else high)
