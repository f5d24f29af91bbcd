"""From steps on the whole tooth to text, each time in the chair said, so that the text stays what it was when usual times change."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from amelo.protocol.operative_steps import Excavate
from amelo.protocol.resilience_steps import BrushDaily, HabitStep, LimitSnacks
from amelo.protocol.values import PERCENT, PPM, flow_text, number, shown, time_text

__all__ = ["tooth_line"]

MILLI = Decimal("1e-3")
OFTEN = {1.0: "once", 2.0: "twice"}
WITH = ("line", "fill", "seal", "cap", "pulpotomy")  # steps that say their material after 'with'


def tooth_line(step: Any) -> str:
    """Return the line of a step of the whole tooth."""
    said = [part for part in _words(step) if part]
    if not isinstance(step, HabitStep):
        said.append(f"for {time_text(step.duration)}")
    if isinstance(step, Excavate) and step.leave:
        said[-1] += f", leave {shown(step.leave, MILLI, 'mm')} over the pulp"
    return " ".join(said)


def _words(step: Any) -> Iterable[str]:
    """Yield what a step says beside its duration."""
    if isinstance(step, Excavate):
        yield f"excavate to {step.criterion} dentine with {flow_text(step.water)} water"
    elif isinstance(step, BrushDaily):
        yield f"brush {OFTEN.get(step.times) or number(step.times) + ' times'} daily"
        yield f"with {shown(step.fluoride, PPM, 'ppm F')}" if step.fluoride else ""
    elif isinstance(step, LimitSnacks):
        yield f"snacks at most {number(step.most)} a day"
    elif step.kind == "etch":
        yield f"etch {shown(step.strength, PERCENT, '%')} {step.acid}"
    elif step.kind == "deproteinise":
        yield f"deproteinise with {shown(step.strength, PERCENT, '%')} NaOCl"
    elif step.kind == "silver diamine fluoride":
        yield f"{step.kind} {shown(step.strength, PERCENT, '%')}"
    elif step.kind == "peptide":
        yield f"peptide {step.peptide}"
    else:
        yield {"root treatment": "root canal treatment", "take off": "take off the restoration"}.get(step.kind, step.kind)
        yield getattr(step, "extent", "")
        yield "temporarily" if getattr(step, "temporary", False) else ""
        material = getattr(step, "material", "")
        yield f"with {material}" if step.kind in WITH else material
