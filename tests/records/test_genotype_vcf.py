"""The reader of variant files: every kind that is read, and one sentence for every kind that is not."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import struct
import sys
import zlib
from collections import Counter

import pytest

from amelo.errors import FileError, FormatError
from amelo.records.genotype_panel import build_named, chromosome_of, gene_at, lengths, panel
from amelo.records.genotype_vcf import LAST_BLOCK, read_vcf

REGIONS = {"GRCh37": {"4": [(71494461, 71512541)], "X": [(11311533, 11318881)]}, "GRCh38": {"4": [(70628744, 70646824)]}}
COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
ENAM, AMELX = 71500000, 11315000  # GRCh37


def row(
    chromosome="4", position=ENAM, reference="A", alternative="G", genotype="0/1", *, filtered="PASS", info=".", form="GT", more=()
):
    cells = [chromosome, str(position), ".", reference, alternative, ".", filtered, info]
    return "\t".join([*cells, form, genotype, *more] if genotype is not None else cells)


def vcf(*rows, head=("##reference=GRCh37",), samples=("S1",), version="4.2", end="\n"):
    columns = COLUMNS + (["FORMAT", *samples] if samples else [])
    return "\n".join([f"##fileformat=VCFv{version}", *head, "\t".join(columns), *rows]) + end


def bgzip(data: bytes, *, last=True, size=400) -> bytes:
    """Compress as bgzip does: members of their own, each with its length in an extra field."""
    out = b""
    for start in range(0, len(data), size):
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        part = data[start : start + size]
        body = packer.compress(part) + packer.flush()
        head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
        out += head + body + struct.pack("<II", zlib.crc32(part), len(part))
    return out + LAST_BLOCK * last


def turned(data: bytes, place: int) -> bytes:
    """Return the data with one bit of one byte the other way."""
    out = bytearray(data)
    out[place] ^= 4
    return bytes(out)


def read(tmp_path, text, *, name="x.vcf", sample=None, build=None, regions=REGIONS):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_vcf(path, regions, sample=sample, build=build)


def told(tmp_path, text, error=FormatError, **options):
    with pytest.raises(error) as caught:
        read(tmp_path, text, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("version", ["4.1", "4.2", "4.3", "4.4"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzip])
@pytest.mark.parametrize("prefix", ["", "chr"])
def test_plain_gzipped_and_bgzipped_say_the_same(tmp_path, version, pack, prefix):
    text = vcf(
        row(prefix + "1", 100), row(prefix + "4"), row(prefix + "4", 5), row(prefix + "X", AMELX, genotype="1"), version=version
    )
    data = pack(text.encode())
    found = read(tmp_path, data, name="x.vcf.gz")
    assert [(c.chromosome, c.position, c.copies, c.ploidy) for c in found.calls] == [("4", ENAM, 1, 2), ("X", AMELX, 1, 1)]
    assert (found.build, found.sample, found.records, found.whole) == ("GRCh37", "S1", 4, True)
    assert found.chromosomes == {"1", "4", "X"} and found.sha256 == hashlib.sha256(data).hexdigest()


def test_a_bgzipped_file_of_many_blocks_is_read_to_its_end(tmp_path):
    rows = [row("1", 1000 + i) for i in range(3000)] + [row("4")]
    found = read(tmp_path, bgzip(vcf(*rows).encode(), size=60000), name="x.vcf.gz")
    assert found.records == 3001 and len(found.calls) == 1


def test_windows_line_ends_and_a_missing_last_one(tmp_path):
    assert len(read(tmp_path, vcf(row()).replace("\n", "\r\n")).calls) == 1
    cut = read(tmp_path, vcf(row(), end=""))
    assert len(cut.calls) == 1 and not cut.whole


@pytest.mark.parametrize(
    ("genotype", "copies", "ploidy", "unsure"),
    [
        ("0/1", 1, 2, False),
        ("1|1", 2, 2, False),
        ("1", 1, 1, False),
        ("./1", 1, 2, True),
        ("/0/1", 1, 2, False),
        ("0/1:30", 1, 2, False),
    ],
)
def test_genotypes(tmp_path, genotype, copies, ploidy, unsure):
    call = read(tmp_path, vcf(row(genotype=genotype, form="GT:DP" if ":" in genotype else "GT"))).calls[0]
    assert (call.copies, call.ploidy, call.unsure) == (copies, ploidy, unsure)


def test_phase_tells_which_copy(tmp_path):
    rows = [row(genotype="0|1"), row(position=ENAM + 9, genotype="1|0"), row(position=ENAM + 20, genotype="0/1")]
    assert [c.copy for c in read(tmp_path, vcf(*rows)).calls] == [":1", ":0", ""]
    sets = [row(genotype="0|1:7", form="GT:PS"), row(position=ENAM + 9, genotype="0|1:8", form="GT:PS")]
    assert [c.copy for c in read(tmp_path, vcf(*sets)).calls] == ["7:1", "8:1"]


def test_several_alternative_alleles_are_counted_each(tmp_path):
    found = read(tmp_path, vcf(row(alternative="G,T", genotype="1/2")))
    assert [(c.alternative, c.copies) for c in found.calls] == [("G", 1), ("T", 1)]
    assert read(tmp_path, vcf(row(alternative="G,<NON_REF>", genotype="0/0"))).calls == ()


def test_what_is_left_out_is_counted(tmp_path):
    rows = [
        row(filtered="q10"),
        row(position=ENAM + 1, genotype="./."),
        row(position=ENAM + 2, alternative="A]5:7]"),
        row(position=ENAM + 3, genotype="0/0"),
    ]
    found = read(tmp_path, vcf(*rows))
    assert found.calls == () and (found.filtered, found.uncalled, found.breakends) == (1, 1, 1)


def test_a_long_deletion_reaches_into_a_region(tmp_path):
    found = read(tmp_path, vcf(row(position=71000000, alternative="<DEL>", info="SVTYPE=DEL;END=71600000")))
    assert found.calls[0].last == 71600000
    assert read(tmp_path, vcf(row(position=71000000, alternative="<DEL>", info="END=71000500"))).calls == ()


def test_what_a_header_describes_badly_does_no_harm(tmp_path):
    head = (
        '##INFO=<ID=GENE,Number=1,Type=Integer,Description="a "gene" \\d">',
        "##INFO=<Number=1>",
        "##PEDIGREE=<Name_0=mother,Name_1=child>",
        "##contig=<ID=1>",
        "##contig=<ID=1>",
        "##reference=GRCh37",
    )
    call = read(tmp_path, vcf(row(info="GENE=ENAM;DB;AF=half;CLNSIG=Pathogenic,.;NAME=a%3Bb", filtered="."), head=head)).calls[0]
    told = {"GENE": "ENAM", "CLNSIG": "Pathogenic,.", "NAME": "a;b", "AF": "half"}
    assert told.items() <= dict(call.info).items() and call.info["DB"] == ""


def test_an_allele_of_the_reference_is_none(tmp_path):
    rows = [
        row(alternative=".", genotype="0/0"),
        row(position=ENAM + 1, alternative="*,T", genotype="1/2"),
        row(position=ENAM + 2, alternative="T.", genotype="0/1"),
    ]
    found = read(tmp_path, vcf(*rows))
    assert [(c.position, c.alternative, c.copies) for c in found.calls] == [(ENAM + 1, "T", 1)] and found.breakends == 1


def test_a_mark_of_phase_may_lead(tmp_path):
    """Version 4.4 allows it."""
    calls = read(tmp_path, vcf(row(genotype="|0|1"), row(position=ENAM + 1, genotype="/0/1"), version="4.4")).calls
    assert [(c.copies, c.copy) for c in calls] == [(1, ":1"), (1, "")]


def test_only_lines_in_regions_are_read_in_full(tmp_path, monkeypatch):
    from vcfpy.parser import RecordParser

    seen, whole = [], RecordParser.parse_line
    monkeypatch.setattr(RecordParser, "parse_line", lambda self, line: seen.append(line) or whole(self, line))
    found = read(
        tmp_path,
        vcf(row(genotype="0/1", more=["het"]), *(row(position=i, more=["."]) for i in range(1, 99)), samples=("S1", "S2")),
        sample="S1",
    )
    assert found.records == 99 and len(seen) == 1 and found.calls[0].copies == 1


@pytest.mark.parametrize("genotype", [".", "./.", ".|.", None])
def test_a_genotype_that_was_not_called_is_told_and_carries_nothing(tmp_path, genotype):
    line = row(genotype="30", form="DP") if genotype is None else row(genotype=genotype)
    found = read(tmp_path, vcf(line, row(position=ENAM + 1)))
    assert found.uncalled == 1 and [c.position for c in found.calls] == [ENAM + 1]


def test_genotypes_of_others_are_neither_read_nor_judged(tmp_path):
    line = row(genotype="0|1", more=["het", "0/7"])
    call = read(tmp_path, vcf(line, samples=("S1", "S2", "S3")), sample="S1").calls[0]
    assert (call.copies, call.copy) == (1, ":1")
    assert "'het' is not one" in told(tmp_path, vcf(line, samples=("S1", "S2", "S3")), sample="S2")


def test_no_damage_of_a_file_escapes_as_anything_but_one_sentence(tmp_path):
    """Cut, doubled and swapped characters, and turned bits of packed ones; nothing but what a user can read may be raised."""
    whole = vcf(
        row(genotype="0|1:7:3,4", form="GT:PS:AD", info="AF=0.5;END=71500001"),
        row(position=ENAM + 4, alternative="G,<DEL>,A]5:7]", genotype="1/2"),
        head=('##contig=<ID=4,length=191154276,assembly="b37">', '##INFO=<ID=AF,Number=A,Type=Float,Description="x">'),
    )
    draw, outcomes = random.Random(35), Counter()
    for _ in range(300):
        at = draw.randrange(len(whole))
        text = whole[:at] + draw.choice(["", "\t", ",", "<", "=", ".", "]", "%", "\n"]) + whole[at + draw.randrange(3) :]
        data = text.encode()
        if draw.random() < 0.3:
            data = turned(draw.choice([gzip.compress, bgzip])(data), draw.randrange(40, 200))
        try:
            read(tmp_path, data)
            outcomes["read"] += 1
        except FormatError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes["read"], outcomes["refused"]) > 30


def test_sites_alone_have_no_copies(tmp_path):
    found = read(tmp_path, vcf(row(genotype=None), samples=()))
    assert (found.sample, found.calls[0].copies, found.calls[0].ploidy) == ("", None, None)


def test_one_of_several_samples(tmp_path):
    text = vcf(row(genotype="0/0", more=["1/1"]), samples=("S1", "S2"))
    assert read(tmp_path, text, sample="S1").calls == ()
    assert read(tmp_path, text, sample="S2").calls[0].copies == 2


HEADS = {  # header lines: the build that they say
    "GRCh38 by length": (["##contig=<ID=chr4,length=190214555>"], "GRCh38"),
    "GRCh37 by length": (["##contig=<ID=4,length=191154276>"], "GRCh37"),
    "by assembly": (['##contig=<ID=4,length=191154276,assembly="b37">'], "GRCh37"),
    "by a path": (["##reference=file:///ref/Homo_sapiens_assembly38.fasta"], "GRCh38"),
    "hs37d5": (["##reference=hs37d5.fa"], "GRCh37"),
    "a patch": (["##assembly=GRCh38.p13"], "GRCh38"),
}


@pytest.mark.parametrize("kind", HEADS)
def test_the_build_is_found(tmp_path, kind):
    head, build = HEADS[kind]
    position = {"GRCh37": ENAM, "GRCh38": 70630000}[build]
    found = read(tmp_path, vcf(row(position=position), head=head))
    assert found.build == build and len(found.calls) == 1
    assert read(tmp_path, vcf(row(position=position), head=head), build=build).build == build


def test_the_user_may_say_the_build(tmp_path):
    assert read(tmp_path, vcf(row(), head=()), build="GRCh37").build == "GRCh37"


BAD = {  # what is wrong: (the text, options, words of the sentence)
    "no build": (vcf(row(), head=()), {}, ["nothing says which genome build", "--build GRCh37"]),
    "another build by name": (vcf(row(), head=["##reference=hg18"]), {}, ["line 2", "genome build hg18"]),
    "another build by length": (
        vcf(row(), head=["##contig=<ID=1,length=248387328>"]),
        {},
        ["248387328 bases", "249250621 in GRCh37"],
    ),
    "two builds": (
        vcf(row(), head=["##reference=GRCh38", "##contig=<ID=1,length=249250621>"]),
        {},
        ["contradict", "GRCh37 by length of 1", "GRCh38 by reference"],
    ),
    "another build than the user says": (vcf(row()), {"build": "GRCh38"}, ["GRCh37 by reference", "GRCh38 by --build"]),
    "beyond the chromosome": (vcf(row(position=191154277)), {}, ["line 4", "191154277 does not exist", "191154276 in GRCh37"]),
    "no first line": ("#CHROM\tPOS\n", {}, ["line 1", "not a variant file", "##fileformat"]),
    "another version": (vcf(row(), version="4.0"), {}, ["version 4.0", "4.1, 4.2, 4.3, 4.4"]),
    "a later version": (vcf(row(), version="4.5"), {}, ["version 4.5"]),
    "cut in the header": ("##fileformat=VCFv4.2\n##reference=GRCh37\n", {}, ["ends within its header"]),
    "no line of columns": ("##fileformat=VCFv4.2\n##reference=GRCh37\n" + row() + "\n", {}, ["#CHROM is missing"]),
    "spaces for tabs": (vcf(row()).replace("\t", " "), {}, ["columns are not those"]),
    "format without sample": (vcf(row(), samples=()).replace("INFO", "INFO\tFORMAT"), {}, ["columns are not those"]),
    "a sample twice": (vcf(row(more=["0/1"]), samples=("S1", "S1")), {}, ["named twice"]),
    "several samples": (vcf(row(more=["0/1"]), samples=("S1", "S2")), {}, ["2 samples: S1, S2", "--sample"]),
    "no such sample": (
        vcf(row(more=["0/1"]), samples=("mother", "child")),
        {"sample": "chil"},
        ["'chil'", "did you mean 'child'?"],
    ),
    "a sample of a file with sites": (vcf(row(genotype=None), samples=()), {"sample": "S1"}, ["sites only"]),
    "cut within a line": (vcf(row(), "4\t715", end=""), {}, ["line 5", "2 columns", "cut off here"]),
    "a line too short": (vcf("4\t715", row()), {}, ["line 4", "2 columns", "the header has 10"]),
    "a line too long": (vcf(row() + "\t0/1"), {}, ["11 columns"]),
    "no number": (vcf(row(position="7e7")), {}, ["'7e7' is not a whole number"]),
    "no bases": (vcf(row(reference="?")), {}, ["reference allele '?'"]),
    "no alternative": (vcf(row(alternative="G;T")), {}, ["'G;T' is not one"]),
    "the same allele": (vcf(row(alternative="a")), {}, ["is the reference allele"]),
    "no genotype": (vcf(row(genotype="het")), {}, ["'het' is not one", "0/1"]),
    "an allele that is not there": (vcf(row(genotype="0/2")), {}, ["0/2 names an allele", "has 1"]),
    "three copies": (vcf(row(genotype="0/1/1")), {}, ["3 copies", "one or two"]),
    "an empty alternative": (vcf(row(alternative="G,")), {}, ["line 4", "not one of a variant file", "bcftools view"]),
    "a breakend without place": (vcf(row(alternative="A]5]")), {}, ["line 4", "not one of a variant file"]),
    "a quality that is no number": (vcf(row().replace(".\tPASS", "high\tPASS")), {}, ["line 4", "not one of a variant file"]),
    "an empty last column": (vcf(row(more=[""]), samples=("S1", "S2")), {"sample": "S1"}, ["line 4", "Was 10 but expected 11"]),
    "a genotype where nothing differs": (vcf(row(alternative=".")), {}, ["0/1 names an allele", "the line has 0"]),
    "a contig without name": (vcf(row(), head=("##contig=<length=5>", "##reference=GRCh37")), {}, ["line 2", 'Missing key "ID"']),
    "a contig without brackets": (vcf(row(), head=("##contig=chr1", "##reference=GRCh37")), {}, ["line 2", "angular brackets"]),
    "a length that is no number": (vcf(row(), head=("##contig=<ID=1,length=5x>",)), {}, ["line 2", "not as it should be"]),
    "a contig whose name has no value": (vcf(row(), head=("##contig=<ID,length=5>",)), {}, ["line 2", "name or the length"]),
    "a contig whose length has no value": (vcf(row(), head=("##contig=<ID=4,length>",)), {}, ["line 2", "name or the length"]),
    "a contig with a list of names": (vcf(row(), head=("##contig=<ID=[4,5]>",)), {}, ["line 2", "name or the length"]),
    "a reference allele that is missing": (vcf(row(reference=".")), {}, ["line 4", "reference allele '.'"]),
    "a genotype that is empty": (vcf(row(genotype="")), {}, ["line 4", "genotype '' is not one"]),
    "an end before the start": (vcf(row(alternative="<DEL>", info="END=5")), {}, ["END 5 lies before"]),
    "the same line twice": (vcf(row(), row()), {}, ["lines 4 and 5", "stands twice", "keep one"]),
    "the same variant otherwise": (vcf(row(), row(genotype="1/1")), {}, ["lines 4 and 5", "with different genotypes"]),
    "two reference alleles": (vcf(row(), row(reference="C")), {}, ["reference at 4:71500000 is A and C"]),
    "too many changed copies": (vcf(row(genotype="1/1"), row(alternative="T")), {}, ["3 changed copies"]),
    "one and two copies": (
        vcf(row("X", AMELX, genotype="1"), row("X", AMELX, alternative="T")),
        {},
        ["one and two copies at X:11315000"],
    ),
    "chromosomes by accession": (vcf(row("NC_000004.11")), {}, ["'NC_000004.11' is not a chromosome", "1 to 22"]),
    "cut gzip": (gzip.compress(vcf(*[row("1", i) for i in range(1, 900)]).encode())[:-30], {}, ["cut off", "copy it again"]),
    "cut bgzip between blocks": (bgzip(vcf(row()).encode(), last=False), {}, ["no last block", "cut off"]),
    "cut bgzip within a block": (bgzip(vcf(*[row("1", i) for i in range(1, 90)]).encode())[:-60], {}, ["cut off"]),
    "a bit of gzip turned": (turned(gzip.compress(vcf(row()).encode()), -6), {}, ["damaged", "copy it again"]),
    "a bit of bgzip turned": (turned(bgzip(vcf(row()).encode()), -len(LAST_BLOCK) - 6), {}, ["damaged"]),
    "something after gzip": (gzip.compress(vcf(row()).encode()) + b"more", {}, ["damaged"]),
    "damaged gzip": (gzip.compress(vcf(row()).encode())[:30] + b"\x00" * 60, {}, ["damaged"]),
    "binary": (gzip.compress(b"BCF\x02\x02" + b"\x00" * 50), {}, ["BCF", "bcftools view"]),
    "another encoding": (vcf(row(info="NAME=é")).encode("latin-1"), {}, ["line 4", "not UTF-8"]),
    "empty": (b"", {}, ["ends within its header"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_refused(tmp_path, kind):
    text, options, words = BAD[kind]
    sentence = told(tmp_path, text, **options)
    assert not [word for word in words if word not in sentence], sentence


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "patient.vcf").write_text(vcf())
    with pytest.raises(FileError, match="does not exist; did you mean 'patient.vcf'"):
        read_vcf(tmp_path / "patent.vcf", REGIONS)
    with pytest.raises(FileError, match="is a folder"):
        read_vcf(tmp_path, REGIONS)


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bgzip(vcf(row()).encode()))))
    assert len(read_vcf("-", REGIONS).calls) == 1


def test_every_locus_is_as_long_in_both_builds_and_within_its_chromosome():
    assert len(panel()) >= 25
    for gene in panel().values():
        spans = [end - start for start, end in gene.loci.values()]
        assert abs(spans[0] - spans[1]) <= 5 and min(spans) > 1000, gene.name
        for build, (start, end) in gene.loci.items():
            assert 0 < start < end < lengths(build)[gene.chromosome]
            assert gene_at(build, gene.chromosome, end, end + 5) is gene
            assert gene_at(build, gene.chromosome, end + 1, end + 1) is not gene


def test_loci_do_not_overlap():
    for build in ("GRCh37", "GRCh38"):
        for gene in panel().values():
            assert [
                g.name
                for g in panel().values()
                if g.chromosome == gene.chromosome
                and g.loci[build][0] <= gene.loci[build][1]
                and g.loci[build][1] >= gene.loci[build][0]
            ] == [gene.name]


def test_no_chromosome_is_as_long_in_both_builds():
    first, second = lengths("GRCh37"), lengths("GRCh38")
    assert first.keys() == second.keys() and len(first) == 24
    assert not set(first.values()) & set(second.values())


def test_names_of_chromosomes_and_builds():
    assert [chromosome_of(w) for w in ("chrX", "x", "23", "04", "GL000191.1", "chrM", "chr4_random")] == [
        "X",
        "X",
        "X",
        "",
        "",
        "MT",
        "",
    ]
    assert [build_named(w) for w in ("GRCh37.p13", "hg38", "b37", "genome.fa", "hg381")] == ["GRCh37", "GRCh38", "GRCh37", "", ""]
    with pytest.raises(FormatError, match="two genome builds"):
        build_named("liftover_hg19_to_hg38")
    with pytest.raises(FormatError, match="t2t"):
        build_named("T2T-CHM13v2.0")
