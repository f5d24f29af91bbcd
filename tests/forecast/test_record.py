"""The record of a forecast: asked by event and tooth, as text, CSV and plain values, without loss."""

from __future__ import annotations

import csv
import io
import json

import pytest
from synthetic_outlooks import mouth

from amelo.errors import FormatError
from amelo.forecast.record import Forecast, Risk
from amelo.forecast.run import forecast


@pytest.fixture
def found(models) -> Forecast:
    return forecast(mouth())


def test_risks_are_asked_by_event_and_tooth_the_highest_first(found):
    losses = found.of("tooth loss")
    assert [r.tooth for r in losses[:3]] == [16, 36, 37] and losses[-1].abstained
    assert {r.tooth for r in found.of(tooth=37)} == {37} and len(found.of()) == len(found.risks)
    assert [r.where for r in found.of("progression")] == ["36 O"] and found.of("tooth loss", 16)[0].where == "16"
    assert found.of("progression", 16) == []


def test_the_teeth_to_worry_about_are_those_with_the_highest_risk_of_anything(found):
    assert found.worries(2) == [36, 16] and len(found.worries(99)) == 6


def test_the_text_names_the_risks_and_what_abstained(found):
    text = repr(found)
    assert "36 O" in text and "E2 to D1" in text and "1 abstained" in text and "not a medical device" in text
    assert "1, 2, 5 years (90 % interval at the last)" in text and len(text.splitlines()) == 14
    assert found._repr_html_().startswith("<pre>&lt;Forecast Test-1")


def test_csv_has_a_line_for_every_horizon_and_says_where_it_abstains(found):
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    spoken = [r for r in found.risks if r.risk]
    assert len(rows) == 3 * len(spoken) + 1
    (silent,) = [row for row in rows if row["abstained"]]
    assert silent["tooth"] == "18" and silent["risk [1]"] == ""
    row = next(row for row in rows if row["event"] == "progression" and row["horizon [y]"] == "5")
    assert float(row["risk [1]"]) == pytest.approx(found.of("progression")[0].risk[-1], abs=1e-5)
    assert float(row["low [1]"]) < float(row["risk [1]"]) < float(row["high [1]"])


def test_plain_values_lose_nothing(found):
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert Forecast(**{**data, "risks": ()}).pseudonym == found.pseudonym
    assert len(data["risks"]) == len(found.risks)
    for plain, risk in zip(data["risks"], found.risks, strict=True):
        assert plain["risk"] == list(risk.risk) and plain["curve"] == [list(line) for line in risk.curve]
        assert (plain["event"], plain["tooth"], plain["surface"], plain["stage"]) == (
            risk.event,
            risk.tooth,
            risk.surface,
            risk.stage,
        )
        assert [d["effect"] for d in plain["drivers"]] == [d.effect for d in risk.drivers]


def test_a_forecast_comes_back_from_its_plain_values_as_it_was(found):
    again = Forecast.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found and repr(again) == repr(found) and again.to_csv() == found.to_csv()
    assert Forecast.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.pop("level"), "'level' is missing"),
        (lambda d: d["risks"][0].pop("curve"), "'curve' is missing"),
        (lambda d: d.update(risks=3), "not iterable"),
        (lambda d: d["risks"][0].update(drivers=[{"name": "age"}]), "missing"),
    ],
)
def test_what_is_not_a_forecast_is_said(found, change, why):
    data = json.loads(json.dumps(found.to_dict()))
    change(data)
    with pytest.raises(FormatError, match="this is not a forecast") as caught:
        Forecast.from_dict(data)
    assert why in str(caught.value)


def test_a_risk_cannot_be_changed(found):
    with pytest.raises(AttributeError):
        found.risks[0].risk = (1.0,)
    assert Risk("tooth loss", 36, "", "", "h").risk == ()
