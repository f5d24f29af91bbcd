"""``amelo population``: the models beside a survey, and what is said when the survey is not there."""

from __future__ import annotations

import json


def test_the_table_and_its_json_say_the_same(amelo, shared):
    table = amelo("population", shared / "data", "--draws", "3")
    assert table.code == 0
    assert "holds" in table.out and "not a medical device" in table.out
    found = json.loads(amelo("population", shared / "data", "--draws", "3", "--json").out)
    dmft = {tuple(row["ages"]): row for row in found["rows"] if row["what"] == "dmft"}
    assert f"{dmft[20, 34]['survey']:.3g}" in table.out
    assert abs(dmft[20, 34]["survey"] - 5.10) < 0.05  # published for these ages
    assert len(found["predicted"]["ages"]) == 75


def test_bad_input_is_one_sentence(amelo, tmp_path):
    done = amelo("population", tmp_path)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "nhanes_2017_2018_tooth_level.parquet" in done.err
    assert "allowed 1 to 1000" in amelo("population", tmp_path, "--draws", "0").err
    assert amelo("population", tmp_path, "--plot", "x.docx").code == 2
