"""Schedules cut at measured times: the same course, and a state saved at each time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.inference.times import cut_at
from amelo.records.fluid import Fluid
from amelo.twin.lesion.steps import sequences
from amelo.twin.schedule import Exposure, Repeat, Segment, duration, unrolled

FLUIDS = [Exposure(Fluid(pH=4.0 + i, totals_mmol_per_kgw={"K": 100.0, "Cl": 100.0})) for i in range(4)]


def segment(i, hours):
    return Segment(3600.0 * hours, FLUIDS[i], f"s{i}")


PARTS = st.recursive(
    st.builds(segment, st.integers(0, 3), st.sampled_from([0.5, 1.0, 3.0, 7.0])),
    lambda inner: st.builds(lambda n, parts: Repeat(n, tuple(parts)), st.integers(1, 4), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)


def course(schedule):
    """What the surface sees, as edges [s] and exposures, equal neighbours joined."""
    edges, seen = [0.0], []
    for s in unrolled(schedule):
        if seen and seen[-1] == s.exposure:
            edges[-1] += s.duration
        else:
            edges.append(edges[-1] + s.duration)
            seen.append(s.exposure)
    return edges, seen


def saved(schedule):
    """Times at which the solver keeps a state when it is asked for as few as possible: the ends of its sequences."""
    return np.cumsum([q.count * sum(s.duration for s in q.segments) for q in sequences(schedule)])


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(st.floats(0.01, 1.0), min_size=1, max_size=4))
def test_the_course_is_the_same_and_every_time_is_saved(parts, shares):
    schedule = tuple(parts)
    whole = duration(schedule)
    times = sorted({share * whole for share in shares})
    cut = cut_at(schedule, times)
    before, after = course(schedule), course(cut)
    assert after[1] == before[1] and np.allclose(after[0], before[0], rtol=1e-9)
    found = saved(cut)
    assert all(np.abs(found - t).min() <= 2e-9 * whole for t in times)


def test_cycles_without_a_measurement_stay_repeats():
    cycle = (segment(0, 2.0), segment(1, 22.0))
    cut = cut_at((Repeat(28, cycle),), [14 * 86400.0, 28 * 86400.0])
    assert [part.count for part in cut if isinstance(part, Repeat) and len(part.parts) == 2] == [13, 13]
    assert list(saved(cut))[-1] == pytest.approx(28 * 86400.0)
    assert all(a < b for a, b in pairwise(saved(cut)))


def test_nothing_is_cut_without_a_time():
    schedule = (Repeat(3, (segment(0, 1.0),)), segment(1, 2.0))
    assert cut_at(schedule, []) == schedule
