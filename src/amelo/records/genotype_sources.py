"""Variants as people hand them in: a variant file, a plain list, a phenopacket or a case, all read into one form.

A list has one variant a line, its gene first and then, in any order, what is known: ``ENAM c.92T>G p.(Leu31Arg) heterozygous likely pathogenic``.
What follows # is a remark; the one word ``none`` says that a test found nothing.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from amelo.errors import FileError, FormatError, RecordError, nearest, shorten
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.check import build as build_record
from amelo.records.genotype_panel import Gene, chromosome_of, gene_at, known_build, panel
from amelo.records.genotype_vcf import Call, looks_like_vcf, read_vcf
from amelo.records.person import Variant, VcfReference
from amelo.records.read import STANDARD_INPUT, read_json, read_text, source_name

__all__ = ["SEXES", "Carried", "Handed", "of_case", "read_variants"]

SEXES = ("female", "male", "intersex", "unknown")
NEAR = 10_000  # bases beside a gene that programs still name after it
ZYGOSITIES = get_args(Variant.model_fields["zygosity"].annotation)
SIGNIFICANCES = get_args(Variant.model_fields["significance"].annotation)
CLINVAR = {
    "pathogenic": "pathogenic",
    "pathogenic/likely_pathogenic": "likely pathogenic",
    "likely_pathogenic": "likely pathogenic",
    "uncertain_significance": "uncertain",
    "likely_benign": "likely benign",
    "benign/likely_benign": "likely benign",
    "benign": "benign",
}
ACMG = {"NOT_PROVIDED": UNKNOWN, "UNCERTAIN_SIGNIFICANCE": "uncertain"} | {
    word.upper().replace(" ", "_"): word for word in ("pathogenic", "likely pathogenic", "likely benign", "benign")
}
STATES = {
    "GENO:0000135": "heterozygous",
    "GENO:0000136": "homozygous",
    "GENO:0000134": "hemizygous",
    "GENO:0000402": "compound heterozygous",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """A variant with what a record of a case has no room for: whether anybody judged it, and which copy it stands on."""

    variant: Variant
    judged: bool = True
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed in: variants used, and what was said about them and about the person."""

    source: str
    kind: str
    carried: tuple[Carried, ...]
    tested: bool | str
    sex: str = UNKNOWN
    build: str = ""
    sample: str = ""
    vcf: VcfReference | str = UNKNOWN
    outside: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def read_variants(path: str | Path, *, sample: str | None = None, sex: str | None = None, build: str | None = None) -> Handed:
    """Return the variants of a file of any of the four kinds, told apart by what they hold.

    Arguments: path, ``"-"`` for standard input; sample, sex and build as the user says them.
    Raises: FileError, FormatError or RecordError in one sentence.
    """
    if sex is not None and sex not in SEXES:
        raise FormatError(f"'{sex}' is not a sex", fix=nearest(sex, SEXES))
    stated = known_build(build) if build is not None else None
    start = _start(path)
    if looks_like_vcf(path, start):
        return _of_vcf(path, sample, sex or UNKNOWN, stated)
    if sample is not None:
        raise FormatError("--sample is for variant files", where=source_name(path), fix="leave it out")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        data = read_json(path)
        if isinstance(data, dict) and ("phenotypicFeatures" in data or "interpretations" in data or "subject" in data):
            return _of_phenopacket(data, source_name(path), sex, stated)
        return of_case(build_record(Case, data, source_name(path)), source_name(path), sex)
    return _of_list(path, sex or UNKNOWN)


def of_case(case: Case, source: str = "", sex: str | None = None) -> Handed:
    """Return the variants that a case records."""
    own = case.sex
    if sex is not None and UNKNOWN not in (sex, own) and sex != own:
        raise RecordError(f"the case is {own}, and --sex says {sex}", where=source, fix="leave --sex out")
    genes, record = panel(), case.genotype
    kind, sex = f"case {case.pseudonym}", own if own != UNKNOWN else sex or UNKNOWN
    carried = []
    for i, variant in enumerate(record.variants):
        if variant.gene in genes and genes[variant.gene].on_x:
            where = f"{source or case.pseudonym}: genotype.variants[{i}]"
            variant = variant.model_copy(update={"zygosity": _on_x(variant.zygosity, sex, variant.gene, where)})
        if variant.gene in genes:
            carried.append(Carried(variant))
    _not_twice(carried, source or case.pseudonym)
    outside = tuple(v.gene for v in record.variants if v.gene not in genes)
    return Handed(source or case.pseudonym, kind, tuple(carried), record.tested, sex, vcf=record.vcf, outside=outside)


