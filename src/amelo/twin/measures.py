"""The outcomes of a run by name: unit, words and value for every member and time, and what an ensemble says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from amelo.twin import outcomes as profile
from amelo.twin.run import Run

__all__ = ["INTERVAL", "MEASURES", "Measure", "Outcome", "measure_run", "summarise", "tissue_of"]

INTERVAL = (5.0, 95.0)  # percentiles over the members


@dataclass(frozen=True)
class Measure:
    """One outcome: its name, symbol, label, unit, definition and the format of its figures."""

    name: str
    symbol: str
    label: str
    unit: str
    definition: str
    form: str = ".3g"


_TABLE = (
    ("integrated_mineral_loss", "ΔZ", "integrated mineral loss", "vol%·µm", "sum of sound minus present mineral over depth", ".1f"),
    ("lesion_depth", "LD", "lesion depth", "µm", "deepest point with less than 95 % of sound mineral", ".1f"),
    ("mean_mineral_loss", "R", "mean mineral loss", "vol%", "integrated mineral loss over lesion depth", ".2f"),
    (
        "surface_layer_thickness",
        "SL",
        "surface-layer thickness",
        "µm",
        "depth at which mineral falls below the midpoint of outer maximum and body minimum, 0 when they differ by 5 % of sound or less",
        ".1f",
    ),
    (
        "surface_layer_mineral",
        "SZ",
        "surface-layer mineral",
        "% of sound",
        "outer maximum of mineral, where there is a layer",
        ".1f",
    ),
    ("surface_layer_peak", "", "depth of the surface-layer maximum", "µm", "centre of the cell of the outer maximum", ".1f"),
    (
        "lesion_body_mineral",
        "BZ",
        "least mineral in the lesion body",
        "% of sound",
        "minimum of mineral below the surface layer",
        ".1f",
    ),
    ("lesion_body_depth", "", "depth of the least mineral", "µm", "centre of the cell of that minimum", ".1f"),
    ("mineral_gain", "", "mineral gain", "% of the first ΔZ", "share of the first mineral loss that came back", ".1f"),
    ("calcium_release", "", "calcium released", "mol/m2", "calcium that left through the outer face since the start", ".4g"),
    ("calcium_flux", "", "calcium flux", "mol/(m2·s)", "mean rate of calcium release since the saved time before", ".3g"),
    ("phosphate_release", "", "phosphate released", "mol/m2", "phosphate that left through the outer face since the start", ".4g"),
    ("fluoride_uptake", "", "fluoride taken up", "mol/m2", "fluoride that entered through the outer face since the start", ".3g"),
    ("surface_ph", "", "pH at the surface", "pH", "pore fluid of the outermost cell of tissue", ".2f"),
    ("front_ph", "", "pH at the dissolution front", "pH", "pore fluid at the lesion depth", ".2f"),
    (
        "front_calcium",
        "",
        "calcium at the dissolution front",
        "mmol/L",
        "total calcium of the pore fluid at the lesion depth",
        ".3g",
    ),
    ("inner_ph", "", "pH at the inner end", "pH", "pore fluid of the innermost cell", ".2f"),
    ("inner_calcium", "", "calcium at the inner end", "mmol/L", "total calcium of the pore fluid of the innermost cell", ".3g"),
    ("collagen_loss", "", "collagen lost", "µm", "thickness of tissue whose matrix is gone", ".2f"),
)
MEASURES: Mapping[str, Measure] = {row[0]: Measure(*row) for row in _TABLE}


@dataclass(frozen=True)
class Outcome:
    """One outcome of an ensemble: median value, 5-95 % interval (nan for a single member) and over how many members.

    A member without the thing measured (the mineral of a surface layer that it does not have) is not among ``members``.
    """

    measure: Measure
    value: float
    low: float
    high: float
    members: int

    @property
    def unit(self) -> str:
        """Return the unit of value, low and high."""
        return self.measure.unit

    @property
    def has_interval(self) -> bool:
        """Whether there is more than one member to tell of a spread."""
        return bool(np.isfinite(self.low))

    def figures(self) -> str:
        """Return value and interval as text without the unit, ``–`` where there is none."""
        if not np.isfinite(self.value):
            return "–"
        form = self.measure.form
        between = f" ({self.low:{form}} to {self.high:{form}})" if self.has_interval else ""
        return f"{self.value:{form}}{between}".replace("-", "−").replace("e−", "e-")

    def __str__(self) -> str:
        """Return one line, for example ``ΔZ 2280.1 (2101.0 to 2430.2) vol%·µm``."""
        unit = "" if self.unit == "pH" else f" {self.unit}"
        return f"{self.measure.symbol or self.measure.label} {self.figures()}{unit if np.isfinite(self.value) else ''}"


def tissue_of(run: Run) -> slice:
    """Return the cells that are tissue; those of a biofilm lie before them."""
    centres = 0.5 * (run.edges[:-1] + run.edges[1:])
    return slice(int(np.searchsorted(centres, 0.0)), len(centres))


def measure_run(run: Run) -> dict[str, np.ndarray]:
    """Return every outcome (M, T) of a run, in the units of ``MEASURES``; nan where a member holds no numbers."""
    part = tissue_of(run)
    edges = run.edges[part.start :]
    mineral = run.mineral[..., part].sum(axis=2)
    sound = run.sound[..., part].sum(axis=1)[:, None]
    ph = run.ph[..., part]
    calcium = run.totals[:, :, run.components.index("Ca"), part] if "Ca" in run.components else np.full_like(ph, np.nan)
    loss = profile.integrated_mineral_loss(mineral, sound, edges)
    depth = profile.lesion_depth(mineral, sound, edges)
    layer = profile.surface_layer(mineral, sound, edges)
    content = profile.phase_amounts(sound, edges)
    front = np.where(depth > 0.0, depth / profile.MICROMETRES, np.nan)
    inflow = {name: _inflow(run, name) for name in ("Ca", "P", "F")}
    values = {
        "integrated_mineral_loss": loss,
        "lesion_depth": depth,
        "mean_mineral_loss": profile.mean_mineral_loss(loss, depth),
        "surface_layer_thickness": layer.thickness,
        "surface_layer_mineral": layer.mineral,
        "surface_layer_peak": layer.mineral_depth,
        "lesion_body_mineral": layer.body_mineral,
        "lesion_body_depth": layer.body_depth,
        "mineral_gain": profile.mineral_gain(loss, loss[:, :1], content),
        "calcium_release": 0.0 - inflow["Ca"],
        "calcium_flux": profile.flux(0.0 - inflow["Ca"], run.time),
        "phosphate_release": 0.0 - inflow["P"],
        "fluoride_uptake": inflow["F"],
        "surface_ph": ph[..., 0],
        "front_ph": profile.value_at(ph, edges, front),
        "front_calcium": profile.value_at(calcium, edges, front),
        "inner_ph": ph[..., -1],
        "inner_calcium": calcium[..., -1],
        "collagen_loss": profile.collagen_loss(run.collagen[..., part], edges),
    }
    return {name: np.array(values[name], dtype=float) for name in MEASURES}


def summarise(measure: Measure, values: np.ndarray) -> Outcome:
    """Return what the members (M,) say of one outcome: median and 5-95 % of those that have it."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return Outcome(measure, float("nan"), float("nan"), float("nan"), 0)
    low, high = np.percentile(known, INTERVAL) if len(known) > 1 else (float("nan"), float("nan"))
    return Outcome(measure, float(np.median(known)), float(low), float(high), len(known))


def _inflow(run: Run, component: str) -> np.ndarray:
    """Return what entered of a component (M, T) [mol/m2], nan when the run does not know it."""
    if component in run.components:
        return run.inflow[..., run.components.index(component)]
    return np.full(run.inflow.shape[:2], np.nan)
