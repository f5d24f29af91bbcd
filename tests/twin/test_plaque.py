"""Plaque as a reference: it conserves, converges, agrees with limits that can be written down, and its derivatives are right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from amelo.errors import RecordError, SolveError
from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.mouth import Mouthful, mouth_schedule
from amelo.twin.plaque import Plaque, cardinal_ph, plaque_course, starved_plaque_fluid
from amelo.twin.plaque_slab import LACTATE, SUGAR, N, Slab
from amelo.twin.saliva import saliva_profile
from amelo.twin.schedule import Exposure, Segment

TABLE = reaction_table(37.0)
SALIVA = saliva_profile()
REST = mouth_schedule([Mouthful("rest", 60.0)], SALIVA)[0]
SMALL = replace(Plaque.typical(), cells=8)


def exposed(seconds: float, **fields) -> Segment:
    return Segment(seconds, replace(REST.exposure, **fields), "held")


@pytest.fixture(scope="module")
def rinsed():
    steps = [Mouthful("rinse", 60.0, sugar=584.0), Mouthful("rest", 2400.0)]
    return plaque_course(mouth_schedule(steps, SALIVA), SMALL, start=REST.exposure.fluid)


def test_plaque_at_rest_under_saliva_stays_as_it_is():
    course = plaque_course([exposed(3600.0)], SMALL)
    np.testing.assert_allclose(course.ph, 6.8, atol=1e-6)
    assert course.made == 0 and abs(course.left) < 1e-12
    assert course.minutes_below(6.0) == 0 and course.back_above(6.0) == 0


def test_lactate_made_is_lactate_that_left_or_is_there(rinsed):
    there = rinsed.lactate[-1] * SMALL.water * SMALL.thickness
    assert rinsed.made == pytest.approx(rinsed.left + there, rel=1e-9)
    assert rinsed.made > 0 and rinsed.left > 0.5 * rinsed.made


def test_every_fluid_is_neutral_and_positive(rinsed):
    fluids = rinsed.totals.reshape(-1, N)
    assert fluids.min() > -1e-4 and rinsed.sugar.min() > -1e-4
    batch = speciate(TABLE, fluids.clip(0.0) / 1000.0, rinsed.ph.ravel())
    assert (batch.status == 0).all()
    assert np.abs(batch.charge).max() < 1e-7  # eq/kgw


def test_it_is_a_stephan_curve(rinsed):
    assert rinsed.ph_at_tooth[0] == pytest.approx(6.8, abs=1e-6)
    assert 4.5 < rinsed.ph_at_tooth.min() < 5.8
    assert 0 < rinsed.minutes_below(5.5) < rinsed.back_above(6.0) < 40
    enamel = rinsed.at_tooth.saturation_index[:, TABLE.solids.index(TABLE.solid("enamel_main"))]
    assert enamel[0] > 3 and enamel.min() < 0.5


@pytest.mark.parametrize("cells", [8, 16])
def test_cells_and_tolerance_do_not_matter(rinsed, cells):
    steps = [Mouthful("rinse", 60.0, sugar=584.0), Mouthful("rest", 2400.0)]
    finer = plaque_course(mouth_schedule(steps, SALIVA), replace(SMALL, cells=2 * cells), start=REST.exposure.fluid, tolerance=1e-5)
    assert finer.ph_at_tooth.min() == pytest.approx(rinsed.ph_at_tooth.min(), abs=0.01)
    assert finer.made == pytest.approx(rinsed.made, rel=0.01)


def test_sugar_fills_an_idle_slab_as_theory_says():
    """Without metabolism: a slab with one open face and a film, against the series of Carslaw and Jaeger (surface resistance)."""
    plaque = replace(SMALL, cells=40)
    film, seconds, outside = 2e-5, 60.0, 100.0
    course = plaque_course([exposed(seconds, sugar=outside, film=film, activity=0.0)], plaque, tolerance=1e-8)
    biot = (plaque.film_diffusivity / film) * plaque.thickness / plaque.diffusivity_sugar
    spread = plaque.diffusivity_sugar / plaque.water * seconds / plaque.thickness**2

    def root(n: int) -> float:  # b tan b = biot, one root in each branch
        low, high = n * math.pi, (n + 0.5) * math.pi
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if middle * math.tan(middle) < biot else (low, middle)
        return low

    b = np.array([root(n) for n in range(30)])
    empty = np.sum(2 * biot**2 / (b**2 * (b**2 + biot**2 + biot)) * np.exp(-(b**2) * spread))
    assert course.sugar[-1].mean() / outside == pytest.approx(1.0 - empty, abs=2e-3)


def test_a_thin_slab_makes_acid_at_the_rate_that_was_asked_for():
    """A slab too thin for gradients, closed by a thick film and full of sugar, at first ferments at its greatest rate."""
    plaque = replace(SMALL, thickness=1e-5, fixed_buffer=4000.0)
    course = plaque_course([exposed(0.01, sugar=1e3, film=1e-7), exposed(1.0, sugar=1e3, film=1e-7)], plaque)
    rate = plaque.lactate_yield * plaque.production * cardinal_ph(np.array(6.8), plaque.ph_range)
    assert course.made == pytest.approx(rate * 1.0 * plaque.thickness, rel=0.02)


def test_fixed_groups_soak_up_acid_and_let_potassium_go():
    steps = [exposed(120.0, sugar=50.0)]
    bare, buffered = (plaque_course(steps, replace(SMALL, fixed_buffer=amount)) for amount in (20.0, 160.0))
    assert buffered.ph_at_tooth[-1] > bare.ph_at_tooth[-1] + 0.2
    potassium = TABLE.names.index("K")
    assert buffered.totals[-1, -1, potassium] > buffered.totals[0, -1, potassium] + 5.0


def test_metabolism_that_is_switched_off_makes_no_acid_and_half_makes_less():
    full, half, none = (plaque_course([exposed(300.0, sugar=50.0, activity=a)], SMALL) for a in (1.0, 0.5, 0.0))
    assert none.made == 0 and none.ph_at_tooth.min() > 6.79
    assert 0.4 * full.made < half.made < full.made


def test_cardinal_ph_is_one_at_the_optimum_and_zero_outside():
    share = cardinal_ph(np.array([3.0, 4.0, 5.0, 7.0, 8.0, 9.0, 10.0]), (4.0, 7.0, 9.0))
    assert share[[0, 1, 5, 6]].tolist() == [0, 0, 0, 0]
    assert share[3] == 1.0 and share[2] == pytest.approx(0.5)
    assert 0 < share[4] < 1


def test_starved_plaque_can_be_the_start_and_washes_out():
    fluid = starved_plaque_fluid()
    course = plaque_course([exposed(3600.0)], SMALL, start=fluid)
    assert course.ph_at_tooth[0] == pytest.approx(load_set("mouth").value("plaque.ph_starved"), abs=1e-6)
    assert course.totals[0, 0, TABLE.names.index("Ace")] == load_set("mouth").value("plaque.acetate")
    assert course.ph_at_tooth[-1] > course.ph_at_tooth[0] + 0.5
    assert course.totals[-1, -1, TABLE.names.index("Ace")] < 1.0


def test_the_jacobian_is_the_derivative():
    slab = Slab(replace(SMALL, cells=8))
    rng = np.random.default_rng(7)
    y = slab.initial(SALIVA.rest + 0.5)
    y[: slab.size] *= 1.0 + 0.1 * rng.random(slab.size)
    y[LACTATE * 8 : (LACTATE + 1) * 8] += 20.0 + 5.0 * rng.random(8)
    y[SUGAR * 8 : (SUGAR + 1) * 8] = 1.0 + 5.0 * rng.random(8)
    around = (np.append(SALIVA.rest, 5.0), 3e-4, 0.9)
    exact = slab.jacobian(0.0, y, *around).toarray()
    for column in rng.choice(len(y), 40, replace=False):
        step = np.zeros_like(y)
        step[column] = 1e-3
        slope = (slab.change(0.0, y + step, *around) - slab.change(0.0, y - step, *around)) / 2e-3
        np.testing.assert_allclose(exact[:, column], slope, rtol=2e-3, atol=2e-4 * np.abs(slope).max() + 1e-6)


def test_no_surroundings_and_a_hopeless_fluid_are_said():
    with pytest.raises(RecordError, match="no surroundings"):
        plaque_course([])
    acid = Fluid(pH=7.0, totals_mmol_per_kgw={"K": 9_000.0, "Tr": 9_000.0})
    with pytest.raises(SolveError):
        plaque_course([Segment(10.0, Exposure(acid))], SMALL)
