"""The rows of the forecast: all there, each says whether it was fitted; and the teenagers' study on lesions of known length."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.stages.chain import frailty_nodes
from amelo.params import load_set
from amelo.validate import run_subject
from amelo.validate.forecast import FULL, IDS
from amelo.validate.visits import confined_to_enamel


def test_all_rows_are_computed_and_say_whether_they_were_fitted():
    found, missing = run_subject("forecast")
    assert not missing and [c.id for c in found] == list(IDS)
    assert all(c.verdict in ("hit", "miss") for c in found)
    for c in found:
        assert "nput of the fit" in c.note or "rediction" in c.note or "only the level of code 2" in c.note, c.id
    for name in FULL:
        assert f"forecast.{name}" in load_set("validation").parameters


def test_figures_that_are_predictions_are_not_in_the_fit():
    from amelo.forecast.restorations.hazard import published as of_restorations
    from amelo.forecast.stages.studies import published

    assert set(published()) == {
        p.name for p in load_set("natural-history") if "Input of the fit" in p.note or "only one of four" in p.note
    }
    assert not [name for name in published() if "km" in name or "icdas1" in name or "icdas3" in name]
    assert {"hazard.practice_old_10", "hazard.inlay_10"}.isdisjoint(of_restorations())


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.4])
def test_films_with_censoring_recover_the_time_in_enamel_and_completed_times_do_not(rate):
    nodes, weights = frailty_nodes(1e-3)
    through = np.array([0.05, 4.0, rate, 1.0, 0.1, 0.1, 0.1])  # outer enamel in a quarter of a year, then the rate

    def rates(ages):
        return np.broadcast_to(through, (len(ages), len(nodes), 7))

    naive, censored = confined_to_enamel(rates, weights)
    assert censored == pytest.approx(1 / rate + 0.25, rel=0.1)
    assert naive < 2.5


def test_simulated_teenagers_give_the_same():
    rng = np.random.default_rng(4)
    count = 400_000
    began = 10.5 + rng.exponential(1 / 0.1, count)
    ended = began + rng.exponential(1 / 4.0, count) + rng.exponential(1 / 0.2, count)
    films = np.arange(14, 19)
    first = np.ceil(began)
    new = (began > 14) & (first <= 18) & (ended > first)  # sound on the first film, seen in enamel on a later one
    out = np.ceil(ended)
    complete = new & (out <= 18)
    nodes, weights = frailty_nodes(1e-3)
    through = np.array([0.1, 4.0, 0.2, 1.0, 0.1, 0.1, 0.1])
    naive, _ = confined_to_enamel(lambda ages: np.broadcast_to(through, (len(ages), len(nodes), 7)), weights)
    assert naive == pytest.approx((out - first)[complete].mean(), rel=0.02)
    assert len(films) == 5
