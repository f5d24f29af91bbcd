"""What one sample of a variant file carries: VCF 4.1 to 4.4, plain, gzipped or bgzipped, its lines read by vcfpy.

Ours is what the library leaves open: the genome build, which sample, the regions (only their lines are read in full, so that a
genome takes no longer than it must), files that were cut off, and what cannot be true.  No BCF, no index, no remote file; breakends
and repeats by symbol are told and left out.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from amelo.errors import FileError, FormatError, nearest, shorten
from amelo.records.genotype_panel import BUILDS, build_named, chromosome_of, lengths
from amelo.records.read import LIMIT, STANDARD_INPUT, read_input, reading, source_name

if TYPE_CHECKING:
    from vcfpy import HeaderLine, Record
    from vcfpy.parser import RecordParser

__all__ = ["Call", "VcfCalls", "looks_like_vcf", "read_vcf"]

FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
VERSIONS = ("4.1", "4.2", "4.3", "4.4")
LAST_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # the empty block that ends a bgzipped file
LONGEST = 50_000_000  # bytes of a line; more is no variant file
BASES = re.compile(r"^[ACGTNRYSWKMBDHV]+$", re.IGNORECASE)
GENOTYPE = re.compile(r"^[/|]?(\.|[0-9]+)([/|](\.|[0-9]+))*$")
REFERENCE_ONLY = ("<NON_REF>", "<*>", "*")


@dataclass(frozen=True, slots=True)
class Call:
    """One alternative allele that the sample carries, or a site without genotypes (copies and ploidy are then None).

    Fields: chromosome; position (1-based); reference; alternative; copies of it; ploidy; unsure (part of the genotype is a dot);
    copy (which of two copies it stands on, ``""`` when that is not said); info; line.
    """

    chromosome: str
    position: int
    reference: str
    alternative: str
    copies: int | None
    ploidy: int | None
    unsure: bool
    copy: str
    info: Mapping[str, str]
    line: int

    @property
    def last(self) -> int:
        """Last base that the allele replaces."""
        end = self.info.get("END", "")
        return int(end) if self.alternative.startswith("<") and end.isdigit() else self.position + len(self.reference) - 1

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.chromosome}:{self.position}"


@dataclass(frozen=True, slots=True)
class VcfCalls:
    """What a variant file says within the regions asked for, and how much it holds."""

    build: str
    sample: str
    calls: tuple[Call, ...]
    records: int
    chromosomes: frozenset[str]
    filtered: int
    uncalled: int
    breakends: int
    whole: bool  # the last line ends as lines do
    sha256: str


def looks_like_vcf(path: str | Path, start: bytes) -> bool:
    """Whether a file is a variant file by its name or its first bytes."""
    name = str(path).lower()
    return (
        start[:2] == b"\x1f\x8b"
        or start.startswith((b"##", b"#CHROM", b"BCF"))
        or name.endswith((".vcf", ".vcf.gz", ".bcf", ".vcf.bgz"))
    )


def read_vcf(
    path: str | Path,
    regions: Mapping[str, Mapping[str, list[tuple[int, int]]]],
    *,
    sample: str | None = None,
    build: str | None = None,
) -> VcfCalls:
    """Return what one sample carries within regions.

    Arguments: path, ``"-"`` for standard input; regions (by build, then chromosome: first and last base); sample (its name, needed when
    there are several); build (what the user says it is, for a header that does not).
    Raises: FileError when it cannot be read; FormatError in one sentence with the line for everything that is not as it should be.
    """
    name = source_name(path)
    with reading(Path(path)), _opened(path) as raw:
        hashed = _Hashed(raw)
        try:
            return _read(_lines(hashed, name), name, regions, sample, build, hashed)
        except (
            EOFError,
            gzip.BadGzipFile,
            zlib.error,
        ) as error:  # within reading(), for which a damaged file is one that cannot be read
            what = "the file is cut off" if isinstance(error, EOFError) else "the compressed data are damaged"
            raise FormatError(what, where=name, fix="copy it again") from None


class _Hashed(io.RawIOBase):
    """A stream that is read once, with a fingerprint of every byte that passes, and the last of them."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.digest, self.tail = raw, hashlib.sha256(), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self.raw.read(len(buffer))
        self.digest.update(data)
        self.tail = (self.tail + data)[-len(LAST_BLOCK) :]
        buffer[: len(data)] = data
        return len(data)


