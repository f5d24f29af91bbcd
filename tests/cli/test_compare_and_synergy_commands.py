"""``amelo compare`` and ``amelo synergy``: tables, JSON, controls, and one sentence for everything that cannot be."""

from __future__ import annotations

import json

import pytest

from amelo.plan.effects import Effect, Effects
from amelo.plan.synergy import synergy_of
from made_plans import made_plan

KIRA = "cases/kira.json"
VARNISH = "varnish 22600 ppm F for 6 h"


@pytest.fixture
def made(monkeypatch):
    """A plan made by hand in the place of a search."""
    monkeypatch.setattr("amelo.plan.plan.plan", lambda case, tooth, surface=None, **rest: made_plan())


def test_own_protocols_stand_beside_waiting(amelo):
    ran = amelo("compare", KIRA, VARNISH, "cases/protocols/stepwise.protocol", "--tooth", "36", "--no-plan", "--scenarios", "40")
    assert ran.code == 0, ran.err
    assert "40 scenarios, the same for each" in ran.out and "not a medical device" in ran.out
    lines = [line for line in ran.out.splitlines() if line.strip()]
    names = [
        next(k for k, line in enumerate(lines) if line.strip().startswith(name))
        for name in ("waiting", VARNISH, "stepwise.protocol")
    ]
    assert names == sorted(names)
    assert "+0.000 (+0.000 to +0.000)" in lines[names[0]]


def test_json_has_every_protocol_with_its_harms(amelo):
    ran = amelo(
        "compare", KIRA, VARNISH, VARNISH, "take off the restoration", "--tooth", "36", "--no-plan", "--scenarios", "40", "--json"
    )
    data = json.loads(ran.out)
    assert [p["name"] for p in data["protocols"]] == ["waiting", VARNISH, f"{VARNISH} #2", "take off the restoration"]
    assert data["protocols"][1]["worth"] == data["protocols"][2]["worth"] and "refused" in data["protocols"][3]
    assert data["scenarios"] == 40 and data["units"] and data["protocols"][1]["harm"]["fracture"]["limit"] == 0.05


def test_the_planners_own_is_among_them(amelo, made, monkeypatch):
    from amelo.plan import compare
    from amelo.plan.again import again

    monkeypatch.setattr(compare, "again_plan", lambda rollouts, plan: again(rollouts, ["rest 56 d"])[0])
    ran = amelo("compare", KIRA, VARNISH, "--tooth", "36", "--scenarios", "40")
    assert ran.code == 0 and "the planner's" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((KIRA,), "no protocol is given"),
        ((KIRA, "nowhere.protocol"), "nowhere.protocol does not exist"),
        ((KIRA, "sing 3 d"), "'sing' is not a step"),
        ((KIRA, VARNISH, "--scenarios", "3"), "--scenarios 3 is out of range"),
        ((KIRA, VARNISH, "--seconds", "0"), "--seconds 0 is out of range"),
        ((KIRA, VARNISH, "--goals", "nothing"), "is not a preset"),
        (("cases/nobody.json", VARNISH), "does not exist"),
    ],
)
def test_bad_input_of_compare_is_one_sentence(amelo, words, sentence):
    ran = amelo("compare", *words)
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1 and ran.out == ""


def test_an_unknown_step_in_a_file_is_named_with_its_place(amelo, tmp_path):
    (tmp_path / "own.protocol").write_text("isolate\npolish the moon\n")
    ran = amelo("compare", KIRA, tmp_path / "own.protocol")
    assert ran.code == 2 and "own.protocol: line 2, column 1: 'polish' is not" in ran.err


def known_effects() -> Effects:
    import numpy as np

    one = np.linspace(0.3, 0.4, 100)
    found = synergy_of(one + 0.2, one, one + 0.01, one - 0.1, seed=1)
    told = (Effect("ablation", "without the carriers", -0.1, -0.12, -0.08, 0.4), Effect("order", "carriers last", *(float("nan"),) * 4, "something covers the tooth"))  # fmt: skip
    texts = {"combined": "isolate\nrest 1 d", "nano": "rest 1 d", "operative": "rest 2 d", "wait": "rest 3 d"}
    return Effects(found, (0.1, 0.08, 0.12), told, 100, {"combined": 0.55, "nano": 0.35, "operative": 0.36, "wait": 0.25}, texts)


def test_synergy_is_told_with_its_word_and_what_makes_it(amelo, made, monkeypatch):
    monkeypatch.setattr("amelo.plan.effects.effects", lambda case, plan, **rest: known_effects())
    ran = amelo("synergy", KIRA, "--tooth", "36")
    assert ran.code == 0
    for part in ("paired excess over the better single arm: +0.19", "synergistic: in each scenario", "HSA", "Bliss", "interaction of its halves", "plans tried",
                 "without the carriers", "-0.1000 (-0.1200 to -0.0800)", "cannot be done: something covers the tooth"):  # fmt: skip
        assert part in ran.out, part
    data = json.loads(amelo("synergy", KIRA, "--tooth", "36", "--json").out)
    assert data["synergy"]["claim"] == "synergistic" and data["effects"][1]["mean"] is None and data["settings"]["designs_tried"]


def test_where_an_arm_is_missing_it_says_so(amelo, made, monkeypatch):
    monkeypatch.setattr("amelo.plan.effects.effects", lambda case, plan, **rest: None)
    ran = amelo("synergy", KIRA, "--tooth", "36")
    assert ran.code == 0 and "there is nothing to combine" in ran.out
    assert json.loads(amelo("synergy", KIRA, "--tooth", "36", "--json").out)["synergy"] is None


def test_controls_run_alone_and_say_what_they_found(amelo):
    ran = amelo("synergy", "--controls", "--replicates", "12")
    assert ran.code == 0 and ran.err == ""
    for part in ("null, alike", "sham", "antagonist", "power", "passed", "one thing in two half doses"):
        assert part in ran.out, part
    assert "FAILED" not in ran.out
    data = json.loads(amelo("synergy", "--controls", "--replicates", "3", "--json").out)
    assert len(data["controls"]) == 6 and data["controls"][0]["hsa"] == pytest.approx(0.148, abs=0.03)


def test_a_control_that_fails_is_exit_code_1(amelo, monkeypatch):
    monkeypatch.setattr("amelo.plan.controls.synergy_of", lambda c, n, o, w, *, seed: synergy_of(c + 0.1, n, o, w, seed=seed))
    ran = amelo("synergy", "--controls", "--replicates", "3")
    assert ran.code == 1 and "FAILED" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [((), "no case is given"), (("--controls", "--replicates", "1"), "--replicates 1 is out of range"), ((KIRA, "--scenarios", "1"), "--scenarios 1 is out of range")],
)  # fmt: skip
def test_bad_input_of_synergy_is_one_sentence(amelo, words, sentence):
    ran = amelo("synergy", *words)
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1
