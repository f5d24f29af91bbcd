"""From text to steps: every line is read into clauses by the grammar, and the clauses into one typed step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ValidationError

from amelo.errors import AmeloError, FormatError, QuantityError, RecordError, nearest
from amelo.protocol.explain import KEYWORDS, explained
from amelo.protocol.layout import Layout, laid_out, place
from amelo.protocol.measures import Words, fluoride_of, measured, ratio_of, sugar_of, temperature_of
from amelo.protocol.steps import MOST_REPEATS, Bath, Day, Ingredient, Repeat, drinks
from amelo.protocol.substances import INERT, WATER, amount_of, spelling
from amelo.protocol.values import factor, read_number, read_time
from amelo.protocol.words import ALIASES, CLAUSES, WORDS, StepWords, allowed

__all__ = ["Parsed", "parse_text"]

CONTAINERS = ("mL", "L", "µL", "uL", "g", "mg", "kg")  # units that a name may follow: 200 mL cola
FIELDS = {"temperature": "temperature", "balanced_with": "balanced", "ratio": "slurry"}  # field: its clause, where they differ


@dataclass(frozen=True)
class Parsed:
    """Steps, and where each stands: its path of positions in the nesting, with line and column."""

    steps: tuple[Any, ...]
    places: Mapping[tuple[int, ...], tuple[int, int]]


@dataclass
class Clauses:
    """What one line says: value and place (a token) of each clause."""

    values: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)

    def put(self, kind: str, value: Any, token: Any, where: str) -> None:
        """Add a clause; Raises: FormatError when the line said it before."""
        if kind in self.values:
            what = f"{CLAUSES[kind][0]} is given twice"
            raise FormatError(
                what, where=where, why=f"the first stands at column {self.tokens[kind].column}", fix="leave one of them out"
            )
        self.values[kind], self.tokens[kind] = value, token


def parse_text(text: str) -> Parsed:
    """Read a protocol.

    Arguments: text.
    Raises: FormatError, QuantityError or RecordError with line and column, one sentence about the first fault.
    """
    return _Reader(laid_out(text)).read()


@cache
def _parser() -> Any:
    from lark import Lark
    from lark.indenter import Indenter

    class Blocks(Indenter):
        NL_type, INDENT_type, DEDENT_type = "_NL", "_INDENT", "_DEDENT"
        OPEN_PAREN_types: tuple[str, ...] = ()
        CLOSE_PAREN_types: tuple[str, ...] = ()
        tab_len = 1

    grammar = (files(__package__) / "grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", postlex=Blocks(), maybe_placeholders=False)


class _Reader:
    """Reads one text; holds its layout and the places found so far."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.places: dict[tuple[int, ...], tuple[int, int]] = {}

    def read(self) -> Parsed:
        from lark.exceptions import UnexpectedInput

        try:
            tree = _parser().parse(self.layout.text)
        except UnexpectedInput as error:
            raise explained(error, self.layout) from None
        return Parsed(self.block(tree, ()), self.places)

    def at(self, token: Any) -> str:
        """Return the place of a token in the text as it was given."""
        return place(token.line, token.column + self.layout.margin)

    def block(self, tree: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
        return tuple(self.statement(statement, (*path, i)) for i, statement in enumerate(tree.children))

    def statement(self, tree: Any, path: tuple[int, ...]) -> Any:
        head, *rest = tree.children
        first = next(head.scan_values(lambda _: True))
        self.places[path] = (first.line, first.column + self.layout.margin)
        try:
            if head.data == "repeat":
                return self.repeat(head, rest, path, first)
            return self.step(head, rest, path, first)
        except RecordError as error:
            raise error if error.where.startswith("line ") else error.at(self.at(first)) from None

    def repeat(self, head: Any, rest: list[Any], path: tuple[int, ...], first: Any) -> Repeat:
        count = next((child.children[0] for child in head.children if getattr(child, "data", "") == "count"), None)
        colon = any(getattr(child, "type", "") == "COLON" for child in head.children)
        if count is None:
            raise FormatError("'repeat' does not say how often", where=self.at(first), fix="write for example 'repeat 28 times:'")
        if not re.fullmatch(r"\d+", count) or not 1 <= int(count[:9]) <= MOST_REPEATS or len(count) > 9:
            why = f"allowed a whole number from 1 to {MOST_REPEATS}"
            raise FormatError(f"'{count[:20]}' is not a number of times", where=self.at(count), why=why)
        if not colon:
            raise FormatError("':' is missing after 'repeat'", where=self.at(first), fix=f"write 'repeat {count} times:'")
        return Repeat(count=int(count), steps=self.block(rest[0], path))

    def step(self, head: Any, rest: list[Any], path: tuple[int, ...], first: Any) -> Any:
        name, *found = head.children
        colon = next((child for child in found if getattr(child, "type", "") == "COLON"), None)
        found = [child for child in found if child is not colon]
        verb, *extra = name.children
        key = ALIASES.get(verb.casefold(), verb.casefold())
        of = next((clause for clause in found if clause.data == "of"), None)
        if key == "day":
            if extra:
                raise FormatError(
                    f"'{extra[0]}' does not belong to 'day'", where=self.at(extra[0]), fix="write 'day of case' or 'day:'"
                )
            if of is not None:
                self.of_case(of, found)
                key = "day of case"
            elif colon is None:
                raise FormatError(
                    "'day' says nothing of what happens", where=self.at(first), fix="write 'day of case', or 'day:' and its steps"
                )
            elif not found:
                return Day(steps=self.block(rest[0], path))
        if key not in WORDS or key in ("slurry", "repeat"):
            valid = [word for word in (*WORDS, *ALIASES) if word != "slurry"]
            raise FormatError(f"'{verb}' is not a step", where=self.at(verb), fix=nearest(verb, valid, limit=20))
        if key == "brush" and any(clause.data == "slurry" for clause in found):
            key = "slurry"
        words = WORDS[key]
        clauses = self.clauses(verb, words, extra, found)
        if colon is not None:
            raise FormatError(f"'{verb}' takes no ':'", where=self.at(colon), why="only 'repeat' and 'day' hold a block of steps")
        self.belong(verb, words, clauses)
        return self.made(verb, words, clauses)

    def of_case(self, of: Any, found: list[Any]) -> None:
        word = of.children[1].children[0]
        if word.casefold() != "case" or len(of.children[1].children) > 1:
            raise FormatError(
                f"'day of {' '.join(of.children[1].children)}' is not known", where=self.at(word), fix="did you mean 'day of case'?"
            )
        found.remove(of)

    def clauses(self, verb: Any, words: StepWords, extra: list[Any], found: list[Any]) -> Clauses:
        """Read every clause of a line, in order."""
        said = Clauses()
        if extra and "what" in words.takes:
            said.put("what", " ".join(extra).casefold(), extra[0], self.at(extra[0]))
        elif extra:
            fix = nearest(extra[0], (*KEYWORDS, *(kind[1] for kind in CLAUSES.values())), limit=0)
            raise FormatError(f"'{extra[0]}' does not belong to '{verb}'", where=self.at(extra[0]), fix=fix)
        percent: tuple[Words, str] | None = None
        for clause in found:
            first = next(clause.scan_values(lambda _: True))
            where, quantities = self.at(first), list(_quantities(clause))
            try:
                self.no_commas(clause, quantities)
                if clause.data == "sugar":
                    quantity = quantities[0] if quantities else percent and percent[0]
                    if quantity is None:
                        raise QuantityError("'sugar' says no amount", fix="write for example 'sugar 10 %'")
                    said.put("sugar", sugar_of(quantity), first, where)
                    percent = None if not quantities else percent
                    continue
                _no_sugar(percent)
                if clause.data == "bare" and quantities[-1].text.endswith("%") and len(quantities[-1].words) == 1:
                    percent = (quantities[-1], self.at(quantities[-1].number))
                    quantities.pop()
                self.clause(verb, words, clause, quantities, first, said)
            except AmeloError as error:
                raise error if error.where else error.at(where) from None
        _no_sugar(percent)
        return said

    def no_commas(self, clause: Any, quantities: list[Words]) -> None:
        numbers = [token for token in clause.children if getattr(token, "type", "") == "DECIMAL_COMMA"]
        for token in (*numbers, *(q.number for q in quantities if q.number.type == "DECIMAL_COMMA")):
            raise QuantityError(f"'{token}' has a decimal comma", where=self.at(token), fix=f"write '{token.replace(',', '.')}'")

    def clause(self, verb: Any, words: StepWords, clause: Any, quantities: list[Words], first: Any, said: Clauses) -> None:
        where, kind = self.at(first), clause.data
        numbers = [token for token in clause.children if getattr(token, "type", "") == "NUMBER"]
        if kind == "contents" and (issubclass(words.model, Bath) or (words.model is WORDS["slurry"].model and first.type == "IN")):
            self.ingredients(clause, said, first)
        elif kind == "contents" and first.type == "IN":
            said.put("contents", (), first, where)
        elif kind == "contents":
            for item in clause.find_data("item"):
                self.product(verb, words, item, said)
        elif kind == "bare":
            self.times_or_products(verb, words, quantities, said)
        elif kind == "duration":
            said.put(kind, read_time(tuple((q.digits, " ".join(q.words)) for q in quantities)), first, where)
        elif kind in ("ph", "inhibitor"):
            said.put(kind, read_number(numbers[0]), first, where)
        elif kind == "film":
            said.put(kind, read_number(quantities[0].digits, factor(quantities[0].needed("film 100 µm"), "length")), first, where)
            measured(quantities[0], "length")
        elif kind == "temperature":
            said.put(kind, temperature_of(quantities[0]), first, where)
        elif kind == "balanced":
            said.put(kind, self.inert(clause.children[-1]), first, where)
        elif kind == "slurry":
            said.put(kind, ratio_of(clause.children[1]), first, where)
        elif kind in ("stirred", "paste"):
            said.put(kind, True, first, where)
        else:
            word = next(clause.scan_values(lambda t: t.type == "WORD"))
            fix = nearest(word, (*KEYWORDS, *WORDS), limit=0)
            raise FormatError(f"'{word}' does not belong to '{verb}'", where=self.at(word), fix=fix or "leave it out")

    def inert(self, name: Any) -> str:
        text = " ".join(name.children)
        try:
            found = spelling(text)
        except RecordError:
            found = ""
        if found not in INERT:
            why = "the ion must react with nothing, so that closing the charge changes nothing else"
            raise RecordError(
                f"charge cannot be balanced with '{text}'", where=self.at(name.children[0]), why=why, fix=nearest(text, INERT)
            )
        return found

    def ingredients(self, clause: Any, said: Clauses, first: Any) -> None:
        """Add what an ``in`` or ``with`` of a bath names to what was named before."""
        held = list(said.values.get("contents", ()))
        for item in clause.find_data("item"):
            names = [token for child in item.children if child.data == "name" for token in child.children]
            quantity = next(iter(_quantities(item)), None)
            token = names[0] if names else quantity.number
            try:
                found = self.ingredient(names, quantity)
            except AmeloError as error:
                raise error if error.where else error.at(self.at(token)) from None
            if found is not None and any(other.substance == found.substance for other in held):
                raise RecordError(f"{found.substance} is named twice", where=self.at(token), fix="name it once")
            held += [found] if found is not None else []
        said.values["contents"] = tuple(held)
        said.tokens.setdefault("contents", first)

    def ingredient(self, names: list[Any], quantity: Words | None) -> Ingredient | None:
        text = " ".join(names)
        if quantity is None:
            if text.casefold() in map(str.casefold, WATER):
                return None
            raise QuantityError(f"'{text}' says no amount", fix=f"write for example '{spelling(text)} 2 mM'")
        if names and quantity.rest:
            fix = f"write '{text} {quantity.digits} {quantity.unit}, {quantity.rest} …'"
            raise FormatError(f"a comma is missing before '{quantity.rest}'", where=self.at(quantity.words[1]), fix=fix)
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

    def product(self, verb: Any, words: StepWords, item: Any, said: Clauses) -> None:
        """Read an item after ``with`` of a step that takes a product: a quantity, with the name on either side of it."""
        names = [token for child in item.children if child.data == "name" for token in child.children]
        quantity = next(iter(_quantities(item)), None)
        if quantity is None:
            text = " ".join(names)
            if text.casefold() in WATER and "fluoride" in words.takes:
                return
            fix = nearest(names[0], KEYWORDS, limit=0) or f"write for example 'with {CLAUSES['fluoride'][1]}'"
            raise FormatError(f"'{text}' says no amount", where=self.at(names[0]), fix=fix)
        if names:
            quantity = quantity.named(names)
        self.bare(verb, words, quantity, said)

    def times_or_products(self, verb: Any, words: StepWords, quantities: list[Words], said: Clauses) -> None:
        """Read quantities that stand without a word before them: a time such as ``8 h 30 min``, or what is taken."""
        units = [quantity.unit for quantity in quantities]
        if quantities and all(_is_time(unit) for unit in units):
            text, where = " ".join(q.text for q in quantities), self.at(quantities[0].number)
            if not words.bare_time:
                raise FormatError(f"'{text}' stands without 'for'", where=where, fix=f"write 'for {text}'")
            time = read_time(tuple((q.digits, " ".join(q.words)) for q in quantities))
            said.put("duration", time, quantities[0].number, where)
            return
        for quantity in quantities:
            self.bare(verb, words, quantity, said)

    def bare(self, verb: Any, words: StepWords, quantity: Words, said: Clauses) -> None:
        """Read one quantity that stands for itself: its dimension tells what it is of."""
        where, token = self.at(quantity.number), quantity.number
        try:
            found = measured(Words(token, quantity.words[:1]) if quantity.unit in CONTAINERS else quantity)
        except QuantityError as error:
            raise error.at(where) from None
        if found.dimension == "time":
            raise FormatError(f"'{quantity.text}' stands without 'for'", where=where, fix=f"write 'for {quantity.text}'")
        if found.dimension in ("volume", "mass"):
            scale = factor(quantity.unit, found.dimension)
            said.put(found.dimension, read_number(quantity.digits, scale), token, where)
            if quantity.rest:
                said.put("what", quantity.rest.casefold(), quantity.words[1], self.at(quantity.words[1]))
        elif found.dimension in ("mass fraction", "mass concentration"):
            said.put("fluoride", fluoride_of(quantity, found), token, where)
        else:
            fix = (
                f"a {verb} takes for example '{CLAUSES['fluoride'][1]}'"
                if "fluoride" in words.needs + words.takes
                else "leave it out"
            )
            raise QuantityError(f"'{quantity.text}' is a {found.dimension} that '{verb}' does not take", where=where, fix=fix)

    def belong(self, verb: Any, words: StepWords, said: Clauses) -> None:
        """Refuse clauses that the step does not take, and say which ones it lacks."""
        for kind in said.values:
            if kind not in (*words.needs, *words.takes):
                fix = f"'{verb}' takes " + (", ".join(f"'{CLAUSES[k][1]}'" for k in (*words.needs, *words.takes)) or "nothing")
                raise FormatError(
                    f"'{verb}' takes no {CLAUSES[kind][0].removeprefix('a ').removeprefix('an ')}",
                    where=self.at(said.tokens[kind]),
                    fix=fix,
                )
        for kind in words.needs:
            if kind not in said.values:
                where = place(
                    verb.line, len(self.layout.text.split("\n")[verb.line - 1].split("#")[0].rstrip()) + 1 + self.layout.margin
                )
                raise FormatError(f"'{verb}' lacks {CLAUSES[kind][0]}", where=where, fix=f"add for example '{CLAUSES[kind][1]}'")
        if "film" in said.values and "stirred" in said.values:
            raise FormatError(
                "a bath is 'stirred' or has a 'film'", where=self.at(said.tokens["stirred"]), fix="leave one of them out"
            )
        if words.model is WORDS["brush"].model and "fluoride" in said.values and "paste" not in said.values:
            fix = "add 'paste' for teeth in the mouth, or 'slurry 1:3' for a specimen"
            raise FormatError(
                f"'{verb}' with fluoride may be in the mouth or in the laboratory", where=self.at(said.tokens["fluoride"]), fix=fix
            )

    def made(self, verb: Any, words: StepWords, said: Clauses) -> BaseModel:
        """Return the step, its ranges checked, each fault at the clause it is in."""
        values = {kind: value for kind, value in said.values.items() if kind not in ("stirred", "paste")}
        for own, clause in FIELDS.items():
            if clause in values:
                values[own] = values.pop(clause)
        if words.model is WORDS["rinse"].model and "duration" not in values:
            from amelo.params import load_set

            values["duration"] = load_set("habits").value("rinse.duration")
        if "what" in values:
            token = said.tokens["what"]
            if values["what"] not in drinks():
                fix = nearest(values["what"], drinks(), limit=20)
                raise RecordError(f"'{values['what']}' is not a drink amelo knows", where=self.at(token), fix=fix)
            if not values.keys() & {"sugar", "ph"}:
                values["sugar"], values["ph"] = drinks()[values["what"]]
        try:
            return words.model(**values)
        except ValidationError as error:
            raise self.fault(error, verb, words, said) from None

    def fault(self, error: ValidationError, verb: Any, words: StepWords, said: Clauses) -> AmeloError:
        detail = error.errors(include_url=False)[0]
        name = str(detail["loc"][0]) if detail["loc"] else ""
        token = said.tokens.get(FIELDS.get(name, name), verb)
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, AmeloError):
            return type(cause)(cause.what, where=self.at(token), why=cause.why, fix=cause.fix)
        line = self.layout.text.split("\n")[token.line - 1]
        end = rf"\s+(?:{'|'.join(KEYWORDS)})(?!\w)|,|$"
        written = re.match(rf"(?:\w+\s*)?.*?(?={end})", line[token.column - 1 :], re.IGNORECASE)[0].strip()
        return RecordError(f"'{written[:40]}' is out of range", where=self.at(token), why=f"allowed {allowed(words.model, name)}")


def _is_time(unit: str) -> bool:
    try:
        return bool(unit) and bool(factor(unit, "time"))
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
