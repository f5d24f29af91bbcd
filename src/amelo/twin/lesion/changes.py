"""A change between two segments, carried out on a tile: what stands is shown to it, what it answers is laid in, and all is booked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amelo.errors import SolveError
from amelo.twin.change import Change, Standing
from amelo.twin.column import Column
from amelo.twin.lesion.cell import SIZE
from amelo.twin.lesion.jumps import Books
from amelo.twin.lesion.system import LN10
from amelo.twin.lesion.tiles import LITRES, Tile
from amelo.twin.schedule import Schedule, changes_of

__all__ = ["accounts_of", "altered"]

Accounts = dict[str, np.ndarray]
LEAST = 0.01  # of sound mineral that is told where almost all of it has become resin


def accounts_of(schedule: Schedule) -> list[str]:
    """Return the names of the books that the changes of a schedule keep, each once."""
    return list(dict.fromkeys(name for change in changes_of(schedule) for name in change.accounts))


def altered(tile: Tile, column: Column, books: Books, changes: list[Change], times: np.ndarray, accounts: Accounts) -> Accounts:
    """Carry out a change in every lane of a tile, and return the books of changes after it.

    Arguments: tile and books (changed in place); column; changes (one a lane); times (lanes,) [s]; accounts (name: (lanes,)).
    Raises: SolveError for solids that fill more than the pores.
    Assumptions: what a solid displaces is fluid as it stands there, and leaves through the outer face; groups that are fixed in a biofilm
    stay.
    """
    before = standing(tile, column, times, accounts)
    after = before
    for change in {id(c): c for c in changes}.values():
        mine = np.array([c is change for c in changes])
        answer = change.apply(before)
        after = replace(
            after,
            **{
                name: np.where(
                    mine.reshape(-1, *(1,) * (getattr(before, name).ndim - 1)), getattr(answer, name), getattr(after, name)
                )
                for name in ("mineral", "organic", "ease", "kept", "gone")
            },
            accounts={name: np.where(mine, answer.accounts[name], after.accounts[name]) for name in after.accounts},
        )
    model, fields = tile.layout.model, tile.layout.fields
    held = _held(tile)
    eased = (after.ease != before.ease).T
    tile.fields("diffusivity_scale")[:] = np.where(eased, tile.water * after.ease.T, tile.fields("diffusivity_scale"))
    _protect(tile, column, before, after)
    if model.porosity_feedback:
        _must_fit(before, after, changes)
        space = _taken(before, after)
        share = (1.0 - space / before.porosity).T  # of the fluid that stays
        for j in range(SIZE):
            tile.fields(f"inventory{j}")[:] *= share
        for f, family in enumerate(model.system.families):
            if not family.fixed:
                tile.fields(f"stock{f}")[:] *= share
    for k, volume in enumerate(_volumes(tile, column)):
        grown = (after.mineral[:, k] - before.mineral[:, k]).T / volume
        tile.fields(f"mineral{k}")[:] = np.maximum(tile.fields(f"mineral{k}") + grown, 0.0)
    tile.fields("organic")[:] += (after.organic - before.organic).T
    if "opening" in fields:
        tile.fields("opening")[:] = 0.0
    came = _held(tile) - held
    books.inflow += came
    books.gross += np.abs(came)
    return dict(after.accounts)


def _protect(tile: Tile, column: Column, before: Standing, after: Standing) -> None:
    """Lay in what never dissolves, and let nothing grow where tissue is gone.

    The law of growth measures pores against those of sound tissue, which it has from sound mineral and organic matter: where resin or bleach
    change the organic matter, sound mineral is told as if they had not.
    """
    touched = (after.organic != before.organic) | (after.kept != before.kept) | (after.gone & ~before.gone)
    if not touched.any():
        return
    members, model = tile.members, tile.layout.model
    whole = column.sound[members].sum(axis=1)
    tissue = whole > 0.0
    filled = (after.organic - column.organic[members]) / np.where(tissue, whole, 1.0)
    share = np.where(after.gone, 0.0, np.maximum(1.0 - filled, LEAST))
    shown = (touched & tissue).T
    for k, volume in enumerate(_volumes(tile, column)):
        own = (share * column.sound[members, k]).T / volume
        tile.fields(f"own{k}")[:] = np.where(shown, own, tile.fields(f"own{k}"))
    kept = (after.kept / np.where(share > 0.0, share, 1.0)).T
    tile.fields("residual_mineral")[:] = np.where(shown, kept, tile.fields("residual_mineral"))
    emptied = (after.gone & ~before.gone).T
    if model.collagen:  # what fills a cavity later is no matrix
        tile.fields("collagen_decay_rate")[emptied] = 0.0
    for k, phase in enumerate(column.phases):
        if phase.growth is not None and not phase.alone:
            tile.fields(f"growth_rate.{k}")[emptied] = 0.0


def _taken(before: Standing, after: Standing) -> np.ndarray:
    """Return the volume of pores that a change takes (M, N), below 0 where it frees some."""
    return (after.mineral - before.mineral).sum(axis=1) + (after.organic - before.organic) * before.collagen


def _must_fit(before: Standing, after: Standing, changes: list[Change]) -> None:
    """Refuse solids that fill more than the pores.

    Raises: SolveError with member and depth.
    """
    space = _taken(before, after)
    over = np.argwhere(space >= before.porosity)
    if len(over):
        lane, cell = over[0]
        depth = 0.5e6 * (before.edges[cell] + before.edges[cell + 1])
        why = f"member {before.members[lane]} has {100 * before.porosity[lane, cell]:.3g} % of pores at a depth of {depth:.3g} µm"
        why += f" for {100 * space[lane, cell]:.3g} % of solid"
        raise SolveError(f"'{changes[lane].label}' does not fit into the pores", why=why, fix="do less of it")


def standing(tile: Tile, column: Column, times: np.ndarray, accounts: Accounts) -> Standing:
    """Return what stands in a tile, as a change is told it."""
    members, model = tile.members, tile.layout.model
    volumes = _volumes(tile, column)
    whole = column.sound[members].sum(axis=1)
    own = sum(tile.fields(f"own{k}") * v for k, v in enumerate(volumes)).T
    share = np.where(whole > 0.0, own / np.where(whole > 0.0, whole, 1.0), 1.0)  # of sound mineral as it is told, see _protect
    mineral = np.stack([(tile.fields(f"mineral{k}") * v).T for k, v in enumerate(volumes)], axis=1)
    organic = tile.fields("organic").T.copy()
    collagen = tile.fields("collagen").T.copy() if model.collagen else np.ones_like(organic)
    organic_now = organic * collagen if model.collagen else organic
    pores = 1.0 - mineral.sum(axis=1) - organic_now if model.porosity_feedback else tile.fields("open_pores").T
    strength = tile.fields("strength")
    root, (a, b) = np.sqrt(strength), model.system.davies
    log_activity = -a * LN10 * (root / (1.0 + root) - b * strength)
    hydrogen = np.log(tile.fields(f"c{SIZE - 1}")) + log_activity
    free = [np.log(tile.fields(f"c{j}")) for j in range(SIZE)]
    found = []
    for k, data in enumerate(model.phases):
        squares = sum(n * z * z for n, z in zip(data.powers, (2, 2, 1, 1), strict=True))
        product = sum(n * x for n, x in zip(data.powers, free, strict=True) if n) + squares * log_activity + data.offset
        found.append(np.exp((product + tile.fields(f"pk.{k}") * LN10) / data.ions).T)
    return Standing(
        time=times.copy(),
        edges=column.edges,
        phases=tuple(p.name for p in column.phases),
        mineral=mineral,
        sound=column.sound[members],
        organic=organic,
        porosity=pores,
        ph=-(hydrogen / LN10).T,
        saturation=np.stack(found, axis=1),
        ease=tile.fields("diffusivity_scale").T / tile.water,
        members=members,
        parameters={name: np.broadcast_to(values, (column.members,))[members] for name, values in column.parameters.items()},
        accounts=accounts,
        kept=tile.fields("residual_mineral").T * share,
        gone=share == 0.0,
        collagen=collagen,
    )


def _volumes(tile: Tile, column: Column) -> np.ndarray:
    """Return the molar volumes (phases, lanes) [L/mol]."""
    names = [f"molar_volume.{p.name}" for p in column.phases]
    return np.array([np.broadcast_to(column.parameters[name], (column.members,))[tile.members] for name in names]) * LITRES


def _held(tile: Tile) -> np.ndarray:
    """Return what a tile holds of every balance (balances, lanes) [mol/L · m], solids included."""
    model, widths = tile.layout.model, tile.fields("width")
    rows = []
    for j in range(SIZE):
        solid = sum(d.powers[j] * tile.fields(f"mineral{k}") for k, d in enumerate(model.phases) if d.powers[j])
        rows.append(((tile.fields(f"inventory{j}") + solid) * widths).sum(axis=0))
    rows += [(tile.fields(f"stock{f}") * widths).sum(axis=0) for f in range(len(model.system.families))]
    return np.array(rows)
