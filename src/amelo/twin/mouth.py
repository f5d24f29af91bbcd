"""What a mouth does with meals, drinks, rinses, paste and varnish: from a list of mouthfuls to the surroundings of a tooth.

The mouth is well mixed.  Glands secrete into it, a taste or chewing makes them secrete more, swallowing empties it from its maximal to
its residual volume [dawes1983], what is held is spat out, and tissues take up fluoride and give it back slowly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from amelo.errors import RecordError, nearest, shorten
from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.mouth_balance import FLUORIDE, Balance, MouthState, resting_state
from amelo.twin.saliva import SalivaProfile, film_thickness, ph_of, saliva_profile
from amelo.twin.schedule import Exposure, Segment

__all__ = [
    "Division",
    "MouthCourse",
    "MouthState",
    "Mouthful",
    "SalivaProfile",
    "divided",
    "mouth_course",
    "mouth_schedule",
    "saliva_profile",
    "segments_of",
    "stirred_share",
]

Kind = Literal["rest", "sleep", "meal", "drink", "rinse", "brush", "gel", "varnish"]
KINDS = get_args(Kind)
EMPTY = ("rest", "sleep")  # nothing is taken
SUGARED = ("meal", "drink", "rinse")
STIRRED = ("meal", "rinse", "brush", "gel")
LIMITS = {"sugar": 9_500.0, "fluoride": 3_000.0, "volume": 2e-3}  # solid sugar, silver diamine fluoride, a large meal
CHANGE = 0.4  # greatest change of a logarithm within a segment
SHORTEST = 4.0  # s; a mouthful mixes in about that time
FLOORS = {"F": 3e-3, "C(4)": 1.0, "Ace": 0.3}  # mol/m3 below which a change does not matter
SUGAR_FLOOR = 0.1  # mol/m3, a tenth of what half-saturates plaque
NOTHING = 1e-9  # mol/m3, the noise of the integration


@dataclass(frozen=True)
class Mouthful:
    """One stretch of a mouth's day.

    Fields: kind; duration [s]; sugar (hexose in what is taken [mol/m3]); fluoride in what is taken [mol/m3]; volume taken [m3], 0 for the usual
    one of the kind; ph of what is taken, None where it is no acid; label.  Meals and drinks are swallowed as they come, rinses, brushing
    and gels are held and spat out at the end, varnish is put on at the start and stays until the next brushing.
    Raises: RecordError for what no mouth can take.
    """

    kind: Kind
    duration: float
    sugar: float = 0.0
    fluoride: float = 0.0
    volume: float = 0.0
    ph: float | None = None
    label: str = ""

    def __post_init__(self) -> None:
        place = self.label or str(self.kind)[:40]
        if self.kind not in KINDS:
            raise RecordError(f"{shorten(self.kind)} is not a kind of mouthful", fix=nearest(self.kind, KINDS))
        if not (math.isfinite(self.duration) and self.duration > 0):
            raise RecordError(
                f"duration {self.duration} s is not possible", where=place, why="a stretch of time is longer than 0 s"
            )
        for name, limit in LIMITS.items():
            value = getattr(self, name)
            if not 0 <= value <= limit:
                unit = "m3" if name == "volume" else "mol/m3"
                raise RecordError(f"{name} {value} {unit} is not possible", where=place, why=f"allowed 0 to {limit:g} {unit}")
        if self.ph is not None and not 0 <= self.ph <= 14:
            raise RecordError(f"pH {self.ph} is not possible", where=place, why="allowed 0 to 14")
        if self.kind in EMPTY and (self.sugar or self.fluoride or self.volume or self.ph is not None):
            raise RecordError(f"nothing is taken at {self.kind}", where=place, fix="use meal, drink or rinse for what is taken")
        if self.sugar and self.kind not in SUGARED:
            raise RecordError(f"{self.kind} takes no sugar", where=place, why="sugar comes with " + ", ".join(SUGARED))


@dataclass(frozen=True, eq=False)
class Division:
    """How a course is looked at and cut into segments, apart from how long its steps last.

    Fields: shares (one array a step) of the length of a step at which the course is seen, from 0 to 1; cuts (first, last) moments of each segment, counted over all steps.
    """

    shares: tuple[np.ndarray, ...]
    cuts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class MouthCourse:
    """The mouth over time, T moments; a moment at which something changes abruptly stands twice.

    Fields: time (T,) [s]; sugar (T,) [mol/m3 hexose]; totals (T, components) [mol/m3]; flow (T,) of saliva [m3/s]; film (T,) [m]; plaque (T,)
    share of the biofilm that is there; step (T,) index of the mouthful; end (state to go on from); ledger (amounts [mol] of
    ``sugar`` and ``fluoride`` by where they came from and went to).
    """

    time: np.ndarray
    sugar: np.ndarray
    totals: np.ndarray
    flow: np.ndarray
    film: np.ndarray
    plaque: np.ndarray
    step: np.ndarray
    end: MouthState
    ledger: dict[str, dict[str, float]]

    @property
    def fluoride(self) -> np.ndarray:
        """Fluoride (T,) [mol/m3]."""
        return self.totals[:, FLUORIDE]

    @cached_property
    def ph(self) -> np.ndarray:
        """PH (T,) of the mouth's fluid, closed to air."""
        return ph_of(self.totals)

    def area(self, values: np.ndarray, start: float = 0.0, end: float = math.inf) -> float:
        """Return the area under ``values`` (T,) from ``start`` to ``end`` [s]."""
        summed = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(self.time))])
        return float(np.interp(min(end, self.time[-1]), self.time, summed) - np.interp(start, self.time, summed))


