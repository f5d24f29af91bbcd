"""Equilibria, folds and thresholds of pulps: the branch is one of equilibria, both ways to the fold agree, and disease has no way back."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError, SolveError
from amelo.twin.pulp import Pulps, Segment, branch, equilibrium, fold, follow, heat_threshold, influx_threshold, rescued, slowest
from amelo.twin.pulp.course import HOUR
from amelo.twin.pulp.equations import rates
from amelo.twin.pulp.thresholds import HORIZON


@pytest.fixture(scope="module")
def path():
    return branch(Pulps.named())


def test_every_point_of_a_branch_is_an_equilibrium(path):
    p = Pulps.named().values[:, 0]
    for influx, state in zip(path.influx, path.state, strict=True):
        still = rates((*state, 0.0), (influx * HOUR, 0.0, 0.0, 0.0, 1.0), p)
        assert np.abs(still).max() < 1e-10
    assert (path.state >= -1e-12).all()


def test_a_branch_begins_in_health_and_turns_once(path):
    assert path.influx[0] == 0.0 and path.state[0].tolist() == pytest.approx([0.0, 0.0, 0.0, 0.125])
    turn = int(np.argmax(path.influx))
    assert (np.diff(path.influx[: turn + 1]) > 0.0).all() and (np.diff(path.influx[turn:]) < 0.0).all()
    assert path.stable[: turn - 1].all() and not path.stable[turn + 1 :].any()


def test_the_fold_is_where_an_eigenvalue_vanishes_and_where_runs_fail(path):
    edge = fold(Pulps.named())
    assert abs(edge.eigenvalue) * HOUR < 1e-5
    assert edge.influx >= path.influx.max() * (1.0 - 1e-9)
    assert edge.influx == pytest.approx(path.influx.max(), rel=1e-4)
    run = float(influx_threshold(Pulps.named())[0])
    assert edge.influx < run < 1.005 * edge.influx  # a run takes long to fail just above it


def test_stable_branches_draw_in_and_unstable_ones_push_away(path):
    pulps = Pulps.named()
    turn = int(np.argmax(path.influx))
    for number, ends_near in ((turn // 2, True), (turn + 20, False)):
        start = np.append(path.state[number], 0.0)[:, None] * 1.01
        end = follow(pulps, [Segment(2000 * HOUR, influx=path.influx[number])], start=start).state[-1, :4, 0]
        assert (np.abs(end - path.state[number]).max() < 1e-6) == ends_near


def test_the_slowest_time_is_that_of_a_run():
    pulps, influx = Pulps.named(), 0.165 / HOUR  # near the fold, where it is real and by far the slowest
    state = equilibrium(pulps, influx, follow(pulps, [Segment(HORIZON, influx=influx)]).state[-1, :4, 0])
    rate = slowest(pulps, state, influx)
    start = np.append(state, 0.0)[:, None]
    start[2] += 1e-5
    frames = follow(pulps, [Segment(100 * HOUR, influx=influx) for _ in range(4)], start=start)["damage"][:, 0] - state[2]
    measured = np.log(frames[-1] / frames[-2]) / (100 * HOUR)
    assert measured == pytest.approx(rate, rel=0.02)


def test_disease_is_an_equilibrium_without_a_way_back():
    pulps = Pulps.named()
    ill = equilibrium(pulps, 0.0, np.array([0.0, 1.0, 47.0, 0.5]))
    assert ill == pytest.approx([0.0, 1.0239, 47.531, 0.5242], rel=1e-4)
    assert slowest(pulps, ill, 0.0) < 0.0
    start = np.append(ill, 0.0)[:, None]
    assert follow(pulps, [Segment(HORIZON)], start=start).lost.all()


def test_what_is_worse_for_a_pulp_lowers_what_it_bears():
    worse = {
        "inflammation.by_damage": 1.5,
        "calming.source": 0.8,
        "damage.by_inflammation": 1.5,
        "damage.repair": 0.7,
        "perfusion.rise": 1.3,
    }
    pulps = Pulps.named(count=len(worse) + 1)
    for member, (name, factor) in enumerate(worse.items(), 1):
        value = pulps[name].copy()
        value[member] *= factor
        pulps = pulps.changed({name: value})
    for bears in (heat_threshold(pulps, rounds=14), influx_threshold(pulps, rounds=14)):
        assert (bears[1:] < bears[0]).all()


def test_a_pulp_without_disease_bears_every_pulse():
    calm = Pulps.named(damage__by_inflammation=0.0)
    assert heat_threshold(calm, rounds=3).tolist() == [np.inf]


def test_shorter_pulses_of_the_same_dose_do_much_the_same():
    pulps = Pulps.named()
    short, hour = heat_threshold(pulps, duration=60.0), heat_threshold(pulps)
    assert short == pytest.approx(hour, rel=0.05)


def test_a_rescue_must_come_in_time():
    starts = [s * HOUR for s in (2, 12, 24, 48)]
    assert rescued(Pulps.named(), 5.0, 2.0, starts).tolist() == [True, True, False, False]
    assert rescued(Pulps.named(), 3.5, 1.0, starts).all()  # bears that anyway
    assert not rescued(Pulps.named(), 5.0, 1.0, starts).any()


def test_what_is_refused():
    two = Pulps.named(count=2)
    for call in (fold, branch, lambda p: equilibrium(p, 0.0, np.zeros(4)), lambda p: slowest(p, np.zeros(4), 0.0)):
        with pytest.raises(ParameterError, match="one is asked for"):
            call(two)
    with pytest.raises(ParameterError, match="one pulp"):
        rescued(two, 5.0, 2.0, [2 * HOUR])
    with pytest.raises(ParameterError, match="an hour or more"):
        rescued(Pulps.named(), 5.0, 2.0, [60.0])
    with pytest.raises(SolveError, match="what can be"):  # bacteria that are taken out, not brought
        equilibrium(Pulps.named(), -0.05 / HOUR, Pulps.named().rest()[:4, 0])
    with pytest.raises(SolveError, match="no equilibrium"):
        equilibrium(Pulps.named(), 0.0, np.full(4, np.nan))
    with pytest.raises(SolveError, match="does not end"):
        fold(Pulps.named(damage__by_inflammation=0.0, bacteria__killing=50.0))
