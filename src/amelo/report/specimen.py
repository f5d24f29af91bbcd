"""A specimen in words and in a table: what it is, what may happen in it, and where each number comes from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from amelo.records.lesion import DEPTH_AT, mineral_loss
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import STATED, catalogue, class_names
from amelo.twin.build import phases_of
from amelo.twin.phases import Growth, Phase

__all__ = ["specimen_lines", "specimen_rows"]

VOLUME_PER_CENT_MICROMETRES = 1e8  # of a metre of lost tissue


def specimen_lines(specimen: Specimen) -> list[str]:
    """Return what a specimen is, one line per thing."""
    return [f"{name:<12}{text}" for name, text in _lines(specimen) if text]


def specimen_rows(specimen: Specimen) -> list[dict[str, object]]:
    """Return every parameter as name, value, unit, low, high, grade and source; ``stated`` is what the specimen says itself."""
    rows = []
    for name, p in catalogue(specimen).items():
        row = {"name": name, "value": p.value, "unit": p.unit, "low": p.low, "high": p.high, "grade": p.grade, "source": p.source}
        rows.append(row | {"note": p.note if p.grade != STATED else ""})
    return rows


def _lines(specimen: Specimen) -> Iterator[tuple[str, str]]:
    grid = specimen.grid
    cells = f"{grid.cells} equal cells" if grid.uniform else f"{grid.cells} cells, the outermost {grid.first_cell.text}"
    window = f", window {specimen.window.text}" if specimen.window else ""
    yield "tissue", f"{specimen.tissue}, {specimen.thickness.text} thick{window}, {specimen.celsius:g} °C"
    yield "about", specimen.about
    yield "minerals", "; ".join(_phase(phase, specimen) for phase in phases_of(specimen))
    yield "start", _start(specimen)
    yield "kinetics", "local equilibrium, as a very fast law of first order" if specimen.kinetics == "equilibrium" else ""
    diffusion = "one diffusivity for all" if specimen.diffusion == "single" else "every species its own, coupled by charge"
    pores = "open and close with the mineral" if specimen.porosity_feedback else "stay as they are"
    yield "transport", f"{diffusion}; pores {pores}"
    yield "inner face", "closed" if specimen.inner == "closed" else f"open to {specimen.inner.case or 'a fluid'}"
    yield "outer face", f"biofilm of {specimen.biofilm.thickness.text}" if specimen.biofilm else ""
    yield "mechanisms", _mechanisms(specimen)
    yield "grid", cells


def _phase(phase: Phase, specimen: Specimen) -> str:
    share = " (a solubility class)" if phase.name in class_names(specimen) and len(class_names(specimen)) > 1 else ""
    growth = {None: "never grows"}.get(phase.growth) or _growth(phase.growth)
    return f"{phase.name}{share} {growth}"


def _growth(growth: Growth) -> str:
    where = {"own": "on itself", "apatite": "on apatite", "pore": "in pores"}[growth.surface]
    return f"grows {where}" + (" where there is fluoride" if growth.fluoride_limited else "")


def _start(specimen: Specimen) -> str:
    shape = specimen.shape
    if len(shape) < 2:
        return "sound"
    sound = catalogue(specimen)["sound_mineral"].value
    level = shape if shape[0][0] == 0 else ((0.0, shape[0][1]), *shape)
    loss = mineral_loss(level) * sound * VOLUME_PER_CENT_MICROMETRES
    depth = 1e6 * _depth(level)
    kind = "measured profile" if specimen.profile else "lesion"
    return f"{kind}: ΔZ {loss:.0f} vol%·µm, {depth:.0f} µm deep, R {loss / depth:.1f} vol%, sound {100 * sound:g} vol%"


def _depth(shape: tuple[tuple[float, float], ...]) -> float:
    """Return the deepest place at which mineral is at 95 % of sound [m], 0 when it is above everywhere."""
    depth = 0.0
    for (x0, m0), (x1, m1) in itertools.pairwise(shape):
        if m0 < DEPTH_AT <= m1:
            depth = x0 + (x1 - x0) * (DEPTH_AT - m0) / (m1 - m0)
        elif m1 < DEPTH_AT:
            depth = x1
    return depth


def _mechanisms(specimen: Specimen) -> str:
    switches = specimen.mechanisms
    on = {
        "precipitation": switches.precipitation,
        f"fluoride ({switches.fluoridated_phase})": switches.fluoride,
        "solubility gradient": switches.solubility_gradient,
        "inhibitors": switches.inhibitors,
        f"precursor {switches.precursor}": switches.precursor != "none",
        "calcium fluoride": switches.calcium_fluoride,
    }
    return ", ".join(name for name, chosen in on.items() if chosen) or "none"
