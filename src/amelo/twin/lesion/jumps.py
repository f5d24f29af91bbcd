"""Long repeats without running every cycle: what a cycle changes is carried over the next ones as long as that can be foretold.

Of the cycles that are run the changes of mineral, of what the pores hold and of the ledger are known.  From two of them a straight line
gives the change of each cycle that is skipped, and the next one that is run tells how far the line was off: from that follows what the
skipped ones are wrong by, and how many may be skipped next.  Everything that is balanced is carried by the same weights, so that what
was balanced stays so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.twin.lesion.kernel import Layout
from amelo.twin.lesion.tiles import Tile

__all__ = ["Books", "Leaps"]

MOST = 100  # cycles skipped at once
GROWTH = 2  # times as many, plus one, as the time before
SAFETY = 0.5  # of the error that is allowed, in the choice of the next leap
TOO_FAR = 2.0  # times the error that is allowed from which a leap is taken back
SETTLING = 1  # cycles run after a leap before one is measured: what answers fast to a leap has come to rest by then
LOCAL = 0.3  # weight of an error that another depth makes good, as fronts that pass from cell to cell bring
SMALL = 5e-8  # m of mineral (5 vol%·µm): changes below it are measured against it
UNFELT = 1e-9  # mol/L of tissue that pores may hold more or less without anybody noticing
THINNED = 0.3  # share of what pores hold that a leap must leave
CARRIED = ("inventory", "stock", "counter", "mineral", "collagen", "enzyme")


@dataclass
class Books:
    """The ledger of a tile: what passed the outer and the inner face, and what passed in either direction (balances, lanes); sugar eaten (lanes)."""

    inflow: np.ndarray
    inner: np.ndarray
    gross: np.ndarray
    eaten: np.ndarray

    @classmethod
    def opened(cls, balances: int, lanes: int) -> Books:
        """Return empty books."""
        return cls(*(np.zeros((balances, lanes)) for _ in range(3)), np.zeros(lanes))

    @property
    def all(self) -> tuple[np.ndarray, ...]:
        """The parts, in the order of the compiled loop."""
        return self.inflow, self.inner, self.gross, self.eaten

    def copies(self) -> tuple[np.ndarray, ...]:
        """Return copies of the parts."""
        return tuple(part.copy() for part in self.all)

    def put(self, parts: tuple[np.ndarray, ...]) -> None:
        """Set the parts."""
        for mine, other in zip(self.all, parts, strict=True):
            mine[...] = other


@dataclass(frozen=True)
class _Change:
    """What cycle number ``cycle`` changed: fields of the cells (cells, fields, lanes), and books."""

    cycle: int
    cells: np.ndarray
    books: tuple[np.ndarray, ...]

    def line(self, before: _Change, now: float, slope: float) -> _Change:
        """Return now · this + slope · (this - before)/(cycles between them)."""
        slope /= self.cycle - before.cycle
        pairs = zip(self.books, before.books, strict=True)
        cells = (now + slope) * self.cells - slope * before.cells
        return _Change(self.cycle, cells, tuple((now + slope) * a - slope * b for a, b in pairs))


class Leaps:
    """How a tile leaps over cycles of one sequence.

    Arguments: tile; books; allowed (relative error that leaps may bring, see :meth:`relative`); cycles (of the
    sequence); start (state of the tile at the start of the run, by name).
    Fields: skipped (cycles); error (lanes) of the mineral in sum that the leaps have brought [m]; far (cycles to skip next).
    """

    def __init__(self, tile: Tile, books: Books, allowed: float, cycles: int, start: dict[str, np.ndarray]) -> None:
        layout: Layout = tile.layout
        self.tile, self.books, self.allowed, self.cycles = tile, books, allowed, cycles
        names = [name for name in layout.fields if name.rstrip("0123456789") in CARRIED]
        names = [name for name in names if layout.fields[name] < layout.state]
        self.at = np.array([layout.fields[name] for name in names])
        self.place = {name: k for k, name in enumerate(names)}
        count = len(layout.model.phases)
        self.minerals = slice(self.place["mineral0"], self.place["mineral0"] + count)
        self.volumes = self.molar_volumes()
        self.widths = np.array(tile.fields("width"))
        self.start = np.stack([start[f"mineral{k}"] for k in range(count)], axis=1)
        self.recent: list[_Change] = []
        self.far = self.skipped = 0
        self.error = np.zeros(layout.lanes)

    def seen(self) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Return what is carried, as it stands."""
        return self.tile.view[1:-2, self.at], self.books.copies()

    def forget(self) -> None:
        """Start anew, after lanes have changed places."""
        self.recent, self.far = [], 0
        self.volumes = self.molar_volumes()

    def molar_volumes(self) -> np.ndarray:
        """Return the volume of a mole of every phase (cells, phases, lanes) [L/mol]."""
        count = self.minerals.stop - self.minerals.start
        return np.stack([self.tile.fields(f"molar_volume.{k}") for k in range(count)], axis=1)

    def shorten(self) -> None:
        """Leap less far, after a leap was taken back."""
        self.far //= 2

    def learn(self, cycle: int, before: tuple[np.ndarray, tuple[np.ndarray, ...]], far: int = 0) -> bool:
        """Learn from a cycle that was run, and decide how far to leap next.

        Arguments: cycle (its number); before (what :meth:`seen` gave at its start).
        Returns: whether the leap before it, if any, may stand.
        """
        cells, books = self.seen()
        change = _Change(cycle, cells - before[0], tuple(a - b for a, b in zip(books, before[1], strict=True)))
        if len(self.recent) == 2:
            older, newer = self.recent
            since, between = cycle - newer.cycle, newer.cycle - older.cycle
            cells = (change.cells - newer.line(older, 1.0, since).cells) / (since * (since + between))
            off = cells[:, self.minerals]
            missed = np.maximum(self.relative(off), self.relative_collagen(cells))
            if far and (missed * _grown(far, between) > TOO_FAR * self.budget(far)).any():
                return False
            self.error += np.abs(self.volume(off).sum(axis=(0, 1))) * _grown(far, between)
            self.far = self.choice(missed, since, min(MOST, GROWTH * far + 1))
        self.recent = [*self.recent[-1:], change]
        return True

    def choice(self, missed: np.ndarray, between: int, most: int) -> int:
        """Return how many cycles may be skipped: the line is off by ``missed`` (lanes) per square of cycles, from two that lie ``between`` apart."""
        for count in range(most, 0, -1):
            if (missed * _grown(count, between) <= SAFETY * self.budget(count)).all():
                return count
        return 0

    def volume(self, minerals: np.ndarray) -> np.ndarray:
        """Return the volume of minerals (cells, phases, lanes) [m]."""
        return minerals * self.volumes * self.widths[:, None]

    def relative(self, minerals: np.ndarray) -> np.ndarray:
        """Return how much minerals (cells, phases, lanes) [mol/L] matter, (lanes), relative to what has changed since the start.

        In sum they are measured against what has changed at each depth; in sum of a phase, and with a share of all without their signs,
        against what has changed of each phase at each depth.
        """
        changed = self.volume(self.tile.view[1:-2, self.at[self.minerals]] - self.start)
        whole = np.maximum(np.abs(changed.sum(axis=1)).sum(axis=0), SMALL)
        parts = np.maximum(np.abs(changed).sum(axis=(0, 1)), SMALL)
        volume = self.volume(minerals)
        phases = volume.sum(axis=0)
        local = LOCAL * np.abs(volume).sum(axis=(0, 1))
        return np.maximum(np.abs(phases.sum(axis=0)) / whole, np.maximum(np.abs(phases).max(axis=0), local) / parts)

    def relative_collagen(self, cells: np.ndarray) -> np.ndarray | float:
        """Return how much the collagen of fields amounts to (lanes), relative to what is lost of it, 0 where there is none."""
        if "collagen" not in self.place:
            return 0.0
        k, widths = self.place["collagen"], self.widths
        lost = ((1.0 - self.tile.fields("collagen")) * widths).sum(axis=0)
        return np.abs((cells[:, k] * widths).sum(axis=0)) / np.maximum(lost, SMALL)

    def budget(self, count: int) -> float:
        """Return the relative error that ``count`` cycles skipped and the one after them may bring."""
        return self.allowed * (count + 1) / self.cycles

    def leap(self, most: int) -> int:
        """Carry the tile over at most so many cycles; return over how many.

        Shortened until no phase runs out and no pore overfills but by what may be booked as an error, and no pore is emptied.
        """
        count = min(self.far, most)
        if count < 1 or len(self.recent) < 2:
            return 0
        older, newer = self.recent
        cells = self.tile.view[1:-2, self.at]
        while count > 0:
            change = newer.line(older, count, count * (count + 1) / 2)
            fitted = self.fitted(cells, change.cells, count)
            if fitted is not None:
                break
            count = count * 3 // 4 if count > 4 else count - 1
        if count < 1:
            return 0
        carried, left = fitted
        self.tile.view[1:-2, self.at] = cells + carried
        for part, more in zip(self.books.all, change.books, strict=True):
            part += more
        powers = np.array([data.powers for data in self.tile.layout.model.phases])  # (phases, 4)
        stayed = np.einsum("npl,nl,pj->jl", left, self.widths, powers)  # what the line would have moved and bounds did not
        self.books.inflow[: len(stayed)] += stayed
        self.books.gross[: len(stayed)] += np.abs(stayed)
        self.skipped += count
        return count

    def fitted(self, cells: np.ndarray, change: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the change that keeps to all bounds and by how much more mineral (cells, phases, lanes) it leaves, None when that is too much."""
        change = change.copy()
        after = cells + change
        for name, k in self.place.items():
            if name.startswith(("stock", "inventory", "counter")) and name != "inventory3":  # that of protons has either sign
                lost = after[:, k] < THINNED * cells[:, k]
                if (lost & (change[:, k] < -UNFELT)).any():
                    return None
        solid = self.tile.fields("organic")
        if "collagen" in self.place:
            k = self.place["collagen"]
            half = 0.5 * cells[:, k] + 1e-12  # what is left decays at a rate, so that half of it is gone by a line, and never all
            intact = np.where(after[:, k] > half, after[:, k], half * np.exp(np.minimum(after[:, k] / half - 1.0, 0.0)))
            change[:, k] = np.minimum(intact, 1.0) - cells[:, k]
            solid = solid * (cells[:, k] + change[:, k])
            k = self.place["enzyme"]
            if (after[:, k] < -1e-3).any() or (after[:, k] > 1.0 + 1e-3).any():
                return None
            change[:, k] = np.clip(after[:, k], 0.0, 1.0) - cells[:, k]
        there, more = cells[:, self.minerals], change[:, self.minerals]
        left = np.maximum(-(there + more), 0.0)  # of a phase that runs out
        if self.tile.layout.model.porosity_feedback:
            phases = self.tile.layout.model.phases
            floor, organic = self.tile.fields("porosity_floor"), self.tile.fields("organic")
            own = sum(self.tile.fields(f"own{k}") * self.volumes[:, k] for k in range(len(phases)))
            sound = np.maximum(1.0 - organic - own, floor)  # of which apatite leaves that much, and everything else the floor
            now = 1.0 - organic - (there * self.volumes).sum(axis=1)
            apatite = np.array([data.phase.apatite for data in phases])[:, None]
            for bound, grown in ((sound, np.maximum(more, 0.0) * apatite), (floor, np.maximum(more, 0.0))):
                pores = 1.0 - solid - ((there + more + left) * self.volumes).sum(axis=1)
                over = np.maximum(np.minimum(now, bound) - pores, 0.0)  # volume that grows beyond the room
                share = over / np.maximum((grown * self.volumes).sum(axis=1), 1e-300)
                if bound is floor and (share > 1.0).any():
                    return None
                left = left - np.minimum(share, 1.0)[:, None] * grown
        if (self.relative(left) > SAFETY * self.budget(count)).any():
            return None
        change[:, self.minerals] = more + left
        return change, left


def _grown(count: int, between: int) -> float:
    """Return Σ i (i + between) for i from 1 to ``count``: what a parabola through both ends of a line adds up to over skipped cycles."""
    return count * (count + 1) * (2 * count + 1) / 6.0 + between * count * (count + 1) / 2.0
