"""From a case to a whole tooth: every tooth and surface that is shipped, its pulp as the patient comes, its genotype, its chance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bare_tooth import case_of

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.case import Case
from amelo.records.check import build
from amelo.records.genotype_panel import structures
from amelo.records.person import Genotype, Variant
from amelo.records.teeth import surfaces
from amelo.twin.tooth import Draws, whole_tooth
from amelo.twin.tooth.build import ABSENT
from amelo.twin.tooth.entry import pulps_at_entry
from amelo.twin.tooth.feel import lesion_depth, own_dentine
from amelo.twin.tooth.genotype import FACTORS, FOLLOW, NOT_CARRIED, structures_of
from amelo.twin.tooth.look import looked
from amelo.twin.tooth.state import BY_CELL, BY_MEMBER

CASES = (
    "felix-healthy", "greta-dry-mouth", "ines-hypersensitivity", "jonas-approximal", "kira", "mila-hypomineralisation", "noor-white-spots",
    "tomas-amelogenesis",
)  # fmt: skip
MM = 1e-3


@pytest.mark.parametrize("name", CASES)
def test_every_tooth_and_surface_of_a_case_becomes_a_plausible_tooth(name):
    case, built = case_of(name), 0
    for number, record in ((int(n), r) for n, r in case.teeth.items()):
        if record.status in ABSENT:
            with pytest.raises(RecordError, match=record.status):
                whole_tooth(case, number)
            continue
        for surface in (None, *surfaces(number)):
            tooth, assumed = whole_tooth(case, number, surface, members=5, seed=3)
            built += 1
            plausible(tooth, record, f"{name} {number} {surface}")
            assert assumed and all("\n" not in sentence for sentence in assumed)
    assert built > 100


def plausible(tooth, record, where) -> None:
    first = tooth.constants.dentine_from
    enamel, dentine = tooth.widths[:, :first].sum(axis=1), tooth.widths[:, first:].sum(axis=1)
    assert ((enamel > 0.2 * MM) & (enamel < 3.0 * MM)).all(), where
    assert ((dentine > 0.2 * MM) & (dentine < 6.5 * MM)).all(), where
    assert ((tooth.left >= 0.0) & (tooth.left <= 1.0)).all() and (np.diff(tooth.left, axis=1) >= -1e-12).all(), where
    assert (tooth.residual > 0.0).all() and (tooth.floor >= -1e-12).all(), where
    assert ((tooth.total >= 0.0) & (tooth.total <= 1.1)).all(), where
    assert ((tooth.bacteria >= 0.0) & (tooth.bacteria <= 1.0)).all(), where
    assert (tooth.bacteria[:, :first] == 0.0).all() and (tooth.inner[:, :first] == 1.0).all(), where
    assert ((tooth.opening >= 0.0) & (tooth.opening < tooth.constants["crown.width"])).all(), where
    sound = all(f.surface != tooth.constants.owner.surface or not f.is_carious for f in record.findings)
    if sound:
        assert ((tooth.bacteria == 0.0).all() and (lesion_depth(tooth) == 0.0).all()) or not tooth.constants[
            "dentine.sound_mineral"
        ].all(), where
    assert all(np.isfinite(v).all() for v in looked(tooth).values()), where


@pytest.mark.parametrize(
    ("name", "tooth", "low", "high"),
    [("kira", 36, 0.5, 1.3), ("jonas-approximal", 26, 1.0, 2.8), ("mila-hypomineralisation", 55, 0.1, 1.0)],
)
def test_what_is_left_over_the_pulp_is_what_the_record_says(name, tooth, low, high):
    built = whole_tooth(case_of(name), tooth, members=64).tooth
    healthy = built.total[:, built.constants.dentine_from :] > 0.999 * own_dentine(built)[:, None]
    left = 1e3 * (healthy * built.thickness[:, built.constants.dentine_from :]).sum(axis=1)
    assert low < np.median(left) < high
    assert (lesion_depth(built) > 0.0).all()


def test_a_recorded_lesion_is_as_deep_as_recorded_in_the_central_member():
    built = whole_tooth(case_of("kira"), 36, cells=(40, 240)).tooth  # 4200 um deep, 0.9 mm of dentine left
    carious = built.total[0] < 0.999
    front = built.edges[0, 1:][carious].max()
    assert front == pytest.approx(4.2 * MM, abs=0.03 * MM)
    assert built.edges[0, -1] - front == pytest.approx(0.9 * MM, abs=0.03 * MM)


def test_finer_cells_hold_the_same_tooth():
    coarse, fine = (whole_tooth(case_of("kira"), 36, members=16, cells=cells).tooth for cells in ((3, 15), (24, 120)))
    for name in ("mineral_loss", "infected", "floor", "residual"):
        assert getattr(coarse, name) == pytest.approx(getattr(fine, name), rel=0.05), name


def test_mobility_and_diagnosis_reach_the_owner():
    assert whole_tooth(case_of("greta-dry-mouth"), 37).tooth.constants.owner.facts["mobility"] == 1
    assert whole_tooth(case_of("kira"), 36).tooth.constants.owner.facts == {"diagnosis": "reversible pulpitis", "mobility": 0}
    assert whole_tooth(case_of("jonas-approximal"), 26).tooth.constants.owner.facts["mobility"] == "unknown"


def test_a_surface_that_broke_away_or_was_filled_is_not_the_tooths_own():
    assert whole_tooth(case_of("mila-hypomineralisation"), 26).tooth.gone == {"O"}
    assert whole_tooth(case_of("kira"), 36).tooth.gone == {"O"}
    assert whole_tooth(case_of("kira"), 46).tooth.gone == frozenset()  # under a sealant
    assert whole_tooth(case_of("jonas-approximal"), 46, "O").tooth.gone == {"O"}


def test_a_tooth_that_is_not_there_or_a_surface_it_has_not_is_told():
    with pytest.raises(RecordError, match="unerupted"):
        whole_tooth(case_of("kira"), 38)
    with pytest.raises(RecordError):
        whole_tooth(case_of("kira"), 36, "I")


@pytest.mark.parametrize("seed", [0, 7])
def test_the_central_member_is_the_likeliest_whatever_the_seed(seed):
    one, many = (
        whole_tooth(case_of("noor-white-spots"), 12).tooth,
        whole_tooth(case_of("noor-white-spots"), 12, members=20, seed=seed).tooth,
    )
    assert one.same_as(many.take(np.array([0])))


def test_the_first_members_of_a_large_ensemble_are_those_of_a_small_one():
    small, large = (whole_tooth(case_of("jonas-approximal"), 26, members=m, seed=4).tooth for m in (6, 30))
    first = large.take(np.arange(6))
    for name in ("widths", *BY_CELL, *BY_MEMBER):  # of pulps the whole ensemble is drawn at once
        assert (getattr(small, name) == getattr(first, name)).all(), name
    for name, value in small.constants.values.items():
        assert (value == large.constants[name][:6]).all(), name


def test_chance_goes_by_name_occasion_and_member_alone():
    few, many = Draws(3, np.arange(5)), Draws(3, np.arange(400))
    assert (many.normal("hand")[:5] == few.normal("hand")).all() and (many.uniform("hand")[:5] == few.uniform("hand")).all()
    assert (many.take(np.array([9, 2, 2])).normal("hand") == many.normal("hand")[[9, 2, 2]]).all()
    assert many.normal("hand")[0] == 0.0 and many.uniform("hand")[0] == 0.5
    series = [
        many.normal("hand")[1:],
        many.normal("hand", 1)[1:],
        many.normal("foot")[1:],
        Draws(4, np.arange(400)).normal("hand")[1:],
    ]
    correlation = np.abs(np.corrcoef(series) - np.eye(4))
    assert correlation.max() < 0.2
    assert series[0].mean() == pytest.approx(0.0, abs=0.15) and series[0].std() == pytest.approx(1.0, abs=0.1)
    chance = many.normal("hand")
    chance[:] = 7.0  # whoever writes into what he was given
    assert (many.normal("hand")[1:] == series[0]).all()


def test_pulps_at_entry_are_worse_under_a_worse_diagnosis_and_deeper_lesions():
    start = whole_tooth(case_of("mila-hypomineralisation"), 55, members=400, seed=2).tooth  # nobody tested its pulp
    share = {word: pulps_at_entry(start, word)[0].books["lost before"].mean() for word in ("normal", "unknown", "necrosis")}
    assert share["normal"] < share["unknown"] < share["necrosis"]
    shallow = whole_tooth(case_of("jonas-approximal"), 26, members=400, seed=2).tooth
    assert shallow.books["lost before"].mean() < start.books["lost before"].mean()
    assert (
        pulps_at_entry(start, "normal")[0].books["lost before"]
        == pulps_at_entry(start, "reversible pulpitis")[0].books["lost before"]
    ).all()


def test_a_diagnosis_replaces_members_and_keeps_the_chance_of_their_places():
    start = whole_tooth(case_of("mila-hypomineralisation"), 55, members=100, seed=2).tooth
    told, sentences = pulps_at_entry(start, "necrosis")
    assert (told.constants.draws.members == np.arange(100)).all() and told.members == 100
    assert "cold test" in sentences[0] and "35 of 51" in pulps_at_entry(start, "normal")[1][0]
    assert any((told.widths[k] != start.widths[k]).any() for k in range(100))
    assert (told.widths[0] == start.widths[0]).all()  # the likeliest tooth stays


def test_a_root_treated_tooth_has_no_pulp_to_lose():
    tooth = whole_tooth(case_of("greta-dry-mouth"), 16, members=4).tooth
    assert tooth.rooted and not tooth.pulp_lost.any()


def test_members_have_structures_as_often_as_the_genotype_says():
    case, draws = case_of("kira"), Draws(1, np.arange(4000))
    from amelo.records.genotype import genotype_of_case

    found = genotype_of_case(case).classes("dentine")
    weight = next(c.weight.value for c in found if "II" in c.name)
    factors, told = structures_of(case, "dentine", draws)
    assert set(factors) == set(FACTORS) and told
    touched = np.any([factors[name] != 1.0 for name in FACTORS], axis=0)
    assert touched.mean() == pytest.approx(weight, abs=0.03)
    for entry in found:
        for name, (_, low, high) in entry.factors.items():
            if name in factors and "II" in entry.name:
                assert ((factors[name][touched] >= low - 1e-12) & (factors[name][touched] <= high + 1e-12)).mean() > 0.99


def test_dentine_that_genes_left_poor_is_not_carious_for_that():
    built = whole_tooth(case_of("kira"), 36, members=60, seed=5).tooth
    poor = built.constants["dentine.intrafibrillar_mineral"] < 0.5
    assert 0.2 < poor.mean() < 0.8
    deep = lesion_depth(built) / built.residual
    assert (lesion_depth(built) < built.residual).mean() > 0.9  # a lesion may have reached the pulp
    assert np.median(deep[poor]) == pytest.approx(np.median(deep[~poor]), rel=0.15)


def test_a_case_without_findings_in_genes_has_usual_tissue():
    factors, told = structures_of(case_of("felix-healthy"), "enamel", Draws(1, np.arange(50)))
    assert told == [] and all((value == 1.0).all() for value in factors.values())


def test_inherited_enamel_is_weaker_than_usual_enamel():
    usual, inherited = (
        looked(whole_tooth(case_of(c), 25, members=20).tooth)["strength"] for c in ("felix-healthy", "tomas-amelogenesis")
    )
    assert np.median(inherited) < np.median(usual) == pytest.approx(1.0, abs=0.05)


def with_genes(*variants: dict):
    """A mouth without findings, and with variants."""
    return case_of("felix-healthy").model_copy(
        update={"genotype": Genotype(tested=True, variants=tuple(Variant(**v) for v in variants))}
    )


RICKETS = {"gene": "PHEX", "zygosity": "hemizygous", "significance": "pathogenic"}
SOFT_BONES = {"gene": "ALPL", "zygosity": "homozygous", "significance": "pathogenic"}


@pytest.mark.parametrize("variant", [RICKETS, SOFT_BONES], ids=lambda v: v["gene"])
@pytest.mark.parametrize("surface", ["O", "M"])
def test_a_pulp_that_genes_made_larger_leaves_less_dentine_over_it(variant, surface):
    usual, larger = (whole_tooth(c, 36, surface, members=60, seed=2).tooth for c in (case_of("felix-healthy"), with_genes(variant)))
    grown = larger.constants["dentine.pulp_size"]
    roof = load_set("tooth")["pulp.roof"]
    assert np.median(grown) > 1.3 and (usual.constants["dentine.pulp_size"] == 1.0).all()
    lost = usual.residual - larger.residual
    assert lost == pytest.approx(larger.constants["pulp.roof"] * (grown - 1.0), abs=1e-9) and lost.max() < 1.6 * roof.high * MM
    assert (larger.residual >= 0.25 * MM - 1e-9).all()


def test_dentine_that_was_measured_stands_whatever_genes_made_of_the_pulp():
    plain = json.loads(with_genes(RICKETS).to_json())
    plain["teeth"]["36"] = {
        "findings": [{"surface": "O", "icdas": 5, "radiograph": "D3", "lesion_depth": 3500}],
        "residual_dentine": 1.1,
    }
    tooth = whole_tooth(build(Case, plain, "case"), 36, members=3).tooth
    assert tooth.edges[0, -1] == pytest.approx(4.6 * MM)


@pytest.mark.parametrize(
    ("variant", "words"),
    [(RICKETS, ("of rickets", "spaces between globules", "585 times", "abscess without caries")), (SOFT_BONES, ("of hypophosphatasia", "how firmly the root is held"))],
    ids=("PHEX", "ALPL"),
)  # fmt: skip
def test_what_no_part_of_a_tooth_carries_of_a_structure_is_told(variant, words):
    assumed = whole_tooth(with_genes(variant), 36, members=2).assumed
    told = [sentence for sentence in assumed if sentence.startswith("nothing carries")]
    assert len(told) >= 1 and not [word for word in words if word not in " ".join(told)], told
    assert "pulp_size" not in " ".join(told) and not any(
        "nothing carries" in s for s in whole_tooth(case_of("felix-healthy"), 36).assumed
    )


def test_every_factor_of_the_panel_acts_follows_or_is_told_in_words():
    found = {name for structure in structures().values() for name in structure.factors if not name.startswith("share.")}
    assert found == {*FACTORS, *FOLLOW, *NOT_CARRIED}
