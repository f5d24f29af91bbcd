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
    from amelo.therapy.nano.on_tooth import NanoVisit
    from amelo.therapy.nano.visit import Act, Visit
    from amelo.twin.schedule import Segment

__all__ = ["acts_of", "any_nano", "tooth_visit", "visit", "visited"]


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
    """Return steps with carriers as a visit on a column.

    Arguments: steps, one after the other without any other step between them.
    """
    from amelo.therapy.nano.visit import Visit

    return Visit(_title(steps), acts_of(steps))


def tooth_visit(steps: Sequence[Steered]) -> NanoVisit:
    """Return steps with carriers as a visit on a whole tooth.

    Arguments: as of :func:`visit`.
    """
    from amelo.therapy.nano.on_tooth import NanoVisit

    return NanoVisit(sum(step.duration for step in steps), acts_of(steps), _title(steps))


def acts_of(steps: Sequence[Steered]) -> tuple[Act, ...]:
    """Return what steps of one visit do, step by step.

    Arguments: as of :func:`visit`.
    Assumptions: a solution of peroxide weighs what a drink does.
    """
    from amelo.therapy.nano.visit import Act

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
    return tuple(acts)


def _title(steps: Sequence[Steered]) -> str:
    """Return what a visit is called: its first step that brings carriers, and how many more there are."""
    brought = [step for step in steps if isinstance(step, Nanobots)]
    first = line(brought[0] if brought else steps[0])
    kind = "probe" if brought and all(isinstance(step, Probe) for step in brought) else "visit"
    return f"{kind}: {first}" + (f" and {len(steps) - 1} more steps" if len(steps) > 1 else "")