def _opened(path: str | Path) -> BinaryIO:
    if str(path) not in STANDARD_INPUT:
        return Path(path).open("rb")
    data = read_input()
    if len(data) > LIMIT:
        raise FileError("standard input is larger than 20 MB", fix="name the file")
    return io.BytesIO(data)


def _lines(hashed: _Hashed, name: str) -> Iterator[tuple[int, str, bool]]:
    """Yield number, text and whether it ends as a line does, of every line."""
    stream: BinaryIO = io.BufferedReader(hashed, 1 << 18)
    start = stream.peek(18)[:18]
    blocked = start[3:4] == b"\x04" and start[12:14] == b"BC"
    if start[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=stream)
    number = 0
    while raw := stream.readline(LONGEST):
        number += 1
        if number == 1 and raw.startswith(b"BCF"):
            raise FormatError("this is BCF, the binary form", where=name, fix="write it as VCF, for example with bcftools view")
        ended = raw.endswith(b"\n")
        if not ended and len(raw) >= LONGEST:
            raise FormatError("the line has no end", where=f"{name}: line {number}", fix="is this a variant file?")
        try:
            text = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise FormatError("the text is not UTF-8", where=f"{name}: line {number}", fix="is this a variant file?") from None
        yield number, text, ended
    if blocked and hashed.tail != LAST_BLOCK:
        raise FormatError("the bgzipped file has no last block: it was cut off", where=name, fix="copy it again")


@contextmanager
def _refusing(what: str, where: str) -> Iterator[None]:
    """Say in one sentence what the library refuses; what it merely remarks on is no matter here."""
    from vcfpy.exceptions import VCFPyException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except VCFPyException as error:
        raise FormatError(what, where=where, why=str(error).split("\n")[0]) from None
    except (ValueError, LookupError, SyntaxError, AssertionError):  # what it did not foresee, in words for those who program
        raise FormatError(what, where=where, fix="hold it against the format, or write the file again with bcftools view") from None


def _read(lines: Iterator, name: str, regions: Mapping, sample: str | None, build: str | None, hashed: _Hashed) -> VcfCalls:
    parser, columns, own, build = _header(lines, name, sample, build)
    wanted, ends = regions[build], lengths(build)
    calls: list[Call] = []
    counts = dict.fromkeys(("records", "filtered", "uncalled", "breakends"), 0)
    chromosomes, strange, whole = set(), "", True
    for number, text, whole in lines:
        where = f"{name}: line {number}"
        cells = text.split("\t")
        if len(cells) != len(columns):
            fix = "" if whole else "the file is cut off here; copy it again"
            raise FormatError(f"the line has {len(cells)} columns", where=where, why=f"the header has {len(columns)}", fix=fix)
        counts["records"] += 1
        chromosome = chromosome_of(cells[0])
        if not chromosome:
            strange = strange or cells[0]
            continue
        chromosomes.add(chromosome)
        if not cells[1].isdecimal():
            raise FormatError(f"the position {shorten(cells[1])} is not a whole number", where=where)
        position = int(cells[1])
        if position > ends.get(chromosome, position):
            why = f"chromosome {chromosome} ends at {ends[chromosome]} in {build}"
            raise FormatError(f"position {position} does not exist", where=where, why=why, fix="is it of another genome build?")
        if _within(wanted.get(chromosome, ()), position, cells, where):
            if own:
                _genotype(cells, columns.index(own), where)
            with _refusing("the line is not one of a variant file", where):
                record = parser.parse_line("\t".join(cells))
            calls += _taken(record, own, chromosome, where, number, counts)
    if strange and not chromosomes:
        raise FormatError(f"{shorten(strange)} is not a chromosome", where=name, fix="name them 1 to 22, X, Y, with or without chr")
    _no_contradiction(calls, name)
    return VcfCalls(
        build, own, tuple(calls), chromosomes=frozenset(chromosomes), whole=whole, sha256=hashed.digest.hexdigest(), **counts
    )


