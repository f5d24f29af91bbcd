"""Figures in words."""

from __future__ import annotations

import pytest

from amelo.forecast.artefact import find_model
from amelo.forecast.names import figure_name


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("harrell_c", "Harrell C"),
        ("ici_2y", "ICI at 2 y"),
        ("calibration_slope_2.5y", "calibration slope at 2.5 y"),
        ("auc_expected_3y", "AUC of all at 3 y"),
        ("expected_observed_4y_known", "expected / observed at 4 y, known teeth"),
        ("coverage_95", "coverage of 95 % bounds"),
        ("coverage_90_riskiest_at_least", "coverage of 90 % bounds, riskiest twentieth, at least"),
        ("coverage_90_bounded", "coverage of 90 % bounds, those within reach"),
        ("something_else", "something else"),
    ],
)
def test_a_figure_is_named_in_words(key, words):
    assert figure_name(key) == words


@pytest.mark.parametrize("kind", ["tooth-loss", "caries-onset"])
def test_no_two_figures_of_a_card_share_a_name(kind):
    figures = find_model(kind)["card"]["dev"]["figures"]
    names = [figure_name(key) for key in figures]
    assert len(set(names)) == len(names) and not any("_" in name for name in names)
