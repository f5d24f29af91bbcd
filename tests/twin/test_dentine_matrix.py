"""Collagen of dentine: acid bares it and wakes its enzymes, neutral fluid lets them work, and what is lost does not come back."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from types import SimpleNamespace

import numpy as np
import pytest

from amelo.protocol import Protocol
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.matrix import barren, decay
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.measures import measure_run

ACID = "demineralise in acetate 50 mM pH 4.5 with Ca 1.0 mM, PO4 1.0 mM, KCl 100 mM for {}\n"
NEUTRAL = "remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for {}\n"
UNDERSATURATED = "demineralise in acetate 5 mM pH 6.6 with KCl 130 mM for {}\n"
MATH = SimpleNamespace(log=np.log, exp_any=np.exp, sqrt=np.sqrt, where=lambda condition, yes, no: yes if condition else no)
CELL = {
    "collagen": 1.0,
    "enzyme": 0.0,
    "log_activity": 0.0,
    "sound_apatite": 2.0,
    "collagen_protected_above": 0.7,
    "collagen_decay_rate": 2.7e-7,
    "enzyme_activation_ph": 5.0,
    "enzyme_activation_width": 0.5,
    "enzyme_activation_rate": 7e-5,
    "enzyme_deactivation_rate": 1e-6,
    "enzyme_optimal_ph": 7.0,
    "enzyme_ph_width": 1.0,
    "porosity_floor": 0.01,
    "residual_mineral": 0.05,
    "molar_volume.0": 0.16,
}


def after(seconds, ph, mineral, **state):
    """Collagen and enzyme of one cell after one step."""
    cell = CELL | state | {"step": seconds}
    found = {}
    decay(cell.__getitem__, 10.0**-ph, 2.0 * mineral, lambda **numbers: found.update(numbers), MATH)
    return found["collagen"], found["enzyme"]


def dentine(**changed):
    specimen = {"name": "x", "tissue": "dentine", "thickness": "300 um", "grid": {"cells": 24, "first_cell": "2 um"}}
    column = column_of(parse_specimen(specimen, where="x.toml"))
    scaled = {name.replace("__", "."): factor for name, factor in changed.items()}
    assert scaled.keys() <= column.parameters.keys() | {"growth_rate"}
    found = dict(column.parameters)
    for name, value in column.parameters.items():
        stem = name if name in scaled else name.partition(".")[0]
        found[name] = value * scaled.get(stem, 1.0)
    return replace(column, parameters=found)


def solved(text, column=None, **settings):
    schedule = Protocol.parse(text).schedule(None)
    run = solve(column or dentine(), schedule, diffusivities(37.0), Settings(saves=30, lanes=1, **settings))
    assert run.status[0] == 0 and np.abs(run.balance).max() < 1e-12
    assert (run.collagen <= 1.0).all() and (run.collagen > 0.0).all()
    return run


def lost(run):
    return measure_run(run)["collagen_loss"][0, -1]


def loss(run):
    return measure_run(run)["integrated_mineral_loss"][0]


def test_enzyme_wakes_in_acid_only_and_goes_to_sleep_again():
    assert after(1e6, 7.0, 0.2) == (1.0, 0.0)
    assert after(1e6, 5.3, 0.2)[1] == 0.0
    assert after(1e4, 4.5, 0.2)[1] == pytest.approx(7e-5 / 7.1e-5 * (1 - exp(-0.71)))
    assert after(1e4, 5.0, 0.2)[1] == pytest.approx(3.5e-5 / 3.6e-5 * (1 - exp(-0.36)))
    assert after(1e6, 7.0, 0.2, enzyme=0.8)[1] == pytest.approx(0.8 * exp(-1.0))


def test_bare_collagen_decays_and_covered_collagen_does_not():
    assert after(1e6, 7.0, 0.7, enzyme=1.0)[0] == 1.0
    work = exp(-1.0)  # of the enzyme at the end of the step
    assert after(1e6, 7.0, 0.0, enzyme=1.0)[0] == pytest.approx(exp(-0.27 * work))
    assert after(1e6, 7.0, 0.35, enzyme=1.0, collagen=0.5)[0] == pytest.approx(0.5 * exp(-0.135 * work))
    assert after(1e6, 6.0, 0.0, enzyme=1.0)[0] == pytest.approx(exp(-0.27 * work * exp(-0.5)))


@pytest.mark.parametrize("seconds", [1e-3, 1.0, 1e5, 1e12])
@pytest.mark.parametrize("ph", [3.0, 4.9, 7.0, 11.0])
def test_shares_stay_shares_for_any_step(seconds, ph):
    for collagen in (0.0, 0.3, 1.0):
        for enzyme in (0.0, 1.0):
            c, a = after(seconds, ph, 0.1, collagen=collagen, enzyme=enzyme)
            assert 0.0 <= c <= collagen and 0.0 <= a <= 1.0


def test_without_matrix_no_pore_can_be_filled():
    """Mineral, pores and what cannot be filled: room is the rest, and vanishes with the matrix at the residue that stays."""
    residue = 0.05 * 2.0 * 0.16
    assert barren((CELL | {"collagen": 1.0}).__getitem__, 0.2) == 0.0
    for collagen in (0.0, 0.4):
        organic = 0.3
        room = (1.0 - residue - organic * collagen) - 0.2 - barren((CELL | {"collagen": collagen}).__getitem__, 0.2)
        assert room == pytest.approx(collagen * (1.0 - organic - residue - 0.2))


def test_sound_dentine_keeps_its_collagen():
    assert lost(solved(NEUTRAL.format("30 d"))) == 0.0


def test_mineral_lost_without_acid_leaves_the_enzymes_asleep():
    run = solved(UNDERSATURATED.format("20 d"))
    assert loss(run)[-1] > 500.0 and lost(run) == 0.0


def test_acid_prepares_and_neutral_fluid_destroys():
    acid, both = solved(ACID.format("3 d")), solved(ACID.format("3 d") + NEUTRAL.format("14 d"))
    assert 0.0 < lost(acid) < 0.05 * lost(both)
    assert lost(both) > 10.0
    bare = both.mineral[0].sum(axis=1).min(axis=0) < 0.65 * both.sound[0].sum(axis=0)
    assert (both.collagen[0, -1][~bare] > 0.97).all() and both.collagen[0, -1].min() < 0.9


def test_without_enzyme_nothing_is_lost():
    assert lost(solved(ACID.format("3 d") + NEUTRAL.format("14 d"), dentine(enzyme__activation_rate=0.0))) == 0.0
    still = parse_specimen(
        {"name": "x", "tissue": "dentine", "thickness": "300 um", "grid": {"cells": 24, "first_cell": "2 um"},
         "collagen": {"decays": False}}, where="x")  # fmt: skip
    assert lost(solved(ACID.format("3 d") + NEUTRAL.format("14 d"), column_of(still))) == 0.0


def test_lost_matrix_becomes_pore():
    run = solved(ACID.format("3 d") + NEUTRAL.format("14 d"))
    column = dentine()
    pores = 1.0 - run.mineral[0].sum(axis=1) - column.organic[0] * run.collagen[0]
    assert run.porosity[0] == pytest.approx(pores)
    assert (column.organic[0] * (1.0 - run.collagen[0, -1])).max() > 0.01


def test_what_is_lost_does_not_grow_back():
    """The same lesion under the same fluid: the more collagen is lost, the less mineral returns.

    Growth is slow here; where it is fast, the surface of intact dentine fills first and seals the rest off.
    """
    text, regained, reached = ACID.format("1 d") + NEUTRAL.format("60 d"), [], []
    for enzyme, decay_rate in ((0.0, 1.0), (1.0, 1.0), (1.0, 4.0), (1.0, 20.0)):
        run = solved(text, dentine(growth_rate=0.1, enzyme__activation_rate=enzyme, collagen__decay_rate=decay_rate))
        regained.append(loss(run).max() - loss(run)[-1])
        reached.append(run.mineral[0, -1].sum(axis=0) / run.sound[0].sum(axis=0))
    assert regained[0] > 1.02 * regained[1] > 1.1 * regained[2] > 1.3 * regained[3] > 0.0
    outer = [r[:10].mean() for r in reached]
    assert outer[0] > outer[1] + 0.05 > outer[2] + 0.15 > outer[3] + 0.2, "where most was lost, least comes back"


def test_steps_hardly_matter():
    coarse, fine = (lost(solved(ACID.format("2 d") + NEUTRAL.format("7 d"), grid=Grid(parts=parts))) for parts in (1, 4))
    assert coarse == pytest.approx(fine, rel=0.04)


def test_enzymes_that_are_awake_from_the_start():
    awake = dentine()
    awake.parameters["enzyme.initial_activity"] = np.array([0.5])
    text = UNDERSATURATED.format("10 d")
    assert lost(solved(text, awake)) > 0.1 > lost(solved(text)) == 0.0


def test_leaps_over_days_carry_collagen_and_its_enzymes():
    """Ninety days of acid and neutral fluid: collagen goes as it does day by day, and never below nothing."""
    text = f"repeat 90 times:\n    {ACID.format('3 h')}    {NEUTRAL.format('21 h')}"
    schedule = Protocol.parse(text).schedule(None)
    every, leapt = (
        solve(dentine(), schedule, diffusivities(37.0), Settings(saves=3, lanes=1, threads=1, jump=jump)) for jump in (0.0, 4e-3)
    )
    assert leapt.counts["cycles skipped"] > 5
    assert every.collagen[0, -1].min() < 0.9  # there is something to carry
    assert (leapt.collagen > 0.0).all()
    assert (leapt.collagen <= 1.0).all()
    assert np.abs(leapt.collagen - every.collagen).max() < 5e-3
    assert lost(leapt) == pytest.approx(lost(every), rel=4e-3)  # as much as was allowed
    assert np.abs(leapt.balance).max() < 1e-11
