"""A tooth surface of a patient's case as a specimen: what was recorded, and in words what was not and had to be assumed."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from amelo.errors import RecordError
from amelo.params import Parameter, load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.genotype import GeneFinding, genotype_of_case
from amelo.records.lesion import body_for_loss
from amelo.records.specimen import Specimen, parse_specimen
from amelo.records.teeth import is_primary, tooth_name
from amelo.records.teeth import surface as surface_letter
from amelo.records.teeth import tooth as fdi_of
from amelo.records.tooth import Finding, Tooth
from amelo.twin.build import column_of
from amelo.twin.column import Column

__all__ = ["ToothSurface", "column_of_case", "specimen_of_case"]

Site = Literal["crown", "root"]
ABSENT = ("missing", "implant", "pontic", "unerupted")
APPROXIMAL = ("M", "D")
HYPOMINERALISED = ("demarcated white opacity", "demarcated yellow-brown opacity", "hypomaturation", "hypocalcification")
CAVITY = 5  # ICDAS code from which dentine is exposed
ROOT_CAVITY = 2
SHALLOWEST = 5.0  # µm
LAYER_OF_LESION = 0.5  # a surface layer is at most this part of the shallowest lesion that may be there


class ToothSurface(NamedTuple):
    """A surface as column and as specimen, with a sentence for everything that the case does not know."""

    column: Column
    specimen: Specimen
    assumed: list[str]


def column_of_case(
    case: Case, tooth: int | str, surface: str, *, site: Site = "crown", members: int = 1, seed: int = 0
) -> ToothSurface:
    """Return a surface of a patient's tooth as a column.

    Arguments: case; tooth (FDI number); surface (its letter); site, crown or root; members and seed of the ensemble.
    Raises: RecordError when there is no tissue to look at: no such tooth or surface, one that is missing or covered.
    """
    specimen, assumed = specimen_of_case(case, tooth, surface, site=site)
    return ToothSurface(column_of(specimen, members=members, seed=seed), specimen, assumed)


def specimen_of_case(case: Case, tooth: int | str, surface: str, *, site: Site = "crown") -> tuple[Specimen, list[str]]:
    """Return a surface of a patient's tooth as a specimen, and what was assumed; see :func:`column_of_case`."""
    fdi = fdi_of(tooth)
    letter, record = surface_letter(fdi, surface), case.tooth(fdi)
    finding = next((f for f in record.findings if (f.surface, f.site) == (letter, site)), None)
    assumed = _must_be_there(fdi, letter, record, site)
    if finding is None and record.other_surfaces != "sound":
        assumed.append(f"nothing is recorded of surface {letter}: taken as sound, with the spread of tissue that may be changed")
    data: dict[str, Any] = {"name": f"{tooth_name(fdi)} {fdi} {letter}, {site}, of {case.pseudonym}", "parameters": {}}
    data["tissue"] = _tissue(finding, site, assumed)
    data["thickness"] = _thickness(fdi, data["tissue"], finding, assumed)
    if data["tissue"] == "human enamel" and (why := _may_be_changed(case, record, finding)):
        assumed.append(why)
        data["parameters"] |= _between_sound_and_hypomineralised()
    _add_genotype(case, data, record, finding, assumed)
    if finding is not None and (finding.is_carious or UNKNOWN not in (finding.lesion_depth, finding.integrated_mineral_loss)):
        _add_lesion(data, finding, assumed)
    data["thickness"] = f"{data['thickness']:.6g} um"
    if why := _keeps_plaque(letter, finding):
        plaque = load_set("mouth").value("plaque.thickness") * 1e3
        data["biofilm"] = {"thickness": f"{plaque:.6g} um"}
        assumed.append(f"plaque {plaque:g} µm thick on it, because {why}")
    return parse_specimen(data, where=data["name"]), assumed


def _keeps_plaque(letter: str, finding: Finding | None) -> str:
    """Say why there is plaque on a surface, ``""`` when it is clean: not where a lesion is inactive."""
    if finding is not None and finding.activity == "inactive":
        return ""
    if finding is not None and finding.activity == "active":
        return "its lesion is active"
    return "brushes do not reach between teeth" if letter in APPROXIMAL else ""


def _must_be_there(fdi: int, letter: str, record: Tooth, site: Site) -> list[str]:
    if record.status in ABSENT:
        raise RecordError(f"tooth {fdi} is {record.status}", where=f"teeth.{fdi}", fix="name a tooth with tissue in the mouth")
    if record.status == "root remnant" and site == "crown":
        raise RecordError(f"tooth {fdi} has no crown left", where=f"teeth.{fdi}", fix="ask for its root")
    for restoration in record.restorations:
        if site == "crown" and letter in restoration.surfaces and restoration.condition != "lost":
            what = f"surface {letter} of tooth {fdi} is covered by a {restoration.kind}"
            raise RecordError(what, where=f"teeth.{fdi}.restorations", fix="name a surface of its own tissue")
    return [f"nobody says whether tooth {fdi} is there: taken as present"] if record.status == UNKNOWN else []


