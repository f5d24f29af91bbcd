"""A surface of a patient's tooth as a specimen: what is recorded is used, what is not is said and widens the spread."""

from __future__ import annotations

import json

import numpy as np
import pytest

import amelo
from amelo.errors import RecordError
from amelo.records.case import Case, load_case
from amelo.records.specimen_parameters import catalogue, parameter_ranges
from amelo.records.teeth import surfaces
from amelo.twin.tooth_surface import column_of_case, specimen_of_case

CASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}


def case(fdi="36", *, findings=(), genotype=None, **parts):
    tooth = {"status": "present", "other_surfaces": "sound", "findings": list(findings)} | parts
    return Case.model_validate_json(json.dumps(CASE | {"teeth": {fdi: tooth}} | ({"genotype": genotype} if genotype else {})))


def finding(surface="O", **parts):
    return {"surface": surface, "defect": "none"} | parts


def test_a_sound_surface_of_a_permanent_and_a_primary_tooth():
    big, said = specimen_of_case(case("36"), 36, "M")
    small, _ = specimen_of_case(case("75"), 75, "M")
    assert (big.tissue, big.thickness.text, small.thickness.text) == ("human enamel", "1300 um", "900 um")
    assert big.lesion is None and said[:1] == ["enamel 1300 µm thick, because nobody measured it"]
    assert specimen_of_case(case("36"), 36, "M", site="root")[0].tissue == "root"
    assert catalogue(big)["porosity"].high == 0.06


@pytest.mark.parametrize(
    ("surface", "seen", "why"),
    [
        ("M", None, "between teeth"),
        ("D", {"icdas": 1}, "between teeth"),
        ("D", {"icdas": 2, "activity": "active"}, "lesion is active"),
        ("O", {"icdas": 2, "activity": "active"}, "lesion is active"),
        ("M", {"icdas": 2, "activity": "inactive"}, ""),
        ("O", {"icdas": 2}, ""),
        ("B", None, ""),
    ],
)
def test_plaque_is_where_nobody_cleans_and_where_a_lesion_is_active(surface, seen, why):
    findings = [finding(surface, **seen)] if seen else []
    found, said = specimen_of_case(case(findings=findings), 36, surface)
    sentence = next((s for s in said if s.startswith("plaque")), "")
    assert (found.biofilm is not None) == bool(why) == bool(sentence) and why in sentence
    if why:
        assert found.biofilm.thickness.text == "150 um" and "150 µm thick" in sentence


def test_plaque_of_a_patient_is_filled_with_the_saliva_of_the_patient(root):
    noor, kira = (amelo.load_case(root / f"cases/{name}.json") for name in ("noor-white-spots", "kira"))
    fluids = []
    for patient, tooth in ((noor, 12), (kira, 37)):
        twin = amelo.Twin.of(patient, tooth=tooth, surface="M")
        column = twin.column(members=2)
        assert column.biofilm.cells == 8 and column.mineral.shape[0] == 2
        fluids.append(column.biofilm.fluid)
    assert fluids[0].pH != fluids[1].pH and fluids[1].pH == pytest.approx(kira.saliva.pH, abs=0.05)


def test_measured_depth_and_loss_become_the_lesion():
    found = column_of_case(
        case(findings=[finding(icdas=2, lesion_depth=140, integrated_mineral_loss=2100)]), 36, "O", members=30, seed=1
    )
    column = found.column
    loss = ((column.sound - column.mineral).sum(axis=1) * np.diff(column.edges)).sum(axis=1) * 1e8
    assert loss == pytest.approx(2100.0)
    assert found.specimen.lesion.depth.text == "140 um"
    assert any("surface layer" in sentence for sentence in found.assumed)


def test_a_loss_that_leaves_no_room_for_a_surface_layer():
    found, said = specimen_of_case(case(findings=[finding(icdas=2, lesion_depth=60, integrated_mineral_loss=3000)]), 36, "O")
    assert found.lesion.surface_layer is None and "no surface layer" in " ".join(said)
    with pytest.raises(RecordError, match="60 µm deep cannot have lost"):
        specimen_of_case(case(findings=[finding(icdas=2, lesion_depth=60, integrated_mineral_loss=30000)]), 36, "O")


