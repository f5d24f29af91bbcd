"""What a genotype implies for teeth: structures with weights, priors on parameters of the twin, responses, and what stays unknown.

Nothing is deterministic.  A variant is the cause with some probability, the changed copies are enough with some probability, and the gene
then makes one of a few structures, each with a weight.  What is left is a tooth as usual; and a cause that no test found is always possible.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from amelo.errors import RecordError, nearest
from amelo.params import Parameter, load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.genotype_panel import SUFFICIENT, Gene, panel, structures
from amelo.records.genotype_sources import Carried, Handed, of_case, read_variants
from amelo.records.person import Genotype as GenotypeRecord
from amelo.records.specimen import Specimen, parse_specimen
from amelo.records.specimen_parameters import STATED, catalogue

__all__ = [
    "NOT_FOUND",
    "SMALLEST",
    "USUAL",
    "Estimate",
    "GeneFinding",
    "Genotype",
    "Prior",
    "Response",
    "ToothClass",
    "genotype",
    "genotype_of_case",
]

USUAL = "as usual"
NOT_FOUND = "a cause that was not found"
SEVERAL = "several of these at once"
HEALTHY = {"human enamel": "enamel", "dentine": "dentine", "root": "dentine"}  # tissues whose parameters the factors act on
SMALLEST = 0.01  # a structure whose weight cannot exceed this does not widen a prior
RARE = 1e-3  # several structures at once that are less likely than this are told as one


class Estimate(NamedTuple):
    """A probability with its range."""

    value: float
    low: float
    high: float

    def times(self, other: Estimate | Parameter) -> Estimate:
        """Return the product, limit by limit."""
        return Estimate(self.value * other.value, self.low * other.low, self.high * other.high)

    def either(self, other: Estimate) -> Estimate:
        """Return the probability of one or the other, independent of each other."""
        return Estimate(*(1.0 - (1.0 - a) * (1.0 - b) for a, b in zip(self, other, strict=True)))


CERTAIN, NEVER = Estimate(1.0, 1.0, 1.0), Estimate(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class GeneFinding:
    """A gene of the panel that is touched: its variants, how likely it acts, whether in bands, and why, in sentences."""

    gene: Gene
    carried: tuple[Carried, ...]
    acts: Estimate
    bands: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToothClass:
    """One structure that a tissue may have: its weight, factors on healthy parameters (value, low, high), and the genes that make it."""

    name: str
    tissue: str
    weight: Estimate
    bands: bool
    factors: Mapping[str, tuple[float, float, float]]
    grades: tuple[str, ...]
    sources: tuple[str, ...]
    genes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A way in which tissue may answer carriers: HYPOTHETICAL, with its weight, gain of inflammation [1/h] and efficacy."""

    name: str
    weight: Estimate
    inflammation: Parameter
    efficacy: Parameter
    grade: str


