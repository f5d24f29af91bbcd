"""Trials are read as they are written, and refused in one sentence when they cannot be trials."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import FileError, FormatError
from amelo.therapy.resilience.trials import Spread, fit_spread, make_trials, read_spread, read_trials

LAW = Spread(0.5, 0.6, 0.2, 100)
HEAD = "trial,treat_code,mean_dmfs_increment,n,bias\n"


def made(rows):
    return make_trials(*np.array(rows, float).T, spread=LAW)


def test_the_law_of_spread_is_found_again():
    rng = np.random.default_rng(1)
    means = rng.uniform(0.5, 10, 4000)
    law = fit_spread(means, np.exp(0.6 + 0.55 * np.log(means) + rng.normal(0, 0.2, 4000)))
    assert (law.intercept, law.slope, law.residual) == pytest.approx((0.6, 0.55, 0.2), abs=0.02)
    assert law.arms == 4000


def test_the_variance_of_the_log_of_a_mean_is_what_sampling_gives():
    """Means of children drawn from a skewed law with the standard deviation of the law of spread."""
    rng = np.random.default_rng(2)
    mean, n = 4.0, 200
    sd = np.exp(LAW.intercept + LAW.slope * np.log(mean))
    shape = (mean / sd) ** 2
    logs = np.log(rng.gamma(shape, mean / shape, (20000, n)).mean(axis=1))
    assert LAW.variance(np.array(mean), np.array(n)) == pytest.approx(logs.var(), rel=0.04)


def test_arms_become_contrasts_that_share_their_first_arm():
    (trial,) = made([(7, 4, 3.0, 100, 1), (7, 2, 5.0, 200, 1), (7, 3, 4.0, 50, 1)])
    assert trial.treatments == ("placebo", "toothpaste", "rinse") and trial.at_risk and trial.children == 350
    assert trial.contrasts == pytest.approx(np.log([4.0 / 5.0, 3.0 / 5.0]))
    assert trial.covariance[0, 1] == trial.covariance[1, 0] == trial.variance[0]
    assert np.diag(trial.covariance) == pytest.approx(trial.variance[1:] + trial.variance[0])


def test_the_covariance_of_contrasts_is_that_of_simulated_arms():
    (trial,) = made([(1, 2, 5.0, 100, 0), (1, 3, 4.0, 150, 0), (1, 5, 3.0, 80, 0)])
    arms = np.random.default_rng(3).normal(trial.log_mean, np.sqrt(trial.variance), (200_000, 3))
    assert np.cov((arms[:, 1:] - arms[:, :1]).T) == pytest.approx(trial.covariance, rel=0.02)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, 2, 5, 100, 0)], "trial 1: it has one arm"),
        ([(1, 2, 5, 100, 0), (1, 9, 5, 100, 0)], "unknown code"),
        ([(1, 2, 5, 100, 0), (1, 2.5, 5, 100, 0)], "unknown code"),
        ([(3, 2, 5, 100, 0), (3, 2, 4, 100, 0)], "trial 3: a treatment stands in it twice"),
        ([(1, 2, 0, 100, 0), (1, 3, 4, 100, 0)], "not above 0"),
        ([(1, 2, 5, 100, 0), (1, 3, 4, -1, 0)], "not above 0"),
        ([(1, 2, 5, 100, 0), (1, 3, 4, 100, 1)], "risk of bias"),
        ([(1, 2, 5, 100, 2), (1, 3, 4, 100, 2)], "risk of bias"),
    ],
)
def test_what_is_no_trial_is_refused(rows, words):
    with pytest.raises(FormatError, match=words):
        made(rows)


def test_files_are_refused_by_name(tmp_path):
    with pytest.raises(FileError, match="arms.csv"):
        read_trials(tmp_path / "arms.csv", LAW)
    path = tmp_path / "arms.csv"
    path.write_text("trial,treat_cod,mean_dmfs_increment,n,bias\n1,2,3,4,0\n")
    with pytest.raises(FormatError, match="column treat_code is missing; did you mean 'treat_cod'"):
        read_trials(path, LAW)
    path.write_text(HEAD + "1,2,3,4,0\n1,3,,4,0\n")
    with pytest.raises(FormatError, match="row 2 has no number in column mean_dmfs_increment"):
        read_trials(path, LAW)
    path.write_text(HEAD + "1,2,3,4,0\n")
    with pytest.raises(FormatError, match="arms.csv: trial 1: it has one arm"):
        read_trials(path, LAW)
    path.write_text("")
    with pytest.raises(FormatError, match="not a readable table"):
        read_trials(path, LAW)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError):
        read_trials(path, LAW)
    path.write_text("nfluor,meanfluor,sdfluor,nplacebo,meanplacebo,sdplacebo\n10,-1,2,10,3,2\n10,1,2,10,3,2\n")
    with pytest.raises(FormatError, match="above 0"):
        read_spread(path)


def test_the_130_trials_are_as_described(shared):
    spread = read_spread(shared / "data" / "fluoride_toothpaste_marinho_70.csv")
    trials = read_trials(shared / "data" / "fluoride_nma_130_trials_arms.csv", spread)
    assert len(trials) == 130 and sum(t.children for t in trials) == 66778
    assert [sum(len(t.treatments) == k for t in trials) for k in (2, 3, 4)] == [121, 8, 1]
    assert spread.arms == 140 and 0.4 < spread.slope < 0.7
