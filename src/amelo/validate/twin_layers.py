"""Surface layers (T10, T11) and the two tissues of most laboratories (T18)."""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.validate.twin_runs import ACID, REMINERALISING, ran, tooth, value

__all__ = [
    "alternation",
    "alternation_run",
    "cohort_share",
    "constant_acid",
    "drift",
    "fluoride_window",
    "gradient_layer",
    "human_against_bovine",
    "inhibitor_layer",
    "without_precipitation",
]

UNIFORM = {"precipitation": True, "fluoride": True}
TWO_WEEKS = f"repeat 14 times:\n    {ACID.format('8 h')}\n    {REMINERALISING.format('16 h')}"
CONSTANT = "demineralise in lactic acid 50 mM, KNO3 100 mM{} pH 4.5{} for 7 d"
WHITE_SPOT = (  # acid as undersaturated as plaque fluid that makes lesions (T5: DS 0.28 to 0.36), proteins at rest
    "repeat 120 times:\n"
    "    demineralise in lactate 30 mM, acetate 20 mM, Ca 4 mM, PO4 4 mM, F 0.004 mM, KCl 60 mM pH 4.5 for 3 h\n"
    "    remineralise in acetate 20 mM, Ca 3 mM, PO4 10 mM, F 0.004 mM, KCl 60 mM pH 6.6 with inhibitor coverage 0.9 for 21 h"
)
COHORT = 64
DENSITY = 3.16  # g/cm3 of mineral, that of the molar volume
LAYER = (35.0, 130.0)  # µm
MAXIMUM = (74.0, 100.0)  # % of sound
MEAN = (1.73, 2.48)  # g/cm3
GEL = "demineralise in lactic acid 100 mM, Ca 1 mM, PO4 0.6 mM pH 4.6 for 7 d"


def constant_acid(fluoride: str = "") -> float:
    """Return the thickness of the surface layer [µm] after a week of constant acid, with fluoride ("1 ppm F") or without."""
    return value(ran(tooth(), CONSTANT.format(f", {fluoride}" if fluoride else "", "")), "surface_layer_thickness")


def fluoride_window() -> float:
    """Return the thickness of the layer [µm] after five days in partly saturated acid with 1 ppm F, which is undersaturated to enamel only."""
    acid = "demineralise in acetate 50 mM, Ca 2.2 mM, PO4 2.2 mM, 1 ppm F pH 4.5 for 5 d"
    return value(ran(tooth(mechanisms=UNIFORM), acid), "surface_layer_thickness")


def alternation_run():
    """Return the trajectory of two weeks of 8 h of acid a day."""
    return ran(tooth(), TWO_WEEKS)


def alternation() -> float:
    """Return the thickness of the surface layer [µm] after two weeks of 8 h of acid a day."""
    return value(alternation_run(), "surface_layer_thickness")


def drift() -> float:
    """Return by how much the thickness changes, relative, over the second half of the time in which there is a layer."""
    run = alternation_run()
    thickness = run.series("surface_layer_thickness")[0]
    there = np.flatnonzero(thickness > 0.0)
    if len(there) < 4:
        raise ValueError("there is no layer to follow")
    first, last = there[len(there) // 2], there[-1]
    return float(thickness[last] / thickness[first] - 1.0)


def without_precipitation() -> float:
    """Return the thickness of the layer [µm] when nothing may grow."""
    off = {"precipitation": False, "fluoride": False}
    return value(ran(tooth(mechanisms=off), TWO_WEEKS), "surface_layer_thickness")


def gradient_layer() -> float:
    """Return the thickness of the layer [µm] under constant acid when only the outer enamel is less soluble."""
    only = {"precipitation": False, "fluoride": False, "solubility_gradient": True}
    return value(ran(tooth(mechanisms=only), CONSTANT.format("", "")), "surface_layer_thickness")


def inhibitor_layer() -> float:
    """Return the thickness of the layer [µm] under constant acid when half of the surface is covered by inhibitors."""
    only = {"precipitation": False, "fluoride": False, "inhibitors": True}
    return value(ran(tooth(mechanisms=only), CONSTANT.format("", " with inhibitor coverage 0.5")), "surface_layer_thickness")


@cache
def _cohort() -> dict[str, np.ndarray]:
    """Return thickness and maximum of the layer and mean density of every white spot of the cohort; nan where there is no layer.

    Assumptions: four months with three hours of acid a day in fluids of plaque at fixed composition; every mechanism is on.
    """
    every = {"precipitation": True, "fluoride": True, "solubility_gradient": True, "inhibitors": True}
    run = ran(tooth(mechanisms=every), WHITE_SPOT, members=COHORT)
    from amelo.twin.measures import measure_run

    found = {name: values[:, -1] for name, values in measure_run(run.run).items()}
    mineral = run.run.mineral[:, -1].sum(axis=1)
    middle, widths = 0.5 * (run.run.edges[1:] + run.run.edges[:-1]) * 1e6, np.diff(run.run.edges)
    inside = middle < found["lesion_depth"][:, None]
    with np.errstate(invalid="ignore"):
        density = (
            DENSITY * (mineral * widths * inside).sum(axis=1) / np.where(inside.any(axis=1), (widths * inside).sum(axis=1), np.nan)
        )
    return {"thickness": found["surface_layer_thickness"], "maximum": found["surface_layer_mineral"], "density": density}


def cohort_share(what: str) -> float:
    """Return the share of the cohort inside the published range; a white spot without a layer is outside of it."""
    low, high = {"thickness": LAYER, "maximum": MAXIMUM, "density": MEAN}[what]
    values = _cohort()[what]
    return float(np.mean((values >= low) & (values <= high)))


def human_against_bovine() -> float:
    """Return how many of the four signs hold: human shallower, ΔZ/L higher, surface zone less mineralised, less variance.

    Assumptions: a stirred partly saturated lactic acid stands for the methylcellulose gel; members are what the constants' ranges allow.
    """
    from amelo.twin.measures import measure_run

    human, bovine = (
        {name: values[:, -1] for name, values in measure_run(ran(tooth(kind), GEL, members=COHORT).run).items()}
        for kind in ("human enamel", "bovine enamel")
    )

    def middle(found: dict[str, np.ndarray], name: str) -> float:
        values = found[name][np.isfinite(found[name])]
        return float(np.median(values)) if len(values) else float("nan")

    spread = [np.std(found["integrated_mineral_loss"]) for found in (human, bovine)]
    return float(
        (middle(human, "lesion_depth") < middle(bovine, "lesion_depth"))
        + (middle(human, "mean_mineral_loss") > middle(bovine, "mean_mineral_loss"))
        + (middle(human, "surface_layer_mineral") < middle(bovine, "surface_layer_mineral"))
        + (spread[0] < spread[1])
    )
