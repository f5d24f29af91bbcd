"""What was seen, when all that is known of an event is an interval between two examinations.

Whether a tooth has had its event by a horizon is then open when the horizon falls inside its interval, or after its last examination.
To leave such teeth out favours the sound, and to let the forecast under test fill them in lets it judge itself [tsouprou2015,
yang2026]. Here a *judge* fills them in: a regression of what was seen on what was predicted, to which the
prediction is a number without a meaning,

    log h(t | x) = a(t) + s(x) + c·x·(t/horizon - 1/2),      x = log(-log(1 - predicted risk)),

with a free hazard for every half year, s a restricted cubic spline and c for predictions that hold better early than late, both of their
own beyond the horizon, fitted to the intervals by maximum likelihood [finkelstein1986]. Read at the horizon it is the calibration curve; read inside an interval it is
the probability that the event came before the horizon. For times that are known to the day it is the regression of :mod:`.calibration`.

Assumptions: when somebody is examined says nothing about the event beyond what the prediction says; teeth of one mouth are not
independent, so that intervals of scores come from drawing patients again, the judge fitted anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.forecast.scores.calibration import cloglog, spline_of

__all__ = ["Judge", "calibration_slope", "judge"]

STEP = 0.5  # years with one hazard
BEYOND = 4.0  # years after the horizon from which on the hazard stays
SMOOTH = 4.0  # precision of the steps of the log hazard, so that no half year without events is left open
LOG_RATE = 30.0  # beyond this survival is 0 or 1 to the last digit
LEAST = 1e-12
ROUNDS, CLOSE = 60, 1e-8
HALVINGS = 30


@dataclass(frozen=True)
class Judge:
    """What intervals say of teeth with such predictions: low, high (limits of the event [y], high NaN when not seen), horizon [y], ends
    (of the pieces of the hazard [y]), rate (teeth × pieces, 1/y)."""

    low: np.ndarray
    high: np.ndarray
    horizon: float
    ends: np.ndarray
    rate: np.ndarray

    def cumulative(self, time: np.ndarray | float) -> np.ndarray:
        """Return the cumulative hazard of every tooth up to a time [y], one for all or one each."""
        return (_years(np.broadcast_to(time, self.low.shape), self.ends) * self.rate).sum(1)

    def risk(self) -> np.ndarray:
        """Return the observed risk by the horizon given what was predicted: the calibration curve at every tooth."""
        return -np.expm1(-self.cumulative(self.horizon))

    def status(self, time: float | None = None) -> np.ndarray:
        """Return the probability that each tooth had its event by a time, by default the horizon, given its own interval.

        Returns: exactly 0 or 1 where the interval says it.
        """
        time = self.horizon if time is None else time
        seen = ~np.isnan(self.high)
        to_low, to_time = self.cumulative(np.minimum(self.low, time)), self.cumulative(time)
        part = -np.expm1(to_low - to_time)
        whole = np.where(seen, -np.expm1(to_low - self.cumulative(np.where(seen, self.high, time))), 1.0)
        found = np.clip(part / np.maximum(whole, LEAST), 0.0, 1.0)
        return np.where(self.low >= time, 0.0, np.where(seen & (self.high <= time), 1.0, found))


def judge(low: np.ndarray, high: np.ndarray, risk: np.ndarray, horizon: float, weight: np.ndarray | None = None) -> Judge:
    """Fit the judge of predictions of the risk by a horizon.

    Arguments: low, high (the event in (low, high] years, high NaN when it was not seen), risk (predicted, by the horizon), horizon [y],
    weight of each tooth [1].
    Source: finkelstein1986, austin2020.
    """
    x = cloglog(risk)
    return _fit(low, high, {"early": spline_of(x), "turning": x[:, None], "late": spline_of(x)}, horizon, weight)[0]


def calibration_slope(
    low: np.ndarray, high: np.ndarray, risk: np.ndarray, horizon: float, weight: np.ndarray | None = None
) -> float:
    """Return the slope of the log hazard over the complementary log-log of the predicted risk, as of :func:`.calibration.calibration`.

    Arguments: as :func:`judge`.
    """
    x = cloglog(risk)
    return float(_fit(low, high, {"early": x[:, None], "late": spline_of(x)}, horizon, weight)[1][0])


def _count(horizon: float) -> int:
    return max(1, round(horizon / STEP))


def _years(time: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the years spent in each piece of the hazard, the last without end, on a new last axis."""
    starts = np.concatenate(([0.0], ends))
    return np.clip(time[:, None] - starts, 0, np.append(np.diff(starts), np.inf))