@dataclass(frozen=True, slots=True)
class Prior:
    """What a parameter of a specimen may be: value of the likeliest structure, and a range over all that are possible."""

    parameter: str
    value: float
    low: float
    high: float
    unit: str
    grade: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Genotype:
    """What was handed in and what it implies; only the variants used are kept."""

    handed: Handed
    findings: tuple[GeneFinding, ...]

    @property
    def record(self) -> GenotypeRecord:
        """The genotype as the record of a case holds it."""
        variants = tuple(entry.variant for entry in self.handed.carried)
        return GenotypeRecord(tested=True if variants else self.handed.tested, variants=variants, vcf=self.handed.vcf)

    def classes(self, tissue: str) -> tuple[ToothClass, ...]:
        """Return the structures that a tissue may have, the likeliest first; their weights add up to 1.

        Arguments: tissue, ``enamel`` or ``dentine``.
        Raises: RecordError for another tissue.
        """
        if tissue not in ("enamel", "dentine"):
            raise RecordError(f"'{tissue}' is not a tissue of the panel", fix=nearest(tissue, ("enamel", "dentine")))
        merged = {((), False): _Outcome((), CERTAIN, False)}
        for finding in self.findings:
            options = _options(finding, tissue)
            if len(options) > 1:
                merged = _merged(a.joined(b) for a, b in itertools.product(merged.values(), options))
        merged, several = _lumped(merged)
        missed = _missed(self.handed.tested)
        found = []
        for (names, bands), outcome in merged.items():
            if names:
                found.append(replace(_tooth_class(names, tissue, outcome.weight, bands), genes=outcome.genes))
                continue
            rest = Estimate(1.0 - missed.value, 1.0 - missed.high, 1.0 - missed.low)
            found += [
                _tooth_class((), tissue, outcome.weight.times(rest), False),
                _undetected(tissue, outcome.weight.times(missed)),
            ]
        found += [_hulled(SEVERAL, several.names, tissue, several.weight, several.genes)] * (several.weight.high > 0.0)
        return tuple(sorted(found, key=lambda c: -c.weight.value))

    @property
    def responses(self) -> tuple[Response, ...]:
        """How tissue may answer mineral delivered by carriers; hypothetical throughout."""
        constants = load_set("genes")
        said = {entry.variant.response for entry in self.handed.carried} - {UNKNOWN}
        if len(said) > 1:
            raise RecordError("one variant is said to respond and another to react", where=self.handed.source, fix="say unknown")
        engineered = any(entry.variant.grade == "hypothetical" for entry in self.handed.carried)
        share = constants["response.share_of_reactors." + ("engineered" if engineered else "generic")]
        reactor = Estimate(share.value, share.low, share.high)
        if said:
            reactor = CERTAIN if said == {"reactor"} else NEVER
        responder = Estimate(1.0 - reactor.value, 1.0 - reactor.high, 1.0 - reactor.low)
        return tuple(
            Response(
                name, weight, constants[f"response.inflammation.{name}"], constants[f"response.efficacy.{name}"], "hypothetical"
            )
            for name, weight in (("responder", responder), ("reactor", reactor))
        )

    def priors(self, of: str | Specimen) -> dict[str, Prior]:
        """Return the priors on parameters of a healthy tissue or of a specimen, by name.

        What a specimen states was measured, and stands.  A tissue that was seen to be changed, or that no gene of the panel forms, gets none.
        Every range holds the usual one: a genotype widens what may be, it never narrows it.

        Arguments: of, ``human enamel``, ``dentine`` or ``root``, or a specimen.
        """
        specimen = _specimen(of)
        tissue = HEALTHY.get(specimen.tissue)
        if tissue is None:
            return {}
        possible = [c for c in self.classes(tissue) if c.weight.high > SMALLEST or c.name == USUAL]
        return _hull(possible, catalogue(specimen))

    def mixture(self, of: str | Specimen) -> list[tuple[ToothClass, dict[str, Prior]]]:
        """Return every structure with the priors that hold within it, for a twin that is simulated structure by structure."""
        specimen = _specimen(of)
        tissue = HEALTHY.get(specimen.tissue)
        return [] if tissue is None else [(c, _hull([c], catalogue(specimen), usual=False)) for c in self.classes(tissue)]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What stays unknown, in sentences."""
        left = load_set("genes")["undetected.yield_families"]
        share = f"in {100 * (1 - left.value):.0f} of 100 families with amelogenesis imperfecta no cause is found"
        told = []
        if not self.handed.carried:
            tested = self.handed.tested
            what = {True: "no variant found", False: "nobody tested"}.get(tested, "nobody says whether a test was made")
            told.append(f"{what}: not the same as no risk; {share}" if tested is True else f"{what}: everything stays possible")
        else:
            told.append(f"a second cause beside what was found is possible; {share}")
        told += [f"{symbol} is not in the panel: nothing follows from it here" for symbol in dict.fromkeys(self.handed.outside)]
        if len({r.weight.value for r in self.responses} & {0.0, 1.0}) == 0:
            told.append("how tissue answers carriers is hypothetical and not measured: only a probe dose would tell")
        return tuple(told)


def genotype(path: str | Path, *, sample: str | None = None, sex: str | None = None, build: str | None = None) -> Genotype:
    """Return what the variants in a file imply for teeth.

    Arguments: path of a variant file (VCF 4.1 to 4.4, gzipped or not), a list, a phenopacket or a case, ``"-"`` for standard input; sample
    of a variant file with several; sex (female, male, intersex or unknown) where the file does not say; build (GRCh37 or GRCh38) where a
    header does not say.
    Raises: FileError, FormatError or RecordError in one sentence; nothing is half applied.
    """
    return _implied(read_variants(path, sample=sample, sex=sex, build=build))


def genotype_of_case(case: Case) -> Genotype:
    """Return what the genotype recorded in a case implies."""
    return _implied(of_case(case))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What several genes make together."""

    names: tuple[str, ...]
    weight: Estimate
    bands: bool
    genes: tuple[str, ...] = ()

    def joined(self, other: _Outcome) -> _Outcome:
        genes = (*self.genes, *other.genes)
        return _Outcome((*self.names, *other.names), self.weight.times(other.weight), self.bands or other.bands, genes)

    def added(self, other: _Outcome) -> _Outcome:
        total = Estimate(*(min(1.0, a + b) for a, b in zip(self.weight, other.weight, strict=True)))
        return _Outcome(self.names, total, self.bands, tuple(dict.fromkeys((*self.genes, *other.genes))))


def _implied(handed: Handed) -> Genotype:
    by_gene: dict[str, list[Carried]] = {}
    for entry in handed.carried:
        by_gene.setdefault(entry.variant.gene, []).append(entry)
    found = tuple(_finding(panel()[name], tuple(entries), handed.sex) for name, entries in by_gene.items())
    result = Genotype(handed, tuple(sorted(found, key=lambda f: -f.acts.value)))
    _ = result.responses  # refuses what contradicts itself
    return result


