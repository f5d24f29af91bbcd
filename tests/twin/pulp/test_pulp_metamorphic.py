"""What must hold whatever the constants: units do not matter, clocks do not matter, care helps, reactors fare worse."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.twin.bioheat import Meeting, Tooth, warm
from amelo.twin.pulp import Pulps, Segment, fold, follow, heat_threshold, profile
from amelo.twin.pulp.course import HOUR
from amelo.twin.pulp.equations import NAMES
from amelo.twin.pulp.heat import heated

DAY = 24.0 * HOUR
PER_HOUR = [
    n for n in NAMES if "h" in profile()[n].unit.replace("mmHg", "").replace("(", "/").replace(")", "").split("/")[-1].split()
]


def drawn() -> Pulps:
    return Pulps.drawn(64, 11)


def spans(clock: float = 1.0, damage: float = 1.0, bacteria: float = 1.0) -> list[Segment]:
    return [
        Segment(HOUR / clock, cutting=clock * damage * 0.8 / HOUR, influx=clock * bacteria * 0.1 / HOUR),
        Segment(2 * HOUR / clock, warming=2.0),
        Segment(20 * DAY / clock, influx=clock * bacteria * 0.1 / HOUR, carriers=0.2),
    ]


def test_the_unit_of_damage_does_not_matter():
    pulps, factor = drawn(), 0.5
    other = pulps.times(
        inflammation__by_damage=1 / factor, calming__weight_of_damage=1 / factor, damage__by_inflammation=factor, heat__gain=factor
    )
    one, two = follow(pulps, spans()), follow(other, spans(damage=factor))
    np.testing.assert_allclose(two["damage"], factor * one["damage"], rtol=1e-8, atol=1e-12)
    for name in ("bacteria", "inflammation", "calming"):
        np.testing.assert_allclose(two[name], one[name], rtol=1e-8, atol=1e-12)


def test_the_unit_of_bacteria_does_not_matter():
    pulps, factor = drawn(), 3.0
    other = pulps.times(bacteria__capacity=factor, bacteria__local_binding=1 / factor, bacteria__local_source=factor, inflammation__by_bacteria=1 / factor)  # fmt: skip
    other = other.times(bacteria__local_killing=1 / factor)
    one, two = follow(pulps, spans()), follow(other, spans(bacteria=factor))
    np.testing.assert_allclose(two["bacteria"], factor * one["bacteria"], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(two["damage"], one["damage"], rtol=1e-8, atol=1e-12)


def test_a_clock_that_runs_twice_as_fast_shows_the_same():
    pulps, factor = drawn(), 2.0
    assert len(PER_HOUR) == 20, PER_HOUR
    faster = pulps.times(**{name.replace(".", "__"): factor for name in PER_HOUR if name != "calming.liner_life"})
    faster = faster.times(calming__liner_life=1.0 / factor)
    one, two = follow(pulps, spans(), step=450.0), follow(faster, spans(clock=factor), step=225.0)
    np.testing.assert_allclose(two.state[-1], one.state[-1], rtol=1e-7, atol=1e-10)


def test_care_saves_some_and_costs_none_where_there_are_no_bacteria_but_a_few_where_there_are():
    """What calms also holds back what kills: too much of it lets an infection pass, as in the model's origin."""
    pulps = Pulps.drawn(1024, 12)
    costs = {}
    for influx in (0.0, 0.1):
        before = [Segment(HOUR, cutting=1.5 / HOUR), Segment(DAY, influx=influx / HOUR)]
        none, soothed, lined = (
            follow(pulps, [*before, Segment(6 * DAY, influx=influx / HOUR, **care), Segment(30 * DAY)]).lost
            for care in ({}, {"soothing": 3.0}, {"liner": 1.0})
        )
        assert lined.sum() < none.sum() and soothed.sum() < none.sum()
        costs[influx] = (int((soothed & ~none).sum()), int((lined & ~none).sum()))
    assert costs[0.0] == (0, 0)
    assert 0 < costs[0.1][0] < 100, costs


def test_reactors_fare_worse_under_carriers_and_alike_without():
    mild, reactor = 0.004, profile()["reactor.by_carriers"].value
    pulps = Pulps.named(count=2).changed({"inflammation.by_carriers": [mild, reactor]})
    with_carriers = follow(pulps, [Segment(2 * DAY, carriers=1.0)])
    assert with_carriers["inflammation"][-1, 1] > 5.0 * with_carriers["inflammation"][-1, 0] > 0.0
    without = follow(pulps, [Segment(2 * DAY, influx=0.1 / HOUR)])
    np.testing.assert_array_equal(without.state[..., 0], without.state[..., 1])


def test_the_invented_pulp_bears_less():
    assert fold(Pulps.named("hypothetical")).influx < fold(Pulps.named()).influx
    assert heat_threshold(Pulps.named("hypothetical"))[0] < heat_threshold(Pulps.named())[0]


def test_recovery_is_slower_close_to_the_fold():
    pulps = Pulps.named(count=3)
    influx = np.array([0.05, 0.15, 0.166]) / HOUR
    settled = follow(pulps, [Segment(4000 * HOUR, influx=influx)]).state[-1]
    pushed = settled.copy()
    pushed[2] += 0.02
    left = follow(pulps, [Segment(100 * HOUR, influx=influx)], start=pushed)["damage"][-1] - settled[2]
    assert abs(left[0]) < abs(left[2]) and abs(left[1]) < abs(left[2])
    assert left[2] > 0.3 * 0.02


@pytest.mark.parametrize(("flux", "lost"), [(300.0, False), (5000.0, True)])
def test_heat_that_is_conducted_reaches_the_pulp_as_damage(flux, lost):
    """An hour of a weak flux is borne; of a strong one it is not: from the surface of enamel to the loss of a pulp."""
    found = warm(Tooth.layered(), [Meeting(HOUR, flux=flux, exchange=50.0), Meeting(HOUR, exchange=50.0)])
    course = follow(Pulps.named(), [*heated(found.time, found.pulp), Segment(60 * DAY)])
    assert bool(course.lost[0]) is lost
    assert found.pulp.max() > (9.0 if lost else 0.0)
