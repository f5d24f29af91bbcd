"""A whole tooth as arrays: what stands under a lesion from its surface to its pulp, for an ensemble of plausible teeth.

Everything is SI.  Steps take a tooth and return another (``amelo.therapy``); time passes in ``amelo.twin.tooth.waiting``.  Nothing here
knows whose tooth it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from amelo.params import load_set
from amelo.twin.pulp.equations import STATES
from amelo.twin.tooth.constants import MOLAR_VOLUME, Constants

__all__ = ["BY_CELL", "BY_MEMBER", "Restored", "WholeTooth"]

BY_CELL = ("left", "mineral", "inner", "organic", "bacteria", "filled", "payload", "antimicrobial")
BY_MEMBER = (
    "opening",
    "access",
    "attack_enamel",
    "attack_dentine",
    "tertiary",
    "exposed",
    "carriers",
    "smear",
    "bond",
    "leak",
    "strained",
    "conductance",
)


@dataclass(frozen=True)
class Restored:
    """What was laid on or into a tooth: kind ("filling", "sealant", "inlay", "onlay", "crown"), material, surfaces, when [s], temporary or not."""

    kind: str
    material: str
    surfaces: frozenset[str]
    at: float
    temporary: bool = False


@dataclass(frozen=True, eq=False)
class WholeTooth:
    """M members of N cells, from the outer surface of the sound crown over a lesion to the wall of its pulp.

    Fields by cell (M, N): left, share of the cell that is still tissue; mineral, over that of sound tissue (in dentine between fibrils);
    inner, mineral within collagen fibrils over that of sound dentine (1 in enamel); organic, intact collagen over sound, in enamel
    the share of its protein that was taken out; bacteria, 0 to 1; filled, share of pores that resin, silver or plugs take; payload [mol/m3] mineral of
    five calcium that carriers still hold; antimicrobial, in doses.
    By member (M,): opening [m], width of what is open or restored; access, 1 where the mouth reaches the floor, 0 where nothing does; attack_enamel,
    attack_dentine [m/s], the mineral that the mouth takes from a bare surface of either; tertiary [m], dentine that the pulp laid down; exposed, 1 where the
    pulp lies bare; carriers, their load at the pulp; smear, 1 where a smear layer closes tubules; bond, 0 to 1, of the restoration; leak, the share of
    the mouth that passes its margin; strained, 1 where the tooth has a crack; conductance, the share of what comes from bacteria to the pulp that
    plugs in tubules let pass, 1 without any.
    Others: time [s]; widths (M, N) [m] of whole cells; pulp (5, M), in the order of ``amelo.twin.pulp.equations.STATES``; restored (None
    where nothing covers the floor); lined (what lies under it); gone (surfaces that are not the tooth's own); isolated (a dam is on);
    rooted (root canals are filled); present; prepared (what was done to
    the floor that a cover will hold by: "etched", "deproteinised"); habits (what a step changed of daily life); effects (of the
    evidence table, that nothing here carries); done (names of steps, in order); books (by name (M,),
    what steps and time keep account of); constants.
    """

    time: float
    widths: np.ndarray
    left: np.ndarray
    mineral: np.ndarray
    inner: np.ndarray
    organic: np.ndarray
    bacteria: np.ndarray
    filled: np.ndarray
    payload: np.ndarray
    antimicrobial: np.ndarray
    opening: np.ndarray
    access: np.ndarray
    attack_enamel: np.ndarray
    attack_dentine: np.ndarray
    tertiary: np.ndarray
    exposed: np.ndarray
    carriers: np.ndarray
    smear: np.ndarray
    bond: np.ndarray
    leak: np.ndarray
    strained: np.ndarray
    conductance: np.ndarray
    pulp: np.ndarray
    constants: Constants
    restored: Restored | None = None
    lined: str = ""
    gone: frozenset[str] = frozenset()
    isolated: bool = False
    rooted: bool = False
    present: bool = True
    prepared: frozenset[str] = frozenset()
    habits: Mapping[str, float] = field(default_factory=dict)
    effects: frozenset[str] = frozenset()
    done: tuple[str, ...] = ()
    books: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def members(self) -> int:
        """Number of members."""
        return len(self.opening)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.widths.shape[1]

    @property
    def edges(self) -> np.ndarray:
        """Faces of cells (M, N + 1) [m] below the outer surface of the sound crown; the last is the wall of the pulp as it was."""
        return np.concatenate([np.zeros((self.members, 1)), np.cumsum(self.widths, axis=1)], axis=1)

    @property
    def thickness(self) -> np.ndarray:
        """Tissue that is left in each cell (M, N) [m]."""
        return self.left * self.widths

    @property
    def floor(self) -> np.ndarray:
        """Depth (M,) [m] at which tissue begins, below the outer surface of the sound crown."""
        return self.widths.sum(axis=1) - self.thickness.sum(axis=1)

    @property
    def residual(self) -> np.ndarray:
        """Dentine that is left between floor and pulp (M,) [m], tertiary dentine included; 0 where the pulp is exposed."""
        dentine = self.thickness[:, self.constants.dentine_from :].sum(axis=1) + self.tertiary
        return np.where(self.exposed > 0.0, 0.0, dentine)

    @property
    def share(self) -> np.ndarray:
        """Share of mineral that lies within fibrils (M, N): none in enamel."""
        share = np.zeros((self.members, self.cells))
        share[:, self.constants.dentine_from :] = self.constants["intrafibrillar.share"][:, None]
        return share

    @property
    def total(self) -> np.ndarray:
        """Mineral of both compartments (M, N) over that of sound tissue."""
        share = self.share
        return (1.0 - share) * self.mineral + share * self.inner

    @property
    def mineral_loss(self) -> np.ndarray:
        """Mineral that is missing from the tissue that is left (M,) [m], as thickness of pure mineral: ΔZ in SI."""
        return ((1.0 - self.total) * self.constants.sound * self.thickness).sum(axis=1)

    @property
    def infected(self) -> np.ndarray:
        """Bacteria that are left (M,) [m], as thickness of fully infected tissue."""
        return (self.bacteria * self.thickness).sum(axis=1)

    @property
    def activity(self) -> np.ndarray:
        """Mineral that the mouth takes from a bare surface of the tissue at the floor (M,) [m/s], nothing where the lesion was arrested."""
        taken = np.where(self.open_floor, self.attack_dentine, self.attack_enamel)
        return np.where(np.asarray(self.books.get("arrested", 0.0)) > 0.0, np.minimum(taken, 0.0), taken)

    @property
    def hollow(self) -> bool:
        """Whether the surface of the lesion is lost or open, so that there is a cavity, filled or not; what an acid took is none."""
        return self.constants.owner.surface in self.gone or bool((self.opening > 0.0).any())

    @property
    def solid(self) -> np.ndarray:
        """Mineral of five calcium (M, N) [mol/m3] in tissue, with what carriers in it still hold."""
        return self.total * self.constants.sound / MOLAR_VOLUME + self.payload

    @property
    def pulp_lost(self) -> np.ndarray:
        """Tell whose pulp is damaged beyond the mark of collapse, or was (M,); meaningful some days after the last insult."""
        return (self.pulp_state("damage") > load_set("pulp").value("damage.collapse")) & (not self.rooted)

    @property
    def open_floor(self) -> np.ndarray:
        """Tell in which members the floor lies in dentine (M,)."""
        return self.thickness[:, : self.constants.dentine_from].sum(axis=1) <= 0.0

    def pulp_state(self, name: str) -> np.ndarray:
        """Return one state of the pulps (M,) by name."""
        return self.pulp[STATES.index(name)]

    def booked(self, **amounts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the books with amounts (M,) added, each to the account of its name."""
        books = dict(self.books)
        for name, amount in amounts.items():
            books[name] = books.get(name, 0.0) + np.broadcast_to(np.asarray(amount, float), (self.members,))
        return books

    def take(self, which: np.ndarray) -> WholeTooth:
        """Return some of the members, by index or mask."""
        changes = {name: getattr(self, name)[which] for name in ("widths", *BY_CELL, *BY_MEMBER)}
        changes |= {"pulp": self.pulp[:, which], "constants": self.constants.take(which)}
        return replace(self, **changes, books={name: value[which] for name, value in self.books.items()})

    def same_as(self, other: WholeTooth) -> bool:
        """Return whether everything that can be measured is bit for bit alike; names of steps done are left out, and an account that was never opened is 0."""
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            if part.name in ("done", "constants"):
                continue
            if isinstance(mine, np.ndarray):
                if not np.array_equal(mine, theirs):
                    return False
            elif part.name == "books":
                none = np.zeros(self.members)
                if any(not np.array_equal(mine.get(k, none), theirs.get(k, none)) for k in {*mine, *theirs}):
                    return False
            elif mine != theirs:
                return False
        return True
