"""Cases: unknown is a value, records are frozen and round-trip, the published schema is the models' own."""

from __future__ import annotations

import json
from datetime import date

import jsonschema
import pytest
from pydantic import ValidationError

from amelo.errors import RecordError
from amelo.records.case import Case, case_schema, load_case, notices
from amelo.records.check import build, problems
from amelo.records.tooth import Tooth

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
FILES = sorted(__import__("pathlib").Path(__file__).parents[2].joinpath("cases").glob("*.json"))


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


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_shipped_cases_are_valid_and_round_trip(path):
    case = load_case(path)
    again = build(Case, json.loads(case.to_json()), "again")
    assert again == case
    assert again.to_json() == case.to_json()
    jsonschema.validate(json.loads(path.read_text("utf-8")), case_schema())
    jsonschema.validate(json.loads(case.to_json()), case_schema())
    assert case.origin == "synthetic"
    assert len(case.teeth) >= 28
    assert case.pseudonym in repr(case) and (not case.notes or case.notes not in repr(case))


def test_there_are_the_eight_cases_that_were_promised():
    cases = {path.stem: load_case(path) for path in FILES}
    assert len(cases) >= 8
    kira = cases["kira"]
    assert kira.tooth(36).worst.radiograph == "D3"
    (variant,) = kira.genotype.variants
    assert variant.response == "unknown" and variant.grade == "hypothetical"
    assert "probe dose" in kira.consent.purposes
    assert any(t.orthodontic_attachment == "bracket" and t.worst for t in cases["noor-white-spots"].teeth.values())
    stages = {f.radiograph for t in cases["jonas-approximal"].teeth.values() for f in t.findings if f.surface in "MD"}
    assert {"E2", "D1"} <= stages
    assert any(f.defect.startswith("demarcated") for t in cases["mila-hypomineralisation"].teeth.values() for f in t.findings)
    assert cases["tomas-amelogenesis"].genotype.variants[0].gene in ("ENAM", "MMP20")
    greta = cases["greta-dry-mouth"]
    assert greta.saliva.unstimulated_flow < 0.1
    assert any(f.site == "root" and f.is_carious for t in greta.teeth.values() for f in t.findings)
    assert any(t.hypersensitivity == 3 for t in cases["ines-hypersensitivity"].teeth.values())
    assert not any(t.worst for t in cases["felix-healthy"].teeth.values())


def test_the_published_schema_is_the_schema_of_the_records(root):
    published = json.loads((root / "src/amelo/records/case.schema.json").read_text("utf-8"))
    assert published == case_schema(), "run: amelo case schema > src/amelo/records/case.schema.json"


def test_units_and_ranges_are_in_the_schema():
    schema = case_schema()
    calcium = schema["$defs"]["Saliva"]["properties"]["calcium"]["anyOf"][0]
    assert calcium["unit"] == "mmol/L" and calcium["maximum"] == 20
    assert schema["$defs"]["Finding"]["properties"]["lesion_depth"]["anyOf"][0]["unit"] == "µm"


def test_problems_lists_all_of_them():
    found = problems(Case, BASE | {"saliva": {"pH": 99, "calcium": "x"}, "sexx": 1}, "f.json")
    assert sorted(str(p).split(":")[1].strip() for p in found) == ["saliva.calcium", "saliva.pH", "sexx"]
    assert problems(Case, BASE, "f.json") == []
    assert len(problems(Case, 5, "f.json")) == 1


def test_notices_are_about_what_is_unusual():
    assert notices(make(age_band="40-44", teeth={"55": {"status": "present"}})) == [
        "primary upper right second molar 55 is present at 40-44 years"
    ]
    both = make(age_band="10-11", teeth={"55": {"status": "present"}, "15": {"status": "present"}})
    assert "55 and its successor 15 are both present" in notices(both)
    assert notices(make()) == ["no tooth is charted, so every tooth is unknown"]
    flows = make(teeth={"11": {}}, saliva={"unstimulated_flow": 2.0, "stimulated_flow": 1.0})
    assert notices(flows) == ["saliva flows faster at rest than stimulated"]
    clinical = make(origin="clinical", teeth={"11": {}})
    assert notices(clinical) == ["no consent is referred to"]


def test_today_is_not_the_future():
    assert make(recorded_on=str(date.today())).recorded_on == date.today()


def test_no_patient_data_beyond_the_value_at_fault():
    with pytest.raises(RecordError) as caught:
        make(notes="private matters", saliva={"pH": 99}, history=[{"on": "2020-01-01", "what": "secret event"}])
    assert "private" not in str(caught.value) and "secret" not in str(caught.value)
    long = "x" * 500
    with pytest.raises(RecordError) as caught:
        make(sex=long)
    assert len(str(caught.value)) < 300
