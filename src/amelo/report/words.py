"""What a chart says of a tooth: codes of three letters, marks, and sentences; the same in the terminal and in the picture."""

from __future__ import annotations

from collections.abc import Iterator

from amelo.records.base import UNKNOWN
from amelo.records.teeth import SURFACE_NAMES
from amelo.records.tooth import Finding, Restoration, Tooth

__all__ = [
    "KINDS",
    "MARKS",
    "STATES",
    "caries_code",
    "describe",
    "describe_surface",
    "is_deep",
    "marks",
    "restoration_code",
    "surface_state",
]

STATES = {
    "present": ("o", "present"),
    "missing": ("x", "missing"),
    "unerupted": ("u", "unerupted"),
    "partially erupted": ("e", "partially erupted"),
    "implant": ("I", "implant"),
    "pontic": ("P", "pontic"),
    "root remnant": ("r", "root remnant"),
    UNKNOWN: ("?", "not known"),
}
MARKS = {
    "d": "defect of enamel",
    "b": "orthodontic attachment",
    "s": "sensitive",
    "n": "pulp not normal",
    "t": "root-treated",
    "f": "restoration failing",
    "w": "worn",
    "p": "pocket of 4 mm or more",
    "m": "mobile",
}
KINDS = {"crown": "cr", "onlay": "on", "inlay": "in", "veneer": "ve", "sealant": "se", "infiltration": "if"}
POCKET = 4.0  # mm, the probing depth from which a site counts as a pocket in charts
CAVITY = 4  # ICDAS code from which dentine is involved
NONE = ("none", UNKNOWN)
ZERO = (0, UNKNOWN)


def caries_code(finding: Finding) -> str:
    """Return surface and depth in three characters: ``OD3`` from a radiograph, else ``O5`` from ICDAS, ``BR2`` on a root."""
    if finding.radiograph not in NONE:
        return finding.surface + finding.radiograph
    if finding.site == "root":
        return f"{finding.surface}R{finding.icdas_root}"
    return f"{finding.surface}{finding.icdas}"


def restoration_code(tooth: Tooth) -> str:
    """Return two letters for the last restoration, or the letters of the filled surfaces, small; empty without one."""
    if not tooth.restorations:
        return ""
    filled = {s.lower() for r in tooth.restorations for s in r.surfaces}
    return KINDS.get(tooth.restorations[-1].kind) or "".join(sorted(filled, key="modibflp".index))


def is_deep(finding: Finding) -> bool:
    """Return whether a carious finding reaches dentine."""
    deep = finding.icdas != UNKNOWN and finding.icdas >= CAVITY
    return finding.is_carious and (deep or finding.radiograph in ("D1", "D2", "D3") or finding.site == "root")


def marks(tooth: Tooth) -> Iterator[str]:
    """Yield the letters of ``MARKS`` that hold for a tooth."""
    checks = {
        "d": any(f.defect not in NONE for f in tooth.findings),
        "b": tooth.orthodontic_attachment not in NONE,
        "s": tooth.hypersensitivity not in ZERO,
        "n": tooth.pulp_diagnosis not in ("normal", UNKNOWN),
        "t": tooth.root_treated is True,
        "f": any(r.condition not in ("intact", "worn", UNKNOWN) for r in tooth.restorations),
        "w": any(f.wear not in ZERO for f in tooth.findings),
        "p": any(_is_pocket(s.probing_depth) for s in tooth.periodontal.values()),
        "m": tooth.mobility not in ZERO,
    }
    yield from (letter for letter, holds in checks.items() if holds)


def _is_pocket(depth: float | str) -> bool:
    return depth != UNKNOWN and depth >= POCKET


def surface_state(tooth: Tooth, letter: str) -> str:
    """Return what a surface of the crown is drawn as: the gravest of what was found, else sound or unknown."""
    found = [f for f in tooth.findings if f.surface == letter and f.site == "crown"]
    if any(f.is_carious for f in found):
        return "dentine" if any(is_deep(f) for f in found) else "enamel"
    if any(letter in r.surfaces for r in tooth.restorations):
        return "restored"
    if any(f.defect not in NONE for f in found):
        return "defect"
    if any(f.wear not in ZERO for f in found):
        return "worn"
    known = any(f.icdas == 0 for f in found) or (not found and tooth.other_surfaces == "sound")
    return "sound" if known else "unknown"


