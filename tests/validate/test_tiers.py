"""The design that compares the tiers: stated, repeatable, and run in small."""

from __future__ import annotations

import numpy as np

from amelo.protocol.record import Protocol
from amelo.twin.schedule import duration
from amelo.validate.tiers import FLOOR, TISSUES, TierDifference, tier_design, tier_differences


def test_the_design_is_fixed_and_covers_what_it_says():
    points = list(tier_design())
    assert points == list(tier_design())
    assert list(tier_design(6)) == points[:6]
    assert {tissue for tissue, _ in points} == set(TISSUES)
    for _, text in points:
        days = duration(Protocol.parse(text).schedule(None)) / 86400.0
        assert abs(days - round(days)) < 1e-9
        assert 2 <= days <= 14


def test_differences_are_relative_to_the_floor_where_little_is_lost():
    assert TierDifference("", "", 100.0, 95.0).relative == 0.05
    assert TierDifference("", "", 2.0, 1.0).relative == 1.0 / FLOOR


def test_six_points_of_the_design():
    found = tier_differences(6)
    relative = np.array([point.relative for point in found])
    assert np.isfinite(relative).all()
    assert relative.max() < 0.05
    assert np.median(relative) < 0.025
