"""From text to steps: every line is read into clauses by the grammar, and the clauses into one typed step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ValidationError

from amelo.errors import AmeloError, FormatError, RecordError, nearest
from amelo.protocol.clauses import Clauses, said_in
from amelo.protocol.explain import FIRST, KEYWORDS, explained
from amelo.protocol.layout import Layout, laid_out, place
from amelo.protocol.steps import MOST_REPEATS, Day, Repeat, Slurry, drinks
from amelo.protocol.tooth_clauses import ToothLine
from amelo.protocol.tooth_steps import ToothStep
from amelo.protocol.words import ALIASES, CLAUSES, PHRASES, WORDS, StepWords, allowed

__all__ = ["Parsed", "parse_text"]

WRITTEN = rf"\D*(?:[\d.:eE+-]+\s*(?:(?!(?:{'|'.join(KEYWORDS)})(?!\w))[^\W\d][\w%/]*\s*|%\s*)*)+"  # a clause up to the next keyword
FIELDS = {"temperature": "temperature", "balanced_with": "balanced", "ratio": "slurry"}  # field: its clause, where they differ


@dataclass(frozen=True)
class Parsed:
    """Steps, and where each stands: its path of positions in the nesting, with line and column."""

    steps: tuple[Any, ...]
    places: Mapping[tuple[int, ...], tuple[int, int]]


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
            raise error if error.where.startswith("line ") else error.at(self.layout.at(first)) from None
        except ValidationError as error:  # of a block as a whole
            cause = error.errors(include_url=False)[0].get("ctx", {}).get("error")
            found = (
                cause if isinstance(cause, RecordError) else RecordError("the block has too many steps", why="allowed up to 10000")
            )
            raise found.at(self.layout.at(first)) from None

    def repeat(self, head: Any, rest: list[Any], path: tuple[int, ...], first: Any) -> Repeat:
        count = next((child.children[0] for child in head.children if getattr(child, "data", "") == "count"), None)
        colon = any(getattr(child, "type", "") == "COLON" for child in head.children)
        if count is None:
            raise FormatError(
                "'repeat' does not say how often", where=self.layout.at(first), fix="write for example 'repeat 28 times:'"
            )
        if not re.fullmatch(r"\d+", count) or not 1 <= int(count[:9]) <= MOST_REPEATS or len(count) > 9:
            why = f"allowed a whole number from 1 to {MOST_REPEATS}"
            raise FormatError(f"'{count[:20]}' is not a number of times", where=self.layout.at(count), why=why)
        if not colon:
            raise FormatError("':' is missing after 'repeat'", where=self.layout.at(first), fix=f"write 'repeat {count} times:'")
        return Repeat(count=int(count), steps=self.block(rest[0], path))

    def step(self, head: Any, rest: list[Any], path: tuple[int, ...], first: Any) -> Any:
        name, *found = head.children
        colon = next((child for child in found if getattr(child, "type", "") == "COLON"), None)
        found = [child for child in found if child is not colon]
        if name.data in ("pulled", "rotated"):  # a field alone has no other verb
            verb, extra, found, key = name.children[0], [], [name, *found], "field"
        else:
            verb, extra, key = self.verb(name.children)
        of = next((clause for clause in found if clause.data == "of"), None)
        if key == "day":
            if extra:
                raise FormatError(
                    f"'{extra[0]}' does not belong to 'day'", where=self.layout.at(extra[0]), fix="write 'day of case' or 'day:'"
                )
            if of is not None:
                self.of_case(of, found)
                key = "day of case"
            elif colon is None:
                raise FormatError(
                    "'day' says nothing of what happens",
                    where=self.layout.at(first),
                    fix="write 'day of case', or 'day:' and its steps",
                )
            elif not found:
                return Day(steps=self.block(rest[0], path))
        if key not in WORDS or key in ("slurry", "repeat") or (key == "field" and verb.casefold() == "field"):
            valid = [word for word in WORDS if word not in ("slurry", "field", "brush daily")] + ["pull", "rotate"]
            close = nearest(verb, valid, limit=0) or nearest(" ".join([verb, *extra]), valid, limit=0)
            fix = close or "begin with a step such as " + ", ".join(FIRST)
            raise FormatError(f"'{verb}' is not a step", where=self.layout.at(verb), fix=fix)
        if key == "brush" and any(clause.data in ("slurry", "often") for clause in found):
            key = "slurry" if any(clause.data == "slurry" for clause in found) else "brush daily"
        words, verb = WORDS[key], verb if key != "day of case" else verb.update(value="day of case")
        if issubclass(words.model, ToothStep):
            clauses = ToothLine(self.layout, verb, words).read(extra, found)
        else:
            clauses = said_in(self.layout, verb, words, extra, found)
        if colon is not None:
            raise FormatError(
                f"'{verb}' takes no ':'", where=self.layout.at(colon), why="only 'repeat' and 'day' hold a block of steps"
            )
        self.belong(verb, words, clauses)
        return self.made(verb, words, clauses)

    def verb(self, names: list[Any]) -> tuple[Any, list[Any], str]:
        """Return the verb of a line, the words after it, and the step that it names; a verb may be of several words."""
        said = " ".join(name.casefold() for name in names)
        for phrase, key in PHRASES.items():
            if f"{said} ".startswith(f"{phrase} "):
                return names[0].update(value=phrase), names[len(phrase.split()) :], key
        verb, *extra = names
        begun = [phrase for phrase in WORDS if phrase in PHRASES and phrase.split()[0] == verb.casefold()]
        if begun:
            raise FormatError(f"'{' '.join(names)}' is not a step", where=self.layout.at(verb), fix=f"did you mean '{begun[0]}'?")
        return verb, extra, ALIASES.get(verb.casefold(), verb.casefold())

    def of_case(self, of: Any, found: list[Any]) -> None:
        word = of.children[1].children[0]
        if word.casefold() != "case" or len(of.children[1].children) > 1:
            raise FormatError(
                f"'day of {' '.join(of.children[1].children)}' is not known",
                where=self.layout.at(word),
                fix="did you mean 'day of case'?",
            )
        found.remove(of)

    def belong(self, verb: Any, words: StepWords, said: Clauses) -> None:
        """Refuse clauses that the step does not take, and say which ones it lacks."""
        if words.model is Slurry and "paste" in said.values:
            why = "a paste is used in the mouth, a slurry in the laboratory"
            raise FormatError(
                "'paste' and 'slurry' are both said",
                where=self.layout.at(said.tokens["paste"]),
                why=why,
                fix="leave one of them out",
            )
        for kind in said.values:
            if kind not in (*words.needs, *words.takes):
                fix = f"'{verb}' takes " + (", ".join(f"'{words.example(k)}'" for k in (*words.needs, *words.takes)) or "nothing")
                raise FormatError(
                    f"'{verb}' takes no {CLAUSES[kind][0].removeprefix('a ').removeprefix('an ')}",
                    where=self.layout.at(said.tokens[kind]),
                    fix=fix,
                )
        for kind in words.needs:
            if kind not in said.values:
                where = place(verb.line, len(self.layout.line(verb)) + 1 + self.layout.margin)
                raise FormatError(f"'{verb}' lacks {CLAUSES[kind][0]}", where=where, fix=f"add for example '{words.example(kind)}'")
        if "film" in said.values and "stirred" in said.values:
            raise FormatError(
                "a bath is 'stirred' or has a 'film'", where=self.layout.at(said.tokens["stirred"]), fix="leave one of them out"
            )
        if words.model is WORDS["brush"].model and "fluoride" in said.values and "paste" not in said.values:
            fix = "add 'paste' for teeth in the mouth, or 'slurry 1:3' for a specimen"
            raise FormatError(
                f"'{verb}' with fluoride may be in the mouth or in the laboratory",
                where=self.layout.at(said.tokens["fluoride"]),
                fix=fix,
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
                raise RecordError(f"'{values['what']}' is not a drink amelo knows", where=self.layout.at(token), fix=fix)
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
            return type(cause)(cause.what, where=self.layout.at(token), why=cause.why, fix=cause.fix)
        near = self.layout.line(token)[token.column - 1 :]
        written = re.match(WRITTEN, near, re.IGNORECASE)[0].strip(" ,\t")
        return RecordError(
            f"'{written[:40]}' is out of range", where=self.layout.at(token), why=f"allowed {allowed(words.model, name)}"
        )
