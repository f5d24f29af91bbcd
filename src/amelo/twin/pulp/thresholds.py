"""How much a pulp bears: pulses of heat, steady influx, and how late a rescue may come.  Found by bisection over simulated weeks, all pulps at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.pulp.constants import Pulps
from amelo.twin.pulp.course import HOUR, STEP, Segment, follow

__all__ = ["HORIZON", "heat_threshold", "influx_threshold", "rescued"]

HORIZON = 4000.0 * HOUR  # s; 1500 h overstate a fold by 1 to 2 %
ROUNDS = 20  # of bisection: a millionth of the range


def _bisect(lost: Callable[[np.ndarray], np.ndarray], high: float, count: int, rounds: int) -> np.ndarray:
    """Return what (M,) separates kept from lost pulps between 0 and ``high``, infinite where that is borne as well."""
    bears = ~lost(np.full(count, high))
    low, top = np.zeros(count), np.full(count, high)
    for _ in range(rounds):
        middle = 0.5 * (low + top)
        gone = lost(middle)
        low, top = np.where(gone, low, middle), np.where(gone, middle, top)
    return np.where(bears, np.inf, 0.5 * (low + top))


def heat_threshold(
    pulps: Pulps,
    *,
    duration: float = HOUR,
    highest: float = 40.0,
    horizon: float = HORIZON,
    rounds: int = ROUNDS,
    step: float = STEP,
    threads: int = 1,
) -> np.ndarray:
    """Return the damage (M,) [unit] that a pulse, spread evenly over a duration [s], must do to end a pulp at rest.

    Arguments: pulps; duration; highest that is tried; horizon [s]; rounds of bisection; step [s]; threads.
    Returns: infinite for a pulp that bears the highest, as one without a diseased state does.
    Assumptions: no bacteria.  Divided by the gain of heat and the duration it is a warming.
    """

    def lost(damage: np.ndarray) -> np.ndarray:
        return follow(pulps, [Segment(duration, cutting=damage / duration), Segment(horizon)], step=step, threads=threads).lost

    return _bisect(lost, highest, pulps.count, rounds)


def influx_threshold(
    pulps: Pulps,
    *,
    highest: float = 1.0 / HOUR,
    horizon: float = HORIZON,
    rounds: int = ROUNDS,
    step: float = STEP,
    threads: int = 1,
) -> np.ndarray:
    """Return the steady influx (M,) [unit/s] above which a pulp that was at rest is lost within a horizon [s].

    Arguments and returns as for ``heat_threshold``.
    """

    def lost(influx: np.ndarray) -> np.ndarray:
        return follow(pulps, [Segment(horizon, influx=influx)], step=step, threads=threads).lost

    return _bisect(lost, highest, pulps.count, rounds)


def rescued(
    pulps: Pulps, damage: float, soothing: float, starts: Sequence[float], *, spell: float = 96.0 * HOUR, horizon: float = HORIZON
) -> np.ndarray:
    """Tell whether what calms, made more of for a spell, saves one pulp from a pulse of an hour.

    Arguments: pulps, one; damage [unit] of the pulse, which begins at time 0; soothing, times the source of what calms; starts (K,) [s] of
    the spell, an hour or later; spell [s]; horizon [s] after the last spell.
    Returns: (K,) whether damage ends below the mark of collapse.
    Raises: ParameterError for more than one pulp, or a start within the pulse.
    """
    begins = np.asarray(starts, float)
    if pulps.count != 1 or begins.ndim != 1 or not len(begins) or (begins < HOUR).any():
        raise ParameterError("a rescue is of one pulp, by spells that start an hour or more after the pulse", fix="see starts")
    times = np.unique(np.concatenate([begins, begins + spell, [HOUR]]))
    segments = [Segment(HOUR, cutting=damage / HOUR)]
    for before, after in pairwise(times):
        within = (begins <= before) & (before < begins + spell)
        segments.append(Segment(after - before, soothing=np.where(within, soothing, 1.0)))
    segments.append(Segment(horizon))
    return ~follow(pulps.take(np.zeros(len(begins), int)), segments).lost
