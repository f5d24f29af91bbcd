"""Strength of a whole tooth: its limits, order, and the loads it was built on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin import structure
from amelo.twin.structure import CAVITIES, RESTORATIONS, Laws
from amelo.twin.structure.tooth_strength import codes

cavities, restorations = st.sampled_from(CAVITIES), st.sampled_from(RESTORATIONS)
bonds, depths, widths = st.floats(0.0, 1.0), st.floats(5e-4, 6e-3), st.floats(0.05, 0.6)


def test_a_sound_tooth_has_one():
    assert structure.tooth_strength() == 1.0
    for restoration in RESTORATIONS:
        assert structure.tooth_strength("none", restoration, 0.5) == pytest.approx(1.0)


@settings(deadline=None)
@given(cavities, restorations, depths, widths)
def test_without_a_bond_a_restoration_leaves_the_bare_cavity(cavity, restoration, depth, width):
    bare = structure.tooth_strength(cavity, width=width, depth=depth)
    held = structure.tooth_strength(cavity, restoration, 0.0, width=width, depth=depth)
    if restoration == "crown":  # holds by its form
        assert held >= bare
    else:
        assert held == pytest.approx(bare)


@settings(deadline=None)
@given(cavities, restorations, bonds, bonds, depths, widths)
def test_a_better_bond_is_never_weaker_and_nothing_beats_a_sound_tooth(cavity, restoration, one, two, depth, width):
    low, high = sorted((one, two))
    weak = structure.restored_strength(cavity, restoration, low, width=width, depth=depth)
    strong = structure.restored_strength(cavity, restoration, high, width=width, depth=depth)
    bare = structure.cavity_strength(cavity, width, depth)
    assert 0.0 < bare <= weak + 1e-12 and weak <= strong + 1e-12 and strong <= 1.0 + 1e-12


@settings(deadline=None)
@given(cavities, st.floats(0.0, 0.6), st.floats(0.0, 0.6), st.floats(0.0, 6e-3), st.floats(0.0, 6e-3))
def test_wider_and_deeper_is_never_stronger(cavity, width, other_width, depth, other_depth):
    small = structure.cavity_strength(cavity, min(width, other_width), min(depth, other_depth))
    large = structure.cavity_strength(cavity, max(width, other_width), max(depth, other_depth))
    assert large <= small
    assert structure.cavity_strength(cavity, 0.0, depth) == structure.cavity_strength(cavity, width, 0.0) == 1.0


def test_beyond_a_size_nothing_more_is_lost():
    huge = [float(structure.cavity_strength("mod", w, d)) for w, d in ((0.6, 6e-3), (0.9, 8e-3))]
    assert huge[0] == huge[1] == pytest.approx(0.37**2)


def test_measured_cavities_are_those_of_the_paper():
    assert [float(structure.cavity_strength(c)) for c in CAVITIES] == [1.0, 0.8, 0.54, 0.37, 0.25]
    for cavity in CAVITIES:
        assert structure.cavity_strength(cavity) == structure.stiffness("sound" if cavity == "none" else cavity)


@pytest.mark.parametrize(
    ("restoration", "millimetres", "load"),
    [
        ("composite", 3.0, "inlay_3mm_composite"),
        ("composite", 5.0, "inlay_5mm_composite"),
        ("inlay", 3.0, "inlay_3mm_ceramic"),
        ("inlay", 5.0, "inlay_5mm_ceramic"),
        ("onlay", 3.0, "onlay_3mm_ceramic"),
        ("onlay", 5.0, "onlay_5mm_ceramic"),
    ],
)
def test_restored_premolars_break_where_they_were_measured_to_but_never_above_sound(restoration, millimetres, load):
    ours = float(structure.restored_strength("mod", restoration, depth=1e-3 * millimetres))
    measured = structure.fracture_load(load) / structure.fracture_load("sound")
    assert ours == pytest.approx(min(measured, 1.0), abs=0.005)


def test_restorations_stand_in_order():
    at = {r: float(structure.tooth_strength("mod", r, 0.0 if r in ("none", "amalgam") else 1.0, depth=5e-3)) for r in RESTORATIONS}
    assert at["none"] == at["amalgam"] < at["glass_ionomer"] < at["inlay"] < at["composite"] < at["onlay"] == at["crown"] == 1.0


@settings(deadline=None)
@given(restorations, bonds)
def test_less_tooth_is_never_stronger(restoration, bond):
    left = [float(structure.tooth_strength(c, restoration, bond)) for c in CAVITIES]
    assert (np.diff(left) <= 1e-12).all()


def test_crowns_and_onlays_cover_cusps_whatever_was_lost():
    for cavity in CAVITIES:
        assert structure.tooth_strength(cavity, "onlay") == structure.tooth_strength(cavity, "crown") == 1.0
    assert structure.tooth_strength("cusp_lost", "crown", 0.0) > 0.9


def test_parts_multiply_and_a_small_lesion_counts_little():
    root = structure.tooth_strength("mod", "composite", root_treated=True)
    assert root == pytest.approx(0.95 * structure.tooth_strength("mod", "composite"))
    assert structure.tooth_strength(tissue=0.5, mismatch=0.8) == pytest.approx(0.4)
    assert structure.tooth_strength(tissue=0.5, mismatch=0.8, lesion=0.25) == pytest.approx(0.85)
    assert structure.tooth_strength("mod", tissue=0.5, lesion=0.0) == structure.tooth_strength("mod")


def test_members_by_words_numbers_and_one_by_one_agree():
    rng = np.random.Generator(np.random.Philox(key=6))
    cavity, restoration, bond = rng.integers(0, 5, 60), rng.integers(0, 7, 60), rng.random(60)
    root, deep = rng.random(60) < 0.3, 2e-3 + 3e-3 * rng.random(60)
    whole = structure.tooth_strength(cavity, restoration, bond, depth=deep, root_treated=root)
    words = structure.tooth_strength(
        [CAVITIES[c] for c in cavity], [RESTORATIONS[r] for r in restoration], bond, depth=deep, root_treated=root
    )
    single = [
        structure.tooth_strength(CAVITIES[c], RESTORATIONS[r], b, depth=d, root_treated=t)
        for c, r, b, d, t in zip(cavity, restoration, bond, deep, root, strict=True)
    ]
    np.testing.assert_array_equal(whole, words)
    np.testing.assert_allclose(whole, single)


def test_constants_of_members():
    laws = Laws.named(stiffness__mod=np.array([0.27, 0.47]), restoration__root_treated=np.array([0.7, 1.0]))
    assert structure.tooth_strength("mod", laws=laws).tolist() == [0.27, 0.47]
    assert structure.tooth_strength("mod", root_treated=True, laws=laws) == pytest.approx([0.189, 0.47])
    drawn = structure.tooth_strength("mod", "composite", 0.5, laws=Laws.drawn(500, seed=3))
    assert drawn.shape == (500,) and (drawn > 0.3).all() and (drawn < 1.0).all()


def test_numbers_of_a_tooth_have_their_grade():
    known = load_set("structure")
    for name in ("stiffness.cusp_lost", "cavity.width", "cavity.depth", "restoration.crown_by_form"):
        assert known[name].grade == "assumption" and len(known[name].note) > 10


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: structure.tooth_strength("modd"), "did you mean 'mod'"),
        (lambda: structure.tooth_strength("mod", "composit"), "did you mean 'composite'"),
        (lambda: structure.tooth_strength(["mod", "nod"]), "'nod' is not a cavity"),
        (lambda: structure.tooth_strength(np.array([5])), "no cavity with that number"),
        (lambda: structure.tooth_strength("mod", "composite", 1.1), "outside 0 to 1"),
        (lambda: structure.tooth_strength("mod", "composite", np.nan), "outside 0 to 1"),
        (lambda: structure.tooth_strength("mod", depth=-1e-3), "depth of a cavity"),
        (lambda: structure.tooth_strength("mod", width=np.inf), "depth of a cavity"),
        (lambda: structure.tooth_strength(tissue=-0.1), "tissue is below 0"),
        (lambda: structure.tooth_strength(mismatch=1.1), "outside 0 to 1"),
        (lambda: structure.tooth_strength(lesion=2.0), "outside 0 to 1"),
        (lambda: codes(np.array([-1]), CAVITIES, "cavity"), "no cavity"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
