"""When the error in time of a run counts as small enough: one rule for the solver that halves steps and for the reader of its result."""

from __future__ import annotations

import numpy as np

from amelo.twin.run import Run, RunStatus

__all__ = ["beyond_accuracy", "final_loss", "small_enough"]

SMALL = 5e-8  # m of sound mineral (5 vol%·µm): differences below the tolerance on this are not worth halving for


def final_loss(run: Run) -> np.ndarray:
    """Return the integrated mineral loss at the end (M,) [m], not-a-number for a member that failed."""
    tissue = run.edges[:-1] >= 0.0  # a biofilm lies before it
    lost = ((run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)) * np.diff(run.edges) * tissue).sum(axis=1)
    return np.where(run.status == RunStatus.OK, lost, np.nan)


def small_enough(error: np.ndarray, loss: np.ndarray, accuracy: float) -> np.ndarray:
    """Return for each member whether its error (M,) [m] is within ``accuracy`` (relative) of its loss (M,) [m], or of a small one."""
    return error <= accuracy * np.maximum(np.abs(loss), SMALL)


def beyond_accuracy(run: Run, accuracy: float) -> np.ndarray:
    """Return which members (M,) have an estimated error in time of the integrated mineral loss above what was asked for.

    Arguments: run; accuracy (relative).  Members without an answer or without an estimate are not among them.
    Assumptions: the loss that the steps were judged by is the extrapolated one within its error, so that no member counts here whose
    steps were found small enough.
    """
    loss = np.abs(final_loss(run)) + run.error
    return np.isfinite(loss) & ~small_enough(run.error, loss, accuracy)