@pytest.mark.parametrize(
    ("seen", "low", "high"),
    [
        ({"radiograph": "E1"}, 65, 650),
        ({"radiograph": "E2"}, 650, 1300),
        ({"icdas": 1}, 65, 650),
        ({"icdas": 2}, 260, 1300),
        ({"icdas": 3}, 520, 1300),
    ],
)
def test_what_was_only_seen_becomes_a_range_of_depths(seen, low, high):
    found, said = specimen_of_case(case(findings=[finding(**seen)]), 36, "O")
    assert parameter_ranges(found)["lesion.depth"][1:3] == pytest.approx((low, high))
    assert f"a lesion {low} to {high} µm deep" in " ".join(said)
    column = column_of_case(case(findings=[finding(**seen)]), 36, "O", members=40, seed=2).column
    lost = (column.sound - column.mineral).sum(axis=(1, 2))
    assert len(np.unique(lost)) == 40, "members have lesions of their own"


def test_a_lesion_into_dentine_takes_all_the_enamel_and_says_so():
    found, said = specimen_of_case(case(findings=[finding(radiograph="D2")]), 36, "O")
    assert found.lesion.depth.text == "1300 um" and "reaches dentine" in " ".join(said)
    found, said = specimen_of_case(case(findings=[finding(icdas=2, lesion_depth=2000)]), 36, "O")
    assert found.lesion.depth.text == "1300 um" and "2000 µm deep: only the 1300 µm" in " ".join(said)


def test_lost_enamel_exposes_dentine():
    for seen in ({"icdas": 5}, {"icdas": 6}, {"defect": "post-eruptive breakdown"}):
        found, said = specimen_of_case(case(findings=[finding(**seen)]), 36, "O")
        assert (found.tissue, found.lesion, found.thickness.text) == ("dentine", None, "2000 um")
        assert "the enamel is lost" in " ".join(said)


def test_root_lesions():
    root = {"site": "root", "surface": "B"}
    found, _ = specimen_of_case(case(findings=[root | {"icdas_root": 1}]), 36, "B", site="root")
    assert found.tissue == "root" and parameter_ranges(found)["lesion.depth"][1:3] == (40, 500)
    _, said = specimen_of_case(case(findings=[root | {"icdas_root": 2}]), 36, "B", site="root")
    assert "the root has a cavity" in " ".join(said)


@pytest.mark.parametrize(
    "defect", ["demarcated white opacity", "demarcated yellow-brown opacity", "hypomaturation", "hypocalcification"]
)
def test_defects_make_hypomineralised_enamel(defect):
    found, _ = specimen_of_case(case(findings=[finding(defect=defect)]), 36, "O")
    assert found.tissue == "hypomineralised enamel" and catalogue(found)["porosity"].value == 0.10


def test_hypoplastic_enamel_is_thinner():
    found, said = specimen_of_case(case(findings=[finding(defect="hypoplasia")]), 36, "O")
    assert found.thickness.text == "650 um" and "half as thick" in " ".join(said)


@pytest.mark.parametrize(
    ("patient", "words"),
    [
        (case(findings=[{"surface": "O", "icdas": 0}]), "nobody says whether the enamel has a defect"),
        (case(other_surfaces="unknown"), "nothing is recorded of surface O"),
        (case(findings=[finding(defect="diffuse opacity")]), "a diffuse opacity"),
        (case(findings=[{"surface": "O"}], genotype={"tested": True, "variants": [{"gene": "MMP20"}]}), "a variant in MMP20"),
    ],
)
def test_what_is_not_known_widens_the_spread_and_is_said(patient, words):
    known, _ = specimen_of_case(case(), 36, "O")
    found, said = specimen_of_case(patient, 36, "O")
    assert words in " ".join(said)
    for name in ("porosity", "sound_mineral"):
        sure, unsure = parameter_ranges(known)[name], parameter_ranges(found)[name]
        assert unsure[0] == sure[0] and unsure[2] - unsure[1] > 1.5 * (sure[2] - sure[1])


@pytest.mark.parametrize(
    ("patient", "where", "words"),
    [
        (case(status="missing", other_surfaces="unknown"), (36, "O", "crown"), "tooth 36 is missing"),
        (case(status="implant", other_surfaces="unknown"), (36, "O", "crown"), "tooth 36 is implant"),
        (case(status="root remnant"), (36, "O", "crown"), "has no crown left"),
        (case(restorations=[{"surfaces": ["O"], "kind": "sealant"}]), (36, "O", "crown"), "covered by a sealant"),
        (case(), (36, "I", "crown"), "'I' is not a surface of tooth 36"),
        (case(), (39, "O", "crown"), "'39' is not a tooth"),
    ],
)
def test_where_there_is_no_tissue_to_look_at(patient, where, words):
    fdi, surface, site = where
    with pytest.raises(RecordError, match=words):
        specimen_of_case(patient, fdi, surface, site=site)


