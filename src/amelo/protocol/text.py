"""From steps to text: the one canonical way to write each, which reads back as exactly the same step."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from amelo.protocol.nano_steps import MEDIUM, FieldAlone, Nanobots, Steered
from amelo.protocol.operative_steps import OperativeStep
from amelo.protocol.resilience_steps import ResilienceStep
from amelo.protocol.steps import Bath, Day, DayOfCase, Drink, Ingredient, Meal, Repeat, Rest, Rinse, Sleep, Slurry, drinks
from amelo.protocol.tooth_text import tooth_line
from amelo.protocol.values import PERCENT, PPM, number, shown, time_text

__all__ = ["line", "text_of"]

INDENT = "    "
MICRO, MILLI, PER_ML = Decimal("1e-6"), Decimal("1e-3"), Decimal(1_000_000)


def text_of(steps: Iterable[Any], level: int = 0) -> str:
    """Return the text of steps, one per line, blocks indented by four spaces.

    Arguments: steps; level (of indentation).
    """
    out = []
    for step in steps:
        out.append(f"{INDENT * level}{line(step)}\n")
        if isinstance(step, Repeat | Day):
            out.append(text_of(step.steps, level + 1))
    return "".join(out)


def line(step: Any) -> str:
    """Return the first line of a step, without what it holds."""
    if isinstance(step, Repeat):
        return f"repeat {step.count} times:"
    if isinstance(step, Day):
        return "day:"
    if isinstance(step, DayOfCase):
        return "day of case"
    if isinstance(step, Rest | Sleep):
        return f"{step.kind} {time_text(step.duration)}"
    if isinstance(step, (*OperativeStep, *ResilienceStep)):
        return tooth_line(step)
    if isinstance(step, Steered):
        return " ".join(part for part in (*_steered(step), f"for {time_text(step.duration)}") if part)
    words = {Slurry: _slurry, Meal: _meal, Drink: _drink, Rinse: _rinse}.get(
        type(step), _bath if isinstance(step, Bath) else _product
    )
    return " ".join(part for part in (*words(step), f"for {time_text(step.duration)}") if part)


def _bath(step: Bath) -> Iterable[str]:
    yield f"{step.kind} in {_contents(step.contents) or 'water'}"
    yield _ph(step.ph)
    yield f"film {shown(step.film, MICRO, 'µm')}" if step.film else ""
    yield _conditions(step)
    yield _sugar(step.sugar)
    yield f"with inhibitor coverage {number(step.inhibitor)}" if step.inhibitor else ""


def _steered(step: Steered) -> Iterable[str]:
    """Print a step with carriers; a field alone has no other verb, so that what drives comes first."""
    driven = [f"pull {shown(step.gradient, Decimal(1), 'T/m')}" if step.gradient else ""]
    driven += [
        f"rotate {shown(step.flux_density, MILLI, 'mT')} at {shown(step.frequency, Decimal(1), 'Hz')}" if step.frequency else ""
    ]
    if isinstance(step, Nanobots):
        yield f"{step.kind} {step.carrier} at {number(step.number_density, PER_ML)} per mL"
    elif isinstance(step, FieldAlone):
        yield from driven
    else:
        yield step.kind
    yield f"in {_contents(step.contents) or 'water'}" if step.contents != MEDIUM else ""
    yield _ph(step.ph)
    yield f"film {shown(step.film, MICRO, 'µm')}" if step.film else ""
    yield _conditions(step)
    yield f"with inhibitor coverage {number(step.inhibitor)}" if step.inhibitor else ""
    yield from () if isinstance(step, FieldAlone) else driven
    yield f"facing {step.facing}" if step.facing != "level" else ""
    yield f"peroxide {shown(step.peroxide, PERCENT, '%')}" if step.peroxide else ""
    yield "ultrasound" if step.ultrasound else ""
    yield "heated" if step.heated else ""


def _slurry(step: Slurry) -> Iterable[str]:
    yield f"brush with {_fluoride(step.fluoride)} slurry 1:{number(step.ratio)}"
    yield f"in {_contents(step.contents)}" if step.contents else ""
    yield _ph(step.ph)
    yield _conditions(step)


def _meal(step: Meal) -> Iterable[str]:
    return "meal", _sugar(step.sugar), _ph(step.ph)


def _drink(step: Drink) -> Iterable[str]:
    """Print sugar and pH of a named drink, so that the text stays what it was when the table of drinks changes."""
    yield "drink"
    yield step.what or ""
    yield f"{_volume(step.volume)}"
    yield _fluoride(step.fluoride) if step.fluoride else ""
    plain = step.what is not None and (step.sugar, step.ph) == (0.0, None) == drinks().get(step.what)
    yield _sugar(step.sugar) or ("sugar 0 %" if step.what and not plain else "")
    yield _ph(step.ph)


def _rinse(step: Rinse) -> Iterable[str]:
    held = [part for part in (_volume(step.volume), _fluoride(step.fluoride) if step.fluoride else "") if part]
    return "rinse", f"with {' '.join(held)}" if held else "", _sugar(step.sugar), _ph(step.ph)


def _product(step: Any) -> Iterable[str]:
    """Print brush, gel and varnish; only a brush says 'with' and 'paste'."""
    mass = shown(step.mass, MILLI, "g") if step.mass else ""
    if step.kind != "brush":
        return step.kind, mass, _fluoride(step.fluoride)
    held = [part for part in (mass, _fluoride(step.fluoride) if step.fluoride else "") if part]
    return "brush", f"with {' '.join(held)} paste" if held else ""


def _contents(contents: tuple[Ingredient, ...]) -> str:
    return ", ".join(f"{item.substance} {shown(item.amount, Decimal(1), 'mM')}" for item in contents)


def _conditions(step: Bath | Slurry) -> str:
    warm = "" if step.temperature == 37 else f"at {step.temperature} degC"
    ion = f"balanced with {step.balanced_with}" if step.balanced_with else ""
    return " ".join(part for part in (warm, ion) if part)


def _ph(value: float | None) -> str:
    return "" if value is None else f"pH {number(value)}"


def _sugar(value: float) -> str:
    return f"sugar {shown(value, PERCENT, '%')}" if value else ""


def _volume(value: float) -> str:
    return shown(value, MICRO, "mL") if value else ""


def _fluoride(value: float) -> str:
    return shown(value, PPM, "ppm F")
