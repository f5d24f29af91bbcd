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

__all__ = ["solve_checked"]

FINEST = 4  # times that every step is halved before the error is reported as it stands
LEFT = 0.2  # least share of the change of the last halving that counts as left after extrapolation


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
    Returns: the run on the finest grid tried, extrapolated to vanishing steps.  Its ``error`` is, after one halving, all that this changed:
    an upper bound, since the extrapolation leaves a small part of it; from two on what the last one changed of the extrapolated loss, and
    no less than a fifth of what it changed of the loss itself, for grids so coarse that extrapolated losses agree by chance.  What leaps
    over cycles may be wrong by is in it.
    """
    settings = settings or settings_for(accuracy)
    coarse: Run | None = None
    best: Run | None = None
    first = {"on_states": on_states} if on_states else {}  # only of the first grid
    for level in range(FINEST + 1):
        grid = replace(settings.grid, parts=settings.grid.parts * 2**level)
        told = _part(on_progress, level)
        fine = solver(column, schedule, diffusivity, replace(settings, grid=grid), told, **first)
        first = {}
        if coarse is not None:
            better = _extrapolated(fine, coarse)
            loss = final_loss(better)
            error = np.abs(final_loss(fine) - final_loss(coarse))
            if level > 1:
                error = np.maximum(np.abs(loss - final_loss(best)), LEFT * error)
            error = error + np.nan_to_num(fine.error)  # which so far is that of leaps over cycles
            best = replace(better, error=error, counts=_added(fine.counts, best.counts))
            good = small_enough(error, loss, accuracy) | ~np.isfinite(error)
            if good.all():
                break
            if on_run and level < FINEST:
                on_run(best)
        else:
            best = fine
        coarse = fine
    if on_progress:
        on_progress(1.0, "solved")
    return best


def _extrapolated(fine: Run, coarse: Run) -> Run:
    """Return the fine run with minerals and what flowed in carried on by as much as the last halving changed them.

    The method is of first order in time, so that this removes most of the error; being linear it keeps every balance.  A member
    whose minerals would leave their bounds, below nothing or beyond the pores, keeps the fine values.
    """
    if fine.mineral.shape != coarse.mineral.shape:
        return fine
    mineral, porosity = 2.0 * fine.mineral - coarse.mineral, 2.0 * fine.porosity - coarse.porosity
    inside = (np.isfinite(mineral) & (mineral >= 0.0)).all(axis=(1, 2, 3)) & (porosity > 0.0).all(axis=(1, 2))

    def chosen(extrapolated: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.where(inside.reshape(-1, *(1,) * (values.ndim - 1)), extrapolated, values)

    return replace(
        fine,
        mineral=chosen(mineral, fine.mineral),
        porosity=chosen(porosity, fine.porosity),
        inflow=chosen(2.0 * fine.inflow - coarse.inflow, fine.inflow),
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
