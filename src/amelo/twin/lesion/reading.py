"""What a tile went through, and how saved states become a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from amelo.twin.column import Column
from amelo.twin.lesion import biofilm
from amelo.twin.lesion.cell import SIZE
from amelo.twin.lesion.failures import Failure, sentence
from amelo.twin.lesion.kernel import Layout
from amelo.twin.lesion.system import LN10
from amelo.twin.lesion.tiles import LITRES, Tile
from amelo.twin.run import Run, RunStatus

__all__ = ["BALANCED", "Track", "read"]

BALANCED = 1e-10  # largest relative balance error of a run that counts as closed


@dataclass
class Track:
    """What a tile went through: times and state fields at each saved moment, ledgers of both faces, and where lanes failed.

    valid (lanes) is how many of the saved moments a lane lived to see; failures (lanes) why it did not see the others;
    leapt (lanes) the error of the mineral in sum [m] that leaps over cycles brought, None when there were none; accounts, what changes
    keep books of, at each saved moment.
    """

    tile: Tile
    times: list[float]
    states: list[dict[str, np.ndarray]]
    inflows: list[np.ndarray]
    inners: list[np.ndarray]
    grosses: list[np.ndarray]
    eaten: list[np.ndarray]
    valid: np.ndarray
    failures: list[Failure | None]
    leapt: np.ndarray | None = None
    accounts: list[dict[str, np.ndarray]] = field(default_factory=list)


def read(column: Column, layout: Layout, tracks: list[Track], counts: np.ndarray) -> Run:
    """Turn saved states into a run."""
    model, system = layout.model, layout.model.system
    kept = [np.flatnonzero(np.r_[True, np.diff(track.tile.members) != 0]) for track in tracks]
    times = max((track.times for track in tracks), key=len)
    moments = np.arange(len(times))
    order = np.argsort(np.concatenate([track.tile.members[lanes] for track, lanes in zip(tracks, kept, strict=True)]))

    def gather(name: str) -> np.ndarray:
        """Return a field as (members, times, cells), not-a-number after a failure."""
        parts = []
        for track, lanes in zip(tracks, kept, strict=True):
            block = np.full((len(lanes), len(times), track.tile.cells), np.nan)
            block[:, : len(track.states)] = np.stack([s[name][:, lanes].T for s in track.states], axis=1)
            block[moments >= track.valid[lanes][:, None]] = np.nan
            parts.append(block)
        return np.concatenate(parts)[order]

    def ledger(which: str) -> np.ndarray:
        parts = []
        for track, lanes in zip(tracks, kept, strict=True):
            rows = getattr(track, which)
            block = np.full((len(lanes), len(times), *rows[0].shape[:-1]), np.nan)
            block[:, : len(rows)] = np.stack([r[..., lanes].T for r in rows], axis=1)
            block[moments >= track.valid[lanes][:, None]] = np.nan
            parts.append(block)
        return np.concatenate(parts)[order]

    names = tuple(tracks[0].accounts[0]) if tracks[0].accounts else ()

    def booked() -> np.ndarray:
        """Return what changes keep books of (members, times, accounts)."""
        parts = []
        for track, lanes in zip(tracks, kept, strict=True):
            block = np.full((len(lanes), len(times), len(names)), np.nan)
            for i, kept_then in enumerate(track.accounts):
                block[:, i] = np.stack([kept_then[name][lanes] for name in names], axis=1) if names else 0.0
            block[moments >= track.valid[lanes][:, None]] = np.nan
            parts.append(block)
        return np.concatenate(parts)[order]

    parameters = {k: np.broadcast_to(v, (column.members,)) for k, v in column.parameters.items()}
    moles = np.stack([gather(f"mineral{k}") for k in range(len(column.phases))], axis=2)  # mol/L of tissue
    volume = np.stack([parameters[f"molar_volume.{p.name}"] for p in column.phases], axis=1) * LITRES
    mineral = moles * volume[:, None, :, None]
    open_pores = 1.0 - column.sound.sum(axis=1) - column.organic
    collagen = gather("collagen") if model.collagen else np.ones_like(mineral[:, :, 0])
    porosity = (
        1.0 - mineral.sum(axis=2) - gather("organic") * collagen
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
    failed = [failed[k] for k in order]
    failures = tuple(sentence(f, column, m) if f else "" for m, f in enumerate(failed))
    balance = np.stack(balance, axis=2)
    status = np.array([RunStatus.NOT_CONVERGED if f else RunStatus.OK for f in failures])
    status[(status == RunStatus.OK) & (np.nanmax(np.abs(balance), axis=(1, 2)) > BALANCED)] = RunStatus.NOT_BALANCED
    leapt = [np.full(len(k), np.nan) if t.leapt is None else t.leapt[k] for t, k in zip(tracks, kept, strict=True)]
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
        error=np.concatenate(leapt)[order],
        accounts=booked(),
        account_names=names,
        collagen=collagen,
        counts={"steps": int(counts[0]), "iterations": int(counts[1]), "rejections": int(counts[2])},
    )
