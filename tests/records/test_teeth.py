"""Numbering and surfaces: exact for all 52 teeth, never mirrored."""

from __future__ import annotations

import pytest

from amelo.errors import RecordError
from amelo.records import teeth as t


def test_there_are_52_teeth():
    assert len(t.PERMANENT) == 32 and len(t.PRIMARY) == 20 and len(set(t.ALL_TEETH)) == 52


def test_every_numbering_is_a_bijection_and_round_trips():
    for names, back in ((t.universal, t.fdi_from_universal), (t.palmer, t.fdi_from_palmer)):
        assert len({names(fdi) for fdi in t.ALL_TEETH}) == 52
        for fdi in t.ALL_TEETH:
            assert back(names(fdi)) == fdi
            assert back(names(fdi).lower()) == fdi
    assert {t.universal(fdi) for fdi in t.PERMANENT} == {str(n) for n in range(1, 33)}
    assert {t.universal(fdi) for fdi in t.PRIMARY} == set("ABCDEFGHIJKLMNOPQRST")


@pytest.mark.parametrize(
    ("fdi", "universal", "palmer"),
    [(18, "1", "UR8"), (11, "8", "UR1"), (21, "9", "UL1"), (28, "16", "UL8"), (38, "17", "LL8"), (36, "19", "LL6"), (31, "24", "LL1")]
    + [(41, "25", "LR1"), (46, "30", "LR6"), (48, "32", "LR8"), (55, "A", "URE"), (51, "E", "URA"), (61, "F", "ULA"), (65, "J", "ULE")]
    + [(75, "K", "LLE"), (71, "O", "LLA"), (81, "P", "LRA"), (85, "T", "LRE")],
)
def test_known_teeth(fdi, universal, palmer):
    assert t.universal(fdi) == universal
    assert t.palmer(fdi) == palmer


def test_left_and_right_never_swap():
    for fdi in t.ALL_TEETH:
        other = t.contralateral(fdi)
        assert t.contralateral(other) == fdi and t.side(other) != t.side(fdi) and t.arch(other) == t.arch(fdi)
        opposite = t.antagonist(fdi)
        assert t.antagonist(opposite) == fdi and t.side(opposite) == t.side(fdi) and t.arch(opposite) != t.arch(fdi)
        assert t.is_primary(other) == t.is_primary(opposite) == t.is_primary(fdi)
        corner = t.palmer(fdi)[:2]
        assert corner == ("U" if t.arch(fdi) == "upper" else "L") + ("R" if t.side(fdi) == "right" else "L")


def test_the_chart_shows_the_patient_s_right_on_the_left_and_every_tooth_once():
    drawn = []
    for primary in (False, True):
        for row in t.chart_rows(primary=primary):
            half = len(row) // 2
            assert all(t.side(fdi) == "right" for fdi in row[:half]) and all(t.side(fdi) == "left" for fdi in row[half:])
            assert [t.position(fdi) for fdi in row] == [*range(half, 0, -1), *range(1, half + 1)]
            drawn += row
        assert all(t.arch(fdi) == arch for row, arch in zip(t.chart_rows(primary=primary), ("upper", "lower"), strict=True) for fdi in row)
    assert sorted(drawn) == sorted(t.ALL_TEETH)


def test_mesial_points_to_the_midline_of_the_chart():
    for primary in (False, True):
        for row in t.chart_rows(primary=primary):
            half = len(row) // 2
            assert all(t.mesial_on_right(fdi) for fdi in row[:half]) and not any(t.mesial_on_right(fdi) for fdi in row[half:])


def test_contacts_are_mutual():
    for fdi in t.ALL_TEETH:
        for letter in ("M", "D"):
            contact = t.touching(fdi, letter)
            if contact is None:
                assert letter == "D" and t.position(fdi) == (5 if t.is_primary(fdi) else 8)
            else:
                assert t.touching(*contact) == (fdi, letter)
    assert t.touching(36, "M") == (35, "D") and t.touching(11, "M") == (21, "M") and t.touching(41, "M") == (31, "M")


def test_surfaces_follow_the_tooth():
    for fdi in t.ALL_TEETH:
        letters = t.surfaces(fdi)
        front = t.tooth_class(fdi) in ("incisor", "canine")
        assert len(set(letters)) == 5
        assert ("I" in letters) == front and ("O" in letters) != front
        assert ("F" in letters) == front and ("B" in letters) != front
        assert ("P" in letters) == (t.arch(fdi) == "upper") and ("L" in letters) == (t.arch(fdi) == "lower")
        for letter in letters:
            assert t.surface(fdi, letter) == t.surface(fdi, letter.lower()) == letter
        assert t.surface(fdi, "B") == t.surface(fdi, "F") and t.surface(fdi, "L") == t.surface(fdi, "P")
        with pytest.raises(RecordError, match=f"not a surface of tooth {fdi}"):
            t.surface(fdi, "O" if front else "I")


def test_names_and_succession():
    assert t.tooth_name(36) == "lower left first molar"
    assert t.tooth_name(11) == "upper right central incisor"
    assert t.tooth_name(85) == "primary lower right second molar"
    assert t.tooth_name(44) == "lower right first premolar"
    assert t.tooth_name(18) == "upper right third molar"
    assert len({t.tooth_name(fdi) for fdi in t.ALL_TEETH}) == 52
    assert t.successor(55) == 15 and t.successor(71) == 31 and t.successor(36) is None
    assert {t.tooth_class(fdi) for fdi in t.PRIMARY} == {"incisor", "canine", "molar"}


@pytest.mark.parametrize("bad", ["19", "10", "90", "56", "", "1", "3 6", "٣٦", "036", None, 3.6])
def test_what_is_no_tooth(bad):
    with pytest.raises(RecordError, match="is not a tooth"):
        t.tooth(bad)


@pytest.mark.parametrize("bad", ["0", "33", "U", "LL"])
def test_what_is_no_other_number(bad):
    with pytest.raises(RecordError):
        t.fdi_from_universal(bad)
    with pytest.raises(RecordError):
        t.fdi_from_palmer(bad)
