"""Fit the failure of restorations to the published figures by NUTS, and write the model file.

Run as ``python -m amelo.forecast.restorations.fit FOLDER``; needs numpyro, forecasting does not.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from amelo.forecast.artefact import MODELS, save_model
from amelo.forecast.restorations.hazard import expected, published
from amelo.params import load_set

__all__ = ["KEPT", "KIND", "main", "priors", "sample", "train"]

KIND = "restorations"
KEPT = 400  # draws that are shipped
GROUPS = ("prior", "material", "effect", "condition", "event")
TWICE = "high_risk"  # both a prior and an effect: the effect in practice is the datum of the prior
SOURCES = ("trials", "registry")
WIDTH = 2 * 1.645
DIGITS = 4
SEED = 20261126


def priors() -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the logarithm of each parameter, by its name without the group."""
    found = {}
    for p in load_set("restorations"):
        group, _, name = p.name.partition(".")
        if group in GROUPS and p.name != f"effect.{TWICE}":
            assert name not in found, name
            found[name] = (float(np.log(p.value)), float(np.log(p.high / p.low) / WIDTH))
    implant = load_set("restorations")["hazard.implant_10"]
    found["implant"] = (float(np.log(implant.value)), 1.0)
    return found


def sample(
    *, warmup: int = 500, draws: int = 500, chains: int = 2, seed: int = SEED, data: dict[str, tuple[float, float]] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return draws of the posterior by name (chains × draws) and what the sampler says of itself.

    Arguments: warmup, draws, chains, seed; data (figures as :func:`published` returns them, default: the published ones).
    """
    import jax
    import jax.numpy as jnp
    import numpyro
    from numpyro import distributions
    from numpyro.diagnostics import summary
    from numpyro.infer import MCMC, NUTS

    figures, fitted = published() if data is None else data, priors()
    also = load_set("restorations")[f"effect.{TWICE}"]

    def model() -> None:
        p = {name: mean + spread * numpyro.sample(name, distributions.Normal(0.0, 1.0)) for name, (mean, spread) in fitted.items()}
        for source in SOURCES:
            p[f"source_{source}"] = jnp.exp(p["source_spread"]) * numpyro.sample(f"source_{source}", distributions.Normal(0.0, 1.0))
        told = expected(p, jnp)
        for name, (value, error) in figures.items():
            numpyro.sample(f"data.{name}", distributions.Normal(jnp.log(told[name]), error), obs=jnp.log(value))
        numpyro.sample("data.effect", distributions.Normal(p[TWICE], np.log(also.high / also.low) / WIDTH), obs=np.log(also.value))

    with jax.enable_x64(True):
        engine = MCMC(
            NUTS(model, target_accept_prob=0.9), num_warmup=warmup, num_samples=draws, num_chains=chains, chain_method="sequential", progress_bar=False
        )  # fmt: skip
        engine.run(jax.random.PRNGKey(seed))
        raw = {name: np.asarray(v) for name, v in engine.get_samples(group_by_chain=True).items()}
        divergences = int(engine.get_extra_fields()["diverging"].sum())
    told = summary(raw, group_by_chain=True)
    found = {name: mean + spread * raw[name] for name, (mean, spread) in fitted.items()}
    for source in SOURCES:
        found[f"source_{source}"] = np.exp(found["source_spread"]) * raw[f"source_{source}"]
    return found, {
        "divergences": divergences,
        "largest_r_hat": round(float(max(row["r_hat"] for row in told.values())), 4),
        "smallest_effective_size": round(float(min(row["n_eff"] for row in told.values()))),
        "warmup": warmup,
        "draws": draws,
        "chains": chains,
    }


def train(*, seed: int = SEED, **settings: int) -> dict[str, Any]:
    """Return the model of restorations as JSON values: draws of the posterior, the constants that a forecast needs, and the card.

    Arguments: seed; settings of :func:`sample`.
    """
    found, health = sample(seed=seed, **settings)
    total = found["level"].size
    keep = np.linspace(0, total - 1, KEPT).round().astype(int)
    draws = {name: values.reshape(-1)[keep] for name, values in found.items()}
    constants = {
        p.name: {"value": p.value, "low": p.low, "high": p.high, "grade": p.grade, "source": p.source}
        for p in load_set("restorations")
        if p.name.startswith(("study.", "unknown.", "hazard.primary", "hazard.implant", "effect.", "condition."))
    }
    return {
        "kind": KIND,
        "draws": {name: [round(float(v), DIGITS) for v in values] for name, values in sorted(draws.items())},
        "constants": constants,
        "card": _card(draws, health),
    }


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _card(draws: dict[str, np.ndarray], health: dict[str, Any]) -> dict[str, Any]:
    told, fitted = expected(draws), published()
    rows = []
    for name, values in told.items():
        low, median, high = (_short(q) for q in np.quantile(values, [0.05, 0.5, 0.95]))
        value = load_set("restorations").value(name)
        rows.append({"figure": name, "published": value, "fitted": name in fitted, "median": median, "low": low, "high": high})
    used = sorted({key for p in load_set("restorations") for key in p.source.split()})
    return {
        "title": "failure of restorations by material, tooth, patient and setting",
        "made_by": "amelo.forecast.restorations.fit, 2026-11-25",
        "data": "published aggregates only; no rows of patients",
        "population": "trials of several countries; practices and a registry of the Netherlands and Finland",
        "licence": "Apache-2.0; the published figures are facts, cited",
        "rows": 0,
        "patients": 0,
        "method": "Weibull hazard with gamma frailty of patients, shape by setting, spread between practices and between sources, NUTS",
        "posterior_5_50_95": {
            name: [_short(np.exp(q)) for q in np.quantile(values, [0.05, 0.5, 0.95])]
            for name, values in draws.items()
            if not name.startswith("source_t") and not name.startswith("source_r")
        },
        "fit": rows,
        "sampler": health,
        "subgroups": "caries risk, age 65 and more, molars, root treatment, number of surfaces; one ratio each, the same for every material",
        "limits": [
            "a forecast speaks of practice, not of trials; practices differ by a factor of three and nobody knows which one this is",
            "amalgam against composite is better in trials and worse in a registry: the draws carry both",
            "hazard ratios were published without intervals that were seen; gold, veneers, temporary fillings and resin-modified cements have no figures at all",
            "a gap at the margin and wear have ratios by assumption only",
            "no bounds on time: a share that outlasts one must be counted on teeth that were followed, and no rows are here",
            "failure is as the studies counted it: replacement, mostly by decision of a dentist",
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
