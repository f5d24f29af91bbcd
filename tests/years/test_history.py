"""Histories: the chances of the propagation, one life at a time, with random numbers that arms have in common."""

from __future__ import annotations

import numpy as np
import pytest
from starts import plain

from amelo.years import EVENTS, STATES, Surface, project, sample
from amelo.years.states import event

CASES = {
    "filled": {"surfaces": (Surface("M", "E2"), Surface("D"), Surface("O", "D1", 2.0)), "residual": 0.4e-3, "age": 16.0},
    "open": {"material": "", "surfaces": (Surface("M", "D1", 3.0), Surface("O", "D3", 3.0)), "age": 14.0},
    "crowned": {"material": "crown_zirconia", "covers": 5, "residual": 0.2e-3, "periodontal": True, "strength": 0.6},
    "root-treated": {"root_treated": True, "root_age": 12.0, "restoration_age": 5.0, "strength": 0.5, "leak": 3.0},
    "doomed": {"diagnosis": "irreversible pulpitis", "collapsed": 0.2, "margin_activity": 2.0},
}


@pytest.mark.parametrize("name", CASES)
def test_both_ways_into_the_years_agree(name):
    start = plain(6000, **CASES[name])
    projection, lives = project(start, seed=5), sample(start, seed=5)
    for s, state in enumerate(STATES):
        p = projection.occupied[:, -1, s]
        noise = np.sqrt((p * (1 - p)).sum()) / len(p)
        assert abs((lives.state[-1] == s).mean() - p.mean()) < 4 * noise + 2e-3, state
    for e, what in enumerate(EVENTS):
        counts, expected = lives.count[-1, :, e], projection.happened[:, -1, e]
        noise = max(counts.std(), np.sqrt(expected.mean())) / np.sqrt(len(counts))
        assert abs(counts.mean() - expected.mean()) < 4 * noise + 2e-3, what


def test_the_same_seed_gives_the_same_lives():
    start = plain(200, **CASES["filled"])
    one, two, other = sample(start, seed=1), sample(start, seed=1), sample(start, seed=2)
    assert one.log == two.log and np.array_equal(one.state, two.state) and one.log != other.log


def test_an_arm_moves_only_what_it_acts_on():
    """Leaking margins bring caries sooner; who loses nothing to caries or to what follows from it lives the same life."""
    tight, leaking = (sample(plain(800, leak=leak), seed=4) for leak in (1.0, 3.0))
    same = [m for m in range(800) if not any(name == "secondary caries" for _, name in leaking.of(m))]
    assert 100 < len(same) < 790
    assert all(tight.of(m) == leaking.of(m) for m in same)
    assert leaking.count[-1, :, event("secondary caries")].sum() > tight.count[-1, :, event("secondary caries")].sum()


def test_common_random_numbers_make_differences_of_arms_sharp():
    arms = [
        sample(plain(1500, bond=bond), seed=seed).count[-1, :, event("other failure")]
        for bond, seed in ((1.0, 7), (0.8, 7), (0.8, 8))
    ]
    paired, apart = (arms[1] - arms[0]).std(), (arms[2] - arms[0]).std()
    assert paired < 0.7 * apart and (arms[1] >= arms[0]).mean() > 0.99


def test_a_log_tells_what_the_counts_tell_in_order():
    lives = sample(plain(300, **CASES["filled"]), seed=9)
    for member in range(300):
        told = lives.of(member)
        assert [t for t, _ in told] == sorted(t for t, _ in told) and all(0.0 <= t <= 10.0 for t, _ in told)
        assert {n: [name for _, name in told].count(n) for n in EVENTS} == dict(
            zip(EVENTS, lives.count[-1, member].tolist(), strict=True)
        )
    assert (np.diff(lives.count, axis=0) >= 0).all()
    lost = lives.count[:, :, event("tooth lost")]
    assert lost.max() == 1 and np.array_equal(lost > 0, lives.state >= 6)


def test_without_hazards_lives_are_empty():
    start = plain(50, material="", strength=1.5, load_exponent=1e3, loss_rate=0.0, surfaces=(Surface("M", "D3", 0.0),))
    lives = sample(start, 0.25, seed=0)
    assert len(lives.log) <= 1  # pulps without a restoration have a background
    assert (lives.state[-1] == 0).mean() > 0.97
