"""One tooth of the chart: its state, findings per surface, restorations, periodontal sites and pulp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from pydantic import Field

from amelo.errors import RecordError
from amelo.records.base import UNKNOWN, Known, Record, Text, Unknown, YesNo, amount, count
from amelo.records.teeth import is_primary, surface

__all__ = ["DEFECTS", "Finding", "PulpTest", "Restoration", "Site", "Tooth", "checked_tooth"]

Status = Literal["present", "missing", "unerupted", "partially erupted", "implant", "pontic", "root remnant", "unknown"]
MissingCause = Literal[
    "caries", "periodontal", "trauma", "orthodontic", "agenesis", "exfoliated", "other", "not missing", "unknown",
]  # fmt: skip
Radiograph = Literal["none", "E1", "E2", "D1", "D2", "D3", "unknown"]
Activity = Literal["active", "inactive", "unknown"]
Defect = Literal[
    "none", "demarcated white opacity", "demarcated yellow-brown opacity", "diffuse opacity", "hypoplasia", "hypomaturation",
    "hypocalcification", "post-eruptive breakdown", "unknown",
]  # fmt: skip
DEFECTS = get_args(Defect)
Kind = Literal["filling", "sealant", "infiltration", "inlay", "onlay", "crown", "veneer", "temporary", "unknown"]
Material = Literal[
    "composite", "amalgam", "glass ionomer", "resin-modified glass ionomer", "compomer", "ceramic", "zirconia", "metal-ceramic", "gold",
    "stainless steel", "resin", "calcium silicate", "other", "unknown",
]  # fmt: skip
Diagnosis = Literal[  # the terms of the American Association of Endodontists
    "normal", "reversible pulpitis", "symptomatic irreversible pulpitis", "asymptomatic irreversible pulpitis", "necrosis",
    "previously treated", "previously initiated therapy", "unknown",
]  # fmt: skip
OF_A_CROWN = ("findings", "hypersensitivity", "residual_dentine")
OF_A_PULP = ("pulp_tests", "pulp_diagnosis", "root_treated")
CANNOT_HAVE = {  # status: parts of the record that contradict it
    "missing": (*OF_A_CROWN, *OF_A_PULP, "restorations", "periodontal", "mobility", "furcation", "orthodontic_attachment"),
    "unerupted": (*OF_A_CROWN, "pulp_tests", "restorations", "periodontal", "mobility", "furcation"),  # may carry a button
    "pontic": (*OF_A_CROWN, *OF_A_PULP, "periodontal", "mobility", "furcation"),
    "implant": (*OF_A_CROWN, *OF_A_PULP, "furcation"),
}
NOTHING = (UNKNOWN, (), {}, "none", False)


class Finding(Record):
    """What was seen on one surface; crown and root are charted apart."""

    surface: str = Field(description="M, O or I, D, B or F, L or P, as the tooth has them")
    site: Literal["crown", "root"] = "crown"
    icdas: count(0, 6, "ICDAS caries code of a crown surface") = UNKNOWN
    icdas_root: count(0, 2, "ICDAS caries code of a root surface") = UNKNOWN
    radiograph: Radiograph = Field(UNKNOWN, description="depth on a radiograph: enamel halves E1 E2, dentine thirds D1 D2 D3")
    activity: Activity = UNKNOWN
    lesion_depth: amount(0, 10_000, "µm", "measured depth of the lesion", "a crown is about 7 mm thick to the pulp") = UNKNOWN
    integrated_mineral_loss: amount(
        0, 100_000, "vol%·µm", "measured integrated mineral loss ΔZ", "early lesions 1000 to 10 000; 87 vol% over 1.1 mm"
    ) = UNKNOWN
    defect: Defect = Field(UNKNOWN, description="developmental defect of enamel")
    wear: count(0, 3, "basic erosive wear examination score") = UNKNOWN

    @property
    def is_carious(self) -> bool:
        """Whether caries was recorded here."""
        scores = [value for value in (self.icdas, self.icdas_root) if value != UNKNOWN]
        return any(score > 0 for score in scores) or self.radiograph not in ("none", UNKNOWN)


class Restoration(Record):
    """One restoration and the surfaces it covers."""

    surfaces: tuple[str, ...] = Field(min_length=1, max_length=5)
    kind: Kind = "unknown"
    material: Material = "unknown"
    age: amount(0, 80, "years", "time since it was placed", "the oldest gold inlays") = UNKNOWN
    depth: amount(0, 8, "mm", "from the surface of the sound crown to its deepest floor", "no pulp lies deeper") = UNKNOWN
    condition: Literal["intact", "worn", "marginal gap", "secondary caries", "fractured", "lost", "unknown"] = "unknown"


class Site(Record):
    """One periodontal site."""

    probing_depth: amount(0, 20, "mm", "probing depth", "healthy up to 3; a root is 12 to 17 long") = UNKNOWN
    attachment_level: amount(
        -10, 25, "mm", "clinical attachment level, from the enamel-cement junction", "negative with gingival overgrowth"
    ) = UNKNOWN
    bleeding: YesNo = UNKNOWN
    plaque: YesNo = UNKNOWN
    suppuration: YesNo = UNKNOWN


class PulpTest(Record):
    """One test of the pulp or the tissue around the root."""

    test: Literal["cold", "heat", "electric", "percussion", "palpation"]
    response: Literal["none", "normal", "sharp and short", "lingering", "tender", "unknown"] = "unknown"


class Tooth(Record):
    """One tooth; every part may be unknown.

    Findings, restorations, sites and tests hold what was written down; an empty list says nothing about the rest, which
    ``other_surfaces`` does.
    """

    status: Status = "unknown"
    missing_cause: MissingCause = Field(UNKNOWN, description="why a missing tooth is missing")
    other_surfaces: Literal["sound", "unknown"] = Field(
        UNKNOWN,
        description="surfaces without an entry: sound when the whole tooth was examined and only what was found was written",
    )
    findings: tuple[Finding, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    periodontal: dict[Literal["MB", "B", "DB", "ML", "L", "DL"], Site] = Field(default_factory=dict)
    mobility: count(0, 3, "mobility degree") = UNKNOWN
    furcation: count(0, 3, "furcation degree") = UNKNOWN
    pulp_tests: tuple[PulpTest, ...] = ()
    pulp_diagnosis: Diagnosis = "unknown"
    root_treated: YesNo = UNKNOWN
    hypersensitivity: count(0, 3, "Schiff cold air sensitivity score") = UNKNOWN
    orthodontic_attachment: Literal["none", "bracket", "band", "attachment"] | Unknown = UNKNOWN
    residual_dentine: amount(0, 6, "mm", "dentine left between lesion and pulp", "no tooth has more dentine") = UNKNOWN
    note: Known[Text] = UNKNOWN

    @property
    def worst(self) -> Finding | None:
        """The carious finding that reaches deepest, None when nothing carious is recorded."""
        carious = [f for f in self.findings if f.is_carious]
        return max(carious, key=_depth, default=None)


def _depth(finding: Finding) -> tuple[int, int]:
    radiograph = get_args(Radiograph).index(finding.radiograph) if finding.radiograph != UNKNOWN else 0
    visual = max((v for v in (finding.icdas, finding.icdas_root) if v != UNKNOWN), default=0)
    return radiograph, visual


def checked_tooth(fdi: int, tooth: Tooth) -> Tooth:
    """Return the tooth with its surfaces named as this tooth has them.

    Raises: RecordError when parts contradict each other: a surface the tooth does not have, findings where there is no
    tooth, the same surface charted twice.
    """
    cause = _missing_cause(fdi, tooth)
    _check_status(fdi, tooth)
    findings = []
    for i, finding in enumerate(tooth.findings):
        letter = _letter(fdi, finding.surface, f"findings[{i}].surface")
        if any((letter, finding.site) == (other.surface, other.site) for other in findings):
            what = f"surface {letter} ({finding.site}) of tooth {fdi} is charted twice"
            raise RecordError(what, where=f"findings[{i}]", fix="merge the two findings")
        for problem in _crown_or_root(finding):
            raise problem.at(f"findings[{i}]")
        findings.append(finding.model_copy(update={"surface": letter}))
    restorations = []
    for i, restoration in enumerate(tooth.restorations):
        where = f"restorations[{i}].surfaces"
        letters = tuple(_letter(fdi, s, where) for s in restoration.surfaces)
        if len(set(letters)) < len(letters):
            raise RecordError("a surface is named twice", where=where, fix="name each surface once")
        if restoration.kind in ("sealant", "infiltration") and restoration.depth not in (UNKNOWN, 0):
            what = f"{'an' if restoration.kind[0] == 'i' else 'a'} {restoration.kind} has no cavity, yet a depth of {restoration.depth:g} mm"
            raise RecordError(what, where=f"restorations[{i}].depth", fix="leave the depth out, or name the kind 'filling'")
        restorations.append(restoration.model_copy(update={"surfaces": letters}))
    if len({test.test for test in tooth.pulp_tests}) < len(tooth.pulp_tests):
        raise RecordError("a pulp test is charted twice", where="pulp_tests", fix="keep the last one")
    update = {"missing_cause": cause, "findings": tuple(findings), "restorations": tuple(restorations)}
    return tooth.model_copy(update=update)


def _missing_cause(fdi: int, tooth: Tooth) -> str:
    """Return why the tooth is missing: a cause, or ``not missing`` for a tooth that is there."""
    cause, missing = tooth.missing_cause, tooth.status == "missing"
    if missing and cause == "not missing":
        raise RecordError(f"tooth {fdi} is missing and not missing at once", where="missing_cause", fix="name the cause")
    if not missing and cause not in ("not missing", UNKNOWN):
        what = f"missing_cause is given but the tooth is {tooth.status}"
        raise RecordError(what, where="missing_cause", fix="leave it out, or say status 'missing'")
    if cause == "exfoliated" and not is_primary(fdi):
        what = f"permanent tooth {fdi} cannot exfoliate"
        raise RecordError(what, where="missing_cause", fix="use trauma, periodontal or another cause")
    return cause if missing or tooth.status == UNKNOWN else "not missing"


def _crown_or_root(finding: Finding) -> Iterator[RecordError]:
    if finding.site == "crown" and finding.icdas_root != UNKNOWN:
        yield RecordError("icdas_root is given for a crown surface", fix="set site to 'root', or use icdas")
    if finding.site == "root" and finding.icdas != UNKNOWN:
        yield RecordError("icdas is given for a root surface", fix="use icdas_root, or set site to 'crown'")


def _letter(fdi: int, letter: str, where: str) -> str:
    try:
        return surface(fdi, letter)
    except RecordError as error:
        raise error.at(where) from None


def _check_status(fdi: int, tooth: Tooth) -> None:
    """Refuse what a tooth that is not there, or not its own, cannot have."""
    for name in CANNOT_HAVE.get(tooth.status, ()):
        if getattr(tooth, name) in NOTHING:
            continue
        what = {
            "findings": "has findings on its surfaces",
            "restorations": "restored at once",
            "pulp_tests": "has no pulp",
            "pulp_diagnosis": "has no pulp",
            "root_treated": "has no pulp",
            "periodontal": "has periodontal sites",
        }.get(name, f"has {name}")
        if name == "findings" and any(f.is_carious for f in tooth.findings):
            what = "carious at once"
        what = f"tooth {fdi} is {tooth.status} and {what}"
        raise RecordError(what, where=name, fix="correct the status, or remove it")
    if tooth.status in CANNOT_HAVE and tooth.other_surfaces == "sound":
        what = f"tooth {fdi} is {tooth.status} and its surfaces are sound at once"
        raise RecordError(what, where="other_surfaces", fix="correct the status, or remove it")
    if tooth.status == "root remnant" and any(f.site == "crown" for f in tooth.findings):
        what = f"tooth {fdi} is a root remnant and has findings on its crown"
        raise RecordError(what, where="findings", fix="set site to 'root', or correct the status")
