"""From a column and a schedule to a run: tiles of members, pieces of time, and the reading of the state between them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.table import ReactionTable, reaction_table
from amelo.twin.column import Column, fading, part_of
from amelo.twin.diffusivity import added_diffusivities, one_diffusivity
from amelo.twin.lesion import biofilm
from amelo.twin.lesion.baths import ARRAYS, bath_values, float_frame
from amelo.twin.lesion.cell import SIZE, CellModel, PhaseData, close, free_groups, totals_of_basis
from amelo.twin.lesion.failures import NOTE, Failure, failure_of, sentence
from amelo.twin.lesion.kernel import Layout, compiled, layout_of
from amelo.twin.lesion.steps import Grid, segment_steps, sequences
from amelo.twin.lesion.system import LN10, build_system, components_of, solid_powers
from amelo.twin.run import Run, RunStatus
from amelo.twin.schedule import Exposure, Schedule, unrolled

__all__ = ["Settings", "cell_model", "solve"]

LITRES = 1000.0  # per cubic metre
BALANCED = 1e-10  # largest relative balance error of a run that counts as closed
ALWAYS = ("Na", "K", "Cl")  # in every run, so that fewer kernels need compiling
CLOSED = 1e30  # resistance [m] of a face that nothing passes


@dataclass(frozen=True)
class Settings:
    """How a run is solved.

    Fields: grid in time; tolerance (largest Newton correction of the last iteration, in ln c, from a cold start) and near_tolerance
    (from the same moment of the cycles before): what is left of the error is its square, because balances are taken from the last
    linear system; iterations of a step; cuts (times that a step is quartered before a member fails); saves (saved states); lanes
    (members side by side); warm (whether a repeat starts from the cycles before); threads (0: as many as there are cores).
    """

    grid: Grid = field(default_factory=Grid)
    tolerance: float = 0.01
    near_tolerance: float = 0.01
    iterations: int = 24
    cuts: int = 8
    saves: int = 25
    lanes: int = 16
    warm: bool = True
    threads: int = 0


Progress = Callable[[float, str], None]
States = Callable[[int, Callable[[], Run]], None]  # the first member of a tile, and how to read what is solved of it so far


def cell_model(column: Column, schedule: Schedule, diffusivity: dict[str, float]) -> CellModel:
    """Arrange the chemistry that a column and its fluids need.

    Arguments: column; schedule; diffusivity (free-water tracer diffusivity of every species [m2/s] at the column's temperature).
    """
    table = column.table or reaction_table(column.temperature)
    diffusivity = added_diffusivities(table) | diffusivity
    fluids = [column.fluid, *(s.exposure.fluid for s in unrolled(schedule))]
    fluids += [f for f in (column.inner, column.biofilm and column.biofilm.fluid) if isinstance(f, Fluid)]
    unstirred = column.biofilm or any(s.exposure.film > 0.0 for s in unrolled(schedule))
    film = column.diffusion == "species" and bool(unstirred)  # one kernel for all columns with a biofilm
    present = components_of(f.totals_mmol_per_kgw for f in fluids)
    present |= (
        biofilm.everything(column) | set(ALWAYS) | {f.charge_balanced_by for f in fluids if f.charge_balanced_by in table.inert}
    )
    species = column.diffusion == "species"
    known = {s.name: diffusivity[s.name] if species else 1.0 for s in table.species}
    system = build_system(table, frozenset(present), tuple(sorted(known.items())), biofilm.families(column))
    phases = []
    for phase in column.phases:
        powers, ions, offset = solid_powers(table, phase.solid)
        phases.append(PhaseData(phase, powers, ions, offset * LN10))
    return CellModel(system, tuple(phases), species, column.porosity_feedback, column.collagen, film)


@dataclass
class _Tile:
    """Up to ``lanes`` members in one array; members that are missing repeat the last one.

    What diffuses is in ``water``: the diffusivity in a film [m2/s] where one diffusivity serves all and stands in the tissue's
    resistance, 1 where every species has its own.
    """

    layout: Layout
    members: np.ndarray
    array: np.ndarray
    cells: int
    water: float

    def __post_init__(self) -> None:
        self.view = self.array.reshape(self.cells + 3, self.layout.stride, self.layout.lanes)

    def fields(self, name: str) -> np.ndarray:
        """Values of a field in all cells (cells, lanes), without the ghosts."""
        return self.view[1:-2, self.layout.fields[name], :]

    def values(self) -> dict[str, np.ndarray]:
        """Every state field as (cells, lanes)."""
        return {name: np.array(self.fields(name)) for name, at in self.layout.fields.items() if at < self.layout.state}


def _fill(
    layout: Layout, column: Column, lanes: np.ndarray, pore: dict[str, float], inner: dict[str, float] | None, baths: _Baths
) -> _Tile:
    """Lay the members ``lanes`` of a column into an array, their pores filled with one fluid."""
    n = column.mineral.shape[2]
    water = biofilm.film_diffusivity() if column.biofilm else one_diffusivity(column.temperature)
    water = water if column.diffusion == "single" else 1.0
    tile = _Tile(layout, lanes, np.zeros((n + 3) * layout.stride * layout.lanes), n, water)
    parameters = {name: np.broadcast_to(values, (column.members,))[lanes] for name, values in column.parameters.items()}
    for name in layout.fields:
        stem, _, number = name.partition(".")
        if number:
            key = f"{stem}.{column.phases[int(number)].name}"
            scale = LITRES if stem == "molar_volume" else 1.0 / LITRES if stem.endswith("_rate") else 1.0
            tile.fields(name)[:] = parameters.get(key, np.zeros(len(lanes))) * scale
        elif name.replace("_", ".", 1) in parameters and layout.model.collagen:
            tile.fields(name)[:] = parameters[name.replace("_", ".", 1)]
        elif name in parameters:
            scale = 1.0 / LITRES if name in ("acid_reference", "fluoride_half_inhibition", "fluoride_half_uptake") else 1.0
            tile.fields(name)[:] = parameters[name] * scale
    sound_pores = 1.0 - column.sound[lanes].sum(axis=1) - column.organic[lanes]  # (lanes, cells)
    if column.diffusion == "single":
        exponent = parameters["porosity_exponent"]
        tile.fields("diffusivity_scale")[:] = parameters["pore_diffusivity"] * sound_pores[:, -1] ** (1.0 - exponent)
    widths = np.diff(column.edges)
    tile.fields("width")[:] = widths[:, None]
    tile.fields("organic")[:] = column.organic[lanes].T
    tile.fields("reach")[:] = fading(parameters["inhibitor_depth"], column.edges).T if "inhibitor_depth" in parameters else 1.0
    volumes = np.array([parameters[f"molar_volume.{p.name}"] for p in column.phases]) * LITRES  # (phases, lanes)
    apatite = np.zeros((n, len(lanes)))
    for k, phase in enumerate(column.phases):
        tile.fields(f"mineral{k}")[:] = column.mineral[lanes, k].T / volumes[k]
        tile.fields(f"sound{k}")[:] = tile.fields(f"own{k}")[:] = column.sound[lanes, k].T / volumes[k]
        apatite += tile.fields(f"sound{k}") if phase.apatite else 0.0
    tile.fields("sound_apatite")[:] = apatite
    for k in range(
        len(column.phases)
    ):  # a phase that sound tissue does not have is measured against its apatite, else against the space
        own, space = tile.fields(f"sound{k}"), 1.0 / volumes[k]
        own[:] = np.where(own > 0.0, own, np.where(apatite > 0.0, apatite, space))
    pores = 1.0 - column.mineral[lanes].sum(axis=1) - column.organic[lanes] if column.porosity_feedback else sound_pores
    tile.fields("open_pores")[:] = pores.T
    for name, value in pore.items():
        if name in layout.fields:
            tile.fields(name)[:] = value
    for j in range(SIZE):
        tile.fields(f"inventory{j}")[:] = pores.T * pore[f"amount{j}"]
    for f in range(len(layout.model.system.families)):
        tile.fields(f"stock{f}")[:] = pores.T * pore[f"total{f}"]
    ghosts = ((0, pore), (n + 1, inner or pore))
    for slot, values in ghosts:
        for name, value in values.items():
            if name in layout.fields:
                tile.view[slot, layout.fields[name], :] = value
    tile.view[n + 1, layout.fields["resistance"], :] = 0.0 if inner else CLOSED
    if "film_diffusivity" in layout.fields:
        tile.view[0, layout.fields["film_diffusivity"], :] = biofilm.film_diffusivity()
    if layout.model.collagen:
        tile.fields("collagen")[:] = 1.0
        tile.fields("enzyme")[:] = parameters["enzyme.initial_activity"]
    if column.biofilm:
        fluid = column.biofilm.fluid
        biofilm.fill(tile, column, lanes, pore if fluid is None else baths.fields(fluid), baths)
    return tile


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
    after every saved moment of a tile with its first member and a function that reads what is solved of the tile as a run).
    Returns: the run, with a status per member.
    """
    column = biofilm.with_biofilm(column)
    schedules = schedule if isinstance(schedule, list) else [schedule] * column.members
    distinct = list({id(s): s for s in schedules}.values())
    model = cell_model(column, tuple(part for s in distinct for part in s), diffusivity)
    layout = layout_of(model, settings.lanes if column.members > 1 else 1)
    baths = _Baths(model, [s.exposure for one in distinct for s in unrolled(one)], column.table)
    pore, inner = baths.fields(column.fluid), baths.fields(column.inner) if isinstance(column.inner, Fluid) else None
    starts = range(0, column.members, layout.lanes)
    shares = [0.0] * len(starts)

    def march(i: int) -> tuple[_Track, np.ndarray]:
        lanes = np.minimum(np.arange(starts[i], starts[i] + layout.lanes), column.members - 1)
        tile, counts = _fill(layout, column, lanes, pore, inner, baths), np.zeros(3, np.int64)

        def told(fraction: float, track: _Track) -> None:
            shares[i] = fraction
            if on_progress:
                on_progress(sum(shares) / len(shares), "solving")
            if on_states:
                on_states(int(lanes[0]), lambda: _read(part_of(column, lanes), layout, [track], counts))

        return _march(tile, [schedules[m] for m in lanes], baths, settings, counts, told), counts

    workers = min(len(starts), settings.threads or _cores())
    if workers > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:  # the compiled loop leaves the interpreter to the others
            tiles, counts = zip(*pool.map(march, range(len(starts))), strict=True)
    else:
        tiles, counts = zip(*map(march, range(len(starts))), strict=True)
    return _read(column, layout, list(tiles), np.sum(counts, axis=0))


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Baths:
    """Every bath of a run once, as rows of the table that the compiled loop reads."""

    def __init__(self, model: CellModel, exposures: list[Exposure], chemistry: ReactionTable | None = None) -> None:
        self.model, self.chemistry = model, chemistry
        distinct = {self.key(e): e for e in exposures}
        self.rows = {key: i for i, key in enumerate(distinct)}
        self.values = bath_values(model, [e.fluid for e in distinct.values()], chemistry)
        for values, exposure in zip(self.values, distinct.values(), strict=True):
            values["resistance"] = 0.0
            if model.living:
                f = model.family("Glc")
                values[f"total{f}"] = values[f"behind{f}"] = exposure.sugar / LITRES

    def key(self, exposure: Exposure) -> tuple:
        """Return what tells one bath from another."""
        return (*_key(exposure.fluid), exposure.sugar if self.model.living else 0.0)

    def table(self, layout: Layout) -> np.ndarray:
        return np.array([[values.get(name, 0.0) for name in layout.bath] for values in self.values])

    def fields(self, fluid: Fluid) -> dict[str, float]:
        """Fields of a cell filled with one fluid, and the totals of the basis as amount{j}."""
        (values,) = bath_values(self.model, [fluid], self.chemistry)
        return self.speciated(values)

    def speciated(self, values: dict) -> dict:
        """Return fields of a cell with what follows from its free concentrations and the totals of its families."""
        values = dict(values)
        load, store = float_frame(values)
        close(replace(self.model, phases=(), collagen=False), load, lambda name: 0.0, store, ARRAYS)
        if self.model.living:
            values["free_groups"] = free_groups(self.model, load, ARRAYS)
        return values | {f"amount{j}": x for j, x in enumerate(totals_of_basis(self.model, load, ARRAYS))}


def _key(fluid: Fluid) -> tuple:
    return (
        fluid.pH,
        fluid.temperature_C,
        tuple(fluid.totals_mmol_per_kgw.items()),
        fluid.charge_balanced_by,
        fluid.carbon_dioxide_kPa,
    )


@dataclass(frozen=True)
class _Piece:
    """Steps (S, lanes) with what the outer face sees, run ``cycles`` times from cycle ``first`` of sequence ``sequence``.

    elapsed (S,) is what of the segment lies before a step, in lengths of that step.
    """

    steps: np.ndarray
    which: np.ndarray
    films: np.ndarray
    inhibitors: np.ndarray
    activities: np.ndarray
    elapsed: np.ndarray
    sequence: int
    first: int
    cycles: int


def _pieces(schedules: list[Schedule], baths: _Baths, settings: Settings) -> Iterator[_Piece]:
    """Cut the schedules of a tile, which have the same structure, into pieces between two saved states."""
    lanes = [sequences(s) for s in schedules]
    whole = sum(q.count * sum(s.duration for s in q.segments) for q in lanes[0])
    for number, same in enumerate(zip(*lanes, strict=True)):
        columns = []
        for segments in zip(*(q.segments for q in same), strict=True):
            lengths = np.array([s.duration for s in segments])
            longest = lengths.max()
            grid = biofilm.grid_for(baths.model, settings.grid, max(s.exposure.sugar for s in segments))
            share = segment_steps(longest, grid) / longest
            rows = np.array([baths.rows[baths.key(s.exposure)] for s in segments])
            others = [np.array([getattr(s.exposure, name) for s in segments]) for name in ("film", "inhibitor", "activity")]
            before = (np.cumsum(share) - share) / share
            before[0] = 0.0
            columns.append((share[:, None] * lengths, *(np.broadcast_to(a, (len(share), len(a))) for a in (rows, *others)), before))
        arrays = [np.ascontiguousarray(np.concatenate(parts)) for parts in zip(*columns, strict=True)]
        count, length = same[0].count, arrays[0][:, 0].sum()
        wanted = max(1, round(settings.saves * count * length / whole))
        if count > 1:
            edges = np.unique(np.linspace(0, count, min(wanted, count) + 1).round().astype(int))
            for first, last in pairwise(edges):
                yield _Piece(*arrays, number, int(first), int(last - first))
        else:
            parts = (
                settings.grid.parts
            )  # states are saved where the undivided grid has an edge, so that finer runs save the same times
            times = np.cumsum(arrays[0][:, 0])[parts - 1 :: parts]
            cuts = np.searchsorted(times, np.linspace(0, length, wanted + 1)[1:-1])
            edges = np.unique([0, *(cuts + 1), len(times)]) * parts
            for first, last in pairwise(edges):
                yield _Piece(*(a[first:last] for a in arrays), number, 0, 1)


@dataclass
class _Track:
    """What a tile went through: times and state fields at each saved moment, ledgers of both faces, and where lanes failed.

    valid (lanes) is how many of the saved moments a lane lived to see; failures (lanes) why it did not see the others.
    """

    tile: _Tile
    times: list[float]
    states: list[dict[str, np.ndarray]]
    inflows: list[np.ndarray]
    inners: list[np.ndarray]
    grosses: list[np.ndarray]
    eaten: list[np.ndarray]
    valid: np.ndarray
    failures: list[Failure | None]


def _march(
    tile: _Tile,
    schedules: list[Schedule],
    baths: _Baths,
    settings: Settings,
    counts: np.ndarray,
    told: Callable[[float, _Track], None] | None,
) -> _Track:
    layout, module = tile.layout, compiled(tile.layout)
    balances = SIZE + len(layout.model.system.families)
    inflow, inner, gross = (np.zeros((balances, layout.lanes)) for _ in range(3))
    eaten = np.zeros(layout.lanes)
    backup = np.empty(tile.cells * layout.state * layout.lanes)
    limits = np.array([settings.iterations, settings.tolerance**2, settings.cuts, settings.near_tolerance**2], float)
    table = baths.table(layout)
    notes = np.zeros((layout.lanes, NOTE + len(layout.model.phases)))
    stands = np.arange(layout.lanes)  # the lane whose schedule a lane follows, which is another one's after it failed
    track = _Track(
        tile,
        [0.0],
        [tile.values()],
        [inflow.copy()],
        [inner.copy()],
        [gross.copy()],
        [eaten.copy()],
        np.ones(layout.lanes, int),
        [None] * layout.lanes,
    )
    history, owner, times = np.empty((2, 0, 0, 0)), -1, np.zeros(layout.lanes)
    whole = sum(s.duration for s in unrolled(schedules[0]))
    for piece in _pieces(schedules, baths, settings):
        if piece.sequence != owner:
            repeats = settings.warm and piece.cycles + piece.first < 10**9 and _repeats(schedules, piece.sequence)
            history = np.empty((2, len(piece.steps), tile.cells, SIZE * layout.lanes)) if repeats else np.empty((2, 0, 0, 0))
            owner = piece.sequence
        steps, which, films, inhibitors, activities = (
            np.ascontiguousarray(a[:, stands])
            for a in (piece.steps, piece.which, piece.films / tile.water, piece.inhibitors, piece.activities)
        )
        left = module.drive(
            tile.array, tile.cells, steps, which, table, films, inhibitors, activities, piece.elapsed,
            history, piece.first, piece.cycles, inflow, inner, gross, eaten, backup, limits, counts, notes,
        )  # fmt: skip
        for lane in np.flatnonzero(notes[:, 0]):
            if track.failures[lane] is None:
                track.failures[lane] = failure_of(notes[lane], times[lane], piece.steps[:, stands[lane]])
            stands[lane] = stands[max(int(notes[lane, 0]) - 1, 0)]
        if not left:
            break
        times += piece.cycles * piece.steps.sum(axis=0)
        track.valid += notes[:, 0] == 0.0
        track.times.append(float(times[0]))
        track.states.append(tile.values())
        track.inflows.append(inflow.copy())
        track.inners.append(inner.copy())
        track.grosses.append(gross.copy())
        track.eaten.append(eaten.copy())
        if told:
            told(times[0] / whole, track)
    return track


def _repeats(schedules: list[Schedule], sequence: int) -> bool:
    return sequences(schedules[0])[sequence].count > 2


def _read(column: Column, layout: Layout, tracks: list[_Track], counts: np.ndarray) -> Run:
    """Turn saved states into a run."""
    model, system = layout.model, layout.model.system
    kept = [np.flatnonzero(np.r_[True, np.diff(track.tile.members) > 0]) for track in tracks]
    times = max((track.times for track in tracks), key=len)
    moments = np.arange(len(times))

    def gather(name: str) -> np.ndarray:
        """Return a field as (members, times, cells), not-a-number after a failure."""
        parts = []
        for track, lanes in zip(tracks, kept, strict=True):
            block = np.full((len(lanes), len(times), track.tile.cells), np.nan)
            block[:, : len(track.states)] = np.stack([s[name][:, lanes].T for s in track.states], axis=1)
            block[moments >= track.valid[lanes][:, None]] = np.nan
            parts.append(block)
        return np.concatenate(parts)

    def ledger(which: str) -> np.ndarray:
        parts = []
        for track, lanes in zip(tracks, kept, strict=True):
            rows = getattr(track, which)
            block = np.full((len(lanes), len(times), *rows[0].shape[:-1]), np.nan)
            block[:, : len(rows)] = np.stack([r[..., lanes].T for r in rows], axis=1)
            block[moments >= track.valid[lanes][:, None]] = np.nan
            parts.append(block)
        return np.concatenate(parts)

    parameters = {k: np.broadcast_to(v, (column.members,)) for k, v in column.parameters.items()}
    moles = np.stack([gather(f"mineral{k}") for k in range(len(column.phases))], axis=2)  # mol/L of tissue
    volume = np.stack([parameters[f"molar_volume.{p.name}"] for p in column.phases], axis=1) * LITRES
    mineral = moles * volume[:, None, :, None]
    open_pores = 1.0 - column.sound.sum(axis=1) - column.organic
    collagen = gather("collagen") if model.collagen else np.ones_like(mineral[:, :, 0])
    porosity = (
        1.0 - mineral.sum(axis=2) - column.organic[:, None] * collagen
        if column.porosity_feedback
        else np.broadcast_to(open_pores[:, None], mineral[:, :, 0].shape)
    )
    strength = gather("strength")
    root = np.sqrt(strength)
    log_gamma = -system.davies[0] * LN10 * (root / (1.0 + root) - system.davies[1] * strength)
    free = [np.log(gather(f"c{j}")) for j in range(SIZE)]
    index = []
    for data in model.phases:
        squares = sum(n * z * z for n, z in zip(data.powers, (2, 2, 1, 1), strict=True))
        product = sum(n * x for n, x in zip(data.powers, free, strict=True) if n) + squares * log_gamma
        pk = parameters[f"pk.{data.phase.name}"][:, None, None]
        index.append((product + data.offset) / LN10 + pk)
    inventories = [gather(f"inventory{j}") for j in range(SIZE)] + [gather(f"stock{f}") for f in range(len(system.families))]
    inflow, inner, gross = ledger("inflows"), ledger("inners"), ledger("grosses")
    widths = np.diff(column.edges)
    balance, made = [], {}
    if model.living:
        eaten = ledger("eaten")
        acid = biofilm.constants_of(column)["lactate_yield"][:, None] * eaten
        made = {"Glc": -eaten, "Lac": acid, "H": acid}
    for c, inventory in enumerate(inventories):
        held = inventory + (sum(d.powers[c] * moles[:, :, k] for k, d in enumerate(model.phases)) if c < SIZE else 0.0)
        if model.living and system.components[c] == "K":
            held = held + gather("counter")
        amount = (held * widths).sum(axis=2)
        own = made.get(system.components[c], np.zeros_like(amount))
        moved = inflow[:, :, c] - inner[:, :, c] + own
        scale = np.abs(amount[:, :1]) + gross[:, :, c] + np.abs(own)
        balance.append((amount - amount[:, :1] - moved) / (scale + 1e-30))
    failed = [track.failures[lane] for track, lanes in zip(tracks, kept, strict=True) for lane in lanes]
    failures = tuple(sentence(f, column, m) if f else "" for m, f in enumerate(failed))
    balance = np.stack(balance, axis=2)
    status = np.array([RunStatus.NOT_CONVERGED if f else RunStatus.OK for f in failures])
    status[(status == RunStatus.OK) & (np.nanmax(np.abs(balance), axis=(1, 2)) > BALANCED)] = RunStatus.NOT_BALANCED
    return Run(
        time=np.array(times),
        edges=column.edges,
        phases=tuple(p.name for p in column.phases),
        components=system.components,
        mineral=mineral,
        sound=column.sound,
        porosity=porosity,
        ph=-(free[SIZE - 1] + log_gamma) / LN10,
        totals=np.stack(inventories, axis=2) / porosity[:, :, None] * LITRES,
        saturation_index=np.stack(index, axis=2),
        ionic_strength=strength,
        inflow=inflow * LITRES,
        balance=balance,
        status=status,
        failure=failures,
        error=np.full(column.members, np.nan),
        collagen=collagen,
        counts={"steps": int(counts[0]), "iterations": int(counts[1]), "rejections": int(counts[2])},
    )
