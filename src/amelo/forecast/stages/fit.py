"""Fit the rates of progression to the published figures by NUTS, and write the model file.

Run as ``python -m amelo.forecast.stages.fit FOLDER``; needs numpyro, forecasting does not.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from amelo.forecast.artefact import MODELS, save_model
from amelo.forecast.stages.posterior import Problem, sample_posterior
from amelo.forecast.stages.studies import COHORTS, icdas_cavitated, published, reported
from amelo.params import load_set

__all__ = ["KEPT", "KIND", "main", "names", "parameters_of", "priors", "problem_of", "sample", "train"]

KIND = "progression"
KEPT = 400  # draws that are shipped
WIDTH = 2 * 1.645  # standard deviations in a 90 % interval
DIGITS = 4
EDGE = 1e-6  # shares are kept this far from 0 and 1
SEED = 20261125
OUTSIDE = (
    "all of these figures come from young people of the north of Europe and of Puerto Rico before 2005, and from one cohort of men"
)


def priors() -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the logarithm of each parameter (``prior.*`` and ``site.*`` without the group)."""
    found = {}
    for p in load_set("natural-history"):
        group, _, name = p.name.partition(".")
        if group in ("prior", "site"):
            found[name] = (float(np.log(p.value)), float(np.log(p.high / p.low) / WIDTH))
    return found


def _free(name: str) -> bool:
    """Return whether nothing that was published bears on a parameter, so that its posterior is its prior: activity, and tooth
    groups."""
    return name.startswith("active_") or f"site.{name}" in load_set("natural-history").parameters


def names() -> tuple[str, ...]:
    """Return the parameters that are fitted, in the order of z: those of the priors, then onset and progression of each cohort."""
    fitted = [name for name in priors() if not _free(name)]
    return (*fitted, *(f"{part}_{cohort}" for cohort in COHORTS for part in ("onset", "progression")))


def parameters_of(z: Any, xp: ModuleType = np) -> dict[str, Any]:
    """Return the parameters (logarithms) of standard normal z (… × parameters)."""
    known, found = priors(), {}
    for k, name in enumerate(names()):
        if name in known:
            mean, spread = known[name]
            found[name] = mean + spread * z[..., k]
        else:
            found[name] = xp.exp(found["cohort_spread"]) * z[..., k]
    return found


def problem_of(figures: dict[str, tuple[float, float]]) -> Problem:
    """Return the fit as a problem of sampling: what the studies report depends on every parameter but the spread between cohorts.

    Arguments: figures (value and standard deviation of each, as :func:`published` returns them).
    """
    free = tuple(name for name in names() if name != "cohort_spread")
    rate = np.array([name.startswith("rate.") for name in figures])

    def scaled(values: np.ndarray) -> np.ndarray:
        odds = np.clip(values, EDGE, 1.0 - EDGE)
        return np.where(rate, np.log(values), np.log(odds) - np.log1p(-odds))

    def told(x: np.ndarray) -> np.ndarray:
        found = reported(dict(zip(free, x, strict=True)))
        return scaled(np.array([float(found[name]) for name in figures]))

    def physical(z: Any, xp: ModuleType = np) -> Any:
        parameters = parameters_of(z, xp)
        return xp.stack([parameters[name] for name in free], axis=-1)

    values = np.array([value for value, _ in figures.values()])
    return Problem(len(names()), physical, told, scaled(values), np.array([error for _, error in figures.values()]))


