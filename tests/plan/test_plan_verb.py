"""The verb ``amelo.plan`` end to end with few scenarios: what it returns, that it can be repeated, stopped, and refuses what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import amelo
from amelo.errors import CommandError, RecordError
from amelo.plan.plan import plan
from amelo.records.case import load_case
from made_plans import make_small

PLAIN = ("wait", "operative")  # arms without carriers, whose tables take a while to be filled
BUDGET = 400


@pytest.fixture(scope="module")
def kira(root):
    return load_case(root / "cases" / "kira.json")


@pytest.fixture(scope="module")
def planned(kira):
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        found = []
        yield amelo.plan(kira, 36, arms=PLAIN, rollouts=BUDGET, seed=3, on_found=found.append), found


def test_the_package_is_the_verb_in_whatever_order_it_is_imported():
    code = "import amelo.plan.record, amelo; assert callable(amelo.plan); import amelo.plan.plan; assert callable(amelo.plan)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert amelo.Plan.__name__ == "Plan"


def test_it_says_everything_that_its_faces_tell(planned):
    found, told = planned
    data = found.to_dict()
    assert data["status"] in ("certified", "deferred") and data["chosen"]["protocol"]
    assert {"wait", "operative"} <= set(data["arms"]) and data["synergy"] is None and data["probe"] is None
    for harm in data["chosen"]["harm"].values():
        assert 0.0 <= harm["share"] <= harm["upper_bound"] <= 1.0 and 0.0 < harm["limit"] <= 1.0
    if data["status"] == "certified":
        assert all(h["upper_bound"] <= h["limit"] for h in data["chosen"]["harm"].values())
    assert found.runner_up.why and found.runner_up in found.options
    assert "bjorndal2017" in found.provenance.citations and found.provenance.parameters
    assert told and told[-1]["unfinished"] and json.dumps(told)


def test_the_same_seed_and_rollouts_give_the_same_plan(kira, planned):
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        again = plan(kira, 36, arms=PLAIN, rollouts=BUDGET, seed=3, threads=1)
    first, second = planned[0].to_dict(), again.to_dict()
    for data in (first, second):
        for key in ("seconds", "first_certified_seconds"):
            data.pop(key)
    assert first == second


def test_a_stop_gives_the_best_that_is_certified_by_then(kira, monkeypatch):
    make_small(monkeypatch)

    def stop(fraction, message):
        if "best so far" in message:
            raise KeyboardInterrupt

    found = plan(kira, 36, arms=PLAIN, rollouts=BUDGET, on_progress=stop)
    assert found.status == "certified" and found.settings["stopped_by_user"] is True
    assert found.chosen.certified and not found.robustness and not found.explained


def test_a_stop_before_anything_is_certified_says_so(kira, monkeypatch):
    make_small(monkeypatch)

    def stop(fraction, message):
        if "nothing certified" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="nothing was certified yet"):
        plan(kira, 36, arms=PLAIN, rollouts=BUDGET, on_progress=stop)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seconds": 0.0}, "0 seconds are out of range"),
        ({"arms": ("nanoo",)}, "did you mean 'nano'"),
        ({"arms": ()}, "no arms are given"),
        ({"rollouts": 0}, "a budget of 0 rollouts"),
        ({"years": 99.0}, "99 years"),
    ],
)
def test_what_cannot_be_is_refused_at_once(kira, change, sentence):
    with pytest.raises(CommandError, match=sentence):
        plan(kira, 36, **change)


def test_a_tooth_without_a_lesion_or_without_a_crown_is_refused(kira):
    sound = next(int(n) for n, t in kira.teeth.items() if t.worst is None and t.status == "present" and not t.findings)
    with pytest.raises(RecordError, match="name a tooth with one: "):
        plan(kira, sound)
    gone = kira.model_copy(update={"teeth": {**kira.teeth, "36": kira.tooth(36).model_copy(update={"status": "missing"})}})
    with pytest.raises(RecordError, match="tooth 36 is missing"):
        plan(gone, 36)
