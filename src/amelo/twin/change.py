"""What is done to a tooth at one moment of a schedule: carriers dock, tissue is removed, a filling is laid.

Between two segments a schedule may hold a :class:`Change`.  It is told what stands (:class:`Standing`), as arrays in SI, and answers with
what stands after it.  The solver does the rest: fluid that is displaced leaves through the outer face, ions that come with a solid
have come in through it, and both are booked, so that balances close over a change as over a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

__all__ = ["Change", "Standing"]


@dataclass(frozen=True, eq=False)
class Standing:
    """What a change finds, and what it leaves, of M members, N cells and P phases.

    Fields: time [s] since the start (M,); edges (N + 1,) [m], below 0 outside the tissue; phases (names); mineral (M, P, N), sound
    (M, P, N) and organic (M, N) volume fractions of tissue; porosity, ph (M, N); saturation (M, P, N), the degree of saturation of the
    pore fluid; ease (M, N), how much easier than in free water ions move in the pores outside the tissue; members (M,), which of
    the ensemble these are; parameters of the column (M,) by name; accounts (M,) by name, what changes keep books of; kept (M, N), the share
    of sound mineral that never dissolves; gone (M, N), true where the tissue of a cell was taken away, so that nothing grows there; collagen
    (M, N), the share of it that is intact.  A change may replace mineral, organic, ease, accounts, kept and gone.
    """

    time: np.ndarray
    edges: np.ndarray
    phases: tuple[str, ...]
    mineral: np.ndarray
    sound: np.ndarray
    organic: np.ndarray
    porosity: np.ndarray
    ph: np.ndarray
    saturation: np.ndarray
    ease: np.ndarray
    members: np.ndarray
    parameters: Mapping[str, np.ndarray]
    accounts: Mapping[str, np.ndarray] = field(default_factory=dict)
    kept: np.ndarray = field(default_factory=lambda: np.zeros(()))
    gone: np.ndarray = field(default_factory=lambda: np.zeros((), bool))
    collagen: np.ndarray = field(default_factory=lambda: np.ones(()))

    @property
    def outside(self) -> int:
        """Number of cells outside the tissue."""
        return int(np.searchsorted(0.5 * (self.edges[:-1] + self.edges[1:]), 0.0))


class Change(Protocol):
    """Something done at one moment.

    ``label`` are the words it came from; ``accounts`` the names of the books it keeps, which start at 0, each as ``whose: what [unit]``.
    """

    label: str
    accounts: tuple[str, ...]

    def apply(self, before: Standing) -> Standing:
        """Return what stands after the change."""
        ...
