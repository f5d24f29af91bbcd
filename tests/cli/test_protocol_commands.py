"""``amelo protocol`` checks and shows protocols, and says in one sentence what is wrong with one."""

from __future__ import annotations

import json

import pytest

CYCLING = "cases/protocols/ph-cycling.protocol"
MONTH = "cases/protocols/month-of-case.protocol"


@pytest.mark.parametrize("command", ["check", "show", "schema"])
def test_every_command_has_help(command, amelo):
    ran = amelo("protocol", command, "--help")
    assert ran.code == 0 and "Usage" in ran.out


def test_check_names_length_and_what_is_assumed(amelo):
    ran = amelo("protocol", "check", CYCLING)
    assert ran.code == 0 and ran.err == ""
    assert f"{CYCLING}: a valid protocol of 3 different steps, 27 d 23 h 32 min" in ran.out
    assert "KOH or HCl" in ran.out and "mmol per kilogram of water" in ran.out
    month = amelo("protocol", "check", MONTH)
    assert month.code == 0 and "'day of case' needs a case" in month.out
    assert "needs a case" not in amelo("protocol", "check", MONTH, "--case", "cases/kira.json").out


def test_check_goes_on_after_a_bad_file(amelo, tmp_path):
    bad = tmp_path / "bad.protocol"
    bad.write_text("rest at pH 4\n", "utf-8")
    open_charge = tmp_path / "open.protocol"
    open_charge.write_text("immerse in Ca 5 mM pH 7 balanced with Na for 1 h\n", "utf-8")
    ran = amelo("protocol", "check", bad, open_charge, CYCLING)
    assert ran.code == 2 and "a valid protocol" in ran.out
    first, second = ran.err.splitlines()
    assert first == f"amelo: {bad}: line 1, column 6: 'rest' takes no pH; 'rest' takes 'for 2 h'"
    assert "open.protocol: line 1, column 1: Na cannot close the charge" in second and "write 'balanced with Cl'" in second


def test_show_prints_canonical_text_and_doses(amelo):
    ran = amelo("protocol", "show", CYCLING)
    assert ran.code == 0
    assert ran.out.startswith("repeat 28 times:\n    demineralise in acetate 75 mM, Ca 2 mM, PO4 2 mM pH 4.3 for 2 h\n")
    assert "total length 27 d 23 h 32 min" in ran.out
    assert "mM K" in ran.out and "275" in ran.out and "25 d 15 h 4 min" in ran.out


def test_show_reads_standard_input_and_its_own_output(amelo):
    ran = amelo("protocol", "show", "-", stdin=b"drink cola for 5 min\n")
    assert ran.code == 0 and ran.out.startswith("drink cola sugar 10.6 % pH 2.5 for 5 min\n")
    bad = amelo("protocol", "show", "-", stdin=b"drink kola for 5 min\n")
    assert bad.code == 2
    assert bad.err == "amelo: standard input: line 1, column 7: 'kola' is not a drink amelo knows; did you mean 'cola'?\n"


def test_show_as_json_is_a_protocol_again(amelo, tmp_path):
    data = json.loads(amelo("protocol", "show", CYCLING, "--json").out)
    assert data["duration_s"] == 28 * 86_340
    assert [dose["times"] for dose in data["doses"]] == [28, 28, 28]
    assert data["doses"][0]["balanced_with"] == "K" and data["doses"][1]["fluoride_ppm"] == pytest.approx(275)
    again = tmp_path / "again.json"
    again.write_text(json.dumps({"steps": data["steps"]}), "utf-8")
    assert json.loads(amelo("protocol", "show", again, "--json").out)["text"] == data["text"]


def test_the_day_of_a_case_is_shown_step_by_step(amelo):
    ran = amelo("protocol", "show", MONTH, "--case", "cases/kira.json")
    assert "meal sugar 45 % for 10 min" in ran.out and "22600" in ran.out
    assert "asleep from 23:00 to 07:00" in ran.out


def test_schema_is_json(amelo):
    assert json.loads(amelo("protocol", "schema").out)["title"] == "Protocol"


def test_every_shipped_protocol_is_valid(amelo, root):
    files = sorted((root / "cases/protocols").iterdir())
    assert len(files) >= 3
    assert amelo("protocol", "check", *files, "--case", "cases/kira.json").code == 0


def test_treatments_are_checked_shown_and_added_up(amelo):
    file = "cases/protocols/stepwise.protocol"
    ran = amelo("protocol", "check", file)
    assert ran.code == 0 and ran.err == ""
    assert f"{file}: a valid protocol of 13 different steps, 900 d 1 h 50 min 15 s" in ran.out
    assert "note: 1 h 50 min 15 s in the chair, at a price of 2.8 (a composite of two surfaces is 1)" in ran.out
    shown = amelo("protocol", "show", file)
    assert "excavate to soft dentine with 30 mL/min water for 8 min, leave 1 mm over the pulp\n" in shown.out
    assert "repeat 4 times:\n    rest 180 d\n    review for 10 min\n" in shown.out
    data = json.loads(amelo("protocol", "show", file, "--json").out)
    assert data["steps"][1] == {"kind": "excavate", "criterion": "soft", "leave": 0.001, "water": 5e-07, "duration": 480.0}
    doses = {dose["step"]: dose for dose in data["doses"]}
    assert doses["isolate for 4 min"]["times"] == 2 and doses["review for 10 min"]["duration_s"] == 2400.0
    assert doses["brush twice daily with 1450 ppm F"]["duration_s"] == 0.0


def test_what_is_not_done_to_a_tooth_is_one_sentence(amelo, tmp_path):
    bad = tmp_path / "bad.protocol"
    for text, words in (
        ("crown wood\n", "line 1, column 7: 'wood' is no material for 'crown'"),
        ("rest 1 d\nextract\nfill with composite\n", "line 3, column 1: 'fill' comes after 'extract'"),
        ("brush twice dayly\n", "line 1, column 13: 'dayly' does not follow 'twice'; did you mean 'daily'?"),
    ):
        bad.write_text(text, "utf-8")
        ran = amelo("protocol", "check", bad)
        assert ran.code == 2 and words in ran.err and len(ran.err.strip().splitlines()) == 1
