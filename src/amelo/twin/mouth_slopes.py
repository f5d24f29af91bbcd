"""What a mouth makes of a little more or less of what is done in it: exact derivatives of its course, for all numbers at once.

The tangent equations of :mod:`amelo.twin.mouth_balance` are solved together with them, in shares of each step's length, so that a
longer step is one whose clock runs slower.  Where a law has a corner (the strongest acid, the fastest film) the derivative is that
of the side on which the mouth is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from amelo.params import load_set
from amelo.twin import mouth_balance
from amelo.twin.mouth import Division, Mouthful, stirred_share
from amelo.twin.mouth_balance import (  # fmt: skip
    ACID,
    EATEN,
    EXCESS,
    FLUORIDE,
    HELD,
    PLAQUE,
    RESIDUE,
    SODIUM,
    SUGAR,
    TISSUE,
    VARNISH,
    VOLUME,
    Balance,
    MouthState,
    N,
    resting_state,
)
from amelo.twin.saliva import SalivaProfile, film_thickness

__all__ = ["FIELDS", "SegmentSlopes", "Walk"]

FIELDS = ("duration", "sugar", "fluoride", "volume", "ph")  # numbers of a mouthful that a number may move
ALIVE = EATEN  # rows of the balance that anything else depends on; the rest is its ledger
LOOSER = 30.0  # than the course itself: derivatives to 1e-8 are better than anybody needs
TINY = 1e-30  # step into the complex plane
UPWARDS = {0: -25 / 12, 1: 4.0, 2: -3.0, 3: 4 / 3, 4: -1 / 4}  # differences of fourth order
AROUND = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


@dataclass(frozen=True, eq=False)
class SegmentSlopes:
    """Derivatives of the S segments of a course by K numbers.

    Fields: duration (S, K) [s]; sugar (S, K) and totals (S, components, K) [mol/m3]; film (S, K) [m]; activity (S, K).
    """

    duration: np.ndarray
    sugar: np.ndarray
    totals: np.ndarray
    film: np.ndarray
    activity: np.ndarray


class Walk:
    """A mouth and the derivatives of its state, taken through one stretch of mouthfuls after another."""

    def __init__(self, saliva: SalivaProfile, scale: np.ndarray) -> None:
        """Set out from a mouth at rest.

        Arguments: saliva; scale (K,) by which each number is turned, so that derivatives are of the size of what they are of.
        """
        self.saliva, self.scale = saliva, scale
        self.state: MouthState = resting_state(saliva)
        self.slopes = np.zeros((ALIVE, len(scale)))

    def rest(self) -> None:
        """Forget all that was: a specimen from the laboratory enters a mouth at rest."""
        self.state = resting_state(self.saliva)
        self.slopes = np.zeros_like(self.slopes)

    def take(self, steps: Sequence[Mouthful], moved: Sequence[Mapping[str, np.ndarray]], division: Division) -> SegmentSlopes:
        """Return the derivatives of the segments of a stretch, and go on to its end.

        Arguments: steps; moved (for each, (K,) derivatives of its numbers, of those that move); division.
        """
        balance = _Tangent(self.saliva, self.state, self.slopes)
        inhibition = load_set("mouth").value("fluoride.metabolic_half")
        columns: list[tuple[np.ndarray, ...]] = []
        for step, slopes, shares in zip(steps, moved, division.shares, strict=True):
            whole = {name: slopes[name] * self.scale if name in slopes else np.zeros(len(self.scale)) for name in FIELDS}
            columns.append(balance.passed(step, whole, shares))
        self.state, self.slopes = balance.state(), balance.slopes
        shares, longer, sugar, totals, film, plaque, own_fluoride, own_film, own_plaque = (
            np.concatenate(part) for part in zip(*columns, strict=True)
        )
        found: dict[str, list[np.ndarray]] = {name: [] for name in ("duration", "sugar", "totals", "film", "activity")}
        for first, last in division.cuts:
            inside = slice(first, last + 1)
            mean = _Mean(shares[inside])
            found["duration"].append((shares[last] - shares[first]) * longer[first])
            found["sugar"].append(mean(sugar[inside]))
            found["totals"].append(mean(totals[inside]))
            thin = own_film[inside]
            found["film"].append(mean(film[inside] / thin[:, None] ** 2) / mean(1.0 / thin) ** 2)
            calm = 1.0 / (1.0 + mean(own_fluoride[inside]) / inhibition)
            of_fluoride = mean(own_plaque[inside]) * calm**2 / inhibition * found["totals"][-1][FLUORIDE]
            found["activity"].append(mean(plaque[inside]) * calm - of_fluoride)
        return SegmentSlopes(**{name: np.array(rows) / self.scale for name, rows in found.items()})


class _Mean:
    """The mean over moments, by trapezia as the segments are made."""

    def __init__(self, shares: np.ndarray) -> None:
        gaps = np.diff(shares)
        self.weights = np.r_[gaps, 0.0] + np.r_[0.0, gaps]
        self.weights *= 0.5 / (shares[-1] - shares[0])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return np.tensordot(self.weights, values, axes=1)


class _Tangent(Balance):
    """A balance with the derivatives (rows, K) of its state."""

    def __init__(self, saliva: SalivaProfile, start: MouthState, slopes: np.ndarray) -> None:
        super().__init__(saliva, start)
        self.slopes = slopes.copy()

    def passed(self, step: Mouthful, moved: Mapping[str, np.ndarray], shares: np.ndarray) -> tuple[np.ndarray, ...]:
        """Move on to the end of one step.

        Returns: at each moment (T,) shares, derivatives of the length of the step (T, K), those of sugar, totals, film and plaque, and
        fluoride, film and plaque themselves.
        """
        from scipy.integrate import solve_ivp

        slopes, held = self.slopes, step.kind in HELD
        taken, of_taken = self._taken(step), self._taken_slopes(step, moved)
        amount, more = (step.volume or self._usual(step.kind)) * 1e6, moved["volume"] * 1e6
        if held:
            slopes[: N + 1] *= self.residual / self.volume
            slopes[:N] += amount * of_taken + np.outer(taken, more)
            slopes[SUGAR] += amount * moved["sugar"] + more * step.sugar
            slopes[VOLUME] = more
        elif step.kind == "varnish":
            slopes[VARNISH] += self.value("fluoride.varnish_share") * (amount * moved["fluoride"] + more * step.fluoride)
        left, inflow = self._begin(step, taken, amount)
        of_left = 0.1 * more if 0.0 < left < self.value("food.residue") else 0.0 * more
        of_inflow = (more - of_left) / step.duration - inflow / step.duration * moved["duration"] if inflow else 0.0 * more
        size, count = len(self.y), len(more)
        change = self._changes(step, taken, inflow, held)
        tangent = self._tangents(step, taken, of_taken, inflow, of_inflow, moved, held)

        longer = bool(moved["duration"].any())

        def both(_: float, z: np.ndarray) -> np.ndarray:
            here = z[:size]
            rate = change(0.0, here)
            dz = np.empty_like(z)
            dz[:size] = step.duration * rate
            own = tangent(here, z[size:].reshape(ALIVE, count))
            own *= step.duration
            if longer:
                own += np.outer(rate[:ALIVE], moved["duration"])
            dz[size:] = own.ravel()
            return dz

        start = np.concatenate([self.y, slopes.ravel()])
        precision = {name: LOOSER * value for name, value in mouth_balance.PRECISION.items()}
        solved = solve_ivp(both, (0.0, 1.0), start, "DOP853", dense_output=True, **precision)
        seen = solved.sol(shares)
        course, tangents = seen[:size], seen[size:].reshape(ALIVE, count, len(shares))
        self.y = y = solved.y[:size, -1].copy()
        self.slopes = slopes = solved.y[size:, -1].reshape(ALIVE, count).copy()
        if held:
            share = self.volume / y[VOLUME]
            slopes[: N + 1] = share * slopes[: N + 1] - np.outer(y[: N + 1], share / y[VOLUME] * slopes[VOLUME])
            slopes[VOLUME] = 0.0
        if step.kind == "meal":
            slopes[RESIDUE] += left * moved["sugar"] + of_left * step.sugar
        if step.kind == "brush":
            slopes[VARNISH] = 0.0
            slopes[PLAQUE] *= 1.0 - self.value("brushing.plaque_removed")
        self._end(step, left)
        return self._seen(step, moved, shares, course, tangents)

    def _seen(
        self, step: Mouthful, moved: Mapping[str, np.ndarray], shares: np.ndarray, course: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Return what the segments are made of, and its derivatives, moments first."""
        volume = course[VOLUME]
        mixed = course[: N + 1] / volume
        of_mixed = np.moveaxis((tangents[: N + 1] - mixed[:, None] * tangents[VOLUME][None]) / volume, (0, 2), (1, 0))
        flow = ((self.sleep if step.kind == "sleep" else self.rest) + course[EXCESS]) * 1e-6
        still = film_thickness(self.saliva, flow)
        by_flow = np.imag(film_thickness(self.saliva, flow + 1j * TINY * flow)) / (TINY * flow)
        share, of_share = _stirred_slopes(step, moved)
        stirred = load_set("mouth").value("film.during_intake") * 1e-3
        film = 1.0 / (share / stirred + (1.0 - share) / still)
        of_film = (1.0 - share) / still[:, None] ** 2 * (by_flow * 1e-6)[:, None] * tangents[EXCESS].T
        of_film = film[:, None] ** 2 * (of_film - (1.0 / stirred - 1.0 / still)[:, None] * of_share)
        longer = np.broadcast_to(moved["duration"], (len(shares), len(moved["duration"])))
        sugar, totals = of_mixed[:, SUGAR], of_mixed[:, :N]
        return shares, longer, sugar, totals, of_film, tangents[PLAQUE].T, mixed[FLUORIDE], film, course[PLAQUE]

    def _tangents(
        self,
        step: Mouthful,
        taken: np.ndarray,
        of_taken: np.ndarray,
        inflow: float,
        of_inflow: np.ndarray,
        moved: Mapping[str, np.ndarray],
        held: bool,
    ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Return the derivatives of dy/dt as a function of y and of its derivatives."""
        base = self.sleep if step.kind == "sleep" else self.rest
        fed = np.zeros((ALIVE, len(of_inflow)))
        fed[:N] = inflow * of_taken + np.outer(taken, of_inflow)
        fed[SUGAR] = inflow * moved["sugar"] + of_inflow * step.sugar
        wanted, (low, high) = self._wanted(step.kind), (1e6 * self.saliva.flow_rest, 1e6 * self.saliva.flow_stimulated)
        rest, steeper = self.saliva.rest, (self.saliva.stimulated - self.saliva.rest) / (high - low)
        constant = np.zeros((ALIVE, ALIVE))
        constant[[FLUORIDE, SODIUM], TISSUE] = self.back
        constant[[FLUORIDE, SODIUM], VARNISH] = self.shed
        constant[TISSUE, TISSUE], constant[VARNISH, VARNISH] = -self.back, -self.shed
        constant[SUGAR, RESIDUE], constant[RESIDUE, RESIDUE] = self.dissolve, -self.dissolve
        constant[EXCESS, EXCESS], constant[PLAQUE, PLAQUE] = -1.0 / self.lag, -1.0 / self.regrowth
        constant[VOLUME, EXCESS] = 1.0 if held else 0.0
        mixed, own = slice(N + 1), np.arange(N + 1)

        def tangent(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
            volume, excess, fluoride = float(y[VOLUME]), float(y[EXCESS]), float(y[FLUORIDE])
            flow, jacobian = base + excess, constant.copy()
            share = min(max((flow - low) / (high - low), 0.0), 1.0)
            jacobian[:N, EXCESS] = rest + (share * (high - low) + (flow if 0.0 < share < 1.0 else 0.0)) * steeper
            if not held:
                jacobian[own, own] = -(flow + inflow) / volume
                thinned = y[mixed] / volume
                jacobian[mixed, EXCESS] -= thinned
            lost = self.uptake / volume
            for row, sign in ((FLUORIDE, -1.0), (SODIUM, -1.0), (TISSUE, 1.0)):
                jacobian[row, FLUORIDE] += sign * lost
                jacobian[row, VOLUME] -= sign * lost * fluoride / volume
            sugar, acid = float(y[SUGAR]) / volume, float(y[ACID]) / volume
            by_sugar, by_acid = (
                complex(wanted(*at)).imag / (TINY * self.lag * volume)
                for at in ((complex(sugar, TINY), acid), (sugar, complex(acid, TINY)))
            )
            jacobian[EXCESS, SUGAR], jacobian[EXCESS, ACID] = by_sugar, by_acid
            jacobian[EXCESS, VOLUME] = -by_sugar * sugar - by_acid * acid
            out = jacobian @ dy
            out += fed
            if inflow:
                out[mixed] -= np.outer(thinned, of_inflow)
            return out

        return tangent

    def _taken_slopes(self, step: Mouthful, moved: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the derivatives (components, K) of the totals of what is taken."""
        out = np.zeros((N, len(moved["duration"])))
        if moved["fluoride"].any():
            if step.ph is None:
                out[[FLUORIDE, SODIUM]] += moved["fluoride"]
            else:
                reach = 1e-3 * max(step.fluoride, 1.0)
                points = {n: self._taken(replace(step, fluoride=step.fluoride + n * reach)) for n in UPWARDS}
                out += np.outer(sum(UPWARDS[n] * points[n] for n in UPWARDS) / reach, moved["fluoride"])
        if step.ph is not None and moved["ph"].any():
            points = {n: self._taken(replace(step, ph=step.ph + n * 1e-3)) for n in AROUND}
            out += np.outer(sum(AROUND[n] * points[n] for n in AROUND) / 1e-3, moved["ph"])
        return out


def _stirred_slopes(step: Mouthful, moved: Mapping[str, np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the share of time in which the film is stirred and its derivatives (K,)."""
    share = stirred_share(step)
    if step.kind != "drink" or share >= 1.0:
        return share, 0.0 * moved["duration"]
    volume = step.volume or load_set("mouth").value("intake.drink") * 1e-6
    return share, share * (moved["volume"] / volume - moved["duration"] / step.duration)
