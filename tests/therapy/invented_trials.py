"""Invented networks of trials whose truth is known."""

from __future__ import annotations

import numpy as np

from amelo.therapy.resilience.network import shared
from amelo.therapy.resilience.trials import INACTIVE, Trial

TRUTH = {"placebo": 0.0, "no treatment": 0.2, "toothpaste": -0.25, "rinse": -0.3, "gel": -0.15, "varnish": -0.4}
DESIGNS = (
    ("placebo", "toothpaste"),
    ("placebo", "rinse"),
    ("placebo", "gel"),
    ("no treatment", "varnish"),
    ("no treatment", "gel"),
    ("rinse", "varnish"),
    ("placebo", "toothpaste", "rinse"),
    ("no treatment", "placebo", "gel", "varnish"),
)


def invented(
    seed: int,
    *,
    repeats: int = 12,
    tau: float = 0.1,
    se: float = 0.06,
    designs: tuple[tuple[str, ...], ...] = DESIGNS,
    shift: dict[tuple[str, ...], float] | None = None,
    bias: float = 0.0,
    at_risk: float = 0.0,
    truth: dict[str, float] = TRUTH,
) -> list[Trial]:
    """Return trials of every design. ``shift`` moves the last arm of a design; ``bias`` favours active arms in a share of trials."""
    rng, found = np.random.default_rng(seed), []
    for names in designs:
        for _ in range(repeats):
            k = len(names)
            risky = bool(rng.random() < at_risk)
            variance = se**2 * rng.uniform(0.5, 2.0, k)
            level = rng.normal(1.0, 0.5)
            true = np.array([truth[name] for name in names])
            true[1:] += rng.multivariate_normal(np.zeros(k - 1), tau**2 * shared(k - 1))
            true += risky * bias * np.array([float(name not in INACTIVE) for name in names])
            true[-1] += (shift or {}).get(names, 0.0)
            found.append(Trial(names, level + true + rng.normal(0, np.sqrt(variance)), variance, risky, 400))
    return found
