"""What came out of a simulation as plain data, for ``--json`` and for the data inside a report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from amelo.twin.measures import MEASURES, Outcome

if TYPE_CHECKING:
    from amelo.twin.trajectory import Trajectory

__all__ = ["DEPTHS", "depths_of", "summary_of"]

DEPTHS = (0.0, 10.0, 25.0, 50.0, 100.0, 200.0, 500.0, 1000.0)  # µm, those inside the tissue are told
SERIES = ("integrated_mineral_loss", "lesion_depth", "surface_layer_thickness", "calcium_release", "fluoride_uptake", "front_ph")


def depths_of(trajectory: Trajectory) -> list[float]:
    """Return the depths [µm] at which pH and saturation are told: round ones inside the tissue, and its inner end."""
    end = 1e6 * float(trajectory.run.edges[-1])
    return [depth for depth in DEPTHS if depth < end] + [round(end, 6)]


def summary_of(trajectory: Trajectory) -> dict[str, object]:
    """Return outcomes, intervals, units, phases, pH and saturation at depth, series, the last profile, balances and status.

    Where there is no number stands None.  Raises: SolveError when too few members are solved.
    """
    found = trajectory.outcomes()
    several = trajectory.members > 1
    origin = trajectory.provenance
    data: dict[str, object] = {
        "specimen": origin.specimen_name,
        "protocol": origin.protocol,
        "time": float(trajectory.hours[-1]),
        "members": trajectory.members,
        "solved_members": int(trajectory.solved.sum()),
        "status": trajectory.status.name.lower(),
        "status_sentence": trajectory.verdict,
        "warnings": list(trajectory.warnings),
        **{name: _plain(outcome.value) for name, outcome in found.items()},
    }
    if several:
        data["intervals"] = {name: [_plain(o.low), _plain(o.high)] for name, o in found.items() if o.has_interval}
        data["members_with"] = {name: o.members for name, o in found.items()}
    data["phases"] = {name: _with_interval(o) for name, o in trajectory.phases().items()}
    data["accounts"] = {name: _with_interval(o) | {"unit": o.unit} for name, o in trajectory.accounts().items()}
    data["at_depth"] = [_at(trajectory, depth) for depth in depths_of(trajectory)]
    series = {name: trajectory.series(name) for name in SERIES}
    data["series"] = {"time": _list(trajectory.hours)} | {name: _list(values[0]) for name, values in series.items()}
    data["profile"] = _profile(trajectory)
    data["balance_errors"] = {name: _plain(value) for name, value in trajectory.balance_errors().items()}
    data["numerical_error"] = _plain(trajectory.error_estimate)
    data["accuracy"] = origin.options.get("accuracy")
    data["members_beyond_accuracy"] = [int(member) for member in trajectory.inaccurate.nonzero()[0]]
    data["counts"] = dict(trajectory.run.counts)
    data["seed"] = origin.seed
    data["citations"] = list(origin.citations)
    data["units"] = _units()
    return data


def _units() -> dict[str, str]:
    return {name: measure.unit for name, measure in MEASURES.items()} | {
        "time": "h",
        "depth": "µm",
        "mineral": "vol%",
        "ph": "pH",
        "saturation_index": "log10(IAP/Ksp)",
        "totals": "mmol/L",
        "phases": "vol%·µm",
        "balance_errors": "relative",
        "numerical_error": "vol%·µm",
        "accuracy": "relative",
    }


def _at(trajectory: Trajectory, depth: float) -> dict[str, object]:
    rows = trajectory.at_depth(depth)
    index = {name.removeprefix("saturation_index_"): o for name, o in rows.items() if name.startswith("saturation_index_")}
    return {
        "depth": depth,
        "ph": _with_interval(rows["ph"]),
        "mineral": _with_interval(rows["mineral"]),
        "saturation_index": {phase: _with_interval(outcome) for phase, outcome in index.items()},
    }


def _profile(trajectory: Trajectory) -> dict[str, object]:
    """Return the last profile over the tissue: medians, and for mineral and pH the interval when there are several members."""
    import numpy as np

    cells, run = trajectory.tissue, trajectory.run
    profile: dict[str, object] = {"depth": _list(trajectory.depth[cells])}
    for name in ("mineral", "ph"):
        middle, low, high = trajectory.profile(name)[:, cells]
        profile[name] = _list(middle)
        if trajectory.members > 1:
            profile |= {f"{name}_low": _list(low), f"{name}_high": _list(high)}
    totals = np.median(run.totals[trajectory.solved, -1][..., cells], axis=0)
    profile["totals"] = {name: _list(totals[i]) for i, name in enumerate(run.components)}
    return profile


def _with_interval(outcome: Outcome) -> Mapping[str, float | None]:
    value: dict[str, float | None] = {"value": _plain(outcome.value)}
    return value | ({"low": _plain(outcome.low), "high": _plain(outcome.high)} if outcome.has_interval else {})


def _list(values: Iterable[float]) -> list[float | None]:
    return [_plain(value) for value in values]


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
