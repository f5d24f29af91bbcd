"""The pulp of a tooth as the patient comes: what its lesion has made of it by then, given what the tests said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amelo.errors import SolveError
from amelo.twin.pulp.constants import Pulps
from amelo.twin.pulp.course import Segment, follow
from amelo.twin.pulp.observation import PulpTest, silent
from amelo.twin.tooth.constants import DAY
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.waiting import forces

__all__ = ["LOST", "pulps_at_entry"]

LOST = ("symptomatic irreversible pulpitis", "asymptomatic irreversible pulpitis", "necrosis")
KEPT = ("normal", "reversible pulpitis")
BEFORE = 45.0 * DAY  # that a lesion has been as deep as it is
STEPS = (
    900.0,
    225.0,
    56.25,
)  # s; a few pulps of a hundred thousand are too quick for the longest, and are followed again in shorter ones


def pulps_at_entry(tooth: WholeTooth, diagnosis: str) -> tuple[WholeTooth, list[str]]:
    """Return a tooth whose pulps have lived with its lesion, weighted by what a diagnosis says, and what was assumed.

    Arguments: tooth; diagnosis, a word of the record.
    Assumptions: the lesion has been as deep as it is for 45 days; a diagnosis is right in 35 of 51 teeth, so that some of the pulps that were
    called healthy are lost; necrosis is what answers no cold, which living pulps hardly ever do; members whose pulp contradicts the diagnosis are replaced, as often as it is right, by others
    that do not, with all that is theirs.
    """
    if tooth.rooted:
        return tooth, []
    influx = _influx(tooth)
    tooth = replace(tooth, pulp=np.maximum(_followed(tooth.constants.pulps, influx), 0.0))
    lost = tooth.pulp_lost
    told = [] if diagnosis in (*LOST, *KEPT) else ["nobody tested the pulp: as its lesion makes it"]
    if told or tooth.members == 1:
        return _booked(tooth, lost), told
    chance = silent(lost) if diagnosis == "necrosis" else PulpTest.clinical().likelihood(diagnosis in LOST, lost)
    stays = tooth.constants.draws.uniform("pulp.diagnosis") * chance.max() < chance
    stays[0] = True
    if not stays.any() or stays.all():
        return _booked(tooth, lost), told
    fits = np.flatnonzero(stays)
    which = np.arange(tooth.members)
    gone = np.flatnonzero(~stays)
    which[gone] = fits[np.floor(tooth.constants.draws.uniform("pulp.other")[gone] * len(fits)).astype(int)]
    kept = tooth.constants.draws
    moved = _booked(tooth.take(which), lost[which])
    return replace(moved, constants=replace(moved.constants, draws=kept)), [
        f"the pulp called {diagnosis}: " + ("as right as a cold test" if diagnosis == "necrosis" else "right in 35 of 51 teeth")
    ]


def _followed(pulps: Pulps, influx: np.ndarray) -> np.ndarray:
    """Return the states (5, M) of pulps after the time that the lesion has been there.

    Raises: SolveError for pulps that no step follows.
    """
    for step in STEPS:
        try:
            return follow(pulps, [Segment(BEFORE, influx=influx)], step=step).state[-1]
        except SolveError:
            if step == STEPS[-1]:
                raise
    raise AssertionError("every step is tried")


def _influx(tooth: WholeTooth) -> np.ndarray:
    """Return what reaches the pulp (M,) [unit/s] as the tooth stands."""
    given = forces(tooth)
    fade = float(np.asarray(given["influx_decay"]))
    thickness = tooth.thickness
    behind = np.cumsum(thickness[:, ::-1], axis=1)[:, ::-1] - 0.5 * thickness + tooth.tertiary[:, None]
    return np.asarray(given["influx"]) * (tooth.bacteria * thickness / fade * np.exp(-behind / fade)).sum(axis=1)


def _booked(tooth: WholeTooth, lost: np.ndarray) -> WholeTooth:
    """Return a tooth that knows which of its pulps were lost before anything was done."""
    now = lost.astype(float)
    return replace(tooth, books={**tooth.books, "lost before": now})
