"""The cases that come with amelo: valid, synthetic, plausible, and each with what it is for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from amelo.records.case import Case, case_schema, load_case
from amelo.records.check import build

FILES = sorted(Path(__file__).parents[2].joinpath("cases").glob("*.json"))


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