def _header(lines: Iterator, name: str, sample: str | None, stated: str | None) -> tuple[RecordParser, list[str], str, str]:
    """Return the library's parser of lines, the columns, the sample (``""`` when there are sites only) and the build.

    Descriptions of fields are not handed to the library: they are often badly quoted, and the few fields looked at are the standard's.
    """
    from vcfpy import Header, SamplesInfos
    from vcfpy.parser import HeaderParser, RecordParser

    evidence: dict[str, str] = {"--build": stated} if stated else {}
    kept = []
    for number, text, _ in lines:
        where = f"{name}: line {number}"
        if number == 1:
            version = re.match(r"^##fileformat=VCFv([0-9.]+)$", text)
            if not version:
                raise FormatError("this is not a variant file", where=where, why="it begins with ##fileformat=VCFv4.x")
            if version[1] not in VERSIONS:
                raise FormatError(f"version {version[1]} of VCF is not read", where=where, why="allowed " + ", ".join(VERSIONS))
        elif text.startswith(("##reference=", "##assembly=", "##contig=")):
            with _refusing("the line of the header is not as it should be", where):
                kept.append(HeaderParser().parse_line(text))
            _weigh(kept[-1], where, evidence)
        elif text.startswith("#CHROM"):
            columns = text.split("\t")
            if columns[:8] != FIXED or (len(columns) > 8 and (columns[8] != "FORMAT" or len(columns) == 9)):
                raise FormatError("the columns are not those of a variant file", where=where, why="tabs between " + " ".join(FIXED))
            if len(set(columns)) < len(columns):
                raise FormatError("a column is named twice", where=where, fix="name every sample once")
            own = _sample(columns[9:], sample, name)
            with _refusing("the header is not as it should be", name):
                samples = SamplesInfos(columns[9:], [own] if own else None)
                parser = RecordParser(Header(kept, samples), samples)
            return parser, columns, own, _one_build(evidence, name)
        elif not text.startswith("##"):
            raise FormatError("the line #CHROM is missing before the first variant", where=where)
    raise FormatError("the file ends within its header", where=name, fix="copy it again; it was cut off")


def _weigh(line: HeaderLine, where: str, evidence: dict[str, str]) -> None:
    """Note what a header line says of the build."""
    if line.key != "contig":
        if build := build_named(line.value, where=where):
            evidence[line.key] = build
        return
    if build := build_named(str(line.mapping.get("assembly", "")), where=where):
        evidence["assembly of a contig"] = build
    if not isinstance(line.id, str) or line.length is True:  # a key that stands alone, or a list
        raise FormatError(
            "the name or the length of a contig is missing", where=where, fix="such as ##contig=<ID=4,length=191154276>"
        )
    chromosome = chromosome_of(line.id)
    if line.length is not None and chromosome not in ("", "MT"):
        matching = [build for build in BUILDS if lengths(build)[chromosome] == int(line.length)]
        if not matching:
            what = f"chromosome {chromosome} is said to have {line.length} bases"
            why = " and ".join(f"{lengths(build)[chromosome]} in {build}" for build in BUILDS)
            raise FormatError(what, where=where, why=f"it has {why}", fix="lift the file over to one of them")
        evidence[f"length of {chromosome}"] = matching[0]


def _one_build(evidence: dict[str, str], name: str) -> str:
    found = set(evidence.values())
    if not found:
        raise FormatError(
            "nothing says which genome build the positions are of", where=name, fix="say it: --build GRCh37 or --build GRCh38"
        )
    if len(found) > 1:
        first = {build: next(key for key, value in evidence.items() if value == build) for build in sorted(found)}
        what = "the genome builds contradict each other: " + ", ".join(f"{build} by {key}" for build, key in first.items())
        raise FormatError(what, where=name, fix="correct the header, or leave --build out")
    return found.pop()


def _sample(names: list[str], sample: str | None, name: str) -> str:
    """Return the name of the sample, ``""`` when the file has sites only."""
    if not names:
        if sample:
            raise FormatError(f"there is no sample {shorten(sample)}", where=name, why="the file has sites only, no genotypes")
        return ""
    if sample is None and len(names) > 1:
        listed = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
        raise FormatError(f"the file holds {len(names)} samples: {listed}", where=name, fix="choose one with --sample")
    if sample is not None and sample not in names:
        raise FormatError(f"there is no sample {shorten(sample)}", where=name, fix=nearest(sample, names))
    return sample or names[0]


def _within(spans: list[tuple[int, int]] | tuple, position: int, cells: list[str], where: str) -> bool:
    last = position + len(cells[3]) - 1
    if cells[4].startswith("<") and (end := re.search(r"(?:^|;)END=([0-9]+)", cells[7])):
        last = int(end[1])
        if last < position:
            raise FormatError(f"END {last} lies before the position {position}", where=where)
    return any(position <= stop and last >= start for start, stop in spans)


