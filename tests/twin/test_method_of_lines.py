"""The method of lines against what is known without it: analytic limits, conservation, equilibrium, a manufactured solution, PHREEQC.

Everything here is small; whoever trusts the twin's solver because it agrees with these lines should first see why the lines are right.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise

import numpy as np
import pytest
from method_of_lines import Lines, integrate
from phreeqc_slab import FOLDER, MINERAL, SLABS
from pore_fluid import PoreFluid
from reference_cases import APATITE, FREE, GOLDEN, loss, manufactured, of_oracle
from reference_cases import FOLDER as GOLDEN_FOLDER

from amelo.twin.chemistry.solve import speciate

LACTIC = {
    "pH": 4.5,
    "totals_mmol_per_kgw": {"Ca": 2.0, "P": 2.0, "F": 0.05, "Lac": 50.0, "K": 100.0, "Tr": 60.0},
    "charge_balanced_by": "K",
}
KINETIC = "lactic20_propionic10_pH5.0_k0.0004_h24_dx5_N20_S400"


SLOW = pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="takes a minute or more; set AMELO_SLOW=1 to run it")


def oracle(tag: str) -> dict:
    return json.loads((FOLDER / f"{tag}.json").read_text("utf-8"))


# chemistry


def test_the_speciation_is_that_of_amelo_but_for_the_activity_of_water():
    pore = PoreFluid({"Ca", "P", "F", "Lac", "K", "Tr"})
    fluid = pore.fluid(4.5, LACTIC["totals_mmol_per_kgw"], "K")
    table = pore.table
    totals = np.zeros((1, len(table.names)))
    for name, amount in LACTIC["totals_mmol_per_kgw"].items():
        totals[0, table.names.index(name)] = amount / 1e3
    batch = speciate(table, totals, 4.5, closing=table.names.index("K"))
    assert abs(fluid.totals @ pore.component_charge) < 1e-15
    assert fluid.totals[pore.names.index("K")] == pytest.approx(batch.totals[0, table.names.index("K")], rel=1e-5)
    for species, amount in zip(pore.species, fluid.concentration, strict=True):
        tolerance = 5e-3 if species == "OH-" else 2e-5
        assert amount == pytest.approx(batch.concentration(species)[0], rel=tolerance), species
    _, log_ksp, _, exponents = pore.solid("FAp")
    k = [s.name for s in table.solids].index("FAp")
    assert (fluid.state @ exponents - log_ksp) / np.log(10) == pytest.approx(batch.saturation_index[0, k], abs=1e-4)


def test_derivatives_of_totals_are_exact():
    pore = PoreFluid({"Ca", "P", "F", "Lac", "K", "Tr"})
    state = pore.fluid(4.5, LACTIC["totals_mmol_per_kgw"], "K").state[None]
    derivative = pore.totals(state)[1][0]
    for j in range(len(pore.names)):
        bent = state.astype(complex)
        bent[0, j] += 1e-30j
        assert pore.totals(bent)[0][0].imag / 1e-30 == pytest.approx(derivative[:, j], rel=1e-9, abs=1e-16)


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_the_jacobian_is_that_of_the_equations(diffusion):
    settings = GOLDEN[f"cycling_{diffusion}"][0]() | {
        "edges": np.linspace(0, 5e-5, 6).tolist(),
        "activity_gradient": diffusion == "species",
    }
    lines = Lines(settings)
    lines.expose({"fluid": LACTIC, "film": 1e-5} | {"fluid": settings["schedule"][0]["parts"][2]["fluid"]})
    x = lines.begin()
    x[lines.size :] += 0.05 * np.sin(np.arange(len(x) - lines.size))
    exact, slope = lines.jacobian(0.0, x).toarray(), lines.slope(0.0, x)
    for j in range(lines.size, len(x)):
        h = 1e-6
        up, down = x.copy(), x.copy()
        up[j] += h
        down[j] -= h
        numeric = (lines.slope(0.0, up) - lines.slope(0.0, down)) / (2 * h)
        rounding = 1e-8 * (np.abs(slope) + np.abs(exact) @ np.abs(x)) + 2e-6 * np.abs(numeric).max()
        assert np.all(np.abs(exact[:, j] - numeric) <= 2e-4 * np.abs(numeric) + rounding), j


# transport


def test_a_tracer_follows_the_error_function():
    from scipy.special import erfc

    salt = {"pH": 7.0, "totals_mmol_per_kgw": {"K": 100.0, "Tr": 100.0, "Cl": 1e-6}, "charge_balanced_by": "K"}
    marked = {"pH": 7.0, "totals_mmol_per_kgw": {"K": 100.0, "Tr": 100.0, "Cl": 1.0}, "charge_balanced_by": "K"}
    porosity, free, seconds = 0.2, 1.3e-9, 10.0
    settings = {
        "edges": np.linspace(0, 4e-4, 201).tolist(),
        "start": salt,
        "schedule": [{"duration": seconds, "fluid": marked}],
        "diffusion": "single",
        "diffusivity": free,
        "exponent": 2,
        "feedback": False,
        "porosity": porosity,
        "minerals": [],
    }
    lesion = integrate(settings, [seconds], tolerance=1e-6)
    exact = erfc(lesion.depth / (2 * np.sqrt(free * porosity * seconds)))
    assert lesion.totals[0, lesion.names.index("Cl")] == pytest.approx(exact, abs=3e-4)
    taken = 2 * porosity * np.sqrt(free * porosity * seconds / np.pi)
    assert lesion.inflow[0, lesion.names.index("Cl")] == pytest.approx(taken, rel=1e-4)


def test_a_film_is_a_resistance_in_series():
    """A salt behind film and tissue of one cell: inflow = (bath - cell)/(film + half cell/porosity²)."""
    settings = of_oracle(oracle(KINETIC), scaled=False) | {"minerals": []}
    lines = Lines(settings)
    lines.expose({"fluid": settings["schedule"][0]["fluid"], "film": 1e-4})
    x, i = lines.begin(), lines.pore.names.index("Lac")
    bath = 1e3 * lines.outer[0].totals[i]
    expected = settings["diffusivity"] * bath / (1e-4 + 2.5e-6 / 0.2**2)
    assert lines.slope(0.0, x)[i] == pytest.approx(expected, rel=1e-6)


def test_no_current_flows_and_charge_stays_zero():
    settings = of_oracle(oracle("acetic50_CaP2_pH4.5_mcd_k0.0004_h24_dx10_N12_S300"), scaled=False)
    settings["schedule"][0]["duration"] = 3600.0
    lines = Lines(settings)
    lines.expose(settings["schedule"][0])
    x = lines.begin()
    cells = x[lines.size :].reshape(lines.cells, -1)
    _, _, c, log_gamma = lines.pore.totals(cells[:, : lines.size])
    flux = lines.fluxes(c, log_gamma, lines.porosity(cells[:, lines.size :]))
    assert np.abs(flux @ lines.pore.component_charge).max() < 1e-12 * np.abs(flux).max()
    lesion = integrate(settings, [3600.0], tolerance=1e-6)
    charge = lines.pore.component_charge @ lesion.totals[0]
    assert np.abs(charge).max() < 1e-4 * lesion.totals[0].max()
    single = integrate(settings | {"diffusion": "single", "diffusivity": 1.3e-9}, [3600.0], tolerance=1e-6)
    assert np.abs(lines.pore.component_charge @ single.totals[0]).max() < 1e-4 * single.totals[0].max()


def test_equal_diffusivities_make_species_diffusion_single():
    one = of_oracle(oracle(KINETIC), scaled=False)
    one["schedule"][0]["duration"] = 7200.0
    several = one | {"diffusion": "species", "diffusivity": dict.fromkeys(FREE, one["diffusivity"])}
    a, b = (integrate(s, [7200.0], tolerance=1e-7) for s in (one, several))
    assert b.mineral == pytest.approx(a.mineral, rel=1e-6)
    assert b.ph == pytest.approx(a.ph, abs=1e-5)


def test_porosity_feedback_by_a_manufactured_solution():
    errors = []
    for cells in (10, 20, 40):
        settings, source, grown, exact = manufactured(cells)
        seconds = settings["schedule"][0]["duration"]
        lesion = integrate(settings, [seconds], tolerance=1e-7, source=source, mineral_rate=grown)
        porosity, totals = exact(seconds)
        assert lesion.porosity[0] == pytest.approx(porosity, abs=1e-9)
        assert porosity.max() > 0.49  # it opened from 0.2
        errors.append(np.sqrt(np.mean((lesion.totals[0] / totals.T - 1) ** 2, axis=1)))
    for coarse, fine in pairwise(errors):
        assert np.log2(coarse / fine) == pytest.approx(2.0, abs=0.05)


# reaction


def test_a_closed_box_ends_at_equilibrium():
    """One cell, no way in: HAp dissolves into acid until its saturation index is zero; amelo's own speciation agrees."""
    settings = {
        "edges": [0.0, 1e-5],
        "outer": "closed",
        "start": {
            "pH": 4.5,
            "totals_mmol_per_kgw": {"Ca": 1e-3, "P": 1e-3, "Lac": 50.0, "K": 40.0, "Tr": 10.0},
            "charge_balanced_by": "K",
        },
        "schedule": [{"duration": 3e4, "fluid": LACTIC}],
        "diffusion": "species",
        "diffusivity": FREE,
        "exponent": 2,
        "feedback": True,
        "organic": 0.0,
        "minerals": [
            {"name": "HAp", "solid": "HAp", "molar_volume": APATITE, "sound": 0.8, "start": 0.8}
            | {"dissolution": {"k": 0.1, "order": 1}, "growth": {"k": 0.1, "order": 1, "surface": "own"}}
        ],
    }
    lesion = integrate(settings, [3e4], tolerance=1e-8)
    assert lesion.saturation_index[0, 0, 0] == pytest.approx(0.0, abs=1e-5)
    assert np.abs(lesion.balance).max() < 1e-6
    table = PoreFluid({"Ca", "P", "Lac", "K", "Tr"}).table
    totals = np.zeros((1, len(table.names)))
    for name, amount in zip(lesion.names[:-1], lesion.totals[0, :-1, 0], strict=True):
        totals[0, table.names.index(name)] = amount / 1e3
    batch = speciate(table, totals, lesion.ph[0])
    assert batch.saturation_index[0, [s.name for s in table.solids].index("HAp")] == pytest.approx(0.0, abs=5e-3)
    assert abs(batch.charge[0]) < 1e-5
    dissolved = (0.8 - lesion.mineral[0, 0, 0]) / APATITE
    assert 5 * dissolved == pytest.approx(lesion.totals[0, 0, 0] * lesion.porosity[0, 0] - 1e-3 * 0.2, rel=1e-5)


