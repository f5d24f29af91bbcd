"""Quantities as the grammar hands them over, a number and the words after it, and what they come to in SI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from amelo.errors import QuantityError
from amelo.protocol.values import PERCENT, factor, read_number
from amelo.units import Quantity, quantity

__all__ = ["Words", "fluoride_of", "measured", "ratio_of", "sugar_of", "temperature_of"]

PRODUCT_DENSITY = Decimal(1000)  # kg/m3, for a product given by volume; a litre of rinse weighs a kilogram


@dataclass(frozen=True)
class Words:
    """A number (token) and the words that follow it: a unit, then perhaps a substance."""

    number: Any
    words: tuple[Any, ...]

    @classmethod
    def of(cls, tree: Any) -> Words:
        """Return the words of a ``quantity`` of the grammar."""
        number, *words = tree.children
        return cls(number, tuple(words))

    def named(self, names: list[Any]) -> Words:
        """Return the quantity with a substance that stood in front of it."""
        return Words(self.number, (*self.words, *names))

    @property
    def digits(self) -> str:
        """The number as it was written."""
        return str(self.number)

    @property
    def unit(self) -> str:
        """The unit, empty when there is none."""
        return str(self.words[0]) if self.words else ""

    @property
    def rest(self) -> str:
        """What stands after the unit."""
        return " ".join(self.words[1:])

    @property
    def text(self) -> str:
        """The whole as one string."""
        return " ".join((self.digits, *self.words))

    def needed(self, example: str) -> str:
        """Return the unit.

        Raises: QuantityError when there is none, or when words follow it.
        """
        if not self.words:
            raise QuantityError(f"'{self.digits}' has no unit", fix=f"write for example '{example}'")
        if self.rest:
            raise QuantityError(
                f"'{self.rest}' does not belong to '{self.digits} {self.unit}'", fix=f"write for example '{example}'"
            )
        return self.unit


def measured(words: Words, dimension: str | None = None) -> Quantity:
    """Return a quantity as ``amelo.units`` understands it, with its refusals of what has two meanings."""
    return quantity(words.text, dimension=dimension)


def sugar_of(words: Words) -> float:
    """Return sugar by mass, of a percentage with or without saying by mass (``%``, ``wt%``) or by volume (``w/v%``).

    Assumptions: per cent of sugar is by mass, as on a label; a food weighs 1000 kg/m3 where it is given by volume.
    """
    if words.unit == "%":
        words.needed("sugar 10 %")
        value = read_number(words.digits, PERCENT)
        if value < 0:
            raise QuantityError(f"'sugar {words.text}' is negative", why="allowed 0 to 100 %")
        return value
    if not words.words:
        raise QuantityError(f"'sugar {words.digits}' has no unit", fix=f"write 'sugar {words.digits} %'")
    found = measured(words.named(["sucrose"]) if not words.rest else words)
    if found.dimension == "mass concentration":
        return found.value / float(PRODUCT_DENSITY)
    if found.dimension == "mass fraction":
        return read_number(words.digits, factor(f"{words.unit} sucrose"))
    raise QuantityError(f"'{words.text}' is a {found.dimension}, not an amount of sugar", fix="write for example 'sugar 10 %'")


def fluoride_of(words: Words, found: Quantity) -> float:
    """Return fluoride by mass of F.

    Arguments: words; found (the same, understood).
    Assumptions: a product weighs 1000 kg/m3 where its fluoride is given by volume.
    """
    if found.substance is None:
        raise QuantityError(f"'{words.text}' of what?", fix=f"write '{words.text} F'")
    if found.substance == "F":
        density = Decimal(1) if found.dimension == "mass fraction" else PRODUCT_DENSITY
        return read_number(words.digits, factor(f"{words.unit} F") / density)
    part = found.of("F").value
    return part if found.dimension == "mass fraction" else part / float(PRODUCT_DENSITY)


def temperature_of(words: Words) -> int:
    """Return a temperature in degrees Celsius.

    Raises: QuantityError at any but 37 and 25, where constants exist.
    """
    words.needed("at 37 degC")
    celsius = measured(words, "temperature").value - 273.15
    for known in (37, 25):
        if abs(celsius - known) < 1e-9 * 300:
            return known
    why = "constants of one consistent set exist at 37 °C (the mouth) and 25 °C (the bench) only"
    raise QuantityError(f"'{words.text}' has no set of constants", why=why, fix="use 37 degC or 25 degC")


def ratio_of(text: str) -> float:
    """Return parts of medium per part of paste.

    Raises: QuantityError for a ratio without paste.
    """
    paste, medium = re.split(r"\s*:\s*", text)
    if float(paste) == 0:
        raise QuantityError(f"'slurry {text}' holds no paste", fix="write paste first, then medium, for example 1:3")
    return float(medium) / float(paste) if float(paste) != 1 else float(medium)
