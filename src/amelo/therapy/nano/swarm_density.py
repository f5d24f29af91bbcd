"""The question that a swarm answers, answered by the density of its carriers: no chance, no pictures, milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.therapy.nano.swarm import Swarm
from amelo.therapy.nano.tiers import choose

__all__ = ["Followed", "followed", "tier_for"]

DILUTE = 1e-6  # carriers that stand for all where they do not take up room: the equations are linear then
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, eq=False)
class Followed:
    """What became of the carriers of a swarm, by their density.

    Fields: time [s]; depths [m] above which the ``SHARES`` of all carriers are, those that left by the mouth counted at 0; totals
    (carriers by what became of them); released (share of the payload); imbalance (relative) of carriers and of payload.
    """

    time: float
    depths: tuple[float, ...]
    totals: dict[str, float]
    released: float
    imbalance: tuple[float, float]


def tier_for(swarm: Swarm, *, forced: str = "") -> tuple[str, str]:
    """Return the tier that answers for a swarm, and why: ("density" or "particles", a sentence).

    Arguments: swarm; forced (one of the two, over what would be chosen).
    """
    low, high = swarm.release
    edges = swarm.passage.edges
    volume = float((swarm.room * _share(edges, low, high)).sum())
    return choose(swarm.passage, swarm.carrier, swarm.count * swarm.weight / volume, forced=forced)


def followed(swarm: Swarm, duration: float) -> Followed:
    """Return what becomes of the carriers of a swarm in a time, by their density.

    Arguments: swarm; duration [s].
    Raises: ParameterError for a swarm of several sizes, which has no one density.
    Assumptions: those of :func:`amelo.therapy.nano.density.carry`.
    """
    from amelo.therapy.nano.density import State, carry, imbalance
    from amelo.therapy.nano.measures import depth_quantile

    if swarm.sizes > 1:
        raise ParameterError("carriers of several sizes have no one density", fix="take particles, or sizes = 1")
    edges, count = swarm.passage.edges, swarm.count * swarm.weight if swarm.crowding else DILUTE
    share = _share(edges, *swarm.release) * np.diff(edges)
    start = count * share / share.sum() / np.diff(edges)
    state = State.empty(swarm.passage)._replace(
        free=start, free_load=start, entered=np.asarray(count), entered_load=np.asarray(count)
    )
    outside = None if swarm.mouth == "closed" else 0.0
    after, _ = carry(
        swarm.passage,
        swarm.carrier,
        swarm.field,
        state,
        outside=outside,
        duration=duration,
        ph=swarm.ph,
        saturation=swarm.saturation,
    )
    home, size = float(after.home), np.diff(edges)
    inside = np.maximum((count * np.array(SHARES) - home) / max(count - home, 1e-300), 0.0)  # of those that did not go home
    depths = np.asarray(depth_quantile(after, swarm.passage, np.minimum(inside, 1.0)))
    each = swarm.count * swarm.weight / count
    totals = {name: each * float((np.asarray(getattr(after, name)) * size).sum()) for name in ("free", "stuck", "plug")}
    return Followed(
        duration,
        tuple(float(x) if s > 0.0 else 0.0 for x, s in zip(depths, inside, strict=True)),
        totals | {"home": each * home, "pulp": each * float(after.pulp)},
        float((np.asarray(after.released) * size).sum() / count),
        imbalance(swarm.passage, after),
    )


def _share(edges: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the share of every cell that lies between two depths, of the cell they are in when they are one."""
    if high > low:
        return np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0, None) / np.diff(edges)
    cell = min(int(np.searchsorted(edges, low, side="right")) - 1, len(edges) - 2)
    return (np.arange(len(edges) - 1) == cell).astype(float)
