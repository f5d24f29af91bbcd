"""Derivatives where a matrix decays and where a biofilm eats: every knob against differences of whole runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from differences import EXACT, NOISE, check_arrays, check_knobs
from test_dentine_matrix import dentine

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.column import Biofilm
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.biofilm import typical
from amelo.twin.lesion.gradient import gradient, integrated_mineral_loss, reverse
from amelo.twin.lesion.inputs import STENCILS
from amelo.twin.lesion.knobs import knobs, turned
from amelo.twin.lesion.solve import solve
from amelo.twin.measures import tissue_of
from amelo.twin.saliva import resting_fluid, saliva_profile
from amelo.twin.schedule import Exposure, Repeat, Segment

from test_lesion_gradient import ACID, SALIVA  # isort: skip

HOUR = 3600.0
D = diffusivities(37.0)
ACID_THEN_SALIVA = (Repeat(2, (Segment(3 * HOUR, Exposure(ACID)), Segment(9 * HOUR, Exposure(SALIVA, film=2e-5)))),)
SALIVA_OF_A_MOUTH = resting_fluid(saliva_profile(), 37.0)
FEEDING = (  # lengths at which a little more does not add a step
    Segment(590.0, Exposure(SALIVA_OF_A_MOUTH, film=1e-4)),
    Segment(110.0, Exposure(SALIVA_OF_A_MOUTH, film=1e-4, sugar=300.0)),
    Segment(1790.0, Exposure(SALIVA_OF_A_MOUTH, film=1e-4, sugar=20.0, activity=0.8)),
    Segment(1790.0, Exposure(SALIVA_OF_A_MOUTH, film=1e-4)),
)


def loss(run):
    return float(integrated_mineral_loss(run)[0][0])


def collagen_lost(run):
    """Metres of matrix lost, and its derivative."""
    widths = np.diff(run.edges)
    slope = np.zeros_like(run.collagen)
    slope[:, -1] = -widths
    return ((1.0 - run.collagen[:, -1]) * widths).sum(axis=1), {"collagen": slope}


@pytest.fixture(scope="module")
def matrix():
    column = dentine(collagen__decay_rate=300.0, enzyme__activation_rate=2.0)  # so fast that a day shows it
    parameters = column.parameters | {"enzyme.initial_activity": np.array([0.1])}
    return replace(column, parameters=parameters)


def test_mineral_and_collagen_of_dentine(matrix):
    back = reverse(matrix, ACID_THEN_SALIVA, D, settings=EXACT)
    for result in (integrated_mineral_loss, collagen_lost):
        value, slope = result(back.run)
        found = back.pull(slope, value)
        check_knobs(found, matrix, ACID_THEN_SALIVA, D, lambda run, result=result: float(result(run)[0][0]), noise=3e-8)
    assert found.knobs["collagen.decay_rate"][0] > 0 and found.knobs["enzyme.initial_activity"][0] > 0
    places = [("mineral", (0, 2)), ("sound", (0, 2)), ("organic", (2,))]
    check_arrays(found, matrix, ACID_THEN_SALIVA, D, lambda run: float(collagen_lost(run)[0][0]), places)


def test_dentine_is_solved_as_without_a_tape(matrix):
    plain, taped = solve(matrix, ACID_THEN_SALIVA, D, EXACT), reverse(matrix, ACID_THEN_SALIVA, D, settings=EXACT).run
    assert taped.collagen == pytest.approx(plain.collagen, abs=1e-10) and plain.collagen.min() < 0.97
    assert taped.balance == pytest.approx(plain.balance, abs=1e-12)


@pytest.fixture(scope="module")
def plaque():
    base = {"name": "x", "tissue": "human enamel", "thickness": "60 um", "grid": {"cells": 10, "first_cell": "1 um"}}
    made = column_of(parse_specimen(base | {"mechanisms": {"calcium_fluoride": True}}, where="x.toml"))
    own = {name: np.array([value]) for name, value in typical().items()}
    lesion = 0.9 * made.mineral  # sound enamel may lose and not gain: a corner, which differences see from both sides
    return replace(made, mineral=lesion, parameters=made.parameters | own, biofilm=Biofilm(1.5e-4, 6, SALIVA_OF_A_MOUTH))


def test_a_biofilm_that_is_fed(plaque):
    found = gradient(plaque, FEEDING, D, of=integrated_mineral_loss, settings=EXACT)
    assert set(found.knobs) == set(knobs(plaque, FEEDING))
    check_knobs(found, plaque, FEEDING, D, loss)
    assert found.knobs["sugar[1]"][0] > 0 and found.knobs["activity[2]"][0] > 0 > found.knobs["biofilm.fixed_buffer"][0]
    assert found.mineral.shape == plaque.mineral.shape
    last = plaque.mineral.shape[2] - 1
    places = [("mineral", (0, 1)), ("sound", (0, 1)), ("organic", (1,)), ("sound", (0, last)), ("organic", (last,))]

    def moved(run):  # without what sound tissue itself is
        tissue = tissue_of(run)
        return -float((run.mineral[0, -1, :, tissue].sum(axis=0) * np.diff(run.edges)[tissue]).sum())

    check_arrays(found, plaque, FEEDING, D, moved, places)


def test_the_lowest_ph_of_plaque(plaque):
    def fall(run):
        slope = np.zeros_like(run.ph)
        inside, at = tissue_of(run).start - 1, int(np.argmin(run.ph[0, :, tissue_of(run).start - 1]))
        slope[:, at, inside] = 1.0
        return run.ph[:, at, inside], {"ph": slope}

    found = gradient(plaque, FEEDING, D, of=fall, settings=EXACT)
    names = {
        "sugar[1]",
        "sugar[2]",
        "duration[1]",
        "film[1]",
        "biofilm.production",
        "biofilm.ph_minimum",
        "biofilm.diffusivity_sugar",
    }
    check_knobs(found, plaque, FEEDING, D, lambda run: float(fall(run)[0][0]), names, noise=NOISE)
    assert found.knobs["sugar[1]"][0] < 0 < found.knobs["biofilm.ph_minimum"][0] and load_set("mouth")["plaque.water"].value < 1


def test_a_chain_says_the_same(plaque):
    back = reverse(plaque, FEEDING, D, settings=EXACT)
    _, slope = integrated_mineral_loss(back.run)
    found, chain, now = back.pull(slope), back.chain(slope), knobs(plaque, FEEDING)
    for name in (
        "biofilm.water",
        "biofilm.ph_optimum",
        "pk.enamel_main",
        "molar_volume.enamel_main",
        "growth_rate.CaF2",
        "diffusivity_scale",
    ):
        points = np.array(list(STENCILS[0])) * 1e-3 * now[name][0] + now[name][0]
        many = {n: np.repeat(v, len(points)) for n, v in plaque.parameters.items()} | {name: points}
        arrays = {n: np.repeat(getattr(plaque, n), len(points), axis=0) for n in ("mineral", "sound", "organic")}
        at = chain.of_column(replace(plaque, parameters=many, **arrays))
        derivative = at @ np.array(list(STENCILS[0].values())) / (1e-3 * now[name][0])
        assert derivative == pytest.approx(found.knobs[name][0], rel=1e-7), name
    for name in ("sugar[1]", "activity[2]", "film[0]", "duration[2]", "bath[0].pH", "bath[0].Ca"):
        step = 1e-3 * now[name][0]
        at = [chain.of_schedule(turned(plaque, FEEDING, {name: float(now[name][0] + n * step)})[1]) for n in STENCILS[0]]
        assert np.array(at) @ np.array(list(STENCILS[0].values())) / step == pytest.approx(found.knobs[name][0], rel=1e-6), name
    with pytest.raises(ParameterError, match="the schedule has 3 segments, not 4"):
        chain.of_schedule(FEEDING[:3])
