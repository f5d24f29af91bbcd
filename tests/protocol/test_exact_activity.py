"""The activity of a mouth by running the twin: what the schedule is, what the rate means, and how near the learned one comes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from amelo.errors import CommandError, RecordError
from amelo.protocol.activity import DAYS, daily_schedule, exact_activity, rate_of, surface_twin
from amelo.records.case import load_case
from amelo.twin.activity import PER_DAY, activity_of, filled
from amelo.twin.schedule import duration, unrolled

CASES = Path(__file__).parents[2] / "cases"
slow = pytest.mark.skipif(os.environ.get("AMELO_SLOW") != "1", reason="set AMELO_SLOW=1: runs of the twin")
NAMES = ["felix-healthy", "greta-dry-mouth", "ines-hypersensitivity", "jonas-approximal", "kira", "noor-white-spots"]


@pytest.fixture(scope="module")
def kira():
    return load_case(CASES / "kira.json")


def test_the_schedule_is_the_same_day_again_and_again(kira):
    schedule = daily_schedule(kira, 4)
    assert duration(schedule) == pytest.approx(4 * 86_400.0)
    assert schedule[0].count == 4 and len(schedule) == 1
    assert duration(daily_schedule(kira, 1)) == pytest.approx(86_400.0)
    segments = list(unrolled(schedule))
    sugar = np.reshape([s.exposure.sugar for s in segments], (4, -1))
    assert (sugar == sugar[0]).all() and sugar.max() > 0.0


def test_the_day_is_that_of_the_protocol_once_it_repeats(kira):
    from amelo.protocol.record import Protocol

    parts = Protocol.parse("repeat 9 times:\n    day of case").schedule(kira)[-1].parts
    own, early = daily_schedule(kira, 2)[0].parts, daily_schedule(kira, 2, before=0)[0].parts
    for value in (lambda s: s.exposure.sugar, lambda s: s.exposure.activity, lambda s: s.exposure.fluid.totals_mmol_per_kgw["F"]):
        dose = [sum(s.duration * value(s) for s in segments) for segments in (own, parts)]
        assert dose[0] == pytest.approx(dose[1], rel=1e-2)
    first, later = (sum(s.duration * s.exposure.activity for s in segments) for segments in (early, own))
    assert first > 1.2 * later  # a mouth that had never been brushed


def test_a_surface_is_sound_and_as_thick_as_usual_and_a_wrong_tissue_is_refused(kira):
    clean, covered = surface_twin(kira, "enamel", 0.0), surface_twin(kira, "dentine", 200e-6)
    assert clean.specimen.lesion is None and clean.specimen.biofilm is None
    assert covered.specimen.biofilm.thickness.value == pytest.approx(200e-6)
    with pytest.raises(CommandError, match="dentine"):
        surface_twin(kira, "dentin", 0.0)


def test_a_tooth_that_is_not_there_is_refused(kira):
    with pytest.raises(RecordError, match="tooth"):
        exact_activity(kira, 99, "O")
    with pytest.raises(CommandError, match="tooth and surface"):
        exact_activity(kira, 36)


@slow
def test_the_rate_is_the_mean_of_the_last_days_and_loss_less_gain(kira):
    found = rate_of(surface_twin(kira, "dentine", 150e-6), daily_schedule(kira, DAYS))
    assert len(found["days"]) == DAYS
    assert found["rate"][0] == pytest.approx(np.mean(found["days"][-2:]) / 86_400.0, rel=1e-9)
    assert found["rate"][0] == pytest.approx(found["loss"][0] - found["gain"][0], rel=1e-9)
    assert found["loss"][0] >= 0.0 and found["gain"][0] >= 0.0


@slow
@pytest.mark.parametrize("tissue", ["enamel", "dentine"])
def test_the_learned_activity_says_what_the_twin_says_of_shipped_cases(tissue):
    """Of the shipped cases, none of which was in the design, most lie in the 5-95 % interval, and none far from it."""
    inside, off = [], []
    for name in NAMES:
        case = load_case(CASES / f"{name}.json")
        exact, learned = exact_activity(case, tissue=tissue)[0], activity_of(case, tissue=tissue)
        inside.append(learned.low <= exact <= learned.high)
        off.append(abs(np.arcsinh(exact * PER_DAY / learned.scale) - learned.scaled))
    assert np.mean(inside) >= 0.65
    assert np.median(off) < 0.5


@slow
def test_habits_change_the_exact_rate_as_they_change_the_learned_one():
    case = load_case(CASES / "greta-dry-mouth.json")
    many, few = (exact_activity(case, tissue="dentine", snacks=n)[0] for n in (3, 0))
    assert few < many
    assert activity_of(case, tissue="dentine", snacks=0).rate < activity_of(case, tissue="dentine", snacks=3).rate


@slow
def test_a_recorded_surface_and_an_ensemble_can_be_asked_for(kira):
    rates = exact_activity(kira, 36, "O", members=4, accuracy=0.1)
    assert rates.shape == (4,) and np.isfinite(rates).all()
    assert filled(kira)[0].teeth == kira.teeth
