"""Reading JSON: what is accepted, and one sentence with the place for everything else."""

from __future__ import annotations

import io
import json
import os
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import FileError, FormatError
from amelo.records.read import DEPTH, LIMIT, read_json

TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.fixture
def refused(tmp_path):
    """Return the one sentence with which some bytes are refused."""

    def call(raw: bytes, kind: type[Exception] = FormatError, **options) -> str:
        path = tmp_path / "patient.json"
        path.write_bytes(raw)
        with pytest.raises(kind) as caught:
            read_json(path, **options)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert str(path) in sentence
        assert path.read_bytes() == raw
        return sentence.replace(str(path), "FILE")

    return call


@settings(deadline=None)
@given(TREES)
def test_what_json_writes_is_read_back(tree):
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(tree, ensure_ascii=False).encode()))
    try:
        assert read_json("-") == tree
    finally:
        sys.stdin = stdin


def test_a_byte_order_mark_is_accepted(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert read_json(path) == {}


def test_line_breaks_and_tabs_in_text_are_accepted(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"notes": "one\\n\\ttwo – µm"}', "utf-8")
    assert read_json(str(path)) == {"notes": "one\n\ttwo – µm"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"", ["FILE: the file is empty", "JSON object"], id="empty"),
        pytest.param(b" \n\t", ["the file is empty"], id="blank"),
        pytest.param('{"a": 1}'.encode("utf-16"), ["UTF-16", "save it as UTF-8"], id="utf-16"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), ["UTF-16", "save it as UTF-8"], id="utf-16 without mark"),
        pytest.param('{"a": 1}'.encode("utf-32-be"), ["UTF-32", "save it as UTF-8"], id="utf-32"),
        pytest.param('{"a":\n "Zähne"}'.encode("latin-1"), ["FILE: line 2", "0xe4 is not UTF-8", "save it"], id="latin-1"),
        pytest.param(b"PK\x03\x04\x00\x00", ["not text at all"], id="a zip file"),
        pytest.param(b'{"a": 1', ["FILE: line 1, column 8", "was the file cut off?"], id="cut off"),
        pytest.param(b'{"a": "b', ["line 1, column 7", "was the file cut off?"], id="cut off in text"),
        pytest.param(b'{\n "a": 1,\n}', ["line 3", "remove the comma"], id="trailing comma"),
        pytest.param(b'{"a": 1} {"b": 2}', ["line 1, column 10", "extra data"], id="two objects"),
        pytest.param(b"{'a': 1}", ["use double quotes"], id="single quotes"),
        pytest.param(b'{"a": 1} // note', ["JSON has no comments"], id="comment"),
        pytest.param(b'{"a": "x\ny"}', ["line 1", "write a line break in text as \\n"], id="raw line break"),
        pytest.param(b"---\na: 1\n", ["looks like YAML"], id="yaml with a mark"),
        pytest.param(b"# teeth\npseudonym: Kira\n", ["looks like YAML"], id="yaml with a comment"),
        pytest.param(b"- a\n- b\n", ["looks like YAML"], id="yaml list"),
        pytest.param(b'pseudonym = "Kira"\n', ["looks like TOML"], id="toml"),
        pytest.param(b"[teeth.36]\n", ["looks like TOML"], id="toml table"),
        pytest.param(b"<case/>", ["looks like XML"], id="xml"),
        pytest.param(b'{"a": 1,\n "pH": NaN}', ["FILE: line 2", "NaN is not a number", '"unknown"'], id="nan"),
        pytest.param(b'{"a": "-Infinity",\n "b": -Infinity}', ["line 2", "-Infinity is not a number"], id="infinity"),
        pytest.param(b'{"a": "1e999",\n\n"b": 1e999}', ["line 3", "1e999 is too large", "unit"], id="1e999"),
        pytest.param(b'{"a":\n' + b"7" * 400 + b"}", ["line 2", "is too large"], id="400 digits"),
        pytest.param(b'{"a": 1, "b": [0],\n"a": 2}', ["line 2", "the key 'a' stands twice", "keep one"], id="twice"),
        pytest.param(
            b'{"11": {"status": 1},\n"12": {"status": 2,\n"status": 3},\n"13": {"status": 4}}',
            ["line 3", "the key 'status' stands twice in one object"],
            id="twice, in the middle",
        ),
        pytest.param(b'{"\\u0061": 1, "a": 2}', ["the key 'a' stands twice"], id="twice in two spellings"),
        pytest.param(b'{"a": "b\\": ", "a": 2}', ["the key 'a' stands twice"], id="twice with quotes in text"),
        pytest.param(b"[" * 100_000, ["nested too deeply", str(DEPTH)], id="bomb without end"),
        pytest.param(b"[" * 500 + b"]" * 500, ["nested too deeply", str(DEPTH)], id="nested"),
        pytest.param(b'{"a": {"b": ["\\u001b[31m"]}}', ["FILE: a.b[0]", "control character (\\u001b)"], id="escape"),
        pytest.param(b'{"a": {"\\u0007": 1}}', ["FILE: a", "control character (\\u0007)"], id="bell in a key"),
        pytest.param(b'{"a": "\\ud800"}', ["FILE: a", "half of a character (\\ud800)"], id="lone surrogate"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(refused, raw, words):
    sentence = refused(raw)
    for word in words:
        assert word in sentence


def test_the_deepest_allowed_nesting_is_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[" * DEPTH + "]" * DEPTH)
    assert read_json(path)
    path.write_text("[" * (DEPTH + 2) + "]" * (DEPTH + 2))
    with pytest.raises(FormatError, match="nested too deeply"):
        read_json(path)


def test_a_large_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)
    monkeypatch.setattr(type(path), "open", lambda *_: pytest.fail("was opened"))
    with pytest.raises(FileError, match=r"huge.json is 20 MB; allowed up to 20 MB; split it"):
        read_json(path)


