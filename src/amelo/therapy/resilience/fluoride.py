"""Make the posterior of the fluoride network from its trials: everything that ``bench/evidence.py`` writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from amelo.therapy.resilience.consistency import design_by_treatment, small_trials, split_all
from amelo.therapy.resilience.network import Network, fit, make_network
from amelo.therapy.resilience.sampler import Posterior, sample_network, shipped_priors
from amelo.therapy.resilience.trials import Spread, read_spread, read_trials

__all__ = ["SPREADS", "TRIALS", "make_posterior", "posterior_of"]

TRIALS = "fluoride_nma_130_trials_arms.csv"
SPREADS = "fluoride_toothpaste_marinho_70.csv"
KEPT = 1000  # draws of the file
DIGITS = 5  # decimals: far below the doubt, and the same on machines that differ in the last bit
ORIGIN = {
    TRIALS: {"origin": "cran/nmaINLA 1.1.0 @ 66a7527, data/Flourdat.rda", "licence": "GPL >= 2", "source": "dias2010"},
    SPREADS: {"origin": "cran/metaplus 1.0-8 @ 4c50f57, data/marinho.RData", "licence": "GPL >= 2", "source": "marinho2009"},
}
CARD = {
    "measure": "log of the ratio of mean DMFS increments; the prevented fraction is 1 - ratio",
    "rows": "no row of a trial is in this file; draws of a posterior, counts and tests only",
    "limits": [
        "the trials date from 1955 to 1996, when caries was commoner: transfer to children of today is not shown by them",
        "no dose, no year, no baseline risk and no background fluoride in the data",
        "the trials' own standard deviations are not in the data; a law of 70 trials of toothpaste stands for them, with its scatter",
        "clusters such as schools are counted as if their children were independent",
        "that bias = 1 marks trials at risk (119 of 130) is read from the pattern of the data and the article's abstract, not from a codebook",
        "11 trials are not at risk, so that the adjustment leans on its prior",
    ],
}


def make_posterior(folder: str | Path, *, on_progress: Callable[[float, str], None] | None = None) -> dict[str, Any]:
    """Return the content of the posterior's file.

    Arguments: folder (holds ``TRIALS`` and ``SPREADS``); on_progress (fraction, message).
    Raises: FileError, FormatError of the files.
    """
    folder = Path(folder)
    spread = read_spread(folder / SPREADS)
    network = make_network(read_trials(folder / TRIALS, spread))
    data = [{"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(), **ORIGIN[name]} for name in ORIGIN]
    return posterior_of(network, spread, on_progress=on_progress) | {"kind": "fluoride-network", "data": data, "card": CARD}


def posterior_of(
    network: Network, spread: Spread, *, samples: int = 4000, seed: int = 0, on_progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Return posteriors of a network, with and without adjustment for bias, its fit by least squares and its checks, as JSON values.

    Arguments: network; spread; samples; seed; on_progress.
    """
    told = on_progress or (lambda fraction, message: None)
    told(0.0, "comparing direct and indirect evidence")
    least, whole, splits, small = fit(network), design_by_treatment(network), split_all(network), small_trials(network)
    found: dict[str, Any] = {}
    for i, (name, adjust) in enumerate((("plain", False), ("adjusted", True))):
        told(0.1 + 0.45 * i, f"sampling the posterior, {name}")
        found[name] = _written(sample_network(network, residual=spread.residual, adjust=adjust, samples=samples, seed=seed))
    return found | {
        "treatments": list(network.treatments),
        "counts": {
            "trials": len(network.trials),
            "arms": sum(len(t.treatments) for t in network.trials),
            "children": sum(t.children for t in network.trials),
            "at_risk": sum(t.at_risk for t in network.trials),
            "designs": len(network.designs),
        },
        "comparisons": [
            {"first": a, "second": b, "trials": count}
            for a, b in combinations(network.treatments, 2)
            if (count := sum(a in t.treatments and b in t.treatments for t in network.trials))
        ],
        "spread": _rounded(asdict(spread)),
        "priors": asdict(shipped_priors()),
        "least_squares": {
            "effects": _rounded(least.beta.tolist()),
            "se": _rounded(np.sqrt(np.diag(least.covariance)).tolist()),
            "tau": _rounded(least.tau),
        },
        "consistency": {
            "design_by_treatment": _rounded(whole.to_dict()) if whole.df else None,
            "splits": [_rounded(s.to_dict()) for s in splits],
            "small_trials": _rounded(small.to_dict()) if small else None,
        },
    }


def _written(posterior: Posterior) -> dict[str, Any]:
    step = max(len(posterior.tau) // KEPT, 1)
    names = ("effects", "tau", "bias", "kappa")
    return {
        "draws": {name: _rounded(getattr(posterior, name)[::step].tolist()) for name in names},
        "chains": {
            "draws": len(posterior.tau),
            "divergences": posterior.divergences,
            "r_hat": round(posterior.r_hat, 3),
            "effective": round(posterior.effective, -1),
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