def _start(path: str | Path) -> bytes:
    """Return the first bytes without taking them."""
    if str(path) in STANDARD_INPUT:
        if sys.stdin is None:
            raise FileError("standard input is closed", fix="name a file, or send one through a pipe")
        buffer: Any = sys.stdin.buffer
        if hasattr(buffer, "peek"):
            return buffer.peek(64)[:64]
        data = buffer.read(64)
        buffer.seek(0)
        return data
    try:
        with Path(path).open("rb") as file:
            return file.read(64)
    except OSError:
        return b""  # whoever reads it says why it cannot


def _of_vcf(path: str | Path, sample: str | None, sex: str, stated: str | None) -> Handed:
    genes, name = panel(), source_name(path)
    regions: dict[str, dict[str, list[tuple[int, int]]]] = {"GRCh37": {}, "GRCh38": {}}
    for gene in genes.values():
        for build, (start, end) in gene.loci.items():
            regions[build].setdefault(gene.chromosome, []).append((start - NEAR, end + NEAR))
    found = read_vcf(path, regions, sample=sample, build=stated)
    carried, one_x, two_x = [], None, None
    notices = []
    for call in found.calls:
        gene = _gene_of(call, found.build, name)
        if gene is None:
            continue
        if gene.on_x and call.ploidy is not None and call.copies:
            one_x, two_x = (call if call.ploidy == 1 else one_x), (call if call.copies < call.ploidy and not call.unsure else two_x)
        carried.append(_carried(call, gene, found.build, sex, name))
    if one_x and two_x:
        what = f"one X by {one_x.place} and two by {two_x.place}"
        raise FormatError(
            what, where=f"{name}: lines {one_x.line} and {two_x.line}", why="a person has one number of them", fix="say --sex"
        )
    if not found.sample:
        notices.append(
            "the file has sites only: on how many copies a variant stands is unknown, and whether one person has them all"
        )
    if found.records == 0:
        notices.append("the file holds no variant at all: was anything called?")
    if elsewhere := sorted(g.name for g in genes.values() if g.chromosome not in found.chromosomes):
        notices.append(f"no line on the chromosomes of {', '.join(elsewhere)}: they may not have been looked at")
    for count, text in (
        (found.filtered, "lines in genes of the panel did not pass the caller's filters and are not used"),
        (found.uncalled, "lines in genes of the panel have no genotype: neither changed nor unchanged"),
        (found.breakends, "ends of rearrangements in genes of the panel are not read"),
    ):
        notices += [f"{count} {text}"] * bool(count)
    if not found.whole:
        notices.append("the last line has no end: the file may have been cut off there")
    if sex == UNKNOWN and any(panel()[c.variant.gene].on_x for c in carried):
        notices.append("a variant on X, and nobody says of which sex: say --sex")
    notices.append("a variant file lists changes: where it is silent, the gene may be unchanged or not looked at")
    reference = VcfReference(path=name, sha256=found.sha256, assembly=found.build)
    return Handed(name, "variant file", tuple(carried), True, sex, found.build, found.sample, reference, (), tuple(notices))


def _gene_of(call: Call, build: str, name: str) -> Gene | None:
    """Return the gene that a call touches; what the file itself names it must fit with where it is."""
    gene = gene_at(build, call.chromosome, call.position, call.last)
    named = {call.info.get("GENE", ""), *re.findall(r"(?:^|\|)([^:|]+):[0-9]+", call.info.get("GENEINFO", ""))}
    named |= {parts[3] for entry in call.info.get("ANN", "").split(",") if len(parts := entry.split("|")) > 4}
    for symbol in sorted(named & panel().keys()):
        other = panel()[symbol]
        start, end = other.loci[build]
        if other.chromosome != call.chromosome or call.last < start - NEAR or call.position > end + NEAR:
            what = f"the file calls {call.place} {symbol}, which lies at {other.chromosome}:{start}-{end} in {build}"
            raise FormatError(what, where=f"{name}: line {call.line}", fix="is it of another genome build?")
        gene = gene or other
    return gene


