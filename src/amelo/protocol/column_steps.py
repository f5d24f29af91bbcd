"""From steps of a laboratory or a clinic to what they are on the ion-resolved column of a lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amelo.protocol.steps import Day, Repeat
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import ToothStep
from amelo.protocol.visits import any_nano

if TYPE_CHECKING:
    from amelo.therapy.on_column import ColumnStep

__all__ = ["any_change", "on_column"]


def on_column(step: Any) -> ColumnStep | None:
    """Return a step of the whole tooth as a change of the column, None for one that the column has no place for.

    Arguments: step (a record of the protocol).
    """
    from amelo.therapy import on_column as bench
    from amelo.therapy.operative import on_column as operative
    from amelo.therapy.resilience import on_column as resilience

    kinds: dict[str, type[ColumnStep]] = {
        "isolate": bench.Isolate,
        "etch": operative.EtchColumn,
        "deproteinise": operative.DeproteiniseColumn,
        "excavate": operative.ExcavateColumn,
        "seal": operative.SealColumn,
        "infiltrate": resilience.InfiltrateColumn,
        "silver diamine fluoride": resilience.SilverColumn,
    }
    made = kinds.get(step.kind)
    if made is None or getattr(step, "leave", 0.0):  # no pulp over which dentine could be left
        return None
    own = made.__dataclass_fields__
    return made(
        label=line(step), **{name: getattr(step, name) for name in type(step).model_fields if name in own and name != "label"}
    )


def any_change(step: Any) -> bool:
    """Return whether any part of a step is done to the tooth between two moments, by carriers or by hand."""
    if isinstance(step, Repeat | Day):
        return any(map(any_change, step.steps))
    return any_nano(step) or isinstance(step, ToothStep)
