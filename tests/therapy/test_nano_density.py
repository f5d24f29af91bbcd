"""The density tier: its ledger, payload, plugs and jams, retrieval, derivatives, members side by side, the science page's table, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amelo import nano
from amelo.errors import ParameterError
from amelo.therapy.nano import motion
from amelo.therapy.nano.density import State, carry, carry_many, imbalance
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.measures import conductance_left, depth_median, depth_quantile
from amelo.therapy.nano.passage import Passage, flow, tubule
from amelo.therapy.nano.problem import fluid_factors, problem_of, usual_steps
from amelo.twin.precision import jax64

CAPS = nano.Carrier.named("caps-400")
LOOSE = CAPS.changed(stick_tubule=0.0)
CLOSEST = 0.64 / CAPS.volume
MINUTES = 60.0
PAGE = (0.9e-6, 1.7e-6, 2.5e-6)  # the science page's tubule: from 0.9 to 2.5 um along a line


def pipe(width: float = 1.2e-6, length: float = 100e-6, cells: int = 50, far: str = "closed") -> Passage:
    ones = np.ones(cells + 1)
    return Passage(np.linspace(0.0, length, cells + 1), width * ones, 0.0 * ones, far)


def filled(passage: Passage, fraction: float, load: float = 1.0) -> State:
    area = 0.25 * np.pi * passage.width[0] ** 2
    line = np.full(len(passage.edges) - 1, fraction * area / CAPS.volume)
    total = float((line * np.diff(passage.edges)).sum())
    return State.empty(passage)._replace(free=line, free_load=load * line, entered=total, entered_load=load * total)


def held(values, passage: Passage) -> float:
    return float((np.asarray(values) * np.diff(passage.edges)).sum())


LEDGER = {far: tubule(300e-6, 24, vital=far == "pulp", first=0.5e-6) for far in ("pulp", "closed")}


@settings(max_examples=60, deadline=None)
@example("closed", (0.08, -35.0), 1.6e11, 0.0, 1e-300, 6.7, 0.2, 3e-26, 64)  # numbers too small for their digits
@given(
    far=st.sampled_from(["pulp", "closed"]),
    gradients=st.tuples(st.floats(-60.0, 60.0), st.floats(-60.0, 60.0)),
    dose=st.one_of(st.floats(0.0, CLOSEST), st.floats(0.0, 1e16)),
    after=st.sampled_from([0.0, None, 1e17]),
    seconds=st.floats(0.0, 3600.0),
    acid=st.floats(3.0, 8.0),
    load=st.floats(0.0, 1.0),
    stick=st.floats(0.0, 1e-7),
    steps=st.sampled_from([1, 64]),
)
def test_no_carrier_and_no_payload_is_lost_whatever_happens(far, gradients, dose, after, seconds, acid, load, stick, steps):
    passage = LEDGER[far]
    state = State.empty(passage)
    for gradient, outside in zip(gradients, (dose, after), strict=True):
        before = state
        state, account = carry(
            passage, CAPS, Field(gradient=gradient), state,
            outside=outside, duration=seconds, ph=acid, load=load, stick_tubule=stick, steps=steps,
        )  # fmt: skip
        carriers, payload = imbalance(passage, state)
        assert carriers < 1e-12 and payload < 1e-12
        assert float(state.entered - before.entered) == pytest.approx(float(account.entered), abs=1e-9 * float(state.entered))
        assert float(account.payload_released.sum()) == pytest.approx(
            held(state.released, passage) - held(before.released, passage), abs=1e-12 * (1.0 + float(state.entered_load))
        )
    if far == "closed":
        assert float(state.pulp) == 0.0 == float(state.pulp_load)


def test_the_payload_moment_is_exact_where_all_carriers_are_of_one_age():
    passage = tubule(500e-6, 60, outflow=0.0)
    state = State.empty(passage).placed(passage, 1e-3)
    after, account = carry(passage, CAPS, Field(gradient=2.0), state, outside=None, duration=1200.0, ph=6.0, saturation=0.25)
    left = np.exp(-0.75 * 2e-4 * 10**0.3 * 1200.0)
    there = np.asarray(after.free) > 1e-6 * np.max(after.free)
    np.testing.assert_allclose((np.asarray(after.free_load) / np.asarray(after.free))[there], left, rtol=1e-11)
    np.testing.assert_allclose((np.asarray(after.stuck_load) / np.asarray(after.stuck))[there], left, rtol=1e-11)
    assert float(account.payload_released.sum()) == pytest.approx(1e-3 * (1.0 - left), rel=1e-11)


def test_a_saturated_fluid_takes_nothing_and_where_it_is_not_it_does():
    passage = pipe()
    saturation = np.where(np.arange(50) < 25, 1.3, 0.0)
    after, account = carry(
        passage, LOOSE, Field(), filled(passage, 1e-5), outside=None, duration=10.0, saturation=saturation, ph=np.full(50, 5.0)
    )
    given_off = np.asarray(account.payload_released)
    assert np.all(given_off[:24] < 1e-2 * given_off[-1]) and np.all(given_off[30:] > 0.99 * given_off[-1])
    assert held(after.free_load, passage) + given_off.sum() == pytest.approx(held(after.free, passage), rel=1e-12)


def test_the_wall_takes_speed_times_perimeter_over_area():
    passage = pipe()
    speed = float(CAPS.sticking(0.0, 5.5, tubule=True))
    state = filled(passage, 1e-6)
    after, _ = carry(passage, CAPS.changed(detach_rate=0.0), Field(), state, outside=None, duration=600.0, ph=5.5)
    taken = -np.expm1(-speed * 4.0 / 1.2e-6 * 600.0)
    np.testing.assert_allclose(np.asarray(after.stuck) / np.asarray(state.free), taken, rtol=1e-9)


def test_carriers_gel_in_their_time_where_they_are_dense_enough_and_nowhere_else():
    wide = pipe(width=10e-6)
    for fraction, shares in ((0.5, -np.expm1(-30.0 / 60.0)), (0.25, 0.0)):
        state = filled(wide, fraction)
        after, account = carry(wide, LOOSE, Field(), state, outside=None, duration=30.0)
        np.testing.assert_allclose(np.asarray(after.plug) / np.asarray(state.free), shares, rtol=1e-9)
        np.testing.assert_allclose(after.plug_load, np.asarray(after.plug) * np.exp(-30.0 * 2e-4), rtol=1e-9)
        assert float(account.peak_fraction) == pytest.approx(fraction, rel=1e-9)


def test_at_close_quarters_carriers_jam_at_once_in_a_narrow_passage_only():
    for width, share in ((1.0e-6, 1.0), (1.3e-6, 0.0)):  # 2.5 and 3.25 times their diameter; they gel at 0.3
        passage = pipe(width=width)
        after, _ = carry(passage, LOOSE, Field(), filled(passage, 0.25), outside=None, duration=20.0)
        assert held(after.plug, passage) / held(filled(passage, 0.25).free, passage) == pytest.approx(share, abs=1e-6)


def test_a_plug_stops_what_comes_behind_it():
    passage = pipe(far="pulp")
    arrived = {}
    for name, share in (("open", 0.0), ("half", 0.5), ("full", 0.99)):
        state = State.empty(passage)
        block = np.zeros(50)
        block[20:25] = share * 0.64 * 0.25 * np.pi * 1.44e-12 / CAPS.volume
        state = state._replace(plug=block, entered=held(block, passage))
        after, _ = carry(passage, LOOSE, Field(gradient=5.0), state, outside=1e14, duration=600.0)
        arrived[name] = float(after.pulp)
        assert max(imbalance(passage, after)) < 1e-12
        if name == "full":
            assert np.asarray(after.free)[26:].sum() < 1e-6 * np.asarray(after.free)[:20].sum()
    assert arrived["open"] > 1.5 * arrived["half"] > 0.0
    assert arrived["full"] < 1e-6 * arrived["open"]


def test_a_dense_bath_fills_a_blind_tubule_from_its_end_and_seals_it():
    passage = tubule(60e-6, 60, outflow=0.0, first=0.5e-6)
    field, left = Field(gradient=30.0), []
    state = State.empty(passage)
    for _ in range(3):
        state, account = carry(passage, CAPS, field, state, outside=0.5 * CLOSEST, duration=40.0)
        assert float(account.peak_fraction) <= 0.64 * (1 + 1e-9)
        assert max(imbalance(passage, state)) < 1e-12
        left.append(float(conductance_left(state, passage, CAPS)))
    assert 1.0 > left[0] > left[1] > left[2] and left[2] < 0.1
    plugged = np.asarray(state.plug)
    assert plugged[-10:].min() > 10.0 * max(plugged[0], 1.0)


def test_rinsed_and_pulled_back_the_free_ones_come_home_and_what_holds_stays():
    passage = tubule(2e-3, 150, outflow=0.0)
    field, came = Field(gradient=1.0), {}
    for carrier in (LOOSE, CAPS):
        there, went_in = carry(passage, carrier, field, State.empty(passage), outside=1e15, duration=20 * MINUTES)
        rinsed, lost = carry(passage, carrier, Field(), there, outside=0.0, duration=5 * MINUTES)
        back, home = carry(passage, carrier, field.reversed(), rinsed, outside=0.0, duration=60 * MINUTES)
        assert float(lost.entered) == 0.0 and 0.0 < float(lost.left_by_mouth) < 0.5 * float(went_in.entered)
        assert float(back.home) == pytest.approx(float(lost.left_by_mouth + home.left_by_mouth + went_in.left_by_mouth), rel=1e-12)
        came[carrier.stick_tubule] = float(home.left_by_mouth) / held(rinsed.free, passage)
    assert came[0.0] > 0.99 and 0.6 < came[CAPS.stick_tubule] < 0.9  # some stick on their way home
    plugged = there._replace(plug=np.full(150, 1e4), entered=there.entered + 1e4 * 2e-3)
    after, _ = carry(passage, CAPS, field.reversed(), plugged, outside=0.0, duration=60 * MINUTES)
    np.testing.assert_array_equal(np.asarray(after.plug), 1e4)


KNOBS = {
    "duration": 300.0, "outside": 1e15, "saturation": 0.3, "gradient": 12.0, "magnetisation": 9e4, "outflow": 1e-6, "diameter": 3.7e-7,
    "excess_density": 1500.0, "mobility": 1e-10, "stick_tubule": 2e-9, "detach_rate": 1e-3, "release_rate": 3e-4, "load": 0.8,
}  # fmt: skip


def measured(shares, dose: float = 1.0):
    """Return a mix of outcomes, of knobs as shares of their values in KNOBS."""
    passage = replace(tubule(300e-6, 40, vital=True), concentration_gradient=1e3)
    numbers = {name: share * KNOBS[name] for name, share in shares.items()}
    numbers["outside"] = dose * numbers["outside"]
    state, account = carry(passage, CAPS, Field(gravity=0.5), State.empty(passage), steps=64, **numbers)
    jnp = jax64().numpy
    parts = jnp.stack([account.entered, account.payload_released.sum(), state.stuck.sum(), state.pulp, state.free_load.sum()])
    return jnp.log(parts / dose).sum() + 1e4 * depth_median(state, passage)


def test_derivatives_are_those_of_differences():
    jax = jax64()
    ones = dict.fromkeys(KNOBS, 1.0)
    value, slopes = jax.jit(measured), jax.jit(jax.grad(measured))
    for dose in (1.0, 3e3):  # dilute, and dense enough to narrow the tubule
        for name, slope in slopes(ones, dose).items():
            one, two = (
                float(value(ones | {name: 1.0 + k * 1e-3}, dose)) - float(value(ones | {name: 1.0 - k * 1e-3}, dose))
                for k in (1, 2)
            )
            difference = (8.0 * one - two) / 12e-3
            assert abs(float(slope) - difference) <= 1e-6 * max(abs(float(slope)), 1e-2), (name, float(slope), difference)
            assert float(slope) != 0.0, name


def test_derivatives_pass_through_several_steps_of_a_therapy_and_through_plugs():
    passage = tubule(100e-6, 30, outflow=0.0)

    def left(dose):
        state, _ = carry(passage, CAPS, Field(gradient=30.0), State.empty(passage), outside=dose, duration=400.0, steps=64)
        state, _ = carry(passage, CAPS, Field(gradient=-30.0), state, outside=0.0, duration=100.0, steps=64)
        return state.plug.sum() * 1e-6 + conductance_left(state, passage, CAPS)

    slope = float(jax64().grad(left)(0.4 * CLOSEST))
    step = 1e-5 * CLOSEST
    difference = (float(left(0.4 * CLOSEST + step)) - float(left(0.4 * CLOSEST - step))) / (2 * step)
    assert abs(slope) > 0.0 and slope == pytest.approx(difference, rel=1e-4)


def test_members_side_by_side_are_those_one_by_one():
    passage = tubule(500e-6, 40, vital=True)
    rng = np.random.default_rng(5)
    changed = {
        "gradient": rng.uniform(5.0, 15.0, 4),
        "outflow": rng.uniform(0.2, 1.0, (4, 1)) * passage.outflow,
        "stick_tubule": rng.uniform(0.0, 1e-9, 4),
        "diameter": rng.uniform(3e-7, 4.5e-7, 4),
    }
    outside, ph = np.array([1e14, 1e15, 1e17, 4e18]), rng.uniform(5.0, 7.0, (4, 40))
    start, _ = carry(passage, CAPS, Field(gradient=20.0), State.empty(passage), outside=1e14, duration=60.0)
    many, account = carry_many(passage, CAPS, Field(), start, outside=outside, duration=300.0, ph=ph, steps=128, **changed)
    again, _ = carry_many(passage, CAPS, Field(), many, outside=0.0, duration=30.0, steps=128)
    for m in range(4):
        own = {name: value[m] for name, value in changed.items()}
        one, alone = carry(passage, CAPS, Field(), start, outside=outside[m], duration=300.0, ph=ph[m], steps=128, **own)
        # one dense member makes all look at crowding, which alone it would not: stuck carriers narrow the passage a little
        tight = 1e-9 if m == 3 else 1e-2
        np.testing.assert_allclose(np.asarray(many.free)[m], one.free, rtol=tight, atol=1e-3 * tight * np.max(one.free))
        assert float(account.entered[m]) == pytest.approx(float(alone.entered), rel=tight)
        state = State(*(np.asarray(x)[m] for x in again))
        assert max(imbalance(passage, state)) < 1e-12
    np.testing.assert_allclose(depth_median(many, passage)[3], depth_median(State(*(x[3] for x in many)), passage))


def test_nothing_happens_in_no_time_or_at_no_dose():
    passage = tubule(200e-6, 20, outflow=0.0)
    start = State.empty(passage).placed(passage, 5.0, depth=50e-6, load=0.5)
    for duration, outside, state in ((0.0, 1e15, start), (600.0, 0.0, State.empty(passage))):
        after, account = carry(passage, CAPS, Field(gradient=3.0), state, outside=outside, duration=duration)
        for before, now in zip(state, after, strict=True):
            np.testing.assert_array_equal(np.asarray(before), np.asarray(now))
        assert float(account.entered) == float(account.left_by_mouth) == float(account.payload_released.sum()) == 0.0


def test_one_program_serves_all_numbers_of_one_shape():
    from amelo.therapy.nano.density import _compiled

    passage = tubule(200e-6, 23, outflow=0.0)
    run = lambda g, d: carry(passage, CAPS, Field(gradient=g), State.empty(passage), outside=d, duration=60.0)  # noqa: E731
    run(1.0, 1e14)
    count = _compiled(False)._cache_size()
    for g, d in ((0.5, 1e15), (-1.0, 3e13), (0.0, 0.0)):
        run(g, d)
    assert _compiled(False)._cache_size() == count


def test_the_usual_steps_are_enough():
    cases = [(Field(gradient=g), s, vital) for g, s, vital in ((1.0, 1200.0, False), (5.0, 1200.0, False), (10.0, 1200.0, True))]
    for field, seconds, vital in cases:
        passage = tubule(2e-3, 200, vital=vital)
        found = []
        for steps in (None, 4096):
            state, account = carry(passage, LOOSE, field, State.empty(passage), outside=1e13, duration=seconds, steps=steps)
            found.append((float(depth_median(state, passage)), float(account.entered), np.asarray(state.free), account))
        assert found[0][3].steps in (128, 256, 512)
        assert found[0][0] == pytest.approx(found[1][0], rel=1e-3)
        assert found[0][1] == pytest.approx(found[1][1], rel=1e-3)
        assert np.abs(found[0][2] - found[1][2]).sum() < 5e-3 * found[1][2].sum()
        assert float(found[0][3].lowest) > -1e-4


def test_carriers_taken_for_dilute_that_gather_at_an_end_are_looked_at_again():
    passage = tubule(60e-6, 60, outflow=0.0, first=0.5e-6)
    state, account = carry(passage, CAPS, Field(gradient=30.0), State.empty(passage), outside=1e15, duration=1e7)
    assert float(account.peak_fraction) <= 0.64 * (1 + 1e-9)
    assert held(state.plug, passage) > 1.0
    assert max(imbalance(passage, state)) < 1e-12
    many, peaks = carry_many(passage, CAPS, Field(gradient=30.0), State.empty(passage), outside=[1e12, 1e15], duration=1e7)
    assert held(many.plug[1], passage) == pytest.approx(held(state.plug, passage), rel=1e-9)
    assert float(peaks.peak_fraction[0]) < 0.2 < float(peaks.peak_fraction[1])


def test_in_a_slab_carriers_settle_on_the_floor_and_stick_to_no_wall():
    slab = Passage(np.linspace(0.0, 20e-6, 41), np.full(41, np.inf), np.zeros(41), density=1.0)
    state = State.empty(slab)._replace(free=np.full(40, 1e12), free_load=np.full(40, 1e12), entered=2e7, entered_load=2e7)
    after, _ = carry(slab, CAPS, Field(gravity=1.0), state, outside=None, duration=3000.0)
    fluid = motion.viscosity(37.0)
    length = motion.diffusivity(4e-7, 37.0, fluid) / motion.settling_velocity(4e-7, 1600.0, fluid)
    expected = np.exp(0.5 * (slab.edges[1:] + slab.edges[:-1]) / length)
    np.testing.assert_allclose(after.free / np.max(after.free), expected / expected.max(), rtol=1e-6)
    assert float(np.max(after.stuck)) == 0.0 and max(imbalance(slab, after)) < 1e-12
    slope = jax64().grad(
        lambda d: depth_median(carry(slab, CAPS, Field(gravity=1.0), state, outside=None, duration=9.0, diameter=d)[0], slab)
    )
    assert np.isfinite(float(slope(4e-7))) and float(slope(4e-7)) > 0.0


def test_longer_and_faster_runs_take_more_steps_up_to_a_limit():
    passage = tubule(2e-3, 50, outflow=0.0)

    def steps(gradient: float, seconds: float, dose: float = 1e15) -> int:
        given = {"outside": dose, "duration": seconds, "load": 1.0}
        return usual_steps(problem_of(passage, CAPS, Field(gradient=gradient), fluid_factors(CAPS, 7.0, 0.0), given, False))

    assert steps(0.0, 10.0) == 128 == steps(1.0, 1200.0)
    assert steps(5.0, 1200.0) == 256
    assert steps(5.0, 1e5) == steps(100.0, 1e6) == 512
    assert steps(0.0, 7200.0, 0.5 * CLOSEST) == 512
    assert usual_steps(None) == 256


@pytest.mark.parametrize(("gradient", "um"), [(0.0, 21.0), (0.5, 164.0), (1.0, 366.0), (1.5, 616.0), (2.0, 910.0)])
def test_a_pulse_released_in_the_tapering_tubule_goes_as_deep_as_particles_did(gradient, um):
    # the science page's particles started at a closed mouth, do not stick, and their mean does not know of entropy's drift (2 to 5 um)
    passage = tubule(2e-3, 500, diameters=PAGE, first=0.5e-6, outflow=0.0)
    state = State.empty(passage).placed(passage, 1e-6)
    after, _ = carry(passage, LOOSE, Field(gradient=gradient), state, outside=None, duration=20 * MINUTES)
    assert float(depth_median(after, passage)) * 1e6 == pytest.approx(um, rel=0.012, abs=0.5)


def test_the_spread_of_depths_is_that_of_particles_on_cells_short_enough():
    # 10,000 particles of tier T2 in the same tubule, closed mouth, no sticking, 1 T/m: deciles and quartiles, 95 % intervals of 2 to 3 um
    passage = tubule(2e-3, 1000, diameters=PAGE, first=0.2e-6, outflow=0.0)
    state = State.empty(passage).placed(passage, 1e-6)
    after, _ = carry(passage, LOOSE, Field(gradient=1.0), state, outside=None, duration=20 * MINUTES)
    found = 1e6 * np.asarray(depth_quantile(after, passage, [0.1, 0.25, 0.5, 0.75, 0.9]))
    np.testing.assert_allclose(found, [312.4, 338.9, 367.5, 397.9, 424.5], atol=2.0)


def test_an_open_bath_is_less_deep_by_half_because_its_carriers_came_later():
    passage = tubule(2e-3, 500, diameters=PAGE, first=0.5e-6, outflow=0.0)
    after, _ = carry(passage, LOOSE, Field(gradient=1.0), State.empty(passage), outside=1e12, duration=20 * MINUTES)
    assert 150.0 < float(depth_median(after, passage)) * 1e6 < 175.0


def vital(first: float = 0.02e-6) -> Passage:
    passage = tubule(2e-3, 500, diameters=PAGE, first=first, outflow=0.0)
    return replace(passage, far="pulp", outflow=1.5e-6 * (0.9e-6 / passage.width) ** 2)


def test_outflow_holds_carriers_at_the_mouth_until_the_pull_is_strong_enough():
    passage = vital()
    state = State.empty(passage).placed(passage, 1e-6)
    for gradient in (2.0, 5.0):
        after, account = carry(passage, LOOSE, Field(gradient=gradient), state, outside=None, duration=20 * MINUTES)
        assert float(depth_median(after, passage)) < 1e-6
        assert float(account.to_pulp) < 1e-15
    after, account = carry(passage, LOOSE, Field(gradient=10.0), state, outside=None, duration=20 * MINUTES)
    assert float(account.to_pulp) > 0.9e-6
    assert float(depth_median(after, passage)) == pytest.approx(2e-3)


def test_the_vital_threshold_is_that_of_pull_over_drag_in_the_tubule():
    # unconfined pull 1.029 um/s per T/m, over K1(0.444) = 4.40: 0.234 um/s per T/m, so that 1.5 um/s takes 6.4 T/m
    passage = vital()
    per_tesla = float(motion.magnetic_velocity(4e-7, 8e4, 1.0, motion.viscosity(37.0)))
    drag = float(motion.wall_drag(4.0 / 9.0))
    analytic = 1.5e-6 / (per_tesla / drag)
    assert per_tesla == pytest.approx(1.029e-6, rel=1e-3) and drag == pytest.approx(4.41, rel=5e-3)
    assert analytic == pytest.approx(6.4, rel=0.01)
    low, high = 0.0, 20.0
    for _ in range(60):
        trial = 0.5 * (low + high)
        low, high = (trial, high) if flow(passage, LOOSE, Field(gradient=trial)).drift[0] < 0.0 else (low, trial)
    assert low == pytest.approx(analytic, rel=1e-9)
    below, above = (
        carry(passage, LOOSE, Field(gradient=share * analytic), State.empty(passage), outside=1e12, duration=20 * MINUTES)[0]
        for share in (0.8, 1.25)
    )
    assert float(depth_median(below, passage)) < 2e-6 and float(depth_median(above, passage)) > 500e-6


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"outside": -1.0}, "outside = -1 1/m3 is out of range"),
        ({"outside": 3e19}, "packed at random they fill 0.64"),
        ({"outside": np.nan}, "out of range"),
        ({"duration": -5.0}, "time goes forwards"),
        ({"duration": np.inf}, "out of range"),
        ({"ph": 15.0}, "ph = 15"),
        ({"saturation": -0.5}, "saturation = -0.5"),
        ({"load": 1.5}, "the share of a full load"),
        ({"steps": 0}, "no number of them is unstable"),
        ({"steps": 2.5}, "steps of time"),
        ({"gradien": 2.0}, "did you mean 'gradient'"),
        ({"diameter": 2e-6}, "it has to fit into the passage"),
        ({"release_rate": -1.0}, "release_rate = -1"),
        ({"gelation_time": 0.0}, "plugging takes time"),
        ({"ph": np.full(7, 6.0)}, "7"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(changed, words):
    passage = tubule(200e-6, 20)
    numbers = {"outside": 1e15, "duration": 60.0} | changed
    with pytest.raises(ParameterError) as error:
        carry(passage, CAPS, Field(), State.empty(passage), **numbers)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_states_and_members_that_do_not_match_are_refused():
    passage = tubule(200e-6, 20)
    with pytest.raises(ParameterError, match="State.empty"):
        carry(passage, CAPS, Field(), State.empty(tubule(200e-6, 21)), outside=0.0, duration=1.0)
    with pytest.raises(ParameterError, match="gradient 3, magnetisation 2|cannot be counted"):
        carry_many(
            passage, CAPS, Field(), State.empty(passage), outside=1e15, duration=1.0, gradient=np.ones(3), magnetisation=np.ones(2)
        )
    with pytest.raises(ParameterError, match="all are plain numbers"):
        carry_many(passage, CAPS, Field(), State.empty(passage), outside=1e15, duration=1.0)
    with pytest.raises(ParameterError, match="a depth of 900 um"):
        State.empty(passage).placed(passage, 1.0, depth=900e-6)
    with pytest.raises(ParameterError, match="does not fit"):
        carry(tubule(200e-6, 20, diameters=(3e-7, 1e-6, 1e-6)), CAPS, Field(), State.empty(passage), outside=0.0, duration=1.0)
