"""The clauses of one line: what the grammar found, turned into values in SI, each with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from amelo.errors import AmeloError, FormatError, QuantityError, RecordError, nearest
from amelo.protocol.explain import keyword_near
from amelo.protocol.layout import Layout
from amelo.protocol.measures import Words, fluoride_of, measured, ratio_of, sugar_of, temperature_of
from amelo.protocol.nano_steps import FACING
from amelo.protocol.steps import Bath, Ingredient, Slurry
from amelo.protocol.substances import INERT, WATER, amount_of, spelling
from amelo.protocol.values import PERCENT, factor, read_number, read_time
from amelo.protocol.words import CLAUSES, StepWords, allowed

__all__ = ["Clauses", "Line", "is_unit", "said_in"]

CONTAINERS = ("mL", "L", "µL", "uL", "g", "mg", "kg")  # units that a name may follow: 200 mL cola
DRIVEN = {  # clause: the field of a step, its dimension, an example
    "pulled": ("gradient", "magnetic gradient", "pull 5 T/m"),
    "rotated": ("flux_density", "magnetic field", "rotate 5 mT at 50 Hz"),
}
TIMES = ("s", "min", "h", "d", "week")
LONG_TIMES = ("seconds", "minutes", "min", "hours", "days", "weeks")  # other spellings that are read, for those who misspell them


@dataclass
class Clauses:
    """What one line says: value and place (a token) of each clause."""

    values: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)

    def put(self, kind: str, value: Any, token: Any, where: str) -> None:
        """Add a clause.

        Raises: FormatError when the line said it before.
        """
        if kind in self.values:
            what = f"{CLAUSES[kind][0]} is given twice"
            raise FormatError(what, where=where, fix="leave one of them out")
        self.values[kind], self.tokens[kind] = value, token


def said_in(layout: Layout, verb: Any, step: StepWords, extra: list[Any], found: list[Any]) -> Clauses:
    """Return what a line says.

    Arguments: layout; verb (its first word); step (the vocabulary of that step); extra (words after the verb); found (clauses).
    Raises: FormatError, QuantityError or RecordError with line and column.
    """
    return Line(layout, verb, step).read(extra, found)


class Line:
    """Reads one line; holds what it has said so far."""

    def __init__(self, layout: Layout, verb: Any, step: StepWords) -> None:
        self.layout, self.verb, self.step = layout, verb, step
        self.said = Clauses()

    def read(self, extra: list[Any], found: list[Any]) -> Clauses:
        """Read every clause of a line, in order."""
        if extra and "carrier" in self.step.needs:
            self.said.put("carrier", extra[0] if len(extra) == 1 else " ".join(extra), extra[0], self.layout.at(extra[0]))
        elif extra and "what" in self.step.takes:
            self.said.put("what", " ".join(extra).casefold(), extra[0], self.layout.at(extra[0]))
        elif extra:
            fix = keyword_near(extra[0])
            if not fix and issubclass(self.step.model, Bath):
                fix = f"write 'in {extra[0]} …'"
            raise FormatError(f"'{extra[0]}' does not belong to '{self.verb}'", where=self.layout.at(extra[0]), fix=fix)
        percent: tuple[Words, str] | None = None
        for clause in found:
            first = next(clause.scan_values(lambda _: True))
            where, quantities = self.layout.at(first), list(_quantities(clause))
            try:
                self.no_commas(clause, quantities)
                if clause.data == "sugar":
                    quantity = quantities[0] if quantities else percent and percent[0]
                    if quantity is None:
                        raise QuantityError("'sugar' says no amount", fix="write for example 'sugar 10 %'")
                    self.said.put("sugar", sugar_of(self.unit_only(quantity) if quantity.unit == "%" else quantity), first, where)
                    percent = None if not quantities else percent
                    continue
                _no_sugar(percent)
                if clause.data == "bare" and quantities[-1].text.endswith("%") and len(quantities[-1].words) == 1:
                    percent = (quantities[-1], self.layout.at(quantities[-1].number))
                    quantities.pop()
                self.clause(clause, quantities, first)
            except AmeloError as error:
                raise error if error.where else error.at(where) from None
        _no_sugar(percent)
        return self.said

    def quantities(self, tree: Any) -> list[Words]:
        """Return the quantities of a clause or item in the order in which they stand."""
        return list(_quantities(tree))

    def no_commas(self, clause: Any, quantities: list[Words]) -> None:
        """Refuse decimal commas in a clause and its quantities."""
        numbers = [token for token in clause.children if getattr(token, "type", "") == "DECIMAL_COMMA"]
        for token in (*numbers, *(q.number for q in quantities if q.number.type == "DECIMAL_COMMA")):
            raise QuantityError(
                f"'{token}' has a decimal comma", where=self.layout.at(token), fix=f"write '{token.replace(',', '.')}'"
            )

    def clause(self, clause: Any, quantities: list[Words], first: Any) -> None:
        """Read one clause; ``first`` is its first token."""
        where, kind = self.layout.at(first), clause.data
        numbers = [token for token in clause.children if getattr(token, "type", "") == "NUMBER"]
        if kind == "at":
            self.at(quantities[0], first)
        elif kind in ("pulled", "rotated"):
            field, unit, example = DRIVEN[kind]
            self.signed(field, quantities[0], unit, example, first)
        elif kind == "peroxide":
            said = self.unit_only(quantities[0])
            if said.needed("peroxide 1 %") != "%":
                raise QuantityError(f"'peroxide {said.text}' is not a share by mass", fix="write for example 'peroxide 1 %'")
            self.said.put(kind, read_number(said.digits, PERCENT), first, where)
        elif kind == "facing":
            self.said.put(kind, self.way(clause.children[-1]), first, where)
        elif kind == "contents" and (issubclass(self.step.model, Bath) or (self.step.model is Slurry and first.type == "IN")):
            self.ingredients(clause, first)
        elif kind == "contents" and first.type == "IN":
            self.said.put("contents", (), first, where)
        elif kind == "contents":
            for item in clause.find_data("item"):
                self.product(item)
        elif kind == "bare":
            self.times_or_products(quantities)
        elif kind == "duration":
            times = 1 + next((i for i, q in enumerate(quantities[1:]) if not _is_time(q.unit)), len(quantities) - 1)
            self.said.put(kind, self.time(quantities[:times]), first, where)
            self.times_or_products(quantities[times:])
        elif kind in ("ph", "inhibitor"):
            self.said.put(kind, read_number(numbers[0]), first, where)
        elif kind == "film":
            self.said.put(
                kind,
                read_number(quantities[0].digits, factor(self.unit_only(quantities[0]).needed("film 100 µm"), "length")),
                first,
                where,
            )
            measured(quantities[0], "length")
        elif kind == "balanced":
            self.said.put(kind, self.inert(clause.children[-1]), first, where)
        elif kind == "slurry":
            self.said.put(kind, ratio_of(clause.children[1]), first, where)
        elif kind in ("stirred", "paste", "ultrasound", "heated"):
            self.said.put(kind, True, first, where)
        else:
            word = next(clause.scan_values(lambda t: t.type == "WORD" and kind == "stray"), first)
            fix = (keyword_near(word) if kind == "stray" else "") or "leave it out"
            raise FormatError(f"'{word.strip(' ,')}' does not belong to '{self.verb}'", where=self.layout.at(word), fix=fix)

    def at(self, quantity: Words, first: Any) -> None:
        """Read what ``at`` says: a temperature, how many carriers, or how fast a field turns; its unit tells."""
        where = self.layout.at(first)
        if "number_density" in self.step.needs and quantity.unit.casefold() == "per":
            scale = factor(f"{quantity.unit} {quantity.rest}", "number density")
            measured(quantity, "number density")
            self.said.put("number_density", read_number(quantity.digits, scale), first, where)
        elif "frequency" in self.step.takes and quantity.unit in ("Hz", "kHz"):
            self.signed("frequency", quantity, "frequency", "rotate 5 mT at 50 Hz", first)
        elif "number_density" in self.step.needs and not quantity.unit:
            raise QuantityError(f"'{quantity.digits}' carriers per what?", fix=f"write 'at {quantity.digits} per mL'")
        else:
            self.said.put("temperature", temperature_of(self.unit_only(quantity)), first, where)

    def signed(self, field: str, quantity: Words, dimension: str, example: str, first: Any) -> None:
        """Read a quantity of a dimension, which may be negative, for a field of the step."""
        unit = self.unit_only(quantity).needed(example)
        measured(quantity, dimension)
        self.said.put(field, read_number(quantity.digits, factor(unit, dimension)), first, self.layout.at(first))

    def way(self, name: Any) -> str:
        """Return which way a surface faces."""
        text = " ".join(name.children).casefold()
        if text not in FACING:
            raise FormatError(
                f"'facing {text}' is not known", where=self.layout.at(name.children[0]), fix=nearest(text, FACING, limit=10)
            )
        return text

    def inert(self, name: Any) -> str:
        """Return the ion that closes the charge."""
        text = " ".join(name.children)
        try:
            found = spelling(text)
        except RecordError:
            found = ""
        if found not in INERT:
            why = "the ion must react with nothing, so that closing the charge changes nothing else"
            raise RecordError(
                f"charge cannot be balanced with '{text}'",
                where=self.layout.at(name.children[0]),
                why=why,
                fix=nearest(text, INERT),
            )
        return found

    def ingredients(self, clause: Any, first: Any) -> None:
        """Add what an ``in`` or ``with`` of a bath names to what was named before."""
        held = list(self.said.values.get("contents", ()))
        for item in clause.find_data("item"):
            names = [token for child in item.children if child.data == "name" for token in child.children]
            quantity = next(iter(_quantities(item)), None)
            token = names[0] if names else quantity.number
            try:
                found = self.ingredient(names, quantity)
            except AmeloError as error:
                raise error if error.where else error.at(self.layout.at(token)) from None
            if found is not None and any(other.substance == found.substance for other in held):
                raise RecordError(f"{found.substance} is named twice", where=self.layout.at(token), fix="name it once")
            held += [found] if found is not None else []
        self.said.values["contents"] = tuple(held)
        self.said.tokens.setdefault("contents", first)

    def ingredient(self, names: list[Any], quantity: Words | None) -> Ingredient | None:
        """Return one substance of a bath, None for water."""
        text = " ".join(names)
        if quantity is None:
            if text.casefold() in map(str.casefold, WATER):
                return None
            raise QuantityError(f"'{text}' says no amount", fix=f"write for example '{spelling(text)} 2 mM'")
        if names and quantity.rest:
            if advice := keyword_near(quantity.rest):
                raise FormatError(f"'{quantity.rest}' does not belong here", where=self.layout.at(quantity.words[1]), fix=advice)
            fix = f"write '{text} {quantity.digits} {quantity.unit}, {quantity.rest} …'"
            raise FormatError(f"a comma is missing before '{quantity.rest}'", where=self.layout.at(quantity.words[1]), fix=fix)
        if not names and not quantity.rest:
            if quantity.unit.casefold().startswith(("ppm", "ppb")):
                measured(quantity)
            raise QuantityError(f"'{quantity.text}' of what?", fix=f"write for example 'Ca {quantity.text}'")
        written = text or quantity.rest
        if not names and quantity.unit.casefold().startswith(("ppm", "ppb")):
            amount = measured(quantity).molarity(measured(quantity).substance, density=1000.0)
            name = spelling(written)
        else:
            name = spelling(written)
            amount = amount_of(quantity.digits, quantity.unit, name, written)
        try:
            return Ingredient(substance=name, amount=amount)
        except ValidationError:
            why = f"allowed {allowed(Ingredient, 'amount')}"
            raise RecordError(f"{written} {quantity.digits} {quantity.unit} is out of range", why=why) from None

    def product(self, item: Any) -> None:
        """Read an item after ``with`` of a step that takes a product: a quantity, with the name on either side of it."""
        names = [token for child in item.children if child.data == "name" for token in child.children]
        quantity = next(iter(_quantities(item)), None)
        if quantity is None:
            text = " ".join(names)
            if text.casefold() in WATER and "fluoride" in self.step.takes:
                return
            fix = keyword_near(names[0]) or f"write for example 'with {CLAUSES['fluoride'][1]}'"
            raise FormatError(f"'{text}' says no amount", where=self.layout.at(names[0]), fix=fix)
        if names:
            quantity = quantity.named(names)
        self.bare(quantity)

    def times_or_products(self, quantities: list[Words]) -> None:
        """Read quantities that stand without a word before them: a time such as ``8 h 30 min``, or what is taken."""
        units = [quantity.unit for quantity in quantities]
        if quantities and all(_is_time(unit) or (self.step.bare_time and unit and not is_unit(unit)) for unit in units):
            text, where = " ".join(q.text for q in quantities), self.layout.at(quantities[0].number)
            if not self.step.bare_time:
                raise FormatError(f"'{text}' stands without 'for'", where=where, fix=f"write 'for {text}'")
            self.said.put("duration", self.time(quantities), quantities[0].number, where)
            return
        for quantity in quantities:
            self.bare(quantity)

    def unit_only(self, quantity: Words) -> Words:
        """Return a quantity after checking that nothing follows its unit."""
        for word in quantity.words[1:]:
            fix = keyword_near(word) or "leave it out"
            raise FormatError(f"'{word}' does not belong to '{self.verb}'", where=self.layout.at(word), fix=fix)
        return quantity

    def time(self, quantities: list[Words]) -> float:
        """Return quantities added up to a time [s]."""
        for quantity in quantities:
            self.unit_only(quantity)
            if not _is_time(quantity.needed(self.step.example("duration"))) and not is_unit(quantity.unit):
                what, fix = (
                    f"'{quantity.text}': '{quantity.unit}' is not a time",
                    nearest(quantity.unit, LONG_TIMES, limit=0) or nearest(quantity.unit, TIMES),
                )
                raise QuantityError(what, where=self.layout.at(quantity.words[0]), fix=fix)
        return read_time(tuple((q.digits, _time_unit(q.unit)) for q in quantities))

    def bare(self, quantity: Words) -> None:
        """Read one quantity that stands for itself: its dimension tells what it is of."""
        where, token = self.layout.at(quantity.number), quantity.number
        said = (*self.step.needs, *self.step.takes)
        example = self.step.example(next((kind for kind in ("fluoride", "duration") if kind in said), said[0]))
        example = "30 min" if self.step.bare_time else example
        if not quantity.unit:
            raise QuantityError(f"'{quantity.text}' has no unit", where=where, fix=f"write for example '{example}'")
        try:
            found = measured(Words(token, quantity.words[:1]) if quantity.unit in CONTAINERS else quantity)
        except QuantityError as error:
            raise error.at(where) from None
        if found.dimension == "time":
            raise FormatError(f"'{quantity.text}' stands without 'for'", where=where, fix=f"write 'for {quantity.text}'")
        if found.dimension in ("volume", "mass"):
            scale = factor(quantity.unit, found.dimension)
            self.said.put(found.dimension, read_number(quantity.digits, scale), token, where)
            if quantity.rest:
                self.said.put("what", quantity.rest.casefold(), quantity.words[1], self.layout.at(quantity.words[1]))
        elif found.dimension in ("mass fraction", "mass concentration"):
            self.said.put("fluoride", fluoride_of(quantity, found), token, where)
        else:
            fix = f"'{self.verb}' takes for example '{example}'"
            raise QuantityError(f"'{quantity.text}' is a {found.dimension} that '{self.verb}' does not take", where=where, fix=fix)


def _time_unit(unit: str) -> str:
    """Return a unit of time in small letters when it is a word, as in Minutes; symbols keep their case."""
    return unit.casefold() if len(unit) >= len("min") else unit


def _is_time(unit: str) -> bool:
    try:
        return bool(unit) and bool(factor(_time_unit(unit), "time"))
    except QuantityError:
        return False


def is_unit(unit: str) -> bool:
    """Return whether a word is a unit of anything."""
    try:
        return bool(factor(unit))
    except QuantityError:
        return False


def _no_sugar(percent: tuple[Words, str] | None) -> None:
    if percent is not None:
        text, where = percent[0].text, percent[1]
        raise QuantityError(f"'{text}': per cent of what?", where=where, fix=f"write 'sugar {text}', or for fluoride 'ppm F'")


def _quantities(tree: Any) -> Iterator[Words]:
    """Yield the quantities of a clause or item in the order in which they stand."""
    for child in tree.children:
        if getattr(child, "data", "") == "quantity":
            yield Words.of(child)
        elif getattr(child, "data", "") == "item":
            yield from _quantities(child)
