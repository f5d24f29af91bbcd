"""The tooth chart coloured by risk: read in black and white, read aloud, and true to the forecast."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.errors import InputError
from amelo.forecast.run import forecast
from amelo.records.teeth import surfaces
from amelo.report.chart_svg import chart_svg
from amelo.report.forecast_svg import CLASSES, class_of, forecast_svg
from amelo.report.forecast_words import percent

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "forecast"))
from synthetic_outlooks import NO_WISDOM, mouth

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def found(models):
    return forecast(mouth())


def drawn(svg: str) -> tuple[dict[str, ET.Element], dict[tuple[str, str], ET.Element]]:
    root = ET.fromstring(svg)
    teeth = {e.get("data-tooth"): e for e in root.iter(f"{SVG}g") if e.get("data-tooth")}
    shapes = {(e.get("data-tooth"), e.get("data-surface")): e for e in root.iter(f"{SVG}path") if e.get("data-surface")}
    return teeth, shapes


def title(element: ET.Element) -> str:
    return element.find(f"{SVG}title").text


def texts(element: ET.Element) -> list[str]:
    return [e.text for e in element.findall(f"{SVG}text")]


@given(st.floats(0, 1))
def test_every_risk_has_one_class_with_limits_that_hold_it(risk):
    name, words = class_of(risk)
    numbers = [float(n) / 100 for n in re.findall(r"[\d.]+", words)]
    assert name in {entry[1] for entry in CLASSES}
    if words.startswith("below"):
        assert risk < numbers[0]
    elif "more" in words:
        assert risk >= numbers[0]
    else:
        assert numbers[0] <= risk < numbers[1]


def test_classes_differ_without_colour():
    """Every class has strokes of its own, and grounds grow darker with the risk."""
    strokes = [entry[3] for entry in CLASSES]
    assert len(set(strokes)) == len(strokes)
    grey = [sum(w * int(entry[2][i : i + 2], 16) for w, i in ((0.3, 1), (0.59, 3), (0.11, 5))) for entry in CLASSES]
    assert grey == sorted(grey, reverse=True) and min(a - b for a, b in pairwise(grey)) > 4


def test_every_tooth_says_its_number_its_risk_and_its_class(found):
    teeth, shapes = drawn(forecast_svg(mouth(), found))
    for risk in found.of("tooth loss"):
        key = str(risk.tooth)
        if not risk.risk:
            continue
        assert percent(risk.risk[-1]) in texts(teeth[key]) and key in texts(teeth[key])
        assert f"tooth loss {percent(risk.risk[-1])} by 5 years" in title(teeth[key])
        for letter in surfaces(risk.tooth):
            name, limits = class_of(risk.risk[-1])
            shape = shapes[key, letter]
            assert shape.get("fill") == f"url(#hatch-{name})" and f"class {limits}" in shape.get("aria-label")


def test_teeth_that_are_abstained_on_are_hatched_and_said(found):
    svg = forecast_svg(mouth(), found)
    teeth, shapes = drawn(svg)
    assert f"no forecast of tooth loss: {NO_WISDOM}" in title(teeth["18"]) and "–" in texts(teeth["18"])
    assert {shapes["18", letter].get("fill") for letter in surfaces(18)} == {"url(#hatch-silent)"}
    assert "no forecast: the model abstains (–)" in svg
    without = replace(found, risks=tuple(r for r in found.risks if not r.abstained))
    assert "abstains" not in forecast_svg(mouth(), without)


def test_other_events_are_marked_and_explained(found):
    svg = forecast_svg(mouth(), found)
    teeth, _ = drawn(svg)
    assert "p" in texts(teeth["36"]) and "c" in texts(teeth["16"]) and "p" not in texts(teeth["16"])
    assert "progression 15 % or more" in svg and "restoration failure 15 % or more" not in svg
    assert "progression, E2 to D1 on O 47 % by 5 years" in title(teeth["36"])


def test_surfaces_show_their_own_risk(found):
    _, shapes = drawn(forecast_svg(mouth(), found, event="caries onset"))
    by_letter = {r.surface: r for r in found.of("caries onset", 16) if r.stage == "sound to enamel"}
    fills = {letter: shapes["16", letter].get("fill") for letter in by_letter}
    assert (
        fills == {letter: f"url(#hatch-{class_of(r.risk[-1])[0]})" for letter, r in by_letter.items()}
        and len(set(fills.values())) > 1
    )
    assert shapes["36", "O"].get("data-state") == "none" and "no forecast of caries onset" in shapes["36", "O"].get("aria-label")


def test_a_restoration_colours_the_surfaces_that_it_covers(found):
    _, shapes = drawn(forecast_svg(mouth(), found, event="restoration failure"))
    states = {letter: shapes["37", letter].get("data-state") for letter in surfaces(37)}
    assert {letter for letter, state in states.items() if state != "none"} == {"M", "O"}


def test_a_horizon_of_the_forecast_can_be_chosen(found):
    first = found.of("tooth loss", 16)[0].risk[0]
    svg = forecast_svg(mouth(), found, horizon=1)
    assert percent(first) in texts(drawn(svg)[0]["16"]) and "tooth loss by 1 year from" in svg
    with pytest.raises(InputError, match="no horizon of 3 years; it has 1, 2, 5"):
        forecast_svg(mouth(), found, horizon=3)


def test_what_does_not_fit_is_refused(found):
    with pytest.raises(InputError, match="'tooth los' is not an event; did you mean 'tooth loss'"):
        forecast_svg(mouth(), found, event="tooth los")
    with pytest.raises(InputError, match="the forecast is of Test-1 on 2026-01-05; the case is Other on 2026-01-05"):
        forecast_svg(mouth(pseudonym="Other"), found)


def test_it_is_safe_self_contained_and_always_the_same(found):
    odd = replace(found, risks=tuple(replace(r, stage='<script>&"') if r.stage else r for r in found.risks))
    svg = forecast_svg(mouth(), odd, event="progression")
    ET.fromstring(svg)
    assert "<script" not in svg and "href" not in svg and svg == forecast_svg(mouth(), odd, event="progression")
    root = ET.fromstring(svg)
    used = set(re.findall(r"url\(#([\w-]+)\)", svg))
    assert used <= {e.get("id") for e in root.iter(f"{SVG}pattern")}
    assert root.get("aria-label") == "Forecast of Test-1" and "not a medical device" in svg


def test_the_chart_of_findings_is_untouched_by_it(found):
    before = chart_svg(mouth())
    forecast_svg(mouth(), found)
    assert chart_svg(mouth()) == before and "Tooth chart of Test-1" in before


def test_missing_and_unknown_teeth_stay_what_they_are(found):
    teeth, shapes = drawn(forecast_svg(mouth(), found))
    assert title(teeth["48"]).startswith("48: missing") and shapes["48", "O"].get("data-state") == "absent"
    assert title(teeth["25"]) == "25: not known"
