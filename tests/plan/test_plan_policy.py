"""A probe and its branches: how it is written, what it reads, which branches fit, and that a policy is what its parts say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from amelo.plan.design import Design, Nano, Situation
from amelo.plan.explain import unknown_of
from amelo.plan.goals import Goals, Limits
from amelo.plan.panel import EDGES, Panel
from amelo.plan.policy import SEEN, mixed, policy_of, promising
from amelo.plan.probe import BRANCHES, Trace, apart, branches, harmless, openings_of, read_out, reading_noise, readings
from amelo.plan.probing import informed, measured
from amelo.plan.race import Race
from amelo.plan.rollout import Rollouts
from amelo.plan.situation import agreed
from amelo.protocol.parse import parse_text
from amelo.records.case import load_case
from amelo.twin.tooth.twin import TIERS, ToothTwin

DOSE = Nano("caps-400", 1e9)
CAVITY = Design(excavate="firm", leave=1.5, line="anti-inflammatory dressing", cover="onlay")
OPENING = Design(excavate="firm", leave=1.5, line="anti-inflammatory dressing", cover="glass ionomer")
SOON = Trace(DOSE, 0.02, OPENING)
MEMBERS = 128


def rollouts_of(root, name: str = "kira", members: int = MEMBERS, seed: int = 4) -> Rollouts:
    twin = ToothTwin.of(load_case(root / "cases" / f"{name}.json"), 36)
    return Rollouts(
        twin, twin.whole(members=members, seed=seed).tooth, TIERS["reduced"][1], Goals.preset("balanced"), 10.0, seed, 1
    )


@pytest.fixture(scope="module")
def kira(root):
    return rollouts_of(root)


def test_a_probe_in_a_cavity_is_a_protocol_that_the_language_reads():
    whole = SOON.policy(replace(CAVITY, within=DOSE))
    lines = whole.splitlines()
    assert "probe caps-400 at 2e+07 per mL for 20 min, pull 5 T/m" in lines
    assert lines.index("fill temporarily with glass ionomer") < lines.index("take off the restoration")
    assert [line for line in lines if line.startswith("excavate")] == ["excavate to firm dentine, leave 1.5 mm over the pulp"]
    assert len(parse_text(whole).steps) == len(lines)
    assert SOON.empty == SOON.text.replace(SOON.dose + "\n", "")


def test_a_probe_on_the_lesion_is_followed_by_any_design_and_one_in_a_cavity_by_what_goes_on_in_it():
    bare = Trace(DOSE, 0.1)
    for design in (Design(), CAVITY, Design(first=DOSE), Design(surface="varnish")):
        assert bare.fitted(design) == design and bare.then(design) == design.text()
    assert all(SOON.fitted(d) == d for d in (CAVITY, replace(CAVITY, within=DOSE, deproteinise=True)))
    for other in (Design(), replace(CAVITY, leave=0.5), replace(CAVITY, excavate="hard"), replace(CAVITY, stepwise=True, gap=14.0)):
        assert SOON.fitted(other) != other


def test_a_cavity_is_opened_as_the_design_opens_it_dressed_or_not():
    dressed, bare = openings_of(replace(CAVITY, within=DOSE, line="calcium silicate"))
    assert bare.line == "" and dressed.line == "anti-inflammatory dressing"
    assert all(Trace(DOSE, 0.1, o).fitted(CAVITY) == CAVITY for o in (bare, dressed))


def test_a_reading_is_the_change_from_the_patients_own_level(kira):
    before = kira.waiting(0, MEMBERS)[0]
    nothing = read_out(before, before)
    assert abs(nothing.mean()) < 4.0 * reading_noise() / np.sqrt(readings() * MEMBERS)
    assert nothing.std() == pytest.approx(reading_noise() * np.sqrt(2.0 / readings()), rel=0.25)
    run = kira.run([SOON.text], 0, MEMBERS)[0]
    assert apart(read_out(before, run.lived.tooth), kira.tooth.constants.reacts) > 0.55


def test_more_of_a_trace_tells_more_and_harms_more(kira):
    traces = [Trace(DOSE, share, OPENING) for share in (0.005, 0.02, 0.2)]
    limits = Limits()
    read = harmless(kira, traces, Limits(dict.fromkeys(limits.largest, 1.0), limits.confidence), 0, MEMBERS)
    reacts = kira.tooth.constants.reacts
    rises = [float(read[t][reacts].mean()) for t in traces]
    assert list(read) == traces and rises == sorted(rises)
    allowed = harmless(kira, traces, limits, 0, MEMBERS)
    assert set(allowed) < set(traces) and traces[2] not in allowed


def test_branches_take_what_is_best_within_the_limits_of_both():
    worth = np.array([[1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.6, 0.6]])
    harms = np.zeros((2, 1, 4), bool)
    above = np.array([False, False, True, True])
    assert branches(worth, harms, above, np.array([0.05])) == (0, 0)
    harms[0, 0, 2:] = True  # the first harms those who read high
    assert branches(worth, harms, above, np.array([0.05])) == (0, 1)
    harms[:, 0, :2] = True
    assert branches(worth, harms, above, np.array([0.05])) is None
    assert branches(worth, harms, above, np.array([0.5]), share=1.0) == (0, 1)


def test_what_is_settled_needs_no_probe(kira):
    assert mixed(kira)
    assert not mixed(all_react(kira, False)) and not mixed(all_react(kira, True))


def all_react(rollouts: Rollouts, how: bool) -> Rollouts:
    tooth = rollouts.tooth
    constants = replace(tooth.constants, reacts=np.full(tooth.members, how))
    return Rollouts(
        rollouts.twin, replace(tooth, constants=constants), rollouts.clock, rollouts.goals, rollouts.years, rollouts.seed, 1
    )


def raced(rollouts: Rollouts, on: Situation, limits: Limits, designs: dict[str, list[Design]]) -> dict[str, Race]:
    found = {}
    for arm, own in designs.items():
        found[arm] = Race(rollouts, replace(on, arms=(arm,)), limits, 1, MEMBERS)
        found[arm].try_out(own, MEMBERS)
    return found


ON = Situation(True, True, False, False, True)
WITH = replace(CAVITY, within=DOSE, deproteinise=True)
DESIGNS = {"operative": [CAVITY, replace(CAVITY, deproteinise=True)], "combined": [WITH, replace(WITH, deproteinise=False)]}


@pytest.fixture(scope="module")
def searched(kira):
    """Two short races, and the policy that grows from them."""
    races = raced(kira, ON, Limits(), DESIGNS)
    begun = kira.count
    return races, policy_of(kira, ON, races, Limits(), budget=12_000, keep_going=lambda: True), kira.count - begun


def test_carriers_promise_something_where_those_who_bear_them_gain(kira, searched):
    assert promising(kira, searched[0])
    poor = raced(kira, ON, Limits(), {"operative": DESIGNS["operative"]})
    assert not promising(kira, poor)


def test_a_policy_is_what_its_parts_say_on_the_panel_it_was_found_on(kira, searched):
    policy = searched[1]
    panel = Panel.of(kira, ON, Limits(), members=SEEN[1], budget=1, going=lambda: True)
    n = panel.members
    probe = panel.rollouts.run([policy.trace.text], 0, n)[0]
    change = read_out(panel.rollouts.waiting(0, n)[0], probe.lived.tooth)
    texts = [policy.trace.policy(policy.calm), policy.trace.policy(policy.alarmed)]
    blocks = [
        panel.rollouts.run(texts, a, b) for a, b in pairwise([0, *(panel.count(e) for e in EDGES)])
    ]  # years are drawn block by block
    (calm, harmed), (alarmed, spared) = (
        (np.concatenate([b[k].values.total for b in blocks]), np.concatenate([b[k].harms for b in blocks], axis=1))
        for k in range(2)
    )
    above = change >= policy.threshold
    assert np.array_equal(change, policy.change) and above.any() and not above.all()
    weights = panel.weights(n)
    assert policy.worth == pytest.approx((weights * np.where(above, alarmed, calm)).mean(), rel=1e-12)
    harms = (weights * np.where(above[None, :], spared, harmed)).mean(axis=1)
    assert (harms <= BRANCHES * Limits().array + 1e-9).all()
    assert all(policy.trace.fitted(d) == d for d in (policy.calm, policy.alarmed))
    assert policy.cautious is None or policy.cautious.worth <= policy.worth


def test_a_panel_has_more_of_those_who_react_and_counts_each_for_less(kira):
    panel = Panel.of(kira, ON, Limits(), members=SEEN[1], budget=100, going=lambda: True)
    whole = kira.tooth.constants.reacts.mean()
    for count in (16, 48, panel.members):
        weights, reacts = panel.weights(count), panel.reacts(count)
        assert reacts.mean() == pytest.approx(min(0.5, kira.tooth.constants.reacts.sum() / count), abs=1.0 / count)
        assert weights.mean() == pytest.approx(1.0) and (weights * reacts).mean() == pytest.approx(whole)
    assert panel.going()
    (half,) = panel.seen([CAVITY.text()], EDGES[1]).values()
    assert panel.rollouts.count == 48 and half[0].shape == (48,) and half[1].shape[1] == 48
    (whole_,) = panel.seen([CAVITY.text(), CAVITY.text()], EDGES[2]).values()
    assert panel.rollouts.count == 96 and panel.going() and np.array_equal(whole_[0][:48], half[0])
    assert panel.seen(["isolate\nexcavate to hard dentine, leave 5 mm over the pulp\nfill with composite"], EDGES[0]) == {}
    spent = panel.rollouts.count
    panel.run_on([CAVITY.text()], np.arange(8))
    assert panel.rollouts.count == spent + 8 and not panel.going()
    settled = Panel.of(all_react(kira, False), ON, Limits(), members=SEEN[1], budget=1, going=lambda: True)
    assert np.array_equal(settled.weights(20), np.ones(20))


def test_members_of_a_panel_fare_as_they_do_in_the_crowd(kira):
    panel = Panel.of(kira, ON, Limits(), members=SEEN[1], budget=1, going=lambda: True)
    mine = panel.rollouts.run([CAVITY.text()], 0, panel.members)[0]
    crowd = kira.run([CAVITY.text()], 0, MEMBERS)[0]
    residual = {float(r): float(s) for r, s in zip(crowd.lived.tooth.residual, crowd.lived.tooth.pulp_state("damage"), strict=True)}
    assert all(
        residual[float(r)] == float(s)
        for r, s in zip(mine.lived.tooth.residual, mine.lived.tooth.pulp_state("damage"), strict=True)
    )


def test_what_harms_those_who_react_weighs_as_much_as_there_are_of_them(kira):
    trace = Trace(DOSE, 0.05, OPENING)
    reacts = kira.tooth.constants.reacts
    none = harmless(kira, [trace], Limits(), 0, MEMBERS, weights=np.where(reacts, 0.0, 1.0 / (1.0 - reacts.mean())))
    many = harmless(kira, [trace], Limits(), 0, MEMBERS, weights=np.where(reacts, 1.0 / reacts.mean(), 0.0))
    assert trace in none and trace not in many


def test_the_search_for_a_policy_is_repeatable_and_ends_when_it_is_told(kira, searched):
    races, policy, _ = searched
    again = policy_of(kira, ON, races, Limits(), budget=12_000, keep_going=lambda: True)
    assert (again.trace, again.threshold, again.calm, again.alarmed) == (
        policy.trace,
        policy.threshold,
        policy.calm,
        policy.alarmed,
    )
    assert policy_of(kira, ON, races, Limits(), budget=12_000, keep_going=lambda: False) is None


def test_a_policy_is_measured_on_scenarios_it_never_saw(root, kira, searched):
    policy = searched[1]
    untouched = rollouts_of(root, members=192, seed=99)
    found = measured(untouched, policy, None, Limits())
    assert found.certificate.count == 192 and 0.0 < found.chance < 1.0
    assert found.low < found.gain < found.high
    # who knows the way of answering and the reading loses nothing to who has the reading alone, where limits do not bind
    free = Limits(dict.fromkeys(Limits().largest, 1.0), 0.95)
    loose = measured(untouched, policy, None, free)
    assert loose.perfect is None and informed(untouched, loose, None, free, lambda count: False) is loose
    assert informed(untouched, loose, None, free).perfect >= loose.gain - 1e-12
    assert found.protocol == policy.trace.text and found.then(found.calm) == policy.trace.then(policy.calm)


def test_no_probe_is_planned_for_a_patient_who_did_not_agree_to_one(root):
    case = load_case(root / "cases" / "kira.json")
    refuses = case.model_copy(update={"consent": case.consent.model_copy(update={"purposes": ("care", "planning")})})
    nobody_asked = case.model_copy(update={"consent": "unknown"})
    assert agreed(case) and agreed(nobody_asked) and not agreed(refuses)
    told = [any("not agreed to a probe dose" in s for s in unknown_of(ToothTwin.of(c, 36))) for c in (case, nobody_asked, refuses)]
    assert told == [False, False, True]
