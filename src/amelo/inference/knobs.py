"""What a protocol can be turned by: durations, pH, concentrations, fluoride, films; each a number of one step of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amelo.protocol.record import Protocol
from amelo.protocol.steps import Bath, Day, Repeat, Slurry
from amelo.protocol.text import line

__all__ = ["KINDS", "Knob", "knobs_of", "turned"]

Path = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """A field of a step: words, unit shown, SI per unit shown, and whether it is a logarithm already."""

    words: str
    unit: str
    scale: float
    logarithmic: bool = False


KINDS = {
    "duration": Kind("duration", "h", 3600.0),
    "ph": Kind("pH", "pH", 1.0, logarithmic=True),
    "contents": Kind("", "mM", 1.0),
    "film": Kind("unstirred film", "µm", 1e-6),
    "fluoride": Kind("fluoride of the paste", "ppm F", 1e-6),
    "ratio": Kind("dilution of the paste", "parts", 1.0),
    "inhibitor": Kind("inhibitor coverage", "1", 1.0),
    "sugar": Kind("sugar", "%", 0.01),
}


@dataclass(frozen=True)
class Knob:
    """One number of one step: path of the step, field, place in its contents, value in SI; name and unit for people."""

    path: Path
    field: str
    index: int
    value: float
    name: str

    @property
    def kind(self) -> Kind:
        """What sort of number it is."""
        return KINDS[self.field]

    @property
    def shown(self) -> float:
        """The value in the unit for people."""
        return self.value / self.kind.scale


def knobs_of(protocol: Protocol) -> list[Knob]:
    """Return every number above zero of the laboratory steps of a protocol, in the order of its text.

    What people do in a mouth has none: its surroundings follow from the mouth's own state, step by step.
    """
    found = []
    for path, step in _steps(protocol.steps, ()):
        number = ".".join(str(i + 1) for i in path)
        what = f"step {number} ({line(step).split()[0]})"
        for field, kind in KINDS.items():
            if field == "contents":
                found += [
                    Knob(path, field, i, c.amount, f"{what} {c.substance}") for i, c in enumerate(step.contents) if c.amount > 0
                ]
            elif getattr(step, field, None):
                found.append(Knob(path, field, 0, float(getattr(step, field)), f"{what} {kind.words}"))
    return found


def turned(protocol: Protocol, knob: Knob, value: float) -> Protocol:
    """Return the protocol with one number changed to a value in SI.

    Raises: pydantic's ValidationError when a step cannot have it.
    """
    return Protocol(steps=_replaced(protocol.steps, knob.path, knob, value))


def _steps(steps: tuple[Any, ...], path: Path) -> Iterator[tuple[Path, Any]]:
    for i, step in enumerate(steps):
        if isinstance(step, Repeat | Day):
            yield from _steps(step.steps, (*path, i))
        elif isinstance(step, Bath | Slurry):
            yield (*path, i), step


def _replaced(steps: tuple[Any, ...], path: Path, knob: Knob, value: float) -> tuple[Any, ...]:
    first, *rest = path
    step = steps[first]
    if rest:
        changed = step.model_copy(update={"steps": _replaced(step.steps, tuple(rest), knob, value)})
    elif knob.field == "contents":
        parts = list(step.contents)
        parts[knob.index] = parts[knob.index].model_copy(update={"amount": value})
        changed = type(step)(**{name: getattr(step, name) for name in type(step).model_fields} | {"contents": tuple(parts)})
    else:
        changed = type(step)(**{name: getattr(step, name) for name in type(step).model_fields} | {knob.field: value})
    return (*steps[:first], changed, *steps[first + 1 :])
