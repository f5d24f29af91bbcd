"""Lesions carried side by side: no member feels another, and each fares as its chain of stages says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm
from starts import plain

from amelo.years.hazards import hazards_of
from amelo.years.lesions import DEEP, FASTEST, LANES, MOVES, lesions
from amelo.years.project import propagate
from amelo.years.start import Surface

MEMBERS, STEPS, STEP = 2 * int(LANES) + 3, 16, 0.25


SURFACES = (Surface("O", "E2"), Surface("M", "D1"), Surface("B"))


def unrestored(count):
    """A molar with lesions and no filling."""
    return plain(count, material="", surfaces=SURFACES)


def root_treated(count):
    """A molar whose root canals are filled."""
    return plain(count, root_treated=True, surfaces=SURFACES[1:])


def made(**changes):
    """Hazards of teeth with lesions, their stages and activities drawn."""
    rng, h = np.random.default_rng(2), hazards_of(unrestored(MEMBERS), 3)
    shape = h.stage.shape
    drawn = {"stage": rng.integers(0, 7, shape), "activity": rng.uniform(0.0, 3.0, shape) * (rng.random(shape) < 0.8)}
    return replace(h, **({"age": rng.uniform(8.0, 40.0, MEMBERS)} | drawn | changes))


def told(h, first, last):
    """Return the hazards of members (filled, late, pulp) in each step."""
    rows = [np.empty((int(LANES), STEPS)) for _ in range(3)]
    lesions(first, last, STEPS, STEP, h.age, h.stage, h.log_rate, h.fading, h.activity, h.policy, *rows)
    return np.stack([row[: last - first] for row in rows])


def test_a_member_fares_alone_as_among_others():
    h = made()
    blocks = [told(h, first, min(first + int(LANES), MEMBERS)) for first in range(0, MEMBERS, int(LANES))]
    together = np.concatenate(blocks, axis=1)
    assert (together > 0.0).any() and np.isfinite(together).all()
    for m in (0, 7, MEMBERS - 1):
        np.testing.assert_array_equal(told(h, m, m + 1)[:, 0], together[:, m])


@pytest.mark.parametrize("start", [unrestored, plain, root_treated])
def test_chances_of_a_member_do_not_depend_on_the_others(start):
    h = hazards_of(start(MEMBERS), 5)
    whole = propagate(h, 10.0)
    for rows in (slice(3, 4), slice(10, 10 + int(LANES)), slice(MEMBERS - 2, MEMBERS)):
        for mine, theirs in zip(propagate(h.part(rows), 10.0)[1:], whole[1:], strict=True):
            np.testing.assert_array_equal(mine, theirs[rows])


def test_hazards_are_those_of_the_matrix_of_the_chain():
    h = made(age=np.full(MEMBERS, 40.0))
    h = replace(
        h, stage=h.stage[:, :1], activity=np.abs(h.activity[:, :1]) + 0.5, log_rate=h.log_rate[:, :1], fading=h.fading[:, :1]
    )
    found = told(h, 0, int(LANES))
    cavity = int(h.policy[6])
    for m in range(int(LANES)):
        leave = np.minimum(np.exp(h.log_rate[m, 0] + h.fading[m, 0] * _grown(h.age[m])) * h.activity[m, 0], FASTEST)
        treat = h.policy[5] * min(h.activity[m, 0], 1.0) * (np.arange(MOVES) >= cavity)
        matrix = np.zeros((MOVES + 3, MOVES + 3))
        matrix[range(MOVES), range(MOVES)] = -leave - treat
        matrix[range(1, MOVES + 1), range(MOVES)] = leave
        for s in range(cavity, MOVES):
            matrix[MOVES + 2 if s == DEEP else MOVES + 1, s] = treat[s]
        held = np.zeros(MOVES + 3)
        held[h.stage[m, 0]] = 1.0
        for t in range(6):
            after = expm(matrix * STEP) @ held
            out = after[MOVES:] - held[MOVES:]
            hazard = np.log(held[:MOVES].sum() / after[:MOVES].sum()) * out / out.sum()
            np.testing.assert_allclose(found[:, m, t], hazard[[1, 2, 0]], rtol=1e-6, atol=2e-8)
            held = after


def _grown(age):
    return min((age + 1.0 - 13.5) / 10.0, 1.0) - min((age - 13.5) / 10.0, 1.0)