def _genotype(cells: list[str], chosen: int, where: str) -> None:
    """Refuse a genotype that is none, and take off the mark of phase that version 4.4 may put before it, which vcfpy does not know."""
    written = cells[chosen].split(":")[0]
    if cells[8].split(":")[0] != "GT":
        return
    if not GENOTYPE.match(written):
        raise FormatError(f"the genotype {shorten(written)} is not one", where=where, fix="such as 0/1, 1|1, 1 or ./.")
    cells[chosen] = cells[chosen].lstrip("/|")


def _text(value: object) -> str:
    """Return what INFO holds of one field as it stood there; a flag is empty."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "" if value is True else "." if value is None else str(value)


def _taken(record: Record, own: str, chromosome: str, where: str, number: int, counts: dict[str, int]) -> Iterator[Call]:
    """Yield the alternative alleles of one line that the sample carries."""
    from vcfpy import BreakEnd, SingleBreakEnd, Substitution

    reference = record.REF.upper()
    if not BASES.match(reference):
        raise FormatError(f"the reference allele {shorten(record.REF)} is not made of bases", where=where)
    written = [alternative.serialize() for alternative in record.ALT]
    for alternative, allele in zip(record.ALT, written, strict=True):
        if isinstance(alternative, Substitution) and not BASES.match(allele) and allele != "*":
            raise FormatError(f"the alternative allele {shorten(allele)} is not one", where=where)
        if allele.upper() == reference:
            raise FormatError(f"the alternative allele {shorten(allele)} is the reference allele", where=where)
    call = record.call_for_sample[own] if own else None
    alleles = call.gt_alleles or [None] if call else None
    if alleles and len(alleles) > 2:
        raise FormatError(f"the genotype {call.data['GT']} has {len(alleles)} copies", where=where, why="one or two are read")
    if alleles and any(n is not None and n > len(written) for n in alleles):
        what = f"the genotype {call.data['GT']} names an allele that is not there"
        raise FormatError(what, where=where, why=f"the line has {len(written)}")
    if set(record.FILTER) - {"PASS"}:
        counts["filtered"] += 1
        return
    if alleles and set(alleles) == {None}:
        counts["uncalled"] += 1
        return
    info = {key: _text(value) for key, value in record.INFO.items()}
    for index, alternative in enumerate(written, start=1):
        copies = alleles.count(index) if alleles else None
        if copies == 0 or alternative in REFERENCE_ONLY:
            continue
        if isinstance(record.ALT[index - 1], BreakEnd | SingleBreakEnd):
            counts["breakends"] += 1
            continue
        phased = call is not None and call.is_phased and copies == 1 and len(alleles) == 2
        copy = f"{call.data.get('PS') or ''}:{alleles.index(index)}" if phased else ""
        told = info | {"ALLELE": str(index), "ALLELES": str(len(written))}
        allele = alternative if alternative.startswith("<") else alternative.upper()
        ploidy = len(alleles) if alleles else None
        yield Call(chromosome, record.POS, reference, allele, copies, ploidy, None in (alleles or ()), copy, told, number)


def _no_contradiction(calls: list[Call], name: str) -> None:
    """Refuse two lines that cannot both be true; a line that is repeated word for word is one too many as well."""
    places: dict[tuple[str, int], list[Call]] = {}
    for call in calls:
        places.setdefault((call.chromosome, call.position), []).append(call)
    for group in places.values():
        first, rest = group[0], group[1:]
        for other in rest:
            where = f"{name}: lines {first.line} and {other.line}"
            shorter, longer = sorted((first.reference, other.reference), key=len)
            if not longer.startswith(shorter):
                raise FormatError(f"the reference at {first.place} is {shorter} and {longer}", where=where, why="it is one of them")
        seen: dict[tuple[str, str], Call] = {}
        for call in group:
            twin = seen.setdefault((call.reference, call.alternative), call)
            if twin is not call:
                same = (twin.copies, twin.ploidy) == (call.copies, call.ploidy)
                what = f"{call.place} {call.reference}>{call.alternative} stands twice" + (
                    "" if same else ", with different genotypes"
                )
                raise FormatError(what, where=f"{name}: lines {twin.line} and {call.line}", fix="keep one of them")
        copies, ploidies = sum(call.copies or 0 for call in group), {call.ploidy for call in group}
        if None not in ploidies and (len(ploidies) > 1 or copies > max(ploidies)):
            what = f"{copies} changed copies at {first.place}" if len(ploidies) == 1 else f"one and two copies at {first.place}"
            raise FormatError(
                what, where=f"{name}: lines {first.line} to {group[-1].line}", why="the sample has one number of copies there"
            )
