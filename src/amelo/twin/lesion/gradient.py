"""Derivatives of a result of a run with respect to everything that went in, for about the cost of one more run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from amelo.twin.column import Column
from amelo.twin.lesion.chain import Chain
from amelo.twin.lesion.inputs import bath_slopes, inputs_gradient, sugar_slope
from amelo.twin.lesion.knobs import different_fluids, rebuilt, written
from amelo.twin.lesion.pull import KINDS, Pulled, pull
from amelo.twin.lesion.results import outcome
from amelo.twin.lesion.seeds import Seeds, Slopes, seeds_of
from amelo.twin.lesion.solve import Settings
from amelo.twin.lesion.tape import MEMORY, Tape, taped
from amelo.twin.measures import tissue_of
from amelo.twin.run import Run
from amelo.twin.schedule import Schedule

__all__ = ["TIGHT", "Gradient", "Objective", "Reverse", "gradient", "integrated_mineral_loss", "objective_of", "reverse"]

# Newton's method is quadratic: a last correction of 1e-3 leaves about 1e-7, and derivatives as exact as that.
TIGHT = Settings(tolerance=1e-3, near_tolerance=5e-4, iterations=40)
Objective = Callable[[Run], tuple[np.ndarray, np.ndarray | Slopes]]


def integrated_mineral_loss(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return the mineral lost against sound tissue at the end (M,) [m], and its derivative with respect to ``run.mineral``."""
    tissue, slope = tissue_of(run), np.zeros_like(run.mineral)
    widths = np.diff(run.edges)[tissue]
    slope[:, -1, :, tissue] = -widths
    lost = run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)
    return (lost[:, tissue] * widths).sum(axis=1), slope


def objective_of(of: str | Objective) -> Objective:
    """Return the function of a result, given by the name of an outcome (in its unit, at the end of the run) or as it is.

    Raises: CommandError for an unknown outcome.
    """
    return outcome(of) if isinstance(of, str) else of


@dataclass(frozen=True, eq=False)
class Gradient:
    """Derivatives of one number of each of M members.

    Fields: run; value (M,); knobs (name of :mod:`amelo.twin.lesion.knobs`: (M,)), per unit of the knob; mineral (M, P, N) with respect
    to the initial volume fractions; sound (M, P, N) with respect to those of the sound tissue, by which rates and pores are measured;
    organic (M, N) with respect to the volume fraction that is neither mineral nor pore; the last two with what the result itself takes
    from them only where it says so. A member that failed has not-a-number everywhere.
    """

    run: Run
    value: np.ndarray
    knobs: dict[str, np.ndarray]
    mineral: np.ndarray
    sound: np.ndarray
    organic: np.ndarray

    def inert(self, among: list[str] | None = None) -> list[str]:
        """Return the knobs that move nothing, in any member; ``among`` limits the question."""
        return [name for name in among or self.knobs if not np.any(self.knobs[name])]


@dataclass(frozen=True, eq=False)
class Reverse:
    """A solved run that can be walked back: the vector-Jacobian product of its saved states."""

    tape: Tape
    schedules: tuple[Schedule, ...]  # one for each member, every written segment an object of its own
    groups: list[list[int]]  # numbers of the segments that a bath surrounds, for each bath

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.tape.run

    def pull(self, slopes: np.ndarray | Slopes, value: np.ndarray | None = None) -> Gradient:
        """Return the derivatives of a result.

        Arguments: slopes, the derivative of each member's result with respect to ``run.mineral`` (M, T, P, N), or with respect to
        several fields of the run by name (see :mod:`amelo.twin.lesion.seeds`), each of its shape; value (M,), the result.
        """
        tape = self.tape
        seeds, pulled = self._pulled(slopes)
        found, mineral, sound, organic = inputs_gradient(tape, pulled.cells)
        for name, own in seeds.parameters.items():
            found[name] = found[name] + own
        tissue = tissue_of(self.run)
        sound, organic = sound + seeds.sound[..., tissue], organic + seeds.organic[..., tissue]
        found |= self._segments(pulled)
        failed = np.array([bool(sentence) for sentence in self.run.failure])
        for slope in found.values():
            slope[failed] = np.nan
        members = self.run.mineral.shape[0]
        return Gradient(self.run, np.full(members, np.nan) if value is None else value, found, mineral, sound, organic)

    def chain(self, slopes: np.ndarray | Slopes) -> Chain:
        """Return what a result of a run of one member makes of everything that went in, for knobs of other kinds; slopes as of ``pull``."""
        seeds, pulled = self._pulled(slopes)
        return Chain(self.tape, self.schedules[0], pulled, seeds)

    def _pulled(self, slopes: np.ndarray | Slopes) -> tuple[Seeds, Pulled]:
        seeds = seeds_of(
            self.run, self.tape.column, self.tape.layout, slopes if isinstance(slopes, Mapping) else {"mineral": slopes}
        )
        return seeds, pull(self.tape, seeds)

    def _segments(self, pulled: Pulled) -> dict[str, np.ndarray]:
        """Return the derivatives of what is set for segments and baths."""
        found = {}
        each = [list(written(s)) for s in self.schedules]
        members = len(each)
        for i in range(len(each[0])):
            ids = dict.fromkeys(id(segments[i]) for segments in each)
            for kind in KINDS[:-1] if self.tape.column.biofilm else ("duration", "film", "inhibitor"):
                found[f"{kind}[{i}]"] = np.zeros(members) + sum(pulled.segments.get((kind, key), 0.0) for key in ids)
        layout, chemistry = self.tape.layout, self.tape.column.table
        nothing = np.zeros((members, len(layout.bath)))
        sugar = sugar_slope(layout)
        if sugar is not None:
            for i in range(len(each[0])):
                bars = [pulled.segments.get(("bath", id(segments[i])), nothing)[m] for m, segments in enumerate(each)]
                found[f"sugar[{i}]"] = np.array([bar @ sugar for bar in bars])
        for i, group in enumerate(self.groups):
            for m, position in product(range(members), group):
                segment = each[m][position]
                bar = pulled.segments.get(("bath", id(segment)), nothing)[m]
                for entry, slope in bath_slopes(layout.model, layout.bath, segment.exposure.fluid, chemistry).items():
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
    """Solve a column under a schedule so that any smooth result of its saved states can be differentiated.

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

    Arguments: column, schedule and diffusivity as of :func:`amelo.twin.lesion.solve.solve`; of (name of an outcome, or a function that
    returns for a run the result of each member (M,) and its derivative, as of :meth:`Reverse.pull`); settings; memory [bytes].
    Raises: CommandError for an unknown outcome.
    """
    objective = objective_of(of)
    back = reverse(column, schedule, diffusivity, settings=settings, memory=memory)
    value, slope = objective(back.run)
    return back.pull(slope, value)
