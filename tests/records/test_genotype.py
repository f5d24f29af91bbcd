"""What a genotype implies: weights that add up, ranges that only widen, zygosity, sex, bands, carriers, and what stays unknown."""

from __future__ import annotations

import itertools
import json

import pytest

import amelo
from amelo.errors import FormatError, RecordError
from amelo.records.case import Case
from amelo.records.genotype import NOT_FOUND, SEVERAL, USUAL, genotype, genotype_of_case
from amelo.records.genotype_panel import panel, structures
from amelo.records.specimen import parse_specimen
from amelo.records.specimen_parameters import catalogue

TISSUES = ("human enamel", "dentine", "root")


def listed(tmp_path, *lines, **options):
    path = tmp_path / "variants.txt"
    path.write_text("\n".join(lines) + "\n")
    return genotype(path, **options)


def acts(found, gene):
    return next(f.acts for f in found.findings if f.gene.name == gene)


def weight(found, tissue, name):
    return next((c.weight.value for c in found.classes(tissue) if c.name == name), 0.0)


def healthy(tissue):
    return catalogue(parse_specimen({"name": "x", "tissue": tissue, "thickness": "1 mm"}, where="x"))


@pytest.mark.parametrize("tissue", ["enamel", "dentine"])
@pytest.mark.parametrize("gene", sorted(panel()))
@pytest.mark.parametrize("rest", ["", "homozygous pathogenic", "heterozygous pathogenic", "heterozygous uncertain"])
def test_weights_add_up_and_lie_within_their_ranges(tmp_path, gene, tissue, rest):
    found = listed(tmp_path, f"{gene} {rest}")
    classes = found.classes(tissue)
    assert sum(c.weight.value for c in classes) == pytest.approx(1.0, abs=1e-12)
    for c in classes:
        assert 0.0 <= c.weight.low <= c.weight.value <= c.weight.high <= 1.0 + 1e-12, c.name
        assert all(low <= value <= high for value, low, high in c.factors.values()), c.name
    assert classes[0].weight.value == max(c.weight.value for c in classes)


@pytest.mark.parametrize("tissue", TISSUES)
@pytest.mark.parametrize("line", ["none", *sorted(panel()), "ENAM homozygous pathogenic", "DSPP heterozygous benign"])
def test_a_genotype_widens_what_may_be_and_never_narrows_it(tmp_path, tissue, line):
    known, priors = healthy(tissue), listed(tmp_path, line).priors(tissue)
    assert priors, "a cause that was not found is always possible"
    for name, prior in priors.items():
        assert prior.low <= known[name].low and prior.high >= known[name].high
        assert prior.low <= prior.value <= prior.high


def test_no_variant_found_does_not_reassure(tmp_path):
    nothing = listed(tmp_path, "none")
    known = healthy("human enamel")
    prior = nothing.priors("human enamel")["sound_mineral"]
    assert prior.value == known["sound_mineral"].value
    assert prior.high - prior.low > 5 * (known["sound_mineral"].high - known["sound_mineral"].low)
    assert "no variant found: not the same as no risk; in 63 of 100 families" in nothing.unknown[0]
    untested = genotype_of_case(case())
    missed = [next(c.weight for c in g.classes("enamel") if c.name == NOT_FOUND) for g in (nothing, untested)]
    assert missed[0].value == pytest.approx(0.63 * missed[1].value) and missed[0].high == 0.75 and missed[1].high == 1.0
    assert untested.priors("human enamel")["sound_mineral"].low == prior.low


def case(*variants, sex="unknown", tested=None):
    record = {} if tested is None and not variants else {"tested": True if tested is None else tested, "variants": list(variants)}
    return Case.model_validate_json(
        json.dumps({"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05", "sex": sex, "genotype": record})
    )


def test_what_a_laboratory_makes_of_a_variant_orders_how_likely_it_acts(tmp_path):
    words = ("benign", "likely benign", "uncertain", "likely pathogenic", "pathogenic")
    found = [acts(listed(tmp_path, f"FAM83H heterozygous {word}"), "FAM83H").value for word in words]
    assert found == sorted(found) and found[0] < 0.01 and found[-1] == pytest.approx(0.99 * 0.95)
    nobody = acts(listed(tmp_path, "FAM83H heterozygous"), "FAM83H")
    assert nobody.low == 0.0 and nobody.high == 1.0


@pytest.mark.parametrize("gene", [g.name for g in panel().values() if not g.on_x])
def test_two_changed_copies_act_at_least_as_likely_as_one(tmp_path, gene):
    one, two = (acts(listed(tmp_path, f"{gene} {z} pathogenic"), gene) for z in ("heterozygous", "homozygous"))
    assert all(a <= b for a, b in zip(one, two, strict=True))