def _fit(low, high, groups: dict[str, np.ndarray], horizon: float, weight) -> tuple[Judge, np.ndarray]:
    """Return the judge, and the coefficients of the columns.

    Arguments: groups (columns that act ``early``, up to the horizon, ``turning`` from its first half to its second, or ``late``, beyond it).
    Assumptions: the intervals are kept whole. To cut them at the horizon, as is done with times known to the day, would tell early events
    from late ones by when somebody came; instead what lies beyond the horizon has coefficients of its own.
    """
    weight = np.ones(len(low)) if weight is None else weight
    event = ~np.isnan(high)
    latest = min(np.max(np.where(event, high, low), initial=horizon), horizon + BEYOND)
    ends = np.concatenate([horizon * np.arange(1, _count(horizon) + 1) / _count(horizon), np.arange(horizon + STEP, latest, STEP)])
    to_low = _years(low, ends)
    between = np.where(event[:, None], _years(np.where(event, high, low), ends) - to_low, 0.0)
    columns = np.concatenate(list(groups.values()), axis=1)
    pieces = len(ends) + 1
    centre = np.average(columns, axis=0, weights=weight)
    spread = np.sqrt(np.average((columns - centre) ** 2, axis=0, weights=weight))
    scale = np.where(spread > LEAST, spread, np.inf)  # what is alike for all teeth says nothing
    x = (columns - centre) / scale
    early = np.append(ends, np.inf) <= horizon
    middle = (np.append(ends, horizon) - np.diff(ends, prepend=0.0, append=horizon) / 2) / horizon
    acts = {"early": early, "turning": early * (middle - 0.5), "late": ~early}
    time = np.column_stack([np.tile(acts[name], (part.shape[1], 1)).T for name, part in groups.items()])  # pieces × columns
    bend = np.diff(np.eye(pieces), axis=0)
    stiff = np.zeros((pieces + x.shape[1],) * 2)
    stiff[:pieces, :pieces] = SMOOTH * bend.T @ bend

    def at(theta: np.ndarray):
        rate = np.exp(np.clip(theta[:pieces] + (x * theta[pieces:]) @ time.T, -LOG_RATE, LOG_RATE))
        lived, inside = to_low * rate, between * rate
        total = np.maximum(inside.sum(1), LEAST)
        value = np.sum(weight * (np.where(event, np.log(-np.expm1(-total)), 0.0) - lived.sum(1))) - 0.5 * theta @ stiff @ theta
        return value, rate, lived, inside, total

    count, exposed = np.sum(weight * event), np.sum(weight * (to_low + 0.5 * between).sum(1))
    theta = np.concatenate([np.full(pieces, np.log(max(count, 0.5) / max(exposed, LEAST))), np.zeros(x.shape[1])])
    value, *now = at(theta)
    for _ in range(ROUNDS):
        step, slope = _step(theta, x, time, weight * event, weight, stiff, *now[1:])
        for _ in range(HALVINGS):
            tried, *then = at(theta + step)
            if tried >= value - 1e-12 * abs(value):
                break
            step = step / 2
        else:
            break
        theta, value, now = theta + step, tried, then
        if slope < CLOSE:
            break
    return Judge(low, high, horizon, ends, now[0]), theta[pieces:] / scale


def _step(theta, x, time, of_event, weight, stiff, lived, inside, total) -> tuple[np.ndarray, float]:
    """Return Newton's step, and how much the likelihood would gain by it."""
    pull = of_event / np.expm1(np.minimum(total, 700.0))
    count = pull[:, None] * inside - weight[:, None] * lived
    gradient = np.concatenate([count.sum(0), ((count @ time) * x).sum(0)]) - stiff @ theta
    across = (count.T @ x) * time
    part = np.concatenate([inside, x * (inside @ time)], axis=1)
    second = -pull * (1 + 1 / np.expm1(np.minimum(total, 700.0)))
    columns = x.shape[1]
    both = (count @ (time[:, :, None] * time[:, None, :]).reshape(-1, columns**2)).reshape(-1, columns, columns)
    pairs = both * x[:, :, None] * x[:, None, :]
    curve = np.block([[np.diag(count.sum(0)), across], [across.T, pairs.sum(0)]])
    level, axes = np.linalg.eigh(stiff - curve - part.T @ (second[:, None] * part))
    along = axes.T @ gradient
    step = axes @ (along / np.maximum(np.abs(level), 1e-6))
    step *= min(1.0, 3.0 / (np.abs(step).max() + 1e-300))
    return step, float(gradient @ step)
