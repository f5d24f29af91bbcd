"""``amelo genotype``: which genes of teeth are touched, what that does to the twin, what is unknown, how sure."""

from __future__ import annotations

from amelo.cli.options import Flag
from amelo.cli.output import print_json, print_table

__all__ = ["genotype"]


def genotype(
    file: str, /, *, sample: str | None = None, sex: str | None = None, build: str | None = None, json: Flag = False
) -> int:
    """Which genes of enamel, dentine and host are touched, what that does to the twin, what is unknown, how sure.

    Parameters
    ----------
    file
        A variant file (VCF, gzipped or not), a list of variants, a phenopacket or a case; - reads standard input.
    sample
        Which sample of a variant file that holds several.
    sex
        female, male, intersex or unknown, where the file does not say; a man has one X.
    build
        GRCh37 or GRCh38, where the header of a variant file does not say.
    json
        Print JSON.
    """
    from amelo.cite import remember_citations
    from amelo.records.genotype import genotype as read
    from amelo.report import genotype as words

    found = read(file, sample=sample, sex=sex, build=build)
    remember_citations("amelo genotype", words.genotype_citations(found))
    if json:
        print_json(words.genotype_data(found))
        return 0
    print(words.genotype_head(found))
    if found.findings:
        columns = ("gene", "tissue", "variants", "inheritance", "acts", "described with")
        print_table(columns, words.finding_rows(found), title="Genes touched, and how likely each acts", left=6)
    columns = ("tissue", "structure", "weight", "factors on healthy parameters", "grade", "source")
    print_table(columns, words.class_rows(found), title="Structures that the teeth may have", left=6)
    columns = ("tissue", "parameter", "value", "range", "unit", "grade", "source")
    print_table(columns, words.prior_rows(found), title="Priors of the twin, where nothing was measured", left=2)
    columns = ("response to carriers", "weight", "inflammation", "efficacy", "grade")
    print_table(columns, words.response_rows(found), title="Response to carriers (hypothetical)")
    for head, sentences in (
        ("For care", words.rules(found)),
        ("Carried by no parameter yet", [", ".join(words.not_carried(found))] * bool(words.not_carried(found))),
        ("Unknown", found.unknown),
        ("Notices", found.handed.notices),
    ):
        if sentences:
            print(f"{head}:")
            print(*(f"  {sentence}" for sentence in sentences), sep="\n")
    return 0
