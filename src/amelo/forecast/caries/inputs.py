"""What the unknown inputs of a child may be, given the known ones: a Gaussian copula of the mouth, fitted without keeping any row.

Every input is a normal variable cut at thresholds. The correlations come from Gibbs sweeps over the children trained on, in which what is
unknown is drawn and the correlation is taken anew each sweep; drawing for a patient is the same sweep with the correlation held.
"""

from __future__ import annotations

from math import erf, sqrt
from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import FIRST_MOLARS, Cohort
from amelo.forecast.distance import distance, typical

__all__ = ["VARIABLES", "columns_for", "distance_of", "draw_inputs", "fit_inputs", "mouths"]

OF_CHILD = {"age": 0, "girl": 2, "start_brush": 6, "brush_daily": 2}  # variable: categories, 0 for a number
OF_MOLAR = {"plaque": 3, "seal": 2, "erupted": 2, "carious": 2, "p4": 2, "p4_kind": 3, "p5": 2, "p5_kind": 3}
VARIABLES = {**OF_CHILD, **{f"{name}_{tooth}": n for tooth in FIRST_MOLARS for name, n in OF_MOLAR.items()}}
NAMES = list(VARIABLES)
KINDS = ("d", "f", "m")  # of a primary molar that is not sound: decayed, filled, missing
SWEEPS, KEPT = 80, 40
DRAW_SWEEPS = 25
EDGE = 8.0  # standard deviations that stand for infinity
GRID = np.linspace(-EDGE, EDGE, 3201)
CDF = np.array([0.5 * (1 + erf(x / sqrt(2))) for x in GRID])


def mouths(cohort: Cohort) -> np.ndarray:
    """Return the inputs per child (children × variables), categories counted from 0, NaN where unknown or without meaning."""
    table = np.full((cohort.child.max() + 1, len(NAMES)), np.nan)
    x = cohort.inputs
    for name in ("girl", "start_brush", "brush_daily"):
        table[cohort.child, NAMES.index(name)] = x[name] - 1 if name == "start_brush" else x[name]
    table[cohort.child, 0] = cohort.age_base
    plaque = np.where(x["plaque_total"] == 1, 2, np.where(x["plaque_pits"] == 1, 1, x["plaque_pits"] + x["plaque_total"]))
    values = {"plaque": plaque, "seal": x["seal"], "erupted": x["erupted_base"], "carious": (~cohort.at_risk).astype(float)}
    for position in (4, 5):
        parts = np.stack([x[f"adj{position}_{kind}"] for kind in KINDS])
        values[f"p{position}"] = parts.sum(0)
        values[f"p{position}_kind"] = np.where(parts.sum(0) == 1, parts.argmax(0), np.nan)
    for name, column in values.items():
        for tooth in FIRST_MOLARS:
            rows = cohort.tooth == tooth
            table[cohort.child[rows], NAMES.index(f"{name}_{tooth}")] = column[rows]
    return table


def _quantile(p: np.ndarray) -> np.ndarray:
    return np.interp(p, CDF, GRID)


