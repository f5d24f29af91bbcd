"""Warming against what can be solved by hand, and heat that is made, held and lost in balance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.heat import (
    canal_warming,
    conduct,
    dentine_warming,
    fraction_for_warming,
    heat_of,
    pulp_exchange,
    single_warming,
)
from amelo.therapy.nano.passage import tubule

CAPS = Carrier.named("caps-400")
VALUE = load_set("nano/scene").value
LONG = 1e7  # s
DENTINE, WATER = VALUE("dentine.conductivity"), VALUE("water.conductivity")


def test_one_carrier_alone_warms_by_microkelvins():
    strong = CAPS.changed(iron_absorption=1e6)
    by_hand = 0.2 * np.pi / 6 * (4e-7) ** 3 * 5180 * 1e6 / (4 * np.pi * 0.62 * 2e-7)
    assert single_warming(strong) == pytest.approx(by_hand, rel=1e-12)
    assert single_warming(CAPS) == pytest.approx(0.1 * single_warming(strong))
    assert single_warming(CAPS.changed(diameter=8e-7)) == pytest.approx(4.0 * single_warming(CAPS))  # as the square of its size


def test_the_fraction_for_a_warming_is_the_one_that_warms_so():
    fraction = fraction_for_warming(CAPS, 5e-4, 10.0)
    assert canal_warming(5e-4, float(heat_of(CAPS, fraction / CAPS.volume))) == pytest.approx(10.0)
    with pytest.raises(ParameterError, match="nano-hap is not heated"):
        fraction_for_warming(Carrier.named("nano-hap"), 5e-4, 10.0)


def test_a_slab_ends_at_the_parabola():
    edges, heat = np.linspace(0.0, 2e-3, 101), 1e6
    found = conduct(edges, np.full(100, heat), LONG, exchange=np.inf).warming[0]
    middle = 0.5 * (edges[1:] + edges[:-1])
    np.testing.assert_allclose(
        found, heat / (2 * DENTINE) * (edges[-1] ** 2 - middle**2), rtol=1e-2, atol=heat * (2e-5) ** 2 / DENTINE
    )
    pulp = conduct(edges, np.full(100, heat), LONG)
    assert pulp.far[0] == pytest.approx(heat * 2e-3 / pulp_exchange(), rel=1e-9)  # all heat leaves through the pulp


def test_order_two_in_space():
    errors = []
    for cells in (20, 40, 80):
        edges = np.linspace(0.0, 1e-3, cells + 1)
        made = conduct(edges, np.full(cells, 1e6), LONG, tube=True, canal=1.0, exchange=np.inf).warming[0]
        middle = 0.5 * (edges[1:] + edges[:-1])
        errors.append(np.abs(made - 1e6 / (4 * WATER) * (1e-6 - middle**2)).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.8), orders


def test_a_canal_within_dentine_is_warmer_than_one_with_a_held_wall():
    edges = np.linspace(0.0, 3e-3, 301)
    heat = np.where(edges[1:] <= 5.0001e-4, 5e7, 0.0)
    found = conduct(edges, heat, LONG, tube=True, canal=5e-4, exchange=np.inf).warming[0]
    wall = 5e7 * 2.5e-7 / (2 * DENTINE) * np.log(3e-3 / 5e-4)
    assert found[0] == pytest.approx(canal_warming(5e-4, 5e7) + wall, rel=5e-3)


def test_early_on_heat_stays_where_it_is_made():
    edges = np.linspace(0.0, 2e-3, 51)
    heat = np.linspace(0.0, 1e6, 50)
    found = conduct(edges, heat, 1e-4)
    inner = slice(1, -1)
    np.testing.assert_allclose(found.warming[0, inner], heat[inner] * 1e-4 / VALUE("dentine.heat_capacity"), rtol=1e-2)


def test_transient_against_the_series_of_a_slab():
    time, length, heat = np.array([0.5, 2.0, 5.0]), 2e-3, 1e6
    diffusivity = DENTINE / VALUE("dentine.heat_capacity")
    odd = np.arange(1, 400, 2)
    sign = np.where(odd % 4 == 1, 1.0, -1.0)
    lasting = 16 / np.pi**3 * (sign / odd**3) * np.exp(-((odd * np.pi / (2 * length)) ** 2) * diffusivity * time[:, None])
    series = heat * length**2 / DENTINE * (0.5 - lasting.sum(axis=1))
    found = conduct(np.linspace(0, length, 401), np.full(400, heat), time, exchange=np.inf).warming[:, 0]
    np.testing.assert_allclose(found, series, rtol=2e-4)


def test_carriers_in_tubules_warm_the_pulp_as_much_as_their_iron_does():
    passage = tubule(cells=100)
    plug = np.where(passage.edges[1:] < 3e-4, 1e7, 0.0)  # carriers per metre, close together
    found = dentine_warming(passage, CAPS, plug, [600.0, LONG])
    carriers = float(plug @ np.diff(passage.edges)) * passage.density
    assert found.made[0] == pytest.approx(carriers * CAPS.iron_oxide_mass * CAPS.iron_absorption * 600.0)
    assert found.far[1] == pytest.approx(found.made[1] / LONG / pulp_exchange(), rel=1e-6)
    assert 0.0 < found.far[0] < found.far[1] < found.warming[1, 0]
    with pytest.raises(ParameterError, match="how many there are per area"):
        dentine_warming(replace(passage, density=0.0), CAPS, plug, 1.0)


@given(
    seed=st.integers(0, 2**32 - 1),
    cells=st.integers(2, 60),
    tube=st.booleans(),
    canal=st.floats(0.0, 2e-3),
    time=st.floats(1e-3, 1e5),
)
def test_heat_is_made_held_or_lost(seed, cells, tube, canal, time):
    draw = np.random.default_rng(seed)
    edges = np.concatenate([[0.0], np.cumsum(draw.uniform(1e-5, 1e-4, cells))])
    found = conduct(edges, draw.uniform(0.0, 1e7, cells), [time], tube=tube, canal=canal)
    assert found.held[0] + found.lost[0] == pytest.approx(found.made[0], rel=1e-8)
    assert np.all(found.warming >= -1e-9 * np.abs(found.warming).max())


@pytest.mark.parametrize(
    ("edges", "heat", "tube"), [([0, 1, 1], [1, 1], False), ([0, 1, 2], [1], False), ([1, 2, 3], [1, 1], True)]
)
def test_edges_that_make_no_cells_are_refused(edges, heat, tube):
    with pytest.raises(ParameterError, match="edges of a warming"):
        conduct(edges, heat, 1.0, tube=tube)
