"""Stiffness and hardness: limits, monotone in the right compartment, the data that fixed the constants, words, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin import structure
from amelo.twin.structure import Laws
from amelo.twin.structure.words import word_index

VALUE = load_set("structure-tissue").value
SHARES = st.floats(0.0, 1.0)


def dentine(mineral, **more):
    return structure.mechanics(np.atleast_2d(mineral), True, **more)


def enamel(mineral, **more):
    return structure.mechanics(np.atleast_2d(mineral), False, **more)


def test_sound_tissue_has_sound_values():
    found = structure.mechanics(np.ones((3, 4)), np.array([False, False, True, True]))
    for kind, cells in (("enamel", slice(0, 2)), ("dentine", slice(2, 4))):
        np.testing.assert_allclose(found.modulus[:, cells], 1e9 * VALUE(f"{kind}.modulus"))
        np.testing.assert_allclose(found.hardness[:, cells], 1e9 * VALUE(f"{kind}.hardness"))
        np.testing.assert_allclose(found.knoop[:, cells], VALUE(f"{kind}.knoop"))
        np.testing.assert_allclose(found.vickers[:, cells], VALUE(f"{kind}.vickers"))
    np.testing.assert_allclose(found.strength, 1.0)
    np.testing.assert_array_equal(found.extrafibrillar, 1.0)


def test_dentine_without_mineral_is_its_matrix_and_without_that_nothing():
    bare = dentine(0.0)
    assert bare.hardness[0, 0] == pytest.approx(1e9 * VALUE("dentine.matrix.hardness"))
    assert bare.modulus[0, 0] == pytest.approx(1e9 * VALUE("dentine.matrix.modulus"))
    gone = dentine(0.0, collagen=0.0)
    assert gone.hardness[0, 0] == pytest.approx(0.0, abs=1.0) and gone.strength[0, 0] == 0.0
    half = dentine(0.0, collagen=0.5)
    assert half.hardness[0, 0] == pytest.approx(0.5 * bare.hardness[0, 0])
    assert enamel(0.1).hardness[0, 0] == 0.0  # enamel has no matrix to speak of


@settings(deadline=None)
@given(SHARES, SHARES, SHARES)
def test_more_of_what_holds_is_never_softer(mineral, more, collagen):
    low, high = sorted((mineral, more))
    for found in (dentine([low, high], collagen=collagen), enamel([low, high])):
        for field in (found.hardness, found.modulus, found.knoop):
            assert field[0, 0] <= field[0, 1] * (1.0 + 1e-12)
    kept = dentine([[mineral], [mineral]], collagen=np.array([[min(collagen, more)], [max(collagen, more)]]))
    assert kept.hardness[0, 0] <= kept.hardness[1, 0] * (1.0 + 1e-12)
    assert kept.strength[0, 0] <= kept.strength[1, 0] * (1.0 + 1e-12)


@settings(deadline=None)
@given(st.floats(0.35, 1.0), SHARES, SHARES)
def test_of_the_same_mineral_what_stands_in_fibrils_counts_more(mineral, one, two):
    less, more = sorted((one, two))
    found = dentine([[mineral], [mineral]], intrafibrillar=np.array([[less], [more]]))
    assert found.hardness[0, 0] <= found.hardness[1, 0] * (1.0 + 1e-9)


@settings(deadline=None)
@given(st.floats(0.0, 1.6))
def test_compartments_hold_all_mineral_and_acid_takes_the_outer_one_first(mineral):
    outside, inside = structure.compartments(mineral)
    share = VALUE("dentine.intrafibrillar_share")
    assert (1.0 - share) * outside + share * inside == pytest.approx(mineral, abs=1e-12)
    assert 0.0 <= inside <= 1.0
    if mineral < 1.0:
        assert inside >= outside - 1e-12
    else:
        assert inside == 1.0 <= outside + 1e-12


@settings(deadline=None)
@given(st.floats(0.2, 1.0), st.floats(1.0, 20.0), st.floats(1.0, 20.0))
def test_protein_that_stayed_softens_enamel_beyond_its_mineral(mineral, one, two):
    less, more = sorted((one, two))
    found = enamel([[mineral], [mineral]], protein=np.array([[less], [more]]))
    assert found.hardness[1, 0] <= found.hardness[0, 0] <= enamel(mineral).hardness[0, 0]
    assert found.modulus[1, 0] <= found.modulus[0, 0]


def test_a_small_loss_of_mineral_costs_hypomineralised_enamel_most_of_its_hardness():
    sick, sound = enamel(0.95, protein=15.0), enamel(1.0)
    assert sound.hardness[0, 0] / sick.hardness[0, 0] == pytest.approx(3.66 / 0.53, rel=0.01)
    assert sound.modulus[0, 0] / sick.modulus[0, 0] == pytest.approx(75.57 / 14.49, rel=0.01)
    carious = enamel(0.95)
    assert carious.hardness[0, 0] > 0.85 * sound.hardness[0, 0]


@pytest.mark.parametrize(("percent", "knoop"), [(75.1, 219.9), (66.1, 162.4), (35.5, 31.7)])
def test_the_root_law_gives_the_pairs_of_lesions_that_its_paper_prints(percent, knoop):
    assert enamel(percent / 87.7).knoop[0, 0] == pytest.approx(knoop, rel=0.03)


def test_dentine_without_mineral_in_fibrils_is_five_times_softer():
    assert dentine(1.0).vickers[0, 0] / dentine(0.67, intrafibrillar=0.0).vickers[0, 0] == pytest.approx(4.89, rel=0.01)
    assert dentine(0.67).vickers[0, 0] > 1.3 * dentine(0.67, intrafibrillar=0.0).vickers[0, 0]


def test_both_compartments_may_be_given():
    whole = np.array([[0.3, 0.7, 1.2]])
    outside, inside = structure.compartments(whole)
    given = dentine(whole, intrafibrillar=inside, extrafibrillar=outside)
    np.testing.assert_allclose(given.hardness, dentine(whole).hardness)
    np.testing.assert_allclose(given.hardness, dentine(whole, intrafibrillar=inside).hardness)
    other = dentine(0.25, intrafibrillar=1.0, extrafibrillar=0.0)  # of another share than ours, which is theirs to know
    assert other.intrafibrillar[0, 0] == 1.0 and other.extrafibrillar[0, 0] == 0.0
    assert other.hardness[0, 0] > dentine(0.25).hardness[0, 0]


def test_no_more_mineral_stands_inside_fibrils_than_there_is():
    found = dentine(0.12, intrafibrillar=1.0)
    assert found.intrafibrillar[0, 0] == pytest.approx(0.12 / VALUE("dentine.intrafibrillar_share"))
    assert found.extrafibrillar[0, 0] == pytest.approx(0.0, abs=1e-12)


def test_rounding_is_no_fault():
    found = dentine([-1e-12, 0.5], collagen=np.array([1.0 + 1e-12, -1e-12]))
    assert np.isfinite(found.hardness).all() and found.hardness[0, 0] == dentine(0.0).hardness[0, 0]


def test_mineral_beyond_sound_makes_dentine_harder_and_weaker():
    found = dentine([1.0, 1.1, 1.9])
    assert (np.diff(found.hardness[0]) > 0.0).all() and (np.diff(found.strength[0]) < 0.0).all()
    assert found.strength[0, 1] == pytest.approx(0.8, abs=0.005)  # toughness of transparent dentine
    assert found.hardness[0, 2] == pytest.approx(1e9 * VALUE("dentine.dense.hardness"))


def test_a_column_of_both_tissues_is_each_on_its_own():
    rng = np.random.Generator(np.random.Philox(key=2))
    mineral = rng.random((5, 8))
    where = np.arange(8) >= 3
    whole = structure.mechanics(mineral, where, protein=2.0, collagen=0.7)
    np.testing.assert_array_equal(whole.hardness[:, :3], enamel(mineral[:, :3], protein=2.0).hardness)
    np.testing.assert_array_equal(whole.hardness[:, 3:], dentine(mineral[:, 3:], collagen=0.7).hardness)
    scattered = rng.random((5, 8)) < 0.5  # each member has its own junction
    mixed = structure.mechanics(mineral, scattered)
    np.testing.assert_allclose(mixed.modulus, np.where(scattered, dentine(mineral).modulus, enamel(mineral).modulus))


def test_members_have_their_own_constants():
    laws = Laws.named(dentine__hardness=np.array([0.5, 1.0]), enamel__softening_by_protein=np.array([0.1, 0.2]))
    found = structure.mechanics(np.ones((2, 2)), np.array([False, True]), protein=5.0, laws=laws)
    np.testing.assert_allclose(found.hardness[:, 1], [0.5e9, 1e9])
    assert found.hardness[0, 0] == pytest.approx(found.hardness[1, 0] * np.exp(0.4))
    many = Laws.drawn(200, seed=4)
    drawn = dentine(np.full((200, 3), [1.0, 0.6, 0.2]), laws=many).knoop
    assert (drawn[:, 0] > drawn[:, 1]).all() and (drawn[:, 1] > drawn[:, 2]).all() and drawn[:, 1].std() > 1.0
    np.testing.assert_array_equal(Laws.drawn(200, seed=4)["words.firm"], many["words.firm"])
    for p in load_set("structure-tissue"):
        assert (many[p.name] >= p.low).all() and (many[p.name] <= p.high).all()


def test_tissue_is_averaged_by_depth_and_what_is_gone_does_not_count():
    strength = np.array([[0.2, 1.0, 1.0]])
    edges = np.array([0.0, 1e-3, 2e-3, 4e-3])
    assert structure.tissue_factor(strength, edges)[0] == pytest.approx(0.8)
    assert structure.tissue_factor(strength, edges, np.array([[False, True, True]]))[0] == 1.0
    assert structure.tissue_factor(strength, edges, np.zeros((1, 3), bool))[0] == 1.0


def test_words_begin_where_the_page_says():
    mineral = np.linspace(0.0, 1.0, 10_001)
    feel = structure.firmness(dentine(mineral).knoop)[0]
    begins = [mineral[np.argmax(feel >= word_index(word))] for word in ("leathery", "firm", "hard")]
    assert begins == pytest.approx([0.48, 0.72, 0.91], abs=0.006)


def test_words_rise_with_hardness_and_hands_differ():
    limits = structure.thresholds()
    assert list(limits) == list(structure.FIRMNESS) and [float(x) for x in limits.values()] == [0.0, 10.0, 25.0, 50.0]
    assert structure.firmness([[0.0, 9.9, 10.0, 24.0, 25.0, 49.0, 50.0, 314.0]]).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]]
    hands = structure.firmness(np.full((2, 3), 27.0), hand=np.array([0.0, 1.0]))
    assert hands.tolist() == [[2, 2, 2], [1, 1, 1]]  # a severe hand does not call that firm
    assert word_index("firm") == 2
    assert load_set("structure-tissue")["words.firm"].grade == "assumption"


@settings(deadline=None)
@given(st.floats(0.0, 1.2), st.floats(0.0, 1.2), st.floats(-3.0, 3.0))
def test_less_mineral_never_feels_harder(one, two, hand):
    feel = structure.firmness(dentine(sorted((one, two))).knoop, hand=np.array([hand]))
    assert feel[0, 0] <= feel[0, 1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dentine(-0.1), "mineral is below 0"),
        (lambda: dentine(np.nan), "mineral is below 0"),
        (lambda: dentine(0.5, collagen=1.2), "collagen is below 0, above 1"),
        (lambda: dentine(0.2, extrafibrillar=1.0), "without that inside"),
        (lambda: dentine(0.2, intrafibrillar=2.0), "intrafibrillar is below 0, above 1.5"),
        (lambda: structure.mechanics(np.ones(3), True), "members by cells"),
        (lambda: Laws.named(dentine__hardnes=1.0), "did you mean 'dentine.hardness'"),
        (lambda: Laws.named(dentine__hardness=-1.0), "below 0"),
        (lambda: Laws.drawn(0, seed=1), "0 members"),
        (lambda: word_index("frim"), "did you mean 'firm'"),
        (
            lambda: structure.mechanics(
                np.ones((2, 2)), np.eye(2, dtype=bool), laws=Laws.named(dentine__hardness=np.array([0.5, 1.0]))
            ),
            "where dentine begins",
        ),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
