"""Progress: on a terminal only, never going back, and saying when equations are compiled rather than loaded."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import amelo as package
from amelo.cli.progress import COMPILING, progress_bar, told_of_compiling, working
from amelo.validate import SUBJECTS, run_subject

ROOT = Path(__file__).resolve().parents[2]
BATH = "demineralise in acetate 50 mM pH 4.5 for 2 h"


@pytest.fixture
def moved(monkeypatch):
    """What a bar on a terminal was told."""
    from rich.progress import Progress

    seen: list[dict] = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Progress, "update", lambda self, task, **what: seen.append(what))
    return seen


@pytest.fixture
def double(tmp_path):
    """A way to import a function that Numba compiles and keeps, as if by another process each time."""
    file = tmp_path / "double.py"
    file.write_text("from numba import njit\n\n\n@njit(cache=True)\ndef double(x):\n    return 2.0 * x\n")

    def load():
        spec = importlib.util.spec_from_file_location("double", file)
        module = sys.modules["double"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.double

    yield load
    sys.modules.pop("double", None)


def test_a_bar_moves_on_a_terminal(moved):
    with progress_bar("laying out") as on_progress:
        on_progress(0.5, "day 3")
        on_progress(1.7, "day 9")
    assert moved == [{"completed": 0.5, "description": "day 3"}, {"completed": 1.0, "description": "day 9"}]


def test_whoever_works_in_another_thread_learns_that_the_user_has_stopped():
    before = signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor(1) as pool, progress_bar("laying out") as on_progress:
        pool.submit(on_progress, 0.1, "solving").result()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5.0)
        with pytest.raises(KeyboardInterrupt):
            pool.submit(on_progress, 0.2, "solving").result()
    assert signal.getsignal(signal.SIGINT) is before
    with progress_bar("laying out") as on_progress:
        on_progress(0.1, "another run starts anew")


def test_a_command_that_is_stopped_says_so_and_what_there_is(tmp_path):
    """A real control-C, to a run that writes and works in threads; it must end within a part of a pass."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import amelo.twin.stream as stream; stream.EVERY = 0.0\n"
        "import amelo.cli.progress as progress\n"
        "from contextlib import contextmanager\n"
        "@contextmanager\n"
        "def loud(first, compiles):\n"
        "    yield lambda fraction, message: print(fraction, flush=True)\n"
        "progress._bar = loud\n"
        "from amelo.cli.main import main; main()\n"
    )
    protocol = "repeat 40 times:\n    demineralise in acetate 75 mM, Ca 2 mM, PO4 2 mM pH 4.4 for 4 h\n    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 20 h"
    words = ["simulate", "cases/specimens/human-enamel.toml", protocol, "--members", "40", "--out", str(tmp_path / "run.zarr")]
    with (tmp_path / "said").open("w") as said:
        child = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )
    with child.stdout:
        for line in child.stdout:
            if float(line) > 0.05:
                break
        child.send_signal(signal.SIGINT)
        rest = child.stdout.read()
    assert child.wait(120) == 130
    assert (
        tmp_path / "said"
    ).read_text() == f"amelo: stopped by the user; what is complete can be loaded from {tmp_path / 'run.zarr'}\n"
    assert max((float(word) for word in rest.split()), default=0.0) < 0.5
    assert not package.Trajectory.load(tmp_path / "run.zarr").finished


def test_nothing_is_shown_anywhere_else(capfd):
    with progress_bar("laying out") as on_progress, working("working"):
        on_progress(0.5, "day 3")
    assert capfd.readouterr() == ("", "")


def test_compiling_is_told_and_loading_is_not(double):
    told: list[bool] = []
    with told_of_compiling(told.append):
        assert double()(2.0) == 4.0
        assert told == [True, False]
        assert double()(3.0) == 6.0  # from the cache that the first left
        assert told == [True, False]
    assert double()(2) == 4.0 and told == [True, False]  # another type is compiled, but nobody listens


def test_a_bar_says_that_it_compiles_and_then_what_it_said_before(moved, double):
    with progress_bar("laying out") as on_progress:
        on_progress(0.1, "solving")
        double()(2.0)
        on_progress(0.2, "solving")
    assert [what["description"] for what in moved] == ["solving", COMPILING, "solving", "solving"]


def test_a_spinner_says_that_it_compiles(monkeypatch, double):
    from rich.status import Status

    said: list[str] = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Status, "update", lambda self, words: said.append(words))
    with working("dissolving"):
        double()(2.0)
    assert said == [COMPILING, "dissolving"]


def test_a_run_never_goes_back():
    seen: list[tuple[float, str]] = []
    specimen = package.load_specimen("cases/specimens/human-enamel.toml")
    package.simulate(specimen, BATH, accuracy=1e-5, on_progress=lambda fraction, message: seen.append((float(fraction), message)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] == 1.0
    assert [message for _, message in seen][:2] == ["laying out the run", "loading the equations"]
    assert len(set(fractions)) > 10


@pytest.mark.parametrize("subject", ["thermo"])
def test_every_row_of_a_validation_is_announced_before_it_is_computed(subject):
    seen: list[tuple[float, str]] = []
    claims, missing = run_subject(subject, on_progress=lambda fraction, message: seen.append((fraction, message)))
    assert [message for _, message in seen] == [f"computing {subject}: {claim.id}" for claim in claims] and not missing
    assert seen[0][0] == 0.0 and [fraction for fraction, _ in seen] == pytest.approx([i / len(claims) for i in range(len(claims))])
    assert run_subject(subject)[0] == claims  # and without anybody listening


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_rows_that_are_promised_are_all_there_are(subject, monkeypatch):
    """Otherwise the bar of a subject would stand at its end, or never reach it."""
    from importlib import import_module

    module = import_module(SUBJECTS[subject])
    monkeypatch.setattr(f"{SUBJECTS[subject]}.claim", lambda *words, **more: words)
    monkeypatch.setattr(f"{SUBJECTS[subject]}._note", lambda name: "", raising=False)
    assert len(module.claims(full=False)) == len(module.IDS)
    known = len(module.IDS) + len(getattr(module, "FULL", ()))
    assert known <= len(module.claims(full=True)) <= known + 1  # one more than is known only holds the bar at its end for a moment
