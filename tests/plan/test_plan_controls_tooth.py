"""Controls on a tooth: nothing is claimed where its physics has nothing to find, and an effect that is there is found."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.plan import controls_tooth as module
from amelo.plan.controls import Control
from amelo.plan.controls_tooth import TOOTH_WORLDS, tooth_controls
from amelo.plan.design import Nano
from amelo.plan.goals import Goals
from amelo.plan.rollout import Rollouts, operations_of
from amelo.plan.synergy import synergy_of
from amelo.records.case import load_case
from amelo.twin.tooth.twin import TIERS, ToothTwin
from made_plans import COMBINED, OPERATIVE

WITHIN = replace(OPERATIVE, within=Nano("caps-400", 3e8))


@pytest.fixture(scope="module")
def kira(root):
    twin = ToothTwin.of(load_case(root / "cases" / "kira.json"), 36)
    tooth = twin.whole(members=96, seed=3).tooth
    return Rollouts(twin, tooth, TIERS["reduced"][1], Goals.preset("balanced"), 10.0, 3)


@pytest.fixture(scope="module")
def found(kira):
    return {c.world: c for c in tooth_controls(kira, WITHIN, replicates=20, patients=256)}


def test_every_world_is_there_with_its_truth_and_passes(found):
    assert list(found) == list(TOOTH_WORLDS)
    for name, c in found.items():
        assert c.claimed == 0.0 or name == "tooth: power", name
        assert c.passed and c.mean == pytest.approx(c.truth, abs=0.01), name
    assert found["tooth: power"].truth == pytest.approx(0.05) and found["tooth: power"].found >= 0.9
    assert found["tooth: antagonist"].truth < 0.02, "next to nothing passes a liner"


def test_an_index_that_sees_what_is_not_there_fails_on_the_tooth(kira, monkeypatch):
    monkeypatch.setattr(module, "synergy_of", lambda c, n, o, w, *, seed: synergy_of(c + 0.1, n, o, w, seed=seed))
    worlds = {name: TOOTH_WORLDS[name] for name in ("tooth: empty baths", "tooth: antagonist")}
    monkeypatch.setattr(module, "TOOTH_WORLDS", worlds)
    assert not any(c.passed for c in tooth_controls(kira, WITHIN, replicates=10, patients=128))


def test_a_deaf_tooth_answers_neither_carriers_nor_payload_and_stays_what_it_is(kira):
    deaf = TOOTH_WORLDS["tooth: deaf"].tooth(kira.tooth)
    assert (deaf.constants["efficacy"] == 0.0).all() and (deaf.constants.pulps["inflammation.by_carriers"] == 0.0).all()
    assert kira.tooth.constants["efficacy"].max() > 0.0
    assert np.array_equal(deaf.constants.pulps["inflammation.by_damage"], kira.tooth.constants.pulps["inflammation.by_damage"])


@pytest.mark.parametrize("design", [WITHIN, COMBINED, replace(WITHIN, stepwise=True, gap=14.0), replace(WITHIN, line="")])
def test_arms_of_every_world_are_protocols(design):
    dose = (design.first or design.within).line()
    for name, tried in TOOTH_WORLDS.items():
        combined, nano, operative = tried.texts(design)
        assert all(operations_of(text) for text in (combined, nano, operative)), name
        assert "nanobots" in combined and "nanobots" in nano
        assert ("nanobots" in operative) is (name == "tooth: sham")
        if name == "tooth: antagonist":
            lines = combined.splitlines()
            before = lines[: lines.index(dose)]
            assert any(line.startswith(("line with", "seal")) for line in before) and combined.count(dose) == 1


def test_what_cannot_be_done_on_a_tooth_is_left_out(kira, monkeypatch):
    refused = SimpleNamespace(refused="a filling covers the floor", values=None)
    monkeypatch.setattr(Rollouts, "run", lambda self, designs, first, last: [refused for _ in designs])
    assert tooth_controls(kira, WITHIN, replicates=3) == []


def test_without_carriers_there_is_nothing_to_control(kira):
    with pytest.raises(ParameterError, match="nothing to combine"):
        tooth_controls(kira, OPERATIVE)


def said(**changes) -> Control:
    usual = {"truth": 0.0, "found": 0.02, "claimed": 0.0, "covered": 0.95}
    return Control(
        "x",
        "",
        replicates=300,
        patients=1024,
        mean=0.0,
        hsa=0.0,
        bliss=0.0,
        hsa_claims=0.0,
        bliss_claims=0.0,
        passed=False,
        **{**usual, **changes},
    )


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({}, True),
        ({"claimed": 0.1}, False),
        ({"found": 0.1}, False),
        ({"found": 1.0, "truth": 0.01}, True),  # a small effect that is there
        ({"claimed": 1.0, "truth": 0.08, "found": 1.0}, True),  # a true claim
        ({"claimed": 0.1, "truth": 0.05, "found": 1.0}, False),
        ({"truth": 0.05, "found": 0.8}, False),
        ({"covered": 0.88}, False),
        ({"covered": 1.0}, False),
    ],
)
def test_what_must_hold_is_held_to(changes, passes):
    assert module._passes(said(**changes), still=False) is passes


def test_an_excess_that_is_the_same_in_all_is_always_covered():
    assert module._passes(said(covered=1.0), still=True)