def test_one_changed_copy_of_a_recessive_gene_is_a_carrier(tmp_path):
    carrier = listed(tmp_path, "MMP20 c.954-2A>T heterozygous pathogenic")
    assert acts(carrier, "MMP20").value == pytest.approx(0.99 * 0.05)
    assert weight(carrier, "enamel", USUAL) > 0.9 and "a carrier" in " ".join(carrier.findings[0].why)
    both = listed(tmp_path, "MMP20 c.954-2A>T homozygous pathogenic")
    assert acts(both, "MMP20").value == pytest.approx(0.99 * 0.98)
    assert both.classes("enamel")[0].name == "hypomaturation"


def test_two_different_changes_wait_for_their_phase(tmp_path):
    first, second = "KLK4 c.458G>A {} pathogenic", "KLK4 c.245del {} pathogenic"
    loose = listed(tmp_path, first.format("heterozygous"), second.format("heterozygous"))
    named = listed(tmp_path, first.format("compound heterozygous"), second.format("compound heterozygous"))
    alone = listed(tmp_path, first.format("compound heterozygous"))
    assert 0.6 < acts(loose, "KLK4").value < 0.75 < acts(named, "KLK4").value
    assert "nobody says whether c.458G>A and c.245del stand on one copy or two" in loose.findings[0].why
    assert "c.458G>A and c.245del stand on different copies" in named.findings[0].why
    assert "the second change of the compound is not named" in alone.findings[0].why and acts(alone, "KLK4").value > 0.9


def test_a_woman_with_one_changed_x_shows_bands_and_a_man_does_not(tmp_path):
    woman = listed(tmp_path, "AMELX c.473C>T heterozygous pathogenic", sex="female")
    man = listed(tmp_path, "AMELX c.473C>T hemizygous pathogenic", sex="male")
    assert woman.findings[0].bands and not man.findings[0].bands
    banded = [c for c in woman.classes("enamel") if c.bands]
    assert {c.name for c in banded} == {"hypoplastic in bands", "hypomaturation in bands"}
    assert sum(c.weight.value for c in banded) == pytest.approx(0.99 * 0.9 * 0.5)
    assert weight(man, "enamel", USUAL) < 0.05 and not any(c.bands for c in man.classes("enamel"))
    both = listed(tmp_path, "AMELX c.473C>T homozygous pathogenic", sex="female")
    assert not both.findings[0].bands and acts(both, "AMELX") == acts(man, "AMELX")


def test_a_man_whose_only_x_was_written_as_two(tmp_path):
    man = listed(tmp_path, "AMELX c.473C>T homozygous pathogenic", sex="male")
    assert man.record.variants[0].zygosity == "hemizygous"


def test_a_dose_of_two_genes_multiplies(tmp_path):
    found = listed(tmp_path, "MMP20 homozygous pathogenic", "ENAM homozygous pathogenic")
    both = next(c for c in found.classes("enamel") if c.name == "hypomaturation and locally hypoplastic")
    parts = [structures()[name].factors for name in ("hypomaturation", "locally hypoplastic")]
    assert both.factors["sound_mineral"][1] == pytest.approx(parts[0]["sound_mineral"].low * parts[1]["sound_mineral"].low)
    assert both.factors["thickness"][0] == parts[1]["thickness"].value
    assert set(both.genes) == {"MMP20", "ENAM"}


def test_the_same_structure_by_two_genes_is_one_structure(tmp_path):
    found = listed(tmp_path, "MMP20 homozygous pathogenic", "KLK4 homozygous pathogenic")
    names = [c.name for c in found.classes("enamel")]
    assert names.count("hypomaturation") == 1 and set(names) == {"hypomaturation", USUAL, NOT_FOUND}
    assert found.classes("enamel")[0].factors["sound_mineral"][0] == structures()["hypomaturation"].factors["sound_mineral"].value


def test_every_gene_at_once_makes_few_classes(tmp_path):
    found = listed(tmp_path, *[f"{gene} heterozygous uncertain" for gene in panel()])
    for tissue in ("enamel", "dentine"):
        classes = found.classes(tissue)
        assert sum(c.weight.value for c in classes) == pytest.approx(1.0, abs=1e-9)
        assert len(classes) < 60 and sum(c.name == SEVERAL for c in classes) <= 1


def test_dentine_of_a_dentine_gene_and_enamel_beside_it(tmp_path):
    dspp = listed(tmp_path, "DSPP heterozygous pathogenic")
    assert dspp.classes("dentine")[0].name == "dentinogenesis II" and dspp.classes("enamel")[0].name == USUAL
    known = healthy("dentine")["sound_mineral"].value
    assert dspp.priors("dentine")["sound_mineral"].value == pytest.approx(0.67 * known)
    phex = listed(tmp_path, "PHEX hemizygous pathogenic", sex="male")
    assert phex.classes("dentine")[0].name == "rickets"
    assert weight(phex, "enamel", "less dense enamel") == pytest.approx(0.99 * 0.98 * 0.33)


def test_more_mineral_is_not_better_in_dentinogenesis_imperfecta_of_collagen(tmp_path):
    found = next(c for c in listed(tmp_path, "COL1A2 heterozygous pathogenic").classes("dentine") if c.genes)
    assert found.factors["sound_mineral"][0] > 1.0 > found.factors["hardness"][0] and found.factors["mismatch"][0] > 1.0


