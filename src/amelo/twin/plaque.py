"""A small reference model of dental plaque on a tooth that does not dissolve: sugar in, lactic acid out, pH in between.

A slab of plaque under a film of saliva, by the method of lines.  It stands apart from the solver of the lesion twin on purpose: constants are
tested with it, and the solver is tested against it.  Groups fixed in the plaque hold protons, and let go a potassium ion for each that
they take up, so that the fluid between them stays neutral wherever acid travels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amelo.errors import RecordError, SolveError
from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.solve import Speciation, speciate
from amelo.twin.plaque_slab import LACTATE, TABLE, N, Plaque, Slab, cardinal_ph
from amelo.twin.schedule import Segment

__all__ = ["Plaque", "PlaqueCourse", "cardinal_ph", "plaque_course", "starved_plaque_fluid"]

NEGATIVE = 1e-3  # mol/m3 below zero that no integration may leave


@dataclass(frozen=True, eq=False)
class PlaqueCourse:
    """Plaque over time: T moments, C cells from the saliva to the tooth.

    Fields: plaque; time (T,) [s]; sugar (T, C) [mol/m3 water]; totals (T, C, components) [mol/m3 water] of the fluid; ph (T, C); made (lactate
    [mol/m2] that the slab has made), left (lactate [mol/m2] that has left it).
    """

    plaque: Plaque
    time: np.ndarray
    sugar: np.ndarray
    totals: np.ndarray
    ph: np.ndarray
    made: float
    left: float

    @property
    def ph_at_tooth(self) -> np.ndarray:
        """PH (T,) of the innermost cell."""
        return self.ph[:, -1]

    @property
    def lactate(self) -> np.ndarray:
        """Mean lactate (T,) of the plaque's water [mol/m3]."""
        return self.totals[:, :, LACTATE].mean(axis=1)

    @cached_property
    def at_tooth(self) -> Speciation:
        """Speciation of the innermost cell, one fluid per moment: what saturates or dissolves the tooth."""
        return speciate(TABLE, self.totals[:, -1].clip(0.0) / 1000.0, self.ph_at_tooth)

    def minutes_below(self, limit: float) -> float:
        """Return how long [min] pH at the tooth is below ``limit``, along straight lines between moments."""
        fine = np.linspace(self.time[0], self.time[-1], 20 * len(self.time))
        return float(np.mean(np.interp(fine, self.time, self.ph_at_tooth) < limit) * (self.time[-1] - self.time[0]) / 60.0)

    def back_above(self, limit: float) -> float:
        """Return when [min] pH at the tooth rises above ``limit`` for good after its minimum, infinite when it does not."""
        low = np.flatnonzero(self.ph_at_tooth < limit)
        if low.size == 0:
            return 0.0
        i = low[-1]
        if i + 1 == len(self.time):
            return math.inf
        return float(np.interp(limit, self.ph_at_tooth[i : i + 2], self.time[i : i + 2]) / 60.0)


def starved_plaque_fluid() -> Fluid:
    """Return the fluid of plaque that has fasted: ions of the ``oral-fluids`` set, its resting acids and pH of the ``mouth`` set."""
    totals = {p.name.partition(".")[2]: p.value for p in load_set("oral-fluids") if p.name.startswith("plaque_fluid_rest.")}
    acids = {"Ace": "acetate", "Pro": "propionate", "Lac": "lactate"}
    value = load_set("mouth").value
    totals |= {component: value(f"plaque.{name}") for component, name in acids.items()}
    return Fluid(case="starved plaque fluid", pH=value("plaque.ph_starved"), totals_mmol_per_kgw=totals, charge_balanced_by="Cl")


def plaque_course(
    segments: Sequence[Segment], plaque: Plaque | None = None, *, start: Fluid | None = None, tolerance: float = 1e-6
) -> PlaqueCourse:
    """Return what plaque does under a schedule.

    Arguments: segments (surroundings, for example of ``mouth_schedule``); plaque (None for a typical one); start (fluid of the plaque
    at first, None for that of the first segment); tolerance (relative, of the integration).
    Raises: RecordError when there is no segment, SolveError when the integration fails.
    Assumptions: one diffusivity for all ions, so that diffusion separates no charge; no calcium bound, no other acid made; fluids are closed.
    """
    from scipy.integrate import solve_ivp

    if not segments:
        raise RecordError("plaque has no surroundings", fix="give at least one segment")
    slab = Slab(plaque or Plaque.typical())
    outside = _totals([s.exposure.fluid for s in segments])
    first = _totals([start])[0] if start else outside[0]
    y = slab.initial(first)
    times, states, clock = [np.zeros(1)], [y[:, None]], 0.0
    for segment, around in zip(segments, outside, strict=True):
        arguments = (np.append(around, segment.exposure.sugar), segment.exposure.film, segment.exposure.activity)
        solved = solve_ivp(
            slab.change,
            (0.0, segment.duration),
            y,
            "BDF",
            jac=slab.jacobian,
            rtol=tolerance,
            atol=tolerance,
            first_step=min(0.01, segment.duration),
            args=arguments,
        )
        if not solved.success:
            raise SolveError(
                "plaque has no solution", where=f"{segment.label} after {clock + solved.t[-1]:.0f} s", why=solved.message
            )
        times.append(clock + solved.t[1:])
        states.append(solved.y[:, 1:])
        y, clock = solved.y[:, -1], clock + segment.duration
    return _course(slab, np.concatenate(times), np.concatenate(states, axis=1))


def _course(slab: Slab, time: np.ndarray, states: np.ndarray) -> PlaqueCourse:
    """Return the solution as a course."""
    ph, fluid = slab.solve(states)
    sugar = states[N * slab.cells : (N + 1) * slab.cells] / slab.plaque.water
    lowest = min(float(sugar.min()), float(fluid.min()))
    if lowest < -NEGATIVE:
        raise SolveError("plaque has a negative concentration", why=f"{lowest:.1e} mol/m3", fix="ask for a smaller tolerance")
    return PlaqueCourse(slab.plaque, time, sugar.T, fluid.transpose(2, 1, 0), ph.T, float(states[-2, -1]), float(states[-1, -1]))


def _totals(fluids: Sequence[Fluid]) -> np.ndarray:
    """Return totals (fluids, components) [mol/m3] with the closing ion filled in."""
    return 1000.0 * np.array(
        [
            batch.raise_if_bad(fluid.case or "fluid").totals[row]
            for fluid, (batch, row) in zip(fluids, speciate_fluids(fluids), strict=True)
        ]
    )