def _finding(gene: Gene, carried: tuple[Carried, ...], sex: str) -> GeneFinding:
    """Return how likely a gene acts: the variant is the cause, and the copies changed are enough."""
    constants = load_set("genes")

    def estimate(name: str) -> Estimate:
        p = constants[name]
        return Estimate(p.value, p.low, p.high)

    causes = [estimate(f"significance.{e.variant.significance if e.judged else 'unjudged'}") for e in carried]
    zygosities = [e.variant.zygosity for e in carried]
    why: list[str] = []
    two, one, open_ = NEVER, NEVER, NEVER
    unjudged = [c for c, e in zip(causes, carried, strict=True) if not e.judged]
    for cause, entry in zip(causes, carried, strict=True):
        zygosity = entry.variant.zygosity
        if zygosity in ("homozygous", "hemizygous") or (zygosity == "compound heterozygous" and zygosities.count(zygosity) == 1):
            two = _most(two, cause) if not entry.judged else two.either(cause)
        elif zygosity == UNKNOWN:
            open_ = _most(open_, cause) if not entry.judged else open_.either(cause)
        else:
            one = _most(one, cause) if not entry.judged else one.either(cause)
    for (i, a), (j, b) in itertools.combinations(enumerate(carried), 2):
        apart = _apart(a, b, estimate("enough.apart"))
        if apart is not None:
            pair = causes[i].times(causes[j]).times(apart)
            two = two.either(pair) if a.judged and b.judged else _most(two, pair)
            if a.judged and b.judged:
                why.append(_phase_told(apart, a, b))
    if zygosities.count("compound heterozygous") == 1:
        why.append("the second change of the compound is not named")
    bands = gene.on_x and gene.mosaic and sex != "male" and "heterozygous" in zygosities
    single = estimate("enough.mosaic" if bands else SUFFICIENT[gene.inheritance])
    acts = two.times(estimate("enough.two")).either(one.times(single)).either(open_.times(estimate("enough.unknown_copies")))
    if unjudged:
        why.append(f"{len(unjudged)} of its variants nobody judged: have them classified before anything is concluded")
    if gene.inheritance == "recessive" and one.value > two.value:
        why.append("one changed copy of a recessive gene: a carrier, unless the second change was not seen")
    if bands:
        why.append("a mosaic: bands of changed and of ordinary enamel side by side")
    if UNKNOWN in zygosities:
        why.append("nobody says on how many copies")
    return GeneFinding(gene, carried, acts, bands, tuple(why))


def _most(a: Estimate, b: Estimate) -> Estimate:
    """Return the larger of two, limit by limit: among variants that nobody judged at most one is taken as the cause."""
    return Estimate(*(max(pair) for pair in zip(a, b, strict=True)))


def _apart(a: Carried, b: Carried, guess: Estimate) -> Estimate | None:
    """Return how likely two changes stand on different copies, None when that is no question."""
    zygosities = {a.variant.zygosity, b.variant.zygosity}
    if not zygosities <= {"heterozygous", "compound heterozygous"}:
        return None
    if zygosities == {"compound heterozygous"}:
        return CERTAIN
    if a.copy and b.copy and a.copy.rpartition(":")[0] == b.copy.rpartition(":")[0]:
        return NEVER if a.copy == b.copy else CERTAIN
    return guess


def _phase_told(apart: Estimate, a: Carried, b: Carried) -> str:
    pair = f"{a.variant.coding} and {b.variant.coding}" if UNKNOWN not in (a.variant.coding, b.variant.coding) else "two changes"
    if apart == CERTAIN:
        return f"{pair} stand on different copies"
    return f"{pair} stand on the same copy" if apart == NEVER else f"nobody says whether {pair} stand on one copy or two"


def _options(finding: GeneFinding, tissue: str) -> list[_Outcome]:
    """Return what one gene may make of a tissue; the first is a tooth as usual."""
    made, sums = [], [0.0, 0.0, 0.0]
    for name, share in finding.gene.structures.items():
        names = tuple(part for part in name.split("+") if structures()[part].tissue == tissue)
        weight = finding.acts.times(share)
        if finding.bands:
            weight = weight.times(load_set("genes")["mosaic.share"])
        if names and weight.high > 0.0:
            made.append(_Outcome(names, weight, finding.bands, (finding.gene.name,)))
            sums = [a + b for a, b in zip(sums, weight, strict=True)]
    usual = Estimate(max(0.0, 1.0 - sums[0]), max(0.0, 1.0 - sums[2]), max(0.0, 1.0 - sums[1]))
    return [_Outcome((), usual, False), *made]


