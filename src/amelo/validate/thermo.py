"""T3, T4 and T6: when oral fluids are saturated, after Larsen and Pearce 2003 and Dawes 2003."""

from __future__ import annotations

from functools import partial

import numpy as np

from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import first_crossing, fluid_arrays
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.chemistry.thresholds import critical_ph, titrate
from amelo.units import molar_mass
from amelo.validate.claim import Claim, claim

__all__ = ["IDS", "claims", "fluid_without_carbonate"]

SALIVAS = {"rest": "whole_saliva_rest", "stimulated": "whole_saliva_stimulated"}
SOLIDS = {"apatite": "HAp", "ocp": "OCP", "btcp": "bTCP"}
CARBONATE = "T3 calcite stimulated"
IDS = (
    tuple(f"T3 {solid} {saliva}" for solid in SOLIDS for saliva in SALIVAS)
    + tuple(f"T4 {saliva}" for saliva in SALIVAS)
    + (CARBONATE, "T6")
)


def claims(*, full: bool = False) -> list[Claim]:
    """Return the rows of the thermodynamic subject; ``full`` adds nothing, because every row takes milliseconds."""
    rows = []
    for key, solid in SOLIDS.items():
        for saliva, name in SALIVAS.items():
            what = f"pH above which {saliva} saliva is supersaturated with {solid}"
            rows.append(claim(f"thermo.T3_{key}", what, partial(_critical, name, solid), id=f"T3 {key} {saliva}"))
    what = "pH above which stimulated saliva with 25 mM carbonate is supersaturated with calcite"
    rows.append(claim("thermo.T3_calcite", what, _critical_for_calcite, id=CARBONATE))
    for saliva, name in SALIVAS.items():
        what = f"fluoride at which {saliva} saliva is saturated with CaF2"
        rows.append(claim("thermo.T4", what, partial(_fluoride_for_fluorite, name), id=f"T4 {saliva}"))
    rows.append(claim("thermo.T6", "largest step of critical pH (HAp) as Ca·P rises", _largest_step))
    return rows


def fluid_without_carbonate(name: str) -> Fluid:
    """Return an oral fluid of the ``oral-fluids`` set, degassed and with chloride left to close the charge."""
    totals = {p.name.partition(".")[2]: p.value for p in load_set("oral-fluids") if p.name.startswith(f"{name}.")}
    return Fluid(case=name, totals_mmol_per_kgw={k: v for k, v in totals.items() if k not in ("Cl", "C(4)")})


def _critical(name: str, solid: str) -> float:
    return critical_ph([fluid_without_carbonate(name)], solid)[0].ph


def _critical_for_calcite() -> float:
    fluid = fluid_without_carbonate(SALIVAS["stimulated"])
    carbonate = load_set("validation").value("thermo.T3_carbonate")
    totals = {**fluid.totals_mmol_per_kgw, "C(4)": carbonate}
    return critical_ph([fluid.model_copy(update={"totals_mmol_per_kgw": totals})], "Calcite")[0].ph


def _fluoride_for_fluorite(name: str) -> float:
    """Return the total fluoride [mg/L of water] at which CaF2 is just saturated."""
    table = reaction_table(37.0)
    totals = fluid_arrays(table, [fluid_without_carbonate(name)])[0][0]
    ph = load_set("validation").value("thermo.T4_ph")
    fluoride, solid = table.names.index("F"), table.solids.index(table.solid("CaF2"))

    def index(log_total: np.ndarray, rows: np.ndarray) -> np.ndarray:
        values = []
        for amount in 10.0 ** log_total.ravel():
            fluid = totals.copy()
            fluid[fluoride] = amount
            values.append(titrate(table, fluid, np.array([ph])).saturation_index[0, solid])
        return np.array(values).reshape(log_total.shape)

    found = 10.0 ** first_crossing(index, np.linspace(-6.0, -2.0, 9), 1, rising=True)[0]
    return found * molar_mass("F") * 1e6  # mol/kgw to mg/kgw, a litre of water being a kilogram


def _largest_step() -> float:
    """Return the largest change of critical pH from one fluid to the next of higher Ca·P; all steps must be downwards."""
    fluids = [fluid_without_carbonate(name) for name in ("low_calcium_saliva", "whole_saliva_stimulated", "whole_saliva_rest")]
    fluids.sort(key=lambda f: f.totals_mmol_per_kgw["Ca"] * f.totals_mmol_per_kgw["P"])
    return float(np.diff([answer.ph for answer in critical_ph(fluids, "HAp")]).max())