def _carried(call: Call, gene: Gene, build: str, sex: str, name: str) -> Carried:
    """Return a call as a variant; ploidy and sex must agree."""
    where = f"{name}: line {call.line}"
    if call.ploidy == 1 and not gene.on_x:
        raise FormatError(
            f"one copy of {gene.name} at {call.place}", where=where, why=f"everybody has two of chromosome {gene.chromosome}"
        )
    zygosity = UNKNOWN
    if call.copies is not None and not call.unsure:
        zygosity = "hemizygous" if call.ploidy == 1 else "homozygous" if call.copies == 2 else "heterozygous"
    if gene.on_x and zygosity != UNKNOWN:
        zygosity = _on_x(zygosity, sex, f"{gene.name} at {call.place}", where)
    significance = _clinvar(call)
    note = f"{build}, chromosome {call.chromosome}, {call.reference[:20]}>{call.alternative[:20]} at {call.position}"
    data = {"gene": gene.name, "coding": _hgvs(call), "zygosity": zygosity, "significance": significance or UNKNOWN, "note": note}
    return Carried(build_record(Variant, data, where), judged=bool(significance), copy=call.copy)


def _on_x(zygosity: str, sex: str, what: str, where: str) -> str:
    """Return the zygosity of a variant on X by sex, or refuse what cannot be."""
    if sex == "male" and zygosity in ("heterozygous", "compound heterozygous"):
        raise FormatError(
            f"{what} is {zygosity} in a male", where=where, why="he has one X", fix="check the sample, or say --sex intersex"
        )
    if sex == "female" and zygosity == "hemizygous":
        raise FormatError(
            f"{what} has one copy in a female", where=where, why="she has two X", fix="check the sample, or say --sex intersex"
        )
    return "hemizygous" if sex == "male" and zygosity == "homozygous" else zygosity


def _clinvar(call: Call) -> str:
    """Return the significance that the file took from ClinVar, ``""`` for none."""
    words = call.info.get("CLNSIG", "").split(",")
    if len(words) > 1:
        words = [words[int(call.info["ALLELE"]) - 1]] if len(words) == int(call.info["ALLELES"]) else []
    word = words[0].split("|")[0].lower() if words else ""
    return "uncertain" if word.startswith("conflicting") else CLINVAR.get(word, "")


def _hgvs(call: Call) -> str:
    """Return a call in the manner of HGVS on the genome, trimmed but not shifted."""
    if call.alternative.startswith("<"):
        return f"g.{call.position}_{call.last}{call.alternative[1:-1].lower()[:60]}"
    old, new, at = call.reference, call.alternative, call.position
    while old and new and old[-1] == new[-1] and len(old) + len(new) > 2:
        old, new = old[:-1], new[:-1]
    while old and new and old[0] == new[0]:
        old, new, at = old[1:], new[1:], at + 1
    new = new if len(new) <= 50 else f"{new[:20]}[{len(new)}]"
    span = f"{at}" if len(old) == 1 else f"{at}_{at + len(old) - 1}"
    if not old:
        return f"g.{at - 1}_{at}ins{new}"
    if not new:
        return f"g.{span}del"
    return f"g.{at}{old}>{new}" if len(old) == len(new) == 1 else f"g.{span}delins{new}"


def _of_list(path: str | Path, sex: str) -> Handed:
    name, genes = source_name(path), panel()
    carried: list[Carried] = []
    outside: list[str] = []
    notices: list[str] = []
    nothing = False
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words, where = line.split("#")[0].replace(",", " ").split(), f"{name}: line {number}"
        if not words:
            continue
        if [word.lower() for word in words] == ["none"]:
            nothing = True
            continue
        variant = build_record(Variant, _words(words, where), where)
        if variant.gene not in genes:
            outside.append(variant.gene)
            hint = nearest(variant.gene, genes, limit=0)
            notices += [f"{variant.gene} is not in the panel; {hint}"] * bool(hint)
            continue
        if genes[variant.gene].on_x:
            zygosity = _on_x(variant.zygosity, sex, variant.gene, where)
            variant = variant.model_copy(update={"zygosity": zygosity})
        carried.append(Carried(variant))
    if nothing and (carried or outside):
        raise FormatError("the list says none and names variants", where=name, fix="remove one of them")
    if not (nothing or carried or outside):
        raise FormatError(
            "the list names no variant", where=name, fix='write one a line, its gene first, or "none" when a test found nothing'
        )
    _not_twice(carried, name)
    return Handed(name, "list", tuple(carried), True, sex, outside=tuple(outside), notices=tuple(notices))


