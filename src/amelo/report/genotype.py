"""What a genotype implies, as rows for tables and as data for programs."""

from __future__ import annotations

from typing import Any

from amelo.records.base import UNKNOWN
from amelo.records.genotype import Estimate, GeneFinding, Genotype, Prior, ToothClass

__all__ = [
    "TISSUES",
    "class_rows",
    "finding_rows",
    "genotype_citations",
    "genotype_data",
    "genotype_head",
    "not_carried",
    "prior_rows",
    "response_rows",
    "rules",
]

TISSUES = ("human enamel", "dentine")
SHOWN = 0.005  # a structure that can weigh less is not worth a line


def genotype_head(found: Genotype) -> str:
    """Return one line that says what was read."""
    handed = found.handed
    parts = [handed.kind] if handed.kind.startswith("case") else [handed.kind, handed.source]
    parts += [f"sample {handed.sample}"] * bool(handed.sample) + [handed.build] * bool(handed.build) + [f"sex {handed.sex}"]
    used = len(handed.carried)
    return ", ".join(parts) + f": {used} variant{'s' * (used != 1)} in genes of the panel"


def finding_rows(found: Genotype) -> list[tuple[str, ...]]:
    """Return gene, tissue, variants, inheritance, how likely it acts, condition."""
    return [
        (f.gene.name, f.gene.tissue, _variants(f), f.gene.inheritance, _share(f.acts), f.gene.condition) for f in found.findings
    ]


def class_rows(found: Genotype) -> list[tuple[str, ...]]:
    """Return tissue, structure, weight, and the factors it puts on healthy parameters."""
    return [
        (
            tissue,
            c.name,
            _share(c.weight),
            ", ".join(f"{name} ×{_factor(f)}" for name, f in c.factors.items()) or "–",
            _grade(c),
            " ".join(c.sources),
        )
        for tissue in ("enamel", "dentine")
        for c in found.classes(tissue)
        if c.weight.high >= SHOWN
    ]


def prior_rows(found: Genotype) -> list[tuple[str, ...]]:
    """Return tissue, parameter, value, range, unit, grade and source."""
    return [
        (tissue, p.parameter, f"{p.value:.3g}", f"{p.low:.3g} to {p.high:.3g}", p.unit, p.grade, p.source)
        for tissue in TISSUES
        for p in found.priors(tissue).values()
    ]


def response_rows(found: Genotype) -> list[tuple[str, ...]]:
    """Return response to carriers, weight, gain of inflammation, efficacy, grade."""
    return [
        (r.name, _share(r.weight), f"{r.inflammation.value:g} {r.inflammation.unit}", f"{r.efficacy.value:g}", r.grade)
        for r in found.responses
    ]


def rules(found: Genotype) -> list[str]:
    """Return what follows for care, and why a gene acts as likely as it is said, in sentences that name the gene."""
    told = []
    for f in found.findings:
        told += [f"{f.gene.name}: {sentence}" for sentence in f.why]
        if f.acts.high > SHOWN and f.gene.rule:
            told.append(f"{f.gene.name}, if it acts: {f.gene.rule}")
    return told


def not_carried(found: Genotype) -> list[str]:
    """Return the names of effects that no parameter of a specimen carries yet."""
    carried = {p for tissue in TISSUES for p in found.priors(tissue)}
    names = [name for tissue in ("enamel", "dentine") for c in found.classes(tissue) for name in c.factors if name not in carried]
    return list(dict.fromkeys(names))


def genotype_citations(found: Genotype) -> tuple[str, ...]:
    """Return the keys of the references behind an answer."""
    keys = [key for tissue in TISSUES for p in found.priors(tissue).values() for key in p.source.split()]
    keys += [key for tissue in ("enamel", "dentine") for c in found.classes(tissue) for key in c.sources]
    return tuple(dict.fromkeys([*keys, "wright2011", "richards2015"]))


def genotype_data(found: Genotype) -> dict[str, Any]:
    """Return everything as plain data."""
    handed = found.handed
    return {
        "source": handed.source,
        "kind": handed.kind,
        "build": handed.build or UNKNOWN,
        "sample": handed.sample or UNKNOWN,
        "sex": handed.sex,
        "genotype": found.record.model_dump(mode="json"),
        "genes": [
            {
                "gene": f.gene.name,
                "tissue": f.gene.tissue,
                "inheritance": f.gene.inheritance,
                "condition": f.gene.condition,
                "acts": f.acts._asdict(),
                "bands": f.bands,
                "why": list(f.why),
                "rule": f.gene.rule,
                "locus": {"grade": "C", "checked": f.gene.seen or "no"},
            }
            for f in found.findings
        ],
        "structures": {tissue: [_class_data(c) for c in found.classes(tissue)] for tissue in ("enamel", "dentine")},
        "priors": {tissue: {name: _prior_data(p) for name, p in found.priors(tissue).items()} for tissue in TISSUES},
        "not_carried": not_carried(found),
        "responses": [
            {
                "name": r.name,
                "weight": r.weight._asdict(),
                "inflammation": r.inflammation.to_dict(),
                "efficacy": r.efficacy.to_dict(),
                "grade": r.grade,
            }
            for r in found.responses
        ],
        "outside_the_panel": list(handed.outside),
        "unknown": list(found.unknown),
        "notices": list(handed.notices),
    }


def _class_data(c: ToothClass) -> dict[str, Any]:
    factors = {name: dict(zip(("value", "low", "high"), f, strict=True)) for name, f in c.factors.items()}
    return {
        "name": c.name,
        "weight": c.weight._asdict(),
        "bands": c.bands,
        "factors": factors,
        "grade": _grade(c),
        "sources": list(c.sources),
    }


def _prior_data(p: Prior) -> dict[str, Any]:
    return {key: getattr(p, key) for key in ("value", "low", "high", "unit", "grade", "source", "why")}


def _grade(c: ToothClass) -> str:
    return " ".join(c.grades) or "–"


def _variants(finding: GeneFinding) -> str:
    shown = [
        f"{e.variant.coding} {e.variant.zygosity}, {e.variant.significance if e.judged else 'not judged'}" for e in finding.carried
    ]
    shown = [text.replace("unknown unknown, unknown", "unknown") for text in shown]
    return "; ".join(shown[:3]) + (f"; {len(shown) - 3} more" if len(shown) > 3 else "")


def _share(e: Estimate) -> str:
    return f"{e.value:.2g} ({e.low:.2g} to {e.high:.2g})"


def _factor(f: tuple[float, float, float]) -> str:
    return f"{f[0]:.3g} ({f[1]:.3g} to {f[2]:.3g})"
