"""``amelo simulate --with``: a user's own file changes the twin, and its faults are told as its faults."""

from __future__ import annotations

import hashlib
import json

import pytest

import amelo as package
from amelo.cli.extensions import changed_by
from amelo.errors import FileError
from amelo.twin.trajectory import Trajectory
from amelo.twin.twin import Twin

SPECIMEN = "cases/specimens/pressed-apatite.toml"
BATH = "remineralise in Ca 6 mM, PO4 3.6 mM, KCl 100 mM pH 7 for 1 h"
EXAMPLE = "examples/adding_a_phase.py"
SLOWER = """
from dataclasses import replace
from beside import FACTOR

def with_slower_dissolution(column):
    rates = {n: v * FACTOR if n.startswith("dissolution_rate") else v for n, v in column.parameters.items()}
    return replace(column, parameters=rates)

def helper(a, b):
    return a

def doubled(column):
    return column
"""


@pytest.fixture
def slower(tmp_path):
    (tmp_path / "beside.py").write_text("FACTOR = 0.1\n")
    (tmp_path / "slower.py").write_text(SLOWER)
    return tmp_path / "slower.py"


def test_the_example_runs_with_its_mineral_and_says_whose_code_it_was(amelo, root, tmp_path):
    ran = amelo("simulate", SPECIMEN, BATH, "--with", EXAMPLE, "--out", tmp_path / "run.zarr", "--json")
    assert ran.code == 0, ran.err
    assert f"note: the code in {EXAMPLE} is run; it is yours, amelo has not checked it" in ran.err
    assert json.loads(ran.out)["phases"]["ACP"]["value"] > 0.0
    assumed = Trajectory.load(tmp_path / "run.zarr").provenance.assumptions
    mark = hashlib.sha256((root / EXAMPLE).read_bytes()).hexdigest()[:12]
    assert f"changed by the user's own code: with_precursor of adding_a_phase.py (sha256 {mark})" in assumed
    assert any(sentence.startswith("phase added: ACP") for sentence in assumed)


def test_functions_are_found_by_their_name_or_named(slower):
    twin = Twin.of(package.load_specimen(SPECIMEN))
    plain, changed = twin.column().parameters, changed_by(twin, str(slower)).column()
    (name,) = (n for n in plain if n.startswith("dissolution_rate."))
    assert changed.parameters[name] == pytest.approx(0.1 * plain[name])
    assert changed.changes == ("column changed by with_slower_dissolution",)
    named = changed_by(twin, f"{slower}:doubled")
    assert [change.__name__ for change in named.changes] == ["doubled"]
    both = changed_by(changed_by(twin, str(slower)), f"{slower}:doubled")
    assert [change.__name__ for change in both.changes] == ["with_slower_dissolution", "doubled"]


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("def f(column)\n    pass", "a.py", "line 1: not valid Python (expected ':')"),
        ("x = 1\n\ny = x / 0", "a.py", "a.py: line 3: ZeroDivisionError: division by zero; this file was given with --with"),
        ("import nothing_of_that_name", "a.py", "a.py: line 1: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def change(column):\n    return column", "a.py", "a.py holds no change to a twin; a change is a function whose name begins with 'with_'"),
        ("def change(column):\n    return column", "a.py", "its functions: change; rename it, or name one as"),
        ("def with_two(a, b):\n    return a", "a.py", "holds no change to a twin"),
        ("def change(column):\n    return column", "a.py:chang", "has no function 'chang'; did you mean 'change'?"),
        ("def with_it(column):\n    return 5", "a.py", "with_it did not return a column of 1 members"),
        ("def with_it(column):\n    return column.cells", "a.py", "a.py: line 2: AttributeError: 'Column' object has no attribute 'cells'"),
        ("", "a.py", "holds no change to a twin"),
        ("", "a.toml", "a.toml is no file of Python; name a .py file, for example examples/adding_a_phase.py"),
        (None, "a.py", "a.py does not exist"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_one_sentence(text, given, words, amelo, tmp_path):
    if text is not None:
        (tmp_path / given.split(":")[0]).write_text(text)
    ran = amelo("simulate", SPECIMEN, BATH, "--with", tmp_path / given)
    assert ran.code == 2 and ran.out == "", ran
    said = [line for line in ran.err.splitlines() if not line.startswith("note: the code in")]
    assert len(said) == 1 and words in said[0], said


def test_a_fault_of_amelo_is_not_laid_on_the_file(slower, amelo, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("inside")

    monkeypatch.setattr("amelo.protocol.simulate.simulate", broken)
    ran = amelo("simulate", SPECIMEN, BATH, "--with", slower)
    assert ran.code == 1 and "this is a bug in amelo (RuntimeError)" in ran.err


def test_a_file_that_is_far_too_large_is_refused(tmp_path):
    (tmp_path / "a.py").write_bytes(b"#" * 2_000_000)
    with pytest.raises(FileError, match=r"a.py is 2 MB; allowed up to 1 MB; is it the right file\?"):
        changed_by(Twin.of(package.load_specimen(SPECIMEN)), str(tmp_path / "a.py"))
