"""What a step is on the ion-resolved column: the same constants as on the whole tooth, laid into minerals, pores and what ions pass.

A step is a change between two segments.  Before a run :func:`readied` walks through a schedule once and gives every step its bench: the
constants of each member, and what was done before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.contract import Price
from amelo.twin.change import Standing
from amelo.twin.column import Bed, Column
from amelo.twin.lesion.bed import STIRRED
from amelo.twin.schedule import Repeat, Schedule, Segment, changes_of, unrolled
from amelo.twin.tooth.constants import drawn
from amelo.twin.tooth.draws import Draws

__all__ = [
    "AREA",
    "PROTEIN",
    "Bench",
    "ColumnStep",
    "Isolate",
    "depth_in",
    "readied",
    "steps_of",
    "surface_of",
    "total_of",
    "without",
]

AREA = 1e8  # vol%·µm in one metre of solid
PROTEIN = "protein of sound enamel"  # among the values of a bench: volume fraction (M,) that counts as once that of sound enamel
MOMENT = 1.0  # s
ROOM = 2e-5  # m, of water outside the tissue that a seal fills


@dataclass(frozen=True, eq=False)
class Bench:
    """What a step finds beside what stands.

    Fields: values (constants of the set ``steps`` by name (M,), SI); draws (chance by name, as on whole teeth); dentine (whether the tissue
    is dentine); dry (whether saliva is kept off); etched (whether resin will hold by etching); cavity (whether tissue was excavated);
    occasion (how many excavations came before).
    """

    values: Mapping[str, np.ndarray]
    draws: Draws
    dentine: bool = False
    dry: bool = True
    etched: bool = False
    cavity: bool = False
    occasion: int = 0

    def of(self, members: np.ndarray) -> dict[str, np.ndarray]:
        """Return the constants of some members."""
        return {name: values[members] for name, values in self.values.items()}


@dataclass(frozen=True, eq=False)
class ColumnStep:
    """Something a laboratory does to a specimen; every kind is a small class of this, a change and a therapy as ``contract`` has them.

    A kind says what it does (``done``) and what books it keeps (``BOOKS``).  Nothing passes in the time that it takes: pores keep their
    fluid while an acid or a resin is on the surface.

    Fields: label (the words it came from); duration [s]; bench (None until :func:`readied`).
    """

    label: str
    duration: float = 0.0
    bench: Bench | None = None
    BOOKS: ClassVar[tuple[str, ...]] = ()
    USES: ClassVar[tuple[str, ...]] = ()  # constants of the set ``steps``, by how their names begin
    ONLY: ClassVar[str] = ""  # the tissue it is for, all when empty
    COVERS: ClassVar[bool] = False
    consent: ClassVar[str] = "routine"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The books it keeps."""
        return self.BOOKS

    @property
    def nothing(self) -> bool:
        """Whether nothing is dosed, so that the run is the one without it."""
        return self.duration == 0.0

    def check(self, column: Column) -> None:
        """Refuse what cannot be done to a column.

        Raises: ParameterError for a surface under plaque, pores that never change, or another tissue.
        """
        if column.biofilm is not None:
            self.refuse("a biofilm covers the surface of this column", fix="leave the biofilm out of the specimen")
        if not column.porosity_feedback:
            fix = "write porosity_feedback = true in the specimen"
            self.refuse("the pores of this specimen stay as they are, whatever fills or empties them", fix=fix)
        if self.ONLY and self.bench is not None and (self.ONLY == "dentine") != self.bench.dentine:
            other = "enamel" if self.ONLY == "dentine" else "dentine"
            self.refuse(f"it is done to {self.ONLY}, and the specimen is {other}", fix="leave it out")

    def refuse(self, why: str, *, fix: str) -> None:
        """Raise the sentence with which it is refused."""
        raise ParameterError(f"'{self.label}' cannot be done", why=why, fix=fix)

    def account(self) -> Price:
        """Return its price."""
        return Price(self.duration, consent=self.consent)

    def after(self, bench: Bench) -> Bench:
        """Return the bench of the steps that follow."""
        return bench

    def apply(self, before: Standing) -> Standing:
        """Return what stands after it, the very same for nothing."""
        if self.nothing:
            return before
        if self.bench is None:
            raise ParameterError(f"'{self.label}' has no constants", fix="pass the schedule through readied, or use simulate")
        found, books = self.done(before, self.bench.of(before.members))
        accounts = dict(before.accounts)
        for name, values in books.items():
            accounts[name] = accounts[name] + values
        return replace(found, accounts=accounts)

    def done(self, before: Standing, values: Mapping[str, np.ndarray]) -> tuple[Standing, dict[str, np.ndarray]]:
        """Return what stands after it, and what is added to its books."""
        return before, {}


@dataclass(frozen=True, eq=False)
class Isolate(ColumnStep):
    """Keep saliva off the surface for what follows; a specimen on a bench is dry without it."""

    @property
    def nothing(self) -> bool:
        """It changes nothing of the column."""
        return True

    def after(self, bench: Bench) -> Bench:
        """Return a bench that is dry."""
        return replace(bench, dry=True)


def total_of(before: Standing) -> np.ndarray:
    """Return mineral over that of sound tissue (M, N), 1 outside the tissue."""
    sound = before.sound.sum(axis=1)
    return np.where(sound > 0.0, before.mineral.sum(axis=1) / np.where(sound > 0.0, sound, 1.0), 1.0)


