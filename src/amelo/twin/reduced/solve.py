"""The fast tier: a column and a schedule become a run, with one number per cell for the apatites and one for fluoride.

What it leaves out: what the pores hold of the bath before mixes with the present one at one pace for all its ions, that of what they
can dissolve, and of older baths nothing is remembered; what minerals take of fluoride with one proton fewer moves at the pace of
fluoride.  Everything else, laws, pores, films, time steps, is that of the full tier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from amelo.errors import SolveError
from amelo.twin.column import Column, part_of
from amelo.twin.diffusivity import one_diffusivity
from amelo.twin.lesion.cell import FLUORIDE, HYDROGEN, CellModel
from amelo.twin.lesion.pieces import pieces, repeats
from amelo.twin.lesion.reading import BALANCED
from amelo.twin.lesion.solve import Progress, Settings, States, cell_model
from amelo.twin.lesion.system import CHARGES, LN10
from amelo.twin.lesion.tiles import LITRES, Baths, Tile, fill
from amelo.twin.reduced.chemistry import APATITE
from amelo.twin.reduced.families import Families, families_of, meetings
from amelo.twin.reduced.kernel import compiled_reduced, has_fluoride, reduced_layout
from amelo.twin.reduced.paths import NODES
from amelo.twin.reduced.surface import read_surface
from amelo.twin.run import Run, RunStatus
from amelo.twin.schedule import Exposure, Schedule, refuse_changes, unrolled

__all__ = ["REDUCED", "solve_reduced", "why_not_reduced"]

REDUCED = Settings()

SHARP = 1e-3  # largest Newton correction of the last iteration: what this tier books follows its unknowns, not their tangent


def why_not_reduced(column: Column) -> str:
    """Return why the fast tier cannot solve a column, "" when it can."""
    if column.biofilm is not None:
        return "a biofilm makes acid of its own, so that its fluid lies on no path of a bath"
    if column.collagen:
        return "collagen is not followed"
    if column.inner != "closed":
        return "with a fluid behind the inner face there are two baths at once"
    others = [p.name for p in column.phases if not p.apatite]
    if others:
        return f"{', '.join(others)} would take calcium and phosphate in another ratio than apatite"
    return ""


def solve_reduced(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    settings: Settings = REDUCED,
    on_progress: Progress | None = None,
    on_states: States | None = None,
) -> Run:
    """Solve a column under a schedule with the fast tier.

    Arguments: column (M members); schedule (one for all members, or one for each, of equal structure); diffusivity (free-water
    tracer diffusivity [m2/s] of every species); settings; on_progress (called with the fraction done and a message); on_states (called
    when a tile is done, which in this tier takes seconds, with its members and a function that reads it as a run).
    Returns: the run; its balances are of calcium, phosphate and fluoride, the components that it moves; what the others and the
    protons do follows from the path of the bath and is not booked.
    Raises: SolveError for a column that needs the full tier.
    Assumptions: see the head of this module.
    """
    reason = why_not_reduced(column)
    if reason:
        raise SolveError("the fast tier cannot solve this column", why=reason, fix='use tier="full" or "auto"')
    schedules = schedule if isinstance(schedule, list) else [schedule] * column.members
    refuse_changes(schedules, "the fast tier")
    distinct = list({id(s): s for s in schedules}.values())
    model = cell_model(column, tuple(part for s in distinct for part in s), diffusivity)
    _check_phases(model)
    layout = reduced_layout(model, settings.lanes if column.members > 1 else 1)
    orders = [[column.fluid, *(s.exposure.fluid for s in unrolled(one))] for one in distinct]
    exposures = [Exposure(fluid) for order in orders for fluid in order]
    baths = Baths(model, exposures, column.table)
    fluids = list({baths.key(e): e.fluid for e in exposures}.values())
    rows = [[baths.rows[baths.key(Exposure(fluid))] for fluid in order] for order in orders]
    tables = families_of(model, column, fluids, meetings(rows, len(fluids)))
    amounts = baths.fields(column.fluid)
    pore = {name: amounts[name] for name in amounts if name.startswith(("amount", "total"))}
    squares = sum(n * z * z for n, z in zip(APATITE, CHARGES, strict=True))
    product = sum(n * np.log(amounts[f"c{j}"]) for j, n in enumerate(APATITE) if n) + squares * amounts["log_activity"]
    spacing = float(tables.nodes[1] - tables.nodes[0])
    start = {
        "v": (product - tables.nodes[0]) / spacing,
        "fluoride": amounts[f"amount{FLUORIDE}"],
        "unreacted": amounts[f"amount{FLUORIDE}"],
        "old": 1.0,
    }
    start |= {"lowest": float(tables.nodes[0]), "spacing": spacing, "strength": 0.1, "resistance": 0.0}
    counts = np.zeros(3, np.int64)
    tracks = []
    film_scale = 1.0 if model.species_diffusion else 1.0 / one_diffusivity(column.temperature)
    waiting = [np.arange(first, min(first + layout.lanes, column.members)) for first in range(0, column.members, layout.lanes)]
    while waiting:
        members = waiting.pop(0)
        size = layout if len(members) > 1 else reduced_layout(model, 1)
        lanes = np.minimum(members[0] + np.arange(size.lanes), members[-1])
        tile = fill(size, column, lanes, pore | start, None, baths)
        tile.fields("inventory0")[:] = 0.0  # of the apatites: what was dissolved since the first fluid
        told = _part(on_progress, members, column.members)
        track = _march(tile, [schedules[m] for m in lanes], baths, tables, settings, film_scale, counts, told)
        if track.failed and len(members) > 1:  # one by one, so that only who has no solution fails
            waiting[:0] = np.split(members, len(members))
        else:
            tracks.append(track)
            if on_states:
                on_states(members, partial(_read, part_of(column, members), model, tables, [track], counts))
    return _read(column, model, tables, tracks, counts)


def _part(on_progress: Progress | None, members: np.ndarray, whole: int) -> Callable[[float], None] | None:
    """Return a share of the progress."""
    if on_progress is None:
        return None
    return lambda fraction: on_progress((members[0] + fraction * len(members)) / whole, "solving")


def _check_phases(model: CellModel) -> None:
    for data in model.phases:
        held = data.powers[FLUORIDE]
        if data.powers != (5.0, 3.0, held, held - 4.0):
            raise SolveError(
                f"the fast tier cannot solve the phase '{data.phase.name}'", why="it is not an apatite", fix='use tier="full"'
            )
    if all(data.powers[FLUORIDE] for data in model.phases):
        raise SolveError("the fast tier needs an apatite without fluoride", fix='use tier="full"')


@dataclass
class _Track:
    """What a tile went through: times, state fields and bath rows at each saved moment, ledger, and where it failed."""

    tile: Tile
    times: list[float]
    states: list[dict[str, np.ndarray]]
    tables: list[tuple[np.ndarray, np.ndarray]]
    inflows: list[np.ndarray]
    grosses: list[np.ndarray]
    failed: str = ""

    def save(self, time: float, inflow: np.ndarray, gross: np.ndarray) -> None:
        self.times.append(time)
        self.states.append(self.tile.values())
        self.tables.append((self.tile.fields("row").copy(), self.tile.fields("part").copy()))
        self.inflows.append(inflow.copy())
        self.grosses.append(gross.copy())


def _march(
    tile: Tile,
    schedules: list[Schedule],
    baths: Baths,
    tables: Families,
    settings: Settings,
    film_scale: float,
    counts: np.ndarray,
    told: Callable[[float], None] | None,
) -> _Track:
    layout, module = tile.layout, compiled_reduced(tile.layout)
    inflow, gross = np.zeros((2, layout.lanes)), np.zeros((2, layout.lanes))
    backup = np.empty(tile.cells * layout.state * layout.lanes)
    tolerances = (min(settings.tolerance, SHARP) ** 2, min(settings.near_tolerance, SHARP) ** 2)
    limits = np.array([settings.iterations, tolerances[0], settings.cuts, tolerances[1]], float)
    now, old = np.zeros(layout.lanes, np.int64), np.zeros(layout.lanes, np.int64)
    track = _Track(tile, [], [], [], [], [])
    track.save(0.0, inflow, gross)
    history, owner, time = np.empty((2, 0, 0, 0)), -1, 0.0
    whole = sum(s.duration for s in unrolled(schedules[0]))
    spacing = np.array([tables.grid.scale, tables.grid.spacing, tables.grid.below], float)
    for piece in pieces(schedules, baths, settings):
        if piece.sequence != owner:
            again = settings.warm and repeats(schedules, piece.sequence)
            history = np.empty((2, len(piece.steps), tile.cells, 2 * layout.lanes)) if again else np.empty((2, 0, 0, 0))
            owner = piece.sequence
        failed = module.drive(
            tile.array, tile.cells, piece.steps, piece.onward, piece.which, now, old, tables.family, tables.partner, tables.mobilities,
            tables.tables.ravel(), spacing, tables.grid.released, tables.ghosts, piece.films * film_scale, piece.inhibitors, history, piece.first, piece.cycles, inflow, gross, backup, limits, counts,
        )  # fmt: skip
        if failed >= 0:
            track.failed = f"after {time:.0f} s, step {failed} of {piece.steps[failed].max():.3g} s"
            break
        time += piece.cycles * float(piece.steps[:, 0].sum())
        track.save(time, inflow, gross)
        if told:
            told(time / whole)
    return track


def _read(column: Column, model: CellModel, tables: Families, tracks: list[_Track], counts: np.ndarray) -> Run:
    """Turn saved states into a run."""
    kept = [np.flatnonzero(np.r_[True, np.diff(track.tile.members) > 0]) for track in tracks]
    times = max((track.times for track in tracks), key=len)
    shape = (column.members, len(times), column.mineral.shape[2])

    def padded(blocks: list[np.ndarray]) -> np.ndarray:
        """Join tiles (times, members, ...) to (members, times, ...), not-a-number after a failure."""
        whole = np.full((column.members, len(times), *blocks[0].shape[2:]), np.nan)
        first = 0
        for block in blocks:
            whole[first : first + block.shape[1], : len(block)] = np.swapaxes(block, 0, 1)
            first += block.shape[1]
        return whole

    def gather(name: str) -> np.ndarray:
        return padded([np.stack([s[name][:, k].T for s in t.states]) for t, k in zip(tracks, kept, strict=True)])

    parameters = {k: np.broadcast_to(v, (column.members,)) for k, v in column.parameters.items()}
    moles = np.stack([gather(f"mineral{k}") for k in range(len(column.phases))], axis=2)  # mol/L of tissue
    volume = np.stack([parameters[f"molar_volume.{p.name}"] for p in column.phases], axis=1) * LITRES
    mineral = moles * volume[:, None, :, None]
    open_pores = 1.0 - column.sound.sum(axis=1) - column.organic
    porosity = (
        1.0 - mineral.sum(axis=2) - column.organic[:, None]
        if column.porosity_feedback
        else np.broadcast_to(open_pores[:, None], shape)
    )
    fluoride = gather("fluoride") if "fluoride" in tracks[0].states[0] else np.zeros(shape)
    v = gather("v")
    row, part = (
        padded([np.stack([table[which][:, k].T for table in t.tables]) for t, k in zip(tracks, kept, strict=True)])
        for which in (0, 1)
    )
    apart = fluoride - gather("unreacted") if has_fluoride(model) else np.zeros(shape)
    fluid = _fluids(tables, v, apart, row, part)
    index = []
    exchange = fluid["log_exchange"] + np.log(np.maximum(fluoride, 1e-300))
    for data in model.phases:
        held = data.powers[FLUORIDE]
        product = fluid["log_product"] + (held * exchange if held else 0.0) + data.offset
        index.append(product / LN10 + parameters[f"pk.{data.phase.name}"][:, None, None])
    totals = fluid["totals"]
    totals[:, :, FLUORIDE] = fluoride
    inflow, balance = _ledger(column, model, tracks, kept, moles, gather, padded)
    failures = tuple(t.failed for t, k in zip(tracks, kept, strict=True) for _ in k)
    status = np.array([RunStatus.NOT_CONVERGED if f else RunStatus.OK for f in failures])
    status[(status == RunStatus.OK) & (np.nanmax(np.abs(balance), axis=(1, 2)) > BALANCED)] = RunStatus.NOT_BALANCED
    return Run(
        time=np.array(times),
        edges=column.edges,
        phases=tuple(p.name for p in column.phases),
        components=model.system.components,
        mineral=mineral,
        sound=column.sound,
        porosity=porosity,
        ph=fluid["ph"],
        totals=totals * LITRES,
        saturation_index=np.stack(index, axis=2),
        ionic_strength=fluid["strength"],
        inflow=inflow * LITRES,
        balance=balance,
        status=status,
        failure=failures,
        error=np.full(column.members, np.nan),
        collagen=np.ones(shape),
        counts={"steps": int(counts[0]), "iterations": int(counts[1]), "rejections": int(counts[2])},
        warnings=("the fast tier books calcium, phosphate and fluoride; of all else it tells the concentrations only",),
    )


def _ledger(
    column: Column,
    model: CellModel,
    tracks: list[_Track],
    kept: list[np.ndarray],
    moles: np.ndarray,
    gather: Callable,
    padded: Callable,
) -> tuple[np.ndarray, np.ndarray]:
    """Return inflow [mol/L · m] and relative balance (members, times, components) of what is booked, 0 for the rest."""
    passed, gross = (
        padded([np.stack([r[:, k].T for r in getattr(t, name)]) for t, k in zip(tracks, kept, strict=True)])
        for name in ("inflows", "grosses")
    )
    widths = np.diff(column.edges)
    count = len(model.system.components)
    inflow, balance = np.zeros((*passed.shape[:2], count)), np.zeros((*passed.shape[:2], count))
    for c, (pore, which) in enumerate((("inventory0", 0), ("inventory0", 0), ("inventory2", 1))):
        stoichiometry = APATITE[c] if c != FLUORIDE else 1.0
        held = stoichiometry * gather(pore) + sum(d.powers[c] * moles[:, :, k] for k, d in enumerate(model.phases))
        amount = (held * widths).sum(axis=2)
        inflow[:, :, c] = stoichiometry * passed[:, :, which]
        scale = np.abs(amount[:, :1]) + stoichiometry * gross[:, :, which]
        balance[:, :, c] = (amount - amount[:, :1] - inflow[:, :, c]) / (scale + 1e-30)
    return inflow, balance


def _fluids(tables: Families, v: np.ndarray, apart: np.ndarray, row: np.ndarray, part: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the surfaces say of the fluid at places v, between the paths ``row`` and ``row`` + 1 (all members, times, cells).

    Arguments: apart, by how much fluoride differs from what there would be without minerals [mol/L].
    """
    good = np.isfinite(row) & np.isfinite(v)
    index, share = np.where(good, row, 0).astype(int), np.where(good, part, 0.0)
    place = np.where(good, v, 0.0)
    at_rest = read_surface(tables.tables, tables.grid, place, np.zeros(v.shape), index, share)
    released = np.where(good, apart, 0.0) * at_rest["mobility"]
    found = read_surface(tables.tables, tables.grid, place, released, index, share)
    node = np.clip(place, 0, NODES - 2).astype(int)
    onward = np.clip(place - node, 0.0, 1.0)

    def along(rows: np.ndarray) -> np.ndarray:
        """Read rows (paths, NODES)."""
        one, two = (rows[index, k] + share * (rows[index + 1, k] - rows[index, k]) for k in (node, node + 1))
        return one + onward * (two - one)

    log_activity = along(np.stack([path.log_activity for path in tables.paths]))
    found["ph"] = -(found["log_exchange"] - np.log(found["free"]) - log_activity) / LN10
    found["log_product"] = tables.nodes[0] + place * (tables.nodes[1] - tables.nodes[0])
    found["strength"] = along(np.stack([path.strength for path in tables.paths]))
    totals = np.stack([along(rows) for rows in np.stack([path.totals for path in tables.paths], axis=1)], axis=2)
    for c, n in enumerate(APATITE):  # fluoride moves the place of the fluid along its path
        totals[:, :, c] += n * (found["held"] - at_rest["held"])
    totals[:, :, HYDROGEN] += np.where(good, apart, 0.0)
    found = {name: np.where(good, values, np.nan) for name, values in found.items()}
    return found | {"totals": np.where(good[:, :, None], totals, np.nan)}
