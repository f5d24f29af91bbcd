"""Files of trajectories: round trips, places that are taken, disks that fill up, and runs that are really killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from amelo.errors import CommandError, FileError, FormatError, InputError
from amelo.twin.layout import slice_of
from amelo.twin.provenance import Provenance
from amelo.twin.store import load_store, open_store
from amelo.twin.trajectory import Trajectory
from runs import PROTOCOL, SPECIMEN, make_run, make_trajectory

RATES = (30.0, 38.0, 46.0)
HOURS = tuple(range(0, 25))
ENDINGS = [".zarr", ".nc"]
HERE = Path(__file__).parents[1]
SOURCE = HERE.parent / "src"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "options",
    [{}, {"rates": RATES, "failed": (1,)}, {"biofilm": 5, "layer": 12}, {"hours": (24,)}, {"finished": False}, {"failed": (0,)}],
    ids=str,
)
def test_what_is_saved_is_loaded(ending, options, tmp_path):
    made = make_trajectory(**options)
    path = made.save(tmp_path / f"run{ending}")
    back = Trajectory.load(str(path))
    assert back == made
    assert back.run.warnings == made.run.warnings and back.run.counts == made.run.counts
    assert back.provenance.specimen == SPECIMEN and back.provenance.protocol == PROTOCOL and back.provenance.seed == 7
    assert back.provenance.parameters == made.provenance.parameters and back.provenance.options == made.provenance.options
    assert repr(back) == repr(made)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_words_and_numbers_of_every_kind_survive(ending, tmp_path):
    run = replace(make_run(rates=RATES), warnings=("µ “quoted” 100 %\nsecond line",), failure=("", "ΔZ < 0 – stop", ""))
    values = run.saturation_index.copy()
    values[0, 0, 0, :4] = [-np.inf, np.nan, 1e-300, -99.99]
    run = replace(run, saturation_index=values, error=np.array([np.nan, 1e-9, 0.0]))
    made = Trajectory.of(run, specimen_name="émail “A”", seed=2**62, options={"a": None, "b": [1, 2.5], "c": True}, wall_time=1 / 3)
    assert Trajectory.load(made.save(tmp_path / f"x{ending}")) == made


@pytest.mark.parametrize("ending", ENDINGS)
def test_others_can_read_the_file_without_amelo(ending, tmp_path):
    made = make_trajectory(rates=RATES)
    path = made.save(tmp_path / f"run{ending}")
    options = {"engine": "zarr", "consolidated": False} if ending == ".zarr" else {"engine": "scipy"}
    with xarray.open_dataset(path, **options) as data:
        data.load()
    assert set(data.sizes) == {"member", "time", "phase", "component", "cell", "face"}
    assert float(data.integrated_mineral_loss.sel(time=24).median()) == made.outcomes()["integrated_mineral_loss"].value
    assert data.integrated_mineral_loss.attrs["units"] == "vol%·µm" and {"depth", "elapsed", "edges"} <= set(data.coords)
    for key in (
        "amelo_version",
        "packages",
        "created",
        "specimen",
        "protocol",
        "seed",
        "parameters",
        "citations",
        "options",
        "assumptions",
    ):
        assert data.attrs[key], key
    assert data.attrs["run_status"] == "ok: solved, balances closed" and data.attrs["solved_members"] == "3 of 3"
    assert data.attrs["wall_time_seconds"] == "0.31" and data.attrs["numerical_error"].startswith("3 vol%·µm")
    (row,) = [p for p in json.loads(data.attrs["parameters"]) if p["name"] == "pk.HAp"]
    assert row["grade"] and row["source"] and row["unit"] is not None and row["low"] <= row["value"] <= row["high"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_missing_is_missing_for_a_reason_that_the_file_tells(ending, tmp_path):
    path = make_trajectory(rates=RATES, failed=(1,)).save(tmp_path / f"run{ending}")
    options = {"engine": "zarr", "consolidated": False} if ending == ".zarr" else {"engine": "scipy"}
    with xarray.open_dataset(path, **options) as data:
        data.load()
    assert list(data.status.attrs["flag_values"]) == [0, 1, 2, 3]
    assert data.status.attrs["flag_meanings"] == "ok not_converged not_balanced bath_not_solved"
    assert "from its failure on" in data.attrs["missing_values"] and data.attrs["solved_members"] == "2 of 3"
    solved = data.status == 0
    assert solved.values.tolist() == [True, False, True] and data.failure.values[1].startswith("no solution at 7.5 h")
    fields = data[["mineral", "ph", "totals", "inflow", "saturation_index", "porosity"]]
    assert all(bool(np.isfinite(fields[name].where(solved, drop=True)).all()) for name in fields)
    assert bool(np.isfinite(data.ph.isel(member=1, time=0)).all()) and bool(np.isnan(data.ph.isel(member=1, time=-1)).all())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_place_that_is_taken_stays_as_it_is(ending, tmp_path):
    first, second = make_trajectory(), make_trajectory(rates=(50.0,))
    path = first.save(tmp_path / f"run{ending}")
    with pytest.raises(FileError, match="is there already; nothing was changed; name another file, or add --force to replace it"):
        second.save(path)
    assert Trajectory.load(path) == first
    second.save(path, force=True)
    assert Trajectory.load(path) == second and [p.name for p in tmp_path.iterdir()] == [path.name]


def test_force_never_removes_a_folder_that_amelo_did_not_write(tmp_path):
    for name in ("thesis.zarr", "thesis.nc"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "chapter-1.txt").write_text("years of work")
        with pytest.raises(FileError, match="is a folder that amelo did not write; nothing was changed"):
            make_trajectory().save(folder, force=True)
        with pytest.raises(FileError, match="is a folder that amelo did not write"):
            open_store(folder, make_run(), provenance=Provenance("x"), force=True)
        assert (folder / "chapter-1.txt").read_text() == "years of work"


def test_places_where_nothing_can_be_written(tmp_path, monkeypatch):
    made = make_trajectory()
    with pytest.raises(FileError, match="cannot be written; there is no folder"):
        made.save(tmp_path / "nowhere" / "run.zarr")
    with pytest.raises(CommandError, match=r"run.zar is not a result amelo can write; did you mean '.zarr'?"):
        made.save(tmp_path / "run.zar")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(FileError, match="is read-only for you; name another folder"):
        made.save(tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []


def test_things_that_are_no_trajectory(tmp_path):
    text, folder = tmp_path / "a.nc", tmp_path / "b.zarr"
    text.write_text("time,ph\n0,7\n")
    folder.mkdir()
    xarray.Dataset({"t": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="scipy")
    for path, words in (
        (text, "a.nc: is not a NetCDF file that amelo wrote"),
        (folder, "b.zarr: is not a trajectory of amelo; it has no zarr.json"),
        (tmp_path / "other.nc", "other.nc: is not a trajectory of amelo; it lacks the attribute amelo_format"),
    ):
        with pytest.raises(FormatError) as caught:
            Trajectory.load(path)
        assert words in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(FileError, match=r"ohter.nc does not exist; did you mean 'other.nc'\?"):
        Trajectory.load(tmp_path / "ohter.nc")


@pytest.mark.parametrize("ending", ENDINGS)
def test_damage_is_named(ending, tmp_path):
    path = make_trajectory(rates=RATES).save(tmp_path / f"run{ending}")
    if ending == ".nc":
        path.write_bytes(path.read_bytes()[:-2000])
    else:
        chunk = next(p for p in (path / "ph").rglob("*") if p.is_file() and p.name != "zarr.json")
        chunk.write_bytes(b"\x00\x01")
    with pytest.raises(FormatError) as caught:
        Trajectory.load(path)
    assert "damaged" in str(caught.value) or "is not a NetCDF file" in str(caught.value)


def test_a_newer_format_is_refused(tmp_path):
    path = make_trajectory().save(tmp_path / "run.zarr")
    head = json.loads((path / "zarr.json").read_text())
    head["attributes"]["amelo_format"] = "99"
    (path / "zarr.json").write_text(json.dumps(head))
    with pytest.raises(FormatError, match="has the format 99; this amelo reads format 1"):
        Trajectory.load(path)


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 25])
def test_a_store_that_grows_holds_what_was_appended(pieces, tmp_path):
    run = make_run(hours=HOURS, rates=RATES)
    origin = Provenance.of("slab", seed=3)
    with open_store(tmp_path / "run.zarr", slice_of(run, 0, 0), provenance=origin, times_per_chunk=4) as writer:
        for start in range(0, len(HOURS), pieces):
            writer.append(slice_of(run, start, start + pieces))
            assert writer.complete == min(start + pieces, len(HOURS)) // 4 * 4
            if writer.complete:
                seen = Trajectory.load(tmp_path / "run.zarr")
                assert len(seen.hours) == writer.complete and not seen.finished
                np.testing.assert_array_equal(seen.run.ph, run.ph[:, : writer.complete])
        writer.finish(provenance=replace(origin, wall_time=9.0))
    back = Trajectory.load(tmp_path / "run.zarr")
    assert back == Trajectory(run, replace(origin, wall_time=9.0)) and back.finished and back.warnings == ()


def test_an_exception_in_the_run_keeps_every_time_and_says_it_was_cut_short(tmp_path):
    run = make_run(hours=HOURS)
    with (
        pytest.raises(KeyboardInterrupt),
        open_store(tmp_path / "a.zarr", run, provenance=Provenance("slab"), times_per_chunk=10) as writer,
    ):
        writer.append(slice_of(run, 0, 13))
        raise KeyboardInterrupt
    back = Trajectory.load(tmp_path / "a.zarr")
    assert len(back.hours) == 13 and back.warnings == (
        "the run was cut short: its first 13 saved times, up to 12 h, are complete and shown",
    )
    assert "cut short" in repr(back)


def test_blocks_that_do_not_fit_are_refused(tmp_path):
    run = make_run(hours=HOURS, rates=RATES)
    with open_store(tmp_path / "a.zarr", run, provenance=Provenance("slab"), times_per_chunk=2) as writer:
        writer.append(slice_of(run, 0, 5))
        for block, words in (
            (slice_of(run, 2, 4), "the block goes back in time; 7200 s does not come after 14400 s"),
            (slice_of(make_run(hours=HOURS), 6, 7), "the block has other members, cells, phases or components"),
            (replace(slice_of(run, 6, 7), phases=("HAp", "FAp")), "the block has other members"),
            (replace(slice_of(run, 6, 7), ph=run.ph), "the field ph of a run has the shape"),
        ):
            with pytest.raises(InputError) as caught:
                writer.append(block)
            assert words in str(caught.value)
        writer.append(slice_of(run, 5, 25))
    assert len(Trajectory.load(tmp_path / "a.zarr").hours) == 25
    with pytest.raises(InputError, match="is finished"):
        writer.append(slice_of(run, 5, 6))
    with pytest.raises(InputError, match="times_per_chunk = 0"):
        open_store(tmp_path / "b.zarr", run, provenance=Provenance("slab"), times_per_chunk=0)


def test_a_full_disk_is_one_sentence_and_what_was_complete_stays(tmp_path, monkeypatch):
    import zarr.storage._local as local

    run = make_run(hours=HOURS)
    writer = open_store(tmp_path / "a.zarr", run, provenance=Provenance("slab"), times_per_chunk=5)
    writer.append(slice_of(run, 0, 10))
    put, left = local._put, [4]  # the disk fills up in the middle of the third chunk

    def full(path, value, *rest, **options):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return put(path, value, *rest, **options)

    monkeypatch.setattr(local, "_put", full)
    with pytest.raises(FileError) as caught:
        writer.append(slice_of(run, 10, 25))
    assert str(caught.value) == (
        f"{tmp_path / 'a.zarr'} cannot be written; No space left on device; the first 10 saved times are complete and can be loaded"
    )
    back = Trajectory.load(tmp_path / "a.zarr")
    assert len(back.hours) == 10 and not back.finished
    np.testing.assert_array_equal(back.run.mineral, run.mineral[:, :10])


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_limit_on_the_size_of_files_is_one_sentence(ending, tmp_path):
    """The operating system itself refuses to write, as it does on a full disk."""
    script = f"""
