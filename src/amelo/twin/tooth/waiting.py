"""Time in a tooth: what its fluid, minerals, bacteria and pulp do while nothing is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin.pulp.course import HOUR, carried
from amelo.twin.pulp.dentine import influx_through
from amelo.twin.pulp.equations import FORCES
from amelo.twin.tooth.constants import DAY, MOLAR_VOLUME
from amelo.twin.tooth.state import BY_CELL, WholeTooth

__all__ = ["COARSE", "FINE", "Clock", "Frames", "forces", "wait"]

DISEASED = 10.0  # damage that no insult makes at once: a pulp beyond it lies on the diseased branch


@dataclass(frozen=True)
class Clock:
    """How finely time is cut: first step after a change [s], growth of steps, longest [s]; pulp, the error that a step of
    a pulp may make, as a share of its state: each pulp steps as far as that lets it."""

    first: float
    growth: float
    longest: float
    pulp: float

    def steps(self, duration: float) -> np.ndarray:
        """Return steps [s] that fill a duration: the first one short, each next one longer, none beyond the longest."""
        steps, gone, step = [], 0.0, self.first
        while gone < duration * (1.0 - 1e-12):
            step = min(step, self.longest, duration - gone)
            if duration - gone - step < 0.25 * step:
                step = duration - gone
            steps.append(step)
            gone += step
            step *= self.growth
        return np.array(steps)


COARSE = Clock(2.0 * HOUR, 2.0, 1.5 * DAY, 1e-3)
FINE = Clock(0.5 * HOUR, 1.5, 0.5 * DAY, 1e-4)


@dataclass(frozen=True, eq=False)
class Frames:
    """What was seen on the way: time (S,) [s], and numbers (S, M) by name."""

    time: np.ndarray
    values: Mapping[str, np.ndarray]


def wait(
    tooth: WholeTooth,
    duration: float,
    clock: Clock = COARSE,
    *,
    threads: int = 1,
    given: Mapping[str, np.ndarray | float] | None = None,
    watch: bool = True,
) -> tuple[WholeTooth, Frames]:
    """Return a tooth after a while in which nothing is done to it, and what was seen on the way.

    Arguments: tooth; duration [s], 0 for none; clock; threads; given (what drives it by name, None for what ``forces`` says); watch, whether
    anyone wants to see the pulp on the way.
    Raises: ParameterError for a duration below 0.
    Assumptions: what reaches the pulp changes with the steps of the clock; a pulp does not change what lies in front of it, but for the
    dentine that it lays down.
    """
    if not (np.isfinite(duration) and duration >= 0.0):
        raise ParameterError(f"a wait of {duration:g} s is out of range", fix="give a duration of at least 0")
    if duration == 0.0 or not tooth.present:
        return replace(tooth, time=tooth.time + duration), Frames(np.zeros(0), {})
    steps = clock.steps(duration)
    cells, influx, ledger = _carried(tooth, steps, threads, forces(tooth) if given is None else given)
    constants = tooth.constants
    values: dict[str, np.ndarray] = {"influx": influx.T}
    after = replace(
        tooth,
        time=tooth.time + duration,
        **{name: cells[:, k] for k, name in enumerate(BY_CELL)},
        carriers=tooth.carriers * np.exp(-duration / constants["carriers.life"]),
    )
    books = after.booked(
        **{f"ledger_{name}": ledger[:, k] for k, name in enumerate(("outer", "inner", "released", "gained", "lost"))}
    )
    if not tooth.rooted:
        course = carried(
            constants.pulps,
            steps / HOUR,
            _reaching(tooth, steps, influx),
            np.zeros((len(steps), tooth.members)),
            tooth.pulp,
            clock.pulp,
            every=watch,
            threads=threads,
        )
        if watch:
            values |= {name: course[name][1:] for name in ("inflammation", "damage")}
            values |= {"pressure": course.pressure[1:], "perfusion": course.perfusion[1:]}
        books["worst inflammation"] = np.maximum(books.get("worst inflammation", 0.0), course.most)
        books["most carriers"] = np.maximum(books.get("most carriers", 0.0), tooth.carriers)
        books["worst damage"] = np.maximum(books.get("worst damage", 0.0), course.worst)
        after = replace(after, pulp=np.maximum(course.state[-1], 0.0), tertiary=tooth.tertiary + _laid_down(tooth, duration))
    return replace(after, books=books), Frames(tooth.time + np.cumsum(steps), values)


def _reaching(tooth: WholeTooth, steps: np.ndarray, influx: np.ndarray) -> np.ndarray:
    """Return what acts on pulps in each step (S, F, M), per hour and in the order of ``FORCES``.

    Arguments: tooth; steps (S,) [s]; influx (M, S) [unit/s].
    """
    found = np.zeros((len(steps), len(FORCES), tooth.members))
    found[:, FORCES.index("influx")] = influx.T * HOUR
    found[:, FORCES.index("soothing")] = 1.0
    if tooth.carriers.any():
        middle = (np.cumsum(steps) - 0.5 * steps)[:, None]
        found[:, FORCES.index("carriers")] = tooth.carriers * np.exp(-middle / tooth.constants["carriers.life"])
    return found


def _carried(
    tooth: WholeTooth, steps: np.ndarray, threads: int, given: Mapping[str, np.ndarray | float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cells (M, F, N), influx (M, S) [unit/s] and ledger (M, 5) [mol/m2] after some steps."""
    from amelo.twin.tooth.kernel import CONSTANTS, LEDGER, loop

    march = loop().march
    constants, members = tooth.constants, tooth.members
    cells = np.ascontiguousarray(np.stack([getattr(tooth, name) for name in BY_CELL], axis=1))
    numbers = np.stack([np.broadcast_to(np.asarray(given[name], float), (members,)) for name in CONSTANTS], axis=1)
    influx, ledger = np.zeros((members, len(steps))), np.zeros((members, len(LEDGER)))
    widths = np.ascontiguousarray(tooth.widths)
    rest = (steps, widths, cells, np.ascontiguousarray(numbers), constants.sound, constants.pores, constants.dentine_from)
    parts = list(pairwise(np.linspace(0, members, max(1, min(threads, members)) + 1).astype(int)))
    if len(parts) == 1:
        march(0, members, *rest, MOLAR_VOLUME, influx, ledger)
    else:
        with ThreadPoolExecutor(len(parts)) as pool:
            for done in [pool.submit(march, int(a), int(b), *rest, MOLAR_VOLUME, influx, ledger) for a, b in parts]:
                done.result()
    return cells, influx, ledger


