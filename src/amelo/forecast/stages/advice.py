"""What could be done about a surface, with the published effect on the rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.outlook import Change
from amelo.forecast.stages.rates import SurfaceKind
from amelo.records.base import UNKNOWN
from amelo.records.mouth import Hygiene

__all__ = ["changes_for"]

ORDINARY, STRONG = 1000.0, 2400.0  # ppm F of the two groups of toothpastes in the trials


def changes_for(
    kind: SurfaceKind, stage: str, hygiene: Hygiene, constants: dict[str, Any], *, sealed: bool = False
) -> tuple[Change, ...]:
    """Return what may be done, the strongest first.

    Arguments: kind of surface; stage as charted; hygiene (as recorded: what is unknown is not advised upon); constants
    (``change.*``); sealed (already).
    """
    found = []

    def offer(name: str, words: str, against: float = 1.0) -> None:
        c = constants[f"change.{name}"]
        interval = f"{c['low'] / against:.2f} to {c['high'] / against:.2f}"
        found.append(
            Change(
                f"{words} (rate × {c['value'] / against:.2f}, {interval})",
                float(np.log(c["value"] / against)),
                c["source"],
                c["grade"],
            )
        )

    if kind == "approximal" and stage in ("E1", "E2", "D1"):
        offer("infiltration", "infiltrate the lesion with resin" + ("; it works less well in dentine" if stage == "D1" else ""))
        offer("micro_invasive", "seal or infiltrate the lesion")
    if kind == "occlusal" and stage == "sound" and not sealed:
        offer("sealant", "seal the fissure with resin")
    paste = hygiene.toothpaste_fluoride
    if paste != UNKNOWN and paste < ORDINARY:
        offer("toothpaste", "brush with toothpaste of 1000 ppm F or more")
    elif paste != UNKNOWN and paste < STRONG:
        offer("toothpaste_strong", "brush with toothpaste of 2400 ppm F or more", constants["change.toothpaste"]["value"])
    if hygiene.varnish_per_year == 0:
        offer("varnish", "fluoride varnish twice a year")
    return tuple(sorted(found, key=lambda change: change.effect))
