"""Who a patient is, from how long a restoration has stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from starts import case, plain

from amelo.years import project, start_of, surviving_frailty
from amelo.years.hazards import _drawn, hazards_of


def test_a_new_restoration_tells_nothing():
    start = plain(500)
    assert np.array_equal(surviving_frailty(start, 3), surviving_frailty(plain(500, material=""), 3))
    told = replace(start, restoration_frailty=surviving_frailty(start, 3))
    assert np.array_equal(hazards_of(told, 3).now, hazards_of(start, 3).now)


def test_whoever_kept_a_filling_for_long_is_sturdier():
    means = [surviving_frailty(plain(4000, restoration_age=a)).mean() for a in (0.0, 5.0, 20.0)]
    assert means[0] == pytest.approx(1.0, abs=0.05) and means[0] > means[1] > means[2]
    frail = plain(4000, restoration_age=10.0, flags={"high_risk": True})
    assert surviving_frailty(frail).mean() < surviving_frailty(plain(4000, restoration_age=10.0, flags={"high_risk": False})).mean()


def test_survivors_fail_as_a_mixture_that_has_lost_its_frail():
    """The mean over members is the ratio of survivals of the whole group at both ages."""
    fresh = plain(60_000, setting="trial", restoration_frailty=1.0)
    h = hazards_of(fresh, 0, spread=False)
    variance = np.exp(_drawn("restorations", 60_000, np.random.default_rng([0, 19, 1]))["frailty_variance"])
    level = h.now.sum(axis=1)
    alive = [(1.0 + variance * level * (t / 10.0) ** h.shape) ** (-1.0 / variance) for t in (8.0, 13.0)]
    expected = (alive[1] / alive[0]).mean()
    old = plain(60_000, setting="trial", restoration_age=8.0)
    told = replace(old, restoration_frailty=surviving_frailty(old, 0))
    assert project(told, 5.0, spread=False).restoration_survival[-1].mean() == pytest.approx(expected, abs=3e-3)
    assert project(old, 5.0, spread=False).restoration_survival[-1].mean() < expected - 0.01


def test_a_chart_gives_all_arms_the_same_patient():
    filling = {"surfaces": ["O", "D"], "kind": "filling", "material": "composite", "age": 14.0}
    patient = case(16, restorations=[filling])
    waiting, renewed = start_of(patient, 16, 200), start_of(patient, 16, 200, restoration_age=0.0)
    assert np.array_equal(waiting.restoration_frailty, renewed.restoration_frailty) and waiting.restoration_frailty.mean() < 0.95
