"""The rows of the mouth: all promised rows are computed, bands are the published ones, and the known miss is still known."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.params import load_set
from amelo.twin.plaque import Plaque
from amelo.twin.saliva import saliva_profile
from amelo.validate import run_subject
from amelo.validate.mouth import IDS, brushing_area, rinse_then_rest, stephan

BANDS = {  # as published, apart from the file, so that an edit there shows here
    "T19_fall": (1.0, 9.0),
    "T19_minimum": (4.5, 5.5),
    "T19_time": (5.0, 20.0),
    "T19_return": (0.0, 60.0),
    "T19_lactate": (10.0, 60.0),
    "T20": (5.0, 5.0),
    "T22_strength": (2.6 * 0.7, 2.6 * 1.3),
    "T22_amount": (1.8 * 0.7, 1.8 * 1.3),
    "T22_rinses": (1.2 * 0.7, 1.2 * 1.3),
    "G1": (0.0, 1e-10),
    "G3": (0.0, 1e-12),
    "G7": (0.0, 30.0),
}


@pytest.fixture(scope="module")
def rows():
    found, missing = run_subject("mouth")
    assert missing == []
    return {c.id: c for c in found}


def test_every_promised_row_is_computed_and_has_its_source(rows):
    assert tuple(rows) == IDS
    for c in rows.values():
        assert c.verdict in ("hit", "miss"), f"{c.id}: {c.note}"
        assert c.source and c.what and np.isfinite(c.ours)


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_the_published_ones(name):
    p = load_set("validation")[f"mouth.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name])


def test_misses_are_those_whose_reason_is_written_down(rows):
    missed = {c.id for c in rows.values() if c.verdict == "miss"}
    assert missed == {"T21 order"}
    assert "known reason" in rows["T21 order"].note


def test_curves_of_the_places_lie_around_the_typical_one():
    saliva = saliva_profile()
    depths = [
        stephan(saliva=saliva.at(site)).ph_at_tooth.min() for site in ("upper_anterior_buccal", "typical", "lower_anterior_lingual")
    ]
    assert np.all(np.diff(depths) > 0.2)


def test_without_sugar_or_metabolism_there_is_no_curve():
    flat = stephan(rinse_then_rest(0.0, 10.0))
    assert flat.made == 0 and flat.ph_at_tooth.min() > 6.5
    from dataclasses import replace

    idle = stephan(rinse_then_rest(10.0, 10.0), plaque=replace(Plaque.typical(), production=0.0))
    assert idle.made == 0 and idle.lactate.max() < 1e-9


def test_salivary_fluoride_rises_with_strength_and_amount_and_falls_with_rinsing():
    areas = [brushing_area(strength=s) for s in (0.0, 250.0, 1150.0)]
    baseline = areas[0]
    assert baseline == pytest.approx(90 * 19.0 * saliva_profile().rest[6], rel=0.02)
    assert (areas[2] - baseline) / (areas[1] - baseline) == pytest.approx(1150 / 250, rel=1e-3)  # linear above baseline
    assert brushing_area(grams=0.5) < areas[2] and brushing_area(rinses=3) < areas[2]
