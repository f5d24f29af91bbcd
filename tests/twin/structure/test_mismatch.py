"""Mismatch: none in a sound tooth, a jump counts whole whatever the cells, a slope hardly, and more mineral can harm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import ParameterError
from amelo.twin import structure
from amelo.twin.structure import Laws

DEPTH = 2e-3


def column(mineral, *, dentine=True, **more):
    mineral = np.atleast_2d(mineral)
    edges = np.linspace(0.0, DEPTH, mineral.shape[1] + 1)
    found = structure.mechanics(mineral, dentine, **more)
    return found, edges, structure.mismatch(found, edges, dentine)


def strength(mineral, **more):
    found, edges, wrong = column(mineral, **more)
    factor = structure.tissue_factor(found.strength, edges)
    return structure.tooth_strength(tissue=factor, mismatch=structure.mismatch_factor(wrong))


def test_a_sound_tooth_has_none_though_enamel_is_stiffer_than_dentine():
    found, _, wrong = column(np.ones((2, 30)), dentine=np.arange(30) >= 12)
    assert found.modulus[0, 0] > 3.0 * found.modulus[0, -1]
    np.testing.assert_array_equal(wrong.elastic, 0.0)
    np.testing.assert_array_equal(wrong.compartment, 0.0)
    np.testing.assert_array_equal(structure.mismatch_factor(wrong), 1.0)


@settings(deadline=None)
@given(st.floats(0.05, 1.0))
def test_tissue_that_is_alike_all_over_has_no_elastic_mismatch(mineral):
    _, _, wrong = column(np.full(20, mineral))
    assert wrong.elastic[0] == 0.0 and wrong.compartment[0] < 1e-30  # acid leaves more inside fibrils than outside


@pytest.mark.parametrize("cells", [20, 40, 200, 1000])
def test_a_jump_counts_whole_however_fine_the_cells(cells):
    mineral = np.where(np.arange(cells) < cells // 4, 0.4, 1.0)
    found, _, wrong = column(mineral)
    first, last = found.modulus[0, 0], found.modulus[0, -1]
    assert wrong.elastic[0] == pytest.approx(((last - first) / (last + first)) ** 2, rel=1e-12)  # Dundurs


def test_a_slope_counts_as_its_part_within_the_reach():
    reach = float(Laws.named()["mismatch.reach"])
    cells = 2000
    place = (np.arange(cells) + 0.5) * DEPTH / cells
    found = structure.mechanics(np.ones((1, cells)), True)
    slope = 800.0  # of the logarithm of stiffness, per metre
    found.stiffness[:] = np.exp(-slope * place)
    wrong = structure.mismatch(found, np.linspace(0.0, DEPTH, cells + 1))
    assert wrong.elastic[0] == pytest.approx(np.tanh(0.5 * slope * reach) ** 2, rel=1e-9)
    steep = structure.mismatch(found, np.linspace(0.0, 0.5 * DEPTH, cells + 1))
    assert steep.elastic[0] > wrong.elastic[0]


@settings(deadline=None)
@given(st.lists(st.floats(0.02, 1.5), min_size=20, max_size=20), st.integers(1, 3))
def test_cutting_cells_finer_changes_little(mineral, times):
    coarse = column(np.repeat(mineral, 4))[2].elastic[0]
    fine = column(np.repeat(mineral, 4 * times))[2].elastic[0]
    assert fine == pytest.approx(coarse, rel=0.1, abs=1e-9)
    assert 0.0 <= coarse < 1.0


def test_order_from_outside_or_inside_does_not_matter():
    rng = np.random.Generator(np.random.Philox(key=5))
    mineral = 0.2 + 0.8 * rng.random(25)
    assert column(mineral)[2].elastic[0] == pytest.approx(column(mineral[::-1])[2].elastic[0], rel=1e-12)


def test_mineral_outside_fibrils_alone_is_the_worst_of_compartments():
    none = column(np.full(10, 0.67), intrafibrillar=0.0)[2]
    some = column(np.full(10, 0.67), intrafibrillar=0.4)[2]
    assert none.compartment[0] == pytest.approx(1.0) and 0.0 < some.compartment[0] < 1.0
    assert structure.mismatch_factor(none)[0] < structure.mismatch_factor(some)[0] < 1.0
    half = np.arange(10) < 5
    found = structure.mechanics(np.full((1, 10), 0.67), half, intrafibrillar=0.0)
    of_both = structure.mismatch(found, np.linspace(0.0, DEPTH, 11), half)
    assert of_both.compartment[0] == pytest.approx(1.0)  # the mean over dentine, enamel has no fibrils


@settings(deadline=None)
@given(st.floats(0.95, 1.0), st.floats(0.1, 0.5), st.floats(0.1, 0.9))
def test_a_payload_that_overfills_an_outer_zone_weakens_although_mineral_rises(before, over, part):
    plain = np.full(40, before)
    filled = plain.copy()
    filled[: max(1, int(40 * part))] = 1.0 + over
    whole, some = strength(plain)[0], strength(filled)[0]
    assert filled.sum() > plain.sum()
    assert some < whole
    hardest = structure.mechanics(filled[None], True)
    assert hardest.hardness.max() > structure.mechanics(plain[None], True).hardness.max()


def test_overfilling_harms_more_than_filling_to_sound():
    to_sound, beyond = np.full(40, 0.9), np.full(40, 0.9)
    to_sound[:10], beyond[:10] = 1.0, 1.3
    assert strength(beyond)[0] < strength(np.full(40, 0.9))[0] < strength(to_sound)[0]
    assert column(beyond)[2].compartment[0] > 0.0 == column(to_sound)[2].compartment[0]


def test_mineral_evenly_spread_is_no_weaker_than_the_same_in_zones():
    zones = np.where(np.arange(40) % 20 < 10, 0.7, 1.0)
    assert column(zones)[2].elastic[0] > column(np.full(40, 0.85))[2].elastic[0] == 0.0


def test_what_was_cut_away_has_no_interface():
    mineral = np.where(np.arange(20) < 5, 0.1, 1.0)[None]
    edges = np.linspace(0.0, DEPTH, 21)
    found = structure.mechanics(mineral, True)
    present = np.arange(20)[None] >= 5
    assert structure.mismatch(found, edges, present=present).elastic[0] == 0.0 < structure.mismatch(found, edges).elastic[0]
    nothing = structure.mismatch(found, edges, present=np.zeros((1, 20), bool))
    assert nothing.compartment[0] == 0.0


def test_members_may_have_their_own_cells():
    rng = np.random.Generator(np.random.Philox(key=7))
    mineral = 0.2 + 0.8 * rng.random((30, 15))
    edges = np.concatenate([np.zeros((30, 1)), np.cumsum(2e-5 + 2e-4 * rng.random((30, 15)), axis=1)], axis=1)
    present = np.where(rng.random((30, 15)) < 0.1, rng.random((30, 15)), 1.0)
    present[:, :3] *= rng.random((30, 1)) < 0.5
    found = structure.mechanics(mineral, True)
    whole = structure.mismatch(found, edges, present=present)
    factor = structure.tissue_factor(found.strength, edges, present)
    for k in range(30):
        one = structure.mechanics(mineral[k : k + 1], True)
        alone = structure.mismatch(one, edges[k], present=present[k : k + 1])
        assert whole.elastic[k] == pytest.approx(alone.elastic[0], rel=1e-9)
        assert whole.compartment[k] == pytest.approx(alone.compartment[0], rel=1e-9, abs=1e-15)
        assert factor[k] == pytest.approx(structure.tissue_factor(one.strength, edges[k], present[k : k + 1])[0])


def test_half_a_cell_weighs_half():
    found = structure.mechanics(np.array([[0.5, 1.0]]), True)
    edges = np.array([0.0, 1e-3, 2e-3])
    assert structure.tissue_factor(found.strength, edges, np.array([[0.5, 1.0]]))[0] == pytest.approx(
        (0.5 * found.strength[0, 0] + 1.0) / 1.5
    )


def test_one_cell_has_no_neighbour():
    assert column([0.5])[2].elastic[0] == 0.0


def test_shares_of_stress_differ_between_members():
    mineral = np.repeat(np.where(np.arange(20) < 5, 0.3, 1.0)[None], 2, axis=0)
    _, _, wrong = column(mineral)
    factor = structure.mismatch_factor(wrong, Laws.named(mismatch__by_stiffness=np.array([0.0, 2.0])))
    assert factor[0] == 1.0 > factor[1] == pytest.approx(1.0 / (1.0 + 2.0 * wrong.elastic[1]))


@pytest.mark.parametrize(
    ("edges", "laws", "words"),
    [
        (np.linspace(0.0, 1e-3, 3), None, "edges"),
        (np.array([0.0, 1e-3, 1e-3, 2e-3]), None, "edges"),
        (np.linspace(0.0, 1e-3, 4), Laws.named(mismatch__reach=np.array([1e-4, 2e-4])), "reach"),
    ],
)
def test_what_is_refused(edges, laws, words):
    with pytest.raises(ParameterError, match=words):
        structure.mismatch(structure.mechanics(np.ones((2, 3)), True), edges, laws=laws)