def _tissue(finding: Finding | None, site: Site, assumed: list[str]) -> str:
    if site == "root":
        return "root"
    if finding is None:
        return "human enamel"
    code = finding.icdas if finding.icdas != UNKNOWN else 0
    if code >= CAVITY or finding.defect == "post-eruptive breakdown":
        reason = "breakdown" if code < CAVITY else f"ICDAS {code}"
        assumed.append(f"the enamel is lost ({reason}): what is exposed is taken as dentine without a lesion of its own")
        return "dentine"
    return "hypomineralised enamel" if finding.defect in HYPOMINERALISED else "human enamel"


def _thickness(fdi: int, tissue: str, finding: Finding | None, assumed: list[str]) -> float:
    """Return the thickness of the tissue [µm]."""
    kind = "dentine" if tissue in ("dentine", "root") else "enamel"
    age = {"dentine": ("dentine", "dentine_primary"), "enamel": ("enamel_permanent", "enamel_primary")}[kind][is_primary(fdi)]
    tissues = load_set("tissues")
    thickness = tissues.value(f"thickness.{age}")
    if kind == "enamel" and finding is not None and finding.defect == "hypoplasia":
        thickness *= tissues.value("thickness.hypoplasia")
        assumed.append("hypoplastic enamel is taken as half as thick as usual")
    assumed.append(f"{kind} {thickness:g} µm thick, because nobody measured it")
    return thickness


def _defect(record: Tooth, finding: Finding | None) -> str:
    """Return what was seen of the enamel of a surface."""
    return finding.defect if finding is not None else ("none" if record.other_surfaces == "sound" else UNKNOWN)


def _acting(case: Case, tissue: str) -> list[GeneFinding]:
    """Return the genes of a case that may have changed a tissue."""
    found = genotype_of_case(case)
    touched = {name for c in found.classes(tissue) for name in c.genes}
    return [f for f in found.findings if f.gene.name in touched]


def _add_genotype(case: Case, data: dict[str, Any], record: Tooth, finding: Finding | None, assumed: list[str]) -> None:
    """Widen the parameters of a tissue by what variants may have made of it, where nobody saw what they made."""
    tissue = {"human enamel": "enamel", "dentine": "dentine", "root": "dentine"}.get(data["tissue"])
    if tissue is None or (tissue == "enamel" and _defect(record, finding) != UNKNOWN):
        return
    if not (acting := _acting(case, tissue)):
        return
    priors = genotype_of_case(case).priors(data["tissue"])
    data["parameters"] |= {name: {"value": p.value, "low": p.low, "high": p.high} for name, p in priors.items()}
    names = " and ".join(f.gene.name for f in acting)
    likely = ", ".join(f"{f.acts.value:.2g} ({f.acts.low:.2g} to {f.acts.high:.2g})" for f in acting)
    assumed.append(
        f"a variant in {names} may have changed the {tissue}, with a probability of {likely}: {', '.join(priors)} from it"
    )


def _may_be_changed(case: Case, record: Tooth, finding: Finding | None) -> str:
    """Say why enamel may be hypomineralised although nobody recorded it, ``""`` when there is no reason."""
    defect = _defect(record, finding)
    if defect == "diffuse opacity":
        return "a diffuse opacity is enamel of unknown porosity: from sound to hypomineralised"
    if defect == UNKNOWN and _acting(case, "enamel"):
        return ""  # told with the genotype
    if defect == UNKNOWN:
        return "nobody says whether the enamel has a defect: porosity and mineral from sound to hypomineralised"
    return ""


def _between_sound_and_hypomineralised() -> dict[str, dict[str, float]]:
    """Return ranges that reach from the best sound enamel to the worst hypomineralised one, sound enamel being the likeliest."""
    tissues = load_set("tissues")
    ranges = {}
    for name in ("porosity", "sound_mineral"):
        sound, changed = tissues[f"human_enamel.{name}"], tissues[f"hypomineralised_enamel.{name}"]
        low, high = min(sound.low, changed.low), max(sound.high, changed.high)
        ranges[name] = {"value": sound.value, "low": low, "high": high}
    room = 1.0 - ranges["sound_mineral"]["high"]  # so that no member has more than its volume
    ranges["porosity"]["high"] = min(ranges["porosity"]["high"], room)
    return ranges


