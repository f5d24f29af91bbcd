"""Saliva, diet, hygiene and fluoride: what bathes the teeth."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amelo.records.base import UNKNOWN, Record, Text, Unknown, YesNo, amount

__all__ = ["Diet", "Hygiene", "Meal", "Saliva"]


class Saliva(Record):
    """Resting saliva as measured, and how much of it there is."""

    unstimulated_flow: amount(0, 3, "mL/min", "flow at rest", "dry below 0.1, healthy 0.3 to 0.5") = UNKNOWN
    stimulated_flow: amount(0, 8, "mL/min", "flow while chewing", "low below 0.7, healthy 1 to 3") = UNKNOWN
    pH: amount(4, 9, "1", "pH at rest", "healthy 6.2 to 7.6; after acid food or reflux near 4") = UNKNOWN
    calcium: amount(0, 20, "mmol/L", "total calcium", "healthy 1 to 2; 20 is eight times blood") = UNKNOWN
    phosphate: amount(0, 50, "mmol/L", "total orthophosphate", "healthy 3 to 8, highest in slow saliva") = UNKNOWN
    fluoride: amount(0, 5, "mmol/L", "total fluoride", "healthy near 0.001, minutes after a gel up to 5") = UNKNOWN
    bicarbonate: amount(0, 60, "mmol/L", "total carbonate", "1 to 7 at rest, up to 30 when stimulated") = UNKNOWN
    sodium: amount(0, 200, "mmol/L", "sodium", "healthy 2 to 30; blood has 140") = UNKNOWN
    potassium: amount(0, 200, "mmol/L", "potassium", "healthy 10 to 30; inside cells 150") = UNKNOWN
    chloride: amount(0, 200, "mmol/L", "chloride", "healthy 10 to 30; blood has 100") = UNKNOWN
    magnesium: amount(0, 10, "mmol/L", "total magnesium", "healthy 0.1 to 0.5") = UNKNOWN
    ammonium: amount(0, 60, "mmol/L", "total ammonium", "healthy 1 to 10; kidney failure up to 50") = UNKNOWN
    buffer_capacity: Literal["high", "medium", "low", "unknown"] = Field(UNKNOWN, description="chair-side buffer test")


class Meal(Record):
    """Anything eaten or drunk, by the clock."""

    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="time of day, HH:MM")]
    what: Literal["meal", "snack", "sugared drink", "acidic drink", "unsweetened drink", "sweet", "night feed"]
    duration: amount(0, 240, "min", "how long it lasts", "a drink sipped all morning") = UNKNOWN
    sugar: amount(0, 100, "%", "fermentable sugar by mass", "water to pure sugar") = UNKNOWN
    pH: amount(1, 10, "1", "pH of the food or drink", "lemon juice 2.2, cola 2.5") = UNKNOWN


class Diet(Record):
    """A typical day of meals, in order; unknown when nobody asked, empty when nothing was eaten."""

    meals: tuple[Meal, ...] | Unknown = UNKNOWN
    note: Text | Unknown = UNKNOWN


class Hygiene(Record):
    """Cleaning and fluoride, at home and by professionals."""

    brushing_per_day: amount(0, 10, "1/day", "tooth brushing", "more is a slip") = UNKNOWN
    toothpaste_fluoride: amount(
        0, 25_000, "ppm F", "fluoride in the toothpaste, as mass fraction of F", "250 to 1500 in shops, 5000 prescribed"
    ) = UNKNOWN
    interdental_per_week: amount(0, 50, "1/week", "floss or interdental brushes", "seven a day") = UNKNOWN
    rinse_fluoride: amount(0, 1_000, "ppm F", "fluoride in the daily rinse, 0 for none", "225 daily, 900 weekly") = UNKNOWN
    varnish_per_year: amount(0, 12, "1/year", "professional fluoride varnish", "2 to 4 is usual, 12 monthly") = UNKNOWN
    water_fluoride: amount(0, 20, "mg/L", "fluoride in drinking water", "0.7 where added, wells up to 20") = UNKNOWN
    supervised: YesNo = UNKNOWN
