"""Runs whose error in time is known: solved with every step halved until what they come to agrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amelo.twin.accuracy import final_loss, small_enough
from amelo.twin.column import Column
from amelo.twin.lesion.solve import Progress, Settings, States, settings_for, solve
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule

__all__ = ["CHANCE", "ONWARD", "PAIR", "begins_wide", "solve_checked"]

FINEST = 4  # times that every step of the usual grid is halved before the error is reported as it stands
ROUGH = 0.01  # accuracy from which a column begins on wide steps, and twice that from which members side by side do
ONWARD = 0.5  # share of the change of the last halving by which results are carried on: that of order log2(3)
LOCAL = 0.3  # weight of a change that another depth makes good
CHANCE = 4.0  # times that a halving can make an error of second order smaller: beyond it grids agree by chance
PAIR = 0.005  # of what is gained or lost in sum: how well the first two grids can know it, agreeing as they may


def solve_checked(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    settings: Settings | None = None,
    *,
    accuracy: float = 0.01,
    on_progress: Progress | None = None,
    solver: Callable[..., Run] = solve,
    on_states: States | None = None,
    on_run: Callable[[Run], None] | None = None,
) -> Run:
    """Solve a column, halving all steps until the error of the integrated mineral loss is less than ``accuracy`` of itself.

    Arguments: as of :func:`solve` (settings: None for those that suit the accuracy); accuracy (relative); solver (:func:`solve` or one of
    the same signature); on_states (told of the states of the first grid as they are solved); on_run (told of the best run so far whenever a
    finer grid is done but not yet the last one).  So whoever keeps what they are told has at any moment all that is known: no state is
    taken back for a finer one that is only partly there.
    Returns: the run on the finest grid tried, carried on by half of what the last halving changed.  What is left is between nothing, where
    the method is of first order, and all that it was carried on by, to the other side, where the finer grid was right already; so that is
    its ``error``, taken of the larger of net loss, gross loss and gross gain, and no less than a quarter of that of the halving before.
    After a first pair of wide steps, on which orders cannot be told yet, it is all that the halving changed.  What leaps over cycles may be
    wrong by is in it.
    """
    settings = settings or settings_for(accuracy)
    wide = begins_wide(column.members, accuracy)
    base, finest = (settings.grid.wide(), FINEST + 1) if wide else (settings.grid, FINEST)
    coarse: Run | None = None
    best: Run | None = None
    bar = np.full(column.members, np.nan)
    first = {"on_states": on_states} if on_states else {}  # only of the first grid
    for level in range(finest + 1):
        grid = replace(base, parts=base.parts * 2**level)
        told = _part(on_progress, level)
        fine = solver(column, schedule, diffusivity, replace(settings, grid=grid), told, **first)
        first = {}
        if coarse is not None:
            better = _extrapolated(fine, coarse)
            loss = final_loss(better)
            kept = (better.mineral == fine.mineral).all(axis=(1, 2, 3))
            share = np.where(kept | (wide and level == 1), 1.0, ONWARD)  # who was not carried on may lack all of it
            bar = np.maximum(share * _changed(fine, coarse), np.where(np.isfinite(bar), bar / CHANCE, PAIR * _moved(fine)))
            error = bar + np.nan_to_num(fine.error)  # which so far is that of leaps over cycles
            best = replace(better, error=error, counts=_added(fine.counts, best.counts))
            now, before = (np.isfinite(final_loss(run)) for run in (fine, coarse))
            if (small_enough(error, loss, accuracy) | ~(now | before)).all():  # who fails twice is given up, who fails once is not
                break
            if on_run and level < finest and (now | ~before).all():
                on_run(best)
        else:
            best = fine
        coarse = fine
    if on_progress:
        on_progress(1.0, "solved")
    return best


def begins_wide(members: int, accuracy: float) -> bool:
    """Tell whether the first grid has wide steps: of many members the worst seldom keeps to an accuracy of a hundredth on them."""
    return accuracy >= (ROUGH if members == 1 else 2.0 * ROUGH)


def _moved(run: Run) -> np.ndarray:
    """Return how much mineral is gained or lost in sum at the end (M,) [m], whichever is more."""
    gained = (run.mineral[:, -1].sum(axis=1) - run.mineral[:, 0].sum(axis=1)) * np.diff(run.edges) * (run.edges[:-1] >= 0.0)
    return np.maximum(np.maximum(gained, 0.0).sum(axis=1), np.maximum(-gained, 0.0).sum(axis=1))


def _changed(fine: Run, coarse: Run) -> np.ndarray:
    """Return by how much mineral differs between two runs at the end (M,) [m]: net, or gained or lost in sum, whichever is more.

    Differences without their signs count with a weight, for grids whose profiles differ but whose sums agree.
    """
    known = np.isfinite(final_loss(fine)) & np.isfinite(final_loss(coarse))
    widths = np.diff(fine.edges) * (fine.edges[:-1] >= 0.0)
    one, two = ((run.mineral[:, -1].sum(axis=1) - run.mineral[:, 0].sum(axis=1)) * widths for run in (fine, coarse))
    sums = [(np.maximum(sign * one, 0.0) - np.maximum(sign * two, 0.0)).sum(axis=1) for sign in (1.0, -1.0)]
    sums += [(one - two).sum(axis=1), LOCAL * np.abs(one - two).sum(axis=1)]
    return np.where(known, np.abs(sums).max(axis=0), np.nan)


def _extrapolated(fine: Run, coarse: Run) -> Run:
    """Return the fine run with minerals and what flowed in carried on by half of what the last halving changed them.

    Observed orders lie between first and second; being linear this keeps every balance.  A member whose minerals would leave their bounds,
    below nothing or beyond the pores, keeps the fine values.
    """
    if fine.mineral.shape != coarse.mineral.shape:
        return fine

    def onward(name: str) -> np.ndarray:
        one, two = getattr(fine, name), getattr(coarse, name)
        return one + ONWARD * (one - two)

    mineral, porosity = onward("mineral"), onward("porosity")
    inside = (np.isfinite(mineral) & (mineral >= 0.0)).all(axis=(1, 2, 3)) & (porosity > 0.0).all(axis=(1, 2))

    def chosen(extrapolated: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.where(inside.reshape(-1, *(1,) * (values.ndim - 1)), extrapolated, values)

    return replace(
        fine,
        mineral=chosen(mineral, fine.mineral),
        porosity=chosen(porosity, fine.porosity),
        inflow=chosen(onward("inflow"), fine.inflow),
    )


def _added(fine: dict[str, int], coarse: dict[str, int]) -> dict[str, int]:
    return {name: count + coarse[name] for name, count in fine.items()}


def _part(on_progress: Progress | None, level: int) -> Callable[[float, str], None] | None:
    """Return a share of the progress that never goes back: each level is twice the work of the one before, and the last is unknown."""
    if on_progress is None:
        return None
    start = 1.0 - (2 / 3) ** level
    width = (2 / 3) ** level / 3
    return lambda fraction, message: on_progress(start + width * fraction, message)