@SLOW
def test_fast_kinetics_is_a_shrinking_front():
    """X² = 2 φ D Δc t/M and ΔZ ∝ √t, T1 and T2 of the validation table."""
    stored = oracle("lactic50_pH4.5_NaCl20_eq_h24_dx10_N15_S300")
    settings = of_oracle(stored, cells=40, scaled=False)
    saves = [6 * 3600.0, 24 * 3600.0]
    lesion = integrate(settings, saves, tolerance=1e-5)
    calcium = lesion.names.index("Ca")
    gained = lesion.totals[-1, calcium, -1] - stored["bath"]["totals_mmol_per_kgw"]["Ca"]
    reach = np.sqrt(2 * 0.2 * 2.6e-10 * gained / (5 * MINERAL * 200.0) * saves[-1])
    losses = [loss(settings, mineral) for mineral in lesion.mineral]
    assert losses[-1] == pytest.approx(80e6 * reach, rel=0.01)
    assert losses[1] / losses[0] == pytest.approx(2.0, rel=0.01)


def one_of(tags: list[str], quick: str) -> list:
    """Mark all tags but one as slow."""
    assert quick in tags
    return [pytest.param(tag, marks=() if tag == quick else SLOW) for tag in tags]


KINETIC_TAGS = [slab.tag for slab in SLABS if slab.rate and not slab.multicomponent]
SEVERAL_TAGS = [slab.tag for slab in SLABS if slab.rate and slab.multicomponent]
FAST_TAGS = [slab.tag for slab in SLABS if not slab.rate]


