"""Fracture of an ordinary tooth over years: loads, the share of its life that they use up, and the chance that it breaks.

An ordinary tooth does not mend itself: it has a fatigue clock and **no fold**.  The clock runs at the power of load over strength with which
cracks of enamel grow, the smallest of the published ones: those of dentine would break a third of large fillings' teeth in a year.  Teeth of the same strength by shape differ as much as teeth of one group in a press do, and people bite with
different force; both are in the spread of lives, so that the weak break first and those that are left break more seldom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.structure.laws import Laws

__all__ = ["Loads", "annual_risk", "fracture_risk", "life", "overload_risk", "used_by"]


@dataclass(frozen=True)
class Loads:
    """What a posterior tooth bears on a day: numbers, or (M,) each.

    Fields: chewing (strokes a day that it bears), force [N] of a stroke, spread of its logarithm; hard (bites a day on something hard), of
    hard_force [N]; parafunction (clenches a day), of clench_force [N].
    """

    chewing: np.ndarray | float
    force: np.ndarray | float
    spread: np.ndarray | float
    hard: np.ndarray | float
    hard_force: np.ndarray | float
    parafunction: np.ndarray | float
    clench_force: np.ndarray | float

    @classmethod
    def ordinary(cls, parafunction: np.ndarray | bool = False, laws: Laws | None = None) -> Loads:
        """Return ordinary loads, with or without parafunction.

        Arguments: parafunction (whether, one or (M,)); laws.
        """
        laws = laws or Laws.named()
        return cls(
            *(laws[f"load.{name}"] for name in ("chewing", "chewing_force", "chewing_spread", "hard", "hard_force")),
            np.where(np.asarray(parafunction, bool), laws["load.clenches"], 0.0),
            laws["load.clench_force"],
        )

    def damage(self, exponent: np.ndarray | float, scale: float) -> np.ndarray:
        """Return the sum over a day of loads over a scale [N], each to the exponent."""
        stroke = (np.asarray(self.force) / scale) ** exponent * np.exp(0.5 * (exponent * np.asarray(self.spread)) ** 2)
        return (
            self.chewing * stroke
            + self.hard * (np.asarray(self.hard_force) / scale) ** exponent
            + self.parafunction * (np.asarray(self.clench_force) / scale) ** exponent
        )


def life(strength: np.ndarray | float, loads: Loads | None = None, laws: Laws | None = None) -> np.ndarray:
    """Return the median life [years] of teeth of a strength over sound under loads; 0 without strength.

    Arguments: strength, one or (M,); loads, None for ordinary ones; laws.
    Raises: ParameterError for a strength below 0 or not finite.
    Assumptions: as ``fatigue_life`` for loads well below strength; the exponent of the growth of cracks in enamel; by how many standard
    deviations of its logarithm the life of sound teeth under ordinary loads lies above a year is the one constant that was calibrated.
    Lives spread so widely that the median is a scale, no time that anybody waits for.
    Source: bajaj2008, bader1995.
    """
    laws = laws or Laws.named()
    s = np.asarray(strength, float)
    if not (np.isfinite(s) & (s >= 0.0)).all():
        raise ParameterError("a strength is below 0 or not finite")
    m, scale = laws["fatigue.enamel.exponent"], float(np.mean(laws["load.chewing_force"]))
    usual = Loads.ordinary(laws=laws).damage(m, scale)
    sound = np.exp(laws["fracture_over_years.margin"] * _spread(laws))
    return sound * s ** (m + 1.0) * usual / (loads or Loads.ordinary(laws=laws)).damage(m, scale)


def used_by(
    years: np.ndarray | float, strength: np.ndarray | float, loads: Loads | None = None, laws: Laws | None = None
) -> np.ndarray:
    """Return how many median lives a tooth uses up in years at a strength; add them up over what a tooth went through (Miner's rule).

    Arguments: years; strength; loads; laws; one each or (M,).
    Raises: ParameterError for years below 0.
    """
    time = np.asarray(years, float)
    if not (time >= 0.0).all():
        raise ParameterError("years are below 0")
    whole = life(strength, loads, laws)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(time > 0.0, time / whole, 0.0)


def fracture_risk(before: np.ndarray | float, after: np.ndarray | float, laws: Laws | None = None) -> np.ndarray:
    """Return the chance that a tooth that is whole breaks while its used lives go from one sum to another.

    Arguments: before, after (of ``used_by``), one or (M,); laws.
    Raises: ParameterError when they fall.
    Assumptions: logarithms of lives are normal; their spread is that of strength in a press and of bite force between people.
    """
    from scipy.special import log_ndtr

    laws = laws or Laws.named()
    start, end = np.asarray(before, float), np.asarray(after, float)
    if not (start >= 0.0).all() or not (end >= start).all():
        raise ParameterError("used lives are below 0, or fall")
    spread = _spread(laws)
    with np.errstate(divide="ignore", invalid="ignore"):
        alive = [log_ndtr(-np.log(used) / spread) for used in (start, end)]
        lost = -np.expm1(alive[1] - alive[0])
    return np.where(np.isposinf(start), 1.0, lost)  # nothing of it is left that could be whole


def annual_risk(
    strength: np.ndarray | float,
    before: np.ndarray | float = 0.0,
    loads: Loads | None = None,
    laws: Laws | None = None,
) -> np.ndarray:
    """Return the chance that a tooth breaks in the coming year.

    Arguments: strength over sound; before (lives used up until now); loads; laws; one each or (M,).
    """
    start = np.asarray(before, float)
    return fracture_risk(start, start + used_by(1.0, strength, loads, laws), laws)


def overload_risk(strength: np.ndarray | float, force: np.ndarray | float, laws: Laws | None = None) -> np.ndarray:
    """Return the chance that one bite breaks a tooth at once, fatigue apart.

    Arguments: strength over sound; force [N]; laws; one each or (M,).
    Raises: ParameterError for a strength or force below 0 or not finite.
    Assumptions: teeth alike break where premolars did in a press, with that spread; a bite acts as the press does.
    Source: operdent2021, taha2011.
    """
    from scipy.special import ndtr

    laws = laws or Laws.named()
    s, pull = np.asarray(strength, float), np.asarray(force, float)
    if not (np.isfinite(s) & (s >= 0.0)).all() or not (np.isfinite(pull) & (pull >= 0.0)).all():
        raise ParameterError("a strength or force is below 0 or not finite")
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.log(pull) - np.log(s * laws["fracture.sound"])
    over = np.where(pull == 0.0, -np.inf, over)  # what does not bite breaks nothing, not even what has no strength
    return ndtr(over / laws["fracture_over_years.strength_spread"])


def _spread(laws: Laws) -> np.ndarray:
    """Return the standard deviation of the logarithm of lives of teeth of one strength: of their strength and of people's bite."""
    m = laws["fatigue.enamel.exponent"]
    return np.hypot((m + 1.0) * laws["fracture_over_years.strength_spread"], m * laws["fracture_over_years.load_spread"])
