"""What became of a swarm: how deep it came, with intervals, what was left, and books that close."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from amelo.errors import InputError
from amelo.therapy.nano.particles import MODES, Particles
from amelo.therapy.nano.swarm_run import content_of, tallied
from amelo.therapy.nano.swarm_state import History, SwarmState

__all__ = ["Quantile", "SwarmResult", "quantile_of"]

SURE = 1.959963984540054  # standard deviations of a 95 % interval


@dataclass(frozen=True)
class Quantile:
    """A quantile of depth: share of the carriers above it; depth and its 95 % interval [m]."""

    share: float
    depth: float
    low: float
    high: float


def quantile_of(depths: np.ndarray, share: float) -> Quantile:
    """Return a quantile of depths (P,) with its 95 % interval, that of the ranks, whatever the law of the depths.

    Raises: InputError when there are none.
    """
    count = len(depths)
    if not count:
        raise InputError("there is no carrier to tell depths of")
    ordered = np.sort(depths)
    half = SURE * sqrt(count * share * (1.0 - share))
    low, high = (int(np.clip(round(count * share + sign * half), 0, count - 1)) for sign in (-1.0, 1.0))
    return Quantile(share, float(np.quantile(ordered, share)), float(ordered[low]), float(ordered[high]))


@dataclass(eq=False)
class SwarmResult:
    """What became of a swarm.

    Fields: state at the end, which can go on or fork; out, the folder that holds every frame (None: none was asked for).
    """

    state: SwarmState
    out: Path | None = None

    @property
    def history(self) -> History:
        """Every frame: densities, totals, sampled ways."""
        return self.state.history

    @cached_property
    def particles(self) -> Particles:
        """Carriers in the order of their identities."""
        return self.state.particles.by_identity()

    @property
    def depth(self) -> np.ndarray:
        """Depths (P,) [m] by identity; those that left stand where they did."""
        return self.particles.depth

    def quantiles(self, shares: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> list[Quantile]:
        """Return quantiles of depth of all carriers, those that left at the mouth and at the pulp included."""
        return [quantile_of(self.depth, share) for share in shares]

    def totals(self) -> dict[str, float]:
        """Return how many carriers are in each mode."""
        found = sum(tallied(self.particles.mode, self.particles.weight, len(MODES)))
        return {name: float(found[i]) for i, name in enumerate(MODES)}

    def ledger(self) -> dict[str, dict[str, float]]:
        """Return the books of carriers, of payload [m3] and of iron oxide [kg], each with its relative error."""
        mode, weight = self.particles.mode, self.particles.weight
        state, swarm = self.state, self.state.swarm
        content = content_of(SwarmState(**{**state.__dict__, "particles": self.particles}))
        started = swarm.count * swarm.weight
        carriers = self.totals()
        payload = sum(tallied(mode, content * self.particles.payload, len(MODES)))
        full, given = float(content.sum()), float(state.released.sum() + state.remainder.sum())
        iron = swarm.carrier.iron_oxide_mass
        return {
            "carriers": {"started": started} | carriers | {"error": _error(started, sum(carriers.values()))},
            "payload": {"started": full, "released": given}
            | {name: float(payload[i]) for i, name in enumerate(MODES)}
            | {"error": _error(full, given + float(payload.sum()))},
            "iron_oxide": {"started": iron * started}
            | {name: float(iron * np.sum(weight[mode == i])) for i, name in enumerate(MODES)}
            | {"error": _error(iron * started, iron * float(weight.sum()))},
        }

    def to_dict(self) -> dict[str, Any]:
        """Return numbers of the run for programs, SI units."""
        plan, swarm = self.state.plan, self.state.swarm
        return {
            "carrier": swarm.carrier.name,
            "count": swarm.count,
            "weight": swarm.weight,
            "key": self.state.key,
            "gradient": swarm.field.gradient,
            "time": self.state.time,
            "step": plan.step,
            "steps": self.state.taken,
            "depths": [vars(q) for q in self.quantiles()],
            "carriers": self.totals(),
            "peak_volume_fraction": float(np.nanmax(self.history.crowded)),
            "ledger": self.ledger(),
            "units": {"time": "s", "step": "s", "depths": "m", "gradient": "T/m", "payload": "m3", "iron_oxide": "kg"},
        }


def _error(started: float, found: float) -> float:
    """Return how far books are from closing, over what there was at the start (0 where there was nothing)."""
    return abs(found - started) / started if started else abs(found)
