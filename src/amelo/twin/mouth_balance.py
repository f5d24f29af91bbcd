"""The balance of one well-mixed mouth, step by step: volume, flow, dissolved ions, sugar, fluoride held by tissues, plaque."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from amelo.params import load_set
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.saliva import SalivaProfile, neutral

if TYPE_CHECKING:
    from amelo.twin.mouth import Mouthful

__all__ = ["FLUORIDE", "Balance", "MouthState", "Piece", "resting_state"]

NAMES = reaction_table(37.0).names
FLUORIDE, SODIUM, ACID = NAMES.index("F"), NAMES.index("Na"), NAMES.index("Ace")
N = len(NAMES)
SUGAR, VOLUME, EXCESS, TISSUE, VARNISH, RESIDUE, PLAQUE, EATEN, GIVEN, SWALLOWED_SUGAR, SWALLOWED_FLUORIDE = range(N, N + 11)
HELD = ("rinse", "brush", "gel")  # not swallowed, spat out at the end
REACH = 3.0  # pH units from no acid (pH 6) to a full one (pH 3)
PARTS = 4  # moments per step of the integrator
PRECISION = {"rtol": 1e-10, "atol": 1e-13}  # of the integrator


@dataclass(frozen=True, eq=False)
class MouthState:
    """A mouth between two steps.

    Fields: totals (components,) and sugar [mol/m3] in its fluid; excess (flow above rest [m3/s]); tissue, varnish and residue: fluoride
    held by tissues, fluoride of a varnish still to be released, sugar left between the teeth [mol]; plaque (share that is there).
    """

    totals: np.ndarray
    sugar: float = 0.0
    excess: float = 0.0
    tissue: float = 0.0
    varnish: float = 0.0
    residue: float = 0.0
    plaque: float = 1.0


class Piece(NamedTuple):
    """One step solved, T moments: time [s], sugar and totals [mol/m3], flow [m3/s], plaque."""

    time: np.ndarray
    sugar: np.ndarray
    totals: np.ndarray
    flow: np.ndarray
    plaque: np.ndarray


def resting_state(saliva: SalivaProfile) -> MouthState:
    """Return a mouth that has been at rest for long: resting saliva, and tissues in balance with its fluoride."""
    mouth = load_set("mouth")
    back = np.log(2.0) / (60.0 * mouth.value("fluoride.release_half_life"))
    return MouthState(saliva.rest, tissue=mouth.value("fluoride.uptake") * 1e-6 / 60.0 * saliva.rest[FLUORIDE] / back)


class Balance:
    """A mouth that runs one step after another and keeps account of sugar and fluoride.

    Inside, volumes are mL and amounts µmol, so that every number of the state is of order one.
    """

    def __init__(self, saliva: SalivaProfile, start: MouthState) -> None:
        p = self.value = load_set("mouth").value
        self.saliva, self.volume, self.residual = saliva, saliva.volume * 1e6, saliva.residual * 1e6
        self.rest, self.sleep = saliva.flow_rest * 1e6, saliva.flow_sleep * 1e6
        typical = (p("flow.stimulated") - p("flow.rest")) / 60.0
        self.vigour = (saliva.flow_stimulated * 1e6 - self.rest) / typical  # glands of this person relative to typical ones
        self.uptake, self.back = p("fluoride.uptake") / 60.0, np.log(2.0) / (60.0 * p("fluoride.release_half_life"))
        self.shed, self.dissolve = (
            np.log(2.0) / (60.0 * p(n)) for n in ("fluoride.varnish_half_life", "food.dissolution_half_life")
        )
        self.lag, self.regrowth = 60.0 * p("flow.lag"), 3600.0 * p("brushing.regrowth")
        y = self.y = np.zeros(GIVEN + 3)
        y[:N], y[SUGAR], y[VOLUME] = self.volume * start.totals, self.volume * start.sugar, self.volume
        y[EXCESS], y[PLAQUE] = start.excess * 1e6, start.plaque
        y[[TISSUE, VARNISH, RESIDUE]] = 1e6 * np.array([start.tissue, start.varnish, start.residue])
        self.first = {"sugar": self._there()[0], "fluoride": self._there()[1]}
        self.spat = np.zeros(2)
        self.lost = 0.0

    def run(self, step: Mouthful, shares: np.ndarray | None = None) -> Piece:
        """Solve one step and move on to its end.

        Arguments: step; shares (T,) of its length at which it is seen, from 0 to 1 (None: as its own course asks for).
        """
        from scipy.integrate import solve_ivp

        taken, amount = self._taken(step), (step.volume or self._usual(step.kind)) * 1e6
        left, inflow = self._begin(step, taken, amount)
        solved = solve_ivp(
            self._changes(step, taken, inflow, step.kind in HELD),
            (0.0, step.duration),
            self.y,
            "DOP853",
            dense_output=True,
            **PRECISION,
        )
        time = _moments(solved.t) if shares is None else shares * step.duration
        course = solved.sol(time)
        self.y = solved.y[:, -1].copy()
        self._end(step, left)
        base = self.sleep if step.kind == "sleep" else self.rest
        volume = course[VOLUME]
        return Piece(time, course[SUGAR] / volume, (course[:N] / volume).T, (base + course[EXCESS]) * 1e-6, course[PLAQUE])

    def _begin(self, step: Mouthful, taken: np.ndarray, amount: float) -> tuple[float, float]:
        """Take what is taken at once; return what of food is left behind [mL], and at what rate the rest comes [mL/s]."""
        y = self.y
        if step.kind in HELD:  # swallow, then take it all at once
            self._keep(self.residual / self.volume, swallow=True)
            y[:N] += amount * taken
            y[SUGAR] += amount * step.sugar
            y[EATEN] += amount * step.sugar
            y[GIVEN] += amount * step.fluoride
            y[VOLUME] = self.residual + amount
        elif step.kind == "varnish":
            soluble = self.value("fluoride.varnish_share")
            y[VARNISH] += soluble * amount * step.fluoride
            y[GIVEN] += amount * step.fluoride
            self.lost += (1.0 - soluble) * amount * step.fluoride
        elif amount:
            left = min(self.value("food.residue"), 0.1 * amount) * (step.kind == "meal")
            return left, (amount - left) / step.duration
        return 0.0, 0.0

    def _end(self, step: Mouthful, left: float) -> None:
        """Spit out what was held, leave ``left`` [mL] of food behind, and brush off what a brush takes away."""
        y = self.y
        if step.kind in HELD:
            before = np.array([y[SUGAR], y[FLUORIDE]])
            self._keep(self.volume / y[VOLUME], swallow=False)
            self.spat += before - [y[SUGAR], y[FLUORIDE]]
            y[VOLUME] = self.volume
        if step.kind == "meal":
            y[RESIDUE] += left * step.sugar
            y[EATEN] += left * step.sugar
            self.lost += left * step.fluoride  # fluoride of food left behind stays in it
            y[GIVEN] += left * step.fluoride
        if step.kind == "brush":
            self.lost += y[VARNISH]
            y[VARNISH] = 0.0
            y[PLAQUE] *= 1.0 - self.value("brushing.plaque_removed")

    def state(self) -> MouthState:
        """Return the state at the end of the last step."""
        y = self.y
        tissue, varnish, residue = 1e-6 * y[[TISSUE, VARNISH, RESIDUE]]
        return MouthState(
            y[:N] / self.volume, float(y[SUGAR] / self.volume), float(y[EXCESS]) * 1e-6, tissue, varnish, residue, float(y[PLAQUE])
        )

    def ledger(self) -> dict[str, dict[str, float]]:
        """Return what came in and where it went [mol]; ``gap`` is what is missing, relative to all that came in."""
        y, (sugar, fluoride) = self.y, self._there()
        books = {}
        for name, there, came, swallowed, spat, lost in (
            ("sugar", sugar, y[EATEN], y[SWALLOWED_SUGAR], self.spat[0], 0.0),
            ("fluoride", fluoride, y[GIVEN], y[SWALLOWED_FLUORIDE], self.spat[1], self.lost),
        ):
            total = self.first[name] + came
            gap = (total - there - swallowed - spat - lost) / total if total else 0.0
            amounts = {
                "at first": self.first[name],
                "came": came,
                "swallowed": swallowed,
                "spat": spat,
                "lost": lost,
                "there": there,
            }
            books[name] = {key: float(value) * 1e-6 for key, value in amounts.items()} | {"gap": float(gap)}
        return books

    def _there(self) -> tuple[float, float]:
        """Return sugar and fluoride in the mouth, in food, tissues and varnish [µmol]."""
        y = self.y
        return y[SUGAR] + y[RESIDUE], y[FLUORIDE] + y[TISSUE] + y[VARNISH]

    def _keep(self, share: float, *, swallow: bool) -> None:
        """Leave a share of the mouth's fluid in it; the rest is swallowed, or taken account of by the caller."""
        y = self.y
        if swallow:
            y[[SWALLOWED_SUGAR, SWALLOWED_FLUORIDE]] += (1.0 - share) * y[[SUGAR, FLUORIDE]]
        y[:N] *= share
        y[SUGAR] *= share

    def _changes(self, step: Mouthful, taken: np.ndarray, inflow: float, held: bool) -> Callable[[float, np.ndarray], np.ndarray]:
        """Return dy/dt as a function of time and y; what is held is not swallowed, and everything else leaves at the rate at which it comes.

        A day asks for it a hundred thousand times: what does not change is reckoned once, and single numbers are plain floats.
        """
        base = self.sleep if step.kind == "sleep" else self.rest
        fed, fed_sugar, fed_fluoride = inflow * taken, inflow * step.sugar, inflow * float(taken[FLUORIDE])
        secreted, wanted = self.saliva.secreted, self._wanted(step.kind)

        def change(_: float, y: np.ndarray) -> np.ndarray:
            fluoride, acid = float(y[FLUORIDE]), float(y[ACID])
            sugar, volume, excess, tissue, varnish, residue, plaque = y[SUGAR:EATEN].tolist()
            flow = base + excess
            leaving = 0.0 if held else (flow + inflow) / volume
            dy = np.empty_like(y)
            saliva = flow * secreted(flow * 1e-6)
            dy[:N] = saliva + fed - leaving * y[:N]
            exchange = self.back * tissue - self.uptake * fluoride / volume
            released = exchange + self.shed * varnish
            dy[FLUORIDE] += released
            dy[SODIUM] += released
            dy[SUGAR:] = (
                fed_sugar + self.dissolve * residue - leaving * sugar,
                flow if held else 0.0,
                (wanted(sugar / volume, acid / volume) - excess) / self.lag,
                -exchange,
                -self.shed * varnish,
                -self.dissolve * residue,
                (1.0 - plaque) / self.regrowth,
                fed_sugar,
                saliva[FLUORIDE] + fed_fluoride,
                leaving * sugar,
                leaving * fluoride,
            )
            return dy

        return change

    def _wanted(self, kind: str) -> Callable[[float, float], float]:
        """Return the flow above rest [mL/s] that taste, acid and chewing ask for, as a function of sugar and acid [mol/m3].

        Together they cannot exceed what acid can.
        """
        if kind == "sleep":
            return lambda sugar, acid: 0.0
        p = self.value
        most, sweet, half_sweet, half_sour = p("flow.acid"), p("flow.sugar"), p("flow.sugar_half"), p("flow.acid_half")
        chewed = p("flow.chewing") if kind == "meal" else p("flow.brushing") if kind in HELD else 0.0
        scale, idle = self.vigour * most / 60.0, 1.0 - chewed / most

        def wanted(sugar: float, acid: float) -> float:
            return scale * (1.0 - idle * (1.0 - sweet / most * sugar / (sugar + half_sweet)) * (1.0 - acid / (acid + half_sour)))

        return wanted

    def _taken(self, step: Mouthful) -> np.ndarray:
        """Return totals (components,) [mol/m3] of what is taken: dilute salt, sodium fluoride, and a weak acid where it is sour."""
        salt = self.value("intake.salt")
        totals = {"Na": salt + step.fluoride, "Cl": salt, "F": step.fluoride}
        if step.ph is None:
            return np.array([totals.get(name, 0.0) for name in NAMES])
        acid = self.value("intake.acid") * min(max((REACH + 3.0 - step.ph) / REACH, 0.0), 1.0)
        return neutral(reaction_table(37.0), totals | ({"Ace": acid} if acid else {}), step.ph)

    def _usual(self, kind: str) -> float:
        name = {"brush": "paste", "rest": None, "sleep": None}.get(kind, kind)
        return self.value(f"intake.{name}") * 1e-6 if name else 0.0


def _moments(edges: np.ndarray) -> np.ndarray:
    """Return the moments (T,) at which a course is seen: the steps of the integrator in parts."""
    return np.unique(np.concatenate([np.linspace(a, b, PARTS + 1) for a, b in pairwise(edges)]))
