"""Time in every kind of tooth, treated or not: what the ledger says, what stays within bounds, and what members share."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from every_act import MEMBERS, TEETH, frozen, tooth_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amelo.twin.tooth import COARSE, FINE, WholeTooth, wait
from amelo.twin.tooth.constants import MOLAR_VOLUME
from amelo.twin.tooth.look import looked
from amelo.twin.tooth.many import wait_many

GENTLE = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
DAY = 86400.0
teeth = st.sampled_from([name for name in TEETH if name != "extracted"])
durations = st.floats(60.0, 400.0 * DAY) | st.sampled_from([1.0, DAY, 3650.0 * DAY])
every_tooth = pytest.mark.parametrize("name", [name for name in TEETH if name != "extracted"])


def stock(tooth: WholeTooth) -> np.ndarray:
    """Mineral in tissue (M,) [mol/m2]."""
    return (tooth.total * tooth.constants.sound * tooth.thickness).sum(axis=1) / MOLAR_VOLUME


def ledger(tooth: WholeTooth, name: str) -> np.ndarray:
    return tooth.books.get(f"ledger_{name}", np.zeros(tooth.members))


@given(name=teeth, spans=st.lists(durations, min_size=1, max_size=3), fine=st.booleans())
@GENTLE
def test_what_comes_in_is_what_minerals_take_and_what_tissue_gains(name, spans, fine):
    start = tooth = tooth_of(name)
    for span in spans:
        tooth = frozen(wait(tooth, span, FINE if fine and span < 100.0 * DAY else COARSE)[0])
    moved = {k: ledger(tooth, k) - ledger(start, k) for k in ("outer", "inner", "released", "gained", "lost")}
    scale = stock(start) + sum(np.abs(v) for v in moved.values())
    came, kept = moved["outer"] + moved["inner"] + moved["released"], moved["gained"] - moved["lost"]
    assert (np.abs(came - kept) <= 1e-12 * scale).all()
    assert (np.abs(stock(tooth) - stock(start) - kept) <= 1e-12 * scale).all()
    given_off = ((start.payload - tooth.payload) * tooth.thickness).sum(axis=1)
    assert (np.abs(given_off - moved["released"]) <= 1e-12 * scale).all()
    assert (moved["gained"] >= 0.0).all() and (moved["lost"] >= 0.0).all() and (moved["released"] >= -1e-15).all()


@given(name=teeth, span=durations)
@GENTLE
def test_everything_stays_finite_and_within_what_a_tooth_can_be(name, span):
    start = tooth_of(name)
    after, frames = wait(start, span)
    for value in (
        after.mineral,
        after.inner,
        after.organic,
        after.bacteria,
        after.filled,
        after.payload,
        after.antimicrobial,
        after.pulp,
    ):
        assert np.isfinite(value).all() and (value >= 0.0).all()
    most = np.maximum(after.constants["growth.most"][:, None], start.mineral)
    assert (after.mineral <= most * (1.0 + 1e-9)).all()
    assert (after.inner <= np.maximum(start.inner, 1.0) + 1e-9).all()
    assert (after.bacteria <= 1.0 + 1e-12).all() and (after.organic <= start.organic + 1e-15).all()
    assert (after.left == start.left).all() and (after.payload <= start.payload + 1e-12).all()
    assert all(np.isfinite(v).all() for v in frames.values.values()) and all(np.isfinite(v).all() for v in looked(after).values())
    assert (after.tertiary <= start.constants["tertiary.most"] + 1e-12).all()
    assert after.time == start.time + span


@given(name=teeth, which=st.lists(st.integers(0, MEMBERS - 1), min_size=1, max_size=5), span=st.floats(60.0, 60.0 * DAY))
@GENTLE
def test_members_do_not_ask_each_other_while_time_passes(name, which, span):
    tooth, some = tooth_of(name), np.array(which)
    assert wait(tooth.take(some), span)[0].same_as(wait(tooth, span)[0].take(some))


@every_tooth
def test_teeth_side_by_side_go_as_each_alone_and_threads_change_nothing(name):
    tooth = tooth_of(name)
    alone = wait(tooth, 20.0 * DAY)[0]
    assert wait(tooth, 20.0 * DAY, threads=2)[0].same_as(alone)
    beside = wait_many([tooth, tooth_of("cavity"), tooth_of("without pulp")], 20.0 * DAY, COARSE)[0]
    assert beside.same_as(alone)


@every_tooth
def test_no_time_changes_nothing(name):
    tooth = tooth_of(name)
    after, frames = wait(tooth, 0.0)
    assert after.same_as(tooth) and len(frames.time) == 0


def test_nothing_happens_to_a_tooth_that_is_out():
    tooth = tooth_of("extracted")
    assert replace(wait(tooth, 30.0 * DAY)[0], time=tooth.time).same_as(tooth)


@every_tooth
def test_a_better_mouth_never_leaves_less_mineral(name):
    tooth = tooth_of(name)
    rates = [0.0, 0.3, 1.0, 3.0]
    left = []
    for rate in rates:
        own = replace(tooth, attack_enamel=rate * tooth.attack_enamel, attack_dentine=rate * tooth.attack_dentine)
        left.append(stock(wait(own, 90.0 * DAY)[0]))
    for better, worse in pairwise(left):
        assert (worse <= better + 1e-9).all()


TIERS = {  # tooth: how far the coarse grid and clock are from the fine ones in half a year: mineral lost and influx, over what they are
    "cavity": (0.09, 0.03),
    "approximal": (0.05, 0.20),
    "white spot": (0.13, 0.0),
    "broken": (0.16, 0.05),
    "primary": (0.11, 0.02),
    "amelogenesis": (0.16, 0.04),
}


@pytest.mark.parametrize("name", list(TIERS))
def test_coarse_and_fine_grids_tell_the_same_story(name):
    found = []
    for cells, clock in (((3, 15), COARSE), ((6, 36), FINE)):
        tooth = tooth_of(name, MEMBERS, cells)
        after, frames = wait(tooth, 180.0 * DAY, clock)
        found.append((stock(tooth) - stock(after), frames.values["influx"][-1], after.pulp_lost, after.mineral_loss))
    coarse, fine = found
    mineral, influx = TIERS[name]
    scale = np.median(np.abs(fine[0])) + 1e-12
    assert np.median(np.abs(coarse[0] - fine[0])) <= mineral * scale, np.median(np.abs(coarse[0] - fine[0])) / scale
    most = np.median(fine[1])
    assert np.median(np.abs(coarse[1] - fine[1])) <= influx * most + 1e-15, np.median(np.abs(coarse[1] - fine[1])) / (most + 1e-30)
    assert np.median(np.abs(coarse[3] - fine[3])) <= 0.05 * np.median(fine[3])
    assert abs(coarse[2].mean() - fine[2].mean()) <= 1.0 / MEMBERS + 1e-12
