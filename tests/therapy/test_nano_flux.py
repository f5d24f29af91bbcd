"""Fluxes of carriers between cells: equilibria, analytic solutions, order in time and space, exchange with the wall, packing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import erfc

from amelo.therapy.nano import flux
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.density import State, carry
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import Passage, flow, tubule
from amelo.therapy.nano.problem import fluid_factors, problem_of

CAPS = Carrier.named("caps-400").changed(stick_tubule=0.0)
WIDTH = 1.2e-6


def straight(cells: int, length: float = 200e-6, *, width: float = WIDTH, far: str = "closed", edges=None) -> Passage:
    edges = np.linspace(0.0, length, cells + 1) if edges is None else edges
    ones = np.ones(len(edges))
    return Passage(edges, width * ones, 0.0 * ones, far)


def middle(passage: Passage) -> np.ndarray:
    return 0.5 * (passage.edges[1:] + passage.edges[:-1])


def test_bernoulli_is_right_from_far_below_to_far_above_zero():
    x = np.array([-800.0, -30.0, -1.0, -2e-3, -1e-3, -1e-6, 0.0, 1e-6, 9.99e-4, 1.001e-3, 1.0, 30.0, 550.0])
    found = np.asarray(flux.bernoulli(x))
    exact = [-v / -np.expm1(v) if v else 1.0 for v in x]
    np.testing.assert_allclose(found, exact, rtol=1e-13)
    np.testing.assert_allclose(flux.bernoulli(-x[1:]), found[1:] + x[1:], rtol=1e-13, atol=1e-13)
    assert 0.0 <= float(flux.bernoulli(1e6)) < 1e-200


def test_without_drift_the_density_per_reachable_area_stays_even_however_the_passage_widens():
    passage = tubule(2e-3, 120, outflow=0.0)
    even = flow(passage, CAPS, Field()).reach_cells * 1e15
    state = State.empty(passage)._replace(free=even, free_load=even)
    after, account = carry(passage, CAPS, Field(), state, outside=1e15, duration=1e5, release_rate=0.0)
    np.testing.assert_allclose(after.free, even, rtol=1e-11)
    assert abs(float(account.entered - account.left_by_mouth)) < 1e-11 * even.sum()


def test_a_pulse_in_a_closed_widening_passage_ends_even_per_reachable_area():
    passage = tubule(40e-6, 60, diameters=(0.7e-6, 0.9e-6, 1.6e-6), outflow=0.0, first=0.3e-6)
    reach = flow(passage, CAPS, Field()).reach_cells
    state = State.empty(passage).placed(passage, 1e-3)
    after, _ = carry(passage, CAPS, Field(), state, outside=None, duration=2e5)
    per_area = np.asarray(after.free) / reach
    assert per_area.max() / per_area.min() == pytest.approx(1.0, abs=1e-6)


def test_pulled_against_a_closed_end_the_profile_is_that_of_boltzmann_on_any_grid():
    for cells in (15, 60):
        passage = straight(cells, 30e-6)
        speed = flow(passage, CAPS, Field(gradient=1.0))
        state = State.empty(passage).placed(passage, 1e-6)
        after, _ = carry(passage, CAPS, Field(gradient=1.0), state, outside=None, duration=5e4)
        expected = np.exp(speed.drift[0] / speed.diffusivity[0] * middle(passage))
        found = np.asarray(after.free)
        np.testing.assert_allclose(found / found[-1], expected / expected[-1], rtol=1e-7, atol=1e-12)


def test_a_bath_at_the_mouth_gives_the_analytic_front():
    passage = straight(800)
    field, seconds, outside = Field(gradient=0.5), 60.0, 1e12
    moving = flow(passage, CAPS, field)
    v, d, reach = moving.drift[0], moving.diffusivity[0], moving.reach[0]
    after, account = carry(passage, CAPS, field, State.empty(passage), outside=outside, duration=seconds, steps=512)
    x, root = middle(passage), np.sqrt(4.0 * d * seconds)
    exact = 0.5 * outside * (erfc((x - v * seconds) / root) + np.exp(v * x / d) * erfc((x + v * seconds) / root))
    np.testing.assert_allclose(np.asarray(after.free) / reach, exact, atol=1e-3 * outside)
    assert float(account.entered) == pytest.approx(float((after.free * np.diff(passage.edges)).sum()), rel=1e-12)


def gaussian(passage: Passage, at: float, wide: float) -> np.ndarray:
    return np.exp(-0.5 * ((middle(passage) - at) / wide) ** 2) / (wide * np.sqrt(2.0 * np.pi))


@pytest.mark.parametrize("graded", [False, True])
def test_space_is_of_second_order(graded):
    field, seconds = Field(gradient=0.2), 100.0
    errors = []
    for cells in (50, 100, 200, 400):
        s = np.linspace(0.0, 1.0, cells + 1)
        passage = straight(cells, edges=200e-6 * ((s + s**2) / 2.0 if graded else s))
        moving = flow(passage, CAPS, field)
        start = gaussian(passage, 90e-6, 10e-6)
        after, _ = carry(
            passage, CAPS, field, State.empty(passage)._replace(free=start), outside=None, duration=seconds, steps=1024
        )
        spread = np.sqrt((10e-6) ** 2 + 2.0 * moving.diffusivity[0] * seconds)
        exact = gaussian(passage, 90e-6 + moving.drift[0] * seconds, spread)
        errors.append(np.abs(np.asarray(after.free) - exact).max() / exact.max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[-1] == pytest.approx(2.0, abs=0.15), (errors, orders)
    assert errors[-1] < 1e-3


def test_time_is_of_second_order_with_plugs_as_well():
    passage = straight(60, 120e-6, width=3e-6)
    bump = gaussian(passage, 50e-6, 15e-6)
    dense = bump / bump.max() * 0.4 / (CAPS.volume / (0.25 * np.pi * 9e-12))  # above the fraction at which it gels
    for start, least in ((bump, 1.9), (dense, 1.7)):
        found = []
        for steps in (128, 256, 512, 1024):
            state = State.empty(passage)._replace(free=start, free_load=start)
            after, _ = carry(passage, CAPS, Field(gradient=0.5), state, outside=None, duration=60.0, steps=steps)
            found.append(np.concatenate([np.asarray(x) for x in (after.free, after.plug, after.free_load)]))
            assert (float(after.plug.sum()) > 0.0) == (start is dense)
        gaps = [np.abs(a - b).max() for a, b in pairwise(found)]
        orders = np.log2(np.array(gaps[:-1]) / gaps[1:])
        assert (orders > least).all(), orders


def test_a_single_giant_step_is_stable_and_close_to_the_steady_state():
    passage = straight(50, 20e-6, far="pulp")
    steady = 1.0 - middle(passage) / 20e-6
    after, _ = carry(passage, CAPS, Field(), State.empty(passage), outside=1e12, duration=1e9, steps=1)
    reach = flow(passage, CAPS, Field()).reach_cells
    np.testing.assert_allclose(np.asarray(after.free) / reach / 1e12, steady, atol=1e-4)


def problem_in(passage: Passage, carrier: Carrier = CAPS, **given):
    given = {"outside": None, "duration": 1.0, "load": 1.0} | given
    return problem_of(passage, carrier, Field(), fluid_factors(carrier, 7.0, 0.0), given, False)


def content(passage: Passage, **values: float) -> flux.Content:
    cells = len(passage.edges) - 1
    return flux.Content(*(values.get(name, 0.0) * np.ones(cells) for name in flux.Content._fields))


def test_exchange_with_the_wall_is_that_of_the_matrix_exponential():
    passage = straight(4)
    problem = problem_in(passage, stick_tubule=3e-8, detach_rate=0.02, release_rate=1e-3)
    stick, detach, release = 3e-8 * 4.0 / WIDTH, 0.02, 1e-3
    before = content(passage, free=2e3, free_load=1.5e3, stuck=1e3, stuck_load=0.4e3, plug=10.0, plug_load=9.0)
    for seconds in (1e-3, 7.0, 1e6):
        after = flux.exchange(problem, before, seconds, False)
        swap = expm(np.array([[-stick, detach], [stick, -detach]]) * seconds)
        np.testing.assert_allclose([after.free[0], after.stuck[0]], swap @ [2e3, 1e3], rtol=1e-10)
        left = np.exp(-release * seconds)
        np.testing.assert_allclose([after.free_load[0], after.stuck_load[0]], left * swap @ [1.5e3, 0.4e3], rtol=1e-8, atol=1e-9)
        assert float(after.released[0]) == pytest.approx((1.5e3 + 0.4e3 + 9.0) * -np.expm1(-release * seconds), rel=1e-12)
        assert float(after.plug[0]) == 10.0


def test_without_a_wall_nothing_sticks():
    open_water = replace(straight(4), width=np.full(5, np.inf))
    problem = problem_in(open_water, Carrier.named("caps-400"), stick_tubule=1e-3)
    assert np.all(problem.stick == 0.0)
    assert np.all(problem.ratio == 0.0)


def test_what_does_not_fit_is_pushed_back_to_the_last_room_with_the_load_it_mixed():
    carriers, loads = np.array([0.0, 1.0, 7.0, 2.0]), np.array([0.0, 0.0, 7.0, 0.0])
    room, all_follow = np.array([5.0, 3.0, 4.0, 5.0]), np.ones(4, bool)
    out, out_load = (np.asarray(x) for x in flux._pushed(carriers, loads, room, all_follow, 1.0))
    np.testing.assert_allclose(out, [0.0, 0.0, 0.0, 3.0, 0.0])
    np.testing.assert_allclose(out_load, [0.0, 0.0, 0.0, 3.0, 0.0])
    crammed = np.array([9.0, 3.0, 4.0, 9.0])
    out, out_load = (np.asarray(x) for x in flux._pushed(crammed, crammed * 0.5, room, all_follow, 1.0))
    np.testing.assert_allclose(out, [0.0, 4.0, 4.0, 4.0, 8.0])  # the last goes out
    np.testing.assert_allclose(out_load, out * 0.5)
    out, _ = (np.asarray(x) for x in flux._pushed(crammed, crammed, room, all_follow, 0.0))
    np.testing.assert_allclose(out, [0.0, 4.0, 4.0, 4.0, 0.0])  # a closed end takes all
    out, _ = (np.asarray(x) for x in flux._pushed(crammed, crammed, room, np.array([True, False, True, True]), 1.0))
    np.testing.assert_allclose(out, [0.0, 4.0, 0.0, 0.0, 4.0])  # the second keeps what comes


@pytest.mark.parametrize("inwards", [True, False])
def test_carriers_pile_up_no_closer_than_they_pack(inwards):
    passage = straight(40, 40e-6, width=6e-6)  # too wide to jam
    field = Field(gradient=20.0 if inwards else -20.0)
    close = 0.64 * 0.25 * np.pi * 36e-12 / CAPS.volume
    start = np.full(40, 0.25 * close)
    state = State.empty(passage)._replace(free=start, free_load=start)
    after, account = carry(passage, CAPS, field, state, outside=None, duration=200.0, gelation_fraction=10.0, release_rate=0.0)
    found = np.asarray(after.free) / close
    assert found.max() < 1.0 + 1e-9
    assert float(account.peak_fraction) < 0.64 * (1.0 + 1e-9)
    piled = found if inwards else found[::-1]
    assert np.all(piled[-8:] > 0.99) and np.all(piled[:25] < 1e-3)  # a quarter of 40 cells, filled
    assert found.sum() == pytest.approx(10.0, rel=1e-12)
    np.testing.assert_allclose(after.free_load, after.free, rtol=1e-9, atol=1e-9 * close)
