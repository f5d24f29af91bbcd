"""Steps that need the whole tooth: which they are, and all steps of a protocol one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from amelo.errors import RecordError
from amelo.protocol.operative_steps import OperativeStep
from amelo.protocol.resilience_steps import ResilienceStep
from amelo.protocol.steps import Day, Repeat

__all__ = ["MOST_STEPS", "ToothStep", "needs_tooth", "steps_of_tooth"]

MOST_STEPS = 100_000  # of a protocol with its repeats written out; ten years of days are 3652
ToothStep = (*OperativeStep, *ResilienceStep)
Path = tuple[int, ...]


def needs_tooth(steps: Sequence[Any]) -> bool:
    """Return whether any of the steps, or of what they hold, needs the whole tooth."""
    return any(needs_tooth(step.steps) if isinstance(step, Repeat | Day) else isinstance(step, ToothStep) for step in steps)


def steps_of_tooth(steps: Sequence[Any], *, most: int = MOST_STEPS) -> Iterator[tuple[Path, Any]]:
    """Yield every step in the order in which it is done, repeats written out, each with its path in the protocol.

    Arguments: steps; most (how many may be yielded).
    Raises: RecordError for more steps than that, before the first is yielded.
    Assumptions: a day is one step of 24 hours, with all it holds; passes of a repeat have the same paths.
    """
    count = _count(steps)
    if count > most:
        what = f"the protocol comes to {count} steps on the tooth"
        raise RecordError(what, why=f"allowed up to {most}, each repeat counted", fix="repeat less often, or rest longer at a time")
    return _unrolled(steps, ())


def _unrolled(steps: Sequence[Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for i, step in enumerate(steps):
        if isinstance(step, Repeat):
            for _ in range(step.count):
                yield from _unrolled(step.steps, (*path, i))
        else:
            yield (*path, i), step


def _count(steps: Sequence[Any]) -> int:
    return sum(step.count * _count(step.steps) if isinstance(step, Repeat) else 1 for step in steps)
