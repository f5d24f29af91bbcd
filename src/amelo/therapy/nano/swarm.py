"""A swarm: so many carriers in a passage under a field, moved one by one, from a key that stands for all that is random.

::

    from amelo import nano

    swarm = nano.Swarm(nano.tubule(), nano.Carrier.named("caps-400"), nano.Field(gradient=1.0), 4000, crowding=False)
    result = swarm.run(7, 1200.0)
    print(result.quantiles())
    futures = result.state.fork(2, fields=[swarm.field, swarm.field.reversed()])
    print([future.run(600.0).quantiles() for future in futures])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.motion import sphere_volume
from amelo.therapy.nano.passage import Passage, flow

if TYPE_CHECKING:
    from amelo.therapy.nano.swarm_result import SwarmResult
    from amelo.therapy.nano.swarm_state import SwarmState

__all__ = ["MOST", "Swarm", "checked_key"]

MOST = 100_000_000  # carriers, and steps of a run
HOP = 1e-7  # m, the longest mean kick of a step that is chosen by itself
MOUTHS = ("closed", "open")
OF_CELL = 0.05  # of the square of the narrowest cell over the diffusivity: a step beyond leaps over cells
ENDS = (0.005, 0.995)  # share of sizes that classes of equal number stand for


@dataclass(frozen=True, eq=False)
class Swarm:
    """Carriers in a passage under a field.

    Fields: passage; carrier; field; count of carriers that are moved; weight, carriers that one stands for; release, depths [m]
    between which they start; mouth ("closed": what comes to it is thrown back; "open": it is gone, as in a rinsed mouth); ph and
    saturation (share of the payload's solid) of the fluid, numbers or one for each cell (N,); crowding (whether they take up room: gel, jam
    and stop those behind); sizes (classes of diameters of equal number that stand for their spread, 1: all alike).
    Raises: ParameterError for what cannot be.
    """

    passage: Passage
    carrier: Carrier
    field: Field
    count: int = 4000
    weight: float = 1.0
    release: tuple[float, float] = (0.0, 0.0)
    mouth: str = "closed"
    ph: Any = 7.0
    saturation: Any = 0.0
    crowding: bool = True
    sizes: int = 1

    def __post_init__(self) -> None:
        length = float(self.passage.edges[-1])
        if not 1 <= self.count <= MOST:
            raise ParameterError(f"{self.count} carriers are out of range", why=f"allowed 1 to {MOST:,}", fix="use a weight")
        if not (isfinite(self.weight) and self.weight > 0.0):
            raise ParameterError(f"a weight of {self.weight:g} is out of range", why="a carrier stands for more than 0 carriers")
        if self.mouth not in MOUTHS:
            raise ParameterError(f"'{self.mouth}' is no mouth of a passage", fix=nearest(self.mouth, MOUTHS))
        if not 1 <= self.sizes <= 100:
            raise ParameterError(f"{self.sizes} classes of size are out of range", why="allowed 1 to 100")
        low, high = self.release
        if not 0.0 <= low <= high <= length:
            why = f"the passage reaches from 0 to {length * 1e6:g} µm, and the first depth is not the larger one"
            raise ParameterError(f"carriers cannot start between {low * 1e6:g} and {high * 1e6:g} µm", why=why)
        cells = len(self.passage.edges) - 1
        for name in ("ph", "saturation"):
            value = np.asarray(getattr(self, name), float)
            if value.ndim and value.shape != (cells,):
                raise ParameterError(f"{name} has the shape {value.shape}", why=f"one number, or one for each of {cells} cells")
            if not (np.isfinite(value).all() and (value >= 0.0).all()):
                raise ParameterError(f"{name} is out of range", why="it is a number of at least 0")
        flow(self.passage, self.carrier.changed(diameter=max(self.diameters)), self.field)  # refuses what does not fit
        if self.crowding:
            self._check_room()

    @property
    def diameters(self) -> tuple[float, ...]:
        """Diameters [m] of the classes of size."""
        from scipy.special import ndtri

        if self.sizes == 1 or not self.carrier.diameter_spread:
            return (self.carrier.diameter,)
        middle = ENDS[0] + (ENDS[1] - ENDS[0]) * (np.arange(self.sizes) + 0.5) / self.sizes
        return tuple(float(d) for d in self.carrier.diameter * (1.0 + self.carrier.diameter_spread * ndtri(middle)))

    @property
    def room(self) -> np.ndarray:
        """Volume (N,) [m3] of the cells."""
        passage = self.passage
        middle = 0.5 * (passage.width[:-1] + passage.width[1:])
        return passage.area(middle) * np.diff(passage.edges)

    def _check_room(self) -> None:
        """Refuse more carriers than fit where they start."""
        most = load_set(SCENE).value("packing.close")
        edges, (low, high) = self.passage.edges, self.release
        share = np.clip(np.minimum(edges[1:], max(high, edges[1])) - np.maximum(edges[:-1], low), 0.0, None) / np.diff(edges)
        fraction = self.count * self.weight * float(np.mean(sphere_volume(np.array(self.diameters)))) / float(share @ self.room)
        if fraction > most:
            what = f"{self.count * self.weight:g} carriers do not fit between {low * 1e6:g} and {max(high, edges[1]) * 1e6:g} µm"
            why = f"they would be {fraction:.3g} of its volume, and {most:g} is the closest packing"
            raise ParameterError(what, why=why, fix="spread their start, lower the weight, or say crowding=False")

    def longest_step(self) -> float:
        """Return the longest step [s] that is stable: a carrier does not leap over cells of the passage."""
        motion = [
            flow(self.passage, self.carrier.changed(diameter=d), self.field) for d in (min(self.diameters), max(self.diameters))
        ]
        cell = float(np.diff(self.passage.edges).min())
        fastest = max(float(np.abs(m.drift).max()) for m in motion)
        spread = max(float(np.max(m.diffusivity)) for m in motion)
        return min(OF_CELL * cell**2 / spread, 0.5 * cell / fastest if fastest else float("inf"))

    def step(self, asked: float | None = None) -> float:
        """Return the step [s]: the longest with mean kicks of at most 0.1 µm that is stable, or the one asked for.

        Raises: ParameterError for one that is not stable.
        """
        longest = self.longest_step()
        if asked is None:
            small = self.carrier.changed(diameter=min(self.diameters))
            return min(0.5 * HOP**2 / float(np.max(flow(self.passage, small, self.field).diffusivity)), longest)
        if not 0.0 < asked <= longest:
            why = f"allowed above 0 and up to {longest:.3g} s, so that a carrier does not leap over cells of the passage"
            raise ParameterError(
                f"a step of {asked:g} s is not stable", why=why, fix="leave it out, or cut the passage into wider cells"
            )
        return asked

    def changed(self, **fields: Any) -> Swarm:
        """Return the swarm with some of its fields replaced, checked."""
        return replace(self, **fields)

    def begin(self, key: int, duration: float, *, step: float | None = None, frames: int = 120, sampled: int = 64) -> SwarmState:
        """Return the state at the start of a run.

        Arguments: key (0 to 2^64 - 1, stands for all that is random); duration [s]; step [s] (None: chosen); frames, times that are
        kept beside the start; sampled, carriers whose way is kept.
        """
        from amelo.therapy.nano.swarm_state import begun

        return begun(self, checked_key(key), duration, step=step, frames=frames, sampled=sampled)

    def run(
        self,
        key: int,
        duration: float,
        step: float | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        out: str | Path | None = None,
        *,
        frames: int = 120,
        sampled: int = 64,
        checkpoint: str | Path | None = None,
        threads: int | None = None,
        force: bool = False,
    ) -> SwarmResult:
        """Move the carriers for a time and return what became of them.

        Arguments: key (0 to 2^64 - 1: the same key gives the same bits, on any number of threads); duration [s]; step [s] (None: chosen);
        on_progress (called with the share that is done and a message); out (a folder ``.zarr`` or ``.parquet`` that takes every frame
        as it comes); frames (times that are kept beside the start); sampled (carriers whose way is kept); checkpoint (an ``.npz`` file,
        replaced now and then, that a killed run goes on from); threads (None: all); force (replace what is there).
        Raises: ParameterError for a step that is not stable; FileError for a place that cannot be written.
        """
        from amelo.therapy.nano.swarm_run import march

        state = self.begin(key, duration, step=step, frames=frames, sampled=sampled)
        return march(state, on_progress=on_progress, out=out, checkpoint=checkpoint, threads=threads, force=force)


def checked_key(key: int) -> int:
    """Return a key, refused when it is no whole number of 64 bits."""
    if not isinstance(key, int | np.integer) or isinstance(key, bool) or not 0 <= int(key) < 2**64:
        raise ParameterError(f"the key {key} is out of range", why="a whole number from 0 to 2^64 - 1")
    return int(key)