def describe(tooth: Tooth) -> str:
    """Return what is known of a tooth in words, empty for a tooth without findings."""
    parts: list[str] = []
    if tooth.status == "missing":
        parts.append(f"missing ({'cause unknown' if tooth.missing_cause == UNKNOWN else tooth.missing_cause})")
    elif tooth.status not in ("present", UNKNOWN):
        parts.append(tooth.status)
    for finding in tooth.findings:
        root = " root" if finding.site == "root" else ""
        words = ", ".join(_of_finding(finding))
        parts += [f"{SURFACE_NAMES[finding.surface]}{root} {words}"] * bool(words)
    parts += [_of_restoration(r, "".join(r.surfaces)) for r in tooth.restorations]
    pockets = [(site, s.probing_depth) for site, s in tooth.periodontal.items() if _is_pocket(s.probing_depth)]
    parts += [f"pocket {depth:g} mm {site}" for site, depth in pockets]
    parts += [f"{test.test} test {test.response}" for test in tooth.pulp_tests]
    parts += [tooth.pulp_diagnosis] * (tooth.pulp_diagnosis not in ("normal", UNKNOWN))
    if tooth.residual_dentine != UNKNOWN:
        parts.append(f"{tooth.residual_dentine:g} mm of dentine over the pulp")
    for name in ("hypersensitivity", "mobility", "furcation"):
        parts += [f"{name} {getattr(tooth, name)}"] * (getattr(tooth, name) not in ZERO)
    parts += ["root-treated"] * (tooth.root_treated is True)
    parts += [str(tooth.orthodontic_attachment)] * (tooth.orthodontic_attachment not in NONE)
    return "; ".join(parts)


def describe_surface(tooth: Tooth, letter: str) -> str:
    """Return what is known of one surface of the crown in words, or of the root for ``"root"``; never empty."""
    site = "root" if letter == "root" else "crown"
    parts = []
    for finding in tooth.findings:
        if finding.site == site and letter in (finding.surface, "root"):
            name = [SURFACE_NAMES[finding.surface]] if letter == "root" else []
            parts += [" ".join([*name, words])] if (words := ", ".join(_of_finding(finding))) else []
    parts += [_of_restoration(r, "") for r in tooth.restorations if letter in r.surfaces]
    if parts:
        return "; ".join(parts)
    if tooth.status not in ("present", UNKNOWN):
        return STATES[tooth.status][1]
    return "sound" if surface_state(tooth, letter) == "sound" else "not recorded"


def _of_finding(f: Finding) -> Iterator[str]:
    if f.icdas not in ZERO:
        yield f"ICDAS {f.icdas}"
    if f.icdas_root not in ZERO:
        yield f"code {f.icdas_root}"
    if f.radiograph not in NONE:
        yield f"radiograph {f.radiograph}"
    if f.activity != UNKNOWN and f.is_carious:
        yield f.activity
    if f.lesion_depth != UNKNOWN:
        yield f"depth {f.lesion_depth:g} µm"
    if f.integrated_mineral_loss != UNKNOWN:
        yield f"ΔZ {f.integrated_mineral_loss:g} vol%·µm"
    if f.defect not in NONE:
        yield f.defect
    if f.wear not in ZERO:
        yield f"wear {f.wear}"


def _of_restoration(r: Restoration, surfaces: str) -> str:
    known = " ".join(word for word in (r.material, r.kind) if word != UNKNOWN) or "restoration"
    age = "" if r.age == UNKNOWN else "1 year" if r.age == 1 else f"{r.age:g} years"
    condition = "" if r.condition in (UNKNOWN, "intact") else r.condition
    return ", ".join(part for part in (f"{known} {surfaces}".strip(), age, condition) if part)
