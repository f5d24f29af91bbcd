"""One helix in a rotating field: how fast it goes, how far it strays, and whether it can be steered at all.

The tier below all others: the axis and the moment of one bot turn under the torque of the field and under heat, in three dimensions.
By similarity all depends on three numbers, the energy of the moment in the field over kT, the frequency of the field over the
diffusivity of spinning, and the drag of tumbling over that of spinning; answers are kept on disk by them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import isfinite
from pathlib import Path

import numpy as np

from amelo.cite.references import cache_folder
from amelo.errors import ParameterError, SolveError
from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import SCENE, Carrier

__all__ = [
    "Rod",
    "Steering",
    "SteeringTable",
    "Turned",
    "required_frequency",
    "rod_of",
    "steerability",
    "steering",
    "steering_table",
    "turned",
]

COPIES = 8  # that turn in one round
BLOCKS = 8  # of a run, for the spread between them
RUN = 100.0  # times 1/D, without the first part that is not counted
ERROR = 0.01  # of the rotation, relative, at which rounds stop
BUDGET = 8_000_000  # steps at which they stop anyhow
FINENESS = 0.1  # steps per fastest of what happens
COARSEST = 0.5  # beyond which the loop is not stable
SLOWEST = 0.1  # frequency below which rotation is in proportion to it
SLENDER = (2.0, 30.0)  # lengths over thicknesses for which the formulas of drag hold
DIRECTED = 1.0  # Péclet number from which a bot goes where it is told
EDGE = 1e-9


@dataclass(frozen=True)
class Rod:
    """Drag of a slender body in open water.

    Fields: spin and tumble [N m s], against turning about the long axis and across it; along and across [N s/m], against moving.
    """

    spin: float
    tumble: float
    along: float
    across: float


def rod_of(carrier: Carrier, fluid: float) -> Rod:
    """Return the drag of a helix, as that of a cylinder of its length and volume.

    Arguments: carrier; fluid (viscosity [Pa s]).
    Raises: ParameterError for a body that is no helix, or not slender.
    Assumptions: the body between its windings counts as its own volume only.
    Source: tirado1984.
    """
    if carrier.form != "helix":
        raise ParameterError(f"{carrier.name} is no helix", why="only helices are screwed forward", fix="take helicoid")
    length = carrier.length
    slender = float(length / np.sqrt(4.0 * carrier.volume / (np.pi * length)))
    if not SLENDER[0] <= slender <= SLENDER[1]:
        why = f"length over thickness is allowed from {SLENDER[0]:g} to {SLENDER[1]:g}"
        raise ParameterError(f"{carrier.name} is {slender:.3g} times as long as thick", why=why)
    log = np.log(slender)
    return Rod(
        spin=float(np.pi * fluid * length**3 / slender**2),
        tumble=float(np.pi * fluid * length**3 / (3.0 * (log - 0.662 + 0.917 / slender - 0.050 / slender**2))),
        along=float(2.0 * np.pi * fluid * length / (log - 0.207 + 0.980 / slender - 0.133 / slender**2)),
        across=float(4.0 * np.pi * fluid * length / (log + 0.839 + 0.185 / slender + 0.233 / slender**2)),
    )


@dataclass(frozen=True)
class Turned:
    """How a helix turned, in units of the diffusivity D of spinning.

    Fields: rotation along the axis of the field [D] and its standard error; spread, half the growth of the variance of the angle turned
    along it [D]; order, mean square cosine between the two axes; follows, mean cosine between moment and field.
    """

    rotation: float
    error: float
    spread: float
    order: float
    follows: float


def turned(pull: float, turn: float, drag: float, *, step: float | None = None, key: int = 0, budget: int = BUDGET) -> Turned:
    """Return how a helix turns, from as many copies as it takes.

    Arguments: pull (energy of the moment in the field over kT); turn (angular frequency of the field over D); drag (of tumbling over
    that of spinning); step (times 1/D; None: a tenth of what is fastest); key of the noise; budget (steps of all copies).
    Raises: ParameterError for a step above stability.
    Assumptions: copies start turned at random; below a tenth of D rotation is in proportion to the frequency, which is what is
    computed there, since by numbers it would drown in noise.
    """
    from amelo.therapy.nano.single_kernel import compiled_turning

    if turn < SLOWEST:
        slow = turned(pull, SLOWEST, drag, step=step, key=key, budget=budget)
        scale = turn / SLOWEST
        return Turned(slow.rotation * scale, slow.error * scale, slow.spread, slow.order, slow.follows)
    fastest = pull + turn + 4.0
    step = FINENESS / fastest if step is None else step
    if not 0.0 < step * fastest <= COARSEST:
        why = f"the loop is stable up to {COARSEST / fastest:.3g} in units of the time in which heat turns it about its axis"
        raise ParameterError(f"a time step of {step:g} is out of range", why=why, fix="leave the step out")
    kernel, steps, settle = compiled_turning(), int(RUN / BLOCKS / step) + 1, int(3.0 * drag / step) + 1
    draw = np.random.Generator(np.random.Philox(key))
    rows, done = [], 0
    while True:
        out = np.empty((COPIES, BLOCKS, 4))
        kernel(pull, turn, drag, step, settle, steps, BLOCKS, key, 1.0, _at_random(draw, COPIES), COPIES * len(rows), out)
        rows.append(out)
        done += COPIES * (settle + BLOCKS * steps)
        means = np.concatenate([r[:, :, 0].mean(axis=1) for r in rows])
        mean, error = float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means)))
        if error <= ERROR * abs(mean) or done >= budget:
            break
    every = np.concatenate(rows)
    spread = 0.5 * float(every[:, :, 1].var(ddof=1)) * steps * step
    return Turned(mean, error, spread, float(every[:, :, 2].mean()), float(every[:, :, 3].mean()))


def _at_random(draw: np.random.Generator, copies: int) -> np.ndarray:
    """Return axes and moments (C, 2, 3) that point anywhere, across each other."""
    axis = draw.normal(size=(copies, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    moment = draw.normal(size=(copies, 3))
    moment -= (moment * axis).sum(axis=1, keepdims=True) * axis
    moment /= np.linalg.norm(moment, axis=1, keepdims=True)
    return np.ascontiguousarray(np.stack([axis, moment], axis=1))


@dataclass(frozen=True)
class Steering:
    """What a rotating field does with a helix in open water.

    Fields: frequency [Hz], flux_density [T]; speed [m/s] along the axis of the field, of the sign of the frequency, and its standard
    error speed_error; diffusivity [m2/s] along that axis; order (mean square cosine between the axes of helix and field); peclet, length
    times speed over diffusivity: how many of its lengths it goes while it strays by one.
    """

    frequency: float
    flux_density: float
    speed: float
    speed_error: float
    diffusivity: float
    order: float
    peclet: float

    @property
    def steerable(self) -> bool:
        """Whether it goes farther than it strays."""
        return self.peclet >= DIRECTED


def steering(carrier: Carrier, frequency: float, flux_density: float, temperature: float = 37.0) -> Steering:
    """Return speed and diffusivity of a helix in a rotating field, computed once and kept on disk.

    Arguments: carrier; frequency [Hz]; flux_density [T]; temperature [degC].
    Raises: ParameterError for what is no helix, or for a field that is none.
    Assumptions: moment across the long axis and fixed in the body; slip-free screw below step-out; open water.
    Source: ghosh2009, tripathi2025.
    """
    if not (isfinite(frequency) and isfinite(flux_density) and flux_density >= 0.0):
        raise ParameterError(
            f"a field of {flux_density:g} T at {frequency:g} Hz is none", why="both are finite, the first at least 0"
        )
    rod, heat = rod_of(carrier, motion.viscosity(temperature)), motion.BOLTZMANN * (temperature + motion.ZERO)
    per_turn, spinning = carrier.advance * carrier.length / (2.0 * np.pi), heat / rod.spin
    pull, turn = carrier.moment * flux_density / heat, 2.0 * np.pi * abs(frequency) / spinning
    found = _kept(float(pull), float(turn), rod.tumble / rod.spin)
    sideways = heat / rod.across
    lengthwise = heat / rod.along - per_turn**2 * spinning  # the rest of it comes from spinning and is in the spread
    strays = per_turn**2 * spinning * found.spread + lengthwise * found.order + sideways * (1.0 - found.order)
    speed = per_turn * spinning * found.rotation
    return Steering(
        frequency,
        flux_density,
        float(np.copysign(speed, frequency * speed)) if frequency else 0.0,
        float(per_turn * spinning * found.error),
        float(strays),
        found.order,
        float(max(speed, 0.0) * carrier.length / strays),
    )


@cache
def _kept(pull: float, turn: float, drag: float) -> Turned:
    """Return ``turned`` from disk, or compute it and put it there; a folder that cannot be written is no error."""
    path = _shelf() / f"{sha256(repr((pull, turn, drag)).encode()).hexdigest()[:24]}.json"
    try:
        return Turned(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # absent, or not what is written below
        found = turned(pull, turn, drag)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{id(found)}")
        temporary.write_text(json.dumps(found.__dict__), "utf-8")
        temporary.replace(path)
    except OSError:
        pass
    return found


@cache
def _shelf() -> Path:
    """Return the folder of what this text of the loop and of this file computed."""
    here = Path(__file__)
    text = here.read_bytes() + here.with_name("single_kernel.py").read_bytes()
    return cache_folder() / "nano" / sha256(text).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class SteeringTable:
    """Speeds and diffusivities of a helix over fields.

    Fields: frequency (F,) [Hz]; flux_density (B,) [T]; speed (F, B) [m/s] and its standard error speed_error; diffusivity (F, B) [m2/s];
    peclet (F, B).
    """

    frequency: np.ndarray
    flux_density: np.ndarray
    speed: np.ndarray
    speed_error: np.ndarray
    diffusivity: np.ndarray
    peclet: np.ndarray

    def at(self, frequency: float, flux_density: float) -> tuple[float, float]:
        """Return speed [m/s] and diffusivity [m2/s] between the rows of the table, straight in both directions.

        Raises: ParameterError outside of it.
        """
        place = []
        for what, number, known, unit in (
            ("frequency", abs(frequency), self.frequency, "Hz"),
            ("flux density", flux_density, self.flux_density, "T"),
        ):
            if not known[0] * (1.0 - EDGE) <= number <= known[-1] * (1.0 + EDGE):
                why = f"the table goes from {known[0]:g} to {known[-1]:g} {unit}"
                raise ParameterError(f"a {what} of {number:g} {unit} is out of range", why=why)
            left = int(np.clip(np.searchsorted(known, number, "right") - 1, 0, max(len(known) - 2, 0)))
            share = 0.0 if len(known) == 1 else float((number - known[left]) / (known[left + 1] - known[left]))
            place.append((left, min(left + 1, len(known) - 1), share))
        (i, j, s), (k, m, t) = place
        speed, spread = (
            float((1 - s) * ((1 - t) * v[i, k] + t * v[i, m]) + s * ((1 - t) * v[j, k] + t * v[j, m]))
            for v in (self.speed, self.diffusivity)
        )
        return (speed if frequency >= 0.0 else -speed), spread


def steering_table(
    carrier: Carrier, frequencies: Sequence[float], flux_densities: Sequence[float], temperature: float = 37.0
) -> SteeringTable:
    """Return the table of speeds and diffusivities over fields; each entry is computed once and kept on disk.

    Arguments: carrier; frequencies [Hz] and flux_densities [T], rising; temperature [degC].
    Raises: ParameterError for ones that do not rise from above 0.
    """
    axes = [np.array(values, float) for values in (frequencies, flux_densities)]
    for values in axes:
        if not len(values) or not values[0] > 0.0 or not (np.diff(values) > 0.0).all():
            raise ParameterError("frequencies and flux densities of a table rise from above 0")
    rows = [[steering(carrier, float(f), float(b), temperature) for b in axes[1]] for f in axes[0]]
    fields = {name: np.array([[getattr(s, name) for s in row] for row in rows]) for name in SteeringTable.__dataclass_fields__}
    return SteeringTable(**{**fields, "frequency": axes[0], "flux_density": axes[1]})


def steerability(carrier: Carrier, flux_density: float, temperature: float = 37.0) -> Steering:
    """Return what a helix does at the frequency at which it can be steered best: whether it can be at all.

    Arguments: carrier; flux_density [T]; temperature [degC].
    Assumptions: frequencies from 1 Hz to the fastest rotation of coils, three to a decade, and half of the step-out.
    """
    fastest = load_set(SCENE).value("magnet.rotation")
    half = 0.5 * float(motion.step_out_frequency(carrier.moment, flux_density, rod_of(carrier, motion.viscosity(temperature)).spin))
    tried = [*np.geomspace(1.0, fastest, 10), *([half] if 1.0 <= half <= fastest else [])]
    return max((steering(carrier, float(f), flux_density, temperature) for f in tried), key=lambda found: found.peclet)


def required_frequency(
    carrier: Carrier,
    flux_density: float | None = None,
    *,
    reserve: float = 2.0,
    temperature: float = 37.0,
    tolerance: float = 0.02,
) -> float:
    """Return the frequency [Hz] from which a helix can be steered.

    Arguments: carrier; flux_density [T] (None: raised along with the frequency, so that step-out stays the same multiple of it); reserve,
    that multiple; temperature [degC]; tolerance, relative.
    Returns: 0 for one that any rotation steers.
    Raises: SolveError when there is none up to 1 MHz.
    Assumptions: whatever field it takes is at hand; found by halving, from where heat turns it as fast as the field does.
    Source: ghosh2013.
    """
    rod = rod_of(carrier, motion.viscosity(temperature))

    def directed(frequency: float) -> bool:
        raised = 2.0 * np.pi * reserve * frequency * rod.spin / carrier.moment
        return steering(carrier, frequency, raised if flux_density is None else flux_density, temperature).steerable

    heat = motion.BOLTZMANN * (temperature + motion.ZERO)
    low = high = 0.5 * heat / rod.spin / (2.0 * np.pi)  # turning as fast as heat turns it, or half of that
    while directed(low):
        low, high = 0.25 * low, low
        if low < 1e-9:
            return 0.0
    while not directed(high):
        low, high = high, 4.0 * high
        if high > 1e6:
            raise SolveError(f"{carrier.name} cannot be steered at any frequency", why="heat turns it faster than any field")
    while high > low * (1.0 + tolerance):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if directed(middle) else (middle, high)
    return float(np.sqrt(low * high))
