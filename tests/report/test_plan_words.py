"""What is said of a plan, on plans made by hand."""

from __future__ import annotations

import pytest

from amelo.plan.goals import HARMS, WEIGHTS
from amelo.report import plan_words as words
from made_plans import COMBINED, COUNT, WAIT, made_plan


def test_the_headline_says_what_was_found():
    assert words.headline(made_plan()) == "tooth 36 O: carriers and operative care together, certified"
    assert words.headline(made_plan(probed=True)).endswith("after a probe, certified")
    assert words.headline(made_plan(chosen=WAIT)) == "tooth 36 O: wait"
    deferred = made_plan(status="deferred", reason="no plan could be certified", chosen=WAIT)
    assert "nothing can be certified" in words.headline(deferred)


def test_steps_are_numbered_and_waiting_is_said():
    said = words.steps_of(made_plan())
    assert said[0] == "Visit 1, day 0:" and any("Then wait 14 days" in line for line in said)
    assert "Nothing is done" in words.steps_of(made_plan(chosen=WAIT))[0]


def test_a_probe_branches_in_plain_words():
    plan = made_plan(probed=True)
    said = words.steps_of(plan)
    branch = next(line for line in said if line.startswith("Read the inflammation of the pulp before the probe"))
    assert "0.08 or more (in 20 % of cases)" in branch
    assert any("Excavate" in line for line in said[said.index(branch) :])
    assert "less than 0.08 go on as above" in branch
    other = said[said.index(branch) + 1 :]
    assert other[0] == "Visit 2, day 1:" and other[1].lstrip().startswith(f"{len(plan.probe.protocol.splitlines()) + 1}.")
    assert said.index(next(line for line in said if "Probe caps-400" in line)) < said.index(branch)
    assert words.branches(made_plan()) == []
    assert words.probe_words(plan)[0] == "first a 15 % dose" and "+0.030 (+0.010 to +0.050)" in words.probe_words(plan)[1]
    assert words.probe_words(made_plan())[0].startswith("no probe")


def test_outcomes_and_harms_have_a_row_each_with_their_numbers():
    plan = made_plan()
    rows = words.outcome_rows(plan)
    assert [row[0] for row in rows] == list(WEIGHTS)
    c = plan.chosen.certificate
    assert rows[0][2] == f"{c.outcomes[0].mean():.3f}" and " to " in rows[0][3]
    harms = {row[0]: row for row in words.harm_rows(plan)}
    assert list(harms) == [name.replace("_", " ") for name in HARMS]
    assert harms["fracture"][2:] == ("0.8 %", f"3 of {COUNT}", "5.0 %", "2.8 %")
    assert harms["exposure"][2:] == ("0 %", f"0 of {COUNT}", "10.0 %", "2.0 %")


@pytest.mark.parametrize(("value", "said"), [(0.0, "0 %"), (0.0004, "below 0.1 %"), (0.05, "5.0 %"), (float("nan"), "–")])
def test_chances_are_said_as_percent(value, said):
    assert words.chance(value) == said


def test_options_and_why_they_lost():
    rows = words.option_rows(made_plan())
    assert rows[0][0] == "carriers and operative care together" and rows[0][-1] == "chosen" and rows[0][3] == "2"
    assert {row[0] for row in rows} == set(words.ARM_WORDS.values())
    operative = next(row for row in rows if row[0] == "operative care alone")
    assert operative[2] == "no" and "0.050 less" in operative[-1]


def test_worlds_are_the_worst_first_and_what_breaks_a_limit_would_change_the_answer():
    plan = made_plan()
    rows = words.world_rows(plan)
    assert rows[0][0] == "floors twice as rough" and "fracture 7.0 %" in rows[0][2] and "may pass its limit in 1" in rows[0][2]
    assert rows[1][2] == "no harm seen"
    said = words.what_would_change_it(plan)
    assert "nobody tested the pulp" in said and any("floors twice as rough" in line for line in said)
    assert not any(line.startswith("thin") for line in said)


def test_synergy_is_said_with_its_word_and_its_absence():
    plan = made_plan()
    said = words.synergy_words(plan)
    assert said[1] == words.CLAIMS[plan.synergy.claim] and f"{plan.synergy.mean:+.3f}" in said[0]
    from dataclasses import replace

    assert words.synergy_words(replace(plan, synergy=None))[0].startswith("not told")


def test_how_it_was_found_is_in_one_line():
    line = words.run_words(made_plan())
    for part in ("9.5 s", "1.5 s", "22 plans", "12345 rollouts", "seed 7", "95 %", "balanced"):
        assert part in line, part
    assert made_plan().chosen.design == COMBINED and "not a medical device" in words.banner()


def test_the_headline_names_what_lies_outside_whatever_the_answer_is():
    from dataclasses import replace

    from amelo.plan.outside import Outside

    flags = (
        Outside("age", "age 93 years lies outside", "pulp", 93.0, 12.0, 80.0, "years"),
        Outside("gene TTN", "not in the panel", "tissue"),
    )
    for plan in (made_plan(), made_plan(chosen=WAIT), made_plan(status="deferred", reason="fracture", chosen=WAIT)):
        assert words.headline(replace(plan, outside=flags)).endswith(" (outside what was calibrated: age, gene TTN)")
