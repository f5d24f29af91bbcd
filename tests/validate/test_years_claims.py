"""The rows of the years: all there, their bands as stated beforehand, each says what it is, and what they run can miss."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.params import load_set
from amelo.validate import living, run_subject, years

VALIDATION = load_set("validation")
KINDS = ("Prediction", "Calibrated on", "Input")

BANDS = {  # as the page of science states them, apart from the file, so that an edit there shows here
    "P8_difference": (3.1, 26.3),
    "P9_total": (91.2, 100.0),
    "P9_selective": (70.9, 90.9),
    "C9_ratio": (0.11, 0.33),
    "C12_practice": (100 * 0.921**10, 100 * 0.977**10),
    "C12_high_10": (100 * np.exp(-0.58), 100 * np.exp(-0.38)),
    "C14": (76.0, 92.0),
    "C15": (0.01, 0.36),
    "C16_20": (76.0, 86.0),
    "C17": (91.5, 99.4),
    "vital_24": (91.0, 97.0),
}


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_those_that_were_stated(name):
    p = VALIDATION[f"years.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name], abs=0.06)


@pytest.fixture(scope="module")
def rows():
    return {row.id: row for row in years.claims()}


def test_every_row_has_its_band_and_every_band_its_row(rows):
    known = {p.name for p in VALIDATION if p.name.startswith("years.") and ".input." not in p.name}
    assert known == {f"years.{name}" for name in years.ROWS} and set(rows) == set(years.IDS) <= set(living.IDS)


def test_every_row_was_computed_and_says_what_it_is(rows):
    for name, row in rows.items():
        assert row.ours is not None, row.note
        assert row.note.startswith(KINDS), f"{name}: {row.note}"


def test_what_is_calibrated_on_is_no_prediction_and_what_is_predicted_was_not_fitted(rows):
    calibrated = {name for name, row in rows.items() if row.note.startswith("Calibrated on")}
    assert calibrated == {
        "P8 fitted",
        "C12 average 5",
        "C12 average 10",
        "C12 high 5",
        "C12 high 10",
        "C12 practice",
        "C16 10",
        "C16 37",
        "C17",
    }
    assert rows["P8 fitted"].ours == pytest.approx(46.3, abs=0.1)


def test_misses_are_shown_as_misses(rows):
    """Where published results contradict each other, or one law does not hold both, the table says so."""
    missed = {name for name, row in rows.items() if row.verdict == "miss"}
    assert {"P9 total", "P9 selective", "P9 difference", "C16 20"} <= missed
    assert len(missed) < len(rows) / 3


def test_exposure_is_what_tells_the_arms_of_p8_apart(rows, monkeypatch):
    assert rows["P8 difference"].ours == pytest.approx(14.3 * (0.6697 - 0.0900) * 1.0, abs=0.2)
    monkeypatch.setattr(years, "_input", lambda name: 35.5)
    assert years.ROWS["P8_difference"][1]() == pytest.approx(0.0)


def test_a_change_of_the_model_shows(monkeypatch):
    monkeypatch.setattr(years, "success_after", lambda *_, **__: np.float64(0.5))
    for name in ("P8_difference", "C14", "vital_24"):
        p = VALIDATION[f"years.{name}"]
        assert not p.low <= years.ROWS[name][1]() <= p.high


def test_the_subject_living_shows_them_too():
    told = []
    found, missing = run_subject("living", on_progress=lambda fraction, message: told.append((fraction, message)))
    assert not missing and {"P1 load a", "P8 difference", "C17"} <= {row.id for row in found} and told[-1][0] <= 1.0
