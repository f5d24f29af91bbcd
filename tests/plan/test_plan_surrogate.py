"""The surrogate: it foretells what choices add up to, knows what it does not know, and learns which choices matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_landscape import OPEN, Landscape

from amelo.plan.design import ARMS, CHOICES, enumerated
from amelo.plan.surrogate import Surrogate, codes_of


@pytest.fixture(scope="module")
def codes():
    return codes_of(OPEN)


@pytest.fixture(scope="module")
def truth(codes) -> np.ndarray:
    return Landscape(11, pairs=0.01).truths(codes.designs)


def test_codes_tell_every_design_from_every_other(codes) -> None:
    assert len(codes.designs) == len(enumerated(replace(OPEN, arms=ARMS))) == len(codes.place)
    assert len(np.unique(codes.hot, axis=0)) == len(codes.designs)
    assert (codes.hot.sum(axis=1) == len(CHOICES)).all()
    assert [ARMS[k] for k in codes.arms[::997]] == [d.arm for d in codes.designs[::997]]
    assert codes_of(OPEN) is codes


def test_it_foretells_designs_that_it_never_saw(codes, truth) -> None:
    rng = np.random.default_rng(0)
    seen = rng.choice(len(truth), 150, replace=False)
    others = rng.choice(len(truth), 2000, replace=False)
    model = Surrogate(codes)
    for _ in range(3):
        model.fit([codes.designs[k] for k in seen], truth[seen][:, None])
    told = model.foretell(others)[:, 0]
    assert np.corrcoef(told, truth[others])[0, 1] > 0.9
    assert np.sqrt(np.mean((told - truth[others]) ** 2)) < 0.5 * truth.std()


def test_it_knows_what_it_saw_and_doubts_the_rest(codes, truth) -> None:
    seen = np.random.default_rng(1).choice(len(truth), 80, replace=False)
    model = Surrogate(codes)
    model.fit([codes.designs[k] for k in seen], truth[seen][:, None])
    assert np.allclose(model.foretell(seen)[:, 0], truth[seen], atol=0.1 * truth.std())
    others = np.setdiff1d(np.arange(len(truth)), seen)[::50]
    assert model.spread(seen).max() < np.median(model.spread(others))


def test_a_choice_that_does_nothing_loses_its_weight(codes) -> None:
    rng = np.random.default_rng(2)
    seen = rng.choice(len(codes.designs), 120, replace=False)
    designs = [codes.designs[k] for k in seen]
    worth = np.array([0.3 * d.habits + 0.2 * (d.cover == "composite") for d in designs])
    model = Surrogate(codes)
    for _ in range(3):
        model.fit(designs, worth[:, None])
    weight = dict(zip(CHOICES, model.weights, strict=True))
    assert min(weight["habits"], weight["cover"]) > max(weight["line"], weight["leave"], weight["gap"], weight["within"])


def test_several_things_are_foretold_at_once(codes, truth) -> None:
    seen = np.arange(0, len(truth), 200)
    model = Surrogate(codes)
    model.fit([codes.designs[k] for k in seen], np.stack([truth[seen], -truth[seen]], axis=1))
    told = model.foretell(np.arange(50))
    assert told.shape == (50, 2)
    assert np.allclose(told[:, 0], -told[:, 1])


def test_what_is_the_same_for_all_is_foretold_as_such(codes) -> None:
    model = Surrogate(codes)
    model.fit(list(codes.designs[:40]), np.full((40, 1), 0.7))
    assert np.allclose(model.foretell(np.arange(1000, 1100)), 0.7)
