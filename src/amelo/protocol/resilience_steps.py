"""Steps that make a tooth hold out without a cavity: at the chair, and as habits that last until they are changed again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amelo.protocol.procedures import ChairTime, at_the_chair
from amelo.protocol.step_parts import Fluoride, measure
from amelo.records.base import Record

__all__ = ["BrushDaily", "HabitStep", "Infiltrate", "LimitSnacks", "Peptide", "ResilienceStep", "Review", "SilverDiamineFluoride"]


class Infiltrate(Record):
    """Let resin run into the pores of a lesion and set it there."""

    kind: Literal["infiltrate"] = "infiltrate"
    material: Annotated[Literal["resin"], Field(description="what runs into the pores")]
    duration: ChairTime = at_the_chair()


class SilverDiamineFluoride(Record):
    """Wet a lesion with silver diamine fluoride, which stains it black."""

    kind: Literal["silver diamine fluoride"] = "silver diamine fluoride"
    strength: measure(0.1, 0.4, "kg/kg", "silver diamine fluoride, as its label has it", "12 to 38 % are sold")
    duration: ChairTime = at_the_chair()


class Peptide(Record):
    """Wet a lesion with a peptide that mineral grows on."""

    kind: Literal["peptide"] = "peptide"
    peptide: Annotated[Literal["P11-4"], Field(description="which peptide")]
    duration: ChairTime = at_the_chair()


class BrushDaily(Record):
    """Brush as often as this every day from now on, until another such step."""

    kind: Literal["brush daily"] = "brush daily"
    times: measure(0, 5, "1/d", "brushings a day", "never to after every meal")
    fluoride: Fluoride = 0.0


class LimitSnacks(Record):
    """Eat and drink sugar between meals no more often than this every day from now on, until another such step."""

    kind: Literal["limit snacks"] = "limit snacks"
    most: measure(0, 20, "1/d", "snacks and sugared drinks a day", "none to one in every waking hour and more")


class Review(Record):
    """Look at the tooth again; nothing is done to it."""

    kind: Literal["review"] = "review"
    duration: ChairTime = at_the_chair()


HabitStep = (BrushDaily, LimitSnacks)  # these take no time; they change the days that come
ResilienceStep = (Infiltrate, SilverDiamineFluoride, Peptide, *HabitStep, Review)
