"""The clauses of a line that acts on the whole tooth: materials, acids, how far to excavate, how often a day."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args

from amelo.errors import AmeloError, FormatError, QuantityError, RecordError, nearest
from amelo.protocol.clauses import Clauses, Line, is_unit
from amelo.protocol.measures import Words, measured
from amelo.protocol.values import FLOWS, PERCENT, factor, read_flow, read_number
from amelo.protocol.words import StepWords

__all__ = ["ToothLine", "choices"]

NAMED = ("material", "acid", "peptide")  # clauses that are a name out of a few
FILLERS = {"criterion": ("to", "dentine", "dentin"), "": ("the", "tooth")}  # words that may stand and say nothing more
OVER = ("", "over the pulp", "above the pulp", "dentine over the pulp")
BEGINNINGS = (("", "with"), ("leave", "leave"), ("water", "water"), ("temporary", "temporarily"), ("times", "once"), ("times", "twice"), ("times", "daily"), ("paste", "paste"))  # fmt: skip
TIMES = {"once": "1", "twice": "2", "thrice": "3", "": "1"}
ALSO = {  # other spellings: the one that is printed
    "resin composite": "composite", "composite resin": "composite", "glass-ionomer": "glass ionomer", "glass ionomer cement": "glass ionomer",
    "gic": "glass ionomer", "resin modified glass ionomer": "resin-modified glass ionomer", "rmgic": "resin-modified glass ionomer",
    "mta": "calcium silicate", "calcium silicate cement": "calcium silicate", "metal ceramic": "metal-ceramic", "steel": "stainless steel",
    "orthophosphoric acid": "phosphoric acid", "h3po4": "phosphoric acid", "hcl": "hydrochloric acid", "p11": "P11-4",
}  # fmt: skip
BLEACH = ("naocl", "sodium hypochlorite", "hypochlorite")


def choices(step: StepWords, clause: str) -> tuple[str, ...]:
    """Return the words that a clause of a step may be."""
    return get_args(step.model.model_fields[clause].annotation)


class ToothLine(Line):
    """Reads one line of a step of the whole tooth."""

    def read(self, extra: list[Any], found: list[Any]) -> Clauses:
        """Read the words after the verb, then every clause in order."""
        waiting = self.words(extra)
        for clause in found:
            first = next(clause.scan_values(lambda _: True))
            try:
                self.no_commas(clause, quantities := self.quantities(clause))
                if clause.data == "bare" and waiting and quantities:  # 'water 30 mL/min', 'phosphoric acid 37 %'
                    quantities[0], waiting = quantities[0].named(waiting), []
                self.clause(clause, quantities, first)
            except AmeloError as error:
                raise error if error.where else error.at(self.layout.at(first)) from None
        if waiting:
            self.name(waiting)
        return self.said

    def words(self, extra: list[Any]) -> list[Any]:
        """Read what stands between the verb and the first clause; return what may belong to the quantity after it."""
        left = list(extra)
        if "temporary" in self.takes and left and left[0].casefold() == "temporarily":
            self.said.put("temporary", True, left[0], self.layout.at(left.pop(0)))
        for clause in ("extent", "criterion"):
            skipped = FILLERS.get(clause, ())
            while clause in self.takes and left and clause not in self.said.values:
                word = left.pop(0)
                if word.casefold() not in skipped:
                    self.said.put(clause, self.chosen(clause, word, word), word, self.layout.at(word))
            while clause in self.takes and left and left[0].casefold() in skipped:
                left.pop(0)
        if "strength" in self.takes or ("water" in self.takes and [word.casefold() for word in left] == ["water"]):
            return left
        if left and not self.kinds:
            left = [word for word in left if word.casefold() not in FILLERS[""]]
        if left:
            self.name(left)
        return []

    @property
    def takes(self) -> tuple[str, ...]:
        """Every clause that the step must or may have."""
        return (*self.step.needs, *self.step.takes)

    @property
    def kinds(self) -> list[str]:
        """The clause of the step that is a name out of a few, if any."""
        return [kind for kind in NAMED if kind in self.takes]

    def name(self, tokens: list[Any]) -> None:
        """Read words that are a material, an acid or a peptide.

        Raises: FormatError or RecordError with their place.
        """
        text, where = " ".join(tokens), self.layout.at(tokens[0])
        if "water" in self.takes and text.casefold() == "water":
            raise QuantityError("'water' says no amount", where=where, fix="write for example 'with 30 mL/min water'")
        if "fluoride" in self.takes:
            raise FormatError(f"'{text}' says no amount", where=where, fix=self.near(tokens[0]) or "write '1450 ppm F'")
        if not self.kinds or (self.near(tokens[0]) and not nearest(text, choices(self.step, self.kinds[0]), limit=0)):
            fix = self.near(tokens[0]) or "leave it out"
            raise FormatError(f"'{tokens[0]}' does not belong to '{self.verb}'", where=where, fix=fix)
        self.said.put(self.kinds[0], self.chosen(self.kinds[0], text, tokens[0]), tokens[0], where)

    def near(self, word: str) -> str:
        """Return advice on a word that is near to what begins a clause of this step; short words are near to too many."""
        words = [word for clause, word in BEGINNINGS if clause in ("", *self.takes)]
        close = get_close_matches(word.casefold(), words, n=1, cutoff=0.65) if len(word) > 3 else []
        return f"did you mean '{close[0]}'?" if close else ""

    def chosen(self, clause: str, text: str, token: Any) -> str:
        """Return one of the words that a clause may be, however it is spelt."""
        valid = choices(self.step, clause)
        plain = " ".join(text.casefold().split())
        word = next((word for word in valid if word.casefold() == ALSO.get(plain, plain).casefold()), None)
        if word is None:
            what = {
                "material": f"'{text}' is no material for '{self.verb}'",
                "acid": f"'{text}' is no acid to etch with",
                "peptide": f"'{text}' is no peptide amelo knows",
                "extent": f"'{text}' is no extent of a pulpotomy",
                "criterion": f"'{text}' does not say how far to excavate",
            }[clause]
            raise RecordError(what, where=self.layout.at(token), fix=nearest(text, valid))
        return word

    def clause(self, clause: Any, quantities: list[Words], first: Any) -> None:
        """Read one clause into the values of the step."""
        where, kind = self.layout.at(first), clause.data
        if kind == "leave":
            self.leave(quantities[0], first)
        elif kind in ("often", "most"):
            self.often(clause, first)
        elif kind == "contents" and first.type == "WITH":
            for item in clause.find_data("item"):
                names = [token for child in item.children if child.data == "name" for token in child.children]
                quantity = next(iter(self.quantities(item)), None)
                if quantity is None:
                    self.name(names)
                else:
                    self.amount(quantity.named(names))
        elif kind == "of" and self.kinds:
            self.name(clause.children[-1].children)
        elif kind == "bare":
            for quantity in quantities:
                self.amount(quantity)
        elif kind == "duration":
            for word in quantities[-1].words[1:]:
                fix = self.near(word) or "leave it out"
                raise FormatError(f"'{word}' does not belong to '{self.verb}'", where=self.layout.at(word), fix=fix)
            self.said.put(kind, self.time(quantities), first, where)
        else:
            super().clause(clause, quantities, first)

    def leave(self, quantity: Words, first: Any) -> None:
        """Read how much dentine is to be left over the pulp."""
        example = "leave 1.0 mm over the pulp"
        if not quantity.words or quantity.unit in ("over", "above"):
            raise QuantityError(f"'leave {quantity.digits}' has no unit", fix=f"write for example '{example}'")
        if quantity.rest.casefold() not in OVER:
            what = f"'{quantity.rest}' does not belong to 'leave {quantity.digits} {quantity.unit}'"
            raise FormatError(what, where=self.layout.at(quantity.words[1]), fix=f"write for example '{example}'")
        plain = Words(quantity.number, quantity.words[:1])
        measured(plain, "length")
        self.said.put("leave", read_number(quantity.digits, factor(quantity.unit, "length")), first, self.layout.at(first))

    def often(self, clause: Any, first: Any) -> None:
        """Read how many times a day."""
        tokens = list(clause.scan_values(lambda _: True))
        number = next((token for token in tokens if token.type == "NUMBER"), None)
        digits = str(number) if number is not None else TIMES[first.casefold() if first.type == "OFTEN" else ""]
        stray = [token for token in tokens if token.type == "WORD"]
        begun = " ".join(token for token in tokens if token.type not in ("WORD", "DAILY"))
        period = "a day" if clause.data == "most" else "daily"
        if clause.data == "often" and "most" in self.takes:
            fix = f"write '{self.step.example('most')}'"
            raise FormatError(f"'{self.verb}' says how many there may be at most", fix=fix)
        if stray:
            fix = nearest(" ".join(stray), ("daily", "a day"), limit=0) or f"write '{begun} {period}'"
            raise FormatError(f"'{' '.join(stray)}' does not follow '{begun}'", where=self.layout.at(stray[0]), fix=fix)
        if not any(token.type == "DAILY" for token in tokens) and float(digits) >= 0:
            raise FormatError(f"'{begun}' does not say in what time", fix=f"write '{begun} {period}'")
        self.said.put("most" if clause.data == "most" else "times", read_number(digits), first, self.layout.at(first))

    def amount(self, quantity: Words) -> None:
        """Read a number with its unit and what it is of: an acid, a hypochlorite, water, or fluoride."""
        of, where = quantity.rest, self.layout.at(quantity.number)
        if "water" in self.takes and (of.casefold() == "water" or quantity.unit.casefold() in ("", "water")):
            self.water(quantity)
        elif "water" in self.takes and quantity.unit in FLOWS:
            raise QuantityError(f"'{quantity.text}' of what?", where=where, fix=f"write 'with {quantity.text} water'")
        elif "strength" not in self.takes:
            self.bare(quantity)
        elif quantity.unit != "%":
            what = f"'{quantity.text}' " + (
                "is not a share by mass" if is_unit(f"{quantity.unit} {of}" if of else quantity.unit) else "has no unit"
            )
            raise QuantityError(what, where=where, fix=f"write for example '{self.step.example('strength')}'")
        else:
            self.said.put("strength", read_number(quantity.digits, PERCENT), quantity.number, where)
            bleach = self.step.model.model_fields["kind"].default == "deproteinise"
            if bleach and of.casefold() not in BLEACH:
                fix = nearest(of, ("NaOCl", "sodium hypochlorite"), limit=0) or f"write '{quantity.digits} % NaOCl'"
                what = f"'{of}' does not dissolve protein" if of else f"'{quantity.text}' of what?"
                raise RecordError(what, where=where, fix=fix)
            if of and not bleach:
                self.name(list(quantity.words[1:]))

    def water(self, quantity: Words) -> None:
        """Read how much water cools."""
        where, example = self.layout.at(quantity.number), "with 30 mL/min water"
        if quantity.unit not in FLOWS:
            why = "is not a flow" if is_unit(quantity.unit) else "has no unit"
            raise QuantityError(f"'{quantity.text}' {why}", where=where, fix=f"write for example '{example}'")
        measured(Words(quantity.number, quantity.words[:1]), "flow")
        self.said.put("water", read_flow(quantity.digits, quantity.unit), quantity.number, where)
