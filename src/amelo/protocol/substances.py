"""What a laboratory bath is made of: the words for the components of the reaction table, and its salts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from amelo.errors import QuantityError, RecordError, nearest
from amelo.params import load_set
from amelo.twin.chemistry.table import reaction_table
from amelo.units import quantity

__all__ = ["INERT", "WATER", "amount_of", "components_of", "is_salt", "spelling", "substances"]

WORDS = {  # component of the reaction table: the word it is printed with, then others that are read
    "Ca": ("Ca", "calcium"),
    "Mg": ("Mg", "magnesium"),
    "Na": ("Na", "sodium"),
    "K": ("K", "potassium"),
    "Amm": ("ammonium", "NH4", "ammonia", "Amm"),
    "P": ("PO4", "phosphate", "orthophosphate", "P"),
    "F": ("F", "fluoride"),
    "C(4)": ("carbonate", "bicarbonate", "HCO3", "CO3", "C(4)"),
    "Lac": ("lactate", "lactic acid", "HLac", "Lac"),
    "Ace": ("acetate", "acetic acid", "HAce", "Ace"),
    "Pro": ("propionate", "propionic acid", "HPro", "Pro"),
    "Cl": ("Cl", "chloride"),
    "Tr": ("nitrate", "NO3", "Tr"),
}
INERT = {"K": "K", "Na": "Na", "Cl": "Cl", "nitrate": "Tr"}  # ions that may close the charge: word, component
WATER = ("water", "deionised water", "deionized water", "distilled water", "H2O")
WATER_DENSITY = 1000.0  # kg/m3, by the convention that 1 mM is 1 mmol per kg of water
ELEMENTS = ("Ca", "Mg", "Na", "K", "P", "F", "Cl")  # ppm of one of these has one meaning only


@cache
def substances() -> tuple[str, ...]:
    """Return the printed names of everything that a bath may hold: components first, then salts."""
    return (*(words[0] for words in WORDS.values()), *reaction_table().salts)


@cache
def _spellings() -> Mapping[str, str]:
    """Return every accepted spelling, case folded, with the printed name."""
    found = {word.casefold(): words[0] for words in WORDS.values() for word in words}
    named = load_set("substances").structure["substance"]
    for salt in reaction_table().salts:
        others = named.get(salt, {}).get("names", ())
        found |= {word.casefold(): salt for word in (salt, *others)}
    found |= {f"sodium {acid}": salt for acid, salt in (("lactate", "NaLac"), ("acetate", "NaAce"), ("propionate", "NaPro"))}
    return found


def spelling(name: str) -> str:
    """Return the printed name of a substance.

    Raises: RecordError naming the nearest substance.
    """
    try:
        return _spellings()[" ".join(name.split()).casefold()]
    except KeyError:
        valid = [*substances(), *(word for words in WORDS.values() for word in words), *_spellings()]
        fix = nearest(name, valid, limit=0) or "use one of " + ", ".join(substances())
        raise RecordError(f"'{name[:40]}' is not a substance of a bath", fix=fix) from None


def is_salt(name: str) -> bool:
    """Return whether a printed name is a salt, which brings as much positive as negative charge."""
    return name in reaction_table().salts


def components_of(name: str) -> Mapping[str, int]:
    """Return the components of the reaction table in one formula unit of a printed name."""
    salts = reaction_table().salts
    return salts[name] if name in salts else {next(key for key, words in WORDS.items() if words[0] == name): 1}


def amount_of(digits: str, unit: str, name: str, written: str) -> float:
    """Return how much of a substance one number and unit say [mol/m3].

    Arguments: digits; unit; name (printed name); written (as it stands in the text).
    Raises: QuantityError for a unit that says something else, or that may mean two things.
    Assumptions: a bath weighs 1000 kg/m3 where a unit is by mass.
    """
    from amelo.protocol.values import factor, read_number

    if not unit:
        raise QuantityError(f"'{written} {digits}' has no unit", fix=f"write '{written} {digits} mM'")
    by_mass = unit.casefold().startswith(("ppm", "ppb", "mg/", "g/", "µg/", "wt%", "%", "w/v"))
    if not by_mass:
        try:
            scale = factor(unit, "concentration")
        except QuantityError:
            scale = None
        if scale is None or not 0 <= float(digits) < math.inf:
            quantity(f"{digits} {unit}", dimension="concentration")  # raises, in words about what was written
        return read_number(digits, scale)
    symbol = next((key for key, words in WORDS.items() if words[0] == name), "")
    if unit == "%":
        raise QuantityError(f"'{written} {digits} %' may be by mass or by volume", fix="give it in mM")
    loose = symbol not in ELEMENTS or (symbol == "P" and written.casefold() != "p")  # of P, or of PO4?
    if unit.casefold().startswith(("ppm", "ppb")) and loose:
        fix = f"write it in mM, or by element, such as 'F {digits} {unit}'"
        raise QuantityError(
            f"'{written} {digits} {unit}': {unit} of what?", why="it may be of the salt or ion, or of an element in it", fix=fix
        )
    substance = symbol if symbol in ELEMENTS else name
    return quantity(f"{digits} {unit} {substance}").molarity(substance, density=WATER_DENSITY)
