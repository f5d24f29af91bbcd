"""The published JSON Schema is the models' own, complete, and says what the models say."""

from __future__ import annotations

import json

import jsonschema
import pytest

from amelo.records.case import Case, case_schema
from amelo.records.check import problems

BASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}


def properties(schema):
    """Yield name of the record, name of the field and schema of the field, for every field."""
    for title, part in {"Case": schema, **schema["$defs"]}.items():
        for name, field in part.get("properties", {}).items():
            yield title, name, field


def numbers(field):
    return [part for part in field.get("anyOf", [field]) if part.get("type") == "number"]


def test_the_published_schema_is_the_schema_of_the_records(root):
    published = json.loads((root / "src/amelo/records/case.schema.json").read_text("utf-8"))
    assert published == case_schema(), "run: amelo case schema > src/amelo/records/case.schema.json"


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(case_schema())


def test_every_measured_field_has_unit_range_and_reason():
    measured = [(title, name, part) for title, name, field in properties(case_schema()) for part in numbers(field)]
    assert len(measured) >= 25
    for title, name, part in measured:
        assert part["unit"], (title, name)
        assert part["minimum"] < part["maximum"], (title, name)
        assert "; range: " in part["description"], (title, name)
    assert {"mmol/L", "mL/min", "µm", "vol%·µm", "mm", "ppm F", "years"} <= {part["unit"] for *_, part in measured}


def test_every_clinical_field_may_be_unknown():
    required = {"pseudonym", "origin", "recorded_on", "surface", "surfaces", "test", "at", "what", "on", "gene", "path"}
    required |= {"sha256", "reference", "purposes"}
    never_unknown = {"schema_version", "site"}
    for title, name, field in properties(case_schema()):
        if name in required | never_unknown:
            continue
        empty = field.get("default") in ("", [], {}) or "$ref" in field or field.get("type") in ("array", "object")
        assert empty or '"unknown"' in json.dumps(field), (title, name)
        assert empty or field["default"] == "unknown", (title, name)


def test_no_record_takes_unknown_keys():
    schema = case_schema()
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize(
    "part",
    [
        {"teeth": {"39": {}}},
        {"teeth": {"36": {"status": "gone"}}},
        {"saliva": {"pH": 41}},
        {"saliva": {"calcium": "1.2"}},
        {"sexx": "female"},
        {"teeth": {"36": {"findings": [{"icdas": 2}]}}},
        {"diet": {"meals": [{"at": "25:00", "what": "meal"}]}},
        {"consent": {"reference": "c", "purposes": []}},
    ],
)
def test_schema_and_records_refuse_the_same(part):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BASE | part, case_schema())
    assert problems(Case, BASE | part, "x.json")


def test_schema_and_records_accept_the_same():
    part = {"teeth": {"36": {"findings": [{"surface": "O", "icdas": "unknown"}]}}, "saliva": {"pH": 6.8}, "consent": "unknown"}
    jsonschema.validate(BASE | part, case_schema())
    assert problems(Case, BASE | part, "x.json") == []
