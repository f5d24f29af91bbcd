"""Carries a swarm through its run: look by look, with what happens between looks (payload, detaching, gels and jams), kept and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amelo.params import load_set
from amelo.therapy.nano import kicks
from amelo.therapy.nano.carrier import SCENE
from amelo.therapy.nano.motion import sphere_volume
from amelo.therapy.nano.particles import (
    FREE,
    PLUGGED,
    POINTS,
    STUCK,
    Particles,
    Tables,
    advance,
    draw_patience,
    tables_of,
    threads_set,
)
from amelo.therapy.nano.swarm_output import open_output
from amelo.therapy.nano.swarm_state import SwarmState, checkpoint_path

if TYPE_CHECKING:
    from amelo.therapy.nano.swarm_result import SwarmResult

__all__ = ["cells_of", "content_of", "keep", "look", "march", "tallied", "volume_fractions", "volume_of"]

SORT = 25  # looks between two sortings into the order of cells
FLUSH = 16  # frames between two writings


def march(
    state: SwarmState,
    *,
    on_progress: Callable[[float, str], None] | None = None,
    out: str | Path | None = None,
    checkpoint: str | Path | None = None,
    threads: int | None = None,
    force: bool = False,
) -> SwarmResult:
    """Carry a state, in place, to the end of its run and return what became of it; see ``Swarm.run``."""
    from amelo.therapy.nano.swarm_result import SwarmResult

    output = open_output(state, out, force=force) if out is not None else None
    place = checkpoint_path(checkpoint) if checkpoint is not None else None
    threads_set(threads)
    swarm = state.swarm
    tables = tables_of(
        swarm.passage,
        swarm.carrier,
        swarm.field,
        state.plan.step,
        open_mouth=swarm.mouth == "open",
        ph=swarm.ph,
        diameters=swarm.diameters,
    )
    if state.plan.done == 0:
        keep(state, 0)
    while not state.finished:
        look(state, tables)
        frame, within = divmod(state.plan.done, state.plan.looks)
        if within == 0:
            keep(state, frame)
            if frame % FLUSH == 0 or state.finished:
                if output is not None:
                    output.write(state, frame)
                if place is not None:
                    state.checkpoint(place)
        if on_progress is not None:
            on_progress(state.plan.done / state.plan.total, f"moving {swarm.count:,} carriers, {state.time / 60.0:.1f} min")
    if output is not None:
        output.finish(state)
    return SwarmResult(state, None if out is None else Path(out))


def cells_of(state: SwarmState, particles: Particles | None = None) -> np.ndarray:
    """Return the cell (P,) of the passage that each carrier is in."""
    edges = state.swarm.passage.edges
    depth = (state.particles if particles is None else particles).depth
    return np.clip(np.searchsorted(edges, depth, "right") - 1, 0, len(edges) - 2)


def volume_of(state: SwarmState) -> np.ndarray:
    """Return the volume (P,) [m3] of one carrier of the size of each."""
    volumes = np.array([float(sphere_volume(d)) for d in state.swarm.diameters])
    return volumes[state.particles.shelf // (POINTS + 1)]


def content_of(state: SwarmState) -> np.ndarray:
    """Return the payload (P,) [m3] that the carriers which each stands for hold when full."""
    return state.particles.weight * state.swarm.carrier.payload_fraction * volume_of(state)


def volume_fractions(state: SwarmState, *modes: int) -> np.ndarray:
    """Return the share (N,) of the volume of the cells that carriers in any of the modes take up."""
    chosen = np.isin(state.particles.mode, modes)
    filled = np.bincount(cells_of(state)[chosen], (state.particles.weight * volume_of(state))[chosen], minlength=len(state.crowded))
    return filled / state.swarm.room


def look(state: SwarmState, tables: Tables) -> None:
    """Carry a state through one look, in place."""
    swarm, plan = state.swarm, state.plan
    if plan.done % SORT == 0:  # what moves first, in the order of cells: neighbours read the same part of the tables
        state.particles = state.particles.taken(np.lexsort((state.particles.identity, cells_of(state), state.particles.mode)))
    particles = state.particles
    moving = int(np.flatnonzero(particles.mode == FREE)[-1]) + 1 if (particles.mode == FREE).any() else 0
    low = high = None
    if swarm.crowding:
        low, high = _walls(state, moving)
    before = particles.mode.copy()
    words = kicks.step_words(state.key, state.taken, plan.steps)
    advance(particles, tables, words, low=low, high=high, count=moving)
    time = plan.steps * plan.step
    _detach(state, before, time)
    _give_up_payload(state, time)
    if swarm.crowding:
        _crowd(state, time)
    state.taken += plan.steps
    state.plan = replace(plan, done=plan.done + 1)


def _walls(state: SwarmState, count: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the depths [m] of the nearest plugs on both sides of the first carriers, nothing when there are none."""
    if not (state.particles.mode == PLUGGED).any():
        return None, None
    edges = state.swarm.passage.edges
    plugs = volume_fractions(state, PLUGGED) >= state.swarm.carrier.gelation_fraction
    before = np.maximum.accumulate(np.where(plugs, edges[1:], 0.0))
    low = np.concatenate([[0.0], before[:-1]])
    after = np.minimum.accumulate(np.where(plugs, edges[:-1], edges[-1])[::-1])[::-1]
    high = np.concatenate([after[1:], edges[-1:]])
    cells = cells_of(state)[:count]
    return low[cells], high[cells]


