"""Cases: unknown is a value, records are frozen and round-trip, the published schema is the models' own."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from amelo.errors import RecordError
from amelo.records.case import Case, notices
from amelo.records.check import build
from amelo.records.tooth import Tooth

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}


def make(**parts) -> Case:
    return build(Case, BASE | parts, "test")


def leaves(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_what_is_left_out_is_unknown_and_says_so():
    case = make()
    written = json.loads(case.to_json())
    for part in ("saliva", "hygiene", "medical", "diet"):
        assert set(leaves(written[part])) == {"unknown"}, part
    assert written["age_band"] == written["sex"] == written["consent"] == "unknown"
    assert None not in list(leaves(written))
    assert case.tooth(36) == Tooth() and case.tooth(36).status == "unknown"
    assert not any(value is False or value == 0 for value in leaves(written))


def test_unknown_is_not_none_asked_for():
    assert make(medical={"medicines": []}).medical.medicines == ()
    assert make().medical.medicines == "unknown"
    assert make(diet={"meals": []}).diet.meals == ()


def test_records_are_frozen():
    case = make(teeth={"36": {"status": "present"}})
    with pytest.raises(ValidationError, match="frozen"):
        case.sex = "female"
    with pytest.raises(ValidationError, match="frozen"):
        case.teeth["36"].status = "missing"


def test_synonyms_of_surfaces_become_the_tooth_s_own():
    case = make(teeth={"16": {"findings": [{"surface": "l", "icdas": 2}], "restorations": [{"surfaces": ["O", "f"]}]}})
    assert case.tooth(16).findings[0].surface == "P"
    assert case.tooth("16").restorations[0].surfaces == ("O", "B")


def test_a_missing_tooth_without_cause_has_an_unknown_one():
    assert make(teeth={"36": {"status": "missing"}}).tooth(36).missing_cause == "unknown"
    assert make(teeth={"36": {"status": "present"}}).tooth(36).missing_cause == "not missing"


def test_the_worst_finding_is_the_deepest():
    tooth = make(
        teeth={
            "36": {
                "findings": [
                    {"surface": "O", "icdas": 6},
                    {"surface": "M", "radiograph": "D2"},
                    {"surface": "D", "radiograph": "E1"},
                ]
            }
        }
    ).tooth(36)
    assert tooth.worst.surface == "M"
    assert make(teeth={"36": {"findings": [{"surface": "O", "icdas": 0, "radiograph": "none"}]}}).tooth(36).worst is None


def test_notices_are_about_what_is_unusual():
    assert notices(make(age_band="40-44", teeth={"55": {"status": "present"}})) == [
        "primary upper right second molar 55 is present at 40-44 years"
    ]
    both = make(age_band="10-11", teeth={"55": {"status": "present"}, "15": {"status": "present"}})
    assert "55 and its successor 15 are both present" in notices(both)
    assert notices(make()) == ["no tooth is charted, so every tooth is unknown"]
    flows = make(teeth={"11": {"status": "present"}}, saliva={"unstimulated_flow": 2.0, "stimulated_flow": 1.0})
    assert notices(flows) == ["saliva flows faster at rest than stimulated"]
    clinical = make(origin="clinical", teeth={"11": {"status": "present"}})
    assert notices(clinical) == ["no consent is referred to"]


def test_today_is_not_the_future():
    assert make(recorded_on=str(date.today())).recorded_on == date.today()
    tomorrow = date.today() + timedelta(days=1)
    with pytest.raises(RecordError, match=f"recorded_on: {tomorrow} is in the future; allowed 1900-01-01 to {date.today()}"):
        make(recorded_on=str(tomorrow))


CONSENT = {"reference": "c-1", "purposes": ["care"]}


@pytest.mark.parametrize(
    ("consent", "notice"),
    [
        (CONSENT, ["nobody knows whether the consent was withdrawn"]),
        (CONSENT | {"withdrawn_on": "not withdrawn"}, []),
        (CONSENT | {"given_on": "2025-01-01", "withdrawn_on": "2025-02-01"}, ["consent was withdrawn on 2025-02-01"]),
    ],
)
def test_consent_that_says_nothing_of_withdrawal_is_not_taken_to_hold(consent, notice):
    case = make(teeth={"11": {"status": "present"}}, consent=consent)
    assert notices(case) == notice
    assert case.consent.withdrawn_on == date(2025, 2, 1) if notice[:1] == ["consent was withdrawn on 2025-02-01"] else True


@pytest.mark.parametrize(
    ("parts", "notice"),
    [
        ({"teeth": {"11": {}}}, "every charted tooth is unknown"),
        ({"teeth": {"18": {"status": "present"}}, "age_band": "8-9"}, "third molar 18 is present at 8-9 years"),
        ({"teeth": {"26": {"status": "missing"}}}, "26 is missing for an unknown reason"),
        ({"teeth": {"26": {"findings": [{"surface": "O"}]}}}, "26 has findings although nobody says that it is there"),
        (
            {"teeth": {"26": {"status": "present"}}, "history": [{"on": "2026-02-01", "what": "x"}]},
            "the event of 2026-02-01 is later than the record",
        ),
    ],
)
def test_other_notices(parts, notice):
    assert notice in notices(make(**parts))


# a tooth that contradicts itself: number, record, place, what the sentence says
CONTRADICTIONS = [
    pytest.param(
        "36", {"status": "missing", "findings": [{"surface": "O", "icdas": 3}]}, "findings", "missing and carious at once"
    ),
    pytest.param(
        "36", {"status": "missing", "findings": [{"surface": "O", "wear": 1}]}, "findings", "has findings on its surfaces"
    ),
    pytest.param(
        "36", {"status": "missing", "restorations": [{"surfaces": ["O"]}]}, "restorations", "missing and restored at once"
    ),
    pytest.param("36", {"status": "missing", "mobility": 2}, "mobility", "missing and has mobility"),
    pytest.param("36", {"status": "missing", "hypersensitivity": 1}, "hypersensitivity", "has hypersensitivity"),
    pytest.param("36", {"status": "missing", "orthodontic_attachment": "band"}, "orthodontic_attachment", "missing and has"),
    pytest.param("36", {"status": "missing", "missing_cause": "not missing"}, "missing_cause", "missing and not missing"),
    pytest.param("36", {"status": "missing", "missing_cause": "exfoliated"}, "missing_cause", "36 cannot exfoliate"),
    pytest.param("36", {"status": "present", "missing_cause": "caries"}, "missing_cause", "but the tooth is present"),
    pytest.param("36", {"missing_cause": "caries"}, "missing_cause", "but the tooth is unknown"),
    pytest.param("36", {"status": "unerupted", "other_surfaces": "sound"}, "other_surfaces", "surfaces are sound at once"),
    pytest.param("36", {"status": "unerupted", "findings": [{"surface": "B", "site": "root"}]}, "findings", "is unerupted and"),
    pytest.param("36", {"status": "implant", "pulp_diagnosis": "necrosis"}, "pulp_diagnosis", "implant and has no pulp"),
    pytest.param("36", {"status": "implant", "root_treated": True}, "root_treated", "implant and has no pulp"),
    pytest.param("36", {"status": "pontic", "pulp_tests": [{"test": "cold"}]}, "pulp_tests", "pontic and has no pulp"),
    pytest.param("36", {"status": "pontic", "periodontal": {"B": {}}}, "periodontal", "pontic and has periodontal sites"),
    pytest.param("36", {"status": "root remnant", "findings": [{"surface": "O"}]}, "findings", "findings on its crown"),
    pytest.param(
        "36", {"findings": [{"surface": "B"}, {"surface": "f"}]}, "findings[1]", "surface B (crown) of tooth 36 is charted twice"
    ),
    pytest.param("36", {"findings": [{"surface": "B", "icdas_root": 1}]}, "findings[0]", "icdas_root is given for a crown"),
    pytest.param("36", {"findings": [{"surface": "B", "site": "root", "icdas": 1}]}, "findings[0]", "icdas is given for a root"),
    pytest.param("36", {"restorations": [{"surfaces": ["O", "O"]}]}, "restorations[0].surfaces", "a surface is named twice"),
    pytest.param("36", {"restorations": [{"surfaces": ["I"]}]}, "restorations[0].surfaces", "use one of M, O, D, B, L"),
    pytest.param("36", {"pulp_tests": [{"test": "cold"}, {"test": "cold"}]}, "pulp_tests", "charted twice"),
]


@pytest.mark.parametrize(("fdi", "record", "place", "words"), CONTRADICTIONS)
def test_a_tooth_that_contradicts_itself_is_refused(fdi, record, place, words):
    with pytest.raises(RecordError) as caught:
        make(teeth={fdi: record})
    assert str(caught.value).startswith(f"test: teeth.{fdi}.{place}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "record",
    [
        {"status": "implant", "restorations": [{"surfaces": ["O"], "kind": "crown"}], "mobility": 0, "periodontal": {"B": {}}},
        {"status": "pontic", "restorations": [{"surfaces": ["O"]}]},
        {"status": "unerupted", "orthodontic_attachment": "attachment"},
        {"status": "root remnant", "findings": [{"surface": "B", "site": "root", "icdas_root": 2}]},
        {"status": "missing", "root_treated": False, "orthodontic_attachment": "none"},
        {"findings": [{"surface": "B"}, {"surface": "B", "site": "root"}]},
        {"status": "present", "findings": [{"surface": "O", "icdas": 0, "radiograph": "D3"}]},
    ],
)
def test_a_tooth_that_is_only_unusual_is_accepted(record):
    assert make(teeth={"36": record}).tooth(36).status == record.get("status", "unknown")


def test_a_primary_tooth_may_exfoliate():
    assert make(teeth={"75": {"status": "missing", "missing_cause": "exfoliated"}}).tooth(75).missing_cause == "exfoliated"


@pytest.mark.parametrize(
    "pseudonym", ["Anna Smith", "anna@example.org", "1985-03-02", "P-1985-03-02", "P19850302", "P-2.3.1985", "P_02/03/85"]
)
def test_a_pseudonym_that_gives_the_patient_away_is_refused_and_not_repeated(pseudonym):
    with pytest.raises(RecordError) as caught:
        make(pseudonym=pseudonym)
    assert "looks like a name, an address or a date of birth; use a made-up word" in str(caught.value)
    assert pseudonym not in str(caught.value)


@pytest.mark.parametrize("pseudonym", ["Kira", "P-0042", "site3_0117", "Zz"])
def test_made_up_words_are_pseudonyms(pseudonym):
    assert make(pseudonym=pseudonym).pseudonym == pseudonym


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ("34-30", "is not a band of ages"),
        ("100-130", "allowed 0-120"),
        ("20-60", "40 years wide; allowed up to 20"),
        ("30", "30-34"),
    ],
)
def test_implausible_age_bands_are_refused(band, words):
    with pytest.raises(RecordError, match=words):
        make(age_band=band)


def test_teeth_are_written_in_one_order_whatever_the_order_given():
    one = make(teeth={"36": {}, "11": {}, "75": {}})
    other = make(teeth={"75": {}, "11": {}, "36": {}})
    assert list(one.teeth) == ["11", "36", "75"]
    assert one.to_json() == other.to_json()


def test_what_a_case_says_of_itself_holds_no_notes():
    case = make(
        notes="<b>private</b>",
        teeth={"36": {"status": "present", "note": "private", "findings": [{"surface": "O", "icdas": 5, "radiograph": "D3"}]}},
    )
    assert repr(case) == str(case) == "<Case Test-1 (synthetic, unknown y, unknown): 1 present; caries on 36>"
    html = case._repr_html_()
    assert "<td>lower left first molar</td><td>O ICDAS 5 D3</td>" in html
    assert "private" not in html
    assert "<table>" not in make()._repr_html_()
