"""From a column and a schedule to a run: tiles of members, driven from one saved state to the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.column import Column, part_of
from amelo.twin.diffusivity import added_diffusivities
from amelo.twin.lesion import biofilm
from amelo.twin.lesion.bed import with_bed
from amelo.twin.lesion.cell import CellModel, PhaseData
from amelo.twin.lesion.kernel import layout_of
from amelo.twin.lesion.march import march
from amelo.twin.lesion.pieces import grouped
from amelo.twin.lesion.reading import Track, read
from amelo.twin.lesion.steps import Grid
from amelo.twin.lesion.system import LN10, build_system, components_of, solid_powers
from amelo.twin.lesion.tiles import Baths, fill
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule, unrolled

__all__ = ["Progress", "Settings", "States", "cell_model", "settings_for", "solve"]

LEAPING = 0.05  # share of the accuracy that leaps may use up
ALWAYS = ("Na", "K", "Cl")  # in every run, so that fewer kernels need compiling


@dataclass(frozen=True)
class Settings:
    """How a run is solved.

    Fields: grid in time; tolerance (largest Newton correction of the last iteration, in ln c, from a cold start) and near_tolerance
    (from like steps before): what is left of the error is its square, because balances are taken from the last
    linear system; iterations of a step; cuts (times that a step is quartered before a member fails); saves (saved states); lanes
    (members side by side); warm (whether steps start from like ones before them); jump (relative error that leaping over cycles of a
    repeat may bring; 0: every cycle is run, as the walk back and the fast tier always do); threads (0: as many as there are cores).
    """

    grid: Grid = field(default_factory=Grid)
    tolerance: float = 0.01
    near_tolerance: float = 0.01
    iterations: int = 24
    cuts: int = 8
    saves: int = 25
    lanes: int = 16
    warm: bool = True
    jump: float = 0.0
    threads: int = 0


def settings_for(accuracy: float, *, jump: bool = False) -> Settings:
    """Return settings whose Newton iterations, and whose leaps, are wrong by much less than a run may be.

    Arguments: accuracy (relative error of the integrated mineral loss); jump (whether cycles of long repeats may be leapt over).
    """
    root = float(np.sqrt(accuracy))
    return Settings(
        tolerance=min(0.3 * root, 0.03), near_tolerance=min(root, 0.1), jump=LEAPING * min(accuracy, 0.02) if jump else 0.0
    )


Progress = Callable[[float, str], None]
States = Callable[[np.ndarray, Callable[[], Run]], None]  # the members of a tile, and how to read what is solved of them so far


def cell_model(column: Column, schedule: Schedule, diffusivity: dict[str, float]) -> CellModel:
    """Arrange the chemistry that a column and its fluids need.

    Arguments: column; schedule; diffusivity (free-water tracer diffusivity of every species [m2/s] at the column's temperature).
    """
    table = column.table or reaction_table(column.temperature)
    diffusivity = added_diffusivities(table) | diffusivity
    distinct = {id(s.exposure.fluid): s.exposure.fluid for s in unrolled(schedule)}
    fluids = [column.fluid, *distinct.values()]
    fluids += [f for f in (column.inner, column.biofilm and column.biofilm.fluid) if isinstance(f, Fluid)]
    film = column.diffusion == "species" and column.biofilm is not None
    present = components_of(f.totals_mmol_per_kgw for f in fluids)
    present |= biofilm.everything(column) | set(ALWAYS) | ({f.charge_balanced_by for f in fluids} & set(table.inert))
    species = column.diffusion == "species"
    known = {s.name: diffusivity[s.name] if species else 1.0 for s in table.species}
    system = build_system(table, frozenset(present), tuple(sorted(known.items())), biofilm.families(column))
    phases = []
    for phase in column.phases:
        powers, ions, offset = solid_powers(table, phase.solid)
        phases.append(PhaseData(phase, powers, ions, offset * LN10))
    return CellModel(system, tuple(phases), species, column.porosity_feedback, column.collagen, film)


def solve(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    settings: Settings = Settings(),
    on_progress: Progress | None = None,
    on_states: States | None = None,
) -> Run:
    """Solve a column under a schedule.

    Arguments: column (M members); schedule (one for all members, or one for each, of equal structure); diffusivity (free-water
    tracer diffusivity [m2/s] of every species); settings; on_progress (called with the fraction done and a message); on_states (called
    after every saved moment of a tile with its members and a function that reads what is solved of them as a run).
    Returns: the run, with a status per member; with ``settings.jump`` its ``error`` is that of leaps over cycles alone.
    """
    column = with_bed(biofilm.with_biofilm(column))
    schedules = schedule if isinstance(schedule, list) else [schedule] * column.members
    distinct = list({id(s): s for s in schedules}.values())
    model = cell_model(column, tuple(part for s in distinct for part in s), diffusivity)
    layout = layout_of(model, settings.lanes if column.members > 1 else 1)
    baths = Baths(model, [s.exposure for one in distinct for s in unrolled(one)], column.table)
    pore, inner = baths.fields(column.fluid), baths.fields(column.inner) if isinstance(column.inner, Fluid) else None
    order = grouped(schedules, layout.lanes, settings.grid.longest)
    starts = range(0, column.members, layout.lanes)
    shares = [0.0] * len(starts)

    def taken(i: int) -> tuple[Track, np.ndarray]:
        lanes = order[np.minimum(np.arange(starts[i], starts[i] + layout.lanes), column.members - 1)]
        tile, counts = fill(layout, column, lanes, pore, inner, baths), np.zeros(4, np.int64)

        def told(fraction: float, track: Track) -> None:
            shares[i] = fraction
            if on_progress:
                on_progress(sum(shares) / len(shares), "solving")
            if on_states:
                on_states(np.unique(lanes), lambda: read(part_of(column, lanes), layout, [track], counts))

        return march(tile, column, [schedules[m] for m in lanes], baths, settings, counts, told), counts

    workers = min(len(starts), settings.threads or _cores())
    if workers > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:  # the compiled loop leaves the interpreter to the others
            tiles, counts = zip(*pool.map(taken, range(len(starts))), strict=True)
    else:
        tiles, counts = zip(*map(taken, range(len(starts))), strict=True)
    run = read(column, layout, list(tiles), np.sum(counts, axis=0))
    return _leapt(run, int(sum(c[3] for c in counts))) if settings.jump else run


def _leapt(run: Run, skipped: int) -> Run:
    """Return a run that says how many cycles of its tiles were skipped, and what that may be wrong by."""
    worst = 1e8 * np.nanmax(run.error, initial=0.0)
    words = f"{skipped} cycles of repeats were not run: the change of those around them was carried over them"
    words += f", which may be wrong by {worst:.2g} vol%·µm"
    return replace(
        run, counts=run.counts | {"cycles skipped": skipped}, warnings=(*run.warnings, words) if skipped else run.warnings
    )


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
