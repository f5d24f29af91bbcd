"""Steps with carriers that follow each other, as one visit: a change of the tooth that the solver carries out after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from amelo.params import load_set
from amelo.protocol.nano_steps import Nanobots, NanoStep, Probe, Retrieve, Steered, carrier_of, field_of
from amelo.protocol.steps import Day, Repeat
from amelo.protocol.text import line
from amelo.units import molar_mass

if TYPE_CHECKING:
    from amelo.therapy.nano.visit import Visit
    from amelo.twin.schedule import Segment

__all__ = ["any_nano", "visit", "visited"]


def any_nano(step: Any) -> bool:
    """Return whether any part of a step has to do with carriers."""
    return any(map(any_nano, step.steps)) if isinstance(step, Repeat | Day) else isinstance(step, NanoStep)


def visited(acts: Sequence[tuple[Steered, Segment]]) -> list[Segment | Visit]:
    """Return the segments of a visit with the visit among them, nothing for no steps.

    What carriers do to the tooth is done at once, at the mean time at which they come: what they hold then goes off for as long, until the
    end of the visit, as that of carriers which come evenly does in the mean.

    Arguments: acts (each step with its segment).
    """
    if not acts:
        return []
    steps, segments = [step for step, _ in acts], [segment for _, segment in acts]
    ends = list(accumulate(segment.duration for segment in segments))
    doses = [step.number_density * step.duration if isinstance(step, Nanobots) else 0.0 for step in steps]
    middles = [end - 0.5 * segment.duration for end, segment in zip(ends, segments, strict=True)]
    when = sum(d * t for d, t in zip(doses, middles, strict=True)) / sum(doses) if sum(doses) else 0.5 * ends[-1]
    found: list[Segment | Visit] = []
    for end, segment in zip(ends, segments, strict=True):
        first = when - (end - segment.duration)
        if not 0.0 < first <= segment.duration:
            found.append(segment)
        else:
            found += [replace(segment, duration=first), visit(steps)]
            found += [replace(segment, duration=segment.duration - first)] if first < segment.duration else []
    return found


def visit(steps: Sequence[Steered]) -> Visit:
    """Return steps with carriers as a visit.

    Arguments: steps, one after the other without any other step between them.
    Assumptions: a solution of peroxide weighs what a drink does.
    """
    from amelo.therapy.nano.visit import Act, Visit

    acts = []
    for k, step in enumerate(steps):
        brings = isinstance(step, Nanobots)
        acts.append(
            Act(
                carrier=carrier_of(step.carrier) if brings else None,
                field=field_of(step, *steps[:k]),
                outside=step.number_density if brings else 0.0,
                duration=step.duration,
                layer=step.film or None,
                temperature=float(step.temperature),
                peroxide=step.peroxide * load_set("habits").value("density.drink") / molar_mass("H2O2"),
                home=isinstance(step, Retrieve),
            )
        )
    brought = [step for step in steps if isinstance(step, Nanobots)]
    first = line(brought[0] if brought else steps[0])
    kind = "probe" if brought and all(isinstance(step, Probe) for step in brought) else "visit"
    return Visit(f"{kind}: {first}" + (f" and {len(steps) - 1} more steps" if len(steps) > 1 else ""), tuple(acts))