def test_the_limit_can_be_set_and_is_inclusive(refused, tmp_path):
    assert "is 12 bytes; allowed up to 10 bytes" in refused(b'{"a": 12345}', FileError, limit=10)
    path = tmp_path / "x.json"
    path.write_bytes(b'{"a": 12345}')
    assert read_json(path, limit=12) == {"a": 12345}


def test_standard_input_has_the_same_limit(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" " * 11)))
    with pytest.raises(FileError, match="standard input is larger than 10 bytes"):
        read_json("-", limit=10)


def test_a_pipe_without_end_is_not_read_to_its_end(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def feed():
        with pipe.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b" " * 4096)
            except BrokenPipeError:
                return

    feeder = threading.Thread(target=feed)
    feeder.start()
    with pytest.raises(FileError, match=r"pipe is larger than 100 kB"):
        read_json(pipe, limit=100_000)
    feeder.join(timeout=10)
    assert not feeder.is_alive()


def test_a_missing_file_names_its_nearest_neighbour(tmp_path):
    (tmp_path / "kira.json").write_text("{}")
    with pytest.raises(FileError, match=r"kria.json does not exist; did you mean 'kira.json'\?"):
        read_json(tmp_path / "kria.json")
    with pytest.raises(FileError, match="something-else does not exist$"):
        read_json(tmp_path / "something-else")
    with pytest.raises(FileError, match=r"x.json does not exist; there is no folder .*nowhere"):
        read_json(tmp_path / "nowhere" / "x.json")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(FileError, match="is a folder; name a file in it"):
        read_json(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "locked.json"
    path.write_text("{}")

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", locked)
    with pytest.raises(FileError, match="locked.json cannot be read; Permission denied"):
        read_json(path)


@pytest.mark.parametrize("path", ["x\0.json", "x" * 5000, "kira.json/x.json"])
def test_impossible_paths_are_refused_without_a_traceback(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kira.json").write_text("{}")
    with pytest.raises(FileError):
        read_json(path)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_end_in_anything_but_a_value_or_a_sentence(raw):
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(raw))
    try:
        value = read_json("-")
    except FormatError as error:
        assert str(error).startswith("standard input")
    else:
        assert json.loads(raw.decode("utf-8-sig")) == value
    finally:
        sys.stdin = stdin


def test_a_closed_standard_input_is_said(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileError, match="standard input is closed"):
        read_json("-")


def test_a_folder_and_a_large_file_are_named_once(tmp_path, refused):
    with pytest.raises(FileError) as caught:
        read_json(tmp_path)
    assert str(caught.value) == f"{tmp_path} is a folder; name a file in it"
    assert refused(b"[1, 2, 3]", FileError, limit=5) == "FILE is 9 bytes; allowed up to 5 bytes; split it"
