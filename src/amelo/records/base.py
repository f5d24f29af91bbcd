"""What all records share: frozen, closed to unknown keys, and with *unknown* as a value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool

__all__ = ["UNKNOWN", "Known", "Record", "Text", "Unknown", "YesNo", "amount", "count"]

UNKNOWN = "unknown"
Unknown = Literal["unknown"]
T = TypeVar("T")
Known = T | Unknown
YesNo = StrictBool | Unknown
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Record(BaseModel):
    """A frozen part of a case; a field that is left out is ``"unknown"``, and says so when it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def amount(low: float, high: float, unit: str, about: str) -> Any:
    """Return the type of a measured quantity: a number from low to high in ``unit``, or ``"unknown"``.

    The range is there to catch slips of unit and typing; it is wide enough for disease.
    """
    return Annotated[float, Field(strict=True, ge=low, le=high, description=about, json_schema_extra={"unit": unit})] | Unknown


def count(low: int, high: int, about: str) -> Any:
    """Return the type of a whole number or score from low to high, or ``"unknown"``."""
    return Annotated[int, Field(strict=True, ge=low, le=high, description=about)] | Unknown
