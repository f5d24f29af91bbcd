"""The fast tier against the full one, over a design of protocols that was stated before it was run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from amelo.records.specimen import Specimen, parse_specimen

__all__ = ["COUNT", "FLOOR", "SEED", "TierDifference", "tier_design", "tier_differences"]

COUNT = 50
SEED = 20260415
FLOOR = 20.0  # vol%·µm: differences are relative to the mineral loss, but to no less than this
BRUSHED = 50.0  # ppm F below which nobody brushes
TISSUES = ("human enamel", "bovine enamel", "hypomineralised enamel", "pressed apatite")
RANGES = {  # name: low, high
    "acid pH": (4.0, 5.5),
    "acid mM": (20.0, 100.0),
    "acid Ca and PO4 mM": (0.0, 2.5),
    "acid h per day": (1.0, 12.0),
    "remineralising Ca mM": (1.0, 2.0),
    "remineralising PO4 mM": (0.6, 1.2),
    "fluoride in baths ppm": (-2.0, 5.0),  # less than nothing is none
    "slurry ppm F": (0.0, 1450.0),
    "days": (1.0, 14.0),
    "specimen": (0.0, 4.0),
}


@dataclass(frozen=True)
class TierDifference:
    """One protocol of the design: specimen, protocol, ΔZ of both tiers [vol%·µm] and their difference relative to the full one."""

    specimen: str
    protocol: str
    full: float
    reduced: float

    @property
    def relative(self) -> float:
        """Difference over the full tier's loss, or over the floor where that is more."""
        return abs(self.reduced - self.full) / max(abs(self.full), FLOOR)


def tier_design(count: int = COUNT, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Yield the tissue and the protocol of each point: the first ``count`` of a Latin hypercube of 50 points.

    Arguments: count; seed (the stated design has its own; any other makes protocols of the same kind that nobody has looked at).
    """
    from scipy.stats import qmc

    low, high = (np.array(side) for side in zip(*RANGES.values(), strict=True))
    points = qmc.scale(qmc.LatinHypercube(len(RANGES), rng=np.random.default_rng(seed)).random(COUNT), low, high)
    for point in points[:count]:
        ph, acid, minerals, hours, calcium, phosphate, fluoride, slurry, days, which = point
        with_fluoride = f", F {fluoride:.2f} ppm" if fluoride >= 0.01 else ""
        minerals = f" with Ca {minerals:.2f} mM, PO4 {minerals:.2f} mM{with_fluoride}"
        lines = [f"demineralise in acetate {acid:.0f} mM pH {ph:.2f}{minerals} for {60 * hours:.0f} min"]
        if slurry > BRUSHED:
            lines.append(f"brush with {slurry:.0f} ppm F slurry 1:3 for 1 min")
        rest = 24 * 60 - round(60 * hours) - (slurry > BRUSHED)
        lines.append(
            f"remineralise in Ca {calcium:.2f} mM, PO4 {phosphate:.2f} mM, KCl 130 mM{with_fluoride} pH 7.0 for {rest:.0f} min"
        )
        body = "".join(f"\n    {line}" for line in lines)
        yield TISSUES[min(int(which), len(TISSUES) - 1)], f"repeat {max(round(days), 2)} times:{body}"


@cache
def _specimen(tissue: str) -> Specimen:
    data = {"name": tissue, "tissue": tissue, "thickness": "500 um"}
    if tissue == "pressed apatite":
        data |= {"porosity": "20 %", "sound_mineral": "80 vol%"}
    return parse_specimen(data, where=tissue)


def tier_differences(
    count: int = COUNT, on_point: Callable[[TierDifference], None] | None = None, seed: int = SEED
) -> list[TierDifference]:
    """Run the first ``count`` points of the design with both tiers, each with steps halved until its own loss stands to one percent.

    Arguments: count; on_point (told of each point as it is done); seed of the design.
    """
    from amelo.protocol.record import Protocol
    from amelo.twin.diffusivity import diffusivities
    from amelo.twin.lesion.checked import solve_checked
    from amelo.twin.lesion.solve import solve
    from amelo.twin.reduced.solve import solve_reduced
    from amelo.twin.twin import Twin

    found = []
    for tissue, text in tier_design(count, seed):
        column = Twin.of(_specimen(tissue)).column()
        schedule = Protocol.parse(text).schedule(None)
        losses = []
        for solver in (solve, solve_reduced):
            run = solve_checked(column, schedule, diffusivities(column.temperature), solver=solver)
            lost = (run.sound[0].sum(axis=0) - run.mineral[0, -1].sum(axis=0)) * np.diff(run.edges)
            losses.append(float(lost.sum()) * 1e8 if run.status[0] == 0 else np.nan)
        found.append(TierDifference(tissue, text, *losses))
        if on_point:
            on_point(found[-1])
    return found