def _words(words: list[str], where: str) -> dict[str, str]:
    """Sort the words of a line: gene, coding, protein, zygosity, significance."""
    if not re.match(r"^[A-Z][A-Z0-9orf-]{1,19}$", words[0]):
        why = "a line begins with the symbol of a gene in capitals, such as AMELX"
        raise FormatError(f"{shorten(words[0])} is not a gene", where=where, why=why, fix=nearest(words[0], panel(), limit=0))
    data, rest = {"gene": words[0]}, words[1:]
    valid = (*ZYGOSITIES, *SIGNIFICANCES, "c.…", "p.…")
    while rest:
        pair, one = " ".join(rest[:2]).lower(), rest[0]
        took = 2 if pair in (*ZYGOSITIES, *SIGNIFICANCES) and len(rest) > 1 else 1
        word = pair if took == 2 else one
        key = "coding" if re.match(r"^[cgnm]\.", one) else "protein" if one.startswith("p.") else ""
        if not key:
            word = word.lower()
            key = "zygosity" if word in ZYGOSITIES and "zygosity" not in data else "significance" if word in SIGNIFICANCES else ""
        key = key or ("zygosity" if word in ZYGOSITIES else "")
        if not key:
            raise FormatError(
                f"{shorten(one)} is not understood",
                where=where,
                fix=nearest(word, valid, limit=0) or "after the gene: c.…, p.…, zygosity, significance",
            )
        if key in data:
            raise FormatError(f"{key} is said twice, {data[key]} and {word}", where=where, fix="keep one of them")
        data[key] = word
        rest = rest[took:]
    return data


def _not_twice(carried: list[Carried], name: str) -> None:
    """Refuse the same change twice in one gene."""
    seen: dict[tuple[str, str], Variant] = {}
    for entry in carried:
        variant = entry.variant
        if variant.coding == UNKNOWN:
            continue
        twin = seen.setdefault((variant.gene, variant.coding), variant)
        if twin is not variant:
            differ = next((f for f in ("zygosity", "significance", "protein") if getattr(twin, f) != getattr(variant, f)), "")
            what = f"{variant.gene} {variant.coding} is named twice"
            detail = f", {differ} {getattr(twin, differ)} and {getattr(variant, differ)}" if differ else ""
            raise FormatError(what + detail, where=name, fix="keep one of them")


def _of_phenopacket(data: dict[str, Any], name: str, sex: str | None, stated: str | None) -> Handed:
    own = (
        _at(_at(data, "subject", dict, name), "sex", str, name).lower().replace("_sex", "").replace("other", "intersex") or UNKNOWN
    )
    if own not in SEXES:
        raise FormatError(
            f"{shorten(own)} is not a sex",
            where=f"{name}: subject.sex",
            fix=nearest(own.upper(), ("MALE", "FEMALE", "UNKNOWN_SEX")),
        )
    if sex is not None and UNKNOWN not in (sex, own) and sex != own:
        raise FormatError(f"the phenopacket is of a {own}, and --sex says {sex}", where=name, fix="leave --sex out")
    sex = own if own != UNKNOWN else sex or UNKNOWN
    carried: list[Carried] = []
    outside: list[str] = []
    notices: list[str] = []
    builds: set[str] = set()
    for i, entry in enumerate(_at(data, "interpretations", list, name)):
        diagnosis = _at(_item(entry, f"{name}: interpretations[{i}]"), "diagnosis", dict, name)
        for j, genomic in enumerate(_at(diagnosis, "genomicInterpretations", list, name)):
            where = f"{name}: interpretations[{i}].diagnosis.genomicInterpretations[{j}]"
            _one_genomic(_item(genomic, where), where, sex, carried, outside, notices, builds)
    if stated:
        builds.add(stated)
    if len(builds) > 1:
        raise FormatError("positions of two genome builds", where=name, fix="lift them over to one of them")
    _not_twice(carried, name)
    dental = [
        _at(_at(_item(f, name), "type", dict, name), "label", str, name)
        for f in _at(data, "phenotypicFeatures", list, name)
        if not _item(f, name).get("excluded")
    ]
    seen = [
        label for label in dental if re.search(r"enamel|dent|tooth|teeth|amelogen|caries|carious|periodont", label, re.IGNORECASE)
    ]
    notices += ["signs recorded: " + ", ".join(seen[:6])] * bool(seen)
    tested = True if carried or outside else UNKNOWN
    return Handed(name, "phenopacket", tuple(carried), tested, sex, "".join(builds), outside=tuple(outside), notices=tuple(notices))


