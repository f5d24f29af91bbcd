"""Synergy: by how much a combination beats the better single arm, scenario by scenario, and when it may be called so.

The headline is paired: in every scenario the combination stands against whichever single arm does better there.  Population indices stand
beside it for the literature.  A combination that mends two things which each arm mends alone is complementary; synergy is an effect on
one continuous outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.errors import ParameterError

__all__ = ["DELTA", "Synergy", "population", "synergy_of"]

DELTA = 0.05  # of worth, that an excess must pass to be called synergy
DRAWS = 1000  # of the bootstrap
COMPLEMENT = 0.02  # of worth, from which an excess over the better arm on average is worth a word
SURE = 0.005  # of worth, that an excess in each scenario must surely have for the same


@dataclass(frozen=True)
class Synergy:
    """What a combination adds.

    Fields: mean, low and high of the paired excess over the better single arm of each scenario; hsa, bliss (population, excess over the better arm on
    average, and over independent action, baseline-corrected); better, share of scenarios in which the combination beats both; claim
    (``synergistic``, ``complementary`` or ``none``); count; told.
    """

    mean: float
    low: float
    high: float
    hsa: float
    bliss: float
    better: float
    claim: str
    count: int
    told: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dict(self.__dict__)


def population(combined: np.ndarray, nano: np.ndarray, operative: np.ndarray, nothing: np.ndarray) -> tuple[float, float]:
    """Return the excess over the better arm on average (HSA) and over independent action (Bliss, corrected for doing nothing).

    Arguments: worth (n,) of each arm, from 0 to 1.
    """
    c, n, o, none = (float(np.mean(x)) for x in (combined, nano, operative, nothing))
    return c - max(n, o), c - (1.0 - (1.0 - n) * (1.0 - o) / max(1.0 - none, 1e-12))


def synergy_of(
    combined: np.ndarray,
    nano: np.ndarray,
    operative: np.ndarray,
    nothing: np.ndarray,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    delta: float = DELTA,
    certified: bool = True,
    sham: float = 0.0,
) -> Synergy:
    """Return what a combination adds over single arms that were each searched with the same effort.

    Arguments: worth (n,) of each arm in the same scenarios; seed of the bootstrap; groups (n,), patients, when there are several; delta; certified,
    whether the combination is; sham, the excess that two half doses of one thing show.
    Raises: ParameterError for arms of different scenarios.
    Assumptions: patients first and scenarios within them are drawn again with replacement; "synergistic" needs a lower bound of the excess above
    delta, a sham well below it, and a certificate.
    """
    arms = [np.asarray(x, float) for x in (combined, nano, operative, nothing)]
    if len({x.shape for x in arms}) != 1 or arms[0].ndim != 1 or not len(arms[0]):
        raise ParameterError("the arms have different scenarios", why="each scenario is lived through once under every arm")
    excess = arms[0] - np.maximum(arms[1], arms[2])
    low, high = _interval(excess, seed, groups)
    hsa, bliss = population(*arms)
    strong = low > delta and abs(sham) < 0.5 * delta and certified
    claim = "synergistic" if strong else ("complementary" if (hsa > COMPLEMENT or low > SURE) and low <= delta else "none")
    better = float((excess > 0.0).mean())
    told = {
        "synergistic": "together they do more than the better of them alone in each scenario",
        "complementary": "together they do more than either alone on average, because each mends what the other does not",
        "none": "together they hardly do more than the better of them alone",
    }[claim]
    return Synergy(float(excess.mean()), low, high, hsa, bliss, better, claim, len(excess), told)


def _interval(excess: np.ndarray, seed: int, groups: np.ndarray | None) -> tuple[float, float]:
    """Return the interval of 95 % of a mean by the bootstrap, patients first."""
    rng = np.random.default_rng([seed, 23])
    if groups is None or len(np.unique(groups)) < 2:
        picks = rng.integers(len(excess), size=(DRAWS, len(excess)))
        means = excess[picks].mean(axis=1)
    else:
        names, place = np.unique(groups, return_inverse=True)
        own = [excess[place == k] for k in range(len(names))]
        means = np.empty(DRAWS)
        for d in range(DRAWS):
            chosen = rng.integers(len(own), size=len(own))
            means[d] = np.mean([own[k][rng.integers(len(own[k]), size=len(own[k]))].mean() for k in chosen])
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
