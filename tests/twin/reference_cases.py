"""Cases for the method of lines: PHREEQC's slabs, a manufactured solution, and the golden results in ``tests/twin/oracles/lines``.

Run ``python tests/twin/reference_cases.py`` to make the golden results anew (about two CPU minutes).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from method_of_lines import Lesion, integrate
from phreeqc_slab import DIFFUSIVITY, MINERAL, VISCOSITY_RATIO

from amelo.twin.column import graded_edges

__all__ = ["FOLDER", "FREE", "GOLDEN", "loss", "manufactured", "of_oracle", "record"]

FOLDER = Path(__file__).parent / "oracles" / "lines"
FREE = {name: float(f"{value * VISCOSITY_RATIO:.6g}") for name, value in DIFFUSIVITY.items()} | {"MgF+": 1e-9 * VISCOSITY_RATIO}
APATITE = 502.31e-3 / 3160.0  # m3/mol: molar mass over density
TOLERANCE = 1e-7  # of the golden results: ΔZ moves by less than 1e-6 of itself between BDF and Radau there
AT_ONCE = 4e-2  # mol/(L pore s), first order: the front is then 2 µm wide, which stands for local equilibrium


def of_oracle(oracle: dict[str, Any], *, cells: int | None = None, scaled: bool = True, activities: bool = True) -> dict[str, Any]:
    """Return settings that repeat a PHREEQC slab.

    Arguments: oracle (a file of ``oracles/phreeqc``); cells (another grid over the same depth); scaled (mineral and clock divided as
    PHREEQC had them, so that what is left of a difference is PHREEQC's splitting in time; otherwise the true clock); activities (drive
    species by activities, as PHREEQC does).
    Assumptions: local equilibrium is a fast first-order law.
    """
    scale = oracle["S"] if scaled else 1.0
    porosity, count = oracle["phi"], cells or oracle["N"]
    k, order = (oracle["k"], oracle["n"]) if oracle["k"] else (AT_ONCE, 1.0)
    rate = k * porosity * 1e3
    mineral = {
        "name": "HAp",
        "solid": "HAp",
        "molar_volume": scale * 0.8 / (MINERAL * porosity * 1e3),
        "sound": 0.8,
        "start": 0.8,
        "dissolution": {"k": rate, "order": order},
        "growth": {"k": 0.1 * rate, "order": order, "surface": "own"},
    }
    several = oracle["multicomponent"]
    return {
        "temperature_C": oracle["temperature_C"],
        "edges": np.linspace(0.0, oracle["N"] * oracle["dx"], count + 1).tolist(),
        "start": oracle["start"],
        "schedule": [{"duration": oracle["hours"] * 3600.0 / scale, "fluid": oracle["bath"]}],
        "diffusion": "species" if several else "single",
        "diffusivity": FREE if several else oracle["Dp"] / porosity,
        "activity_gradient": several and activities,
        "exponent": 2,
        "feedback": False,
        "porosity": porosity,
        "minerals": [mineral],
    }


def loss(settings: dict[str, Any], mineral: np.ndarray) -> float:
    """Return ΔZ [vol%·µm] of volume fractions (P, N) against the sound ones."""
    sound = sum(np.broadcast_to(m["sound"], mineral.shape[1]) for m in settings["minerals"])
    return float(1e8 * np.diff(settings["edges"]) @ (sound - mineral.sum(0)))


def manufactured(cells: int, *, seconds: float = 600.0) -> tuple[dict[str, Any], Callable, Callable, Callable]:
    """Return settings, source(t), mineral_rate(t) and exact(t) of a column whose porosity opens in a known way.

    With ξ = depth/L: porosity φ = 0.2 + 0.3 (t/T) cos²(πξ/2); total j = B_j [1 + β_j sin(πξ/2) (1 - exp(-3t/T))], so that the totals are
    those of the bath B at the outer face and have no gradient at the inner one; the β of K keeps the charge at zero.  The mineral
    dissolves at (∂φ/∂t)/V whatever the fluid, and the source is what the balances then lack:
    ∂(φT_j)/∂t - ∂x(D φ² ∂xT_j) - ν_j (∂φ/∂t)/V.  Cell averages are taken at the middle, which is of second order as the scheme is.
    """
    depth, diffusivity, low, opening = 1e-4, 1.3e-9, 0.2, 0.3
    bath = {"pH": 5.0, "totals_mmol_per_kgw": {"Ca": 5.0, "P": 3.0, "Lac": 20.0, "K": 60.0, "Tr": 50.0}, "charge_balanced_by": "K"}
    settings = {
        "temperature_C": 37.0,
        "edges": np.linspace(0.0, depth, cells + 1).tolist(),
        "start": bath,
        "schedule": [{"duration": seconds, "fluid": bath}],
        "diffusion": "single",
        "diffusivity": diffusivity,
        "exponent": 2,
        "feedback": True,
        "organic": 0.0,
        "minerals": [{"name": "HAp", "solid": "HAp", "molar_volume": APATITE, "sound": 1.0 - low, "start": 1.0 - low}],
    }
    from method_of_lines import Lines

    lines = Lines(settings)
    base = 1e3 * lines.fluid(bath).totals
    swing = np.array([{"Ca": 0.6, "P": -0.3, "Lac": 0.2, "Tr": 0.1, "H": 0.15}.get(name, 0.0) for name in lines.pore.names])
    charge, k = lines.pore.component_charge, lines.pore.names.index("K")
    swing[k] = -(charge * base) @ swing / (charge[k] * base[k])
    middle = 0.5 * (lines.edges[1:] + lines.edges[:-1])
    angle, wave = 0.5 * np.pi * middle / depth, 0.5 * np.pi / depth

    def grown(t: float) -> np.ndarray:
        return -(opening / seconds * np.cos(angle) ** 2)[:, None] / APATITE

    def exact(t: float) -> tuple[np.ndarray, np.ndarray]:
        porosity = low + opening * t / seconds * np.cos(angle) ** 2
        return porosity, base * (1.0 + swing * np.sin(angle)[:, None] * (1.0 - np.exp(-3.0 * t / seconds)))

    def source(t: float) -> np.ndarray:
        porosity, totals = exact(t)
        ramp, speed = 1.0 - np.exp(-3.0 * t / seconds), 3.0 / seconds * np.exp(-3.0 * t / seconds)
        opened = opening / seconds * np.cos(angle) ** 2
        slope = -opening * t / seconds * wave * np.sin(2.0 * angle)
        first = base * swing * ramp * wave * np.cos(angle)[:, None]
        second = -base * swing * ramp * wave**2 * np.sin(angle)[:, None]
        stored = opened[:, None] * totals + porosity[:, None] * base * swing * np.sin(angle)[:, None] * speed
        spread = diffusivity * (2.0 * porosity * slope)[:, None] * first + diffusivity * (porosity**2)[:, None] * second
        return stored - spread + grown(t) @ lines.formula

    return settings, source, grown, exact


def _fluid(ph: float, closing: str, **totals: float) -> dict[str, Any]:
    return {"pH": ph, "totals_mmol_per_kgw": totals, "charge_balanced_by": closing}


def _slab() -> dict[str, Any]:
    bath = _fluid(4.5, "Na", Ca=1e-4, P=1e-4, Lac=50.0, Na=40.0, K=100.0, Tr=100.0)
    start = _fluid(7.0, "K", Ca=0.15, P=0.09, K=100.0, Tr=100.0, Lac=1e-6)
    oracle = {
        "temperature_C": 37.0,
        "phi": 0.2,
        "Dp": 2.6e-10,
        "multicomponent": False,
        "S": 1.0,
        "dx": 5e-6,
        "N": 30,
        "hours": 24.0,
    }
    return of_oracle(oracle | {"bath": bath, "start": start, "k": 4e-4, "n": 2.0}, cells=60)


def _cycling(diffusion: str) -> dict[str, Any]:
    """Two days of pH-cycling with two fluoride rinses a day, films of saliva, hydroxyapatite and fluorapatite."""
    calm = _fluid(7.0, "K", Ca=1.5, P=0.9, K=131.0, Cl=133.0, F=0.001)
    acid = _fluid(4.5, "K", Ca=2.0, P=2.0, Ace=50.0, K=30.0, Cl=4.0, F=0.0016)
    rinse = _fluid(7.0, "K", Ca=0.01, P=0.01, K=40.0, Cl=20.0, F=19.0)
    day = [
        {"duration": 60.0, "fluid": rinse, "film": 2e-5},
        {"duration": 9 * 3600.0, "fluid": calm, "film": 1e-4},
        {"duration": 3 * 3600.0, "fluid": acid, "film": 5e-5},
        {"duration": 60.0, "fluid": rinse, "film": 2e-5},
        {"duration": 12 * 3600.0 - 120.0, "fluid": calm, "film": 1e-4, "inhibitor": 0.2},
    ]
    law = {"k": 0.06, "order": 2, "surface_exponent": 2 / 3, "half_inhibition": 0.003, "inhibition_order": 1.0}
    grow = {"order": 1.0, "surface": "apatite"}
    return {
        "temperature_C": 37.0,
        "edges": graded_edges(3e-4, 50, 1e-6).tolist(),
        "start": calm,
        "schedule": [{"repeat": 2, "parts": day}],
        "diffusion": diffusion,
        "diffusivity": FREE if diffusion == "species" else 1.3e-9,
        "activity_gradient": False,
        "exponent": 2,
        "feedback": True,
        "organic": 0.02,
        "porosity_floor": 0.01,
        "room_width": 0.1,
        "minerals": [
            {"name": "HAp", "solid": "HAp", "molar_volume": APATITE, "sound": 0.85, "start": 0.85, "dissolution": law}
            | {"growth": grow | {"k": 1e-4}},
            {"name": "FAp", "solid": "FAp", "molar_volume": APATITE, "sound": 0.0, "start": 0.0, "relative_to": 0.85, "dissolution": law}
            | {"growth": grow | {"k": 5e-4, "half_uptake": 0.01}},
        ],
    }  # fmt: skip


def _opening() -> dict[str, Any]:
    """A day in lactic acid behind a film, pores opening as mineral leaves; the rate follows the undissociated acid."""
    bath = _fluid(4.5, "K", Ca=1.0, P=1.0, Lac=30.0, K=70.0, Cl=50.0)
    law = {"k": 0.05, "order": 2, "surface_exponent": 2 / 3, "acid_order": 0.5, "acid_reference": 10.0}
    return {
        "temperature_C": 37.0,
        "edges": graded_edges(2e-4, 50, 1e-6).tolist(),
        "start": _fluid(7.0, "K", Ca=0.15, P=0.09, K=50.0, Cl=50.0),
        "schedule": [{"duration": 86400.0, "fluid": bath, "film": 5e-5}],
        "diffusion": "species",
        "diffusivity": FREE,
        "activity_gradient": False,
        "exponent": 2,
        "feedback": True,
        "organic": 0.02,
        "minerals": [{"name": "HAp", "solid": "HAp", "molar_volume": APATITE, "sound": 0.85, "start": 0.85, "dissolution": law}],
    }


GOLDEN: dict[str, tuple[Callable[[], dict[str, Any]], list[float]]] = {
    "kinetic_slab": (_slab, [14400.0, 43200.0, 86400.0]),
    "cycling_single": (lambda: _cycling("single"), [32460.0, 43260.0, 86400.0, 172800.0]),
    "cycling_species": (lambda: _cycling("species"), [32460.0, 43260.0, 86400.0, 172800.0]),
    "opening_pores": (_opening, [14400.0, 43200.0, 86400.0]),
}


def record(name: str, settings: dict[str, Any], lesion: Lesion) -> dict[str, Any]:
    """Return a golden result as it is written: all settings, then profiles to eight digits."""
    digits = lambda array: [float(f"{x:.8g}") for x in array]  # noqa: E731
    times = {}
    for i, t in enumerate(lesion.time):
        times[f"{t:g}"] = {
            "loss": round(loss(settings, lesion.mineral[i]), 6),
            "mineral": {m["name"]: digits(row) for m, row in zip(settings["minerals"], lesion.mineral[i], strict=True)},
            "pH": digits(lesion.ph[i]),
            "totals": {c: digits(row) for c, row in zip(lesion.names, lesion.totals[i], strict=True) if c in ("Ca", "P", "F", "H")},
            "inflow": dict(zip(lesion.names, digits(lesion.inflow[i]), strict=True)),
        }
    about = (
        "loss [vol%·µm], mineral [volume fraction], totals [mol/m3 pore water], inflow [mol/m2] since the start; times in seconds"
    )
    numbers = {"method": "BDF", "tolerance": TOLERANCE, "balance": float(f"{np.abs(lesion.balance).max():.1e}")}
    return {"name": name, "about": about, "solved": numbers, "settings": settings, "times": times}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (build, saves) in GOLDEN.items():
        settings = build()
        lesion = integrate(settings, saves, tolerance=TOLERANCE)
        (FOLDER / f"{name}.json").write_text(json.dumps(record(name, settings, lesion), ensure_ascii=False) + "\n", "utf-8")
        losses = [round(loss(settings, mineral), 4) for mineral in lesion.mineral]
        print(f"{name}: {lesion.seconds:.1f} s, ΔZ {losses}, balance {np.abs(lesion.balance).max():.1e}", flush=True)


if __name__ == "__main__":
    main()