def compare(tag: str, **options: object) -> tuple[float, float, float]:
    """Return ΔZ relative to PHREEQC's, and the largest differences of pH and relative differences of calcium over the profile."""
    theirs = oracle(tag)
    settings = of_oracle(theirs, **options)
    end = settings["schedule"][0]["duration"]
    lesion = integrate(settings, [end], tolerance=1e-5)
    rows = np.array(theirs["profiles"][f"{theirs['hours']:g}"])
    calcium = lesion.totals[0, lesion.names.index("Ca")]
    ratio = loss(settings, lesion.mineral[0]) / (8e7 * np.sum(1 - rows[:, 1]) * theirs["dx"])
    return ratio, np.abs(lesion.ph[0] - rows[:, 2]).max(), np.abs(calcium / rows[:, 3] - 1).max()


@pytest.mark.parametrize("tag", one_of(KINETIC_TAGS, KINETIC))
def test_kinetic_slabs_of_phreeqc(tag):
    ratio, ph, calcium = compare(tag)
    assert ratio == pytest.approx(1.0, abs=0.008)
    assert ph < 0.005
    assert calcium < 0.03


@pytest.mark.parametrize("tag", one_of(SEVERAL_TAGS, "acetic50_CaP2_pH4.5_mcd_k0.0004_h24_dx10_N12_S300"))
def test_multicomponent_kinetic_slabs_of_phreeqc(tag):
    ratio, ph, calcium = compare(tag)
    assert ratio == pytest.approx(1.0, abs=0.008)
    assert ph < 0.005
    assert calcium < 0.03


