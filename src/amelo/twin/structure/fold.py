"""Strength of a tooth: what cavities and restorations leave of it, fatigue, overload, and the fold of a tooth that mends itself.

Strength is over that of a sound tooth, load over what breaks a sound tooth.  An ordinary tooth does not mend itself on the time of a
treatment: it has a fatigue clock and an overload threshold and **no fold**.  Taking the exponent of crack growth for that of a strength
is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set

__all__ = [
    "StrengthFold",
    "StrengthPaths",
    "crack_cycles",
    "eigenvalue",
    "fatigue_life",
    "follow_strength",
    "fracture_load",
    "resting_strength",
    "stiffness",
    "strength_after",
    "strength_fold",
    "strength_rate",
]

RUIN = 0.05  # strength below which the bare equation counts as broken


def stiffness(cavity: str) -> float:
    """Return the stiffness of cusps over sound for a cavity: ``sound``, ``occlusal`` or ``mod``.

    Raises: ParameterError for another word.
    Source: reeh1989.
    """
    return 1.0 if cavity == "sound" else _named("stiffness", cavity, "cavity")


def fracture_load(restoration: str) -> float:
    """Return the load [N] that breaks a premolar: ``sound``, or restored by ``inlay_3mm_composite``, ``onlay_5mm_ceramic`` and so on.

    Raises: ParameterError for another word.
    Source: operdent2021.
    """
    return _named("fracture", restoration, "restoration")


def _named(group: str, word: str, what: str) -> float:
    known = [p.name.partition(".")[2] for p in load_set("structure") if p.name.startswith(f"{group}.")]
    if word not in known:
        raise ParameterError(f"'{word}' is not a {what} with known {group}", fix=nearest(word, known))
    return load_set("structure").value(f"{group}.{word}")


def strength_rate(strength: Any, repair: Any, wear: Any, load: Any, exponent: Any) -> Any:
    """Return the rate of change [1/s] of strength: it mends in proportion to what is missing, and wears by load over strength.

    Arguments: strength; repair, wear [1/s]; load over what breaks a sound tooth; exponent.  Numbers, or arrays of any library.
    """
    return repair * (1.0 - strength) - wear * (load / strength) ** exponent


def eigenvalue(strength: Any, repair: Any, wear: Any, load: Any, exponent: Any) -> Any:
    """Return the derivative [1/s] of the rate with respect to strength: below 0 where an equilibrium is stable, 0 at the fold."""
    return -repair + wear * exponent * load**exponent / strength ** (exponent + 1.0)


@dataclass(frozen=True)
class StrengthFold:
    """Where a tooth that mends itself tips: strength there, and the load that takes it there."""

    strength: float
    load: float


def strength_fold(repair: float, wear: float, exponent: float) -> StrengthFold | None:
    """Return the fold in closed form; None for a tooth that does not mend itself, which has none.

    Arguments: repair, wear [1/s]; exponent.
    Raises: ParameterError for a repair below 0, or a wear or exponent that is not above 0.
    """
    _checked(repair, wear, 0.0, exponent)
    if repair == 0.0:
        return None
    m = exponent
    log_load = (np.log(repair / wear) + m * np.log(m) - (m + 1.0) * np.log(m + 1.0)) / m  # powers of 24 overflow in no unit
    return StrengthFold(m / (m + 1.0), float(np.exp(log_load)))


def resting_strength(repair: float, wear: float, load: float, exponent: float) -> tuple[float, float] | None:
    """Return the stable and the unstable equilibrium of strength under a load; None beyond the fold or without repair.

    Arguments: as for ``strength_rate``, numbers.
    Raises: ParameterError for what cannot be.
    """
    from scipy.optimize import brentq

    _checked(repair, wear, load, exponent)
    edge = strength_fold(repair, wear, exponent)
    if edge is None or load >= edge.load:
        return None
    if load == 0.0:
        return 1.0, 0.0

    def balance(strength: float) -> float:
        return repair * (1.0 - strength) * strength**exponent - wear * load**exponent

    tight = {"xtol": 1e-15, "rtol": 1e-14}
    return brentq(balance, edge.strength, 1.0, **tight), brentq(balance, 0.0, edge.strength, **tight)


def fatigue_life(strength: Any, wear: Any, load: Any, exponent: Any) -> np.ndarray:
    """Return the time [s] after which a tooth that does not mend itself breaks: when strength has sunk to the load.

    Arguments: strength now; wear [1/s]; load; exponent; numbers or arrays.
    Returns: 0 for an overload, infinite without a load.
    """
    s, c, pull, m = np.broadcast_arrays(*(np.asarray(x, float) for x in (strength, wear, load, exponent)))
    if not ((s > 0.0) & (c > 0.0) & (pull >= 0.0) & (m > 0.0)).all():
        raise ParameterError("strength, wear and exponent are above 0, loads not below")
    ratio = s / np.where(pull > 0.0, pull, s)
    life = np.where(ratio <= 1.0, 0.0, (s * ratio**m - pull) / ((m + 1.0) * c))
    return np.where(pull > 0.0, life, np.inf)


def strength_after(time: Any, strength: Any, wear: Any, load: Any, exponent: Any) -> np.ndarray:
    """Return the strength after a time [s] of a tooth that does not mend itself, in closed form; 0 for a broken one.

    Arguments: time; the others as for ``fatigue_life``.
    """
    life = fatigue_life(strength, wear, load, exponent)
    t, s, c, pull, m = np.broadcast_arrays(*(np.asarray(x, float) for x in (time, strength, wear, load, exponent)))
    if not (t >= 0.0).all():
        raise ParameterError("a time is below 0")
    lost = np.minimum((m + 1.0) * c * t * (pull / s) ** m / s, 1.0)  # of s^(m + 1)
    return np.where(t >= life, 0.0, s * (1.0 - lost) ** (1.0 / (m + 1.0)))


def crack_cycles(first: float, last: float, stress: float, *, shape: float = 1.12) -> float:
    """Return the cycles of load in which a crack in enamel grows from one length to another.

    Arguments: first, last [m]; stress [Pa], its range in a cycle; shape of the crack and the body, 1.12 for an edge.
    Raises: ParameterError for lengths that do not grow, or stress or shape that are not above 0.
    Assumptions: growth by a power of the range of stress intensity, wherever that lies; closed form.
    Source: bajaj2008.
    """
    if not (0.0 < first < last and stress > 0.0 and shape > 0.0):
        raise ParameterError(
            "a crack grows from a length above 0 to a longer one, under a stress", fix="see first, last, stress and shape"
        )
    value = load_set("structure").value
    m, c = value("fatigue.enamel.exponent"), value("fatigue.enamel.coefficient") * 1e-3  # m per cycle
    power = 1.0 - 0.5 * m
    return float((last**power - first**power) / (power * c * (shape * stress * 1e-6 * np.sqrt(np.pi)) ** m))


@dataclass(frozen=True, eq=False)
class StrengthPaths:
    """How M teeth fared: time (T,) [s]; strength (T, M), 0 once broken; broken (M,) [s], when, NaN for never."""

    time: np.ndarray
    strength: np.ndarray
    broken: np.ndarray


def follow_strength(
    time: np.ndarray,
    load: np.ndarray,
    *,
    repair: Any,
    wear: Any,
    exponent: Any,
    strength: Any = 1.0,
    noise: Any = 0.0,
    seed: int = 0,
    overload: bool = True,
) -> StrengthPaths:
    """Return the strength of M teeth under loads that change, with repair and noise.

    Arguments: time (T,) [s], rising; load (T - 1,) or (T - 1, M) between these; repair, wear [1/s], exponent and strength at the start, a
    number or (M,); noise [1/s^0.5]; seed; overload, whether a load as high as strength breaks at once, as it does; without it the bare
    equation runs on until a twentieth is left, which shows a fold that lies above the strength at it.
    Raises: ParameterError for what cannot be, or a step longer than half the shortest time of the equations.
    Assumptions: drift by steps of fourth order, noise added after each; never above 1; broken for good.
    """
    clock, force = np.asarray(time, float), np.asarray(load, float)
    if clock.ndim != 1 or len(clock) < 2 or force.shape[:1] != (len(clock) - 1,) or not (np.diff(clock) > 0.0).all():
        raise ParameterError("times rise, two or more, with one load less than times")
    _checked(repair, wear, force, exponent)
    parts = [np.asarray(x, float) for x in (repair, wear, exponent, strength, noise)]
    shape = np.broadcast_shapes(*(x.shape for x in parts), force.shape[1:], (1,))
    rho, c, m, now, sigma = (np.broadcast_to(x, shape).copy() for x in parts)
    if not ((now > 0.0) & (now <= 1.0) & (sigma >= 0.0)).all():
        raise ParameterError("strength at the start is above 0 and at most 1, noise not below 0")
    rng = np.random.Generator(np.random.Philox(key=seed))
    broken, frames = np.full(shape, np.nan), [now.copy()]
    for number, (begin, h) in enumerate(zip(clock[:-1], np.diff(clock), strict=True)):
        pull = np.broadcast_to(force[number], shape)
        least = pull if overload else np.full(shape, RUIN)
        over = np.isnan(broken) & (now <= least)
        broken[over] = begin
        up = np.isnan(broken)
        at = np.where(up, now, 1.0)
        if np.any((h * np.abs(rho + c * m / np.maximum(at, 1e-3)) > 0.5) & up & (pull > 0.0)):
            raise ParameterError(f"a step of {h:g} s is too long for this repair and wear", fix="give more times")

        def rate(s: np.ndarray, pull: np.ndarray = pull, least: np.ndarray = least) -> np.ndarray:
            s = np.maximum(s, np.maximum(least, 1e-9))  # it breaks there; what is below has no rate
            return rho * (1.0 - s) - c * (pull / s) ** m

        k1 = rate(at)
        k2 = rate(at + 0.5 * h * k1)
        k3 = rate(at + 0.5 * h * k2)
        k4 = rate(at + h * k3)
        moved = at + h / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
        moved = np.minimum(moved + sigma * np.sqrt(h) * rng.standard_normal(shape), 1.0)
        fails = up & (moved <= least)
        broken[fails] = begin + h
        now = np.where(np.isnan(broken), moved, 0.0)
        frames.append(now.copy())
    return StrengthPaths(clock, np.array(frames), broken)


def _checked(repair: Any, wear: Any, load: Any, exponent: Any) -> None:
    for name, value, strict in (
        ("repair", repair, False),
        ("wear", wear, True),
        ("load", load, False),
        ("exponent", exponent, True),
    ):
        given = np.asarray(value, float)
        if not (np.isfinite(given).all() and ((given > 0.0) if strict else (given >= 0.0)).all()):
            raise ParameterError(f"the {name} of a strength is {'not above' if strict else 'below'} 0, or not finite")
