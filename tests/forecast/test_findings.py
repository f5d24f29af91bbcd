"""From the chart to stages."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.stages.chain import STAGES
from amelo.forecast.stages.findings import CHART, charted, draw_stages, following, stage_chances
from amelo.params import load_set
from amelo.records.tooth import Finding

CONSTANTS = {p.name: {"value": p.value} for p in load_set("natural-history")}


def chances(**words) -> dict[str, float]:
    found = stage_chances(Finding(surface="O", **words), CONSTANTS)
    return {stage: round(float(chance), 6) for stage, chance in zip(STAGES, found, strict=True) if chance}


def depth(**words) -> float:
    return float(np.arange(len(STAGES)) @ stage_chances(Finding(surface="O", **words), CONSTANTS))


def test_a_film_settles_the_depth():
    assert chances(radiograph="E2", icdas=2) == {"E2": 1.0}
    assert chances(radiograph="D2") == {"D2": 1.0}
    assert chances(radiograph="D1") == {"border": 0.4, "D1": 0.6}


def test_a_code_alone_leaves_the_depth_open():
    assert set(chances(icdas=2)) == {"E1", "E2", "border", "D1"}
    assert sum(chances(icdas=2).values()) == pytest.approx(1.0)
    assert [depth(icdas=k) for k in range(7)] == sorted(depth(icdas=k) for k in range(7))


def test_a_film_that_shows_nothing_makes_a_code_shallower_but_not_sound():
    assert 1.0 <= depth(icdas=2, radiograph="none") < depth(icdas=2)
    assert chances(icdas=0, radiograph="none") == {"sound": 1.0}
    assert chances(icdas=5, radiograph="none") == chances(icdas=5)


def test_an_open_cavity_is_not_undone_by_a_film():
    assert chances(icdas=5, radiograph="E1") == chances(icdas=5)


def test_nothing_written_is_nothing_known():
    assert stage_chances(Finding(surface="O"), CONSTANTS) is None


def test_draws_follow_the_chances():
    found = stage_chances(Finding(surface="O", icdas=3), CONSTANTS)
    drawn = draw_stages(found, (np.arange(10000) + 0.5) / 10000)
    assert np.bincount(drawn, minlength=8) / 10000 == pytest.approx(found, abs=1e-3)
    assert draw_stages(found, np.array([1.0 - 1e-16]))[0] < len(STAGES)


def test_names_of_a_chart():
    assert charted(stage_chances(Finding(surface="O", radiograph="D1"), CONSTANTS)) == "D1"
    assert [following(k) for k in range(8)] == [1, 2, 3, 5, 5, 6, 7, 7]
    assert len(CHART) == len(STAGES)
