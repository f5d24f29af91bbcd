"""A biofilm on the column: it follows the reference slab, keeps its books, and does to a tooth what plaque does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo.params import load_set
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.column import Biofilm
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.biofilm import FED, LONGEST, families, typical
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.measures import measure_run, tissue_of
from amelo.twin.mouth import Mouthful, mouth_schedule
from amelo.twin.plaque import Plaque, plaque_course
from amelo.twin.saliva import resting_fluid, saliva_profile
from amelo.twin.schedule import Exposure, Repeat, Segment

SALIVA = saliva_profile()
REST = mouth_schedule([Mouthful("rest", 60.0)], SALIVA)[0].exposure
RINSE = mouth_schedule([Mouthful("rinse", 60.0, sugar=584.0), Mouthful("rest", 2400.0)], SALIVA)
HOUR = 3600.0


def column(diffusion="species", *, inert=True, thickness=1.5e-4, cells=15, calcium=False, **parts):
    """A slice of enamel under plaque; ``inert`` enamel neither dissolves, grows nor lets anything in."""
    mechanisms = {"calcium_fluoride": True}
    base = {"name": "x", "tissue": "human enamel", "thickness": "60 um", "grid": {"cells": 12, "first_cell": "1 um"}}
    made = column_of(parse_specimen(base | {"diffusion": diffusion, "mechanisms": mechanisms} | parts, where="x.toml"))
    parameters = dict(made.parameters)
    if inert:
        parameters |= {name: 0.0 * value for name, value in parameters.items() if "_rate." in name}
        slow = "pore_diffusivity" if diffusion == "single" else "diffusivity_scale"
        parameters[slow] = 1e-8 * parameters[slow]
    return replace(
        made, parameters=parameters, fluid=REST.fluid, biofilm=Biofilm(thickness, cells, REST.fluid, binds_calcium=calcium)
    )


def solved(of, schedule, *, parts=1, saves=400, **options):
    return solve(of, schedule, diffusivities(37.0), Settings(grid=Grid(parts=parts), saves=saves, lanes=1, **options))


def at_tooth(run):
    """PH of the innermost cell of the biofilm (T,)."""
    return run.ph[0, :, tissue_of(run).start - 1]


def total(run, name, where=slice(None)):
    """Concentration (T, cells) [mol/m3 water]."""
    return run.totals[0, :, run.components.index(name), where]


def amount(run, name):
    """Amount in the column (T,) [mol/m2]."""
    return (total(run, name) * run.porosity[0] * np.diff(run.edges)).sum(axis=1)


def below(run, limit):
    fine = np.linspace(0.0, run.time[-1], 20_000)
    return float(np.mean(np.interp(fine, run.time, at_tooth(run)) < limit) * run.time[-1] / 60.0)


@pytest.fixture(scope="module")
def slab():
    return plaque_course(RINSE, Plaque.typical(), start=REST.fluid, tolerance=1e-5)


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_a_rinse_with_sugar_goes_as_in_the_reference_slab(slab, diffusion):
    run = solved(column(diffusion), RINSE)
    ph = at_tooth(run)
    lowest = slab.ph_at_tooth.argmin()
    assert ph.min() == pytest.approx(slab.ph_at_tooth.min(), abs=0.05)
    assert run.time[ph.argmin()] == pytest.approx(slab.time[lowest], rel=0.1)
    assert below(run, 5.5) == pytest.approx(slab.minutes_below(5.5), rel=0.2)
    made = amount(run, "Lac")[-1] - amount(run, "Lac")[0] - run.inflow[0, -1, run.components.index("Lac")]
    assert made == pytest.approx(slab.made, rel=0.06)


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_finer_steps_come_to_the_reference_slab_and_do_so_by_halves(slab, diffusion):
    """With one diffusivity both models are the same one, solved in two ways."""
    found = []
    for parts in (2, 4, 8):
        run = solved(column(diffusion), RINSE, parts=parts)
        found.append(at_tooth(run).min())
    assert (found[1] - found[0]) / (found[2] - found[1]) == pytest.approx(2.0, abs=0.6)
    limit = 2 * found[2] - found[1]
    assert limit == pytest.approx(slab.ph_at_tooth.min(), abs=0.004 if diffusion == "single" else 0.03)


def test_without_sugar_nothing_changes():
    run = solved(column(calcium=True), (Segment(6 * HOUR, replace(REST, sugar=0.0)),))
    film = slice(0, tissue_of(run).start)
    assert np.abs(run.ph[0, :, film] - run.ph[0, 0, 0]).max() < 2e-3
    for name in ("Ca", "P", "K", "Lac", "Glc"):
        values = total(run, name, film)
        assert np.abs(values - values[0]).max() < 2e-3 * (values.max() + 0.1), name


def test_idle_bacteria_leave_sugar_alone_and_it_moves_as_in_the_slab():
    exposure = replace(REST, sugar=100.0, activity=0.0)
    run = solved(column("single"), (Segment(300.0, exposure),), parts=8)
    reference = plaque_course([Segment(300.0, exposure)], Plaque.typical(), start=REST.fluid)
    film = slice(0, tissue_of(run).start)
    assert total(run, "Glc", film)[-1] == pytest.approx(reference.sugar[-1], rel=0.02)
    assert np.abs(run.ph[0, :, film] - run.ph[0, 0, 0]).max() < 1e-3
    assert amount(run, "Glc")[-1] == pytest.approx(run.inflow[0, -1, run.components.index("Glc")], rel=1e-9)


@pytest.mark.parametrize("calcium", [False, True])
def test_the_books_close_and_every_sugar_becomes_two_lactic_acids(calcium):
    run = solved(column(calcium=calcium), RINSE)
    assert run.status[0] == 0 and np.abs(run.balance).max() < 1e-12
    eaten = run.inflow[0, -1, run.components.index("Glc")] - amount(run, "Glc")[-1]
    made = amount(run, "Lac")[-1] - amount(run, "Lac")[0] - run.inflow[0, -1, run.components.index("Lac")]
    assert eaten > 1e-3 and made == pytest.approx(2.0 * eaten, rel=1e-9)
    assert amount(run, "Fix") == pytest.approx(np.full(len(run.time), 160.0 * 1.5e-4), rel=1e-12)


def test_the_fluid_stays_neutral_while_groups_trade_potassium_for_protons():
    run = solved(column("single"), RINSE, parts=4)
    table, film = reaction_table(37.0), slice(0, tissue_of(run).start)
    rows = np.stack([total(run, name, film).ravel() for name in table.names], axis=1) / 1000.0
    charge = speciate(table, rows.clip(0.0), run.ph[0, :, film].ravel()).charge
    traded = 1000.0 * np.abs(charge).max()
    potassium = total(run, "K", film)
    assert potassium.max() > potassium[0].max() + 5.0, "acid drives potassium out of the groups [mol/m3]"
    assert traded < 0.25 * (potassium.max() - potassium[0].max()), "and the rest is what diffuses within a step"


def test_calcium_is_held_as_measured():
    """Half of the most at 1.3 mM of free calcium and pH 7, and half of that at pH 5 [rose1993]."""
    (groups, _), value = families(column(calcium=True)), load_set("mouth").value
    free, proton, calcium = groups.members
    assert (free.powers, proton.powers, calcium.powers, calcium.count) == ((0, 0, 0, 0), (0, 0, 0, 1), (1, 0, 0, 0), 2)
    whole = value("plaque.fixed_buffer") / value("plaque.water") / 1000.0

    def held(ph, ca):
        single, double = 1.0 + 10.0 ** (proton.log_k - ph), 10.0**calcium.log_k * ca
        return (2.0 * whole / (single + np.sqrt(single**2 + 8.0 * double * whole))) ** 2 * double

    half = 0.5 * value("plaque.calcium_bound") / value("plaque.water") / 1000.0
    assert held(9.0, 1.3e-3) == pytest.approx(half, rel=0.01)
    assert held(5.0, 1.3e-3) == pytest.approx(0.5 * held(7.0, 1.3e-3), rel=0.05)


def test_acid_sets_calcium_of_plaque_free_and_rest_takes_it_back():
    """Protons take the places of calcium, which leaves; at rest it comes back from saliva."""
    bare, rich = (solved(column(calcium=calcium), RINSE) for calcium in (False, True))
    inner, ca = tissue_of(rich).start - 1, rich.components.index("Ca")
    held = total(rich, "Ca")[:, inner] - total(bare, "Ca")[:, inner]
    lowest = at_tooth(rich).argmin()
    assert held[0] > 10.0 and held[lowest] < held[0] - 3.0 and held[-1] > held[lowest] + 1.0
    assert rich.inflow[0, lowest, ca] < 3.0 * min(bare.inflow[0, lowest, ca], 0.0) - 1e-4


def test_thicker_plaque_is_acid_for_longer():
    minutes = [below(solved(column(thickness=t), RINSE), 5.5) for t in (0.5e-4, 1.5e-4, 4e-4)]
    assert minutes[0] < minutes[1] < minutes[2]


def test_a_slow_film_and_more_work_make_it_worse():
    slow = mouth_schedule([Mouthful("rinse", 60.0, sugar=584.0), Mouthful("rest", 2400.0)], SALIVA.at("upper_anterior_buccal"))
    usual, slowed = below(solved(column(), RINSE), 5.5), below(solved(column(), slow), 5.5)
    idle = below(
        solved(column(), tuple(replace(s, exposure=replace(s.exposure, activity=0.3 * s.exposure.activity)) for s in RINSE)), 5.5
    )
    assert idle < usual < slowed


def test_days_with_meals_under_plaque_cost_mineral():
    """The same mouth with and without meals, the same tooth with and without plaque, plaque thick and thin."""

    def loss(of, sugar, hours=1.0):
        meal = mouth_schedule([Mouthful("meal", 900.0, sugar=sugar), Mouthful("rest", hours * HOUR)], SALIVA)
        run = solved(of, (Repeat(round(30 / (hours + 0.25)), meal),), saves=4)
        assert run.status[0] == 0
        return measure_run(run)["integrated_mineral_loss"][0, -1]

    thick = column(inert=False, cells=6, calcium=True, thickness=4e-4)
    thin, clean = replace(thick, biofilm=replace(thick.biofilm, thickness=1.5e-4)), replace(thick, biofilm=None)
    fed = loss(thick, 500.0)
    assert fed > 100.0 > 10.0 > loss(thick, 0.0)
    assert fed > loss(thin, 500.0) + 100.0 and abs(loss(clean, 500.0)) < 1e-3
    assert fed > 3.0 * loss(thick, 500.0, hours=3.0), "meals far apart leave time to recover"
    assert fed > loss(thick, 500.0, hours=4.0) + 100.0


def test_calcium_fluoride_forms_in_plaque_and_goes_again():
    of = column(inert=False, cells=6, calcium=True)
    strong = REST.fluid.model_copy(
        update={"totals_mmol_per_kgw": REST.fluid.totals_mmol_per_kgw | {"F": 50.0}, "charge_balanced_by": "Na"}
    )
    dose, wash = Segment(240.0, Exposure(strong)), Segment(60 * HOUR, replace(REST, film=0.0))
    run = solved(of, (dose, wash), saves=40)
    film = slice(0, tissue_of(run).start)
    k = run.phases.index("CaF2")
    formed = run.mineral[0, :, k, film].max(axis=1)
    assert run.status[0] == 0 and np.abs(run.balance).max() < 1e-10
    assert formed.max() > 1e-5
    assert formed[-1] < 0.9 * formed.max()
    apatite = [i for i, name in enumerate(run.phases) if name != "CaF2"]
    assert run.mineral[0, :, apatite, film].max() == 0.0, "no stone grows among bacteria"


def test_long_steps_leave_nothing_negative():
    """An hour of syrup in steps of any length: sugar is never below nothing, and acid stops itself."""
    exposure = replace(REST, sugar=1000.0)
    wild = solve(
        column(), (Segment(4 * HOUR, exposure),), diffusivities(37.0), Settings(grid=Grid(600.0, 4.0, 1e5), lanes=1, saves=100)
    )
    calm = solved(column(), (Segment(4 * HOUR, exposure),))
    assert wild.status[0] == calm.status[0] == 0
    for run in (wild, calm):
        assert total(run, "Glc").min() >= 0.0 and total(run, "Lac").min() >= 0.0
        assert 3.8 < run.ph.min() < 5.2
    assert at_tooth(wild)[-1] == pytest.approx(at_tooth(calm)[-1], abs=0.02)


def test_outcomes_are_those_of_the_tissue():
    run = solved(column(inert=False, cells=6), RINSE)
    film = tissue_of(run)
    assert film.start == 6 and run.edges[0] == pytest.approx(-1.5e-4) and run.edges[film.start] == 0.0
    assert (run.sound[0, :, : film.start] == 0.0).all() and (run.sound[0, :, film.start :].sum(axis=0) > 0.5).all()
    found = measure_run(run)
    assert found["surface_ph"][0] == pytest.approx(run.ph[0, :, film.start])
    assert found["collagen_loss"][0] == pytest.approx(0.0)
    assert np.abs(run.porosity[0, :, : film.start] - 0.8).max() < 1e-3


def test_steps_are_short_only_while_it_is_fed():
    fed, fasting = Segment(2 * HOUR, replace(REST, sugar=10 * FED)), Segment(2 * HOUR, replace(REST, sugar=0.0))
    of = column()
    assert solved(of, (fed,)).counts["steps"] > 2 * HOUR / LONGEST > 5 * solved(of, (fasting,)).counts["steps"]
    bare = replace(of, biofilm=None)
    assert solved(bare, (fed,)).counts["steps"] == solved(bare, (fasting,)).counts["steps"]


def test_members_have_their_own_biofilm():
    """Thrice the bacteria and thrice the buffer, in one run."""
    one = column()
    three = {name: np.repeat(np.broadcast_to(v, (1,)), 3) for name, v in one.parameters.items()}
    usual = typical()
    three["biofilm.production"] = usual["biofilm.production"] * np.array([1.0, 3.0, 1.0])
    three["biofilm.fixed_buffer"] = usual["biofilm.fixed_buffer"] * np.array([1.0, 1.0, 3.0])
    repeated = {name: np.repeat(getattr(one, name), 3, axis=0) for name in ("mineral", "sound", "organic")}
    run = solve(replace(one, parameters=three, **repeated), RINSE, diffusivities(37.0), Settings(lanes=16, saves=100))
    lowest = run.ph[:, :, tissue_of(run).start - 1].min(axis=1)
    alone = at_tooth(solved(one, RINSE, saves=100)).min()
    assert (run.status == 0).all() and np.abs(run.balance).max() < 1e-12
    assert lowest[0] == pytest.approx(alone, abs=1e-3)
    assert lowest[1] < lowest[0] - 0.2 < lowest[0] + 0.1 < lowest[2]


def test_a_specimen_with_a_biofilm_starts_in_resting_saliva():
    specimen = parse_specimen(
        {"name": "x", "tissue": "human enamel", "thickness": "500 um", "biofilm": {"thickness": "150 um"}}, where="x"
    )
    made = column_of(specimen, members=4, seed=1)
    assert made.biofilm.fluid.pH == pytest.approx(resting_fluid(SALIVA).pH) == pytest.approx(6.8, abs=0.05)
    usual = typical()
    drawn = {name: values for name, values in made.parameters.items() if name.startswith("biofilm.")}
    assert drawn.keys() == usual.keys()
    assert all(values[0] == pytest.approx(usual[name]) for name, values in drawn.items())
    assert len(set(drawn["biofilm.production"])) == 4


def test_leaps_over_days_with_sugar_keep_its_books():
    """What was eaten and what potassium the groups hold are carried with everything else."""
    day = (*RINSE, Segment(5 * HOUR, REST))
    schedule = (Repeat(40, day),)
    every, leapt = (solved(column(inert=False, cells=6), schedule, saves=2, threads=1, jump=jump) for jump in (0.0, 3e-3))
    assert leapt.counts["cycles skipped"] > 5
    assert np.abs(leapt.balance).max() < 1e-10
    lost = [(run.mineral[0, 0] - run.mineral[0, -1]).sum(axis=0) @ np.diff(run.edges) for run in (every, leapt)]
    assert lost[1] == pytest.approx(lost[0], rel=1e-2)
    assert np.abs(leapt.ph[0, -1] - every.ph[0, -1]).max() < 0.02
