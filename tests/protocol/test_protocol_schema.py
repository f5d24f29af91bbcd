"""The published JSON Schema is the models' own, and every number in it has a unit and a range with a reason."""

from __future__ import annotations

import json

import jsonschema
import pytest

from amelo.protocol import Protocol, protocol_schema


def test_the_published_schema_is_the_schema_of_the_steps(root):
    published = json.loads((root / "src/amelo/protocol/protocol.schema.json").read_text("utf-8"))
    assert published == protocol_schema(), "run: amelo protocol schema > src/amelo/protocol/protocol.schema.json"


def test_the_schema_is_a_schema_and_takes_what_the_program_writes(root):
    jsonschema.Draft202012Validator.check_schema(protocol_schema())
    for path in (root / "cases/protocols").iterdir():
        jsonschema.validate(Protocol.read(path).model_dump(mode="json"), protocol_schema())


def test_every_number_has_unit_range_and_reason():
    numbers = [
        (title, name, part)
        for title, record in protocol_schema()["$defs"].items()
        for name, field in record["properties"].items()
        for part in field.get("anyOf", [field])
        if part.get("type") in ("number", "integer") and "enum" not in part
    ]
    assert len(numbers) > 30
    for title, name, part in numbers:
        assert part["minimum"] < part["maximum"], (title, name)
        assert part["unit"], (title, name)
        assert "; range: " in part["description"] or part["type"] == "integer", (title, name)
    assert {"s", "mol/m3", "kg/kg", "m", "m3", "kg", "1"} <= {part["unit"] for *_, part in numbers}


def test_no_step_takes_unknown_keys():
    schema = protocol_schema()
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "rest"},
        {"kind": "rest", "duration": 0},
        {"kind": "dance", "duration": 1},
        {"kind": "sleep", "duration": 1, "ph": 4},
    ],
)
def test_schema_and_steps_refuse_the_same(step):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"steps": [step]}, protocol_schema())
    with pytest.raises(ValueError, match="step"):
        Protocol.model_validate({"steps": [step]})
