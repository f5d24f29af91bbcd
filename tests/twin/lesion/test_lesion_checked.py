"""Runs whose error in time is known: the bar holds the truth, and halving stops when it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesion_columns import DAY, bath, enamel

from amelo.twin.accuracy import final_loss
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.checked import FINEST, LEFT, solve_checked
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.schedule import Exposure, Repeat, Segment

KNOWN = diffusivities(37.0)
ACID = bath(4.5, "K", Ace=50.0, Ca=2.0, P=2.0, F=0.0016, Cl=4.0, K=50.0)
REST = bath(7.0, "K", Ca=1.5, P=0.9, Cl=133.0, K=130.0, F=0.001)
WEEK = (Repeat(7, (Segment(10800.0, Exposure(ACID)), Segment(DAY - 10800.0, Exposure(REST)))),)


@pytest.fixture(scope="module")
def truth() -> float:
    """ΔZ [m] with steps in 32 and 64 parts, extrapolated."""
    tight = Settings(tolerance=1e-4, near_tolerance=1e-4, threads=1, saves=1)
    one, two = (final_loss(solve(enamel(), WEEK, KNOWN, replace(tight, grid=Grid(parts=parts))))[0] for parts in (32, 64))
    return 2.0 * two - one


@pytest.mark.parametrize("accuracy", [0.3, 0.05, 0.01])
def test_the_bar_holds_the_truth(truth, accuracy):
    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=accuracy)
    assert abs(final_loss(run)[0] - truth) < run.error[0] + 1e-3 * truth
    assert run.error[0] < accuracy * final_loss(run)[0] or run.counts["steps"] > 2**FINEST * 7 * 20


def test_a_looser_accuracy_costs_less():
    steps = [solve_checked(enamel(), WEEK, KNOWN, accuracy=a).counts["steps"] for a in (0.5, 0.02)]
    assert steps[0] < steps[1]


def test_levels_are_halvings_and_are_added_up():
    """A solver whose error is exactly of first order: after one halving all of its change counts, after two the least share."""
    calls, first = [], solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1))

    def made(column, schedule, diffusivity, settings, told):
        calls.append(settings.grid.parts)
        mineral = first.sound[:, None] * (1.0 - 0.1 - 0.02 / settings.grid.parts)
        return replace(first, mineral=np.broadcast_to(mineral, first.mineral.shape), counts={"steps": settings.grid.parts})

    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=0.02, solver=made)
    sound = (first.sound[0].sum(axis=0) * np.diff(first.edges)).sum()
    assert calls == [1, 2, 4]
    assert run.counts["steps"] == 7
    assert final_loss(run)[0] == pytest.approx(0.1 * sound)
    assert run.error[0] == pytest.approx(LEFT * 0.005 * sound)
    calls.clear()
    solve_checked(enamel(), WEEK, KNOWN, accuracy=0.2, solver=made)
    assert calls == [1, 2]


def test_extrapolation_does_not_overfill_a_pore():
    """Where steps are too coarse for a pore that closes, the finer grid's own values stand, porosity and mineral alike."""
    first = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1))
    made_of = {1: 0.02, 2: 0.005}  # pores left: carried on there would be -0.01

    def made(column, schedule, diffusivity, settings, told):
        left = made_of[settings.grid.parts]
        mineral = np.array(first.mineral)
        mineral[:, :, 0, :1] += 1.0 - left - mineral[:, :, :, :1].sum(axis=2)
        porosity = np.array(first.porosity)
        porosity[:, :, :1] = left
        return replace(first, mineral=mineral, porosity=porosity)

    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=0.9, solver=made)
    assert (run.porosity > 0.0).all() and run.porosity[0, -1, 0] == 0.005
    assert run.mineral[0, -1].sum(axis=0)[0] == pytest.approx(0.995)


def test_what_leaps_are_wrong_by_is_in_the_bar():
    first = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1))

    def made(column, schedule, diffusivity, settings, told):
        return replace(first, error=np.array([3e-9]))

    assert solve_checked(enamel(), WEEK, KNOWN, solver=made).error[0] == pytest.approx(3e-9)
