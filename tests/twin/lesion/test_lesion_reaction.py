"""Dissolution in the slab: exact limits, equilibrium, orders of the method, closed balances, charge, and nothing where nothing is to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesion_columns import CLOSED, DAY, LACTIC, bath, enamel, loss, slab, solved

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import fluid_arrays
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.lesion.solve import Settings
from amelo.twin.lesion.steps import Grid

POROSITY, PORE_DIFFUSIVITY = 0.2, 2.6e-10
TABLE = reaction_table(37.0)
CHARGES = {c.name: c.charge for c in TABLE.components} | {"P": -2, "H": 1}  # phosphate is counted as HPO4 2-


def of(run, name: str) -> np.ndarray:
    return run.totals[0, :, run.components.index(name)]


# exact limits


@pytest.fixture(scope="module")
def front():
    """Local equilibrium for a day and for a week, cells fine enough for a front."""
    return [solved(slab("equilibrium", cells=60, thickness=150.0), (days * DAY, LACTIC)) for days in (1, 7)]


def test_mineral_loss_grows_with_the_root_of_time(front):
    """T1."""
    day, week = map(loss, front)
    assert week / day == pytest.approx(np.sqrt(7), rel=0.005)


def test_the_front_moves_as_a_shrinking_core(front):
    """T2: X² = 2 φ D Δc t/M, with Δc the calcium that the pore fluid gains behind the front."""
    run = front[0]
    gained = (of(run, "Ca")[-1, -1] - LACTIC.totals_mmol_per_kgw["Ca"]) / 5.0  # mol/m3 of mineral
    mineral = 0.8 / slab("equilibrium").parameters["molar_volume.HAp"][0]  # mol/m3 of tissue
    reach = np.sqrt(2 * POROSITY * PORE_DIFFUSIVITY * gained / mineral * DAY)
    assert loss(run) == pytest.approx(80e6 * reach, rel=0.01)
    assert reach == pytest.approx(38.6e-6, rel=0.01)  # as published


# equilibrium


@pytest.fixture(scope="module")
def saturated() -> tuple[float, Fluid]:
    """What of hydroxyapatite dissolves in the acid [mol/L] until it is saturated, and that fluid: nested roots of the speciation.

    The solid is neutral, so that the pH is where the charge is zero again.  Like the twin, with the activity of water as 1.
    """
    from scipy.optimize import brentq

    totals, *_ = fluid_arrays(TABLE, [LACTIC])
    closing = TABLE.names.index(LACTIC.charge_balanced_by)
    first = speciate(TABLE, totals, np.array([LACTIC.pH]), closing=np.array([closing])).totals[0]
    formula = np.zeros(len(first))
    formula[TABLE.names.index("Ca")], formula[TABLE.names.index("P")] = 5.0, 3.0
    solid = TABLE.solids.index(TABLE.solid("HAp"))

    def ph_of(x: float) -> float:
        return brentq(lambda ph: speciate(TABLE, (first + x * formula)[None], np.array([ph])).charge[0], 3.0, 11.0, xtol=1e-10)

    def index(x: float) -> float:
        batch = speciate(TABLE, (first + x * formula)[None], np.array([ph_of(x)]))
        return float(batch.saturation_index[0, solid] - np.log10(batch.water_activity[0]))

    dissolved = brentq(index, 1e-4, 1.5e-3, xtol=1e-12)
    amounts = {name: 1e3 * float(t) for name, t in zip(TABLE.names, first + dissolved * formula, strict=True) if t > 0}
    return dissolved, bath(ph_of(dissolved), "Na", **amounts)


def test_a_closed_box_comes_to_equilibrium(saturated):
    """Acid shut into the pores: saturation index 0, and pH, calcium and what dissolved are those of an independent root."""
    dissolved, fluid = saturated
    column = replace(slab("equilibrium", cells=4, thickness=20.0), fluid=LACTIC)
    run = solved(column, (30 * DAY, LACTIC, CLOSED))
    assert run.saturation_index[0, -1, 0] == pytest.approx(np.zeros(4), abs=1e-4)
    assert run.ph[0, -1] == pytest.approx(np.full(4, fluid.pH), abs=1e-4)
    assert of(run, "Ca")[-1] == pytest.approx(np.full(4, fluid.totals_mmol_per_kgw["Ca"]), rel=1e-4)
    moles = (0.8 - run.mineral[0, -1, 0]) / column.parameters["molar_volume.HAp"][0]
    assert moles == pytest.approx(np.full(4, 1e3 * POROSITY * dissolved), rel=1e-4)
    assert np.abs(run.inflow).max() < 1e-20


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_a_saturated_bath_changes_nothing(saturated, diffusion):
    calm = saturated[1]
    column = replace(slab("equilibrium", diffusion=diffusion), fluid=calm)
    run = solved(column, (30 * DAY, calm))
    assert abs(loss(run)) < 0.01  # of 12000 vol%·µm that are there
    assert run.ph[0, -1] == pytest.approx(np.full(30, calm.pH), abs=1e-5)
    assert run.mineral[0, -1, 0] == pytest.approx(np.full(30, 0.8), abs=1e-6)


# orders


def test_steps_in_time_are_of_second_order():
    losses = np.array([loss(solved(slab(), (DAY, LACTIC), grid=Grid(20.0, 1.5, 3600.0, parts))) for parts in (1, 2, 4, 8, 16)])
    differences = np.diff(losses)
    order = np.polyfit(np.arange(4), np.log2(np.abs(differences)), 1)[0]
    assert order == pytest.approx(-2.0, abs=0.2)
    best = (4 * losses[-1] - losses[-2]) / 3
    assert abs((4 * losses[1] - losses[0]) / 3 - best) < 0.1 * abs(losses[1] - best)  # two coarse runs, extrapolated


def test_steps_are_of_first_order_and_small_where_pores_open_and_close():
    """Acid that opens pores and rest that closes them, with everything that is held in a step: each halving takes half of half a per cent.

    What is left is of first order: growth answers to the acids of the step before, which fall by far just after an edge.
    """
    acid = bath(4.5, "K", Ace=50.0, Ca=2.0, P=2.0, F=0.0016, Cl=4.0, K=50.0)
    rest = bath(7.0, "K", Ca=1.5, P=0.9, Cl=133.0, K=130.0, F=0.001)
    parts = (10800.0, acid), (75600.0, rest)
    losses = np.array([loss(solved(enamel(), *parts, *parts, *parts, grid=Grid(parts=count))) for count in (1, 2, 4, 8, 16)])
    best = losses[-1] + np.diff(losses)[-1]
    errors = np.abs(losses[:-1] - best)
    assert (errors[:-1] / errors[1:] > 1.8).all() and errors[0] < 0.006 * abs(best)


def test_cells_are_of_second_order_in_a_reacting_slab():
    grid = Grid(5.0, 2.0, 1800.0, 2)
    losses = np.array([loss(solved(slab(cells=cells), (0.5 * DAY, LACTIC), grid=grid)) for cells in (15, 30, 60, 120)])
    order = np.polyfit(np.arange(3), np.log2(np.abs(np.diff(losses))), 1)[0]
    assert order == pytest.approx(-2.0, abs=0.25)
    assert abs(losses[1] / losses[-1] - 1) < 5e-3  # 5 µm are enough


# balances


@pytest.fixture(scope="module", params=["kinetic", "equilibrium", "species"])
def any_run(request):
    law = {"kinetic": {}, "equilibrium": "equilibrium", "species": "equilibrium"}[request.param]
    return solved(
        slab(law, diffusion="species" if request.param == "species" else "single"),
        (0.2 * DAY, LACTIC, 2e-5),
        (0.3 * DAY, bath(7.0, "K", Ca=1.5, P=0.9, K=130.0, Tr=130.0, Lac=1e-6)),
        (0.5 * DAY, LACTIC),
    )


def test_every_balance_is_closed_at_every_saved_time(any_run):
    assert any_run.status.tolist() == [0] and any_run.balance.shape[1] > 10
    assert np.abs(any_run.balance).max() < 1e-10


def test_the_books_can_be_checked_from_what_is_published(any_run):
    """Calcium and phosphate in the fluid and in the mineral, less what was there, is what came in; without any figure of the solver's."""
    widths = np.diff(any_run.edges)
    volume = slab().parameters["molar_volume.HAp"][0]
    for name, each in (("Ca", 5), ("P", 3), ("Lac", 0), ("Tr", 0)):
        held = (POROSITY * of(any_run, name) + each * any_run.mineral[0, :, 0] / volume) @ widths
        came = any_run.inflow[0, :, any_run.components.index(name)]
        scale = np.abs(held[0]) + np.abs(came).max() + 1e-30
        assert np.abs(held - held[0] - came).max() < 1e-10 * scale, name


