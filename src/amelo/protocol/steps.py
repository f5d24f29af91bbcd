"""The steps of a protocol: frozen records in SI, one per kind.

Laboratory steps bathe a specimen in a fluid of known composition; mouth steps are what a person does, and the mouth makes a fluid of
it.  Every number carries its unit and its range, and the range says why it is what it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from amelo.errors import RecordError, nearest
from amelo.params import load_set
from amelo.protocol.nano_steps import FieldAlone, Nanobots, Probe, Retrieve
from amelo.protocol.operative_steps import (
    Cap,
    Crown,
    Deproteinise,
    Etch,
    Excavate,
    Extract,
    Fill,
    Inlay,
    Isolate,
    Line,
    Onlay,
    Pulpotomy,
    RootTreatment,
    Seal,
    Splint,
    TakeOff,
)
from amelo.protocol.resilience_steps import (
    BrushDaily,
    HabitStep,
    Infiltrate,
    LimitSnacks,
    Peptide,
    Review,
    SilverDiamineFluoride,
)
from amelo.protocol.step_parts import (
    DAY,
    LONGEST,
    Bath,
    Closing,
    Contents,
    Fluoride,
    Ingredient,
    Ph,
    Sugar,
    Temperature,
    each_once,
    lasting,
    measure,
)
from amelo.protocol.values import time_text
from amelo.records.base import Record

__all__ = ["DAY", "LONGEST", "MOST_REPEATS", "Bath", "Brush", "Day", "DayOfCase", "Demineralise", "Drink", "FieldAlone", "Gel", "Immerse", "Ingredient", "Meal", "MouthStep", "Nanobots", "Probe", "Remineralise", "Repeat", "Rest", "Retrieve", "Rinse", "Sleep", "Slurry", "Step", "Varnish", "drinks", "length"]  # fmt: skip

MOST_REPEATS = 1_000_000


class Immerse(Bath):
    """Put the specimen in any bath."""

    kind: Literal["immerse"] = "immerse"


class Demineralise(Bath):
    """Put the specimen in a bath that is meant to dissolve it; what it does, the chemistry decides."""

    kind: Literal["demineralise"] = "demineralise"


class Remineralise(Bath):
    """Put the specimen in a bath that is meant to let it grow; what it does, the chemistry decides."""

    kind: Literal["remineralise"] = "remineralise"


class Slurry(Record):
    """Brush a specimen in the laboratory with toothpaste stirred into water or another medium."""

    kind: Literal["slurry"] = "slurry"
    fluoride: Fluoride
    ratio: measure(0, 100, "kg/kg", "medium per part of paste, by mass", "undiluted to a trace")
    contents: Contents = ()
    ph: Ph | None = None
    duration: lasting(DAY, "a stroke to a day")
    temperature: Temperature = 37
    balanced_with: Closing = None

    _once = field_validator("contents")(each_once)


class Rest(Record):
    """Leave the mouth alone, awake."""

    kind: Literal["rest"] = "rest"
    duration: lasting(LONGEST, "a pause to ten years")


class Sleep(Record):
    """Leave the mouth alone, asleep, when little saliva flows."""

    kind: Literal["sleep"] = "sleep"
    duration: lasting(DAY, "a nap to a day")


class Meal(Record):
    """Eat."""

    kind: Literal["meal"] = "meal"
    duration: lasting(14_400, "a sweet to four hours of nibbling")
    sugar: Sugar = 0.0
    ph: Ph | None = None


class Drink(Record):
    """Drink something."""

    kind: Literal["drink"] = "drink"
    duration: lasting(14_400, "a gulp to four hours of sipping")
    what: str | None = Field(None, max_length=40, description="name of the drink")
    sugar: Sugar = 0.0
    ph: Ph | None = None
    fluoride: Fluoride = 0.0
    volume: measure(0, 2e-3, "m3", "volume of one mouthful, 0 for the usual", "up to two litres") = 0.0

    @field_validator("what")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None or value in drinks():
            return value
        raise RecordError(f"'{value}' is not a drink amelo knows", fix=nearest(value, drinks()) or "give its sugar and pH instead")


class Rinse(Record):
    """Rinse the mouth, with water or with fluoride."""

    kind: Literal["rinse"] = "rinse"
    duration: lasting(1_800, "a swish to half an hour")
    fluoride: Fluoride = 0.0
    sugar: Sugar = 0.0
    ph: Ph | None = None
    volume: measure(0, 2e-4, "m3", "volume taken, 0 for the usual", "up to 200 mL, a full mouth") = 0.0


class Product(Record):
    """What all fluoride products put on teeth in the mouth share."""

    fluoride: Fluoride
    mass: measure(0, 0.02, "kg", "mass of the product, 0 for the usual", "up to 20 g") = 0.0


class Brush(Product):
    """Brush the teeth in the mouth with toothpaste."""

    kind: Literal["brush"] = "brush"
    fluoride: Fluoride = 0.0
    duration: lasting(1_800, "a stroke to half an hour")


class Gel(Product):
    """Hold a gel on the teeth in a tray."""

    kind: Literal["gel"] = "gel"
    duration: lasting(43_200, "a dab to a night")


class Varnish(Product):
    """Leave a varnish on the teeth."""

    kind: Literal["varnish"] = "varnish"
    fluoride: measure(0, 0.0563, "kg/kg", "fluoride by mass of F", "none to 56300 ppm, a varnish with two fluorides")
    duration: lasting(604_800, "a second to a week, after which it has worn off")


class DayOfCase(Record):
    """One day as the diet, hygiene and fluoride of a patient's case describe it."""

    kind: Literal["day of case"] = "day of case"


