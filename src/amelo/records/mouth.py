"""Saliva, diet, hygiene and fluoride: what bathes the teeth."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amelo.records.base import UNKNOWN, Record, Text, Unknown, YesNo, amount

__all__ = ["Diet", "Hygiene", "Meal", "Saliva"]


class Saliva(Record):
    """Resting saliva as measured, and how much of it there is."""

    unstimulated_flow: amount(0, 3, "mL/min", "flow at rest") = UNKNOWN
    stimulated_flow: amount(0, 8, "mL/min", "flow while chewing") = UNKNOWN
    pH: amount(4, 9, "1", "pH at rest") = UNKNOWN
    calcium: amount(0, 20, "mmol/L", "total calcium") = UNKNOWN
    phosphate: amount(0, 50, "mmol/L", "total orthophosphate") = UNKNOWN
    fluoride: amount(0, 5, "mmol/L", "total fluoride") = UNKNOWN
    bicarbonate: amount(0, 60, "mmol/L", "total dissolved carbonate") = UNKNOWN
    sodium: amount(0, 200, "mmol/L", "sodium") = UNKNOWN
    potassium: amount(0, 200, "mmol/L", "potassium") = UNKNOWN
    chloride: amount(0, 200, "mmol/L", "chloride") = UNKNOWN
    magnesium: amount(0, 10, "mmol/L", "total magnesium") = UNKNOWN
    ammonium: amount(0, 60, "mmol/L", "total ammonium") = UNKNOWN
    buffer_capacity: Literal["high", "medium", "low", "unknown"] = Field(UNKNOWN, description="chair-side buffer test")


class Meal(Record):
    """Anything eaten or drunk, by the clock."""

    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="time of day, HH:MM")]
    what: Literal["meal", "snack", "sugared drink", "acidic drink", "unsweetened drink", "sweet", "night feed"]
    duration: amount(0, 240, "min", "how long it lasts") = UNKNOWN
    sugar: amount(0, 100, "%", "fermentable sugar by mass") = UNKNOWN
    pH: amount(1, 10, "1", "pH of the food or drink") = UNKNOWN


class Diet(Record):
    """A typical day of meals, in order; unknown when nobody asked, empty when nothing was eaten."""

    meals: tuple[Meal, ...] | Unknown = UNKNOWN
    note: Text | Unknown = UNKNOWN


class Hygiene(Record):
    """Cleaning and fluoride, at home and by professionals."""

    brushing_per_day: amount(0, 10, "1/day", "tooth brushing") = UNKNOWN
    toothpaste_fluoride: amount(0, 25_000, "ppm F", "fluoride in the toothpaste, as mass fraction of F") = UNKNOWN
    interdental_per_week: amount(0, 50, "1/week", "floss or interdental brushes") = UNKNOWN
    rinse_fluoride: amount(0, 1_000, "ppm F", "fluoride in the daily rinse, 0 for none") = UNKNOWN
    varnish_per_year: amount(0, 12, "1/year", "professional fluoride varnish") = UNKNOWN
    water_fluoride: amount(0, 20, "mg/L F", "fluoride in drinking water") = UNKNOWN
    supervised: YesNo = UNKNOWN
