"""A swarm: depths that are published, books that close, bits that stay over threads, stops and forks, plugs, and what is refused."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from amelo import nano
from amelo.errors import AmeloError, CommandError, FileError, FormatError, InputError, ParameterError
from amelo.therapy.nano.particles import FREE, PLUGGED, PULP, STUCK
from amelo.therapy.nano.swarm_result import quantile_of
from amelo.therapy.nano.swarm_run import volume_fractions

CAPS = nano.Carrier.named("caps-400")
SMOOTH = CAPS.changed(stick_tubule=0.0)
STRAIGHT = (0.9e-6, 1.7e-6, 2.5e-6)


def swarm(carrier=CAPS, gradient=1.0, count=500, **options):
    options = {"crowding": False} | options
    return nano.Swarm(nano.tubule(2e-4, 40), carrier, nano.Field(gradient=gradient), count, **options)


def digest(result) -> str:
    """A hash of all that a run has come to, whatever the order of its carriers."""
    parts = [getattr(result.particles, f.name) for f in fields(result.particles)]
    parts += [getattr(result.history, f.name) for f in fields(result.history)]
    parts += [result.state.released, result.state.remainder, result.state.crowded, np.array([result.state.taken])]
    return hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest()


@pytest.mark.parametrize(("gradient", "depth"), [(0.0, 21.0), (0.5, 164.0), (1.0, 366.0), (1.5, 616.0), (2.0, 910.0)])
def test_medians_in_a_tubule_that_tapers_evenly(gradient, depth):
    """4000 carriers of 400 nm, 20 min, 0.9 to 2.5 µm over 2 mm: an earlier calculation of other hands."""
    whole = nano.Swarm(nano.tubule(diameters=STRAIGHT), SMOOTH, nano.Field(gradient=gradient), 4000, crowding=False)
    middle = whole.run(7, 1200.0, step=0.1, frames=2).quantiles((0.5,))[0]
    assert middle.depth * 1e6 == pytest.approx(depth, abs=1.2 + 0.008 * depth)
    assert middle.low <= middle.depth <= middle.high


def test_outflow_of_a_vital_tooth_holds_carriers_back_up_to_a_gradient():
    passage = nano.tubule(vital=True, diameters=STRAIGHT, outflow=1.5e-6 * 19e9 * 0.25 * np.pi * 0.81e-12)
    depths = [
        nano.Swarm(passage, SMOOTH, nano.Field(gradient=g), 1000, crowding=False).run(7, 1200.0, step=0.02, frames=2)
        for g in (2.0, 5.0, 10.0)
    ]
    medians = [r.quantiles((0.5,))[0].depth for r in depths]
    assert max(medians[:2]) < 1e-6
    assert medians[2] == pytest.approx(2e-3)
    assert depths[2].totals()["pulp"] > 900.0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    key=some.integers(0, 2**64 - 1),
    gradient=some.floats(-5.0, 10.0),
    mouth=some.sampled_from(["closed", "open"]),
    vital=some.booleans(),
    crowding=some.booleans(),
    sizes=some.sampled_from([1, 3]),
    acid=some.floats(4.0, 7.5),
    weight=some.floats(1e-3, 1e-1),
    stick=some.sampled_from([0.0, 1e-9, 1e-7]),
)
def test_books_close_whatever_happens(key, gradient, mouth, vital, crowding, sizes, acid, weight, stick):
    carrier = CAPS.changed(stick_tubule=stick, detach_rate=0.05, gelation_time=2.0)
    passage = nano.tubule(5e-5, 25, vital=vital, outflow=2e-9 if vital else None)
    some_swarm = nano.Swarm(
        passage,
        carrier,
        nano.Field(gradient=gradient),
        400,
        weight,
        (0.0, 5e-5),
        mouth,
        ph=acid,
        crowding=crowding,
        sizes=sizes,
        saturation=np.linspace(0.0, 1.2, 25),
    )
    result = some_swarm.run(key, 20.0, step=0.01, frames=5)
    for book in result.ledger().values():
        assert book["error"] <= 1e-12
        assert min(book.values()) >= 0.0
    assert result.history.totals.sum(1) == pytest.approx(400 * weight, rel=1e-12)
    assert result.history.carriers.sum((1, 2)) == pytest.approx(result.history.totals[:, :3].sum(1), rel=1e-12)
    assert (np.diff(result.history.released) >= 0.0).all()


def test_payload_leaves_as_its_law_says():
    result = swarm(gradient=0.0, mouth="closed").run(3, 100.0, step=0.05, frames=2)
    assert result.particles.payload == pytest.approx(np.exp(-2e-4 * 100.0), rel=1e-12)
    acid = swarm(gradient=0.0, ph=5.0).run(3, 100.0, step=0.05, frames=2)
    assert acid.particles.payload == pytest.approx(np.exp(-2e-4 * 10**0.6 * 100.0), rel=1e-12)
    full = swarm(gradient=0.0, saturation=1.0).run(3, 100.0, step=0.05, frames=2)
    assert (full.particles.payload == 1.0).all()
    assert full.history.released[-1] == 0.0


def test_stuck_carriers_come_off_again_at_their_rate():
    carrier = CAPS.changed(stick_tubule=1e-6, detach_rate=0.02)
    result = swarm(carrier, 0.0, 4000).run(5, 400.0, step=0.02, frames=4)
    on = 4e-6 / 0.95e-6  # about so many a second, in so narrow a place
    assert result.totals()["stuck"] / 4000 == pytest.approx(on / (on + 0.02), abs=0.01)
    assert (result.particles.draws > 1).any()


def test_one_thread_two_threads_and_a_restart_give_the_same_bits(tmp_path):
    options = {"carrier": CAPS.changed(detach_rate=1e-2), "sizes": 3, "count": 1500}
    straight = swarm(**options).run(21, 60.0, step=0.02, frames=48, threads=1)
    assert digest(swarm(**options).run(21, 60.0, step=0.02, frames=48, threads=2)) == digest(straight)
    assert digest(swarm(**options).run(22, 60.0, step=0.02, frames=48)) != digest(straight)
    half = swarm(**options).begin(21, 60.0, step=0.02, frames=48)
    stop = pytest.raises(KeyboardInterrupt)

    def interrupted(fraction, message):
        if fraction > 0.5:
            raise KeyboardInterrupt

    with stop:
        half.run(on_progress=interrupted, checkpoint=tmp_path / "half.npz", threads=2)
    again = nano.SwarmState.restart(tmp_path / "half.npz")
    assert 0.0 < again.time < 60.0
    assert digest(again.run()) == digest(straight)


@pytest.mark.parametrize("ending", ["zarr", "parquet"])
def test_a_killed_run_goes_on_to_the_same_bits_and_the_same_files(tmp_path, ending):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom amelo import nano\n"
        "caps = nano.Carrier.named('caps-400')\n"
        "swarm = nano.Swarm(nano.tubule(2e-4, 40), caps, nano.Field(gradient=1.0), 2000, crowding=False)\n"
        f"swarm.run(4, 120.0, step=0.002, frames=64, out=sys.argv[1] + '.{ending}', checkpoint=sys.argv[1] + '.npz')\n"
    )
    place = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, script, place], stderr=subprocess.PIPE)
    checkpoint = place.with_suffix(".npz")
    until = time.monotonic() + 120.0
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    state = nano.SwarmState.restart(checkpoint)
    assert not state.finished
    result = state.run(out=place.with_suffix(f".{ending}"))
    straight = swarm(count=2000).run(4, 120.0, step=0.002, frames=64, out=tmp_path / f"straight.{ending}")
    assert digest(result) == digest(straight)
    assert contents(result.out) == contents(straight.out)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_frames_can_be_read_with_ordinary_tools(tmp_path):
    import pandas as pd
    import xarray

    result = swarm(count=300).run(1, 30.0, step=0.05, frames=20, sampled=7, out=tmp_path / "a.zarr")
    with xarray.open_zarr(tmp_path / "a.zarr", consolidated=False) as data:
        assert data.depth.shape == (21, 7)
        assert data.time.values == pytest.approx(np.linspace(0.0, 30.0, 21))
        assert (data.carriers.sum("cell").values[:, 0] == result.history.totals[:, FREE]).all()
        assert data.depth.attrs["units"] == "m"
    result = swarm(count=300).run(1, 30.0, step=0.05, frames=20, sampled=7, out=tmp_path / "a.parquet")
    ways = pd.read_parquet(tmp_path / "a.parquet" / "ways")
    assert len(ways) == 21 * 7
    last = ways[ways.time_s == ways.time_s.max()].set_index("carrier").depth_m
    for carrier, depth in last.items():
        assert depth == result.depth[carrier]
    density = pd.read_parquet(tmp_path / "a.parquet" / "density")
    assert density.groupby("time_s").free.sum().tolist() == result.history.totals[:, FREE].tolist()


def test_a_fork_has_several_futures_of_one_past():
    start = swarm(SMOOTH, count=1000).run(2, 60.0, step=0.02, frames=6).state
    same, other = (future.run(60.0, step=0.02, frames=6) for future in start.fork(2))
    again = start.run(60.0, step=0.02, frames=6)
    assert digest(same) == digest(again)
    assert digest(other) != digest(again)
    assert np.median(other.depth) == pytest.approx(np.median(again.depth), rel=0.1)
    out, home = (f.run(60.0, step=0.02, frames=6) for f in start.fork(fields=[start.swarm.field, start.swarm.field.reversed()]))
    assert digest(out) == digest(again)  # the same kicks under the same field
    assert np.median(home.depth) < 0.5 * np.median(out.depth)
    assert start.time == 60.0
    keyed = [f.run(60.0, step=0.02, frames=6) for f in start.fork(keys=[2, 5])]
    assert digest(keyed[0]) == digest(again) != digest(keyed[1])
    for numbers in ({}, {"number": 0}, {"number": 2, "keys": [1]}, {"keys": [1], "fields": [start.swarm.field] * 2}):
        with pytest.raises(ParameterError, match="fork"):
            start.fork(**numbers)


def test_a_fork_refuses_a_field_for_which_the_steps_under_way_are_too_long():
    state = swarm().begin(1, 100.0, step=0.1)
    with pytest.raises(ParameterError, match="not stable"):
        state.fork(fields=[nano.Field(gradient=90.0)])


def test_a_dense_swarm_gels_and_nothing_passes_the_plug():
    """Enough carriers to fill 20 µm of a tubule are pulled against its closed end; the plug grows from there to the mouth."""
    passage = nano.tubule(6e-5, 60, diameters=(2e-6, 2e-6, 2e-6))
    carrier = SMOOTH.changed(gelation_time=5.0)
    pulled = nano.Swarm(passage, carrier, nano.Field(gradient=4.0), 700, release=(0.0, 6e-5))
    result = pulled.run(6, 120.0, step=0.005, frames=30)
    mode, depth = result.particles.mode, result.depth
    assert (mode == PLUGGED).sum() > 600
    filled = volume_fractions(result.state, PLUGGED)
    assert filled[-1] >= carrier.gelation_fraction
    front = passage.edges[np.flatnonzero(filled >= carrier.gelation_fraction)[0]]
    assert (depth[mode == FREE] <= front).all()
    history = result.history.carriers[:, PLUGGED]
    assert (np.diff(history, axis=0) >= 0.0).all()  # a plug stays
    free = pulled.changed(crowding=False).run(6, 120.0, step=0.005, frames=30)
    assert free.history.crowded.max() > 2.0  # without crowding they would be where there is no room


def test_carriers_jam_at_once_where_the_way_is_narrow():
    carrier = SMOOTH.changed(gelation_time=1e5)
    counts = []
    for width in (1.1e-6, 2.0e-6):  # 2.75 and 5 diameters
        passage = nano.tubule(6e-5, 60, diameters=(width,) * 3)
        count = int(0.1 * 0.25 * np.pi * width**2 * 6e-5 / carrier.volume)
        result = nano.Swarm(passage, carrier, nano.Field(gradient=2.0), count, release=(0.0, 6e-5)).run(
            6, 30.0, step=0.005, frames=5
        )
        filled = volume_fractions(result.state, PLUGGED)
        counts.append(((filled > 0.0) & (filled < 0.6)).sum())
    assert counts[0] > 2 * counts[1]  # jams are loose; the others pack until there is no room


def test_a_plug_holds_back_what_comes_out_as_well():
    passage = nano.tubule(6e-5, 60, diameters=(2e-6,) * 3)
    state = nano.Swarm(passage, SMOOTH, nano.Field(gradient=-3.0), 200, release=(3e-5, 5.9e-5), mouth="open").begin(
        1, 60.0, step=0.005
    )
    place = (state.particles.depth > 3e-5) & (state.particles.depth < 3.1e-5)
    state.particles.weight[place] = 40.0
    state.particles.mode[place] = PLUGGED
    result = state.run()
    assert result.totals()["left"] == 0.0
    assert (result.depth >= 3e-5).all()


def test_sizes_spread_depths():
    wide = nano.tubule(3e-4, 40, diameters=(2.5e-6,) * 3)
    alone, spread = (
        nano.Swarm(wide, SMOOTH.changed(diameter_spread=0.2), nano.Field(gradient=2.0), 2000, crowding=False, sizes=n).run(
            1, 60.0, step=0.05, frames=2
        )
        for n in (1, 9)
    )
    assert len(spread.state.swarm.diameters) == 9
    assert np.mean(spread.state.swarm.diameters) == pytest.approx(4e-7)
    assert np.std(spread.depth) > 1.2 * np.std(alone.depth)


def test_quantiles_have_intervals_that_hold_what_they_should():
    generator = np.random.default_rng(1)
    inside = sum(q.low <= np.log(2.0) <= q.high for q in (quantile_of(generator.exponential(size=500), 0.5) for _ in range(1000)))
    assert 930 <= inside <= 975
    with pytest.raises(InputError, match="no carrier"):
        quantile_of(np.zeros(0), 0.5)


def test_steps_are_chosen_so_that_kicks_are_short_and_stable():
    whole = swarm()
    motion = nano.flow(whole.passage, whole.carrier, whole.field)
    assert np.sqrt(2.0 * motion.diffusivity.max() * whole.step()) <= 1e-7 * (1.0 + 1e-12)
    assert whole.step() <= whole.longest_step()
    assert whole.begin(1, 10.0).plan.step <= whole.step()
    assert swarm(gradient=90.0).longest_step() < 0.5 * whole.longest_step()
    plan = whole.begin(1, 10.0, step=0.07).plan
    assert plan.step * plan.steps * plan.total == pytest.approx(10.0, rel=1e-14)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 0}, "0 carriers are out of range"),
        ({"weight": -1.0}, "a weight of -1 is out of range"),
        ({"weight": float("nan")}, "a weight of nan is out of range"),
        ({"release": (0.0, 1.0)}, "cannot start between 0 and 1e"),
        ({"mouth": "opened"}, "did you mean 'open'"),
        ({"sizes": 0}, "classes of size"),
        ({"ph": np.zeros(3)}, r"ph has the shape \(3,\)"),
        ({"saturation": -0.1}, "saturation is out of range"),
        ({"crowding": True}, "closest packing"),
        ({"carrier": CAPS.changed(diameter=1e-6)}, "does not fit into the passage"),
        ({"carrier": CAPS.changed(diameter_spread=0.8), "sizes": 30}, "does not fit|out of range"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_swarms_that_cannot_be_are_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        swarm(**change)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": -1}, "key -1 is out of range"),
        ({"key": 1.5}, "key 1.5 is out of range"),
        ({"duration": 0.0}, "duration of 0 s"),
        ({"duration": 1e9}, "more than a run may have"),
        ({"step": 10.0}, "a step of 10 s is not stable.*does not leap over cells"),
        ({"step": 0.0}, "a step of 0 s"),
        ({"frames": 0}, "0 frames"),
        ({"sampled": -1}, "-1 sampled"),
    ],
    ids=str,
)
def test_runs_that_cannot_be_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        swarm().run(**{"key": 1, "duration": 10.0} | options)


def test_places_that_cannot_be_written_are_refused_before_anything_is_moved(tmp_path):
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "text.npz").write_text("no")
    for options, error in (
        ({"out": tmp_path / "a.csv"}, CommandError),
        ({"out": tmp_path / "none" / "a.zarr"}, FileError),
        ({"out": tmp_path / "mine.zarr", "force": True}, FileError),
        ({"checkpoint": tmp_path / "a.txt"}, FileError),
        ({"checkpoint": tmp_path / "none" / "a.npz"}, FileError),
    ):
        with pytest.raises(error):
            swarm().run(1, 1.0, step=0.05, on_progress=lambda *told: pytest.fail("it moved"), **options)
    with pytest.raises(FormatError, match="no checkpoint of a swarm"):
        nano.SwarmState.restart(tmp_path / "text.npz")
    with pytest.raises(FileError, match="no such file"):
        nano.SwarmState.restart(tmp_path / "none.npz")
    done = swarm().run(1, 1.0, step=0.05, frames=2, out=tmp_path / "b.zarr")
    with pytest.raises(FileError, match="there already"):
        swarm().run(1, 1.0, step=0.05, frames=2, out=tmp_path / "b.zarr")
    swarm().run(1, 1.0, step=0.05, frames=2, out=tmp_path / "b.zarr", force=True)
    with pytest.raises(AmeloError, match="at its end"):
        done.state.run()


def test_modes_count_what_they_say():
    result = swarm(CAPS.changed(stick_tubule=1e-7), gradient=8.0, count=800).run(1, 300.0, step=0.02, frames=2)
    totals, mode = result.totals(), result.particles.mode
    assert totals["stuck"] == (mode == STUCK).sum() > 0
    assert totals["pulp"] == (mode == PULP).sum() == 0  # an extracted tooth has a closed end
    text = result.to_dict()
    assert text["carriers"] == totals
    assert [d["share"] for d in text["depths"]] == [0.1, 0.25, 0.5, 0.75, 0.9]
