"""One helix: its loop against what statistical mechanics and Adler say, its limit of steering, its tables and their disk."""

from __future__ import annotations

import json

import numpy as np
import pytest

import amelo
from amelo.errors import ParameterError, SolveError
from amelo.therapy.nano import motion, single
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.passage import propulsion, rotational_drag
from amelo.therapy.nano.single import SteeringTable, required_frequency, rod_of, steering, steering_table, turned
from amelo.therapy.nano.single_kernel import compiled_turning, turning

BIG, SMALL = Carrier.named("helicoid"), Carrier.named("helicoid-400")
WATER = motion.viscosity(37.0)


def langevin(x: float) -> float:
    return 1.0 / np.tanh(x) - 1.0 / x


def loop(pull, turn, drag, *, step, steps, copies=1, blocks=1, settle=0, noise=0.0, key=0, first=0, start=None, run=None):
    if start is None:
        start = np.zeros((copies, 2, 3))
        start[:, 0, 0] = start[:, 1, 1] = 1.0  # along the axis of the field, and along the field
    out = np.empty((len(start), blocks, 4))
    (run or compiled_turning())(pull, turn, drag, step, settle, steps, blocks, key, noise, start, first, out)
    return out


@pytest.mark.parametrize("turn", [2.0, 8.0, 9.9, 10.5, 13.0, 30.0])
def test_without_heat_it_steps_out_as_adler_says(turn):
    step = 0.02 / (10.0 + turn)
    period = 2.0 * np.pi / np.sqrt(abs(turn**2 - 100.0))
    found = loop(10.0, turn, 14.0, step=step, steps=int(50 * period / step), settle=int(10 / step))[0, 0, 0]
    assert found == pytest.approx(float(motion.mean_rotation(turn, 10.0)), rel=2e-3)


@pytest.mark.parametrize(("pull", "turn"), [(3.0, 2.0), (3.0, 3.0), (8.0, 6.0), (8.0, 10.0)])
def test_with_its_axis_held_it_slips_by_heat_as_over_a_tilted_washboard(pull, turn):
    """The stationary law of the angle behind the field, by its Fourier series."""
    ratio = 0.0
    for n in range(400, 0, -1):
        ratio = 0.5 * pull / (n + 1j * turn + 0.5 * pull * ratio)
    exact = -pull * ratio.imag  # what does not slip
    start = np.zeros((80, 2, 3))
    start[:, 0, 0] = start[:, 1, 1] = 1.0
    step = 0.05 / (pull + turn)
    found = loop(pull, turn, 1e12, step=step, steps=int(100 / step), settle=int(10 / step), noise=1.0, start=start)
    np.testing.assert_allclose(found[:, 0, 2], 1.0, rtol=1e-6)  # its axis was held
    means = found[:, 0, 0]
    assert abs(means.mean() - exact) < 4.0 * means.std(ddof=1) / np.sqrt(80) + 2e-3 * exact


def test_order_two_in_time_without_heat():
    turn, time = 3.0, 1.0
    exact = loop(5.0, turn, 4.0, step=1e-5, steps=100_000)[0, 0, 0]
    errors = [abs(loop(5.0, turn, 4.0, step=h, steps=round(time / h))[0, 0, 0] - exact) for h in (0.02, 0.01, 0.005)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.8), orders


@pytest.mark.parametrize(("pull", "drag"), [(0.5, 1.0), (3.0, 5.0), (20.0, 1.0)])
def test_in_a_field_at_rest_the_moment_points_as_langevin_says(pull, drag):
    rng = np.random.default_rng(3)
    found = loop(
        pull, 0.0, drag, step=0.1 / (pull + 4), steps=int(40 * (pull + 4) / 0.1), copies=100, settle=600, noise=1.0,
        start=single._at_random(rng, 100),
    )  # fmt: skip
    means = found[:, 0, 3]
    assert abs(means.mean() - langevin(pull)) < 4.0 * means.std(ddof=1) / 10.0 + 0.003
    turning_by_torque = found[:, 0, 0]
    assert abs(turning_by_torque.mean()) < 4.0 * turning_by_torque.std(ddof=1) / 10.0  # nothing turns it on average


