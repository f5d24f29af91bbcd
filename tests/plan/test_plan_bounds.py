"""Bounds on chances of harm: the published integers, coverage, looks, and what a certificate may say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom

from amelo.errors import ParameterError
from amelo.plan.bounds import Looks, lower_bound, most_violations, upper_bound

SPREAD = 0.05 / 48
TABLE = {  # limit, error: most violations among 64, 128, 256, 512, 1024, 2048, 4096, 8192 scenarios (P12)
    (0.05, 0.05): (0, 2, 6, 17, 39, 85, 181, 376),
    (0.02, 0.05): (-1, -1, 1, 4, 12, 30, 66, 142),
    (0.01, 0.05): (-1, -1, -1, 1, 4, 12, 30, 66),
    (0.05, SPREAD): (-1, -1, 3, 11, 30, 72, 162, 349),
    (0.02, SPREAD): (-1, -1, -1, 1, 7, 22, 55, 125),
    (0.01, SPREAD): (-1, -1, -1, -1, 1, 7, 22, 55),
}


@pytest.mark.parametrize(("limit", "error"), TABLE)
def test_the_most_violations_that_certify_are_the_published_integers(limit, error):
    sizes = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
    assert tuple(most_violations(n, limit, error) for n in sizes) == TABLE[limit, error]


@pytest.mark.parametrize(
    ("limit", "error", "needed"), [(0.05, 0.05, 59), (0.02, 0.05, 149), (0.01, 0.05, 299), (0.01, SPREAD, 684)]
)
def test_so_many_scenarios_without_a_harm_certify_and_one_fewer_do_not(limit, error, needed):
    assert most_violations(needed, limit, error) >= 0
    assert most_violations(needed - 1, limit, error) == -1


@pytest.mark.parametrize("chance", [0.003, 0.02, 0.05, 0.3])
def test_bounds_miss_the_truth_no_more_often_than_their_error(chance):
    n, error = 400, 0.05
    k = np.arange(n + 1)
    often = binom.pmf(k, n, chance)
    assert often[upper_bound(k, np.full(n + 1, n), error) < chance].sum() <= error
    assert often[lower_bound(k, np.full(n + 1, n), error) > chance].sum() <= error


def test_bounds_at_the_ends_and_in_order():
    assert float(upper_bound(10, 10, 0.05)) == 1.0
    assert float(lower_bound(0, 10, 0.05)) == 0.0
    k = np.arange(11)
    assert (np.diff(upper_bound(k, np.full(11, 10), 0.05)) >= 0.0).all()
    assert (lower_bound(k, np.full(11, 10), 0.05) < upper_bound(k, np.full(11, 10), 0.05)).all()


@pytest.mark.parametrize(
    ("violations", "count", "error"), [(-1, 10, 0.05), (11, 10, 0.05), (1, 0, 0.05), (1, 10, 0.0), (1, 10, 1.0)]
)
def test_counts_and_errors_that_cannot_be_are_refused(violations, count, error):
    with pytest.raises(ParameterError):
        upper_bound(violations, count, error)


def test_looks_share_out_the_error_and_say_what_is_not_known():
    looks = Looks((256, 512), 3, 0.05)
    assert looks.each == pytest.approx(0.05 / 6)
    assert looks.verdict(0, 256, 0.05) is True
    assert looks.verdict(60, 256, 0.05) is False
    assert looks.verdict(12, 256, 0.05) is None


def test_more_looks_at_the_edge_certify_wrongly_no_more_often_than_the_error():
    """A chance that is just beyond its limit, looked at again and again: the error of all looks together holds."""
    rng = np.random.default_rng(5)
    limit, sizes = 0.05, (128, 256, 512, 1024)
    looks = Looks(sizes, 1, 0.05)
    wrong = 0
    for _ in range(600):
        harmed = rng.random(sizes[-1]) < 0.0501
        wrong += any(looks.verdict(int(harmed[:n].sum()), n, limit) is True for n in sizes)
    assert wrong / 600 <= 0.05


def test_all_that_is_certified_at_different_times_shares_one_error():
    """Early certificates, those of the finalists and that of a probe are wrong together no more often than one may be."""
    from amelo.plan.bounds import most_violations, upper_bound
    from amelo.plan.certify import PAID, SIZES, least_provable

    assert sum(PAID.values()) == pytest.approx(1.0) and min(PAID.values()) > 0.0
    least = least_provable(0.95)
    each = PAID["final"] * 0.05 / (len(SIZES) * 10)
    assert least == pytest.approx(float(upper_bound(0, SIZES[-1], each)))
    assert most_violations(SIZES[-1], 1.001 * least, each) == 0 and most_violations(SIZES[-1], 0.999 * least, each) == -1
    assert least_provable(0.99) > least


def test_a_smaller_share_of_the_error_gives_wider_bounds():
    from amelo.plan.certify import certify
    from amelo.plan.goals import HARMS, WEIGHTS, Limits
    from amelo.plan.rollout import Outcome
    from amelo.plan.worth import Values
    from made_plans import OPERATIVE

    class Known:
        tooth = SimpleNamespace(members=256)

        def run(self, designs, first, last):
            count = last - first
            values = Values(np.ones((len(WEIGHTS), count)), np.ones(count))
            return [Outcome(values, np.zeros((len(HARMS), count), bool), None) for _ in designs]

    whole, part = (certify(Known(), [OPERATIVE], Limits(), sizes=(256,), paid=paid)[0] for paid in (1.0, 0.2))
    assert (part.upper > whole.upper).all() and whole.verdict is part.verdict is True
