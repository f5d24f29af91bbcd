"""The slab of frozen porosity in any bath, by PHREEQC TRANSPORT: an oracle that shares no code with the twin.

Run ``python tests/twin/phreeqc_slab.py`` to make every file of ``tests/twin/oracles/phreeqc`` anew (about 6 CPU minutes).  What PHREEQC
3.8.6 does in multicomponent diffusion, measured on tracers (``test_phreeqc_slab.py`` repeats the measurements):

* pore diffusivity = ``-dw`` (25 °C) · η(25 °C)/η(37 °C) · porosity^n, that is · 1.28747 · 0.2; there is no factor T/298 K;
* species without ``-dw`` take the default of ``-multi_d``, corrected in the same way; water does not move;
* the gradient that drives a species is that of its activity: Δc (1 + Δlg γ/Δlg c), left at Δc where the bracket is outside 0.2-2.25;
* at a face the migration term takes the arithmetic mean of the two concentrations, at the outer face those of bath and first cell;
* reaction follows each explicit diffusion step, so ΔZ of a kinetic slab comes out too large in proportion to that step, that is to the
  square of the cell: by 0.3-2 % at 10 µm, more where the fluid turns over faster, and a quarter of that at 5 µm;
* the potential makes the current zero with those activity gradients; the outer face is half a cell from the first node.

Dividing mineral and clock by S is not free: the pore fluid then holds S times too much beside the mineral, and filling it dissolves
mineral.  Against the true clock ΔZ is too large by 0.2-4 % at S = 300-400 where the bath dissolves much, and by 3-14 % in the slow slabs
(k = 4e-5, S = 600).  A solver should therefore be set against these files with its own mineral and clock divided by the same S
(``reference_cases.of_oracle``), on the same grid; the method of lines then agrees to 0.6 % in ΔZ and 0.002 in pH.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DIFFUSIVITY", "FOLDER", "SLABS", "VISCOSITY_RATIO", "Slab", "database", "script", "solve"]

FOLDER = Path(__file__).parent / "oracles" / "phreeqc"
TEMPERATURE = 37.0  # degrees Celsius
POROSITY = 0.2
PORE_DIFFUSIVITY = 2.6e-10  # m2/s, where one diffusivity serves all
MINERAL = 25.164244475413096  # mol HAp per kg of pore water: 80 vol% at 502.31 g/mol and 3.16 g/cm3, over a porosity of 0.2
VISCOSITY_RATIO = 1.28747  # η(25 °C)/η(37 °C) of water, as PHREEQC 3.8.6 prints it (VISCOS_0: 0.890024 and 0.691303 mPa s)
DEFAULT_DIFFUSIVITY = 1e-9  # m2/s at 25 °C for a species without one
DIFFUSIVITY = {  # m2/s at 25 °C, tracer diffusion in water; the values of the shared database amelo37.dat
    "H+": 9.31e-9, "OH-": 5.27e-9, "Ca+2": 0.792e-9, "Mg+2": 0.705e-9, "Na+": 1.33e-9, "K+": 1.96e-9, "Cl-": 2.03e-9, "Tr-": 1.9e-9,
    "AmmH+": 1.98e-9, "Amm": 2.28e-9, "PO4-3": 0.612e-9, "HPO4-2": 0.69e-9, "H2PO4-": 0.846e-9, "H3PO4": 0.87e-9, "CaPO4-": 0.6e-9,
    "CaHPO4": 0.65e-9, "CaH2PO4+": 0.65e-9, "MgHPO4": 0.65e-9, "MgH2PO4+": 0.65e-9, "F-": 1.46e-9, "HF": 1.6e-9, "CaF+": 0.7e-9,
    "CO3-2": 0.955e-9, "HCO3-": 1.18e-9, "CO2": 1.92e-9, "CaCO3": 0.5e-9, "CaHCO3+": 0.6e-9, "Lac-": 1.033e-9, "HLac": 1.0e-9,
    "CaLac+": 0.65e-9, "CaLac2": 0.6e-9, "Ace-": 1.089e-9, "HAce": 1.21e-9, "CaAce+": 0.7e-9, "Pro-": 0.953e-9, "HPro": 1.06e-9,
    "CaPro+": 0.65e-9,
}  # fmt: skip
ACIDS = ("Lac", "Ace", "Pro")
TRACE = 1e-6  # mmol/kgw of what the pore fluid lacks at the start


@dataclass(frozen=True)
class Slab:
    """A bath against a slab of hydroxyapatite whose porosity is frozen.

    Fields: name; bath (totals [mmol/kgw]), pH and closing (ion that balances its charge); salt (inert ions of the pore fluid at the
    start [mmol/kgw], closed by its first ion; that fluid has pH 7, Ca 0.15, P 0.09 mM); rate (k [mol/(L pore s)], order n) or None for
    local equilibrium; multicomponent (a diffusivity per species, coupled by charge); hours; cells and width [m] of each; scale (factor
    by which mineral and clock are both divided); shifts (at which profiles may be saved).
    """

    name: str
    bath: dict[str, float]
    ph: float
    closing: str
    salt: dict[str, float] = field(default_factory=lambda: {"K": 100.0, "Tr": 100.0})
    rate: tuple[float, float] | None = None
    multicomponent: bool = False
    hours: float = 24.0
    cells: int = 15
    width: float = 1e-5
    scale: float = 300.0
    shifts: int = 6

    @property
    def tag(self) -> str:
        kind = "mcd_" if self.multicomponent else ""
        law = "eq" if self.rate is None else f"k{self.rate[0]:g}"
        return f"{self.name}_{kind}{law}_h{self.hours:g}_dx{self.width * 1e6:g}_N{self.cells}_S{self.scale:g}"

    @property
    def inside(self) -> dict[str, float]:
        """Totals of the pore fluid at the start [mmol/kgw], the first ion of the salt closing its charge."""
        trace = {name: TRACE for name in self.bath if name in (*ACIDS, "F")}
        return {"Ca": 0.15, "P": 0.09} | self.salt | trace


def database(diffusivity: dict[str, float] | None = None) -> str:
    """Return amelo's own constants as a PHREEQC database with tracer diffusivities."""
    from amelo.twin.chemistry.export import phreeqc_database
    from amelo.twin.chemistry.table import reaction_table

    values = DIFFUSIVITY if diffusivity is None else diffusivity
    names, lines, waiting = {s.name for s in reaction_table(TEMPERATURE).species}, [], ""
    text, marker, phases = phreeqc_database(reaction_table(TEMPERATURE)).partition("PHASES\n")
    for line in text.splitlines():
        lines.append(line)
        if " = " in line:
            left, _, right = line.partition(" = ")
            made = right.split(" + ")[0]
            if left == made and made in values:  # a master species has no log_k
                lines.append(f"  -dw {values[made]:g}")
            waiting = made if left != made and made in names else ""
        elif waiting in values and line.startswith("  log_k"):
            lines.append(f"  -dw {values[waiting]:g}")
    return "\n".join(lines) + "\n" + marker + phases


