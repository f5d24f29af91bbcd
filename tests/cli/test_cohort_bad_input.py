"""Cohort files as people have them by mistake: one sentence that names the column, the rows and the fix, for both kinds of cohort."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "forecast"))
from synthetic_children import children
from synthetic_mouths import cohort


@pytest.fixture(scope="module")
def teeth():
    return cohort(60)


@pytest.fixture(scope="module")
def molars():
    return children(60)


def changed(column, value, rows=slice(None)):
    """Return what puts a value, or a function of the values, into rows of a column."""

    def change(table):
        table = table.copy()
        table[column] = table[column].astype(object)
        table.loc[table.index[rows], column] = value(table[column].to_numpy()[rows]) if callable(value) else value
        return table

    return change


def first_again(table):
    return table.iloc[[0, *range(len(table))]]


def two_splits(column):
    def change(table):
        return table.assign(split=np.where(np.arange(len(table)) == 0, "dev", "train"))

    return change


TEETH = {
    "follow-up in days": (changed("time", lambda t: t.astype(float) * 365.25), "column time is outside its range in rows", "divide by 365.25"),
    "a negative time": (changed("time", -1.0, [3]), "column time is outside its range in row 4, such as -1; allowed above 0 up to 60 years", "give years of follow-up"),
    "events coded 1 and 2": (changed("event", lambda e: e.astype(int) + 1), "column event has the unknown code 2", "code a tooth that was lost as 1"),
    "a patient in both splits": (two_splits("id"), "column split puts one patient (column id) into two splits", "split by patient"),
    "a tooth twice": (first_again, "a tooth of a patient stands twice (columns id and tooth_fdi) in rows 1, 2", "keep one row for each"),
    "a constant column": (changed("pocket_mean", 2.0), "column pocket_mean is constant (2.0) in all", "check how the file was made"),
    "nothing but censoring": (changed("event", 0), "column event shows no tooth lost in any of the", "check how event was filled"),
    "text for a number": (changed("cal_max", "deep", [1, 5]), "column cal_max has text where a number is due in rows 2, 6, such as 'deep'", "write a number"),
    "a tooth that is none": (changed("tooth_fdi", 99, [2]), "column tooth_fdi has the unknown code 99 in row 3", "FDI numbers of permanent teeth"),
    "three patients": (lambda t: t[t["id"] < 3], "the cohort has 3 patients (column id,", "give a larger cohort"),
    "a column by another name": (lambda t: t.rename(columns={"pocket_max": "pocket_maxi"}), "column pocket_max is missing", "did you mean 'pocket_maxi'"),
    "plaque alike": (lambda t: t.assign(plaque=0.0), "column plaque is constant (0.0) in all", "leave cells empty where it is unknown"),
    "a follow-up alike": (lambda t: t.assign(time=2.0), "column time is constant (2.0) in all", "check how the file was made"),
    "an age that nobody knows": (lambda t: t.assign(baseline_age=np.nan), "column baseline_age is empty in all", "fill it where it is known"),
    "no natural tooth": (lambda t: t.assign(natural=0), "column natural is 0 in all", "code a natural tooth as 1"),
    "natural or not is unknown": (changed("natural", np.nan, [0, 4]), "column natural is empty in rows 1, 5", "fill it, or leave out these rows"),
    "a patient without a name": (changed("id", np.nan, [0]), "column id is empty in row 1", "name the patient of every tooth"),
}  # fmt: skip
MOLARS = {
    "ages in days": (lambda t: t.assign(**{c: 365.25 * t[c] for c in ("lo", "hi", "e_lo", "e_hi", "age_base", "age_last")}), "outside its range in rows", "give ages in years"),
    "a negative age": (changed("age_base", -6.0, [0]), "column age_base is outside its range in row 1, such as -6", "give ages in years"),
    "limits the wrong way round": (lambda t: t.assign(lo=t["hi"], hi=t["lo"]), "column lo is not below hi in rows", "exchange the two"),
    "a child without a name": (changed("id", np.nan, [0, 3]), "column id is empty in rows 1, 4", "name the child of every tooth"),
    "an input that nobody knows": (lambda t: t.assign(start_brush=np.nan), "column start_brush is empty in all", "fill it where it is known"),
    "a child in both splits": (two_splits("id"), "column split puts one child (column id) into two splits", "split by child"),
    "a molar twice": (first_again, "stands twice (columns id and tooth_fdi) in rows 1, 2", "keep one row for each"),
    "a molar that is none": (changed("tooth_fdi", 11, [1]), "column tooth_fdi has the unknown code 11 in row 2", ""),
    "text for a number": (changed("mouth_d", "many", [0]), "column mouth_d has text where a number is due in row 1, such as 'many'", "write a number"),
    "yes and no coded 1 and 2": (changed("seal", 2.0, [0, 1]), "column seal", ""),
    "three children": (lambda t: t[t["id"].isin(sorted(t["id"].unique())[:3])], "the cohort has 3 children (column id,", "give a larger cohort"),
    "nothing but censoring": (lambda t: t.assign(hi=np.nan), "column hi shows no", "everything is right-censored"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def without_the_library_of_trees(monkeypatch):
    """A file is refused before a tree grows, also where the library that grows them cannot be loaded."""
    monkeypatch.setattr("amelo.forecast.cohorts.OPTIONAL", "")


def refused(amelo, command, kind, table, sentence, fix, tmp_path, header=True):
    path = tmp_path / "mine.csv"
    table.to_csv(path, index=False, header=header)
    words = ("--out", tmp_path / "out") if command == "train" else ("--draws", "2")
    ran = amelo(command, kind, path, *words)
    assert ran.code == 2 and ran.out == "", ran.out
    assert ran.err.startswith("amelo: mine.csv: ") and ran.err.count("\n") == 1, ran.err
    assert sentence in ran.err and fix in ran.err, ran.err
    assert not list((tmp_path / "out").glob("*")) if command == "train" else True


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("case", TEETH)
def test_a_cohort_of_teeth_is_refused_in_one_sentence(amelo, teeth, command, case, tmp_path):
    change, sentence, fix = TEETH[case]
    refused(amelo, command, "tooth-loss", change(teeth), sentence, fix, tmp_path)


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("case", MOLARS)
def test_a_cohort_of_children_is_refused_in_one_sentence(amelo, molars, command, case, tmp_path):
    change, sentence, fix = MOLARS[case]
    refused(amelo, command, "caries-onset", change(molars), sentence, fix, tmp_path)


@pytest.mark.parametrize("kind", ["tooth-loss", "caries-onset"])
def test_a_file_without_names_of_columns_is_refused(amelo, teeth, molars, kind, tmp_path):
    table = {"tooth-loss": teeth, "caries-onset": molars}[kind]
    refused(
        amelo, "evaluate", kind, table, "the first line holds values", "put one line of column names on top", tmp_path, header=False
    )


def test_a_good_cohort_is_answered_with_the_keys_that_were_promised(amelo, teeth, molars, tmp_path):
    import json

    for kind, table, keys in (
        ("tooth-loss", teeth, ("harrell_c", "uno_c", "integrated_brier_score", "calibration_slope_2y", "ici_2y", "within_mouth_c")),
        (
            "caries-onset",
            molars,
            ("harrell_c", "uno_c", "integrated_brier_score", "calibration_slope_2y", "ici_2y", "within_mouth_c", "auc_2y"),
        ),
    ):
        path = tmp_path / f"{kind}.csv"
        table.to_csv(path, index=False)
        ran = amelo("evaluate", kind, path, "--draws", "4", "--json", "--plot", tmp_path / "e.svg")
        assert ran.code == 0, ran.err
        data = json.loads(ran.out)
        assert set(keys) <= set(data) and set(keys) <= set(data["intervals"]) and data["data"] == f"{kind}.csv"


def test_a_mapping_and_the_plain_file_are_scored_alike(amelo, teeth, tmp_path):
    import json

    own = teeth.assign(patient=teeth["id"], months=12 * teeth["time"], status=np.where(teeth["event"] == 1, "lost", "kept"))
    own.drop(columns=["id", "time", "event"]).to_csv(tmp_path / "own.csv", index=False)
    teeth.to_csv(tmp_path / "plain.csv", index=False)
    (tmp_path / "map.toml").write_text(
        '[columns]\nid = "patient"\ntime = { column = "months", unit = "mo" }\nevent = { column = "status", values = { lost = 1, kept = 0 } }\n'
    )
    found = []
    for words in (("plain.csv",), ("own.csv", "--mapping", tmp_path / "map.toml")):
        ran = amelo("evaluate", "tooth-loss", tmp_path / words[0], *words[1:], "--draws", "2", "--json")
        assert ran.code == 0, ran.err
        found.append(json.loads(ran.out))
    assert found[0]["harrell_c"] == pytest.approx(found[1]["harrell_c"], abs=1e-9)
    assert found[0]["integrated_brier_score"] == pytest.approx(found[1]["integrated_brier_score"], rel=1e-9)


def test_what_may_be_the_same_in_every_row_is_told_and_not_refused(amelo, teeth, tmp_path):
    path = tmp_path / "women.csv"
    teeth.assign(male=0.0, pocket_max=np.nan).to_csv(path, index=False)
    ran = amelo("evaluate", "tooth-loss", path, "--draws", "2")
    assert ran.code == 0 and "note: the same in every row: " in ran.out and "male (0)" in ran.out and "pocket_max" not in ran.out


def test_training_needs_more_losses_than_one_and_rows_that_are_meant(amelo, teeth, tmp_path):
    one = teeth.assign(event=np.arange(len(teeth)) == 3)
    refused(
        amelo,
        "train",
        "tooth-loss",
        one.assign(event=one["event"].astype(int)),
        "shows only 1 tooth lost",
        "a larger or longer",
        tmp_path,
    )
    for kind in ("tooth-loss", "caries-onset"):
        table = (teeth if kind == "tooth-loss" else children(60)).assign(split="training")
        refused(amelo, "train", kind, table, "column split has no row 'train'", "it holds training", tmp_path)


def test_patients_named_with_zeros_are_not_joined(amelo, teeth, tmp_path):
    first, second = sorted(teeth["id"].unique())[:2]
    teeth.assign(patient=[{first: "07", second: "7"}.get(i, f"1{i}") for i in teeth["id"]]).drop(columns="id").to_csv(
        tmp_path / "own.csv", index=False
    )
    (tmp_path / "map.toml").write_text('[columns]\nid = "patient"\n')
    ran = amelo("evaluate", "tooth-loss", tmp_path / "own.csv", "--mapping", tmp_path / "map.toml", "--draws", "2")
    assert ran.code == 0 and f"of {teeth['id'].nunique()} patients" in ran.out, ran.err


def test_a_model_that_lacks_parts_is_not_tested(amelo, teeth, tmp_path):
    from amelo.forecast.artefact import save_model

    path = save_model({"kind": "tooth-loss", "card": {}}, tmp_path)
    teeth.to_csv(tmp_path / "mine.csv", index=False)
    ran = amelo("evaluate", path, tmp_path / "mine.csv")
    assert ran.code == 2 and "cannot be used: it lacks bounds" in ran.err and ran.err.count("\n") == 1, ran.err
