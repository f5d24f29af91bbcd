"""What a swarm is at one moment: how time is cut, what a checkpoint holds, what damaged ones say, how crowding is looked at, what frames hold."""

from __future__ import annotations

import json
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from amelo import nano
from amelo.errors import FormatError
from amelo.therapy.nano import swarm_output, swarm_run
from amelo.therapy.nano.particles import FREE, PLUGGED, STUCK, tables_of
from amelo.therapy.nano.swarm_state import FORMAT, planned

CAPS = nano.Carrier.named("caps-400")


def swarm(count=60, **options):
    options = {"crowding": False} | options
    return nano.Swarm(nano.tubule(1e-4, 20), CAPS, nano.Field(gradient=1.0), count, **options)


@settings(max_examples=60, deadline=None)
@given(duration=some.floats(1e-2, 1e4), frames=some.integers(1, 500), share=some.floats(0.2, 1.0), crowding=some.booleans())
def test_time_is_cut_into_equal_steps_that_are_short_enough(duration, frames, share, crowding):
    made = swarm(count=5, weight=0.1, release=(0.0, 1e-4), crowding=crowding)
    longest = share * made.longest_step()
    plan = planned(made, duration, step=longest, frames=frames, start=3.0)
    assert plan.step <= longest * (1.0 + 1e-9)
    assert plan.steps * plan.step <= 1.0 + 1e-9  # a look
    if crowding:
        assert plan.steps * plan.step <= CAPS.gelation_time / 10.0 * (1.0 + 1e-9)
    assert plan.end - plan.start == pytest.approx(duration, rel=1e-9)
    assert plan.total == frames * plan.looks
    assert plan.time == plan.start


