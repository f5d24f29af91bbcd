"""Figures of forecasts and evaluations: every kind is drawn from what there is, and says so when there is nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from synthetic_outlooks import mouth

from amelo.errors import FileError, InputError
from amelo.forecast.evaluation import Evaluation, Figure
from amelo.forecast.figures import EVALUATION_KINDS, FORECAST_KINDS, write_figure
from amelo.forecast.run import forecast


@pytest.fixture
def found(models):
    return forecast(mouth())


def evaluation(**parts) -> Evaluation:
    at = [0.01, 0.05, 0.1]
    curves = {
        "calibration_2y": {"predicted": at, "observed": [0.02, 0.04, 0.12], "low": [0.0, 0.02, 0.08], "high": [0.04, 0.06, 0.2]},
        "calibration_tenths_2y": {"predicted": at, "observed": [0.015, 0.045, float("nan")]},
        "decision_2y": {"threshold": at, "model": [0.05, 0.03, 0.02], "all": [0.04, -0.01, -0.2]},
    }
    subgroups = {
        "molars": {"harrell_c": Figure(0.7, 0.6, 0.8)},
        "a <very> $long_name$ of a subgroup, indeed": {"harrell_c": Figure(0.9, 0.8, 0.95)},
    }
    said = {"kind": "tooth-loss", "model": "a" * 64, "data": "x.csv", "rows": 10, "patients": 3, "events": 2}
    return Evaluation(**said, figures={"harrell_c": Figure(0.8, 0.7, 0.9)}, subgroups=subgroups, curves=curves, **parts)


def words(figure) -> str:
    stream = io.StringIO()
    write_figure(figure, stream, form="svg")
    return stream.getvalue()


def test_curves_go_through_the_forecast(found):
    figure = found.plot("curves")
    panels = {axes.get_title(loc="left").partition(";")[0].partition(",")[0]: axes for axes in figure.axes if axes.lines}
    assert list(panels) == ["tooth loss", "caries onset", "progression", "restoration failure"]
    loss, risk = panels["tooth loss"], found.of("tooth loss")[0]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), 100 * np.array(risk.curve[0]))
    assert [t.get_text() for t in loss.get_legend().get_texts()] == ["16", "36", "37", "22"]
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(100 * risk.high[-1])
    assert len({line.get_linestyle() for line in loss.lines[:4]}) == 4  # told apart without colour


def test_what_is_alike_is_one_curve(found):
    onset = found.of("caries onset", 16)[:1]
    alike = replace(found, risks=tuple(replace(onset[0], tooth=tooth) for tooth in (11, 12, 13)))
    (axes,) = [a for a in alike.plot("curves").axes if a.lines]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["11 P sound to enamel and 2 alike"]


def test_drivers_are_bars_of_the_log_hazard(found):
    only = replace(found, risks=tuple(r for r in found.risks if r.event == "tooth loss"))
    (axes,) = only.plot("drivers").axes
    assert sorted(bar.get_width() for bar in axes.patches) == [-0.2, 0.9]
    assert {t.get_text() for t in axes.get_yticklabels()} == {"mobility: 2 degrees", "age: 42 years"}
    assert any("× 2.5" in t.get_text() for t in axes.texts)


def test_a_forecast_of_nothing_is_not_drawn(found):
    with pytest.raises(InputError, match="nothing to draw; no risk is forecast"):
        replace(found, risks=tuple(r for r in found.risks if r.abstained)).plot()
    with pytest.raises(InputError, match="'curve' is not a kind of plot; did you mean 'curves'"):
        found.plot("curve")
    silent = replace(found, risks=tuple(replace(r, drivers=()) for r in found.risks))
    assert "no model gave its reasons" in words(silent.plot("drivers"))


@pytest.mark.parametrize("kind", ["all", *FORECAST_KINDS])
def test_every_kind_of_forecast_is_drawn_and_the_same_each_time(found, kind):
    assert words(found.plot(kind)) == words(found.plot(kind))


@pytest.mark.parametrize("kind", ["all", *EVALUATION_KINDS])
def test_every_kind_of_evaluation_is_drawn(kind):
    said = words(evaluation().plot(kind))
    assert "10 teeth of 3 patients, 2 events" in said and said == words(evaluation().plot(kind))


def test_the_panels_show_the_curves():
    figure = evaluation().plot()
    calibration, decision, forest = (axes for axes in figure.axes if axes.lines)
    assert list(calibration.lines[0].get_xdata()) == [1.0, 5.0, 10.0]
    assert [t.get_text() for t in calibration.get_legend().get_texts()] == ["2 y", "tenths 2 y", "as predicted"]
    assert list(decision.lines[0].get_ydata()) == [0.05, 0.03, 0.02] and decision.get_ylim()[0] > -0.2
    assert [t.get_text() for t in forest.get_yticklabels()][-1] == "all" and len(forest.get_yticklabels()) == 3


def test_an_evaluation_without_curves_says_so():
    bare = replace(evaluation(), curves={})
    assert len([a for a in bare.plot().axes if a.lines]) == 1
    with pytest.raises(InputError, match="this evaluation has no calibration"):
        bare.plot("calibration")
    with pytest.raises(InputError, match="this evaluation has no curves"):
        replace(bare, subgroups={}).plot()


def test_a_figure_that_cannot_be_written_is_said(found, tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        write_figure(found.plot("drivers"), tmp_path / "no" / "x.png")
