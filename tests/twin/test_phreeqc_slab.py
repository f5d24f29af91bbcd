"""What PHREEQC does in the slab: that the stored oracles can be repeated, and the facts of its multicomponent diffusion, measured."""

from __future__ import annotations

import json

import numpy as np
import pytest
from phreeqc_slab import DIFFUSIVITY, FOLDER, SLABS, VISCOSITY_RATIO, Slab, database, script, solve

phreeqc = pytest.importorskip("phreeqc", reason="IPhreeqc is a development dependency")
LACTIC = {"Ca": 1e-4, "P": 1e-4, "Lac": 50.0, "Na": 40.0, "Tr": 100.0, "K": 100.0}


def run(text: str) -> dict[str, np.ndarray]:
    engine = phreeqc.Phreeqc()
    assert engine.LoadDatabaseString(database()) == 0, engine.GetErrorString()
    assert engine.RunString(text) == 0, engine.GetErrorString()
    return {name: np.array(column) for name, column in engine.GetSelectedOutput().items()}


def diffuse(bath: str, inside: str, *, cells: int, width: float, seconds: float, shifts: int, punch: str) -> np.ndarray:
    """Return profiles (cells,) of what is punched after multicomponent diffusion through pores of 20 %."""
    out = run(
        f"SOLUTION 0\n temp 37\n units mmol/kgw\n{bath}SOLUTION 1-{cells}\n temp 37\n units mmol/kgw\n{inside}END\n"
        f"SELECTED_OUTPUT\n -reset false\n -high_precision true\nUSER_PUNCH\n -headings x\n 10 PUNCH {punch}\n"
        f"TRANSPORT\n -cells {cells}\n -lengths {cells}*{width}\n -dispersivities {cells}*0\n -shifts {shifts}\n"
        f" -time_step {seconds / shifts}\n -flow_direction diffusion_only\n -boundary_conditions constant closed\n -correct_disp false\n"
        f" -punch_cells 1-{cells}\n -punch_frequency {shifts}\n -multi_d true 1e-9 0.2 0.0 1.0\n -porosities {cells}*0.2\nEND\n"
    )
    return out["x"][-cells:]


def uptake(diffusivity: float, seconds: float, depth: float) -> float:
    """Mean of a layer, closed inside, that starts empty beside a bath of 1 (series of Crank)."""
    root = (np.arange(2000) + 0.5) * np.pi
    return 1.0 - np.sum(2.0 / root**2 * np.exp(-diffusivity * (root / depth) ** 2 * seconds))


def test_the_database_gives_every_species_its_diffusivity():
    text = database()
    assert text.count("-dw") == len(DIFFUSIVITY)
    out = run(
        "SOLUTION 1\n temp 25\n pH 7\n units mmol/kgw\n Ca 1\n P 1\n Mg 1\n F 1\n C(4) 1\n Lac 1\n Ace 1\n Pro 1\n Amm 1\n K 1\n Cl 1\n Tr 9\n Na 1\n"
        "SELECTED_OUTPUT\n -reset false\nUSER_PUNCH\n -headings "
        + " ".join(f"s{i}" for i in range(len(DIFFUSIVITY)))
        + "\n 10 PUNCH "
        + ", ".join(f'DIFF_C("{name}")' for name in DIFFUSIVITY)
        + "\nEND\n"
    )
    for i, value in enumerate(DIFFUSIVITY.values()):
        assert out[f"s{i}"][0] == pytest.approx(value, rel=1e-6)


def test_diffusivities_follow_the_viscosity_of_water_and_nothing_else():
    out = run(
        "SOLUTION 1\n temp 37\n pH 7\nSOLUTION 2\n temp 25\n pH 7\nSELECTED_OUTPUT\n -reset false\n -high_precision true\n"
        'USER_PUNCH\n -headings d v\n 10 PUNCH DIFF_C("H+"), VISCOS_0\nEND\n'
    )
    assert out["d"][0] / out["d"][1] == pytest.approx(VISCOSITY_RATIO, rel=1e-5)
    assert out["v"][1] / out["v"][0] == pytest.approx(VISCOSITY_RATIO, rel=1e-5)