def test_what_was_measured_stands(tmp_path):
    found = listed(tmp_path, "MMP20 homozygous pathogenic")
    stated = parse_specimen(
        {"name": "x", "tissue": "human enamel", "thickness": "1 mm", "sound_mineral": 0.8, "porosity": 0.05}, where="x"
    )
    assert not {"sound_mineral", "porosity"} & found.priors(stated).keys() and "diffusivity_scale" in found.priors(stated)
    changed = parse_specimen({"name": "x", "tissue": "hypomineralised enamel", "thickness": "1 mm"}, where="x")
    assert found.priors(changed) == {} and found.mixture(changed) == []


@pytest.mark.parametrize("tissue", TISSUES)
@pytest.mark.parametrize(
    "line", ["none", "FAM83H heterozygous pathogenic", "DSPP heterozygous pathogenic", "SLC24A4 homozygous pathogenic", "COL1A1"]
)
def test_a_specimen_takes_the_priors_whole_and_structure_by_structure(tmp_path, tissue, line):
    found = listed(tmp_path, line)
    plain = {"name": "x", "tissue": tissue, "thickness": "1 mm"}
    sets = [found.priors(tissue), *(priors for _, priors in found.mixture(tissue))]
    for priors in sets:
        taken = {name: {"value": p.value, "low": p.low, "high": p.high} for name, p in priors.items()}
        ranges = catalogue(parse_specimen(plain | {"parameters": taken}, where="x"))
        assert ranges["sound_mineral"].high + ranges["porosity"].value <= 1.0 + 1e-9
        for name, p in priors.items():
            assert ranges[name].value == p.value
    assert sum(c.weight.value for c, _ in found.mixture(tissue)) == pytest.approx(1.0)


def test_the_founding_case_is_bimodal_and_hypothetical(root):
    kira = genotype(root / "cases/kira.json")
    assert [(r.name, r.weight.value, r.grade) for r in kira.responses] == [
        ("responder", 0.7, "hypothetical"),
        ("reactor", 0.3, "hypothetical"),
    ]
    assert (kira.responses[1].weight.low, kira.responses[1].weight.high) == (0.1, 0.5)
    assert [r.inflammation.value for r in kira.responses] == [0.004, 0.12]
    assert any("only a probe dose would tell" in sentence for sentence in kira.unknown)
    assert acts(kira, "DSPP") == (pytest.approx(0.475), 0.0, 1.0)
    felix = genotype(root / "cases/felix-healthy.json")
    assert felix.responses[1].weight == (0.05, 0.02, 0.1) and felix.findings == ()


def test_a_response_that_was_measured_is_certain_and_two_contradict():
    variants = [{"gene": "DSPP", "response": word, "grade": "hypothetical"} for word in ("reactor", "responder")]
    measured = genotype_of_case(case(variants[0]))
    assert [r.weight.value for r in measured.responses] == [0.0, 1.0]
    assert not any("probe dose" in sentence for sentence in measured.unknown)
    with pytest.raises(RecordError, match="one variant is said to respond and another to react"):
        genotype_of_case(case(*variants))


def test_a_case_says_the_sex_and_contradictions_are_refused():
    woman = genotype_of_case(case({"gene": "AMELX", "zygosity": "heterozygous", "significance": "pathogenic"}, sex="female"))
    assert woman.findings[0].bands
    with pytest.raises(FormatError, match=r"genotype.variants\[0\]: AMELX is heterozygous in a male; he has one X"):
        genotype_of_case(case({"gene": "AMELX", "zygosity": "heterozygous"}, sex="male"))


def test_the_record_of_an_answer_fits_a_case(tmp_path):
    found = listed(tmp_path, "ENAM c.92T>G p.(Leu31Arg) heterozygous likely pathogenic")
    again = genotype_of_case(case(*json.loads(found.record.model_dump_json())["variants"]))
    assert again.findings == found.findings and again.classes("enamel") == found.classes("enamel")


def test_only_a_tissue_of_the_panel_is_answered_for(tmp_path):
    found = listed(tmp_path, "none")
    with pytest.raises(RecordError, match="'enamal' is not a tissue of the panel; did you mean 'enamel'"):
        found.classes("enamal")
    with pytest.raises(RecordError, match="'cementum' is not a healthy tissue"):
        found.priors("cementum")


def test_the_public_name_is_the_function(tmp_path):
    assert amelo.genotype is genotype and isinstance(listed(tmp_path, "none"), amelo.Genotype)


def test_every_structure_that_a_gene_names_is_there_and_weights_leave_room():
    for gene in panel().values():
        parts = list(itertools.chain(*(name.split("+") for name in gene.structures)))
        assert set(parts) <= structures().keys()
        assert sum(p.value for p in gene.structures.values()) <= 1.0 + 1e-9
        assert gene.tissue == "host" or any(structures()[part].tissue == gene.tissue for part in parts)
