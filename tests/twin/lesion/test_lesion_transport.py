"""Diffusion alone, with reaction switched off by its constant: the error function, films, doses, walls, and closed books."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesion_columns import CLOSED, DAY, PORE, bath, slab, solved

from amelo.twin.column import Column
from amelo.twin.lesion.steps import Grid

POROSITY, PORE_DIFFUSIVITY = 0.2, 2.6e-10
FREE = PORE_DIFFUSIVITY / POROSITY  # in the water of a film
MARKED = bath(7.0, Ca=0.15, P=0.09, K=100.0, Tr=99.0, Cl=1.0, Lac=1e-6)
FINE = Grid(first=0.02, growth=1.05, longest=0.5)


def inert(**options) -> Column:
    """Return the slab without reaction; the same kernel."""
    column = slab(**options)
    still = {name: 0.0 * values for name, values in column.parameters.items() if "_rate." in name}
    return replace(column, fluid=PORE, parameters=column.parameters | still)


def chloride(run) -> np.ndarray:
    """Return chloride in the pores (T, N) [mol/m3]."""
    return run.totals[0, :, run.components.index("Cl")]


def entered(run, name: str = "Cl") -> np.ndarray:
    return run.inflow[0, :, run.components.index(name)]


def test_a_tracer_follows_the_error_function():
    from scipy.special import erfc

    seconds = 10.0
    run = solved(inert(cells=150, thickness=300.0), (seconds, MARKED), grid=FINE)
    depth = 0.5 * (run.edges[1:] + run.edges[:-1])
    exact = erfc(depth / (2 * np.sqrt(PORE_DIFFUSIVITY * seconds)))
    assert chloride(run)[-1] == pytest.approx(exact, abs=6e-3)
    assert entered(run)[-1] == pytest.approx(2 * POROSITY * np.sqrt(PORE_DIFFUSIVITY * seconds / np.pi), rel=4e-3)


def test_a_film_of_still_water_is_a_resistance_in_series():
    """Carslaw and Jaeger: a half-space behind a surface resistance; the film's water diffuses as free water does."""
    from scipy.special import erfc, erfcx

    seconds, film = 40.0, 2e-3
    run = solved(inert(cells=150, thickness=600.0), (seconds, MARKED, film), grid=FINE)
    depth, spread = 0.5 * (run.edges[1:] + run.edges[:-1]), np.sqrt(PORE_DIFFUSIVITY * seconds)
    h = (FREE / film) / (POROSITY * PORE_DIFFUSIVITY)  # 1/m
    x = depth / (2 * spread)
    exact = erfc(x) - np.exp(-(x**2)) * erfcx(x + h * spread)
    assert exact[0] < 0.8  # the film matters
    assert chloride(run)[-1] == pytest.approx(exact, abs=6e-3)


def test_a_thicker_film_lets_less_in_and_a_wall_nothing():
    column = inert()
    amounts = [entered(solved(column, (20.0, MARKED, film)))[-1] for film in (0.0, 2e-5, 1e-4, 1e-3, CLOSED)]
    assert np.all(np.diff(amounts) < 0)
    assert abs(amounts[-1]) < 1e-20


@pytest.mark.parametrize("grid", [Grid(), Grid(5.0, 2.0, 600.0, 4), Grid(40.0, 3.0, 7200.0), Grid(0.5, 1.5, 30.0)], ids=str)
def test_what_is_dosed_arrives_on_any_grid(grid):
    """Behind a film so thick that the tissue stays empty beside the bath, a dose is concentration times time, to the second."""
    film, pulse = 1.0, 7.0
    run = solved(inert(), (3600.0, PORE), (pulse, MARKED, film), (1800.0, PORE, CLOSED), grid=grid)
    before = entered(run)[run.time < 3600.5]
    assert np.abs(before).max() < 1e-18
    dosed = FREE / film * pulse  # of 1 mol/m3
    assert entered(run)[-1] == pytest.approx(dosed, rel=2e-3)
    held = POROSITY * chloride(run)[-1] @ np.diff(run.edges)
    assert held == pytest.approx(entered(run)[-1], rel=1e-10)


def test_two_pulses_are_twice_one_whatever_lies_between():
    film = 1.0
    once = entered(solved(inert(), (30.0, MARKED, film)))[-1]
    twice = entered(solved(inert(), (30.0, MARKED, film), (7200.0, PORE, CLOSED), (30.0, MARKED, film)))[-1]
    assert twice == pytest.approx(2 * once, rel=2e-3)  # what is in the tissue holds back a little of the second
    assert twice < 2 * once


def test_inside_the_wall_a_tracer_becomes_even():
    run = solved(inert(), (10.0, MARKED), (DAY, PORE, CLOSED))
    last = chloride(run)[-1]
    assert last == pytest.approx(np.full(len(last), last.mean()), rel=1e-6)
    assert POROSITY * last @ np.diff(run.edges) == pytest.approx(entered(run)[-1], rel=1e-10)


def test_cells_are_of_second_order():
    from scipy.special import erfc

    seconds, errors = 10.0, []
    spread = np.sqrt(PORE_DIFFUSIVITY * seconds)
    for cells in (12, 24, 48):
        column = inert(cells=cells, thickness=300.0)
        coarse, fine = (chloride(solved(column, (seconds, MARKED), grid=Grid(0.02, 1.05, 0.2, parts)))[-1] for parts in (1, 2))
        faces = np.linspace(0.0, 3e-4, cells + 1)
        edges = faces / (2 * spread)
        primitive = 2 * spread * (edges * erfc(edges) - np.exp(-(edges**2)) / np.sqrt(np.pi))
        errors.append(np.abs(2 * fine - coarse - np.diff(primitive) / np.diff(faces)).mean())  # steps taken out
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx([2.0, 2.0], abs=0.2)
