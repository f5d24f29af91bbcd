"""Pulps as the patient comes: one that is too quick for the usual steps is followed in shorter ones, and stops nothing."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import SolveError
from amelo.records.case import load_case
from amelo.twin.pulp.course import Segment, follow
from amelo.twin.tooth import entry
from amelo.twin.tooth.build import whole_tooth
from amelo.twin.tooth.entry import BEFORE, STEPS


@pytest.fixture(scope="module")
def quick(root):
    """Pulps that kill bacteria near them so fast that steps of a quarter of an hour blow up, and what reaches them."""
    tooth = whole_tooth(load_case(root / "cases" / "kira.json"), 36, members=16, seed=2).tooth
    pulps, influx = tooth.constants.pulps, entry._influx(tooth)
    for factor in (4.0, 6.0, 8.0, 12.0, 16.0):
        hot = pulps.times(bacteria__local_killing=factor)
        try:
            follow(hot, [Segment(BEFORE, influx=influx)], step=STEPS[0])
        except SolveError:
            return hot, influx
    pytest.fail("no such pulp")


def test_it_is_followed_in_shorter_steps_and_ends_where_shorter_ones_end(quick):
    hot, influx = quick
    found = entry._followed(hot, influx)
    assert np.isfinite(found).all()
    finer = follow(hot, [Segment(BEFORE, influx=influx)], step=STEPS[-1]).state[-1]
    assert found == pytest.approx(finer, rel=0.01, abs=1e-4)


def test_pulps_that_no_step_follows_are_said_so(quick, monkeypatch):
    hot, influx = quick
    monkeypatch.setattr(entry, "STEPS", STEPS[:1])
    with pytest.raises(SolveError, match="too long for its constants"):
        entry._followed(hot, influx)


def test_more_inside_fibrils_than_fits_stops_no_plan(root):
    from dataclasses import replace

    from amelo.twin.tooth.feel import MOST_WITHIN, felt

    tooth = whole_tooth(load_case(root / "cases" / "kira.json"), 36, members=4, seed=2).tooth
    inner = tooth.inner.copy()
    inner[1, -2] = 1.64
    over, plain = felt(replace(tooth, inner=inner)), felt(tooth)
    assert inner.max() > MOST_WITHIN and np.isfinite(over.strength).all()
    assert over.strength[2] == pytest.approx(plain.strength[2])