def surface_of(before: Standing) -> tuple[np.ndarray, np.ndarray]:
    """Return the tissue that is left of every cell (M, N) [m], nothing outside and where it was taken away, and the same in cells outside."""
    there = ~before.gone
    there[:, : before.outside] = False
    widths = np.broadcast_to(np.diff(before.edges), there.shape)
    return np.where(there, widths, 0.0), np.where(there, 0.0, widths)


def depth_in(thickness: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return how much of what is laid on the surface reaches each cell (M, N), falling exponentially over a depth (M,) [m]."""
    middle = np.cumsum(thickness, axis=1) - 0.5 * thickness
    return np.where(thickness > 0.0, np.exp(-middle / depth[:, None]), 0.0)


def without(before: Standing, depth: np.ndarray) -> tuple[Standing, np.ndarray]:
    """Return what stands when tissue was taken away to a depth (M,) [m] below its surface, and the mineral that went (M,) [m].

    Assumptions: a cell that is cut keeps its place and loses a share of all that is in it, and a later cut counts it as whole; the innermost cell stays; what is gone is filled
    by fluid, in which nothing grows and which the bath stirs.
    """
    thickness, _ = surface_of(before)
    above = np.cumsum(thickness, axis=1) - thickness
    share = np.clip((depth[:, None] - above) / np.maximum(thickness, 1e-12), 0.0, 1.0) * (thickness > 0.0)
    share[:, -1] = 0.0
    share = np.where(share > 1.0 - 1e-6, 1.0, share)
    gone = before.gone | (share == 1.0)
    left = 1.0 - share
    lost = (before.mineral.sum(axis=1) * share * thickness).sum(axis=1)
    after = replace(
        before,
        mineral=before.mineral * left[:, None],
        organic=before.organic * left,
        kept=before.kept * left,
        gone=gone,
        ease=np.where(gone & ~before.gone, STIRRED, before.ease),
    )
    return after, lost


def steps_of(schedule: Schedule) -> tuple[ColumnStep, ...]:
    """Return the steps of a laboratory in a schedule, in order."""
    return tuple(part for part in changes_of(schedule) if isinstance(part, ColumnStep))


def readied(
    column: Column, schedule: Schedule, *, dentine: bool = False, dry: bool = True, seed: int = 0
) -> tuple[Column, Schedule]:
    """Return the column and the schedule, ready to be solved together; both as they are where nothing is done to the specimen.

    Arguments: column (M members); schedule; dentine (whether it is dentine); dry (whether saliva is kept off without an ``isolate``);
    seed of how members differ.
    Raises: ParameterError for a step that cannot be done to this column, or on what covers it by then.
    Assumptions: steps with nothing dosed are left out; a step at the end is followed by a second of the last fluid.
    """
    if not steps_of(schedule):
        return column, schedule
    values = drawn(None, column.members, seed, sets=("steps",)) | {PROTEIN: _protein(column)}
    bench = Bench(values, Draws(seed, np.arange(column.members)), dentine, dry)
    parts: list[Any] = []
    cover = ""
    for part in schedule:
        if not isinstance(part, Segment | Repeat) and cover:
            raise ParameterError(
                f"'{part.label}' cannot be done", why=f"'{cover}' covers the surface", fix="do it before, or leave it out"
            )
        if isinstance(part, ColumnStep):
            part = replace(part, bench=bench)
            part.check(column)
            bench = part.after(bench)
            if part.nothing:
                continue
            cover = part.label if part.COVERS else cover
        parts.append(part)
    made = tuple(parts)
    done = steps_of(made)
    if not done:
        return column, made
    if not any(segment for segment in unrolled(made)):
        raise ParameterError("nothing follows the steps on the specimen", why="the protocol has no bath", fix="add one, or a rest")
    if any(step.COVERS for step in done):
        column = replace(column, bed=Bed(max(ROOM, column.bed.thickness if column.bed else 0.0)))
    words = "done to the specimen: " + "; ".join(step.label for step in done)
    words += "" if dry else "; saliva was not kept off but where the protocol says so"
    used = tuple(name for step in done for name in step.USES)
    known = tuple(p for p in load_set("steps") if p.name.startswith(used))
    column = replace(column, added=(*column.added, *known), changes=(*column.changes, words))
    return column, _seen(made)


def _protein(column: Column) -> np.ndarray:
    """Return what counts as the protein of sound enamel (M,): of the first member that of human enamel, of others in proportion to theirs.

    Assumptions: members differ in what is neither mineral nor pore because nobody knows it better, not because protein stayed.
    """
    value = load_set("tissues").value
    human = 1.0 - value("human_enamel.sound_mineral") - value("human_enamel.porosity")
    own = column.organic[:, -1]
    return human * own / max(own[0], 1e-9)


def _seen(schedule: Schedule) -> Schedule:
    """Return the schedule, with a moment more of its last fluid where it ends in a step: states are kept at the ends of segments."""
    if not isinstance(schedule[-1], ColumnStep):
        return schedule
    last: Segment = list(unrolled(schedule))[-1]
    return (*schedule, replace(last, duration=MOMENT, label="what follows the last step"))
