"""Caries onset beside its baselines: the same children, the same split, differences by a paired bootstrap of children.

    python bench/forecast_caries.py DATA.parquet              the shipped model and the baselines on the split dev
    python bench/forecast_caries.py DATA.parquet --choose     by cross-validation in train: likelihoods, learning curve, within-mouth ceiling

The model file is made by bench/forecast_models.py. Looks at dev until it was made stand in LOOKS and in its card, later ones in LOOKS_SINCE: one
more in LOOKS is another file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from amelo.forecast.artefact import find_model
from amelo.forecast.caries.cohort import INPUTS, Cohort, read_cohort
from amelo.forecast.caries.evaluate import forecasts_of
from amelo.forecast.caries.metrics import HORIZONS, Forecasts, Scorer, compare, intervals
from amelo.forecast.caries.survival import Forecaster, fitted
from amelo.forecast.caries.train import core

LOOKS = (
    "2026-11-25, baselines only: log-normal AFT and no covariates, to find which teeth, grace and intervals the published baselines "
    "were scored on (followed teeth; exact figures of the page within .002)",
    "2026-11-25, the final model once, after every choice was made by cross-validation in train",
    "2026-11-25, the baselines beside it, for the paired differences",
    "2026-11-25, the bounds once, after all choices (groups, dating, levels) were made by cross-validation in train; the rest of the model as before",
    "2026-11-26, the same model once by amelo evaluate, with Uno's C, Brier scores, calibration and net benefit, after how they count was "
    "settled on invented cohorts; nothing was changed by it",
)
LOOKS_SINCE: tuple[str, ...] = ()
SOON = 0.01  # years; an AFT model has no density at 0, where the first examination is
REPLICATES = 400


def covariates(cohort: Cohort, reference: Cohort | None = None) -> pd.DataFrame:
    """Return all inputs as linear columns, what is unknown at the mean of those trained on and marked; groups as indicators."""
    base = reference or cohort
    columns = {"age_base": cohort.age_base - base.age_base.mean()}
    for name in INPUTS:
        mean, sd = np.nanmean(base.inputs[name]), np.nanstd(base.inputs[name])
        columns[name] = np.nan_to_num((cohort.inputs[name] - mean) / (sd or 1))
        if np.isnan(base.inputs[name]).mean() > 0.02:
            columns[f"{name}_unknown"] = np.isnan(cohort.inputs[name]).astype(float)
    for group, values in base.groups.items():
        for label in np.unique(values)[1:]:
            columns[f"{group}_{label}"] = (cohort.groups[group] == label).astype(float)
    return pd.DataFrame(columns)


def by_survival(cohort: Cohort, survive: Callable[[np.ndarray], np.ndarray]) -> Forecasts:
    """Return forecasts from a survival function of years since the first examination (one time per followed tooth)."""
    low, high = cohort.lo - cohort.age_base, cohort.hi - cohort.age_base
    seen_for, n = cohort.age_last - cohort.age_base, len(cohort)
    upper = np.where(np.isnan(high), 0, survive(np.where(np.isnan(high), 1, high)))
    return Forecasts(
        np.log(np.maximum(survive(np.maximum(low, SOON)) - upper, 1e-300)),
        {h: 1 - survive(np.full(n, float(h))) for h in HORIZONS},
        {h: 1 - survive(np.maximum(np.minimum(h, seen_for), SOON)) for h in HORIZONS},
    )


def aft(kind: str, train_on: Cohort, score: Cohort, *, blank: bool = False) -> Forecasts:
    """Return the forecasts of an interval-censored accelerated failure time model of lifelines."""
    from lifelines import LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter
    from scipy.stats import norm

    fitter = {"Weibull": WeibullAFTFitter, "log-logistic": LogLogisticAFTFitter, "log-normal": LogNormalAFTFitter}[kind]
    x = covariates(train_on)[[]] if blank else covariates(train_on)
    low, high = train_on.lo - train_on.age_base, train_on.hi - train_on.age_base
    table = x.assign(low=np.maximum(low, SOON), high=np.where(np.isnan(high), np.inf, np.maximum(high, 2 * SOON)))
    fit = fitter(penalizer=1e-3).fit_interval_censoring(table, "low", "high")
    new = covariates(score, train_on)[list(x.columns)]
    place, shape = {"Weibull": ("lambda_", "rho_"), "log-logistic": ("alpha_", "beta_"), "log-normal": ("mu_", "sigma_")}[kind]
    beta = fit.params_[place]
    level = new.to_numpy() @ beta.drop("Intercept").loc[list(x.columns)].to_numpy() + beta["Intercept"]
    slope = np.exp(fit.params_[shape]["Intercept"])

    def survive(t: np.ndarray) -> np.ndarray:
        if kind == "log-normal":
            return norm.sf((np.log(t) - level) / slope)
        ratio = np.exp(slope * (np.log(t) - level))
        return np.exp(-ratio) if kind == "Weibull" else 1 / (1 + ratio)

    return by_survival(score, survive)


def piecewise(train_on: Cohort, score: Cohort) -> Forecasts:
    """Return the forecasts of an interval-censored piecewise exponential model, linear in the covariates."""
    import jax
    import jax.numpy as jnp
    from scipy.optimize import minimize

    edges = np.array([0.0, 1.45, 2.35, 3.2, 4.05, np.inf])  # the gaps between yearly examinations
    years = lambda t: np.clip(t[:, None] - edges[:-1], 0, np.diff(edges))  # noqa: E731
    x, new = (c.to_numpy() for c in (covariates(train_on), covariates(score, train_on)))
    low, high = train_on.lo - train_on.age_base, train_on.hi - train_on.age_base
    a, b, event = years(low), years(np.nan_to_num(high)), ~np.isnan(high)
    p = x.shape[1]
    with jax.enable_x64(True):

        def loss(theta):
            rate, h = jnp.exp(x @ theta[:p]), jnp.exp(theta[p:])
            seen = jnp.exp(-rate * (a @ h)) - event * jnp.exp(-rate * (b @ h))
            return -jnp.log(jnp.maximum(seen, 1e-300)).mean() + 1e-3 * (theta[:p] ** 2).sum()

        both = jax.jit(jax.value_and_grad(loss))
        fun = lambda t: (float(both(t)[0]), np.asarray(both(t)[1]))  # noqa: E731
        found = minimize(fun, np.append(np.zeros(p), np.full(len(edges) - 1, -3.0)), jac=True, method="L-BFGS-B").x
    rate, h = np.exp(new @ found[:p]), np.exp(found[p:])
    return by_survival(score, lambda t: np.exp(-rate * (years(t) @ h)))


def baselines(train_on: Cohort, score: Cohort) -> dict[str, Forecasts]:
    """Return the forecasts of every baseline for the followed teeth of ``score``."""
    train_on, score = (c.take(c.followed) for c in (train_on, score))
    return {
        "no covariates": aft("log-normal", train_on, score, blank=True),
        "Weibull AFT": aft("Weibull", train_on, score),
        "log-logistic AFT": aft("log-logistic", train_on, score),
        "log-normal AFT": aft("log-normal", train_on, score),
        "piecewise exponential": piecewise(train_on, score),
    }


def shown(rows: dict[str, dict[str, float]], sign: str = "") -> str:
    return "  ".join(f"{k} {r['value']:{sign}.4f} [{r['low']:{sign}.4f}, {r['high']:{sign}.4f}]" for k, r in rows.items())


def beside(data: Path, model: dict) -> None:
    """Print the model and the baselines on dev, and the paired differences."""
    train_on, dev = read_cohort(data, split="train"), read_cohort(data, split="dev")
    scorer, ours = Scorer(dev), forecasts_of(model, dev)
    children = int(scorer.cohort.child.max()) + 1
    everyone, fit = read_cohort(data), fitted(model)
    begin = time.perf_counter()
    Forecaster(fit, everyone).risk(2.0)
    print(f"{len(everyone) / (time.perf_counter() - begin):,.0f} teeth/s on one core, from checked columns to the risk at 2 y")
    print("amelo:", shown(intervals(children, lambda w: scorer.figures(ours, w), replicates=REPLICATES, seed=0)))
    for name, theirs in baselines(train_on, dev).items():
        print(f"{name}:", "  ".join(f"{k} {v:.4f}" for k, v in scorer.figures(theirs).items()))
        print("   amelo minus it:", shown(compare(scorer, ours, theirs, replicates=REPLICATES, seed=0), "+"))


def folds_of(cohort: Cohort, count: int = 4) -> list[tuple[Cohort, Cohort]]:
    fold = np.random.default_rng(1).integers(0, count, cohort.child.max() + 1)[cohort.child]
    return [(cohort.take(fold != k), cohort.take(fold == k)) for k in range(count)]


def choose(data: Path) -> None:
    """Print what choices rest on, by cross-validation in train: baselines, the learning curve and the ceiling of the within-mouth C."""
    cohort = read_cohort(data, split="train")
    rng = np.random.default_rng(0)
    found: dict[str, list[dict[str, float]]] = {}
    for learn, held in folds_of(cohort):
        scorer = Scorer(held)
        for name, theirs in baselines(learn, held).items():
            found.setdefault(name, []).append(scorer.figures(theirs))
        for share in (0.25, 0.5, 1.0):
            kept = rng.random(learn.child.max() + 1) < share
            figures = scorer.figures(forecasts_of(core(learn.take(kept[learn.child])), held))
            found.setdefault(f"amelo on {share:.0%} of the children", []).append(figures)
        found.setdefault("pairs of molars", []).append({"within_mouth_c": pairs_ceiling(learn, held)})
    for name, rows in found.items():
        print(f"{name}:", "  ".join(f"{k} {np.mean([r[k] for r in rows]):.4f}" for k in rows[0]))


def pairs_ceiling(learn: Cohort, held: Cohort) -> float:
    """Return the within-mouth C of boosted trees that are trained for it alone: differences between the molars of a pair of one mouth."""
    import lightgbm

    def pairs(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
        scorer = Scorer(cohort)
        used = scorer.cohort
        x = np.column_stack([covariates(used).to_numpy(), used.tooth, used.e_lo - used.age_base])
        first, second = scorer.first, scorer.second
        never = np.isnan(scorer.high[second])
        a, b = x[first[never]], x[second[never]]
        return np.hstack([a, b, a - b]), np.hstack([b, a, b - a])

    won, lost = pairs(learn)
    settings = {"objective": "binary", "num_leaves": 4, "learning_rate": 0.03, "min_data_in_leaf": 80, "verbosity": -1, "num_threads": 1, "seed": 0}  # fmt: skip
    label = np.append(np.ones(len(won)), np.zeros(len(lost)))
    trees = lightgbm.train(settings, lightgbm.Dataset(np.vstack([won, lost]), label), 120)
    new, turned = pairs(held)
    said = trees.predict(new) - trees.predict(turned)
    return float((said > 0).mean() + 0.5 * (said == 0).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--choose", action="store_true")
    chosen = parser.parse_args()
    if chosen.choose:
        choose(chosen.data)
    else:
        beside(chosen.data, find_model("caries-onset"))
