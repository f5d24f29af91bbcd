"""The course of pulps: the compiled loop beside a stiff solver and beside JAX, its books, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError, SolveError
from amelo.twin.precision import jax64
from amelo.twin.pulp import Pulps, Segment, follow
from amelo.twin.pulp.course import HOUR, MMHG, forces_of, steps_of
from amelo.twin.pulp.differentiable import course_function
from amelo.twin.pulp.equations import FORCES, NAMES, STATES, perfusion, pressure, rates
from amelo.twin.pulp.kernel import WIDTH

DAY = 24.0 * HOUR


def plain_rates(state, force, p):
    """The equations as the page of science writes them, symbol by symbol, with max and clip."""
    P, N, D, C, L = state
    S_P, dT, cut, X, drug = force
    k_pm, k_mp, s_m, mu_m, k_pg, P_inf, k_pn, k_np, k_nn, k_nd, k_nx = p[:11]
    s_nr, mu_nr, mu_n, k_dn, x_dn, mu_d, c_inf, s_c, k_cn, k_cnd, mu_c, a_lin, tau = p[11:24]
    Pa, Pv, p0, dp, N_h, least, g = p[24:]

    def f(v):
        return v / (1 + (C / c_inf) ** 2)

    R = f(k_nn * N + k_np * P + k_nd * D + k_nx * X)
    press = p0 + dp * N / (N + N_h)
    phi = np.clip((Pa - max(Pv, press)) / (Pa - Pv), least, 1)
    q = f(N + k_cnd * D)
    return np.array(
        [
            k_pg * P * (1 - P / P_inf) - k_pm * s_m * P / (mu_m + k_mp * P) - k_pn * f(N) * P + S_P,
            s_nr * R / (mu_nr + R) - mu_n * N,
            k_dn * f(N) ** 6 / (x_dn**6 + f(N) ** 6) - mu_d * phi * D + g * max(0, dT) + cut,
            s_c * drug * (1 + a_lin * L) + k_cn * q / (1 + q) - mu_c * C,
            -L / tau,
        ]
    )


def test_the_equations_are_those_of_the_page():
    rng = np.random.default_rng(1)
    pulps = Pulps.drawn(50, 3)
    for member in range(50):
        state = rng.random(5) * [1.0, 1.5, 5.0, 0.6, 1.0]
        force = rng.random(5) * [0.2, 10.0, 1.0, 2.0, 3.0] - [0.0, 5.0, 0.0, 0.0, 0.0]
        p = pulps.values[:, member]
        np.testing.assert_allclose(rates(state, force, p), plain_rates(state, force, p), rtol=1e-12, atol=1e-14)


def test_perfusion_falls_over_the_edge_of_the_venules_and_never_below_the_least():
    p = Pulps.named().values[:, 0]
    assert pressure(0.0, p) == 8.0
    assert perfusion(0.0, p) == 1.0
    edge = 0.15 * 11.0 / 19.0  # where the tissue presses as venules do
    assert pressure(edge, p) == pytest.approx(19.0)
    assert perfusion(0.999 * edge, p) == 1.0 > perfusion(1.001 * edge, p)
    stiff = Pulps.named(perfusion__rise=60.0).values[:, 0]
    assert perfusion(50.0, stiff) == pytest.approx(0.02)


SCENES = [
    [Segment(HOUR, cutting=5.0 / HOUR), Segment(30 * DAY)],
    [Segment(14 * DAY, influx=0.15 / HOUR)],
    [Segment(600.0, warming=30.0), Segment(DAY, carriers=0.5, liner=1.0), Segment(3 * DAY, influx=0.1 / HOUR, soothing=2.0)],
]


def by_stiff_solver(constants, segments):
    from scipy.integrate import solve_ivp

    forces, liners = forces_of(segments, 1)
    state = np.array([0.0, 0.0, 0.0, constants[18] / constants[21], 0.0])
    for number, segment in enumerate(segments):
        state[4] += liners[number, 0]
        state = solve_ivp(
            lambda t, y, u=forces[number, :, 0]: plain_rates(y, u, constants),
            (0.0, segment.duration / HOUR),
            state,
            method="LSODA",
            rtol=1e-10,
            atol=1e-12,
            max_step=1.0,
        ).y[:, -1]
    return state


@pytest.mark.parametrize("segments", SCENES)
def test_the_compiled_loop_beside_a_stiff_solver(segments):
    pulps = Pulps.named()
    ours = follow(pulps, segments, step=60.0).state[-1, :, 0]
    np.testing.assert_allclose(ours, by_stiff_solver(pulps.values[:, 0], segments), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("segments", SCENES)
def test_the_compiled_loop_beside_jax(segments):
    jax = jax64()
    pulps = Pulps.drawn(3, 5)
    ours = follow(pulps, segments)
    forces, liners = forces_of(segments, 3)
    run = jax.vmap(course_function([s.duration for s in segments]), in_axes=(1, 1, 2, 1), out_axes=2)
    np.testing.assert_allclose(ours.state, run(pulps.values, pulps.rest(), forces, liners), rtol=1e-9, atol=1e-12)


def test_derivatives_of_a_course_are_those_of_differences():
    jax = jax64()
    segments = [Segment(HOUR, warming=5.0), Segment(5 * DAY, influx=0.1 / HOUR)]
    forces, liners = (x[..., 0] for x in forces_of(segments, 1))
    pulps = Pulps.named()
    run = course_function([s.duration for s in segments])
    slopes = jax.grad(lambda p, u: run(p, pulps.rest()[:, 0], u, liners)[-1, 2], argnums=(0, 1))(pulps.values[:, 0], forces)

    def damage(values, changed=segments):
        return follow(Pulps(values), changed, start=pulps.rest()).state[-1, 2, 0]

    for name in ("inflammation.by_damage", "damage.repair", "perfusion.half", "heat.gain", "calming.loss"):
        place, h = NAMES.index(name), 1e-5
        up, down = pulps.values.copy(), pulps.values.copy()
        up[place] *= 1 + h
        down[place] *= 1 - h
        difference = (damage(up) - damage(down)) / (2 * h * pulps.values[place, 0])
        assert slopes[0][place] == pytest.approx(difference, rel=1e-5, abs=1e-9), name
    by_influx = [damage(pulps.values, [segments[0], Segment(5 * DAY, influx=(0.1 + d) / HOUR)]) for d in (1e-5, -1e-5)]
    assert slopes[1][1, FORCES.index("influx")] == pytest.approx(
        (by_influx[0] - by_influx[1]) / 2e-5, rel=1e-4
    )  # across the edge of perfusion


def test_steps_are_of_fourth_order():
    pulps, segments = Pulps.named(), [Segment(12 * HOUR, influx=0.1 / HOUR, soothing=1.5)]
    ends = [follow(pulps, segments, step=h).state[-1] for h in (60.0, 1800.0, 3600.0)]
    ratio = np.abs(ends[2] - ends[0]).max() / np.abs(ends[1] - ends[0]).max()
    assert 12.0 < ratio < 20.0


def test_rest_stays_rest_and_nothing_done_changes_nothing():
    pulps = Pulps.drawn(70, 2)
    course = follow(pulps, [Segment(14 * DAY)])
    np.testing.assert_allclose(course.state[-1], pulps.rest(), rtol=1e-12)
    assert not course.lost.any() and np.isnan(course.collapse).all() and (course.worst == 0.0).all()
    np.testing.assert_array_equal(course["damage"], 0.0)
    assert course.time.tolist() == [0.0, 14 * DAY]


def test_members_do_not_see_each_other_nor_threads():
    count = 2 * WIDTH + 7
    pulps = Pulps.drawn(count, 4)
    influx = np.linspace(0.0, 0.3, count) / HOUR
    segments = [Segment(7 * DAY, influx=influx), Segment(DAY, warming=3.0)]
    whole = follow(pulps, segments)
    np.testing.assert_array_equal(whole.state, follow(pulps, segments, threads=3).state)
    which = np.array([0, 5, WIDTH, count - 1])
    part = follow(pulps.take(which), [Segment(7 * DAY, influx=influx[which]), segments[1]])
    np.testing.assert_array_equal(part.state, whole.state[..., which])
    np.testing.assert_array_equal(part.worst, whole.worst[which])


def test_a_course_can_be_cut_in_two():
    pulps = Pulps.drawn(5, 6)
    whole = follow(pulps, [Segment(DAY, influx=0.2 / HOUR), Segment(2 * DAY, liner=1.0)])
    first = follow(pulps, [Segment(DAY, influx=0.2 / HOUR)])
    then = follow(pulps, [Segment(2 * DAY, liner=1.0)], start=first.state[-1])
    np.testing.assert_array_equal(then.state[-1], whole.state[-1])


def test_collapse_is_dated_and_pressure_is_in_si():
    course = follow(Pulps.named(count=2), [Segment(HOUR, cutting=np.array([0.5, 5.0]) / HOUR), Segment(4000 * HOUR)])
    assert course.lost.tolist() == [False, True]
    assert np.isnan(course.collapse[0]) and 0.0 < course.collapse[1] <= 0.25 * HOUR
    assert course.pressure[-1, 1] / MMHG == pytest.approx(34.17, abs=0.01)
    assert course.perfusion[0, 0] == 1.0 > course.perfusion[-1, 1]
    ill = follow(Pulps.named(), [Segment(HOUR)], start=np.array([[0.0], [1.0], [40.0], [0.5], [0.0]]))
    assert ill.collapse[0] == 0.0 and ill.worst[0] >= 40.0


def test_a_liner_fades_and_calms():
    pulps = Pulps.named(count=2)
    course = follow(pulps, [Segment(96 * HOUR, influx=0.1 / HOUR, liner=np.array([0.0, 1.0]))])
    assert course["liner"][-1, 1] == pytest.approx(np.exp(-1.0), rel=1e-9)
    assert course["inflammation"][-1, 1] < course["inflammation"][-1, 0]
    assert course["calming"][-1, 1] > course["calming"][-1, 0]


def test_cold_does_no_damage():
    pulps = Pulps.named()
    cold, none = (follow(pulps, [Segment(HOUR, warming=w)]).state for w in (-20.0, 0.0))
    np.testing.assert_array_equal(cold, none)


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ([], "no segments"),
        ([Segment(0.0)], "segment 1 lasts 0 s"),
        ([Segment(1.0), Segment(float("nan"))], "segment 2"),
        ([Segment(1.0, influx=-1.0)], "influx of segment 1 is below 0"),
        ([Segment(1.0, liner=np.inf)], "liner of segment 1"),
        ([Segment(1.0, warming=np.zeros(3))], "there are 2 pulps"),
    ],
)
def test_what_a_course_refuses(segments, words):
    with pytest.raises(ParameterError, match=words):
        follow(Pulps.named(count=2), segments)


def test_starts_steps_and_names_that_cannot_be():
    pulps = Pulps.named()
    with pytest.raises(ParameterError, match="start"):
        follow(pulps, [Segment(1.0)], start=np.zeros((4, 1)))
    with pytest.raises(ParameterError, match="start"):
        follow(pulps, [Segment(1.0)], start=-np.ones((5, 1)))
    with pytest.raises(ParameterError, match="step"):
        steps_of([Segment(1.0)], 0.0)
    with pytest.raises(ParameterError, match="not a state"):
        follow(pulps, [Segment(1.0)])["pain"]
    with pytest.raises(SolveError, match="no finite state.*shorten step"):
        follow(pulps, [Segment(40000 * HOUR, influx=0.3 / HOUR)], step=60 * HOUR)


def test_steps_divide_segments_evenly():
    lengths, counts = steps_of([Segment(450.0), Segment(451.0), Segment(10.0)], 450.0)
    assert counts.tolist() == [1, 2, 1]
    assert lengths.tolist() == [450.0 / HOUR, 451.0 / HOUR, 10.0 / HOUR]
    assert len(STATES) == 5
