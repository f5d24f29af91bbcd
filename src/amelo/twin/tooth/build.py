"""A tooth of a patient's case as a whole tooth: its geometry, its lesion, its pulp, and in sentences what was not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import is_primary, surfaces, tooth_class
from amelo.records.teeth import surface as surface_letter
from amelo.records.teeth import tooth as fdi_of
from amelo.records.tooth import Finding
from amelo.records.tooth import Tooth as Record
from amelo.twin.pulp.constants import Pulps
from amelo.twin.tooth.constants import Constants, Mouth, Owner, drawn, no_mouth
from amelo.twin.tooth.draws import Draws
from amelo.twin.tooth.entry import pulps_at_entry
from amelo.twin.tooth.genotype import responses_of, structures_of
from amelo.twin.tooth.restored import NEAREST, cavity_under, covered_by, recorded_floor
from amelo.twin.tooth.state import WholeTooth

__all__ = ["COARSE_CELLS", "FINE_CELLS", "Built", "whole_tooth"]

ABSENT = ("missing", "implant", "pontic", "unerupted", "root remnant")
COARSE_CELLS, FINE_CELLS = (3, 15), (6, 36)  # of enamel, of dentine
MOST_BETWEEN = 1.15  # mineral between fibrils over that of sound dentine, in any dentine that is formed
THINNEST = 0.25e-3  # m of dentine between enamel and pulp, in any tooth
POINTS = 9  # in a cell, over which a profile is averaged
OTHER_SETS = {
    "free_diffusivity": "transport/free_diffusivity",
    "porosity_exponent": "transport/porosity_exponent",
    "collagen.protected_above": "kinetics/collagen.protected_above",
    "lesion.body_mineral": "tissues/lesion.body_mineral",
    "lesion.E1": "tissues/lesion_depth.E1",
    "lesion.E2": "tissues/lesion_depth.E2",
    "lesion.icdas_1": "tissues/lesion_depth.icdas_1",
    "lesion.icdas_2": "tissues/lesion_depth.icdas_2",
    "lesion.icdas_3": "tissues/lesion_depth.icdas_3",
}


class Built(NamedTuple):
    """A whole tooth, and what had to be assumed in sentences."""

    tooth: WholeTooth
    assumed: list[str]


@dataclass(frozen=True, eq=False)
class _Lesion:
    """Where a lesion lies in each member (M,) [m] below the outer surface: top, floor and front; infected, opening [m]; told."""

    floor: np.ndarray
    front: np.ndarray
    infected: np.ndarray
    opening: np.ndarray


def whole_tooth(
    case: Case,
    tooth: int | str,
    surface: str | None = None,
    *,
    members: int = 1,
    seed: int = 0,
    cells: tuple[int, int] = COARSE_CELLS,
    mouth: Mouth = no_mouth,
) -> Built:
    """Return a tooth of a case, under its deepest lesion or the one of a surface.

    Arguments: case; tooth (FDI number); surface (letter, None for the one that reaches deepest); members and seed of the ensemble;
    cells of enamel and of dentine; mouth (what it takes from bare enamel and dentine, as ``Constants`` has it).
    Raises: RecordError for a tooth that is not there or a surface it does not have.
    Assumptions: one axis, from the outer surface over the lesion to the pulp; what is not recorded is drawn from the set ``tooth``.
    """
    fdi = fdi_of(tooth)
    record = case.tooth(fdi)
    if record.status in ABSENT:
        raise RecordError(f"tooth {fdi} is {record.status}", where=f"teeth.{fdi}", fix="name a tooth with a crown in the mouth")
    assumed = [f"nobody says whether tooth {fdi} is there: taken as present"] if record.status == UNKNOWN else []
    finding = _finding(fdi, record, surface)
    letter = finding.surface if finding is not None else surface_letter(fdi, surface or surfaces(fdi)[1])
    draws = Draws(seed, np.arange(members))
    values = drawn(OTHER_SETS, members, seed)
    values |= {
        "collagen.decay_rate": np.full(members, load_set("kinetics").value("collagen.decay_rate")),
        "payload.release": np.zeros(members),
    }
    factors = {}
    for tissue in ("enamel", "dentine"):
        factors[tissue], told = structures_of(case, tissue, draws)
        assumed += told
        values |= {f"{tissue}.{name}": value for name, value in factors[tissue].items()}
    values["dentine.between"] = _between(values)
    values["crown.width"] = values["crown.width"] * {"premolar": values["crown.premolar"], "molar": 1.0}.get(
        tooth_class(fdi), values["crown.incisor"]
    )
    thickness = _thicknesses(fdi, letter, record, finding, values, draws, assumed)
    lesion = _lesion(letter, finding, record, thickness, values, assumed)
    widths = np.concatenate(
        [
            np.repeat(thickness[name][:, None] / count, count, axis=1)
            for name, count in zip(("enamel", "dentine"), cells, strict=True)
        ],
        axis=1,
    )
    reacts, answer, told = responses_of(case, draws)
    assumed += told if any("unknown" in s or "respon" in s for s in told) and case.genotype is not None else []
    pulps = Pulps.drawn(members, seed, "hypothetical" if _engineered(case) else "ordinary")
    pulps = _central(pulps).changed({"inflammation.by_carriers": answer["gain"]})
    values["efficacy"] = answer["efficacy"]
    if _engineered(case):
        values |= drawn(None, members, seed, sets=("tooth-hypothetical",))
        assumed.append("dentine that answers carriers, in one of two ways: hypothetical, invented for the founding case")
    tissues = load_set("tissues")
    owner = Owner(fdi, letter, _age(case), is_primary(fdi), {"diagnosis": record.pulp_diagnosis, "mobility": record.mobility})
    constants = Constants(
        values, pulps, draws, owner, reacts, cells[0],
        np.repeat([tissues.value("human_enamel.sound_mineral"), tissues.value("dentine.sound_mineral")], cells),
        np.repeat([tissues.value("human_enamel.porosity"), tissues.value("dentine.porosity")], cells),
        mouth,
    )  # fmt: skip
    found = _laid_out(widths, lesion, constants, finding)
    restored, leak, bond = covered_by(letter, record, values, assumed)
    taken = mouth({}, draws)
    found = replace(
        found,
        attack_enamel=np.asarray(taken["enamel"], float),
        attack_dentine=np.asarray(taken["dentine"], float),
        restored=restored,
        leak=leak,
        bond=bond,
        access=leak,
        gone=_gone(record, letter, finding),
        rooted=record.root_treated is True or record.pulp_diagnosis in ("previously treated", "previously initiated therapy"),
    )
    found, told = pulps_at_entry(found, record.pulp_diagnosis)
    return Built(found, [*assumed, *told])


def _between(values: dict[str, np.ndarray]) -> np.ndarray:
    """Return the mineral between fibrils (M,) over that of sound dentine, from all mineral and what fibrils hold of it."""
    share, within = values["intrafibrillar.share"], np.minimum(values["dentine.intrafibrillar_mineral"], 1.0)
    return np.clip((values["dentine.sound_mineral"] - share * within) / (1.0 - share), 0.0, MOST_BETWEEN)


def _finding(fdi: int, record: Record, surface: str | None) -> Finding | None:
    """Return the finding that a tooth is looked at for: that of a surface, or the one that reaches deepest."""
    if surface is None:
        return record.worst if record.worst is None or record.worst.site == "crown" else None
    letter = surface_letter(fdi, surface)
    return next((f for f in record.findings if f.surface == letter and f.site == "crown"), None)


def _age(case: Case) -> float | None:
    """Return the middle of the age band [years], None where it is unknown."""
    if case.age_band == UNKNOWN:
        return None
    low, high = case.age_band.split("-")
    return 0.5 * (float(low) + float(high))


def _engineered(case: Case) -> bool:
    """Whether a variant of a case is marked as hypothetical, so that the invented pulp belongs to it."""
    genotype = case.genotype
    return genotype not in (None, UNKNOWN) and any(v.grade == "hypothetical" for v in genotype.variants)


def _central(pulps: Pulps) -> Pulps:
    """Return pulps of which the first has the values themselves."""
    values = pulps.values.copy()
    values[:, 0] = Pulps.named(pulps.profile).values[:, 0]
    return Pulps(values, pulps.profile)


def _thicknesses(
    fdi: int, letter: str, record: Record, finding: Finding | None, values: dict[str, np.ndarray], draws: Draws, assumed: list[str]
) -> dict[str, np.ndarray]:
    """Return the thickness (M,) [m] of enamel and of dentine along the axis of the lesion."""
    place = "primary" if is_primary(fdi) else ("occlusal" if letter == "O" else "smooth")
    enamel = values[f"enamel.{place}"] * values["enamel.thickness"]
    if finding is not None and finding.defect == "hypoplasia":
        enamel = enamel * load_set("tissues").value("thickness.hypoplasia")
    dentine, grown = values[f"dentine.{place}"], values["dentine.pulp_size"]
    left, deep = record.residual_dentine, finding.lesion_depth if finding is not None else UNKNOWN
    filled = recorded_floor(letter, record)
    if left != UNKNOWN and (filled or (finding is not None and finding.is_carious)):
        seen = np.maximum(1e-3 * left + values["image.error"] * draws.normal("image.residual"), 0.05e-3)
        values["residual.seen"] = np.full(len(seen), 1e-3 * left)
        values["residual.true"] = seen
        assumed.append(
            f"residual dentine {left:g} mm as recorded, within {1e3 * values['image.error'][0]:.1g} mm (standard deviation) of it"
        )
        reached = max(filled, 0.0 if deep == UNKNOWN else 1e-6 * deep)
        if reached:
            dentine = np.maximum(reached - enamel, 0.3e-3) + seen
        return {"enamel": enamel, "dentine": np.maximum(dentine, seen + 0.2e-3)}
    if finding is not None and finding.is_carious:  # an image shows the roof of the pulp, and its horns come nearer
        values["dentine.shown"] = np.maximum(dentine - values["pulp.roof"] * (grown - 1.0), THINNEST)
        dentine = dentine - values["pulp.horn"] * grown
    dentine = np.maximum(dentine - values["pulp.roof"] * (grown - 1.0), THINNEST)  # what a larger pulp takes
    if deep not in (UNKNOWN, 0) and finding is not None:
        dentine = np.maximum(dentine, 1e-6 * deep - enamel + NEAREST)
    if filled:
        dentine = np.maximum(dentine, filled - enamel + NEAREST)
    assumed.append(
        f"enamel {1e3 * enamel[0]:.2g} mm and dentine {1e3 * dentine[0]:.2g} mm along the axis, because nobody measured them"
    )
    return {"enamel": enamel, "dentine": dentine}


def _lesion(
    letter: str,
    finding: Finding | None,
    record: Record,
    thickness: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    assumed: list[str],
) -> _Lesion:
    """Return where a lesion lies, under what restores the surface."""
    enamel, dentine = thickness["enamel"], thickness["dentine"]
    none = np.zeros(len(enamel))
    broken = finding is not None and finding.defect == "post-eruptive breakdown"
    if finding is None or not finding.is_carious:
        cavity, width = cavity_under(letter, record, finding, none, thickness, values, assumed)
        floor = np.maximum(enamel if broken else none, cavity)
        return _Lesion(floor, floor, none, width)
    code = finding.icdas if finding.icdas != UNKNOWN else 0
    if "residual.true" in values:
        front = enamel + dentine - values["residual.true"]
    elif finding.lesion_depth not in (UNKNOWN, 0):
        front = np.minimum(np.full(len(enamel), 1e-6 * finding.lesion_depth), enamel + dentine - NEAREST)
    elif finding.radiograph in ("D1", "D2", "D3"):
        front = np.minimum(enamel + values[f"stage.{finding.radiograph}"] * values["dentine.shown"], enamel + dentine - NEAREST)
    elif finding.radiograph in ("E1", "E2"):
        front = values[f"lesion.{finding.radiograph}"] * enamel
    elif code >= 4:
        front = enamel + values[f"stage.icdas_{code}"] * dentine
        assumed.append(
            f"the lesion reaches {100 * values[f'stage.icdas_{code}'][0]:.0f} % of the dentine, because ICDAS {code} is all that is known"
        )
    else:
        front = values[f"lesion.icdas_{max(code, 1)}"] * enamel
        assumed.append(
            f"the lesion reaches {100 * values[f'lesion.icdas_{max(code, 1)}'][0]:.0f} % of the enamel, because nothing else is known"
        )
    inside = np.maximum(front - enamel, 0.0)
    lost = values[f"cavity.icdas_{code}"] if code >= 5 else none
    floor = np.where(lost > 0.0, enamel + lost * inside, enamel if broken else 0.0)
    cavity, width = cavity_under(letter, record, finding, front, thickness, values, assumed)
    floor = np.maximum(floor, cavity)
    front = np.maximum(front, floor)
    invaded = code >= 3 or finding.radiograph in ("D2", "D3")
    top = np.maximum(enamel, floor)
    infected = np.where(inside > 0.0, top + values["lesion.infected"] * (front - top), 0.0) if invaded else none
    if not invaded and (inside > 0.0).any():
        assumed.append("no bacteria in the dentine under closed enamel")
    opening = values.get(f"opening.icdas_{code}", none) if code in (3, 5, 6) else (values["opening.icdas_3"] if code == 4 else none)
    return _Lesion(floor, front, infected, np.maximum(opening, width))


def _laid_out(widths: np.ndarray, lesion: _Lesion, constants: Constants, finding: Finding | None) -> WholeTooth:
    """Return a tooth whose cells hold the means of what a lesion looks like."""
    members, count = widths.shape
    edges = np.concatenate([np.zeros((members, 1)), np.cumsum(widths, axis=1)], axis=1)
    junction = edges[:, constants.dentine_from]
    at = edges[:, :-1, None] + widths[:, :, None] * (np.arange(POINTS) + 0.5) / POINTS  # (M, N, points)
    front, floor = lesion.front[:, None, None], lesion.floor[:, None, None]
    top = np.maximum(junction[:, None, None], floor)
    relative = np.clip((at - top) / np.maximum(front - top, 1e-9), 0.0, 1.0)
    low, bend = constants["lesion.floor_mineral"][:, None, None], constants["lesion.curvature"][:, None, None]
    sick = at < front
    dentine = np.where(sick, low + (1.0 - low) * relative**bend, 1.0)
    enamel = np.where(sick, constants["lesion.body_mineral"][:, None, None], 1.0)
    in_dentine = np.zeros((1, count, 1), bool)
    in_dentine[:, constants.dentine_from :] = True
    there = (at >= floor).mean(axis=2)
    kept = np.where(at >= floor, 1.0, 0.0)

    def mean(values: np.ndarray) -> np.ndarray:
        """Return the mean over what is there of each cell (M, N)."""
        return (values * kept).sum(axis=2) / np.maximum(kept.sum(axis=2), 1.0)

    mineral = mean(np.where(in_dentine, dentine, enamel))
    mineral = np.where(there > 0.0, mineral, 1.0)
    reached = lesion.infected[:, None, None]
    bacteria = mean(np.where(in_dentine & (at < reached), 1.0, 0.0))
    bare = 1.0 - mineral / constants["collagen.protected_above"][:, None]
    organic = np.where(in_dentine[:, :, 0], 1.0 - np.clip(bare, 0.0, 1.0) * bacteria, 0.0)
    inner = np.where(in_dentine[:, :, 0], mineral, 1.0)
    e, d = constants["enamel.sound_mineral"][:, None], constants["dentine.between"][:, None]
    mineral = np.clip(mineral * np.where(in_dentine[:, :, 0], d, e), 0.0, MOST_BETWEEN)
    inner = np.where(in_dentine[:, :, 0], inner * np.minimum(constants["dentine.intrafibrillar_mineral"], 1.0)[:, None], 1.0)
    nothing, zero = np.zeros((members, count)), np.zeros(members)
    return WholeTooth(
        time=0.0, widths=widths, left=there, mineral=mineral, inner=inner, organic=organic, bacteria=bacteria * (there > 0.0), filled=nothing,
        payload=nothing, antimicrobial=nothing, opening=np.array(lesion.opening), access=np.ones(members), attack_enamel=zero, attack_dentine=zero, tertiary=zero, exposed=zero,
        carriers=zero, smear=zero, bond=zero, leak=np.ones(members), strained=zero, conductance=np.ones(members), pulp=constants.pulps.rest(), constants=constants,
        books={"stimulated": np.full(members, -1e12)},
    )  # fmt: skip


def _broken(finding: Finding) -> bool:
    """Whether a surface has lost its enamel: to caries, or because it broke away."""
    return finding.defect == "post-eruptive breakdown" or (finding.icdas != UNKNOWN and finding.icdas >= 5)


def _gone(record: Record, letter: str, finding: Finding | None) -> frozenset[str]:
    """Return the surfaces that are not the tooth's own any more: cavities and restorations."""
    open_ = {f.surface for f in record.findings if f.site == "crown" and _broken(f)}
    covered = {s for r in record.restorations if r.kind not in ("sealant", "infiltration") for s in r.surfaces}
    return frozenset(open_ | covered)