@pytest.mark.parametrize("tag", one_of(FAST_TAGS, "lactic20_propionic10_pH5.0_mcd_eq_h24_dx10_N12_S300"))
def test_equilibrium_slabs_of_phreeqc(tag):
    ratio, _, _ = compare(tag)
    assert ratio == pytest.approx(1.0, abs=0.012)


@pytest.mark.parametrize("name", one_of(list(GOLDEN), "opening_pores"))
def test_golden_results_are_repeated_from_their_files_alone(name):
    stored = json.loads((GOLDEN_FOLDER / f"{name}.json").read_text("utf-8"))
    settings, times = stored["settings"], [float(t) for t in stored["times"]]
    lesion = integrate(settings, times, tolerance=1e-5)
    assert np.abs(lesion.balance).max() < 1e-4
    for i, saved in enumerate(stored["times"].values()):
        assert loss(settings, lesion.mineral[i]) == pytest.approx(saved["loss"], rel=3e-4)
        assert lesion.ph[i] == pytest.approx(np.array(saved["pH"]), abs=1e-3)
        for k, row in enumerate(saved["mineral"].values()):
            assert lesion.mineral[i, k] == pytest.approx(np.array(row), abs=1e-4)


def test_golden_settings_are_those_of_the_cases():
    for name, (build, saves) in GOLDEN.items():
        stored = json.loads((GOLDEN_FOLDER / f"{name}.json").read_text("utf-8"))
        assert stored["settings"] == json.loads(json.dumps(build())), name
        assert [float(t) for t in stored["times"]] == saves
        assert stored["solved"]["balance"] < 1e-5
