"""Tracer diffusivities: every species has one, and they are those that PHREEQC transports with, but for a stated factor."""

from __future__ import annotations

import math

import pytest

from amelo.params import load_set
from amelo.records.specimen import load_specimen
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.diffusivity import diffusivities, temperature_factor

VISCOSITY_ALONE = 0.8900 / 0.6913


def test_every_species_has_a_diffusivity():
    for temperature in (37.0, 25.0):
        found = diffusivities(temperature)
        assert found.keys() == {s.name for s in reaction_table(temperature).species}
        assert all(4e-10 < value < 1.3e-8 for value in found.values())
    assert diffusivities(25.0)["Ca+2"] == pytest.approx(0.792e-9)
    assert diffusivities(37.0)["Ca+2"] == pytest.approx(0.792e-9 * 1.34, rel=1e-3)


def test_the_factor_of_temperature():
    assert temperature_factor(25.0) == 1.0
    assert temperature_factor(37.0) == pytest.approx(1.34, abs=0.005)


def test_they_are_those_of_the_reference_database(shared):
    text = (shared / "oracle/phreeqc/amelo37.dat").read_text("utf-8").split("PHASES")[0]
    found, name = {}, ""
    for line in text.split("SOLUTION_SPECIES")[1].splitlines():
        words = line.split("#")[0].split()
        if "=" in words:
            name = words[-1] if words[words.index("=") + 2 :] == [] else words[words.index("=") + 1]
        elif words[:1] == ["-dw"]:
            found[name] = float(words[1])
    mine = {p.name.removeprefix("tracer_diffusivity."): p.value for p in load_set("transport") if p.name.startswith("tracer_")}
    assert len(found) >= 35
    for species, value in found.items():
        if species in mine:
            assert mine[species] == pytest.approx(value, rel=1e-9), species
    assert set(mine) - set(found) == {"MgF+"} and mine["MgF+"] == 1e-9


def tracer(phreeqc, database, temperature):
    """Diffusivity [m2/s] of a trace of calcium, as PHREEQC's multicomponent transport moves it through pores of 0.2."""
    engine = phreeqc.Phreeqc()
    assert engine.LoadDatabaseString(database) == 0, engine.GetErrorString()
    cells, width, time, steps = 60, 2.5e-6, 5.0, 20
    base = f" temp {temperature}\n units mol/kgw\n pH 7\n Na 0.1\n Cl 0.1 charge\n Ca"
    text = f"SOLUTION 0\n{base} 1e-6\nSOLUTION 1-{cells}\n{base} 1e-12\nEND\n"
    text += 'SELECTED_OUTPUT\n -reset false\n -high_precision true\nUSER_PUNCH\n -headings c\n 10 PUNCH TOT("Ca")\n'
    text += f"TRANSPORT\n -cells {cells}\n -lengths {cells}*{width}\n -dispersivities {cells}*0\n -shifts {steps}\n"
    text += f" -time_step {time / steps}\n -flow_direction diffusion_only\n -boundary_conditions constant closed\n -correct_disp false\n"
    text += f" -punch_cells 1-{cells}\n -punch_frequency {steps}\n -multi_d true 1e-9 0.2 0.0 1.0\n -porosities 0.2\nEND\n"
    assert engine.RunString(text) == 0, engine.GetErrorString()
    taken_up = sum(engine.GetSelectedOutput()["c"][-cells:]) * width / 1e-6
    return (taken_up / 2) ** 2 * math.pi / time / 0.2


def test_phreeqc_corrects_by_viscosity_alone_and_the_slab_says_so(shared, root):
    phreeqc = pytest.importorskip("phreeqc", reason="IPhreeqc is a development dependency")
    database = (shared / "oracle/phreeqc/amelo37.dat").read_text("utf-8")
    assert tracer(phreeqc, database, 25.0) == pytest.approx(diffusivities(25.0)["Ca+2"], rel=2e-3)
    warm = tracer(phreeqc, database, 37.0)
    assert warm == pytest.approx(0.792e-9 * VISCOSITY_ALONE, rel=2e-3)
    scale = load_specimen(root / "cases/specimens/phreeqc-slab.toml").parameters["diffusivity_scale"]
    assert warm == pytest.approx(scale * diffusivities(37.0)["Ca+2"], rel=2e-3)
