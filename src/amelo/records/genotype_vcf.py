"""A strict minimal reader of variant files: sites and genotypes of one sample, as VCF 4.1 to 4.4 text, plain, gzipped or bgzipped.

Limits, stated so that nobody relies on more: no BCF, no index, no remote file, one sample at a time; of INFO only END, CLNSIG and the
gene's name are looked at; breakends and repeats by symbol are told and left out; every line is checked for its columns, but alleles and
genotypes only where the regions asked for lie.  A maintained library should replace this file: see the decision on genotypes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from amelo.errors import FileError, FormatError, nearest, shorten
from amelo.records.genotype_panel import BUILDS, build_named, chromosome_of, lengths
from amelo.records.read import LIMIT, STANDARD_INPUT, source_name

__all__ = ["Call", "VcfCalls", "looks_like_vcf", "read_vcf"]

FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
VERSIONS = ("4.1", "4.2", "4.3", "4.4")
LAST_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # the empty block that ends a bgzipped file
LONGEST = 50_000_000  # bytes of a line; more is no variant file
BASES = re.compile(r"^[ACGTNRYSWKMBDHV]+$", re.IGNORECASE)
GENOTYPE = re.compile(r"^[/|]?(\.|[0-9]+)([/|](\.|[0-9]+))*$")
REFERENCE_ONLY = (".", "<NON_REF>", "<*>", "*")


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
    digest = hashlib.sha256()
    try:
        with _opened(path, digest) as stream:
            return _read(_lines(stream, name), name, regions, sample, build, digest)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = "the file is cut off" if isinstance(error, EOFError) else "the compressed data are damaged"
        raise FormatError(what, where=name, fix="copy it again") from None
    except FileNotFoundError:
        raise FileError(f"{name} does not exist", fix=_near(Path(path))) from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError | FormatError):
            raise
        raise FileError(f"{name} cannot be read", why=getattr(error, "strerror", None) or str(error)) from None


class _Hashed(io.RawIOBase):
    """A stream that is read once, with a fingerprint of every byte that passes."""

    def __init__(self, raw: BinaryIO, digest: hashlib._Hash) -> None:
        self.raw, self.digest, self.tail = raw, digest, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self.raw.read(len(buffer))
        self.digest.update(data)
        self.tail = (self.tail + data)[-len(LAST_BLOCK) :]
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.raw.close()
        super().close()


def _opened(path: str | Path, digest: hashlib._Hash) -> BinaryIO:
    if str(path) in STANDARD_INPUT:
        data = sys.stdin.buffer.read(LIMIT + 1) if sys.stdin is not None else b""
        if len(data) > LIMIT:
            raise FileError("standard input is larger than 20 MB", fix="name the file")
        raw: BinaryIO = io.BytesIO(data)
    else:
        if Path(path).is_dir():
            raise FileError(f"{path} is a folder", fix="name a file in it")
        raw = Path(path).open("rb")  # noqa: SIM115  closed with the stream that is returned
    hashed = _Hashed(raw, digest)
    buffered = io.BufferedReader(hashed, 1 << 18)
    start = buffered.peek(18)[:18]
    if start[:2] != b"\x1f\x8b":
        return buffered
    blocked = start[3:4] == b"\x04" and start[12:14] == b"BC"
    return _Unpacked(buffered, hashed, blocked)


class _Unpacked(gzip.GzipFile):
    """A gzipped file that knows whether the block that must end a bgzipped one was there."""

    def __init__(self, buffered: io.BufferedReader, hashed: _Hashed, blocked: bool) -> None:
        super().__init__(fileobj=buffered)
        self.hashed, self.blocked, self.buffered = hashed, blocked, buffered

    def ended(self) -> bool:
        return not self.blocked or self.hashed.tail == LAST_BLOCK

    def close(self) -> None:
        super().close()
        self.buffered.close()


def _lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, str, bool]]:
    """Yield number, text and whether it ends as a line does, of every line."""
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
    if isinstance(stream, _Unpacked) and not stream.ended():
        raise FormatError("the bgzipped file has no last block: it was cut off", where=name, fix="copy it again")


def _read(lines: Iterator, name: str, regions: Mapping, sample: str | None, build: str | None, digest: hashlib._Hash) -> VcfCalls:
    build, columns = _header(lines, name, build)
    chosen = _sample_column(columns, sample, name)
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
            _take(cells, chosen, chromosome, position, where, number, calls, counts)
    if strange and not chromosomes:
        raise FormatError(f"{shorten(strange)} is not a chromosome", where=name, fix="name them 1 to 22, X, Y, with or without chr")
    _no_contradiction(calls, name)
    label = columns[chosen] if chosen else ""
    return VcfCalls(
        build, label, tuple(calls), chromosomes=frozenset(chromosomes), whole=whole, sha256=digest.hexdigest(), **counts
    )


def _header(lines: Iterator, name: str, stated: str | None) -> tuple[str, list[str]]:
    """Return the build and the columns that the header names."""
    evidence: dict[str, str] = {"--build": stated} if stated else {}
    for number, text, _ in lines:
        where = f"{name}: line {number}"
        if number == 1:
            version = re.match(r"^##fileformat=VCFv([0-9.]+)$", text)
            if not version:
                raise FormatError("this is not a variant file", where=where, why="it begins with ##fileformat=VCFv4.x")
            if version[1] not in VERSIONS:
                raise FormatError(f"version {version[1]} of VCF is not read", where=where, why="allowed " + ", ".join(VERSIONS))
        elif text.startswith("##"):
            _weigh(text, where, evidence)
        elif text.startswith("#CHROM"):
            columns = text.split("\t")
            if columns[:8] != FIXED or (len(columns) > 8 and (columns[8] != "FORMAT" or len(columns) == 9)):
                raise FormatError("the columns are not those of a variant file", where=where, why="tabs between " + " ".join(FIXED))
            if len(set(columns)) < len(columns):
                raise FormatError("a column is named twice", where=where, fix="name every sample once")
            return _one_build(evidence, name), columns
        else:
            raise FormatError("the line #CHROM is missing before the first variant", where=where)
    raise FormatError("the file ends within its header", where=name, fix="copy it again; it was cut off")


def _weigh(text: str, where: str, evidence: dict[str, str]) -> None:
    """Note what a header line says of the build."""
    if text.startswith(("##reference=", "##assembly=")) and (build := build_named(text, where=where)):
        evidence[text[2 : text.index("=")]] = build
    if not text.startswith("##contig="):
        return
    if (word := re.search(r"assembly=\"?([^,>\"]+)", text)) and (build := build_named(word[1], where=where)):
        evidence["assembly of a contig"] = build
    identity, length = re.search(r"[<,]ID=([^,>]+)", text), re.search(r"length=([0-9]+)", text)
    chromosome = chromosome_of(identity[1]) if identity else ""
    if length and chromosome not in ("", "MT"):
        matching = [build for build in BUILDS if lengths(build)[chromosome] == int(length[1])]
        if not matching:
            what = f"chromosome {chromosome} is said to have {length[1]} bases"
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


def _sample_column(columns: list[str], sample: str | None, name: str) -> int:
    """Return the column of the sample, 0 when the file has sites only."""
    names = columns[9:]
    if not names:
        if sample:
            raise FormatError(f"there is no sample {shorten(sample)}", where=name, why="the file has sites only, no genotypes")
        return 0
    if sample is None:
        if len(names) > 1:
            listed = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
            raise FormatError(f"the file holds {len(names)} samples: {listed}", where=name, fix="choose one with --sample")
        return 9
    if sample not in names:
        raise FormatError(f"there is no sample {shorten(sample)}", where=name, fix=nearest(sample, names))
    return columns.index(sample)


def _within(spans: list[tuple[int, int]] | tuple, position: int, cells: list[str], where: str) -> bool:
    last = position + len(cells[3]) - 1
    if cells[4].startswith("<") and (end := re.search(r"(?:^|;)END=([0-9]+)", cells[7])):
        last = int(end[1])
        if last < position:
            raise FormatError(f"END {last} lies before the position {position}", where=where)
    return any(position <= stop and last >= start for start, stop in spans)


def _take(
    cells: list[str],
    chosen: int,
    chromosome: str,
    position: int,
    where: str,
    number: int,
    calls: list[Call],
    counts: dict[str, int],
) -> None:
    """Add the alternative alleles of one line that the sample carries."""
    reference, alternatives = cells[3].upper(), cells[4].split(",")
    if not BASES.match(reference):
        raise FormatError(f"the reference allele {shorten(cells[3])} is not made of bases", where=where)
    for alternative in alternatives:
        if not (
            BASES.match(alternative)
            or alternative in REFERENCE_ONLY
            or re.match(r"^<[^<>\s]+>$|.*[\[\]]|^\.[A-Za-z]+$|^[A-Za-z]+\.$", alternative)
        ):
            raise FormatError(f"the alternative allele {shorten(alternative)} is not one", where=where)
        if alternative.upper() == reference:
            raise FormatError(f"the alternative allele {shorten(alternative)} is the reference allele", where=where)
    numbers, unsure, phased, phase_set = _genotype(cells, chosen, len(alternatives), where)
    if cells[6] not in (".", "PASS"):
        counts["filtered"] += 1
        return
    if numbers is not None and all(n is None for n in numbers):
        counts["uncalled"] += chosen > 0
        return
    info = dict(part.partition("=")[::2] for part in cells[7].split(";") if part != ".")
    for index, alternative in enumerate(alternatives, start=1):
        copies = None if numbers is None else sum(n == index for n in numbers)
        if copies == 0 or alternative in REFERENCE_ONLY:
            continue
        if re.search(r"[\[\]]|^\.|\.$", alternative):
            counts["breakends"] += 1
            continue
        copy = f"{phase_set}:{numbers.index(index)}" if phased and numbers and copies == 1 and len(numbers) == 2 else ""
        told = info | ({"ALLELE": str(index), "ALLELES": str(len(alternatives))})
        ploidy = None if numbers is None else len(numbers)
        written = alternative if alternative.startswith("<") else alternative.upper()
        calls.append(Call(chromosome, position, reference, written, copies, ploidy, unsure, copy, told, number))


def _genotype(cells: list[str], chosen: int, alternatives: int, where: str) -> tuple[list[int | None] | None, bool, bool, str]:
    """Return the alleles by number (None where a dot stands; None for sites), whether unsure and phased, and the phase set."""
    if not chosen:
        return None, False, False, ""
    keys, values = cells[8].split(":"), cells[chosen].split(":")
    if keys[0] != "GT":
        return [None], False, False, ""
    if not GENOTYPE.match(values[0]):
        raise FormatError(f"the genotype {shorten(values[0])} is not one", where=where, fix="such as 0/1, 1|1, 1 or ./.")
    words = re.split(r"[/|]", values[0].lstrip("/|"))
    numbers = [None if word == "." else int(word) for word in words]
    if len(numbers) > 2:
        raise FormatError(f"the genotype {values[0]} has {len(numbers)} copies", where=where, why="one or two are read")
    if any(n is not None and n > alternatives for n in numbers):
        raise FormatError(
            f"the genotype {values[0]} names an allele that is not there", where=where, why=f"the line has {alternatives}"
        )
    phase_set = values[keys.index("PS")] if "PS" in keys and len(values) > keys.index("PS") else ""
    return numbers, None in numbers, "|" in values[0][1:] and "/" not in values[0], phase_set


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


def _near(path: Path) -> str:
    try:
        return nearest(path.name, sorted(entry.name for entry in path.parent.iterdir() if entry.is_file()), limit=0)
    except OSError:
        return ""