def sample(
    *,
    runs: int = 2000,
    checks: int = 1200,
    warmup: int = 800,
    draws: int = 1500,
    chains: int = 2,
    seed: int = SEED,
    data: dict[str, tuple[float, float]] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return draws of the posterior by name (``KEPT``) and what the sampling says of itself.

    Arguments: runs, checks, warmup, draws, chains, seed (of :func:`amelo.forecast.stages.posterior.sample_posterior`); data
    (figures as :func:`published` returns them, default:
    the published ones).
    """
    problem = problem_of(published() if data is None else data)
    z, health = sample_posterior(problem, runs=runs, checks=checks, kept=KEPT, warmup=warmup, draws=draws, chains=chains, seed=seed)
    return parameters_of(z), health


def train(*, seed: int = SEED, **settings: int) -> dict[str, Any]:
    """Return the model of progression as JSON values: draws of the posterior, the constants that a forecast needs, and the card.

    Arguments: seed; settings of :func:`sample`. The same seed and machine give the same draws.
    """
    found, health = sample(seed=seed, **settings)
    rng = np.random.default_rng([seed, 1])
    draws = dict(found)
    for name, (mean, spread) in priors().items():
        if _free(name):
            draws[name] = mean + spread * rng.standard_normal(KEPT)
    for name in ("active_occlusal", "active_approximal", "active_smooth"):
        draws[name] = np.abs(draws[name])  # active lesions never progress more slowly; the fold moves little
    draws["active_share"] = np.minimum(draws["active_share"], np.log(0.95))
    constants = {
        p.name: {"value": p.value, "low": p.low, "high": p.high, "grade": p.grade, "source": p.source}
        for p in load_set("natural-history")
        if p.name.partition(".")[0] in ("stage", "change", "study") or p.name == "share.primary_occlusal"
    }
    return {
        "kind": KIND,
        "draws": {name: [round(float(v), DIGITS) for v in values] for name, values in sorted(draws.items())},
        "constants": constants,
        "card": _card(draws, health),
    }


def _fit(draws: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return published figures beside the median and 90 % interval of what the posterior reports."""
    picks = np.linspace(0, KEPT - 1, 60).round().astype(int)
    runs = [reported({name: values[i] for name, values in draws.items()}) for i in picks]
    rows = []
    for name, (value, _) in published().items():
        low, median, high = np.quantile([float(run[name]) for run in runs], [0.05, 0.5, 0.95])
        rows.append({"figure": name, "published": value, "median": _short(median), "low": _short(low), "high": _short(high)})
    for code in (1, 3, 4):
        shares = [float(icdas_cavitated({name: values[i] for name, values in draws.items()}, code)) for i in picks]
        low, median, high = np.quantile(shares, [0.05, 0.5, 0.95])
        rows.append(
            {
                "figure": f"cavitated from ICDAS {code}, not fitted",
                "published": {1: 0.19, 3: 0.68, 4: 0.66}[code],
                "median": _short(median),
                "low": _short(low),
                "high": _short(high),
            }
        )
    return rows


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _card(draws: dict[str, np.ndarray], health: dict[str, Any]) -> dict[str, Any]:
    used = sorted({key for p in load_set("natural-history") for key in p.source.split()})
    middle = {
        name: [_short(np.exp(q)) for q in np.quantile(values, [0.05, 0.5, 0.95])]
        for name, values in draws.items()
        if name in priors()
    }
    return {
        "title": "progression of caries by stage and surface",
        "made_by": "amelo.forecast.stages.fit, 2026-11-25",
        "data": "published aggregates only; no rows of patients",
        "population": OUTSIDE,
        "licence": "Apache-2.0; the published figures are facts, cited",
        "rows": 0,
        "patients": 0,
        "method": "multi-state chain with gamma frailty of patients, studies computed as they were done (visits, late entry), "
        "cohort effects; NUTS on a polynomial of the studies, weighted to the exact ones",
        "posterior_5_50_95": middle,
        "fit": _fit(draws),
        "sampler": health,
        "subgroups": "surfaces by kind and tooth group; ages below 24 from the Swedish cohort, above from one cohort of men",
        "limits": [
            "beyond outer dentine there is almost no untreated data: the rates of D2 to D3 and of D3 to the pulp are priors",
            "effects of activity and of tooth groups, and what a clinical code means in depth, are assumptions",
            "nothing here was measured in adults today; the spread between populations is drawn for every forecast",
            "reversal is not modelled: a lesion that heals is one that waits",
            "no bounds on time: a share that outlasts one must be counted on teeth that were followed, and no rows are here",
            "root caries and approximal and smooth surfaces of primary teeth are not forecast",
        ],
        "looks_at_development_data": 0,
        "sources": used,
    }


def main() -> None:
    """Train and save into a folder given on the command line, or where shipped models lie."""
    path = save_model(train(), sys.argv[1] if len(sys.argv) > 1 else MODELS)
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
