"""Derivatives of a result of a run with respect to everything that went in, for about the cost of one more run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from amelo.errors import CommandError, nearest
from amelo.twin.column import Column
from amelo.twin.lesion.inputs import bath_slopes, column_gradient
from amelo.twin.lesion.knobs import different_fluids, rebuilt, written
from amelo.twin.lesion.pull import Pulled, pull
from amelo.twin.lesion.solve import Settings
from amelo.twin.lesion.tape import MEMORY, Tape, taped
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule

__all__ = ["TIGHT", "Gradient", "Objective", "Reverse", "gradient", "integrated_mineral_loss", "objective_of", "reverse"]

# Newton's method is quadratic: a last correction of 1e-4 leaves about 1e-8, and derivatives as exact as that.
TIGHT = Settings(tolerance=1e-4, near_tolerance=1e-4, iterations=40)
Objective = Callable[[Run], tuple[np.ndarray, np.ndarray]]


def integrated_mineral_loss(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return the mineral lost against sound tissue at the end (M,) [m], and its derivative with respect to ``run.mineral``."""
    widths = np.diff(run.edges)
    slope = np.zeros_like(run.mineral)
    slope[:, -1] = -widths
    return ((run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)) * widths).sum(axis=1), slope


OBJECTIVES: dict[str, Objective] = {"integrated_mineral_loss": integrated_mineral_loss}


def objective_of(of: str | Objective) -> Objective:
    """Return the function of a result, given by name or as it is.

    Raises: CommandError for a result that has no name here.
    """
    if isinstance(of, str) and of not in OBJECTIVES:
        raise CommandError(f"'{of}' is not a result that can be differentiated", fix=nearest(of, OBJECTIVES))
    return OBJECTIVES[of] if isinstance(of, str) else of


@dataclass(frozen=True, eq=False)
class Gradient:
    """Derivatives of one number of each of M members.

    Fields: run; value (M,); knobs (name of :mod:`amelo.twin.lesion.knobs`: (M,)), per unit of the knob; mineral (M, P, N) with respect
    to the initial volume fractions; sound (M, P, N) with respect to those of the sound tissue, by which rates and pores are measured,
    without what the result itself takes from them. A member that failed has not-a-number everywhere.
    """

    run: Run
    value: np.ndarray
    knobs: dict[str, np.ndarray]
    mineral: np.ndarray
    sound: np.ndarray

    def inert(self, among: list[str] | None = None) -> list[str]:
        """Return the knobs that move nothing, in any member; ``among`` limits the question."""
        return [name for name in among or self.knobs if not np.any(self.knobs[name])]


@dataclass(frozen=True, eq=False)
class Reverse:
    """A solved run that can be walked back: the vector-Jacobian product of its minerals."""

    tape: Tape
    schedules: tuple[Schedule, ...]  # one for each member, every written segment an object of its own
    groups: list[list[int]]  # numbers of the segments that a bath surrounds, for each bath

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.tape.run

    def pull(self, mineral: np.ndarray, value: np.ndarray | None = None) -> Gradient:
        """Return the derivatives of a result.

        Arguments: mineral (M, T, P, N), the derivative of each member's result with respect to ``run.mineral``; value (M,), the result.
        """
        tape, column = self.tape, self.tape.column
        expected = self.run.mineral.shape
        if np.shape(mineral) != expected:
            raise CommandError(
                f"the derivative with respect to the minerals has shape {np.shape(mineral)}",
                fix=f"give members, times, phases, cells: {expected}",
            )
        mineral = np.asarray(mineral, float)
        pulled = pull(tape, mineral)
        parameters, initial, sound = column_gradient(column, pulled.cells, tape.pore, len(tape.layout.model.system.families))
        for k, phase in enumerate(column.phases):  # volume fractions are moles times the molar volume
            moved = np.where(mineral[:, :, k] == 0.0, 0.0, mineral[:, :, k] * self.run.mineral[:, :, k]).sum(axis=(1, 2))
            name = f"molar_volume.{phase.name}"
            parameters[name] = parameters[name] + moved / column.parameters[name]
        found = parameters | self._segments(pulled)
        failed = np.array([bool(sentence) for sentence in self.run.failure])
        for slope in found.values():
            slope[failed] = np.nan
        return Gradient(self.run, np.full(column.members, np.nan) if value is None else value, found, initial, sound)

    def _segments(self, pulled: Pulled) -> dict[str, np.ndarray]:
        """Return the derivatives of what is set for segments and baths."""
        found = {}
        each = [list(written(s)) for s in self.schedules]
        members = len(each)
        for i in range(len(each[0])):
            ids = dict.fromkeys(id(segments[i]) for segments in each)
            for kind in ("duration", "film", "inhibitor"):
                found[f"{kind}[{i}]"] = np.zeros(members) + sum(pulled.segments.get((kind, key), 0.0) for key in ids)
        layout = self.tape.layout
        for i, group in enumerate(self.groups):
            for m, position in product(range(members), group):
                segment = each[m][position]
                bar = pulled.segments.get(("bath", id(segment)), np.zeros((members, len(layout.bath))))[m]
                for entry, slope in bath_slopes(layout.model, layout.bath, segment.exposure.fluid).items():
                    found.setdefault(f"bath[{i}].{entry}", np.zeros(members))[m] += bar @ slope
        return found


def reverse(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    *,
    settings: Settings = TIGHT,
    memory: float = MEMORY,
    groups: list[list[int]] | None = None,
) -> Reverse:
    """Solve a column under a schedule so that any result of its minerals can be differentiated.

    Arguments: column, schedule and diffusivity as of :func:`amelo.twin.lesion.solve.solve`; settings; memory [bytes] in which states are
    kept (a way that does not fit is refused); groups (numbers of the segments that count as one bath, for each bath;
    None: those with equal fluids in the first schedule).
    Assumptions: the derivative is that of the steps as they were taken: a duration stretches its steps and adds none.
    """
    given = schedule if isinstance(schedule, list) else [schedule] * column.members
    own: dict[int, Schedule] = {}
    for s in given:
        if id(s) not in own:
            own[id(s)] = rebuilt(s, iter([replace(segment) for segment in written(s)]))
    schedules = [own[id(s)] for s in given]
    groups = different_fluids(list(written(schedules[0]))) if groups is None else groups
    return Reverse(taped(column, schedules, diffusivity, settings, memory), tuple(schedules), groups)


def gradient(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    *,
    of: str | Objective = "integrated_mineral_loss",
    settings: Settings = TIGHT,
    memory: float = MEMORY,
) -> Gradient:
    """Return a result of a run with its derivatives with respect to parameters, durations, films, baths and the initial mineral.

    Arguments: column, schedule and diffusivity as of :func:`amelo.twin.lesion.solve.solve`; of (name of a result, or a function that
    returns for a run the result of each member (M,) and its derivative with respect to ``run.mineral``); settings; memory [bytes].
    Raises: CommandError for a result that has no name here.
    """
    objective = objective_of(of)
    back = reverse(column, schedule, diffusivity, settings=settings, memory=memory)
    value, slope = objective(back.run)
    return back.pull(slope, value)
