"""What a chart says of a tooth: codes, marks, states of surfaces, and sentences."""

from __future__ import annotations

import pytest

from amelo.records.case import Case
from amelo.records.check import build
from amelo.records.tooth import Tooth
from amelo.report.words import MARKS, caries_code, describe, describe_surface, is_deep, marks, restoration_code, surface_state

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}


def tooth(fdi: int = 36, **parts) -> Tooth:
    return build(Case, BASE | {"teeth": {str(fdi): {"status": "present"} | parts}}, "test").tooth(fdi)


def with_finding(**finding) -> Tooth:
    return tooth(findings=[{"surface": "O"} | finding])


FULL = {
    "findings": [
        {
            "surface": "B",
            "site": "root",
            "icdas_root": 2,
            "activity": "active",
            "lesion_depth": 250,
            "integrated_mineral_loss": 4000,
        }
    ],
    "restorations": [{"surfaces": ["O"], "kind": "filling", "material": "amalgam", "age": 12, "condition": "fractured"}],
    "periodontal": {"DB": {"probing_depth": 6}, "B": {"probing_depth": 2}},
    "mobility": 2,
    "root_treated": True,
    "hypersensitivity": 1,
    "pulp_diagnosis": "previously treated",
    "orthodontic_attachment": "band",
}


def test_words_tell_everything():
    assert describe(tooth(16, **FULL)) == (
        "buccal root code 2, active, depth 250 µm, ΔZ 4000 vol%·µm; amalgam filling O, 12 years, fractured; pocket 6 mm DB; "
        "previously treated; hypersensitivity 1; mobility 2; root-treated; band"
    )


def test_marks_tell_everything():
    assert "".join(marks(tooth(16, **FULL))) == "bsntfpm"
    rest = tooth(findings=[{"surface": "O", "defect": "hypoplasia", "wear": 1}])
    assert set(marks(tooth(16, **FULL))) | set(marks(rest)) == set(MARKS)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"findings": [{"surface": "O", "icdas": 0, "radiograph": "none", "defect": "none", "wear": 0}]},
        {"hypersensitivity": 0, "mobility": 0, "pulp_diagnosis": "normal", "root_treated": False, "orthodontic_attachment": "none"},
        {"periodontal": {"B": {"probing_depth": 3.5}}},
        {"other_surfaces": "sound"},
    ],
)
def test_nothing_is_said_of_a_tooth_without_findings(parts):
    assert describe(tooth(**parts)) == ""
    assert list(marks(tooth(**parts))) == []


@pytest.mark.parametrize(
    ("status", "parts", "words"),
    [
        ("missing", {"missing_cause": "trauma"}, "missing (trauma)"),
        ("missing", {}, "missing (cause unknown)"),
        ("implant", {}, "implant"),
        ("partially erupted", {}, "partially erupted"),
        ("unknown", {}, ""),
    ],
)
def test_other_states_are_named(status, parts, words):
    assert describe(tooth(status=status, **parts)) == words


@pytest.mark.parametrize(
    ("finding", "code", "deep", "state"),
    [
        ({"icdas": 1}, "O1", False, "enamel"),
        ({"icdas": 3}, "O3", False, "enamel"),
        ({"icdas": 4}, "O4", True, "dentine"),
        ({"icdas": 6, "radiograph": "none"}, "O6", True, "dentine"),
        ({"radiograph": "E2", "icdas": 0}, "OE2", False, "enamel"),
        ({"radiograph": "D1", "icdas": 2}, "OD1", True, "dentine"),
    ],
)
def test_codes_and_depths_of_caries(finding, code, deep, state):
    record = with_finding(**finding)
    assert caries_code(record.worst) == code
    assert is_deep(record.worst) is deep
    assert surface_state(record, "O") == state


def test_root_caries_is_on_the_root_and_not_on_the_crown():
    record = tooth(findings=[{"surface": "B", "site": "root", "icdas_root": 2}], other_surfaces="sound")
    assert caries_code(record.worst) == "BR2"
    assert is_deep(record.worst)
    assert surface_state(record, "B") == "sound"
    assert describe_surface(record, "B") == "sound"
    assert describe_surface(record, "root") == "buccal code 2"


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({}, "unknown"),
        ({"other_surfaces": "sound"}, "sound"),
        ({"findings": [{"surface": "O", "icdas": 0}]}, "sound"),
        ({"findings": [{"surface": "O", "radiograph": "none"}], "other_surfaces": "sound"}, "unknown"),
        ({"findings": [{"surface": "O", "defect": "diffuse opacity", "wear": 2}]}, "defect"),
        ({"findings": [{"surface": "O", "wear": 2}]}, "worn"),
        ({"restorations": [{"surfaces": ["O"]}], "findings": [{"surface": "O", "wear": 2}]}, "restored"),
        ({"restorations": [{"surfaces": ["O"]}], "findings": [{"surface": "O", "icdas": 2}]}, "enamel"),
        ({"status": "unknown"}, "unknown"),
    ],
)
def test_a_surface_shows_the_gravest_and_is_sound_only_when_somebody_said_so(parts, state):
    assert surface_state(tooth(**parts), "O") == state


@pytest.mark.parametrize(
    ("restorations", "code"),
    [
        ([], ""),
        ([{"surfaces": ["D", "O", "M"], "kind": "filling"}], "mod"),
        ([{"surfaces": ["O"]}, {"surfaces": ["B"]}], "ob"),
        ([{"surfaces": ["O"], "kind": "sealant"}], "se"),
        ([{"surfaces": ["O"], "kind": "filling"}, {"surfaces": ["M", "O", "D", "B", "L"], "kind": "crown"}], "cr"),
    ],
)
def test_codes_of_restorations(restorations, code):
    assert restoration_code(tooth(restorations=restorations)) == code


@pytest.mark.parametrize(("age", "words"), [(1, "composite filling O, 1 year"), (2.5, "composite filling O, 2.5 years")])
def test_years_are_counted_as_people_do(age, words):
    assert describe(tooth(restorations=[{"surfaces": ["O"], "kind": "filling", "material": "composite", "age": age}])) == words


def test_words_of_one_surface_leave_out_the_others():
    record = tooth(
        findings=[{"surface": "O", "icdas": 5}, {"surface": "M", "radiograph": "E1"}],
        restorations=[{"surfaces": ["O", "D"], "kind": "filling", "condition": "lost"}],
        hypersensitivity=3,
    )
    assert describe_surface(record, "O") == "ICDAS 5; filling, lost"
    assert describe_surface(record, "M") == "radiograph E1"
    assert describe_surface(record, "B") == "not recorded"
    assert describe_surface(tooth(status="missing"), "O") == "missing"
