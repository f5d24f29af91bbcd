"""Shifted worlds: each does what its name says, on both grids, to teeth, to carriers and to what a probe reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo.plan import probe as probing
from amelo.plan import robust
from amelo.plan.design import Design, Nano
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.robust import WORLDS, World, applies, lived_in, robustness
from amelo.records.case import load_case
from amelo.twin.tooth.build import COARSE_CELLS, FINE_CELLS, whole_tooth
from amelo.twin.tooth.twin import ToothTwin
from made_plans import COMBINED, OPERATIVE, made_plan

CARRIERS = Design(first=Nano("caps-400", 1e9))


@pytest.fixture(scope="module")
def kira(root):
    return load_case(root / "cases" / "kira.json")


@pytest.mark.parametrize("cells", [COARSE_CELLS, FINE_CELLS])
def test_three_tenths_of_a_millimetre_are_missing_on_every_grid(kira, cells):
    tooth = whole_tooth(kira, 36, members=64, seed=1, cells=cells).tooth
    thin = WORLDS["0.3 mm less dentine than the image shows"].tooth(tooth)
    gone = tooth.residual - thin.residual
    assert (gone <= 0.3e-3 + 1e-12).all() and (gone > 0.0).all() and (thin.widths > 0.0).all()
    assert np.median(gone) == pytest.approx(0.3e-3)
    assert np.array_equal(thin.mineral, tooth.mineral) and thin.infected == pytest.approx(tooth.infected)


def test_a_lesion_that_reaches_the_pulp_leaves_a_tenth_of_its_last_cell(kira):
    tooth = whole_tooth(kira, 36, members=8, seed=1).tooth
    sick = replace(tooth, mineral=np.full_like(tooth.mineral, 0.3), inner=np.full_like(tooth.inner, 0.3))
    thin = WORLDS["0.3 mm less dentine than the image shows"].tooth(sick)
    assert thin.widths[:, -1] == pytest.approx(np.maximum(tooth.widths[:, -1] - 0.3e-3, 0.1 * tooth.widths[:, -1]))
    assert np.array_equal(thin.widths[:, :-1], tooth.widths[:, :-1])


def test_twice_as_many_react_as_badly_as_those_who_do(kira):
    tooth = whole_tooth(kira, 36, members=4000, seed=2).tooth
    more = WORLDS["twice as many react to carriers"].tooth(tooth)
    before, after = tooth.constants, more.constants
    assert after.reacts.mean() == pytest.approx(2.0 * before.reacts.mean(), abs=0.03)
    new = after.reacts & ~before.reacts
    gain = after.pulps["inflammation.by_carriers"]
    assert gain[new].min() == pytest.approx(gain[before.reacts].mean())
    assert (after["efficacy"][new] < before["efficacy"][new]).all()
    assert np.array_equal(gain[~new], before.pulps["inflammation.by_carriers"][~new])


def test_where_nobody_reacts_nobody_more_does(kira):
    tooth = whole_tooth(kira, 36, members=64, seed=2).tooth
    calm = replace(tooth, constants=replace(tooth.constants, reacts=np.zeros(64, bool)))
    assert WORLDS["twice as many react to carriers"].tooth(calm) is calm


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("pulps answer damage by 1.3 times as much", lambda t: t.constants.pulps["inflammation.by_damage"]),
        ("floors twice as rough", lambda t: t.constants["cut.roughness"]),
        ("bacteria live three times as long under a seal", lambda t: t.constants["bacteria.starving"]),
    ],
)
def test_a_constant_is_changed_by_its_factor_and_nothing_else(kira, name, of):
    tooth = whole_tooth(kira, 36, members=16, seed=2).tooth
    other = WORLDS[name].tooth(tooth)
    factor = {"pulps": 1.3, "floors": 2.0, "bacteria": 1.0 / 3.0}[name.split()[0]]
    assert of(other) == pytest.approx(factor * of(tooth))
    changed = [k for k in tooth.constants.values if not np.array_equal(tooth.constants[k], other.constants[k])]
    assert len(changed) == (0 if name.startswith("pulps") else 1)


def test_slower_carriers_feel_half_the_gradient_and_diffuse_as_ever():
    world = WORLDS["carriers driven at half their speed"]
    assert "pull 2.5 T/m" in world.text(CARRIERS.text())
    assert world.text(CARRIERS.text()).replace("pull 2.5", "pull 5") == CARRIERS.text()
    assert world.text(OPERATIVE.text()) == OPERATIVE.text()


def test_a_world_is_looked_at_only_where_it_can_change_anything():
    slow, deaf = WORLDS["carriers driven at half their speed"], WORLDS["a probe reads too little, by the noise of one reading"]
    probe = made_plan(probed=True).probe
    assert applies(slow, [COMBINED], None) and not applies(slow, [OPERATIVE], None)
    assert applies(deaf, [COMBINED], probe) and not applies(deaf, [COMBINED], None)
    assert deaf.misread and not slow.misread
    assert all(applies(w, [OPERATIVE], None) for name, w in WORLDS.items() if w not in (slow, deaf))


class Branches:
    """Rollouts in which the calm branch harms nobody and the alarmed one everybody; readings are even between 0 and 1."""

    def __init__(self, tooth):
        self.tooth, self.asked = tooth, []

    def run(self, texts, first, last):
        from types import SimpleNamespace as Made

        self.asked.append((tuple(texts), first, last))
        n = last - first
        read, harms = Made(tooth=None), np.zeros((len(HARMS), n), bool)
        return [
            Made(refused="", lived=read, values=Made(total=np.full(n, float(k))), harms=harms | (k == 2)) for k in range(len(texts))
        ]

    def waiting(self, first, last):
        return None, None


def test_each_member_goes_the_way_its_own_reading_says_and_a_bias_changes_it(monkeypatch):
    from types import SimpleNamespace as Made

    plan = made_plan(probed=True)
    probe = replace(plan.probe, threshold=0.5)
    monkeypatch.setattr(probing, "read_out", lambda before, after: np.linspace(0.0, 1.0, 101))
    rollouts = Branches(Made(members=101))
    worth, harms = lived_in(World(), rollouts, probe.calm, probe)
    assert harms.sum() == 51 * len(HARMS) and worth.tolist() == [1.0] * 50 + [2.0] * 51
    monkeypatch.setattr(robust, "reading_noise", lambda: 0.2)
    _, fewer = lived_in(World(misread=True), rollouts, probe.calm, probe)
    assert fewer.sum() == 31 * len(HARMS)
    texts, first, last = rollouts.asked[0]
    assert texts[0] == probe.protocol and texts[2].endswith(probe.then(probe.alarmed)) and (first, last) == (0, 101)


def test_what_cannot_be_done_is_said_so():
    from types import SimpleNamespace as Made

    class Refuses:
        tooth = Made(members=3)

        def run(self, texts, first, last):
            return [Made(refused="a filling covers the floor", values=None, harms=None) for _ in texts]

    assert lived_in(World(), Refuses(), OPERATIVE) == "a filling covers the floor"


def test_a_plan_meets_every_world_that_bears_on_it_and_chances_are_told_where_there_are_any(kira, monkeypatch):
    monkeypatch.setattr(robust, "SCENARIOS", 32)
    found = robustness(ToothTwin.of(kira, 36), OPERATIVE, Goals.preset("balanced"), Limits(), 0, 10.0)
    assert set(found) == {name for name, w in WORLDS.items() if not w.slower and not w.misread}
    for said in found.values():
        shares = {k: v for k, v in said.items() if k in HARMS}
        assert all(0.0 < share <= 1.0 for share in shares.values())
        assert said["beyond"] >= sum(share > Limits().largest[name] for name, share in shares.items())


def test_worlds_end_when_there_is_no_more_time(kira, monkeypatch):
    monkeypatch.setattr(robust, "SCENARIOS", 16)
    left = iter([True, True, False])
    found = robustness(
        ToothTwin.of(kira, 36), OPERATIVE, Goals.preset("balanced"), Limits(), 0, 10.0, keep_going=lambda: next(left)
    )
    assert list(found) == list(WORLDS)[:2]


def seen(violations: int, count: int):
    from made_plans import certificate

    made = certificate(OPERATIVE, 0.7)
    made.violations = np.full(len(HARMS), float(violations))
    made.worth = np.full(count, 0.7)
    return made


def test_luck_that_both_worlds_share_cancels():
    """The same members come to harm in both: whatever their share is, the chance is that of the untouched scenarios."""
    here = np.zeros((len(HARMS), 200), bool)
    here[:, :40] = True
    chance, error = robust._chances(here, here, seen(41, 2048))
    assert chance == pytest.approx(41 / 2048) and (error < 0.01).all()
    more = here.copy()
    more[:, 40:50] = True  # one in twenty more
    chance, error = robust._chances(more, here, seen(41, 2048))
    assert chance == pytest.approx(41 / 2048 + 0.05) and (error > 0.01).all()
    alone, wide = robust._chances(more, here, None)
    assert alone == pytest.approx(0.25) and (wide > error).all()


def test_chances_stay_chances_and_none_seen_is_not_none():
    here = np.zeros((len(HARMS), 50), bool)
    chance, error = robust._chances(~here, here, seen(1000, 1024))
    assert (chance == 1.0).all()
    chance, error = robust._chances(here, here, seen(0, 1024))
    assert (chance == 0.0).all() and (error > 0.0).all()


def test_a_chance_is_found_by_luck_that_is_shared_within_its_error():
    """Two worlds that differ in one member of twenty, 300 times: the error is as large as the estimates spread, or a little larger."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(300):
        luck, fresh = rng.random(256), rng.random(2048)
        here, there = (np.broadcast_to(luck < p, (len(HARMS), 256)) for p in (0.03, 0.08))
        found.append([float(v[0]) for v in robust._chances(there, here, seen(int((fresh < 0.03).sum()), 2048))])
    chance, error = np.array(found).T
    assert chance.mean() == pytest.approx(0.08, abs=0.003)
    assert 0.95 * chance.std() < error.mean() < 1.3 * chance.std()
