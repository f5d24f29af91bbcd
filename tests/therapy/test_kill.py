"""Kill by catalysis needs acid, peroxide and iron oxide and has a ceiling; kill by touch needs to touch."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.kill import catalytic_activity, catalytic_kill, contact_kill

IRON = Carrier.named("iron-oxide")
HELIX = Carrier.named("helicoid")
ONE_PERCENT = 294.0  # mol/m3 of hydrogen peroxide


def test_it_works_in_acid_and_hardly_at_ph_7():
    ph = np.linspace(4.0, 8.0, 41)
    killed = catalytic_kill(IRON, 0.5, ONE_PERCENT, ph, 300.0)
    assert np.all(np.diff(killed) < 0.0)
    assert killed[5] > 4.5 and killed[30] < 0.2  # pH 4.5 and 7
    assert catalytic_activity(IRON, 1e-9, IRON.kill_ph) == pytest.approx(0.5e-9)  # half activity at half_ph


def test_well_above_half_activity_it_falls_by_the_steepness():
    low, high = catalytic_activity(IRON, 1.0, np.array([9.0, 10.0]))
    assert np.log10(low / high) == pytest.approx(IRON.kill_steepness, rel=1e-3)


def test_peroxide_saturates_at_half_speed_where_stated():
    plenty = catalytic_activity(IRON, 1e9, 4.0)
    assert catalytic_activity(IRON, IRON.kill_peroxide, 4.0) == pytest.approx(0.5 * plenty, rel=1e-6)
    assert catalytic_activity(IRON.changed(kill_peroxide=0.0), 200.0, 1.0) == pytest.approx(200.0, rel=2e-4)  # never saturates


@pytest.mark.parametrize("missing", ["iron", "peroxide", "time"])
def test_without_one_of_them_nothing_dies(missing):
    amounts = {"iron": 0.5, "peroxide": ONE_PERCENT, "time": 300.0} | {missing: 0.0}
    assert catalytic_kill(IRON, amounts["iron"], amounts["peroxide"], 4.5, amounts["time"]) == 0.0


def test_kill_starts_in_proportion_and_ends_at_the_ceiling():
    short = catalytic_kill(IRON, 0.5, ONE_PERCENT, 4.5, np.array([1e-3, 2e-3]))
    assert short[1] / short[0] == pytest.approx(2.0, rel=1e-5)
    assert catalytic_kill(IRON, 0.5, ONE_PERCENT, 4.5, 1e6) == pytest.approx(IRON.kill_ceiling)
    without = IRON.changed(kill_ceiling=0.0)
    assert catalytic_kill(without, 0.5, ONE_PERCENT, 4.5, 600.0) == pytest.approx(
        2 * catalytic_kill(without, 0.5, ONE_PERCENT, 4.5, 300.0)
    )


def test_what_does_not_catalyse_kills_nothing():
    assert catalytic_kill(Carrier.named("nano-hap"), 0.5, ONE_PERCENT, 4.5, 300.0) == 0.0


def test_what_is_not_covered_lives():
    assert contact_kill(HELIX, 0.0, 1e5) == 0.0
    assert contact_kill(HELIX, 0.9, 1e9) == pytest.approx(1.0, rel=1e-6)  # a tenth lives
    assert contact_kill(HELIX, 1.0, 86400.0) == pytest.approx(4.0, abs=0.02)
    assert np.all(np.diff(contact_kill(HELIX, np.array([0.1, 0.5, 0.99, 1.0]), 86400.0)) > 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: catalytic_kill(IRON, -1.0, 1.0, 5.0, 1.0), "iron oxide of -1 is out of range"),
        (lambda: catalytic_kill(IRON, 1.0, -1.0, 5.0, 1.0), "hydrogen peroxide of -1 mol/m3 is out of range"),
        (lambda: catalytic_kill(IRON, 1.0, 1.0, 5.0, -1.0), "a duration of -1 is out of range"),
        (lambda: contact_kill(HELIX, 1.1, 1.0), "a share covered of 1.1 is out of range"),
        (lambda: contact_kill(HELIX, np.nan, 1.0), "a share covered of nan"),
    ],
)
def test_less_than_nothing_is_refused(call, words):
    with pytest.raises(ParameterError, match=words):
        call()