def test_a_checkpoint_holds_everything(tmp_path):
    passage = nano.tubule(1e-4, 20, vital=True, temperature=25.0)
    made = nano.Swarm(
        passage,
        CAPS.changed(detach_rate=0.5, stick_tubule=1e-7),
        nano.Field(gradient=-2.0, gravity=0.5, heating=True),
        80,
        0.01,
        (1e-6, 9e-5),
        "open",
        np.linspace(5.0, 7.0, 20),
        np.linspace(0.0, 1.0, 20),
        True,
        4,
    )
    state = made.run(2**64 - 1, 5.0, step=0.01, frames=4, sampled=9).state
    again = nano.SwarmState.restart(state.checkpoint(tmp_path / "a.npz"))
    assert again.key == 2**64 - 1
    assert (again.plan, again.taken) == (state.plan, state.taken)
    assert again.swarm.carrier == state.swarm.carrier
    assert again.swarm.field == state.swarm.field
    for name in ("count", "weight", "release", "mouth", "crowding", "sizes"):
        assert getattr(again.swarm, name) == getattr(made, name)
    for name in ("ph", "saturation"):
        assert (getattr(again.swarm, name) == getattr(made, name)).all()
    for name in ("edges", "width", "outflow", "concentration_gradient", "far", "temperature", "density"):
        assert np.all(getattr(again.swarm.passage, name) == getattr(passage, name)), name
    for name in ("particles", "history"):
        for field in fields(getattr(state, name)):
            before, after = (getattr(getattr(s, name), field.name) for s in (state, again))
            assert before.dtype == after.dtype
            assert before.tobytes() == after.tobytes(), field.name
    assert not list(tmp_path.glob(".*"))  # nothing is left beside it


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data.pop("particles.depth"), "no checkpoint of a swarm; KeyError"),
        (lambda data: data.update(about=np.array("{")), "no checkpoint of a swarm; JSONDecodeError"),
        (
            lambda data: data.update(about=np.array(str(data["about"]).replace(FORMAT, "amelo-swarm-0"))),
            "has the format amelo-swarm-0",
        ),
        (
            lambda data: data.update(about=np.array(str(data["about"]).replace('"count": 60', '"count": 0'))),
            "no checkpoint of a swarm",
        ),
    ],
    ids=["array missing", "text cut", "another format", "impossible"],
)
def test_damaged_checkpoints_are_refused(damage, words, tmp_path):
    swarm().run(1, 1.0, step=0.05, frames=2).state.checkpoint(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        data = dict(file)
    damage(data)
    np.savez(tmp_path / "a.npz", **data)
    with pytest.raises(FormatError, match=words):
        nano.SwarmState.restart(tmp_path / "a.npz")


def test_going_on_leaves_the_state_as_it_was():
    state = swarm().begin(1, 10.0, step=0.05, frames=4)
    before = state.copy()
    state.run()
    assert state.time == 0.0
    for field in fields(state.particles):
        assert (getattr(state.particles, field.name) == getattr(before.particles, field.name)).all()


def test_two_halves_have_two_histories_and_one_clock():
    first = swarm().run(1, 10.0, step=0.05, frames=4).state
    second = first.run(6.0, step=0.05, frames=3)
    assert second.history.time == pytest.approx([10.0, 12.0, 14.0, 16.0])
    assert second.history.totals[0] == pytest.approx(first.history.totals[-1])
    assert second.state.taken == first.taken + second.state.plan.steps * second.state.plan.total


def test_the_room_that_carriers_take_up_is_their_volume():
    state = swarm(count=3, weight=2.0).begin(1, 1.0, step=0.05)
    edges = state.swarm.passage.edges
    state.particles.depth[:] = 0.5 * (edges[3] + edges[4])
    state.particles.mode[:] = FREE, STUCK, PLUGGED
    one = 2.0 * CAPS.volume / state.swarm.room[3]
    assert swarm_run.volume_fractions(state, FREE)[3] == pytest.approx(one)
    assert swarm_run.volume_fractions(state, FREE, STUCK, PLUGGED)[3] == pytest.approx(3.0 * one)
    assert swarm_run.volume_fractions(state, FREE, STUCK, PLUGGED).sum() == pytest.approx(3.0 * one)


def test_carriers_between_two_plugs_have_both_as_walls():
    state = swarm(count=5, crowding=False).begin(1, 1.0, step=0.05)
    edges = state.swarm.passage.edges
    middle = 0.5 * (edges[:-1] + edges[1:])
    state.particles.depth[:] = middle[[4, 12, 1, 8, 15]]
    state.particles.mode[:2] = PLUGGED
    state.particles.weight[:2] = 0.5 * state.swarm.room[[4, 12]] / CAPS.volume
    low, high = swarm_run._walls(state, 5)
    assert low[2:] == pytest.approx([0.0, edges[5], edges[13]])
    assert high[2:] == pytest.approx([edges[4], edges[12], edges[-1]])
    state.particles.weight[:2] *= 0.1  # too loose to hold anything back
    low, high = swarm_run._walls(state, 5)
    assert (low == 0.0).all() and (high == edges[-1]).all()
    state.particles.mode[:2] = FREE
    assert swarm_run._walls(state, 5) == (None, None)


def test_a_gel_takes_its_time_and_forgets_when_it_thins():
    state = swarm(count=4, crowding=False).begin(1, 1.0, step=0.05)
    state.swarm = state.swarm.changed(
        carrier=CAPS.changed(gelation_time=10.0), passage=nano.tubule(1e-4, 20, diameters=(2.5e-6,) * 3)
    )
    cell = swarm_run.cells_of(state)[0]
    state.particles.weight[:] = 0.4 * state.swarm.room[cell] / CAPS.volume / 4
    swarm_run._crowd(state, 6.0)
    assert state.crowded[cell] == 6.0
    assert (state.particles.mode == FREE).all()
    state.particles.weight[:] *= 0.5
    swarm_run._crowd(state, 6.0)
    assert state.crowded[cell] == 0.0
    state.particles.weight[:] *= 2.0
    swarm_run._crowd(state, 6.0)
    swarm_run._crowd(state, 6.0)
    assert (state.particles.mode == PLUGGED).all()


def test_a_look_does_not_care_in_which_order_carriers_are():
    state = swarm(count=500, release=(0.0, 1e-4)).begin(3, 2.0, step=0.02)
    tables = tables_of(state.swarm.passage, state.swarm.carrier, state.swarm.field, state.plan.step, ph=7.0)
    other = state.copy()
    other.particles = other.particles.taken(np.random.default_rng(0).permutation(500))
    for each in (state, other):
        swarm_run.look(each, tables)
    one, two = (s.particles.by_identity() for s in (state, other))
    for field in fields(one):
        assert (getattr(one, field.name) == getattr(two, field.name)).all(), field.name


@pytest.mark.parametrize("ending", ["zarr", "parquet"])
def test_an_output_says_whether_it_is_whole_and_holds_what_was_complete(tmp_path, ending):
    place = tmp_path / f"a.{ending}"

    def stop(fraction, message):
        if fraction > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swarm().run(1, 40.0, step=0.05, frames=40, sampled=5, out=place, on_progress=stop)
    assert not about(place)["finished"]
    whole = swarm().run(1, 40.0, step=0.05, frames=40, sampled=5)
    depth = ways(place)
    assert 16 <= len(depth) <= 41
    seen = ~np.isnan(depth).any(1)
    assert seen.sum() >= 16
    assert (depth[seen] == whole.history.depth[: len(depth)][seen]).all()
    swarm().run(1, 40.0, step=0.05, frames=40, sampled=5, out=place, force=True)
    assert about(place)["finished"]
    assert about(place)["key"] == "1"
    assert (ways(place) == whole.history.depth).all()


def about(place):
    if place.suffix == ".zarr":
        return json.loads((place / "zarr.json").read_text())["attributes"]
    return json.loads((place / swarm_output.MARKER).read_text())


def ways(place):
    if place.suffix == ".zarr":
        import zarr

        return zarr.open_group(place, mode="r")["depth"][:]
    import pandas as pd

    table = pd.read_parquet(place / "ways")
    return table.pivot(index="time_s", columns="carrier", values="depth_m").to_numpy()


def test_a_million_equal_numbers_add_up():
    place, values = np.zeros(1_000_000, np.int64), np.full(1_000_000, 0.1)
    values[::7] = 1e-9
    exact = math.fsum(values)
    sums, rests = swarm_run.tallied(place, values, 2)
    assert sums[0] + rests[0] == pytest.approx(exact, rel=1e-15)
    assert np.bincount(place, values)[0] != pytest.approx(exact, rel=1e-13)  # plain adding does not
    assert sums[1] == rests[1] == 0.0


def test_books_of_very_many_carriers_in_one_cell_close():
    result = swarm(count=300_000, weight=0.1).run(1, 30.0, step=0.1, frames=2)
    for book in result.ledger().values():
        assert book["error"] <= 1e-13
