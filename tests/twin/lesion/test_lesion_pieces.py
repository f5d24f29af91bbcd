"""Which members share a tile, and which earlier steps a step is like; neither may change an answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from lesion_columns import DAY, bath, enamel, loss

from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.pieces import MOST, cold_rows, grouped, like_rows, repeated_rows
from amelo.twin.lesion.solve import Settings, settings_for, solve
from amelo.twin.schedule import Exposure, Repeat, Segment

KNOWN = diffusivities(37.0)
ACID = bath(4.5, "K", Ace=50.0, Ca=2.0, P=2.0, F=0.0016, Cl=4.0, K=50.0)
REST = bath(7.0, "K", Ca=1.5, P=0.9, Cl=133.0, K=130.0, F=0.001)
HOUR = 3600.0


def day(acid: float) -> tuple[Segment, ...]:
    return (Segment(acid * HOUR, Exposure(ACID)), Segment(DAY - acid * HOUR, Exposure(REST)))


# tiles


def test_members_are_grouped_by_how_long_their_segments_last():
    acid = np.random.default_rng(2).permutation(np.linspace(1.0, 12.0, 40))
    order = grouped([(Repeat(3, day(hours)),) for hours in acid], 16, HOUR)
    assert sorted(order) == list(range(40))
    tiles = [acid[order[first : first + 16]] for first in (0, 16, 32)]
    assert [len(t) for t in tiles] == [16, 16, 8]
    for one, other in pairwise(tiles):
        assert one.max() <= other.min()


def test_members_of_one_schedule_stay_in_order():
    schedule = (Repeat(3, day(2.0)),)
    assert np.array_equal(grouped([schedule] * 40, 16, HOUR), np.arange(40))
    assert np.array_equal(grouped([(Repeat(3, day(h)),) for h in (9.0, 1.0, 5.0)], 16, HOUR), np.arange(3))


def test_results_come_back_in_the_order_of_the_members():
    """Members that are the same but for their protocol, in a tile of two each: whoever is longest in acid loses most."""
    column = enamel(7)
    column = replace(
        column,
        parameters={name: np.broadcast_to(values[:1], (7,)) for name, values in column.parameters.items()},
        mineral=np.broadcast_to(column.mineral[:1], column.mineral.shape),
        sound=np.broadcast_to(column.sound[:1], column.sound.shape),
        organic=np.broadcast_to(column.organic[:1], column.organic.shape),
    )
    hours = [7.0, 1.0, 5.0, 3.0, 2.0, 6.0, 4.0]
    run = solve(column, [(Repeat(3, day(h)),) for h in hours], KNOWN, Settings(lanes=2, threads=1))
    losses = [loss(run, member=m) for m in range(7)]
    assert np.array_equal(np.argsort(losses), np.argsort(hours))


# steps that are alike


def test_a_cycle_starts_from_the_two_before_it():
    rows = repeated_rows(4)
    assert rows.shape == (3, 4, 5)
    own = rows[:, :, 0]
    for cycle in range(3):
        assert np.array_equal(rows[cycle, :, 1], own[(cycle - 1) % 3])
        assert np.array_equal(rows[cycle, :, 2], own[(cycle - 2) % 3])
        assert rows[cycle, 0, 3] == rows[cycle, 0, 4] == -1
        assert np.array_equal(rows[cycle, 1:, 3:], rows[cycle, :-1, 1:3])
    assert len(set(own.ravel())) == own.size


def test_segments_like_earlier_ones_start_from_them():
    long, short = np.full((4, 1), 900.0), np.full((3, 1), 700.0)
    rows = like_rows([b"a", b"b", b"a", b"b", b"a", b"b"], [long, long, long, short, long, long])[0]
    first, second, third = rows[4:8], rows[12:15], rows[19:23]
    assert (rows[:4, :2] == -1).all()  # the first segment follows nothing, so that no other is like it
    assert (first[:, 0] >= 0).all()
    assert (first[:, 1] == -1).all()
    assert second[0, 1] == first[0, 0]  # of another length: only its first step
    assert (second[1:, 1] == -1).all()
    assert third[0, 1] == second[0, 0]
    again = rows[15:19]  # after b, for the second time, and as long
    assert np.array_equal(again[:, 1], rows[8:12, 0])
    assert np.array_equal(again[1:, 3], again[:-1, 1])
    assert (rows[:, [2, 4]] == -1).all()


def test_no_row_is_read_before_or_after_its_time():
    """Played through, every row that is read holds the step that it should."""
    rng = np.random.default_rng(5)
    seen = [bytes([k]) for k in rng.integers(0, 3, 60)]
    steps = [np.full((n, 2), 60.0 * n) for n in rng.integers(2, 6, 60)]
    rows = like_rows(seen, steps)[0]
    labels = [(seen[k - 1] if k else b"", seen[k], j) for k in range(60) for j in range(len(steps[k]))]
    held: dict[int, tuple] = {}
    for label, (own, like, _, passed, _) in zip(labels, rows, strict=True):
        if like >= 0:
            assert held[like] == label
        if passed >= 0:
            assert held[passed] == (*label[:2], label[2] - 1)
        if own >= 0:
            held[own] = label
    assert max(held) == rows[:, 0].max()


def test_too_much_to_remember_is_not_remembered():
    steps = [np.ones((MOST // 4, 1))] * 8
    rows = like_rows([b"a", b"b", b"c"] * 2 + [b"a", b"b"], steps)
    assert np.array_equal(rows, cold_rows(sum(map(len, steps))))


@pytest.mark.parametrize("repeated", [True, False])
def test_where_newton_starts_changes_no_answer(repeated):
    column, days = enamel(3, 4), 8
    schedule = (Repeat(days, day(3.0)),) if repeated else day(3.0) * days
    tight = {"tolerance": 1e-4, "near_tolerance": 1e-4, "threads": 1, "saves": 4}
    cold, warm = (solve(column, schedule, KNOWN, Settings(warm=warm, **tight)) for warm in (False, True))
    assert warm.counts["steps"] == cold.counts["steps"]
    assert warm.counts["iterations"] < 0.9 * cold.counts["iterations"]
    assert warm.mineral[:, -1] == pytest.approx(cold.mineral[:, -1], abs=1e-6)


def test_tolerances_follow_the_accuracy():
    assert settings_for(0.01).near_tolerance == pytest.approx(0.1)
    assert settings_for(1e-4).near_tolerance == pytest.approx(0.01)
    assert settings_for(0.01).jump == 0.0
    assert 0.0 < settings_for(0.01, jump=True).jump < 0.001
    column, schedule = enamel(), (Repeat(20, day(3.0)),)
    usual, tight = (solve(column, schedule, KNOWN, s) for s in (settings_for(0.01), Settings(tolerance=1e-5, near_tolerance=1e-5)))
    assert usual.counts["iterations"] < 0.7 * tight.counts["iterations"]
    assert loss(usual) == pytest.approx(loss(tight), rel=5e-4)
    assert np.abs(usual.balance).max() < 1e-12
