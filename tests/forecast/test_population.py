"""The check against the survey: verdicts, what is told of every age, the figure."""

from __future__ import annotations

import json

import pytest

from amelo.errors import FileError
from amelo.forecast.lifetime import AGES
from amelo.forecast.nhanes import GROUPS
from amelo.forecast.population import Compared, population_check


def test_verdicts():
    def verdict(survey: float, model: float) -> str:
        return Compared((6, 11), "dmft", survey, survey - 0.1, survey + 0.1, model, model - 0.5, model + 0.5).verdict

    assert [verdict(1.0, m) for m in (1.05, 1.3, 1.9)] == ["holds", "within the band", "fails"]


def test_a_folder_without_the_survey_is_named():
    with pytest.raises(FileError, match="is not shipped with amelo|no nhanes"):
        population_check("nowhere")


def test_the_check_runs_and_says_something_of_every_age(shared, tmp_path):
    check = population_check(shared / "data", seed=2, draws=3)
    told = json.loads(json.dumps(check.to_dict()))
    assert {tuple(row["ages"]) for row in told["rows"]} == set(GROUPS)
    assert {row["what"] for row in told["rows"]} >= {"dmft", "untreated", "filled 6", "missing 7"}
    assert told["predicted"]["ages"] == [int(a) for a in AGES] and AGES[0] == 6 and AGES[-1] == 80
    assert all(len(band) == 3 and len(band[0]) == len(AGES) for band in told["predicted"]["by_age"].values())
    assert "filled 35-49" in told["predicted"]["by_position"] and "missing 65-80" in told["predicted"]["by_position"]
    assert told["level"] == 0.0 and len(told["models"]) == 2
    check.plot().savefig(tmp_path / "check.svg")
    assert (tmp_path / "check.svg").stat().st_size > 10_000
    again = population_check(shared / "data", seed=2, draws=3)
    assert again.to_dict() == check.to_dict()
