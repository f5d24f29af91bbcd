"""The particle tier against what is known exactly: diffusion in the open, pull in the open, rest against a wall.

Each runs the compiled walk that swarms use, and returns what it measured beside what it should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from amelo.therapy.nano import kicks, motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.particles import advance, release, tables_of
from amelo.therapy.nano.passage import Passage

__all__ = ["Measured", "free_diffusion", "magnetic_drift", "open_slab", "wall_equilibrium"]


@dataclass(frozen=True)
class Measured:
    """Something measured: value and expected, in the same unit; noise, its relative standard error; p, chance of a worse fit (1: not asked)."""

    value: float
    expected: float
    noise: float
    p: float = 1.0

    @property
    def error(self) -> float:
        """How far the value is off, relative to what it should be."""
        return self.value / self.expected - 1.0


def open_slab(thickness: float, cells: int = 100, *, far: str = "closed", temperature: float = 37.0) -> Passage:
    """Return a slab of still fluid in the open, so thick [m] and in even cells."""
    return Passage(
        np.linspace(0.0, thickness, cells + 1), np.full(cells + 1, np.inf), np.zeros(cells + 1), far, temperature, density=1.0
    )


def _walked(
    carrier: Carrier, field: Field, slab: Passage, start: tuple[float, float], count: int, key: int, time: float, steps: int
):
    """Return depths (P,) [m] of carriers after a time, and at its start."""
    particles = release(count, key, between=start)
    at_start = particles.depth.copy()
    advance(particles, tables_of(slab, carrier, field, time / steps, points=64), kicks.step_words(key, 0, steps))
    return particles.depth, at_start


def free_diffusion(
    carrier: Carrier, count: int = 100_000, duration: float = 10.0, *, key: int = 0, steps: int = 200, temperature: float = 37.0
) -> Measured:
    """Return the diffusivity [m2/s] from the mean square displacement along three axes, beside that of Stokes and Einstein.

    Arguments: carrier; count; duration [s]; key (the axes use it and the next two); steps; temperature [degC].
    """
    fluid = motion.viscosity(temperature)
    expected = float(motion.diffusivity(carrier.diameter, temperature, fluid))
    far = 20.0 * sqrt(2.0 * expected * duration)
    slab = open_slab(2.0 * far, temperature=temperature)
    squares = np.zeros(count)
    for axis in range(3):
        after, before = _walked(carrier, Field(), slab, (far, far), count, key + axis, duration, steps)
        squares += (after - before) ** 2
    value = float(squares.mean()) / (6.0 * duration)
    return Measured(value, expected, float(squares.std(ddof=1)) / sqrt(count) / float(squares.mean()))


def magnetic_drift(
    carrier: Carrier,
    gradient: float = 1.0,
    count: int = 100_000,
    duration: float = 1000.0,
    *,
    key: int = 0,
    steps: int = 1000,
    temperature: float = 37.0,
) -> Measured:
    """Return the mean speed [m/s] of carriers that a gradient pulls in the open, beside that of Stokes.

    Arguments: carrier; gradient [T/m]; count; duration [s]; key; steps; temperature [degC].
    """
    fluid = motion.viscosity(temperature)
    expected = float(motion.magnetic_velocity(carrier.diameter, carrier.magnetisation, gradient, fluid))
    spread = sqrt(2.0 * float(motion.diffusivity(carrier.diameter, temperature, fluid)) * duration)
    way = expected * duration
    slab = open_slab(abs(way) + 40.0 * spread, temperature=temperature)
    start = 20.0 * spread + max(-way, 0.0)
    after, before = _walked(carrier, Field(gradient=gradient), slab, (start, start), count, key, duration, steps)
    moved = after - before
    return Measured(float(moved.mean()) / duration, expected, float(moved.std(ddof=1)) / sqrt(count) / abs(float(moved.mean())))


def wall_equilibrium(
    carrier: Carrier,
    gradient: float = 1.0,
    count: int = 20_000,
    *,
    key: int = 0,
    hop: float = 0.05,
    relaxations: float = 12.0,
    temperature: float = 37.0,
) -> Measured:
    """Return the mean height [m] of carriers pulled against a wall, beside kT/F, and p of the test of Kolmogorov and Smirnov.

    Arguments: carrier; gradient [T/m] (its sign does not matter); count; key; hop (mean kick of a step over kT/F); relaxations (times
    kT/F squared over the diffusivity that they are given); temperature [degC].
    Source: the law of Boltzmann, an exponential of mean kT/F.
    """
    from scipy.stats import kstest

    fluid = motion.viscosity(temperature)
    spread = float(motion.diffusivity(carrier.diameter, temperature, fluid))
    height = spread / float(motion.magnetic_velocity(carrier.diameter, carrier.magnetisation, abs(gradient), fluid))
    step = (hop * height) ** 2 / (2.0 * spread)
    steps = round(relaxations * height**2 / spread / step)
    slab = open_slab(40.0 * height, temperature=temperature)
    after, _ = _walked(carrier, Field(gradient=-abs(gradient)), slab, (0.0, 3.0 * height), count, key, steps * step, steps)
    p = float(kstest(after / height, "expon").pvalue)
    return Measured(float(after.mean()), height, 1.0 / sqrt(count), p)
