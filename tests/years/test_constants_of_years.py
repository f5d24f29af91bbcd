"""Constants drawn for members: around their values, within their ranges, the same for the same seed, and of nature alone."""

from __future__ import annotations

import numpy as np
import pytest
from starts import plain

from amelo.params import load_set
from amelo.years import project
from amelo.years.constants import CENTRAL, DRAWN, POLICY, Constants

COUNT = 4000


@pytest.fixture(scope="module")
def drawn():
    return Constants.of(COUNT, np.random.default_rng(0))


def test_draws_have_the_value_for_median_and_stay_within_the_range(drawn):
    assert {name.partition(".")[0] for name in drawn.drawn} == set(DRAWN)
    for name, values in drawn.drawn.items():
        p = load_set("years")[name]
        assert values.shape == (COUNT,) and p.low <= values.min() and values.max() <= p.high * (1 + 1e-12), name
        assert np.median(values) == pytest.approx(p.value, rel=2e-3, abs=1e-6), name
        assert (values < p.value).mean() == pytest.approx(0.5, abs=0.01) or p.low == p.value, name


def test_choices_and_worth_are_not_drawn(drawn):
    for name in ("cost.crown", "weight.gap", "spiral.crown", "visits.implant", *POLICY):
        assert name not in drawn.drawn and drawn(name) == load_set("years").value(name) == CENTRAL(name)


def test_constants_are_independent_of_each_other(drawn):
    ranks = np.array([np.argsort(np.argsort(v)) for v in drawn.drawn.values() if np.ptp(v) > 0.0])
    correlation = np.corrcoef(ranks) - np.eye(len(ranks))
    assert np.abs(correlation).max() < 0.09


def test_what_is_not_known_widens_the_range_of_members_and_keeps_the_middle():
    start = plain(3000, residual=0.5e-3)
    sure, unsure = (project(start, spread=spread).outcomes()["pulp lost"] for spread in (False, True))
    assert unsure.high - unsure.low > 3.0 * (sure.high - sure.low)
    assert unsure.mean == pytest.approx(sure.mean, abs=0.06)


def test_arms_share_their_draws():
    arms = [project(plain(200, residual=r), seed=3) for r in (0.3e-3, 0.6e-3)]
    assert np.array_equal(arms[0].hazards.root, arms[1].hazards.root) and np.array_equal(
        arms[0].hazards.deep_shape, arms[1].hazards.deep_shape
    )
    assert (arms[1].hazards.deep < arms[0].hazards.deep).all()
