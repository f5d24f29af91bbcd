"""The verb ``simulate``: a twin, a protocol, and what becomes of the tooth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from amelo.protocol.record import Protocol
from amelo.records.specimen import Specimen
from amelo.twin.trajectory import Trajectory
from amelo.twin.twin import Twin

__all__ = ["simulate"]


def simulate(
    twin: Twin | Specimen,
    protocol: Protocol | str,
    *,
    members: int = 1,
    tier: Literal["auto", "reduced", "full"] = "auto",
    seed: int = 0,
    accuracy: float = 0.01,
    on_progress: Callable[[float, str], None] | None = None,
) -> Trajectory:
    """Simulate what a protocol does to a twin.

    Arguments: twin (or a specimen); protocol (or its text); members (size of the ensemble of plausible teeth); tier ("full": every
    ion diffuses on its own, "reduced": one unknown per cell on tabulated paths of compositions, "auto": the full equations with the
    diffusion that the specimen says); seed of the ensemble; accuracy
    (relative error in time of the integrated mineral loss at which refinement stops); on_progress (fraction, message).
    Returns: the trajectory, with a status per member, balances and an estimate of the error in time.
    Raises: SolveError for tier "reduced" and a twin with a biofilm, collagen, a fluid inside or solids other than apatite.
    """
    from amelo.twin.diffusivity import diffusivities
    from amelo.twin.lesion.checked import solve_checked
    from amelo.twin.lesion.solve import solve
    from amelo.twin.reduced.solve import solve_reduced

    twin = Twin.of(twin) if isinstance(twin, Specimen) else twin
    protocol = Protocol.parse(protocol) if isinstance(protocol, str) else protocol
    started = time.perf_counter()
    column = twin.column(members=members, seed=seed)
    if tier == "full" and column.diffusion == "single":
        specimen = twin.specimen.model_copy(update={"diffusion": "species"})
        column = replace(twin, specimen=specimen).column(members=members, seed=seed)
    solver = solve_reduced if tier == "reduced" else solve
    schedule = protocol.schedule(twin.case)
    if on_progress:
        on_progress(0.0, "compiling the equations, once for this kind of run")
    run = solve_checked(
        column, schedule, diffusivities(column.temperature), accuracy=accuracy, on_progress=on_progress, solver=solver
    )
    return Trajectory.of(
        run,
        specimen_name=twin.name,
        specimen_text=twin.specimen.model_dump_json(indent=1, exclude_none=True),
        protocol_text=str(protocol),
        seed=seed if members > 1 else None,
        parameters=twin.parameters,
        citations=column.sources,
        assumptions=twin.assumed,
        options={"tier": tier, "diffusion": column.diffusion, "accuracy": accuracy},
        wall_time=time.perf_counter() - started,
    )
