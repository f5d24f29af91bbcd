"""``amelo genotype``: the table, JSON, what it cites, and one sentence for what is refused."""

from __future__ import annotations

import json

import pytest

HEAD = "##fileformat=VCFv4.2\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tmother\tchild\n"
LINE = "chr4\t70630000\t.\tT\tG\t.\tPASS\tCLNSIG=Pathogenic\tGT\t0/0\t0/1\n"


@pytest.fixture
def family(tmp_path):
    path = tmp_path / "family.vcf"
    path.write_text(HEAD + LINE)
    return path


def test_the_founding_case(amelo):
    ran = amelo("genotype", "cases/kira.json")
    assert ran.code == 0 and ran.err == ""
    for words in (
        "case Kira, sex female: 1 variant in genes of the panel",
        "DSPP",
        "dentinogenesis II",
        "0.7 (0.5 to 0.9)",
        "hypothetical",
        "only a probe dose would tell",
        "avoid bonding and posts",
    ):
        assert words in ran.out, words


def test_a_healthy_case_is_not_reassured(amelo):
    ran = amelo("genotype", "cases/felix-healthy.json")
    assert ran.code == 0 and "nobody tested: everything stays possible" in ran.out and "a cause that was not found" in ran.out
    assert "Genes touched" not in ran.out


def test_one_child_of_a_family(amelo, family):
    child, mother = (amelo("genotype", family, "--sample", who, "--json") for who in ("child", "mother"))
    found = json.loads(child.out)
    assert found["genes"][0]["gene"] == "ENAM" and found["genes"][0]["locus"] == {"grade": "C", "checked": "no"}
    assert found["genotype"]["variants"][0]["coding"] == "g.70630000T>G" and found["build"] == "GRCh38"
    assert sum(c["weight"]["value"] for c in found["structures"]["enamel"]) == pytest.approx(1.0)
    assert found["priors"]["human enamel"]["sound_mineral"]["source"] and "thickness" in found["not_carried"]
    assert [r["grade"] for r in found["responses"]] == ["hypothetical", "hypothetical"]
    nothing = json.loads(mother.out)
    assert nothing["genes"] == [] and "no variant found: not the same as no risk" in nothing["unknown"][0]
    assert amelo("genotype", family).code == 2


def test_standard_input(amelo):
    ran = amelo("genotype", "-", "--sex", "female", stdin=b"AMELX heterozygous pathogenic\n")
    assert ran.code == 0 and "hypoplastic in bands" in ran.out


def test_what_was_used_can_be_cited(amelo):
    amelo("genotype", "cases/tomas-amelogenesis.json")
    assert "Klk4" in amelo("cite").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("{family}",), "holds 2 samples: mother, child; choose one with --sample"),
        (("{family}", "--sample", "mothr"), "did you mean 'mother'?"),
        (("{family}", "--sample", "child", "--build", "GRCh37"), "contradict each other"),
        (("{family}", "--sample", "child", "--build", "GRCh39"), "'GRCh39' is not a genome build"),
        (("{family}", "--sample", "child", "--sex", "woman"), "'woman' is not a sex"),
        (("no-such.vcf",), "no-such.vcf does not exist"),
        (("cases",), "is a folder"),
        (("cases/kira.json", "--sample", "Kira"), "--sample is for variant files"),
        (("cases/specimens/human-enamel.toml",), "is not a gene"),
        ((), "--help"),
    ],
)
def test_what_is_refused_is_one_sentence(amelo, family, words, told):
    ran = amelo("genotype", *(word.format(family=family) for word in words))
    assert ran.code == 2 and ran.out == "" and told in ran.err
    assert ran.err.startswith("amelo: ") and ran.err.count("\n") == 1
