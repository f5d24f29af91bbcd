"""Protocols of one's own beside waiting, on the same scenarios; and a plan lived through again."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import AmeloError, CommandError
from amelo.plan.again import again, again_plan, fresh_rollouts, settled
from amelo.plan.compare import compare
from amelo.plan.design import SETTLE
from amelo.plan.goals import HARMS, Goals
from amelo.plan.probe import read_out
from amelo.records.case import load_case
from amelo.twin.tooth.twin import ToothTwin
from made_plans import OPERATIVE, made_plan

OWN = {
    "varnish": "repeat 2 times:\n    varnish 22600 ppm F for 6 h\n    rest 10 d\n",
    "filled": OPERATIVE.text(),
    "impossible": "take off the restoration",
}


@pytest.fixture(scope="module")
def case(root):
    return load_case(root / "cases" / "kira.json")


@pytest.fixture(scope="module")
def found(case):
    return compare(case, OWN, 36, members=48, seed=2)


def test_every_protocol_ends_with_the_same_rest():
    assert settled(f"isolate\nrest {SETTLE:g} d") == f"isolate\nrest {SETTLE:g} d"
    assert settled(f"isolate\nrest {SETTLE - 3:g} d").endswith("\nrest 3 d\n")
    assert settled("repeat 2 times:\n    isolate\n    rest 2 d").endswith(f"    rest 2 d\nrest {SETTLE - 2:g} d\n")
    assert settled("varnish 22600 ppm F for 6 h").endswith(f"for 6 h\nrest {SETTLE:g} d\n")
    with pytest.raises(AmeloError):
        settled("sing 3 d")


def test_waiting_comes_first_and_is_nothing_over_itself(found):
    assert [row.name for row in found.rows] == ["waiting", "varnish", "filled", "impossible"]
    assert found.rows[0].gain == (0.0, 0.0, 0.0) and found.rows[0].within in (True, False)


def test_rows_hold_what_was_lived_through(found):
    data = {row["name"]: row for row in found.to_dict()["protocols"]}
    filled = data["filled"]
    assert filled["outcomes"]["tissue"]["mean"] < data["waiting"]["outcomes"]["tissue"]["mean"]
    assert filled["cost"] > 0.5 and filled["visits"] == 1 and filled["chair_time"] > 10.0
    assert set(filled["harm"]) == set(HARMS)
    for harm in filled["harm"].values():
        assert harm["share"] <= harm["upper_bound"]
    low, mean, high = (filled["over_waiting"][k] for k in ("low", "mean", "high"))
    assert low <= mean <= high and mean == pytest.approx(filled["worth"] - data["waiting"]["worth"])
    assert "refused" in data["impossible"] and "worth" not in data["impossible"]


def test_a_repeat_is_the_same_as_its_steps_written_out(case, found):
    out = "varnish 22600 ppm F for 6 h\nrest 10 d\n" * 2
    again_ = compare(case, {"out": out, "filled": OWN["filled"]}, 36, members=48, seed=2)
    assert np.array_equal(again_.rows[1].run.worth, found.rows[1].run.worth)
    assert np.array_equal(again_.rows[2].run.worth, found.rows[2].run.worth)  # whatever stands beside it


def test_other_limits_judge_the_same_harms(case, found):
    from amelo.plan.goals import Limits

    strict = compare(case, {"filled": OWN["filled"]}, 36, members=48, seed=2, limits=Limits({**Limits().largest, "warming": 1e-6}))
    assert not strict.rows[1].within and np.array_equal(strict.rows[1].upper, found.rows[2].upper)


def test_nothing_to_compare_and_too_few_scenarios_are_refused(case):
    with pytest.raises(CommandError, match="no protocol"):
        compare(case, {}, 36)
    with pytest.raises(CommandError, match="too few"):
        compare(case, OWN, 36, members=4)


def test_a_plan_with_a_probe_sends_each_member_the_way_its_reading_says(case):
    plan = made_plan(probed=True)
    twin = ToothTwin.of(case, 36)
    rollouts = fresh_rollouts(twin, None, Goals.preset("balanced"), members=40, seed=1, tier="reduced")
    run = again_plan(rollouts, plan)
    text = plan.probe.protocol
    probe = rollouts.run([text], 0, 40)[0]
    above = read_out(rollouts.waiting(0, 40)[0], probe.lived.tooth) >= plan.probe.threshold
    calm, alarmed = again(rollouts, [plan.probe.trace.policy(plan.probe.calm), plan.probe.trace.policy(plan.probe.alarmed)])
    assert np.array_equal(run.worth, np.where(above, alarmed.worth, calm.worth))
    assert np.array_equal(run.harms, np.where(above, alarmed.harms, calm.harms))
    assert run.years["pulp alive"].shape == (len(run.times), 40)
    assert min(calm.cost, alarmed.cost) <= run.cost <= max(calm.cost, alarmed.cost)
