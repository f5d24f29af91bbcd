"""A trainer and an evaluator of our own making: a rate, and how well it does; they take the tables that the real ones take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from synthetic_outlooks import CARD

from amelo.forecast.evaluation import Evaluation, Figure, bootstrap_figures

MODULE = "synthetic_cohorts"


def cohort(patients: int = 30, seed: int = 0) -> pd.DataFrame:
    """A cohort of our own making: two teeth a patient, exponential losses at 0.2 per year, seen for up to five years."""
    rng = np.random.default_rng(seed)
    lost, seen = rng.exponential(5.0, 2 * patients), rng.uniform(0.5, 5.0, 2 * patients)
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(patients), 2),
            "tooth_fdi": np.tile([36, 46], patients),
            "time": np.minimum(lost, seen),
            "event": (lost <= seen).astype(int),
            "mobil": rng.integers(0, 4, 2 * patients),
        }
    )


def train(table: pd.DataFrame, *, on_progress: Callable[[float, str], None] | None = None) -> dict:
    """Return the rate of events per year."""
    if on_progress:
        on_progress(0.5, "counting")
    rate = float(table["event"].sum() / table["time"].sum())
    return {"kind": "tooth-loss", "level": rate, "card": {**CARD, "rows": len(table)}}


def evaluate(
    model: dict, table: pd.DataFrame, *, data: str, draws: int, seed: int, on_progress: Callable[[float, str], None] | None = None
) -> Evaluation:
    """Compare the expected with the observed count."""

    def scores(weight: np.ndarray) -> dict[str, float]:
        observed = float((weight * table["event"]).sum())
        expected = float(model["level"] * (weight * table["time"]).sum())
        return {"expected_observed": expected / observed if observed else float("nan"), "uno_c": float("nan"), "ici_2y": 0.5}

    figures = bootstrap_figures(scores, table["id"].to_numpy(), draws=draws, seed=seed, on_progress=on_progress)
    curves = {"calibration_2y": {"predicted": [0.1, 0.2], "observed": [0.1, 0.3]}}
    said = {"kind": model["kind"], "model": model["hash"], "data": data, "notes": ("a note of our own making",)}
    counts = {"rows": len(table), "patients": table["id"].nunique(), "events": int(table["event"].sum())}
    return Evaluation(**said, **counts, figures=figures, subgroups={"lower": {"ici_2y": Figure(0.4, 0.3, 0.5)}}, curves=curves)