def test_without_a_field_it_turns_as_heat_alone_does():
    rng = np.random.default_rng(4)
    found = loop(
        0.0, 0.0, 6.0, step=0.02, steps=2500, copies=60, blocks=8, settle=1000, noise=1.0, start=single._at_random(rng, 60)
    )
    assert np.all(found[:, :, 0] == 0.0)
    assert found[:, :, 2].mean() == pytest.approx(1 / 3, abs=0.02)
    spread = 0.5 * found[:, :, 1].var(ddof=1) * 50.0
    assert spread == pytest.approx(1 / 3, rel=0.2)  # of the turns about an axis that points anywhere, a third is along


def test_compiled_and_plain_are_the_same_and_copies_do_not_depend_on_their_round():
    start = single._at_random(np.random.default_rng(5), 4)
    given = {"step": 0.02, "steps": 50, "blocks": 2, "noise": 1.0, "key": 9}
    fast = loop(3.0, 1.0, 5.0, start=start, **given)
    with np.errstate(over="ignore"):
        slow = loop(3.0, 1.0, 5.0, start=start, run=turning, **given)
    np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(loop(3.0, 1.0, 5.0, start=start[2:], first=2, **given), fast[2:])
    assert not np.allclose(loop(3.0, 1.0, 5.0, start=start, **(given | {"key": 10})), fast)


def test_half_the_step_gives_the_same_answer():
    coarse, fine = (turned(6.0, 3.0, 5.0, step=h / 13.0, budget=3_000_000) for h in (0.1, 0.05))
    assert abs(coarse.rotation - fine.rotation) < 4.0 * np.hypot(coarse.error, fine.error)
    assert coarse.order == pytest.approx(fine.order, abs=0.02)


def test_a_step_above_stability_is_refused():
    with pytest.raises(ParameterError, match="the loop is stable up to"):
        turned(6.0, 3.0, 5.0, step=1.0)
    with pytest.raises(ParameterError, match="a time step of 0 is out of range"):
        turned(6.0, 3.0, 5.0, step=0.0)


def test_drag_of_rods():
    rod = rod_of(BIG, WATER)
    assert rod.spin == pytest.approx(rotational_drag(BIG, WATER), rel=1e-9)
    assert rod.spin < rod.tumble and 1.0 < rod.across / rod.along < 2.0
    small = rod_of(SMALL, WATER)
    assert rod.tumble / small.tumble == pytest.approx(125.0, rel=3e-3) and rod.along / small.along == pytest.approx(5.0, rel=3e-3)
    needle = rod_of(BIG.changed(diameter=3.2e-7), WATER)  # 19 times as long as thick: towards a ratio of 2
    assert needle.across / needle.along > rod.across / rod.along


@pytest.mark.parametrize(
    ("carrier", "words"), [(Carrier.named("caps-400"), "is no helix"), (BIG.changed(diameter=1.9e-6), "times as long as thick")]
)
def test_what_is_no_rod_is_refused(carrier, words):
    with pytest.raises(ParameterError, match=words):
        rod_of(carrier, WATER)


def test_two_micrometres_go_where_they_are_told_and_four_hundred_nanometres_do_not():
    assert steering(BIG, 50.0, 5e-3).steerable
    small = [steering(SMALL, f, 5e-3) for f in (50.0, 170.0, 500.0, 1000.0)]
    assert not any(s.steerable for s in small)
    assert max(s.peclet for s in small) < 0.2


def test_a_big_helix_in_a_strong_field_screws_without_slip():
    found = steering(BIG, 50.0, 5e-3)
    assert found.speed == pytest.approx(BIG.advance * BIG.length * 50.0, rel=0.04)
    assert found.speed < BIG.advance * BIG.length * 50.0
    along = motion.BOLTZMANN * 310.15 / rod_of(BIG, WATER).along
    assert found.diffusivity == pytest.approx(along, rel=0.05)
    back = steering(BIG, -50.0, 5e-3)
    assert back.speed == -found.speed and back.peclet == found.peclet


def test_slow_turning_does_not_align_a_helix():
    slow, fast = steering(BIG, 0.5, 5e-3), steering(BIG, 20.0, 5e-3)
    assert slow.order < 0.6 < 0.9 < fast.order
    assert slow.speed < 0.7 * BIG.advance * BIG.length * 0.5


def test_no_rotation_no_speed():
    assert steering(SMALL, 0.0, 5e-3).speed == 0.0
    tiny = steering(SMALL, 1e-3, 5e-3)
    assert 0.0 <= abs(tiny.speed) < 1e-10  # in proportion to the frequency, not the noise of a long run
    assert abs(steering(SMALL, 50.0, 0.0).speed) <= 4.0 * steering(SMALL, 50.0, 0.0).speed_error + 1e-30


