"""What a charted restoration is to the model: the materials it may be made of, or why nothing is published for it."""

from __future__ import annotations

from typing import Any

from amelo.records.base import UNKNOWN
from amelo.records.teeth import is_primary
from amelo.records.tooth import Restoration, Tooth

__all__ = ["FAILED", "failed_already", "materials_of", "no_figures"]

FAILED = ("secondary caries", "fractured", "lost")
CROWNS = {"metal-ceramic": "crown_metal_ceramic", "ceramic": "crown_ceramic", "zirconia": "crown_zirconia", "gold": "gold"}
INDIRECT = {"ceramic": "inlay", "zirconia": "inlay", "composite": "inlay", "gold": "gold"}
DIRECT = {
    "composite": "composite",
    "resin": "composite",
    "amalgam": "amalgam",
    "glass ionomer": "glass_ionomer",
    "resin-modified glass ionomer": "resin_modified",
    "compomer": "resin_modified",
    "ceramic": "inlay",
    "gold": "gold",
    "calcium silicate": "calcium_silicate",
}
Materials = tuple[tuple[str, float], ...]


def materials_of(restoration: Restoration, constants: dict[str, Any]) -> Materials:
    """Return the materials of the model that this restoration may be, each with its chance; one when it was written down.

    Arguments: restoration, constants (``unknown.*``: chances of each material where none was written down).
    """
    kind, material = restoration.kind, restoration.material
    if kind == "sealant":
        return (("glass_ionomer_sealant" if "glass ionomer" in material else "sealant", 1.0),)
    if kind in ("infiltration", "temporary", "veneer"):
        return ((kind, 1.0),)
    if kind == "crown":
        if material == "stainless steel":
            return (("steel_primary", 1.0),)
        return ((CROWNS[material], 1.0),) if material in CROWNS else _any("crown", constants)
    if kind in ("inlay", "onlay"):
        return ((INDIRECT[material], 1.0),) if material in INDIRECT else _any("inlay", constants)
    return ((DIRECT[material], 1.0),) if material in DIRECT else _any("filling", constants)


def _any(kind: str, constants: dict[str, Any]) -> Materials:
    """Return the materials that a crown, inlay or filling may be made of; crowns are named in full."""
    start = f"unknown.{kind}_"
    found = {
        name.removeprefix("unknown." if kind == "crown" else start): c["value"]
        for name, c in constants.items()
        if name.startswith(start)
    }
    return tuple((name, chance / sum(found.values())) for name, chance in sorted(found.items(), key=lambda item: -item[1]))


def failed_already(restoration: Restoration) -> str:
    """Return why there is nothing left to forecast, "" when the restoration may still fail."""
    condition = restoration.condition
    return f"it has failed already ({condition}): nothing is left to forecast, it is to be treated" if condition in FAILED else ""


def no_figures(fdi: int, tooth: Tooth, restoration: Restoration, constants: dict[str, Any]) -> str:
    """Return why no published figure applies, "" when one does."""
    material = materials_of(restoration, constants)[0][0]
    if is_primary(fdi):
        if restoration.kind == "sealant":
            return "no figures are published for sealants of primary teeth"
        if material not in ("glass_ionomer", "steel_primary"):
            return "of primary teeth only glass ionomer and preformed crowns have published figures"
    elif material == "steel_primary":
        return "no figures are published for steel crowns on permanent teeth"
    bonded = restoration.kind in ("filling", "unknown", "sealant", "infiltration", "temporary", "veneer")
    defect = next((f.defect for f in tooth.findings if f.defect not in ("none", UNKNOWN)), "")
    if defect and bonded:
        return f"it is bonded to changed enamel ({defect}), where restorations fail more often than any figure here says"
    return ""