def script(slab: Slab) -> str:
    """Return the PHREEQC input of a slab."""
    n, moles = slab.cells, MINERAL / slab.scale
    total_s = slab.hours * 3600.0 / slab.scale
    acids = [a for a in ACIDS if a in slab.bath]
    acid = " + ".join(f'TOT("{a}")*1e3' for a in acids)
    fluid = lambda number, ph, totals, closing: (  # noqa: E731
        f"SOLUTION {number}\n temp {TEMPERATURE:g}\n units mmol/kgw\n pH {ph!r}\n"
        + "".join(f" {name} {amount!r}{' charge' if name == closing else ''}\n" for name, amount in totals.items())
    )
    if slab.rate is None:
        solid, amount = f"EQUILIBRIUM_PHASES 1-{n}\n HAp 0 {moles!r}\nEND\n", 'EQUI("HAp")'
    else:
        k, order = slab.rate
        amount = 'KIN("HAp_k")'
        solid = (
            "RATES\nHAp_k\n-start\n10 if (m <= 0) then goto 60\n20 ds = SR(\"HAp\")^(1/9)\n"
            "30 if (ds < 1) then r = PARM(1)*(m/m0)^(2/3)*(1-ds)^PARM(2) else r = -0.1*PARM(1)*(m/m0)^(2/3)*(ds-1)^PARM(2)\n"
            "40 save r*time\n50 goto 70\n60 save 0\n70 end\n-end\nEND\n"
            f"KINETICS 1-{n}\n HAp_k\n -formula Ca5(PO4)3OH 1\n -m {moles!r}\n -m0 {moles!r}\n -parms {k!r} {order!r}\n"
            " -tol 1e-10\n -cvode false\n -runge_kutta 3\nEND\n"
        )  # fmt: skip
    transport = (
        f" -multi_d true {DEFAULT_DIFFUSIVITY:g} {POROSITY} 0.0 1.0\n -porosities {n}*{POROSITY}\n"
        if slab.multicomponent
        else f" -diffusion_coefficient {PORE_DIFFUSIVITY!r}\n"
    )
    return (
        fluid(0, slab.ph, slab.bath, slab.closing)
        + fluid(f"1-{n}", 7.0, slab.inside, next(iter(slab.salt)))
        + "END\n"
        + solid
        + "SELECTED_OUTPUT\n -reset false\n -high_precision true\nUSER_PUNCH\n -headings step cell m pH Ca P acid SI\n -start\n"
        + f'10 PUNCH STEP_NO, CELL_NO, {amount}, -LA("H+"), TOT("Ca")*1e3, TOT("P")*1e3, {acid}, SI("HAp")\n -end\n'
        + f"TRANSPORT\n -cells {n}\n -lengths {n}*{slab.width!r}\n -dispersivities {n}*0\n -shifts {slab.shifts}\n"
        + f" -time_step {total_s / slab.shifts!r}\n -flow_direction diffusion_only\n -boundary_conditions constant closed\n"
        + f" -correct_disp false\n -punch_cells 1-{n}\n -punch_frequency 1\n{transport}END\n"
    )


