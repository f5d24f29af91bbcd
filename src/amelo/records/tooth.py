"""One tooth of the chart: its state, findings per surface, restorations, periodontal sites and pulp."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from amelo.errors import RecordError
from amelo.records.base import UNKNOWN, Known, Record, Text, Unknown, YesNo, amount, count
from amelo.records.teeth import is_primary, surface

__all__ = ["DEFECTS", "Finding", "PulpTest", "Restoration", "Site", "Tooth", "checked_tooth"]

Status = Literal["present", "missing", "unerupted", "partially erupted", "implant", "pontic", "root remnant", "unknown"]
MissingCause = Literal["caries", "periodontal", "trauma", "orthodontic", "agenesis", "exfoliated", "other", "unknown"]
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
Diagnosis = Literal[
    "normal", "reversible pulpitis", "symptomatic irreversible pulpitis", "asymptomatic irreversible pulpitis", "necrosis",
    "previously treated", "previously initiated therapy", "unknown",
]  # fmt: skip
WITHOUT_CROWN = ("missing", "unerupted", "implant", "pontic")


class Finding(Record):
    """What was seen on one surface; crown and root are charted apart."""

    surface: str = Field(description="M, O or I, D, B or F, L or P, as the tooth has them")
    site: Literal["crown", "root"] = "crown"
    icdas: count(0, 6, "ICDAS caries code of a crown surface") = UNKNOWN
    icdas_root: count(0, 2, "ICDAS caries code of a root surface") = UNKNOWN
    radiograph: Radiograph = Field(UNKNOWN, description="depth on a radiograph: enamel halves E1 E2, dentine thirds D1 D2 D3")
    activity: Activity = UNKNOWN
    lesion_depth: amount(0, 10_000, "µm", "measured depth of the lesion") = UNKNOWN
    integrated_mineral_loss: amount(0, 100_000, "vol%·µm", "measured integrated mineral loss ΔZ") = UNKNOWN
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
    age: amount(0, 80, "years", "time since it was placed") = UNKNOWN
    condition: Literal["intact", "worn", "marginal gap", "secondary caries", "fractured", "lost", "unknown"] = "unknown"


class Site(Record):
    """One periodontal site."""

    probing_depth: amount(0, 20, "mm", "probing depth") = UNKNOWN
    attachment_level: amount(-10, 25, "mm", "clinical attachment level, negative with gingival overgrowth") = UNKNOWN
    bleeding: YesNo = UNKNOWN
    plaque: YesNo = UNKNOWN
    suppuration: YesNo = UNKNOWN


class PulpTest(Record):
    """One test of the pulp or the tissue around the root."""

    test: Literal["cold", "heat", "electric", "percussion", "palpation"]
    response: Literal["none", "normal", "sharp and short", "lingering", "tender", "unknown"] = "unknown"


class Tooth(Record):
    """One tooth; every part may be unknown."""

    status: Status = "unknown"
    missing_cause: MissingCause | Literal["not missing"] = Field("not missing", description="only for a missing tooth")
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
    residual_dentine: amount(0, 6, "mm", "dentine left between lesion and pulp") = UNKNOWN
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

    Raises: RecordError when parts contradict each other: a surface the tooth does not have, findings where there is no tooth, the
    same surface charted twice.
    """
    if tooth.status == "missing" and tooth.missing_cause == "not missing":
        tooth = tooth.model_copy(update={"missing_cause": "unknown"})
    if tooth.status != "missing" and tooth.missing_cause != "not missing":
        raise RecordError(
            f"missing_cause is given but the tooth is {tooth.status}",
            where="missing_cause",
            fix="leave it out, or say status 'missing'",
        )
    if tooth.missing_cause == "exfoliated" and not is_primary(fdi):
        raise RecordError(
            f"permanent tooth {fdi} cannot exfoliate",
            where="missing_cause",
            fix="use trauma, periodontal or another cause",
        )
    _check_absent(fdi, tooth)
    findings, seen = [], set()
    for i, finding in enumerate(tooth.findings):
        where = f"findings[{i}]"
        letter = _letter(fdi, finding.surface, f"{where}.surface")
        if (letter, finding.site) in seen:
            raise RecordError(
                f"surface {letter} ({finding.site}) of tooth {fdi} is charted twice",
                where=where,
                fix="merge the two findings",
            )
        seen.add((letter, finding.site))
        if finding.site == "crown" and finding.icdas_root != UNKNOWN:
            raise RecordError("icdas_root is given for a crown surface", where=where, fix="set site to 'root', or use icdas")
        if finding.site == "root" and finding.icdas != UNKNOWN:
            raise RecordError("icdas is given for a root surface", where=where, fix="use icdas_root, or set site to 'crown'")
        findings.append(finding.model_copy(update={"surface": letter}))
    restorations = []
    for i, restoration in enumerate(tooth.restorations):
        letters = [_letter(fdi, s, f"restorations[{i}].surfaces") for s in restoration.surfaces]
        if len(set(letters)) < len(letters):
            raise RecordError("a surface is named twice", where=f"restorations[{i}].surfaces", fix="name each surface once")
        restorations.append(restoration.model_copy(update={"surfaces": tuple(letters)}))
    return tooth.model_copy(update={"findings": tuple(findings), "restorations": tuple(restorations)})


def _letter(fdi: int, letter: str, where: str) -> str:
    try:
        return surface(fdi, letter)
    except RecordError as error:
        raise error.at(where) from None


def _check_absent(fdi: int, tooth: Tooth) -> None:
    """Refuse what a tooth that is not there, or not its own, cannot have."""
    carious = any(f.is_carious for f in tooth.findings)
    if tooth.status in WITHOUT_CROWN and carious:
        raise RecordError(
            f"tooth {fdi} is {tooth.status} and carious at once",
            where="findings",
            fix="correct the status, or remove the findings",
        )
    if tooth.status in WITHOUT_CROWN and tooth.findings:
        raise RecordError(f"tooth {fdi} is {tooth.status} and has findings on its surfaces", where="findings", fix="remove them")
    own_parts = [name for name in ("pulp_tests",) if getattr(tooth, name)]
    own_parts += ["pulp_diagnosis"] if tooth.pulp_diagnosis != UNKNOWN else []
    own_parts += ["root_treated"] if tooth.root_treated is True else []
    if tooth.status in ("missing", "implant", "pontic") and own_parts:
        raise RecordError(
            f"tooth {fdi} is {tooth.status} and has no pulp", where=own_parts[0], fix="remove it, or correct the status"
        )
    if tooth.status in ("missing", "unerupted") and tooth.restorations:
        raise RecordError(
            f"tooth {fdi} is {tooth.status} and restored at once",
            where="restorations",
            fix="correct the status, or remove them",
        )
    if tooth.status in ("missing", "pontic", "unerupted") and tooth.periodontal:
        raise RecordError(f"tooth {fdi} is {tooth.status} and has periodontal sites", where="periodontal", fix="remove them")
