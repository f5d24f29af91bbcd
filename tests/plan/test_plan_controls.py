"""The index of synergy in worlds whose answer is known: the published table, and no false claims."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.plan import controls as module
from amelo.plan.controls import WORLDS, control, controls
from amelo.plan.synergy import synergy_of

FEW = 60


@pytest.mark.parametrize(
    ("world", "hsa", "bliss", "bliss_claims"), [("null, alike", 0.148, -0.054, 0.0), ("null, opposite", 0.257, 0.054, 1.0)]
)
def test_the_published_table_within_a_hundredth(world, hsa, bliss, bliss_claims):
    """Science page, 3.4: 1024 patients, 300 replicates."""
    found = control(world, replicates=300 if world == "null, alike" else FEW, patients=1024)
    assert found.hsa == pytest.approx(hsa, abs=0.01) and found.hsa_claims == 1.0
    assert found.bliss == pytest.approx(bliss, abs=0.01) and found.bliss_claims == pytest.approx(bliss_claims, abs=0.05)
    assert found.mean == 0.0 and found.found == 0.0 and found.claimed == 0.0 and found.passed


def test_no_claim_where_there_is_nothing_and_power_where_there_is():
    for name in ("null, graded", "sham", "antagonist"):
        found = control(name, replicates=FEW)
        assert found.claimed == 0.0 and found.passed, name
    assert control("antagonist", replicates=10).mean < -0.02
    found = control("power", replicates=FEW)
    assert found.found >= 0.9 and found.mean == pytest.approx(0.05, abs=0.01) and found.passed


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = [control(name, replicates=FEW, seed=3).covered for name in ("null, graded", "sham", "power")]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)


def test_population_indices_would_claim_what_is_not_there():
    found = control("null, graded", replicates=10)
    assert found.hsa > 0.02 and found.hsa_claims == 1.0  # although the paired index is 0


def test_a_broken_index_is_found_out(monkeypatch):
    """An index that adds a twentieth fails the null worlds; one that is blind fails the world of power."""
    monkeypatch.setattr(module, "synergy_of", lambda c, n, o, w, *, seed: synergy_of(c + 0.1, n, o, w, seed=seed))
    assert not control("null, graded", replicates=5).passed and not control("antagonist", replicates=5).passed
    monkeypatch.setattr(module, "synergy_of", lambda c, n, o, w, *, seed: synergy_of(np.maximum(n, o), n, o, w, seed=seed))
    assert not control("power", replicates=5).passed


def test_all_worlds_are_run_in_order_and_progress_is_told():
    seen = []
    found = controls(replicates=2, patients=64, on_progress=lambda f, m: seen.append((f, m)))
    assert [c.world for c in found] == list(WORLDS) and len(seen) == len(WORLDS)
    assert found[0].to_dict()["world"] == "null, alike"
    assert controls(replicates=2, patients=64)[3] == found[3]  # the same seed


def test_other_names_and_too_few_are_refused():
    with pytest.raises(ParameterError, match="did you mean 'sham'"):
        control("shan")
    with pytest.raises(ParameterError, match="too few"):
        control("sham", replicates=1)
