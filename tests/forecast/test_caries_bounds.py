"""Bounds on the age at caries: on children whose true ages are known, as many molars outlast them as is said."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest

from amelo.forecast.bounds import LEVELS, missed
from amelo.forecast.caries.bounds import (
    DATINGS,
    GRID,
    LATEST,
    SCORED,
    Coverage,
    Missed,
    Seen,
    curves_of,
    fit_bounds,
    lower_bounds,
    outlasts,
)

NODES = np.linspace(-4, 4, 41)
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()
AT = np.linspace(-4, 4, 161)  # of the score, where curves are computed and then interpolated


class Children:
    """Molars of children with a frailty and one hazard since now: what a model says of them, when caries came, when it was seen."""

    def __init__(self, count: int, seed: int, *, sigma: float = 1.5, wrong: float = 0.0, rate: float = 0.04) -> None:
        rng = np.random.default_rng(seed)
        self.child = np.repeat(np.arange(count), rng.integers(1, 5, count))
        n = len(self.child)
        eta = rng.normal(scale=0.7, size=count)[self.child] + rng.normal(scale=0.4, size=n)
        level = np.log(rate) + eta + sigma * rng.normal(size=count)[self.child]
        self.true = rng.exponential(size=n) / np.exp(level)
        visits = np.concatenate([np.zeros((count, 1)), np.cumsum(rng.uniform(0.8, 1.2, (count, 5)), axis=1)], axis=1)
        last = rng.choice([1, 2, 3, 4, 5], count, p=[0.05, 0.05, 0.1, 0.4, 0.4])
        at = np.where(np.arange(6) <= last[:, None], visits, np.nan)[self.child]
        before = at < self.true[:, None]
        self.low = np.where(before, at, 0.0).max(1)
        after = np.where(at >= self.true[:, None], at, np.inf).min(1)
        self.high = np.where(np.isfinite(after), after, np.nan)
        table = -np.expm1(-np.exp(np.log(rate) + AT[:, None, None] + sigma * NODES) * GRID[:, None]) @ WEIGHTS
        said = np.clip(eta * (1 + wrong), AT[0], AT[-1])
        self.risk = np.stack([np.interp(said, AT, column) for column in table.T], axis=1)

    @cached_property
    def seen(self) -> Seen:
        return Seen.of(self.risk, self.low, self.high, self.child)

    def outlasted(self, part, level, of=None) -> float:
        at = lower_bounds(part, self.risk, level)
        of = (at < LATEST) if of is None else of
        return float((self.true >= at)[of].mean())

    @property
    def top(self) -> np.ndarray:
        return self.risk[:, SCORED] >= np.quantile(self.risk[:, SCORED], 0.95)


@pytest.fixture(scope="module")
def many():
    return Children(12_000, seed=1)


@pytest.fixture(scope="module")
def part(many):
    return fit_bounds(many.seen)


@pytest.fixture(scope="module")
def fresh():
    return Children(40_000, seed=2)


@pytest.mark.parametrize("level", LEVELS)
def test_as_many_true_ages_lie_beyond_the_bound_as_it_says(part, fresh, level):
    assert fresh.outlasted(part, level) == pytest.approx(1 - level, abs=0.012)
    assert fresh.outlasted(part, level, fresh.top) == pytest.approx(1 - level, abs=0.03)
    everyone = np.ones(len(fresh.low), bool)
    assert fresh.outlasted(part, level, everyone) >= 1 - level - 0.01


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("wrong", [-0.5, 0.6])
def test_a_model_that_is_too_timid_or_too_bold_is_put_right(fresh, level, wrong):
    part = fit_bounds(Children(12_000, seed=3, wrong=wrong).seen)
    new = Children(40_000, seed=4, wrong=wrong)
    assert new.outlasted(part, level) == pytest.approx(1 - level, abs=0.015)
    assert new.outlasted(part, level, new.top) == pytest.approx(1 - level, abs=0.035)
    naive = {**part, "risk": [list(LEVELS)] * len(part["risk"])}  # the model's own quantiles
    assert abs(new.outlasted(naive, level, new.top) - 1 + level) > 0.3 * level


def test_to_divide_the_year_evenly_would_fall_short_among_the_riskiest(many, part, fresh):
    """Those of a mouth that decays early do so early in the year; this is why the curve dates them."""
    at = (np.arange(12) + 0.5) / 12
    evenly = fit_bounds(replace(many.seen, pieces=many.low[:, None] + (many.high - many.low)[:, None] * at))
    for level, short in ((0.10, 0.025), (0.05, 0.02)):
        ours, theirs = (fresh.outlasted(p, level, fresh.top) for p in (part, evenly))
        assert ours > theirs + short
        assert ours > 1 - level - 0.02


def test_the_three_datings_hold_the_truth_between_them(many, part, fresh):
    for level in LEVELS:
        at = lower_bounds(part, fresh.risk, level)
        likely, earliest, latest = (1 - Missed(at, fresh.seen, d)() for d in DATINGS)
        truth = (fresh.true >= at).mean()
        assert earliest < truth < latest
        assert likely == pytest.approx(truth, abs=0.005)
        figures = Coverage.of(part, fresh.seen).figures()
        assert figures[f"coverage_{100 * (1 - level):.0f}"] == pytest.approx(likely)
        assert figures[f"coverage_{100 * (1 - level):.0f}_at_least"] == pytest.approx(earliest)


def test_a_few_children_set_bounds_that_hold_on_average_however_alike_their_molars(fresh):
    """With 60 children and a strong frailty single bounds are off by points, but their mean keeps what is said."""
    found = {level: [] for level in LEVELS}
    for seed in range(60):
        few = Children(60, seed=100 + seed, sigma=2.0)
        part = fit_bounds(few.seen)
        new = Children(2_000, seed=900 + seed, sigma=2.0)
        for level in LEVELS:
            found[level].append(new.outlasted(part, level, np.ones(len(new.low), bool)))
    for level in LEVELS:
        assert np.mean(found[level]) >= 1 - level - 2 * np.std(found[level]) / np.sqrt(60)


def test_children_and_not_molars_make_bounds_cautious():
    one = Children(150, seed=8)
    alone = fit_bounds(replace(one.seen, child=np.arange(len(one.child))))  # as if each molar had a mouth of its own
    together = fit_bounds(one.seen)
    assert all(b <= a for x, y in zip(alone["risk"], together["risk"], strict=True) for a, b in zip(x, y, strict=True))
    assert together["risk"] != alone["risk"]


def flat(low, high, child=None):
    """Return molars whose curve is so low that caries is as likely on each day of its interval."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    return Seen.of(np.outer(np.full(len(low), 1e-6), GRID), low, high, np.arange(len(low)) if child is None else child)


