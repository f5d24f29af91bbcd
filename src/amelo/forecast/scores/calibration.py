"""Calibration and error of predicted risks: Brier score, time-dependent AUC, slope, integrated calibration index, net benefit."""

from __future__ import annotations

import numpy as np

from amelo.forecast.scores.censoring import Censoring, survival_curve

__all__ = [
    "auc_at",
    "benefit_of",
    "brier",
    "calibration",
    "calibration_curve",
    "cloglog",
    "integrated_brier",
    "natural_spline",
    "net_benefit",
    "observed_risk",
    "share_caught",
    "spline_of",
]

KNOTS = (0.05, 0.35, 0.65, 0.95)  # quantiles of a restricted cubic spline with four knots [harrell2015]
SMALLEST = 1e-6


def observed_risk(time: np.ndarray, event: np.ndarray, horizon: float, weight: np.ndarray | None = None) -> float:
    """Return the observed risk of loss by ``horizon`` [y], by Kaplan-Meier."""
    times, alive = survival_curve(time, event.astype(bool), weight)
    index = np.searchsorted(times, horizon, "right")
    return float(1 - alive[index - 1]) if index else 0.0


def brier(time, event, survival, horizon: float, censoring: Censoring, weight=None) -> float:
    """Return the Brier score at a horizon, weighted by the inverse probability of being seen.

    Arguments: time [y], event, survival (predicted, at the horizon), horizon [y], censoring of the training patients, weight.
    Source: graf1999.
    """
    weight = np.ones(len(time)) if weight is None else weight
    lost = event.astype(bool) & (time <= horizon)
    error = np.where(lost, survival**2 / censoring.before(time), np.where(time > horizon, (1 - survival) ** 2, 0.0))
    error = np.where(time > horizon, error / censoring.after(horizon), error)
    return float(np.sum(weight * error) / np.sum(weight))


def integrated_brier(time, event, survival, times: np.ndarray, censoring: Censoring, weight=None) -> float:
    """Return the mean Brier score over ``times`` [y]; survival has shape teeth × times."""
    scores = [brier(time, event, survival[:, k], horizon, censoring, weight) for k, horizon in enumerate(times)]
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def auc_at(time, event, risk, horizon: float, censoring: Censoring, weight=None) -> float:
    """Return the chance that a tooth lost by ``horizon`` [y] was ranked above one kept beyond it (cumulative, dynamic).

    Source: uno2007.
    """
    weight = np.ones(len(time)) if weight is None else weight
    lost, kept = event.astype(bool) & (time <= horizon), time > horizon
    order = np.argsort(risk[kept])
    sorted_risk, below = risk[kept][order], np.concatenate(([0.0], np.cumsum(weight[kept][order])))
    if not lost.any() or below[-1] == 0:
        return float("nan")
    ahead = 0.5 * (
        below[np.searchsorted(sorted_risk, risk[lost], "left")] + below[np.searchsorted(sorted_risk, risk[lost], "right")]
    )
    of_case = weight[lost] / censoring.before(time[lost])
    return float(np.sum(of_case * ahead) / np.sum(of_case) / below[-1]) if of_case.sum() else float("nan")


