"""Derivatives of a result of a run with respect to everything that went in, for about the cost of one more run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amelo.errors import CommandError, nearest
from amelo.twin.column import Column
from amelo.twin.lesion.inputs import bath_slopes, column_gradient
from amelo.twin.lesion.knobs import different_fluids, rebuilt, written
from amelo.twin.lesion.solve import Settings, _key
from amelo.twin.lesion.tape import MEMORY, Tape, taped
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule

__all__ = ["TIGHT", "Gradient", "Objective", "Reverse", "gradient", "integrated_mineral_loss", "reverse"]

TIGHT = Settings(tolerance=1e-5, near_tolerance=1e-5)  # quadratic: a last correction of 1e-5 leaves an error of about 1e-10
Objective = Callable[[Run], tuple[np.ndarray, np.ndarray]]


def integrated_mineral_loss(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return the mineral lost against sound tissue at the end (M,) [m], and its derivative with respect to ``run.mineral``."""
    widths = np.diff(run.edges)
    slope = np.zeros_like(run.mineral)
    slope[:, -1] = -widths
    return ((run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)) * widths).sum(axis=1), slope


OBJECTIVES: dict[str, Objective] = {"integrated_mineral_loss": integrated_mineral_loss}


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
        pulled = tape.pull(mineral)
        parameters, initial, sound = column_gradient(column, pulled.cells, tape.pore, len(tape.layout.model.system.families))
        for k, phase in enumerate(column.phases):  # volume fractions are moles times the molar volume
            moved = np.where(mineral[:, :, k] == 0.0, 0.0, mineral[:, :, k] * self.run.mineral[:, :, k]).sum(axis=(1, 2))
            name = f"molar_volume.{phase.name}"
            parameters[name] = parameters[name] + moved / column.parameters[name]
        found = parameters | self._segments(pulled) | self._baths(pulled.baths)
        return Gradient(self.run, np.full(column.members, np.nan) if value is None else value, found, initial, sound)

    def _segments(self, pulled: object) -> dict[str, np.ndarray]:
        found = {}
        each = [list(written(s)) for s in self.schedules]
        for i in range(len(each[0])):
            ids = dict.fromkeys(id(segments[i]) for segments in each)
            for name, bars in (("duration", pulled.lengths), ("film", pulled.films), ("inhibitor", pulled.inhibitors)):
                found[f"{name}[{i}]"] = sum(bars[key] for key in ids if key in bars)
        return found

    def _baths(self, bars: np.ndarray) -> dict[str, np.ndarray]:
        layout, rows = self.tape.layout, self.tape.baths.rows
        found: dict[str, np.ndarray] = {}
        each = [list(written(s)) for s in self.schedules]
        for i, group in enumerate(different_fluids(each[0])):
            for m, segments in enumerate(each):
                fluid = segments[group[0]].exposure.fluid
                for entry, slope in bath_slopes(layout.model, layout.bath, fluid).items():
                    target = found.setdefault(f"bath[{i}].{entry}", np.zeros(len(each)))
                    target[m] = bars[m, rows[_key(fluid)]] @ slope
        return found


def reverse(
    column: Column,
    schedule: Schedule | list[Schedule],
    diffusivity: dict[str, float],
    *,
    settings: Settings = TIGHT,
    memory: float = MEMORY,
) -> Reverse:
    """Solve a column under a schedule so that any result of its minerals can be differentiated.

    Arguments: column, schedule and diffusivity as of :func:`amelo.twin.lesion.solve.solve`; settings; memory [bytes] in which states are
    kept (what does not fit is solved once more on the way back).
    Assumptions: the derivative is that of the steps as they were taken: a duration stretches its steps and adds none.
    """
    given = schedule if isinstance(schedule, list) else [schedule] * column.members
    own: dict[int, Schedule] = {}
    for s in given:
        if id(s) not in own:
            own[id(s)] = rebuilt(s, iter([replace(segment) for segment in written(s)]))
    schedules = [own[id(s)] for s in given]
    return Reverse(taped(column, schedules, diffusivity, settings, memory), tuple(schedules))


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
    if isinstance(of, str) and of not in OBJECTIVES:
        raise CommandError(f"'{of}' is not a result that can be differentiated", fix=nearest(of, OBJECTIVES))
    objective = OBJECTIVES[of] if isinstance(of, str) else of
    back = reverse(column, schedule, diffusivity, settings=settings, memory=memory)
    value, slope = objective(back.run)
    return back.pull(slope, value)
