"""The particle tier against exact laws: diffusion, pull, a wall, narrowing, an end that takes away, sticking; and bits that stay."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from amelo.therapy.nano import kicks, motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.particle_checks import free_diffusion, magnetic_drift, open_slab, wall_equilibrium
from amelo.therapy.nano.particles import FREE, LEFT, PULP, STUCK, advance, evenly, release, tables_of, threads_set
from amelo.therapy.nano.passage import Passage, flow, tubule

CAPS = Carrier.named("caps-400").changed(stick_tubule=0.0)
OPEN = float(motion.diffusivity(4e-7, 37.0, motion.viscosity(37.0)))


def tapered(width, length=1e-4, cells=50, **fields):
    edges = np.linspace(0.0, length, cells + 1)
    return Passage(edges, np.interp(edges, (0.0, length), width), np.zeros(cells + 1), **fields)


def test_mean_square_displacement_is_that_of_stokes_and_einstein():
    found = free_diffusion(CAPS, key=11)
    assert found.expected == pytest.approx(1.643e-12, rel=1e-3)
    assert abs(found.error) < 0.01
    assert abs(found.error) < 4.0 * found.noise


@pytest.mark.parametrize("gradient", [1.0, -2.0])
def test_pull_is_that_of_stokes(gradient):
    found = magnetic_drift(CAPS, gradient, key=5)
    assert found.expected == pytest.approx(1.029e-6 * gradient, rel=1e-3)
    assert abs(found.error) < 1e-3


def test_carriers_against_a_wall_obey_boltzmann():
    found = wall_equilibrium(CAPS, key=1)
    assert found.expected == pytest.approx(1.60e-6, rel=5e-3)
    assert found.p > 0.01
    assert abs(found.error) < 4.0 * found.noise


def test_the_test_against_boltzmann_can_fail():
    assert wall_equilibrium(CAPS, key=1, relaxations=0.5).p < 0.01


def test_at_rest_in_a_taper_density_follows_reach():
    """Without drift every place that centres can reach is as likely; D and area both change by a lot along the way."""
    passage = tapered((0.9e-6, 2.5e-6), length=1e-5)
    step = 2e-3
    tables = tables_of(passage, CAPS, Field(), step)
    particles = release(10_000, 3, between=(0.0, 1e-5))
    advance(particles, tables, kicks.step_words(3, 0, 20_000))
    even = evenly(passage, 1000)
    reach = flow(even, CAPS, Field()).reach_cells
    share = np.concatenate([[0.0], np.cumsum(reach)]) / reach.sum()
    from scipy.stats import kstest

    assert kstest(particles.depth, lambda z: np.interp(z, even.edges, share)).pvalue > 0.01
    assert kstest(particles.depth, lambda z: z / 1e-5).pvalue < 1e-6


def test_what_crosses_an_open_end_is_as_much_as_the_first_passage_law_says():
    length, time, steps = 2e-5, 40.0, 2000
    slab = open_slab(length, far="pulp")
    particles = release(50_000, 1, between=(1.2e-5, 1.2e-5))
    advance(particles, tables_of(slab, CAPS, Field(), time / steps), kicks.step_words(1, 0, steps))
    gone = (particles.mode == PULP).mean()
    n = np.arange(200) + 0.5
    kept = np.sum(
        2.0 * np.sin(n * np.pi) / (n * np.pi) * np.cos(n * np.pi * 0.6) * np.exp(-((n * np.pi / length) ** 2) * OPEN * time)
    )
    assert gone == pytest.approx(1.0 - kept, abs=4.0 * sqrt(0.25 / 50_000))
    assert (particles.depth[particles.mode == PULP] == length).all()


def test_an_open_mouth_takes_away_and_a_closed_one_throws_back():
    slab = open_slab(2e-5)
    for mouth, mode in ((True, LEFT), (False, FREE)):
        particles = release(1000, 2, between=(1e-6, 1e-6))
        advance(particles, tables_of(slab, CAPS, Field(gradient=-5.0), 2e-3, open_mouth=mouth), kicks.step_words(2, 0, 5000))
        assert (particles.mode == mode).all()


def test_sticking_is_exponential_in_time_and_stops_carriers():
    carrier = CAPS.changed(stick_tubule=1e-7)
    passage = tapered((2e-6, 2e-6))
    tables = tables_of(passage, carrier, Field(), 0.01)
    particles = release(20_000, 4, between=(0.0, 1e-4))
    advance(particles, tables, kicks.step_words(4, 0, 500))
    stuck = particles.mode == STUCK
    rate = 1e-7 * 4.0 / 2e-6
    assert stuck.mean() == pytest.approx(1.0 - exp(-rate * 5.0), abs=4.0 * sqrt(0.25 / 20_000))
    held = particles.depth[stuck].copy()
    advance(particles, tables, kicks.step_words(4, 500, 100))
    assert (particles.depth[stuck] == held).all()


def test_sticking_grows_with_acid_where_the_acid_is():
    carrier, passage = CAPS.changed(stick_tubule=1e-8), tapered((2e-6, 2e-6), cells=2)
    hazard = tables_of(passage, carrier, Field(), 0.01, ph=np.array([5.0, 7.0])).hazard
    assert hazard[0] == pytest.approx(hazard[-1] * carrier.stick_acid_factor**2)


def test_walls_of_its_own_throw_each_carrier_back():
    slab = open_slab(1e-4)
    particles = release(2000, 6, between=(4e-5, 6e-5))
    low, high = np.full(2000, 3.9e-5), np.full(2000, 6.1e-5)
    advance(particles, tables_of(slab, CAPS, Field(gradient=3.0), 3e-3), kicks.step_words(6, 0, 4000), low=low, high=high)
    assert particles.depth.min() >= 3.9e-5
    assert particles.depth.max() <= 6.1e-5
    assert np.median(particles.depth) > 6.0e-5


def test_shelves_are_the_tables_of_their_sizes():
    passage = tapered((2e-6, 2e-6))
    both = tables_of(passage, CAPS, Field(gradient=1.0), 0.01, diameters=(2e-7, 4e-7), points=100)
    for i, diameter in enumerate((2e-7, 4e-7)):
        alone = tables_of(passage, CAPS.changed(diameter=diameter), Field(gradient=1.0), 0.01, points=100)
        assert (both.push[i * 101 : (i + 1) * 101] == alone.push).all()
        assert (both.kick[i * 101 : (i + 1) * 101] == alone.kick).all()


@pytest.mark.parametrize("carrier", [CAPS, CAPS.changed(stick_tubule=1e-8)], ids=["free", "sticky"])
def test_bits_do_not_depend_on_threads_order_or_stops(carrier):
    passage = tubule(2e-4, 40)
    tables = tables_of(passage, carrier, Field(gradient=1.0), 3e-3, open_mouth=True)
    straight = release(3001, 8, between=(0.0, 5e-5))
    shuffled = straight.taken(np.random.default_rng(0).permutation(3001))
    threads = threads_set(None)
    try:
        threads_set(1)
        advance(straight, tables, kicks.step_words(8, 0, 4000))
        threads_set(2)
        advance(shuffled, tables, kicks.step_words(8, 0, 1770))
        advance(shuffled, tables, kicks.step_words(8, 1770, 2230))
    finally:
        threads_set(threads)
    sorted_again = shuffled.by_identity()
    for name in ("depth", "patience", "mode"):
        assert getattr(sorted_again, name).tobytes() == getattr(straight, name).tobytes(), name


def test_the_weak_error_of_the_step_is_of_first_order():
    """Mean depth in a taper with pull, against the same walk with a much finer step; common kicks are of no help, so many carriers."""
    passage, field = tapered((0.9e-6, 2.5e-6), length=2e-5, cells=20), Field(gradient=1.0)

    def mean(steps):
        particles = release(200_000, 12, between=(5e-6, 5e-6))
        advance(particles, tables_of(passage, CAPS, field, 8.0 / steps), kicks.step_words(12, 0, steps))
        return particles.depth.mean(), particles.depth.std() / sqrt(200_000)

    fine, noise = mean(1024)
    errors = [abs(mean(steps)[0] - fine) for steps in (2, 4, 8)]
    assert errors[0] > 3.0 * noise
    assert errors[1] < 0.7 * errors[0] + 3.0 * noise
    assert errors[2] < 0.4 * errors[0] + 3.0 * noise
