"""What a solved run is, in SI arrays: the seam between the solver and everything that reads its results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

__all__ = ["Run", "RunStatus"]


class RunStatus(IntEnum):
    """How the run of one member ended; each has its sentence."""

    OK = 0
    NOT_CONVERGED = 1
    NOT_BALANCED = 2
    BATH_NOT_SOLVED = 3

    @property
    def sentence(self) -> str:
        """What the status means and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    RunStatus.OK: "solved, balances closed",
    RunStatus.NOT_CONVERGED: "a time step found no solution even when it was cut; see the place named, and the parameters furthest from their ranges",
    RunStatus.NOT_BALANCED: "what went in, came out and stayed does not add up; report the run",
    RunStatus.BATH_NOT_SOLVED: "a bath of the schedule has no speciation; check its composition and pH",
}


@dataclass(frozen=True, eq=False)
class Run:
    """Saved states of an ensemble: M members, T times, N cells, P phases, C components.

    A member that fails has not-a-number from its failure on, in every array with an axis of time, and a status and a failure that say why:
    nothing that was not solved is ever filled in.  Whoever sums up members leaves it out (``Trajectory`` does, and counts).
    Fields: time (T,) [s]; edges (N + 1,) [m], depth of the cell faces, 0 at the surface of the tissue, negative in a biofilm;
    phases and components (names); mineral (M, T, P, N) volume fraction of tissue; sound (M, P, N) volume fraction of the sound
    tissue; porosity (M, T, N); ph (M, T, N); totals (M, T, C, N) [mol/m3 of pore water]; saturation_index (M, T, P, N);
    ionic_strength (M, T, N) [mol/L]; inflow (M, T, C) [mol/m2] through the outer face since the start; balance (M, T, C) what is
    missing of each component, relative to what was there and what moved; status (M,); failure (sentence per member, "" when ok);
    error (M,) estimated error of the integrated mineral loss [m], nan when not estimated; collagen (M, T, N) intact share, 1
    where there is none to lose; accounts (M, T, A) by account_names, what
    changes between segments keep books of (carriers that docked, heat); counts (steps, Newton iterations, rejections); warnings (sentences).
    """

    time: np.ndarray
    edges: np.ndarray
    phases: tuple[str, ...]
    components: tuple[str, ...]
    mineral: np.ndarray
    sound: np.ndarray
    porosity: np.ndarray
    ph: np.ndarray
    totals: np.ndarray
    saturation_index: np.ndarray
    ionic_strength: np.ndarray
    inflow: np.ndarray
    balance: np.ndarray
    status: np.ndarray
    failure: tuple[str, ...]
    error: np.ndarray
    collagen: np.ndarray
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()
    accounts: np.ndarray | None = None
    account_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.account_names:
            object.__setattr__(self, "accounts", np.zeros((*self.inflow.shape[:2], 0)))
