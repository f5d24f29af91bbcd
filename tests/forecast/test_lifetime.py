"""Teeth over a lifetime: nothing gets lost, the spiral is the matrix exponential, more caries means more DMFT."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from amelo.forecast.artefact import find_model
from amelo.forecast.lifetime import AGES, STATES, STEP, _cavities, _move, lifetimes
from amelo.forecast.nhanes import STATUSES
from amelo.forecast.stages.designs import occupied_at
from amelo.forecast.stages.rates import log_rates


@pytest.fixture(scope="module")
def models():
    return find_model("progression"), find_model("restorations")


@pytest.fixture(scope="module")
def lives(models):
    return lifetimes(*models, draws=4, seed=1)


def test_every_tooth_is_somewhere(lives):
    assert lives.teeth.shape == (4, len(AGES), 7, len(STATUSES))
    assert lives.teeth.sum(axis=-1) == pytest.approx(np.ones((4, len(AGES), 7)), abs=1e-9)
    assert lives.teeth.min() > -1e-9
    assert (lives.untreated >= 0).all() and (lives.untreated <= 1).all()


def test_disease_only_adds_up(lives):
    assert np.all(np.diff(lives.mean_teeth("dmft"), axis=1) >= -1e-9)
    assert np.all(np.diff(lives.mean_teeth("missing"), axis=1) >= -1e-9)
    parts = sum(lives.mean_teeth(status) for status in ("decayed", "filled", "missing"))
    assert parts == pytest.approx(lives.mean_teeth("dmft"))


def test_molars_go_first(lives):
    disease = 1 - lives.teeth[:, 30 - AGES[0], :, STATUSES.index("sound")].mean(axis=0)
    assert disease[5] == disease.max() and disease[2] < disease[3]


def test_a_population_with_more_caries_has_more_dmft_and_seeds_hold(models, lives):
    more = lifetimes(*models, draws=4, seed=1, level=0.7)
    assert np.all(more.mean_teeth("dmft")[:, -1] > lives.mean_teeth("dmft")[:, -1])
    again = lifetimes(*models, draws=4, seed=1)
    assert np.array_equal(again.teeth, lives.teeth)


def test_the_spiral_is_the_matrix_exponential():
    rng = np.random.default_rng(0)
    rates = np.triu(rng.uniform(0, 0.5, (len(STATES), len(STATES))), 1)
    generator = rates - np.diag(rates.sum(axis=1))
    start = np.eye(len(STATES))[0]
    assert _move(start, rates) == pytest.approx(start @ expm(generator * STEP), abs=1e-7)


def test_the_first_cavity_comes_when_the_chain_says(models):
    """Without early fillings the cumulative hazard of a cavity is -ln of the chance of not having reached D2."""
    progression, _ = models
    p = {name: np.asarray(v)[:2] for name, v in progression["draws"].items()}
    frailty = np.array([0.5, 2.0])
    levels = np.zeros((2, 7))
    cavity, filled = _cavities("approximal", 16, p, np.zeros(2), levels, frailty, progression["constants"])
    assert np.abs(filled).max() == 0.0
    from amelo.forecast.stages.chain import FASTEST

    for draw in range(2):
        one = {name: v[draw] for name, v in p.items()}
        site = one["approximal_first_molar"]

        def rates(ages, one=one, site=site):
            return np.minimum(frailty[None, :, None] * np.exp(log_rates(one, "approximal", ages) + site)[:, None, :], FASTEST)

        reached = occupied_at(rates, 6.5, 40.0, nodes=2)[:, 5:].sum(axis=1)
        steps = round((40.0 - AGES[0]) / STEP)
        assert 1 - np.exp(-STEP * cavity[:steps, draw].sum(axis=0)) == pytest.approx(reached, abs=4e-3)