def solve(slab: Slab, *, diffusivity: dict[str, float] | None = None, keep: tuple[int, ...] = (1, 3, 6)) -> dict[str, object]:
    """Run PHREEQC and return the profiles, with all that another code needs to repeat them.

    Arguments: slab; diffusivity (at 25 °C, instead of ``DIFFUSIVITY``); keep (shifts whose profiles are returned).
    """
    import phreeqc

    engine = phreeqc.Phreeqc()
    if engine.LoadDatabaseString(database(diffusivity)):
        raise RuntimeError(engine.GetErrorString())
    begin = time.process_time()
    if engine.RunString(script(slab)):
        raise RuntimeError(engine.GetErrorString())
    seconds = time.process_time() - begin
    out = engine.GetSelectedOutput()
    moles = MINERAL / slab.scale
    profiles: dict[str, list[list[float]]] = {}
    for i, (step, cell) in enumerate(zip(out["step"], out["cell"], strict=True)):
        if int(step) in keep:
            row = [out["m"][i] / moles, *(out[name][i] for name in ("pH", "Ca", "P", "acid", "SI"))]
            hours = slab.hours * int(step) / slab.shifts
            profiles.setdefault(f"{hours:g}", []).append([int(cell), *(float(f"{value:.8g}") for value in row)])
    return {
        "tag": slab.tag,
        "engine": f"PHREEQC {engine.GetVersionString()}",
        "temperature_C": TEMPERATURE,
        "bath": {"pH": slab.ph, "totals_mmol_per_kgw": slab.bath, "charge_balanced_by": slab.closing},
        "start": {"pH": 7.0, "totals_mmol_per_kgw": slab.inside, "charge_balanced_by": next(iter(slab.salt))},
        "phi": POROSITY,
        "Dp": None if slab.multicomponent else PORE_DIFFUSIVITY,
        "multicomponent": slab.multicomponent,
        "free_diffusivity_m2_s": _free(diffusivity or DIFFUSIVITY) if slab.multicomponent else None,
        "M_mol_per_kgw": MINERAL,
        "S": slab.scale,
        "dx": slab.width,
        "N": slab.cells,
        "hours": slab.hours,
        "shifts": slab.shifts,
        "k": slab.rate and slab.rate[0],
        "n": slab.rate and slab.rate[1],
        "wall_s": round(seconds, 2),
        "columns": ["cell", "m/m0", "pH", "Ca mM", "P mM", "acids mM", "SI_HAp"],
        "profiles": profiles,
    }