def charge_of(run) -> tuple[np.ndarray, np.ndarray]:
    """Return the charge (T, N) of the pore fluid and the sum of charges of either sign [mol/m3]."""
    weights = np.array([CHARGES[name] for name in run.components])
    carried = weights[:, None] * run.totals[0]
    return carried.sum(axis=1), np.abs(carried).sum(axis=1)


def test_the_charge_that_came_in_is_the_charge_that_is_there(any_run):
    density, _ = charge_of(any_run)
    held = POROSITY * density @ np.diff(any_run.edges)
    weights = np.array([CHARGES[name] for name in any_run.components])
    came = any_run.inflow[0] @ weights
    throughput = np.abs(any_run.inflow[0] * weights).sum(axis=1).max()
    assert np.abs(held - held[0] - came).max() < 1e-10 * throughput


@pytest.mark.parametrize(("diffusion", "limit"), [("single", 1e-10), ("species", 4e-3)])
def test_the_pore_fluid_is_neutral(diffusion, limit):
    """With one diffusivity nothing can part the ions; where each has its own, their charge holds them together within a step."""
    run = solved(slab("equilibrium", diffusion=diffusion), (DAY, LACTIC))
    density, size = charge_of(run)
    unbalanced = np.abs(density / size)
    assert unbalanced[1:].max() < limit
    assert unbalanced[-1].max() < 1e-5