def test_the_share_missed_is_that_of_kaplan_and_meier_when_days_are_known():
    rng = np.random.default_rng(0)
    time, event = rng.exponential(3, 500).round(1) + 0.1, rng.random(500) < 0.6  # with ties
    bounds, weight = rng.uniform(0.5, 4, 500), rng.integers(0, 3, 500).astype(float)
    seen = flat(time, np.where(event, time + 1e-9, np.nan))
    for w in (None, weight):
        for dating in DATINGS:
            assert Missed(bounds, seen, dating)(w) == pytest.approx(missed(bounds, time, event, w)), dating


def test_the_share_missed_by_hand():
    seen = flat([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, np.nan, np.nan])
    likely, earliest, latest = (Missed(np.full(4, 0.5), seen, d) for d in DATINGS)
    assert likely() == pytest.approx(1 / 8)  # half of the first interval lies before half a year
    assert (earliest(), latest()) == (0.25, 0.0)
    assert likely(np.array([2.0, 1, 1, 0])) == pytest.approx(1 / 4)
    gone = Missed(np.full(2, 2.0), flat([1.0, 1.5], [np.nan, 1.7]))
    assert gone() == pytest.approx(1.0)  # one left at 1 year, the other, then the only one, became carious before 2
    assert gone(np.zeros(2)) == 0.0


def test_caries_is_dated_by_the_curve_where_it_is_steep_early_and_evenly_where_it_is_late():
    low, high = np.array([0.0, 0.0, 1.0, 3.5]), np.array([1.0, 1.0, np.nan, 7.0])
    early, late = 1 - np.exp(-3 * GRID), np.clip((GRID - 0.9) / 10, 0, 1)
    seen = Seen.of(np.stack([early, late, early, 1 - np.exp(-0.3 * GRID)]), low, high, np.arange(4))
    evenly = (np.arange(12) + 0.5) / 12
    of = np.interp(evenly * early[24], np.append(0, early), np.append(0, GRID))
    assert np.allclose(seen.pieces[0], of, atol=1e-3)
    assert np.allclose(seen.pieces[1], evenly)  # a molar that comes through late: no later than evenly
    assert np.isnan(seen.pieces[2]).all()
    assert ((seen.pieces[3] > 3.5) & (seen.pieces[3] < 7)).all()  # beyond the last bound the rate of the last years goes on
    assert (np.diff(seen.pieces[3]) > 0).all() and seen.pieces[3].mean() < 5.25


def test_riskier_molars_and_wider_coverage_have_earlier_bounds(part):
    risk = -np.expm1(-np.outer([0.02, 0.1, 0.5], GRID))
    ninety, more = (lower_bounds(part, risk, level) for level in (0.10, 0.05))
    assert (np.diff(ninety) < 0).all()
    assert (more <= ninety).all() and (more[1:] < ninety[1:]).all()


def test_no_bound_is_later_than_the_model_reaches(part):
    risk = -np.expm1(-0.01 * GRID)
    assert outlasts(part, risk, LATEST) == ((0.90, LATEST), (0.95, LATEST))
    assert outlasts(part, risk, 1.5) == ((0.90, 1.5), (0.95, 1.5))
    assert outlasts(part, risk, 0.01) == ()


def test_coverage_across_halves_never_judges_a_child_by_itself(many):
    across = Coverage.across(many.seen)
    figures = across.figures()
    for level in LEVELS:
        name = f"coverage_{100 * (1 - level):.0f}"
        assert figures[name] == pytest.approx(1 - level, abs=0.02)
        assert figures[f"{name}_riskiest"] == pytest.approx(1 - level, abs=0.04)
        assert figures[f"{name}_riskiest_at_least"] < figures[f"{name}_riskiest"] < figures[f"{name}_riskiest_at_most"]
    two = np.zeros(int(many.child.max()) + 1)
    two[:2] = 1
    assert across.figures(two) != figures


def test_curves_are_the_risk_at_every_time_of_the_grid():
    class Straight:
        def risk(self, years):
            return np.array([0.01, 0.1]) * years

    assert np.allclose(curves_of(Straight()), np.outer([0.01, 0.1], GRID))
    assert GRID[SCORED] == pytest.approx(2.0)
