"""A whole tooth as it can be looked at: what lies at which depth, what was laid on it, how much is left over the pulp."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from amelo.twin.tooth.state import Restored, WholeTooth

__all__ = ["Section", "from_variables", "to_variables"]

BY_CELL = ("left", "mineral", "healthy", "inner", "organic", "bacteria", "filled")
BY_MEMBER = ("opening", "tertiary", "exposed", "residual", "crown_width")


@dataclass(frozen=True, eq=False)
class Section:
    """What can be seen of M members of N cells when the tooth is cut open along the axis of its lesion.

    Fields: edges (M, N + 1) [m] below the outer surface of the sound crown; by cell (M, N): left, the share that is still tissue;
    mineral of both compartments over sound tissue, and healthy, what it is in this owner where nothing is wrong; inner, that within fibrils;
    organic, intact collagen; bacteria; filled, share of pores that resin or silver takes; by member (M,): opening [m], tertiary [m],
    exposed, residual [m], crown_width [m]; dentine_from (number of enamel cells); surface (letter); effects, names in the evidence table of
    what nothing here carries; restored, lined, rooted, present as of the tooth.
    """

    edges: np.ndarray
    left: np.ndarray
    mineral: np.ndarray
    healthy: np.ndarray
    inner: np.ndarray
    organic: np.ndarray
    bacteria: np.ndarray
    filled: np.ndarray
    opening: np.ndarray
    tertiary: np.ndarray
    exposed: np.ndarray
    residual: np.ndarray
    crown_width: np.ndarray
    dentine_from: int
    surface: str
    effects: tuple[str, ...] = ()
    restored: Restored | None = None
    lined: str = ""
    rooted: bool = False
    present: bool = True

    @classmethod
    def of(cls, tooth: WholeTooth) -> Section:
        """Return what can be seen of a whole tooth."""
        derived = ("mineral", "healthy", "crown_width")
        arrays = {name: getattr(tooth, name) for name in (*BY_CELL, *BY_MEMBER) if name not in derived}
        return cls(
            edges=tooth.edges,
            mineral=tooth.total,
            healthy=_healthy(tooth),
            crown_width=tooth.constants["crown.width"],
            dentine_from=tooth.constants.dentine_from,
            surface=tooth.constants.owner.surface,
            effects=tuple(sorted(tooth.effects)),
            restored=tooth.restored,
            lined=tooth.lined,
            rooted=tooth.rooted,
            present=tooth.present,
            **arrays,
        )

    @property
    def members(self) -> int:
        """Number of members."""
        return len(self.opening)

    @property
    def floor(self) -> np.ndarray:
        """Depth (M,) [m] at which tissue begins."""
        widths = np.diff(self.edges, axis=1)
        return (widths * (1.0 - self.left)).sum(axis=1)

    def at(self, name: str, place: np.ndarray) -> np.ndarray:
        """Return what a field by cell is (M, P) at places (P,), 0 where no tissue is.

        A place is counted in cells from the outer surface, so that the same place is the same share of the enamel or of the dentine in every
        member, however thick they are.
        Assumptions: what is left of a cell that was cut lies at its inner end.
        """
        cell = np.minimum(place.astype(int), self.left.shape[1] - 1)
        there = (place - cell)[None, :] >= 1.0 - self.left[:, cell]
        return np.where(there, getattr(self, name)[:, cell], 0.0)

    def depth(self, place: np.ndarray) -> np.ndarray:
        """Return how deep places (P,), counted in cells, lie in the middle of the ensemble (P,) [m]."""
        edges = np.median(self.edges, axis=0)
        return np.interp(place, np.arange(len(edges)), edges)


def _healthy(tooth: WholeTooth) -> np.ndarray:
    """Return the mineral of both compartments (M, N) over sound tissue where nothing is wrong, by the structure of its owner's tissue."""
    constants, share = tooth.constants, tooth.share
    fibrils = np.minimum(constants["dentine.intrafibrillar_mineral"], 1.0)[:, None]
    dentine = (1.0 - share) * constants["dentine.sound_mineral"][:, None] + share * fibrils * constants["dentine.sound_mineral"][
        :, None
    ]
    in_dentine = np.arange(tooth.cells) >= constants.dentine_from
    return np.where(in_dentine, dentine, constants["enamel.sound_mineral"][:, None])


def to_variables(section: Section, when: str) -> tuple[dict[str, Any], str]:
    """Return the arrays of a section as variables of a dataset, named after a time, and the rest of it as text.

    Arguments: section; when, ``before`` or ``after``.
    """
    units = {"opening": "m", "tertiary": "m", "residual": "m", "crown_width": "m"}
    data: dict[str, Any] = {f"edges_{when}": (("member", "face"), section.edges, {"units": "m"})}
    for name in BY_CELL:
        data[f"{name}_{when}"] = (("member", "cell"), getattr(section, name), {"units": "1"})
    for name in BY_MEMBER:
        data[f"{name}_{when}"] = (("member",), getattr(section, name), {"units": units.get(name, "1")})
    covered = None
    if section.restored is not None:
        covered = asdict(section.restored) | {"surfaces": "".join(sorted(section.restored.surfaces))}
    rest = {name: getattr(section, name) for name in ("dentine_from", "surface", "effects", "lined", "rooted", "present")}
    return data, json.dumps(rest | {"restored": covered}, ensure_ascii=False)


def from_variables(data: Mapping[str, Any], text: str, when: str) -> Section:
    """Return the section that :func:`to_variables` took apart.

    Raises: KeyError, TypeError or ValueError for what is damaged.
    """
    rest = json.loads(text)
    covered = rest.pop("restored")
    restored = Restored(**(covered | {"surfaces": frozenset(covered["surfaces"])})) if covered else None
    arrays = {name: np.asarray(data[f"{name}_{when}"], float) for name in ("edges", *BY_CELL, *BY_MEMBER)}
    return Section(**arrays, **(rest | {"effects": tuple(rest["effects"])}), restored=restored)
