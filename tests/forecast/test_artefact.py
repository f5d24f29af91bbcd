"""Model files: what is saved is loaded, and a file with one byte changed anywhere is refused."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import FileError, FormatError
from amelo.forecast import artefact
from amelo.forecast.artefact import find_model, load_model, model_files, save_model

MODEL = {"kind": "tooth-loss", "weights": [0.1, -2.5e-7, 3], "card": {"title": "Zähne, naïve – ∞", "limits": ["a\nb"]}}


def test_what_is_saved_is_loaded_under_its_hash(tmp_path):
    path = save_model(MODEL, tmp_path / "new" / "folder")
    loaded = load_model(path)
    assert {key: value for key, value in loaded.items() if key != "hash"} == MODEL
    assert path.name == f"tooth-loss.{loaded['hash'][:12]}.json" and len(loaded["hash"]) == 64
    body = json.dumps(MODEL, sort_keys=True, separators=(",", ":"))
    assert loaded["hash"] == hashlib.sha256(body.encode()).hexdigest()


def test_the_same_model_has_the_same_file_whatever_the_order_of_its_keys(tmp_path):
    one, two = save_model(MODEL, tmp_path / "a"), save_model(dict(reversed(MODEL.items())), tmp_path / "b")
    assert one.name == two.name and one.read_bytes() == two.read_bytes()


def test_what_is_no_number_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        save_model({**MODEL, "weights": [float("nan")]}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_byte_changed_anywhere_is_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    whole = save_model(MODEL, folder).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1), "position")
    new = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]), "byte")
    changed = folder / "changed.json"
    changed.write_bytes(whole[:at] + bytes([new]) + whole[at + 1 :])
    load_model.cache_clear()
    with pytest.raises(FormatError, match=r"changed\.json"):
        load_model(changed)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[1:], lambda b: b + b"\n", lambda b: b[:-1] + b"\r\n"])
def test_a_byte_more_or_less_is_refused(tmp_path, change):
    path = save_model(MODEL, tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FormatError):
        load_model(path)


def test_every_byte_of_the_line_end_and_of_the_frame_counts(tmp_path):
    """The places that a reader of JSON or of text would forgive, each with every byte."""
    whole = save_model(MODEL, tmp_path).read_bytes()
    changed = tmp_path / "frame.json"
    for at in (0, 1, 8, 9, len(whole) - 1, len(whole) - 2, len(whole) - 3, len(whole) - 70):
        for new in range(256):
            if new != whole[at]:
                changed.write_bytes(whole[:at] + bytes([new]) + whole[at + 1 :])
                load_model.cache_clear()
                with pytest.raises(FormatError):
                    load_model(changed)


def test_the_hash_of_another_model_is_refused(tmp_path):
    path, other = save_model(MODEL, tmp_path), save_model({**MODEL, "weights": []}, tmp_path)
    body = path.read_text().rpartition(',"sha256":"')[0]
    path.write_text(body + ',"sha256":"' + other.read_text().rpartition(',"sha256":"')[2])
    with pytest.raises(FormatError, match="refused; its content does not have the hash that it was saved under") as caught:
        load_model(path)
    assert "take the original again" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", '{"model":{}}', "kind,level\n", '{"kind":"tooth-loss"}'])
def test_what_is_no_model_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FormatError, match="x.json is not a model file of amelo"):
        load_model(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileError, match="cannot read the model none.json"):
        load_model(tmp_path / "none.json")
    with pytest.raises(FileError, match="cannot read the model"):
        load_model(tmp_path)


def test_models_are_found_by_kind_path_and_hash(models):
    assert [path.name.split(".")[0] for path in model_files()] == sorted(models)
    whole = load_model(models["progression"])
    for name in ("progression", models["progression"], whole["hash"], whole["hash"][:6], whole["hash"][:20].upper()):
        assert find_model(name) == whole


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("tooth-los", "did you mean 'tooth-loss'?"),
        ("abc", "at least 6 characters"),
        ("0123456789ab", "shipped hashes: amelo models"),
        ("zebra", "use one of caries-onset, progression, restorations, tooth-loss"),
    ],
)
def test_a_name_of_no_model_names_the_nearest(models, name, advice):
    with pytest.raises(FileError, match=f"there is no model '{name}'") as caught:
        find_model(name)
    assert advice in str(caught.value) and str(caught.value).count("did you mean") <= 1


def test_a_hash_that_goes_astray_after_the_name_of_the_file_is_refused(models):
    digest = load_model(models["progression"])["hash"]
    wrong = digest[:20] + ("0" if digest[20] != "0" else "1") + digest[21:]
    with pytest.raises(FileError, match="there is no model"):
        find_model(wrong)


def test_two_models_of_one_kind_are_told_apart_by_hash(models):
    other = save_model({"kind": "progression", "card": {}}, artefact.MODELS)
    with pytest.raises(FileError, match="'progression' names 2 models; give more of the hash"):
        find_model("progression")
    assert find_model(other.name.split(".")[1])["card"] == {}
