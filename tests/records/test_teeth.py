"""The numbering of teeth: round trips, no mirrored quadrants, and surfaces that know where the midline is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.errors import RecordError
from amelo.records import teeth

ALL = teeth.ALL_TEETH
every_tooth = pytest.mark.parametrize("fdi", ALL)

# FDI, Universal, Palmer, symbol: written out by hand, corner by corner, so that a mirrored quadrant cannot pass
KNOWN = [
    (11, "8", "UR1", "1┘"),
    (16, "3", "UR6", "6┘"),
    (18, "1", "UR8", "8┘"),
    (21, "9", "UL1", "└1"),
    (26, "14", "UL6", "└6"),
    (28, "16", "UL8", "└8"),
    (31, "24", "LL1", "┌1"),
    (36, "19", "LL6", "┌6"),
    (38, "17", "LL8", "┌8"),
    (41, "25", "LR1", "1┐"),
    (46, "30", "LR6", "6┐"),
    (48, "32", "LR8", "8┐"),
    (51, "E", "URA", "A┘"),
    (55, "A", "URE", "E┘"),
    (61, "F", "ULA", "└A"),
    (65, "J", "ULE", "└E"),
    (71, "O", "LLA", "┌A"),
    (75, "K", "LLE", "┌E"),
    (81, "P", "LRA", "A┐"),
    (85, "T", "LRE", "E┐"),
]


def test_there_are_32_permanent_and_20_primary_teeth():
    assert len(teeth.PERMANENT) == 32
    assert len(teeth.PRIMARY) == 20
    assert len(set(ALL)) == 52


@pytest.mark.parametrize(("fdi", "universal", "palmer", "symbol"), KNOWN)
def test_known_names_of_a_tooth(fdi, universal, palmer, symbol):
    assert teeth.universal(fdi) == universal
    assert teeth.palmer(fdi) == palmer
    assert teeth.palmer_symbol(fdi) == symbol


@every_tooth
def test_every_numbering_round_trips(fdi):
    assert teeth.tooth(str(fdi)) == teeth.tooth(fdi) == fdi
    assert teeth.fdi_from_universal(teeth.universal(fdi)) == fdi
    assert teeth.fdi_from_universal(teeth.universal(fdi).lower()) == fdi
    assert teeth.fdi_from_palmer(teeth.palmer(fdi)) == fdi
    assert teeth.fdi_from_palmer(teeth.palmer(fdi).lower()) == fdi
    assert teeth.fdi_from_palmer(teeth.palmer_symbol(fdi)) == fdi


@pytest.mark.parametrize("form", [teeth.universal, teeth.palmer, teeth.palmer_symbol, teeth.tooth_name])
def test_no_two_teeth_share_a_name(form):
    assert len({form(fdi) for fdi in ALL}) == 52


def test_universal_numbers_run_clockwise_as_the_dentist_sees_the_mouth():
    upper, lower = teeth.chart_rows(primary=False)
    assert [teeth.universal(fdi) for fdi in upper] == [str(n) for n in range(1, 17)]
    assert [teeth.universal(fdi) for fdi in lower] == [str(n) for n in range(32, 16, -1)]
    upper, lower = teeth.chart_rows(primary=True)
    assert [teeth.universal(fdi) for fdi in upper] == list("ABCDEFGHIJ")
    assert [teeth.universal(fdi) for fdi in lower] == list("TSRQPONMLK")


@pytest.mark.parametrize("primary", [False, True])
def test_chart_rows_hold_each_tooth_once_with_the_patients_right_on_the_left(primary):
    upper, lower = teeth.chart_rows(primary=primary)
    assert sorted(upper + lower) == sorted(teeth.PRIMARY if primary else teeth.PERMANENT)
    for row, jaw in ((upper, "upper"), (lower, "lower")):
        half = len(row) // 2
        assert {teeth.side(fdi) for fdi in row[:half]} == {"right"}
        assert {teeth.side(fdi) for fdi in row[half:]} == {"left"}
        assert {teeth.arch(fdi) for fdi in row} == {jaw}
        assert tuple(map(teeth.contralateral, reversed(row))) == row
    assert tuple(map(teeth.antagonist, upper)) == lower


@every_tooth
def test_partners_are_mutual(fdi):
    other = teeth.contralateral(fdi)
    assert other != fdi
    assert teeth.contralateral(other) == fdi
    assert teeth.arch(other) == teeth.arch(fdi)
    assert teeth.side(other) != teeth.side(fdi)
    against = teeth.antagonist(fdi)
    assert teeth.antagonist(against) == fdi
    assert teeth.arch(against) != teeth.arch(fdi)
    assert teeth.side(against) == teeth.side(fdi)
    assert teeth.is_primary(other) == teeth.is_primary(against) == teeth.is_primary(fdi)


def test_every_primary_tooth_has_one_successor_in_the_same_place():
    replaced = [teeth.successor(fdi) for fdi in teeth.PRIMARY]
    assert len(set(replaced)) == 20
    for fdi, after in zip(teeth.PRIMARY, replaced, strict=True):
        assert teeth.predecessor(after) == fdi
        assert (teeth.arch(after), teeth.side(after)) == (teeth.arch(fdi), teeth.side(fdi))
    assert teeth.successor(75) == 35
    assert [fdi for fdi in teeth.PERMANENT if teeth.predecessor(fdi) is None] == [
        fdi for fdi in teeth.PERMANENT if teeth.tooth_class(fdi) == "molar"
    ]
    assert teeth.successor(36) is None
    assert teeth.predecessor(75) is None


def test_classes_of_teeth():
    def count(fdis, kind):
        return sum(teeth.tooth_class(fdi) == kind for fdi in fdis)

    assert [count(teeth.PERMANENT, kind) for kind in ("incisor", "canine", "premolar", "molar")] == [8, 4, 8, 12]
    assert [count(teeth.PRIMARY, kind) for kind in ("incisor", "canine", "premolar", "molar")] == [8, 4, 0, 8]
    assert teeth.tooth_name(36) == "lower left first molar"
    assert teeth.tooth_name(12) == "upper right lateral incisor"
    assert teeth.tooth_name(85) == "primary lower right second molar"


@every_tooth
def test_surfaces_fit_the_tooth(fdi):
    letters = teeth.surfaces(fdi)
    anterior = teeth.tooth_class(fdi) in ("incisor", "canine")
    assert letters[:4] == (("M", "I", "D", "F") if anterior else ("M", "O", "D", "B"))
    assert letters[4] == ("P" if teeth.arch(fdi) == "upper" else "L")
    assert {teeth.SURFACE_NAMES[letter] for letter in letters} >= {"mesial", "distal"}
    for letter in letters:
        assert teeth.surface(fdi, letter) == letter
        assert teeth.surface(fdi, f" {letter.lower()} ") == letter


@pytest.mark.parametrize(
    ("fdi", "given_letter", "canonical"),
    [(11, "B", "F"), (36, "F", "B"), (16, "L", "P"), (36, "P", "L"), (41, "p", "L"), (55, "f", "B")],
)
def test_synonyms_become_the_letter_of_the_tooth(fdi, given_letter, canonical):
    assert teeth.surface(fdi, given_letter) == canonical


@every_tooth
@pytest.mark.parametrize("letter", ["X", "", "MO", "7", None])
def test_other_letters_are_refused_with_the_valid_ones(fdi, letter):
    with pytest.raises(RecordError) as caught:
        teeth.surface(fdi, letter)
    assert f"is not a surface of tooth {fdi}; use one of {', '.join(teeth.surfaces(fdi))}" in str(caught.value)


@every_tooth
def test_no_occlusal_surface_in_front_and_no_edge_behind(fdi):
    wrong = "O" if "I" in teeth.surfaces(fdi) else "I"
    with pytest.raises(RecordError, match=f"'{wrong}' is not a surface of tooth {fdi}"):
        teeth.surface(fdi, wrong)


@every_tooth
@pytest.mark.parametrize("letter", ["M", "D"])
def test_touching_surfaces_touch_each_other(fdi, letter):
    contact = teeth.touching(fdi, letter)
    if contact is None:
        assert letter == "D"
        assert fdi + 1 not in ALL
        return
    assert teeth.touching(*contact) == (fdi, letter)
    assert teeth.arch(contact[0]) == teeth.arch(fdi)


def test_contacts_by_name():
    assert teeth.touching(36, "M") == (35, "D")
    assert teeth.touching(36, "D") == (37, "M")
    assert teeth.touching(11, "M") == (21, "M")
    assert teeth.touching(71, "M") == (81, "M")
    assert teeth.touching(18, "D") is None
    assert teeth.touching(75, "D") is None


@every_tooth
def test_mesial_points_to_the_midline_of_the_chart(fdi):
    rows = teeth.chart_rows(primary=teeth.is_primary(fdi))
    row = next(row for row in rows if fdi in row)
    place, neighbour = row.index(fdi), row.index(teeth.neighbour(fdi, "M"))
    assert abs(place - neighbour) == 1
    assert teeth.mesial_on_right(fdi) == (neighbour > place)
    assert teeth.mesial_on_right(fdi) != teeth.mesial_on_right(teeth.contralateral(fdi))
    assert teeth.mesial_on_right(fdi) == teeth.mesial_on_right(teeth.antagonist(fdi))


@pytest.mark.parametrize("quadrant", [1, 2, 3, 4, 5, 6, 7, 8])
def test_position_and_quadrant_make_the_number_again(quadrant):
    members = [fdi for fdi in ALL if fdi // 10 == quadrant]
    assert len(members) == (5 if quadrant >= 5 else 8)
    for fdi in members:
        assert teeth.quadrant(fdi) == (quadrant if quadrant <= 4 else quadrant - 4)
        assert 10 * quadrant + teeth.position(fdi) == fdi


@given(st.one_of(st.integers(-1000, 1000), st.text(max_size=4), st.booleans(), st.floats()))
def test_anything_else_is_not_a_tooth(key):
    if str(key) in {str(fdi) for fdi in ALL}:
        assert teeth.tooth(key) in ALL
        return
    with pytest.raises(RecordError, match="is not a tooth; FDI numbers are 11-18"):
        teeth.tooth(key)


@pytest.mark.parametrize("name", ["0", "33", "U", "", "٣", 19.0, "-1"])
def test_wrong_universal_numbers_are_refused_with_the_range(name):
    with pytest.raises(RecordError, match="is not a Universal tooth number; allowed 1 to 32 and A to T"):
        teeth.fdi_from_universal(name)


@pytest.mark.parametrize("name", ["UR9", "URF", "6", "LL", "6╝", ""])
def test_wrong_palmer_names_are_refused_with_the_form(name):
    with pytest.raises(RecordError, match="is not a Palmer name; write UR, UL, LL or LR"):
        teeth.fdi_from_palmer(name)
