"""What was found is on disk whole, whatever happens; a full disk stops nothing."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from amelo.plan.part import Part, part_path


def test_it_lies_beside_the_report_or_in_the_working_folder():
    assert part_path("out/kira.html", 36) == Path("out/kira.part.json")
    assert part_path(None, 36) == Path("plan-36.part.json")
    assert part_path(None, None) == Path("plan.part.json")


def test_the_latest_is_kept_and_told_of_once_and_goes_when_all_is_done(tmp_path):
    told = []
    part = Part(tmp_path / "x.part.json", on_first=told.append)
    part.keep({"worth": 1})
    part.keep({"worth": 2})
    assert json.loads(part.path.read_text()) == {"worth": 2} and told == [part.path]
    assert [p.name for p in tmp_path.iterdir()] == ["x.part.json"]
    part.done()
    assert not list(tmp_path.iterdir())


def test_what_was_there_stays_whole_when_the_disk_is_full(tmp_path, monkeypatch):
    said = []
    part = Part(tmp_path / "x.part.json", on_failure=said.append)
    part.keep({"worth": 1})

    def full(self, text, encoding):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    part.keep({"worth": 2})
    part.keep({"worth": 3})
    assert len(said) == 1 and "No space left on device" in said[0] and "memory" in said[0]
    monkeypatch.undo()
    assert json.loads(part.path.read_text()) == {"worth": 1}


def test_a_folder_that_is_not_there_is_told_of(tmp_path):
    said = []
    part = Part(tmp_path / "nowhere" / "x.part.json", on_failure=said.append)
    part.keep({})
    part.done()
    assert said and not part.written


def test_numbers_that_json_cannot_hold_are_a_fault_of_ours(tmp_path):
    with pytest.raises(ValueError):
        Part(tmp_path / "x.part.json").keep({"worth": float("nan")})