import resource, sys
sys.path.insert(0, {str(HERE)!r})
from runs import make_trajectory
made = make_trajectory(hours=range(200), rates=(30., 38., 46.))
made.outcomes()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    made.save({str(tmp_path / ("run" + ending))!r})
except Exception as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(SOURCE)}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"FileError {tmp_path}/run{ending} cannot be written; File too large; "), done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert list(tmp_path.iterdir()) == ([tmp_path / "run.zarr"] if ending == ".zarr" else [])


CHILD = """
import sys, time
sys.path.insert(0, {here!r})
from runs import make_run
from amelo.twin.layout import slice_of
from amelo.twin.provenance import Provenance
from amelo.twin.store import open_store
run = make_run(hours=range(0, 4000), rates=(30., 38., 46.))
with open_store({path!r}, run, provenance=Provenance("killed slab"), times_per_chunk=3) as writer:
    print("open", flush=True)
    for start in range(0, 4000, 3):
        writer.append(slice_of(run, start, start + 3))
        print(writer.complete, flush=True)
"""


@pytest.mark.parametrize("after", [1, 6])
@pytest.mark.parametrize("pause", [0.0, 0.007, 0.019])
def test_a_killed_run_leaves_its_complete_times(after, pause, tmp_path):
    """Kill -9 at several moments inside the writing of a chunk; what the child said was complete must be there, and exact."""
    path = tmp_path / "run.zarr"
    code = CHILD.format(here=str(HERE), path=str(path))
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(SOURCE)}
    )
    try:
        said = [child.stdout.readline() for _ in range(after + 1)]
        time.sleep(pause)
    finally:
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
    promised = max(int(word) for word in [*said[1:], *rest])
    back = Trajectory.load(path)
    run = make_run(hours=range(len(back.hours)), rates=(30.0, 38.0, 46.0))
    assert len(back.hours) in (promised, promised + 3) and len(back.hours) % 3 == 0
    for name in ("time", "mineral", "ph", "totals", "inflow", "saturation_index"):
        np.testing.assert_array_equal(getattr(back.run, name), getattr(run, name), err_msg=name)
    assert not back.finished and back.warnings[0].startswith(f"the run was cut short: its first {len(back.hours)} saved times")
    assert back.outcomes()["integrated_mineral_loss"].value > 0
    make_trajectory().save(path, force=True)
    assert Trajectory.load(path).finished


