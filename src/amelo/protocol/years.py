"""From a whole tooth as a protocol leaves it to the years that follow: what the twin carries, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.patient import flags
from amelo.forecast.stages.chain import STAGES
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.teeth import surfaces
from amelo.records.tooth import Finding
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.mouth import mouth_of
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.strength import strength_of
from amelo.twin.tooth.twin import ToothTwin
from amelo.years import Projection, Start, Surface, Weights, project

__all__ = ["let_through", "projected", "relative_activity", "start_of"]

ADULT = 40.0  # years, where nobody says how old
MATERIALS = {
    "glass ionomer": "glass_ionomer",
    "resin-modified glass ionomer": "resin_modified",
    "amalgam": "amalgam",
    "calcium silicate": "calcium_silicate",
}
CROWNS = {"zirconia": "crown_zirconia", "ceramic": "crown_ceramic", "gold": "gold"}
CAPS = ("calcium silicate", "calcium hydroxide")
CARRIED = ("fluoride paste", "fluoride rinse", "blocked pores", "sealed")  # mechanisms that the twin's numbers hold already
FASTEST = 10.0  # times the activity of the natural history, beyond which nothing is known


def projected(twin: ToothTwin, tooth: WholeTooth, *, years: float = 10.0, seed: int = 0) -> Projection | None:
    """Return what follows over years, None for a tooth that is no more or a primary one.

    Arguments: twin; tooth as treatment left it; years; seed.
    """
    if not tooth.present or tooth.constants.owner.primary:
        return None
    bare = tooth.restored is None and bool(tooth.open_floor.mean() > 0.5)
    weights = Weights.default(arrested=load_set("years").value("weight.open_cavity")) if bare else None
    return project(start_of(twin, tooth), years, seed=seed, weights=weights)


def start_of(twin: ToothTwin, tooth: WholeTooth) -> Start:
    """Return a tooth as the projection takes it.

    Assumptions: someone of unknown age is 40; a lesion goes as much faster than in the natural history as this mouth takes more from a bare surface
    than a typical one, times what of it a seal, a margin or resin in the pores lets through; loss of the pulp is told by the twin, so that no
    diagnosis counts again; a bare pulp that nothing caps does as one under hydroxide.
    """
    restored = tooth.restored
    sealed = restored is not None and restored.kind in ("sealant", "infiltration")
    material, covers = "", 1
    if restored is not None and not sealed:
        material, covers = _material(tooth), max(1, min(5, len(restored.surfaces)))
    crowned = material.startswith("crown") or (material == "gold" and covers == 5)
    cut = tooth.books.get("tissue_removed", np.zeros(tooth.members)) > 0.0
    exposed = tooth.exposed > 0.0
    first = np.minimum((tooth.left <= 0.0).sum(axis=1), tooth.cells - 1)
    at_floor = tooth.total[np.arange(tooth.members), first]
    leak, bond = _margin(tooth, material)
    age = tooth.constants.owner.age
    told = _told(twin, tooth, ADULT if age is None else age)
    return Start(
        members=tooth.members,
        age=ADULT if age is None else age,
        tooth=tooth.constants.owner.tooth,
        surfaces=() if crowned else tuple(_surfaces(twin, tooth, material != "")),
        material=material,
        covers=covers,
        bond=bond,
        leak=leak,
        margin_activity=relative_activity(tooth) if material else 1.0,
        root_treated=tooth.rooted,
        collapsed=np.where(tooth.rooted, 0.0, tooth.pulp_lost.astype(float)),
        damage=np.where(tooth.rooted, 0.0, np.minimum(tooth.pulp_state("damage"), 1.0)),
        residual=np.where(
            (cut | (tooth.open_floor & (material != ""))) & ~np.full(tooth.members, tooth.rooted), tooth.residual, np.inf
        ),
        exposed=exposed & ~np.full(tooth.members, tooth.rooted),
        cap=_cap(tooth) if exposed.any() and not tooth.rooted else "",
        carious_left=np.where(tooth.open_floor & (material != ""), np.clip(1.0 - at_floor / 0.95, 0.0, 1.0), 0.0),
        strength=np.maximum(strength_of(tooth)[0], 2e-3),
        periodontal=told["periodontal"],
        flags={"medical": told["medical"]},
        effects=tuple(sorted(tooth.effects)),
        carried=CARRIED,
    )


def relative_activity(tooth: WholeTooth) -> np.ndarray:
    """Return how much faster lesions go than in the natural history (M,), from what this mouth takes from the tissue at the floor.

    Assumptions: hazards answer to what a mouth takes, over what a typical one does, with an exponent below 1; an arrested lesion goes nowhere.
    """
    from amelo.twin.activity import typical_activity

    usual = {tissue: typical_activity(tissue) for tissue in ("enamel", "dentine")}
    faster = np.where(
        tooth.open_floor,
        usual["dentine"].ratios(tooth.activity, usual["dentine"]),
        usual["enamel"].ratios(tooth.activity, usual["enamel"]),
    )
    arrested = np.asarray(tooth.books.get("arrested", 0.0)) > 0.0
    return np.where(arrested, 0.0, np.clip(faster ** load_set("years").value("activity.exponent"), 0.0, FASTEST))


def _material(tooth: WholeTooth) -> str:
    """Return what restores a tooth in the words of the posterior of restorations."""
    restored = tooth.restored
    if restored.temporary or restored.kind == "temporary":
        return "temporary"
    if restored.kind == "crown":
        return CROWNS.get(restored.material, "crown_metal_ceramic")
    if restored.kind in ("inlay", "onlay"):
        return "gold" if restored.material == "gold" else "inlay"
    return MATERIALS.get(restored.material, "composite")


def _margin(tooth: WholeTooth, material: str) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Return leak and bond over those of an ordinary restoration of its kind."""
    if not material:
        return 1.0, 1.0
    steps = load_set("steps").value
    kind = {
        "glass_ionomer": "glass_ionomer",
        "resin_modified": "glass_ionomer",
        "amalgam": "amalgam",
        "temporary": "temporary",
    }.get(material)
    kind = kind or ("composite" if material == "composite" else "indirect")
    usual = {"composite": "etched", "glass_ionomer": "glass_ionomer", "indirect": "cemented"}.get(kind)
    bond = 1.0 if usual is None else np.clip(tooth.bond / steps(f"bond.{usual}"), 0.05, 1.5)
    return tooth.leak / steps(f"leak.{kind}"), bond


