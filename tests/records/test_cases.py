"""The cases that come with amelo: valid, synthetic, plausible, and each with what it is for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from amelo.records.case import Case, case_schema, load_case, notices
from amelo.records.check import build
from amelo.records.teeth import PERMANENT, PRIMARY, touching

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


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {path.stem: load_case(path) for path in FILES}


def test_only_the_unknown_causes_of_one_case_are_unusual(cases):
    found = {name: notices(case) for name, case in cases.items()}
    assert found.pop("greta-dry-mouth") == [f"{fdi} is missing for an unknown reason" for fdi in (18, 28, 38, 48)]
    assert set(map(tuple, found.values())) == {()}


def test_whole_mouths_are_charted(cases):
    for name, case in cases.items():
        children = name == "mila-hypomineralisation"
        assert list(case.teeth) == [str(fdi) for fdi in (*PERMANENT, *(PRIMARY if children else ()))]
        assert all(tooth.status != "unknown" for tooth in case.teeth.values())


def test_the_healthy_control_is_sound_and_says_so(cases):
    felix = cases["felix-healthy"]
    assert {tooth.other_surfaces for tooth in felix.teeth.values()} == {"sound"}
    assert "unknown" not in felix.saliva.model_dump().values()


def test_lesions_in_contact_face_each_other(cases):
    lesions = {
        (int(key), finding.surface)
        for key, tooth in cases["jonas-approximal"].teeth.items()
        for finding in tooth.findings
        if finding.surface in "MD" and finding.is_carious
    }
    facing = {spot for spot in lesions if touching(*spot) in lesions}
    assert facing == {(15, "D"), (16, "M"), (25, "D"), (26, "M"), (36, "D"), (37, "M")}


def test_kira_is_near_the_pulp_with_a_way_back_and_her_response_is_open(cases):
    tooth = cases["kira"].tooth(36)
    assert tooth.worst.activity == "active"
    assert 0.5 <= tooth.residual_dentine <= 1.0
    assert tooth.pulp_diagnosis == "reversible pulpitis"
    assert all(test.response != "lingering" for test in tooth.pulp_tests)
    assert "fiction" in cases["kira"].genotype.variants[0].note.lower()
    assert cases["kira"].consent.withdrawn_on == "not withdrawn"


def test_hypomineralisation_is_of_first_molars_and_incisors(cases):
    affected = {
        int(key)
        for key, tooth in cases["mila-hypomineralisation"].teeth.items()
        if any(f.defect not in ("none", "unknown") for f in tooth.findings)
    }
    assert {16, 26, 36, 46} <= affected <= {11, 12, 21, 22, 31, 32, 41, 42, 16, 26, 36, 46}
    assert affected & {11, 12, 21, 22}


def test_every_case_is_explained(root, cases):
    readme = (root / "cases" / "README.md").read_text("utf-8")
    for name, case in cases.items():
        assert f"| `{name}.json` | {case.pseudonym}, {case.age_band} |" in readme
