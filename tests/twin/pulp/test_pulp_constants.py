"""Constants of pulps: profiles, draws from priors, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin.pulp import Pulps, profile
from amelo.twin.pulp.equations import NAMES


def test_the_constants_are_those_of_the_set_in_their_order():
    pulps = Pulps.named(count=3)
    assert pulps.values.shape == (len(NAMES), 3) and pulps.count == 3
    for name in NAMES:
        assert (pulps[name] == load_set("pulp").value(name)).all()
    assert pulps.rest()[:, 1].tolist() == [0.0, 0.0, 0.0, pytest.approx(0.125), 0.0]


def test_every_symbol_of_the_page_has_its_value():
    page = [0.6, 0.01, 0.005, 0.002, 0.1, 20, 1.8, 0.1, 0.01, 0.02, 0.004, 0.08, 0.12, 0.05, 0.35, 0.06, 0.02, 0.28, 0.0125, 0.04, 48, 0.1, 2, 96, 43, 19, 8, 30, 0.15, 0.02, 0.4]  # fmt: skip
    assert Pulps.named().values[:, 0].tolist() == page


def test_the_hypothetical_profile_is_fiction_and_says_so():
    invented = load_set("pulp-hypothetical")
    for p in invented:
        assert p.grade == "assumption" and "fiction" in p.note and p.name in profile("ordinary"), p.name
    assert "fiction" in invented.about
    assert Pulps.named("hypothetical")["inflammation.by_damage"][0] == 0.035
    assert profile("ordinary")["reactor.chance"].value < profile("hypothetical")["reactor.chance"].value
    assert Pulps.named("hypothetical")["damage.repair"] == Pulps.named()["damage.repair"]


def test_draws_follow_their_ranges():
    pulps = Pulps.drawn(40_000, 1)
    for name in ("inflammation.by_damage", "damage.repair"):
        logs = np.log(pulps[name])
        assert logs.std() == pytest.approx(0.3, abs=0.006), name
        assert logs.mean() == pytest.approx(np.log(0.02), abs=0.006), name
    rest = pulps["perfusion.resting"]
    assert (rest.min(), rest.max()) == (pytest.approx(6.0, abs=0.01), pytest.approx(25.0, abs=0.01))
    assert rest.mean() == pytest.approx(15.5, abs=0.1)
    assert (pulps["perfusion.arterial"] > pulps["perfusion.venous"]).all()
    assert (pulps["perfusion.venous"] == 19.0).all()


@pytest.mark.parametrize(("name", "chance"), [("ordinary", 0.05), ("hypothetical", 0.3)])
def test_some_react_to_carriers(name, chance):
    drawn = Pulps.drawn(20_000, 2, name)["inflammation.by_carriers"]
    far = np.log(drawn / 0.004) > np.log(0.12 / 0.004) / 2  # the clouds overlap hardly: a factor of 30 apart
    assert far.mean() == pytest.approx(chance, abs=0.02)


def test_draws_are_paired_whatever_varies():
    whole, part = Pulps.drawn(50, 7), Pulps.drawn(50, 7, varied=["damage.repair"])
    np.testing.assert_array_equal(whole["damage.repair"], part["damage.repair"])
    assert (part["bacteria.killing"] == 1.8).all() and np.ptp(whole["bacteria.killing"]) > 0.0
    np.testing.assert_array_equal(Pulps.drawn(50, 7).values, whole.values)
    assert not np.array_equal(Pulps.drawn(50, 8).values, whole.values)


def test_changes_factors_and_choices():
    pulps = Pulps.named(count=4, damage__repair=[0.01, 0.02, 0.03, 0.04])
    assert pulps.take(np.array([3, 0]))["damage.repair"].tolist() == [0.04, 0.01]
    assert pulps.times(damage__repair=2.0)["damage.repair"].tolist() == [0.02, 0.04, 0.06, 0.08]
    assert pulps.changed({"heat.gain": 1.0})["heat.gain"].tolist() == [1.0] * 4
    assert pulps["heat.gain"].tolist() == [0.4] * 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Pulps.named("ordinry"), "did you mean 'ordinary'"),
        (lambda: Pulps.named(count=0), "0 pulps"),
        (lambda: Pulps.named(damage__repar=1.0), "did you mean 'damage.repair'"),
        (lambda: Pulps.named(damage__repair=-1.0), "below 0"),
        (lambda: Pulps.named(damage__repair=np.nan), "not finite"),
        (lambda: Pulps.named(count=2, damage__repair=[1.0, 1.0, 1.0]), "there are 2 pulps"),
        (lambda: Pulps.named(perfusion__venous=43.0), "arterioles"),
        (lambda: Pulps.drawn(2, 1, varied=["damage.repir"]), "did you mean 'damage.repair'"),
        (lambda: Pulps.named().times(damge__repair=2.0), "did you mean 'damage.repair'"),
        (lambda: Pulps.named()["damag.repair"], "did you mean 'damage.repair'"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
