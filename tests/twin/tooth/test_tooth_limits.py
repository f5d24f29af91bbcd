"""The compiled time of a whole tooth against what can be written down: half-spaces, layers, seals, colonies, carriers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bare_tooth import DAY, EVENLY, HOUR, RATE, bare_dentine, diffusivity, moved, residual_mineral, stock

from amelo.twin.tooth import COARSE, FINE, wait
from amelo.twin.tooth.constants import MOLAR_VOLUME


def lost(tooth, days, clock=COARSE):
    """Mineral that a tooth loses [mol/m2] in some days."""
    return float((stock(tooth) - stock(wait(tooth, days * DAY, clock)[0]))[0])


@pytest.mark.parametrize(("cells", "share"), [(5, 0.95), (15, 0.87), (36, 0.74), (150, 0.58), (1500, 0.51)])
def test_a_sound_floor_loses_at_first_what_the_ladder_of_its_cells_passes(cells, share):
    tooth = bare_dentine(cells=cells)
    width = 3e-3 / cells / tooth.constants["exchange.length"][0]  # of a cell, in lengths within which fluid comes to rest
    behind = 0.5 * (np.sqrt(width * width + 4.0) - width)  # what a chain of such cells holds back, over what lies in front of them
    taken = RATE * HOUR / MOLAR_VOLUME
    found = lost(tooth, HOUR / DAY, EVENLY(HOUR / 8.0)) / taken
    assert found == pytest.approx(1.0 / (1.0 + behind), rel=0.015)
    assert found == pytest.approx(share, abs=0.01)  # of what the mouth takes: less the finer the cells, never less than half


@pytest.mark.parametrize("cells", [15, 36, 108])
@pytest.mark.parametrize("gone", [0.0, 1e-4, 4e-4, 1e-3])
@pytest.mark.parametrize("days", [0.1, 3.0, 60.0])
def test_no_floor_loses_more_than_the_mouth_takes(cells, gone, days):
    assert 0.0 < lost(bare_dentine(cells=cells, lost=gone), days) <= RATE * days * DAY / MOLAR_VOLUME


def test_the_same_floor_loses_in_proportion_to_the_mouth_and_to_short_times():
    assert lost(bare_dentine(rate=2.0 * RATE), 0.5) == pytest.approx(2.0 * lost(bare_dentine(), 0.5), rel=0.02)
    assert lost(bare_dentine(), 1.0) == pytest.approx(2.0 * lost(bare_dentine(), 0.5), rel=0.02)


def closed_form(tooth, start, time):
    """How far [m] a sharp front goes from a depth, behind a layer without mineral: dx/dt of resistances in series."""
    length = tooth.constants["exchange.length"][0]
    sound, empty = diffusivity(tooth, 1.0), diffusivity(tooth, residual_mineral())
    outside = RATE / MOLAR_VOLUME * length / sound
    density = tooth.constants.sound[-1] * (1.0 - residual_mineral()) / MOLAR_VOLUME
    a, b = 0.5 / empty, length / sound
    whole = a * start * start + b * start + outside * time / density
    return (-b + np.sqrt(b * b + 4.0 * a * whole)) / (2.0 * a) - start, density


@pytest.mark.parametrize("days", [30.0, 365.0])
def test_through_a_layer_without_mineral_a_front_goes_as_diffusion_lets_it(days):
    tooth = bare_dentine(cells=135, lost=0.4e-3)
    far, density = closed_form(tooth, 0.4e-3, days * DAY)
    assert lost(tooth, days, EVENLY(0.25 * DAY)) / (far * density) == pytest.approx(0.8, abs=0.12)  # the front is not sharp


def test_a_deep_layer_slows_loss_from_the_law_of_time_towards_that_of_its_root():
    def power(gone):
        tooth = bare_dentine(cells=135, lost=gone)
        return np.log2(lost(tooth, 120.0, EVENLY(0.5 * DAY)) / lost(tooth, 60.0, EVENLY(0.5 * DAY)))

    much = bare_dentine(cells=135, rate=6.0 * RATE)
    steep = np.log2(lost(much, 360.0, EVENLY(DAY)) / lost(much, 180.0, EVENLY(DAY)))
    assert 0.5 < steep < 0.72 < 0.8 < power(0.0) <= 1.05
    flux = [lost(bare_dentine(cells=135, lost=gone), 1.0, EVENLY(0.1 * DAY)) for gone in (0.0, 0.2e-3, 0.4e-3, 0.8e-3, 1.6e-3)]
    assert (np.diff(flux[1:]) < 0.0).all()


@pytest.mark.parametrize("clock", [COARSE, FINE])
def test_a_sealed_tooth_loses_nothing(clock):
    for gone in (0.0, 0.5e-3):
        tooth = replace(bare_dentine(lost=gone), access=np.zeros(1))
        after, _ = wait(tooth, 365.0 * DAY, clock)
        assert stock(after) == pytest.approx(stock(tooth), rel=1e-14)
        under_a_dam = replace(bare_dentine(lost=gone), isolated=True)
        assert stock(wait(under_a_dam, 365.0 * DAY, clock)[0]) == pytest.approx(stock(under_a_dam), rel=1e-14)


def test_a_leaking_seal_loses_between_none_and_an_open_floor():
    found = [lost(replace(bare_dentine(), access=np.array([leak])), 60.0) for leak in (0.0, 0.02, 0.1, 0.5, 1.0)]
    assert found[0] == pytest.approx(0.0, abs=1e-12) and (np.diff(found) > 0.0).all()
    assert found[1] == pytest.approx(0.02 * RATE * 60.0 * DAY / MOLAR_VOLUME, rel=0.15)


def test_repair_takes_as_long_as_diffusion_brings_what_it_needs():
    gone = 0.4e-3
    tooth = bare_dentine(cells=60, rate=-5.0 * RATE, lost=gone)
    c = tooth.constants
    outside = 5.0 * RATE / MOLAR_VOLUME * c["exchange.length"][0] / diffusivity(tooth, 1.0)
    needed = gone * (1.0 - residual_mineral()) * c.sound[-1] / MOLAR_VOLUME  # mol/m2
    fastest = gone * needed / (diffusivity(tooth, residual_mineral()) * outside)  # s, by the easiest way there is
    for part in (0.01, 0.1, 0.5):
        after, _ = wait(tooth, part * fastest, COARSE)
        came = float((stock(after) - stock(tooth))[0])
        # a layer at the surface fills sooner than the whole, as the root of time: never faster than from fluid at the floor
        assert 0.0 < came < needed * np.sqrt(2.0 * part)


def test_a_sound_tooth_in_a_mouth_at_rest_stays_as_it_is():
    tooth = bare_dentine(rate=0.0)
    after, _ = wait(tooth, 3650.0 * DAY, COARSE)
    assert (after.mineral == tooth.mineral).all() and (after.inner == tooth.inner).all()


def infected(share, **values):
    """Soft dentine that bacteria live in everywhere."""
    tooth = bare_dentine(rate=0.0, lost=3e-3, bacteria__spread=0.0, **values)
    return replace(tooth, bacteria=np.where(tooth.left > 0.0, share, 0.0))


@pytest.mark.parametrize("step", [0.25 * DAY, 1.5 * DAY, 10.0 * DAY])
def test_fed_bacteria_grow_as_the_logistic_law_says_whatever_the_step(step):
    tooth = infected(0.02, bacteria__reach=1e9, bacteria__growth=0.02 / HOUR, bacteria__starving=0.0)
    after, _ = wait(tooth, 10.0 * DAY, EVENLY(step))
    room = min((tooth.constants["bacteria.soft"][0] - residual_mineral()) / 0.3, 1.0)
    assert room == 1.0
    growth = np.exp(0.02 * 240.0)
    assert after.bacteria[0, 1:] == pytest.approx(0.02 * growth / (1.0 + 0.02 * (growth - 1.0)), rel=1e-9)


@pytest.mark.parametrize("step", [0.25 * DAY, 1.5 * DAY, 10.0 * DAY])
def test_sealed_bacteria_starve_exponentially_whatever_the_step(step):
    tooth = replace(infected(0.8, bacteria__starving=0.004 / HOUR), access=np.zeros(1))
    after, _ = wait(tooth, 10.0 * DAY, EVENLY(step))
    assert after.bacteria[0, 1:] == pytest.approx(0.8 * np.exp(-0.004 * 240.0), rel=1e-12)


def test_a_killer_kills_by_its_dose():
    tooth = replace(
        infected(0.8, bacteria__starving=0.0, antimicrobial__kill=0.05 / HOUR, antimicrobial__life=20.0 * HOUR), access=np.zeros(1)
    )
    tooth = replace(tooth, antimicrobial=np.where(tooth.left > 0.0, 2.0, 0.0))
    after, _ = wait(tooth, 10.0 * DAY, EVENLY(0.1 * HOUR))
    assert after.bacteria[0, 1:] == pytest.approx(0.8 * np.exp(-0.05 * 2.0 * 20.0 * (1.0 - np.exp(-12.0))), rel=0.01)
    assert after.antimicrobial[0, 1:] == pytest.approx(2.0 * np.exp(-12.0), rel=1e-9)


def test_spreading_moves_bacteria_and_makes_none():
    tooth = bare_dentine(rate=0.0, lost=3e-3, bacteria__growth=0.0, bacteria__starving=0.0, bacteria__spread=1e-14)
    here = np.arange(tooth.cells) == 3
    tooth = replace(tooth, bacteria=np.where(here, 1.0, 0.0)[None, :])
    after, _ = wait(tooth, 60.0 * DAY, COARSE)
    assert after.infected == pytest.approx(tooth.infected, rel=1e-12)
    assert after.bacteria[0, 3] < 1.0 and (after.bacteria[0, [2, 4]] > 0.0).all() and (after.bacteria >= 0.0).all()


@pytest.mark.parametrize("sliver", [1e-8, 1e-4, 1e-2, 0.3])
def test_a_thin_rest_of_a_cell_never_holds_more_bacteria_than_there_is_room(sliver):
    tooth = bare_dentine(rate=0.0, lost=3e-3, bacteria__growth=0.0, bacteria__starving=0.0, bacteria__spread=1e-12)
    left = tooth.left.copy()
    left[0, 1] = sliver
    tooth = replace(tooth, left=left, bacteria=np.where(np.arange(tooth.cells) == 2, 1.0, 0.0)[None, :])
    after, _ = wait(tooth, 60.0 * DAY, COARSE)
    assert after.infected == pytest.approx(tooth.infected, rel=1e-9)
    assert ((after.bacteria >= 0.0) & (after.bacteria <= 1.0)).all()


def carriers(**values):
    """A layer without mineral full of carriers, under a seal, and no pulp that takes ions."""
    tooth = replace(bare_dentine(lost=0.4e-3, rate=0.0, **values), access=np.zeros(1), rooted=True)
    return replace(tooth, payload=np.where(tooth.total < 0.5, 30.0, 0.0) * (tooth.left > 0.0))


@pytest.mark.parametrize("clock", [COARSE, FINE])
def test_what_carriers_give_off_is_what_minerals_take(clock):
    tooth = carriers(payload__release=1e-6)
    after, _ = wait(tooth, 90.0 * DAY, clock)
    held = ((tooth.payload - after.payload) * tooth.thickness).sum(axis=1)
    assert held == pytest.approx(moved(after, "released"), rel=1e-12)
    assert stock(after) - stock(tooth) == pytest.approx(held, rel=1e-9)
    assert (after.payload >= 0.0).all() and held > 0.0


def test_carriers_give_off_no_faster_than_their_rate_and_nothing_into_fluid_as_full_as_theirs():
    tooth = carriers(payload__release=1e-7)
    after, _ = wait(tooth, DAY, EVENLY(HOUR))
    given = float(moved(after, "released")[0])
    assert 0.0 < given <= float((tooth.payload * tooth.thickness).sum()) * -np.expm1(-1e-7 * DAY) * (1.0 + 1e-9)
    full = replace(carriers(payload__release=1e-6), mineral=np.full_like(tooth.mineral, 1.2), inner=np.ones_like(tooth.inner))
    assert float(moved(wait(full, 30.0 * DAY)[0], "released")[0]) == pytest.approx(0.0, abs=1e-9)


def test_a_tooth_that_is_full_and_closed_on_all_sides_stays_as_it_is():
    tooth = replace(bare_dentine(), access=np.zeros(1), rooted=True)
    full = replace(
        tooth, mineral=np.full_like(tooth.mineral, float(tooth.constants["growth.most"][0])), inner=np.ones_like(tooth.inner)
    )
    after, _ = wait(full, 90.0 * DAY)
    assert (after.mineral == full.mineral).all() and np.isfinite(moved(after, "outer")).all()
