"""What the grammar could not read, said in a sentence."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from amelo.errors import FormatError
from amelo.protocol.layout import Layout, place
from amelo.protocol.words import CLAUSES, WORDS

__all__ = ["FIRST", "KEYWORDS", "explained", "keyword_near"]

KEYWORDS = ("repeat", "times", "in", "with", "and", "for", "pH", "film", "stirred", "at", "balanced", "inhibitor", "coverage", "sugar", "slurry", "paste", "of", "pull", "rotate", "facing", "peroxide", "ultrasound", "heated", "leave", "once", "twice", "daily")  # fmt: skip
FIRST = ("repeat", "demineralise", "remineralise", "immerse", "brush", "meal", "rest")
WANTED = {  # the word before the fault: what must follow it
    "for": "a duration, for example 'for 21 h 58 min'",
    "ph": "a number, for example 'pH 4.5'",
    "in": "what the bath holds, for example 'in acetate 75 mM, Ca 2 mM'",
    "with": "what is in it, for example 'with Ca 2 mM', 'with 1450 ppm F paste' or 'with composite'",
    "and": "another substance, for example 'PO4 2 mM'",
    ",": "another substance, for example 'PO4 2 mM'",
    "film": "a thickness, for example 'film 100 µm'",
    "at": "a temperature, for example 'at 37 degC'",
    "pull": "a gradient, for example 'pull 5 T/m'",
    "rotate": "a flux density and a frequency, for example 'rotate 5 mT at 50 Hz'",
    "peroxide": "a share by mass, for example 'peroxide 1 %'",
    "facing": "up, level or down",
    "balanced": "'with' and an ion, for example 'balanced with K'",
    "inhibitor": "'coverage' and a share, for example 'with inhibitor coverage 0.5'",
    "coverage": "a share from 0 to 1, for example 'with inhibitor coverage 0.5'",
    "slurry": "a dilution, for example 'slurry 1:3'",
    "repeat": "a number and 'times:', for example 'repeat 28 times:'",
    "leave": "how much, for example 'leave 1.0 mm over the pulp'",
    "most": "a number, for example 'at most 3 a day'",
    "of": "'case'",
}


def explained(error: Any, layout: Layout) -> FormatError:
    """Return lark's finding as an error with place, reason and advice.

    Arguments: error (an UnexpectedInput of lark); layout (the text it was found in).
    """
    position = error.pos_in_stream if error.pos_in_stream is not None else len(layout.text)
    token = getattr(error, "token", None)
    word = str(token).strip() if token is not None else layout.text[position : position + 1]
    before = layout.text[:position]
    line, column = before.count("\n") + 1, position - before.rfind("\n") + layout.margin
    start = before.rsplit("\n", 1)[-1]
    last = re.findall(r"\w+|[^\w\s]", start)
    where = place(line, column)
    if re.match(r"^[+-]?\d+,\d", word):
        return FormatError(f"'{word}' has a decimal comma", where=where, fix=f"write '{word.replace(',', '.')}'")
    at_end = not word or word.startswith("#")
    if last and (wanted := WANTED.get(last[-1].casefold())):
        found = "the line ends" if at_end else f"'{word}' stands"
        return FormatError(f"{found} where '{last[-1]}' wants something else", where=where, fix=f"write {wanted}")
    if not last:
        what, fix = f"'{word}' is not how a step begins", "begin with a step such as " + ", ".join(FIRST)
        if re.fullmatch(r"\d+", word):
            fix = f"write 'repeat {word} times:'"
        return FormatError(what, where=where, fix=fix)
    if re.search(r"\d\s*:\s*\d+\s*:\s*$", start):
        return FormatError(f"'{last[-4]}:{last[-2]}:{word}' is not a dilution", where=where, fix="write for example 'slurry 1:3'")
    if word == ",":
        return FormatError(
            "a comma does not belong here", where=where, why="commas stand between substances only", fix="leave it out"
        )
    if last[-1] == ":":
        return FormatError(
            f"'{word}' stands after ':'", where=where, fix="put the steps of the block on lines of their own, indented"
        )
    if re.match(r"^\d+(\.\d+)?\s*:", word):
        return FormatError(f"'{word}' is a dilution without 'slurry'", where=where, fix=f"write 'slurry {word}'")
    close = keyword_near(word)
    examples = ", ".join(f"'{example}'" for _, example in list(CLAUSES.values())[:3])
    return FormatError(f"'{word}' does not belong here", where=where, fix=close or f"a clause is for example {examples}")


def keyword_near(word: str) -> str:
    """Return advice on a word that stands where only a keyword can; short words, and such as 'cap' and 'line', are near to too many."""
    words = [name for name, step in WORDS.items() if step.where not in ("chair", "habit")]
    close = get_close_matches(word.casefold(), [*KEYWORDS, *words], n=1, cutoff=0.62 if len(word) > 3 else 0.75)
    return f"did you mean '{close[0]}'?" if close and close[0].casefold() != word.casefold() else ""