def _add_lesion(data: dict[str, Any], finding: Finding, assumed: list[str]) -> None:
    """Add the lesion of a finding to a specimen, measured or guessed from how deep it was seen to be."""
    if data["tissue"] == "dentine":  # exposed by the loss of enamel; the record says nothing of the dentine itself
        return
    lesion: dict[str, Any] = {}
    low = high = depth = _depth(data, finding, assumed)
    if isinstance(depth, Parameter):
        low, depth, high = (max(SHALLOWEST, share * data["thickness"]) for share in (depth.low, depth.value, depth.high))
        data["parameters"]["lesion.depth"] = {"value": depth, "low": low, "high": high}
    lesion["depth"] = f"{depth:.10g} um"
    if finding.integrated_mineral_loss not in (UNKNOWN, 0):
        lesion["integrated_mineral_loss"] = f"{finding.integrated_mineral_loss:g} vol%·um"
        data["parameters"].pop("lesion.depth", None)  # one loss does not fit every depth, nor every surface layer
        _add_surface_layer(data, lesion, depth, assumed, loss=finding.integrated_mineral_loss)
    else:
        _add_surface_layer(data, lesion, low, assumed)
        body = load_set("tissues")["lesion.body_mineral"]
        lesion["body_mineral"] = body.value
        data["parameters"]["lesion.body_mineral"] = {"value": body.value, "low": body.low, "high": body.high}
        assumed.append(f"the body of the lesion keeps {100 * body.low:g} to {100 * body.high:g} % of sound mineral")
    data["lesion"] = lesion


def _add_surface_layer(
    data: dict[str, Any], lesion: dict[str, Any], shallowest: float, assumed: list[str], *, loss: float | None = None
) -> None:
    """Add a typical surface layer, unless the measured loss [vol%·µm] leaves no room for one."""
    tissues = load_set("tissues")
    layer, mineral = tissues["lesion.surface_layer"], tissues["lesion.surface_mineral"]
    thickness = min(layer.value, LAYER_OF_LESION * shallowest)
    if loss is not None:
        ranges, tissue = data["parameters"], data["tissue"].replace(" ", "_")
        least = ranges.get("sound_mineral", {}).get("low") or tissues[f"{tissue}.sound_mineral"].low
        most = ranges.get("sound_mineral", {}).get("high") or tissues[f"{tissue}.sound_mineral"].high
        try:
            for sound in (least, most):
                body_for_loss(loss / 100.0 / sound, shallowest, layer=thickness, surface=mineral.value)
        except RecordError:
            assumed.append("no surface layer, because depth and mineral loss leave no room for one")
            return
        lesion |= {"surface_layer": f"{thickness:.10g} um", "surface_mineral": mineral.value}
        assumed.append(f"a surface layer of {thickness:.3g} µm with {100 * mineral.value:g} % of sound mineral")
        return
    lesion |= {"surface_layer": f"{thickness:.10g} um", "surface_mineral": mineral.value}
    data["parameters"]["lesion.surface_mineral"] = {"value": mineral.value, "low": mineral.low, "high": mineral.high}
    assumed.append(f"a surface layer of {thickness:.3g} µm with {100 * mineral.low:g} to {100 * mineral.high:g} % of sound mineral")


def _depth(data: dict[str, Any], finding: Finding, assumed: list[str]) -> float | Parameter:
    """Return the measured depth of a lesion [µm], or what share of the tissue it takes when it was only seen."""
    tissues, thickness = load_set("tissues"), data["thickness"]
    if finding.lesion_depth not in (UNKNOWN, 0):
        if finding.lesion_depth > thickness:
            assumed.append(
                f"the lesion is {finding.lesion_depth:g} µm deep: only the {thickness:g} µm in this tissue are looked at"
            )
        return float(min(finding.lesion_depth, thickness))
    if finding.site == "root":
        if finding.icdas_root == ROOT_CAVITY:
            assumed.append("the root has a cavity: the tissue below it is taken with a lesion of unknown depth")
        name = "root_1" if finding.icdas_root == 1 else "unknown"
    elif finding.radiograph in ("D1", "D2", "D3") or finding.icdas == CAVITY - 1:
        assumed.append("the lesion reaches dentine: only its part in the enamel is looked at, all of which it takes")
        return float(thickness)
    elif finding.radiograph in ("E1", "E2"):
        name = finding.radiograph
    else:
        name = f"icdas_{finding.icdas}" if finding.icdas in (1, 2, 3) else "unknown"
    share = tissues[f"lesion_depth.{name}"]
    seen = {"unknown": "no score of depth", "root_1": "root code 1"}.get(name, name.replace("icdas_", "ICDAS "))
    assumed.append(
        f"a lesion {thickness * share.low:.0f} to {thickness * share.high:.0f} µm deep, because {seen} is all that is known"
    )
    return share
