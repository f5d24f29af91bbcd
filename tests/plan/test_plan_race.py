"""The race: it finds what is best, with the same effort for every arm, and passes finds on; a made-up tooth stands for the twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_landscape import OPEN, Landscape

from amelo.plan.design import ARMS, NANO, Design, enumerated, neighbours
from amelo.plan.goals import HARMS, Limits
from amelo.plan.race import FIRST, GROUP, Entry, Race
from amelo.plan.starters import corners, starters
from amelo.plan.together import race_together

SEARCHED = ARMS[1:]


def raced(land: Landscape, budget: int = 12_000, on=OPEN, arms=SEARCHED, **more) -> dict[str, Race]:
    races = {a: Race(land, replace(on, arms=(a,)), Limits(), 0, 768) for a in arms}
    race_together(races, budget, **more)
    return races


def best_of(land: Landscape, arm: str) -> Design:
    designs = enumerated(replace(OPEN, arms=(arm,)))
    return designs[int(np.argmax(land.truths(designs)))]


@pytest.fixture(scope="module")
def land() -> Landscape:
    return Landscape(3)


@pytest.fixture(scope="module")
def races(land) -> dict[str, Race]:
    return raced(land)


@pytest.mark.parametrize("arm", SEARCHED)
def test_every_arm_finds_what_is_all_but_its_best(land, races, arm) -> None:
    found = land.truth(races[arm].ranked()[0].design)
    worths = land.truths(enumerated(replace(OPEN, arms=(arm,))))
    assert found >= worths.max() - 0.02 * np.ptp(worths)
    assert sum(len(r.entries) for r in races.values()) < 300  # of 40,000


def test_as_many_designs_tried_at_random_do_not(land, races) -> None:
    rng = np.random.default_rng(0)
    designs = enumerated(replace(OPEN, arms=("combined",)))
    truth, count = land.truths(designs), len(races["combined"].entries)
    tried = [truth[rng.choice(len(designs), count, replace=False)].max() for _ in range(20)]
    assert land.truth(races["combined"].ranked()[0].design) > max(tried)


def test_arms_get_the_same_effort_until_one_has_nothing_left_to_try(races) -> None:
    spent = {a: r.spent for a, r in races.items()}
    assert {Design(first=n) for n in NANO if n} <= set(races["nano"].entries)  # all that there are, and some between them
    assert spent["nano"] <= spent["operative"]
    assert abs(spent["operative"] - spent["combined"]) <= 0.1 * spent["combined"] + GROUP * FIRST


def test_budget_is_kept_and_all_but_spent(land) -> None:
    for budget in (200, 1500, 6000):
        before = land.count
        raced(land, budget)
        assert 0.8 * budget <= land.count - before <= budget + 3 * FIRST


def test_the_same_seed_gives_the_same_race(land, races) -> None:
    again = raced(land)
    assert [e.design for e in again["combined"].ranked()] == [e.design for e in races["combined"].ranked()]


def test_no_time_is_no_race_and_little_time_little(land) -> None:
    before = land.count
    raced(land, seconds=lambda: 0.0)
    assert land.count - before <= 3 * GROUP * FIRST
    stopped = {a: Race(land, replace(OPEN, arms=(a,)), Limits(), 0, 768, lambda: False) for a in SEARCHED}
    before = land.count
    race_together(stopped, 12_000)
    assert land.count == before


@pytest.mark.parametrize(("finds", "gets"), [("operative", "combined"), ("combined", "operative")])
def test_what_one_arm_finds_the_other_tries_beside_it(land, finds, gets) -> None:
    races = {a: Race(land, replace(OPEN, arms=(a,)), Limits(), 0, 768) for a in ("operative", "combined")}
    rare = best_of(land, finds)
    races[finds].try_out([rare], 768)
    race_together(races, 3000)
    near = set(neighbours(rare, OPEN, gets))
    assert near & set(races[gets].entries)


def test_what_harms_too_often_is_not_offered() -> None:
    calm = Landscape(5)
    favourite = raced(calm, arms=("operative",))["operative"].ranked()[0].design
    choice = next(name for name in ("surface", "cover") if getattr(favourite, name))
    harmful = Landscape(5, harmful=(choice, getattr(favourite, choice)))
    assert getattr(raced(harmful, arms=("operative",))["operative"].ranked()[0].design, choice) != getattr(favourite, choice)


def test_kind_scenarios_make_no_winner() -> None:
    race = Race(Landscape(), OPEN, Limits(), 0, 768)
    luck = np.concatenate([np.full(FIRST, 0.9), np.full(768 - FIRST, 0.5)])
    seasoned, young = Design(habits=True), Design(surface="varnish")
    race.entries = {seasoned: Entry(seasoned, luck), young: Entry(young, luck[:FIRST] - 0.01)}
    assert race.entries[young].score(race.limits.array) > race.entries[seasoned].score(race.limits.array)  # taken at face value
    assert [e.design for e in race.ranked()] == [seasoned, young]


def test_one_early_mishap_kills_nothing() -> None:
    race = Race(Landscape(), OPEN, Limits(), 0, 768)
    harms = np.zeros(len(HARMS))
    harms[0] = 1
    once, never = Entry(Design(habits=True), np.full(FIRST, 0.6), harms), Entry(Design(surface="varnish"), np.full(FIRST, 0.5))
    race.entries = {e.design: e for e in (once, never)}
    assert race.ranked()[0] is once
    once.harms = 12 * harms
    assert race.ranked()[0] is never


def test_a_design_that_can_hardly_be_certified_brings_a_safer_one_with_it() -> None:
    race = Race(Landscape(), OPEN, Limits(), 0, 768)
    entries = [
        Entry(Design(habits=True, surface=s), np.full(768, 0.6 - 0.01 * k)) for k, s in enumerate(("silver", "varnish", "peptide"))
    ]
    for e in entries[:2]:
        e.harms[0] = 33  # 4.3 % of 5 %
    race.entries = {e.design: e for e in entries}
    assert race.finalists(2) == [e.design for e in entries]
    entries[0].harms[0] = 10
    assert race.finalists(2) == [e.design for e in entries[:2]]


def test_refused_designs_stop_nothing(land) -> None:
    class Refusing(Landscape):
        def run(self, designs, first, last):
            found = super().run(designs, first, last)
            return [
                replace(o, values=None, harms=None, refused="no") if d.habits else o for d, o in zip(designs, found, strict=True)
            ]

    races = raced(Refusing(3), 4000)
    assert all(not e.design.habits for r in races.values() for e in r.ranked())
    assert races["operative"].ranked()


def test_corners_reach_every_skeleton_before_they_come_back_to_one() -> None:
    on = replace(OPEN, arms=("operative",))
    order = corners(on, 0)
    kinds = {d.skeleton for d in order}
    assert len({d.skeleton for d in order[: len(kinds)]}) == len(kinds)
    assert set(order) == set(enumerated(on))


@pytest.mark.parametrize("arm", ARMS)
def test_starters_belong_to_their_arm_and_may_be_done(arm) -> None:
    on = replace(OPEN, arms=(arm,))
    found = starters(on)
    assert found and all(d.arm == arm and not d.refused(on) for d in found)