def forces(tooth: WholeTooth) -> dict[str, np.ndarray | float]:
    """Return what drives a tooth while time passes, by the names of ``kernel.CONSTANTS``, numbers or (M,).

    Assumptions: under a dam nothing of the mouth reaches the tooth; a bare pulp that nothing covers meets the mouth's bacteria, and what
    covers it lets through what its margin leaks; the mouth stands off a floor by the length within which fluid comes to rest, so that no floor
    loses more than it takes; what the tissue itself holds back comes on top, so that a bare sound floor loses 87 % of that over coarse cells
    of dentine, 74 % over fine ones, and half over the finest.
    """
    c = tooth.constants
    opened = np.zeros(tooth.members) if tooth.isolated else tooth.access
    floor = np.minimum((tooth.left <= 1e-9).sum(axis=1), tooth.cells - 1)
    free, power = c["free_diffusivity"], c["porosity_exponent"]
    sound = free * c.pores[floor] ** power
    outside = -tooth.activity / MOLAR_VOLUME * c["exchange.length"] / sound
    alive = np.zeros(tooth.members) if tooth.rooted else (tooth.pulp_state("damage") < DISEASED).astype(float)
    kinetics, pulp = load_set("kinetics"), load_set("pulp")
    called, grown = _called(tooth)
    return {
        "open": opened,
        "outside": outside,
        "wall_exchange": alive * (tooth.exposed <= 0.0),
        "pulp_supersaturation": c["pulp.supersaturation"] + called * grown["supersaturation"],
        "length": c["exchange.length"],
        "growth": c["growth.ratio"],
        "most": np.where(c.reacts, np.maximum(c["growth.most"], 1.0 + called * (grown["misplaced"] - 1.0)), c["growth.most"]),
        "share": c["intrafibrillar.share"],
        "guided": np.where(c.reacts, c["intrafibrillar.guided"], np.maximum(c["intrafibrillar.guided"], called)),
        "free_diffusivity": free * (1.0 + called * (grown["diffusivity"] - 1.0)),
        "porosity_exponent": power,
        "payload_release": c["payload.release"],
        "payload_supersaturation": c["payload.supersaturation"],
        "bacteria_growth": c["bacteria.growth"],
        "bacteria_starving": c["bacteria.starving"],
        "reach": c["bacteria.reach"],
        "soft": c["bacteria.soft"],
        "spread": c["bacteria.spread"],
        "kill": c["antimicrobial.kill"],
        "antimicrobial_life": c["antimicrobial.life"],
        "residual": kinetics.value("residual_mineral"),
        "protected": c["collagen.protected_above"],
        "decay": c["collagen.decay_rate"],
        "influx": float(influx_through(1.0, 0.0)) * tooth.conductance,
        "influx_decay": pulp.value("dentine.decay"),
        "bare": tooth.exposed * opened,
        "tertiary": tooth.tertiary,
        "most_supersaturation": c.values.get("payload.amorphous", c["payload.supersaturation"]),  # of any payload
    }


def _called(tooth: WholeTooth) -> tuple[np.ndarray, dict[str, np.ndarray | float]]:
    """Return how far dentine answers carriers (M,), and what it then does; nothing in an ordinary tooth."""
    values = tooth.constants.values
    called = np.asarray(tooth.books.get("templated", np.zeros(tooth.members)))
    plain = {"supersaturation": 0.0, "diffusivity": 1.0, "misplaced": 1.0, "thickening": 1.0, "most": 0.0}
    return called, {name: values.get(f"template.{name}", value) for name, value in plain.items()}


def _laid_down(tooth: WholeTooth, duration: float) -> np.ndarray:
    """Return the dentine (M,) [m] that a living pulp lays down where a lesion or cavity is near, from some weeks after the stimulus on.

    Assumptions: invented dentine that answers carriers well lays down more, at once and however far the lesion is.
    """
    c = tooth.constants
    begins = tooth.books.get("stimulated", np.zeros(tooth.members)) + c["tertiary.delay"]
    span = np.clip(tooth.time + duration - np.maximum(begins, tooth.time), 0.0, duration)
    near = np.where(tooth.residual < c["tertiary.reach"], 1.0, 0.0)
    called, grown = _called(tooth)
    well = np.where(c.reacts, 0.0, called)
    room = np.maximum(near * c["tertiary.most"] + well * grown["most"] - tooth.tertiary, 0.0)
    able = (tooth.pulp_state("damage") < DISEASED) & (tooth.exposed <= 0.0)
    faster = well * (grown["thickening"] - 1.0)
    return np.where(able, np.minimum(c["tertiary.rate"] * (near * span + faster * duration), room), 0.0)
