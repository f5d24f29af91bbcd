"""Members side by side in the loop of a tooth: none feels the others, nor how many there are, nor where threads cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bare_tooth import DAY, RATE, case_of

from amelo.twin.tooth.build import whole_tooth
from amelo.twin.tooth.kernel import CELLS, CONSTANTS, LANES, LEDGER, OF_CELL, OF_LANE
from amelo.twin.tooth.state import BY_CELL
from amelo.twin.tooth.waiting import COARSE, wait

MEMBERS = 2 * int(LANES) + 5


@pytest.fixture(scope="module")
def tooth():
    """Return members of whom each has lost another depth and taken another harm."""
    made = whole_tooth(case_of("kira"), 36, members=MEMBERS).tooth
    rng = np.random.default_rng(3)
    left = made.left.copy()
    for m in range(MEMBERS):
        left[m, : rng.integers(0, made.cells - 3)] = 0.0
    changes = {
        "left": left,
        "mineral": made.mineral * rng.uniform(0.3, 1.0, left.shape),
        "bacteria": rng.uniform(0.0, 1.0, left.shape) * (rng.random(left.shape) < 0.5),
        "filled": rng.uniform(0.0, 0.5, left.shape),
        "payload": rng.uniform(0.0, 2000.0, left.shape) * (rng.random(left.shape) < 0.3),
        "antimicrobial": rng.uniform(0.0, 3.0, left.shape),
        "access": rng.uniform(0.0, 1.0, MEMBERS),
        "attack_dentine": RATE * rng.uniform(-0.5, 1.0, MEMBERS),
    }
    return replace(made, **changes)


def test_a_member_fares_alone_as_among_others(tooth):
    together, _ = wait(tooth, 20.0 * DAY, COARSE)
    assert np.isfinite(together.mineral).all()
    for which in ([0], [MEMBERS - 1, 3], list(range(7, 7 + int(LANES)))):
        alone, _ = wait(tooth.take(np.array(which)), 20.0 * DAY, COARSE)
        assert alone.same_as(together.take(np.array(which)))


def test_threads_do_not_change_a_digit(tooth):
    one, _ = wait(tooth, 5.0 * DAY, COARSE)
    three, _ = wait(tooth, 5.0 * DAY, COARSE, threads=3)
    assert three.same_as(one)


def test_what_is_gone_stays_as_it_was(tooth):
    after, _ = wait(tooth, 5.0 * DAY, COARSE)
    gone = np.cumsum(tooth.left, axis=1) <= 0.0
    assert gone.any()
    for name in BY_CELL:
        np.testing.assert_array_equal(getattr(after, name)[gone], getattr(tooth, name)[gone])


def test_a_tooth_without_tissue_lets_everything_through(tooth):
    none = replace(tooth, left=np.zeros_like(tooth.left), exposed=np.ones(MEMBERS))
    after, seen = wait(none, DAY, COARSE)
    assert (seen.values["influx"] > 0.0).all()
    for name in BY_CELL:
        np.testing.assert_array_equal(getattr(after, name), getattr(none, name))
    assert not any(after.books[f"ledger_{name}"].any() for name in LEDGER)


def test_places_of_the_flat_array_are_those_of_their_names():
    assert OF_CELL[: len(CELLS)] == CELLS
    assert OF_LANE[: len(CONSTANTS)] == CONSTANTS
    assert OF_LANE[len(CONSTANTS) : len(CONSTANTS) + len(LEDGER)] == LEDGER
