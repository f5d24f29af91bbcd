"""Runs whose error in time is known: the bar holds the truth, and halving stops when it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesion_columns import DAY, bath, enamel

from amelo.twin.accuracy import final_loss
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.checked import CHANCE, FINEST, ONWARD, PAIR, begins_wide, solve_checked
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.run import RunStatus
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
    return 1.5 * two - 0.5 * one


@pytest.mark.parametrize("accuracy", [0.3, 0.05, 0.01])
def test_the_bar_holds_the_truth(truth, accuracy):
    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=accuracy)
    assert abs(final_loss(run)[0] - truth) < run.error[0] + 1e-3 * truth
    assert run.error[0] < accuracy * final_loss(run)[0] or run.counts["steps"] > 2**FINEST * 7 * 20


@pytest.mark.parametrize(("members", "accuracy", "wide"), [(1, 0.01, True), (1, 0.009, False), (2, 0.01, False), (256, 0.02, True)])
def test_wide_steps_are_begun_with_where_they_are_likely_to_do(members, accuracy, wide):
    assert begins_wide(members, accuracy) == wide
    assert Grid(first=5.0, growth=2.0, longest=3600.0, parts=4).wide() == Grid(first=10.0, growth=4.0, longest=7200.0, parts=4)


def test_a_looser_accuracy_costs_less():
    steps = [solve_checked(enamel(), WEEK, KNOWN, accuracy=a).counts["steps"] for a in (0.5, 0.002)]
    assert steps[0] < steps[1]


@pytest.mark.parametrize(("order", "off"), [(1.0, 1.0), (np.log2(3.0), 0.0), (2.0, 1 / 3), (9.0, 1.0)])
def test_levels_are_halvings_and_the_bar_holds_any_order(order, off):
    """Solvers of exact orders: what is left is within the bar from first order on, at its edge there, and nothing in between."""
    first, calls = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1)), []
    start = np.array(first.mineral)
    start[:, 0] = first.sound

    def made(column, schedule, diffusivity, settings, told):
        calls.append(settings.grid.parts)
        mineral = start.copy()
        mineral[:, 1:] *= 1.0 - 0.1 - 0.02 / settings.grid.parts**order
        return replace(first, mineral=mineral, counts={"steps": settings.grid.parts})

    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=0.02, solver=made)
    true = final_loss(replace(first, mineral=start * 0.9))[0]
    assert calls == [2**k for k in range(len(calls))] and len(calls) >= 2
    assert run.counts["steps"] == sum(calls)
    left = abs(final_loss(run)[0] - true)
    cautious = (
        0.5 if len(calls) == 2 or order == 2.0 else 1.0
    )  # the bar is all that halving wide steps changed, or a quarter of that
    if len(calls) == 2 or order < 5.0:
        assert left == pytest.approx(cautious * off * run.error[0], rel=0.02, abs=1e-6 * true)
    assert left <= run.error[0] * (1.0 + 1e-6)


def test_profiles_that_differ_count_where_their_sums_agree():
    """What one depth gains too much and another too little is an error, though no sum shows it; and grids do not agree by chance."""
    first = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1))
    widths = np.diff(first.edges)
    start = np.array(first.mineral)
    start[:, 0] = first.sound

    def with_shift(shift, calls):
        def made(column, schedule, diffusivity, settings, told):
            calls.append(settings.grid.parts)
            mineral = start.copy()
            mineral[:, 1:, 0, [3, 9]] -= 0.1
            mineral[:, 1:, 0, 3] += shift(settings.grid.parts) / widths[3]
            mineral[:, 1:, 0, 9] -= shift(settings.grid.parts) / widths[9]
            return replace(first, mineral=mineral)

        return made

    calls = []
    moved = 1e-8
    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=0.9, solver=with_shift(lambda p: moved / p, calls))
    assert calls == [1, 2] and run.error[0] == pytest.approx(0.3 * moved, rel=1e-6)
    calls = []
    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=1e-9, solver=with_shift(lambda p: moved * (p == 1), calls))
    assert run.error[0] == pytest.approx(ONWARD * 0.6 * moved / CHANCE ** (len(calls) - 2), rel=1e-6)  # and not nothing


DAILY = Segment(7200.0, Exposure(bath(4.3, "K", Ace=75.0, Ca=2.0, P=2.0, Cl=4.0, K=75.0)))
SLURRY = Segment(60.0, Exposure(bath(7.0, "K", F=14.0, Na=14.0, Cl=0.1, K=1.0)))
PROTOCOLS = {
    "acid alone": (Segment(3 * DAY, Exposure(ACID)),),
    "acid, then rest": (Segment(DAY, Exposure(ACID)), Segment(10 * DAY, Exposure(REST))),
    "slurries": (Repeat(14, (DAILY, SLURRY, Segment(DAY - 7260.0, Exposure(REST)))),),
    "meals under a film": (
        Repeat(
            4,
            (Segment(1800.0, Exposure(ACID, 5e-5)), Segment(7200.0, Exposure(REST, 1e-4))) * 4
            + (Segment(DAY - 36000.0, Exposure(REST, 1e-4)),),
        ),
    ),
    "all grown back": (Segment(3600.0, Exposure(ACID)), Segment(20 * DAY, Exposure(REST))),
}


ROUNDING = 1e-18  # [m]: a few last digits of what a column of 100 µm holds; after "all grown back" nothing else is left of its loss


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("accuracy", [0.3, 0.01])
def test_the_bar_holds_under_other_protocols(name, accuracy):
    tight = Settings(tolerance=1e-4, near_tolerance=1e-4, threads=1, saves=1)
    one, two = (final_loss(solve(enamel(), PROTOCOLS[name], KNOWN, replace(tight, grid=Grid(parts=parts))))[0] for parts in (8, 16))
    run = solve_checked(enamel(), PROTOCOLS[name], KNOWN, accuracy=accuracy)
    left = abs(two - one)  # what the reference itself may be wrong by
    assert abs(final_loss(run)[0] - (1.5 * two - 0.5 * one)) < run.error[0] + left + ROUNDING


def test_extrapolation_does_not_overfill_a_pore():
    """Where steps are too coarse for a pore that closes, the finer grid's own values stand, porosity and mineral alike."""
    first = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1))
    made_of = {1: 0.02, 2: 0.005}  # pores left: carried on there would be -0.0025

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

    lost = (first.mineral[0, 0] - first.mineral[0, -1]).sum(axis=0) * np.diff(first.edges)
    least = PAIR * max(lost[lost > 0.0].sum(), -lost[lost < 0.0].sum())  # what a pair of grids never claims to know better
    assert solve_checked(enamel(), WEEK, KNOWN, accuracy=0.9, solver=made).error[0] == pytest.approx(3e-9 + least)


@pytest.mark.parametrize(("without", "levels"), [([], 2), ([1], 3), ([2], 4), ([1, 2], 2)])
def test_a_grid_without_an_answer_is_gone_past_and_two_are_not(without, levels):
    """A member that finds no solution on one grid gets a finer pair; one that finds none on two is given up."""
    first, calls = solve(enamel(), WEEK[0].parts, KNOWN, Settings(saves=1, threads=1)), []

    def made(column, schedule, diffusivity, settings, told):
        parts = settings.grid.parts
        calls.append(parts)
        mineral = np.array(first.mineral)
        mineral[:, 1:] *= 1.0 - 0.1 - 1e-5 / parts
        failed = parts in without
        return replace(first, mineral=mineral, status=np.full(1, RunStatus.NOT_CONVERGED if failed else RunStatus.OK))

    finished = []
    run = solve_checked(enamel(), WEEK, KNOWN, accuracy=0.05, solver=made, on_run=lambda best: finished.append(len(calls)))
    assert calls == [2**k for k in range(levels)]
    assert np.isfinite(run.error[0]) == (without != [1, 2]) and (2 not in without or 2 not in finished)
