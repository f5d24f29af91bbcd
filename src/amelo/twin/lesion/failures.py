"""Where and why a member of an ensemble found no solution, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.twin.column import Column
from amelo.twin.lesion.system import BASIS

__all__ = ["NOTE", "Failure", "failure_of", "sentence"]

NOTE = 7  # numbers of a note before the answers of the phases
NAMED = 3  # parameters that a sentence names
USUAL = 1.0  # standard deviations from the middle below which a parameter is no suspect
DAY, HOUR = 86400.0, 3600.0


@dataclass(frozen=True)
class Failure:
    """One member's failure: time [s] and length [s] of the step, cell (from 0), balance, and the phase that answers most steeply there."""

    time: float
    step: float
    cell: int
    balance: str
    phase: int | None


def failure_of(note: np.ndarray, start: float, steps: np.ndarray) -> Failure:
    """Read what the compiled loop noted of a lane.

    Arguments: note (NOTE + phases,); start [s] of the piece of time it was in; steps (S,) [s] of that piece.
    """
    _, cycle, step, done, share, cell, balance = note[:NOTE]
    length = steps[int(step)]
    time = start + cycle * steps.sum() + steps[: int(step)].sum() + done * length
    answers = note[NOTE:]
    steep = int(np.argmax(answers)) if len(answers) and np.isfinite(answers).all() and answers.max() > 0.0 else None
    return Failure(float(time), float(share * length), int(cell) - 1, BASIS[int(balance)], steep)


def sentence(failure: Failure, column: Column, member: int) -> str:
    """Say when and where a member failed, which mineral answers most steeply there, and what is unusual about the member."""
    depth = 0.5e6 * (column.edges[failure.cell] + column.edges[failure.cell + 1])
    words = f"no solution after {_duration(failure.time)} in a step of {failure.step:.3g} s, "
    words += f"in cell {failure.cell + 1} of {len(column.edges) - 1} ({depth:.3g} µm): {failure.balance}"
    if failure.phase is not None:
        words += f"; the stiffest term is that of {column.phases[failure.phase].name}"
    odd = _unusual(column, member)
    return words + (f"; furthest from the middle of the ensemble: {', '.join(odd)}" if odd else "")


def _duration(seconds: float) -> str:
    """Write a time so that the second is still in it."""
    days, rest = divmod(float(seconds), DAY)
    hours = rest / HOUR
    parts = [f"{days:.0f} d"] * (days >= 1) + [f"{int(hours)} h {60 * (hours % 1):.3g} min"] * (rest >= HOUR)
    parts += [f"{rest:.4g} s"] * (rest < HOUR)
    return " ".join(parts)


def _unusual(column: Column, member: int) -> list[str]:
    """Return the parameters that are furthest from the ensemble's median, in its own spread, those that are no numbers before all."""
    numbers = {n: np.broadcast_to(np.asarray(v, float), (column.members,)) for n, v in column.parameters.items()}
    broken = [f"{name} ({values[member]})" for name, values in numbers.items() if not np.isfinite(values[member])]
    if broken or column.members < 3:
        return broken[:NAMED]
    found = []
    for name, values in numbers.items():
        scale = np.log(values) if (values > 0.0).all() and values.max() > 3.0 * values.min() else values
        spread = scale.std()
        if spread > 1e-12 * (1.0 + np.abs(scale).max()):
            away = (scale[member] - np.median(scale)) / spread
            if abs(away) > USUAL:
                found.append((abs(away), f"{name} {'high' if away > 0 else 'low'} ({values[member]:.3g})"))
    return [words for _, words in sorted(found, reverse=True)[:NAMED]]
