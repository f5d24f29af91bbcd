"""Ages, flags and materials where the record is silent, and the advice that follows from what it says."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.kinds import materials_of
from amelo.forecast.restorations.patient import flags
from amelo.forecast.stages.advice import changes_for
from amelo.forecast.stages.rates import kind_of, log_rates, site_of
from amelo.forecast.stages.setting import ages, barred, patient_of
from amelo.records.case import Case
from amelo.records.mouth import Hygiene
from amelo.records.tooth import Restoration

UNIFORM = (np.arange(1000) + 0.5) / 1000


def case(**fields) -> Case:
    return Case.model_validate({"pseudonym": "Test", "origin": "synthetic", "recorded_on": "2026-01-01", **fields})


def test_an_age_band_is_drawn_evenly_to_its_last_day():
    found, words, known = ages(case(age_band="30-34"), UNIFORM)
    assert found.min() == pytest.approx(30, abs=0.01) and found.max() == pytest.approx(35, abs=0.01)
    assert words == "30-34 y" and not known
    assert ages(case(age_band="15-16"), UNIFORM)[2]


def test_an_unknown_age_is_bounded_by_the_teeth():
    milk = case(teeth={"55": {"status": "present"}})
    assert ages(milk, UNIFORM)[0].max() <= 12 and ages(case(), UNIFORM)[0].min() >= 13


def test_who_is_barred():
    assert barred(case()) == "" and barred(case(saliva={"unstimulated_flow": 0.3})) == ""
    assert "0.05 mL/min" in barred(case(saliva={"unstimulated_flow": 0.05}))
    for significance, word in (("pathogenic", "MMP20"), ("uncertain", ""), ("unknown", "")):
        genotype = {"tested": True, "variants": [{"gene": "MMP20", "significance": significance}]}
        assert (word in barred(case(genotype=genotype))) and bool(barred(case(genotype=genotype))) == bool(word)
    assert barred(case(genotype={"tested": True, "variants": [{"gene": "BRCA1", "significance": "pathogenic"}]})) == ""


def test_a_patient_of_whom_nothing_is_known_is_average():
    model = find_model("progression")
    patient = patient_of(case(age_band="20-20"), model, 4000, 0)
    assert np.exp(patient.log_frailty).mean() == pytest.approx(1.0, abs=0.06)
    assert (patient.log_frailty - patient.prior_log).mean() == pytest.approx(0.0, abs=0.05)
    assert patient.onset_level.mean() == pytest.approx(0.0, abs=0.05)
    assert np.abs(np.corrcoef(patient.onset_level, patient.progression_level)[0, 1]) < 0.1


def test_kinds_of_surfaces_and_groups_of_teeth():
    assert [kind_of(s) for s in "MDOBFLPI"] == ["approximal", "approximal", "occlusal", *["smooth"] * 5]
    assert [site_of(f) for f in (11, 23, 34, 46, 17, 38)] == [
        "incisor",
        "canine",
        "premolar",
        "first_molar",
        "second_molar",
        "third_molar",
    ]


def test_rates_fall_from_adolescence_to_adulthood_and_are_level_after():
    d = {name: np.asarray(v)[:50] for name, v in find_model("progression")["draws"].items()}
    young, middle, grown, old = (log_rates(d, "approximal", np.full(50, age)) for age in (13.0, 18.5, 24.0, 70.0))
    assert young[:, 1:5] - grown[:, 1:5] == pytest.approx(np.repeat(-d["progression_age"][:, None], 4, axis=1))
    assert np.array_equal(grown, old) and middle == pytest.approx((young + grown) / 2)
    assert np.array_equal(young[:, 5:], old[:, 5:])  # nothing is known of the deep ones
    assert not np.array_equal(log_rates(d, "occlusal", np.full(50, 13.0)), young)


def test_flags_follow_the_record_and_are_drawn_where_it_is_silent():
    constants = find_model("restorations")["constants"]
    rng = np.random.default_rng(0)

    def found(**fields) -> dict:
        return {f.name: f for f in flags(case(**fields), np.full(2000, 40.0), rng.random((3, 2000)), constants)}

    silent = found()
    assert silent["elderly"].value == "no" and not silent["elderly"].unknown
    for name in ("medical", "periodontal", "high_risk"):
        assert silent[name].holds.mean() == pytest.approx(constants[f"unknown.{name}"]["value"], abs=0.03) and silent[name].unknown
    assert found(medical={"conditions": []})["medical"].value == "no"
    assert found(medical={"conditions": ["asthma"]})["medical"].value == "yes"
    assert found(medical={"diabetes": "none"})["medical"].value == "no"
    pocket = {"36": {"status": "present", "periodontal": {"MB": {"probing_depth": 6.0}}}}
    assert found(teeth=pocket)["periodontal"].value == "yes"
    shallow = {"36": {"status": "present", "periodontal": {"MB": {"probing_depth": 2.0}}}}
    assert found(teeth=shallow)["periodontal"].value == "no"
    assert found(teeth={"36": {"status": "present", "other_surfaces": "sound"}})["high_risk"].value == "no"
    two = {"36": {"status": "present", "findings": [{"surface": "M", "radiograph": "E1"}, {"surface": "D", "radiograph": "E1"}]}}
    assert found(teeth=two)["high_risk"].value == "yes"
    old = flags(case(), np.linspace(60, 70, 2000), rng.random((3, 2000)), constants)[0]
    assert old.value == "perhaps" and old.unknown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"kind": "filling", "material": "amalgam"}, "amalgam"),
        ({"kind": "filling", "material": "compomer"}, "resin_modified"),
        ({"kind": "crown", "material": "zirconia"}, "crown_zirconia"),
        ({"kind": "crown", "material": "stainless steel"}, "steel_primary"),
        ({"kind": "onlay", "material": "gold"}, "gold"),
        ({"kind": "sealant", "material": "glass ionomer"}, "glass_ionomer_sealant"),
        ({"kind": "sealant"}, "sealant"),
        ({"kind": "temporary"}, "temporary"),
        ({"kind": "unknown", "material": "amalgam"}, "amalgam"),
    ],
)
def test_a_material_that_is_written_down_is_taken(words, expected):
    assert materials_of(Restoration(surfaces=("O",), **words), find_model("restorations")["constants"]) == ((expected, 1.0),)


@pytest.mark.parametrize(("kind", "count"), [("filling", 3), ("crown", 3), ("inlay", 2)])
def test_a_material_that_is_not_is_one_of_several(kind, count):
    model = find_model("restorations")
    found = materials_of(Restoration(surfaces=("O",), kind=kind), model["constants"])
    assert len(found) == count and sum(chance for _, chance in found) == pytest.approx(1.0)
    assert all(name == "composite" or name in model["draws"] for name, _ in found)


def test_advice_depends_on_surface_stage_and_what_is_used_already():
    constants = find_model("progression")["constants"]

    def sources(kind: str, stage: str, sealed: bool = False, **hygiene) -> list[str]:
        return [c.source for c in changes_for(kind, stage, Hygiene(**hygiene), constants, sealed=sealed)]

    assert sources("approximal", "E2") == ["elrashid2019", "cd010431"]
    assert sources("approximal", "D2") == [] and sources("smooth", "E2") == []
    assert sources("occlusal", "sound") == ["cd001830"] and sources("occlusal", "sound", sealed=True) == []
    assert sources("smooth", "E1", toothpaste_fluoride=500) == ["cd007868"]
    assert sources("smooth", "E1", toothpaste_fluoride=5000) == []
    weak, usual = (changes_for("smooth", "E1", Hygiene(toothpaste_fluoride=f), constants)[0].effect for f in (500, 1450))
    assert weak == pytest.approx(np.log(0.77)) and usual == pytest.approx(np.log(0.64 / 0.77))
    assert sources("smooth", "E1", varnish_per_year=0) == ["varnish2019"] and sources("smooth", "E1", varnish_per_year=2) == []
    told = changes_for("approximal", "E2", Hygiene(), constants)[0].words
    assert "0.19" in told and "0.11 to 0.33" in told
