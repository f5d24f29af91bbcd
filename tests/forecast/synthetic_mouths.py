"""A cohort of invented mouths with a known hazard of loss; no row has anything to do with a patient."""

from __future__ import annotations

import numpy as np
import pandas as pd

from amelo.forecast.tooth_loss.columns import columns
from amelo.forecast.tooth_loss.features import OWN
from amelo.records.teeth import PERMANENT

BASE, FRAILTY = 0.02, 1.0  # losses a year of an average tooth; variance between mouths


def cohort(mouths: int = 200, seed: int = 0, frailty: float = FRAILTY) -> pd.DataFrame:
    """Return teeth with every column of a cohort, ``time``, ``event`` and ``true`` (log hazard without the mouth's sturdiness)."""
    rng = np.random.default_rng(seed)
    rows = []
    for mouth in range(mouths):
        fdi = np.sort(rng.choice(PERMANENT, rng.integers(6, 29), replace=False))
        n, illness, care = len(fdi), rng.normal(), rng.normal()
        pocket = np.clip(2.5 + 0.8 * illness + rng.normal(size=n), 0.5, 12)
        decay = rng.poisson(np.exp(-1.5 - 0.7 * care), n).clip(0, 5)
        filled = rng.binomial(3, 0.4, n)
        values = {
            "mobil": (rng.uniform(size=n) < 0.03 * pocket).astype(float),
            "bleed": np.round(100 * rng.uniform(size=n) ** 3),
            "plaque": np.round(100 * rng.uniform(size=n) ** 2),
            "pocket_mean": pocket * 0.8,
            "pocket_max": np.round(pocket + 0.5, 1),
            "cal_mean": pocket * 0.9,
            "cal_max": np.round(pocket + 1, 1),
            "fgm_mean": rng.normal(0.1, 0.3, n),
            "fgm_max": rng.normal(0.5, 0.3, n).clip(0),
            "mg": (rng.uniform(size=n) < 0.02).astype(float),
            "filled": filled.astype(float),
            "decay_new": decay.astype(float),
            "decay_recur": (rng.uniform(size=n) < 0.05).astype(float),
            "dfs": np.minimum(filled + decay, 5).astype(float),
            "crown": (rng.uniform(size=n) < 0.15).astype(float),
            "endo": (rng.uniform(size=n) < 0.06).astype(float),
            "filled_tooth": (filled > 0).astype(float),
            "decayed_tooth": (decay > 0).astype(float),
            "furc_max": np.where(fdi % 10 > 5, rng.binomial(3, 0.1, n), np.nan),
        }
        age = float(rng.integers(18, 88))
        person = {
            "baseline_age": age,
            "male": float(rng.integers(0, 2)),
            "diabetes": float(rng.uniform() < 0.1),
            "tobacco_ever": float(rng.uniform() < 0.3),
        }
        true = 0.5 * (values["pocket_max"] - 3) + 0.6 * decay + 1.0 * values["mobil"] + 0.3 * person["tobacco_ever"] - 0.5
        sturdy = rng.gamma(1 / frailty, frailty) if frailty else 1.0
        lost = rng.exponential(1 / (BASE * sturdy * np.exp(true)))
        ends = rng.uniform(0.3, 5.6)
        row = pd.DataFrame(values)
        for name, value in person.items():
            row[name] = value
        row["id"], row["tooth_fdi"], row["natural"] = mouth, fdi, 1
        row["time"], row["event"], row["true"] = np.minimum(lost, ends).clip(0.003), (lost <= ends).astype(int), true
        rows.append(row)
    table = pd.concat(rows, ignore_index=True)
    for name in (*OWN, "missing_tooth"):
        if name == "missing_tooth":
            table["missing_tooth_sum"] = table["missing_tooth_ave"] = 0.0
            continue
        group = table.groupby("id")[name]
        table[f"{name}_ave"], table[f"{name}_sum"] = group.transform("mean"), group.transform("sum")
    table["total_tooth"] = table.groupby("id")["tooth_fdi"].transform("size").astype(float)
    table["dft"] = table["filled_tooth_sum"] + table["decayed_tooth_sum"]
    assert set(columns()) <= set(table.columns)
    return table


SMALL = {"rounds": 40, "rate": 0.1, "folds": 3}  # settings of a quick training
