"""How fast finer cells and finer steps come to the same: the order of the compiled time of a whole tooth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bare_tooth import DAY, EVENLY, HOUR, bare_dentine, stock

from amelo.twin.tooth import COARSE, FINE, Clock, wait


def lost(tooth, days, clock):
    return float((stock(tooth) - stock(wait(tooth, days * DAY, clock)[0]))[0])


def test_halving_the_step_halves_the_error():
    tooth = bare_dentine(cells=36)
    found = [lost(tooth, 64.0, EVENLY(step * DAY)) for step in (8.0, 4.0, 2.0, 1.0, 0.5)]
    change = np.abs(np.diff(found))
    order = np.log2(change[:-1] / change[1:])
    assert (change[1:] < change[:-1]).all()
    assert 0.7 < order[-1] < 2.5


def test_halving_the_cells_of_a_lost_layer_brings_nearer_what_the_finest_say():
    found = [lost(bare_dentine(cells=n, lost=0.4e-3), 60.0, EVENLY(0.5 * DAY)) for n in (15, 30, 60, 120, 240)]
    error = np.abs(np.array(found[:-1]) / found[-1] - 1.0)
    assert (np.diff(error) < 0.0).all()
    assert error[-1] < 0.02
    assert error[0] == pytest.approx(0.44, abs=0.05)  # coarse cells hold a thin layer's diffusion back: said, not hidden
    assert np.log2(error[1] / error[-1]) / 2.0 > 1.0  # better than first order


def test_the_clocks_of_both_tiers_agree_on_one_grid():
    for gone in (0.0, 0.4e-3):
        tooth = bare_dentine(cells=36, lost=gone)
        exact = lost(tooth, 180.0, EVENLY(0.125 * DAY))
        assert lost(tooth, 180.0, FINE) == pytest.approx(exact, rel=0.03)
        assert lost(tooth, 180.0, COARSE) == pytest.approx(exact, rel=0.08)


def test_a_wait_in_two_parts_is_nearly_the_wait_in_one():
    tooth = bare_dentine(cells=36, lost=0.2e-3)
    once = wait(tooth, 60.0 * DAY, FINE)[0]
    twice = wait(wait(tooth, 30.0 * DAY, FINE)[0], 30.0 * DAY, FINE)[0]
    assert stock(once) == pytest.approx(stock(twice), rel=1e-4)
    assert once.time == twice.time


def test_bacteria_and_influx_hardly_ask_how_fine_cells_and_steps_are():
    def found(cells, clock):
        tooth = bare_dentine(cells=cells, lost=1.5e-3, dentine=2.5e-3)
        edges = tooth.edges - tooth.edges[:, [1]]
        share = np.clip((0.6e-3 - edges[:, :-1]) / tooth.widths, 0.0, 1.0) * (tooth.left > 0.0)
        after, frames = wait(replace(tooth, bacteria=share), 90.0 * DAY, clock)
        return float(after.infected[0]), float(frames.values["influx"][-1, 0])

    truth = found(150, EVENLY(6.0 * HOUR))
    for cells, clock, within in ((15, COARSE, 0.12), (36, FINE, 0.06), (75, EVENLY(12.0 * HOUR), 0.04)):
        assert found(cells, clock) == pytest.approx(truth, rel=within), cells


@pytest.mark.parametrize("duration", [1.0, HOUR, DAY, 17.3 * DAY, 400.0 * DAY])
@pytest.mark.parametrize("clock", [COARSE, FINE, Clock(60.0, 1.0, 7200.0, 1e-3)])
def test_steps_fill_a_wait_and_none_is_longer_than_allowed(duration, clock):
    if duration / clock.first > 1e5:
        return
    steps = clock.steps(duration)
    assert steps.sum() == pytest.approx(duration, rel=1e-12)
    assert (steps > 0.0).all() and steps.max() <= 1.25 * clock.longest and steps[0] <= max(clock.first * 1.25, 1.0)
