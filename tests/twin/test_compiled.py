"""Compiled modules in the cache: kept, found again, and made anew when a crash has left half of them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from amelo.cli.progress import told_of_compiling
from amelo.twin import compiled
from amelo.twin.compiled import joined, module_of

TEXT = """
import numpy as np
from numba import njit

SIZE = 3


@njit(cache=True)
def add(w, what):
    for i in range(w.shape[0]):
        w[i] += what
    return w.shape[0]


@njit(cache=True)
def twice(w):
    return add(w, 1.0) + add(w, 1.0)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path)
    return tmp_path / "kernels"


def added(module) -> list[float]:
    w = np.zeros(2)
    assert module.twice(w) == 4
    return w.tolist()


def test_a_module_is_written_once_and_its_machine_code_kept(folder):
    assert added(module_of(TEXT)) == [2.0, 2.0]
    files = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    assert any(file.suffix == ".nbc" for file in files)
    again = module_of(TEXT)
    assert again.SIZE == 3
    assert added(again) == [2.0, 2.0]
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.suffix in (".py", ".nbc")} == {
        file: when for file, when in files.items() if file.suffix in (".py", ".nbc")
    }


def test_the_first_run_uses_what_every_later_run_does(folder):
    """Another process compiles; here it is loaded, as it will be by whoever comes next."""
    first = module_of(TEXT)
    assert added(first) == [2.0, 2.0]
    stats = first.module.twice.stats
    assert not stats.cache_misses and sum(stats.cache_hits.values()) == 1
    assert not first.module.add.overloads, "what it calls is in its own machine code"


def test_that_another_process_compiles_is_told(folder):
    told = []
    with told_of_compiling(told.append):
        assert added(module_of(TEXT)) == [2.0, 2.0]
        assert told == [True, False]
        assert added(module_of(TEXT)) == [2.0, 2.0]
    assert told == [True, False]


def test_where_no_other_process_can_be_had_it_is_compiled_here(folder, monkeypatch):
    def refused(*words, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(compiled.subprocess, "run", refused)
    module = module_of(TEXT)
    assert added(module) == [2.0, 2.0] and sum(module.module.twice.stats.cache_misses.values()) == 1


TWO = """
import sys
from pathlib import Path
from amelo.twin import compiled

folder, text = Path(sys.argv[1]), sys.argv[2]
compiled.cache_folder = lambda: folder
ran = compiled.subprocess.run
compiled.subprocess.run = lambda *words, **options: (ran(*words, **options), print("compiled"))
import numpy as np

assert compiled.module_of(text).twice(np.zeros(2)) == 4
"""


def test_two_processes_compile_a_module_once(tmp_path):
    words = [sys.executable, "-c", TWO, str(tmp_path), TEXT]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(each.communicate()[0] for each in both) == ["", "compiled\n"]
    assert [each.returncode for each in both] == [0, 0]


def test_what_numba_does_not_compile_is_called_as_it_is(folder):
    assert module_of(TEXT + "\n\ndef plain(x):\n    return 2 * x\n").plain(3) == 6


def test_another_text_is_another_module(folder):
    one, other = module_of(TEXT), module_of(TEXT.replace("1.0", "2.0"))
    assert added(one) == [2.0, 2.0]
    assert added(other) == [4.0, 4.0]
    assert module_of(TEXT, "kernel").path.name.startswith("amelo_kernel_")


@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
@pytest.mark.parametrize("rest", [0, 40])
def test_damaged_machine_code_is_made_anew(folder, suffix, rest):
    assert added(module_of(TEXT)) == [2.0, 2.0]
    for file in (folder / "__pycache__").glob(f"*{suffix}"):
        file.write_bytes(file.read_bytes()[:rest])
    assert added(module_of(TEXT)) == [2.0, 2.0]
    assert all(file.stat().st_size > 100 for file in (folder / "__pycache__").glob(f"*{suffix}"))


def test_a_damaged_text_is_written_anew(folder):
    path = module_of(TEXT).path
    path.write_text(TEXT[:90])
    assert added(module_of(TEXT)) == [2.0, 2.0]
    assert path.read_text() == TEXT


def test_other_modules_stay(folder):
    assert added(module_of(TEXT)) == [2.0, 2.0]
    other = module_of(TEXT.replace("1.0", "2.0"))
    assert added(other) == [4.0, 4.0]
    for file in (folder / "__pycache__").glob(f"{other.path.stem}*.nbc"):
        file.write_bytes(b"cut off")
    kept = {
        file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file() and not file.name.startswith(other.path.stem)
    }
    assert added(module_of(TEXT.replace("1.0", "2.0"))) == [4.0, 4.0]
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_two_threads_repair_one_module(folder):
    assert added(module_of(TEXT)) == [2.0, 2.0]
    for file in (folder / "__pycache__").glob("*.nbc"):
        file.write_bytes(b"cut off")
    module = module_of(TEXT)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: added(module), range(4))) == [[2.0, 2.0]] * 4


def test_wrong_arguments_are_an_error_and_cost_nothing(folder):
    module = module_of(TEXT)
    assert added(module) == [2.0, 2.0]
    before = module.module
    with pytest.raises(Exception, match=r"(?i)typing|arguments"):
        module.twice("no array")
    assert module.module is before
    with pytest.raises(AttributeError):
        _ = module.nothing


def test_without_a_place_to_keep_it_a_module_still_works(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setattr(compiled, "cache_folder", lambda: blocked)
    assert added(module_of(TEXT)) == [2.0, 2.0]


def test_what_was_kept_nowhere_is_gone_when_the_process_ends(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    words = [sys.executable, "-c", TWO, str(blocked), TEXT]
    subprocess.run(words, check=True, env=os.environ | {"TMPDIR": str(temporary)})
    assert not list(temporary.iterdir())


def written(folder, name, text):
    """Return a module of a text."""
    import importlib.util

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_several_modules_say_is_compiled_anew_when_one_of_them_changes(folder, tmp_path):
    base = "from numba import njit\n\n__all__ = ['add']\n\n\n@njit\ndef add(x):\n    return x + 1.0\n"
    user = (
        '"""Two times."""\n\nfrom numba import njit\n\nfrom amelo.units import Quantity\n\n__all__ = ["twice"]\n\n\n'
        "@njit(cache=True)\ndef twice(x):\n    return add(add(x))\n"
    )
    second = written(tmp_path / "own", "own_second", user)
    one = joined("some", written(tmp_path / "own", "own_first", base), second)
    assert one.twice(0.0) == 2.0
    other = joined("some", written(tmp_path / "other", "own_first", base.replace("1.0", "5.0")), second)
    assert other.twice(0.0) == 10.0
    assert "amelo.units" not in one.text and "__all__" not in one.text


def test_modules_that_say_the_same_name_twice_cannot_be_joined(folder, tmp_path):
    text = "SIZE, LEAST = 3, 4\n"
    one, two = (written(tmp_path / name, f"own_{name}", text) for name in ("one", "two"))
    with pytest.raises(ValueError, match=r"own_two defines \['LEAST', 'SIZE'\] anew"):
        joined("some", one, two)
