"""Carriers at an open surface, enamel above all: they arrive, stick, lie loose under a pull, gel, are washed off or pulled home.

They do not enter enamel: its pores are narrower than they are.  Over the surface lies an unstirred layer that carriers cross by
diffusion and drift; under a pull the loose ones lie on the surface as an atmosphere of depth kT over the pull, or as a packed bed when
there are more.  Between two looks at that bed the equations are linear and are solved exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import propulsion

__all__ = ["Docked", "dock", "most_arriving", "refuse_enamel", "wash"]

LOOKS = 60  # at the bed during one step; gelation and packing are fixed between two
SMALL = 1e-9
TERMS = 22  # of series of arguments up to 1
Number = float | np.ndarray


@dataclass(frozen=True, eq=False)
class Docked:
    """Carriers at a surface of M members, per area of it [1/m2], and what they hold in full loads of one carrier.

    Fields (M,): loose and stuck, with loose_load and stuck_load; arrived, what came over the unstirred layer so far and left, what went
    back over it, each in sum, with arrived_load and left_load; released, loads given off.
    """

    loose: np.ndarray
    loose_load: np.ndarray
    stuck: np.ndarray
    stuck_load: np.ndarray
    arrived: np.ndarray
    arrived_load: np.ndarray
    left: np.ndarray
    left_load: np.ndarray
    released: np.ndarray

    @classmethod
    def nothing(cls, members: int) -> Docked:
        """Return a surface without carriers."""
        return cls(*(np.zeros(members) for _ in fields(cls)))

    @property
    def imbalance(self) -> float:
        """By how much carriers and loads do not add up, as a share of what arrived."""
        carriers = self.arrived - self.left - self.loose - self.stuck
        loads = self.arrived_load - self.left_load - self.loose_load - self.stuck_load - self.released
        whole, full = np.maximum(self.arrived, 1e-300), np.maximum(self.arrived_load, 1e-300)
        return float(max(np.abs(carriers / whole).max(), np.abs(loads / full).max()))


def drift_of(carrier: Carrier, field: Field, temperature: float, magnetisation: Number | None = None) -> tuple[Number, float]:
    """Return drift towards a surface [m/s] and diffusivity [m2/s] of a carrier in open fluid.

    Arguments: carrier; field; temperature [degC]; magnetisation [A/m] that stands in for that of the carrier, one or (M,).
    """
    fluid = motion.viscosity(temperature)
    own = carrier.magnetisation if magnetisation is None else magnetisation
    drift = motion.magnetic_velocity(carrier.diameter, own, field.gradient, fluid)
    drift += field.gravity * motion.settling_velocity(carrier.diameter, carrier.excess_density, fluid)
    drift += propulsion(carrier, field, temperature)
    spread = motion.diffusivity(carrier.diameter, temperature, fluid)
    if field.ultrasound:
        spread += load_set(SCENE).value("ultrasound.mixing")
    return drift, float(spread)


def dock(
    carrier: Carrier,
    field: Field,
    before: Docked,
    *,
    outside: float,
    duration: float,
    deficit: np.ndarray,
    ph: np.ndarray,
    saturation: Number = 0.0,
    layer: float | None = None,
    temperature: float = 37.0,
    magnetisation: Number | None = None,
    stick: Number = 1.0,
    release: Number = 1.0,
) -> Docked:
    """Return what is at a surface after carriers, or a field alone, were there for a time.

    Arguments: carrier; field; before; outside, number density in the fluid [1/m3]; duration [s]; deficit (M,), share of the mineral of the
    surface that is gone; ph (M,) there; saturation (M,) of the fluid there with the payload; layer, unstirred fluid [m] (None: the
    usual); temperature [degC]; magnetisation (M,) [A/m] in place of the carrier's; stick and release (M,), how many times its own.
    Returns: what is there.
    Assumptions: the unstirred layer passes carriers as in a steady state; what gels, or lies where sticking took it, counts as stuck; no
    carrier enters the tissue.
    """
    layer = layer or load_set(SCENE).value("surface.layer")
    close = load_set(SCENE).value("packing.close")
    drift, spread = drift_of(carrier, field, temperature, magnetisation)
    peclet = drift * layer / spread
    speed = spread / layer * _bernoulli(peclet)  # of coming out, per density at the surface
    inward = spread / layer * _bernoulli(-peclet)  # of coming in, per density outside
    atmosphere = layer / np.maximum(peclet, 1.0)
    speed_of_sticking = carrier.sticking(deficit, ph) * stick
    given_off = carrier.release(ph) * np.maximum(1.0 - np.asarray(saturation, float), 0.0) * release
    now, look = before, duration / LOOKS
    for _ in range(LOOKS):
        depth = np.maximum(atmosphere, now.loose * carrier.volume / close)
        thick = now.loose * carrier.volume / depth > carrier.gelation_fraction
        caught = speed_of_sticking / depth + np.where(thick, 1.0 / carrier.gelation_time, 0.0)
        now = _exactly(now, inward * outside, speed / depth, caught, carrier.detach_rate, given_off, look)
    return now


def wash(before: Docked) -> Docked:
    """Return what stays when the fluid is changed: all but the loose ones."""
    nothing = np.zeros_like(before.loose)
    return replace(
        before, loose=nothing, loose_load=nothing, left=before.left + before.loose, left_load=before.left_load + before.loose_load
    )


def most_arriving(carrier: Carrier, field: Field, outside: float, duration: float, temperature: float = 37.0) -> float:
    """Return the most carriers per area [1/m2] that can arrive at a surface that keeps every one.

    Arguments: as of :func:`dock`.
    """
    layer = load_set(SCENE).value("surface.layer")
    drift, spread = drift_of(carrier, field, temperature)
    return float(outside * duration * spread / layer * _bernoulli(-drift * layer / spread))


def refuse_enamel(carrier: Carrier) -> None:
    """Refuse a carrier that is told to go into enamel.

    Raises: ParameterError unless it is as small as the pores of a lesion.
    """
    pore = load_set(SCENE).value("enamel.pore")
    if carrier.diameter >= pore:
        why = f"it has {carrier.diameter * 1e9:g} nm, the widest pores of a lesion {pore * 1e9:g} nm"
        fix = "let it dock at the surface and release ions, which do enter"
        raise ParameterError(f"{carrier.name} cannot enter enamel", why=why, fix=fix)


def _bernoulli(x: Number) -> np.ndarray:
    """Return x / (e^x - 1)."""
    x = np.minimum(np.asarray(x, float), 700.0)
    near = np.abs(x) < SMALL
    return np.where(near, 1.0 - 0.5 * x, x / np.expm1(np.where(near, 1.0, x)))


def _exactly(
    now: Docked, supply: Number, leaving: np.ndarray, caught: np.ndarray, freed: float, given_off: np.ndarray, time: float
) -> Docked:
    """Advance loose and stuck carriers, their loads, and what passed, exactly.

    Arguments: now; supply [1/(m2 s)]; leaving, caught, freed and given_off, rates [1/s]; time [s].
    """
    came = supply * time
    loose, stuck, loose_sum, _ = _two(now.loose, now.stuck, supply, leaving + caught, caught, freed, 0.0, time)
    full = _two(now.loose_load, now.stuck_load, supply, leaving + caught, caught, freed, given_off, time)
    return Docked(
        loose=loose,
        loose_load=full[0],
        stuck=stuck,
        stuck_load=full[1],
        arrived=now.arrived + came,
        arrived_load=now.arrived_load + came,
        left=now.left + leaving * loose_sum,
        left_load=now.left_load + leaving * full[2],
        released=now.released + given_off * (full[2] + full[3]),
    )


def _two(
    a: np.ndarray, b: np.ndarray, supply: Number, out: Number, over: Number, back: Number, lost: Number, time: float
) -> tuple[np.ndarray, ...]:
    """Return a and b after a time, and their integrals over it, where a' = supply - (out + lost) a + back b, b' = over a - (back + lost) b.

    By the eigenvalues of the two equations, which are real and not above 0, and the functions phi_0, phi_1 and phi_2 of the exponential.
    """
    first, second = -(out + lost) * time, -(back + lost) * time
    half, root = 0.5 * (first + second), np.sqrt(0.25 * (first - second) ** 2 + over * back * time**2)
    low = half - root
    high = np.minimum(
        (first * second - over * back * time**2) / np.where(low < 0.0, low, -1.0), 0.0
    )  # their product is known better
    slopes, levels = _slopes(high, low)

    def times(k: int, x: Number, y: Number) -> tuple[np.ndarray, np.ndarray]:
        """Return phi_k of the equations, times a pair."""
        level, slope = levels[k], slopes[k]
        return level * x + slope * (first * x + back * time * y), level * y + slope * (over * time * x + second * y)

    (end_a, end_b), (run_a, run_b) = times(0, a, b), times(1, a, b)
    (came_a, came_b), (ran_a, ran_b) = times(1, supply * time, 0.0), times(2, supply * time, 0.0)
    return end_a + came_a, end_b + came_b, time * (run_a + ran_a), time * (run_b + ran_b)


def _slopes(high: np.ndarray, low: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return (phi_k(high) - phi_k(low))/(high - low) and phi_k(low) less that times low, for k = 0, 1, 2, without loss of digits.

    From x phi_k(x) = phi_{k-1}(x) - 1/(k-1)! follows that of phi_k from that of phi_{k-1}; near 0 from its series.
    """
    near = low > -1.0
    far = np.where(near, -1.0, low)
    small_high, small_low = np.where(near, high, 0.0), np.where(near, low, 0.0)
    exact = [np.exp(high) * _phi1(low - high)]
    for phi in (_phi1, _phi2):
        exact.append((exact[-1] - phi(high)) / far)
    slopes = [exact[0]] + [np.where(near, _series(k, small_high, small_low), exact[k]) for k in (1, 2)]
    values = [np.exp(low), _phi1(low), _phi2(low)]
    return slopes, [value - slope * low for value, slope in zip(values, slopes, strict=True)]


def _series(k: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the sum over n > 0 of (x^(n-1) + x^(n-2) y + ... + y^(n-1)) / (n + k)!."""
    total, powers, last = np.zeros_like(x), np.ones_like(x), np.ones_like(x)
    factorial = float(np.prod(np.arange(1, k + 2)))
    for n in range(1, TERMS):
        total = total + powers / factorial
        last = last * y
        powers = powers * x + last
        factorial *= n + 1 + k
    return total


def _phi1(x: np.ndarray) -> np.ndarray:
    """Return (e^x - 1)/x."""
    near = np.abs(x) < 1e-5
    safe = np.where(near, 1.0, x)
    return np.where(near, 1.0 + x * (0.5 + x / 6.0), np.expm1(safe) / safe)


def _phi2(x: np.ndarray) -> np.ndarray:
    """Return (e^x - 1 - x)/x^2."""
    near = np.abs(x) < 1.0
    safe = np.where(near, 1.0, x)
    series, term = np.zeros_like(x), np.full_like(x, 0.5)
    small = np.where(near, x, 0.0)
    for n in range(3, TERMS):
        series, term = series + term, term * small / n
    return np.where(near, series, (np.expm1(safe) - safe) / (safe * safe))
