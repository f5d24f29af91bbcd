"""``amelo simulate`` of a whole tooth: what it prints and writes, and what it refuses before anything is computed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from amelo.cite import last_citations
from amelo.twin.tooth.look import HARMS, MEASURES
from amelo.twin.tooth.trajectory import ToothTrajectory
from treated import constant_mouth

KIRA = ("simulate", "cases/kira.json")
SELECTIVE = "cases/protocols/selective-excavation.protocol"
TOOTH = (*KIRA, SELECTIVE, "--tooth", "36", "--members", "16", "--years", "0")


@pytest.fixture(autouse=True)
def mouth(monkeypatch):
    constant_mouth(monkeypatch)


def test_it_prints_what_was_done_what_came_of_it_and_what_was_assumed(amelo):
    ran = amelo(*TOOTH, "--seed", "3")
    assert ran.code == 0, ran.err
    for measure in MEASURES:
        assert measure.label in ran.out and (measure.chance or measure.unit in ran.out), measure.name
    for harm in HARMS:
        assert harm.label in ran.out, harm.name
    for words in (
        "Trajectory of lower left first molar 36 of Kira: 60.03 d, 16 members",
        "excavate to firm dentine with 30 mL/min water for 8 min, leave 1 mm over the pulp",
        "50 min in the chair in 2 visits, price 1.45 (a composite of two surfaces is 1), consent: operative",
        "5–95 %",
        "% of members",
        "assumed: residual dentine 0.9 mm as recorded",
        "assumed: a mouth that takes a constant amount",
        "status: 16 of 16 members followed to the end; tier reduced; seed 3; books of mineral closed to",
        "'amelo cite' lists the references; not a medical device",
    ):
        assert words in ran.out, words
    assert "after 10 years" not in ran.out and "fractures within" not in ran.out
    line = next(line for line in ran.out.splitlines() if line.strip().startswith("residual dentine"))
    before, after = (float(word) for word in line.split()[2:4])
    assert after < before and line.split()[-1] == "mm"
    assert "zach1965" in last_citations()[1]


def test_books_of_mineral_close(amelo):
    ran = amelo(*TOOTH)
    closed = float(ran.out.split("books of mineral closed to ")[1].split(";")[0])
    assert closed < 1e-10


def test_the_years_after_are_a_table_of_their_own(amelo):
    words = (*KIRA, SELECTIVE, "--tooth", "36", "--members", "8", "--years", "2")
    ran = amelo(*words)
    assert ran.code == 0, ran.err
    assert "after 2 years" in ran.out and "tooth kept" in ran.out and "fractures within 2 years" in ran.out
    data = json.loads(amelo(*words, "--json").out)
    kept = data["years"]["outcomes"]["tooth kept"]
    assert 0.0 <= kept["low"] <= kept["mean"] <= kept["high"] <= 1.0 and kept["unit"] == "1" and kept["source"]
    assert data["years"]["time"][-1] == data["years"]["years"] == 2.0
    assert sum(values[-1] for values in data["years"]["states"].values()) == pytest.approx(1.0)
    assert data["units"]["years.time"] == "year" and data["units"]["years.outcomes.cost"] == "two-surface composite"


def test_json_has_the_names_of_the_measures_with_units_and_intervals(amelo):
    data = json.loads(amelo(*TOOTH, "--json").out)
    for measure in MEASURES:
        assert isinstance(data[measure.name], float) and data["units"][measure.name] == measure.unit
        low, high = data["intervals"][measure.name]
        assert low <= high and set(data["before"]) == {m.name for m in MEASURES}
    assert data["tooth"].endswith("36 of Kira") and data["surface"] == "O" and data["members"] == 16
    assert [event["kind"] for event in data["events"]] == ["isolate", "excavate", "line", "etch", "fill", "rest", "review"]
    assert data["events"][1]["consent"] == "operative" and data["events"][4]["cost"] == 1.0
    assert sum(event["chair_time"] for event in data["events"]) == pytest.approx(data["chair_time"])
    assert data["units"]["chair_time"] == "min" and data["units"]["time"] == "d" and data["time"] == pytest.approx(60.03, abs=0.01)
    assert set(data["harms"]) == {h.name for h in HARMS} and data["harms"]["exposed"]["low"] == 0.0
    assert data["years"] is None and data["course"]["pulp_damage"]["time"][0] == 0.0
    assert data["seed"] == 0 and data["tier"] == "reduced" and "amelo2026living" in data["citations"]


def test_one_member_has_no_interval_and_says_so(amelo):
    ran = amelo(*KIRA, "rest 20 d", "--tooth", "36", "--members", "1", "--years", "0")
    assert ran.code == 0 and "5–95" not in ran.out and "nothing drawn" in ran.out
    assert "note: one member, the likeliest tooth: shares and intervals need more, such as 256" in ran.err
    data = json.loads(amelo(*KIRA, "rest 20 d", "--tooth", "36", "--members", "1", "--years", "0", "--json").out)
    assert "intervals" not in data and data["seed"] is None and "low" not in data["harms"]["exposed"]


def test_it_writes_every_kind_of_file(amelo, tmp_path):
    for ending in (".nc", ".zarr"):
        files = [tmp_path / f"tooth{ending}", tmp_path / f"tooth{ending}.html", tmp_path / f"tooth{ending}.svg"]
        ran = amelo(*TOOTH, "--out", files[0], "--report", files[1], "--plot", files[2], "--json")
        assert ran.code == 0, ran.err
        data = json.loads(ran.out)
        assert all(str(file) in ran.err for file in files)
        back = ToothTrajectory.load(files[0])
        assert back.members == 16 and back.outcomes()["strength"].value == data["strength"]
        assert "not a medical device" in " ".join(ET.parse(files[1]).getroot().itertext())
        assert "residual dentine [mm]" in "".join(ET.parse(files[2]).getroot().itertext())
    ran = amelo(*TOOTH, "--out", files[0])
    assert ran.code == 2 and "is there already" in ran.err and len(ran.err.splitlines()) == 1
    assert amelo(*TOOTH, "--out", files[0], "--force", "--plot", tmp_path / "tooth.png").code == 0
    assert (tmp_path / "tooth.png").read_bytes().startswith(b"\x89PNG")


def test_a_long_protocol_is_cut_in_the_table_and_whole_in_the_data(amelo):
    text = "repeat 30 times:\n    rest 5 d\n    review"
    words = (*KIRA, text, "--tooth", "36", "--members", "2", "--years", "0")
    ran = amelo(*words)
    assert ran.code == 0 and "and 20 more; all of them are in --json and --report" in ran.out
    assert len(json.loads(amelo(*words, "--json").out)["events"]) == 60


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*TOOTH, "--jump"), "--jump cannot be used with a whole tooth; leave it out, or name a surface, such as --surface O"),
        ((*TOOTH, "--accuracy", "0.01"), "--accuracy cannot be used with a whole tooth"),
        ((*TOOTH, "--draws", "a.csv"), "--draws cannot be used with a whole tooth"),
        ((*TOOTH, "--with", "a.py", "--jump"), "--jump and --with cannot be used with a whole tooth"),
        ((*KIRA, SELECTIVE, "--tooth", "36", "--members", "0"), "--members 0 is out of range"),
        ((*TOOTH[:-1], "0.3"), "years = 0.3 is out of range; 0 to 60, in quarters of a year"),
        ((*TOOTH, "--report", "a.txt"), "a.txt is not a report amelo can write; use .html"),
        ((*TOOTH, "--out", "a.csv"), "a.csv is not a result amelo can write"),
        ((*KIRA, SELECTIVE, "--tooth", "99"), "'99' is not a tooth"),
        ((*KIRA, "isolat", "--tooth", "36"), "isolat does not exist"),
        ((*KIRA, "fill with gold leaf", "--tooth", "36"), "line 1, column"),
        ((*KIRA, "fill with composite\ncap calcium silicate", "--tooth", "36"), "'cap' comes after 'fill'"),
        ((*KIRA, SELECTIVE, "--tooth", "36", "--surface", "M"), "line 3, column 1: 'excavate to firm dentine"),
        ((*KIRA, SELECTIVE, "--tooth", "36", "--surface", "M"), "leave out --surface"),
        ((*KIRA, "rest 1 h", "--tooth", "36", "--surface", "M", "--years", "5"), "--years cannot be used with a surface; only a whole tooth"),
        (("simulate", "cases/specimens/human-enamel.toml", "rest 1 h", "--years", "5"), "--years cannot be used with a specimen"),
        (("simulate", "cases/specimens/human-enamel.toml", SELECTIVE), "needs the whole tooth"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(amelo, words, sentence):
    ran = amelo(*words)
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1 and ran.out == "", ran.err


def test_treatments_in_the_folder_can_all_be_done(amelo):
    for case, tooth, name in (
        ("kira", "36", "stepwise-excavation"),
        ("kira", "36", "crown"),
        ("jonas-approximal", "26", "infiltration"),
    ):
        ran = amelo(
            "simulate", f"cases/{case}.json", f"cases/protocols/{name}.protocol", "--tooth", tooth, "--members", "4", "--years", "0"
        )
        assert ran.code == 0, ran.err
        assert "review for 10 min" in ran.out
