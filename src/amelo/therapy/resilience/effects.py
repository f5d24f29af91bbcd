"""What therapies do, as published, with our own posterior and the shrunk value of weak evidence beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from amelo.errors import ParameterError, nearest
from amelo.params import Parameter, load_set
from amelo.therapy.resilience.posterior_file import EffectPrior, fluoride_prior

__all__ = ["INTERVALS", "MEASURES", "Effect", "effects", "find_effects", "shrink"]

INTERVALS = ("95 %", "range", "none")  # what low and high of an effect are
RATIOS = ("risk ratio", "odds ratio", "hazard ratio")
MEASURES = (
    *RATIOS, "prevented fraction", "share", "survival", "survival time", "annual failure", "change", "standardised difference", "count",
)  # fmt: skip
SHRINKS_TO = "prior.effect_spread"  # of fluoride-network: the same belief for one weak trial as for the network
WIDTH = 2 * 1.959964  # standard errors between the ends of a 95 % interval


@dataclass(frozen=True)
class Effect:
    """One published effect: a therapy against something else, an outcome and a measure, and the number as a sourced parameter.

    ``interval`` says what the parameter's low and high are; ``own`` is our posterior of the same comparison, adjusted for bias, where the
    network has one; ``shrunk`` (value, low, high) is a ratio from weak evidence after our prior, where it is weak.
    """

    id: str
    therapy: str
    against: str
    outcome: str
    measure: str
    interval: str
    certainty: str
    published: Parameter
    own: EffectPrior | None = None
    shrunk: tuple[float, float, float] | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the effect as plain values; low and high are None where the source gave no interval."""
        p = self.published
        told = {name: getattr(self, name) for name in ("id", "therapy", "against", "outcome", "measure")}
        told |= {"value": p.value, "unit": p.unit, "low": p.low, "high": p.high, "interval": self.interval}
        if self.interval == "none":
            told |= {"low": None, "high": None}
        told |= {"grade": p.grade, "certainty": self.certainty, "source": p.source, "note": p.note}
        told |= dict(zip(("own_value", "own_low", "own_high"), self.own.prevented if self.own else (None,) * 3, strict=True))
        told |= {"own_hash": self.own.hash if self.own else None}
        return told | dict(zip(("shrunk_value", "shrunk_low", "shrunk_high"), self.shrunk or (None,) * 3, strict=True))


def shrink(value: float, low: float, high: float, spread: float) -> tuple[float, float, float]:
    """Return a ratio and its 95 % interval after a normal prior of its log around 0.

    Arguments: value, low, high (the published ratio and its 95 % interval, all above 0); spread (standard deviation of the prior).
    Raises: ParameterError for a ratio or a spread that is not above 0, or an interval without width.
    """
    if not (0 < low <= value <= high and low < high and spread > 0):
        raise ParameterError(
            f"{value:g} ({low:g} to {high:g}) cannot be shrunk", why="a ratio and its interval are above 0 and in order"
        )
    error = (math.log(high) - math.log(low)) / WIDTH
    weight = spread**2 / (spread**2 + error**2)
    middle, half = weight * math.log(value), math.sqrt(weight) * error * WIDTH / 2
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


@cache
def effects() -> tuple[Effect, ...]:
    """Return every effect of the set ``evidence``, in its order."""
    table, found = load_set("evidence"), []
    spread = load_set("fluoride-network").value(SHRINKS_TO)
    for key, words in table.structure.items():
        p = table[f"{key}.effect"]
        own = fluoride_prior(words["own"]) if "own" in words else None
        shrunk = shrink(p.value, p.low, p.high, spread) if words.get("weak") else None
        texts = (words[name] for name in ("therapy", "against", "outcome", "measure", "interval", "certainty"))
        found.append(Effect(key, *texts, p, own, shrunk))
    return tuple(found)


def find_effects(search: str | None = None) -> list[Effect]:
    """Return the effects whose name, therapy, comparison, outcome, measure, source or note contains a word, or all.

    Raises: ParameterError when there is none, with the nearest word.
    """
    if not search:
        return list(effects())
    word = search.casefold()
    found = [e for e in effects() if word in _words(e).casefold()]
    if not found:
        known = sorted(
            {part.strip("(),:;") for e in effects() for part in f"{e.id} {e.therapy} {e.outcome}".split() if len(part) > 3}
        )
        fix = nearest(search, known) or "'amelo evidence' lists them all"
        raise ParameterError(f"no effect mentions '{search}'", fix=fix)
    return found


def _words(e: Effect) -> str:
    return " ".join((e.id, e.therapy, e.against, e.outcome, e.measure, e.certainty, e.published.source, e.published.note))
