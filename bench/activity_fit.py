"""Fit of the activity of mouths: a sum of few smooth steps, monotone where the physics is, to the solved design of bench/activity.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import amelo
from amelo.protocol.activity import DAYS, LAST
from amelo.records.case import Case
from amelo.twin.activity import PER_DAY, predicted
from amelo.twin.activity_day import FEATURES, day_features

TARGET = Path(__file__).parents[1] / "src/amelo/twin/activity_tables/activity.json"
SCALES = {"enamel": 3.0, "dentine": 10.0}  # vol%·µm per day, what hardly matters beside what active mouths lose
WORSE = ("lost", "lost_guarded", "acid_dose", "deep_dose", "undersaturated", "sour_dose")  # more of it is never better
WORSE_UNDER_PLAQUE = ("sugar_hours",)
BETTER_UNDER_PLAQUE = ("fluoride_log",)
LEFT_OUT = ("fluoride",)
PROBABILITIES = (0.0, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 1.0)
STRIPS = 6  # of predicted rates, in each of which errors have quantiles of their own
STARTS, UNITS = 4, 4
RIDGE = 0.3
DELTA = 0.5  # of the residual beyond which it counts by its size and no longer by its square
FOLDS = 5
LOSING = 0.1  # of the scale: what a mouth must lose to count among those that do


def fit(x: np.ndarray, z: np.ndarray, signs: np.ndarray, seed: int = 0) -> list[dict]:
    """Return members, each level + slopes·x + Σ height·tanh(inner·x + shift), with the asked signs.

    Arguments: x (rows, features) scaled; z (rows,), 0 where nothing is lost, which any value below says as well; signs (features,): 1 rising, -1 falling, 0 free.
    """
    import jax
    import jax.numpy as jnp
    from scipy.optimize import minimize

    jax.config.update("jax_enable_x64", True)
    f, k = x.shape[1], UNITS
    sizes = [1, f, k, k * f, k]

    def unpack(theta):
        level, slopes, height, inner, shift = jnp.split(theta, np.cumsum(sizes)[:-1])
        soft, inner = jax.nn.softplus, inner.reshape(k, f)
        bound = jnp.where(signs == 0, slopes, signs * soft(slopes)), jnp.where(signs == 0, inner, signs * soft(inner))
        return level[0], bound[0], soft(height), bound[1], shift

    def off(theta):
        level, slopes, height, inner, shift = unpack(theta)
        value = level + x @ slopes + jnp.tanh(x @ inner.T + shift) @ height
        r = (jnp.where(z > 0.0, value, jnp.maximum(value, 0.0)) - z) / DELTA  # how far a safe mouth is from losing nobody saw
        return DELTA**2 * jnp.mean(jnp.sqrt(1.0 + r * r) - 1.0) + RIDGE / len(z) * (
            jnp.sum(slopes**2) + jnp.sum(inner**2) + 0.1 * jnp.sum(height**2) + 0.01 * jnp.sum(shift**2)
        )

    slope = jax.jit(jax.value_and_grad(off))
    found = []
    for start in range(STARTS):
        rng = np.random.default_rng([seed, start])
        first = np.concatenate(
            [[z.mean()], rng.normal(-3, 0.5, f), rng.normal(-1, 0.5, k), rng.normal(-2, 1.0, k * f), rng.normal(0, 1, k)]
        )
        done = minimize(
            lambda t: [np.asarray(v, float) for v in slope(t)],
            first,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 3000, "maxfun": 4000},
        )
        parts = [np.asarray(v) for v in unpack(jnp.array(done.x))]
        found.append(dict(zip(("level", "slopes", "height", "inner", "shift"), parts, strict=True)) | {"off": float(done.fun)})
    return found


def learned(x: np.ndarray, z: np.ndarray, site: str, seed: int = 0) -> dict[str, Any]:
    """Return what is learned of one kind of surface from sums (rows, features) and scaled rates (rows,)."""
    plaque = site.endswith("plaque")
    columns = [j for j, name in enumerate(FEATURES) if name not in LEFT_OUT and x[:, j].std() > 1e-9]
    up = WORSE + WORSE_UNDER_PLAQUE * plaque
    down = BETTER_UNDER_PLAQUE * plaque
    signs = np.array([1 if FEATURES[j] in up else -1 if FEATURES[j] in down else 0 for j in columns])
    centre, width = x[:, columns].mean(axis=0), x[:, columns].std(axis=0)
    scaled = (x[:, columns] - centre) / width
    members = fit(scaled, z, signs, seed)
    return {
        "scale": SCALES[site.split()[0]],
        "features": [FEATURES[j] for j in columns],
        "columns": columns,
        "centre": centre.tolist(),
        "width": width.tolist(),
        "least": scaled.min(axis=0).tolist(),
        "most": scaled.max(axis=0).tolist(),
        "members": members,
    }


def write(rows: list[dict], design_seed: int) -> None:
    """Fit every kind of surface, score it on mouths held out, and write the shipped table."""
    rows = [row for row in rows if row["rates"] and all(np.isfinite(found["rate"][0]) for found in row["rates"].values())]
    cases = [Case.model_validate(row["case"]) for row in rows]
    groups = np.array([row["base"] for row in rows])
    sites, fold = {}, groups % FOLDS
    for site in rows[0]["rates"]:
        tissue, place = site.split()
        # the design takes the second day of a mouth, whose plaque has not settled: so do its sums
        x = np.array(
            [
                day_features(c, tissue, row["plaque"] * (place == "plaque"), settled=False)
                for c, row in zip(cases, rows, strict=True)
            ]
        )
        # sound tissue has nothing to gain: what comes in on the last days is what the first ones took
        y = PER_DAY * np.maximum([row["rates"][site]["rate"][0] for row in rows], 0.0)
        z = np.arcsinh(y / SCALES[tissue])
        out = np.full(len(z), np.nan)
        for k in np.unique(fold):
            out[fold == k] = predicted(learned(x[fold != k], z[fold != k], site, int(k)), x[fold == k])
        whole = learned(x, z, site)
        del whole["columns"]
        whole["errors"] = error_table(out, z)
        whole["held_out"] = scores(out, z, y, whole["scale"], rows)
        sites[site] = whole
        print(site, whole["held_out"], flush=True)
    table = {
        "about": "net loss of mineral through a sound surface under the day of a patient, learned from the ion-resolved twin",
        "provenance": {
            "made_by": "bench/activity.py",
            "amelo": amelo.__version__,
            "design_seed": design_seed,
            "mouths": len(set(groups.tolist())),
            "lives": len(rows),
            "days": DAYS,
            "mean_of_last_days": LAST,
            "twin": "central member, full tier, first grid of accuracy 0.05",
            "rates": "asinh(rate / scale), scale in vol%·µm per day",
            "held_out": f"{FOLDS} folds of whole mouths",
        },
        "ranges": ranges(cases, rows),
        "sites": sites,
    }
    TARGET.write_text(json.dumps(rounded(table), ensure_ascii=False, indent=None, separators=(",", ":")) + "\n", "utf-8")


def error_table(out: np.ndarray, z: np.ndarray) -> dict[str, Any]:
    """Return quantiles of the error of predictions held out, which count from 0, in strips of what was predicted."""
    order = np.argsort(out)
    strips = np.array_split(order, STRIPS)
    return {
        "probabilities": list(PROBABILITIES),
        "centres": [float(np.median(out[strip])) for strip in strips],
        "quantiles": [np.quantile(z[strip] - np.maximum(out[strip], 0.0), PROBABILITIES).tolist() for strip in strips],
    }


def scores(out: np.ndarray, z: np.ndarray, y: np.ndarray, scale: float, rows: list[dict]) -> dict[str, Any]:
    """Return how good predictions of mouths held out are.  A mouth loses that loses more than a tenth of the scale; pairs are lives of
    one mouth whose rates differ by as much."""
    out, least = np.maximum(out, 0.0), LOSING * scale
    told, loses = scale * np.sinh(out), y > least
    table = {"rows": len(z), "losing": float(loses.mean())}
    table["r2_scaled"] = float(1.0 - ((out - z) ** 2).sum() / ((z - z.mean()) ** 2).sum())
    table["r2_rate"] = float(1.0 - ((told - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    table["median_relative_error"] = float(np.median(np.abs(told - y)[loses] / y[loses]))
    table["same_side"] = float(((told > least) == loses).mean())
    for life in ("snacks", "fluoride"):
        right = []
        for i, row in enumerate(rows):
            j = next((j for j, other in enumerate(rows) if other["base"] == row["base"] and other["life"] == "drawn"), None)
            if row["life"] == life and j is not None and abs(y[i] - y[j]) >= least:
                right.append((out[i] - out[j]) * (z[i] - z[j]) > 0)
        table[f"pairs_{life}"], table[f"right_{life}"] = len(right), float(np.mean(right)) if right else None
    return table


def ranges(cases: list[Case], rows: list[dict]) -> dict[str, list]:
    """Return least and greatest of what mouths of the design had, with words."""
    saliva = {
        "unstimulated_flow": "a flow at rest [mL/min] of",
        "stimulated_flow": "a stimulated flow [mL/min] of",
        "pH": "a pH of saliva of",
        "calcium": "calcium in saliva [mmol/L] of",
        "phosphate": "phosphate in saliva [mmol/L] of",
        "fluoride": "fluoride in saliva [mmol/L] of",
        "bicarbonate": "bicarbonate in saliva [mmol/L] of",
    }
    hygiene = {
        "toothpaste_fluoride": "fluoride in toothpaste [ppm] of",
        "rinse_fluoride": "fluoride in a rinse [ppm] of",
        "water_fluoride": "fluoride in water [mg/L] of",
    }
    seen = {name: ([getattr(c.saliva, name) for c in cases], words) for name, words in saliva.items()}
    seen |= {name: ([getattr(c.hygiene, name) for c in cases], words) for name, words in hygiene.items()}
    meals = [c.diet.meals for c in cases]
    seen["occasions"] = [len(m) for m in meals], "the number of meals and snacks of"
    seen["longest"] = [max(meal.duration for meal in m) for m in meals], "the longest meal [min] of"
    seen["acidic"] = [meal.pH for m in meals for meal in m if meal.pH != "unknown"] + [7.0], "a drink of pH"
    seen["plaque"] = [1e6 * row["plaque"] for row in rows], "plaque [µm] of"
    found = {name: [outward(np.min(values), -1), outward(np.max(values), 1), words] for name, (values, words) in seen.items()}
    found["longest"][0] = 0.0  # short meals are no matter
    return found


def outward(value: float, way: int) -> float:
    """Return a number to two figures, rounded down (-1) or up (1), for what was drawn up to 5000 and came to 4997."""
    if value == 0.0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(f"{(np.ceil if way > 0 else np.floor)(value / step - way * 1e-9) * step:.2g}")


def rounded(value: Any) -> Any:
    """Return a tree with its numbers to six figures, and arrays as lists."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
