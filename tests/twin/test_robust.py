"""Runs that must not fail, members that do, and what is said of them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amelo.protocol.record import Protocol
from amelo.records.fluid import Fluid
from amelo.records.specimen import load_specimen, parse_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.failures import NOTE, failure_of, sentence
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid, segment_steps
from amelo.twin.run import RunStatus
from amelo.twin.schedule import Exposure, Repeat, Segment

ROOT = Path(__file__).resolve().parents[2]
DAYS = """
repeat {} times:
    demineralise in acetate 75 mM pH 4.3 with Ca 2.0 mM, PO4 2.0 mM for 2 h
    brush with 1100 ppm F slurry 1:3 for 1 min
    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 21 h 59 min
"""


def run_of(name, protocol, **settings):
    column = column_of(load_specimen(ROOT / f"cases/specimens/{name}.toml"))
    schedule = Protocol.parse(protocol).schedule(None)
    return solve(column, schedule, diffusivities(column.temperature), replace(Settings(), **settings))


def lost(run):
    return ((run.sound.sum(axis=1)[:, None] - run.mineral.sum(axis=2)) * np.diff(run.edges)).sum(axis=2)


@pytest.mark.parametrize("name", ["human-dentine", "root"])
def test_dentine_goes_through_a_fortnight_of_cycling(name):
    run = run_of(name, DAYS.format(14))
    assert run.failure == ("",) and run.counts["rejections"] == 0
    assert np.abs(run.balance).max() < 1e-13
    assert run.counts["iterations"] < 2.5 * run.counts["steps"]
    # what the pores are said to hold is what is dissolved in them: no remainder hides there
    assert (run.totals[:, :, run.components.index("P")] > -1e-9).all()


@pytest.mark.parametrize("name", ["human-dentine", "human-enamel"])
def test_a_loose_tolerance_moves_minerals_by_its_square_only(name):
    exact = run_of(name, DAYS.format(4), tolerance=1e-8, near_tolerance=1e-8, iterations=60)
    usual = run_of(name, DAYS.format(4))
    loose = run_of(name, DAYS.format(4), tolerance=0.1, near_tolerance=0.1)
    assert lost(usual)[0, -1] == pytest.approx(lost(exact)[0, -1], rel=5e-5)
    assert lost(loose)[0, -1] == pytest.approx(lost(exact)[0, -1], rel=3e-3)
    assert np.abs(usual.mineral - exact.mineral).max() < 5e-5
    for run in (exact, usual, loose):
        assert np.abs(run.balance).max() < 1e-12
    assert loose.counts["iterations"] < usual.counts["iterations"] < exact.counts["iterations"]


def slab(members, **parameters):
    specimen = parse_specimen(
        {"name": "slab", "tissue": "human enamel", "thickness": "200 um", "grid": {"cells": 20}}, where="test"
    )
    return column_of(specimen, members=members, seed=2, values=parameters)


def acid(hours=2.0):
    fluid = Fluid(pH=4.5, totals_mmol_per_kgw={"Ace": 50.0, "Ca": 2.0, "P": 2.0, "Cl": 4.0}, charge_balanced_by="K")
    return Segment(hours * 3600.0, Exposure(fluid))


def rest(hours=2.0):
    fluid = Fluid(pH=7.0, totals_mmol_per_kgw={"Ca": 1.5, "P": 0.9, "K": 130.0, "Cl": 133.0}, charge_balanced_by="K")
    return Segment(hours * 3600.0, Exposure(fluid))


@pytest.fixture(scope="module")
def mixed():
    """Nineteen members of which one has no physical state: its diffusivity is not a number from the start."""
    column = slab(19)
    broken = dict(column.parameters)
    scale = np.array(broken["diffusivity_scale"], float)
    scale[5] = np.nan
    schedule = (acid(), Repeat(3, (rest(), acid(1.0))))
    good = solve(column, schedule, diffusivities(37.0), replace(Settings(), saves=4))
    bad = solve(
        replace(column, parameters=broken | {"diffusivity_scale": scale}),
        schedule,
        diffusivities(37.0),
        replace(Settings(), saves=4),
    )
    return good, bad


def test_only_the_member_that_fails_fails(mixed):
    good, bad = mixed
    assert (good.status == RunStatus.OK).all()
    assert list(np.flatnonzero(bad.status != RunStatus.OK)) == [5]
    others = np.arange(19) != 5
    # cutting a step for one member refines it for its neighbours in the tile, nothing else
    assert np.allclose(lost(bad)[others, -1], lost(good)[others, -1], rtol=0.02, atol=1e-10)
    for field in (bad.mineral, bad.ph, bad.balance, bad.inflow, bad.totals):
        assert np.isfinite(field[others]).all()
    assert np.isnan(bad.mineral[5, 1:]).all(), "what a failed member went on to do is not shown"
    assert np.abs(bad.balance[others]).max() < 1e-12


def test_the_sentence_of_a_failure_names_time_place_and_balance(mixed):
    _, bad = mixed
    assert bad.failure[5].startswith("no solution after 0 s in a step of")
    assert "in cell 1 of 20" in bad.failure[5] and "diffusivity_scale (nan)" in bad.failure[5]
    assert [f for m, f in enumerate(bad.failure) if m != 5] == [""] * 18


def test_a_single_member_that_fails_leaves_an_honest_run():
    column = slab(1)
    column = replace(column, parameters=column.parameters | {"diffusivity_scale": np.array([np.nan])})
    run = solve(column, (acid(), rest()), diffusivities(37.0))
    assert run.status[0] == RunStatus.NOT_CONVERGED and len(run.time) == 1
    assert np.isfinite(run.mineral).all()


def test_the_time_of_a_failure_is_its_own():
    column = slab(6)
    steps = np.array([10.0, 20.0, 30.0])
    note = np.zeros(NOTE + len(column.phases))
    note[:NOTE] = [3, 2, 1, 0.25, 0.125, 4, 1]
    note[NOTE:] = 0.1
    note[NOTE + 1] = 7.0
    failure = failure_of(note, 1000.0, steps)
    assert failure.time == pytest.approx(1000.0 + 2 * 60.0 + 10.0 + 0.25 * 20.0) and failure.step == pytest.approx(2.5)
    assert (failure.cell, failure.balance, failure.phase) == (3, "P", 1)
    words = sentence(failure, column, 3)
    assert "after 1135 s in a step of 2.5 s" in words and "in cell 4 of 20" in words and ": P;" in words
    assert f"stiffest term is that of {column.phases[1].name}" in words


def test_the_sentence_names_what_is_unusual_about_the_member():
    column = slab(12)
    scale = np.array(column.parameters["diffusivity_scale"], float)
    scale[4] = 1e3 * scale.max()
    column = replace(column, parameters=column.parameters | {"diffusivity_scale": scale})
    note = np.zeros(NOTE + len(column.phases))
    note[5] = 1
    words = sentence(failure_of(note, 90000.0, np.array([5.0])), column, 4)
    assert "after 1 d 1 h 0 min" in words and "diffusivity_scale high" in words


def test_threads_change_nothing():
    column = slab(40)
    schedule = (acid(0.5), Repeat(3, (rest(0.5), acid(0.5))))
    one, two = (solve(column, schedule, diffusivities(37.0), replace(Settings(), saves=3, threads=n)) for n in (1, 2))
    assert np.array_equal(one.mineral, two.mineral) and one.counts == two.counts


def test_steps_of_a_long_segment_are_longer_and_add_up():
    year = 365.0 * 86400.0
    long, short = segment_steps(year, Grid()), segment_steps(3600.0, Grid())
    assert long.sum() == pytest.approx(year, rel=1e-12) and short.sum() == pytest.approx(3600.0, rel=1e-12)
    assert len(long) < 80 and long.max() < 0.03 * year
    assert segment_steps(86400.0, Grid()).max() <= 3600.0
    assert (np.diff(long) > -1e-6).all() and len(segment_steps(year, Grid(parts=2))) == 2 * len(long)


def test_random_specimens_under_random_protocols():
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        import twin_robust
    finally:
        sys.path.pop(0)
    worst = []
    for tile in (3, 4, 7, 9):
        column, schedules = twin_robust.draw(np.random.default_rng([1, tile]), 15)
        run = solve(column, schedules, diffusivities(column.temperature), replace(Settings(), saves=4))
        assert twin_robust.faults(run) == []
        worst.append(np.abs(run.balance).max())
    assert max(worst) < twin_robust.BALANCED


def test_the_random_draw_is_wide_and_says_what_is_wrong():
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        import twin_robust
    finally:
        sys.path.pop(0)
    drawn = [twin_robust.draw(np.random.default_rng([9, tile]), 4) for tile in range(12)]
    segments = [s for _, schedules in drawn for one in schedules for part in one for s in getattr(part, "parts", (part,))]
    acidity = [s.exposure.fluid.pH for s in segments]
    assert min(acidity) < 3.5 and max(acidity) > 8.0
    assert max(s.exposure.fluid.totals_mmol_per_kgw.get("F", 0.0) for s in segments) > 100.0
    pores = np.concatenate([1.0 - c.sound.sum(axis=1)[:, -1] - c.organic[:, -1] for c, _ in drawn])
    assert pores.min() < 0.02 and pores.max() > 0.3