def _bath(
    name: str, ph: float, totals: dict[str, float], closing: str = "Na", salt: dict[str, float] | None = None, **extra: object
):
    salt = {"K": 100.0, "Tr": 100.0} if salt is None else salt
    return {
        "name": name,
        "ph": ph,
        "bath": {"Ca": 1e-4, "P": 1e-4, closing: 20.0} | totals | salt,
        "closing": closing,
        "salt": salt,
    } | extra


BATHS = (
    _bath("acetic50_CaP2_pH4.5", 4.5, {"Ca": 2.0, "P": 2.0, "Ace": 50.0}),
    _bath("acetic50_CaP2_pH5.0", 5.0, {"Ca": 2.0, "P": 2.0, "Ace": 50.0}),
    _bath("acetic50_pH5.5", 5.5, {"Ace": 50.0}),
    _bath("lactic100_pH4.0", 4.0, {"Lac": 100.0}),
    _bath("lactic20_propionic10_pH5.0", 5.0, {"Lac": 20.0, "Pro": 10.0}),
    _bath("lactic50_pH4.5_NaCl20", 4.5, {"Lac": 50.0}, closing="K", salt={"Na": 20.0, "Cl": 20.0}),
    _bath("lactic50_F0.05_pH4.5", 4.5, {"Lac": 50.0, "F": 0.05}),
)
SLABS = tuple(
    Slab(**bath, **variant)
    for bath in BATHS
    for variant in (
        {},
        {"rate": (4e-4, 2.0), "cells": 20, "width": 5e-6, "scale": 400.0},
        {"multicomponent": True, "cells": 12},
    )
) + tuple(Slab(**bath, rate=(4e-5, 2.0), cells=20, scale=600.0) for bath in (BATHS[0], BATHS[3], BATHS[4]))  # fmt: skip
SLABS += tuple(Slab(**bath, rate=(4e-4, 2.0), multicomponent=True, cells=12) for bath in (BATHS[0], BATHS[5]))


def main(parts: list[str]) -> None:
    """Make the files whose tags contain one of the parts, all of them when there are none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for slab in [s for s in SLABS if not parts or any(part in s.tag for part in parts)]:
        answer = solve(slab)
        path = FOLDER / f"{slab.tag}.json"
        path.write_text(_compact(answer), "utf-8")
        profile = answer["profiles"][f"{slab.hours:g}"]
        loss = 80.0 * sum(1 - row[1] for row in profile) * slab.width * 1e6
        print(f"{slab.tag}: {answer['wall_s']:.1f} s, ΔZ {loss:.1f} vol%·µm, last cell m {profile[-1][1]:.4f}", flush=True)


def _free(diffusivity: dict[str, float]) -> dict[str, float]:
    """Return diffusivities in free water at the temperature of the slab [m2/s]; in the pore they are times the porosity."""
    return {name: float(f"{value * VISCOSITY_RATIO:.6g}") for name, value in ({"MgF+": DEFAULT_DIFFUSIVITY} | diffusivity).items()}


def _compact(answer: dict[str, object]) -> str:
    """Return JSON with one row of a profile on each line."""
    head = {key: value for key, value in answer.items() if key != "profiles"}
    lines = ",\n".join(
        f'  "{hours}": [\n' + ",\n".join("    " + json.dumps(row) for row in rows) + "\n  ]"
        for hours, rows in answer["profiles"].items()
    )
    return json.dumps(head, indent=1, ensure_ascii=False).rstrip("\n}") + ',\n "profiles": {\n' + lines + "\n }\n}\n"


if __name__ == "__main__":
    main(sys.argv[1:])
