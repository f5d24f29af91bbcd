"""What a forecast says in words: numbers as people read them, rows that stand out, and sums over the mouth."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.forecast.outlook import Driver, Missing
from amelo.forecast.record import After, Forecast, Risk
from amelo.records.teeth import ALL_TEETH
from amelo.report.forecast_words import (
    GRAVEST_FIRST,
    MOST,
    NOTABLE,
    abstentions,
    deeds,
    driver_words,
    explained,
    measurements,
    percent,
    reasons,
    rest_line,
    sections,
    span,
    teeth_in_words,
    years,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "forecast"))


def risk(event="tooth loss", tooth=36, last=0.3, surface="", stage="", **parts) -> Risk:
    return Risk(event, tooth, surface, stage, "h", (last / 2, last), (last / 4, last / 2), (last, min(2 * last, 1.0)), **parts)


def mouth(*risks: Risk) -> Forecast:
    return Forecast("Test-1", "2026-01-05", (1.0, 5.0), (0.0, 5.0), 0.9, risks, {"tooth-loss": "h"}, 0, 9, "0.1.0")


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0.0 %"), (0.0004, "<0.1 %"), (0.001, "0.1 %"), (0.0789, "7.9 %"), (0.1, "10 %"), (0.996, "100 %")]
)
def test_shares_have_the_figures_that_they_deserve(share, words):
    assert percent(share) == words


def test_intervals_and_years_read_well():
    assert span(0.05, 0.25) == "5.0 to 25 %" and span(0.0001, 0.0002) == "<0.1 to <0.1 %"
    assert (years(1.0), years(2.5), years(5.0)) == ("1 year", "2.5 years", "5 years")
    assert driver_words(Driver("a", "mobility", "2 degrees", 0.0)) == "mobility: 2 degrees (× 1)"
    assert driver_words(Driver("a", "the lesion is active", "active", 0.2)) == "the lesion is active (× 1.2)"


def test_faint_reasons_are_taken_together_and_nothing_is_lost():
    found = risk(drivers=tuple(Driver(w, w, "", e) for w, e in (("a", 0.9), ("b", -0.5), ("c", 0.04), ("d", 0.03), ("e", -0.01))))
    assert reasons(found, 1) == "a (× 2.5)"
    assert reasons(found) == "a (× 2.5); b (× 0.61); 3 of little effect (together × 1.1)"
    assert reasons(risk()) == reasons(risk(), 3) == ""


@given(st.sets(st.sampled_from(ALL_TEETH), min_size=1))
def test_teeth_in_words_are_these_teeth(teeth):
    words, found = teeth_in_words(teeth), set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", words):
        found |= set(range(int(first), int(last or first) + 1))
    assert found == teeth or words.endswith("…")


def test_sections_come_the_gravest_first_and_rows_the_highest_first():
    risks = [risk(event, tooth, p) for event in reversed(GRAVEST_FIRST) for tooth, p in ((11, 0.2), (21, 0.4))]
    found = sections(mouth(*risks))
    assert [s.event for s in found] == list(GRAVEST_FIRST)
    assert all([row.first.tooth for row in s.rows] == [21, 11] and not s.rest for s in found)


def test_what_is_not_notable_is_left_to_one_line_but_the_highest_is_always_told():
    (section,) = sections(mouth(*(risk(tooth=t, last=0.001 * t / 10) for t in (11, 12, 13, 46))))
    assert [row.first.tooth for row in section.rows] == [46] and {r.tooth for r in section.rest} == {11, 12, 13}
    assert rest_line(section, 5.0) == "tooth loss, at most 0.1 % by 5 years: 11-13"
    many = sections(mouth(*(risk(tooth=t, last=0.2 + k / 50) for k, t in enumerate(ALL_TEETH[: MOST + 5]))))
    assert len(many[0].rows) == MOST and len(many[0].rest) == 5 and rest_line(many[0], 1.0)
    whole = sections(mouth(*(risk(tooth=t, last=0.5) for t in ALL_TEETH)), everything=True)
    assert len(whole[0].rows) == len(ALL_TEETH) and rest_line(whole[0], 5.0) == ""


def test_every_recorded_lesion_is_told():
    lesions = [risk("progression", 36, 0.3, "O", "E2 to D1"), risk("progression", 36, 0.001, "O", "E2 to the pulp"),
               risk("progression", 46, 0.004, "M", "E1 to E2"), risk("progression", 46, 0.0001, "M", "E1 to the pulp")]  # fmt: skip
    (section,) = sections(mouth(*lesions))
    assert [(row.where, row.first.stage) for row in section.rows] == [("36 O", "E2 to D1"), ("46 M", "E1 to E2")]
    assert {r.stage for r in section.rest} == {"E2 to the pulp", "E1 to the pulp"}


def test_the_worst_surface_stands_for_the_others_and_equal_teeth_for_each_other():
    onsets = [risk("caries onset", tooth, 0.2 if letter == "O" else 0.15, letter, "sound to enamel")
              for tooth in (16, 26, 27) for letter in "MOD"]  # fmt: skip
    (section,) = sections(mouth(*onsets))
    assert [row.where for row in section.rows] == ["16, 26, 27 O +"] and not section.rest
    drawn_apart = [replace(r, drivers=(Driver("a", "a", str(r.tooth), 0.1),)) for r in onsets]
    assert [row.where for row in sections(mouth(*drawn_apart))[0].rows] == ["16 O +", "26 O +", "27 O +"]


def test_no_risk_is_lost_between_rows_and_rest():
    risks = [risk(e, t, p, "O", s) for e in GRAVEST_FIRST for t, p in ((16, 0.5), (17, 0.01), (18, 0.0001)) for s in ("a", "b")]
    for section in sections(mouth(*risks)):
        shown = [r for row in section.rows for r in row.risks] + list(section.rest)
        assert sorted((r.tooth, r.stage) for r in shown) == sorted((r.tooth, r.stage) for r in risks if r.event == section.event)


def test_what_is_worth_measuring_is_weighed_by_the_width_that_goes():
    wide, narrow = Missing("a", "a film", 0.3), Missing("b", "the flow of saliva", 0.6)
    found = measurements(
        mouth(
            risk(last=0.5, missing=(wide,)), risk(tooth=37, last=0.5, missing=(wide,)), risk(tooth=38, last=0.01, missing=(narrow,))
        )
    )
    assert [(words, share, len(risks)) for words, share, risks in found] == [("a film", 0.3, 2), ("the flow of saliva", 0.6, 1)]


def test_what_helps_most_over_the_mouth_comes_first_and_what_harms_not_at_all():
    seal, brush, harm = (After(w, (0.1, after), "x", "A") for w, after in (("seal", 0.1), ("brush", 0.25), ("harm", 0.4)))
    found = deeds(mouth(risk(changes=(seal, brush, harm)), *(risk(tooth=t, changes=(brush,)) for t in (11, 12, 13, 14, 15))))
    assert [(d[0], d[1].tooth, d[2], d[3]) for d in found] == [("brush", 36, 0.25, 6), ("seal", 36, 0.1, 1)]


def test_abstentions_that_share_a_reason_stand_together():
    silent = [Risk("tooth loss", t, "", "", "h", abstained="a") for t in (11, 12, 13)]
    silent += [Risk("progression", 36, "O", "", "h", abstained="b")]
    assert abstentions(mouth(*silent, risk())) == [("tooth loss", "11-13", "a"), ("progression", "36 O", "b")]


def test_what_is_explained_is_what_stands_out():
    driver = (Driver("a", "a", "1", 0.5),)
    notable, faint = risk(last=0.3, drivers=driver), risk("caries onset", 11, NOTABLE["caries onset"] / 2, drivers=driver)
    found = mouth(notable, faint)
    assert explained(found, sections(found)) == [notable]
    assert explained(found, sections(found, everything=True), tooth=36) == [notable, faint]
    assert explained(mouth(faint), sections(mouth(faint))) == [faint] and explained(mouth(), []) == []
