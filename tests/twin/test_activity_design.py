"""The design of mouths behind the activity, and how it is learned: what is drawn can be lived, signs hold, scores mean what they say."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from amelo.protocol.day import day_of
from amelo.twin.activity import activity_table


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "bench"), *sys.path])
    import activity  # the bench, not the package
    import activity_fit

    return activity, activity_fit


def test_drawn_mouths_are_the_same_each_time_and_have_a_day(bench):
    design, _ = bench
    first, again = (list(islice(design.mouths(), 30)) for _ in range(2))
    assert [row[2] for row in first] == [row[2] for row in again]
    assert [row[1] for row in first[:3]] == ["drawn", "snacks", "fluoride"]
    for _, _, case, plaque in first:
        assert sum(step.duration for step in day_of(case).steps) == pytest.approx(86_400.0)
        assert 50e-6 <= plaque <= 1e-3
    assert len({row[2].saliva.pH for row in first}) == 10


def test_the_second_life_eats_less_and_the_third_has_other_fluoride(bench):
    design, _ = bench
    rows = list(islice(design.mouths(), 60))
    for drawn, fewer, other in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        assert set(fewer[2].diet.meals) <= set(drawn[2].diet.meals) and fewer[2].hygiene == drawn[2].hygiene
        assert other[2].diet == drawn[2].diet and other[2].hygiene != drawn[2].hygiene
        assert drawn[2].saliva == fewer[2].saliva == other[2].saliva


def test_the_shipped_table_is_of_this_design(bench):
    design, learn = bench
    made = activity_table()["provenance"]
    assert made["design_seed"] == design.SEED and made["lives"] <= 3 * design.BASES
    for name, (low, high, _) in activity_table()["ranges"].items():
        assert low < high, name
    assert set(activity_table()["sites"]["enamel plaque"]["features"]) <= set(learn.FEATURES)


def test_what_is_learned_follows_a_known_law_with_its_signs(bench, monkeypatch):
    _, learn = bench
    monkeypatch.setattr(learn, "STARTS", 1)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 3))
    z = 5.0 + 2.0 * np.tanh(x[:, 0]) - 0.5 * x[:, 1] + 0.05 * rng.normal(size=150)
    (member,) = learn.fit(x, z, np.array([1, -1, 0]))
    assert (np.asarray(member["inner"])[:, 0] >= 0).all() and (np.asarray(member["inner"])[:, 1] <= 0).all()
    assert member["slopes"][0] >= 0.0 >= member["slopes"][1] and (member["height"] >= 0).all()
    told = member["level"] + x @ member["slopes"] + np.tanh(x @ member["inner"].T + member["shift"]) @ member["height"]
    assert np.abs(told - z).mean() < 0.2


def test_a_mouth_that_loses_nothing_says_no_more_than_that(bench, monkeypatch):
    """Of a straight law that is cut off at 0 the whole is found, since the part that was cut off asks for nothing."""
    _, learn = bench
    monkeypatch.setattr(learn, "STARTS", 1)
    x = np.random.default_rng(5).normal(size=(300, 1))
    (member,) = learn.fit(x, np.maximum(2.0 * x[:, 0], 0.0), np.array([1]))
    told = member["level"] + x @ member["slopes"] + np.tanh(x @ member["inner"].T + member["shift"]) @ member["height"]
    assert np.abs(np.maximum(told, 0.0) - np.maximum(2.0 * x[:, 0], 0.0)).mean() < 0.02
    assert told[x[:, 0] < -1.0].max() < -0.5


def test_a_law_against_its_sign_is_not_learned(bench, monkeypatch):
    _, learn = bench
    monkeypatch.setattr(learn, "STARTS", 1)
    x = np.random.default_rng(2).normal(size=(80, 1))
    (member,) = learn.fit(x, -x[:, 0], np.array([1]))
    assert member["slopes"][0] >= 0.0


def test_scores_of_a_perfect_and_of_a_reversed_prediction(bench):
    _, learn = bench
    rows = [{"base": base, "life": life} for base in range(4) for life in ("drawn", "snacks", "fluoride")]
    y = np.array([5.0, 2.0, 3.0, 8.0, 1.0, 4.0, 0.2, 0.0, 6.0, 9.0, 0.0, 7.0])
    z = np.arcsinh(y / 3.0)
    good, bad = learn.scores(z, z, y, 3.0, rows), learn.scores(3.0 - z, z, y, 3.0, rows)
    assert good["r2_scaled"] == good["r2_rate"] == good["same_side"] == good["right_snacks"] == good["right_fluoride"] == 1.0
    assert good["median_relative_error"] == 0.0 and bad["r2_rate"] < 0.0 and bad["right_fluoride"] == 0.0
    assert (good["losing"], good["pairs_snacks"], good["pairs_fluoride"]) == (0.75, 3, 4)  # 0.2 is less than a tenth of the scale


def test_errors_are_quantiles_in_strips_of_what_was_predicted(bench):
    _, learn = bench
    out = np.linspace(-2.0, 5.0, 600)
    z = np.maximum(out + np.where(out > 1.5, 1.0, 0.1) * np.random.default_rng(3).normal(size=600), 0.0)
    table = learn.error_table(out, z)
    widths = [row[-3] - row[2] for row in table["quantiles"]]
    assert widths[0] == 0.0 and widths[-1] > 5.0 * widths[2] > 0.0 and (np.diff(table["centres"]) > 0).all()
    assert all(len(row) == len(table["probabilities"]) for row in table["quantiles"])


@pytest.mark.parametrize(
    ("value", "way", "rounded"), [(4997.0, 1, 5000.0), (0.05021, -1, 0.05), (45.0, 1, 45.0), (7.46, 1, 7.5), (0.0, -1, 0.0)]
)
def test_ranges_are_rounded_outward(bench, value, way, rounded):
    assert bench[1].outward(value, way) == pytest.approx(rounded)