def test_a_lost_filling_covers_nothing_and_an_uncharted_tooth_is_taken_as_present():
    patient = case(restorations=[{"surfaces": ["O"], "kind": "filling", "condition": "lost"}])
    assert specimen_of_case(patient, 36, "O")[0].tissue == "human enamel"
    assert "nobody says whether tooth 11 is there" in " ".join(specimen_of_case(patient, 11, "F")[1])


@pytest.mark.parametrize(
    "name", ["kira", "noor-white-spots", "jonas-approximal", "mila-hypomineralisation", "tomas-amelogenesis", "greta-dry-mouth"]
)
def test_every_surface_of_the_shipped_cases_is_a_column_or_a_sentence(root, name):
    patient = load_case(root / f"cases/{name}.json")
    assert isinstance(patient, amelo.Case)
    made = 0
    for fdi in patient.teeth:
        for letter in surfaces(int(fdi)):
            for site in ("crown", "root"):
                try:
                    found = column_of_case(patient, fdi, letter, site=site, members=3)
                except RecordError as error:
                    assert f"{fdi}" in str(error) and "\n" not in str(error)
                    continue
                made += 1
                porosity = 1 - found.column.mineral.sum(axis=1) - found.column.organic
                assert (found.column.mineral >= 0).all() and (porosity > 0).all()
                assert found.assumed, "no case knows everything"
    assert made > 60


DSPP = {"gene": "DSPP", "zygosity": "heterozygous", "significance": "pathogenic"}


def test_a_gene_of_dentine_changes_what_dentine_is_taken_for_and_is_said():
    genotype = {"tested": True, "variants": [DSPP]}
    seen = [finding("O", icdas=6)]
    plain, _ = specimen_of_case(case(findings=seen), 36, "O")
    found, said = specimen_of_case(case(findings=seen, genotype=genotype), 36, "O")
    sound, changed = parameter_ranges(plain)["sound_mineral"], parameter_ranges(found)["sound_mineral"]
    assert changed[0] == pytest.approx(0.67 * sound[0]) and changed[1] < sound[1] and changed[2] >= sound[2]
    assert any(s.startswith("a variant in DSPP may have changed the dentine, with a probability of 0.94 (") for s in said)
    assert specimen_of_case(case(genotype=genotype), 36, "O", site="root")[0].parameters.keys() == {"sound_mineral", "porosity"}
    column = column_of_case(case(findings=seen, genotype=genotype), 36, "O", members=64, seed=1).column
    drawn = column.mineral.sum(axis=1)[:, -1]
    assert drawn[0] == pytest.approx(changed[0]) and np.all((drawn >= changed[1]) & (drawn <= changed[2])) and np.ptp(drawn) > 0.1
    assert np.all(column.mineral.sum(axis=1) <= 1.0)


def test_a_gene_of_another_tissue_changes_nothing():
    genotype = {"tested": True, "variants": [DSPP, {"gene": "CTSC"}, {"gene": "FOSL2"}]}
    unseen = [{"surface": "O"}]
    with_, without = (specimen_of_case(case(findings=unseen, genotype=g), 36, "O") for g in (genotype, None))
    assert parameter_ranges(with_[0]) == parameter_ranges(without[0]) and with_[1] == without[1]


def test_enamel_that_was_seen_to_be_sound_is_taken_so_whatever_the_gene():
    genotype = {"tested": True, "variants": [{"gene": "MMP20", "zygosity": "homozygous", "significance": "pathogenic"}]}
    seen, said = specimen_of_case(case(findings=[finding("O")], genotype=genotype), 36, "O")
    assert seen.parameters == {} and not any("MMP20" in s for s in said)
    unseen, said = specimen_of_case(case(findings=[{"surface": "O"}], genotype=genotype), 36, "O")
    assert parameter_ranges(unseen)["sound_mineral"][0] == pytest.approx(0.81 * 0.87)
    assert "diffusivity_scale" in unseen.parameters and sum("MMP20" in s for s in said) == 1
