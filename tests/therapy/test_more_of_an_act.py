"""More of an act does more of what it is for and no more harm: depth, water, time of acids, and dentine that is left over a pulp."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from every_act import DECLARED, RECORDED, TEETH, frozen, possible, tooth_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from amelo.therapy.contract import Act
from amelo.therapy.operative import Deproteinise, Etch, Excavate, Fill, Isolate, Line
from amelo.therapy.resilience import BrushDaily, LimitSnacks, SilverDiamineFluoride
from amelo.twin.tooth import WholeTooth, wait
from amelo.twin.tooth.feel import depth_of, lesion_depth

GENTLE = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
DAY = 86400.0
WORDS = ("soft", "leathery", "firm", "hard")
carious = st.sampled_from(
    ["cavity", "approximal", "broken", "primary", "amelogenesis", "untreated", "etched", "silvered", "excavated", "near"]
)


def done(act: Act, name: str) -> WholeTooth:
    """What becomes of one of the teeth."""
    tooth = tooth_of(name)
    assume(possible(act, tooth))
    return act.apply(tooth)


def rises(values: list[np.ndarray], slack: float = 1e-12) -> None:
    """Fail where a number of any member falls from one dose to the next larger one."""
    for less, more in pairwise(values):
        assert (more >= less - slack).all(), (less - more).max()


@given(name=carious, leave=st.just(0.0) | st.floats(0.0, 1e-3))
@GENTLE
def test_a_harder_floor_leaves_less_that_is_carious(name, leave):
    after = [done(Excavate(300.0, word, leave, 5e-7), name) for word in WORDS]
    rises([t.floor for t in after], 1e-15)
    rises([-lesion_depth(t) for t in after])
    rises([-t.infected for t in after])
    rises([t.exposed for t in after])
    rises([t.books["tissue_removed"] for t in after], 1e-18)
    if not leave:
        assert (after[0].floor < after[-1].floor).any() or name == "excavated"


@given(name=carious, word=st.sampled_from(WORDS), leaves=st.lists(st.floats(1e-5, 1.5e-3), min_size=2, max_size=5))
@GENTLE
def test_leaving_more_never_exposes_more(name, word, leaves):
    after = [done(Excavate(300.0, word, leave, 5e-7), name) for leave in (0.0, *sorted(leaves))]
    rises([-t.exposed for t in after])
    rises([-t.floor for t in after], 1e-15)
    rises([-t.pulp_state("damage") for t in after])


def test_leaving_a_millimetre_spares_pulps_that_a_hard_floor_lays_bare():
    hard, spared = (Excavate(300.0, "hard", leave).apply(tooth_of("near")) for leave in (0.0, 1e-3))
    assert 0.0 < hard.exposed.mean() < 1.0
    assert spared.exposed.sum() < hard.exposed.sum()


@given(name=carious, waters=st.lists(st.floats(0.0, 1e-4 / 60.0), min_size=2, max_size=5), minutes=st.floats(0.5, 30.0))
@GENTLE
def test_more_water_never_warms_more(name, waters, minutes):
    after = [done(Excavate(60.0 * minutes, "firm", 0.0, water), name) for water in (0.0, *sorted(waters))]
    rises([-t.books["warming"] for t in after], 1e-9)
    rises([-t.pulp_state("damage") for t in after], 1e-12)
    assert all((t.floor == after[0].floor).all() for t in after)


@given(name=carious, minutes=st.lists(st.floats(0.1, 60.0), min_size=2, max_size=4))
@GENTLE
def test_cutting_dry_for_longer_never_warms_less(name, minutes):
    rises([done(Excavate(60.0 * m, "firm"), name).books["warming"] for m in sorted(minutes)], 1e-6)


@given(
    name=st.sampled_from(TEETH),
    acid=st.sampled_from(["phosphoric acid", "hydrochloric acid", "polyacrylic acid"]),
    times=st.lists(st.floats(1.0, 300.0), min_size=2, max_size=4),
    strengths=st.lists(st.floats(0.05, 0.5), min_size=2, max_size=4),
)
@GENTLE
def test_a_longer_or_stronger_acid_never_leaves_more_mineral(name, acid, times, strengths):
    for acts in ([Etch(t, acid) for t in sorted(times)], [Etch(30.0, acid, s) for s in sorted(strengths)]):
        after = [done(act, name) for act in acts]
        rises([-(t.total * t.thickness).sum(axis=1) for t in after], 1e-15)
        rises([t.books.get("ledger_etched", np.zeros(t.members)) for t in after])


@given(
    name=st.sampled_from(TEETH),
    times=st.lists(st.floats(1.0, 600.0), min_size=2, max_size=4),
    strengths=st.lists(st.floats(0.005, 0.1), min_size=2, max_size=4),
)
@GENTLE
def test_more_hypochlorite_never_leaves_more_bacteria_or_more_protein_of_enamel(name, times, strengths):
    for acts in ([Deproteinise(t) for t in sorted(times)], [Deproteinise(60.0, s) for s in sorted(strengths)]):
        after = [done(act, name) for act in acts]
        rises([-t.bacteria for t in after], 1e-15)
        rises([t.organic[:, : t.constants.dentine_from] for t in after], 1e-15)


@given(name=st.sampled_from(TEETH), strengths=st.lists(st.floats(0.1, 0.4), min_size=2, max_size=4))
@GENTLE
def test_stronger_silver_kills_and_fills_no_less(name, strengths):
    after = [done(SilverDiamineFluoride(60.0, s), name) for s in sorted(strengths)]
    rises([t.antimicrobial for t in after])
    rises([t.filled for t in after])


@given(name=st.sampled_from(TEETH), snacks=st.lists(st.floats(0.0, 20.0), min_size=2, max_size=4))
@GENTLE
def test_habits_are_those_of_the_mouth(name, snacks):
    rises([done(LimitSnacks(most=s), name).attack_dentine for s in sorted(snacks)])
    rises([-done(BrushDaily(times=s / 5.0, fluoride=1e-3), name).attack_dentine for s in sorted(snacks)])


@pytest.mark.parametrize("material", ["composite", "glass ionomer", "amalgam"])
def test_a_dam_an_etched_floor_and_a_liner_never_let_more_of_the_mouth_pass(material):
    bare = tooth_of("approximal excavated")
    for better in (Isolate(60.0), Etch(15.0), Line(60.0)):
        plain, with_it = Fill(600.0, material).apply(bare), Fill(600.0, material).apply(better.apply(bare))
        assert (with_it.leak <= plain.leak).all()
        assert (with_it.bond >= plain.bond - 1e-12).all()


def thicker(tooth: WholeTooth, factor: float) -> WholeTooth:
    """The same tooth with more dentine: the cell at its pulp, which is sound, is wider."""
    widths = tooth.widths.copy()
    widths[:, -1] *= factor
    return frozen(replace(tooth, widths=widths))


@pytest.mark.parametrize("kind", sorted(DECLARED))
@given(data=st.data(), factor=st.floats(1.05, 5.0))
@settings(GENTLE, max_examples=15)
def test_more_dentine_over_a_pulp_never_harms_it_more(kind, data, factor):
    name = data.draw(st.sampled_from([DECLARED[kind].on, *RECORDED, "excavated", "exposed", "lined", "composite"]))
    thin, act = tooth_of(name), data.draw(DECLARED[kind].doses)
    thick = thicker(thin, factor)
    assume(possible(act, thin) and possible(act, thick))
    assume(thin.present)
    after = [wait(act.apply(tooth), 30.0 * DAY)[0] for tooth in (thin, thick)]
    assert (after[1].residual >= after[0].residual - 1e-12).all()
    assert (after[1].exposed <= after[0].exposed).all()
    harm = [t.pulp_state("damage") for t in after]
    kept = after[0].exposed <= 0.0  # a pulp that is bare has no dentine over it in either
    harm = [h[kept] for h in harm]
    nearly_none = 1e-6  # of the unit: a lesion that reaches the widened cell lives there a little otherwise
    # a hand told what to leave stops as far from either pulp, on cells cut elsewhere: the same dentine, but for the grid
    as_much = np.isclose(after[1].residual, after[0].residual, rtol=1e-9)[kept]
    assert (harm[1] <= harm[0] * np.where(as_much, 1.02, 1.0 + 1e-6) + nearly_none).all(), (harm[1] - harm[0]).max()
    assert not (after[1].pulp_lost & ~after[0].pulp_lost)[kept].any()


@given(factor=st.floats(1.05, 20.0), word=st.sampled_from(WORDS))
@GENTLE
def test_more_dentine_never_bares_a_pulp(factor, word):
    thin, thick = (Excavate(300.0, word).apply(tooth) for tooth in (tooth_of("near"), thicker(tooth_of("near"), factor)))
    assert (thick.exposed <= thin.exposed).all()


def test_a_hand_that_is_content_does_not_cut_again_because_of_rounding():
    for name in ("broken", "cavity", "excavated", "amelogenesis"):
        tooth = tooth_of(name)
        content = depth_of(tooth, "soft", tooth.constants.draws.normal("hand.hardness")) <= tooth.floor + 1e-9
        after = Excavate(60.0, "soft").apply(tooth)
        assert (after.floor == tooth.floor)[content].all()


def test_dentine_spares_pulps_at_all():
    lost = [
        wait(Excavate(600.0, "hard").apply(thicker(tooth_of("cavity"), factor)), 30.0 * DAY)[0].pulp_lost.mean()
        for factor in (1.0, 10.0)
    ]
    assert lost[1] < lost[0]
