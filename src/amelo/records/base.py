"""What all records share: frozen, closed to unknown keys, and with *unknown* as a value."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from amelo.errors import RecordError, shorten

__all__ = ["UNKNOWN", "Day", "Known", "Record", "Text", "Unknown", "YesNo", "amount", "count"]

UNKNOWN = "unknown"
Unknown = Literal["unknown"]
T = TypeVar("T")
Known = T | Unknown
YesNo = StrictBool | Unknown
Text = Annotated[str, Field(min_length=1, max_length=2000)]
EARLIEST = date(1900, 1, 1)  # nobody alive was treated before; an earlier date is a slip


class Record(BaseModel):
    """A frozen part of a case; a field that is left out is ``"unknown"``, and says so when it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def amount(low: float, high: float, unit: str, about: str, reason: str) -> Any:
    """Return the type of a measured quantity: a number from low to high in ``unit``, or ``"unknown"``.

    The range is there to catch slips of unit and typing; it is wide enough for disease, and ``reason`` says why it is
    what it is.
    """
    text = f"{about}; range: {reason}"
    return Annotated[float, Field(strict=True, ge=low, le=high, description=text, json_schema_extra={"unit": unit})] | Unknown


def count(low: int, high: int, about: str) -> Any:
    """Return the type of a whole number or score from low to high, or ``"unknown"``."""
    return Annotated[int, Field(strict=True, ge=low, le=high, description=about)] | Unknown


def _day(value: Any) -> date:
    """Return a day that has come, written as 2026-03-31; a number or a time of day is not one."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise RecordError(f"{shorten(value)} is not a date of the calendar", fix="check month and day") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise RecordError(f"{shorten(value)} is not a date such as 2026-03-31")
    today = date.today()
    if value > today:
        raise RecordError(f"{value} is in the future", why=f"allowed {EARLIEST} to {today}, today")
    if value < EARLIEST:
        raise RecordError(f"{value} is too long ago", why=f"allowed {EARLIEST} to {today}, today")
    return value


Day = Annotated[date, BeforeValidator(_day)]