def test_a_run_killed_before_its_first_chunk_says_so(tmp_path):
    run = make_run(hours=HOURS)
    writer = open_store(tmp_path / "a.zarr", run, provenance=Provenance("slab"), times_per_chunk=10)
    writer.append(slice_of(run, 0, 9))
    with pytest.raises(FileError, match="holds no complete time; its run ended before the first chunk was written"):
        load_store(tmp_path / "a.zarr")


def test_a_run_killed_while_its_store_was_made_can_be_run_again(tmp_path, monkeypatch):
    import amelo.twin.store as store

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "_make_arrays", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
        open_store(tmp_path / "a.zarr", make_run(), provenance=Provenance("slab"))
    with pytest.raises(FileError, match="holds no complete time"):
        Trajectory.load(tmp_path / "a.zarr")
    made = make_trajectory()
    with pytest.raises(FileError, match="is there already"):
        made.save(tmp_path / "a.zarr")
    assert Trajectory.load(made.save(tmp_path / "a.zarr", force=True)) == made


def test_a_writer_holds_no_more_than_a_chunk(tmp_path):
    run = make_run(hours=range(40), rates=RATES)
    with open_store(tmp_path / "a.zarr", run, provenance=Provenance("slab"), times_per_chunk=4) as writer:
        for start in range(40):
            writer.append(slice_of(run, start, start + 1))
            assert sum(len(block.time) for block in writer._waiting) < 4 and len(writer._last.time) <= 4
