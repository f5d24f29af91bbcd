"""Dentine, tests and heat around a pulp."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError, SolveError
from amelo.params import load_set
from amelo.twin.pulp import Pulps, PulpTest, Segment, cutting, follow, influx_through, odontoblast_loss
from amelo.twin.pulp.course import HOUR
from amelo.twin.pulp.dentine import outflow, permeability
from amelo.twin.pulp.heat import damage_dose, heated, share_lost, tolerances, with_tolerance

MM = 1e-3


def test_influx_falls_by_e_over_its_length_and_with_permeability():
    assert influx_through(1.0, 0.0) * HOUR == pytest.approx(0.35)
    assert influx_through(0.5, 0.6 * MM) * HOUR == pytest.approx(0.175 / np.e)
    excavated, carious = (influx_through(1.0, MM, permeability(s)) for s in ("excavated", "carious"))
    assert excavated / carious == pytest.approx(3.0)
    assert influx_through(1.0, MM, permeability("sound")) / carious == pytest.approx(43.5, abs=0.1)


def test_loss_of_odontoblasts_is_fitted_to_one_class_alone():
    near = odontoblast_loss(np.linspace(0.01, 0.5, 4001) * MM).mean()
    assert near == pytest.approx(0.337, abs=1e-3)
    assert odontoblast_loss(0.0) == 1.0
    assert (np.diff(odontoblast_loss(np.linspace(0.0, 3.0, 50) * MM)) < 0.0).all()


def test_cutting_adds_damage_at_once_and_nothing_else():
    left = np.array([0.0, 0.5, 2.0]) * MM
    course = follow(Pulps.named(count=3), [Segment(60.0, cutting=cutting(left, 60.0))])
    np.testing.assert_allclose(course["damage"][-1], odontoblast_loss(left), rtol=1e-3)
    assert (course["bacteria"][-1] == 0.0).all() and course["inflammation"][-1].max() < 1e-3


def test_more_dentine_never_raises_what_becomes_of_a_pulp():
    left = np.linspace(0.05, 2.0, 40) * MM
    pulps = Pulps.named(count=len(left))
    spans = [Segment(60.0, cutting=cutting(left, 60.0)), Segment(1000 * HOUR, influx=influx_through(0.8, left))]
    course = follow(pulps, spans)
    assert course.lost[0] and not course.lost[-1]
    assert (np.diff(course.worst) <= 1e-9).all()
    assert (np.diff(course.lost.astype(int)) <= 0).all()


@pytest.fixture(scope="module")
def any_pulps():
    """Drawn pulps under any cut, warmth and bacteria, and how they fare with something changed."""
    count, rng = 2048, np.random.default_rng(1)
    pulps = Pulps.drawn(count, 9)
    bacteria, left, warming = rng.uniform(0, 1, count), rng.uniform(0, 2, count) * MM, rng.uniform(0, 8, count)

    def fare(*, thicker=0.0, warmer=0.0, more=0.0, step=450.0):
        over = left + thicker * rng.uniform(0, 1, count)
        spans = [
            Segment(600.0, cutting=cutting(over, 600.0)),
            Segment(HOUR, warming=warming + warmer),
            Segment(60 * 24 * HOUR, influx=influx_through(bacteria, over) + more),
        ]
        return follow(pulps, spans, step=step)

    return fare


@pytest.mark.parametrize("change", [{"warmer": 1.0}, {"more": 0.02 / HOUR}])
def test_heat_and_influx_never_save_a_pulp(any_pulps, change):
    before, after = any_pulps(), any_pulps(**change)
    assert 0.2 < before.lost.mean() < 0.7
    assert not (before.lost & ~after.lost).any()
    kept = ~before.lost  # how high a lost one climbs is another matter: what calms answers to more as well
    assert (after.worst >= before.worst * (1.0 - 1e-6))[kept].all()


def test_more_dentine_never_loses_any_pulp(any_pulps):
    before, after = any_pulps(), any_pulps(thicker=MM)
    assert after.lost.sum() < before.lost.sum()
    assert not (after.lost & ~before.lost).any()
    assert (after.worst <= before.worst * (1.0 + 1e-6) + 1e-9).all()


def test_half_the_step_changes_hardly_any_verdict(any_pulps):
    assert (any_pulps().lost != any_pulps(step=225.0).lost).sum() <= 2


def test_outflow_is_the_conductance_in_si():
    metre_per_second = outflow(98.0665)  # under a centimetre of water
    assert metre_per_second == pytest.approx(0.036e-9 / 60.0 / 1e-4)
    assert outflow(1000.0, "cervical") < outflow(1000.0, "occlusal")


def test_a_test_of_a_pulp_is_wrong_in_three_of_ten():
    test = PulpTest.clinical()
    assert test.agreement == pytest.approx(35.5 / 52.0, abs=1e-5)
    lost = np.arange(40_000) % 2 == 0
    says = test.read(lost, 3)
    for truth in (True, False):
        assert (says[lost == truth] == truth).mean() == pytest.approx(test.agreement, abs=0.01)
    drawn = test.drawn(40_000, 1)
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([0.55, 0.80], abs=0.015)
    np.testing.assert_array_equal(test.read(lost, 3), says)


def test_findings_move_belief_by_bayes():
    test = PulpTest.clinical()
    a = test.agreement
    assert test.after(0.2, True) == pytest.approx(0.2 * a / (0.2 * a + 0.8 * (1 - a)))
    assert test.after(test.after(0.2, True), False) == pytest.approx(0.2)
    assert test.likelihood(True, np.array([True, False])).tolist() == [a, 1 - a]
    assert (test.after(0.0, True), test.after(1.0, False)) == (0.0, 1.0)


def test_two_worlds_of_heat():
    monkeys, humans, belief = (tolerances(100_000, 1, monkey=w) for w in (1.0, 0.0, None))
    assert share_lost(monkeys, [5.5, 11.1, 16.6]) == pytest.approx([0.148, 0.601, 0.938], abs=0.01)
    assert (share_lost(humans, [8.9, 14.7]) == 0.0).all()
    assert share_lost(belief, 11.1)[0] == pytest.approx(0.3, abs=0.01)
    assert monkeys.min() >= 0.1


def test_a_tolerance_sets_the_gain():
    bears = np.array([5.0, 10.0, 18.0])
    pulps = with_tolerance(Pulps.named(count=3), bears)
    for factor, lost in ((0.98, False), (1.02, True)):
        course = follow(pulps, [Segment(HOUR, warming=factor * bears), Segment(4000 * HOUR)])
        assert (course.lost == lost).all()
    assert load_set("pulp").value("heat.limit") == 5.5


def test_a_record_of_warming_acts_by_its_dose():
    time = np.array([0.0, 10.0, 30.0, 100.0])
    warming = np.array([0.0, 20.0, 20.0, -5.0])
    pulps = Pulps.named(count=2, heat__gain=[0.4, 0.8])
    segments = heated(time, warming)
    assert [s.warming for s in segments] == [10.0, 20.0, 7.5]
    dose = damage_dose(pulps, time, warming)
    assert dose == pytest.approx(np.array([0.4, 0.8]) * (100.0 + 400.0 + 525.0) / HOUR)
    np.testing.assert_allclose(follow(pulps, segments)["damage"][-1], dose, rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: influx_through(1.2, MM), "between 0 and 1"),
        (lambda: influx_through(0.5, -MM), "residual dentine"),
        (lambda: influx_through(0.5, MM, -1.0), "permeability"),
        (lambda: permeability("carius"), "did you mean 'carious'"),
        (lambda: odontoblast_loss(np.nan), "residual dentine"),
        (lambda: cutting(MM, 0.0), "cutting lasts 0 s"),
        (lambda: outflow(1.0, "oclusal"), "did you mean 'occlusal'"),
        (lambda: PulpTest.clinical().after(1.5, True), "probability"),
        (lambda: tolerances(3, 1, monkey=2.0), "weight of 2"),
        (lambda: with_tolerance(Pulps.named(), np.array([0.0])), "tolerance"),
        (lambda: heated([0.0, 0.0], [1.0, 1.0]), "rising times"),
        (lambda: heated([0.0], [1.0]), "two or more"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()


def test_pulps_that_bear_everything_have_no_gain():
    with pytest.raises(SolveError, match="1 pulps bear every pulse"):
        with_tolerance(Pulps.named(damage__by_inflammation=0.0), np.array([10.0]))