def _cap(tooth: WholeTooth) -> str:
    """Return what covers a bare pulp."""
    if "pulpotomy" in tooth.books:
        return "pulpotomy"
    return tooth.lined if tooth.lined in CAPS else "calcium hydroxide"


def _surfaces(twin: ToothTwin, tooth: WholeTooth, filled: bool) -> list[Surface]:
    """Return the surfaces that may decay: that of the lesion where nothing fills it, and the others as the case has them."""
    owner, record = tooth.constants.owner, twin.case.tooth(tooth.constants.owner.tooth)
    covered = tooth.restored.surfaces if filled and tooth.restored is not None else frozenset()
    found = []
    for letter in surfaces(owner.tooth):
        if letter in covered or (letter in tooth.gone and letter != owner.surface):
            continue
        if letter == owner.surface:
            found.append(Surface(letter, _stage_now(tooth), relative_activity(tooth) * let_through(tooth)))
            continue
        finding = next((f for f in record.findings if f.surface == letter and f.site == "crown"), None)
        found.append(Surface(letter, _stage_of(finding), _other_activity(twin, tooth, letter)))
    return found


def let_through(tooth: WholeTooth) -> np.ndarray:
    """Return the share of what a bare lesion would lose that still goes (M,): by its seal, and by the resin in its pores.

    Assumptions: fluid passes the cells of the lesion one after the other; a share of pores that is filled takes away the diffusivity with
    the exponent of porosity.
    """
    c = tooth.constants
    sick = (tooth.total < 0.98) & (tooth.left > 0.0)
    open_ = np.maximum(1.0 - tooth.filled, 1e-3) ** c["porosity_exponent"][:, None]
    length = (tooth.thickness * sick).sum(axis=1)
    resisted = (tooth.thickness * sick / open_).sum(axis=1)
    through = np.where(length > 0.0, length / np.where(resisted > 0.0, resisted, 1.0), 1.0)
    return through * tooth.access


def _stage_now(tooth: WholeTooth) -> np.ndarray:
    """Return the stage of a lesion (M,) as a code of ``STAGES``, by how deep it goes, what is lost of it included."""
    first = tooth.constants.dentine_from
    edges = tooth.edges
    enamel = edges[:, first]
    sick = ((tooth.total[:, :first] < 0.95) * tooth.widths[:, :first]).sum(axis=1)
    inside = lesion_depth(tooth) + np.maximum(tooth.floor - enamel, 0.0)
    dentine = edges[:, -1] - enamel
    stage = np.where(sick > 0.0, np.where(sick > 0.5 * enamel, STAGES.index("E2"), STAGES.index("E1")), 0)
    deep = np.minimum(STAGES.index("D1") + np.floor(3.0 * inside / dentine).astype(int), STAGES.index("D3"))
    return np.where(inside > 0.0, deep, stage)


def _stage_of(finding: Finding | None) -> str:
    """Return the stage of another surface as it was charted."""
    if finding is None or not finding.is_carious:
        return "sound"
    if finding.radiograph in ("E1", "E2", "D1", "D2", "D3"):
        return finding.radiograph
    code = finding.icdas if finding.icdas != UNKNOWN else 0
    return {1: "E1", 2: "E2", 3: "E2", 4: "D1", 5: "D2", 6: "D3"}.get(code, "sound")


def _other_activity(twin: ToothTwin, tooth: WholeTooth, letter: str) -> np.ndarray:
    """Return the activity of another surface, over that of a typical mouth."""
    mouth = mouth_of(twin.case, twin.tooth, letter)
    rates = mouth.rates(tooth.habits, tooth.constants.draws)
    elsewhere = replace(
        tooth, attack_enamel=np.asarray(rates["enamel"]), attack_dentine=np.asarray(rates["dentine"]), left=np.ones_like(tooth.left)
    )
    return relative_activity(elsewhere)


def _told(twin: ToothTwin, tooth: WholeTooth, age: float) -> dict[str, np.ndarray]:
    """Return by name whether something of the patient that studies of restorations found to matter holds (M,); drawn where nobody says.

    Assumptions: caries risk is left out, because what the mouth takes from a margin says it.
    """
    luck = np.stack([tooth.constants.draws.uniform(f"patient.{k}") for k in range(3)])
    found = flags(twin.case, np.full(tooth.members, age), luck, find_model("restorations")["constants"])
    return {flag.name: flag.holds for flag in found}