class Day(Record):
    """The steps of one day; what they leave of the 24 hours is rest."""

    kind: Literal["day"] = "day"
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _fits(self) -> Day:
        total = sum(length(step) for step in self.steps)
        if total > DAY:
            raise RecordError(
                f"the steps of the day last {time_text(total)}", why="a day has 24 h", fix="shorten a step, or leave out 'day'"
            )
        return self


class Repeat(Record):
    """Steps that follow each other as many times as they are told."""

    kind: Literal["repeat"] = "repeat"
    count: Annotated[int, Field(strict=True, ge=1, le=MOST_REPEATS, description="how many times", json_schema_extra={"unit": "1"})]
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10_000)


Step = Annotated[
    Immerse
    | Demineralise
    | Remineralise
    | Slurry
    | Nanobots
    | Probe
    | FieldAlone
    | Retrieve
    | Rest
    | Sleep
    | Meal
    | Drink
    | Rinse
    | Brush
    | Gel
    | Varnish
    | Isolate
    | Excavate
    | Etch
    | Deproteinise
    | Line
    | Fill
    | Seal
    | Inlay
    | Onlay
    | Crown
    | Splint
    | Pulpotomy
    | Cap
    | RootTreatment
    | Extract
    | TakeOff
    | Infiltrate
    | SilverDiamineFluoride
    | Peptide
    | BrushDaily
    | LimitSnacks
    | Review
    | DayOfCase
    | Day
    | Repeat,
    Field(discriminator="kind"),
]
MouthStep = (Rest, Sleep, Meal, Drink, Rinse, Brush, Gel, Varnish, DayOfCase)
Day.model_rebuild()
Repeat.model_rebuild()


def drinks() -> dict[str, tuple[float, float | None]]:
    """Return the drinks that have a name, with sugar by mass and pH (None where saliva decides)."""
    table: dict[str, tuple[float, float | None]] = {"water": (0.0, None)}
    constants = load_set("habits")
    for name in dict.fromkeys(p.name.split(".")[1] for p in constants if p.name.startswith("drink.")):
        table[name.replace("_", " ")] = (constants.value(f"drink.{name}.sugar"), constants.value(f"drink.{name}.ph"))
    return table


def length(step: Any) -> float:
    """Return how long a step lasts [s], all its repeats included; a habit takes no time of its own."""
    if isinstance(step, HabitStep):
        return 0.0
    if isinstance(step, Repeat):
        return step.count * sum(length(part) for part in step.steps)
    return DAY if isinstance(step, Day | DayOfCase) else step.duration
