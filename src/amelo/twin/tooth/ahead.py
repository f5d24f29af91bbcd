"""What a projection over years said, as plain numbers that travel in files: outcomes, and the chances of states over time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Ahead", "FarOutcome"]


@dataclass(frozen=True)
class FarOutcome:
    """One number of the years after: its name, mean over members, the range of nine in ten of them, unit, what it is, keys of its sources."""

    name: str
    mean: float
    low: float
    high: float
    unit: str
    what: str
    source: str


@dataclass(frozen=True)
class Ahead:
    """The years after: outcomes at their end; times [year]; states, and the mean chance of each at each time, by name."""

    outcomes: tuple[FarOutcome, ...]
    times: tuple[float, ...]
    states: dict[str, tuple[float, ...]]

    @classmethod
    def of(cls, projection: Any) -> Ahead:
        """Return what a projection says of itself through its own methods."""
        seen = projection.to_xarray()
        chance = seen["occupancy"].mean("member")
        return cls(
            tuple(FarOutcome(o.name, o.mean, o.low, o.high, o.unit, o.what, o.source) for o in projection.outcomes().values()),
            tuple(float(t) for t in seen["time"].values),
            {str(name): tuple(float(v) for v in chance.sel(state=name).values) for name in seen["state"].values},
        )

    @property
    def years(self) -> float:
        """How far it looks [year]."""
        return self.times[-1]

    @property
    def citations(self) -> tuple[str, ...]:
        """Keys of the sources of its outcomes."""
        return tuple(dict.fromkeys(key for o in self.outcomes for key in o.source.split()))

    def to_text(self) -> str:
        """Return everything as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Ahead:
        """Return what :meth:`to_text` wrote.

        Raises: KeyError, TypeError or ValueError for what is damaged.
        """
        data = json.loads(text)
        states = {name: tuple(values) for name, values in data["states"].items()}
        return cls(tuple(FarOutcome(**o) for o in data["outcomes"]), tuple(data["times"]), states)
