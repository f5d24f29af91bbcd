"""The deadline of a plan, on machines of any speed: a clock that only rollouts move shows that it is kept, and that less is looked at instead."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from amelo.plan import rollout
from amelo.plan.certify import certify
from amelo.plan.goals import HARMS, WEIGHTS, Limits
from amelo.plan.plan import plan
from amelo.plan.rollout import Outcome, Rollouts
from amelo.plan.worth import Values
from amelo.records.case import load_case
from made_plans import OPERATIVE, make_small

EVERY = ("wait", "nano", "operative", "combined")


@pytest.fixture(scope="module")
def kira(root):
    return load_case(root / "cases" / "kira.json")


@pytest.fixture
def machine(monkeypatch):
    """Make a machine of a speed: seconds that one rollout takes, and nothing else takes any."""
    from amelo.plan import plan as verb
    from amelo.plan import search

    make_small(monkeypatch)

    def of(pace: float) -> SimpleNamespace:
        clock = SimpleNamespace(now=0.0)
        clock.perf_counter = lambda: clock.now
        true = Rollouts.run

        def slow(self, designs, first, last):
            found = true(self, designs, first, last)
            clock.now += pace * len(designs) * (last - first)
            self.pace = pace
            return found

        for module in (verb, search, rollout):
            monkeypatch.setattr(module, "clock_time", clock)
        monkeypatch.setattr(Rollouts, "run", slow)
        return clock

    return of


@pytest.mark.parametrize("pace", [3e-3, 8e-3])
def test_a_deadline_is_kept_by_every_part_and_what_was_left_out_is_said(kira, machine, pace):
    clock = machine(pace)
    found = plan(kira, 36, arms=EVERY, seconds=10.0)
    assert clock.now <= 10.0 and found.seconds <= 10.0
    left_out = found.settings["no_time_for"]
    assert all(any(said.startswith(f"{what}: there was no time") for said in found.unknown) for what in left_out)
    assert ("how it does in other worlds" in left_out) or found.robustness or found.chosen.arm == "wait"


def test_the_slowest_machine_has_an_answer_and_it_is_to_wait(kira, machine):
    clock = machine(0.05)
    found = plan(kira, 36, arms=EVERY, seconds=10.0)
    assert found.status == "deferred" and found.chosen.arm == "wait" and "in the time given" in found.reason
    assert clock.now < 15.0, "the certificate of waiting is the least there is"


def test_time_that_is_short_certifies_a_few_rather_than_looking_at_many(kira, machine):
    machine(3e-3)
    found = plan(kira, 36, arms=("wait", "operative"), seconds=8.0)
    assert any(o.certificate.count for o in found.options if o.arm == "operative")


def test_a_budget_of_rollouts_knows_no_time(kira, machine):
    machine(10.0)
    found = plan(kira, 36, arms=("wait", "operative"), rollouts=60, seconds=1.0)
    assert found.settings["no_time_for"] == [] and found.robustness and found.seconds > 100.0


class Free:
    """Rollouts without any harm."""

    tooth = SimpleNamespace(members=1024)

    def __init__(self):
        self.asked = []

    def run(self, designs, first, last):
        self.asked.append((len(designs), first, last))
        count = last - first
        return [
            Outcome(Values(np.ones((len(WEIGHTS), count)), np.ones(count)), np.zeros((len(HARMS), count), bool), None)
            for _ in designs
        ]


def test_a_look_is_asked_for_with_all_its_rollouts_and_not_begun_without_time():
    asked = []

    def affords(count: int) -> bool:
        asked.append(count)
        return count < 1000

    rollouts = Free()
    found = certify(rollouts, [OPERATIVE, OPERATIVE], Limits(), sizes=(256, 512, 1024), affords=affords)
    assert asked == [512, 512, 1024, 512] and rollouts.asked == [(2, 0, 256), (2, 256, 512), (1, 512, 1024)]
    assert sorted(c.count for c in found) == [512, 1024]
    nothing = certify(Free(), [OPERATIVE], Limits(), affords=lambda count: False)[0]
    assert nothing.count == 0 and nothing.verdict is None and (nothing.upper == 1.0).all()


def test_pace_is_what_a_rollout_took_of_late(kira):
    from amelo.plan.goals import Goals
    from amelo.twin.tooth.twin import TIERS, ToothTwin

    twin = ToothTwin.of(kira, 36)
    rollouts = Rollouts(twin, twin.whole(members=16, seed=1).tooth, TIERS["reduced"][1], Goals.preset("balanced"))
    assert rollouts.pace == 0.0
    rollouts.run([OPERATIVE], 0, 16)
    assert 0.0 < rollouts.pace < 1.0 and rollouts.count == 16