def share_caught(time, event, risk, horizon: float, share: float = 0.05, weight=None) -> float:
    """Return the share of the losses seen by ``horizon`` [y] that lie among the ``share`` of teeth ranked highest."""
    weight = np.ones(len(time)) if weight is None else weight
    order = np.argsort(-risk, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    top = np.clip((share * weight.sum() - before) / np.maximum(weight[order], 1e-300), 0, 1)  # the last one in part
    lost = (weight * (event.astype(bool) & (time <= horizon)))[order]
    return float(np.sum(top * lost) / np.sum(lost)) if lost.sum() else float("nan")


def calibration(time, event, risk, horizon: float, weight=None) -> dict[str, float]:
    """Return ``slope``, ``ici`` (mean distance of predicted from observed risk) and ``expected_observed`` at a horizon.

    Arguments: time [y], event, risk predicted by the horizon, horizon [y], weight.
    Assumptions: observed risk given predicted is a smooth function, by Cox regression on the complementary log-log of the prediction: a
    straight line for the slope, a restricted cubic spline with four knots for the index.
    Source: austin2020.
    """
    weight = np.ones(len(time)) if weight is None else weight
    x = cloglog(risk)
    cut, seen = np.minimum(time, horizon), event.astype(bool) & (time <= horizon)
    slope = _cox(cut, seen, x[:, None], weight)[0]
    observed = calibration_curve(time, event, risk, horizon, weight)
    expected = float(np.sum(weight * risk) / np.sum(weight))
    return {
        "slope": float(slope[0]),
        "ici": float(np.sum(weight * np.abs(observed - risk)) / np.sum(weight)),
        "expected_observed": expected / observed_risk(time, event, horizon, weight) if seen.any() else float("nan"),
    }


def calibration_curve(time, event, risk, horizon: float, weight=None) -> np.ndarray:
    """Return the observed risk at the horizon, smoothed over the predicted risk, for every tooth.

    Source: austin2020.
    """
    weight = np.ones(len(time)) if weight is None else weight
    basis = spline_of(cloglog(risk))
    cut, seen = np.minimum(time, horizon), event.astype(bool) & (time <= horizon)
    beta, baseline = _cox(cut, seen, basis, weight)
    return 1 - np.exp(-baseline * np.exp((basis - np.average(basis, axis=0, weights=weight)) @ beta))


def net_benefit(time, event, risk, horizon: float, thresholds: np.ndarray, weight=None) -> dict[str, np.ndarray]:
    """Return net benefit of acting on the model, and on every tooth, at thresholds of risk [1] by ``horizon`` [y].

    Source: vickers2008.
    """
    weight = np.ones(len(time)) if weight is None else weight
    share, hit = np.zeros(len(thresholds)), np.zeros(len(thresholds))
    for k, threshold in enumerate(thresholds):
        act = risk >= threshold
        share[k] = weight[act].sum() / weight.sum()
        hit[k] = share[k] * observed_risk(time[act], event[act], horizon, weight[act]) if share[k] > 0 else 0.0
    return benefit_of(hit, share, observed_risk(time, event, horizon, weight), thresholds)


def benefit_of(hit: np.ndarray, share: np.ndarray, everyone: float, thresholds: np.ndarray) -> dict[str, np.ndarray]:
    """Return net benefit from the share of teeth acted on, the share acted on with the event, and the risk of all."""
    odds = thresholds / (1 - thresholds)
    return {"model": hit - (share - hit) * odds, "all": everyone - (1 - everyone) * odds}


def cloglog(risk: np.ndarray) -> np.ndarray:
    """Return the complementary log-log of risks: the log of the cumulative hazard."""
    return np.log(-np.log1p(-np.clip(risk, SMALLEST, 1 - SMALLEST)))


def spline_of(x: np.ndarray) -> np.ndarray:
    """Return the restricted cubic spline with knots at quantiles of ``x``, ``x`` itself where they coincide."""
    knots = np.quantile(x, KNOTS)
    return natural_spline(x, knots) if len(np.unique(knots)) == len(KNOTS) else x[:, None]


def natural_spline(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return a restricted cubic spline, straight beyond the outer knots: shape teeth × (knots − 1)."""
    first, last, before = knots[0], knots[-1], knots[-2]

    def cube(knot: float) -> np.ndarray:
        return np.maximum(x - knot, 0) ** 3

    bends = [
        cube(k) - cube(before) * (last - k) / (last - before) + cube(last) * (before - k) / (last - before) for k in knots[:-2]
    ]
    return np.column_stack([x, *(bend / (last - first) ** 2 for bend in bends)])


def _cox(time, event, x, weight) -> tuple[np.ndarray, float]:
    """Return the coefficients of a Cox regression (Breslow's ties) and the baseline cumulative hazard at the mean of x."""
    x = x - np.average(x, axis=0, weights=weight)
    order = np.argsort(-time, kind="stable")
    time, event, x, weight = time[order], event[order].astype(bool), x[order], weight[order]
    last = np.searchsorted(-time, -time, "right") - 1  # all that are at risk at this time
    scale = np.sqrt(np.average(x**2, axis=0, weights=weight)) + 1e-300
    x = x / scale
    beta, events = np.zeros(x.shape[1]), weight * event
    for _ in range(50):
        share = weight * np.exp(np.clip(x @ beta, -50, 50))
        s0 = np.cumsum(share)[last]
        s1 = np.cumsum(share[:, None] * x, axis=0)[last] / s0[:, None]
        s2 = np.cumsum(share[:, None, None] * x[:, :, None] * x[:, None, :], axis=0)[last] / s0[:, None, None]
        gradient = np.sum(events[:, None] * (x - s1), axis=0)
        curvature = np.sum(events[:, None, None] * (s2 - s1[:, :, None] * s1[:, None, :]), axis=0)
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-10)[0]
        step *= min(1.0, 3.0 / (np.abs(step).max() + 1e-300))
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    share = weight * np.exp(np.clip(x @ beta, -50, 50))
    s0 = np.cumsum(share)[last]
    return beta / scale, float(np.sum(events / s0))
