"""The gene panel: where genes lie, how they are inherited, and which structures of tooth their changes may make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from amelo.errors import FormatError, nearest
from amelo.params import Parameter, load_set

__all__ = [
    "BUILDS",
    "SUFFICIENT",
    "Gene",
    "Structure",
    "build_named",
    "chromosome_of",
    "gene_at",
    "known_build",
    "lengths",
    "panel",
    "structures",
]

BUILDS = ("GRCh37", "GRCh38")
CHROMOSOME = re.compile(r"^(?:chr)?([1-9]|1[0-9]|2[0-4]|X|Y|M|MT)$", re.IGNORECASE)
SUFFICIENT = {  # how likely one changed copy is enough, by inheritance; the names are those of the set of constants
    "dominant": "enough.dominant_one",
    "recessive": "enough.recessive_one",
    "dominant or recessive": "enough.either_one",
    "X-linked": "enough.either_one",
    "X-linked dominant": "enough.dominant_one",
}


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure that a tooth may have: its tissue, what it is in words, and factors on parameters of healthy tissue."""

    name: str
    tissue: str
    about: str
    factors: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Gene:
    """A gene of the panel: loci by build (first and last base), and structures with their weight once enough copies are changed."""

    name: str
    chromosome: str
    loci: Mapping[str, tuple[int, int]]
    seen: str
    inheritance: str
    tissue: str
    mosaic: bool
    condition: str
    rule: str
    structures: Mapping[str, Parameter]

    @property
    def on_x(self) -> bool:
        """Whether a man has one copy only."""
        return self.chromosome == "X"


@cache
def panel() -> dict[str, Gene]:
    """Return the genes by their symbol."""
    entries = load_set("genes")
    genes = {}
    for name, entry in entries.structure["gene"].items():
        head = f"gene.{name}.structures."
        kept = {p.name.removeprefix(head): p for p in entries if p.name.startswith(head)}
        loci = {build: tuple(int(end) for end in entry[build].split("-")) for build in BUILDS}
        words = {key: entry[key] for key in ("chromosome", "seen", "inheritance", "tissue", "mosaic", "condition", "rule")}
        genes[name] = Gene(name=name, loci=loci, structures=kept, **words)
    return genes


@cache
def structures() -> dict[str, Structure]:
    """Return the structures of tooth by name."""
    entries = load_set("genes")
    found = {}
    for name, entry in entries.structure["structure"].items():
        head = f"structure.{name}.factor."
        factors = {p.name.removeprefix(head): p for p in entries if p.name.startswith(head)}
        found[name] = Structure(name, entry["tissue"], entry["about"], factors)
    return found


def gene_at(build: str, chromosome: str, first: int, last: int) -> Gene | None:
    """Return the gene of the panel that the bases first to last of a chromosome touch, None when there is none."""
    for gene in panel().values():
        start, end = gene.loci[build]
        if gene.chromosome == chromosome and first <= end and last >= start:
            return gene
    return None


def chromosome_of(word: str) -> str:
    """Return the plain name of a chromosome, ``""`` for a contig that is none: chrX, x and 23 are X."""
    found = CHROMOSOME.match(word)
    if not found:
        return ""
    name = found[1].upper()
    return {"23": "X", "24": "Y", "M": "MT"}.get(name, name)


def lengths(build: str) -> Mapping[str, int]:
    """Return the lengths [bases] of the chromosomes of a build."""
    return load_set("genome-builds").structure["build"][build]["lengths"]


def build_named(text: str, *, where: str = "") -> str:
    """Return the build that a text names, ``""`` when it names none.

    Raises: FormatError for a build that is not read, or two at once.
    """
    entries = load_set("genome-builds").structure
    named = [build for build in BUILDS if _names(text, entries["build"][build]["names"])]
    other = _names(text, entries["other"]["names"])
    if other or len(named) > 1:
        what = f"the genome build {other}" if other else "two genome builds at once"
        raise FormatError(f"it names {what}", where=where, why="GRCh37 and GRCh38 are read", fix="lift it over to one of them")
    return named[0] if named else ""


def known_build(word: str) -> str:
    """Return the build that a user names.

    Raises: FormatError when it is none that is read.
    """
    build = build_named(word)
    if not build:
        raise FormatError(f"'{word}' is not a genome build", fix=nearest(word, BUILDS))
    return build


def _names(text: str, names: list[str]) -> str:
    for name in names:
        if re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![0-9])|(?<=_){re.escape(name)}(?![0-9])", text.lower()):
            return name
    return ""