@pytest.mark.parametrize(("tracer", "free"), [("Mg", None), ("Lac", DIFFUSIVITY["Lac-"])])
def test_pore_diffusivity_is_dw_times_viscosity_ratio_times_porosity(tracer, free):
    """A trace ion in much salt feels no potential; Mg beside much fluoride is MgF+, which has no -dw and takes the default 1e-9."""
    if free is None:
        salt, free = " pH 7\n F 4000\n K 4000 charge\n", 1e-9
    else:
        salt = " pH 9\n K 500\n Tr 500 charge\n"
    cells, width, seconds = 40, 2.5e-6, 5.0
    held = diffuse(
        salt + f" {tracer} 1e-3\n", salt, cells=cells, width=width, seconds=seconds, shifts=20, punch=f'TOT("{tracer}")*1e6'
    )
    expected = uptake(free * VISCOSITY_RATIO * 0.2, seconds, cells * width)
    with_temperature = uptake(free * VISCOSITY_RATIO * 0.2 * 310.15 / 298.15, seconds, cells * width)
    assert held.mean() == pytest.approx(expected, rel=4e-3)
    assert abs(held.mean() - with_temperature) > 4 * abs(held.mean() - expected)


def test_activities_not_concentrations_drive_the_ions():
    """A 1-1 salt that diffuses from 200 to 20 mM: 2 D+D-/(D+ + D-), times d ln a/d ln c of Davies."""
    cells, width, seconds = 20, 1e-5, 20.0
    theirs = diffuse(
        " pH 7\n K 200\n Tr 200 charge\n",
        " pH 7\n K 20\n Tr 20 charge\n",
        cells=cells,
        width=width,
        seconds=seconds,
        shifts=10,
        punch='TOT("K")*1e3',
    )
    plus, minus = (DIFFUSIVITY[ion] * VISCOSITY_RATIO * 0.2 for ion in ("K+", "Tr-"))
    means = {}
    for activities in (True, False):
        c, dt = np.full(cells, 0.02), 0.05
        for _ in range(int(seconds / dt)):
            whole = np.r_[0.2, c]
            step = np.diff(whole)
            if activities:
                log_gamma = -0.5211436 * (np.sqrt(whole) / (1 + np.sqrt(whole)) - 0.3 * whole)
                up = np.diff(np.log10(whole))
                step = step * np.where(np.abs(up) > 1e-12, 1 + np.diff(log_gamma) / np.where(up == 0, 1, up), 1)
            flux = -2 * plus * minus / (plus + minus) * step / np.r_[width / 2, np.full(cells - 1, width)]
            c = c + dt / width * (flux - np.r_[flux[1:], 0.0])
        means[activities] = 1e3 * c.mean()
    assert theirs.mean() == pytest.approx(means[True], rel=5e-4)
    assert abs(theirs.mean() / means[False] - 1) > 0.02


def test_the_shared_slab_is_repeated(shared):
    slab = Slab("lactic50_pH4.5", bath=LACTIC, ph=4.5, closing="Na")
    theirs = json.loads((shared / "oracle/phreeqc/c_eq_Lac_pH4.5_dx10_N15_h24_S300.json").read_text())["profiles"]["24.0"]
    assert np.array(solve(slab)["profiles"]["24"]) == pytest.approx(np.array(theirs), rel=1e-5, abs=1e-6)


def test_a_stored_oracle_is_repeated():
    slab = SLABS[0]
    stored = json.loads((FOLDER / f"{slab.tag}.json").read_text("utf-8"))
    made = solve(slab)
    for hours, rows in stored["profiles"].items():
        assert np.array(made["profiles"][hours]) == pytest.approx(np.array(rows), rel=1e-6, abs=1e-7)


def test_every_slab_has_its_file_and_the_files_are_sane():
    assert {f"{slab.tag}.json" for slab in SLABS} == {path.name for path in FOLDER.glob("*.json")}
    for slab in SLABS:
        stored = json.loads((FOLDER / f"{slab.tag}.json").read_text("utf-8"))
        assert stored["bath"]["totals_mmol_per_kgw"] == slab.bath and stored["N"] == slab.cells
        profile = np.array(stored["profiles"][f"{slab.hours:g}"])
        assert len(profile) == slab.cells
        assert np.all(np.diff(profile[:, 1]) > -1e-6), slab.tag  # constant acid, uniform mineral: no surface layer
        assert np.all(np.diff(profile[:, 2]) > -2e-4) and profile[0, 2] > slab.ph  # behind the front it is flat
        if slab.rate is None:
            assert np.abs(profile[profile[:, 1] > 1e-3, 6]).max() < 1e-6
        assert script(slab).count("TRANSPORT") == 1
