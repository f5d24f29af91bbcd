"""What steps are made of: numbers with unit and range, the contents of a bath, and what all laboratory baths share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from amelo.errors import RecordError
from amelo.protocol.substances import is_salt, spelling
from amelo.records.base import Record

__all__ = ["DAY", "LONGEST", "Bath", "Closing", "Contents", "Fluoride", "Ingredient", "Ph", "Sugar", "Temperature", "each_once", "lasting", "measure"]  # fmt: skip

DAY = 86_400.0  # s
YEAR = 365.25 * DAY
LONGEST = 10 * YEAR


def measure(low: float, high: float, unit: str, about: str, reason: str) -> Any:
    """Return the type of a number from low to high in ``unit``; ``reason`` says why the range is what it is."""
    extra = {"unit": unit}
    return Annotated[float, Field(strict=True, ge=low, le=high, description=f"{about}; range: {reason}", json_schema_extra=extra)]


def lasting(high: float, reason: str) -> Any:
    """Return the type of a duration of one second to ``high``."""
    return measure(1.0, high, "s", "how long it lasts", reason)


Amount = measure(
    0, 2_000, "mol/m3", "concentration (1 mol/m3 is 1 mM)", "water to twice molar, beyond which activities are unknown"
)
Ph = measure(1, 13, "1", "-log10 of the activity of H+", "gastric acid is 1, a strong base 13")
Sugar = measure(0, 1, "kg/kg", "fermentable sugar by mass", "none to pure sugar")
Fluoride = measure(0, 0.025, "kg/kg", "fluoride by mass of F", "none to 25000 ppm, twice the strongest gel")
Temperature = Annotated[Literal[37, 25], Field(description="temperature of the bath", json_schema_extra={"unit": "degC"})]
Closing = Annotated[
    Literal["K", "Na", "Cl", "nitrate"] | None,
    Field(description="inert ion that closes the charge; left out: K or Cl, whichever has to be added to reach the pH"),
]
Film = measure(0, 1e-3, "m", "unstirred layer, 0 for a well stirred bath", "stirred to quite still")


class Ingredient(Record):
    """One substance of a bath."""

    substance: str = Field(max_length=40, description="component or salt")
    amount: Amount

    @field_validator("substance")
    @classmethod
    def _known(cls, value: str) -> str:
        return spelling(value)


def _listed(value: Any) -> Any:
    """Let a program write contents as a mapping, such as {"Ca": 2.0}."""
    if isinstance(value, Mapping):
        return tuple({"substance": name, "amount": amount} for name, amount in value.items())
    return value


def each_once(value: tuple[Ingredient, ...]) -> tuple[Ingredient, ...]:
    """Refuse a substance that is named twice."""
    names = [item.substance for item in value]
    for name in names:
        if names.count(name) > 1:
            raise RecordError(f"{name} is named twice", fix="add the two amounts up")
    return value


Contents = Annotated[
    tuple[Ingredient, ...], BeforeValidator(_listed), Field(max_length=30, description="what it holds; nothing for pure water")
]


class Bath(Record):
    """What all laboratory baths share."""

    contents: Contents = ()
    ph: Ph | None = None
    duration: lasting(LONGEST, "a dip to ten years")
    film: Film = 0.0
    temperature: Temperature = 37
    balanced_with: Closing = None
    sugar: Sugar = 0.0
    inhibitor: measure(0, 1, "1", "share of the crystal surface covered by inhibitors", "none to all") = 0.0

    _once = field_validator("contents")(each_once)

    @model_validator(mode="after")
    def _acidity(self) -> Bath:
        loose = [item.substance for item in self.contents if not is_salt(item.substance)]
        if self.ph is None and loose:
            why = f"{loose[0]} says nothing of the acid or base it came with; only water and salts find their own pH"
            raise RecordError("the pH is missing", why=why, fix="write for example pH 4.5")
        if self.ph is None and self.balanced_with is not None:
            raise RecordError("an ion to balance with is named but no pH", why="the charge then finds the pH", fix="give the pH")
        return self
