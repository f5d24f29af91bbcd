"""Fields that hold a quantity as people write it: text with a unit, checked against a range and kept as it was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from amelo.errors import RecordError, shorten
from amelo.units import DIMENSIONS, Quantity, quantity

__all__ = ["measured", "share"]


def measured(dimension: str, low: str, high: str, about: str, reason: str) -> Any:
    """Return the type of a quantity with a unit, from ``low`` to ``high``.

    Arguments: dimension (a name of ``amelo.units.DIMENSIONS``); low, high (quantities); about; reason (why the range is what it is).
    """
    return _field(dimension, quantity(low, dimension=dimension), quantity(high, dimension=dimension), about, reason, ["string"])


def share(low: float, high: float, about: str, reason: str) -> Any:
    """Return the type of a fraction from ``low`` to ``high``: a number such as 0.2, or text such as "20 %" or "80 vol%"."""
    ends = [Quantity(end, "", "fraction", None, f"{end:g}") for end in (low, high)]
    return _field("fraction", *ends, about, reason, ["string", "number"])


def _field(dimension: str, low: Quantity, high: Quantity, about: str, reason: str, types: list[str]) -> Any:
    example = DIMENSIONS[dimension][1]

    def read(value: Any) -> Quantity:
        if isinstance(value, Quantity):
            found = value
        elif isinstance(value, str):
            found = quantity(value, dimension=dimension)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if "number" not in types:
                fix = f'write it as text with its unit, for example "{example}"'
                raise RecordError(f"{value} has no unit", why=f"a {dimension} needs one", fix=fix)
            found = Quantity(float(value), "", "fraction", None, f"{value:g}")
        else:
            raise RecordError(f"{shorten(value)} is not a {dimension}", fix=f'write for example "{example}"')
        found = replace(found, value=float(f"{found.value:.14g}"))  # 100 um is 1e-4 m, not 9.999999999999999e-05
        if not low.value <= found.value <= high.value:  # also refuses not-a-number
            share = dimension == "fraction" and 1 < found.value <= 100 and "%" not in found.text
            fix = f"write '{found.value:g} %' if per cent is meant" if share else ""
            raise RecordError(f"{found.text} is out of range", why=f"allowed {low.text} to {high.text}", fix=fix)
        return found

    schema = {"type": types if len(types) > 1 else types[0], "description": f"{about}; range: {low.text} to {high.text}, {reason}"}
    schema |= {"dimension": dimension, "examples": [example]}
    if "number" in types:
        schema |= {"minimum": low.value, "maximum": high.value}
    return Annotated[Quantity, PlainValidator(read), PlainSerializer(str, return_type=str), WithJsonSchema(schema)]
