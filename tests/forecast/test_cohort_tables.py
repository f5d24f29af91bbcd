"""A cohort that cannot be what it should be is refused in one sentence with the column, the rows and the fix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from synthetic_children import children

from amelo.errors import FileError, FormatError
from amelo.forecast.caries.cohort import read_cohort
from amelo.forecast.cohort import (
    check_events,
    check_has_split,
    check_one_split,
    check_varies,
    code_column,
    numeric_column,
    read_table,
    require_columns,
    rows_named,
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return children(60, seed=3)


def changed(table: pd.DataFrame, **columns) -> pd.DataFrame:
    return table.assign(**columns)


def at(table: pd.DataFrame, column: str, row: int, value) -> pd.DataFrame:
    """Return the table with one cell changed, rows counted from 1."""
    copy = table.copy()
    copy[column] = copy[column].astype(object if isinstance(value, str) else float)
    copy.loc[row - 1, column] = value
    return copy


def test_the_table_as_it_stands_is_taken(table):
    cohort = read_cohort(table)
    assert len(cohort) == len(table)
    assert (np.diff(cohort.child) >= 0).all()
    assert cohort.followed.sum() < len(cohort)


BAD = {
    "days": (lambda t: t.assign(lo=t.lo * 365.25), ["column lo", "rows 1, 2", "allowed 0 to 25 years", "give ages in years"]),
    "negative": (lambda t: at(t, "e_lo", 7, -1.0), ["column e_lo", "row 7", "-1", "give ages in years"]),
    "lo above hi": (lambda t: t.assign(hi=np.where(t.hi.notna(), t.lo - 0.1, t.hi)), ["column lo", "hi in row", "exchange the two"]),
    "two splits": (lambda t: at(t, "split", 2, "dev"), ["column split", "one child (column id)", "rows 1, 2, 3 and 1 more", "split by child"]),
    "duplicates": (lambda t: pd.concat([t, t.iloc[:1]]), ["a tooth stands twice", "id and tooth_fdi", "rows 1, {n}", "keep one row"]),
    "constant": (lambda t: t.assign(plaque_pits=0.0), ["column plaque_pits is constant (0.0)", "check how the file was made"]),
    "right-censored": (lambda t: t.assign(hi=np.nan), ["column hi shows no caries", "everything is right-censored", "check how hi"]),
    "text": (lambda t: at(t, "start_brush", 4, "two"), ["column start_brush has text", "row 4", "'two'", "write a number"]),
    "unknown tooth": (lambda t: at(t, "tooth_fdi", 5, 99), ["column tooth_fdi", "unknown code 99", "row 5", "16, 26, 36, 46"]),
    "unknown code": (lambda t: at(t, "seal", 5, 2), ["column seal", "unknown code 2", "row 5", "use one of 0, 1"]),
    "cens 1/2": (lambda t: t.assign(cens=np.where(t.hi.isna(), "right", "2")), ["column cens", "unknown code 2", "use one of left"]),
    "three children": (lambda t: t[t.id < 3], ["the cohort has 3 children (column id", "need at least 20", "larger cohort"]),
    "misspelt": (lambda t: t.rename(columns={"plaque_pits": "plaque_pit"}), ["column plaque_pits is missing", "did you mean 'plaque_pit'?"]),
    "missing": (lambda t: t.drop(columns=["lo", "hi"]), ["columns lo, hi are missing", "add them"]),
    "no interval": (lambda t: at(t.assign(lo=np.where(t.hi.isna(), np.nan, t.lo)), "hi", 1, np.nan), ["lo and hi are both empty", "fill lo with"]),
    "at risk": (lambda t: t.assign(lo=np.where(t.hi.notna(), np.nan, t.lo), at_risk_base=1), ["at_risk_base is 1", "lo is age_base or later"]),
    "infinite": (lambda t: at(t, "age_last", 3, np.inf), ["column age_last is infinite in row 3"]),
    "empty age": (lambda t: at(t, "age_base", 3, np.nan), ["column age_base is empty in row 3", "fill it"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_one_sentence(table, name):
    change, words = BAD[name]
    bad = change(table).reset_index(drop=True)
    with pytest.raises(FormatError) as caught:
        read_cohort(bad)
    text = str(caught.value)
    for word in words:
        assert word.replace("{n}", str(len(bad))) in text, text
    assert "\n" not in text


def test_a_split_that_is_not_there_is_named(table):
    with pytest.raises(FormatError, match=r"column split has no row 'dev'; it holds train"):
        read_cohort(table, split="dev")


def test_a_file_without_header_is_seen(tmp_path, table):
    path = tmp_path / "bare.csv"
    table.to_csv(path, header=False, index=False)
    with pytest.raises(FormatError, match=r"bare.csv: the first line holds values .* put one line of column names on top"):
        read_cohort(path)


@pytest.mark.parametrize("name", ["c.csv", "c.csv.gz", "c.parquet"])
def test_the_three_kinds_of_file_are_the_same_table(tmp_path, table, name):
    path = tmp_path / name
    table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
    read, straight = read_cohort(path), read_cohort(table)
    assert np.array_equal(read.lo, straight.lo, equal_nan=True)
    assert np.array_equal(read.inputs["oth_seal"], straight.inputs["oth_seal"])


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(FileError, match="cannot read none.csv"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(FormatError, match="x.parquet is not a readable table"):
        read_table(tmp_path / "x.parquet")
    with pytest.raises(FormatError, match=r"x.sav is not a kind of table .* \.parquet, \.csv"):
        read_table(tmp_path / "x.sav")
    (tmp_path / "empty.csv").write_text("a,b\n")
    with pytest.raises(FormatError, match="the table has no rows"):
        read_table(tmp_path / "empty.csv")


def test_rows_are_counted_from_one():
    assert rows_named(np.array([False, True])) == "row 2"
    assert rows_named(np.ones(5, bool)) == "rows 1, 2, 3 and 2 more"


def test_columns_of_other_cohorts_are_checked_by_the_same_functions():
    teeth = read_table(pd.DataFrame({"id": [1, 1, 2], "event": [1, 2, 1], "time": [0.5, -1, 3], "split": ["a", "b", "a"]}))
    with pytest.raises(FormatError, match="column event has the unknown code 2 in row 2; use one of 0, 1"):
        code_column(teeth, "event", (0, 1))
    with pytest.raises(FormatError, match=r"column time is outside its range in row 2, such as -1; allowed 0 to 20 years"):
        numeric_column(teeth, "time", low=0, high=20, unit="years")
    with pytest.raises(FormatError, match=r"puts one patient \(column id\) into two splits in rows 1, 2"):
        check_one_split(teeth, "id", "split", "patient")
    with pytest.raises(FormatError, match="shows no loss in any of the 3 rows"):
        check_events(teeth, "event", np.zeros(3), "loss")
    with pytest.raises(FormatError, match=r"for mobil: did you mean 'mobile'\? Rename it"):
        require_columns(teeth.assign(mobile=1), ["mobil"])
    with pytest.raises(FormatError, match="column flat is constant"):
        check_varies(teeth.assign(flat=1), ["flat"])


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
@pytest.mark.parametrize("ends", [".csv", ".csv.gz"])
def test_columns_that_no_commas_separate_are_told_of(tmp_path, table, mark, word, ends):
    path = tmp_path / f"t{ends}"
    table.to_csv(path, index=False, sep=mark, decimal="," if mark == ";" else ".")
    with pytest.raises(FormatError, match=rf"t{ends}: the columns are separated by {word} and not by commas; save it with commas"):
        read_table(path)


@pytest.mark.parametrize("how", [{"lineterminator": "\r\n"}, {"encoding": "utf-8-sig"}])
def test_files_of_other_systems_are_the_same_table(tmp_path, table, how):
    table.to_csv(tmp_path / "plain.csv", index=False)
    table.to_csv(tmp_path / "other.csv", index=False, **how)
    pd.testing.assert_frame_equal(read_table(tmp_path / "other.csv"), read_table(tmp_path / "plain.csv"))


def test_other_letters_and_a_column_twice_are_told_of(tmp_path, table):
    path = tmp_path / "t.csv"
    table.assign(clinic="Köln").to_csv(path, index=False, encoding="latin-1")
    with pytest.raises(FormatError, match=r"its letters are not in UTF-8; save it as CSV in UTF-8"):
        read_table(path)
    path.write_text("id,mobil,mobil\n1,2,3\n")
    with pytest.raises(FormatError, match=r"t.csv: column mobil stands twice; leave one out, or rename it"):
        read_table(path)


@pytest.mark.parametrize("name", ["id", "patient"])
def test_zeros_before_a_number_tell_people_apart(tmp_path, name):
    path = tmp_path / "t.csv"
    path.write_text(f"{name},tooth_fdi,code\n07,36,01\n7,36,02\n7,37,10\n")
    read = read_table(path, person=name)
    assert list(read[name]) == ["07", "7", "7"] and list(read["code"]) == [1, 2, 10]
    path.write_text(f"{name},tooth_fdi\n0,36\n7,36\n")
    assert list(read_table(path, person=name)[name]) == [0, 7]  # numbers stay numbers


def test_a_split_is_spelt_as_it_is_looked_for(table):
    names = np.where(table["id"] < table["id"].median(), "Train", "dev")
    with pytest.raises(FormatError, match=r"column split has 'Train' in rows 1, .* write 'train'"):
        read_cohort(table.assign(split=names))
    with pytest.raises(
        FormatError, match=r"column split has no row 'train'; it holds a, b; write 'train' in the rows that are meant"
    ):
        check_has_split(table.assign(split=np.where(names == "dev", "a", "b")), "train")
    check_has_split(table.assign(split="train"), "train")


def test_too_few_events_are_told_of_with_their_number(table):
    happened = np.arange(len(table)) < 3
    with pytest.raises(FormatError, match=rf"column event shows only 3 tooth lost in {len(table)} rows; a model needs at least 20"):
        check_events(table, "event", happened, "tooth lost", least=20)
    check_events(table, "event", happened, "tooth lost", least=3)