def _one_genomic(
    genomic: dict, where: str, sex: str, carried: list[Carried], outside: list[str], notices: list[str], builds: set[str]
) -> None:
    """Add the variant of one genomic interpretation."""
    if genomic.get("interpretationStatus") == "REJECTED":
        notices.append("a variant that was rejected as the cause is not used")
        return
    interpretation = _at(genomic, "variantInterpretation", dict, where)
    descriptor = _at(interpretation, "variationDescriptor", dict, where)
    symbol = _at(_at(descriptor, "geneContext", dict, where), "symbol", str, where)
    if not symbol:
        raise FormatError("a variant without a gene", where=where, fix="name it in geneContext.symbol")
    if symbol not in panel():
        outside.append(symbol)
        return
    gene, record = panel()[symbol], _at(descriptor, "vcfRecord", dict, where)
    if record:
        _must_lie_in(gene, record, where, builds)
    expressions = {
        e.get("syntax"): str(e.get("value", "")) for e in _at(descriptor, "expressions", list, where) if isinstance(e, dict)
    }
    state = _at(descriptor, "allelicState", dict, where)
    zygosity = STATES.get(str(state.get("id")), str(state.get("label", UNKNOWN)))
    significance = ACMG.get(str(interpretation.get("acmgPathogenicityClassification", "NOT_PROVIDED")))
    if significance is None:
        word = interpretation["acmgPathogenicityClassification"]
        raise FormatError(f"{shorten(word)} is not a class of pathogenicity", where=where, fix=nearest(word, ACMG))
    if gene.on_x:
        zygosity = _on_x(zygosity, sex, symbol, where)
    data = {"gene": symbol, "zygosity": zygosity, "significance": significance, "grade": "published"}
    for key, syntax in (("coding", "hgvs.c"), ("protein", "hgvs.p")):
        if value := expressions.get(syntax, "").rpartition(":")[2]:
            data[key] = value
    carried.append(Carried(build_record(Variant, data, where)))


def _must_lie_in(gene: Gene, record: dict, where: str, builds: set[str]) -> None:
    build = known_build(str(record.get("genomeAssembly", "")))
    builds.add(build)
    position = str(record.get("pos", ""))
    if not position.isdecimal():
        raise FormatError(f"the position {shorten(record.get('pos'))} is not a whole number", where=f"{where}: vcfRecord.pos")
    start, end = gene.loci[build]
    if chromosome_of(str(record.get("chrom", ""))) != gene.chromosome or not start - NEAR <= int(position) <= end + NEAR:
        what = f"{gene.name} is said to be changed at {record.get('chrom')}:{position}"
        raise FormatError(
            what, where=where, why=f"it lies at {gene.chromosome}:{start}-{end} in {build}", fix="is it of another genome build?"
        )


def _item(value: Any, where: str) -> dict:
    if not isinstance(value, dict):
        raise FormatError(f"{shorten(value)} is not an object", where=where, fix="is this a phenopacket?")
    return value


def _at(data: dict, key: str, kind: type, where: str) -> Any:
    """Return a part of a phenopacket, an empty one when it is left out."""
    value = data.get(key, kind())
    if not isinstance(value, kind):
        raise FormatError(f"{shorten(value)} is not what it should be", where=f"{where}: {key}", fix="is this a phenopacket?")
    return value
