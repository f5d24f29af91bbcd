"""The penalised Cox peer of the bench reaches its optimum, also where columns are collinear."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def ridge_cox(root, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(root / "bench"), *sys.path])
    import forecast  # the bench, not the package

    return forecast.ridge_cox


def drawn(count: int = 300, columns: int = 4, seed: int = 0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, columns))
    lost = rng.exponential(1.0 / np.exp(x @ np.linspace(-1, 1, columns)))
    seen = rng.uniform(0.2, 3.0, count)
    return x, np.minimum(lost, seen), lost <= seen


@pytest.mark.parametrize("ridge", [1.0, 50.0])
def test_slopes_are_those_of_lifelines(ridge_cox, ridge):
    from lifelines import CoxPHFitter

    x, t, e = drawn()
    table = pd.DataFrame(x, columns=list("abcd")).assign(t=t, e=e)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lifelines about its own use of pandas
        theirs = CoxPHFitter(penalizer=ridge / len(t)).fit(table, "t", "e")
    scale = x.std(0, ddof=1)  # lifelines penalises slopes of scaled columns
    ours = ridge_cox((x - x.mean(0)) / scale, t, e, ridge) / scale
    assert ours == pytest.approx(theirs.params_.to_numpy(), abs=2e-4)


def test_collinear_columns_and_rare_ones_have_an_optimum(ridge_cox):
    x, t, e = drawn()
    rare = np.zeros(len(t))
    rare[0] = 120.0  # one row far out, as a spline column of a rare finding is
    slopes = ridge_cox(np.column_stack([x, x, x[:, :1] + x[:, 1:2], rare]), t, e, 1.0)
    assert slopes[:4] == pytest.approx(slopes[4:8], abs=1e-3) and np.abs(slopes).max() < 3


def test_ties_are_risked_together(ridge_cox):
    x, t, e = drawn(200)
    t = np.ceil(4 * t)  # many teeth share a time

    def less(slopes: np.ndarray) -> float:
        score = x @ slopes
        sums = [np.log(np.exp(score[t >= when]).sum()) for when in t[e]]
        return float(np.sum(sums) - score[e].sum() + 0.5 * 2.0 * slopes @ slopes)

    best = ridge_cox(x, t, e, 2.0)
    rng = np.random.default_rng(1)
    assert all(less(best) < less(best + 0.02 * rng.standard_normal(4)) for _ in range(50))


def test_what_does_not_converge_is_said(ridge_cox, monkeypatch):
    from scipy import optimize

    x, t, e = drawn(50)
    monkeypatch.setattr(
        optimize, "minimize", lambda *a, **k: optimize.OptimizeResult(success=False, message="too few steps", x=a[1])
    )
    with pytest.raises(RuntimeError, match="did not converge: too few steps"):
        ridge_cox(x, t, e, 1.0)
