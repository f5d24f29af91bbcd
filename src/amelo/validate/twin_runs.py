"""What the rows of the lesion twin run: specimens that share a kernel, the one calibration, and fluids of a given saturation."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from amelo.params import load_set
from amelo.protocol.simulate import simulate
from amelo.records.fluid import Fluid
from amelo.records.specimen import Specimen, parse_specimen
from amelo.twin.chemistry.fluids import first_crossing, speciate_fluids
from amelo.twin.trajectory import Trajectory

__all__ = ["ACID", "REMINERALISING", "calcium_for", "calibration", "hindrance_of", "progress", "ran", "slab", "tooth", "value"]

ACID = "demineralise in lactic acid 50 mM pH 4.5 with KNO3 100 mM for {}"  # that of the reference results
REMINERALISING = "remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for {}"
TRACES = dict.fromkeys(("Lac", "Ace", "F", "Na", "Cl"), 1e-06)  # so that baths of every kind run with the same compiled equations
WEEK = "7 d"
TRIALS = 7  # of the calibration


def slab() -> Specimen:
    """Return the slab of the exact limits: pure hydroxyapatite, frozen pores, one diffusivity, local equilibrium."""
    return parse_specimen(
        {
            "name": "slab of the exact limits",
            "tissue": "pressed apatite",
            "thickness": "150 um",
            "porosity": 0.2,
            "sound_mineral": "80 vol%",
            "porosity_feedback": False,
            "diffusion": "single",
            "pore_diffusivity": "2.6e-10 m2/s",
            "kinetics": "equilibrium",
            "classes": [{"phase": "HAp", "share": 1.0}],
            "grid": {"cells": 60, "uniform": True},
            "mechanisms": {"fluoride": False},
            "parameters": {"residual_mineral": 0.0},
        },
        where="slab of the exact limits",
    )


def tooth(tissue: str = "human enamel", *, hindrance: float | None = None, **changes: Any) -> Specimen:
    """Return a piece of enamel as it is shipped, with the hindrance of the calibration unless another is given.

    Arguments: tissue; hindrance (factor on all diffusivities in the tissue); changes (other entries of a specimen).
    """
    scale = calibration() if hindrance is None else hindrance
    pore = {"Ca": 0.15, "P": 0.09, "Tr": 100.0, "K": 100.0} | TRACES
    fluid = {"pH": 7.0, "totals_mmol_per_kgw": pore, "charge_balanced_by": "K"}
    warmth = float(str(changes.get("temperature", "37")).split()[0])
    known = load_set("transport")["diffusivity_scale.enamel"]
    data = {
        "name": tissue,
        "tissue": tissue,
        "thickness": "500 um",
        "pore_fluid": fluid | {"temperature_C": warmth},
        "parameters": {"diffusivity_scale": {"value": scale, "low": min(scale, known.low), "high": max(scale, known.high)}},
    }
    return parse_specimen(data | changes, where=f"{tissue} of the validation table")


def ran(specimen: Specimen, protocol: str, *, members: int = 1) -> Trajectory:
    """Return the trajectory of a protocol, computed once.

    Raises: SolveError when there is none.
    """
    return _ran(specimen.model_dump_json(), protocol, members)


@cache
def _ran(specimen: str, protocol: str, members: int) -> Trajectory:
    return simulate(Specimen.model_validate_json(specimen), protocol, members=members).raise_if_bad()


def value(trajectory: Trajectory, name: str, time: int = -1) -> float:
    """Return an outcome at a saved time, its median where there are members."""
    return trajectory.outcomes(time)[name].value


def progress(hindrance: float) -> float:
    """Return the apparent diffusivity of lesion progress [cm2/s], depth² over time after a week."""
    run = ran(tooth(hindrance=hindrance), ACID.format(WEEK))
    return (1e-4 * value(run, "lesion_depth")) ** 2 / (3600.0 * run.hours[-1])


@cache
def calibration() -> float:
    """Return the hindrance of diffusion in enamel at which a lesion in lactic acid progresses as featherstone1979 measured.

    The one calibration of the table, on the one published curve of progress with a number: depth² = 1e-10 cm²/s · time, which is also
    the curve ΔZ(t) of a front.  It is sought within the range of the constant, and ends at its edge when the curve is not reached.
    """
    known, wanted = load_set("transport")["diffusivity_scale.enamel"], load_set("validation").value("twin.T7")
    low, high = known.low, known.high
    if progress(low) >= wanted:
        return low
    if progress(high) <= wanted:
        return high
    for _ in range(TRIALS):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if progress(middle) < wanted else (low, middle)
    return float(np.sqrt(low * high))


def hindrance_of() -> float:
    """Return the hindrance that is shipped."""
    return load_set("transport").value("diffusivity_scale.enamel")


def calcium_for(index: float, ph: float, solid: str, temperature: float = 37.0, **totals: float) -> float:
    """Return the calcium [mM] that gives a fluid a saturation index of a solid.

    Arguments: index; ph; solid; temperature [degC]; totals [mM] of the rest, potassium balancing the charge; ``P`` below zero stands for
    that multiple of calcium.
    """
    ratio = -totals["P"] if totals.get("P", 0.0) < 0.0 else None

    def above(log_calcium: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = []
        for amount in 10.0 ** log_calcium.ravel():
            own = {**totals, "Ca": float(amount)} | ({"P": ratio * float(amount)} if ratio else {})
            fluid = Fluid(
                pH=ph, temperature_C=temperature, charge_balanced_by="K", totals_mmol_per_kgw=own | {"K": 200.0, "Tr": 100.0}
            )
            ((batch, row),) = speciate_fluids([fluid])
            names = [s.name for s in batch.table.solids]
            found.append(batch.saturation_index[row, names.index(solid)] - index)
        return np.array(found).reshape(log_calcium.shape)

    return float(10.0 ** first_crossing(above, np.linspace(-3.0, 2.0, 11), 1, rising=True)[0])