def _merged(outcomes: Iterable[_Outcome]) -> dict[tuple[tuple[str, ...], bool], _Outcome]:
    """Add up the outcomes in which the same structures are there, so that many genes never make many classes."""
    found: dict[tuple[tuple[str, ...], bool], _Outcome] = {}
    for outcome in outcomes:
        plain = replace(outcome, names=tuple(sorted(set(outcome.names))), genes=tuple(dict.fromkeys(outcome.genes)))
        key = (plain.names, plain.bands)
        found[key] = plain if key not in found else found[key].added(plain)
    return found


def _lumped(merged: dict[tuple[tuple[str, ...], bool], _Outcome]) -> tuple[dict[tuple[tuple[str, ...], bool], _Outcome], _Outcome]:
    """Set apart, as one, the unlikely outcomes in which several structures come together."""
    kept, several = {}, _Outcome((), NEVER, False)
    for key, outcome in merged.items():
        if len(outcome.names) > 1 and outcome.weight.value < RARE:
            names = tuple(dict.fromkeys((*several.names, *outcome.names)))
            several = replace(several.added(outcome), names=names)
        else:
            kept[key] = outcome
    return kept, several


def _missed(tested: bool | str) -> Estimate:
    """Return how likely a cause is there that was not found; up to what is left in one who has the signs."""
    constants = load_set("genes")
    before, found = constants["undetected.before"], constants["undetected.yield_families"]
    if tested is not True:
        return Estimate(before.value, before.low, 1.0)
    return Estimate(before.value * (1.0 - found.value), before.low * (1.0 - found.high), 1.0 - found.low)


def _tooth_class(names: tuple[str, ...], tissue: str, weight: Estimate, bands: bool) -> ToothClass:
    factors: dict[str, tuple[float, float, float]] = {}
    grades, sources = [], []
    for name in names:
        for parameter, p in structures()[name].factors.items():
            was = factors.get(parameter, (1.0, 1.0, 1.0))
            factors[parameter] = tuple(a * b for a, b in zip(was, (p.value, p.low, p.high), strict=True))
            grades.append(p.grade)
            sources += p.source.split()
    label = " and ".join(names) + " in bands" * bands if names else USUAL
    return ToothClass(label, tissue, weight, bands, factors, tuple(dict.fromkeys(grades)), tuple(dict.fromkeys(sources)))


def _undetected(tissue: str, weight: Estimate) -> ToothClass:
    """Return the structure of a cause that nobody found: anything from usual to what the known causes make."""
    return _hulled(NOT_FOUND, load_set("genes").structure["undetected"][tissue], tissue, weight, ())


def _hulled(label: str, names: Iterable[str], tissue: str, weight: Estimate, genes: tuple[str, ...]) -> ToothClass:
    """Return a class that may be anything from usual to what structures make."""
    factors: dict[str, tuple[float, float, float]] = {}
    sources = []
    for name in names:
        for parameter, p in structures()[name].factors.items():
            was = factors.get(parameter, (1.0, 1.0, 1.0))
            factors[parameter] = (1.0, min(was[1], p.low), max(was[2], p.high))
            sources += p.source.split()
    return ToothClass(label, tissue, weight, False, factors, ("assumption",), tuple(dict.fromkeys(sources)), genes)


def _specimen(of: str | Specimen) -> Specimen:
    if isinstance(of, Specimen):
        return of
    if of not in HEALTHY:
        raise RecordError(f"'{of}' is not a healthy tissue", fix=nearest(of, HEALTHY))
    return parse_specimen({"name": of, "tissue": of, "thickness": "1 mm"}, where=of)


def _hull(classes: list[ToothClass], known: Mapping[str, Parameter], *, usual: bool = True) -> dict[str, Prior]:
    """Return for every parameter the value of the first class and the range over all of them."""
    found = {}
    for name in dict.fromkeys(name for c in classes for name in c.factors if name in known):
        p = known[name]
        if p.grade == STATED:
            continue
        factors = [c.factors.get(name, (1.0, 1.0, 1.0)) for c in classes]
        ends = [p.low * f[1] for f in factors] + [p.high * f[2] for f in factors] + ([p.low, p.high] if usual else [])
        value = p.value * factors[0][0]
        top = 0.95 if name in ("porosity", "sound_mineral") or name.startswith("share.") else math.inf
        low, high = min(*ends, value), min(max(*ends, value), top)
        touching = [c for c in classes if name in c.factors]
        grades = tuple(dict.fromkeys(g for c in touching for g in c.grades))
        source = " ".join(dict.fromkeys([*p.source.split(), *(key for c in touching for key in c.sources)]))
        grade = grades[0] if len(grades) == 1 else "assumption"
        found[name] = Prior(name, min(value, high), low, high, p.unit, grade, source, ", ".join(c.name for c in touching))
    return found