@pytest.mark.parametrize(("frequency", "flux_density"), [(np.nan, 1e-3), (1.0, -1e-3), (np.inf, 1e-3)])
def test_fields_that_are_none(frequency, flux_density):
    with pytest.raises(ParameterError, match="is none"):
        steering(BIG, frequency, flux_density)


def test_the_table_is_what_it_is_made_of_and_straight_between():
    table = steering_table(SMALL, [100.0, 200.0], [2e-3, 5e-3])
    assert table.speed[1, 1] == steering(SMALL, 200.0, 5e-3).speed
    assert table.at(200.0, 5e-3) == pytest.approx((table.speed[1, 1], table.diffusivity[1, 1]))
    assert table.at(150.0, 3.5e-3) == pytest.approx((table.speed.mean(), table.diffusivity.mean()))
    assert table.at(-150.0, 3.5e-3)[0] == pytest.approx(-table.speed.mean())
    for beyond in ((50.0, 3e-3), (150.0, 9e-3)):
        with pytest.raises(ParameterError, match="the table goes from"):
            table.at(*beyond)
    with pytest.raises(ParameterError, match="rise from above 0"):
        steering_table(SMALL, [200.0, 100.0], [5e-3])
    one = SteeringTable(*(np.array([1.0]),) * 2, *(np.array([[2.0]]),) * 4)
    assert one.at(1.0, 1.0) == (2.0, 2.0)


def test_answers_are_kept_on_disk_and_a_spoilt_file_is_computed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("AMELO_CACHE", str(tmp_path))
    single._kept.cache_clear()
    single._shelf.cache_clear()
    try:
        first = single._kept(2.0, 1.0, 3.0)
        (path,) = tmp_path.rglob("*.json")
        kept = json.loads(path.read_text())
        path.write_text(json.dumps(kept | {"rotation": 123.0}))
        single._kept.cache_clear()
        assert single._kept(2.0, 1.0, 3.0).rotation == 123.0  # it was read
        path.write_text("{")
        single._kept.cache_clear()
        assert single._kept(2.0, 1.0, 3.0) == first  # the same key gives the same numbers
    finally:
        single._kept.cache_clear()
        single._shelf.cache_clear()


def test_the_smaller_the_faster_it_must_turn():
    half = BIG.changed(length=1e-6, diameter=BIG.diameter / 2, moment=BIG.moment / 8)
    assert required_frequency(half, tolerance=0.1) / required_frequency(BIG, tolerance=0.1) == pytest.approx(8.0, rel=0.15)


def test_what_cannot_be_steered_at_any_frequency_is_said_and_what_always_can_needs_none(monkeypatch):
    verdicts = []

    def never(carrier, frequency, flux_density, temperature):
        verdicts.append((frequency, flux_density))
        return single.Steering(frequency, flux_density, 0.0, 0.0, 1e-12, 0.3, 0.0)

    monkeypatch.setattr(single, "steering", never)
    with pytest.raises(SolveError, match="helicoid cannot be steered at any frequency"):
        required_frequency(BIG)
    spin = rod_of(BIG, WATER).spin
    for frequency, flux_density in verdicts:  # the field is raised along with it
        assert float(motion.step_out_frequency(BIG.moment, flux_density, spin)) == pytest.approx(2.0 * frequency)
    verdicts.clear()
    with pytest.raises(SolveError):
        required_frequency(BIG, 0.05)
    assert {flux_density for _, flux_density in verdicts} == {0.05}  # or is held where one is given
    monkeypatch.setattr(single, "steering", lambda *given: single.Steering(*given[1:3], 1.0, 0.0, 1e-12, 1.0, 9.0))
    assert required_frequency(BIG) == 0.0


def test_flow_takes_speed_and_diffusivity_of_a_helix_from_here():
    passage, field = amelo.nano.tubule(vital=False), amelo.nano.Field(flux_density=5e-3, frequency=-50.0)
    found = amelo.nano.flow(passage, BIG, field)
    one = steering(BIG, -50.0, 5e-3)
    assert np.all(found.parts["propulsion"] == one.speed) and propulsion(BIG, field, 37.0) == one.speed < 0.0
    drag = motion.wall_drag(BIG.diameter / passage.width)
    np.testing.assert_allclose(found.diffusivity, one.diffusivity / drag)
    assert propulsion(BIG, amelo.nano.Field(), 37.0) == 0.0 == propulsion(Carrier.named("caps-400"), field, 37.0)
