"""Steps that every pulp chooses for itself: the implicit step beside its definition, and courses beside fine even steps and a stiff solver."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from test_pulp_course import SCENES, by_stiff_solver

from amelo.errors import ParameterError, SolveError
from amelo.params import load_set
from amelo.twin.pulp import Pulps, Segment, follow
from amelo.twin.pulp.course import HOUR, carried, forces_of, steps_of
from amelo.twin.pulp.equations import NAMES, rates
from amelo.twin.pulp.implicit import ORDER, factored, slopes, solved, step_text
from amelo.twin.pulp.pacing import LANES, LONGEST, SCALES, pacer

DAY = 24.0 * HOUR
SCALE = np.array(SCALES)[:, None]


def advanced():
    names = {"rates": rates, "slopes": slopes, "factored": factored, "solved": solved}
    exec(step_text(), names)  # the text that is compiled
    return names["advanced"]


def matrix(slope, life):
    pb, pn, pc, nb, nn, nd, nc, dn, dd, dc, cn, cd, cc, cl = slope
    return np.array(
        [[pb, pn, 0, pc, 0], [nb, nn, nd, nc, 0], [0, dn, dd, dc, 0], [0, cn, cd, cc, cl], [0, 0, 0, 0, -1.0 / life]],
    )


def test_slopes_are_the_derivatives_of_the_rates():
    rng, pulps = np.random.default_rng(1), Pulps.drawn(60, 3)
    for member in range(60):
        state = rng.random(5) * [1.0, 1.5, 5.0, 0.6, 1.0]
        force = rng.random(5) * [0.2, 10.0, 1.0, 2.0, 3.0]
        p = pulps.values[:, member]
        columns = []
        for k in range(5):
            up, down = state.copy(), state.copy()
            up[k] += 1e-6
            down[k] -= 1e-6
            columns.append((np.array(rates(up, force, p)) - np.array(rates(down, force, p))) / 2e-6)
        np.testing.assert_allclose(matrix(slopes(state, force, p), p[23]), np.stack(columns, axis=1), rtol=2e-5, atol=1e-7)


def test_factors_solve_the_system_of_a_stage():
    rng = np.random.default_rng(2)
    for _ in range(50):
        slope, right, life = tuple(rng.normal(size=14)), rng.normal(size=5), 0.5 + rng.random()
        found = solved(factored(slope, 6.0, life), tuple(right))
        np.testing.assert_allclose(found, np.linalg.solve(6.0 * np.eye(5) - matrix(slope, life), right), rtol=1e-12, atol=1e-14)


def test_a_step_is_of_fourth_order_and_knows_its_error():
    step, p = advanced(), Pulps.named().values[:, 0]
    force, start = (0.1, 0.0, 0.0, 0.2, 1.5), (0.1, 0.1, 0.5, 0.2, 0.5)

    def gone(parts):
        state, told = start, 0.0
        for _ in range(parts):
            state, error, *_ = step(state, force, p, 4.0 / parts)
            told += np.abs(error).max()
        return np.array(state), told

    exact, _ = gone(512)
    errors = [np.abs(gone(n)[0] - exact).max() for n in (4, 8, 16)]
    assert all(one / two > 0.8 * 2**ORDER for one, two in pairwise(errors)), errors
    for n, error in zip((4, 8, 16), errors, strict=True):
        assert error < gone(n)[1] < 1e4 * error


@pytest.mark.parametrize("segments", SCENES)
@pytest.mark.parametrize("tolerance", [1e-3, 1e-5])
def test_paced_courses_beside_a_stiff_solver(segments, tolerance):
    pulps = Pulps.named()
    ours, exact = follow(pulps, segments, tolerance=tolerance).state[-1, :, 0], by_stiff_solver(pulps.values[:, 0], segments)
    assert (np.abs(ours - exact) / (SCALE[:, 0] + exact)).max() < 10.0 * tolerance


def insults(count, seed):
    rng = np.random.default_rng(seed)
    influx = rng.uniform(0.0, 0.25, count) / HOUR
    return [
        Segment(600.0, cutting=rng.uniform(0.0, 2.0, count) / 600.0, influx=influx),
        Segment(HOUR, warming=rng.uniform(0.0, 6.0, count), influx=influx),
        Segment(4 * DAY, liner=1.0, influx=0.5 * influx, carriers=rng.uniform(0.0, 0.5, count)),
        *(Segment(1.5 * DAY, influx=influx * 0.9**k) for k in range(12)),
        Segment(120 * DAY, influx=0.2 * influx),
    ]


def apart(one, two):
    """Return by how much each pulp differs at most."""
    return (np.abs(one.state - two.state) / (SCALE + two.state)).max(axis=(0, 1))


@pytest.fixture(scope="module")
def many():
    """Return 1500 drawn pulps, what happens to them, and what comes of it in the finest of chosen steps."""
    pulps, segments = Pulps.drawn(1500, 8), insults(1500, 9)
    return pulps, segments, follow(pulps, segments, tolerance=1e-7)


def test_the_finest_chosen_steps_beside_fine_even_ones(many):
    pulps, segments, exact = many
    even = follow(pulps, segments, step=112.5)  # which lose their order where venules begin to collapse
    assert np.quantile(apart(even, exact), 0.9) < 1e-3 and apart(even, exact).max() < 0.05
    np.testing.assert_array_equal(even.lost, exact.lost)
    assert 0.1 < exact.lost.mean() < 0.9


@pytest.mark.parametrize(("tolerance", "step"), [(1e-3, 900.0), (1e-4, 450.0)])
def test_the_same_pulps_are_lost_and_errors_are_below_those_of_even_steps(many, tolerance, step):
    pulps, segments, exact = many
    paced, even = follow(pulps, segments, tolerance=tolerance), follow(pulps, segments, step=step)
    np.testing.assert_array_equal(paced.lost, exact.lost)
    error, other = apart(paced, exact), apart(even, exact)
    for quantile in (0.5, 0.9, 0.99, 1.0):
        assert np.quantile(error, quantile) < np.quantile(other, quantile)
    assert np.quantile(error, 0.99) < 5.0 * tolerance
    np.testing.assert_allclose(paced.most, exact.most, rtol=5.0 * tolerance, atol=tolerance)


def test_the_worst_and_the_moment_of_collapse_are_found_within_long_steps(many):
    pulps, segments, exact = many
    paced, even = follow(pulps, segments, tolerance=1e-3), follow(pulps, segments, step=900.0)
    np.testing.assert_allclose(paced.worst, exact.worst, rtol=1e-3)
    assert np.abs(paced.worst / exact.worst - 1.0).max() < np.abs(even.worst / exact.worst - 1.0).max()
    assert (np.isfinite(paced.collapse) == np.isfinite(exact.collapse)).all()
    passed = np.isfinite(exact.collapse)
    late = np.abs(paced.collapse - exact.collapse)[passed] / HOUR
    assert passed.sum() > 1000 and np.median(late) < 0.01 and late.max() < 2.0


def test_members_do_not_see_each_other_nor_threads_nor_where_a_wait_is_cut():
    count = 3 * LANES + 5
    pulps, segments = Pulps.drawn(count, 4), insults(count, 5)
    whole = follow(pulps, segments, tolerance=1e-3)
    np.testing.assert_array_equal(whole.state, follow(pulps, segments, tolerance=1e-3, threads=3).state)
    which = np.array([count - 1, 7, LANES])
    some = [
        Segment(s.duration, **{n: np.broadcast_to(getattr(s, n), count)[which] for n in vars(s) if n != "duration"})
        for s in segments
    ]
    part = follow(pulps.take(which), some, tolerance=1e-3)
    np.testing.assert_array_equal(part.state, whole.state[..., which])
    np.testing.assert_array_equal(part.worst, whole.worst[which])
    first = follow(pulps, segments[:3], tolerance=1e-3)
    then = follow(pulps, segments[3:], start=first.state[-1], tolerance=1e-3)
    np.testing.assert_array_equal(then.state[-1], whole.state[-1])


def test_without_the_ends_of_segments_the_same_comes_out():
    pulps, segments = Pulps.drawn(20, 1), insults(20, 2)
    force, liner = forces_of(segments, 20)
    lengths = np.array([s.duration for s in segments]) / HOUR
    for how in (1e-3, steps_of(segments, 900.0)[1]):
        whole, ends = (carried(pulps, lengths, force, liner, pulps.rest(), how, every=every) for every in (True, False))
        np.testing.assert_array_equal(ends.state, whole.state[[0, -1]])
        np.testing.assert_array_equal(ends.most, whole["inflammation"].max(axis=0))
        assert ends.time.tolist() == whole.time[[0, -1]].tolist()


def test_rest_stays_rest_and_is_crossed_in_long_steps():
    pulps = Pulps.drawn(LANES, 2)
    course = follow(pulps, [Segment(40 * DAY)], tolerance=1e-4)
    np.testing.assert_allclose(course.state[-1], pulps.rest(), rtol=1e-12)
    np.testing.assert_array_equal(course["damage"], 0.0)
    assert np.isnan(course.collapse).all() and (course.worst == 0.0).all()
    block = pulps.values.reshape(1, len(NAMES), LANES)
    frames = np.repeat(pulps.rest()[None, None], 2, axis=1)
    force = np.zeros((1, 1, 5, LANES))
    force[:, :, 4] = 1.0
    none = np.zeros((1, LANES))
    mark, lengths = none + load_set("pulp").value("damage.collapse"), np.array([40.0 * 24.0])
    tried = pacer().march(0, 1, block, force, none[None], lengths, 1e-4, mark, frames, none.copy(), none - 1.0, none.copy())
    assert tried == 40.0 * 24.0 / LONGEST


def test_a_liner_fades_within_the_tolerance():
    course = follow(Pulps.named(), [Segment(96 * HOUR, influx=0.1 / HOUR, liner=1.0)], tolerance=1e-4)
    assert course["liner"][-1, 0] == pytest.approx(np.exp(-1.0), rel=1e-4)


def test_tolerances_and_constants_that_cannot_be():
    pulps = Pulps.named()
    for wrong in (0.0, -1.0, 1.0, np.nan):
        with pytest.raises(ParameterError, match="tolerance"):
            follow(pulps, [Segment(1.0)], tolerance=wrong)
    with pytest.raises(SolveError, match="pulp 0 has no finite state.*no step is short enough"):
        follow(pulps, [Segment(DAY, influx=1e300)], tolerance=1e-3)
