"""The bounds of a child's molar on the command line, by the shipped model: told, in JSON, and silent where they would be guesses."""

from __future__ import annotations

import json

import pytest

from amelo.forecast.record import Risk
from amelo.report.forecast_words import outlasted

SOUND = {"status": "present", "other_surfaces": "sound"}


@pytest.fixture
def child(tmp_path):
    def written(**parts):
        record = {"pseudonym": "Mia", "origin": "synthetic", "recorded_on": "2026-03-02", "age_band": "7-7", "sex": "female"}
        record["teeth"] = {str(t): SOUND for t in (16, 26, 36, 46, 54, 55, 64, 65, 74, 75, 84, 85)}
        path = tmp_path / "mia.json"
        path.write_text(json.dumps(record | parts))
        return path

    return written


def test_one_molar_is_told_with_its_bounds(amelo, child):
    ran = amelo("forecast", child(), "--tooth", "36")
    assert ran.code == 0
    (line,) = [line for line in ran.out.splitlines() if "how long such" in line]
    assert "how long such a molar stays free of caries:" in line
    assert "in 90 of 100" in line and "in 95 of 100" in line


def test_json_has_them_for_every_molar_that_is_forecast(amelo, child):
    found = json.loads(amelo("forecast", child(), "--json").out)
    onset = [r for r in found["risks"] if r["event"] == "caries onset" and r["risk"] and not r["stage"]]
    assert {r["tooth"] for r in onset} == {16, 26, 36, 46}
    for risk in onset:
        (ninety, t90), (more, t95) = risk["outlasts"]
        assert (round(ninety, 2), round(more, 2)) == (0.90, 0.95)
        assert 4 >= t90 >= t95 > 0
    rates = [r for r in found["risks"] if r["event"] in ("progression", "restoration failure")]
    assert all(not r["outlasts"] for r in rates)


def test_an_older_child_has_bounds_no_later_than_the_cohort_reaches(amelo, child):
    found = json.loads(amelo("forecast", child(age_band="11-11"), "--json").out)
    bounds = [t for r in found["risks"] if r["event"] == "caries onset" and not r["stage"] for _, t in r["outlasts"]]
    assert bounds and max(bounds) <= 12.3 - 11


def test_bounds_in_words():
    loss = Risk("tooth loss", 36, "", "", "", outlasts=((0.9, 5.0), (0.95, 1.0)))
    assert outlasted(loss) == "how long such a tooth is kept: 5 years or more in 90 of 100; 1 year or more in 95 of 100"
    onset = Risk("caries onset", 36, "", "", "", outlasts=((0.9, 0.36),))
    assert outlasted(onset) == "how long such a molar stays free of caries: 0.36 years or more in 90 of 100"


@pytest.mark.parametrize("kind", ["progression", "restorations"])
def test_the_cards_of_published_rates_say_why_they_give_none(amelo, kind):
    assert "no bounds on time" in " ".join(amelo("models", kind).out.split())
