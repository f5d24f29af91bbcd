"""Runs that write while they go on: killed, on a full disk, interrupted, with members, and what is there in the end."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import amelo
import amelo.twin.stream as stream
from amelo.errors import CommandError, FileError, FormatError
from amelo.twin.diffusivity import diffusivities
from amelo.twin.layout import same_run, slice_of
from amelo.twin.lesion import baths
from amelo.twin.lesion.checked import begins_wide
from amelo.twin.lesion.solve import settings_for, solve
from amelo.twin.provenance import Provenance
from amelo.twin.store import largest_block, open_store
from amelo.twin.trajectory import Trajectory
from amelo.twin.twin import Twin
from runs import make_run, make_trajectory

ROOT = Path(__file__).parents[2]
SPECIMEN = amelo.load_specimen(ROOT / "cases/specimens/human-enamel.toml")
CYCLES = """
repeat 12 times:
    demineralise in Ca 2 mM, PO4 2 mM, acetate 75 mM pH 4.4 for 4 h
    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 20 h
"""
CUT = "the run was cut short: its first"


@pytest.fixture
def at_once(monkeypatch):
    """Write every state as soon as it is there."""
    monkeypatch.setattr(stream, "EVERY", 0.0)


def first_pass(members: int, accuracy: float = 0.01):
    """The run that streams: the protocol on the grid that nothing was halved of."""
    baths._KNOWN.clear()  # a bath that was solved beside others differs in its last digits
    column = Twin.of(SPECIMEN).column(members=members, seed=0)
    settings = settings_for(accuracy)
    settings = replace(settings, grid=settings.grid.wide()) if begins_wide(members, accuracy) else settings
    return solve(column, amelo.Protocol.parse(CYCLES).schedule(), diffusivities(column.temperature), settings)


def same_states(back: Trajectory, run, members) -> None:
    for name in ("mineral", "ph", "totals", "inflow", "balance", "saturation_index"):
        expected = getattr(run, name)[members, : len(back.hours)]
        np.testing.assert_array_equal(getattr(back.run, name), expected, err_msg=name)
    np.testing.assert_array_equal(back.run.time, run.time[: len(back.hours)])


def members_of(back: Trajectory, members: int) -> list[int]:
    """Which of the members of an ensemble a trajectory that was cut short says that it holds."""
    if back.members == members:
        return list(range(members))
    (told,) = (words for words in back.warnings if "were solved that far when the run was cut short" in words)
    found = re.fullmatch(r"(\d+) of the (\d+) members, those from ([\d to and]+), were solved .*", told)
    ranges = [part.split(" to ") for part in found[3].split(" and ")]
    named = [member for first, last in ranges for member in range(int(first), int(last) + 1)]
    assert (int(found[1]), int(found[2]), len(named)) == (back.members, members, back.members)
    return named


@pytest.mark.parametrize(("members", "tier"), [(1, "auto"), (20, "auto"), (20, "reduced")])
def test_a_streamed_run_ends_as_any_other(members, tier, at_once, tmp_path):
    options = {"members": members, "tier": tier, "accuracy": 0.01 if members == 1 else 0.5}
    made = amelo.simulate(SPECIMEN, CYCLES, out=tmp_path / "run.zarr", **options)
    plain = amelo.simulate(SPECIMEN, CYCLES, **options)
    back = Trajectory.load(tmp_path / "run.zarr")
    assert back == made and back.finished and same_run(back.run, plain.run) and back.warnings == plain.warnings
    plain.save(tmp_path / "plain.zarr")
    names = [sorted(str(p.relative_to(tmp_path / f)) for p in (tmp_path / f).rglob("*")) for f in ("run.zarr", "plain.zarr")]
    assert names[0] == names[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plain.zarr", "run.zarr"]


def test_what_is_there_grows_and_never_shrinks(at_once, tmp_path):
    run, seen = first_pass(20, 0.5), []

    def look(fraction: float, message: str) -> None:
        if (tmp_path / "run.zarr").exists():
            try:
                back = Trajectory.load(tmp_path / "run.zarr")
            except (FileError, FormatError):  # another tile is just making it
                assert not seen
                return
            assert back.warnings[0].startswith(f"{CUT} {len(back.hours)} saved times, up to {back.hours[-1]:g} h")
            assert not back.finished
            if stream.COARSE in back.warnings:
                same_states(back, run, members_of(back, 20))
            seen.append(back.members * len(back.hours))

    amelo.simulate(SPECIMEN, CYCLES, members=20, accuracy=0.5, out=tmp_path / "run.zarr", on_progress=look)
    assert seen == sorted(seen) and seen[-1] == 20 * len(run.time) and len(set(seen)) > 5


CHILD = """
import sys
import amelo
import amelo.twin.stream as stream
stream.EVERY = 0.0
specimen = amelo.load_specimen({specimen!r})
told = lambda fraction, message: print(fraction, flush=True)
amelo.simulate(specimen, {protocol!r}, members={members}, out={path!r}, force=True, on_progress=told)
"""


def killed(path: Path, members: int, after: float) -> None:
    """Run a simulation in a process of its own and kill it once a fraction of it is done."""
    words = {"specimen": str(ROOT / "cases/specimens/human-enamel.toml"), "protocol": CYCLES, "members": members, "path": str(path)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(**words)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    try:
        for line in child.stdout:
            if float(line) > after:
                break
    finally:
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("members", "after"), [(1, 0.05), (1, 0.2), (20, 0.1)])
def test_a_killed_run_leaves_what_was_complete(members, after, tmp_path):
    killed(tmp_path / "run.zarr", members, after)
    back = Trajectory.load(tmp_path / "run.zarr")
    assert not back.finished and back.warnings[0].startswith(CUT) and stream.COARSE in back.warnings
    same_states(back, first_pass(members), members_of(back, members))
    assert back.outcomes()["integrated_mineral_loss"].value > 0.0 and back.provenance.protocol.startswith("repeat 12 times")
    with pytest.raises(FileError, match="is there already; nothing was changed"):
        amelo.simulate(SPECIMEN, CYCLES, out=tmp_path / "run.zarr")
    amelo.simulate(SPECIMEN, CYCLES, out=tmp_path / "run.zarr", force=True)
    assert Trajectory.load(tmp_path / "run.zarr").finished


def test_a_killed_run_leaves_the_earlier_result_that_it_was_to_replace(tmp_path):
    earlier = make_trajectory()
    earlier.save(tmp_path / "run.zarr")
    killed(tmp_path / "run.zarr", 1, 0.2)
    assert Trajectory.load(tmp_path / "run.zarr") == earlier
    assert not Trajectory.load(tmp_path / "run.unfinished.zarr").finished
    amelo.simulate(SPECIMEN, CYCLES, out=tmp_path / "run.zarr", force=True)
    assert Trajectory.load(tmp_path / "run.zarr").provenance.specimen_name == SPECIMEN.name


class FullDisk:
    """Refuses every write once ``left`` files were written."""

    def __init__(self, monkeypatch, left: int) -> None:
        import zarr.storage._local as local

        self.left, put = left, local._put

        def full(path, value, *rest, **options):
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return put(path, value, *rest, **options)

        monkeypatch.setattr(local, "_put", full)


@pytest.mark.parametrize("left", [150, 250])
def test_a_disk_that_fills_up_is_one_sentence_and_what_was_complete_stays(left, at_once, monkeypatch, tmp_path):
    path = tmp_path / "run.zarr"
    with monkeypatch.context() as patch:
        FullDisk(patch, left)
        with pytest.raises(FileError) as caught:
            amelo.simulate(SPECIMEN, CYCLES, out=path)
    back = Trajectory.load(path)
    assert str(caught.value).startswith(f"{path} cannot be written; No space left on device; ")
    assert f"the first {len(back.hours)} saved times are complete and can be loaded" in str(caught.value)
    same_states(back, first_pass(1), slice(None))
    assert 1 < len(back.hours) < 13 and not back.finished


def test_a_disk_that_is_full_at_the_end_keeps_the_first_pass(at_once, monkeypatch, tmp_path):
    path = tmp_path / "run.zarr"
    with monkeypatch.context() as patch:
        disk = FullDisk(patch, 10**9)
        with pytest.raises(FileError) as caught:
            amelo.simulate(SPECIMEN, CYCLES, out=path, on_progress=lambda f, m: setattr(disk, "left", 3 if f > 0.4 else 10**9))
    assert str(caught.value) == f"{path} cannot be written; No space left on device; what is complete can be loaded from {path}"
    assert len(Trajectory.load(path).hours) == 13 and [p.name for p in tmp_path.iterdir()] == ["run.zarr"]


def test_a_run_that_is_stopped_says_what_can_be_loaded(at_once, tmp_path):
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        amelo.simulate(SPECIMEN, CYCLES, out=tmp_path / "run.zarr", on_progress=stop)
    assert str(caught.value) == f"what is complete can be loaded from {tmp_path / 'run.zarr'}"
    assert Trajectory.load(tmp_path / "run.zarr").warnings[0].startswith(CUT)


def test_a_short_run_and_a_netcdf_file_are_written_once(monkeypatch, tmp_path):
    monkeypatch.setattr(stream, "open_store", lambda *a, **b: pytest.fail("nothing to stream"))
    made = amelo.simulate(SPECIMEN, "demineralise in acetate 50 mM pH 4.5 for 1 h", out=tmp_path / "run.zarr")
    monkeypatch.setattr(stream, "EVERY", 0.0)
    other = amelo.simulate(SPECIMEN, "demineralise in acetate 50 mM pH 4.5 for 1 h", out=tmp_path / "run.nc")
    assert Trajectory.load(tmp_path / "run.zarr") == made and Trajectory.load(tmp_path / "run.nc") == other


def test_tiles_that_came_differently_far_are_read_as_the_largest_block(tmp_path):
    run = make_run(hours=range(11), rates=(30.0, 34.0, 38.0, 42.0, 46.0))

    def part(first: int, stop: int, times: int):
        arrays = {name: getattr(run, name)[first:stop] for name in ("sound", "status", "error")}
        grown = ("mineral", "porosity", "ph", "totals", "saturation_index", "ionic_strength", "inflow", "balance", "collagen")
        arrays |= {name: getattr(run, name)[first:stop] for name in grown}
        return slice_of(replace(run, failure=run.failure[first:stop], **arrays), 0, times)

    template = slice_of(run, 0, 0)
    writer = open_store(tmp_path / "a.zarr", template, provenance=Provenance("slab"), times_per_chunk=4, members_per_chunk=2)
    for first, stop, times, members, complete in (
        (0, 2, 3, [0, 1], 3),
        (4, 5, 3, [0, 1, 4], 3),
        (2, 4, 2, [0, 1, 2, 3, 4], 2),
        (0, 2, 11, [0, 1], 11),
        (4, 5, 11, [0, 1, 4], 11),
        (2, 4, 9, [0, 1, 2, 3, 4], 9),
        (2, 4, 9, [0, 1, 2, 3, 4], 9),
        (2, 4, 11, [0, 1, 2, 3, 4], 11),
    ):
        writer.put(np.arange(first, stop), part(first, stop, times))
        back = Trajectory.load(tmp_path / "a.zarr")
        assert (back.members, len(back.hours)) == (len(members), complete)
        assert members_of(back, 5) == members
        for name in ("mineral", "ph", "inflow"):
            np.testing.assert_array_equal(getattr(back.run, name), getattr(run, name)[members, :complete])
        np.testing.assert_array_equal(back.run.sound, run.sound[members])


def test_the_largest_block_is_of_members_and_times_that_are_complete():
    rng = np.random.default_rng(5)
    for _ in range(200):
        done = rng.integers(0, 9, rng.integers(1, 12))
        who, count = largest_block(done)
        assert (done[who] >= count).all()
        assert len(who) * count == max(c * int((done >= c).sum()) for c in range(9))


def test_a_run_that_does_not_get_as_accurate_as_it_was_asked_to_says_so():
    made = amelo.simulate(SPECIMEN, "demineralise in acetate 50 mM pH 4.5 for 2 h", accuracy=1e-7)
    assert made.inaccurate.tolist() == [True]
    assert re.match(
        r"the error in time of ΔZ is about \S+ vol%·µm of \S+, more than the accuracy of 1e-05 % that", made.warnings[0]
    )
    with pytest.raises(CommandError, match=r"accuracy 1.0 is out of range; it is relative, above 0 and below 1; use 0.01 for 1 %"):
        amelo.simulate(SPECIMEN, "demineralise in acetate 50 mM pH 4.5 for 2 h", accuracy=1.0)
