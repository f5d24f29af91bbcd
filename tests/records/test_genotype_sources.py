"""Lists, phenopackets, cases and variant files are read into one form; what contradicts itself is refused in one sentence."""

from __future__ import annotations

import copy
import io
import json
import sys

import pytest
from test_genotype_vcf import AMELX, ENAM, bgzip, row, vcf

from amelo.errors import AmeloError
from amelo.records.genotype import genotype
from amelo.records.genotype_panel import panel
from amelo.records.genotype_sources import read_variants


def written(tmp_path, text, name="x.vcf"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path, **options):
    with pytest.raises(AmeloError) as caught:
        genotype(path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def variants(tmp_path, *rows, **options):
    return read_variants(written(tmp_path, vcf(*rows)), **options)


def test_a_variant_file_of_one_woman(tmp_path):
    found = variants(
        tmp_path, row(info="CLNSIG=Pathogenic;GENEINFO=ENAM:10117"), row("X", AMELX, genotype="0/1"), row("1", 100), sex="female"
    )
    told = [(c.variant.gene, c.variant.coding, c.variant.zygosity, c.variant.significance, c.judged) for c in found.carried]
    assert told == [
        ("ENAM", "g.71500000A>G", "heterozygous", "pathogenic", True),
        ("AMELX", "g.11315000A>G", "heterozygous", "unknown", False),
    ]
    assert found.vcf.assembly == "GRCh37" and len(found.vcf.sha256) == 64 and found.tested is True
    assert "11311533" not in found.vcf.model_dump_json(), "the genome itself is not kept"


def test_only_variants_in_genes_of_the_panel_are_kept(tmp_path):
    rows = [row("2", 1000 + i) for i in range(50)] + [row()]
    found = genotype(written(tmp_path, vcf(*rows)))
    assert len(found.record.variants) == 1 and "g.1000" not in repr(found)


def test_nobody_judged_is_not_the_same_as_unknown(tmp_path):
    raw = genotype(written(tmp_path, vcf(row())))
    listed = genotype(written(tmp_path, "ENAM g.71500000A>G heterozygous\n", "x.txt"))
    assert raw.findings[0].acts.value < 0.01 < listed.findings[0].acts.value
    assert "nobody judged" in " ".join(raw.findings[0].why)
    many = genotype(written(tmp_path, vcf(*[row(position=ENAM + i) for i in range(40)])))
    assert many.findings[0].acts.value == pytest.approx(raw.findings[0].acts.value, rel=0.01), (
        "forty harmless variants are not a disease"
    )


@pytest.mark.parametrize(
    ("info", "significance"),
    [
        ("CLNSIG=Pathogenic/Likely_pathogenic", "likely pathogenic"),
        ("CLNSIG=Likely_benign", "likely benign"),
        ("CLNSIG=Conflicting_interpretations_of_pathogenicity", "uncertain"),
        ("CLNSIG=Uncertain_significance|drug_response", "uncertain"),
        ("CLNSIG=risk_factor", "unknown"),
    ],
)
def test_classes_of_clinvar(tmp_path, info, significance):
    assert variants(tmp_path, row(info=info)).carried[0].variant.significance == significance


def test_classes_of_clinvar_by_allele(tmp_path):
    found = variants(tmp_path, row(alternative="G,T", genotype="1/2", info="CLNSIG=Benign,Pathogenic"))
    assert [c.variant.significance for c in found.carried] == ["benign", "pathogenic"]


@pytest.mark.parametrize(
    ("reference", "alternative", "coding"),
    [
        ("A", "G", f"g.{ENAM}A>G"),
        ("CT", "C", f"g.{ENAM + 1}del"),
        ("CTTT", "C", f"g.{ENAM + 1}_{ENAM + 3}del"),
        ("C", "CAG", f"g.{ENAM}_{ENAM + 1}insAG"),
        ("CT", "GA", f"g.{ENAM}_{ENAM + 1}delinsGA"),
        ("CA", "GA", f"g.{ENAM}C>G"),
        ("C", "C" + "AG" * 40, f"g.{ENAM}_{ENAM + 1}insAGAGAGAGAGAGAGAGAGAG[80]"),
    ],
)
def test_changes_are_named(tmp_path, reference, alternative, coding):
    assert variants(tmp_path, row(reference=reference, alternative=alternative)).carried[0].variant.coding == coding


def test_phase_in_a_variant_file_tells_carrier_from_patient(tmp_path):
    start = panel()["KLK4"].loci["GRCh37"][0]
    judged = {"info": "CLNSIG=Pathogenic", "chromosome": "19"}
    cis, trans = (
        genotype(
            written(
                tmp_path, vcf(row(position=start, genotype="0|1", **judged), row(position=start + 50, genotype=second, **judged))
            )
        )
        for second in ("0|1", "1|0")
    )
    assert cis.findings[0].acts.value < 0.15 < 0.9 < trans.findings[0].acts.value
    assert "same copy" in " ".join(cis.findings[0].why) and "different copies" in " ".join(trans.findings[0].why)


def test_notices_say_what_a_file_is_silent_about(tmp_path):
    told = " ".join(variants(tmp_path, row(), row(position=ENAM + 9, genotype="./.")).notices)
    assert "no line on the chromosomes of ACP4, ALPL" in told and "ENAM" not in told.split("no line")[1].split(":")[0]
    assert "1 lines in genes of the panel have no genotype" in told and "unchanged or not looked at" in told
    sites = read_variants(written(tmp_path, vcf(row("X", AMELX, genotype=None), samples=()))).notices
    assert "sites only" in sites[0] and any("say --sex" in s for s in sites)
    empty = read_variants(written(tmp_path, vcf()))
    assert empty.carried == () and "no variant at all" in " ".join(empty.notices)


PLOIDY = {  # what is wrong: (rows, options, words)
    "a man with two X": (
        [row("X", AMELX)],
        {"sex": "male"},
        ["line 4", "AMELX at X:11315000 is heterozygous in a male", "he has one X"],
    ),
    "a woman with one X": ([row("X", AMELX, genotype="1")], {"sex": "female"}, ["has one copy in a female", "she has two X"]),
    "one copy of chromosome 4": ([row(genotype="1")], {}, ["one copy of ENAM", "two of chromosome 4"]),
    "one X and two": (
        [row("X", AMELX, genotype="1"), row("X", AMELX + 9)],
        {},
        ["lines 4 and 5", "one X by X:11315000 and two by X:11315009"],
    ),
    "another gene than the place": (
        [row(info="GENE=AMELX")],
        {},
        ["calls 4:71500000 AMELX", "lies at X:11311533-11318881 in GRCh37"],
    ),
    "no such sex": ([row()], {"sex": "femal"}, ["'femal' is not a sex", "did you mean 'female'?"]),
    "no such build": ([row()], {"build": "GRCh36"}, ["'GRCh36' is not a genome build", "GRCh3"]),
}


@pytest.mark.parametrize("kind", PLOIDY)
def test_ploidy_sex_and_place_must_agree(tmp_path, kind):
    rows, options, words = PLOIDY[kind]
    sentence = refused(written(tmp_path, vcf(*rows)), **options)
    assert not [word for word in words if word not in sentence], sentence


def test_an_intersex_person_may_have_any_number_of_x(tmp_path):
    for genotyped in ("1", "0/1", "1/1"):
        assert len(variants(tmp_path, row("X", AMELX, genotype=genotyped), sex="intersex").carried) == 1


def test_a_list(tmp_path):
    text = "# from a letter\nENAM c.92T>G p.(Leu31Arg) heterozygous likely pathogenic\n\nKLK4 compound heterozygous # the other is not named\nFOSL2\n"
    found = read_variants(written(tmp_path, text, "list.txt"))
    assert [(c.variant.gene, c.variant.zygosity, c.variant.significance) for c in found.carried] == [
        ("ENAM", "heterozygous", "likely pathogenic"),
        ("KLK4", "compound heterozygous", "unknown"),
    ]
    assert found.outside == ("FOSL2",) and found.carried[0].variant.protein == "p.(Leu31Arg)"
    assert "FOSL2 is not in the panel: nothing follows from it here" in genotype(tmp_path / "list.txt").unknown


def test_a_gene_that_is_nearly_one_of_the_panel_is_pointed_out(tmp_path):
    assert "AMLEX is not in the panel; did you mean 'AMELX'?" in read_variants(written(tmp_path, "AMLEX\n", "l")).notices


LISTS = {  # what is wrong: (text, options, words)
    "empty": ("\n", {}, ["is empty"]),
    "remarks alone": ("# nothing\n", {}, ["names no variant", '"none"']),
    "none and some": ("none\nENAM\n", {}, ["says none and names variants"]),
    "small letters": ("enam\n", {}, ["line 1", "'enam' is not a gene", "did you mean 'ENAM'?"]),
    "a word misspelt": ("ENAM heterozygos\n", {}, ["'heterozygos' is not understood", "did you mean 'heterozygous'?"]),
    "zygosity twice": ("ENAM heterozygous homozygous\n", {}, ["zygosity is said twice, heterozygous and homozygous"]),
    "significance twice": ("ENAM benign pathogenic\n", {}, ["significance is said twice"]),
    "the same change twice": ("ENAM c.1A>G\nENAM c.1A>G\n", {}, ["ENAM c.1A>G is named twice", "keep one"]),
    "the same change otherwise": ("ENAM c.1A>G benign\nENAM c.1A>G pathogenic\n", {}, ["significance benign and pathogenic"]),
    "a man with two X": ("AMELX heterozygous\n", {"sex": "male"}, ["line 1", "AMELX is heterozygous in a male"]),
    "a woman with one": ("AMELX hemizygous\n", {"sex": "female"}, ["one copy in a female"]),
    "a sample": ("ENAM\n", {"sample": "S1"}, ["--sample is for variant files"]),
    "a control character": ("ENAM \x07\n", {}, ["control character"]),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_that_are_refused(tmp_path, kind):
    text, options, words = LISTS[kind]
    sentence = refused(written(tmp_path, text, "list.txt"), **options)
    assert not [word for word in words if word not in sentence], sentence


def packet():
    descriptor = {
        "geneContext": {"symbol": "ENAM"},
        "expressions": [
            {"syntax": "hgvs.c", "value": "NM_031889.3:c.92T>G"},
            {"syntax": "hgvs.p", "value": "NP_114095.2:p.(Leu31Arg)"},
        ],
        "vcfRecord": {"genomeAssembly": "hg38", "chrom": "chr4", "pos": 70630000, "ref": "T", "alt": "G"},
        "allelicState": {"id": "GENO:0000135", "label": "heterozygous"},
    }
    genomic = {
        "interpretationStatus": "CAUSATIVE",
        "variantInterpretation": {"acmgPathogenicityClassification": "LIKELY_PATHOGENIC", "variationDescriptor": descriptor},
    }
    return {
        "id": "made-up",
        "subject": {"id": "one", "sex": "FEMALE"},
        "phenotypicFeatures": [
            {"type": {"id": "HP:0000705", "label": "Amelogenesis imperfecta"}},
            {"type": {"id": "HP:0000670", "label": "Carious teeth"}, "excluded": True},
        ],
        "interpretations": [{"diagnosis": {"genomicInterpretations": [genomic]}}],
        "metaData": {"phenopacketSchemaVersion": "2.0.2"},
    }


def genomic_of(data):
    return data["interpretations"][0]["diagnosis"]["genomicInterpretations"][0]


def descriptor_of(data):
    return genomic_of(data)["variantInterpretation"]["variationDescriptor"]


def test_a_phenopacket(tmp_path):
    found = read_variants(written(tmp_path, json.dumps(packet()), "p.json"))
    variant = found.carried[0].variant
    assert (variant.gene, variant.coding, variant.protein) == ("ENAM", "c.92T>G", "p.(Leu31Arg)")
    assert (variant.zygosity, variant.significance, variant.grade) == ("heterozygous", "likely pathogenic", "published")
    assert (found.sex, found.build, found.kind) == ("female", "GRCh38", "phenopacket")
    assert found.notices == ("signs recorded: Amelogenesis imperfecta",)


def test_a_phenopacket_without_variants_or_with_a_rejected_one(tmp_path):
    data = packet()
    genomic_of(data)["interpretationStatus"] = "REJECTED"
    found = read_variants(written(tmp_path, json.dumps(data), "p.json"))
    assert found.carried == () and found.tested == "unknown" and "rejected as the cause is not used" in found.notices[0]
    del data["interpretations"]
    assert read_variants(written(tmp_path, json.dumps(data), "p.json")).carried == ()


def _set(place, key, value):
    def change(data):
        place(data)[key] = value

    return change


PACKETS = {  # what is wrong: (change, options, words)
    "another build": (lambda d: descriptor_of(d)["vcfRecord"].update(genomeAssembly="hg18"), {}, ["genome build hg18"]),
    "positions of the other build": (
        lambda d: descriptor_of(d)["vcfRecord"].update(genomeAssembly="hg19"),
        {},
        ["ENAM is said to be changed at chr4:70630000", "4:71494461-71512541 in GRCh37"],
    ),
    "another chromosome": (lambda d: descriptor_of(d)["vcfRecord"].update(chrom="chr5"), {}, ["chr5:70630000", "it lies at 4:"]),
    "no number": (lambda d: descriptor_of(d)["vcfRecord"].update(pos="here"), {}, ["'here' is not a whole number"]),
    "no gene": (_set(descriptor_of, "geneContext", {}), {}, ["a variant without a gene", "geneContext.symbol"]),
    "no zygosity": (
        _set(descriptor_of, "allelicState", {"label": "heterozygos"}),
        {},
        ["zygosity", "did you mean 'heterozygous'?"],
    ),
    "no class": (
        lambda d: genomic_of(d)["variantInterpretation"].update(acmgPathogenicityClassification="PATHOGENC"),
        {},
        ["'PATHOGENC' is not a class", "did you mean 'PATHOGENIC'?"],
    ),
    "no sex": (lambda d: d["subject"].update(sex="FEMALES"), {}, ["'females' is not a sex", "did you mean 'FEMALE'?"]),
    "two sexes": (lambda d: None, {"sex": "male"}, ["is of a female, and --sex says male"]),
    "two builds": (lambda d: None, {"build": "GRCh37"}, ["positions of two genome builds"]),
    "not a list": (_set(lambda d: d, "interpretations", {"a": 1}), {}, ["is this a phenopacket?"]),
    "the same twice": (
        lambda d: d["interpretations"].append(copy.deepcopy(d["interpretations"][0])),
        {},
        ["ENAM c.92T>G is named twice"],
    ),
}


@pytest.mark.parametrize("kind", PACKETS)
def test_phenopackets_that_are_refused(tmp_path, kind):
    change, options, words = PACKETS[kind]
    data = packet()
    change(data)
    sentence = refused(written(tmp_path, json.dumps(data), "p.json"), **options)
    assert not [word for word in words if word not in sentence], sentence


def test_json_that_is_cut_off_or_neither_case_nor_phenopacket(tmp_path):
    assert "ends too early" in refused(written(tmp_path, json.dumps(packet())[:-40], "p.json"))
    assert "is missing" in refused(written(tmp_path, '{"a": 1}', "p.json")) or "not a known key" in refused(tmp_path / "p.json")


def test_a_case_of_another_sex(root):
    assert "the case is female, and --sex says male" in refused(root / "cases/kira.json", sex="male")


@pytest.mark.parametrize("text", [vcf(row()), bgzip(vcf(row()).encode()), "ENAM heterozygous\n", json.dumps(packet())])
def test_standard_input_of_every_kind(monkeypatch, text):
    data = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert [c.variant.gene for c in read_variants("-").carried] == ["ENAM"]


def test_published_cases_are_read(shared, tmp_path):
    found = [
        read_variants(written(tmp_path, line, "p.json"))
        for line in (shared / "data/phenopackets_enamel_cases.jsonl").read_text().splitlines()
    ]
    assert len(found) == 40 and all(f.carried or f.outside for f in found)
    assert sorted({c.variant.gene for f in found for c in f.carried}) == ["ACP4", "LAMB3"]


def test_published_sites_lie_in_the_genes_that_their_file_names(shared):
    found = read_variants(shared / "data/dental_cases_sites_hg38.vcf")
    assert sorted({c.variant.gene for c in found.carried}) == ["ACP4", "EDA", "LAMB3"] and found.build == "GRCh38"