# care


def test_the_same_run_twice_is_the_same_to_the_last_bit():
    one, two = (solved(slab(), (0.2 * DAY, LACTIC)) for _ in range(2))
    assert np.array_equal(one.mineral, two.mineral) and np.array_equal(one.ph, two.ph) and one.counts == two.counts


def test_acid_only_takes_and_more_acid_takes_more():
    losses = []
    for ph in (5.5, 5.0, 4.5, 4.0):
        run = solved(slab(), (0.5 * DAY, bath(ph, "Na", Ca=1e-4, P=1e-4, Lac=50.0, Na=40.0, Tr=100.0, K=100.0)))
        share = run.mineral[0, -1, 0]
        assert np.all(np.diff(share) > -1e-12) and np.all(share <= 0.8 + 1e-12)  # no layer without a mechanism for one
        losses.append(loss(run))
    assert np.all(np.diff(losses) > 0)


def test_a_supersaturated_bath_only_gives():
    calm = bath(7.0, "K", Ca=1.5, P=0.9, K=130.0, Tr=130.0, Lac=1e-6)
    run = solved(slab(), (10 * DAY, calm))
    assert loss(run) < 0 and np.all(np.diff(run.mineral[0, -1, 0]) < 1e-12)
    assert np.all(run.saturation_index[0, -1, 0] > 0)


def test_a_run_that_cannot_be_solved_says_where():
    run = solved(slab(), (DAY, LACTIC), grid=Grid(DAY, 1.0, DAY), iterations=1, cuts=0)
    assert run.status.tolist() == [1] and run.counts["rejections"] == 1
    assert "no solution after 0" in run.failure[0] and "step of 8.64e+04 s" in run.failure[0]
    good = solved(slab(), (DAY, LACTIC), grid=Grid(DAY, 1.0, DAY))
    assert good.status.tolist() == [0]
    assert Settings().cuts > 0
