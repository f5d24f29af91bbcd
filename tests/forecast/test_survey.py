"""The survey estimator: a small design worked by hand, and the published figures when the data are here."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import FileError, FormatError
from amelo.forecast.nhanes import GROUPS, estimates, read_people
from amelo.forecast.survey import Design, survey_ratio
from amelo.params import load_set

# two strata of two units; weights 1, 1 | 2, 2 | 1, 3 | 2, 2
DESIGN = Design(np.array([1, 1, 1, 1, 2, 2, 2, 2.0]), np.array([1, 1, 2, 2, 1, 1, 2, 2.0]), np.array([1, 1, 2, 2, 1, 3, 2, 2.0]))
Y = np.array([1, 3, 2, 0, 4, 1, 0, 5.0])


def test_a_mean_by_hand():
    found = survey_ratio(DESIGN, Y)
    # Σwy = 1+3+4+0+4+3+0+10 = 25, Σw = 14
    mean = 25 / 14
    assert found.value == pytest.approx(mean)
    # sums of w(y - mean)/14 by unit: (4 - 2m), (4 - 4m), (7 - 4m), (10 - 4m), each over 14
    units = np.array([4 - 2 * mean, 4 - 4 * mean, 7 - 4 * mean, 10 - 4 * mean]) / 14
    variance = (units[0] - units[1]) ** 2 + (units[2] - units[3]) ** 2  # 2/1 · Σ(half differences)² · 2 = difference²
    assert found.error == pytest.approx(np.sqrt(variance))
    assert found.freedom == 2
    assert found.high - found.value == pytest.approx(4.302653 * np.sqrt(variance), rel=1e-6)  # t with two degrees of freedom
    assert found.people == 8


def test_a_ratio_is_a_mean_of_counts_over_counts():
    below = np.array([2, 4, 4, 4, 4, 4, 2, 5.0])
    found = survey_ratio(DESIGN, Y, below)
    assert found.value == pytest.approx(25 / np.sum(DESIGN.weight * below))
    assert survey_ratio(DESIGN, below, below).error == pytest.approx(0.0, abs=1e-15)


def test_people_outside_the_domain_still_hold_their_cluster_together():
    domain = np.array([1, 1, 0, 0, 1, 1, 1, 1], dtype=bool)
    found = survey_ratio(DESIGN, Y, domain=domain)
    assert found.freedom == 2 and found.people == 6
    mean = (1 + 3 + 4 + 3 + 0 + 10) / 10
    units = np.array([4 - 2 * mean, 0.0, 7 - 4 * mean, 10 - 4 * mean]) / 10
    assert found.error == pytest.approx(np.sqrt((units[0] - units[1]) ** 2 + (units[2] - units[3]) ** 2))


def test_scale_of_weights_and_order_of_rows_do_not_matter():
    order = np.random.default_rng(0).permutation(8)
    mixed = Design(DESIGN.stratum[order], DESIGN.unit[order], 7 * DESIGN.weight[order])
    one, other = survey_ratio(DESIGN, Y), survey_ratio(mixed, Y[order])
    assert (other.value, other.error) == pytest.approx((one.value, one.error))


def test_equal_weights_and_people_as_units_give_the_textbook_error():
    rng = np.random.default_rng(3)
    y = rng.normal(size=500)
    design = Design(np.ones(500), np.arange(500.0), np.ones(500))
    assert survey_ratio(design, y).error == pytest.approx(y.std(ddof=1) / np.sqrt(500), rel=1e-9)


def test_what_cannot_be_estimated_is_said():
    with pytest.raises(FormatError, match="nobody is in the part"):
        survey_ratio(DESIGN, Y, domain=np.zeros(8, dtype=bool))
    with pytest.raises(FormatError, match="one sampling unit only"):
        survey_ratio(Design(np.ones(3), np.ones(3), np.ones(3)), np.ones(3))
    with pytest.raises(FileError, match="no nhanes_2017_2018_tooth_level.parquet"):
        read_people("no-such-folder")


def test_the_survey_gives_the_figures_that_are_stored_and_published(shared):
    people = read_people(shared / "data")
    published = {(6, 11): 0.31, (12, 19): 2.48, (20, 34): 5.10, (50, 64): 13.15}
    stored = load_set("population")
    for low, high in GROUPS:
        found = estimates(people, low, high)
        assert found["dmft"].value == pytest.approx(published[low, high], abs=0.006)
        assert found["dmft"].freedom == 15
        for what in ("dmft", "decayed", "filled", "missing"):
            p = stored[f"nhanes.{what}_{low}_{high}"]
            assert (p.value, p.high) == pytest.approx((found[what].value, found[what].high), abs=1e-4)
        parts = [found[f"{status} 6"].value for status in ("decayed", "filled", "missing", "sound")]
        assert sum(parts) == pytest.approx(1.0)
    assert not ((people.age >= 35) & (people.age < 50)).any() and not (people.age >= 65).any()
