"""What the nano rows run with carriers moved one by one, or a single one: exact limits, books, bits, speed."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.common import Deposited, by_densities, by_particles
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import tubule
from amelo.therapy.nano.single import Steering, required_frequency, steerability, steering
from amelo.therapy.nano.single_kernel import compiled_turning
from amelo.therapy.nano.swarm import Swarm
from amelo.therapy.nano.swarm_result import SwarmResult
from amelo.therapy.nano.swarm_state import SwarmState
from amelo.validate.timing import best_time

__all__ = [
    "books",
    "deposited",
    "equal_bits",
    "exponent",
    "large",
    "small",
    "step_out_error",
    "time_of_common",
    "time_of_tubule",
]

PULL = 10.0  # energy of the moment over kT at which stepping out is looked at; without heat it is but a scale
OF_STEP_OUT = (0.2, 0.5, 0.8, 0.95, 1.05, 1.2, 1.5, 2.0, 3.0)
KEY = 20260415
SIZES = (1.0, 0.5, 0.2)  # lengths over that of helicoid
FAST = 50.0  # Hz


def _swarm(count: int, **more: object) -> Swarm:
    return Swarm(
        tubule(2e-4, 40), Carrier.named("caps-400").changed(stick_tubule=1e-8), Field(gradient=2.0), count, crowding=False, **more
    )


def books() -> float:
    """Return the largest share of carriers, payload or iron oxide that is unaccounted for when carriers stick, give off and leave."""
    found = _swarm(2000, mouth="open", release=(0.0, 1e-4), ph=6.0).run(KEY, 120.0, frames=2)
    return max(book["error"] for book in found.ledger().values())


def equal_bits() -> float:
    """Return how many of two comparisons are bit-identical: one thread with two, and a straight run with one that stopped."""
    swarm = _swarm(2000)
    begun = swarm.run(KEY, 30.0, frames=2, threads=1)
    straight, two = begun.state.run(30.0, frames=2, threads=1), swarm.run(KEY, 30.0, frames=2, threads=2)
    with TemporaryDirectory() as folder:
        path = begun.state.checkpoint(Path(folder) / "stopped.npz")
        restarted = SwarmState.restart(path).run(30.0, frames=2, threads=1)
    return float(_same(begun, two)) + float(_same(straight, restarted))


def _same(one: SwarmResult, other: SwarmResult) -> bool:
    arrays = [(getattr(one.particles, f.name), getattr(other.particles, f.name)) for f in fields(one.particles)]
    arrays.append((one.state.released, other.state.released))
    return all(np.array_equal(a, b) for a, b in arrays) and one.state.taken == other.state.taken


@cache
def deposited(tier: str) -> Deposited:
    """Return what came of the common benchmark, by ``particles`` or by ``density``."""
    return _common(tier)


def time_of_common(tier: str) -> float:
    """Return the CPU time [s] of the common benchmark, warm."""
    return best_time(lambda: _common(tier))


def _common(tier: str) -> Deposited:
    return by_particles(key=KEY) if tier == "particles" else by_densities()


def time_of_tubule() -> float:
    """Return the CPU time [s] of a 20-minute therapy of a tubule by 1e4 carriers in steps of 3 ms, ten times that of its tenth."""
    swarm = Swarm(tubule(cells=40, first=2e-6), Carrier.named("caps-400"), Field(gradient=1.0), 10_000, crowding=False)
    return 10.0 * best_time(lambda: swarm.run(KEY, 120.0, step=3e-3, frames=2, threads=1))


def step_out_error() -> float:
    """Return the largest relative difference of the rotation of a helix without heat from Adler's law."""
    worst, start = 0.0, np.zeros((1, 2, 3))
    start[0, 0, 0] = start[0, 1, 1] = 1.0  # along the axis of the field, and along the field
    for ratio in OF_STEP_OUT:
        turn = ratio * PULL
        step = 0.02 / (PULL + turn)
        period = 2.0 * np.pi / np.sqrt(abs(turn**2 - PULL**2))  # of slipping, or near it
        out = np.empty((1, 1, 4))
        compiled_turning()(PULL, turn, 14.0, step, int(10.0 / step), int(50.0 * period / step), 1, 0, 0.0, start, 0, out)
        worst = max(worst, abs(out[0, 0, 0] / float(motion.mean_rotation(turn, PULL)) - 1.0))
    return worst


def large() -> Steering:
    """Return what the field of the input does with a helix of 2 um at 50 Hz."""
    return steering(Carrier.named("helicoid"), FAST, _flux())


def small() -> Steering:
    """Return what it does with a helix of 400 nm at its best frequency."""
    return steerability(Carrier.named("helicoid-400"), _flux())


def _flux() -> float:
    return load_set("validation").value("nano.input.coil")


def exponent() -> float:
    """Return the power of the length by which the frequency that steering needs changes, by least squares.

    Assumptions: copies of helicoid in one field that is the same for all, so that similarity alone does not give the answer.
    """
    big, flux = Carrier.named("helicoid"), load_set("validation").value("nano.input.strong")
    needed = []
    for size in SIZES:
        scaled = big.changed(length=size * big.length, diameter=size * big.diameter, moment=size**3 * big.moment)
        needed.append(required_frequency(scaled, flux, tolerance=0.05))
    return float(np.polyfit(np.log(SIZES), np.log(needed), 1)[0])
