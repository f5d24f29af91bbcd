"""Reading the survey from a file that we wrote ourselves: codes, positions, people, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from amelo.errors import FormatError
from amelo.forecast.nhanes import FILE, STATUSES, estimates, read_people
from amelo.forecast.population import population_check
from amelo.records.teeth import fdi_from_universal, position


def table(people: list[dict[int, str]], ages: list[float]) -> pd.DataFrame:
    """Return a made-up survey: each person a map of Universal number to code, sound where nothing is said; two strata of two units in turn."""
    rows = []
    for k, (codes, age) in enumerate(zip(people, ages, strict=True)):
        for tooth in range(1, 33):
            code = None if tooth in (1, 16, 17, 32) else codes.get(tooth, "S")
            rows.append(
                {"SEQN": 100 + k, "tooth_universal": tooth, "ctc": code, "RIDAGEYR": age, "WTMEC2YR": 1000.0 + 100 * (k % 3), "SDMVPSU": 1.0 + k // 2 % 2, "SDMVSTRA": 1.0 + k % 2}
            )  # fmt: skip
    return pd.DataFrame(rows)


def written(folder, *args):
    table(*args).to_parquet(folder / FILE)
    return folder


def test_codes_are_counted_as_the_survey_defines_them(tmp_path):
    codes = {
        2: "Z",
        3: "J",
        4: "T",
        5: "E",
        6: "P",
        7: "R",
        8: "F",
        9: "M",
        10: "Q",
        11: "X",
        12: "U",
        13: "D",
        14: "K",
        15: "A",
        18: "Y",
    }
    people = read_people(written(tmp_path, [codes, {}], [30.0, 40.0]))
    totals = dict(zip(STATUSES, people.teeth.sum(axis=(1,)).tolist()[0], strict=True))
    assert totals == {"decayed": 3.0, "missing": 3.0, "filled": 1.0, "sound": 21.0}
    assert people.dmft.tolist() == [7.0, 0.0]
    assert people.age.tolist() == [30.0, 40.0]


@pytest.mark.parametrize("universal", [2, 3, 8, 9, 14, 15, 18, 24, 25, 30, 31])
def test_a_tooth_is_counted_at_its_own_position(tmp_path, universal):
    people = read_people(written(tmp_path, [{universal: "F"}, {}], [30.0, 40.0]))
    (place,) = np.flatnonzero(people.teeth[0, :, STATUSES.index("filled")])
    assert place + 1 == position(fdi_from_universal(universal))
    assert people.teeth.sum(axis=(1, 2)).tolist() == [28.0, 28.0]


def test_estimates_of_a_made_up_survey(tmp_path):
    people = read_people(written(tmp_path, [{3: "F"}, {3: "F", 14: "Z"}, {}, {19: "E"}] * 2, [8.0] * 8))
    found = estimates(people, 6, 11)
    weights = 1000.0 + 100 * (np.arange(8) % 3)
    assert found["dmft"].value == pytest.approx(np.sum(weights * [1, 2, 0, 1, 1, 2, 0, 1]) / weights.sum())
    assert found["filled 6"].value == pytest.approx(np.sum(weights * [1, 1, 0, 0, 1, 1, 0, 0]) / weights.sum() / 4)
    assert found["untreated"].value == pytest.approx(np.sum(weights * [0, 1, 0, 0, 0, 1, 0, 0]) / weights.sum())
    assert found["missing"].people == 8 and found["missing"].freedom == 2


def test_a_file_without_a_column_is_refused(tmp_path):
    table([{}], [8.0]).drop(columns="WTMEC2YR").to_parquet(tmp_path / FILE)
    with pytest.raises(FormatError, match="no column WTMEC2YR"):
        read_people(tmp_path)


def test_the_check_runs_on_a_survey_that_is_not_the_survey(tmp_path):
    rng = np.random.default_rng(0)
    ages = [float(a) for a in (*range(6, 35), *range(50, 65))] * 8
    people = [{int(t): "F" for t in rng.choice(np.r_[2:16, 18:32], size=int(age > 20) * 10, replace=False)} for age in ages]
    check = population_check(written(tmp_path, people, ages), draws=2)
    rows = {(row.ages, row.what): row for row in check.rows}
    assert rows[(20, 34), "dmft"].survey > 9 and rows[(6, 11), "dmft"].survey == 0
    assert rows[(50, 64), "dmft"].verdict in ("holds", "within the band", "fails")
    assert len(check.plot().axes) == 8