def _detach(state: SwarmState, before: np.ndarray, time: float) -> None:
    """Give what has just stuck patience to stay, and free what has none left."""
    particles = state.particles
    stuck = particles.mode == STUCK
    if not stuck.any():
        return
    staying = np.flatnonzero(stuck & (before == STUCK))
    particles.patience[staying] -= state.swarm.carrier.detach_rate * time
    off = staying[particles.patience[staying] <= 0.0]
    particles.mode[off] = FREE
    draw_patience(particles, off, state.key)
    draw_patience(particles, np.flatnonzero(stuck & (before != STUCK)), state.key)


def _give_up_payload(state: SwarmState, time: float) -> None:
    """Release payload of all carriers that are still in the passage, each as its fluid has it."""
    carrier, swarm = state.swarm.carrier, state.swarm
    if not carrier.payload_fraction:
        return
    cells = len(state.crowded)
    rate = carrier.release(swarm.ph) * np.maximum(1.0 - np.asarray(swarm.saturation, float), 0.0) * np.ones(cells)
    particles, place = state.particles, cells_of(state)
    inside = particles.mode <= PLUGGED
    left = np.where(inside, particles.payload * np.exp(-rate * time)[place], particles.payload)
    given, rest = tallied(place, (particles.payload - left) * content_of(state), cells)
    before = state.released
    state.released = before + given
    smaller, larger = np.minimum(before, given), np.maximum(before, given)  # neither is below 0
    state.remainder = state.remainder + rest + ((larger - state.released) + smaller)
    particles.payload[:] = left


def _crowd(state: SwarmState, time: float) -> None:
    """Turn carriers into a plug where they have been dense for long enough, at once where they jam or are as close as can be.

    Assumptions: carriers jam where the passage is narrower than so many of their diameters, once they are as dense as gels are.
    """
    carrier, passage = state.swarm.carrier, state.swarm.passage
    value = load_set(SCENE).value
    fraction = volume_fractions(state, FREE, STUCK, PLUGGED)
    dense = fraction >= carrier.gelation_fraction
    state.crowded = np.where(dense, state.crowded + time, 0.0)
    narrow = np.maximum(passage.width[:-1], passage.width[1:]) < value("packing.jam_ratio") * max(state.swarm.diameters)
    setting = dense & (narrow | (state.crowded >= carrier.gelation_time)) | (fraction >= value("packing.close"))
    if setting.any():
        caught = setting[cells_of(state)] & (state.particles.mode == FREE)
        state.particles.mode[caught] = PLUGGED


def tallied(place: np.ndarray, values: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums (places,) of values (P,) by place (P,), and what rounding has left out of each."""
    from amelo.therapy.nano import walk

    return walk.tally(np.asarray(place, np.int64), values, places)


def keep(state: SwarmState, frame: int) -> None:
    """Put the state into its history."""
    history, particles = state.history, state.particles
    cells, place = len(state.crowded), cells_of(state)
    history.time[frame] = state.time
    for mode in (FREE, STUCK, PLUGGED):
        there = particles.mode == mode
        history.carriers[frame, mode] = np.bincount(place[there], particles.weight[there], minlength=cells)
    history.totals[frame] = sum(tallied(particles.mode, particles.weight, 5))
    history.released[frame] = state.released.sum() + state.remainder.sum()
    history.crowded[frame] = volume_fractions(state, FREE, STUCK, PLUGGED).max()
    where = np.argsort(particles.identity)[np.searchsorted(np.sort(particles.identity), history.sampled)]
    history.depth[frame], history.mode[frame] = particles.depth[where], particles.mode[where]
