"""From hazards to cumulative incidences: what happens first, since a tooth that is lost can no longer decay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amelo.forecast.outlook import Outlook
from amelo.forecast.record import After, Risk

__all__ = ["carried_on", "cumulative_incidence", "join"]

LAST = 1.0  # years whose rate is carried on where a model ends


def cumulative_incidence(hazard: np.ndarray, competing: np.ndarray) -> np.ndarray:
    """Return the chance that the event has come first, at each time.

    Arguments: hazard (draws × times, cumulative, of the event), competing (the same of everything else that may come before).
    Assumptions: between two times both hazards are constant, so their shares of what happens there are exact.
    Source: putter2007.
    """
    step, other = np.diff(hazard, axis=1), np.diff(competing, axis=1)
    both = step + other
    alive = np.exp(-(hazard + competing)[:, :-1])
    share = np.where(both > 0, step / np.where(both > 0, both, 1.0), 0.0)
    happened = np.cumsum(alive * -np.expm1(-both) * share, axis=1)
    return np.concatenate([np.zeros((len(hazard), 1)), happened], axis=1)


def join(outlooks: Sequence[Outlook], times: np.ndarray, horizons: Sequence[float], level: float = 0.9) -> list[Risk]:
    """Return the risks of a mouth: loss by itself, everything else in competition with the loss of its tooth.

    Arguments: outlooks of all models; times [y] that their hazards stand at; horizons [y]; level of the intervals [1].
    """
    losses = {o.tooth: o.hazard for o in outlooks if o.event == "tooth loss" and o.hazard is not None}
    return [_risk(outlook, losses.get(outlook.tooth), times, horizons, level) for outlook in outlooks]


def _risk(outlook: Outlook, loss: np.ndarray | None, times: np.ndarray, horizons: Sequence[float], level: float) -> Risk:
    same = (outlook.event, outlook.tooth, outlook.surface, outlook.stage, outlook.model)
    if outlook.hazard is None:
        return Risk(*same, abstained=outlook.abstained, missing=outlook.missing)
    hazard, reach = carried_on(outlook.hazard, times)
    alone = outlook.event == "tooth loss" or loss is None
    competing = np.zeros_like(hazard) if alone else _same_draws(loss, len(hazard))
    curves = cumulative_incidence(hazard, competing)
    tail = (1 - level) / 2

    def at(values: np.ndarray) -> tuple[float, ...]:
        return tuple(float(v) for v in np.interp(horizons, times, values))

    mean, low, high = curves.mean(0), *np.quantile(curves, [tail, 1 - tail], axis=0)
    low, high = np.minimum(low, mean), np.maximum(high, mean)  # a few draws in a long tail can carry the mean beyond the quantiles
    changes = []
    for change in outlook.changes:
        after = cumulative_incidence(hazard * np.exp(change.effect), competing)
        changes.append(After(change.words, at(after.mean(0)), change.source, change.grade))
    return Risk(
        *same,
        risk=at(mean),
        low=at(low),
        high=at(high),
        curve=tuple(tuple(float(v) for v in line) for line in (mean, low, high)),
        reach=reach,
        against="" if alone else "tooth loss",
        drivers=outlook.drivers,
        missing=outlook.missing,
        outlasts=outlook.outlasts,
        changes=tuple(sorted(changes, key=lambda c: c.risk[-1])),
    )


def carried_on(hazard: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the hazard at all times, and how far [y] its model reaches; after that its last year's rate is carried on.

    Arguments: hazard (draws × times, NaN where its model knows nothing), times [y].
    """
    known = np.flatnonzero(~np.isnan(hazard).any(axis=0))
    end = int(known[-1])
    if end == len(times) - 1:
        return hazard, float(times[-1])
    start = int(np.searchsorted(times, times[end] - LAST))
    span = times[end] - times[start]
    rate = (hazard[:, end] - hazard[:, start]) / span if span > 0 else np.zeros(len(hazard))
    beyond = hazard[:, end, None] + rate[:, None] * (times - times[end])
    return np.where(np.arange(len(times)) <= end, hazard, beyond), float(times[end])


def _same_draws(hazard: np.ndarray, draws: int) -> np.ndarray:
    return hazard if len(hazard) == draws else np.resize(hazard, (draws, hazard.shape[1]))