def mouth_course(
    steps: Sequence[Mouthful], saliva: SalivaProfile, *, start: MouthState | None = None, division: Division | None = None
) -> MouthCourse:
    """Return what happens in a mouth.

    Arguments: steps (in order, each where the last one ended); saliva; start (a state a course ended with; None for a mouth at rest); division
    (at which moments it is seen; None: as it asks for).
    Raises: RecordError when there is no step.
    """
    if not steps:
        raise RecordError("a schedule of the mouth has no step", fix="give at least one Mouthful")
    balance = Balance(saliva, start or resting_state(saliva))
    stirred = load_set("mouth").value("film.during_intake") * 1e-3
    pieces, clock = [], 0.0
    for index, step in enumerate(steps):
        piece = balance.run(step, division and division.shares[index])
        share = stirred_share(step)
        film = 1.0 / (share / stirred + (1.0 - share) / film_thickness(saliva, piece.flow))
        pieces.append(
            (clock + piece.time, piece.sugar, piece.totals, piece.flow, film, piece.plaque, np.full(len(piece.time), index))
        )
        clock += step.duration
    return MouthCourse(*(np.concatenate(part) for part in zip(*pieces, strict=True)), balance.state(), balance.ledger())


def mouth_schedule(steps: Sequence[Mouthful], saliva: SalivaProfile, *, start: MouthState | None = None) -> tuple[Segment, ...]:
    """Return the segments in which a tooth lives through a list of mouthfuls.

    Arguments: steps; saliva; start (see :func:`mouth_course`).
    Returns: segments, none across the edge of a step, short after a change and longer later; each holds the mean over its time, so that
    the areas under sugar and fluoride, the doses, are those of the course.
    Assumptions: a segment ends where sugar, fluoride, carbonate, acid or film have changed by half, and lasts 4 s at least.
    """
    return segments_of(mouth_course(steps, saliva, start=start), steps)