def _bounds(table: np.ndarray, thresholds: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of the normal variables; equal ones where the variable is a number."""
    low, high = np.full(table.shape, -EDGE), np.full(table.shape, EDGE)
    for k, name in enumerate(NAMES):
        known = ~np.isnan(table[:, k])
        if VARIABLES[name] == 0:
            mean, sd = thresholds[k]
            low[known, k] = high[known, k] = (table[known, k] - mean) / sd
            continue
        edges = np.array([-EDGE, *thresholds[k], EDGE])
        code = table[known, k].astype(int)
        low[known, k], high[known, k] = edges[code], edges[code + 1]
    return low, high


def _sweep(z: np.ndarray, low: np.ndarray, high: np.ndarray, precision: np.ndarray, rng: np.random.Generator) -> None:
    """Draw every variable once given the others, in place."""
    for k in range(z.shape[1]):
        sd = 1 / np.sqrt(precision[k, k])
        mean = z[:, k] - (z @ precision[k]) / precision[k, k]
        a, b = (np.interp((limit[:, k] - mean) / sd, GRID, CDF) for limit in (low, high))
        drawn = mean + sd * _quantile(a + rng.random(len(z)) * (b - a))
        z[:, k] = np.clip(drawn, low[:, k], high[:, k])


def fit_inputs(cohort: Cohort, *, seed: int = 0) -> dict[str, Any]:
    """Return thresholds and correlation of the inputs of a cohort's children, as JSON values."""
    table = mouths(cohort)
    thresholds = []
    for k, name in enumerate(NAMES):
        values = table[~np.isnan(table[:, k]), k]
        if VARIABLES[name] == 0:
            thresholds.append([float(values.mean()), float(values.std())])
            continue
        counts = np.bincount(values.astype(int).clip(0, VARIABLES[name] - 1), minlength=VARIABLES[name]) + 0.5
        thresholds.append([float(round(t, 4)) for t in _quantile(counts.cumsum()[:-1] / counts.sum())])
    table = np.minimum(table, [np.inf if n == 0 else n - 1 for n in VARIABLES.values()])
    low, high = _bounds(table, thresholds)
    rng = np.random.default_rng(seed)
    z = np.clip(rng.standard_normal(table.shape), low, high)
    correlation, total = np.eye(len(NAMES)), np.zeros((len(NAMES), len(NAMES)))
    for sweep in range(SWEEPS):
        _sweep(z, low, high, np.linalg.inv(correlation), rng)
        ridge = 5 / (len(z) + 5)  # keeps it positive when children are few
        correlation = np.corrcoef(z, rowvar=False) * (1 - ridge) + np.eye(len(NAMES)) * ridge
        if sweep >= SWEEPS - KEPT:
            total += correlation
    model = {"names": NAMES, "thresholds": thresholds, "correlation": np.round(total / KEPT, 3).tolist()}
    return model | {"typical": typical(np.array([distance_of(model, row) for row in table]))}


def distance_of(model: dict[str, Any], known: np.ndarray) -> float:
    """Return how unlike the children of the cohort a mouth is in what is known of it (see :mod:`amelo.forecast.distance`).

    Arguments: model (of :func:`fit_inputs`), known (variables, categories counted from 0, NaN where unknown).
    Assumptions: a category stands at the mean of its part of the normal scale, a number at its own place.
    """
    of = np.flatnonzero(~np.isnan(known))
    low, high = (limit[0, of] for limit in _bounds(known[None], model["thresholds"]))
    below, above = (np.interp(limit, GRID, CDF) for limit in (low, high))
    fall = np.exp(-0.5 * low**2) - np.exp(-0.5 * high**2)
    inside = np.where(high > low, fall / np.sqrt(2 * np.pi) / np.maximum(above - below, 1e-12), low)
    return distance(np.array(model["correlation"])[np.ix_(of, of)], inside)


def draw_inputs(model: dict[str, Any], known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of all inputs given the known ones.

    Arguments: model (of :func:`fit_inputs`), known (draws × variables, NaN where unknown), rng.
    Returns: draws × variables, categories counted from 0.
    """
    low, high = _bounds(known, model["thresholds"])
    precision = np.linalg.inv(np.array(model["correlation"]))
    z = np.clip(rng.standard_normal(known.shape), low, high)
    for _ in range(DRAW_SWEEPS):
        _sweep(z, low, high, precision, rng)
    out = np.empty_like(z)
    for k, name in enumerate(NAMES):
        t = model["thresholds"][k]
        out[:, k] = t[0] + t[1] * z[:, k] if VARIABLES[name] == 0 else np.searchsorted(t, z[:, k])
    return np.where(np.isnan(known), out, known)


def columns_for(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of the cohort for the four first molars (draws × 4), from draws of the inputs of a mouth."""
    of = lambda name: values[:, [NAMES.index(f"{name}_{tooth}") for tooth in FIRST_MOLARS]]  # noqa: E731
    child = lambda name: np.repeat(values[:, [NAMES.index(name)]], len(FIRST_MOLARS), axis=1)  # noqa: E731
    others = lambda array: array.sum(1, keepdims=True) - array  # noqa: E731
    plaque, seal, carious = of("plaque"), of("seal"), of("carious")
    found = {
        "age_base": child("age"),
        "girl": child("girl"),
        "start_brush": child("start_brush") + 1,
        "brush_daily": child("brush_daily"),
        "upper": np.repeat(np.array([[tooth < 30 for tooth in FIRST_MOLARS]], float), len(values), axis=0),
        "erupted_base": of("erupted"),
        "seal": seal,
        "oth_seal": others(seal) / 3,
        "plaque_pits": (plaque == 1).astype(float),
        "plaque_total": (plaque == 2).astype(float),
        "oth_plaque": others((plaque > 0).astype(float)),
        "oth_caries_base": others(carious),
    }
    for k, kind in enumerate(KINDS):
        parts = [of(f"p{p}") * (of(f"p{p}_kind") == k) for p in (4, 5)]
        found[f"adj4_{kind}"], found[f"adj5_{kind}"] = parts
        found[f"mouth_{kind}"] = np.repeat((parts[0] + parts[1]).sum(1, keepdims=True), len(FIRST_MOLARS), axis=1)
    return found
