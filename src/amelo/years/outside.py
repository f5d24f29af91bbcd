"""Effects of therapies that the twin does not carry: published ratios of rates, one for each mechanism, never beside the mechanism itself."""

from __future__ import annotations

import math

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.therapy.resilience.effects import RATIOS, Effect, effects

__all__ = ["MECHANISMS", "ratio_of", "ratios"]

WIDTH = 2 * 1.959964
MECHANISMS = {  # effect: mechanism, kind of surface that it acts on ("" for all)
    "toothpaste_1000": ("fluoride paste", ""),
    "toothpaste_2400": ("fluoride paste", ""),
    "varnish_permanent": ("fluoride varnish", ""),
    "varnish_preschool": ("fluoride varnish", ""),
    "varnish_sound": ("fluoride varnish", ""),
    "varnish_opaque": ("fluoride varnish", ""),
    "varnish_precavitated": ("fluoride varnish", ""),
    "varnish_hypoplastic": ("fluoride varnish", ""),
    "gel": ("fluoride gel", ""),
    "rinse": ("fluoride rinse", ""),
    "sealant": ("sealed", "occlusal"),
    "micro_invasive": ("blocked pores", "approximal"),
    "infiltration_permanent": ("blocked pores", "approximal"),
    "infiltration_trial": ("blocked pores", "approximal"),
    "peptide_cavitation": ("peptide", ""),
    "peptide_icdas": ("peptide", ""),
}


def ratio_of(effect: Effect) -> tuple[float, float, float]:
    """Return the ratio of rates behind an effect and its 95 % interval: our own posterior first, then the shrunk, then the published.

    Assumptions: risk and odds ratios and 1 minus a prevented fraction are taken for ratios of rates; where no interval was published its
    width is that of the prior of weak effects.
    """
    if effect.own is not None:
        value, low, high = effect.own.prevented
        return 1.0 - value / 100.0, 1.0 - high / 100.0, 1.0 - low / 100.0
    if effect.shrunk is not None:
        return effect.shrunk
    p = effect.published
    value, low, high = (
        (p.value, p.low, p.high) if effect.measure in RATIOS else (1 - p.value / 100, 1 - p.high / 100, 1 - p.low / 100)
    )
    if effect.interval == "none":
        half = math.exp(WIDTH / 2 * load_set("fluoride-network").value("prior.effect_spread"))
        low, high = value / half, value * half
    return value, low, high


def ratios(names: tuple[str, ...], carried: tuple[str, ...], kind: str, normal: np.ndarray) -> np.ndarray:
    """Return the product of ratios (M,) that named effects put on the rates of a kind of surface.

    Arguments: names; carried, mechanisms that the twin's activities carry; kind of surface; normal (M, effects), standard normal draws, one column for
    each of ``MECHANISMS``, so that an effect is the same for a member in every arm.
    Raises: ParameterError for an unknown effect, one that is no ratio of rates, or a mechanism that would count twice.
    """
    known = {e.id: e for e in effects()}
    told = {mechanism for mechanism, _ in MECHANISMS.values()}
    for mechanism in carried:
        if mechanism not in told:
            raise ParameterError(f"'{mechanism}' is not a mechanism", fix=nearest(mechanism, sorted(told)))
    seen = dict.fromkeys(carried, "the twin's activity")
    product, column = np.ones(len(normal)), {name: k for k, name in enumerate(MECHANISMS)}
    for name in names:
        if name not in MECHANISMS:
            why = "it is no ratio of the rate of caries" if name in known else "there is none of that name"
            raise ParameterError(f"the effect '{name}' cannot be applied to lesions", why=why, fix=nearest(name, MECHANISMS))
        mechanism, where = MECHANISMS[name]
        if mechanism in seen:
            raise ParameterError(
                f"the effect '{name}' would count {mechanism} twice",
                why=f"{seen[mechanism]} carries it already",
                fix="leave one of them out",
            )
        seen[mechanism] = f"the effect '{name}'"
        if where in ("", kind):
            value, low, high = ratio_of(known[name])
            product = product * np.exp(math.log(value) + math.log(high / low) / WIDTH * normal[:, column[name]])
    return product