def divided(course: MouthCourse, steps: Sequence[Mouthful]) -> Division:
    """Return the moments and segments of a course, so that another of the same steps, a little different, can have the same.

    Arguments: course; steps (that it was made of).
    """
    names = reaction_table(37.0).names
    signals = [np.log(course.sugar.clip(0.0) + SUGAR_FLOOR), np.log(course.film)]
    signals += [np.log(course.totals[:, names.index(c)].clip(0.0) + floor) for c, floor in FLOORS.items()]
    own = [np.flatnonzero(course.step == index) for index in range(len(steps))]
    shares = [(course.time[at] - course.time[at[0]]) / step.duration for at, step in zip(own, steps, strict=True)]
    cuts = [cut for at in own for cut in _cuts(course.time, np.array(signals), at)]
    return Division(tuple(shares), tuple(cuts))


def segments_of(course: MouthCourse, steps: Sequence[Mouthful], division: Division | None = None) -> tuple[Segment, ...]:
    """Return the segments of a course that is already known, as :func:`mouth_schedule` does, for whoever also goes on from its end.

    Arguments: course; steps (that it was made of); division (None: its own).
    """
    names, inhibition = reaction_table(37.0).names, load_set("mouth").value("fluoride.metabolic_half")
    cuts = (division or divided(course, steps)).cuts
    sugar = [_mean(course.time, course.sugar, cut) for cut in cuts]
    totals = np.array([_mean(course.time, course.totals, cut) for cut in cuts])
    ph = ph_of(totals)
    segments = []
    for row, cut in enumerate(cuts):
        step = steps[course.step[cut[0]]]
        exposure = Exposure(
            fluid=_fluid(names, totals[row], float(ph[row]), step.label or step.kind),
            film=float(1.0 / _mean(course.time, 1.0 / course.film, cut)),  # resistances in turn: what passes is what 1/film says
            sugar=float(sugar[row]) if sugar[row] > NOTHING else 0.0,
            activity=float(_mean(course.time, course.plaque, cut)) / (1.0 + totals[row, FLUORIDE] / inhibition),
        )
        segments.append(Segment(float(course.time[cut[1]] - course.time[cut[0]]), exposure, step.label or step.kind))
    return tuple(segments)


def stirred_share(step: Mouthful) -> float:
    """Return the share of time in which the film is stirred: always by teeth, brush and rinse, for moments by the sips of a drink."""
    value = load_set("mouth").value
    if step.kind != "drink":
        return float(step.kind in STIRRED)
    sips = (step.volume or value("intake.drink") * 1e-6) / (value("intake.sip") * 1e-6)
    return min(1.0, sips * value("intake.sip_time") / step.duration)


def _cuts(time: np.ndarray, signals: np.ndarray, moments: np.ndarray) -> list[tuple[int, int]]:
    """Return (first, last) moments of each segment within one step."""
    cuts, first, last = [], moments[0], moments[-1]
    low = high = signals[:, first]
    for moment in moments[1:]:
        low, high = np.minimum(low, signals[:, moment]), np.maximum(high, signals[:, moment])
        long_enough = time[moment] - time[first] >= SHORTEST and time[last] - time[moment] >= SHORTEST
        if moment == last or (long_enough and (high - low).max() > CHANGE):
            cuts.append((int(first), int(moment)))
            first, low, high = moment, signals[:, moment], signals[:, moment]
    return cuts


def _mean(time: np.ndarray, values: np.ndarray, cut: tuple[int, int]) -> np.ndarray:
    """Return the mean of values (T, ...) over a segment."""
    inside = slice(cut[0], cut[1] + 1)
    return np.trapezoid(values[inside], time[inside], axis=0) / (time[cut[1]] - time[cut[0]])


def _fluid(names: Sequence[str], totals: np.ndarray, ph: float, label: str) -> Fluid:
    known = {name: float(amount) for name, amount in zip(names, totals, strict=True) if amount > NOTHING}
    return Fluid(
        case=label[:200], pH=ph, totals_mmol_per_kgw=known, charge_balanced_by="Cl" if known.get("Cl", 0.0) > 0.1 else "Na"
    )
