"""A mapping: names, units and codes of a user's file, and one sentence for everything that is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import CommandError, FileError, FormatError, MissingDependencyError
from amelo.forecast import cohorts
from amelo.forecast.cohorts import EVALUATORS, TRAINERS, columns_of, evaluator, kind_with_cohort, trainer
from amelo.forecast.mapping import UNITS, Source, apply_mapping, read_mapping

GOOD = """
[columns]
id = "patient_no"
time = { column = "follow_up", unit = "d" }
event = { column = "status", values = { lost = 1, kept = 0, "2" = 0 } }
pocket_max = { column = "deepest", unit = "cm" }
bleed = { column = "bop", unit = "fraction" }
"""


@pytest.fixture
def table():
    columns = {"patient_no": [7, 7, 8], "follow_up": [365.25, 730.5, np.nan], "status": ["lost", "kept", 2], "deepest": [0.5, 0.3, 0.9],
               "bop": [0.25, 0.0, 1.0], "mobil": [1, 2, 3], "colour": ["a", "b", "c"]}  # fmt: skip
    return pd.DataFrame(columns)


@pytest.fixture
def mapping(tmp_path):
    def write(text: str = GOOD, kind: str = "tooth-loss") -> dict[str, Source]:
        path = tmp_path / "map.toml"
        path.write_text(text, "utf-8")
        return read_mapping(path, kind)

    return write


def test_names_units_and_codes_become_those_of_the_model(table, mapping):
    table.attrs["where"] = "x.csv"
    made = apply_mapping(table, mapping(), "tooth-loss")
    assert sorted(made.columns) == ["bleed", "event", "id", "mobil", "pocket_max", "time"]
    assert made["id"].tolist() == [7, 7, 8] and made["event"].tolist() == [1, 0, 0] and made["mobil"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(made["time"], [1.0, 2.0, np.nan])
    np.testing.assert_allclose(made["pocket_max"], [5.0, 3.0, 9.0])
    assert made["bleed"].tolist() == [25.0, 0.0, 100.0] and made.attrs["where"] == "x.csv"


def test_what_is_mapped_takes_the_place_of_what_has_the_name_already(table, mapping):
    table["event"] = 9
    assert apply_mapping(table, mapping(), "tooth-loss")["event"].tolist() == [1, 0, 0]
    table = table.rename(columns={"patient_no": "tooth"})
    made = apply_mapping(table, mapping('[columns]\nid = "tooth"\n'), "tooth-loss")
    assert made["id"].tolist() == [7, 7, 8] and "tooth" not in made  # a column that is taken is not taken twice


@settings(deadline=None)
@given(st.sampled_from([(target, unit) for target, sizes in UNITS.items() for unit in sizes]), st.floats(1e-3, 1e4))
def test_units_are_proportional_and_agree_with_pint(pair, value):
    import pint

    target, unit = pair
    names = {"d": "day", "wk": "week", "mo": "month", "y": "year", "fraction": "dimensionless", "%": "percent"}
    exact = pint.Quantity(value, names.get(unit, unit)).to(names.get(target, target)).magnitude
    assert value * UNITS[target][unit] == pytest.approx(exact, rel=1e-12)


def test_ages_of_one_visit_stay_equal_in_another_unit():
    years = np.round(np.random.default_rng(0).uniform(5, 12, 500), 2)
    table = pd.DataFrame({"sound": 12 * years, "age_base": years})
    mapped = apply_mapping(table, {"lo": Source("sound", 1 / 12)}, "caries-onset")
    assert (mapped["lo"] == mapped["age_base"]).all() and not (12 * years * (1 / 12) == years).all()


def test_codes_are_found_as_they_are_written(mapping):
    table = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [True, False, True], "c": ["1", "2", None]})
    text = '[columns]\nevent = { column = "%s", values = { "1" = 1, "2" = 0, true = 1, false = 0 } }\n'
    for column, expected in (("a", [1, 0, None]), ("b", [1, 0, 1]), ("c", [1, 0, None])):
        made = apply_mapping(table, mapping(text % column), "tooth-loss")["event"]
        assert [None if pd.isna(v) else v for v in made] == expected
    words = apply_mapping(
        table, mapping('[columns]\nsplit = { column = "a", values = { 1 = "train", 2 = "dev" } }\n'), "tooth-loss"
    )
    assert words["split"].tolist()[:2] == ["train", "dev"] and pd.isna(words["split"][2])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("[columns]\n", "the mapping has no [columns]"),
        ('id = "x"\n', "'id' is not a part of a mapping; use one of columns"),
        ('[column]\nid = "x"\n', "'column' is not a part of a mapping; did you mean 'columns'?"),
        ('[columns]\nidd = "x"\n', "columns.idd: 'idd' is not a column of tooth-loss; did you mean 'id'?"),
        ('[columns]\npocket_maxi = "x"\n', "did you mean 'pocket_max'?"),
        ('[columns]\nzzzzzz = "x"\n', "the columns are listed by: amelo train tooth-loss --columns"),
        ("[columns]\nid = 3\n", "columns.id: 3 is not a column of your file; write for example"),
        ('[columns]\ntime = { unit = "d" }\n', "the name of the column in your file is missing"),
        ('[columns]\ntime = { column = "a", units = "d" }\n', "'units' is not known here; did you mean 'unit'?"),
        ('[columns]\ntime = { column = "a", unit = "days" }\n', "'days' is not a unit of time (follow-up"),
        ('[columns]\ntime = { column = "a", unit = 3 }\n', "'3' is not a unit of time"),
        ('[columns]\nmobil = { column = "a", unit = "mm" }\n', "mobil takes no unit; it is counted in degree; leave unit out"),
        ('[columns]\nid = { column = "a", unit = "mm" }\n', "id takes no unit; it holds counts, codes or words"),
        ('[columns]\nevent = { column = "a", values = "lost" }\n', "values is 'lost'; write for example values = { lost = 1"),
        ('[columns]\ntime = { column = "a", unit = "d", values = { x = 1 } }\n', "unit and values are given together"),
        ('[columns]\nevent = { column = "a", values = { x = [1] } }\n', "'x' becomes [1]; give a number or a word"),
        ("[columns]\nid = x\n", "not valid TOML"),
        ('{"columns": {}}', "this looks like JSON; write TOML"),
    ],
)
def test_a_mapping_that_is_wrong_is_one_sentence(mapping, text, sentence):
    with pytest.raises(FormatError) as caught:
        mapping(text)
    assert sentence in str(caught.value) and "\n" not in str(caught.value) and "map.toml" in str(caught.value)


def test_a_mapping_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_mapping(tmp_path / "none.toml", "tooth-loss")


def test_a_file_that_does_not_fit_its_mapping_is_one_sentence(table, mapping):
    with pytest.raises(FormatError, match=r"columns.id: your file has no column 'patient_no'; did you mean 'patient_nr'\?"):
        apply_mapping(table.rename(columns={"patient_no": "patient_nr"}), mapping(), "tooth-loss")
    table["status"] = ["lost", "keptt", 2]
    with pytest.raises(
        FormatError, match=r"column status has the value 'keptt' in row 2, which values does not list; did you mean 'kept'\?"
    ):
        apply_mapping(table, mapping(), "tooth-loss")
    table["status"] = [9, 9, 2]
    with pytest.raises(FormatError, match=r"the value '9' in rows 1, 2, which values does not list; add it, for example"):
        apply_mapping(table, mapping(), "tooth-loss")
    table["status"], table["follow_up"] = "lost", ["a year", 3, 4]
    with pytest.raises(FormatError, match="column follow_up has text where a number is due in row 1, such as 'a year'"):
        apply_mapping(table, mapping(), "tooth-loss")


def test_the_columns_are_those_of_the_cohorts(shared):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    for kind, name in (("tooth-loss", "teeth_public"), ("caries-onset", "caries_public")):
        there = pq.read_schema(shared / "data" / f"{name}.parquet").names
        assert set(columns_of(kind)) == set(there), kind


def test_columns_have_words_and_units_that_are_known():
    for kind in TRAINERS:
        for column in columns_of(kind).values():
            assert column.words and (column.unit in UNITS or column.unit not in ("cm", "days"))


def test_every_kind_of_cohort_has_a_trainer_and_an_evaluator():
    assert set(TRAINERS) == set(EVALUATORS)
    assert kind_with_cohort("tooth-loss") == "tooth-loss"
    with pytest.raises(CommandError, match="'tooth-los' is not a kind of model; did you mean 'tooth-loss'"):
        kind_with_cohort("tooth-los")
    with pytest.raises(CommandError, match="progression cannot be trained or tested on a cohort; it is made from published rates"):
        trainer("progression")


def test_training_without_its_library_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(cohorts.TRAINERS, "tooth-loss", "amelo.errors:nearest")
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    with pytest.raises(MissingDependencyError, match=r"training needs lightgbm; it is not installed; .*'amelo\[train\]'"):
        trainer("tooth-loss")


def test_training_without_a_library_of_the_system_names_it(monkeypatch, tmp_path):
    monkeypatch.delitem(__import__("sys").modules, "lightgbm", raising=False)
    (tmp_path / "lightgbm.py").write_text(
        'raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        MissingDependencyError, match=r"libgomp.so.1 of the system is not there; install it with: apt install libgomp1"
    ):
        trainer("tooth-loss")


def test_what_is_named_is_what_is_loaded(monkeypatch):
    monkeypatch.setitem(cohorts.EVALUATORS, "caries-onset", "amelo.errors:nearest")
    from amelo.errors import nearest

    assert evaluator("caries-onset") is nearest
