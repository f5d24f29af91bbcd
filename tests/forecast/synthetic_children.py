"""Children of our own making: first molars that emerge and decay by stated parameters, seen once a year."""

from __future__ import annotations

import numpy as np
import pandas as pd

TRUE = {
    "sigma": 1.2,
    "brush_daily": -0.8,
    "seal": -0.6,
    "plaque_pits": 0.5,
    "adj5_d": 0.4,
    "log_decayed": 0.5,
    "oth_caries_base": 0.5,
}
HAZARD = (0.01, 0.03, 0.04, 0.045, 0.05, 0.05)  # per year since emergence, as the knots of the model have it
EMERGENCE = (6.5, 0.45)


def children(count: int, seed: int = 0, *, sigma: float = TRUE["sigma"], effects: dict[str, float] | None = None) -> pd.DataFrame:
    """Return a table with the columns of the cohort, four molars a child."""
    rng = np.random.default_rng(seed)
    effects = TRUE if effects is None else effects
    rows = []
    for child in range(count):
        girl, daily, late = rng.integers(2), float(rng.random() < 0.8), float(rng.integers(1, 7))
        level = rng.normal()
        z = rng.normal()
        base = 6.3 + 1.5 * rng.random()
        visits = base + np.concatenate([[0.0], np.cumsum(rng.uniform(0.85, 1.1, 5))])
        visits = np.round(visits[: rng.integers(2, 7)] if rng.random() < 0.3 else visits, 2)
        state = rng.random((4, 2)) < 1 / (1 + np.exp(1.5 - level))
        kind = rng.integers(0, 3, (4, 2))
        plaque = rng.choice([0, 1, 2], 4, p=[0.7, 0.25, 0.05])
        seal = (rng.random(4) < (0.8 if rng.random() < 0.25 else 0.05)).astype(float)
        born = rng.normal(*EMERGENCE, 4)
        primary = {f"adj{p + 4}_{k}": (state[:, p] & (kind[:, p] == n)).astype(float) for p in (0, 1) for n, k in enumerate("dmf")}
        mouth = {k: sum(primary[f"adj{p}_{k}"].sum() for p in (4, 5)) for k in "dmf"}
        fixed = effects["brush_daily"] * (daily - 0.8) + effects["log_decayed"] * (np.log1p(state.sum()) - 1)
        eta = fixed + effects["seal"] * seal + effects["plaque_pits"] * (plaque == 1) + effects["adj5_d"] * primary["adj5_d"]
        early = _caries(rng, np.exp(eta + sigma * z), born)
        carious = early <= visits[0]
        others = carious.sum() - carious
        when = np.where(
            carious, early, _caries(rng, np.exp(eta + effects["oth_caries_base"] * others + sigma * z), born, visits[0])
        )
        for k, tooth in enumerate((16, 26, 36, 46)):
            e_lo, e_hi = _seen(visits, born[k], 5.0)
            if np.isnan(e_hi):
                continue  # never seen through the gum
            seen = visits[visits >= e_hi - 1e-9]
            lo, hi = _seen(seen, when[k], np.nan)
            rows.append({
                "id": child, "tooth_fdi": tooth, "split": "train", "at_risk_base": int(not carious[k]),
                "lo": visits[0] if np.isnan(lo) and not carious[k] else lo, "hi": hi, "e_lo": e_lo, "e_hi": e_hi,
                "age_base": visits[0], "age_last": visits[-1], "girl": girl, "province": child % 3, "educ": child % 2,
                "n_erupted_base": int((born < visits[0]).sum()), "start_brush": late, "brush_daily": daily, "seal": seal[k],
                "plaque_pits": float(plaque[k] == 1), "plaque_total": float(plaque[k] == 2),
                **{name: values[k] for name, values in primary.items()}, **{f"mouth_{k2}": v for k2, v in mouth.items()},
                "mouth_s": 8 - sum(mouth.values()), "oth_seal": (seal.sum() - seal[k]) / 3,
                "oth_plaque": float((plaque > 0).sum() - (plaque[k] > 0)), "oth_caries_base": int(others[k]),
                "erupted_base": int(born[k] <= visits[0]), "upper": int(tooth < 30),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _caries(rng: np.random.Generator, rate: np.ndarray, born: np.ndarray, after: float = 0.0) -> np.ndarray:
    """Return ages at caries, later than ``after``, by inverting the cumulative hazard since emergence."""
    edges = np.append(np.arange(len(HAZARD)), 200.0)
    total = np.concatenate([[0.0], np.cumsum(np.diff(edges) * HAZARD)])
    start = np.interp(np.maximum(after - born, 0), edges, total)
    return born + np.interp(start + rng.exponential(size=len(rate)) / rate, total, edges)


def _seen(visits: np.ndarray, age: float, before: float) -> tuple[float, float]:
    """Return the last visit before an age and the first one from it on, ``before`` and NaN where there is none."""
    earlier, later = visits[visits < age], visits[visits >= age]
    return (earlier[-1] if len(earlier) else before), (later[0] if len(later) else np.nan)
